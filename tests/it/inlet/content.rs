//! The history says what a message is, and messages in which nobody said anything change nothing.

use serde_json::{Value, json};

use crate::harness::{
    PATIENCE, Redis, SESSION, TWO_QUESTIONS, TestSetup, binary, chat, eventually,
};
use crate::webhook::{message_with, new_message_id};

/// A message whose content is only in the engine's object, as NOWEB writes it.
fn wordless(event: &str, chat: &str, id: &str, message: &Value) -> Value {
    let mut event = message_with(event, SESSION, chat, "Ana", "", id);
    event["environment"]["engine"] = "NOWEB".into();
    event["payload"]["body"] = Value::Null;
    event["payload"]["_data"] = json!({"key": {"id": id}, "pushName": "Ana", "message": message});
    event
}

/// The only message of this chat in the history, as soon as it is as wanted.
#[track_caller]
fn kept(test: &TestSetup, chat: &str, what: &str, is: impl Fn(&Value) -> bool) -> Value {
    eventually(what, || {
        let mut kept = test.history(&["--chat", chat]);
        kept.retain(|message| message["direction"] == "inbound");
        (kept.len() == 1 && is(&kept[0])).then(|| kept.remove(0))
    })
}

#[test]
fn an_edit_that_could_not_be_read_keeps_the_words_and_says_so() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).start();
    let (customer, id) = (chat(1), new_message_id());
    let first = message_with(
        "message.any",
        SESSION,
        &customer,
        "Ana",
        "quero dois bolos",
        &id,
    );
    daemon.posts(&first);
    let mut edited = wordless(
        "message.edited",
        &customer,
        &new_message_id(),
        &json!({"protocolMessage": {"type": "MESSAGE_EDIT", "editedMessage": {"conversation": ""}}}),
    );
    edited["payload"]["editedMessageId"] = id.as_str().into();
    edited["payload"]["body"] = "".into();
    assert_eq!(daemon.posts(&edited)["result"], "recorded");
    let message = kept(&test, &customer, "the edit is in the history", |message| {
        message["edits"]
            .as_array()
            .is_some_and(|edits| edits.len() == 1)
    });
    assert_eq!(message["text"], "quero dois bolos");
    assert_eq!(message["edits"][0]["text"], Value::Null);
    let printed = binary()
        .args(["history", "--chat", &customer])
        .env("DATA_DIR", test.directory.path().join("data"))
        .output()
        .unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert!(
        printed.contains("→ quero dois bolos (edited ") && printed.contains("new words unknown)"),
        "{printed}"
    );
}

#[test]
fn why_a_file_is_missing_is_in_the_history_and_told_once() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let setup = test.all(&redis);
    let daemon = setup.start();
    let (customer, id) = (chat(1), new_message_id());
    for name in ["message", "message.any"] {
        let mut photo = wordless(
            name,
            &customer,
            &id,
            &json!({"imageMessage": {"mimetype": "image/jpeg"}}),
        );
        photo["payload"]["hasMedia"] = true.into();
        photo["payload"]["media"] = json!({
            "url": null, "filename": null, "mimetype": "image/jpeg",
            "error": {"details": "Error: Failed to fetch stream\n    at getMediaBuffer (/app/dist/session.js:1:1)"},
        });
        daemon.posts(&photo);
    }
    let message = kept(&test, &customer, "the photo is in the history", |_| true);
    assert_eq!(message["kind"], "image");
    assert_eq!(message["media"]["error"], "Error: Failed to fetch stream");
    let log = daemon.log();
    assert_eq!(log.matches("Failed to fetch stream").count(), 1, "{log}");
    assert!(!log.contains("getMediaBuffer"), "{log}");
}

#[test]
fn the_history_says_what_it_was() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).start();
    for (n, (message, kind, text)) in [
        (
            json!({"orderMessage": {"itemCount": 3, "orderTitle": "Loja", "totalAmount1000": "45000", "totalCurrencyCode": "BRL"}}),
            "order",
            "3 items: Loja, BRL 45.00",
        ),
        (json!({"productMessage": {"product": {"title": "Bolo"}}}), "product", "Bolo"),
        (json!({"declinePaymentRequestMessage": {"key": {}}}), "payment", "declined"),
        (json!({"groupInviteMessage": {"groupName": "Condomínio"}}), "invitation", "Condomínio"),
        (json!({"eventMessage": {"name": "Festa"}}), "event", "Festa"),
        (json!({"listMessage": {"title": "Menu"}}), "list", "Menu"),
        (json!({"viewOnceMessageV2": {"message": {}}}), "view_once", ""),
        (json!({"tomorrowMessage": {}}), "empty", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let customer = chat(n + 1);
        daemon.posts(&wordless("message.any", &customer, &new_message_id(), &message));
        let kept = kept(&test, &customer, "the message is in the history", |_| true);
        assert_eq!((kept["kind"].as_str(), kept["text"].as_str()), (Some(kind), Some(text)));
    }
}

#[test]
fn what_nobody_said_is_neither_in_the_history_nor_a_takeover() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow = test.flow(TWO_QUESTIONS);
    let daemon = test.all(&redis).set("FLOW_FILE", flow).start();
    let customer = chat(1);
    daemon.customer_writes(&customer, "oi");
    test.texts(&customer, 1);
    let timer =
        json!({"protocolMessage": {"type": "EPHEMERAL_SETTING", "ephemeralExpiration": 86400}});
    let pin = json!({"pinInChatMessage": {"type": 1}});
    for message in [timer, pin] {
        let id = new_message_id();
        let theirs = wordless("message.any", &customer, &id, &message);
        assert_eq!(daemon.posts(&theirs)["result"], "ignored");
        let id = new_message_id();
        let mut ours = wordless("message.any", &customer, &id, &message);
        ours["payload"]["id"] = format!("true_{customer}_{id}").into();
        ours["payload"]["fromMe"] = true.into();
        assert_eq!(daemon.posts(&ours)["result"], "ignored");
    }
    // The bot still listens, and the next message is the answer.
    daemon.customer_writes(&customer, "um");
    let texts = test.waha.wait_for(PATIENCE, |sent, _| {
        let texts: Vec<_> = sent.iter().map(|sent| sent.text.clone()).collect();
        (texts.len() >= 2).then_some(texts)
    });
    assert_eq!(texts.unwrap(), ["first?", "second?"]);
    let kept = eventually("both messages are in the history", || {
        let mut kept = test.history(&["--chat", &customer]);
        kept.retain(|message| message["direction"] == "inbound");
        (kept.len() >= 2).then_some(kept)
    });
    assert_eq!(kept.len(), 2, "{kept:?}");
}
