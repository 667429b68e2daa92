//! Agents are added, changed, listed and taken out of service on the command line.

use std::process::Output;
use std::time::Duration;

use serde_json::{Value, json};
use waha_sm::clock::Millis;
use waha_sm::ids::AgentName;
use waha_sm::service::accounts::accounts::Accounts;
use waha_sm::service::accounts::invitations::Accepted;
use waha_sm::store::{RedisServer, Store, StoreConfig};

use crate::harness::{PATIENCE, Redis, TestSetup, binary};

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

    assert_eq!(
        stdout(&agent(&redis, &["off", "ana"])),
        "ana is off, and takes nothing more. All customers of ana go back to the line. Logins and API tokens of ana have ended.\n"
    );
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
            "seen_at": null, "has_password": false, "link_until": null,
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
            "PASSWORD",
            "PRESENT",
            "LAST SEEN"
        ]
    );
    assert_eq!(
        rows[1][..8],
        ["ana", "attendant", "sales", "all", "2", "8", "no", "yes"]
    );
    assert_eq!(rows[2][6..], ["no", "no", "10 min ago"], "{table}");
    assert_eq!(rows[3][6..], ["no", "off", "never"], "{table}");
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

/// The same for a shop with a console.
fn with_console(redis: &Redis, console: &[(&str, &str)], arguments: &[&str]) -> Output {
    binary()
        .arg("agent")
        .args(arguments)
        .env("REDIS_URL", redis.url())
        .envs(console.iter().copied())
        .output()
        .unwrap()
}

const CONSOLE: &[(&str, &str)] = &[("CONSOLE_LISTEN", "127.0.0.1:8081")];

/// The accounts as the console sees them.
async fn accounts(redis: &Redis) -> Accounts {
    let config = StoreConfig {
        server: RedisServer::Url(redis.url()),
        prefix: "waha-sm:".to_owned(),
        first_notice_after: Duration::ZERO.into(),
        connections: Default::default(),
    };
    Accounts::new(Store::connect(&config, PATIENCE).await.unwrap())
}

/// The token of the link that a command prints on a line of its own.
#[track_caller]
fn token_of_link(output: &Output, address: &str) -> String {
    let text = stdout(output);
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("://")).collect();
    let [link] = lines[..] else {
        panic!("one link: {text}");
    };
    let token = link
        .strip_prefix(address)
        .unwrap_or_else(|| panic!("{link}"));
    token.to_owned()
}

#[tokio::test]
async fn a_new_agent_gets_a_link_and_another_one_after_passwd() {
    let redis = Redis::start();
    let (accounts, ana) = (accounts(&redis).await, AgentName::stored("ana"));
    let now = Millis::now();
    let local = "http://127.0.0.1:8081/welcome/";
    let added = with_console(&redis, CONSOLE, &["add", "ana", "--role", "owner"]);
    let token = token_of_link(&added, local);
    assert!(
        stdout(&added)
            .contains("With this link, ana sets a password. It works once, within 24 hours:"),
        "{added:?}"
    );
    assert_eq!(stderr(&added), "");
    let table = stdout(&agent(&redis, &["list"]));
    assert!(
        table.contains("link, 23 h 59 min left") || table.contains("link, 1 d left"),
        "{table}"
    );

    // Repeated, it keeps the link that ana may have got already.
    for arguments in [&["add", "ana"][..], &["add", "ana", "--max-chats", "3"]] {
        let again = stdout(&with_console(&redis, CONSOLE, arguments));
        assert!(!again.contains("://"), "{again}");
    }
    let password = "padaria verde 7";
    let accepted = accounts.accept_invite(&token, password, now).await.unwrap();
    let Accepted::Welcome(proven) = accepted else {
        panic!("{accepted:?}");
    };
    let login = accounts.log_in(&proven, now).await.unwrap();
    assert!(proven.agent.may_steer());
    assert_eq!(listed(&redis)[0]["has_password"], true);

    let public = &[("CONSOLE_URL", "https://shop.example/desk/"), CONSOLE[0]];
    stdout(&agent(&redis, &["token", "ana", "--label", "till"]));
    let reset = with_console(&redis, public, &["passwd", "ana"]);
    let token = token_of_link(&reset, "https://shop.example/desk/welcome/");
    assert!(
        stderr(&reset).contains("ana has API tokens (1), which still work"),
        "{reset:?}"
    );
    assert!(accounts.logged_in(&login, now).await.unwrap().is_none());
    assert_eq!(accounts.check_password(&ana, password).await.unwrap(), None);
    assert!(accounts.invited(&token, now).await.unwrap().is_some());
    // The owner who is always there gets in the same way.
    let owner = with_console(&redis, public, &["passwd", "owner", "--format", "jsonl"]);
    let owner: Value = serde_json::from_str(&stdout(&owner)).unwrap();
    let link = owner["link"].as_str().unwrap();
    assert!(
        link.starts_with("https://shop.example/desk/welcome/owner."),
        "{link}"
    );
}

#[test]
fn without_a_console_an_agent_is_added_and_the_command_says_how_to_switch_it_on() {
    let redis = Redis::start();
    let added = agent(&redis, &["add", "ana"]);
    assert!(stdout(&added).starts_with("ana was added: ") && !stdout(&added).contains("link"));
    assert!(
        stderr(&added).contains("start the daemon with CONSOLE_LISTEN")
            && stderr(&added).contains("`waha-sm agent passwd ana`"),
        "{added:?}"
    );
    let output = agent(&redis, &["passwd", "ana"]);
    assert_eq!(output.status.code(), Some(64), "{output:?}");
    assert!(stderr(&output).contains("CONSOLE_LISTEN"), "{output:?}");
    // Everywhere in the house: the link is for this machine.
    let everywhere = &[("CONSOLE_LISTEN", "0.0.0.0:8081")];
    let output = with_console(&redis, everywhere, &["passwd", "ana"]);
    token_of_link(&output, "http://localhost:8081/welcome/");
    let wrong = &[("CONSOLE_URL", "shop.example")];
    let output = with_console(&redis, wrong, &["add", "bia"]);
    assert_eq!(output.status.code(), Some(64), "{output:?}");
    assert!(stderr(&output).contains("CONSOLE_URL is"), "{output:?}");
    assert_eq!(listed(&redis).len(), 2, "bia was not added");
}

#[tokio::test]
async fn off_ends_logins_links_and_tokens_and_they_stay_ended() {
    let redis = Redis::start();
    let accounts = accounts(&redis).await;
    let now = Millis::now();
    let added = with_console(&redis, CONSOLE, &["add", "ana"]);
    let link = token_of_link(&added, "http://127.0.0.1:8081/welcome/");
    let accepted = accounts.accept_invite(&link, "padaria verde 7", now).await;
    let Ok(Accepted::Welcome(proven)) = accepted else {
        panic!("{accepted:?}");
    };
    let login = accounts.log_in(&proven, now).await.unwrap();
    let token = stdout(&agent(&redis, &["token", "ana", "--label", "till"]));
    let token = token.trim_end();
    let link = accounts.invite(&proven.agent.name, now).await.unwrap();
    let is_in = async || {
        (
            accounts.logged_in(&login, now).await.unwrap().is_some(),
            accounts.of_token(token).await.unwrap().is_some(),
            accounts.invited(&link, now).await.unwrap().is_some(),
        )
    };
    assert_eq!(is_in().await, (true, true, true));
    stdout(&agent(&redis, &["off", "ana"]));
    assert_eq!(is_in().await, (false, false, false));
    for arguments in [&["passwd", "ana"][..], &["token", "ana", "--label", "x"]] {
        let output = with_console(&redis, CONSOLE, arguments);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(stderr(&output).contains("ana is off"), "{output:?}");
    }
    let back = with_console(&redis, CONSOLE, &["add", "ana"]);
    assert!(stdout(&back).starts_with("ana is back in service") && !stdout(&back).contains("://"));
    assert_eq!(is_in().await, (false, false, false));
    assert_eq!(
        listed(&redis)[0]["has_password"],
        true,
        "the password is still hers"
    );
}

#[test]
fn a_role_is_changed_and_nothing_else() {
    let redis = Redis::start();
    stdout(&agent(&redis, &["add", "ana", "--team", "sales"]));
    let changed = agent(&redis, &["role", "ana", "owner"]);
    assert_eq!(stdout(&changed), "ana has the role owner now.\n");
    let ana = &listed(&redis)[0];
    assert_eq!(
        (&ana["role"], &ana["teams"]),
        (&json!("owner"), &json!(["sales"]))
    );
    let changed = agent(&redis, &["role", "ana", "attendant", "--format", "jsonl"]);
    let changed: Value = serde_json::from_str(&stdout(&changed)).unwrap();
    assert_eq!(changed["agent"]["role"], "attendant");
    let output = agent(&redis, &["role", "owner", "attendant"]);
    assert_eq!(output.status.code(), Some(64), "{output:?}");
    let output = agent(&redis, &["role", "bia", "owner"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[test]
fn api_tokens_are_made_listed_without_their_words_and_revoked() {
    let redis = Redis::start();
    stdout(&agent(&redis, &["add", "ana"]));
    assert_eq!(
        stdout(&agent(&redis, &["token", "ana"])),
        "ana has no API tokens.\n"
    );
    let made = agent(&redis, &["token", "ana", "--label", "the till"]);
    let token = stdout(&made).trim_end().to_owned();
    assert!(
        token.starts_with("wsm_") && !token.contains(char::is_whitespace),
        "{token}"
    );
    assert!(stderr(&made).contains("shown only now"), "{made:?}");
    let other = agent(
        &redis,
        &["token", "ana", "--label", "stock", "--format", "jsonl"],
    );
    let other: Value = serde_json::from_str(&stdout(&other)).unwrap();
    assert!(other["token"].as_str().unwrap().starts_with("wsm_"));

    let table = stdout(&agent(&redis, &["token", "ana"]));
    assert!(
        table.contains("the till") && table.contains("stock") && !table.contains(&token),
        "{table}"
    );
    assert!(table.contains(&token[token.len() - 4..]), "{table}");
    let list = stdout(&agent(&redis, &["token", "ana", "--format", "jsonl"]));
    let first: Value = serde_json::from_str(list.lines().next().unwrap()).unwrap();
    let id = first["id"].as_str().unwrap();
    let revoked = agent(&redis, &["token", "ana", "--revoke", id]);
    assert_eq!(
        stdout(&revoked),
        "1 API token of ana does not work any more.\n"
    );
    let output = agent(&redis, &["token", "ana", "--revoke", id]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    stdout(&agent(&redis, &["token", "ana", "--revoke-all"]));
    assert_eq!(
        stdout(&agent(&redis, &["token", "ana"])),
        "ana has no API tokens.\n"
    );
    for arguments in [
        &["token", "ana", "--label", " "][..],
        &["token", "ana", "--label", "x", "--revoke-all"],
    ] {
        let output = agent(&redis, arguments);
        assert_eq!(output.status.code(), Some(64), "{output:?}");
    }
}

#[test]
fn a_team_that_no_flow_has_is_warned_of() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let good =
        test.flow("start = \"a\"\n[team.sales]\n[step.a]\nhandoff = \"x\"\nteam = \"sales\"\n");
    let add = |flow: &str, team: &str| {
        let output = with_console(
            &redis,
            &[("FLOW_FILE", flow)],
            &["add", "ana", "--team", team],
        );
        stdout(&output);
        stderr(&output)
    };
    assert!(!add(&good, "sales").contains("no team"));
    assert!(add(&good, "slaes").contains("the flow has no team `slaes`: is its name right?"));
    assert!(!add("", "slaes").contains("no team"));
    assert!(add("/nowhere.toml", "sales").contains("the teams can't be checked"));
}
