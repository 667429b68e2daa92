//! The data directory is private: others on the machine can't read it, and what they put there is not used.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::harness::{TestSetup, ask, binary, chat, eventually};

/// A user, and a group, that own nothing else here.
const NOBODY: u32 = 65_534;
const GROUP: u32 = 64_999;

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Each file and directory, with its mode.
fn modes(directory: &Path) -> BTreeMap<PathBuf, u32> {
    let mut found = BTreeMap::from([(directory.to_owned(), mode(directory))]);
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(modes(&path));
        } else {
            found.insert(path.clone(), mode(&path));
        }
    }
    found
}

#[track_caller]
fn assert_closed(directory: &Path) {
    let open: Vec<_> = modes(directory)
        .into_iter()
        .filter(|(_, mode)| mode & 0o077 != 0)
        .map(|(path, mode)| format!("{} {mode:04o}", path.display()))
        .collect();
    assert!(open.is_empty(), "{open:?}");
}

fn we_are_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("skipped: only root may run a program as another user");
    }
    root
}

/// Lets other users reach the directory of the test, and the program. Not everybody's clone lets them.
fn others_may_enter(test: &TestSetup) -> bool {
    set_mode(test.directory.path(), 0o755);
    let runs = binary()
        .arg("--version")
        .uid(NOBODY)
        .gid(GROUP)
        .stdout(Stdio::null())
        .status();
    if runs.is_err() {
        eprintln!("skipped: other users can't reach the program");
    }
    runs.is_ok()
}

#[test]
fn what_was_open_to_others_is_closed_and_told_once() {
    let test = TestSetup::new();
    let setup = test.setup("all").set("FLOW_FILE", test.echo());
    let data = setup.data_dir.clone();
    fs::create_dir(&data).unwrap();
    set_mode(&data, 0o755);

    // An empty directory that somebody made before us.
    let mut daemon = setup.start();
    daemon.customer_writes(&chat(1), "hello");
    test.texts(&chat(1), 1);
    eventually("the history has it", || {
        (test.history(&[]).len() == 2).then_some(())
    });
    assert_closed(&data);
    let told = "DATA_DIR was open to other users";
    assert_eq!(daemon.log().matches(told).count(), 1);
    assert_eq!(daemon.terminate().0.code(), Some(0));

    // A version before this one left its files like this, and a repair made a copy.
    fs::create_dir(data.join("redis/damaged-1")).unwrap();
    fs::write(data.join("redis/damaged-1/appendonly.aof"), "x").unwrap();
    for (path, mode) in modes(&data) {
        set_mode(&path, mode | if path.is_dir() { 0o077 } else { 0o044 });
    }
    let mut daemon = setup.start();
    assert_closed(&data);
    let log = daemon.log();
    assert_eq!(log.matches(told).count(), 2, "{log}");
    let line = log.lines().rfind(|line| line.contains(told)).unwrap();
    assert!(
        line.contains("WARN")
            && line.contains("mode=0777")
            && line.contains("history.sqlite (0644)"),
        "{line}"
    );
    assert_eq!(daemon.terminate().0.code(), Some(0));

    // The files alone, and each of them is told once.
    set_mode(&data.join("history.sqlite"), 0o640);
    let mut daemon = setup.start();
    assert_closed(&data);
    assert_eq!(daemon.terminate().0.code(), Some(0));
    let mut daemon = setup.start();
    assert_eq!(daemon.terminate().0.code(), Some(0));
    let log = daemon.log();
    assert_eq!(log.matches(told).count(), 2, "{log}");
    assert_eq!(
        log.matches("files in DATA_DIR were open").count(),
        1,
        "{log}"
    );

    // The command that reads it does the same.
    let history = data.join("history.sqlite");
    set_mode(&history, 0o644);
    let read = || {
        let output = binary()
            .arg("history")
            .env("DATA_DIR", &data)
            .output()
            .unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(read().contains("history.sqlite (0644); it is closed now"));
    assert_eq!(mode(&history), 0o600);
    assert_eq!(read(), "");
}

#[test]
fn a_data_directory_behind_a_link_works() {
    let test = TestSetup::new();
    let setup = test.setup("all").set("FLOW_FILE", test.echo());
    let elsewhere = test.directory.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    symlink(&elsewhere, &setup.data_dir).unwrap();
    let mut daemon = setup.start();
    daemon.customer_writes(&chat(1), "hello");
    test.texts(&chat(1), 1);
    assert_closed(&elsewhere);
    assert_eq!(daemon.terminate().0.code(), Some(0));
}

#[test]
fn a_link_or_a_pipe_in_the_place_of_a_file_is_refused_and_its_target_untouched() {
    for name in [
        "lock",
        "process",
        "history.sqlite",
        "history.sqlite-wal",
        "redis/redis.log",
        "redis/redis.conf",
        "redis/appendonlydir/appendonly.aof.manifest",
        "redis",
    ] {
        for kind in ["a link", "a pipe"] {
            let test = TestSetup::new();
            let setup = test.setup("all");
            let target = test.directory.path().join("target");
            fs::write(&target, "precious").unwrap();
            let place = setup.data_dir.join(name);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            match kind {
                "a link" => symlink(&target, &place).unwrap(),
                _ => assert!(
                    Command::new("mkfifo")
                        .arg(&place)
                        .status()
                        .unwrap()
                        .success()
                ),
            }
            let (status, log) = setup.spawn().ends();
            assert_eq!(status.code(), Some(1), "{name}, {kind}: {log}");
            assert!(
                log.contains(&*place.to_string_lossy()) && log.contains("move it away"),
                "{name}, {kind}: {log}"
            );
            assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
        }
    }
}

/// A path of so many directories, each with 200 letters.
fn deep(directories: usize) -> PathBuf {
    std::iter::repeat_n("x".repeat(200), directories).collect()
}

#[test]
fn a_path_that_sqlite_cant_open_is_refused_at_the_start() {
    let test = TestSetup::new();
    let mut setup = test.setup("all");
    setup.data_dir = test.directory.path().join(deep(3));
    let (status, log) = setup.spawn().ends();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("its path is too long: SQLite"), "{log}");
}

#[test]
fn a_data_directory_may_have_any_name() {
    let mut names: Vec<OsString> = [
        "composed caf\u{e9}",
        "decomposed cafe\u{301} a\u{303}o",
        "a \"quoted\" 'name'",
        "back\\slash \\x41",
        "two\nlines\tand a bell\u{7}",
        "emoji \u{1f600}\u{200d}\u{1f469}\u{1f3fd}",
        "#comment $HOME %s",
    ]
    .map(OsString::from)
    .into();
    names.push(OsString::from_vec(b"no UTF-8 \xff\xc3(".to_vec()));
    names.push(deep(2).into());
    for name in names {
        let test = TestSetup::new();
        let mut setup = test.setup("all").set("FLOW_FILE", test.echo());
        setup.data_dir = test.directory.path().join(&name);
        let mut daemon = setup.start();
        daemon.customer_writes(&chat(1), "hello");
        assert_eq!(test.texts(&chat(1), 1), ["hello"], "{name:?}");
        let run = |arguments: &[&str]| {
            let output = binary()
                .args(arguments)
                .env("DATA_DIR", &setup.data_dir)
                .output()
                .unwrap();
            assert!(output.status.success(), "{name:?}: {output:?}");
            String::from_utf8(output.stdout).unwrap()
        };
        eventually("the history has it", || {
            (run(&["history"]).matches("hello").count() == 2).then_some(())
        });
        run(&["dead", "list"]);
        daemon.kill();
        // Adopts the server that still runs, and restores a history that was deleted.
        let mut daemon = setup.start();
        assert!(
            daemon.log().contains("adopted the private Redis"),
            "{name:?}"
        );
        fs::remove_file(setup.data_dir.join("history.sqlite")).unwrap();
        daemon.customer_writes(&chat(1), "again");
        test.texts(&chat(1), 2);
        daemon.wait_for_log("it was written back whole");
        assert_eq!(daemon.terminate().0.code(), Some(0), "{name:?}");
        assert_closed(&setup.data_dir);
    }
}

#[test]
fn a_directory_that_cant_be_closed_is_refused_with_what_to_do() {
    let test = TestSetup::new();
    if !we_are_root() || !others_may_enter(&test) {
        return;
    }
    let data = test.setup("all").data_dir;
    fs::create_dir(&data).unwrap();
    let refused = |owner: u32, permissions: u32, user: (u32, u32), words: &[&str]| {
        chown(&data, Some(owner), Some(owner)).unwrap();
        set_mode(&data, permissions);
        let (status, log) = test.setup("all").run_by(user.0, user.1).spawn().ends();
        assert_eq!(status.code(), Some(1), "{log}");
        for word in words {
            assert!(log.contains(word), "{owner} {permissions:o}: {log}");
        }
        assert_eq!(mode(&data), permissions);
        assert_eq!(fs::read_dir(&data).unwrap().count(), 0);
    };
    let by_root = [
        "belongs to user 0",
        "chown -R 65534",
        "a new directory inside it",
    ];
    for permissions in [0o777, 0o1777, 0o2777] {
        refused(0, permissions, (NOBODY, GROUP), &by_root);
    }
    // The owner could change what we read, even if they can't read it.
    refused(
        NOBODY,
        0o700,
        (0, 0),
        &["belongs to user 65534", "run it as user 65534"],
    );
    refused(NOBODY, 0o777, (0, 0), &["belongs to user 65534"]);

    // Many use it, as they use /tmp: closing it would lock them out.
    chown(&data, Some(0), Some(0)).unwrap();
    set_mode(&data, 0o1777);
    let theirs = data.join("theirs");
    fs::write(&theirs, "").unwrap();
    chown(&theirs, Some(NOBODY), None).unwrap();
    let (status, log) = test.setup("all").spawn().ends();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(
        log.contains("others use") && log.contains("a new directory inside it"),
        "{log}"
    );
    assert_eq!(mode(&data), 0o1777);
}

#[test]
fn on_a_read_only_disk_an_open_directory_is_refused() {
    let test = TestSetup::new();
    let data = test.setup("all").data_dir;
    fs::create_dir(&data).unwrap();
    let mount = |options: &str| {
        Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(&data)
            .output()
            .is_ok_and(|output| output.status.success())
    };
    if !mount("size=2m,mode=755,ro") {
        eprintln!("skipped: only root may mount a small disk (in a container: CAP_SYS_ADMIN)");
        return;
    }
    let (status, log) = test.setup("all").spawn().ends();
    let unmounted = Command::new("umount").arg("--lazy").arg(&data).status();
    assert!(unmounted.unwrap().success());
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(
        log.contains("can't be closed: Read-only file system") && log.contains("chmod 700"),
        "{log}"
    );
}

/// As Kubernetes mounts a volume with fsGroup.
#[test]
fn a_volume_of_root_is_used_if_only_our_group_can_enter_it() {
    let test = TestSetup::new();
    if !we_are_root() || !others_may_enter(&test) {
        return;
    }
    let setup = test.setup("all").run_by(NOBODY, GROUP);
    fs::create_dir(&setup.data_dir).unwrap();
    chown(&setup.data_dir, Some(0), Some(GROUP)).unwrap();
    set_mode(&setup.data_dir, 0o2770);
    let mut daemon = setup.start();
    daemon.wait_for_log("a volume with fsGroup");
    for name in ["lock", "history.sqlite", "redis"] {
        let path = setup.data_dir.join(name);
        let found = fs::metadata(&path).unwrap();
        assert_eq!((mode(&path) & 0o077, found.uid()), (0, NOBODY), "{name}");
    }
    assert_eq!(daemon.terminate().0.code(), Some(0));
}

#[test]
fn a_server_of_somebody_else_on_our_socket_is_refused_and_gets_nothing() {
    let test = TestSetup::new();
    if !we_are_root() || !others_may_enter(&test) {
        return;
    }
    let setup = test.setup("all");
    let redis = setup.data_dir.join("redis");
    fs::create_dir_all(&redis).unwrap();
    for open in [&setup.data_dir, &redis] {
        set_mode(open, 0o777);
    }
    let socket = redis.join("redis.sock");
    let started = Command::new("redis-server")
        .args([
            "--port",
            "0",
            "--save",
            "",
            "--unixsocketperm",
            "777",
            "--unixsocket",
        ])
        .arg(&socket)
        .current_dir(&redis)
        .uid(NOBODY)
        .gid(GROUP)
        .stdout(Stdio::null())
        .spawn();
    let mut theirs = started.unwrap();
    eventually("their server answers", || ask(&socket, "PING"));
    let commands = || {
        let count = "return tonumber(string.match(redis.call('INFO', 'stats'), 'total_commands_processed:(%d+)'))";
        let answer = ask(&socket, &format!("EVAL \"{count}\" 0")).unwrap();
        answer.trim_start_matches(':').parse::<u32>().unwrap()
    };
    // A question counts itself, and the call inside it.
    let first = commands();
    let one_question = commands() - first;
    let before = commands();

    let (status, log) = setup.spawn().ends();
    let list = binary()
        .args(["dead", "list"])
        .env("DATA_DIR", &setup.data_dir)
        .output()
        .unwrap();
    let after = commands();
    theirs.kill().unwrap();
    theirs.wait().unwrap();

    assert_eq!(status.code(), Some(1), "{log}");
    let list = String::from_utf8_lossy(&list.stderr).into_owned();
    for said in [log, list] {
        assert!(
            said.contains("a server of user 65534 listens on") && said.contains("nothing was sent"),
            "{said}"
        );
    }
    assert_eq!(after - before, one_question, "it got no command of ours");
}
