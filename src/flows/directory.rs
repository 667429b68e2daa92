//! Finds the flow files in a directory: `<session>.toml` for one session, `default.toml` for the others.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::ids::SessionName;

/// The flow of every session that has no file of its own.
pub(crate) const OTHERS: &str = "default";
const EXTENSION: &str = ".toml";
/// Dialogues are next to their flow.
const TEST_EXTENSION: &str = ".test.toml";

/// The mistakes in a directory of flows, and the flow files that were found in it.
#[derive(Debug)]
pub(crate) struct BadDirectory {
    pub(crate) files: Vec<(SessionName, PathBuf)>,
    /// A line for each mistake.
    pub(crate) mistakes: Vec<String>,
}

/// The flow files of a directory with their sessions, sorted by name.
///
/// # Errors
/// The mistakes in the directory itself. The files are not read.
pub(crate) fn files(directory: &Path) -> Result<Vec<(SessionName, PathBuf)>, BadDirectory> {
    let mut files = Vec::new();
    let mut mistakes = Vec::new();
    match names(directory) {
        Ok(names) => {
            for name in names {
                // Hidden files of editors, or of container mounts.
                if name.starts_with('.') || name.ends_with(TEST_EXTENSION) {
                    continue;
                }
                let Some(session) = name.strip_suffix(EXTENSION) else {
                    continue;
                };
                let file = directory.join(&name);
                match SessionName::parse(session) {
                    Some(session) => files.push((session, file)),
                    None => mistakes.push(format!(
                        "{}: `{session}` can't be the name of a session, which holds letters, digits, - and _ only, \
                         {} at most: name the file after its session, or {OTHERS}.toml",
                        file.display(),
                        SessionName::LENGTH_MAX,
                    )),
                }
            }
            if files.is_empty() && mistakes.is_empty() {
                mistakes.push(format!(
                    "{}: there is no flow in this directory: put {OTHERS}.toml into it, for all sessions, or a \
                     <session>.toml for one",
                    directory.display()
                ));
            }
        }
        Err(error) => mistakes.push(format!("{}: can't be read: {error}", directory.display())),
    }
    if mistakes.is_empty() {
        Ok(files)
    } else {
        Err(BadDirectory { files, mistakes })
    }
}

fn names(directory: &Path) -> io::Result<Vec<String>> {
    let names = fs::read_dir(directory)?
        .map(|entry| Ok(entry?.file_name()))
        .collect::<io::Result<Vec<_>>>()?;
    let mut names: Vec<String> = names
        .iter()
        .map(|name| OsStr::to_string_lossy(name).into_owned())
        .collect();
    names.sort();
    Ok(names)
}
