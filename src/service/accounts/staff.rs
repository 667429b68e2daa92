//! The staff: who answers customers, and what each of them may take. Owners change it.

use crate::ids::{AgentName, SessionName};
use crate::service::accounts::accounts::Accounts;
use crate::store::{Agent, AgentRole, StoreError};

/// The most conversations that an agent may hold at once.
pub const MAX_CHATS_MOST: u32 = 1_000;

/// What is changed of an agent; `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StaffChange {
    /// What they may do.
    pub role: Option<AgentRole>,
    /// The teams whose lines they take from; empty: all lines.
    pub teams: Option<Vec<String>>,
    /// The sessions whose customers they serve; empty: all.
    pub sessions: Option<Vec<SessionName>>,
    /// How many conversations they may hold at once.
    pub max_chats: Option<u32>,
}

/// What came of saving an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// They are new.
    Added,
    /// They were off, and are back in service.
    Back,
    /// Something is different.
    Changed,
    /// It was so already.
    Same,
}

impl Saved {
    /// Its name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Back => "back",
            Self::Changed => "changed",
            Self::Same => "same",
        }
    }
}

/// Why the staff is not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StaffRefusal {
    /// The agent `owner` is always there, so that somebody can steer the line.
    #[error("`owner` always has the role owner and is never off")]
    OwnerStays,
    /// There is no such agent.
    #[error("there is no agent with this name")]
    NoAgent,
    /// They would lock themselves out.
    #[error("another owner has to do this to you")]
    Oneself,
    /// Not a name of a team.
    #[error("a team has 1 to 32 letters without accents, digits, `-` or `_`, as in the flow")]
    Team,
    /// Too few or too many.
    #[error("an agent may hold 1 to {MAX_CHATS_MOST} conversations at once")]
    MaxChats,
}

/// Whether a text can be the name of a team: one word, as flows write it.
#[must_use]
pub fn is_team_name(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

impl Accounts {
    /// Adds an agent, or changes one; one who was off is back in service. `by`: the owner who does it.
    ///
    /// # Errors
    /// See [`StoreError`]. The inner error says why it is not done.
    pub async fn save_agent(
        &self,
        name: &AgentName,
        change: StaffChange,
        by: &AgentName,
    ) -> Result<Result<(Agent, Saved), StaffRefusal>, StoreError> {
        let known = self.store.agent(name).await?;
        let before = known.clone().unwrap_or_else(|| Agent::new(name.clone()));
        let mut agent = match changed(before, change, by) {
            Ok(agent) => agent,
            Err(refusal) => return Ok(Err(refusal)),
        };
        agent.off = false;
        let saved = match &known {
            None => Saved::Added,
            Some(before) if before.off => Saved::Back,
            Some(before) if *before == agent => Saved::Same,
            Some(_) => Saved::Changed,
        };
        if saved == Saved::Back {
            // Switching them off has done it, unless it was interrupted.
            self.end_access(name).await?;
        }
        self.store.save_agent(&agent).await?;
        Ok(Ok((agent, saved)))
    }

    /// Makes an agent an owner or an attendant; one who is off stays off.
    ///
    /// # Errors
    /// See [`StoreError`]. The inner error says why it is not done.
    pub async fn set_role(
        &self,
        name: &AgentName,
        role: AgentRole,
        by: &AgentName,
    ) -> Result<Result<Agent, StaffRefusal>, StoreError> {
        let Some(agent) = self.store.agent(name).await? else {
            return Ok(Err(StaffRefusal::NoAgent));
        };
        let change = StaffChange {
            role: Some(role),
            ..StaffChange::default()
        };
        match changed(agent, change, by) {
            Ok(agent) => {
                self.store.save_agent(&agent).await?;
                Ok(Ok(agent))
            }
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Takes an agent out of service: they take nothing more, and their logins and API tokens end. Returns whether they were in
    /// service.
    ///
    /// # Errors
    /// See [`StoreError`]. The inner error says why it is not done.
    pub async fn switch_off(
        &self,
        name: &AgentName,
        by: &AgentName,
    ) -> Result<Result<bool, StaffRefusal>, StoreError> {
        if name.is_owner() {
            return Ok(Err(StaffRefusal::OwnerStays));
        }
        if name == by {
            return Ok(Err(StaffRefusal::Oneself));
        }
        let Some(mut agent) = self.store.agent(name).await? else {
            return Ok(Err(StaffRefusal::NoAgent));
        };
        let was_off = std::mem::replace(&mut agent.off, true);
        // Also if they were off: it may have been interrupted. First what counts at once.
        if !was_off {
            self.store.save_agent(&agent).await?;
        }
        self.end_access(name).await?;
        Ok(Ok(!was_off))
    }

    /// Ends everything with which somebody could act as the agent.
    async fn end_access(&self, name: &AgentName) -> Result<(), StoreError> {
        self.end_logins(name).await?;
        self.revoke_tokens(name).await?;
        Ok(())
    }
}

fn changed(mut agent: Agent, change: StaffChange, by: &AgentName) -> Result<Agent, StaffRefusal> {
    if change.role == Some(AgentRole::Attendant) && agent.may_steer() {
        if agent.name.is_owner() {
            return Err(StaffRefusal::OwnerStays);
        }
        if agent.name == *by {
            return Err(StaffRefusal::Oneself);
        }
    }
    agent.role = change.role.unwrap_or(agent.role);
    if let Some(teams) = change.teams {
        if !teams.iter().all(|team| is_team_name(team)) {
            return Err(StaffRefusal::Team);
        }
        agent.teams = each_once(teams);
    }
    if let Some(sessions) = change.sessions {
        agent.sessions = each_once(sessions);
    }
    if let Some(max_chats) = change.max_chats {
        if !(1..=MAX_CHATS_MOST).contains(&max_chats) {
            return Err(StaffRefusal::MaxChats);
        }
        agent.max_chats = max_chats;
    }
    Ok(agent)
}

fn each_once<T: PartialEq>(given: Vec<T>) -> Vec<T> {
    let mut once = Vec::new();
    for one in given {
        if !once.contains(&one) {
            once.push(one);
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_given_changes_and_nobody_locks_themselves_out() {
        let (ana, bia) = (AgentName::stored("ana"), AgentName::stored("bia"));
        let agent = |name: &AgentName, role| Agent {
            role,
            ..Agent::new(name.clone())
        };
        let attendant = StaffChange {
            role: Some(AgentRole::Attendant),
            ..StaffChange::default()
        };
        let owner = agent(&ana, AgentRole::Owner);
        assert_eq!(
            changed(owner.clone(), attendant.clone(), &ana),
            Err(StaffRefusal::Oneself)
        );
        let demoted = changed(owner.clone(), attendant.clone(), &bia).unwrap();
        assert_eq!(demoted.role, AgentRole::Attendant);
        let first = Agent::new(AgentName::owner());
        assert_eq!(
            changed(first, attendant, &bia),
            Err(StaffRefusal::OwnerStays)
        );
        let teams = |teams: &[&str]| StaffChange {
            teams: Some(teams.iter().map(|&team| team.to_owned()).collect()),
            ..StaffChange::default()
        };
        let of_sales = changed(owner.clone(), teams(&["sales", "sales"]), &ana).unwrap();
        assert_eq!(
            (of_sales.teams, of_sales.max_chats),
            (vec!["sales".to_owned()], owner.max_chats)
        );
        assert_eq!(
            changed(owner.clone(), teams(&["são"]), &ana),
            Err(StaffRefusal::Team)
        );
        let none = StaffChange {
            max_chats: Some(0),
            ..StaffChange::default()
        };
        assert_eq!(changed(owner, none, &ana), Err(StaffRefusal::MaxChats));
    }
}
