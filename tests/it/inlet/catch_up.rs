//! Messages whose webhooks were lost are fetched from WAHA.

use std::time::Duration;

use serde_json::{Value, json};

use crate::fake_waha::Engine;
use crate::harness::{Daemon, Redis, SESSION, Setup, TestSetup, chat, eventually};
use crate::webhook::now_ms;

const ALL: [Engine; 3] = [Engine::Webjs, Engine::Noweb, Engine::Gows];

/// A daemon with an interval so long that it never matters.
fn setup(test: &TestSetup, redis: &Redis) -> Setup {
    test.all(redis)
        .set("FLOW_FILE", test.echo())
        .set("WORKERS", "3")
        .set("CATCH_UP_INTERVAL", "1h")
}

/// A customer writes, and the webhook is lost.
fn loses(test: &TestSetup, customer: usize, text: &str) -> Value {
    test.waha
        .customer_writes(SESSION, &chat(customer), "Ana", text)
}

/// WAHA reports that the session works.
fn works(daemon: &Daemon) {
    let status = json!({
        "event": "session.status", "session": SESSION, "id": format!("evt_{}", now_ms()), "timestamp": now_ms(),
        "payload": {"name": SESSION, "status": "WORKING"},
    });
    daemon.posts(&status);
}

#[test]
fn messages_sent_while_nothing_ran_are_found_at_the_next_start() {
    for engine in ALL {
        let (test, redis) = (TestSetup::new(), Redis::start());
        test.waha.imitate(engine);
        let setup = setup(&test, &redis);
        let mut daemon = setup.start();
        let first = loses(&test, 1, "heard");
        daemon.posts(&first);
        test.texts(&chat(1), 1);
        daemon.kill();

        let late = loses(&test, 1, "missed");
        loses(&test, 2, "missed too");
        let daemon = setup.start();
        assert_eq!(test.texts(&chat(1), 2), ["heard", "missed"]);
        assert_eq!(test.texts(&chat(2), 1), ["missed too"]);
        eventually("both are counted", || {
            (daemon.metric("waha_sm_caught_up_messages_total{session=\"default\"}")? >= 2.0)
                .then_some(())
        });
        // The webhook arrives after all, but late.
        assert_eq!(daemon.posts(&late)["result"], "duplicate");
        daemon.customer_writes(&chat(1), "last");
        assert_eq!(test.texts(&chat(1), 3), ["heard", "missed", "last"]);
    }
}

#[test]
fn missed_messages_are_found_when_a_session_works_again_and_at_each_interval() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis).start();
    daemon.customer_writes(&chat(1), "heard");
    test.texts(&chat(1), 1);
    loses(&test, 2, "missed");
    works(&daemon);
    assert_eq!(test.texts(&chat(2), 1), ["missed"]);
    drop(daemon);

    let _daemon = setup(&test, &redis).set("CATCH_UP_INTERVAL", "1s").start();
    loses(&test, 3, "missed while WORKING");
    assert_eq!(test.texts(&chat(3), 1), ["missed while WORKING"]);
}

#[test]
fn old_messages_are_recorded_but_not_answered() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let setup = setup(&test, &redis).set("CATCH_UP_MAX_AGE", "8s");
    let mut daemon = setup.start();
    daemon.customer_writes(&chat(1), "heard");
    test.texts(&chat(1), 1);
    daemon.kill();
    let missed = loses(&test, 2, "old");
    let sent_at = missed["payload"]["timestamp"].as_u64().unwrap();
    eventually("the message is old", || {
        (now_ms() > (sent_at + 9) * 1_000).then_some(())
    });
    let _daemon = setup.start();
    eventually("the message is in the history", || {
        let kept = test.history(&["--chat", &chat(2)]);
        (kept.len() == 1 && kept[0]["text"] == "old").then_some(())
    });
    loses(&test, 3, "new");
    works(&_daemon);
    test.texts(&chat(3), 1);
    assert_eq!(test.waha.texts(&chat(2)), Vec::<String>::new());
}

#[test]
fn an_engine_that_cannot_list_messages_is_logged_once_and_not_asked_again() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    test.waha.cannot_list(true);
    let daemon = setup(&test, &redis).set("CATCH_UP_INTERVAL", "1s").start();
    daemon.customer_writes(&chat(1), "heard");
    daemon.wait_for_log("can't list messages");
    let listings = || {
        let calls = test.waha.calls();
        calls
            .iter()
            .filter(|call| call.path.contains("/chats"))
            .count()
    };
    let before = listings();
    daemon.customer_writes(&chat(1), "again");
    test.texts(&chat(1), 2);
    std::thread::park_timeout(Duration::from_millis(2_500));
    assert_eq!(listings(), before);
    assert_eq!(daemon.log().matches("can't list messages").count(), 1);
}

/// If WAHA can't list one chat, only that chat is affected, and WAHA is asked for it again.
#[test]
fn a_chat_that_cannot_be_listed_delays_no_other() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis).start();
    daemon.customer_writes(&chat(1), "heard");
    test.texts(&chat(1), 1);
    loses(&test, 2, "missed");
    loses(&test, 3, "missed too");
    test.waha.cannot_list_chat(&chat(2), true);
    works(&daemon);
    assert_eq!(test.texts(&chat(3), 1), ["missed too"]);
    assert_eq!(test.waha.texts(&chat(2)), Vec::<String>::new());
    test.waha.cannot_list_chat(&chat(2), false);
    works(&daemon);
    assert_eq!(test.texts(&chat(2), 1), ["missed"]);
}

/// Chats keep their order in line, and each chat's messages keep theirs.
#[test]
fn missed_messages_are_taken_in_order() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let setup = setup(&test, &redis);
    let mut daemon = setup.start();
    daemon.customer_writes(&chat(1), "heard");
    test.texts(&chat(1), 1);
    daemon.kill();
    let texts: Vec<String> = (0..150).map(|n| n.to_string()).collect();
    for text in &texts {
        loses(&test, 2, text);
    }
    let _daemon = setup.start();
    assert_eq!(test.texts(&chat(2), 150), texts);
}

/// Their first message decides, even if their last one came after another customer's.
#[test]
fn the_first_customer_to_write_while_nothing_ran_is_first_in_line() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let setup = setup(&test, &redis).set("WORKERS", "1");
    let mut daemon = setup.start();
    daemon.customer_writes(&chat(1), "heard");
    test.texts(&chat(1), 1);
    daemon.kill();
    for customer in [3, 2, 3] {
        let missed = loses(&test, customer, "missed");
        let sent_at = missed["payload"]["timestamp"].as_u64().unwrap();
        // WAHA reports times in seconds.
        eventually("the next second begins", || {
            (now_ms() / 1_000 > sent_at).then_some(())
        });
    }
    let _daemon = setup.start();
    eventually("both wait", || {
        (redis.number("ZCARD waha-sm:{default}:queue") == 2).then_some(())
    });
    let place = |n| redis.number(&format!("ZRANK waha-sm:{{default}}:queue {}", chat(n)));
    assert_eq!((place(3), place(2)), (0, 1));
}
