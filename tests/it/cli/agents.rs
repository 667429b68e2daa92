//! Agents are added, changed, listed and taken out of service on the command line.

use std::process::Output;

use serde_json::{Value, json};

use crate::harness::{Redis, TestSetup, binary};

fn agent(redis: &Redis, arguments: &[&str]) -> Output {
    binary()
        .arg("agent")
        .args(arguments)
        .env("REDIS_URL", redis.url())
        .output()
        .unwrap()
}

#[track_caller]
fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn listed(redis: &Redis) -> Vec<Value> {
    stdout(&agent(redis, &["list", "--format", "jsonl"]))
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn an_agent_is_added_changed_and_taken_out_of_service() {
    let redis = Redis::start();
    let added = agent(
        &redis,
        &[
            "add",
            "ana",
            "--team",
            "sales",
            "--team",
            "support",
            "--session",
            "shop",
            "--team",
            "sales",
        ],
    );
    assert_eq!(
        stdout(&added),
        "ana was added: attendant, takes from sales and support, in session shop, at most 8 conversations at once.\n"
    );
    assert!(
        stderr(&added).contains("no event of a session `shop` has come yet"),
        "{added:?}"
    );
    let changed = agent(
        &redis,
        &["add", "ana", "--max-chats", "1", "--all-sessions"],
    );
    assert_eq!(
        stdout(&changed),
        "ana was changed: attendant, takes from sales and support, in all sessions, at most 1 conversation at once.\n"
    );
    let same = stdout(&agent(&redis, &["add", "ana", "--role", "attendant"]));
    assert!(
        same.starts_with("ana is there already and stays as it was: "),
        "{same}"
    );
    let all_lines = stdout(&agent(&redis, &["add", "ana", "--all-teams"]));
    assert!(all_lines.contains("takes from all lines"), "{all_lines}");

    assert!(stdout(&agent(&redis, &["off", "ana"])).starts_with("ana is off"));
    assert_eq!(
        stdout(&agent(&redis, &["off", "ana"])),
        "ana was off already.\n"
    );
    assert_eq!(listed(&redis)[0]["off"], true);
    let back = stdout(&agent(&redis, &["add", "ana", "--role", "owner"]));
    assert!(
        back.starts_with("ana is back in service: owner, "),
        "{back}"
    );
    assert_eq!(listed(&redis)[0]["off"], false);
}

#[test]
fn the_list_shows_everybody_who_is_present_and_the_owner_is_always_there() {
    let redis = Redis::start();
    assert_eq!(
        listed(&redis),
        [json!({
            "name": "owner", "role": "owner", "teams": [], "sessions": [], "max_chats": 8, "holds": 0, "off": false, "present": false,
            "seen_at": null,
        })]
    );
    for name in ["ana", "bia", "caio"] {
        stdout(&agent(&redis, &["add", name, "--team", "sales"]));
    }
    stdout(&agent(&redis, &["off", "caio"]));
    let now = waha_sm::clock::Millis::now().as_i64();
    redis.ask(&format!("ZADD waha-sm:agents-seen {now} ana"));
    redis.ask(&format!("ZADD waha-sm:agents-seen {} bia", now - 600_000));
    redis.ask("SADD waha-sm:sessions shop default");
    for (session, chat) in [("shop", "1@c.us"), ("default", "2@c.us")] {
        redis.ask(&format!(
            "HSET waha-sm:{{{session}}}:held {chat} \"ana sales\""
        ));
    }
    let table = stdout(&agent(&redis, &["list"]));
    let rows: Vec<Vec<&str>> = table
        .lines()
        .map(|line| {
            line.split("  ")
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .collect()
        })
        .collect();
    assert_eq!(rows.len(), 5, "{table}");
    assert_eq!(
        rows[0],
        [
            "NAME",
            "ROLE",
            "TEAMS",
            "SESSIONS",
            "HOLDS",
            "MAX",
            "PRESENT",
            "LAST SEEN"
        ]
    );
    assert_eq!(
        rows[1][..7],
        ["ana", "attendant", "sales", "all", "2", "8", "yes"]
    );
    assert_eq!(rows[2][6..], ["no", "10 min ago"], "{table}");
    assert_eq!(rows[3][6..], ["off", "never"], "{table}");
    assert_eq!(rows[4][..3], ["owner", "owner", "all"], "{table}");
    assert_eq!(listed(&redis)[0]["seen_at"], now);
    assert_eq!(listed(&redis)[0]["holds"], 2);
}

#[test]
fn what_no_agent_can_be_is_a_usage_error_in_plain_words() {
    let redis = Redis::start();
    for (arguments, words) in [
        (&["add", "Ana"][..], "lower-case letters"),
        (&["add", "bot"], "this word is taken"),
        (&["add", "ana", "--team", "the team"], "a team has 1 to 32"),
        (
            &["add", "ana", "--session", "my shop"],
            "a session has 1 to 54",
        ),
        (&["add", "ana", "--max-chats", "0"], "0"),
        (
            &["add", "ana", "--team", "a", "--all-teams"],
            "cannot be used with",
        ),
        (
            &["add", "owner", "--role", "attendant"],
            "`owner` always has the role owner",
        ),
        (&["off", "owner"], "`owner` can't be switched off"),
    ] {
        let output = agent(&redis, arguments);
        assert_eq!(output.status.code(), Some(64), "{output:?}");
        assert!(stderr(&output).contains(words), "{output:?}");
    }
    let output = agent(&redis, &["off", "ana"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(
        stderr(&output).contains("there is no agent `ana`"),
        "{output:?}"
    );
    assert_eq!(listed(&redis).len(), 1);
}

#[test]
fn agents_are_kept_in_the_private_redis_of_a_running_daemon() {
    let test = TestSetup::new();
    let data = test.directory.path().join("data");
    let run = || {
        binary()
            .args(["agent", "add", "ana"])
            .env("DATA_DIR", &data)
            .output()
            .unwrap()
    };
    let output = run();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(
        stderr(&output).contains("no daemon runs on the data directory"),
        "{output:?}"
    );
    let mut daemon = test.setup("all").start();
    assert!(stdout(&run()).starts_with("ana was added"));
    daemon.terminate();
    let mut daemon = test.setup("all").start();
    assert!(stdout(&run()).starts_with("ana is there already"));
    daemon.terminate();
}
