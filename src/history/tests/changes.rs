//! The changes: a copy that stores each row under its key has what the history has.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::any_order::any_entry;
use super::rig::*;
use crate::history::*;

/// What a pipeline has: the rows by type and key, and how far it is.
#[derive(Default)]
struct Copy {
    rows: BTreeMap<(String, String), Value>,
    position: String,
}

impl Copy {
    fn new() -> Self {
        Self {
            position: "0".to_owned(),
            ..Self::default()
        }
    }

    /// Reads on where it stopped, as another process would. Returns the lines.
    fn read(&mut self, path: &Path) -> Result<Vec<Value>, HistoryError> {
        let mut feed = ChangeFeed::open(path, self.position.parse().unwrap())?;
        let mut lines = Vec::new();
        let mut each = |row: ChangedRow| {
            lines.push(serde_json::to_value(&row).unwrap());
            ControlFlow::Continue(())
        };
        while feed.next(&mut each)? {}
        for line in &lines {
            let key = |name: &str| line[name].as_str().unwrap().to_owned();
            self.position = key("position");
            let key = (key("type"), key("key"));
            match &line["data"] {
                Value::Null => self.rows.remove(&key),
                data => self.rows.insert(key, data.clone()),
            };
        }
        Ok(lines)
    }

    fn of(&self, kind: &str) -> Vec<Value> {
        let of_kind = self.rows.iter().filter(|((one, _), _)| one == kind);
        in_order(of_kind.map(|(_, row)| row.clone()).collect())
    }
}

fn in_order(mut rows: Vec<Value>) -> Vec<Value> {
    rows.sort_by_key(Value::to_string);
    rows
}

fn as_json<T: serde::Serialize>(rows: &[T]) -> Vec<Value> {
    in_order(
        rows.iter()
            .map(|row| serde_json::to_value(row).unwrap())
            .collect(),
    )
}

fn erase() -> Fields {
    vec![
        ("kind", "erase".to_owned()),
        ("chats", json!([CHAT]).to_string()),
    ]
}

fn same_as_the_history(copy: &Copy, rig: &Rig) {
    let all = Query::default();
    assert_eq!(copy.of("message"), as_json(&rig.all()));
    assert_eq!(copy.of("conversation"), as_json(&rig.conversations(&all)));
    let mut events = Vec::new();
    History::open_read_only(&rig.path)
        .unwrap()
        .events(&all, |event| {
            events.push(event);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(copy.of("event"), as_json(&events));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn a_copy_by_keys_is_the_history_wherever_it_is_read_on(
        mut entries in prop::collection::vec(any_entry(), 1..40),
        size in 1usize..9,
        erased_after in prop::option::of(0usize..40),
    ) {
        if let Some(after) = erased_after {
            entries.insert(after.min(entries.len()), erase());
        }
        let (mut rig, mut copy) = (Rig::new(), Copy::new());
        for batch in entries.chunks(size) {
            rig.append(batch);
            copy.read(&rig.path).unwrap();
            same_as_the_history(&copy, &rig);
        }
    }
}

#[test]
fn a_row_that_changes_comes_again_and_one_that_does_not_comes_once() {
    let (mut rig, mut copy) = (Rig::new(), Copy::new());
    rig.append(&[inbound("A", "one", 1000), echo("B", "two", 2000)]);
    let lines = copy.read(&rig.path).unwrap();
    let texts: Vec<&Value> = lines.iter().map(|line| &line["data"]["text"]).collect();
    assert_eq!(texts, ["one", "two"]);
    assert!(copy.read(&rig.path).unwrap().is_empty());
    rig.append(&[
        ack("B", 3, 3000),
        mark("edited", "B", "outbound", 4000, &json!({"text": "2"})),
    ]);
    let lines = copy.read(&rig.path).unwrap();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert_eq!(
        (&lines[0]["data"]["ack"], &lines[0]["data"]["text"]),
        (&json!(3), &json!("2"))
    );
    rig.append(&[erase()]);
    let gone = copy.read(&rig.path).unwrap();
    assert!(gone.iter().all(|line| line["data"].is_null()), "{gone:#?}");
    assert!(copy.rows.is_empty());
}

#[test]
fn a_file_that_was_restored_from_a_backup_does_not_take_a_position_that_it_never_had() {
    let (mut rig, mut copy) = (Rig::new(), Copy::new());
    rig.append(&[inbound("A", "one", 1000)]);
    copy.read(&rig.path).unwrap();
    let before = copy.position.clone();
    let backup = rig.path.with_extension("backup");
    rusqlite::Connection::open(&rig.path)
        .unwrap()
        .execute("VACUUM INTO ?1", [backup.to_str().unwrap()])
        .unwrap();
    rig.append(&[inbound("B", "two", 2000)]);
    copy.read(&rig.path).unwrap();
    // The backup goes on from where it was: soon it has as many changes.
    let mut restored = Archive::open(&backup).unwrap();
    assert_eq!(restored.file_id().unwrap(), rig.archive.file_id().unwrap());
    let entries = ["8-0", "9-0"].map(|id| entry(id, &inbound(id, "other", 3000)));
    restored.append(&entries).unwrap();
    let error = copy.read(&backup).unwrap_err().to_string();
    assert!(
        error.contains(&copy.position) && error.contains("backup"),
        "{error}"
    );
    copy.position = before;
    assert_eq!(copy.read(&backup).unwrap().len(), 2);
    assert!("12".parse::<ChangePosition>().is_err() && "x-ab".parse::<ChangePosition>().is_err());
}

#[test]
fn a_reader_goes_on_in_a_file_that_was_restored_and_not_in_another_one() {
    let mut rig = Rig::new();
    rig.append(&[inbound("A", "one", 1000)]);
    let mut feed = ChangeFeed::open(&rig.path, ChangePosition::default()).unwrap();
    let read = |feed: &mut ChangeFeed| -> Result<Vec<String>, HistoryError> {
        let mut keys = Vec::new();
        feed.next(|row| {
            keys.push(row.key);
            ControlFlow::Continue(())
        })?;
        Ok(keys)
    };
    assert_eq!(read(&mut feed).unwrap(), ["1"]);
    std::fs::remove_file(&rig.path).unwrap();
    assert!(
        read(&mut feed).unwrap().is_empty(),
        "while it is gone, nothing is new"
    );
    assert_eq!(
        rig.archive.restore_if_removed().unwrap(),
        Some(Restored::Deleted)
    );
    rig.append(&[inbound("B", "two", 2000)]);
    assert_eq!(read(&mut feed).unwrap(), ["2"]);
    // Another process begins a new file: at first it has nothing in it.
    std::fs::remove_file(&rig.path).unwrap();
    std::fs::write(&rig.path, "").unwrap();
    assert!(read(&mut feed).unwrap().is_empty());
    std::fs::remove_file(&rig.path).unwrap();
    for suffix in ["-wal", "-shm"] {
        // SQLite may have removed the log of a file that has nothing in it.
        let _ = std::fs::remove_file(format!("{}{suffix}", rig.path.display()));
    }
    let mut another = Archive::open(&rig.path).unwrap();
    let entries = ["3-0", "4-0", "5-0"].map(|id| entry(id, &inbound(id, "other", 3000)));
    another.append(&entries).unwrap();
    assert!(matches!(
        read(&mut feed),
        Err(HistoryError::UnknownPosition { .. })
    ));
}

#[test]
fn many_rows_are_read_at_several_moments_of_the_file() {
    let (mut rig, mut copy) = (Rig::new(), Copy::new());
    let many: Vec<Fields> = (0..1_100)
        .map(|n| inbound(&format!("M{n}"), &n.to_string(), 1000 + n))
        .collect();
    rig.append(&many);
    assert_eq!(copy.read(&rig.path).unwrap().len(), 1_100);
    same_as_the_history(&copy, &rig);
}
