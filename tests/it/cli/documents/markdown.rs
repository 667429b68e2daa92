//! The parts of Markdown that our documents use: fenced blocks, headings with their anchors, links, code spans, tables.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use regex::Regex;

/// A file of Markdown.
pub(super) struct Document {
    /// Its path, relative to the project's directory.
    pub(super) name: String,
    pub(super) text: String,
    pub(super) blocks: Vec<Block>,
    /// The lines outside blocks. Lines of a block are empty here, so that line numbers stay right.
    prose: Vec<String>,
}

/// A fenced block.
pub(super) struct Block {
    pub(super) language: String,
    pub(super) text: String,
    /// Where it begins, for messages.
    pub(super) place: String,
}

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

pub(super) fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// All documents of the project.
pub(super) fn documents() -> Vec<Document> {
    fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                walk(&path, found);
            } else if name.ends_with(".md") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root(), &mut found);
    found.sort();
    let names = found
        .iter()
        .map(|path| path.strip_prefix(root()).unwrap().to_str().unwrap());
    names.map(Document::read).collect()
}

impl Document {
    pub(super) fn read(name: &str) -> Self {
        let text = read(name);
        let (mut blocks, mut prose) = (Vec::new(), Vec::new());
        let mut open: Option<(String, Block)> = None;
        for (number, line) in text.lines().enumerate() {
            let bare = line.trim_start();
            match &mut open {
                Some((fence, _)) if bare == fence => {
                    blocks.extend(open.take().map(|(_, block)| block));
                    prose.push(String::new());
                }
                Some((_, block)) => {
                    block.text.push_str(line);
                    block.text.push('\n');
                    prose.push(String::new());
                }
                None if bare.starts_with("```") => {
                    let language = bare.trim_start_matches('`');
                    let fence = bare[..bare.len() - language.len()].to_owned();
                    let block = Block {
                        language: language.to_owned(),
                        text: String::new(),
                        place: format!("{name}:{}", number + 1),
                    };
                    open = Some((fence, block));
                    prose.push(String::new());
                }
                None => prose.push(line.to_owned()),
            }
        }
        assert!(open.is_none(), "{name}: a block is not closed");
        Self {
            name: name.to_owned(),
            text,
            blocks,
            prose,
        }
    }

    /// The blocks in a language.
    pub(super) fn blocks_in<'a>(
        &'a self,
        language: &'a str,
    ) -> impl Iterator<Item = &'a Block> + 'a {
        self.blocks
            .iter()
            .filter(move |block| block.language == language)
    }

    /// The anchors of its headings, as GitHub makes them.
    pub(super) fn anchors(&self) -> Vec<String> {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let headings = self
            .prose
            .iter()
            .filter(|line| line.trim_start_matches('#').starts_with(' ') && line.starts_with('#'));
        headings
            .map(|line| {
                let anchor: String = line
                    .trim_start_matches('#')
                    .trim()
                    .to_lowercase()
                    .chars()
                    .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c))
                    .map(|c| if c == ' ' { '-' } else { c })
                    .collect();
                let before = seen.entry(anchor.clone()).or_default();
                *before += 1;
                match *before {
                    1 => anchor,
                    many => format!("{anchor}-{}", many - 1),
                }
            })
            .collect()
    }

    /// The targets of its links and pictures, with their lines.
    pub(super) fn links(&self) -> Vec<(usize, String)> {
        let code = Regex::new("`[^`]*`").unwrap();
        let link = Regex::new(r#"\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)""#).unwrap();
        let mut links = Vec::new();
        for (number, line) in self.prose.iter().enumerate() {
            let line = code.replace_all(line, "code");
            for found in link.captures_iter(&line) {
                let target = found.get(1).or(found.get(2)).unwrap().as_str();
                links.push((number + 1, target.to_owned()));
            }
        }
        links
    }

    /// The code spans in its prose, with their lines. A span may cross the end of a line.
    pub(super) fn spans(&self) -> Vec<(usize, String)> {
        let span = Regex::new("`([^`]+)`").unwrap();
        let mut spans = Vec::new();
        let mut start = 0;
        // By paragraph, so that a stray backtick spoils only its own paragraph.
        while start < self.prose.len() {
            let paragraph: Vec<&str> = self.prose[start..]
                .iter()
                .map(String::as_str)
                .take_while(|line| !line.is_empty())
                .collect();
            let text = paragraph.join("\n");
            for found in span.captures_iter(&text) {
                let line = start + 1 + text[..found.get(0).unwrap().start()].matches('\n').count();
                let words: Vec<&str> = found[1].split_whitespace().collect();
                spans.push((line, words.join(" ")));
            }
            start += paragraph.len() + 1;
        }
        spans
    }

    /// The rows of its tables, as cells, without the head and the line under it.
    pub(super) fn rows(&self) -> Vec<Vec<String>> {
        rows(&self.prose)
    }

    /// The names in the first cells of the tables under a heading, up to the next one.
    pub(super) fn listed_under(&self, heading: &str) -> Vec<String> {
        first_cells(&self.rows_under(heading))
    }

    /// The rows of the tables under a heading, up to the next one.
    pub(super) fn rows_under(&self, heading: &str) -> Vec<Vec<String>> {
        let begin = self.prose.iter().position(|line| line == heading);
        let begin = begin.unwrap_or_else(|| panic!("{}: no `{heading}`", self.name)) + 1;
        let section = &self.prose[begin..];
        let end = section.iter().position(|line| line.starts_with('#'));
        rows(&section[..end.unwrap_or(section.len())])
    }

    /// Whether a name is a code span, or begins a line of a block: `name = ...`.
    pub(super) fn names(&self, name: &str) -> bool {
        self.spans().iter().any(|(_, span)| span == name)
            || self
                .blocks
                .iter()
                .flat_map(|block| block.text.lines())
                .any(|line| {
                    line.trim_start()
                        .strip_prefix(name)
                        .is_some_and(|rest| rest.trim_start().starts_with('='))
                })
    }
}

fn rows(prose: &[String]) -> Vec<Vec<String>> {
    let is_rule = |line: &String| line.starts_with("|---");
    let row = |(number, line): (usize, &String)| -> Option<Vec<String>> {
        let is_head = prose.get(number + 1).is_some_and(is_rule);
        (line.starts_with('|') && !is_rule(line) && !is_head).then(|| {
            line.trim_matches('|')
                .split(" | ")
                .map(|cell| cell.trim().to_owned())
                .collect()
        })
    };
    prose.iter().enumerate().filter_map(row).collect()
}

/// The names in the first cells, one by one: "`min`, `max`" are two.
pub(super) fn first_cells(rows: &[Vec<String>]) -> Vec<String> {
    rows.iter()
        .flat_map(|row| row[0].split(", "))
        .map(|name| name.trim_matches('`').to_owned())
        .collect()
}
