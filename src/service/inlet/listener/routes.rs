//! The HTTP routes. Each webhook is verified and stored, and the answer says what was done with it.
//!
//! | route | answers |
//! |---|---|
//! | `POST /webhook` | 200 `{"result":...}`; 400 not WAHA's, 403 not authentic, 408 too slow, 413 too large, 503 not now |
//! | `GET /health` | 200 while the process lives |
//! | `GET /ready` | 200 if Redis accepts a write, else 503; JSON with each part |
//! | `GET /metrics` | the figures, for Prometheus |

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, Response, StatusCode};
use tokio::time::timeout;
use tracing::{debug, warn};

use crate::clock::Millis;
use crate::service::inlet::body::{BodyError, throw_away};
use crate::service::inlet::intake::{Done, IntakeError};
use crate::service::inlet::listener::{INTAKE_TIMEOUT, ListenerState};
use crate::service::inlet::shares::Held;
use crate::waha::signature::{Refused, Signature};

/// How many seconds we ask WAHA to wait when Redis is down. WAHA never waits less than this.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("2");

/// The time between two readings of all figures, which cost Redis some milliseconds.
const FIGURES_INTERVAL: Duration = Duration::from_millis(100);

type HttpAnswer = Response<Full<Bytes>>;

impl ListenerState {
    pub(super) async fn route(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
        place: &Held,
    ) -> HttpAnswer {
        match (request.uri().path(), request.method()) {
            ("/webhook", &Method::POST) => self.webhook(request, peer, place).await,
            ("/webhook", _) => wrong_method("POST"),
            ("/health", &Method::GET) => json(StatusCode::OK, r#"{"status":"alive"}"#),
            ("/ready", &Method::GET) => self.ready().await,
            ("/metrics", &Method::GET) => self.metrics().await,
            ("/health" | "/ready" | "/metrics", _) => wrong_method("GET"),
            _ => problem(
                StatusCode::NOT_FOUND,
                "unknown path; there are /webhook, /health, /ready and /metrics",
            ),
        }
    }

    async fn webhook(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
        place: &Held,
    ) -> HttpAnswer {
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
        let body = match self
            .bodies
            .read(place.peer(), &head.headers, incoming)
            .await
        {
            Ok(body) => body,
            Err(reason) => return closing(self.without_body(reason)),
        };
        if let Err(refused) = self.listener.verifier.verify(&signature, &body.bytes) {
            return self.refuse(peer, refused);
        }
        place.prove();
        body.prove();
        self.signers.signed(place.peer());
        let taken = match timeout(INTAKE_TIMEOUT, self.listener.intake.take(&body.bytes)).await {
            Ok(taken) => taken,
            Err(_) => Err(IntakeError::Store(crate::store::StoreError::Disconnected)),
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
            Err(IntakeError::NotAnEvent(reason)) => {
                self.refusals.not_an_event(peer, &reason);
                self.count("not_an_event");
                problem(StatusCode::BAD_REQUEST, &reason.to_string())
            }
            Err(IntakeError::Store(error)) => {
                if self.unavailable.due() {
                    warn!(%error, "could not store an event, so WAHA will send it again; if this continues, look at \
                    Redis");
                } else {
                    debug!(%error, "could not store an event, so WAHA will send it again; if this continues, look at \
                    Redis");
                }
                self.count("unavailable");
                unavailable("can't store it now, please send it again")
            }
        }
    }

    fn count(&self, result: &'static str) {
        self.listener.metrics.count_event(result);
    }

    fn refuse(&self, peer: SocketAddr, reason: Refused) -> HttpAnswer {
        self.refusals.forged(peer, reason);
        self.count("forged");
        problem(
            StatusCode::FORBIDDEN,
            "the signature does not match the configured secret",
        )
    }

    fn without_body(&self, reason: BodyError) -> HttpAnswer {
        let (result, answer) = match reason {
            BodyError::TooLarge => (
                "too_large",
                problem(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "an event of WAHA's is under 2 MiB",
                ),
            ),
            BodyError::BrokeOff => (
                "broken",
                problem(StatusCode::BAD_REQUEST, "the body broke off"),
            ),
            BodyError::TooSlow => (
                "broken",
                problem(StatusCode::REQUEST_TIMEOUT, "the body came too slowly"),
            ),
            BodyError::Crowded => (
                "unavailable",
                unavailable("too many large bodies at once, please send it again"),
            ),
        };
        self.count(result);
        answer
    }

    async fn ready(&self) -> HttpAnswer {
        let checked = match self.listener.readiness.check().await {
            Ok(checked) => checked,
            Err(reason) => return unavailable(reason),
        };
        // We are ready even if the history can't be written or WAHA can't be reached: entries and replies wait in Redis, and customers'
        // messages are taken.
        let is_ready = checked.is_ready;
        let body = serde_json::json!({ "ready": is_ready, "parts": checked.parts });
        let status = if is_ready {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        json(status, &body.to_string())
    }

    async fn metrics(&self) -> HttpAnswer {
        let (metrics, store) = (self.listener.metrics.clone(), self.listener.store.clone());
        let reading = async move {
            let rendered = metrics.render(&store, Millis::now());
            match timeout(INTAKE_TIMEOUT, rendered).await {
                Ok(rendered) => rendered.map_err(|error| error.to_string()),
                Err(_) => Err("Redis did not answer in time".to_owned()),
            }
        };
        // Never an earlier reading: each answer includes everything that was counted before its request.
        let shared_for = |_: &Result<String, String>| Duration::ZERO;
        match self
            .figures
            .get(shared_for, FIGURES_INTERVAL, reading)
            .await
        {
            Some(Ok(text)) => {
                let mut answer = json(StatusCode::OK, &text);
                let kind = HeaderValue::from_static(
                    "application/openmetrics-text; version=1.0.0; charset=utf-8",
                );
                answer.headers_mut().insert(CONTENT_TYPE, kind);
                answer
            }
            Some(Err(error)) => unavailable(&error),
            None => unavailable("the figures could not be read; the log says why"),
        }
    }
}

/// Closes the connection after this answer, because the request was not read completely.
fn closing(mut answer: HttpAnswer) -> HttpAnswer {
    answer
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

fn wrong_method(allowed: &'static str) -> HttpAnswer {
    let mut answer = problem(
        StatusCode::METHOD_NOT_ALLOWED,
        &format!("this path accepts only {allowed}"),
    );
    answer
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allowed));
    answer
}

fn unavailable(reason: &str) -> HttpAnswer {
    let mut answer = problem(StatusCode::SERVICE_UNAVAILABLE, reason);
    answer
        .headers_mut()
        .insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
    answer
}

fn problem(status: StatusCode, error: &str) -> HttpAnswer {
    json(status, &serde_json::json!({ "error": error }).to_string())
}

fn json(status: StatusCode, body: &str) -> HttpAnswer {
    let mut answer = Response::new(Full::from(body.to_owned()));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}
