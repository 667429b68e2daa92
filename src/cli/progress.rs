//! How far long work is, on standard error: a bar on a terminal, and a line for each step that is done.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use crate::backup::{BackupNews, megabytes};
use crate::terminal;

/// The bar is not drawn more often.
const DRAW_INTERVAL: Duration = Duration::from_millis(100);
/// The characters of the bar.
const WIDTH: usize = 30;
/// Back to the beginning of the line, which is empty then.
const CLEAR: &str = "\r\x1b[K";

/// See the module.
pub(super) struct ShownProgress {
    terminal: bool,
    drawn: Option<Instant>,
}

impl ShownProgress {
    pub(super) fn new() -> Self {
        Self {
            terminal: io::stderr().is_terminal(),
            drawn: None,
        }
    }

    pub(super) fn tell(&mut self, news: BackupNews<'_>) {
        match news {
            BackupNews::At {
                step,
                done,
                all,
                bytes,
            } => self.draw(step, done, all, bytes),
            BackupNews::Done(text) => self.line(text),
            BackupNews::Warning(text) => self.line(&format!("warning: {text}")),
        }
    }

    /// Takes the bar away.
    pub(super) fn clear(&mut self) {
        if self.drawn.take().is_some() {
            let _ = write!(io::stderr(), "{CLEAR}");
        }
    }

    /// A line for a step that is done.
    pub(super) fn line(&mut self, text: &str) {
        self.clear();
        // If standard error is closed, there is no other place for it.
        let _ = writeln!(io::stderr(), "{}", terminal::line(text));
    }

    /// The bar: how much of a step is done.
    pub(super) fn draw(&mut self, step: &str, done: u64, all: u64, bytes: bool) {
        let is_early = self
            .drawn
            .is_some_and(|drawn| drawn.elapsed() < DRAW_INTERVAL);
        if !self.terminal || is_early {
            return;
        }
        self.drawn = Some(Instant::now());
        let _ = write!(io::stderr(), "{CLEAR}{}", bar(step, done, all, bytes));
    }
}

/// One line: the step, the bar, and figures.
fn bar(step: &str, done: u64, all: u64, bytes: bool) -> String {
    let figure = |count: u64| match bytes {
        true => megabytes(count),
        false => count.to_string(),
    };
    let step = terminal::line(step);
    if all == 0 {
        return format!("{step}  {}", figure(done));
    }
    let part = (done.min(all) as f64) / (all as f64);
    let full = (part * WIDTH as f64) as usize;
    let (full, empty) = ("#".repeat(full), ".".repeat(WIDTH - full));
    format!(
        "{step}  [{full}{empty}] {:3.0} %  {} of {}",
        part * 100.0,
        figure(done),
        figure(all)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_shows_how_much_is_done() {
        let half = bar("history", 300_000_000, 600_000_000, true);
        assert_eq!(
            half,
            "history  [###############...............]  50 %  300 MB of 600 MB"
        );
        assert_eq!(bar("Redis", 812, 0, false), "Redis  812");
        // More than was expected is not more than all.
        assert!(bar("Redis", 7, 5, false).contains("100 %  7 of 5"));
    }
}
