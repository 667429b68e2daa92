//! The intake is responsible for authentic events: it parses WAHA's JSON, decides what an event means, and stores it.

use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use crate::clock::{self, Millis};
use crate::flows::Flows;
use crate::ids::{ChatId, ConversationId, SessionName, nonce};
use crate::service::inlet::answer_words::answer_words;
use crate::service::inlet::late_takeover::last_activity_at;
use crate::service::kit::echo_content::echo_content;
use crate::service::kit::flow_input::to_input;
use crate::service::kit::heard_form::{heard_form, heard_text};
use crate::service::kit::message_parts::message_parts;
use crate::service::owner::notifier::OwnerNotifier;
use crate::service::owner::session_status;
use crate::store;
use crate::store::{
    ByPhone, Hearing, INBOX_BYTES_MAX, INBOX_MAX, Ingest, Ingested, Record, Recorded, Reply,
    SEEN_TTL, SESSION_INBOX_BYTES_MAX, Store,
};
use crate::throttle::Throttle;
use crate::waha::event;
use crate::waha::event::{Ack, Edited, Meaning, NotAnEvent};
use crate::waha::message::{Direction, Kind, Message};
use crate::waha::restriction::Restriction;

/// See the module.
pub struct Intake {
    /// Stores the events.
    store: Store,
    /// Knows the owner's chat, which is not a customer's.
    notifier: OwnerNotifier,
    /// Says how long a takeover lasts, and which word ends it.
    flows: Arc<Flows>,
    /// Older messages go into the history only, however they come.
    max_age: Duration,
    /// Limits log lines about old events and messages: after WAHA was away, many come at once.
    too_old: Throttle,
    /// Limits log lines about messages from the future.
    from_future: Throttle,
    /// Limits log lines about a session whose inboxes hold too much: many chats notice it at once.
    crowded: Throttle,
}

/// Old events and messages, and those from the future, are logged at most this often.
const WARN_INTERVAL: Duration = Duration::from_secs(60);

/// If a message is dated later than this after now, one of the clocks is wrong.
const CLOCKS_APART_MAX: Duration = Duration::from_secs(5 * 60);

/// The result for an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// A message of a conversation that waits in line, at this position.
    Queued {
        /// 1 is next.
        position: u64,
    },
    /// A message of a conversation that a worker handles.
    Active,
    /// A message of a conversation that an agent has.
    Agent,
    /// A rating of the last conversation: it opens none.
    Rated,
    /// A message of a chat that the owner answers from their own phone, or a late one that they have answered.
    Phone,
    /// A message of a chat that reached a limit: the bot leaves it alone for a while.
    Limit,
    /// We had it already.
    Duplicate,
    /// It is not for us.
    Ignored,
    /// It is only in the history. It neither opens nor continues a conversation.
    Recorded,
    /// WAHA posted it before our memory of ids begins, so it could be a duplicate. At most it goes into the history.
    Stale,
}

impl Done {
    /// The name in our answer to WAHA and in the metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued { .. } => "queued",
            Self::Active => "active",
            Self::Agent => "agent",
            Self::Rated => "rated",
            Self::Phone => "phone",
            Self::Limit => "limit",
            Self::Duplicate => "duplicate",
            Self::Ignored => "ignored",
            Self::Recorded => "recorded",
            Self::Stale => "stale",
        }
    }
}

/// Why an event was not stored.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// It is not one of WAHA's events.
    #[error(transparent)]
    NotAnEvent(#[from] NotAnEvent),
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] store::StoreError),
}

impl Intake {
    /// Creates an intake that stores events in `store`. Messages older than `max_age` go into the history only.
    pub fn new(
        store: Store,
        flows: Arc<Flows>,
        notifier: OwnerNotifier,
        max_age: Duration,
    ) -> Self {
        Self {
            store,
            notifier,
            flows,
            max_age,
            too_old: Throttle::new(WARN_INTERVAL),
            from_future: Throttle::new(WARN_INTERVAL),
            crowded: Throttle::new(WARN_INTERVAL),
        }
    }

    /// Parses an authentic body and stores what it says.
    ///
    /// # Errors
    /// As [`IntakeError`] says.
    pub async fn take(&self, body: &[u8]) -> Result<Done, IntakeError> {
        let now = Millis::now();
        let event = event::parse(body, now)?;
        let (session, name, envelope) = (event.session, event.name, event.id);
        // The envelope's id alone is not enough: `message` and `message.any` may share one.
        let seen = envelope
            .map(|id| format!("event:{name}:{id}"))
            .unwrap_or_default();
        // The envelope's time is when WAHA first posted the event. Only the message itself says how old it is.
        let stale = event.timestamp.is_some_and(|at| now.since(at) > SEEN_TTL);
        if stale && self.too_old.due() {
            let hours = event
                .timestamp
                .map_or(0, |at| now.since(at).as_secs() / 3_600);
            warn!(
                %session,
                event = name,
                hours,
                "an event is too old to act on and goes into the history only; if it is in fact new, correct the \
                clock of WAHA's machine or of this one"
            );
        }
        let hearing = match &event.meaning {
            Meaning::Inbound(message) if self.may_be_heard(&session, message, now) => {
                Hearing::Opens
            }
            Meaning::Vote(message) if self.may_be_heard(&session, message, now) => {
                Hearing::Continues
            }
            _ => Hearing::HistoryOnly,
        };
        let done = match event.meaning {
            Meaning::Inbound(message) | Meaning::Vote(message) | Meaning::Contentless(message) => {
                // Boxed: the listener's threads have small stacks, and unoptimised builds use a lot of stack here.
                Box::pin(self.inbound(&session, message, now, (hearing, true))).await?
            }
            Meaning::Own(message) => {
                self.outbound(&session, message, now, Some(Millis::default()))
                    .await?
            }
            Meaning::Ack(ack) => {
                let mut record = recorded("ack", seen, &ack.chat, &ack);
                if ack.direction == Direction::Outbound {
                    record.echo = Some(ack.message.clone());
                }
                let done = self.record(&session, &record, now).await?;
                if done == Done::Recorded {
                    warn_of_failure(&session, &ack);
                }
                done
            }
            Meaning::Edited(edited) => {
                let mut record = recorded("edited", seen, &edited.chat, &edited);
                record.other_id.clone_from(&edited.other_id);
                record.heard = heard_edit(&edited);
                self.record(&session, &record, now).await?
            }
            Meaning::Revoked(revoked) => {
                let mut record = recorded("revoked", seen, &revoked.chat, &revoked);
                record.other_id.clone_from(&revoked.other_id);
                self.record(&session, &record, now).await?
            }
            Meaning::Reaction(reaction) => {
                let record = recorded("reaction", seen, &reaction.chat, &reaction);
                self.record(&session, &record, now).await?
            }
            Meaning::SessionStatus { .. } if stale => Done::Stale,
            Meaning::SessionStatus {
                status,
                restrictions,
            } => {
                if event.ahead > CLOCKS_APART_MAX && self.from_future.due() {
                    warn!(
                        %session,
                        status,
                        ahead = %clock::brief(event.ahead),
                        "a session's status is dated in the future, so we can't tell whether it is the latest: correct \
                        the clock of this machine or of WAHA's"
                    );
                }
                // A time that was not believed must not make a later status look old.
                let at = event.timestamp.filter(|at| now.until(*at) == event.ahead);
                // Boxed: this is rare, and would make the future of every message larger.
                Box::pin(self.session_status(&session, &status, at, &restrictions)).await?
            }
            Meaning::Ignored(_) => Done::Ignored,
        };
        Ok(if stale && done != Done::Ignored {
            Done::Stale
        } else {
            done
        })
    }

    /// Takes a message that WAHA listed and whose webhook may have been lost. `last_activity_at` is the result of
    /// `Intake::last_activity_at` for this message.
    ///
    /// # Errors
    /// As [`IntakeError`] says.
    pub async fn take_listed(
        &self,
        session: &SessionName,
        message: Message,
        last_activity_at: Option<Millis>,
    ) -> Result<Done, IntakeError> {
        let now = Millis::now();
        match message.direction {
            Direction::Outbound => self.outbound(session, message, now, last_activity_at).await,
            Direction::Inbound => {
                let hearing = if self.may_be_heard(session, &message, now) {
                    Hearing::Opens
                } else {
                    Hearing::HistoryOnly
                };
                self.inbound(session, message, now, (hearing, false)).await
            }
        }
    }

    /// Whether a message is young enough to answer it. After a long disconnection, engines post what was sent meanwhile as
    /// if it were new, and people who get an answer after days report the number.
    fn may_be_heard(&self, session: &SessionName, message: &Message, now: Millis) -> bool {
        if message.ahead > CLOCKS_APART_MAX && self.from_future.due() {
            warn!(
                %session,
                chat = %message.chat,
                ahead = %clock::brief(message.ahead),
                "a message is dated in the future, so we can't tell which messages are old: correct the clock of this \
                machine or of WAHA's"
            );
        }
        let age = now.since(message.sent_at);
        let too_old = age > self.max_age;
        if too_old && self.too_old.due() {
            warn!(
                %session,
                chat = %message.chat,
                age = %clock::brief(age),
                max_age = %clock::brief(self.max_age),
                "a message was sent too long ago to be answered (CATCH_UP_MAX_AGE), so it goes into the history only; if \
                it is in fact new, correct the clock of this machine or of WAHA's"
            );
        }
        !too_old
    }

    async fn inbound(
        &self,
        session: &SessionName,
        mut message: Message,
        now: Millis,
        (mut hearing, by_webhook): (Hearing, bool),
    ) -> Result<Done, IntakeError> {
        message.received_at = now;
        let Some(id) = message.id.clone() else {
            return Ok(Done::Ignored);
        };
        if hearing != Hearing::HistoryOnly && self.notifier.is_owner_chat(session, &message).await?
        {
            self.notifier.learn_owner_id(session, &message).await?;
            hearing = Hearing::HistoryOnly;
        }
        let chat = message.chat.clone();
        let heard = heard_form(&message);
        let ingest = Ingest {
            id,
            from: chat.clone(),
            other_id: message.other_id.clone(),
            name: message.name.clone().unwrap_or_default(),
            message: heard.as_ref().map_or_else(|| json(&message), json),
            whole: heard.is_some().then(|| json(&message)),
            parts: message_parts(&message),
            sent_at: message.sent_at,
            by_webhook,
            hearing,
            phone_quiet: self.takeover_ends_after(session),
            words: answer_words(&message, now),
            limits: self.flows.of(session).limits(),
            rating: self.rating(session, &message, now),
            now,
        };
        let ingested = self.store.ingest(session, ingest).await?;
        if !matches!(ingested, Ingested::Duplicate) {
            warn_of_lost_file(session, &message);
        }
        Ok(match ingested {
            Ingested::Queued { position } => Done::Queued { position },
            Ingested::Active => Done::Active,
            Ingested::Agent => Done::Agent,
            Ingested::Rated => Done::Rated,
            Ingested::Duplicate => Done::Duplicate,
            Ingested::Phone => Done::Phone,
            Ingested::Limit => Done::Limit,
            Ingested::Recorded { first } => {
                if first {
                    warn!(
                        %session,
                        chat = %chat,
                        "the inbox of this chat is full ({INBOX_MAX} messages or {} KiB): further messages of this \
                        conversation go into the history only. If many chats are affected, set more WORKERS; if only \
                        this one, somebody may be flooding it: block this chat on the phone",
                        INBOX_BYTES_MAX >> 10
                    );
                }
                Done::Recorded
            }
            Ingested::Crowded => {
                if self.crowded.due() {
                    warn!(
                        %session,
                        chat = %chat,
                        "the inboxes of this session hold too much ({} MiB), so chats that have a lot unread go into the \
                        history only, and those with little are still heard. Somebody may be flooding the session from \
                        many numbers: block them on the phone; or set more WORKERS",
                        SESSION_INBOX_BYTES_MAX >> 20
                    );
                }
                Done::Recorded
            }
        })
    }

    /// What the message is if its chat was asked for a rating, and the reply to that.
    fn rating(
        &self,
        session: &SessionName,
        message: &Message,
        now: Millis,
    ) -> Option<(u8, Option<Reply>)> {
        let script = self.flows.of(session);
        if !script.asks_for_ratings() {
            return None;
        }
        let rating = script.read_rating(&to_input(message))?;
        let id = message.id.as_ref()?;
        let thanks = script.rating_thanks(rating).map(|text| Reply {
            id: format!("thanks:{id}:{}", nonce()),
            // It belongs to none: the one that was rated is closed.
            conversation: ConversationId::stored(""),
            text,
            media: None,
            queued_at: now,
            attempts: 0,
            by: None,
            notice: false,
        });
        Some((rating, thanks))
    }

    /// `last_activity_at`: when the last known message of this takeover was sent; `None` if the takeover is over.
    async fn outbound(
        &self,
        session: &SessionName,
        mut message: Message,
        now: Millis,
        last_activity_at: Option<Millis>,
    ) -> Result<Done, IntakeError> {
        message.received_at = now;
        let dedup_key = message
            .id
            .as_ref()
            .map(|id| format!("out:{id}"))
            .unwrap_or_default();
        let mut record = recorded("message", dedup_key, &message.chat, &message);
        // An outbound message must not link two ids of a customer, because engines put our own other id there.
        record.message = true;
        record.heard = heard_form(&message).as_ref().map(json);
        record.parts = message_parts(&message);
        record.echo.clone_from(&message.id);
        record.content = Some(echo_content(&message));
        // The owner's own chat is never taken over.
        if let Some(last_activity_at) = last_activity_at
            && !self.notifier.is_owner_chat(session, &message).await?
        {
            record.if_by_phone = self.owner_takeover(session, &message, last_activity_at);
        }
        self.record(session, &record, now).await
    }

    /// [`last_activity_at`] for a session's messages, in the order in which they were sent.
    pub(crate) fn last_activity_at(
        &self,
        session: &SessionName,
        messages: &[Message],
    ) -> Vec<Option<Millis>> {
        let script = self.flows.of(session);
        last_activity_at(messages, self.takeover_ends_after(session), |message| {
            script.is_phone_end(&message.text)
        })
    }

    /// How long after its last message a takeover ends.
    fn takeover_ends_after(&self, session: &SessionName) -> Duration {
        self.flows.of(session).phone_quiet()
    }

    /// What an outbound message means if the owner wrote it. Messages without content don't count: engines report things
    /// that they can't show in this way.
    fn owner_takeover(
        &self,
        session: &SessionName,
        message: &Message,
        last_activity_at: Millis,
    ) -> Option<ByPhone> {
        (message.kind != Kind::Empty).then(|| ByPhone {
            quiet: self.takeover_ends_after(session),
            is_end_word: self.flows.of(session).is_phone_end(&message.text),
            last_activity_at,
        })
    }

    async fn record(
        &self,
        session: &SessionName,
        record: &Record,
        now: Millis,
    ) -> Result<Done, IntakeError> {
        Ok(match self.store.record(session, record, now).await? {
            Recorded::Recorded => Done::Recorded,
            Recorded::Duplicate => Done::Duplicate,
            Recorded::ByPhone { ends } => {
                let chat = &record.from;
                match ends {
                    false => info!(
                        %session,
                        %chat,
                        "the owner answers this chat from their own phone; the bot stops answering there"
                    ),
                    true => info!(
                        %session,
                        %chat, "the owner gave this chat back to the bot"
                    ),
                }
                Done::Recorded
            }
            Recorded::Ignored => Done::Ignored,
        })
    }

    async fn session_status(
        &self,
        session: &SessionName,
        status: &str,
        at: Option<Millis>,
        restrictions: &[Restriction],
    ) -> Result<Done, IntakeError> {
        let (store, notifier) = (&self.store, &self.notifier);
        if session_status::note(store, notifier, session, status, at).await? {
            session_status::note_restrictions(notifier, session, restrictions).await?;
        }
        Ok(Done::Recorded)
    }
}

fn recorded(
    kind: &'static str,
    dedup_key: String,
    chat: &ChatId,
    data: &impl serde::Serialize,
) -> Record {
    Record {
        dedup_key,
        ..Record::event(kind, chat.clone(), json(data))
    }
}

/// An edit with only the words that a flow hears; `None` if these are all.
fn heard_edit(edited: &Edited) -> Option<String> {
    let words = edited.text.as_deref()?;
    let heard = heard_text(words);
    (heard.len() < words.len()).then(|| {
        json(&Edited {
            text: Some(heard.to_owned()),
            ..edited.clone()
        })
    })
}

/// This can't fail: serde_json can always write plain structures with text keys.
fn json(data: &impl serde::Serialize) -> String {
    serde_json::to_string(data).unwrap_or_default()
}

fn warn_of_lost_file(session: &SessionName, message: &Message) {
    if let Some(reason) = message
        .media
        .as_ref()
        .and_then(|media| media.error.as_deref())
    {
        warn!(
            %session,
            chat = %message.chat,
            message = message.id.as_ref().map(tracing::field::display),
            reason,
            "WAHA could not download a customer's file, so only its kind and caption are known: look at it on the phone"
        );
    }
}

fn warn_of_failure(session: &SessionName, ack: &Ack) {
    const ERROR: i8 = -1;
    if ack.ack == ERROR && ack.direction == Direction::Outbound {
        warn!(
            %session,
            chat = %ack.chat,
            message = %ack.message,
            reason = ack.error.as_deref().unwrap_or("WAHA gave no reason"),
            "WhatsApp did not deliver a reply: is the number restricted? The history shows the reply as failed"
        );
    }
}
