//! Checks that a webhook body was signed with our secret.
//!
//! WAHA signs the exact bytes of the body with HMAC-SHA512 and sends the signature in hex (WAHA's docs, how-to/events).
//! Neither the time nor the headers are signed, so deduplication must catch replays.

use std::fmt;

use ring::hmac;

/// The length of an HMAC-SHA512, in bytes.
const TAG_LEN: usize = 64;

/// Why a signature is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no `X-Webhook-Hmac` header.
    #[error("the X-Webhook-Hmac header is missing: does WAHA have WHATSAPP_HOOK_HMAC_KEY set?")]
    Missing,
    /// There is an `X-Webhook-Hmac-Algorithm` header that is not `sha512`.
    #[error("X-Webhook-Hmac-Algorithm is not sha512")]
    WrongAlgorithm,
    /// The signature does not have 128 digits.
    #[error("the signature in X-Webhook-Hmac does not have 128 digits")]
    WrongLength,
    /// The signature has characters that are not hex digits.
    #[error("the signature in X-Webhook-Hmac is not hexadecimal")]
    NotHex,
    /// The signature was made with another secret or for another body.
    #[error("the signature is wrong: do WAHA and waha-sm have the same secret?")]
    WrongSignature,
}

/// A signature from the headers: well-formed, but not checked yet.
#[derive(Clone, Copy)]
pub struct Signature([u8; TAG_LEN]);

impl Signature {
    /// Reads the values of the headers `X-Webhook-Hmac` and `X-Webhook-Hmac-Algorithm`. Without a signature, the caller need
    /// not read the body.
    ///
    /// # Errors
    ///
    /// [`Refused`] says what is wrong, in words for the log.
    pub fn read(
        hmac_header: Option<&[u8]>,
        algorithm_header: Option<&[u8]>,
    ) -> Result<Self, Refused> {
        // Old versions of WAHA did not name the algorithm, but always used this one.
        if algorithm_header.is_some_and(|name| !name.eq_ignore_ascii_case(b"sha512")) {
            return Err(Refused::WrongAlgorithm);
        }
        decode_hex(hmac_header.ok_or(Refused::Missing)?).map(Self)
    }
}

/// Knows the secrets and checks signatures with them.
pub struct Verifier {
    keys: Vec<hmac::Key>,
}

impl Verifier {
    /// A verifier that accepts a signature made with any of `secrets`. There are two while the owner changes the secret.
    /// Without any, it refuses everything.
    #[must_use]
    pub fn new(secrets: &[&[u8]]) -> Self {
        Self {
            keys: secrets
                .iter()
                .map(|secret| hmac::Key::new(hmac::HMAC_SHA512, secret))
                .collect(),
        }
    }

    /// Checks a signature against the raw body, in constant time.
    ///
    /// # Errors
    ///
    /// [`Refused::WrongSignature`].
    pub fn verify(&self, signature: &Signature, body: &[u8]) -> Result<(), Refused> {
        if self
            .keys
            .iter()
            .any(|key| hmac::verify(key, body, &signature.0).is_ok())
        {
            Ok(())
        } else {
            Err(Refused::WrongSignature)
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("secrets", &self.keys.len())
            .finish()
    }
}

/// The signature that WAHA would send with this body: 128 lower-case hex digits.
#[must_use]
pub fn sign(secret: &[u8], body: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, secret), body);
    tag.as_ref()
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

fn decode_hex(hex: &[u8]) -> Result<[u8; TAG_LEN], Refused> {
    if hex.len() != 2 * TAG_LEN {
        return Err(Refused::WrongLength);
    }
    let mut tag = [0; TAG_LEN];
    for (byte, pair) in tag.iter_mut().zip(hex.chunks_exact(2)) {
        *byte = hex_digit(pair[0])? << 4 | hex_digit(pair[1])?;
    }
    Ok(tag)
}

fn hex_digit(character: u8) -> Result<u8, Refused> {
    match character {
        b'0'..=b'9' => Ok(character - b'0'),
        b'a'..=b'f' => Ok(character - b'a' + 10),
        b'A'..=b'F' => Ok(character - b'A' + 10),
        _ => Err(Refused::NotHex),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"event":"message","session":"default","engine":"WEBJS"}"#;
    const KEY: &[u8] = b"my-secret-key";
    /// From WAHA's docs (how-to/events).
    const HMAC: &str = "208f8a55dde9e05519e898b10b89bf0d0b3b0fdf11fdbf09b6b90476301b98d8097c462b2b17a6ce93b6b47a136cf2e78a33a63f6752c2c1631777076153fa89";

    fn verify(hmac: Option<&str>, algorithm: Option<&str>, body: &[u8]) -> Result<(), Refused> {
        let signature = Signature::read(hmac.map(str::as_bytes), algorithm.map(str::as_bytes))?;
        Verifier::new(&[KEY]).verify(&signature, body)
    }

    #[test]
    fn the_documented_vector_is_signed_and_accepted() {
        assert_eq!(sign(KEY, BODY), HMAC);
        assert_eq!(verify(Some(HMAC), Some("sha512"), BODY), Ok(()));
        assert_eq!(verify(Some(HMAC), Some("SHA512"), BODY), Ok(()));
        assert_eq!(verify(Some(HMAC), None, BODY), Ok(()));
        assert_eq!(verify(Some(&HMAC.to_uppercase()), None, BODY), Ok(()));
    }

    #[test]
    fn each_forgery_is_refused_for_its_own_reason() {
        let short = &HMAC[..126];
        let long = format!("{HMAC}00");
        let not_hex = HMAC.replacen('2', "g", 1);
        let unicode = HMAC.replacen("20", "é", 1);
        let other = HMAC.replacen('2', "3", 1);
        for (hmac, algorithm, wanted) in [
            (None, None, Refused::Missing),
            (None, Some("sha512"), Refused::Missing),
            (Some(HMAC), Some("sha256"), Refused::WrongAlgorithm),
            (Some(HMAC), Some(""), Refused::WrongAlgorithm),
            (Some(""), None, Refused::WrongLength),
            (Some(short), None, Refused::WrongLength),
            (Some(&long), None, Refused::WrongLength),
            (Some(&not_hex), None, Refused::NotHex),
            (Some(&unicode), None, Refused::NotHex),
            (Some(&other), None, Refused::WrongSignature),
        ] {
            assert_eq!(verify(hmac, algorithm, BODY), Err(wanted), "{hmac:?}");
        }
        let mut body = BODY.to_vec();
        body.push(b'\n');
        assert_eq!(
            verify(Some(HMAC), None, &body),
            Err(Refused::WrongSignature)
        );
    }

    #[test]
    fn any_of_several_secrets_is_enough_and_none_never_is() {
        let signature = Signature::read(Some(HMAC.as_bytes()), None).unwrap();
        assert_eq!(
            Verifier::new(&[b"new", KEY]).verify(&signature, BODY),
            Ok(())
        );
        for secrets in [&[][..], &[&b"new"[..]]] {
            assert_eq!(
                Verifier::new(secrets).verify(&signature, BODY),
                Err(Refused::WrongSignature)
            );
        }
    }

    #[test]
    fn the_secret_is_not_printed() {
        let text = format!("{:?}", Verifier::new(&[KEY]));
        assert_eq!(text, "Verifier { secrets: 1 }");
    }
}
