//! `waha-sm`: reads the command line, runs the role, translates the outcome into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    waha_sm::cli::main(std::env::args_os())
}
