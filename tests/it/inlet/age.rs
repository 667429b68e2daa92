//! Only the message itself says how old it is. A message that is too old is stored and not answered, however it comes.

use serde_json::{Value, json};

use crate::harness::{Daemon, Redis, SESSION, TestSetup, chat, eventually};
use crate::webhook::{message, message_with, new_message_id, now_ms};

const HOUR: u64 = 3_600;

/// The event of a message that a customer sent `seconds_ago`, and that WAHA posts now.
fn sent(chat: &str, text: &str, seconds_ago: u64) -> Value {
    let mut event = message(SESSION, chat, "Ana", text);
    event["payload"]["timestamp"] = (now_ms() / 1_000 - seconds_ago).into();
    event
}

#[track_caller]
fn in_history(test: &TestSetup, chat: &str, texts: &[&str]) {
    eventually(&format!("the history has {texts:?}"), || {
        let found = test.history(&["--chat", chat]);
        let found: Vec<_> = found
            .iter()
            .filter_map(|one| one["text"].as_str())
            .collect();
        (found == texts).then_some(())
    });
}

/// The daemon has handled everything that was posted before.
#[track_caller]
fn everything_is_handled(test: &TestSetup, daemon: &Daemon) {
    let last = chat(99);
    daemon.customer_writes(&last, "last");
    test.texts(&last, 1);
}

#[test]
fn messages_from_before_a_long_disconnection_are_stored_and_nobody_gets_an_answer() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.echo())
        .set("WORKERS", "3")
        .start();
    for customer in 1..=30 {
        let days = 40 - u64::try_from(customer).unwrap();
        let mut event = sent(
            &chat(customer),
            "do you still have a room?",
            days * 24 * HOUR,
        );
        assert_eq!(daemon.posts(&event), json!({"result": "recorded"}));
        // The same message as `message.any`.
        event["event"] = "message.any".into();
        assert_eq!(daemon.posts(&event)["result"], "duplicate");
    }
    everything_is_handled(&test, &daemon);
    in_history(&test, &chat(1), &["do you still have a room?"]);
    for customer in 1..=30 {
        assert_eq!(test.waha.texts(&chat(customer)), [""; 0]);
    }
    daemon.wait_for_log("sent too long ago to be answered (CATCH_UP_MAX_AGE)");
    let warned = daemon.log().matches("sent too long ago").count();
    assert_eq!(warned, 1, "one line for all of them");
    assert_eq!(
        daemon.metric("waha_sm_events_total{result=\"recorded\"}"),
        Some(30.0)
    );
    // When they write again, they are served.
    assert_eq!(
        daemon.customer_writes(&chat(1), "hello?")["result"],
        "queued"
    );
    assert_eq!(test.texts(&chat(1), 1), ["hello?"]);
}

#[test]
fn the_age_limit_is_the_setting_even_without_catching_up_and_in_the_role_serve() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test
        .setup("serve")
        .set("REDIS_URL", redis.url())
        .set("CATCH_UP_INTERVAL", "0")
        .set("CATCH_UP_MAX_AGE", "2h")
        .start();
    for (seconds_ago, result) in [
        (0, "queued"),
        (HOUR, "queued"),
        (2 * HOUR - 60, "queued"),
        (2 * HOUR + 60, "recorded"),
        (50 * HOUR, "recorded"),
    ] {
        let customer = chat(usize::try_from(seconds_ago).unwrap() + 1);
        let answer = daemon.posts(&sent(&customer, "hi", seconds_ago));
        assert_eq!(answer["result"], result, "{seconds_ago} s ago");
    }
}

#[test]
fn a_message_that_comes_late_within_the_limit_is_answered() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    // A photo: WAHA posts it once it is downloaded.
    let mut photo = sent(&chat(1), "the receipt", 5 * 60);
    photo["payload"]["hasMedia"] = true.into();
    photo["payload"]["media"] = json!({"url": "http://waha/1.jpeg", "mimetype": "image/jpeg"});
    assert_eq!(daemon.posts(&photo)["result"], "queued");
    assert_eq!(test.texts(&chat(1), 1).len(), 1);
    // An event that WAHA repeats hours later, unchanged.
    let mut repeated = sent(&chat(2), "hello", 11 * HOUR);
    repeated["timestamp"] = (now_ms() - 11 * HOUR * 1_000).into();
    assert_eq!(daemon.posts(&repeated)["result"], "queued");
}

#[test]
fn a_message_without_a_time_has_the_time_of_its_envelope() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).start();
    let mut event = message(SESSION, &chat(1), "Ana", "old");
    event["payload"]
        .as_object_mut()
        .unwrap()
        .remove("timestamp");
    event["timestamp"] = (now_ms() - 13 * HOUR * 1_000).into();
    assert_eq!(daemon.posts(&event)["result"], "recorded");
    // Versions from before 2025.3 have neither.
    let mut event = message(SESSION, &chat(2), "Ana", "new");
    event["payload"]
        .as_object_mut()
        .unwrap()
        .remove("timestamp");
    event.as_object_mut().unwrap().remove("timestamp");
    assert_eq!(daemon.posts(&event)["result"], "queued");
    // Without an envelope's time, the message's own time counts.
    let mut event = sent(&chat(3), "old", 13 * HOUR);
    event.as_object_mut().unwrap().remove("timestamp");
    assert_eq!(daemon.posts(&event)["result"], "recorded");
}

#[test]
fn an_old_vote_in_a_poll_answers_no_question() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    let customer = chat(1);
    daemon.customer_writes(&customer, "hello");
    test.texts(&customer, 1);
    let vote = |hours: u64| {
        let id = new_message_id();
        json!({
            "event": "poll.vote", "session": SESSION, "timestamp": now_ms(), "id": format!("evt_{id}"),
            "payload": {
                "vote": {
                    "id": format!("false_{customer}_{id}"), "from": customer, "fromMe": false, "to": "me",
                    "selectedOptions": [format!("{hours} hours ago")], "timestamp": now_ms() - hours * HOUR * 1_000,
                },
                "poll": {"id": format!("true_{customer}_3EB0AA"), "fromMe": true, "to": customer, "from": "me"},
            },
        })
    };
    assert_eq!(daemon.posts(&vote(13))["result"], "recorded");
    assert_eq!(daemon.posts(&vote(1))["result"], "active");
    assert_eq!(test.texts(&customer, 2), ["hello", "1 hours ago"]);
}

#[test]
fn a_message_from_the_future_is_answered_and_the_log_names_the_clock() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    let mut event = message(SESSION, &chat(1), "Ana", "early");
    event["payload"]["timestamp"] = (now_ms() / 1_000 + 2 * HOUR).into();
    assert_eq!(daemon.posts(&event)["result"], "queued");
    assert_eq!(test.texts(&chat(1), 1), ["early"]);
    daemon.wait_for_log("a message is dated in the future");
}

#[test]
fn a_message_of_the_year_9999_hides_no_later_one_and_no_stored_time_is_in_the_future() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    let ana = chat(1);
    for (number, time) in [
        json!(253_402_300_799_i64),
        json!(253_402_300_799_000_i64),
        json!(u64::MAX),
        json!(-1),
        json!(0),
        json!("NaN"),
        json!(1e300),
    ]
    .into_iter()
    .enumerate()
    {
        let text = format!("odd {number}");
        let mut event = message(SESSION, &ana, "Ana", &text);
        event["timestamp"] = time.clone();
        event["payload"]["timestamp"] = time;
        daemon.posts(&event);
        assert_eq!(test.texts(&ana, number + 1)[number], text);
    }
    daemon.customer_writes(&ana, "on time");
    assert_eq!(test.texts(&ana, 8)[7], "on time");
    // Who wrote a little late is still answered.
    let mut late = message(SESSION, &ana, "Ana", "a little late");
    late["payload"]["timestamp"] = (now_ms() / 1_000 - 660).into();
    daemon.posts(&late);
    assert_eq!(test.texts(&ana, 9)[8], "a little late");
    eventually("the history has all, and none is in the future", || {
        let rows = test.history(&["--chat", &ana]);
        let latest = rows
            .iter()
            .filter_map(|row| row["sent_at"].as_u64())
            .max()?;
        assert!(latest <= now_ms() + 10_000, "{latest}");
        (rows.len() == 18).then_some(())
    });
}

/// The event of a message that the owner sent `seconds_ago` from their own phone.
fn owner_sent(chat: &str, text: &str, seconds_ago: u64) -> Value {
    let id = new_message_id();
    let mut event = message_with("message.any", SESSION, chat, "Shop", text, &id);
    event["payload"]["id"] = format!("true_{chat}_{id}").into();
    event["payload"]["fromMe"] = true.into();
    event["payload"]["timestamp"] = (now_ms() / 1_000 - seconds_ago).into();
    event
}

#[test]
fn the_owners_old_messages_take_no_chat_over() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    let customer = chat(1);
    let event = owner_sent(&customer, "see you", 50 * HOUR);
    assert_eq!(daemon.posts(&event)["result"], "recorded");
    assert_eq!(daemon.customer_writes(&customer, "hi")["result"], "queued");
    assert_eq!(test.texts(&customer, 1), ["hi"]);
}

#[test]
fn what_the_owner_answered_meanwhile_is_left_alone() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.echo())
        .set("WORKERS", "3")
        .start();
    let ana = chat(1);
    // The takeover is over, and the customer's message came before it.
    daemon.posts(&owner_sent(&ana, "yes, until eight", HOUR));
    assert_eq!(
        daemon.posts(&sent(&ana, "are you open?", 2 * HOUR)),
        json!({"result": "phone"})
    );
    in_history(&test, &ana, &["are you open?", "yes, until eight"]);
    // What they wrote after the owner's answer is served.
    assert_eq!(
        daemon.posts(&sent(&ana, "and tomorrow?", HOUR / 2))["result"],
        "queued"
    );
    assert_eq!(test.texts(&ana, 1), ["and tomorrow?"]);
    // While that conversation is open, too.
    assert_eq!(
        daemon.posts(&sent(&ana, "hello?", 3 * HOUR)),
        json!({"result": "phone"})
    );
    // Other customers' late messages are answered.
    assert_eq!(
        daemon.posts(&sent(&chat(2), "are you open?", 2 * HOUR))["result"],
        "queued"
    );
    assert_eq!(test.texts(&chat(2), 1), ["are you open?"]);
    assert_eq!(test.waha.texts(&ana), ["and tomorrow?"]);
}

/// After a long disconnection, WAHA posts both, in the order in which they were sent.
#[test]
fn what_the_owner_answered_is_left_alone_even_if_their_answer_comes_after_it() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow = "start = 'a'\n[timeouts]\nburst = '2s'\n[step.a]\nask = 'hello'\nnext = 'a'\n";
    let daemon = test.all(&redis).set("FLOW_FILE", test.flow(flow)).start();
    let (ana, bia) = (chat(1), chat(2));
    assert_eq!(
        daemon.posts(&sent(&ana, "are you open?", 2 * HOUR))["result"],
        "queued"
    );
    daemon.posts(&owner_sent(&ana, "yes, until eight", HOUR));
    eventually("her conversation closed", || {
        let found = test.history(&["--chat", &ana, "--conversations"]);
        (found.first()?["outcome"] == "phone").then_some(())
    });
    // Bia wrote again after the owner's answer.
    daemon.posts(&sent(&bia, "are you open?", 2 * HOUR));
    daemon.customer_writes(&bia, "and tomorrow?");
    daemon.posts(&owner_sent(&bia, "yes, until eight", HOUR));
    assert_eq!(test.texts(&bia, 1), ["hello"]);
    assert_eq!(test.waha.texts(&ana), [""; 0]);
    assert!(!daemon.log().contains("lost this conversation"));
}

#[test]
fn a_process_that_missed_why_its_conversation_closed_does_not_say_that_it_continues() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow =
        test.flow("start = 'a'\n[timeouts]\nburst = '1m'\n[step.a]\nask = 'hello'\nnext = 'a'\n");
    let with = |role| {
        test.setup(role)
            .set("REDIS_URL", redis.url())
            .set("FLOW_FILE", &flow)
            .start()
    };
    let (serve, work) = (with("serve"), with("work"));
    let ana = chat(1);
    serve.posts(&sent(&ana, "are you open?", 2 * HOUR));
    work.wait_for_log("claimed a conversation");
    work.signal("-STOP");
    assert_eq!(redis.number("CLIENT KILL TYPE pubsub"), 2);
    serve.posts(&owner_sent(&ana, "yes, until eight", HOUR));
    work.signal("-CONT");
    work.wait_for_log("this conversation ended elsewhere");
    assert!(!work.log().contains("lost this conversation"));
}

#[test]
fn a_late_message_reopens_nothing_once_what_came_after_it_was_handled() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow = "start = 'a'\n[step.a]\nsay = 'bye'\nend = 'done'\n";
    let daemon = test.all(&redis).set("FLOW_FILE", test.flow(flow)).start();
    let ana = chat(1);
    daemon.customer_writes(&ana, "hello");
    assert_eq!(test.texts(&ana, 1), ["bye"]);
    eventually("it closed", || {
        (redis.number(&format!("EXISTS waha-sm:{{default}}:chat:{ana}")) == 0).then_some(())
    });
    assert_eq!(
        daemon.posts(&sent(&ana, "anybody?", HOUR)),
        json!({"result": "recorded"})
    );
    // A file that WAHA needed minutes for is still answered.
    assert_eq!(
        daemon.posts(&sent(&ana, "a photo", 5 * 60))["result"],
        "queued"
    );
    assert_eq!(test.texts(&ana, 2), ["bye", "bye"]);
    in_history(&test, &ana, &["anybody?", "a photo", "hello", "bye", "bye"]);
}
