//! The expiry is responsible for what ends by time alone: a takeover, when the owner has been quiet in the chat for a while; a
//! wait for a person, when nobody came in time; and an agent's hold on a conversation, when the customer got no answer or the
//! agent is gone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::clock::Millis;
use crate::flows::Flows;
use crate::ids::{AgentName, SessionName};
use crate::service::kit::periodic::Periodic;
use crate::service::kit::session_pages::SessionPages;
use crate::store::{Agent, Store, StoreError, WhyReturned};

/// A second more or less makes no difference to anyone.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// After we or Redis were away, agents have this time to be seen again.
const BACK_WITHIN: Duration = Duration::from_secs(60);
/// How many chats one call ends. This limits how long the call blocks Redis.
const END_MAX: usize = 100;

/// See the module.
pub struct Expiry {
    /// Holds the deadlines.
    pub store: Store,
    /// Say how long an agent may be quiet or gone.
    pub flows: Arc<Flows>,
    /// Which sessions each poll looks at.
    pub pages: SessionPages,
}

impl Expiry {
    /// Runs until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let what = "could not look for takeovers and waits that are over";
        let mut periodic = Periodic::every(POLL_INTERVAL, shutdown);
        // While we or Redis were away, no agent could be seen.
        let mut watching_since = Instant::now();
        while periodic.next().await {
            periodic
                .run(what, async {
                    let done = self.run_once(watching_since.elapsed()).await;
                    if done.is_err() {
                        watching_since = Instant::now();
                    }
                    done
                })
                .await;
        }
    }

    /// Ends what has timed out, in all sessions. Returns how many takeovers ended, and how many conversations continue
    /// without a person. `watched`: for how long we have been able to see agents.
    ///
    /// # Errors
    /// The store's.
    pub async fn run_once(&self, watched: Duration) -> Result<(u64, u64), StoreError> {
        let (mut left, mut alone) = (0, 0);
        let mut with_agents = Vec::new();
        for session in self.pages.next(&self.store).await? {
            let held = loop {
                let ended = self.store.expire(&session, END_MAX, Millis::now()).await?;
                if ended.takeovers > 0 {
                    info!(
                        %session,
                        chats = ended.takeovers,
                        "the owner has been quiet in these chats; the bot answers there again"
                    );
                }
                if ended.waits > 0 {
                    info!(
                        %session,
                        conversations = ended.waits,
                        "no person came for these conversations in time; the flow handles them again"
                    );
                }
                left += ended.takeovers;
                alone += ended.waits;
                if ended.takeovers.max(ended.waits) < END_MAX as u64 {
                    break ended.held;
                }
            };
            if held > 0 {
                with_agents.push(session);
            }
        }
        // Last, so that an agent that we can't read stops nothing else.
        for session in with_agents {
            self.return_held(&session, watched).await?;
        }
        Ok((left, alone))
    }

    /// Takes conversations back from agents who leave their customers alone.
    async fn return_held(
        &self,
        session: &SessionName,
        watched: Duration,
    ) -> Result<(), StoreError> {
        let now = Millis::now();
        let script = self.flows.of(session);
        let gone_after = script.agent_gone();
        let mut absent = self.absent(session, gone_after, now).await?;
        if watched < gone_after.min(BACK_WITHIN) {
            absent.retain(|(_, why)| *why != WhyReturned::Gone);
        }
        let returned = self
            .store
            .return_held(session, script.agent_quiet(), &absent, now)
            .await?;
        for one in returned {
            let why = match one.why {
                WhyReturned::Quiet => "the customer waited too long for an answer",
                WhyReturned::Gone => "the agent has not been seen for a while",
                WhyReturned::Off => {
                    "the agent was switched off, or does not serve this session any more"
                }
            };
            info!(%session, chat = %one.chat, agent = %one.agent, why, "a conversation waits for a person again");
        }
        Ok(())
    }

    /// The agents who are switched off, or do not serve this session any more, or have been gone for this long.
    async fn absent(
        &self,
        session: &SessionName,
        gone_after: Duration,
        now: Millis,
    ) -> Result<Vec<(AgentName, WhyReturned)>, StoreError> {
        let seen = self.store.agents_seen().await?;
        let why = |agent: &Agent| {
            let is_here = seen
                .get(&agent.name)
                .is_some_and(|at| now.since(*at) < gone_after);
            match (agent.off || !agent.serves(session), is_here) {
                (true, _) => Some(WhyReturned::Off),
                (false, false) => Some(WhyReturned::Gone),
                (false, true) => None,
            }
        };
        let agents = self.store.agents().await?;
        let absent = agents
            .into_iter()
            .filter_map(|agent| why(&agent).map(|why| (agent.name, why)));
        Ok(absent.collect())
    }
}
