//! The manifest of a backup: what it is of, and the sum of each file. It is JSON, for people and other programs, too.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::backup::summed::FileSum;

/// The form of a backup that this program writes. It reads no newer one.
pub(crate) const FORMAT: u32 = 1;

/// The file that makes a directory a backup.
pub(crate) const MANIFEST: &str = "manifest.json";

/// The sums once more, with that of the manifest, as `sha256sum --check` reads them.
pub(crate) const SUMS: &str = "SHA256SUMS";

/// The copy of the history.
pub(crate) const HISTORY: &str = "history.sqlite";

/// The settings, for a person to compare.
pub const SETTINGS: &str = "settings.env";

/// The directory of the flows.
pub const FLOWS: &str = "flows";

/// See the module.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// The program that made it, with its version.
    pub program: String,
    /// When it began; everything that was acknowledged before is in it.
    pub begun_at: String,
    /// When it was complete.
    pub done_at: String,
    /// The prefix of the keys (`REDIS_PREFIX`).
    pub prefix: String,
    /// The history.
    pub history: HistoryPart,
    /// Redis.
    pub redis: RedisPart,
    /// The flows.
    pub flows: FlowsPart,
    /// The files by their paths in the backup.
    pub files: BTreeMap<String, FileSum>,
}

/// What a backup has of the history.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct HistoryPart {
    /// The id of the file.
    pub id: String,
    /// The version of its schema.
    pub schema: i64,
    /// How many rows its tables have.
    pub rows: BTreeMap<String, u64>,
}

/// What a backup has of Redis: who is in line and attended, replies that are not sent, what flows remember, agents.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct RedisPart {
    /// `private`, `server`, `sentinel` or `cluster`.
    pub kind: String,
    /// Its version; empty: not known.
    pub version: String,
    /// The number of the database.
    pub database: u8,
    /// The snapshots (RDB files).
    pub snapshots: Vec<String>,
    /// Why there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

/// What a backup has of the flows.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
pub struct FlowsPart {
    /// `FLOW_FILE`, as it was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setting: Option<String>,
    /// The file in [`FLOWS`] that it named; empty: the directory itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Files that flows send from elsewhere, which are not in the backup.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<String>,
    /// Why there are none, although there should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

impl Manifest {
    /// The content of [`SUMS`], with the sum of the manifest itself.
    pub(crate) fn sums(&self, manifest: &FileSum) -> String {
        let line = |(path, sum): (&str, &FileSum)| format!("{}  {path}\n", sum.sha256);
        let files = self.files.iter().map(|(path, sum)| (path.as_str(), sum));
        files.chain([(MANIFEST, manifest)]).map(line).collect()
    }

    /// The bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files.values().map(|sum| sum.bytes).sum()
    }
}
