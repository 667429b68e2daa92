//! When a reply that could not be sent is tried again, and when it is given up.

use std::time::Duration;

use crate::clock;
use crate::service::kit::backoff;
use crate::store::Reply;

const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_LONGEST: Duration = Duration::from_secs(30);
/// A reply that could not be sent for so long is given up: a customer of yesterday would be confused by it.
const GIVE_UP_AFTER: Duration = Duration::from_secs(24 * 3600);
/// An engine may fail at a file for ever, for what is in it or because nobody has it at its address any more. Then the
/// chat goes on without it, after about a minute and a half.
const FILE_ATTEMPTS_MAX: u32 = 8;

/// How long to wait before the next attempt; `asked` is how long WAHA asks us to wait.
pub(crate) fn delay(reply: &Reply, asked: Duration) -> Duration {
    let delay = backoff::delay(reply.attempts, RETRY_FIRST, RETRY_LONGEST);
    backoff::jittered(delay, fastrand::f64()).max(asked.min(GIVE_UP_AFTER))
}

/// Whether it has waited so long that it is given up.
pub(crate) fn is_too_old(reply: &Reply) -> bool {
    clock::now() - reply.queued_at > clock::millis(GIVE_UP_AFTER)
}

/// Whether a file has failed so often that the chat goes on without it.
pub(crate) fn is_last_attempt_of_file(reply: &Reply) -> bool {
    reply.media.is_some() && reply.attempts + 1 >= FILE_ATTEMPTS_MAX
}
