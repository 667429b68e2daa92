//! `waha-sm history --position`: every row that changed, for a copy of the history in another system.
//!
//! A position is stored only when the rows up to it have been written to the output. So after a crash some rows may come again, and none
//! is missing.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{FOLLOW_INTERVAL, HistoryArgs};
use crate::cli::exit::{exit, fail};
use crate::describe::describe;
use crate::history::{ChangeFeed, ChangePosition, HistoryError};
use crate::runtime::{self, Signals};
use crate::terminal::jsonl;

/// So many bytes are written at once. They are read from the history before, because a slow reader must not keep it from tidying up.
const BYTES_ENOUGH: usize = 1 << 20;
/// The output as a file, if it is one.
const OUTPUT: &str = "/proc/self/fd/1";
/// How long the rows in hand may take at the end, if nobody reads them.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// Why printing ended.
#[derive(Debug, thiserror::Error)]
enum ChangesError {
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error("can't write the output")]
    Output(#[source] io::Error),
    #[error("can't use the position file {}: {source}", path.display())]
    Position { path: PathBuf, source: io::Error },
    #[error("the position file {} has {text:?}: {source}", path.display())]
    NotAPosition {
        path: PathBuf,
        text: String,
        source: crate::history::NotAPosition,
    },
}

/// The user's wishes.
struct ChangesPrinter {
    history: PathBuf,
    /// Where the position is stored.
    position: Option<PathBuf>,
    after: ChangePosition,
    follow: bool,
}

pub(super) fn print(history: PathBuf, arguments: &HistoryArgs) -> ExitCode {
    let after = match (&arguments.position, &arguments.after) {
        (Some(path), _) => match read_position(path) {
            Ok(position) => position,
            Err(error) => return fail(&describe(&error)),
        },
        (None, after) => after.clone().unwrap_or_default(),
    };
    let printer = ChangesPrinter {
        history,
        position: arguments.position.clone(),
        after,
        follow: arguments.follow,
    };
    let runtime = match runtime::start("history", None, 1) {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("can't start: {error}")),
    };
    let printed = runtime.block_on(until_stopped(printer));
    // The thread may hang in its output.
    runtime.shutdown_background();
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(ChangesError::Output(error)) => exit(Err(error), true),
        Err(error) => fail(&describe(&error)),
    }
}

/// Prints until everything is printed, the output is closed, or a signal comes.
async fn until_stopped(printer: ChangesPrinter) -> Result<(), ChangesError> {
    let mut signals = Signals::new().map_err(ChangesError::Output)?;
    let (stop, stopped) = mpsc::channel();
    let mut printing = tokio::task::spawn_blocking(move || printer.run(&stopped));
    tokio::select! {
        printed = &mut printing => return ended(printed),
        () = signals.next() => {}
    }
    drop(stop);
    tokio::select! {
        printed = printing => ended(printed),
        () = signals.next() => Ok(()),
        () = tokio::time::sleep(STOP_TIMEOUT) => Ok(()),
    }
}

fn ended(
    printed: Result<Result<(), ChangesError>, tokio::task::JoinError>,
) -> Result<(), ChangesError> {
    printed.unwrap_or_else(|error| Err(ChangesError::Output(error.into())))
}

impl ChangesPrinter {
    /// Prints until everything is printed, or until `stopped` if it follows.
    fn run(self, stopped: &Receiver<()>) -> Result<(), ChangesError> {
        let mut feed = ChangeFeed::open(&self.history, self.after)?;
        let mut out = io::stdout().lock();
        if ends_within_a_line(Path::new(OUTPUT)) {
            writeln!(out).map_err(ChangesError::Output)?;
        }
        let mut rows = Vec::new();
        loop {
            let mut written = Ok(());
            let any = feed.next(|row| {
                written = jsonl(&row, &mut rows);
                match written.is_ok() && rows.len() < BYTES_ENOUGH {
                    true => ControlFlow::Continue(()),
                    false => ControlFlow::Break(()),
                }
            })?;
            written
                .and_then(|()| out.write_all(&rows))
                .and_then(|()| out.flush())
                .map_err(ChangesError::Output)?;
            rows.clear();
            if let (true, Some(path)) = (any, &self.position) {
                store_position(path, feed.position()).map_err(|source| ChangesError::Position {
                    path: path.clone(),
                    source,
                })?;
            }
            let is_done = !any && (!self.follow || output_is_closed_within(FOLLOW_INTERVAL));
            if is_done || stopped.try_recv() == Err(TryRecvError::Disconnected) {
                return Ok(());
            }
        }
    }
}

/// Whether a file ends within a line, because the last writer was killed: the next line must not be glued to that. It is `false` for what is
/// no file.
fn ends_within_a_line(path: &Path) -> bool {
    let last_byte = || -> io::Result<u8> {
        // Opening a pipe would wait for its other end.
        if !fs::metadata(path)?.is_file() {
            return Ok(b'\n');
        }
        let mut file = File::open(path)?;
        file.seek(SeekFrom::End(-1))?;
        let mut byte = [0];
        file.read_exact(&mut byte)?;
        Ok(byte[0])
    };
    // There is none in an empty file, and one that we may not read is not looked at.
    last_byte().unwrap_or(b'\n') != b'\n'
}

/// Waits, at most so long, until nobody can read the output any more.
fn output_is_closed_within(pause: Duration) -> bool {
    let output = io::stdout();
    let pause = Timespec {
        tv_sec: pause.as_secs().cast_signed(),
        tv_nsec: pause.subsec_nanos().into(),
    };
    // It asks for no event, and so hears only of these two.
    let closed = PollFlags::ERR | PollFlags::HUP;
    let mut watched = [PollFd::new(&output, PollFlags::empty())];
    // If it fails, a signal came.
    poll(&mut watched, Some(&pause)).is_ok() && watched[0].revents().intersects(closed)
}

/// The position in a file. There is none before the first time.
fn read_position(path: &Path) -> Result<ChangePosition, ChangesError> {
    let text = match fs::read_to_string(path) {
        Ok(text) if text.trim().is_empty() => return Ok(ChangePosition::default()),
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(ChangePosition::default());
        }
        Err(source) => {
            return Err(ChangesError::Position {
                path: path.to_owned(),
                source,
            });
        }
    };
    text.parse().map_err(|source| ChangesError::NotAPosition {
        path: path.to_owned(),
        text,
        source,
    })
}

/// Replaces the file as a whole, so that after a power cut it has the position before or this one.
fn store_position(path: &Path, position: &ChangePosition) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let mut file = File::create(&new)?;
    writeln!(file, "{position}")?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    let directory = match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    };
    File::open(directory)?.sync_all()
}
