//! Watches the connection to Redis: logs when it is lost and when it is back, keeps the reason for the readiness check, and
//! reconnects if the server may no longer write.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fred::clients::Client;
use fred::interfaces::{ClientLike, EventInterface};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::ids::SessionName;
use crate::store::connection::error_words::plain_text;
use crate::store::connection::sent_messages::SentMessages;
use crate::store::error::{StoreError, refusal};
use crate::throttle::Throttle;

/// The sessions that this connection has added to the set in Redis, and when it last marked them as busy.
pub(crate) type Sessions = Mutex<HashMap<SessionName, Instant>>;

/// How often we reconnect while the server is read-only: its name may point to another server at any moment.
const RECONNECT_INTERVAL: Duration = Duration::from_secs(1);

const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// All connections of one process. When one of them learns of a failover, the others must know, too: they may only read or
/// listen.
#[derive(Clone, Debug)]
pub struct Connections {
    reconnect_requests: broadcast::Sender<()>,
    reconnect_throttle: Arc<Throttle>,
    log_throttle: Arc<Throttle>,
    /// The messages that this process sent; Redis may forget them.
    pub(crate) sent: SentMessages,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            reconnect_requests: broadcast::channel(1).0,
            reconnect_throttle: Arc::new(Throttle::new(RECONNECT_INTERVAL)),
            log_throttle: Arc::new(Throttle::new(LOG_INTERVAL)),
            sent: SentMessages::default(),
        }
    }
}

impl Connections {
    /// Gets a message each time that every connection must reconnect.
    pub(crate) fn reconnect_requests(&self) -> broadcast::Receiver<()> {
        self.reconnect_requests.subscribe()
    }

    /// Reconnects all: Redis refused a write because it is now a replica. Another server took over, and the same name,
    /// address or Sentinel may already lead to it.
    fn reconnect_all(&self) {
        if !self.reconnect_throttle.due() {
            return;
        }
        if self.log_throttle.due() {
            warn!(
                "Redis became read-only, as happens in a failover; reconnecting every second until it takes writes. If \
                 this continues, REDIS_URL points to a replica"
            );
        }
        // Sending fails only if everything is closed.
        let _ = self.reconnect_requests.send(());
    }
}

/// Watches one connection.
pub(crate) struct ConnectionWatch {
    client: Client,
    pub(crate) sessions: Sessions,
    closing: AtomicBool,
    /// The last error, while there is no connection.
    last_error: Mutex<Option<String>>,
    /// Redis does not let us in, and never did.
    pub(crate) refused: watch::Sender<Option<StoreError>>,
    connections: Connections,
}

impl ConnectionWatch {
    /// Starts to watch `client`, before its first connection. The watch ends when this `ConnectionWatch` is dropped.
    pub(crate) fn watch(client: &Client, all: &Connections) -> Arc<Self> {
        let watch = Arc::new(Self {
            client: client.clone(),
            sessions: Mutex::default(),
            closing: AtomicBool::new(false),
            last_error: Mutex::default(),
            refused: watch::channel(None).0,
            connections: all.clone(),
        });
        let (mut errors, mut connections) = (client.error_rx(), client.reconnect_rx());
        let mut reconnect_requests = all.reconnect_requests();
        let watched = Arc::downgrade(&watch);
        // One log line when the connection is lost and one when it is back. fred's own lines are turned off (see
        // `logging`).
        tokio::spawn(async move {
            let (mut away, mut before) = (false, false);
            loop {
                tokio::select! {
                    error = errors.recv() => match (error, watched.upgrade()) {
                        (Ok((error, _)), Some(watch)) => {
                            if !before && let Some(refusal) = refusal(&error) {
                                watch.refused.send_replace(Some(refusal));
                            } else if !away && !watch.closing.load(Ordering::Relaxed) {
                                away = true;
                                let error = plain_text(&error);
                                if before {
                                    warn!(%error, "lost the connection to Redis; trying to get it back");
                                } else {
                                    warn!(%error, "can't use Redis yet; retrying");
                                }
                            }
                            watch.set_last_error(Some(plain_text(&error)));
                        }
                        (Err(RecvError::Lagged(_)), Some(_)) => {}
                        (Err(RecvError::Closed), _) | (_, None) => return,
                    },
                    connection = connections.recv() => match (connection, watched.upgrade()) {
                        (Ok(_), Some(watch)) => {
                            watch.set_last_error(None);
                            // Redis may be back without its data, or this is another server: add the sessions again.
                            if let Ok(mut sessions) = watch.sessions.lock() {
                                sessions.clear();
                            }
                            if std::mem::take(&mut away) {
                                info!("connected to Redis again");
                            }
                            before = true;
                        }
                        (Err(RecvError::Lagged(_)), Some(_)) => {}
                        (Err(RecvError::Closed), _) | (_, None) => return,
                    },
                    _ = reconnect_requests.recv() => match watched.upgrade() {
                        Some(watch) => reconnect(&watch.client),
                        None => return,
                    },
                }
            }
        });
        watch
    }

    /// Why there is no connection; `None` if there is one.
    pub(crate) fn last_error(&self) -> Option<String> {
        self.last_error.lock().ok()?.clone()
    }

    fn set_last_error(&self, reason: Option<String>) {
        // The lock is held for a moment, never across an await.
        if let Ok(mut last_error) = self.last_error.lock() {
            *last_error = reason;
        }
    }

    /// Looks at the error of a command, and reconnects if it shows that the server is now a replica.
    pub(crate) fn check_error(&self, error: &fred::error::Error) {
        // Not only at the start of the text: Redis before 7 puts the error of a command inside the error of the script.
        if error.details().contains("READONLY") {
            self.connections.reconnect_all();
        }
    }

    /// From now on we close the connection on purpose, so its end is not logged.
    pub(crate) fn closing(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }
}

/// Reconnects in the background. The next command shows whether it worked.
pub(crate) fn reconnect<C: ClientLike + 'static>(client: &C) {
    let client = client.clone();
    tokio::spawn(async move { client.force_reconnection().await });
}

/// Waits until `client` is connected. We check every second, because fred looks whether it is connected, then listens, and
/// misses what happens in between.
pub(crate) async fn connected(client: &impl ClientLike) -> Result<(), fred::error::Error> {
    loop {
        match timeout(Duration::from_secs(1), client.wait_for_connect()).await {
            Ok(connected) => return connected,
            Err(_) if client.is_connected() => return Ok(()),
            Err(_) => {}
        }
    }
}
