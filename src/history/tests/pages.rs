//! Pages: a chat from any place in both directions, found messages and conversations newest first, and the ends of many chats.

use proptest::prelude::*;
use serde_json::json;

use super::rig::*;
use crate::history::*;
use crate::ids::*;

fn number() -> ChatNames {
    CHAT.parse().unwrap()
}

/// A chat of messages at these times, in this order of arrival.
fn chat_of(times: &[i64]) -> Rig {
    let mut rig = Rig::new();
    let entries: Vec<Fields> = times
        .iter()
        .enumerate()
        .map(|(n, at)| inbound(&format!("M{n}"), &format!("at {at}"), *at))
        .collect();
    rig.append(&entries);
    rig
}

fn page(rig: &Rig, page: &TranscriptPage, limit: u32) -> Transcript {
    History::open_read_only(&rig.path)
        .unwrap()
        .transcript(&session(), &number(), page, limit)
        .unwrap()
}

fn shown(transcript: &Transcript) -> Vec<String> {
    transcript
        .items
        .iter()
        .map(|item| match &item.kind {
            TranscriptKind::Message(message) => message.text.clone(),
            TranscriptKind::Event(event) => event.in_words(),
        })
        .collect()
}

/// All items, read page by page from the end to the beginning.
fn all_backwards(rig: &Rig, limit: u32) -> Vec<String> {
    let mut all = Vec::new();
    let mut at = TranscriptPage::Newest;
    loop {
        let read = page(rig, &at, limit);
        assert!(read.items.len() <= limit as usize);
        let mut shown = shown(&read);
        shown.append(&mut all);
        all = shown;
        match read.older {
            Some(older) => at = TranscriptPage::Before(older),
            None => return all,
        }
    }
}

fn all_forwards(rig: &Rig, limit: u32) -> Vec<String> {
    let mut all = Vec::new();
    let mut at = TranscriptPage::After("0.m0".parse().unwrap());
    loop {
        let read = page(rig, &at, limit);
        assert!(read.items.len() <= limit as usize);
        all.extend(shown(&read));
        match read.newer {
            Some(newer) => at = TranscriptPage::After(newer),
            None => return all,
        }
    }
}

#[test]
fn a_transcript_has_what_was_said_and_done_in_all_conversations_of_a_chat() {
    let mut rig = Rig::new();
    rig.append(&[
        inbound("A", "boleto vencido", 1000),
        step("opened", "c1", 1200, &[]),
        step(
            "handoff",
            "c1",
            2000,
            &[("team", "money"), ("note", "boleto")],
        ),
        step("taken", "c1", 3000, &[("by", "ana"), ("from", "line")]),
        step(
            "noted",
            "c1",
            3000,
            &[("by", "bia"), ("text", "cliente antiga")],
        ),
        echo("B", "Bom dia", 3000),
        step("closed", "c1", 4000, &[("by", "ana"), ("outcome", "paid")]),
        inbound("C", "obrigada", 9000),
        step("opened", "c2", 9200, &[]),
        step("noted", "c2", 9500, &[("by", "ana"), ("text", "voltou")]),
        stranger(inbound("A", "outra pessoa", 1500)),
        stranger(step(
            "noted",
            "c3",
            1600,
            &[("by", "ana"), ("text", "de outra")],
        )),
    ]);
    let read = page(&rig, &TranscriptPage::Newest, 50);
    assert_eq!(
        shown(&read),
        [
            "boleto vencido",
            "handed off to team money: boleto",
            "taken by ana from the line",
            "note by bia: cliente antiga",
            "Bom dia",
            "closed by ana with outcome paid",
            "obrigada",
            "note by ana: voltou",
        ]
    );
    assert_eq!((read.older, read.newer), (None, None));
    // Items have names that stay.
    let keys: Vec<String> = read.items.into_iter().map(|item| item.key).collect();
    rig.append(&[inbound("D", "de novo", 9900)]);
    let again = page(&rig, &TranscriptPage::Newest, 50).items;
    let again: Vec<String> = again.into_iter().map(|item| item.key).collect();
    assert_eq!(again[..keys.len()], keys);
    assert!(keys[0].starts_with('m') && keys[1].starts_with('e'));
}

#[test]
fn a_page_says_whether_there_are_more_before_and_after_it() {
    let rig = chat_of(&[1000, 2000, 3000, 4000, 5000, 6000]);
    let newest = page(&rig, &TranscriptPage::Newest, 2);
    assert_eq!(shown(&newest), ["at 5000", "at 6000"]);
    assert_eq!(newest.newer, None);
    let before = page(
        &rig,
        &TranscriptPage::Before(newest.older.clone().unwrap()),
        2,
    );
    assert_eq!(shown(&before), ["at 3000", "at 4000"]);
    let first = page(
        &rig,
        &TranscriptPage::Before(before.older.clone().unwrap()),
        2,
    );
    assert_eq!(shown(&first), ["at 1000", "at 2000"]);
    assert_eq!(first.older, None);
    let after = page(&rig, &TranscriptPage::After(first.newer.unwrap()), 2);
    assert_eq!(shown(&after), ["at 3000", "at 4000"]);
    let last = page(&rig, &TranscriptPage::After(after.newer.unwrap()), 2);
    assert_eq!((shown(&last), last.newer), (shown(&newest), None));
    let end = newest.items.last().unwrap().cursor();
    assert!(page(&rig, &TranscriptPage::After(end), 2).items.is_empty());
}

#[test]
fn a_page_around_a_message_shows_it_in_its_place() {
    let rig = chat_of(&[1000, 2000, 3000, 4000, 5000]);
    let rows: Vec<i64> = rig.all().iter().map(|message| message.row).collect();
    let around = |row| page(&rig, &TranscriptPage::Around(row), 3);
    let middle = around(rows[2]);
    assert_eq!(shown(&middle), ["at 2000", "at 3000", "at 4000"]);
    assert!(middle.older.is_some() && middle.newer.is_some());
    let first = around(rows[0]);
    assert_eq!(shown(&first), ["at 1000", "at 2000"]);
    assert!(first.older.is_none() && first.newer.is_some());
    // It is not there any more, or another customer's.
    assert_eq!(shown(&around(999)), ["at 3000", "at 4000", "at 5000"]);
}

#[test]
fn messages_under_the_hidden_id_are_in_the_same_transcript_before_and_after_it_is_known() {
    let mut rig = Rig::new();
    rig.append(&[
        inbound("A", "one", 1000),
        hidden(inbound("B", "two", 2000)),
        hidden(step(
            "noted",
            "c9",
            2500,
            &[("by", "ana"), ("text", "who is it?")],
        )),
    ]);
    assert_eq!(shown(&page(&rig, &TranscriptPage::Newest, 9)), ["one"]);
    rig.append(&[alias(3000), hidden(inbound("C", "three", 4000))]);
    let all = ["one", "two", "note by ana: who is it?", "three"];
    assert_eq!(shown(&page(&rig, &TranscriptPage::Newest, 9)), all);
    let under_hidden = History::open_read_only(&rig.path).unwrap();
    let names: ChatNames = LID.parse().unwrap();
    let read = under_hidden
        .transcript(&session(), &names, &TranscriptPage::Newest, 9)
        .unwrap();
    assert_eq!(shown(&read), all);
    let words = under_hidden
        .last_words(&session(), &[ChatId::stored(LID)])
        .unwrap();
    let said = words[&ChatId::stored(LID)].said.as_ref().unwrap();
    assert_eq!(said.text, "three");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Many messages and events share a time, and arrive in any order.
    #[test]
    fn pages_of_any_size_repeat_nothing_and_leave_nothing_out(
        times in prop::collection::vec((0_i64..6, any::<bool>()), 0..24),
        limit in 1_u32..6,
    ) {
        let mut rig = Rig::new();
        let entries: Vec<Fields> = times
            .iter()
            .enumerate()
            .map(|(n, (at, said))| {
                let (at, text) = (1001 + at, format!("number {n}"));
                match said {
                    true => inbound(&format!("M{n}"), &text, at),
                    false => step("noted", "c1", at, &[("by", "ana"), ("text", &text)]),
                }
            })
            .collect();
        rig.append(&entries);
        let whole = shown(&page(&rig, &TranscriptPage::Newest, 99));
        prop_assert_eq!(whole.len(), times.len());
        prop_assert_eq!(&all_backwards(&rig, limit), &whole);
        prop_assert_eq!(&all_forwards(&rig, limit), &whole);
    }
}

fn found(rig: &Rig, query: &Query, limit: u32) -> Vec<String> {
    let history = History::open_read_only(&rig.path).unwrap();
    let (mut all, mut from) = (Vec::new(), None);
    loop {
        let read = history.found(query, from.as_ref(), limit).unwrap();
        assert!(read.hits.len() <= limit as usize);
        all.extend(read.hits.into_iter().map(|message| message.text));
        match read.next {
            Some(next) => from = Some(next),
            None => return all,
        }
    }
}

/// Messages of two customers, an agent's, and one from the phone.
fn shop() -> Rig {
    let mut rig = Rig::new();
    let said = |by: &str| {
        let data = json!({"chat": CHAT, "direction": "outbound", "author": "agent", "by": by, "kind": "text",
            "text": format!("Olá, aqui é {by}"), "sent_at": 4001, "reply_id": format!("r-{by}")});
        vec![
            ("kind", "reply".to_owned()),
            ("data", data.to_string()),
            ("conversation", "c1".to_owned()),
        ]
    };
    let jose = |mut fields: Fields| {
        for (_, value) in &mut fields {
            *value = value
                .replace("\"Ana\"", "\"José Antônio\"")
                .replace("c1", "c2");
        }
        stranger(fields)
    };
    rig.append(&[
        inbound("A", "quero o boleto", 1001),
        jose(inbound("A", "meu boleto não chegou", 2001)),
        echo("B", "já mando", 3001),
        said("bia"),
        inbound("C", "obrigada 👍", 5001),
        step("opened", "c1", 1001, &[]),
        step("closed", "c1", 6001, &[("outcome", "paid")]),
        stranger(step("opened", "c2", 2001, &[])),
    ]);
    rig
}

#[test]
fn found_messages_come_newest_first_whatever_they_are_found_by() {
    let rig = shop();
    let all = [
        "obrigada 👍",
        "Olá, aqui é bia",
        "já mando",
        "meu boleto não chegou",
        "quero o boleto",
    ];
    let none = Query::default();
    for limit in 1..7 {
        assert_eq!(found(&rig, &none, limit), all, "pages of {limit}");
    }
    let text = |text: &str| Some(text.to_owned());
    for (query, texts) in [
        (
            Query {
                search: text("BOLETO"),
                ..none.clone()
            },
            &all[3..],
        ),
        (
            Query {
                search: text("bole"),
                name: text("jose"),
                ..none.clone()
            },
            &all[3..4],
        ),
        (
            Query {
                search: text("👍"),
                ..none.clone()
            },
            &all[..1],
        ),
        (
            Query {
                name: text("ANTONIO"),
                ..none.clone()
            },
            &all[3..4],
        ),
        (
            Query {
                name: text("a"),
                ..none.clone()
            },
            &all[..],
        ),
        (
            Query {
                name: text("%"),
                ..none.clone()
            },
            &[],
        ),
        (
            Query {
                author: text("customer"),
                since: Some(ms(2000)),
                until: Some(ms(3000)),
                ..none.clone()
            },
            &all[3..4],
        ),
        (
            Query {
                author: text("agent"),
                ..none.clone()
            },
            &all[1..2],
        ),
        (
            Query {
                author: text("bia"),
                ..none.clone()
            },
            &all[1..2],
        ),
        (
            Query {
                author: text("phone"),
                ..none.clone()
            },
            &all[2..3],
        ),
        (
            Query {
                outcome: text("paid"),
                search: text("boleto"),
                ..none.clone()
            },
            &all[4..],
        ),
        (
            Query {
                chat: Some(STRANGER.parse().unwrap()),
                ..none.clone()
            },
            &all[3..4],
        ),
        (
            Query {
                session: text("other"),
                ..none.clone()
            },
            &[],
        ),
    ] {
        assert_eq!(found(&rig, &query, 2), texts, "{query:?}");
        // The command line finds the same.
        let mut said: Vec<String> = rig.messages(&query).into_iter().map(|m| m.text).collect();
        said.reverse();
        assert_eq!(said, texts, "{query:?}");
    }
}

#[test]
fn conversations_come_newest_first_in_pages() {
    let mut rig = shop();
    // Of this one only a rating is known.
    rig.append(&[step("rated", "c0", 100, &[("rating", "5")])]);
    let history = History::open_read_only(&rig.path).unwrap();
    let ids = |query: &Query| {
        let (mut all, mut from) = (Vec::new(), None);
        loop {
            let read = history.conversation_page(query, from.as_ref(), 1).unwrap();
            all.extend(read.conversations.iter().map(|one| one.id.to_string()));
            match read.next {
                Some(next) => from = Some(next.to_string().parse().unwrap()),
                None => return all,
            }
        }
    };
    let none = Query::default();
    assert_eq!(ids(&none), ["c2", "c1"]);
    let text = |text: &str| Some(text.to_owned());
    for (query, found) in [
        (
            Query {
                author: text("bia"),
                ..none.clone()
            },
            &["c1"][..],
        ),
        (
            Query {
                name: text("josé"),
                ..none.clone()
            },
            &["c2"],
        ),
        (
            Query {
                search: text("boleto"),
                ..none.clone()
            },
            &["c2", "c1"],
        ),
        (
            Query {
                outcome: text("paid"),
                ..none.clone()
            },
            &["c1"],
        ),
        (
            Query {
                until: Some(ms(2000)),
                ..none.clone()
            },
            &["c1"],
        ),
        (
            Query {
                since: Some(ms(7000)),
                ..none.clone()
            },
            &["c2"],
        ),
    ] {
        assert_eq!(ids(&query), found, "{query:?}");
    }
}

#[test]
fn the_ends_of_chats_are_the_last_words_as_they_are_now() {
    let mut rig = shop();
    rig.append(&[
        mark(
            "edited",
            "C",
            "inbound",
            5500,
            &json!({"text": "obrigada!"}),
        ),
        stranger(mark("revoked", "A", "inbound", 2500, &json!({}))),
    ]);
    let history = History::open_read_only(&rig.path).unwrap();
    let chats = [CHAT, STRANGER, "nobody@c.us"].map(ChatId::stored);
    let words = history.last_words(&session(), &chats).unwrap();
    assert_eq!(words.len(), 2);
    let ana = &words[&chats[0]];
    let said = ana.said.as_ref().unwrap();
    assert_eq!(
        (ana.last_author.as_str(), ana.last_at),
        ("customer", ms(5001))
    );
    assert_eq!(
        (said.text.as_str(), said.kind.as_str()),
        ("obrigada!", "text")
    );
    assert_eq!(
        (said.name.as_deref(), said.is_revoked),
        (Some("Ana"), false)
    );
    assert!(words[&chats[1]].said.as_ref().unwrap().is_revoked);
    rig.append(&[echo("Z", "até logo", 8001)]);
    let words = history.last_words(&session(), &chats).unwrap();
    assert_eq!(words[&chats[0]].last_author, "phone");
}

#[test]
fn the_media_of_a_message_is_as_waha_reported_it() {
    let mut rig = Rig::new();
    let data = json!({"chat": CHAT, "stanza": "A", "direction": "inbound", "kind": "image", "text": "",
        "media": {"url": "http://waha:3000/api/files/a.jpg", "mimetype": "image/jpeg", "filename": null}});
    rig.append(&[
        vec![("kind", "message".to_owned()), ("data", data.to_string())],
        inbound("B", "sem foto", 9_000_000_000_000),
    ]);
    let rows: Vec<i64> = rig.all().iter().map(|message| message.row).collect();
    let history = History::open_read_only(&rig.path).unwrap();
    let media = history.message_media(rows[0]).unwrap().unwrap();
    assert_eq!(media.session, session());
    assert_eq!(
        media.url.as_deref(),
        Some("http://waha:3000/api/files/a.jpg")
    );
    assert_eq!(
        (media.mimetype.as_deref(), media.filename),
        (Some("image/jpeg"), None)
    );
    assert_eq!(history.message_media(rows[1]).unwrap(), None);
    assert_eq!(history.message_media(999).unwrap(), None);
}
