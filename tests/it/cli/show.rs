//! One conversation on the command line: where it is, what is unread and unsent, and what was said last.

use std::process::Output;

use serde_json::Value;

use crate::fake_waha::Behaviour;
use crate::harness::{Daemon, Redis, SESSION, TestSetup, binary, chat, eventually};
use crate::webhook::message;

const FLOW: &str = r#"
name = "test"
locale = "en"
start = "ask"
[team.sales]
[step.ask]
ask = "what do you need?"
save = "subject"
next = "person"
[step.person]
handoff = "somebody will come"
team = "sales"
note = "wants {{ subject }}"
"#;

fn start(test: &TestSetup, redis: &Redis) -> Daemon {
    test.all(redis).set("FLOW_FILE", test.flow(FLOW)).start()
}

fn show(test: &TestSetup, redis: &Redis, arguments: &[&str]) -> Output {
    binary()
        .arg("show")
        .args(arguments)
        .env("REDIS_URL", redis.url())
        .env("DATA_DIR", test.directory.path().join("data"))
        .output()
        .unwrap()
}

#[track_caller]
fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json(test: &TestSetup, redis: &Redis, arguments: &[&str]) -> Value {
    let output = show(test, redis, &[arguments, &["--format", "jsonl"]].concat());
    serde_json::from_str(&stdout(&output)).unwrap()
}

#[test]
fn a_conversation_is_shown_with_its_place_answers_unread_and_unsent_messages_and_the_past() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = start(&test, &redis);
    daemon.customer_writes(&chat(1), "hi");
    test.texts(&chat(1), 1);
    let shown = json(&test, &redis, &[&chat(1)]);
    assert_eq!(
        (&shown["status"], &shown["step"]),
        (&"active".into(), &"ask".into())
    );

    daemon.customer_writes(&chat(1), "a \u{1b}[31mcake\nwith nuts");
    test.texts(&chat(1), 2);
    test.waha
        .behave(Behaviour::Answers(503, String::new(), vec![]));
    daemon.customer_writes(&chat(1), "are you there?");
    daemon.customer_writes(&chat(1), "position");
    eventually("a reply waits", || {
        let shown = json(&test, &redis, &[&chat(1)]);
        (shown["unsent_count"] == 1 && shown["past"].as_array()?.len() >= 5).then_some(())
    });
    let digits = chat(1).replace("@c.us", "");
    for spelled in [digits.as_str(), "+55 11 90000-0001", &chat(1)] {
        let text = stdout(&show(&test, &redis, &[spelled]));
        for words in [
            &format!("Ana ({digits}), session default"),
            "waits for a person of sales for ",
            ": place 1, at step person",
            "ticket 1, conversation ",
            "Note:\n    wants a \\u{1b}[31mcake\n    with nuts\n",
            "    subject: a \\u{1b}[31mcake\\nwith nuts",
            "Unread messages: 1\n",
            "  are you there?",
            "Unsent replies: 1\n",
            "What was said last:",
            "what do you need?",
        ] {
            assert!(text.contains(words), "{words:?}: {text}");
        }
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
    let shown = json(&test, &redis, &[&digits]);
    assert_eq!(shown["chat"], chat(1));
    assert_eq!(shown["team"], "sales");
    assert_eq!(shown["variables"]["subject"], "a \u{1b}[31mcake\nwith nuts");
    assert_eq!(shown["unread"][0]["text"], "are you there?");
    assert_eq!(shown["unsent"].as_array().unwrap().len(), 1);
}

#[test]
fn a_closed_conversation_shows_only_the_past_and_an_unknown_customer_nothing() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow = "start = \"a\"\n[step.a]\nsay = \"hello, we are closed\"\nend = \"told\"\n";
    let daemon = test.all(&redis).set("FLOW_FILE", test.flow(flow)).start();
    daemon.customer_writes(&chat(1), "hello");
    test.texts(&chat(1), 1);
    let text = eventually("the conversation is closed and in the history", || {
        let output = show(&test, &redis, &[&chat(1)]);
        let text = String::from_utf8(output.stdout).unwrap();
        (text.contains("No conversation of") && text.matches("hello").count() == 2).then_some(text)
    });
    assert!(text.contains("What was said last:"), "{text}");
    assert_eq!(json(&test, &redis, &[&chat(1)])["status"], "closed");
    for (number, code, words) in [
        (
            "5511900000009",
            1,
            "there is no conversation of 5511900000009",
        ),
        ("Ana", 64, "write a phone number"),
    ] {
        let output = show(&test, &redis, &[number]);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn a_customer_of_two_sessions_is_named_with_the_session() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = start(&test, &redis);
    for session in [SESSION, "shop"] {
        daemon.posts(&message(session, &chat(1), "Ana", "hi"));
    }
    test.texts(&chat(1), 1);
    let output = show(&test, &redis, &[&chat(1)]);
    assert_eq!(output.status.code(), Some(64), "{output:?}");
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("default and shop: choose one with --session"),
        "{text}"
    );
    let shown = json(&test, &redis, &[&chat(1), "--session", "shop"]);
    assert_eq!(shown["session"], "shop");
    let output = show(&test, &redis, &[&chat(1), "--session", "other"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}
