//! Flows that call the shop's own system: the request, valid answers, and what happens if the call fails.

mod shop;
mod together;

use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;
use waha_sm::waha::signature::sign;

use crate::harness::{Daemon, Redis, SESSION, Setup, TestSetup, binary, chat, eventually};
use crate::redis_nodes::free_port;
use crate::webhook::{message, message_with, new_message_id};
use shop::{Shop, ShopAnswer, well};

const CALL_SECRET: &str = "what the shop knows us by, 32 letters";

/// A loop of one call and one question; failures are shown to the customer.
fn bot(url: &str, more: &str) -> String {
    format!(
        r#"
        start = "bot"
        [step.bot]
        call = "{url}"
        {more}
        next = "listen"
        otherwise = "sorry"
        [step.listen]
        ask = ""
        next = "bot"
        [step.sorry]
        say = "sorry"
        next = "listen"
        [step.menu]
        ask = "menu?"
        save = "chosen"
        next = "bot"
        "#
    )
}

fn setup(test: &TestSetup, redis: &Redis, flow: &str) -> Setup {
    test.all(redis)
        .set("FLOW_FILE", test.flow(flow))
        .set("FLOW_CALL_HMAC_SECRET", CALL_SECRET)
        .set("WORKERS", "4")
}

/// A test, a Redis and a daemon whose flow calls `url`.
fn start(url: &str, more: &str) -> (TestSetup, Redis, Daemon) {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis, &bot(url, more)).start();
    (test, redis, daemon)
}

#[test]
fn a_shops_own_bot_serves_customers_with_one_call_in_a_loop() {
    let shop = Shop::open(|number, asked| {
        let text = asked.body["message"]["text"].as_str().unwrap();
        well(&match number {
            0 => {
                json!({ "say": ["Hello!", "{{ name }} is no template here"], "set": { "seen": 1, "vip": true } })
            }
            1 => json!({ "say": format!("you said {text}"), "next": "menu" }),
            2 => json!({}),
            3 => {
                json!({ "say": format!("{}", asked.body["variables"]), "set": { "seen": 2.5, "vip": false } })
            }
            _ => json!({ "say": "Bye.", "end": "served" }),
        })
    });
    let (test, _redis, daemon) = start(&shop.url, "");
    let chat = chat(1);
    daemon.customer_writes(&chat, "hi");
    test.texts(&chat, 2);
    daemon.customer_writes(&chat, "two");
    test.texts(&chat, 4);
    daemon.customer_writes(&chat, "7");
    shop.wait_for(3);
    daemon.customer_writes(&chat, "more");
    test.texts(&chat, 5);
    daemon.customer_writes(&chat, "enough");
    assert_eq!(
        test.texts(&chat, 6),
        [
            "Hello!",
            "{{ name }} is no template here",
            "you said two",
            "menu?",
            r#"{"chosen":"7","name":"Ana","opening":"hi","seen":1,"vip":"true"}"#,
            "Bye."
        ]
    );
    let closed = eventually("the conversation is in the history", || {
        let mut all = test.history(&["--conversations"]).into_iter();
        all.find(|one| one["outcome"] == "served")
    });
    let asked = shop.asked();
    let keys: std::collections::BTreeSet<_> = asked
        .iter()
        .map(|asked| asked.headers["idempotency-key"].clone())
        .collect();
    assert_eq!(
        (asked.len(), keys.len()),
        (5, 5),
        "each call has its own key"
    );
    for asked in &asked {
        let body = &asked.body;
        assert_eq!(body["session"], SESSION);
        assert_eq!(body["chat"], chat);
        assert_eq!(body["name"], "Ana");
        assert_eq!(body["step"], "bot");
        assert_eq!(body["conversation"], closed["id"], "{closed}");
        assert_eq!(
            body["idempotency_key"],
            asked.headers["idempotency-key"].as_str()
        );
        assert_eq!(body["message"]["kind"], "text");
        assert!(body["message"]["id"].as_str().unwrap().starts_with("3A"));
        assert_eq!(asked.headers["content-type"], "application/json");
        assert_eq!(asked.headers["x-webhook-hmac-algorithm"], "sha512");
        assert_eq!(
            asked.headers["x-webhook-hmac"],
            sign(CALL_SECRET.as_bytes(), &asked.bytes)
        );
    }
    assert_eq!(asked[4].body["variables"]["seen"], 2.5);
    counted(&daemon, "answered", 5.0);
    assert_eq!(asked[4].body["variables"]["vip"], "");
    assert!(!daemon.log().contains(CALL_SECRET));
    assert!(!daemon.log().contains("not signed"));
}

#[test]
fn without_a_secret_calls_are_not_signed() {
    let shop = Shop::open(|_, _| well(&json!({ "say": "ok", "end": "done" })));
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis, &bot(&shop.url, ""))
        .set("FLOW_CALL_HMAC_SECRET", "")
        .start();
    daemon.customer_writes(&chat(1), "hi");
    test.texts(&chat(1), 1);
    assert!(!shop.asked()[0].headers.contains_key("x-webhook-hmac"));
    // The shop is on this machine, where nobody else can reach it.
    assert!(!daemon.log().contains("FLOW_CALL_HMAC_SECRET is not set"));
}

#[test]
fn a_temporary_failure_is_retried_with_the_same_body_and_key() {
    let shop = Shop::open(|number, _| match number {
        0 => ShopAnswer::Answers(500, "{}".into()),
        1 => ShopAnswer::BreaksOff,
        2 => ShopAnswer::Says(429, "Retry-After: 1", "{}".into()),
        _ => well(&json!({ "say": "at last", "end": "done" })),
    });
    let (test, _redis, daemon) = start(&shop.url, "attempts = 4");
    daemon.customer_writes(&chat(1), "hi");
    assert_eq!(test.texts(&chat(1), 1), ["at last"]);
    let asked = shop.asked();
    assert_eq!(asked.len(), 4);
    for again in &asked[1..] {
        assert_eq!(again.bytes, asked[0].bytes);
        assert_eq!(
            again.headers["idempotency-key"],
            asked[0].headers["idempotency-key"]
        );
    }
}

/// Waits until the metrics count this many calls; retries of one call count once.
fn counted(daemon: &Daemon, result: &str, wanted: f64) {
    let figure = format!("waha_sm_calls_total{{session=\"{SESSION}\",result=\"{result}\"}}");
    eventually("the call is counted", || {
        (daemon.metric(&figure) == Some(wanted)).then_some(())
    });
}

/// If the shop always answers like this, the flow continues at `otherwise` after `tries` requests, and the log says `words`.
fn check_failure(does: fn() -> ShopAnswer, tries: usize, words: &str) {
    let shop = Shop::open(move |_, _| does());
    let (test, _redis, daemon) = start(&shop.url, "attempts = 2\nmay = ['menu']\nsave = ['a']");
    daemon.customer_writes(&chat(1), "the customer's own words");
    assert_eq!(test.texts(&chat(1), 1), ["sorry"]);
    assert_eq!(shop.asked().len(), tries, "{words}");
    counted(&daemon, "failed", 1.0);
    daemon.wait_for_log("a call to the shop's own system failed");
    let log = daemon.log();
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("WARN") && line.contains("a call to the shop"))
        .collect();
    assert!(
        lines.len() == 1 && lines[0].contains(words) && lines[0].contains("step=bot "),
        "{words}: {lines:?}"
    );
    assert!(!lines[0].contains("own words") && !lines[0].contains("SECRET"));
}

#[test]
fn a_server_that_keeps_failing_leads_to_otherwise() {
    check_failure(
        || ShopAnswer::Answers(503, "{}".into()),
        2,
        "it answered 503, at the last of 2 tries",
    );
}

#[test]
fn a_request_that_is_refused_is_not_repeated() {
    check_failure(
        || ShopAnswer::Answers(404, "{}".into()),
        1,
        "it answered 404",
    );
}

#[test]
fn a_redirection_is_not_followed() {
    check_failure(
        || ShopAnswer::Says(307, "Location: http://127.0.0.1:1/", String::new()),
        1,
        "it answered 307, a redirection",
    );
}

#[test]
fn an_answer_that_can_t_be_used_leads_to_otherwise_and_the_log_says_what_is_wrong() {
    let answers = [
        ("<html>SECRET</html>", "it is not JSON (line 1, column 1)"),
        (r#"["SECRET"]"#, "it is not a JSON object"),
        (r#"{"sya": "SECRET"}"#, "did you mean `say`?"),
        (r#"{"say": 7}"#, "`say` is neither a text nor a list"),
        (
            r#"{"next": "nowhere"}"#,
            "a step that the flow does not have",
        ),
        (r#"{"next": "bot"}"#, "which the step may not choose"),
        (r#"{"next": "listen", "end": "x"}"#, "both `next` and `end`"),
        (r#"{"end": ""}"#, "`end` is not a text, or is empty"),
        (r#"{"set": {"b": "SECRET"}}"#, "does not name in `save`"),
        (
            r#"{"set": {"a": ["SECRET"]}}"#,
            "is not a text, a number, true or false",
        ),
        (
            r#"{"set": {"SECRET key": 1}}"#,
            "name 1 in `set` can't be used",
        ),
    ];
    let shop = Shop::open(move |number, _| ShopAnswer::Answers(200, answers[number].0.to_owned()));
    let (test, redis) = (TestSetup::new(), Redis::start());
    // One step for each, because failures of one step are logged once a minute.
    let mut flow = String::from("start = 'first'\n[step.first]\nask = ''\nnext = 'a0'\n");
    for number in 0..answers.len() {
        flow += &format!(
            "[step.a{number}]\ncall = '{}'\nmay = ['listen']\nsave = ['a']\nnext = 'listen'\notherwise = 'b{number}'\n\
             [step.b{number}]\nask = 'sorry {number}'\nnext = 'a{}'\n",
            shop.url,
            number + 1
        );
    }
    flow += &format!("[step.a{}]\nsay = 'all'\nend = 'done'\n", answers.len());
    flow +=
        "[step.listen]\nask = 'never'\nnext = 'bot'\n[step.bot]\nsay = 'never'\nend = 'never'\n";
    let daemon = setup(&test, &redis, &flow).start();
    let wanted: Vec<String> = (0..answers.len())
        .map(|number| format!("sorry {number}"))
        .chain(["all".to_owned()])
        .collect();
    for count in 1..=wanted.len() {
        daemon.customer_writes(&chat(1), "go on");
        test.texts(&chat(1), count);
    }
    assert_eq!(test.texts(&chat(1), wanted.len()), wanted);
    let log = daemon.log();
    for (number, (_, words)) in answers.iter().enumerate() {
        let step = format!("step=a{number} ");
        let line = log
            .lines()
            .find(|line| line.contains(&step) && line.contains("WARN"));
        assert!(
            line.is_some_and(|line| line.contains(words)),
            "{words}: {line:?}"
        );
    }
    assert!(!log.contains("SECRET") && !log.contains("go on\""), "{log}");
    assert_eq!(shop.asked().len(), answers.len());
}

#[test]
fn an_empty_answer_is_accepted_and_an_answer_that_is_too_long_is_not() {
    let shop = Shop::open(|number, _| match number {
        0 => ShopAnswer::Answers(204, String::new()),
        1 => ShopAnswer::Answers(200, " ".into()),
        2 => well(&json!({ "say": "x".repeat(5_000) })),
        _ => ShopAnswer::Answers(200, format!("{{\"say\":\"{}\"}}", "x".repeat(1 << 20))),
    });
    let (test, _redis, daemon) = start(&shop.url, "");
    for (n, word) in ["one", "two", "three"].into_iter().enumerate() {
        daemon.customer_writes(&chat(1), word);
        shop.wait_for(n + 1);
    }
    let long = &test.texts(&chat(1), 1)[0];
    assert_eq!(long.chars().count(), 4096, "cut like every text");
    daemon.customer_writes(&chat(1), "four");
    assert_eq!(test.texts(&chat(1), 2)[1], "sorry");
    daemon.wait_for_log("the answer is longer than");
    assert_eq!(shop.asked().len(), 4);
}

#[test]
fn a_refused_connection_is_retried() {
    let url = format!("http://127.0.0.1:{}/", free_port().unwrap());
    let (test, _redis, daemon) = start(&url, "attempts = 2");
    daemon.customer_writes(&chat(1), "hi");
    assert_eq!(test.texts(&chat(1), 1), ["sorry"]);
    daemon.wait_for_log("at the last of 2 tries");
}

/// The owner doesn't wait for the shop, and its late answer is not sent.
#[test]
fn a_takeover_while_the_shop_hangs_frees_the_worker_at_once() {
    let shop = Shop::open(|number, _| match number {
        0 => ShopAnswer::Hangs(r#"{"say":"too late"}"#.into()),
        _ => well(&json!({"say": "well"})),
    });
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow = bot(&shop.url, "timeout = '60s'");
    let daemon = setup(&test, &redis, &flow).set("WORKERS", "1").start();
    daemon.customer_writes(&chat(1), "hi");
    shop.wait_for(1);
    daemon.customer_writes(&chat(2), "hi");
    let mut owner = message_with(
        "message.any",
        SESSION,
        &chat(1),
        "Shop",
        "I answer",
        &new_message_id(),
    );
    owner["payload"]["id"] = format!("true_{}_{}", chat(1), new_message_id()).into();
    owner["payload"]["fromMe"] = true.into();
    let began = Instant::now();
    daemon.posts(&owner);
    assert_eq!(test.texts(&chat(2), 1), ["well"]);
    // Long before the shop's timeout, even on a busy machine.
    assert!(began.elapsed() < Duration::from_secs(10));
    shop.let_go();
    daemon.customer_writes(&chat(2), "more");
    assert_eq!(test.texts(&chat(2), 2), ["well", "well"]);
    assert_eq!(test.waha.texts(&chat(1)), [""; 0]);
}

#[test]
fn a_hanging_shop_delays_only_its_customer_and_only_until_the_timeout() {
    let shop = Shop::open(|_, _| ShopAnswer::Hangs(r#"{"say":"too late"}"#.into()));
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow = format!(
        "start = 'menu'\n[step.menu]\nask = ''\noptions = {{ shop = 'shop', echo = 'echo' }}\n\
         [step.echo]\nsay = 'echo'\nend = 'done'\n\
         [step.shop]\ncall = '{}'\ntimeout = '1s'\nattempts = 2\nnext = 'echo'\notherwise = 'sorry'\n\
         [step.sorry]\nsay = 'sorry'\nend = 'failed'",
        shop.url
    );
    // More hanging calls than one host may get at once.
    const HUNG: usize = 80;
    let daemon = setup(&test, &redis, &flow).set("WORKERS", "100").start();
    let began = Instant::now();
    for n in 1..=HUNG {
        daemon.customer_writes(&chat(n), "shop");
    }
    shop.wait_for(HUNG * 3 / 4);
    let asked = Instant::now();
    daemon.customer_writes(&chat(99), "echo");
    assert_eq!(test.texts(&chat(99), 1), ["echo"]);
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "{:?}",
        asked.elapsed()
    );
    for n in 1..=HUNG {
        assert_eq!(test.texts(&chat(n), 1), ["sorry"]);
    }
    // Two tries of one second and a pause of half a second, on a busy machine.
    assert!(
        began.elapsed() < Duration::from_secs(12),
        "{:?}",
        began.elapsed()
    );
    eventually("every worker is free", || {
        (redis.number("HLEN waha-sm:{default}:active") == 0).then_some(())
    });
}

#[test]
fn after_a_crash_during_a_call_it_is_repeated_under_the_same_key_and_continues_once() {
    let shop = Shop::open(|number, _| match number {
        0 => ShopAnswer::Hangs(r#"{"say":"from before the crash"}"#.into()),
        _ => well(&json!({ "say": "once" })),
    });
    let (test, redis) = (TestSetup::new(), Redis::start());
    let setup = setup(&test, &redis, &bot(&shop.url, "timeout = '30s'"));
    let mut daemon = setup.start();
    daemon.customer_writes(&chat(1), "hi");
    shop.wait_for(1);
    daemon.kill();
    let daemon = setup.start();
    assert_eq!(test.texts(&chat(1), 1), ["once"]);
    let asked = shop.asked();
    assert_eq!(
        asked[0].headers["idempotency-key"],
        asked[1].headers["idempotency-key"]
    );
    assert_eq!(asked[0].bytes, asked[1].bytes);
    shop.let_go();
    daemon.customer_writes(&chat(1), "more");
    assert_eq!(test.texts(&chat(1), 2), ["once", "once"]);
    let asked = shop.asked();
    assert_eq!(asked.len(), 3);
    assert_eq!(asked[2].body["message"]["text"], "more");
    assert_ne!(
        asked[1].headers["idempotency-key"],
        asked[2].headers["idempotency-key"]
    );
}

#[test]
fn a_process_that_froze_during_a_call_does_not_use_its_late_answer() {
    let shop = Shop::open(|number, _| match number {
        0 => ShopAnswer::Hangs(r#"{"say":"late"}"#.into()),
        _ => well(&json!({ "say": "in time" })),
    });
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow = test.flow(&bot(&shop.url, "timeout = '30s'"));
    let with = |role| {
        test.setup(role)
            .set("REDIS_URL", redis.url())
            .set("FLOW_FILE", &flow)
            .set("FLOW_CALL_HMAC_SECRET", CALL_SECRET)
    };
    let serve = with("serve").start();
    let frozen = with("work").start();
    serve.customer_writes(&chat(1), "hi");
    shop.wait_for(1);
    frozen.signal("-STOP");
    let _living = with("work").start();
    assert_eq!(test.texts(&chat(1), 1), ["in time"]);
    shop.let_go();
    frozen.signal("-CONT");
    frozen.wait_for_log("lost this conversation");
    serve.customer_writes(&chat(1), "more");
    assert_eq!(test.texts(&chat(1), 2), ["in time", "in time"]);
}

#[test]
fn a_stop_does_not_wait_for_the_shop_and_the_next_start_asks_again() {
    let shop = Shop::open(|number, _| match number {
        0 => ShopAnswer::Hangs("{}".into()),
        _ => well(&json!({ "say": "here" })),
    });
    let (test, redis) = (TestSetup::new(), Redis::start());
    let setup = setup(&test, &redis, &bot(&shop.url, "timeout = '1m'"));
    let mut daemon = setup.start();
    daemon.customer_writes(&chat(1), "hi");
    shop.wait_for(1);
    let (status, took) = daemon.terminate();
    assert!(
        status.success() && took < Duration::from_secs(8),
        "{took:?}"
    );
    let _daemon = setup.start();
    assert_eq!(test.texts(&chat(1), 1), ["here"]);
    let asked = shop.asked();
    assert_eq!(asked[0].bytes, asked[1].bytes);
}

#[test]
fn a_customer_who_leaves_during_a_call_is_closed_at_once_and_the_answer_is_ignored() {
    let shop = Shop::open(|_, _| ShopAnswer::Hangs(r#"{"say":"too late"}"#.into()));
    let (test, redis, daemon) = start(&shop.url, "timeout = '1m'");
    daemon.customer_writes(&chat(1), "hi");
    shop.wait_for(1);
    daemon.customer_writes(&chat(1), "Leave!");
    let left = test.texts(&chat(1), 1);
    assert!(left[0].contains("we've closed this chat"), "{left:?}");
    shop.let_go();
    eventually("the worker is free", || {
        (redis.number("HLEN waha-sm:{default}:active") == 0).then_some(())
    });
    daemon.customer_writes(&chat(1), "again");
    assert_eq!(test.texts(&chat(1), 2)[1], "too late");
    assert_eq!(shop.asked()[1].body["variables"]["opening"], "again");
}

#[test]
fn messages_during_a_call_are_read_after_it_in_order() {
    let shop = Shop::open(|number, asked| {
        let answer = json!({ "say": asked.body["message"]["text"] }).to_string();
        match number {
            0 => ShopAnswer::Hangs(answer),
            _ => ShopAnswer::Answers(200, answer),
        }
    });
    let (test, _redis, daemon) = start(&shop.url, "timeout = '1m'");
    daemon.customer_writes(&chat(1), "one");
    shop.wait_for(1);
    for word in ["two", "three", "four"] {
        daemon.customer_writes(&chat(1), word);
    }
    assert!(test.waha.texts(&chat(1)).is_empty());
    shop.let_go();
    assert_eq!(test.texts(&chat(1), 4), ["one", "two", "three", "four"]);
    assert_eq!(shop.asked().len(), 4);
}

#[test]
fn no_customer_is_reminded_or_closed_while_a_call_waits() {
    let shop = Shop::open(|_, _| ShopAnswer::Hangs(r#"{"say":"thought"}"#.into()));
    let flow = format!(
        "[timeouts]\nremind_after = '300ms'\nclose_after = '600ms'\n{}",
        bot(&shop.url, "timeout = '1m'").replace("start = \"bot\"", "")
    );
    let (test, redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis, &format!("start = 'bot'\n{flow}")).start();
    daemon.customer_writes(&chat(1), "hi");
    shop.wait_for(1);
    let asked = Instant::now();
    eventually("more than the time to close has passed", || {
        (asked.elapsed() > Duration::from_secs(1)).then_some(())
    });
    shop.let_go();
    assert_eq!(test.texts(&chat(1), 1), ["thought"]);
}

#[test]
fn a_conversation_at_a_call_that_was_removed_from_the_flow_starts_over() {
    let shop = Shop::open(|_, _| ShopAnswer::Hangs("{}".into()));
    let (test, redis) = (TestSetup::new(), Redis::start());
    let before = setup(&test, &redis, &bot(&shop.url, "timeout = '1m'"));
    let mut daemon = before.start();
    daemon.customer_writes(&chat(1), "hi");
    shop.wait_for(1);
    daemon.kill();
    test.flow("start = 'new'\n[step.new]\nask = 'new?'\nend = 'done'");
    let daemon = before.start();
    assert_eq!(test.texts(&chat(1), 1), ["new?"]);
    daemon.wait_for_log("step `bot` no longer exists");
}

#[test]
fn flow_chat_shows_each_call_and_its_user_answers_for_the_shop() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/flows/bot.toml");
    let mut chat = binary()
        .args(["flow", "chat", example, "--name", "Ann"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let typed = "hi\nare you there?\n/answer {\"say\": \"Yes.\"}\n/answer {\"sya\": 1}\n/answer {}\ntea\n/fail\n";
    let mut stdin = chat.stdin.take().unwrap();
    stdin.write_all(typed.as_bytes()).unwrap();
    drop(stdin);
    let output = chat.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| !line.contains("/answer alone continues"))
        .collect();
    let calls = "-- [step.bot] calls http://localhost:9000/ with ";
    for (number, text) in [(0, "hi"), (2, "are you there?"), (6, "tea")] {
        let body = lines[number].strip_prefix(calls).unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["message"]["text"], text, "{said}");
        assert_eq!(body["name"], "Ann");
    }
    assert_eq!(lines[1], "  < Yes.");
    assert!(
        lines[3].contains("the call failed") && lines[3].contains("did you mean `say`?"),
        "{said}"
    );
    assert!(lines[4].contains("something went wrong"), "{said}");
    assert!(lines[5].contains("no call is waiting"), "{said}");
    assert!(lines[7].contains("something went wrong"), "{said}");
    let graph = binary().args(["flow", "graph", example]).output().unwrap();
    let graph = String::from_utf8(graph.stdout).unwrap();
    assert!(graph.contains("step1[[\"bot\"]]"), "{graph}");
}

#[test]
fn a_dialogue_reports_missing_unused_and_invalid_call_answers() {
    let test = TestSetup::new();
    let flow = test.flow(&bot("http://x/", ""));
    let test = flow.replace("flow.toml", "flow.test.toml");
    for (turn, line, words) in [
        (
            "{ says = 'hi', hears = 'Hello' }",
            3,
            "a call still waits for its answer",
        ),
        (
            "{ says = 'hi', answers = ['{}', '{}'], step = 'listen' }",
            3,
            "no call waits for this answer",
        ),
        (
            "{ says = 'hi', answers = '{\"say\": 1}' }",
            3,
            "the flow can't use this answer",
        ),
        (
            "{ says = 'hi', answers = '{}', calls = ['bot', 'menu'] }",
            3,
            "the calls differ",
        ),
    ] {
        let dialogue = format!(
            "[[dialogue]]\nname = 'x'\nturns = [{turn}, {{ wait = '1s', step = 'listen' }}]"
        );
        std::fs::write(&test, dialogue).unwrap();
        let output = binary().args(["flow", "test", &flow]).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(
            said.lines()
                .any(|one| one.contains(&format!("flow.test.toml:{line}:")) && one.contains(words)),
            "{turn}: {said}"
        );
        assert_eq!(output.status.code(), Some(1));
    }
}

/// Redis comes back without its last writes, as after a failover: the revision of a conversation is counted a second time.
#[test]
fn a_call_after_lost_writes_has_a_key_of_its_own() {
    let shop = Shop::open(|number, _| well(&json!({ "say": format!("answer {number}") })));
    let (test, mut redis) = (TestSetup::new(), Redis::start());
    let daemon = setup(&test, &redis, &bot(&shop.url, "")).start();
    let chat = chat(1);
    daemon.customer_writes(&chat, "one");
    test.texts(&chat, 1);
    let copy = redis.copy();
    daemon.customer_writes(&chat, "lost");
    test.texts(&chat, 2);
    redis.roll_back(&copy);
    let event = message(SESSION, &chat, "Ana", "three");
    eventually("Redis takes messages again", || {
        (daemon.poster.post(&event).unwrap().0 == 200).then_some(())
    });
    shop.wait_for(3);
    let asked = shop.asked();
    let texts: Vec<_> = asked
        .iter()
        .map(|asked| &asked.body["message"]["text"])
        .collect();
    assert_eq!(texts, ["one", "lost", "three"]);
    assert_ne!(
        asked[1].headers["idempotency-key"],
        asked[2].headers["idempotency-key"]
    );
}
