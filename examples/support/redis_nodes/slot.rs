//! The slot of a Redis Cluster that a key, or a session of ours, belongs to.

/// How many slots a cluster has.
pub(crate) const SLOTS: u16 = 16_384;

/// The slot of all keys of a session: they share its name as their hash tag.
pub(crate) fn of_session(session: &str) -> u16 {
    crc16(session.as_bytes()) % SLOTS
}

/// A session whose keys are in one of these slots: `shop-0`, or the first name after it that fits.
pub(crate) fn session_in(slots: std::ops::Range<u16>) -> String {
    let mut number = 0;
    loop {
        let session = format!("shop-{number}");
        if slots.contains(&of_session(&session)) {
            return session;
        }
        number += 1;
    }
}

/// CRC-16/XMODEM, as Redis computes it.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| match crc & 0x8000 {
            0 => crc << 1,
            _ => (crc << 1) ^ 0x1021,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_redis() {
        // From the specification of Redis Cluster, and from `CLUSTER KEYSLOT`.
        assert_eq!(crc16(b"123456789"), 0x31c3);
        assert_eq!(of_session("foo"), 12_182);
        assert_eq!(session_in(0..SLOTS), "shop-0");
    }
}
