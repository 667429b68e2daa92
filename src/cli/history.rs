//! `waha-sm history`: prints messages, conversations, daily sums or ratings from the history.

mod changes;
mod prune;
mod ratings;

use std::io::{self, IsTerminal as _, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cli::exit::{EXIT_USAGE, exit, fail, print_error};
use crate::cli::redis::who_keeps_history;
use crate::config;
use crate::data_dir;
use crate::describe::describe;
use crate::history::{
    ChangePosition, ChatNames, Conversation, CsvReader, CsvRow, CsvTable, DailySum, FILE_NAME,
    Follower, History, HistoryError, Query, StoredMessage, TimelineItem, parse_since, parse_until,
};
use crate::settings::RedisSettings;

/// With --follow, so many earlier messages are printed first, unless the user says otherwise.
const BEFORE_FOLLOWING: u32 = 10;
/// How often --follow looks for new messages.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(500);

const AFTER_HELP: &str = "Examples:\n  waha-sm history --chat +55 11 90000-0001 --last 20\n  \
    waha-sm history --follow\n  \
    waha-sm history --conversations --since 2026-11-01 --until 2026-11-30 --outcome booked\n  \
    waha-sm history --daily --since 30d --format csv > days.csv\n  \
    waha-sm history --ratings --since 30d\n  \
    waha-sm history prune --dry-run --history-keep 365d\n  \
    waha-sm history --follow --format jsonl --position copied.txt | your-pipeline";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
pub(super) struct HistoryArgs {
    #[command(subcommand)]
    command: Option<HistoryCommand>,
    /// Only this chat: a phone number like +55 11 90000-0001, or a chat id
    #[arg(long, num_args = 1.., value_name = "NUMBER", allow_hyphen_values = false)]
    chat: Vec<String>,
    /// Only this session
    #[arg(long)]
    session: Option<String>,
    /// Only messages since this time: 30m, 2h or 3d ago, 2026-11-22 or 2026-11-22T10:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only messages before this time; a date includes that day
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only the last N of them
    #[arg(long, value_name = "N", conflicts_with = "daily", value_parser = clap::value_parser!(u32).range(1..))]
    last: Option<u32>,
    /// Only messages and notes that contain all these words
    #[arg(long, value_name = "WORDS", conflicts_with = "daily")]
    search: Option<String>,
    /// Only conversations with this outcome, or their messages
    #[arg(long, value_name = "OUTCOME")]
    outcome: Option<String>,
    /// Keep printing new messages until Ctrl+C
    #[arg(long, conflicts_with_all = ["conversations", "daily", "ratings", "until", "outcome"])]
    follow: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = HistoryFormat::Text)]
    format: HistoryFormat,
    /// Print conversations (where they are, outcome, team and agent, how long they took, saved answers) instead of messages
    #[arg(long, conflicts_with_all = ["daily", "ratings"])]
    conversations: bool,
    /// Print the sum of each day: conversations, customers, messages, times, outcomes, teams, agents and ratings
    #[arg(long, conflicts_with = "ratings")]
    daily: bool,
    /// Print how customers rated their conversations, and the mean; --since and --until are about when they did
    #[arg(long)]
    ratings: bool,
    /// For a copy in another system: prints every row that changed since the position in this file (none: all rows), and stores
    /// there how far the output is. A row that changes later comes again. Add --follow and --format jsonl
    #[arg(long, value_name = "FILE", conflicts_with = "after", conflicts_with_all = NOT_WITH_CHANGES)]
    position: Option<PathBuf>,
    /// The same, for a pipeline that stores the position itself: the `position` of the last line that it has, or 0
    #[arg(long, value_name = "POSITION", conflicts_with_all = NOT_WITH_CHANGES)]
    after: Option<ChangePosition>,
    #[command(flatten)]
    redis: RedisSettings,
}

#[derive(Debug, Subcommand)]
enum HistoryCommand {
    /// Removes what is older than HISTORY_KEEP from the history, now; the daemon does it once a day. The daemon must be running
    Prune(prune::PruneArgs),
}

/// A copy has every row.
const NOT_WITH_CHANGES: [&str; 10] = [
    "chat",
    "session",
    "since",
    "until",
    "last",
    "search",
    "outcome",
    "conversations",
    "daily",
    "ratings",
];

#[derive(Clone, Copy, Debug, ValueEnum)]
enum HistoryFormat {
    /// For people
    Text,
    /// One JSON object a line, with all fields
    Jsonl,
    /// For spreadsheets
    Csv,
}

pub(super) fn main(arguments: &HistoryArgs) -> ExitCode {
    if let Some(HistoryCommand::Prune(arguments)) = &arguments.command {
        return prune::main(arguments);
    }
    let query = match query(arguments, Timestamp::now()) {
        Ok(query) => query,
        Err(mistakes) => {
            mistakes.iter().for_each(|mistake| print_error(mistake));
            return ExitCode::from(EXIT_USAGE);
        }
    };
    let wants_changes = arguments.position.is_some() || arguments.after.is_some();
    if wants_changes && !matches!(arguments.format, HistoryFormat::Jsonl) {
        print_error("--position and --after print rows for programs: add --format jsonl");
        return ExitCode::from(EXIT_USAGE);
    }
    let directory = config::data_dir(arguments.redis.data_dir.as_ref());
    if let Some(warning) = data_dir::close_history(&directory) {
        print_error(&warning);
    }
    let path = directory.join(FILE_NAME);
    match History::open_read_only(&path) {
        Err(error) => fail(&kept_elsewhere(&error, &arguments.redis)),
        Ok(_) if wants_changes => changes::print(path, arguments),
        Ok(history) => match unknown(&history, &query) {
            Err(error) => fail(&describe(&error)),
            Ok(Some(reason)) => fail(&reason),
            Ok(None) => print(&history, &query, arguments),
        },
    }
}

/// Why the history can't be read; if it is missing here and another process keeps it, also which one.
fn kept_elsewhere(error: &HistoryError, redis: &RedisSettings) -> String {
    let reason = describe(error);
    match error {
        HistoryError::Missing { .. } => match who_keeps_history(redis) {
            Some(keeper) => format!("{reason}. It is kept by {keeper}: run this command there"),
            None => reason,
        },
        _ => reason,
    }
}

/// What the user asks for.
///
/// # Errors
/// A line for each mistake.
fn query(arguments: &HistoryArgs, now: Timestamp) -> Result<Query, Vec<String>> {
    let mut mistakes = Vec::new();
    let mut read = |flag: &str, parsed: Option<Result<_, String>>| match parsed {
        Some(Err(mistake)) => {
            mistakes.push(format!("{flag}: {mistake}"));
            None
        }
        Some(Ok(time)) => Some(time),
        None => None,
    };
    let since = arguments.since.as_deref();
    let since = since.map(|text| parse_since(text, now).map_err(|error| error.to_string()));
    let since = read("--since", since);
    let until = arguments.until.as_deref();
    let until = until.map(|text| parse_until(text, now).map_err(|error| error.to_string()));
    let until = read("--until", until);
    if let (Some(since), Some(until)) = (since, until)
        && since >= until
    {
        mistakes.push("--until: it is before --since, so nothing is between them".to_owned());
    }
    let mut chat = None;
    if !arguments.chat.is_empty() {
        // The shell splits a number that is written with spaces.
        let text = arguments.chat.join(" ");
        match text.parse::<ChatNames>() {
            Ok(names) => chat = Some(names),
            Err(error) => mistakes.push(format!("--chat: `{text}` is not a chat: {error}")),
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let is_limited = arguments.last.is_some() || since.is_some();
    Ok(Query {
        chat,
        session: arguments.session.clone(),
        since,
        until,
        last: arguments
            .last
            .or((arguments.follow && !is_limited).then_some(BEFORE_FOLLOWING)),
        search: arguments.search.clone(),
        outcome: arguments.outcome.clone(),
        ..Query::default()
    })
}

/// Says so if the history does not know the chat or the session that the user named.
fn unknown(history: &History, query: &Query) -> Result<Option<String>, HistoryError> {
    if let Some(session) = &query.session {
        let known = history.sessions()?;
        if !known.contains(session) {
            let known = match known.is_empty() {
                true => "it has none yet".to_owned(),
                false => format!("it has {}", known.join(", ")),
            };
            return Ok(Some(format!(
                "the history has no session `{session}`: {known}"
            )));
        }
    }
    match &query.chat {
        Some(chat) if !history.knows_chat(chat)? => Ok(Some(format!(
            "the history has no chat {chat}: is the country code there (like 55), and the number right?"
        ))),
        _ => Ok(None),
    }
}

fn print(history: &History, query: &Query, arguments: &HistoryArgs) -> ExitCode {
    let out = io::BufWriter::new(io::stdout().lock());
    let zone = TimeZone::system();
    let printed = if arguments.daily {
        Printer::new::<DailySum>(out, arguments.format, zone.clone()).map(|mut printer| {
            let days = history.daily(query, &zone)?;
            for day in &days {
                if printer.print(day).is_break() {
                    break;
                }
            }
            Ok(printer)
        })
    } else if arguments.ratings {
        return match ratings::print(out, zone, history, query, arguments.format) {
            Err(error) => fail(&describe(&error)),
            Ok(written) => exit(written, true),
        };
    } else if arguments.conversations {
        Printer::new::<Conversation>(out, arguments.format, zone).map(|mut printer| {
            history.conversations(query, |conversation| printer.print(&conversation))?;
            Ok(printer)
        })
    } else {
        Printer::new::<StoredMessage>(out, arguments.format, zone).map(|mut printer| {
            if arguments.follow {
                let follower = history.follow(query, |item| printer.print_item(&item))?;
                follow(follower, &mut printer)?;
            } else {
                history.timeline(query, |item| printer.print_item(&item))?;
            }
            Ok(printer)
        })
    };
    match printed {
        Err(error) => exit(Err(error), true),
        Ok(Err(error)) => {
            let error: HistoryError = error;
            fail(&describe(&error))
        }
        Ok(Ok(printer)) => exit(printer.finish(), true),
    }
}

/// Prints new messages until the output is closed.
fn follow(
    mut follower: Follower<'_>,
    printer: &mut Printer<impl Write>,
) -> Result<(), HistoryError> {
    while printer.flush().is_continue() {
        std::thread::sleep(FOLLOW_INTERVAL);
        follower.look_again(|item| printer.print_item(&item))?;
    }
    Ok(())
}

/// Who reads a table on our standard output.
fn csv_reader() -> CsvReader {
    match io::stdout().is_terminal() {
        true => CsvReader::Person,
        false => CsvReader::Program,
    }
}

/// Something that can be printed in each format.
trait Printed: CsvRow {
    fn text(&self, out: &mut impl Write, zone: &TimeZone) -> io::Result<()>;
    fn jsonl(&self, out: &mut impl Write) -> io::Result<()>;
}

impl Printed for StoredMessage {
    fn text(&self, out: &mut impl Write, zone: &TimeZone) -> io::Result<()> {
        self.write_text(out, zone)
    }

    fn jsonl(&self, out: &mut impl Write) -> io::Result<()> {
        self.write_jsonl(out)
    }
}

impl Printed for Conversation {
    fn text(&self, out: &mut impl Write, zone: &TimeZone) -> io::Result<()> {
        self.write_text(out, zone)
    }

    fn jsonl(&self, out: &mut impl Write) -> io::Result<()> {
        self.write_jsonl(out)
    }
}

impl Printed for DailySum {
    fn text(&self, out: &mut impl Write, _zone: &TimeZone) -> io::Result<()> {
        self.write_text(out)
    }

    fn jsonl(&self, out: &mut impl Write) -> io::Result<()> {
        self.write_jsonl(out)
    }
}

/// Prints one after the other. After the first error it prints nothing more and keeps the error.
struct Printer<W: Write> {
    out: PrinterOutput<W>,
    written: io::Result<()>,
}

enum PrinterOutput<W: Write> {
    Text(W, TimeZone),
    Jsonl(W),
    Csv(Box<CsvTable<W>>),
}

impl<W: Write> Printer<W> {
    fn new<T: Printed>(out: W, format: HistoryFormat, zone: TimeZone) -> io::Result<Self> {
        let out = match format {
            HistoryFormat::Text => PrinterOutput::Text(out, zone),
            HistoryFormat::Jsonl => PrinterOutput::Jsonl(out),
            HistoryFormat::Csv => {
                PrinterOutput::Csv(Box::new(CsvTable::new::<T>(out, zone, csv_reader())?))
            }
        };
        Ok(Self {
            out,
            written: Ok(()),
        })
    }

    fn print(&mut self, one: &impl Printed) -> ControlFlow<()> {
        self.written = match &mut self.out {
            PrinterOutput::Text(out, zone) => one.text(out, zone),
            PrinterOutput::Jsonl(out) => one.jsonl(out),
            PrinterOutput::Csv(table) => table.write(one),
        };
        self.is_working()
    }

    /// Prints a message; an event only for people. A program that reads messages gets only messages: those who want the events
    /// read the conversations.
    fn print_item(&mut self, item: &TimelineItem) -> ControlFlow<()> {
        match (item, &mut self.out) {
            (TimelineItem::Message(message), _) => self.print(&**message),
            (TimelineItem::Event(event), PrinterOutput::Text(out, zone)) => {
                self.written = event.write_text(out, zone);
                self.is_working()
            }
            (TimelineItem::Event(_), _) => ControlFlow::Continue(()),
        }
    }

    fn flush(&mut self) -> ControlFlow<()> {
        if self.written.is_ok() {
            self.written = match &mut self.out {
                PrinterOutput::Text(out, _) | PrinterOutput::Jsonl(out) => out.flush(),
                PrinterOutput::Csv(table) => table.flush(),
            };
        }
        self.is_working()
    }

    fn is_working(&self) -> ControlFlow<()> {
        match self.written {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    fn finish(mut self) -> io::Result<()> {
        let _ = self.flush();
        self.written
    }
}
