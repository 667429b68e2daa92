//! Puts a backup back into an empty data directory, and into a Redis that has none of our keys.
//!
//! Everything is made ready in a directory inside the data directory. As long as that is there, no daemon starts. Its parts get their
//! names last, and a restore that is run again begins again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::backup::background::in_background;
use crate::backup::error::{BackupError, at, megabytes};
use crate::backup::free_space;
use crate::backup::manifest::{FLOWS, HISTORY, Manifest};
use crate::backup::news::{BackupNews, ToldNews};
use crate::backup::read_backup::ReadBackup;
use crate::backup::summed::{copy_summed, sum_of_file};
use crate::backup::unfinished::{sync, sync_directories};
use crate::clock::Millis;
use crate::data_dir::{DataDir, REDIS, RESTORING};
use crate::history::{FILE_NAME, copy};
use crate::private_dir::{NotPrivate, PrivateDir};
use crate::store::{
    Connections, PrivateRedis, RedisServer, SNAPSHOT, SnapshotServer, Store, StoreConfig,
    StoreError, end_server_left_in,
};

/// How long we wait for Redis.
const REDIS_PATIENCE: Duration = Duration::from_secs(10);

/// The end of the name of a flow's file that is not complete yet.
const HALF: &str = ".waha-sm-half";
/// Where the snapshots are read, while they are.
const READING: &str = "reading";

/// Where to put a backup.
pub struct RestoreTarget<'a> {
    /// The data directory: empty, or not there.
    pub data_dir: &'a Path,
    /// The Redis of `REDIS_URL`; `None`: a private one.
    pub redis_url: Option<String>,
    /// The prefix of our keys.
    pub prefix: String,
    /// How many bytes the private Redis may store.
    pub memory_max: u64,
    /// Whether Redis is left as it is.
    pub without_redis: bool,
    /// Where the flows go, if not into the data directory.
    pub flows: Option<PathBuf>,
}

/// A backup that was put back.
#[derive(Debug)]
pub struct RestoredBackup {
    /// What it is of.
    pub manifest: Manifest,
    /// The data directory.
    pub data_dir: PathBuf,
    /// How many keys are in Redis; `None`: it was left as it is.
    pub keys: Option<u64>,
    /// Where the flows are; `None`: the backup has none.
    pub flows: Option<PathBuf>,
}

/// Reads a backup through, and puts it back.
///
/// # Errors
/// As [`BackupError`] says. Then the data directory is as empty as before, and Redis too, unless the error is about putting its keys back.
pub async fn restore(
    backup: &ReadBackup,
    target: RestoreTarget<'_>,
    told: ToldNews<'_>,
) -> Result<RestoredBackup, BackupError> {
    backup.check_schema()?;
    let manifest = backup.manifest();
    if manifest.prefix != target.prefix {
        return Err(BackupError::Place(format!(
            "the backup was made with REDIS_PREFIX={}, and REDIS_PREFIX is {} now: set it as it was",
            manifest.prefix, target.prefix
        )));
    }
    if let Some(flows) = &target.flows {
        check_takes(flows, manifest)?;
    }
    backup.verify(told).await?;
    told(BackupNews::Done(&format!(
        "the backup is whole: {} files, {}",
        manifest.files.len(),
        megabytes(manifest.bytes())
    )));
    let data_dir = DataDir::take_for_restore(target.data_dir)?;
    let ready = RestoreRoom::begin(&data_dir, backup).await?;
    let begun = BegunRestore {
        backup,
        target: &target,
        data_dir: &data_dir,
        ready: &ready.directory,
    };
    let done = begun.run(told).await;
    if done.is_err() {
        // As empty as before.
        ready.end().await;
    }
    done
}

/// The directory in which everything is made ready.
struct RestoreRoom {
    directory: PrivateDir,
}

impl RestoreRoom {
    /// Makes it, after everything is gone that a restore left which was killed.
    async fn begin(data_dir: &DataDir, backup: &ReadBackup) -> Result<Self, BackupError> {
        let place = data_dir.path();
        let from = backup.path().canonicalize().map_err(at(backup.path()))?;
        if from.starts_with(place) {
            return Err(BackupError::Place(format!(
                "the backup {} is inside DATA_DIR ({}): move it elsewhere first",
                from.display(),
                place.display()
            )));
        }
        let directory = data_dir
            .directory()
            .make_inside(RESTORING)
            .map_err(not_private)?;
        let ready = Self { directory };
        let begun = ready.clear(place).await.and_then(|()| {
            // What is put back, and Redis' own file of it.
            free_space::check(place, backup.manifest().bytes() + redis_bytes(backup))
        });
        match begun {
            Ok(()) => Ok(ready),
            Err(error) => {
                ready.end().await;
                Err(error)
            }
        }
    }

    /// Removes what is there, also what has got its name already.
    async fn clear(&self, place: &Path) -> Result<(), BackupError> {
        self.empty().await?;
        for name in [FILE_NAME, REDIS, FLOWS] {
            remove(&place.join(name))?;
        }
        Ok(())
    }

    async fn empty(&self) -> Result<(), BackupError> {
        for name in [READING, REDIS] {
            if let Ok(directory) = self.directory.inside(name) {
                end_server_left_in(&directory).await;
            }
        }
        for entry in fs::read_dir(self.directory.path()).map_err(at(self.directory.path()))? {
            remove(&entry.map_err(at(self.directory.path()))?.path())?;
        }
        Ok(())
    }

    async fn end(self) {
        // The error that ended the restore says more than one of this.
        let _ = self.empty().await;
        let _ = fs::remove_dir(self.directory.path());
    }
}

/// The bytes of the snapshots.
fn redis_bytes(backup: &ReadBackup) -> u64 {
    let manifest = backup.manifest();
    let snapshots = manifest.redis.snapshots.iter();
    snapshots
        .filter_map(|name| manifest.files.get(name))
        .map(|sum| sum.bytes)
        .sum()
}

/// A restore that has its place.
struct BegunRestore<'a> {
    backup: &'a ReadBackup,
    target: &'a RestoreTarget<'a>,
    data_dir: &'a DataDir,
    ready: &'a PrivateDir,
}

impl BegunRestore<'_> {
    async fn run(&self, told: ToldNews<'_>) -> Result<RestoredBackup, BackupError> {
        let own = self.own_redis().await?;
        let manifest = self.backup.manifest();
        self.copy(HISTORY, self.ready.path().join(FILE_NAME), told)
            .await?;
        told(BackupNews::Done(&format!(
            "history: {}",
            megabytes(manifest.files.get(HISTORY).map_or(0, |sum| sum.bytes))
        )));
        // Before Redis: after it, nothing may fail that can be helped.
        let flows = self.flows(told).await?;
        let keys = self.redis(own, told).await?;
        if let Some(keys) = keys {
            told(BackupNews::Done(&format!("Redis: {keys} keys")));
        }
        self.finish()?;
        Ok(RestoredBackup {
            manifest: manifest.clone(),
            data_dir: self.data_dir.path().to_owned(),
            keys,
            flows,
        })
    }

    /// The Redis of `REDIS_URL`, which must have none of our keys.
    async fn own_redis(&self) -> Result<Option<Store>, BackupError> {
        let Some(url) = self.target.redis_url.clone() else {
            return Ok(None);
        };
        if self.target.without_redis || self.backup.manifest().redis.snapshots.is_empty() {
            return Ok(None);
        }
        let store = self.connect(RedisServer::Url(url)).await?;
        let found = store.any_key().await;
        match found {
            Ok(None) => Ok(Some(store)),
            Ok(Some(key)) => {
                store.close().await;
                Err(BackupError::Place(format!(
                    "the Redis of REDIS_URL is not empty: it has {key}, and perhaps more. If it is the one that waha-sm used, and it is well, add \
                     --without-redis, and only the history is put back. If nothing in it is needed any more, stop waha-sm and delete what \
                     is ours there: redis-cli --scan --pattern '{}*' | xargs -r -d '\\n' redis-cli del; or set REDIS_URL to another one",
                    self.target.prefix
                )))
            }
            Err(error) => {
                store.close().await;
                Err(error.into())
            }
        }
    }

    async fn connect(&self, server: RedisServer) -> Result<Store, StoreError> {
        let config = StoreConfig {
            server,
            prefix: self.target.prefix.clone(),
            // No conversation is opened.
            first_notice_after: Duration::ZERO.into(),
            connections: Connections::default(),
        };
        Store::connect(&config, REDIS_PATIENCE).await
    }

    /// Copies a file, which must be what it was a moment ago.
    async fn copy(&self, name: &str, to: PathBuf, told: ToldNews<'_>) -> Result<(), BackupError> {
        let from = self.backup.file(name);
        let wanted = self.backup.manifest().files.get(name);
        let all = wanted.map_or(0, |sum| sum.bytes);
        let copied = in_background(name, told, {
            let to = to.clone();
            move |told| {
                let mut done = 0;
                copy_summed(&from, &to, &mut |read| {
                    done += read;
                    told(done, all);
                })
            }
        });
        let sum = copied.await.and_then(|copied| copied).map_err(at(&to))?;
        if Some(&sum) != wanted {
            return Err(BackupError::Damaged {
                path: self.backup.path().to_owned(),
                found: vec![format!("{name} changed while it was read")],
            });
        }
        Ok(())
    }

    async fn flows(&self, told: ToldNews<'_>) -> Result<Option<PathBuf>, BackupError> {
        let manifest = self.backup.manifest();
        let below = format!("{FLOWS}/");
        let names = manifest.files.keys();
        let flows: Vec<&String> = names.filter(|name| name.starts_with(&below)).collect();
        if flows.is_empty() {
            return Ok(None);
        }
        let into = match &self.target.flows {
            Some(flows) => flows.clone(),
            None => self.ready.path().join(FLOWS),
        };
        for name in &flows {
            let to = into.join(name.strip_prefix(&below).unwrap_or(name));
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent).map_err(at(parent))?;
            }
            // Of a restore that did not get to its end.
            if !to.exists() {
                let mut half = to.clone().into_os_string();
                half.push(HALF);
                let half = PathBuf::from(half);
                remove(&half)?;
                self.copy(name, half.clone(), told).await?;
                fs::rename(&half, &to).map_err(at(&to))?;
            }
        }
        sync_directories(&into)?;
        told(BackupNews::Done(&format!("flows: {} files", flows.len())));
        Ok(Some(match &self.target.flows {
            Some(flows) => flows.clone(),
            None => self.data_dir.path().join(FLOWS),
        }))
    }

    async fn redis(
        &self,
        own: Option<Store>,
        told: ToldNews<'_>,
    ) -> Result<Option<u64>, BackupError> {
        let manifest = self.backup.manifest();
        if self.target.without_redis || manifest.redis.snapshots.is_empty() {
            return Ok(None);
        }
        if let Some(store) = own {
            let put_back = self.put_back(&store, told).await;
            store.close().await;
            return put_back.map(Some);
        }
        // It is limited again by the daemon. A restore shall not fail because it takes a little more than before.
        let limit = match self.target.memory_max {
            0 => 0,
            limit => limit.saturating_mul(2),
        };
        let private = PrivateRedis::start(self.ready, limit).await?;
        let put_back = match self
            .connect(RedisServer::Private(private.socket().clone()))
            .await
        {
            Ok(store) => {
                let put_back = self.put_back(&store, told).await;
                store.close().await;
                put_back
            }
            Err(error) => Err(error.into()),
        };
        let stopped = private.stop().await;
        let keys = put_back?;
        stopped?;
        Ok(Some(keys))
    }

    async fn put_back(&self, store: &Store, told: ToldNews<'_>) -> Result<u64, BackupError> {
        let manifest = self.backup.manifest();
        store.clear_half_restored().await?;
        store.begin_restoring(&manifest.begun_at).await?;
        let mut keys = 0;
        for name in &manifest.redis.snapshots {
            let reading = self.ready.make_inside(READING).map_err(not_private)?;
            self.copy(name, reading.path().join(SNAPSHOT), told).await?;
            let server = SnapshotServer::start(&reading).await?;
            let put_back = store
                .put_back(&server, manifest.redis.database, &mut |done, all| {
                    told(BackupNews::At {
                        step: "Redis",
                        done,
                        all,
                        bytes: false,
                    });
                })
                .await;
            server.stop().await;
            keys += put_back?;
            remove(reading.path())?;
        }
        self.join_with_history(store).await?;
        store.end_restoring().await?;
        Ok(keys)
    }

    /// The history is a little newer than the snapshot, and the processes that held something then are gone.
    async fn join_with_history(&self, store: &Store) -> Result<(), BackupError> {
        let now = Millis::now();
        let positions = copy::positions(&self.backup.file(HISTORY))?;
        for (session, position) in &positions {
            store.after_restoring(session, Some(position), now).await?;
        }
        for session in store.sessions().await? {
            if positions.iter().all(|(known, _)| *known != session) {
                store.after_restoring(&session, None, now).await?;
            }
            // At once, so that open conversations get the workers before those who wait.
            for process in store.owners(&session).await? {
                store.release(&session, &process, now).await?;
            }
        }
        for (process, _) in store.processes().await? {
            store.forget_process(&process).await?;
        }
        Ok(())
    }

    /// Gives everything its name. The directory goes last: while it is there, no daemon starts.
    fn finish(&self) -> Result<(), BackupError> {
        let (from, to) = (self.ready.path(), self.data_dir.path());
        sync_directories(from)?;
        for name in [REDIS, FLOWS, FILE_NAME] {
            if from.join(name).exists() {
                fs::rename(from.join(name), to.join(name)).map_err(at(&to.join(name)))?;
            }
        }
        sync(to)?;
        fs::remove_dir_all(from).map_err(at(from))?;
        sync(to)
    }
}

/// Removes a file or a directory. It is fine if there is none.
fn remove(path: &Path) -> Result<(), BackupError> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(path)(error)),
        _ => Ok(()),
    }
}

/// Fails unless this directory is new, or empty, or has only flows of this backup: those of a restore that did not get to its end.
fn check_takes(flows: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let found = match files_below(flows) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(at(flows)(error)),
    };
    for path in found {
        let name = path.strip_prefix(flows).unwrap_or(&path);
        if name.to_string_lossy().ends_with(HALF) {
            continue;
        }
        let wanted = name.to_str().map(|name| format!("{FLOWS}/{name}"));
        let wanted = wanted.and_then(|name| manifest.files.get(&name));
        let is_ours = wanted
            .is_some_and(|wanted| sum_of_file(&path, &mut |_| ()).is_ok_and(|sum| sum == *wanted));
        if !is_ours {
            return Err(BackupError::Place(format!(
                "{} is not empty, it has {}: name a new directory for the flows",
                flows.display(),
                name.display()
            )));
        }
    }
    Ok(())
}

fn files_below(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => found.extend(files_below(&entry.path())?),
            false => found.push(entry.path()),
        }
    }
    Ok(found)
}

fn not_private(error: NotPrivate) -> BackupError {
    BackupError::DataDir(error.into())
}
