//! Finds the files that the user means: flows, the dialogues next to them, or a directory of both.

use std::path::{Path, PathBuf};

use crate::flows::directory;
use crate::terminal::line;

/// The dialogues of a flow are next to its file: `clinic.test.toml` next to `clinic.toml`.
pub(super) const TEST_EXTENSION: &str = ".test.toml";

/// Whether the file holds dialogues, by its name.
pub(super) fn is_test(file: &Path) -> bool {
    file.to_string_lossy().ends_with(TEST_EXTENSION)
}

/// The two files of a flow: the flow itself and its dialogues.
pub(super) fn pair(file: &Path) -> (PathBuf, PathBuf) {
    let name = file.to_string_lossy();
    match name.strip_suffix(TEST_EXTENSION) {
        Some(stem) => (format!("{stem}.toml").into(), file.to_owned()),
        None => (file.to_owned(), file.with_extension(&TEST_EXTENSION[1..])),
    }
}

/// The files, with each directory replaced by its flows and their dialogues. Also a line for each mistake in a directory.
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
