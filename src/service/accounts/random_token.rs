//! A random token: a text that proves something because nobody can guess it. We keep only its hash.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::store::StoreError;

/// 256 bits.
const BYTES: usize = 32;
/// No token of ours is longer; others need not be hashed.
const LENGTH_MAX: usize = 128;

/// A new token, which a link and a header can hold as it is.
///
/// # Errors
/// If the system gives no random numbers.
pub fn new_token() -> Result<String, StoreError> {
    random().map(|bytes: [u8; BYTES]| URL_SAFE_NO_PAD.encode(bytes))
}

/// What Redis keeps of a token: its SHA-256 as hexadecimal digits. Somebody who reads Redis can't log in with it. There is no
/// salt, because nobody can list all random texts.
#[must_use]
pub fn hash_of(token: &str) -> Option<String> {
    if token.is_empty() || token.len() > LENGTH_MAX {
        return None;
    }
    let hash = digest(&SHA256, token.as_bytes());
    Some(
        hash.as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
    )
}

/// Whether two texts are the same, in a time that does not show how much of them is.
pub(super) fn are_same(one: &str, other: &str) -> bool {
    // `ring` compares codes this way; the key does not matter.
    let key = hmac::Key::new(hmac::HMAC_SHA256, &[]);
    let code = hmac::sign(&key, one.as_bytes());
    hmac::verify(&key, other.as_bytes(), code.as_ref()).is_ok()
}

/// Random bytes.
pub(super) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| StoreError::Unusable("the system gives no random numbers".to_owned()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_long_new_each_time_and_fits_into_a_link() {
        let (one, other) = (new_token().unwrap(), new_token().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.len(), 43);
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        assert!(one.chars().all(fits), "{one}");
    }

    #[test]
    fn only_the_same_text_is_the_same() {
        assert!(are_same("", "") && are_same("2bb8", "2bb8"));
        assert!(!are_same("2bb8", "2bb9") && !are_same("2bb8", "2bb") && !are_same("2bb8", ""));
    }

    #[test]
    fn the_hash_is_sha_256_and_only_of_texts_that_may_be_tokens() {
        assert_eq!(
            hash_of("abc").unwrap(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(hash_of(""), None);
        assert_eq!(hash_of(&"a".repeat(LENGTH_MAX + 1)), None);
    }
}
