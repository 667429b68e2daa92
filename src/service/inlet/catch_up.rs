//! The catch-up is responsible for messages whose webhooks were lost: it asks WAHA for all messages since its last run
//! and passes them to the intake, which skips the ones we have by their message id.

mod listing;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::clock::{self, Millis};
use crate::ids::SessionName;
use crate::service::inlet::catch_up::listing::ListError;
use crate::service::inlet::intake::{Done, Intake, IntakeError};
use crate::service::kit::backoff;
use crate::service::kit::duties::Duties;
use crate::service::kit::session_rounds::in_each;
use crate::service::kit::store_error_log::StoreErrorLog;
use crate::store;
use crate::store::{Bell, CATCH_UP_OVERLAP, Store};
use crate::throttle::Throttle;
use crate::waha::client::Client;
use crate::waha::message::Direction;

/// The precision of WAHA's times.
const SECOND: Duration = Duration::from_secs(1);
/// The first delay after a failure. It grows with each further failure, up to the interval.
const RETRY_FIRST: Duration = Duration::from_secs(15);
/// If an engine can't list messages, ask again after this time: WAHA may have been updated, or its store enabled.
const UNSUPPORTED_PAUSE: Duration = Duration::from_secs(3600);
/// Sessions that another process looked after until we started are caught up at once, like our own at the start: it died, and its
/// last heartbeat was still there.
const START_LASTS: Duration = Duration::from_secs(10);
/// Failures are logged as warnings at most this often.
const WARN_INTERVAL: Duration = Duration::from_secs(600);

/// See the module.
pub struct CatchUp {
    /// Stores how far each session is caught up.
    pub store: Store,
    /// Receives the messages that are found.
    pub intake: Intake,
    /// The client for WAHA.
    pub client: Arc<Client>,
    /// How often to catch up, in addition to the start and to each session that works again. Zero turns catching up off.
    pub interval: Duration,
    /// Say which sessions this process looks after.
    pub duties: Arc<Duties>,
    /// [`Bell::SessionWorks`] and [`Bell::Missed`].
    pub bells: mpsc::UnboundedReceiver<Bell>,
}

/// Why catching up with a session failed.
#[derive(Debug, thiserror::Error)]
enum CatchUpError {
    #[error(transparent)]
    Intake(#[from] IntakeError),
    #[error(transparent)]
    List(#[from] ListError),
}

impl From<store::StoreError> for CatchUpError {
    fn from(error: store::StoreError) -> Self {
        Self::Intake(error.into())
    }
}

/// Why a round runs.
enum RoundCause {
    /// The first round since the start.
    Start,
    /// The interval is over, or bells were missed.
    Interval,
    /// This session works, or works again.
    SessionWorks(SessionName),
    /// Other processes share the duties than before: some sessions may be new to this process.
    Shared,
    /// Some sessions failed before.
    Retry,
}

/// When a failed session is tried again. This doesn't wait for the next interval.
struct NextTry {
    failures: u32,
    at: Instant,
}

/// Shared by the tasks; each session has one.
struct CatchUpContext {
    store: Store,
    intake: Intake,
    client: Arc<Client>,
}

/// The state of a running [`CatchUp`].
struct CatchUpState {
    shared: Arc<CatchUpContext>,
    duties: Arc<Duties>,
    started: Instant,
    /// The sessions of the last round that this process looks after.
    ours: HashSet<SessionName>,
    interval: Duration,
    failed: HashMap<SessionName, NextTry>,
    /// Sessions whose engine can't list messages, and until when we don't ask them.
    unsupported_until: HashMap<SessionName, Instant>,
    failures: Throttle,
}

impl CatchUp {
    /// Runs until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) {
        if self.interval.is_zero() {
            return;
        }
        let store_errors = StoreErrorLog::default();
        // The first tick comes at once, for the round at the start.
        let mut poll = interval(self.interval);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut start = true;
        let mut sharing = self.duties.changes();
        let mut state = CatchUpState {
            shared: Arc::new(CatchUpContext {
                store: self.store,
                intake: self.intake,
                client: self.client,
            }),
            started: Instant::now(),
            ours: HashSet::new(),
            duties: self.duties,
            interval: self.interval,
            failed: HashMap::new(),
            unsupported_until: HashMap::new(),
            failures: Throttle::new(WARN_INTERVAL),
        };
        loop {
            let retry = state.next_retry();
            let cause = tokio::select! {
                bell = self.bells.recv() => match bell {
                    Some(Bell::SessionWorks(session)) => RoundCause::SessionWorks(session),
                    // Perhaps that a session works again: then it is nobody's turn, and ours now.
                    Some(Bell::Missed) => RoundCause::Interval,
                    Some(_) => continue,
                    None => return,
                },
                _ = poll.tick() => if start { RoundCause::Start } else { RoundCause::Interval },
                Ok(()) = sharing.changed() => RoundCause::Shared,
                () = sleep(retry.unwrap_or_default()), if retry.is_some() => RoundCause::Retry,
                () = shutdown.cancelled() => return,
            };
            let done = tokio::select! {
                done = state.run(cause) => done,
                () = shutdown.cancelled() => return,
            };
            match done {
                Ok(()) => start = false,
                Err(error) => {
                    store_errors.log("could not look for missed messages", &error);
                    poll.reset_after(RETRY_FIRST.min(self.interval));
                }
            }
        }
    }
}

impl CatchUpState {
    fn next_retry(&self) -> Option<Duration> {
        let soonest = self.failed.values().map(|pending| pending.at).min()?;
        Some(soonest.saturating_duration_since(Instant::now()))
    }

    async fn run(&mut self, cause: RoundCause) -> Result<(), store::StoreError> {
        // Usually only one process does this. If two disagree about whose session it is, the first one takes the turn, and the other
        // skips it for most of the interval.
        let turn = self.interval.mul_f64(0.9);
        let takes_turn = match cause {
            RoundCause::Start | RoundCause::Retry => true,
            RoundCause::Shared => self.started.elapsed() < START_LASTS,
            RoundCause::Interval | RoundCause::SessionWorks(_) => false,
        };
        let now = Instant::now();
        self.unsupported_until.retain(|_, until| now < *until);
        let is_ours = |session: &SessionName| self.duties.is_ours(session);
        let mut sessions: Vec<SessionName> = match cause {
            RoundCause::Start | RoundCause::Interval | RoundCause::Shared => {
                let all = self.shared.store.sessions().await?.into_iter();
                let ours: HashSet<SessionName> = all.filter(is_ours).collect();
                let before = std::mem::replace(&mut self.ours, ours);
                let is_gained = |session: &SessionName| !before.contains(session);
                let is_due = |session: &&SessionName| match cause {
                    RoundCause::Shared => is_gained(session),
                    _ => true,
                };
                self.ours.iter().filter(is_due).cloned().collect()
            }
            RoundCause::SessionWorks(session) => {
                self.unsupported_until.remove(&session);
                vec![session]
            }
            RoundCause::Retry => {
                let due = self.failed.iter().filter(|(_, pending)| pending.at <= now);
                due.map(|(session, _)| session.clone()).collect()
            }
        };
        self.failed
            .retain(|session, _| self.duties.is_ours(session));
        sessions.retain(|session| {
            let is_ours = self.duties.is_ours(session);
            is_ours && !self.unsupported_until.contains_key(session)
        });
        let shared = &self.shared;
        let done = in_each(sessions, |session| {
            let shared = shared.clone();
            async move { shared.catch_up(&session, turn, takes_turn).await }
        });
        for (session, done) in done.await {
            self.record_result(session, done);
        }
        Ok(())
    }

    fn record_result(&mut self, session: SessionName, done: Result<(), CatchUpError>) {
        match done {
            Ok(()) => drop(self.failed.remove(&session)),
            Err(CatchUpError::List(ListError::Unsupported(reason))) => {
                // NOWEB's own reason says how to enable its store.
                info!(
                    %session,
                    reason,
                    "this WAHA can't list messages, so messages whose webhooks were lost can't be found"
                );
                self.failed.remove(&session);
                self.unsupported_until
                    .insert(session, Instant::now() + UNSUPPORTED_PAUSE);
            }
            Err(failure) => {
                let failures = self.failed.get(&session).map_or(0, |one| one.failures);
                let retry_in = backoff::delay(failures, RETRY_FIRST, self.interval);
                if failures > 0 && self.failures.due() {
                    warn!(%session, %failure, retry_in = %clock::brief(retry_in), "could not look for messages whose webhooks were lost; will try again");
                } else {
                    debug!(%session, %failure, retry_in = %clock::brief(retry_in), "could not look for messages whose webhooks were lost; will try again");
                }
                let pending = NextTry {
                    failures: failures + 1,
                    at: Instant::now() + retry_in,
                };
                self.failed.insert(session, pending);
            }
        }
    }
}

impl CatchUpContext {
    /// Looks for missed messages in one session, if it is this process' turn.
    async fn catch_up(
        &self,
        session: &SessionName,
        turn: Duration,
        takes_turn: bool,
    ) -> Result<(), CatchUpError> {
        if self.store.is_paused(session).await? {
            // It is checked when it works again.
            return Ok(());
        }
        if takes_turn {
            self.store.take_turn_to_catch_up(session, turn).await?;
        } else if !self.store.turn_to_catch_up(session, turn).await? {
            return Ok(());
        }
        self.look_in(session).await
    }

    async fn look_in(&self, session: &SessionName) -> Result<(), CatchUpError> {
        let Some(until) = self.store.caught_up_until(session).await? else {
            return Ok(());
        };
        // After a failover, Redis may have forgotten that we sent what WAHA lists.
        self.store.all_written_back(session).await?;
        let begun = Millis::now();
        let since = until - (CATCH_UP_OVERLAP + SECOND);
        let (mut messages, failed) = listing::messages(&self.client, session, since).await?;
        // WAHA lists the newest first, with times in whole seconds: within one second, the last one listed is the
        // oldest.
        messages.reverse();
        // Messages of all chats are sorted by the time when they were sent, so that customers keep their order in line.
        // But outbound messages come first: if the owner has answered from their own phone, the flow must not greet that
        // customer.
        messages.sort_by_key(|message| message.sent_at);
        let last_activity = self.intake.last_activity_at(session, &messages);
        let mut messages: Vec<_> = messages.into_iter().zip(last_activity).collect();
        messages.sort_by_key(|(message, _)| message.direction == Direction::Inbound);
        let mut missed = 0;
        for (message, last_activity_at) in messages {
            let inbound = message.direction == Direction::Inbound;
            match self
                .intake
                .take_listed(session, message, last_activity_at)
                .await?
            {
                Done::Duplicate | Done::Ignored => {}
                Done::Queued { .. }
                | Done::Active
                | Done::Agent
                | Done::Rated
                | Done::Phone
                | Done::Limit
                | Done::Recorded
                | Done::Stale => {
                    missed += u64::from(inbound);
                }
            }
        }
        // If some chats could not be listed, the next round starts from the same time. (The time of a new session may
        // be in the future.)
        let until = if failed.is_some() {
            until
        } else {
            begun.max(until)
        };
        self.store.caught_up(session, until, missed).await?;
        if missed > 0 {
            info!(
                %session,
                missed, "caught up: these messages came without a webhook"
            );
        }
        failed.map_or(Ok(()), |error| Err(error.into()))
    }
}
