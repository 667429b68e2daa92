//! What agents say: it leaves through the lane like the bot's replies, and the history names who said it.

use serde_json::{Value, json};

use crate::fake_waha::{Behaviour, Echo, Engine};
use crate::harness::{Daemon, Redis, SECRET, TestSetup, binary, chat, eventually};

/// Puts an agent's words into the lane of a chat.
fn agent_says(redis: &Redis, chat: &str, text: &str) {
    let said = json!({"id": format!("agent:{text}"), "conversation": "1", "text": text,
        "queued_at": jiff::Timestamp::now().as_millisecond(), "by": "ana", "wording": text.replace(' ', "")});
    let element = format!("r{said}").replace('"', "\\\"");
    redis.number(&format!(
        "RPUSH waha-sm:{{default}}:lane:{chat} \"{element}\""
    ));
    redis.number(&format!("ZADD waha-sm:{{default}}:lanes 0 {chat}"));
    redis.number("PUBLISH waha-sm:bell:lanes default");
}

fn start(test: &TestSetup, redis: &Redis) -> Daemon {
    test.all(redis)
        .set("FLOW_FILE", test.echo())
        .set("PACING", "human")
        .start()
}

/// The message of a chat with this text, once it has this state.
fn stored(test: &TestSetup, chat: &str, text: &str, state: &str) -> Value {
    let all = eventually("it is in the history", || {
        let all = test.history(&["--chat", chat]);
        let is_it = |one: &Value| one["text"] == text && one["state"] == state;
        all.iter().any(is_it).then_some(all)
    });
    let mut same = all.into_iter().filter(|one| one["text"] == text);
    let one = same.next().unwrap();
    assert_eq!(same.next(), None, "its echo is the same message");
    one
}

#[test]
fn the_words_of_an_agent_leave_without_typing_and_are_theirs_in_the_history() {
    for (engine, when) in [(Engine::Gows, Echo::Before), (Engine::Silent, Echo::After)] {
        let (test, redis) = (TestSetup::new(), Redis::start());
        let (daemon, one) = (start(&test, &redis), chat(1));
        test.waha.imitate(engine);
        test.waha.echo_to(&daemon.url, SECRET, when);
        daemon.customer_writes(&one, "hello");
        test.texts(&one, 1);
        agent_says(&redis, &one, "good morning");
        assert_eq!(test.texts(&one, 2), ["hello", "good morning"]);
        let typed = |path: &str| {
            let calls = test.waha.calls();
            calls.iter().filter(|call| call.path == path).count()
        };
        assert_eq!(typed("/api/startTyping"), 1, "only for the bot's reply");
        let said = stored(&test, &one, "good morning", "sent");
        assert_eq!(
            (&said["author"], &said["by"], &said["direction"]),
            (&json!("agent"), &json!("ana"), &json!("outbound"))
        );
        daemon.customer_writes(&one, "thank you");
        test.texts(&one, 3);
        let phone = |one: &Value| one["author"] == "phone";
        assert!(!test.history(&["--chat", &one]).iter().any(phone));
    }
}

#[test]
fn a_dead_reply_says_which_agent_wrote_it() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let (daemon, one) = (start(&test, &redis), chat(1));
    daemon.customer_writes(&one, "hello");
    test.texts(&one, 1);
    let body = json!({"message": "chat is odd", "statusCode": 400});
    test.waha
        .behave(Behaviour::Answers(400, body.to_string(), vec![]));
    agent_says(&redis, &one, "good morning");
    let said = stored(&test, &one, "good morning", "failed");
    assert_eq!(
        (&said["author"], &said["by"]),
        (&json!("agent"), &json!("ana"))
    );
    let dead = |arguments: &[&str]| {
        let mut list = binary();
        list.args(["dead", "list"]).args(arguments);
        let output = list.env("REDIS_URL", redis.url()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let shown = dead(&[]);
    assert!(shown.contains("good morning (by ana)"), "{shown}");
    let letter: Value = serde_json::from_str(&dead(&["--format", "jsonl"])).unwrap();
    assert_eq!(letter["by"], "ana");
    test.waha.behave(Behaviour::Well);
    let retry = ["dead", "retry", "--all"];
    let output = binary()
        .args(retry)
        .env("REDIS_URL", redis.url())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        stored(&test, &one, "good morning", "sent")["author"],
        "agent"
    );
}
