//! The files that a flow sends from its own directory: checks them when the flow loads, and reads them when they are sent.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::flow::{Mistake, Script};

/// WAHA refuses bodies above 50 MB (WAHA's source), and a file in a body takes a third more than on disk. Except for
/// documents, WhatsApp accepts less than this anyway.
pub(crate) const FILE_MAX: u64 = 32 * 1024 * 1024;

/// Resolves the paths of a flow's files from the directory of `flow_file`, and checks the files.
///
/// # Errors
/// Every file that can't be sent, with its place in the flow file.
pub(crate) fn placed(script: Script, flow_file: &Path) -> Result<Script, Vec<Mistake>> {
    // This fails only for an empty path, or without a current directory. Then we use the paths as they are written.
    let path = std::path::absolute(flow_file).unwrap_or_default();
    let script = script.placed(path.parent().unwrap_or(Path::new("")));
    let mistakes: Vec<Mistake> = script
        .files()
        .iter()
        .filter_map(|file| {
            let why = open(&file.path).err()?;
            Some(Mistake {
                line: file.line,
                column: file.column,
                message: format!(
                    "the file `{}` {why} (looked for {})",
                    file.written,
                    file.path.display()
                ),
            })
        })
        .collect();
    match mistakes.is_empty() {
        true => Ok(script),
        false => Err(mistakes),
    }
}

/// The contents of a file.
///
/// # Errors
/// Why the file can't be sent, for a person.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut data = Vec::new();
    // The file may have grown since the check.
    let read = open(path)?.take(FILE_MAX + 1).read_to_end(&mut data);
    read.map_err(|error| format!("can't be read: {error}"))?;
    match data.len() as u64 > FILE_MAX {
        true => Err(too_large(data.len() as u64)),
        false => Ok(data),
    }
}

fn open(path: &Path) -> Result<File, String> {
    let unreadable = |error: std::io::Error| format!("can't be read: {error}");
    // Check before opening: opening a pipe would wait until somebody writes to it.
    let known = std::fs::metadata(path).map_err(unreadable)?;
    if !known.is_file() {
        return Err("is not a file".to_owned());
    }
    if known.len() == 0 {
        return Err("is empty".to_owned());
    }
    if known.len() > FILE_MAX {
        return Err(too_large(known.len()));
    }
    File::open(path).map_err(unreadable)
}

fn too_large(size: u64) -> String {
    let mib = |bytes: u64| bytes.div_ceil(1024 * 1024);
    format!(
        "is too large: {} MiB, and WAHA takes {} MiB; make it smaller, or put it on a web server and write its https:// address",
        mib(size),
        mib(FILE_MAX)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Locale;

    #[test]
    fn files_are_found_beside_the_flow_and_each_that_can_t_be_sent_is_reported_with_its_line() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        std::fs::create_dir(at("docs")).unwrap();
        std::fs::write(at("docs/good.pdf"), "x").unwrap();
        std::fs::write(at("empty.pdf"), "").unwrap();
        let large = File::create(at("large.pdf")).unwrap();
        large.set_len(FILE_MAX + 1).unwrap();
        let flow = "start = 'a'\n[step.a]\nend = 'x'\nsay = [\n{ file = 'docs/good.pdf' },\n{ file = 'gone.pdf' },\n\
            { file = 'docs' },\n{ file = 'empty.pdf' },\n{ file = 'large.pdf' },\n]";
        let script = Script::load(flow, Locale::En).unwrap();
        let mistakes = placed(script, &at("flow.toml")).unwrap_err();
        let found: Vec<(usize, &str)> = mistakes
            .iter()
            .map(|mistake| (mistake.line, mistake.message.as_str()))
            .collect();
        let wanted = [
            (6, "gone.pdf` can't be read"),
            (7, "docs` is not a file"),
            (8, "empty.pdf` is empty"),
            (9, "large.pdf` is too large: 33 MiB, and WAHA takes 32 MiB"),
        ];
        assert_eq!(found.len(), wanted.len(), "{found:?}");
        for ((line, message), (wanted_line, words)) in found.into_iter().zip(wanted) {
            assert_eq!(line, wanted_line);
            assert!(message.contains(words), "{message}");
        }
        let good = Script::load(
            "start = 'a'\n[step.a]\nend = 'x'\nsay = { file = 'docs/good.pdf' }",
            Locale::En,
        );
        let good = placed(good.unwrap(), &at("flow.toml")).unwrap();
        assert_eq!(read(&good.files()[0].path).unwrap(), b"x");
    }
}
