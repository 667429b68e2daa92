//! Checks the steps together: every step can be reached, every path leads to a step that exists, and no loop runs forever
//! without asking anything.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::flow::load::reader::{Place, Reader};
use crate::flow::words::fold::closest;

/// The steps and the paths between them, with their places in the file.
#[derive(Default)]
pub(crate) struct StepGraph {
    /// In the order of the file.
    pub(crate) steps: Vec<StepNode>,
    pub(crate) paths: Vec<StepPath>,
    /// Steps that may lead to any other, because the answer to a call chooses.
    pub(crate) chosen_from: BTreeSet<String>,
    /// Paths into the flow from outside of it, besides `start`.
    pub(crate) entries: Vec<StepPath>,
}

pub(crate) struct StepNode {
    pub(crate) name: String,
    pub(crate) place: Place,
    /// The step waits for somebody, so a loop through it is not endless.
    pub(crate) waits: bool,
}

pub(crate) struct StepPath {
    pub(crate) from: String,
    pub(crate) to: String,
    /// The key of this path, for messages: `next`, `otherwise`, an option.
    pub(crate) by: String,
    pub(crate) place: Place,
}

/// Notes every mistake in the paths. `start` is the first step, or the one that the author probably meant, if we know it.
pub(crate) fn check(graph: &StepGraph, start: Option<&str>, reader: &mut Reader<'_>) {
    let names: BTreeSet<&str> = graph.steps.iter().map(|node| node.name.as_str()).collect();
    let mut next_steps: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut entries: Vec<&str> = start.into_iter().collect();
    for (path, enters) in graph
        .paths
        .iter()
        .map(|path| (path, false))
        .chain(graph.entries.iter().map(|path| (path, true)))
    {
        let to = match names.get(path.to.as_str()) {
            Some(to) => Some(*to),
            None => {
                let meant = closest(&path.to, names.iter().copied());
                let hint = hint(meant, &names);
                let message = format!(
                    "{} leads to `{}`, and there is no such step; {hint}",
                    path.by, path.to
                );
                reader.note(&path.place, message);
                // The step that the author meant counts as reached: one slip is one mistake.
                meant
            }
        };
        if enters {
            entries.extend(to);
        } else if let Some(to) = to {
            next_steps.entry(&path.from).or_default().push(to);
        }
    }
    if start.is_some() {
        note_unreached(graph, entries, &next_steps, reader);
    }
    note_endless(graph, &next_steps, reader);
}

/// What to write instead of a step that does not exist.
pub(crate) fn hint(meant: Option<&str>, names: &BTreeSet<&str>) -> String {
    match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if names.is_empty() => "there are no steps at all".to_owned(),
        None => {
            // A big flow has hundreds of steps; the message should stay one line.
            let names: Vec<&str> = names.iter().copied().take(12).collect();
            format!("the steps are: {}", names.join(", "))
        }
    }
}

fn note_unreached(
    graph: &StepGraph,
    entries: Vec<&str>,
    next_steps: &HashMap<&str, Vec<&str>>,
    reader: &mut Reader<'_>,
) {
    let mut reached: HashSet<&str> = entries.iter().copied().collect();
    let mut open = entries;
    while let Some(step) = open.pop() {
        for to in next_steps.get(step).into_iter().flatten() {
            if reached.insert(to) {
                open.push(to);
            }
        }
    }
    if reached.iter().any(|step| graph.chosen_from.contains(*step)) {
        return;
    }
    for node in graph
        .steps
        .iter()
        .filter(|node| !reached.contains(node.name.as_str()))
    {
        let message = format!(
            "nothing leads to [step.{}]; remove it, or name it in a `next` or an option",
            node.name
        );
        reader.note(&node.place, message);
    }
}

/// Follows the paths from every step that does not wait, depth first; a path back to a step on the way here closes a loop.
/// A loop that a `when` might leave is refused too: we can't tell whether it ever does, and meanwhile nobody listens to the
/// customer.
fn note_endless(graph: &StepGraph, next_steps: &HashMap<&str, Vec<&str>>, reader: &mut Reader<'_>) {
    let silent: HashMap<&str, &StepNode> = graph
        .steps
        .iter()
        .filter(|node| !node.waits)
        .map(|node| (node.name.as_str(), node))
        .collect();
    let on = |step: &str| next_steps.get(step).map_or(&[][..], Vec::as_slice);
    let mut done: HashSet<&str> = HashSet::new();
    for node in &graph.steps {
        let name = node.name.as_str();
        if !silent.contains_key(name) || !done.insert(name) {
            continue;
        }
        // The steps on the way here, each with the number of its paths that we have followed.
        let mut path: Vec<(&str, usize)> = vec![(name, 0)];
        while let Some((step, followed)) = path.last_mut() {
            let Some(next) = on(step).get(*followed).copied() else {
                path.pop();
                continue;
            };
            *followed += 1;
            let Some(node) = silent.get(next) else {
                continue;
            };
            if done.insert(next) {
                path.push((next, 0));
            } else if let Some(first) = path.iter().position(|(seen, _)| *seen == next) {
                let cycle: Vec<&str> = path[first..].iter().map(|(step, _)| *step).collect();
                let message = format!(
                    "the steps {} -> {next} form an endless loop that asks nothing; put an `ask` into it",
                    cycle.join(" -> "),
                );
                reader.note(&node.place, message);
            }
        }
    }
}
