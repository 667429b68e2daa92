//! Requests over HTTP: which are accepted, which are refused, and with what answer.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Barrier;

use serde_json::json;
use waha_sm::waha::signature::sign;

use crate::harness::{PATIENCE, Redis, SECRET, SESSION, TestSetup, chat, eventually};
use crate::webhook::{self, message_with, new_message_id};

#[test]
fn a_forged_webhook_is_refused_and_logged_and_changes_nothing() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).start();
    let body = webhook::message(SESSION, &chat(1), "Ana", "oi").to_string();
    let good = sign(SECRET.as_bytes(), body.as_bytes());
    let wrong = sign(b"another secret", body.as_bytes());
    let altered = body.replace("\"oi\"", "\"ai\"");
    type Headers<'a> = Vec<(&'a str, &'a str)>;
    let forged: Vec<(&str, &str, Headers<'_>)> = vec![
        ("no signature", &body, vec![]),
        ("empty", &body, vec![("x-webhook-hmac", "")]),
        ("of another secret", &body, vec![("x-webhook-hmac", &wrong)]),
        ("not hex", &body, vec![("x-webhook-hmac", "zz")]),
        (
            "hex with one wrong letter",
            &body,
            vec![("x-webhook-hmac", "g")],
        ),
        ("cut short", &body, vec![("x-webhook-hmac", &good[..126])]),
        ("too long", &body, vec![("x-webhook-hmac", "00")]),
        ("of another body", &altered, vec![("x-webhook-hmac", &good)]),
        (
            "another algorithm",
            &body,
            vec![
                ("x-webhook-hmac", &good),
                ("x-webhook-hmac-algorithm", "sha256"),
            ],
        ),
        ("not JSON, not signed", "{", vec![]),
    ];
    for (name, body, headers) in &forged {
        let (status, answer) = daemon.poster.post_with(body.as_bytes(), headers).unwrap();
        assert_eq!(status, 403, "{name}: {answer}");
    }
    let log = daemon.log();
    assert_eq!(
        log.matches("security: refused a webhook").count(),
        forged.len(),
        "{log}"
    );
    assert!(
        log.contains("peer=127.0.0.1:") && !log.contains(SECRET),
        "{log}"
    );
    // The daemon's own housekeeping has keys, too, but none of a session.
    let of_sessions = "#redis.call('KEYS', '*{*}*') + redis.call('EXISTS', 'waha-sm:sessions')";
    assert_eq!(
        redis.number(&format!("EVAL \"return {of_sessions}\" 0")),
        0,
        "a forged webhook left something in Redis"
    );
    assert_eq!(
        daemon.metric("waha_sm_events_total{result=\"forged\"}"),
        Some(forged.len() as f64)
    );

    let upper = good.to_uppercase();
    let (status, _) = daemon
        .poster
        .post_with(body.as_bytes(), &[("x-webhook-hmac", &upper)])
        .unwrap();
    assert_eq!(
        status, 200,
        "upper-case hex is accepted, and the algorithm's header is optional"
    );
}

#[test]
fn signed_bodies_that_are_not_events_are_refused_and_unknown_payloads_are_accepted() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).start();
    let deep = format!(
        "{{\"event\":\"x\",\"session\":\"default\",\"payload\":{}1{}}}",
        "[".repeat(50_000),
        "]".repeat(50_000)
    );
    for body in [
        "",
        "null",
        "[]",
        "\"x\"",
        "{}",
        "{\"event\":1,\"session\":\"a\"}",
        "{\"event\":\"message\"}",
        "{\"event\":",
        &deep,
    ] {
        assert_eq!(
            daemon.poster.post_bytes(body.as_bytes()).unwrap().0,
            400,
            "{body:.60}"
        );
    }
    let bad_session = json!({"event": "message", "session": "a}b", "payload": {}});
    assert_eq!(daemon.poster.post(&bad_session).unwrap().0, 400);

    for body in [
        r#"{"event":"message","session":"default"}"#,
        r#"{"event":"message","session":"default","payload":7}"#,
        r#"{"event":"message","session":"default","payload":{"id":{"a":1},"from":[]}}"#,
    ] {
        let (status, answer) = daemon.poster.post_bytes(body.as_bytes()).unwrap();
        assert_eq!(
            (status, &answer["result"]),
            (200, &json!("ignored")),
            "{answer}"
        );
    }

    let chat = chat(1);
    let cut = webhook::message(SESSION, &chat, "CUT", "oi CUT")
        .to_string()
        .replace("CUT", "\\ud83d");
    assert_eq!(
        daemon.poster.post_bytes(cut.as_bytes()).unwrap().0,
        200,
        "half a surrogate pair is repaired"
    );
    let text = eventually("the message is in the history", || {
        test.history(&["--chat", &chat])
            .iter()
            .find_map(|message| message["text"].as_str().map(str::to_owned))
    });
    assert_eq!(text, "oi \u{fffd}");
}

#[test]
fn wrong_paths_methods_and_sizes_get_different_answers() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).start();
    assert_eq!(daemon.get("/nowhere").0, 404);
    assert_eq!(daemon.get("/webhook").0, 405);
    assert_eq!(daemon.get("/health").0, 200);
    let (status, ready) = daemon.get("/ready");
    assert_eq!(
        (status, ready.contains("\"redis\":{\"ready\":true}")),
        (200, true),
        "{ready}"
    );

    let head = format!(
        "POST /webhook HTTP/1.1\r\nhost: x\r\nx-webhook-hmac: {}\r\n",
        "0".repeat(128)
    );
    // If the Content-Length is too large, the body is refused before any of it is read.
    let address = daemon.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
        .write_all(format!("{head}content-length: 99999999\r\n\r\n").as_bytes())
        .unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");

    // Without a length it is refused while it is read, and the client still gets the answer.
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
        .write_all(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes())
        .unwrap();
    let chunk = [b"10000\r\n".as_slice(), &[b'x'; 0x10000], b"\r\n"].concat();
    for _ in 0..64 {
        stream.write_all(&chunk).unwrap();
    }
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");

    // The length is too large, and the client sends the body anyway.
    let huge = vec![b'x'; 4 << 20];
    assert_eq!(daemon.poster.post_bytes(&huge).unwrap().0, 413);
}

#[test]
fn a_message_acts_once_even_if_it_comes_several_times_and_under_two_event_names() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.echo())
        .set("WORKERS", "5")
        .start();
    let (chat, message_id) = (chat(1), new_message_id());
    let start = Barrier::new(5);
    let results: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..5)
            .map(|n| {
                let name = if n % 2 == 0 { "message" } else { "message.any" };
                let event = message_with(name, SESSION, &chat, "Ana", "oi", &message_id);
                let (daemon, start) = (&daemon, &start);
                scope.spawn(move || {
                    start.wait();
                    daemon.posts(&event)["result"].as_str().unwrap().to_owned()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(
        results.iter().filter(|result| *result == "queued").count(),
        1,
        "{results:?}"
    );
    assert_eq!(
        results
            .iter()
            .filter(|result| *result == "duplicate")
            .count(),
        4,
        "{results:?}"
    );
    // When the next message is answered, no earlier reply can still come.
    daemon.customer_writes(&chat, "tchau");
    assert_eq!(test.texts(&chat, 2), ["oi", "tchau"]);
}

#[test]
fn a_placeholder_event_does_not_use_up_a_messages_turn() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    let (chat, message_id) = (chat(1), new_message_id());
    let waiting = message_with("message.waiting", SESSION, &chat, "Ana", "", &message_id);
    assert_eq!(daemon.posts(&waiting)["result"], "ignored");
    let event = message_with("message", SESSION, &chat, "Ana", "oi", &message_id);
    assert_eq!(daemon.posts(&event)["result"], "queued");
    assert_eq!(test.texts(&chat, 1), ["oi"]);
}

#[test]
fn while_redis_is_down_waha_is_asked_to_retry_and_nothing_is_lost() {
    let (test, mut redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    redis.kill();
    let event = webhook::message(SESSION, &chat(1), "Ana", "oi");
    let retry_after = daemon.refuses(&event);
    assert!((1..=10).contains(&retry_after));
    let (status, ready) = daemon.get("/ready");
    assert_eq!(
        (status, ready.contains("\"ready\":false")),
        (503, true),
        "{ready}"
    );
    assert_eq!(daemon.get("/health").0, 200);

    redis.start_again();
    eventually("the webhook is accepted", || {
        (daemon.poster.post(&event).unwrap().0 == 200).then_some(())
    });
    assert_eq!(test.texts(&chat(1), 1), ["oi"]);
    assert_eq!(daemon.get("/ready").0, 200);
}
