//! After an upgrade, the data of the previous version is read: waiting and active customers, unsent replies, the history.
//!
//! `tests/fixtures/before` holds what version b081760 had in Redis and in its history after [`make::everything_there_is`],
//! when all its processes were killed. Its times are moved, as if that was a moment ago.

mod make;

use std::path::Path;

use fred::prelude::*;
use regex::{Captures, Regex};
use serde_json::{Value, json};

use crate::harness::{Daemon, Redis, SESSION, TestSetup, binary, chat, eventually};
use crate::webhook::{message, message_with, now_ms};

/// Notices are an hour apart, so that no customer gets one only because time passes.
const FLOW: &str = r#"
name = "test"
locale = "en"
start = "ask"
[notices]
first_after = "200ms"
at_most_every = "1h"
[texts]
position = "place {{ position }}"
next = "you are next"
left = "you left"
[commands]
leave = ["leave"]
[timeouts]
remind_after = "REMIND_AFTER"
close_after = "CLOSE_AFTER"
resume_within = "24h"
phone_quiet = "12h"
[step.ask]
ask = "hello {{ name }}: {{ opening }}"
save = "subject"
next = "menu"
[step.menu]
say = ["our menu:", { image = "https://shop.example/menu.jpg", caption = "today" }]
next = "more"
[step.more]
ask = "how many of {{ subject }}?"
save = "count"
next = "person"
[step.person]
handoff = ["somebody will come about {{ count }} of {{ subject }}"]
within = "2h"
otherwise = "bye"
[step.bye]
say = "{{ count }} of {{ subject }}"
end = "done"
"#;

/// Has answered one of the flow's questions.
const ACTIVE: usize = 1;
/// First in line, with three messages.
const WAITS: usize = 2;
const WAITS_TOO: usize = 4;
const FOR_PERSON: usize = 5;
const WITH_OWNER: usize = 6;
/// Gave one answer, and was then silent for too long.
const CLOSED: usize = 7;
const TWO_IDS: usize = 8;
/// WAHA failed to send the first reply, and it will be retried.
const RETRIED: usize = 9;
/// WAHA failed to send the notice.
const NOTICE: usize = 10;
/// A reply was in flight; WAHA did not take it.
const IN_DOUBT: usize = 11;
const DEAD: usize = 12;
/// A reply was in flight; WAHA took it and posted its echo.
const ECHOED: usize = 13;
/// Wrote when no archiver was running.
const LAST: usize = 14;
const LID: &str = "199900000000003@lid";
const LID_OF_TWO: &str = "199900000000008@lid";

/// Moves the times in `text` that are within two days of `made_at`, as if it was made now.
fn as_if_made_now(text: &str, made_at: i64) -> String {
    const NEAR: i64 = 2 * 24 * 3_600_000;
    let later = now_ms() as i64 - made_at;
    let time = Regex::new(r"\b\d{13}\b").unwrap();
    let moved = time.replace_all(text, |found: &Captures<'_>| {
        let at: i64 = found[0].parse().unwrap();
        let at = if (at - made_at).abs() < NEAR {
            at + later
        } else {
            at
        };
        at.to_string()
    });
    moved.into_owned()
}

/// Puts the fixture where a daemon finds it. Returns the commands that filled Redis.
fn left_behind(test: &TestSetup, redis: &Redis) -> Vec<Vec<String>> {
    const RUN: &str =
        "for _, command in ipairs(ARGV) do redis.call(unpack(cjson.decode(command))) end";
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/before");
    let read = |name: &str| std::fs::read_to_string(fixture.join(name)).unwrap();
    let commands = read("redis.jsonl");
    let (made_at, commands) = commands.split_once('\n').unwrap();
    let made_at = made_at.parse().unwrap();
    let commands = as_if_made_now(commands, made_at);
    let lines: Vec<_> = commands.lines().map(str::to_owned).collect();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let config = Config {
            server: ServerConfig::new_unix_socket(redis.socket()),
            ..Config::default()
        };
        let client = Builder::from_config(config).build().unwrap();
        client.init().await.unwrap();
        let () = client.eval(RUN, "none", lines.clone()).await.unwrap();
    });
    let data = test.directory.path().join("data");
    std::fs::create_dir_all(&data).unwrap();
    // The search index has its own tables, and their numbers are not times.
    let (mut history, mut words) = (String::new(), String::new());
    for line in read("history.sql").split_inclusive(";\n") {
        let is_words = line.contains(" message_text_") || line.contains(" note_text_");
        if is_words { &mut words } else { &mut history }.push_str(line);
    }
    let db = rusqlite::Connection::open(data.join("history.sqlite")).unwrap();
    let all = as_if_made_now(&history, made_at) + &words;
    db.execute_batch(&format!("BEGIN;{all}COMMIT;")).unwrap();
    let parsed = lines.iter().map(|line| serde_json::from_str(line).unwrap());
    parsed.collect()
}

/// The texts that this id got, without notices about the line.
fn texts(test: &TestSetup, id: &str) -> Vec<String> {
    let texts = test.waha.texts(id).into_iter();
    texts
        .filter(|text| !text.starts_with("place ") && text != "you are next")
        .collect()
}

#[track_caller]
fn gets(test: &TestSetup, id: &str, wanted: &[&str]) {
    eventually(&format!("{id} gets {wanted:?}"), || {
        (texts(test, id).len() >= wanted.len()).then_some(())
    });
    assert_eq!(texts(test, id), wanted, "{id}");
}

fn start(test: &TestSetup, redis: &Redis, role: &'static str) -> Daemon {
    let flow = FLOW
        .replace("REMIND_AFTER", "30m")
        .replace("CLOSE_AFTER", "1h");
    test.setup(role)
        .set("REDIS_URL", redis.url())
        .set("FLOW_FILE", test.flow(&flow))
        // Enough workers for all customers.
        .set("WORKERS", "20")
        .start()
}

#[test]
fn every_customer_continues_where_they_were() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let commands = left_behind(&test, &redis);

    let mut listener = start(&test, &redis, "serve");
    every_customer_is_where_they_were(&listener, &commands);
    listener.kill();

    let daemon = start(&test, &redis, "all");
    // Unsent replies are sent once and in order. A reply that WAHA took already is not sent again.
    let menu = ["our menu:", "today"];
    let bread = [&["hello Ana: hi"], &menu[..], &["how many of bread?"]].concat();
    gets(&test, &chat(RETRIED), &bread);
    let soup = [&menu[..], &["how many of soup?"]].concat();
    gets(&test, &chat(IN_DOUBT), &soup);
    gets(&test, &chat(ECHOED), &soup[1..]);

    // Every customer continues with the next question, and everything they wrote in line counts.
    assert_eq!(texts(&test, &chat(ACTIVE)), [""; 0]);
    daemon.customer_writes(&chat(ACTIVE), "three");
    let tart = "somebody will come about three of a tart";
    gets(&test, &chat(ACTIVE), &[tart]);
    for (id, greeting) in [
        (chat(WAITS), "hello Ana: one\ntwo\nthree"),
        (LID.to_owned(), "hello Ivo: one"),
        (chat(WAITS_TOO), "hello Ana: one\ntwo"),
        (chat(NOTICE), "hello Ana: one"),
        (chat(LAST), "hello Ana: is anybody there?"),
        // One person under two ids is answered once, under the id they used last.
        (chat(TWO_IDS), "hello Eva: and I\nand I again"),
    ] {
        gets(&test, &id, &[greeting]);
    }
    gets(&test, LID_OF_TWO, &[]);
    // The question that was not answered.
    eventually("the question is asked again", || {
        let texts = texts(&test, &chat(CLOSED));
        texts.last()?.contains("how many of a pie?").then_some(())
    });
    assert_eq!(texts(&test, &chat(WITH_OWNER)), [""; 0]);
    assert_eq!(texts(&test, &chat(FOR_PERSON)), [""; 0]);

    dead_replies_are_listed(&redis);
    the_history_is_complete(&test);
}

/// In line, for a person, or with the owner. The daemon here has no workers, so nobody moves.
fn every_customer_is_where_they_were(daemon: &Daemon, commands: &[Vec<String>]) {
    let queued = |position: usize| json!({"result": "queued", "position": position});
    let last = commands
        .iter()
        .find(|one| one[0] == "RPUSH" && one[1].ends_with(&format!("inbox:{}", chat(LAST))))
        .unwrap();
    let last: Value = serde_json::from_str(&last[2]).unwrap();
    let message_id = last["stanza"].as_str().unwrap();
    let again = message_with("message", SESSION, &chat(LAST), "Ana", "again", message_id);
    assert_eq!(daemon.posts(&again), json!({"result": "duplicate"}));
    assert_eq!(daemon.customer_writes(&chat(WAITS_TOO), "two"), queued(3));
    assert_eq!(
        daemon.customer_writes(&chat(FOR_PERSON), "are you there?"),
        queued(1)
    );
    let phone = json!({"result": "phone"});
    assert_eq!(
        daemon.customer_writes(&chat(WITH_OWNER), "are you there?"),
        phone
    );
    assert_eq!(
        daemon.customer_writes(&chat(CLOSED), "I am back"),
        queued(6)
    );
    let under_the_other = message(SESSION, LID_OF_TWO, "Eva", "and I");
    assert_eq!(daemon.posts(&under_the_other), queued(7));
    let by_number = message(SESSION, &chat(TWO_IDS), "Eva", "and I again");
    assert_eq!(daemon.posts(&by_number), queued(7));
}

fn dead_replies_are_listed(redis: &Redis) {
    let output = binary()
        .args(["dead", "list", "--format", "jsonl"])
        .env("REDIS_URL", redis.url())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let dead: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let texts: Vec<_> = dead
        .iter()
        .map(|one| one["text"].as_str().unwrap())
        .collect();
    assert_eq!(texts, ["hello Ana: hi", "you left"]);
}

/// Entries that were archived before, entries that were not yet, and new ones.
fn the_history_is_complete(test: &TestSetup) {
    let said = |arguments: &[&str]| -> Vec<(String, String)> {
        let found = test.history(arguments);
        let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
        found
            .iter()
            .map(|one| (text(one, "author"), text(one, "text")))
            .collect()
    };
    let pairs = |all: &[(&str, &str)]| -> Vec<(String, String)> {
        all.iter()
            .map(|(author, text)| ((*author).to_owned(), (*text).to_owned()))
            .collect()
    };
    let by_customer = |n: usize| -> Vec<String> {
        let all = said(&["--chat", &chat(n)]);
        let theirs = all.into_iter().filter(|(author, _)| author == "customer");
        theirs.map(|(_, text)| text).collect()
    };
    eventually("everything is archived", || {
        (by_customer(CLOSED).last()? == "I am back").then_some(())
    });
    assert_eq!(by_customer(WAITS), ["one", "two", "three"]);
    assert_eq!(by_customer(LAST), ["is anybody there?"]);
    let mut owners = said(&["--chat", &chat(WITH_OWNER)]);
    // Their order may differ, because WAHA's times are in seconds.
    owners.sort();
    assert_eq!(
        owners,
        pairs(&[
            ("bot", "hello Ana: hi"),
            ("customer", "are you there?"),
            ("customer", "hi"),
            ("customer", "thank you"),
            ("phone", "let me answer"),
        ])
    );
    // Each of our messages is there once, whether WAHA's answer, an echo or both reported it.
    let soup = said(&["--chat", &chat(ECHOED)]);
    let menus = soup.iter().filter(|(_, text)| text == "our menu:").count();
    assert_eq!(menus, 1, "{soup:?}");
    for id in [LID_OF_TWO, &chat(TWO_IDS)] {
        let all = said(&["--chat", id]);
        let texts: Vec<_> = all.iter().map(|(_, text)| text.as_str()).collect();
        for text in [
            "good morning",
            "hello Eva: good morning",
            "a cake",
            "and I again",
        ] {
            let times = texts.iter().filter(|one| **one == text).count();
            assert_eq!(times, 1, "{id}: {text:?} in {texts:?}");
        }
    }
    assert_eq!(
        said(&["--search", "good morning"]),
        pairs(&[
            ("customer", "good morning"),
            ("bot", "hello Eva: good morning")
        ])
    );
    assert_eq!(
        said(&["--search", "anybody there", "--chat", &chat(LAST)])[0],
        ("customer".to_owned(), "is anybody there?".to_owned())
    );
    let outcomes = |n: usize| -> Vec<String> {
        let found = test.history(&["--chat", &chat(n), "--conversations"]);
        let outcome = |one: &Value| one["outcome"].as_str().unwrap_or_default().to_owned();
        found.iter().map(outcome).collect()
    };
    assert_eq!(outcomes(CLOSED), ["silence", ""]);
    assert_eq!(outcomes(DEAD), ["left"]);
    assert_eq!(outcomes(TWO_IDS), ["left", ""]);
    let all = test.history(&["--chat", LID_OF_TWO]);
    let edited = all.iter().find(|one| one["text"] == "leaving").unwrap();
    assert_eq!(edited["first_text"], "leave");
    assert!(!edited["revoked_at"].is_null(), "{edited}");
    assert!(edited["reactions"].to_string().contains('🙏'), "{edited}");
    let dead = test.history(&["--chat", &chat(DEAD)]);
    let failed = dead.iter().filter(|one| one["state"] == "failed").count();
    assert_eq!(failed, 2);
    assert_eq!(dead.len(), 4);
    let read = test.history(&["--chat", &chat(CLOSED)]);
    assert_eq!(read.iter().filter(|one| !one["ack"].is_null()).count(), 1);
}
