//! How pages name a customer and a time.

use maud::{Markup, html};

use crate::clock::Millis;
use crate::flow::Script;
use crate::ids::ChatId;

/// "+5511900000001", or the hidden id, which is no number.
pub(in crate::console) fn number(chat: &ChatId) -> String {
    match chat.as_str().split_once('@') {
        Some((number, "c.us")) => format!("+{number}"),
        _ => chat.to_string(),
    }
}

/// The name of a customer, or their number if they have none. A name may be written from right to left, and it may be
/// anything: it stays within its own element.
pub(super) fn called(name: &str, chat: &ChatId) -> Markup {
    html! {
        @match name.trim() {
            "" => bdi { (number(chat)) },
            name => bdi { (name) },
        }
    }
}

/// "14:03" in the zone of the flow.
pub(in crate::console) fn clock_time(at: Millis, script: &Script) -> String {
    let local = script.local(at);
    format!("{:02}:{:02}", local.hour(), local.minute())
}

/// "27/11 14:03" or "27/11/2026 14:03".
pub(in crate::console) fn day_time(at: Millis, script: &Script, now: Millis) -> String {
    let (local, today) = (script.local(at), script.local(now));
    match (local.date() == today.date(), local.year() == today.year()) {
        (true, _) => clock_time(at, script),
        (false, true) => local.strftime("%d/%m %H:%M").to_string(),
        (false, false) => local.strftime("%d/%m/%Y %H:%M").to_string(),
    }
}

/// How long it is since this moment. The script in the browser writes that, and keeps it true; without it the time is read.
pub(super) fn since(at: Millis, script: &Script) -> Markup {
    html! { time data-since=(at) { (clock_time(at, script)) } }
}
