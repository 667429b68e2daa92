//! Directories that only our own user can read or change. Everything in them is reached through a handle of the directory, so
//! that nobody can put another one in its place, and links in them are not followed.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

/// The permissions of everybody but the owner.
const OTHERS: u32 = 0o077;

/// The longest path of a socket, without the zero byte at its end (unix(7), `sun_path`).
const SOCKET_PATH_MAX: usize = 107;

/// A directory of ours. A clone has the same handle.
#[derive(Clone, Debug)]
pub struct PrivateDir {
    handle: Arc<OwnedFd>,
    path: PathBuf,
}

/// Why a directory or a file is not ours alone; the text also says what to do.
#[derive(Debug, thiserror::Error)]
pub enum NotPrivate {
    /// It can't be opened, listed or closed to others.
    #[error("{}: {source}", path.display())]
    Failed {
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// It can be used, but others could read it, or have made it.
    #[error("{0}")]
    Unsafe(String),
}

impl PrivateDir {
    /// Opens a directory. A link that leads to it is followed. Whether it is private is checked by [`PrivateDir::close`].
    ///
    /// # Errors
    /// If it can't be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        // Resolved now: a link that changes later leads nowhere else.
        let path = path.canonicalize()?;
        let handle = rustix::fs::open(&path, directory_flags(), Mode::empty())?;
        Ok(Self {
            handle: Arc::new(handle),
            path,
        })
    }

    /// Opens a directory in this one. A link is refused.
    ///
    /// # Errors
    /// If it can't be opened, or is no directory.
    pub fn inside(&self, name: &str) -> io::Result<Self> {
        let handle = rustix::fs::openat(&self.handle, name, directory_flags(), Mode::empty())?;
        Ok(Self {
            handle: Arc::new(handle),
            path: self.path.join(name),
        })
    }

    /// Opens a directory in this one, and makes it first if there is none. It is ours alone afterwards.
    ///
    /// # Errors
    /// If it can't be made, or can't be ours alone.
    pub fn make_inside(&self, name: &str) -> Result<Self, NotPrivate> {
        let failed = |source| self.failed(name, source);
        match rustix::fs::mkdirat(&self.handle, name, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(failed(error.into())),
        }
        let made = self.inside(name).map_err(failed)?;
        made.close()?;
        Ok(made)
    }

    /// Its path, without links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A path to `name` in this directory that leads through the handle, so it is short and stays right if the directory
    /// moves. Only this process can use it. Without `/proc`, it is the plain path.
    pub fn reach(&self, name: &str) -> PathBuf {
        let through_handle = format!("/proc/self/fd/{}", self.handle.as_raw_fd());
        let same = std::fs::metadata(&through_handle)
            .ok()
            .zip(self.stat().ok())
            .is_some_and(|(found, ours)| found.dev() == ours.st_dev && found.ino() == ours.st_ino);
        if same {
            Path::new(&through_handle).join(name)
        } else {
            self.path.join(name)
        }
    }

    /// As [`PrivateDir::reach`], for a socket.
    ///
    /// # Errors
    /// If there is no path that is short enough.
    pub fn reach_socket(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.reach(name);
        if path.as_os_str().len() > SOCKET_PATH_MAX {
            return Err(io::Error::other(format!(
                "its path is too long for a socket (at most {SOCKET_PATH_MAX} bytes), and /proc, which would make it short, is not \
                 mounted"
            )));
        }
        Ok(path)
    }

    /// Its owner.
    ///
    /// # Errors
    /// If the system does not say.
    pub fn owner(&self) -> io::Result<u32> {
        Ok(self.stat()?.st_uid)
    }

    /// The permissions, and the special bits before them.
    pub(crate) fn mode(&self) -> io::Result<u32> {
        Ok(mode(&self.stat()?))
    }

    /// The group.
    pub(crate) fn group(&self) -> io::Result<u32> {
        Ok(self.stat()?.st_gid)
    }

    /// Takes the permissions of all others away. Returns the mode before, if it was open to them.
    ///
    /// # Errors
    /// If it does not belong to us, or can't be closed.
    pub fn close(&self) -> Result<Option<u32>, NotPrivate> {
        close(&self.handle, &self.path)
    }

    /// The names in it, without `.` and `..`. Names that are not UTF-8 are left out: none of ours is like that.
    ///
    /// # Errors
    /// If it can't be read.
    pub(crate) fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.handle)? {
            if let Ok(name) = entry?.file_name().to_str()
                && !matches!(name, "." | "..")
            {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    /// Whether somebody else owns anything in it.
    pub(crate) fn has_others_files(&self) -> io::Result<bool> {
        for entry in Dir::read_from(&self.handle)? {
            let entry = entry?;
            let found =
                rustix::fs::statat(&self.handle, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW);
            let name = entry.file_name().to_bytes();
            if found.is_ok_and(|found| name != b".." && !is_ours(found.st_uid)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Opens a plain file of ours for reading and writing, and creates it if there is none. If it can't be written, it is
    /// opened for reading.
    ///
    /// # Errors
    /// If it is a link, something else than a file, or somebody else's.
    pub fn open_file(&self, name: &str) -> Result<File, NotPrivate> {
        self.check_plain(name)?;
        let open = |flags| self.open_plain(name, flags);
        open(OFlags::RDWR | OFlags::CREATE).or_else(|error| open(OFlags::RDONLY).map_err(|_| error))
    }

    /// The content of a plain file of ours; `None` if there is none.
    ///
    /// # Errors
    /// As [`PrivateDir::open_file`], or if it can't be read.
    pub fn read_file(&self, name: &str) -> Result<Option<String>, NotPrivate> {
        if !self.check_plain(name)? {
            return Ok(None);
        }
        let file = self.open_plain(name, OFlags::RDONLY)?;
        io::read_to_string(file)
            .map(Some)
            .map_err(|source| self.failed(name, source))
    }

    /// Writes a file whole, in the place of what has its name.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn write_file(&self, name: &str, content: &str) -> Result<(), NotPrivate> {
        let failed = |source| self.failed(name, source);
        let new = format!("{name}.new");
        // A new file and a new name: a link in its place is replaced, and not followed.
        self.remove(&new)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let mut file = self.open_plain(&new, flags)?;
        io::Write::write_all(&mut file, content.as_bytes()).map_err(failed)?;
        rustix::fs::renameat(&self.handle, &new, &self.handle, name)
            .map_err(|error| failed(error.into()))
    }

    /// Removes a file or a link. It is fine if there is none.
    ///
    /// # Errors
    /// If it can't be removed.
    pub fn remove(&self, name: &str) -> Result<(), NotPrivate> {
        match rustix::fs::unlinkat(&self.handle, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(self.failed(name, error.into())),
        }
    }

    /// Closes a file of ours to all others. Returns its mode before, if it was open to them; `None` also if there is none.
    ///
    /// # Errors
    /// If it is a link, something else than a file, somebody else's, or can't be closed.
    pub fn close_file(&self, name: &str) -> Result<Option<u32>, NotPrivate> {
        if !self.check_plain(name)? {
            return Ok(None);
        }
        let found = self.lstat(name)?.map(|found| mode(&found));
        if found.is_none_or(|found| found & OTHERS == 0) {
            return Ok(None);
        }
        let file = self.open_plain(name, OFlags::RDONLY)?;
        close(&file.into(), &self.path.join(name))
    }

    /// Closes all files and directories in this one to all others, and those in its directories. Returns the paths, relative
    /// to this one and with their modes, of those that were open.
    ///
    /// # Errors
    /// If there is a link, a file of somebody else, or anything but a plain file, a directory or a socket.
    pub fn close_all_inside(&self) -> Result<Vec<(PathBuf, u32)>, NotPrivate> {
        let mut closed = Vec::new();
        let names = self.names().map_err(|source| self.failed("", source))?;
        for name in names {
            // It may be gone by now: a server that still runs here replaces its files.
            let Some(found) = self.lstat(&name)? else {
                continue;
            };
            match FileType::from_raw_mode(found.st_mode) {
                FileType::Directory => {
                    let inner = self
                        .inside(&name)
                        .map_err(|source| self.failed(&name, source))?;
                    if let Some(before) = inner.close()? {
                        closed.push((PathBuf::from(&name), before));
                    }
                    let below = inner.close_all_inside()?.into_iter();
                    closed
                        .extend(below.map(|(path, before)| (Path::new(&name).join(path), before)));
                }
                // Its directory is closed, and who listens on it is checked when we connect.
                FileType::Socket => {}
                _ => closed.extend(
                    self.close_file(&name)?
                        .map(|before| (PathBuf::from(&name), before)),
                ),
            }
        }
        Ok(closed)
    }

    /// Whether there is such a file. Fails unless it is a plain file of ours: opening another one could block or do harm.
    fn check_plain(&self, name: &str) -> Result<bool, NotPrivate> {
        match self.lstat(name)? {
            Some(found) => check_plain(&found, &self.path.join(name)).map(|()| true),
            None => Ok(false),
        }
    }

    fn lstat(&self, name: &str) -> Result<Option<Stat>, NotPrivate> {
        match rustix::fs::statat(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => Ok(Some(found)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(self.failed(name, error.into())),
        }
    }

    fn open_plain(&self, name: &str, flags: OFlags) -> Result<File, NotPrivate> {
        // NONBLOCK, because opening a pipe would wait for its other end.
        let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(&self.handle, name, flags, Mode::RUSR | Mode::WUSR)
            .and_then(|file| Ok((rustix::fs::fstat(&file)?, file)));
        let (found, file) = opened.map_err(|error| self.failed(name, error.into()))?;
        check_plain(&found, &self.path.join(name))?;
        Ok(file.into())
    }

    fn stat(&self) -> io::Result<Stat> {
        Ok(rustix::fs::fstat(&self.handle)?)
    }

    fn failed(&self, name: &str, source: io::Error) -> NotPrivate {
        NotPrivate::Failed {
            path: self.path.join(name),
            source,
        }
    }
}

/// Whether we run as this user.
pub(crate) fn is_ours(user: u32) -> bool {
    user == our_user()
}

/// The user that we run as.
pub(crate) fn our_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn directory_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

fn mode(found: &Stat) -> u32 {
    found.st_mode & 0o7777
}

fn check_plain(found: &Stat, path: &Path) -> Result<(), NotPrivate> {
    let path = path.display();
    let kind = match FileType::from_raw_mode(found.st_mode) {
        FileType::RegularFile if is_ours(found.st_uid) => return Ok(()),
        FileType::RegularFile => {
            let (owner, us) = (found.st_uid, our_user());
            return Err(NotPrivate::Unsafe(format!(
                "{path} belongs to user {owner}, and waha-sm runs as user {us}: if the file is yours, run chown {us} {path}, \
                 otherwise move it away"
            )));
        }
        FileType::Symlink => "a link",
        FileType::Directory => "a directory",
        FileType::Fifo => "a pipe",
        _ => "a special file",
    };
    Err(NotPrivate::Unsafe(format!(
        "{path} is {kind}, where waha-sm keeps a file of its own, and it is not followed or opened: move it away"
    )))
}

/// Takes the permissions of others away from what is open.
fn close(handle: &OwnedFd, path: &Path) -> Result<Option<u32>, NotPrivate> {
    let failed = |source: io::Error| NotPrivate::Failed {
        path: path.to_owned(),
        source,
    };
    let found = rustix::fs::fstat(handle).map_err(|error| failed(error.into()))?;
    let before = mode(&found);
    let (shown, us) = (path.display(), our_user());
    if !is_ours(found.st_uid) {
        return Err(NotPrivate::Unsafe(format!(
            "{shown} belongs to user {owner}, and waha-sm runs as user {us}; run it as user {owner}, or give everything in it to \
             its user: chown -R {us} {shown}",
            owner = found.st_uid,
        )));
    }
    if before & OTHERS == 0 {
        return Ok(None);
    }
    let without_others = Mode::from_raw_mode(before & !OTHERS);
    let error = rustix::fs::fchmod(handle, without_others).err();
    // Some file systems keep no modes, and refuse nothing.
    let after = mode(&rustix::fs::fstat(handle).map_err(|error| failed(error.into()))?);
    if after & OTHERS == 0 {
        return Ok(Some(before));
    }
    let why = error.map_or_else(
        || "its file system keeps no permissions".to_owned(),
        |error| io::Error::from(error).to_string(),
    );
    Err(NotPrivate::Unsafe(format!(
        "{shown} is open to other users (mode {before:04o}) and can't be closed: {why}. Close it yourself (chmod {closed:o} {shown}); \
         on a file system without permissions, mount it for user {us} alone (options like uid={us},umask=077, or for CIFS \
         dir_mode=0700,file_mode=0600); or use a directory elsewhere",
        closed = before & 0o7700,
    )))
}
