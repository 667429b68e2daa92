//! Reads `[commands]`: words that work at any time.

use std::collections::BTreeMap;

use crate::flow::load::check::StepPath;
use crate::flow::load::loader::Loader;
use crate::flow::load::reader::Section;
use crate::flow::script::commands::{Commands, GoTo, GoWord};
use crate::flow::words::fold::{fold, fold_with_marks};
use crate::flow::words::locale::Locale;

const COMMANDS_KEYS: [&str; 4] = ["leave", "position", "phone_end", "go"];
/// Under `go`, in place of a step: the question before.
const BACK: &str = "back";

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
        commands.go = self.read_go(file, &section, &commands);
        commands
    }

    /// Reads `[commands.go]`: words that lead to a step from every question.
    fn read_go(
        &mut self,
        file: &Section<'_>,
        section: &Section<'_>,
        commands: &Commands,
    ) -> BTreeMap<String, GoWord> {
        let mut go: BTreeMap<String, GoWord> = BTreeMap::new();
        let Some(section) = self.reader.section(section, "go") else {
            return go;
        };
        for key in section.keys() {
            let Some(target) = self.reader.text(&section, key.text) else {
                continue;
            };
            let word = fold(key.text);
            if word.is_empty() {
                let message = format!(
                    "a word in {} is empty; write what the customer writes, like menu = \"a_step\"",
                    section.name
                );
                self.reader.note(&key.place, message);
            }
            for (of, words) in [("leave", &commands.leave), ("position", &commands.position)] {
                if words.contains(&word) {
                    let message = format!(
                        "`{}` in {} is also a word of `{of}`, which comes first; write another word, or your own `{of}` words in [commands]",
                        key.text, section.name
                    );
                    self.reader.note(&key.place, message);
                }
            }
            let to = match target.text {
                BACK => GoTo::Back,
                step => {
                    self.graph.entries.push(StepPath {
                        from: String::new(),
                        to: step.to_owned(),
                        by: format!("`{}` in {}", key.text, section.name),
                        place: target.place.clone(),
                    });
                    GoTo::Step(step.to_owned())
                }
            };
            if to == GoTo::Back
                && let Some(steps) = self.reader.section(file, "step")
                && steps.has(BACK)
            {
                let message = format!(
                    "`{BACK}` in {} is the question before, but there is also a [step.{BACK}]; give that step another name",
                    section.name
                );
                self.reader.note(&target.place, message);
            }
            if let Some(other) = go.get(&word)
                && other.to != to
            {
                let message = format!(
                    "`{}` and `{}` in {} are the same word to a customer, but lead to different steps; keep one",
                    other.written, key.text, section.name
                );
                self.reader.note(&key.place, message);
            }
            let written = key.text.to_owned();
            go.entry(word).or_insert(GoWord { written, to });
        }
        go
    }
}

#[cfg(test)]
mod tests {
    use crate::flow::script::checked_flow::Script;
    use crate::flow::words::locale::Locale;

    #[test]
    fn every_mistake_in_the_words_that_work_everywhere_is_reported() {
        for (words, steps, column, part) in [
            (
                "menu = 'mneu'",
                "",
                8,
                "`menu` in [commands.go] leads to `mneu`, and there is no such step; did you mean `menu`?",
            ),
            (
                "leave = 'menu'",
                "",
                1,
                "`leave` in [commands.go] is also a word of `leave`",
            ),
            ("QUEUE = 'menu'", "", 1, "is also a word of `position`"),
            ("' ' = 'menu'", "", 1, "a word in [commands.go] is empty"),
            (
                "a = 'back'",
                "[step.back]\nask = '?'\nnext = 'menu'\n[step.b]\nask = '?'\nnext = 'back'",
                5,
                "there is also a [step.back]; give that step another name",
            ),
            (
                "Menü = 'menu'\nmenu = 'back'",
                "",
                1,
                "`Menü` and `menu` in [commands.go] are the same word to a customer",
            ),
            (
                "a = 1",
                "",
                5,
                "`a` in [commands.go] must be a text in quotes",
            ),
        ] {
            let words = words.replacen("Menü", "'Menü'", 1);
            let source = format!(
                "start = 'menu'\n[commands.go]\n{words}\n[step.menu]\nask = '?'\noptions = {{ 1 = 'end' }}\n\
                 [step.end]\nsay = 'x'\nend = 'x'\n{steps}"
            );
            let mistakes = Script::load(&source, Locale::En).unwrap_err();
            assert!(
                mistakes
                    .iter()
                    .any(|one| one.column == column && one.message.contains(part)),
                "{source}\n{mistakes:#?}"
            );
        }
    }

    #[test]
    fn a_step_may_be_reached_by_a_word_only_and_two_spellings_may_lead_to_it() {
        let source = "start = 'a'\n[commands.go]\nhelp = 'help'\nHELP = 'help'\nvoltar = 'back'\n\
            [step.a]\nask = '?'\nend = 'x'\n[step.help]\nsay = 'x'\nnext = 'a'";
        let script = Script::load(source, Locale::En).unwrap();
        assert_eq!(script.commands.go.len(), 2);
        let outline = script.outline();
        let steps: Vec<&str> = outline
            .steps
            .iter()
            .map(|step| step.name.as_str())
            .collect();
        assert_eq!(steps, ["a", "help"]);
        assert_eq!(outline.words, [("help".to_owned(), "help".to_owned())]);
        assert_eq!(script.warnings(source), []);
    }
}
