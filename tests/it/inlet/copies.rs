//! WAHA may report a message first without its content: a placeholder never uses up its turn, and a later copy completes it.

use serde_json::{Value, json};

use crate::fake_waha::Engine;
use crate::harness::{Daemon, Redis, SESSION, TestSetup, chat, eventually};
use crate::webhook::{message_with, new_message_id};

/// A message event with this id and content, as GOWS writes it.
fn event(name: &str, customer: &str, id: &str, content: &Value) -> Value {
    let mut event = message_with(name, SESSION, customer, "Ana", "", id);
    for (field, value) in content.as_object().unwrap() {
        match field.as_str() {
            "Message" => event["payload"]["_data"]["Message"] = value.clone(),
            _ => event["payload"][field] = value.clone(),
        }
    }
    event
}

fn placeholder() -> Value {
    json!({"body": null, "Message": {"placeholderMessage": {"type": 0}}})
}

fn words(text: &str) -> Value {
    json!({"body": text, "Message": {"conversation": text}})
}

fn photo(media: &Value) -> Value {
    json!({
        "body": null, "hasMedia": true, "media": media,
        "Message": {"imageMessage": {"mimetype": "image/jpeg", "URL": "https://mmg.whatsapp.net/1"}},
    })
}

/// Each answer to a question is `PEDIDO`, and anything else is `INVALIDO`.
const MENU: &str = r#"
start = "a"
[step.a]
ask = "MENU"
options = { "1" = "ok", "2" = "g" }
invalid = "INVALIDO"
attempts = 9
otherwise = "g"
[step.ok]
say = "PEDIDO"
end = "ok"
[step.g]
say = "PESSOA"
end = "gave"
"#;

fn start(test: &TestSetup, redis: &Redis, flow: &str) -> Daemon {
    let flow = test.flow(flow);
    test.all(redis).set("FLOW_FILE", flow).start()
}

#[track_caller]
fn results(daemon: &Daemon, events: &[(&Value, &str)]) {
    for (number, (event, result)) in events.iter().enumerate() {
        assert_eq!(daemon.posts(event)["result"], *result, "number {number}");
    }
}

/// The rows of a customer's messages, once there are so many and the last one has these fields.
#[track_caller]
fn in_history(test: &TestSetup, customer: &str, count: usize, last: &Value) -> Vec<Value> {
    eventually(&format!("{count} rows, the last one with {last}"), || {
        let mut rows = test.history(&["--chat", customer]);
        rows.retain(|row| row["direction"] == "inbound");
        let row = rows.last()?;
        let same = last
            .as_object()?
            .iter()
            .all(|(field, value)| row[field] == *value);
        (rows.len() == count && same).then_some(rows)
    })
}

#[test]
fn the_message_that_follows_a_placeholder_is_heard_and_is_one_row() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = start(&test, &redis, MENU);
    let (ana, id) = (chat(1), new_message_id());
    daemon.customer_writes(&ana, "oi");
    assert_eq!(test.texts(&ana, 1), ["MENU"]);
    results(
        &daemon,
        &[
            (&event("message", &ana, &id, &placeholder()), "recorded"),
            (
                &event("message.any", &ana, &id, &placeholder()),
                "duplicate",
            ),
            (&event("message", &ana, &id, &words("1")), "active"),
            (&event("message.any", &ana, &id, &words("1")), "duplicate"),
            // In the other order, the placeholder changes nothing.
            (&event("message", &ana, &id, &placeholder()), "duplicate"),
        ],
    );
    assert_eq!(test.texts(&ana, 2), ["MENU", "PEDIDO"]);
    in_history(&test, &ana, 2, &json!({"text": "1", "kind": "text"}));
}

#[test]
fn a_placeholder_alone_opens_nothing_and_its_message_opens_a_conversation_later() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let setup = test.all(&redis).set("FLOW_FILE", test.echo());
    let mut daemon = setup.start();
    let (ana, id) = (chat(1), new_message_id());
    results(
        &daemon,
        &[(&event("message", &ana, &id, &placeholder()), "recorded")],
    );
    in_history(&test, &ana, 1, &json!({"kind": "empty", "text": ""}));
    assert_eq!(test.history(&["--conversations"]), Vec::<Value>::new());
    daemon.kill();
    let daemon = setup.start();
    results(
        &daemon,
        &[(&event("message", &ana, &id, &words("finally")), "queued")],
    );
    assert_eq!(test.texts(&ana, 1), ["finally"]);
    in_history(&test, &ana, 1, &json!({"kind": "text", "text": "finally"}));
}

#[test]
fn the_message_behind_a_placeholder_is_found_by_catching_up() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    test.waha.imitate(Engine::Noweb);
    let setup = test
        .all(&redis)
        .set("FLOW_FILE", test.echo())
        .set("CATCH_UP_INTERVAL", "1h");
    let mut daemon = setup.start();
    let ana = chat(1);
    let lost = test.waha.customer_writes(SESSION, &ana, "Ana", "lost");
    let (_, id) = lost["payload"]["id"]
        .as_str()
        .unwrap()
        .rsplit_once('_')
        .unwrap();
    let placeholder = event("message", &ana, id, &placeholder());
    results(&daemon, &[(&placeholder, "recorded")]);
    daemon.kill();
    let daemon = setup.start();
    assert_eq!(test.texts(&ana, 1), ["lost"]);
    results(
        &daemon,
        &[(&lost, "duplicate"), (&placeholder, "duplicate")],
    );
    in_history(&test, &ana, 1, &json!({"text": "lost"}));
}

#[test]
fn a_file_whose_link_comes_later_is_handled_once_and_its_row_is_completed() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = start(
        &test,
        &redis,
        "start = 'a'\n[step.a]\nask = 'photo?'\nexpect = 'media'\ninvalid = 'no'\nnext = 'b'\n[step.b]\nask = 'thanks'\nnext = 'b'\n",
    );
    let (ana, id) = (chat(1), new_message_id());
    daemon.customer_writes(&ana, "oi");
    test.texts(&ana, 1);
    let link = json!({"url": "http://waha/1.jpeg", "mimetype": "image/jpeg"});
    let failed = json!({"url": null, "mimetype": "image/jpeg", "filename": "a.jpg", "error": {"message": "gone"}});
    results(
        &daemon,
        &[
            (&event("message", &ana, &id, &photo(&Value::Null)), "active"),
            (
                &event("message.any", &ana, &id, &photo(&Value::Null)),
                "duplicate",
            ),
        ],
    );
    assert_eq!(test.texts(&ana, 2), ["photo?", "thanks"]);
    results(
        &daemon,
        &[(&event("message", &ana, &id, &photo(&failed)), "duplicate")],
    );
    in_history(
        &test,
        &ana,
        2,
        &json!({"kind": "image", "media": {"mimetype": "image/jpeg", "filename": "a.jpg", "error": "gone"}}),
    );
    results(
        &daemon,
        &[
            (&event("message", &ana, &id, &photo(&link)), "duplicate"),
            (
                &event("message", &ana, &id, &photo(&Value::Null)),
                "duplicate",
            ),
        ],
    );
    let complete =
        json!({"url": "http://waha/1.jpeg", "mimetype": "image/jpeg", "filename": "a.jpg"});
    in_history(&test, &ana, 2, &json!({"kind": "image", "media": complete}));
    // It was handled once: the next answer is the next message.
    daemon.customer_writes(&ana, "ok");
    assert_eq!(test.texts(&ana, 3).len(), 3);
}

#[test]
fn the_owners_message_takes_the_chat_over_when_its_content_comes() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = start(&test, &redis, MENU);
    let (ana, id) = (chat(1), new_message_id());
    let own = |content: &Value| {
        let mut event = event("message.any", &ana, &id, content);
        event["payload"]["id"] = format!("true_{ana}_{id}").into();
        event["payload"]["fromMe"] = true.into();
        event
    };
    results(&daemon, &[(&own(&placeholder()), "recorded")]);
    assert_eq!(daemon.customer_writes(&ana, "oi")["result"], "queued");
    test.texts(&ana, 1);
    results(
        &daemon,
        &[
            (&own(&words("I am here")), "recorded"),
            (&own(&words("I am here")), "duplicate"),
        ],
    );
    assert_eq!(daemon.customer_writes(&ana, "thanks")["result"], "phone");
    eventually("the owner's words are one row", || {
        let rows = test.history(&["--chat", &ana]);
        let mut own = rows.iter().filter(|row| row["author"] == "phone");
        (own.next()?["text"] == "I am here" && own.next().is_none()).then_some(())
    });
}

#[test]
fn a_message_too_old_to_answer_does_not_use_up_its_turn() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    let (ana, id) = (chat(1), new_message_id());
    let young = event("message", &ana, &id, &words("hello"));
    let mut old = young.clone();
    old["payload"]["timestamp"] = 1_700_000_000.into();
    results(
        &daemon,
        &[(&old, "recorded"), (&young, "queued"), (&old, "duplicate")],
    );
    assert_eq!(test.texts(&ana, 1), ["hello"]);
    in_history(&test, &ana, 1, &json!({"text": "hello"}));
}
