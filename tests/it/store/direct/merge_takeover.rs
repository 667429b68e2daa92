//! Merging two ids while the owner answers the chat or the customer waits for a person; and takeovers that arrive late.

use waha_sm::store::{ByPhone, Close, DeliveryState, Expired, Handoff, Recorded};

use super::*;

fn expired(takeovers: u64, waits: u64) -> Expired {
    Expired {
        takeovers,
        waits,
        held: 0,
    }
}

fn lid() -> ChatId {
    ChatId::stored("199900000000008@lid")
}

const QUIET: Duration = Duration::from_secs(60);

/// The record of a message that the owner writes in a chat.
fn by_owner(from: &ChatId, quiet: Duration, ends: bool, now: i64) -> Record {
    let id = new_id();
    let data = format!("{{\"text\":\"by hand\",\"sent_at\":{now}}}");
    Record {
        dedup_key: format!("out:{id}"),
        message: true,
        echo: Some(id),
        content: Some(text_content("by hand")),
        if_by_phone: Some(ByPhone {
            quiet,
            is_end_word: ends,
            last_activity_at: ms(0),
        }),
        ..Record::event("message", from.clone(), data)
    }
}

/// The owner writes in a chat.
async fn owner(store: &Store, from: &ChatId, ends: bool, now: i64) -> Recorded {
    let record = by_owner(from, QUIET, ends, now);
    store.record(&session(), &record, ms(now)).await.unwrap()
}

async fn says(store: &Store, from: &ChatId, now: i64) -> Ingested {
    let message = Ingest {
        from: from.clone(),
        message: format!("{{\"received_at\":{now},\"text\":\"hi\"}}"),
        sent_at: ms(now),
        phone_quiet: QUIET,
        words: None,
        limits: Limits::OFF,
        rating: None,
        now: ms(now),
        ..ingest("hi")
    };
    store.ingest(&session(), message).await.unwrap()
}

async fn link_ids(store: &Store) {
    let linked = store
        .link_ids(&session(), &lid(), Some(&chat(8)), ms(2_000))
        .await;
    assert!(linked.unwrap());
}

async fn hand_off(store: &Store) {
    let claimed = store
        .claim(&session(), &process("one"), 1, ms(1_100))
        .await
        .unwrap();
    let step = StepCommit {
        handoff: Some(Handoff {
            within: Duration::from_millis(500),
            ..Handoff::default()
        }),
        ..step(&claimed[0], vec![])
    };
    store.commit(&session(), step).await.unwrap();
}

fn numbers(redis: &Redis, parts: &[(&str, &str)]) -> Vec<i64> {
    let ask = |(command, part): &(&str, &str)| {
        redis.number(&format!("{command} test:{{default}}:{part}"))
    };
    parts.iter().map(ask).collect()
}

/// The lengths of the lists: in line, for a person, with the owner, active.
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
fn a_commit_after_the_owners_takeover_is_refused() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        says(&store, &chat(8), 1_000).await;
        let claimed = store
            .claim(&session(), &process("one"), 1, ms(1_100))
            .await
            .unwrap();
        assert_eq!(
            owner(&store, &chat(8), false, 1_200).await,
            Recorded::ByPhone { ends: false }
        );
        let late = step(&claimed[0], vec![reply("late")]);
        let committed = store.commit(&session(), late).await.unwrap();
        assert!(matches!(committed, Committed::Stale));
        assert!(
            store.delivery_state(&session(), &chat(8)).await.unwrap() != DeliveryState::Waiting
        );
        // A conversation that a process gives back does not join the line either.
        store
            .release(&session(), &process("one"), ms(1_300))
            .await
            .unwrap();
        assert_eq!(lists(&redis), [0, 0, 1, 0]);
    });
}

#[test]
fn a_takeover_under_one_id_holds_under_both() {
    for (theirs, other) in [(lid(), chat(8)), (chat(8), lid())] {
        for active in [None, Some(1), Some(2)] {
            let redis = Redis::start();
            block_on(async {
                let store = connect(&redis).await;
                // The owner takes a conversation, or only a chat. The other id's conversation waits, or is active.
                if active == Some(2) {
                    says(&store, &theirs, 1_000).await;
                }
                owner(&store, &theirs, false, 1_100).await;
                says(&store, &other, 1_200).await;
                if active.is_some() {
                    store
                        .claim(&session(), &process("one"), 1, ms(1_300))
                        .await
                        .unwrap();
                }
                link_ids(&store).await;
                assert_eq!(lists(&redis), [0, 0, 1, 0], "{theirs} {active:?}");
                assert!(
                    store
                        .claim(&session(), &process("one"), 9, ms(2_100))
                        .await
                        .unwrap()
                        .is_empty()
                );
                for id in [&chat(8), &lid()] {
                    assert_eq!(says(&store, id, 2_200).await, Ingested::Phone);
                }
                // It ends on time, and leaves nothing behind.
                let ended = store.expire(&session(), 9, ms(2_200) + QUIET).await;
                assert_eq!(ended.unwrap(), expired(1, 0));
                assert_eq!(lists(&redis), [0, 0, 0, 0]);
                let again = says(&store, &lid(), 63_000).await;
                assert_eq!(again, Ingested::Queued { position: 1 });
            });
        }
    }
}

#[test]
fn a_customer_who_waits_for_a_person_still_waits_after_a_merge() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        says(&store, &lid(), 1_000).await;
        hand_off(&store).await;
        link_ids(&store).await;
        assert_eq!(lists(&redis), [0, 1, 0, 0]);
        let unnotified = store.unnotified_handoffs(&session()).await.unwrap();
        assert_eq!(unnotified[0].chat, chat(8));
        let looked = store
            .due_waiting(&session(), 9, PER_MINUTE, ms(5_000))
            .await
            .unwrap()
            .waiting;
        assert!(looked[0].for_person && looked[0].position == 1);
        // Nobody answered in time: back to the line, once.
        assert_eq!(
            store.expire(&session(), 9, ms(9_000)).await.unwrap(),
            expired(0, 1)
        );
        assert_eq!(
            store.expire(&session(), 9, ms(9_000)).await.unwrap(),
            expired(0, 0)
        );
        assert_eq!(lists(&redis), [1, 0, 0, 0]);
        let claimed = store
            .claim(&session(), &process("one"), 9, ms(9_100))
            .await
            .unwrap();
        assert_eq!((claimed.len(), claimed[0].rev), (1, 1));
    });
}

#[test]
fn a_takeover_is_not_closed_for_silence_while_messages_cannot_reach_us() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        says(&store, &chat(8), 1_000).await;
        owner(&store, &chat(8), false, 1_100).await;
        store.pause(&session(), ms(1_200)).await.unwrap();
        let ended = store
            .expire(&session(), 9, ms(1_100) + QUIET)
            .await
            .unwrap();
        assert_eq!(ended, expired(0, 0));
        store.resume(&session()).await.unwrap();
        let ended = store
            .expire(&session(), 9, ms(1_100) + QUIET)
            .await
            .unwrap();
        assert_eq!(ended, expired(1, 0));
    });
}

/// Events may come out of order: an old closing word ends nothing that came after it.
#[test]
fn a_late_closing_word_ends_only_conversations_from_before_it() {
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

/// WAHA reports an outbound message with this id and text.
async fn outbound(
    store: &Store,
    chat: &ChatId,
    message_id: &str,
    text: &str,
    now: i64,
) -> Recorded {
    let record = Record {
        data: format!("{{\"text\":{text:?},\"sent_at\":{now}}}"),
        dedup_key: format!("out:{message_id}"),
        echo: Some(MessageId::stored(message_id)),
        content: Some(text_content(text)),
        ..by_owner(chat, QUIET, false, now)
    };
    store.record(&session(), &record, ms(now)).await.unwrap()
}

fn sent_as(lane: &Lane, message_id: &str) -> waha_sm::store::Settlement {
    lane.settled(Verdict::Sent {
        message: Some(MessageId::stored(message_id)),
        conversation: conversation(),
        data: "{}".to_owned(),
    })
}

/// A reply in hand to a chat whose conversation continues, waits for a person, or has closed.
async fn in_hand(store: &Store, after: &str) -> Lane {
    says(store, &chat(8), 1_000).await;
    let claimed = store
        .claim(&session(), &process("one"), 1, ms(1_100))
        .await
        .unwrap();
    let step = StepCommit {
        handoff: (after == "handoff").then(|| Handoff {
            within: Duration::from_millis(500),
            ..Handoff::default()
        }),
        close: (after == "closed").then(|| Close {
            outcome: "done".to_owned(),
            variables: "{}".to_owned(),
            resume_within: Duration::ZERO,
            asks_rating: false,
        }),
        ..step(&claimed[0], vec![reply("in hand")])
    };
    committed(store, "one", step).await
}

/// The echo comes before WAHA's answer, and with another text. Nothing that happened in between is lost.
#[test]
fn a_takeover_by_a_message_that_was_ours_is_undone_completely() {
    for (after, places) in [
        ("continues", [1, 0, 0, 0]),
        ("handoff", [0, 1, 0, 0]),
        ("closed", [1, 0, 0, 0]),
    ] {
        let redis = Redis::start();
        block_on(async {
            let store = connect(&redis).await;
            let lane = in_hand(&store, after).await;
            let began = outbound(&store, &chat(8), "3EB0AA", "rewritten", 1_200).await;
            assert_eq!(began, Recorded::ByPhone { ends: false });
            assert_eq!(says(&store, &chat(8), 1_300).await, Ingested::Phone);
            store
                .settle(&session(), sent_as(&lane, "3EB0AA"), ms(1_400))
                .await
                .unwrap();
            assert_eq!(lists(&redis), places, "{after}");
            if after == "handoff" {
                assert_eq!(
                    store.unnotified_handoffs(&session()).await.unwrap().len(),
                    1
                );
                let due = store
                    .due_waiting(&session(), 9, PER_MINUTE, ms(1_400))
                    .await
                    .unwrap()
                    .waiting;
                assert!(due[0].for_person);
                assert_eq!(
                    store.expire(&session(), 9, ms(9_000)).await.unwrap(),
                    expired(0, 1)
                );
            }
            let claimed = store
                .claim(&session(), &process("two"), 9, ms(9_100))
                .await
                .unwrap();
            assert_eq!(claimed[0].inbox.len(), 1, "{after}: the message is there");
        });
    }
}

#[test]
fn our_own_texts_are_recognised_even_if_spaces_and_emoji_come_back_changed() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        let written = Reply {
            text: "Olá,\u{a0}Ana ❤\u{fe0f}\n\n 1 - Sim ".to_owned(),
            ..reply("r")
        };
        let lane = lane_with(&store, "one", vec![written]).await;
        // Its message id is not known.
        store
            .settle(&session(), sent(&lane), ms(1_100))
            .await
            .unwrap();
        for (text, result) in [
            ("Olá, Ana ❤\n1 - Não", Recorded::ByPhone { ends: false }),
            ("Olá, Ana ❤\n1 - Sim", Recorded::Recorded),
        ] {
            let came = outbound(&store, &chat(1), &new_message_id(), text, 1_200).await;
            assert_eq!(came, result, "{text}");
            owner(&store, &chat(1), true, 1_200).await;
        }
    });
}

#[test]
fn no_reply_is_sent_in_a_chat_that_the_owner_answers() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        let lane = in_hand(&store, "continues").await;
        let session = session();
        let record = || store.record_attempt(&session, &lane, None, &lane.chat, ms(1_200));
        assert!(record().await.unwrap());
        owner(&store, &chat(8), false, 1_300).await;
        assert!(!record().await.unwrap());
    });
}

#[test]
fn a_message_from_before_the_closing_word_belongs_to_the_owner_even_if_it_arrives_later() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        let said = async |sent_at: i64| {
            let message = Ingest {
                message: format!("{{\"sent_at\":{sent_at},\"text\":\"hi\"}}"),
                sent_at: ms(sent_at),
                phone_quiet: QUIET,
                words: None,
                limits: Limits::OFF,
                rating: None,
                now: ms(101_000),
                ..ingest("hi")
            };
            store.ingest(&session(), message).await.unwrap()
        };
        owner(&store, &chat(1), true, 100_000).await;
        assert_eq!(said(50_000).await, Ingested::Phone);
        // Clocks may differ.
        assert_eq!(said(99_000).await, Ingested::Queued { position: 1 });
    });
}

#[test]
fn a_closing_word_ends_a_takeover_from_before_takeovers_were_switched_off() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        owner(&store, &chat(8), false, 1_000).await;
        for ends in [false, true] {
            let never = by_owner(&chat(8), Duration::ZERO, ends, 2_000);
            store.record(&session(), &never, ms(2_000)).await.unwrap();
            assert_eq!(lists(&redis), [0, 0, i64::from(!ends), 0]);
        }
    });
}

/// If later messages are known, the takeover still holds when one of them is recent.
#[test]
fn a_late_message_of_the_owner_counts_from_when_it_was_written() {
    for (last_activity_at, with_phone) in [(0, 0), (500_000, 1)] {
        let redis = Redis::start();
        block_on(async {
            let store = connect(&redis).await;
            let mut late = by_owner(&chat(8), QUIET, false, 460_000);
            late.if_by_phone = late.if_by_phone.map(|phone| ByPhone {
                last_activity_at: ms(last_activity_at),
                ..phone
            });
            store.record(&session(), &late, ms(550_000)).await.unwrap();
            assert_eq!(lists(&redis), [0, 0, with_phone, 0]);
            assert_eq!(
                store
                    .expire(&session(), 9, ms(559_999))
                    .await
                    .unwrap()
                    .takeovers,
                0
            );
            let ended = store
                .expire(&session(), 9, ms(560_000))
                .await
                .unwrap()
                .takeovers;
            assert_eq!(ended, with_phone.unsigned_abs());
        });
    }
}

#[test]
fn a_reply_in_flight_is_not_retried_in_a_chat_that_the_owner_answers() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        let lane = in_hand(&store, "continues").await;
        owner(&store, &chat(8), false, 1_200).await;
        let failed = lane.settled(Verdict::Retry {
            due: ms(1_300),
            again: reply("in hand"),
            doubt: false,
            id: None,
        });
        store.settle(&session(), failed, ms(1_300)).await.unwrap();
        assert!(
            store.delivery_state(&session(), &chat(8)).await.unwrap() != DeliveryState::Waiting
        );
    });
}

/// Engines may echo a message under the other id, before we know that both are one person.
#[test]
fn an_echo_under_the_other_id_is_recognised_as_ours() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        in_hand(&store, "continues").await;
        for (text, result) in [
            ("in hand", Recorded::Recorded),
            ("by hand", Recorded::ByPhone { ends: false }),
        ] {
            let echo = Record {
                data: format!(
                    "{{\"text\":{text:?},\"sent_at\":1200,\"other_id\":\"{}\"}}",
                    chat(8)
                ),
                content: Some(text_content(text)),
                ..by_owner(&lid(), QUIET, false, 1_200)
            };
            assert_eq!(
                store.record(&session(), &echo, ms(1_200)).await.unwrap(),
                result
            );
        }
    });
}

/// Two processes sent it: one stalled, and the other took its lane.
#[test]
fn both_echoes_of_a_reply_sent_twice_are_recognised_as_ours() {
    for reported_late in [false, true] {
        let redis = Redis::start();
        block_on(async {
            let store = connect(&redis).await;
            let late = in_hand(&store, "continues").await;
            store
                .release(&session(), &process("one"), ms(1_200))
                .await
                .unwrap();
            let lane = take(&store, "two").await.remove(0);
            store
                .settle(&session(), sent_as(&lane, "3EB0BB"), ms(1_300))
                .await
                .unwrap();
            let mut text = "in hand";
            if reported_late {
                // Another process, which does not remember the reply.
                let store = connect(&redis).await;
                let settled = sent_as(&late, "3EB0AA");
                store.settle(&session(), settled, ms(1_400)).await.unwrap();
                text = "rewritten";
            }
            for (message_id, text) in [("3EB0BB", "in hand"), ("3EB0AA", text)] {
                let came = outbound(&store, &chat(8), message_id, text, 1_500).await;
                assert_eq!(came, Recorded::Recorded, "{message_id}");
            }
        });
    }
}

#[test]
fn when_the_owner_takes_a_waiting_customer_the_next_one_is_due_for_a_look_at_once() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        for number in 1..=2 {
            says(&store, &chat(number), 1_000).await;
        }
        owner(&store, &chat(1), false, 1_100).await;
        let looked = store
            .due_waiting(&session(), 9, PER_MINUTE, ms(1_100))
            .await
            .unwrap()
            .waiting;
        assert_eq!(looked[0].chat, chat(2));
        assert_eq!(looked[0].position, 1);
    });
}
