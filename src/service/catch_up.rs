//! Catching up is responsible for messages whose webhooks were lost: it asks WAHA what was said since a session was last
//! caught up with, and hands that to the intake. What we have already is known there by its message id.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use super::backoff;
use super::complaint::Complaint;
use super::intake::{self, Done, Intake};
use crate::clock;
use crate::store::{Bell, Store};
use crate::waha::chat_id::ChatId;
use crate::waha::client::{AskError, Client, Page};
use crate::waha::event::{self, What};
use crate::waha::message::Message;

/// What came right before the last time is looked at again: WAHA may have heard of it late, and its clock may be
/// another than ours.
const OVERLAP: Duration = Duration::from_secs(300);
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

/// Why a round ended early.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Intake(#[from] intake::Error),
    #[error("{0}")]
    Waha(String),
    #[error("{0}")]
    Unable(String),
}

impl From<crate::store::Error> for Failure {
    fn from(error: crate::store::Error) -> Self {
        Self::Intake(error.into())
    }
}

impl From<AskError> for Failure {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Unable { reason } => Self::Unable(reason),
            AskError::Failed { reason } => Self::Waha(reason),
        }
    }
}

impl CatchUp {
    /// Runs until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) {
        if self.interval.is_zero() {
            return;
        }
        let complaint = Complaint::default();
        let mut unable = HashSet::new();
        let mut poll = interval(self.interval);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick comes at once: what was missed while nothing ran.
        let mut first = true;
        let mut again: Option<Duration> = None;
        let mut failures = 0;
        loop {
            let only = tokio::select! {
                bell = self.bells.recv() => match bell {
                    Some(Bell::Works(session)) => Some(session),
                    Some(_) => continue,
                    None => return,
                },
                _ = poll.tick() => None,
                () = sleep(again.unwrap_or_default()), if again.is_some() => None,
                () = shutdown.cancelled() => return,
            };
            let whatever_others_do = std::mem::take(&mut first) || again.is_some();
            let round = self.round(only, whatever_others_do, &mut unable);
            let failed = tokio::select! {
                failed = round => failed,
                () = shutdown.cancelled() => return,
            };
            let well = match failed {
                Ok(failed) => failed == 0,
                Err(error) => {
                    complaint.tell("could not look for missed messages", &error);
                    false
                }
            };
            again = (!well).then(|| backoff::delay(failures, RETRY_FIRST, self.interval));
            failures = if well { 0 } else { failures + 1 };
        }
    }

    /// Catches up with one session, or with all. Returns with how many that failed.
    async fn round(
        &self,
        only: Option<String>,
        whatever_others_do: bool,
        unable: &mut HashSet<String>,
    ) -> Result<usize, crate::store::Error> {
        let sessions = match only {
            Some(session) => vec![session],
            None => self.store.sessions().await?,
        };
        // Of several processes one does it: who is first keeps the others off for most of the interval.
        let turn = self.interval.mul_f64(0.9);
        let mut failed = 0;
        for session in sessions {
            if unable.contains(&session) {
                continue;
            }
            if whatever_others_do {
                self.store.take_turn_to_catch_up(&session, turn).await?;
            } else if !self.store.turn_to_catch_up(&session, turn).await? {
                continue;
            }
            match self.session(&session).await {
                Ok(()) => {}
                Err(Failure::Unable(reason)) => {
                    info!(
                        session,
                        reason,
                        "this WAHA can't list messages, so those whose webhooks were lost are not found (NOWEB lists them \
                         when its store is enabled)"
                    );
                    unable.insert(session);
                }
                Err(error) => {
                    debug!(session, %error, "could not look for missed messages; will again");
                    failed += 1;
                }
            }
        }
        Ok(failed)
    }

    /// Looks for what was missed in one session.
    async fn session(&self, session: &str) -> Result<(), Failure> {
        let begun = clock::now();
        let Some(until) = self.store.caught_up_until(session).await? else {
            return Ok(());
        };
        let since = until - clock::millis(OVERLAP);
        let mut messages = self.messages(session, since).await?;
        // WAHA lists the newest first, and tells times in seconds: of one second the last listed is the oldest.
        messages.reverse();
        // As they came: also those of different chats keep their order in line.
        messages.sort_by_key(|message| message.sent_at);
        let mut missed = 0;
        for message in messages {
            match self
                .intake
                .caught_up(session, message, self.max_age)
                .await?
            {
                Done::Duplicate | Done::Ignored => {}
                Done::Queued { .. } | Done::Active | Done::Recorded | Done::Stale => missed += 1,
            }
        }
        self.store.caught_up(session, begun, missed).await?;
        if missed > 0 {
            info!(
                session,
                missed, "caught up: these messages came without a webhook"
            );
        }
        Ok(())
    }

    async fn messages(&self, session: &str, since: i64) -> Result<Vec<Message>, Failure> {
        let mut found = Vec::new();
        match self.chats(session, since).await {
            Ok(chats) => {
                for chat in chats {
                    self.list(session, Some(chat), since, &mut found).await?;
                }
            }
            // Where chats can't be listed, all their messages perhaps can.
            Err(Failure::Unable(reason)) => {
                if let Err(failure) = self.list(session, None, since, &mut found).await {
                    return Err(match failure {
                        Failure::Unable(_) => Failure::Unable(reason),
                        other => other,
                    });
                }
            }
            Err(failure) => return Err(failure),
        }
        Ok(found)
    }

    /// The chats in which something was said since.
    async fn chats(&self, session: &str, since: i64) -> Result<Vec<ChatId>, Failure> {
        let mut chats = Vec::new();
        let mut offset = 0;
        while offset < LISTED_MAX {
            let page = self
                .ask({
                    let session = session.to_owned();
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
        session: &str,
        chat: Option<ChatId>,
        since: i64,
        found: &mut Vec<Message>,
    ) -> Result<(), Failure> {
        let mut known = HashSet::new();
        let mut offset = 0;
        while offset < LISTED_MAX {
            let page = self
                .ask({
                    let (session, chat) = (session.to_owned(), chat.clone());
                    move |client| client.messages(&session, chat.as_ref(), since, PAGE, offset)
                })
                .await?;
            let now = clock::now();
            let before = known.len();
            for listed in &page.items {
                if let What::Inbound(message) | What::Own(message) = event::listed(listed, now)
                    && message.sent_at >= since - 1_000
                    && known.insert((message.direction, message.stanza.clone()))
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
