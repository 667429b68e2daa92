//! What needs no signature costs Redis little, however many ask; and what is signed but no event fills no log.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::harness::{Daemon, Redis, TestSetup, eventually};

/// What is done, and all commands that Redis gets meanwhile that have these words.
fn commands_during<T>(redis: &Redis, words: &[&str], doing: impl FnOnce() -> T) -> (T, usize) {
    let mut stream = UnixStream::connect(redis.socket()).unwrap();
    stream.write_all(b"MONITOR\r\n").unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "+OK");
    std::thread::scope(|scope| {
        let counting = scope.spawn(|| {
            lines
                .map_while(Result::ok)
                .filter(|line| words.iter().all(|word| line.contains(word)))
                .count()
        });
        let done = doing();
        stream.shutdown(Shutdown::Both).unwrap();
        (done, counting.join().unwrap())
    })
}

/// Asks for a path over and over, from several threads at once. Returns the number of answers, all of them with `expected`.
fn ask_for(daemon: &Daemon, path: &str, expected: u16, time: Duration) -> usize {
    let (answers, began) = (AtomicUsize::new(0), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while began.elapsed() < time {
                    let (status, text) = daemon.get(path);
                    assert_eq!(status, expected, "{text}");
                    answers.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    answers.into_inner()
}

#[test]
fn ready_writes_to_redis_once_a_second_at_most() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).start();
    let probe = ["\"SET\"", ":probe\""];
    let began = Instant::now();
    let (answers, writes) = commands_during(&redis, &probe, || {
        ask_for(&daemon, "/ready", 200, Duration::from_secs(2))
    });
    let most = began.elapsed().as_secs() as usize + 1;
    assert!(
        (1..=most).contains(&writes) && answers > 20,
        "{writes} writes for {answers} answers"
    );
    // A client that does not wait for the answer starts no other write.
    let began = Instant::now();
    let ((), writes) = commands_during(&redis, &probe, || {
        for _ in 0..50 {
            let mut stream = TcpStream::connect(daemon.url.trim_start_matches("http://")).unwrap();
            stream
                .write_all(b"GET /ready HTTP/1.1\r\nhost: x\r\n\r\n")
                .unwrap();
        }
        assert_eq!(daemon.get("/ready").0, 200);
    });
    let most = began.elapsed().as_secs() as usize + 1;
    assert!(writes <= most, "{writes} writes");
}

#[test]
fn ready_tries_once_a_second_at_most_also_while_redis_refuses() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).start();
    redis.ask("CONFIG SET maxmemory 1");
    eventually("it is not ready", || {
        (daemon.get("/ready").0 == 503).then_some(())
    });
    let refused = || {
        let stats = "redis.call('INFO', 'commandstats')";
        let found = format!("string.match({stats}, 'cmdstat_set:%C*rejected_calls=(%d+)')");
        redis.number(&format!("EVAL \"return tonumber({found} or 0)\" 0")) as usize
    };
    let (before, began) = (refused(), Instant::now());
    let answers = ask_for(&daemon, "/ready", 503, Duration::from_secs(3));
    let tried = refused() - before;
    // Redis also refuses the report whether this process can use WAHA.
    let most = began.elapsed().as_secs() as usize + 3;
    assert!(
        (1..=most).contains(&tried) && answers > 0,
        "{tried} writes tried for {answers} answers"
    );
    redis.ask("CONFIG SET maxmemory 0");
    eventually("it is ready again", || {
        (daemon.get("/ready").0 == 200).then_some(())
    });
}

#[test]
fn a_daemon_that_stops_is_not_ready_from_then_on() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).start();
    let stream = TcpStream::connect(daemon.url.trim_start_matches("http://")).unwrap();
    let mut reader = BufReader::new(&stream);
    let mut ask = || {
        let _ = (&stream).write_all(b"GET /ready HTTP/1.1\r\nhost: x\r\n\r\n");
        let mut answer = String::new();
        while reader.read_line(&mut answer).unwrap_or(0) > 2 {}
        answer
    };
    let answer = ask();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    daemon.signal("-TERM");
    daemon.wait_for_log("stopping");
    let answer = ask();
    assert!(!answer.contains("HTTP/1.1 200"), "{answer}");
}

#[test]
fn metrics_are_read_from_redis_ten_times_a_second_at_most() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).start();
    let began = Instant::now();
    // Only the metrics read this key.
    let (answers, readings) = commands_during(&redis, &["\"HGETALL\"", ":wake-ups\""], || {
        ask_for(&daemon, "/metrics", 200, Duration::from_secs(2))
    });
    let most = began.elapsed().as_millis() as usize / 100 + 1;
    assert!(
        (5..=most).contains(&readings) && answers > 40,
        "{readings} readings for {answers} answers"
    );
}

#[test]
fn a_flood_of_signed_bodies_that_are_no_events_is_counted_and_does_not_fill_the_log() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = test.all(&redis).start();
    let began = Instant::now();
    for _ in 0..300 {
        assert_eq!(daemon.poster.post_bytes(b"{}").unwrap().0, 400);
    }
    let words = "that is not a WAHA event";
    let counted = |log: &str| -> u64 {
        let lines = log.lines().filter(|line| line.contains("WAHA event"));
        lines
            .map(|line| {
                let more = line
                    .split("more=")
                    .nth(1)
                    .and_then(|more| more.split_whitespace().next()?.parse::<u64>().ok());
                u64::from(line.contains(words)) + more.unwrap_or(0)
            })
            .sum()
    };
    eventually("the log counts all of them", || {
        (counted(&daemon.log()) == 300).then_some(())
    });
    let lines = daemon.log().matches("WAHA event").count() as u64;
    assert!(
        lines <= 25 + 2 * began.elapsed().as_secs(),
        "{lines} lines of 300"
    );
}
