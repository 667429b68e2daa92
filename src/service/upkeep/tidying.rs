//! What the archiver removes from the history: what is older than `HISTORY_KEEP`, in small batches, and the bytes of what was deleted.

use std::time::Duration;

use tokio::time::Instant;
use tracing::{info, warn};

use crate::clock::Millis;
use crate::describe::describe;
use crate::history::{Archive, HistoryError, Pruned};
use crate::service::kit::metrics::Metrics;

/// How often we look for what has become too old. It is removed by days, because the file is written again afterwards.
const LOOK_INTERVAL: Duration = Duration::from_secs(24 * 3600);
/// Somebody reads an old state of the file: its log can be emptied when they are done.
const CLEAN_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// The pause after an error. Mostly the disk has no room for a second copy of the file.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// See the module.
#[derive(Debug)]
pub(super) struct Tidying {
    /// How long conversations are kept; `None`: for ever.
    keep: Option<Duration>,
    next_look: Instant,
    /// Something may have to be removed.
    may_be_due: bool,
    not_before: Instant,
    /// Of the run that goes on.
    pruned: Pruned,
}

/// What one step did.
#[derive(Debug, Default)]
pub(super) struct TidyStep {
    pruned: Option<Pruned>,
    cleaned: Option<Duration>,
    is_read: bool,
    oldest: Option<Millis>,
    error: Option<HistoryError>,
}

impl Tidying {
    pub(super) fn new(keep: Option<Duration>) -> Self {
        let now = Instant::now();
        Self {
            keep,
            next_look: now,
            // The last run may have been killed.
            may_be_due: true,
            not_before: now,
            pruned: Pruned::default(),
        }
    }

    /// Entries were stored that remove something.
    pub(super) fn note(&mut self) {
        self.may_be_due = true;
        self.not_before = Instant::now();
    }

    /// What to do now on the thread of the history; `None`: nothing.
    pub(super) fn next(
        &mut self,
    ) -> Option<impl FnOnce(&mut Archive) -> TidyStep + Send + 'static> {
        let now = Instant::now();
        let looks = now >= self.next_look;
        if !(looks || self.may_be_due && now >= self.not_before) {
            return None;
        }
        self.may_be_due = true;
        let mut before = None;
        if looks {
            self.next_look = now + LOOK_INTERVAL;
            before = self.keep.map(|keep| Millis::now() - keep);
        }
        Some(move |archive: &mut Archive| {
            let mut step = TidyStep::default();
            if let Err(error) = step.run(archive, before) {
                step.error = Some(error);
            }
            step
        })
    }

    /// Notes what a step did. Returns whether there is more to do soon.
    pub(super) fn done(&mut self, step: TidyStep, metrics: &Metrics) -> bool {
        metrics.set_oldest_kept(step.oldest);
        if let Some(error) = step.error {
            warn!(
                reason = describe(&error),
                "what was deleted from the history can't be removed from its file yet; this is tried again each minute"
            );
            self.not_before = Instant::now() + RETRY_AFTER;
            return false;
        }
        if let Some(pruned) = step.pruned {
            metrics.count_pruned(pruned.conversations, pruned.messages);
            self.pruned.conversations += pruned.conversations;
            self.pruned.messages += pruned.messages;
            if !pruned.is_done {
                return true;
            }
            let all = std::mem::take(&mut self.pruned);
            if all.messages + all.conversations > 0 {
                let Pruned {
                    conversations,
                    messages,
                    ..
                } = all;
                info!(
                    conversations,
                    messages, "removed from the history what is older than it is kept"
                );
            }
            return true;
        }
        if let Some(took) = step.cleaned {
            let took = format!("{} ms", took.as_millis());
            info!(
                took,
                "the file of the history has no bytes of what was deleted any more"
            );
        }
        self.may_be_due = step.is_read;
        if step.is_read {
            self.not_before = Instant::now() + CLEAN_AGAIN_AFTER;
        }
        false
    }
}

impl TidyStep {
    fn run(&mut self, archive: &mut Archive, before: Option<Millis>) -> Result<(), HistoryError> {
        if let Some(before) = before {
            archive.begin_pruning(before)?;
        }
        self.pruned = archive.prune_batch(Millis::now())?;
        self.oldest = archive.oldest()?;
        if self.pruned.is_none() && archive.needs_cleaning()? {
            let began = Instant::now();
            match archive.clean()? {
                true => self.cleaned = Some(began.elapsed()),
                false => self.is_read = true,
            }
        }
        Ok(())
    }
}
