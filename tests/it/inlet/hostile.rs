//! Forged, oversized and slow requests, and customers who write strange text: none of them does harm.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use waha_sm::waha::signature::sign;

use crate::crowd::Crowd;
use crate::fake_waha::Behaviour;
use crate::harness::{
    Daemon, PATIENCE, Redis, SECRET, SESSION, TestSetup, binary, chat, eventually,
};
use crate::hostile::Hostile;
use crate::traffic::Traffic;
use crate::volley::Volley;
use crate::webhook::{self, Poster, message_with, new_message_id};

/// A well-formed signature that no secret made.
const NOBODYS: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\
                       0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn address(daemon: &Daemon) -> SocketAddr {
    daemon.url.trim_start_matches("http://").parse().unwrap()
}

fn connect(daemon: &Daemon) -> TcpStream {
    let stream = TcpStream::connect(address(daemon)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

fn head(signature: &str, length: usize) -> String {
    format!(
        "POST /webhook HTTP/1.1\r\nhost: x\r\nx-webhook-hmac: {signature}\r\ncontent-length: {length}\r\n\r\n"
    )
}

/// The status line and the headers of the answer.
fn answer(stream: &TcpStream) -> String {
    let mut text = String::new();
    let mut reader = BufReader::new(stream);
    while reader.read_line(&mut text).unwrap_or(0) > 2 {}
    text
}

/// What Redis holds of all sessions: each key with its content, byte by byte.
fn everything(redis: &Redis) -> BTreeMap<String, Vec<u8>> {
    let mut reader = BufReader::new(UnixStream::connect(redis.socket()).unwrap());
    let mut ask = |parts: &[&[u8]]| {
        let mut command = format!("*{}\r\n", parts.len()).into_bytes();
        for part in parts {
            command.extend(format!("${}\r\n", part.len()).into_bytes());
            command.extend_from_slice(part);
            command.extend(b"\r\n");
        }
        reader.get_mut().write_all(&command).unwrap();
        texts(&mut reader)
    };
    let keys = ask(&[b"KEYS", b"*"]);
    keys.into_iter()
        .filter(|key| of_sessions(key))
        .map(|key| {
            let dump = ask(&[b"DUMP", &key]).pop().unwrap_or_default();
            (String::from_utf8_lossy(&key).into_owned(), dump)
        })
        .collect()
}

/// Whether a key belongs to the sessions and their customers. The others are those of the processes, and change by themselves, as
/// do the status of a session, which is asked again and again, and when it was last busy.
fn of_sessions(key: &[u8]) -> bool {
    (key.contains(&b'{') && !key.ends_with(b":status")) || key == b"waha-sm:sessions"
}

/// The bulk strings of an answer.
fn texts(reader: &mut BufReader<UnixStream>) -> Vec<Vec<u8>> {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let number: i64 = line[1..].trim().parse().unwrap();
    match &line[..1] {
        "*" => (0..number).flat_map(|_| texts(reader)).collect(),
        _ if number < 0 => Vec::new(),
        _ => {
            let mut text = vec![0; usize::try_from(number).unwrap() + 2];
            reader.read_exact(&mut text).unwrap();
            text.truncate(text.len() - 2);
            vec![text]
        }
    }
}

/// A daemon that has served one customer and is idle, and everything in Redis at that moment.
fn at_rest(test: &TestSetup, redis: &Redis) -> (Daemon, BTreeMap<String, Vec<u8>>) {
    let setup = test.all(redis).set("FLOW_FILE", test.echo());
    // It would note our own reply, if it finds it at WAHA.
    let daemon = setup.set("CATCH_UP_INTERVAL", "0").start();
    daemon.customer_writes(&chat(1), "hello");
    test.texts(&chat(1), 1);
    eventually("everything is archived and settled", || {
        (redis.number("XLEN waha-sm:{default}:history") == 0
            && redis.number("HLEN waha-sm:{default}:sending") == 0
            && test.history(&[]).len() == 2)
            .then_some(())
    });
    let before = everything(redis);
    (daemon, before)
}

#[test]
fn during_a_change_of_secret_the_old_and_the_new_one_are_accepted() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let new = "the new secret, long enough to be one";
    let file = test.directory.path().join("previous");
    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    let setup = test.all(&redis).set("WEBHOOK_HMAC_SECRET", new).set(
        "WEBHOOK_HMAC_SECRET_PREVIOUS_FILE",
        file.display().to_string(),
    );
    let mut daemon = setup.start();
    for (n, secret, status) in [(1, new, 200), (2, SECRET, 200), (3, "another secret", 403)] {
        let event = webhook::message(SESSION, &chat(n), "Ana", "oi");
        let (got, answer) = Poster::new(&daemon.url, secret).post(&event).unwrap();
        assert_eq!(got, status, "{n}: {answer}");
    }
    let log = daemon.log();
    assert!(
        log.contains("WEBHOOK_HMAC_SECRET_PREVIOUS is set") && log.contains("remove it"),
        "{log}"
    );
    assert!(!log.contains(SECRET) && !log.contains(new), "{log}");
    daemon.kill();
    let daemon = setup.set("WEBHOOK_HMAC_SECRET", SECRET).start();
    daemon.wait_for_log("is the same as WEBHOOK_HMAC_SECRET");
}

#[test]
fn a_request_without_a_signature_is_refused_before_its_body_is_read() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).start();
    for signature in ["", "00", &NOBODYS[1..], &NOBODYS.replace('0', "g")] {
        // A Content-Length, but no body.
        let mut stream = connect(&daemon);
        stream
            .write_all(head(signature, 1_000_000).as_bytes())
            .unwrap();
        let answer = answer(&stream);
        assert!(answer.starts_with("HTTP/1.1 403"), "{signature}: {answer}");
        // The body is sent as well.
        let mut stream = connect(&daemon);
        stream
            .write_all(head(signature, 1_000_000).as_bytes())
            .unwrap();
        stream.write_all(&vec![b'x'; 1_000_000]).unwrap();
        let answer = self::answer(&stream);
        assert!(answer.starts_with("HTTP/1.1 403"), "{signature}: {answer}");
    }
    assert_eq!(
        daemon.metric("waha_sm_events_total{result=\"forged\"}"),
        Some(8.0)
    );
}

#[test]
fn large_bodies_from_strangers_do_not_fill_memory_or_block_customers() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).start();
    let most = vec![b'x'; 2_000_000];
    let mut strangers: Vec<TcpStream> = (0..60)
        .map(|_| {
            let mut stream = connect(&daemon);
            stream
                .write_all(head(NOBODYS, 2_097_152).as_bytes())
                .unwrap();
            // If it has to make room half-way, the connection may close before everything is written.
            let _ = stream.write_all(&most);
            stream
        })
        .collect();
    // The last few have the memory; the others made room for them.
    let held = strangers.split_off(53);
    let refused = answer(&strangers[0]);
    assert!(
        refused.starts_with("HTTP/1.1 503") && refused.contains("retry-after"),
        "{refused}"
    );
    let small = webhook::message(SESSION, &chat(1), "Ana", &"oi ".repeat(4_000));
    assert_eq!(daemon.posts(&small)["result"], "queued");
    let large = webhook::message(SESSION, &chat(2), "Ana", &"oi ".repeat(200_000));
    assert_eq!(daemon.posts(&large)["result"], "queued");
    drop(held);
    daemon.wait_for_log("too many large webhooks at once");
}

#[test]
fn a_flood_of_forged_webhooks_is_counted_and_does_not_fill_the_log() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).start();
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..200 {
                    let (status, _) = daemon
                        .poster
                        .post_with(b"{}", &[("x-webhook-hmac", NOBODYS)])
                        .unwrap();
                    assert_eq!(status, 403);
                }
            });
        }
    });
    assert_eq!(
        daemon.metric("waha_sm_events_total{result=\"forged\"}"),
        Some(800.0)
    );
    let sums = |log: &str| -> u64 {
        log.lines()
            .filter(|line| line.contains("security: refused"))
            .filter_map(|line| {
                let more = line.split("more=").nth(1)?;
                more.split_whitespace().next()?.parse::<u64>().ok()
            })
            .sum()
    };
    eventually("the log counts all refusals", || {
        let log = daemon.log();
        let each = log.matches("refused a webhook").count() as u64;
        (each + sums(&log) == 800).then_some(())
    });
    let logged = daemon.log().matches("security: refused").count() as u64;
    assert!(
        logged <= 25 + 2 * began.elapsed().as_secs(),
        "{logged} lines of 800 refusals"
    );
}

/// `examples/load.rs --hostile` posts a million of them.
#[test]
fn hostile_webhooks_are_refused_or_taken_and_a_fresh_customer_is_answered() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.echo())
        .set("WORKERS", "2000")
        .set("RUST_LOG", "info")
        .start();
    std::thread::scope(|scope| {
        for seed in 0..4 {
            let daemon = &daemon;
            scope.spawn(move || {
                let mut hostile = Hostile::new(seed, SECRET);
                for n in 0..700 {
                    let webhook = hostile.webhook();
                    let headers: Vec<_> = webhook
                        .headers
                        .iter()
                        .map(|(name, value)| (*name, value.as_str()))
                        .collect();
                    let (status, answer) = daemon
                        .poster
                        .post_with(&webhook.body, &headers)
                        .unwrap_or_else(|error| panic!("{seed}, {n}: {error}"));
                    assert_eq!(status == 403, webhook.is_forged, "{seed}, {n}: {answer}");
                    assert!(status < 500, "{seed}, {n}: {answer}");
                }
            });
        }
    });
    daemon.customer_writes(&chat(1), "hello");
    assert_eq!(test.texts(&chat(1), 1), ["hello"]);
    let log = daemon.log();
    assert!(!log.contains("panicked"), "{log}");
}

/// Posts `total` webhooks at 100 a second, and returns the 99th percentile of their latencies.
fn p99(daemon: &Daemon, total: usize) -> Duration {
    let volley = Volley {
        address: address(daemon),
        requests: Traffic::new(total, 40).requests(address(daemon), SECRET),
        connections: 4,
        rate: Some(100.0),
    };
    let shots = volley.fire().unwrap();
    let mut times: Vec<Duration> = shots
        .iter()
        .map(|shot| shot.taken.expect("every webhook is accepted") - shot.intended)
        .collect();
    times.sort();
    times[times.len() * 99 / 100]
}

/// `examples/load.rs` measures more: 2,500 clients and 200 webhooks a second.
#[test]
fn idle_and_slow_clients_do_not_delay_webhooks() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    let _crowd = Crowd::gather(address(&daemon), 400, 100).unwrap();
    let p99 = p99(&daemon, 300);
    // Generous, because this is a debug build on a machine that runs other tests too.
    assert!(p99 < Duration::from_millis(500), "{p99:?}");
}

#[test]
fn silent_clients_make_room_for_a_webhook_the_oldest_first() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).start();
    daemon.customer_writes(&chat(1), "hello");
    let first = Instant::now();
    let crowd: Vec<TcpStream> = (0..4_200).map(|_| connect(&daemon)).collect();
    let began = Instant::now();
    assert_eq!(
        daemon.customer_writes(&chat(2), "hello")["result"],
        "queued"
    );
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
    let is_open = |stream: &TcpStream| {
        stream.set_nonblocking(true).unwrap();
        stream
            .peek(&mut [0])
            .is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    };
    eventually("the oldest is closed", || {
        (!is_open(&crowd[0])).then_some(())
    });
    // While there was room, each got ten seconds; then two. A busy machine may need longer.
    if first.elapsed() < Duration::from_secs(9) {
        assert!(is_open(&crowd[1_000]));
    }
}

#[test]
fn a_body_that_arrives_byte_by_byte_gets_a_timeout_answer_after_seconds() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).start();
    let mut stream = connect(&daemon);
    stream.write_all(head(NOBODYS, 5_000).as_bytes()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_millis(250)))
        .unwrap();
    let began = Instant::now();
    eventually("the request is answered", || {
        let _ = stream.write(b"x");
        stream.peek(&mut [0]).is_ok().then_some(())
    });
    let answer = answer(&stream);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn an_event_with_an_invalid_session_name_is_ignored_and_creates_no_key() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let (daemon, before) = at_rest(&test, &redis);
    let long = "a".repeat(55);
    for name in [
        "", " ", "a}b", "{a", "a{b}c", "a\nb", "a:b", "a b", "sessão", "ａ", "a\0", "../a", "*",
        &long,
    ] {
        let event = message_with("message", name, &chat(2), "Ana", "oi", &new_message_id());
        let (status, answer) = daemon.poster.post(&event).unwrap();
        assert_eq!(status, 400, "{name:?}: {answer}");
    }
    assert_eq!(everything(&redis), before);
    for name in ["A-b_9", &long[..54]] {
        let event = message_with("message", name, &chat(2), "Ana", "oi", &new_message_id());
        assert_eq!(daemon.posts(&event)["result"], "queued", "{name:?}");
    }
}

#[test]
fn a_chat_id_of_an_unknown_form_is_ignored_and_creates_no_key() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let (daemon, before) = at_rest(&test, &redis);
    let digits = "1".repeat(1_000);
    let long = format!("{digits}@c.us");
    for id in [
        "",
        "@",
        "@c.us",
        "x@c.us",
        "0@c.us",
        "5511}@c.us",
        "{5511}@c.us",
        "55 11@c.us",
        "5511\n@c.us",
        "5511\0@c.us",
        "5511@c.us\n",
        "5511@c.us@c.us",
        "5511@c.us:1",
        "5511:x@c.us",
        "+5511@c.us",
        "٥٥١١@c.us",
        "５５１１@c.us",
        "-5511@c.us",
        "5511@evil.us",
        "5511@g.us",
        "5511*@c.us",
        "../5511@c.us",
        &digits,
        &long,
    ] {
        for name in ["message", "message.any"] {
            let event = message_with(name, SESSION, id, "Ana", "oi", &new_message_id());
            assert_eq!(daemon.posts(&event)["result"], "ignored", "{name} {id:?}");
        }
        for name in [
            "message.ack",
            "message.edited",
            "message.revoked",
            "message.reaction",
        ] {
            let event = json!({"event": name, "session": SESSION, "id": format!("evt_{}", new_message_id()), "payload": {
                "id": format!("true_{id}_{}", new_message_id()), "from": id, "to": id, "fromMe": true, "ack": 3, "body": "x",
                "editedMessageId": "X", "revokedMessageId": "X", "reaction": {"text": "x", "messageId": format!("true_{id}_X")},
                "after": {"id": format!("true_{id}_{}", new_message_id()), "from": id}}});
            assert_eq!(daemon.posts(&event)["result"], "ignored", "{name} {id:?}");
        }
    }
    let after = everything(&redis);
    assert_eq!(
        after.keys().collect::<Vec<_>>(),
        before.keys().collect::<Vec<_>>()
    );
    assert_eq!(after, before);
}

/// Characters that control a terminal, reorder the text on it, or hide in it.
fn harmful(text: &str) -> Option<char> {
    text.chars().find(|c| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(
                c,
                '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
                    | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
            )
    })
}

/// Made with joiners and variation selectors.
const EMOJIS: &str = "family 👩\u{200d}👩\u{200d}👧 heart ❤\u{fe0f}";

pub(crate) const STRANGE: &[&str] = &[
    "{{ 7*7 }}",
    "{% raise %}{{ name.__class__ }}{# x #}",
    "a\u{1b}[31mred\u{1b}]0;title\u{7}",
    "nul\0 del\u{7f} csi\u{9b}31m nel\u{85}",
    "abc\u{202e}fed\u{2066}x\u{2069}",
    "rlm\u{200f}alm\u{61c}lrm\u{200e}zero\u{200b}join\u{2060}bom\u{feff}soft\u{ad}line\u{2028}tag\u{e0041}",
    EMOJIS,
    "$(id) `id` %s %n ${x} \\x1b[31m \\u001b",
];

#[test]
fn customer_text_can_control_neither_the_flow_nor_the_terminal() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow = test.flow(
        "start = \"ask\"\n[step.ask]\nask = \"<{{ name }}><{{ opening }}>\"\nsave = \"said\"\nnext = \"done\"\n\
         [step.done]\nsay = \"<{{ said }}><{{ answer | upper }}>\"\nend = \"done\"\n",
    );
    for (n, format) in [(1, "text"), (2, "json")] {
        let daemon = test
            .all(&redis)
            .set("FLOW_FILE", flow.clone())
            .set("WORKERS", "20")
            .set("LOG_FORMAT", format)
            .set("RUST_LOG", "trace")
            .spawn();
        eventually("the daemon is ready", || {
            daemon.log().contains("ready").then_some(())
        });
        for (i, text) in STRANGE.iter().enumerate() {
            let chat = chat(n * 100 + i);
            let say = |text: &str| {
                let event = webhook::message(SESSION, &chat, text, text);
                eventually("the message is accepted", || {
                    (daemon.poster.post(&event).ok()?.0 == 200).then_some(())
                });
            };
            say(text);
            let first = &test.texts(&chat, 1)[0];
            assert!(first.ends_with(&format!("<{text}>")), "{first:?}");
            if harmful(text).is_none() {
                assert_eq!(*first, format!("<{text}><{text}>"));
            }
            say(text);
            let second = &test.texts(&chat, 2)[1];
            assert_eq!(*second, format!("<{text}><{}>", text.to_uppercase()));
        }
        // WAHA's answers are logged, and WAHA repeats what customers wrote.
        let strange = STRANGE.concat();
        test.waha.behave_for(
            &chat(n * 100 + 50),
            Behaviour::Answers(400, json!({"message": strange}).to_string(), vec![]),
        );
        let to = chat(n * 100 + 50);
        daemon.customer_writes(&to, "hello");
        daemon.wait_for_log("gave up on a reply");
        daemon.posts(&json!({"event": "session.status", "session": SESSION, "payload": {"name": SESSION, "status": strange}}));
        daemon.posts(&json!({"event": "message.ack", "session": SESSION, "id": format!("evt_{}", new_message_id()), "payload": {
            "id": format!("true_{to}_{}", new_message_id()), "from": to, "fromMe": true, "ack": -1, "error": strange}}));
        daemon.posts(&json!({"event": strange, "session": SESSION, "payload": {}}));
        daemon
            .poster
            .post(&json!({"event": strange, "session": strange}))
            .unwrap();
        let log = daemon.log();
        assert_eq!(harmful(&log), None, "the log as {format}");
        if format == "json" {
            let lines = log.lines().map(serde_json::from_str::<Value>);
            assert!(lines.into_iter().all(|line| line.is_ok()), "{log}");
        }
        eventually("everything is archived", || {
            (test.history(&[]).len() >= n * (4 * STRANGE.len() + 2)).then_some(())
        });
    }
    for arguments in [
        &["history"][..],
        &["history", "--conversations"],
        &["dead", "list"],
    ] {
        for format in ["text", "jsonl"] {
            let output = binary()
                .args(arguments)
                .args(["--format", format])
                .env("DATA_DIR", test.directory.path().join("data"))
                .env("REDIS_URL", redis.url())
                .output()
                .unwrap();
            let shown = String::from_utf8(output.stdout.clone()).unwrap();
            assert!(shown.lines().count() > 1, "{arguments:?} {output:?}");
            assert_eq!(harmful(&shown), None, "{arguments:?} as {format}");
            if arguments.len() == 1 {
                assert!(shown.contains(EMOJIS), "{arguments:?} as {format}");
            }
        }
    }
}

#[test]
fn random_bytes_change_nothing_unless_they_are_signed() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let (daemon, before) = at_rest(&test, &redis);
    let mut random = fastrand::Rng::with_seed(20_261_122);
    let body = webhook::message(SESSION, &chat(2), "Ana", "oi").to_string();
    let good = sign(SECRET.as_bytes(), body.as_bytes());
    for n in 0..400 {
        let mut stream = connect(&daemon);
        let mut bytes: Vec<u8> = match n % 4 {
            0 => (0..random.usize(1..4_000)).map(|_| random.u8(..)).collect(),
            1 => {
                let method = random.choice(["GET", "POST", "PUT", "DELETE", "PRI", "\0", "post"]);
                let path =
                    random.choice(["/webhook", "/", "/metrics", "/../webhook", "*", "//webhook"]);
                let name =
                    random.choice(["x-webhook-hmac", "transfer-encoding", "content-length", "é"]);
                let value =
                    random.choice(["chunked", "-1", "18446744073709551616", &good, "\u{1b}[31m"]);
                format!(
                    "{} {} HTTP/1.1\r\n{}: {}\r\n\r\n",
                    method.unwrap(),
                    path.unwrap(),
                    name.unwrap(),
                    value.unwrap()
                )
                .into_bytes()
            }
            // The signature is right, and the body was altered.
            2 => {
                let mut altered = body.clone().into_bytes();
                let at = random.usize(..altered.len());
                altered[at] ^= 1 << random.u8(..8);
                [head(&good, altered.len()).into_bytes(), altered].concat()
            }
            // The body is right, and the signature was altered.
            _ => {
                let mut wrong = good.clone().into_bytes();
                let at = random.usize(..wrong.len());
                wrong[at] = if wrong[at] == b'0' { b'1' } else { b'0' };
                let wrong = String::from_utf8(wrong).unwrap();
                format!("{}{body}", head(&wrong, body.len())).into_bytes()
            }
        };
        if random.u8(..4) == 0 {
            bytes.truncate(random.usize(..=bytes.len()));
        }
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP/1.1 200") || n % 4 == 1, "{n}");
    }
    assert_eq!(daemon.get("/health").0, 200);
    assert_eq!(everything(&redis), before);
    // With its own body, the same signature is accepted.
    let headers = [("x-webhook-hmac", good.as_str())];
    let (status, _) = daemon.poster.post_with(body.as_bytes(), &headers).unwrap();
    assert_eq!(status, 200);
}

/// A daemon with its own limits of the operating system.
struct Limited(Child);

impl Drop for Limited {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_limit_of_open_files_is_raised_as_far_as_possible_and_a_low_limit_is_logged() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let log = test.directory.path().join("limited.log");
    let start = |limits: &str| {
        let stderr = File::create(&log).unwrap();
        let child = Command::new("sh")
            .args([
                "-c",
                &format!("{limits}; exec \"$0\" all"),
                env!("CARGO_BIN_EXE_waha-sm"),
            ])
            .env("WEBHOOK_HMAC_SECRET", SECRET)
            .env("WAHA_URL", test.waha.url())
            .env("WAHA_API_KEY", crate::harness::API_KEY)
            .env("LISTEN", "127.0.0.1:0")
            .env("REDIS_URL", redis.url())
            .env("DATA_DIR", test.directory.path().join("data"))
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .unwrap();
        let daemon = Limited(child);
        eventually("the daemon is ready", || {
            let said = std::fs::read_to_string(&log).unwrap();
            said.contains("ready").then_some(())
        });
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", daemon.0.id())).unwrap();
        let line = limits
            .lines()
            .find(|line| line.starts_with("Max open files"));
        let numbers = line.unwrap().split_whitespace().skip(3).take(2);
        let numbers: Vec<u64> = numbers.map(|number| number.parse().unwrap()).collect();
        (numbers, std::fs::read_to_string(&log).unwrap())
    };
    let (limits, said) = start("ulimit -S -n 256; ulimit -H -n 5000");
    assert_eq!(limits, [5_000, 5_000]);
    assert!(!said.contains("too few open files"), "{said}");
    let (limits, said) = start("ulimit -n 1000");
    assert_eq!(limits, [1_000, 1_000]);
    assert!(said.contains("too few open files"), "{said}");
}
