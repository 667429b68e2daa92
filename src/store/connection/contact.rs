//! The connection to Redis as the log and the readiness tell of it: when it goes and comes back, why it is away, and
//! made anew where it leads to a server that may no longer write.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fred::clients::Client;
use fred::interfaces::{ClientLike, EventInterface};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::time::timeout;
use tracing::{info, warn};

use crate::ids::SessionName;
use crate::store::connection::error_words::words;
use crate::store::connection::sent_messages::SentMessages;
use crate::throttle::Throttle;

/// The sessions known to be in Redis' set of them.
pub(crate) type Sessions = Mutex<HashSet<SessionName>>;

/// How often a connection to a server that became read-only is made anew: where its name leads may change at any moment.
const RENEW_INTERVAL: Duration = Duration::from_secs(1);

const COMPLAIN_INTERVAL: Duration = Duration::from_secs(60);

/// All connections of one process: what one of them learns of a failover, the others, which may only read or listen,
/// must hear.
#[derive(Clone, Debug)]
pub struct Connections {
    renewals: broadcast::Sender<()>,
    renewed: Arc<Throttle>,
    told: Arc<Throttle>,
    /// What the process knows that Redis may forget.
    pub(crate) sent: SentMessages,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            renewals: broadcast::channel(1).0,
            renewed: Arc::new(Throttle::new(RENEW_INTERVAL)),
            told: Arc::new(Throttle::new(COMPLAIN_INTERVAL)),
            sent: SentMessages::default(),
        }
    }
}

impl Connections {
    /// Told whenever every connection is to be made anew.
    pub(crate) fn renewals(&self) -> broadcast::Receiver<()> {
        self.renewals.subscribe()
    }

    /// Redis refused a write because it is a replica: it was replaced by another, to which the same name, address or
    /// Sentinel may lead by now.
    fn renew(&self) {
        if !self.renewed.due() {
            return;
        }
        if self.told.due() {
            warn!(
                "Redis became read-only, as happens in a failover; reconnecting every second until it takes writes. If \
                 this continues, REDIS_URL points to a replica"
            );
        }
        // Nobody listens only when all is closed.
        let _ = self.renewals.send(());
    }
}

/// See the module.
pub(crate) struct Contact {
    client: Client,
    pub(crate) sessions: Sessions,
    closing: AtomicBool,
    /// What went wrong last, while there is no connection.
    trouble: Mutex<Option<String>>,
    connections: Connections,
}

impl Contact {
    /// Watches `client` from before its first connection until it is dropped.
    pub(crate) fn watch(client: &Client, all: &Connections) -> Arc<Self> {
        let contact = Arc::new(Self {
            client: client.clone(),
            sessions: Mutex::default(),
            closing: AtomicBool::new(false),
            trouble: Mutex::default(),
            connections: all.clone(),
        });
        let (mut errors, mut connections) = (client.error_rx(), client.reconnect_rx());
        let mut renewals = all.renewals();
        let watched = Arc::downgrade(&contact);
        // One line when Redis goes, one when it is back: fred's own are turned off (see `logging`).
        tokio::spawn(async move {
            let (mut away, mut before) = (false, false);
            loop {
                tokio::select! {
                    error = errors.recv() => match (error, watched.upgrade()) {
                        (Ok((error, _)), Some(contact)) => {
                            if !away && !contact.closing.load(Ordering::Relaxed) {
                                away = true;
                                let error = words(&error);
                                if before {
                                    warn!(%error, "lost the connection to Redis; trying to get it back");
                                } else {
                                    warn!(%error, "can't use Redis yet; trying again and again");
                                }
                            }
                            contact.note_trouble(Some(words(&error)));
                        }
                        (Err(RecvError::Lagged(_)), Some(_)) => {}
                        (Err(RecvError::Closed), _) | (_, None) => return,
                    },
                    connection = connections.recv() => match (connection, watched.upgrade()) {
                        (Ok(_), Some(contact)) => {
                            contact.note_trouble(None);
                            // It may have come back without its data, or be another server: what was remembered is
                            // said again.
                            if let Ok(mut sessions) = contact.sessions.lock() {
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
                    _ = renewals.recv() => match watched.upgrade() {
                        Some(contact) => renew(&contact.client),
                        None => return,
                    },
                }
            }
        });
        contact
    }

    /// What is wrong with the connection, if there is none.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.trouble.lock().ok()?.clone()
    }

    fn note_trouble(&self, reason: Option<String>) {
        // Held for a moment, never over an await.
        if let Ok(mut trouble) = self.trouble.lock() {
            *trouble = reason;
        }
    }

    /// Looks at an error that a command ended with: it may show that another server is the one to talk to.
    pub(crate) fn note(&self, error: &fred::error::Error) {
        // Not only at the beginning: Redis before 7 wraps what a script ran into.
        if error.details().contains("READONLY") {
            self.connections.renew();
        }
    }

    /// From now on its end is meant.
    pub(crate) fn closing(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }
}

/// Makes a connection anew; how that ends shows at the next command.
pub(crate) fn renew<C: ClientLike + 'static>(client: &C) {
    let client = client.clone();
    tokio::spawn(async move { client.force_reconnection().await });
}

/// Waits until `client` is connected. Asks again now and then: fred looks whether it is connected, then listens, and
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
