//! In any order of the entries, the rows are the same.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::rig::*;
use crate::history::*;
use crate::ids::*;

/// All orders of a few things.
fn orders<T: Clone>(of: &[T]) -> Vec<Vec<T>> {
    if of.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for i in 0..of.len() {
        let mut rest = of.to_vec();
        let first = rest.remove(i);
        for mut order in orders(&rest) {
            order.insert(0, first.clone());
            all.push(order);
        }
    }
    all
}

/// Checks every order of `entries`, in one batch and one by one.
pub(super) fn in_every_order(entries: &[Fields], check: impl Fn(&Rig)) {
    for order in orders(entries) {
        let mut rig = Rig::new();
        rig.append(&order);
        check(&rig);
        let mut rig = Rig::new();
        for entry in &order {
            rig.append(std::slice::from_ref(entry));
        }
        check(&rig);
    }
}

#[test]
fn a_repeated_message_is_one_row_and_only_adds_what_was_missing() {
    let mut rig = Rig::new();
    let mut first = inbound("A", "", 5000);
    first[2].1.clear();
    rig.append(&[
        first,
        inbound("A", "finally", 5000),
        inbound("A", "other", 9000),
    ]);
    let message = rig.one();
    assert_eq!(
        (message.text.as_str(), message.sent_at),
        ("finally", ms(5000))
    );
    assert_eq!(message.conversation, Some(ConversationId::stored("c1")));
    assert_eq!(rig.found("finally").len(), 1);
    assert!(rig.found("other").is_empty());
}

#[test]
fn a_file_is_one_row_with_its_link_in_any_order_of_its_reports() {
    let report = |kind: &str, media: serde_json::Value| {
        let mut fields = inbound("A", "", 5000);
        let data = json!({"chat": CHAT, "stanza": "A", "direction": "inbound", "kind": kind, "media": media,
            "sent_at": 5000, "received_at": 5200});
        fields[1].1 = data.to_string();
        fields
    };
    let entries = [
        report("empty", json!(null)),
        report("media", json!(null)),
        report("image", json!({"mimetype": "image/png", "error": "gone"})),
        report(
            "image",
            json!({"url": "http://waha/a", "filename": "a.png"}),
        ),
    ];
    in_every_order(&entries, |rig| {
        let message = rig.one();
        let media = message.media.unwrap();
        assert_eq!(
            (message.kind.as_str(), &media["url"]),
            ("image", &json!("http://waha/a"))
        );
        assert_eq!(media["filename"], "a.png");
    });
    // Until the link comes, the reason why there is none stays.
    let mut rig = Rig::new();
    rig.append(&[
        report("image", json!({"mimetype": "image/png"})),
        report("image", json!({"mimetype": "image/png", "error": "gone"})),
    ]);
    assert_eq!(rig.one().media.unwrap()["error"], "gone");
    rig.append(&entries[3..]);
    let media = rig.one().media.unwrap();
    assert_eq!(
        media,
        json!({"url": "http://waha/a", "mimetype": "image/png", "filename": "a.png"})
    );
}

#[test]
fn the_two_directions_and_two_sessions_do_not_share_message_ids() {
    let mut rig = Rig::new();
    rig.append(&[inbound("A", "in", 5000), echo("A", "out", 6000)]);
    let mut other = entry("1-0", &inbound("A", "elsewhere", 7000));
    other.session = SessionName::stored("second");
    rig.archive.append(&[other]).unwrap();
    let texts: Vec<_> = rig.all().into_iter().map(|message| message.text).collect();
    assert_eq!(texts, ["in", "out", "elsewhere"]);
}

#[test]
fn a_reply_and_its_echo_are_one_row_in_any_order() {
    let entries = [
        reply("r1", Some("S"), "hi", 5123, "sent"),
        echo("S", "hi", 5000),
        echo("S", "hi", 5000),
        ack("S", 3, 8000),
    ];
    in_every_order(&entries, |rig| {
        let message = rig.one();
        assert_eq!(
            (message.author.as_str(), message.reply_id.as_deref()),
            ("bot", Some("r1"))
        );
        assert_eq!(message.conversation, Some(ConversationId::stored("c1")));
        assert_eq!(
            (message.at, message.ack, message.received_at),
            (ms(5123), Some(3), Some(ms(5300)))
        );
    });
}

#[test]
fn a_reply_without_a_message_id_gets_it_from_its_echo_in_any_order() {
    let entries = [
        reply("r1", None, "hi", 5123, "sent"),
        echo("S", "hi ", 9000),
        ack("S", 2, 9500),
        mark(
            "edited",
            "S",
            "outbound",
            9900,
            &json!({"text": "hi there"}),
        ),
    ];
    in_every_order(&entries, |rig| {
        let message = rig.one();
        assert_eq!(
            (
                message.author.as_str(),
                message.message_id.as_ref().map(MessageId::as_str)
            ),
            ("bot", Some("S"))
        );
        assert_eq!((message.ack, message.text.as_str()), (Some(2), "hi there"));
        assert_eq!(rig.found("there").len(), 1);
    });
}

#[test]
fn an_echo_too_late_or_of_another_text_or_chat_is_a_message_of_its_own() {
    let mut elsewhere = echo("S3", "hi", 6000);
    elsewhere[1].1 = elsewhere[1].1.replace(CHAT, "other@c.us");
    let mut entries = vec![
        reply("r1", None, "hi", 5123, "sent"),
        echo("S1", "hi", 606_000),
        echo("S2", "ho", 6000),
        elsewhere,
    ];
    for _ in 0..2 {
        let mut rig = Rig::new();
        rig.append(&entries);
        assert_eq!(rig.all().len(), 4);
        entries.reverse();
    }
}

#[test]
fn the_same_text_twice_is_matched_by_nearness_in_any_order() {
    let entries = [
        reply("r1", None, "1 or 2?", 100_000, "sent"),
        reply("r2", None, "1 or 2?", 160_000, "sent"),
        echo("S1", "1 or 2?", 100_900),
        echo("S2", "1 or 2?", 161_000),
    ];
    in_every_order(&entries, |rig| {
        let message_ids: Vec<_> = rig
            .all()
            .into_iter()
            .map(|message| (message.reply_id, message.message_id))
            .collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            message_ids,
            [
                (some("r1"), message_id("S1")),
                (some("r2"), message_id("S2"))
            ]
        );
    });
}

#[test]
fn an_echo_lent_to_the_wrong_reply_is_given_back_to_the_right_one() {
    let entries = [
        reply("without_id", None, "hi", 100_000, "sent"),
        echo("S1", "hi", 100_500),
        reply("owner", Some("S1"), "hi", 100_600, "sent"),
        echo("S2", "hi", 300_000),
    ];
    // Replies also go to the owner's group, whose id is not a person's.
    let in_a_group = entries.clone().map(|mut fields| {
        for (_, value) in &mut fields {
            *value = value.replace(CHAT, "120363000000000007@g.us");
        }
        fields
    });
    let check = |rig: &Rig| {
        let message_ids: Vec<_> = rig
            .all()
            .into_iter()
            .map(|message| (message.reply_id, message.message_id))
            .collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            message_ids,
            [
                (some("without_id"), message_id("S2")),
                (some("owner"), message_id("S1"))
            ]
        );
    };
    in_every_order(&entries, check);
    in_every_order(&in_a_group, check);
}

#[test]
fn a_reply_told_again_is_one_row_and_sent_counts_more_than_failed() {
    let entries = [
        reply("r1", None, "hi", 5000, "failed"),
        reply("r1", Some("S"), "hi", 9000, "sent"),
        reply("r1", None, "hi", 7000, "sent"),
        echo("S", "hi", 9000),
    ];
    in_every_order(&entries, |rig| {
        let message = rig.one();
        assert_eq!(
            (message.state.as_deref(), message.failed),
            (Some("sent"), false)
        );
        assert_eq!(
            (
                message.message_id.as_ref().map(MessageId::as_str),
                message.at,
                message.error
            ),
            (Some("S"), ms(9000), None)
        );
    });
}

#[test]
fn a_failed_reply_says_why() {
    let mut rig = Rig::new();
    rig.append(&[reply("r1", None, "hi", 5000, "failed")]);
    let message = rig.one();
    assert!(message.failed);
    assert_eq!(
        (message.state.as_deref(), message.error.as_deref()),
        (Some("failed"), Some("no route"))
    );
}

#[test]
fn acks_keep_the_highest_and_error_stands_apart() {
    let entries = [
        echo("S", "hi", 5000),
        ack("S", 3, 7000),
        ack("S", 1, 8000),
        ack("S", -1, 6000),
    ];
    in_every_order(&entries, |rig| {
        let message = rig.one();
        assert_eq!((message.ack, message.ack_at), (Some(3), Some(ms(7000))));
        assert_eq!(
            (message.failed, message.error.as_deref()),
            (true, Some("463"))
        );
    });
}

#[test]
fn edits_keep_every_version_and_the_latest_stands() {
    let edited = |at, text: &str| mark("edited", "A", "inbound", at, &json!({"text": text}));
    let entries = [
        inbound("A", "wun", 5000),
        edited(6000, "two"),
        edited(7000, "three"),
        edited(6000, "two"),
    ];
    in_every_order(&entries, |rig| {
        let message = rig.one();
        assert_eq!(
            (message.text.as_str(), message.first_text.as_deref()),
            ("three", Some("wun"))
        );
        let versions: Vec<_> = message
            .edits
            .iter()
            .map(|edit| (edit.at, edit.text.as_deref().unwrap_or_default()))
            .collect();
        assert_eq!(versions, [(ms(6000), "two"), (ms(7000), "three")]);
        assert_eq!(
            (
                rig.found("wun").len(),
                rig.found("two").len(),
                rig.found("three").len()
            ),
            (1, 0, 1)
        );
    });
}

#[test]
fn an_edit_that_could_not_be_read_leaves_the_words_that_are_known() {
    let edited = |at, more: serde_json::Value| mark("edited", "A", "inbound", at, &more);
    // An empty text is what older versions stored for such an edit.
    for unread in [json!({}), json!({"text": ""}), json!({"text": null})] {
        let entries = [inbound("A", "wun", 5000), edited(6000, unread.clone())];
        in_every_order(&entries, |rig| {
            let message = rig.one();
            assert_eq!(
                (message.text.as_str(), message.first_text.as_deref()),
                ("wun", None)
            );
            assert_eq!(message.edits.len(), 1);
            assert_eq!(message.edits[0].text, None);
            assert_eq!(rig.found("wun").len(), 1);
        });
        let entries = [
            inbound("A", "wun", 5000),
            edited(6000, json!({"text": "two"})),
            edited(7000, unread),
        ];
        in_every_order(&entries, |rig| {
            let message = rig.one();
            assert_eq!(
                (message.text.as_str(), message.first_text.as_deref()),
                ("two", Some("wun"))
            );
            assert_eq!((rig.found("wun").len(), rig.found("two").len()), (1, 1));
        });
    }
}

#[test]
fn reactions_keep_the_last_of_each_person_and_revocations_the_first() {
    let reacted = |by: &str, text: &str, at| {
        mark(
            "reaction",
            "A",
            "inbound",
            at,
            &json!({"by": by, "text": text}),
        )
    };
    let entries = [
        inbound("A", "x", 5000),
        reacted("us", "👍", 6000),
        reacted("us", "", 7000),
        reacted("them", "\u{1}\"❤️", 6500),
        mark("revoked", "A", "inbound", 8000, &json!({})),
    ];
    in_every_order(&entries, |rig| {
        let message = rig.one();
        assert_eq!(message.revoked_at, Some(ms(8000)));
        let current: Vec<_> = message
            .reactions
            .iter()
            .map(|r| (r.by.as_str(), r.text.as_str()))
            .collect();
        assert_eq!(current, [("them", "\u{1}\"❤️")]);
    });
}

#[test]
fn what_happens_to_a_message_of_one_chat_changes_nothing_in_another_with_the_same_id() {
    let marks = |of: fn(Fields) -> Fields| {
        [
            of(ack("S", 3, 7000)),
            of(mark(
                "edited",
                "A",
                "inbound",
                6000,
                &json!({"text": "three"}),
            )),
            of(mark("revoked", "A", "inbound", 8000, &json!({}))),
            of(mark(
                "reaction",
                "A",
                "inbound",
                9000,
                &json!({"by": "them", "text": "x"}),
            )),
        ]
    };
    let said = [
        inbound("A", "two", 5000),
        echo("S", "hello", 5500),
        stranger(inbound("A", "other", 5000)),
    ];
    let untouched = |rig: &Rig| {
        let all = rig.all();
        assert_eq!(all.len(), 3, "{all:#?}");
        for one in all.iter().filter(|one| one.chat.as_str() == CHAT) {
            assert!(one.edits.is_empty() && one.reactions.is_empty(), "{one:?}");
            assert_eq!((one.revoked_at, one.ack), (None, None));
        }
        assert_eq!((rig.found("two").len(), rig.found("hello").len()), (1, 1));
        let other = all.iter().find(|one| one.chat.as_str() == STRANGER);
        let other = other.unwrap();
        assert_eq!(
            (other.text.as_str(), other.revoked_at),
            ("three", Some(ms(8000)))
        );
        assert_eq!(other.reactions.len(), 1);
    };
    // The strangers' marks come first, last, and between.
    for early in [0, 2, 4] {
        let strange = marks(stranger);
        let mut rig = Rig::new();
        rig.append(&strange[..early]);
        rig.append(&said);
        rig.append(&strange[early..]);
        untouched(&rig);
    }
    // A hidden id is another chat, until we know whose it is.
    for alias_comes in [false, true] {
        let mut rig = Rig::new();
        rig.append(&marks(hidden));
        rig.append(&said);
        if alias_comes {
            rig.append(&[alias(9500)]);
        }
        let text = rig.all().into_iter().find(|one| one.chat.as_str() == CHAT);
        let one = text.unwrap();
        let changed = (
            one.text == "three",
            one.revoked_at.is_some(),
            one.reactions.len() == 1,
        );
        assert_eq!(changed, (alias_comes, alias_comes, alias_comes));
        assert_eq!(rig.found("three").len(), usize::from(alias_comes));
        let sent = rig
            .all()
            .into_iter()
            .find(|one| one.text == "hello")
            .unwrap();
        assert_eq!(sent.ack, alias_comes.then_some(3));
    }
}

#[test]
fn what_the_version_before_knew_of_a_message_that_had_not_come_is_about_the_first_with_its_id() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("history.sqlite");
    let before = rusqlite::Connection::open(&path).unwrap();
    for sql in [
        include_str!("../sql/001_first.sql"),
        include_str!("../sql/002_aliases.sql"),
        include_str!("../sql/003_conversation_status.sql"),
        "INSERT INTO message (session, direction, stanza, chat, author, kind, text, sent_at, at)
            VALUES ('default', 'inbound', 'A', '5511999990000@c.us', 'customer', 'text', 'one', 1, 1);
         INSERT INTO edit (session, direction, stanza, at, text) VALUES ('default', 'inbound', 'A', 2, 'two'),
            ('default', 'inbound', 'B', 2, 'three');
         INSERT INTO ack (session, direction, stanza, level, at) VALUES ('default', 'outbound', 'S', 3, 5);
         INSERT INTO reaction (session, direction, stanza, by, text, at) VALUES ('default', 'inbound', 'A', 'us', 'x', 6);
         INSERT INTO revocation (session, direction, stanza, at) VALUES ('default', 'inbound', 'B', 7);
         PRAGMA user_version = 3",
    ] {
        before.execute_batch(sql).unwrap();
    }
    drop(before);
    let mut rig = Rig {
        archive: Archive::open(&path).unwrap(),
        path,
        _dir: dir,
        next: 1,
    };
    rig.append(&[
        inbound("B", "zwei", 3000),
        echo("S", "hello", 5500),
        stranger(inbound("A", "a", 9000)),
        stranger(inbound("B", "b", 9000)),
    ]);
    let all: Vec<_> = rig
        .all()
        .into_iter()
        .map(|one| {
            (
                one.text,
                one.ack,
                one.revoked_at.is_some(),
                one.reactions.len(),
            )
        })
        .collect();
    let row = |text: &str, ack, revoked, reactions| (text.to_owned(), ack, revoked, reactions);
    assert_eq!(
        all,
        [
            row("two", None, false, 1),
            row("three", None, true, 0),
            row("hello", Some(3), false, 0),
            row("a", None, false, 0),
            row("b", None, false, 0),
        ]
    );
}

#[test]
fn a_conversation_comes_out_right_in_any_order() {
    let entries = [
        step("opened", "c1", 1000, &[("ticket", "7")]),
        step("claimed", "c1", 3000, &[("process", "p1")]),
        step("requeued", "c1", 4000, &[]),
        step("claimed", "c1", 5000, &[("process", "p2")]),
        step(
            "closed",
            "c1",
            9000,
            &[("outcome", "booked"), ("variables", r#"{"cpf":"1"}"#)],
        ),
    ];
    in_every_order(&entries, |rig| {
        let all = rig.conversations(&Query::default());
        let expected = Conversation {
            session: session(),
            id: ConversationId::stored("c1"),
            chat: ChatId::stored(CHAT),
            status: Status::Closed,
            ticket: Some(7),
            opened_at: Some(ms(1000)),
            claimed_at: Some(ms(3000)),
            closed_at: Some(ms(9000)),
            outcome: Some("booked".to_owned()),
            variables: Some(json!({"cpf": "1"})),
            waiting: Some(Duration::from_millis(2000)),
            handling: Some(Duration::from_millis(6000)),
            requeued: 1,
            process: Some("p2".to_owned()),
            team: None,
            priority: None,
            holder: None,
            handed_off_at: None,
            taken_at: None,
            person_waiting: None,
            rating: None,
            rated_at: None,
            closed_by: None,
            events: Vec::new(),
        };
        assert_eq!(all, [expected]);
    });
}

/// What happens to a message after it was sent.
fn any_mark() -> impl Strategy<Value = Fields> {
    prop_oneof![
        (0u8..6, -1i64..5).prop_map(|(n, level)| ack(&format!("S{n}"), level, 1000 * (level + 7))),
        (0u8..6, 0i64..4).prop_map(|(n, v)| mark(
            "edited",
            &format!("S{n}"),
            "outbound",
            v,
            &json!({"text": format!("v{v}")})
        )),
        (0u8..3, 0i64..4).prop_map(|(n, v)| mark(
            "reaction",
            &format!("I{n}"),
            "inbound",
            v,
            &json!({"by": "us", "text": (["", "👍", "❤️", "x"][v as usize])})
        )),
        (0u8..3, 0i64..4).prop_map(|(n, v)| mark(
            "revoked",
            &format!("I{n}"),
            "inbound",
            v,
            &json!({})
        )),
    ]
}

/// One entry, made so that entries often collide: few message ids, few texts, close times. The content of a
/// message id, reply or edit follows from its name, so that a repeat is the same.
pub(super) fn any_entry() -> impl Strategy<Value = Fields> {
    let minute = 60_000;
    let text = |n: u8| ["yes", "1 or 2?"][usize::from(n % 2)];
    prop_oneof![
        (0u8..3).prop_map(|n| inbound(&format!("I{n}"), "hello", 1000 * i64::from(n))),
        (0u8..6).prop_map(move |n| echo(&format!("S{n}"), text(n), i64::from(n) * 4 * minute)),
        (0u8..6).prop_map(move |n| reply(
            &format!("k{n}"),
            Some(&format!("S{n}")),
            text(n),
            i64::from(n) * 4 * minute + 77,
            "sent"
        )),
        (0u8..8, any::<bool>()).prop_map(move |(n, sent)| {
            let state = if sent { "sent" } else { "failed" };
            reply(
                &format!("l{n}"),
                None,
                text(n),
                i64::from(n) * 3 * minute + i64::from(sent),
                state,
            )
        }),
        (0u8..8).prop_map(move |n| reply(
            &format!("l{n}"),
            Some(&format!("T{n}")),
            text(n),
            i64::from(n) * 3 * minute + 5,
            "sent"
        )),
        (0u8..8).prop_map(move |n| echo(
            &format!("T{n}"),
            text(n),
            i64::from(n) * 3 * minute + 1000
        )),
        any_mark(),
        any_mark(),
        (0u8..8).prop_map(move |n| hidden(echo(
            &format!("U{n}"),
            text(n),
            i64::from(n) * 3 * minute + 2000
        ))),
        (0u8..8).prop_map(move |n| hidden(reply(
            &format!("u{n}"),
            None,
            text(n),
            i64::from(n) * 3 * minute + 2500,
            "sent"
        ))),
        (0u8..6).prop_map(move |n| hidden(echo(
            &format!("S{n}"),
            text(n),
            i64::from(n) * 4 * minute
        ))),
        (0u8..3).prop_map(|n| hidden(inbound(&format!("I{n}"), "hello", 1000 * i64::from(n)))),
        any_mark().prop_map(hidden),
        // Another person's device may use the same ids.
        (0u8..3).prop_map(|n| stranger(inbound(&format!("I{n}"), "good day", 500))),
        (0u8..6).prop_map(|n| stranger(echo(&format!("S{n}"), "bye", 700))),
        (0u8..3).prop_map(|n| stranger(reply(
            &format!("x{n}"),
            Some(&format!("S{n}")),
            "bye",
            800,
            "sent"
        ))),
        any_mark().prop_map(stranger),
        (0i64..3).prop_map(alias),
        (0u8..2).prop_map(|n| hidden(step("opened", &format!("h{n}"), 10, &[("ticket", "3")]))),
        (0u8..2).prop_map(|n| step("opened", &format!("c{n}"), 10, &[("ticket", "3")])),
        (0u8..2, 0i64..5).prop_map(|(n, at)| step(
            "claimed",
            &format!("c{n}"),
            at * 10,
            &[("process", "p")]
        )),
        (0u8..2).prop_map(|n| step("requeued", &format!("c{n}"), 30, &[])),
        (0u8..2, 0i64..3).prop_map(|(n, at)| step(
            "closed",
            &format!("c{n}"),
            50 + at,
            &[("outcome", ["a", "b", "c"][at as usize])]
        )),
        any_event(),
        any_event(),
        any_event().prop_map(|fields| {
            // An entry under the hidden id belongs to a conversation that began under it.
            let mut fields = hidden(fields);
            let id = fields.iter_mut().find(|(name, _)| *name == "conversation");
            id.unwrap().1.replace_range(..1, "h");
            fields
        }),
    ]
}

/// What people do: an agent, a team or a place for each number, so that some events are the same.
fn any_event() -> impl Strategy<Value = Fields> {
    (0u8..2, 0i64..4, 0usize..3, 0usize..9).prop_map(|(n, at, who, kind)| {
        let by = ("by", ["ana", "bia", "owner"][who]);
        let team = ("team", ["", "sales", "help"][who]);
        let id = format!("c{n}");
        let step = |kind: &str, more: &[(&'static str, &str)]| step(kind, &id, 10 + at * 10, more);
        match kind {
            0 => step(
                "handoff",
                &[
                    team,
                    ("priority", ["normal", "urgent"][who % 2]),
                    ("note", "v3 yes"),
                ],
            ),
            1 => step("taken", &[by, ("from", ["line", "bot", "phone"][who])]),
            2 => step(
                "given",
                &[by, ("to", ["bot", "team:sales", "agent:bia"][who])],
            ),
            3 => step(
                "returned",
                &[by, team, ("why", ["quiet", "gone", "off"][who])],
            ),
            4 => step("noted", &[by, ("text", ["v3", "yes", "v3"][who])]),
            5 => step("moved", &[by, ("to", ["first", "urgent", "last"][who])]),
            7 => step("nobody_came", &[team]),
            6 => step("rated", &[("rating", ["1", "3", "5"][who])]),
            _ => step("claimed", &[("process", "phone")]),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_any_batches_come_to_the_same_rows(
        (one, other) in prop::collection::vec(any_entry(), 0..28)
            .prop_flat_map(|entries| (Just(entries.clone()), Just(entries).prop_shuffle())),
        size in 1usize..9,
    ) {
        let mut first = Rig::new();
        first.append(&one);
        let mut second = Rig::new();
        for batch in other.chunks(size) {
            second.append(batch);
        }
        // Of messages with the same time, the one that came first is first.
        let sorted = |rig: &Rig| {
            let mut all = rig.all();
            // The row says only in which order they came.
            all.iter_mut().for_each(|one| one.row = 0);
            all.sort_by_key(|one| (one.at, one.chat.clone(), format!("{:?}{:?}", one.message_id, one.reply_id)));
            all
        };
        let (left, right) = (sorted(&first), sorted(&second));
        prop_assert_eq!(left, right);
        let all = Query::default();
        prop_assert_eq!(first.conversations(&all), second.conversations(&all));
        prop_assert_eq!(first.noted("v3"), second.noted("v3"));
        let side = rusqlite::Connection::open(&second.path).unwrap();
        for words in ["message_text", "note_text"] {
            side.execute_batch(&format!("INSERT INTO {words} ({words}, rank) VALUES ('integrity-check', 1)")).unwrap();
        }
        let wrong: i64 = side
            .query_row("SELECT count(*) FROM message m WHERE edited IS NOT (SELECT e.text FROM edit e WHERE e.session = m.session
                AND e.chat = m.chat AND e.direction = m.direction AND e.stanza = m.stanza AND e.text <> '' ORDER BY at DESC, id DESC LIMIT 1)",
                [], |row| row.get(0))
            .unwrap();
        prop_assert_eq!(wrong, 0);
        let (rows, indexed): (i64, i64) = side
            .query_row("SELECT (SELECT count(*) FROM message), (SELECT count(*) FROM message_text_docsize)", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        prop_assert_eq!(rows, indexed);
        for word in ["yes", "1", "v3", "hello", "bye"] {
            let (mut left, mut right) = (first.found(word), second.found(word));
            left.sort();
            right.sort();
            prop_assert_eq!(left, right);
        }
    }
}
