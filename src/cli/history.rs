//! `waha-sm history`: prints messages or conversations from the history.

use std::io::{self, Write as _};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use jiff::tz::TimeZone;

use crate::cli::exit::{EXIT_USAGE, exit, fail, print_error};
use crate::cli::format::Format;
use crate::config::DATA_DIR;
use crate::describe::describe;
use crate::history::{FILE_NAME, History, Query, parse_since};

#[derive(Debug, Args)]
pub(super) struct HistoryArgs {
    /// Only this chat, e.g. 5511999990000@c.us
    #[arg(long)]
    chat: Option<String>,
    /// Only this session
    #[arg(long)]
    session: Option<String>,
    /// Only messages since this time: 30m, 2h or 3d ago, 2026-11-22 or 2026-11-22T10:00:00Z
    #[arg(long)]
    since: Option<String>,
    /// Only messages that contain all these words
    #[arg(long, value_name = "WORDS")]
    search: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Print conversations (opened, claimed, closed, outcome) instead of messages
    #[arg(long)]
    conversations: bool,
    /// Directory of the history [default: ./data]
    #[arg(long, env = "DATA_DIR", value_name = "PATH")]
    data_dir: Option<String>,
}

pub(super) fn main(arguments: &HistoryArgs) -> ExitCode {
    let since = match arguments
        .since
        .as_deref()
        .map(|since| parse_since(since, jiff::Timestamp::now()))
    {
        Some(Err(error)) => {
            print_error(&format!("--since: {error}"));
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
        .unwrap_or(DATA_DIR);
    let path = Path::new(directory).join(FILE_NAME);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut written = Ok(());
    let printed = History::open_read_only(&path).and_then(|history| {
        let zone = TimeZone::system();
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
    match printed {
        Err(error) => fail(&describe(&error)),
        Ok(()) => exit(written.and_then(|()| out.flush()), true),
    }
}
