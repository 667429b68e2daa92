//! The command line: runs the command that the user typed, and returns its exit code.

mod agent;
mod attend;
mod backup;
mod completions;
mod customer;
mod dead;
mod desk;
mod doctor;
mod elapsed;
mod exit;
mod flow;
mod format;
mod health;
mod history;
mod line;
mod man;
mod names;
mod person;
mod progress;
mod redis;
mod restore;
mod screen;
mod show;
mod steer;
mod table;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::cli::exit::{EXIT_USAGE, fail, wrong};
use crate::config::{Config, Role};
use crate::settings::Settings;
use crate::version::VERSION;
use crate::{app, describe::describe, runtime};

/// A customer service queue for WhatsApp, behind WAHA: customers wait in line, know their place, and are served by a flow or
/// by a person.
#[derive(Debug, Parser)]
#[command(name = "waha-sm", version = VERSION, about, after_help = AFTER_HELP)]
pub struct Cli {
    #[command(subcommand)]
    command: CliCommand,
}

const AFTER_HELP: &str = "Every setting is a flag and an environment variable; see `waha-sm all --help`.\n\
    Example: WEBHOOK_HMAC_SECRET=... WAHA_API_KEY=... waha-sm all --workers 4";

#[derive(Debug, Subcommand)]
enum CliCommand {
    /// Runs everything in one process: receives webhooks, handles conversations, keeps the history
    All(Settings),
    /// Receives webhooks and keeps the history; `work` processes on the same Redis do the rest
    Serve(Settings),
    /// Handles conversations and sends replies and notices; needs REDIS_URL
    Work(Settings),
    /// Prints the history; the daemon may be running
    History(history::HistoryArgs),
    /// Lists replies that could not be sent, sends them again, or deletes them; the daemon must be running
    Dead(dead::DeadArgs),
    /// Prints who waits for a person or for the bot, and who is attended; the daemon must be running
    Line(line::LineArgs),
    /// Prints one conversation: where it is, the customer's answers, what is unread and unsent, and what was said last
    Show(show::ShowArgs),
    /// Takes the next customer in an agent's lines, or a certain one
    Take(attend::TakeArgs),
    /// Says something to a customer whom the agent has taken
    Say(attend::SayArgs),
    /// Notes something about a customer; only people who attend see it
    Note(attend::NoteArgs),
    /// Gives a customer back to the bot, to a team's line, or to a colleague
    Give(attend::GiveArgs),
    /// Closes a customer's conversation. If FLOW_FILE is set as for the daemon, and the flow asks for ratings, the customer is
    /// asked for one
    Close(attend::CloseArgs),
    /// Moves a customer in their line; the history says who did it
    Move(steer::MoveArgs),
    /// Pauses a line: nobody is taken from it, and who writes is told why
    Pause(steer::PauseArgs),
    /// Ends a pause
    Resume(steer::ResumeArgs),
    /// Exports or erases everything that is kept of a person; the daemon must be running
    Person(person::PersonArgs),
    /// Makes a backup of everything, or reads one through; the daemon may be running
    Backup(backup::BackupArgs),
    /// Puts a backup back into an empty DATA_DIR; the daemon must not be running
    Restore(restore::RestoreArgs),
    /// Adds and lists agents: the people who answer customers; the daemon must be running
    Agent(agent::AgentArgs),
    /// Checks, tries, tests, draws and reloads flows
    Flow(flow::FlowArgs),
    /// Asks the daemons of this user on this machine, or in this container, whether they are ready: exit code 0 if they are, 1 if
    /// not or if there is none (for HEALTHCHECK)
    Health(health::HealthArgs),
    /// Tells what is wrong before customers do, and what to do about it; the daemon may be running or not. Exit code 1 if anything
    /// must be done
    Doctor(Box<doctor::DoctorArgs>),
    /// Prints a script that completes commands and flags in your shell
    Completions(completions::CompletionsArgs),
    /// Prints the manual page, or writes one for each command
    Man(man::ManArgs),
}

impl CliCommand {
    /// Whether the files that it makes hold what customers write. The others make none, or files for others to read: new
    /// flows and manual pages.
    fn writes_customers_data(&self) -> bool {
        match self {
            Self::All(_)
            | Self::Serve(_)
            | Self::Work(_)
            | Self::History(_)
            | Self::Dead(_)
            | Self::Person(_)
            | Self::Backup(_)
            | Self::Restore(_) => true,
            Self::Agent(_)
            | Self::Line(_)
            | Self::Show(_)
            | Self::Take(_)
            | Self::Say(_)
            | Self::Note(_)
            | Self::Give(_)
            | Self::Close(_)
            | Self::Move(_)
            | Self::Pause(_)
            | Self::Resume(_)
            | Self::Flow(_)
            | Self::Health(_)
            | Self::Doctor(_)
            | Self::Completions(_)
            | Self::Man(_) => false,
        }
    }
}

/// Runs the command line `arguments`, which begin with the program's name. `main` does nothing else, so that examples and
/// tests can run the daemon too.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // For clap, help and version are errors too, but they belong on standard output.
            let _ = error.print();
            return if error.use_stderr() {
                ExitCode::from(EXIT_USAGE)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    if cli.command.writes_customers_data() {
        runtime::keep_new_files_private();
    }
    match cli.command {
        CliCommand::All(settings) => daemon(Role::All, &settings),
        CliCommand::Serve(settings) => daemon(Role::Serve, &settings),
        CliCommand::Work(settings) => daemon(Role::Work, &settings),
        CliCommand::History(arguments) => history::main(&arguments),
        CliCommand::Dead(arguments) => dead::main(&arguments),
        CliCommand::Line(arguments) => line::main(&arguments),
        CliCommand::Show(arguments) => show::main(&arguments),
        CliCommand::Take(arguments) => attend::take(&arguments),
        CliCommand::Say(arguments) => attend::say(&arguments),
        CliCommand::Note(arguments) => attend::note(&arguments),
        CliCommand::Give(arguments) => attend::give(&arguments),
        CliCommand::Close(arguments) => attend::close(&arguments),
        CliCommand::Move(arguments) => steer::move_to(&arguments),
        CliCommand::Pause(arguments) => steer::pause(&arguments),
        CliCommand::Person(arguments) => person::main(&arguments),
        CliCommand::Backup(arguments) => backup::main(&arguments),
        CliCommand::Restore(arguments) => restore::main(&arguments),
        CliCommand::Resume(arguments) => steer::resume(&arguments),
        CliCommand::Agent(arguments) => agent::main(&arguments),
        CliCommand::Flow(arguments) => flow::main(&arguments),
        CliCommand::Health(arguments) => health::main(&arguments),
        CliCommand::Doctor(arguments) => doctor::main(&arguments),
        CliCommand::Completions(arguments) => completions::main(&arguments, Cli::command()),
        CliCommand::Man(arguments) => man::main(&arguments, Cli::command()),
    }
}

fn daemon(role: Role, settings: &Settings) -> ExitCode {
    let config = match Config::read(role, settings) {
        Ok(config) => config,
        Err(mistakes) => return wrong(&mistakes),
    };
    match app::run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&describe(&error)),
    }
}
