//! Turns a flow file into a [`Script`]: reads and checks all of it, and reports all mistakes at once.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::flow::load::check;
use crate::flow::load::loader::Loader;
use crate::flow::load::locale::{read_locale, read_timezone};
use crate::flow::load::reader::{Mistake, Reader, Section};
use crate::flow::script::built_in_texts::TextKey;
use crate::flow::script::checked_flow::Script;
use crate::flow::script::step::Step;
use crate::flow::script::templates::TextId;
use crate::flow::words::fold::closest;
use crate::flow::words::locale::Locale;

const FILE_KEYS: [&str; 12] = [
    "name", "locale", "timezone", "hours", "start", "texts", "commands", "timeouts", "notices",
    "limits", "team", "step",
];

impl Script {
    /// Loads a flow file and checks all of it. A file without `locale` gets `default_locale`.
    ///
    /// # Errors
    /// Every mistake in the file at once, in the order of its lines.
    pub fn load(source: &str, default_locale: Locale) -> Result<Script, Vec<Mistake>> {
        load(source, default_locale)
    }

    /// The built-in flow, for sessions without a flow file: it greets, asks for name and subject, thanks and closes.
    ///
    /// # Errors
    /// None in practice: it goes through the same loader as every flow, and a test loads each locale.
    pub fn built_in(locale: Locale) -> Result<Script, Vec<Mistake>> {
        let source = match locale {
            Locale::En => include_str!("built_in_flows/en.toml"),
            Locale::PtBr => include_str!("built_in_flows/pt-br.toml"),
            Locale::Es => include_str!("built_in_flows/es.toml"),
        };
        load(source, locale)
    }
}

fn load(source: &str, default_locale: Locale) -> Result<Script, Vec<Mistake>> {
    let (mut reader, table) = Reader::open(source)?;
    let file = Section::root(table.get_ref());
    reader.only(&file, &FILE_KEYS);
    let locale = read_locale(&file, default_locale, &mut reader);
    let timezone = read_timezone(&file, &mut reader);
    let mut loader = Loader::new(reader, locale);
    let name = loader
        .reader
        .text(&file, "name")
        .map_or("", |name| name.text)
        .to_owned();
    loader.read_texts(&file);
    let commands = loader.read_commands(&file, locale);
    let timeouts = loader.read_timeouts(&file);
    let notices = loader.read_notices(&file);
    let limits = loader.read_limits(&file);
    let (hours, closed) = loader.read_hours(&file).unzip();
    let teams = loader.read_teams(&file);
    let steps = loader.read_steps(&file, &commands, &teams);
    loader.check_handoffs(&file, &steps, timeouts.phone_quiet);
    let (start, meant) = loader.read_start(&file);
    let first = start.as_deref().or(meant.as_deref());
    check::check(&loader.graph, first, &mut loader.reader);
    loader.check_variables();
    loader.check_remembered();

    let mistakes = loader.reader.finish();
    match start {
        Some(start) if mistakes.is_empty() => Ok(Script {
            name,
            locale,
            timezone,
            hours,
            closed,
            teams,
            start,
            calls: steps.values().any(|step| matches!(step, Step::Call(_))),
            steps,
            templates: loader.templates,
            commands,
            timeouts,
            notices,
            limits,
            files: loader.files,
            directory: PathBuf::new(),
        }),
        _ => Err(mistakes),
    }
}

impl Loader<'_> {
    fn read_texts(&mut self, file: &Section<'_>) {
        let Some(section) = self.reader.section(file, "texts") else {
            return;
        };
        self.reader.only(&section, &TextKey::ALL.map(TextKey::name));
        for key in TextKey::ALL {
            if let Some(written) = self.reader.text(&section, key.name()) {
                let id = TextId::of_text(key);
                self.compile(
                    id,
                    &written,
                    key.queue_variables(),
                    &section.name,
                    key.name(),
                );
            }
        }
    }

    /// The first step, or, if there is no such step, the one that the author probably meant.
    fn read_start(&mut self, file: &Section<'_>) -> (Option<String>, Option<String>) {
        if !file.has("start") {
            let message = "`start` is missing: name the first step, like start = \"hello\"";
            self.reader.note(&(0..0), message);
            return (None, None);
        }
        let names: BTreeSet<&str> = self
            .graph
            .steps
            .iter()
            .map(|node| node.name.as_str())
            .collect();
        let start = match self.reader.text(file, "start") {
            // If there are no steps, that mistake is reported already.
            Some(start) if !names.is_empty() => start,
            _ => return (None, None),
        };
        if names.contains(start.text) {
            return (Some(start.text.to_owned()), None);
        }
        let meant = closest(start.text, names.iter().copied());
        let message = format!(
            "`start` names `{}`, and there is no such step; {}",
            start.text,
            check::hint(meant, &names),
        );
        self.reader.note(&start.place, message);
        (None, meant.map(str::to_owned))
    }
}

#[cfg(test)]
mod tests;
