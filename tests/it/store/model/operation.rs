//! What can happen to the store, as small numbers that shrink well: which claim, lane or look is meant is settled when
//! its turn comes.

use proptest::prelude::*;

pub(super) const SESSIONS: usize = 2;
/// Persons; the ids of the last ones come after these: hidden ones, that may turn out to be theirs.
pub(super) const CHATS: usize = 3;
pub(super) const HIDDEN: usize = 2;
pub(super) const IDS: usize = CHATS + HIDDEN;
pub(super) const PROCESSES: usize = 3;
/// What replies say, and then what only the owner says. Nobody sees how many spaces there are.
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
    /// The process crashed, or stalled for too long, or stops: all that it holds is taken back. What it remembers may
    /// still come.
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
    /// What came of looks, in one call.
    Announce(Vec<Announce>),
    /// WAHA reports an outbound message: an echo, or the owner wrote from their own phone.
    Own(Own),
    /// WAHA reports an ack of one of our messages.
    Ack {
        session: usize,
        from: usize,
        message: Which,
    },
    /// A reply is about to be sent, perhaps with a message id that is known before.
    Intend {
        lane: Which,
        with_id: bool,
    },
    /// WAHA is asked whose a hidden id is, and knows it or not.
    Learn {
        session: usize,
        hidden: usize,
        known: bool,
    },
    /// Ends what is over by now.
    Overdue {
        session: usize,
    },
    Pause {
        session: usize,
    },
    Resume {
        session: usize,
    },
    /// So many milliseconds pass.
    Wait(i64),
}

#[derive(Clone, Debug)]
pub(super) struct Incoming {
    pub(super) session: usize,
    /// The id that it comes from.
    pub(super) from: usize,
    /// It tells the other id, too, if there is one.
    pub(super) both: bool,
    /// It was sent so much before.
    pub(super) late: i64,
    /// Not a new one: this one of those before, once more.
    pub(super) again: Option<usize>,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) struct Own {
    pub(super) session: usize,
    pub(super) from: usize,
    pub(super) both: bool,
    /// One of the message ids that replies were sent with or that were told of before; `None`: it is new.
    pub(super) message: Option<Which>,
    pub(super) words: usize,
    pub(super) picture: bool,
    /// What it means if the owner wrote it: words, or the closing word.
    pub(super) ends: Option<bool>,
    /// It was sent so much before, and followed so much before by what is known.
    pub(super) late: i64,
    pub(super) followed: i64,
}

impl Own {
    /// The owner writes the word that ends everything with this chat.
    pub(super) fn closing_word(session: usize, from: usize) -> Self {
        Self {
            session,
            from,
            both: false,
            message: None,
            words: REPLIES,
            picture: false,
            ends: Some(true),
            late: 0,
            followed: i64::MAX,
        }
    }
}

/// What a message is to an announcer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    /// A word for the queue.
    Position,
    /// A word to leave it.
    Leave,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// One of those that hold at present.
    Current(usize),
    /// One of all there ever were, the latest first.
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
    /// Added to the right rev.
    pub(super) off: i64,
    pub(super) consumed: usize,
    pub(super) replies: usize,
    pub(super) close: Close,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Close {
    GoOn,
    ForGood,
    /// To be resumed.
    ForSilence,
    /// It waits for a person, for so many milliseconds; 0: for as long as it takes.
    HandOff(i64),
}

#[derive(Clone, Debug)]
pub(super) struct Settle {
    pub(super) lane: Which,
    pub(super) verdict: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// As one of the message ids known.
    SentAs(Which),
    /// As a message that nobody told of before.
    SentAsNew,
    /// WAHA did not say as which.
    Sent,
    Dead,
    /// After so many milliseconds; perhaps it was sent all the same.
    Retry(i64, bool),
    Release(i64, bool),
}

#[derive(Clone, Debug)]
pub(super) struct Announce {
    pub(super) look: Which,
    /// The customer is told something also if no word asks for it.
    pub(super) notice: bool,
    pub(super) due_in: i64,
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
        1 => (session(), 0..IDS, which())
            .prop_map(|(session, from, message)| Operation::Ack { session, from, message }),
        5 => (which(), any::<bool>())
            .prop_map(|(lane, with_id)| Operation::Intend { lane, with_id }),
        1 => (session(), 0..HIDDEN, prop::bool::weighted(0.7))
            .prop_map(|(session, hidden, known)| Operation::Learn { session, hidden, known }),
        2 => session().prop_map(|session| Operation::Overdue { session }),
        1 => session().prop_map(|session| Operation::Pause { session }),
        1 => session().prop_map(|session| Operation::Resume { session }),
        3 => prop_oneof![1..20_000_i64, 1..80_000_i64].prop_map(Operation::Wait),
    ]
}

fn own() -> impl Strategy<Value = Own> {
    let message = proptest::option::weighted(0.4, which());
    let ends = prop_oneof![1 => Just(None), 4 => Just(Some(false)), 2 => Just(Some(true))];
    let followed = prop_oneof![2 => Just(i64::MAX), 1 => 0..60_000_i64];
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

/// A session, an id, and whether the other one is told, too.
fn from() -> impl Strategy<Value = (usize, usize, bool)> {
    // One person above all; and that two ids are one person is mostly told when much has happened under both.
    let from = prop_oneof![2 => Just(0), 2 => Just(CHATS), 3 => 0..IDS];
    (session(), from, prop::bool::weighted(0.06))
}

/// So much before it is told.
fn late() -> impl Strategy<Value = i64> {
    prop_oneof![3 => Just(0), 1 => 0..60_000_i64]
}

/// Most of it happens in one, so that operations meet each other.
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
    (from(), again, kind, late()).prop_map(|((session, from, both), again, kind, late)| Incoming {
        session,
        from,
        both,
        late,
        again,
        kind,
    })
}

fn commit() -> impl Strategy<Value = Commit> {
    let off = prop_oneof![6 => Just(0_i64), 1 => Just(1), 1 => Just(-1)];
    let close = prop_oneof![
        3 => Just(Close::GoOn),
        1 => Just(Close::ForGood),
        1 => Just(Close::ForSilence),
        1 => prop_oneof![Just(0), 1..20_000_i64].prop_map(Close::HandOff),
    ];
    (which(), off, 0..4_usize, 0..3_usize, close).prop_map(
        |(claim, off, consumed, replies, close)| Commit {
            claim,
            off,
            consumed,
            replies,
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
        2 => (0..5_000_i64, any::<bool>()).prop_map(|(after, doubt)| Outcome::Retry(after, doubt)),
        1 => (0..5_000_i64, any::<bool>())
            .prop_map(|(after, doubt)| Outcome::Release(after, doubt)),
    ];
    (which(), verdict).prop_map(|(lane, verdict)| Settle { lane, verdict })
}

fn announce() -> impl Strategy<Value = Announce> {
    (which(), any::<bool>(), 0..5_000_i64).prop_map(|(look, notice, due_in)| Announce {
        look,
        notice,
        due_in,
    })
}

/// Sequences that went wrong once, or that chance hardly finds, each with what goes wrong in it.
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
        }])
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
            close,
        }])
    };
    let replies = |number| step(number, Close::GoOn);
    let sent = || {
        Operation::Settle(vec![Settle {
            lane: Which::Any(0),
            verdict: Outcome::Sent,
        }])
    };
    let learn = || Operation::Learn {
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
            "an owner who had left one chat took the other one from the line",
            vec![
                owner(0, false),
                Operation::Wait(super::QUIET),
                says(HIDDEN_ONE, false, 0),
                learn(),
            ],
        ),
        (
            "what was written to somebody who may turn out not to be the owner was thrown away",
            vec![
                owner(HIDDEN_ONE, false),
                says(HIDDEN_ONE, false, 0),
                learn(),
            ],
        ),
        (
            "a sender that knew the lane by the hidden id went on sending there",
            vec![
                says(HIDDEN_ONE, false, 0),
                claim(),
                replies(2),
                learn(),
                says(0, false, 0),
                sent(),
            ],
        ),
        (
            "a message from before the closing word opened a conversation",
            vec![owner(HIDDEN_ONE, true), says(0, true, 20_000)],
        ),
        (
            "an empty lane stayed in hand under an id that nobody uses any more",
            vec![
                says(HIDDEN_ONE, false, 0),
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
                learn(),
            ],
        ),
        (
            "a notice to the hidden id went in front of the reply that is in hand",
            vec![
                says(0, false, 0),
                claim(),
                replies(1),
                says(HIDDEN_ONE, false, 0),
                Operation::Wait(3_000),
                Operation::Look {
                    session: 0,
                    count: 1,
                },
                Operation::Announce(vec![Announce {
                    look: Which::Current(0),
                    notice: true,
                    due_in: 1_000,
                }]),
                learn(),
            ],
        ),
        (
            "whoever waited for a person went back to the worker's line when the owner turned out to be us",
            vec![
                says(0, false, 0),
                claim(),
                step(1, Close::HandOff(20_000)),
                owner(0, false),
                Operation::Settle(vec![Settle {
                    lane: Which::Any(0),
                    verdict: Outcome::SentAs(Which::Any(0)),
                }]),
            ],
        ),
    ]
}
