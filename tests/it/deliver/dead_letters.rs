//! Replies that were given up on: listed, sent again in order, or dropped.

use std::process::Output;

use serde_json::{Value, json};

use crate::fake_waha::Behaviour;
use crate::harness::{Daemon, Redis, TestSetup, binary, chat, eventually};

fn refuses() -> Behaviour {
    let body = json!({"message": "chat is \u{1b}[31modd", "statusCode": 400});
    Behaviour::Answers(400, body.to_string(), vec![])
}

/// `waha-sm dead` with these arguments, on the Redis of the test.
fn dead(redis: &Redis, arguments: &[&str]) -> Output {
    binary()
        .arg("dead")
        .args(arguments)
        .env("REDIS_URL", redis.url())
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn listed(redis: &Redis, arguments: &[&str]) -> Vec<Value> {
    let output = dead(redis, &[&["list", "--format", "jsonl"], arguments].concat());
    stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Customers write while WAHA refuses everything, until their replies are dead letters.
fn die(test: &TestSetup, redis: &Redis, daemon: &Daemon, said: &[(usize, &str)]) {
    test.waha.behave(refuses());
    for (n, (customer, text)) in said.iter().enumerate() {
        daemon.customer_writes(&chat(*customer), text);
        eventually("the reply is a dead letter", || {
            (redis.number("XLEN waha-sm:{default}:dead") == n as i64 + 1).then_some(())
        });
    }
    test.waha.behave(Behaviour::Well);
}

fn start(test: &TestSetup, redis: &Redis) -> Daemon {
    test.all(redis)
        .set("FLOW_FILE", test.echo())
        .set("WORKERS", "5")
        .start()
}

/// The states of a chat's replies in the history, by text.
fn states(test: &TestSetup, chat: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    test.history(&["--chat", chat])
        .iter()
        .filter(|one| one["direction"] == "outbound")
        .map(|one| (text(&one["text"]), text(&one["state"])))
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(text, state)| ((*text).to_owned(), (*state).to_owned()))
        .collect()
}

const DEAD: &str = "waha_sm_dead_letters{session=\"default\"}";

#[test]
fn dead_replies_are_listed_sent_again_in_order_and_then_the_history_says_sent() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = start(&test, &redis);
    assert_eq!(
        stdout(&dead(&redis, &["list"])),
        "There are no dead replies.\n"
    );
    die(
        &test,
        &redis,
        &daemon,
        &[(1, "one"), (2, "other"), (1, "two"), (1, "three")],
    );
    daemon.wait_for_log("waha-sm dead list");
    assert_eq!(daemon.metric(DEAD), Some(4.0));
    let failed = [("one", "failed"), ("two", "failed"), ("three", "failed")];
    eventually("the history says failed", || {
        (states(&test, &chat(1)) == pairs(&failed)).then_some(())
    });

    let table = stdout(&dead(&redis, &["list"]));
    assert_eq!(table.lines().count(), 5, "{table}");
    for word in [
        &chat(1),
        &chat(2),
        "default",
        "WAHA answered 400",
        ": three\n",
    ] {
        assert!(table.contains(word), "{word}: {table}");
    }
    assert!(!table.contains('\u{1b}'), "{table:?}");
    let of_first = listed(&redis, &["--chat", &chat(1)]);
    let texts: Vec<_> = of_first.iter().map(|one| &one["text"]).collect();
    assert_eq!(texts, ["one", "two", "three"]);
    assert!(
        of_first
            .iter()
            .all(|one| one["at"].as_i64() > Some(1_700_000_000_000))
    );

    let digits = chat(1).replace("@c.us", "");
    let output = dead(&redis, &["retry", "--chat", &digits]);
    assert_eq!(stdout(&output), "3 will be sent again.\n");
    assert_eq!(test.texts(&chat(1), 3), ["one", "two", "three"]);
    assert_eq!(listed(&redis, &[]).len(), 1);
    assert_eq!(daemon.metric(DEAD), Some(1.0));
    let sent = [("one", "sent"), ("two", "sent"), ("three", "sent")];
    eventually("the history says sent", || {
        (states(&test, &chat(1)) == pairs(&sent)).then_some(())
    });
    assert!(
        test.history(&["--chat", &chat(1)])
            .iter()
            .all(|one| one["failed"] == false)
    );
    assert!(test.waha.texts(&chat(2)).is_empty());
}

#[test]
fn retried_dead_replies_go_after_waiting_ones_and_do_not_expire_by_age() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = start(&test, &redis);
    die(&test, &redis, &daemon, &[(1, "old"), (1, "older")]);
    // One more dead reply, queued in 2023.
    let entry = listed(&redis, &[]).remove(0);
    let element = json!({"id": entry["reply_id"], "conversation": entry["conversation"], "text": "ancient",
                         "queued_at": 1_700_000_000_000_i64, "attempts": 9});
    let quoted = format!("r{element}").replace('"', "\\\"");
    redis.ask(&format!(
        "XADD waha-sm:{{default}}:dead * chat {} reason \"a day\" reply \"{quoted}\"",
        chat(1)
    ));
    test.waha.behave(Behaviour::HangsUp);
    daemon.customer_writes(&chat(1), "new");
    daemon.wait_for_log("will try again");
    let output = dead(&redis, &["retry", "--all"]);
    assert_eq!(stdout(&output), "3 will be sent again.\n");
    test.waha.behave(Behaviour::Well);
    assert_eq!(test.texts(&chat(1), 4), ["new", "old", "older", "ancient"]);
    assert_eq!(redis.number("XLEN waha-sm:{default}:dead"), 0);
}

#[test]
fn dropped_replies_are_gone_and_stay_failed_in_the_history() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = start(&test, &redis);
    die(
        &test,
        &redis,
        &daemon,
        &[(1, "one"), (1, "two"), (2, "three")],
    );
    let second = listed(&redis, &[]).remove(1)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        stdout(&dead(&redis, &["drop", "--id", &second])),
        "1 dropped.\n"
    );
    let left: Vec<Value> = listed(&redis, &[])
        .iter()
        .map(|one| one["text"].clone())
        .collect();
    assert_eq!(left, ["one", "three"]);
    let again = dead(&redis, &["drop", "--id", &second]);
    assert_eq!(again.status.code(), Some(1), "{again:?}");
    assert_eq!(
        stdout(&dead(&redis, &["drop", "--session", "default"])),
        "2 dropped.\n"
    );
    assert_eq!(daemon.metric(DEAD), Some(0.0));
    daemon.customer_writes(&chat(1), "next");
    assert_eq!(test.texts(&chat(1), 1), ["next"]);
    let states_now = [("one", "failed"), ("two", "failed"), ("next", "sent")];
    eventually("the history has the new states", || {
        (states(&test, &chat(1)) == pairs(&states_now)).then_some(())
    });
}

#[test]
fn a_dead_letter_command_without_a_target_explains_what_to_write() {
    let test = TestSetup::new();
    for command in ["retry", "drop"] {
        let output = binary().args(["dead", command]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(64), "{said}");
        assert!(said.contains("--chat") && said.contains("--all"), "{said}");
    }
    let data = test.directory.path().join("data");
    let list = || {
        binary()
            .args(["dead", "list"])
            .env("DATA_DIR", &data)
            .output()
            .unwrap()
    };
    let output = list();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("no daemon runs on") && said.contains("REDIS_URL"),
        "{said}"
    );

    // If the daemon runs its own Redis, the data directory is enough.
    let daemon = test.setup("all").set("FLOW_FILE", test.echo()).start();
    test.waha.behave(refuses());
    daemon.customer_writes(&chat(1), "one");
    eventually("it is listed", || {
        let output = list();
        let said = String::from_utf8(output.stdout).unwrap();
        (output.status.success() && said.contains(": one")).then_some(())
    });
}
