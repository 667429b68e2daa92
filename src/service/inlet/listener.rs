//! The listener is responsible for HTTP connections: it accepts each one at once, and closes those that are stuck or have to
//! make room.

mod routes;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::yield_now;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, warn};

use crate::service::inlet::body::{BODY_TIMEOUT, Bodies, MEMORY_MAX};
use crate::service::inlet::intake::Intake;
use crate::service::inlet::peer::{Peer, Signers};
use crate::service::inlet::refusal_log::RefusalLog;
use crate::service::inlet::shares::{Held, ShareLimits, Shares};
use crate::service::kit::metrics::Metrics;
use crate::service::kit::readiness::Readiness;
use crate::service::kit::shared_reading::SharedReading;
use crate::store::Store;
use crate::throttle::Throttle;
use crate::waha::signature::Verifier;

/// WAHA opens a connection for each event. Each one costs us a few kilobytes.
pub(crate) const CONNECTIONS_MAX: usize = 4_096;
/// How many connections wait in the kernel until we accept them, if it allows that many (net.core.somaxconn). We accept at
/// once, but a burst may be faster.
const BACKLOG: u32 = 4_096;
/// The read buffer of a connection, for headers and bodies. All of them together hold at most 64 MiB.
const BUFFER_MAX: usize = 16 << 10;
/// WAHA sends its headers in one piece, so a slower sender is not WAHA. An idle connection is also kept for this time, which
/// is longer than WAHA keeps it (4 s).
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// The same limit while half of all connections are in use: silent connections can't block others for longer.
const HEADER_TIMEOUT_CROWDED: Duration = Duration::from_secs(2);
/// How long storing an event may take: longer than a restart of Redis, and about as long as WAHA waits before it retries.
const INTAKE_TIMEOUT: Duration = Duration::from_secs(3);
/// A connection is closed if no request begins on it for this long. Headers, body and our work are done by then, so the
/// peer is not reading our answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(25);
const _: () = assert!(
    REQUEST_TIMEOUT.as_secs()
        > HEADER_TIMEOUT.as_secs() + BODY_TIMEOUT.as_secs() + INTAKE_TIMEOUT.as_secs()
);
/// How often the log gets the number of refusals that were not logged one by one.
const SUM_INTERVAL: Duration = Duration::from_secs(5);
/// While Redis is down or the load is too high, every webhook fails in the same way. The log has one line in this time; the
/// metrics count each failure.
const UNAVAILABLE_INTERVAL: Duration = Duration::from_secs(5);
/// How long we wait for connections when we stop. Running requests need milliseconds; idle connections need no longer wait.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(1_500);

/// See the module.
pub struct Listener {
    /// Knows the webhook secret.
    pub verifier: Verifier,
    /// Stores events.
    pub intake: Intake,
    /// Has figures for `/metrics`.
    pub store: Store,
    /// Counts events, for `/metrics`.
    pub metrics: Arc<Metrics>,
    /// How many connections there may be at once.
    pub connections_max: usize,
    /// Answers `/ready`.
    pub readiness: Arc<Readiness>,
}

/// Shared by all connections.
struct ListenerState {
    listener: Listener,
    bodies: Bodies,
    /// The addresses of WAHA, as far as authentic webhooks show.
    signers: Arc<Signers>,
    refusals: Arc<RefusalLog>,
    unavailable: Throttle,
    figures: SharedReading<Result<String, String>>,
}

/// Binds the port.
///
/// # Errors
/// The operating system's, usually because the port is taken.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // After a restart, connections of the last run may still be closing.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

impl Listener {
    /// Serves `listener` until `shutdown`, then finishes the requests in progress.
    pub async fn run(self, listener: TcpListener, shutdown: CancellationToken) {
        let signers = Arc::<Signers>::default();
        let shares = |limit| Arc::new(Shares::new(ShareLimits::new(limit), signers.clone()));
        let connections_shares = shares(self.connections_max);
        let refusals = Arc::<RefusalLog>::default();
        let state = Arc::new(ListenerState {
            listener: self,
            bodies: Bodies {
                memory: shares(MEMORY_MAX),
                connections: connections_shares.clone(),
                log: refusals.clone(),
            },
            signers: signers.clone(),
            refusals,
            unavailable: Throttle::new(UNAVAILABLE_INTERVAL),
            figures: SharedReading::default(),
        });
        let connections = TaskTracker::new();
        let mut sums = interval(SUM_INTERVAL);
        sums.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = sums.tick() => {
                    state.refusals.log_the_rest();
                    continue;
                }
                () = shutdown.cancelled() => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let mut is_full = false;
                    let place = connections_shares.take(Peer::of(peer), 1, |closed| {
                        is_full = true;
                        state.listener.metrics.count_closed_connection();
                        state.refusals.connection_closed(closed);
                    });
                    // Every connection has an authentic webhook that is being stored, so this one is closed.
                    let Ok(place) = place else {
                        debug!(%peer, "closed a new connection: there is no room");
                        continue;
                    };
                    let header_timeout = if connections_shares.is_crowded() {
                        HEADER_TIMEOUT_CROWDED
                    } else {
                        HEADER_TIMEOUT
                    };
                    // The place is given back when the task ends.
                    connections.spawn(state.clone().connection(
                        stream,
                        peer,
                        place,
                        header_timeout,
                        shutdown.clone(),
                    ));
                    // So that the one that makes room is closed before the next is accepted, and others get a turn.
                    if is_full {
                        yield_now().await;
                    }
                }
                Err(error) => {
                    // We are probably out of file descriptors. Without a pause, this loop would spin.
                    error!(%error, "can't accept a connection from WAHA; if `error` says \"too many open files\", \
                    raise the limit (ulimit -Hn, LimitNOFILE=)");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
        drop(listener);
        state.refusals.log_the_rest();
        connections.close();
        if timeout(DRAIN_TIMEOUT, connections.wait()).await.is_err() {
            warn!(
                "some webhook connections did not end before the stop; nothing is lost: WAHA repeats what we did not \
                answer"
            );
        }
    }
}

impl ListenerState {
    async fn connection(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        place: Held,
        header_timeout: Duration,
        shutdown: CancellationToken,
    ) {
        // Answers are small. Without this, the kernel may delay them by up to 40 ms.
        let _ = stream.set_nodelay(true);
        // When the last request began. A std mutex, because no await happens while it is held.
        let began = Mutex::new(Instant::now());
        let (this, place_held) = (&self, &place);
        let service = service_fn(|request| {
            if let Ok(mut began) = began.lock() {
                *began = Instant::now();
            }
            place_held.begin();
            async move { Ok::<_, Infallible>(this.route(request, peer, place_held).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(header_timeout)
            .max_buf_size(BUFFER_MAX)
            .serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let overdue = async {
            loop {
                let due = began
                    .lock()
                    .map_or_else(|_| Instant::now(), |began| *began + REQUEST_TIMEOUT);
                if due <= Instant::now() {
                    break;
                }
                sleep_until(due).await;
            }
        };
        let ended = tokio::select! {
            ended = &mut connection => ended,
            () = overdue => {
                debug!(%peer, "closed a stuck connection");
                return;
            }
            // It is in the log already, summed up.
            () = place.closing() => return,
            () = shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            debug!(%peer, %error, "a connection ended with an error");
        }
    }
}
