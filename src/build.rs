//! Build script: the version that `waha-sm --version` prints, with the commit if this is a git repository.
//!
//! It reads git's files and needs no git program: HEAD, the branch that it names, and the list of packed branches. Without them, as in a source
//! archive or an image built in a second work tree, `GIT_COMMIT` says it; otherwise the version has no commit.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// As many digits as git itself would use in a large repository.
const DIGITS: usize = 12;

fn main() {
    // So that nothing is built again when other files change.
    println!("cargo::rerun-if-changed=src/build.rs");
    println!("cargo::rerun-if-env-changed=GIT_COMMIT");
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let root = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let commit = git_dir(Path::new(&root)).and_then(|git| commit(&git));
    let commit = commit.or_else(|| env::var("GIT_COMMIT").ok().filter(|given| is_commit(given)));
    let commit = commit.map(|commit| commit.chars().take(DIGITS).collect::<String>());
    let shown = match &commit {
        Some(commit) => format!("{version} ({commit})"),
        None => version,
    };
    println!("cargo::rustc-env=WAHA_SM_VERSION={shown}");
    println!(
        "cargo::rustc-env=WAHA_SM_COMMIT={}",
        commit.unwrap_or_default()
    );
}

/// `.git`, or what it names: in a second work tree it is a file.
fn git_dir(root: &Path) -> Option<PathBuf> {
    let git = root.join(".git");
    if git.is_dir() {
        return Some(git);
    }
    let named = read(&git)?;
    Some(root.join(named.strip_prefix("gitdir:")?.trim()))
}

fn commit(git: &Path) -> Option<String> {
    // A second work tree has its own HEAD; the branches are those of the first.
    let shared = match read(&git.join("commondir")) {
        Some(named) => git.join(named.trim()),
        None => git.to_owned(),
    };
    let head = read(&git.join("HEAD"))?;
    let found = match head.strip_prefix("ref:") {
        None => head.trim().to_owned(),
        Some(branch) => {
            let branch = branch.trim();
            match read(&shared.join(branch)) {
                Some(commit) => commit.trim().to_owned(),
                None => {
                    // The next commit makes the branch's file, in this directory.
                    if let Some(directory) = shared.join(branch).parent()
                        && directory.is_dir()
                    {
                        println!("cargo::rerun-if-changed={}", directory.display());
                    }
                    packed(&read(&shared.join("packed-refs"))?, branch)?
                }
            }
        }
    };
    is_commit(&found).then_some(found)
}

fn is_commit(text: &str) -> bool {
    text.len() >= 40 && text.chars().all(|digit| digit.is_ascii_hexdigit())
}

/// The commit of `branch` in git's list of packed branches.
fn packed(list: &str, branch: &str) -> Option<String> {
    let mut lines = list.lines().filter_map(|line| line.split_once(' '));
    let (commit, _) = lines.find(|(_, name)| *name == branch)?;
    Some(commit.to_owned())
}

/// Reads a file, and again when it changes. For one that is missing cargo would build again each time.
fn read(path: &Path) -> Option<String> {
    if !path.is_file() {
        return None;
    }
    println!("cargo::rerun-if-changed={}", path.display());
    fs::read_to_string(path).ok()
}
