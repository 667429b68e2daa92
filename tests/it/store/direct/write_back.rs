//! Redis comes back without its last writes: nobody takes what we sent for the owner's words, and nothing is sent again that a
//! living process remembers.

use std::time::Duration;

use tempfile::TempDir;
use tokio::time::timeout;
use waha_sm::clock::Millis;
use waha_sm::ids::MessageId;
use waha_sm::store::{ByPhone, Lane, Record, Recorded, Store, Verdict};

use super::{
    block_on, chat, committed, config, connect, conversation, ingest, process, reply, session,
    step, text_content,
};
use crate::harness::{PATIENCE, Redis};
use crate::store::contact::is_back;

const QUIET: Duration = Duration::from_secs(1_800);
/// Longer than two clocks may differ.
const LATER: Duration = Duration::from_secs(15);

/// WAHA reports a message that we or the owner sent at `at`.
async fn reports(store: &Store, message_id: &str, at: Millis) -> Recorded {
    let record = Record {
        dedup_key: format!("out:{message_id}"),
        message: true,
        echo: Some(MessageId::stored(message_id)),
        content: Some(text_content("not the words of the reply")),
        if_by_phone: Some(ByPhone {
            quiet: QUIET,
            is_end_word: false,
            last_activity_at: Millis::new(0),
        }),
        ..Record::event(
            "message",
            chat(8),
            format!("{{\"text\":\"hi\",\"sent_at\":{at}}}"),
        )
    };
    store
        .record(&session(), &record, Millis::now().max(at))
        .await
        .unwrap()
}

/// A process that holds a lane with one reply, and a copy of what Redis has then.
async fn about_to_send(redis: &Redis) -> (Store, Lane, TempDir) {
    let sender = connect(redis).await;
    let name = process("sender");
    sender.heartbeat(&name, 1, PATIENCE).await.unwrap();
    let message = waha_sm::store::Ingest {
        from: chat(8),
        now: Millis::now(),
        ..ingest("hi")
    };
    sender.ingest(&session(), message).await.unwrap();
    let now = Millis::now();
    let claimed = sender.claim(&session(), &process("sender"), 1, now).await;
    let step = step(&claimed.unwrap()[0], vec![reply("in hand")]);
    let lane = committed(&sender, "sender", step).await;
    (sender, lane, redis.copy())
}

async fn sent(store: &Store, lane: &Lane, message_id: &str) {
    let settlement = lane.settled(Verdict::Sent {
        message: Some(MessageId::stored(message_id)),
        conversation: conversation(),
        data: "{}".to_owned(),
    });
    let next = store.settle(&session(), settlement, Millis::now()).await;
    assert!(next.unwrap().is_none());
}

#[test]
fn a_message_that_redis_forgot_is_not_the_owners_and_is_written_back() {
    let mut redis = Redis::start();
    block_on(async {
        let (sender, lane, copy) = about_to_send(&redis).await;
        let listener = connect(&redis).await;
        let takeover = |redis: &Redis| redis.number("ZCARD test:{default}:phone");
        sent(&sender, &lane, "LOST").await;
        let sent_at = Millis::now();
        redis.roll_back(&copy);
        is_back(&listener).await;
        // The process that sent it has not written back yet.
        assert_eq!(
            reports(&listener, "LOST", sent_at).await,
            Recorded::Recorded
        );
        assert_eq!(takeover(&redis), 0);
        // Redis has the reply again, and does not give it out again.
        assert_eq!(
            redis.number("LLEN test:{default}:lane:5511900000008@c.us"),
            1
        );
        is_back(&sender).await;
        sender.write_back(&session()).await.unwrap();
        assert_eq!(
            redis.number("LLEN test:{default}:lane:5511900000008@c.us"),
            0
        );
        assert_eq!(redis.number("EXISTS test:{default}:ours:LOST"), 1);
        // What the owner writes later still counts.
        let later = Millis::now() + LATER;
        assert_eq!(
            reports(&listener, "OWNER", later).await,
            Recorded::ByPhone { ends: false }
        );
    });
}

#[test]
fn a_message_of_a_process_that_died_with_redis_is_not_the_owners() {
    let mut redis = Redis::start();
    block_on(async {
        let (sender, lane, copy) = about_to_send(&redis).await;
        sender.write_back(&session()).await.unwrap();
        let copy_knows_server = redis.copy();
        drop(copy);
        sent(&sender, &lane, "LOST").await;
        let sent_at = Millis::now();
        sender.close().await;
        redis.roll_back(&copy_knows_server);
        let listener = connect(&redis).await;
        assert_eq!(
            reports(&listener, "LOST", sent_at).await,
            Recorded::Recorded
        );
        let later = Millis::now() + LATER;
        assert_eq!(
            reports(&listener, "OWNER", later).await,
            Recorded::ByPhone { ends: false }
        );
    });
}

/// The connection breaks, and the server is the same: nothing is in doubt.
#[test]
fn a_lost_connection_alone_puts_nothing_in_doubt() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        store.write_back(&session()).await.unwrap();
        let written_at = Millis::now();
        redis.ask("CLIENT KILL TYPE normal SKIPME yes");
        is_back(&store).await;
        store.write_back(&session()).await.unwrap();
        assert_eq!(
            reports(&store, "OWNER", written_at).await,
            Recorded::ByPhone { ends: false }
        );
    });
}

#[test]
fn catching_up_waits_until_each_living_process_has_written_back() {
    let mut redis = Redis::start();
    block_on(async {
        let (sender, _lane, copy) = about_to_send(&redis).await;
        let other = Store::connect(&config(&redis, "test:"), PATIENCE)
            .await
            .unwrap();
        other
            .heartbeat(&process("other"), 1, PATIENCE)
            .await
            .unwrap();
        for store in [&sender, &other] {
            store.write_back(&session()).await.unwrap();
        }
        drop(copy);
        let copy = redis.copy();
        redis.roll_back(&copy);
        is_back(&other).await;
        let session = session();
        let waiting = other.all_written_back(&session);
        tokio::pin!(waiting);
        assert!(
            timeout(Duration::from_millis(300), &mut waiting)
                .await
                .is_err()
        );
        is_back(&sender).await;
        sender.write_back(&session).await.unwrap();
        timeout(Duration::from_secs(2), waiting)
            .await
            .unwrap()
            .unwrap();
    });
}

/// The first one that notices the other server may have just started, so that it looks everywhere itself; or it may never get the answer.
#[test]
fn messages_that_redis_forgot_are_looked_for_whoever_notices_first() {
    let mut redis = Redis::start();
    block_on(async {
        let (sender, _lane, copy) = about_to_send(&redis).await;
        drop(copy);
        let hour = Duration::from_secs(3_600);
        sender.write_back(&session()).await.unwrap();
        sender
            .take_turn_to_catch_up(&session(), hour)
            .await
            .unwrap();
        let copy = redis.copy();
        redis.roll_back(&copy);
        let new = connect(&redis).await;
        new.write_back(&session()).await.unwrap();
        assert!(!new.turn_to_catch_up(&session(), hour).await.unwrap());
        is_back(&sender).await;
        sender.write_back(&session()).await.unwrap();
        assert!(sender.turn_to_catch_up(&session(), hour).await.unwrap());
        // Once is enough.
        redis.ask("CLIENT KILL TYPE normal SKIPME yes");
        is_back(&sender).await;
        sender.write_back(&session()).await.unwrap();
        assert!(!sender.turn_to_catch_up(&session(), hour).await.unwrap());
    });
}
