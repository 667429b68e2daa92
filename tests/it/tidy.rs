//! Rules of the house that a machine can check.

mod circles;

use std::path::{Path, PathBuf};

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(directory: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push((path.clone(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    walk(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut found,
    );
    found
}

/// A file's room: the first part of its path in `src`, without `.rs`.
fn room(path: &Path) -> String {
    let inside = path
        .strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
        .unwrap();
    inside
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_string_lossy()
        .trim_end_matches(".rs")
        .to_owned()
}

/// Tests in a file of their own are no production code.
fn is_test(path: &Path) -> bool {
    path.ends_with("tests.rs")
}

fn production(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap()
}

#[test]
fn every_file_opens_with_its_one_concept_and_is_no_longer_than_it_should_be() {
    for (path, text) in sources() {
        assert!(text.starts_with("//!"), "{}: no header", path.display());
        let lines = production(&text).lines().count();
        assert!(
            lines <= 500 || is_test(&path),
            "{}: {lines} lines above its tests",
            path.display()
        );
    }
}

#[test]
fn each_library_stays_in_its_room() {
    let rooms = [
        ("fred", &["store"][..]),
        ("rusqlite", &["history"]),
        ("hyper", &["service"]),
        ("ureq", &["waha", "health", "shop"]),
        ("clap", &["cli", "settings"]),
    ];
    for (path, text) in sources() {
        for (library, allowed) in rooms {
            let used = production(&text).lines().any(|line| {
                !line.trim_start().starts_with("//")
                    && (line.contains(&format!("{library}::"))
                        || line.contains(&format!("use {library}")))
            });
            assert!(
                !used || allowed.contains(&room(&path).as_str()),
                "{} uses {library}",
                path.display()
            );
        }
    }
}

#[test]
fn nobody_knows_a_room_above_their_own() {
    let may_know: &[(&str, &[&str])] = &[
        ("ids", &["ids"]),
        ("flow", &["flow", "ids", "time_span"]),
        ("flows", &["flow", "flows", "ids"]),
        ("waha", &["waha", "ids"]),
        ("shop", &["shop"]),
        ("terminal", &["terminal"]),
        ("settings", &[]),
        ("secret", &[]),
        ("logging", &["terminal"]),
        ("health", &[]),
        ("data_dir", &["ids"]),
        (
            "config",
            &[
                "config",
                "settings",
                "secret",
                "logging",
                "service",
                "store",
                "flow",
                "flows",
                "time_span",
            ],
        ),
        ("clock", &[]),
        ("throttle", &[]),
        ("time_span", &[]),
        ("history", &["history", "ids", "terminal", "time_span"]),
        ("store", &["store", "flow", "ids", "clock", "throttle"]),
        (
            "service",
            &[
                "service", "store", "history", "ids", "waha", "shop", "flow", "flows", "clock",
                "throttle", "secret", "describe",
            ],
        ),
    ];
    for (path, text) in sources() {
        let Some((_, allowed)) = may_know.iter().find(|(name, _)| *name == room(&path)) else {
            continue;
        };
        for line in production(&text)
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            for known in line.split("crate::").skip(1) {
                let name: String = known
                    .chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                    .collect();
                assert!(
                    name.is_empty() || allowed.contains(&name.as_str()),
                    "{}: {line}",
                    path.display()
                );
            }
        }
    }
}
