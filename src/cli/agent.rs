//! `waha-sm agent`: the people who answer customers: adds, changes and lists them, takes them out of service, and lets them
//! into the console.

mod link;
mod list;
mod token;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::cli::desk::FlowPlace;
use crate::cli::exit::print_error;
use crate::cli::format::Format;
use crate::cli::names::{session, team};
use crate::cli::redis::{CommandError, with_store};
use crate::clock::Millis;
use crate::ids::{AgentName, SessionName};
use crate::service::accounts::accounts::Accounts;
use crate::service::accounts::staff::{Saved, StaffChange, StaffRefusal};
use crate::settings::{ConsoleAddressSettings, RedisSettings};
use crate::store::{Agent, AgentRole, Store};
use crate::terminal::jsonl;

const AFTER_HELP: &str = "Examples:\n  waha-sm agent add ana --team sales --session shop\n  \
    waha-sm agent add ana --max-chats 4     (changes only this)\n  \
    waha-sm agent passwd ana                (a new link to set a password)\n  \
    waha-sm agent token ana --label till    (a token for a script)\n  \
    waha-sm agent off ana";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct AgentArgs {
    #[command(subcommand)]
    command: AgentCommand,
}

#[derive(Debug, Subcommand)]
enum AgentCommand {
    /// Adds an agent and prints a link to set a password, or changes what you give of one; also puts one who is off back in
    /// service
    Add(AddArgs),
    /// Lists the agents: who is present, and who has a password for the console
    List {
        /// Output format
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        #[command(flatten)]
        redis: RedisSettings,
    },
    /// Takes the password of an agent away, ends their logins, and prints a new link to set one
    Passwd {
        #[command(flatten)]
        who: WhichAgent,
        #[command(flatten)]
        console: ConsoleAddressSettings,
    },
    /// Makes an agent an owner or an attendant
    Role {
        #[command(flatten)]
        who: WhichAgent,
        /// owner: may also move customers and pause the line; attendant: serves customers
        #[arg(value_enum)]
        role: RoleChoice,
    },
    /// Takes an agent out of service: they take nothing more, all their customers go back to the line, and their logins and API
    /// tokens end
    Off {
        #[command(flatten)]
        who: WhichAgent,
    },
    /// Lists, makes and revokes the API tokens of an agent, for scripts that use the console
    Token(token::TokenArgs),
}

#[derive(Debug, Args)]
struct AddArgs {
    #[command(flatten)]
    who: WhichAgent,
    /// owner: may also move customers and pause the line; attendant: serves customers [default: attendant]
    #[arg(long, value_enum)]
    role: Option<RoleChoice>,
    /// Takes from the line of this team; can be given several times [default: all lines]
    #[arg(long, value_name = "TEAM", value_parser = team)]
    team: Vec<String>,
    /// Takes from all lines again
    #[arg(long, conflicts_with = "team")]
    all_teams: bool,
    /// Serves the customers of this session; can be given several times [default: all sessions]
    #[arg(long, value_name = "SESSION", value_parser = session)]
    session: Vec<SessionName>,
    /// Serves all sessions again
    #[arg(long, conflicts_with = "session")]
    all_sessions: bool,
    /// How many conversations they may hold at once [default: 8]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=1000))]
    max_chats: Option<u32>,
    #[command(flatten)]
    flow: FlowPlace,
    #[command(flatten)]
    console: ConsoleAddressSettings,
}

/// What the commands about one agent need.
#[derive(Debug, Args)]
struct WhichAgent {
    /// The agent's name, like ana or maria.silva
    name: AgentName,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    redis: RedisSettings,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleChoice {
    Owner,
    Attendant,
}

impl From<RoleChoice> for AgentRole {
    fn from(choice: RoleChoice) -> Self {
        match choice {
            RoleChoice::Owner => AgentRole::Owner,
            RoleChoice::Attendant => AgentRole::Attendant,
        }
    }
}

pub(super) fn main(arguments: &AgentArgs) -> ExitCode {
    let (AgentCommand::Add(AddArgs {
        who: WhichAgent { redis, .. },
        ..
    })
    | AgentCommand::List { redis, .. }
    | AgentCommand::Passwd {
        who: WhichAgent { redis, .. },
        ..
    }
    | AgentCommand::Role {
        who: WhichAgent { redis, .. },
        ..
    }
    | AgentCommand::Off {
        who: WhichAgent { redis, .. },
    }
    | AgentCommand::Token(token::TokenArgs { redis, .. })) = &arguments.command;
    let why = "agents are kept in its Redis";
    with_store("agent", redis, why, async |store, _| {
        let accounts = Accounts::new(store.clone());
        match &arguments.command {
            AgentCommand::Add(wanted) => add(store, &accounts, wanted).await,
            AgentCommand::List { format, .. } => list::list(store, *format).await,
            AgentCommand::Passwd { who, console } => passwd(store, &accounts, who, console).await,
            AgentCommand::Role { who, role } => change_role(&accounts, who, *role).await,
            AgentCommand::Off { who } => off(store, &accounts, who).await,
            AgentCommand::Token(wanted) => {
                let agent = known(store, &wanted.name).await?;
                token::token(&accounts, &agent, wanted).await
            }
        }
    })
}

async fn add(store: &Store, accounts: &Accounts, wanted: &AddArgs) -> Result<(), CommandError> {
    let WhichAgent { name, format, .. } = &wanted.who;
    let console = link::address(&wanted.console)?;
    let change = StaffChange {
        role: wanted.role.map(AgentRole::from),
        teams: (wanted.all_teams || !wanted.team.is_empty()).then(|| wanted.team.clone()),
        sessions: (wanted.all_sessions || !wanted.session.is_empty())
            .then(|| wanted.session.clone()),
        max_chats: wanted.max_chats,
    };
    let owner = AgentName::owner();
    let saved = accounts.save_agent(name, change, &owner);
    let (agent, saved) = saved.await?.map_err(|refusal| not_done(name, refusal))?;
    let (result, done) = match saved {
        Saved::Added => ("added", "was added"),
        Saved::Back => ("back", "is back in service"),
        Saved::Same => ("same", "is there already and stays as it was"),
        Saved::Changed => ("changed", "was changed"),
    };
    let needs_link = matches!(result, "added" | "back") && !accounts.has_password(name).await?;
    let link = match &console {
        Some(console) if needs_link => {
            let token = accounts.invite(name, Millis::now()).await?;
            Some(link::link(console, &token))
        }
        _ => None,
    };
    let mut out = io::stdout();
    match format {
        Format::Text => {
            writeln!(out, "{name} {done}: {}.", described(&agent))?;
            if let Some(link) = &link {
                link::print(name, link)?;
            }
        }
        Format::Jsonl => jsonl(
            &json!({"result": result, "agent": fields(&agent), "link": link}),
            &mut out,
        )?,
    }
    if needs_link && console.is_none() {
        print_error(&format!(
            "{}; then: `waha-sm agent passwd {name}`",
            link::NO_CONSOLE
        ));
    }
    warn_of_unknown(store, &agent, &wanted.flow).await
}

/// Names that are typed wrong would only look like lines where nobody waits.
async fn warn_of_unknown(
    store: &Store,
    agent: &Agent,
    flow: &FlowPlace,
) -> Result<(), CommandError> {
    let seen = store.sessions().await?;
    for session in agent.sessions.iter().filter(|one| !seen.contains(one)) {
        print_error(&format!(
            "no event of a session `{session}` has come yet: is its name right?"
        ));
    }
    match flow.read() {
        Ok(Some(flows)) => {
            let flows = flows.loaded();
            for team in agent.teams.iter().filter(|team| !flows.has_team(team)) {
                print_error(&format!(
                    "the flow has no team `{team}`: is its name right?"
                ));
            }
        }
        Ok(None) => {}
        Err(mistakes) => print_error(&format!(
            "the teams can't be checked, because the flow has mistakes: {mistakes}"
        )),
    }
    Ok(())
}

/// "attendant, takes from sales and support, in all sessions, at most 8 conversations at once"
fn described(agent: &Agent) -> String {
    let teams = match agent.teams.is_empty() {
        true => "all lines".to_owned(),
        false => agent.teams.join(" and "),
    };
    let sessions = match &agent.sessions[..] {
        [] => "all sessions".to_owned(),
        [one] => format!("session {one}"),
        several => format!("sessions {}", joined(several, " and ")),
    };
    let conversations = match agent.max_chats {
        1 => "conversation",
        _ => "conversations",
    };
    format!(
        "{}, takes from {teams}, in {sessions}, at most {} {conversations} at once",
        role(agent),
        agent.max_chats
    )
}

/// What the user sets of an agent.
fn fields(agent: &Agent) -> serde_json::Value {
    json!({
        "name": agent.name,
        "role": role(agent),
        "teams": agent.teams,
        "sessions": agent.sessions,
        "max_chats": agent.max_chats,
        "off": agent.off,
    })
}

fn role(agent: &Agent) -> &'static str {
    match agent.role {
        AgentRole::Owner => "owner",
        AgentRole::Attendant => "attendant",
    }
}

/// Why it is not done, and what to do instead.
fn not_done(name: &AgentName, refusal: StaffRefusal) -> CommandError {
    match refusal {
        StaffRefusal::OwnerStays => CommandError::Usage(
            "`owner` always has the role owner: add an agent with another name".to_owned(),
        ),
        StaffRefusal::NoAgent => CommandError::Failed(format!(
            "there is no agent `{name}`: see `waha-sm agent list`"
        )),
        refusal => CommandError::Usage(refusal.to_string()),
    }
}

fn joined(names: &[SessionName], between: &str) -> String {
    let names: Vec<&str> = names.iter().map(SessionName::as_str).collect();
    names.join(between)
}

/// The agent with this name, who must be there.
async fn known(store: &Store, name: &AgentName) -> Result<Agent, CommandError> {
    store.agent(name).await?.ok_or_else(|| {
        CommandError::Failed(format!(
            "there is no agent `{name}`: see `waha-sm agent list`"
        ))
    })
}

async fn passwd(
    store: &Store,
    accounts: &Accounts,
    who: &WhichAgent,
    console: &ConsoleAddressSettings,
) -> Result<(), CommandError> {
    let (name, agent) = (&who.name, known(store, &who.name).await?);
    let console = link::address(console)?;
    let console = console.ok_or_else(|| CommandError::Usage(link::NO_CONSOLE.to_owned()))?;
    if agent.off {
        return Err(CommandError::Failed(format!(
            "{name} is off: `waha-sm agent add {name}` puts them back in service"
        )));
    }
    let token = accounts.reset(name, Millis::now()).await?;
    let link = link::link(&console, &token);
    match who.format {
        Format::Text => {
            writeln!(
                io::stdout(),
                "The old password of {name} does not count any more, and all logins of {name} have ended."
            )?;
            link::print(name, &link)?;
        }
        Format::Jsonl => jsonl(
            &json!({"result": "reset", "agent": name, "link": link}),
            &mut io::stdout(),
        )?,
    }
    let tokens = accounts.tokens(name).await?.len();
    if tokens > 0 {
        print_error(&format!(
            "{name} has API tokens ({tokens}), which still work; to end them: `waha-sm agent token {name} --revoke-all`"
        ));
    }
    Ok(())
}

async fn change_role(
    accounts: &Accounts,
    who: &WhichAgent,
    role: RoleChoice,
) -> Result<(), CommandError> {
    let owner = AgentName::owner();
    let changed = accounts.set_role(&who.name, role.into(), &owner);
    let agent = changed
        .await?
        .map_err(|refusal| not_done(&who.name, refusal))?;
    match who.format {
        Format::Text => {
            let off = if agent.off { " (and off)" } else { "" };
            let role = self::role(&agent);
            writeln!(io::stdout(), "{} has the role {role} now{off}.", agent.name)?;
        }
        Format::Jsonl => jsonl(
            &json!({"result": "changed", "agent": fields(&agent)}),
            &mut io::stdout(),
        )?,
    }
    Ok(())
}

async fn off(store: &Store, accounts: &Accounts, who: &WhichAgent) -> Result<(), CommandError> {
    let name = &who.name;
    let owner = AgentName::owner();
    let switched = accounts.switch_off(name, &owner);
    let switched = switched.await?.map_err(|refusal| match refusal {
        StaffRefusal::OwnerStays => CommandError::Usage(
            "`owner` can't be switched off: somebody must be able to steer the line".to_owned(),
        ),
        refusal => not_done(name, refusal),
    });
    let was_off = !switched?;
    let agent = known(store, name).await?;
    match (who.format, was_off) {
        (Format::Text, true) => writeln!(io::stdout(), "{name} was off already.")?,
        (Format::Text, false) => writeln!(
            io::stdout(),
            "{name} is off, and takes nothing more. All customers of {name} go back to the line. Logins and API tokens of {name} have \
             ended."
        )?,
        (Format::Jsonl, was_off) => jsonl(
            &json!({"result": "off", "changed": !was_off, "agent": fields(&agent)}),
            &mut io::stdout(),
        )?,
    }
    Ok(())
}
