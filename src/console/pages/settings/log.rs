//! The log: what people did with the program itself, newest first.

use maud::{Markup, html};

use crate::clock::Millis;
use crate::console::pages::customer::day_time;
use crate::console::request::query_string;
use crate::console::texts::{LogTexts, SettingsTexts, fill};
use crate::flow::{Locale, Script};
use crate::history::{AuditPage, EventKind, StoredEvent};

/// `page`: `None` if the history can't be read.
pub(in crate::console) fn settings_log(
    (prefix, language): (&str, Locale),
    page: Option<&AuditPage>,
    is_first: bool,
    script: &Script,
) -> Markup {
    let texts = LogTexts::of(language);
    let now = Millis::now();
    html! {
        div.bar { h1 { (SettingsTexts::of(language).log) } }
        p.quiet { (texts.about) }
        @match page {
            None => p.problem { (texts.away) },
            Some(page) if page.lines.is_empty() => p.empty { (texts.none) },
            Some(page) => {
                ul.entries.sheet {
                    @for line in &page.lines {
                        li { p.m {
                            span.t { (day_time(line.at, script, now)) }
                            b { bdi { (line.by.as_deref().unwrap_or_default()) } }
                            span.what dir="auto" { (words(language, line)) }
                        } }
                    }
                }
                p.do {
                    @if !is_first { a.button.plain href={ (prefix) "/settings/log" } { (texts.first) } }
                    @if let Some(next) = &page.next {
                        a.button.plain href={ (prefix) "/settings/log" (query_string([("from", next.to_string().as_str())])) } { (texts.next) }
                    }
                }
            }
        }
    }
}

/// What somebody did, in an agent's language.
pub(in crate::console) fn words(language: Locale, line: &StoredEvent) -> String {
    let texts = LogTexts::of(language);
    let what = line.what.as_deref().unwrap_or_default();
    let text = line.text.as_deref().unwrap_or_default();
    match line.kind {
        EventKind::Login if what == "link" => texts.login_link.to_owned(),
        EventKind::Login => texts.login.to_owned(),
        EventKind::LoginFailed => texts.login_failed.to_owned(),
        EventKind::Erased => texts.erased.to_owned(),
        EventKind::Exported => match what {
            "" => texts.exported.to_owned(),
            what => format!("{}: {}", texts.exported, exported(texts, what)),
        },
        EventKind::SessionControl => fill(texts.session, &[text, session_action(texts, what)]),
        EventKind::Setting => {
            let changed = changed(texts, what);
            match how(texts, text) {
                how if how.is_empty() => changed,
                how => format!("{changed}: {how}"),
            }
        }
        // There are no others in the audit.
        _ => line.in_words(),
    }
}

/// What was changed. A newer version may write other words: they are shown as they are.
fn changed(texts: &LogTexts, what: &str) -> String {
    let named = [
        ("agent ", texts.agent),
        ("API token of ", texts.token),
        ("password of ", texts.password),
        ("saved reply ", texts.reply),
    ];
    let known = named
        .iter()
        .find_map(|(start, text)| Some(fill(text, &[what.strip_prefix(start)?])));
    match known {
        Some(known) => known,
        None if what == "unsent messages" => texts.unsent.to_owned(),
        None => what.to_owned(),
    }
}

fn how(texts: &LogTexts, text: &str) -> String {
    let (how, more) = text.split_once(' ').unwrap_or((text, ""));
    let how = match how {
        "added" => texts.added,
        "back" => texts.back,
        "changed" => texts.changed,
        "off" => texts.off,
        "link" => texts.link,
        "made" => texts.made,
        "revoked" => texts.revoked,
        "saved" => texts.saved,
        "deleted" => texts.deleted,
        "resent" => texts.resent,
        _ => return text.to_owned(),
    };
    match more {
        "" => how.to_owned(),
        more => format!("{how} ({more})"),
    }
}

fn session_action<'a>(texts: &'a LogTexts, what: &'a str) -> &'a str {
    match what {
        "start" | "started" => texts.start,
        "restart" | "restarted" => texts.restart,
        "stop" | "stopped" => texts.stop,
        "logout" | "logged out" => texts.log_out,
        "code" | "code to pair a phone" => texts.code,
        what => what,
    }
}

fn exported<'a>(texts: &'a LogTexts, what: &'a str) -> &'a str {
    match what {
        "a customer's data" => texts.of_customer,
        "conversations" => texts.conversations,
        "messages" => texts.messages,
        "print" => texts.printed,
        what => what,
    }
}
