//! `waha-sm flow graph`: draws a flow as a Mermaid or Graphviz diagram.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::cli::exit::exit;
use crate::cli::flow::source::{FlowOptions, open};
use crate::flow::{Outline, Target};
use crate::terminal::line;

const AFTER_HELP: &str = "GitHub, GitLab and https://mermaid.live draw Mermaid; Graphviz draws dot.\n\n\
    Examples:\n  \
    waha-sm flow graph clinic.toml > clinic.mmd\n  \
    waha-sm flow graph clinic.toml --format dot | dot -Tsvg > clinic.svg";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct GraphArgs {
    /// The flow file; `-` reads it from standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Language of the diagram
    #[arg(long, value_enum, default_value_t = Language::Mermaid)]
    format: Language,
    #[command(flatten)]
    common: FlowOptions,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Language {
    Mermaid,
    Dot,
}

pub(super) fn main(arguments: &GraphArgs) -> ExitCode {
    let script = match open(&arguments.file, arguments.common.locale) {
        Ok(script) => script,
        Err(exit) => return exit,
    };
    let graph = Drawing::of(&script.outline());
    let drawn = match arguments.format {
        Language::Mermaid => graph.mermaid(),
        Language::Dot => graph.dot(),
    };
    let mut out = io::stdout().lock();
    exit(
        out.write_all(drawn.as_bytes()).and_then(|()| out.flush()),
        true,
    )
}

/// Nodes get ids that are safe in both languages, because a step's name may contain any character.
struct Drawing {
    nodes: Vec<(String, NodeShape, String)>,
    edges: Vec<DrawnPath>,
    /// The id of the first step outside opening hours.
    closed: Option<String>,
    /// Words that lead to a step from every question, and the ids of those steps.
    words: Vec<(String, String)>,
}

/// The label of the edge to that step.
const CLOSED: &str = "closed";

/// The node from which words lead that work at every question.
const EVERYWHERE: &str = "everywhere";
const ANY_QUESTION: &str = "any question";

#[derive(Clone, Copy)]
enum NodeShape {
    Says,
    Asks,
    Calls,
    Person,
    End,
}

struct DrawnPath {
    from: String,
    to: String,
    label: String,
    implied: bool,
}

impl Drawing {
    fn of(outline: &Outline) -> Drawing {
        let ids: BTreeMap<&str, String> = outline
            .steps
            .iter()
            .zip(1..)
            .map(|(step, number)| (step.name.as_str(), format!("step{number}")))
            .collect();
        let mut nodes = Vec::new();
        let mut edges = Vec::new();
        let mut ends: Vec<&str> = Vec::new();
        for step in &outline.steps {
            let shape = match () {
                () if step.asks => NodeShape::Asks,
                () if step.calls => NodeShape::Calls,
                () if step.hands_off => NodeShape::Person,
                () => NodeShape::Says,
            };
            let from = ids.get(step.name.as_str()).cloned().unwrap_or_default();
            nodes.push((from.clone(), shape, line(&step.name)));
            for path in &step.paths {
                let to = match &path.to {
                    Target::Step(name) => ids.get(name.as_str()).cloned().unwrap_or_default(),
                    Target::End(outcome) => {
                        let known = ends.iter().position(|end| end == outcome);
                        let number = known.unwrap_or_else(|| {
                            ends.push(outcome);
                            ends.len() - 1
                        });
                        format!("close{}", number + 1)
                    }
                };
                edges.push(DrawnPath {
                    from: from.clone(),
                    to,
                    label: line(&path.label),
                    implied: path.implied,
                });
            }
        }
        for (end, number) in ends.into_iter().zip(1..) {
            nodes.push((format!("close{number}"), NodeShape::End, line(end)));
        }
        let closed = outline.closed.as_deref();
        let closed = closed.and_then(|step| ids.get(step)).cloned();
        let words = outline.words.iter().filter_map(|(word, step)| {
            let id = ids.get(step.as_str())?;
            Some((line(word), id.clone()))
        });
        Drawing {
            nodes,
            edges,
            closed,
            words: words.collect(),
        }
    }

    /// <https://mermaid.js.org/syntax/flowchart.html>
    fn mermaid(&self) -> String {
        let mut text = String::from("flowchart TD\n    start((start)) --> step1\n");
        if let Some(closed) = &self.closed {
            // Writing to a `String` can't fail, here and below.
            let _ = writeln!(text, "    start -->|\"{CLOSED}\"| {closed}");
        }
        for (id, shape, name) in &self.nodes {
            let name = mermaid(name);
            let node = match shape {
                NodeShape::Says => format!("[\"{name}\"]"),
                NodeShape::Asks => format!("{{{{\"{name}\"}}}}"),
                NodeShape::Calls => format!("[[\"{name}\"]]"),
                NodeShape::Person => format!("[/\"{name}\"/]"),
                NodeShape::End => format!("([\"{name}\"])"),
            };
            let _ = writeln!(text, "    {id}{node}");
        }
        if !self.words.is_empty() {
            let _ = writeln!(text, "    {EVERYWHERE}((\"{ANY_QUESTION}\"))");
        }
        for (word, to) in &self.words {
            let word = mermaid(word);
            let _ = writeln!(text, "    {EVERYWHERE} -.->|\"{word}\"| {to}");
        }
        for edge in &self.edges {
            let arrow = if edge.implied { "-.->" } else { "-->" };
            let label = match edge.label.as_str() {
                "" => String::new(),
                label => format!("|\"{}\"|", mermaid(label)),
            };
            let _ = writeln!(text, "    {} {arrow}{label} {}", edge.from, edge.to);
        }
        text
    }

    /// <https://graphviz.org/doc/info/lang.html>
    fn dot(&self) -> String {
        let mut text =
            String::from("digraph flow {\n    start [shape=circle];\n    start -> step1;\n");
        if let Some(closed) = &self.closed {
            let _ = writeln!(text, "    start -> {closed} [label=\"{CLOSED}\"];");
        }
        for (id, shape, name) in &self.nodes {
            let shape = match shape {
                NodeShape::Says => "box",
                NodeShape::Asks => "hexagon",
                NodeShape::Calls => "component",
                NodeShape::Person => "parallelogram",
                NodeShape::End => "oval",
            };
            let _ = writeln!(text, "    {id} [shape={shape}, label=\"{}\"];", dot(name));
        }
        if !self.words.is_empty() {
            let _ = writeln!(
                text,
                "    {EVERYWHERE} [shape=circle, label=\"{ANY_QUESTION}\"];"
            );
        }
        for (word, to) in &self.words {
            let word = dot(word);
            let _ = writeln!(
                text,
                "    {EVERYWHERE} -> {to} [label=\"{word}\", style=dashed];"
            );
        }
        for edge in &self.edges {
            let style = if edge.implied { ", style=dashed" } else { "" };
            let (from, to, label) = (&edge.from, &edge.to, dot(&edge.label));
            let _ = writeln!(text, "    {from} -> {to} [label=\"{label}\"{style}];");
        }
        text.push_str("}\n");
        text
    }
}

/// The inside of a quoted text. Characters with a meaning in Mermaid, Markdown or HTML become entity codes.
fn mermaid(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() || matches!(c, ' ' | ',' | '_' | '-') {
            safe.push(c);
        } else {
            let _ = write!(safe, "#{};", u32::from(c));
        }
    }
    safe
}

/// The inside of a quoted text.
fn dot(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
