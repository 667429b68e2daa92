//! Which busy sessions the archiver looks at in one round: those where something happened a moment ago, and some of the others, so
//! that each is looked at every few seconds. So an idle session costs little, and a round costs about the same with ten thousand
//! sessions as with a hundred.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use crate::clock::Millis;
use crate::ids::SessionName;
use crate::store::{Store, StoreError};

/// How many sessions are read at once where the list of all would be too long.
pub(crate) const PAGE: u32 = 100;

/// A session is looked at in each round for this long after something happened in it. What follows within seconds, such as the
/// outcome of a reply, is found soon, too. Processes mark a session every 7 s.
const RECENT: Duration = Duration::from_secs(15);
/// At most so many of these sessions are looked at in one round.
const RECENT_MAX: usize = 200;
/// How soon each of the other sessions is looked at.
const OTHERS_WITHIN: Duration = Duration::from_secs(5);
/// The fewest of them that one round looks at, if there are so many.
const OTHERS_MIN: usize = 4;
/// The longest time between two rounds, if nothing happens.
const ROUND: Duration = Duration::from_millis(250);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct SessionPages {
    /// When each busy session was last looked at, or found with something new.
    looked: HashMap<SessionName, Instant>,
    changed: HashMap<SessionName, Instant>,
    listed_at: Option<Instant>,
}

impl SessionPages {
    /// The sessions to look at now.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn next(&mut self, store: &Store) -> Result<Vec<SessionName>, StoreError> {
        let now = Instant::now();
        if self
            .listed_at
            .is_none_or(|at| at.elapsed() > OTHERS_WITHIN / 5)
        {
            let busy = store.busy_sessions().await?;
            self.listed_at = Some(now);
            self.replace(busy, now);
        }
        let recent = store.sessions_seen_since(Millis::now() - RECENT).await?;
        Ok(self.choose(recent, now))
    }

    /// Something new was found in a session.
    pub(crate) fn note_change(&mut self, session: &SessionName) {
        self.changed.insert(session.clone(), Instant::now());
    }

    fn replace(&mut self, busy: Vec<SessionName>, now: Instant) {
        let mut before = std::mem::take(&mut self.looked);
        // A new one comes first.
        let long_ago = now.checked_sub(OTHERS_WITHIN).unwrap_or(now);
        let looked = busy.into_iter().map(|session| {
            let at = before.remove(&session);
            (session, at.unwrap_or(long_ago))
        });
        self.looked = looked.collect();
    }

    fn choose(&mut self, mut recent: Vec<SessionName>, now: Instant) -> Vec<SessionName> {
        self.changed
            .retain(|_, at| now.saturating_duration_since(*at) < RECENT);
        recent.extend(self.changed.keys().cloned());
        let mut known = HashSet::new();
        recent.retain(|session| known.insert(session.clone()));
        // If a round has a limit, it must not always serve the same sessions.
        fastrand::shuffle(&mut recent);
        recent.truncate(RECENT_MAX);
        let rounds = OTHERS_WITHIN.as_millis() / ROUND.as_millis();
        let others = self.looked.len().div_ceil(rounds as usize).max(OTHERS_MIN);
        let mut oldest: Vec<(Instant, &SessionName)> = self
            .looked
            .iter()
            .filter(|(session, _)| !known.contains(*session))
            .map(|(session, at)| (*at, session))
            .collect();
        if oldest.len() > others {
            oldest.select_nth_unstable(others);
            oldest.truncate(others);
        }
        recent.extend(oldest.into_iter().map(|(_, session)| session.clone()));
        for session in &recent {
            if let Some(at) = self.looked.get_mut(session) {
                *at = now;
            }
        }
        recent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions(names: std::ops::Range<usize>) -> Vec<SessionName> {
        let names = names.map(|number| SessionName::stored(format!("shop{number}")));
        names.collect()
    }

    #[test]
    fn each_idle_session_is_looked_at_within_seconds_and_one_that_changed_in_each_round() {
        let mut pages = SessionPages::default();
        let mut now = Instant::now();
        pages.replace(sessions(0..1_000), now);
        pages.note_change(&sessions(7..8)[0]);
        let recent = sessions(5..6);
        let mut seen = HashSet::new();
        for _ in 0..20 {
            now += ROUND;
            let chosen = pages.choose(recent.clone(), now);
            assert!(chosen.len() <= 52, "{}", chosen.len());
            for session in ["shop5", "shop7"] {
                let count = chosen.iter().filter(|one| one.as_str() == session).count();
                assert_eq!(count, 1, "{session}");
            }
            seen.extend(chosen);
        }
        assert_eq!(seen.len(), 1_000);
        now += RECENT;
        let chosen = pages.choose(Vec::new(), now);
        assert_eq!(chosen.len(), 50);
    }

    #[test]
    fn a_flood_of_sessions_does_not_make_a_round_long_and_all_get_their_turn() {
        let mut pages = SessionPages::default();
        pages.replace(sessions(0..3_000), Instant::now());
        let mut seen = HashSet::new();
        for _ in 0..400 {
            let chosen = pages.choose(sessions(0..3_000), Instant::now());
            assert!(chosen.len() <= RECENT_MAX + 150, "{}", chosen.len());
            seen.extend(chosen);
        }
        assert_eq!(seen.len(), 3_000);
    }
}
