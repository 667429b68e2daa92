//! Chats side by side on a terminal: each has a column, a row shows what happens at the same time, and lines of narration
//! come between.

use std::io::{IsTerminal as _, Write as _};
use std::time::Instant;

/// Six columns of this width fit into 120 characters, with the time and the bars before them.
const WIDTH: usize = 15;
const TIME_WIDTH: usize = 6;

/// The author of a text in a column.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Author {
    Customer,
    WahaSm,
}

/// See the module documentation.
pub(crate) struct Columns {
    names: Vec<&'static str>,
    /// Texts that are not printed yet, a column for each name.
    rows: Vec<Vec<(Author, String)>>,
    started: Instant,
    colours: bool,
}

impl Columns {
    pub(crate) fn new(names: Vec<&'static str>) -> Self {
        let colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self {
            rows: vec![Vec::new(); names.len()],
            names,
            started: Instant::now(),
            colours,
        }
    }

    /// The names above the columns.
    pub(crate) fn head(&mut self) {
        let cells: Vec<_> = self
            .names
            .iter()
            .map(|name| self.painted("1", &padded(name)))
            .collect();
        self.line(&" ".repeat(TIME_WIDTH), &cells);
        let rules = vec!["─".repeat(WIDTH) + " "; self.names.len()];
        self.line(&" ".repeat(TIME_WIDTH), &rules);
    }

    /// Puts a text into a column; it is printed with the next [`Columns::print`].
    pub(crate) fn add(&mut self, column: usize, author: Author, text: &str) {
        // The mark shows a customer's text even without colours.
        let (first, further) = if author == Author::Customer {
            ("> ", "  ")
        } else {
            ("", "")
        };
        let Some(rows) = self.rows.get_mut(column) else {
            return;
        };
        for (number, line) in wrap(text, WIDTH - first.len()).into_iter().enumerate() {
            let margin = if number == 0 { first } else { further };
            rows.push((author, format!("{margin}{line}")));
        }
    }

    /// Prints the texts that were added since the last time, side by side.
    pub(crate) fn print(&mut self) {
        let height = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let rows = std::mem::replace(&mut self.rows, vec![Vec::new(); self.names.len()]);
        for row in 0..height {
            let cells: Vec<_> = rows
                .iter()
                .map(|column| match column.get(row) {
                    Some((Author::Customer, text)) => self.painted("36", &padded(text)),
                    Some((Author::WahaSm, text)) => self.painted("32", &padded(text)),
                    None => padded(""),
                })
                .collect();
            let time = if row == 0 {
                format!("{:4.1}s ", self.started.elapsed().as_secs_f64())
            } else {
                String::new()
            };
            self.line(&format!("{time:TIME_WIDTH$}"), &cells);
        }
    }

    /// A line of narration, after what was added before it.
    pub(crate) fn narrate(&mut self, text: &str) {
        self.print();
        let width = TIME_WIDTH + self.names.len() * (WIDTH + 3) - 4;
        println!();
        for (number, line) in wrap(text, width).into_iter().enumerate() {
            let margin = if number == 0 { "--- " } else { "    " };
            println!("{}", self.painted("1", &format!("{margin}{line}")));
        }
        println!();
    }

    fn line(&self, time: &str, cells: &[String]) {
        let bar = self.painted("2", "│ ");
        let line: String = cells.iter().map(|cell| format!("{bar}{cell}")).collect();
        println!("{}", format!("{time}{line}").trim_end());
        // Line by line, also into a pipe, because people watch it.
        let _ = std::io::stdout().flush();
    }

    fn painted(&self, colour: &str, text: &str) -> String {
        if self.colours {
            format!("\u{1b}[{colour}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Each letter counts as one place: the demo's texts have no wide letters.
fn padded(text: &str) -> String {
    format!("{text:WIDTH$} ")
}

/// Breaks a text between words, and inside a word only if it is longer than a line.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            let letters: Vec<char> = word.chars().collect();
            for piece in letters.chunks(width.max(1)) {
                let used = line.chars().count();
                if used > 0 && used + 1 + piece.len() > width {
                    lines.push(std::mem::take(&mut line));
                }
                if !line.is_empty() {
                    line.push(' ');
                }
                line.extend(piece);
            }
        }
        lines.push(line);
    }
    lines
}
