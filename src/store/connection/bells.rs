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
use crate::store::connection::config::{RedisServer, StoreConfig};
use crate::store::connection::connection_watch::{connected, reconnect};
use crate::store::error::StoreError;
use crate::store::scripts::keys::Keys;

/// How many bells may wait to be read. If there are more, we assume that all were missed. fred reserves this space in each
/// of half a dozen channels, about 100 bytes per bell.
const UNREAD_BELLS_MAX: usize = 1_024;

/// The pause before the next try if Redis refuses the subscription.
const RESUBSCRIBE_AFTER: Duration = Duration::from_millis(500);

/// The channel of [`Bell::Flows`], without the prefix of all channels.
pub(crate) const FLOWS: &str = "flows";

/// Scripts add this to the bell of a conversation when the owner takes it over.
const BY_PHONE: &str = "phone";

/// And this when a person at the desk takes it, or closes it.
const BY_AGENT: &str = "agent";

/// And this when the chat reached a limit.
const AT_LIMIT: &str = "limit";

/// A bell: it says where to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bell {
    /// A conversation waits in this session's line.
    Queue(SessionName),
    /// A conversation that this process holds has a new message, or changed in another way: session, chat.
    Inbox(SessionName, ChatId),
    /// The owner took over a conversation of this process from their own phone: session, chat.
    TakenOver(SessionName, ChatId),
    /// A person at the desk took or closed a conversation of this process: session, chat.
    AtDesk(SessionName, ChatId),
    /// A conversation of this process was closed because its chat reached a limit: session, chat.
    LeftAlone(SessionName, ChatId),
    /// The announcer should look at a customer in this session's line.
    Announce(SessionName),
    /// A lane of this session is due.
    Lanes(SessionName),
    /// Reload the flows, and report the result under this request.
    Flows(String),
    /// This session works, perhaps after a pause.
    SessionWorks(SessionName),
    /// Bells may have been missed: check everything.
    Missed,
}

/// The subscription of a process to its bells.
pub struct Bells {
    subscriber: SubscriberClient,
    /// Opened before the first subscription, so that no later reconnection is missed.
    reconnections: Receiver<Server>,
    /// Tells the subscription to reconnect. It never writes, so it can't notice itself that its server was replaced.
    reconnect_requests: Receiver<()>,
    bell: String,
    process: Option<ProcessId>,
    /// The subscriber reconnects through the directory of the private Redis, which must stay open for it.
    _server: RedisServer,
}

impl Bells {
    /// Subscribes to all bells of a process. After a lost connection, it subscribes again.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn subscribe(config: &StoreConfig, process: &ProcessId) -> Result<Self, StoreError> {
        let own = format!("process:{process}");
        let channels = ["queue", "announce", "lanes", "works", FLOWS, &own];
        Self::subscribe_to(config, &channels, Some(process)).await
    }

    /// Subscribes to [`Bell::Flows`] alone.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn subscribe_to_flows(config: &StoreConfig) -> Result<Self, StoreError> {
        Self::subscribe_to(config, &[FLOWS], None).await
    }

    /// Subscribes to the bells that ring when a line changes.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn subscribe_to_line(config: &StoreConfig) -> Result<Self, StoreError> {
        Self::subscribe_to(config, &["queue", "announce"], None).await
    }

    async fn subscribe_to(
        config: &StoreConfig,
        channels: &[&str],
        process: Option<&ProcessId>,
    ) -> Result<Self, StoreError> {
        let mut builder = builder(config)?;
        builder.with_performance_config(|performance| {
            performance.broadcast_channel_capacity = UNREAD_BELLS_MAX
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
            reconnect_requests: config.connections.reconnect_requests(),
            bell,
            process: process.cloned(),
            _server: config.server.clone(),
        })
    }

    /// Sends each bell to the receivers that `route` returns, until the subscription is closed.
    pub async fn run(mut self, route: impl Fn(&Bell) -> Vec<mpsc::UnboundedSender<Bell>>) {
        let mut messages = self.subscriber.message_rx();
        loop {
            let bell = tokio::select! {
                Ok(()) | Err(RecvError::Lagged(_)) = self.reconnect_requests.recv() => {
                    reconnect(&self.subscriber);
                    None
                }
                message = messages.recv() => match message {
                    Ok(message) => self.parse(&message.channel, message.value.as_str().as_deref().unwrap_or_default()),
                    Err(RecvError::Lagged(_)) => Some(Bell::Missed),
                    Err(RecvError::Closed) => return,
                },
                reconnection = self.reconnections.recv() => match reconnection {
                    Ok(_) | Err(RecvError::Lagged(_)) => {
                        self.resubscribe().await;
                        Some(Bell::Missed)
                    }
                    Err(RecvError::Closed) => return,
                },
            };
            let Some(bell) = bell else { continue };
            for receiver in route(&bell) {
                // If a receiver is gone, its agent has stopped.
                let _ = receiver.send(bell.clone());
            }
        }
    }

    /// Subscribes again before [`Bell::Missed`] goes out, so that no bell after that check is missed.
    async fn resubscribe(&self) {
        while let Err(error) = self.subscriber.resubscribe_all().await {
            debug!(%error, "could not subscribe again");
            if !self.subscriber.is_connected() {
                // The next reconnection brings us here again.
                return;
            }
            sleep(RESUBSCRIBE_AFTER).await;
        }
    }

    fn parse(&self, channel: &str, message: &str) -> Option<Bell> {
        match channel.strip_prefix(&self.bell)? {
            "queue" => Some(Bell::Queue(SessionName::stored(message))),
            "announce" => Some(Bell::Announce(SessionName::stored(message))),
            "lanes" => Some(Bell::Lanes(SessionName::stored(message))),
            "works" => Some(Bell::SessionWorks(SessionName::stored(message))),
            FLOWS => Some(Bell::Flows(message.to_owned())),
            own if self.is_own(own) => {
                let mut parts = message.splitn(3, ' ');
                let session = SessionName::stored(parts.next()?);
                let chat = ChatId::stored(parts.next()?);
                Some(match parts.next() {
                    Some(BY_PHONE) => Bell::TakenOver(session, chat),
                    Some(BY_AGENT) => Bell::AtDesk(session, chat),
                    Some(AT_LIMIT) => Bell::LeftAlone(session, chat),
                    _ => Bell::Inbox(session, chat),
                })
            }
            _ => None,
        }
    }

    /// Whether this is the channel of this process.
    fn is_own(&self, channel: &str) -> bool {
        let process = channel.strip_prefix("process:");
        process.is_some() && process == self.process.as_ref().map(ProcessId::as_str)
    }

    /// Closes the subscription.
    pub async fn close(&self) {
        let _ = self.subscriber.quit().await;
    }
}
