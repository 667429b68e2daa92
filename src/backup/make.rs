//! Makes a backup, while the daemon runs or not.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::backup::background::in_background;
use crate::backup::error::{BackupError, at, megabytes};
use crate::backup::free_space;
use crate::backup::manifest::{
    FLOWS, FORMAT, FlowsPart, HISTORY, HistoryPart, Manifest, RedisPart, SETTINGS,
};
use crate::backup::news::{BackupNews, ToldNews};
use crate::backup::summed::{Summing, copy_summed, new_file, sum_of_file};
use crate::backup::unfinished::UnfinishedBackup;
use crate::clock::Millis;
use crate::copy_pace::CopyPace;
use crate::flows::FlowFiles;
use crate::history::{FILE_NAMES, copy};
use crate::store::{SnapshotError, SnapshotOrigin, Store};

/// After so many bytes of a snapshot they are on the disk.
const SYNC_AFTER: u64 = 8 << 20;

/// What to back up.
pub struct BackupSource<'a> {
    /// The daemon's data directory.
    pub data_dir: &'a Path,
    /// Redis; `None`: without it.
    pub redis: Option<&'a Store>,
    /// The prefix of our keys.
    pub prefix: String,
    /// `FLOW_FILE`.
    pub flow_file: Option<String>,
    /// The settings without secrets, for a person.
    pub settings: String,
    /// The program, with its version.
    pub program: String,
}

/// A backup that was made.
#[derive(Debug)]
pub struct MadeBackup {
    /// Where it is.
    pub path: PathBuf,
    /// What it is of.
    pub manifest: Manifest,
}

/// Makes a backup in `place`, which is new or empty.
///
/// # Errors
/// As [`BackupError`] says. There is no backup then.
pub async fn make(
    place: &Path,
    source: BackupSource<'_>,
    told: ToldNews<'_>,
) -> Result<MadeBackup, BackupError> {
    let begun_at = now();
    refuse_inside(place, source.data_dir)?;
    let mut backup = UnfinishedBackup::begin(place)?;
    let origin = match source.redis {
        Some(store) => Some(store.snapshot_origin().await?),
        None => None,
    };
    let history = source.data_dir.join(FILE_NAMES[0]);
    let history_bytes: u64 = FILE_NAMES
        .map(|name| size(&source.data_dir.join(name)))
        .iter()
        .sum();
    let redis_bytes = origin.as_ref().map_or(0, |origin| origin.bytes);
    let flows = find_flows(source.flow_file);
    let directory = backup.path().parent().unwrap_or(backup.path());
    free_space::check(directory, history_bytes + redis_bytes)?;

    // Redis first: see the room.
    let redis = match (source.redis, &origin) {
        (Some(store), Some(origin)) => redis(&mut backup, store, origin, told).await?,
        _ => RedisPart {
            kind: String::new(),
            version: String::new(),
            database: 0,
            snapshots: Vec::new(),
            missing: Some("it was made with --without-redis".to_owned()),
        },
    };
    let history = self::history(&mut backup, history, told).await?;
    let flows = copy_flows(&mut backup, flows, told)?;
    backup.write(SETTINGS, &source.settings)?;
    let (path, manifest) = backup.finish(|files| Manifest {
        format: FORMAT,
        program: source.program,
        begun_at,
        done_at: now(),
        prefix: source.prefix,
        history,
        redis,
        flows,
        files,
    })?;
    Ok(MadeBackup { path, manifest })
}

async fn redis(
    backup: &mut UnfinishedBackup,
    store: &Store,
    origin: &SnapshotOrigin,
    told: ToldNews<'_>,
) -> Result<RedisPart, BackupError> {
    let mut part = RedisPart {
        kind: origin.kind.to_owned(),
        version: origin.version.clone(),
        database: origin.database,
        snapshots: Vec::new(),
        missing: None,
    };
    let mut bytes = 0;
    for server in 0..origin.servers {
        let name = match origin.servers {
            1 => "redis.rdb".to_owned(),
            _ => format!("redis-{}.rdb", server + 1),
        };
        let about = origin.bytes / origin.servers.max(1) as u64;
        match snapshot(backup, store, (server, about), &name, told).await {
            Ok(size) => bytes += size,
            Err(BackupError::Snapshot(SnapshotError::Refused(reason))) => {
                for name in part.snapshots.drain(..) {
                    backup.forget(&name)?;
                }
                part.missing = Some(reason);
                return Ok(part);
            }
            Err(error) => return Err(error),
        }
        part.snapshots.push(name);
    }
    told(BackupNews::Done(&format!("Redis: {}", megabytes(bytes))));
    Ok(part)
}

async fn snapshot(
    backup: &mut UnfinishedBackup,
    store: &Store,
    (server, about_bytes): (usize, u64),
    name: &str,
    told: ToldNews<'_>,
) -> Result<u64, BackupError> {
    let path = backup.file(name)?;
    let mut file = new_file(&path).map_err(at(&path))?;
    let (mut sum, mut size, mut unsynced) = (Summing::new(), 0, 0);
    let mut pace = CopyPace::new(about_bytes);
    let mut write = |some: &[u8]| {
        file.write_all(some)?;
        sum.add(some);
        size += some.len() as u64;
        unsynced += some.len() as u64;
        if unsynced >= SYNC_AFTER {
            unsynced = 0;
            file.sync_data()?;
        }
        pace.wrote(some.len() as u64);
        told(BackupNews::At {
            step: "Redis",
            done: size,
            all: 0,
            bytes: true,
        });
        Ok(())
    };
    if let Err(error) = store.fetch_snapshot(server, &mut write).await {
        let _ = fs::remove_file(&path);
        return Err(error.into());
    }
    file.sync_all().map_err(at(&path))?;
    backup.add(name, sum.finish());
    Ok(size)
}

async fn history(
    backup: &mut UnfinishedBackup,
    from: PathBuf,
    told: ToldNews<'_>,
) -> Result<HistoryPart, BackupError> {
    let path = backup.file(HISTORY)?;
    let copied = in_background("history", told, {
        let path = path.clone();
        move |told| {
            let facts = copy::copy(&from, &path, told)?;
            let sum = sum_of_file(&path, &mut |_| ()).map_err(at(&path))?;
            Ok::<_, BackupError>((facts, sum))
        }
    });
    let (facts, sum) = copied.await.map_err(at(&path))??;
    let rows: u64 = facts.rows.get("message").copied().unwrap_or(0);
    told(BackupNews::Done(&format!(
        "history: {}, {rows} messages",
        megabytes(sum.bytes)
    )));
    backup.add(HISTORY, sum);
    Ok(HistoryPart {
        id: facts.id,
        schema: facts.schema,
        rows: facts.rows,
    })
}

/// The files of the flows, if there is anything to look for.
struct FoundFlows {
    part: FlowsPart,
    /// `None` if they can't be read: the part says why.
    files: Option<FlowFiles>,
}

fn find_flows(setting: Option<String>) -> Option<FoundFlows> {
    let setting = setting?;
    let place = Path::new(&setting);
    let found = FlowFiles::find(place);
    let missing = found.as_ref().err();
    let missing = missing.map(|error| format!("{}: {error}", place.display()));
    let name = match place.is_dir() {
        true => String::new(),
        false => place
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
    };
    Some(FoundFlows {
        part: FlowsPart {
            setting: Some(setting),
            name,
            elsewhere: Vec::new(),
            missing,
        },
        files: found.ok(),
    })
}

/// Without the flows a backup is worth a lot, so a flow file that can't be found is no error.
fn copy_flows(
    backup: &mut UnfinishedBackup,
    found: Option<FoundFlows>,
    told: ToldNews<'_>,
) -> Result<FlowsPart, BackupError> {
    let Some(FoundFlows { mut part, files }) = found else {
        return Ok(FlowsPart::default());
    };
    let Some(found) = files else {
        return Ok(part);
    };
    let elsewhere = found.elsewhere.iter();
    let mut left_out: Vec<&Path> = elsewhere.map(PathBuf::as_path).collect();
    let mut copied = 0;
    for file in &found.files {
        // The manifest is JSON.
        let Some(name) = file.to_str() else {
            left_out.push(file);
            continue;
        };
        let name = format!("{FLOWS}/{name}");
        let (from, to) = (found.root.join(file), backup.file(&name)?);
        match copy_summed(&from, &to, &mut |_| ()) {
            Ok(sum) => {
                backup.add(name, sum);
                copied += 1;
            }
            // A flow that names a file which is not there has a mistake, and is worth keeping.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !from.exists() => {
                left_out.push(file);
            }
            // The rest is worth a lot without this file.
            Err(error) if File::open(&from).is_err() => {
                part.missing = Some(format!("{}: {error}", from.display()));
            }
            Err(error) => return Err(at(&to)(error)),
        }
    }
    for file in left_out {
        let name = file.to_string_lossy().into_owned();
        told(BackupNews::Warning(&format!(
            "a flow sends {name}, which is not beside it, or not there: it is not in the backup"
        )));
        part.elsewhere.push(name);
    }
    told(BackupNews::Done(&format!("flows: {copied} files")));
    Ok(part)
}

/// A backup inside the data directory would be lost with it, and would keep what is erased there.
fn refuse_inside(place: &Path, data_dir: &Path) -> Result<(), BackupError> {
    let data_dir = data_dir.canonicalize().map_err(at(data_dir))?;
    let absolute = std::path::absolute(place).map_err(at(place))?;
    // It may not be there yet.
    let real = absolute.ancestors().find_map(|one| one.canonicalize().ok());
    if !real.is_some_and(|real| real.starts_with(&data_dir)) {
        return Ok(());
    }
    Err(BackupError::Place(format!(
        "{} is inside DATA_DIR ({}), and would be lost with it: name a directory elsewhere, best on another disk (in Docker, on another \
         volume)",
        place.display(),
        data_dir.display()
    )))
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |about| about.len())
}

/// The time, as ISO 8601 has it.
fn now() -> String {
    let now = jiff::Timestamp::from_millisecond(Millis::now().as_i64());
    now.map_or_else(|_| String::new(), |now| now.to_string())
}
