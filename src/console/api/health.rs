//! The checkup, for owners, as JSON: the same findings as on the page, for programs.

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::clock::Millis;
use crate::console::answer::{Answer, json as json_answer};
use crate::console::console::ConsoleState;
use crate::console::finding_words::finding_words;
use crate::console::pages::day_time;
use crate::console::who::Who;
use crate::service::checkup::finding::{Finding, Level};
use crate::version::VERSION;

pub(super) async fn checkup(state: &ConsoleState, who: &Who) -> Answer {
    let findings = state.checkup().await;
    let worst = findings.iter().map(Finding::level).max();
    let findings = findings
        .iter()
        .map(|finding| described(state, who, finding));
    let object = json!({
        "version": VERSION,
        "level": worst.unwrap_or(Level::Good).name(),
        "findings": findings.collect::<Vec<_>>(),
    });
    json_answer(StatusCode::OK, &object)
}

fn described(state: &ConsoleState, who: &Who, finding: &Finding) -> Value {
    let script = state.script();
    let time = |at: Millis| day_time(at, &script, Millis::now());
    let words = finding_words(who.language, finding, &time);
    json!({
        "check": finding.check(),
        "level": finding.level().name(),
        "title": words.title,
        "message": words.message,
        "details": words.details,
    })
}
