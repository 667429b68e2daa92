//! `waha-sm history prune`: removes what is older than the history shall keep, now and not once a day; or only says what that would be.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::time::{Instant, sleep};

use crate::cli::exit::{EXIT_USAGE, exit, fail, print_error};
use crate::cli::progress::ShownProgress;
use crate::cli::redis::{CommandError, with_store};
use crate::clock::Millis;
use crate::config;
use crate::describe::describe;
use crate::history::{FILE_NAME, History, HistoryError, Prunable};
use crate::settings::RedisSettings;
use crate::store::Store;

/// Why the daemon must be running.
const WHY: &str = "it removes what is old, because only one process writes the history";
/// How often we look what is left.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// If nothing was removed for so long, a daemon that does not run does not do it.
const NOTHING_FOR: Duration = Duration::from_secs(20);
/// Nor does one that runs: writing a large file again takes less, and so does a backup, which keeps it from that.
const NOTHING_FOR_LONG: Duration = Duration::from_secs(180);

#[derive(Debug, Args)]
pub(super) struct PruneArgs {
    /// Only say what would be removed
    #[arg(long)]
    dry_run: bool,
    /// How long conversations are kept after they closed, like 365d: what is older is removed
    #[arg(long, env = "HISTORY_KEEP", value_name = "TIME")]
    history_keep: Option<String>,
    #[command(flatten)]
    redis: RedisSettings,
}

pub(super) fn main(arguments: &PruneArgs) -> ExitCode {
    let keep = match keep(arguments) {
        Ok(keep) => keep,
        Err(mistake) => {
            print_error(&mistake);
            return ExitCode::from(EXIT_USAGE);
        }
    };
    let before = Millis::now() - keep;
    let path = config::data_dir(arguments.redis.data_dir.as_ref()).join(FILE_NAME);
    let shown = arguments.history_keep.as_deref().unwrap_or_default().trim();
    let shown = crate::terminal::line(shown).to_string();
    if arguments.dry_run {
        return match prunable(&path, before) {
            Err(error) => fail(&describe(&error)),
            Ok((found, _)) => {
                let said = in_words(&found, &shown, "would be removed");
                exit(writeln!(io::stdout(), "{said}"), true)
            }
        };
    }
    with_store("history prune", &arguments.redis, WHY, async |store, _| {
        let (found, _) = prunable(&path, before)?;
        is_kept_here(store, &path).await?;
        if found == Prunable::default() {
            writeln!(io::stdout(), "{}", in_words(&found, &shown, ""))?;
            return Ok(());
        }
        store.prune_history(before).await?;
        wait(store, &path, before, found).await?;
        writeln!(io::stdout(), "{}", in_words(&found, &shown, "were removed"))?;
        Ok(())
    })
}

/// An empty value counts as not set, as in all settings.
fn keep(arguments: &PruneArgs) -> Result<Duration, String> {
    let text = arguments.history_keep.as_deref().unwrap_or_default().trim();
    match text {
        "" => Err(
            "nothing is removed as long as HISTORY_KEEP is not set: add --history-keep, like --history-keep 365d".to_owned(),
        ),
        text => config::keep_for(text).map_err(|what| format!("HISTORY_KEEP {what}")),
    }
}

/// What is old, and whether nothing of what was removed is left in the file.
fn prunable(path: &Path, before: Millis) -> Result<(Prunable, bool), HistoryError> {
    let history = History::open_read_only(path)?;
    Ok((history.prunable(before)?, history.is_clean()?))
}

/// Only the process that keeps the history removes from it.
async fn is_kept_here(store: &Store, path: &Path) -> Result<(), CommandError> {
    let Some(kept) = store.kept_history().await? else {
        return Ok(());
    };
    match History::open_read_only(path)?.file_id()? {
        ours if ours == kept.file => Ok(()),
        _ => Err(CommandError::Failed(format!(
            "this machine does not have the history, which is kept by {}: do it there",
            kept.label
        ))),
    }
}

/// Waits until all of it is gone.
async fn wait(
    store: &Store,
    path: &Path,
    before: Millis,
    found: Prunable,
) -> Result<(), CommandError> {
    let count = |messages: i64| u64::try_from(messages).unwrap_or_default();
    let all = count(found.messages);
    let (mut left, mut since) = (found, Instant::now());
    let mut progress = ShownProgress::new();
    let mut is_removed = false;
    loop {
        let (now, is_clean) = prunable(path, before)?;
        let is_gone = now == Prunable::default();
        if is_gone && !is_removed {
            is_removed = true;
            progress.line("Removed. Now the daemon writes the file again, without the bytes.");
        }
        if is_gone && is_clean {
            return Ok(());
        }
        progress.draw(
            "old messages",
            all.saturating_sub(count(now.messages)),
            all,
            false,
        );
        if now != left {
            (left, since) = (now, Instant::now());
        }
        let is_alive = async || {
            let kept = store.kept_history().await?;
            Ok::<_, CommandError>(kept.is_some_and(|kept| kept.is_alive))
        };
        let waited = since.elapsed();
        if waited > NOTHING_FOR_LONG || waited > NOTHING_FOR && !is_alive().await? {
            progress.clear();
            return Err(CommandError::Failed(format!(
                "{} messages that are old are still there, or their bytes are: the daemon that keeps the history goes on as soon as it \
                 can. Its log says why it does not",
                left.messages
            )));
        }
        sleep(LOOK_INTERVAL).await;
    }
}

fn in_words(found: &Prunable, keep: &str, what: &str) -> String {
    let (Some(first), Some(last)) = (found.first_at, found.last_at) else {
        return match found.conversations {
            0 => format!("Nothing is older than {keep}."),
            conversations => format!(
                "{conversations} conversations without messages {what}: they are older than {keep}."
            ),
        };
    };
    format!(
        "{} conversations and {} messages, from {} to {}, {what}: they are older than {keep}.",
        found.conversations,
        found.messages,
        day(first),
        day(last)
    )
}

fn day(at: Millis) -> String {
    let at = Timestamp::from_millisecond(at.as_i64()).unwrap_or_default();
    at.to_zoned(TimeZone::system())
        .strftime("%Y-%m-%d")
        .to_string()
}

impl From<HistoryError> for CommandError {
    fn from(error: HistoryError) -> Self {
        CommandError::Failed(describe(&error))
    }
}
