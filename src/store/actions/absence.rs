//! Agents who leave their customers without an answer, or are gone, lose their conversations.

use std::time::Duration;

use crate::clock;
use crate::clock::Millis;
use crate::ids::{AgentName, ChatId, SessionName};
use crate::store::error::StoreError;
use crate::store::scripts::answer::ScriptAnswer;
use crate::store::scripts::arguments::Arguments;
use crate::store::store::Store;

/// A conversation that waits for a person again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// The chat.
    pub chat: ChatId,
    /// The agent who held it.
    pub agent: AgentName,
    /// Why they lost it.
    pub why: WhyReturned,
}

/// Why an agent lost a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyReturned {
    /// The customer waited too long for an answer.
    Quiet,
    /// The agent has not been seen for a while.
    Gone,
    /// The agent was switched off, or does not serve the session any more.
    Off,
}

impl WhyReturned {
    /// As the scripts and the history name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Gone => "gone",
            Self::Off => "off",
        }
    }
}

impl Store {
    /// Takes conversations back from agents: all of those who are `absent`, and of the others those whose customers have waited
    /// for an answer for `quiet`. They wait for a person again, in their old places.
    ///
    /// # Errors
    /// See [`StoreError`]. Repeating it is safe.
    pub async fn return_held(
        &self,
        session: &SessionName,
        quiet: Duration,
        absent: &[(AgentName, WhyReturned)],
        now: Millis,
    ) -> Result<Vec<Returned>, StoreError> {
        let mut arguments = Arguments::new().number(clock::millis(quiet));
        for (agent, why) in absent {
            arguments.push_text(agent);
            arguments.push_text(why.name());
        }
        let script = &self.inner.scripts.return_held;
        let mut answer = ScriptAnswer::of(script.run(session, now, arguments).await?)?;
        let mut returned = Vec::new();
        while answer.more() {
            returned.push(Returned {
                chat: ChatId::stored(answer.text()?),
                agent: AgentName::stored(answer.text()?),
                why: match answer.text()?.as_str() {
                    "quiet" => WhyReturned::Quiet,
                    "gone" => WhyReturned::Gone,
                    "off" => WhyReturned::Off,
                    _ => return Err(StoreError::UnexpectedAnswer("why it was returned")),
                },
            });
        }
        Ok(returned)
    }
}
