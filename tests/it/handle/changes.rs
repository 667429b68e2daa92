//! A customer edits or withdraws a message: this changes what the flow reads, as long as the message is unread.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Daemon, Redis, RedisAddress, SESSION, Setup, TestSetup, chat, eventually};
use crate::webhook::{message_with, new_message_id, now_ms};

/// A flow that repeats every answer with a mark before it.
fn echo(burst: &str) -> String {
    format!(
        "start = 'hello'\n[timeouts]\nburst = '{burst}'\n[notices]\nfirst_after = '100ms'\n[step.hello]\nask = 'hello: {{{{ opening }}}}'\n\
         save = 'said'\nnext = 'echo'\n[step.echo]\nask = '+{{{{ said }}}}'\nsave = 'said'\nnext = 'echo'\n"
    )
}

fn setup(test: &TestSetup, redis: &Redis, burst: &str) -> Setup {
    test.all(redis).set("FLOW_FILE", test.flow(&echo(burst)))
}

/// The customer writes. Returns the message's id.
#[track_caller]
fn writes(daemon: &Daemon, chat: &str, text: &str) -> String {
    let id = new_message_id();
    writes_as(daemon, chat, text, &id);
    id
}

#[track_caller]
fn writes_as(daemon: &Daemon, chat: &str, text: &str, id: &str) -> Value {
    daemon.posts(&message_with("message", SESSION, chat, "Ana", text, id))
}

/// The event of an edit: its own id, and that of the message.
fn edit(chat: &str, message: &str, text: Option<&str>) -> Value {
    let mut event = message_with(
        "message.edited",
        SESSION,
        chat,
        "Ana",
        "",
        &new_message_id(),
    );
    event["payload"]["body"] = text.into();
    event["payload"]["editedMessageId"] = message.into();
    event
}

fn withdrawal(chat: &str, message: &str) -> Value {
    let id = new_message_id();
    json!({
        "event": "message.revoked", "session": SESSION, "timestamp": now_ms(), "id": format!("evt_{id}"),
        "payload": {
            "after": {"id": format!("false_{chat}_{id}"), "from": chat, "fromMe": false, "to": null},
            "before": null, "revokedMessageId": message,
        },
        "environment": {"version": "2026.7.1", "engine": "GOWS", "tier": "CORE", "browser": null},
    })
}

#[track_caller]
fn recorded(daemon: &Daemon, event: &Value) {
    assert_eq!(daemon.posts(event), json!({"result": "recorded"}));
}

/// Whether the first message of an inbox has these words.
fn inbox_has(redis: &Redis, chat: &str, part: &str) -> bool {
    let find = format!("string.find(redis.call('LINDEX', KEYS[1], 0), '{part}', 1, true) or 0");
    let found = format!("EVAL \"return {find}\" 1 waha-sm:{{default}}:inbox:{chat}");
    redis.number(&found) > 0
}

fn inbox_length(redis: &Redis, chat: &str) -> i64 {
    redis.number(&format!("LLEN waha-sm:{{default}}:inbox:{chat}"))
}

#[test]
fn an_edit_within_a_burst_is_what_is_heard() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis, "4s").start();
    let ana = chat(1);
    // The message that opens the conversation.
    let opening = writes(&daemon, &ana, "oi, qero marcar");
    recorded(&daemon, &edit(&ana, &opening, Some("oi, quero marcar")));
    assert_eq!(test.texts(&ana, 1), ["hello: oi, quero marcar"]);
    // An answer among others, edited twice; an older edit that comes late changes nothing.
    let answer = writes(&daemon, &ana, "quero 2");
    writes(&daemon, &ana, "por favor");
    let mut older = edit(&ana, &answer, Some("quero 9"));
    older["timestamp"] = (now_ms() - 5_000).into();
    recorded(&daemon, &edit(&ana, &answer, Some("quero 4")));
    recorded(&daemon, &edit(&ana, &answer, Some("quero \"3\"")));
    recorded(&daemon, &older);
    assert_eq!(test.texts(&ana, 2)[1], "+quero \"3\"\npor favor");
    // After the answer, an edit changes only the history.
    recorded(&daemon, &edit(&ana, &answer, Some("quero 5")));
    writes(&daemon, &ana, "ok");
    assert_eq!(test.texts(&ana, 3)[2], "+ok");
    eventually("the history has the last words and the first", || {
        let rows = test.history(&["--chat", &ana]);
        let row = rows.iter().find(|row| row["first_text"] == "quero 2")?;
        (row["text"] == "quero 5").then_some(())
    });
}

/// A process that posts events, and another one, whose way to Redis the test can close, that answers them.
fn listener_and_worker(
    test: &TestSetup,
    redis: &Redis,
    burst: &str,
) -> (Daemon, Daemon, RedisAddress) {
    let address = RedisAddress::of(redis);
    let start = |role, url| {
        let setup = test.setup(role).set("REDIS_URL", url);
        let setup = setup.set("FLOW_FILE", test.flow(&echo(burst)));
        setup.set("WORKERS", "2").start()
    };
    let worker = start("work", address.url());
    (start("serve", redis.url()), worker, address)
}

#[test]
fn what_happens_while_a_claim_is_on_its_way_is_heard() {
    for burst in ["4s", "0s"] {
        let (test, redis) = (TestSetup::new(), Redis::start());
        let (listener, _worker, address) = listener_and_worker(&test, &redis, burst);
        // From now on Redis knows the script that claims.
        writes(&listener, &chat(2), "hello");
        test.texts(&chat(2), 1);
        let ana = chat(1);
        let answers = address.holds_answers();
        let opening = writes(&listener, &ana, "oi, qero marcar");
        eventually("it is claimed", || {
            (redis.number("HLEN waha-sm:{default}:active") == 2).then_some(())
        });
        recorded(&listener, &edit(&ana, &opening, Some("oi, quero marcar")));
        writes(&listener, &ana, "por favor");
        // The worker hears these bells first, and then the answer to its claim.
        let rung = Instant::now();
        eventually("the bells have been heard", || {
            (rung.elapsed() > Duration::from_millis(300)).then_some(())
        });
        drop(answers);
        assert_eq!(test.texts(&ana, 1), ["hello: oi, quero marcar\npor favor"]);
    }
}

#[test]
fn an_edit_whose_bell_comes_too_late_is_heard() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let (listener, worker, address) = listener_and_worker(&test, &redis, "4s");
    let ana = chat(1);
    let opening = writes(&listener, &ana, "oi, qero marcar");
    worker.wait_for_log("claimed a conversation");
    let _bells = address.holds_bells();
    recorded(&listener, &edit(&ana, &opening, Some("oi, quero marcar")));
    assert_eq!(test.texts(&ana, 1), ["hello: oi, quero marcar"]);
}

#[test]
fn an_edit_whose_words_are_unknown_leaves_the_old_ones() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis, "4s").start();
    let ana = chat(1);
    let opening = writes(&daemon, &ana, "oi");
    recorded(&daemon, &edit(&ana, &opening, Some("")));
    recorded(&daemon, &edit(&ana, &opening, None));
    assert_eq!(test.texts(&ana, 1), ["hello: oi"]);
}

#[test]
fn a_message_withdrawn_before_it_is_read_is_not_heard() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis, "4s").start();
    let ana = chat(1);
    let opening = writes(&daemon, &ana, "oops");
    writes(&daemon, &ana, "hello");
    recorded(&daemon, &withdrawal(&ana, &opening));
    assert_eq!(test.texts(&ana, 1), ["hello: hello"]);
    // The only answer of a burst: nothing is said until the next one.
    let answer = writes(&daemon, &ana, "wrong chat");
    recorded(&daemon, &withdrawal(&ana, &answer));
    let last = writes(&daemon, &ana, "sorry");
    assert_eq!(test.texts(&ana, 2)[1], "+sorry");
    eventually("everything is consumed", || {
        (inbox_length(&redis, &ana) == 0).then_some(())
    });
    // Too late: it was answered.
    recorded(&daemon, &withdrawal(&ana, &last));
    writes(&daemon, &ana, "bye");
    assert_eq!(test.texts(&ana, 3)[2], "+bye");
}

#[test]
fn a_conversation_opened_only_by_withdrawn_messages_closes_in_silence() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis, "4s").start();
    let (ana, bia) = (chat(1), chat(2));
    let [one, two] = ["oops", "wrong chat"].map(|text| writes(&daemon, &ana, text));
    recorded(&daemon, &withdrawal(&ana, &two));
    recorded(&daemon, &withdrawal(&ana, &one));
    eventually("it closed", || {
        let found = test.history(&["--chat", &ana, "--conversations"]);
        (found.first()?["outcome"] == "withdrawn").then_some(())
    });
    // The worker is free, and Ana is served when she writes again.
    writes(&daemon, &bia, "hi");
    assert_eq!(test.texts(&bia, 1), ["hello: hi"]);
    assert_eq!(test.waha.texts(&ana), [""; 0]);
    assert!(!daemon.log().contains("lost this conversation"));
    assert_eq!(inbox_length(&redis, &ana), 0);
}

#[test]
fn edits_and_withdrawals_count_while_the_customer_waits_in_line() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis, "0s").start();
    let [busy, ana, bia, leo] = [1, 2, 3, 4].map(chat);
    writes(&daemon, &busy, "first");
    test.texts(&busy, 1);
    let edited = writes(&daemon, &ana, "quero 2");
    let withdrawn = writes(&daemon, &bia, "oops");
    writes(&daemon, &leo, "hello");
    eventually("the last one is third", || {
        (redis.number("ZCARD waha-sm:{default}:queue") == 3).then_some(())
    });
    recorded(&daemon, &edit(&ana, &edited, Some("quero 3")));
    recorded(&daemon, &withdrawal(&bia, &withdrawn));
    // She left the line, and the others keep their places.
    assert_eq!(redis.number("ZCARD waha-sm:{default}:queue"), 2);
    assert_eq!(
        writes_as(&daemon, &leo, "still there", &new_message_id()),
        json!({"result": "queued", "position": 2})
    );
    let said_to_bia = test.waha.texts(&bia);
    writes(&daemon, &busy, "leave");
    let heard = |chat: &str| {
        test.waha
            .texts(chat)
            .iter()
            .any(|text| text == "hello: quero 3")
    };
    eventually("the edited words are heard", || heard(&ana).then_some(()));
    assert_eq!(test.waha.texts(&bia), said_to_bia);
    assert_eq!(
        writes_as(&daemon, &bia, "me again", &new_message_id())["result"],
        "queued"
    );
}

#[test]
fn changes_within_a_burst_survive_a_kill() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let setup = setup(&test, &redis, "4s");
    let mut daemon = setup.start();
    let (ana, bia) = (chat(1), chat(2));
    let [one, two] = ["one", "two"].map(|text| writes(&daemon, &ana, text));
    let only = writes(&daemon, &bia, "only");
    recorded(&daemon, &edit(&ana, &one, Some("ONE")));
    recorded(&daemon, &withdrawal(&ana, &two));
    recorded(&daemon, &withdrawal(&bia, &only));
    daemon.kill();
    let daemon = setup.start();
    assert_eq!(test.texts(&ana, 1), ["hello: ONE"]);
    // The line moves on although nothing is said to Bia.
    writes(&daemon, &ana, "leave");
    writes(&daemon, &chat(3), "next");
    assert_eq!(test.texts(&chat(3), 1).len(), 1);
    assert_eq!(test.waha.texts(&bia), [""; 0]);
}

#[test]
fn a_change_under_the_persons_other_id_or_before_its_message_counts() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis, "3s").start();
    let (number, lid) = (chat(1), "177700000000001@lid");
    let opening = new_message_id();
    // We don't know yet that both ids are one person. The edit counts as soon as WAHA says so.
    recorded(&daemon, &edit(&number, &opening, Some("quero 3")));
    writes_as(&daemon, lid, "quero 2", &opening);
    assert!(!inbox_has(&redis, lid, "quero 3"));
    test.waha.teach_lid(lid, &number);
    assert_eq!(test.texts(lid, 1), ["hello: quero 3"]);
    eventually("the history shows the new words", || {
        let rows = test.history(&["--chat", &number]);
        rows.iter()
            .any(|row| row["first_text"] == "quero 2" && row["text"] == "quero 3")
            .then_some(())
    });

    let ana = chat(2);
    let [edited, withdrawn] = [new_message_id(), new_message_id()];
    daemon.posts(&edit(&ana, &edited, Some("quero 3")));
    daemon.posts(&withdrawal(&ana, &withdrawn));
    assert_eq!(
        writes_as(&daemon, &ana, "oops", &withdrawn)["result"],
        "recorded"
    );
    assert_eq!(
        writes_as(&daemon, &ana, "quero 2", &edited)["result"],
        "queued"
    );
    writes(&daemon, lid, "leave");
    assert_eq!(test.texts(&ana, 1).last().unwrap(), "hello: quero 3");
}

#[test]
fn a_stranger_who_uses_the_message_ids_of_another_chat_changes_nothing_there() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis, "3s").start();
    let [ana, bia, leo] = [1, 2, 3].map(chat);
    let hidden = "177700000000009@lid";
    let id = writes(&daemon, &ana, "quero 2");
    // Strangers' devices choose the same id, for what they change and for what they write.
    for stranger in [bia.as_str(), hidden] {
        recorded(&daemon, &edit(stranger, &id, Some("quero 9")));
        recorded(&daemon, &withdrawal(stranger, &id));
    }
    let said = writes_as(&daemon, &leo, "also here", &id);
    assert_eq!(said["result"], "queued");
    let mut reaction = edit(&leo, &id, None);
    reaction["event"] = "message.reaction".into();
    reaction["payload"]["reaction"] =
        json!({"text": "👎", "messageId": format!("false_{leo}_{id}")});
    daemon.posts(&reaction);
    assert_eq!(test.texts(&ana, 1), ["hello: quero 2"]);
    writes(&daemon, &ana, "leave");
    eventually("the other chat is heard, too", || {
        let texts = test.waha.texts(&leo);
        (texts.last()? == "hello: also here").then_some(())
    });
    assert_eq!(
        writes_as(&daemon, &leo, "also here", &id)["result"],
        "duplicate"
    );
    eventually("the history has each under its own chat", || {
        let of = |chat: &str| test.history(&["--chat", chat]);
        let find = |chat: &str| of(chat).into_iter().find(|row| row["stanza"] == *id);
        let (first, second) = (find(&ana)?, find(&leo)?);
        assert_eq!(
            (&first["text"], &first["revoked_at"], &first["edits"]),
            (&json!("quero 2"), &Value::Null, &json!([]))
        );
        assert_eq!(first["reactions"], json!([]));
        (second["text"] == "also here" && second["reactions"][0]["text"] == "👎").then_some(())
    });
}

#[test]
fn an_edit_from_the_future_does_not_block_the_next_one() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis, "4s").start();
    let ana = chat(1);
    let message = writes(&daemon, &ana, "quero 2");
    // 9999, then times that are none.
    for (time, text) in [
        (json!(253_402_300_799_000_i64), "quero 3"),
        (json!(u64::MAX), "quero 4"),
        (json!(-5), "quero 5"),
        (json!(0), "quero 6"),
        (json!("NaN"), "quero 7"),
    ] {
        let mut event = edit(&ana, &message, Some(text));
        event["timestamp"] = time.clone();
        event["payload"]["timestamp"] = time;
        recorded(&daemon, &event);
    }
    recorded(&daemon, &edit(&ana, &message, Some("quero 8")));
    assert_eq!(test.texts(&ana, 1), ["hello: quero 8"]);
    eventually("the history shows the last words", || {
        let rows = test.history(&["--chat", &ana]);
        let row = rows.iter().find(|row| row["first_text"] == "quero 2")?;
        let latest = row["edits"]
            .as_array()?
            .iter()
            .filter_map(|edit| edit["at"].as_u64())
            .max()?;
        assert!(latest <= now_ms() + 10_000, "{row}");
        (row["text"] == "quero 8").then_some(())
    });
}

#[test]
fn a_photo_whose_link_comes_while_it_is_unread_is_heard_with_its_link() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis, "4s").start();
    let (ana, id) = (chat(1), new_message_id());
    let photo = |media: &Value| {
        let mut event = message_with("message", SESSION, &ana, "Ana", "look", &id);
        event["payload"]["hasMedia"] = true.into();
        event["payload"]["media"] = media.clone();
        event
    };
    assert_eq!(daemon.posts(&photo(&Value::Null))["result"], "queued");
    recorded(&daemon, &edit(&ana, &id, Some("look at this")));
    let link = json!({"url": "http://waha/1.jpeg", "mimetype": "image/jpeg"});
    assert_eq!(daemon.posts(&photo(&link))["result"], "duplicate");
    for part in ["http://waha/1.jpeg", "look at this"] {
        assert!(inbox_has(&redis, &ana, part), "the inbox has no {part}");
    }
    assert_eq!(test.texts(&ana, 1), ["hello: look at this"]);
}
