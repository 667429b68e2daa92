//! Futures on the heap. An async function holds all futures that it may ever wait for; without this, the one that answers a request would be
//! as large as all pages together, on every stack.

use std::pin::Pin;

/// A future on the heap.
pub(super) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Makes a future on the heap. The closure is called in a frame of its own, which is gone before anybody waits.
#[inline(never)]
pub(super) fn boxed<'a, F: Future + Send + 'a>(make: impl FnOnce() -> F) -> Boxed<'a, F::Output> {
    Box::pin(make())
}
