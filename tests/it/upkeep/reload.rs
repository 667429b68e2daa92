//! A directory of flows, and flows that are reloaded while the daemon runs.

use std::path::{Path, PathBuf};
use std::process::Output;

use crate::harness::{Redis, SESSION, TestSetup, binary, chat, eventually};
use crate::webhook;

/// Asks for a name at `first`, then for an age at `second`.
fn flow(name: &str, first: &str, second: &str) -> String {
    format!(
        "name = '{name}'\nstart = '{first}'\n[timeouts]\nburst = '0s'\n\
         [step.{first}]\nask = '{name}: your name?'\nsave = 'who'\nnext = '{second}'\n\
         [step.{second}]\nask = '{name}: your age, {{{{ who }}}}?'\nsave = 'age'\nnext = 'bye'\n\
         [step.bye]\nsay = '{name}: {{{{ who }}}} is {{{{ age }}}}'\nend = 'done'\n"
    )
}

/// A directory of flows in this test.
fn directory(test: &TestSetup, files: &[(&str, &str)]) -> PathBuf {
    let place = test.directory.path().join("flows");
    std::fs::create_dir_all(&place).unwrap();
    for (file, text) in files {
        std::fs::write(place.join(file), text).unwrap();
    }
    place
}

fn reload(redis: &Redis) -> Output {
    binary()
        .args(["flow", "reload"])
        .env("REDIS_URL", redis.url())
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn path(place: &Path) -> String {
    place.display().to_string()
}

#[test]
fn each_session_follows_the_flow_file_of_its_name_and_a_signal_reloads_it_for_open_conversations() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let place = directory(
        &test,
        &[
            ("default.toml", &flow("one", "name", "age")),
            ("shop.toml", &flow("shop", "name", "age")),
        ],
    );
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", path(&place))
        .set("WORKERS", "3")
        .start();
    assert!(daemon.log().contains("default (3 steps), shop (3 steps)"));
    let (ana, bia, shopper) = (chat(1), chat(2), chat(3));
    daemon.posts(&webhook::message("shop", &shopper, "Ana", "hi"));
    assert_eq!(test.texts(&shopper, 1), ["shop: your name?"]);
    for (customer, name) in [(&ana, "Zoe"), (&bia, "Rui")] {
        daemon.customer_writes(customer, "hi");
        test.texts(customer, 1);
        daemon.customer_writes(customer, name);
        test.texts(customer, 2);
    }

    // One bad file rejects the whole reload, and every mistake is reported.
    std::fs::write(place.join("default.toml"), flow("two", "name", "age")).unwrap();
    std::fs::write(
        place.join("shop.toml"),
        "start = 'a'\n[step.a]\nsay = 'x'\nnext = 'b'\ntypo = 1",
    )
    .unwrap();
    daemon.signal("-HUP");
    daemon.wait_for_log("the flows loaded before stay");
    let log = daemon.log();
    assert!(log.contains("shop.toml, line 4") && log.contains("shop.toml, line 5"));
    daemon.customer_writes(&bia, "7");
    assert_eq!(test.texts(&bia, 3)[2], "one: Rui is 7");

    // The new flow still has the step, so the answer counts for it.
    std::fs::write(place.join("shop.toml"), flow("shop two", "name", "age")).unwrap();
    daemon.signal("-HUP");
    daemon.wait_for_log("reloaded the flows");
    daemon.customer_writes(&ana, "30");
    assert_eq!(test.texts(&ana, 3)[2], "two: Zoe is 30");
    daemon.posts(&webhook::message("shop", &shopper, "Ana", "Eva"));
    assert_eq!(test.texts(&shopper, 2)[1], "shop two: your age, Eva?");
}

#[test]
fn a_conversation_at_a_removed_step_starts_over_with_its_variables_in_all_processes() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let place = directory(&test, &[("default.toml", &flow("one", "name", "age"))]);
    let serve = test
        .setup("serve")
        .set("REDIS_URL", redis.url())
        .set("FLOW_FILE", path(&place))
        .start();
    let work = test
        .setup("work")
        .set("REDIS_URL", redis.url())
        .set("FLOW_FILE", path(&place))
        .start();
    let ana = chat(1);
    serve.customer_writes(&ana, "hi");
    test.texts(&ana, 1);
    serve.customer_writes(&ana, "Zoe");
    assert_eq!(test.texts(&ana, 2)[1], "one: your age, Zoe?");

    let new = "name = 'new'\nstart = 'hello'\n[timeouts]\nburst = '0s'\n[step.hello]\nask = 'new: hello {{ who }}, what is it?'\nsave = 'it'\n\
        next = 'bye'\n[step.bye]\nask = '{{ it }} for {{ who }}'\nsave = 'who'\nend = 'done'\n";
    std::fs::write(place.join("default.toml"), "start = 'nowhere'").unwrap();
    let refused = reload(&redis);
    let output = stdout(&refused);
    assert_eq!(refused.status.code(), Some(1), "{output}");
    assert_eq!(
        output.matches("so the old flows stay in use").count(),
        2,
        "{output}"
    );
    assert!(output.contains("default.toml, line 1"), "{output}");

    std::fs::write(place.join("default.toml"), new).unwrap();
    let loaded = reload(&redis);
    let output = stdout(&loaded);
    assert_eq!(loaded.status.code(), Some(0), "{output}");
    assert_eq!(output.lines().count(), 2, "{output}");
    assert!(output.contains("serve (process") && output.contains("work (process"));
    assert_eq!(
        output.matches("loaded default (2 steps)").count(),
        2,
        "{output}"
    );

    serve.customer_writes(&ana, "30");
    assert_eq!(test.texts(&ana, 3)[2], "new: hello Zoe, what is it?");
    assert!(work.log().contains("step `age` no longer exists"));
    serve.customer_writes(&ana, "pizza");
    assert_eq!(test.texts(&ana, 4)[3], "pizza for Zoe");
}

#[test]
fn each_sessions_flow_decides_when_the_first_notice_is_sent() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let late = |after: &str| {
        format!(
            "start = 'a'\n[timeouts]\nburst = '0s'\n[notices]\nfirst_after = '{after}'\n[texts]\nposition = 'you wait'\n\
             next = 'you wait'\n[step.a]\nask = 'a?'\nend = 'x'\n"
        )
    };
    let place = directory(
        &test,
        &[("default.toml", &late("1h")), ("shop.toml", &late("1h"))],
    );
    let daemon = test.all(&redis).set("FLOW_FILE", path(&place)).start();
    daemon.customer_writes(&chat(1), "hi");
    test.texts(&chat(1), 1);
    std::fs::write(place.join("shop.toml"), late("100ms")).unwrap();
    assert!(reload(&redis).status.success());
    daemon.customer_writes(&chat(2), "hi");
    daemon.posts(&webhook::message("shop", &chat(3), "Ana", "hi"));
    assert_eq!(test.texts(&chat(3), 1), ["you wait"]);
    let due = |session: &str| redis.number(&format!("ZCARD waha-sm:{{{session}}}:announce"));
    assert_eq!((due(SESSION), test.waha.texts(&chat(2)).len()), (1, 0));
}

#[test]
fn a_reload_that_no_process_answers_says_so() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let output = reload(&redis);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("no process answered"), "{text}");
    let output = binary()
        .args(["flow", "reload"])
        .env("DATA_DIR", test.directory.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        text.contains("no daemon runs on the data directory"),
        "{text}"
    );
}

#[test]
fn a_reload_reaches_the_daemon_and_its_private_redis_ignores_the_hangup_signal() {
    let test = TestSetup::new();
    let place = directory(&test, &[("shop.toml", &flow("one", "name", "age"))]);
    let setup = test.setup("all").set("FLOW_FILE", path(&place));
    let daemon = setup.start();
    assert!(daemon.log().contains("put default.toml there"));
    daemon.signal("-HUP");
    daemon.wait_for_log("reloaded the flows");
    let output = binary()
        .args(["flow", "reload"])
        .env("DATA_DIR", &setup.data_dir)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stdout(&output));
    assert!(stdout(&output).contains("shop (3 steps), and the built-in flow"));
    eventually("the flows are reloaded twice", || {
        (daemon.log().matches("reloaded the flows").count() == 2).then_some(())
    });
}

#[test]
fn a_check_of_a_directory_checks_every_flow_in_it() {
    let test = TestSetup::new();
    let place = directory(
        &test,
        &[
            ("default.toml", &flow("one", "name", "age")),
            ("shop.toml", "start = 'x'"),
            ("bad name.toml", ""),
        ],
    );
    let check = || {
        let output = binary()
            .args(["flow", "check"])
            .arg(&place)
            .output()
            .unwrap();
        (output.status.code(), stdout(&output))
    };
    let (code, output) = check();
    assert_eq!(code, Some(1));
    assert!(
        output.contains("default.toml: good")
            && output.contains("shop.toml:1:")
            && output.contains("`bad name`"),
        "{output}"
    );
    for file in ["shop.toml", "bad name.toml"] {
        std::fs::remove_file(place.join(file)).unwrap();
    }
    assert_eq!(check().0, Some(0));
}

#[test]
fn reloaded_flows_get_the_same_warnings_as_at_the_start() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let place = directory(&test, &[("default.toml", &flow("one", "name", "age"))]);
    let daemon = test
        .all(&redis)
        .set("FLOW_FILE", path(&place))
        .set("FLOW_CALL_HMAC_SECRET", "")
        .start();
    let (unsigned, others) = ("FLOW_CALL_HMAC_SECRET is not set", "put default.toml there");
    let log = daemon.log();
    assert!(!log.contains(unsigned) && !log.contains(others), "{log}");
    std::fs::remove_file(place.join("default.toml")).unwrap();
    let calls = "start = 'a'\n[step.a]\ncall = 'http://192.0.2.1/'\nend = 'x'\notherwise = 'b'\n\
                 [step.b]\nask = 'b'\nend = 'x'";
    std::fs::write(place.join("shop.toml"), calls).unwrap();
    daemon.signal("-HUP");
    daemon.wait_for_log(unsigned);
    daemon.wait_for_log(others);
    // Another reload does not repeat the warning, and a new start says it once more.
    assert_eq!(reload(&redis).status.code(), Some(0));
    daemon.signal("-HUP");
    eventually("it has reloaded three times", || {
        (daemon.log().matches("reloaded the flows").count() == 3).then_some(())
    });
    assert_eq!(daemon.log().matches(unsigned).count(), 1);
}

#[test]
fn calls_to_this_machine_need_no_signature_and_others_get_one_warning() {
    for (host, warnings) in [
        ("localhost:9", 0),
        ("[::1]:9", 0),
        ("127.0.0.2", 0),
        ("shop:9", 1),
    ] {
        let (test, redis) = (TestSetup::new(), Redis::start());
        let calls = format!(
            "start = 'a'\n[step.a]\ncall = 'http://{host}/'\nend = 'x'\notherwise = 'b'\n[step.b]\nask = 'b'\nend = 'x'"
        );
        let daemon = test
            .all(&redis)
            .set("FLOW_FILE", test.flow(&calls))
            .set("FLOW_CALL_HMAC_SECRET", "")
            .start();
        assert_eq!(reload(&redis).status.code(), Some(0));
        let said = daemon
            .log()
            .matches("FLOW_CALL_HMAC_SECRET is not set")
            .count();
        assert_eq!(said, warnings, "{host}");
    }
}
