//! The history has every message once, whatever happens while it is written.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::harness::{Redis, SESSION, TestSetup, chat, eventually};
use crate::webhook::{message_with, new_message_id, now_ms};

#[test]
fn after_a_kill_under_load_the_history_has_each_message_once() {
    let test = TestSetup::new();
    let setup = test
        .setup("all")
        .set("FLOW_FILE", test.echo())
        .set("WORKERS", "10");
    let mut daemon = setup.start();
    let events: Vec<Value> = (0..400)
        .map(|n| {
            message_with(
                "message",
                SESSION,
                &chat(1 + n % 10),
                "Ana",
                &format!("m{n}"),
                &new_message_id(),
            )
        })
        .collect();
    for (n, event) in events.iter().enumerate() {
        if n == 150 || n == 300 {
            daemon.kill();
            daemon = setup.start();
        }
        // Like WAHA: repeats until the event is accepted.
        eventually("the event is accepted", || {
            (daemon.poster.post(event).ok()?.0 == 200).then_some(())
        });
    }
    let all = eventually("everything is archived", || {
        let all = test.history(&[]);
        let of = |author: &str| all.iter().filter(|one| one["author"] == author).count();
        (of("customer") == 400 && of("bot") >= 400).then_some(all)
    });
    let mut inbound: HashMap<&str, usize> = HashMap::new();
    for one in all.iter().filter(|one| one["direction"] == "inbound") {
        *inbound.entry(one["text"].as_str().unwrap()).or_default() += 1;
    }
    assert!(inbound.len() == 400 && inbound.values().all(|count| *count == 1));
    // A reply in flight at the kill may have been sent twice; none is missing or out of order.
    for n in 0..10 {
        let mut texts = test.waha.texts(&chat(1 + n));
        texts.dedup();
        let wanted: Vec<String> = (0..400)
            .filter(|m| m % 10 == n)
            .map(|m| format!("m{m}"))
            .collect();
        assert_eq!(texts, wanted);
    }
}

#[test]
fn acks_edits_revocations_and_our_own_messages_find_their_message_in_any_order() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    let chat = chat(1);
    let message_id = new_message_id();
    daemon.posts(&message_with(
        "message",
        SESSION,
        &chat,
        "Ana",
        "helo",
        &message_id,
    ));
    let sent = test
        .waha
        .wait_for(crate::harness::PATIENCE, |sent, _| sent.first().cloned())
        .unwrap();
    let event = |name: &str, payload: Value| {
        json!({"event": name, "session": SESSION, "id": format!("evt_{}", new_message_id()), "payload": payload,
               "environment": {"engine": "GOWS"}})
    };
    let ours = format!("true_{chat}_{}", sent.message_id);
    let ack = |ack: i8| {
        event(
            "message.ack",
            json!({"id": ours, "from": chat, "fromMe": true, "ack": ack, "ackName": "X"}),
        )
    };
    for number in [3, 1, 2, 3] {
        assert_eq!(daemon.posts(&ack(number))["result"], "recorded");
    }
    let read = ack(3);
    daemon.posts(&read);
    assert_eq!(
        daemon.posts(&read)["result"],
        "duplicate",
        "the same event again"
    );
    let echo = event(
        "message.any",
        json!({"id": ours, "from": chat, "fromMe": true, "source": "api", "body": "helo",
               "timestamp": now_ms() / 1_000}),
    );
    assert_eq!(daemon.posts(&echo)["result"], "recorded");
    let phone = event(
        "message.any",
        json!({"id": format!("true_{chat}_PHONE1"), "from": chat, "fromMe": true, "source": "app", "body": "I am the owner"}),
    );
    assert_eq!(daemon.posts(&phone)["result"], "recorded");
    let edit = event(
        "message.edited",
        json!({"id": format!("false_{chat}_EDIT1"), "from": chat, "fromMe": false, "body": "hello", "editedMessageId": message_id}),
    );
    assert_eq!(daemon.posts(&edit)["result"], "recorded");
    let revoked = event(
        "message.revoked",
        json!({"after": {"id": format!("true_{chat}_REVOKE1"), "from": chat, "fromMe": true}, "revokedMessageId": "PHONE1"}),
    );
    assert_eq!(daemon.posts(&revoked)["result"], "recorded");
    let unknown = event(
        "message.ack",
        json!({"id": "true_5511000000000@c.us_X", "from": "5511000000000@c.us", "fromMe": true, "ack": 3}),
    );
    assert_eq!(
        daemon.posts(&unknown)["result"],
        "ignored",
        "a chat that we don't know"
    );

    let failed = event(
        "message.ack",
        json!({"id": ours, "from": chat, "fromMe": true, "ack": -1, "ackName": "ERROR"}),
    );
    daemon.posts(&failed);
    daemon.wait_for_log("WhatsApp did not deliver a reply");

    let all = eventually("everything is archived", || {
        let all = test.history(&["--chat", &chat]);
        let done = all.len() == 3
            && all.iter().any(|one| one["text"] == "hello")
            && all.iter().any(|one| one["failed"] == true);
        done.then_some(all)
    });
    let by = |author: &str| all.iter().find(|one| one["author"] == author).unwrap();
    assert_eq!(
        (
            by("customer")["stanza"].as_str(),
            by("customer")["text"].as_str()
        ),
        (Some(&*message_id), Some("hello"))
    );
    assert_eq!(
        (by("bot")["ack"].as_i64(), by("bot")["text"].as_str()),
        (Some(3), Some("helo"))
    );
    assert_eq!(by("phone")["text"], "I am the owner");
    assert!(!by("phone")["revoked_at"].is_null(), "{}", by("phone"));
}

#[test]
fn the_history_is_searched_while_the_daemon_runs() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.echo())
        .set("WORKERS", "2")
        .start();
    daemon.customer_writes(&chat(1), "A consulta é amanhã");
    daemon.customer_writes(&chat(2), "bom dia \u{1b}[31mvermelho");
    test.texts(&chat(1), 1);
    test.texts(&chat(2), 1);
    eventually("both are archived", || {
        (test.history(&[]).len() == 4).then_some(())
    });
    assert_eq!(
        test.history(&["--search", "AMANHA consulta"]).len(),
        2,
        "case, accents and order don't matter"
    );
    assert_eq!(test.history(&["--search", "amanha bom"]).len(), 0);
    assert_eq!(test.history(&["--chat", &chat(2)]).len(), 2);
    assert_eq!(test.history(&["--since", "1h"]).len(), 4);
    assert_eq!(test.history(&["--since", "2999-01-01"]).len(), 0);
    let output = crate::harness::binary()
        .arg("history")
        .env("DATA_DIR", test.directory.path().join("data"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("A consulta é amanhã") && !text.contains('\u{1b}'),
        "{text}"
    );
}
