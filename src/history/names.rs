//! The WhatsApp names of customers. A search for a name ignores accents and case, which SQLite can't do by itself.

use icu_normalizer::{DecomposingNormalizer, DecomposingNormalizerBorrowed};
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, params};

use crate::ids::{ChatId, SessionName};

/// Separates letters from their accents.
const PLAIN: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizer::new_nfkd();

/// The name without accents and case, as two names are compared.
pub(super) fn folded(name: &str) -> String {
    let letters = PLAIN.normalize_iter(name.chars());
    letters
        .filter(|c| !matches!(c, '\u{300}'..='\u{36f}'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Teaches a connection the SQL function `folded(name)`.
pub(super) fn teach_folding(db: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    db.create_scalar_function("folded", 1, flags, |call| {
        Ok(folded(call.get_raw(0).as_str().unwrap_or_default()))
    })
}

/// A customer wrote under this name.
pub(super) fn store(
    db: &Connection,
    session: &SessionName,
    chat: &ChatId,
    name: &str,
) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO customer_name (session, chat, name) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    )?
    .execute(params![session, chat, name])?;
    Ok(())
}

/// The names of `lid` are those of `chat`.
pub(super) fn move_all(
    db: &Connection,
    session: &SessionName,
    lid: &ChatId,
    chat: &ChatId,
) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO customer_name SELECT session, ?3, name FROM customer_name
         WHERE session = ?1 AND chat = ?2 ON CONFLICT DO NOTHING",
    )?
    .execute(params![session, lid, chat])?;
    db.prepare_cached("DELETE FROM customer_name WHERE session = ?1 AND chat = ?2")?
        .execute(params![session, lid])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::folded;

    #[test]
    fn accents_and_case_do_not_matter_in_any_spelling() {
        for (name, plain) in [
            ("José Conceição", "jose conceicao"),
            ("JOSE\u{301}", "jose"),
            ("Ｍａｒｉａ", "maria"),
            ("Ana 🌻", "ana 🌻"),
            ("", ""),
        ] {
            assert_eq!(folded(name), plain, "{name}");
        }
    }
}
