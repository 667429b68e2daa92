//! Webhook bodies: an event is read the same each time, and its message survives being stored.

use std::time::Duration;

use waha_sm::clock::Millis;
use waha_sm::waha::event::{Meaning, listed, parse};
use waha_sm::waha::message::{Direction, Message};

use crate::corpus;
use crate::run::{Taken, Target};

const WORDS: &[&str] = &[
    "\"event\":",
    "\"payload\":",
    "\"session\":",
    "\"id\":",
    "\"from\":",
    "\"to\":",
    "\"fromMe\":true",
    "\"fromMe\":false",
    "\"body\":",
    "\"timestamp\":",
    "\"hasMedia\":true",
    "\"media\":",
    "\"_data\":",
    "\"ack\":",
    "\"message\":",
    "\"message.any\"",
    "\"message.ack\"",
    "\"message.edited\"",
    "\"message.revoked\"",
    "\"message.reaction\"",
    "\"session.status\"",
    "\"poll.vote\"",
    "@c.us",
    "@lid",
    "@g.us",
    "@s.whatsapp.net",
    "@broadcast",
    "true_",
    "false_",
    "null",
    "[]",
    "{}",
    "\"\"",
];

fn message_of(meaning: &Meaning) -> Option<&Message> {
    match meaning {
        Meaning::Inbound(message)
        | Meaning::Contentless(message)
        | Meaning::Vote(message)
        | Meaning::Own(message) => Some(message),
        _ => None,
    }
}

fn check(meaning: &Meaning) -> Taken {
    if let Meaning::Inbound(message) | Meaning::Vote(message) = meaning {
        assert!(message.id.is_some());
        assert_eq!(message.direction, Direction::Inbound);
    }
    let Some(message) = message_of(meaning) else {
        return match meaning {
            Meaning::Ignored(_) => Taken::Refused,
            _ => Taken::Accepted,
        };
    };
    let stored = serde_json::to_string(message).unwrap();
    let read: Message = serde_json::from_str(&stored).unwrap();
    let stored = Message {
        // Only for the log: what is stored does not have it.
        ahead: Duration::ZERO,
        ..message.clone()
    };
    assert_eq!(read, stored);
    Taken::Accepted
}

#[test]
fn no_event_breaks_its_reader() {
    let target = Target {
        name: "events",
        seeds: corpus::files(&["tests/fixtures/waha", "tests/fixtures/webhooks"], ".json"),
        words: WORDS,
    };
    target.run(|body, _| {
        let now = Millis::new(1_796_000_000_000);
        if let Ok(payload) = std::str::from_utf8(body) {
            check(&listed(payload, now, now));
        }
        let event = match parse(body, now) {
            Ok(event) => event,
            Err(reason) => {
                // The refusal goes to the sender and into the log.
                assert!(reason.to_string().len() < 200);
                return Taken::Refused;
            }
        };
        assert_eq!(parse(body, now).unwrap(), event);
        check(&event.meaning)
    });
}
