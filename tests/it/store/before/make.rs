//! Makes the data that a version leaves behind, by running that version.
//!
//! To make the fixture of another version, check out its commit, put this file and its parent into its `tests/it`, and run
//! `WRITE_FIXTURE=1 cargo test --test it before::make`. It writes into `tests/fixtures/before`. Otherwise it writes into a
//! temporary directory: that shows that every state can still be reached.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use fred::prelude::*;
use fred::types::Value;
use serde_json::json;

use super::*;
use crate::fake_waha::{Behaviour, Engine};
use crate::harness::{Daemon, Redis, SESSION, TestSetup, chat, eventually};
use crate::webhook::{message, message_with, new_message_id, now_ms};

const DUMP: &str = r"
local commands = {}
local function add(...) commands[#commands + 1] = cjson.encode({...}) end
local keys = redis.call('KEYS', '*')
table.sort(keys)
for _, key in ipairs(keys) do
  local kind = redis.call('TYPE', key).ok
  if kind == 'string' then add('SET', key, redis.call('GET', key))
  elseif kind == 'list' then add('RPUSH', key, unpack(redis.call('LRANGE', key, 0, -1)))
  elseif kind == 'set' then add('SADD', key, unpack(redis.call('SMEMBERS', key)))
  elseif kind == 'hash' then add('HSET', key, unpack(redis.call('HGETALL', key)))
  elseif kind == 'zset' then
    local found = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
    for i = 1, #found, 2 do add('ZADD', key, found[i + 1], found[i]) end
  elseif kind == 'stream' then
    for _, entry in ipairs(redis.call('XRANGE', key, '-', '+')) do add('XADD', key, entry[1], unpack(entry[2])) end
  end
  local left = redis.call('PTTL', key)
  if left > 0 then add('PEXPIRE', key, tostring(left)) end
end
return commands
";

fn start(test: &TestSetup, redis: &Redis, role: &'static str, close_after: &str) -> Daemon {
    let remind_after = if close_after == "1s" { "500ms" } else { "30m" };
    let flow = FLOW
        .replace("REMIND_AFTER", remind_after)
        .replace("CLOSE_AFTER", close_after);
    test.setup(role)
        .set("REDIS_URL", redis.url())
        .set("FLOW_FILE", test.flow(&flow))
        .set("WORKERS", "4")
        .start()
}

/// WAHA posts an event about one of our messages.
fn own(daemon: &Daemon, chat: &str, text: &str, message_id: &str) {
    let mut event = message_with("message.any", SESSION, chat, "Shop", text, message_id);
    event["payload"]["id"] = format!("true_{chat}_{message_id}").into();
    event["payload"]["fromMe"] = true.into();
    daemon.posts(&event);
}

/// A customer writes. Waits until they have `count` texts.
fn customer_writes(test: &TestSetup, daemon: &Daemon, n: usize, text: &str, count: usize) {
    daemon.customer_writes(&chat(n), text);
    test.texts(&chat(n), count);
}

fn event(daemon: &Daemon, name: &str, payload: &serde_json::Value) {
    let about = new_message_id().to_lowercase();
    daemon.posts(&json!({
        "event": name, "session": SESSION, "id": format!("evt_{about}"), "timestamp": now_ms(), "engine": "GOWS",
        "payload": payload,
    }));
}

fn number(redis: &Redis, command: &str, part: &str) -> i64 {
    redis.number(&format!("{command} waha-sm:{{default}}:{part}"))
}

fn is(what: &str, redis: &Redis, command: &str, part: &str, count: i64) {
    eventually(what, || {
        (number(redis, command, part) == count).then_some(())
    });
}

#[test]
fn everything_there_is() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    test.waha.imitate(Engine::Gows);
    closed_for_silence_and_two_ids(&test, &redis);
    all_states(&test, &redis);
    not_archived(&test, &redis);
    // The heartbeats of the killed processes expire.
    eventually("no process is alive", || {
        let alive = redis.number(r#"EVAL "return #redis.call('KEYS','waha-sm:process:*')" 0"#);
        (alive == 0).then_some(())
    });
    let made_at = now_ms();
    let directory = if std::env::var_os("WRITE_FIXTURE").is_some() {
        // Whether the killed process came to archive them is chance.
        assert!(
            number(&redis, "XLEN", "history") > 0,
            "everything was archived: run it again"
        );
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/before")
    } else {
        test.directory.path().join("fixture")
    };
    std::fs::create_dir_all(&directory).unwrap();
    let mut text = format!("{made_at}\n");
    for command in redis_commands(&redis) {
        writeln!(text, "{command}").unwrap();
    }
    std::fs::write(directory.join("redis.jsonl"), text).unwrap();
    let history = test.directory.path().join("data/history.sqlite");
    let history = sql(&history);
    assert!(history.contains("INSERT INTO message "), "{history}");
    std::fs::write(directory.join("history.sql"), history).unwrap();
}

fn closed_for_silence_and_two_ids(test: &TestSetup, redis: &Redis) {
    let daemon = start(test, redis, "all", "1s");
    customer_writes(test, &daemon, CLOSED, "hi", 1);
    customer_writes(test, &daemon, CLOSED, "a pie", 4);
    is("closed for silence", redis, "HLEN", "active", 0);
    let mut daemon = daemon;
    daemon.terminate();
    let daemon = start(test, redis, "all", "1h");
    // One person with two ids, and a reply whose message id is not known until its echo comes.
    let taken = Behaviour::Answers(201, "{}".to_owned(), vec![]);
    test.waha.behave_for(LID_OF_TWO, taken);
    daemon.posts(&message(SESSION, LID_OF_TWO, "Eva", "good morning"));
    is(
        "sent, and its message id is not known",
        redis,
        "LLEN",
        &format!("unclaimed:{LID_OF_TWO}"),
        1,
    );
    own(
        &daemon,
        LID_OF_TWO,
        "hello Eva: good morning",
        &new_message_id(),
    );
    let mut both = message(SESSION, LID_OF_TWO, "Eva", "a cake");
    let raw = chat(TWO_IDS).replace("@c.us", "@s.whatsapp.net");
    both["payload"]["_data"]["Info"]["SenderAlt"] = raw.into();
    daemon.posts(&both);
    is("both ids are one person", redis, "HLEN", "alias", 1);
    let message_id = new_message_id();
    daemon.posts(&message_with(
        "message",
        SESSION,
        LID_OF_TWO,
        "Eva",
        "leave",
        &message_id,
    ));
    // The edit and the withdrawal below must come after it was read.
    let conversation = format!("chat:{}", chat(TWO_IDS));
    is("left", redis, "EXISTS", &conversation, 0);
    let id = format!("false_{LID_OF_TWO}_{message_id}");
    event(
        &daemon,
        "message.edited",
        &json!({
            "id": format!("false_{LID_OF_TWO}_{}", new_message_id()), "from": LID_OF_TWO, "fromMe": false, "body": "leaving",
            "editedMessageId": message_id, "timestamp": now_ms() / 1000,
        }),
    );
    event(
        &daemon,
        "message.reaction",
        &json!({
            "id": format!("false_{LID_OF_TWO}_{}", new_message_id()), "from": LID_OF_TWO, "fromMe": false,
            "reaction": {"text": "🙏", "messageId": id}, "timestamp": now_ms() / 1000,
        }),
    );
    event(
        &daemon,
        "message.revoked",
        &json!({
            "before": null, "after": {"id": format!("false_{LID_OF_TWO}_{}", new_message_id()), "from": LID_OF_TWO, "fromMe": false,
            "timestamp": now_ms() / 1000, "body": null}, "revokedMessageId": message_id,
        }),
    );
    let sent = test.waha.sent();
    let first = sent.iter().find(|sent| sent.chat == chat(CLOSED)).unwrap();
    event(
        &daemon,
        "message.ack",
        &json!({
            "id": format!("true_{}_{}", chat(CLOSED), first.message_id), "from": chat(CLOSED), "fromMe": true, "ack": 3,
            "ackName": "READ",
        }),
    );
    // An entry of an unknown kind.
    redis.ask("XADD waha-sm:{default}:history * kind dance at 1");
    archived(redis);
    let mut daemon = daemon;
    daemon.terminate();
}

fn archived(redis: &Redis) {
    is("everything is archived", redis, "XLEN", "history", 0);
}

fn all_states(test: &TestSetup, redis: &Redis) {
    let mut daemon = start(test, redis, "all", "1h");
    customer_writes(test, &daemon, FOR_PERSON, "hi", 1);
    customer_writes(test, &daemon, FOR_PERSON, "a cake", 4);
    customer_writes(test, &daemon, FOR_PERSON, "twelve", 5);
    is("waits for a person", redis, "ZCARD", "handoff", 1);
    customer_writes(test, &daemon, WITH_OWNER, "hi", 1);
    own(
        &daemon,
        &chat(WITH_OWNER),
        "let me answer",
        &new_message_id(),
    );
    daemon.customer_writes(&chat(WITH_OWNER), "thank you");
    is("with the owner", redis, "ZCARD", "phone", 1);
    let refuses = json!({"message": "chat is odd", "statusCode": 400}).to_string();
    test.waha
        .behave_for(&chat(DEAD), Behaviour::Answers(400, refuses, vec![]));
    daemon.customer_writes(&chat(DEAD), "hi");
    is("one dead reply", redis, "XLEN", "dead", 1);
    daemon.customer_writes(&chat(DEAD), "leave");
    is("two dead replies", redis, "XLEN", "dead", 2);
    is("no conversation is active", redis, "HLEN", "active", 0);

    customer_writes(test, &daemon, ACTIVE, "hi", 1);
    customer_writes(test, &daemon, ACTIVE, "a tart", 4);
    customer_writes(test, &daemon, IN_DOUBT, "hi", 1);
    customer_writes(test, &daemon, ECHOED, "hi", 1);
    test.waha.behave_for(&chat(RETRIED), Behaviour::Fails);
    daemon.customer_writes(&chat(RETRIED), "hi");
    is(
        "has a reply",
        redis,
        "LLEN",
        &format!("lane:{}", chat(RETRIED)),
        1,
    );
    daemon.customer_writes(&chat(RETRIED), "bread");
    is(
        "more replies",
        redis,
        "LLEN",
        &format!("lane:{}", chat(RETRIED)),
        4,
    );

    // These wait in line, in this order.
    test.waha.behave_for(&chat(NOTICE), Behaviour::Fails);
    daemon.customer_writes(&chat(WAITS), "one");
    daemon.posts(&message(SESSION, LID, "Ivo", "one"));
    daemon.customer_writes(&chat(WAITS_TOO), "one");
    test.texts(&chat(WAITS_TOO), 1);
    daemon.customer_writes(&chat(NOTICE), "one");
    is(
        "has a notice",
        redis,
        "LLEN",
        &format!("lane:{}", chat(NOTICE)),
        1,
    );
    daemon.customer_writes(&chat(WAITS), "two");
    is(
        "a hidden id without its number",
        redis,
        "ZCARD",
        "unmapped",
        1,
    );
    archived(redis);

    let late = Duration::from_secs(60);
    for (n, behaviour) in [
        (IN_DOUBT, Behaviour::Hesitates(late)),
        (ECHOED, Behaviour::TakesAndHangs(late)),
    ] {
        test.waha.behave_for(&chat(n), behaviour);
        daemon.customer_writes(&chat(n), "soup");
        is("replies", redis, "LLEN", &format!("lane:{}", chat(n)), 3);
        eventually("the reply is in flight", || {
            (test.waha.under_way(&chat(n)) == 1).then_some(())
        });
    }
    test.texts(&chat(ECHOED), 2);
    archived(redis);
    daemon.kill();
}

/// Messages come in just before a process that only listens is killed, so that it does not archive them.
fn not_archived(test: &TestSetup, redis: &Redis) {
    let mut daemon = start(test, redis, "serve", "1h");
    let sent = test.waha.sent();
    let taken = sent.iter().rfind(|sent| sent.chat == chat(ECHOED)).unwrap();
    own(&daemon, &taken.chat, &taken.text, &taken.message_id);
    daemon.customer_writes(&chat(WAITS), "three");
    daemon.customer_writes(&chat(LAST), "is anybody there?");
    daemon.kill();
}

fn redis_commands(redis: &Redis) -> Vec<String> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let config = Config {
            server: ServerConfig::new_unix_socket(redis.socket()),
            ..Config::default()
        };
        let client = Builder::from_config(config).build().unwrap();
        client.init().await.unwrap();
        let commands: Value = client
            .eval(DUMP, "none", Vec::<String>::new())
            .await
            .unwrap();
        let commands = commands.into_array().into_iter();
        commands.map(|one| one.into_string().unwrap()).collect()
    })
}

/// The tables that SQLite keeps for a search index.
fn is_words(table: &str) -> bool {
    table.starts_with("message_text_") || table.starts_with("note_text_")
}

/// The history as SQL. Of the search index, it has the underlying tables.
fn sql(path: &Path) -> String {
    let db = rusqlite::Connection::open(path).unwrap();
    let rows = |query: &str| -> Vec<(String, String)> {
        let mut query = db.prepare(query).unwrap();
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().map(Result::unwrap).collect()
    };
    let version: i64 = db
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    let mut text = format!("PRAGMA user_version = {version};\n");
    let schema = rows("SELECT name, sql FROM sqlite_schema WHERE sql NOT NULL ORDER BY rowid");
    for (name, sql) in &schema {
        if !is_words(name) {
            writeln!(text, "{sql};").unwrap();
        }
    }
    for (table, sql) in &schema {
        if !sql.starts_with("CREATE TABLE") {
            continue;
        }
        if is_words(table) {
            writeln!(text, "DELETE FROM {table};").unwrap();
        }
        let columns = rows(&format!(
            "SELECT name, type FROM pragma_table_info('{table}')"
        ));
        let names: Vec<_> = columns.into_iter().map(|(name, _)| name).collect();
        let names = names.join(", ");
        let quoted = names
            .split(", ")
            .map(|name| format!("quote({name})"))
            .collect::<Vec<_>>()
            .join(" || ', ' || ");
        for (row, _) in rows(&format!("SELECT {quoted}, '' FROM {table}")) {
            writeln!(text, "INSERT INTO {table} ({names}) VALUES ({row});").unwrap();
        }
    }
    text
}
