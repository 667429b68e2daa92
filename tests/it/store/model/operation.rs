//! What can happen to the store, as small numbers that shrink well. Which claim, lane or look a number means is decided
//! when the operation runs.

use std::ops::Range;
use std::time::Duration;

use proptest::prelude::*;
use waha_sm::store::{Hearing, MoveTo};

pub(super) const SESSIONS: usize = 2;
/// Persons. The hidden ids of the first ones come after these.
pub(super) const CHATS: usize = 3;
pub(super) const HIDDEN: usize = 2;
pub(super) const IDS: usize = CHATS + HIDDEN;
pub(super) const PROCESSES: usize = 3;
pub(super) const AGENTS: [&str; 2] = ["ana", "bia"];
/// None, and one.
pub(super) const TEAMS: [&str; 2] = ["", "sales"];
/// The texts of replies come first, then one that only the owner writes.
pub(super) const REPLIES: usize = 2;
pub(super) const WORDS: usize = REPLIES + 1;

#[derive(Clone, Debug)]
pub(super) enum Operation {
    /// Messages that come in at once.
    Ingest(Vec<Incoming>),
    Claim {
        session: usize,
        process: usize,
        count: usize,
    },
    /// Steps that are committed at once.
    Commit(Vec<Commit>),
    /// The process crashed, stalled for too long, or stops: all that it holds is taken back. It may still act on what it
    /// remembers.
    Release {
        session: usize,
        process: usize,
    },
    TakeLanes {
        session: usize,
        process: usize,
        count: usize,
    },
    /// Settlements that are made at once.
    Settle(Vec<Settle>),
    Look {
        session: usize,
        count: usize,
    },
    /// Announcements that follow from looks, in one call.
    Announce(Vec<Announce>),
    /// WAHA reports an outbound message: an echo, or the owner wrote from their own phone.
    Own(Own),
    /// A customer edits or withdraws a message.
    Change(Change),
    /// WAHA reports an ack of one of our messages.
    Ack {
        session: usize,
        from: usize,
        message: Which,
    },
    /// A reply is about to be sent, perhaps with a message id that is known in advance.
    RecordAttempt {
        lane: Which,
        with_id: bool,
    },
    /// WAHA is asked for the number behind a hidden id, and knows it or not.
    LinkIds {
        session: usize,
        hidden: usize,
        known: bool,
    },
    /// Ends takeovers, and waits for a person, whose time is over.
    Overdue {
        session: usize,
    },
    Pause {
        session: usize,
    },
    Resume {
        session: usize,
    },
    /// An agent takes a conversation, or the next of a team's line or of all lines.
    TakeByHand {
        session: usize,
        agent: usize,
        chat: Option<usize>,
        only: Option<usize>,
        /// From this colleague.
        from: Option<usize>,
    },
    /// An agent does something with a conversation that they hold, or don't.
    ByHand {
        session: usize,
        /// One of those that agents hold now, or of all chats.
        chat: Which,
        /// Not the agent who holds it, but this one.
        other: Option<usize>,
        /// How many messages they have seen; `None`: all.
        seen: Option<u64>,
        what: ByHand,
    },
    /// The owner moves a customer in line.
    Move {
        session: usize,
        chat: usize,
        to: MoveTo,
    },
    PauseLine {
        session: usize,
        team: usize,
        pauses: bool,
    },
    /// Agents who are gone, or too quiet, lose their conversations.
    ReturnHeld {
        session: usize,
        gone: Option<usize>,
    },
    /// The last action of an agent or the owner is repeated: its answer was lost.
    Again,
    /// Time that passes.
    Wait(Duration),
    /// From now on, the replica gets nothing more.
    Copy,
    /// The replica takes over.
    RollBack,
}

/// See [`Operation::ByHand`].
#[derive(Clone, Debug)]
pub(super) enum ByHand {
    Say,
    Give(GiveTo),
    Close,
}

/// Where an agent gives a conversation to.
#[derive(Clone, Debug)]
pub(super) enum GiveTo {
    Bot,
    Team(usize),
    Agent(usize),
}

#[derive(Clone, Debug)]
pub(super) struct Incoming {
    pub(super) session: usize,
    /// The id that it comes from.
    pub(super) from: usize,
    /// It also names the other id, if there is one.
    pub(super) both: bool,
    /// How long ago it was sent.
    pub(super) late: Duration,
    /// It is not new: an earlier message comes once more, perhaps with other content.
    pub(super) again: Option<usize>,
    pub(super) kind: Kind,
    /// The flow has limits.
    pub(super) limited: bool,
    /// The parts of its content.
    pub(super) parts: &'static str,
    pub(super) hearing: Hearing,
}

#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) session: usize,
    pub(super) from: usize,
    /// One of the messages that came, counted from the latest; `None`: one that comes later.
    pub(super) message: Option<usize>,
    pub(super) withdraws: bool,
    /// How long ago it was made.
    pub(super) late: Duration,
}

#[derive(Clone, Debug)]
pub(super) struct Own {
    pub(super) session: usize,
    pub(super) from: usize,
    pub(super) both: bool,
    /// A message id that was used before; `None`: a new one.
    pub(super) message: Option<Which>,
    pub(super) words: usize,
    pub(super) picture: bool,
    /// What it means if the owner wrote it: words, or the closing word.
    pub(super) ends: Option<bool>,
    /// How long ago it was sent.
    pub(super) late: Duration,
    /// How long ago the latest message after it was sent.
    pub(super) followed: Duration,
}

impl Own {
    /// The owner writes the closing word in this chat.
    pub(super) fn closing_word(session: usize, from: usize) -> Self {
        Self {
            session,
            from,
            both: false,
            message: None,
            words: REPLIES,
            picture: false,
            ends: Some(true),
            late: Duration::ZERO,
            followed: Duration::MAX,
        }
    }
}

/// What a message is to an announcer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    /// The command that asks for the place in line.
    Position,
    /// The command that leaves the line.
    Leave,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// One of those that are valid now.
    Current(usize),
    /// One of all there ever were, counted from the latest.
    Any(usize),
}

impl Which {
    /// Picks from these.
    pub(super) fn of<T: Clone>(self, current: &[T], all: &[T]) -> Option<T> {
        let place = |number: usize, count: usize| number.checked_rem(count);
        match self {
            Which::Current(number) => current.get(place(number, current.len())?),
            Which::Any(number) => all.iter().rev().nth(place(number, all.len())?),
        }
        .cloned()
    }
}

#[derive(Clone, Debug)]
pub(super) struct Commit {
    pub(super) claim: Which,
    /// Added to the correct revision.
    pub(super) off: i64,
    pub(super) consumed: usize,
    pub(super) replies: usize,
    /// The process sends them if nobody does yet.
    pub(super) sends: bool,
    pub(super) close: Close,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Close {
    NotYet,
    Finished,
    /// It can be resumed.
    ForSilence,
    /// It waits for a person, for this long; zero: without a limit.
    HandOff {
        within: Duration,
        /// One of [`TEAMS`].
        team: usize,
        urgent: bool,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Settle {
    pub(super) lane: Which,
    pub(super) verdict: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// With a message id that was used before.
    SentAs(Which),
    /// With a new message id.
    SentAsNew,
    /// Without a message id.
    Sent,
    Dead,
    /// After this time; `true`: perhaps it was sent.
    Retry(Duration, bool),
    Release(Duration, bool),
}

#[derive(Clone, Debug)]
pub(super) struct Announce {
    pub(super) look: Which,
    /// The customer gets a notice even if no command asks for it.
    pub(super) notice: bool,
    pub(super) due_in: Duration,
}

pub(super) fn operation() -> impl Strategy<Value = Operation> {
    let process = || 0..PROCESSES;
    prop_oneof![
        8 => proptest::collection::vec(incoming(), 1..=2).prop_map(Operation::Ingest),
        5 => (session(), process(), 1..=3_usize)
            .prop_map(|(session, process, count)| Operation::Claim { session, process, count }),
        9 => proptest::collection::vec(commit(), 1..=2).prop_map(Operation::Commit),
        2 => (session(), process())
            .prop_map(|(session, process)| Operation::Release { session, process }),
        4 => (session(), process(), 1..=3_usize)
            .prop_map(|(session, process, count)| Operation::TakeLanes { session, process, count }),
        8 => proptest::collection::vec(settle(), 1..=2).prop_map(Operation::Settle),
        4 => (session(), 1..=3_usize).prop_map(|(session, count)| Operation::Look { session, count }),
        6 => proptest::collection::vec(announce(), 1..=2).prop_map(Operation::Announce),
        6 => own().prop_map(Operation::Own),
        5 => change().prop_map(Operation::Change),
        1 => (session(), 0..IDS, which())
            .prop_map(|(session, from, message)| Operation::Ack { session, from, message }),
        5 => (which(), any::<bool>())
            .prop_map(|(lane, with_id)| Operation::RecordAttempt { lane, with_id }),
        1 => (session(), 0..HIDDEN, prop::bool::weighted(0.7))
            .prop_map(|(session, hidden, known)| Operation::LinkIds { session, hidden, known }),
        2 => session().prop_map(|session| Operation::Overdue { session }),
        1 => session().prop_map(|session| Operation::Pause { session }),
        1 => session().prop_map(|session| Operation::Resume { session }),
        5 => (session(), 0..AGENTS.len(), proptest::option::weighted(0.4, 0..IDS), proptest::option::of(0..TEAMS.len()),
                proptest::option::weighted(0.2, 0..AGENTS.len()))
            .prop_map(|(session, agent, chat, only, from)| Operation::TakeByHand { session, agent, chat, only, from }),
        7 => by_hand(),
        2 => (session(), 0..IDS, prop_oneof![Just(MoveTo::First), Just(MoveTo::Urgent), Just(MoveTo::Last)])
            .prop_map(|(session, chat, to)| Operation::Move { session, chat, to }),
        1 => (session(), 0..TEAMS.len(), prop::bool::weighted(0.3))
            .prop_map(|(session, team, pauses)| Operation::PauseLine { session, team, pauses }),
        2 => (session(), proptest::option::weighted(0.3, 0..AGENTS.len()))
            .prop_map(|(session, gone)| Operation::ReturnHeld { session, gone }),
        1 => Just(Operation::Again),
        3 => prop_oneof![length(1..20_000), length(1..80_000)].prop_map(Operation::Wait),
    ]
}

/// The same, and sometimes Redis loses its last writes.
pub(super) fn operation_or_rollback() -> impl Strategy<Value = Operation> {
    let operation = operation().prop_map(|operation| match operation {
        // When the sender writes such an id back, the time is the real one.
        Operation::RecordAttempt { lane, .. } => Operation::RecordAttempt {
            lane,
            with_id: false,
        },
        operation => operation,
    });
    prop_oneof![
        24 => operation,
        2 => Just(Operation::Copy),
        1 => Just(Operation::RollBack),
    ]
}

fn by_hand() -> impl Strategy<Value = Operation> {
    let what = prop_oneof![
        3 => Just(ByHand::Say),
        1 => Just(ByHand::Give(GiveTo::Bot)),
        1 => (0..TEAMS.len()).prop_map(|team| ByHand::Give(GiveTo::Team(team))),
        1 => (0..AGENTS.len()).prop_map(|agent| ByHand::Give(GiveTo::Agent(agent))),
        2 => Just(ByHand::Close),
    ];
    let other = proptest::option::weighted(0.15, 0..AGENTS.len());
    let seen = proptest::option::weighted(0.4, 0..3_u64);
    (session(), which(), other, seen, what).prop_map(|(session, chat, other, seen, what)| {
        Operation::ByHand {
            session,
            chat,
            other,
            seen,
            what,
        }
    })
}

fn own() -> impl Strategy<Value = Own> {
    let message = proptest::option::weighted(0.4, which());
    let ends = prop_oneof![1 => Just(None), 4 => Just(Some(false)), 2 => Just(Some(true))];
    let followed = prop_oneof![2 => Just(Duration::MAX), 1 => length(0..60_000)];
    let content = (0..WORDS, prop::bool::weighted(0.2));
    let times = (late(), followed);
    (from(), message, content, ends, times).prop_map(
        |((session, from, both), message, (words, picture), ends, (late, followed))| Own {
            session,
            from,
            both,
            message,
            words,
            picture,
            ends,
            late,
            followed,
        },
    )
}

fn change() -> impl Strategy<Value = Change> {
    let message = prop_oneof![4 => (0..4_usize).prop_map(Some), 1 => Just(None)];
    (from(), message, any::<bool>(), length(0..60_000)).prop_map(
        |((session, from, _), message, withdraws, late)| Change {
            session,
            from,
            message,
            withdraws,
            late,
        },
    )
}

/// A session, an id, and whether the other id is named too.
fn from() -> impl Strategy<Value = (usize, usize, bool)> {
    // Mostly one person. Both ids are rarely named, so that much happens under both before the merge.
    let from = prop_oneof![2 => Just(0), 2 => Just(CHATS), 3 => 0..IDS];
    (session(), from, prop::bool::weighted(0.06))
}

/// How long ago it was sent.
fn late() -> impl Strategy<Value = Duration> {
    prop_oneof![6 => Just(Duration::ZERO), 2 => length(0..60_000), 1 => length(0..1_500_000)]
}

fn length(millis: Range<u64>) -> impl Strategy<Value = Duration> {
    millis.prop_map(Duration::from_millis)
}

/// Mostly the first one, so that operations meet each other.
fn session() -> impl Strategy<Value = usize> {
    prop_oneof![4 => Just(0), 1 => 1..SESSIONS]
}

fn which() -> impl Strategy<Value = Which> {
    prop_oneof![
        2 => (0..8_usize).prop_map(Which::Current),
        1 => (0..12_usize).prop_map(Which::Any),
    ]
}

fn incoming() -> impl Strategy<Value = Incoming> {
    let again = proptest::option::weighted(0.2, 0..12_usize);
    let kind = prop_oneof![
        2 => Just(Kind::Plain),
        1 => Just(Kind::Position),
        1 => Just(Kind::Leave),
    ];
    let parts = prop_oneof![1 => Just(""), 4 => Just("t"), 1 => Just("u"), 1 => Just("tu")];
    let hearing = prop_oneof![
        8 => Just(Hearing::Opens),
        1 => Just(Hearing::Continues),
        1 => Just(Hearing::HistoryOnly),
    ];
    let limited = prop::bool::weighted(0.3);
    let content = (parts, hearing, limited);
    (from(), again, kind, late(), content).prop_map(
        |((session, from, both), again, kind, late, (parts, hearing, limited))| Incoming {
            session,
            from,
            both,
            late,
            again,
            kind,
            limited,
            parts,
            hearing,
        },
    )
}

fn commit() -> impl Strategy<Value = Commit> {
    let off = prop_oneof![6 => Just(0_i64), 1 => Just(1), 1 => Just(-1)];
    let close = prop_oneof![
        3 => Just(Close::NotYet),
        1 => Just(Close::Finished),
        1 => Just(Close::ForSilence),
        1 => (prop_oneof![Just(Duration::ZERO), length(1..20_000)], 0..TEAMS.len(), any::<bool>())
            .prop_map(|(within, team, urgent)| Close::HandOff { within, team, urgent }),
    ];
    (which(), off, 0..4_usize, (0..3_usize, any::<bool>()), close).prop_map(
        |(claim, off, consumed, (replies, sends), close)| Commit {
            claim,
            off,
            consumed,
            replies,
            sends,
            close,
        },
    )
}

fn settle() -> impl Strategy<Value = Settle> {
    let verdict = prop_oneof![
        2 => Just(Outcome::Sent),
        2 => Just(Outcome::SentAsNew),
        2 => which().prop_map(Outcome::SentAs),
        1 => Just(Outcome::Dead),
        2 => (length(0..5_000), any::<bool>()).prop_map(|(after, doubt)| Outcome::Retry(after, doubt)),
        1 => (length(0..5_000), any::<bool>())
            .prop_map(|(after, doubt)| Outcome::Release(after, doubt)),
    ];
    (which(), verdict).prop_map(|(lane, verdict)| Settle { lane, verdict })
}

fn announce() -> impl Strategy<Value = Announce> {
    (which(), any::<bool>(), length(0..5_000)).prop_map(|(look, notice, due_in)| Announce {
        look,
        notice,
        due_in,
    })
}

/// Sequences that failed once, or that chance hardly finds, each with what went wrong.
pub(super) fn rare() -> Vec<(&'static str, Vec<Operation>)> {
    const HIDDEN_ONE: usize = CHATS;
    let says = |from, both, late| {
        Operation::Ingest(vec![Incoming {
            session: 0,
            from,
            both,
            late,
            again: None,
            kind: Kind::Plain,
            limited: false,
            parts: "t",
            hearing: Hearing::Opens,
        }])
    };
    let comes_again = |hearing, parts| {
        Operation::Ingest(vec![Incoming {
            session: 0,
            from: 0,
            both: false,
            late: Duration::ZERO,
            again: Some(0),
            kind: Kind::Plain,
            limited: false,
            parts,
            hearing,
        }])
    };
    let nothing = || {
        Operation::Ingest(vec![Incoming {
            session: 0,
            from: 0,
            both: false,
            late: Duration::ZERO,
            again: None,
            kind: Kind::Plain,
            limited: false,
            parts: "",
            hearing: Hearing::HistoryOnly,
        }])
    };
    let change = |from, withdraws, message| {
        Operation::Change(Change {
            session: 0,
            from,
            message,
            withdraws,
            late: Duration::ZERO,
        })
    };
    let owner = |from, ends| {
        Operation::Own(Own {
            ends: Some(ends),
            ..Own::closing_word(0, from)
        })
    };
    let claim = || Operation::Claim {
        session: 0,
        process: 0,
        count: 1,
    };
    let step = |replies, close| {
        Operation::Commit(vec![Commit {
            claim: Which::Current(0),
            off: 0,
            consumed: 0,
            replies,
            sends: false,
            close,
        }])
    };
    let replies = |number| step(number, Close::NotYet);
    let sent = || {
        Operation::Settle(vec![Settle {
            lane: Which::Any(0),
            verdict: Outcome::Sent,
        }])
    };
    let link_ids = || Operation::LinkIds {
        session: 0,
        hidden: 0,
        known: true,
    };
    let take = |process| Operation::TakeLanes {
        session: 0,
        process,
        count: 1,
    };
    vec![
        (
            "a takeover of one id that was over took the other id from the line",
            vec![
                owner(0, false),
                Operation::Wait(super::QUIET),
                says(HIDDEN_ONE, false, Duration::ZERO),
                link_ids(),
            ],
        ),
        (
            "messages during a takeover were lost in a merge, though the takeover may still be undone",
            vec![
                owner(HIDDEN_ONE, false),
                says(HIDDEN_ONE, false, Duration::ZERO),
                link_ids(),
            ],
        ),
        (
            "a sender that had the lane of the hidden id continued to send there",
            vec![
                says(HIDDEN_ONE, false, Duration::ZERO),
                claim(),
                replies(2),
                link_ids(),
                says(0, false, Duration::ZERO),
                sent(),
            ],
        ),
        (
            "a message from before the closing word opened a conversation",
            vec![
                owner(HIDDEN_ONE, true),
                says(0, true, Duration::from_millis(20_000)),
            ],
        ),
        (
            "an empty lane stayed in hand under an id that is no longer used",
            vec![
                says(HIDDEN_ONE, false, Duration::ZERO),
                claim(),
                replies(1),
                Operation::Release {
                    session: 0,
                    process: 0,
                },
                take(1),
                Operation::Settle(vec![Settle {
                    lane: Which::Any(1),
                    verdict: Outcome::Sent,
                }]),
                link_ids(),
            ],
        ),
        (
            "a notice to the hidden id went in front of the reply that is in hand",
            vec![
                says(0, false, Duration::ZERO),
                claim(),
                replies(1),
                says(HIDDEN_ONE, false, Duration::ZERO),
                Operation::Wait(Duration::from_secs(3)),
                Operation::Look {
                    session: 0,
                    count: 1,
                },
                Operation::Announce(vec![Announce {
                    look: Which::Current(0),
                    notice: true,
                    due_in: Duration::from_secs(1),
                }]),
                link_ids(),
            ],
        ),
        (
            "a placeholder used up the turn of its message",
            vec![
                nothing(),
                comes_again(Hearing::HistoryOnly, "t"),
                comes_again(Hearing::Opens, "t"),
                comes_again(Hearing::HistoryOnly, ""),
                comes_again(Hearing::Opens, "tu"),
            ],
        ),
        (
            "a step consumed a message that came after one that was withdrawn",
            vec![
                says(0, false, Duration::ZERO),
                says(0, false, Duration::ZERO),
                claim(),
                change(0, true, Some(1)),
                says(0, false, Duration::ZERO),
                Operation::Commit(vec![Commit {
                    claim: Which::Current(0),
                    off: 0,
                    consumed: 2,
                    replies: 0,
                    sends: false,
                    close: Close::NotYet,
                }]),
            ],
        ),
        (
            "a message that was withdrawn before it came was heard",
            vec![change(0, true, None), says(0, false, Duration::ZERO)],
        ),
        (
            "an edit under the other id of the person, not known as one, changed nothing",
            vec![
                says(HIDDEN_ONE, false, Duration::ZERO),
                change(0, false, Some(0)),
                change(0, false, Some(0)),
                claim(),
            ],
        ),
        (
            "a customer who withdrew all that they wrote stayed in line",
            vec![
                says(0, false, Duration::ZERO),
                says(0, false, Duration::ZERO),
                change(0, true, Some(0)),
                change(0, true, Some(1)),
                says(0, false, Duration::ZERO),
            ],
        ),
        (
            "an old message opened a conversation, though the owner had answered it",
            vec![
                owner(0, false),
                Operation::Wait(super::QUIET * 3),
                says(0, false, super::QUIET * 4),
            ],
        ),
        (
            "an old message opened a conversation, though what the customer wrote later was handled",
            vec![
                says(0, false, Duration::ZERO),
                claim(),
                Operation::Commit(vec![Commit {
                    claim: Which::Current(0),
                    off: 0,
                    consumed: 1,
                    replies: 0,
                    sends: false,
                    close: Close::Finished,
                }]),
                says(0, false, Duration::from_secs(540)),
                claim(),
                Operation::Commit(vec![Commit {
                    claim: Which::Current(0),
                    off: 0,
                    consumed: 1,
                    replies: 0,
                    sends: false,
                    close: Close::ForSilence,
                }]),
                says(0, false, Duration::from_secs(700)),
            ],
        ),
        (
            "the bot greeted a customer whose old message came just before the owner's old answer",
            vec![
                says(0, false, super::QUIET * 6),
                claim(),
                Operation::Own(Own {
                    ends: Some(false),
                    late: super::QUIET * 2,
                    ..Own::closing_word(0, 0)
                }),
            ],
        ),
        (
            "a customer who waited for a person went to the workers' line when a takeover was undone",
            vec![
                says(0, false, Duration::ZERO),
                claim(),
                step(
                    1,
                    Close::HandOff {
                        within: Duration::from_secs(20),
                        team: 1,
                        urgent: false,
                    },
                ),
                owner(0, false),
                Operation::Settle(vec![Settle {
                    lane: Which::Any(0),
                    verdict: Outcome::SentAs(Which::Any(0)),
                }]),
            ],
        ),
    ]
}
