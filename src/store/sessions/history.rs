//! The history stream: scripts write its entries, and the archiver reads and deletes them.

use crate::clock::Millis;
use crate::ids::SessionName;
use crate::store::error::StoreError;
use crate::store::scripts::arguments::Arguments;
use crate::store::store::Store;

/// How many entries are read at first. If all of them are as large as can be, that is an answer of 8 MB.
const ENTRIES_FIRST: u64 = 4;

/// How many are read at once after small ones, because the next may be large. With 16, the archiver falls behind.
const ENTRIES_MAX: u64 = 64;

/// More entries are not written again in one script: the archiver is behind, and takes them soon.
const REWRITTEN_MAX: i64 = 10_000;

/// A batch with this many bytes is large enough.
const BYTES_ENOUGH: usize = 1 << 20;

/// One entry of a session's stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// `ms-seq`, from Redis; ascending.
    pub stream_id: String,
    /// Names and values, as the scripts write them.
    pub fields: Vec<(String, String)>,
}

impl Store {
    /// Asks the process that keeps the history to remove what is older than `before`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn prune_history(&self, before: Millis) -> Result<(), StoreError> {
        let key = self.inner.keys.history(&SessionName::none());
        let before = before.as_i64().to_string();
        let fields = [("kind", "prune"), ("before", &before)];
        self.inner.client.xadd(key, &fields).await.map(drop)
    }

    /// Up to `count` entries after `position`, or from the beginning. Fewer if they are large: an entry has the whole of a
    /// message, which can be two megabytes.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn history(
        &self,
        session: &SessionName,
        position: Option<&str>,
        count: u64,
    ) -> Result<Vec<HistoryEntry>, StoreError> {
        let key = self.inner.keys.history(session);
        let after = |position: &str| format!("({position}");
        let mut start = position.map_or_else(|| "-".to_owned(), after);
        let mut found: Vec<HistoryEntry> = Vec::new();
        let (mut bytes, mut several) = (0, ENTRIES_FIRST);
        // Redis limits an answer only by the number of entries, so we ask for a few first.
        while bytes < BYTES_ENOUGH && (found.len() as u64) < count {
            let wanted = several.min(count - found.len() as u64);
            let entries = self.inner.client.xrange(&key, &start, wanted).await?;
            let is_last = (entries.len() as u64) < wanted;
            for (stream_id, fields) in entries {
                let fields: Vec<(String, String)> = fields.into_iter().collect();
                bytes += fields.iter().map(|(_, value)| value.len()).sum::<usize>();
                start = after(&stream_id);
                found.push(HistoryEntry { stream_id, fields });
            }
            if is_last {
                break;
            }
            several = (several * 4).min(ENTRIES_MAX);
        }
        Ok(found)
    }

    /// Whether a session has entries.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn has_history(&self, session: &SessionName) -> Result<bool, StoreError> {
        let key = self.inner.keys.history(session);
        Ok(self.inner.client.xlen(key).await? > 0)
    }

    /// Deletes the entries up to and including `position`: they are archived.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn trim_history(
        &self,
        session: &SessionName,
        position: &str,
    ) -> Result<(), StoreError> {
        let Some(after) = successor(position) else {
            return Err(StoreError::UnexpectedAnswer("a stream id"));
        };
        self.inner
            .client
            .xtrim(self.inner.keys.history(session), after)
            .await
    }

    /// Removes the bytes of entries that were trimmed. Returns false if entries are still to be archived: many, or one that erases a person.
    ///
    /// # Errors
    /// See [`StoreError`]. Repeating it is safe.
    pub async fn rewrite_history(
        &self,
        session: &SessionName,
        now: Millis,
    ) -> Result<bool, StoreError> {
        let arguments = Arguments::new().number(REWRITTEN_MAX);
        let script = &self.inner.scripts.rewrite_history;
        let rewritten = script.run(session, now, arguments).await?;
        Ok(rewritten.as_i64() == Some(1))
    }
}

fn successor(position: &str) -> Option<String> {
    let (millis, sequence) = position.split_once('-')?;
    Some(format!("{millis}-{}", sequence.parse::<u64>().ok()? + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_successor_of_a_stream_id_is_the_next_in_its_millisecond() {
        assert_eq!(
            successor("1789900801123-0").as_deref(),
            Some("1789900801123-1")
        );
        assert_eq!(successor("nonsense"), None);
    }
}
