//! Repairs the append-only file of the private Redis if Redis can't read it: an untouched copy is put aside, then Redis'
//! own tool cuts the file back to what can be read.
//!
//! A power cut may leave the end of the file incomplete. Redis could ignore that silently (`aof-load-truncated yes`); ours
//! does not, so that the operator learns that something was lost.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::store::private_redis::error::PrivateRedisError;

/// The files of Redis 7 and later, and of Valkey: a base and the changes after it, listed in a manifest.
const DIRECTORY: &str = "appendonlydir";

const MANIFEST: &str = "appendonly.aof.manifest";

/// The file of Redis before 7.
const SINGLE: &str = "appendonly.aof";

/// An empty base has 90 bytes of metadata. A larger one without a manifest has customers in it.
const EMPTY_BASE_MAX: u64 = 1_024;

/// How a damaged file was repaired.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Repaired {
    /// How many bytes were cut off at its end.
    pub(crate) cut: u64,
    /// The untouched copy.
    pub(crate) copy: PathBuf,
}

/// The append-only file in `directory`: a single file, or a directory with several.
pub(crate) fn files(directory: &Path) -> Option<PathBuf> {
    let (several, single) = (directory.join(DIRECTORY), directory.join(SINGLE));
    if several.join(MANIFEST).is_file() {
        Some(several)
    } else {
        single.is_file().then_some(single)
    }
}

/// Checks the files in `directory`, and repairs them if they are damaged. `None` if their form is right, or if there are
/// none. Blocks until all of them are read; `server` must not be running on them.
///
/// # Errors
/// [`PrivateRedisError::Damaged`] if they can't be repaired. They are unchanged, or there is an unchanged copy.
pub(crate) fn repair(
    server: &Path,
    directory: &Path,
) -> Result<Option<Repaired>, PrivateRedisError> {
    let Some(files) = files(directory) else {
        return Ok(None);
    };
    let checked = if files.is_dir() {
        files.join(MANIFEST)
    } else {
        files.clone()
    };
    let damaged = |reason: String| PrivateRedisError::Damaged {
        files: files.clone(),
        reason,
    };
    let tool = Tool::of(server);
    let failed = |error: io::Error| damaged(format!("{} did not run: {error}", tool.name));
    if tool
        .run(&checked, Mode::Look)
        .map_err(failed)?
        .status
        .success()
    {
        return Ok(None);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let copy = directory.join(format!("damaged-{}", now.unwrap_or_default().as_secs()));
    let kept = copy_into(&files, &copy).and_then(|()| size(&files));
    let before = kept.map_err(|error| {
        // This deletes only our incomplete copy. Without space for a copy, nothing is repaired.
        let _ = std::fs::remove_dir_all(&copy);
        damaged(format!(
            "can't put a copy of it aside, in {}: {error}",
            copy.display()
        ))
    })?;
    let fixed = tool.run(&checked, Mode::Fix).map_err(failed)?;
    let after = size(&files).map_err(failed)?;
    match (fixed.status.success(), before.saturating_sub(after)) {
        (true, cut) => Ok(Some(Repaired { cut, copy })),
        (false, 0) => {
            // The file itself is unchanged, and one more copy at each try would fill the disk.
            let _ = std::fs::remove_dir_all(&copy);
            Err(damaged(format!(
                "{} failed: {}",
                tool.name,
                last_line(&fixed)
            )))
        }
        (false, cut) => Err(damaged(format!(
            "{} cut {cut} bytes and still says: {}; an untouched copy is {}",
            tool.name,
            last_line(&fixed),
            copy.display()
        ))),
    }
}

/// The error for a lost manifest: without it, Redis would start with no data and write over the files.
pub(crate) fn lost_manifest(directory: &Path) -> Option<PrivateRedisError> {
    let files = directory.join(DIRECTORY);
    if files.join(MANIFEST).exists() {
        return None;
    }
    let holds_something = std::fs::read_dir(&files).ok()?.flatten().any(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        let bytes = entry.metadata().map_or(0, |about| about.len());
        let empty = if name.contains(".incr.") {
            0
        } else {
            EMPTY_BASE_MAX
        };
        name.starts_with(SINGLE) && bytes > empty
    });
    holds_something.then(|| PrivateRedisError::Damaged {
        reason: format!("its list {MANIFEST} is missing"),
        files,
    })
}

/// What to do with the files.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Look,
    Fix,
}

/// The program that checks and repairs the files, from the same installation as the server.
struct Tool {
    name: &'static str,
    program: PathBuf,
}

impl Tool {
    fn of(server: &Path) -> Self {
        let valkey = server
            .file_name()
            .is_some_and(|name| name.to_string_lossy().contains("valkey"));
        let name = if valkey {
            "valkey-check-aof"
        } else {
            "redis-check-aof"
        };
        // Some packages leave out the link for the tool. The server's program acts as the tool if it is called by the
        // tool's name.
        let program = Some(server.with_file_name(name))
            .filter(|beside| beside.is_file())
            .unwrap_or_else(|| server.to_owned());
        Self { name, program }
    }

    fn run(&self, file: &Path, mode: Mode) -> io::Result<Output> {
        let mut command = Command::new(&self.program);
        command.arg0(self.name);
        if mode == Mode::Fix {
            command.arg("--fix");
        }
        let mut child = command
            .arg(file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut answers) = child.stdin.take() {
            // The tool asks whether it may cut. If it does not ask, it has ended already, and its status says how.
            let _ = io::Write::write_all(&mut answers, b"y\n");
        }
        child.wait_with_output()
    }
}

fn last_line(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&text)
        .lines()
        .rfind(|line| !line.trim().is_empty())
        .unwrap_or("nothing")
        .to_owned()
}

/// Copies a file, or the files of a directory, into a new directory, and syncs them to the disk.
fn copy_into(files: &Path, into: &Path) -> io::Result<()> {
    std::fs::create_dir(into)?;
    for file in each(files)? {
        if let Some(name) = file.file_name() {
            let copy = into.join(name);
            std::fs::copy(&file, &copy)?;
            std::fs::File::open(&copy)?.sync_all()?;
        }
    }
    Ok(())
}

fn size(files: &Path) -> io::Result<u64> {
    each(files)?
        .iter()
        .map(|file| Ok(std::fs::metadata(file)?.len()))
        .sum()
}

fn each(files: &Path) -> io::Result<Vec<PathBuf>> {
    if files.is_file() {
        return Ok(vec![files.to_owned()]);
    }
    let entries = std::fs::read_dir(files)?.map(|entry| Ok(entry?.path()));
    let all: io::Result<Vec<PathBuf>> = entries.collect();
    Ok(all?.into_iter().filter(|path| path.is_file()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &[u8] =
        b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n";

    /// A server without its tool beside it, as some packages install it.
    fn server_alone(directory: &Path) -> PathBuf {
        let path = std::env::var_os("PATH").unwrap();
        let server = std::env::split_paths(&path)
            .map(|place| place.join("redis-server"))
            .find(|file| file.is_file())
            .expect("redis-server: apt-get install redis-server");
        let alone = directory.join("redis-server");
        std::os::unix::fs::symlink(server, &alone).unwrap();
        alone
    }

    #[test]
    fn the_single_file_of_redis_6_is_repaired_too_by_the_server_under_its_tools_name() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join("data");
        std::fs::create_dir(&directory).unwrap();
        let server = server_alone(place.path());
        assert_eq!(repair(&server, &directory).unwrap(), None, "nothing there");

        let file = directory.join(SINGLE);
        std::fs::write(&file, WHOLE).unwrap();
        assert_eq!(repair(&server, &directory).unwrap(), None, "nothing wrong");

        let torn = [WHOLE, b"*3\r\n$3\r\nSE"].concat();
        std::fs::write(&file, &torn).unwrap();
        let repaired = repair(&server, &directory).unwrap().unwrap();
        assert_eq!(repaired.cut, (torn.len() - WHOLE.len()) as u64);
        assert_eq!(std::fs::read(&file).unwrap(), WHOLE);
        assert_eq!(std::fs::read(repaired.copy.join(SINGLE)).unwrap(), torn);
    }

    #[test]
    fn valkey_has_a_tool_of_its_own() {
        assert_eq!(
            Tool::of(Path::new("/usr/bin/valkey-server")).name,
            "valkey-check-aof"
        );
        assert_eq!(
            Tool::of(Path::new("/usr/bin/redis-server")).name,
            "redis-check-aof"
        );
    }

    #[test]
    fn a_start_that_was_cut_short_before_the_first_customer_has_lost_no_manifest() {
        let place = tempfile::tempdir().unwrap();
        let files = place.path().join(DIRECTORY);
        std::fs::create_dir(&files).unwrap();
        std::fs::write(files.join("appendonly.aof.1.base.rdb"), [0; 90]).unwrap();
        std::fs::write(files.join("appendonly.aof.1.incr.aof"), b"").unwrap();
        assert!(lost_manifest(place.path()).is_none());
        std::fs::write(files.join("appendonly.aof.1.incr.aof"), WHOLE).unwrap();
        assert!(lost_manifest(place.path()).is_some());
    }
}
