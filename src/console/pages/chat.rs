//! A chat: what was said, who has the conversation, and what can be done with it.

use maud::{Markup, html};

use super::customer::{called, number, since};
use super::page_parts::{PageParts, PeopleAt};
use super::shell::rows_html;
use super::transcript::{RowPlace, items, unsent};
use crate::clock::Millis;
use crate::console::live::{ShownSection, shared_html};
use crate::console::look::{ChatLook, ChatPlace, Look};
use crate::console::request::encoded;
use crate::console::texts::{ChatTexts, HistoryTexts, LineTexts, PersonTexts, fill};
use crate::console::who::Who;
use crate::flow::Locale;
use crate::flow::{Script, State};
use crate::history::{Transcript, TranscriptKind};
use crate::ids::AgentName;
use crate::store::{Agent, ConversationView};

/// The sections of the chat that change.
pub(super) fn sections(
    language: Locale,
    agent: &Agent,
    look: &Look,
    place: &ChatPlace,
    people: &PeopleAt,
) -> Vec<ShownSection> {
    let Some(chat) = look.chats.get(place) else {
        return Vec::new();
    };
    if !agent.serves(&place.session) {
        return Vec::new();
    }
    let head = |id: &str, html: Markup| ShownSection {
        id: id.to_owned(),
        head: shared_html(html),
        rows: Vec::new(),
    };
    let at = RowPlace {
        prefix: &look.prefix,
        language,
        script: &chat.script,
        now: Millis::now(),
        found: None,
    };
    let past = match &chat.transcript {
        Some(transcript) => ShownSection {
            id: "past".to_owned(),
            head: shared_html(older_link(language, transcript)),
            rows: items(&at, transcript),
        },
        None => head(
            "past",
            html! { p.problem { (ChatTexts::of(language).history_away) } },
        ),
    };
    vec![
        head("panel", panel(language, agent, place, chat)),
        head("about", about(language, agent, place, (chat, &look.prefix))),
        past,
        ShownSection {
            rows: chat
                .view
                .iter()
                .flat_map(|view| unsent(&at, view))
                .collect(),
            ..head("unsent", unsent_head(language, chat))
        },
        head("people", people_html(language, people)),
    ]
}

/// How many replies are not sent yet, if not all of them are shown.
fn unsent_head(language: Locale, chat: &ChatLook) -> Markup {
    let view = chat.view.as_ref();
    let hidden = view.is_some_and(|view| view.unsent_count > view.unsent.len() as u64);
    let count = view.map_or(0, |view| view.unsent_count);
    html! {
        @if hidden { p.quiet { (fill(ChatTexts::of(language).unsent, &[&count.to_string()])) } }
    }
}

fn older_link(language: Locale, transcript: &Transcript) -> Markup {
    html! {
        @if let Some(older) = &transcript.older {
            button.plain data-do="older" data-before=(older) { (ChatTexts::of(language).older) }
        }
    }
}

/// Whether a section of the chat has what was said last.
pub(super) fn is_newest(section: &ShownSection) -> bool {
    matches!(section.id.as_str(), "past" | "unsent")
}

/// The message in this row, with what was said before and after it; `None` if it is not there.
pub(in crate::console) fn past_section(
    prefix: &str,
    language: Locale,
    (chat, script): (&ChatPlace, &Script),
    transcript: &Transcript,
    row: i64,
) -> Option<Markup> {
    let rows = transcript.items.iter().filter_map(|item| match &item.kind {
        TranscriptKind::Message(message) => Some(message.row),
        TranscriptKind::Event(_) => None,
    });
    let rows: Vec<i64> = rows.collect();
    let place = RowPlace {
        prefix,
        language,
        script,
        now: Millis::now(),
        found: Some(rows.iter().copied().find(|one| *one == row)?),
    };
    let newer = rows.last().filter(|_| transcript.newer.is_some());
    Some(html! {
        section data-section="past" {
            div data-head { (older_link(language, transcript)) }
            ol data-rows { (rows_html(&items(&place, transcript))) }
            @if let Some(last) = newer {
                a.button.plain href={ (chat_path(prefix, chat)) "?around=" (last) "#found" } { (HistoryTexts::of(language).newer) }
            }
        }
    })
}

/// Items of another page of the transcript, as a fragment.
pub(in crate::console) fn items_fragment(
    prefix: &str,
    language: Locale,
    script: &Script,
    transcript: &Transcript,
) -> Markup {
    let place = RowPlace {
        prefix,
        language,
        script,
        now: Millis::now(),
        found: None,
    };
    html! {
        div data-head { (older_link(language, transcript)) }
        ol data-rows { (rows_html(&items(&place, transcript))) }
    }
}

fn people_html(language: Locale, people: &PeopleAt) -> Markup {
    let texts = ChatTexts::of(language);
    let names = |names: &[AgentName]| {
        let names: Vec<&str> = names.iter().map(AgentName::as_str).collect();
        names.join(", ")
    };
    html! {
        @if !people.typing.is_empty() {
            p.people { (fill(texts.types, &[&names(&people.typing)])) }
        } @else if !people.looking.is_empty() {
            p.people { (fill(texts.looks, &[&names(&people.looking)])) }
        }
    }
}

/// Who has the conversation, and what this agent can do with it. The script in the browser reads the attributes.
fn panel(language: Locale, agent: &Agent, place: &ChatPlace, chat: &ChatLook) -> Markup {
    let texts = ChatTexts::of(language);
    let Some(view) = &chat.view else {
        return html! {
            div.panel data-status="closed" {
                h1 { (called(chat.name(), &place.chat)) " " span.n { (number(&place.chat)) } }
                p { (texts.none_open) }
            }
        };
    };
    let is_mine = view.status == "agent" && view.holder.as_ref() == Some(&agent.name);
    let steers = agent.may_steer();
    let holder = view.holder.as_ref().filter(|_| view.status == "agent");
    let standing = match (view.status.as_str(), holder) {
        ("agent", _) if is_mine => texts.yours.to_owned(),
        ("agent", Some(holder)) => fill(texts.with_agent, &[holder.as_str()]),
        ("waiting", _) => texts.waits_bot.to_owned(),
        ("active", _) => texts.with_bot.to_owned(),
        ("phone", _) => texts.with_phone.to_owned(),
        _ => texts.waits_person.to_owned(),
    };
    html! {
        div.panel data-status=(view.status) data-c=[view.id.as_ref()] data-rev=(view.rev) data-unread=(view.unread_count)
            data-holder=[holder] data-mine[is_mine] data-unanswered[view.unanswered_since.is_some()] {
            h1 { (called(&view.name, &view.chat)) " " span.n { (number(&view.chat)) } }
            p.m {
                @if view.ticket > 0 { span.t { "#" (view.ticket) } }
                strong { (standing) }
                @if !view.team.is_empty() { span { (view.team) } }
                @if view.urgent { em.urgent { (LineTexts::of(language).urgent) } }
                @if let Some(place) = view.place { span { (fill(texts.place, &[&place.to_string()])) } }
                @if let Some(then) = view.unanswered_since {
                    em.unanswered { (LineTexts::of(language).unanswered) " " (since(then, &chat.script)) }
                } @else if let Some(then) = view.since { (since(then, &chat.script)) }
            }
            div.do {
                @if !is_mine {
                    @match holder {
                        Some(holder) => button.main data-do="take" data-confirm=(fill(texts.take_over_confirm, &[holder.as_str()])) {
                            (fill(texts.take_over, &[holder.as_str()])) },
                        None => button.main data-do="take" { (texts.take) },
                    }
                }
                @if is_mine && view.unanswered_since.is_some() {
                    button.plain data-do="none" { (texts.needs_none) }
                }
                @if is_mine || steers {
                    button.plain data-do="give" { (texts.hand_back) }
                    button.plain data-do="close" data-confirm=[close_confirm(texts, view, is_mine)] { (texts.close) }
                }
                @if steers && view.place.is_some() {
                    @let line = LineTexts::of(language);
                    button.plain data-do="move" data-to="first" data-confirm=(line.move_confirm) { (line.move_first) }
                    @if view.status == "handoff" && !view.urgent {
                        button.plain data-do="move" data-to="urgent" data-confirm=(line.move_confirm) { (line.move_urgent) }
                    }
                    button.plain data-do="move" data-to="last" data-confirm=(line.move_confirm) { (line.move_last) }
                }
            }
        }
    }
}

/// What to ask before the conversation is closed; nothing if it is the agent's own and answered.
fn close_confirm(texts: &ChatTexts, view: &ConversationView, is_mine: bool) -> Option<String> {
    match &view.holder {
        _ if is_mine && view.unanswered_since.is_some() => Some(texts.close_unanswered.to_owned()),
        _ if is_mine => None,
        Some(holder) => Some(fill(texts.close_other, &[holder.as_str()])),
        None => Some(texts.close_unanswered.to_owned()),
    }
}

/// What the flow knows of the customer, and what is not sent yet.
fn about(
    language: Locale,
    agent: &Agent,
    place: &ChatPlace,
    (chat, prefix): (&ChatLook, &str),
) -> Markup {
    html! {
        (known(language, chat))
        // A person's data is of all sessions.
        @if agent.may_steer() && agent.sessions.is_empty() { (personal_data(language, place, prefix)) }
    }
}

/// Everything that we keep of a customer: to export, and to erase.
fn personal_data(language: Locale, place: &ChatPlace, prefix: &str) -> Markup {
    let texts = PersonTexts::of(language);
    let path = format!("people/{}", encoded(place.chat.as_str()));
    let confirm = fill(texts.erase_confirm, &[&number(&place.chat)]);
    html! {
        details {
            summary { (texts.title) }
            p.quiet { (texts.copies) }
            div.do {
                a.button.plain href={ (prefix) "/api/v1/" (path) } download { (texts.export) }
                form data-act={ (path) "/erase" } data-confirm=(confirm) data-repeat { button.danger { (texts.erase) } }
            }
        }
    }
}

fn known(language: Locale, chat: &ChatLook) -> Markup {
    let texts = ChatTexts::of(language);
    let Some(view) = &chat.view else {
        return html! {};
    };
    let state: Option<State> = serde_json::from_str(&view.state).ok();
    let state = state.as_ref();
    let note = state.and_then(State::note).unwrap_or_default().trim();
    let variables = state.map(State::variables);
    html! {
        @if !note.is_empty() { h3 { (texts.flow_note) } p.text dir="auto" { (note) } }
        dl {
            @if let Some(step) = state.and_then(State::step) { dt { (texts.step) } dd { (step) } }
            @for (name, value) in variables.into_iter().flatten() { dt { (name) } dd dir="auto" { (value) } }
        }
    }
}

/// What is around the sections.
pub(in crate::console) fn chat_page(
    who: &Who,
    prefix: &str,
    place: Option<&ChatPlace>,
    (parts, past): (&PageParts, Option<Markup>),
    choices: &Choices,
) -> Markup {
    let texts = ChatTexts::of(who.language);
    let line = LineTexts::of(who.language);
    let Some(place) = place else {
        return html! {
            div.panes.none {
                div.own data-sections="own" { (parts.own) }
                div.pane {
                    h1 { (texts.title) }
                    p { (texts.choose) }
                    button.main data-do="next" { (line.take_next) " " kbd { "N" } }
                }
            }
        };
    };
    let customer = number(&place.chat);
    let path = chat_path(prefix, place);
    html! {
        div.panes data-chat={ (place.session) "/" (place.chat) } data-path=(path) {
            div.own data-sections="own" { (parts.own) }
            div.pane data-sections="chat" { (parts.main) @if let Some(past) = &past { (past) } }
            @if past.is_some() {
                div.compose.old {
                    p { (HistoryTexts::of(who.language).old_messages) }
                    a.button href=(path) { (texts.newest) }
                }
            } @else { (compose(texts, &customer, choices)) }
            template #give-form { (give_form(texts, choices)) }
            template #close-form {
                label { (texts.outcome) input name="outcome" maxlength="64" placeholder=(texts.outcome_hint); }
            }
        }
    }
}

/// The path of a chat's page.
pub(in crate::console) fn chat_path(prefix: &str, place: &ChatPlace) -> String {
    let chat = encoded(place.chat.as_str());
    format!("{prefix}/chat/{}/{chat}", place.session)
}

/// The boxes for an answer and for a note.
fn compose(texts: &ChatTexts, customer: &str, choices: &Choices) -> Markup {
    html! {
        div.compose {
            form data-form="say" {
                label { span.hidden { (fill(texts.message, &[customer])) }
                    textarea name="text" rows="2" maxlength="4096" data-hint=(texts.message_hint) placeholder=(texts.message_hint)
                        data-taken=(texts.take_to_answer) dir="auto" enterkeyhint="send" {} }
                div.canned hidden role="listbox" aria-label=(texts.saved_replies) {
                    @for (name, text) in &choices.canned {
                        button.plain type="button" role="option" data-canned=(text) { b { (name) } " " span { (text) } }
                    }
                }
                button.main { (texts.send) }
            }
            details {
                summary { (texts.note) }
                form data-form="note" {
                    label { span.hidden { (texts.note) }
                        textarea name="text" rows="2" maxlength="4096" placeholder=(texts.note_hint) dir="auto" {} }
                    button.plain { (texts.add_note) }
                }
            }
        }
    }
}

/// What an agent can choose from.
#[derive(Default)]
pub(in crate::console) struct Choices {
    pub(in crate::console) steps: Vec<String>,
    pub(in crate::console) teams: Vec<String>,
    pub(in crate::console) agents: Vec<AgentName>,
    /// Saved replies: name and text.
    pub(in crate::console) canned: Vec<(String, String)>,
}

fn give_form(texts: &ChatTexts, choices: &Choices) -> Markup {
    html! {
        label { (texts.hand_back)
            select name="to" {
                option value="bot" { (texts.to_bot) }
                optgroup label=(texts.to_team) {
                    option value="team:" { (texts.to_anybody) }
                    @for team in &choices.teams { option value={ "team:" (team) } { (team) } }
                }
                @if !choices.agents.is_empty() {
                    optgroup label=(texts.to_agent) {
                        @for agent in &choices.agents { option value={ "agent:" (agent) } { (agent) } }
                    }
                }
                optgroup label=(texts.to_step) {
                    @for step in &choices.steps { option value={ "step:" (step) } { (step) } }
                }
            }
        }
    }
}

impl ChatLook {
    /// The customer's name, as it was last known.
    fn name(&self) -> &str {
        let messages = self
            .transcript
            .iter()
            .flat_map(|transcript| transcript.items.iter().rev());
        messages
            .filter_map(|item| match &item.kind {
                TranscriptKind::Message(message) => message
                    .name
                    .as_deref()
                    .filter(|_| message.direction == "inbound"),
                TranscriptKind::Event(_) => None,
            })
            .next()
            .unwrap_or_default()
    }
}
