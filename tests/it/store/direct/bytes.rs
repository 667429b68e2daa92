//! How many bytes may be unread: of a chat, and of a session.

use waha_sm::store::{INBOX_BYTES_MAX, SESSION_INBOX_BYTES_MAX};

use super::*;

fn of_length(chat: ChatId, length: usize) -> Ingest {
    Ingest {
        from: chat,
        ..ingest(&"a".repeat(length))
    }
}

fn counted(redis: &Redis, name: &str) -> u64 {
    let script = "return tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or 0)";
    redis
        .number(&format!(
            "EVAL \"{script}\" 1 test:{{default}}:inbox-bytes {name}"
        ))
        .unsigned_abs()
}

async fn put(store: &Store, message: Ingest) -> Ingested {
    store.ingest(&session(), message).await.unwrap()
}

fn is_heard(result: Ingested) -> bool {
    matches!(result, Ingested::Queued { .. } | Ingested::Active)
}

#[test]
fn a_session_that_holds_too_much_still_hears_chats_that_hold_little() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        let flooders = SESSION_INBOX_BYTES_MAX / INBOX_BYTES_MAX;
        let piece = 60_000;
        for flooder in 0..flooders {
            for _ in 0..4 {
                let message = of_length(chat(100 + flooder as usize), piece);
                assert!(is_heard(put(&store, message).await));
            }
        }
        // Each flooder's chat is full before the session is; many of them fill it.
        let full = put(&store, of_length(chat(100), piece)).await;
        assert_eq!(full, Ingested::Recorded { first: true });
        let mut more = 0;
        while counted(&redis, "total") + piece as u64 <= SESSION_INBOX_BYTES_MAX {
            more += 1;
            assert!(is_heard(
                put(&store, of_length(chat(9_000 + more), piece)).await
            ));
        }
        let crowded = put(&store, of_length(chat(9_001), piece)).await;
        assert_eq!(crowded, Ingested::Crowded);
        let again = put(&store, of_length(chat(9_001), piece)).await;
        assert_eq!(again, Ingested::Recorded { first: false });
        // A fresh customer is heard, with more than one message.
        for _ in 0..3 {
            assert!(is_heard(put(&store, of_length(chat(1), 4_096)).await));
        }
        // What is consumed makes room.
        let before = counted(&redis, "total");
        let held = store
            .claim(&session(), &process("one"), 1, ms(1_000))
            .await
            .unwrap()
            .remove(0);
        let freed: usize = held.inbox.iter().map(String::len).sum();
        let step = StepCommit {
            consumed: held.inbox.clone(),
            ..step(&held, Vec::new())
        };
        store.commit(&session(), step).await.unwrap();
        assert_eq!(counted(&redis, "total"), before - freed as u64);
        assert_eq!(counted(&redis, held.chat.as_str()), 0);
        assert!(is_heard(put(&store, of_length(chat(9_002), piece)).await));
        // A claim returns only so much at once, and rings for the rest.
        let claimed = store
            .claim(&session(), &process("one"), 100, ms(1_000))
            .await
            .unwrap();
        assert!((4..=6).contains(&claimed.len()), "{}", claimed.len());
    });
}

#[test]
fn edits_do_not_grow_an_inbox_beyond_its_limit() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        for _ in 0..200 {
            let id = new_id();
            let message = Ingest {
                message: format!("{{\"stanza\":\"{id}\",\"text\":\"hi\"}}"),
                id: id.clone(),
                ..ingest("")
            };
            put(&store, message).await;
            let data = serde_json::json!({
                "chat": chat(1), "stanza": id, "direction": "inbound", "at": 1_000, "text": "b".repeat(4_000),
            });
            let edit = Record::event("edited", chat(1), data.to_string());
            store.record(&session(), &edit, ms(1_000)).await.unwrap();
        }
        let bytes = counted(&redis, chat(1).as_str());
        assert!((200_000..=INBOX_BYTES_MAX).contains(&bytes), "{bytes}");
        assert_eq!(bytes, counted(&redis, "total"));
    });
}

#[test]
fn an_inbox_of_the_version_before_is_counted_once_it_gets_a_message() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        let sizes = [10, 2_000, 30];
        for size in sizes {
            put(&store, of_length(chat(1), size)).await;
        }
        let all = counted(&redis, "total");
        redis.ask("DEL test:{default}:inbox-bytes");
        // To consume, nothing need be known.
        let held = store
            .claim(&session(), &process("one"), 1, ms(1_000))
            .await
            .unwrap()
            .remove(0);
        let committed = store.commit(&session(), step(&held, Vec::new())).await;
        assert!(matches!(committed, Ok(Committed::Done { unread: 2, .. })));
        assert_eq!(counted(&redis, "total"), 0);
        put(&store, of_length(chat(1), 10)).await;
        assert_eq!(counted(&redis, "total"), all);
        assert_eq!(counted(&redis, chat(1).as_str()), all);
        // A process of the version before emptied it and did not count that: it counts until the next message is consumed.
        redis.ask(&format!("DEL test:{{default}}:inbox:{}", chat(1)));
        put(&store, of_length(chat(1), 10)).await;
        let second = StepCommit {
            rev: held.rev + 1,
            ..step(&held, Vec::new())
        };
        store.commit(&session(), second).await.unwrap();
        assert_eq!(counted(&redis, "total"), 0);
    });
}
