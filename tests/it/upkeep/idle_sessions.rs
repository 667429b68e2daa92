//! Thousands of session names cost nothing while nothing happens in them, and each of them is served at once when something
//! does.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Daemon, PATIENCE, Redis, SESSION, TestSetup, chat, eventually};
use crate::webhook;

const SESSIONS: usize = 5_000;
/// In every tenth session a customer waits.
const CUSTOMER_IN: usize = 10;
/// How many entries are not in the history yet, in all sessions.
const NOT_ARCHIVED: &str = "EVAL \"local sum = 0 \
    for _, key in ipairs(redis.call('KEYS', '*:history')) do sum = sum + redis.call('XLEN', key) end \
    return sum\" 0";

fn works(session: &str) -> Value {
    json!({
        "id": format!("evt_{session}"), "timestamp": webhook::now_ms(), "event": "session.status", "session": session,
        "payload": {"name": session, "status": "WORKING"},
    })
}

/// Posts one event from each session, on several connections.
fn flood(daemon: &Daemon) {
    std::thread::scope(|scope| {
        for part in 0..4 {
            scope.spawn(move || {
                for n in (part..SESSIONS).step_by(4) {
                    let session = format!("s{n}");
                    daemon.posts(&match n % CUSTOMER_IN {
                        0 => webhook::message(&session, &chat(n + 1), "Ana", "oi"),
                        _ => works(&session),
                    });
                }
            });
        }
    });
}

/// The share of one core that the daemon uses.
fn cores(daemon: &Daemon, over: Duration) -> f64 {
    let ticks = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", daemon.id())).unwrap();
        let (_, fields) = stat.rsplit_once(") ").unwrap();
        let fields: Vec<&str> = fields.split(' ').collect();
        fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()
    };
    let (before, began) = (ticks(), Instant::now());
    // Not a wait for something: this time is what is measured.
    std::thread::sleep(over);
    // Linux counts 100 ticks a second.
    (ticks() - before) / 100.0 / began.elapsed().as_secs_f64()
}

#[test]
fn five_thousand_session_names_do_not_slow_the_metrics_nor_use_a_core() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow = test.flow("start = 'a'\n[step.a]\nask = 'name?'\nsave = 'name'\nend = 'done'\n");
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", flow)
        .set("WORKERS", "2000")
        .set(
            "RUST_LOG",
            "warn,waha_sm::service::upkeep=info,waha_sm::app=info",
        )
        .start();
    daemon.posts(&works(SESSION));
    let known = || daemon.metric(&format!("waha_sm_queue_length{{session=\"{SESSION}\"}}"));
    assert_eq!(known(), Some(0.0));
    flood(&daemon);

    let asked = Instant::now();
    let (status, text) = daemon.get("/metrics");
    let took = asked.elapsed();
    assert_eq!(status, 200, "{text}");
    assert!(took < Duration::from_secs(2), "/metrics took {took:?}");
    let labels = text
        .lines()
        .filter(|line| line.starts_with("waha_sm_queue_length{"));
    let labels: Vec<&str> = labels.collect();
    assert_eq!(labels.len(), 101, "{labels:?}");
    let own = |session: &str| {
        let label = format!("{{session=\"{session}\"}}");
        labels.iter().any(|line| line.contains(&label))
    };
    assert!(own(SESSION) && own("other"), "{labels:?}");

    // On a busy machine the flood is not over yet, and its work is not what idle sessions cost.
    let asked = test.waha.wait_for(PATIENCE, |sent, _| {
        (sent.len() == SESSIONS / CUSTOMER_IN).then_some(())
    });
    assert!(asked.is_some(), "not every customer is asked");
    let busy = || redis.number("ZCARD waha-sm:sessions-busy") as usize;
    // On a busy machine this takes a while.
    for (what, at_most) in [
        ("the first sessions are not polled any more", SESSIONS - 1),
        ("most sessions are not polled any more", SESSIONS / 2),
        (
            "only sessions with customers are polled",
            SESSIONS / CUSTOMER_IN,
        ),
    ] {
        eventually(what, || (busy() <= at_most).then_some(()));
    }
    eventually("all of it is in the history", || {
        (redis.number(NOT_ARCHIVED) == 0).then_some(())
    });
    let used = cores(&daemon, Duration::from_secs(4));
    assert!(used < 0.5, "it uses {used:.2} of a core");

    // A session that nobody polls any more.
    let begun = Instant::now();
    let ana = chat(77_777);
    daemon.posts(&webhook::message("s1", &ana, "Ana", "oi"));
    test.texts(&ana, 1);
    daemon.posts(&webhook::message("s1", &ana, "Ana", "Ana"));
    eventually("the conversation is closed", || {
        (redis.number("HLEN waha-sm:{s1}:active") == 0).then_some(())
    });
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(5), "the answer took {took:?}");
}

#[test]
fn a_session_of_a_version_that_marked_none_is_found_at_the_start() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow = test.flow("start = 'a'\n[step.a]\nask = 'name?'\nsave = 'name'\nend = 'done'\n");
    let setup = test.all(&redis).set("FLOW_FILE", flow);
    let (ana, bia) = (chat(1), chat(2));
    let mut daemon = setup.start();
    daemon.customer_writes(&ana, "oi");
    test.texts(&ana, 1);
    daemon.terminate();
    for key in ["sessions-busy", "sessions-seen", "sessions-looked-at:all"] {
        redis.ask(&format!("DEL waha-sm:{key}"));
    }
    let daemon = setup.start();
    daemon.customer_writes(&bia, "oi");
    test.texts(&bia, 1);
    daemon.customer_writes(&ana, "Ana");
    eventually("the conversation of the last run is closed", || {
        test.history(&["--conversations", "--outcome", "done"])
            .pop()
    });
}
