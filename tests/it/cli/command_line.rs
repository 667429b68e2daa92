//! What users see if they make a mistake on the command line.

use crate::harness::{Redis, SECRET, TestSetup, binary};

fn stderr(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn all_mistakes_are_reported_at_once_with_exit_code_64() {
    let test = TestSetup::new();
    let flow = test.flow("start = \"a\"\n[step.a]\nsay = \"x\"\nnext = \"b\"\ntypo = 1\n");
    let output = binary()
        .arg("all")
        .envs([
            ("LISTEN", "here"),
            ("WORKERS", "0"),
            ("PACING", "slow"),
            ("REDIS_URL", "redis:/x"),
        ])
        .env("FLOW_FILE", &flow)
        .output()
        .unwrap();
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(64), "{text}");
    for setting in [
        "WEBHOOK_HMAC_SECRET",
        "LISTEN",
        "WORKERS",
        "PACING",
        "REDIS_URL",
        "FLOW_FILE",
    ] {
        assert!(
            text.lines().any(|line| line.contains(setting)),
            "{setting}: {text}"
        );
    }
    assert!(
        text.contains("line 4") && text.contains("line 5"),
        "each mistake of the flow: {text}"
    );
}

#[test]
fn a_log_filter_that_would_log_nothing_is_a_mistake() {
    let test = TestSetup::new();
    for (filter, meant) in [
        ("inf", "`info`"),
        ("waha-sm=debug", "`waha_sm`"),
        ("info,waha_sm=loud", "write a level"),
    ] {
        let output = test.setup("all").set("RUST_LOG", filter).run();
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(64), "{text}");
        assert!(
            text.contains("RUST_LOG is") && text.contains(meant),
            "{text}"
        );
    }
}

/// Such a password would end the URL too early, or be read as another one.
#[test]
fn a_redis_password_with_special_characters_is_percent_encoded() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let password = "se/c:r@t#7?%x";
    assert_eq!(
        redis.ask(&format!("CONFIG SET requirepass {password}")),
        "+OK"
    );
    let socket = redis.socket();
    let setup = |password: &str| {
        let url = format!("redis+unix://:{password}@localhost{}", socket.display());
        test.setup("all").set("REDIS_URL", url)
    };
    let output = setup(password).run();
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(64), "{text}");
    assert!(
        text.contains("percent-encoded") && text.contains("/ as %2F"),
        "{text}"
    );
    assert!(!text.contains("se/c") && !text.contains("r@t"), "{text}");

    let encoded = "se%2Fc%3Ar%40t%237%3F%25x";
    drop(setup(encoded).start());
}

#[test]
fn a_redis_that_refuses_us_ends_the_start_at_once() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    for command in [
        "CONFIG SET requirepass right",
        "ACL SETUSER reader on >right ~* &* +@read",
        "ACL SETUSER elsewhere on >right ~other:* &* +@all",
    ] {
        // The first one shuts out this connection's successors.
        let login = if command.starts_with("CONFIG") {
            ""
        } else {
            "AUTH right\r\n"
        };
        assert!(redis.ask(&format!("{login}{command}")).starts_with("+OK"));
    }
    let socket = redis.socket();
    for (login, reason, remedy) in [
        (
            ":wrong@localhost",
            "WRONGPASS",
            "correct the user and the password in REDIS_URL",
        ),
        (
            "nobody:right@localhost",
            "WRONGPASS",
            "correct the user and the password",
        ),
        ("", "NOAUTH", "put the password into REDIS_URL"),
        ("reader:right@localhost", "NOPERM", "ACL SETUSER"),
        ("elsewhere:right@localhost", "NOPERM", "ACL SETUSER"),
    ] {
        let begun = std::time::Instant::now();
        let url = format!("redis+unix://{login}{}", socket.display());
        let output = test.setup("all").set("REDIS_URL", url.clone()).run();
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{login}: {text}");
        assert!(
            text.contains(reason) && text.contains(remedy),
            "{login}: {text}"
        );
        assert!(
            !text.contains("wrong@") && !text.contains("right@"),
            "{text}"
        );
        assert!(
            begun.elapsed() < std::time::Duration::from_secs(4),
            "{login}: {:?}",
            begun.elapsed()
        );

        // A command fails at once, too.
        if reason != "NOPERM" {
            let output = binary()
                .args(["dead", "list"])
                .env("REDIS_URL", url)
                .output()
                .unwrap();
            let text = stderr(&output);
            assert!(
                text.contains(reason) && text.contains(remedy),
                "{login}: {text}"
            );
        }
    }
}

#[test]
fn without_a_secret_nothing_starts() {
    for role in ["all", "serve", "work"] {
        for secret in ["", " "] {
            let output = binary()
                .arg(role)
                .envs([
                    ("REDIS_URL", "redis://127.0.0.1:1"),
                    ("WEBHOOK_HMAC_SECRET", secret),
                ])
                .output()
                .unwrap();
            assert_eq!(output.status.code(), Some(64), "{role}");
            assert!(
                stderr(&output).contains("WEBHOOK_HMAC_SECRET is required"),
                "{role}"
            );
        }
    }
}

#[test]
fn a_short_secret_is_refused_unless_that_is_allowed() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let setup = |name: &str, secret: &str| test.all(&redis).set(name, secret);
    for name in ["WEBHOOK_HMAC_SECRET", "WEBHOOK_HMAC_SECRET_PREVIOUS"] {
        for (secret, allow) in [
            ("fifteen letters", ""),
            ("short", "no"),
            ("é".repeat(15).as_str(), "NO"),
        ] {
            let setup = setup(name, secret).set("ALLOW_WEAK_SECRET", allow);
            let (status, text) = setup.spawn().ends();
            assert_eq!(status.code(), Some(64), "{name} {secret}: {text}");
            assert!(
                text.contains(&format!("{name} has fewer than 16 characters"))
                    && text.contains("openssl rand -hex 32")
                    && !text.contains(secret),
                "{text}"
            );
        }
        let mut daemon = setup(name, "short").set("ALLOW_WEAK_SECRET", "yes").start();
        daemon.wait_for_log(&format!(
            "{name} is shorter than 16 characters and can be guessed"
        ));
        daemon.terminate();
        let mut daemon = setup(name, "sixteen letters!").start();
        daemon.terminate();
        assert!(!daemon.log().contains(&format!("{name} has fewer")));
    }
    let output = test.all(&redis).set("ALLOW_WEAK_SECRET", "perhaps").run();
    assert!(stderr(&output).contains("ALLOW_WEAK_SECRET is \"perhaps\": write no or yes"));
}

#[test]
fn a_wrong_command_line_is_a_usage_error_and_help_shows_no_secret() {
    assert_eq!(
        binary().arg("fly").output().unwrap().status.code(),
        Some(64)
    );
    assert_eq!(
        binary()
            .args(["all", "--wings"])
            .output()
            .unwrap()
            .status
            .code(),
        Some(64)
    );
    let help = binary()
        .args(["all", "--help"])
        .env("WEBHOOK_HMAC_SECRET", SECRET)
        .output()
        .unwrap();
    assert_eq!(help.status.code(), Some(0));
    let text = String::from_utf8(help.stdout).unwrap();
    assert!(
        text.contains("WEBHOOK_HMAC_SECRET") && !text.contains(SECRET),
        "{text}"
    );
}

#[test]
fn a_second_daemon_on_the_same_data_directory_is_refused() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let _first = test.all(&redis).start();
    let output = test.all(&redis).run();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("another waha-sm is running on the data directory"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn without_a_redis_server_the_error_says_what_to_install() {
    let test = TestSetup::new();
    let output = test.setup("all").set("PATH", "/nowhere").run();
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    assert!(
        text.contains("apt-get install redis-server") && text.contains("REDIS_URL"),
        "{text}"
    );
}

#[test]
fn a_secret_from_a_file_works_and_is_in_no_log() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let file = test.directory.path().join("secret");
    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    let setup = test
        .all(&redis)
        .set("WEBHOOK_HMAC_SECRET", "")
        .set("WEBHOOK_HMAC_SECRET_FILE", file.display().to_string())
        .set("LOG_FORMAT", "json")
        .set("RUST_LOG", "trace");
    let daemon = setup.spawn();
    let event = crate::webhook::message("default", &crate::harness::chat(1), "Ana", "oi");
    crate::harness::eventually("it takes a signed webhook", || {
        (daemon.poster.post(&event).ok()?.0 == 200).then_some(())
    });
    test.texts(&crate::harness::chat(1), 1);
    let log = daemon.log();
    assert!(
        !log.contains(SECRET) && !log.contains(crate::harness::API_KEY),
        "a secret in the log"
    );
    assert!(
        log.lines()
            .all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok())
    );
}

#[test]
fn the_version_says_which_commit_it_is() {
    let output = binary().arg("--version").output().unwrap();
    let version = String::from_utf8(output.stdout).unwrap();
    let commit = std::process::Command::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output();
    let is_repository = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(".git")
        .exists();
    let expected = match commit {
        Ok(commit) if is_repository && commit.status.success() => {
            let commit = String::from_utf8(commit.stdout).unwrap();
            format!(
                "waha-sm {} ({})\n",
                env!("CARGO_PKG_VERSION"),
                commit.trim()
            )
        }
        // A source archive, or no git here: it was built without it.
        _ => format!("waha-sm {}", env!("CARGO_PKG_VERSION")),
    };
    assert!(version.starts_with(&expected), "{version}{expected}");
}
