//! Long work with files, on a thread of its own: so that a signal ends a command at once.

use std::io;

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::backup::news::{BackupNews, ToldNews};

/// Tells how much is done, and how much there is.
pub(crate) type ToldBytes<'a> = &'a mut dyn FnMut(u64, u64);

/// Runs `work`, and tells how far this step is.
///
/// # Errors
/// If the thread fails.
pub(crate) async fn in_background<T: Send + 'static>(
    step: &str,
    told: ToldNews<'_>,
    work: impl FnOnce(ToldBytes<'_>) -> T + Send + 'static,
) -> io::Result<T> {
    let (sender, mut progress) = mpsc::unbounded_channel();
    let working = spawn_blocking(move || {
        // Nobody listens any more if the command is being ended.
        work(&mut |done, all| {
            let _ = sender.send((done, all));
        })
    });
    while let Some((done, all)) = progress.recv().await {
        told(BackupNews::At {
            step,
            done,
            all,
            bytes: true,
        });
    }
    working.await.map_err(io::Error::from)
}
