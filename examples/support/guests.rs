//! The customers after the story: they answer the bot, and people in the console, and now and then one writes again.

use std::error::Error;
use std::time::{Duration, Instant};

use super::cast::{ASKS_NAME, ASKS_SUBJECT, CUSTOMERS, GREETING, THANKS};
use super::show::Show;
use super::until_ctrl_c::UntilCtrlC;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What the bot writes besides its two questions; see src/flow. Nobody answers it.
const BY_THE_BOT: [&str; 6] = [
    GREETING,
    THANKS,
    "You're ",
    "Thanks for waiting!",
    "We're taking a short break",
    "All right, we've closed",
];
/// What customers answer to a person, in turn.
const ANSWERS: [&str; 5] = [
    "Thanks for the quick answer!",
    "Great. When can I come by?",
    "And how much is it?",
    "Perfect.",
    "That's all, thank you!",
];
/// What they ask when they write again.
const LATER: [&str; 6] = [
    "Can I change my address?",
    "Do you have it in red?",
    "I lost my invoice",
    "The box was open",
    "Is there parking?",
    "Can you deliver on Monday?",
];
/// What they write while they wait, at most so often.
const IMPATIENT: [&str; 2] = ["Is somebody there?", "I'm still here :)"];
/// The time between two customers who write by themselves.
const NEXT_AFTER: Duration = Duration::from_secs(20);
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// See the module.
pub(crate) struct Guests {
    guests: Vec<Guest>,
    next_at: Instant,
}

/// Where a customer is, as far as they know.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    /// Waits for a person, and has written this often since.
    Waits(usize),
    /// Has talked to a person, or got all they wanted.
    Content,
}

struct Guest {
    mood: Mood,
    /// How many of the texts they got they have read.
    read: usize,
    /// How often they have answered a person.
    answered: usize,
    /// How often they have come back.
    visits: usize,
    /// What they are about to write.
    about_to: Option<(Instant, &'static str)>,
    wrote_at: Instant,
}

impl Guests {
    /// The customers as the story leaves them.
    pub(crate) fn new(show: &Show) -> Self {
        let now = Instant::now();
        let guests = (0..CUSTOMERS.len()).map(|who| {
            let texts = show.texts(who);
            let waits = texts.last().is_some_and(|text| text.contains("will write"));
            Guest {
                mood: match waits {
                    true => Mood::Waits(0),
                    false => Mood::Content,
                },
                read: texts.len(),
                answered: 0,
                visits: 0,
                about_to: None,
                wrote_at: now,
            }
        });
        Self {
            guests: guests.collect(),
            next_at: now + NEXT_AFTER,
        }
    }

    /// They stay until Ctrl+C.
    pub(crate) fn stay(mut self, show: &mut Show) -> Result<()> {
        let until = UntilCtrlC::new()?;
        while !until.is_over() {
            if !show.watch(LOOK_INTERVAL) {
                show.print();
            }
            let now = Instant::now();
            for who in 0..self.guests.len() {
                self.read(who, &show.texts(who), now);
                if let Some(text) = self.guests[who].due(now) {
                    show.writes(who, text)?;
                }
            }
            if now >= self.next_at {
                self.next_at = now + NEXT_AFTER;
                if let Some((who, text)) = self.somebody() {
                    self.guests[who].about_to = Some((now, text));
                }
            }
        }
        Ok(())
    }

    /// A customer reads what they got, and thinks of an answer.
    fn read(&mut self, who: usize, texts: &[String], now: Instant) {
        let (guest, customer) = (&mut self.guests[who], &CUSTOMERS[who]);
        let fresh = texts.get(guest.read..).unwrap_or_default();
        guest.read = texts.len();
        for text in fresh {
            let (seconds, answer) = if text.starts_with(ASKS_NAME) {
                (2..4, customer.full_name)
            } else if text.starts_with(ASKS_SUBJECT) {
                (3..6, LATER[(who + guest.visits) % LATER.len()])
            } else if text.starts_with(THANKS) {
                guest.mood = Mood::Waits(0);
                continue;
            } else if BY_THE_BOT.iter().any(|begin| text.starts_with(begin)) {
                continue;
            } else {
                guest.mood = Mood::Content;
                guest.answered += 1;
                (3..8, ANSWERS[(guest.answered - 1) % ANSWERS.len()])
            };
            let takes = Duration::from_secs(fastrand::u64(seconds));
            guest.about_to = Some((now + takes, answer));
        }
    }

    /// The customer who was silent for the longest time writes something. `None` if all only wait.
    fn somebody(&mut self) -> Option<(usize, &'static str)> {
        let idle = self.guests.iter_mut().enumerate().filter(|(_, guest)| {
            let may = match guest.mood {
                Mood::Waits(times) => times < IMPATIENT.len(),
                Mood::Content => true,
            };
            may && guest.about_to.is_none()
        });
        let (who, guest) = idle.min_by_key(|(_, guest)| guest.wrote_at)?;
        let text = match &mut guest.mood {
            Mood::Waits(times) => {
                *times += 1;
                IMPATIENT[*times - 1]
            }
            Mood::Content => {
                guest.visits += 1;
                "Hi again!"
            }
        };
        Some((who, text))
    }
}

impl Guest {
    /// What they write now.
    fn due(&mut self, now: Instant) -> Option<&'static str> {
        let (_, text) = self.about_to.take_if(|(at, _)| now >= *at)?;
        self.wrote_at = now;
        Some(text)
    }
}
