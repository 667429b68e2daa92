//! The one-use links with which agents set their passwords, as `waha-sm agent add` and `passwd` print them.

use std::io::{self, Write};

use crate::cli::redis::CommandError;
use crate::config::{Mistakes, console_address};
use crate::console::address::ConsoleUrl;
use crate::ids::AgentName;
use crate::service::accounts::invitations::welcome_path;
use crate::settings::ConsoleAddressSettings;

/// How to switch the console on.
pub(super) const NO_CONSOLE: &str = "the console is off, so there is no link to set a password: start the daemon with CONSOLE_LISTEN, like 127.0.0.1:8081, \
     and set CONSOLE_LISTEN or CONSOLE_URL for this command too";

/// The address of the console; `None` if it is off.
pub(super) fn address(
    settings: &ConsoleAddressSettings,
) -> Result<Option<ConsoleUrl>, CommandError> {
    console_address(settings).map_err(|Mistakes(mistakes)| CommandError::Usage(mistakes.join("\n")))
}

/// The whole link.
pub(super) fn link(console: &ConsoleUrl, token: &str) -> String {
    console.link(&welcome_path(token))
}

pub(super) fn print(name: &AgentName, link: &str) -> io::Result<()> {
    writeln!(
        io::stdout(),
        "With this link, {name} sets a password. It works once, within 24 hours:\n{link}"
    )
}
