//! Several short messages in a row are one answer, and none of them is dropped.

use std::time::{Duration, Instant};

use crate::harness::{Daemon, Redis, Setup, TestSetup, chat, eventually};

/// A flow that repeats every answer with a mark before it.
fn echo(burst: &str) -> String {
    format!(
        "start = 'hello'\n[timeouts]\nburst = '{burst}'\n[step.hello]\nask = 'hello: {{{{ opening }}}}'\nsave = 'said'\nnext = 'echo'\n\
         [step.echo]\nask = '+{{{{ said }}}}'\nsave = 'said'\nnext = 'echo'\n"
    )
}

fn setup(test: &TestSetup, redis: &Redis, burst: &str) -> Setup {
    test.all(redis).set("FLOW_FILE", test.flow(&echo(burst)))
}

fn customer_writes_all(daemon: &Daemon, chat: &str, texts: &[&str]) {
    texts
        .iter()
        .for_each(|text| drop(daemon.customer_writes(chat, text)));
}

#[test]
fn several_messages_in_a_row_are_answered_once_when_the_customer_is_quiet() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis, "2s").start();
    let ana = chat(1);
    customer_writes_all(&daemon, &ana, &["oi", "quero marcar", "por favor"]);
    assert_eq!(test.texts(&ana, 1), ["hello: oi\nquero marcar\npor favor"]);
    customer_writes_all(&daemon, &ana, &["meu dente", "quebrou"]);
    let written = Instant::now();
    assert_eq!(test.texts(&ana, 2)[1], "+meu dente\nquebrou");
    assert!(
        written.elapsed().as_millis() >= 1_900,
        "it waits until the customer is quiet"
    );
    assert_eq!(
        redis.number(&format!("LLEN waha-sm:{{default}}:inbox:{ana}")),
        0
    );
    eventually("the metric counts it, without the wait for more", || {
        let all = daemon.metric("waha_sm_wake_up_seconds_count")?;
        let soon = daemon.metric("waha_sm_wake_up_seconds_bucket{le=\"1.0\"}")?;
        (all >= 1.0 && soon == all).then_some(())
    });
}

#[test]
fn a_burst_survives_a_kill_in_its_middle() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let setup = setup(&test, &redis, "2s");
    let mut daemon = setup.start();
    let ana = chat(1);
    customer_writes_all(&daemon, &ana, &["one", "two"]);
    daemon.kill();
    let mut daemon = setup.start();
    assert_eq!(test.texts(&ana, 1), ["hello: one\ntwo"]);
    customer_writes_all(&daemon, &ana, &["four", "five"]);
    daemon.kill();
    let _daemon = setup.start();
    assert_eq!(test.texts(&ana, 2)[1], "+four\nfive");
}

#[test]
fn a_customer_who_never_stops_writing_is_answered_too_and_nothing_is_dropped() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis, "100ms").start();
    let ana = chat(1);
    let mut said = Vec::new();
    let begun = Instant::now();
    while test.waha.texts(&ana).len() < 2 {
        assert!(begun.elapsed().as_secs() < 25, "no answer");
        let text = said.len().to_string();
        daemon.customer_writes(&ana, &text);
        said.push(text);
        // Faster than anybody writes, and more in total than one answer can hold.
        std::thread::park_timeout(Duration::from_millis(15));
    }
    eventually("every message is answered, in order", || {
        let texts = test.waha.texts(&ana).join("\n");
        let echoed: Vec<String> = texts
            .split('\n')
            .map(|text| text.trim_start_matches("hello: ").trim_start_matches('+'))
            .map(str::to_owned)
            .collect();
        (echoed == said).then_some(())
    });
}

#[test]
fn a_leave_word_counts_at_once_and_later_messages_open_the_next_conversation() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis, "4s").start();
    let ana = chat(1);
    let begun = Instant::now();
    customer_writes_all(&daemon, &ana, &["hi", "leave"]);
    assert!(test.texts(&ana, 1)[0].starts_with("All right"));
    assert!(
        begun.elapsed().as_millis() < 4_000,
        "a leave word does not wait"
    );
    customer_writes_all(&daemon, &ana, &["hi again", "you"]);
    assert_eq!(test.texts(&ana, 2)[1], "hello: hi again\nyou");
}
