//! A table for a person: columns as wide as their longest cell, and a last column that fits the terminal.
//!
//! Cells may hold what a stranger wrote. They are made safe here, so that no command can forget it.

use std::io::{self, Write};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::terminal::line;

/// Between two columns.
const GAP: &str = "  ";
/// No column but the last is wider. A longer cell is cut.
const CELL_MAX: usize = 30;
/// The last column has at least this width, even if the terminal is narrower.
const LAST_MIN: usize = 10;

/// Rows of cells. All rows have the same number of cells.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings.
    pub(super) fn new<const N: usize>(headings: [&str; N]) -> Self {
        Self {
            rows: vec![headings.map(str::to_owned).into()],
        }
    }

    pub(super) fn add<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    /// Writes the table. With a `width`, the last column is cut to it.
    ///
    /// # Errors
    /// When `out` fails.
    pub(super) fn write(&self, out: &mut impl Write, width: Option<usize>) -> io::Result<()> {
        let rows: Vec<Vec<String>> = self
            .rows
            .iter()
            .map(|row| row.iter().map(|cell| line(cell)).collect())
            .collect();
        let columns = rows.first().map_or(0, Vec::len);
        let Some(last) = columns.checked_sub(1) else {
            return Ok(());
        };
        let widths: Vec<usize> = (0..last)
            .map(|column| {
                let cells = rows.iter().map(|row| row[column].width());
                cells.max().unwrap_or(0).min(CELL_MAX)
            })
            .collect();
        let taken: usize = widths.iter().map(|width| width + GAP.len()).sum();
        let rest = width.map(|width| width.saturating_sub(taken).max(LAST_MIN));
        for row in &rows {
            let mut text = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                let cell = fitted(cell, *width);
                let space = width - cell.width();
                text.push_str(&cell);
                text.extend(std::iter::repeat_n(' ', space));
                text.push_str(GAP);
            }
            match rest {
                Some(rest) => text.push_str(&fitted(&row[last], rest)),
                None => text.push_str(&row[last]),
            }
            writeln!(out, "{}", text.trim_end())?;
        }
        Ok(())
    }
}

/// The text in at most `width` columns of the terminal.
pub(super) fn fitted(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut taken = 0;
    let mut cut = String::new();
    for c in text.chars() {
        taken += c.width().unwrap_or(0);
        if taken + 1 > width {
            break;
        }
        cut.push(c);
    }
    // A joined sign that was cut apart can be wider than its parts were together.
    while cut.width() + 1 > width && cut.pop().is_some() {}
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(width: Option<usize>) -> String {
        let mut table = Table::new(["NAME", "SAID"]);
        table.add(["Ana".to_owned(), "hello\n\u{1b}[31mred".to_owned()]);
        table.add(["日本語👩\u{200d}🔧".to_owned(), "olá".to_owned()]);
        table.add(["x".repeat(40), String::new()]);
        let mut out = Vec::new();
        table.write(&mut out, width).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_are_aligned_and_no_cell_reaches_the_terminal_as_it_is() {
        let text = written(None);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
        assert_eq!(lines[1], format!("{:<30}  hello\\n\\u{{1b}}[31mred", "Ana"));
        assert!(lines[3].ends_with('…') && lines[3].width() == 30, "{text}");
        let before = lines[2].split("olá").next().unwrap();
        assert_eq!(before.width(), 32, "{text}");
    }

    #[test]
    fn the_last_column_fits_the_terminal() {
        for width in [46, 60] {
            for line in written(Some(width)).lines() {
                assert!(line.width() <= width, "{width}: {line}");
            }
        }
        assert!(written(Some(5)).contains("hello"), "it has some space");
    }

    #[test]
    fn a_text_is_cut_by_what_the_terminal_shows() {
        for (text, width, wanted) in [
            ("olá", 3, "olá"),
            ("olá!", 3, "ol…"),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("a", 0, "…"),
        ] {
            assert_eq!(fitted(text, width), wanted, "{text} {width}");
        }
    }
}
