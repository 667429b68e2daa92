//! `waha-sm flow check`: shows every mistake in flow files, and what to write instead.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::cli::exit::exit;
use crate::cli::flow::count::count;
use crate::cli::flow::files::{expand, is_test};
use crate::cli::flow::source::{FlowOptions, FlowSource};
use crate::flow::{Dialogue, Locale};
use crate::terminal::line;

const AFTER_HELP: &str = "Exit code: 0 if all files are good, 1 if not, 64 for a wrong command line.\n\
    Warnings are not mistakes, except with --strict.\n\n\
    Examples:\n  \
    waha-sm flow check flows/\n  \
    waha-sm flow check - < clinic.toml\n\n\
    It prints lines like\n  \
    clinic.toml:12:9: `next` in [step.hello] leads to `mneu`, and there is no such step; did you mean `menu`?";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct CheckArgs {
    /// Flow files, their dialogues (`.test.toml`), or a directory of them; `-` reads one flow from standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Treat warnings as mistakes
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    common: FlowOptions,
}

pub(super) fn main(arguments: &CheckArgs) -> ExitCode {
    let mut out = io::stdout().lock();
    let (files, mistakes) = expand(&arguments.files);
    let mut good = mistakes.is_empty();
    let shown = mistakes.iter().try_for_each(|line| writeln!(out, "{line}"));
    let check_file = |file: &PathBuf| {
        let report = match FlowSource::read(file) {
            Ok(source) if is_test(file) => check_dialogues(&source),
            Ok(source) => check(&source, arguments.common.locale),
            Err(reason) => FileReport::bad(vec![reason]),
        };
        good &= report.mistakes == 0 && !(arguments.strict && report.warnings > 0);
        report
            .lines
            .iter()
            .try_for_each(|line| writeln!(out, "{line}"))
    };
    let printed = shown.and_then(|()| files.iter().try_for_each(check_file));
    exit(printed.and_then(|()| out.flush()), good)
}

/// The output about one file.
struct FileReport {
    lines: Vec<String>,
    mistakes: usize,
    warnings: usize,
}

impl FileReport {
    fn bad(lines: Vec<String>) -> FileReport {
        FileReport {
            mistakes: lines.len(),
            lines,
            warnings: 0,
        }
    }
}

fn check(source: &FlowSource, locale: Locale) -> FileReport {
    let script = match source.load(locale) {
        Ok(script) => script,
        Err(mistakes) => return FileReport::bad(mistakes),
    };
    let warnings = script.warnings(&source.text);
    let outline = script.outline();
    let outcomes: Vec<String> = outline.outcomes().into_iter().map(line).collect();
    let mut lines: Vec<String> = warnings
        .iter()
        .map(|one| format!("{} warning: {}", source.place(one), line(&one.message)))
        .collect();
    let named = match outcomes.is_empty() {
        true => String::new(),
        false => format!(" ({})", outcomes.join(", ")),
    };
    lines.push(format!(
        "{}: good: {}, {}{named}",
        source.name,
        count(outline.steps.len(), "step"),
        count(outcomes.len(), "outcome"),
    ));
    FileReport {
        lines,
        mistakes: 0,
        warnings: warnings.len(),
    }
}

/// Checks only whether the dialogues are well-formed; `flow test` plays them.
fn check_dialogues(source: &FlowSource) -> FileReport {
    match Dialogue::load(&source.text) {
        Ok(dialogues) => FileReport {
            lines: vec![format!(
                "{}: good: {}",
                source.name,
                count(dialogues.len(), "dialogue")
            )],
            mistakes: 0,
            warnings: 0,
        },
        Err(mistakes) => FileReport::bad(mistakes.iter().map(|one| source.show(one)).collect()),
    }
}
