//! Reads `remember`: which variables a step keeps for later conversations; and checks the members of `known` and `last`.

use std::collections::BTreeSet;

use crate::flow::load::loader::Loader;
use crate::flow::load::reader::{Place, Section};
use crate::flow::script::variables::{KNOWN, LAST, LAST_KEYS, RESERVED, is_variable};
use crate::flow::words::fold::closest;

impl Loader<'_> {
    /// The variables that a step remembers.
    pub(crate) fn read_remember(&mut self, body: &Section<'_>) -> Vec<String> {
        let written = self.reader.texts(body, "remember").unwrap_or_default();
        for name in &written {
            if !is_variable(name.text) {
                let message = format!(
                    "`remember` in {} must have names of variables, like \"plan\"",
                    body.name
                );
                self.reader.note(&name.place, message);
            } else if RESERVED.contains(&name.text) {
                let message = format!(
                    "`{}` in {} is set by the program and can't be remembered; `set` it under another name first",
                    name.text, body.name
                );
                self.reader.note(&name.place, message);
            } else {
                let name = (name.text.to_owned(), name.place.clone());
                self.remembered.push(name);
            }
        }
        written.iter().map(|name| name.text.to_owned()).collect()
    }

    /// What is remembered must be saved by some step.
    pub(crate) fn check_remembered(&mut self) {
        if self.saves_any {
            return;
        }
        let saved: Vec<&str> = self.saved.iter().map(String::as_str).collect();
        for (name, place) in &self.remembered {
            if saved.contains(&name.as_str()) {
                continue;
            }
            let hint = match closest(name, saved.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("save an answer with save = \"{name}\""),
            };
            let message =
                format!("nothing is saved as `{name}`, so it can't be remembered; {hint}");
            self.reader.note(place, message);
        }
    }

    /// Checks a variable with its member, like `known.plan`, in a text at this place.
    pub(crate) fn check_member(&mut self, written: &str, place: &Place) {
        let Some((variable, rest)) = written.split_once('.') else {
            return;
        };
        let member = rest.split('.').next().unwrap_or(rest);
        let remembered: BTreeSet<&str> = self
            .remembered
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let message = match variable {
            KNOWN if !remembered.contains(member) => {
                let hint = match closest(member, remembered.iter().copied()) {
                    Some(meant) => format!("did you mean `{KNOWN}.{meant}`?"),
                    None => format!("add remember = \"{member}\" to the step that saves it"),
                };
                format!("nothing remembers `{member}`; {hint}")
            }
            LAST if !LAST_KEYS.contains(&member) => {
                let known = LAST_KEYS.map(|key| format!("`{LAST}.{key}`")).join(", ");
                format!("there is no `{LAST}.{member}`; write one of {known}")
            }
            _ => return,
        };
        self.reader.note(place, message);
    }
}

#[cfg(test)]
mod tests {
    use crate::flow::script::checked_flow::Script;
    use crate::flow::words::locale::Locale;

    #[test]
    fn every_mistake_about_what_is_remembered_is_reported() {
        for (remember, text, line, part) in [
            (
                "'plan'",
                "{{ known.paln }}",
                8,
                "nothing remembers `paln`; did you mean `known.plan`?",
            ),
            (
                "'plan'",
                "{% if known.age %}x{% endif %}",
                8,
                "nothing remembers `age`; add remember = \"age\" to the step that saves it",
            ),
            (
                "['plan', 'pla']",
                "x",
                5,
                "nothing is saved as `pla`, so it can't be remembered; did you mean `plan`?",
            ),
            ("'zebra'", "x", 5, "save an answer with save = \"zebra\""),
            (
                "'opening'",
                "x",
                5,
                "`opening` in [step.a] is set by the program and can't be remembered",
            ),
            ("'a plan'", "x", 5, "must have names of variables"),
            ("1", "x", 5, "must be a text in quotes, or a list of them"),
            (
                "'plan'",
                "{{ last.dayz }}",
                8,
                "there is no `last.dayz`; write one of `last.outcome`, `last.at`, `last.days`",
            ),
            ("'plan'", "{{ known.plan | shout }}", 8, "shout"),
            (
                "'plan'",
                "{{ lats.days }}",
                8,
                "nothing is saved as `lats`; did you mean `last`?",
            ),
        ] {
            let source = format!(
                "start = 'a'\n[step.a]\nask = '?'\nsave = 'plan'\nremember = {remember}\nnext = 'b'\n[step.b]\nsay = '{text}'\nend = 'x'"
            );
            let mistakes = Script::load(&source, Locale::En).unwrap_err();
            assert!(
                mistakes.len() == 1
                    && mistakes[0].line == line
                    && mistakes[0].message.contains(part),
                "{source}\n{mistakes:#?}"
            );
        }
        for name in ["known", "last"] {
            let source = format!("start = 'a'\n[step.a]\nask = '?'\nsave = '{name}'\nend = 'x'");
            let mistakes = Script::load(&source, Locale::En).unwrap_err();
            assert!(
                mistakes[0].message.contains("is set by the program"),
                "{mistakes:?}"
            );
        }
        // They are not known in line.
        let line = "start = 'a'\n[texts]\nnext = '{{ known.plan }}'\n[step.a]\nask = '?'\nsave = 'plan'\nremember = 'plan'\nend = 'x'";
        assert_eq!(Script::load(line, Locale::En).unwrap_err()[0].line, 3);
    }
}
