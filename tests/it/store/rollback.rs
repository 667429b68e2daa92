//! Redis comes back without its last writes, as after a failover to a replica that did not have them yet, or a crash before they
//! were on the disk.

use serde_json::Value;

use crate::harness::{Daemon, Redis, SESSION, TestSetup, chat, eventually};
use crate::webhook;

#[track_caller]
fn post(daemon: &Daemon, chat: &str, text: &str) {
    daemon.posts_until_accepted(&webhook::message(SESSION, chat, "Ana", text));
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

/// A customer writes: WAHA remembers the message and posts it.
fn writes(test: &TestSetup, daemon: &Daemon, text: &str) {
    let event = test.waha.customer_writes(SESSION, &chat(1), "Ana", text);
    daemon.posts(&event);
}

/// WAHA is asked for what was forgotten. Among that are the bot's own messages, and only a process that died knew their ids.
#[test]
fn what_redis_forgot_is_found_at_waha_and_the_bots_own_words_silence_nobody() {
    for dies in [false, true] {
        let (test, mut redis) = (TestSetup::new(), Redis::start());
        let setup = test
            .all(&redis)
            .set("FLOW_FILE", test.echo())
            .set("CATCH_UP_INTERVAL", "1h");
        let mut daemon = setup.start();
        writes(&test, &daemon, "one");
        test.texts(&chat(1), 1);
        replies_in_history(&test, &chat(1), &["one"]);
        let copy = redis.copy();
        writes(&test, &daemon, "forgotten");
        test.texts(&chat(1), 2);
        replies_in_history(&test, &chat(1), &["one", "forgotten"]);
        if dies {
            daemon.kill();
        }
        redis.roll_back(&copy);
        if dies {
            daemon = setup.start();
        }
        daemon.wait_for_log("caught up");
        // It is answered a second time: nobody knows any more that it was answered.
        test.texts(&chat(1), 3);
        assert_eq!(redis.number("ZCARD waha-sm:{default}:phone"), 0);
        post(&daemon, &chat(1), "three");
        let texts = test.texts(&chat(1), 4);
        assert_eq!(texts, ["one", "forgotten", "forgotten", "three"]);
    }
}
