//! Which files still have a person's number: after an erasure, those of other people's messages, and copies that somebody put aside.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use memchr::memmem::Finder;

use crate::ids::ChatId;

/// A shorter number could be part of another one.
const DIGITS_MIN: usize = 8;
/// How much of a file is read at once.
const PIECE: usize = 1 << 20;

/// The files under `directory` that have the number of one of these chats. Files that can't be read are left out.
#[must_use]
pub fn files_with(directory: &Path, chats: &[ChatId]) -> Vec<PathBuf> {
    let numbers: Vec<&str> = chats
        .iter()
        .filter_map(|chat| chat.as_str().split('@').next())
        .filter(|number| number.len() >= DIGITS_MIN)
        .collect();
    let finders: Vec<Finder<'_>> = numbers.iter().map(Finder::new).collect();
    // With the characters before and after it.
    let overlap = numbers.iter().map(|number| number.len() + 2).max();
    let overlap = overlap.unwrap_or(0);
    let mut found = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => directories.push(entry.path()),
                Ok(kind)
                    if kind.is_file()
                        && has_any(&entry.path(), &finders, overlap).unwrap_or(false) =>
                {
                    found.push(entry.path());
                }
                _ => {}
            }
        }
    }
    found.sort();
    found
}

fn has_any(path: &Path, finders: &[Finder<'_>], overlap: usize) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let mut piece = Vec::with_capacity(PIECE + overlap);
    loop {
        // A number may lie across two pieces.
        let keep = piece.len().saturating_sub(overlap);
        piece.drain(..keep);
        let read = (&mut file).take(PIECE as u64).read_to_end(&mut piece)?;
        let is_last = read == 0;
        if finders.iter().any(|finder| has(finder, &piece, is_last)) {
            return Ok(true);
        }
        if read == 0 {
            return Ok(false);
        }
    }
}

/// Whether these bytes have the number, and not only a longer one. What lies at their end is seen with the next ones, unless they are the last.
fn has(finder: &Finder<'_>, bytes: &[u8], is_last: bool) -> bool {
    let is_digit = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(u8::is_ascii_digit)
    };
    finder.find_iter(bytes).any(|at| {
        let end = at + finder.needle().len();
        let is_whole = end < bytes.len() || is_last;
        is_whole && !is_digit(at.checked_sub(1)) && !is_digit(Some(end))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_wherever_it_lies_in_a_file() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("redis")).unwrap();
        let number = b"5511999990000";
        let across = [vec![b'x'; PIECE - 5], number.to_vec(), vec![b'x'; 9]].concat();
        fs::write(dir.path().join("redis/across"), across).unwrap();
        fs::write(dir.path().join("another"), "5511999990001").unwrap();
        fs::write(dir.path().join("longer"), "55119999900001 +15511999990000").unwrap();
        fs::write(dir.path().join("the same"), number).unwrap();
        let chats = [
            ChatId::stored("5511999990000@c.us"),
            ChatId::stored("1@lid"),
        ];
        let found = files_with(dir.path(), &chats);
        assert_eq!(
            found,
            [dir.path().join("redis/across"), dir.path().join("the same")]
        );
    }
}
