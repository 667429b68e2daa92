//! When a failed reply is tried again, and when it is given up.

use std::time::Duration;

use crate::clock::Millis;
use crate::service::kit::backoff;
use crate::store::Reply;

const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_LONGEST: Duration = Duration::from_secs(30);
/// A reply that could not be sent for a day is given up: by then it would confuse the customer.
const GIVE_UP_AFTER: Duration = Duration::from_secs(24 * 3600);
/// An engine may never be able to send a file, because of its content or because its URL no longer works. After this many
/// attempts (about a minute and a half) we give up on the file, and the next replies are sent.
const FILE_ATTEMPTS_MAX: u32 = 8;

/// How long to wait before the next attempt. `asked` is the delay that WAHA asked for.
pub(crate) fn delay(reply: &Reply, asked: Duration) -> Duration {
    let delay = backoff::delay(reply.attempts, RETRY_FIRST, RETRY_LONGEST);
    backoff::jittered(delay, fastrand::f64()).max(asked.min(GIVE_UP_AFTER))
}

/// Whether the reply is so old that we give up on it.
pub(crate) fn is_too_old(reply: &Reply) -> bool {
    Millis::now().since(reply.queued_at) > GIVE_UP_AFTER
}

/// Whether we give up on a file if this attempt fails too.
pub(crate) fn is_last_attempt_of_file(reply: &Reply) -> bool {
    reply.media.is_some() && reply.attempts + 1 >= FILE_ATTEMPTS_MAX
}
