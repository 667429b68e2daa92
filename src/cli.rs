//! The command line: what the user typed, and the exit code they get.

mod dead;
mod flow;
mod redis;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::tz::TimeZone;

use crate::config::{self, Config, Mistakes, Role};
use crate::history::{self, History, Query};
use crate::settings::Settings;
use crate::{app, describe, health};

/// Wrong settings or a wrong command line (sysexits.h, `EX_USAGE`).
const EXIT_USAGE: u8 = 64;
const EXIT_FAILURE: u8 = 1;

/// A customer service queue for WhatsApp, behind WAHA: customers wait in line, hear their place, and are served by a flow or
/// by a person.
#[derive(Debug, Parser)]
#[command(name = "waha-sm", version, about, after_help = AFTER_HELP)]
pub struct Cli {
    #[command(subcommand)]
    command: CliCommand,
}

const AFTER_HELP: &str = "Every setting is a flag and an environment variable; see `waha-sm all --help`.\n\
    Example: WEBHOOK_HMAC_SECRET=... WAHA_API_KEY=... waha-sm all --workers 4";

#[derive(Debug, Subcommand)]
enum CliCommand {
    /// Runs everything in one process: takes webhooks, handles conversations, keeps the history
    All(Settings),
    /// Takes webhooks and keeps the history; `work` processes on the same Redis do the rest
    Serve(Settings),
    /// Handles conversations and sends replies and notices; needs REDIS_URL
    Work(Settings),
    /// Prints the history, also while the daemon runs
    History(HistoryArgs),
    /// Lists replies that could not be sent, sends them again or drops them, while the daemon runs
    Dead(dead::DeadArgs),
    /// Checks, tries, tests, draws and reloads flows
    Flow(flow::FlowArgs),
    /// Asks the daemon on LISTEN whether it is ready: exit code 0 if it is, 1 if not (for HEALTHCHECK)
    Health(HealthArgs),
}

#[derive(Debug, Args)]
struct HistoryArgs {
    /// Only this chat, e.g. 5511999990000@c.us
    #[arg(long)]
    chat: Option<String>,
    /// Only this session
    #[arg(long)]
    session: Option<String>,
    /// Only messages since then: 30m, 2h, 3d, 2026-11-22 or 2026-11-22T10:00:00Z
    #[arg(long)]
    since: Option<String>,
    /// Only messages that have all these words
    #[arg(long, value_name = "WORDS")]
    search: Option<String>,
    /// The form of the output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Print conversations (opened, claimed, closed, outcome) instead of messages
    #[arg(long)]
    conversations: bool,
    /// Directory of the history [default: ./data]
    #[arg(long, env = "DATA_DIR", value_name = "PATH")]
    data_dir: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Text,
    Jsonl,
}

#[derive(Debug, Args)]
struct HealthArgs {
    /// Where the daemon listens [default: 0.0.0.0:8080]
    #[arg(long, env = "LISTEN", value_name = "ADDRESS:PORT")]
    listen: Option<String>,
}

/// Runs the command line `arguments`, the program's name first. The whole of `main`, so that examples and tests
/// can be the daemon too.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are errors to clap, too, that belong on standard output.
            let _ = error.print();
            return if error.use_stderr() {
                ExitCode::from(EXIT_USAGE)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    match cli.command {
        CliCommand::All(settings) => daemon(Role::All, &settings),
        CliCommand::Serve(settings) => daemon(Role::Serve, &settings),
        CliCommand::Work(settings) => daemon(Role::Work, &settings),
        CliCommand::History(arguments) => print_history(&arguments),
        CliCommand::Dead(arguments) => dead::main(&arguments),
        CliCommand::Flow(arguments) => flow::main(&arguments),
        CliCommand::Health(arguments) => check_health(&arguments),
    }
}

fn daemon(role: Role, settings: &Settings) -> ExitCode {
    let config = match Config::read(role, settings) {
        Ok(config) => config,
        Err(mistakes) => return wrong(&mistakes),
    };
    match app::run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&describe(&error)),
    }
}

fn print_history(arguments: &HistoryArgs) -> ExitCode {
    let since = match arguments
        .since
        .as_deref()
        .map(|since| history::parse_since(since, jiff::Timestamp::now()))
    {
        Some(Err(error)) => {
            complain(&format!("--since: {error}"));
            return ExitCode::from(EXIT_USAGE);
        }
        Some(Ok(since)) => Some(since),
        None => None,
    };
    let query = Query {
        chat: arguments.chat.clone(),
        session: arguments.session.clone(),
        since,
        search: arguments.search.clone(),
    };
    let directory = arguments
        .data_dir
        .as_deref()
        .filter(|path| !path.is_empty())
        .unwrap_or(crate::config::DATA_DIR);
    let path = Path::new(directory).join(history::FILE_NAME);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut written = Ok(());
    let printed = History::open_read_only(&path).and_then(|history| {
        let zone = TimeZone::system();
        // The reader may stop reading: `waha-sm history | head`.
        if arguments.conversations {
            history.conversations(&query, |conversation| {
                written = match arguments.format {
                    Format::Text => conversation.write_text(&mut out, &zone),
                    Format::Jsonl => conversation.write_jsonl(&mut out),
                };
                if written.is_ok() {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            })
        } else {
            history.messages(&query, |message| {
                written = match arguments.format {
                    Format::Text => message.write_text(&mut out, &zone),
                    Format::Jsonl => message.write_jsonl(&mut out),
                };
                if written.is_ok() {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            })
        }
    });
    match (printed, written.and_then(|()| out.flush())) {
        (Err(error), _) => fail(&describe(&error)),
        (Ok(()), Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => {
            fail(&format!("can't write the output: {error}"))
        }
        (Ok(()), _) => ExitCode::SUCCESS,
    }
}

fn check_health(arguments: &HealthArgs) -> ExitCode {
    let address = match config::listen(arguments.listen.as_ref()) {
        Ok(address) => address,
        Err(mistakes) => return wrong(&mistakes),
    };
    match health::check(address) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => fail(&reason),
    }
}

fn wrong(Mistakes(mistakes): &Mistakes) -> ExitCode {
    mistakes.iter().for_each(|mistake| complain(mistake));
    ExitCode::from(EXIT_USAGE)
}

fn fail(reason: &str) -> ExitCode {
    complain(reason);
    ExitCode::from(EXIT_FAILURE)
}

fn complain(what: &str) {
    // Standard error is where a person or a supervisor looks; if it is closed, nobody does.
    let _ = writeln!(io::stderr(), "waha-sm: {what}");
}
