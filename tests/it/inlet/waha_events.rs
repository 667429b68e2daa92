//! Every known form of WAHA's events gets a 200 and the right result.

use std::path::Path;

use serde_json::{Value, json};

use crate::fake_waha::Behaviour;
use crate::harness::{Redis, TestSetup, eventually};
use crate::webhook::now_ms;

/// The result of each fixture. They are posted in this order; the only worker is busy with the first one.
const RESULTS: &[(&str, &str)] = &[
    ("message-text-webjs", "queued"),
    ("message-long-unicode-emoji-noweb", "queued"),
    ("message-text-lid-gows", "queued"),
    ("message.any-same-envelope-id-gows", "duplicate"),
    ("message-image-caption-noweb", "queued"),
    ("message-location-gows", "queued"),
    ("message-voice-media-null-body-null-gows", "queued"),
    ("message-old-version-no-id-no-timestamp-noweb", "active"),
    ("message-group-lid-participant-reply-noweb", "ignored"),
    ("message-newsletter-noweb", "ignored"),
    ("message-status-broadcast-noweb", "ignored"),
    ("message.any-fromme-api-webjs", "recorded"),
    ("message.any-fromme-phone-vcard-gows", "recorded"),
    ("message.ack-read-noweb", "recorded"),
    ("message.ack-read-by-us-gows", "recorded"),
    ("message.ack.group-fromme-contradicts-id-webjs", "ignored"),
    ("message.edited-gows", "recorded"),
    ("message.reaction-fractional-timestamp-webjs", "recorded"),
    ("message.revoked-noweb", "recorded"),
    ("message.waiting-webjs", "ignored"),
    ("session.status-scan-qr-me-null-noweb", "recorded"),
    (
        "session.status-working-again-with-timelock-noweb",
        "recorded",
    ),
    ("call.received-fractional-timestamp-noweb", "ignored"),
    ("poll.vote-me-literal-ms-timestamp-gows", "active"),
    ("unknown-event-unknown-fields", "ignored"),
    ("message.ack-read-by-our-own-sendSeen-gows", "recorded"),
    ("message.any-50h-old-in-fresh-envelope-noweb", "recorded"),
    ("message.any-album-header-gows", "ignored"),
    ("message.any-album-header-noweb", "ignored"),
    ("message.any-album-picture-noweb", "queued"),
    ("message.any-disappearing-timer-changed-noweb", "ignored"),
    ("message.any-image-download-failed-noweb", "queued"),
    ("message.any-meta-ai-noweb", "ignored"),
    ("message.any-pin-gows", "ignored"),
    ("message.any-pin-noweb", "ignored"),
    ("message.any-secret-encrypted-edit-noweb", "ignored"),
    ("message.edited-empty-body-noweb", "recorded"),
];

#[test]
fn every_fixture_gets_the_expected_result() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).start();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/waha");
    assert_eq!(
        std::fs::read_dir(&directory).unwrap().count(),
        RESULTS.len(),
        "each fixture has a line above"
    );
    for (number, (name, result)) in RESULTS.iter().enumerate() {
        let text = std::fs::read_to_string(directory.join(format!("{name}.json"))).unwrap();
        let mut event: Value = serde_json::from_str(&text).unwrap();
        make_recent(&mut event);
        if name.contains("50h-old") {
            event["payload"]["timestamp"] = (now_ms() / 1_000 - 50 * 3_600).into();
        }
        let answer = daemon.posts(&event);
        assert_eq!(answer["result"], *result, "{name}: {answer}");
        if number == 0 {
            // The first gets the worker before the next comes, so that the others wait.
            test.texts("5511988880001@c.us", 1);
        }
    }
}

/// Sets the times to now, because old events and messages are only recorded. (A recent message of the owner's would take
/// over the chat.)
fn make_recent(event: &mut Value) {
    let ours = event["payload"]["fromMe"] == true;
    let now = now_ms();
    let in_same_unit = |time: &Value| match time.as_f64() {
        Some(time) if time > 1e11 => json!(now),
        _ => json!(now / 1_000),
    };
    for path in [
        "/timestamp",
        "/payload/timestamp",
        "/payload/vote/timestamp",
    ] {
        if let Some(time) = event.pointer_mut(path)
            && !(ours && path == "/payload/timestamp")
        {
            *time = in_same_unit(time);
        }
    }
}

#[test]
fn an_event_older_than_the_deduplication_window_is_recorded_once_and_changes_nothing() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).start();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/waha");
    let text = std::fs::read_to_string(directory.join("message-text-webjs.json")).unwrap();
    let mut event: Value = serde_json::from_str(&text).unwrap();
    for _ in 0..3 {
        assert_eq!(daemon.posts(&event)["result"], "stale");
    }
    // The same message under another event id.
    event["id"] = "evt_another".into();
    assert_eq!(daemon.posts(&event)["result"], "stale");
    let hour = 3_600_000;
    event["timestamp"] = (now_ms() - 49 * hour).into();
    assert_eq!(daemon.posts(&event)["result"], "stale");

    let customer = "5511988880001@c.us";
    let kept = eventually("the message is in the history", || {
        let kept = test.history(&["--chat", customer]);
        (!kept.is_empty()).then_some(kept)
    });
    assert_eq!(kept.len(), 1, "{kept:?}");
    eventually("the stream is trimmed", || {
        (redis.number("XLEN waha-sm:{default}:history") == 0).then_some(())
    });
    assert_eq!(
        redis.number("EXISTS waha-sm:{default}:inbox:5511988880001@c.us"),
        0
    );
    assert!(test.history(&["--conversations"]).is_empty());
    assert_eq!(test.waha.texts(customer), Vec::<String>::new());

    // The session can't send now; an old event says that it works.
    test.waha.behave(Behaviour::SessionIs("STOPPED"));
    assert_eq!(redis.ask("SET waha-sm:{default}:paused 1"), "+OK");
    let worked = json!({
        "event": "session.status", "session": "default", "timestamp": now_ms() - 49 * hour,
        "payload": {"name": "default", "status": "WORKING"},
    });
    assert_eq!(daemon.posts(&worked)["result"], "stale");
    assert_eq!(redis.number("EXISTS waha-sm:{default}:paused"), 1);

    // A younger message counts, even if WAHA repeats its event only after hours.
    event["timestamp"] = (now_ms() - 11 * hour).into();
    event["payload"]["timestamp"] = ((now_ms() - 11 * hour) / 1_000).into();
    event["payload"]["id"] = format!("false_{customer}_3EB0DD").into();
    assert_eq!(daemon.posts(&event)["result"], "queued");
}
