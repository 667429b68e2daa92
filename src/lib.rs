//! waha-sm: a customer service queue for WhatsApp, behind WAHA.
//!
//! Customers write, and WAHA posts their messages to this daemon. It puts customers in line, tells them their place, follows
//! a flow with them, hands them to a person if the flow says so, and keeps the history. This page is the architecture; the
//! README is for users.
//!
//! # The path of a message
//!
//! ```text
//! WAHA --POST--> listener --HMAC--> intake --> [ingest] --bell--> dispatcher --> conversation --flow--> [commit] --> sender --> WAHA
//!                                                 |                                                        |            |
//!                                                 +--------------------- history stream -------------------+------------+--> archiver --> SQLite
//!   desk: a person takes a conversation, speaks, gives it away, closes it --> [take] [say] [give] [close] --bell--> sender
//!   console: a browser or a script --> desk;   archiver --which chats changed--> hub --what differs--> each open page
//!   lookout: what is due by time, in the sessions of this process --> announcer, sender, expiry, notices to the owner, lid lookup
//!   announcer: places in line that changed --> [due_waiting] [announce] --bell--> sender
//!   catch-up: messages whose webhooks were lost --> intake;   lid lookup: the phone number of a hidden id --> [link_ids]
//! ```
//!
//! Each name in \[brackets\] is one Lua script (`store/lua/`). Conversations and lanes change only in scripts; what
//! we keep of sessions, processes, agents, dead letters and the history stream also changes by direct commands.
//!
//! # What always holds
//!
//! - A `200` to WAHA means that the event is in Redis. The request waits for one script, and for nothing slower.
//! - A bell (Pub/Sub) only says "look now", or brings a new message along, which counts only if it follows what its process knows. If it is
//!   lost, the lookout's next thorough look finds the work, and rings again. A process
//!   whose connection for bells was lost looks everywhere once when it is back.
//! - What is due by time in a session (notices, retries, the ends of takeovers and waits, catching up, recovery, notifications to the
//!   owner) is the duty of one process at a time. The living processes work out from the heartbeats whose it is
//!   (`service/kit/duties`), so the duties of one that dies or stops move to the others. Two that disagree for a moment do no harm,
//!   because each change is one script.
//! - Nobody asks about each session each second: the lookout learns when something is due next, and then tells the agent that does it
//!   (`service/upkeep/lookout`).
//! - An error in one session ends no round for the others, and a server that does not answer delays only its own sessions
//!   (`service/kit/session_rounds`).
//! - A step of a conversation is one commit: the inbox is consumed, the state saved, replies put into the lane and the
//!   history written, all together. The commit is refused if another process has taken over the conversation (a newer
//!   epoch), if the step was committed before, or if the inbox does not begin with what the step consumed.
//! - A lease belongs to a process, and the process sends a heartbeat every half second. If it falls silent, its conversations
//!   return to the line under their old tickets, and its lanes are due again. A process that restarts on the same data
//!   directory releases its old leases at once.
//! - If an answer from Redis is lost, we don't guess: the conversation is read again, a lane is released, and a settlement
//!   is repeated until Redis accepts it.
//! - After a failover Redis may lack its last writes (`store/lua/write_back`). No id comes a second time for another thing: replies and calls
//!   have a nonce, leases the time. Each process settles again what it sent lately, and nobody takes that for the owner's words.
//! - Redis knows of an attempt to send before it is made, and has its message id if WAHA gives one in advance. If WAHA's
//!   answer is lost, the outcome is settled before anything else is sent in this chat: by WAHA's echo or ack, by asking for
//!   the id, or by looking for the text, or for the file with its caption (`service/deliver/doubt`).
//! - A message has one id, no matter how it arrives: by webhook, twice, under the person's other id, or in a list when we
//!   catch up. A copy that is only recorded, because it has no content yet or is too old, does not use up the message's
//!   turn. A copy with more content completes the row in the history.
//! - What is heard is the inbox as the customer left it: an edit changes an unread message, and a withdrawn one keeps its
//!   place but is not heard (`store/lua/shared/inbox`).
//! - A person has one chat. It is kept under the `@c.us` id as soon as that is known, and answered at the id they wrote
//!   from.
//! - A call to the shop's own system is committed under a key before it is made, outside of any lock; its answer is another
//!   commit. After a crash between the two, the call is repeated under the same key (`service/handle/calls`).
//! - An outbound message that the sender did not send is from the owner's own phone. We know ours by their ids, or by their
//!   words while the id is not known (`store/lua/shared/sent_by_us`). The bot then stays out of that chat until the owner is
//!   done.
//! - A conversation is in one place: in a line, with a worker, on the owner's phone, or in the hands of one agent. A customer
//!   who waits for a person keeps the ticket and holds no worker. Each team has a line of its own; urgent customers stand
//!   before the others in it.
//! - What a person does to a conversation is one script, which compares what they saw with what is
//!   (`store/lua/shared/actions`). So of two who act at once one wins, and an action that is repeated under its id does
//!   nothing.
//! - An agent who leaves a customer without an answer, or is gone, loses the conversation to the line, in its old place
//!   (`service/line/expiry`).
//! - A session sends few notices in a minute, whatever the length of its lines. The customers at the heads are told first, and each
//!   is told the place that is true then; a notice that WAHA does not take within a minute is dropped (`store/lua/shared/lines`).
//! - What an event, a claim or a look costs does not depend on how many wait: no script reads a whole line.
//! - Two bots don't talk forever: a chat that reaches a limit of its flow is left alone for a while
//!   (`store/lua/shared/limits`).
//! - While WAHA refuses our key, nothing is sent, and no reply is given up (`service/kit/waha_access`).
//! - The replies of a chat wait in its lane. Only the sender writes to a chat, only from its lane, in order.
//!   A worker never waits for WAHA. A commit whose replies nobody sends yet gives the lane to the sender of its process
//!   (`service/kit/handover`).
//! - The history is copied from a stream in Redis. The archiver stores entries and its position in the stream in one SQLite
//!   transaction, and trims the stream only afterwards.
//! - One process at a time keeps the history, by a lease in Redis, and always in the file whose id Redis remembers
//!   (`service/upkeep/history_keeper`). It looks at its own clock before each write. A second file is refused.
//! - Every change of a row of the history is noted in the same transaction, by triggers. So a copy that stores the rows under their keys has what the
//!   history has (`history/change_feed`).
//! - Calls to Redis that many tasks make at once are sent together (`store/scripts/batch`): under load, one call carries
//!   dozens.
//!
//! # Rooms, and who may know whom
//!
//! | room | is | knows |
//! |---|---|---|
//! | [`cli`] | the command line and exit codes | all |
//! | [`app`] | the composition: which agents a role needs, and in which order they start and stop | all below |
//! | [`console`] | the pages and the API for the people who answer; the only room that knows maud | service, store, history, waha, flow, flows |
//! | [`config`] | what the program uses, checked; every mistake in one run | settings, and the configs of agents |
//! | [`settings`] | what the user typed | nothing of ours |
//! | [`logging`], `panic_log`, [`health`], `runtime` | the log, panics in it, the health check, runtimes and signals | terminal |
//! | [`backup`] | backups: making, verifying and restoring them, for the command line | data_dir, store, history, flows |
//! | [`data_dir`] | the data directory | history (the names of its files) |
//! | [`service`] | the agents, one file each; they don't know each other | store, history, waha, shop, flow, flows |
//! | `service/inlet` | what comes in: listener, intake, catch-up, lid lookup | |
//! | `service/handle` | one conversation, from claim to close (the dispatcher claims, and closes one that keeps panicking), and the flow's calls | |
//! | `service/deliver` | lanes to WAHA: sender, delivery, replies in doubt | |
//! | `service/line` | customers who wait: announcer, expiry | |
//! | `service/owner` | notifications to the owner: handoffs, chats left alone, session status, reachability; whether WAHA can be used | |
//! | `service/upkeep` | housekeeping: archiver and the right to write the history, lookout (what is due by time), recoverer (processes that died), reloader, sweeper (sessions that are idle) | |
//! | `service/desk` | what people do with conversations, as the command line and the console offer it: who may, and what is needed for it | |
//! | `service/accounts` | how agents prove who they are to the console, and what they keep there: passwords, one-use links, logins, API tokens | |
//! | `service/dead` | replies that were given up: people look at them, and send them again or delete them | |
//! | `service/checkup` | what works and what does not, as far as a process knows; for `doctor` and the console | history, health (our own port) |
//! | `service/person` | all data of one person: exporting it as a zip (its page in the language and the time of the flow) and erasing it, for the command line and the console | history, flow |
//! | `service/kit` | what agents share: backoff, leases, duties, work on many sessions, periodic work, metrics, the access to WAHA | |
//! | [`store`] | Redis; the only room that knows fred | flow/script (files that replies carry) |
//! | [`history`] | SQLite; the only room that knows rusqlite | terminal |
//! | [`waha`] | the contract with WAHA: signatures, events, and which of them are a customer's (`which_chat`: not groups or channels), all pure; and its HTTP API | nothing of ours |
//! | [`shop`] | the HTTP of a flow's `call` | nothing of ours |
//! | [`flows`] | which flow a session follows: read from files, replaced as a whole by a reload | flow |
//! | [`flow`] | what to say: pure, without I/O, clock, async or WAHA | nothing of ours |
//! | `flow/words`, `flow/answer` | how people write, and what an answer means | |
//! | `flow/line` | when customers in line get a notice (`notice_rules`), the estimate of their wait, and what the owner reads | |
//! | `flow/script` | a checked flow, and the built-in texts that customers read | |
//! | `flow/load` | from TOML to a script, with every mistake and its place; the built-in flows | |
//! | `flow/turn` | one turn: flow, state, input and time become a new state and replies | |
//! | `flow/author` | tools for people who write flows: outline, rehearsal, dialogues | |
//! | `terminal`, `copy_pace`, `health_socket`, [`clock`], `throttle`, `time_span`, [`secret`], [`ids`], `describe`, [`private_dir`], [`version`] | leaves: safe output, the time, rate-limited logging, time spans, secrets, ids, errors as text, directories that only we can read | nothing of ours |
//!
//! A test (`tests/it/tidy.rs`) enforces this table. Translation belongs to the agent that knows both sides: the conversation
//! turns WAHA's message into the flow's input, and the delivery turns a reply into a request and a history entry.
//!
//! # Roles
//!
//! `serve` runs the listener and the archiver, `work` runs the rest, and `all` runs both in one process. With `HISTORY=off` there is no archiver:
//! another process keeps the history. A process has two
//! runtimes. The one for the work has a lower priority, so that WAHA is answered at once under any load ([`app`]).

pub mod app;
pub mod backup;
pub mod cli;
pub mod clock;
pub mod config;
pub mod console;
mod copy_pace;
pub mod data_dir;
mod describe;
pub mod flow;
pub mod flows;
pub mod health;
mod health_socket;
pub mod history;
pub mod ids;
pub mod logging;
mod panic_log;
pub mod private_dir;
mod runtime;
pub mod secret;
pub mod service;
pub mod settings;
pub mod shop;
pub mod store;
mod terminal;
mod throttle;
mod time_span;
pub mod version;
pub mod waha;
