//! Several processes that receive webhooks, and one history: one process keeps it, in one file.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::harness::{Daemon, Redis, Setup, TestSetup, binary, chat, eventually};

fn serve(test: &TestSetup, redis: &Redis, data: &str) -> Setup {
    let mut setup = test.setup("serve").set("REDIS_URL", redis.url());
    setup.data_dir = test.directory.path().join(data);
    setup
}

fn command(redis: &Redis, data: &Path, arguments: &[&str]) -> Output {
    binary()
        .args(arguments)
        .env("REDIS_URL", redis.url())
        .env("DATA_DIR", data)
        .output()
        .unwrap()
}

/// What customers wrote, as the history in this directory has it.
fn written(test: &TestSetup, data: &str) -> Vec<String> {
    let output = binary()
        .args(["history", "--format", "jsonl"])
        .env("DATA_DIR", test.directory.path().join(data))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut texts: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|one| one["text"].as_str().unwrap().to_owned())
        .collect();
    texts.sort();
    texts
}

#[track_caller]
fn history_becomes(test: &TestSetup, data: &str, texts: &[&str]) {
    eventually(&format!("{data} has {texts:?}"), || {
        (written(test, data) == texts).then_some(())
    });
}

/// The part of `/ready` about the history.
fn ready(daemon: &Daemon) -> Value {
    let (status, text) = daemon.get("/ready");
    assert_eq!(status, 200, "{text}");
    let body: Value = serde_json::from_str(&text).unwrap();
    body["parts"]["history"].clone()
}

#[track_caller]
fn refused(setup: &Setup, words: &[&str]) {
    let output = setup.run();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    for word in words {
        assert!(said.contains(word), "no {word:?} in {said}");
    }
}

#[test]
fn a_second_file_is_refused_until_the_owner_wants_the_history_there() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let first_setup = serve(&test, &redis, "first");
    let mut first = first_setup.start();
    first.customer_writes(&chat(1), "one");
    let second = serve(&test, &redis, "second");
    refused(
        &second,
        &[
            "keeps the history",
            "HISTORY=off",
            &format!("process {}", first.id()),
        ],
    );
    let here = serve(&test, &redis, "second").set("HISTORY", "here");
    refused(&here, &["keeps the history"]);
    first.customer_writes(&chat(1), "two");
    history_becomes(&test, "first", &["one", "two"]);
    first.terminate();

    // The first one may come back, so another file is still refused, and says what to do.
    refused(&second, &["in another file", "HISTORY=here"]);
    let mut moved = here.start();
    moved.customer_writes(&chat(1), "three");
    history_becomes(&test, "second", &["three"]);
    refused(&first_setup, &["keeps the history"]);
    moved.terminate();
    refused(&first_setup, &["in another file"]);
}

#[test]
fn the_same_file_is_kept_again_at_once_after_a_kill_and_in_another_place_when_the_lease_ends() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let setup = serve(&test, &redis, "first");
    let mut first = setup.start();
    first.customer_writes(&chat(1), "one");
    history_becomes(&test, "first", &["one"]);
    first.kill();
    let mut again = setup.start();
    assert_eq!(ready(&again)["ready"], true);
    again.customer_writes(&chat(1), "two");
    history_becomes(&test, "first", &["one", "two"]);
    again.kill();
    // To another disk: then it is not the same directory, and the last process could still be alive somewhere.
    let path = |name: &str| test.directory.path().join(name);
    let copied = Command::new("cp")
        .arg("-a")
        .arg(path("first"))
        .arg(path("copy"))
        .status();
    assert!(copied.unwrap().success());
    let moved = serve(&test, &redis, "copy").start();
    moved.customer_writes(&chat(1), "three");
    history_becomes(&test, "copy", &["one", "three", "two"]);
}

#[test]
fn a_process_that_was_suspended_while_another_file_took_over_writes_nothing_more() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let first = serve(&test, &redis, "first").start();
    first.customer_writes(&chat(1), "one");
    history_becomes(&test, "first", &["one"]);
    // Otherwise the next one archives it again.
    eventually("it is deleted from Redis", || {
        (redis.number("XLEN waha-sm:{default}:history") == 0).then_some(())
    });
    first.signal("-STOP");
    let here = serve(&test, &redis, "second").set("HISTORY", "here");
    eventually("the lease has ended", || {
        redis.number("EVAL \"return redis.call('HGET',KEYS[1],'until')-redis.call('TIME')[1]*1000<0 and 1 or 0\" 1 waha-sm:history-keeper")
            .eq(&1)
            .then_some(())
    });
    let second = here.start();
    first.signal("-CONT");
    first.wait_for_log("this process does not keep the history any more");
    first.customer_writes(&chat(1), "two");
    second.customer_writes(&chat(1), "three");
    history_becomes(&test, "second", &["three", "two"]);
    let said = eventually("it says so", || {
        let part = ready(&first);
        (part["ready"] == false).then(|| part["reason"].to_string())
    });
    assert!(said.contains(&format!("process {}", second.id())), "{said}");
    assert_eq!(written(&test, "first"), ["one"]);
}

#[test]
fn processes_without_a_history_beside_one_that_keeps_it_lose_nothing() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let keeper_setup = serve(&test, &redis, "first");
    let mut keeper = keeper_setup.start();
    let only_listens = serve(&test, &redis, "nothing")
        .set("HISTORY", "off")
        .start();
    eventually("somebody keeps it", || {
        (ready(&only_listens)["ready"] == true).then_some(())
    });
    let mut texts: Vec<String> = Vec::new();
    for n in 0..30 {
        if n == 10 {
            keeper.kill();
        }
        if n == 20 {
            keeper = keeper_setup.start();
        }
        let text = format!("m{n:02}");
        match n % 2 == 0 && n >= 20 {
            true => keeper.customer_writes(&chat(1), &text),
            false => only_listens.customer_writes(&chat(1), &text),
        };
        texts.push(text);
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    history_becomes(&test, "first", &texts);
    let nothing = test.directory.path().join("nothing");
    assert!(!nothing.exists(), "HISTORY=off makes no directory");
    assert!(
        !only_listens
            .metric("waha_sm_history_entries{")
            .is_some_and(|left| left > 0.0)
    );

    // Commands say where it is.
    for arguments in [
        &["history"][..],
        &["person", "export", "5511900000001"],
        &["person", "erase", "5511900000001", "--yes"],
    ] {
        let output = command(&redis, &nothing, arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success());
        assert!(
            said.contains(&format!("kept by serve (process {}", keeper.id())),
            "{arguments:?}: {said}"
        );
    }
    keeper.terminate();
    let said = eventually("nobody keeps it", || {
        let part = ready(&only_listens);
        (part["ready"] == false).then(|| part["reason"].to_string())
    });
    assert!(said.contains("no process keeps the history"), "{said}");
}
