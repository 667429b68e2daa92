//! The registry of the agents: who there is.

use std::collections::HashMap;

use crate::ids::AgentName;
use crate::store::agents::agent::Agent;
use crate::store::error::StoreError;
use crate::store::store::Store;

const UNREADABLE: StoreError =
    StoreError::UnexpectedAnswer("agents that this version of waha-sm can read");

impl Store {
    /// All agents, by name. The owner is always one of them.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn agents(&self) -> Result<Vec<Agent>, StoreError> {
        let key = self.inner.keys.agents();
        let stored: HashMap<String, String> = self.inner.client.hgetall(key).await?;
        let read = stored
            .into_iter()
            .map(|(name, json)| Agent::from_json(AgentName::stored(name), &json));
        let mut agents: Vec<Agent> = read.collect::<Option<_>>().ok_or(UNREADABLE)?;
        if !agents.iter().any(|agent| agent.name.is_owner()) {
            agents.push(Agent::new(AgentName::owner()));
        }
        agents.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(agents)
    }

    /// The agent with this name.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn agent(&self, name: &AgentName) -> Result<Option<Agent>, StoreError> {
        let key = self.inner.keys.agents();
        let stored: Option<String> = self.inner.client.hget(key, name.as_str()).await?;
        match stored {
            Some(json) => Agent::from_json(name.clone(), &json)
                .map(Some)
                .ok_or(UNREADABLE),
            None => Ok(name.is_owner().then(|| Agent::new(AgentName::owner()))),
        }
    }

    /// Adds an agent, or replaces the one with this name.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn save_agent(&self, agent: &Agent) -> Result<(), StoreError> {
        let key = self.inner.keys.agents();
        let field = (agent.name.as_str(), agent.to_json());
        let saved = self.inner.client.hset(key, field).await;
        saved.map(drop)
    }
}
