//! `waha-sm agent list`: who there is, who is present, and who can log in to the console.

use std::collections::HashMap;
use std::io;

use serde_json::json;

use crate::cli::agent::{joined, role};
use crate::cli::elapsed::elapsed;
use crate::cli::exit::print_error;
use crate::cli::format::Format;
use crate::cli::redis::CommandError;
use crate::cli::table::Table;
use crate::clock::Millis;
use crate::describe::describe;
use crate::ids::AgentName;
use crate::store::{Agent, ConsoleAccount, PRESENT_FOR, Store};
use crate::terminal::jsonl;

pub(super) async fn list(store: &Store, format: Format) -> Result<(), CommandError> {
    let (agents, seen) = (store.agents().await?, store.agents_seen().await?);
    let mut accounts = store.accounts().await?;
    let mut holds: HashMap<AgentName, u64> = HashMap::new();
    for session in store.sessions().await? {
        match store.held_by(&session).await {
            Ok(held) => {
                for (name, count) in held {
                    *holds.entry(name).or_default() += count;
                }
            }
            Err(error) => print_error(&format!(
                "what agents hold in {session} is not counted: {}",
                describe(&error)
            )),
        }
    }
    let now = Millis::now();
    let list: Vec<ListedAgent<'_>> = agents
        .iter()
        .map(|agent| ListedAgent {
            agent,
            account: accounts.remove(&agent.name).unwrap_or_default(),
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
    account: ConsoleAccount,
    /// When they were last seen at work.
    seen: Option<Millis>,
    /// How many conversations they hold.
    holds: u64,
}

impl ListedAgent<'_> {
    fn is_present(&self, now: Millis) -> bool {
        self.seen.is_some_and(|seen| now.since(seen) < PRESENT_FOR)
    }

    /// Until when the link counts that sets a password.
    fn link_until(&self, now: Millis) -> Option<Millis> {
        let link = self.account.invitation.as_ref();
        link.map(|link| link.until).filter(|until| now < *until)
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
            "has_password": self.account.password.is_some(),
            "link_until": self.link_until(now),
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
        "PASSWORD",
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
        let password = match (&listed.account.password, listed.link_until(now)) {
            (Some(_), _) => "yes".to_owned(),
            (None, Some(until)) => format!("link, {} left", elapsed(until.since(now))),
            (None, None) => "no".to_owned(),
        };
        table.add([
            agent.name.to_string(),
            role(agent).to_owned(),
            or_all(agent.teams.join(", ")),
            or_all(joined(&agent.sessions, ", ")),
            listed.holds.to_string(),
            agent.max_chats.to_string(),
            password,
            present.to_owned(),
            listed.seen.map_or_else(
                || "never".to_owned(),
                |seen| format!("{} ago", elapsed(now.since(seen))),
            ),
        ]);
    }
    table
}
