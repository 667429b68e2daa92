//! How a command ends: its exit code, and the reason on standard error.

use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::config::Mistakes;
use crate::terminal;

/// Wrong settings or a wrong command line (sysexits.h, `EX_USAGE`).
pub(super) const EXIT_USAGE: u8 = 64;
pub(super) const EXIT_FAILURE: u8 = 1;

/// Prints every mistake in the settings.
pub(super) fn wrong(Mistakes(mistakes): &Mistakes) -> ExitCode {
    mistakes.iter().for_each(|mistake| print_error(mistake));
    ExitCode::from(EXIT_USAGE)
}

pub(super) fn fail(reason: &str) -> ExitCode {
    print_error(reason);
    ExitCode::from(EXIT_FAILURE)
}

pub(super) fn print_error(what: &str) {
    // If standard error is closed, there is no other place for it.
    let _ = writeln!(io::stderr(), "waha-sm: {}", terminal::lines(what));
}

/// The exit code of a tool that printed its findings.
pub(super) fn exit(printed: io::Result<()>, good: bool) -> ExitCode {
    match printed {
        // It is fine if the reader stops early: `waha-sm history | head`.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            fail(&format!("can't write the output: {error}"))
        }
        _ if good => ExitCode::SUCCESS,
        _ => ExitCode::from(EXIT_FAILURE),
    }
}
