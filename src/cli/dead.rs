//! `waha-sm dead`: lists dead replies (we gave up sending them), sends them again, or deletes them.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::tz::TimeZone;

use crate::cli::exit::{EXIT_USAGE, fail, print_error, wrong};
use crate::cli::format::Format;
use crate::cli::redis;
use crate::config::RedisConfig;
use crate::ids::SessionName;
use crate::service::dead::dead_replies::{self, DeadAction, DeadDone, DeadFilter, OfSession};
use crate::service::dead::json;
use crate::settings::RedisSettings;
use crate::store::{self, Store};
use crate::terminal::{cut, jsonl, line, time};
use crate::{describe::describe, runtime};

/// The table shows this many characters of a reason and of a text; `--format jsonl` shows all.
const REASON_MAX: usize = 60;
const TEXT_MAX: usize = 60;

#[derive(Debug, Args)]
pub(super) struct DeadArgs {
    #[command(subcommand)]
    command: DeadCommand,
}

#[derive(Debug, Subcommand)]
enum DeadCommand {
    /// Lists dead replies: id, time, session, chat, reason and text
    List {
        #[command(flatten)]
        which: DeadSelection,
        /// Output format
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        #[command(flatten)]
        redis: RedisSettings,
    },
    /// Sends dead replies again, in order, after the replies that already wait in their chats
    Retry(DeadChoice),
    /// Deletes dead replies; the history keeps them, marked as failed
    Drop(DeadChoice),
}

#[derive(Debug, Args)]
struct DeadChoice {
    #[command(flatten)]
    which: DeadSelection,
    /// All dead replies
    #[arg(long, conflicts_with_all = ["chat", "id", "session"])]
    all: bool,
    #[command(flatten)]
    redis: RedisSettings,
}

/// Which dead replies. All given conditions must match.
#[derive(Debug, Args)]
struct DeadSelection {
    /// Only replies to this chat, e.g. 5511999990000 or 5511999990000@c.us
    #[arg(long)]
    chat: Option<String>,
    /// Only the reply with this id (from `list`); can be given several times
    #[arg(long)]
    id: Vec<String>,
    /// Only replies of this session
    #[arg(long)]
    session: Option<String>,
}

impl DeadSelection {
    fn is_nothing(&self) -> bool {
        self.chat.is_none() && self.id.is_empty() && self.session.is_none()
    }

    fn filter(&self) -> DeadFilter {
        DeadFilter {
            chat: self.chat.clone(),
            ids: self.id.clone(),
            sessions: self
                .session
                .iter()
                .map(|only| SessionName::stored(only.as_str()))
                .collect(),
            until: None,
        }
    }
}

pub(super) fn main(arguments: &DeadArgs) -> ExitCode {
    let (DeadCommand::List { which, redis, .. }
    | DeadCommand::Retry(DeadChoice { which, redis, .. })
    | DeadCommand::Drop(DeadChoice { which, redis, .. })) = &arguments.command;
    if let DeadCommand::Retry(action) | DeadCommand::Drop(action) = &arguments.command
        && which.is_nothing()
        && !action.all
    {
        print_error(
            "choose which dead replies: --chat CHAT, --id ID or --session SESSION (several: all must match), or --all",
        );
        return ExitCode::from(EXIT_USAGE);
    }
    let config = match RedisConfig::read(redis) {
        Ok(config) => config,
        Err(mistakes) => return wrong(&mistakes),
    };
    let runtime = match runtime::start("dead", None, 1) {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("can't start: {error}")),
    };
    let done = runtime.block_on(async {
        let store = redis::connect(config, "dead replies are kept in its Redis").await?;
        let found = dead_replies::find(&store, &which.filter())
            .await
            .map_err(|error| failed(&error))?;
        let done = act(&store, &arguments.command, found).await;
        store.close().await;
        done
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => fail(&reason),
    }
}

fn failed(error: &store::StoreError) -> String {
    format!("Redis failed: {}; try again", describe(error))
}

async fn act(store: &Store, command: &DeadCommand, found: Vec<OfSession>) -> Result<(), String> {
    let mut out = io::stdout().lock();
    let action = match command {
        DeadCommand::List { .. } => None,
        DeadCommand::Retry(_) => Some(DeadAction::Retry),
        DeadCommand::Drop(_) => Some(DeadAction::Drop),
    };
    let DeadDone { done, unreadable } = match action {
        Some(action) => dead_replies::act(store, action, &found)
            .await
            .map_err(|half| {
                format!(
                    "{}; {} were done before that",
                    failed(&half.error),
                    half.done
                )
            })?,
        None => DeadDone::default(),
    };
    let nothing = found.is_empty();
    let written = match command {
        DeadCommand::List {
            format: Format::Text,
            ..
        } if nothing => {
            writeln!(out, "There are no dead replies.")
        }
        DeadCommand::List { format, .. } => list(&mut out, *format, &found),
        _ if nothing => return Err("no dead reply matches: see `waha-sm dead list`".to_owned()),
        DeadCommand::Retry(_) => writeln!(out, "{done} will be sent again."),
        DeadCommand::Drop(_) => writeln!(out, "{done} dropped."),
    };
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            return Err(format!("can't write the output: {error}"));
        }
        _ => {}
    }
    if unreadable > 0 {
        return Err(format!(
            "{unreadable} can't be read and were not sent; perhaps a newer version wrote them. `waha-sm dead list` shows them, \
             `waha-sm dead drop` deletes them"
        ));
    }
    Ok(())
}

fn list(out: &mut impl Write, format: Format, found: &[OfSession]) -> io::Result<()> {
    let zone = TimeZone::system();
    if matches!(format, Format::Text) {
        writeln!(
            out,
            "{:<18}  {:<19}  {:<12}  {:<18}  REASON: TEXT",
            "ID", "GIVEN UP", "SESSION", "CHAT"
        )?;
    }
    for (session, letters) in found {
        for letter in letters {
            match format {
                Format::Text => {
                    let at = letter.at().map(|at| time(at, &zone)).unwrap_or_default();
                    let text = match &letter.reply {
                        Ok(reply) => {
                            let by = reply.by.as_ref().map(|by| format!(" (by {})", line(by)));
                            cut(&reply.text, TEXT_MAX) + &by.unwrap_or_default()
                        }
                        Err(_) => "(can't be read)".to_owned(),
                    };
                    writeln!(
                        out,
                        "{:<18}  {at:<19}  {:<12}  {:<18}  {}: {text}",
                        line(&letter.id),
                        line(session.as_str()),
                        line(letter.chat.as_str()),
                        cut(&letter.reason, REASON_MAX),
                    )?;
                }
                Format::Jsonl => jsonl(&json::dead_reply(session, letter), out)?,
            }
        }
    }
    Ok(())
}
