//! `waha-sm health` for every role: it asks the processes here, and takes no answer of another for theirs.

use std::process::Output;

use crate::harness::{Daemon, Redis, TestSetup, binary, eventually};

/// Asks with the LISTEN of this daemon, as in its container.
fn health(daemon: &Daemon, arguments: &[&str]) -> Output {
    binary()
        .arg("health")
        .args(arguments)
        .env("LISTEN", daemon.url.trim_start_matches("http://"))
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn every_role_says_whether_it_is_ready() {
    let (test, mut redis) = (TestSetup::new(), Redis::start());
    let shared = |role| test.setup(role).set("REDIS_URL", redis.url());
    let mut serve = shared("serve").start();
    let mut work = shared("work").start();
    for daemon in [&serve, &work] {
        let output = health(daemon, &[]);
        assert!(
            output.status.success() && output.stdout.is_empty(),
            "{output:?}"
        );
    }
    // A process that sends has reported by now, or does soon.
    let all = eventually("all parts are ready", || {
        let output = health(&work, &["--all"]);
        output.status.success().then_some(output)
    });
    assert_eq!(
        text(&all.stdout),
        "redis: ready\nwaha: ready\nwork: ready\n"
    );
    assert!(text(&health(&serve, &["--all"]).stdout).contains("history: ready"));
    // Where it listens, from elsewhere; and nobody listens for this one.
    let listen = |daemon: &Daemon| {
        let address = daemon.url.trim_start_matches("http://");
        let asked = binary().args(["health", "--listen", address]).output();
        asked.unwrap()
    };
    assert!(listen(&serve).status.success());
    assert_eq!(listen(&work).status.code(), Some(1));

    // Without its Redis, it is not ready, and says why.
    redis.kill();
    let output = eventually("the loss of Redis is noticed", || {
        let output = health(&work, &[]);
        (!output.status.success()).then_some(output)
    });
    let said = text(&output.stderr);
    assert!(
        said.contains(&format!("work (process {})", work.id())) && said.contains("redis: "),
        "{said}"
    );
    // A process that ended answers nothing: the other's answer is not taken for it.
    for daemon in [&mut serve, &mut work] {
        daemon.kill();
        let output = health(daemon, &[]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = text(&output.stderr);
        assert!(said.contains("no answer from"), "{said}");
    }
}

#[test]
fn a_daemon_that_starts_is_not_ready() {
    let test = TestSetup::new();
    // It waits for a Redis that is not there.
    let daemon = test
        .setup("work")
        .set("REDIS_URL", "redis://127.0.0.1:1")
        .spawn();
    eventually("it says that it starts", || {
        let output = health(&daemon, &[]);
        let said = text(&output.stderr);
        let is_starting = said.contains("work (process") && said.contains("starting");
        assert_eq!(output.status.code(), Some(1), "{said}");
        is_starting.then_some(())
    });
}
