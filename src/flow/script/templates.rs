//! The templates of a flow, compiled once and rendered within limits.

use std::collections::BTreeMap;
use std::fmt;

use minijinja::{AutoEscape, Environment, ErrorKind, Output, Value, escape_formatter};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::flow::script::built_in_texts::TextKey;
use crate::flow::script::day_filters::add_day_filters;
use crate::flow::script::variables::{KNOWN, LAST};
use crate::flow::words::locale::Locale;

/// A rendered message is cut to this many characters. WhatsApp accepts 65,536, but nobody reads such a message on a phone,
/// and a template with a loop must not be able to send it.
pub(crate) const MESSAGE_MAX: usize = 4096;

/// The cost limit of one rendering. One unit is an instruction or some bytes of text: plenty for a message, and an endless
/// loop uses it up within milliseconds.
const FUEL: u64 = 100_000;

/// The variable that holds an expression's value. No flow can save a variable with this name.
const RESULT: &str = "__result";

/// The prefix of the names of address templates.
const URL: &str = "url:";

/// Everything except unreserved characters is encoded (RFC 3986).
const IN_URL: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The name of a template. It reads like its place in the flow file, for error messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextId(String);

impl TextId {
    pub(crate) fn of_step(step: &str, key: &str) -> TextId {
        TextId(format!("step.{step}.{key}"))
    }

    /// An address: values in it are encoded.
    pub(crate) fn of_url(step: &str, key: &str) -> TextId {
        TextId(format!("{URL}step.{step}.{key}"))
    }

    pub(crate) fn of_text(key: TextKey) -> TextId {
        TextId(format!("texts.{}", key.name()))
    }
}

/// A mistake in a template, and its line within the template, counted from 0.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TemplateProblem {
    pub(crate) line: usize,
    pub(crate) message: String,
}

/// The compiled templates of one flow.
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
    /// Only the built-in texts; the flow's own are added later.
    pub(crate) fn new(locale: Locale) -> Templates {
        let mut templates = Environment::new();
        // Messages are not HTML, whatever a template's name looks like.
        templates.set_auto_escape_callback(|_| AutoEscape::None);
        templates.set_fuel(Some(FUEL));
        // Debug messages quote variables, which hold customers' words: they must not reach the log.
        templates.set_debug(false);
        templates.set_formatter(|out, state, value| {
            if state.name().starts_with(URL) {
                in_url(out, value)
            } else {
                escape_formatter(out, state, value)
            }
        });
        add_day_filters(&mut templates, locale);
        for key in TextKey::ALL {
            // Cannot fail: a test compiles them all.
            let _ = templates.add_template_owned(built_in_name(key), key.source(locale));
        }
        Templates { templates, locale }
    }

    /// Compiles a text. Reports wrong syntax, and unknown filters, tests, functions and methods.
    pub(crate) fn add(&mut self, id: &TextId, source: &str) -> Result<(), TemplateProblem> {
        self.templates
            .add_template_owned(id.0.clone(), source.to_owned())
            .map_err(|error| problem(&error))?;
        if !source.contains("{{") && !source.contains("{%") {
            return Ok(());
        }
        // Filters are looked up only when they run, so every text is rendered once with all its variables and once with
        // none. That covers most branches that people write.
        let variables = self.variables(id);
        let mut filled: BTreeMap<String, Value> = variables
            .into_iter()
            .map(|name| (name, "1".into()))
            .collect();
        let members = self.members(id);
        for (variable, value) in &mut filled {
            if [KNOWN, LAST].contains(&variable.as_str()) {
                let of_this = members.iter().filter_map(|written| {
                    let member = written.strip_prefix(variable.as_str())?.strip_prefix('.')?;
                    Some((member.split('.').next().unwrap_or(member), "1"))
                });
                *value = of_this.collect::<BTreeMap<_, _>>().into();
            }
        }
        for words in [Value::from(filled), Value::from(())] {
            if let Err(error) = self.render(id, words)
                && matches!(
                    error.kind(),
                    ErrorKind::UnknownFilter
                        | ErrorKind::UnknownTest
                        | ErrorKind::UnknownFunction
                        | ErrorKind::UnknownMethod
                        | ErrorKind::SyntaxError
                )
            {
                return Err(problem(&error));
            }
        }
        Ok(())
    }

    /// Compiles an expression as a template that assigns its value, so that it is looked up and checked like a text.
    pub(crate) fn add_expression(
        &mut self,
        id: &TextId,
        source: &str,
    ) -> Result<(), TemplateProblem> {
        // On its own first: "1) %}(2" would become valid inside the brackets.
        self.templates
            .compile_expression(source)
            .map(drop)
            .map_err(|error| problem(&error))?;
        // The line break keeps a comment at its end from hiding the bracket.
        self.add(id, &format!("{{% set {RESULT} = ({source}\n) %}}"))
    }

    /// The value of an expression.
    pub(crate) fn evaluate(&self, id: &TextId, words: Value) -> Result<Value, minijinja::Error> {
        let captured = self.templates.get_template(&id.0)?.render_captured(words)?;
        Ok(captured.state().lookup(RESULT).unwrap_or_default())
    }

    /// The variables that a text uses, sorted.
    pub(crate) fn variables(&self, id: &TextId) -> Vec<String> {
        let Ok(template) = self.templates.get_template(&id.0) else {
            return Vec::new();
        };
        let mut names: Vec<String> = template.undeclared_variables(false).into_iter().collect();
        names.retain(|name| self.templates.globals().all(|(global, _)| global != name));
        names.sort();
        names
    }

    /// The variables that a text uses, sorted, with their members, like `known.plan`.
    pub(crate) fn members(&self, id: &TextId) -> Vec<String> {
        let Ok(template) = self.templates.get_template(&id.0) else {
            return Vec::new();
        };
        let mut names: Vec<String> = template.undeclared_variables(true).into_iter().collect();
        names.sort();
        names
    }

    /// Renders a text, cut to [`MESSAGE_MAX`].
    pub(crate) fn render(&self, id: &TextId, words: Value) -> Result<String, minijinja::Error> {
        let rendered = self.templates.get_template(&id.0)?.render(words)?;
        Ok(shorten(rendered))
    }

    /// Renders the text for this key: the flow's own, or else the built-in one. If the flow's own text fails, the customer
    /// gets the built-in one and the error is returned for the log.
    pub(crate) fn built_in(
        &self,
        key: TextKey,
        words: Value,
    ) -> (String, Option<minijinja::Error>) {
        let id = TextId::of_text(key);
        let fault = match self.render(&id, words.clone()) {
            Ok(text) => return (text, None),
            Err(error) if error.kind() == ErrorKind::TemplateNotFound => None,
            Err(error) => Some(error),
        };
        let text = self
            .render(&TextId(built_in_name(key)), words)
            // Cannot fail: a test renders them all. If it did, an apology is better than silence.
            .unwrap_or_else(|_| TextKey::Trouble.source(self.locale).to_owned());
        (text, fault)
    }
}

/// A separate name, so that the built-in text is still there if the flow's own fails.
fn built_in_name(key: TextKey) -> String {
    format!("built_in.{}", key.name())
}

/// Writes a value into an address as one path segment, whatever the customer wrote. Dots alone are dropped: they would lead
/// up the path.
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

/// Cuts a text to [`MESSAGE_MAX`], and removes the line breaks at its ends, which come from the file's layout.
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
    fn every_built_in_text_renders_in_each_language() {
        for locale in Locale::ALL {
            let texts = Templates::new(locale);
            for key in TextKey::ALL {
                for wait in [None, Some(Duration::from_secs(300))] {
                    let words = BTreeMap::from([
                        ("position".to_owned(), Value::from(3)),
                        ("wait".to_owned(), WaitPhrase::new(locale, wait).into()),
                        ("early".to_owned(), "3 in the morning".into()),
                        ("late".to_owned(), "3 in the afternoon".into()),
                        ("min".to_owned(), "1".into()),
                        ("paused".to_owned(), "back at 14:00".into()),
                    ]);
                    let id = TextId::of_step("trial", key.name());
                    let mut trial = Templates::new(locale);
                    trial.add(&id, key.source(locale)).unwrap();
                    let (text, fault) = texts.built_in(key, words.clone().into());
                    assert!(fault.is_none(), "{fault:?}");
                    assert_eq!(text, trial.render(&id, words.into()).unwrap());
                    assert!(text.len() > 20 && !text.contains("{"), "{text}");
                }
            }
        }
    }

    #[test]
    fn customers_words_are_values_and_never_templates() {
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
    fn a_long_message_is_cut_and_an_endless_loop_is_stopped() {
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
        check(
            "{{ name | date('lnog') }}",
            0,
            "`lnog` is no format of a date",
        );
    }

    #[test]
    fn days_and_times_are_written_for_people() {
        let known = [
            ("today", "2026-11-26"),
            ("now", "2026-11-26 14:30"),
            ("day", "2026-11-27"),
            ("later", "2027-01-05"),
            ("hour", "09:00"),
            ("said", "não sei"),
        ];
        for (source, text) in [
            ("{{ day | date }}", "Friday, November 27"),
            ("{{ later | date }}", "Tuesday, January 5, 2027"),
            ("{{ day | date('short') }}", "Nov 27"),
            ("{{ day | date('dd/mm') }}", "27/11"),
            ("{{ now | date }}", "Thursday, November 26"),
            ("{{ now | time }}", "2:30 pm"),
            ("{{ hour | time }}", "9:00 am"),
            ("{{ said | date }}, {{ said | time }}", "não sei, não sei"),
            ("{{ missing | date }}{{ missing | time }}", ""),
            ("{{ day | time }}{{ hour | date }}", "2026-11-2709:00"),
        ] {
            assert_eq!(rendered(source, &known).as_deref(), Ok(text), "{source}");
        }
        let without_today = rendered("{{ day | date }}", &[("day", "2026-11-27")]);
        assert_eq!(without_today.as_deref(), Ok("Friday, November 27, 2026"));
    }
}
