//! The README's pictures of the console: the line on a laptop, a chat, and the line on a phone in the dark. A browser of ours
//! does what a person would do, from the one-use link on.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use super::cast::{ANA, BRUNO, CARLA, DORA};
use super::console_door::VIEWER;
use super::show::{SESSION, Show};
use super::web_driver::WebDriver;
use super::webhook;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Larger pictures make a README slow.
const BYTES_MAX: usize = 60_000;
const PASSWORD: &str = "a password for one picture";
/// More customers, who write after the story: the first two are attended by the bot, the others wait in its line.
const NEWCOMERS: [(&str, &str, &str); 5] = [
    ("5511999990011@c.us", "Gil", "Good afternoon"),
    (
        "5511999990012@c.us",
        "Helena",
        "Hello! Do you repair shoes?",
    ),
    ("5521999990013@c.us", "Igor", "Hi"),
    ("5531999990014@c.us", "Julia", "Is my order ready?"),
    ("5541999990015@c.us", "Leo", "Hello, I need help"),
];
/// So that the waits in the picture are not all "0 s".
const A_WHILE: Duration = Duration::from_secs(25);

/// Tells the story, and takes the pictures into this directory.
pub(crate) fn take_pictures(show: &mut Show, directory: &Path) -> Result<()> {
    super::story(show)?;
    let (viewer, bia) = {
        let door = show.console()?;
        let viewer = door.invite(&show.daemon, VIEWER, "owner")?;
        (viewer, door.invite(&show.daemon, "bia", "attendant")?)
    };
    drop(bia);
    let browser = WebDriver::start()?;
    browser.window(1180, 720, false)?;
    browser.goto(&viewer)?;
    browser.until("document.querySelector('input[name=password]')")?;
    browser.run(
        "document.querySelector('input[name=password]').value = arguments[0]; document.querySelector('form button.main').click()",
        &[PASSWORD],
    )?;
    browser.until("location.pathname === '/line' && document.readyState === 'complete'")?;

    as_bia(show, &["take", number(BRUNO)])?;
    as_bia(show, &["say", number(BRUNO), "Yes, all cards."])?;
    for (chat, name, text) in NEWCOMERS {
        show.post(&webhook::message(SESSION, chat, name, text))?;
    }
    // Ana's is the oldest, so she is next.
    browser.click("[data-do=next]")?;
    browser
        .until("location.pathname.startsWith('/chat/') && document.readyState === 'complete'")?;
    say(
        &browser,
        "Hello Ana! I'm looking it up. What's the number of your order?",
    )?;
    show.until(ANA, "Hello Ana! I'm")?;
    show.writes(ANA, "1042")?;
    note(show, "Order 1042: with the courier since 14:10")?;
    say(
        &browser,
        "It's with the courier now, and arrives today before six.",
    )?;
    show.until(ANA, "It's with")?;
    show.writes(ANA, "Great, thank you!")?;
    show.writes(DORA, "It's for Melo Ltd.")?;
    show.writes(CARLA, "Hi again!")?;
    let mut slept = Duration::ZERO;
    while slept < A_WHILE {
        show.breath();
        slept += Duration::from_millis(700);
    }
    browser.until("document.body.innerText.includes('Great, thank you!')")?;
    save(&browser, directory, "console-chat.png")?;

    let line = format!("{}/line", show.console()?.url());
    browser.goto(&line)?;
    browser.until("document.body.innerText.includes('Julia')")?;
    save(&browser, directory, "console-line.png")?;
    browser.window(390, 780, true)?;
    browser.prefer_dark(true)?;
    browser.goto(&line)?;
    browser.until("document.body.innerText.includes('Dora')")?;
    save(&browser, directory, "console-phone.png")?;
    drop(browser);
    show.daemon.stop()?;
    Ok(())
}

/// A customer's number.
fn number(who: usize) -> &'static str {
    let chat = super::cast::CUSTOMERS[who].chat;
    chat.split('@').next().unwrap_or(chat)
}

/// A colleague does something, on the command line.
fn as_bia(show: &Show, what: &[&str]) -> Result<()> {
    act(show, what, "bia")
}

fn note(show: &Show, text: &str) -> Result<()> {
    act(show, &["note", number(ANA), text], VIEWER)
}

fn act(show: &Show, what: &[&str], agent: &str) -> Result<()> {
    let (command, arguments) = what.split_first().ok_or("nothing to do")?;
    let done = show
        .daemon
        .command(command)
        .args(arguments)
        .args(["--as", agent])
        .output()?;
    match done.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&done.stderr).into_owned().into()),
    }
}

/// Writes to the customer whose chat is open.
fn say(browser: &WebDriver, text: &str) -> Result<()> {
    browser.until("document.querySelector('form[data-form=say] textarea')")?;
    browser.run(
        "const form = document.querySelector('form[data-form=say]'); form.querySelector('textarea').value = arguments[0]; form.requestSubmit()",
        &[text],
    )?;
    Ok(())
}

fn save(browser: &WebDriver, directory: &Path, name: &str) -> Result<()> {
    let picture = browser.picture()?;
    let (place, bytes) = (directory.join(name), picture.len());
    if bytes > BYTES_MAX {
        return Err(format!("{name} has {bytes} bytes: a smaller window makes it smaller").into());
    }
    std::fs::write(&place, picture)?;
    println!("{}: {bytes} bytes", place.display());
    Ok(())
}
