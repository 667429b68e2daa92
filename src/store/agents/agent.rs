//! One agent, in the form that Redis stores.

use serde::{Deserialize, Serialize};

use crate::ids::{AgentName, SessionName};

/// How many conversations an agent may hold at once, unless they have another limit.
pub const MAX_CHATS: u32 = 8;

/// A person who answers customers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Their name.
    pub name: AgentName,
    /// What they may do.
    pub role: AgentRole,
    /// The sessions whose customers they serve; empty: all of them.
    pub sessions: Vec<SessionName>,
    /// The teams whose lines they take from; empty: all lines.
    pub teams: Vec<String>,
    /// How many conversations they may hold at once, over all sessions.
    pub max_chats: u32,
    /// They take nothing any more.
    pub off: bool,
}

/// What an agent may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentRole {
    /// Everything: also move customers in line, and pause the line.
    Owner,
    /// Serve customers.
    Attendant,
}

/// An agent as Redis stores it, under the name. New fields need a default.
#[derive(Serialize, Deserialize)]
struct StoredAgent {
    role: AgentRole,
    #[serde(default)]
    sessions: Vec<SessionName>,
    #[serde(default)]
    teams: Vec<String>,
    #[serde(default = "max_chats")]
    max_chats: u32,
    #[serde(default)]
    off: bool,
}

fn max_chats() -> u32 {
    MAX_CHATS
}

impl Agent {
    /// A new agent, who may take from all lines of all sessions.
    #[must_use]
    pub fn new(name: AgentName) -> Self {
        let role = match name.is_owner() {
            true => AgentRole::Owner,
            false => AgentRole::Attendant,
        };
        Self {
            name,
            role,
            sessions: Vec::new(),
            teams: Vec::new(),
            max_chats: MAX_CHATS,
            off: false,
        }
    }

    /// Whether they may move customers in line, and pause the line.
    #[must_use]
    pub fn may_steer(&self) -> bool {
        self.role == AgentRole::Owner
    }

    /// Whether they serve the customers of a session.
    #[must_use]
    pub fn serves(&self, session: &SessionName) -> bool {
        self.sessions.is_empty() || self.sessions.contains(session)
    }

    /// Whether they take from a team's line; `""` is the line without a team.
    #[must_use]
    pub fn takes_from(&self, team: &str) -> bool {
        self.teams.is_empty() || self.teams.iter().any(|one| one == team)
    }

    pub(super) fn to_json(&self) -> String {
        let stored = StoredAgent {
            role: self.role,
            sessions: self.sessions.clone(),
            teams: self.teams.clone(),
            max_chats: self.max_chats,
            off: self.off,
        };
        // It has only texts, numbers and lists, which JSON can always hold.
        serde_json::to_string(&stored).unwrap_or_default()
    }

    /// `None` if this version can't read it.
    pub(super) fn from_json(name: AgentName, json: &str) -> Option<Self> {
        let stored: StoredAgent = serde_json::from_str(json).ok()?;
        Some(Self {
            // Somebody must be able to steer the line, whatever was stored.
            role: match name.is_owner() {
                true => AgentRole::Owner,
                false => stored.role,
            },
            off: stored.off && !name.is_owner(),
            name,
            sessions: stored.sessions,
            teams: stored.teams,
            max_chats: stored.max_chats,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, json: &str) -> Agent {
        Agent::from_json(AgentName::stored(name), json).unwrap()
    }

    /// What is stored only grows: every form that was ever written must be read.
    #[test]
    fn an_agent_is_stored_in_this_form_and_older_and_newer_ones_are_read() {
        let ana = Agent {
            name: AgentName::stored("ana"),
            role: AgentRole::Attendant,
            sessions: vec![SessionName::stored("shop")],
            teams: vec!["sales".to_owned(), "support".to_owned()],
            max_chats: 3,
            off: true,
        };
        let golden = r#"{"role":"attendant","sessions":["shop"],"teams":["sales","support"],"max_chats":3,"off":true}"#;
        assert_eq!(ana.to_json(), golden);
        assert_eq!(read("ana", golden), ana);
        assert_eq!(
            read("bia", r#"{"role":"owner","later":[1]}"#),
            Agent {
                role: AgentRole::Owner,
                ..Agent::new(AgentName::stored("bia"))
            }
        );
        assert_eq!(Agent::from_json(AgentName::stored("ana"), "{}"), None);
    }

    #[test]
    fn the_owner_stays_the_owner_and_is_never_off() {
        let owner = read(
            "owner",
            r#"{"role":"attendant","teams":["sales"],"off":true}"#,
        );
        assert!(owner.may_steer() && !owner.off);
        assert_eq!(owner.teams, ["sales"]);
    }

    #[test]
    fn without_teams_and_sessions_an_agent_serves_all() {
        let mut ana = Agent::new(AgentName::stored("ana"));
        let shop = SessionName::stored("shop");
        assert!(ana.takes_from("") && ana.takes_from("sales") && ana.serves(&shop));
        ana.teams = vec!["sales".to_owned()];
        ana.sessions = vec![SessionName::stored("default")];
        assert!(ana.takes_from("sales") && !ana.takes_from("") && !ana.takes_from("support"));
        assert!(!ana.serves(&shop));
    }
}
