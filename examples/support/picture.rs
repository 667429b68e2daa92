//! The chats of the demo as a picture (SVG): a column for each customer, and a line of narration above each scene.

use std::fmt::Write as _;

use super::columns::Author;

const COLUMN: usize = 196;
const GAP: usize = 8;
const MARGIN: usize = 16;
const BUBBLE: usize = 172;
const PADDING: usize = 9;
const LINE: usize = 17;
const FONT: f64 = 13.0;
/// Wider than its 14 px, because it is bold.
const NARRATION_FONT: f64 = 14.0 * 1.2;
const NARRATION_LINE: usize = 20;

/// Readable on any page: it has its own background, and follows the reader's choice of dark or light.
const STYLE: &str = "\
text { font: 13px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1f2328; }
.page { fill: #ffffff; stroke: #d1d9e0; }
.column { fill: #f3f4f6; }
.name { font-weight: 600; text-anchor: middle; }
.narration { font-size: 14px; font-weight: 600; fill: #59636e; }
.customer rect { fill: #ffffff; stroke: #d1d9e0; }
.unheard rect { fill: #fff8c5; stroke: #9a6700; stroke-dasharray: 4 3; }
.bot rect { fill: #d7f5d9; stroke: #aadfae; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.page { fill: #0d1117; stroke: #3d444d; }
.column { fill: #151b23; }
.narration { fill: #9198a1; }
.customer rect { fill: #212830; stroke: #3d444d; }
.unheard rect { fill: #3a2d06; stroke: #bb8009; }
.bot rect { fill: #12351c; stroke: #1f5a2e; }
}
";

/// See the module documentation.
pub(crate) struct Picture {
    names: Vec<&'static str>,
    scenes: Vec<Scene>,
}

struct Scene {
    narration: String,
    bubbles: Vec<Bubble>,
}

struct Bubble {
    column: usize,
    /// Its class in the style.
    class: &'static str,
    text: String,
}

impl Picture {
    pub(crate) fn new(names: Vec<&'static str>) -> Self {
        Self {
            names,
            scenes: Vec::new(),
        }
    }

    /// Begins a scene.
    pub(crate) fn narrate(&mut self, text: &str) {
        self.scenes.push(Scene {
            narration: text.to_owned(),
            bubbles: Vec::new(),
        });
    }

    /// Puts a message under a name; `heard`: whether the daemon was running.
    pub(crate) fn add(&mut self, column: usize, author: Author, heard: bool, text: &str) {
        let class = match (author, heard) {
            (Author::WahaSm, _) => "bot",
            (Author::Customer, true) => "customer",
            (Author::Customer, false) => "unheard",
        };
        if let Some(scene) = self.scenes.last_mut() {
            scene.bubbles.push(Bubble {
                column,
                class,
                text: text.to_owned(),
            });
        }
    }

    /// The whole picture.
    pub(crate) fn svg(&self) -> String {
        let width = 2 * MARGIN + self.names.len() * (COLUMN + GAP) - GAP;
        let mut body = String::new();
        let mut y = MARGIN + LINE;
        let left = |column: usize| MARGIN + column * (COLUMN + GAP);
        for (column, name) in self.names.iter().enumerate() {
            text(
                &mut body,
                left(column) + COLUMN / 2,
                y,
                "name",
                &[name.to_string()],
            );
        }
        y += GAP;
        for scene in &self.scenes {
            let lines = wrap(&scene.narration, NARRATION_FONT, width - 2 * MARGIN);
            y += NARRATION_LINE + GAP;
            text(&mut body, MARGIN, y, "narration", &lines);
            y += (lines.len() - 1) * NARRATION_LINE + GAP + 2;
            y = scene.draw(&mut body, self.names.len(), y, left);
        }
        let height = y + MARGIN;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\">\n\
             <title>The chats of the demo</title>\n<style>\n{STYLE}</style>\n\
             <rect class=\"page\" x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"8\"/>\n{body}</svg>\n",
            width - 1,
            height - 1,
        )
    }
}

impl Scene {
    /// Draws from `top` on; returns where it ends.
    fn draw(
        &self,
        body: &mut String,
        columns: usize,
        top: usize,
        left: impl Fn(usize) -> usize,
    ) -> usize {
        let mut ends = vec![top + GAP; columns];
        let mut bubbles = String::new();
        for bubble in &self.bubbles {
            let lines = wrap(&bubble.text, FONT, BUBBLE - 2 * PADDING);
            let height = lines.len() * LINE + PADDING + 2;
            let y = ends[bubble.column];
            // Inbound messages are on the left, as in the app.
            let x = left(bubble.column)
                + match bubble.class {
                    "bot" => COLUMN - BUBBLE - GAP / 2,
                    _ => GAP / 2,
                };
            let _ = write!(
                bubbles,
                "<g class=\"{}\"><rect x=\"{x}\" y=\"{y}\" width=\"{BUBBLE}\" height=\"{height}\" rx=\"8\"/>",
                bubble.class
            );
            text(&mut bubbles, x + PADDING, y + LINE, "said", &lines);
            bubbles.push_str("</g>\n");
            ends[bubble.column] = y + height + GAP;
        }
        let end = ends.into_iter().max().unwrap_or(top);
        for column in 0..columns {
            let _ = writeln!(
                body,
                "<rect class=\"column\" x=\"{}\" y=\"{top}\" width=\"{COLUMN}\" height=\"{}\" rx=\"6\"/>",
                left(column),
                end - top
            );
        }
        body.push_str(&bubbles);
        end
    }
}

fn text(body: &mut String, x: usize, y: usize, class: &str, lines: &[String]) {
    let step = match class {
        "narration" => NARRATION_LINE,
        _ => LINE,
    };
    let _ = write!(body, "<text class=\"{class}\">");
    for (number, line) in lines.iter().enumerate() {
        let line = line.replace('&', "&amp;").replace('<', "&lt;");
        let _ = write!(
            body,
            "<tspan x=\"{x}\" y=\"{}\">{line}</tspan>",
            y + number * step
        );
    }
    body.push_str("</text>\n");
}

/// Breaks a text between words where it would become wider than this. The reader's font is not known, so letters count as
/// rather wide.
fn wrap(text: &str, font: f64, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            let longer = format!("{line} {word}");
            if !line.is_empty() && wide(&longer) * font > width as f64 {
                lines.push(std::mem::replace(&mut line, word.to_owned()));
            } else {
                line = longer.trim_start().to_owned();
            }
        }
        lines.push(line);
    }
    lines
}

/// The approximate width, in widths of an "M".
fn wide(text: &str) -> f64 {
    let letter = |c: char| match c {
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | ' ' | '.' | ',' | ':' | ';' | '!' | '\'' | '('
        | ')' => 0.36,
        'm' | 'w' | 'M' | 'W' | '@' => 0.95,
        c if c.is_uppercase() => 0.7,
        _ => 0.58,
    };
    text.chars().map(letter).sum()
}
