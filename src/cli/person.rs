//! `waha-sm person`: exports or erases everything that is kept of a person.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{OpenOptions, Permissions};
use std::io::{self, IsTerminal as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cli::exit::{EXIT_USAGE, exit, fail, print_error};
use crate::cli::flow::source::FlowOptions;
use crate::cli::redis::{CommandError, with_store};
use crate::clock::Millis;
use crate::config;
use crate::describe::describe;
use crate::flow::Script;
use crate::flows::Flows;
use crate::history::{ChatNames, FILE_NAME, History};
use crate::ids::{AgentName, SessionName};
use crate::service::person::bytes_left::files_with;
use crate::service::person::person_zip::person_zip;
use crate::service::person::persons::{ErasurePatience, ErasureStep, PersonError, Persons};
use crate::settings::RedisSettings;
use crate::store::{AgentRole, FilesWritten, Store};
use crate::terminal::line;

/// Why the daemon must be running.
const WHY: &str = "it keeps what is open and remembered in its Redis, and erases the history";
/// How long we wait for the daemon to erase the history. A backup of a large history takes a minute.
const PATIENCE: ErasurePatience = ErasurePatience {
    alive: Duration::from_secs(180),
    gone: Duration::from_secs(20),
};

#[derive(Debug, Args)]
pub(super) struct PersonArgs {
    #[command(subcommand)]
    command: PersonCommand,
}

#[derive(Debug, Subcommand)]
enum PersonCommand {
    /// Writes everything that is kept of a person into a zip, as JSON and as a page that people can read and print: messages, conversations,
    /// notes, ratings, remembered answers, and what waits to be read or sent
    Export {
        #[command(flatten)]
        which: WhichPerson,
        /// The file; without it, the zip goes to the standard output
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// The flow, for the language and the time zone of the page; or a directory with `default.toml`
        #[arg(long, env = "FLOW_FILE", value_name = "PATH")]
        flow_file: Option<PathBuf>,
        #[command(flatten)]
        flow: FlowOptions,
    },
    /// Erases a person from the history and from Redis, with all bytes that their files have, and closes their open conversation. It can't be
    /// undone; backups, WAHA, the phones and the log keep their own copies
    Erase {
        #[command(flatten)]
        which: WhichPerson,
        /// Don't ask for the number again
        #[arg(long)]
        yes: bool,
    },
    /// Says whether a number was erased, when and by whom, although the history does not have the number any more; without a number, when
    /// anybody was. Exits with 1 if it was not
    Erased {
        /// A phone number like "+55 11 90000-0001", or a chat id
        #[arg(value_name = "NUMBER")]
        names: Option<ChatNames>,
        /// Directory of the history
        #[arg(long, env = "DATA_DIR", value_name = "PATH")]
        data_dir: Option<OsString>,
    },
}

#[derive(Debug, Args)]
struct WhichPerson {
    /// A phone number like "+55 11 90000-0001", or a chat id
    #[arg(value_name = "NUMBER")]
    names: ChatNames,
    /// The owner who decides it
    #[arg(long = "as", value_name = "AGENT", default_value = "owner")]
    by: AgentName,
    #[command(flatten)]
    redis: RedisSettings,
}

pub(super) fn main(arguments: &PersonArgs) -> ExitCode {
    match &arguments.command {
        PersonCommand::Erased { names, data_dir } => {
            erased(names.as_ref(), &config::data_dir(data_dir.as_ref()))
        }
        PersonCommand::Export { output: None, .. } if io::stdout().is_terminal() => {
            print_error(
                "the zip can't be shown here: write `> person.zip` after the command, or add --output person.zip",
            );
            ExitCode::from(EXIT_USAGE)
        }
        PersonCommand::Export {
            which,
            output,
            flow_file,
            flow,
        } => match script(flow_file.as_deref(), flow) {
            Err(reason) => fail(&reason),
            Ok(script) => run(which, async |persons| {
                export(persons, which, output.as_deref(), &script).await
            }),
        },
        PersonCommand::Erase { which, yes } => {
            if !yes && let Err(reason) = confirm(&which.names) {
                print_error(&reason);
                return ExitCode::from(EXIT_USAGE);
            }
            run(which, async |persons| erase(persons, which).await)
        }
    }
}

/// Runs the work of an owner.
fn run(
    which: &WhichPerson,
    work: impl AsyncFnOnce(&Persons) -> Result<(), CommandError>,
) -> ExitCode {
    with_store("person", &which.redis, WHY, async |store, _| {
        may(store, &which.by).await?;
        let persons = Persons {
            store: store.clone(),
            history: config::data_dir(which.redis.data_dir.as_ref()).join(FILE_NAME),
        };
        work(&persons).await
    })
}

/// The flow whose language and time zone the page has.
///
/// # Errors
/// Why it can't be read: a line.
fn script(file: Option<&Path>, options: &FlowOptions) -> Result<Arc<Script>, String> {
    let file = file.filter(|file| !file.as_os_str().is_empty());
    let flows = Flows::load(file, options.locale).map_err(|mistakes| {
        format!(
            "the flow can't be read (FLOW_FILE): {}",
            mistakes.join("; ")
        )
    })?;
    Ok(flows.of(&SessionName::none()))
}

/// Asks for the number again, because a wrong one could be another customer's.
///
/// # Errors
/// The reason why nothing may be erased.
fn confirm(names: &ChatNames) -> Result<(), String> {
    if !io::stdin().is_terminal() {
        return Err(
            "this erases a person and can't be undone: add --yes if you are sure of the number"
                .to_owned(),
        );
    }
    let mut typed = String::new();
    let asked = write!(
        io::stderr(),
        "This erases {} and can't be undone. Type the number again: ",
        line(&names.to_string())
    );
    let read = asked.and_then(|()| io::stdin().read_line(&mut typed));
    match (read, typed.parse::<ChatNames>()) {
        (Ok(_), Ok(again)) if again == *names => Ok(()),
        _ => Err("that is not the same number: nothing was erased".to_owned()),
    }
}

/// Only an owner may.
async fn may(store: &Store, by: &AgentName) -> Result<(), CommandError> {
    match store.agent(by).await? {
        Some(agent) if agent.role == AgentRole::Owner && !agent.off => Ok(()),
        _ => Err(CommandError::Failed(format!(
            "{by} is no owner: only an owner exports or erases a person"
        ))),
    }
}

async fn export(
    persons: &Persons,
    which: &WhichPerson,
    output: Option<&Path>,
    script: &Script,
) -> Result<(), CommandError> {
    let now = Millis::now();
    let data = persons.export(&which.names, &which.by, now).await?;
    let zip =
        person_zip(&data, script, now).map_err(|error| CommandError::Failed(describe(&error)))?;
    let Some(file) = output else {
        let mut out = io::stdout().lock();
        out.write_all(&zip)?;
        return Ok(out.flush()?);
    };
    // Only for its owner, like all data of customers.
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options.open(file).and_then(|mut open| {
        // It may have been there before. A pipe needs no mode.
        if open.metadata()?.is_file() {
            open.set_permissions(Permissions::from_mode(0o600))?;
        }
        open.write_all(&zip)?;
        open.sync_all()
    });
    written.map_err(|error| {
        CommandError::Failed(format!(
            "can't write {}: {error}",
            line(&file.display().to_string())
        ))
    })?;
    writeln!(
        io::stdout(),
        "{} has {} messages and {} conversations of {}.",
        line(&file.display().to_string()),
        data.messages.len(),
        data.conversations.len(),
        line(&which.names.to_string())
    )?;
    Ok(())
}

/// Prints when somebody was erased.
fn erased(names: Option<&ChatNames>, directory: &Path) -> ExitCode {
    let history = History::open_read_only(&directory.join(FILE_NAME));
    let found = match history.and_then(|history| history.erasures(names)) {
        Ok(found) => found,
        Err(error) => return fail(&describe(&error)),
    };
    if found.is_empty() {
        return fail(&match names {
            Some(names) => format!(
                "{} was not erased from this history",
                line(&names.to_string())
            ),
            None => "nobody was erased from this history".to_owned(),
        });
    }
    let mut lines = String::new();
    let mut said = BTreeSet::new();
    for one in found {
        // A number may be in the history under several ids, each with its hash.
        if names.is_some() && !said.insert(one.at) {
            continue;
        }
        let at = Timestamp::from_millisecond(one.at.as_i64()).unwrap_or_default();
        let at = at
            .to_zoned(TimeZone::system())
            .strftime("%Y-%m-%d %H:%M:%S %:z");
        lines += &format!("{at}  erased by {}  {}\n", line(&one.by), one.hash);
    }
    exit(io::stdout().write_all(lines.as_bytes()), true)
}

async fn erase(persons: &Persons, which: &WhichPerson) -> Result<(), CommandError> {
    let names = &which.names;
    let now = Millis::now();
    let tell = |step: ErasureStep| {
        // If standard error is closed, there is no other place for it.
        let _ = writeln!(io::stderr(), "{}", step_in_words(step));
    };
    let erased = persons.erase(names, &which.by, now, PATIENCE, tell).await?;
    let mut out = io::stdout();
    let said = match erased.history {
        true => format!("{names} is erased."),
        false => format!(
            "{names} is erased from Redis. The daemon that keeps the history erases the rest as soon as it can; it seems not to run \
             now, or somebody reads the history. Run this again to see whether it is done."
        ),
    };
    writeln!(out, "{}", line(&said))?;
    let mut is_whole = erased.history && !erased.wrote_again;
    is_whole &= matches!(erased.redis, FilesWritten::Done { .. });
    match erased.redis {
        FilesWritten::Done {
            has_replicas: false,
        } => {}
        FilesWritten::Done { has_replicas: true } => writeln!(
            out,
            "Redis has written its files again without them. Its replicas have files of their own: run BGREWRITEAOF there."
        )?,
        FilesWritten::Refused(reason) => writeln!(
            out,
            "Redis does not write its files again for us ({}): its append-only file has what was deleted until somebody runs BGREWRITEAOF.",
            line(&reason)
        )?,
    }
    let directory = config::data_dir(which.redis.data_dir.as_ref());
    let left = match erased.wrote_again {
        true => {
            writeln!(
                out,
                "They wrote while they were erased, and are a new customer now: run this again to erase that, too."
            )?;
            Vec::new()
        }
        // While the history still has them, it is no news.
        false if !erased.history => Vec::new(),
        false => files_with(&directory, &erased.chats),
    };
    is_whole &= left.is_empty();
    for file in left {
        writeln!(
            out,
            "The number is still in {}: in a message of somebody else, or in a copy that was moved aside. Look at it, and delete a copy.",
            line(&file.display().to_string())
        )?;
    }
    writeln!(
        out,
        "What this can't reach keeps its own copies: WAHA and its storage, WhatsApp on your phones and on theirs, the log, backups, and the chat \
         to which notices to the owner go."
    )?;
    match is_whole {
        true => Ok(()),
        false => Err(CommandError::Failed(
            "something of this person is left: do what is said above".to_owned(),
        )),
    }
}

fn step_in_words(step: ErasureStep) -> &'static str {
    match step {
        ErasureStep::Redis => {
            "Redis: erased. Now the daemon erases the history and writes its file again."
        }
        ErasureStep::History => "History: erased. Now Redis writes its files again.",
        ErasureStep::RedisFiles => "Redis: its files are done.",
    }
}

impl From<PersonError> for CommandError {
    fn from(error: PersonError) -> Self {
        match error {
            PersonError::Store(error) => CommandError::Redis(error),
            error => CommandError::Failed(describe(&error)),
        }
    }
}
