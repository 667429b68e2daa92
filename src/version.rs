//! The version of this program, with the commit that it was built from.

/// Like `0.1.0 (030e087abcde)`; without a commit if it was built from a source archive.
pub const VERSION: &str = env!("WAHA_SM_VERSION");

/// The version alone, and the first digits of the commit, which may be empty.
pub(crate) const PARTS: (&str, &str) = (env!("CARGO_PKG_VERSION"), env!("WAHA_SM_COMMIT"));
