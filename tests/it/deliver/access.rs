//! WAHA's key and address: a mistake is told at once, costs no reply, and ends by itself.

use std::process::Output;

use serde_json::Value;

use crate::fake_waha::Behaviour;
use crate::harness::{API_KEY, Daemon, Redis, TestSetup, binary, chat, eventually};
use crate::webhook::{message, now_ms};

const UP: &str = "waha_sm_waha_up";

fn dead(redis: &Redis) -> i64 {
    redis.number("XLEN waha-sm:{default}:dead")
}

/// The part `waha` of `/ready`, which is always 200 here.
fn waha_part(daemon: &Daemon) -> Value {
    let (status, body) = daemon.get("/ready");
    assert_eq!(status, 200, "{body}");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["ready"], true);
    body["parts"]["waha"].clone()
}

fn health(daemon: &Daemon, arguments: &[&str]) -> (bool, String) {
    let address = daemon.url.trim_start_matches("http://");
    let Output { status, stdout, .. } = binary()
        .args(["health", "--listen", address])
        .args(arguments)
        .output()
        .unwrap();
    (status.success(), String::from_utf8(stdout).unwrap())
}

#[track_caller]
fn waha_is_used_again(daemon: &Daemon) {
    eventually("the daemon reports that it can use WAHA", || {
        (waha_part(daemon)["ready"] == true && daemon.metric(UP) == Some(1.0)).then_some(())
    });
}

fn time_goes_by(millis: u64) {
    let begun = now_ms();
    eventually("the time goes by", || {
        (now_ms() > begun + millis).then_some(())
    });
}

#[test]
fn a_wrong_key_is_told_at_the_start_and_replies_wait_for_the_right_one() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let setup = |key: &str| {
        test.all(&redis)
            .set("FLOW_FILE", test.echo())
            .set("WORKERS", "9")
            .set("WAHA_API_KEY", key)
    };
    let mut daemon = setup("not the key").start();
    daemon.wait_for_log("WAHA refuses our key (401): set WAHA_API_KEY");
    for text in ["one", "two"] {
        daemon.customer_writes(&chat(1), text);
        daemon.customer_writes(&chat(2), text);
    }
    let waha = eventually("the problem is reported", || {
        Some(waha_part(&daemon)).filter(|part| part["reason"].to_string().contains("WAHA_API_KEY"))
    });
    assert_eq!(waha["ready"], false);
    assert_eq!(daemon.metric(UP), Some(0.0));
    assert!(health(&daemon, &[]).0, "messages are taken");
    let (is_ready, parts) = health(&daemon, &["--all"]);
    assert!(!is_ready && parts.contains("redis: ready"), "{parts}");
    assert!(
        parts.contains("waha: not ready: WAHA refuses our key"),
        "{parts}"
    );
    // Long enough for several rounds of everything that asks WAHA.
    time_goes_by(7_000);
    assert_eq!(daemon.log().matches("WAHA refuses our key").count(), 1);
    assert!(!daemon.log().contains("not the key"));
    assert_eq!((dead(&redis), test.waha.sent().len()), (0, 0));
    daemon.terminate();

    let daemon = setup(API_KEY).start();
    for n in 1..=2 {
        assert_eq!(test.texts(&chat(n), 2), ["one", "two"]);
    }
    waha_is_used_again(&daemon);
    assert_eq!(
        health(&daemon, &["--all"]),
        (true, "history: ready\nredis: ready\nwaha: ready\n".into())
    );
}

/// A process that only listens never asks WAHA, and need not know its key: the others report.
#[test]
fn a_process_that_only_listens_tells_what_the_others_report() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let setup = |role| {
        test.setup(role)
            .set("REDIS_URL", redis.url())
            .set("FLOW_FILE", test.echo())
    };
    let serve = setup("serve").set("WAHA_API_KEY", "not the key").start();
    let reason = waha_part(&serve)["reason"].to_string();
    assert!(reason.contains("no process that sends replies"), "{reason}");
    assert_eq!(serve.metric(UP), Some(0.0));
    let mut work = setup("work").start();
    waha_is_used_again(&serve);
    work.terminate();
    let _work = setup("work").set("WAHA_API_KEY", "not the key").start();
    eventually("the problem of the other process is told", || {
        let reason = waha_part(&serve)["reason"].to_string();
        reason.contains("WAHA refuses our key").then_some(())
    });
    assert!(!serve.log().contains("WAHA refuses our key"));
}

#[test]
fn without_a_key_the_log_says_that_it_is_missing() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.echo())
        .set("WAHA_API_KEY", "")
        .start();
    daemon.wait_for_log("WAHA wants a key (401), and WAHA_API_KEY is not set");
}

/// The daemon is not restarted.
#[test]
fn when_waha_gets_another_key_and_the_old_one_again_all_replies_leave_in_order() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.echo())
        .set("PACING", "human")
        .start();
    waha_is_used_again(&daemon);
    test.waha.change_key("another key");
    for text in ["one", "two", "three"] {
        daemon.customer_writes(&chat(1), text);
    }
    daemon.wait_for_log("WAHA refuses our key (401)");
    test.waha.change_key(API_KEY);
    assert_eq!(test.texts(&chat(1), 3), ["one", "two", "three"]);
    daemon.wait_for_log("WAHA can be used again");
    assert_eq!(daemon.log().matches("WAHA refuses our key").count(), 1);
    assert_eq!(dead(&redis), 0);
    let refused = test
        .waha
        .calls()
        .into_iter()
        .filter(|call| call.status == 401);
    assert!(refused.count() <= 6, "not asked all the time");
}

#[test]
fn a_key_of_one_session_holds_only_the_replies_of_the_others() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    test.waha.limit_key_to(Some("other"));
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.echo())
        .set("WORKERS", "9")
        .start();
    daemon.customer_writes(&chat(1), "one");
    daemon.wait_for_log("WAHA forbids us to send in this session");
    daemon.customer_writes(&chat(1), "two");
    daemon.posts(&message("other", &chat(2), "Ana", "hi"));
    assert_eq!(test.texts(&chat(2), 1), ["hi"]);
    let reason = eventually("the session is reported", || {
        let reason = waha_part(&daemon)["reason"].as_str()?.to_owned();
        reason.contains("default").then_some(reason)
    });
    assert!(reason.contains("WAHA_API_KEY"), "{reason}");
    // The next try is refused too.
    time_goes_by(11_000);
    assert_eq!((dead(&redis), test.waha.texts(&chat(1)).len()), (0, 0));
    test.waha.limit_key_to(None);
    assert_eq!(test.texts(&chat(1), 2), ["one", "two"]);
    waha_is_used_again(&daemon);
    let log = daemon.log();
    assert_eq!(log.matches("WAHA forbids us to send").count(), 1);
    assert_eq!(log.matches("WAHA allows us to send").count(), 1);
}

#[test]
fn a_waha_that_does_not_answer_is_told_at_the_start_and_when_it_is_back() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    test.waha.go_away();
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    daemon.wait_for_log("WAHA can't be reached");
    assert!(
        daemon
            .log()
            .contains("is WAHA_URL its address as seen from here?")
    );
    daemon.customer_writes(&chat(1), "one");
    test.waha.come_back().unwrap();
    daemon.wait_for_log("WAHA can be used again");
    assert_eq!(test.texts(&chat(1), 1), ["one"]);
    waha_is_used_again(&daemon);
}

/// Its path leads nowhere, or to another web server.
#[test]
fn a_wrong_address_costs_no_reply() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let start = |url: String| {
        let setup = test.all(&redis).set("FLOW_FILE", test.echo());
        setup.set("WAHA_URL", url).start()
    };
    let mut daemon = start(format!("{}/dashboard", test.waha.url()));
    daemon.wait_for_log("what answers at WAHA_URL is not WAHA");
    daemon.customer_writes(&chat(1), "one");
    eventually("it tried to send", || {
        let calls = test.waha.calls();
        calls
            .iter()
            .any(|call| call.path == "/dashboard/api/sendText")
            .then_some(())
    });
    daemon.terminate();
    assert_eq!(dead(&redis), 0);
    let _daemon = start(test.waha.url());
    assert_eq!(test.texts(&chat(1), 1), ["one"]);
}

#[test]
fn catching_up_with_a_wrong_key_names_the_key() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let setup = test.all(&redis).set("FLOW_FILE", test.echo());
    let mut daemon = setup.start();
    daemon.customer_writes(&chat(1), "one");
    test.texts(&chat(1), 1);
    daemon.terminate();
    test.waha.change_key("another key");
    let daemon = setup.start();
    daemon.wait_for_log("could not look for messages whose webhooks were lost");
    let log = daemon.log();
    let lines = log
        .lines()
        .filter(|line| line.contains("could not look for"));
    assert!(
        lines
            .clone()
            .all(|line| line.contains("does WAHA_API_KEY have WAHA's key?")),
        "{log}"
    );
    assert!(!log.contains("can't list messages"), "{log}");
}

/// WAHA says that it doesn't know the session: this is no sign that it works.
#[test]
fn the_replies_of_a_deleted_session_wait_until_it_is_there_again() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    test.waha.behave(Behaviour::SessionIsDeleted);
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    daemon.customer_writes(&chat(1), "one");
    daemon.wait_for_log("the session can't send");
    let asked = eventually("WAHA is asked about the session several times", || {
        let calls = test.waha.calls();
        let sends = calls
            .iter()
            .filter(|call| call.path == "/api/sendText")
            .count();
        let asked = calls
            .iter()
            .filter(|call| call.path.starts_with("/api/sessions/"));
        (asked.count() >= 3).then_some(sends)
    });
    assert_eq!(asked, 1, "no other attempt to send");
    let log = daemon.log();
    assert_eq!(log.matches("the session can't send").count(), 1);
    assert_eq!(log.matches("works again").count(), 0);
    test.waha.behave_well();
    assert_eq!(test.texts(&chat(1), 1), ["one"]);
}
