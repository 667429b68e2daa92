//! Rust and the scripts agree on when a message has the same text as a reply.

use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestRunner};
use waha_sm::flow::MediaKind;
use waha_sm::store::{ByPhone, Recorded};

use super::*;

/// Invisible characters of different kinds.
const UNSEEN: [&str; 14] = [
    " ", "\n", "\u{85}", "\u{a0}", "\u{1680}", "\u{2003}", "\u{200b}", "\u{2028}", "\u{202f}",
    "\u{205f}", "\u{2060}", "\u{3000}", "\u{feff}", "\u{fe0f}",
];
/// Visible characters, also some that Lua or JSON could misread.
const SEEN: [&str; 7] = ["a", "ã", "❤", "%s", "\\n", "\"", "\u{1f600}"];

const FILES: [Option<MediaKind>; 4] = [
    Some(MediaKind::Image),
    Some(MediaKind::File),
    Some(MediaKind::Voice),
    Some(MediaKind::Video),
];
const MESSAGES: [&[Option<MediaKind>]; 4] = [&[None], &FILES, &[FILES[0], FILES[1]], &[FILES[2]]];

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        proptest::sample::select(&SEEN[..]),
        proptest::sample::select(&UNSEEN[..]),
    ];
    proptest::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

/// The text of a reply and of a message: often the same except for invisible characters.
fn texts() -> impl Strategy<Value = (String, String)> {
    let unseen = proptest::sample::select(&UNSEEN[..]);
    prop_oneof![
        (text(), text()),
        (text(), unseen.clone(), unseen).prop_map(|(text, before, between)| {
            let spaced: String = text
                .chars()
                .flat_map(|c| format!("{c}{between}").chars().collect::<Vec<_>>())
                .collect();
            (text, format!("{before}{spaced}"))
        }),
    ]
}

fn reply_of(kind: Option<MediaKind>, text: &str) -> Reply {
    let media = kind.map(|kind| {
        serde_json::json!({"kind": kind.name(), "url": "https://shop.example/a", "mimetype": "a/b"})
    });
    let reply = serde_json::json!({
        "id": "r", "conversation": "c", "text": text, "queued_at": 1_000, "media": media
    });
    serde_json::from_value(reply).unwrap()
}

/// Whether the scripts take a message for an echo of the reply in hand, and not for the owner's words.
async fn is_echo(store: &Store, chat: &ChatId, content: EchoContent, text: &str) -> bool {
    let id = new_id();
    let data = serde_json::json!({"text": text, "sent_at": 1_200});
    let record = Record {
        dedup_key: format!("out:{id}"),
        message: true,
        echo: Some(id),
        content: Some(content),
        if_by_phone: Some(ByPhone {
            quiet: Duration::from_millis(60_000),
            is_end_word: false,
            last_activity_at: ms(0),
        }),
        ..Record::event("message", chat.clone(), data.to_string())
    };
    match store.record(&session(), &record, ms(1_200)).await.unwrap() {
        Recorded::Recorded => true,
        Recorded::ByPhone { ends: false } => false,
        other => panic!("{other:?}"),
    }
}

#[test]
fn rust_and_the_scripts_agree_on_which_texts_are_the_same() {
    let redis = Redis::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let store = runtime.block_on(connect(&redis));
    let kinds = proptest::sample::select(&[None, FILES[0], FILES[1], FILES[2], FILES[3]][..]);
    let cases = (kinds, proptest::sample::select(&MESSAGES[..]), texts());
    let (mut number, mut same, mut other) = (100, 0, 0);
    let counted = std::cell::RefCell::new((&mut number, &mut same, &mut other));
    let mut runner = TestRunner::new(Cases::with_cases(400));
    let result = runner.run(&cases, |(kind, sent_as, (said, echoed))| {
        let mut counted = counted.borrow_mut();
        *counted.0 += 1;
        let customer = chat(*counted.0);
        let (reply, content) = (reply_of(kind, &said), EchoContent::new(sent_as, &echoed));
        let expected = content.is_of(&reply);
        *(if expected {
            &mut *counted.1
        } else {
            &mut *counted.2
        }) += 1;
        let found = runtime.block_on(async {
            let opening = Ingest {
                from: customer.clone(),
                ..ingest("hi")
            };
            lane_after(&store, "one", opening, vec![reply]).await;
            is_echo(&store, &customer, content, &echoed).await
        });
        prop_assert_eq!(found, expected);
        Ok(())
    });
    result.unwrap();
    assert!(same > 40 && other > 40, "{same} the same, {other} not");
}

/// Lanes, and the list of texts whose ids are not known, survive an upgrade.
#[test]
fn a_reply_written_by_the_previous_version_is_recognised_by_its_text() {
    let redis = Redis::start();
    block_on(async {
        let store = connect(&redis).await;
        lane_of(&store, "one", &["a"]).await;
        let (said, key) = ("Olá,\u{a0}Ana ❤\u{fe0f}", |part: &str| {
            format!("test:{{default}}:{part}:{}", chat(1))
        });
        let old = format!(r#"{{"id":"a","conversation":"c","text":"{said}","queued_at":1000}}"#);
        redis.ask(&format!("LSET {} 0 'r{old}'", key("lane")));
        let unclaimed = r#"{"text":"Oi Bia"}"#;
        redis.ask(&format!("RPUSH {} '{unclaimed}'", key("unclaimed")));
        for (echoed, echo) in [(said, true), (" Oi\nBia", true), ("Oi Bia", false)] {
            let found = is_echo(&store, &chat(1), text_content(echoed), echoed).await;
            assert_eq!(found, echo, "{echoed}");
        }
    });
}
