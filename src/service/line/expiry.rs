//! The expiry is responsible for what ends by time alone: a takeover, when the owner has been quiet in the chat for a while; a
//! wait for a person, when nobody came in time; and an agent's hold on a conversation, when the customer got no answer or the
//! agent is gone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::clock::Millis;
use crate::flows::Flows;
use crate::ids::{AgentName, SessionName};
use crate::service::kit::duties::Duties;
use crate::service::kit::periodic::Periodic;
use crate::service::kit::session_rounds::{in_each, serve};
use crate::service::kit::store_error_log::StoreErrorLog;
use crate::store::{Agent, Store, StoreError, WhyReturned};

/// How often we look which agents are gone. A second more or less makes no difference to anyone.
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
    /// Say which sessions this process looks after.
    pub duties: Arc<Duties>,
    /// The sessions where something may be over, from the lookout.
    pub sessions: mpsc::UnboundedReceiver<SessionName>,
}

/// Agents who can't keep what they hold, and why.
type Absent = Vec<(AgentName, WhyReturned)>;

/// Shared by the expiry and its tasks.
struct ExpiryState {
    store: Store,
    flows: Arc<Flows>,
    duties: Arc<Duties>,
    known: Mutex<KnownAbsences>,
}

/// The agents, as the expiry knows them.
struct KnownAbsences {
    /// The sessions where agents hold conversations.
    with_agents: HashMap<SessionName, HoldingSession>,
    /// Since when we could see agents: not while we or Redis were away.
    watching_since: Instant,
}

/// A session where agents hold conversations.
struct HoldingSession {
    /// Since when this process watches it.
    since: Instant,
    /// Which agents were absent when it last took conversations back.
    absent: Absent,
}

impl Expiry {
    /// Runs until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let state = Arc::new(ExpiryState {
            store: self.store,
            flows: self.flows,
            duties: self.duties,
            known: Mutex::new(KnownAbsences {
                with_agents: HashMap::new(),
                watching_since: Instant::now(),
            }),
        });
        let watching = watch_agents(state.clone(), shutdown.clone());
        let what = "could not look for takeovers and waits that are over";
        let serving = serve(self.sessions, what, shutdown, |session| {
            let state = state.clone();
            async move { state.end_in(&session).await }
        });
        tokio::join!(watching, serving);
    }
}

/// Looks which agents are gone, and takes their conversations back.
async fn watch_agents(state: Arc<ExpiryState>, shutdown: CancellationToken) {
    let what = "could not look which agents are gone";
    let store_errors = StoreErrorLog::default();
    let mut periodic = Periodic::every(POLL_INTERVAL, shutdown);
    while periodic.next().await {
        let looking = async {
            let seen = state.look_at_agents().await;
            if seen.is_err() {
                state.with_known(|known| known.watching_since = Instant::now());
            }
            for (session, done) in seen? {
                if let Err(error) = done {
                    store_errors.log_of(&session, what, &error);
                }
            }
            Ok(())
        };
        periodic.run(what, looking).await;
    }
}

impl ExpiryState {
    /// Ends what has timed out in a session.
    async fn end_in(&self, session: &SessionName) -> Result<(), StoreError> {
        let held = loop {
            let ended = self.store.expire(session, END_MAX, Millis::now()).await?;
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
            if ended.takeovers.max(ended.waits) < END_MAX as u64 {
                break ended.held;
            }
        };
        if held == 0 {
            self.with_known(|known| drop(known.with_agents.remove(session)));
            return Ok(());
        }
        self.with_known(|known| {
            let watched = known.with_agents.entry(session.clone());
            watched.or_insert_with(|| HoldingSession {
                since: Instant::now(),
                absent: Absent::new(),
            });
        });
        let now = Millis::now();
        let absent = self.absent_of(session, &SeenAgents::read(&self.store).await?, now);
        self.return_held(session, absent, now).await
    }

    /// Takes conversations back where other agents are absent than before. Returns the sessions where it was tried.
    async fn look_at_agents(
        self: &Arc<Self>,
    ) -> Result<Vec<(SessionName, Result<(), StoreError>)>, StoreError> {
        let with_agents = self.with_known(|known| {
            known
                .with_agents
                .retain(|session, _| self.duties.is_ours(session));
            let with_agents = known.with_agents.iter();
            let with_agents =
                with_agents.map(|(session, held)| (session.clone(), held.absent.clone()));
            with_agents.collect::<Vec<_>>()
        });
        if with_agents.is_empty() {
            return Ok(Vec::new());
        }
        let (agents, now) = (SeenAgents::read(&self.store).await?, Millis::now());
        let absent = with_agents.into_iter().filter_map(|(session, before)| {
            let absent = self.absent_of(&session, &agents, now);
            (absent != before).then_some((session, absent))
        });
        let absent: HashMap<SessionName, Absent> = absent.collect();
        let sessions: Vec<SessionName> = absent.keys().cloned().collect();
        let returning = in_each(sessions, |session| {
            let (state, absent) = (self.clone(), absent.get(&session).cloned());
            async move {
                let absent = absent.unwrap_or_default();
                state.return_held(&session, absent, now).await
            }
        });
        Ok(returning.await)
    }

    /// Takes conversations back from agents who leave their customers alone.
    async fn return_held(
        &self,
        session: &SessionName,
        absent: Absent,
        now: Millis,
    ) -> Result<(), StoreError> {
        let script = self.flows.of(session);
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
        self.with_known(|known| {
            if let Some(held) = known.with_agents.get_mut(session) {
                held.absent = absent;
            }
        });
        Ok(())
    }

    /// The agents who are switched off, or do not serve this session any more, or have been gone for too long.
    fn absent_of(&self, session: &SessionName, agents: &SeenAgents, now: Millis) -> Absent {
        let gone_after = self.flows.of(session).agent_gone();
        let since = self.with_known(|known| {
            let held = known.with_agents.get(session);
            held.map(|held| held.since.max(known.watching_since))
        });
        let can_tell = since.is_some_and(|at| at.elapsed() >= gone_after.min(BACK_WITHIN));
        let why = |agent: &Agent| {
            let seen_at = agents.seen.get(&agent.name);
            let is_here = seen_at.is_some_and(|at| now.since(*at) < gone_after);
            match (agent.off || !agent.serves(session), is_here) {
                (true, _) => Some(WhyReturned::Off),
                (false, false) => Some(WhyReturned::Gone).filter(|_| can_tell),
                (false, true) => None,
            }
        };
        let absent = agents.all.iter();
        let absent = absent.filter_map(|agent| why(agent).map(|why| (agent.name.clone(), why)));
        let mut absent: Absent = absent.collect();
        absent.sort_by(|(one, _), (other, _)| one.as_str().cmp(other.as_str()));
        absent
    }

    fn with_known<T>(&self, change: impl FnOnce(&mut KnownAbsences) -> T) -> T {
        // A panic leaves only our own knowledge behind: the next look corrects it.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut known)
    }
}

/// The agents, and when each was last seen.
struct SeenAgents {
    all: Vec<Agent>,
    seen: HashMap<AgentName, Millis>,
}

impl SeenAgents {
    async fn read(store: &Store) -> Result<Self, StoreError> {
        Ok(Self {
            seen: store.agents_seen().await?,
            all: store.agents().await?,
        })
    }
}
