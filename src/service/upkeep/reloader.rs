//! The reloader is responsible for the flows while the daemon runs: on a signal or a bell it loads them again, and says
//! whether that worked.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::flows::{Flows, Loaded, NO_DEFAULT_FLOW};
use crate::ids::ProcessId;
use crate::store::{Reloaded, Store};

/// Who asked to reload the flows.
#[derive(Debug)]
pub enum Asked {
    /// SIGHUP.
    BySignal,
    /// `waha-sm flow reload`, which waits for answers to this request.
    ByBell(String),
}

/// See the module.
pub struct Reloader {
    /// The flows to reload.
    pub flows: Arc<Flows>,
    /// Where answers go.
    pub store: Store,
    /// This process.
    pub process: ProcessId,
    /// This process, for a person who runs several, perhaps in containers.
    pub who: String,
    /// What to warn of where a flow calls the shop's own system, as at the start.
    pub warning_of_calls: Option<String>,
    /// When to.
    pub asked: mpsc::UnboundedReceiver<Asked>,
}

impl Reloader {
    /// Runs until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) {
        loop {
            let asked = tokio::select! {
                asked = self.asked.recv() => asked,
                () = shutdown.cancelled() => return,
            };
            let Some(asked) = asked else { return };
            let reloaded = self.reload().await;
            if let Asked::ByBell(request) = asked
                && let Err(error) = self
                    .store
                    .answer_reload(&request, &self.process, &reloaded)
                    .await
            {
                warn!(%error, "could not report the result to `waha-sm flow reload`; the log lines before this one \
                have it");
            }
        }
    }

    async fn reload(&self) -> Reloaded {
        let flows = self.flows.clone();
        // Reads files, which may lie on a slow disk.
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
            who: self.who.clone(),
            flows,
            mistakes,
        }
    }

    /// What is allowed and hardly meant.
    fn warn_of(&self, loaded: &Loaded) {
        if let Some(warning) = self.warning_of_calls.as_ref().filter(|_| loaded.calls()) {
            warn!("{warning}");
        }
        if loaded.has_no_default() {
            info!("{NO_DEFAULT_FLOW}");
        }
    }
}
