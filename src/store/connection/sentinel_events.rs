//! What the Sentinels announce: a failover that begins, and a new primary. In a planned failover the old primary is never silent, and goes on
//! to take writes for a while after a replica has been promoted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use fred::interfaces::{ClientLike, EventInterface, PubsubInterface};
use fred::types::config::{Config, Server, ServerConfig};
use tokio::time::{sleep, timeout};

use crate::store::connection::client::builder_of_one_connection;
use crate::store::error::StoreError;

/// Events of a Sentinel (<https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/>): the first comes before the
/// promotion.
const EVENTS: [&str; 2] = ["+try-failover", "+switch-master"];

/// The pause before a Sentinel that can't be heard is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// How long a Sentinel may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// How often we look whether the connection is still there, while nothing is announced.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// Listens to each of these Sentinels, and counts what they announce as silences of their primary.
pub(super) fn count(sentinels: &[Server], base: &Config, silences: &Arc<AtomicU64>) {
    for sentinel in sentinels {
        let config = Config {
            server: ServerConfig::Centralized {
                server: sentinel.clone(),
            },
            ..base.clone()
        };
        let silences = Arc::downgrade(silences);
        tokio::spawn(async move {
            while silences.strong_count() > 0 {
                // An error is no trouble of ours: the connection to the primary says what is wrong.
                let _ = listen(&config, &silences).await;
                sleep(AGAIN_AFTER).await;
            }
        });
    }
}

/// Listens until the connection ends, or nobody wants to know any more.
async fn listen(config: &Config, silences: &Weak<AtomicU64>) -> Result<(), StoreError> {
    let client = builder_of_one_connection(config.clone()).build_subscriber_client()?;
    let mut events = client.message_rx();
    let subscribed = timeout(ANSWER_WITHIN, async {
        client.init().await?;
        client.subscribe(EVENTS.to_vec()).await
    });
    if let Ok(Ok(())) = subscribed.await {
        // Something may have been announced before.
        while let Some(silences) = silences.upgrade() {
            silences.fetch_add(1, Ordering::Relaxed);
            drop(silences);
            loop {
                match timeout(LOOK_INTERVAL, events.recv()).await {
                    Ok(Ok(_)) => break,
                    Ok(Err(_)) => return Ok(()),
                    Err(_) if !client.is_connected() => return Ok(()),
                    Err(_) => {}
                }
            }
        }
    }
    let _ = timeout(ANSWER_WITHIN, client.quit()).await;
    Ok(())
}
