//! Merging two ids that turn out to be one person.

use waha_sm::store::{Announcement, Bell, Bells, Recorded};

use super::*;

fn lid() -> ChatId {
    ChatId::stored("199900000000007@lid")
}

fn number() -> ChatId {
    chat(7)
}

fn says(from: &ChatId, text: &str, now: i64) -> Ingest {
    Ingest {
        from: from.clone(),
        message: format!("{{\"received_at\":{now},\"text\":\"{text}\"}}"),
        sent_at: ms(now),
        phone_quiet: Duration::ZERO,
        words: None,
        limits: Limits::OFF,
        rating: None,
        now: ms(now),
        ..ingest(text)
    }
}

async fn link_ids(store: &Store) -> bool {
    let linked = store
        .link_ids(&session(), &lid(), Some(&number()), ms(1_500))
        .await;
    linked.unwrap()
}

#[test]
fn two_waiting_chats_that_are_merged_are_due_for_a_look_at_once() {
    for (first, second) in [(lid(), number()), (number(), lid())] {
        let redis = Redis::start();
        block_on(async {
            let store = connect(&redis).await;
            let all = [
                says(&first, "a", 1_000),
                says(&second, "b", 1_000),
                says(&first, "c", 1_002),
            ];
            for one in &all {
                store.ingest(&session(), one.clone()).await.unwrap();
            }
            let looked = store
                .due_waiting(&session(), 10, PER_MINUTE, ms(10_000))
                .await
                .unwrap()
                .waiting
                .remove(0);
            let announcement = Announcement {
                chat: looked.chat,
                id: looked.id,
                turn: looked.turn,
                announced: None,
                moved: None,
                told_pause: None,
                due: ms(1_000_000),
                examined: 2,
                examined_before: 0,
                since: looked.since,
                leave: None,
                reply: None,
                words: Vec::new(),
            };
            store
                .announce(&session(), &[announcement], PER_MINUTE, ms(10_000))
                .await
                .unwrap();
            assert!(link_ids(&store).await);
            let looked = store
                .due_waiting(&session(), 10, PER_MINUTE, ms(1_500))
                .await
                .unwrap()
                .waiting;
            assert_eq!(looked.len(), 1, "{looked:?}");
            assert_eq!((&looked[0].chat, looked[0].position), (&number(), 1));
            assert_eq!(looked[0].unexamined, all.map(|one| one.message));
        });
    }
}

#[test]
fn merging_an_active_conversation_rings_the_bells_of_its_process_and_of_the_line() {
    let redis = Redis::start();
    block_on(async {
        let config = config(&redis, "test:");
        let store = connect(&redis).await;
        store
            .ingest(&session(), says(&lid(), "a", 1_000))
            .await
            .unwrap();
        store
            .claim(&session(), &process("one"), 1, ms(1_000))
            .await
            .unwrap();
        let bells = Bells::subscribe(&config, &process("one")).await.unwrap();
        let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
        let running = tokio::spawn(bells.run(move |_| vec![sender.clone()]));
        assert!(link_ids(&store).await);
        store.ring_session_works(&session()).await.unwrap();
        let mut rung = Vec::new();
        loop {
            match receiver.recv().await.unwrap() {
                Bell::SessionWorks(_) => break,
                Bell::Inbox(_, chat) | Bell::Message(_, chat, _) => rung.push(chat.to_string()),
                Bell::Queue(_) => rung.push("queue".to_owned()),
                _ => {}
            }
        }
        running.abort();
        assert_eq!(rung, [lid().as_str(), "queue"]);
    });
}

#[test]
fn unread_messages_under_the_hidden_id_reach_the_process_that_has_the_conversation() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        store
            .ingest(&session(), says(&number(), "a", 1_000))
            .await
            .unwrap();
        let claimed = store
            .claim(&session(), &process("one"), 1, ms(1_000))
            .await
            .unwrap()
            .remove(0);
        store
            .commit(&session(), step(&claimed, Vec::new()))
            .await
            .unwrap();
        let late = says(&lid(), "b", 1_001);
        store.ingest(&session(), late.clone()).await.unwrap();
        assert!(link_ids(&store).await);
        assert_eq!(store.unread(&session()).await.unwrap(), [number()]);
        let read = store
            .read(&session(), &number(), &process("one"))
            .await
            .unwrap();
        assert_eq!(read.unwrap().inbox, [late.message]);
    });
}

#[test]
fn one_sender_continues_with_the_replies_to_both_ids_and_knows_which_is_in_doubt() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        let replies = vec![reply("a"), reply("b")];
        lane_after(&store, "one", says(&lid(), "hi", 1_000), replies).await;
        let other = lane_after(
            &store,
            "two",
            says(&number(), "hi", 1_001),
            vec![reply("c")],
        )
        .await;
        assert!(!link_ids(&store).await, "replies to both are in flight");
        let next = store
            .settle(&session(), sent(&other), ms(1_001))
            .await
            .unwrap();
        assert!(next.is_none());
        assert!(link_ids(&store).await);
        assert!(
            take(&store, "two").await.is_empty(),
            "the reply to the first id is in flight"
        );
        store
            .release(&session(), &process("one"), ms(1_002))
            .await
            .unwrap();
        let lane = take(&store, "two").await.remove(0);
        assert_eq!((first(&lane), &lane.chat), ("a", &number()));
        assert!(lane.doubt.is_some());
        let next = store
            .settle(&session(), sent(&lane), ms(1_003))
            .await
            .unwrap();
        assert_eq!(first(&next.unwrap()), "b");
    });
}

#[test]
fn a_retried_dead_reply_to_the_hidden_id_goes_into_the_merged_lane() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        let lane = lane_after(&store, "one", says(&lid(), "hi", 1_000), vec![reply("a")]).await;
        let dead = lane.settled(Verdict::Dead {
            conversation: conversation(),
            data: "{}".to_owned(),
            reason: "odd".to_owned(),
        });
        store.settle(&session(), dead, ms(1_001)).await.unwrap();
        assert!(link_ids(&store).await);
        let dead = store.dead_letters(&session(), None, 10).await.unwrap();
        assert_eq!(
            store
                .retry_dead(&session(), &dead, ms(1_002))
                .await
                .unwrap(),
            1
        );
        let lane = take(&store, "one").await.remove(0);
        assert_eq!((first(&lane), &lane.chat), ("a", &number()));
    });
}

#[test]
fn a_customer_known_by_the_hidden_id_is_known_by_the_number() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        store
            .ingest(&session(), says(&lid(), "a", 1_000))
            .await
            .unwrap();
        assert!(link_ids(&store).await);
        let ack = Record::event("ack", number(), "{}".to_owned());
        let recorded = store.record(&session(), &ack, ms(1_001)).await.unwrap();
        assert_eq!(recorded, Recorded::Recorded);
    });
}
