//! Before a reply is typed, what the customer wrote is marked as seen, on every engine.

use serde_json::{Value, json};

use crate::fake_waha::Engine;
use crate::harness::{Daemon, Redis, SESSION, Setup, TestSetup, chat, eventually};
use crate::webhook::message;

fn human(test: &TestSetup, redis: &Redis) -> Setup {
    test.all(redis)
        .set("FLOW_FILE", test.echo())
        .set("PACING", "human")
        .set("WORKERS", "9")
}

/// Posts a message from this id, and returns its serialised id.
fn writes(daemon: &Daemon, from: &str, text: &str) -> String {
    let event = message(SESSION, from, "Ana", text);
    daemon.posts(&event);
    event["payload"]["id"].as_str().unwrap().to_owned()
}

/// NOWEB without its store refuses the request without ids; a bare id, or one of another chat, does not work.
#[test]
fn every_engine_is_told_which_messages_were_seen_under_the_id_they_came_from() {
    for (engine, lacks_store) in [
        (Engine::Noweb, true),
        (Engine::Noweb, false),
        (Engine::Gows, false),
        (Engine::Webjs, false),
    ] {
        let (test, redis) = (TestSetup::new(), Redis::start());
        test.waha.imitate(engine);
        test.waha.cannot_list(lacks_store);
        let daemon = human(&test, &redis).start();
        for from in [chat(1), "177700000000003@lid".to_owned()] {
            for text in ["one", "two"] {
                let id = writes(&daemon, &from, text);
                test.texts(&from, usize::from(text == "two") + 1);
                let calls = test.waha.calls();
                let seen: Vec<&Value> = calls
                    .iter()
                    .filter(|call| call.path == "/api/sendSeen")
                    .map(|call| &call.body)
                    .collect();
                let wanted = json!({"session": SESSION, "chatId": from, "messageIds": [id], "messageId": id});
                assert_eq!(seen.last(), Some(&&wanted), "{engine:?}");
            }
        }
        let mut calls = test.waha.calls();
        calls.retain(|call| call.path == "/api/sendSeen");
        assert!(calls.iter().all(|call| call.status == 201), "{calls:?}");
        let keys = r#"EVAL "return #redis.call('KEYS','*:unseen:*')" 0"#;
        eventually("nothing stays noted", || {
            (redis.number(keys) == 0).then_some(())
        });
    }
}

/// The daemon is killed while WAHA is away; both messages are marked before the first reply.
#[test]
fn what_was_heard_before_a_restart_is_marked_after_it() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    test.waha.imitate(Engine::Noweb);
    test.waha.cannot_list(true);
    let setup = human(&test, &redis);
    let mut daemon = setup.start();
    test.waha.go_away();
    let ids = ["one", "two"].map(|text| writes(&daemon, &chat(1), text));
    daemon.wait_for_log("will try again");
    daemon.kill();
    test.waha.come_back().unwrap();
    let _daemon = setup.start();
    assert_eq!(test.texts(&chat(1), 2), ["one", "two"]);
    assert_eq!(test.waha.seen(&chat(1)), ids);
}

#[test]
fn a_refusal_is_logged_once_until_it_works_again_and_stops_no_reply() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = human(&test, &redis).start();
    let refusal = json!({"message": "Enable the store", "error": "Bad Request", "statusCode": 400});
    let mut ids = Vec::new();
    for times in 1..=2 {
        test.waha.refuse_seen(Some((400, refusal.clone())));
        for n in 0..2 {
            ids.push(writes(&daemon, &chat(1), "hi"));
            test.texts(&chat(1), 3 * times - 2 + n);
        }
        let log = daemon.log();
        let refused = log.matches("WAHA does not mark messages as seen").count();
        assert_eq!(refused, times, "{log}");
        assert!(log.contains("Enable the store"));
        test.waha.refuse_seen(None);
        ids.push(writes(&daemon, &chat(1), "hi"));
        test.texts(&chat(1), 3 * times);
        assert_eq!(
            daemon.log().matches("marks messages as seen again").count(),
            times
        );
        assert_eq!(
            test.waha.seen(&chat(1)),
            ids,
            "those that were refused, too"
        );
    }
}
