//! The speed of a line is measured only by conversations that keep workers busy.

use std::time::Duration;

use waha_sm::flow::smoothed;
use waha_sm::store::{Close, Ingest, StepCommit, Store};

use super::{block_on, chat, connect, ingest, process, session, step};
use crate::harness::{Redis, ms};

const MINUTE: Duration = Duration::from_secs(60);

/// A conversation that is active for `handling`.
async fn served(store: &Store, n: usize, handling: Duration, outcome: &str) {
    let opening = Ingest {
        from: chat(n),
        ..ingest("hi")
    };
    store.ingest(&session(), opening).await.unwrap();
    let claimed = store
        .claim(&session(), &process("p"), 1, ms(1_000))
        .await
        .unwrap()
        .remove(0);
    closed(store, step(&claimed, vec![]), handling, outcome).await;
}

async fn closed(store: &Store, step: StepCommit, handling: Duration, outcome: &str) {
    let close = Close {
        outcome: outcome.to_owned(),
        variables: "{}".to_owned(),
        resume_within: Duration::ZERO,
        asks_rating: false,
    };
    let step = StepCommit {
        close: Some(close),
        now: ms(1_000) + handling,
        ..step
    };
    store.commit(&session(), step).await.unwrap();
}

#[test]
fn redis_keeps_the_same_mean_as_the_estimate_expects() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        let mut mean = 0.0;
        for n in 1..=80 {
            let handling = 100_000 + 7_919 * (n as u64 % 13);
            served(&store, n, Duration::from_millis(handling), "done").await;
            mean = smoothed(mean, handling as f64, n as u64);
        }
        let pace = store.pace(&session()).await.unwrap();
        assert_eq!((pace.measured, pace.active, pace.waiting), (80, 0, 0));
        // Redis keeps whole milliseconds.
        assert!(
            (pace.handling.as_millis() as f64 - mean).abs() < 30.0,
            "{pace:?}, {mean}"
        );
    });
}

#[test]
fn only_conversations_that_keep_a_worker_busy_are_measured() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        served(&store, 1, MINUTE, "done").await;
        served(&store, 2, 15 * MINUTE, "phone").await;
        // One that went back to the line in between.
        store.ingest(&session(), ingest("hi")).await.unwrap();
        store
            .claim(&session(), &process("dies"), 1, ms(1_000))
            .await
            .unwrap();
        store
            .release(&session(), &process("dies"), ms(2_000))
            .await
            .unwrap();
        let claimed = store
            .claim(&session(), &process("p"), 1, ms(3_000))
            .await
            .unwrap()
            .remove(0);
        closed(&store, step(&claimed, vec![]), 15 * MINUTE, "done").await;
        // In a session that is stopped, or that was stopped in between.
        store.pause(&session(), ms(500)).await.unwrap();
        served(&store, 3, 15 * MINUTE, "silence").await;
        store.resume(&session()).await.unwrap();
        served(&store, 4, 15 * MINUTE, "silence").await;
        let pace = store.pace(&session()).await.unwrap();
        assert_eq!((pace.measured, pace.handling), (1, MINUTE));
    });
}
