//! The fake WAHA's webhooks about our own messages: each message that it took comes back as `message.any`, before or
//! after the answer to its sender.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::super::webhook::Poster;

/// WAHA's default.
const REPEAT_AFTER: Duration = Duration::from_secs(2);
const REPEATS_MAX: usize = 15;
/// How long an answer waits for its echo at most.
const BEFORE: Duration = Duration::from_millis(500);
/// Long enough for the answer to be on its way.
const AFTER: Duration = Duration::from_millis(20);

/// Whether an echo is posted before or after the answer to the sendText.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// The answer waits for it, half a second at most.
    Before,
    After,
}

/// Where echoes go.
#[derive(Clone)]
pub(super) struct Echoes {
    poster: Arc<Poster>,
    pub(super) when: Echo,
}

impl Echoes {
    pub(super) fn new(url: &str, secret: &str, when: Echo) -> Self {
        let poster = Arc::new(Poster::new(url, secret));
        Self { poster, when }
    }

    /// Posts it, and returns when it was answered, or after [`BEFORE`].
    pub(super) async fn post_now(&self, event: Value) {
        let _ = timeout(BEFORE, self.post(event, Duration::ZERO)).await;
    }

    /// Posts it once, on this thread.
    pub(super) fn post_here(&self, event: &Value) {
        taken(&self.poster, event);
    }

    /// Posts it at once.
    pub(super) fn post_status(&self, event: Value) {
        drop(self.post(event, Duration::ZERO));
    }

    pub(super) fn post_soon(&self, event: Value) {
        drop(self.post(event, AFTER));
    }

    /// Posts it until it is accepted; the returned future ends after the first try.
    fn post(&self, event: Value, delay: Duration) -> oneshot::Receiver<()> {
        let (tried, first_try) = oneshot::channel();
        let (poster, event) = (self.poster.clone(), Arc::new(event));
        tokio::spawn(async move {
            let (mut delay, mut tried) = (delay, Some(tried));
            for _ in 0..=REPEATS_MAX {
                sleep(delay).await;
                let (poster, event) = (poster.clone(), event.clone());
                let posted = tokio::task::spawn_blocking(move || taken(&poster, &event));
                let posted = posted.await.unwrap_or(true);
                if let Some(tried) = tried.take() {
                    let _ = tried.send(());
                }
                if posted {
                    return;
                }
                delay = REPEAT_AFTER;
            }
        });
        first_try
    }
}

fn taken(poster: &Poster, event: &Value) -> bool {
    poster
        .post(event)
        .is_ok_and(|(status, _)| (200..300).contains(&status))
}
