//! A Redis that is full: new events wait at WAHA, and everything that was accepted continues and makes space.

use std::path::PathBuf;

use crate::fake_waha::Behaviour;
use crate::harness::{Daemon, PATIENCE, SESSION, TWO_QUESTIONS, TestSetup, ask, chat, eventually};
use crate::webhook::message;

const LIMIT: &str = "16mb";
const CHATS: usize = 6;

const EMPTY: &str =
    "EVAL \"for i, key in ipairs(redis.call('KEYS', 'filler:*')) do redis.call('DEL', key) end\" 0";

fn socket(test: &TestSetup) -> PathBuf {
    test.directory.path().join("data/redis/redis.sock")
}

/// Fills Redis until it refuses a single byte. A script is refused only at its first write, so each text is a call of its own.
fn fill(test: &TestSetup) {
    let mut n = 0;
    for bytes in [1_000_000, 10_000, 100, 1] {
        let mut refused = false;
        while !refused {
            n += 1;
            let set =
                format!("return redis.call('SET', 'filler:' .. {n}, string.rep('x', {bytes}))");
            let answer = ask(&socket(test), &format!("EVAL \"{set}\" 0")).unwrap();
            refused = answer.contains("OOM");
            assert!(refused || answer.starts_with("+OK"), "{answer}");
        }
    }
}

#[track_caller]
fn refuses_and_says_what_to_do(daemon: &Daemon) {
    daemon.refuses(&message(SESSION, &chat(90), "Ana", "refused"));
    // It asks Redis once a second.
    let ready = eventually("/ready knows it", || {
        let (status, ready) = daemon.get("/ready");
        (status == 503).then_some(ready)
    });
    for said in [ready, daemon.log()] {
        assert!(
            said.contains("Redis is full (OOM)") && said.contains("raise PRIVATE_REDIS_MAXMEMORY"),
            "{said}"
        );
    }
}

/// All that was said in these chats is in the history, and nothing waits in Redis for it.
#[track_caller]
fn is_archived(test: &TestSetup, messages: usize) {
    let waiting = format!("XLEN waha-sm:{{{SESSION}}}:history");
    eventually("the history has all of it", || {
        let found = test.history(&[]).len();
        let waiting = ask(&socket(test), &waiting)?;
        (found == messages && waiting == ":0").then_some(())
    });
}

#[test]
fn while_redis_is_full_accepted_work_continues_even_after_a_restart() {
    let test = TestSetup::new();
    let setup = test
        .setup("all")
        .set("FLOW_FILE", test.flow(TWO_QUESTIONS))
        .set("WORKERS", CHATS.to_string())
        .set("PRIVATE_REDIS_MAXMEMORY", LIMIT);
    let mut daemon = setup.start();
    for n in 1..=CHATS {
        daemon.customer_writes(&chat(n), "hello");
        test.texts(&chat(n), 1);
    }
    is_archived(&test, 2 * CHATS);
    // Answers that were accepted, and replies that wait for WAHA.
    test.waha.behave(Behaviour::HangsUp);
    for n in 1..=CHATS {
        daemon.customer_writes(&chat(n), "one");
    }
    fill(&test);
    refuses_and_says_what_to_do(&daemon);

    test.waha.behave_well();
    for n in 1..=CHATS / 2 {
        assert_eq!(test.texts(&chat(n), 2)[1], "second?");
    }
    daemon.kill();
    let mut daemon = setup.start();
    for n in 1..=CHATS {
        assert_eq!(test.texts(&chat(n), 2)[1], "second?");
    }
    is_archived(&test, 4 * CHATS);
    fill(&test);
    refuses_and_says_what_to_do(&daemon);
    // A new server reads files that fill it.
    assert_eq!(daemon.terminate().0.code(), Some(0));
    let daemon = setup.start();
    // A server that has just read its files may need a little less for them.
    fill(&test);
    refuses_and_says_what_to_do(&daemon);
    let log = daemon.log();
    assert!(
        !log.contains("fell silent") && !log.contains("lost this conversation"),
        "{log}"
    );

    ask(&socket(&test), EMPTY);
    for n in 1..=CHATS {
        eventually("messages are accepted again", || {
            let event = message(SESSION, &chat(n), "Ana", &format!("two {n}"));
            (daemon.poster.post(&event).ok()?.0 == 200).then_some(())
        });
        assert_eq!(test.texts(&chat(n), 3)[2], format!("one two {n}"));
    }
    is_archived(&test, 6 * CHATS);
    eventually("it is ready", || {
        (daemon.get("/ready").0 == 200).then_some(())
    });
}

/// The most usual way to get there: the history can't be written, and its entries wait in Redis.
#[test]
fn entries_that_the_history_could_not_take_fill_redis_and_are_all_there_afterwards() {
    let test = TestSetup::new();
    let daemon = test
        .setup("all")
        .set("FLOW_FILE", test.flow(TWO_QUESTIONS))
        .set("WORKERS", "1000")
        .set("PRIVATE_REDIS_MAXMEMORY", LIMIT)
        .start();
    daemon.customer_writes(&chat(1), "hello");
    test.texts(&chat(1), 1);
    is_archived(&test, 2);

    let history = test.directory.path().join("data/history.sqlite");
    let other = rusqlite::Connection::open(history).unwrap();
    other.busy_timeout(PATIENCE).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let long = "y".repeat(60_000);
    let (mut accepted, mut refused_in_a_row) = (1, 0);
    // Conversations that continue make some space again.
    while refused_in_a_row < 100 {
        let event = message(SESSION, &chat(accepted + 1), "Ana", &long);
        match daemon.poster.post(&event).unwrap() {
            (200, _) => (accepted, refused_in_a_row) = (accepted + 1, 0),
            (status, answer) => {
                assert_eq!(status, 503, "{answer}");
                refused_in_a_row += 1;
            }
        }
        assert!(accepted < 1_000, "it has a limit");
    }
    assert!(accepted > 50, "{accepted}");
    assert!(daemon.log().contains("Redis is full (OOM)"));
    for n in 1..=accepted {
        assert_eq!(test.texts(&chat(n), 1), ["first?"]);
    }

    drop(other);
    is_archived(&test, 2 * accepted);
    eventually("messages are accepted again", || {
        let event = message(SESSION, &chat(1), "Ana", "one");
        (daemon.poster.post(&event).ok()?.0 == 200).then_some(())
    });
    assert_eq!(test.texts(&chat(1), 2)[1], "second?");
    eventually("it is ready", || {
        (daemon.get("/ready").0 == 200).then_some(())
    });
}

#[test]
fn the_limit_is_that_of_the_setting_also_for_a_server_that_is_adopted() {
    let test = TestSetup::new();
    let limit = |test: &TestSetup| {
        let read = "return tonumber(string.match(redis.call('INFO', 'memory'), 'maxmemory:(%d+)'))";
        ask(&socket(test), &format!("EVAL \"{read}\" 0")).unwrap()
    };
    let mut daemon = test.setup("all").start();
    assert_eq!(limit(&test), format!(":{}", 256 << 20));
    daemon.kill();
    let daemon = test
        .setup("all")
        .set("PRIVATE_REDIS_MAXMEMORY", "1GB")
        .start();
    assert!(daemon.log().contains("adopted the private Redis"));
    assert_eq!(limit(&test), format!(":{}", 1 << 30));
}
