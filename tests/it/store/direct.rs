//! Promises of the store that can't be tested from outside: lost answers, and leases that change hands.

mod actions;
mod bells;
mod busy;
mod bytes;
mod echoes;
mod full;
mod keeper;
mod limits;
mod long_line;
mod merge;
mod merge_takeover;
mod notices;
mod pace;
mod standing;
mod write_back;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use waha_sm::clock::Millis;
use waha_sm::flow::Limits;
use waha_sm::ids::{ChatId, ConversationId, MessageId, ProcessId, SessionName};
use waha_sm::service::kit::duties::Duties;
use waha_sm::service::upkeep::recoverer::Recoverer;
use waha_sm::store::{
    Announcement, Committed, EchoContent, Hearing, HeldConversation, INBOX_MAX, Ingest, Ingested,
    Lane, Record, RedisServer, Reply, StepCommit, Store, StoreConfig, TakenLanes, Verdict,
};

use crate::harness;
use crate::harness::{PATIENCE, Redis, TestSetup, eventually, ms};
use crate::webhook::new_message_id;

/// How many notices that nobody asked for a session may send in a minute.
const PER_MINUTE: u32 = 20;

fn session() -> SessionName {
    SessionName::stored(harness::SESSION)
}

fn process(name: &str) -> ProcessId {
    ProcessId::stored(name)
}

fn chat(n: usize) -> ChatId {
    ChatId::stored(harness::chat(n))
}

fn conversation() -> ConversationId {
    ConversationId::stored("c")
}

fn new_id() -> MessageId {
    MessageId::stored(new_message_id())
}

async fn connect(redis: &Redis) -> Store {
    connect_with(redis, "test:").await
}

async fn connect_with(redis: &Redis, prefix: &str) -> Store {
    Store::connect(&config(redis, prefix), Duration::from_secs(10))
        .await
        .unwrap()
}

fn config(redis: &Redis, prefix: &str) -> StoreConfig {
    StoreConfig {
        server: RedisServer::Url(redis.url()),
        prefix: prefix.to_owned(),
        first_notice_after: Duration::from_secs(2).into(),
        connections: waha_sm::store::Connections::default(),
    }
}

fn block_on(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(test);
}

fn ingest(text: &str) -> Ingest {
    Ingest {
        whole: None,
        id: new_id(),
        from: chat(1),
        other_id: None,
        name: String::new(),
        message: format!("{{\"text\":\"{text}\"}}"),
        parts: "tk".to_owned(),
        sent_at: ms(1_000),
        by_webhook: true,
        hearing: Hearing::Opens,
        phone_quiet: Duration::ZERO,
        words: None,
        limits: Limits::OFF,
        rating: None,
        now: ms(1_000),
    }
}

/// The content of a message without a file.
fn text_content(text: &str) -> EchoContent {
    EchoContent::new(&[None], text)
}

fn reply(id: &str) -> Reply {
    Reply {
        id: id.to_owned(),
        conversation: conversation(),
        text: id.to_owned(),
        media: None,
        queued_at: ms(1_000),
        attempts: 0,
        by: None,
        notice: false,
    }
}

/// A step that consumes the first message and continues.
fn step(claimed: &HeldConversation, replies: Vec<Reply>) -> StepCommit {
    StepCommit {
        chat: claimed.chat.clone(),
        epoch: claimed.epoch.clone(),
        rev: claimed.rev,
        consumed: claimed.inbox.iter().take(1).cloned().collect(),
        state: "{}".to_owned(),
        close: None,
        handoff: None,
        known: None,
        replies,
        sender: None,
        now: ms(1_000),
    }
}

fn sent(lane: &Lane) -> waha_sm::store::Settlement {
    lane.settled(Verdict::Sent {
        message: None,
        conversation: conversation(),
        data: "{}".to_owned(),
    })
}

fn first(lane: &Lane) -> &str {
    &lane.reply.as_ref().unwrap().id
}

/// Opens a conversation, claims it for `by`, commits these replies, and takes the lane.
async fn lane_of(store: &Store, by: &str, replies: &[&str]) -> Lane {
    let replies = replies.iter().map(|id| reply(id)).collect();
    lane_with(store, by, replies).await
}

async fn lane_with(store: &Store, by: &str, replies: Vec<Reply>) -> Lane {
    lane_after(store, by, ingest("hi"), replies).await
}

async fn lane_after(store: &Store, by: &str, opening: Ingest, replies: Vec<Reply>) -> Lane {
    store.ingest(&session(), opening).await.unwrap();
    let claimed = store
        .claim(&session(), &process(by), 10, ms(1_000))
        .await
        .unwrap()
        .remove(0);
    committed(store, by, step(&claimed, replies)).await
}

/// Commits a step of a conversation that `by` holds, and takes the lane that it made due.
async fn committed(store: &Store, by: &str, step: StepCommit) -> Lane {
    let now = step.now;
    let committed = store.commit(&session(), step).await.unwrap();
    assert!(matches!(committed, Committed::Done { .. }), "{committed:?}");
    take_at(store, by, now).await.remove(0)
}

async fn take(store: &Store, by: &str) -> Vec<Lane> {
    take_at(store, by, ms(1_000_000)).await
}

async fn take_at(store: &Store, by: &str, now: Millis) -> Vec<Lane> {
    match store
        .take_lanes(&session(), &process(by), 10, now)
        .await
        .unwrap()
    {
        TakenLanes::Lanes(lanes) => lanes,
        TakenLanes::Paused => panic!("paused"),
    }
}

/// While Redis is away, a process sends with an id that Redis does not store, and writes the id back as one of ours. So the message is
/// no candidate any more when somebody looks for the text of the reply.
#[test]
fn the_id_of_a_failed_attempt_is_stored_even_if_redis_was_away_when_it_began() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        let mut lane = lane_of(&store, "one", &["a"]).await;
        let [first, second, third] = ["3EB01", "3EB02", "3EB03"].map(MessageId::stored);
        let steps = [
            (Some(&first), true, Some(&first)),
            // This one was noted by an attempt before, which may have sent the reply.
            (Some(&second), true, Some(&first)),
            // Surely unsent.
            (Some(&second), false, None),
            (None, true, None),
            (Some(&third), true, Some(&third)),
        ];
        for (place, (id, doubt, expected)) in steps.into_iter().enumerate() {
            let retry = lane.settled(Verdict::Retry {
                due: ms(1_000),
                again: reply("a"),
                doubt,
                id: id.cloned(),
            });
            if place == 4 {
                // Redis lost its last writes.
                redis.ask(&format!("HDEL test:{{default}}:attempt {}", chat(1)));
            }
            store.settle(&session(), retry, ms(1_000)).await.unwrap();
            lane = take(&store, "one").await.remove(0);
            let known = lane.doubt.as_ref();
            assert_eq!(known.is_some(), doubt, "{place}");
            assert_eq!(
                known.and_then(|attempt| attempt.id.as_ref()),
                expected,
                "{place}"
            );
            if let Some(attempt) = known {
                assert_eq!((&attempt.address, &attempt.echo), (&chat(1), &None));
            }
        }
    });
}

#[test]
fn a_reply_that_waha_took_is_not_sent_again_even_if_the_lane_changed_hands_meanwhile() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        let lane = lane_of(&store, "one", &["a", "b"]).await;
        assert_eq!(first(&lane), "a");
        store
            .release(&session(), &process("one"), ms(1_000))
            .await
            .unwrap();
        // WAHA's late answer counts, but the lane no longer belongs to the old process.
        assert!(
            store
                .settle(&session(), sent(&lane), ms(1_000))
                .await
                .unwrap()
                .is_none()
        );
        let lanes = take(&store, "two").await;
        assert_eq!(lanes.iter().map(first).collect::<Vec<_>>(), ["b"]);
        assert!(
            store
                .settle(&session(), sent(&lanes[0]), ms(1_000))
                .await
                .unwrap()
                .is_none()
        );
        assert!(take(&store, "two").await.is_empty());
    });
}

#[test]
fn a_settlement_repeated_after_a_lost_answer_settles_once() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        let lane = lane_of(&store, "one", &["a", "b", "c"]).await;
        for _ in 0..2 {
            let next = store
                .settle(&session(), sent(&lane), ms(1_000))
                .await
                .unwrap()
                .unwrap();
            assert_eq!(first(&next), "b");
        }
        assert_eq!(
            redis.number("LLEN test:{default}:lane:5511900000001@c.us"),
            2
        );
    });
}

#[test]
fn if_one_process_takes_a_lane_twice_only_the_later_take_counts() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        let old = lane_of(&store, "one", &["a", "b"]).await;
        // The process stalled, lost the lane, and took it again.
        store
            .release(&session(), &process("one"), ms(1_000))
            .await
            .unwrap();
        let new = take(&store, "one").await.remove(0);
        assert_eq!(first(&new), "a");
        assert!(
            store
                .settle(&session(), sent(&old), ms(1_000))
                .await
                .unwrap()
                .is_none(),
            "the first take is over"
        );
        let next = store
            .settle(&session(), sent(&new), ms(1_000))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            first(&next),
            "b",
            "the second take continues, and `a` was settled once"
        );
        assert_eq!(redis.ask("HGET test:{default}:counters replies:sent"), "$1");
    });
}

#[test]
fn the_late_echo_of_another_reply_with_the_same_text_settles_nothing() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        let same = Reply {
            text: "a".to_owned(),
            ..reply("b")
        };
        let lane = lane_with(&store, "one", vec![reply("a"), same]).await;
        let taken = lane.settled(Verdict::Sent {
            message: Some(MessageId::stored("first")),
            conversation: conversation(),
            data: "{}".to_owned(),
        });
        let next = store.settle(&session(), taken, ms(1_000)).await.unwrap();
        assert_eq!(first(&next.unwrap()), "b");
        for (message_id, expected) in [
            ("first", None),
            ("second", Some(MessageId::stored("second"))),
        ] {
            let echo = Record {
                dedup_key: format!("out:{message_id}"),
                message: true,
                echo: Some(MessageId::stored(message_id)),
                content: Some(text_content("a")),
                ..Record::event("message", chat(1), "{\"text\":\"a\"}".to_owned())
            };
            store.record(&session(), &echo, ms(1_000)).await.unwrap();
            // The process that held it died. The next one finds out whether it was sent.
            store
                .release(&session(), &process("one"), ms(1_000))
                .await
                .unwrap();
            let lane = take(&store, "one").await.remove(0);
            assert_eq!(lane.doubt.unwrap().echo, expected);
        }
    });
}

#[test]
fn a_process_counts_as_dead_only_after_two_silent_checks() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        let sessions = ["gone", "back"].map(SessionName::stored);
        for of in &sessions {
            store.ingest(of, ingest("hi")).await.unwrap();
            let owner = process(of.as_str());
            let claimed = store.claim(of, &owner, 1, ms(1_000)).await.unwrap();
            assert_eq!(claimed.len(), 1);
            let shortly = Duration::from_millis(1);
            store.heartbeat(&owner, 1, shortly).await.unwrap();
        }
        while store.silent_processes().await.unwrap().len() < 2 {}
        let judge = process("judge");
        let duties = Arc::new(Duties::new(judge.clone()));
        let recoverer = Recoverer::new(
            judge.clone(),
            1,
            store.clone(),
            Arc::default(),
            Arc::default(),
            duties,
        );
        let stop = CancellationToken::new();
        let running = tokio::spawn(recoverer.run(stop.clone()));
        while !store.living_processes().await.unwrap().contains(&judge) {}
        // It has no workers, so it looks after no session.
        store
            .heartbeat(&process("back"), 0, PATIENCE)
            .await
            .unwrap();
        while store.active_count(&sessions[0]).await.unwrap() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(store.active_count(&sessions[1]).await.unwrap(), 1);
        stop.cancel();
        running.await.unwrap();
    });
}

#[test]
fn a_step_is_committed_once_and_never_by_an_old_owner() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        store.ingest(&session(), ingest("hi")).await.unwrap();
        let old = store
            .claim(&session(), &process("one"), 1, ms(1_000))
            .await
            .unwrap()
            .remove(0);
        store
            .release(&session(), &process("one"), ms(1_000))
            .await
            .unwrap();
        assert!(
            matches!(
                store
                    .commit(&session(), step(&old, vec![reply("a")]))
                    .await
                    .unwrap(),
                Committed::Stale
            ),
            "nobody holds it"
        );
        let new = store
            .claim(&session(), &process("two"), 1, ms(1_000))
            .await
            .unwrap()
            .remove(0);
        assert_eq!(new.inbox.len(), 1, "nothing was consumed");
        assert!(
            matches!(
                store
                    .commit(&session(), step(&old, vec![reply("a")]))
                    .await
                    .unwrap(),
                Committed::Stale
            ),
            "another process holds it"
        );
        assert!(matches!(
            store
                .commit(&session(), step(&new, vec![reply("a")]))
                .await
                .unwrap(),
            Committed::Done { unread: 0, .. }
        ));
        store.ingest(&session(), ingest("more")).await.unwrap();
        assert!(
            matches!(
                store
                    .commit(&session(), step(&new, vec![reply("a")]))
                    .await
                    .unwrap(),
                Committed::Stale
            ),
            "the same step again"
        );
        assert_eq!(
            store
                .read(&session(), &chat(1), &process("two"))
                .await
                .unwrap()
                .unwrap()
                .inbox
                .len(),
            1,
            "the later message is still there"
        );
    });
}

#[test]
fn a_queue_command_is_answered_once_even_if_two_announcers_saw_it() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        for text in ["hi", "position"] {
            store.ingest(&session(), ingest(text)).await.unwrap();
        }
        let looked = store
            .due_waiting(&session(), 10, PER_MINUTE, ms(1_000_000))
            .await
            .unwrap()
            .waiting
            .remove(0);
        let answer = |id: &str| Announcement {
            chat: looked.chat.clone(),
            id: looked.id.clone(),
            turn: looked.turn,
            announced: Some(looked.position),
            moved: None,
            told_pause: None,
            due: ms(2_000_000),
            examined_before: looked.examined,
            since: looked.since,
            // The second message is the command, and is removed.
            examined: looked.examined,
            leave: None,
            reply: Some(reply(id)),
            words: vec![looked.unexamined[1].clone()],
        };
        assert_eq!(
            store
                .announce(&session(), &[answer("one")], PER_MINUTE, ms(1_000_000))
                .await
                .unwrap(),
            1
        );
        assert_eq!(
            store
                .announce(&session(), &[answer("two")], PER_MINUTE, ms(1_000_000))
                .await
                .unwrap(),
            0
        );
        assert_eq!(
            redis.number("LLEN test:{default}:lane:5511900000001@c.us"),
            1
        );
    });
}

#[test]
fn messages_beyond_the_inbox_limit_go_to_the_history_and_block_nobody() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let numbers = 0..usize::try_from(INBOX_MAX).unwrap();
    block_on(async {
        let store = connect_with(&redis, "waha-sm:").await;
        for number in numbers.clone() {
            store
                .ingest(&session(), ingest(&number.to_string()))
                .await
                .unwrap();
        }
    });
    let serve = test.setup("serve").set("REDIS_URL", redis.url()).start();
    for _ in 0..3 {
        assert_eq!(
            serve.customer_writes(chat(1).as_str(), "more")["result"],
            "recorded"
        );
    }
    let other = serve.customer_writes(chat(2).as_str(), "hello");
    assert_eq!(
        (&other["result"], &other["position"]),
        (&"queued".into(), &2.into())
    );
    assert_eq!(
        serve
            .log()
            .matches("the inbox of this chat is full")
            .count(),
        1,
        "{}",
        serve.log()
    );
    eventually("all three are in the history", || {
        let kept = test.history(&["--chat", chat(1).as_str()]);
        (kept.iter().filter(|one| one["text"] == "more").count() == 3).then_some(())
    });
    block_on(async {
        let store = connect_with(&redis, "waha-sm:").await;
        let claimed = store
            .claim(&session(), &process("one"), 1, ms(1_000))
            .await
            .unwrap()
            .remove(0);
        let expected: Vec<_> = numbers
            .map(|number| ingest(&number.to_string()).message)
            .collect();
        assert_eq!(claimed.inbox, expected);
    });
}
