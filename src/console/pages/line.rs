//! The line: who needs a person, whom agents have, who waits for the bot, and whom it attends. The oldest first, always: never
//! by the last activity, so that nobody who waits quietly is forgotten.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use maud::{Markup, html};

use super::customer::{called, clock_time, number, since};
use super::page_parts::PageParts;
use crate::clock::{self, Millis};
use crate::console::live::{Shown, ShownSection, shared_html};
use crate::console::look::{Look, SessionLook};
use crate::console::request::encoded;
use crate::console::texts::{ChatTexts, CommonTexts, LineTexts, fill};
use crate::console::view::{View, ViewPage};
use crate::console::who::Who;
use crate::flow::Locale;
use crate::flow::State;
use crate::ids::{AgentName, SessionName};
use crate::store::{Agent, LineKind, LinePause, LineRow};

/// The longest note and last words that a row shows; the chat shows all.
const WORDS_MAX: usize = 90;

/// The lines of sessions, each row written once for all who see it in the same language.
#[derive(Default)]
pub(in crate::console) struct LineCache(HashMap<(SessionName, Locale), Arc<RenderedLine>>);

struct RenderedLine {
    /// The look at which it was written.
    number: u64,
    sections: Vec<RenderedSection>,
}

impl LineCache {
    /// Those of these sessions.
    fn lines<'l>(
        &mut self,
        looks: impl Iterator<Item = (&'l SessionName, &'l SessionLook)>,
        language: Locale,
    ) -> Vec<Arc<RenderedLine>> {
        looks
            .map(|(session, look)| {
                let known = self.0.get(&(session.clone(), language));
                let known = known.filter(|known| known.number == look.number);
                match known {
                    Some(known) => known.clone(),
                    None => {
                        let written = Arc::new(render_line(session, look, language));
                        self.0.insert((session.clone(), language), written.clone());
                        written
                    }
                }
            })
            .collect()
    }
}

struct RenderedSection {
    kind: LineKind,
    count: u64,
    paused: Option<LinePause>,
    rows: Vec<RenderedRow>,
}

struct RenderedRow {
    shown: Shown,
    urgent: bool,
    since: Millis,
    team: String,
    holder: Option<AgentName>,
}

/// Which part of the line somebody looks at.
pub(super) struct LineFilter<'a> {
    pub(super) session: Option<&'a SessionName>,
    pub(super) team: Option<&'a str>,
    pub(super) rows: usize,
}

/// Writes the rows of a session.
fn render_line(session: &SessionName, look: &SessionLook, language: Locale) -> RenderedLine {
    let sections = look.line.sections.iter().map(|section| RenderedSection {
        kind: section.kind.clone(),
        count: section.count,
        paused: section.paused.clone(),
        rows: section
            .rows
            .iter()
            .map(|row| RenderedRow {
                shown: Shown {
                    key: format!("{session}/{}", row.chat).into(),
                    html: shared_html(row_html(session, look, &section.kind, row, language)),
                },
                urgent: row.urgent,
                since: row.since,
                team: row.team.clone(),
                holder: row.holder.clone(),
            })
            .collect(),
    });
    RenderedLine {
        number: look.number,
        sections: sections.collect(),
    }
}

fn row_html(
    session: &SessionName,
    look: &SessionLook,
    kind: &LineKind,
    row: &LineRow,
    language: Locale,
) -> Markup {
    let texts = LineTexts::of(language);
    let state: Option<State> = serde_json::from_str(&row.state).ok();
    let state = state.as_ref();
    let note = state.and_then(State::note).unwrap_or_default();
    let past = look.words.get(&row.chat);
    let unread = row.last.as_ref().map(|last| last.shown());
    let said = past.and_then(|past| past.said.as_ref().filter(|said| !said.is_revoked));
    let words = unread
        .or_else(|| said.map(|said| said.text.clone()))
        .or_else(|| state.and_then(State::last_said).map(str::to_owned))
        .filter(|words| !words.trim().is_empty());
    let spoke_last = past
        .filter(|_| *kind == LineKind::ByBot)
        .map(|past| author(language, &past.last_author));
    let link = format!(
        "{}/chat/{session}/{}",
        look.prefix,
        encoded(row.chat.as_str())
    );
    let script = &look.script;
    // A screen reader reads the buttons without their rows.
    let name = match row.name.trim() {
        "" => number(&row.chat),
        name => name.to_owned(),
    };
    html! {
        li data-key={ (session) "/" (row.chat) } data-c=[row.id.as_ref()] data-holder=[row.holder.as_ref()] {
            a href=(link) {
                span.t { "#" (row.ticket) }
                b { (called(&row.name, &row.chat)) }
                @if !row.name.trim().is_empty() { span.n { (number(&row.chat)) } }
                span.s { (session) }
                @if row.urgent { em.urgent { (texts.urgent) } }
                @if !note.trim().is_empty() { span.note { (short(note)) } }
                @if let Some(words) = words { q { (short(&words)) } }
            }
            span.m {
                @match kind {
                    LineKind::ByAgent => @match row.unanswered_since {
                        Some(then) => em.unanswered { (texts.unanswered) " " (since(then, script)) },
                        None => span { (texts.answered) },
                    },
                    LineKind::ByBot => {
                        @if let Some(step) = state.and_then(State::step) { span { (fill(texts.step, &[step])) } }
                        @if let Some(process) = &row.process { span.w { (short_id(process.as_str())) } }
                        @if let Some(author) = spoke_last { span { (fill(texts.spoke, &[author])) } }
                        (since(row.since, script))
                    }
                    LineKind::ByPhone => @match row.phone_until {
                        Some(until) => span { (fill(texts.until, &[&clock_time(until, script)])) },
                        None => (since(row.since, script)),
                    },
                    LineKind::ForBot => {
                        @if let Some(told) = row.told { span { (fill(texts.told, &[&told.to_string()])) } }
                        (since(row.since, script))
                    }
                    LineKind::ForPerson(_) => (since(row.since, script)),
                }
            }
            @match kind {
                LineKind::ForPerson(_) => button data-do="take" aria-label={ (texts.take) " " (name) } { (texts.take) },
                LineKind::ByAgent => button.plain data-do="take" aria-label={ (texts.take_over) " " (name) } { (texts.take_over) },
                LineKind::ForBot | LineKind::ByBot | LineKind::ByPhone =>
                    button.plain data-do="take" aria-label={ (texts.take) " " (name) } { (texts.take) },
            }
        }
    }
}

/// The short name of a process, such as `w:3f2a`: enough to see which rows are with the same one.
fn short_id(process: &str) -> String {
    format!("w:{}", process.get(..4).unwrap_or(process))
}

/// The author of a message, in words.
fn author(language: Locale, author: &str) -> &'static str {
    let texts = CommonTexts::of(language);
    match author {
        "bot" => texts.bot,
        "phone" => texts.phone,
        "agent" => texts.agent,
        _ => texts.customer,
    }
}

/// The beginning of a text, on one line.
fn short(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    match text.char_indices().nth(WORDS_MAX) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

/// The sections that an agent sees.
pub(super) fn sections(
    language: Locale,
    agent: &Agent,
    (look, cache): (&Look, &mut LineCache),
    filter: &LineFilter<'_>,
) -> Vec<ShownSection> {
    let texts = LineTexts::of(language);
    let looks = look.lines.iter().filter(|(session, _)| {
        agent.serves(session) && filter.session.is_none_or(|only| only == *session)
    });
    let lines = cache.lines(looks, language);
    let mut sections = Vec::new();
    for team in teams(&lines, agent, filter) {
        let kind = LineKind::ForPerson(team.clone());
        let (count, rows) = merged(&lines, &kind, filter.rows, |_| true);
        let paused = paused(&lines, &kind);
        if count > 0 || paused.is_some() {
            let title = match team.as_str() {
                "" => texts.needs_person.to_owned(),
                team => format!("{} · {team}", texts.needs_person),
            };
            let id = format!("person:{team}");
            let paused = paused.map(|pause| pause_note(language, pause));
            sections.push(section(language, id, &title, (count, rows), paused));
        }
    }
    sections.extend(held(language, agent, &lines, filter));
    if filter.team.is_none() {
        for (id, title, kind) in [
            ("bot", texts.in_line, LineKind::ForBot),
            ("worker", texts.attended, LineKind::ByBot),
            ("phone", texts.on_phone, LineKind::ByPhone),
        ] {
            let (count, rows) = merged(&lines, &kind, filter.rows, |_| true);
            if count > 0 {
                let note = match kind {
                    LineKind::ForBot => waits(agent, look, filter),
                    _ => None,
                };
                sections.push(section(language, id.to_owned(), title, (count, rows), note));
            }
        }
    }
    if sections.iter().all(|section| section.rows.is_empty()) {
        let head = html! {
            div.empty { p { (texts.nobody) } p.quiet { (texts.nobody_long) } }
        };
        sections.push(ShownSection {
            id: "nobody".to_owned(),
            head: shared_html(head),
            rows: Vec::new(),
        });
    }
    sections
}

/// How long the first customer waits for the bot, and each one behind them for longer: the script in the browser writes the wait
/// of each row, so that a line that moves changes no row.
fn waits(agent: &Agent, look: &Look, filter: &LineFilter<'_>) -> Option<Markup> {
    let mut sessions = look.lines.keys().filter(|session| {
        agent.serves(session) && filter.session.is_none_or(|only| only == *session)
    });
    let (Some(session), None) = (sessions.next(), sessions.next()) else {
        return None;
    };
    let first = look.wait(session, 1)?;
    let each = look.wait(session, 2)?.saturating_sub(first);
    Some(html! { span.waits data-first=(clock::millis(first)) data-each=(clock::millis(each)) {} })
}

/// The agent's own chats, for the page of a chat.
pub(super) fn own_chats(
    language: Locale,
    agent: &Agent,
    (look, cache): (&Look, &mut LineCache),
) -> Vec<ShownSection> {
    let looks = look
        .lines
        .iter()
        .filter(|(session, _)| agent.serves(session));
    let lines = cache.lines(looks, language);
    let is_own = |row: &RenderedRow| row.holder.as_ref() == Some(&agent.name);
    let (_, rows) = merged(&lines, &LineKind::ByAgent, usize::MAX, is_own);
    let count = rows.len() as u64;
    let title = LineTexts::of(language).mine;
    vec![section(
        language,
        "mine".to_owned(),
        title,
        (count, rows),
        None,
    )]
}

/// The conversations that agents have: first the agent's own ones, then those of each colleague.
fn held(
    language: Locale,
    agent: &Agent,
    lines: &[Arc<RenderedLine>],
    filter: &LineFilter<'_>,
) -> Vec<ShownSection> {
    let texts = LineTexts::of(language);
    let all = lines.iter().flat_map(|line| &line.sections);
    let all = all.filter(|section| section.kind == LineKind::ByAgent);
    let mut holders: Vec<&AgentName> = all
        .flat_map(|section| &section.rows)
        .filter_map(|row| row.holder.as_ref())
        .collect();
    holders.sort_by_key(|holder| (**holder != agent.name, *holder));
    holders.dedup();
    holders
        .into_iter()
        .filter_map(|holder| {
            let fits = |row: &RenderedRow| {
                row.holder.as_ref() == Some(holder)
                    && filter
                        .team
                        .is_none_or(|team| row.team == team || *holder == agent.name)
            };
            let (_, rows) = merged(lines, &LineKind::ByAgent, filter.rows, fits);
            let count = rows.len() as u64;
            let (id, title) = match *holder == agent.name {
                true => ("mine".to_owned(), texts.mine.to_owned()),
                false => (
                    format!("held:{holder}"),
                    fill(texts.of_colleague, &[holder.as_str()]),
                ),
            };
            (count > 0).then(|| section(language, id, &title, (count, rows), None))
        })
        .collect()
}

/// The teams whose lines an agent sees: their own ones first, by name.
fn teams(lines: &[Arc<RenderedLine>], agent: &Agent, filter: &LineFilter<'_>) -> Vec<String> {
    let all = lines.iter().flat_map(|line| &line.sections);
    let mut teams: Vec<String> = all
        .filter_map(|section| match &section.kind {
            LineKind::ForPerson(team) => Some(team.clone()),
            _ => None,
        })
        .filter(|team| filter.team.is_none_or(|only| only == team))
        .filter(|team| agent.may_steer() || agent.takes_from(team))
        .collect();
    teams.sort();
    teams.dedup();
    teams
}

/// The rows of one kind in all sessions, and how many there are. Within a session they keep their order; between sessions,
/// urgent customers come first, then those who have waited longest.
fn merged(
    lines: &[Arc<RenderedLine>],
    kind: &LineKind,
    rows: usize,
    fits: impl Fn(&RenderedRow) -> bool,
) -> (u64, Vec<Shown>) {
    let sections = || {
        let all = lines.iter().flat_map(|line| &line.sections);
        all.filter(|section| section.kind == *kind)
    };
    let count = sections().map(|section| section.count).sum();
    let mut heads: Vec<std::iter::Peekable<_>> = sections()
        .map(|section| section.rows.iter().filter(|row| fits(row)).peekable())
        .collect();
    let mut merged = Vec::new();
    while merged.len() < rows {
        let first = heads.iter_mut().filter_map(|rows| {
            let row = rows.peek()?;
            Some(((Reverse(row.urgent), row.since), rows))
        });
        let Some((_, rows)) = first.min_by_key(|(order, _)| *order) else {
            break;
        };
        merged.extend(rows.next().map(|row| row.shown.clone()));
    }
    (count, merged)
}

fn paused<'a>(lines: &'a [Arc<RenderedLine>], kind: &LineKind) -> Option<&'a LinePause> {
    let sections = lines.iter().flat_map(|line| &line.sections);
    sections
        .filter(|section| section.kind == *kind)
        .find_map(|section| section.paused.as_ref())
}

fn pause_note(language: Locale, pause: &LinePause) -> Markup {
    html! {
        p.problem {
            (fill(CommonTexts::of(language).line_paused, &[&pause.by]))
            @if !pause.text.is_empty() { ": " bdi { (pause.text) } }
        }
    }
}

fn section(
    language: Locale,
    id: String,
    title: &str,
    (count, rows): (u64, Vec<Shown>),
    note: Option<Markup>,
) -> ShownSection {
    let more = count.saturating_sub(rows.len() as u64);
    let head = html! {
        h2 { (title) " " span.count { (count) } }
        @if let Some(note) = note { (note) }
        @if more > 0 {
            button.plain.more data-do="more" { (fill(LineTexts::of(language).more_rows, &[&more.to_string()])) }
        }
    };
    ShownSection {
        id,
        head: shared_html(head),
        rows,
    }
}

/// The names of sessions, which have no spaces.
fn joined(sessions: &[SessionName]) -> String {
    let names: Vec<&str> = sessions.iter().map(SessionName::as_str).collect();
    names.join(" ")
}

/// What is around the sections: the filter, and what can be done with the line as a whole.
pub(in crate::console) fn line_page(
    who: &Who,
    view: &View,
    sessions: &[SessionName],
    teams: &[String],
    parts: &PageParts,
) -> Markup {
    let (common, texts) = (CommonTexts::of(who.language), LineTexts::of(who.language));
    let ViewPage::Line { session, team, .. } = &view.page else {
        return parts.main.clone();
    };
    html! {
        div.bar {
            h1 { (texts.title) }
            button.main data-do="next" accesskey="n" { (texts.take_next) " " kbd { "N" } }
            form.filter method="get" data-filter data-sessions=(joined(sessions)) {
                @if !teams.is_empty() {
                    label { span { (common.team) }
                        select name="team" {
                            option value="*" selected[team.is_none()] { (common.all_teams) }
                            @for one in teams {
                                option value=(one) selected[team.as_ref() == Some(one)] { (one) }
                            }
                        }
                    }
                }
                @if sessions.len() > 1 {
                    label { span { (common.session) }
                        select name="session" {
                            option value="" selected[session.is_none()] { (common.all_sessions) }
                            @for one in sessions {
                                option value=(one) selected[session.as_ref() == Some(one)] { (one) }
                            }
                        }
                    }
                }
            }
            @if who.is_owner() {
                button.plain data-do="pause" data-words=(texts.pause_words) data-confirm=(texts.pause_confirm) { (texts.pause_line) }
                button.plain data-do="resume" { (texts.resume) }
            }
        }
        div.line data-sections="line" data-takeover=(ChatTexts::of(who.language).take_over_confirm) { (parts.main) }
    }
}
