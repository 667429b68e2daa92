//! Customers of several sessions who write all the time, and whose every message must be answered once and in order.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::harness::{Daemon, TestSetup, chat, eventually};
use crate::webhook;

/// The most unanswered messages of one customer, so that a slow machine can catch up.
const AHEAD_MAX: usize = 10;
/// How many messages each writes after the fault.
const AFTER: usize = 3;
/// WAHA repeats a webhook later than this. So a test sees sooner that it is taken.
const REPEAT_AFTER: Duration = Duration::from_millis(100);
/// How long WAHA takes for a reply.
const WAHA_TAKES: Duration = Duration::from_millis(60);

/// One customer of one session.
pub(super) struct Customer {
    pub(super) session: String,
    pub(super) chat: String,
}

impl Customer {
    /// The `n`th customer of the test, who writes to this session.
    pub(super) fn of(session: &str, n: usize) -> Self {
        Self {
            session: session.to_owned(),
            chat: chat(n),
        }
    }

    /// Writes, and WAHA repeats it until it is taken.
    #[track_caller]
    pub(super) fn writes(&self, daemon: &Daemon, text: &str) -> Taken {
        let event = webhook::message(&self.session, &self.chat, "Ana", text);
        let begun = Instant::now();
        let mut refused = Vec::new();
        eventually(&format!("{text:?} is taken; {refused:?}"), || {
            let (status, answer) = daemon.poster.post(&event).unwrap();
            assert!(matches!(status, 200 | 503), "{status} {answer}");
            if status == 503 {
                refused.push(answer.to_string());
                std::thread::park_timeout(REPEAT_AFTER);
            }
            (status == 200).then_some(())
        });
        Taken {
            after: begun.elapsed(),
            refused,
        }
    }
}

/// How a message was taken.
pub(super) struct Taken {
    /// How long it took, with all repeats.
    pub(super) after: Duration,
    /// The answers to the posts that were refused.
    pub(super) refused: Vec<String>,
}

/// What happened to the messages of one customer.
pub(super) struct Account {
    pub(super) session: String,
    pub(super) taken: Vec<Taken>,
}

/// All posts that were refused, of customers of these sessions.
pub(super) fn refused<'a>(accounts: &'a [Account], sessions: &[&str]) -> Vec<&'a str> {
    let of_these = accounts
        .iter()
        .filter(|one| sessions.contains(&one.session.as_str()));
    let taken = of_these.flat_map(|one| &one.taken);
    taken
        .flat_map(|one| one.refused.iter().map(String::as_str))
        .collect()
}

/// The longest that a message of these sessions took to be accepted.
pub(super) fn slowest(accounts: &[Account], sessions: &[&str]) -> Duration {
    let of_these = accounts
        .iter()
        .filter(|one| sessions.contains(&one.session.as_str()));
    let taken = of_these.flat_map(|one| &one.taken);
    taken.map(|one| one.after).max().unwrap_or_default()
}

struct UntilOver<'a>(&'a AtomicBool);

impl Drop for UntilOver<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Customers write one message after the other while `fault` happens, and a few more after it. Every one of them is answered
/// once, in order: with the same words, because the flow is the echo.
#[track_caller]
pub(super) fn under_traffic(
    test: &TestSetup,
    daemon: &Daemon,
    customers: &[Customer],
    fault: impl FnOnce(),
) -> Vec<Account> {
    // So that replies are on their way during the fault, and not so many that nodes are busy with them.
    test.waha.delay(WAHA_TAKES);
    let before: Vec<_> = customers
        .iter()
        .map(|one| test.waha.texts(&one.chat).len())
        .collect();
    let over = AtomicBool::new(false);
    let mut accounts = Vec::new();
    std::thread::scope(|scope| {
        let writers: Vec<_> = customers
            .iter()
            .zip(&before)
            .map(|(one, before)| {
                let over = &over;
                scope.spawn(move || {
                    let mut taken = Vec::new();
                    let mut after = 0;
                    while after < AFTER {
                        let answered = || test.waha.texts(&one.chat).len() - before;
                        while taken.len() > answered() + AHEAD_MAX && !over.load(Ordering::Relaxed)
                        {
                            std::thread::park_timeout(Duration::from_millis(5));
                        }
                        after += usize::from(over.load(Ordering::Relaxed));
                        taken.push(one.writes(daemon, &format!("{before}.{}", taken.len())));
                    }
                    taken
                })
            })
            .collect();
        // The customers stop even if the fault panics.
        let until_over = UntilOver(&over);
        for (one, before) in customers.iter().zip(&before) {
            test.texts(&one.chat, before + 3);
        }
        fault();
        drop(until_over);
        accounts.extend(customers.iter().zip(writers).map(|(one, writer)| Account {
            session: one.session.clone(),
            taken: writer.join().unwrap(),
        }));
    });
    for ((one, account), before) in customers.iter().zip(&accounts).zip(before) {
        let expected: Vec<_> = (0..account.taken.len())
            .map(|n| format!("{before}.{n}"))
            .collect();
        let texts = test.texts(&one.chat, before + expected.len());
        assert_eq!(texts[before..], expected, "{}", one.session);
        // A doubled reply would arrive before this one.
        let before = texts.len();
        one.writes(daemon, "last");
        assert_eq!(test.texts(&one.chat, before + 1)[before..], ["last"]);
    }
    accounts
}
