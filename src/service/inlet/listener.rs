//! The listener is responsible for HTTP connections: it limits how many there are, and closes those that are stuck.

mod routes;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, warn};

use crate::service::inlet::body::{BODY_TIMEOUT, Bodies};
use crate::service::inlet::intake::Intake;
use crate::service::inlet::refusals::Refusals;
use crate::service::kit::metrics::Metrics;
use crate::store::Store;
use crate::throttle::Throttle;
use crate::waha::signature::Verifier;

/// WAHA opens as many connections as it has events to post; each costs us a few kilobytes.
pub(crate) const CONNECTIONS_MAX: usize = 4_096;
/// What a connection reads into, headers and bodies alike; all of them together hold 64 MiB at most.
const BUFFER_MAX: usize = 16 << 10;
/// WAHA sends its headers in one piece; who needs longer is no WAHA. Also how long an idle connection is
/// kept: longer than WAHA keeps it (4 s).
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// The same once half of all connections are taken: whoever takes them only to be silent keeps others waiting for no
/// longer than this.
const HEADER_TIMEOUT_CROWDED: Duration = Duration::from_secs(2);
/// Longer than a Redis restart, shorter than WAHA's patience between two retries.
const INTAKE_TIMEOUT: Duration = Duration::from_secs(3);
/// A connection on which no request begins for so long is closed, whatever it waits for: headers, body and our work are
/// done by then, so only somebody who does not read our answer is left.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(25);
const _: () = assert!(
    REQUEST_TIMEOUT.as_secs()
        > HEADER_TIMEOUT.as_secs() + BODY_TIMEOUT.as_secs() + INTAKE_TIMEOUT.as_secs()
);
/// How often the log sums up refusals that it did not show one by one.
const SUM_INTERVAL: Duration = Duration::from_secs(5);
/// While Redis is away, or a crowd is there, every webhook fails in the same way; the metrics count each.
const UNAVAILABLE_INTERVAL: Duration = Duration::from_secs(5);
/// Answers under way need milliseconds; a connection that never asked anything is not waited for.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(1_500);

/// See the module.
pub struct Listener {
    /// Knows the webhook secret.
    pub verifier: Verifier,
    /// Makes events durable.
    pub intake: Intake,
    /// Where events go, and what readiness depends on.
    pub store: Store,
    /// What `/metrics` shows.
    pub metrics: Arc<Metrics>,
    /// Cancelled when the whole daemon runs: ready from then on.
    pub started: CancellationToken,
    /// Cancelled when the daemon begins to stop: not ready from then on.
    pub stopping: CancellationToken,
}

/// What all connections share.
struct Front {
    listener: Listener,
    bodies: Bodies,
    refusals: Refusals,
    unavailable: Throttle,
}

impl Listener {
    /// Serves `listener` until `shutdown`, then finishes what is under way.
    pub async fn run(self, listener: TcpListener, shutdown: CancellationToken) {
        let front = Arc::new(Front {
            listener: self,
            bodies: Bodies::default(),
            refusals: Refusals::default(),
            unavailable: Throttle::new(UNAVAILABLE_INTERVAL),
        });
        let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let connections = TaskTracker::new();
        let mut sums = interval(SUM_INTERVAL);
        sums.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // The permit is taken before the connection, moves into its task and is returned when that ends.
            let accepted = async {
                let permit = permits.clone().acquire_owned().await;
                (permit, listener.accept().await)
            };
            let (permit, accepted) = tokio::select! {
                accepted = accepted => accepted,
                _ = sums.tick() => {
                    front.refusals.log_the_rest();
                    continue;
                }
                () = shutdown.cancelled() => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let header_timeout = if permits.available_permits() < CONNECTIONS_MAX / 2 {
                        HEADER_TIMEOUT_CROWDED
                    } else {
                        HEADER_TIMEOUT
                    };
                    let connection =
                        front
                            .clone()
                            .connection(stream, peer, header_timeout, shutdown.clone());
                    connections.spawn(async move {
                        connection.await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    // Out of file descriptors, most likely: without a pause this would spin.
                    error!(%error, "can't accept a connection; is the limit of open files (ulimit -n) too low?");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
        drop(listener);
        front.refusals.log_the_rest();
        connections.close();
        if timeout(DRAIN_TIMEOUT, connections.wait()).await.is_err() {
            warn!(
                "some connections did not end in time; WAHA will repeat what we have not answered"
            );
        }
    }
}

impl Front {
    async fn connection(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        header_timeout: Duration,
        shutdown: CancellationToken,
    ) {
        // An answer is one small packet; waiting to fill it up would cost up to 40 ms.
        let _ = stream.set_nodelay(true);
        // When the last request began. A std mutex, because no await happens while it is held.
        let began = Mutex::new(Instant::now());
        let service = service_fn(|request| {
            if let Ok(mut began) = began.lock() {
                *began = Instant::now();
            }
            let this = self.clone();
            async move { Ok::<_, Infallible>(this.route(request, peer).await) }
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
                debug!(%peer, "closed a connection that was stuck");
                return;
            }
            () = shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            debug!(%peer, %error, "connection ended");
        }
    }
}
