//! `waha-sm flow schema`: prints the JSON Schema of flow files, for editors.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;

use crate::cli::exit::exit;
use crate::flow::schema;

const AFTER_HELP: &str = "Editors with a TOML language server (Even Better TOML in VS Code, taplo in others) complete and check a flow while\n\
    you type, if its first line names the schema:\n\n  \
    #:schema ./flow.schema.json\n\n\
    Example:\n  \
    waha-sm flow schema > flow.schema.json";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct SchemaArgs {}

pub(super) fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    exit(writeln!(out, "{:#}", schema()), true)
}
