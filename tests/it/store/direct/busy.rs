//! The list of busy sessions loses those in which nothing is open, and no other.

use std::time::Duration;

use waha_sm::store::Unmarked;

use super::{block_on, connect};
use crate::harness::{Redis, ms};

#[test]
fn sessions_marked_at_the_same_moment_leave_the_list_with_the_next_two_looks() {
    let redis = Redis::start();
    for session in ["a", "b", "c"] {
        redis.ask(&format!("ZADD test:sessions-busy 1000 {session}"));
    }
    redis.ask("ZADD test:sessions-busy 2000 d");
    block_on(async {
        let store = connect(&redis).await;
        let look = async |at| store.unmark_idle(100, ms(at)).await.unwrap();
        let found = |examined, idle| Unmarked { examined, idle };
        assert_eq!(look(15_000).await, found(0, 0));
        assert_eq!(look(60_000).await, found(4, 1));
        assert_eq!(look(60_000 + 1_000).await, found(3, 3));
    });
    assert_eq!(redis.number("EXISTS test:sessions-busy"), 0);
}

#[test]
fn a_new_mark_of_a_session_that_is_told_apart_from_another_stays() {
    let redis = Redis::start();
    for session in ["a", "b"] {
        redis.ask(&format!("ZADD test:sessions-busy 1000 {session}"));
    }
    block_on(async {
        let store = connect(&redis).await;
        store.unmark_idle(100, ms(60_000)).await.unwrap();
        redis.ask("ZADD test:sessions-busy GT 60500 a");
        let later = ms(60_000) + Duration::from_secs(1);
        let looked = store.unmark_idle(100, later).await.unwrap();
        assert_eq!((looked.examined, looked.idle), (1, 1));
    });
    assert_eq!(redis.number("ZCARD test:sessions-busy"), 1);
}
