//! Builds the console.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::start_error::StartError;
use crate::config::ConsoleConfig;
use crate::console::console::Console;
use crate::flows::Flows;
use crate::service::checkup::look::Checkup;
use crate::service::inlet::listener;
use crate::service::kit::metrics::Metrics;
use crate::service::kit::touched::Touched;
use crate::store::Store;
use crate::waha::client::Client;

pub(super) fn bind(listen: SocketAddr) -> Result<TcpListener, StartError> {
    listener::bind(listen).map_err(|source| StartError::Console {
        address: listen,
        source,
    })
}

pub(super) fn console(
    config: ConsoleConfig,
    store: Store,
    flows: Arc<Flows>,
    client: Arc<Client>,
    (metrics, touched): (Arc<Metrics>, Arc<Touched>),
    history: PathBuf,
    checkup: Checkup,
) -> Console {
    Console {
        url: config.url,
        trusted_proxies: config.trusted_proxies,
        store,
        flows,
        client,
        metrics,
        touched,
        history,
        checkup,
    }
}
