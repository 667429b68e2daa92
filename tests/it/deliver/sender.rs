//! Replies on their way to WAHA: in order, retried while WAHA is down, and given up on at some point.

use std::time::Duration;

use serde_json::json;

use crate::fake_waha::{Behaviour, Engine};
use crate::harness::{Redis, SESSION, TestSetup, chat, eventually};

#[test]
fn when_waha_fails_replies_are_retried_in_order_and_sent_once() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.echo())
        .set("WORKERS", "2")
        .start();
    test.waha.behave(Behaviour::HangsUp);
    for text in ["one", "two", "three"] {
        daemon.customer_writes(&chat(1), text);
    }
    daemon.wait_for_log("will try again");
    let error = json!({
        "statusCode": 500,
        "exception": {"message": "Session closed", "name": "Error"},
        "request": {"path": "/api/sendText", "body": {"text": "one-echoed-by-waha"}},
    });
    test.waha
        .behave(Behaviour::Answers(500, error.to_string(), Vec::new()));
    daemon.wait_for_log("Session closed");
    test.waha.behave(Behaviour::Well);
    assert_eq!(test.texts(&chat(1), 3), ["one", "two", "three"]);
    assert_eq!(test.waha.overlaps(), 0);
    assert!(
        !daemon.log().contains("one-echoed-by-waha"),
        "the body of a 500 repeats what the customer wrote"
    );
    assert!(
        daemon.metric("waha_sm_replies_total{session=\"default\",result=\"retried\"}") >= Some(2.0)
    );
    eventually("three are counted", || {
        (daemon.metric("waha_sm_replies_total{session=\"default\",result=\"sent\"}") == Some(3.0))
            .then_some(())
    });
}

#[test]
fn a_retry_after_from_waha_is_respected() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    test.waha.behave(Behaviour::Answers(
        429,
        "{}".into(),
        vec![("retry-after", "3".into())],
    ));
    daemon.customer_writes(&chat(1), "one");
    let refused = test
        .waha
        .wait_for(crate::harness::PATIENCE, |_, calls| {
            let refused = calls.iter().find(|call| call.status == 429);
            refused.map(|call| call.at)
        })
        .unwrap();
    test.waha.behave(Behaviour::Well);
    test.texts(&chat(1), 1);
    assert!(
        refused.elapsed() >= Duration::from_secs(3),
        "{:?}",
        refused.elapsed()
    );
}

#[test]
fn a_reply_that_waha_refuses_is_kept_and_logged_and_blocks_nobody() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.echo())
        .set("WORKERS", "2")
        .start();
    test.waha.behave_for(
        &chat(1),
        Behaviour::Answers(
            400,
            json!({"message": "chat is odd", "statusCode": 400}).to_string(),
            vec![],
        ),
    );
    daemon.customer_writes(&chat(1), "lost");
    daemon.customer_writes(&chat(2), "fine");
    test.texts(&chat(2), 1);
    daemon.wait_for_log("gave up on a reply");
    assert!(daemon.log().contains("chat is odd"));
    eventually("the reply is a dead letter", || {
        (redis.number("XLEN waha-sm:{default}:dead") == 1).then_some(())
    });
    test.waha.behave_for(&chat(1), Behaviour::Well);
    daemon.customer_writes(&chat(1), "next");
    assert_eq!(test.texts(&chat(1), 1), ["next"]);
    let failed = eventually("the reply is in the history", || {
        test.history(&["--chat", &chat(1)])
            .into_iter()
            .find(|one| one["text"] == "lost" && one["direction"] == "outbound")
    });
    assert_eq!(failed["state"], "failed", "{failed}");
}

#[test]
fn a_stopped_session_waits_until_an_event_or_a_status_request_says_it_works() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.echo())
        .set("WORKERS", "9")
        .start();
    for by_event in [true, false] {
        test.waha.behave(Behaviour::SessionIs("STOPPED"));
        let chats: Vec<String> = (1..=4)
            .map(|n| chat(n + 10 * usize::from(by_event)))
            .collect();
        for chat in &chats {
            daemon.customer_writes(chat, "hello");
        }
        eventually("the session is paused", || {
            (redis.number("EXISTS waha-sm:{default}:paused") == 1).then_some(())
        });
        assert!(test.waha.texts(&chats[0]).is_empty());
        test.waha.behave(Behaviour::Well);
        if by_event {
            let status = json!({"event": "session.status", "session": SESSION, "payload": {"name": SESSION, "status": "WORKING"}});
            assert_eq!(daemon.posts(&status)["result"], "recorded");
        }
        for chat in &chats {
            assert_eq!(test.texts(chat, 1), ["hello"]);
        }
    }
    let tries = test
        .waha
        .calls()
        .iter()
        .filter(|call| call.status == 422)
        .count();
    assert!(tries <= 12, "{tries} requests to a session that can't send");
}

#[test]
fn the_id_is_read_from_each_engines_answer() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    let engines = [Engine::Gows, Engine::Noweb, Engine::Webjs, Engine::Silent];
    for (n, engine) in engines.into_iter().enumerate() {
        test.waha.imitate(engine);
        daemon.customer_writes(&chat(1), &format!("text {n}"));
        test.texts(&chat(1), n + 1);
    }
    let replies = eventually("all are archived", || {
        let all = test.history(&["--chat", &chat(1)]);
        let replies: Vec<_> = all
            .into_iter()
            .filter(|one| one["author"] == "bot")
            .collect();
        (replies.len() == 4).then_some(replies)
    });
    for (n, (reply, sent)) in replies.iter().zip(test.waha.sent()).enumerate() {
        assert_eq!(reply["text"], format!("text {n}"));
        match engines[n] {
            Engine::Silent => assert!(reply["stanza"].is_null(), "{reply}"),
            _ => assert_eq!(reply["stanza"], sent.message_id.as_str(), "{reply}"),
        }
    }
}

#[test]
fn human_pacing_marks_as_seen_and_types_before_it_sends() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.echo())
        .set("PACING", "human")
        .start();
    daemon.customer_writes(&chat(1), "hello there, how are you?");
    test.texts(&chat(1), 1);
    let calls = test.waha.calls();
    let calls: Vec<_> = calls
        .into_iter()
        .filter(|call| call.method == "POST")
        .collect();
    let paths: Vec<&str> = calls.iter().map(|call| call.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/api/sendSeen",
            "/api/startTyping",
            "/api/stopTyping",
            "/api/sendText"
        ]
    );
    assert!(
        calls[2].at - calls[1].at >= Duration::from_millis(700),
        "{:?}",
        calls[2].at - calls[1].at
    );
    assert!(
        calls
            .iter()
            .all(|call| call.body["chatId"] == chat(1) && call.body["session"] == SESSION)
    );
}
