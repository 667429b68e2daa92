//! Webhooks that engines really post: each file of `tests/fixtures/webhooks` is a flow, what is posted in a customer's chat, and what
//! the customer must get. A new file there is played too.
//!
//! `events` are posted in order; a number among them is a pause in seconds. In them `$NOW`, `$NOW-3600` and `$NOWms` are times, `$CHAT`
//! is the chat, and `$ID1` .. `$ID4` are new message ids. Unless `open` is false, the customer first wrote "oi" and was asked the
//! flow's question. `expect` has the `results` of the webhooks (null: any), and all `replies` after that question.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::harness::{Daemon, PATIENCE, Redis, TestSetup};
use crate::webhook::{new_message_id, now_ms};

/// How long after the last event the customer's replies are collected.
const REPLIES_WITHIN: Duration = Duration::from_millis(2_600);

#[derive(Deserialize)]
struct Case {
    #[serde(default)]
    name: String,
    flow: String,
    #[serde(default)]
    env: BTreeMap<String, String>,
    chat: Option<String>,
    #[serde(default = "yes")]
    open: bool,
    events: Vec<Value>,
    expect: Expected,
}

#[derive(Deserialize)]
struct Expected {
    results: Option<Vec<Option<String>>>,
    replies: Vec<String>,
}

fn yes() -> bool {
    true
}

/// The events to which WAHA may be subscribed. It then posts each of them about one message.
const FORMS: [&[&str]; 3] = [&["message"], &["message.any"], &["message", "message.any"]];

#[test]
fn webhooks_that_engines_really_post_are_answered_as_they_should_be() {
    // The cases of one flow share a daemon, each with chats of its own.
    let mut groups: BTreeMap<_, Vec<Case>> = BTreeMap::new();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/webhooks");
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let mut case: Case = serde_json::from_str(&text).unwrap();
        case.name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let group = (case.flow.clone(), case.env.clone());
        groups.entry(group).or_default().push(case);
    }
    assert!(groups.len() > 3);
    let failures: Vec<String> = thread::scope(|scope| {
        let played: Vec<_> = groups
            .iter()
            .map(|((flow, env), cases)| scope.spawn(|| play_together(flow, env, cases)))
            .collect();
        played
            .into_iter()
            .flat_map(|played| played.join().unwrap())
            .collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Plays all cases of one flow at once, in every form. Returns what went wrong.
fn play_together(flow: &str, env: &BTreeMap<String, String>, cases: &[Case]) -> Vec<String> {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let path = test.directory.path().join("flow.toml");
    std::fs::write(&path, flow).unwrap();
    let mut setup = test
        .all(&redis)
        .set("FLOW_FILE", path.display().to_string())
        .set("WORKERS", "100");
    for (name, value) in env {
        setup = setup.set(name, value);
    }
    let daemon = setup.start();
    thread::scope(|scope| {
        let mut played = Vec::new();
        for (number, case) in cases.iter().enumerate() {
            for (form, events) in FORMS.iter().enumerate() {
                if form > 0 && case.chat.is_some() {
                    continue;
                }
                let chat = format!("55319{number:04}{form:04}@c.us");
                let chat = case.chat.clone().unwrap_or(chat);
                let (test, daemon) = (&test, &daemon);
                played.push(scope.spawn(move || {
                    let wrong = play(test, daemon, case, events, &chat)?;
                    Some(format!("{} as {events:?}: {wrong}", case.name))
                }));
            }
        }
        played
            .into_iter()
            .filter_map(|played| played.join().unwrap())
            .collect()
    })
}

/// Plays a case. Returns what went wrong.
fn play(
    test: &TestSetup,
    daemon: &Daemon,
    case: &Case,
    forms: &[&str],
    chat: &str,
) -> Option<String> {
    let asked = usize::from(case.open);
    if case.open {
        daemon.customer_writes(chat, "oi");
        test.texts(chat, 1);
    }
    let ids = [(); 4].map(|()| new_message_id());
    let mut results = Vec::new();
    for event in &case.events {
        if let Some(seconds) = event.as_f64() {
            test.waha
                .wait_for(Duration::from_secs_f64(seconds), |_, _| None::<()>);
            continue;
        }
        for form in forms {
            let mut event = event.clone();
            if ["message", "message.any"].contains(&event["event"].as_str()?) {
                event["event"] = (*form).into();
            }
            fill(&mut event, chat, &ids);
            let answer = daemon.posts(&event);
            results.push(answer["result"].as_str().map(str::to_owned));
        }
    }
    let wanted = &case.expect.replies;
    let come = |within, count: usize| {
        test.waha.wait_for(within, |sent, _| {
            let come = sent.iter().filter(|sent| sent.chat == chat).count();
            (come >= asked + count).then_some(())
        });
    };
    come(PATIENCE, wanted.len());
    // One reply too many should not come.
    come(REPLIES_WITHIN, wanted.len() + 1);
    let replies = test.waha.texts(chat).split_off(asked);
    if replies != *wanted {
        return Some(format!("replies {replies:?}, wanted {wanted:?}"));
    }
    let wanted = case.expect.results.as_ref().filter(|_| forms.len() == 1)?;
    let same = wanted.len() == results.len()
        && wanted
            .iter()
            .zip(&results)
            .all(|(wanted, result)| wanted.is_none() || wanted == result);
    (!same).then(|| format!("results {results:?}, wanted {wanted:?}"))
}

/// Puts times, the chat and message ids where the case has their names.
fn fill(value: &mut Value, chat: &str, ids: &[String]) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|value| fill(value, chat, ids)),
        Value::Array(list) => list.iter_mut().for_each(|value| fill(value, chat, ids)),
        Value::String(text) => {
            if let Some(time) = text.strip_prefix("$NOW") {
                *value = if time == "ms" {
                    now_ms().into()
                } else {
                    let ago: u64 = time.strip_prefix('-').map_or(0, |ago| ago.parse().unwrap());
                    (now_ms() / 1_000 - ago).into()
                };
                return;
            }
            *text = text.replace("$CHAT", chat);
            for (number, id) in ids.iter().enumerate() {
                *text = text.replace(&format!("$ID{}", number + 1), id);
            }
        }
        _ => {}
    }
}
