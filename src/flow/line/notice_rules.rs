//! Decides which notice a waiting customer gets now, and when to check again.
//!
//! Notices are few: WhatsApp punishes unsolicited messages, and customers dislike them. A customer who joins as number 40
//! reads 40, 20, 10, 5, 2 and "you're next", not forty numbers.

use std::time::Duration;

use crate::clock::Millis;

/// How often we look whether others were put before the first in line.
const LOOK_AT_FIRST: Duration = Duration::from_secs(30);

/// How soon and how often a waiting customer gets a notice; `[notices]` in a flow file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRules {
    /// Customers who are served within this time get no notice.
    pub first_after: Duration,
    /// The shortest time between two notices, except for "you're next".
    pub at_most_every: Duration,
    /// After this long without a notice the customer gets [`Notice::StillWaiting`].
    pub reassure_after: Duration,
    /// How many notices a session sends within a minute at most, to all customers together; at least 1.
    pub per_minute: u32,
}

impl Default for NoticeRules {
    fn default() -> Self {
        NoticeRules {
            // Long enough for a free worker to take the customer first, short enough to feel answered.
            first_after: Duration::from_secs(2),
            at_most_every: Duration::from_secs(60),
            // Customers leave a silent chat after about this time.
            reassure_after: Duration::from_secs(600),
            // What a person at the phone could type.
            per_minute: 20,
        }
    }
}

/// The last position that a customer read, in a notice or because they asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnnouncedPosition {
    /// The position; 1 is next.
    pub position: u64,
    /// When.
    pub at: Millis,
}

/// A waiting customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitingCustomer {
    /// The place in line now; 1 is next.
    pub position: u64,
    /// When they joined the line.
    pub opened_at: Millis,
    /// The last position they read, if any.
    pub announced: Option<AnnouncedPosition>,
    /// They were moved in line by hand, and have not read a position since.
    pub moved: bool,
}

/// A notice to a waiting customer. Each of them sets [`AnnouncedPosition`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// Their place in line.
    Position,
    /// They are next.
    Next,
    /// We haven't forgotten them.
    StillWaiting,
}

/// The result of [`decide`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// The notice to send now, if any.
    pub notice: Option<Notice>,
    /// When to check again if no bell rings before; always after `now`.
    pub check_at: Millis,
}

/// Decides which notice a waiting customer gets now. `check_at` assumes that it is sent.
pub fn decide(rules: &NoticeRules, waiting: &WaitingCustomer, now: Millis) -> Decision {
    let notice = due(rules, waiting, now);
    let announced = match notice {
        Some(_) => Some(AnnouncedPosition {
            position: waiting.position,
            at: now,
        }),
        None => waiting.announced,
    };
    let check_at = match announced {
        None => waiting.opened_at + rules.first_after,
        Some(announced) => look_again(rules, waiting, announced, now),
    };
    Decision {
        notice,
        check_at: check_at.max(now + Duration::from_millis(1)),
    }
}

fn due(rules: &NoticeRules, waiting: &WaitingCustomer, now: Millis) -> Option<Notice> {
    let is_next = waiting.position <= 1;
    let Some(announced) = waiting.announced else {
        let first_at = waiting.opened_at + rules.first_after;
        return (now >= first_at).then_some(if is_next {
            Notice::Next
        } else {
            Notice::Position
        });
    };
    if is_next && announced.position > 1 {
        return Some(Notice::Next);
    }
    if now < gap_over(rules, announced) {
        return None;
    }
    if !is_next && is_another_place(waiting, announced) {
        return Some(Notice::Position);
    }
    (now >= reassure_at(rules, announced)).then_some(Notice::StillWaiting)
}

/// Whether the place is so different from the one they read that it matters to them. Somebody urgent who comes first puts the
/// others back by one, which is no news; one who was moved by hand reads every change.
fn is_another_place(waiting: &WaitingCustomer, announced: AnnouncedPosition) -> bool {
    let (now, then) = (waiting.position, announced.position);
    let is_half = now <= then / 2;
    let is_double = now >= then.saturating_mul(2) && now > then.saturating_add(1);
    is_half || is_double || waiting.moved && now != then
}

/// No bell rings when a customer's position changes, so positions are polled: often near the head of the line, where every
/// move counts, rarely at its end.
fn look_again(
    rules: &NoticeRules,
    waiting: &WaitingCustomer,
    announced: AnnouncedPosition,
    now: Millis,
) -> Millis {
    let position = waiting.position;
    let reassure_at = reassure_at(rules, announced);
    let gap_over = gap_over(rules, announced);
    if announced.position <= 1 {
        // No better position can follow, and a worse one is rare.
        return gap_over.max(now + LOOK_AT_FIRST).min(reassure_at);
    }
    let poll_at = now + Duration::from_secs((position / 10).clamp(1, 300));
    // Only "you're next" may be sent within the gap, and only customers near the head can become next soon.
    let could_be_next = position <= 10;
    if now >= gap_over || could_be_next {
        poll_at.min(reassure_at)
    } else {
        gap_over.min(reassure_at)
    }
}

fn gap_over(rules: &NoticeRules, announced: AnnouncedPosition) -> Millis {
    announced.at + rules.at_most_every
}

fn reassure_at(rules: &NoticeRules, announced: AnnouncedPosition) -> Millis {
    announced.at + rules.reassure_after.max(rules.at_most_every)
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;
    use proptest::prelude::*;

    const MINUTE: i64 = 60_000;

    fn announced((position, at): (u64, i64)) -> AnnouncedPosition {
        AnnouncedPosition {
            position,
            at: Millis::new(at),
        }
    }

    fn check(position: u64, before: Option<(u64, i64)>, now: i64, notice: Option<Notice>) {
        let waiting = WaitingCustomer {
            position,
            opened_at: Millis::default(),
            announced: before.map(announced),
            moved: false,
        };
        check_waiting(&waiting, now, notice);
    }

    fn check_moved(position: u64, before: (u64, i64), now: i64, notice: Option<Notice>) {
        let waiting = WaitingCustomer {
            position,
            opened_at: Millis::default(),
            announced: Some(announced(before)),
            moved: true,
        };
        check_waiting(&waiting, now, notice);
    }

    fn check_waiting(waiting: &WaitingCustomer, now: i64, notice: Option<Notice>) {
        let now = Millis::new(now);
        let decision = decide(&NoticeRules::default(), waiting, now);
        assert_eq!(decision.notice, notice, "{waiting:?} at {now}");
        assert!(decision.check_at > now, "{decision:?} at {now}");
    }

    #[test]
    fn a_place_that_got_much_worse_is_told_and_one_that_got_worse_by_one_is_not() {
        check(10, Some((5, 0)), MINUTE - 1, None);
        check(10, Some((5, 0)), MINUTE, Some(Notice::Position));
        check(9, Some((5, 0)), MINUTE, None);
        check(2, Some((1, 0)), MINUTE, None);
        check(3, Some((1, 0)), MINUTE, Some(Notice::Position));
        check(4, Some((2, 0)), MINUTE, Some(Notice::Position));
    }

    #[test]
    fn a_customer_who_was_moved_reads_the_new_place_once_the_time_between_notices_is_over() {
        check_moved(1, (9, 0), 1, Some(Notice::Next));
        for place in [2, 8, 10] {
            check_moved(place, (9, 0), MINUTE - 1, None);
            check_moved(place, (9, 0), MINUTE, Some(Notice::Position));
        }
        check_moved(2, (1, 0), MINUTE, Some(Notice::Position));
        check_moved(9, (9, 0), MINUTE, None);
        let moved = WaitingCustomer {
            position: 40,
            opened_at: Millis::default(),
            announced: Some(announced((38, 0))),
            moved: true,
        };
        let decision = decide(&NoticeRules::default(), &moved, Millis::new(5_000));
        assert_eq!(decision.check_at, Millis::new(MINUTE));
    }

    #[test]
    fn notices_are_due_when_they_matter() {
        check(3, None, 1_999, None);
        check(3, None, 2_000, Some(Notice::Position));
        check(1, None, 2_000, Some(Notice::Next));
        check(5, Some((10, 0)), MINUTE - 1, None);
        check(5, Some((10, 0)), MINUTE, Some(Notice::Position));
        check(6, Some((10, 0)), MINUTE, None);
        check(1, Some((10, 0)), 1, Some(Notice::Next));
        check(1, Some((1, 0)), 9 * MINUTE, None);
        check(1, Some((1, 0)), 10 * MINUTE, Some(Notice::StillWaiting));
        check(12, Some((10, 0)), 9 * MINUTE, None);
        check(12, Some((10, 0)), 10 * MINUTE, Some(Notice::StillWaiting));
        check(0, Some((0, 0)), MINUTE, None);
    }

    #[test]
    fn the_next_check_is_when_a_notice_could_be_due() {
        let at = |position, announced, now| {
            let waiting = WaitingCustomer {
                position,
                opened_at: Millis::default(),
                announced,
                moved: false,
            };
            let decision = decide(&NoticeRules::default(), &waiting, Millis::new(now));
            decision.check_at.as_i64()
        };
        let announced = |position, at| Some(announced((position, at)));
        assert_eq!(at(5, None, 500), 2_000);
        assert_eq!(at(40, None, 2_000), 2_000 + MINUTE);
        assert_eq!(at(40, announced(40, 0), 5_000), MINUTE);
        assert_eq!(at(40, announced(40, 0), MINUTE), MINUTE + 4_000);
        assert_eq!(at(900, announced(900, 0), MINUTE), MINUTE + 90_000);
        assert_eq!(at(9_000, announced(9_000, 0), MINUTE), 6 * MINUTE);
        assert_eq!(at(2, announced(2, 0), 5_000), 6_000);
        assert_eq!(at(1, announced(1, 0), 5_000), MINUTE);
        assert_eq!(at(1, announced(1, 0), MINUTE), MINUTE + 30_000);
        assert_eq!(at(1, announced(1, 0), 10 * MINUTE - 500), 10 * MINUTE);
        assert_eq!(at(40, announced(40, 0), 10 * MINUTE - 500), 10 * MINUTE);
    }

    /// Lets a customer wait while the line moves by one at each of the given intervals.
    fn wait_through(from: u64, moves: &[Duration]) -> Vec<(Millis, Notice)> {
        let rules = NoticeRules::default();
        let mut waiting = WaitingCustomer {
            position: from,
            opened_at: Millis::default(),
            announced: None,
            moved: false,
        };
        let (mut now, mut notices) = (Millis::default(), Vec::new());
        let mut moves = moves.iter();
        let mut next_move = now + *moves.next().unwrap();
        loop {
            let decision = decide(&rules, &waiting, now);
            if let Some(notice) = decision.notice {
                notices.push((now, notice));
                waiting.announced = Some(AnnouncedPosition {
                    position: waiting.position,
                    at: now,
                });
            }
            if decision.check_at < next_move {
                now = decision.check_at;
                continue;
            }
            now = next_move;
            waiting.position -= 1;
            if waiting.position == 0 {
                return notices;
            }
            next_move = now + *moves.next().unwrap();
        }
    }

    fn length(millis: Range<u64>) -> impl Strategy<Value = Duration> {
        millis.prop_map(Duration::from_millis)
    }

    proptest! {
        #[test]
        fn a_customer_who_joins_as_number_forty_gets_few_notices(
            moves in proptest::collection::vec(length(1..900_000), 40),
        ) {
            let notices = wait_through(40, &moves);
            let total: Duration = moves.iter().sum();
            let reassured = notices.iter().filter(|(_, n)| *n == Notice::StillWaiting).count();
            prop_assert!(notices.len() - reassured <= 7, "{notices:?}");
            prop_assert!(reassured as u64 <= total.as_secs() / 600, "{notices:?}");
            for pair in notices.windows(2) {
                let gap = pair[1].0.since(pair[0].0);
                prop_assert!(gap >= Duration::from_secs(60) || pair[1].1 == Notice::Next, "{notices:?}");
                prop_assert!(gap <= Duration::from_secs(600), "{notices:?}");
            }
            let nexts = notices.iter().filter(|(_, n)| *n == Notice::Next).count();
            prop_assert!(nexts <= 1, "{notices:?}");
        }

        #[test]
        fn a_customer_in_a_fast_line_is_never_reassured(
            moves in proptest::collection::vec(length(1_000..30_000), 40),
        ) {
            let notices = wait_through(40, &moves);
            prop_assert!(notices.iter().all(|(_, n)| *n != Notice::StillWaiting), "{notices:?}");
            prop_assert!(notices.len() <= 7, "{notices:?}");
            prop_assert_eq!(notices.last().unwrap().1, Notice::Next);
        }

        #[test]
        fn the_next_check_is_always_later(
            position in any::<u64>(), moved in any::<bool>(), opened_at in any::<i64>(), now in any::<i64>(),
            before in proptest::option::of((any::<u64>(), any::<i64>())),
        ) {
            let (opened_at, now) = (Millis::new(opened_at), Millis::new(now));
            let waiting = WaitingCustomer { position, opened_at, announced: before.map(announced), moved };
            let decision = decide(&NoticeRules::default(), &waiting, now);
            prop_assert!(decision.check_at > now || now == Millis::new(i64::MAX));
        }
    }
}
