//! For any input: reading never panics, and what was read can be stored.

use crate::ids::ChatId;
use proptest::prelude::*;

use super::*;

/// An unexpected value.
fn odd_value() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::{Value, json};
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!([{"id": ["x"]}, 7, "y"])),
        Just(json!({"id": {"id": 1}, "fromMe": "no"})),
        Just(json!("true_0@c.us_")),
    ]
}

fn places(value: &serde_json::Value, path: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &serde_json::Value)> = match value {
        serde_json::Value::Object(map) => map
            .iter()
            .map(|(k, v)| (k.replace('~', "~0").replace('/', "~1"), v))
            .collect(),
        serde_json::Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(i, v)| (i.to_string(), v))
            .collect(),
        _ => vec![],
    };
    for (key, child) in children {
        let path = format!("{path}/{key}");
        places(child, &path, found);
        found.push(path);
    }
}

/// Every field that is read, taken from the declarations in `wire.rs`.
fn known_fields() -> Vec<&'static str> {
    let declared = include_str!("../../wire.rs").lines();
    let keys = declared.filter_map(|line| Some(line.split_once("=>")?.0));
    let fields: Vec<_> = keys
        .flat_map(|keys| keys.split('"').skip(1).step_by(2))
        .collect();
    assert!(fields.len() > 60, "{fields:?}");
    fields
}

/// A key that is read, or sometimes any other key.
fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        9 => prop::sample::select(known_fields()).prop_map(str::to_owned),
        1 => ".{0,8}",
    ]
}

/// Any JSON, often similar to WAHA's.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let ids = [
        "false_5511988880001@c.us_3EB0A",
        "true_5511988880001@c.us_3EB0A",
        "false_177700000000003@lid_A_1@lid",
        "false_1203@g.us_A_1@c.us",
        "5511988880001@c.us",
        "5511988880001:1@s.whatsapp.net",
        "3EB0A",
        "/9j/4AAQ",
        "BEGIN:VCARD",
        "image/webp",
        "1789900000",
        "READ",
    ];
    let leaf = prop_oneof![
        odd_value(),
        prop::sample::select(ids.to_vec()).prop_map(Into::into)
    ];
    leaf.prop_recursive(6, 60, 8, |inner| {
        prop_oneof![
            1 => proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            4 => proptest::collection::vec((key(), inner), 0..8)
                .prop_map(|fields| fields.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

/// Pieces of JSON that need not fit together.
fn broken_json() -> impl Strategy<Value = String> {
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "\\ud83d",
        "null",
        "true",
        "-",
        "1e999",
        "0.",
        "\"id\":",
        "\"payload\":{",
        "\"_data\":",
        "\"a\"",
        " ",
        "\n",
        "é",
    ];
    proptest::collection::vec(prop::sample::select(pieces.to_vec()), 0..40).prop_map(|p| p.concat())
}

/// What always holds for an event that was read, even from an odd body.
fn check(meaning: Meaning, is_listed: bool) -> Result<(), TestCaseError> {
    let mut message = match meaning {
        Meaning::Inbound(message) | Meaning::Vote(message) => {
            prop_assert_eq!(message.direction, Direction::Inbound);
            prop_assert!(message.id.is_some());
            message
        }
        Meaning::Own(message) => {
            prop_assert!(message.id.is_some() || !is_listed);
            message
        }
        _ => return Ok(()),
    };
    prop_assert!(message.id.as_ref().is_none_or(|id| !id.as_str().is_empty()));
    prop_assert_eq!(
        ChatId::person(message.chat.as_str()),
        Some(message.chat.clone())
    );
    // It can be stored and read again.
    let stored = serde_json::to_string(&message).unwrap();
    let mut read: Message = serde_json::from_str(&stored).unwrap();
    // serde_json may read the last bit of a degree differently, which is some nanometres.
    let places = (message.location.take(), read.location.take());
    prop_assert_eq!(places.0.is_some(), places.1.is_some());
    prop_assert_eq!(read, message);
    Ok(())
}

/// A change to one place in a fixture.
#[derive(Clone, Debug)]
enum Damage {
    Drop,
    Retype(serde_json::Value),
    Swap(prop::sample::Index),
}

fn damage() -> impl Strategy<Value = (prop::sample::Index, Damage)> {
    let damage = prop_oneof![
        Just(Damage::Drop),
        any_json().prop_map(Damage::Retype),
        any::<prop::sample::Index>().prop_map(Damage::Swap),
    ];
    (any::<prop::sample::Index>(), damage)
}

fn do_damage(json: &mut serde_json::Value, place: prop::sample::Index, damage: Damage) {
    let mut found = Vec::new();
    places(json, "", &mut found);
    if found.is_empty() {
        return;
    }
    let path = &found[place.index(found.len())];
    match damage {
        Damage::Drop => {
            let (parent, key) = path.rsplit_once('/').unwrap();
            match json.pointer_mut(parent).unwrap() {
                serde_json::Value::Object(map) => {
                    map.remove(&key.replace("~1", "/").replace("~0", "~"));
                }
                serde_json::Value::Array(list) => drop(list.pop()),
                _ => panic!("a place is in something"),
            }
        }
        Damage::Retype(value) => *json.pointer_mut(path).unwrap() = value,
        Damage::Swap(other) => {
            let other = &found[other.index(found.len())];
            let values = [path, other].map(|path| json.pointer(path).unwrap().clone());
            // One place may be inside the other, and then it is gone after the first step.
            for (path, value) in [(other, &values[0]), (path, &values[1])] {
                if let Some(place) = json.pointer_mut(path) {
                    *place = value.clone();
                }
            }
        }
    }
}

proptest! {
    // The message of a failure is complete, so no file is needed next to the sources.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&body, NOW);
        check(listed(&String::from_utf8_lossy(&body), NOW, NOW), true)?;
    }

    #[test]
    fn no_broken_json_makes_it_panic(body in broken_json()) {
        let _ = parse(body.as_bytes(), NOW);
        let _ = parse(envelope("message.any", "WEBJS", &body).as_bytes(), NOW);
        check(listed(&body, NOW, NOW), true)?;
    }

    #[test]
    fn no_json_makes_it_panic(
        name in prop::sample::select(&[
            "message", "message.any", "message.ack", "message.edited", "message.revoked",
            "message.reaction", "session.status",
        ][..]),
        engine in prop::sample::select(&["WEBJS", "GOWS"][..]),
        id in proptest::option::of(Just("false_1@c.us_A")),
        mut payload in any_json(),
    ) {
        if let (Some(id), serde_json::Value::Object(fields)) = (id, &mut payload) {
            fields.insert("id".to_owned(), id.into());
        }
        let payload = payload.to_string();
        let event = parse(envelope(name, engine, &payload).as_bytes(), NOW).unwrap();
        check(event.meaning, false)?;
        check(listed(&payload, NOW, NOW), true)?;
        let _ = parse(payload.as_bytes(), NOW);
    }

    #[test]
    fn no_mutation_of_a_fixture_makes_it_panic(
        which in any::<prop::sample::Index>(),
        damages in proptest::collection::vec(damage(), 1..6),
    ) {
        let mut json: serde_json::Value =
            serde_json::from_slice(FIXTURES[which.index(FIXTURES.len())].1).unwrap();
        for (place, damage) in damages {
            do_damage(&mut json, place, damage);
        }
        if let Ok(event) = parse(json.to_string().as_bytes(), NOW) {
            check(event.meaning, false)?;
        }
        check(listed(&json["payload"].to_string(), NOW, NOW), true)?;
    }

    #[test]
    fn no_damage_to_a_fixture_makes_it_panic(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        cut in 0..40_usize,
        insert in proptest::collection::vec(any::<u8>(), 0..12),
    ) {
        let mut body = FIXTURES[which.index(FIXTURES.len())].1.to_vec();
        let at = at.index(body.len());
        let end = (at + cut).min(body.len());
        body.splice(at..end, insert);
        let _ = parse(&body, NOW);
    }

    #[test]
    fn no_change_of_a_field_loses_an_event(
        which in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        odd in odd_value(),
    ) {
        let mut json: serde_json::Value =
            serde_json::from_slice(FIXTURES[which.index(FIXTURES.len())].1).unwrap();
        let mut found = Vec::new();
        places(&json, "", &mut found);
        let path = &found[place.index(found.len())];
        *json.pointer_mut(path).unwrap() = odd;
        let parsed = parse(json.to_string().as_bytes(), NOW);
        if path != "/event" && path != "/session" {
            check(parsed.unwrap().meaning, false)?;
        }
    }

    #[test]
    fn lone_surrogates_anywhere_lose_no_event(
        text in "[a-z\\\\]{0,6}",
        unit in 0xd800..0xe000_u32,
    ) {
        let text = text.replace('\\', "\\\\");
        let payload = format!(
            r#"{{"id":"false_1@c.us_A","body":"{text}\u{unit:x}{text}","{text}\u{unit:X}":1}}"#
        );
        let treated = treated("message", "GOWS", &payload);
        prop_assert!(treated.starts_with("inbound Text 1@c.us A"), "{}", treated);
    }
}
