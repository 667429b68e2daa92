//! Points in time, short to write.

use waha_sm::clock::Millis;

pub(crate) const fn ms(millis: i64) -> Millis {
    Millis::new(millis)
}
