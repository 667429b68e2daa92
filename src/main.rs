//! `waha-sm`: passes the command line to the library, and returns its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    waha_sm::cli::main(std::env::args_os())
}
