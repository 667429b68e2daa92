//! The files that make up the flows at a place: the flows, their dialogues, and the files that they send.

use std::io;
use std::path::{Path, PathBuf};

use crate::flow::{Locale, Script, utf8_text};
use crate::flows::directory;

/// The ending of a flow, and that of its dialogue.
const ENDINGS: [&str; 2] = [".toml", ".test.toml"];

/// The files of the flows at a place.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FlowFiles {
    /// The directory that they are in.
    pub root: PathBuf,
    /// The files, by their paths below the directory.
    pub files: Vec<PathBuf>,
    /// Files that the flows send, and that are not below the directory.
    pub elsewhere: Vec<PathBuf>,
}

impl FlowFiles {
    /// Finds the files of the flow or the directory of flows at `place`. A flow with mistakes is one of them, without what it sends.
    ///
    /// # Errors
    /// If the place can't be read.
    pub fn find(place: &Path) -> io::Result<Self> {
        let place = std::path::absolute(place)?;
        let (root, flows) = match std::fs::metadata(&place)?.is_dir() {
            true => {
                let found = directory::files(&place);
                let found = found.unwrap_or_else(|directory| directory.files);
                let flows = found.into_iter().map(|(_, file)| file).collect();
                (place, flows)
            }
            false => {
                let root = place.parent().unwrap_or(Path::new("/")).to_owned();
                (root, vec![place])
            }
        };
        let mut all = Self {
            root,
            ..Self::default()
        };
        for flow in flows {
            all.add(&flow);
            let name = flow.to_string_lossy();
            let dialogue = name.strip_suffix(ENDINGS[0]).map(|stem| {
                let mut dialogue = stem.to_owned();
                dialogue.push_str(ENDINGS[1]);
                PathBuf::from(dialogue)
            });
            if let Some(dialogue) = dialogue.filter(|dialogue| dialogue.is_file()) {
                all.add(&dialogue);
            }
            for sent in sent_by(&flow)? {
                all.add(&sent);
            }
        }
        Ok(all)
    }

    fn add(&mut self, file: &Path) {
        // A path may lead out of the directory and back.
        let inside = file
            .strip_prefix(&self.root)
            .ok()
            .filter(|path| {
                path.components()
                    .all(|part| matches!(part, std::path::Component::Normal(_)))
            })
            .map(Path::to_owned);
        let list = match inside {
            Some(_) => &mut self.files,
            None => &mut self.elsewhere,
        };
        let file = inside.unwrap_or_else(|| file.to_owned());
        if !list.contains(&file) {
            list.push(file);
        }
    }
}

/// The local files that a flow sends, if it can be read.
fn sent_by(flow: &Path) -> io::Result<Vec<PathBuf>> {
    let bytes = std::fs::read(flow)?;
    let loaded = utf8_text(bytes).map_err(|mistake| vec![mistake]);
    // The language changes no file.
    let script = loaded.and_then(|source| Script::load(&source, Locale::En));
    let Ok(script) = script else {
        return Ok(Vec::new());
    };
    let script = script.placed(flow.parent().unwrap_or(Path::new("")));
    Ok(script
        .files()
        .iter()
        .map(|file| file.path.clone())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_comes_with_its_dialogue_and_with_what_it_sends() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        std::fs::create_dir_all(at("flows/docs")).unwrap();
        let flow = "start = 'a'\n[step.a]\nend = 'x'\nsay = [\n{ file = 'docs/menu.pdf' },\n{ file = '../logo.png' },\n]";
        for (name, text) in [
            ("logo.png", "x"),
            ("flows/docs/menu.pdf", "x"),
            ("flows/default.toml", flow),
            ("flows/default.test.toml", ""),
            ("flows/shop.toml", "with = a mistake"),
            ("flows/notes.txt", "not ours"),
        ] {
            std::fs::write(at(name), text).unwrap();
        }
        let found = FlowFiles::find(&at("flows")).unwrap();
        let names = [
            "default.toml",
            "default.test.toml",
            "docs/menu.pdf",
            "shop.toml",
        ];
        assert_eq!(found.files, names.map(PathBuf::from));
        assert_eq!(found.elsewhere, [at("flows/../logo.png")]);
        let one = FlowFiles::find(&at("flows/shop.toml")).unwrap();
        assert_eq!(
            (one.root, one.files),
            (at("flows"), vec![PathBuf::from("shop.toml")])
        );
        assert!(FlowFiles::find(&at("gone")).is_err());
    }
}
