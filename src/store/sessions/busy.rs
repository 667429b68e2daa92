//! The busy sessions: those in which something is open, or happened a moment ago. Agents that poll look only at these, so
//! that thousands of names that nobody uses any more cost nothing.
//!
//! A session is marked as busy with each change that stores something of it, and unmarked when nothing in it needs a poll. If a
//! mark is lost, the messages still ring their bells, and the next look at all sessions marks it again.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use fred::types::Value;

use tokio::time::timeout;

use crate::clock::Millis;
use crate::ids::SessionName;
use crate::store::connection::redis_command::RedisCommand;
use crate::store::error::StoreError;
use crate::store::store::Store;

/// A session stays busy for at least this long after something happened in it.
const BUSY_FOR: Duration = Duration::from_secs(15);
/// A process marks a session again only after this time. The rest of [`BUSY_FOR`] is for calls on their way.
const MARK_AGAIN_AFTER: Duration = Duration::from_secs(7);
/// How long a change waits for its mark.
const MARK_WITHIN: Duration = Duration::from_secs(1);
/// The pause between the tries to mark a session whose mark failed.
const MARK_LATER_AFTER: Duration = Duration::from_millis(500);
/// A session that stopped, and to which nobody ever wrote, is asked about for this long. The owner is notified much earlier.
const STOPPED_BUSY_FOR: Duration = Duration::from_secs(600);
/// How many sessions are examined together.
const ASK_MAX: usize = 100;
/// How many sessions one command adds. This limits how long it blocks Redis.
const ADD_MAX: usize = 1_000;

/// One look at sessions that may be idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unmarked {
    /// How many were examined.
    pub examined: usize,
    /// How many of them are idle, and not polled any more.
    pub idle: usize,
}

impl Store {
    /// All busy sessions.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn busy_sessions(&self) -> Result<Vec<SessionName>, StoreError> {
        self.busy_sessions_from(0, u32::MAX).await
    }

    /// At most `count` of the busy sessions from the place `from` on.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn busy_sessions_from(
        &self,
        from: u32,
        count: u32,
    ) -> Result<Vec<SessionName>, StoreError> {
        let last = i64::from(from) + i64::from(count) - 1;
        let key = self.inner.keys.busy_sessions();
        let read = self.inner.client.zrange(key, i64::from(from), last).await;
        self.sessions_or_known(read, from as usize, count as usize)
    }

    /// On a Cluster one node has the lists of the sessions. While it can't be reached, the sessions of the others are served: those
    /// that this process has seen count as listed.
    pub(crate) fn sessions_or_known(
        &self,
        read: Result<Vec<SessionName>, StoreError>,
        from: usize,
        count: usize,
    ) -> Result<Vec<SessionName>, StoreError> {
        let Ok(mut known) = self.inner.known_sessions.lock() else {
            return read;
        };
        match read {
            Ok(sessions) => {
                if self.inner.client.is_cluster() {
                    known.extend(sessions.iter().cloned());
                }
                Ok(sessions)
            }
            Err(_) if !known.is_empty() => {
                Ok(known.iter().skip(from).take(count).cloned().collect())
            }
            Err(error) => Err(error),
        }
    }

    /// The sessions in which something happened since `since`, the latest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn sessions_seen_since(&self, since: Millis) -> Result<Vec<SessionName>, StoreError> {
        let key = self.inner.keys.sessions_seen();
        self.inner.client.zrevrange_from(key, score(since, 0)).await
    }

    /// Runs `change`, which stores something of a session, and marks the session as busy, so that the agents that poll can find
    /// it. Both run at once: messages that waited for the mark could overtake each other. `change` is in a box, so that it is on the
    /// stack once.
    ///
    /// If only the mark fails, it is made later: on a Cluster, another node has the marks, and its trouble is not this session's.
    ///
    /// # Errors
    /// If `change` failed. It may have been made.
    pub(crate) async fn change_session<T>(
        &self,
        session: &SessionName,
        now: Millis,
        change: impl Future<Output = Result<T, StoreError>> + Unpin,
    ) -> Result<T, StoreError> {
        // The lock is held for one lookup, never across an await.
        let marked_at = match self.inner.sessions.lock() {
            Ok(sessions) => sessions.get(session).copied(),
            Err(_) => None,
        };
        if marked_at.is_some_and(|at| at.elapsed() < MARK_AGAIN_AFTER) {
            return change.await;
        }
        let is_new = marked_at.is_none();
        // In a box, because it is rare and needs much of the stack.
        let marking = Box::pin(timeout(MARK_WITHIN, self.mark(session, is_new, now)));
        let (changed, marked) = tokio::join!(biased; change, marking);
        let changed = changed?;
        match marked.unwrap_or(Err(StoreError::Disconnected)) {
            Err(_) if self.inner.client.is_cluster() => self.mark_later(session.clone(), is_new),
            marked => marked?,
        }
        Ok(changed)
    }

    async fn mark(
        &self,
        session: &SessionName,
        is_new: bool,
        now: Millis,
    ) -> Result<(), StoreError> {
        if is_new {
            self.introduce_session(session, now).await?;
        }
        self.mark_busy(session, now).await
    }

    /// Tries to mark a session until it works. Until then the session counts as marked here, so that there is one such task.
    fn mark_later(&self, session: SessionName, is_new: bool) {
        let store = self.clone();
        if let Ok(mut sessions) = self.inner.sessions.lock() {
            sessions.insert(session.clone(), Instant::now());
        }
        if let Ok(mut known) = self.inner.known_sessions.lock() {
            known.insert(session.clone());
        }
        tokio::spawn(async move {
            while !store.inner.client.is_closed()
                && store.mark(&session, is_new, Millis::now()).await.is_err()
            {
                tokio::time::sleep(MARK_LATER_AFTER).await;
            }
        });
    }

    /// Makes a session known that this process has not seen before.
    async fn introduce_session(
        &self,
        session: &SessionName,
        now: Millis,
    ) -> Result<(), StoreError> {
        // First, because catching up skips a session that has no starting time.
        self.begin_catching_up(session, now).await?;
        self.add_to_set(self.inner.keys.sessions(), session.as_str())
            .await
    }

    /// Marks a session as busy.
    async fn mark_busy(&self, session: &SessionName, now: Millis) -> Result<(), StoreError> {
        let keys = &self.inner.keys;
        let marked_at = Instant::now();
        let mark = (score(now, fastrand::u16(..)), session.as_str());
        for key in [keys.busy_sessions(), keys.sessions_seen()] {
            self.add_to_sorted_set(key, "GT", [mark]).await?;
        }
        if let Ok(mut sessions) = self.inner.sessions.lock() {
            sessions.insert(session.clone(), marked_at);
        }
        Ok(())
    }

    /// Marks every session that was ever seen as busy, so that each is looked at once: at the start, because a version before
    /// this one did not mark them, and from time to time.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn mark_all_busy(&self, now: Millis) -> Result<(), StoreError> {
        let sessions = self.sessions().await?;
        let fractions = (0..=u16::MAX).cycle();
        let marks: Vec<(f64, &str)> = sessions
            .iter()
            .zip(fractions)
            .map(|(session, fraction)| (score(now, fraction), session.as_str()))
            .collect();
        for marks in marks.chunks(ADD_MAX) {
            let key = self.inner.keys.busy_sessions();
            self.add_to_sorted_set(key, "NX", marks.iter().copied())
                .await?;
        }
        Ok(())
    }

    /// Looks at up to `count` busy sessions in which nothing happened for a while, and unmarks those where nothing is open.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn unmark_idle(&self, count: u32, now: Millis) -> Result<Unmarked, StoreError> {
        let (client, key) = (&self.inner.client, self.inner.keys.busy_sessions());
        let quiet_since = now - BUSY_FOR;
        let looked_at: Vec<(SessionName, f64)> = client
            .zrange_up_to(&key, score(quiet_since, 0), i64::from(count))
            .await?;
        let open = self.are_open(&looked_at, now).await?;
        let (mut idle, mut places) = (0, Vec::new());
        let mut changes = Vec::new();
        for (place, (session, marked)) in looked_at.iter().enumerate() {
            // A command can take a mark away only by its score, so that a new mark stays. Two sessions with one score are
            // told apart first; the one after the last may not have been read.
            let beside = [place.checked_sub(1), place.checked_add(1)];
            let mut beside = beside
                .into_iter()
                .flatten()
                .filter_map(|at| looked_at.get(at));
            let is_alone = beside.all(|(_, other)| other.total_cmp(marked).is_ne());
            let is_last = place + 1 == count as usize;
            let later = if open.contains(session) {
                score(now, fastrand::u16(..))
            } else if is_alone && !is_last {
                let mark = [Value::from(*marked), Value::from(*marked)];
                changes.push(RedisCommand::new("ZREMRANGEBYSCORE", key.clone(), mark));
                places.push(true);
                continue;
            } else {
                // The next look finds it again, now alone.
                score(quiet_since + Duration::from_millis(1), place as u16)
            };
            let if_greater = ["XX".into(), "GT".into()];
            let mark = [Value::from(later), session.as_str().into()];
            let mark = if_greater.into_iter().chain(mark);
            changes.push(RedisCommand::new("ZADD", key.clone(), mark));
            places.push(false);
        }
        if !places.is_empty() {
            let changed: Vec<u64> = client.answers(changes).await?;
            let removed = places.iter().zip(changed);
            idle = removed
                .filter(|(removes, changed)| **removes && *changed > 0)
                .count();
        }
        Ok(Unmarked {
            examined: looked_at.len(),
            idle,
        })
    }

    /// Whether it is this process' turn to look for idle sessions: one process looks per `interval`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn turn_to_unmark_idle(&self, interval: Duration) -> Result<bool, StoreError> {
        let key = self.inner.keys.looking_at_sessions("idle");
        self.turn(key, interval).await
    }

    /// Whether it is this process' turn to mark every session: one process does so per `interval`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn turn_to_mark_all_busy(&self, interval: Duration) -> Result<bool, StoreError> {
        let key = self.inner.keys.looking_at_sessions("all");
        self.turn(key, interval).await
    }

    /// Which of these sessions have anything that an agent must look at without a bell.
    async fn are_open(
        &self,
        sessions: &[(SessionName, f64)],
        now: Millis,
    ) -> Result<HashSet<SessionName>, StoreError> {
        let (client, keys) = (&self.inner.client, &self.inner.keys);
        let mut open = HashSet::new();
        for sessions in sessions.chunks(ASK_MAX) {
            let mut questions = Vec::new();
            for (session, _) in sessions {
                let mut polled = keys.polled(session).into_iter();
                let first = polled.next().unwrap_or_default();
                // The history after the others, because what they hold ends as an entry of it.
                questions.extend([
                    RedisCommand::new("EXISTS", first, polled.map(Value::from)),
                    RedisCommand::new("XLEN", keys.history(session), []),
                    RedisCommand::new("EXISTS", keys.paused(session), []),
                ]);
            }
            let answers = client.send_all(questions).await;
            let count = |answer: &Result<Value, StoreError>| answer.as_ref().ok()?.as_u64();
            for ((session, _), answers) in sessions.iter().zip(answers.chunks(3)) {
                let counts: Option<Vec<u64>> = answers.iter().map(count).collect();
                let is_idle = match counts.as_deref() {
                    Some([0, 0, 0]) => true,
                    Some([0, 0, _]) => matches!(self.is_asked_about(session, now).await, Ok(false)),
                    // One that can't be read now may be open.
                    _ => false,
                };
                if !is_idle {
                    open.insert(session.clone());
                }
            }
        }
        Ok(open)
    }

    /// Whether WAHA is asked about a session that has stopped.
    async fn is_asked_about(&self, session: &SessionName, now: Millis) -> Result<bool, StoreError> {
        let (client, keys) = (&self.inner.client, &self.inner.keys);
        let since: Option<Millis> = client.hget(keys.status(session), "status_since").await?;
        let is_new = since.is_some_and(|since| now.since(since) < STOPPED_BUSY_FOR);
        Ok(is_new || client.exists(keys.known(session)).await?)
    }
}

/// The score of a mark. The fraction tells apart what is marked in the same millisecond: a score has room for it.
fn score(at: Millis, fraction: u16) -> f64 {
    at.as_i64() as f64 + f64::from(fraction % 4_096) / 4_096.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_tells_marks_of_the_same_millisecond_apart() {
        let at = Millis::new(1_900_000_000_000);
        let mut scores: Vec<f64> = (0..4_096).map(|fraction| score(at, fraction)).collect();
        assert!(
            scores
                .iter()
                .all(|one| *one < score(Millis::new(1_900_000_000_001), 0))
        );
        scores.dedup();
        assert_eq!(scores.len(), 4_096);
    }
}
