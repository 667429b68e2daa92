//! A connection of our own to a server, beside fred's: what a server sends to a replica is no answer to a command.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use fred::rustls::pki_types::ServerName;
use fred::types::config::{Config, Server, ServerConfig, TlsConnector};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use crate::secret::Secret;

/// How long a connection may take to be made.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// Where a server is, and how it lets us in.
pub(crate) struct ServerDoor {
    place: DoorPlace,
    tls: Option<TlsConnector>,
    user: Option<String>,
    password: Option<Secret>,
}

enum DoorPlace {
    Socket(PathBuf),
    Host {
        host: String,
        port: u16,
        /// The name in its certificate.
        certified: String,
    },
}

/// What bytes go through: a socket, perhaps with TLS.
pub(crate) trait DoorStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> DoorStream for T {}

impl ServerDoor {
    /// The door of the server that `config` leads to; `server`: which one it is now, if it has an address.
    pub(crate) fn of(config: &Config, server: Option<&Server>) -> Option<Self> {
        let place = match (&config.server, server) {
            (ServerConfig::Unix { path }, _) => DoorPlace::Socket(path.clone()),
            (_, Some(server)) => DoorPlace::Host {
                host: server.host.to_string(),
                port: server.port,
                certified: server
                    .tls_server_name
                    .as_ref()
                    .unwrap_or(&server.host)
                    .to_string(),
            },
            (_, None) => return None,
        };
        Some(Self {
            place,
            tls: config.tls.as_ref().map(|tls| tls.connector.clone()),
            user: config.username.clone(),
            password: config.password.clone().map(Secret::new),
        })
    }

    /// The door of another server of the same group, as a replica is.
    pub(crate) fn beside(config: &Config, host: &str, port: u16) -> Self {
        Self {
            place: DoorPlace::Host {
                host: host.to_owned(),
                port,
                certified: host.to_owned(),
            },
            tls: config.tls.as_ref().map(|tls| tls.connector.clone()),
            user: config.username.clone(),
            password: config.password.clone().map(Secret::new),
        }
    }

    /// The words of `AUTH`, if the server has a password.
    pub(crate) fn password(&self) -> Option<Vec<&str>> {
        let password = self.password.as_ref()?.reveal();
        Some(
            ["AUTH"]
                .into_iter()
                .chain(self.user.as_deref())
                .chain([password])
                .collect(),
        )
    }

    /// Connects. Nothing is sent yet.
    ///
    /// # Errors
    /// If there is no connection in time.
    pub(crate) async fn open(&self) -> io::Result<Box<dyn DoorStream>> {
        let opened = async {
            let (host, port, certified) = match &self.place {
                DoorPlace::Socket(path) => {
                    let stream = UnixStream::connect(path).await?;
                    return Ok(Box::new(stream) as Box<dyn DoorStream>);
                }
                DoorPlace::Host {
                    host,
                    port,
                    certified,
                } => (host, *port, certified),
            };
            let stream = TcpStream::connect((host.as_str(), port)).await?;
            match &self.tls {
                None => Ok(Box::new(stream) as Box<dyn DoorStream>),
                Some(TlsConnector::Rustls(connector)) => {
                    let name = ServerName::try_from(certified.clone()).map_err(io::Error::other)?;
                    Ok(Box::new(connector.connect(name, stream).await?) as Box<dyn DoorStream>)
                }
            }
        };
        timeout(CONNECT_WITHIN, opened)
            .await
            .map_err(|_| io::ErrorKind::TimedOut)?
    }
}
