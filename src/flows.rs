//! Which flow each session follows. Flows are loaded from `FLOW_FILE`, a file or a directory. A reload replaces all of them
//! at once.

// Finds the flow files of a directory, and the session of each.
pub(crate) mod directory;
// The files of the flows at a place.
mod flow_files;
// Checks and reads the files that a flow sends.
pub(crate) mod media_files;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use crate::flow::{Locale, Mistake, Script, utf8_text};
use crate::flows::directory::OTHERS;
use crate::ids::{NotifyChat, SessionName};

pub use flow_files::FlowFiles;

/// The log line for a directory without a default flow.
pub const NO_DEFAULT_FLOW: &str = "FLOW_FILE has no default.toml: sessions without a flow file of their own follow the built-in flow; for another, put default.toml there";

/// The loaded flows, and the place to reload them from.
#[derive(Debug)]
pub struct Flows {
    /// A file or a directory; without one, all sessions follow the built-in flow.
    place: Option<PathBuf>,
    locale: Locale,
    /// Replaced as a whole, so that nobody sees a mix of old and new flows.
    loaded: RwLock<Arc<Loaded>>,
}

/// The flows of one load.
#[derive(Debug)]
pub struct Loaded {
    /// By session.
    own: BTreeMap<SessionName, Arc<Script>>,
    others: Arc<Script>,
    /// The chats that the flows notify, besides `NOTIFY_CHAT`.
    notify_chats: Vec<NotifyChat>,
    /// There is a directory, but it has no default flow, so `others` is the built-in flow.
    built_in: bool,
    /// Whether they are from a directory; `None` for the built-in flow.
    directory: Option<bool>,
}

impl Flows {
    /// Loads the flows at `place`. A flow that sets no `locale` gets this one.
    ///
    /// # Errors
    /// Every mistake in every file, one line for each.
    pub fn load(place: Option<&Path>, locale: Locale) -> Result<Self, Vec<String>> {
        Ok(Self {
            place: place.map(Path::to_owned),
            locale,
            loaded: RwLock::new(Arc::new(read(place, locale)?)),
        })
    }

    /// Reloads all flows. If there is any mistake, all the old flows stay.
    ///
    /// # Errors
    /// Every mistake in every file, one line for each.
    pub fn reload(&self) -> Result<Arc<Loaded>, Vec<String>> {
        let loaded = Arc::new(read(self.place.as_deref(), self.locale)?);
        // Even if the lock is poisoned, it holds complete flows: the old or the new ones.
        let mut current = self
            .loaded
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        *current = loaded.clone();
        Ok(loaded)
    }

    /// The mistakes that are in the files now: a reload would refuse them. Reads all files.
    pub fn mistakes(&self) -> Vec<String> {
        read(self.place.as_deref(), self.locale)
            .err()
            .unwrap_or_default()
    }

    /// What is allowed in the files but probably a mistake. Files that can't be read have none.
    pub fn warnings(&self) -> Vec<String> {
        let Some(place) = &self.place else {
            return Vec::new();
        };
        let files: Vec<PathBuf> = match place.is_dir() {
            true => directory::files(place)
                .unwrap_or_else(|bad| bad.files)
                .into_iter()
                .map(|(_, file)| file)
                .collect(),
            false => vec![place.clone()],
        };
        let of_file = |file: PathBuf| {
            let source = utf8_text(fs::read(&file).ok()?).ok()?;
            let script = Script::load(&source, self.locale).ok()?;
            let warnings = script.warnings(&source).into_iter();
            Some(warnings.map(move |warning| format!("{}, {warning}", file.display())))
        };
        files.into_iter().filter_map(of_file).flatten().collect()
    }

    /// The flow that a session follows now. Ask again at every step, because a reload may change it.
    pub fn of(&self, session: &SessionName) -> Arc<Script> {
        let loaded = self.loaded();
        loaded.own.get(session).unwrap_or(&loaded.others).clone()
    }

    /// The flows that are loaded now.
    pub fn loaded(&self) -> Arc<Loaded> {
        self.loaded
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .clone()
    }
}

impl Loaded {
    /// The language of the flow that sessions without a file of their own follow.
    pub fn locale(&self) -> Locale {
        self.others.locale()
    }

    /// Whether any flow has this team.
    pub fn has_team(&self, team: &str) -> bool {
        let mut scripts = self.own.values().chain([&self.others]);
        scripts.any(|script| script.has_team(team))
    }

    /// Whether any flow calls the shop's own system on another machine.
    pub fn calls_other_machines(&self) -> bool {
        self.own
            .values()
            .chain([&self.others])
            .any(|script| script.calls_other_machines())
    }

    /// The chats that steps of the flows notify, in place of `NOTIFY_CHAT`.
    pub fn notify_chats(&self) -> &[NotifyChat] {
        &self.notify_chats
    }

    /// Whether the directory has no default flow, so that sessions without a file follow the built-in flow.
    pub fn has_no_default(&self) -> bool {
        self.built_in
    }
}

/// "default (11 steps), shop (5 steps)".
impl fmt::Display for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = |script: &Script| match script.outline().steps.len() {
            1 => "1 step".to_owned(),
            steps => format!("{steps} steps"),
        };
        match self.directory {
            None => return write!(f, "the built-in flow ({})", steps(&self.others)),
            Some(false) => {
                let name = self.others.name();
                let name = if name.is_empty() { "one flow" } else { name };
                return write!(f, "{name} ({})", steps(&self.others));
            }
            Some(true) => {}
        }
        for (number, (session, script)) in self.own.iter().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            write!(f, "{comma}{session} ({})", steps(script))?;
        }
        if self.built_in {
            write!(f, ", and the built-in flow for other sessions")?;
        }
        Ok(())
    }
}

fn read(place: Option<&Path>, locale: Locale) -> Result<Loaded, Vec<String>> {
    let Some(place) = place else {
        return Ok(loaded(BTreeMap::new(), built_in(locale)?, false, None));
    };
    if !place.is_dir() {
        let others = load(place, locale)?;
        return Ok(loaded(BTreeMap::new(), others, false, Some(false)));
    }
    let mut mistakes = Vec::new();
    let files = match directory::files(place) {
        Ok(files) => files,
        Err(bad) => {
            mistakes = bad.mistakes;
            bad.files
        }
    };
    let mut own = BTreeMap::new();
    for (session, file) in files {
        match load(&file, locale) {
            Ok(script) => drop(own.insert(session, script)),
            Err(found) => mistakes.extend(found),
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let default = own.get(OTHERS).cloned();
    let built_in_used = default.is_none();
    let others = match default {
        Some(script) => script,
        None => built_in(locale)?,
    };
    Ok(loaded(own, others, built_in_used, Some(true)))
}

fn loaded(
    own: BTreeMap<SessionName, Arc<Script>>,
    others: Arc<Script>,
    built_in: bool,
    directory: Option<bool>,
) -> Loaded {
    let scripts = own.values().chain([&others]);
    let mut notify_chats: Vec<NotifyChat> = Vec::new();
    for chat in scripts.flat_map(|script| script.notify_chats()) {
        if !notify_chats.contains(chat) {
            notify_chats.push(chat.clone());
        }
    }
    Loaded {
        own,
        others,
        notify_chats,
        built_in,
        directory,
    }
}

fn load(file: &Path, locale: Locale) -> Result<Arc<Script>, Vec<String>> {
    let bytes = fs::read(file)
        .map_err(|error| vec![format!("{}: can't be read: {error}", file.display())])?;
    let source = utf8_text(bytes).map_err(|mistake| vec![mistake]);
    let loaded = source.and_then(|source| Script::load(&source, locale));
    // Check the files that it sends now, and not when a customer waits for one.
    let loaded = loaded.and_then(|script| media_files::placed(script, file));
    script(loaded, &file.display().to_string())
}

fn built_in(locale: Locale) -> Result<Arc<Script>, Vec<String>> {
    script(Script::built_in(locale), "the built-in flow")
}

fn script(loaded: Result<Script, Vec<Mistake>>, name: &str) -> Result<Arc<Script>, Vec<String>> {
    loaded.map(Arc::new).map_err(|mistakes| {
        let lines = mistakes.iter().map(|mistake| format!("{name}, {mistake}"));
        lines.collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(name: &str) -> String {
        format!("name = '{name}'\nstart = 'a'\n[step.a]\nask = '?'\nend = 'x'")
    }

    /// A directory with these files.
    fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(place.path().join(name), text).unwrap();
        }
        place
    }

    fn of(flows: &Flows, session: &str) -> Arc<Script> {
        flows.of(&SessionName::stored(session))
    }

    fn load_all(place: &tempfile::TempDir) -> Result<Flows, Vec<String>> {
        Flows::load(Some(place.path()), Locale::En)
    }

    #[test]
    fn a_session_follows_the_file_of_its_name_and_the_others_the_default() {
        let place = directory(&[
            ("shop.toml", &flow("the shop")),
            ("default.toml", &flow("reception")),
            ("shop.test.toml", "this is no flow"),
            (".#shop.toml", "of an editor"),
            ("notes.txt", "nor this"),
        ]);
        let flows = load_all(&place).unwrap();
        assert_eq!(of(&flows, "shop").name(), "the shop");
        assert_eq!(of(&flows, "default").name(), "reception");
        assert_eq!(of(&flows, "another").name(), "reception");
        assert_eq!(
            flows.loaded().to_string(),
            "default (1 step), shop (1 step)"
        );
        assert!(!flows.loaded().has_no_default());
    }

    #[test]
    fn without_a_default_the_other_sessions_follow_the_built_in_flow() {
        let place = directory(&[("shop.toml", &flow("the shop"))]);
        let flows = load_all(&place).unwrap();
        assert!(flows.loaded().has_no_default());
        assert_ne!(of(&flows, "another").name(), "the shop");
        assert!(flows.loaded().to_string().contains("built-in"));
        assert!(
            Flows::load(None, Locale::En)
                .unwrap()
                .loaded()
                .to_string()
                .starts_with("the built-in flow (")
        );
    }

    #[test]
    fn all_mistakes_of_all_files_are_reported_with_their_files() {
        let place = directory(&[
            (
                "a.toml",
                "start = 'a'\ntypo = 1\n[step.a]\nask = 'x'\nnext = 'nowhere'",
            ),
            ("b.toml", "start = "),
            ("my shop.toml", &flow("x")),
            ("default.toml", &flow("x")),
        ]);
        let long = format!("{}.toml", "x".repeat(55));
        fs::write(place.path().join(&long), flow("x")).unwrap();
        fs::create_dir(place.path().join("c.toml")).unwrap();
        let mistakes = load_all(&place).unwrap_err();
        for part in [
            "a.toml, line 2",
            "a.toml, line 5",
            "b.toml, line 1",
            "my shop",
            "c.toml: can't be read",
            &long,
        ] {
            assert_eq!(
                mistakes.iter().filter(|line| line.contains(part)).count(),
                1,
                "{part}: {mistakes:#?}"
            );
        }
        assert_eq!(mistakes.len(), 6, "{mistakes:#?}");
        let empty = directory(&[("a.test.toml", "")]);
        let mistakes = load_all(&empty).unwrap_err();
        assert!(
            mistakes[0].contains("no flow in this directory"),
            "{mistakes:?}"
        );
    }

    #[test]
    fn one_bad_file_stops_a_reload_and_all_old_flows_stay() {
        let place = directory(&[("shop.toml", &flow("old")), ("default.toml", &flow("old"))]);
        let flows = load_all(&place).unwrap();
        fs::write(place.path().join("default.toml"), flow("new")).unwrap();
        fs::write(place.path().join("shop.toml"), "start = 'gone'").unwrap();
        assert!(!flows.reload().unwrap_err().is_empty());
        assert_eq!(of(&flows, "x").name(), "old");
        fs::write(place.path().join("shop.toml"), flow("new")).unwrap();
        assert!(flows.reload().is_ok());
        assert_eq!(
            (of(&flows, "x").name(), of(&flows, "shop").name()),
            ("new", "new")
        );
        fs::remove_file(place.path().join("shop.toml")).unwrap();
        fs::write(place.path().join("late.toml"), flow("late")).unwrap();
        assert!(flows.reload().is_ok());
        assert_eq!(of(&flows, "shop").name(), "new");
        assert_eq!(of(&flows, "late").name(), "late");
    }
}
