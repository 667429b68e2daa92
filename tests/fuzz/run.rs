//! One target: reads the corpus, then mutated inputs, until the time is over.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::corpus;
use crate::mutator::mutate;

/// The longest that one input may take, in a build without optimisation on a busy machine.
const SLOW: Duration = Duration::from_secs(5);
/// An input that takes longer than this hangs: the run ends at once.
const HANGS: Duration = Duration::from_secs(60);
/// How many accepted inputs are kept to change them further.
const POOL_MAX: usize = 4_000;

/// What a reader made of an input.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It was accepted: inputs like it lead deeper.
    Accepted,
    Refused,
}

/// How much of a check that has many parts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// All of it: this input broke something once.
    Whole,
    /// A part that the input decides, so that there is time for more inputs.
    Part,
}

/// See the module.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    /// The inputs to begin with, besides those of the target's own directory.
    pub(crate) seeds: Vec<Vec<u8>>,
    /// Words that mean something to the reader.
    pub(crate) words: &'static [&'static str],
}

fn number(setting: &str) -> Option<u64> {
    let value = std::env::var(setting).ok()?;
    let number = value.parse();
    Some(number.unwrap_or_else(|_| panic!("{setting} is {value:?}: write a number")))
}

impl Target {
    /// Runs `check`, which panics if a promise is broken.
    pub(crate) fn run(self, check: impl Fn(&[u8], Depth) -> Taken) {
        let own = format!("tests/fixtures/fuzz/{}", self.name);
        let kept = corpus::files(&[&own], "");
        let seconds = number("FUZZ_SECONDS").unwrap_or(1);
        let seed = number("FUZZ_SEED").unwrap_or_else(|| fastrand::u64(..));
        let mut dice = Rng::with_seed(seed);
        let said = format!("FUZZ_SEED={seed} FUZZ_SECONDS={seconds}");
        let watch = Watch::start(self.name, said.clone());
        let one = |input: &[u8], depth: Depth, number: u64| {
            watch.begins(input);
            let began = Instant::now();
            let taken = catch_unwind(AssertUnwindSafe(|| check(input, depth)));
            let took = began.elapsed();
            watch.ends();
            match taken {
                Ok(taken) if took < SLOW => taken,
                Ok(_) => fail(
                    self.name,
                    input,
                    &format!("it took {took:?} (input {number}, {said})"),
                ),
                Err(_) => fail(
                    self.name,
                    input,
                    &format!("see the panic above (input {number}, {said})"),
                ),
            }
        };
        let mut number = 0;
        for input in &kept {
            one(input, Depth::Whole, number);
            number += 1;
        }
        let mut pool: Vec<Vec<u8>> = kept.into_iter().chain(self.seeds).collect();
        let first = pool.len();
        let deadline = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < deadline {
            let from = dice.usize(0..pool.len());
            let input = mutate(&mut dice, &pool[from], &pool, self.words);
            number += 1;
            if one(&input, Depth::Part, number) == Taken::Accepted {
                if pool.len() < POOL_MAX {
                    pool.push(input);
                } else {
                    let place = dice.usize(first..pool.len().max(first + 1));
                    pool[place] = input;
                }
            }
        }
        eprintln!(
            "{}: {number} inputs, {} accepted ones kept; {said}",
            self.name,
            pool.len() - first
        );
    }
}

/// Fails with the input, and writes it to a file.
fn fail(target: &str, input: &[u8], why: &str) -> ! {
    let path = written(target, input);
    panic!(
        "{target} breaks: {why}\nthe input is in {} (move it to tests/fixtures/fuzz/{target} after the mend):\n{}",
        path.display(),
        input.escape_ascii()
    );
}

fn written(target: &str, input: &[u8]) -> PathBuf {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/fuzz");
    std::fs::create_dir_all(&directory).unwrap();
    let sum = input.iter().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let path = directory.join(format!("{target}-{sum:016x}"));
    std::fs::write(&path, input).unwrap();
    path
}

/// Ends the process if an input hangs, because nothing else can.
struct Watch(std::sync::mpsc::Sender<Option<Vec<u8>>>);

impl Watch {
    fn start(target: &'static str, said: String) -> Self {
        let (inputs, begun) = channel::<Option<Vec<u8>>>();
        std::thread::spawn(move || {
            let mut current: Option<Vec<u8>> = None;
            loop {
                match begun.recv_timeout(HANGS) {
                    Ok(next) => current = next,
                    Err(RecvTimeoutError::Timeout) => {
                        if let Some(input) = &current {
                            let path = written(target, input);
                            eprintln!(
                                "{target} hangs ({said}) at {}:\n{}",
                                path.display(),
                                input.escape_ascii()
                            );
                            std::process::abort();
                        }
                    }
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        });
        Self(inputs)
    }

    fn begins(&self, input: &[u8]) {
        self.0.send(Some(input.to_vec())).unwrap();
    }

    fn ends(&self) {
        self.0.send(None).unwrap();
    }
}
