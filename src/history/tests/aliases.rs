//! One person, two chat ids: one history, no matter when the alias was learned.

use serde_json::json;

use super::any_order::in_every_order;
use super::rig::*;
use crate::history::*;
use crate::ids::*;

fn of(chat: &str) -> Query {
    Query {
        chat: chat.parse().ok(),
        ..Query::default()
    }
}

/// Adds the field that says under which chat an entry is stored.
fn kept_under(mut fields: Fields, chat: &str) -> Fields {
    fields.push(("chat", chat.to_owned()));
    fields
}

#[test]
fn an_alias_learned_late_makes_one_history_of_both_sides_found_by_either_id() {
    let entries = [
        hidden(inbound("A", "under the hidden id", 5000)),
        inbound("B", "under the number", 6000),
        hidden(step("opened", "c1", 1000, &[("ticket", "7")])),
        alias(7000),
        hidden(inbound("C", "later, still hidden", 8000)),
    ];
    in_every_order(&entries, |rig| {
        for name in [CHAT, LID, "5511999990000", "123456789012345"] {
            let chats: Vec<_> = rig
                .messages(&of(name))
                .into_iter()
                .map(|message| (message.message_id.unwrap(), message.chat))
                .collect();
            let expected = ["A", "B", "C"].map(|id| (MessageId::stored(id), ChatId::stored(CHAT)));
            assert_eq!(chats, expected, "{name}");
            let conversations = rig.conversations(&of(name));
            assert_eq!(conversations.len(), 1, "{name}");
            assert_eq!(
                (conversations[0].chat.as_str(), conversations[0].ticket),
                (CHAT, Some(7))
            );
        }
        assert!(rig.messages(&of("5511000000000")).is_empty());
    });
}

#[test]
fn the_field_keeps_an_entry_under_another_chat_than_it_came_from() {
    let mut rig = Rig::new();
    rig.append(&[
        kept_under(hidden(inbound("A", "hello", 5000)), CHAT),
        kept_under(hidden(reply("r1", Some("S"), "hi", 5500, "sent")), CHAT),
        kept_under(hidden(ack("S", 3, 6000)), CHAT),
        kept_under(
            hidden(mark(
                "edited",
                "A",
                "inbound",
                7000,
                &json!({"text": "hello!"}),
            )),
            CHAT,
        ),
    ]);
    let all = rig.messages(&of(CHAT));
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].text, "hello!");
    assert_eq!(all[1].ack, Some(3));
    assert!(rig.messages(&of(LID)).is_empty(), "no alias is known");
    // A field may name the hidden id, too.
    rig.append(&[alias(8000), kept_under(inbound("B", "again", 9000), LID)]);
    assert_eq!(rig.messages(&of(CHAT)).len(), 3);
}

#[test]
fn a_reply_and_its_echo_under_the_other_id_are_one_message() {
    let known = [
        reply("r1", Some("S"), "hi", 5123, "sent"),
        hidden(echo("S", "hi", 5000)),
        alias(6000),
        hidden(ack("S", 3, 8000)),
    ];
    let unknown = [
        reply("r1", None, "hi", 5123, "sent"),
        hidden(echo("S", "hi", 5000)),
        alias(6000),
        hidden(ack("S", 3, 8000)),
    ];
    for entries in [known, unknown] {
        in_every_order(&entries, |rig| {
            let message = rig.one();
            assert_eq!(
                (message.author.as_str(), message.chat.as_str()),
                ("bot", CHAT)
            );
            assert_eq!(
                (
                    message.message_id.as_ref().map(MessageId::as_str),
                    message.ack
                ),
                (Some("S"), Some(3))
            );
        });
    }
}

#[test]
fn a_lent_echo_that_moves_is_given_back_under_the_new_chat() {
    let entries = [
        hidden(reply("without_id", None, "hi", 100_000, "sent")),
        hidden(echo("S1", "hi", 100_500)),
        alias(1),
        reply("owner", Some("S1"), "hi", 100_600, "sent"),
        echo("S2", "hi", 300_000),
    ];
    in_every_order(&entries, |rig| {
        let message_ids: Vec<_> = rig
            .messages(&of(CHAT))
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
    });
}

#[test]
fn a_lent_echo_that_moves_stands_for_itself_in_the_new_chat_when_a_nearer_one_comes() {
    let entries = [
        hidden(reply("without_id", None, "hi", 100_000, "sent")),
        hidden(echo("S1", "hi", 100_900)),
        alias(1),
        echo("S2", "hi", 100_100),
    ];
    in_every_order(&entries, |rig| {
        let message_ids: Vec<_> = rig
            .all()
            .into_iter()
            .map(|message| (message.chat, message.reply_id, message.message_id))
            .collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            message_ids,
            [
                (ChatId::stored(CHAT), some("without_id"), message_id("S2")),
                (ChatId::stored(CHAT), None, message_id("S1"))
            ]
        );
    });
}

#[test]
fn marks_find_their_message_before_and_after_it_moves() {
    let entries = [
        hidden(inbound("A", "wun", 5000)),
        hidden(mark(
            "edited",
            "A",
            "inbound",
            6000,
            &json!({"text": "one"}),
        )),
        mark("revoked", "A", "inbound", 7000, &json!({})),
        mark(
            "reaction",
            "A",
            "inbound",
            6500,
            &json!({"by": "us", "text": "👍"}),
        ),
        alias(6200),
    ];
    in_every_order(&entries, |rig| {
        let message = rig.one();
        assert_eq!(
            (message.chat.as_str(), message.text.as_str()),
            (CHAT, "one")
        );
        assert_eq!(
            (message.revoked_at, message.reactions.len()),
            (Some(ms(7000)), 1)
        );
    });
}

#[test]
fn an_alias_told_again_changes_nothing_and_of_two_the_later_counts() {
    let mut rig = Rig::new();
    let other = |at: i64| {
        let mut fields = alias(at);
        fields[2].1 = "5511000000000@c.us".to_owned();
        fields
    };
    rig.append(&[hidden(inbound("A", "a", 1000)), alias(5000), alias(5000)]);
    rig.append(&[other(4000), hidden(inbound("B", "b", 2000))]);
    assert_eq!(
        rig.messages(&of(CHAT)).len(),
        2,
        "an older alias that comes later changes nothing"
    );
    rig.append(&[other(6000), hidden(inbound("C", "c", 3000)), alias(5000)]);
    assert_eq!(
        rig.messages(&of(CHAT)).len(),
        2,
        "messages that moved stay where they are"
    );
    assert_eq!(rig.messages(&of("5511000000000")).len(), 1);
}

#[test]
fn an_alias_is_of_its_session() {
    let mut rig = Rig::new();
    rig.append(&[alias(1), hidden(inbound("A", "a", 1000))]);
    let mut other = entry("1-0", &hidden(inbound("A", "elsewhere", 7000)));
    other.session = SessionName::stored("second");
    rig.archive.append(&[other]).unwrap();
    let chats: Vec<_> = rig.all().into_iter().map(|message| message.chat).collect();
    assert_eq!(chats, [CHAT, LID].map(ChatId::stored));
    assert_eq!(
        rig.messages(&of(LID)).len(),
        2,
        "a search for one id finds the messages of both"
    );
}

#[test]
fn a_history_of_the_first_schema_learns_aliases() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("history.sqlite");
    let first = rusqlite::Connection::open(&path).unwrap();
    first
        .execute_batch(include_str!("../sql/001_first.sql"))
        .unwrap();
    first.pragma_update(None, "user_version", 1).unwrap();
    drop(first);
    let mut archive = Archive::open(&path).unwrap();
    let batch = [
        entry("1-0", &hidden(inbound("A", "a", 1000))),
        entry("2-0", &alias(1)),
    ];
    assert_eq!(archive.append(&batch).unwrap().stored, 2);
    let side = rusqlite::Connection::open(&path).unwrap();
    let chat: String = side
        .query_row("SELECT chat FROM message", [], |row| row.get(0))
        .unwrap();
    assert_eq!(chat, CHAT);
}

#[test]
fn a_batch_says_which_chats_it_is_about_under_every_id() {
    let mut rig = Rig::new();
    let chats = |appended: Appended| {
        let mut chats: Vec<String> = appended
            .chats
            .iter()
            .map(|(_, id)| id.to_string())
            .collect();
        chats.sort();
        chats
    };
    let line = vec![("kind", "line_paused".to_owned()), ("by", "ana".to_owned())];
    let told = chats(rig.append(&[inbound("A", "one", 1000), stranger(ack("B", 3, 1500)), line]));
    assert_eq!(told, [CHAT, STRANGER]);
    assert_eq!(chats(rig.append(&[alias(2000)])), [LID, CHAT]);
    let told = chats(rig.append(&[hidden(inbound("C", "two", 3000))]));
    assert_eq!(told, [LID, CHAT]);
}
