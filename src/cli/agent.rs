//! `waha-sm agent`: the people who answer customers: adds, changes and lists them, and takes them out of service.

use std::collections::HashMap;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::cli::elapsed::elapsed;
use crate::cli::exit::print_error;
use crate::cli::format::Format;
use crate::cli::redis::{CommandError, with_store};
use crate::cli::table::Table;
use crate::clock::Millis;
use crate::ids::{AgentName, SessionName};
use crate::settings::RedisSettings;
use crate::store::{Agent, AgentRole, PRESENT_FOR, Store};
use crate::terminal::jsonl;

const AFTER_HELP: &str = "Examples:\n  waha-sm agent add ana --team sales --session shop\n  \
    waha-sm agent add ana --max-chats 4     (changes only this)\n  \
    waha-sm agent off ana";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct AgentArgs {
    #[command(subcommand)]
    command: AgentCommand,
}

#[derive(Debug, Subcommand)]
enum AgentCommand {
    /// Adds an agent, or changes what you give of one; also puts one who is off back in service
    Add(AddArgs),
    /// Lists the agents, and who is present
    List {
        /// Output format
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        #[command(flatten)]
        redis: RedisSettings,
    },
    /// Takes an agent out of service: they take nothing more, and their customers go back to the line
    Off {
        /// The agent
        name: AgentName,
        #[command(flatten)]
        redis: RedisSettings,
    },
}

#[derive(Debug, Args)]
struct AddArgs {
    /// The agent's name, like ana or maria.silva
    name: AgentName,
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
    redis: RedisSettings,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleChoice {
    Owner,
    Attendant,
}

/// Reads the name of a team: one word, as flows write it.
pub(super) fn team(text: &str) -> Result<String, &'static str> {
    let fits = (1..=32).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    match fits {
        true => Ok(text.to_owned()),
        false => {
            Err("a team has 1 to 32 letters without accents, digits, `-` or `_`, as in the flow")
        }
    }
}

/// Reads the name of a session.
pub(super) fn session(text: &str) -> Result<SessionName, &'static str> {
    SessionName::parse(text)
        .ok_or("a session has 1 to 54 letters without accents, digits, `-` or `_`")
}

pub(super) fn main(arguments: &AgentArgs) -> ExitCode {
    let (AgentCommand::Add(AddArgs { redis, .. })
    | AgentCommand::List { redis, .. }
    | AgentCommand::Off { redis, .. }) = &arguments.command;
    let why = "agents are kept in its Redis";
    with_store("agent", redis, why, async |store, _| {
        match &arguments.command {
            AgentCommand::Add(wanted) => add(store, wanted).await,
            AgentCommand::List { format, .. } => list(store, *format).await,
            AgentCommand::Off { name, .. } => off(store, name).await,
        }
    })
}

async fn add(store: &Store, wanted: &AddArgs) -> Result<(), CommandError> {
    let name = &wanted.name;
    let known = store.agent(name).await?;
    let mut agent = known.clone().unwrap_or_else(|| Agent::new(name.clone()));
    match wanted.role {
        Some(RoleChoice::Attendant) if name.is_owner() => {
            return Err(CommandError::Usage(
                "`owner` always has the role owner: add an agent with another name".to_owned(),
            ));
        }
        Some(RoleChoice::Owner) => agent.role = AgentRole::Owner,
        Some(RoleChoice::Attendant) => agent.role = AgentRole::Attendant,
        None => {}
    }
    if wanted.all_teams || !wanted.team.is_empty() {
        agent.teams = each_once(&wanted.team);
    }
    if wanted.all_sessions || !wanted.session.is_empty() {
        agent.sessions = each_once(&wanted.session);
    }
    agent.max_chats = wanted.max_chats.unwrap_or(agent.max_chats);
    agent.off = false;
    let done = match &known {
        None => "was added",
        Some(before) if before.off => "is back in service",
        Some(before) if *before == agent => "is there already and stays as it was",
        Some(_) => "was changed",
    };
    store.save_agent(&agent).await?;
    writeln!(io::stdout(), "{name} {done}: {}.", described(&agent))?;
    let seen = store.sessions().await?;
    for session in agent.sessions.iter().filter(|one| !seen.contains(one)) {
        print_error(&format!(
            "no event of a session `{session}` has come yet: is its name right?"
        ));
    }
    Ok(())
}

fn each_once<T: Clone + PartialEq>(given: &[T]) -> Vec<T> {
    let mut once = Vec::new();
    for one in given {
        if !once.contains(one) {
            once.push(one.clone());
        }
    }
    once
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

fn role(agent: &Agent) -> &'static str {
    match agent.role {
        AgentRole::Owner => "owner",
        AgentRole::Attendant => "attendant",
    }
}

fn joined(names: &[SessionName], between: &str) -> String {
    let names: Vec<&str> = names.iter().map(SessionName::as_str).collect();
    names.join(between)
}

async fn off(store: &Store, name: &AgentName) -> Result<(), CommandError> {
    if name.is_owner() {
        return Err(CommandError::Usage(
            "`owner` can't be switched off: somebody must be able to steer the line".to_owned(),
        ));
    }
    let Some(mut agent) = store.agent(name).await? else {
        return Err(CommandError::Failed(format!(
            "there is no agent `{name}`: see `waha-sm agent list`"
        )));
    };
    if agent.off {
        writeln!(io::stdout(), "{name} was off already.")?;
        return Ok(());
    }
    agent.off = true;
    store.save_agent(&agent).await?;
    writeln!(
        io::stdout(),
        "{name} is off, and takes nothing more. Customers of {name} who wait for an answer go back to the line."
    )?;
    Ok(())
}

async fn list(store: &Store, format: Format) -> Result<(), CommandError> {
    let (agents, seen) = (store.agents().await?, store.agents_seen().await?);
    let mut holds: HashMap<AgentName, u64> = HashMap::new();
    for session in store.sessions().await? {
        for (name, count) in store.held_by(&session).await? {
            *holds.entry(name).or_default() += count;
        }
    }
    let now = Millis::now();
    let list: Vec<ListedAgent<'_>> = agents
        .iter()
        .map(|agent| ListedAgent {
            agent,
            seen: seen.get(&agent.name).copied(),
            holds: holds.get(&agent.name).copied().unwrap_or(0),
        })
        .collect();
    let mut out = io::stdout().lock();
    match format {
        Format::Text => table(&list, now).write(&mut out, None)?,
        Format::Jsonl => {
            for listed in &list {
                jsonl(&listed.to_json(now), &mut out)?;
            }
        }
    }
    Ok(())
}

/// An agent, and what they do now.
struct ListedAgent<'a> {
    agent: &'a Agent,
    /// When they were last seen at work.
    seen: Option<Millis>,
    /// How many conversations they hold.
    holds: u64,
}

impl ListedAgent<'_> {
    fn is_present(&self, now: Millis) -> bool {
        self.seen.is_some_and(|seen| now.since(seen) < PRESENT_FOR)
    }

    /// All fields; times are in Unix milliseconds.
    fn to_json(&self, now: Millis) -> serde_json::Value {
        let agent = self.agent;
        json!({
            "name": agent.name,
            "role": role(agent),
            "teams": agent.teams,
            "sessions": agent.sessions,
            "max_chats": agent.max_chats,
            "holds": self.holds,
            "off": agent.off,
            "present": self.is_present(now),
            "seen_at": self.seen,
        })
    }
}

fn table(list: &[ListedAgent<'_>], now: Millis) -> Table {
    let mut table = Table::new([
        "NAME",
        "ROLE",
        "TEAMS",
        "SESSIONS",
        "HOLDS",
        "MAX",
        "PRESENT",
        "LAST SEEN",
    ]);
    let or_all = |names: String| match names.is_empty() {
        true => "all".to_owned(),
        false => names,
    };
    for listed in list {
        let agent = listed.agent;
        let present = match listed.is_present(now) {
            _ if agent.off => "off",
            true => "yes",
            false => "no",
        };
        table.add([
            agent.name.to_string(),
            role(agent).to_owned(),
            or_all(agent.teams.join(", ")),
            or_all(joined(&agent.sessions, ", ")),
            listed.holds.to_string(),
            agent.max_chats.to_string(),
            present.to_owned(),
            listed.seen.map_or_else(
                || "never".to_owned(),
                |seen| format!("{} ago", elapsed(now.since(seen))),
            ),
        ]);
    }
    table
}
