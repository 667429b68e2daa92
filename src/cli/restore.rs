//! `waha-sm restore`: puts a backup back into an empty data directory, or reads one through.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::backup::{BackupError, ReadBackup, RestoreTarget, RestoredBackup, SETTINGS, restore};
use crate::cli::backup::settings_list::ListedSettings;
use crate::cli::backup::{content, interruptible, verify};
use crate::cli::exit::{exit, fail, wrong};
use crate::config::RedisConfig;
use crate::describe::describe;
use crate::settings::RedisSettings;
use crate::terminal::line;

const AFTER_HELP: &str = "DATA_DIR must be empty or missing, no daemon may run on it, and a Redis of REDIS_URL must have none of our keys. \
    The backup is read through first.\n\n\
    Exit code: 0 if all is there again, 1 if nothing was changed or the message says what to do, 64 for a wrong command line.\n\n\
    Examples:\n  \
    waha-sm restore /backups/monday\n  \
    docker compose run --rm waha-sm restore /backups/monday";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct RestoreArgs {
    /// A directory that `waha-sm backup` made
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Put nothing back, but read the backup in DIR through: every file is there, and is what it was
    #[arg(long)]
    verify: bool,
    /// Leave Redis as it is: if only the history was lost
    #[arg(long, conflicts_with = "verify")]
    without_redis: bool,
    /// A new or empty directory for the flows [default: `flows` in DATA_DIR]
    #[arg(long, value_name = "PATH", conflicts_with = "verify")]
    flows: Option<PathBuf>,
    #[command(flatten)]
    redis: RedisSettings,
}

pub(super) fn main(arguments: &RestoreArgs) -> ExitCode {
    if arguments.verify {
        return verify(&arguments.directory);
    }
    let config = match RedisConfig::read(&arguments.redis) {
        Ok(config) => config,
        Err(mistakes) => return wrong(&mistakes),
    };
    let has_url = config.url.is_some();
    let restored = interruptible("restore", async |progress| {
        let backup = ReadBackup::open(&arguments.directory).map_err(|error| describe(&error))?;
        let target = RestoreTarget {
            data_dir: &config.data_dir,
            redis_url: config.url.as_ref().map(|url| url.reveal().to_owned()),
            prefix: config.prefix.clone(),
            memory_max: config.private_memory_max,
            without_redis: arguments.without_redis,
            flows: arguments.flows.clone(),
        };
        let restored = restore(&backup, target, &mut |news| progress.tell(news)).await;
        restored.map_err(|error| in_words(&error, has_url))
    });
    match restored {
        Ok(Some(restored)) => {
            let settings = std::fs::read_to_string(arguments.directory.join(SETTINGS));
            let before = ListedSettings::read(&settings.unwrap_or_default());
            exit(print(&restored, &before, has_url), true)
        }
        Ok(None) => fail("stopped; run it again, and it begins again"),
        Err(reason) => fail(&reason),
    }
}

fn in_words(error: &BackupError, has_url: bool) -> String {
    let reason = describe(error);
    match error {
        error if error.is_full() => {
            format!("{reason}: the disk is full. Make space, and run it again")
        }
        BackupError::Store(_) | BackupError::Snapshot(_) if has_url => {
            format!(
                "{reason}. A part of the backup may be in Redis now, and no daemon starts on that: run the same command again, and it begins \
                 again"
            )
        }
        _ => reason,
    }
}

fn print(restored: &RestoredBackup, before: &ListedSettings, has_url: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let manifest = &restored.manifest;
    let data_dir = line(&restored.data_dir.display().to_string());
    writeln!(out, "{data_dir} has {}.", content(manifest))?;
    match (restored.keys, &manifest.redis.missing) {
        (Some(_), _) => {}
        (None, Some(why)) => writeln!(
            out,
            "Redis is not in this backup ({}): nobody is in line or attended, and there are no agents, unless your Redis has them.",
            line(why)
        )?,
        (None, None) => writeln!(out, "Redis was left as it is.")?,
    }
    if restored.keys.is_some() && !has_url && manifest.redis.kind != "private" {
        writeln!(
            out,
            "The backup is of a Redis of REDIS_URL, and its content is in the private Redis in DATA_DIR now: start `waha-sm all` without REDIS_URL. \
             If you want it in a Redis of your own again, set REDIS_URL, empty DATA_DIR, and restore once more."
        )?;
    }
    if let Some(flows) = &restored.flows {
        let place = flows.join(&manifest.flows.name);
        let place = line(&place.display().to_string());
        let setting = manifest.flows.setting.as_deref().unwrap_or_default();
        writeln!(
            out,
            "The flows are in {}: set FLOW_FILE={place}, or copy them to where they were ({}).",
            line(&flows.display().to_string()),
            line(setting)
        )?;
    }
    if let Some(why) = &manifest.flows.missing {
        writeln!(out, "The flows are not in this backup ({}).", line(why))?;
    }
    for file in &manifest.flows.elsewhere {
        writeln!(
            out,
            "A flow sends {}, which is not in the backup.",
            line(file)
        )?;
    }
    let differences = ListedSettings::found(|_| None).differences(before);
    if !differences.is_empty() {
        writeln!(out, "Compare your settings:")?;
        for difference in differences {
            writeln!(out, "  {difference}")?;
        }
    }
    writeln!(
        out,
        "Now start waha-sm. What customers wrote after the backup is not in it: it asks WAHA for that, as far back as CATCH_UP_MAX_AGE, and \
         answers it, perhaps for the second time."
    )?;
    out.flush()
}
