//! The intake is responsible for what an authentic event means: it reads WAHA's JSON and hands it to the store.

use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use crate::clock;
use crate::flows::Flows;
use crate::ids::{ChatId, SessionName};
use crate::service::inlet::late_takeover::last_activity_at;
use crate::service::kit::echo_content::echo_content;
use crate::service::owner::notifier::OwnerNotifier;
use crate::service::owner::session_status;
use crate::store;
use crate::store::{ByPhone, INBOX_MAX, Ingest, Ingested, Record, Recorded, SEEN_TTL, Store};
use crate::throttle::Throttle;
use crate::waha::event;
use crate::waha::event::{Ack, NotAnEvent, What};
use crate::waha::message::{Direction, Kind, Message};
use crate::waha::restriction::Restriction;

/// See the module.
pub struct Intake {
    /// Where events go.
    store: Store,
    /// Is no customer.
    notifier: OwnerNotifier,
    /// Knows when the owner, who answers from their own phone, has left again.
    flows: Arc<Flows>,
    /// Old events come in crowds, after WAHA was down.
    stale: Throttle,
}

/// How often it is told that events are too old.
const STALE_INTERVAL: Duration = Duration::from_secs(60);

/// What was done with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// A message of a conversation that waits, at this place in line.
    Queued {
        /// 1 is next.
        position: u64,
    },
    /// A message of a conversation that is attended.
    Active,
    /// A message for the owner, who answers the chat from their own phone.
    Phone,
    /// We had it already.
    Duplicate,
    /// Nothing for us.
    Ignored,
    /// It is in the history, and opens and continues nothing.
    Recorded,
    /// So old that we could have forgotten that we had it: it is in the history at most.
    Stale,
}

impl Done {
    /// As the answer to WAHA and the metrics call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued { .. } => "queued",
            Self::Active => "active",
            Self::Phone => "phone",
            Self::Duplicate => "duplicate",
            Self::Ignored => "ignored",
            Self::Recorded => "recorded",
            Self::Stale => "stale",
        }
    }
}

/// Why an event was not taken.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// It can't be WAHA's.
    #[error(transparent)]
    NotAnEvent(#[from] NotAnEvent),
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Intake {
    /// One that hands events to `store`.
    pub fn new(store: Store, flows: Arc<Flows>, notifier: OwnerNotifier) -> Self {
        Self {
            store,
            notifier,
            flows,
            stale: Throttle::new(STALE_INTERVAL),
        }
    }

    /// Reads an authentic body and makes what it says durable.
    ///
    /// # Errors
    /// As [`IntakeError`] says.
    pub async fn take(&self, body: &[u8]) -> Result<Done, IntakeError> {
        let now = clock::now();
        let event = event::parse(body, now)?;
        let (session, name, envelope) = (event.session, event.name, event.id);
        // Never by the envelope id alone: `message` and `message.any` may share one.
        let seen = envelope
            .map(|id| format!("event:{name}:{id}"))
            .unwrap_or_default();
        let told_at = event.timestamp.or(match &event.what {
            What::Inbound(message) | What::Vote(message) | What::Own(message) => {
                Some(message.sent_at)
            }
            _ => None,
        });
        let stale = told_at.is_some_and(|at| now - at > clock::millis(SEEN_TTL));
        if stale && self.stale.due() {
            let hours = told_at.map_or(0, |at| (now - at) / 3_600_000);
            warn!(
                %session,
                event = name,
                hours,
                "an event from long ago is kept in the history at most; if it is new, WAHA's clock or ours is wrong"
            );
        }
        let opens = matches!(event.what, What::Inbound(_));
        let done = match event.what {
            What::Inbound(message) | What::Vote(message) if stale => {
                self.record_only(&session, message, now).await?
            }
            What::Inbound(message) | What::Vote(message) => {
                // In a box: the listener's threads have small stacks, and unoptimised builds need much of them here.
                Box::pin(self.inbound(&session, message, now, opens)).await?
            }
            What::Own(message) => self.outbound(&session, message, now, Some(0)).await?,
            What::Ack(ack) => {
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
            What::Edited(edited) => {
                let record = recorded("edited", seen, &edited.chat, &edited);
                self.record(&session, &record, now).await?
            }
            What::Revoked(revoked) => {
                let record = recorded("revoked", seen, &revoked.chat, &revoked);
                self.record(&session, &record, now).await?
            }
            What::Reaction(reaction) => {
                let record = recorded("reaction", seen, &reaction.chat, &reaction);
                self.record(&session, &record, now).await?
            }
            What::SessionStatus { .. } if stale => Done::Stale,
            What::SessionStatus {
                status,
                restrictions,
            } => {
                // In a box: this is rare, and each message takes the room of the largest way through here.
                Box::pin(self.session_status(&session, &status, event.timestamp, &restrictions))
                    .await?
            }
            What::Ignored(_) => Done::Ignored,
        };
        Ok(if stale && done != Done::Ignored {
            Done::Stale
        } else {
            done
        })
    }

    /// Takes a message that WAHA lists, and that perhaps no webhook told of. An inbound one older than `max_age` is only
    /// recorded. `last_activity_at` is what [`Intake::last_activity_at`] says of it.
    ///
    /// # Errors
    /// As [`IntakeError`] says.
    pub async fn take_listed(
        &self,
        session: &SessionName,
        message: Message,
        last_activity_at: Option<i64>,
        max_age: Duration,
    ) -> Result<Done, IntakeError> {
        let now = clock::now();
        match message.direction {
            Direction::Outbound => self.outbound(session, message, now, last_activity_at).await,
            Direction::Inbound if now - message.sent_at > clock::millis(max_age) => {
                self.record_only(session, message, now).await
            }
            Direction::Inbound => self.inbound(session, message, now, true).await,
        }
    }

    /// `opens`: where no conversation is open, it opens one.
    async fn inbound(
        &self,
        session: &SessionName,
        mut message: Message,
        now: i64,
        opens: bool,
    ) -> Result<Done, IntakeError> {
        message.received_at = now;
        let Some(id) = message.id.clone() else {
            return Ok(Done::Ignored);
        };
        if self.notifier.is_owner_chat(session, &message).await? {
            // In a box: this is rare, and each message takes the room of the largest way through here.
            return Box::pin(self.record_only(session, message, now)).await;
        }
        let chat = message.chat.clone();
        let ingest = Ingest {
            id,
            from: chat.clone(),
            other: message.other_id.clone(),
            name: message.name.clone().unwrap_or_default(),
            message: json(&message),
            opens,
            phone_quiet: self.takeover_ends_after(session),
            now,
        };
        Ok(match self.store.ingest(session, ingest).await? {
            Ingested::Queued { position } => Done::Queued { position },
            Ingested::Active => Done::Active,
            Ingested::Duplicate => Done::Duplicate,
            Ingested::Phone => Done::Phone,
            Ingested::Recorded { first } => {
                if first {
                    warn!(
                        %session,
                        chat = %chat,
                        "{INBOX_MAX} messages of this chat wait to be attended to; what else comes in this conversation is \
                         kept in the history and not attended to. Is somebody flooding, or are there too few workers?"
                    );
                }
                Done::Recorded
            }
        })
    }

    /// An inbound message of the past: it opens and continues nothing.
    async fn record_only(
        &self,
        session: &SessionName,
        mut message: Message,
        now: i64,
    ) -> Result<Done, IntakeError> {
        message.received_at = now;
        let Some(id) = &message.id else {
            return Ok(Done::Ignored);
        };
        let seen = format!("in:{id}");
        let mut record = recorded("message", seen, &message.chat, &message);
        record.other.clone_from(&message.other_id);
        record.message = true;
        self.record(session, &record, now).await
    }

    /// `last_activity_at`: when the last word was said that is known to have followed it in time; `None`: it is over since.
    async fn outbound(
        &self,
        session: &SessionName,
        mut message: Message,
        now: i64,
        last_activity_at: Option<i64>,
    ) -> Result<Done, IntakeError> {
        message.received_at = now;
        let seen = message
            .id
            .as_ref()
            .map(|id| format!("out:{id}"))
            .unwrap_or_default();
        let mut record = recorded("message", seen, &message.chat, &message);
        // Who is who is not learnt from messages of ours: engines name our own other id there.
        record.message = true;
        record.echo.clone_from(&message.id);
        record.says = Some(echo_content(&message));
        // In the chat in which the owner is told things nobody is attended.
        if let Some(last_activity_at) = last_activity_at
            && !self.notifier.is_owner_chat(session, &message).await?
        {
            record.phone = self.owner_takeover(session, &message, last_activity_at);
        }
        self.record(session, &record, now).await
    }

    /// As [`last_activity_at`] says of messages of a session, in the order of their sending.
    pub(crate) fn last_activity_at(
        &self,
        session: &SessionName,
        messages: &[Message],
    ) -> Vec<Option<i64>> {
        let script = self.flows.of(session);
        last_activity_at(messages, self.takeover_ends_after(session), |message| {
            script.is_phone_end(&message.text)
        })
    }

    /// How long the owner answers a chat of this session after the last word, in ms.
    fn takeover_ends_after(&self, session: &SessionName) -> i64 {
        clock::millis(self.flows.of(session).phone_quiet())
    }

    /// What a message of ours means, if the owner wrote it. One without content says nothing: engines make such of what they
    /// can't show.
    fn owner_takeover(
        &self,
        session: &SessionName,
        message: &Message,
        last_activity_at: i64,
    ) -> Option<ByPhone> {
        (message.kind != Kind::Empty).then(|| ByPhone {
            quiet: self.takeover_ends_after(session),
            ends: self.flows.of(session).is_phone_end(&message.text),
            followed_at: last_activity_at,
        })
    }

    async fn record(
        &self,
        session: &SessionName,
        record: &Record,
        now: i64,
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
                        "the owner answers this chat from their own phone; the bot steps aside"
                    ),
                    true => info!(
                        %session,
                        %chat, "the owner has handed this chat back to the bot"
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
        at: Option<i64>,
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
    seen: String,
    chat: &ChatId,
    data: &impl serde::Serialize,
) -> Record {
    Record {
        seen,
        kind,
        from: chat.clone(),
        other: None,
        message: false,
        echo: None,
        says: None,
        phone: None,
        data: json(data),
    }
}

/// These are plain structures with text keys, which serde_json always can write.
fn json(data: &impl serde::Serialize) -> String {
    serde_json::to_string(data).unwrap_or_default()
}

fn warn_of_failure(session: &SessionName, ack: &Ack) {
    const ERROR: i8 = -1;
    if ack.ack == ERROR && ack.direction == Direction::Outbound {
        warn!(
            %session,
            chat = %ack.chat,
            message = %ack.message,
            reason = ack.error.as_deref().unwrap_or("WAHA gave none"),
            "WhatsApp did not deliver a reply; the history marks it failed"
        );
    }
}
