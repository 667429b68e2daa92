//! A reading of Redis that many requests share, so that many requests at once don't load Redis.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// See the module.
#[derive(Debug)]
pub struct SharedReading<T>(Mutex<Option<LastReading<T>>>);

/// The last one. It may still go on.
#[derive(Clone, Debug)]
struct LastReading<T> {
    started: Instant,
    result: watch::Receiver<Option<T>>,
}

impl<T> Default for SharedReading<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone + Send + Sync + 'static> SharedReading<T> {
    /// The result of the last reading, if it still goes on or started less than `shared_for` ago. Otherwise `read` starts, but
    /// not within `interval` of the last start. `None` if it panicked.
    ///
    /// A reading is a task of its own: it goes on if the client who asked first does not wait for its answer.
    pub async fn get(
        &self,
        shared_for: impl Fn(&T) -> Duration,
        interval: Duration,
        read: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let mut reading = self.last_or_new(shared_for, interval, read);
        let result = reading.result.wait_for(Option::is_some).await;
        result.ok()?.clone()
    }

    fn last_or_new(
        &self,
        shared_for: impl Fn(&T) -> Duration,
        interval: Duration,
        read: impl Future<Output = T> + Send + 'static,
    ) -> LastReading<T> {
        let now = Instant::now();
        // Poisoned only if a thread panicked while it held the lock; then the last reading is still whole.
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reading) = &*last {
            let is_shared = match &*reading.result.borrow() {
                // Without a sender, it panicked.
                None => reading.result.has_changed().is_ok(),
                Some(result) => now < reading.started + shared_for(result),
            };
            if is_shared {
                return reading.clone();
            }
        }
        let earliest = last.as_ref().map(|last| last.started + interval);
        let started = earliest.map_or(now, |earliest| earliest.max(now));
        let (to_result, result) = watch::channel(None);
        tokio::spawn(async move {
            sleep_until(started).await;
            // Nobody may wait for it any more.
            let _ = to_result.send(Some(read.await));
        });
        let reading = LastReading { started, result };
        *last = Some(reading.clone());
        reading
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);
    const SOON: Duration = Duration::from_millis(50);

    /// Each reading counts, and takes a moment.
    async fn get(
        readings: &SharedReading<u32>,
        count: &Arc<AtomicU32>,
        shared_for: Duration,
        interval: Duration,
    ) -> Option<u32> {
        let count = count.clone();
        let read = async move {
            tokio::time::sleep(SOON).await;
            count.fetch_add(1, Ordering::Relaxed)
        };
        readings.get(|_| shared_for, interval, read).await
    }

    #[tokio::test]
    async fn requests_share_a_reading_for_some_time_even_if_the_first_does_not_wait() {
        let (readings, count) = (SharedReading::default(), Arc::default());
        let get = |shared_for| get(&readings, &count, shared_for, Duration::ZERO);
        let gone = tokio::time::timeout(SOON / 50, get(HOUR)).await;
        assert!(gone.is_err());
        let (one, two, three) = tokio::join!(get(HOUR), get(HOUR), get(HOUR));
        assert_eq!([one, two, three], [Some(0); 3]);
        assert_eq!(get(HOUR).await, Some(0));
        assert_eq!(get(Duration::ZERO).await, Some(1));
    }

    #[tokio::test]
    async fn a_reading_that_is_not_shared_later_waits_for_its_turn() {
        let (readings, count) = (SharedReading::default(), Arc::default());
        let get = || get(&readings, &count, Duration::ZERO, SOON * 4);
        let began = Instant::now();
        assert_eq!(get().await, Some(0));
        assert_eq!(tokio::join!(get(), get()), (Some(1), Some(1)));
        assert!(began.elapsed() >= SOON * 5);
        assert_eq!(get().await, Some(2));
    }

    #[tokio::test]
    async fn after_a_panic_the_next_request_reads_again() {
        let readings = SharedReading::default();
        let shared_for = |_: &u32| HOUR;
        let panics = async { panic!("on purpose") };
        assert_eq!(readings.get(shared_for, Duration::ZERO, panics).await, None);
        let reads = async { 7 };
        assert_eq!(
            readings.get(shared_for, Duration::ZERO, reads).await,
            Some(7)
        );
    }
}
