//! The stage of the demo: customers write, WAHA posts their messages to the daemon, and the replies appear in their columns.

use std::error::Error;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::cast::CUSTOMERS;
use super::columns::{Author, Columns};
use super::console_door::ConsoleDoor;
use super::daemon::Daemon;
use super::fake_waha::{FakeWaha, Sent};
use super::picture::Picture;
use super::webhook::{self, Poster};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

pub(crate) const SESSION: &str = "default";
const SECRET: &str = "a secret that only WAHA and waha-sm know";
const API_KEY: &str = "demo";

/// A pause for the viewer; the demo does not depend on it.
const BREATH: Duration = Duration::from_millis(700);
/// The same for a viewer who also looks at a browser.
const LONG_BREATH: Duration = Duration::from_millis(2_500);
/// Messages within this time are shown side by side.
const SIDE_BY_SIDE: Duration = Duration::from_millis(150);
/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);
/// WAHA's defaults.
const WAHA_REPEATS_AFTER: Duration = Duration::from_secs(2);
const WAHA_REPEATS_MAX: usize = 15;

/// The end of the reception when the console is open: questions about Sunday are answered, and everybody else gets a person.
const TO_A_PERSON: &str = r#"
[step.sort]
when      = [{ if = "'Sunday' in subject", next = "hours" }]
otherwise = "person"

[step.hours]
say = "Thank you, {{ name }}. We are open from Monday to Saturday, 9:00 to 18:00."
end = "informed"

[step.person]
handoff = "Thank you, {{ name }}. One of us will write to you here."
note    = "{{ name }}"
"#;
/// The step that it replaces in the built-in reception.
const LAST_STEP: &str = "[step.thanks]";

/// Where the customers are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Only on the terminal.
    Terminal,
    /// Also in the viewer's browser.
    Console,
    /// In a browser of ours that takes pictures.
    Pictures,
}

/// See the module.
pub(crate) struct Show {
    waha: FakeWaha,
    pub(crate) daemon: Daemon,
    poster: Poster,
    columns: Columns,
    picture: Picture,
    shown: usize,
    stage: Stage,
    console: Option<ConsoleDoor>,
}

impl Show {
    /// Starts everything except the daemon, which the story starts.
    pub(crate) fn new(workers: usize, stage: Stage) -> Result<Self> {
        let waha = FakeWaha::start(0, API_KEY)?;
        let settings = [
            ("WAHA_URL", waha.url()),
            ("WAHA_API_KEY", API_KEY.to_owned()),
            ("WEBHOOK_HMAC_SECRET", SECRET.to_owned()),
            ("WORKERS", workers.to_string()),
            ("LOCALE", "en".to_owned()),
            ("PACING", "off".to_owned()),
        ];
        let mut daemon = Daemon::new(settings, Vec::new())?;
        // No customer here writes twice in a row, so there is no need to wait for the rest of an answer.
        let reception = include_str!("../../src/flow/load/built_in_flows/en.toml");
        let mut flow = format!("{reception}\n[timeouts]\nburst = \"0s\"\n");
        let mut console = None;
        if stage != Stage::Terminal {
            let questions = reception.split(LAST_STEP).next().unwrap_or_default();
            let questions = questions.replace("\"thanks\"", "\"sort\"");
            flow = format!("{questions}{TO_A_PERSON}\n[timeouts]\nburst = \"0s\"\n");
            let door = ConsoleDoor::new()?;
            daemon.set("CONSOLE_LISTEN", door.address());
            console = Some(door);
        }
        let flow = daemon.write("reception.toml", &flow)?;
        daemon.set("FLOW_FILE", flow.display().to_string());
        let poster = Poster::new(&daemon.url(), SECRET);
        let names: Vec<_> = CUSTOMERS.iter().map(|customer| customer.name).collect();
        Ok(Self {
            waha,
            daemon,
            poster,
            columns: Columns::new(names.clone()),
            picture: Picture::new(names),
            shown: 0,
            stage,
            console,
        })
    }

    /// If the viewer wants the console: prints the link to it, and waits until they are in.
    pub(crate) fn open_console(&self) -> Result<()> {
        match &self.console {
            Some(door) if self.stage == Stage::Console => door.open(&self.daemon),
            _ => Ok(()),
        }
    }

    /// The way into the console.
    pub(crate) fn console(&self) -> Result<&ConsoleDoor> {
        Ok(self.console.as_ref().ok_or("there is no console")?)
    }

    /// Whether the viewer has done something with a customer.
    pub(crate) fn viewer_has_acted(&self) -> Result<bool> {
        ConsoleDoor::somebody_acted(&self.daemon)
    }

    /// Prints the customers' names.
    pub(crate) fn head(&mut self) {
        self.columns.head();
    }

    /// Prints what is happening.
    pub(crate) fn narrate(&mut self, text: &str) {
        self.columns.narrate(text);
        self.picture.narrate(text);
    }

    /// Prints what has not been printed yet.
    pub(crate) fn print(&mut self) {
        self.columns.print();
    }

    /// The chats so far, as a picture.
    pub(crate) fn svg(&self) -> String {
        self.picture.svg()
    }

    /// What one customer has got.
    pub(crate) fn texts(&self, who: usize) -> Vec<String> {
        self.waha.texts(CUSTOMERS[who].chat)
    }

    /// Everything that WAHA took.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.waha.sent()
    }

    /// A customer writes and WAHA posts it. Returns the daemon's answer.
    pub(crate) fn writes(&mut self, who: usize, text: &str) -> Result<serde_json::Value> {
        self.columns.add(who, Author::Customer, text);
        self.picture.add(who, Author::Customer, true, text);
        self.post(&event(who, text))
    }

    /// WAHA posts an event. Returns the daemon's answer.
    pub(crate) fn post(&self, event: &serde_json::Value) -> Result<serde_json::Value> {
        let (status, answer) = self.poster.post(event)?;
        if status != 200 {
            return Err(format!("the webhook was answered {status}: {answer}").into());
        }
        Ok(answer)
    }

    /// A customer writes while the daemon is dead. WAHA repeats the event until the daemon accepts it.
    pub(crate) fn writes_to_nobody(
        &mut self,
        who: usize,
        text: &str,
    ) -> JoinHandle<std::result::Result<(), String>> {
        self.columns.add(who, Author::Customer, text);
        self.picture.add(who, Author::Customer, false, text);
        let (event, poster) = (event(who, text), Poster::new(&self.daemon.url(), SECRET));
        std::thread::spawn(move || {
            for _ in 0..=WAHA_REPEATS_MAX {
                if poster.post(&event).is_ok_and(|(status, _)| status == 200) {
                    return Ok(());
                }
                std::thread::sleep(WAHA_REPEATS_AFTER);
            }
            Err("a webhook was not accepted, even after all repeats".to_owned())
        })
    }

    /// Waits until a customer gets a text with this beginning, and shows what happens meanwhile.
    pub(crate) fn until(&mut self, who: usize, beginning: &str) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let begins = |text: &String| text.starts_with(beginning);
        while !self.waha.texts(CUSTOMERS[who].chat).iter().any(begins) {
            if Instant::now() > deadline {
                let name = CUSTOMERS[who].name;
                return Err(format!(
                    "{name} did not get \"{beginning}\" within {} s",
                    PATIENCE.as_secs()
                )
                .into());
            }
            self.watch(SIDE_BY_SIDE);
        }
        // Messages that came at the same time are shown beside it.
        while self.watch(SIDE_BY_SIDE) {}
        self.columns.print();
        Ok(())
    }

    /// Shows the next texts that customers get, if any arrive within this time. Returns whether one did.
    pub(crate) fn watch(&mut self, time: Duration) -> bool {
        let shown = self.shown;
        let fresh = self.waha.wait_for(time, |sent, _| {
            (sent.len() > shown).then(|| sent[shown..].to_vec())
        });
        for sent in fresh.iter().flatten() {
            if let Some(who) = CUSTOMERS
                .iter()
                .position(|customer| customer.chat == sent.chat)
            {
                self.columns.add(who, Author::WahaSm, &sent.text);
                self.picture.add(who, Author::WahaSm, true, &sent.text);
            }
            self.shown += 1;
        }
        fresh.is_some()
    }

    pub(crate) fn breath(&mut self) {
        let breath = match self.stage {
            Stage::Console => LONG_BREATH,
            Stage::Terminal | Stage::Pictures => BREATH,
        };
        let end = Instant::now() + breath;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            if !self.watch(left.min(SIDE_BY_SIDE)) {
                self.columns.print();
            }
        }
    }

    pub(crate) fn until_lanes_are_empty(&mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let figures = ureq::get(format!("{}/metrics", self.daemon.url()))
                .call()?
                .body_mut()
                .read_to_string()?;
            let mut lanes = figures
                .lines()
                .filter(|line| line.starts_with("waha_sm_lanes{"));
            if lanes.all(|line| line.ends_with(" 0")) {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(
                    format!("replies are still not sent after {} s", PATIENCE.as_secs()).into(),
                );
            }
            self.watch(SIDE_BY_SIDE);
        }
    }
}

fn event(who: usize, text: &str) -> serde_json::Value {
    webhook::message(SESSION, CUSTOMERS[who].chat, CUSTOMERS[who].name, text)
}
