//! Group commit: items that arrive during one script call go into the next call together.
//!
//! A call costs a round trip and a wake-up of Redis, no matter how much it does. A single item goes out at once; under
//! load, one call carries dozens.

use std::collections::HashMap;
use std::future::Future;

use tokio::sync::{mpsc, oneshot};

use crate::ids::SessionName;
use crate::store::error::StoreError;

/// How many items one call may carry, so that it blocks Redis for a few milliseconds at most.
const ITEMS_MAX: usize = 128;
/// How many bytes one call may carry, for the same reason; a single item may be larger.
const BYTES_MAX: usize = 1 << 20;

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
        let (jobs, mut waiting) = mpsc::unbounded_channel::<Job<I, O>>();
        tokio::spawn(async move {
            let mut taken = Vec::with_capacity(ITEMS_MAX);
            while waiting.recv_many(&mut taken, ITEMS_MAX).await > 0 {
                for (session, items, answers) in by_session(taken.drain(..), &weight) {
                    // In a task of its own: a panic in one call must not end all later ones.
                    let called = tokio::spawn(run(session, items)).await;
                    let results =
                        called.unwrap_or(Err(StoreError::UnexpectedAnswer("one that can be read")));
                    hand_out(results, answers);
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

type Group<I, O> = (
    SessionName,
    Vec<I>,
    Vec<oneshot::Sender<Result<O, StoreError>>>,
);

fn by_session<I, O>(
    jobs: impl Iterator<Item = Job<I, O>>,
    weight: impl Fn(&I) -> usize,
) -> Vec<Group<I, O>> {
    // For each session, the place of its last group, and the bytes in it.
    let mut places: HashMap<SessionName, (usize, usize)> = HashMap::new();
    let mut groups: Vec<Group<I, O>> = Vec::new();
    for job in jobs {
        let more = weight(&job.item);
        let known = places.get_mut(&job.session);
        let place = match known.filter(|(_, bytes)| bytes.saturating_add(more) <= BYTES_MAX) {
            Some((place, bytes)) => {
                *bytes += more;
                *place
            }
            None => {
                places.insert(job.session.clone(), (groups.len(), more));
                groups.push((job.session, Vec::new(), Vec::new()));
                groups.len() - 1
            }
        };
        groups[place].1.push(job.item);
        groups[place].2.push(job.answer);
    }
    groups
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
        let session = SessionName::stored("one");
        let jobs = [1, 2, BYTES_MAX, BYTES_MAX - 4, 3, 2].map(|item| Job::<usize, ()> {
            session: session.clone(),
            item,
            answer: oneshot::channel().0,
        });
        let groups = by_session(jobs.into_iter(), |item| *item);
        let items: Vec<_> = groups.into_iter().map(|(_, items, _)| items).collect();
        let wanted = [vec![1, 2], vec![BYTES_MAX], vec![BYTES_MAX - 4, 3], vec![2]];
        assert_eq!(items, wanted);
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
