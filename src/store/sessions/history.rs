//! The history stream: scripts write its entries, and the archiver reads and deletes them.

use fred::interfaces::StreamsInterface;
use fred::types::streams::XReadValue;

use crate::ids::SessionName;
use crate::store::error::StoreError;
use crate::store::store::Store;

/// One entry of a session's stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// `ms-seq`, from Redis; ascending.
    pub stream_id: String,
    /// Names and values, as the scripts write them.
    pub fields: Vec<(String, String)>,
}

impl Store {
    /// Up to `count` entries after `position`, or from the beginning.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn history(
        &self,
        session: &SessionName,
        position: Option<&str>,
        count: u64,
    ) -> Result<Vec<HistoryEntry>, StoreError> {
        self.connected()?;
        let start = position.map_or_else(|| "-".to_owned(), |position| format!("({position}"));
        let key = self.inner.keys.history(session);
        let entries: Vec<XReadValue<String, String, String>> = self
            .inner
            .client
            .xrange_values(key, start, "+", Some(count))
            .await?;
        Ok(entries
            .into_iter()
            .map(|(stream_id, fields)| HistoryEntry {
                stream_id,
                fields: fields.into_iter().collect(),
            })
            .collect())
    }

    /// Whether a session has entries.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn has_history(&self, session: &SessionName) -> Result<bool, StoreError> {
        self.connected()?;
        let key = self.inner.keys.history(session);
        Ok(self.inner.client.xlen::<u64, _>(key).await? > 0)
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
        self.connected()?;
        let Some(after) = successor(position) else {
            return Err(StoreError::UnexpectedAnswer("a stream id"));
        };
        let _: i64 = self
            .inner
            .client
            .xtrim(self.inner.keys.history(session), ("MINID", "=", after))
            .await
            .map_err(|error| self.write_error(error))?;
        Ok(())
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
