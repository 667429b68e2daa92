//! Every shape that WAHA is known to post gets a 2xx and the right treatment.

use std::path::Path;

use serde_json::Value;

use crate::harness::{Corner, Redis};

/// What becomes of each, posted in this order to a daemon with one worker, which the first keeps busy.
const TREATMENTS: &[(&str, &str)] = &[
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
    ("poll.vote-me-literal-ms-timestamp-gows", "ignored"),
    ("unknown-event-unknown-fields", "ignored"),
];

#[test]
fn every_fixture_is_treated_as_the_contract_says() {
    let (corner, redis) = (Corner::new(), Redis::start());
    let daemon = corner.all(&redis).start();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/waha");
    assert_eq!(
        std::fs::read_dir(&directory).unwrap().count(),
        TREATMENTS.len(),
        "each fixture has a line above"
    );
    for (number, (name, result)) in TREATMENTS.iter().enumerate() {
        let text = std::fs::read_to_string(directory.join(format!("{name}.json"))).unwrap();
        let event: Value = serde_json::from_str(&text).unwrap();
        let answer = daemon.posts(&event);
        assert_eq!(answer["result"], *result, "{name}: {answer}");
        if number == 0 {
            // Attended before the next comes, so that those wait.
            corner.texts("5511988880001@c.us", 1);
        }
    }
}
