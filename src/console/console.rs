//! The console is responsible for the browsers of the people who answer customers: it has a port of its own, because the
//! webhook's closes connections that last, and its places are for WAHA.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, warn};

use super::address::{ConsoleUrl, TrustedProxy};
use super::answer::secure;
use super::live::Hub;
use super::look::Looker;
use super::media::turns::Downloads;
use super::origin::OwnAddress;
use super::readers::Readers;
use super::who::Who;
use crate::clock::Millis;
use crate::flows::Flows;
use crate::service::accounts::accounts::Accounts;
use crate::service::accounts::guard::LoginGuard;
use crate::service::checkup::look::Checkup;
use crate::service::kit::metrics::Metrics;
use crate::service::kit::touched::Touched;
use crate::service::person::persons::Persons;
use crate::store::Store;
use crate::throttle::Throttle;
use crate::waha::client::Client;

/// Ten people with a few tabs each, and what proxies keep open.
pub(crate) const CONNECTIONS_MAX: usize = 512;
/// A browser sends its headers in one piece. An idle connection is also kept for this time.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
const BUFFER_MAX: usize = 32 << 10;
/// How long we wait for connections when we stop. Streams end at once.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(1_000);
/// The log has one line about refused connections in this time.
const FULL_INTERVAL: Duration = Duration::from_secs(60);

/// See the module.
pub(crate) struct Console {
    pub(crate) url: Option<ConsoleUrl>,
    pub(crate) trusted_proxies: Vec<TrustedProxy>,
    /// A connection of its own, so that a busy console slows nobody else down.
    pub(crate) store: Store,
    pub(crate) flows: Arc<Flows>,
    pub(crate) client: Arc<Client>,
    /// They know whether the history can be written.
    pub(crate) metrics: Arc<Metrics>,
    /// What the archiver has stored.
    pub(crate) touched: Arc<Touched>,
    /// The file of the history.
    pub(crate) history: PathBuf,
    /// Looks at what works and what does not.
    pub(crate) checkup: Checkup,
}

/// What all requests share.
pub(super) struct ConsoleState {
    pub(super) origin: OwnAddress,
    pub(super) store: Store,
    pub(super) accounts: Accounts,
    /// A std mutex, because no await happens while it is held.
    pub(super) guard: Mutex<LoginGuard>,
    pub(super) flows: Arc<Flows>,
    pub(super) client: Arc<Client>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) readers: Readers,
    pub(super) persons: Persons,
    pub(super) hub: Arc<Hub>,
    /// Who was logged in lately, by the hash of the token, for when Redis is away. A std mutex, as above.
    pub(super) lately: Mutex<HashMap<String, (Who, Millis)>>,
    pub(super) downloads: Downloads,
    pub(super) checkup: Checkup,
    trusted_proxies: Vec<TrustedProxy>,
    /// Cancelled when we stop: streams end then.
    pub(super) stopping: CancellationToken,
}

impl Console {
    /// Serves `listener` until `shutdown`.
    pub(crate) async fn run(self, listener: TcpListener, shutdown: CancellationToken) {
        let origin = OwnAddress::new(self.url);
        let persons = Persons {
            store: self.store.clone(),
            history: self.history.clone(),
        };
        let readers = Readers::new(self.history);
        let looker = Looker {
            prefix: origin.prefix().into(),
            store: self.store.clone(),
            readers: readers.clone(),
            flows: self.flows.clone(),
            touched: self.touched.clone(),
            store_errors: Arc::default(),
        };
        let hub = Arc::new(Hub::new(looker, self.touched, run_name()));
        let state = Arc::new(ConsoleState {
            origin,
            accounts: Accounts::new(self.store.clone()),
            guard: Mutex::default(),
            lately: Mutex::default(),
            store: self.store,
            flows: self.flows,
            client: self.client,
            metrics: self.metrics,
            readers,
            persons,
            hub: hub.clone(),
            downloads: Downloads::default(),
            checkup: self.checkup,
            trusted_proxies: self.trusted_proxies,
            stopping: shutdown.clone(),
        });
        let connections = TaskTracker::new();
        let looking = {
            let shutdown = shutdown.clone();
            tokio::spawn(async move { hub.run(shutdown).await })
        };
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let full = Throttle::new(FULL_INTERVAL);
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = shutdown.cancelled() => break,
            };
            match accepted {
                Ok((stream, peer)) => match places.clone().try_acquire_owned() {
                    Ok(place) => {
                        let (state, shutdown) = (state.clone(), shutdown.clone());
                        connections.spawn(async move {
                            state.connection(stream, peer, shutdown).await;
                            drop(place);
                        });
                    }
                    Err(_) => {
                        if full.due() {
                            warn!(
                                "the console refuses connections: {CONNECTIONS_MAX} are open already"
                            );
                        }
                    }
                },
                Err(error) => {
                    error!(%error, "can't accept a connection to the console; if `error` says \"too many open files\", \
                    raise the limit (ulimit -Hn, LimitNOFILE=)");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
        drop(listener);
        connections.close();
        if timeout(DRAIN_TIMEOUT, connections.wait()).await.is_err() {
            debug!("some connections to the console did not end before the stop");
        }
        // If it panicked, the panic is logged where it happened.
        let _ = looking.await;
    }
}

impl ConsoleState {
    async fn connection(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        shutdown: CancellationToken,
    ) {
        // Events are small. Without this, the kernel may delay them by up to 40 ms.
        let _ = stream.set_nodelay(true);
        let this = &self;
        let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
            let peer = this.browser(peer.ip(), &request);
            async move {
                // On the heap, because it is large: a debug build would need most of the stack for it.
                let mut answer = Box::pin(this.answer(request, peer)).await;
                secure(&mut answer);
                Ok::<_, Infallible>(answer)
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .max_buf_size(BUFFER_MAX)
            .serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = &mut connection => ended,
            () = shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            debug!(%peer, %error, "a connection to the console ended with an error");
        }
    }

    /// The address of the browser. Proxies that we trust say it; anybody else could say anything.
    fn browser<T>(&self, peer: IpAddr, request: &hyper::Request<T>) -> IpAddr {
        let mut address = peer.to_canonical();
        let trusted = |address: IpAddr| {
            self.trusted_proxies
                .iter()
                .any(|proxy| proxy.contains(address))
        };
        let headers = request.headers().get_all("x-forwarded-for").iter();
        let hops: Vec<&str> = headers
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        // The last one was added by the nearest proxy.
        for hop in hops.into_iter().rev() {
            if !trusted(address) {
                break;
            }
            match hop.trim().parse::<IpAddr>() {
                Ok(before) => address = before.to_canonical(),
                Err(_) => break,
            }
        }
        address
    }
}

/// A name for this run, so that a browser that was connected to another one loads its page again.
fn run_name() -> String {
    let mut bytes = [0; 8];
    // If the system has no random numbers, the time is different enough.
    if SystemRandom::new().fill(&mut bytes).is_err() {
        bytes = Millis::now().as_i64().to_be_bytes();
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
