//! The list of busy sessions loses those in which nothing is open, and no other; and no message waits for its session's place
//! in it.

use std::time::Duration;

use tokio::task::yield_now;
use waha_sm::store::Unmarked;

use super::{block_on, connect, ingest, process, session};
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

#[test]
fn the_first_messages_of_a_session_keep_their_order() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        // More come until the first ones are stored, and then some.
        let mut stored = Vec::new();
        while stored.len() < 100 {
            let (store, message) = (store.clone(), ingest(&stored.len().to_string()));
            stored.push(tokio::spawn(async move {
                store.ingest(&session(), message).await.unwrap();
            }));
            yield_now().await;
            if stored.len() == 50 {
                (&mut stored[0]).await.unwrap();
            }
        }
        for one in stored.into_iter().skip(1) {
            one.await.unwrap();
        }
        let claimed = store
            .claim(&session(), &process("one"), 1, ms(1_000))
            .await
            .unwrap();
        let in_order = (0..100).map(|n| format!("{{\"text\":\"{n}\"}}"));
        assert_eq!(claimed[0].inbox, in_order.collect::<Vec<_>>());
    });
}
