//! A private corner for each test: a Redis, a fake WAHA and daemons of its own, ended with the test.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use waha_sm::waha::signature::sign;

use crate::fake_waha::FakeWaha;
use crate::webhook::{self, Poster};

/// How long a condition may take on a busy machine before the test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
pub(crate) const SECRET: &str = "a secret of thirty-two characters";
pub(crate) const API_KEY: &str = "the api key of the fake waha";
pub(crate) const SESSION: &str = "default";
/// A flow that asks one question, then another, and says both answers.
pub(crate) const TWO_QUESTIONS: &str = r#"
name = "test"
start = "first"
[step.first]
ask = "first?"
save = "first"
next = "second"
[step.second]
ask = "second?"
save = "second"
next = "bye"
[step.bye]
say = "{{ first }} {{ second }}"
end = "done"
"#;

/// Waits until `condition` holds, looking again and again.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(
            Instant::now() < deadline,
            "waited {PATIENCE:?} in vain: {what}"
        );
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

pub(crate) fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waha-sm"));
    // What the machine happens to have set must not change a test.
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// A Redis that can be stopped, killed and started again on what it wrote.
pub(crate) struct Redis {
    directory: TempDir,
    child: Option<Child>,
}

impl Redis {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// With more arguments, which overrule the usual ones.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        let mut redis = Self {
            directory: tempfile::tempdir().unwrap(),
            child: None,
        };
        redis.spawn(arguments);
        redis.wait_until_ready();
        redis
    }

    /// What `other` would start from, were it started again now: as a replica that takes over.
    pub(crate) fn start_on_a_copy_of(other: &Self) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let copied = Command::new("cp")
            .arg("-r")
            .arg(other.directory.path().join("appendonlydir"))
            .arg(directory.path())
            .status();
        assert!(copied.unwrap().success());
        let mut redis = Self {
            directory,
            child: None,
        };
        redis.start_again();
        redis
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join("redis.sock")
    }

    pub(crate) fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    pub(crate) fn start_again(&mut self) {
        self.spawn(&[]);
        self.wait_until_ready();
    }

    /// Without waiting for anything.
    pub(crate) fn spawn(&mut self, arguments: &[&str]) {
        let child = Command::new("redis-server")
            .args([
                "--port",
                "0",
                "--save",
                "",
                "--appendonly",
                "yes",
                "--unixsocket",
            ])
            .arg(self.socket())
            .arg("--dir")
            .arg(self.directory.path())
            .args(arguments)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server: apt-get install redis-server");
        self.child = Some(child);
    }

    pub(crate) fn wait_until_ready(&self) {
        eventually("redis answers", || {
            ask(&self.socket(), "PING").filter(|answer| answer.starts_with("+PONG"))
        });
    }

    pub(crate) fn signal(&self, signal: &str) {
        send_signal(self.child.as_ref().unwrap().id(), signal);
    }

    /// As the out-of-memory killer would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// The answer to a command that answers in one line.
    pub(crate) fn ask(&self, command: &str) -> String {
        ask(&self.socket(), command).unwrap()
    }

    /// The answer to a command that answers with a number.
    pub(crate) fn number(&self, command: &str) -> i64 {
        self.ask(command).trim_start_matches(':').parse().unwrap()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

/// One command in Redis' inline form, and the first line of the answer.
pub(crate) fn ask(socket: &Path, command: &str) -> Option<String> {
    let mut stream = UnixStream::connect(socket).ok()?;
    stream.write_all(format!("{command}\r\n").as_bytes()).ok()?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).ok()?;
    Some(line.trim_end().to_owned())
}

pub(crate) fn send_signal(process: u32, signal: &str) {
    assert!(
        Command::new("kill")
            .args([signal, &process.to_string()])
            .status()
            .unwrap()
            .success()
    );
}

/// One `waha-sm`, killed with the test. Its log is shown when the test fails.
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
    pub(crate) url: String,
    pub(crate) poster: Poster,
}

/// How a daemon is to be started.
pub(crate) struct Setup {
    role: &'static str,
    environment: Vec<(String, String)>,
    pub(crate) data_dir: PathBuf,
    /// Once chosen, a restart listens where the one before did.
    port: u16,
    log: PathBuf,
}

impl Setup {
    pub(crate) fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    fn command(&self) -> Command {
        let mut command = binary();
        command
            .arg(self.role)
            .env("LISTEN", format!("127.0.0.1:{}", self.port))
            .env("WEBHOOK_HMAC_SECRET", SECRET)
            .env("WAHA_API_KEY", API_KEY)
            .env("PACING", "off")
            .env("DATA_DIR", &self.data_dir)
            .env("RUST_LOG", "info,waha_sm=debug")
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts it without waiting for anything.
    pub(crate) fn spawn(&self) -> Daemon {
        let log = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .unwrap();
        let child = self
            .command()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let url = format!("http://127.0.0.1:{}", self.port);
        Daemon {
            child,
            log: self.log.clone(),
            poster: Poster::new(&url, SECRET),
            url,
        }
    }

    /// Starts it and waits until it is ready.
    pub(crate) fn start(&self) -> Daemon {
        let said_before = std::fs::read_to_string(&self.log)
            .unwrap_or_default()
            .matches("INFO ready")
            .count();
        let mut daemon = self.spawn();
        eventually("the daemon is ready", || {
            if let Some(status) = daemon.child.try_wait().unwrap() {
                panic!("the daemon ended with {status}");
            }
            (daemon.log().matches("INFO ready").count() > said_before).then_some(())
        });
        daemon
    }

    /// Runs it to its end: for those that are not meant to start.
    pub(crate) fn run(&self) -> Output {
        self.command().output().unwrap()
    }
}

impl Daemon {
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn wait_for_log(&self, words: &str) {
        eventually(&format!("the log says {words:?}"), || {
            self.log().contains(words).then_some(())
        });
    }

    /// `kill -9`, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it has ended by itself. How, and all that it said.
    #[track_caller]
    pub(crate) fn ends(&mut self) -> (ExitStatus, String) {
        let status = eventually("the daemon ends", || self.child.try_wait().unwrap());
        (status, self.log())
    }

    pub(crate) fn signal(&self, signal: &str) {
        send_signal(self.child.id(), signal);
    }

    /// SIGTERM, and how and after what time it ended.
    pub(crate) fn terminate(&mut self) -> (ExitStatus, Duration) {
        let told = Instant::now();
        self.signal("-TERM");
        (self.child.wait().unwrap(), told.elapsed())
    }

    /// A customer writes; the answer to the webhook.
    #[track_caller]
    pub(crate) fn says(&self, chat: &str, text: &str) -> Value {
        self.posts(&webhook::message(SESSION, chat, "Ana", text))
    }

    /// Any event, which must be accepted; the answer.
    #[track_caller]
    pub(crate) fn posts(&self, event: &Value) -> Value {
        let (status, answer) = self.poster.post(event).unwrap();
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// An event is not taken now: after how many seconds WAHA is to repeat it.
    #[track_caller]
    pub(crate) fn turns_away(&self, event: &Value) -> u64 {
        let body = event.to_string();
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        let answer = agent
            .post(format!("{}/webhook", self.url))
            .header("x-webhook-hmac", &sign(SECRET.as_bytes(), body.as_bytes()))
            .send(&body)
            .unwrap();
        assert_eq!(answer.status(), 503);
        let retry_after = answer.headers()["retry-after"].to_str().unwrap();
        retry_after.parse().unwrap()
    }

    /// Status and text of a GET.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        let mut answer = agent.get(format!("{}{path}", self.url)).call().unwrap();
        (
            answer.status().as_u16(),
            answer.body_mut().read_to_string().unwrap(),
        )
    }

    /// The value of a metric, by how its line begins.
    pub(crate) fn metric(&self, line: &str) -> Option<f64> {
        let (_, text) = self.get("/metrics");
        text.lines()
            .find_map(|found| found.strip_prefix(line)?.trim().parse().ok())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<_> = log.lines().rev().take(60).collect();
            eprintln!(
                "--- the daemon's log\n{}",
                tail.into_iter().rev().collect::<Vec<_>>().join("\n")
            );
        }
    }
}

/// Everything a test needs, in one directory.
pub(crate) struct Corner {
    pub(crate) waha: FakeWaha,
    pub(crate) directory: TempDir,
}

impl Corner {
    pub(crate) fn new() -> Self {
        Self {
            waha: FakeWaha::start(0, API_KEY).unwrap(),
            directory: tempfile::tempdir().unwrap(),
        }
    }

    /// A daemon of this role, with a free port and a data directory of this corner.
    pub(crate) fn setup(&self, role: &'static str) -> Setup {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        Setup {
            role,
            environment: vec![("WAHA_URL".into(), self.waha.url())],
            data_dir: self.directory.path().join("data"),
            port,
            log: self.directory.path().join(format!("log-{port}")),
        }
    }

    /// `all` with a Redis of the test's.
    pub(crate) fn all(&self, redis: &Redis) -> Setup {
        self.setup("all").set("REDIS_URL", redis.url())
    }

    /// Writes a flow and says where it is. Where it says nothing of `burst`, each message is an answer at once: most tests
    /// have no time to be quiet.
    pub(crate) fn flow(&self, toml: &str) -> String {
        let path = self.directory.path().join("flow.toml");
        let at_once = "[timeouts]\nburst = \"0s\"\n";
        let toml = match toml {
            _ if toml.contains("burst") => toml.to_owned(),
            _ if toml.contains("[timeouts]") => toml.replacen("[timeouts]", at_once, 1),
            _ => format!("{toml}\n{at_once}"),
        };
        std::fs::write(&path, toml).unwrap();
        path.display().to_string()
    }

    /// Where the echo flow is: every message gets one reply.
    pub(crate) fn echo(&self) -> String {
        concat!(env!("CARGO_MANIFEST_DIR"), "/examples/flows/echo.toml").to_owned()
    }

    /// Waits until a chat got so many texts, and hands them out.
    #[track_caller]
    pub(crate) fn texts(&self, chat: &str, count: usize) -> Vec<String> {
        let found = self.waha.wait_for(PATIENCE, |sent, _| {
            let texts: Vec<_> = sent
                .iter()
                .filter(|sent| sent.chat == chat)
                .map(|sent| sent.text.clone())
                .collect();
            (texts.len() >= count).then_some(texts)
        });
        found.unwrap_or_else(|| panic!("{chat} got {:?}, not {count} texts", self.waha.texts(chat)))
    }

    /// The history as `waha-sm history --format jsonl` prints it, with more arguments.
    pub(crate) fn history(&self, arguments: &[&str]) -> Vec<Value> {
        let output = binary()
            .args(["history", "--format", "jsonl"])
            .args(arguments)
            .env("DATA_DIR", self.directory.path().join("data"))
            .output()
            .unwrap();
        // Nothing archived yet.
        if !output.status.success() {
            return Vec::new();
        }
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

impl Drop for Corner {
    fn drop(&mut self) {
        // A private Redis outlives a daemon that was killed, on purpose.
        let _ = ask(
            &self.directory.path().join("data/redis/redis.sock"),
            "SHUTDOWN NOSAVE",
        );
    }
}

/// The chat id of the n-th customer, from 1: the 0th is the number of the business itself.
pub(crate) fn chat(n: usize) -> String {
    format!("55119{n:08}@c.us")
}
