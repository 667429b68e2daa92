//! Clients that hold connections and memory: they make room for a webhook, whether they share WAHA's address or not.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use crate::crowd::{Client, Crowd, connect_from};
use crate::harness::{Daemon, PATIENCE, Redis, SECRET, SESSION, TestSetup, chat, eventually};
use crate::webhook;
use waha_sm::waha::signature::sign;

/// Where the test's own WAHA posts from.
const WAHA: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// Another machine, for the daemon.
const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// More than all connections that the daemon has.
const MORE_THAN_ALL: usize = 4_300;
/// Generous, because this is a debug build on a machine that runs other tests too: nearly every webhook takes less than this,
/// and none as long as a body may take. Before, a webhook took three seconds, and some took thirty.
const SOON: Duration = Duration::from_secs(2);
const AT_MOST: Duration = Duration::from_secs(6);

fn address(daemon: &Daemon) -> SocketAddr {
    daemon.url.trim_start_matches("http://").parse().unwrap()
}

/// Posts some webhooks, each over a new connection, and checks how long they take.
#[track_caller]
fn webhooks_are_fast(daemon: &Daemon, count: usize) {
    let times = (0..count).map(|n| {
        let body = webhook::message(SESSION, &chat(n + 1), "Ana", "oi").to_string();
        let headers = [
            ("x-webhook-hmac", &*sign(SECRET.as_bytes(), body.as_bytes())),
            ("connection", "close"),
        ];
        let began = Instant::now();
        // WAHA repeats what could not be stored: Redis, too, has little of a busy machine.
        eventually("the webhook is accepted", || {
            let answer = daemon.poster.post_with(body.as_bytes(), &headers);
            let (status, answer) = answer.expect("a webhook is answered");
            assert!(matches!(status, 200 | 503), "{status} {answer}");
            (status == 200).then_some(())
        });
        began.elapsed()
    });
    let mut times: Vec<_> = times.collect();
    times.sort();
    let most = times[count * 9 / 10];
    assert!(most < SOON && times[count - 1] < AT_MOST, "{times:?}");
}

#[test]
fn thousands_of_slow_bodies_of_one_address_do_not_delay_the_webhooks_of_another() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
    daemon.customer_writes(&chat(1), "hello");
    let slow = Client::Body {
        length: 5_000,
        at_once: 10,
    };
    let clients = std::iter::repeat_n(slow, MORE_THAN_ALL);
    let _crowd = Crowd::from(STRANGER, address(&daemon), clients).unwrap();
    webhooks_are_fast(&daemon, 60);
    let log = daemon.log();
    let line = log
        .lines()
        .find(|line| line.contains("has its whole share of the connections"));
    let line = line.unwrap_or_else(|| panic!("no line about the share"));
    assert!(
        line.contains("address=127.0.0.2") && line.contains("only WAHA needs to reach this port"),
        "{line}"
    );
    let lines = log.matches("share of the connections").count();
    assert!(lines < 12, "{lines} lines");
    let closed = daemon.metric("waha_sm_connections_closed_total");
    assert!(closed > Some(3_000.0), "{closed:?}");
}

/// As behind a reverse proxy, or Docker's port mapping.
#[test]
fn thousands_of_slow_bodies_of_wahas_own_address_make_room_for_its_webhooks() {
    for signed_before in [false, true] {
        let (test, redis) = (TestSetup::new(), Redis::start());
        let daemon = test.all(&redis).set("FLOW_FILE", test.echo()).start();
        if signed_before {
            daemon.customer_writes(&chat(1), "hello");
        }
        let slow = Client::Body {
            length: 5_000,
            at_once: 10,
        };
        let clients = std::iter::repeat_n(slow, MORE_THAN_ALL);
        let _crowd = Crowd::from(WAHA, address(&daemon), clients).unwrap();
        webhooks_are_fast(&daemon, 30);
        let words = if signed_before {
            "all connections are taken"
        } else {
            "has its whole share of the connections"
        };
        daemon.wait_for_log(words);
    }
}

#[test]
fn large_slow_bodies_make_room_for_a_large_webhook() {
    for source in [STRANGER, WAHA] {
        let (test, redis) = (TestSetup::new(), Redis::start());
        let daemon = test.all(&redis).start();
        daemon.customer_writes(&chat(1), "hello");
        let large = Client::Body {
            length: 2_000_000,
            at_once: 1_900_000,
        };
        let _crowd = Crowd::from(source, address(&daemon), std::iter::repeat_n(large, 55)).unwrap();
        let text = "a".repeat(1_000_000);
        for n in 2..5 {
            let answer = daemon.customer_writes(&chat(n), &text);
            assert_eq!(answer["result"], "queued", "from {source}");
        }
        daemon.wait_for_log("too many large webhooks at once");
        let log = daemon.log();
        assert!(log.contains(&format!("address={source}")), "{log}");
    }
}

/// As many slow bodies as half of all connections, so that nobody has to make room.
#[test]
fn a_crowded_listener_gives_a_body_two_seconds_unless_it_comes_fast_enough() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).start();
    daemon.customer_writes(&chat(1), "hello");
    let body = webhook::message(SESSION, &chat(2), "Ana", &"a".repeat(600_000)).to_string();
    let signature = sign(SECRET.as_bytes(), body.as_bytes());
    let head = |length: usize, signature: &str| {
        format!(
            "POST /webhook HTTP/1.1\r\nhost: x\r\nx-webhook-hmac: {signature}\r\ncontent-length: {length}\r\n\r\n"
        )
    };
    let clients = std::iter::repeat_n(Client::Headers, 2_300);
    let mut dripped = connect_from(WAHA, address(&daemon)).unwrap();
    dripped
        .write_all(head(5_000, &"0".repeat(128)).as_bytes())
        .unwrap();
    let began = Instant::now();
    let _crowd = Crowd::from(WAHA, address(&daemon), clients).unwrap();
    // 200 KB a second: a slow line, but not a client that only holds a connection.
    let steady = std::thread::scope(|scope| {
        let steady = scope.spawn(|| {
            let mut stream = connect_from(WAHA, address(&daemon)).unwrap();
            stream
                .write_all(head(body.len(), &signature).as_bytes())
                .unwrap();
            for piece in body.as_bytes().chunks(20_000) {
                stream.write_all(piece).unwrap();
                // Not a wait for us: the speed of this line is what is tested.
                std::thread::sleep(Duration::from_millis(100));
            }
            read_status(stream)
        });
        dripped
            .set_read_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        eventually("the slow body is answered", || {
            let _ = dripped.write(b"x");
            dripped.peek(&mut [0]).is_ok().then_some(())
        });
        assert!(
            began.elapsed() < Duration::from_secs(7),
            "{:?}",
            began.elapsed()
        );
        assert_eq!(read_status(dripped), "HTTP/1.1 408");
        steady.join().unwrap()
    });
    assert_eq!(steady, "HTTP/1.1 200");
}

fn read_status(mut stream: std::net::TcpStream) -> String {
    use std::io::Read;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).unwrap();
    String::from_utf8_lossy(&status).into_owned()
}

/// In a container with the usual limit, there are fewer connections than the daemon would like.
#[test]
fn with_few_open_files_allowed_the_oldest_still_make_room() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.echo())
        .start_with_open_files(600);
    daemon.customer_writes(&chat(1), "hello");
    let clients = std::iter::repeat_n(Client::Headers, 900);
    let _crowd = Crowd::from(WAHA, address(&daemon), clients).unwrap();
    webhooks_are_fast(&daemon, 20);
    let log = daemon.log();
    assert!(!log.contains("can't accept a connection"), "{log}");
}
