//! Passwords: which are good enough, and their hashes.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use icu_normalizer::ComposingNormalizerBorrowed;

use crate::ids::AgentName;
use crate::secret::Secret;
use crate::service::accounts::random_token::random;
use crate::store::StoreError;

/// A shorter password can be guessed in spite of the delays.
pub const PASSWORD_LENGTH_MIN: usize = 10;
/// In bytes. A longer one is no password.
pub const PASSWORD_BYTES_MAX: usize = 256;

/// The memory of one hash, in KiB: 19 MiB with two passes is what OWASP advises.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Texts that many people take, long enough or not. They are compared without case and digits at the end.
const COMMON: [&str; 12] = [
    "password",
    "passw0rd",
    "senha",
    "senhasenha",
    "contrasena",
    "contraseña",
    "qwerty",
    "qwertyuiop",
    "whatsapp",
    "atendimento",
    "iloveyou",
    "brasil",
];

/// Why a password can't be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// It has too few characters.
    #[error("a password has at least {PASSWORD_LENGTH_MIN} characters")]
    TooShort,
    /// It has too many bytes.
    #[error("a password has at most {PASSWORD_BYTES_MAX} bytes")]
    TooLong,
    /// Everybody would try it: `1234567890`, the agent's name, `password2026`.
    #[error("this password is easy to guess: take a few words that do not belong together")]
    Guessable,
}

/// Whether an agent may have this password.
///
/// # Errors
/// Why not.
pub fn check(agent: &AgentName, password: &str) -> Result<(), WeakPassword> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(WeakPassword::TooLong);
    }
    if password.chars().count() < PASSWORD_LENGTH_MIN {
        return Err(WeakPassword::TooShort);
    }
    let lower = password.to_lowercase();
    let word = lower.trim_end_matches(|c: char| !c.is_alphabetic());
    let is_guessable = COMMON.contains(&word)
        || word == agent.as_str()
        || lower == agent.as_str()
        || has_few_characters(&lower)
        || is_row(&lower);
    match is_guessable {
        true => Err(WeakPassword::Guessable),
        false => Ok(()),
    }
}

/// `aaaaaaaaaa`, `1212121212`.
fn has_few_characters(text: &str) -> bool {
    let mut found = Vec::new();
    for c in text.chars() {
        if !found.contains(&c) {
            found.push(c);
        }
    }
    found.len() < 4
}

/// `1234567890`, `abcdefghij`, `9876543210`: each character is beside the one before.
fn is_row(text: &str) -> bool {
    let all: Vec<u32> = text.chars().map(u32::from).collect();
    let mut steps = all.windows(2).map(|two| two[1].abs_diff(two[0]));
    // 9 after 0 is the next key.
    steps.all(|step| matches!(step, 1 | 9))
}

/// The same password in one form: keyboards write an accent in one piece or in two.
fn in_one_form(password: &str) -> Secret {
    let normalized = ComposingNormalizerBorrowed::new_nfc().normalize(password);
    Secret::new(normalized.into_owned())
}

/// The hash of a password, as a PHC string. It takes time and memory: run it on a thread that may block.
pub(super) fn hash(password: &str) -> Result<Secret, StoreError> {
    let salt: [u8; 16] = random()?;
    let password = in_one_form(password);
    let hashed = hasher().and_then(|hasher| {
        let password = password.reveal().as_bytes();
        hasher.hash_password_with_salt(password, &salt).ok()
    });
    hashed
        .map(|hash| Secret::new(hash.to_string()))
        .ok_or_else(|| StoreError::Unusable("the password can't be hashed".to_owned()))
}

/// Whether a password has this hash. Without a hash the answer is no, after the same time. Run it on a thread that may block.
pub(super) fn has_hash(password: &str, hash: Option<&Secret>) -> bool {
    let password = in_one_form(password);
    let known = hash.and_then(|hash| PasswordHash::new(hash.reveal()).ok());
    let (Some(hasher), Some(known)) = (hasher(), &known) else {
        let mut lost = [0; 32];
        if let Some(hasher) = hasher() {
            // The result does not matter, only the time.
            let _ = hasher.hash_password_into(password.reveal().as_bytes(), &[0; 16], &mut lost);
        }
        return false;
    };
    hasher
        .verify_password(password.reveal().as_bytes(), known)
        .is_ok()
}

fn hasher() -> Option<Argon2<'static>> {
    Some(Argon2::new(
        Algorithm::Argon2id,
        Version::V0x13,
        parameters()?,
    ))
}

/// There are always some: the numbers are in the limits of the algorithm.
fn parameters() -> Option<Params> {
    Params::new(MEMORY_KIB, PASSES, LANES, None).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_for_ana(password: &str) -> Result<(), WeakPassword> {
        check(&AgentName::stored("ana.oliveira"), password)
    }

    #[test]
    fn short_long_and_common_passwords_are_refused() {
        for password in [
            "padaria verde 7",
            "correct horse battery",
            "çãoçãoção!",
            "日本語日本語の合言葉です",
        ] {
            assert_eq!(check_for_ana(password), Ok(()), "{password}");
        }
        assert_eq!(check_for_ana("curta 123"), Err(WeakPassword::TooShort));
        assert_eq!(check_for_ana(""), Err(WeakPassword::TooShort));
        assert_eq!(
            check_for_ana(&"ab c".repeat(65)),
            Err(WeakPassword::TooLong)
        );
        for password in [
            "aaaaaaaaaaaa",
            "1212121212",
            "1234567890",
            "0123456789",
            "9876543210",
            "abcdefghijk",
            "password2026",
            "Senha123456!",
            "ana.oliveira",
            "Ana.Oliveira1",
        ] {
            assert_eq!(
                check_for_ana(password),
                Err(WeakPassword::Guessable),
                "{password}"
            );
        }
    }

    #[test]
    fn a_hash_is_argon2id_with_19_mib_and_fits_only_its_password() {
        let one = hash("padaria verde").unwrap();
        assert!(
            one.reveal().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{}",
            one.reveal()
        );
        assert_ne!(one, hash("padaria verde").unwrap(), "each has its own salt");
        assert!(has_hash("padaria verde", Some(&one)));
        assert!(!has_hash("padaria Verde", Some(&one)));
        assert!(!has_hash("padaria verde", None));
        let unreadable = Secret::new("later".to_owned());
        assert!(!has_hash("padaria verde", Some(&unreadable)));
    }

    #[test]
    fn an_accent_in_two_pieces_is_the_same_accent() {
        let composed = hash("coração azul").unwrap();
        assert!(has_hash("corac\u{327}a\u{303}o azul", Some(&composed)));
    }
}
