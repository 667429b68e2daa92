//! The socket of the private Redis: reached through its directory, and only used if a server of our own listens on it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::private_dir::{PrivateDir, is_ours, our_user};

/// Its name in the directory of the server.
pub(crate) const SOCKET: &str = "redis.sock";

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The socket, in a directory that only its owner can change.
#[derive(Clone, Debug)]
pub struct PrivateSocket {
    directory: PrivateDir,
    /// Through the handle of the directory, so it must not be used longer than that.
    path: PathBuf,
}

/// What a server says to a short question.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ping {
    Ready,
    /// It is alive, and a second one on its files would destroy them.
    Loading,
    Nobody,
    /// A server of this user listens there. Nothing was sent to it.
    Foreign(u32),
}

impl PrivateSocket {
    /// The socket in this directory of ours. Root may use that of another user, too: the commands of an operator do.
    ///
    /// # Errors
    /// If the directory is somebody else's or open to others, or its path is too long.
    pub(crate) fn in_directory(directory: &PrivateDir) -> io::Result<Self> {
        let owner = directory.owner()?;
        if !(is_ours(owner) || our_user() == 0) || directory.mode()? & 0o022 != 0 {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                format!("{} is not private to our user", directory.path().display()),
            ));
        }
        Ok(Self {
            directory: directory.clone(),
            path: directory.reach_socket(SOCKET)?,
        })
    }

    /// The path to connect to, for this process only.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) async fn ping(&self) -> Ping {
        let stream = match UnixStream::connect(&self.path).await {
            Ok(stream) => stream,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound
                ) =>
            {
                return Ping::Nobody;
            }
            Err(_) => return Ping::Loading,
        };
        match self.foreign_user(&stream) {
            Ok(None) => {}
            Ok(Some(user)) => return Ping::Foreign(user),
            Err(_) => return Ping::Loading,
        }
        match exchange(stream, "PING").await {
            Ok(answer) if answer.starts_with("+PONG") => Ping::Ready,
            // LOADING, BUSY in a script, or no answer for a while.
            Ok(_) | Err(_) => Ping::Loading,
        }
    }

    /// Sends one command in Redis' inline form, and returns the first line of the answer. It is used when the client is not
    /// connected yet, or no longer connected.
    pub(crate) async fn ask(&self, command: &str) -> io::Result<String> {
        let stream = UnixStream::connect(&self.path).await?;
        match self.foreign_user(&stream)? {
            None => exchange(stream, command).await,
            Some(user) => Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                format!("a server of user {user} listens there"),
            )),
        }
    }

    /// The user of the server that listens, if it is neither the owner of the directory nor root.
    fn foreign_user(&self, stream: &UnixStream) -> io::Result<Option<u32>> {
        let user = stream.peer_cred()?.uid();
        let trusted = user == 0 || user == self.directory.owner()?;
        Ok((!trusted).then_some(user))
    }
}

impl fmt::Display for PrivateSocket {
    /// The path that a person can use.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.directory.path().join(SOCKET).display())
    }
}

async fn exchange(stream: UnixStream, command: &str) -> io::Result<String> {
    let exchange = async {
        let mut stream = BufReader::new(stream);
        stream
            .write_all(format!("{command}\r\n").as_bytes())
            .await?;
        let mut answer = String::new();
        stream.read_line(&mut answer).await?;
        Ok(answer)
    };
    timeout(PATIENCE, exchange)
        .await
        .map_err(|_| io::ErrorKind::TimedOut)?
}
