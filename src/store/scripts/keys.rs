//! Every Redis key and channel of ours, with its type and content. Only this file names them.
//!
//! All keys of one script call share the session's hash tag `{s}`, so they are in one slot of a Redis Cluster, and the
//! sessions spread over the Cluster. Scripts get the namespace as `KEYS[1]`, and the names of its keys from [`lua_names`],
//! so that Lua and Rust can't disagree about a name.

use std::collections::HashSet;
use std::time::Duration;

use crate::ids::{AgentName, ChatId, MessageId, ProcessId, SessionName};

/// The keys of a session: the name of the constant in Lua, and the name of the key. A name that ends in a colon is a
/// prefix, and an id follows, so that no id can collide with our names.
const KEY_NAMES: &[(&str, &str)] = &[
    ("SEEN", SEEN),
    ("CHANGES_AHEAD", CHANGES_AHEAD),
    ("SENT_IDS", SENT_IDS),
    ("KNOWN", KNOWN),
    ("PHONE_ID_OF", PHONE_ID_OF),
    ("LIDS_TO_ASK", LIDS_TO_ASK),
    ("ADDRESS", ADDRESS),
    ("CHAT", CHAT),
    ("INBOX", INBOX),
    ("INBOX_BYTES", INBOX_BYTES),
    ("UNREAD", UNREAD),
    ("UNSEEN", UNSEEN),
    ("HEARD_UNTIL", HEARD_UNTIL),
    ("TICKET", TICKET),
    ("EPOCH", EPOCH),
    ("QUEUE", QUEUE),
    ("ACTIVE", ACTIVE),
    ("HANDOFF", HANDOFF),
    ("HANDOFF_TO", HANDOFF_TO),
    ("TEAMS", TEAMS),
    ("HELD", HELD),
    ("HELD_SINCE", HELD_SINCE),
    ("LINE_PAUSED", LINE_PAUSED),
    ("CONTACT", CONTACT),
    ("RATING", RATING),
    ("ACTION", ACTION),
    ("HANDOFF_DUE", HANDOFF_DUE),
    ("HANDOFF_UNNOTIFIED", HANDOFF_UNNOTIFIED),
    ("TAKEOVER_UNTIL", TAKEOVER_UNTIL),
    ("OWNER_WROTE_AT", OWNER_WROTE_AT),
    ("OWNER_LAST_WROTE", OWNER_LAST_WROTE),
    ("TAKEOVER_BEGAN_BY", TAKEOVER_BEGAN_BY),
    ("TAKEOVER_ENDED_AT", TAKEOVER_ENDED_AT),
    ("EXPECTED_ECHOES", EXPECTED_ECHOES),
    ("PACE", PACE),
    ("LEFT_ALONE", LEFT_ALONE),
    ("LEFT_ALONE_UNNOTIFIED", LEFT_ALONE_UNNOTIFIED),
    ("LOOK_AT", LOOK_AT),
    ("PUT_OFF", PUT_OFF),
    ("NOTICES", NOTICES),
    ("LANE", LANE),
    ("LANES", LANES),
    ("SENDING", SENDING),
    ("ATTEMPT", ATTEMPT),
    ("PAUSED", PAUSED),
    ("STATUS_ASKED", STATUS_ASKED),
    ("STATUS", STATUS),
    ("DEAD", DEAD),
    ("NOTIFIED", NOTIFIED),
    ("HISTORY", HISTORY),
    ("COUNTERS", COUNTERS),
    ("SERVER", SERVER),
];

/// STRING, expires: a message or an event that we already have. `seen:in:` and `seen:out:` are messages that had their turn,
/// and `seen:kept:` those that are only recorded: these name the parts of the content that we have, and the chat, one line for each
/// chat. Others are 1.
const SEEN: &str = "seen:";

/// HASH, expires: message id -> how it was edited or withdrawn before it came, JSON, of the messages of a chat.
const CHANGES_AHEAD: &str = "changes-ahead:";

/// STRING, expires: a message of ours, by the id that WAHA returned when it took the reply: the chat (`1`: the version before
/// did not note it).
const SENT_IDS: &str = "ours:";

/// SET of the chats that we know: a conversation was opened there, or `record` stored a message. Other events are recorded
/// only in these chats.
const KNOWN: &str = "known";

/// HASH: `@lid` -> `@c.us` of the same person, if known. Everything else is then kept under the `@c.us`.
const PHONE_ID_OF: &str = "alias";

/// ZSET: `@lid` by when (ms) to ask WAHA next for its `@c.us`.
const LIDS_TO_ASK: &str = "unmapped";

/// HASH: chat -> the id that its person last wrote from, if it is another id of theirs: replies go there.
const ADDRESS: &str = "address";

/// HASH: the open conversation of a chat, or one closed for silence that may be resumed (expires). `delivery`: what became of
/// its last reply, and when (ms): `delivered` or `given_up`, then the time; empty after a step with new replies.
const CHAT: &str = "chat:";

/// LIST of the inbound messages that are not consumed yet, JSON. Those that were edited or withdrawn meanwhile begin with that.
const INBOX: &str = "inbox:";

/// HASH: chat -> how many bytes its inbox has, unless that is one small message; `total`: those of all these chats.
const INBOX_BYTES: &str = "inbox-bytes";

/// SET of the active chats whose inbox has messages: a process that missed a bell finds them here.
const UNREAD: &str = "unread";

/// ZSET, expires: the customer's messages that are not marked as seen yet, as serialised ids, by when (ms) they arrived.
const UNSEEN: &str = "unseen:";

/// STRING, expires: when (ms) the newest message was sent that was heard in a chat, of chats whose conversation has closed.
const HEARD_UNTIL: &str = "heard-until:";

/// COUNTER: the last ticket.
const TICKET: &str = "ticket";

/// COUNTER: of epochs and lane tokens; with the time they are unique, see `new_epoch`.
const EPOCH: &str = "epoch";

/// ZSET: chat by place, of the conversations that wait for a worker. The place is the ticket, if it was not moved.
const QUEUE: &str = "queue";

/// HASH: chat -> process, of the conversations that a worker has.
const ACTIVE: &str = "active";

/// ZSET: chat by place, of the conversations that wait for a person of no team in particular. The place is the ticket; urgent
/// conversations stand before the others, and one that was moved has a place of its own.
const HANDOFF: &str = "handoff";

/// ZSET: the same, of those who wait for a person of a team.
const HANDOFF_TO: &str = "handoff:";

/// SET of the teams that ever had a line.
const TEAMS: &str = "teams";

/// HASH: chat -> the agent who holds its conversation, and the team in whose line it waited, after a space (nothing: no team).
const HELD: &str = "held";

/// ZSET: chat by since when (ms) its customer waits for an answer of the agent who holds the conversation. Those whose
/// agent has answered are not in it.
const HELD_SINCE: &str = "held-since";

/// HASH: team (`` = the whole session) -> since when (ms) its line is paused, by whom, and the words for customers, JSON.
const LINE_PAUSED: &str = "line-paused";

/// HASH, expires: what we know of a customer who may come back: `known` (what the flow remembers, JSON), `last_at` (when (ms)
/// their last conversation ended) and `last_outcome`.
const CONTACT: &str = "contact:";

/// STRING, expires: the conversation that a customer was asked to rate, and `rated` after a space once they have.
const RATING: &str = "rating:";

/// STRING, expires: the answer to an action of an agent, JSON, by the action's id: repeating it does nothing.
const ACTION: &str = "action:";

/// ZSET: chat by when (ms) its wait for a person ends, if the flow then continues without one.
const HANDOFF_DUE: &str = "handoff-due";

/// SET of the chats that wait for a person and have not been reported to the owner yet.
const HANDOFF_UNNOTIFIED: &str = "handoff-untold";

/// ZSET: chat by when (ms) the owner's takeover ends if nothing more is written.
const TAKEOVER_UNTIL: &str = "phone";

/// HASH: chat -> when (ms) the owner last wrote, of the same chats.
const OWNER_WROTE_AT: &str = "phone-said";

/// STRING, expires: when (ms) the owner last wrote in a chat, taken over or not.
const OWNER_LAST_WROTE: &str = "owner-wrote:";

/// STRING, expires: by the id of the message that began a takeover: when (ms) it was sent, and the chat.
const TAKEOVER_BEGAN_BY: &str = "phone-began:";

/// STRING, expires: when (ms) the owner wrote the word that ended the takeover.
const TAKEOVER_ENDED_AT: &str = "hung-up:";

/// LIST, expires: the contents of replies that were sent, or perhaps sent, and whose message ids we don't know.
const EXPECTED_ECHOES: &str = "unclaimed:";

/// HASH, expires an hour after it was made: `conversations` and `replies` (how many in this hour), `sent_at` (when (ms) a reply
/// was last sent that the customer has not answered), `answer` (the words of their last answer), and `machine` (how many
/// answers in a row look as if a machine wrote them).
const PACE: &str = "pace:";

/// STRING, expires: since and until when (ms) the bot leaves this chat alone.
const LEFT_ALONE: &str = "left-alone:";

/// HASH: chat -> what the owner must be told about it, JSON, of the chats that the bot leaves alone and that have not been
/// reported to the owner yet.
const LEFT_ALONE_UNNOTIFIED: &str = "left-alone-untold";

/// ZSET: chat by when (ms) the announcer looks at it next. `*`: when it is the turn of those who are put off.
const LOOK_AT: &str = "announce";

/// ZSET, by the line: chat by place, of those in the line who may be due for a notice and wait for their turn.
const PUT_OFF: &str = "put-off:";

/// ZSET, expires: the notices that count against what the session may send in a minute: the id of the reply, by when (ms) it was last
/// on its way.
const NOTICES: &str = "notices";

/// LIST of the replies that WAHA has not taken yet: `n` (notice), `r` (the bot's reply) or `a` (an agent's), then JSON.
const LANE: &str = "lane:";

/// ZSET: chat by when (ms) its lane is due next; lanes that a sender holds are not in it.
const LANES: &str = "lanes";

/// HASH: chat -> process and token, of the lanes that a sender holds.
const SENDING: &str = "sending";

/// HASH: chat -> the unsettled attempt on the first reply of its lane: since when (ms) a sender has it, the message id that
/// it is sent with (`+`: none), the message id of its echo, and the id that it is sent to; `-` if there is none yet.
const ATTEMPT: &str = "attempt";

/// STRING: since when (ms) the session is paused.
const PAUSED: &str = "paused";

/// HASH: what WAHA last said about the session: `status`, and when (`at`, ms, by its clock). By our clock (ms):
/// `status_since` (when it began to say this), `status_before` (its word before), `counts_from` (from when the pause counts for the silence of customers),
/// `works_since` (the end of the last pause that counted), `heard` (when we last checked whether customers can reach us), `unheard`
/// (when they last could not), `alarmed` (the beginning of the pause that the owner was notified of), `spread_notices` (the first
/// notices after the pause do not leave at once).
const STATUS: &str = "status";

/// STRING, expires: a process has just asked WAHA about the paused session, or must not ask yet.
const STATUS_ASKED: &str = "probed";

/// STRING: until when (ms) the session is caught up with WAHA.
const CAUGHT_UP: &str = "caught-up";

/// STRING, expires: a process is catching up, or has just done so.
const CATCHING_UP: &str = "catching-up";

/// STREAM, capped: dead letters, with the reason.
const DEAD: &str = "dead";

/// STRING, expires: the owner was notified of this.
const NOTIFIED: &str = "told:";

/// STREAM: history entries that are not archived yet.
const HISTORY: &str = "history";

/// HASH: counts of replies and calls by result, of closed conversations and of messages that were caught up; `handling`
/// (the smoothed handling time, ms), `measured` (from how many conversations), and `called_at` (when (ms) workers last
/// claimed a conversation). The same three of those who waited for a person of a team, with a colon and the team (nothing: no
/// team), and `urgent:` (the share of them that was urgent, smoothed). `parallel:` and an agent: how many conversations they hold at
/// once while others wait, smoothed; these two in thousandths. `took_at:` and an agent: when (ms) they last took somebody from a line.
const COUNTERS: &str = "counters";

/// Never exists, see [`Keys::of_scripts`].
const ANCHOR: &str = "anchor";

/// HASH: the server that has the session: `id` (`run_id` in its INFO), `changed_at` (when (ms) it was first seen to be another one than
/// before; 0: not known), `untold` (the processes must be told that it is another one), `doubt_until` (a message of ours that was sent
/// before (ms) may be a reply that Redis forgot), and `back:` and a process: it has written back what it sent lately.
const SERVER: &str = "server";

/// Hash tags whose slots are in the middle of each seventh of all slots.
const HEARTBEAT_TAGS: [u16; 7] = [29, 501, 372, 716, 792, 551, 338];

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

    /// SET of the sessions seen so far.
    pub(crate) fn sessions(&self) -> String {
        format!("{}sessions", self.prefix)
    }

    /// ZSET: session by when (ms) something last happened in it or was found open, of the sessions that agents poll.
    pub(crate) fn busy_sessions(&self) -> String {
        format!("{}sessions-busy", self.prefix)
    }

    /// ZSET: session by when (ms) something last happened in it.
    pub(crate) fn sessions_seen(&self) -> String {
        format!("{}sessions-seen", self.prefix)
    }

    /// STRING, expires: a process is looking for sessions that are idle, or for all of them.
    pub(crate) fn looking_at_sessions(&self, what: &str) -> String {
        format!("{}sessions-looked-at:{what}", self.prefix)
    }

    /// HASH: which process keeps the history, by `file` (the id of the history's file, for good), `process`, `place` (where only one
    /// process can be), `label` (the process in words) and `until` (ms, by the clock of Redis: until when it keeps it).
    pub(crate) fn history_keeper(&self) -> String {
        format!("{}history-keeper", self.prefix)
    }

    /// SET of the processes that may hold leases.
    pub(crate) fn processes(&self) -> String {
        format!("{}processes", self.prefix)
    }

    /// STRING, expires: the heartbeat of a process that holds leases; the value is its number of workers.
    pub(crate) fn process(&self, process: &ProcessId) -> String {
        format!("{}process:{process}", self.prefix)
    }

    /// The same, of a process in a Cluster: one key in each seventh of the slots, so that most of them are left if a node is away.
    pub(crate) fn process_in_cluster(&self, process: &ProcessId) -> Vec<String> {
        let key = |tag| format!("{}process:{process}:{{{tag}}}", self.prefix);
        HEARTBEAT_TAGS.map(key).into()
    }

    /// HASH: how many messages workers picked up within each time bound, over all processes.
    pub(crate) fn pickup_latency(&self) -> String {
        format!("{}wake-ups", self.prefix)
    }

    /// HASH, expires: the result of a reload, by process.
    pub(crate) fn reload(&self, request: &str) -> String {
        format!("{}reload:{request}", self.prefix)
    }

    /// STRING, expires: whether a process can use WAHA, JSON.
    pub(crate) fn waha(&self, process: &ProcessId) -> String {
        format!("{}waha:{process}", self.prefix)
    }

    /// HASH: the agents (the people who answer customers): name -> JSON, see `agents/agent`.
    pub(crate) fn agents(&self) -> String {
        format!("{}agents", self.prefix)
    }

    /// ZSET: agent by when (ms) they were last seen at work.
    pub(crate) fn agents_seen(&self) -> String {
        format!("{}agents-seen", self.prefix)
    }

    /// HASH: agent -> their account for the console, JSON, see `accounts/account`.
    pub(crate) fn accounts(&self) -> String {
        format!("{}accounts", self.prefix)
    }

    /// STRING, expires: a login to the console, JSON, by the hash of its token.
    pub(crate) fn login(&self, hash: &str) -> String {
        format!("{}login:{hash}", self.prefix)
    }

    /// STRING, expires: this agent has logged in from this browser, by the hash of its cookie.
    pub(crate) fn known_browser(&self, hash: &str, agent: &AgentName) -> String {
        format!("{}known-browser:{hash}:{agent}", self.prefix)
    }

    /// HASH: the hash of an API token -> whose it is and what for, JSON.
    pub(crate) fn api_tokens(&self) -> String {
        format!("{}api-tokens", self.prefix)
    }

    /// HASH: the name of a canned reply -> its text, JSON.
    pub(crate) fn canned(&self) -> String {
        format!("{}canned", self.prefix)
    }

    /// Matches all of them.
    pub(crate) fn all(&self) -> String {
        format!("{}*", self.prefix)
    }

    /// STRING: a backup is being put back, and not all keys are there yet.
    pub(crate) fn restoring(&self) -> String {
        format!("{}restoring", self.prefix)
    }

    /// STRING, expires: written to see whether Redis accepts writes.
    pub(crate) fn probe(&self) -> String {
        format!("{}probe", self.prefix)
    }

    /// The beginning of every key of a session.
    pub(crate) fn namespace(&self, session: &SessionName) -> String {
        format!("{}{{{session}}}:", self.prefix)
    }

    /// The keys that each script of a session names: its namespace, and another that never exists either. A Cluster's node runs a
    /// script on two missing keys of a slot that moves only when it has all keys of the slot; one missing key could be new.
    pub(crate) fn of_scripts(&self, session: &SessionName) -> Vec<String> {
        vec![self.namespace(session), self.session_key(session, ANCHOR)]
    }

    fn session_key(&self, session: &SessionName, name: &str) -> String {
        format!("{}{{{session}}}:{name}", self.prefix)
    }

    pub(crate) fn server(&self, session: &SessionName) -> String {
        self.session_key(session, SERVER)
    }

    pub(crate) fn chat(&self, session: &SessionName, chat: &ChatId) -> String {
        self.session_key(session, CHAT) + chat.as_str()
    }

    pub(crate) fn unread(&self, session: &SessionName) -> String {
        self.session_key(session, UNREAD)
    }

    pub(crate) fn queue(&self, session: &SessionName) -> String {
        self.session_key(session, QUEUE)
    }

    pub(crate) fn active(&self, session: &SessionName) -> String {
        self.session_key(session, ACTIVE)
    }

    /// The line for a person of this team; empty: of no team in particular.
    pub(crate) fn handoff(&self, session: &SessionName, team: &str) -> String {
        match team {
            "" => self.session_key(session, HANDOFF),
            team => self.session_key(session, HANDOFF_TO) + team,
        }
    }

    pub(crate) fn held(&self, session: &SessionName) -> String {
        self.session_key(session, HELD)
    }

    pub(crate) fn action(&self, session: &SessionName, id: &str) -> String {
        self.session_key(session, ACTION) + id
    }

    pub(crate) fn line_paused(&self, session: &SessionName) -> String {
        self.session_key(session, LINE_PAUSED)
    }

    pub(crate) fn teams(&self, session: &SessionName) -> String {
        self.session_key(session, TEAMS)
    }

    pub(crate) fn handoff_unnotified(&self, session: &SessionName) -> String {
        self.session_key(session, HANDOFF_UNNOTIFIED)
    }

    pub(crate) fn inbox(&self, session: &SessionName, chat: &ChatId) -> String {
        self.session_key(session, INBOX) + chat.as_str()
    }

    /// Where a message of a customer is marked that had its turn, and where one that is only recorded.
    pub(crate) fn seen_inbound(&self, session: &SessionName, id: &MessageId) -> [String; 2] {
        ["in:", "kept:"].map(|kind| self.session_key(session, SEEN) + kind + id.as_str())
    }

    pub(crate) fn unseen(&self, session: &SessionName, chat: &ChatId) -> String {
        self.session_key(session, UNSEEN) + chat.as_str()
    }

    pub(crate) fn takeover_until(&self, session: &SessionName) -> String {
        self.session_key(session, TAKEOVER_UNTIL)
    }

    pub(crate) fn left_alone(&self, session: &SessionName, chat: &ChatId) -> String {
        self.session_key(session, LEFT_ALONE) + chat.as_str()
    }

    pub(crate) fn left_alone_unnotified(&self, session: &SessionName) -> String {
        self.session_key(session, LEFT_ALONE_UNNOTIFIED)
    }

    pub(crate) fn look_at(&self, session: &SessionName) -> String {
        self.session_key(session, LOOK_AT)
    }

    pub(crate) fn lane(&self, session: &SessionName, chat: &ChatId) -> String {
        self.session_key(session, LANE) + chat.as_str()
    }

    pub(crate) fn lanes(&self, session: &SessionName) -> String {
        self.session_key(session, LANES)
    }

    pub(crate) fn sending(&self, session: &SessionName) -> String {
        self.session_key(session, SENDING)
    }

    pub(crate) fn known(&self, session: &SessionName) -> String {
        self.session_key(session, KNOWN)
    }

    /// The keys in which agents look for work without a bell. Redis has no empty keys of these types.
    pub(crate) fn polled(&self, session: &SessionName) -> Vec<String> {
        [
            QUEUE,
            ACTIVE,
            UNREAD,
            HANDOFF,
            HANDOFF_DUE,
            HANDOFF_UNNOTIFIED,
            HELD,
            TAKEOVER_UNTIL,
            LEFT_ALONE_UNNOTIFIED,
            LOOK_AT,
            LANES,
            SENDING,
            LIDS_TO_ASK,
        ]
        .map(|name| self.session_key(session, name))
        .into()
    }

    pub(crate) fn paused(&self, session: &SessionName) -> String {
        self.session_key(session, PAUSED)
    }

    pub(crate) fn status(&self, session: &SessionName) -> String {
        self.session_key(session, STATUS)
    }

    pub(crate) fn status_asked(&self, session: &SessionName) -> String {
        self.session_key(session, STATUS_ASKED)
    }

    pub(crate) fn attempt(&self, session: &SessionName) -> String {
        self.session_key(session, ATTEMPT)
    }

    pub(crate) fn sent_id(&self, session: &SessionName, message: &MessageId) -> String {
        self.session_key(session, SENT_IDS) + message.as_str()
    }

    pub(crate) fn notified(&self, session: &SessionName, cause: &str) -> String {
        self.session_key(session, NOTIFIED) + cause
    }

    pub(crate) fn phone_id_of(&self, session: &SessionName) -> String {
        self.session_key(session, PHONE_ID_OF)
    }

    pub(crate) fn address(&self, session: &SessionName) -> String {
        self.session_key(session, ADDRESS)
    }

    pub(crate) fn lids_to_ask(&self, session: &SessionName) -> String {
        self.session_key(session, LIDS_TO_ASK)
    }

    pub(crate) fn caught_up(&self, session: &SessionName) -> String {
        self.session_key(session, CAUGHT_UP)
    }

    pub(crate) fn catching_up(&self, session: &SessionName) -> String {
        self.session_key(session, CATCHING_UP)
    }

    pub(crate) fn dead(&self, session: &SessionName) -> String {
        self.session_key(session, DEAD)
    }

    /// The beginnings of the keys that may name a chat in what they hold, each of one message, one action or one chat.
    pub(crate) fn marks(&self, session: &SessionName) -> Vec<String> {
        [SEEN, SENT_IDS, LANE, ACTION, TAKEOVER_BEGAN_BY]
            .map(|name| self.session_key(session, name))
            .into()
    }

    /// A pattern of all keys of ours, for SCAN.
    pub(crate) fn all_of_sessions(&self) -> String {
        let special = |c| matches!(c, '*' | '?' | '[' | ']' | '\\' | '^' | '-');
        let mut pattern = String::new();
        for c in self.prefix.chars() {
            if special(c) {
                pattern.push('\\');
            }
            pattern.push(c);
        }
        pattern + "{*"
    }

    /// Of no session: the stream of what people do that is about none.
    pub(crate) fn history(&self, session: &SessionName) -> String {
        match session.as_str() {
            "" => self.audit(),
            _ => self.session_key(session, HISTORY),
        }
    }

    /// STREAM: history entries about no session, such as logins, that are not archived yet.
    fn audit(&self) -> String {
        format!("{}audit", self.prefix)
    }

    pub(crate) fn contact(&self, session: &SessionName, chat: &ChatId) -> String {
        self.session_key(session, CONTACT) + chat.as_str()
    }

    pub(crate) fn counters(&self, session: &SessionName) -> String {
        self.session_key(session, COUNTERS)
    }

    /// The beginning of every Pub/Sub channel of ours.
    pub(crate) fn bell(&self) -> String {
        format!("{}bell:", self.prefix)
    }
}

/// The Lua lines that define the key names among these words, from the namespace in `KEYS[1]`.
pub(crate) fn lua_names(words: &HashSet<&str>) -> String {
    KEY_NAMES
        .iter()
        .filter(|(name, _)| words.contains(name))
        .map(|(name, key)| format!("local {name} = KEYS[1] .. '{key}'\n"))
        .collect()
}

/// How long we remember that we took a message. This is longer than WAHA retries by default, even with exponential delays
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
    fn the_keys_of_a_heartbeat_are_spread_over_all_slots() {
        let keys = Keys::new("waha-sm:").process_in_cluster(&ProcessId::stored("one"));
        let slots = keys
            .iter()
            .map(|key| fred::util::redis_keyslot(key.as_bytes()));
        let sevenths: Vec<_> = slots.map(|slot| u32::from(slot) * 7 / 16_384).collect();
        assert_eq!(sevenths, [0, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn no_two_keys_share_a_name_and_scripts_get_only_those_they_mention() {
        let mut names: Vec<_> = KEY_NAMES.iter().map(|(_, key)| key).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), KEY_NAMES.len());
        assert_eq!(
            lua_names(&HashSet::from(["redis", "GET", "LANES"])),
            "local LANES = KEYS[1] .. 'lanes'\n"
        );
    }
}
