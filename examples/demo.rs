//! Six customers write to one WhatsApp number that two workers attend: see the line move, and a kill -9 that
//! costs nobody their place.
//!
//!     cargo run --release --example demo
//!
//! It needs `redis-server` (or `valkey-server`) on PATH, and nothing else: WAHA is imitated. Everything that is
//! not is the real thing: the daemon, its private Redis, signed webhooks, the built-in reception flow. It ends
//! by itself; exit code 0 says that all six were attended in order, and that each was told everything once.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

use std::error::Error;
use std::process::ExitCode;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use columns::{Author, Columns};
use daemon::Daemon;
use fake_waha::{FakeWaha, Sent};
use webhook::Poster;

#[path = "support/columns.rs"]
mod columns;
#[allow(dead_code, reason = "for load.rs too")]
#[path = "support/daemon.rs"]
mod daemon;
#[allow(
    dead_code,
    unreachable_pub,
    reason = "for the tests too, which make it misbehave"
)]
#[path = "support/fake_waha.rs"]
mod fake_waha;
#[allow(dead_code, unreachable_pub, reason = "for the tests and load.rs too")]
#[path = "support/webhook.rs"]
mod webhook;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// One who writes.
struct Customer {
    name: &'static str,
    chat: &'static str,
    opening: &'static str,
    full_name: &'static str,
    subject: &'static str,
}

const ANA: usize = 0;
const BRUNO: usize = 1;
const CARLA: usize = 2;
const DORA: usize = 3;
const EDU: usize = 4;
const FLORA: usize = 5;

const CUSTOMERS: [Customer; 6] = [
    customer(
        "Ana",
        "5511999990001@c.us",
        "Hi!",
        "Ana Lima",
        "My order is late",
    ),
    customer(
        "Bruno",
        "5511999990002@c.us",
        "Good morning",
        "Bruno Dias",
        "I want to pay by card",
    ),
    customer(
        "Carla",
        "5521999990003@c.us",
        "Hello?",
        "Carla Reis",
        "Do you open on Sunday?",
    ),
    customer(
        "Dora",
        "5531999990004@c.us",
        "Oi",
        "Dora Melo",
        "An invoice, please",
    ),
    customer(
        "Edu",
        "5541999990005@c.us",
        "Is anybody there?",
        "Edu Rocha",
        "Where are you?",
    ),
    customer(
        "Flora",
        "5571999990006@c.us",
        "Hi there",
        "Flora Luz",
        "A cake for Friday",
    ),
];

const fn customer(
    name: &'static str,
    chat: &'static str,
    opening: &'static str,
    full_name: &'static str,
    subject: &'static str,
) -> Customer {
    Customer {
        name,
        chat,
        opening,
        full_name,
        subject,
    }
}

/// What the built-in flow and texts say; see src/flow.
const GREETING: &str = "Hello, ";
const ASKS_NAME: &str = "What is your name?";
const ASKS_SUBJECT: &str = "What is it about?";
const THANKS: &str = "Thank you, ";
const NEXT: &str = "You are next.";

const SESSION: &str = "default";
const SECRET: &str = "a secret that only WAHA and waha-sm know";
const API_KEY: &str = "demo";

/// For the eye only: nothing has to be waited for.
const BREATH: Duration = Duration::from_millis(700);
/// What happens within this time stands side by side.
const SIDE_BY_SIDE: Duration = Duration::from_millis(150);
/// A busy machine is no reason to fail.
const PATIENCE: Duration = Duration::from_secs(10);
/// As WAHA does it unless told otherwise.
const WAHA_REPEATS_AFTER: Duration = Duration::from_secs(2);
const WAHA_REPEATS_MAX: usize = 15;

fn main() -> ExitCode {
    if let Some(code) = daemon::be_the_daemon() {
        return code;
    }
    match demo() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nThe demo failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn demo() -> Result<()> {
    let waha = FakeWaha::start(0, API_KEY)?;
    let settings = [
        ("WAHA_URL", waha.url()),
        ("WAHA_API_KEY", API_KEY.to_owned()),
        ("WEBHOOK_HMAC_SECRET", SECRET.to_owned()),
        ("WORKERS", "2".to_owned()),
        ("LOCALE", "en".to_owned()),
        ("PACING", "off".to_owned()),
    ];
    let daemon = Daemon::new(settings, Vec::new())?;
    let poster = Poster::new(&daemon.url(), SECRET);
    let columns = Columns::new(CUSTOMERS.iter().map(|customer| customer.name).collect());
    let mut show = Show {
        waha,
        daemon,
        poster,
        columns,
        shown: 0,
    };
    let told = show.story();
    show.columns.print();
    told.map_err(|error| match show.daemon.last_words() {
        words if words.is_empty() => error,
        words => format!("{error}\n\nWhat the daemon said last:\n{words}").into(),
    })
}

/// The stage, and what was seen on it so far.
struct Show {
    waha: FakeWaha,
    daemon: Daemon,
    poster: Poster,
    columns: Columns,
    shown: usize,
}

impl Show {
    fn story(&mut self) -> Result<()> {
        println!(
            "Six customers write to one WhatsApp number, behind which waha-sm runs with two workers."
        );
        println!("\"> Hi!\" is what a customer writes; what has no > is what waha-sm answers.\n");
        let took = self.daemon.start()?;
        self.columns.head();
        self.columns.narrate(&format!(
            "{} ready, with a Redis of its own. Ana and Bruno write; both workers are free.",
            after(took)
        ));
        for who in [ANA, BRUNO] {
            self.writes(who, CUSTOMERS[who].opening)?;
            self.until(who, ASKS_NAME)?;
        }
        self.breath();

        self.columns.narrate("Four more write. Nobody is free, so each takes a place in line, and is told it after two seconds.");
        for (place, who) in (1..).zip([CARLA, DORA, EDU, FLORA]) {
            let answer = self.writes(who, CUSTOMERS[who].opening)?;
            if answer["position"] != place {
                return Err(format!(
                    "{} should be number {place} in line; the webhook's answer was {answer}",
                    CUSTOMERS[who].name
                )
                .into());
            }
        }
        self.breath();
        self.writes(ANA, CUSTOMERS[ANA].full_name)?;
        self.until(ANA, ASKS_SUBJECT)?;
        self.until(CARLA, NEXT)?;
        for (place, who) in (2..).zip([DORA, EDU, FLORA]) {
            self.until(who, &format!("You are number {place} in line."))?;
        }
        self.breath();

        self.columns.narrate("Ana is done, so her worker greets Carla. Now Dora is next; who only moved up a bit is left in peace.");
        self.writes(ANA, CUSTOMERS[ANA].subject)?;
        self.until(CARLA, ASKS_NAME)?;
        self.until(DORA, NEXT)?;
        self.breath();
        self.writes(BRUNO, CUSTOMERS[BRUNO].full_name)?;
        self.until(BRUNO, ASKS_SUBJECT)?;
        self.breath();

        self.crash()?;

        self.columns
            .narrate("The line moves on as if nothing had happened.");
        for (who, next) in [(BRUNO, DORA), (CARLA, EDU)] {
            self.writes(who, CUSTOMERS[who].subject)?;
            self.until(next, ASKS_NAME)?;
            self.until(next + 1, NEXT)?;
            self.breath();
        }
        self.attend(&[DORA])?;
        self.until(FLORA, ASKS_NAME)?;
        self.breath();
        self.attend(&[EDU, FLORA])?;
        self.end()
    }

    /// The daemon is killed while some are attended and some wait, and is started again.
    fn crash(&mut self) -> Result<()> {
        // What WAHA took a moment ago, and we did not note yet, might be sent again after a crash.
        self.until_lanes_are_empty()?;
        self.columns.narrate(
            "kill -9: the daemon is dead. Carla answers all the same, and Flora asks for her place. WAHA can deliver neither \
             message, and will repeat both after two seconds.",
        );
        self.daemon.kill()?;
        let late = [
            self.writes_to_nobody(CARLA, CUSTOMERS[CARLA].full_name),
            self.writes_to_nobody(FLORA, "position"),
        ];
        self.breath();
        self.breath();
        let took = self.daemon.start()?;
        self.columns.narrate(&format!(
            "{} started again, on the same data directory; its Redis never stopped. Carla goes on at her question, Flora is \
             third behind Dora and Edu, and Bruno's answer is awaited still.",
            after(took)
        ));
        self.until(CARLA, ASKS_SUBJECT)?;
        self.until(FLORA, "You are number 3 in line.")?;
        for delivery in late {
            delivery.join().map_err(|_| "a delivery panicked")??;
        }
        self.breath();
        Ok(())
    }

    /// Both answers of customers that were asked for their name.
    fn attend(&mut self, customers: &[usize]) -> Result<()> {
        let answers: [(fn(&Customer) -> &str, &str); 2] = [
            (|customer| customer.full_name, ASKS_SUBJECT),
            (|customer| customer.subject, THANKS),
        ];
        for (answer, reaction) in answers {
            for who in customers {
                self.writes(*who, answer(&CUSTOMERS[*who]))?;
            }
            for who in customers {
                self.until(*who, reaction)?;
            }
            self.breath();
        }
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        let differences = differences(&self.waha.sent());
        self.columns.print();
        let took = self.daemon.stop()?;
        println!(
            "\nWhat the history remembers of Flora (waha-sm history --chat {}):\n",
            CUSTOMERS[FLORA].chat
        );
        let history = self
            .daemon
            .command("history")
            .args(["--chat", CUSTOMERS[FLORA].chat])
            .output()?;
        println!("{}", String::from_utf8_lossy(&history.stdout));
        if !differences.is_empty() {
            return Err(differences.join("\n").into());
        }
        println!(
            "All six were attended in order of arrival; nobody lost their place or a message. (The daemon stopped in {took:.1?}.)"
        );
        println!("{WHAT_NEXT}");
        Ok(())
    }

    /// A customer writes, and WAHA posts it. What the daemon answered.
    fn writes(&mut self, who: usize, text: &str) -> Result<serde_json::Value> {
        self.columns.add(who, Author::Customer, text);
        let event = event(who, text);
        let (status, answer) = self.poster.post(&event)?;
        if status != 200 {
            return Err(format!("the webhook was answered {status}: {answer}").into());
        }
        Ok(answer)
    }

    /// The same while the daemon is dead: WAHA repeats it until it is taken.
    fn writes_to_nobody(
        &mut self,
        who: usize,
        text: &str,
    ) -> JoinHandle<std::result::Result<(), String>> {
        self.columns.add(who, Author::Customer, text);
        let (event, poster) = (event(who, text), Poster::new(&self.daemon.url(), SECRET));
        std::thread::spawn(move || {
            for _ in 0..=WAHA_REPEATS_MAX {
                if poster.post(&event).is_ok_and(|(status, _)| status == 200) {
                    return Ok(());
                }
                std::thread::sleep(WAHA_REPEATS_AFTER);
            }
            Err("a webhook was not taken, however often it was repeated".to_owned())
        })
    }

    /// Waits until a customer was told what begins so, and shows what happens meanwhile.
    fn until(&mut self, who: usize, beginning: &str) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let told = |text: &String| text.starts_with(beginning);
        while !self.waha.texts(CUSTOMERS[who].chat).iter().any(told) {
            if Instant::now() > deadline {
                let name = CUSTOMERS[who].name;
                return Err(format!(
                    "{name} was not told \"{beginning}\" within {} s",
                    PATIENCE.as_secs()
                )
                .into());
            }
            self.watch(SIDE_BY_SIDE);
        }
        // What came with it belongs beside it.
        while self.watch(SIDE_BY_SIDE) {}
        self.columns.print();
        Ok(())
    }

    /// Takes up the next texts that customers get, if there are any within this time.
    fn watch(&mut self, time: Duration) -> bool {
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
            }
            self.shown += 1;
        }
        fresh.is_some()
    }

    fn breath(&mut self) {
        let end = Instant::now() + BREATH;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            if !self.watch(left.min(SIDE_BY_SIDE)) {
                self.columns.print();
            }
        }
    }

    fn until_lanes_are_empty(&mut self) -> Result<()> {
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

fn after(took: Duration) -> String {
    format!("After {:.2} s the daemon is", took.as_secs_f64())
}

/// How what WAHA took differs from what six customers should have been told: nothing, if all is well.
fn differences(sent: &[Sent]) -> Vec<String> {
    let mut differences = Vec::new();
    let greeted: Vec<_> = sent
        .iter()
        .filter(|sent| sent.text.starts_with(GREETING))
        .map(|sent| sent.chat.as_str())
        .collect();
    if greeted != CUSTOMERS.map(|customer| customer.chat) {
        differences.push(format!(
            "attended in another order than they came: {greeted:?}"
        ));
    }
    for Customer {
        name,
        chat,
        full_name,
        ..
    } in &CUSTOMERS
    {
        let texts: Vec<_> = sent
            .iter()
            .filter(|sent| sent.chat == *chat)
            .map(|sent| sent.text.as_str())
            .collect();
        let greeting = format!("{GREETING}{name}!");
        let thanks = format!("{THANKS}{full_name}.");
        for wanted in [&greeting, ASKS_NAME, ASKS_SUBJECT, &thanks] {
            match texts.iter().filter(|text| text.starts_with(wanted)).count() {
                1 => {}
                count => differences.push(format!(
                    "{name} was told \"{wanted}\" {count} times, not once"
                )),
            }
        }
        if !texts.last().is_some_and(|text| text.starts_with(&thanks)) {
            differences.push(format!(
                "{name}'s last text should be the thanks: {texts:?}"
            ));
        }
    }
    differences
}

const WHAT_NEXT: &str = "
What to do next, with a WAHA of yours (README.md has it in full, with Docker Compose):

  1. Start waha-sm where WAHA can reach it; the secret is any long random text:
       WEBHOOK_HMAC_SECRET=... WAHA_URL=http://localhost:3000 WAHA_API_KEY=... waha-sm all --workers 4
  2. Tell WAHA to post there:
       WHATSAPP_HOOK_URL=http://localhost:8080/webhook
       WHATSAPP_HOOK_EVENTS=message.any,message.ack,message.reaction,message.edited,message.revoked,session.status
       WHATSAPP_HOOK_HMAC_KEY=...       (the same secret)
  3. Write a flow of your own: examples/flows/shop.toml and clinic.toml show how; FLOW_FILE names it.";
