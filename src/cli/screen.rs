//! The terminal that a command writes to: whether there is one, its size, and a page that is drawn again and again.

use std::io::{self, IsTerminal as _, Write};

use crate::cli::table::fitted;

/// Switches to a second screen and hides the cursor; and the way back. What was on the terminal before is then there again.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";
/// To the first line; the rest of this line is empty; the rest of the screen is empty.
const TOP: &str = "\x1b[H";
const END_OF_LINE: &str = "\x1b[K";
const END_OF_PAGE: &str = "\x1b[J";

/// The size of a terminal in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ScreenSize {
    pub(super) width: usize,
    pub(super) height: usize,
}

/// The size of the terminal on standard output; `None` if that is a file or a pipe.
pub(super) fn screen_size() -> Option<ScreenSize> {
    let out = io::stdout();
    if !out.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(&out).ok()?;
    let known = |size: u16, usual| if size == 0 { usual } else { size.into() };
    Some(ScreenSize {
        width: known(size.ws_col, 80),
        height: known(size.ws_row, 24),
    })
}

/// A page that is drawn again whenever it changes. On a terminal each one takes the place of the one before; in a file or a pipe,
/// they follow each other. The terminal is as it was before when this is dropped.
pub(super) struct LivePage {
    drawn: Option<(String, Option<ScreenSize>)>,
}

impl LivePage {
    pub(super) fn new() -> Self {
        Self { drawn: None }
    }

    /// Draws the page, if it is not there already. It must be safe for a terminal.
    ///
    /// # Errors
    /// When standard output fails.
    pub(super) fn draw(&mut self, page: String, size: Option<ScreenSize>) -> io::Result<()> {
        let is_first = self.drawn.is_none();
        let now = (page, size);
        if self.drawn.as_ref() == Some(&now) {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        match size {
            Some(size) => {
                let enter = if is_first { ENTER } else { "" };
                write!(out, "{enter}{}", on_screen(&now.0, size))?;
            }
            None if is_first => write!(out, "{}", now.0)?,
            None => write!(out, "\n{}", now.0)?,
        }
        out.flush()?;
        self.drawn = Some(now);
        Ok(())
    }
}

impl Drop for LivePage {
    fn drop(&mut self) {
        if let Some((_, Some(_))) = self.drawn {
            let mut out = io::stdout();
            // If the terminal is gone, nothing is left to put back.
            let _ = write!(out, "{LEAVE}").and_then(|()| out.flush());
        }
    }
}

/// The page with what moves the cursor, cut to the size of the screen.
fn on_screen(page: &str, size: ScreenSize) -> String {
    let lines: Vec<&str> = page.lines().collect();
    let fits = match lines.len() > size.height {
        true => size.height.saturating_sub(1),
        false => lines.len(),
    };
    let mut text = TOP.to_owned();
    for (number, line) in lines.iter().take(fits).enumerate() {
        if number > 0 {
            text.push_str("\r\n");
        }
        text.push_str(&fitted(line, size.width));
        text.push_str(END_OF_LINE);
    }
    if fits < lines.len() {
        let more = format!("... {} more lines", lines.len() - fits);
        text.push_str("\r\n");
        text.push_str(&fitted(&more, size.width));
        text.push_str(END_OF_LINE);
    }
    text.push_str(END_OF_PAGE);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_cut_to_the_screen_and_says_how_much_is_missing() {
        let size = |width, height| ScreenSize { width, height };
        assert_eq!(
            on_screen("one\ntwo\n", size(80, 2)),
            "\x1b[Hone\x1b[K\r\ntwo\x1b[K\x1b[J"
        );
        assert_eq!(
            on_screen("one\ntwo\nthree\n", size(4, 2)),
            "\x1b[Hone\x1b[K\r\n...…\x1b[K\x1b[J"
        );
    }
}
