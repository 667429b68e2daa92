//! Backups: made while customers write, put back after a disaster, and refused if they are not what they were.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{
    Redis, SECRET, SESSION, Setup, TWO_QUESTIONS, TestSetup, ask, binary, chat, eventually,
};
use crate::redis_nodes::{Cluster, SentinelGroup};
use crate::webhook::{Poster, message};

/// The command line with the settings of a daemon.
fn command(setup: &Setup, arguments: &[&OsStr]) -> Command {
    let mut command = binary();
    command
        .args(arguments)
        .env("DATA_DIR", &setup.data_dir)
        .env("WEBHOOK_HMAC_SECRET", SECRET)
        .envs(
            setup
                .environment()
                .iter()
                .map(|(name, value)| (name, value)),
        )
        .stdin(Stdio::null());
    command
}

fn run(setup: &Setup, name: &str, directory: &Path, more: &[&str]) -> Output {
    let mut arguments = vec![OsStr::new(name), directory.as_os_str()];
    arguments.extend(more.iter().map(OsStr::new));
    command(setup, &arguments).output().unwrap()
}

#[track_caller]
fn succeeds(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Fails, and says this on standard error.
#[track_caller]
fn fails(output: &Output, words: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.code() == Some(1) && said.contains(words),
        "{words}: {output:?}"
    );
}

/// The chats that wait, in their order.
fn waiting(setup: &Setup) -> Vec<String> {
    chats(setup, |status| status == "waiting")
}

/// All chats in line or attended.
fn everybody(setup: &Setup) -> Vec<String> {
    let mut all = chats(setup, |_| true);
    all.sort();
    all
}

fn chats(setup: &Setup, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let arguments = ["line", "--format", "jsonl"].map(OsStr::new);
    let lines = succeeds(&command(setup, &arguments).output().unwrap());
    let rows = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.filter(|row| wanted(row["status"].as_str().unwrap()))
        .map(|row| row["chat"].as_str().unwrap().to_owned())
        .collect()
}

/// All that a disaster leaves of a data directory.
fn lose(setup: &Setup) {
    let _ = ask(&setup.data_dir.join("redis/redis.sock"), "SHUTDOWN NOSAVE");
    fs::remove_dir_all(&setup.data_dir).unwrap();
}

#[test]
fn all_that_was_acknowledged_before_a_backup_is_there_after_a_disaster_and_answered_once() {
    let test = TestSetup::new();
    let flow = test.flow(TWO_QUESTIONS);
    let setup = test.setup("all").set("FLOW_FILE", flow).set("WORKERS", "3");
    let mut daemon = setup.start();
    // Three hold the workers, and are in the middle of the flow.
    for n in 1..=3 {
        daemon.customer_writes(&chat(n), "hello");
        test.texts(&chat(n), 1);
        daemon.customer_writes(&chat(n), &format!("one {n}"));
        test.texts(&chat(n), 2);
    }
    // Others come all the time.
    let (posted, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let place = TempDir::new().unwrap();
    let backup = place.path().join("backup");
    let before = std::thread::scope(|scope| {
        scope.spawn(|| {
            let poster = Poster::new(&daemon.url, SECRET);
            for n in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let text = format!("m{n}");
                let event = message(SESSION, &chat(100 + n), "Ana", &text);
                assert_eq!(poster.post(&event).unwrap().0, 200);
                posted.store(n + 1, Ordering::SeqCst);
            }
        });
        let so_far = |count: usize| {
            eventually("customers write", || {
                let posted = posted.load(Ordering::SeqCst);
                (posted >= count).then_some(posted)
            })
        };
        let before = so_far(40);
        let said = succeeds(&run(&setup, "backup", &backup, &[]));
        assert!(said.contains("messages, Redis, the flows"), "{said}");
        so_far(before + 40);
        stop.store(true, Ordering::Relaxed);
        before
    });
    // What happens after the backup is lost, but for what WAHA has.
    daemon.customer_writes(&chat(1), "two 1");
    test.texts(&chat(1), 3);
    daemon.kill();
    lose(&setup);
    let asked = |chat: &str| {
        let texts = test.waha.texts(chat);
        texts.iter().filter(|text| *text == "first?").count()
    };
    // The worker of the first customer may have asked the next one, after the backup too.
    let asked_before = asked(&chat(100));

    succeeds(&run(&setup, "restore", &backup, &[]));
    let restored = test.directory.path().join("data/flows/flow.toml");
    let setup = setup.set("FLOW_FILE", restored.display().to_string());
    let mut daemon = setup.start();
    let line = eventually("the line is there", || {
        let line = waiting(&setup);
        let are_attended = (1..=3).all(|n| !line.contains(&chat(n)));
        (are_attended && line.len() >= before).then_some(line)
    });
    let wanted: Vec<String> = (100..100 + line.len()).map(chat).collect();
    assert_eq!(line, wanted, "each in their place, and nobody twice");
    let texts: Vec<Value> = eventually("the history has them", || {
        let all = test.history(&[]);
        let has = |n: usize| all.iter().any(|one| one["text"] == format!("m{n}"));
        (0..before).all(has).then_some(all)
    });
    assert!(texts.iter().any(|one| one["text"] == "one 3"));

    // Open conversations go on where they were. What the bot said to the first customer after the backup is not taken for the
    // owner's own words.
    for n in 1..=3 {
        daemon.customer_writes(&chat(n), &format!("two {n}"));
        let said = test.texts(&chat(n), if n == 1 { 4 } else { 3 });
        assert_eq!(said.last().unwrap(), &format!("one {n} two {n}"));
    }
    // Everybody in line is asked, once.
    daemon.terminate();
    let daemon = setup.set("WORKERS", "1000").start();
    eventually("everybody is asked", || {
        let (first, others) = wanted.split_first().unwrap();
        let all = others.iter().all(|chat| asked(chat) > 0);
        (all && asked(first) > asked_before).then_some(())
    });
    assert!(wanted[1..].iter().all(|chat| asked(chat) == 1));
    assert_eq!(asked(&wanted[0]), asked_before + 1);
    drop(daemon);
}

/// A small backup of a daemon that has stopped, with a flow that sends a file.
fn small_backup(test: &TestSetup, place: &Path) -> (Setup, PathBuf) {
    let flow = "start = 'a'\n[step.a]\nsay = { file = 'menu.pdf' }\nend = 'x'\n";
    fs::write(test.directory.path().join("menu.pdf"), "a menu").unwrap();
    let setup = test.setup("all").set("FLOW_FILE", test.flow(flow));
    let mut daemon = setup.start();
    daemon.customer_writes(&chat(1), "hello");
    eventually("it is archived", || {
        test.history(&[])
            .iter()
            .any(|one| one["text"] == "hello")
            .then_some(())
    });
    daemon.terminate();
    let backup = place.join("backup");
    succeeds(&run(&setup, "backup", &backup, &[]));
    (setup, backup)
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    let mut found: Vec<PathBuf> = entries
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => files(&path),
                false => vec![path],
            }
        })
        .collect();
    found.sort();
    found
}

#[test]
fn a_backup_that_is_not_what_it_was_is_refused_and_so_is_a_place_that_is_not_free() {
    use std::os::unix::fs::PermissionsExt as _;

    let test = TestSetup::new();
    let place = TempDir::new().unwrap();
    let (setup, backup) = small_backup(&test, place.path());
    let verify = || run(&setup, "backup", &backup, &["--verify"]);
    succeeds(&verify());
    succeeds(&run(&setup, "restore", &backup, &["--verify"]));
    let all = files(&backup);
    let names: Vec<String> = all
        .iter()
        .map(|file| file.strip_prefix(&backup).unwrap().display().to_string())
        .collect();
    assert_eq!(
        names,
        [
            "SHA256SUMS",
            "flows/flow.toml",
            "flows/menu.pdf",
            "history.sqlite",
            "manifest.json",
            "redis.rdb",
            "settings.env"
        ]
    );
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&backup), 0o700);
    assert!(all.iter().all(|file| mode(file) == 0o600));
    let settings = fs::read_to_string(backup.join("settings.env")).unwrap();
    assert!(!settings.contains(SECRET) && settings.contains("WAHA_URL="));

    for file in &all {
        let whole = fs::read(file).unwrap();
        let mut changed = whole.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        fs::write(file, &changed).unwrap();
        assert_eq!(verify().status.code(), Some(1), "{}", file.display());
        fs::remove_file(file).unwrap();
        assert_eq!(verify().status.code(), Some(1), "{}", file.display());
        fs::write(file, &whole).unwrap();
    }
    let more = backup.join("flows/more.toml");
    fs::write(&more, "").unwrap();
    fails(&verify(), "flows/more.toml does not belong to it");
    fs::remove_file(more).unwrap();
    // As a kill leaves it in a place that is a disk of its own, right after the manifest got its place.
    let unfinished = backup.join(".waha-sm-unfinished");
    fs::create_dir(&unfinished).unwrap();
    fs::write(unfinished.join("moving"), "manifest.json").unwrap();
    succeeds(&verify());
    fs::remove_dir_all(unfinished).unwrap();
    succeeds(&verify());
    let manifest = fs::read_to_string(backup.join("manifest.json")).unwrap();
    let newer = manifest.replace("\"format\": 1", "\"format\": 2");
    fs::write(backup.join("manifest.json"), newer).unwrap();
    fails(&verify(), "use that version, or a newer one");
    fs::write(backup.join("manifest.json"), manifest).unwrap();

    // Places that are not free.
    let made = |directory: &Path| run(&setup, "backup", directory, &[]);
    fails(&made(&backup), "is not empty");
    fails(&made(&setup.data_dir.join("backup")), "is inside DATA_DIR");
    fails(&made(&place.path().join("a/b")), "there is no directory");
    fails(
        &run(&setup, "restore", &backup, &[]),
        "is not empty (it has history.sqlite",
    );
    let elsewhere = || test.setup("all").on(place.path().join("elsewhere"));
    let prefixed = elsewhere().set("REDIS_PREFIX", "other:");
    fails(
        &run(&prefixed, "restore", &backup, &[]),
        "REDIS_PREFIX=waha-sm:",
    );
    let around = test.setup("all").on(place.path().join("around"));
    fs::create_dir(&around.data_dir).unwrap();
    fs::rename(&backup, around.data_dir.join("backup")).unwrap();
    let inside = run(&around, "restore", &around.data_dir.join("backup"), &[]);
    fails(&inside, "is not empty");
    fs::rename(around.data_dir.join("backup"), &backup).unwrap();
    assert!(!elsewhere().data_dir.exists(), "nothing was made");

    // Flows go where they are wanted, and an empty directory is as good as none.
    let flows = place.path().join("flows");
    let target = elsewhere();
    fs::create_dir(&target.data_dir).unwrap();
    let more = ["--flows", flows.to_str().unwrap()];
    let said = succeeds(&run(&target, "restore", &backup, &more));
    assert!(
        said.contains("WAHA_API_KEY") || said.contains("Compare your settings"),
        "{said}"
    );
    assert_eq!(fs::read(flows.join("menu.pdf")).unwrap(), b"a menu");
    fails(&run(&target, "restore", &backup, &more), "is not empty");
    // It was interrupted after the flows: it can be run again. A flow that was changed since is not written over.
    lose(&target);
    succeeds(&run(&target, "restore", &backup, &more));
    lose(&target);
    fs::write(flows.join("menu.pdf"), "another menu").unwrap();
    fails(
        &run(&target, "restore", &backup, &more),
        "is not empty, it has menu.pdf",
    );

    // A file that a flow sends, and that is not there any more, costs nothing else.
    fs::remove_file(test.directory.path().join("menu.pdf")).unwrap();
    let without = place.path().join("without");
    succeeds(&run(&setup, "backup", &without, &[]));
    succeeds(&run(&setup, "backup", &without, &["--verify"]));
    assert!(!without.join("flows/menu.pdf").exists());
}

#[test]
fn a_backup_has_the_flows_and_the_settings_of_the_daemon_that_runs() {
    let test = TestSetup::new();
    let place = TempDir::new().unwrap();
    let flow = test.flow(TWO_QUESTIONS);
    let setup = test.setup("all").set("FLOW_FILE", flow.clone());
    let setup = setup.set("PACING", "off");
    let daemon = setup.start();
    let backup = place.path().join("backup");
    // As cron starts it: it knows where the data is, and nothing else.
    let mut command = binary();
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("DATA_DIR", &setup.data_dir)
        .args([OsStr::new("backup"), backup.as_os_str()]);
    let said = succeeds(&command.output().unwrap());
    assert!(said.contains("Redis, the flows"), "{said}");
    assert_eq!(
        fs::read(backup.join("flows/flow.toml")).unwrap(),
        fs::read(flow).unwrap()
    );
    let settings = fs::read_to_string(backup.join("settings.env")).unwrap();
    assert!(settings.contains("PACING=off\n"), "{settings}");
    assert!(!settings.contains(SECRET), "{settings}");

    // A flow that can't be found costs the flow, and not the rest.
    let missing = place.path().join("missing");
    command = self::command(&setup, &[OsStr::new("backup"), missing.as_os_str()]);
    let output = command.env("FLOW_FILE", "nowhere.toml").output().unwrap();
    fails(&output, "the flows are not in this backup: nowhere.toml");
    let said = succeeds(&run(&setup, "backup", &missing, &["--verify"]));
    assert!(said.contains("Redis, no flows"), "{said}");
    drop(daemon);
}

/// Runs a command, and kills it as soon as this is true.
fn killed_when(mut command: Command, what: &str, condition: impl Fn() -> bool) {
    let mut child: Child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually(what, || {
        (condition() || child.try_wait().unwrap().is_some()).then_some(())
    });
    let _ = child.kill();
    child.wait().unwrap();
}

#[test]
fn a_kill_in_the_middle_leaves_nothing_that_counts_and_the_next_try_works() {
    let test = TestSetup::new();
    let place = TempDir::new().unwrap();
    let (setup, backup) = small_backup(&test, place.path());
    let again = place.path().join("again");
    let unfinished = place.path().join(".again.waha-sm-unfinished");
    for file in ["redis.rdb", "history.sqlite", "SHA256SUMS"] {
        let arguments = [OsStr::new("backup"), again.as_os_str()];
        killed_when(command(&setup, &arguments), "the backup begins", || {
            unfinished.join(file).exists()
        });
        if again.exists() {
            succeeds(&run(&setup, "backup", &again, &["--verify"]));
            fs::remove_dir_all(&again).unwrap();
        }
    }
    let older = place.path().join(".sunday.waha-sm-unfinished");
    fs::create_dir(&older).unwrap();
    succeeds(&run(&setup, "backup", &again, &[]));
    succeeds(&run(&setup, "backup", &again, &["--verify"]));
    assert!(!unfinished.exists() && !older.exists());

    let target = test.setup("all").on(place.path().join("restored"));
    for made in [
        "restoring",
        "restoring/reading/redis.sock",
        "restoring/redis/appendonlydir",
    ] {
        let arguments = [OsStr::new("restore"), backup.as_os_str()];
        killed_when(command(&target, &arguments), "the restore begins", || {
            target.data_dir.join(made).exists()
        });
        if !target.data_dir.join("restoring").exists() {
            // It was faster than the kill.
            let _ = fs::remove_dir_all(&target.data_dir);
            continue;
        }
        let refused = target.run();
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success(), "{said}");
        assert!(
            said.contains("run `waha-sm restore` with the same backup again"),
            "{said}"
        );
    }
    succeeds(&run(&target, "restore", &backup, &[]));
    let daemon = target.set("FLOW_FILE", test.echo()).start();
    daemon.customer_writes(&chat(2), "hello");
    test.texts(&chat(2), 1);
    drop(daemon);
    let _ = ask(
        &place.path().join("restored/redis/redis.sock"),
        "SHUTDOWN NOSAVE",
    );
}

#[test]
fn a_redis_of_ones_own_is_copied_by_its_snapshot_or_left_out_and_never_mixed() {
    let test = TestSetup::new();
    let place = TempDir::new().unwrap();
    let redis = Redis::start();
    let setup = test.all(&redis).set("FLOW_FILE", test.flow(TWO_QUESTIONS));
    let mut daemon = setup.start();
    for n in 1..=5 {
        daemon.customer_writes(&chat(n), "hello");
    }
    test.texts(&chat(1), 1);
    // Keys of another program.
    redis.ask("SET somebody else's");
    let backup = place.path().join("backup");
    succeeds(&run(&setup, "backup", &backup, &[]));
    redis.ask("ACL SETUSER default -sync -psync");
    let partial = place.path().join("partial");
    fails(
        &run(&setup, "backup", &partial, &[]),
        "Redis is not in this backup",
    );
    let said = succeeds(&run(&setup, "backup", &partial, &["--verify"]));
    assert!(said.contains("no Redis"), "{said}");
    let without = place.path().join("without");
    succeeds(&run(&setup, "backup", &without, &["--without-redis"]));
    daemon.kill();

    let other = Redis::start();
    let target = || {
        test.all(&other)
            .set("FLOW_FILE", test.flow(TWO_QUESTIONS))
            .on(place.path().join("restored"))
    };
    other.ask("SET waha-sm:mine 1");
    fails(
        &run(&target(), "restore", &backup, &[]),
        "it has waha-sm:mine",
    );
    other.ask("DEL waha-sm:mine");
    // As a restore leaves it that was killed.
    other.ask("SET waha-sm:restoring 2026");
    other.ask("SET waha-sm:half 1");
    let refused = target().run();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && said.contains("half a backup"),
        "{said}"
    );
    fs::remove_dir_all(target().data_dir).unwrap();
    succeeds(&run(&target(), "restore", &backup, &[]));
    assert_eq!(
        other.number("EXISTS waha-sm:half waha-sm:restoring somebody"),
        0
    );
    assert_eq!(other.number("EXISTS waha-sm:sessions"), 1);
    let daemon = target().start();
    // The one that was attended at the backup comes first again, and is attended again.
    let rest: Vec<_> = (2..=5).map(chat).collect();
    eventually("the first customer is attended again", || {
        (waiting(&target()) == rest).then_some(())
    });
    drop(daemon);

    // Only the history was lost.
    fs::remove_dir_all(target().data_dir).unwrap();
    let said = succeeds(&run(&target(), "restore", &backup, &["--without-redis"]));
    assert!(said.contains("Redis was left as it is"), "{said}");
    drop(target().start());
}

#[test]
fn the_nodes_of_a_cluster_and_the_primary_of_sentinels_are_copied() {
    let test = TestSetup::new();
    let place = TempDir::new().unwrap();
    // Otherwise a server waits whether more replicas come.
    let at_once = ["--repl-diskless-sync-delay", "0"];
    let cluster = Cluster::start(&place.path().join("cluster"), &at_once).unwrap();
    let group = SentinelGroup::start(&place.path().join("group"), &at_once).unwrap();
    group.wait_until_replicated().unwrap();
    let on = |url: String, name: &str| {
        test.setup("all")
            .set("REDIS_URL", url)
            .on(place.path().join(name))
    };
    let first = on(cluster.url(), "first");
    let daemon = first.start();
    for (n, session) in ["one", "two", "three", "four"].iter().enumerate() {
        daemon.posts(&message(session, &chat(n + 1), "Ana", "hello"));
    }
    let backup = place.path().join("of-cluster");
    succeeds(&run(&first, "backup", &backup, &[]));
    assert!(backup.join("redis-3.rdb").is_file());
    let line = everybody(&first);
    assert_eq!(line, (1..=4).map(chat).collect::<Vec<_>>());
    drop(daemon);

    let second = on(group.url(), "second");
    succeeds(&run(&second, "restore", &backup, &[]));
    let daemon = second.start();
    let backup = place.path().join("of-sentinel");
    succeeds(&run(&second, "backup", &backup, &[]));
    drop(daemon);
    let third = on(cluster.url(), "third").set("REDIS_PREFIX", "waha-sm:");
    fails(
        &run(&third, "restore", &backup, &[]),
        "the Redis of REDIS_URL is not empty",
    );
    let private = test.setup("all");
    succeeds(&run(&private, "restore", &backup, &[]));
    let daemon = private.start();
    assert_eq!(everybody(&private), line);
    drop(daemon);
}
