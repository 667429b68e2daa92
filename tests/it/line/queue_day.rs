//! Simulated days of a line: the estimates in notices are right, and notices are few.

use crate::day::{Account, Kind, pass, people};

const SEEDS: u64 = 3;

#[test]
fn on_every_kind_of_day_estimates_are_reliable_and_notices_are_few() {
    for kind in Kind::ALL {
        let waits: Vec<_> = (1..=SEEDS).flat_map(|seed| pass(kind, seed)).collect();
        let account = Account::of(&waits);
        assert!(account.estimated > 500, "{kind:?}: {account:?}");
        assert!(account.is_good(), "{kind:?}: {account:?}");
    }
}

#[test]
fn estimates_of_a_line_for_people_are_reliable_whoever_attends_how_many() {
    for kind in people::Kind::ALL {
        let days = (1..=SEEDS).flat_map(|seed| people::pass(kind, seed));
        let account = Account::of(&days.collect::<Vec<_>>());
        assert!(account.estimated > 500, "{kind:?}: {account:?}");
        assert!(account.is_good(), "{kind:?}: {account:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_day() {
    let account = |seed| Account::of(&pass(Kind::Lunch, seed));
    assert_eq!(account(3), account(3));
    assert_ne!(account(3), account(4));
}
