//! The listener is responsible for what comes in over HTTP: it verifies each webhook, makes it durable, and
//! says what was done with it.
//!
//! | route | answers |
//! |---|---|
//! | `POST /webhook` | 200 `{"result":...}`; 400 not WAHA's, 403 not authentic, 408 too slow, 413 too large, 503 not now |
//! | `GET /health` | 200 while the process lives |
//! | `GET /ready` | 200 if Redis takes a write, else 503; JSON with each part |
//! | `GET /metrics` | the figures, for Prometheus |

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, warn};

use crate::service::inlet::body::{BODY_TIMEOUT, Bodies, NoBody, throw_away};
use crate::service::inlet::intake::{Done, Intake};
use crate::service::inlet::refusals::Refusals;
use crate::service::upkeep::metrics::Metrics;
use crate::store::Store;
use crate::throttle::Throttle;
use crate::waha::signature::{Refused, Signature, Verifier};

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
/// How often the log sums up what it did not tell one by one.
const SUM_INTERVAL: Duration = Duration::from_secs(5);
/// While Redis is away, or a crowd is there, every webhook fails in the same way; the metrics count each.
const UNAVAILABLE_INTERVAL: Duration = Duration::from_secs(5);
/// Seconds that WAHA is asked to wait when Redis is away; it does not wait less.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("2");
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

type Answer = Response<Full<Bytes>>;

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
                    front.refusals.tell_the_rest();
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
        front.refusals.tell_the_rest();
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

    async fn route(&self, request: Request<Incoming>, peer: SocketAddr) -> Answer {
        match (request.uri().path(), request.method()) {
            ("/webhook", &Method::POST) => self.webhook(request, peer).await,
            ("/webhook", _) => wrong_method("POST"),
            ("/health", &Method::GET) => json(StatusCode::OK, r#"{"status":"alive"}"#),
            ("/ready", &Method::GET) => self.ready().await,
            ("/metrics", &Method::GET) => self.metrics().await,
            ("/health" | "/ready" | "/metrics", _) => wrong_method("GET"),
            _ => problem(
                StatusCode::NOT_FOUND,
                "there is /webhook, /health, /ready and /metrics",
            ),
        }
    }

    async fn webhook(&self, request: Request<Incoming>, peer: SocketAddr) -> Answer {
        let (head, incoming) = request.into_parts();
        let header = |name| head.headers.get(name).map(HeaderValue::as_bytes);
        let signature =
            Signature::read(header("x-webhook-hmac"), header("x-webhook-hmac-algorithm"));
        let signature = match signature {
            Ok(signature) => signature,
            Err(refused) => {
                throw_away(incoming);
                return closing(self.refuse(peer, refused));
            }
        };
        let body = match self.bodies.read(&head.headers, incoming).await {
            Ok(body) => body,
            Err(reason) => return closing(self.without_body(reason)),
        };
        if let Err(refused) = self.listener.verifier.verify(&signature, &body.bytes) {
            return self.refuse(peer, refused);
        }
        let taken = match timeout(INTAKE_TIMEOUT, self.listener.intake.take(&body.bytes)).await {
            Ok(taken) => taken,
            Err(_) => Err(crate::service::inlet::intake::Error::Store(
                crate::store::Error::Away,
            )),
        };
        match taken {
            Ok(done) => {
                self.count(done.name());
                match done {
                    Done::Queued { position } => json(
                        StatusCode::OK,
                        &format!(r#"{{"result":"queued","position":{position}}}"#),
                    ),
                    other => json(
                        StatusCode::OK,
                        &format!(r#"{{"result":"{}"}}"#, other.name()),
                    ),
                }
            }
            Err(crate::service::inlet::intake::Error::NotAnEvent(reason)) => {
                warn!(%peer, %reason, "a signed request that is no event of WAHA's");
                self.count("not_an_event");
                problem(StatusCode::BAD_REQUEST, &reason.to_string())
            }
            Err(crate::service::inlet::intake::Error::Store(error)) => {
                if self.unavailable.due() {
                    warn!(%error, "could not store an event; WAHA was told to repeat it");
                } else {
                    debug!(%error, "could not store an event; WAHA was told to repeat it");
                }
                self.count("unavailable");
                unavailable("can't store it now, please repeat")
            }
        }
    }

    fn count(&self, result: &'static str) {
        self.listener.metrics.count_event(result);
    }

    fn refuse(&self, peer: SocketAddr, reason: Refused) -> Answer {
        self.refusals.tell(peer, reason);
        self.count("forged");
        problem(
            StatusCode::FORBIDDEN,
            "the signature is not that of our WAHA",
        )
    }

    fn without_body(&self, reason: NoBody) -> Answer {
        let (result, answer) = match reason {
            NoBody::TooLarge => (
                "too_large",
                problem(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "an event of WAHA's is under 2 MiB",
                ),
            ),
            NoBody::BrokeOff => (
                "broken",
                problem(StatusCode::BAD_REQUEST, "the body broke off"),
            ),
            NoBody::TooSlow => (
                "broken",
                problem(StatusCode::REQUEST_TIMEOUT, "the body came too slowly"),
            ),
            NoBody::Crowded => {
                if self.unavailable.due() {
                    warn!(
                        "too many large webhooks at once; some senders were told to come again. If it goes on and \
                         WAHA is quiet, somebody else reaches the port: close it"
                    );
                }
                (
                    "unavailable",
                    unavailable("too many large bodies at once, please repeat"),
                )
            }
        };
        self.count(result);
        answer
    }

    async fn ready(&self) -> Answer {
        if !self.listener.started.is_cancelled() {
            return unavailable("starting");
        }
        if self.listener.stopping.is_cancelled() {
            return unavailable("stopping");
        }
        let redis = match timeout(INTAKE_TIMEOUT, self.listener.store.check_write()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("no answer in time".to_owned()),
        };
        let part = |result: &Result<(), String>| match result {
            Ok(()) => serde_json::json!({ "ready": true }),
            Err(reason) => serde_json::json!({ "ready": false, "reason": reason }),
        };
        // The history may lag: it waits in Redis, and attendance goes on without it.
        let history = self.listener.metrics.archive_error().map_or(Ok(()), Err);
        let body = serde_json::json!({
            "ready": redis.is_ok(),
            "parts": { "redis": part(&redis), "history": part(&history) },
        });
        let status = if redis.is_ok() {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        json(status, &body.to_string())
    }

    async fn metrics(&self) -> Answer {
        match timeout(
            INTAKE_TIMEOUT,
            self.listener
                .metrics
                .render(&self.listener.store, crate::clock::now()),
        )
        .await
        {
            Ok(Ok(text)) => {
                let mut answer = json(StatusCode::OK, &text);
                let kind = HeaderValue::from_static(
                    "application/openmetrics-text; version=1.0.0; charset=utf-8",
                );
                answer.headers_mut().insert(CONTENT_TYPE, kind);
                answer
            }
            Ok(Err(error)) => unavailable(&error.to_string()),
            Err(_) => unavailable("Redis did not answer in time"),
        }
    }
}

/// For a connection whose request was not read to its end.
fn closing(mut answer: Answer) -> Answer {
    answer
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

fn wrong_method(allowed: &'static str) -> Answer {
    let mut answer = problem(
        StatusCode::METHOD_NOT_ALLOWED,
        &format!("only {allowed} is understood here"),
    );
    answer
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allowed));
    answer
}

fn unavailable(reason: &str) -> Answer {
    let mut answer = problem(StatusCode::SERVICE_UNAVAILABLE, reason);
    answer
        .headers_mut()
        .insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
    answer
}

fn problem(status: StatusCode, error: &str) -> Answer {
    json(status, &serde_json::json!({ "error": error }).to_string())
}

fn json(status: StatusCode, body: &str) -> Answer {
    let mut answer = Response::new(Full::from(body.to_owned()));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}
