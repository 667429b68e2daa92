//! A server of our own that reads a snapshot, for as long as its keys are copied. It keeps nothing.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use crate::private_dir::PrivateDir;
use crate::store::private_redis::server::find_server;
use crate::store::private_redis::socket::{Ping, PrivateSocket, SOCKET};
use crate::store::snapshots::error::SnapshotError;

/// The name of the snapshot in the directory of the server.
pub const SNAPSHOT: &str = "snapshot.rdb";

const LOG: &str = "redis.log";
/// Reading takes about ten seconds per gigabyte.
const START_PATIENCE: Duration = Duration::from_secs(600);
const STOP_PATIENCE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(5);

/// More than anybody uses: a snapshot may have keys of other programs in other databases.
const DATABASES: &str = "1024";

/// See the module.
pub struct SnapshotServer {
    child: Child,
    socket: PrivateSocket,
}

impl SnapshotServer {
    /// Starts on the file [`SNAPSHOT`] in `directory`, and waits until it is read.
    ///
    /// # Errors
    /// [`SnapshotError::NotRead`] if it can't be read, or if there is no server.
    pub async fn start(directory: &PrivateDir) -> Result<Self, SnapshotError> {
        let not_read = |reason: &dyn std::fmt::Display| SnapshotError::NotRead(reason.to_string());
        let server = find_server().ok_or_else(|| {
            not_read(&"no redis-server (or valkey-server) found on PATH: install it (Debian, Ubuntu: apt-get install redis-server)")
        })?;
        let socket = PrivateSocket::in_directory(directory).map_err(|error| not_read(&error))?;
        let child = launch(server, directory).map_err(|error| not_read(&error))?;
        let mut started = Self { child, socket };
        let deadline = Instant::now() + START_PATIENCE;
        while started.socket.ping().await != Ping::Ready {
            if let Ok(Some(status)) = started.child.try_wait() {
                let log = std::fs::read(directory.reach(LOG)).unwrap_or_default();
                let log = String::from_utf8_lossy(&log);
                let last = log.lines().last().unwrap_or("its log is empty");
                return Err(not_read(&format!("{status}: {last}")));
            }
            if Instant::now() > deadline {
                return Err(not_read(&"it takes too long"));
            }
            sleep(POLL).await;
        }
        Ok(started)
    }

    pub(crate) fn socket(&self) -> &PrivateSocket {
        &self.socket
    }

    /// Ends it. What it holds is in the file that it read.
    pub async fn stop(mut self) {
        let _ = self.socket.ask("SHUTDOWN NOSAVE").await;
        let _ = timeout(STOP_PATIENCE, self.child.wait()).await;
    }
}

fn launch(server: PathBuf, directory: &PrivateDir) -> std::io::Result<Child> {
    let arguments = [
        ("port", "0"),
        ("unixsocket", SOCKET),
        ("unixsocketperm", "700"),
        ("logfile", LOG),
        ("databases", DATABASES),
        ("appendonly", "no"),
        ("save", ""),
        ("dbfilename", SNAPSHOT),
        ("daemonize", "no"),
    ];
    Command::new(server)
        .args(
            arguments
                .into_iter()
                .flat_map(|(name, value)| [format!("--{name}"), value.to_owned()]),
        )
        .current_dir(directory.reach("."))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
}

/// Ends a server that still runs in `directory` because the process that started it was killed.
pub async fn end_server_left_in(directory: &PrivateDir) {
    let Ok(socket) = PrivateSocket::in_directory(directory) else {
        return;
    };
    let gone = async {
        while socket.ping().await != Ping::Nobody {
            let _ = socket.ask("SHUTDOWN NOSAVE").await;
            sleep(POLL).await;
        }
    };
    let _ = timeout(STOP_PATIENCE, gone).await;
}
