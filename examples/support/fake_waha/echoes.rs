//! The fake WAHA's webhooks about our own messages: each that was taken comes back as `message.any`, before or
//! after the answer to who sent it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::super::webhook::Poster;

/// As WAHA does unless told otherwise.
const REPEAT_AFTER: Duration = Duration::from_secs(2);
const REPEATS_MAX: usize = 15;
/// Long enough for the answer to be on its way.
const AFTER: Duration = Duration::from_millis(20);

/// When an echo is posted, seen from the answer to the sendText.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// Posted before it; the answer waits for that.
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

    /// Posts it once now; if it is not taken, again and again behind our backs.
    pub(super) async fn post_now(&self, event: Value) {
        let poster = self.poster.clone();
        let posted = tokio::task::spawn_blocking(move || (taken(&poster, &event), event));
        if let Ok((false, event)) = posted.await {
            self.post_later(event, REPEAT_AFTER);
        }
    }

    pub(super) fn post_soon(&self, event: Value) {
        self.post_later(event, AFTER);
    }

    fn post_later(&self, event: Value, delay: Duration) {
        let poster = self.poster.clone();
        tokio::spawn(async move {
            let (mut delay, event) = (delay, Arc::new(event));
            for _ in 0..=REPEATS_MAX {
                tokio::time::sleep(delay).await;
                let (poster, event) = (poster.clone(), event.clone());
                let posted = tokio::task::spawn_blocking(move || taken(&poster, &event));
                if posted.await.unwrap_or(true) {
                    return;
                }
                delay = REPEAT_AFTER;
            }
        });
    }
}

fn taken(poster: &Poster, event: &Value) -> bool {
    poster
        .post(event)
        .is_ok_and(|(status, _)| (200..300).contains(&status))
}
