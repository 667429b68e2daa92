//! The intake is responsible for what an authentic event means: it reads WAHA's JSON and hands it to the store.

use tracing::{info, warn};

use crate::clock;
use crate::store::{self, Ingest, Ingested, Record, Recorded, Store};
use crate::waha::event::{self, Ack, NotAnEvent, What};
use crate::waha::message::{Direction, Message};

/// See the module.
pub struct Intake {
    /// Where events go.
    pub store: Store,
}

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
    /// We had it already.
    Duplicate,
    /// Nothing for us.
    Ignored,
    /// It is in the history, and opens and continues nothing.
    Recorded,
}

impl Done {
    /// As the answer to WAHA and the metrics call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued { .. } => "queued",
            Self::Active => "active",
            Self::Duplicate => "duplicate",
            Self::Ignored => "ignored",
            Self::Recorded => "recorded",
        }
    }
}

/// Why an event was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It can't be WAHA's.
    #[error(transparent)]
    NotAnEvent(#[from] NotAnEvent),
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Intake {
    /// Reads an authentic body and makes what it says durable.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn take(&self, body: &[u8]) -> Result<Done, Error> {
        let now = clock::now();
        let event = event::parse(body, now)?;
        let (session, name, envelope) = (event.session, event.name, event.id);
        // Never by the envelope id alone: `message` and `message.any` may share one.
        let seen = envelope
            .map(|id| format!("event:{name}:{id}"))
            .unwrap_or_default();
        Ok(match event.what {
            What::Inbound(message) => self.inbound(&session, message, now).await?,
            What::Own(message) => self.own(&session, message, now).await?,
            What::Ack(ack) => {
                let record = recorded("ack", seen, ack.chat.as_str(), &ack);
                let done = self.record(&session, &record).await?;
                if done == Done::Recorded {
                    warn_of_failure(&session, &ack);
                }
                done
            }
            What::Edited(edited) => {
                self.record(
                    &session,
                    &recorded("edited", seen, edited.chat.as_str(), &edited),
                )
                .await?
            }
            What::Revoked(revoked) => {
                self.record(
                    &session,
                    &recorded("revoked", seen, revoked.chat.as_str(), &revoked),
                )
                .await?
            }
            What::Reaction(reaction) => {
                self.record(
                    &session,
                    &recorded("reaction", seen, reaction.chat.as_str(), &reaction),
                )
                .await?
            }
            What::SessionStatus { status } => self.session_status(&session, &status).await?,
            What::Ignored(_) => Done::Ignored,
        })
    }

    async fn inbound(&self, session: &str, mut message: Message, now: i64) -> Result<Done, Error> {
        message.received_at = now;
        let Some(stanza) = message.stanza.clone() else {
            return Ok(Done::Ignored);
        };
        let ingest = Ingest {
            stanza,
            chat: message.chat.as_str().to_owned(),
            name: message.name.clone().unwrap_or_default(),
            message: json(&message),
            now,
        };
        Ok(match self.store.ingest(session, ingest).await? {
            Ingested::Queued { position } => Done::Queued { position },
            Ingested::Active => Done::Active,
            Ingested::Duplicate => Done::Duplicate,
        })
    }

    async fn own(&self, session: &str, mut message: Message, now: i64) -> Result<Done, Error> {
        message.received_at = now;
        let seen = message
            .stanza
            .as_ref()
            .map(|stanza| format!("out:{stanza}"))
            .unwrap_or_default();
        let mut record = recorded("message", seen, message.chat.as_str(), &message);
        record.own = true;
        self.record(session, &record).await
    }

    async fn record(&self, session: &str, record: &Record) -> Result<Done, Error> {
        Ok(match self.store.record(session, record).await? {
            Recorded::Recorded => Done::Recorded,
            Recorded::Duplicate => Done::Duplicate,
            Recorded::Ignored => Done::Ignored,
        })
    }

    async fn session_status(&self, session: &str, status: &str) -> Result<Done, Error> {
        if status == "WORKING" {
            if self.store.resume(session).await? {
                info!(session, "the session works again; replies go on");
            }
        } else {
            info!(session, status, "the session's status changed");
        }
        Ok(Done::Recorded)
    }
}

fn recorded(kind: &'static str, seen: String, chat: &str, data: &impl serde::Serialize) -> Record {
    Record {
        seen,
        kind,
        chat: chat.to_owned(),
        own: false,
        data: json(data),
    }
}

/// These are plain structures with text keys, which serde_json always can write.
fn json(data: &impl serde::Serialize) -> String {
    serde_json::to_string(data).unwrap_or_default()
}

fn warn_of_failure(session: &str, ack: &Ack) {
    const ERROR: i8 = -1;
    if ack.ack == ERROR && ack.direction == Direction::Outbound {
        warn!(
            session,
            chat = ack.chat.as_str(),
            message = ack.stanza,
            reason = ack.error.as_deref().unwrap_or("WAHA gave none"),
            "WhatsApp did not deliver a reply; the history marks it failed"
        );
    }
}
