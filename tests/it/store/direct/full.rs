//! A full Redis refuses every message, also those whose handling begins with a write that needs no memory; and it stops
//! nothing that makes space in the end.

use std::time::Duration;

use waha_sm::store::{Hearing, Ingest, SessionChange, SessionReport, Store};

use super::{PER_MINUTE, block_on, chat, connect, ingest, process, session};
use crate::harness::{Redis, ms};

#[test]
fn no_message_is_stored_whatever_becomes_of_it() {
    let redis = Redis::start();
    let history = format!("XLEN test:{{{}}}:history", session().as_str());
    block_on(async {
        let store = connect(&redis).await;
        store.ingest(&session(), ingest("hi")).await.unwrap();
        let before = redis.number(&history);
        redis.ask("CONFIG SET maxmemory 1");
        for hearing in [Hearing::Opens, Hearing::Continues, Hearing::HistoryOnly] {
            for from in [chat(1), chat(2)] {
                let message = Ingest {
                    from,
                    hearing,
                    ..ingest("more")
                };
                let refused = store.ingest(&session(), message).await;
                let reason = refused.unwrap_err().to_string();
                assert!(reason.contains("OOM"), "{reason}");
            }
        }
        assert_eq!(redis.number(&history), before);
        redis.ask("CONFIG SET maxmemory 0");
        store.ingest(&session(), ingest("more")).await.unwrap();
    });
    assert!(redis.number(&history) > 1);
}

/// A status that no event says, so that WAHA may be asked at once.
async fn reports(store: &Store, status: &str, at: i64) -> SessionChange {
    let report = SessionReport {
        status,
        at: None,
        alarm: false,
        grace: Duration::ZERO,
    };
    let changed = store.note_status(&session(), report, ms(at)).await;
    changed.unwrap()
}

#[test]
fn a_paused_session_resumes_and_who_waits_is_looked_at() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        store.ingest(&session(), ingest("hi")).await.unwrap();
        let paused = reports(&store, "STOPPED", 2_000).await;
        assert!(matches!(paused, SessionChange::Paused { .. }), "{paused:?}");
        redis.ask("CONFIG SET maxmemory 1");

        // A process that has marked nothing as busy yet.
        let store = connect(&redis).await;
        let minute = Duration::from_secs(60);
        for turn in [true, false] {
            let asks = store.turn_to_ask_status(&session(), minute).await;
            assert_eq!(asks.unwrap(), turn);
        }
        let lives = store.heartbeat(&process("p"), 1, minute).await;
        assert!(!lives.unwrap());
        let resumed = reports(&store, "WORKING", 3_000).await;
        assert_eq!(resumed, SessionChange::Resumed);
        let due = store
            .due_waiting(&session(), 10, PER_MINUTE, ms(600_000))
            .await;
        assert_eq!(due.unwrap().waiting.len(), 1);
        store.mark_all_busy(ms(600_000)).await.unwrap();
    });
}
