//! The files that a flow sends from its own directory: whether they are there when it is loaded, and what is in them when
//! they are sent.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::flow::{Mistake, Script};

/// WAHA refuses bodies above 50 MB (WAHA's source), and a file in one takes a third more than on the disk. It is also
/// more than WhatsApp takes of anything but documents.
pub(crate) const FILE_MAX: u64 = 32 * 1024 * 1024;

/// A flow with its files, whose paths begin at `flow_file`'s directory.
///
/// # Errors
/// Every file that could not be sent, with its place in the flow file.
pub(crate) fn placed(script: Script, flow_file: &Path) -> Result<Script, Vec<Mistake>> {
    // Fails only for an empty path, or without a current directory; then the files are looked for as they are written.
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

/// What is in a file that is to be sent.
///
/// # Errors
/// In words, why it can't be.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut data = Vec::new();
    // It may have grown since it was looked at.
    let read = open(path)?.take(FILE_MAX + 1).read_to_end(&mut data);
    read.map_err(|error| format!("can't be read: {error}"))?;
    match data.len() as u64 > FILE_MAX {
        true => Err(too_large(data.len() as u64)),
        false => Ok(data),
    }
}

fn open(path: &Path) -> Result<File, String> {
    let unreadable = |error: std::io::Error| format!("can't be read: {error}");
    // Before it is opened: to open a pipe would wait for somebody to write into it.
    let known = std::fs::metadata(path).map_err(unreadable)?;
    if !known.is_file() {
        return Err("is no file".to_owned());
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
    fn files_are_looked_for_beside_the_flow_and_each_that_cannot_be_sent_is_told_with_its_line() {
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
        let told: Vec<(usize, &str)> = mistakes
            .iter()
            .map(|mistake| (mistake.line, mistake.message.as_str()))
            .collect();
        let wanted = [
            (6, "gone.pdf` can't be read"),
            (7, "docs` is no file"),
            (8, "empty.pdf` is empty"),
            (9, "large.pdf` is too large: 33 MiB, and WAHA takes 32 MiB"),
        ];
        assert_eq!(told.len(), wanted.len(), "{told:?}");
        for ((line, message), (wanted_line, words)) in told.into_iter().zip(wanted) {
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
