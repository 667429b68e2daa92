//! Replies in doubt, because WAHA's answer was lost: each reaches its customer once.

use std::time::Duration;

use serde_json::{Value, json};

use crate::fake_waha::{Behaviour, Call, Echo, Engine};
use crate::harness::{
    API_KEY, Daemon, PATIENCE, Redis, SECRET, SESSION, TestSetup, chat, eventually,
};
use crate::webhook::now_ms;

const LATE: Duration = Duration::from_secs(20);

/// A daemon with the echo flow, and a customer for whom WAHA misbehaves once, at the first request to send.
fn after_one(behaviour: &Behaviour, engine: Engine) -> (TestSetup, Redis, Daemon) {
    let (test, redis) = (TestSetup::new(), Redis::start());
    test.waha.imitate(engine);
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    test.waha.behave_for(&chat(1), behaviour.clone());
    daemon.customer_writes(&chat(1), "one");
    asked_to_send(&test, 1);
    test.waha.behave_for(&chat(1), Behaviour::Well);
    (test, redis, daemon)
}

/// Waits until WAHA was asked at least `times` times to send to the first customer.
fn asked_to_send(test: &TestSetup, times: usize) {
    let asked = test.waha.wait_for(PATIENCE, |_, calls| {
        let sends = calls
            .iter()
            .filter(|call| call.path == "/api/sendText" && call.body["chatId"] == chat(1).as_str());
        (sends.count() >= times).then_some(())
    });
    assert!(asked.is_some(), "not asked to send {times} times");
}

/// The customer writes again; once that is answered, no earlier reply can still come.
fn all_texts(test: &TestSetup, daemon: &Daemon) -> Vec<String> {
    daemon.customer_writes(&chat(1), "last");
    let texts = test.waha.wait_for(PATIENCE, |sent, _| {
        let texts: Vec<String> = sent
            .iter()
            .filter(|sent| sent.chat == chat(1))
            .map(|sent| sent.text.clone())
            .collect();
        texts.contains(&"last".to_owned()).then_some(texts)
    });
    texts.expect("the last text is answered")
}

/// WAHA is asked: by the message id if there is one, otherwise by the text.
#[test]
fn a_reply_whose_answer_was_lost_reaches_its_customer_once() {
    for engine in [Engine::Webjs, Engine::Gows] {
        for behaviour in [
            Behaviour::TakesAndFails,
            Behaviour::TakesAndHangsUp,
            Behaviour::Fails,
            Behaviour::HangsUp,
        ] {
            let (test, _redis, daemon) = after_one(&behaviour, engine);
            assert_eq!(
                all_texts(&test, &daemon),
                ["one", "last"],
                "{engine:?}, {}",
                behaviour.name()
            );
        }
    }
}

#[test]
fn a_reply_in_flight_when_the_daemon_is_killed_reaches_its_customer_once() {
    for engine in [Engine::Webjs, Engine::Noweb] {
        for (behaviour, taken) in [
            (Behaviour::TakesAndHangs(LATE), 1),
            (Behaviour::Hesitates(LATE), 0),
        ] {
            let (test, redis) = (TestSetup::new(), Redis::start());
            test.waha.imitate(engine);
            let setup = test.all(&redis).set("FLOW_FILE", test.echo());
            let mut daemon = setup.start();
            test.waha.behave_for(&chat(1), behaviour.clone());
            daemon.customer_writes(&chat(1), "one");
            eventually("the reply is under way", || {
                (test.waha.under_way(&chat(1)) == 1 && test.waha.sent().len() == taken)
                    .then_some(())
            });
            daemon.kill();
            test.waha.behave_for(&chat(1), Behaviour::Well);
            let daemon = setup.start();
            assert_eq!(
                all_texts(&test, &daemon),
                ["one", "last"],
                "{engine:?}, {}",
                behaviour.name()
            );
        }
    }
}

#[test]
fn another_reply_with_the_same_text_does_not_settle_the_one_in_doubt() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    test.waha.imitate(Engine::Webjs);
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    daemon.customer_writes(&chat(1), "again");
    test.texts(&chat(1), 1);
    test.waha.behave_for(&chat(1), Behaviour::HangsUp);
    daemon.customer_writes(&chat(1), "again");
    asked_to_send(&test, 2);
    test.waha.behave_for(&chat(1), Behaviour::Well);
    assert_eq!(all_texts(&test, &daemon), ["again", "again", "last"]);
}

/// The owner writes the same text from the phone; the message id shows that it is not the reply.
#[test]
fn if_waha_gives_ids_in_advance_no_other_message_settles_the_one_in_doubt() {
    let (test, _redis, daemon) = after_one(&Behaviour::HangsUp, Engine::Gows);
    let agent = ureq::Agent::new_with_defaults();
    let written = agent
        .post(format!("{}/api/sendText", test.waha.url()))
        .header("x-api-key", API_KEY)
        .content_type("application/json")
        .send(json!({"session": SESSION, "chatId": chat(1), "text": "one"}).to_string());
    assert_eq!(written.unwrap().status(), 201);
    assert_eq!(all_texts(&test, &daemon), ["one", "one", "last"]);
}

/// If it were in doubt it would be held, because WAHA can't be asked here.
#[test]
fn a_reply_that_was_certainly_not_sent_is_not_in_doubt() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    test.waha.imitate(Engine::Webjs);
    test.waha.cannot_list(true);
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.echo())
        .set("IN_DOUBT", "hold")
        .start();
    test.waha
        .behave_for(&chat(1), Behaviour::Answers(503, "{}".into(), vec![]));
    daemon.customer_writes(&chat(1), "one");
    asked_to_send(&test, 1);
    test.waha.behave_for(&chat(1), Behaviour::Well);
    assert_eq!(all_texts(&test, &daemon), ["one", "last"]);
}

/// WAHA can't be asked, but it posts the echo of the message.
#[test]
fn the_echo_of_a_reply_settles_that_it_was_sent() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    test.waha.imitate(Engine::Webjs);
    test.waha.cannot_list(true);
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    test.waha.echo_to(&daemon.url, SECRET, Echo::Before);
    test.waha.behave_for(&chat(1), Behaviour::TakesAndHangsUp);
    daemon.customer_writes(&chat(1), "one");
    asked_to_send(&test, 1);
    test.waha.behave_for(&chat(1), Behaviour::Well);
    assert_eq!(all_texts(&test, &daemon), ["one", "last"]);
}

/// The engine gives ids in advance and can't list messages: the ack names the id.
#[test]
fn the_ack_of_a_reply_settles_that_it_was_sent() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    test.waha.imitate(Engine::Noweb);
    test.waha.cannot_list(true);
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    test.waha.behave_for(&chat(1), Behaviour::TakesAndHangsUp);
    daemon.customer_writes(&chat(1), "one");
    let message_id = test
        .waha
        .wait_for(PATIENCE, |sent, _| Some(sent.first()?.message_id.clone()))
        .unwrap();
    let ack = json!({
        "event": "message.ack", "session": SESSION, "id": "evt_ack", "timestamp": now_ms(), "engine": "NOWEB",
        "payload": {"id": format!("true_{}_{message_id}", chat(1)), "from": chat(1), "fromMe": true, "ack": 2, "ackName": "DEVICE"},
    });
    assert_eq!(daemon.posts(&ack)["result"], "recorded");
    test.waha.behave_for(&chat(1), Behaviour::Well);
    assert_eq!(all_texts(&test, &daemon), ["one", "last"]);
}

#[test]
fn if_the_outcome_stays_unknown_the_setting_decides() {
    for (setting, texts) in [
        ("resend", vec!["one", "one", "last"]),
        ("hold", vec!["one", "last"]),
    ] {
        let (test, redis) = (TestSetup::new(), Redis::start());
        test.waha.imitate(Engine::Webjs);
        test.waha.cannot_list(true);
        let daemon = test
            .all(&redis)
            .set("FLOW_FILE", test.echo())
            .set("IN_DOUBT", setting)
            .start();
        test.waha.behave_for(&chat(1), Behaviour::TakesAndHangsUp);
        daemon.customer_writes(&chat(1), "one");
        asked_to_send(&test, 1);
        test.waha.behave_for(&chat(1), Behaviour::Well);
        assert_eq!(all_texts(&test, &daemon), texts, "{setting}");
        let dead = redis.number("XLEN waha-sm:{default}:dead");
        assert_eq!(dead, i64::from(setting == "hold"));
        if setting == "resend" {
            daemon.wait_for_log(
                "WAHA can't tell whether the reply was sent; it is sent again, perhaps twice",
            );
        }
    }
}

/// An attempt that Redis does not know was never made, so the next run sends the reply. Redis goes away while the reply is typed.
#[test]
fn with_hold_nothing_is_sent_before_the_attempt_is_stored() {
    let (test, mut redis) = (TestSetup::new(), Redis::start());
    test.waha.imitate(Engine::Webjs);
    let setup = test
        .all(&redis)
        .set("FLOW_FILE", test.echo())
        .set("IN_DOUBT", "hold")
        .set("PACING", "human");
    let mut daemon = setup.start();
    daemon.customer_writes(&chat(1), "one");
    let typed = |calls: &[Call]| calls.iter().any(|call| call.path == "/api/startTyping");
    let typing = test
        .waha
        .wait_for(PATIENCE, |_, calls| typed(calls).then_some(()));
    assert!(typing.is_some(), "the reply is not typed");
    redis.kill();
    daemon.wait_for_log("could not record the result of a reply");
    assert!(test.waha.texts(&chat(1)).is_empty());
    daemon.kill();
    redis.start_again();
    assert_eq!(all_texts(&test, &setup.start()), ["one", "last"]);
}

/// The real GOWS needs 3.2 s to say that it has no such message, and says it with a 500.
#[test]
fn gows_settles_that_a_reply_was_not_sent_and_nothing_is_held() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    test.waha
        .searches(Duration::from_millis(3_200), "not found");
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.echo())
        .set("IN_DOUBT", "hold")
        .start();
    test.waha.behave_for(&chat(1), Behaviour::HangsUp);
    daemon.customer_writes(&chat(1), "one");
    asked_to_send(&test, 1);
    test.waha.behave_for(&chat(1), Behaviour::Well);
    assert_eq!(all_texts(&test, &daemon), ["one", "last"]);
    assert_eq!(redis.number("XLEN waha-sm:{default}:dead"), 0);
    let searches = test
        .waha
        .calls()
        .into_iter()
        .filter(|call| call.status == 500);
    assert_eq!(searches.count(), 1, "asked once");
}

#[test]
fn gows_that_failed_to_look_for_a_reply_leaves_it_in_doubt() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    test.waha.searches(Duration::ZERO, "database is locked");
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.echo())
        .set("IN_DOUBT", "hold")
        .start();
    test.waha.behave_for(&chat(1), Behaviour::HangsUp);
    daemon.customer_writes(&chat(1), "one");
    asked_to_send(&test, 1);
    test.waha.behave_for(&chat(1), Behaviour::Well);
    assert_eq!(all_texts(&test, &daemon), ["last"]);
    assert_eq!(redis.number("XLEN waha-sm:{default}:dead"), 1);
    assert!(daemon.log().contains("database is locked"));
}

/// Only NOWEB has a store to turn on.
#[test]
fn the_advice_in_the_log_fits_the_engine() {
    for engine in [Engine::Noweb, Engine::Gows, Engine::Webjs] {
        let (test, redis) = (TestSetup::new(), Redis::start());
        test.waha.imitate(engine);
        test.waha.cannot_list(true);
        let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
        test.waha.behave_for(&chat(1), Behaviour::HangsUp);
        daemon.customer_writes(&chat(1), "one");
        daemon.wait_for_log("WAHA can't tell whether the reply was sent");
        let log = daemon.log();
        assert_eq!(log.contains("NOWEB"), engine == Engine::Noweb, "{engine:?}");
        assert_eq!(
            log.contains("Turn on NOWEB's store"),
            engine == Engine::Noweb
        );
    }
}

/// Some engines send well but fail to list a chat's messages for weeks.
#[test]
fn a_chat_whose_messages_cannot_be_listed_is_answered_again_after_a_while() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    test.waha.imitate(Engine::Webjs);
    test.waha.cannot_list_chat(&chat(1), true);
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    test.waha.behave_for(&chat(1), Behaviour::Fails);
    daemon.customer_writes(&chat(1), "one");
    asked_to_send(&test, 1);
    test.waha.behave_for(&chat(1), Behaviour::Well);
    assert_eq!(all_texts(&test, &daemon), ["one", "last"]);
}

/// A reply that was sent is in the history once, as sent, with its message id.
#[test]
fn the_history_shows_the_outcome_of_a_reply_in_doubt() {
    let (test, _redis, daemon) = after_one(&Behaviour::TakesAndFails, Engine::Webjs);
    all_texts(&test, &daemon);
    let sent = test.waha.sent();
    let kept: Vec<Value> = eventually("both replies are in the history", || {
        let all = test.history(&["--chat", &chat(1)]);
        let replies: Vec<Value> = all
            .into_iter()
            .filter(|one| one["direction"] == "outbound")
            .collect();
        (replies.len() == 2).then_some(replies)
    });
    for (kept, sent) in kept.iter().zip(&sent) {
        assert_eq!(kept["stanza"], sent.message_id.as_str(), "{kept}");
        assert_eq!(kept["state"], "sent", "{kept}");
    }
}
