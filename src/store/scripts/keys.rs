//! Every Redis key and channel of ours: one name, one place, with its type and what it holds.
//!
//! All keys of one script call share the session's hash tag `{s}`, so that they live in one slot of a
//! Redis Cluster and sessions spread over it. Scripts get the namespace as `KEYS[1]` and the names of its
//! parts from [`lua_names`], so that Lua and Rust can't disagree about a name.

use std::time::Duration;

use crate::ids::{ChatId, MessageId, ProcessId, SessionName};

/// What a session's namespace holds: the constant's name in Lua, and the key's name. Names that end in
/// a colon are prefixes, followed by a chat id or a message id, so those can never collide with ours.
const PARTS: &[(&str, &str)] = &[
    ("SEEN", SEEN),
    ("OURS", OURS),
    ("KNOWN", KNOWN),
    ("ALIAS", ALIAS),
    ("UNMAPPED", UNMAPPED),
    ("ADDRESS", ADDRESS),
    ("CHAT", CHAT),
    ("INBOX", INBOX),
    ("UNREAD", UNREAD),
    ("TICKET", TICKET),
    ("EPOCH", EPOCH),
    ("QUEUE", QUEUE),
    ("ACTIVE", ACTIVE),
    ("HANDOFF", HANDOFF),
    ("HANDOFF_DUE", HANDOFF_DUE),
    ("HANDOFF_UNNOTIFIED", HANDOFF_UNNOTIFIED),
    ("PHONE", PHONE),
    ("PHONE_SAID", PHONE_SAID),
    ("PHONE_BEGAN", PHONE_BEGAN),
    ("HUNG_UP", HUNG_UP),
    ("UNCLAIMED", UNCLAIMED),
    ("ANNOUNCE", ANNOUNCE),
    ("LANE", LANE),
    ("LANES", LANES),
    ("SENDING", SENDING),
    ("ATTEMPT", ATTEMPT),
    ("PAUSED", PAUSED),
    ("PROBED", PROBED),
    ("STATUS", STATUS),
    ("DEAD", DEAD),
    ("NOTIFIED", NOTIFIED),
    ("HISTORY", HISTORY),
    ("COUNTERS", COUNTERS),
];

/// STRING, expires: a message or an event that was taken already.
const SEEN: &str = "seen:";

/// STRING, expires: a message of ours by its id, which WAHA told when it took the reply.
const OURS: &str = "ours:";

/// SET of the chats that ever wrote to us; about others we record nothing but our own messages.
const KNOWN: &str = "known";

/// HASH: `@lid` -> `@c.us` of the same person, where known. All else is kept under the `@c.us`.
const ALIAS: &str = "alias";

/// ZSET: `@lid` by when (ms) WAHA is next to be asked whose it is.
const UNMAPPED: &str = "unmapped";

/// HASH: chat -> the id that its customer last wrote from, where that is the other one: replies go there.
const ADDRESS: &str = "address";

/// HASH: the open conversation of a chat, or one closed for silence that may be resumed (expires).
const CHAT: &str = "chat:";

/// LIST of inbound messages not yet consumed, JSON.
const INBOX: &str = "inbox:";

/// SET of the attended chats whose inbox holds something: who missed a bell finds them here.
const UNREAD: &str = "unread";

/// COUNTER: the last place in line given out.
const TICKET: &str = "ticket";

/// COUNTER: the last epoch or lane token given out; no two claims of a session share one.
const EPOCH: &str = "epoch";

/// ZSET: chat by ticket, of those who wait.
const QUEUE: &str = "queue";

/// HASH: chat -> process, of those being attended.
const ACTIVE: &str = "active";

/// ZSET: chat by ticket, of those who wait for a person.
const HANDOFF: &str = "handoff";

/// ZSET: chat by when (ms) it is over that it waits for a person, where the flow goes on without one.
const HANDOFF_DUE: &str = "handoff-due";

/// SET of the chats that wait for a person of which the owner is not told yet.
const HANDOFF_UNNOTIFIED: &str = "handoff-untold";

/// ZSET: chat by when (ms) it is over that the owner answers it from their own phone, if nothing more is said.
const PHONE: &str = "phone";

/// HASH: chat -> when (ms) the owner wrote last, of those.
const PHONE_SAID: &str = "phone-said";

/// STRING, expires: by the id of the message that made a chat the phone's: when (ms) it was sent, and the chat.
const PHONE_BEGAN: &str = "phone-began:";

/// STRING, expires: when (ms) the owner wrote the word that ended it.
const HUNG_UP: &str = "hung-up:";

/// LIST, expires: texts of ours that were sent, or perhaps, and whose message ids nobody told us.
const UNCLAIMED: &str = "unclaimed:";

/// ZSET: chat by when (ms) its place in line is next to be looked at.
const ANNOUNCE: &str = "announce";

/// LIST of replies not yet taken by WAHA: `n` (notice) or `r` (reply), then JSON.
const LANE: &str = "lane:";

/// ZSET: chat by when (ms) its lane is next due; lanes in a sender's hands are not in it.
const LANES: &str = "lanes";

/// HASH: chat -> process and token, of the lanes in a sender's hands.
const SENDING: &str = "sending";

/// HASH: chat -> the attempt on the first reply of its lane that is not settled: since when it is in hand (ms), the message
/// id it is sent with (`+`: none), the message id of its echo, where it is sent to; `-` where there is none.
const ATTEMPT: &str = "attempt";

/// STRING: the session can't send now; since when (ms).
const PAUSED: &str = "paused";

/// HASH: what WAHA last said of the session: `status`, and `at` by its clock (ms); and by ours (ms): `works_since` it was
/// paused, `heard` (we last made sure that we would hear a customer), `unheard` (we last would not have); `alarmed`: the
/// pause that the owner was told of.
const STATUS: &str = "status";

/// STRING, expires: somebody has just asked WAHA about the paused session, or is not to ask yet.
const PROBED: &str = "probed";

/// STRING, expires: somebody has just made sure that customers of the session are heard.
const REACHABILITY_CHECKED: &str = "listened";

/// STRING: until when (ms) the session was caught up with WAHA.
const CAUGHT_UP: &str = "caught-up";

/// STRING, expires: somebody is catching up, or has just done so.
const CATCHING_UP: &str = "catching-up";

/// STREAM, capped: replies given up on, with the reason.
const DEAD: &str = "dead";

/// STRING, expires: the owner was told of this.
const NOTIFIED: &str = "told:";

/// STREAM: entries not yet archived.
const HISTORY: &str = "history";

/// HASH: counts of replies by result, `handling` time (smoothed, ms) and by how many it was `measured`, and when (ms) the
/// last customer was `called_at`.
const COUNTERS: &str = "counters";

/// Builds the keys under one prefix (setting `REDIS_PREFIX`).
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    prefix: String,
}

impl Keys {
    pub(crate) fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
        }
    }

    /// SET of the sessions seen.
    pub(crate) fn sessions(&self) -> String {
        format!("{}sessions", self.prefix)
    }

    /// SET of the processes that may hold leases.
    pub(crate) fn processes(&self) -> String {
        format!("{}processes", self.prefix)
    }

    /// STRING, expires: heartbeat of a process that holds leases; its number of workers.
    pub(crate) fn process(&self, process: &ProcessId) -> String {
        format!("{}process:{process}", self.prefix)
    }

    /// HASH: how often workers woke within a bound of time, summed over all processes.
    pub(crate) fn wake_ups(&self) -> String {
        format!("{}wake-ups", self.prefix)
    }

    /// HASH, expires: how loading the flows anew went, by process.
    pub(crate) fn reload(&self, request: &str) -> String {
        format!("{}reload:{request}", self.prefix)
    }

    /// STRING, expires: written to see whether Redis takes a write.
    pub(crate) fn probe(&self) -> String {
        format!("{}probe", self.prefix)
    }

    /// What every key of a session begins with.
    pub(crate) fn namespace(&self, session: &SessionName) -> String {
        format!("{}{{{session}}}:", self.prefix)
    }

    fn part(&self, session: &SessionName, part: &str) -> String {
        format!("{}{{{session}}}:{part}", self.prefix)
    }

    pub(crate) fn chat(&self, session: &SessionName, chat: &ChatId) -> String {
        self.part(session, CHAT) + chat.as_str()
    }

    pub(crate) fn unread(&self, session: &SessionName) -> String {
        self.part(session, UNREAD)
    }

    pub(crate) fn queue(&self, session: &SessionName) -> String {
        self.part(session, QUEUE)
    }

    pub(crate) fn active(&self, session: &SessionName) -> String {
        self.part(session, ACTIVE)
    }

    pub(crate) fn handoff(&self, session: &SessionName) -> String {
        self.part(session, HANDOFF)
    }

    pub(crate) fn handoff_unnotified(&self, session: &SessionName) -> String {
        self.part(session, HANDOFF_UNNOTIFIED)
    }

    pub(crate) fn inbox(&self, session: &SessionName, chat: &ChatId) -> String {
        self.part(session, INBOX) + chat.as_str()
    }

    pub(crate) fn phone(&self, session: &SessionName) -> String {
        self.part(session, PHONE)
    }

    pub(crate) fn announce(&self, session: &SessionName) -> String {
        self.part(session, ANNOUNCE)
    }

    pub(crate) fn lane(&self, session: &SessionName, chat: &ChatId) -> String {
        self.part(session, LANE) + chat.as_str()
    }

    pub(crate) fn lanes(&self, session: &SessionName) -> String {
        self.part(session, LANES)
    }

    pub(crate) fn sending(&self, session: &SessionName) -> String {
        self.part(session, SENDING)
    }

    pub(crate) fn paused(&self, session: &SessionName) -> String {
        self.part(session, PAUSED)
    }

    pub(crate) fn status(&self, session: &SessionName) -> String {
        self.part(session, STATUS)
    }

    pub(crate) fn reachability_checked(&self, session: &SessionName) -> String {
        self.part(session, REACHABILITY_CHECKED)
    }

    pub(crate) fn probed(&self, session: &SessionName) -> String {
        self.part(session, PROBED)
    }

    pub(crate) fn attempt(&self, session: &SessionName) -> String {
        self.part(session, ATTEMPT)
    }

    pub(crate) fn ours(&self, session: &SessionName, message: &MessageId) -> String {
        self.part(session, OURS) + message.as_str()
    }

    pub(crate) fn notified(&self, session: &SessionName, once: &str) -> String {
        self.part(session, NOTIFIED) + once
    }

    pub(crate) fn alias(&self, session: &SessionName) -> String {
        self.part(session, ALIAS)
    }

    pub(crate) fn unmapped(&self, session: &SessionName) -> String {
        self.part(session, UNMAPPED)
    }

    pub(crate) fn caught_up(&self, session: &SessionName) -> String {
        self.part(session, CAUGHT_UP)
    }

    pub(crate) fn catching_up(&self, session: &SessionName) -> String {
        self.part(session, CATCHING_UP)
    }

    pub(crate) fn dead(&self, session: &SessionName) -> String {
        self.part(session, DEAD)
    }

    pub(crate) fn history(&self, session: &SessionName) -> String {
        self.part(session, HISTORY)
    }

    pub(crate) fn counters(&self, session: &SessionName) -> String {
        self.part(session, COUNTERS)
    }

    /// What every Pub/Sub channel of ours begins with.
    pub(crate) fn bell(&self) -> String {
        format!("{}bell:", self.prefix)
    }
}

/// The Lua lines that name the keys which `source` mentions, from the namespace in `KEYS[1]`.
pub(crate) fn lua_names(source: &str) -> String {
    let mentioned = |name: &str| {
        source
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .any(|word| word == name)
    };
    PARTS
        .iter()
        .filter(|(name, _)| mentioned(name))
        .map(|(name, part)| format!("local {name} = KEYS[1] .. '{part}'\n"))
        .collect()
}

/// How long a message is known that was taken already. Longer than WAHA retries by default even with exponential delays
/// (15 attempts: about 36 h).
pub const SEEN_TTL: Duration = Duration::from_secs(48 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_a_session_share_its_hash_tag() {
        let keys = Keys::new("waha-sm:");
        let session = SessionName::stored("default");
        assert_eq!(
            keys.chat(&session, &ChatId::stored("551@c.us")),
            "waha-sm:{default}:chat:551@c.us"
        );
        assert_eq!(keys.namespace(&session), "waha-sm:{default}:");
    }

    #[test]
    fn no_two_parts_share_a_name_and_scripts_get_only_those_they_mention() {
        let mut names: Vec<_> = PARTS.iter().map(|(_, part)| part).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), PARTS.len());
        assert_eq!(
            lua_names("redis.call('GET', LANES)"),
            "local LANES = KEYS[1] .. 'lanes'\n"
        );
    }
}
