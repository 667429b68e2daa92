//! No circle crosses files: whoever reads a file can first read all that it knows.
//!
//! A file knows another if it names it in a path: in a `use`, or with `crate::`, `super::` or the name of a module inside
//! it. Declaring a module is not knowing it.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use crate::tidy::sources;

/// Rooms that still have circles; a room leaves this list when it has none.
const NOT_YET: &[&str] = &["app", "cli", "config", "service", "store", "waha"];

/// A module by its path from the crate, without `crate`.
type Module = Vec<String>;

/// What each module knows.
type Graph = BTreeMap<Module, BTreeSet<Module>>;

fn module(path: &std::path::Path) -> Module {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let inside = path.strip_prefix(source).unwrap().with_extension("");
    let mut parts: Module = inside
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    let last = parts.last().map(String::as_str);
    if last == Some("mod") || parts == ["lib"] {
        parts.pop();
    }
    parts
}

/// Without comments and without the tests at the end.
fn code(text: &str) -> String {
    let tests = Regex::new(r"\n#\[cfg\(test\)\]\n(#\[[^\n]*\n)*mod \w+ \{").unwrap();
    let end = tests.find(text).map_or(text.len(), |tests| tests.start());
    text[..end]
        .lines()
        .map(|line| line.split("//").next().unwrap())
        .collect::<Vec<_>>()
        .join("\n")
}

/// The paths of a `use`: `a::{b, c::{d, e as f}}` is three.
fn expanded(tree: &str, before: &[String], paths: &mut Vec<Module>) {
    let parts = |text: &str| -> Module {
        text.split("::")
            .map(|part| part.trim().to_owned())
            .filter(|part| !part.is_empty())
            .collect()
    };
    let Some((start, inside)) = tree.split_once('{') else {
        let name = tree.split(" as ").next().unwrap();
        paths.push([before, &parts(name)].concat());
        return;
    };
    let before = [before, &parts(start)].concat();
    let inside = inside.rsplit_once('}').unwrap().0;
    let (mut depth, mut from) = (0, 0);
    for (at, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                expanded(&inside[from..at], &before, paths);
                from = at + 1;
            }
            _ => {}
        }
    }
    if !inside[from..].trim().is_empty() {
        expanded(&inside[from..], &before, paths);
    }
}

/// The paths that a text names.
fn paths(code: &str) -> Vec<Module> {
    let uses = Regex::new(r"(?m)^\s*(?:pub(?:\([^)]*\))?\s+)?use\s+([^;]+);").unwrap();
    let mut paths = Vec::new();
    for found in uses.captures_iter(code) {
        expanded(&found[1], &[], &mut paths);
    }
    let inline = Regex::new(r"\b\w+(?:::\w+)+").unwrap();
    for found in inline.find_iter(&uses.replace_all(code, "")) {
        paths.push(found.as_str().split("::").map(str::to_owned).collect());
    }
    paths
}

fn graph(files: &[(Module, String)]) -> Graph {
    let modules: BTreeSet<&Module> = files.iter().map(|(module, _)| module).collect();
    let mut graph = Graph::new();
    for (module, text) in files {
        let known = graph.entry(module.clone()).or_default();
        for path in paths(&code(text)) {
            let child = [&module[..], &path[..1]].concat();
            let path: Module = match path[0].as_str() {
                "crate" => path[1..].to_vec(),
                "self" => [module, &path[1..]].concat(),
                "super" => {
                    let up = path.iter().take_while(|part| *part == "super").count();
                    [&module[..module.len() - up], &path[up..]].concat()
                }
                _ if modules.contains(&child) => [&module[..], &path[..]].concat(),
                _ => continue,
            };
            let named = (0..=path.len())
                .rev()
                .map(|length| path[..length].to_vec())
                .find(|start| modules.contains(start));
            known.extend(named.filter(|named| named != module));
        }
    }
    graph
}

/// The shortest way from a module back to itself.
fn circle(graph: &Graph, start: &Module) -> Option<Vec<Module>> {
    let mut seen = BTreeSet::from([start]);
    let mut ways = std::collections::VecDeque::from([vec![start]]);
    while let Some(way) = ways.pop_front() {
        for next in graph.get(way[way.len() - 1]).into_iter().flatten() {
            if next == start {
                let back = way.into_iter().chain([start]);
                return Some(back.cloned().collect());
            }
            if seen.insert(next) {
                ways.push_back([&way[..], &[next]].concat());
            }
        }
    }
    None
}

/// Each circle once, as its files with arrows between them.
fn circles(files: &[(Module, String)]) -> Vec<String> {
    let graph = graph(files);
    let mut told: BTreeSet<Module> = BTreeSet::new();
    let mut circles = Vec::new();
    for start in graph.keys() {
        if told.contains(start) {
            continue;
        }
        if let Some(way) = circle(&graph, start) {
            let names: Vec<String> = way.iter().map(|module| module.join("::")).collect();
            circles.push(names.join(" -> "));
            told.extend(way);
        }
    }
    circles
}

#[test]
fn no_circle_crosses_files() {
    let files: Vec<(Module, String)> = sources()
        .into_iter()
        .map(|(path, text)| (module(&path), text))
        .filter(|(module, _)| !module.iter().any(|part| part == "tests"))
        .filter(|(module, _)| *module != ["main"])
        .filter(|(module, _)| {
            !module
                .first()
                .is_some_and(|room| NOT_YET.contains(&room.as_str()))
        })
        .collect();
    assert!(files.len() > 60, "only {} files", files.len());
    let circles = circles(&files);
    assert!(circles.is_empty(), "\n{}\n", circles.join("\n"));
}

#[test]
fn a_circle_is_found_however_its_files_name_each_other() {
    let file = |name: &str, text: &str| {
        let module = name.split("::").map(str::to_owned).collect::<Module>();
        (module, text.to_owned())
    };
    let check = |a: &str, b: &str, found: bool| {
        let files = [
            file("a", a),
            file("b", "mod c;\nmod d;"),
            file("b::c", b),
            file("b::d", "pub fn d() {}"),
        ];
        assert_eq!(!circles(&files).is_empty(), found, "{a} {b}");
    };
    check("use crate::b::c::C;", "use crate::a::A;", true);
    check(
        "use crate::b::{c::{C, X as Y}, d};",
        "use crate::{a, x};",
        true,
    );
    check(
        "fn f() { crate::b::c::f() }",
        "fn f() -> super::super::a::A {}",
        true,
    );
    check("use crate::b::d::D;", "use crate::a::A;", false);
    check("use crate::b::c::C;", "use super::d::D;", false);
    check("use crate::b::c::C;", "// use crate::a::A;", false);
    check(
        "use crate::b::c::C;",
        "fn f() {}\n#[cfg(test)]\nmod tests {\n    use crate::a::A;\n}",
        false,
    );
    // A module that offers what is in another inside it knows that one.
    let files = [
        file("b", "mod c;\npub use crate::b::c::C;"),
        file("b::c", "use crate::b::X;"),
    ];
    assert_eq!(circles(&files), ["b -> b::c -> b"]);
    let files = [
        file("b", "mod c;\nfn f() { c::f() }"),
        file("b::c", "use super::X;"),
    ];
    assert_eq!(circles(&files), ["b -> b::c -> b"]);
}
