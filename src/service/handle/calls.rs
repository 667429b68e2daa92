//! The calls are responsible for requests to the shop's own system. They are signed, retried and limited, so that a shop's
//! system that hangs delays only the conversations that call it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{debug, warn};

use crate::clock::brief;
use crate::ids::{ChatId, SessionName};
use crate::secret::Secret;
use crate::service::kit::backoff;
use crate::shop::{Failure, Shop};
use crate::throttle::Throttle;
use crate::waha::signature::sign;

/// Concurrent calls of this process, each on its own blocking thread.
pub const CALLS_MAX: usize = 256;
/// Concurrent calls to one host. A host that hangs must leave room for the others.
const CALLS_TO_HOST_MAX: usize = 64;
/// Delays between retries. They are short, even if the shop asks for longer ones, because a customer is waiting.
const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_LONGEST: Duration = Duration::from_secs(10);
/// A step's failures are logged as warnings at most this often.
const FAILURE_LOG_INTERVAL: Duration = Duration::from_secs(60);

/// One call, with all its retries.
#[derive(Clone, Debug)]
pub(crate) struct CallRequest {
    pub(crate) session: SessionName,
    pub(crate) chat: ChatId,
    pub(crate) step: String,
    pub(crate) url: String,
    pub(crate) timeout: Duration,
    pub(crate) attempts: u32,
    pub(crate) key: String,
    pub(crate) body: String,
}

/// See the module.
#[derive(Debug)]
pub struct Calls {
    shop: Shop,
    secret: Option<Secret>,
    all: Arc<Semaphore>,
    hosts: Mutex<HashMap<String, Arc<Semaphore>>>,
    failure_logs: Mutex<HashMap<(SessionName, String), Throttle>>,
}

impl Calls {
    /// Calls are signed with `secret`, if there is one.
    pub fn new(secret: Option<Secret>) -> Self {
        Self {
            shop: Shop::default(),
            secret,
            all: Arc::new(Semaphore::new(CALLS_MAX)),
            hosts: Mutex::default(),
            failure_logs: Mutex::default(),
        }
    }

    /// Makes the call: at most `request.attempts` attempts, each within `request.timeout`, with pauses in between.
    ///
    /// # Errors
    /// Why no attempt got an answer, for the log.
    pub(crate) async fn make(&self, request: &CallRequest) -> Result<Vec<u8>, String> {
        let mut tries = 0;
        loop {
            let begun = Instant::now();
            let failure = match self.attempt(request, begun + request.timeout).await {
                Ok(body) => {
                    debug!(
                        session = %request.session,
                        chat = %request.chat,
                        step = request.step,
                        key = request.key,
                        took = %brief(begun.elapsed()),
                        "the shop answered a call"
                    );
                    return Ok(body);
                }
                Err(failure) => failure,
            };
            tries += 1;
            if !failure.again || tries >= request.attempts {
                return Err(match tries {
                    1 => failure.reason,
                    _ => format!("{}, at the last of {tries} tries", failure.reason),
                });
            }
            let usual = backoff::delay(tries - 1, RETRY_FIRST, RETRY_LONGEST);
            let usual = backoff::jittered(usual, fastrand::f64());
            let pause = failure.after.unwrap_or(usual).clamp(usual, RETRY_LONGEST);
            debug!(
                session = %request.session,
                chat = %request.chat,
                step = request.step,
                key = request.key,
                reason = failure.reason,
                retry_in = %brief(pause),
                "a call to the shop's own system failed; will try again"
            );
            sleep(pause).await;
        }
    }

    async fn attempt(&self, request: &CallRequest, deadline: Instant) -> Result<Vec<u8>, Failure> {
        let permits = timeout_at(deadline, self.permits(&request.url)).await;
        let Ok(Some(permits)) = permits else {
            return Err(Failure::passing(format!(
                "too many calls are running (at most {CALLS_TO_HOST_MAX} to one host, {CALLS_MAX} in all), and none \
                ended in time"
            )));
        };
        let signature = self
            .secret
            .as_ref()
            .map(|secret| sign(secret.reveal().as_bytes(), request.body.as_bytes()));
        let (shop, request) = (self.shop.clone(), request.clone());
        let asking = tokio::task::spawn_blocking(move || {
            // Held until this thread ends, even if nobody waits for the answer any more.
            let _permits = permits;
            let mut headers = vec![("Idempotency-Key", request.key.as_str())];
            if let Some(signature) = &signature {
                headers.push(("X-Webhook-Hmac", signature));
                headers.push(("X-Webhook-Hmac-Algorithm", "sha512"));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            shop.post(&request.url, &headers, request.body.as_bytes(), left)
        });
        match timeout_at(deadline, asking).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Failure::passing("the call's thread ended early")),
            Err(_) => Err(Failure::passing("no answer in time")),
        }
    }

    /// The permits for one more call: the host's and the process'. They are never `None`, because nobody closes a semaphore.
    async fn permits(&self, url: &str) -> Option<[OwnedSemaphorePermit; 2]> {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let host = rest.split(['/', '?']).next().unwrap_or(rest);
        let of_host = {
            // Poisoned only if a thread panicked while it held the lock, which no line here can.
            let mut hosts = self.hosts.lock().ok()?;
            hosts
                .entry(host.to_owned())
                .or_insert_with(|| Arc::new(Semaphore::new(CALLS_TO_HOST_MAX)))
                .clone()
        };
        // The host's permit first: a call that waits for a host that hangs must not hold one of the process' permits.
        let of_host = of_host.acquire_owned().await.ok()?;
        let of_all = self.all.clone().acquire_owned().await.ok()?;
        Some([of_host, of_all])
    }

    /// Logs that a call failed: a warning once a minute per step, otherwise at level debug.
    pub(crate) fn log_failure(
        &self,
        session: &SessionName,
        chat: &ChatId,
        step: &str,
        reason: &str,
    ) {
        let due = self.failure_logs.lock().map_or(true, |mut failure_logs| {
            failure_logs
                .entry((session.clone(), step.to_owned()))
                .or_insert_with(|| Throttle::new(FAILURE_LOG_INTERVAL))
                .due()
        });
        if due {
            warn!(
                %session,
                %chat,
                step,
                reason,
                "a call to the shop's own system failed, so the conversation continues at the step's `otherwise`; \
                check `call` in the flow and the log of the shop's system. Further failures of this step are logged \
                once a minute, all of them at level debug"
            );
        } else {
            debug!(%session, %chat, step, reason, "a call failed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_shop_that_hangs_leaves_room_for_calls_to_other_shops() {
        let calls = Calls::new(None);
        let at_once = async |url: &str| {
            let permits = timeout_at(
                Instant::now() + Duration::from_millis(20),
                calls.permits(url),
            );
            permits.await.ok().flatten()
        };
        let mut held = Vec::new();
        for _ in 0..CALLS_TO_HOST_MAX {
            held.push(at_once("http://hangs:9000/a").await.unwrap());
        }
        assert!(at_once("http://hangs:9000/b?c").await.is_none());
        assert!(at_once("http://other:9000/a").await.is_some());
        held.pop();
        assert!(at_once("http://hangs:9000").await.is_some());
    }
}
