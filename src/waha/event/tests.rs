//! What each fixture means, in one table; then odd, hostile and broken bodies.

use crate::ids::MessageId;
use std::fmt::Write as _;

use super::super::message::{Direction, Kind, Location, Media, Message};
use super::*;

mod content;
mod odd;
mod properties;

const NOW: Millis = Millis::new(1_789_999_999_999);

macro_rules! fixtures {
    ($($name:literal,)+) => {
        &[$(($name, include_bytes!(concat!("../../../tests/fixtures/waha/", $name, ".json")))),+]
    };
}

/// The fixtures in the directory. A test compares this list with it.
const FIXTURES: &[(&str, &[u8])] = fixtures![
    "call.received-fractional-timestamp-noweb",
    "message-group-lid-participant-reply-noweb",
    "message-image-caption-noweb",
    "message-location-gows",
    "message-long-unicode-emoji-noweb",
    "message-newsletter-noweb",
    "message-old-version-no-id-no-timestamp-noweb",
    "message-status-broadcast-noweb",
    "message-text-lid-gows",
    "message-text-webjs",
    "message-voice-media-null-body-null-gows",
    "message.ack-read-by-our-own-sendSeen-gows",
    "message.ack-read-by-us-gows",
    "message.ack-read-noweb",
    "message.ack.group-fromme-contradicts-id-webjs",
    "message.any-50h-old-in-fresh-envelope-noweb",
    "message.any-album-header-gows",
    "message.any-album-header-noweb",
    "message.any-album-picture-noweb",
    "message.any-disappearing-timer-changed-noweb",
    "message.any-fromme-api-webjs",
    "message.any-fromme-phone-vcard-gows",
    "message.any-image-download-failed-noweb",
    "message.any-meta-ai-noweb",
    "message.any-pin-gows",
    "message.any-pin-noweb",
    "message.any-same-envelope-id-gows",
    "message.any-secret-encrypted-edit-noweb",
    "message.edited-empty-body-noweb",
    "message.edited-gows",
    "message.reaction-fractional-timestamp-webjs",
    "message.revoked-noweb",
    "message.waiting-webjs",
    "poll.vote-me-literal-ms-timestamp-gows",
    "session.status-scan-qr-me-null-noweb",
    "session.status-working-again-with-timelock-noweb",
    "unknown-event-unknown-fields",
];

fn fixture(name: &str) -> &'static [u8] {
    FIXTURES.iter().find(|(n, _)| *n == name).unwrap().1
}

/// One line about an event: enough to see that it was understood.
fn treatment(event: &Event) -> String {
    match &event.meaning {
        Meaning::Ignored(why) => format!("ignored: {why}"),
        Meaning::SessionStatus { status, .. } => format!("status: {status} of {}", event.session),
        Meaning::Inbound(message) => format!("inbound {}", described(message)),
        Meaning::Contentless(message) => format!("contentless {}", described(message)),
        Meaning::Vote(message) => format!("vote {}", described(message)),
        Meaning::Own(message) => format!("own {:?} {}", message.author, described(message)),
        Meaning::Ack(a) => format!(
            "ack {} of {:?} {} {} at {}",
            a.ack, a.direction, a.chat, a.message, a.at
        ),
        Meaning::Edited(e) => format!(
            "edited {:?} {} {} {} at {}",
            e.direction,
            e.chat,
            e.message,
            e.text.as_deref().unwrap_or("?"),
            e.at
        ),
        Meaning::Revoked(r) => format!(
            "revoked {:?} {} {} at {}",
            r.direction, r.chat, r.message, r.at
        ),
        Meaning::Reaction(r) => format!(
            "reaction {} by {:?} under {:?} {} {} at {}",
            r.text, r.by, r.direction, r.chat, r.message, r.at
        ),
    }
}

fn described(message: &Message) -> String {
    let mut described = format!(
        "{:?} {} {} at {}",
        message.kind,
        message.chat,
        message.id.as_ref().map_or("-", MessageId::as_str),
        message.sent_at
    );
    for part in [
        message.name.clone().map(|name| format!("name={name}")),
        message.other_id.clone().map(|id| format!("other={id}")),
        message.quoted.clone().map(|id| format!("quoted={id}")),
        (!message.contacts.is_empty()).then(|| format!("contacts={}", message.contacts.len())),
        (!message.text.is_empty()).then(|| format!("text={:.30}", message.text)),
    ]
    .into_iter()
    .flatten()
    {
        write!(described, " {part}").unwrap();
    }
    described
}

#[test]
fn every_fixture_gets_its_treatment() {
    let wanted = [
        "ignored: call",
        "ignored: group",
        "inbound Image 5541955550004@c.us 3EB0C0FFEE00BEEF0004 at 1789901101000 name=Bruno text=segue o comprovante 🧾",
        "inbound Location 155500000000006@lid 3A0000000000000000A6 at 1789901306000 name=Kenji 田中 other=5561933330006@c.us",
        "inbound Text 5521977770002@c.us 3A5F0C9D8E7B6A594837 at 1789900902000 name=Conceição 🌺 (mãe) other=188800000000002@lid text=Olá 👋🏽 — aqui é a D. Conceição",
        "ignored: newsletter",
        "inbound Text 5511988880001@c.us 3A7FDA3E4A2D2BAC0018 at 1694872278000 name=Ana text=Hello",
        "ignored: status",
        "inbound Text 177700000000003@lid 3AC22AE73E797638455D at 1789901003000 name=Lu✨ other=5531966660003@c.us text=oi, quero 2ª via do boleto",
        "inbound Text 5511988880001@c.us 3EB0A1B2C3D4E5F60718 at 1789900801000 name=Ana Exemplo text=Bom dia! Vocês abrem hoje?",
        "inbound Voice 5551944440005@c.us AC0DE0FAB0000000000000000000005A at 1789901200000 other=166600000000005@lid",
        "ack 3 of Inbound 177700000000003@lid 3AC22AE73E797638455D at 1789901003789",
        "ack 3 of Inbound 177700000000003@lid 3AC22AE73E797638455D at 1789901913200",
        "ack 3 of Outbound 5521977770002@c.us 3EB0BEEF0000000000D1 at 1789901912100",
        "ignored: group",
        "inbound Text 5531966660003@c.us 3EB0E0F010 at 1789721003000 name=Lu other=177700000000003@lid text=bom dia, abrem hoje?",
        "ignored: technical message",
        "ignored: technical message",
        "inbound Image 5531966660003@c.us 3EB0E0F006 at 1789901003000 name=Lu other=177700000000003@lid",
        "ignored: technical message",
        "own Bot Text 5511988880001@c.us 3EB0D15EA5E00000000C at 1789901811000 text=Você é o número 3 da fila.",
        "own Phone Contact 5511988880001@c.us 3EB0F00D00000000000B at 1789901710000 other=177700000000001@lid contacts=1",
        "inbound Image 5531966660003@c.us 3EB0E0F009 at 1789901003000 name=Lu other=177700000000003@lid",
        "ignored: bot",
        "ignored: technical message",
        "ignored: technical message",
        "inbound Text 177700000000003@lid 3AC22AE73E797638455D at 1789901003000 name=Lu✨ other=5531966660003@c.us text=oi, quero 2ª via do boleto",
        "ignored: technical message",
        "edited Inbound 5531966660003@c.us 3EB0AA01 ? at 1789901003789",
        "edited Inbound 177700000000003@lid 3AC22AE73E797638455D oi, quero a 2ª via do boleto de SETEMBRO at 1789902116502",
        "reaction 🙏🏽 by Customer under Outbound 5511988880001@c.us 3EB0D15EA5E00000000C at 1789902015401",
        "revoked Inbound 5541955550004@c.us 3EB0C0FFEE00BEEF0004 at 1789902217603",
        "ignored: waiting for the message",
        "vote Text 5511988880001@c.us 3A0000B07E0000000001 at 1789902722000 name=Ana Exemplo quoted=3EB0B0110000000000E2 text=👍 Ótimo",
        "status: SCAN_QR_CODE of loja-centro",
        "status: WORKING of default",
        "ignored: unknown event",
    ];
    assert_eq!(FIXTURES.len(), wanted.len());
    for ((name, body), wanted) in FIXTURES.iter().zip(wanted) {
        let event = parse(body, NOW).unwrap();
        assert_eq!(treatment(&event), wanted, "{name}");
        // Fixtures are indented, but real bodies are one line.
        let line: serde_json::Value = serde_json::from_slice(body).unwrap();
        assert_eq!(parse(line.to_string().as_bytes(), NOW), Ok(event), "{name}");
    }
}

#[test]
fn no_fixture_is_left_out() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/waha");
    let Ok(entries) = std::fs::read_dir(directory) else {
        return; // packaged without its tests
    };
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let listed: Vec<_> = FIXTURES.iter().map(|(n, _)| format!("{n}.json")).collect();
    assert_eq!(names, listed);
}

#[test]
fn a_message_keeps_all_that_was_sent() {
    let Meaning::Inbound(image) = parse(fixture("message-image-caption-noweb"), NOW)
        .unwrap()
        .meaning
    else {
        panic!("not inbound");
    };
    assert_eq!(
        image.media,
        Some(Media {
            url: Some("http://waha:3000/api/files/default/3EB0C0FFEE00BEEF0004.jpeg".to_owned()),
            mimetype: Some("image/jpeg".to_owned()),
            filename: None,
            error: None,
        })
    );
    assert_eq!(image.received_at, NOW);
    let Meaning::Inbound(place) = parse(fixture("message-location-gows"), NOW)
        .unwrap()
        .meaning
    else {
        panic!("not inbound");
    };
    assert_eq!(
        place.location,
        Some(Location {
            latitude: -23.561414,
            longitude: -46.655881,
            name: Some("MASP".to_owned()),
            address: Some("Av. Paulista, 1578, São Paulo".to_owned()),
        })
    );
    let long = parse(fixture("message-long-unicode-emoji-noweb"), NOW).unwrap();
    let json: serde_json::Value =
        serde_json::from_slice(fixture("message-long-unicode-emoji-noweb")).unwrap();
    let Meaning::Inbound(long) = long.meaning else {
        panic!("not inbound");
    };
    assert_eq!(json["payload"]["body"], long.text);
}

fn envelope(name: &str, engine: &str, payload: &str) -> String {
    let me = r#"{"id":"5511900000000@c.us","lid":"199900000000001@lid"}"#;
    format!(
        r#"{{"event":"{name}","session":"default","timestamp":1789900000123,"me":{me},"environment":{{"engine":"{engine}"}},"payload":{payload}}}"#
    )
}

fn event(name: &str, engine: &str, payload: &str) -> Event {
    parse(envelope(name, engine, payload).as_bytes(), NOW).unwrap()
}

fn treated(name: &str, engine: &str, payload: &str) -> String {
    treatment(&event(name, engine, payload))
}

#[test]
fn the_chat_without_an_id_is_found_by_engine() {
    for (engine, from_me, wanted) in [
        ("WEBJS", true, "own Phone Text 2@c.us - at 1789900000123"),
        ("WPP", true, "own Phone Text 2@c.us - at 1789900000123"),
        ("WEBJS", false, "ignored: no message id"),
        ("NOWEB", true, "own Phone Text 1@c.us - at 1789900000123"),
        ("GOWS", false, "ignored: no message id"),
    ] {
        let payload = format!(r#"{{"from":"1@c.us","to":"2@c.us","fromMe":{from_me},"body":"a"}}"#);
        let treated = treated("message.any", engine, &payload);
        assert_eq!(treated.trim_end_matches(" text=a"), wanted, "{engine}");
    }
    assert_eq!(
        treated("message", "NOWEB", r#"{"id":"ABC","from":"1@c.us"}"#),
        "contentless Empty 1@c.us ABC at 1789900000123"
    );
    assert_eq!(
        treated(
            "message",
            "WEBJS",
            r#"{"id":"ABC","from":"1@c.us","fromMe":true,"to":"2@c.us"}"#
        ),
        "own Phone Empty 2@c.us ABC at 1789900000123"
    );
    assert_eq!(
        treated("message.any", "NOWEB", r#"{"id":"1@c.us_ABC"}"#),
        "ignored: unknown direction"
    );
    assert_eq!(
        treated("message", "NOWEB", r#"{"id":"ABC"}"#),
        "ignored: no chat"
    );
    assert_eq!(treated("message", "NOWEB", "null"), "ignored: no chat");
    assert_eq!(
        treated("message", "NOWEB", "1e999"),
        "ignored: unreadable payload"
    );
}

#[test]
fn the_id_knows_better_than_the_fields() {
    assert_eq!(
        treated(
            "message",
            "WEBJS",
            r#"{"id":"true_1@c.us_A","fromMe":false,"source":"api"}"#
        ),
        "own Bot Empty 1@c.us A at 1789900000123"
    );
    assert_eq!(
        treated(
            "message",
            "WEBJS",
            r#"{"id":"false_1203@g.us_A_1@c.us","from":"1@c.us"}"#
        ),
        "ignored: group"
    );
}

#[test]
fn our_own_number_is_no_customer() {
    let own = "true_5511900000000@c.us_A";
    assert_eq!(
        treated("message.any", "GOWS", &format!(r#"{{"id":"{own}"}}"#)),
        "ignored: own number"
    );
    assert_eq!(
        treated(
            "message.any",
            "GOWS",
            &format!(
                r#"{{"id":"{own}","_data":{{"Info":{{"Chat":"199900000000001:7@lid","RecipientAlt":"77@s.whatsapp.net"}}}}}}"#
            )
        ),
        "own Phone Empty 77@c.us A at 1789900000123"
    );
    assert_eq!(
        treated(
            "message.any",
            "GOWS",
            &format!(
                r#"{{"id":"{own}","_data":{{"Info":{{"Chat":"78@lid","RecipientAlt":"77@s.whatsapp.net"}}}}}}"#
            )
        ),
        "own Phone Empty 78@lid A at 1789900000123 other=77@c.us"
    );
}

#[test]
fn who_is_not_a_person_is_ignored_with_the_reason() {
    for (chat, wanted) in [
        ("1203@g.us", "group"),
        ("1203@newsletter", "newsletter"),
        ("status@broadcast", "status"),
        ("12@broadcast", "broadcast list"),
        ("0@c.us", "system account"),
        ("867@bot", "bot"),
        ("1@meta.ai", "bot"),
        ("nobody", "not a person"),
    ] {
        for name in ["message", "message.ack", "message.edited"] {
            let payload = format!(r#"{{"id":"false_{chat}_A","ack":1}}"#);
            assert_eq!(
                treated(name, "GOWS", &payload),
                format!("ignored: {wanted}")
            );
        }
    }
}

#[test]
fn webjs_notes_about_a_chat_are_not_the_customer() {
    let note = r#"{"id":"false_1@c.us_A","body":"","_data":{"type":"e2e_notification"}}"#;
    assert_eq!(treated("message", "WEBJS", note), "ignored: system note");
    let with_an_id = r#"{"id":"false_1@c.us_A","body":"150418378248211@lid","_data":{"type":"e2e_notification","subtype":"identity"}}"#;
    assert_eq!(
        treated("message", "WEBJS", with_an_id),
        "ignored: system note"
    );
    let empty = r#"{"id":"false_1@c.us_A","body":"","_data":{"type":"chat"}}"#;
    assert_eq!(
        treated("message", "WEBJS", empty),
        "contentless Empty 1@c.us A at 1789900000123"
    );
}

#[test]
fn acks_are_read_in_every_shape() {
    for (payload, wanted) in [
        (
            r#"{"id":"1@c.us_A","fromMe":false,"ack":3}"#,
            "ack 3 of Inbound 1@c.us A at 1789900000123",
        ),
        (
            r#"{"id":"1@c.us_A","fromMe":true,"ack":null,"ackName":"PLAYED"}"#,
            "ack 4 of Outbound 1@c.us A at 1789900000123",
        ),
        (
            r#"{"id":"true_1@c.us_A","ack":"2"}"#,
            "ack 2 of Outbound 1@c.us A at 1789900000123",
        ),
        (
            r#"{"id":"true_1@c.us_A","ack":null,"ackName":"UNKNOWN"}"#,
            "ignored: unknown ack",
        ),
        (
            r#"{"id":"true_1@c.us_A","ack":1e9}"#,
            "ignored: unknown ack",
        ),
        (
            r#"{"from":"1@c.us","fromMe":true,"ack":2}"#,
            "ignored: no message id",
        ),
    ] {
        assert_eq!(
            treated("message.ack", "NOWEB", payload),
            wanted,
            "{payload}"
        );
    }
    let failed = r#"{"id":"true_1@c.us_A","ack":-1,"ackName":"ERROR","error":{"code":"463","blocked":true,"reason":"reachout","until":1}}"#;
    let Meaning::Ack(ack) = event("message.ack", "NOWEB", failed).meaning else {
        panic!("not an ack");
    };
    assert_eq!(
        serde_json::to_string(&ack).unwrap(),
        r#"{"chat":"1@c.us","stanza":"A","direction":"outbound","ack":-1,"error":"463: reachout","at":1789900000123}"#
    );
}

#[test]
fn edits_revocations_and_reactions_find_their_message() {
    for (name, payload, wanted) in [
        (
            "message.edited",
            r#"{"id":"true_1@c.us_A","body":"b"}"#,
            "edited Outbound 1@c.us A b at 1789900000123",
        ),
        (
            "message.edited",
            r#"{"id":"true_1@c.us_A","editedMessageId":"true_1@c.us_B"}"#,
            "edited Outbound 1@c.us B ? at 1789900000123",
        ),
        (
            "message.revoked",
            r#"{"after":{"id":"true_1@c.us_A"},"before":{"id":"true_1@c.us_B"}}"#,
            "revoked Outbound 1@c.us B at 1789900000123",
        ),
        (
            "message.revoked",
            r#"{"after":{"id":"true_1@c.us_A"},"before":null}"#,
            "revoked Outbound 1@c.us A at 1789900000123",
        ),
        (
            "message.revoked",
            r#"{"after":null,"before":null,"revokedMessageId":"B","_data":{"key":{"remoteJid":"1@s.whatsapp.net","fromMe":false}}}"#,
            "revoked Inbound 1@c.us B at 1789900000123",
        ),
        ("message.revoked", r#"{"after":null}"#, "ignored: no chat"),
        (
            "message.reaction",
            r#"{"id":"true_1@c.us_R","timestamp":1789900009,"reaction":{"text":null,"messageId":"false_1@c.us_A"}}"#,
            "reaction  by Phone under Inbound 1@c.us A at 1789900009000",
        ),
        (
            "message.reaction",
            r#"{"id":"true_1@c.us_R","reaction":{"text":"a","messageId":"A"}}"#,
            "ignored: no chat",
        ),
        (
            "message.reaction",
            r#"{"id":"true_1@c.us_R"}"#,
            "ignored: no chat",
        ),
        ("session.status", r#"{"status":7}"#, "ignored: no status"),
    ] {
        assert_eq!(treated(name, "WEBJS", payload), wanted, "{payload}");
    }
}

#[test]
fn a_listed_message_is_read_as_a_posted_one() {
    let mut read = 0;
    for (name, body) in FIXTURES {
        let event = parse(body, NOW).unwrap();
        if matches!(event.name.as_str(), "message" | "message.any") {
            let json: serde_json::Value = serde_json::from_slice(body).unwrap();
            assert_eq!(
                listed(&json["payload"].to_string(), NOW, NOW),
                event.meaning,
                "{name}"
            );
            read += 1;
        }
    }
    assert!(read > 10);
}

#[test]
fn a_listed_message_is_read_with_the_same_patience() {
    let message = |payload: &str| match listed(payload, NOW, NOW) {
        Meaning::Inbound(message) | Meaning::Own(message) => (message.text, message.sent_at),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        message(r#" {"id":"false_1@c.us_A","body":"a\ud83d","from":7,"timestamp":"1789900000"}"#),
        ("a\u{fffd}".to_owned(), Millis::new(1_789_900_000_000))
    );
    assert_eq!(
        message(r#"{"id":"true_1@lid_A","_data":[1e999]}"#),
        (String::new(), NOW)
    );
    for (payload, why) in [
        ("", "unreadable payload"),
        (r#"{"id":"#, "unreadable payload"),
        ("[]", "no chat"),
        ("null", "no chat"),
        (r#"{"id":"false_1203@g.us_A"}"#, "group"),
        (r#"{"from":"1@c.us","fromMe":false}"#, "no message id"),
        (r#"{"from":"1@c.us","fromMe":true}"#, "no message id"),
        (r#"{"id":"1@c.us_A"}"#, "unknown direction"),
        (
            r#"{"id":"false_1@c.us_A","body":"","_data":{"type":"revoked"}}"#,
            "system note",
        ),
    ] {
        assert_eq!(
            listed(payload, NOW, NOW),
            Meaning::Ignored(why),
            "{payload}"
        );
    }
}

#[test]
fn a_vote_counts_in_a_poll_of_ours_by_the_customer() {
    let what = |change: &str, engine: &str| {
        let mut payload = serde_json::json!({
            "vote": {"id": "false_5511999990000@c.us_3A01", "from": "5511999990000@c.us", "to": "me", "fromMe": false,
                "selectedOptions": ["A"], "timestamp": 1_789_902_722},
            "poll": {"id": "true_5511999990000@c.us_3EB0", "from": "me", "to": "5511999990000@c.us", "fromMe": true},
        });
        if let Some((path, value)) = change.split_once(' ') {
            *payload.pointer_mut(path).unwrap() = serde_json::from_str(value).unwrap();
        }
        event("poll.vote", engine, &payload.to_string()).meaning
    };
    for (change, wanted) in [
        ("", Ok("A")),
        (r#"/vote/selectedOptions ["A",7,null," B "]"#, Ok("A, B")),
        ("/vote/timestamp 1789902722000", Ok("A")),
        (r#"/vote/timestamp "1789902722""#, Ok("A")),
        (r#"/poll/id "3EB0""#, Ok("A")),
        ("/poll/fromMe null", Ok("A")),
        ("/poll/fromMe false", Ok("A")),
        (
            r#"/poll/id "false_5511999990000@c.us_3EB0""#,
            Err("not our poll"),
        ),
        (
            r#"/poll {"fromMe":false,"from":"5511999990000@c.us"}"#,
            Err("not our poll"),
        ),
        ("/poll null", Err("not our poll")),
        ("/vote/selectedOptions []", Err("withdrawn vote")),
        ("/vote/selectedOptions null", Err("withdrawn vote")),
        (r#"/vote/selectedOptions {"a":1}"#, Err("withdrawn vote")),
        (
            r#"/vote/id "true_5511999990000@c.us_3A01""#,
            Err("our own vote"),
        ),
        (
            r#"/vote/id "false_120363000000000000@g.us_3A01_5511999990000@c.us""#,
            Err("group"),
        ),
        (r#"/vote/id "3A01""#, Ok("A")),
        ("/vote/id null", Err("no message id")),
        ("/vote null", Err("no chat")),
        ("/vote []", Err("no chat")),
    ] {
        for engine in ["GOWS", "NOWEB", "WEBJS", "", "TOMORROW"] {
            match (what(change, engine), wanted) {
                (Meaning::Vote(vote), Ok(text)) => {
                    assert_eq!(vote.text, text, "{change}");
                    assert_eq!(vote.chat.as_str(), "5511999990000@c.us", "{change}");
                    assert_eq!(
                        vote.id.as_ref().map(MessageId::as_str),
                        Some("3A01"),
                        "{change}"
                    );
                    assert_eq!(vote.sent_at, Millis::new(1_789_902_722_000), "{change}");
                }
                (Meaning::Ignored(why), Err(wanted)) => assert_eq!(why, wanted, "{change}"),
                (other, _) => panic!("{change} {engine}: {other:?}"),
            }
        }
    }
    let failed = r#"{"vote":{"id":"false_5511999990000@c.us_3A01","selectedOptions":null},"poll":{"fromMe":true}}"#;
    assert_eq!(
        event("poll.vote.failed", "NOWEB", failed).meaning,
        Meaning::Ignored("poll")
    );
    let lone = r#"{"vote":{"id":"false_5511999990000@c.us_3A01","selectedOptions":["\ud83d x"]},"poll":{"from":"me"}}"#;
    let Meaning::Vote(vote) = event("poll.vote", "GOWS", lone).meaning else {
        panic!("lost");
    };
    assert_eq!(vote.text, "\u{fffd} x");
}

/// Lists and buttons are answered with a message whose body is the title that was chosen (WAHA's source, `toWAMessage`).
#[test]
fn the_answer_to_a_list_or_a_button_is_a_text() {
    for (engine, data) in [
        (
            "WEBJS",
            r#"{"type":"list_response","listResponse":{"title":"Marcar consulta","singleSelectReply":{"selectedRowId":"1"}}}"#,
        ),
        (
            "WEBJS",
            r#"{"type":"buttons_response","selectedButtonId":"1"}"#,
        ),
        (
            "NOWEB",
            r#"{"message":{"listResponseMessage":{"title":"Marcar consulta","listType":1}}}"#,
        ),
        (
            "NOWEB",
            r#"{"message":{"templateButtonReplyMessage":{"selectedId":"1"}}}"#,
        ),
        (
            "GOWS",
            r#"{"Message":{"buttonsResponseMessage":{"Response":{"SelectedDisplayText":"Marcar consulta"}}}}"#,
        ),
    ] {
        let payload = format!(
            r#"{{"id":"false_5511999990000@c.us_3A02","from":"5511999990000@c.us","fromMe":false,"body":"Marcar consulta","hasMedia":false,"timestamp":1,"_data":{data}}}"#
        );
        let Meaning::Inbound(message) = event("message", engine, &payload).meaning else {
            panic!("{data}");
        };
        assert_eq!(
            (message.kind, message.text.as_str()),
            (Kind::Text, "Marcar consulta")
        );
    }
}
