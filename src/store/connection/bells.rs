//! Bells: Pub/Sub messages that say "look now". Losing one costs time, never data.

use std::time::Duration;

use fred::clients::SubscriberClient;
use fred::interfaces::{ClientLike, EventInterface, PubsubInterface};
use fred::types::config::Server;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tracing::debug;

use crate::ids::{ChatId, ProcessId, SessionName};
use crate::store::connection::client::builder;
use crate::store::connection::config::StoreConfig;
use crate::store::connection::contact::{connected, renew};
use crate::store::error::StoreError;
use crate::store::scripts::keys::Keys;

/// Bells that may be waiting to be heard; beyond that all are taken for missed. fred sets the room aside for each
/// of half a dozen channels, some 100 bytes a place.
const UNHEARD_MAX: usize = 1_024;

/// Where Redis refuses the subscription itself.
const RENEW_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// The channel of [`Bell::Flows`], after what all begin with.
pub(crate) const FLOWS: &str = "flows";

/// What the scripts add to the bell of a conversation that the owner took over.
const BY_PHONE: &str = "phone";

/// What a bell rings for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bell {
    /// Somebody waits in this session's line.
    Queue(SessionName),
    /// A conversation that this process holds has something to read, or changed in another way: session, chat.
    Inbox(SessionName, ChatId),
    /// The owner took over a conversation that this process held, from their own phone: session, chat.
    TakenOver(SessionName, ChatId),
    /// Somebody in this session's line is due to be told something.
    Announce(SessionName),
    /// A lane of this session is due.
    Lanes(SessionName),
    /// Load the flows anew, and say under this request how it went.
    Flows(String),
    /// This session works, perhaps after a time in which it did not.
    Works(SessionName),
    /// Bells may have been missed: look everywhere.
    Missed,
}

/// The bells that ring for one process.
pub struct Bells {
    subscriber: SubscriberClient,
    /// Listened to from the first subscription on, so that none is missed.
    reconnections: Receiver<Server>,
    /// A subscription never writes, and would stay with a server that was replaced.
    renewals: Receiver<()>,
    bell: String,
    process: Option<ProcessId>,
}

impl Bells {
    /// Subscribes; the subscription is renewed whenever the connection was lost.
    ///
    /// # Errors
    /// As [`StoreError`] says.
    pub async fn subscribe(config: &StoreConfig, process: &ProcessId) -> Result<Self, StoreError> {
        let own = format!("process:{process}");
        let channels = ["queue", "announce", "lanes", "works", FLOWS, &own];
        Self::subscribe_to(config, &channels, Some(process)).await
    }

    /// Subscribes to [`Bell::Flows`] alone.
    ///
    /// # Errors
    /// As [`StoreError`] says.
    pub async fn subscribe_to_flows(config: &StoreConfig) -> Result<Self, StoreError> {
        Self::subscribe_to(config, &[FLOWS], None).await
    }

    async fn subscribe_to(
        config: &StoreConfig,
        channels: &[&str],
        process: Option<&ProcessId>,
    ) -> Result<Self, StoreError> {
        let mut builder = builder(config)?;
        builder.with_performance_config(|performance| {
            performance.broadcast_channel_capacity = UNHEARD_MAX
        });
        let subscriber = builder.build_subscriber_client()?;
        drop(subscriber.connect());
        connected(&subscriber).await?;
        let reconnections = subscriber.reconnect_rx();
        let bell = Keys::new(&config.prefix).bell();
        for channel in channels {
            subscriber.subscribe(format!("{bell}{channel}")).await?;
        }
        Ok(Self {
            subscriber,
            reconnections,
            renewals: config.connections.renewals(),
            bell,
            process: process.cloned(),
        })
    }

    /// Hands every bell to whoever `route` says, until the receivers are gone.
    pub async fn run(mut self, route: impl Fn(&Bell) -> Vec<mpsc::UnboundedSender<Bell>>) {
        let mut messages = self.subscriber.message_rx();
        loop {
            let bell = tokio::select! {
                Ok(()) | Err(RecvError::Lagged(_)) = self.renewals.recv() => {
                    renew(&self.subscriber);
                    None
                }
                message = messages.recv() => match message {
                    Ok(message) => self.parse(&message.channel, message.value.as_str().as_deref().unwrap_or_default()),
                    Err(RecvError::Lagged(_)) => Some(Bell::Missed),
                    Err(RecvError::Closed) => return,
                },
                reconnection = self.reconnections.recv() => match reconnection {
                    Ok(_) | Err(RecvError::Lagged(_)) => {
                        self.renew().await;
                        Some(Bell::Missed)
                    }
                    Err(RecvError::Closed) => return,
                },
            };
            let Some(bell) = bell else { continue };
            for receiver in route(&bell) {
                // A receiver that is gone belongs to an agent that has stopped.
                let _ = receiver.send(bell.clone());
            }
        }
    }

    /// Subscribes again, before anybody looks everywhere: what rings after that look is heard.
    async fn renew(&self) {
        while let Err(error) = self.subscriber.resubscribe_all().await {
            debug!(%error, "could not subscribe again");
            if !self.subscriber.is_connected() {
                // Its next return brings us here again.
                return;
            }
            sleep(RENEW_AGAIN_AFTER).await;
        }
    }

    fn parse(&self, channel: &str, message: &str) -> Option<Bell> {
        match channel.strip_prefix(&self.bell)? {
            "queue" => Some(Bell::Queue(SessionName::stored(message))),
            "announce" => Some(Bell::Announce(SessionName::stored(message))),
            "lanes" => Some(Bell::Lanes(SessionName::stored(message))),
            "works" => Some(Bell::Works(SessionName::stored(message))),
            FLOWS => Some(Bell::Flows(message.to_owned())),
            own if self.is_own(own) => {
                let mut parts = message.splitn(3, ' ');
                let session = SessionName::stored(parts.next()?);
                let chat = ChatId::stored(parts.next()?);
                Some(match parts.next() {
                    Some(BY_PHONE) => Bell::TakenOver(session, chat),
                    _ => Bell::Inbox(session, chat),
                })
            }
            _ => None,
        }
    }

    /// Whether this is the channel of our own process.
    fn is_own(&self, channel: &str) -> bool {
        let process = channel.strip_prefix("process:");
        process.is_some() && process == self.process.as_ref().map(ProcessId::as_str)
    }

    /// Closes the subscription.
    pub async fn close(&self) {
        let _ = self.subscriber.quit().await;
    }
}
