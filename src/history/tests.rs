//! The history as a whole, on real files: exactly once, whatever the order, readable meanwhile.

use std::ops::ControlFlow;
use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;

use super::*;

const CHAT: &str = "5511999990000@c.us";

struct Rig {
    _dir: TempDir,
    path: PathBuf,
    archive: Archive,
    next: u64,
}

impl Rig {
    fn new() -> Rig {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history.sqlite");
        let archive = Archive::open(&path).unwrap();
        Rig {
            _dir: dir,
            path,
            archive,
            next: 1,
        }
    }

    /// Appends entries under the next stream ids.
    fn append(&mut self, entries: &[Fields]) -> Appended {
        let entries: Vec<_> = entries
            .iter()
            .map(|fields| {
                self.next += 1;
                entry(&format!("{}-0", self.next), fields)
            })
            .collect();
        self.archive.append(&entries).unwrap()
    }

    fn messages(&self, query: &Query) -> Vec<Message> {
        let mut all = Vec::new();
        History::open_read_only(&self.path)
            .unwrap()
            .messages(query, |message| {
                all.push(message);
                ControlFlow::Continue(())
            })
            .unwrap();
        all
    }

    fn all(&self) -> Vec<Message> {
        self.messages(&Query::default())
    }

    fn one(&self) -> Message {
        let all = self.all();
        assert_eq!(all.len(), 1, "{all:#?}");
        all.into_iter().next().unwrap()
    }

    fn found(&self, search: &str) -> Vec<String> {
        let query = Query {
            search: Some(search.to_owned()),
            ..Query::default()
        };
        self.messages(&query).into_iter().map(|message| message.text).collect()
    }

    fn conversations(&self, query: &Query) -> Vec<Conversation> {
        let mut all = Vec::new();
        History::open_read_only(&self.path)
            .unwrap()
            .conversations(query, |conversation| {
                all.push(conversation);
                ControlFlow::Continue(())
            })
            .unwrap();
        all
    }
}

type Fields = Vec<(&'static str, String)>;

fn entry(stream_id: &str, fields: &Fields) -> StreamEntry {
    StreamEntry {
        session: "default".to_owned(),
        stream_id: stream_id.to_owned(),
        fields: fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
    }
}

fn inbound(stanza: &str, text: &str, at: i64) -> Fields {
    let data = json!({"chat": CHAT, "stanza": stanza, "direction": "inbound", "author": "customer", "kind": "text",
        "text": text, "media": null, "name": "Ana", "sent_at": at, "received_at": at + 200, "unheard_of": {}});
    vec![("kind", "message".to_owned()), ("data", data.to_string()), ("conversation", "c1".to_owned())]
}

fn echo(stanza: &str, text: &str, at: i64) -> Fields {
    let data = json!({"chat": CHAT, "stanza": stanza, "direction": "outbound", "author": "phone", "kind": "text",
        "text": text, "sent_at": at, "received_at": at + 300});
    vec![("kind", "message".to_owned()), ("data", data.to_string()), ("conversation", String::new())]
}

fn reply(id: &str, stanza: Option<&str>, text: &str, at: i64, state: &str) -> Fields {
    let data = json!({"chat": CHAT, "stanza": stanza, "direction": "outbound", "author": "bot", "kind": "text",
        "text": text, "sent_at": at, "reply_id": id});
    vec![
        ("kind", "reply".to_owned()),
        ("data", data.to_string()),
        ("conversation", "c1".to_owned()),
        ("state", state.to_owned()),
        ("reason", if state == "failed" { "no route".to_owned() } else { String::new() }),
    ]
}

fn mark(kind: &str, stanza: &str, direction: &str, at: i64, more: &serde_json::Value) -> Fields {
    let mut data = json!({"chat": CHAT, "stanza": stanza, "direction": direction, "at": at});
    for (key, value) in more.as_object().unwrap() {
        data[key] = value.clone();
    }
    vec![("kind", kind.to_owned()), ("data", data.to_string())]
}

fn ack(stanza: &str, level: i64, at: i64) -> Fields {
    mark("ack", stanza, "outbound", at, &json!({"ack": level, "error": if level < 0 { Some("463") } else { None }}))
}

fn step(kind: &str, id: &str, at: i64, more: &[(&'static str, &str)]) -> Fields {
    let mut fields = vec![
        ("kind", kind.to_owned()),
        ("conversation", id.to_owned()),
        ("chat", CHAT.to_owned()),
        ("at", at.to_string()),
    ];
    fields.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    fields
}

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

/// Checks that every order of `entries` comes to what `check` demands, each in one batch and one by one.
fn in_every_order(entries: &[Fields], check: impl Fn(&Rig)) {
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
fn a_message_is_read_as_it_was_told() {
    let mut rig = Rig::new();
    let appended = rig.append(&[inbound("A", "Olá, tudo bem?", 5000)]);
    assert_eq!((appended.stored, appended.unreadable), (1, 0));
    let message = rig.one();
    assert_eq!((message.at, message.sent_at, message.received_at), (5200, 5000, Some(5200)));
    assert_eq!(message.conversation.as_deref(), Some("c1"));
    assert_eq!((message.author.as_str(), message.text.as_str()), ("customer", "Olá, tudo bem?"));
    assert_eq!((message.failed, message.ack, message.state), (false, None, None));
}

#[test]
fn media_location_and_contacts_come_back_as_json() {
    let mut rig = Rig::new();
    let data = json!({"chat": CHAT, "stanza": "A", "direction": "inbound", "kind": "location", "text": "",
        "location": {"latitude": -23.55, "longitude": "-46.63", "name": "Sé"}, "contacts": ["BEGIN:VCARD\nFN:Bia\nEND:VCARD"],
        "media": {"url": null, "mimetype": "image/jpeg", "error": {"message": "gone"}}, "sent_at": 1.5e12});
    rig.append(&[vec![("kind", "message".to_owned()), ("data", data.to_string())]]);
    let message = rig.one();
    assert_eq!(message.location, Some(data["location"].clone()));
    assert_eq!(message.media, Some(data["media"].clone()));
    assert_eq!(message.contacts, Some(data["contacts"].clone()));
}

#[test]
fn a_repeated_message_is_one_row_and_only_adds_what_was_missing() {
    let mut rig = Rig::new();
    let mut first = inbound("A", "", 5000);
    first[2].1.clear();
    rig.append(&[first, inbound("A", "finally", 5000), inbound("A", "other", 9000)]);
    let message = rig.one();
    assert_eq!((message.text.as_str(), message.sent_at), ("finally", 5000));
    assert_eq!(message.conversation.as_deref(), Some("c1"));
    assert_eq!(rig.found("finally").len(), 1);
    assert!(rig.found("other").is_empty());
}

#[test]
fn the_two_directions_and_two_sessions_do_not_share_stanzas() {
    let mut rig = Rig::new();
    rig.append(&[inbound("A", "in", 5000), echo("A", "out", 6000)]);
    let mut other = entry("1-0", &inbound("A", "elsewhere", 7000));
    other.session = "second".to_owned();
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
        assert_eq!((message.author.as_str(), message.reply_id.as_deref()), ("bot", Some("r1")));
        assert_eq!(message.conversation.as_deref(), Some("c1"));
        assert_eq!((message.at, message.ack, message.received_at), (5123, Some(3), Some(5300)));
    });
}

#[test]
fn a_reply_without_a_stanza_gets_it_from_its_echo_in_any_order() {
    let entries = [
        reply("r1", None, "hi", 5123, "sent"),
        echo("S", "hi ", 9000),
        ack("S", 2, 9500),
        mark("edited", "S", "outbound", 9900, &json!({"text": "hi there"})),
    ];
    in_every_order(&entries, |rig| {
        let message = rig.one();
        assert_eq!((message.author.as_str(), message.stanza.as_deref()), ("bot", Some("S")));
        assert_eq!((message.ack, message.text.as_str()), (Some(2), "hi there"));
        assert_eq!(rig.found("there").len(), 1);
    });
}

#[test]
fn an_echo_too_late_or_of_another_text_or_chat_is_a_message_of_its_own() {
    let mut elsewhere = echo("S3", "hi", 6000);
    elsewhere[1].1 = elsewhere[1].1.replace(CHAT, "other@c.us");
    let mut entries = vec![reply("r1", None, "hi", 5123, "sent"), echo("S1", "hi", 606_000), echo("S2", "ho", 6000), elsewhere];
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
        let stanzas: Vec<_> = rig.all().into_iter().map(|message| (message.reply_id, message.stanza)).collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(stanzas, [(some("r1"), some("S1")), (some("r2"), some("S2"))]);
    });
}

#[test]
fn an_echo_lent_to_the_wrong_reply_is_given_back_to_the_right_one() {
    let entries = [
        reply("loose", None, "hi", 100_000, "sent"),
        echo("S1", "hi", 100_500),
        reply("owner", Some("S1"), "hi", 100_600, "sent"),
        echo("S2", "hi", 300_000),
    ];
    in_every_order(&entries, |rig| {
        let stanzas: Vec<_> = rig.all().into_iter().map(|message| (message.reply_id, message.stanza)).collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(stanzas, [(some("loose"), some("S2")), (some("owner"), some("S1"))]);
    });
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
        assert_eq!((message.state.as_deref(), message.failed), (Some("sent"), false));
        assert_eq!((message.stanza.as_deref(), message.at, message.error), (Some("S"), 9000, None));
    });
}

#[test]
fn a_failed_reply_says_why() {
    let mut rig = Rig::new();
    rig.append(&[reply("r1", None, "hi", 5000, "failed")]);
    let message = rig.one();
    assert!(message.failed);
    assert_eq!((message.state.as_deref(), message.error.as_deref()), (Some("failed"), Some("no route")));
}

#[test]
fn acks_keep_the_highest_and_error_stands_apart() {
    let entries = [echo("S", "hi", 5000), ack("S", 3, 7000), ack("S", 1, 8000), ack("S", -1, 6000)];
    in_every_order(&entries, |rig| {
        let message = rig.one();
        assert_eq!((message.ack, message.ack_at), (Some(3), Some(7000)));
        assert_eq!((message.failed, message.error.as_deref()), (true, Some("463")));
    });
}

#[test]
fn edits_keep_every_version_and_the_latest_stands() {
    let edited = |at, text: &str| mark("edited", "A", "inbound", at, &json!({"text": text}));
    let entries = [inbound("A", "wun", 5000), edited(6000, "two"), edited(7000, "three"), edited(6000, "two")];
    in_every_order(&entries, |rig| {
        let message = rig.one();
        assert_eq!((message.text.as_str(), message.first_text.as_deref()), ("three", Some("wun")));
        let versions: Vec<_> = message.edits.iter().map(|edit| (edit.at, edit.text.as_str())).collect();
        assert_eq!(versions, [(6000, "two"), (7000, "three")]);
        assert_eq!((rig.found("wun").len(), rig.found("two").len(), rig.found("three").len()), (1, 0, 1));
    });
}

#[test]
fn reactions_keep_the_last_of_each_person_and_revocations_the_first() {
    let reacted = |by: &str, text: &str, at| mark("reaction", "A", "inbound", at, &json!({"by": by, "text": text}));
    let entries = [
        inbound("A", "x", 5000),
        reacted("us", "👍", 6000),
        reacted("us", "", 7000),
        reacted("them", "\u{1}\"❤️", 6500),
        mark("revoked", "A", "inbound", 8000, &json!({})),
    ];
    in_every_order(&entries, |rig| {
        let message = rig.one();
        assert_eq!(message.revoked_at, Some(8000));
        let standing: Vec<_> = message.reactions.iter().map(|r| (r.by.as_str(), r.text.as_str())).collect();
        assert_eq!(standing, [("them", "\u{1}\"❤️")]);
    });
}

#[test]
fn a_conversation_comes_out_right_in_any_order() {
    let entries = [
        step("opened", "c1", 1000, &[("ticket", "7")]),
        step("claimed", "c1", 3000, &[("process", "p1")]),
        step("requeued", "c1", 4000, &[]),
        step("claimed", "c1", 5000, &[("process", "p2")]),
        step("closed", "c1", 9000, &[("outcome", "booked"), ("variables", r#"{"cpf":"1"}"#)]),
    ];
    in_every_order(&entries, |rig| {
        let all = rig.conversations(&Query::default());
        let expected = Conversation {
            session: "default".to_owned(),
            id: "c1".to_owned(),
            chat: CHAT.to_owned(),
            ticket: Some(7),
            opened_at: Some(1000),
            claimed_at: Some(3000),
            closed_at: Some(9000),
            outcome: Some("booked".to_owned()),
            variables: Some(json!({"cpf": "1"})),
            waiting_ms: Some(2000),
            handling_ms: Some(6000),
            requeued: 1,
            process: Some("p2".to_owned()),
        };
        assert_eq!(all, [expected]);
    });
}

#[test]
fn who_left_the_queue_waited_until_then() {
    let mut rig = Rig::new();
    rig.append(&[step("opened", "c1", 1000, &[]), step("closed", "c1", 4000, &[("outcome", "left")])]);
    let all = rig.conversations(&Query::default());
    assert_eq!((all[0].waiting_ms, all[0].handling_ms), (Some(3000), None));
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
    let ids = |query: Query| -> Vec<_> { rig.conversations(&query).into_iter().map(|c| c.id).collect() };
    let search = |text: &str| Query { search: Some(text.to_owned()), ..Query::default() };
    assert_eq!(ids(Query { since: Some(2500), ..Query::default() }), ["c2", "c3"]);
    assert_eq!(ids(search("amanha consul")), ["c1"]);
    assert!(ids(search("ontem")).is_empty());
    assert!(ids(search("👍")).is_empty());
    assert!(ids(Query { chat: Some("1".to_owned()), ..Query::default() }).is_empty());
    assert_eq!(ids(Query { chat: Some("5511999990000".to_owned()), ..Query::default() }).len(), 3);
}

#[test]
fn messages_are_filtered_by_chat_session_and_since() {
    let mut rig = Rig::new();
    rig.append(&[inbound("A", "one", 1000), inbound("B", "two", 2000), inbound("C", "three", 3000)]);
    let texts = |query: Query| -> Vec<_> { rig.messages(&query).into_iter().map(|m| m.text).collect() };
    assert_eq!(texts(Query { since: Some(2000), ..Query::default() }), ["two", "three"]);
    assert_eq!(texts(Query { chat: Some("5511999990000".to_owned()), ..Query::default() }).len(), 3);
    assert_eq!(texts(Query { chat: Some(CHAT.to_owned()), session: Some("default".to_owned()), ..Query::default() }).len(), 3);
    assert!(texts(Query { session: Some("other".to_owned()), ..Query::default() }).is_empty());
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
    rig.append(&[inbound("A", "Você é o nº 3 da fila", 1000), inbound("B", "a fila 👍 anda!?", 2000)]);
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
    rig.append(&[inbound("A", r#"say "hi" OR (text:NEAR) * ^ + - {x} don't 50% a_b"#, 1000)]);
    let long = "palavra ".repeat(3000);
    for text in [
        "\"", "\"\"", "\"hi", "hi\"", "*", "**", "OR", "AND", "NOT", "NEAR", "NEAR(", "NEAR(hi say)", "text:", "text:hi",
        "(", ")", "{x}", "^", "+", "-", "-hi", "hi AND", "NOT hi", "'", "don't", ";--", "%", "_", "\\", "\0", "hi\0hi",
        "👍", "👍🏽*", "🇧🇷", "\u{301}", "\u{202e}", "²", "१", "\u{e000}", "\u{1e900}", &long,
    ] {
        rig.found(text);
    }
    for text in ["\"hi\"", "OR", "NEAR", "don't", "text:NEAR", "say OR", "a_b", "50%", "*", "\"", "{x}"] {
        assert_eq!(rig.found(text).len(), 1, "{text}");
    }
}

#[test]
fn the_position_moves_with_the_batch_and_earlier_entries_are_skipped() {
    let mut rig = Rig::new();
    assert_eq!(rig.archive.position("default").unwrap(), None);
    let batch = [entry("9-0", &inbound("A", "a", 1)), entry("10-0", &step("requeued", "c1", 1, &[]))];
    assert_eq!(rig.archive.append(&batch).unwrap().stored, 2);
    assert_eq!(rig.archive.position("default").unwrap().as_deref(), Some("10-0"));
    let again = [batch[0].clone(), batch[1].clone(), entry("10-1", &inbound("B", "b", 2)), entry("10-1", &inbound("C", "c", 3))];
    let appended = rig.archive.append(&again).unwrap();
    assert_eq!((appended.stored, appended.skipped), (1, 3));
    assert_eq!(rig.archive.position("default").unwrap().as_deref(), Some("10-1"));
    assert_eq!(rig.archive.position("other").unwrap(), None);
    assert_eq!(rig.all().len(), 2);
    assert_eq!(rig.conversations(&Query::default())[0].requeued, 1);
}

#[test]
fn a_batch_out_of_order_loses_nothing() {
    let mut rig = Rig::new();
    let batch = [entry("10-0", &inbound("B", "b", 2)), entry("9-0", &inbound("A", "a", 1))];
    assert_eq!(rig.archive.append(&batch).unwrap().stored, 2);
    assert_eq!(rig.archive.position("default").unwrap().as_deref(), Some("10-0"));
}

#[test]
fn an_empty_batch_changes_nothing() {
    let mut rig = Rig::new();
    assert_eq!(rig.archive.append(&[]).unwrap(), Appended::default());
}

#[test]
fn a_batch_that_fails_leaves_neither_rows_nor_position() {
    let mut rig = Rig::new();
    rig.append(&[inbound("A", "a", 1)]);
    let before = rig.archive.position("default").unwrap();
    // The position is written last: refusing it is as good as dying just before the commit.
    let side = rusqlite::Connection::open(&rig.path).unwrap();
    side.execute_batch("CREATE TRIGGER crash BEFORE INSERT ON position BEGIN SELECT RAISE(ABORT, 'crash'); END").unwrap();
    let batch = [entry("100-0", &inbound("B", "b", 2)), entry("101-0", &step("requeued", "c1", 1, &[]))];
    assert!(rig.archive.append(&batch).is_err());
    assert_eq!(rig.archive.position("default").unwrap(), before);
    assert_eq!(rig.all().len(), 1);
    assert!(rig.found("b").is_empty());
    side.execute_batch("DROP TRIGGER crash").unwrap();
    assert_eq!(rig.archive.append(&batch).unwrap().stored, 2);
    assert_eq!(rig.conversations(&Query::default())[0].requeued, 1);
}

#[test]
fn what_was_appended_is_there_after_the_process_is_gone() {
    let mut rig = Rig::new();
    rig.append(&[inbound("A", "a", 1)]);
    // The files as a kill -9 leaves them: the log not copied back, no lock released in order.
    let copy = tempfile::tempdir().unwrap();
    for name in ["history.sqlite", "history.sqlite-wal"] {
        std::fs::copy(rig.path.with_file_name(name), copy.path().join(name)).unwrap();
    }
    let archive = Archive::open(&copy.path().join("history.sqlite")).unwrap();
    assert_eq!(archive.position("default").unwrap().as_deref(), Some("2-0"));
}

#[test]
fn the_unreadable_is_kept_counted_and_holds_up_nothing() {
    let mut rig = Rig::new();
    let odd = vec![("kind", "message".to_owned()), ("data", "{oops".to_owned())];
    let appended = rig.append(&[odd, inbound("A", "a", 1), vec![("kind", "future".to_owned())]]);
    assert_eq!((appended.stored, appended.unreadable), (1, 2));
    let first = appended.first_unreadable.unwrap();
    assert!(first.contains("2-0") && first.contains("data"), "{first}");
    assert_eq!(rig.archive.position("default").unwrap().as_deref(), Some("4-0"));
    let nowhere = [entry("soon", &inbound("B", "b", 1))];
    for _ in 0..2 {
        assert_eq!(rig.archive.append(&nowhere).unwrap().unreadable, 1);
    }
    let side = rusqlite::Connection::open(&rig.path).unwrap();
    let kept: Vec<String> = side
        .prepare("SELECT fields FROM unreadable ORDER BY stream_id")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(kept.len(), 3);
    assert_eq!(kept[0], r#"[["kind","message"],["data","{oops"]]"#);
}

#[test]
fn an_entry_that_sqlite_refuses_holds_up_nothing() {
    let mut rig = Rig::new();
    let side = rusqlite::Connection::open(&rig.path).unwrap();
    side.execute_batch(
        "CREATE TRIGGER refuse AFTER INSERT ON message WHEN NEW.text = 'poison' BEGIN SELECT RAISE(ABORT, 'no'); END",
    )
    .unwrap();
    let appended = rig.append(&[inbound("A", "a", 1), inbound("B", "poison", 2), inbound("C", "c", 3)]);
    assert_eq!((appended.stored, appended.unreadable), (2, 1));
    assert_eq!(rig.all().len(), 2);
    assert_eq!((rig.found("poison").len(), rig.found("c").len()), (0, 1));
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
    let Rig { _dir, path, archive, .. } = rig;
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
    rig.append(&[inbound("A", odd, 1), mark("edited", "A", "inbound", 2, &json!({"text": odd}))]);
    let message = rig.one();
    assert_eq!((message.text.as_str(), message.first_text.as_deref()), (odd, Some(odd)));
}

/// One entry of a small world in which much collides: few stanzas, few texts, close times. What one
/// stanza, reply or edit says is a function of its name, so that a repeat is a repeat.
fn any_entry() -> impl Strategy<Value = Fields> {
    let minute = 60_000;
    let text = |n: u8| ["yes", "1 or 2?"][usize::from(n % 2)];
    prop_oneof![
        (0u8..3).prop_map(|n| inbound(&format!("I{n}"), "hello", 1000 * i64::from(n))),
        (0u8..6).prop_map(move |n| echo(&format!("S{n}"), text(n), i64::from(n) * 4 * minute)),
        (0u8..6).prop_map(move |n| reply(&format!("k{n}"), Some(&format!("S{n}")), text(n), i64::from(n) * 4 * minute + 77, "sent")),
        (0u8..8, any::<bool>()).prop_map(move |(n, sent)| {
            let state = if sent { "sent" } else { "failed" };
            reply(&format!("l{n}"), None, text(n), i64::from(n) * 3 * minute + i64::from(sent), state)
        }),
        (0u8..8).prop_map(move |n| reply(&format!("l{n}"), Some(&format!("T{n}")), text(n), i64::from(n) * 3 * minute + 5, "sent")),
        (0u8..8).prop_map(move |n| echo(&format!("T{n}"), text(n), i64::from(n) * 3 * minute + 1000)),
        (0u8..6, -1i64..5).prop_map(|(n, level)| ack(&format!("S{n}"), level, 1000 * (level + 7))),
        (0u8..6, 0i64..4).prop_map(|(n, v)| mark("edited", &format!("S{n}"), "outbound", v, &json!({"text": format!("v{v}")}))),
        (0u8..3, 0i64..4).prop_map(|(n, v)| mark("reaction", &format!("I{n}"), "inbound", v, &json!({"by": "us", "text": (["", "👍", "❤️", "x"][v as usize])}))),
        (0u8..3, 0i64..4).prop_map(|(n, v)| mark("revoked", &format!("I{n}"), "inbound", v, &json!({}))),
        (0u8..2).prop_map(|n| step("opened", &format!("c{n}"), 10, &[("ticket", "3")])),
        (0u8..2, 0i64..5).prop_map(|(n, at)| step("claimed", &format!("c{n}"), at * 10, &[("process", "p")])),
        (0u8..2).prop_map(|n| step("requeued", &format!("c{n}"), 30, &[])),
        (0u8..2, 0i64..3).prop_map(|(n, at)| step("closed", &format!("c{n}"), 50 + at, &[("outcome", ["a", "b", "c"][at as usize])])),
    ]
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
        let (left, right) = (first.all(), second.all());
        prop_assert_eq!(left, right);
        let all = Query::default();
        prop_assert_eq!(first.conversations(&all), second.conversations(&all));
        for word in ["yes", "1", "v3", "hello"] {
            prop_assert_eq!(first.found(word), second.found(word));
        }
    }

    #[test]
    fn no_search_fails(text in ".*") {
        let mut rig = Rig::new();
        rig.append(&[inbound("A", &text, 1000)]);
        rig.found(&text);
    }
}
