//! Group commit: items that arrive during one script call go into the next call together.
//!
//! A call costs a round trip and a wake-up of Redis, no matter how much it does. A single item goes out at once; under
//! load, one call carries dozens. Each session has its own calls, one at a time; those of different sessions run at once, so that
//! a session whose server is slow or down holds up no other.

use std::collections::{HashMap, VecDeque};
use std::future::Future;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::ids::SessionName;
use crate::store::error::StoreError;

/// How many items one call may carry, so that it blocks Redis for a few milliseconds at most.
const ITEMS_MAX: usize = 128;
/// How many bytes one call may carry, for the same reason; a single item may be larger.
const BYTES_MAX: usize = 1 << 20;

/// How many calls may run at once.
const CALLS_MAX: usize = 128;

struct Job<I, O> {
    session: SessionName,
    item: I,
    answer: oneshot::Sender<Result<O, StoreError>>,
}

/// Collects items for the calls of one script.
pub(crate) struct Batch<I, O> {
    jobs: mpsc::UnboundedSender<Job<I, O>>,
}

impl<I: Send + 'static, O: Send + 'static> Batch<I, O> {
    /// Starts the task that makes the calls; it ends when the `Batch` is dropped. `run` gets the items of one session in
    /// the order of their arrival, and returns one answer for each. `weight` says about how many bytes an item has.
    pub(crate) fn start<W, F, Answers>(weight: W, run: F) -> Self
    where
        W: Fn(&I) -> usize + Send + 'static,
        F: Fn(SessionName, Vec<I>) -> Answers + Send + 'static,
        Answers: Future<Output = Result<Vec<O>, StoreError>> + Send + 'static,
    {
        let (jobs, mut arriving) = mpsc::unbounded_channel::<Job<I, O>>();
        tokio::spawn(async move {
            let mut waiting = WaitingItems::default();
            let mut calls = JoinSet::new();
            let mut called = HashMap::new();
            let mut arrived = Vec::with_capacity(ITEMS_MAX);
            let mut is_open = true;
            while is_open || !calls.is_empty() {
                tokio::select! {
                    count = arriving.recv_many(&mut arrived, ITEMS_MAX), if is_open => {
                        is_open = count > 0;
                        arrived.drain(..).for_each(|job| waiting.push(job));
                    }
                    Some(ended) = calls.join_next_with_id() => {
                        // A panic in one call must not end all later ones.
                        let (id, results) = match ended {
                            Ok(ended) => ended,
                            Err(error) => (error.id(), Err(UNREADABLE)),
                        };
                        if let Some((session, answers)) = called.remove(&id) {
                            hand_out(results, answers);
                            waiting.end(&session);
                        }
                    }
                }
                while calls.len() < CALLS_MAX
                    && let Some((session, items, answers)) = waiting.next(&weight)
                {
                    let call = calls.spawn(run(session.clone(), items));
                    called.insert(call.id(), (session, answers));
                }
            }
        });
        Self { jobs }
    }

    /// # Errors
    /// The error of the call, the same for all its items.
    pub(crate) async fn call(&self, session: &SessionName, item: I) -> Result<O, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job = Job {
            session: session.clone(),
            item,
            answer,
        };
        self.jobs.send(job).map_err(|_| StoreError::Disconnected)?;
        answered.await.map_err(|_| StoreError::Disconnected)?
    }
}

const UNREADABLE: StoreError = StoreError::UnexpectedAnswer("one that can be read");

/// One call: its session, its items, and where their answers go.
type BatchCall<I, O> = (
    SessionName,
    Vec<I>,
    Vec<oneshot::Sender<Result<O, StoreError>>>,
);

/// The items that no call has taken yet.
struct WaitingItems<I, O> {
    /// Of each session that has any, or has a call.
    by_session: HashMap<SessionName, VecDeque<Job<I, O>>>,
    /// The sessions that have items and no call, in the order of their first item.
    ready: VecDeque<SessionName>,
}

impl<I, O> Default for WaitingItems<I, O> {
    fn default() -> Self {
        Self {
            by_session: HashMap::new(),
            ready: VecDeque::new(),
        }
    }
}

impl<I, O> WaitingItems<I, O> {
    fn push(&mut self, job: Job<I, O>) {
        match self.by_session.get_mut(&job.session) {
            Some(jobs) => jobs.push_back(job),
            None => {
                self.ready.push_back(job.session.clone());
                let session = job.session.clone();
                self.by_session.insert(session, VecDeque::from([job]));
            }
        }
    }

    /// The next call of a session that has none.
    fn next(&mut self, weight: impl Fn(&I) -> usize) -> Option<BatchCall<I, O>> {
        let session = self.ready.pop_front()?;
        let jobs = self.by_session.get_mut(&session)?;
        let (mut items, mut answers, mut bytes) = (Vec::new(), Vec::new(), 0_usize);
        while let Some(job) = jobs.front() {
            bytes = bytes.saturating_add(weight(&job.item));
            if items.len() == ITEMS_MAX || !items.is_empty() && bytes > BYTES_MAX {
                break;
            }
            if let Some(job) = jobs.pop_front() {
                items.push(job.item);
                answers.push(job.answer);
            }
        }
        Some((session, items, answers))
    }

    /// The call of a session has ended.
    fn end(&mut self, session: &SessionName) {
        match self.by_session.get(session) {
            Some(jobs) if !jobs.is_empty() => self.ready.push_back(session.clone()),
            _ => drop(self.by_session.remove(session)),
        }
    }
}

/// If a caller has stopped waiting, its answer is dropped; the state has changed all the same.
fn hand_out<O>(
    results: Result<Vec<O>, StoreError>,
    answers: Vec<oneshot::Sender<Result<O, StoreError>>>,
) {
    match results {
        Ok(results) if results.len() == answers.len() => {
            for (result, answer) in results.into_iter().zip(answers) {
                let _ = answer.send(Ok(result));
            }
        }
        Ok(_) => answers.into_iter().for_each(|answer| {
            drop(answer.send(Err(StoreError::UnexpectedAnswer(
                "one answer for each item",
            ))))
        }),
        Err(error) => answers
            .into_iter()
            .for_each(|answer| drop(answer.send(Err(error.clone())))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_carries_no_more_bytes_than_allowed_and_keeps_the_order() {
        let mut waiting = WaitingItems::default();
        let session = SessionName::stored("one");
        for item in [1, 2, BYTES_MAX, BYTES_MAX - 4, 3, 2] {
            waiting.push(Job::<usize, ()> {
                session: session.clone(),
                item,
                answer: oneshot::channel().0,
            });
        }
        let mut calls = Vec::new();
        while let Some((_, items, _)) = waiting.next(|item| *item) {
            assert!(waiting.next(|item| *item).is_none(), "two calls at once");
            calls.push(items);
            waiting.end(&session);
        }
        let wanted = [vec![1, 2], vec![BYTES_MAX], vec![BYTES_MAX - 4, 3], vec![2]];
        assert_eq!(calls, wanted);
        assert!(waiting.by_session.is_empty());
    }

    #[tokio::test]
    async fn a_session_that_gets_no_answer_holds_up_no_other() {
        let weight = |_: &usize| 1;
        let batch = Batch::start(
            weight,
            |session: SessionName, items: Vec<usize>| async move {
                if session.as_str() == "stuck" {
                    std::future::pending::<()>().await;
                }
                Ok(items)
            },
        );
        let (stuck, well) = (SessionName::stored("stuck"), SessionName::stored("well"));
        tokio::select! {
            biased;
            _ = batch.call(&stuck, 1) => panic!("it can't have an answer"),
            answer = batch.call(&well, 2) => assert_eq!(answer.unwrap(), 2),
        }
        assert_eq!(batch.call(&well, 3).await.unwrap(), 3);
    }

    #[tokio::test]
    async fn what_waits_goes_out_together_by_session_and_each_gets_its_own_answer() {
        let weight = |_: &usize| 1;
        let batch = Batch::start(
            weight,
            |session: SessionName, items: Vec<usize>| async move {
                tokio::task::yield_now().await;
                let together = items.len();
                Ok(items
                    .into_iter()
                    .map(|i| (session.clone(), i, together))
                    .collect())
            },
        );
        let (even, odd) = (SessionName::stored("even"), SessionName::stored("odd"));
        let calls = (0..10).map(|i| batch.call(if i % 2 == 0 { &even } else { &odd }, i));
        let mut largest = 0;
        let mut tasks = Vec::new();
        for call in calls {
            tasks.push(call);
        }
        let (a, b, c, d) = tokio::join!(
            tasks.remove(0),
            tasks.remove(0),
            tasks.remove(0),
            tasks.remove(0)
        );
        for (i, answer) in [a, b, c, d].into_iter().enumerate() {
            let (session, item, together) = answer.unwrap();
            assert_eq!(
                (session.as_str(), item),
                (if i % 2 == 0 { "even" } else { "odd" }, i)
            );
            largest = largest.max(together);
        }
        assert!(largest >= 2, "four calls at once made no batch");
    }
}
