//! What is removed is gone from the bytes of the file: a person that is erased, and what is older than the history shall keep.

use std::path::Path;

use serde_json::json;

use super::rig::*;
use crate::history::*;

/// Whether a file of the history has these bytes.
fn holds(path: &Path, word: &str) -> bool {
    let files = std::fs::read_dir(path.parent().unwrap()).unwrap();
    files.into_iter().any(|file| {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        memchr::memmem::find(&bytes, word.as_bytes()).is_some()
    })
}

fn erase(chats: &[&str], at: i64) -> Fields {
    vec![
        ("kind", "erase".to_owned()),
        ("chats", json!(chats).to_string()),
        ("at", at.to_string()),
        ("by", "ana".to_owned()),
    ]
}

#[test]
fn no_byte_of_a_person_stays_and_it_can_be_proved_that_they_were_erased() {
    let mut rig = Rig::new();
    rig.append(&[
        hidden(inbound("L", "a papaya under the hidden id", 500)),
        alias(600),
    ]);
    for n in 0..400 {
        let at = 1_000 + n * 10;
        rig.append(&[
            inbound(&format!("P{n}"), &format!("pomegranate number{n}"), at),
            stranger(inbound(
                &format!("S{n}"),
                &format!("tangerine number{n}"),
                at,
            )),
            ack(&format!("P{n}"), 3, at),
        ]);
    }
    rig.append(&[
        mark(
            "edited",
            "P7",
            "inbound",
            9_000,
            &json!({"text": "quince instead"}),
        ),
        step(
            "noted",
            "c1",
            9_500,
            &[("by", "ana"), ("text", "likes medlars")],
        ),
    ]);
    let gone = [
        "pomegranate",
        "papaya",
        "quince",
        "medlars",
        "5511999990000",
        "123456789012345",
    ];
    let names: ChatNames = "+55 11 99999-0000".parse().unwrap();
    {
        let history = History::open_read_only(&rig.path).unwrap();
        assert_eq!(history.erasures(Some(&names)).unwrap(), []);
    }
    assert!(gone.iter().all(|word| holds(&rig.path, word)));

    // Somebody reads the file as it was: its log can't be emptied before they are done.
    let reader = rusqlite::Connection::open(&rig.path).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM message;")
        .unwrap();
    let count = "SELECT count(*) FROM message";
    reader
        .query_row(count, [], |row| row.get::<_, i64>(0))
        .unwrap();
    rig.append(&[erase(&[CHAT], 10_000)]);
    assert!(rig.archive.needs_cleaning().unwrap());
    assert!(!rig.archive.clean().unwrap());
    reader.execute_batch("COMMIT").unwrap();
    // A crash in the middle: the file knows that it must still be cleaned.
    rig.archive = Archive::open(&rig.path).unwrap();
    assert!(rig.archive.needs_cleaning().unwrap());
    assert!(rig.archive.clean().unwrap());
    assert!(!rig.archive.needs_cleaning().unwrap());
    for word in gone {
        assert!(!holds(&rig.path, word), "{word} is still there");
    }
    assert_eq!((rig.all().len(), rig.found("tangerine").len()), (400, 400));

    // Again is the same, and says nothing new.
    rig.append(&[erase(&[CHAT, LID], 10_000)]);
    let history = History::open_read_only(&rig.path).unwrap();
    let erasures = history.erasures(Some(&names)).unwrap();
    assert_eq!(erasures.len(), 1);
    assert_eq!(
        (erasures[0].at, erasures[0].by.as_str()),
        (ms(10_000), "ana")
    );
    // One line for each id that the person had.
    assert_eq!(history.erasures(None).unwrap().len(), 2);
    let others = STRANGER.parse().unwrap();
    assert_eq!(history.erasures(Some(&others)).unwrap(), []);
}

#[test]
fn what_is_old_goes_by_whole_conversations_and_what_is_open_stays() {
    let mut rig = Rig::new();
    let of = |id: &str, mut fields: Fields| {
        fields.retain(|(name, _)| *name != "conversation");
        fields.push(("conversation", id.to_owned()));
        fields
    };
    rig.append(&[
        step("opened", "old", 1_000, &[("ticket", "1")]),
        of("old", inbound("A", "apricot", 1_000)),
        ack("A", 3, 1_100),
        step(
            "noted",
            "old",
            1_200,
            &[("by", "ana"), ("text", "likes almonds")],
        ),
        step("closed", "old", 2_000, &[("outcome", "done")]),
        // It began before, and ended after.
        step("opened", "late", 1_500, &[("ticket", "2")]),
        of("late", inbound("B", "blackberry", 1_500)),
        step("closed", "late", 6_000, &[("outcome", "done")]),
        step("opened", "open", 1_500, &[("ticket", "3")]),
        of("open", inbound("C", "cherry", 1_500)),
        // Without a conversation.
        of("", inbound("D", "damson", 1_600)),
        of("", inbound("E", "elderberry", 7_000)),
        // What happened to a message that never came, and a customer of whom nothing else is kept.
        ack("NEVERCAME", 3, 1_700),
        stranger(of("", inbound("F", "persimmon", 1_800))),
        erase(&["5500000000000@c.us"], 1_900),
    ]);
    let before = ms(5_000);
    let prunable = History::open_read_only(&rig.path)
        .unwrap()
        .prunable(before)
        .unwrap();
    let counted = Prunable {
        conversations: 1,
        messages: 3,
        first_at: Some(ms(1_200)),
        last_at: Some(ms(1_800)),
    };
    assert_eq!(prunable, counted);
    assert_eq!(rig.archive.prune_batch(before).unwrap(), None);
    assert_eq!(rig.archive.oldest().unwrap(), Some(ms(1_200)));

    rig.append(&[vec![
        ("kind", "prune".to_owned()),
        ("before", "5000".to_owned()),
    ]]);
    let mut all = Pruned::default();
    // A crash between two batches: the run goes on.
    while !all.is_done {
        rig.archive = Archive::open(&rig.path).unwrap();
        let pruned = rig.archive.prune_batch(ms(8_000)).unwrap().unwrap();
        all.conversations += pruned.conversations;
        all.messages += pruned.messages;
        all.is_done = pruned.is_done;
    }
    assert_eq!((all.conversations, all.messages), (1, 3));
    assert_eq!(rig.archive.prune_batch(ms(8_000)).unwrap(), None);
    assert!(rig.archive.clean().unwrap());
    for word in [
        "apricot",
        "almonds",
        "damson",
        "persimmon",
        "5521888880000",
        "NEVERCAME",
    ] {
        assert!(!holds(&rig.path, word), "{word} is still there");
    }
    let texts: Vec<_> = rig.all().into_iter().map(|one| one.text).collect();
    assert_eq!(texts, ["blackberry", "cherry", "elderberry"]);
    let ids: Vec<_> = rig
        .conversations(&Query::default())
        .into_iter()
        .map(|one| one.id.to_string())
        .collect();
    assert_eq!(ids, ["late", "open"]);
    assert_eq!(rig.archive.oldest().unwrap(), Some(ms(1_500)));
    let history = History::open_read_only(&rig.path).unwrap();
    assert_eq!(history.prunable(before).unwrap(), Prunable::default());
    assert_eq!(history.erasures(None).unwrap().len(), 1);

    // A copy in another system learns it.
    let mut feed = ChangeFeed::open(&rig.path, ChangePosition::default()).unwrap();
    let mut gone = Vec::new();
    feed.next(|row| {
        if row.data.is_none() {
            gone.push((row.kind, row.key));
        }
        std::ops::ControlFlow::Continue(())
    })
    .unwrap();
    gone.sort();
    let kinds: Vec<_> = gone.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(
        kinds,
        ["conversation", "event", "message", "message", "message"]
    );
}
