//! `waha-sm doctor` finds each fault that is planted, says which setting to change, and finds nothing in a healthy system.

use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::fake_waha::{Behaviour, Engine};
use crate::harness::{API_KEY, Daemon, Redis, SECRET, SESSION, Setup, TestSetup, chat, eventually};
use crate::redis_nodes::free_port;

/// Keys and passwords that only WAHA has.
const ITS_SECRETS: [&str; 4] = [
    "another-key-of-waha",
    "its-dashboard-password",
    "old-key-that-was-ours",
    "1f3c-token-in-a-path",
];

/// A finding that needs action: the check, and words of what it says.
type Wanted<'a> = (&'a str, &'a str);

struct Clinic {
    test: TestSetup,
    redis: Redis,
    setup: Setup,
    /// All that the command printed.
    printed: Mutex<String>,
}

impl Clinic {
    fn new() -> Self {
        let (test, redis) = (TestSetup::new(), Redis::start());
        let setup = test.all(&redis).set("FLOW_FILE", test.echo());
        let clinic = Self {
            test,
            redis,
            setup,
            printed: Mutex::default(),
        };
        clinic.heals();
        clinic
    }

    /// WAHA as waha.env.example sets it up.
    fn heals(&self) {
        self.test.waha.has_environment(self.environment(&[]));
        self.test.waha.has_session_config(json!({}));
    }

    /// The environment of WAHA with these changes; an empty one is not set.
    fn environment(&self, changes: &[(&str, &str)]) -> Value {
        let mut environment = json!({
            "WAHA_API_KEY": API_KEY,
            "WAHA_DASHBOARD_PASSWORD": ITS_SECRETS[1],
            "WHATSAPP_DEFAULT_ENGINE": "GOWS",
            "WHATSAPP_HOOK_URL": self.hook(),
            "WHATSAPP_HOOK_EVENTS": "message.any,message.ack,message.reaction,message.edited,message.revoked,session.status",
            "WHATSAPP_HOOK_HMAC_KEY": SECRET,
            "WHATSAPP_HOOK_RETRIES_POLICY": "exponential",
            "WHATSAPP_HOOK_RETRIES_DELAY_SECONDS": "2",
            "WHATSAPP_HOOK_RETRIES_ATTEMPTS": "12",
        });
        for (name, value) in changes {
            environment[name] = (*value).into();
        }
        environment
    }

    fn hook(&self) -> String {
        format!("http://{}/webhook", self.setup.address())
    }

    /// Runs it with these settings changed. Returns the exit code and the findings.
    fn doctor(&self, changes: &[(&str, &str)]) -> (Option<i32>, Vec<Value>) {
        let mut command: Command = self.setup.command_of("doctor");
        let command = command.args(["--format", "json"]);
        let output = command.envs(changes.iter().copied()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        self.printed
            .lock()
            .unwrap()
            .push_str(&(text.clone() + &said));
        let all: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text} {said}"));
        (
            output.status.code(),
            all["findings"].as_array().unwrap().clone(),
        )
    }

    /// It finds exactly these faults.
    #[track_caller]
    fn finds(&self, settings: &[(&str, &str)], wanted: &[Wanted<'_>]) {
        let (code, findings) = self.doctor(settings);
        let bad: Vec<&Value> = findings
            .iter()
            .filter(|one| matches!(one["level"].as_str(), Some("notice" | "problem")))
            .collect();
        for (check, words) in wanted {
            let found = bad.iter().any(|one| {
                let said = format!("{} {}", one["message"], one["details"]);
                one["check"] == *check && said.contains(words)
            });
            assert!(found, "no {check} with {words:?} in {bad:#?}");
        }
        assert_eq!(bad.len(), wanted.len(), "{bad:#?}");
        assert_eq!(code, Some(i32::from(!wanted.is_empty())), "{findings:#?}");
    }

    /// It finds exactly these faults in a WAHA with this environment.
    #[track_caller]
    fn finds_in_waha(&self, changes: &[(&str, &str)], wanted: &[Wanted<'_>]) {
        self.test.waha.has_environment(self.environment(changes));
        self.finds(&[], wanted);
        self.heals();
    }

    fn starts(&self) -> Daemon {
        let daemon = self.setup.start();
        let customer = chat(1);
        let event = self
            .test
            .waha
            .customer_writes(SESSION, &customer, "Ana", "hello");
        daemon.posts(&event);
        self.test.texts(&customer, 1);
        eventually("the message is in the history", || {
            (self.test.history(&[]).len() >= 2).then_some(())
        });
        daemon
    }
}

impl Drop for Clinic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let printed = self.printed.lock().unwrap();
        for secret in [SECRET, API_KEY].into_iter().chain(ITS_SECRETS) {
            assert!(!printed.contains(secret), "{secret:?} in {printed}");
        }
    }
}

#[test]
fn a_healthy_system_has_no_finding_and_each_fault_of_waha_has_one() {
    let clinic = Clinic::new();
    let waha = &clinic.test.waha;
    let daemon = clinic.starts();
    let began = Instant::now();
    clinic.finds(&[], &[]);
    assert!(began.elapsed() < Duration::from_secs(2));
    let (_, findings) = clinic.doctor(&[]);
    let session = findings
        .iter()
        .find(|one| one["check"] == "session")
        .unwrap();
    let heard = "The last message of a customer came at 2";
    assert!(session["message"].to_string().contains(heard), "{session}");
    let heard = daemon.metric("waha_sm_last_inbound_timestamp_seconds{session=\"default\"}");
    assert!(heard.is_some_and(|at| at > 1.7e9), "{heard:?}");

    // The webhooks.
    let key = ("WHATSAPP_HOOK_HMAC_KEY", ITS_SECRETS[0]);
    clinic.finds_in_waha(
        &[("WHATSAPP_HOOK_URL", "")],
        &[("webhooks", "set WHATSAPP_HOOK_URL")],
    );
    clinic.finds_in_waha(
        &[("WHATSAPP_HOOK_URL", "http://n8n:5678/webhook/"), key],
        &[("webhooks", "must end in /webhook")],
    );
    let elsewhere = format!("http://127.0.0.1:{}/webhook", free_port().unwrap());
    clinic.finds_in_waha(
        &[
            ("WHATSAPP_HOOK_URL", &elsewhere),
            ("WHATSAPP_HOOK_EVENTS", "message,session.status"),
            ("WHATSAPP_HOOK_HMAC_KEY", ""),
            ("WHATSAPP_HOOK_RETRIES_POLICY", ""),
        ],
        &[
            ("webhooks", "and LISTEN here the same"),
            ("webhooks", "lacks these events: message.any, message.ack, "),
            ("webhooks", "Set WHATSAPP_HOOK_HMAC_KEY"),
            ("webhooks", "WHATSAPP_HOOK_RETRIES_POLICY=exponential"),
        ],
    );
    // The path of our address, the host, and an address of another program beside ours.
    clinic.finds_in_waha(
        &[("WHATSAPP_HOOK_URL", &format!("{}/", clinic.hook()))],
        &[("webhooks", "but to another path")],
    );
    let misspelt = clinic.hook().replace("127.0.0.1", "wahasm.invalid");
    clinic.finds_in_waha(
        &[("WHATSAPP_HOOK_URL", &misspelt)],
        &[("webhooks", "that does not lead to waha-sm")],
    );
    waha.has_session_config(json!({"webhooks": [{
        "url": format!("http://n8n:5678/{}/webhook", ITS_SECRETS[3]),
        "events": ["message"],
        "hmac": {"key": ITS_SECRETS[0]},
    }]}));
    clinic.finds(&[], &[]);
    waha.has_environment(clinic.environment(&[("WHATSAPP_HOOK_URL", "")]));
    waha.has_session_config(json!({"webhooks": [{
        "url": format!("https://me:{}@n8n.example/{}", ITS_SECRETS[1], ITS_SECRETS[3]),
        "events": ["message"],
    }]}));
    clinic.finds(&[], &[("webhooks", "https://n8n.example")]);
    clinic.heals();
    waha.has_environment(clinic.environment(&[("WHATSAPP_FILES_LIFETIME", "0")]));
    let (code, findings) = clinic.doctor(&[]);
    let hinted = findings.iter().any(|one| {
        let said = one["message"].to_string();
        one["level"] == "hint" && said.contains("until its disk is full")
    });
    assert!(hinted && code == Some(0), "{findings:#?}");
    clinic.heals();
    clinic.finds_in_waha(
        &[
            ("WHATSAPP_HOOK_EVENTS", ""),
            key,
            ("WHATSAPP_FILES_LIFETIME", "5"),
        ],
        &[
            ("webhooks", "Set WHATSAPP_HOOK_EVENTS=message.any,"),
            ("webhooks", "and WEBHOOK_HMAC_SECRET here must be the same"),
            ("files", "Set WHATSAPP_FILES_LIFETIME"),
        ],
    );
    clinic.finds_in_waha(
        &[("WHATSAPP_HOOK_EVENTS", "*")],
        &[("webhooks", "comes twice")],
    );
    waha.has_environment(clinic.environment(&[("WHATSAPP_HOOK_HMAC_KEY", ITS_SECRETS[2])]));
    clinic.finds(
        &[("WEBHOOK_HMAC_SECRET_PREVIOUS", ITS_SECRETS[2])],
        &[
            ("settings", "WEBHOOK_HMAC_SECRET_PREVIOUS is set"),
            ("webhooks", "still has the old key"),
        ],
    );
    clinic.heals();
    // A session's own.
    waha.has_session_config(json!({"webhooks": [{
        "url": clinic.hook(),
        "events": ["message.any", "message", "message.ack", "message.reaction", "message.edited", "message.revoked", "session.status"],
        "hmac": {"key": ITS_SECRETS[0]},
        "retries": {"policy": "exponential", "delaySeconds": 2, "attempts": 12},
    }]}));
    clinic.finds(
        &[],
        &[
            ("webhooks", "remove the session's"),
            ("webhooks", "has the events message, message.any"),
            ("webhooks", "(in a session: webhooks.hmac.key)"),
        ],
    );
    clinic.heals();

    // WAHA itself.
    waha.has_version("2024.9.2");
    waha.clock_is_ahead(-7_200);
    clinic.finds(
        &[],
        &[
            ("waha", "Update WAHA"),
            ("clocks", "The clock of WAHA is 2h behind ours"),
        ],
    );
    waha.has_version("2026.8.1");
    waha.clock_is_ahead(0);
    clinic.finds(&[], &[("waha", "2026.8.3 or later")]);
    waha.has_version("2026.7.1");
    waha.behave(Behaviour::SessionIs("SCAN_QR_CODE"));
    clinic.finds(&[], &[("session", "WAHA says SCAN_QR_CODE")]);
    waha.behave(Behaviour::SessionIsDeleted);
    clinic.finds(&[], &[("session", "WHATSAPP_START_SESSION")]);
    waha.behave_well();
    waha.imitate(Engine::Noweb);
    waha.cannot_list(true);
    clinic.finds_in_waha(
        &[("WHATSAPP_DEFAULT_ENGINE", "NOWEB")],
        &[("session", "noweb.store.enabled")],
    );
    waha.cannot_list(false);
    waha.imitate(Engine::Gows);
    let closed = format!("http://127.0.0.1:{}", free_port().unwrap());
    clinic.finds(
        &[("WAHA_URL", &closed)],
        &[("waha", "is WAHA_URL its address")],
    );
    clinic.finds(
        &[("WAHA_URL", &daemon.url)],
        &[("waha", "Set WAHA_URL to the address of WAHA")],
    );
    clinic.finds(
        &[("WAHA_API_KEY", ITS_SECRETS[0])],
        &[("waha", "Set WAHA_API_KEY here")],
    );
    clinic.finds(
        &[("WAHA_API_KEY", "")],
        &[
            ("waha", "Set WAHA_API_KEY"),
            ("settings", "WAHA_API_KEY is not set"),
        ],
    );

    // It hears nothing yet, and what WAHA has is from before we began.
    waha.customer_writes(SESSION, &chat(2), "Rui", "is anybody there?");
    waha.time_goes_by(Duration::from_secs(3_600));
    clinic
        .redis
        .ask(&format!("HDEL waha-sm:{{{SESSION}}}:counters heard_at"));
    clinic.finds(&[], &[]);

    // It hears nothing, although a customer wrote.
    waha.customer_writes(SESSION, &chat(2), "Rui", "is anybody there?");
    clinic.finds(&[], &[]);
    clinic.redis.ask(&format!(
        "HSET waha-sm:{{{SESSION}}}:counters heard_at 1790000000000"
    ));
    waha.time_goes_by(Duration::from_secs(120));
    clinic.finds(&[], &[("session", "Look at WHATSAPP_HOOK_URL")]);
}

#[test]
fn each_fault_of_ours_of_redis_and_of_the_disk_has_a_finding() {
    let clinic = Clinic::new();
    let mut daemon = clinic.starts();
    let redis = &clinic.redis;

    // The daemon, seen from outside.
    let other = "a secret that the daemon does not have";
    clinic.finds(
        &[("WEBHOOK_HMAC_SECRET", other)],
        &[
            ("daemon", "runs with another secret"),
            ("webhooks", "WEBHOOK_HMAC_SECRET here must be the same"),
        ],
    );
    let free = free_port().unwrap();
    let free = format!("127.0.0.1:{free}");
    clinic.finds(
        &[("LISTEN", &free)],
        &[
            ("daemon", "set LISTEN here"),
            ("webhooks", "LISTEN here the same"),
        ],
    );
    let of_waha = clinic.test.waha.url().replace("http://", "");
    clinic.finds(
        &[("LISTEN", &of_waha)],
        &[
            ("daemon", "LISTEN here, and WHATSAPP_HOOK_URL"),
            ("webhooks", "LISTEN here the same"),
        ],
    );

    // The settings: all mistakes in one run, and the rest is checked.
    let flow = clinic.test.directory.path().join("broken.toml");
    std::fs::write(&flow, "start = 'nowhere'").unwrap();
    clinic.finds(
        &[
            ("WORKERS", "many"),
            ("WAHA_API_KEY_FILE", "/nowhere/key"),
            ("WAHA_API_KEY", ""),
            ("FLOW_FILE", flow.to_str().unwrap()),
            ("TZ", "Mars/One"),
        ],
        &[
            ("settings", "WORKERS is"),
            ("settings", "WAHA_API_KEY_FILE is"),
            ("settings", "FLOW_FILE"),
            ("settings", "TZ is"),
            ("waha", "WAHA_API_KEY"),
        ],
    );
    std::fs::write(&flow, "start = 'a'\n[step.a]\nask = '?'\nnext = 'a'").unwrap();
    let (code, findings) = clinic.doctor(&[("FLOW_FILE", flow.to_str().unwrap())]);
    let warned = findings.iter().any(|one| {
        one["check"] == "flows"
            && one["level"] == "hint"
            && one["details"].to_string().contains("`end`")
    });
    assert!(warned && code == Some(0), "{findings:#?}");
    clinic.finds(
        &[("REDIS_URL", ""), ("PRIVATE_REDIS_MAXMEMORY", "0")],
        &[("memory", "Set PRIVATE_REDIS_MAXMEMORY")],
    );

    // Redis.
    for (setting, fault, good, wanted) in [
        (
            "maxmemory-policy",
            "allkeys-lru",
            "noeviction",
            "set maxmemory-policy noeviction",
        ),
        ("appendonly", "no", "yes", "set appendonly yes"),
        ("appendfsync", "no", "everysec", "set appendfsync everysec"),
    ] {
        redis.ask(&format!("CONFIG SET {setting} {fault}"));
        clinic.finds(&[], &[("redis", wanted)]);
        redis.ask(&format!("CONFIG SET {setting} {good}"));
    }
    let used = redis.figure("used_memory:").unwrap();
    redis.ask(&format!("CONFIG SET maxmemory {}", used * 6 / 5));
    clinic.finds(&[], &[("redis", "PRIVATE_REDIS_MAXMEMORY")]);
    redis.ask("CONFIG SET maxmemory 0");
    clinic.finds(&[("ACK_REPLICAS", "1")], &[("redis", "ACK_REPLICAS is 1")]);
    clinic.finds(
        &[("REDIS_URL", "redis://127.0.0.1:1")],
        &[("redis", "is REDIS_URL right")],
    );
    // Another installation that listens there is named.
    let mut stranger = UnixStream::connect(redis.socket()).unwrap();
    stranger
        .write_all(b"SUBSCRIBE old-shop:bell:process:p1\r\n")
        .unwrap();
    let mut line = String::new();
    BufReader::new(stranger.try_clone().unwrap())
        .read_line(&mut line)
        .unwrap();
    let (code, findings) = clinic.doctor(&[]);
    let named = findings.iter().any(|one| {
        one["check"] == "neighbours" && one["message"].as_str().unwrap().contains("old-shop:")
    });
    assert!(named && code == Some(0), "{findings:#?}");
    drop(stranger);

    // What waits for people.
    let waha = &clinic.test.waha;
    waha.behave_for(&chat(3), Behaviour::Answers(400, "{}".into(), vec![]));
    daemon.customer_writes(&chat(3), "hello");
    let paused = clinic
        .setup
        .command_of("pause")
        .arg("--session")
        .arg(SESSION)
        .output()
        .unwrap();
    assert!(paused.status.success(), "{paused:?}");
    eventually("the reply is given up", || {
        (daemon.metric("waha_sm_dead_letters{session=\"default\"}") == Some(1.0)).then_some(())
    });
    clinic.finds(
        &[],
        &[("dead_replies", "send them again"), ("line", "resumes it")],
    );

    // The data directory, and the daemon when it is gone.
    let data_dir = &clinic.setup.data_dir;
    let mode = |mode| std::fs::set_permissions(data_dir, PermissionsExt::from_mode(mode)).unwrap();
    mode(0o755);
    let waiting = [("dead_replies", "send them again"), ("line", "resumes it")];
    clinic.finds(
        &[],
        &[waiting[0], waiting[1], ("data_dir", "DATA_DIR is 0755")],
    );
    mode(0o700);
    daemon.terminate();
    let gone = [("workers", "waha-sm work"), ("daemon", "Start waha-sm")];
    clinic.finds(&[], &[waiting[0], waiting[1], gone[0], gone[1]]);
    clinic.test.waha.imitate(Engine::Noweb);
    clinic.finds_in_waha(
        &[("WHATSAPP_DEFAULT_ENGINE", "NOWEB")],
        &[
            waiting[0],
            waiting[1],
            gone[0],
            gone[1],
            ("session", "noweb.store.enabled"),
        ],
    );
    clinic.test.waha.imitate(Engine::Gows);
    // A file of a later version: SQLite keeps the number at this place.
    let path = data_dir.join("history.sqlite");
    let mut file = std::fs::File::options().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(60)).unwrap();
    file.write_all(&999_u32.to_be_bytes()).unwrap();
    clinic.finds(
        &[],
        &[
            waiting[0],
            waiting[1],
            gone[0],
            gone[1],
            ("history", "Install the newer version"),
        ],
    );
    std::fs::write(
        &path,
        "this is a letter to my aunt, not a database, and it is long enough",
    )
    .unwrap();
    clinic.finds(
        &[],
        &[
            waiting[0],
            waiting[1],
            gone[0],
            gone[1],
            ("history", "DATA_DIR"),
        ],
    );
}

#[test]
fn it_does_not_wait_for_what_hangs_and_refuses_a_wrong_command_line() {
    let clinic = Clinic::new();
    // Nobody answers whoever connects there.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let began = Instant::now();
    let (code, findings) = clinic.doctor(&[
        ("WAHA_URL", &format!("http://{address}")),
        ("REDIS_URL", &format!("redis://{address}")),
        ("LISTEN", &address.to_string()),
    ]);
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(code, Some(1));
    for check in ["waha", "redis", "daemon"] {
        let found = findings
            .iter()
            .any(|one| one["check"] == check && one["level"] == "problem");
        assert!(found, "{check}: {findings:#?}");
    }
    let mut wrong = clinic.setup.command_of("doctor");
    assert_eq!(
        wrong.arg("--formt").output().unwrap().status.code(),
        Some(64)
    );
    let text = clinic.setup.command_of("doctor").output().unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(
        text.starts_with("PROBLEM") && text.contains("good     Redis"),
        "{text}"
    );
}
