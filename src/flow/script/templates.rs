//! What customers read: templates that are compiled once and rendered within limits.

use std::fmt;

use minijinja::{AutoEscape, Environment, ErrorKind, Output, Value, escape_formatter};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::flow::script::built_in_texts::TextKey;
use crate::flow::words::locale::Locale;

/// A rendered message is cut to this many characters. WhatsApp takes 65,536, but nobody reads such a
/// message on a phone, and a template in a loop should not be able to send it.
pub(crate) const MESSAGE_MAX: usize = 4096;

/// What a template may cost. One unit is an instruction, or some bytes of text: plenty for a message, and
/// gone within milliseconds in a loop without end.
const FUEL: u64 = 100_000;

/// What an expression's value is called; no author can take the name for a variable of theirs.
const RESULT: &str = "__result";

/// Begins the name of a template that is an address; no other begins so.
const URL: &str = "url:";

/// All that means something in an address is encoded (RFC 3986, "unreserved characters").
const IN_URL: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Names a template; it reads like the place in the flow file, for error messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextId(String);

impl TextId {
    pub(crate) fn of_step(step: &str, key: &str) -> TextId {
        TextId(format!("step.{step}.{key}"))
    }

    /// An address, in which what is filled in is encoded.
    pub(crate) fn of_url(step: &str, key: &str) -> TextId {
        TextId(format!("{URL}step.{step}.{key}"))
    }

    pub(crate) fn of_text(key: TextKey) -> TextId {
        TextId(format!("texts.{}", key.name()))
    }
}

/// What is wrong with a template, and in which of its own lines, counted from 0.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TemplateProblem {
    pub(crate) line: usize,
    pub(crate) message: String,
}

/// All the templates of one flow, compiled.
pub(crate) struct Templates {
    templates: Environment<'static>,
    locale: Locale,
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Templates")
            .field("locale", &self.locale)
            .finish_non_exhaustive()
    }
}

impl Templates {
    /// The built-in texts of a locale, until the author's are added.
    pub(crate) fn new(locale: Locale) -> Templates {
        let mut templates = Environment::new();
        // What customers read is no HTML, whatever a template happens to be called.
        templates.set_auto_escape_callback(|_| AutoEscape::None);
        templates.set_fuel(Some(FUEL));
        // Debug messages quote the variables, which are the customer's own words: not for a log.
        templates.set_debug(false);
        templates.set_formatter(|out, state, value| {
            if state.name().starts_with(URL) {
                in_url(out, value)
            } else {
                escape_formatter(out, state, value)
            }
        });
        for key in TextKey::ALL {
            // Cannot fail: a test compiles them all. One that did would be found missing when it is said.
            let _ = templates.add_template_owned(built_in_name(key), key.source(locale));
        }
        Templates { templates, locale }
    }

    /// Compiles a text. Finds wrong syntax, and filters, tests, functions and methods that do not exist.
    pub(crate) fn add(&mut self, id: &TextId, source: &str) -> Result<(), TemplateProblem> {
        self.templates
            .add_template_owned(id.0.clone(), source.to_owned())
            .map_err(|error| problem(&error))?;
        if !source.contains("{{") && !source.contains("{%") {
            return Ok(());
        }
        // Filters are looked up only when they are reached, so every text is rendered on trial: with all
        // its variables and with none, which takes most of the branches that people write.
        let variables = self.variables(id);
        let filled: std::collections::BTreeMap<String, Value> = variables
            .into_iter()
            .map(|name| (name, "1".into()))
            .collect();
        for words in [Value::from(filled), Value::from(())] {
            if let Err(error) = self.render(id, words)
                && matches!(
                    error.kind(),
                    ErrorKind::UnknownFilter
                        | ErrorKind::UnknownTest
                        | ErrorKind::UnknownFunction
                        | ErrorKind::UnknownMethod
                )
            {
                return Err(problem(&error));
            }
        }
        Ok(())
    }

    /// Compiles an expression, kept as a template that gives its value a name: so it is found by its own
    /// like a text, and is checked like one.
    pub(crate) fn add_expression(
        &mut self,
        id: &TextId,
        source: &str,
    ) -> Result<(), TemplateProblem> {
        // By itself first: "1) %}(2" becomes valid once it stands in brackets.
        self.templates
            .compile_expression(source)
            .map(drop)
            .map_err(|error| problem(&error))?;
        // On a line of its own, so that a comment at its end does not hide what follows.
        self.add(id, &format!("{{% set {RESULT} = ({source}\n) %}}"))
    }

    /// The value of an expression.
    pub(crate) fn evaluate(&self, id: &TextId, words: Value) -> Result<Value, minijinja::Error> {
        let captured = self.templates.get_template(&id.0)?.render_captured(words)?;
        Ok(captured.state().lookup(RESULT).unwrap_or_default())
    }

    /// The variables that a text takes from outside, sorted.
    pub(crate) fn variables(&self, id: &TextId) -> Vec<String> {
        let Ok(template) = self.templates.get_template(&id.0) else {
            return Vec::new();
        };
        let mut names: Vec<String> = template.undeclared_variables(false).into_iter().collect();
        names.retain(|name| self.templates.globals().all(|(global, _)| global != name));
        names.sort();
        names
    }

    /// Renders a text, cut to [`MESSAGE_MAX`].
    pub(crate) fn render(&self, id: &TextId, words: Value) -> Result<String, minijinja::Error> {
        let rendered = self.templates.get_template(&id.0)?.render(words)?;
        Ok(shorten(rendered))
    }

    /// Renders the text for this key: the author's, or the built-in one where there is none. Where the author's fails, the customer
    /// gets the built-in one, and the failure is handed back for the log.
    pub(crate) fn built_in(&self, key: TextKey, words: Value) -> (String, Option<String>) {
        let id = TextId::of_text(key);
        let fault = match self.render(&id, words.clone()) {
            Ok(text) => return (text, None),
            Err(error) if error.kind() == ErrorKind::TemplateNotFound => None,
            Err(error) => Some(format!("the text `{}` failed: {error}", key.name())),
        };
        let text = self
            .render(&TextId(built_in_name(key)), words)
            // Cannot fail: a test renders them all. If it did, plain words beat silence.
            .unwrap_or_else(|_| TextKey::Trouble.source(self.locale).to_owned());
        (text, fault)
    }
}

/// Lies apart from the author's texts, so that it is there when one of those fails.
fn built_in_name(key: TextKey) -> String {
    format!("built_in.{}", key.name())
}

/// A value in an address: one part of it, whatever a customer wrote. Dots alone would lead up the path.
fn in_url(out: &mut Output<'_>, value: &Value) -> Result<(), minijinja::Error> {
    if value.is_undefined() || value.is_none() {
        return Ok(());
    }
    let text = value.to_string();
    let text = text.trim();
    if !text.chars().all(|c| c == '.') {
        write!(out, "{}", utf8_percent_encode(text, IN_URL))?;
    }
    Ok(())
}

fn problem(error: &minijinja::Error) -> TemplateProblem {
    let what = error
        .detail()
        .map_or_else(|| error.kind().to_string(), str::to_owned);
    TemplateProblem {
        line: error.line().unwrap_or(1).saturating_sub(1),
        message: match error.kind() {
            ErrorKind::SyntaxError => what,
            kind => format!("{kind}: {what}"),
        },
    }
}

/// A text that is only white space is no message; line breaks at the ends come from the file's layout.
pub(crate) fn shorten(text: String) -> String {
    let trimmed = text.trim_matches(['\n', '\r']);
    match trimmed.char_indices().nth(MESSAGE_MAX) {
        Some(_) => trimmed.chars().take(MESSAGE_MAX - 1).chain(['…']).collect(),
        None if trimmed.len() == text.len() => text,
        None => trimmed.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::script::wait_phrase::WaitPhrase;
    use std::collections::BTreeMap;
    use std::time::Duration;

    fn words(known: &[(&str, &str)]) -> Value {
        let known: BTreeMap<String, Value> = known
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).into()))
            .collect();
        known.into()
    }

    fn rendered(source: &str, known: &[(&str, &str)]) -> Result<String, ErrorKind> {
        let mut texts = Templates::new(Locale::En);
        let id = TextId::of_step("a", "say");
        texts.add(&id, source).unwrap();
        texts
            .render(&id, words(known))
            .map_err(|error| error.kind())
    }

    #[test]
    fn every_built_in_text_renders_in_every_locale() {
        for locale in Locale::ALL {
            let texts = Templates::new(locale);
            for key in TextKey::ALL {
                for wait in [None, Some(Duration::from_secs(300))] {
                    let words = BTreeMap::from([
                        ("position".to_owned(), Value::from(3)),
                        ("wait".to_owned(), WaitPhrase::new(locale, wait).into()),
                    ]);
                    let id = TextId::of_step("trial", key.name());
                    let mut trial = Templates::new(locale);
                    trial.add(&id, key.source(locale)).unwrap();
                    let (text, fault) = texts.built_in(key, words.clone().into());
                    assert_eq!(fault, None);
                    assert_eq!(text, trial.render(&id, words.into()).unwrap());
                    assert!(text.len() > 20 && !text.contains("{"), "{text}");
                }
            }
        }
    }

    #[test]
    fn the_customer_s_words_are_values_and_never_templates() {
        let said = "{{ 7 * 7 }} <b> {% raw %}";
        assert_eq!(
            rendered("{{ said }}!", &[("said", said)]),
            Ok(format!("{said}!"))
        );
        assert_eq!(
            rendered("a{{ missing }}b{{ missing }}", &[]),
            Ok("ab".to_owned())
        );
    }

    #[test]
    fn a_long_message_is_cut_and_an_endless_one_stopped() {
        let long = "é".repeat(5000);
        let cut = rendered("{{ said }}", &[("said", &long)]).unwrap();
        assert_eq!(cut.chars().count(), MESSAGE_MAX);
        assert!(cut.ends_with('…'));
        let endless =
            "{% for a in range(10000) %}{% for b in range(10000) %}x{% endfor %}{% endfor %}";
        assert_eq!(rendered(endless, &[]), Err(ErrorKind::OutOfFuel));
        let huge = "{{ 'x' * 2000000000 }}";
        assert!(rendered(huge, &[]).is_err());
    }

    #[test]
    fn a_text_is_checked_when_it_is_added() {
        let check = |source: &str, line: usize, part: &str| {
            let problem = Templates::new(Locale::En)
                .add(&TextId::of_step("a", "say"), source)
                .unwrap_err();
            assert_eq!(problem.line, line, "{problem:?}");
            assert!(problem.message.contains(part), "{problem:?}");
        };
        check("one\ntwo {{ name", 1, "unexpected end of input");
        check("{{ name | shout }}", 0, "shout");
        check("{{ name.split(' ') }}", 0, "no method named split");
        check("{% if name %}x{% else %}{{ nope() }}{% endif %}", 0, "nope");
    }
}
