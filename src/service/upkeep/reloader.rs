//! The reloader is responsible for reloading the flows while the daemon runs, on a signal or a bell. It reports whether that
//! worked.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::flows::{Flows, Loaded, NO_DEFAULT_FLOW};
use crate::ids::ProcessId;
use crate::store::{Reloaded, Store};

/// A request to reload the flows, by where it came from.
#[derive(Debug)]
pub enum ReloadRequest {
    /// SIGHUP.
    Signal,
    /// `waha-sm flow reload`. It waits for answers to this request id.
    Bell(String),
}

/// See the module.
pub struct Reloader {
    /// The flows to reload.
    pub flows: Arc<Flows>,
    /// Takes the answers to `waha-sm flow reload`.
    pub store: Store,
    /// This process.
    pub process: ProcessId,
    /// Identifies this process for a person who runs several, perhaps in containers.
    pub label: String,
    /// The warning to log when a flow first calls the shop's own system on another machine.
    pub warning_of_calls: Option<String>,
    /// Requests to reload.
    pub requests: mpsc::UnboundedReceiver<ReloadRequest>,
}

impl Reloader {
    /// Runs until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) {
        loop {
            let request = tokio::select! {
                request = self.requests.recv() => request,
                () = shutdown.cancelled() => return,
            };
            let Some(request) = request else { return };
            let reloaded = self.reload().await;
            if let ReloadRequest::Bell(id) = request
                && let Err(error) = self
                    .store
                    .answer_reload(&id, &self.process, &reloaded)
                    .await
            {
                warn!(%error, "could not report the result to `waha-sm flow reload`; the log lines before this one \
                have it");
            }
        }
    }

    async fn reload(&mut self) -> Reloaded {
        let flows = self.flows.clone();
        // This reads files, perhaps from a slow disk.
        let loaded = spawn_blocking(move || flows.reload()).await;
        let loaded = loaded.unwrap_or_else(|error| Err(vec![error.to_string()]));
        let (flows, mistakes) = match loaded {
            Ok(loaded) => {
                info!(flows = %loaded, "reloaded the flows");
                self.warn_of(&loaded);
                (loaded.to_string(), Vec::new())
            }
            Err(mistakes) => {
                for mistake in &mistakes {
                    warn!("FLOW_FILE {mistake}");
                }
                warn!(
                    mistakes = mistakes.len(),
                    "the new flows have mistakes, so the flows loaded before stay in use: correct the files, then reload"
                );
                (String::new(), mistakes)
            }
        };
        Reloaded {
            process: self.label.clone(),
            flows,
            mistakes,
        }
    }

    /// Warns of settings that are allowed but probably not intended.
    fn warn_of(&mut self, loaded: &Loaded) {
        if loaded.calls_other_machines()
            && let Some(warning) = self.warning_of_calls.take()
        {
            warn!("{warning}");
        }
        if loaded.has_no_default() {
            info!("{NO_DEFAULT_FLOW}");
        }
    }
}
