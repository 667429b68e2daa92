//! The line: its order, its notices, and customers who leave it.

use serde_json::json;

use crate::harness::{Daemon, Redis, Setup, TestSetup, chat, eventually};
use crate::webhook;

/// A flow with one question and early notices, so that no test has to wait for them.
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
ask = "hello, {{ opening }}"
save = "said"
next = "bye"
[step.bye]
say = "bye, {{ said }}"
end = "done"
"#;

fn one_worker(test: &TestSetup, redis: &Redis) -> Setup {
    test.all(redis).set("FLOW_FILE", test.flow(FLOW))
}

fn queued(daemon: &Daemon, chat: &str, text: &str, position: u64) {
    assert_eq!(
        daemon.customer_writes(chat, text),
        json!({"result": "queued", "position": position})
    );
}

#[test]
fn customers_are_told_their_places_and_served_in_order_of_arrival() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = one_worker(&test, &redis).start();
    let [first, second, third, fourth] = [1, 2, 3, 4].map(chat);
    daemon.customer_writes(&first, "one");
    assert_eq!(test.texts(&first, 1), ["hello, one"]);

    queued(&daemon, &second, "two", 1);
    queued(&daemon, &third, "three", 2);
    queued(&daemon, &fourth, "four", 3);
    assert_eq!(test.texts(&second, 1), ["you are next"]);
    assert_eq!(test.texts(&third, 1), ["place 2"]);
    assert_eq!(test.texts(&fourth, 1), ["place 3"]);

    // Messages from customers in line change no place. Together they open the conversation.
    queued(&daemon, &fourth, "in a hurry", 3);
    assert_eq!(
        daemon.customer_writes(&first, "done"),
        json!({"result": "active"})
    );
    assert_eq!(test.texts(&first, 2)[1], "bye, done");
    assert_eq!(test.texts(&second, 2)[1], "hello, two");
    // The line moved. Only the customer who is next now gets a notice.
    assert_eq!(test.texts(&third, 2)[1], "you are next");
    daemon.customer_writes(&second, "x");
    assert_eq!(test.texts(&third, 3)[2], "hello, three");
    let fourths = test.texts(&fourth, 2);
    assert!(fourths[1].starts_with("you are next"), "{fourths:?}");
    daemon.customer_writes(&third, "x");
    assert_eq!(test.texts(&fourth, 3)[2], "hello, four\nin a hurry");
    daemon.customer_writes(&fourth, "x");
    assert_eq!(test.texts(&fourth, 4)[3], "bye, x");
    assert!(
        test.texts(&first, 2).len() == 2,
        "customers who are served at once get no notice"
    );
    assert_eq!(test.waha.overlaps(), 0);
}

#[test]
fn customers_are_told_their_places_also_while_another_session_never_rests() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = one_worker(&test, &redis).start();
    daemon.customer_writes(&chat(1), "one");
    test.texts(&chat(1), 1);
    queued(&daemon, &chat(2), "two", 1);
    let mut others = (3..13).cycle();
    eventually("the customer gets a notice", || {
        // Who waits may write a word for the queue, so each message is looked at as soon as it comes.
        let other = chat(others.next().unwrap());
        daemon.posts(&webhook::message("busy", &other, "Ana", "hurry"));
        (test.waha.texts(&chat(2)) == ["you are next"]).then_some(())
    });
}

#[test]
fn queue_commands_are_answered_at_once_and_are_not_part_of_the_opening_message() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = one_worker(&test, &redis).start();
    daemon.customer_writes(&chat(1), "one");
    test.texts(&chat(1), 1);
    queued(&daemon, &chat(2), "two", 1);
    queued(&daemon, &chat(3), "three", 2);
    assert_eq!(test.texts(&chat(3), 1), ["place 2"]);
    daemon.customer_writes(&chat(3), "POSITION!");
    assert_eq!(test.texts(&chat(3), 2), ["place 2", "place 2"]);
    daemon.customer_writes(&chat(3), "really three");

    daemon.customer_writes(&chat(2), "leave");
    eventually("the second gets the text for leaving", || {
        test.waha
            .texts(&chat(2))
            .contains(&"you left".to_owned())
            .then_some(())
    });
    daemon.customer_writes(&chat(1), "x");
    eventually("the third is served", || {
        test.waha
            .texts(&chat(3))
            .contains(&"hello, three\nreally three".to_owned())
            .then_some(())
    });
    assert!(
        !test
            .waha
            .texts(&chat(2))
            .iter()
            .any(|text| text.starts_with("hello")),
        "customers who left are not served"
    );
    // After a few measured conversations, notices have an estimate.
    redis.ask("HSET waha-sm:{default}:counters measured 9 handling 300000");
    queued(&daemon, &chat(4), "four", 1);
    daemon.customer_writes(&chat(4), "position");
    eventually("the fourth gets an estimate", || {
        test.waha
            .texts(&chat(4))
            .iter()
            .any(|text| text == "place 1, about 5 minutes")
            .then_some(())
    });
    eventually("the history says that the second left", || {
        test.history(&["--conversations", "--chat", &chat(2)])
            .iter()
            .any(|c| c["outcome"] == "left")
            .then_some(())
    });
}

#[test]
fn notices_do_not_pile_up_and_never_follow_the_greeting() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = one_worker(&test, &redis).start();
    daemon.customer_writes(&chat(1), "one");
    test.texts(&chat(1), 1);
    // The session can't send while places change. A newer notice or the greeting replaces an unsent notice.
    test.waha
        .behave(crate::fake_waha::Behaviour::SessionIs("STOPPED"));
    queued(&daemon, &chat(2), "two", 1);
    queued(&daemon, &chat(3), "three", 2);
    daemon.wait_for_log("the session can't send");
    eventually("no notice is on its way", || {
        (redis.number("HLEN waha-sm:{default}:sending") == 0).then_some(())
    });
    let inbox = |n: usize| format!("LLEN waha-sm:{{default}}:inbox:{}", chat(n));
    daemon.customer_writes(&chat(1), "x");
    let claimed = |n: usize| format!("claimed a conversation session=default chat={}", chat(n));
    daemon.wait_for_log(&claimed(2));
    eventually("the greeting is in the second's lane", || {
        (redis.number(&inbox(2)) == 0).then_some(())
    });
    daemon.customer_writes(&chat(2), "y");
    daemon.wait_for_log(&claimed(3));
    eventually("the greeting is in the third's lane", || {
        (redis.number(&inbox(3)) == 0).then_some(())
    });
    test.waha.behave(crate::fake_waha::Behaviour::Well);
    let texts = test.texts(&chat(2), 2);
    eventually("the third is greeted", || {
        test.waha
            .texts(&chat(3))
            .iter()
            .any(|text| text == "hello, three")
            .then_some(())
    });
    assert!(
        texts.ends_with(&["hello, two".into(), "bye, y".into()]),
        "{texts:?}"
    );
    let thirds = test.waha.texts(&chat(3));
    assert_eq!(
        thirds
            .iter()
            .filter(|text| !text.starts_with("hello"))
            .count(),
        0,
        "{thirds:?}"
    );
}

#[test]
fn free_workers_serve_at_once_one_customer_each() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = one_worker(&test, &redis).set("WORKERS", "20").start();
    for n in 1..=20 {
        daemon.customer_writes(&chat(n), "hi");
    }
    for n in 1..=20 {
        assert_eq!(test.texts(&chat(n), 1), ["hello, hi"]);
    }
    assert_eq!(
        daemon.metric("waha_sm_conversations{session=\"default\",status=\"active\"}"),
        Some(20.0)
    );
    queued(&daemon, &chat(21), "hi", 1);
}

#[test]
fn however_long_the_line_two_processes_send_few_notices_in_a_minute_and_answer_at_once() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow = FLOW.replace("[notices]", "[notices]\nper_minute = 3");
    let setup = |role| {
        test.setup(role)
            .set("REDIS_URL", redis.url())
            .set("FLOW_FILE", test.flow(&flow))
    };
    let daemon = setup("all").start();
    let mut second = setup("work");
    second.data_dir = test.directory.path().join("second");
    let _second = second.start();
    // Two are served, and ten wait.
    for n in 1..=2 {
        daemon.customer_writes(&chat(n), "hi");
        test.texts(&chat(n), 1);
    }
    for n in 3..=12 {
        queued(&daemon, &chat(n), "hi", n as u64 - 2);
    }
    eventually("the other seven wait for their turn", || {
        (redis.number("ZCARD waha-sm:{default}:put-off:queue") == 7).then_some(())
    });
    for (n, told) in [(3, "you are next"), (4, "place 2"), (5, "place 3")] {
        assert_eq!(test.texts(&chat(n), 1), [told]);
    }
    daemon.customer_writes(&chat(12), "position");
    assert_eq!(test.texts(&chat(12), 1), ["place 10"]);
    let told: usize = (3..=12).map(|n| test.waha.texts(&chat(n)).len()).sum();
    assert_eq!(told, 4);
}
