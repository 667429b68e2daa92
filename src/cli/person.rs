//! `waha-sm person`: exports or erases everything that is kept of a person.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::cli::exit::{EXIT_USAGE, print_error};
use crate::cli::redis::{CommandError, with_store};
use crate::clock::Millis;
use crate::config;
use crate::describe::describe;
use crate::history::{ChatNames, FILE_NAME};
use crate::ids::AgentName;
use crate::service::person::persons::{PersonError, Persons};
use crate::settings::RedisSettings;
use crate::store::{AgentRole, Store};
use crate::terminal::{jsonl, line};

/// Why the daemon must be running.
const WHY: &str = "it keeps what is open and remembered in its Redis, and erases the history";
/// How long we wait for the daemon to erase the history.
const ERASED_WITHIN: Duration = Duration::from_secs(20);

#[derive(Debug, Args)]
pub(super) struct PersonArgs {
    #[command(subcommand)]
    command: PersonCommand,
}

#[derive(Debug, Subcommand)]
enum PersonCommand {
    /// Prints everything that is kept of a person as JSON: messages, conversations, notes, ratings, remembered answers
    Export(WhichPerson),
    /// Erases a person from the history and from Redis, and closes their open conversation. It can't be undone; backups, WAHA
    /// and the log keep their own copies
    Erase {
        #[command(flatten)]
        which: WhichPerson,
        /// Don't ask for the number again
        #[arg(long)]
        yes: bool,
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
    let (PersonCommand::Export(which) | PersonCommand::Erase { which, .. }) = &arguments.command;
    if let PersonCommand::Erase { yes: false, .. } = &arguments.command
        && let Err(reason) = confirm(&which.names)
    {
        print_error(&reason);
        return ExitCode::from(EXIT_USAGE);
    }
    with_store("person", &which.redis, WHY, async |store, _| {
        may(store, &which.by).await?;
        let persons = Persons {
            store: store.clone(),
            history: config::data_dir(which.redis.data_dir.as_ref()).join(FILE_NAME),
        };
        match &arguments.command {
            PersonCommand::Export(_) => export(&persons, which).await,
            PersonCommand::Erase { .. } => erase(&persons, which).await,
        }
    })
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

async fn export(persons: &Persons, which: &WhichPerson) -> Result<(), CommandError> {
    let data = persons
        .export(&which.names, &which.by, Millis::now())
        .await?;
    let mut out = io::stdout().lock();
    jsonl(&data, &mut out)?;
    out.flush()?;
    Ok(())
}

async fn erase(persons: &Persons, which: &WhichPerson) -> Result<(), CommandError> {
    let names = &which.names;
    persons.erase(names, &which.by, Millis::now()).await?;
    let said = match persons.is_erased(names, ERASED_WITHIN).await? {
        true => format!("{names} is erased."),
        false => format!(
            "{names} is erased from Redis. The daemon that keeps the history will erase the rest; it seems not to run now."
        ),
    };
    writeln!(io::stdout(), "{}", line(&said))?;
    Ok(())
}

impl From<PersonError> for CommandError {
    fn from(error: PersonError) -> Self {
        match error {
            PersonError::Store(error) => CommandError::Redis(error),
            error => CommandError::Failed(describe(&error)),
        }
    }
}
