//! `waha-sm flow test`: plays the test dialogues of flows.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::cli::exit::exit;
use crate::cli::flow::count::count;
use crate::cli::flow::files::{expand, pair};
use crate::cli::flow::source::{FlowOptions, FlowSource};
use crate::flow::{Dialogue, Difference, Locale, Shown};
use crate::terminal::line;

const AFTER_HELP: &str = "The dialogues of clinic.toml are in clinic.test.toml beside it:\n\n  \
    [[dialogue]]\n  \
    name    = \"a customer books an appointment\"\n  \
    turns   = [\n    \
      { says = \"oi\", contains = \"Marcar consulta\" },\n    \
      { says = \"1\", hears = \"Qual é o seu CPF?\" },\n    \
      { wait = \"5m\", contains = \"Você ainda está aí?\" },\n    \
      { says = \"529.982.247-25\", hears = \"Anotado: CPF 52998224725. Até logo!\" },\n  \
    ]\n  \
    outcome = \"booked\"\n  \
    saved   = { cpf = \"52998224725\" }\n\n\
    Exit code: 0 if every dialogue went as written, 1 if not, 64 for a wrong command line.\n\n\
    Examples:\n  \
    waha-sm flow test examples/flows/clinic.toml\n  \
    waha-sm flow test flows/*.test.toml";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct TestArgs {
    /// Flow files, their dialogues (`.test.toml`), or a directory of them
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    common: FlowOptions,
}

pub(super) fn main(arguments: &TestArgs) -> ExitCode {
    let mut out = io::stdout().lock();
    let (files, mistakes) = expand(&arguments.files);
    let mut good = mistakes.is_empty();
    let shown = mistakes.iter().try_for_each(|line| writeln!(out, "{line}"));
    // The user may name both a flow and its dialogues.
    let mut done = BTreeSet::new();
    let printed = shown.and_then(|()| {
        files.iter().try_for_each(|file| {
            let (flow, dialogues) = pair(file);
            if !done.insert(flow.clone()) {
                return Ok(());
            }
            let lines = match test(&flow, &dialogues, arguments.common.locale) {
                Ok(lines) => lines,
                Err(lines) => {
                    good = false;
                    lines
                }
            };
            lines.iter().try_for_each(|line| writeln!(out, "{line}"))
        })
    });
    exit(printed.and_then(|()| out.flush()), good)
}

/// The output for one flow. It is an `Err` if a dialogue failed.
fn test(flow: &Path, dialogues: &Path, locale: Locale) -> Result<Vec<String>, Vec<String>> {
    if !dialogues.exists() {
        return Err(vec![format!(
            "{}: has no dialogues: write them in {}; see `waha-sm flow test --help`",
            line(&flow.display().to_string()),
            line(&dialogues.display().to_string()),
        )]);
    }
    let read = |file| FlowSource::read(file).map_err(|reason| vec![reason]);
    let script = read(flow)?.load(locale)?;
    let source = read(dialogues)?;
    let dialogues = Dialogue::load(&source.text).map_err(|mistakes| -> Vec<String> {
        mistakes.iter().map(|one| source.show(one)).collect()
    })?;
    let mut lines = Vec::new();
    let mut failed = 0;
    for dialogue in &dialogues {
        let differences = dialogue.play(&script);
        failed += usize::from(!differences.is_empty());
        for difference in &differences {
            lines.extend(show(&source.name, dialogue, difference));
        }
    }
    let number = count(dialogues.len(), "dialogue");
    if failed == 0 {
        lines.push(format!("{}: good: {number}", source.name));
        return Ok(lines);
    }
    lines.push(format!("{}: {failed} of {number} failed", source.name));
    Err(lines)
}

fn show(file: &str, dialogue: &Dialogue, difference: &Difference) -> Vec<String> {
    let mut lines = vec![format!(
        "{file}:{}: {}: {}, {}",
        difference.line,
        line(&dialogue.name),
        line(&difference.when),
        difference.what,
    )];
    let mut one = |word: &str, text: &str| lines.push(format!("    {word:<8}  {}", line(text)));
    for shown in &difference.shown {
        match shown {
            Shown::Same(text) => one("", text),
            Shown::Expected(text) => one("expected", text),
            Shown::Got(text) => one("got", text),
        }
    }
    let has = |which: fn(&Shown) -> bool| difference.shown.iter().any(which);
    if !has(|shown| matches!(shown, Shown::Got(_))) {
        one("got", "(nothing)");
    }
    if !has(|shown| matches!(shown, Shown::Expected(_))) {
        one("expected", "(nothing)");
    }
    lines
}
