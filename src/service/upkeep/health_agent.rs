//! The health agent is responsible for `waha-sm health` on this machine: it says at this process' own socket whether it is ready,
//! also while it starts and stops.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};
use tracing::warn;

use crate::service::kit::lease::{Lease, SILENT_AFTER};
use crate::service::kit::readiness::{Readiness, part};

/// How long the threads that handle conversations may take to answer. Under load they work at a low priority.
const PULSE_WITHIN: Duration = Duration::from_secs(3);

/// See the module.
pub struct HealthAgent {
    /// Set when everything that it checks is there.
    pub vitals: Arc<OnceLock<Vitals>>,
}

/// What it checks.
#[derive(Clone)]
pub struct Vitals {
    /// Whether messages can be taken.
    pub readiness: Arc<Readiness>,
    /// `None` if this process handles no conversations.
    pub work: Option<WorkPulse>,
}

/// Shows whether the agents that handle conversations live.
#[derive(Clone)]
pub struct WorkPulse {
    /// Is renewed by the heartbeat of this process.
    pub lease: Arc<Lease>,
    /// The runtime of the agents.
    pub back: Handle,
}

impl HealthAgent {
    /// Answers everybody who connects to `listener`.
    pub async fn run(self, listener: UnixListener) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    if is_of_our_user(&stream) {
                        tokio::spawn(answer(stream, self.vitals.clone()));
                    }
                }
                Err(error) => {
                    warn!(%error, "can't accept a question of `waha-sm health`");
                    // We are probably out of file descriptors. Without a pause, this loop would spin.
                    sleep(Duration::from_millis(500)).await;
                }
            }
        }
    }
}

/// Everybody on the machine can connect, and each question costs Redis a write: only this user and root are answered.
fn is_of_our_user(stream: &UnixStream) -> bool {
    let ours = rustix::process::geteuid().as_raw();
    stream
        .peer_cred()
        .is_ok_and(|peer| peer.uid() == ours || peer.uid() == 0)
}

async fn answer(mut stream: UnixStream, vitals: Arc<OnceLock<Vitals>>) {
    let body = match vitals.get() {
        Some(vitals) => vitals.check().await,
        None => json!({ "ready": false, "error": "starting" }),
    };
    // If nobody waits for the answer any more, that is theirs to report.
    let _ = stream.write_all(body.to_string().as_bytes()).await;
}

impl Vitals {
    async fn check(&self) -> Value {
        let (checked, work) = tokio::join!(self.readiness.check(), async {
            match &self.work {
                Some(pulse) => Some(pulse.feel(PULSE_WITHIN).await),
                None => None,
            }
        });
        let mut checked = match checked {
            Ok(checked) => checked,
            Err(reason) => return json!({ "ready": false, "error": reason }),
        };
        if let Some(work) = work {
            checked.is_ready &= work.is_ok();
            checked.parts.insert("work".to_owned(), part(&work));
        }
        json!({ "ready": checked.is_ready, "parts": checked.parts })
    }
}

impl WorkPulse {
    async fn feel(&self, within: Duration) -> Result<(), String> {
        let answers = timeout(within, self.back.spawn(async {})).await;
        if !matches!(answers, Ok(Ok(()))) {
            return Err(format!(
                "the threads that handle conversations did not answer within {} s",
                within.as_secs_f64()
            ));
        }
        if !self.lease.is_renewed() {
            return Err(format!(
                "no heartbeat of this process reached Redis for {} s, so other processes continue its conversations",
                SILENT_AFTER.as_secs_f64()
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::runtime::Builder;

    use super::*;

    const SOON: Duration = Duration::from_millis(300);

    /// A runtime with one thread, as on a machine with two cores.
    fn pulse(lease: Arc<Lease>) -> (tokio::runtime::Runtime, WorkPulse) {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .build()
            .unwrap();
        let back = runtime.handle().clone();
        (runtime, WorkPulse { lease, back })
    }

    #[tokio::test]
    async fn work_that_is_stuck_and_a_heartbeat_that_stopped_are_noticed() {
        let lease = Arc::<Lease>::default();
        let (back, pulse) = pulse(lease.clone());
        assert_eq!(pulse.feel(SOON).await, Ok(()));

        let (stuck, waits) = mpsc::channel::<()>();
        let (to_begun, begun) = mpsc::channel();
        back.spawn(async move {
            let _ = to_begun.send(());
            let _ = waits.recv();
        });
        begun.recv().unwrap();
        let reason = pulse.feel(SOON).await.unwrap_err();
        assert!(reason.contains("did not answer within 0.3 s"), "{reason}");
        drop(stuck);

        let long_ago = std::time::Instant::now().checked_sub(SILENT_AFTER).unwrap();
        lease.on_heartbeat(long_ago, true);
        let reason = pulse.feel(SOON).await.unwrap_err();
        assert!(reason.contains("heartbeat"), "{reason}");
        back.shutdown_background();
    }
}
