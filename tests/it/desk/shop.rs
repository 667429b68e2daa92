//! A shop with its daemon, its customers, and the commands that its people type.

use std::process::{Child, Output, Stdio};

use serde_json::Value;

use crate::harness::{Daemon, Redis, SESSION, Setup, TestSetup, binary, chat, eventually};
use crate::webhook::{message_with, new_message_id};

/// The chat where the owner is told who waits.
pub(crate) const OWNER: &str = "120363000000000007@g.us";

/// TIMEOUTS and MORE stand for what a test adds.
pub(crate) const FLOW: &str = r#"
name = "test"
locale = "en"
start = "ask"
[notices]
first_after = "1h"
[timeouts]
TIMEOUTS
[team.sales]
[team.support]
[step.ask]
ask = "hello, what do you need?"
options = { "buy" = "sales", "help" = "help", "size" = "size" }
[step.sales]
handoff = "sales will come"
team = "sales"
[step.help]
handoff = "support will come"
team = "support"
[step.size]
ask = "which size?"
save = "size"
next = "color"
[step.color]
ask = "{{ size }} in which color?"
save = "color"
next = "bye"
[step.bye]
say = "{{ size }} and {{ color }}, bye"
end = "done"
MORE
"#;

/// See the file.
pub(crate) struct Shop {
    pub(crate) test: TestSetup,
    pub(crate) redis: Redis,
    pub(crate) setup: Setup,
    pub(crate) daemon: Daemon,
}

impl Shop {
    /// A shop with these timeouts, and the agents ana (of sales) and bia (of all teams).
    pub(crate) fn open(timeouts: &str) -> Self {
        Self::open_with(&flow(timeouts, ""), |setup| setup)
    }

    /// The same with this flow, and with more settings of its daemon.
    pub(crate) fn open_with(flow: &str, set: impl FnOnce(Setup) -> Setup) -> Self {
        Self::open_as("all", flow, set)
    }

    /// The same, with a daemon of this role.
    pub(crate) fn open_as(
        role: &'static str,
        flow: &str,
        set: impl FnOnce(Setup) -> Setup,
    ) -> Self {
        let (test, redis) = (TestSetup::new(), Redis::start());
        let setup = test
            .setup(role)
            .set("REDIS_URL", redis.url())
            .set("FLOW_FILE", test.flow(flow))
            .set("NOTIFY_CHAT", OWNER)
            .set("WORKERS", "4");
        let setup = set(setup);
        let daemon = setup.start();
        let shop = Self {
            test,
            redis,
            setup,
            daemon,
        };
        shop.does("agent add ana --team sales --max-chats 1000");
        shop.does("agent add bia --max-chats 1000");
        shop
    }

    /// The daemon follows this flow from now on.
    pub(crate) fn follows(&self, flow: &str) {
        self.test.flow(flow);
        self.does("flow reload");
    }

    /// Starts `waha-sm` with these words; `_` stands for a space inside a word.
    pub(crate) fn starts(&self, command: &str) -> Child {
        binary()
            .args(command.split(' ').map(|word| word.replace('_', " ")))
            .env("REDIS_URL", self.redis.url())
            .env("FLOW_FILE", self.test.directory.path().join("flow.toml"))
            .env("DATA_DIR", self.test.directory.path().join("data"))
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    pub(crate) fn run(&self, command: &str) -> Output {
        self.starts(command).wait_with_output().unwrap()
    }

    /// What the command prints, which must work.
    #[track_caller]
    pub(crate) fn does(&self, command: &str) -> String {
        let output = self.run(command);
        assert!(output.status.success(), "{command}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Why the command is refused.
    #[track_caller]
    pub(crate) fn refuses(&self, command: &str) -> String {
        let output = self.run(command);
        assert_eq!(output.status.code(), Some(1), "{command}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    #[track_caller]
    pub(crate) fn shows(&self, customer: &str) -> Value {
        let text = self.does(&format!("show {customer} --format jsonl"));
        serde_json::from_str(&text).unwrap()
    }

    /// Waits until a field of a conversation has this value.
    #[track_caller]
    pub(crate) fn becomes(&self, customer: &str, field: &str, value: &str) {
        eventually(&format!("{field} of {customer} is {value}"), || {
            (self.shows(customer)[field] == value).then_some(())
        });
    }

    /// A customer comes and waits for a person of the team that `word` leads to.
    #[track_caller]
    pub(crate) fn waits(&self, n: usize, word: &str) {
        let before = self.test.waha.texts(&chat(n)).len();
        self.daemon.customer_writes(&chat(n), "hi");
        self.test.texts(&chat(n), before + 1);
        self.daemon.customer_writes(&chat(n), word);
        self.test.texts(&chat(n), before + 2);
        assert_eq!(self.shows(&number(n))["status"], "handoff");
    }

    /// The owner writes in a chat from their phone.
    pub(crate) fn phone_writes(&self, chat: &str, text: &str) {
        let message_id = new_message_id();
        let mut event = message_with("message.any", SESSION, chat, "Shop", text, &message_id);
        event["payload"]["id"] = format!("true_{chat}_{message_id}").into();
        event["payload"]["fromMe"] = true.into();
        self.daemon.posts(&event);
    }

    /// The messages of a chat in the history: who said what.
    pub(crate) fn said(&self, chat: &str) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let found = self.test.history(&["--chat", chat]);
        found
            .iter()
            .map(|one| (text(&one["author"]), text(&one["text"])))
            .collect()
    }

    /// Waits until the history tells this of a chat: a part of a line of `waha-sm history`.
    #[track_caller]
    pub(crate) fn tells(&self, chat: &str, words: &str) {
        eventually(&format!("the history tells {words:?}"), || {
            let output = self.run(&format!("history --chat {chat}"));
            let told = String::from_utf8(output.stdout).unwrap();
            told.contains(words).then_some(())
        });
    }

    /// How a chat's conversations ended, once all have.
    #[track_caller]
    pub(crate) fn outcomes(&self, chat: &str) -> Vec<String> {
        eventually("all conversations of the chat are closed", || {
            let found = self.test.history(&["--chat", chat, "--conversations"]);
            let outcomes: Option<Vec<_>> = found
                .iter()
                .map(|one| one["outcome"].as_str().map(str::to_owned))
                .collect();
            outcomes.filter(|outcomes| !outcomes.is_empty())
        })
    }
}

/// The flow with these timeouts, and with more tables.
pub(crate) fn flow(timeouts: &str, more: &str) -> String {
    FLOW.replace("TIMEOUTS", timeouts).replace("MORE", more)
}

/// The number of the n-th customer, as people type it.
pub(crate) fn number(n: usize) -> String {
    chat(n).replace("@c.us", "")
}
