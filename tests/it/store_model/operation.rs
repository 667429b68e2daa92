//! What can happen to the store, as small numbers that shrink well: which claim, lane or look is meant is settled when
//! its turn comes.

use proptest::prelude::*;

pub(super) const SESSIONS: usize = 2;
pub(super) const CHATS: usize = 3;
pub(super) const PROCESSES: usize = 3;

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
    /// The owner writes from their own phone, perhaps the closing word.
    Owner {
        session: usize,
        chat: usize,
        ends: bool,
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
    pub(super) chat: usize,
    /// Not a new one: this one of those before, once more.
    pub(super) again: Option<usize>,
    pub(super) kind: Kind,
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

#[derive(Clone, Copy, Debug)]
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
    Sent,
    Dead,
    /// After so many milliseconds.
    Retry(i64),
    Release(i64),
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
        3 => (session(), 0..CHATS, prop::bool::weighted(0.3))
            .prop_map(|(session, chat, ends)| Operation::Owner { session, chat, ends }),
        2 => session().prop_map(|session| Operation::Overdue { session }),
        1 => session().prop_map(|session| Operation::Pause { session }),
        1 => session().prop_map(|session| Operation::Resume { session }),
        3 => (1..20_000_i64).prop_map(Operation::Wait),
    ]
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
    (session(), 0..CHATS, again, kind).prop_map(|(session, chat, again, kind)| Incoming {
        session,
        chat,
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
        4 => Just(Outcome::Sent),
        1 => Just(Outcome::Dead),
        2 => (0..5_000_i64).prop_map(Outcome::Retry),
        1 => (0..5_000_i64).prop_map(Outcome::Release),
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
