//! The private Redis: started, adopted, restarted, and advice if it is missing.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use crate::harness::{Daemon, TWO_QUESTIONS, TestSetup, ask, chat, eventually, send_signal};

#[test]
fn a_private_redis_that_dies_is_restarted_and_has_lost_nothing() {
    let test = TestSetup::new();
    let daemon = test.setup("all").set("FLOW_FILE", test.echo()).start();
    daemon.customer_writes(&chat(1), "before");
    test.texts(&chat(1), 1);
    let socket = test.directory.path().join("data/redis/redis.sock");
    // Redis ends without an answer.
    let _ = ask(&socket, "SHUTDOWN NOSAVE");
    daemon.wait_for_log("the private Redis ended");
    eventually("messages are accepted again", || {
        let event = crate::webhook::message(crate::harness::SESSION, &chat(1), "Ana", "after");
        (daemon.poster.post(&event).ok()?.0 == 200).then_some(())
    });
    assert_eq!(test.texts(&chat(1), 2), ["before", "after"]);
}

#[test]
fn a_data_directory_too_deep_for_a_socket_path_works_too() {
    let test = TestSetup::new();
    let mut setup = test.setup("all").set("FLOW_FILE", test.echo());
    setup.data_dir = test
        .directory
        .path()
        .join("a directory with spaces/".to_owned() + &"x".repeat(100));
    let mut daemon = setup.start();
    daemon.customer_writes(&chat(1), "hello");
    assert_eq!(test.texts(&chat(1), 1), ["hello"]);
    assert_eq!(daemon.terminate().0.code(), Some(0));
}

fn directory(test: &TestSetup) -> PathBuf {
    test.directory.path().join("data/redis")
}

/// The file to which Redis appends.
fn append_only_file(test: &TestSetup) -> PathBuf {
    directory(test).join("appendonlydir/appendonly.aof.1.incr.aof")
}

fn kill_private_redis(test: &TestSetup) {
    let mut stream = UnixStream::connect(directory(test).join("redis.sock")).unwrap();
    stream.write_all(b"INFO server\r\n").unwrap();
    let process = BufReader::new(stream)
        .lines()
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("process_id:")?.trim().parse().ok());
    send_signal(process.unwrap(), "-KILL");
    eventually("the private Redis is gone", || {
        UnixStream::connect(directory(test).join("redis.sock"))
            .is_err()
            .then_some(())
    });
}

/// A settled conversation, followed by writes that may be lost.
fn talk(test: &TestSetup, daemon: &Daemon) {
    daemon.customer_writes(&chat(1), "hi");
    test.texts(&chat(1), 1);
    daemon.customer_writes(&chat(1), "one");
    test.texts(&chat(1), 2);
    let socket = directory(test).join("redis.sock");
    eventually("both replies are settled", || {
        let sending = ask(&socket, "HLEN waha-sm:{default}:sending")?;
        (sending == ":0").then_some(())
    });
    for n in 0..50 {
        let _ = ask(&socket, &format!("SET filler{n:03} {}", "x".repeat(100)));
    }
    // While a sync of the file takes long, Redis holds its writes back for up to two seconds.
    eventually("the append-only file holds all of them", || {
        let bytes = std::fs::read(append_only_file(test)).ok()?;
        bytes
            .windows(9)
            .any(|window| window == b"filler049")
            .then_some(())
    });
}

/// Damages the file to which Redis appends. Returns its new content.
fn damage(test: &TestSetup, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let path = append_only_file(test);
    let mut bytes = std::fs::read(&path).unwrap();
    change(&mut bytes);
    std::fs::write(path, &bytes).unwrap();
    bytes
}

fn position(bytes: &[u8], words: &str) -> usize {
    bytes
        .windows(words.len())
        .position(|window| window == words.as_bytes())
        .unwrap()
}

type Damage = fn(&mut Vec<u8>);

#[test]
fn a_damaged_append_only_file_is_repaired_logged_and_kept_aside() {
    let damages: [(&str, Damage); 4] = [
        ("garbage at its end", |bytes| {
            bytes.extend(b"what a power cut left");
        }),
        ("nothing but zeros at its end", |bytes| {
            bytes.extend([0; 4_096]);
        }),
        ("its end torn off", |bytes| {
            bytes.truncate(bytes.len() - 30);
        }),
        ("flipped bits in its middle", |bytes| {
            let at = position(bytes, "filler025") - 3;
            bytes[at] ^= 0x55;
        }),
    ];
    for (name, change) in damages {
        let test = TestSetup::new();
        let setup = test.setup("all").set("FLOW_FILE", test.flow(TWO_QUESTIONS));
        let mut daemon = setup.start();
        talk(&test, &daemon);
        daemon.kill();
        kill_private_redis(&test);
        let damaged = damage(&test, change);

        let daemon = setup.start();
        let log = daemon.log();
        let line = log
            .lines()
            .find(|line| line.contains("WARN") && line.contains("was damaged"))
            .unwrap_or_else(|| panic!("{name}: {log}"));
        let said = |field: &str| {
            let value = line.split(&format!(" {field}=")).nth(1).unwrap();
            value.split(' ').next().unwrap().to_owned()
        };
        let bytes: usize = said("bytes").parse().unwrap();
        assert!((1..damaged.len()).contains(&bytes), "{name}: {line}");
        let copy = Path::new(&said("copy")).join("appendonly.aof.1.incr.aof");
        assert_eq!(std::fs::read(copy).unwrap(), damaged, "{name}");
        daemon.customer_writes(&chat(1), "two");
        assert_eq!(test.texts(&chat(1), 3)[2], "one two", "{name}");
    }
}

#[test]
fn a_private_redis_that_dies_with_a_damaged_file_is_repaired_while_the_daemon_runs() {
    let test = TestSetup::new();
    let setup = test.setup("all").set("FLOW_FILE", test.flow(TWO_QUESTIONS));
    let daemon = setup.start();
    talk(&test, &daemon);
    daemon.signal("-STOP");
    kill_private_redis(&test);
    damage(&test, |bytes| bytes.extend(b"garbage"));
    daemon.signal("-CONT");
    daemon.wait_for_log("was damaged");
    eventually("messages are accepted again", || {
        let event = crate::webhook::message(crate::harness::SESSION, &chat(1), "Ana", "two");
        (daemon.poster.post(&event).ok()?.0 == 200).then_some(())
    });
    assert_eq!(test.texts(&chat(1), 3)[2], "one two");
}

#[test]
fn a_file_beyond_repair_is_left_as_it_is_with_advice_on_what_to_do() {
    type Break = fn(&Path);
    let breaks: [(&str, Break); 3] = [
        ("the base is broken", |files| {
            let path = files.join("appendonly.aof.1.base.rdb");
            let mut bytes = std::fs::read(&path).unwrap();
            bytes[40] ^= 0x55;
            std::fs::write(path, bytes).unwrap();
        }),
        ("the list is lost", |files| {
            std::fs::remove_file(files.join("appendonly.aof.manifest")).unwrap();
        }),
        ("a command that no Redis knows", |files| {
            let path = files.join("appendonly.aof.1.incr.aof");
            let mut bytes = std::fs::read(&path).unwrap();
            let at = position(&bytes, "filler025") - 9;
            bytes[at..at + 3].copy_from_slice(b"SAT");
            std::fs::write(path, bytes).unwrap();
        }),
    ];
    for (name, break_it) in breaks {
        let test = TestSetup::new();
        let setup = test.setup("all").set("FLOW_FILE", test.flow(TWO_QUESTIONS));
        let mut daemon = setup.start();
        talk(&test, &daemon);
        daemon.kill();
        kill_private_redis(&test);
        let files = directory(&test).join("appendonlydir");
        break_it(&files);
        let all = || {
            let mut found: Vec<_> = std::fs::read_dir(&files)
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .map(|path| (path.clone(), std::fs::read(path).unwrap()))
                .collect();
            found.sort();
            found
        };
        let before = all();
        let said = daemon.log().len();
        let (status, text) = setup.spawn().ends();
        let text = &text[said..];
        assert_eq!(status.code(), Some(1), "{name}: {text}");
        assert!(
            text.contains("could not be repaired")
                && text.contains("Nothing was deleted")
                && text.contains("Put a backup")
                && text.contains("appendonlydir"),
            "{name}: {text}"
        );
        assert!(before == all(), "{name}: the files were changed");
        let copies = std::fs::read_dir(directory(&test))
            .unwrap()
            .filter(|entry| {
                let name = entry.as_ref().unwrap().file_name();
                name.to_string_lossy().starts_with("damaged-")
            });
        assert_eq!(copies.count(), 0, "{name}: no copy is made at each try");
    }
}
