//! What each language calls days, and the words around them. All words are folded.
//!
//! A message is read only if every word of it is known here: "não na sexta" and "depois de sexta" are asked again.

use crate::flow::answer::calendar::numerals::is_numeral;
use crate::flow::words::calendar_names::MONTHS;
use crate::flow::words::fold::fold;
use crate::flow::words::locale::Locale;

/// The words of a language for days.
pub(crate) struct DayWords {
    pub(crate) locale: Locale,
    /// Other spellings of a month.
    month_spellings: &'static [(&'static str, i16)],
    /// From Monday, with its short forms.
    weekdays: [&'static [&'static str]; 7],
    /// After a weekday, as in "segunda-feira".
    pub(crate) weekday_endings: &'static [&'static str],
    /// Days from today.
    pub(crate) relative: &'static [(&'static str, i64)],
    /// The words that make a number a day of the month: "dia 15".
    pub(crate) markers: &'static [&'static str],
    /// "daqui a 3 dias": before, and after.
    pub(crate) ahead: [&'static [&'static str]; 2],
    /// "há 3 dias": before, and after.
    pub(crate) back: [&'static [&'static str]; 2],
    /// Days, weeks and months.
    pub(crate) units: [&'static [&'static str]; 3],
    /// "a week".
    pub(crate) one: &'static [&'static str],
    /// Before a weekday: the one that comes first.
    pub(crate) next: &'static [&'static str],
    /// Before a weekday: the one of this week.
    pub(crate) this: &'static [&'static str],
    /// After a day: the one that comes first.
    pub(crate) after_next: &'static [&'static str],
    /// After a weekday: the one of this week.
    pub(crate) after_this: &'static [&'static str],
    /// This week and the next one.
    pub(crate) weeks: [&'static [&'static str]; 2],
    /// This month and the next one.
    pub(crate) months_from_now: [&'static [&'static str]; 2],
    /// This year and the next one.
    pub(crate) years_from_now: [&'static [&'static str]; 2],
    /// Words between the parts of a date, as in "12 de março de 2026". They can't be the last word.
    pub(crate) links: &'static [&'static str],
    /// Words that carry no meaning of their own.
    pub(crate) fillers: &'static [&'static str],
    /// Before a time of day: "depois das 14h".
    pub(crate) bounds: &'static [&'static str],
    /// Between two times of day.
    pub(crate) ranges: &'static [&'static str],
    /// Some time of a day.
    pub(crate) any_time: &'static [&'static str],
}

const EN: DayWords = DayWords {
    locale: Locale::En,
    month_spellings: &[],
    weekdays: [
        &["monday", "mon"],
        &["tuesday", "tue", "tues"],
        &["wednesday", "wed", "weds"],
        &["thursday", "thu", "thur", "thurs"],
        &["friday", "fri"],
        &["saturday", "sat"],
        &["sunday", "sun"],
    ],
    weekday_endings: &[],
    relative: &[
        ("day before yesterday", -2),
        ("yesterday", -1),
        ("today", 0),
        ("tonight", 0),
        ("this morning", 0),
        ("this afternoon", 0),
        ("this evening", 0),
        ("tomorrow", 1),
        ("tmrw", 1),
        ("day after tomorrow", 2),
    ],
    markers: &["the"],
    ahead: [&["in", "within"], &["from now", "from today"]],
    back: [&[], &["ago"]],
    units: [&["days", "day"], &["weeks", "week"], &["months", "month"]],
    one: &["a", "an", "one"],
    next: &["next", "coming", "upcoming", "the next", "this coming"],
    this: &["this"],
    after_next: &["coming"],
    after_this: &[],
    weeks: [&["this week"], &["next week"]],
    months_from_now: [&["this month"], &["next month"]],
    years_from_now: [&["this year"], &["next year"]],
    links: &["of", "the"],
    fillers: &[
        "please",
        "pls",
        "plz",
        "thanks",
        "thank you",
        "hi",
        "hello",
        "hey",
        "good morning",
        "good afternoon",
        "good evening",
        "ok",
        "okay",
        "yes",
        "yeah",
        "yep",
        "sure",
        "great",
        "perfect",
        "fine",
        "so",
        "then",
        "well",
        "i",
        "i'd",
        "i'll",
        "we",
        "we'd",
        "would",
        "will",
        "like",
        "love",
        "to",
        "can",
        "could",
        "maybe",
        "perhaps",
        "it",
        "it'd",
        "be",
        "is",
        "was",
        "that",
        "that's",
        "it's",
        "let's",
        "lets",
        "say",
        "how about",
        "what about",
        "do",
        "on",
        "for",
        "for me",
        "works",
        "works for me",
        "work",
        "is fine",
        // Not "good" alone: Good Friday is another day.
        "sounds good",
        "best",
        "better",
        "prefer",
        "preferably",
        "think",
        "guess",
        "only",
        "just",
        "book",
        "come",
        "date",
        "day",
        "born",
        "if possible",
        "for sure",
    ],
    bounds: &[
        "after",
        "before",
        "from",
        "until",
        "till",
        "by",
        "between",
        "any time after",
        "anytime after",
    ],
    ranges: &["and", "or", "to", "until", "till", "-"],
    any_time: &[
        "any time",
        "anytime",
        "all day",
        "at any time",
        "whenever",
        "after lunch",
        "before lunch",
        "after work",
        "end of day",
        "end of the day",
        "first thing",
    ],
};

const PT_BR: DayWords = DayWords {
    locale: Locale::PtBr,
    month_spellings: &[],
    weekdays: [
        &["segunda", "seg"],
        &["terca", "ter"],
        &["quarta", "qua"],
        &["quinta", "qui"],
        &["sexta", "sex"],
        &["sabado", "sab"],
        &["domingo", "dom"],
    ],
    weekday_endings: &["feira", "f"],
    relative: &[
        ("antes de ontem", -2),
        ("anteontem", -2),
        ("ontem", -1),
        ("hoje", 0),
        ("hj", 0),
        ("esta manha", 0),
        ("esta tarde", 0),
        ("esta noite", 0),
        ("essa tarde", 0),
        ("essa noite", 0),
        ("nesta manha", 0),
        ("nesta tarde", 0),
        ("nesta noite", 0),
        ("amanha", 1),
        ("depois de amanha", 2),
        ("dps de amanha", 2),
    ],
    markers: &["dia"],
    ahead: [
        &["daqui a", "daqui ha", "daqui", "em", "dentro de"],
        &["a partir de hoje"],
    ],
    back: [&["ha", "faz"], &["atras"]],
    units: [&["dias", "dia"], &["semanas", "semana"], &["meses", "mes"]],
    one: &["um", "uma"],
    next: &["proximo", "proxima", "prox"],
    this: &[
        "este", "esta", "esse", "essa", "neste", "nesta", "nesse", "nessa", "deste", "desta",
        "desse", "dessa",
    ],
    after_next: &["que vem", "q vem", "proximo", "proxima"],
    after_this: &["agora"],
    weeks: [
        &[
            "esta semana",
            "essa semana",
            "nesta semana",
            "nessa semana",
            "desta semana",
            "dessa semana",
        ],
        &["semana que vem", "semana q vem", "proxima semana"],
    ],
    months_from_now: [
        &[
            "este mes",
            "esse mes",
            "neste mes",
            "nesse mes",
            "deste mes",
            "desse mes",
        ],
        &["mes que vem", "mes q vem", "proximo mes"],
    ],
    years_from_now: [
        &[
            "este ano",
            "esse ano",
            "neste ano",
            "nesse ano",
            "deste ano",
            "desse ano",
        ],
        &["ano que vem", "proximo ano"],
    ],
    links: &["de", "do", "da", "d"],
    fillers: &[
        "por favor",
        "por gentileza",
        "pfv",
        "pf",
        "pls",
        "oi",
        "ola",
        "opa",
        "bom dia",
        "boa tarde",
        "boa noite",
        "obrigado",
        "obrigada",
        "obg",
        "valeu",
        "vlw",
        "sim",
        "ok",
        "okay",
        "claro",
        "certo",
        "beleza",
        "blz",
        "ta bom",
        "tudo bem",
        "perfeito",
        "entao",
        "eu",
        "me",
        "pode",
        "pode ser",
        "podia",
        "poderia",
        "posso",
        "podemos",
        "consigo",
        "prefiro",
        "preferia",
        "preferencia",
        "gostaria",
        "quero",
        "queria",
        "seria",
        "sera",
        "ser",
        "e",
        "foi",
        "nasci",
        "vou",
        "vamos",
        "ir",
        "marca",
        "marcar",
        "marque",
        "agenda",
        "agendar",
        "agende",
        "para",
        "para mim",
        "pra",
        "pra mim",
        "por mim",
        "pro",
        "p",
        "p /",
        "no",
        "na",
        "em",
        "o",
        "a",
        "data",
        "dia",
        "acho",
        "acho que",
        "creio que",
        "talvez",
        "que tal",
        "melhor",
        "bom",
        "boa",
        "otimo",
        "fica",
        "esta",
        "ta",
        "serve",
        "mesmo",
        "ja",
        "ainda",
        "so",
        "sem falta",
        "com certeza",
        "se possivel",
        "se der",
        "combinado",
        "fechado",
    ],
    bounds: &[
        "depois das",
        "depois da",
        "depois do",
        "a partir das",
        "a partir da",
        "a partir do",
        "apos as",
        "antes das",
        "antes da",
        "antes do",
        "ate as",
        "ate a",
        "ate o",
        "das",
        "entre",
    ],
    ranges: &["e", "ou", "a", "ate", "-"],
    any_time: &[
        "qualquer hora",
        "a qualquer hora",
        "qualquer horario",
        "em qualquer horario",
        "o dia todo",
        "o dia inteiro",
        "mais cedo",
        "mais tarde",
        "depois do almoco",
        "antes do almoco",
        "depois do trabalho",
        "fim do dia",
        "final do dia",
    ],
};

const ES: DayWords = DayWords {
    locale: Locale::Es,
    month_spellings: &[("setiembre", 9)],
    weekdays: [
        &["lunes", "lun"],
        &["martes", "mar"],
        &["miercoles", "mie", "mier"],
        &["jueves", "jue"],
        &["viernes", "vie"],
        &["sabado", "sab"],
        &["domingo", "dom"],
    ],
    weekday_endings: &[],
    relative: &[
        ("antes de ayer", -2),
        ("anteayer", -2),
        ("antier", -2),
        ("ayer", -1),
        ("hoy", 0),
        ("esta manana", 0),
        ("esta tarde", 0),
        ("esta noche", 0),
        ("manana", 1),
        ("el dia de manana", 1),
        ("pasado manana", 2),
        ("pasadomanana", 2),
    ],
    markers: &["dia", "el"],
    ahead: [&["dentro de", "de aqui a", "en"], &["a partir de hoy"]],
    back: [&["hace"], &["atras"]],
    units: [&["dias", "dia"], &["semanas", "semana"], &["meses", "mes"]],
    one: &["un", "una"],
    next: &["proximo", "prox"],
    this: &["este"],
    after_next: &["que viene", "proximo", "entrante"],
    after_this: &["ahora"],
    weeks: [
        &["esta semana"],
        &[
            "semana que viene",
            "proxima semana",
            "semana proxima",
            "semana entrante",
        ],
    ],
    months_from_now: [
        &["este mes"],
        &[
            "mes que viene",
            "proximo mes",
            "mes proximo",
            "mes entrante",
        ],
    ],
    years_from_now: [
        &["este ano"],
        &["ano que viene", "proximo ano", "ano proximo"],
    ],
    links: &["de", "del", "la"],
    fillers: &[
        "por favor",
        "porfa",
        "porfis",
        "hola",
        "buen dia",
        "buenos dias",
        "buenas",
        "buenas tardes",
        "buenas noches",
        "gracias",
        "muchas gracias",
        "si",
        "ok",
        "okay",
        "claro",
        "bueno",
        "vale",
        "dale",
        "listo",
        "perfecto",
        "entonces",
        "yo",
        "me",
        "ser",
        "puede",
        "puede ser",
        "podria",
        "puedo",
        "podemos",
        "seria",
        "sera",
        "es",
        "fue",
        "naci",
        "que tal",
        "prefiero",
        "preferiria",
        "preferencia",
        "preferentemente",
        "quiero",
        "quisiera",
        "querria",
        "gustaria",
        "voy",
        "vamos",
        "ir",
        "agenda",
        "agendar",
        "reservar",
        "para",
        "para mi",
        "por mi",
        "pa",
        "p /",
        "el",
        "en",
        "lo",
        "a",
        "fecha",
        "dia",
        "creo",
        "creo que",
        "tal vez",
        "quiza",
        "quizas",
        "mejor",
        "bien",
        "esta bien",
        "estaria bien",
        "me viene bien",
        "me queda bien",
        "me sirve",
        "mismo",
        "ya",
        "solo",
        "sin falta",
        "seguro",
        "si es posible",
    ],
    bounds: &[
        "despues de las",
        "despues de la",
        "despues del",
        "a partir de las",
        "a partir de la",
        "a partir del",
        "antes de las",
        "antes de la",
        "antes del",
        "hasta las",
        "hasta la",
        "desde las",
        "de las",
        "entre",
    ],
    ranges: &["y", "o", "a", "hasta", "-"],
    any_time: &[
        "cualquier hora",
        "a cualquier hora",
        "en cualquier horario",
        "cualquier horario",
        "todo el dia",
        "mas temprano",
        "mas tarde",
        "despues de almorzar",
        "despues del almuerzo",
        "antes del almuerzo",
        "final del dia",
        "fin del dia",
        "a primera hora",
        "a ultima hora",
    ],
};

impl DayWords {
    pub(crate) fn of(locale: Locale) -> &'static DayWords {
        match locale {
            Locale::En => &EN,
            Locale::PtBr => &PT_BR,
            Locale::Es => &ES,
        }
    }

    /// From January, folded.
    fn month_names(&self) -> impl Iterator<Item = String> {
        MONTHS[self.locale as usize].iter().map(|name| fold(name))
    }

    /// The month that a word names: "dezembro", "dez".
    pub(crate) fn month(&self, word: &str) -> Option<i16> {
        // "nove" is a number and no part of "novembro"; "dez" is both, and means the month where a month can be.
        if word.len() < 3 || (word.len() > 3 && is_numeral(word, self.locale)) {
            return None;
        }
        // Three letters or more are enough.
        let is_month = |name: String| name.starts_with(word);
        if let Some(place) = self.month_names().position(is_month) {
            return i16::try_from(place + 1).ok();
        }
        let spelling = |(name, _): &&(&str, i16)| name.starts_with(word);
        self.month_spellings
            .iter()
            .find(spelling)
            .map(|(_, month)| *month)
    }

    /// The month that a word names in full.
    pub(crate) fn whole_month(&self, word: &str) -> Option<i16> {
        let is_whole = self.month_names().any(|name| name == word)
            || self.month_spellings.iter().any(|(name, _)| *name == word);
        is_whole.then(|| self.month(word)).flatten()
    }

    /// The weekday that a word names, counted from Monday.
    pub(crate) fn weekday(&self, word: &str) -> Option<i8> {
        let place = self
            .weekdays
            .iter()
            .position(|forms| forms.contains(&word))?;
        i8::try_from(place).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::words::calendar_names::WEEKDAYS;

    #[test]
    fn days_and_months_have_the_names_that_customers_read() {
        for locale in Locale::ALL {
            let known = DayWords::of(locale);
            for (month, name) in (1..).zip(MONTHS[locale as usize]) {
                assert_eq!(known.whole_month(&fold(name)), Some(month), "{name}");
            }
            for (day, name) in (0..).zip(WEEKDAYS[locale as usize]) {
                let folded = fold(name);
                let word = folded.split('-').next().unwrap();
                assert_eq!(known.weekday(word), Some(day), "{name}");
            }
        }
    }

    #[test]
    fn a_number_is_no_month() {
        let known = DayWords::of(Locale::PtBr);
        for word in ["sete", "nove", "de", "dezz"] {
            assert_eq!(known.month(word), None, "{word}");
        }
        assert_eq!(known.month("dez"), Some(12));
        assert_eq!(DayWords::of(Locale::Es).month("set"), Some(9));
    }

    #[test]
    fn no_word_without_a_meaning_says_no() {
        for locale in Locale::ALL {
            for word in DayWords::of(locale).fillers {
                let is_no = matches!(*word, "nao" | "nem" | "not" | "ni" | "menos" | "except");
                assert!(
                    !is_no && (*word != "no" || locale == Locale::PtBr),
                    "{word}"
                );
            }
        }
    }
}
