//! `waha-sm history --follow --position`: a copy of the history in another system has every row, whatever is killed.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::harness::{Redis, SESSION, TestSetup, binary, chat, eventually, send_signal};
use crate::webhook::{message_with, new_message_id};

/// A pipeline: its lines, and where it stores how far it is.
struct Pipeline<'t> {
    test: &'t TestSetup,
    lines: PathBuf,
}

impl Pipeline<'_> {
    fn command(&self) -> Command {
        let mut command = binary();
        command
            .args(["history", "--follow", "--format", "jsonl", "--position"])
            .arg(self.test.directory.path().join("position"))
            .env("DATA_DIR", self.test.directory.path().join("data"));
        command
    }

    fn start(&self) -> Child {
        let lines = File::options()
            .create(true)
            .append(true)
            .open(&self.lines)
            .unwrap();
        self.command().stdout(lines).spawn().unwrap()
    }

    /// What it has, by type: the last row of each key.
    fn rows(&self, kind: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.lines).unwrap();
        let mut rows = BTreeMap::new();
        for line in text.lines() {
            // A line that a kill cut off comes again.
            let Ok(line) = serde_json::from_str::<Value>(line) else {
                continue;
            };
            if line["type"] == kind {
                rows.insert(line["key"].to_string(), line["data"].clone());
            }
        }
        let mut rows: Vec<Value> = rows.into_values().filter(|row| !row.is_null()).collect();
        rows.sort_by_key(Value::to_string);
        rows
    }
}

fn sorted(mut rows: Vec<Value>) -> Vec<Value> {
    rows.sort_by_key(Value::to_string);
    rows
}

#[test]
fn no_row_is_missing_in_a_copy_after_kills_of_the_daemon_and_of_the_follower() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let setup = test
        .all(&redis)
        .set("FLOW_FILE", test.echo())
        .set("WORKERS", "10");
    let mut daemon = setup.start();
    let pipeline = Pipeline {
        test: &test,
        lines: test.directory.path().join("lines"),
    };
    let mut follower = pipeline.start();
    let events: Vec<Value> = (0..120)
        .map(|n| {
            let (chat, text) = (chat(1 + n % 10), format!("m{n}"));
            message_with("message", SESSION, &chat, "Ana", &text, &new_message_id())
        })
        .collect();
    for (n, event) in events.iter().enumerate() {
        match n {
            30 | 90 => {
                follower.kill().unwrap();
                follower.wait().unwrap();
                follower = pipeline.start();
            }
            60 => {
                daemon.kill();
                daemon = setup.start();
            }
            _ => {}
        }
        eventually("the event is accepted", || {
            (daemon.poster.post(event).ok()?.0 == 200).then_some(())
        });
    }
    let all = eventually("everything is archived", || {
        let all = test.history(&[]);
        let of = |author: &str| all.iter().filter(|one| one["author"] == author).count();
        (of("customer") == 120 && of("bot") >= 120).then_some(all)
    });
    eventually("the copy has it", || {
        (pipeline.rows("message").len() == all.len()).then_some(())
    });
    // A row that changes comes again.
    let sent = all.iter().find(|one| one["author"] == "bot").unwrap();
    let (id, to) = (
        sent["stanza"].as_str().unwrap(),
        sent["chat"].as_str().unwrap(),
    );
    daemon.posts(&json!({"event": "message.ack", "session": SESSION, "id": format!("evt_{}", new_message_id()),
        "payload": {"id": format!("true_{to}_{id}"), "from": to, "fromMe": true, "ack": 3, "ackName": "READ"},
        "environment": {"engine": "GOWS"}}));
    eventually("the copy has the ack", || {
        let rows = pipeline.rows("message");
        rows.iter()
            .any(|one| one["stanza"] == id && one["ack"] == 3)
            .then_some(())
    });
    send_signal(follower.id(), "-INT");
    assert!(follower.wait().unwrap().success());
    assert_eq!(pipeline.rows("message"), sorted(test.history(&[])));
    assert_eq!(
        pipeline.rows("conversation"),
        sorted(test.history(&["--conversations"]))
    );
}

#[test]
fn a_follower_ends_when_nobody_reads_it_and_a_pipeline_may_store_the_position_itself() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    daemon.customer_writes(&chat(1), "hello");
    test.texts(&chat(1), 1);
    let after = |position: &str| test.history(&["--after", position]);
    let rest = |line: &Value| after(line["position"].as_str().unwrap());
    // Until then, a line may still change, and come again with a new position.
    let all = eventually(
        "both are archived, and come after what is before them",
        || {
            let all = after("0");
            let messages = all.iter().filter(|line| line["type"] == "message");
            let rests_follow = (1..=all.len()).all(|n| rest(&all[n - 1]) == all[n..]);
            (messages.count() == 2 && rests_follow).then_some(all)
        },
    );
    let texts: Vec<&str> = all
        .iter()
        .filter_map(|line| line["data"]["text"].as_str())
        .collect();
    assert_eq!(texts, ["hello", "hello"]);
    let pipeline = Pipeline {
        test: &test,
        lines: test.directory.path().join("lines"),
    };
    // What a kill left of a line is not glued to the next one.
    std::fs::write(&pipeline.lines, "{\"position\":\"1-").unwrap();
    let mut follower = pipeline.start();
    eventually("the copy has both", || {
        (pipeline.rows("message").len() == 2).then_some(())
    });
    send_signal(follower.id(), "-TERM");
    assert!(follower.wait().unwrap().success());
    let text = std::fs::read_to_string(&pipeline.lines).unwrap();
    assert_eq!(text.lines().count(), 1 + all.len());
    let mut follower = pipeline.command().stdout(Stdio::piped()).spawn().unwrap();
    drop(follower.stdout.take());
    assert!(follower.wait().unwrap().success());
    let wrong = |arguments: &[&str]| {
        let output = binary()
            .args(["history", "--follow"])
            .args(arguments)
            .env("DATA_DIR", test.directory.path().join("data"))
            .output()
            .unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(wrong(&["--after", "0"]).contains("--format jsonl"));
    assert!(
        wrong(&["--format", "jsonl", "--after", "9999-abcd"]).contains("never had the position")
    );
    assert!(wrong(&["--format", "jsonl", "--after", "0", "--last", "3"]).contains("--last"));
}
