//! A flow file as the user named it: reads it, loads it, and shows its mistakes.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::cli::exit::{EXIT_FAILURE, print_error};
use crate::flow::{Locale, Mistake, Script, UnknownLocale, utf8_text};
use crate::flows::media_files;
use crate::terminal::line;

/// The options that all tools share.
#[derive(Debug, Args)]
pub(in crate::cli) struct FlowOptions {
    /// Language of the built-in texts if the flow file sets none: en, pt-BR or es
    #[arg(long, env = "LOCALE", value_name = "LOCALE", default_value = "en", value_parser = locale)]
    pub(in crate::cli) locale: Locale,
}

/// An empty value counts as not set, as in all settings.
fn locale(text: &str) -> Result<Locale, UnknownLocale> {
    match text.trim() {
        "" => Ok(Locale::default()),
        text => text.parse(),
    }
}

/// A flow file; `-` is standard input.
pub(super) struct FlowSource {
    /// Its name in the output.
    pub(super) name: String,
    /// Its path. Paths in the flow are relative to its directory.
    file: PathBuf,
    pub(super) text: String,
}

impl FlowSource {
    /// # Errors
    /// A line that says why the file can't be read.
    pub(super) fn read(file: &Path) -> Result<FlowSource, String> {
        let (name, bytes) = if file == Path::new("-") {
            let mut bytes = Vec::new();
            let read = io::stdin().read_to_end(&mut bytes);
            ("stdin".to_owned(), read.map(|_| bytes))
        } else {
            (line(&file.display().to_string()), std::fs::read(file))
        };
        let bytes = bytes.map_err(|error| format!("{name}: can't be read: {error}"))?;
        let mut source = FlowSource {
            name,
            file: file.to_owned(),
            text: String::new(),
        };
        source.text = utf8_text(bytes).map_err(|mistake| source.show(&mistake))?;
        Ok(source)
    }

    /// # Errors
    /// A line for each mistake.
    pub(super) fn load(&self, locale: Locale) -> Result<Script, Vec<String>> {
        Script::load(&self.text, locale)
            .and_then(|script| media_files::placed(script, &self.file))
            .map_err(|mistakes| mistakes.iter().map(|one| self.show(one)).collect())
    }

    /// A mistake with its place, in the format of compilers, so that editors can jump to it.
    pub(super) fn show(&self, mistake: &Mistake) -> String {
        format!("{} {}", self.place(mistake), line(&mistake.message))
    }

    pub(super) fn place(&self, mistake: &Mistake) -> String {
        format!("{}:{}:{}:", self.name, mistake.line, mistake.column)
    }
}

/// Reads and loads a flow file. If that fails, it prints the mistakes and returns the exit code.
pub(super) fn open(file: &Path, locale: Locale) -> Result<Script, ExitCode> {
    FlowSource::read(file)
        .map_err(|reason| vec![reason])
        .and_then(|source| source.load(locale))
        .map_err(|lines| {
            lines.iter().for_each(|line| print_error(line));
            ExitCode::from(EXIT_FAILURE)
        })
}
