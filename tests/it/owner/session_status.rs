//! A session that stops: its customers wait and lose nothing, and the owner is notified once.

use serde_json::{Value, json};

use crate::harness::{Daemon, Redis, SESSION, TestSetup, chat, eventually};
use crate::webhook;

const OTHER: &str = "other";

/// A flow with one question and short timeouts.
const IMPATIENT: &str = r#"
name = "test"
locale = "en"
start = "ask"
[timeouts]
remind_after = "1500ms"
close_after = "3s"
[notices]
first_after = "200ms"
[texts]
position = "place {{ position }}"
next = "you are next"
reminder = "are you there?"
silence = "good-bye"
[step.ask]
ask = "hello, {{ opening }}"
next = "bye"
[step.bye]
say = "bye"
end = "done"
"#;

fn status(session: &str, status: &str, data: &Value) -> Value {
    json!({
        "id": format!("evt_{}", webhook::new_message_id().to_lowercase()),
        "timestamp": webhook::now_ms(), "event": "session.status", "session": session, "me": null,
        "payload": {"name": session, "status": status, "statuses": [], "data": data},
        "environment": {"version": "2026.9.1", "engine": "GOWS", "tier": "CORE", "browser": null},
    })
}

fn time_goes_by(millis: u64) {
    let begun = webhook::now_ms();
    eventually("the time goes by", || {
        (webhook::now_ms() > begun + millis).then_some(())
    });
}

fn becomes(daemon: &Daemon, session: &str, word: &str) {
    daemon.posts(&status(session, word, &Value::Null));
}

#[test]
fn a_stopped_session_pauses_at_once_and_the_owner_is_notified_once_through_another() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let owner = chat(9);
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.echo())
        .set("WORKERS", "9")
        .set("LOCALE", "pt-BR")
        .set("NOTIFY_CHAT", "5511900000009")
        .start();
    becomes(&daemon, OTHER, "WORKING");
    let late = status(SESSION, "STOPPED", &Value::Null);
    becomes(&daemon, SESSION, "SCAN_QR_CODE");
    for _ in 0..2 {
        let secret = json!({"code": "ABC-SECRET", "challenge": "SECRET-TOO"});
        daemon.posts(&status(SESSION, "PASSKEY_CONFIRMATION_REQUIRED", &secret));
        becomes(&daemon, SESSION, "SCAN_QR_CODE");
    }
    becomes(&daemon, SESSION, "FAILED");
    daemon.customer_writes(&chat(1), "waits");
    let texts = test.texts(&owner, 1);
    assert!(
        texts[0].contains("default parou (SCAN_QR_CODE)"),
        "{texts:?}"
    );
    let through = test.waha.sent().remove(0).session;
    assert_eq!(through, OTHER);
    assert_eq!(daemon.log().matches("the session has stopped").count(), 1);
    assert!(!daemon.log().contains("SECRET"), "a passkey is a secret");
    assert_eq!(test.waha.texts(&chat(1)), [""; 0]);
    // While one session is stopped, the others continue.
    daemon.posts(&webhook::message(OTHER, &chat(2), "Ana", "continues"));
    test.texts(&chat(2), 1);
    assert_eq!(test.waha.texts(&chat(1)), [""; 0]);

    becomes(&daemon, SESSION, "WORKING");
    assert_eq!(test.texts(&chat(1), 1), ["waits"]);
    // Late events change nothing.
    daemon.posts(&late);
    daemon.customer_writes(&chat(1), "again");
    assert_eq!(test.texts(&chat(1), 2)[1], "again");
    assert_eq!(test.waha.texts(&owner).len(), 1);
    // The next stop is notified again.
    becomes(&daemon, SESSION, "STOPPED");
    assert!(test.texts(&owner, 2)[1].contains("default parou (STOPPED)"));
}

#[test]
fn a_status_from_the_future_does_not_hide_the_next_one() {
    for stored_before in [false, true] {
        let (test, redis) = (TestSetup::new(), Redis::start());
        let owner = chat(9);
        let setup = test
            .all(&redis)
            .set("FLOW_FILE", test.echo())
            .set("LOCALE", "pt-BR")
            .set("NOTIFY_CHAT", "5511900000009");
        if stored_before {
            // The version before believed every time.
            redis.ask("HSET waha-sm:{default}:status status WORKING at 253402300799000");
        }
        let daemon = setup.start();
        becomes(&daemon, OTHER, "WORKING");
        if !stored_before {
            for time in [json!(253_402_300_799_000_i64), json!(u64::MAX), json!(-1)] {
                let mut event = status(SESSION, "WORKING", &Value::Null);
                event["timestamp"] = time;
                assert_ne!(daemon.posts(&event)["result"], "stale");
            }
            daemon.wait_for_log("a session's status is dated in the future");
        }
        becomes(&daemon, SESSION, "FAILED");
        let texts = test.texts(&owner, 1);
        assert!(texts[0].contains("default parou (FAILED)"), "{texts:?}");
        let at = "EVAL \"return tonumber(redis.call('HGET', KEYS[1], 'at'))\" 1 waha-sm:{default}:status";
        let at = redis.number(at).unsigned_abs();
        assert!(at <= webhook::now_ms() + 10_000, "{at}");
    }
}

#[test]
fn a_reconnecting_session_or_an_unknown_status_pauses_without_notifying_the_owner() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.echo())
        .set("NOTIFY_CHAT", format!("{OTHER}/5511900000009"))
        .start();
    for word in ["STARTING", "HIBERNATING"] {
        becomes(&daemon, SESSION, word);
        daemon.customer_writes(&chat(1), word);
        assert_eq!(redis.number("EXISTS waha-sm:{default}:paused"), 1);
        becomes(&daemon, SESSION, "WORKING");
        eventually("the session continues", || {
            test.waha
                .texts(&chat(1))
                .contains(&word.to_owned())
                .then_some(())
        });
    }
    assert_eq!(test.waha.texts(&chat(9)), [""; 0]);
    assert!(!daemon.log().contains("the session has stopped"));
}

/// A restart in WAHA's dashboard stops the session for about 3 s.
#[test]
fn a_restart_by_hand_alarms_nobody_and_holds_replies_meanwhile() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.echo())
        .set("NOTIFY_CHAT", format!("{OTHER}/5511900000009"))
        .start();
    becomes(&daemon, OTHER, "WORKING");
    becomes(&daemon, SESSION, "STOPPED");
    daemon.customer_writes(&chat(1), "held");
    time_goes_by(3_000);
    becomes(&daemon, SESSION, "STARTING");
    time_goes_by(2_000);
    assert_eq!(test.waha.texts(&chat(1)), [""; 0]);
    becomes(&daemon, SESSION, "WORKING");
    assert_eq!(test.texts(&chat(1), 1), ["held"]);
    // Later than the stop would have counted.
    time_goes_by(7_000);
    assert_eq!(test.waha.texts(&chat(9)), [""; 0]);
    assert_eq!(
        daemon.log().matches(" WARN ").count(),
        0,
        "{}",
        daemon.log()
    );
}

/// Also if the daemon is killed meanwhile.
#[test]
fn a_stop_that_lasts_is_told_after_ten_seconds() {
    for killed in [false, true] {
        let (test, redis) = (TestSetup::new(), Redis::start());
        let setup = test
            .all(&redis)
            .set("FLOW_FILE", test.echo())
            .set("NOTIFY_CHAT", format!("{OTHER}/5511900000009"));
        let mut daemon = setup.start();
        becomes(&daemon, OTHER, "WORKING");
        let begun = webhook::now_ms();
        becomes(&daemon, SESSION, "STOPPED");
        if killed {
            time_goes_by(2_000);
            daemon.kill();
            daemon = setup.start();
        }
        let texts = test.texts(&chat(9), 1);
        assert!(texts[0].contains("(STOPPED)"), "{texts:?}");
        let after = webhook::now_ms() - begun;
        assert!((10_000..15_000).contains(&after), "after {after} ms");
        daemon.wait_for_log("the session has stopped");
        assert!(daemon.log().contains("start it in WAHA's dashboard"));
    }
}

#[test]
fn a_restart_by_hand_neither_restarts_the_silence_nor_lets_anybody_time_out_during_it() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.flow(IMPATIENT))
        .start();
    daemon.customer_writes(&chat(1), "one");
    test.texts(&chat(1), 1);
    becomes(&daemon, SESSION, "STOPPED");
    // Longer than `close_after`.
    time_goes_by(4_000);
    let lane = format!("LLEN waha-sm:{{default}}:lane:{}", chat(1));
    assert_eq!(redis.number(&lane), 0);
    becomes(&daemon, SESSION, "WORKING");
    // If the silence began again, a reminder would come first.
    assert_eq!(test.texts(&chat(1), 2)[1], "good-bye");
}

#[test]
fn a_session_resumes_even_if_the_event_that_says_so_is_lost() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    becomes(&daemon, SESSION, "FAILED");
    daemon.customer_writes(&chat(1), "one");
    // Deletes the mark that limits how often WAHA is asked, so that the test doesn't wait.
    eventually("WAHA is asked, and says that the session works", || {
        redis.ask("DEL waha-sm:{default}:probed");
        (test.waha.texts(&chat(1)).len() == 1).then_some(())
    });
}

#[test]
fn no_customer_is_reminded_closed_or_sent_a_notice_while_their_messages_cannot_reach_us() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.flow(IMPATIENT))
        .start();
    daemon.customer_writes(&chat(1), "one");
    test.texts(&chat(1), 1);
    becomes(&daemon, SESSION, "STARTING");
    for n in 2..=3 {
        daemon.customer_writes(&chat(n), "hi");
    }
    // Longer than the flow's timeouts.
    let begun = webhook::now_ms();
    eventually("the time goes by", || {
        (webhook::now_ms() > begun + 4_000).then_some(())
    });
    for n in 1..=3 {
        let lane = redis.number(&format!("LLEN waha-sm:{{default}}:lane:{}", chat(n)));
        assert_eq!(lane, 0, "customer {n} gets nothing");
    }
    let resumed = webhook::now_ms();
    becomes(&daemon, SESSION, "WORKING");
    assert_eq!(test.texts(&chat(2), 1), ["you are next"]);
    assert_eq!(test.texts(&chat(1), 2)[1], "are you there?");
    assert!(
        webhook::now_ms() >= resumed + 1_400,
        "the timeouts start again"
    );
    assert_eq!(test.texts(&chat(1), 3)[2], "good-bye");
    assert!(webhook::now_ms() >= resumed + 2_900);
}

#[test]
fn no_conversation_is_closed_for_silence_while_waha_is_unreachable() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.flow(IMPATIENT))
        .start();
    daemon.customer_writes(&chat(1), "one");
    test.texts(&chat(1), 1);
    test.waha.go_away();
    let begun = webhook::now_ms();
    eventually("the time goes by", || {
        (webhook::now_ms() > begun + 4_000).then_some(())
    });
    let lane = format!("LLEN waha-sm:{{default}}:lane:{}", chat(1));
    assert_eq!(redis.number(&lane), 0);
    test.waha.come_back().unwrap();
    assert_eq!(
        daemon.customer_writes(&chat(1), "still here")["result"],
        "active"
    );
    // On a slow machine there may be a reminder first, but the conversation is not closed.
    let texts = eventually("the answer counts", || {
        let texts = test.waha.texts(&chat(1));
        texts.contains(&"bye".to_owned()).then_some(texts)
    });
    assert!(!texts.contains(&"good-bye".to_owned()), "{texts:?}");
}

#[test]
fn a_restriction_by_whatsapp_is_reported_once_in_plain_words_and_answering_continues() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.echo())
        .set("LOCALE", "pt-BR")
        .set("NOTIFY_CHAT", "5511900000009")
        .start();
    let timelock = json!({"enforcementType": "RESTRICT_ALL_COMPANIONS", "isActive": true, "timeEnforcementEnds": 1_795_988_719});
    let capping = |level: &str| json!({"cappingStatus": level, "cycleEnd": 1_795_988_719});
    for _ in 0..2 {
        let data = json!({"reachoutTimelock": timelock, "messageCapping": capping("NONE")});
        daemon.posts(&status(SESSION, "WORKING", &data));
    }
    let mut event = status(SESSION, "WORKING", &Value::Null);
    event["me"] = json!({"id": "5511900000000@c.us", "messageCapping": capping("CAPPED"), "reachoutTimelock": timelock});
    daemon.posts(&event);
    let texts = test.texts(&chat(9), 2);
    assert!(texts[0].contains("novas conversas até"), "{texts:?}");
    assert!(texts[1].contains("CAPPED"), "{texts:?}");
    daemon.customer_writes(&chat(1), "one");
    assert_eq!(test.texts(&chat(1), 1), ["one"]);
    assert_eq!(test.waha.texts(&chat(9)).len(), 2);
    assert_eq!(daemon.log().matches("WhatsApp restricts").count(), 2);
}
