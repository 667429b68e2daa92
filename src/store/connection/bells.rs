//! Bells: Pub/Sub messages that say "look now". Losing one costs time, never data.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fred::clients::SubscriberClient;
use fred::interfaces::{ClientLike, EventInterface, PubsubInterface};
use fred::types::config::{Config, ServerConfig};
use fred::types::{ConnectHandle, CustomCommand, Message, Value};
use tokio::sync::broadcast::Receiver;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::ids::{ChatId, ProcessId, SessionName};
use crate::store::connection::client::{builder_of_one_connection, config_of};
use crate::store::connection::config::StoreConfig;
use crate::store::error::StoreError;
use crate::store::scripts::keys::Keys;

/// How many bells may wait to be read. If there are more, we assume that all were missed. fred reserves this space in each
/// of half a dozen channels, about 100 bytes per bell.
const UNREAD_BELLS_MAX: usize = 1_024;

/// The pauses between the tries to subscribe again: the first one, and the longest.
const SUBSCRIBE_AGAIN: (Duration, Duration) =
    (Duration::from_millis(20), Duration::from_millis(500));

/// How long one try may take.
const OPEN_TIMEOUT: Duration = Duration::from_secs(3);

/// A subscription only listens, so it would not notice that its server has stopped. It asks after so much silence.
const PING_INTERVAL: Duration = Duration::from_secs(2);

/// How long the server may take to answer that.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// The channel of [`Bell::Flows`], without the prefix of all channels.
pub(crate) const FLOWS: &str = "flows";

/// Scripts add this to the bell of a conversation when the owner takes it over.
const BY_PHONE: &str = "phone";

/// And this when a person at the desk takes it, or closes it.
const BY_AGENT: &str = "agent";

/// And this when the chat reached a limit.
const AT_LIMIT: &str = "limit";

/// And this, with the message, when a customer wrote one.
const MESSAGE: &str = "message ";

/// A bell: it says where to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bell {
    /// A conversation waits in this session's line.
    Queue(SessionName),
    /// A conversation that this process holds has a new message, or changed in another way: session, chat.
    Inbox(SessionName, ChatId),
    /// The same for a new message that the bell brings along.
    Message(SessionName, ChatId, NewMessage),
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
    /// Something is due in this session at a time that nobody knows yet.
    Due(SessionName),
    /// Reload the flows, and report the result under this request.
    Flows(String),
    /// This session works, perhaps after a pause.
    SessionWorks(SessionName),
    /// Bells may have been missed: check everything.
    Missed,
}

/// A message that a bell brings along, so that nobody need read it from Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    /// The epoch of the conversation, and the number of its steps, when the message came.
    pub epoch: String,
    /// See `epoch`.
    pub rev: u64,
    /// Its place in the inbox; 0 is the first.
    pub place: usize,
    /// The message as it is in the inbox, JSON.
    pub stored: String,
}

impl NewMessage {
    /// Reads "epoch rev place message".
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, ' ');
        Some(Self {
            epoch: parts.next()?.to_owned(),
            rev: parts.next()?.parse().ok()?,
            place: parts.next()?.parse().ok()?,
            stored: parts.next()?.to_owned(),
        })
    }
}

/// The subscription of a process to its bells.
pub struct Bells {
    config: StoreConfig,
    channels: Vec<String>,
    bell: String,
    process: Option<ProcessId>,
    subscription: Subscription,
    /// Why it could not subscribe again so far; `None` while it is subscribed.
    last_error: Arc<Mutex<Option<String>>>,
}

/// One connection. It is not repaired: when it ends, or falls silent, another takes its place.
struct Subscription {
    client: SubscriberClient,
    messages: Receiver<Message>,
    /// Tells the subscription to reconnect. It never writes, so it can't notice itself that its server was replaced.
    reconnect_requests: Receiver<()>,
    ended: ConnectHandle,
}

impl Bells {
    /// Subscribes to all bells of a process. After a lost connection, it subscribes again.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn subscribe(config: &StoreConfig, process: &ProcessId) -> Result<Self, StoreError> {
        let own = format!("process:{process}");
        let channels = ["queue", "announce", "lanes", "due", "works", FLOWS, &own];
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
        let bell = Keys::new(&config.prefix).bell();
        let channels: Vec<String> = channels
            .iter()
            .map(|channel| format!("{bell}{channel}"))
            .collect();
        let last_error = Arc::new(Mutex::new(None));
        let watched = Arc::downgrade(&last_error);
        // A process that hears no bells leaves the customers whom it serves waiting.
        config
            .connections
            .watch(Box::new(move || watched.upgrade()?.lock().ok()?.clone()));
        Ok(Self {
            subscription: Subscription::open(config, &channels).await?,
            last_error,
            config: config.clone(),
            channels,
            bell,
            process: process.cloned(),
        })
    }

    /// Sends each bell to the receivers that `route` returns, until the subscription is closed.
    pub async fn run(mut self, route: impl Fn(&Bell) -> Vec<mpsc::UnboundedSender<Bell>>) {
        loop {
            let bell = match self.subscription.next().await {
                Some((channel, text)) => self.parse(&channel, &text),
                None => {
                    self.subscribe_again().await;
                    Some(Bell::Missed)
                }
            };
            let Some(bell) = bell else { continue };
            for receiver in route(&bell) {
                // If a receiver is gone, its agent has stopped.
                let _ = receiver.send(bell.clone());
            }
        }
    }

    /// Makes another subscription. [`Bell::Missed`] goes out afterwards, so that no bell after that check is missed.
    async fn subscribe_again(&mut self) {
        self.subscription.close().await;
        let mut pause = SUBSCRIBE_AGAIN.0;
        loop {
            match Subscription::open(&self.config, &self.channels).await {
                Ok(subscription) => {
                    self.subscription = subscription;
                    self.set_last_error(None);
                    return;
                }
                Err(error) => self.set_last_error(Some(format!("can't subscribe: {error}"))),
            }
            sleep(pause).await;
            pause = (pause * 2).min(SUBSCRIBE_AGAIN.1);
        }
    }

    fn set_last_error(&self, reason: Option<String>) {
        // The lock is held for a moment, never across an await.
        if let Ok(mut last_error) = self.last_error.lock() {
            *last_error = reason;
        }
    }

    fn parse(&self, channel: &str, message: &str) -> Option<Bell> {
        match channel.strip_prefix(&self.bell)? {
            "queue" => Some(Bell::Queue(SessionName::stored(message))),
            "announce" => Some(Bell::Announce(SessionName::stored(message))),
            "lanes" => Some(Bell::Lanes(SessionName::stored(message))),
            "due" => Some(Bell::Due(SessionName::stored(message))),
            "works" => Some(Bell::SessionWorks(SessionName::stored(message))),
            FLOWS => Some(Bell::Flows(message.to_owned())),
            own if self.is_own(own) => {
                let mut parts = message.splitn(3, ' ');
                let session = SessionName::stored(parts.next()?);
                let chat = ChatId::stored(parts.next()?);
                let why = parts.next();
                let message = why.and_then(|why| NewMessage::read(why.strip_prefix(MESSAGE)?));
                if let Some(message) = message {
                    return Some(Bell::Message(session, chat, message));
                }
                Some(match why {
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
}

impl Subscription {
    /// Subscribes at the server; on a Cluster, at any node: each gets the messages of all.
    async fn open(config: &StoreConfig, channels: &[String]) -> Result<Self, StoreError> {
        let server = config_of(&config.server)?;
        let nodes = match &server.server {
            ServerConfig::Clustered { hosts, .. } => config.connections.nodes_or(hosts),
            _ => return Self::open_at(config, server, channels).await,
        };
        let mut last = StoreError::Disconnected;
        for node in nodes {
            let at_node = Config {
                server: ServerConfig::Centralized { server: node },
                ..server.clone()
            };
            match Self::open_at(config, at_node, channels).await {
                Ok(subscription) => return Ok(subscription),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn open_at(
        config: &StoreConfig,
        server: Config,
        channels: &[String],
    ) -> Result<Self, StoreError> {
        // Opened before the connection, so that no request is missed.
        let reconnect_requests = config.connections.reconnect_requests();
        let mut builder = builder_of_one_connection(server);
        builder.with_performance_config(|performance| {
            performance.broadcast_channel_capacity = UNREAD_BELLS_MAX
        });
        let client = builder.build_subscriber_client()?;
        let messages = client.message_rx();
        let subscribed = timeout(OPEN_TIMEOUT, async {
            let ended = client.init().await?;
            client.subscribe(channels.to_vec()).await?;
            Ok::<_, StoreError>(ended)
        });
        match subscribed.await {
            Ok(Ok(ended)) => Ok(Self {
                client,
                messages,
                reconnect_requests,
                ended,
            }),
            Ok(Err(error)) => {
                let _ = client.quit().await;
                Err(error)
            }
            Err(_) => {
                let _ = client.quit().await;
                Err(StoreError::Unusable("no answer from Redis".to_owned()))
            }
        }
    }

    /// The channel and the text of the next message; `None` if messages may have been missed.
    async fn next(&mut self) -> Option<(String, String)> {
        loop {
            tokio::select! {
                message = self.messages.recv() => {
                    let message = message.ok()?;
                    let text = message.value.as_str().as_deref().unwrap_or_default().to_owned();
                    return Some((message.channel.to_string(), text));
                }
                _ = self.reconnect_requests.recv() => return None,
                _ = &mut self.ended => return None,
                () = sleep(PING_INTERVAL) => {
                    let ping = CustomCommand::new_static("PING", None::<u16>, false);
                    let ping = self.client.custom::<Value, String>(ping, Vec::new());
                    if !matches!(timeout(PING_TIMEOUT, ping).await, Ok(Ok(_))) {
                        return None;
                    }
                }
            }
        }
    }

    async fn close(&self) {
        let _ = timeout(PING_TIMEOUT, self.client.quit()).await;
    }
}
