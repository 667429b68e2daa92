//! Reads whole request bodies, within limits of size, time and memory. If a body is refused, the sender still gets our
//! answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, HeaderMap};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Far larger than any event: WAHA's events carry quoted messages and thumbnails, but no media.
const BODY_MAX: usize = 2 << 20;
/// Enough for two megabytes over any network between WAHA and us. Slower senders only block a connection.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// This much of each body is always read, even if the shared memory is used up. Nearly all events fit, so a flood of large
/// bodies can't block customers' messages.
const FREE: usize = 16 << 10;
/// The memory for the rest of all bodies. A signature can be checked only after the body is read, so this is the most that
/// strangers can make us hold.
const MEMORY_MAX: usize = 64 << 20;
/// How much of a refused body we still read and discard, and for how long.
const DISCARD_MAX: usize = 8 << 20;
const DISCARD_TIMEOUT: Duration = Duration::from_secs(2);

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// Larger than any event.
    TooLarge,
    /// Other bodies hold all the memory for bodies.
    Crowded,
    /// The connection ended before the body did.
    BrokeOff,
    /// It did not arrive in time.
    TooSlow,
}

/// A body, and its share of the memory.
#[derive(Debug)]
pub(crate) struct WebhookBody {
    pub(crate) bytes: Vec<u8>,
    /// One permit per byte; released when the body is dropped.
    share: Option<OwnedSemaphorePermit>,
}

/// Reads bodies. All connections share it.
pub(crate) struct Bodies {
    /// One permit per byte.
    memory: Arc<Semaphore>,
}

impl Default for Bodies {
    fn default() -> Self {
        Self {
            memory: Arc::new(Semaphore::new(MEMORY_MAX)),
        }
    }
}

impl Bodies {
    /// Reads the whole body.
    ///
    /// # Errors
    /// As [`BodyError`] says. The rest of a refused body is read and discarded for a short time.
    pub(crate) async fn read(
        &self,
        headers: &HeaderMap,
        mut incoming: Incoming,
    ) -> Result<WebhookBody, BodyError> {
        let announced = headers
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        let read = if announced.is_some_and(|length| length > BODY_MAX) {
            Err(BodyError::TooLarge)
        } else {
            timeout(BODY_TIMEOUT, self.collect(&mut incoming))
                .await
                .unwrap_or(Err(BodyError::TooSlow))
        };
        if matches!(read, Err(BodyError::TooLarge | BodyError::Crowded)) {
            throw_away(incoming);
        }
        read
    }

    async fn collect(&self, incoming: &mut Incoming) -> Result<WebhookBody, BodyError> {
        let mut body = WebhookBody {
            bytes: Vec::new(),
            share: None,
        };
        while let Some(frame) = incoming.frame().await {
            let frame = frame.map_err(|_| BodyError::BrokeOff)?;
            if let Ok(data) = frame.into_data() {
                self.append(&mut body, &data)?;
            }
        }
        Ok(body)
    }

    /// Copies the data, so that the connection's buffer is free again. Memory is taken for data that has arrived, not for a
    /// `Content-Length`.
    fn append(&self, body: &mut WebhookBody, data: &Bytes) -> Result<(), BodyError> {
        let length = body.bytes.len() + data.len();
        if length > BODY_MAX {
            return Err(BodyError::TooLarge);
        }
        if length > body.bytes.capacity() {
            let capacity = length.max(2 * body.bytes.capacity()).min(BODY_MAX);
            self.take_share(body, capacity.saturating_sub(FREE))?;
            body.bytes.reserve_exact(capacity - body.bytes.len());
        }
        body.bytes.extend_from_slice(data);
        Ok(())
    }

    fn take_share(&self, body: &mut WebhookBody, share: usize) -> Result<(), BodyError> {
        let held = body
            .share
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        let more = u32::try_from(share.saturating_sub(held)).unwrap_or(u32::MAX);
        if more == 0 {
            return Ok(());
        }
        let more = self
            .memory
            .clone()
            .try_acquire_many_owned(more)
            .map_err(|_| BodyError::Crowded)?;
        match &mut body.share {
            Some(share) => share.merge(more),
            none => *none = Some(more),
        }
        Ok(())
    }
}

/// Reads and discards a part of a refused body: if we close a connection while the sender still writes, our answer is
/// lost.
pub(crate) fn throw_away(incoming: Incoming) {
    tokio::spawn(timeout(DISCARD_TIMEOUT, async move {
        let mut rest = Limited::new(incoming, DISCARD_MAX);
        while let Some(Ok(_)) = rest.frame().await {}
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body() -> WebhookBody {
        WebhookBody {
            bytes: Vec::new(),
            share: None,
        }
    }

    #[test]
    fn large_bodies_share_the_memory_small_ones_are_always_read_and_all_of_it_is_released() {
        let bodies = Bodies::default();
        let (large, small) = (Bytes::from(vec![0; 64 << 10]), Bytes::from(vec![0; FREE]));
        let mut held = Vec::new();
        let refused = 'crowd: loop {
            let mut one = body();
            for _ in 0..BODY_MAX / large.len() {
                if let Err(refused) = bodies.append(&mut one, &large) {
                    break 'crowd refused;
                }
            }
            assert_eq!(bodies.append(&mut one, &small), Err(BodyError::TooLarge));
            held.push(one);
        };
        assert_eq!((refused, held.len()), (BodyError::Crowded, 32));
        assert_eq!(bodies.append(&mut body(), &small), Ok(()));
        drop(held);
        assert_eq!(bodies.memory.available_permits(), MEMORY_MAX);
    }
}
