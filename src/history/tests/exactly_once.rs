//! Each entry is stored once: positions, failures, crashes, and entries that cannot be stored.

use std::ops::ControlFlow;

use super::rig::*;
use crate::history::*;
use crate::ids::*;

#[test]
fn the_position_moves_with_the_batch_and_earlier_entries_are_skipped() {
    let mut rig = Rig::new();
    assert_eq!(rig.archive.position(&session()).unwrap(), None);
    let batch = [
        entry("9-0", &inbound("A", "a", 1)),
        entry("10-0", &step("requeued", "c1", 1, &[])),
    ];
    assert_eq!(rig.archive.append(&batch).unwrap().stored, 2);
    assert_eq!(
        rig.archive.position(&session()).unwrap().as_deref(),
        Some("10-0")
    );
    let again = [
        batch[0].clone(),
        batch[1].clone(),
        entry("10-1", &inbound("B", "b", 2)),
        entry("10-1", &inbound("C", "c", 3)),
    ];
    let appended = rig.archive.append(&again).unwrap();
    assert_eq!((appended.stored, appended.skipped), (1, 3));
    assert_eq!(
        rig.archive.position(&session()).unwrap().as_deref(),
        Some("10-1")
    );
    assert_eq!(
        rig.archive.position(&SessionName::stored("other")).unwrap(),
        None
    );
    assert_eq!(rig.all().len(), 2);
    assert_eq!(rig.conversations(&Query::default())[0].requeued, 1);
}

#[test]
fn a_batch_out_of_order_loses_nothing() {
    let mut rig = Rig::new();
    let batch = [
        entry("10-0", &inbound("B", "b", 2)),
        entry("9-0", &inbound("A", "a", 1)),
    ];
    assert_eq!(rig.archive.append(&batch).unwrap().stored, 2);
    assert_eq!(
        rig.archive.position(&session()).unwrap().as_deref(),
        Some("10-0")
    );
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
    let before = rig.archive.position(&session()).unwrap();
    // The position is written last: refusing it is like dying just before the commit.
    let side = rusqlite::Connection::open(&rig.path).unwrap();
    side.execute_batch(
        "CREATE TRIGGER crash BEFORE INSERT ON position BEGIN SELECT RAISE(ABORT, 'crash'); END",
    )
    .unwrap();
    let batch = [
        entry("100-0", &inbound("B", "b", 2)),
        entry("101-0", &step("requeued", "c1", 1, &[])),
    ];
    assert!(rig.archive.append(&batch).is_err());
    assert_eq!(rig.archive.position(&session()).unwrap(), before);
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
    // The files as a kill -9 leaves them: the log is not copied back, and locks are not released properly.
    let copy = tempfile::tempdir().unwrap();
    for name in ["history.sqlite", "history.sqlite-wal"] {
        std::fs::copy(rig.path.with_file_name(name), copy.path().join(name)).unwrap();
    }
    let path = copy.path().join("history.sqlite");
    let mut seen = 0;
    History::open_read_only(&path)
        .unwrap()
        .messages(&Query::default(), |_| {
            seen += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(seen, 1);
    let mut archive = Archive::open(&path).unwrap();
    assert_eq!(
        archive.position(&session()).unwrap().as_deref(),
        Some("2-0")
    );
}

#[test]
fn the_unreadable_is_kept_counted_and_holds_up_nothing() {
    let mut rig = Rig::new();
    let odd = vec![("kind", "message".to_owned()), ("data", "{oops".to_owned())];
    let appended = rig.append(&[
        odd,
        inbound("A", "a", 1),
        vec![("kind", "future".to_owned())],
    ]);
    assert_eq!((appended.stored, appended.unreadable), (1, 2));
    let first = appended.first_unreadable.unwrap();
    assert!(first.contains("2-0") && first.contains("data"), "{first}");
    assert_eq!(
        rig.archive.position(&session()).unwrap().as_deref(),
        Some("4-0")
    );
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
    let appended = rig.append(&[
        inbound("A", "a", 1),
        inbound("B", "poison", 2),
        inbound("C", "c", 3),
    ]);
    assert_eq!((appended.stored, appended.unreadable), (2, 1));
    assert_eq!(rig.all().len(), 2);
    assert_eq!((rig.found("poison").len(), rig.found("c").len()), (0, 1));
}
