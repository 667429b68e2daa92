//! The inputs that a run begins with.

use std::path::{Path, PathBuf};

/// The contents of all files below these directories of the repository whose names end so, in a fixed order.
pub(crate) fn files(directories: &[&str], ending: &str) -> Vec<Vec<u8>> {
    let mut paths = Vec::new();
    for directory in directories {
        collect(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join(directory),
            &mut paths,
        );
    }
    paths.retain(|path| path.to_string_lossy().ends_with(ending));
    paths.sort();
    assert!(!paths.is_empty(), "no files in {directories:?}");
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

fn collect(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else {
            found.push(path);
        }
    }
}
