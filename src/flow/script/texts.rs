//! What customers read: templates that are compiled once and rendered within limits.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use minijinja::value::{Object, ObjectRepr};
use minijinja::{AutoEscape, Environment, ErrorKind, Output, Value, escape_formatter};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::flow::line::estimate::rounded;
use crate::flow::script::text_key::TextKey;
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
pub(crate) struct Problem {
    pub(crate) line: usize,
    pub(crate) message: String,
}

/// All the templates of one flow, compiled.
pub(crate) struct Texts {
    templates: Environment<'static>,
    locale: Locale,
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Texts")
            .field("locale", &self.locale)
            .finish_non_exhaustive()
    }
}

impl Texts {
    /// The built-in texts of a locale, until the author's are added.
    pub(crate) fn new(locale: Locale) -> Texts {
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
        Texts { templates, locale }
    }

    /// Compiles a text. Finds wrong syntax, and filters, tests, functions and methods that do not exist.
    pub(crate) fn add(&mut self, id: &TextId, source: &str) -> Result<(), Problem> {
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
    pub(crate) fn add_expression(&mut self, id: &TextId, source: &str) -> Result<(), Problem> {
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

fn problem(error: &minijinja::Error) -> Problem {
    let what = error
        .detail()
        .map_or_else(|| error.kind().to_string(), str::to_owned);
    Problem {
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

/// The estimated wait as `{{ wait }}`: a phrase that reads well in any sentence, and false in
/// `{% if wait %}` where it is not known.
#[derive(Debug)]
pub(crate) struct Wait {
    phrase: String,
    known: bool,
}

impl Wait {
    /// Rounds the way a person would: nobody can promise 37 minutes.
    pub(crate) fn phrase(locale: Locale, wait: Option<Duration>) -> Wait {
        let say = |en: &str, pt_br: &str, es: &str| match locale {
            Locale::En => en.to_owned(),
            Locale::PtBr => pt_br.to_owned(),
            Locale::Es => es.to_owned(),
        };
        let counted = |n: u64, en: &str, pt_br: &str, es: &str| match locale {
            Locale::En => format!("about {n} {en}"),
            Locale::PtBr => format!("cerca de {n} {pt_br}"),
            Locale::Es => format!("cerca de {n} {es}"),
        };
        let phrase = match wait.map(|wait| rounded(wait).as_secs() / 60) {
            None => say("not known yet", "ainda não sabemos", "aún no lo sabemos"),
            Some(0) => say(
                "less than a minute",
                "menos de um minuto",
                "menos de un minuto",
            ),
            Some(1) => say("about a minute", "cerca de um minuto", "cerca de un minuto"),
            Some(30) => say(
                "about half an hour",
                "cerca de meia hora",
                "cerca de media hora",
            ),
            Some(60) => say("about an hour", "cerca de uma hora", "cerca de una hora"),
            Some(75) => say(
                "about an hour and a quarter",
                "cerca de uma hora e quinze",
                "cerca de una hora y cuarto",
            ),
            Some(90) => say(
                "about an hour and a half",
                "cerca de uma hora e meia",
                "cerca de una hora y media",
            ),
            Some(105) => say(
                "about an hour and three quarters",
                "cerca de uma hora e quarenta e cinco",
                "cerca de una hora y tres cuartos",
            ),
            Some(minutes) if minutes < 60 => counted(minutes, "minutes", "minutos", "minutos"),
            Some(minutes) => counted(minutes / 60, "hours", "horas", "horas"),
        };
        Wait {
            phrase,
            known: wait.is_some(),
        }
    }
}

impl From<Wait> for Value {
    fn from(wait: Wait) -> Value {
        Value::from_object(wait)
    }
}

impl Object for Wait {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        self.known
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.phrase)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn words(known: &[(&str, &str)]) -> Value {
        let known: BTreeMap<String, Value> = known
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).into()))
            .collect();
        known.into()
    }

    fn rendered(source: &str, known: &[(&str, &str)]) -> Result<String, ErrorKind> {
        let mut texts = Texts::new(Locale::En);
        let id = TextId::of_step("a", "say");
        texts.add(&id, source).unwrap();
        texts
            .render(&id, words(known))
            .map_err(|error| error.kind())
    }

    #[test]
    fn every_built_in_text_renders_in_every_locale() {
        for locale in Locale::ALL {
            let texts = Texts::new(locale);
            for key in TextKey::ALL {
                for wait in [None, Some(Duration::from_secs(300))] {
                    let words = BTreeMap::from([
                        ("position".to_owned(), Value::from(3)),
                        ("wait".to_owned(), Wait::phrase(locale, wait).into()),
                    ]);
                    let id = TextId::of_step("trial", key.name());
                    let mut trial = Texts::new(locale);
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
            let problem = Texts::new(Locale::En)
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

    #[test]
    fn a_wait_is_said_the_way_a_person_would() {
        for (seconds, phrase) in [
            (0, "less than a minute"),
            (50, "about a minute"),
            (290, "about 5 minutes"),
            (600, "about 10 minutes"),
            (1_380, "about 25 minutes"),
            (3_500, "about an hour"),
            (1_850, "about half an hour"),
            (4_600, "about an hour and a quarter"),
            (6_900, "about 2 hours"),
            (20_000, "about 6 hours"),
        ] {
            let wait = Wait::phrase(Locale::En, Some(Duration::from_secs(seconds)));
            assert_eq!(wait.phrase, phrase, "{seconds}");
        }
    }

    #[test]
    fn an_unknown_wait_is_false_and_still_reads_well() {
        let mut texts = Texts::new(Locale::PtBr);
        let id = TextId::of_text(TextKey::Position);
        texts
            .add(&id, "Espera: {{ wait }}.{% if wait %} Ufa!{% endif %}")
            .unwrap();
        let render = |wait| {
            let wait = Wait::phrase(Locale::PtBr, wait);
            let words = BTreeMap::from([("wait".to_owned(), Value::from(wait))]);
            texts.built_in(TextKey::Position, words.into()).0
        };
        assert_eq!(render(None), "Espera: ainda não sabemos.");
        assert_eq!(
            render(Some(Duration::from_secs(300))),
            "Espera: cerca de 5 minutos. Ufa!"
        );
    }
}
