//! Canned replies: all agents can send them, and owners change them.

use crate::service::accounts::accounts::Accounts;
use crate::store::{Agent, Canned, StoreError};

/// How many there may be.
const CANNED_MAX: usize = 200;
/// The longest name, in characters.
const NAME_MAX: usize = 40;
/// The longest text, in characters.
const TEXT_MAX: usize = 4096;

/// Why a canned reply is not saved or deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannedRefusal {
    /// An attendant tried it.
    #[error("only an owner changes canned replies")]
    NotAnOwner,
    /// It can't be found by this name.
    #[error("a name has 1 to {NAME_MAX} characters in one line and does not begin with `/`")]
    Name,
    /// It can't be sent.
    #[error("a text has 1 to {TEXT_MAX} characters")]
    Text,
    /// There are many already.
    #[error("there are at most {CANNED_MAX} canned replies: delete some first")]
    TooMany,
}

impl Accounts {
    /// All canned replies, by name.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn canned(&self) -> Result<Vec<Canned>, StoreError> {
        self.store.canned().await
    }

    /// Adds a canned reply, or replaces the one with this name.
    ///
    /// # Errors
    /// See [`StoreError`]. The inner error says why it is not saved.
    pub async fn save_canned(
        &self,
        by: &Agent,
        name: &str,
        text: &str,
    ) -> Result<Result<(), CannedRefusal>, StoreError> {
        let canned = match checked(by, name, text) {
            Ok(canned) => canned,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let all = self.store.canned().await?;
        // Two owners at once may save one more; that does no harm.
        if all.len() >= CANNED_MAX && !all.iter().any(|one| one.name == canned.name) {
            return Ok(Err(CannedRefusal::TooMany));
        }
        self.store.save_canned(&canned).await.map(Ok)
    }

    /// Deletes a canned reply. Returns whether there was one.
    ///
    /// # Errors
    /// See [`StoreError`]. The inner error says why it is not deleted.
    pub async fn delete_canned(
        &self,
        by: &Agent,
        name: &str,
    ) -> Result<Result<bool, CannedRefusal>, StoreError> {
        if !by.may_steer() {
            return Ok(Err(CannedRefusal::NotAnOwner));
        }
        self.store.delete_canned(name.trim()).await.map(Ok)
    }
}

fn checked(by: &Agent, name: &str, text: &str) -> Result<Canned, CannedRefusal> {
    if !by.may_steer() {
        return Err(CannedRefusal::NotAnOwner);
    }
    let (name, text) = (name.trim(), text.trim().replace("\r\n", "\n"));
    let fits = |text: &str, max| (1..=max).contains(&text.chars().count());
    if !fits(name, NAME_MAX) || name.starts_with('/') || name.chars().any(char::is_control) {
        return Err(CannedRefusal::Name);
    }
    let is_unseen = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !fits(&text, TEXT_MAX) || text.chars().any(is_unseen) {
        return Err(CannedRefusal::Text);
    }
    Ok(Canned {
        name: name.to_owned(),
        text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::AgentName;

    #[test]
    fn only_an_owner_saves_what_can_be_found_and_sent() {
        let owner = Agent::new(AgentName::owner());
        let check = |name: &str, text: &str| checked(&owner, name, text);
        assert_eq!(
            check(" preço ", " Bom dia!\r\nCusta 10. "),
            Ok(Canned {
                name: "preço".into(),
                text: "Bom dia!\nCusta 10.".into()
            })
        );
        let longest = "a".repeat(NAME_MAX + 1);
        for name in ["", " ", "/preço", "a\nb", &longest] {
            assert_eq!(check(name, "a"), Err(CannedRefusal::Name), "{name:?}");
        }
        let longest = "é".repeat(TEXT_MAX);
        assert!(check("a", &longest).is_ok());
        for text in ["", "\n", "a\u{1b}[31m", &format!("{longest}é")] {
            assert_eq!(check("a", text), Err(CannedRefusal::Text), "{text:?}");
        }
        let ana = Agent::new(AgentName::stored("ana"));
        assert_eq!(checked(&ana, "a", "a"), Err(CannedRefusal::NotAnOwner));
    }
}
