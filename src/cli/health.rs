//! `waha-sm health`: asks running daemons whether they are ready.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Args;

use super::exit::{EXIT_FAILURE, exit, fail, print_error, wrong};
use crate::config;
use crate::health::{self, AskedDaemon};

#[derive(Debug, Args)]
pub(super) struct HealthArgs {
    /// Ask only the daemon that listens at this address, perhaps elsewhere [default: ask the processes of this user here; if the variable
    /// LISTEN is set, those that have it too, or the one that listens there]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Print every part, also those without which messages are still taken (the history, WAHA); exit code 1 if one is not ready
    #[arg(long)]
    all: bool,
}

pub(super) fn main(arguments: &HealthArgs) -> ExitCode {
    let daemons = match asked(arguments) {
        Ok(daemons) => daemons,
        Err(code) => return code,
    };
    if daemons.is_empty() {
        return fail(
            "no daemon (waha-sm all, serve or work) of this user runs here; run this as its user or as root, or ask it where it \
             listens: waha-sm health --listen ADDRESS:PORT",
        );
    }
    let report = health::ask(&daemons);
    report
        .refusals
        .iter()
        .for_each(|reason| print_error(reason));
    match (arguments.all, report.refusals.is_empty()) {
        (true, _) => {
            let lines: String = report
                .parts
                .iter()
                .map(|line| format!("{line}\n"))
                .collect();
            exit(
                io::stdout().write_all(lines.as_bytes()),
                report.all_parts_ready,
            )
        }
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::from(EXIT_FAILURE),
    }
}

fn asked(arguments: &HealthArgs) -> Result<Vec<AskedDaemon>, ExitCode> {
    let at = |listen: &String| match config::listen(Some(listen)) {
        Ok(address) => Ok(vec![AskedDaemon::At(address)]),
        Err(mistakes) => Err(wrong(&mistakes)),
    };
    if let Some(listen) = &arguments.listen {
        return at(listen);
    }
    let listen = std::env::var("LISTEN").ok().filter(|it| !it.is_empty());
    let running = health::running(listen.as_deref())
        .map_err(|error| fail(&format!("can't list the processes here: {error}")))?;
    match listen {
        // It may run elsewhere, or have its address from a flag.
        Some(listen) if running.is_empty() => at(&listen),
        _ => Ok(running.into_iter().map(AskedDaemon::Here).collect()),
    }
}
