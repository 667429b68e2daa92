//! The time from a customer's message until its worker picks it up. It is counted here, and added to the totals of all
//! processes in Redis.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::store::{PICKUP_BOUNDS_MS, Store, StoreError};

/// One count per bound of [`PICKUP_BOUNDS_MS`], since the last [`Self::add_up`].
#[derive(Debug, Default)]
pub struct PickupLatency {
    counts: [AtomicU64; PICKUP_BOUNDS_MS.len() + 1],
    sum_micros: AtomicU64,
}

impl PickupLatency {
    /// Counts a message that a worker picked up `latency` after it arrived.
    pub fn note(&self, latency: Duration) {
        let millis = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
        let bound = PICKUP_BOUNDS_MS.partition_point(|bound| *bound < millis);
        if let Some(count) = self.counts.get(bound) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum_micros
            .fetch_add(millis.saturating_mul(1_000), Ordering::Relaxed);
    }

    /// Adds the counts to the totals in Redis.
    ///
    /// # Errors
    /// The store's. The counts of this call are then lost, which is acceptable for a metric.
    pub async fn add_up(&self, store: &Store) -> Result<(), StoreError> {
        let counts: Vec<u64> = self
            .counts
            .iter()
            .map(|count| count.swap(0, Ordering::Relaxed))
            .collect();
        if counts.iter().all(|count| *count == 0) {
            return Ok(());
        }
        store
            .add_pickup_latency(&counts, self.sum_micros.swap(0, Ordering::Relaxed))
            .await
    }
}
