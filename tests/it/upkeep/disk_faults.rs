//! The disk fails: customers are still served. The history waits in Redis and catches up, with nothing missing and nothing
//! twice.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::harness::{Daemon, PATIENCE, Redis, SESSION, Setup, TestSetup, chat, eventually};

/// A daemon with its own Redis and the echo flow.
struct Desk {
    test: TestSetup,
    redis: Redis,
    setup: Setup,
    said: Vec<String>,
    /// The number of daemons so far that logged the problem.
    errors: usize,
}

impl Desk {
    fn new() -> Self {
        let (test, redis) = (TestSetup::new(), Redis::start());
        let setup = test
            .all(&redis)
            .set("FLOW_FILE", test.echo())
            .set("WORKERS", "20");
        Self {
            test,
            redis,
            setup,
            said: Vec::new(),
            errors: 0,
        }
    }

    fn path(&self) -> PathBuf {
        self.setup.data_dir.join("history.sqlite")
    }

    /// Starts a healthy daemon: one customer is answered and in the history.
    #[track_caller]
    fn at_work(&mut self) -> Daemon {
        let daemon = self.setup.start();
        self.serves(&daemon);
        self.catches_up(&daemon);
        daemon
    }

    /// A customer writes and is answered.
    #[track_caller]
    fn serves(&mut self, daemon: &Daemon) {
        let customer = chat(1 + self.said.len());
        let text = format!("message {}", self.said.len());
        daemon.customer_writes(&customer, &text);
        assert_eq!(self.test.texts(&customer, 1), [text.as_str()]);
        self.said.push(text);
    }

    /// Serves customers while the history fails for the first time in this daemon's life: `/ready` says how to fix it,
    /// and the log says it once.
    #[track_caller]
    fn serves_without_history(&mut self, daemon: &Daemon, remedy: &str) {
        self.errors += 1;
        self.serves(daemon);
        eventually(&format!("/ready says {remedy:?}"), || {
            let (status, body) = daemon.get("/ready");
            assert_eq!(status, 200, "customers are served: {body}");
            let body: Value = serde_json::from_str(&body).unwrap();
            let history = &body["parts"]["history"];
            let reason = history["reason"].as_str().unwrap_or_default();
            (history["ready"] == false && reason.contains(remedy)).then_some(())
        });
        self.serves(daemon);
        let key = format!("waha-sm:{{{SESSION}}}:history");
        assert!(self.redis.number(&format!("XLEN {key}")) > 0);
        let log = daemon.log();
        let errors = log.matches("the history can't be written").count();
        assert_eq!(errors, self.errors, "one error a minute");
        let error = log
            .lines()
            .rfind(|line| line.contains("the history can't be written"))
            .unwrap();
        assert!(error.contains("ERROR") && error.contains(remedy), "{error}");
    }

    /// Waits until every message is in the history once and nothing waits in Redis.
    #[track_caller]
    fn catches_up(&self, daemon: &Daemon) {
        let key = format!("waha-sm:{{{SESSION}}}:history");
        eventually("the history catches up", || {
            let all = self.test.history(&[]);
            let ready = daemon
                .get("/ready")
                .1
                .contains(r#""history":{"ready":true}"#);
            let waiting = self.redis.number(&format!("XLEN {key}"));
            (ready && waiting == 0 && all.len() >= 2 * self.said.len()).then_some(())
        });
        let all = self.test.history(&[]);
        for author in ["customer", "bot"] {
            let mut texts: Vec<_> = all
                .iter()
                .filter(|one| one["author"] == author)
                .map(|one| one["text"].as_str().unwrap())
                .collect();
            texts.sort_unstable();
            let mut said: Vec<_> = self.said.iter().map(String::as_str).collect();
            said.sort_unstable();
            assert_eq!(texts, said, "{author}");
        }
    }
}

/// Runs a program that needs root, and perhaps a certain file system. Returns whether it worked.
fn works(program: &str, arguments: &[&str], path: &Path) -> bool {
    let output = Command::new(program).args(arguments).arg(path).output();
    output.is_ok_and(|output| output.status.success())
}

/// A change to the system that is undone when the test ends.
struct Undo {
    program: &'static str,
    arguments: &'static [&'static str],
    paths: Vec<PathBuf>,
}

impl Undo {
    fn now(&mut self) {
        for path in self.paths.drain(..) {
            assert!(works(self.program, self.arguments, &path));
        }
    }
}

impl Drop for Undo {
    fn drop(&mut self) {
        for path in self.paths.drain(..) {
            works(self.program, self.arguments, &path);
        }
    }
}

/// Mounts a small disk at `path`, if we may.
fn small_disk(path: &Path) -> Option<Undo> {
    fs::create_dir(path).unwrap();
    let mounted = works("mount", &["-t", "tmpfs", "-o", "size=2m", "tmpfs"], path);
    if !mounted {
        eprintln!("skipped: only root may mount a small disk (in a container: CAP_SYS_ADMIN)");
    }
    mounted.then(|| Undo {
        program: "umount",
        arguments: &["--lazy"],
        paths: vec![path.to_owned()],
    })
}

/// Makes files immutable, even for processes that have them open.
fn freeze(paths: &[PathBuf]) -> Option<Undo> {
    let undo = Undo {
        program: "chattr",
        arguments: &["-i"],
        paths: paths.to_vec(),
    };
    if paths.iter().all(|path| works("chattr", &["+i"], path)) {
        return Some(undo);
    }
    eprintln!("skipped: chattr +i needs root and a file system such as ext4");
    None
}

/// Another program that locks the history, until it is dropped.
fn lock(path: &Path) -> rusqlite::Connection {
    let other = rusqlite::Connection::open(path).unwrap();
    other.busy_timeout(PATIENCE).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    other
}

#[test]
fn a_locked_history_delays_neither_customers_nor_start_nor_stop() {
    let mut desk = Desk::new();
    let mut daemon = desk.at_work();

    let other = lock(&desk.path());
    desk.serves_without_history(&daemon, "another program locks it");
    let (status, time) = daemon.terminate();
    assert_eq!(status.code(), Some(0));
    assert!(time < Duration::from_secs(3), "{time:?}");

    let daemon = desk.setup.start();
    desk.serves_without_history(&daemon, "another program locks it");
    drop(other);
    desk.catches_up(&daemon);
    daemon.wait_for_log("the history is written again");
}

#[test]
fn on_a_full_disk_everything_but_the_history_works_even_after_a_restart() {
    let mut desk = Desk::new();
    let Some(_disk) = small_disk(&desk.setup.data_dir) else {
        return;
    };
    let mut daemon = desk.at_work();

    let directory = desk.setup.data_dir.clone();
    let fill = || {
        let ballast = directory.join("ballast");
        let mut file = File::create(&ballast).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
        ballast
    };
    let ballast = fill();
    desk.serves_without_history(&daemon, "free space on its disk");
    fs::remove_file(&ballast).unwrap();
    desk.catches_up(&daemon);
    assert_eq!(daemon.terminate().0.code(), Some(0));

    let ballast = fill();
    let daemon = desk.setup.start();
    desk.serves_without_history(&daemon, "free space on its disk");
    fs::remove_file(&ballast).unwrap();
    desk.catches_up(&daemon);
}

#[test]
fn a_history_that_becomes_unwritable_is_written_again_once_it_can_be() {
    let mut desk = Desk::new();
    let mut daemon = desk.at_work();

    let files = ["history.sqlite", "history.sqlite-wal"].map(|name| desk.setup.data_dir.join(name));
    let Some(mut frozen) = freeze(&files) else {
        return;
    };
    desk.serves_without_history(&daemon, "writable by the user that runs waha-sm");
    let (status, time) = daemon.terminate();
    assert_eq!(status.code(), Some(0));
    assert!(time < Duration::from_secs(3), "{time:?}");

    let daemon = desk.setup.start();
    desk.serves_without_history(&daemon, "writable by the user that runs waha-sm");
    frozen.now();
    desk.catches_up(&daemon);
}

#[test]
fn on_a_read_only_disk_the_daemon_starts_and_serves_customers() {
    let mut desk = Desk::new();
    let Some(_disk) = small_disk(&desk.setup.data_dir) else {
        return;
    };
    let mut daemon = desk.at_work();
    daemon.kill();
    assert!(works("mount", &["-o", "remount,ro"], &desk.setup.data_dir));

    let daemon = desk.setup.start();
    desk.serves_without_history(&daemon, "writable by the user that runs waha-sm");
    assert!(works("mount", &["-o", "remount,rw"], &desk.setup.data_dir));
    desk.catches_up(&daemon);
}

#[test]
fn a_deleted_history_is_written_back_and_survives_a_kill() {
    let mut desk = Desk::new();
    let mut daemon = desk.at_work();
    for suffixes in [&[""][..], &["", "-wal", "-shm"]] {
        let before = daemon.log().matches("it was written back whole").count();
        for suffix in suffixes {
            fs::remove_file(format!("{}{suffix}", desk.path().display())).unwrap();
        }
        desk.serves(&daemon);
        eventually("the history is written back", || {
            (daemon.log().matches("it was written back whole").count() > before).then_some(())
        });
        desk.catches_up(&daemon);
    }
    daemon.kill();
    desk.at_work();
}

#[test]
fn a_history_deleted_just_before_the_stop_exists_after_it() {
    let mut desk = Desk::new();
    let mut daemon = desk.at_work();
    fs::remove_file(desk.path()).unwrap();
    assert_eq!(daemon.terminate().0.code(), Some(0));
    let daemon = desk.setup.start();
    desk.catches_up(&daemon);
}

#[test]
fn a_deleted_write_ahead_log_loses_nothing_even_if_the_daemon_is_killed_afterwards() {
    let mut desk = Desk::new();
    let mut daemon = desk.at_work();
    fs::remove_file(format!("{}-wal", desk.path().display())).unwrap();
    daemon.wait_for_log("deleted the history's -wal or -shm file");
    daemon.kill();
    desk.at_work();
}

#[test]
fn a_foreign_file_in_place_of_the_history_is_moved_aside() {
    let mut desk = Desk::new();
    let mut daemon = desk.at_work();
    let other = desk.setup.data_dir.join("other");
    rusqlite::Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE mine (x)")
        .unwrap();
    fs::rename(&other, desk.path()).unwrap();
    desk.serves(&daemon);
    daemon.wait_for_log("put another file in the place of the history");
    desk.catches_up(&daemon);
    daemon.kill();
    let daemon = desk.setup.start();
    desk.catches_up(&daemon);
    let aside = format!("{}.found-1", desk.path().display());
    let aside = rusqlite::Connection::open(aside).unwrap();
    aside.execute_batch("INSERT INTO mine VALUES (1)").unwrap();
}

#[test]
fn without_its_directory_the_history_waits_until_the_directory_is_back() {
    let mut desk = Desk::new();
    let daemon = desk.at_work();
    fs::rename(
        &desk.setup.data_dir,
        desk.test.directory.path().join("gone"),
    )
    .unwrap();
    desk.serves_without_history(&daemon, "Only this process still has it");
    fs::create_dir(&desk.setup.data_dir).unwrap();
    desk.catches_up(&daemon);
}

#[test]
fn a_file_that_is_not_a_history_is_never_overwritten() {
    let desk = Desk::new();
    fs::create_dir(&desk.setup.data_dir).unwrap();
    let letter = "a letter to my aunt, and no database at all. ".repeat(20);
    fs::write(desk.path(), &letter).unwrap();
    let output = desk.setup.run();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        text.contains("it is damaged, or no history at all"),
        "{text}"
    );
    assert_eq!(fs::read_to_string(desk.path()).unwrap(), letter);
}
