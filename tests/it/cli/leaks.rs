//! Secrets and what customers wrote stay out of the log, of errors and of pages. Each test puts a word that nothing else contains
//! into one place, and looks for it in everything that the program prints.

use std::process::Output;

use serde_json::json;

use crate::harness::{API_KEY, Redis, SECRET, TestSetup, binary, chat, eventually};
use crate::webhook;

const CANARY: &str = "c4n4ry";

/// A word with characters that a URL must encode, as it is meant and as it is written.
const ODD: (&str, &str) = ("c4n4ry/@:x", "c4n4ry%2F%40%3Ax");

#[track_caller]
fn check(what: &str, text: &str) {
    assert!(!text.contains(CANARY), "{what} shows a secret:\n{text}");
}

fn printed(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).into_owned()
}

#[test]
fn addresses_with_a_password_are_never_shown_whole() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    redis.ask(&format!("CONFIG SET requirepass {}", ODD.0));
    let redis_url = format!(
        "redis+unix://:{}@localhost{}",
        ODD.1,
        redis.socket().display()
    );
    let waha = test.waha.url();
    let waha = waha.strip_prefix("http://").unwrap();
    for (format, waha) in [
        ("text", format!("http://me:{}@{waha}", ODD.1)),
        ("json", format!("http://me:{}@127.0.0.1:1/x?", ODD.1)),
        ("text", format!("http://me:{}@{waha}/nowhere", ODD.1)),
        ("json", format!("http://me:{}@waha.invalid:3000", ODD.1)),
    ] {
        let waha = waha.trim_end_matches('?').to_owned();
        let mut daemon = test
            .setup("all")
            .set("REDIS_URL", redis_url.clone())
            .set("WAHA_URL", waha.clone())
            .set("HTTP_PROXY", format!("http://me:{CANARY}@127.0.0.1:1"))
            .set("HTTPS_PROXY", format!("http://me:{CANARY}@127.0.0.1:1"))
            .set("LOG_FORMAT", format)
            .set("RUST_LOG", "debug,fred=debug")
            .spawn();
        eventually("the daemon is ready", || {
            daemon.log().contains("ready").then_some(())
        });
        daemon.customer_writes(&chat(1), "oi");
        eventually("the daemon knows whether it can use WAHA", || {
            let (_, page) = daemon.get("/ready");
            check("/ready", &page);
            (!page.contains("has reported yet")).then_some(())
        });
        check("/metrics", &daemon.get("/metrics").1);
        let address = daemon.url.strip_prefix("http://").unwrap();
        let health = binary()
            .args(["health", "--all"])
            .env("LISTEN", address)
            .env("http_proxy", format!("http://me:{CANARY}@127.0.0.1:1"))
            .output();
        let health = printed(&health.unwrap());
        assert!(health.contains("redis: ready"), "{health}");
        check("health --all", &health);
        let dead = binary()
            .args(["dead", "list"])
            .env("REDIS_URL", &redis_url)
            .output();
        check("dead list", &printed(&dead.unwrap()));
        daemon.terminate();
        check(&format!("the log with {waha}"), &daemon.log());
    }
}

#[test]
fn the_api_key_is_not_in_the_log_at_any_level() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let filters = [
        "trace",
        "TRACE,fred=trace",
        "info,ureq=trace,ureq_proto=trace",
        "ureq_proto::util=5,ureq",
    ];
    for (n, filter) in filters.into_iter().enumerate() {
        let mut daemon = test
            .all(&redis)
            .set("FLOW_FILE", test.echo())
            .set("RUST_LOG", filter)
            .spawn();
        let ana = chat(n + 1);
        eventually("the customer is answered", || {
            let _ = daemon
                .poster
                .post(&webhook::message("default", &ana, "Ana", "oi"));
            (!test.waha.texts(&ana).is_empty()).then_some(())
        });
        daemon.terminate();
        let log = daemon.log();
        // A dump has sixteen characters in a line.
        for secret in [API_KEY, SECRET] {
            for part in secret.as_bytes().chunks(8) {
                let part = String::from_utf8_lossy(part);
                let line = log
                    .lines()
                    .find(|line| part.len() == 8 && line.contains(&*part));
                assert_eq!(line, None, "{filter}");
            }
        }
    }
}

#[test]
fn a_wrong_address_is_a_mistake_that_does_not_show_its_password() {
    let test = TestSetup::new();
    for (setting, value) in [
        ("WAHA_URL", format!("me:{CANARY}@waha:3000")),
        ("WAHA_URL", format!("ftp://me:{CANARY}@waha")),
        ("WAHA_URL", format!("http://me:{CANARY} x@waha")),
        ("WAHA_URL", format!("http://me:{CANARY}%40waha?a b")),
        ("WAHA_URL", format!("http://me:a/{CANARY}@wa ha:3000")),
        ("WAHA_URL", format!("http://waha:3000?token={CANARY}")),
        ("WAHA_URL", format!("http://waha:3000/#{CANARY}")),
        ("WAHA_URL", format!("http://me:{CANARY}@[waha")),
        ("WAHA_URL", format!("http://me:{CANARY}@")),
        ("WAHA_API_KEY", format!("{CANARY}\nx")),
        ("REDIS_URL", format!("redis://me:{CANARY}@")),
        ("REDIS_URL", format!("redis://me:{CANARY}/@localhost")),
        ("REDIS_URL", format!("redis://me:x?{CANARY}@localhost")),
        ("REDIS_URL", format!("redis://localhost:{CANARY}")),
        ("REDIS_URL", format!("redis://:{CANARY}%40localhost")),
        ("REDIS_URL", format!("me:{CANARY}@localhost")),
        ("REDIS_URL", format!("redis://localhost/{CANARY}")),
        (
            "REDIS_URL",
            format!("redis-sentinel://localhost:x?sentinelPassword={CANARY}"),
        ),
    ] {
        let output = test
            .setup("all")
            .set("LISTEN", "127.0.0.1:0")
            .set(setting, &value)
            .run();
        let text = printed(&output);
        assert_eq!(output.status.code(), Some(64), "{value}: {text}");
        assert!(text.contains(&format!("waha-sm: {setting} ")), "{text}");
        check(&value.replace(CANARY, "..."), &text);
    }
    // A name in a file, and the environment that `--help` shows.
    let file = test.directory.path().join("url");
    std::fs::write(&file, format!("redis://me:{CANARY}@")).unwrap();
    let output = test
        .setup("all")
        .set("REDIS_URL_FILE", file.display().to_string())
        .run();
    check("REDIS_URL_FILE", &printed(&output));
    for command in ["all", "serve", "work", "health", "dead", "history"] {
        let mut help = binary();
        help.args([command, "--help"]);
        for setting in [
            "WAHA_URL",
            "REDIS_URL",
            "WAHA_API_KEY",
            "WEBHOOK_HMAC_SECRET",
            "WEBHOOK_HMAC_SECRET_PREVIOUS",
            "FLOW_CALL_HMAC_SECRET",
        ] {
            help.env(setting, format!("http://me:{CANARY}@x"));
        }
        check(command, &printed(&help.output().unwrap()));
    }
}

#[test]
fn a_redis_that_refuses_the_password_is_told_without_it() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    redis.ask("CONFIG SET requirepass another");
    let url = format!(
        "redis+unix://me:{}@localhost{}",
        ODD.1,
        redis.socket().display()
    );
    let output = test.setup("all").set("REDIS_URL", url).run();
    let text = printed(&output);
    assert!(text.contains("can't use Redis"), "{text}");
    check("the refusal", &text);
}

#[test]
fn what_a_customer_wrote_is_not_in_the_log_when_the_flow_or_the_shop_fails() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow = test.flow(&format!(
        r#"
        start = "menu"
        [step.menu]
        ask = "?"
        save = "n"
        next = "power"
        [step.power]
        say = "{{{{ (n | int) ** 50 }}}}"
        next = "calls"
        [step.calls]
        call = "http://127.0.0.1:1/price?token={CANARY}"
        next = "menu"
        otherwise = "menu"
        "#
    ));
    for (round, format) in ["text", "json"].into_iter().enumerate() {
        let daemon = test
            .all(&redis)
            .set("FLOW_FILE", flow.clone())
            .set("LOG_FORMAT", format)
            .set("RUST_LOG", "trace,fred=off")
            .set("WORKERS", "9")
            .spawn();
        eventually("the daemon is ready", || {
            daemon.log().contains("ready").then_some(())
        });
        for (n, figure) in ["12345678904", "98765432103"].into_iter().enumerate() {
            // Another chat in each round: the question of the round before would be taken for this one's.
            let ana = chat(10 * round + n + 1);
            daemon.customer_writes(&ana, "oi");
            test.texts(&ana, 1);
            daemon.customer_writes(&ana, figure);
            eventually("the fault is logged", || {
                let faults = daemon.log().matches("the flow failed").count();
                (faults > n).then_some(())
            });
        }
        let log = daemon.log();
        assert!(log.contains("(in step.power.say.1:1)"), "{log}");
        for figure in ["12345678904", "98765432103"] {
            let line = log.lines().find(|line| line.contains(figure));
            assert_eq!(line, None, "the log as {format}");
        }
        drop(daemon);
        redis.ask("FLUSHALL");
    }
}

#[test]
fn an_event_that_is_none_is_refused_without_its_words() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    for body in [
        format!("{{\"event\":\"message\",\"session\":\"default\",\"payload\":\"{CANARY}"),
        format!("\"{CANARY}\""),
        format!("{{\"event\":[\"{CANARY}\"],\"session\":{{\"{CANARY}\":1}}}}"),
        json!({"event": "message", "session": "default", "payload": {"id": CANARY, "timestamp": CANARY}}).to_string(),
        json!({"event": "message", "session": "", "payload": {"body": CANARY}}).to_string(),
    ] {
        let (_, answer) = daemon.poster.post_bytes(body.as_bytes()).unwrap();
        check("the answer", &answer.to_string());
    }
    let ana = chat(1);
    daemon.posts(&webhook::message("default", &ana, "Ana", CANARY));
    test.texts(&ana, 1);
    check("the log", &daemon.log());
    assert!(!daemon.log().contains(SECRET));
}
