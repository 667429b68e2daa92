//! One person under two ids (`@lid` and `@c.us`) is one chat: one conversation, one place in line, one history.

use serde_json::Value;

use crate::fake_waha::Behaviour;
use crate::harness::{Daemon, PATIENCE, Redis, SESSION, Setup, TestSetup, chat, eventually};
use crate::webhook::{message, message_with, new_message_id};

const LID: &str = "199900000000007@lid";

/// A message from `from` that also names the person's other id, as GOWS does.
fn with_both(from: &str, other: &str, text: &str) -> Value {
    let mut event = message(SESSION, from, "Ana", text);
    let raw = other.replace("@c.us", "@s.whatsapp.net");
    event["payload"]["_data"]["Info"]["SenderAlt"] = raw.into();
    event
}

/// Waits for `count` texts to the person. Each comes with the id it was sent to; notices about the line are left out.
fn texts_of(test: &TestSetup, count: usize) -> Vec<(String, String)> {
    let found = test.waha.wait_for(PATIENCE, |sent, _| {
        let texts: Vec<_> = sent
            .iter()
            .filter(|sent| sent.chat == chat(7) || sent.chat == LID)
            .filter(|sent| !sent.text.starts_with("You are "))
            .map(|sent| (sent.chat.clone(), sent.text.clone()))
            .collect();
        (texts.len() >= count).then_some(texts)
    });
    found.unwrap_or_else(|| panic!("not {count} texts: {:?}", test.waha.sent()))
}

fn echoes(test: &TestSetup, count: usize) -> Vec<String> {
    let texts = texts_of(test, count).into_iter();
    texts.map(|(_, text)| text).collect()
}

fn place(daemon: &Daemon, event: &Value) -> (String, u64) {
    let answer = daemon.posts(event);
    (
        answer["result"].as_str().unwrap_or_default().to_owned(),
        answer["position"].as_u64().unwrap_or_default(),
    )
}

/// Echoes each message, and has a leave word.
const FLOW: &str = r#"
start = "listen"
[commands]
leave = ["sair"]
[step.listen]
ask = ""
save = "said"
next = "echo"
[step.echo]
say = "{{ said }}"
next = "listen"
"#;

fn setup(test: &TestSetup, redis: &Redis) -> Setup {
    test.all(redis).set("FLOW_FILE", test.flow(FLOW))
}

/// One worker, kept busy by the first customer.
fn busy(test: &TestSetup, redis: &Redis) -> Daemon {
    let daemon = setup(test, redis).start();
    daemon.customer_writes(&chat(1), "busy");
    test.texts(&chat(1), 1);
    daemon
}

fn frees_the_worker(daemon: &Daemon) {
    daemon.customer_writes(&chat(1), "sair");
}

fn the_history_is_one(test: &TestSetup, texts: &[&str]) {
    for id in [LID, &chat(7)] {
        eventually("both ids have one history", || {
            let kept = test.history(&["--chat", id]);
            let mut said: Vec<String> = kept
                .iter()
                .filter(|one| one["direction"] == "inbound")
                .map(|one| one["text"].as_str().unwrap_or_default().to_owned())
                .collect();
            said.sort();
            let mut texts = texts.to_vec();
            texts.sort_unstable();
            (said == texts && kept.iter().all(|one| one["chat"] == chat(7).as_str())).then_some(())
        });
    }
}

#[test]
fn a_customer_who_switches_ids_stays_in_one_conversation_and_is_answered_under_the_id_they_used() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis).start();
    daemon.posts(&with_both(LID, &chat(7), "one"));
    texts_of(&test, 1);
    daemon.posts(&message(SESSION, &chat(7), "Ana", "two"));
    texts_of(&test, 2);
    daemon.posts(&message(SESSION, LID, "Ana", "three"));
    assert_eq!(
        texts_of(&test, 3),
        [
            (LID.to_owned(), "one".to_owned()),
            (chat(7), "two".to_owned()),
            (LID.to_owned(), "three".to_owned())
        ]
    );
    the_history_is_one(&test, &["one", "two", "three"]);
    let conversations = test.history(&["--conversations"]);
    assert_eq!(conversations.len(), 1, "{conversations:?}");
}

#[test]
fn a_message_that_comes_under_both_ids_acts_once() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis).start();
    let message_id = new_message_id();
    let under = |id: &str| message_with("message", SESSION, id, "Ana", "one", &message_id);
    assert_eq!(daemon.posts(&under(LID))["result"], "queued");
    assert_eq!(daemon.posts(&under(&chat(7)))["result"], "duplicate");
}

/// An event shows that both ids are one person while both wait in line.
#[test]
fn a_customer_with_two_places_in_line_keeps_the_better_one() {
    for lid_first in [true, false] {
        let (test, redis) = (TestSetup::new(), Redis::start());
        let daemon = busy(&test, &redis);
        let (first, second) = if lid_first {
            (LID.to_owned(), chat(7))
        } else {
            (chat(7), LID.to_owned())
        };
        assert_eq!(place(&daemon, &message(SESSION, &first, "Ana", "a")).1, 1);
        assert_eq!(place(&daemon, &message(SESSION, &chat(2), "Bia", "b")).1, 2);
        assert_eq!(place(&daemon, &message(SESSION, &second, "Ana", "c")).1, 3);
        assert_eq!(
            place(&daemon, &with_both(LID, &chat(7), "d")),
            ("queued".to_owned(), 1)
        );
        assert_eq!(redis.number("ZCARD waha-sm:{default}:queue"), 2);
        frees_the_worker(&daemon);
        test.texts(&chat(1), 2);
        assert_eq!(echoes(&test, 3), ["a", "c", "d"]);
        the_history_is_one(&test, &["a", "c", "d"]);
    }
}

/// The event does not name the other id, so WAHA is asked.
#[test]
fn waha_is_asked_for_the_number_behind_a_hidden_id() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    test.waha.teach_lid(LID, &chat(7));
    let daemon = busy(&test, &redis);
    daemon.posts(&message(SESSION, &chat(7), "Ana", "a"));
    daemon.posts(&message(SESSION, LID, "Ana", "b"));
    daemon.wait_for_log("linked a hidden id to its phone number");
    assert_eq!(redis.number("ZCARD waha-sm:{default}:queue"), 1);
    frees_the_worker(&daemon);
    let texts = echoes(&test, 2);
    assert_eq!(texts, ["a", "b"]);
    assert_eq!(redis.number("ZCARD waha-sm:{default}:unmapped"), 0);
}

/// The merge happens while the conversation of one id is active and that of the other waits.
#[test]
fn an_active_conversation_continues_under_the_number() {
    for active_under_lid in [true, false] {
        let (test, redis) = (TestSetup::new(), Redis::start());
        let daemon = setup(&test, &redis).start();
        let (first, second) = if active_under_lid {
            (LID.to_owned(), chat(7))
        } else {
            (chat(7), LID.to_owned())
        };
        daemon.posts(&message(SESSION, &first, "Ana", "a"));
        texts_of(&test, 1);
        daemon.posts(&message(SESSION, &second, "Ana", "b"));
        daemon.posts(&with_both(&second, &first, "c"));
        let texts = echoes(&test, 3);
        assert_eq!(texts, ["a", "b", "c"]);
        assert_eq!(redis.number("ZCARD waha-sm:{default}:queue"), 0);
        assert_eq!(redis.number("HLEN waha-sm:{default}:active"), 1);
        // The only worker is free once they leave.
        daemon.posts(&message(SESSION, &first, "Ana", "sair"));
        daemon.customer_writes(&chat(2), "next");
        assert!(test.texts(&chat(2), 1).contains(&"next".to_owned()));
    }
}

/// Replies to both ids wait while WAHA fails.
#[test]
fn replies_to_both_ids_are_sent_in_one_order() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis).set("WORKERS", "2").start();
    test.waha
        .behave(Behaviour::Answers(503, "{}".into(), vec![]));
    let lanes = |key: &str| redis.number(&format!("LLEN waha-sm:{{default}}:lane:{key}"));
    daemon.posts(&message(SESSION, LID, "Ana", "a"));
    eventually("a reply waits", || (lanes(LID) == 1).then_some(()));
    daemon.posts(&message(SESSION, &chat(7), "Ana", "b"));
    eventually("a reply waits", || (lanes(&chat(7)) == 1).then_some(()));
    // The merge is postponed while replies to both are in flight; new replies still go to the hidden id.
    let mut said = 0;
    eventually("both lanes are one", || {
        daemon.posts(&with_both(LID, &chat(7), &format!("{said}")));
        said += 1;
        (lanes(LID) == 0).then_some(())
    });
    daemon.posts(&message(SESSION, LID, "Ana", "last"));
    test.waha.behave(Behaviour::Well);
    let texts = echoes(&test, said + 3);
    assert_eq!(texts.last().map(String::as_str), Some("last"), "{texts:?}");
    let place = |text: &str| texts.iter().position(|one| one == text);
    // Either reply may go first, because either may have been in flight before the merge.
    assert!(place("b").is_some() && place("a") < place("0"), "{texts:?}");
    for one in 1..said {
        assert!(
            place(&(one - 1).to_string()) < place(&one.to_string()),
            "{texts:?}"
        );
    }
}

/// WAHA doesn't know the number, and nothing is delayed.
#[test]
fn a_customer_without_a_number_is_served_too() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis).start();
    daemon.posts(&message(SESSION, LID, "Ana", "one"));
    texts_of(&test, 1);
    test.waha
        .wait_for(PATIENCE, |_, calls| {
            calls
                .iter()
                .any(|call| call.path.contains("/lids/"))
                .then_some(())
        })
        .unwrap();
    daemon.posts(&message(SESSION, LID, "Ana", "two"));
    assert_eq!(
        texts_of(&test, 2),
        [
            (LID.to_owned(), "one".to_owned()),
            (LID.to_owned(), "two".to_owned())
        ]
    );
}
