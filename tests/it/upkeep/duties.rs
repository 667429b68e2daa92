//! What is due by time in a session is the duty of one process at a time, costs little, and continues when that process dies. A session
//! whose keys are damaged keeps no other waiting.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{Daemon, Redis, SESSION, TestSetup, binary, chat, eventually};
use crate::webhook;

const SESSIONS: usize = 50;
/// What two processes do for themselves: heartbeats, who is alive, which sessions are busy.
const OF_PROCESSES: f64 = 60.0;
/// The time over which commands are counted.
const COUNTED: Duration = Duration::from_secs(1);

const FLOW: &str = "start = 'a'\n[step.a]\nask = 'name?'\nsave = 'name'\nend = 'done'\n";

fn session(n: usize) -> String {
    format!("s{n}")
}

/// The owner writes in a chat from their own phone.
fn owner_writes(session: &str, chat: &str, text: &str) -> Value {
    let message_id = webhook::new_message_id();
    let mut event = webhook::message_with("message.any", session, chat, "Shop", text, &message_id);
    event["payload"]["id"] = format!("true_{chat}_{message_id}").into();
    event["payload"]["fromMe"] = true.into();
    event
}

/// A customer writes in each session, and a worker asks for the name.
fn a_customer_in_each(test: &TestSetup, daemon: &Daemon) {
    for n in 0..SESSIONS {
        daemon.posts(&webhook::message(&session(n), &chat(n + 1), "Ana", "oi"));
    }
    for n in 0..SESSIONS {
        test.texts(&chat(n + 1), 1);
    }
}

/// How many commands a second Redis runs, those in scripts too.
fn commands_per_second(redis: &Redis) -> f64 {
    let count = || redis.commands() as f64;
    let (before, began) = (count(), Instant::now());
    // Not a wait for something: this time is what is measured.
    std::thread::sleep(COUNTED);
    (count() - before) / began.elapsed().as_secs_f64()
}

#[test]
fn busy_sessions_where_nothing_happens_cost_two_commands_a_second_at_most_with_any_number_of_processes()
 {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow = test.flow(FLOW);
    let role = |role| {
        let setup = test.setup(role).set("REDIS_URL", redis.url());
        setup.set("FLOW_FILE", &flow).set("WORKERS", "100").start()
    };
    let mut listener = role("serve");
    let _workers = [role("work"), role("work")];
    a_customer_in_each(&test, &listener);
    eventually("all of it is archived", || {
        let of = |n| format!("XLEN waha-sm:{{{}}}:history", session(n));
        (0..SESSIONS)
            .all(|n| redis.number(&of(n)) == 0)
            .then_some(())
    });
    // It looks often where something happened a moment ago, so it is not idle yet.
    listener.terminate();
    // First the last looks at what has just happened.
    eventually("at most two commands a second per session", || {
        let rate = commands_per_second(&redis);
        (rate - OF_PROCESSES <= 2.0 * SESSIONS as f64).then_some(())
    });
}

#[test]
fn when_a_process_dies_the_other_one_ends_the_owners_takeovers_in_its_sessions() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow = test.flow(&format!(
        "{FLOW}[timeouts]\nburst = '0s'\nphone_quiet = '4s'\n"
    ));
    let role = |role| {
        let setup = test.setup(role).set("REDIS_URL", redis.url());
        setup.set("FLOW_FILE", &flow).start()
    };
    let listener = role("serve");
    let mut dies = role("work");
    let _survives = role("work");
    for n in 0..8 {
        listener.posts(&owner_writes(&session(n), &chat(n + 1), "I'll call you"));
    }
    dies.kill();
    let taken_over = |n| redis.number(&format!("ZCARD waha-sm:{{{}}}:phone", session(n)));
    assert!((0..8).any(|n| taken_over(n) == 1));
    eventually("all takeovers are over", || {
        (0..8).all(|n| taken_over(n) == 0).then_some(())
    });
}

#[test]
fn a_session_with_damaged_keys_keeps_no_other_waiting() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let broken = |key: &str| format!("waha-sm:{{broken}}:{key}");
    for key in [
        "queue",
        "active",
        "sending",
        "lanes",
        "announce",
        "phone",
        "history",
        "handoff-due",
        "handoff-untold",
        "left-alone-untold",
        "unmapped",
        "held",
        "held-since",
        "unread",
        "status",
        "counters",
        "dead",
        "line-paused",
        "caught-up",
    ] {
        let damage = match key {
            "caught-up" => "HSET {} a b",
            _ => "SET {} damaged",
        };
        redis.ask(&damage.replace("{}", &broken(key)));
    }
    // The first in every list.
    redis.ask("SADD waha-sm:sessions broken");
    for list in ["sessions-busy", "sessions-seen"] {
        redis.ask(&format!("ZADD waha-sm:{list} {} broken", webhook::now_ms()));
    }
    let flow = test.flow(&format!(
        "{FLOW}[timeouts]\nburst = '0s'\nphone_quiet = '1s'\n"
    ));
    let setup = test.all(&redis).set("FLOW_FILE", flow).set("WORKERS", "1");
    let mut daemon = setup.start();
    let (ana, bia, caio) = (chat(1), chat(2), chat(3));
    daemon.customer_writes(&ana, "oi");
    test.texts(&ana, 1);
    // A customer in line gets notices, and is served when the worker is free.
    daemon.customer_writes(&bia, "oi");
    test.texts(&bia, 1);
    daemon.customer_writes(&ana, "Ana");
    test.texts(&bia, 2);
    // A takeover ends.
    daemon.posts(&owner_writes(SESSION, &caio, "I'll call you"));
    eventually("the takeover is over", || {
        (redis.number("ZCARD waha-sm:{default}:phone") == 0).then_some(())
    });
    eventually("the conversation is archived", || {
        test.history(&["--conversations", "--outcome", "done"])
            .pop()
    });
    let (status, figures) = daemon.get("/metrics");
    assert_eq!(status, 200, "{figures}");
    assert!(
        figures.contains("waha_sm_queue_length{session=\"default\"}"),
        "{figures}"
    );
    let line = binary()
        .arg("line")
        .env("REDIS_URL", redis.url())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&line.stdout);
    assert!(line.status.success() && text.contains("Ana"), "{line:?}");
    let why = String::from_utf8_lossy(&line.stderr);
    assert!(why.contains("the line of broken can't be read"), "{line:?}");
    // What a dead process held is released in all other sessions.
    daemon.kill();
    let daemon = setup.start();
    daemon.customer_writes(&bia, "Bia");
    eventually("the second conversation is archived", || {
        let done = test.history(&["--conversations", "--outcome", "done"]);
        (done.len() == 2).then_some(())
    });
    let log = daemon.log();
    assert!(log.contains("session=broken"), "{log}");
    let errors = log.lines().filter(|line| line.contains("ERROR")).count();
    assert!(
        errors < 40,
        "each error is logged once in a while: {errors}"
    );
}
