//! Canned replies: texts that all agents can send with a few keys.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::store::error::StoreError;
use crate::store::store::Store;

const UNREADABLE: StoreError =
    StoreError::UnexpectedAnswer("canned replies that this version of waha-sm can read");

/// A text that all agents can send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canned {
    /// The name by which agents find it.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// A canned reply as Redis stores it, under its name. New fields need a default.
#[derive(Serialize, Deserialize)]
struct StoredCanned {
    text: String,
}

impl Store {
    /// All canned replies, by name.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn canned(&self) -> Result<Vec<Canned>, StoreError> {
        let key = self.inner.keys.canned();
        let stored: HashMap<String, String> = self.inner.client.hgetall(key).await?;
        let read = stored.into_iter().map(|(name, json)| {
            let StoredCanned { text } = serde_json::from_str(&json).ok()?;
            Some(Canned { name, text })
        });
        let mut canned: Vec<Canned> = read.collect::<Option<_>>().ok_or(UNREADABLE)?;
        canned.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(canned)
    }

    /// Adds a canned reply, or replaces the one with this name.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn save_canned(&self, canned: &Canned) -> Result<(), StoreError> {
        let key = self.inner.keys.canned();
        let field = (canned.name.as_str(), json(&canned.text));
        let saved = self.inner.client.hset(key, field).await;
        saved.map(drop)
    }

    /// Deletes a canned reply. Returns whether there was one.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn delete_canned(&self, name: &str) -> Result<bool, StoreError> {
        let key = self.inner.keys.canned();
        let deleted = self.inner.client.hdel(key, [name]).await;
        deleted.map(|deleted| deleted == 1)
    }
}

fn json(text: &str) -> String {
    let stored = StoredCanned {
        text: text.to_owned(),
    };
    serde_json::to_string(&stored).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is stored only grows: every form that was ever written must be read.
    #[test]
    fn a_canned_reply_is_stored_in_this_form_and_newer_ones_are_read() {
        assert_eq!(
            json("Bom dia!\nJá vejo."),
            r#"{"text":"Bom dia!\nJá vejo."}"#
        );
        let newer: StoredCanned = serde_json::from_str(r#"{"text":"a","later":1}"#).unwrap();
        assert_eq!(newer.text, "a");
    }
}
