//! Crashes, restarts and stops: nobody loses their place, their step or a message.

use std::time::{Duration, Instant};

use crate::fake_waha::Engine;
use crate::harness::{PATIENCE, Redis, TWO_QUESTIONS, TestSetup, chat, eventually};

#[test]
fn customers_of_a_killed_process_continue_with_another_at_the_same_step() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow = test.flow(TWO_QUESTIONS);
    let with = |role| {
        test.setup(role)
            .set("REDIS_URL", redis.url())
            .set("FLOW_FILE", &flow)
            .set("WORKERS", "3")
    };
    let serve = with("serve").start();
    let mut dying = with("work").start();
    for n in 1..=3 {
        serve.customer_writes(&chat(n), "hi");
        test.texts(&chat(n), 1);
        serve.customer_writes(&chat(n), &format!("one{n}"));
        test.texts(&chat(n), 2);
    }
    let living = with("work").start();
    dying.kill();
    let killed = Instant::now();
    for n in 1..=3 {
        serve.customer_writes(&chat(n), &format!("two{n}"));
    }
    for n in 1..=3 {
        assert_eq!(
            test.texts(&chat(n), 3),
            ["first?", "second?", &format!("one{n} two{n}")]
        );
    }
    assert!(
        killed.elapsed() < Duration::from_secs(5),
        "{:?}",
        killed.elapsed()
    );
    living.wait_for_log("fell silent");
}

#[test]
fn a_process_that_froze_does_not_send_replies_that_another_took_over() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    // This engine gives no ids in advance: storing one would already show that another process has the lane.
    test.waha.imitate(Engine::Webjs);
    let with = |role| {
        test.setup(role)
            .set("REDIS_URL", redis.url())
            .set("FLOW_FILE", test.echo())
            .set("PACING", "human")
    };
    let serve = with("serve").start();
    let frozen = with("work").start();
    serve.customer_writes(&chat(1), "one");
    let typing = test.waha.wait_for(PATIENCE, |_, calls| {
        let mut calls = calls.iter();
        calls
            .any(|call| call.path == "/api/startTyping")
            .then_some(())
    });
    assert!(typing.is_some(), "it types before it sends");
    frozen.signal("-STOP");
    let living = with("work").start();
    serve.customer_writes(&chat(1), "two");
    assert_eq!(test.texts(&chat(1), 2), ["one", "two"]);
    living.wait_for_log("fell silent");
    frozen.signal("-CONT");
    serve.customer_writes(&chat(1), "last");
    // Anything the frozen process sends would arrive before the last reply.
    assert_eq!(test.texts(&chat(1), 3), ["one", "two", "last"]);
    assert_eq!(test.waha.overlaps(), 0);
}

#[test]
fn after_a_kill_and_a_restart_on_the_same_data_directory_every_customer_continues_at_once() {
    let test = TestSetup::new();
    let setup = test.setup("all").set("FLOW_FILE", test.flow(TWO_QUESTIONS));
    let mut daemon = setup.start();
    for n in 1..=3 {
        daemon.customer_writes(&chat(n), "hi");
    }
    test.texts(&chat(1), 1);
    daemon.customer_writes(&chat(1), "one");
    test.texts(&chat(1), 2);
    // A reply in flight at the kill may be sent twice, so wait until none is.
    eventually("both replies are settled", || {
        (daemon.metric("waha_sm_replies_total{session=\"default\",result=\"sent\"}") == Some(2.0))
            .then_some(())
    });
    daemon.kill();

    let daemon = setup.start();
    let ready = Instant::now();
    daemon.customer_writes(&chat(1), "two");
    assert_eq!(test.texts(&chat(1), 3)[2], "one two");
    assert!(
        ready.elapsed() < Duration::from_secs(1),
        "{:?}",
        ready.elapsed()
    );
    daemon.wait_for_log("that the last run left unfinished");
    daemon.wait_for_log("adopted the private Redis");
    eventually("the next in line is served", || {
        test.waha
            .texts(&chat(2))
            .contains(&"first?".to_owned())
            .then_some(())
    });
    assert!(
        !test.waha.texts(&chat(3)).contains(&"first?".to_owned()),
        "the line keeps its order"
    );
}

#[test]
fn a_stopped_daemon_hands_back_its_work_exits_cleanly_and_continues_after_a_start() {
    let test = TestSetup::new();
    let setup = test.setup("all").set("FLOW_FILE", test.flow(TWO_QUESTIONS));
    let mut daemon = setup.start();
    daemon.customer_writes(&chat(1), "hi");
    test.texts(&chat(1), 1);
    let (status, time) = daemon.terminate();
    assert_eq!(status.code(), Some(0), "{}", daemon.log());
    assert!(time < Duration::from_secs(10), "{time:?}");
    daemon.wait_for_log("released this process's conversations and replies conversations=1");
    let socket = test.directory.path().join("data/redis/redis.sock");
    assert_eq!(
        crate::harness::ask(&socket, "PING"),
        None,
        "the private Redis ends with the daemon"
    );

    let daemon = setup.start();
    daemon.customer_writes(&chat(1), "one");
    assert_eq!(test.texts(&chat(1), 2), ["first?", "second?"]);
}

#[test]
fn a_hanging_waha_does_not_delay_the_stop() {
    let test = TestSetup::new();
    let mut daemon = test
        .setup("all")
        .set("FLOW_FILE", test.flow(TWO_QUESTIONS))
        .start();
    test.waha.delay(Duration::from_secs(25));
    daemon.customer_writes(&chat(1), "hi");
    daemon.wait_for_log("claimed a conversation");
    let (status, time) = daemon.terminate();
    assert_eq!(status.code(), Some(0));
    assert!(time < Duration::from_secs(10), "{time:?}");
}

#[test]
fn a_redis_that_dies_and_comes_back_costs_time_but_no_message() {
    let (test, mut redis) = (TestSetup::new(), Redis::start());
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", test.echo())
        .set("WORKERS", "2")
        .start();
    daemon.customer_writes(&chat(1), "before");
    test.texts(&chat(1), 1);
    redis.kill();
    redis.start_again();
    eventually("messages are accepted again", || {
        let event = crate::webhook::message(crate::harness::SESSION, &chat(1), "Ana", "after");
        (daemon.poster.post(&event).ok()?.0 == 200).then_some(())
    });
    assert_eq!(test.texts(&chat(1), 2), ["before", "after"]);
}

#[test]
fn a_conversation_that_reopens_at_the_moment_it_closes_is_served_like_any_other() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow = test.flow(
        r#"
        name = "test"
        start = "ask"
        [step.ask]
        ask = "{{ opening }}?"
        next = "bye"
        [step.bye]
        say = "bye {{ answer }}"
        end = "done"
        # As many conversations as the rounds happen to open.
        [limits]
        conversations_per_hour = 0
        replies_per_hour = 0
        machine_answers = 0
        "#,
    );
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", flow)
        .set("WORKERS", "3")
        .start();
    for round in 0..30 {
        // Three at once: the second closes what the first opened, the third opens the next.
        for n in 0..3 {
            daemon.customer_writes(&chat(1), &format!("{round}.{n}"));
        }
    }
    // After these rounds, the next messages are answered at once, not after a timeout.
    for last in ["x", "y"] {
        daemon.customer_writes(&chat(1), last);
        let answer = format!("{last}?");
        eventually("the message is answered", || {
            let texts = test.waha.texts(&chat(1));
            texts
                .iter()
                .any(|text| *text == format!("bye {last}") || text.ends_with(&answer))
                .then_some(())
        });
    }
}

#[test]
fn customers_who_returned_to_the_line_can_use_queue_commands_and_keep_their_saved_values() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow = test.flow(TWO_QUESTIONS);
    let with = |role| {
        test.setup(role)
            .set("REDIS_URL", redis.url())
            .set("FLOW_FILE", &flow)
    };
    let serve = with("serve").start();
    let mut dying = with("work").set("WORKERS", "2").start();
    for n in [1, 2] {
        serve.customer_writes(&chat(n), "hi");
        test.texts(&chat(n), 1);
        serve.customer_writes(&chat(n), &format!("one{n}"));
        test.texts(&chat(n), 2);
    }
    dying.kill();
    // One worker for two customers: the second waits.
    let living = with("work").start();
    living.wait_for_log("claimed a conversation");
    serve.customer_writes(&chat(2), "leave");
    let left = eventually("the second customer has left", || {
        let all = test.history(&["--conversations", "--chat", &chat(2)]);
        all.into_iter().find(|one| one["outcome"] == "left")
    });
    assert_eq!(left["variables"]["first"], "one2", "{left}");
    serve.customer_writes(&chat(1), "two1");
    assert_eq!(test.texts(&chat(1), 3)[2], "one1 two1");
}

#[test]
fn a_start_that_fails_leaves_nothing_running() {
    let test = TestSetup::new();
    let setup = test.setup("all");
    std::fs::create_dir_all(&setup.data_dir).unwrap();
    std::fs::write(
        setup.data_dir.join("history.sqlite"),
        "this is no database, whatever its name says",
    )
    .unwrap();
    let output = setup.run();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("history.sqlite"), "{text}");
    assert_eq!(
        crate::harness::ask(&setup.data_dir.join("redis/redis.sock"), "PING"),
        None
    );
}
