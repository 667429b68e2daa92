//! The threads on which requests to WAHA run. While WAHA answers fast, two of them do all, and no request wakes another one: that costs
//! as much as such a request. A request that waits while they get nothing done wakes or starts one more.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

/// So many threads may be awake before a request waits for one of them.
const AT_ONCE: usize = 2;

/// How long it waits until it looks whether they get on: far less than a WAHA takes that is not on this machine.
const WAITS_FOR: Duration = Duration::from_millis(1);

/// A thread without work ends after this time.
const IDLE_FOR: Duration = Duration::from_secs(10);

type QueuedRequest = Box<dyn FnOnce() + Send>;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct RequestThreads(Arc<SharedThreads>);

#[derive(Default)]
struct SharedThreads {
    state: Mutex<ThreadsState>,
}

#[derive(Default)]
struct ThreadsState {
    waiting: VecDeque<QueuedRequest>,
    /// How many threads run a request, or have been woken to.
    busy: usize,
    /// How many requests have ended.
    done: u64,
    /// Those without work. The last one is woken first: its memory is still in the processor's cache.
    idle: Vec<Arc<Sleeper>>,
}

/// One thread without work.
#[derive(Default)]
struct Sleeper {
    is_woken: Mutex<bool>,
    wakes: Condvar,
}

impl std::fmt::Debug for SharedThreads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedThreads").finish_non_exhaustive()
    }
}

impl RequestThreads {
    /// Runs a request on a thread. The callers limit how many run at once.
    ///
    /// # Errors
    /// If the operating system refuses a thread, or the request panicked.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        request: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, String> {
        let (done, mut result) = oneshot::channel();
        let request = Box::new(move || {
            // Nobody waits for it when the daemon stops.
            let _ = done.send(request());
        });
        let failed = |_| "the request's thread ended early".to_owned();
        let mut waits = {
            let mut state = self.0.lock();
            state.waiting.push_back(request);
            (state.busy >= AT_ONCE).then_some(state.done)
        };
        while let Some(done) = waits {
            if let Ok(result) = timeout(WAITS_FOR, &mut result).await {
                return result.map_err(failed);
            }
            let state = self.0.lock();
            let get_on = state.done - done >= state.busy as u64;
            waits = get_on.then_some(state.done);
        }
        self.0.add_thread();
        result.await.map_err(failed)
    }
}

impl SharedThreads {
    /// A lock is poisoned only by a panic while it is held, and no line here can panic with it.
    fn lock(&self) -> MutexGuard<'_, ThreadsState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has one more thread work, if a request waits.
    fn add_thread(self: &Arc<Self>) {
        let mut state = self.lock();
        if state.waiting.is_empty() {
            return;
        }
        state.busy += 1;
        if let Some(sleeper) = state.idle.pop() {
            drop(state);
            sleeper.wake();
            return;
        }
        drop(state);
        let shared = self.clone();
        let started = thread::Builder::new()
            .name("waha".into())
            .spawn(move || shared.work());
        if started.is_err() {
            let mut state = self.lock();
            state.busy -= 1;
            // While others work, they take it later.
            if state.busy == 0 {
                state.waiting.clear();
            }
        }
    }

    /// A thread's life.
    fn work(&self) {
        let mut ran = 0;
        loop {
            let mut state = self.lock();
            state.done += std::mem::take(&mut ran);
            if let Some(request) = state.waiting.pop_front() {
                drop(state);
                // What it leaves behind is dropped with it.
                let _ = catch_unwind(AssertUnwindSafe(request));
                ran = 1;
                continue;
            }
            state.busy -= 1;
            let sleeper = Arc::<Sleeper>::default();
            state.idle.push(sleeper.clone());
            drop(state);
            if !sleeper.sleep() && !self.is_needed(&sleeper) {
                return;
            }
        }
    }

    /// A thread that slept for long ends, unless it was woken just now.
    fn is_needed(&self, sleeper: &Arc<Sleeper>) -> bool {
        let mut state = self.lock();
        let idle = state.idle.len();
        state.idle.retain(|one| !Arc::ptr_eq(one, sleeper));
        state.idle.len() == idle
    }
}

impl Sleeper {
    fn wake(&self) {
        *self.is_woken.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.wakes.notify_one();
    }

    /// Returns false if nobody woke it.
    fn sleep(&self) -> bool {
        let is_woken = self.is_woken.lock().unwrap_or_else(PoisonError::into_inner);
        let slept = self
            .wakes
            .wait_timeout_while(is_woken, IDLE_FOR, |is_woken| !*is_woken);
        let (is_woken, _) = slept.unwrap_or_else(PoisonError::into_inner);
        *is_woken
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn requests_that_take_long_all_run_at_once_and_short_ones_share_a_thread() {
        let threads = RequestThreads::default();
        let mut used = HashSet::new();
        for _ in 0..100 {
            used.insert(threads.run(|| thread::current().id()).await.unwrap());
        }
        // One may still be on its way to sleep when the next request comes, and on a busy machine more than one.
        assert!(used.len() < 10, "{used:?}");
        let (meet, met) = (Arc::new(std::sync::Barrier::new(10)), 10);
        let calls = (0..met).map(|_| {
            let meet = meet.clone();
            threads.run(move || meet.wait().is_leader())
        });
        let mut leaders = 0;
        let mut all: Vec<_> = calls.map(Box::pin).collect();
        std::future::poll_fn(|context| {
            all.retain_mut(|call| match call.as_mut().poll(context) {
                std::task::Poll::Ready(leads) => {
                    leaders += usize::from(leads.unwrap());
                    false
                }
                std::task::Poll::Pending => true,
            });
            match all.is_empty() {
                true => std::task::Poll::Ready(()),
                false => std::task::Poll::Pending,
            }
        })
        .await;
        assert_eq!(leaders, 1);
    }

    #[tokio::test]
    async fn a_request_that_panics_ends_no_thread() {
        let threads = RequestThreads::default();
        for _ in 0..10 * AT_ONCE {
            let panicked: Result<(), String> = threads.run(|| panic!("on purpose")).await;
            panicked.unwrap_err();
        }
        assert_eq!(threads.run(|| 7).await, Ok(7));
        // A thread that had ended would count as busy for ever.
        let all_sleep = async {
            while threads.0.lock().busy > 0 {
                tokio::time::sleep(WAITS_FOR).await;
            }
        };
        timeout(Duration::from_secs(10), all_sleep).await.unwrap();
        assert!(!threads.0.lock().idle.is_empty());
    }

    #[tokio::test]
    async fn a_request_whose_caller_is_gone_runs_all_the_same() {
        let threads = RequestThreads::default();
        let (began, begins) = mpsc::channel();
        let (end, ends) = mpsc::channel::<()>();
        tokio::select! {
            biased;
            _ = threads.run(move || { began.send(()).unwrap(); ends.recv().unwrap(); }) => panic!("it has to wait"),
            () = std::future::ready(()) => {}
        }
        begins.recv_timeout(Duration::from_secs(10)).unwrap();
        end.send(()).unwrap();
        assert_eq!(threads.run(|| 7).await, Ok(7));
    }
}
