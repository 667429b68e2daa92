//! Replies that were given up: who should have got them, what they say, why they were not sent, and what to do with them.

use maud::{Markup, html};

use super::customer::{day_time, number};
use crate::clock::Millis;
use crate::console::request::{encoded, query_string};
use crate::console::texts::{DeadTexts, fill};
use crate::flow::{Locale, Script};
use crate::ids::SessionName;
use crate::service::dead::cause::Cause;
use crate::service::dead::dead_replies::{DeadPage, cause};
use crate::store::DeadLetter;

/// The page. `is_first`: it is the first one. `script_of`: the flow of a session, for the time there.
pub(in crate::console) fn dead_page<S: AsRef<Script>>(
    (prefix, language, now): (&str, Locale, Millis),
    page: &DeadPage,
    is_first: bool,
    script_of: impl Fn(&SessionName) -> S,
) -> Markup {
    let texts = DeadTexts::of(language);
    let all = page.all.to_string();
    let mut sessions: Vec<&SessionName> = page.replies.iter().map(|(session, _)| session).collect();
    sessions.dedup();
    let shows_session = sessions.len() > 1;
    html! {
        div.bar {
            h1 { (texts.title) }
            @if page.all > 1 {
                form data-act="dead/retry" data-confirm=(fill(texts.retry_all_confirm, &[&all])) {
                    input type="hidden" name="all" value="true";
                    input type="hidden" name="until" value=(now);
                    button.plain { (texts.retry_all) }
                }
                form data-act="dead/drop" data-confirm=(fill(texts.drop_all_confirm, &[&all])) {
                    input type="hidden" name="all" value="true";
                    input type="hidden" name="until" value=(now);
                    button.danger { (texts.drop_all) }
                }
            }
        }
        @if page.all == 0 {
            p.empty { (texts.none) }
        } @else {
            p.quiet { (texts.about) " " (fill(texts.count, &[&all])) }
            ol.entries.sheet {
                @for (session, letter) in &page.replies {
                    (entry((prefix, language, now), (session, letter), script_of(session).as_ref(), shows_session))
                }
            }
            p.do {
                @if !is_first { a.button.plain href={ (prefix) "/dead" } { (texts.first) } }
                @if let Some(next) = &page.next {
                    a.button.plain href={ (prefix) "/dead" (query_string([("from", next.to_string().as_str())])) } { (texts.next) }
                }
            }
        }
    }
}

fn entry(
    (prefix, language, now): (&str, Locale, Millis),
    (session, letter): (&SessionName, &DeadLetter),
    script: &Script,
    shows_session: bool,
) -> Markup {
    let texts = DeadTexts::of(language);
    let link = format!("{prefix}/chat/{session}/{}", encoded(letter.chat.as_str()));
    let about = cause(letter);
    let ids = html! {
        input type="hidden" name="session" value=(session);
        input type="hidden" name="id" value=(letter.id);
    };
    html! {
        li {
            p.m {
                a href=(link) { bdi { (number(&letter.chat)) } }
                @if let Some(at) = letter.at() { span { (texts.time) " " (day_time(at, script, now)) } }
                @if shows_session { span { (session) } }
                @if let Some(by) = letter.reply.as_ref().ok().and_then(|reply| reply.by.as_ref()) { span { (fill(texts.by, &[by])) } }
            }
            @if let Ok(reply) = &letter.reply {
                @if !reply.text.is_empty() { p.text dir="auto" { (reply.text) } }
                @if let Some(name) = reply.media.as_ref().and_then(|media| media.filename.as_ref()) { p.quiet { (fill(texts.file, &[name])) } }
            }
            p.why { (words(texts, about)) }
            details { summary { (texts.exact) } p.quiet.text { (letter.reason) } }
            div.do {
                form data-act="dead/retry" { (ids) button.plain disabled[letter.reply.is_err()] { (texts.retry) } }
                form data-act="dead/drop" data-confirm=(texts.drop_confirm) { (ids) button.danger { (texts.drop) } }
            }
        }
    }
}

fn words(texts: &DeadTexts, cause: Cause) -> &'static str {
    match cause {
        Cause::Refused => texts.refused,
        Cause::TooLate => texts.too_late,
        Cause::PerhapsSent => texts.perhaps_sent,
        Cause::File => texts.its_file,
        Cause::Unreadable => texts.unreadable,
        Cause::Other => texts.other,
    }
}
