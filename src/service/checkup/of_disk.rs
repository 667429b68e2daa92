//! Looks at the data directory, the disk that it is on, and the history in it.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{Access, access, statfs, statvfs};

use crate::clock::Millis;
use crate::history::{FILE_NAMES, History, HistoryError, HistoryGrowth};
use crate::private_dir::{is_ours, our_user};
use crate::service::checkup::finding::Finding;

/// SQLite and Redis write their files anew when they tidy up, so they need space for more than what comes.
const FREE_MIN: u64 = 1 << 30;
/// With less, the next burst may fill the disk.
const FREE_PROBLEM: u64 = 200 << 20;
/// Each file needs one.
const INODES_MIN: u64 = 1_000;
/// Time to buy a disk, or to delete something.
const DAYS_MIN: u64 = 30;
/// The log is written back each 32 MB, and cut to 64 MB.
const WAL_MAX: u64 = 256 << 20;
/// File systems on which SQLite's locks don't work, as statfs(2) numbers them.
const NETWORKS: [(i64, &str); 4] = [
    (0x6969, "NFS"),
    (0xFF53_4D42, "CIFS"),
    (0xFE53_4D42, "SMB2"),
    (0x517B, "SMB"),
];

/// What is on the disk.
#[derive(Default)]
pub(super) struct DiskLook {
    pub(super) findings: Vec<Finding>,
    /// What is wrong with the history, or that there is none; `None`: it can be read and written.
    pub(super) history: Option<Finding>,
    /// The id of its file.
    pub(super) file: Option<String>,
    /// Otherwise another process keeps the history.
    pub(super) was_looked_at: bool,
}

/// Looks. This blocks, but not for long.
pub(super) fn look(data_dir: &Path, now: Millis) -> DiskLook {
    let mut look = DiskLook {
        was_looked_at: true,
        ..DiskLook::default()
    };
    let there = match fs::metadata(data_dir) {
        Ok(there) => there,
        // The daemon makes it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            look.history = Some(Finding::HistoryNotThere);
            return look;
        }
        Err(error) => {
            look.findings.push(unusable(data_dir, &error));
            return look;
        }
    };
    look.findings.extend(judge_owner(data_dir, &there));
    let path = data_dir.join(FILE_NAMES[0]);
    let growth = match read_history(&path, now) {
        Ok((file, growth)) => {
            look.file = Some(file);
            let may_write = [data_dir, &path].into_iter().find_map(|one| {
                let error = access(one, Access::WRITE_OK).err()?;
                Some(Finding::HistoryFails(format!("{}: {error}", one.display())))
            });
            look.history = may_write;
            Some(growth)
        }
        Err(HistoryError::Missing { .. } | HistoryError::Older { .. }) => {
            look.history = Some(Finding::HistoryNotThere);
            None
        }
        Err(error @ HistoryError::Newer { .. }) => {
            look.history = Some(Finding::HistoryNewer(error.to_string()));
            None
        }
        Err(error) => {
            look.history = Some(Finding::HistoryFails(error.to_string()));
            None
        }
    };
    if let Ok(space) = statvfs(data_dir) {
        let free = space.f_bavail.saturating_mul(space.f_frsize);
        let inodes = (space.f_files > 0).then_some(space.f_favail);
        look.findings.push(judge_space(free, inodes, growth));
    }
    if let Ok(system) = statfs(data_dir) {
        let kind = NETWORKS.iter().find(|(number, _)| *number == system.f_type);
        look.findings
            .extend(kind.map(|(_, name)| Finding::DataDirOnNetwork(name)));
    }
    let wal = fs::metadata(data_dir.join(FILE_NAMES[1])).map_or(0, |wal| wal.len());
    if wal > WAL_MAX {
        look.findings.push(Finding::WalGrows(wal));
    }
    look
}

fn read_history(path: &Path, now: Millis) -> Result<(String, HistoryGrowth), HistoryError> {
    if path.exists() && !path.is_file() {
        return Err(HistoryError::Unreachable {
            path: path.to_owned(),
            source: io::Error::other("it is no file"),
        });
    }
    let history = History::open_read_only(path)?;
    Ok((history.file_id()?, history.growth(now)?))
}

fn unusable(data_dir: &Path, error: &io::Error) -> Finding {
    Finding::DataDirUnusable(format!("{}: {error}", data_dir.display()))
}

fn judge_owner(data_dir: &Path, there: &Metadata) -> Option<Finding> {
    if !there.is_dir() {
        let error = io::Error::other("it is no directory");
        return Some(unusable(data_dir, &error));
    }
    let (owner, mode, us) = (there.uid(), there.mode() & 0o7777, our_user());
    // Root may look at the directory of another user, and Kubernetes' volumes belong to root.
    if !is_ours(owner) && us != 0 && owner != 0 {
        let error = format!("it belongs to user {owner}, and we are user {us}");
        return Some(unusable(data_dir, &io::Error::other(error)));
    }
    let open = if is_ours(owner) || us == 0 {
        0o077
    } else {
        0o007
    };
    (mode & open != 0).then(|| Finding::DataDirOpen(format!("{mode:04o}")))
}

/// `inodes`: how many files more there may be, if the file system counts them.
fn judge_space(free: u64, inodes: Option<u64>, growth: Option<HistoryGrowth>) -> Finding {
    let a_day = growth.and_then(|growth| growth.bytes_a_day);
    let days = a_day.and_then(|a_day| free.saturating_sub(FREE_PROBLEM).checked_div(a_day));
    if free < FREE_PROBLEM || inodes.is_some_and(|inodes| inodes < INODES_MIN) {
        return Finding::DiskFull { free };
    }
    match free < FREE_MIN || days.is_some_and(|days| days < DAYS_MIN) {
        true => Finding::DiskFillsUp { free, days },
        false => Finding::DiskHasSpace { free, days },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::checkup::finding::Level;

    #[test]
    fn the_space_is_judged_by_what_is_free_and_how_long_it_lasts() {
        let grows = |bytes_a_day: u64| {
            Some(HistoryGrowth {
                bytes: 1 << 30,
                bytes_a_day: Some(bytes_a_day),
            })
        };
        for (free, inodes, growth, level) in [
            (100 << 20, None, None, Level::Problem),
            (50 << 30, Some(10), None, Level::Problem),
            (500 << 20, Some(100_000), None, Level::Notice),
            (50 << 30, None, None, Level::Good),
            (50 << 30, None, grows(1 << 20), Level::Good),
            (50 << 30, None, grows(5 << 30), Level::Notice),
            (50 << 30, None, grows(40 << 30), Level::Problem),
            (50 << 30, None, grows(0), Level::Good),
        ] {
            let found = judge_space(free, inodes, growth);
            assert_eq!(found.level(), level, "{found:?}");
        }
    }
}
