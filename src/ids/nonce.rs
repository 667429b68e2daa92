//! A random part of an id that is otherwise made from what is stored. After a failover or a restart, Redis may have lost its last
//! writes: numbers that it counts then come a second time, for other things.

/// A new nonce: letters and digits.
#[must_use]
pub fn nonce() -> String {
    format!("{:012x}", fastrand::u64(..) >> 16)
}
