//! What becomes of the owner's chats, and of those who wait for a person, when two ids turn out to be one person's; and of
//! owners who come too late.

use waha_sm::store::{ByPhone, Recorded};

use super::*;

const LID: &str = "199900000000008@lid";
const QUIET: i64 = 60_000;

/// The owner writes in a chat.
async fn owner(store: &Store, from: &str, ends: bool, now: i64) -> Recorded {
    let stanza = new_stanza();
    let record = Record {
        seen: format!("out:{stanza}"),
        kind: "message",
        from: from.to_owned(),
        other: None,
        message: true,
        echo: Some(stanza),
        phone: Some(ByPhone { quiet: QUIET, ends }),
        data: format!("{{\"text\":\"by hand\",\"sent_at\":{now}}}"),
    };
    store.record(SESSION, &record, now).await.unwrap()
}

async fn says(store: &Store, from: &str, now: i64) -> Ingested {
    let message = Ingest {
        from: from.to_owned(),
        message: format!("{{\"received_at\":{now},\"text\":\"hi\"}}"),
        phone_quiet: QUIET,
        now,
        ..ingest("hi")
    };
    store.ingest(SESSION, message).await.unwrap()
}

async fn learn(store: &Store) {
    let learnt = store.learn(SESSION, LID, Some(&chat(8)), 2_000).await;
    assert!(learnt.unwrap());
}

async fn hand_off(store: &Store) {
    let claimed = store.claim(SESSION, "one", 1, 1_100).await.unwrap();
    let step = Step {
        handoff: Some(500),
        ..step(&claimed[0], vec![])
    };
    store.commit(SESSION, step).await.unwrap();
}

fn numbers(redis: &Redis, parts: &[(&str, &str)]) -> Vec<i64> {
    let ask = |(command, part): &(&str, &str)| {
        redis.number(&format!("{command} test:{{{SESSION}}}:{part}"))
    };
    parts.iter().map(ask).collect()
}

/// Who is on which list: in line, for a person, with the owner, attended.
fn lists(redis: &Redis) -> Vec<i64> {
    numbers(
        redis,
        &[
            ("ZCARD", "queue"),
            ("ZCARD", "handoff"),
            ("ZCARD", "phone"),
            ("HLEN", "active"),
        ],
    )
}

#[test]
fn a_commit_that_comes_after_the_owner_is_refused() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        says(&store, &chat(8), 1_000).await;
        let claimed = store.claim(SESSION, "one", 1, 1_100).await.unwrap();
        assert_eq!(
            owner(&store, &chat(8), false, 1_200).await,
            Recorded::ByPhone { ends: false }
        );
        let late = step(&claimed[0], vec![reply("late")]);
        let committed = store.commit(SESSION, late).await.unwrap();
        assert!(matches!(committed, Committed::Stale));
        assert!(!store.has_replies(SESSION, &chat(8)).await.unwrap());
        // Nor does what a process gives back come into the line.
        store.release(SESSION, "one", 1_300).await.unwrap();
        assert_eq!(lists(&redis), [0, 0, 1, 0]);
    });
}

#[test]
fn whom_the_owner_answers_under_one_id_they_answer_under_both() {
    for (theirs, other) in [(LID, chat(8)), (&*chat(8), LID.to_owned())] {
        for attended in [None, Some(1), Some(2)] {
            let redis = Redis::start();
            block_on(async {
                let store = connect(&redis).await;
                // The owner's is a conversation, or only a chat; the other waits, or is attended.
                if attended == Some(2) {
                    says(&store, theirs, 1_000).await;
                }
                owner(&store, theirs, false, 1_100).await;
                says(&store, &other, 1_200).await;
                if attended.is_some() {
                    store.claim(SESSION, "one", 1, 1_300).await.unwrap();
                }
                learn(&store).await;
                assert_eq!(lists(&redis), [0, 0, 1, 0], "{theirs} {attended:?}");
                assert!(
                    store
                        .claim(SESSION, "one", 9, 2_100)
                        .await
                        .unwrap()
                        .is_empty()
                );
                for id in [&chat(8), LID] {
                    assert_eq!(says(&store, id, 2_200).await, Ingested::Phone);
                }
                // It ends in time, and leaves nothing behind.
                let ended = store.end_overdue(SESSION, 9, 2_200 + QUIET).await;
                assert_eq!(ended.unwrap(), (1, 0));
                assert_eq!(lists(&redis), [0, 0, 0, 0]);
                let again = says(&store, LID, 3_000 + QUIET).await;
                assert_eq!(again, Ingested::Queued { position: 1 });
            });
        }
    }
}

#[test]
fn who_waits_for_a_person_waits_on_when_they_turn_out_to_be_another() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        says(&store, LID, 1_000).await;
        hand_off(&store).await;
        learn(&store).await;
        assert_eq!(lists(&redis), [0, 1, 0, 0]);
        let untold = store.untold_handoffs(SESSION).await.unwrap();
        assert_eq!(untold[0].chat, chat(8));
        let looked = store.look(SESSION, 9, 5_000).await.unwrap();
        assert!(looked[0].for_person && looked[0].position == 1);
        // Nobody came: back to the line, once.
        assert_eq!(store.end_overdue(SESSION, 9, 9_000).await.unwrap(), (0, 1));
        assert_eq!(store.end_overdue(SESSION, 9, 9_000).await.unwrap(), (0, 0));
        assert_eq!(lists(&redis), [1, 0, 0, 0]);
        let claimed = store.claim(SESSION, "one", 9, 9_100).await.unwrap();
        assert_eq!((claimed.len(), claimed[0].rev), (1, 1));
    });
}

#[test]
fn whoever_is_not_heard_is_not_closed_for_silence_with_the_owner() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        says(&store, &chat(8), 1_000).await;
        owner(&store, &chat(8), false, 1_100).await;
        store.pause(SESSION, 1_200).await.unwrap();
        let ended = store.end_overdue(SESSION, 9, 1_100 + QUIET).await.unwrap();
        assert_eq!(ended, (0, 0));
        store.resume(SESSION).await.unwrap();
        let ended = store.end_overdue(SESSION, 9, 1_100 + QUIET).await.unwrap();
        assert_eq!(ended, (1, 0));
    });
}

/// Told out of order: an old closing word ends nothing that came after it.
#[test]
fn a_closing_word_that_comes_late_ends_only_what_was_before_it() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        owner(&store, &chat(8), false, 50_000).await;
        let nothing = owner(&store, &chat(8), true, 40_000).await;
        assert_eq!(nothing, Recorded::Recorded);
        assert_eq!(lists(&redis), [0, 0, 1, 0]);
        let ended = owner(&store, &chat(8), true, 60_000).await;
        assert_eq!(ended, Recorded::ByPhone { ends: true });
        assert_eq!(lists(&redis), [0, 0, 0, 0]);
    });
}
