//! The silence of a customer counts from when they had the question.

use std::time::Duration;

use serde_json::json;

use crate::fake_waha::{Behaviour, Sent};
use crate::harness::{PATIENCE, Redis, TestSetup, chat, eventually};
use crate::webhook::now_ms;

const REMIND_AFTER: Duration = Duration::from_secs(3);

const FLOW: &str = r#"
name = "test"
locale = "en"
start = "ask"
[timeouts]
remind_after = "3s"
close_after = "5s"
[texts]
reminder = "are you there?"
silence = "good-bye"
[step.ask]
ask = "hello"
next = "bye"
[step.bye]
say = "bye"
end = "done"
"#;

/// Waits until the customer has this many texts.
fn sent(test: &TestSetup, count: usize) -> Vec<Sent> {
    let sent = test.waha.wait_for(PATIENCE, |sent, _| {
        (sent.len() >= count).then(|| sent.to_vec())
    });
    sent.unwrap_or_else(|| panic!("{:?}, not {count} texts", test.waha.sent()))
}

fn time_goes_by(time: Duration) {
    let begun = now_ms();
    eventually("the time goes by", || {
        (now_ms() > begun + time.as_millis() as u64).then_some(())
    });
}

/// Whether the daemon is killed meanwhile or not.
#[test]
fn a_question_that_waha_could_not_take_at_first_is_reminded_of_only_after_its_delivery() {
    for killed in [false, true] {
        let (test, redis) = (TestSetup::new(), Redis::start());
        let setup = test.all(&redis).set("FLOW_FILE", test.flow(FLOW));
        let mut daemon = setup.start();
        test.waha.go_away();
        daemon.customer_writes(&chat(1), "hi");
        time_goes_by(REMIND_AFTER.mul_f64(1.5));
        if killed {
            daemon.kill();
            daemon = setup.start();
        }
        test.waha.come_back().unwrap();
        let sent = sent(&test, 3);
        let texts: Vec<&str> = sent.iter().map(|sent| sent.text.as_str()).collect();
        assert_eq!(texts, ["hello", "are you there?", "good-bye"]);
        let silence = sent[1].at - sent[0].at;
        assert!(silence >= REMIND_AFTER, "reminded after {silence:?}");
        let left = sent[2].at - sent[1].at;
        assert!(
            left >= Duration::from_millis(1_900),
            "closed {left:?} after the reminder"
        );
        drop(daemon);
    }
}

/// The customer never got the question, so a reminder of it would make no sense. After the close, their next message
/// continues: they are asked again.
#[test]
fn a_question_that_we_gave_up_on_is_not_reminded_of_and_asked_again_later() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("FLOW_FILE", test.flow(FLOW)).start();
    let refusal = json!({"message": "chat is odd", "statusCode": 400}).to_string();
    test.waha
        .behave_for(&chat(1), Behaviour::Answers(400, refusal, vec![]));
    daemon.customer_writes(&chat(1), "hi");
    daemon.wait_for_log("gave up on a reply");
    test.waha.behave_well();
    assert_eq!(sent(&test, 1)[0].text, "good-bye");
    daemon.customer_writes(&chat(1), "hello?");
    assert_eq!(sent(&test, 2)[1].text, "hello");
}
