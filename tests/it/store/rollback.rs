//! Redis comes back without its last writes, as after a failover to a replica that did not have them yet, or a crash before they
//! were on the disk.

use serde_json::Value;

use crate::harness::{Daemon, Redis, SESSION, TestSetup, chat, eventually};
use crate::webhook;

/// Posts like WAHA: repeats until the event is accepted.
#[track_caller]
fn post(daemon: &Daemon, chat: &str, text: &str) {
    let event = webhook::message(SESSION, chat, "Ana", text);
    eventually(&format!("{text:?} is accepted"), || {
        let (status, answer) = daemon.poster.post(&event).unwrap();
        assert!(matches!(status, 200 | 503), "{status} {answer}");
        (status == 200).then_some(())
    });
}

/// Waits until the bot's replies in this chat are these, in the history.
#[track_caller]
fn replies_in_history(test: &TestSetup, chat: &str, due: &[&str]) {
    eventually(&format!("the history has {due:?}"), || {
        let replies: Vec<Value> = test
            .history(&["--chat", chat])
            .into_iter()
            .filter(|one| one["author"] == "bot")
            .collect();
        let texts: Vec<_> = replies.iter().map(|one| one["text"].clone()).collect();
        (texts == due).then_some(())
    });
}

#[test]
fn a_reply_after_lost_writes_is_not_taken_for_one_before() {
    let (test, mut redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    post(&daemon, &chat(1), "one");
    test.texts(&chat(1), 1);
    replies_in_history(&test, &chat(1), &["one"]);
    let copy = redis.copy();
    post(&daemon, &chat(1), "lost");
    test.texts(&chat(1), 2);
    replies_in_history(&test, &chat(1), &["one", "lost"]);
    redis.roll_back(&copy);
    post(&daemon, &chat(1), "three");
    assert_eq!(test.texts(&chat(1), 3), ["one", "lost", "three"]);
    replies_in_history(&test, &chat(1), &["one", "lost", "three"]);
}
