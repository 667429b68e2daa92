//! Erasing a person, with the SQL on the operations page, leaves nothing of them in the bytes of the history, and all of the others.

use rusqlite::{Connection, types::ValueRef};
use serde_json::json;

use super::OPERATIONS;
use super::markdown::Document;
use crate::harness::{SESSION, TestSetup, binary, eventually};
use crate::webhook::{message_with, new_message_id, now_ms};

const PERSON: &str = "5511999990000@c.us";
const OTHER: &str = "5511999990009@c.us";

/// Everything in every table, as text.
fn everything(db: &Connection) -> String {
    let mut tables = db
        .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'message_text%'
                AND name NOT LIKE 'note_text%'",
        )
        .unwrap();
    let names: Vec<String> = tables
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut all = String::new();
    for name in names {
        let mut rows = db.prepare(&format!("SELECT * FROM {name}")).unwrap();
        let columns = rows.column_count();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                if let ValueRef::Text(text) = row.get_ref(column).unwrap() {
                    all.push_str(&String::from_utf8_lossy(text));
                    all.push('\n');
                }
            }
        }
    }
    all
}

#[test]
fn a_person_is_removed_from_the_history_and_nobody_else_is() {
    let test = TestSetup::new();
    let mut daemon = test.setup("all").set("FLOW_FILE", test.echo()).start();
    for (chat, word) in [(PERSON, "pomegranate"), (OTHER, "tangerine")] {
        let stanza = new_message_id();
        daemon.posts(&message_with(
            "message", SESSION, chat, "Ana", word, &stanza,
        ));
        for (event, payload) in [
            (
                "message.edited",
                json!({
                    "id": format!("false_{chat}_{}", new_message_id()), "from": chat, "fromMe": false, "timestamp": now_ms() / 1000,
                    "body": format!("{word} edited"), "editedMessageId": stanza,
                }),
            ),
            (
                "message.reaction",
                json!({
                    "id": format!("false_{chat}_{}", new_message_id()), "from": chat, "fromMe": false, "timestamp": now_ms() / 1000,
                    "reaction": {"text": "👍", "messageId": format!("false_{chat}_{stanza}")},
                }),
            ),
        ] {
            daemon.posts(&json!({
                "id": format!("evt_{}", new_message_id()), "event": event, "session": SESSION, "timestamp": now_ms(), "payload": payload,
            }));
        }
    }
    eventually("everything is archived", || {
        let all = test.history(&[]);
        let edited = all
            .iter()
            .filter(|one| one["edits"][0]["text"].is_string())
            .count();
        let reacted = all
            .iter()
            .filter(|one| one["reactions"][0]["text"].is_string())
            .count();
        let answered = all.iter().filter(|one| one["author"] == "bot").count();
        (edited == 2 && reacted == 2 && answered >= 2).then_some(())
    });
    let run = |arguments: &[&str]| {
        let output = binary()
            .args(arguments)
            .env("DATA_DIR", test.directory.path().join("data"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    };
    run(&["note", PERSON, "pomegranate note"]);
    run(&["note", OTHER, "tangerine note"]);
    let file = test.directory.path().join("data/history.sqlite");
    let before = eventually("the notes are archived", || {
        let all = everything(&Connection::open(&file).unwrap());
        (all.contains("pomegranate note") && all.contains("tangerine note")).then_some(all)
    });
    assert!(before.contains(PERSON) && before.contains("pomegranate edited"));
    run(&["person", "erase", PERSON, "--yes"]);
    daemon.terminate();

    let document = Document::read(OPERATIONS);
    let statements = &document.blocks_in("sql").next().unwrap().text;
    let db = Connection::open(&file).unwrap();
    db.execute_batch(statements).unwrap();
    let left = everything(&db);
    for gone in [PERSON, "pomegranate"] {
        assert!(!left.contains(gone), "{gone} is still there:\n{left}");
    }
    assert!(left.contains(OTHER) && left.contains("tangerine edited"));
    for words in ["message_text", "note_text"] {
        let found = |word: &str| -> i64 {
            let sql = format!("SELECT count(*) FROM {words} WHERE {words} MATCH ?1");
            db.query_row(&sql, [word], |row| row.get(0)).unwrap()
        };
        assert_eq!((found("pomegranate"), found("tangerine") > 0), (0, true));
    }
    // The bytes of the file don't have it either.
    drop(db);
    let bytes = std::fs::read(&file).unwrap();
    let holds = |word: &str| memchr::memmem::find(&bytes, word.as_bytes()).is_some();
    assert!(!holds("pomegranate") && !holds("5511999990000") && holds("tangerine"));
}
