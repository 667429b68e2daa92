//! `waha-sm flow new`: writes a small flow with comments, and its test dialogues, to begin with.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::cli::exit::{EXIT_USAGE, exit, fail, print_error};
use crate::cli::flow::files::pair;
use crate::cli::flow::source::FlowOptions;
use crate::flow::Locale;
use crate::terminal::line;

const AFTER_HELP: &str = "The texts and comments are in the language of --locale, or of LOCALE.\n\n\
    Examples:\n  \
    waha-sm flow new shop\n  \
    waha-sm flow new flows/loja.toml --locale pt-BR";

/// What stands for the name in the files.
const NAME: &str = "NAME";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct NewArgs {
    /// The name of the flow, or the path of its file
    #[arg(value_name = "NAME")]
    name: PathBuf,
    #[command(flatten)]
    common: FlowOptions,
}

pub(super) fn main(arguments: &NewArgs) -> ExitCode {
    let Some((name, flow, dialogues)) = files(&arguments.name) else {
        print_error(&format!(
            "`{}` is not a name for a flow: use letters, digits, `-` and `_`, like shop or flows/shop.toml",
            line(&arguments.name.display().to_string())
        ));
        return ExitCode::from(EXIT_USAGE);
    };
    let [flow_text, dialogue_text] = texts(arguments.common.locale);
    for (file, text) in [(&flow, flow_text), (&dialogues, dialogue_text)] {
        if let Err(reason) = write_new(file, &text.replace(NAME, &name)) {
            return fail(&reason);
        }
    }
    let (flow, dialogues) = (shown(&flow), shown(&dialogues));
    let mut out = io::stdout().lock();
    let printed = writeln!(
        out,
        "wrote {flow} and {dialogues}. Next:\n  \
         waha-sm flow chat {flow}     # talk to it\n  \
         waha-sm flow test {flow}     # play its dialogues\n  \
         FLOW_FILE={flow}             # the setting that makes the daemon use it"
    );
    exit(printed, true)
}

/// The name of a new flow, its file, and the file of its dialogues. `None` if it is not a good name.
fn files(asked: &Path) -> Option<(String, PathBuf, PathBuf)> {
    let name = asked.file_name()?.to_str()?;
    let name = name.strip_suffix(".toml").unwrap_or(name);
    let is_good = !name.is_empty()
        && !name.starts_with('-')
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || "-_".contains(c));
    let (flow, dialogues) = pair(&asked.with_file_name(format!("{name}.toml")));
    is_good.then(|| (name.to_owned(), flow, dialogues))
}

/// The flow and its dialogues.
fn texts(locale: Locale) -> [&'static str; 2] {
    match locale {
        Locale::En => [
            include_str!("new_flow/en.toml"),
            include_str!("new_flow/en.test.toml"),
        ],
        Locale::PtBr => [
            include_str!("new_flow/pt-br.toml"),
            include_str!("new_flow/pt-br.test.toml"),
        ],
        Locale::Es => [
            include_str!("new_flow/es.toml"),
            include_str!("new_flow/es.test.toml"),
        ],
    }
}

/// Writes a file that must not exist yet.
///
/// # Errors
/// A line that says why not.
fn write_new(file: &Path, text: &str) -> Result<(), String> {
    let written = File::create_new(file).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        let file = shown(file);
        match error.kind() {
            io::ErrorKind::AlreadyExists => {
                format!("{file} exists already, and was not changed: choose another name")
            }
            io::ErrorKind::NotFound => {
                format!("can't write {file}: its directory does not exist")
            }
            _ => format!("can't write {file}: {error}"),
        }
    })
}

fn shown(file: &Path) -> String {
    line(&file.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::flow::files::TEST_EXTENSION;

    #[test]
    fn a_name_or_a_path_names_two_files() {
        for (asked, name, flow) in [
            ("shop", "shop", "shop.toml"),
            ("flows/loja.toml", "loja", "flows/loja.toml"),
            ("/tmp/a-b_2", "a-b_2", "/tmp/a-b_2.toml"),
            (
                "padaria-são-joão",
                "padaria-são-joão",
                "padaria-são-joão.toml",
            ),
        ] {
            let (read, file, dialogues) = files(Path::new(asked)).unwrap();
            assert_eq!((read.as_str(), file.as_path()), (name, Path::new(flow)));
            assert_eq!(
                dialogues.to_string_lossy(),
                flow.replace(".toml", TEST_EXTENSION)
            );
        }
        for asked in [
            "",
            "..",
            "a b",
            "shop.txt",
            "-x",
            "shop.test.toml",
            "flows/",
        ] {
            let found = files(Path::new(asked));
            assert!(found.is_none() || asked == "flows/", "{asked}: {found:?}");
        }
    }
}
