//! What was said and done in a chat, as rows. All of it was written by strangers: every text is escaped, and only links to
//! http and https become links.

use maud::{Markup, html};
use serde_json::Value;

use super::customer::day_time;
use crate::clock::Millis;
use crate::console::live::{Shown, shared_html};
use crate::console::texts::{ChatTexts, CommonTexts, fill};
use crate::flow::Locale;
use crate::flow::Script;
use crate::history::{EventKind, StoredEvent, StoredMessage, Transcript, TranscriptKind};
use crate::store::ConversationView;

/// What the rows are written for.
pub(super) struct RowPlace<'a> {
    pub(super) prefix: &'a str,
    pub(super) language: Locale,
    pub(super) script: &'a Script,
    pub(super) now: Millis,
    /// The row of the message that somebody looked for.
    pub(super) found: Option<i64>,
}

/// The rows of a transcript.
pub(super) fn items(place: &RowPlace<'_>, transcript: &Transcript) -> Vec<Shown> {
    transcript
        .items
        .iter()
        .map(|item| Shown {
            key: item.key.as_str().into(),
            html: shared_html(match &item.kind {
                TranscriptKind::Message(message) => message_row(place, &item.key, message),
                TranscriptKind::Event(event) => event_row(place, &item.key, event),
            }),
        })
        .collect()
}

/// The replies that WAHA has not taken yet, as rows.
pub(super) fn unsent(place: &RowPlace<'_>, view: &ConversationView) -> Vec<Shown> {
    let (texts, common) = (
        ChatTexts::of(place.language),
        CommonTexts::of(place.language),
    );
    let rows = view.unsent.iter().map(|reply| Shown {
        key: reply.id.as_str().into(),
        html: shared_html(html! {
            li.msg.out.waits data-key=(reply.id) data-by=(if reply.by.is_some() { "agent" } else { "bot" }) {
                p.by {
                    bdi { (reply.by.as_deref().unwrap_or(common.bot)) } " " (time(place, reply.queued_at)) " · " (texts.sending)
                }
                @if reply.media.is_some() { p.quiet { (texts.file) } }
                p.text dir="auto" { (reply.text) }
            }
        }),
    });
    rows.collect()
}

fn message_row(place: &RowPlace<'_>, key: &str, message: &StoredMessage) -> Markup {
    let (texts, common) = (
        ChatTexts::of(place.language),
        CommonTexts::of(place.language),
    );
    let is_inbound = message.direction == "inbound";
    let author = match (message.author.as_str(), &message.by) {
        ("agent", Some(agent)) => agent.clone(),
        ("bot", _) => common.bot.to_owned(),
        ("phone", _) => common.phone.to_owned(),
        _ => message.name.clone().unwrap_or_default(),
    };
    let side = if is_inbound { "in" } else { "out" };
    html! {
        li data-key=(key) id=[(place.found == Some(message.row)).then_some("found")] class={ "msg " (side) } data-by=(message.author) {
            p.by {
                @if !author.trim().is_empty() { bdi { (author) } " " }
                (time(place, message.at))
                @if !is_inbound { " " (delivery(texts, message)) }
                @if message.first_text.is_some() && message.revoked_at.is_none() { " · " (texts.edited) }
            }
            @if message.quoted.is_some() { p.quiet { "↩ " (texts.answers) } }
            @if message.revoked_at.is_some() { p.quiet { (texts.withdrawn) } }
            (media(place, message))
            @if let Some(location) = &message.location { (location_html(texts, location)) }
            @if let Some(contacts) = &message.contacts { (contacts_html(texts, contacts)) }
            @if !message.text.is_empty() {
                p.text dir="auto" { (linked(&message.text)) }
            } @else if message.media.is_none() && message.location.is_none() && message.contacts.is_none() && message.kind != "text" {
                p.quiet { (fill(texts.kind_message, &[&message.kind])) }
            }
            @if let Some(first) = message.first_text.as_ref().filter(|first| !first.is_empty()) {
                p.quiet { bdi { (fill(texts.was, &[first])) } }
            }
            @if !message.reactions.is_empty() {
                p.reactions { @for reaction in &message.reactions { span { (reaction.text) } } }
            }
        }
    }
}

fn time(place: &RowPlace<'_>, at: Millis) -> Markup {
    html! { time data-at=(at) { (day_time(at, place.script, place.now)) } }
}

/// How far a message of ours has come.
fn delivery(texts: &ChatTexts, message: &StoredMessage) -> Markup {
    if message.failed {
        let reason = message.error.as_deref().unwrap_or_default();
        return html! { em.failed title=(reason) { (texts.failed) } };
    }
    let text = match message.ack {
        Some(level) if level >= 4 => texts.played,
        Some(3) => texts.read,
        Some(2) => texts.delivered,
        Some(1) => texts.sent,
        _ => return html! {},
    };
    html! { span.quiet { (text) } }
}

fn media(place: &RowPlace<'_>, message: &StoredMessage) -> Markup {
    let Some(media) = &message.media else {
        return html! {};
    };
    let texts = ChatTexts::of(place.language);
    let text = |name: &str| media.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("url").is_empty() {
        return html! { p.quiet { (fill(texts.kind_message, &[&message.kind])) } };
    }
    let link = format!("{}/media/{}/{}", place.prefix, message.session, message.row);
    let mimetype = text("mimetype");
    let family = mimetype.split('/').next().unwrap_or_default();
    let name = match text("filename") {
        "" => texts.file,
        name => name,
    };
    html! {
        div.media data-gone=(texts.file_gone) {
            @match family {
                "image" if !mimetype.contains("svg") => a href=(link) target="_blank" rel="noopener" {
                    img src=(link) alt={ (texts.picture) } loading="lazy" decoding="async"; },
                "audio" => audio controls preload="none" src=(link) aria-label=(texts.file) {},
                "video" => video controls preload="none" src=(link) aria-label=(texts.file) {},
                _ => a.file href=(link) download { bdi { (name) } },
            }
        }
    }
}

fn location_html(texts: &ChatTexts, location: &Value) -> Markup {
    let text = |name: &str| {
        location
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let number = |name: &str| location.get(name).and_then(Value::as_f64);
    let place = number("latitude").zip(number("longitude"));
    let named = [text("name"), text("address")];
    let named: Vec<&str> = named.into_iter().filter(|one| !one.is_empty()).collect();
    html! {
        p.text {
            @match place {
                Some((latitude, longitude)) => a href={ "https://www.openstreetmap.org/?mlat=" (latitude) "&mlon=" (longitude) }
                    target="_blank" rel="noopener noreferrer" { (texts.location) " " (format!("{latitude:.5}, {longitude:.5}")) },
                None => (texts.location),
            }
            @for one in named { br; bdi { (one) } }
        }
    }
}

/// The name and the numbers of each contact, as far as its vCard (RFC 6350) has them.
fn contacts_html(texts: &ChatTexts, contacts: &Value) -> Markup {
    let all = contacts.as_array().map(Vec::as_slice).unwrap_or_default();
    let cards = all
        .iter()
        .filter_map(|one| one.as_str().or_else(|| one.get("vcard")?.as_str()));
    html! {
        @for card in cards {
            p.text {
                (texts.contact)
                @for line in card.lines() {
                    @if let Some((key, value)) = line.split_once(':') {
                        @match key.split([';', '.']).find(|part| matches!(*part, "FN" | "TEL")) {
                            Some("FN") => { ": " bdi { (value) } }
                            Some("TEL") => { br; bdi { (value) } }
                            _ => {}
                        }
                    }
                }
            }
        }
    }
}

/// A text with its links to http and https.
fn linked(text: &str) -> Markup {
    let mut pieces: Vec<(&str, bool)> = Vec::new();
    let mut rest = text;
    while let Some(at) = link_start(rest) {
        let (before, from) = rest.split_at(at);
        let end = from
            .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | '`'))
            .unwrap_or(from.len());
        let (link, after) = from.split_at(end);
        let trimmed = link.trim_end_matches(['.', ',', ';', ':', '!', '?', ')']);
        pieces.push((before, false));
        pieces.push((trimmed, true));
        pieces.push((link.get(trimmed.len()..).unwrap_or_default(), false));
        rest = after;
    }
    pieces.push((rest, false));
    html! {
        @for (piece, is_link) in pieces {
            @if is_link {
                a href=(piece) target="_blank" rel="noopener noreferrer nofollow" { (piece) }
            } @else { (piece) }
        }
    }
}

/// Where the next link begins. It needs something behind its slashes.
fn link_start(text: &str) -> Option<usize> {
    let starts = ["https://", "http://"].into_iter();
    let found = starts.flat_map(|start| {
        text.match_indices(start)
            .filter(move |(at, _)| {
                let behind = text
                    .get(at + start.len()..)
                    .and_then(|rest| rest.chars().next());
                behind.is_some_and(char::is_alphanumeric)
            })
            .map(|(at, _)| at)
    });
    found.min()
}

fn event_row(place: &RowPlace<'_>, key: &str, event: &StoredEvent) -> Markup {
    let texts = ChatTexts::of(place.language);
    let by = event.by.as_deref().unwrap_or_default();
    if event.kind == EventKind::Noted {
        return html! {
            li.msg.noted data-key=(key) {
                p.by { (fill(texts.ev_noted, &[by])) " " (time(place, event.at)) }
                p.text dir="auto" { (linked(event.text.as_deref().unwrap_or_default())) }
            }
        };
    }
    html! {
        li.event data-key=(key) {
            bdi { (event_words(texts, event, by)) } " " (time(place, event.at))
        }
    }
}

fn event_words(texts: &ChatTexts, event: &StoredEvent, by: &str) -> String {
    let what = event.what.as_deref().unwrap_or_default();
    let team = event.team.as_deref().unwrap_or_default();
    match event.kind {
        EventKind::Handoff => {
            let words = match team {
                "" => texts.ev_handoff.to_owned(),
                team => fill(texts.ev_handoff_team, &[team]),
            };
            match what {
                "urgent" => format!("{words} · {}", texts.ev_urgent),
                _ => words,
            }
        }
        EventKind::Taken => fill(texts.ev_taken, &[by]),
        EventKind::Phone => texts.ev_phone.to_owned(),
        EventKind::Given => fill(texts.ev_given, &[by, &given_to(texts, what)]),
        EventKind::Returned => {
            let words = match what {
                "quiet" => texts.ev_returned_quiet,
                "gone" => texts.ev_returned_gone,
                _ => texts.ev_returned_off,
            };
            fill(words, &[by])
        }
        EventKind::NobodyCame => texts.ev_nobody_came.to_owned(),
        EventKind::Noted => fill(texts.ev_noted, &[by]),
        EventKind::Moved => {
            let words = match what {
                "first" => texts.ev_moved_first,
                "urgent" => texts.ev_moved_urgent,
                _ => texts.ev_moved_last,
            };
            fill(words, &[by])
        }
        EventKind::Closed => fill(texts.ev_closed, &[by, what]),
        EventKind::Rated => fill(texts.ev_rated, &[what]),
        EventKind::LinePaused => fill(texts.ev_line_paused, &[by]),
        EventKind::LineResumed => fill(texts.ev_line_resumed, &[by]),
        // These are in no chat.
        EventKind::Login
        | EventKind::LoginFailed
        | EventKind::Erased
        | EventKind::Exported
        | EventKind::Setting
        | EventKind::SessionControl => event.in_words(),
    }
}

fn given_to(texts: &ChatTexts, what: &str) -> String {
    match what.split_once(':') {
        Some(("step", step)) => fill(texts.at_step, &[step]),
        Some(("team", "")) => texts.the_line.to_owned(),
        Some(("team", team)) => fill(texts.the_team, &[team]),
        Some(("agent", agent)) => agent.to_owned(),
        _ => texts.the_bot.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_to_the_web_become_links() {
        for (text, links) in [
            (
                "see https://shop.example/a?b=1&c, ok",
                &["https://shop.example/a?b=1&amp;c"][..],
            ),
            (
                "http://a.example and https://b.example.",
                &["http://a.example", "https://b.example"],
            ),
            ("javascript:alert(1) data:text/html,x ftp://x", &[]),
            ("https:// http://", &[]),
            ("<a href=\"https://x.example\">", &["https://x.example"]),
        ] {
            let html = linked(text).into_string();
            let found: Vec<&str> = html
                .split("<a href=\"")
                .skip(1)
                .filter_map(|rest| rest.split('"').next())
                .collect();
            assert_eq!(found, links, "{text}");
            assert!(!html.contains("<a href=\"javascript"), "{html}");
        }
    }
}
