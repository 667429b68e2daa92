//! Work on many sessions, some of them at once: a session that fails, or whose server does not answer, keeps none of the others waiting.

use std::collections::HashSet;

use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::ids::SessionName;
use crate::service::kit::session_queue::SessionQueue;
use crate::service::kit::store_error_log::StoreErrorLog;
use crate::store::StoreError;

/// How many sessions an agent works on at once.
pub(crate) const AT_ONCE: usize = 16;

/// Does `work` in each session that comes in, until `shutdown`. If it fails, `what` is logged ("could not ..."), and the lookout
/// sends the session again, because something is still due there.
pub(crate) async fn serve<Work>(
    mut sessions: mpsc::UnboundedReceiver<SessionName>,
    what: &str,
    shutdown: CancellationToken,
    work: impl Fn(SessionName) -> Work,
) where
    Work: Future<Output = Result<(), StoreError>> + Send + 'static,
{
    let store_errors = StoreErrorLog::default();
    let mut waiting = SessionQueue::default();
    let mut at_work = HashSet::new();
    let mut again = HashSet::new();
    let mut running = JoinSet::new();
    loop {
        while running.len() < AT_ONCE
            && let Some(session) = waiting.pop()
        {
            at_work.insert(session.clone());
            let working = work(session.clone());
            running.spawn(async move { (session, working.await) });
        }
        tokio::select! {
            session = sessions.recv() => match session {
                Some(session) if at_work.contains(&session) => drop(again.insert(session)),
                Some(session) => waiting.push(session),
                None => return,
            },
            Some(done) = running.join_next() => if let Some((session, done)) = joined(done) {
                at_work.remove(&session);
                if let Err(error) = done {
                    store_errors.log_of(&session, what, &error);
                }
                if again.remove(&session) {
                    waiting.push(session);
                }
            },
            () = shutdown.cancelled() => return,
        }
    }
}

/// Does `work` in each of these sessions. Returns the results, in no particular order.
pub(crate) async fn in_each<Work>(
    sessions: impl IntoIterator<Item = SessionName>,
    work: impl Fn(SessionName) -> Work,
) -> Vec<(SessionName, Work::Output)>
where
    Work: Future<Output: Send + 'static> + Send + 'static,
{
    let mut results = Vec::new();
    let mut running = JoinSet::new();
    for session in sessions {
        if running.len() == AT_ONCE
            && let Some(done) = running.join_next().await
        {
            results.extend(joined(done));
        }
        let working = work(session.clone());
        running.spawn(async move { (session, working.await) });
    }
    while let Some(done) = running.join_next().await {
        results.extend(joined(done));
    }
    results
}

/// The result of a task. If it panicked, the agent does, too.
pub(crate) fn joined<T>(done: Result<T, JoinError>) -> Option<T> {
    match done {
        Ok(done) => Some(done),
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // Only a shutdown ends a task early.
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Notify;

    use super::*;

    fn sessions(count: usize) -> Vec<SessionName> {
        let names = (0..count).map(|number| SessionName::stored(format!("shop{number}")));
        names.collect()
    }

    #[tokio::test]
    async fn a_session_that_hangs_or_fails_keeps_none_of_the_others_waiting() {
        let (to_agent, coming) = mpsc::unbounded_channel();
        let (done, mut all_done) = mpsc::unbounded_channel();
        let agent = tokio::spawn(serve(
            coming,
            "could not do it",
            CancellationToken::new(),
            move |session: SessionName| {
                let done = done.clone();
                async move {
                    match session.as_str() {
                        "shop0" => std::future::pending().await,
                        "shop1" => Err(StoreError::UnexpectedAnswer("another")),
                        _ => {
                            let _ = done.send(session);
                            Ok(())
                        }
                    }
                }
            },
        ));
        for session in sessions(40) {
            to_agent.send(session).unwrap();
        }
        let mut seen = HashSet::new();
        while seen.len() < 38 {
            seen.insert(all_done.recv().await.unwrap());
        }
        drop(to_agent);
        agent.await.unwrap();
    }

    #[tokio::test]
    async fn a_session_is_worked_on_once_at_a_time_and_then_again_if_it_came_meanwhile() {
        let (to_agent, coming) = mpsc::unbounded_channel();
        let (began, mut beginnings) = mpsc::unbounded_channel();
        let go_on = Arc::new(Notify::new());
        let waits = go_on.clone();
        let agent = tokio::spawn(serve(
            coming,
            "could not do it",
            CancellationToken::new(),
            move |_| {
                let (began, waits) = (began.clone(), waits.clone());
                async move {
                    let _ = began.send(());
                    waits.notified().await;
                    Ok(())
                }
            },
        ));
        let shop = &sessions(1)[0];
        to_agent.send(shop.clone()).unwrap();
        beginnings.recv().await.unwrap();
        for _ in 0..3 {
            to_agent.send(shop.clone()).unwrap();
        }
        tokio::task::yield_now().await;
        assert!(beginnings.try_recv().is_err());
        go_on.notify_one();
        beginnings.recv().await.unwrap();
        go_on.notify_one();
        drop(to_agent);
        agent.await.unwrap();
        assert!(beginnings.try_recv().is_err());
    }

    #[tokio::test]
    async fn each_session_has_a_result() {
        let results = in_each(sessions(50), |session| async move {
            match session.as_str() {
                "shop7" => Err(session),
                _ => Ok(()),
            }
        })
        .await;
        assert_eq!(results.len(), 50);
        let failed: Vec<_> = results.iter().filter(|(_, done)| done.is_err()).collect();
        assert_eq!(failed.len(), 1);
        assert_eq!(failed[0].0.as_str(), "shop7");
    }
}
