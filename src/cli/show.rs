//! `waha-sm show`: one conversation: where it is, what the customer answered, what is unread and unsent, and what was said last.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::process::ExitCode;

use clap::Args;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::cli::customer::{called, find};
use crate::cli::desk::paused;
use crate::cli::elapsed::elapsed;
use crate::cli::exit::print_error;
use crate::cli::format::Format;
use crate::cli::names::session;
use crate::cli::redis::{CommandError, with_store};
use crate::clock::Millis;
use crate::config;
use crate::data_dir;
use crate::describe::describe;
use crate::flow::State;
use crate::history::{ChatNames, FILE_NAME, History, HistoryError, Query, TimelineItem};
use crate::ids::SessionName;
use crate::service::desk;
use crate::settings::RedisSettings;
use crate::store::{ConversationView, LinePause, Store};
use crate::terminal::{jsonl, line, paragraph, time};

/// How much of the past is shown.
const MESSAGES: u32 = 20;
/// How many unread messages and unsent replies are shown.
const COUNT: usize = 50;

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The customer: a phone number like 5511900000001, or a chat id
    chat: ChatNames,
    /// Their conversation in this session
    #[arg(long, value_parser = session)]
    session: Option<SessionName>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    redis: RedisSettings,
}

pub(super) fn main(arguments: &ShowArgs) -> ExitCode {
    let why = "open conversations are kept in its Redis";
    with_store("show", &arguments.redis, why, async |store, _| {
        let (session, now) = (arguments.session.as_ref(), Millis::now());
        let found = find(store, &arguments.chat, session, COUNT, now).await?;
        let past = past(arguments, found.as_ref());
        let pause = match &found {
            Some((session, view)) => pause_of(store, session, view).await?,
            None => None,
        };
        let mut out = io::BufWriter::new(io::stdout().lock());
        match (arguments.format, &found) {
            (_, None) if past.is_empty() => {
                return Err(CommandError::Failed(format!(
                    "there is no conversation of {}: is the country code there (like 55), and the number right?",
                    arguments.chat
                )));
            }
            (Format::Text, found) => {
                let found = found.as_ref().map(|(session, view)| OpenCase {
                    session,
                    view,
                    pause: pause.as_ref(),
                });
                text(&mut out, &arguments.chat, found, &past, now)?;
            }
            (Format::Jsonl, found) => {
                let mut object = to_json(found.as_ref(), &past);
                object["paused"] = json!(pause);
                jsonl(&object, &mut out)?;
            }
        }
        Ok(out.flush()?)
    })
}

/// An open conversation, as it is printed.
struct OpenCase<'a> {
    session: &'a SessionName,
    view: &'a ConversationView,
    /// The pause of its line.
    pause: Option<&'a LinePause>,
}

/// The pause of the line that a conversation is in, or came from: that of the whole session, or of its team.
async fn pause_of(
    store: &Store,
    session: &SessionName,
    view: &ConversationView,
) -> Result<Option<LinePause>, CommandError> {
    let lines = store.paused_lines(session).await?;
    let mut lines = lines.into_iter();
    let line = lines.find(|line| line.team.is_empty() || line.team == view.team);
    Ok(line.map(|line| line.pause))
}

/// What was said last. The history may be on another machine; then there is nothing.
fn past(
    arguments: &ShowArgs,
    found: Option<&(SessionName, ConversationView)>,
) -> Vec<TimelineItem> {
    let directory = config::data_dir(arguments.redis.data_dir.as_ref());
    let path = directory.join(FILE_NAME);
    if !path.exists() {
        return Vec::new();
    }
    if let Some(warning) = data_dir::close_history(&directory) {
        print_error(&warning);
    }
    let session = found
        .map(|(session, _)| session)
        .or(arguments.session.as_ref());
    let chat = match found {
        Some((_, view)) => ChatNames::from(&view.chat),
        None => arguments.chat.clone(),
    };
    let query = Query {
        chat: Some(chat),
        session: session.map(SessionName::to_string),
        last: Some(MESSAGES),
        ..Query::default()
    };
    let mut past = Vec::new();
    let mut read = || -> Result<(), HistoryError> {
        History::open_read_only(&path)?.timeline(&query, |item| {
            past.push(item);
            ControlFlow::Continue(())
        })
    };
    if let Err(error) = read() {
        print_error(&format!("the history can't be read: {}", describe(&error)));
    }
    past
}

fn text(
    out: &mut impl Write,
    names: &ChatNames,
    found: Option<OpenCase<'_>>,
    past: &[TimelineItem],
    now: Millis,
) -> io::Result<()> {
    let zone = TimeZone::system();
    match found {
        Some(shown) => open(out, &shown, now, &zone)?,
        None => writeln!(out, "No conversation of {names} is open.")?,
    }
    if !past.is_empty() {
        writeln!(out, "\nWhat was said last:")?;
    }
    for item in past {
        match item {
            TimelineItem::Message(message) => message.write_text(out, &zone)?,
            TimelineItem::Event(event) => event.write_text(out, &zone)?,
        }
    }
    Ok(())
}

fn open(
    out: &mut impl Write,
    shown: &OpenCase<'_>,
    now: Millis,
    zone: &TimeZone,
) -> io::Result<()> {
    let OpenCase { session, view, .. } = shown;
    let state: Option<State> = serde_json::from_str(&view.state).ok();
    let state = state.as_ref();
    writeln!(
        out,
        "{}, session {session}",
        line(&called(&view.name, &view.chat))
    )?;
    writeln!(out, "{}", line(&stands(view, state, now)))?;
    if let Some(pause) = shown.pause {
        writeln!(out, "{}", line(&paused(pause, now)))?;
    }
    if let Some(id) = &view.id {
        let opened = view.opened.map(|opened| time(opened, zone));
        let opened = opened.unwrap_or_default();
        writeln!(
            out,
            "ticket {}, conversation {id}, opened {opened}",
            view.ticket
        )?;
    }
    let note = state.and_then(State::note).unwrap_or_default();
    if !note.trim().is_empty() {
        writeln!(out, "\nNote:\n    {}", paragraph(note.trim()))?;
    }
    let variables = state.map(State::variables).filter(|them| !them.is_empty());
    if let Some(variables) = variables {
        writeln!(out, "\nVariables:")?;
        for (name, value) in variables {
            writeln!(out, "    {}: {}", line(name), line(value))?;
        }
    }
    if view.unread_count > 0 {
        writeln!(out, "\nUnread messages: {}", view.unread_count)?;
        for one in &view.unread {
            let at = time(Millis::new(one.sent_at), zone);
            writeln!(out, "    {at}  {}", line(&one.shown()))?;
        }
    }
    if view.unsent_count > 0 {
        writeln!(out, "\nUnsent replies: {}", view.unsent_count)?;
        for reply in &view.unsent {
            let by = reply.by.as_deref().unwrap_or("bot");
            let file = if reply.media.is_some() { "[file] " } else { "" };
            let tries = match reply.attempts {
                0 => String::new(),
                tries => format!(" (failed {tries} times)"),
            };
            let at = time(reply.queued_at, zone);
            writeln!(
                out,
                "    {at}  {}: {file}{}{tries}",
                line(by),
                line(&reply.text)
            )?;
        }
    }
    Ok(())
}

/// "Waits for a person of sales for 3 min: place 2, urgent" and the like.
fn stands(view: &ConversationView, state: Option<&State>, now: Millis) -> String {
    let team = match view.team.as_str() {
        "" => String::new(),
        team => format!(" of {team}"),
    };
    let since = view.since.map(|since| elapsed(now.since(since)));
    let since = since
        .map(|since| format!(" for {since}"))
        .unwrap_or_default();
    let place = view.place.map(|place| format!(": place {place}"));
    let place = place.unwrap_or_default();
    let step = match state.and_then(State::step) {
        Some(step) => format!(", at step {step}"),
        None => String::new(),
    };
    let urgent = if view.urgent { ", urgent" } else { "" };
    match view.status.as_str() {
        "handoff" => format!("waits for a person{team}{since}{place}{urgent}{step}"),
        "waiting" => format!("waits for the bot{since}{place}{step}"),
        "active" => format!("the bot attends them{since}{step}"),
        "phone" => format!("the owner attends them from the phone{step}"),
        "agent" => {
            let holder = view
                .holder
                .as_ref()
                .map_or("an agent", |holder| holder.as_str());
            let answered = match view.unanswered_since {
                Some(then) => format!("unanswered for {}", elapsed(now.since(then))),
                None => "answered".to_owned(),
            };
            format!("{holder} attends them{since}, {answered}{urgent}{step}")
        }
        // A later version has one more.
        other => other.to_owned(),
    }
}

/// All of it; times are in Unix milliseconds.
fn to_json(found: Option<&(SessionName, ConversationView)>, past: &[TimelineItem]) -> Value {
    let mut object = found.map_or_else(
        || json!({"status": "closed"}),
        |(session, view)| desk::json::conversation(session, view),
    );
    let item = |item: &TimelineItem| match item {
        TimelineItem::Message(message) => json!(message),
        TimelineItem::Event(event) => json!(event),
    };
    object["past"] = past.iter().map(item).collect();
    object
}
