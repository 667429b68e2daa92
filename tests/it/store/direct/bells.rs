//! What the bell of a conversation brings along.

use waha_sm::store::{Bell, Bells, NewMessage};

use super::*;

#[test]
fn a_small_message_comes_with_the_bell_and_a_commit_brings_the_lane() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        store.ingest(&session(), ingest("first")).await.unwrap();
        let held = store
            .claim(&session(), &process("one"), 1, ms(1_000))
            .await
            .unwrap()
            .remove(0);
        let config = config(&redis, "test:");
        let bells = Bells::subscribe(&config, &process("one")).await.unwrap();
        let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
        let running = tokio::spawn(bells.run(move |_| vec![sender.clone()]));
        let long = "a".repeat(5_000);
        for text in ["second", &long, "fourth"] {
            store.ingest(&session(), ingest(text)).await.unwrap();
        }
        store.write_back(&session()).await.unwrap();
        let step = StepCommit {
            sender: Some(process("one")),
            ..step(&held, vec![reply("a"), reply("b")])
        };
        let committed = store.commit(&session(), step).await.unwrap();
        store.ingest(&session(), ingest("fifth")).await.unwrap();
        let mut rung = Vec::new();
        while rung.len() < 4 {
            match receiver.recv().await.unwrap() {
                Bell::Inbox(..) => rung.push(None),
                Bell::Message(_, of, message) => {
                    assert_eq!(of, chat(1));
                    rung.push(Some(message));
                }
                _ => {}
            }
        }
        running.abort();
        let message = |rev, place, text: &str| {
            Some(NewMessage {
                epoch: held.epoch.clone(),
                rev,
                place,
                stored: format!("{{\"text\":\"{text}\"}}"),
            })
        };
        let due = [
            message(0, 1, "second"),
            None,
            message(0, 3, "fourth"),
            message(1, 3, "fifth"),
        ];
        assert_eq!(rung, due);

        let Committed::Done {
            unread: 3,
            lane: Some(lane),
        } = committed
        else {
            panic!("{committed:?}");
        };
        assert_eq!(first(&lane), "a");
        assert!(lane.doubt.is_none());
        // Nobody else gets it, and its sender gets the next reply.
        assert!(take(&store, "two").await.is_empty());
        let next = store.settle(&session(), sent(&lane), ms(1_000)).await;
        assert_eq!(first(&next.unwrap().unwrap()), "b");
    });
}

/// What was read may be edited or withdrawn meanwhile; and a server that was replaced may thaw, take in a message that waited at it, and
/// ring: the others hear its bell.
#[test]
fn a_step_that_consumes_what_is_not_in_the_inbox_is_refused() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        for text in ["first", "second"] {
            store.ingest(&session(), ingest(text)).await.unwrap();
        }
        let held = store
            .claim(&session(), &process("one"), 1, ms(1_000))
            .await
            .unwrap()
            .remove(0);
        let [first, second] = [0, 1].map(|place| held.inbox[place].clone());
        let third = second.replace("second", "third");
        let hears = |heard: &[&String]| StepCommit {
            consumed: heard.iter().map(|message| (*message).clone()).collect(),
            ..step(&held, vec![reply("a")])
        };
        for refused in [
            hears(&[&second]),
            hears(&[&third]),
            hears(&[&first, &third]),
            hears(&[&second, &first]),
            hears(&[&first, &second, &third]),
        ] {
            let committed = store.commit(&session(), refused).await.unwrap();
            assert!(matches!(committed, Committed::NotInInbox), "{committed:?}");
        }
        let read = store.read(&session(), &chat(1), &process("one")).await;
        let read = read.unwrap().unwrap();
        assert_eq!((read.rev, &read.inbox), (held.rev, &held.inbox));
        assert!(take(&store, "one").await.is_empty());
        let committed = store.commit(&session(), hears(&[&first, &second])).await;
        let committed = committed.unwrap();
        assert!(
            matches!(committed, Committed::Done { unread: 0, .. }),
            "{committed:?}"
        );
    });
}
