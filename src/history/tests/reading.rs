//! Reading: everything that was stored, with filters, searches, and a writer at the same time.

use std::ops::ControlFlow;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::any_order::in_every_order;
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
fn a_conversation_says_where_it_is_in_any_order_of_its_steps() {
    let opened = step("opened", "c1", 1000, &[("ticket", "1")]);
    let claimed = step("claimed", "c1", 1000, &[("process", "p1")]);
    let handed_off = step("handoff", "c1", 1000, &[]);
    let by_phone = step("claimed", "c1", 5000, &[("process", "phone")]);
    let requeued = step("requeued", "c1", 6000, &[]);
    let closed = step("closed", "c1", 9000, &[("outcome", "left")]);
    for (steps, status, requeues) in [
        (vec![opened.clone()], Status::Waiting, 0),
        (vec![opened.clone(), claimed.clone()], Status::Active, 0),
        (
            vec![opened.clone(), claimed.clone(), handed_off.clone()],
            Status::Handoff,
            0,
        ),
        (
            vec![opened.clone(), handed_off.clone(), by_phone.clone()],
            Status::Phone,
            0,
        ),
        (
            vec![opened.clone(), claimed.clone(), requeued.clone()],
            Status::Waiting,
            1,
        ),
        (vec![opened, claimed, by_phone, closed], Status::Closed, 0),
    ] {
        in_every_order(&steps, |rig| {
            let all = rig.conversations(&Query::default());
            assert_eq!(
                (all[0].status, all[0].requeued),
                (status, requeues),
                "{all:?}"
            );
        });
    }
}

#[test]
fn the_last_messages_before_a_time_are_read_oldest_first() {
    let mut rig = Rig::new();
    let entries: Vec<_> = (1..=9)
        .map(|n| inbound(&format!("M{n}"), &format!("m{n}"), n * 1000))
        .collect();
    rig.append(&entries);
    let texts = |query: Query| -> Vec<String> {
        rig.messages(&query)
            .into_iter()
            .map(|message| message.text)
            .collect()
    };
    let last = |last: u32, until: Option<i64>| Query {
        last: Some(last),
        until: until.map(ms),
        ..Query::default()
    };
    assert_eq!(texts(last(3, None)), ["m7", "m8", "m9"]);
    assert_eq!(texts(last(2, Some(4000))), ["m2", "m3"]);
    assert_eq!(texts(last(99, None)).len(), 9);
    let search = Query {
        search: Some("m5".to_owned()),
        ..last(1, None)
    };
    assert_eq!(texts(search), ["m5"]);
}

#[test]
fn an_outcome_selects_conversations_and_their_messages() {
    let mut rig = Rig::new();
    rig.append(&[
        inbound("A", "consulta", 1500),
        step("opened", "c1", 1000, &[("ticket", "1")]),
        step("closed", "c1", 2000, &[("outcome", "booked")]),
        step("opened", "c2", 1200, &[("ticket", "2")]),
        step("closed", "c2", 2200, &[("outcome", "left")]),
    ]);
    let of = |outcome: &str| Query {
        outcome: Some(outcome.to_owned()),
        ..Query::default()
    };
    assert_eq!(
        rig.conversations(&of("booked"))[0].id,
        ConversationId::stored("c1")
    );
    assert_eq!(rig.messages(&of("booked")).len(), 1);
    assert_eq!(rig.messages(&of("left")).len(), 0);
    assert!(rig.conversations(&of("lost")).is_empty());
}

#[test]
fn each_day_has_its_sum() {
    let day = 86_400_000;
    let mut rig = Rig::new();
    rig.append(&[
        inbound("A", "oi", 1000),
        inbound("B", "oi", day + 1000),
        inbound("C", "tem vaga?", day + 2000),
        reply("r1", Some("S"), "sim", day + 3000, "sent"),
        reply("r2", Some("T"), "não chegou", day + 4000, "failed"),
        step("opened", "c1", day + 1000, &[("ticket", "1")]),
        step("claimed", "c1", day + 3000, &[("process", "p")]),
        step("closed", "c1", day + 9000, &[("outcome", "booked")]),
        step("opened", "c2", day + 1000, &[("ticket", "2")]),
    ]);
    let history = History::open_read_only(&rig.path).unwrap();
    let days = history
        .daily(&Query::default(), &jiff::tz::TimeZone::UTC)
        .unwrap();
    assert_eq!(days.len(), 2);
    let second = &days[1];
    assert_eq!(second.day.to_string(), "1970-01-02");
    assert_eq!(
        (
            second.conversations,
            second.customers,
            second.received,
            second.sent
        ),
        (2, 1, 2, 1)
    );
    assert_eq!(second.waiting, Some(Duration::from_secs(2)));
    assert_eq!(second.handling, Some(Duration::from_secs(6)));
    let mut line = Vec::new();
    second.write_text(&mut line).unwrap();
    assert_eq!(
        String::from_utf8(line).unwrap(),
        "1970-01-02  conversations 2  customers 1  received 2  sent 1  waited 2s (median)  handled in 6s (median)  \
         outcomes: booked 1, waiting 1\n"
    );
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(-3));
    let days = history.daily(&Query::default(), &zone).unwrap();
    assert_eq!(days[0].day.to_string(), "1969-12-31");
}

#[test]
fn a_follower_gets_each_new_message_once() {
    let mut rig = Rig::new();
    rig.append(&[inbound("A", "before", 1000)]);
    let history = History::open_read_only(&rig.path).unwrap();
    let mut seen = Vec::new();
    let mut follower = history
        .follow(&Query::default(), |item| {
            seen.push(words(&item));
            ControlFlow::Continue(())
        })
        .unwrap();
    let mut look = |seen: &mut Vec<String>| {
        follower
            .look_again(|item| {
                seen.push(words(&item));
                ControlFlow::Continue(())
            })
            .unwrap();
    };
    look(&mut seen);
    // The echo of a reply without an id becomes the reply's row, and its own row is free for the next message.
    rig.append(&[echo("S", "answer", 2000)]);
    look(&mut seen);
    rig.append(&[
        reply("r1", None, "answer", 2001, "sent"),
        inbound("B", "after", 3000),
        ack("S", 3, 3500),
        step("taken", "c1", 3200, &[("by", "ana"), ("from", "line")]),
    ]);
    look(&mut seen);
    look(&mut seen);
    rig.append(&[step("given", "c1", 3300, &[("by", "ana"), ("to", "bot")])]);
    look(&mut seen);
    look(&mut seen);
    assert_eq!(
        seen,
        [
            "before",
            "answer",
            "after",
            "taken by ana from the line",
            "given to the bot by ana"
        ]
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
            chat: "1".parse().ok(),
            ..Query::default()
        })
        .is_empty()
    );
    assert_eq!(
        ids(Query {
            chat: "5511999990000".parse().ok(),
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
            chat: "5511999990000".parse().ok(),
            ..Query::default()
        })
        .len(),
        3
    );
    assert_eq!(
        texts(Query {
            chat: CHAT.parse().ok(),
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

#[test]
fn a_session_was_last_heard_when_its_last_customer_wrote() {
    let mut rig = Rig::new();
    let heard = |rig: &Rig, since: i64| {
        let history = History::open_read_only(&rig.path).unwrap();
        history.last_heard(&session(), ms(since)).unwrap()
    };
    rig.append(&[inbound("A", "hello", 5000), inbound("B", "late", 3000)]);
    rig.append(&[echo("C", "from us", 9000)]);
    assert_eq!(heard(&rig, 0), Some(ms(5200)));
    assert_eq!(heard(&rig, 5200), Some(ms(5200)));
    assert_eq!(heard(&rig, 5201), None);
    let history = History::open_read_only(&rig.path).unwrap();
    let other = SessionName::parse("other").unwrap();
    assert_eq!(history.last_heard(&other, ms(0)).unwrap(), None);
}
