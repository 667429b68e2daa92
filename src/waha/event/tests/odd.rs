//! Odd and broken bodies, and bodies that are not from WAHA: they are read tolerantly, or refused with a reason.

use super::*;
use crate::ids::SessionName;

#[test]
fn times_are_read_in_every_unit_and_else_borrowed() {
    for (time, wanted) in [
        ("1789900801", 1_789_900_801_000),
        ("1789900801.853", 1_789_900_801_853),
        ("1789900801853", 1_789_900_801_853),
        ("\"1789900801\"", 1_789_900_801_000),
        ("null", 1_789_900_000_123),
        ("0", 1_789_900_000_123),
        ("-5", 1_789_900_000_123),
        ("1e300", 1_789_900_000_123),
        ("1e999", 1_789_900_000_123),
        ("\"NaN\"", 1_789_900_000_123),
        ("{\"low\":1}", 1_789_900_000_123),
    ] {
        let payload = format!(r#"{{"id":"false_1@c.us_A","body":"a","timestamp":{time}}}"#);
        let Meaning::Inbound(message) = event("message", "GOWS", &payload).meaning else {
            panic!("not inbound");
        };
        assert_eq!(message.sent_at, Millis::new(wanted), "{time}");
    }
    let old = br#"{"event":"message","session":"s","payload":{"id":"false_1@c.us_A","body":"a"}}"#;
    let Meaning::Inbound(message) = parse(old, NOW).unwrap().meaning else {
        panic!("not inbound");
    };
    assert_eq!(message.sent_at, NOW);
}

#[test]
fn fields_of_a_wrong_type_are_as_if_absent() {
    for wrong in [
        "7",
        "true",
        "\"x\"",
        "[]",
        "{}",
        "[{\"a\":1}]",
        "null",
        "-1.5e3",
    ] {
        let payload = format!(
            r#"{{"id":"false_1@c.us_A","timestamp":{{}},"from":{wrong},"to":{wrong},"fromMe":{wrong},"source":{wrong},"hasMedia":"yes","media":{wrong},"location":{wrong},"replyTo":{wrong},"_data":{wrong},"reaction":{wrong},"after":{wrong}}}"#
        );
        assert_eq!(
            treated("message", "WEBJS", &payload),
            "contentless Empty 1@c.us A at 1789900000123",
            "{wrong}"
        );
    }
}

#[test]
fn the_last_of_duplicate_keys_counts() {
    let payload = r#"{"id":"false_2@c.us_B","id":"false_1@c.us_A","body":"a","body":"b"}"#;
    assert_eq!(
        treated("message", "GOWS", payload),
        "inbound Text 1@c.us A at 1789900000123 text=b"
    );
}

#[test]
fn lone_surrogates_and_control_characters_do_not_lose_the_message() {
    let Meaning::Inbound(message) = event(
        "message",
        "WEBJS",
        r#"{"id":"false_1@c.us_A","body":"\u0000\u001b[1m \ud83d\\ud83d \ud83d\ude00","_data":{"notifyName":" A\u0000na\n\ud83d "}}"#,
    )
    .meaning
    else {
        panic!("not inbound");
    };
    assert_eq!(message.text, "\0\u{1b}[1m \u{fffd}\\ud83d 😀");
    assert_eq!(message.name.as_deref(), Some("A na \u{fffd}"));
}

#[test]
fn bytes_that_are_not_utf_8_do_not_lose_the_message() {
    let mut body =
        br#"{"event":"message","session":"s","payload":{"id":"false_1@c.us_A","body":""#.to_vec();
    body.extend_from_slice(b"caf\xe9");
    body.extend_from_slice(br#""}}"#);
    let Meaning::Inbound(message) = parse(&body, NOW).unwrap().meaning else {
        panic!("not inbound");
    };
    assert_eq!(message.text, "caf\u{fffd}");
}

#[test]
fn a_name_is_one_short_line() {
    let name = |name: &str| {
        let payload =
            format!(r#"{{"id":"false_1@c.us_A","body":"a","_data":{{"pushName":"{name}"}}}}"#);
        match event("message", "NOWEB", &payload).meaning {
            Meaning::Inbound(message) => message.name,
            _ => None,
        }
    };
    assert_eq!(name("  "), None);
    assert_eq!(name("\\u2028\\u0007"), None);
    assert_eq!(name("\\u3164"), None);
    assert_eq!(
        name("\\u202eana moc.rolav").as_deref(),
        Some("ana moc.rolav")
    );
    assert_eq!(name("Ana\\nSouza").as_deref(), Some("Ana Souza"));
    assert_eq!(name(&"é".repeat(200)).unwrap().chars().count(), 100);
}

#[test]
fn depth_in_any_place_is_no_danger() {
    // Two more levels surround the value in a body, and one in a list.
    for (levels, is_parsed, is_listed) in [
        (126, true, true),
        (127, false, true),
        (128, false, false),
        (100_000, false, false),
    ] {
        let lists = "[".repeat(levels) + &"]".repeat(levels);
        let objects = "{\"a\":".repeat(levels) + "1" + &"}".repeat(levels);
        for deep in [lists, objects] {
            for key in [
                "_data",
                "body",
                "media",
                "location",
                "vCards",
                "replyTo",
                "x",
                "timestamp",
            ] {
                let payload = format!(r#"{{"id":"false_1@c.us_A","{key}":{deep}}}"#);
                let body = envelope("message", "GOWS", &payload);
                let parsed = parse(body.as_bytes(), NOW).map(|event| treatment(&event));
                let wanted = "contentless Empty 1@c.us A at 1789900000123".to_owned();
                let wanted = is_parsed.then_some(wanted).ok_or(NotAnEvent::TooDeep);
                assert_eq!(parsed, wanted, "{levels} in {key}");
                let meaning = listed(&payload, NOW, NOW);
                assert_eq!(
                    matches!(meaning, Meaning::Contentless(_)),
                    is_listed,
                    "{levels} in {key}"
                );
            }
            let body = format!(r#"{{"event":"x","session":"s","me":{deep},"y":{deep}}}"#);
            assert_eq!(parse(body.as_bytes(), NOW).is_ok(), is_listed);
            assert!(parse(deep.as_bytes(), NOW).is_err());
        }
    }
}

#[test]
fn the_largest_body_of_brackets_is_refused_at_once() {
    let brackets = "[".repeat(2 * 1024 * 1024);
    let head = r#"{"event":"message","session":"s","payload":"#;
    for body in [
        brackets.clone(),
        format!("{head}{brackets}"),
        format!("{head}{}", "{\"_data\":".repeat(200_000)),
    ] {
        assert_eq!(parse(body.as_bytes(), NOW), Err(NotAnEvent::TooDeep));
        assert_eq!(listed(&body, NOW, NOW), Meaning::Ignored("too deep"));
    }
    // Brackets in a customer's text don't count.
    let payload = format!(r#"{{"id":"false_1@c.us_A","body":"{brackets}\"["}}"#);
    let Meaning::Inbound(message) = event("message", "GOWS", &payload).meaning else {
        panic!("not inbound");
    };
    assert_eq!(message.text.len(), brackets.len() + 2);
}

#[test]
fn what_can_not_be_wahas_is_refused() {
    let long = format!(r#"{{"event":"message","session":"{}"}}"#, "a".repeat(55));
    for (body, wanted) in [
        ("", NotAnEvent::NotAnObject),
        ("null", NotAnEvent::NotAnObject),
        ("[]", NotAnEvent::NotAnObject),
        ("hello", NotAnEvent::NotAnObject),
        ("{", NotAnEvent::NotJson { line: 1, column: 1 }),
        ("{}x", NotAnEvent::NotJson { line: 1, column: 3 }),
        ("{}", NotAnEvent::NoEvent),
        (r#"{"event":7,"session":"s"}"#, NotAnEvent::NoEvent),
        (r#"{"event":"","session":"s"}"#, NotAnEvent::NoEvent),
        (r#"{"event":"message"}"#, NotAnEvent::NoSession),
        (r#"{"event":"message","session":""}"#, NotAnEvent::NoSession),
        (
            r#"{"event":"message","session":"a b"}"#,
            NotAnEvent::NoSession,
        ),
        (
            r#"{"event":"message","session":"é"}"#,
            NotAnEvent::NoSession,
        ),
        (
            r#"{"event":"message","session":null}"#,
            NotAnEvent::NoSession,
        ),
        (long.as_str(), NotAnEvent::NoSession),
    ] {
        assert_eq!(parse(body.as_bytes(), NOW), Err(wanted), "{body}");
    }
}

#[test]
fn names_and_ids_are_fit_to_be_keys() {
    let body = |id: &str, name: &str| {
        let body = format!(r#"{{"event":"{name}","session":"0042","id":"{id}"}}"#);
        let event = parse(body.as_bytes(), NOW).unwrap();
        (event.session, event.name, event.id)
    };
    let s = || SessionName::stored("0042");
    assert_eq!(
        body("evt_1", "a.b"),
        (s(), "a.b".to_owned(), Some("evt_1".to_owned()))
    );
    for odd in ["", "a b", "a\\nb", "é", &"x".repeat(65)] {
        assert_eq!(body(odd, "a").2, None);
    }
    assert_eq!(body("x", "é").1, "unprintable");
}
