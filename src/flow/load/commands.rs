//! Reads `[commands]`: words that work at any time.

use crate::flow::load::loader::Loader;
use crate::flow::load::reader::Section;
use crate::flow::script::commands::Commands;
use crate::flow::words::fold::{fold, fold_with_marks};
use crate::flow::words::locale::Locale;

const COMMANDS_KEYS: [&str; 3] = ["leave", "position", "phone_end"];

impl Loader<'_> {
    pub(crate) fn read_commands(&mut self, file: &Section<'_>, locale: Locale) -> Commands {
        let mut commands = Commands::built_in(locale);
        let Some(section) = self.reader.section(file, "commands") else {
            return commands;
        };
        self.reader.only(&section, &COMMANDS_KEYS);
        for (key, words) in [
            ("leave", &mut commands.leave),
            ("position", &mut commands.position),
            ("phone_end", &mut commands.phone_end),
        ] {
            let Some(written) = self.reader.texts(&section, key) else {
                continue;
            };
            if written.is_empty() && key == "leave" {
                let message = "`leave` in [commands] needs at least one word: a customer must be able to leave";
                self.reader.note(&section.place_of(key), message);
            }
            words.clear();
            for word in written {
                if word.text.trim().is_empty() {
                    self.reader.note(
                        &word.place,
                        format!("a word of `{key}` is empty; write one, or remove it"),
                    );
                }
                words.insert(match key {
                    "phone_end" => fold_with_marks(word.text),
                    _ => fold(word.text),
                });
            }
        }
        let mut both: Vec<&String> = commands.leave.intersection(&commands.position).collect();
        both.sort();
        for word in both {
            let message =
                format!("`{word}` is a word of both `leave` and `position`; keep it in one");
            self.reader.note(&section.place, message);
        }
        commands
    }
}
