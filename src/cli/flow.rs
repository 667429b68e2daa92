//! `waha-sm flow`: tools for writing flows. They need no WAHA, and only `reload` needs a running daemon.

mod chat;
mod check;
mod count;
mod files;
mod graph;
mod new;
mod reload;
mod schema;
pub(super) mod source;
mod test;

use std::process::ExitCode;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(super) struct FlowArgs {
    #[command(subcommand)]
    command: FlowCommand,
}

#[derive(Debug, Subcommand)]
enum FlowCommand {
    /// Writes a small flow with comments, and its test dialogues, to begin with
    New(new::NewArgs),
    /// Checks flow files: shows every mistake, where it is, and what to write instead
    Check(check::CheckArgs),
    /// Lets you chat with a flow in the terminal, as a customer would
    Chat(chat::ChatArgs),
    /// Plays the test dialogues of flows and shows the differences
    Test(test::TestArgs),
    /// Draws a flow: its steps, the paths between them, and its outcomes
    Graph(graph::GraphArgs),
    /// Reloads the flows in every running process
    Reload(reload::ReloadArgs),
    /// Prints the JSON Schema of flow files, for editors
    Schema(schema::SchemaArgs),
}

pub(super) fn main(arguments: &FlowArgs) -> ExitCode {
    match &arguments.command {
        FlowCommand::New(arguments) => new::main(arguments),
        FlowCommand::Check(arguments) => check::main(arguments),
        FlowCommand::Chat(arguments) => chat::main(arguments),
        FlowCommand::Test(arguments) => test::main(arguments),
        FlowCommand::Graph(arguments) => graph::main(arguments),
        FlowCommand::Reload(arguments) => reload::main(arguments),
        FlowCommand::Schema(_) => schema::main(),
    }
}
