//! The daemons that run here: processes of ours among those that we see in `/proc`.

use std::ffi::OsString;
use std::fs::{self, DirEntry};
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The commands that are daemons.
const ROLES: [&str; 3] = ["all", "serve", "work"];

/// A daemon that runs here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningDaemon {
    pub(super) process: u32,
    pub(super) role: String,
    has_our_files: bool,
}

impl RunningDaemon {
    /// The variable with which it was started, if we may see it.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<OsString> {
        let all = fs::read(self.file("environ")).ok()?;
        let found = all.split(|byte| *byte == 0).find_map(|variable| {
            let value = variable.strip_prefix(name.as_bytes())?;
            value.strip_prefix(b"=")
        });
        found.map(|value| OsString::from_vec(value.to_vec()))
    }

    /// The words of its command line after its role.
    #[must_use]
    pub fn arguments(&self) -> Vec<OsString> {
        let all = fs::read(self.file("cmdline")).unwrap_or_default();
        all.split(|byte| *byte == 0)
            .skip(2)
            .filter(|word| !word.is_empty())
            .map(|word| OsString::from_vec(word.to_vec()))
            .collect()
    }

    /// The directory in which it was started, from which its relative paths count.
    #[must_use]
    pub fn directory(&self) -> Option<PathBuf> {
        fs::read_link(self.file("cwd")).ok()
    }

    fn file(&self, name: &str) -> PathBuf {
        Path::new("/proc").join(self.process.to_string()).join(name)
    }

    /// Whether its role is to take webhooks, perhaps among others.
    #[must_use]
    pub fn takes_webhooks(&self) -> bool {
        self.role != "work"
    }
}

/// The daemons of this user; for root, those of all users. If `listen` is given, only those whose own variable LISTEN is the same. If some have
/// the same files as we have, only those: containers may share the list of processes (`--pid host`, the containers of a pod).
///
/// # Errors
/// The processes can't be listed.
pub fn running(listen: Option<&str>) -> io::Result<Vec<RunningDaemon>> {
    let list = ProcessList {
        user: rustix::process::geteuid().as_raw(),
        program: file_name(&std::env::current_exe()?),
        processes: fs::read_link("/proc/self/ns/pid").ok(),
        files: fs::read_link("/proc/self/ns/mnt").ok(),
    };
    let mut found: Vec<RunningDaemon> = fs::read_dir("/proc")?
        // One that ends while we look is none.
        .filter_map(|entry| list.daemon(&entry.ok()?, listen))
        .collect();
    if found.iter().any(|daemon| daemon.has_our_files) {
        found.retain(|daemon| daemon.has_our_files);
    }
    found.sort_by_key(|daemon| daemon.process);
    Ok(found)
}

/// Which processes are ours.
struct ProcessList {
    user: u32,
    /// The name of the program's file.
    program: String,
    /// The namespaces of what we see.
    processes: Option<PathBuf>,
    files: Option<PathBuf>,
}

impl ProcessList {
    fn daemon(&self, entry: &DirEntry, listen: Option<&str>) -> Option<RunningDaemon> {
        let process = entry.file_name().to_str()?.parse().ok()?;
        let path = entry.path();
        let user = fs::metadata(&path).ok()?.uid();
        if self.user != 0 && user != self.user {
            return None;
        }
        let arguments = fs::read(path.join("cmdline")).ok()?;
        let mut arguments = arguments
            .split(|byte| *byte == 0)
            .map(|argument| String::from_utf8_lossy(argument).into_owned());
        let called = arguments.next()?;
        let role = arguments
            .next()
            .filter(|one| ROLES.contains(&one.as_str()))?;
        // Root of a container may not see the file of another user's process.
        let program = fs::read_link(path.join("exe")).map_or_else(
            |_| file_name(Path::new(&called)),
            |program| file_name(&program),
        );
        if program != self.program {
            return None;
        }
        // The processes of containers, as the machine's root sees them: their own health checks ask them.
        let processes = fs::read_link(path.join("ns/pid")).ok();
        if processes.is_some() && processes != self.processes {
            return None;
        }
        if let Some(listen) = listen
            && !has_variable(&path, "LISTEN", listen)
        {
            return None;
        }
        let files = fs::read_link(path.join("ns/mnt")).ok();
        Some(RunningDaemon {
            process,
            role,
            has_our_files: files.is_some() && files == self.files,
        })
    }
}

/// The name of a program's file; also if that was replaced since the program began, by an upgrade.
fn file_name(program: &Path) -> String {
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    name.trim_end_matches(" (deleted)").to_owned()
}

/// Whether the process was started with this variable.
fn has_variable(process: &Path, name: &str, value: &str) -> bool {
    let wanted = format!("{name}={value}");
    fs::read(process.join("environ")).is_ok_and(|environment| {
        environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == wanted.as_bytes())
    })
}
