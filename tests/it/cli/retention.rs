//! `HISTORY_KEEP` and `waha-sm history prune`: what is old goes, to the last byte, and what is younger stays.

use std::process::Output;

use crate::harness::{SESSION, TestSetup, binary, chat, eventually};
use crate::webhook::{message, now_ms};

const DAY: u64 = 24 * 3_600;

#[test]
fn what_is_older_than_the_history_shall_keep_is_removed_when_told_and_each_day() {
    let test = TestSetup::new();
    let data = test.directory.path().join("data");
    let prune = |arguments: &[&str]| -> Output {
        let mut command = binary();
        command.args(["history", "prune"]).args(arguments);
        command
            .env("DATA_DIR", &data)
            .env("TZ", "UTC")
            .output()
            .unwrap()
    };
    let words =
        |output: &Output| String::from_utf8([&output.stdout[..], &output.stderr].concat()).unwrap();
    let mut daemon = test.setup("all").set("FLOW_FILE", test.echo()).start();
    for (days, text) in [(400, "quince"), (40, "medlar"), (3, "apple")] {
        let mut old = message(SESSION, &chat(days), "Ana", text);
        old["payload"]["timestamp"] = (now_ms() / 1_000 - days as u64 * DAY).into();
        daemon.posts(&old);
    }
    daemon.customer_writes(&chat(1), "today");
    test.texts(&chat(1), 1);
    let texts = || -> Vec<String> {
        let all = test.history(&[]);
        all.iter()
            .map(|one| one["text"].as_str().unwrap().to_owned())
            .collect()
    };
    eventually("all is archived", || (texts().len() == 5).then_some(()));

    // Nothing happens by mistake.
    for (arguments, mistake) in [
        (&[][..], "HISTORY_KEEP is not set"),
        (&["--history-keep", "soon"], "write a time with its unit"),
        (&["--history-keep", "2h"], "at least 1d"),
    ] {
        let refused = prune(arguments);
        assert_eq!(refused.status.code(), Some(64), "{refused:?}");
        assert!(words(&refused).contains(mistake), "{refused:?}");
    }
    let looked = prune(&["--history-keep", "365d", "--dry-run"]);
    let said = words(&looked);
    assert!(
        said.starts_with("0 conversations and 1 messages, from ")
            && said.contains("would be removed"),
        "{said}"
    );
    assert_eq!(texts().len(), 5);

    let pruned = prune(&["--history-keep", "365d"]);
    assert!(
        pruned.status.success() && words(&pruned).contains("1 messages"),
        "{pruned:?}"
    );
    assert_eq!(
        words(&prune(&["--history-keep", "365d"])),
        "Nothing is older than 365d.\n"
    );
    assert_eq!(texts(), ["medlar", "apple", "today", "today"]);
    let holds = |word: &str| {
        let files = std::fs::read_dir(&data).unwrap().flatten();
        let mut files = files.filter(|file| file.file_type().unwrap().is_file());
        files.any(|file| {
            memchr::memmem::find(&std::fs::read(file.path()).unwrap(), word.as_bytes()).is_some()
        })
    };
    assert!(!holds("quince") && holds("medlar"));
    assert_eq!(
        daemon.metric("waha_sm_history_pruned_messages_total"),
        Some(1.0)
    );
    let oldest = daemon
        .metric("waha_sm_history_oldest_timestamp_seconds")
        .unwrap();
    assert!(
        (39.0..41.0).contains(&((now_ms() as f64 / 1e3 - oldest) / DAY as f64)),
        "{oldest}"
    );

    daemon.terminate();
    let daemon = test
        .setup("all")
        .set("FLOW_FILE", test.echo())
        .set("HISTORY_KEEP", "10d")
        .start();
    eventually("what is old is removed at the start", || {
        (texts() == ["apple", "today", "today"] && !holds("medlar")).then_some(())
    });
    assert_eq!(
        daemon.metric("waha_sm_history_pruned_messages_total"),
        Some(1.0)
    );
}
