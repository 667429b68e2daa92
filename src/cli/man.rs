//! `waha-sm man`: prints the manual page, or writes one page for each command.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Command};
use clap_mangen::Man;

use crate::cli::exit::{exit, fail};

const AFTER_HELP: &str = "Examples:\n  \
    waha-sm man | man -l -\n  \
    waha-sm man --dir /usr/local/share/man/man1";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ManArgs {
    /// Write the pages of all commands (waha-sm.1, waha-sm-all.1, ...) into this directory
    #[arg(long, value_name = "PATH")]
    dir: Option<PathBuf>,
}

pub(super) fn main(arguments: &ManArgs, command: Command) -> ExitCode {
    let Some(dir) = &arguments.dir else {
        let mut page = Vec::new();
        let mut out = io::stdout().lock();
        let printed = Man::new(command)
            .render(&mut page)
            .and_then(|()| out.write_all(&page))
            .and_then(|()| out.flush());
        return exit(printed, true);
    };
    let written =
        std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(command, dir));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!(
            "can't write the manual pages into {}: {error}",
            dir.display()
        )),
    }
}
