//! The way into an example's console: its port, and agents with one-use links or tokens, made by the real commands.

use std::error::Error;
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::daemon::Daemon;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The viewer's name in the console.
pub(crate) const VIEWER: &str = "ana";
/// How long the story waits for the viewer. Without one, it is told on the terminal.
const PATIENCE: Duration = Duration::from_secs(120);
const POLL_INTERVAL: Duration = Duration::from_millis(300);

/// See the module.
pub(crate) struct ConsoleDoor(SocketAddr);

impl ConsoleDoor {
    pub(crate) fn new() -> Result<Self> {
        // Free now; the daemon takes it in a moment.
        Ok(Self(TcpListener::bind("127.0.0.1:0")?.local_addr()?))
    }

    /// What `CONSOLE_LISTEN` is.
    pub(crate) fn address(&self) -> String {
        self.0.to_string()
    }

    pub(crate) fn socket(&self) -> SocketAddr {
        self.0
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.0)
    }

    /// Adds an agent. Returns the link with which they set their password.
    pub(crate) fn invite(&self, daemon: &Daemon, name: &str, role: &str) -> Result<String> {
        let mut command = daemon.command("agent");
        command
            .args(["add", name, "--role", role, "--format", "jsonl"])
            .env("CONSOLE_LISTEN", self.address());
        let added = command.output()?;
        let said: Value = serde_json::from_slice(&added.stdout).map_err(|_| {
            let words = String::from_utf8_lossy(&added.stderr).into_owned();
            format!("`waha-sm agent add {name}` failed: {words}")
        })?;
        let link = said["link"].as_str();
        Ok(link.ok_or("`waha-sm agent add` gave no link")?.to_owned())
    }

    /// An API token of an agent.
    pub(crate) fn token(daemon: &Daemon, name: &str) -> Result<String> {
        let mut command = daemon.command("agent");
        let made = command.args(["token", name, "--label", "example", "--format", "jsonl"]);
        let said: Value = serde_json::from_slice(&made.output()?.stdout)?;
        let token = said["token"].as_str();
        Ok(token
            .ok_or("`waha-sm agent token` gave no token")?
            .to_owned())
    }

    /// Prints the link for the viewer, and waits until they look at the line.
    pub(crate) fn open(&self, daemon: &Daemon) -> Result<()> {
        let link = self.invite(daemon, VIEWER, "owner")?;
        println!("Open this link in a browser, choose a password, and you are in the console:\n");
        println!("    {link}\n");
        println!("The story begins when you see the line.\n");
        let deadline = Instant::now() + PATIENCE;
        while !is_present(daemon)? {
            if Instant::now() > deadline {
                println!("Nobody came, so it begins without you. The link still works.\n");
                break;
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        Ok(())
    }

    /// Whether an agent has taken a customer.
    pub(crate) fn somebody_acted(daemon: &Daemon) -> Result<bool> {
        let history = daemon
            .command("history")
            .args(["--conversations", "--format", "jsonl"])
            .output()?;
        let conversations = String::from_utf8(history.stdout)?;
        for line in conversations.lines() {
            let conversation: Value = serde_json::from_str(line)?;
            let events = conversation["events"].as_array();
            let by_agent = |event: &Value| event["by"].is_string();
            if events.is_some_and(|events| events.iter().any(by_agent)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether the viewer has the console open.
fn is_present(daemon: &Daemon) -> Result<bool> {
    let listed = daemon
        .command("agent")
        .args(["list", "--format", "jsonl"])
        .output()?;
    for line in String::from_utf8(listed.stdout)?.lines() {
        let agent: Value = serde_json::from_str(line)?;
        if agent["name"] == VIEWER && agent["present"] == true {
            return Ok(true);
        }
    }
    Ok(false)
}
