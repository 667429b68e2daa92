//! One chat sends far more than a conversation can use: Redis stays small and quick, others are answered, and the history has
//! everything.

use serde_json::{Value, json};

use crate::harness::{Daemon, Redis, SESSION, TestSetup, chat, eventually};
use crate::webhook::{message, message_with, new_message_id};

/// A script that takes longer than this (µs) is slow: the tests' machine is busy, so this is longer than it may take elsewhere.
const SLOW_MICROS: &str = "100000";
/// Redis holds this much at most beyond what it held before: the unread messages, and what the archiver has not copied yet.
const MEMORY_MAX: i64 = 64 << 20;
/// The most messages that the archiver has not copied yet. The flood must not be faster than the disk of this machine.
const NOT_ARCHIVED_MAX: i64 = 10;

fn redis() -> Redis {
    Redis::start_with(&["--slowlog-log-slower-than", SLOW_MICROS])
}

/// The most memory that Redis has used.
fn memory_peak(redis: &Redis) -> i64 {
    let find = "string.match(redis.call('INFO', 'memory'), 'used_memory_peak:(%d+)')";
    redis.number(&format!("EVAL \"return tonumber({find})\" 0"))
}

fn unread_bytes(redis: &Redis) -> i64 {
    let total = "redis.call('HGET', KEYS[1], 'total') or 0";
    let key = "waha-sm:{default}:inbox-bytes";
    redis.number(&format!("EVAL \"return tonumber({total})\" 1 {key}"))
}

/// Every message is in the history, whole: a sum over its rows.
fn history_has(test: &TestSetup, sum: &str, wanted: i64) {
    let file = test.directory.path().join("data/history.sqlite");
    eventually("the history has everything", || {
        let db = rusqlite::Connection::open_with_flags(
            &file,
            rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
        )
        .ok()?;
        let found: i64 = db
            .query_row(
                &format!("SELECT coalesce(sum({sum}), 0) FROM message"),
                [],
                |row| row.get(0),
            )
            .ok()?;
        (found == wanted).then_some(())
    });
}

/// One chat floods while nobody reads, and fills its inbox or not. Then a worker comes, and somebody else is answered.
fn flood(events: impl Iterator<Item = Value>, fills: bool, sum: &str, wanted: i64) {
    let (test, redis) = (TestSetup::new(), redis());
    let serve = test.setup("serve").set("REDIS_URL", redis.url()).start();
    let before = memory_peak(&redis);
    for event in events {
        let result = serve.posts(&event)["result"].clone();
        assert!(["queued", "recorded"].contains(&result.as_str().unwrap()));
        eventually("the archiver follows", || {
            (redis.number("XLEN waha-sm:{default}:history") <= NOT_ARCHIVED_MAX).then_some(())
        });
    }
    let log = serve.log();
    let warned = log.matches("the inbox of this chat is full").count();
    assert_eq!(warned, usize::from(fills), "{log}");
    let unread = unread_bytes(&redis);
    assert!(unread <= 256 << 10, "{unread} bytes are unread");
    let peak = memory_peak(&redis) - before;
    assert!(peak < MEMORY_MAX, "Redis used {} MB", peak >> 20);
    fresh_customer_is_answered(&test, &redis, &serve);
    assert_eq!(redis.number("SLOWLOG LEN"), 0, "a script was slow");
    history_has(&test, sum, wanted);
    eventually("the stream is empty", || {
        (redis.number("XLEN waha-sm:{default}:history") == 0).then_some(())
    });
}

fn fresh_customer_is_answered(test: &TestSetup, redis: &Redis, serve: &Daemon) {
    let _work = test
        .setup("work")
        .set("REDIS_URL", redis.url())
        .set("FLOW_FILE", test.echo())
        .set("WORKERS", "2")
        .start();
    serve.posts(&message(SESSION, &chat(2), "Bia", "hello"));
    assert_eq!(test.texts(&chat(2), 1), ["hello"]);
}

#[test]
fn eleven_hundred_texts_of_65000_characters_fill_neither_redis_nor_its_time() {
    const TEXTS: i64 = 1_100;
    let text = "a".repeat(65_000);
    let events = (0..TEXTS).map(|_| message(SESSION, &chat(1), "Ana", &text));
    flood(events, true, "length(text) > 64000", TEXTS);
}

#[test]
fn sixty_contact_cards_of_two_megabytes_fill_neither_redis_nor_its_time() {
    const CARDS: i64 = 60;
    let photo = "a".repeat(1_900_000);
    let card = format!("BEGIN:VCARD\nVERSION:3.0\nFN:Eva\nPHOTO:{photo}\nEND:VCARD");
    let contact = |_| {
        let mut event = message(SESSION, &chat(1), "Ana", "");
        event["payload"]["vCards"] = json!([card]);
        event
    };
    let cards = (0..CARDS).map(contact);
    // What is heard of each is so little that there is room for all of them.
    flood(cards, false, "length(contacts) > 1900000", CARDS);
}

#[test]
fn a_flow_hears_the_beginning_of_a_long_message_and_of_a_long_edit() {
    let (test, redis) = (TestSetup::new(), redis());
    let flow = "start = 'hello'\n[timeouts]\nburst = '2s'\n[step.hello]\nask = '{{ opening }}'\nnext = 'hello'\n";
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.flow(flow))
        .set("WORKERS", "2")
        .start();
    let (ana, bia) = (chat(1), chat(2));
    let long = format!("{}e\u{301}nd", "ã".repeat(4_095));
    let id = new_message_id();
    daemon.posts(&message_with("message", SESSION, &ana, "Ana", "short", &id));
    let edit_id = new_message_id();
    let mut edit = message_with("message.edited", SESSION, &ana, "Ana", &long, &edit_id);
    edit["payload"]["editedMessageId"] = id.as_str().into();
    daemon.posts(&edit);
    daemon.posts(&message(SESSION, &bia, "Bia", &long));
    for customer in [&ana, &bia] {
        // The accent would be the 4,097th character: the letter goes with it.
        assert_eq!(test.texts(customer, 1), ["ã".repeat(4_095)]);
        eventually("the history has the whole", || {
            let rows = test.history(&["--chat", customer]);
            rows.iter().any(|row| row["text"] == *long).then_some(())
        });
    }
}
