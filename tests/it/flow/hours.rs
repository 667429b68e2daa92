//! Opening hours: customers who write outside of them are told at once, even if others wait in line.

use jiff::{ToSpan as _, Zoned};

use crate::harness::{Redis, SESSION, TestSetup, chat, eventually};

/// A flow that is open now, or that closed about an hour ago.
fn flow(open: bool) -> String {
    let now = Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC);
    // On every day, because the hours may cross midnight.
    let time = |hours: i64| (&now + hours.hours()).strftime("%H:00").to_string();
    let (from, to) = if open { (-1, 2) } else { (-6, -1) };
    format!(
        "timezone = 'UTC'\nstart = 'hello'\n[timeouts]\nburst = '0s'\n[notices]\nfirst_after = '300ms'\n\
         [texts]\nposition = 'place {{{{ position }}}}'\nnext = 'you are next'\n\
         [hours]\nmon-sun = '{}-{}'\nclosed = 'shut'\n\
         [step.hello]\nask = 'hello'\nsave = 'said'\nnext = 'hello'\n\
         [step.shut]\nask = 'closed until {{{{ opens }}}}; leave a word?'\nsave = 'word'\nnext = 'noted'\n\
         [step.noted]\nsay = 'noted: {{{{ word }}}}'\nend = 'noted'\n",
        time(from),
        time(to)
    )
}

#[test]
fn customers_outside_opening_hours_are_told_at_once_and_take_no_worker_from_the_line() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let file = test.flow(&flow(true));
    let daemon = test.all(&redis).set("FLOW_FILE", &file).start();
    // The only worker is busy with the first; the second is in line at closing time.
    daemon.customer_writes(&chat(1), "hi");
    assert_eq!(test.texts(&chat(1), 1), ["hello"]);
    daemon.customer_writes(&chat(2), "hi");
    assert_eq!(test.texts(&chat(2), 1), ["you are next"]);
    // Both came before closing time.
    let before = Zoned::now().timestamp().as_millisecond() - 3 * 3_600_000;
    for n in 1..=2 {
        redis.ask(&format!(
            "HSET waha-sm:{{default}}:chat:{} opened {before}",
            chat(n)
        ));
    }
    test.flow(&flow(false));
    daemon.signal("-HUP");
    daemon.wait_for_log("reloaded the flows");
    for n in 3..=5 {
        daemon.customer_writes(&chat(n), "hi");
        assert!(test.texts(&chat(n), 1)[0].starts_with("closed until to"));
    }
    daemon.customer_writes(&chat(4), "call me");
    assert_eq!(test.texts(&chat(4), 2)[1], "noted: call me");
    eventually("the conversation is closed with its outcome", || {
        test.history(&["--conversations"])
            .into_iter()
            .find(|one| one["outcome"] == "noted")
    });
    assert_eq!(test.waha.texts(&chat(2)), ["you are next"]);
    daemon.customer_writes(&chat(1), "leave");
    assert_eq!(
        test.texts(&chat(2), 2)[1],
        "hello",
        "customers who were in line before closing time are still served"
    );
}

#[test]
fn customers_who_wrote_while_closed_and_while_no_worker_ran_are_served_when_open() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let file = test.flow(&flow(false));
    let serve = test
        .setup("serve")
        .set("REDIS_URL", redis.url())
        .set("FLOW_FILE", &file)
        .start();
    serve.customer_writes(&chat(1), "hi");
    serve.customer_writes(&chat(2), "hi");
    assert_eq!(
        redis.number(&format!("ZCARD waha-sm:{{{SESSION}}}:queue")),
        2
    );
    test.flow(&flow(true));
    let _work = test
        .setup("work")
        .set("REDIS_URL", redis.url())
        .set("FLOW_FILE", &file)
        .set("WORKERS", "2")
        .start();
    assert_eq!(test.texts(&chat(1), 1), ["hello"]);
    assert_eq!(test.texts(&chat(2), 1), ["hello"]);
}
