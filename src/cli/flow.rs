//! `waha-sm flow`: tools for writing flows. None needs WAHA, and only `reload` needs a running daemon.

mod chat;
mod check;
mod graph;
mod reload;
mod schema;
mod test;

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::cli::{EXIT_FAILURE, complain, fail};
use crate::flow::{Locale, Mistake, Script, UnknownLocale};
use crate::flows::{directory, media_files};
use crate::terminal::line;

#[derive(Debug, Args)]
pub(super) struct FlowArgs {
    #[command(subcommand)]
    command: FlowCommand,
}

#[derive(Debug, Subcommand)]
enum FlowCommand {
    /// Checks flow files: shows every mistake, where it is and what to write instead
    Check(check::CheckArgs),
    /// Lets you chat with a flow in the terminal, as a customer would
    Chat(chat::ChatArgs),
    /// Plays the test dialogues of flows and shows the differences
    Test(test::TestArgs),
    /// Draws a flow: its steps, the paths between them, and its outcomes
    Graph(graph::GraphArgs),
    /// Makes every running process load its flows again
    Reload(reload::ReloadArgs),
    /// Prints the JSON Schema of flow files, for editors
    Schema(schema::SchemaArgs),
}

/// The options of every tool.
#[derive(Debug, Args)]
struct FlowOptions {
    /// Language of the built-in texts if the file sets none: en, pt-BR or es
    #[arg(long, env = "LOCALE", value_name = "LOCALE", default_value = "en", value_parser = locale)]
    locale: Locale,
}

pub(super) fn main(arguments: &FlowArgs) -> ExitCode {
    match &arguments.command {
        FlowCommand::Check(arguments) => check::main(arguments),
        FlowCommand::Chat(arguments) => chat::main(arguments),
        FlowCommand::Test(arguments) => test::main(arguments),
        FlowCommand::Graph(arguments) => graph::main(arguments),
        FlowCommand::Reload(arguments) => reload::main(arguments),
        FlowCommand::Schema(_) => schema::main(),
    }
}

/// An empty one counts as not set, as everywhere.
fn locale(text: &str) -> Result<Locale, UnknownLocale> {
    match text.trim() {
        "" => Ok(Locale::default()),
        text => text.parse(),
    }
}

/// A flow file as the user named it; `-` is standard input.
struct FlowSource {
    /// How it is called in what we print.
    name: String,
    /// Where it is: paths in it begin there.
    file: PathBuf,
    text: String,
}

impl FlowSource {
    /// What was read, or a line that says why not.
    fn read(file: &Path) -> Result<FlowSource, String> {
        let (name, text) = if file == Path::new("-") {
            let mut text = String::new();
            let read = io::stdin().read_to_string(&mut text);
            ("stdin".to_owned(), read.map(|_| text))
        } else {
            let name = line(&file.display().to_string());
            (name, std::fs::read_to_string(file))
        };
        match text {
            Ok(text) => Ok(FlowSource {
                name,
                file: file.to_owned(),
                text,
            }),
            Err(error) => Err(format!("{name}: can't be read: {error}")),
        }
    }

    /// The flow, or what is wrong with it, a line for each mistake.
    fn load(&self, locale: Locale) -> Result<Script, Vec<String>> {
        Script::load(&self.text, locale)
            .and_then(|script| media_files::placed(script, &self.file))
            .map_err(|mistakes| mistakes.iter().map(|one| self.show(one)).collect())
    }

    /// Where a mistake is, and what it is: like a compiler says it, so that editors find the place.
    fn show(&self, mistake: &Mistake) -> String {
        format!("{} {}", self.place(mistake), line(&mistake.message))
    }

    fn place(&self, mistake: &Mistake) -> String {
        format!("{}:{}:{}:", self.name, mistake.line, mistake.column)
    }
}

/// The files that are meant, in place of a directory its flows, and their dialogues where they are there; and what is wrong
/// with directories, a line each.
fn expand(named: &[PathBuf]) -> (Vec<PathBuf>, Vec<String>) {
    let mut files = Vec::new();
    let mut mistakes = Vec::new();
    for named in named {
        if !named.is_dir() {
            files.push(named.clone());
            continue;
        }
        let found = match directory::files(named) {
            Ok(found) => found,
            Err(told) => {
                mistakes.extend(told.mistakes.iter().map(|told| line(told)));
                told.files
            }
        };
        for (_, flow) in found {
            let (flow, dialogues) = pair(&flow);
            let dialogues = Some(dialogues).filter(|file| file.exists());
            files.extend([Some(flow), dialogues].into_iter().flatten());
        }
    }
    (files, mistakes)
}

/// Reads and loads a flow file; says what is wrong and gives the exit code where that fails.
fn open(file: &Path, locale: Locale) -> Result<Script, ExitCode> {
    FlowSource::read(file)
        .map_err(|reason| vec![reason])
        .and_then(|source| source.load(locale))
        .map_err(|lines| {
            lines.iter().for_each(|line| complain(line));
            ExitCode::from(EXIT_FAILURE)
        })
}

/// The exit code of a tool that printed what it found.
fn exit(printed: io::Result<()>, good: bool) -> ExitCode {
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            fail(&format!("can't write the output: {error}"))
        }
        _ if good => ExitCode::SUCCESS,
        _ => ExitCode::from(EXIT_FAILURE),
    }
}

/// "1 step", "2 steps".
fn count(number: usize, word: &str) -> String {
    match number {
        1 => format!("1 {word}"),
        _ => format!("{number} {word}s"),
    }
}

/// The dialogues beside a flow file: `clinic.test.toml` beside `clinic.toml`.
const TEST_EXTENSION: &str = ".test.toml";

/// Whether a file holds dialogues, by its name.
fn is_test(file: &Path) -> bool {
    file.to_string_lossy().ends_with(TEST_EXTENSION)
}

/// The files of a flow: the flow itself, and its dialogues beside it.
fn pair(file: &Path) -> (PathBuf, PathBuf) {
    let name = file.to_string_lossy();
    match name.strip_suffix(TEST_EXTENSION) {
        Some(stem) => (format!("{stem}.toml").into(), file.to_owned()),
        None => (file.to_owned(), file.with_extension(&TEST_EXTENSION[1..])),
    }
}
