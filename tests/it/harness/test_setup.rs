//! What each test has for itself: a fake WAHA, and one directory for its daemons. Both end with the test.

use serde_json::Value;
use tempfile::TempDir;

use super::{API_KEY, PATIENCE, Redis, Setup, ask, binary};
use crate::fake_waha::FakeWaha;
use crate::redis_nodes::free_port;

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

/// Everything a test needs, in one directory.
pub(crate) struct TestSetup {
    pub(crate) waha: FakeWaha,
    pub(crate) directory: TempDir,
}

impl TestSetup {
    pub(crate) fn new() -> Self {
        Self {
            waha: FakeWaha::start(0, API_KEY).unwrap(),
            directory: tempfile::tempdir().unwrap(),
        }
    }

    /// A daemon of this role, with a free port and a data directory of this test.
    pub(crate) fn setup(&self, role: &'static str) -> Setup {
        let port = free_port().unwrap();
        Setup {
            role,
            environment: vec![("WAHA_URL".into(), self.waha.url())],
            data_dir: self.directory.path().join("data"),
            port,
            log: self.directory.path().join(format!("log-{port}")),
            open_files: None,
            user: None,
        }
    }

    /// A daemon of role `all` on the test's own Redis.
    pub(crate) fn all(&self, redis: &Redis) -> Setup {
        self.setup("all").set("REDIS_URL", redis.url())
    }

    /// Writes a flow and returns its path. If it does not set `burst`, each message is an answer at once: most tests
    /// don't want to wait.
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

    /// The path of the echo flow: every message gets one reply.
    pub(crate) fn echo(&self) -> String {
        concat!(env!("CARGO_MANIFEST_DIR"), "/examples/flows/echo.toml").to_owned()
    }

    /// Waits until a chat has at least `count` texts, and returns them.
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

impl Drop for TestSetup {
    fn drop(&mut self) {
        // By design, a private Redis keeps running after its daemon is killed.
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
