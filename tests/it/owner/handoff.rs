//! The step that hands a customer to a person: the customer waits under their ticket and holds no worker.

use serde_json::{Value, json};

use crate::harness::{Daemon, Redis, SESSION, Setup, TestSetup, chat, eventually};
use crate::webhook::{message_with, new_message_id};

/// A flow that asks for the subject and hands off. WITHIN is the longest wait.
const FLOW: &str = r#"
name = "test"
locale = "en"
start = "ask"
[notices]
first_after = "200ms"
at_most_every = "1s"
[texts]
position = "place {{ position }}{% if wait %}, {{ wait }}{% endif %}"
next = "you are next"
left = "you left"
[step.ask]
ask = "hello"
save = "subject"
next = "person"
[step.person]
handoff = ["somebody will come", "about {{ subject }}"]
within = "WITHIN"
otherwise = "nobody"
[step.nobody]
ask = "nobody came; your number?"
next = "bye"
[step.bye]
say = "we call {{ answer }}"
end = "call_back"
"#;

/// The chat where the owner is notified.
const OWNER: &str = "120363000000000007@g.us";

fn setup(test: &TestSetup, redis: &Redis, within: &str) -> Setup {
    let flow = FLOW.replace("WITHIN", within);
    test.all(redis)
        .set("FLOW_FILE", test.flow(&flow))
        .set("NOTIFY_CHAT", OWNER)
}

/// A customer writes and answers, and then waits for a person.
#[track_caller]
fn hands_off(test: &TestSetup, daemon: &Daemon, chat: &str) {
    daemon.customer_writes(chat, "hi");
    let before = test.texts(chat, 1).len();
    daemon.customer_writes(chat, "a cake");
    let texts = test.texts(chat, before + 2);
    assert_eq!(
        texts[before..before + 2],
        ["somebody will come", "about a cake"]
    );
}

fn owner_writes(daemon: &Daemon, chat: &str, text: &str) {
    let message_id = new_message_id();
    let mut event = message_with("message.any", SESSION, chat, "Shop", text, &message_id);
    event["payload"]["id"] = format!("true_{chat}_{message_id}").into();
    event["payload"]["fromMe"] = true.into();
    daemon.posts(&event);
}

fn waiting(daemon: &Daemon) -> Option<f64> {
    daemon.metric("waha_sm_waiting_for_person{session=\"default\"}")
}

fn outcomes(test: &TestSetup, chat: &str) -> Vec<Value> {
    let found = test.history(&["--chat", chat, "--conversations"]);
    found.iter().map(|one| one["outcome"].clone()).collect()
}

#[test]
fn a_customer_who_waits_for_a_person_holds_no_worker_and_gets_notices_until_the_owner_answers() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let setup = setup(&test, &redis, "1h");
    let mut daemon = setup.start();
    let [first, second, third] = [1, 2, 3].map(chat);
    // The only worker is free after each handoff.
    hands_off(&test, &daemon, &first);
    hands_off(&test, &daemon, &second);
    assert_eq!(test.texts(&first, 4)[3], "you are next");
    assert_eq!(test.texts(&second, 4)[3], "place 2");
    assert_eq!(waiting(&daemon), Some(2.0));
    let texts = test.texts(OWNER, 2);
    let notice_of_second = "Ana (+5511900000002) is waiting for a person: \"a cake\". Customers waiting: 2. Reply in their chat, from your phone.";
    assert!(texts.contains(&notice_of_second.to_owned()), "{texts:?}");

    // A restart changes nothing, because everything is in Redis.
    daemon.kill();
    let daemon = setup.start();
    assert_eq!(
        daemon.customer_writes(&second, "position"),
        json!({"result": "queued", "position": 2})
    );
    assert_eq!(test.texts(&second, 5)[4], "place 2");

    owner_writes(&daemon, &first, "hi, this is Jo");
    assert_eq!(test.texts(&second, 6)[5], "you are next");
    assert_eq!(
        daemon.customer_writes(&first, "at last"),
        json!({"result": "phone"})
    );
    assert_eq!(waiting(&daemon), Some(1.0));

    daemon.customer_writes(&second, "leave");
    assert_eq!(test.texts(&second, 7)[6], "you left");
    eventually("nobody waits for a person", || {
        (waiting(&daemon) == Some(0.0)).then_some(())
    });
    owner_writes(&daemon, &first, "#fim");
    eventually("both are closed", || {
        let closed = (outcomes(&test, &first), outcomes(&test, &second));
        (closed == (vec![json!("phone")], vec![json!("left")])).then_some(())
    });
    // The worker still serves other customers.
    hands_off(&test, &daemon, &third);
    assert_eq!(test.waha.texts(&first).len(), 4);
    assert_eq!(
        test.texts(OWNER, 3).len(),
        3,
        "one notification per customer"
    );
}

#[test]
fn if_nobody_answers_in_time_the_flow_continues_under_the_old_ticket() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis, "1s").start();
    let one = chat(1);
    hands_off(&test, &daemon, &one);
    // This message is for the person; it does not answer the next question.
    daemon.customer_writes(&one, "anybody?");
    eventually("the flow continues", || {
        let texts = test.waha.texts(&one);
        texts
            .contains(&"nobody came; your number?".to_owned())
            .then_some(())
    });
    daemon.customer_writes(&one, "55 11");
    eventually("the answer counts", || {
        test.waha
            .texts(&one)
            .contains(&"we call 55 11".to_owned())
            .then_some(())
    });
    eventually("the conversation is closed once", || {
        (outcomes(&test, &one) == [json!("call_back")]).then_some(())
    });
}
