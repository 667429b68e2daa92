//! `waha-sm completions`: prints a script that completes commands and flags in a shell.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::cli::exit::exit;

const AFTER_HELP: &str = "Examples:\n  \
    waha-sm completions bash > /etc/bash_completion.d/waha-sm\n  \
    waha-sm completions zsh > \"${fpath[1]}/_waha-sm\"\n  \
    waha-sm completions fish > ~/.config/fish/completions/waha-sm.fish";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct CompletionsArgs {
    /// The shell that reads the script
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn main(arguments: &CompletionsArgs, mut command: Command) -> ExitCode {
    // Into memory first: the generator can't report that the output is closed.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "waha-sm", &mut script);
    let mut out = io::stdout().lock();
    exit(out.write_all(&script).and_then(|()| out.flush()), true)
}
