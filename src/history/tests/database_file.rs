//! The file is removed while it is open: everything in it is put back, with the position.

use std::fs;
use std::path::{Path, PathBuf};

use super::rig::*;
use crate::history::*;

fn beside(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

fn remove(path: &Path, suffixes: &[&str]) {
    for suffix in suffixes {
        fs::remove_file(beside(path, suffix)).unwrap();
    }
}

/// A history with two messages, the second only in the log, and an edit that a search can find.
fn rig() -> Rig {
    let mut rig = Rig::new();
    rig.append(&[inbound("A", "first", 1000)]);
    let side = rusqlite::Connection::open(&rig.path).unwrap();
    side.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    drop(side);
    rig.append(&[inbound("B", "second", 2000)]);
    rig
}

/// Everything is there, more can be written, and all of it is still there after closing and opening the file.
fn check(mut rig: Rig) {
    assert!(rig.archive.in_place());
    assert_eq!(rig.archive.restore_if_removed().unwrap(), None);
    assert_eq!(
        rig.archive.position(&session()).unwrap().as_deref(),
        Some("3-0")
    );
    assert_eq!(
        (rig.found("first").len(), rig.found("second").len()),
        (1, 1)
    );
    rig.append(&[inbound("C", "third", 3000)]);
    rig.archive = Archive::closed(&rig.path);
    assert_eq!(rig.all().len(), 3);
    assert_eq!(
        rig.archive.position(&session()).unwrap().as_deref(),
        Some("4-0")
    );
    let side = rusqlite::Connection::open(&rig.path).unwrap();
    let checked: String = side
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(checked, "ok");
}

#[test]
fn a_deleted_file_is_put_back_whatever_is_left_of_its_log() {
    for left in [
        &["", "-wal", "-shm"][..],
        &["", "-wal"],
        &["", "-shm"],
        &[""],
    ] {
        let mut rig = rig();
        remove(&rig.path, left);
        assert!(!rig.archive.in_place());
        assert_eq!(
            rig.archive.restore_if_removed().unwrap(),
            Some(Restored::Deleted)
        );
        assert!(!beside(&rig.path, ".restoring").exists());
        check(rig);
    }
}

#[test]
fn what_was_written_after_the_deletion_is_put_back_too() {
    let mut rig = Rig::new();
    remove(&rig.path, &["", "-wal", "-shm"]);
    rig.append(&[inbound("A", "first", 1000), inbound("B", "second", 2000)]);
    assert_eq!(
        rig.archive.restore_if_removed().unwrap(),
        Some(Restored::Deleted)
    );
    check(rig);
}

#[test]
fn a_failure_does_not_close_what_was_deleted() {
    let mut rig = rig();
    rusqlite::Connection::open(&rig.path)
        .unwrap()
        .execute_batch(
            "CREATE TRIGGER crash BEFORE INSERT ON position BEGIN SELECT RAISE(ABORT, 'crash'); END",
        )
        .unwrap();
    fs::remove_file(&rig.path).unwrap();
    let batch = [entry("100-0", &inbound("C", "third", 3000))];
    assert!(rig.archive.append(&batch).is_err());
    assert_eq!(
        rig.archive.restore_if_removed().unwrap(),
        Some(Restored::Deleted)
    );
    rusqlite::Connection::open(&rig.path)
        .unwrap()
        .execute_batch("DROP TRIGGER crash")
        .unwrap();
    check(rig);
}

#[test]
fn a_lost_log_is_written_into_the_file() {
    for lost in [&["-wal"][..], &["-shm"], &["-wal", "-shm"]] {
        let mut rig = rig();
        remove(&rig.path, lost);
        assert_eq!(
            rig.archive.restore_if_removed().unwrap(),
            Some(Restored::Log)
        );
        check(rig);
    }
}

#[test]
fn another_file_in_its_place_is_moved_aside_with_its_log() {
    for own_log_left in [true, false] {
        let mut rig = rig();
        // Another history as a kill leaves it, with half of it in its log.
        let mut strangers = Rig::new();
        strangers.append(&[inbound("X", "strange", 9000)]);
        let names = if own_log_left {
            &[""][..]
        } else {
            &["", "-wal"]
        };
        for name in names {
            fs::copy(beside(&strangers.path, name), beside(&rig.path, ".new")).unwrap();
            fs::rename(beside(&rig.path, ".new"), beside(&rig.path, name)).unwrap();
        }
        let aside = beside(&rig.path, ".found-1");
        assert_eq!(
            rig.archive.restore_if_removed().unwrap(),
            Some(Restored::Replaced {
                aside: aside.clone()
            })
        );
        let kept = rusqlite::Connection::open(&aside).unwrap();
        let messages: rusqlite::Result<i64> =
            kept.query_row("SELECT count(*) FROM message", [], |row| row.get(0));
        if !own_log_left {
            assert_eq!(messages, Ok(1));
        }
        check(rig);
    }
}

#[test]
fn without_a_directory_it_stays_open_and_is_put_back_when_there_is_one() {
    let mut rig = rig();
    let directory = tempfile::tempdir().unwrap();
    let gone = directory.path().join("gone");
    let place = directory.path().join("data");
    fs::create_dir(&place).unwrap();
    rig.path = place.join("history.sqlite");
    rig.archive = Archive::open(&rig.path).unwrap();
    rig.next = 1;
    rig.append(&[inbound("A", "first", 1000), inbound("B", "second", 2000)]);
    fs::rename(&place, &gone).unwrap();
    for _ in 0..2 {
        let error = rig.archive.restore_if_removed().unwrap_err();
        assert!(matches!(error, HistoryError::NotRestored { .. }), "{error}");
        assert!(error.may_pass());
        assert!(error.to_string().contains("DATA_DIR"), "{error}");
    }
    fs::create_dir(&place).unwrap();
    assert_eq!(
        rig.archive.restore_if_removed().unwrap(),
        Some(Restored::Deleted)
    );
    check(rig);
}

#[test]
fn what_may_pass_is_told_from_what_will_not() {
    let rig = Rig::new();
    let side = rusqlite::Connection::open(&rig.path).unwrap();
    side.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let locked = Archive::open(&rig.path).unwrap_err();
    assert!(locked.may_pass(), "{locked}");
    assert!(
        locked.to_string().contains("another program locks it"),
        "{locked}"
    );
    side.execute_batch("ROLLBACK; PRAGMA user_version = 99")
        .unwrap();
    assert!(!Archive::open(&rig.path).unwrap_err().may_pass());

    let directory = tempfile::tempdir().unwrap();
    let nowhere = Archive::open(&directory.path().join("nowhere/history.sqlite")).unwrap_err();
    assert!(nowhere.may_pass(), "{nowhere}");
    let letter = directory.path().join("letter");
    fs::write(
        &letter,
        "a letter to my aunt, and no database at all".repeat(9),
    )
    .unwrap();
    let letter = Archive::open(&letter).unwrap_err();
    assert!(!letter.may_pass());
    assert!(letter.to_string().contains("damaged"), "{letter}");
}
