//! The history: a search, and what it found. Every text in it was written by strangers.

use std::sync::Arc;
use std::time::Duration;

use maud::{Markup, html};

use super::customer::{called, day_time, number};
use super::lengths::short;
use crate::clock::Millis;
use crate::console::records::{FoundHits, SearchFound, SearchKind};
use crate::console::request::{Request, encoded, query_string};
use crate::console::texts::{ChatTexts, CommonTexts, HistoryTexts, fill};
use crate::console::who::Who;
use crate::flow::Script;
use crate::history::{Conversation, StoredMessage, found_words};
use crate::ids::{AgentName, ChatId, SessionName};

/// A longer text is shown in part.
const SHOWN_MAX: usize = 280;
/// So much of it is shown before the first word that was found.
const SHOWN_BEFORE: usize = 60;

/// What the pages of the history are written for.
pub(in crate::console) struct HistoryPage<'a> {
    pub(in crate::console) who: &'a Who,
    pub(in crate::console) prefix: &'a str,
    pub(in crate::console) request: &'a Request,
    /// The sessions to choose from.
    pub(in crate::console) sessions: &'a [SessionName],
    pub(in crate::console) agents: &'a [AgentName],
    pub(in crate::console) script: &'a (dyn Fn(&SessionName) -> Arc<Script> + Sync),
}

/// The fields of a search besides its words.
const FILTERS: [&str; 7] = [
    "chat", "name", "session", "since", "until", "outcome", "author",
];

impl HistoryPage<'_> {
    /// The search, and what it found: or why it could not.
    pub(in crate::console) fn search(&self, found: &Result<SearchFound, String>) -> Markup {
        let texts = self.texts();
        html! {
            div.bar {
                h1 { (CommonTexts::of(self.who.language).history) }
                @if self.who.is_owner() && found.as_ref().is_ok_and(|found| !found.is_empty()) { (self.downloads()) }
            }
            (self.form())
            @match found {
                Err(problem) => p.problem { (problem) },
                Ok(found) => {
                    div.line.hits {
                        section data-section="found" {
                            ol data-rows { (self.rows(found)) }
                        }
                        @if found.is_empty() {
                            p.empty { (if found.next.is_some() { texts.none_yet } else { texts.none_found }) }
                        }
                    }
                    @if let Some(next) = &found.next {
                        a.button data-do="append" href=(self.next(&next.to_string())) {
                            (if found.is_empty() { texts.look_back } else { CommonTexts::of(self.who.language).more })
                        }
                    }
                }
            }
        }
    }

    /// All that is on one sheet of paper, or a few.
    pub(in crate::console) fn print(
        &self,
        found: &Result<SearchFound, String>,
        limit: u32,
    ) -> Markup {
        let texts = self.texts();
        html! {
            div.bar {
                h1 { (CommonTexts::of(self.who.language).history) }
                button.main data-do="print" { (texts.print) }
            }
            (self.searched_for())
            @match found {
                Err(problem) => p.problem { (problem) },
                Ok(found) => {
                    @if found.next.is_some() { p.quiet { (fill(texts.only_newest, &[&limit.to_string()])) } }
                    div.sheet.scroll.paper tabindex="0" role="region" aria-label=(CommonTexts::of(self.who.language).history) { (self.table(found)) }
                }
            }
        }
    }

    fn texts(&self) -> &'static HistoryTexts {
        HistoryTexts::of(self.who.language)
    }

    fn kind(&self) -> SearchKind {
        SearchKind::of(self.request)
    }

    fn value(&self, name: &str) -> &str {
        self.request.query(name).unwrap_or_default()
    }

    fn form(&self) -> Markup {
        let (texts, common) = (self.texts(), CommonTexts::of(self.who.language));
        let is_filtered = FILTERS.iter().any(|name| !self.value(name).is_empty());
        let kinds = [
            (SearchKind::Messages, texts.messages),
            (SearchKind::Conversations, texts.conversations),
        ];
        let field = |name: &str, text: &str, kind: &str| {
            html! { label { span { (text) } input name=(name) type=(kind) value=(self.value(name)); } }
        };
        let author = self.value("author");
        let authors = [
            ("", texts.anybody),
            ("customer", texts.customer),
            ("bot", common.bot),
            ("phone", common.phone),
            ("agent", texts.any_agent),
        ];
        let agents = self
            .agents
            .iter()
            .map(|agent| (agent.as_str(), agent.as_str()));
        html! {
            form.search role="search" action={ (self.prefix) "/history" } {
                div.words {
                    label { span.hidden { (texts.words) }
                        input name="q" type="search" value=(self.value("q")) placeholder=(texts.words_hint) dir="auto"; }
                    label { span.hidden { (texts.what) }
                        select name="kind" {
                            @for (kind, text) in kinds {
                                option value=(kind.name()) selected[kind == self.kind()] { (text) }
                            }
                        } }
                    button.main { (common.search) }
                }
                details open[is_filtered] {
                    summary { (texts.filters) }
                    div.filters {
                        (field("chat", texts.number, "tel"))
                        (field("name", texts.name, "text"))
                        (field("since", texts.since, "date"))
                        (field("until", texts.until, "date"))
                        (field("outcome", texts.outcome, "text"))
                        label { span { (texts.author) }
                            select name="author" {
                                @for (value, text) in authors.into_iter().chain(agents) {
                                    option value=(value) selected[value == author] { (text) }
                                }
                            } }
                        @if self.sessions.len() > 1 {
                            label { span { (common.session) }
                                select name="session" {
                                    option value="" { (common.all_sessions) }
                                    @for session in self.sessions {
                                        option selected[session.as_str() == self.value("session")] { (session) }
                                    }
                                } }
                        }
                    }
                }
            }
        }
    }

    /// The files with all of what was found.
    fn downloads(&self) -> Markup {
        let texts = self.texts();
        let query = self.request.query_without(&["from"]);
        let link = |file: &str| format!("{}/history/{file}{query}", self.prefix);
        html! {
            nav.files aria-label=(texts.download) {
                a.button.plain href=(link("conversations.csv")) download { (texts.csv) }
                a.button.plain href=(link(&format!("{}.jsonl", self.kind().name()))) download { (texts.jsonl) }
                a.button.plain href=(link("print")) { (texts.print) }
            }
        }
    }

    fn next(&self, from: &str) -> String {
        let query = self.request.query_without(&["from"]);
        let joined = match query.is_empty() {
            true => query_string([("from", from)]),
            false => format!(
                "{query}&{}",
                query_string([("from", from)]).trim_start_matches('?')
            ),
        };
        format!("{}/history{joined}", self.prefix)
    }

    fn rows(&self, found: &SearchFound) -> Markup {
        html! {
            @match &found.hits {
                FoundHits::Messages(messages) => @for message in messages { (self.message_row(found, message)) },
                FoundHits::Conversations(conversations, first) => @for one in conversations {
                    (self.conversation_row(found, one, first.get(&one.id).copied()))
                },
            }
        }
    }

    fn message_row(&self, found: &SearchFound, message: &StoredMessage) -> Markup {
        let script = (self.script)(&message.session);
        let link = self.chat_link(&message.session, &message.chat, Some(message.row));
        html! {
            li data-key={ "m" (message.row) } {
                a href=(link) {
                    (time(message.at, &script))
                    (self.customer(found, &message.session, &message.chat))
                    span.said dir="auto" { (self.said(message)) }
                }
            }
        }
    }

    /// What was said, by whom, with what was found in it.
    fn said(&self, message: &StoredMessage) -> Markup {
        let texts = ChatTexts::of(self.who.language);
        let words = self.value("q");
        let first = message.first_text.as_deref().unwrap_or_default();
        let is_in_first = |first: &str| {
            found_words(words, &message.text).is_empty() && !found_words(words, first).is_empty()
        };
        html! {
            @if let Some(author) = self.author(message) { span.quiet { bdi { (author) } ": " } }
            @if message.kind != "text" { span.quiet { (fill(texts.kind_message, &[&message.kind])) } " " }
            (excerpt(words, &message.text))
            @if is_in_first(first) { " " span.quiet { (fill(texts.was, &[""])) (excerpt(words, first)) } }
            @if message.revoked_at.is_some() { " " span.quiet { (texts.withdrawn) } }
            @if message.failed { " " em.failed { (texts.failed) } }
        }
    }

    /// Who said it, if it was not the customer.
    fn author(&self, message: &StoredMessage) -> Option<String> {
        let common = CommonTexts::of(self.who.language);
        match (message.author.as_str(), &message.by) {
            ("customer", _) => None,
            ("bot", _) => Some(common.bot.to_owned()),
            ("phone", _) => Some(common.phone.to_owned()),
            (author, by) => Some(by.as_deref().unwrap_or(author).to_owned()),
        }
    }

    fn conversation_row(
        &self,
        found: &SearchFound,
        one: &Conversation,
        row: Option<i64>,
    ) -> Markup {
        let script = (self.script)(&one.session);
        let began = one.began().unwrap_or_default();
        html! {
            li data-key={ "c" (one.session) "." (one.id) } {
                a href=(self.chat_link(&one.session, &one.chat, row)) {
                    (time(began, &script))
                    (self.customer(found, &one.session, &one.chat))
                    span.said {
                        @for fact in self.facts(one) { span.fact { bdi { (fact) } } " " }
                    }
                }
            }
        }
    }

    /// How it went, in a few words each.
    fn facts(&self, one: &Conversation) -> Vec<String> {
        let texts = self.texts();
        let length = |text: &str, length: Option<Duration>| {
            length.map(|length| fill(text, &[&short(length)]))
        };
        let ended = match (&one.outcome, one.closed_at) {
            (Some(outcome), _) => outcome.clone(),
            (None, Some(_)) => String::new(),
            (None, None) => texts.open_now.to_owned(),
        };
        let waited = one.person_waiting.or(one.waiting);
        let all = [
            one.ticket.map(|ticket| format!("#{ticket}")),
            Some(ended),
            one.holder.clone(),
            one.team.clone(),
            length(texts.waited, waited),
            length(texts.handled, one.handling),
            one.rating
                .map(|rating| fill(texts.rated, &[&rating.to_string()])),
        ];
        let all = all.into_iter().flatten();
        all.filter(|fact| !fact.is_empty()).collect()
    }

    fn customer(&self, found: &SearchFound, session: &SessionName, chat: &ChatId) -> Markup {
        let name = found.name(session, chat);
        html! {
            span.customer {
                strong { (called(name, chat)) }
                @if !name.trim().is_empty() { " " span.n { (number(chat)) } }
                @if self.sessions.len() > 1 { " " span.n { (session) } }
            }
        }
    }

    /// The chat, at this message.
    fn chat_link(&self, session: &SessionName, chat: &ChatId, row: Option<i64>) -> String {
        let place = row.map(|row| format!("?around={row}#found"));
        format!(
            "{}/chat/{}/{}{}",
            self.prefix,
            encoded(session.as_str()),
            encoded(chat.as_str()),
            place.unwrap_or_default()
        )
    }

    /// What was searched for, above the printed table.
    fn searched_for(&self) -> Markup {
        let fields = ["q"]
            .into_iter()
            .chain(FILTERS)
            .map(|name| self.value(name));
        let fields: Vec<&str> = fields.filter(|value| !value.is_empty()).collect();
        html! { @if !fields.is_empty() { p { @for field in fields { bdi { (field) } " " } } } }
    }

    fn table(&self, found: &SearchFound) -> Markup {
        let texts = self.texts();
        html! {
            table {
                thead { tr {
                    th scope="col" { (texts.time) }
                    th scope="col" { (texts.of_customer) }
                    th scope="col" { (match self.kind() { SearchKind::Messages => texts.message, SearchKind::Conversations => texts.outcome }) }
                } }
                tbody {
                    @match &found.hits {
                        FoundHits::Messages(messages) => @for one in messages {
                            tr {
                                td { (day(one.at, &(self.script)(&one.session))) }
                                td { (self.customer(found, &one.session, &one.chat)) }
                                td.text dir="auto" {
                                    @if let Some(author) = self.author(one) { bdi { (author) } ": " }
                                    @if one.kind != "text" { (fill(ChatTexts::of(self.who.language).kind_message, &[&one.kind])) " " }
                                    (one.text)
                                }
                            }
                        },
                        FoundHits::Conversations(conversations, _) => @for one in conversations {
                            tr {
                                td { (day(one.began().unwrap_or_default(), &(self.script)(&one.session))) }
                                td { (self.customer(found, &one.session, &one.chat)) }
                                td { bdi { (self.facts(one).join(" · ")) } }
                            }
                        },
                    }
                }
            }
        }
    }
}

fn time(at: Millis, script: &Script) -> Markup {
    html! { time.t data-at=(at) { (day_time(at, script, Millis::now())) } }
}

/// The time with its date: paper is read later.
fn day(at: Millis, script: &Script) -> Markup {
    html! { time { (script.local(at).strftime("%d/%m/%Y %H:%M").to_string()) } }
}

/// The text, or the part of it in which something was found, with that marked.
fn excerpt(words: &str, text: &str) -> Markup {
    let marks = found_words(words, text);
    let (mut from, mut until) = (0, text.len());
    if text.chars().count() > SHOWN_MAX {
        let first = marks.first().map_or(0, |mark| mark.start);
        let before = text.get(..first).unwrap_or_default().char_indices().rev();
        from = before.take(SHOWN_BEFORE).last().map_or(0, |(at, _)| at);
        let shown = text.get(from..).unwrap_or_default();
        let end = shown.char_indices().nth(SHOWN_MAX).map(|(at, _)| from + at);
        until = end.unwrap_or(text.len());
    }
    let mut pieces = Vec::new();
    let mut at = from;
    for mark in marks
        .iter()
        .filter(|mark| mark.start >= from && mark.end <= until)
    {
        pieces.push((text.get(at..mark.start).unwrap_or_default(), false));
        pieces.push((text.get(mark.clone()).unwrap_or_default(), true));
        at = mark.end;
    }
    pieces.push((text.get(at..until).unwrap_or_default(), false));
    html! {
        @if from > 0 { "…" }
        @for (piece, is_found) in pieces {
            @if is_found { mark { (piece) } } @else { (piece) }
        }
        @if until < text.len() { "…" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_shown_where_the_words_are_and_everything_is_escaped() {
        let plain = |words: &str, text: &str| excerpt(words, text).into_string();
        assert_eq!(plain("b", "<b>"), "&lt;<mark>b</mark>&gt;");
        assert_eq!(plain("", "a & b"), "a &amp; b");
        let long = format!("{} agulha {}", "palha ".repeat(500), "feno ".repeat(500));
        let shown = plain("agulha", &long);
        assert!(
            shown.starts_with('…') && shown.ends_with('…') && shown.contains("<mark>agulha</mark>"),
            "{shown}"
        );
        assert!(shown.chars().count() < SHOWN_MAX + 30, "{shown}");
        let emojis = "👩‍🌾".repeat(400);
        assert!(plain("", &emojis).ends_with('…'));
    }
}
