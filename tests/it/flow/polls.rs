//! Poll votes: a customer's choice is an answer if a question is open.

use serde_json::{Value, json};

use crate::harness::{Redis, SESSION, TestSetup, chat, eventually};
use crate::webhook::now_ms;

const SURVEY: &str = r#"
start = "first"
[step.first]
ask = "How was it?"
options = { "otimo" = "second", "ruim" = "second" }
save = "first"
[step.second]
ask = "And the food?"
save = "second"
next = "bye"
[step.bye]
say = "{{ first }}, {{ second }}"
end = "done"
"#;

/// A customer's vote in one of our polls.
fn vote(id: &str, options: &[&str]) -> Value {
    json!({
        "id": format!("evt_{id}"), "event": "poll.vote", "session": SESSION, "timestamp": now_ms(), "engine": "NOWEB",
        "payload": {
            "vote": {"id": format!("false_{}_{id}", chat(1)), "to": "me", "from": chat(1), "fromMe": false,
                "selectedOptions": options, "timestamp": now_ms()},
            "poll": {"id": format!("true_{}_3EB0B011", chat(1)), "to": chat(1), "from": "me", "fromMe": true},
        },
    })
}

#[test]
fn a_poll_vote_answers_an_open_question_once_and_opens_no_conversation() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("FLOW_FILE", test.flow(SURVEY)).start();
    let result = |event: &Value| daemon.posts(event)["result"].clone();
    assert_eq!(result(&vote("3A01", &["Ruim"])), "recorded");
    assert_eq!(result(&vote("3A01", &["Ruim"])), "duplicate");
    assert_eq!(redis.number("ZCARD waha-sm:{default}:queue"), 0);
    daemon.customer_writes(&chat(1), "hi");
    assert_eq!(test.texts(&chat(1), 1), ["How was it?"]);
    for (path, value) in [
        ("/payload/vote/selectedOptions", json!([])),
        ("/payload/vote/selectedOptions", Value::Null),
        ("/payload/vote/id", json!("true_5511900000001@c.us_3A02")),
        (
            "/payload/vote/id",
            json!("false_120363000000000000@g.us_3A02_5511900000001@c.us"),
        ),
        (
            "/payload/poll/id",
            json!("false_5511900000001@c.us_3EB0B011"),
        ),
        ("/event", json!("poll.vote.failed")),
    ] {
        let mut other = vote("3A02", &["Ruim"]);
        *other.pointer_mut(path).unwrap() = value;
        assert_eq!(result(&other), "ignored", "{other}");
    }
    assert_eq!(result(&vote("3A03", &["👍 Ótimo"])), "active");
    assert_eq!(result(&vote("3A03", &["👍 Ótimo"])), "duplicate");
    assert_eq!(test.texts(&chat(1), 2)[1], "And the food?");
    // Another choice in the same poll is a new message.
    assert_eq!(result(&vote("3A04", &["Good", "Cheap"])), "active");
    assert_eq!(test.texts(&chat(1), 3)[2], "otimo, Good, Cheap");
    let closed = eventually("the conversation is closed", || {
        let all = test.history(&["--conversations"]);
        all.first()
            .filter(|one| one["outcome"] == "done")
            .map(|_| all.len())
    });
    assert_eq!(closed, 1);
    assert_eq!(result(&vote("3A05", &["Ruim"])), "recorded");
    assert_eq!(redis.number("ZCARD waha-sm:{default}:queue"), 0);
    eventually("every valid vote is in the history", || {
        let all = test.history(&["--chat", &chat(1)]);
        let theirs = all
            .iter()
            .filter(|one| one["direction"] == "inbound")
            .count();
        (theirs == 5).then_some(())
    });
}
