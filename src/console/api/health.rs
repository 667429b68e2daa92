//! The checkup, for owners, as JSON: the same findings as on the page, for programs.

use hyper::StatusCode;

use crate::clock::Millis;
use crate::console::answer::{Answer, json as json_answer};
use crate::console::console::ConsoleState;
use crate::console::finding_words::findings_json;
use crate::console::pages::day_time;
use crate::console::who::Who;

pub(super) async fn checkup(state: &ConsoleState, who: &Who) -> Answer {
    let findings = state.checkup().await;
    let script = state.script();
    let time = |at: Millis| day_time(at, &script, Millis::now());
    json_answer(
        StatusCode::OK,
        &findings_json(who.language, &findings, &time),
    )
}
