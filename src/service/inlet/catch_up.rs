//! Catching up is responsible for messages whose webhooks were lost: it asks WAHA what was said since a session was last
//! caught up with, and hands that to the intake. What we have already is known there by its message id.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::clock;
use crate::ids::{ChatId, SessionName};
use crate::service::inlet::intake;
use crate::service::inlet::intake::{Done, Intake};
use crate::service::kit::backoff;
use crate::service::kit::store_error_log::Complaint;
use crate::store;
use crate::store::{Bell, OVERLAP, Store};
use crate::throttle::Throttle;
use crate::waha::client::{AskError, Client, Page};
use crate::waha::event;
use crate::waha::event::What;
use crate::waha::message::{Direction, Message};

/// What WAHA tells times in.
const SECOND: Duration = Duration::from_secs(1);
/// Messages of a chat that WAHA is asked for at once.
const PAGE: u32 = 100;
/// Chats that it is asked for at once: some engines look up a picture and a last message for each.
const CHATS_PAGE: u32 = 25;
/// Chats, and messages of a chat, looked through in one round.
const LISTED_MAX: u32 = 5_000;
/// Between two questions: WAHA has customers to serve meanwhile.
const PAUSE: Duration = Duration::from_millis(50);
/// After a failure, instead of the whole interval; longer with each that follows.
const RETRY_FIRST: Duration = Duration::from_secs(15);
/// An engine that can't list is asked again after this: WAHA may have been updated, or told to keep messages.
const UNABLE_FOR: Duration = Duration::from_secs(3600);
/// How often failures are told.
const WARN_INTERVAL: Duration = Duration::from_secs(600);

/// See the module.
pub struct CatchUp {
    /// Where it is kept how far we are.
    pub store: Store,
    /// Takes what is found.
    pub intake: Intake,
    /// The way to WAHA.
    pub client: Arc<Client>,
    /// How often, beside the start and whenever a session works again; zero: never.
    pub interval: Duration,
    /// Older messages are recorded, and not acted upon.
    pub max_age: Duration,
    /// [`Bell::Works`].
    pub bells: mpsc::UnboundedReceiver<Bell>,
}

/// Why something could not be looked for.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Intake(#[from] intake::Error),
    #[error("{0}")]
    Waha(String),
    #[error("{0}")]
    Unable(String),
    /// The others were looked through, and what was found there was taken.
    #[error("{chats} chats could not be listed, e.g.: {reason}")]
    Chats { chats: usize, reason: String },
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        Self::Intake(error.into())
    }
}

impl From<AskError> for Failure {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Unable { reason } => Self::Unable(reason),
            AskError::Away { reason } | AskError::Failed { reason } => Self::Waha(reason),
        }
    }
}

/// What a round is for.
enum Cause {
    /// Nothing was looked for since the start.
    Start,
    /// It is time again.
    Interval,
    /// This session works, perhaps again.
    Works(SessionName),
    /// Sessions that failed before.
    Retry,
}

/// When a session is next looked at, where that is not at the next interval.
struct Pending {
    failures: u32,
    at: Instant,
}

/// See [`CatchUp`].
struct Round {
    store: Store,
    intake: Intake,
    client: Arc<Client>,
    interval: Duration,
    max_age: Duration,
    failed: HashMap<SessionName, Pending>,
    /// Sessions whose engine can't list, and until when they are left alone.
    unable: HashMap<SessionName, Instant>,
    failures: Throttle,
}

impl CatchUp {
    /// Runs until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) {
        if self.interval.is_zero() {
            return;
        }
        let complaint = Complaint::default();
        // The first tick comes at once; it is the start.
        let mut poll = interval(self.interval);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut start = true;
        let mut round = Round {
            store: self.store,
            intake: self.intake,
            client: self.client,
            interval: self.interval,
            max_age: self.max_age,
            failed: HashMap::new(),
            unable: HashMap::new(),
            failures: Throttle::new(WARN_INTERVAL),
        };
        loop {
            let retry = round.next_retry();
            let cause = tokio::select! {
                bell = self.bells.recv() => match bell {
                    Some(Bell::Works(session)) => Cause::Works(session),
                    Some(_) => continue,
                    None => return,
                },
                _ = poll.tick() => if start { Cause::Start } else { Cause::Interval },
                () = sleep(retry.unwrap_or_default()), if retry.is_some() => Cause::Retry,
                () = shutdown.cancelled() => return,
            };
            let done = tokio::select! {
                done = round.run(cause) => done,
                () = shutdown.cancelled() => return,
            };
            match done {
                Ok(()) => start = false,
                Err(error) => {
                    complaint.tell("could not look for missed messages", &error);
                    poll.reset_after(RETRY_FIRST.min(self.interval));
                }
            }
        }
    }
}

impl Round {
    fn next_retry(&self) -> Option<Duration> {
        let soonest = self.failed.values().map(|pending| pending.at).min()?;
        Some(soonest.saturating_duration_since(Instant::now()))
    }

    async fn run(&mut self, cause: Cause) -> Result<(), store::Error> {
        // Of several processes one does it: who is first keeps the others off for most of the interval.
        let turn = self.interval.mul_f64(0.9);
        let ours = !matches!(cause, Cause::Interval | Cause::Works(_));
        let now = Instant::now();
        self.unable.retain(|_, until| now < *until);
        let sessions = match cause {
            Cause::Start | Cause::Interval => self.store.sessions().await?,
            Cause::Works(session) => {
                self.unable.remove(&session);
                vec![session]
            }
            Cause::Retry => {
                let due = self.failed.iter().filter(|(_, pending)| pending.at <= now);
                due.map(|(session, _)| session.clone()).collect()
            }
        };
        for session in sessions {
            if self.unable.contains_key(&session) || self.store.is_paused(&session).await? {
                // A paused one is looked at when it works again.
                self.failed.remove(&session);
                continue;
            }
            if ours {
                self.store.take_turn_to_catch_up(&session, turn).await?;
            } else if !self.store.turn_to_catch_up(&session, turn).await? {
                continue;
            }
            let done = self.session(&session).await;
            self.note(session, done);
        }
        Ok(())
    }

    fn note(&mut self, session: SessionName, done: Result<(), Failure>) {
        match done {
            Ok(()) => drop(self.failed.remove(&session)),
            Err(Failure::Unable(reason)) => {
                info!(
                    %session,
                    reason,
                    "this WAHA can't list messages, so those whose webhooks were lost are not found (NOWEB lists them \
                     when its store is enabled)"
                );
                self.failed.remove(&session);
                self.unable.insert(session, Instant::now() + UNABLE_FOR);
            }
            Err(failure) => {
                let failures = self.failed.get(&session).map_or(0, |one| one.failures);
                let retry_in = backoff::delay(failures, RETRY_FIRST, self.interval);
                if failures > 0 && self.failures.due() {
                    warn!(%session, %failure, retry_in = %clock::brief(retry_in), "could not look for messages whose webhooks were lost; will try again");
                } else {
                    debug!(%session, %failure, retry_in = %clock::brief(retry_in), "could not look for messages whose webhooks were lost; will try again");
                }
                let pending = Pending {
                    failures: failures + 1,
                    at: Instant::now() + retry_in,
                };
                self.failed.insert(session, pending);
            }
        }
    }

    /// Looks for what was missed in one session.
    async fn session(&self, session: &SessionName) -> Result<(), Failure> {
        let begun = clock::now();
        let Some(until) = self.store.caught_up_until(session).await? else {
            return Ok(());
        };
        let since = until - clock::millis(OVERLAP + SECOND);
        let (mut messages, failed) = self.messages(session, since).await?;
        // WAHA lists the newest first, and tells times in seconds: of one second the last listed is the oldest.
        messages.reverse();
        // As they came: also those of different chats keep their order in line. But ours first: whom the owner has answered
        // meanwhile on their own phone is not greeted by the flow.
        messages.sort_by_key(|message| message.sent_at);
        let followed = self.intake.followed_at(session, &messages);
        let mut messages: Vec<_> = messages.into_iter().zip(followed).collect();
        messages.sort_by_key(|(message, _)| message.direction == Direction::Inbound);
        let mut missed = 0;
        for (message, followed_at) in messages {
            let inbound = message.direction == Direction::Inbound;
            match self
                .intake
                .caught_up(session, message, followed_at, self.max_age)
                .await?
            {
                Done::Duplicate | Done::Ignored => {}
                Done::Queued { .. } | Done::Active | Done::Phone | Done::Recorded | Done::Stale => {
                    missed += u64::from(inbound);
                }
            }
        }
        // What could not be listed is looked for from the same time on. (Of a new session it is still to come.)
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
        failed.map_or(Ok(()), Err)
    }

    /// What was said since, and what could not be listed of it.
    async fn messages(
        &self,
        session: &SessionName,
        since: i64,
    ) -> Result<(Vec<Message>, Option<Failure>), Failure> {
        let mut found = Vec::new();
        let chats = match self.chats(session, since).await {
            Ok(chats) => chats,
            // Where chats can't be listed, all their messages perhaps can.
            Err(Failure::Unable(reason)) => {
                return match self.list(session, None, since, &mut found).await {
                    Ok(()) => Ok((found, None)),
                    Err(Failure::Unable(_)) => Err(Failure::Unable(reason)),
                    Err(failure) => Err(failure),
                };
            }
            Err(failure) => return Err(failure),
        };
        let (listed, mut failed) = (chats.len(), Vec::new());
        for chat in chats {
            if let Err(failure) = self.list(session, Some(chat), since, &mut found).await {
                failed.push(failure);
            }
        }
        let chats = failed.len();
        let failure = match failed.pop() {
            None => None,
            Some(Failure::Unable(reason)) if chats == listed => {
                return Err(Failure::Unable(reason));
            }
            Some(failure) => Some(Failure::Chats {
                chats,
                reason: failure.to_string(),
            }),
        };
        Ok((found, failure))
    }

    /// The chats in which something was said since.
    async fn chats(&self, session: &SessionName, since: i64) -> Result<Vec<ChatId>, Failure> {
        let mut chats = Vec::new();
        let mut offset = 0;
        while offset < LISTED_MAX {
            let page = self
                .ask({
                    let session = session.clone();
                    move |client| client.chats(&session, CHATS_PAGE, offset)
                })
                .await?;
            let recent = |at: Option<i64>| at.is_none_or(|at| at >= since);
            let persons = page.items.len();
            let before = chats.len();
            for one in page.items {
                if recent(one.last_message_at) && !chats.contains(&one.chat) {
                    chats.push(one.chat);
                }
            }
            // The newest come first; groups and the like are listed and left out.
            if page.listed == 0 || (persons > 0 && chats.len() == before) {
                break;
            }
            offset += CHATS_PAGE;
        }
        Ok(chats)
    }

    /// What was said in a chat since, or in all.
    async fn list(
        &self,
        session: &SessionName,
        chat: Option<ChatId>,
        since: i64,
        found: &mut Vec<Message>,
    ) -> Result<(), Failure> {
        let mut known = HashSet::new();
        let mut offset = 0;
        while offset < LISTED_MAX {
            let page = self
                .ask({
                    let (session, chat) = (session.clone(), chat.clone());
                    move |client| client.messages(&session, chat.as_ref(), since, PAGE, offset)
                })
                .await?;
            let before = known.len();
            for listed in &page.items {
                // What tells no time counts as old.
                if let What::Inbound(message) | What::Own(message) = event::listed(listed, 0)
                    && message.sent_at >= since
                    && known.insert((message.direction, message.id.clone()))
                {
                    found.push(message);
                }
            }
            // A page may have gaps; one with nothing new on it is behind the last.
            if known.len() == before {
                break;
            }
            offset += PAGE;
        }
        Ok(())
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Client) -> Result<Page<T>, AskError> + Send + 'static,
    ) -> Result<Page<T>, Failure> {
        sleep(PAUSE).await;
        let client = self.client.clone();
        let asked = tokio::task::spawn_blocking(move || question(&client)).await;
        Ok(asked.map_err(|_| Failure::Waha("the request's thread ended early".to_owned()))??)
    }
}
