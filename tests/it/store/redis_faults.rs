//! A Redis that misbehaves: nothing accepted is lost or doubled, readiness is correct, and everything
//! resumes without a restart of the daemon.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::harness::{Daemon, Redis, RedisAddress, SESSION, TestSetup, ask, chat, eventually};
use crate::webhook;

/// The number of customers who write at once.
const CHATS: usize = 6;
/// The promised time, and what a busy machine may add to it.
const FIRST_REPLY_WITHIN: Duration = Duration::from_secs(2);
const SLACK: Duration = Duration::from_millis(500);
/// On a machine so busy that each reply takes seconds, the first one after a fault may take as long as so many ordinary ones.
const ORDINARY_REPLIES: u32 = 4;

/// Keys that Redis loads in about three seconds if it is started with [`SLOWLY`]. After each thousand, it answers.
const FILL: &str = "EVAL \"for i = 1, 12000 do redis.call('SET', 'filler:' .. i, 'x') end\" 0";
const SLOWLY: [&str; 4] = [
    "--key-load-delay",
    "200",
    "--loading-process-events-interval-bytes",
    "1024",
];

/// The most unanswered messages of one customer.
const AHEAD_MAX: usize = 100;

#[track_caller]
fn post(daemon: &Daemon, chat: &str, text: &str) {
    daemon.posts_until_accepted(&webhook::message(SESSION, chat, "Ana", text));
}

/// Customers write one message after the other while `fault` happens, and a few more after it. Every one of them is
/// answered once, in order.
fn under_traffic(test: &TestSetup, daemon: &Daemon, fault: impl FnOnce()) {
    // So that replies are in flight during the fault.
    test.waha.delay(Duration::from_millis(20));
    let over = AtomicBool::new(false);
    let counts: Vec<usize> = std::thread::scope(|scope| {
        let writers: Vec<_> = (1..=CHATS)
            .map(|n| {
                let over = &over;
                scope.spawn(move || {
                    let mut count = 0;
                    let mut after = 0;
                    while after < 3 {
                        // Limits the backlog, so that a slow machine can catch up.
                        while count > test.waha.texts(&chat(n)).len() + AHEAD_MAX
                            && !over.load(Ordering::Relaxed)
                        {
                            std::thread::park_timeout(Duration::from_millis(5));
                        }
                        after += usize::from(over.load(Ordering::Relaxed));
                        post(daemon, &chat(n), &format!("{n}.{count}"));
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        test.texts(&chat(1), 3);
        fault();
        over.store(true, Ordering::Relaxed);
        writers
            .into_iter()
            .map(|writer| writer.join().unwrap())
            .collect()
    });
    for (n, count) in (1..=CHATS).zip(counts) {
        let expected: Vec<_> = (0..count).map(|i| format!("{n}.{i}")).collect();
        let texts = test.texts(&chat(n), count);
        assert_eq!(texts, expected);
    }
    for n in 1..=CHATS {
        // A doubled reply would arrive before this one.
        let before = test.waha.texts(&chat(n)).len();
        post(daemon, &chat(n), "last");
        assert_eq!(test.texts(&chat(n), before + 1)[before..], ["last"]);
    }
    assert_eq!(daemon.get("/ready").0, 200);
}

/// Waits so long that every retry has failed.
fn for_a_while(duration: Duration) {
    let begun = Instant::now();
    eventually("the fault has lasted long enough", || {
        (begun.elapsed() > duration).then_some(())
    });
}

fn echo(test: &TestSetup, redis: &Redis) -> Daemon {
    test.all(redis)
        .set("FLOW_FILE", test.echo())
        .set("WORKERS", CHATS.to_string())
        .start()
}

/// A webhook is refused with a time to retry, and readiness says why.
#[track_caller]
fn refuses_and_says_why(daemon: &Daemon, why: &str) {
    daemon.refuses(&webhook::message(SESSION, &chat(90), "Ana", "refused"));
    eventually(&format!("/ready says {why:?}"), || {
        let (status, ready) = daemon.get("/ready");
        (status == 503 && ready.contains(why)).then_some(())
    });
}

/// How long an ordinary reply takes on this machine now.
#[track_caller]
fn ordinary_reply(test: &TestSetup, daemon: &Daemon, chat: &str) -> Duration {
    let sent = test.waha.texts(chat).len();
    let asked = Instant::now();
    post(daemon, chat, "ordinary");
    test.texts(chat, sent + 1);
    asked.elapsed()
}

/// How long the first reply after a fault may take on a machine where an ordinary one takes `ordinary`, before it or after.
fn within(ordinary: [Duration; 2]) -> Duration {
    FIRST_REPLY_WITHIN.max(ordinary[0].max(ordinary[1]) * ORDINARY_REPLIES)
}

fn takes_messages_again(test: &TestSetup, daemon: &Daemon) {
    post(daemon, &chat(1), "after");
    assert_eq!(test.texts(&chat(1), 2), ["before", "after"]);
    eventually("the daemon is ready", || {
        (daemon.get("/ready").0 == 200).then_some(())
    });
}

#[test]
fn a_kill_and_restart_of_redis_under_traffic_loses_and_doubles_no_message() {
    let (test, mut redis) = (TestSetup::new(), Redis::start());
    let daemon = echo(&test, &redis);
    under_traffic(&test, &daemon, || {
        redis.kill();
        for_a_while(Duration::from_secs(1));
        redis.start_again();
    });
}

#[test]
fn after_a_restart_of_redis_the_first_reply_comes_within_two_seconds() {
    let (test, mut redis) = (TestSetup::new(), Redis::start());
    // Two processes with one worker each; neither may count the other as dead because no heartbeat arrived.
    let start = |role| {
        test.setup(role)
            .set("REDIS_URL", redis.url())
            .set("FLOW_FILE", test.echo())
            .start()
    };
    let (daemon, other) = (start("all"), start("work"));
    // When Redis dies, a reply is in flight, another waits behind it, and one conversation is idle.
    let ordinary = ordinary_reply(&test, &daemon, &chat(2));
    test.waha.delay(Duration::from_millis(400));
    post(&daemon, &chat(1), "before");
    daemon.wait_for_log("claimed a conversation");
    other.wait_for_log("claimed a conversation");
    post(&daemon, &chat(1), "behind");
    redis.kill();
    test.waha.delay(Duration::ZERO);
    for_a_while(Duration::from_secs(5));
    redis.start_again();
    let answers = Instant::now();
    post(&daemon, &chat(2), "after");
    test.texts(&chat(2), 2);
    let new = answers.elapsed();
    test.texts(&chat(1), 2);
    let behind = answers.elapsed();
    let ordinary = [ordinary, ordinary_reply(&test, &daemon, &chat(2))];
    assert!(
        new.min(behind) < within(ordinary) && new < within(ordinary) + SLACK,
        "reply to the new message: {new:?}; reply that waited: {behind:?}; ordinary ones: {ordinary:?}"
    );
    assert_eq!(test.waha.texts(&chat(1)), ["before", "behind"]);
    for log in [daemon.log(), other.log()] {
        assert!(
            !log.contains("fell silent") && !log.contains("lost this conversation"),
            "{log}"
        );
    }
}

#[test]
fn while_redis_is_loading_the_daemon_is_not_ready_and_then_continues() {
    let (test, mut redis) = (TestSetup::new(), Redis::start());
    let daemon = echo(&test, &redis);
    post(&daemon, &chat(1), "before");
    test.texts(&chat(1), 1);
    let ordinary = ordinary_reply(&test, &daemon, &chat(2));
    assert_eq!(redis.ask(FILL), "$-1");
    redis.kill();
    redis.spawn(&SLOWLY);
    eventually("it is loading", || {
        ask(&redis.socket(), "PING").filter(|answer| answer.starts_with("-LOADING"))
    });
    refuses_and_says_why(&daemon, "LOADING");
    redis.wait_until_ready();
    let asked = Instant::now();
    takes_messages_again(&test, &daemon);
    let after = asked.elapsed();
    let ordinary = [ordinary, ordinary_reply(&test, &daemon, &chat(2))];
    assert!(
        after < within(ordinary) + SLACK,
        "reply after it: {after:?}; ordinary ones: {ordinary:?}"
    );
}

#[test]
fn a_start_waits_for_a_redis_that_is_loading() {
    // While Redis loads, connecting works with a password and fails without one.
    for user in ["", "app:secret@localhost"] {
        let (test, mut redis) = (TestSetup::new(), Redis::start());
        assert_eq!(redis.ask(FILL), "$-1");
        redis.kill();
        let users = ["--user", "app", "on", ">secret", "~*", "&*", "+@all"];
        redis.spawn(&[&SLOWLY[..], &users].concat());
        eventually("it is loading", || {
            ask(&redis.socket(), "PING").filter(|answer| answer.starts_with("-LOADING"))
        });
        let daemon = test
            .setup("all")
            .set(
                "REDIS_URL",
                format!("redis+unix://{user}{}", redis.socket().display()),
            )
            .set("FLOW_FILE", test.echo())
            .start();
        assert!(daemon.log().contains("LOADING"), "{}", daemon.log());
        post(&daemon, &chat(1), "hello");
        assert_eq!(test.texts(&chat(1), 1), ["hello"]);
    }
}

/// At any moment, even while the daemon takes back the leases of its previous run.
#[test]
fn a_start_waits_while_its_connections_are_cut() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let setup = test.all(&redis).set("FLOW_FILE", test.echo());
    let mut daemon = setup.start();
    post(&daemon, &chat(1), "hello");
    test.texts(&chat(1), 1);
    for start in 1..=10 {
        daemon.kill();
        daemon = setup.spawn();
        // Some milliseconds apart, so that it makes progress in between.
        eventually("the daemon is ready anyway", || {
            redis.ask("CLIENT KILL TYPE normal SKIPME yes");
            redis.ask("CLIENT KILL TYPE pubsub");
            (daemon.log().matches("INFO ready").count() > start).then_some(())
        });
    }
    post(&daemon, &chat(1), "again");
    assert_eq!(test.texts(&chat(1), 2), ["hello", "again"]);
}

#[test]
fn a_redis_that_becomes_a_replica_is_logged_and_waited_for() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = echo(&test, &redis);
    post(&daemon, &chat(1), "before");
    test.texts(&chat(1), 1);
    assert_eq!(redis.ask("REPLICAOF 127.0.0.1 1"), "+OK");
    refuses_and_says_why(&daemon, "READONLY");
    daemon.wait_for_log("Redis became read-only");
    assert_eq!(redis.ask("REPLICAOF NO ONE"), "+OK");
    takes_messages_again(&test, &daemon);
}

#[test]
fn after_a_read_only_redis_under_traffic_replies_are_sent_once() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = echo(&test, &redis);
    under_traffic(&test, &daemon, || {
        assert_eq!(redis.ask("REPLICAOF 127.0.0.1 1"), "+OK");
        daemon.wait_for_log("Redis became read-only");
        for_a_while(Duration::from_secs(1));
        assert_eq!(redis.ask("REPLICAOF NO ONE"), "+OK");
    });
}

#[test]
fn after_a_failover_the_new_primary_behind_the_same_address_is_found() {
    let (test, old) = (TestSetup::new(), Redis::start());
    let address = RedisAddress::of(&old);
    let daemon = test
        .setup("all")
        .set("REDIS_URL", address.url())
        .set("FLOW_FILE", test.echo())
        .start();
    post(&daemon, &chat(1), "before");
    test.texts(&chat(1), 1);
    eventually("the reply is settled", || {
        (old.number("HLEN waha-sm:{default}:sending") == 0).then_some(())
    });
    // The old primary stays as a replica and keeps its connections.
    assert_eq!(old.ask("REPLICAOF 127.0.0.1 1"), "+OK");
    let new = Redis::start_on_a_copy_of(&old);
    address.lead_to(&new);
    takes_messages_again(&test, &daemon);
    assert_eq!(new.number("EXISTS waha-sm:{default}:known"), 1);
}

#[test]
fn a_full_redis_is_logged_and_waited_for() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = echo(&test, &redis);
    post(&daemon, &chat(1), "before");
    test.texts(&chat(1), 1);
    assert_eq!(redis.ask("CONFIG SET maxmemory 1"), "+OK");
    refuses_and_says_why(&daemon, "OOM");
    assert_eq!(redis.ask("CONFIG SET maxmemory 0"), "+OK");
    takes_messages_again(&test, &daemon);
}

#[test]
fn after_a_full_redis_under_traffic_replies_are_sent_once() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = echo(&test, &redis);
    under_traffic(&test, &daemon, || {
        assert_eq!(redis.ask("CONFIG SET maxmemory 1"), "+OK");
        refuses_and_says_why(&daemon, "OOM");
        for_a_while(Duration::from_secs(1));
        assert_eq!(redis.ask("CONFIG SET maxmemory 0"), "+OK");
    });
}

#[test]
fn flushed_scripts_and_closed_connections_lose_nothing_under_traffic() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = echo(&test, &redis);
    under_traffic(&test, &daemon, || {
        for round in 1..=10 {
            assert_eq!(redis.ask("SCRIPT FLUSH"), "+OK");
            redis.ask("CLIENT KILL TYPE normal SKIPME yes");
            test.texts(&chat(1), 3 + round);
        }
        redis.ask("CLIENT KILL TYPE pubsub");
    });
}

#[test]
fn a_lost_subscription_costs_a_moment_and_is_restored() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = echo(&test, &redis);
    post(&daemon, &chat(1), "before");
    test.texts(&chat(1), 1);
    assert_eq!(redis.ask("PUBSUB CHANNELS"), "*7");
    assert_eq!(redis.number("CLIENT KILL TYPE pubsub"), 1);
    let killed = Instant::now();
    post(&daemon, &chat(1), "during");
    test.texts(&chat(1), 2);
    let took = killed.elapsed();
    assert!(took < Duration::from_millis(1_500) + SLACK, "{took:?}");
    eventually("it has subscribed again", || {
        (redis.ask("PUBSUB CHANNELS") == "*7").then_some(())
    });
    // With the slow poll alone, each of these would take seconds.
    let renewed = Instant::now();
    for n in 0..6 {
        post(&daemon, &chat(1), &format!("{n}"));
        test.texts(&chat(1), 3 + n);
    }
    let took = renewed.elapsed();
    assert!(took < Duration::from_secs(6), "{took:?}");
}

#[test]
fn a_redis_that_freezes_for_seconds_only_costs_time() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = echo(&test, &redis);
    under_traffic(&test, &daemon, || {
        redis.signal("-STOP");
        refuses_and_says_why(&daemon, "no answer in time");
        for_a_while(Duration::from_secs(1));
        redis.signal("-CONT");
    });
    assert!(
        !daemon.log().contains("lost this conversation"),
        "{}",
        daemon.log()
    );
}

#[test]
fn a_redis_that_may_lose_writes_causes_a_warning_at_the_start() {
    let cases: [(&[&str], &[&str], &[&str]); 4] = [
        (&[], &[], &["set appendonly yes", "set maxmemory-policy"]),
        (
            &["--appendonly", "no"],
            &["keeps nothing on disk", "set appendonly yes"],
            &["snapshots only", "maxmemory-policy"],
        ),
        (
            &["--appendonly", "no", "--save", "3600 1"],
            &["snapshots only (save 3600 1)", "set appendonly yes"],
            &["nothing on disk"],
        ),
        (
            &["--maxmemory-policy", "allkeys-lru"],
            &["allkeys-lru", "set maxmemory-policy noeviction"],
            &["appendonly"],
        ),
    ];
    for (arguments, said, unsaid) in cases {
        let (test, redis) = (TestSetup::new(), Redis::start_with(arguments));
        let daemon = test.all(&redis).start();
        let log = daemon.log();
        for words in said {
            assert!(log.contains(words), "{arguments:?}: {log}");
        }
        for words in unsaid {
            assert!(!log.contains(words), "{arguments:?}: {log}");
        }
    }
}

#[test]
fn a_redis_older_than_6_2_is_refused_at_the_start() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer_as_redis_6_0(stream));
        }
    });
    let test = TestSetup::new();
    let (status, text) = test.setup("all").set("REDIS_URL", url).spawn().ends();
    assert_eq!(status.code(), Some(1), "{text}");
    assert!(
        text.contains("Redis 6.0.16 is too old") && text.contains("6.2 or later"),
        "{text}"
    );
}

/// A server that answers like Redis 6.0 when asked for its version.
fn answer_as_redis_6_0(mut stream: std::net::TcpStream) {
    let mut bytes = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut bytes) {
        let asked = String::from_utf8_lossy(&bytes[..read]).to_uppercase();
        // One answer for each command that came in.
        for command in asked.split('*').skip(1) {
            let info = "# Server\r\nredis_version:6.0.16\r\nredis_mode:standalone\r\n";
            let answer = if command.contains("INFO") {
                format!("${}\r\n{info}\r\n", info.len())
            } else if command.contains("CLIENT") {
                ":1\r\n".to_owned()
            } else if command.contains("PING") {
                "+PONG\r\n".to_owned()
            } else {
                "+OK\r\n".to_owned()
            };
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }
}
