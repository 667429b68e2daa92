//! Reading: everything that was stored, with filters, searches, and a writer at the same time.

use std::ops::ControlFlow;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::rig::*;
use crate::history::*;
use crate::ids::*;

#[test]
fn a_message_is_read_as_it_was_told() {
    let mut rig = Rig::new();
    let appended = rig.append(&[inbound("A", "Olá, tudo bem?", 5000)]);
    assert_eq!((appended.stored, appended.unreadable), (1, 0));
    let message = rig.one();
    assert_eq!(
        (message.at, message.sent_at, message.received_at),
        (ms(5200), ms(5000), Some(ms(5200)))
    );
    assert_eq!(message.conversation, Some(ConversationId::stored("c1")));
    assert_eq!(
        (message.author.as_str(), message.text.as_str()),
        ("customer", "Olá, tudo bem?")
    );
    assert_eq!(
        (message.failed, message.ack, message.state),
        (false, None, None)
    );
}

#[test]
fn media_location_and_contacts_come_back_as_json() {
    let mut rig = Rig::new();
    let data = json!({"chat": CHAT, "stanza": "A", "direction": "inbound", "kind": "location", "text": "",
        "location": {"latitude": -23.55, "longitude": "-46.63", "name": "Sé"}, "contacts": ["BEGIN:VCARD\nFN:Bia\nEND:VCARD"],
        "media": {"url": null, "mimetype": "image/jpeg", "error": {"message": "gone"}}, "sent_at": 1.5e12});
    rig.append(&[vec![
        ("kind", "message".to_owned()),
        ("data", data.to_string()),
    ]]);
    let message = rig.one();
    assert_eq!(message.location, Some(data["location"].clone()));
    assert_eq!(message.media, Some(data["media"].clone()));
    assert_eq!(message.contacts, Some(data["contacts"].clone()));
}

#[test]
fn who_left_the_queue_waited_until_then() {
    let mut rig = Rig::new();
    rig.append(&[
        step("opened", "c1", 1000, &[]),
        step("closed", "c1", 4000, &[("outcome", "left")]),
    ]);
    let all = rig.conversations(&Query::default());
    assert_eq!(
        (all[0].waiting, all[0].handling),
        (Some(Duration::from_millis(3000)), None)
    );
}

#[test]
fn conversations_are_filtered_by_chat_since_and_words() {
    let mut rig = Rig::new();
    rig.append(&[
        inbound("A", "consulta amanhã", 1500),
        step("opened", "c1", 1000, &[("ticket", "1")]),
        step("closed", "c1", 2000, &[]),
        step("opened", "c2", 1200, &[("ticket", "2")]),
        step("opened", "c3", 1300, &[("ticket", "3")]),
        step("closed", "c3", 3000, &[]),
    ]);
    let ids = |query: Query| -> Vec<_> {
        rig.conversations(&query)
            .into_iter()
            .map(|c| c.id)
            .collect()
    };
    let search = |text: &str| Query {
        search: Some(text.to_owned()),
        ..Query::default()
    };
    assert_eq!(
        ids(Query {
            since: Some(ms(2500)),
            ..Query::default()
        }),
        ["c2", "c3"].map(ConversationId::stored)
    );
    assert_eq!(
        ids(search("amanha consul")),
        ["c1"].map(ConversationId::stored)
    );
    assert!(ids(search("ontem")).is_empty());
    assert!(ids(search("👍")).is_empty());
    assert!(
        ids(Query {
            chat: Some("1".to_owned()),
            ..Query::default()
        })
        .is_empty()
    );
    assert_eq!(
        ids(Query {
            chat: Some("5511999990000".to_owned()),
            ..Query::default()
        })
        .len(),
        3
    );
}

#[test]
fn messages_are_filtered_by_chat_session_and_since() {
    let mut rig = Rig::new();
    rig.append(&[
        inbound("A", "one", 1000),
        inbound("B", "two", 2000),
        inbound("C", "three", 3000),
    ]);
    let texts =
        |query: Query| -> Vec<_> { rig.messages(&query).into_iter().map(|m| m.text).collect() };
    assert_eq!(
        texts(Query {
            since: Some(ms(2000)),
            ..Query::default()
        }),
        ["two", "three"]
    );
    assert_eq!(
        texts(Query {
            chat: Some("5511999990000".to_owned()),
            ..Query::default()
        })
        .len(),
        3
    );
    assert_eq!(
        texts(Query {
            chat: Some(CHAT.to_owned()),
            session: Some("default".to_owned()),
            ..Query::default()
        })
        .len(),
        3
    );
    assert!(
        texts(Query {
            session: Some("other".to_owned()),
            ..Query::default()
        })
        .is_empty()
    );
    let mut seen = 0;
    let history = History::open_read_only(&rig.path).unwrap();
    history
        .messages(&Query::default(), |_| {
            seen += 1;
            ControlFlow::Break(())
        })
        .unwrap();
    assert_eq!(seen, 1);
}

#[test]
fn search_takes_all_words_without_accents_and_the_beginning_of_the_last() {
    let mut rig = Rig::new();
    rig.append(&[
        inbound("A", "Você é o nº 3 da fila", 1000),
        inbound("B", "a fila 👍 anda!?", 2000),
    ]);
    assert_eq!(rig.found("VOCE fil").len(), 1);
    assert_eq!(rig.found("fila").len(), 2);
    assert_eq!(rig.found("vo fila").len(), 0);
    assert_eq!(rig.found("fila 👍"), ["a fila 👍 anda!?"]);
    assert_eq!(rig.found("!?").len(), 1);
    assert_eq!(rig.found("").len(), 2);
}

#[test]
fn no_search_is_a_syntax_error() {
    let mut rig = Rig::new();
    rig.append(&[inbound(
        "A",
        r#"say "hi" OR (text:NEAR) * ^ + - {x} don't 50% a_b"#,
        1000,
    )]);
    let long = "palavra ".repeat(3000);
    for text in [
        "\"",
        "\"\"",
        "\"hi",
        "hi\"",
        "*",
        "**",
        "OR",
        "AND",
        "NOT",
        "NEAR",
        "NEAR(",
        "NEAR(hi say)",
        "text:",
        "text:hi",
        "(",
        ")",
        "{x}",
        "^",
        "+",
        "-",
        "-hi",
        "hi AND",
        "NOT hi",
        "'",
        "don't",
        ";--",
        "%",
        "_",
        "\\",
        "\0",
        "hi\0hi",
        "👍",
        "👍🏽*",
        "🇧🇷",
        "\u{301}",
        "\u{202e}",
        "²",
        "१",
        "\u{e000}",
        "\u{1e900}",
        &long,
    ] {
        rig.found(text);
    }
    for text in [
        "\"hi\"",
        "OR",
        "NEAR",
        "don't",
        "text:NEAR",
        "say OR",
        "a_b",
        "50%",
        "*",
        "\"",
        "{x}",
    ] {
        assert_eq!(rig.found(text).len(), 1, "{text}");
    }
}

#[test]
fn a_reader_sees_what_was_committed_and_does_not_stop_the_writer() {
    let mut rig = Rig::new();
    rig.append(&[inbound("A", "a", 1), inbound("B", "b", 2)]);
    let history = History::open_read_only(&rig.path).unwrap();
    let mut seen = 0;
    history
        .messages(&Query::default(), |_| {
            seen += 1;
            rig.append(&[inbound(&format!("N{seen}"), "meanwhile", 3)]);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(seen, 2);
    assert_eq!(rig.all().len(), 4);
}

#[test]
fn the_history_is_readable_when_the_daemon_is_gone() {
    let mut rig = Rig::new();
    rig.append(&[inbound("A", "a", 1)]);
    let Rig {
        _dir,
        path,
        archive,
        ..
    } = rig;
    drop(archive);
    assert!(!path.with_file_name("history.sqlite-wal").exists());
    let history = History::open_read_only(&path).unwrap();
    let mut seen = 0;
    history
        .messages(&Query::default(), |_| {
            seen += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(seen, 1);
}

#[test]
fn text_with_odd_characters_comes_back_whole() {
    let mut rig = Rig::new();
    let odd = "nul \0 here, \u{1b}[31m, \u{fffd}, \r\n, \u{2028}, 👨‍👩‍👧, \"quotes\" \\ and more";
    rig.append(&[
        inbound("A", odd, 1),
        mark("edited", "A", "inbound", 2, &json!({"text": odd})),
    ]);
    let message = rig.one();
    assert_eq!(
        (message.text.as_str(), message.first_text.as_deref()),
        (odd, Some(odd))
    );
}

proptest! {
    #[test]
    fn no_search_fails(text in ".*") {
        let mut rig = Rig::new();
        rig.append(&[inbound("A", &text, 1000)]);
        rig.found(&text);
    }
}
