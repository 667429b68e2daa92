//! The sum of a file: its size and its SHA-256, taken while it is read or written.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

/// How much is read at once.
const PIECE: usize = 1 << 18;
/// After so many bytes a copy is on the disk, so that others who write there don't wait long.
const SYNC_AFTER: u64 = 8 << 20;

/// The size and the SHA-256 of a file.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct FileSum {
    /// How many bytes it has.
    pub bytes: u64,
    /// In hexadecimal digits.
    pub sha256: String,
}

/// Adds up what passes.
pub(crate) struct Summing {
    context: Context,
    bytes: u64,
}

impl Summing {
    pub(crate) fn new() -> Self {
        Self {
            context: Context::new(&SHA256),
            bytes: 0,
        }
    }

    pub(crate) fn add(&mut self, some: &[u8]) {
        self.context.update(some);
        self.bytes += some.len() as u64;
    }

    pub(crate) fn finish(self) -> FileSum {
        let digest = self.context.finish();
        let mut sha256 = String::with_capacity(64);
        for byte in digest.as_ref() {
            let _ = write!(sha256, "{byte:02x}");
        }
        FileSum {
            bytes: self.bytes,
            sha256,
        }
    }
}

/// The sum of some bytes.
pub(crate) fn sum_of(bytes: &[u8]) -> FileSum {
    let mut sum = Summing::new();
    sum.add(bytes);
    sum.finish()
}

/// Reads a file to its end. `told` gets the size of each piece.
pub(crate) fn sum_of_file(path: &Path, told: &mut dyn FnMut(u64)) -> io::Result<FileSum> {
    pass(&mut File::open(path)?, told, |_| Ok(()))
}

/// Copies a file to a new one, which is on the disk afterwards. Its sum is that of what was read.
pub(crate) fn copy_summed(
    from: &Path,
    to: &Path,
    told: &mut dyn FnMut(u64),
) -> io::Result<FileSum> {
    // First, so that nothing is made of what is not there.
    let mut from = File::open(from)?;
    let mut copy = new_file(to)?;
    let mut unsynced = 0;
    let sum = pass(&mut from, told, |some| {
        copy.write_all(some)?;
        unsynced += some.len() as u64;
        if unsynced >= SYNC_AFTER {
            unsynced = 0;
            copy.sync_data()?;
        }
        Ok(())
    })?;
    copy.sync_all()?;
    Ok(sum)
}

/// Creates a file that was not there.
pub(crate) fn new_file(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

fn pass(
    from: &mut File,
    told: &mut dyn FnMut(u64),
    mut to: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<FileSum> {
    let mut sum = Summing::new();
    let mut piece = vec![0; PIECE];
    loop {
        let read = from.read(&mut piece)?;
        if read == 0 {
            return Ok(sum.finish());
        }
        sum.add(&piece[..read]);
        to(&piece[..read])?;
        told(read as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_that_of_sha256sum() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sum_of(b"").sha256, empty);
        let place = tempfile::tempdir().unwrap();
        let (one, two) = (place.path().join("one"), place.path().join("two"));
        std::fs::write(&one, "abc").unwrap();
        let mut seen = 0;
        let sum = copy_summed(&one, &two, &mut |bytes| seen += bytes).unwrap();
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((sum.bytes, sum.sha256.as_str(), seen), (3, abc, 3));
        assert_eq!(sum_of_file(&two, &mut |_| ()).unwrap(), sum);
        assert!(
            copy_summed(&one, &two, &mut |_| ()).is_err(),
            "never over a file"
        );
    }
}
