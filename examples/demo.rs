//! Six customers write to one WhatsApp number that two workers serve. Watch the line move. After a kill -9, every customer
//! still has their place.
//!
//!     cargo run --example demo
//!     cargo run --example demo -- --console                   also shows them in your browser, slowly
//!     cargo run --example demo -- --console --stay            and lets you answer them, until Ctrl+C
//!     cargo run --example demo -- --svg examples/demo.svg     also draws the chats
//!     cargo run --example demo -- --pictures examples         takes the README's pictures of the console
//!
//! It needs only `redis-server` (or `valkey-server`) on PATH, and for the pictures `chromium` and `chromedriver`. WAHA is
//! imitated; everything else is real: the daemon, its private Redis, signed webhooks, the built-in reception flow. It ends
//! automatically. Exit code 0 means that all six customers were served in order and got every message once. With the
//! console it does not check that: you may change the story.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser as _;

use cast::{ANA, ASKS_NAME, ASKS_SUBJECT, BRUNO, CARLA, CUSTOMERS, DORA, EDU, FLORA, NEXT, THANKS};
use guests::Guests;
use photographs::take_pictures;
use show::{Show, Stage};

#[path = "support/cast.rs"]
mod cast;
#[path = "support/columns.rs"]
mod columns;
#[allow(dead_code, reason = "for load.rs too")]
#[path = "support/console_door.rs"]
mod console_door;
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
#[path = "support/guests.rs"]
mod guests;
#[path = "support/photographs.rs"]
mod photographs;
#[path = "support/picture.rs"]
mod picture;
#[path = "support/show.rs"]
mod show;
#[path = "support/until_ctrl_c.rs"]
mod until_ctrl_c;
#[path = "support/web_driver.rs"]
mod web_driver;
#[allow(dead_code, unreachable_pub, reason = "for the tests and load.rs too")]
#[path = "support/webhook.rs"]
mod webhook;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const WORKERS: usize = 2;

/// Six customers, two workers and a kill -9.
#[derive(clap::Parser)]
#[command(name = "demo")]
struct Args {
    /// Show the customers live in a browser too, and play slowly enough to watch
    #[arg(long)]
    console: bool,
    /// Keep running after the story, until Ctrl+C: answer the customers from the console, and they write back
    #[arg(long, requires = "console")]
    stay: bool,
    /// Draw the chats into this file
    #[arg(long, value_name = "FILE", conflicts_with = "console")]
    svg: Option<PathBuf>,
    /// Take pictures of the console for the README into this directory
    #[arg(long, value_name = "DIRECTORY", conflicts_with_all = ["console", "svg"])]
    pictures: Option<PathBuf>,
}

fn main() -> ExitCode {
    if let Some(code) = daemon::be_the_daemon() {
        return code;
    }
    match demo(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nThe demo failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn demo(args: &Args) -> Result<()> {
    let stage = match (args.console, &args.pictures) {
        (true, _) => Stage::Console,
        (_, Some(_)) => Stage::Pictures,
        (false, None) => Stage::Terminal,
    };
    let mut show = Show::new(WORKERS, stage)?;
    let played = match &args.pictures {
        Some(directory) => take_pictures(&mut show, directory),
        None if args.console => with_console(&mut show, args.stay),
        None => story(&mut show).and_then(|()| end(&mut show)),
    };
    show.print();
    played.map_err(|error| match show.daemon.last_words() {
        words if words.is_empty() => error,
        words => format!("{error}\n\nThe end of the daemon's log:\n{words}").into(),
    })?;
    if let Some(file) = &args.svg {
        std::fs::write(file, show.svg())?;
    }
    Ok(())
}

/// The story in a browser too. Then the customers are the viewer's.
fn with_console(show: &mut Show, stay: bool) -> Result<()> {
    let told = story(show);
    show.print();
    match &told {
        Ok(()) => {
            show.narrate("The bot is done. Five of the six now wait for a person: Take next.");
        }
        // If they have acted, customers are not where the story expects them.
        Err(error) if show.viewer_has_acted()? => {
            show.narrate(&format!(
                "You have taken part, so the story ends here ({error}). The customers are yours."
            ));
        }
        Err(_) => return told,
    }
    if stay {
        show.narrate("Answer them in the console: they write back. Ctrl+C ends it all.");
        Guests::new(show).stay(show)?;
    }
    let took = show.daemon.stop()?;
    println!("\nThe daemon stopped in {took:.1?}, and its data is removed.");
    if !stay {
        println!("To answer the customers yourself: --console --stay");
    }
    Ok(())
}

fn story(show: &mut Show) -> Result<()> {
    println!(
        "Six customers write to one WhatsApp number. waha-sm runs behind it, with two workers."
    );
    println!("Lines with > are what a customer writes; the others are what waha-sm answers.\n");
    let took = show.daemon.start()?;
    show.open_console()?;
    show.head();
    show.narrate(&format!(
        "After {:.2} s the daemon is ready, with its own Redis. Ana and Bruno write; both workers are free.",
        took.as_secs_f64()
    ));
    for who in [ANA, BRUNO] {
        show.writes(who, CUSTOMERS[who].opening)?;
        show.until(who, ASKS_NAME)?;
    }
    show.breath();

    show.narrate("Four more write. No worker is free, so each gets a place in line, and a notice about it after two seconds.");
    for (place, who) in (1..).zip([CARLA, DORA, EDU, FLORA]) {
        let answer = show.writes(who, CUSTOMERS[who].opening)?;
        if answer["position"] != place {
            return Err(format!(
                "{} should be number {place} in line; the webhook's answer was {answer}",
                CUSTOMERS[who].name
            )
            .into());
        }
    }
    show.breath();
    show.writes(ANA, CUSTOMERS[ANA].full_name)?;
    show.until(ANA, ASKS_SUBJECT)?;
    show.until(CARLA, NEXT)?;
    for (place, who) in (2..).zip([DORA, EDU, FLORA]) {
        show.until(who, &format!("You're number {place} in line."))?;
    }
    show.breath();

    show.narrate("Ana is done, so her worker greets Carla. Dora is next. Edu and Flora moved up by only one place, so they get no notice.");
    show.writes(ANA, CUSTOMERS[ANA].subject)?;
    show.until(CARLA, ASKS_NAME)?;
    show.until(DORA, NEXT)?;
    show.breath();
    show.writes(BRUNO, CUSTOMERS[BRUNO].full_name)?;
    show.until(BRUNO, ASKS_SUBJECT)?;
    show.breath();

    crash(show)?;

    show.narrate("The line continues as if nothing had happened.");
    for (who, next) in [(BRUNO, DORA), (CARLA, EDU)] {
        show.writes(who, CUSTOMERS[who].subject)?;
        show.until(next, ASKS_NAME)?;
        show.until(next + 1, NEXT)?;
        show.breath();
    }
    serve(show, &[DORA])?;
    show.until(FLORA, ASKS_NAME)?;
    show.breath();
    serve(show, &[EDU, FLORA])
}

/// Kills the daemon while some customers are being served and others wait, and starts it again.
fn crash(show: &mut Show) -> Result<()> {
    // A reply that WAHA has just taken and that we have not recorded yet may be sent twice after a crash.
    show.until_lanes_are_empty()?;
    show.narrate(
        "kill -9: the daemon is dead. Carla answers anyway, and Flora asks for her place. WAHA can't deliver the two messages \
         and repeats them after two seconds.",
    );
    show.daemon.kill()?;
    let late = [
        show.writes_to_nobody(CARLA, CUSTOMERS[CARLA].full_name),
        show.writes_to_nobody(FLORA, "position"),
    ];
    show.breath();
    show.breath();
    let took = show.daemon.start()?;
    show.narrate(&format!(
        "After {:.2} s the daemon runs again, on the same data directory; its Redis never stopped. Carla continues at her \
         question, Flora is third behind Dora and Edu, and a worker still waits for Bruno's answer.",
        took.as_secs_f64()
    ));
    show.until(CARLA, ASKS_SUBJECT)?;
    show.until(FLORA, "You're number 3 in line.")?;
    for delivery in late {
        delivery.join().map_err(|_| "a delivery panicked")??;
    }
    show.breath();
    Ok(())
}

/// These customers answer both questions, name and subject.
fn serve(show: &mut Show, customers: &[usize]) -> Result<()> {
    let turns = |who: usize| {
        let customer = &CUSTOMERS[who];
        [
            (customer.full_name, ASKS_SUBJECT),
            (customer.subject, THANKS),
        ]
    };
    for turn in 0..2 {
        for &who in customers {
            show.writes(who, turns(who)[turn].0)?;
        }
        for &who in customers {
            show.until(who, turns(who)[turn].1)?;
        }
        show.breath();
    }
    Ok(())
}

fn end(show: &mut Show) -> Result<()> {
    show.print();
    let differences = cast::differences(&show.sent());
    let took = show.daemon.stop()?;
    println!(
        "\nThe history of Flora's chat (waha-sm history --chat {}):\n",
        CUSTOMERS[FLORA].chat
    );
    let history = show
        .daemon
        .command("history")
        .args(["--chat", CUSTOMERS[FLORA].chat])
        .output()?;
    println!("{}", String::from_utf8_lossy(&history.stdout));
    if !differences.is_empty() {
        return Err(differences.join("\n").into());
    }
    println!(
        "All six were served in order of arrival; nobody lost their place or a message. (The daemon stopped in {took:.1?}.)"
    );
    println!("{WHAT_NEXT}");
    Ok(())
}

const WHAT_NEXT: &str = "
What to do next, with your own WAHA (README.md has the details, with Docker Compose):

  1. Start waha-sm where WAHA can reach it; the secret is any long random text:
       WEBHOOK_HMAC_SECRET=... WAHA_URL=http://localhost:3000 WAHA_API_KEY=... waha-sm all --workers 4
  2. Tell WAHA to post there:
       WHATSAPP_HOOK_URL=http://localhost:8080/webhook
       WHATSAPP_HOOK_EVENTS=message.any,message.ack,message.reaction,message.edited,message.revoked,session.status
       WHATSAPP_HOOK_HMAC_KEY=...       (the same secret)
  3. Write your own flow: examples/flows/shop.toml and clinic.toml show how. Set FLOW_FILE to its path.";
