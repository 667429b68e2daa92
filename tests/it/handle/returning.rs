//! A customer comes back: the flow knows what it remembered and how the last conversation ended, and a rating of that conversation
//! opens no new one.

use serde_json::Value;

use crate::harness::{Redis, TestSetup, binary, chat, eventually};

const FLOW: &str = r#"
name = "test"
locale = "en"
start = "hello"
[team.sales]
[step.hello]
when = [{ if = "known.plan", next = "again" }]
otherwise = "first"
[step.first]
ask = "which plan?"
save = "plan"
remember = ["plan"]
next = "person_or_end"
[step.again]
ask = "still {{ known.plan }}? last time it was {{ last.outcome }}, {{ last.days }} days ago"
next = "person_or_end"
[step.person_or_end]
ask = "talk to us?"
options = { "yes" = "person", "no" = "rate" }
[step.person]
handoff = "somebody will come"
team = "sales"
[step.rate]
rating = "how was it, 1 to 5?"
thanks = "thanks for the {{ rating }}"
end = "done"
"#;

#[test]
fn a_flow_knows_who_came_back_and_a_rating_opens_nothing() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow = test.flow(FLOW);
    let mut daemon = test.all(&redis).set("FLOW_FILE", &flow).start();
    let texts = |count: usize| test.texts(&chat(1), count).split_off(count - 1).remove(0);
    let says = |daemon: &crate::harness::Daemon, text: &str, count: usize| {
        daemon.customer_writes(&chat(1), text);
        texts(count)
    };
    assert_eq!(says(&daemon, "hi", 1), "which plan?");
    assert_eq!(says(&daemon, "gold", 2), "talk to us?");
    assert_eq!(says(&daemon, "no", 3), "how was it, 1 to 5?");
    let answer = daemon.customer_writes(&chat(1), "⭐⭐⭐⭐");
    assert_eq!(answer["result"], "rated");
    assert_eq!(texts(4), "thanks for the 4");
    // The last word counts, and is not thanked again.
    assert_eq!(daemon.customer_writes(&chat(1), "5")["result"], "rated");
    daemon.kill();
    let daemon = test.all(&redis).set("FLOW_FILE", &flow).start();
    assert_eq!(
        says(&daemon, "hi again", 5),
        "still gold? last time it was done, 0 days ago"
    );
    assert_eq!(says(&daemon, "sure", 6), "talk to us?");
    // In an open conversation a number is an answer like any other.
    assert_ne!(daemon.customer_writes(&chat(1), "3")["result"], "rated");
    texts(7);
    assert_eq!(says(&daemon, "yes", 8), "somebody will come");
    let run = |words: &[&str]| {
        let output = binary()
            .args(words)
            .env("REDIS_URL", redis.url())
            .env("FLOW_FILE", &flow)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    let number = chat(1).replace("@c.us", "");
    run(&["take", "--as", "owner"]);
    run(&["close", &number, "--outcome", "solved"]);
    assert_eq!(texts(9), "how was it, 1 to 5?");
    assert_eq!(
        daemon.customer_writes(&chat(1), "2 stars")["result"],
        "rated"
    );
    assert_eq!(texts(10), "thanks for the 2");
    let ratings = eventually("both ratings are in the history", || {
        let found = test.history(&["--ratings"]);
        let ratings: Vec<_> = found
            .iter()
            .map(|one| {
                (
                    one["rating"].as_i64(),
                    one["outcome"].as_str().map(str::to_owned),
                )
            })
            .collect();
        (ratings.len() == 2 && ratings.iter().any(|(rating, _)| *rating == Some(2)))
            .then_some(ratings)
    });
    let due = [(5, "done"), (2, "solved")];
    for (rating, outcome) in due {
        assert!(
            ratings.contains(&(Some(rating), Some(outcome.to_owned()))),
            "{ratings:?}"
        );
    }
    let last: Vec<Value> = test.history(&["--conversations"]);
    assert_eq!(last.len(), 2, "a rating opened a conversation: {last:?}");
}
