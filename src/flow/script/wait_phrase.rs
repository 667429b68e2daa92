//! The estimated wait as customers read it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use minijinja::Value;
use minijinja::value::{Object, ObjectRepr};

use crate::flow::line::estimate::rounded;
use crate::flow::words::locale::Locale;

/// The estimated wait as `{{ wait }}`: a phrase that reads well in any sentence. Without an estimate, `{% if wait %}`
/// is false.
#[derive(Debug)]
pub(crate) struct WaitPhrase {
    phrase: String,
    known: bool,
}

impl WaitPhrase {
    /// Rounds the wait: nobody can promise 37 minutes.
    pub(crate) fn new(locale: Locale, wait: Option<Duration>) -> WaitPhrase {
        let say = |en: &str, pt_br: &str, es: &str| match locale {
            Locale::En => en.to_owned(),
            Locale::PtBr => pt_br.to_owned(),
            Locale::Es => es.to_owned(),
        };
        let minutes = |n: u64| match locale {
            Locale::En => format!("about {n} minutes"),
            Locale::PtBr => format!("cerca de {n} minutos"),
            Locale::Es => format!("unos {n} minutos"),
        };
        let hours = |n: u64| match locale {
            Locale::En => format!("about {n} hours"),
            Locale::PtBr => format!("cerca de {n} horas"),
            Locale::Es => format!("unas {n} horas"),
        };
        let phrase = match wait.map(|wait| rounded(wait).as_secs() / 60) {
            None => say("not known yet", "ainda sem previsão", "aún no se sabe"),
            Some(0) => say(
                "less than a minute",
                "menos de um minuto",
                "menos de un minuto",
            ),
            Some(1) => say(
                "about a minute",
                "cerca de um minuto",
                "alrededor de un minuto",
            ),
            Some(30) => say(
                "about half an hour",
                "cerca de meia hora",
                "alrededor de media hora",
            ),
            Some(60) => say(
                "about an hour",
                "cerca de uma hora",
                "alrededor de una hora",
            ),
            Some(75) => say(
                "about an hour and a quarter",
                "cerca de uma hora e quinze minutos",
                "alrededor de una hora y cuarto",
            ),
            Some(90) => say(
                "about an hour and a half",
                "cerca de uma hora e meia",
                "alrededor de una hora y media",
            ),
            Some(105) => say(
                "a bit less than two hours",
                "pouco menos de duas horas",
                "un poco menos de dos horas",
            ),
            Some(n) if n < 60 => minutes(n),
            Some(n) => hours(n / 60),
        };
        WaitPhrase {
            phrase,
            known: wait.is_some(),
        }
    }
}

impl From<WaitPhrase> for Value {
    fn from(wait: WaitPhrase) -> Value {
        Value::from_object(wait)
    }
}

impl Object for WaitPhrase {
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
    use crate::flow::script::built_in_texts::TextKey;
    use crate::flow::script::templates::{Templates, TextId};
    use std::collections::BTreeMap;

    #[test]
    fn a_wait_is_rounded_as_a_person_would_say_it() {
        for (seconds, phrase) in [
            (0, "less than a minute"),
            (50, "about a minute"),
            (290, "about 5 minutes"),
            (600, "about 10 minutes"),
            (1_380, "about 25 minutes"),
            (3_500, "about an hour"),
            (1_850, "about half an hour"),
            (4_600, "about an hour and a quarter"),
            (6_300, "a bit less than two hours"),
            (6_900, "about 2 hours"),
            (20_000, "about 6 hours"),
        ] {
            let wait = WaitPhrase::new(Locale::En, Some(Duration::from_secs(seconds)));
            assert_eq!(wait.phrase, phrase, "{seconds}");
        }
    }

    #[test]
    fn an_unknown_wait_is_false_and_still_reads_well() {
        let mut texts = Templates::new(Locale::PtBr);
        let id = TextId::of_text(TextKey::Position);
        texts
            .add(&id, "Espera: {{ wait }}.{% if wait %} Ufa!{% endif %}")
            .unwrap();
        let render = |wait| {
            let wait = WaitPhrase::new(Locale::PtBr, wait);
            let words = BTreeMap::from([("wait".to_owned(), Value::from(wait))]);
            texts.built_in(TextKey::Position, words.into()).0
        };
        assert_eq!(render(None), "Espera: ainda sem previsão.");
        assert_eq!(
            render(Some(Duration::from_secs(300))),
            "Espera: cerca de 5 minutos. Ufa!"
        );
    }
}
