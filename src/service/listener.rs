//! The listener is responsible for what comes in over HTTP: it verifies each webhook, makes it durable, and
//! says what was done with it.
//!
//! | route | answers |
//! |---|---|
//! | `POST /webhook` | 200 `{"result":...}`; 400 not WAHA's, 403 not authentic, 413 too large, 503 Redis is away |
//! | `GET /health` | 200 while the process lives |
//! | `GET /ready` | 200 if Redis takes a write, else 503; JSON with each part |
//! | `GET /metrics` | the figures, for Prometheus |

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, warn};

use super::intake::{Done, Intake};
use super::metrics::Metrics;
use crate::store::Store;
use crate::waha::signature::Verifier;

/// Far above any event of WAHA's: those hold no media, but quoted messages and thumbnails.
const BODY_MAX: usize = 2 << 20;
/// WAHA opens as many connections as it has events to post; each costs us a few kilobytes.
const CONNECTIONS_MAX: usize = 4_096;
/// WAHA sends its headers in one piece; who needs longer is no WAHA. Also how long an idle connection is
/// kept: longer than WAHA keeps it (4 s).
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
const BODY_TIMEOUT: Duration = Duration::from_secs(20);
/// Of a body that is too large, so much more is read and thrown away, for so long.
const DISCARD_MAX: usize = 8 << 20;
const DISCARD_TIMEOUT: Duration = Duration::from_secs(2);
/// Longer than a Redis restart, shorter than WAHA's patience between two retries.
const INTAKE_TIMEOUT: Duration = Duration::from_secs(3);
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

type Answer = Response<Full<Bytes>>;

impl Listener {
    /// Serves `listener` until `shutdown`, then finishes what is under way.
    pub async fn run(self, listener: TcpListener, shutdown: CancellationToken) {
        let this = Arc::new(self);
        let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let connections = TaskTracker::new();
        loop {
            // The permit is taken before the connection, moves into its task and is returned when that ends.
            let accepted = async {
                let permit = permits.clone().acquire_owned().await;
                (permit, listener.accept().await)
            };
            let (permit, accepted) = tokio::select! {
                accepted = accepted => accepted,
                () = shutdown.cancelled() => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let connection = this.clone().connection(stream, peer, shutdown.clone());
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
        connections.close();
        if timeout(DRAIN_TIMEOUT, connections.wait()).await.is_err() {
            warn!(
                "some connections did not end in time; WAHA will repeat what we have not answered"
            );
        }
    }

    async fn connection(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        shutdown: CancellationToken,
    ) {
        // An answer is one small packet; waiting to fill it up would cost up to 40 ms.
        let _ = stream.set_nodelay(true);
        let service = service_fn(|request| {
            let this = self.clone();
            async move { Ok::<_, Infallible>(this.route(request, peer).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
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
        let (head, body) = request.into_parts();
        let body = match read(body, head.headers.get(CONTENT_LENGTH)).await {
            Ok(body) => body,
            Err(answer) => {
                self.metrics
                    .count_event(if answer.status() == StatusCode::PAYLOAD_TOO_LARGE {
                        "too_large"
                    } else {
                        "broken"
                    });
                return *answer;
            }
        };
        let header = |name| head.headers.get(name).map(HeaderValue::as_bytes);
        if let Err(refused) = self.verifier.verify(
            header("x-webhook-hmac"),
            header("x-webhook-hmac-algorithm"),
            &body,
        ) {
            warn!(
                %peer, reason = %refused, bytes = body.len(),
                "security: refused a webhook that is not signed with WEBHOOK_HMAC_SECRET; if it is your WAHA, \
                 set its WHATSAPP_HOOK_HMAC_KEY to the same secret"
            );
            self.metrics.count_event("forged");
            return problem(
                StatusCode::FORBIDDEN,
                "the signature is not that of our WAHA",
            );
        }
        let taken = match timeout(INTAKE_TIMEOUT, self.intake.take(&body)).await {
            Ok(taken) => taken,
            Err(_) => Err(super::intake::Error::Store(crate::store::Error::Away)),
        };
        match taken {
            Ok(done) => {
                self.metrics.count_event(done.name());
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
            Err(super::intake::Error::NotAnEvent(reason)) => {
                warn!(%peer, %reason, "a signed request that is no event of WAHA's");
                self.metrics.count_event("not_an_event");
                problem(StatusCode::BAD_REQUEST, &reason.to_string())
            }
            Err(super::intake::Error::Store(error)) => {
                warn!(%error, "could not store an event; WAHA was told to repeat it");
                self.metrics.count_event("unavailable");
                unavailable("can't store it now, please repeat")
            }
        }
    }

    async fn ready(&self) -> Answer {
        if !self.started.is_cancelled() {
            return unavailable("starting");
        }
        if self.stopping.is_cancelled() {
            return unavailable("stopping");
        }
        let redis = match timeout(INTAKE_TIMEOUT, self.store.check_write()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("no answer in time".to_owned()),
        };
        let part = |result: &Result<(), String>| match result {
            Ok(()) => serde_json::json!({ "ready": true }),
            Err(reason) => serde_json::json!({ "ready": false, "reason": reason }),
        };
        // The history may lag: it waits in Redis, and attendance goes on without it.
        let history = self.metrics.archive_error().map_or(Ok(()), Err);
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
            self.metrics.render(&self.store, crate::clock::now()),
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

/// The whole body, or the answer to one that is too large (not read to its end), too slow or broken off.
async fn read(mut body: Incoming, length: Option<&HeaderValue>) -> Result<Bytes, Box<Answer>> {
    let announced = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > BODY_MAX) {
        return Err(refuse_the_rest(body));
    }
    match timeout(BODY_TIMEOUT, Limited::new(&mut body, BODY_MAX).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(refuse_the_rest(body)),
        Ok(Err(_)) => Err(Box::new(problem(
            StatusCode::BAD_REQUEST,
            "the body broke off",
        ))),
        Err(_) => Err(Box::new(closing(problem(
            StatusCode::REQUEST_TIMEOUT,
            "the body came too slowly",
        )))),
    }
}

/// Says that it is too large at once, and lets a little of the rest run dry: a connection closed on somebody who
/// is still writing takes our answer with it.
fn refuse_the_rest(body: Incoming) -> Box<Answer> {
    tokio::spawn(timeout(DISCARD_TIMEOUT, async move {
        let mut rest = Limited::new(body, DISCARD_MAX);
        while let Some(Ok(_)) = rest.frame().await {}
    }));
    Box::new(closing(problem(
        StatusCode::PAYLOAD_TOO_LARGE,
        "an event of WAHA's is under 2 MiB",
    )))
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
