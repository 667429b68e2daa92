//! A full Redis refuses every message, also those whose handling begins with a write that needs no memory.

use waha_sm::store::{Hearing, Ingest};

use super::{block_on, chat, connect, ingest, session};
use crate::harness::Redis;

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
