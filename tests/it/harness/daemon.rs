//! The daemon under test: how it is started, what is posted to it, and what it answers.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use waha_sm::waha::signature::sign;

use super::{eventually, send_signal};
use crate::webhook::{self, Poster};

pub(crate) const SECRET: &str = "a secret of thirty-two characters";
pub(crate) const API_KEY: &str = "the api key of the fake waha";
pub(crate) const SESSION: &str = "default";

pub(crate) fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waha-sm"));
    // The machine's own settings must not change a test.
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// One `waha-sm` process, killed when the test ends. Its log is shown if the test fails.
pub(crate) struct Daemon {
    child: Child,
    /// Open, because a failing test may drop its directory first.
    log: File,
    pub(crate) url: String,
    pub(crate) poster: Poster,
}

/// How to start a daemon.
pub(crate) struct Setup {
    pub(super) role: &'static str,
    pub(super) environment: Vec<(String, String)>,
    pub(crate) data_dir: PathBuf,
    /// Chosen once, so that a restart listens on the same port.
    pub(super) port: u16,
    pub(super) log: PathBuf,
    /// The limit of the operating system; `None`: that of the tests.
    pub(super) open_files: Option<u32>,
    /// The user and the group that run it, if they are not ours.
    pub(super) user: Option<(u32, u32)>,
}

impl Setup {
    /// Runs it as another user. Only root may.
    pub(crate) fn run_by(mut self, user: u32, group: u32) -> Self {
        self.user = Some((user, group));
        self
    }

    pub(crate) fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// The same on another data directory.
    pub(crate) fn on(mut self, data_dir: PathBuf) -> Self {
        self.data_dir = data_dir;
        self
    }

    /// The settings besides those that each daemon has.
    pub(crate) fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    fn command(&self) -> Command {
        self.command_of(self.role)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Another command with the same settings.
    pub(crate) fn command_of(&self, name: &str) -> Command {
        let mut command = binary();
        if let Some(limit) = self.open_files {
            let binary = command.get_program().to_owned();
            command = Command::new("sh");
            command
                .arg("-c")
                .arg(format!("ulimit -n {limit}; exec \"$0\" \"$@\""))
                .arg(binary)
                .env_clear()
                .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        }
        command
            .arg(name)
            .env("LISTEN", format!("127.0.0.1:{}", self.port))
            .env("WEBHOOK_HMAC_SECRET", SECRET)
            .env("WAHA_API_KEY", API_KEY)
            .env("PACING", "off")
            .env("DATA_DIR", &self.data_dir)
            .env("RUST_LOG", "info,waha_sm=debug")
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
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
            log: File::open(&self.log).unwrap(),
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

    /// Starts it with a limit of open files, and waits until it is ready.
    pub(crate) fn start_with_open_files(mut self, limit: u32) -> Daemon {
        self.open_files = Some(limit);
        self.start()
    }

    /// Runs it to its end, for daemons that should refuse to start.
    pub(crate) fn run(&self) -> Output {
        self.command().output().unwrap()
    }
}

impl Daemon {
    pub(crate) fn log(&self) -> String {
        // Without `unwrap`: a test that panics shows it, and must not panic twice.
        let length = self.log.metadata().map_or(0, |log| log.len());
        let mut text = vec![0; usize::try_from(length).unwrap_or_default()];
        let _ = self.log.read_exact_at(&mut text, 0);
        String::from_utf8_lossy(&text).into_owned()
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

    /// Waits until it ends by itself. Returns its exit status and its log.
    #[track_caller]
    pub(crate) fn ends(&mut self) -> (ExitStatus, String) {
        let status = eventually("the daemon ends", || self.child.try_wait().unwrap());
        (status, self.log())
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: &str) {
        send_signal(self.child.id(), signal);
    }

    /// Sends SIGTERM. Returns the exit status and how long it took.
    pub(crate) fn terminate(&mut self) -> (ExitStatus, Duration) {
        let asked = Instant::now();
        self.signal("-TERM");
        (self.child.wait().unwrap(), asked.elapsed())
    }

    /// A customer writes. Returns the answer to the webhook.
    #[track_caller]
    pub(crate) fn customer_writes(&self, chat: &str, text: &str) -> Value {
        self.posts(&webhook::message(SESSION, chat, "Ana", text))
    }

    /// Posts any event, which must be accepted. Returns the answer.
    #[track_caller]
    pub(crate) fn posts(&self, event: &Value) -> Value {
        let (status, answer) = self.poster.post(event).unwrap();
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// Posts an event like WAHA: repeats it until it is accepted.
    #[track_caller]
    pub(crate) fn posts_until_accepted(&self, event: &Value) -> Value {
        eventually("the event is accepted", || {
            let (status, answer) = self.poster.post(event).unwrap();
            assert!(matches!(status, 200 | 503), "{status} {answer}");
            (status == 200).then_some(answer)
        })
    }

    /// Posts an event that must be refused for now. Returns the seconds until WAHA should retry.
    #[track_caller]
    pub(crate) fn refuses(&self, event: &Value) -> u64 {
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

    /// GETs a path. Returns the status and the text.
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

    /// The value of the metric whose line starts with `line`.
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
