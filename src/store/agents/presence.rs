//! Which agents are present: those who were seen at work a short while ago.

use std::collections::HashMap;
use std::time::Duration;

use crate::clock::Millis;
use crate::ids::AgentName;
use crate::store::error::StoreError;
use crate::store::store::Store;

/// How long an agent counts as present after they were last seen. Long enough for a lost connection or a coffee.
pub const PRESENT_FOR: Duration = Duration::from_secs(5 * 60);

impl Store {
    /// Notes that an agent is at work now. Each of their actions counts, and so does a look at the line.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn note_agent_seen(&self, name: &AgentName, now: Millis) -> Result<(), StoreError> {
        // Even if Redis is full: what an agent holds goes back to the line if they seem to be gone.
        let seen = [(now.as_i64() as f64, name.as_str())];
        self.add_to_sorted_set(self.inner.keys.agents_seen(), "GT", seen)
            .await
    }

    /// When each agent was last seen at work.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn agents_seen(&self) -> Result<HashMap<AgentName, Millis>, StoreError> {
        let seen: Vec<(AgentName, f64)> = self
            .inner
            .client
            .zrange_with_scores(self.inner.keys.agents_seen(), 0, -1)
            .await?;
        Ok(seen
            .into_iter()
            .map(|(name, at)| (name, Millis::new(at as i64)))
            .collect())
    }
}
