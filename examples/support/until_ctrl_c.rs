//! Whether the user wants the program to end: Ctrl+C, or a SIGTERM.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{SignalKind, signal};

/// See the module.
pub(crate) struct UntilCtrlC(Arc<AtomicBool>);

impl UntilCtrlC {
    /// From now on, these signals no longer end the program at once.
    pub(crate) fn new() -> std::io::Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let flag = over.clone();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (mut interrupt, mut terminate) = {
            let _entered = runtime.enter();
            (
                signal(SignalKind::interrupt())?,
                signal(SignalKind::terminate())?,
            )
        };
        std::thread::Builder::new()
            .name("signals".into())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        _ = interrupt.recv() => {}
                        _ = terminate.recv() => {}
                    }
                });
                flag.store(true, Ordering::Relaxed);
            })?;
        Ok(Self(over))
    }

    /// Whether it is time to end.
    pub(crate) fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
