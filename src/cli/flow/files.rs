//! The files that the user means: flows, the dialogues beside them, or a directory of both.

use std::path::{Path, PathBuf};

use crate::flows::directory;
use crate::terminal::line;

/// The dialogues beside a flow file: `clinic.test.toml` beside `clinic.toml`.
pub(super) const TEST_EXTENSION: &str = ".test.toml";

/// Whether a file holds dialogues, by its name.
pub(super) fn is_test(file: &Path) -> bool {
    file.to_string_lossy().ends_with(TEST_EXTENSION)
}

/// The files of a flow: the flow itself, and its dialogues beside it.
pub(super) fn pair(file: &Path) -> (PathBuf, PathBuf) {
    let name = file.to_string_lossy();
    match name.strip_suffix(TEST_EXTENSION) {
        Some(stem) => (format!("{stem}.toml").into(), file.to_owned()),
        None => (file.to_owned(), file.with_extension(&TEST_EXTENSION[1..])),
    }
}

/// The files, with each directory replaced by its flows and their dialogues; and a line for each mistake in a directory.
pub(super) fn expand(named: &[PathBuf]) -> (Vec<PathBuf>, Vec<String>) {
    let mut files = Vec::new();
    let mut mistakes = Vec::new();
    for named in named {
        if !named.is_dir() {
            files.push(named.clone());
            continue;
        }
        let found = match directory::files(named) {
            Ok(found) => found,
            Err(bad) => {
                mistakes.extend(bad.mistakes.iter().map(|one| line(one)));
                bad.files
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
