//! Times of day in the ways people write them, and what must be asked again.

use super::*;
use Locale::{En, Es, PtBr};
use proptest::prelude::*;

fn read(text: &str, locale: Locale) -> Option<String> {
    match time(text, locale, &TimeLimits::default()) {
        TimeMeaning::Time(time) => Some(saved(time)),
        _ => None,
    }
}

fn check(locale: Locale, answers: &[(&str, &str)], unclear: &[&str]) {
    let again = unclear.iter().map(|text| (text, &""));
    let wrong: Vec<String> = answers
        .iter()
        .map(|(text, time)| (text, time))
        .chain(again)
        .filter_map(|(text, time)| {
            let got = read(text, locale).unwrap_or_default();
            (got != *time).then(|| format!("{text:?}: {got:?} instead of {time:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{locale}:\n{}", wrong.join("\n"));
}

#[test]
fn times_are_read_as_brazilians_write_them() {
    check(
        PtBr,
        &[
            ("14:30", "14:30"),
            ("14h30", "14:30"),
            ("14H30", "14:30"),
            ("14h 30", "14:30"),
            ("14 h 30", "14:30"),
            ("14h30min", "14:30"),
            ("14h30m", "14:30"),
            ("14:30h", "14:30"),
            ("14:30hs", "14:30"),
            ("14:30 horas", "14:30"),
            ("14:30:00", "14:30"),
            ("14.30", "14:30"),
            ("14.30h", "14:30"),
            ("1430", "14:30"),
            ("1430h", "14:30"),
            ("14 30", "14:30"),
            ("14h", "14:00"),
            ("14 h", "14:00"),
            ("14hs", "14:00"),
            ("14hrs", "14:00"),
            ("14 horas", "14:00"),
            ("14h00", "14:00"),
            ("14h15", "14:15"),
            ("14h e 15", "14:15"),
            ("14 horas e 30 minutos", "14:30"),
            ("14 e 30", "14:30"),
            ("14 e 15", "14:15"),
            ("9 e 15", "09:15"),
            ("9 e quinze", "09:15"),
            ("9 e meia", "09:30"),
            ("9h e meia", "09:30"),
            ("às 9", "09:00"),
            ("as 9", "09:00"),
            ("9", "09:00"),
            ("09:00", "09:00"),
            ("9h", "09:00"),
            ("à 1h", "01:00"),
            ("às dez", "10:00"),
            ("dez e meia", "10:30"),
            ("dez e vinte e cinco", "10:25"),
            ("nove e dez", "09:10"),
            ("quatorze e trinta", "14:30"),
            ("vinte e duas e trinta", "22:30"),
            ("vinte e uma horas", "21:00"),
            ("duas da tarde", "14:00"),
            ("2 da tarde", "14:00"),
            ("2 e meia da tarde", "14:30"),
            ("duas e meia da tarde", "14:30"),
            ("10 da manhã", "10:00"),
            ("10h da manhã", "10:00"),
            ("de manhã, às 10", "10:00"),
            ("à tarde, 3h", "15:00"),
            ("3 da madrugada", "03:00"),
            ("8 da noite", "20:00"),
            ("12 da noite", "00:00"),
            ("3 horas da tarde", "15:00"),
            ("3h à tarde", "15:00"),
            ("3 pm", "15:00"),
            ("meio-dia", "12:00"),
            ("meio dia", "12:00"),
            ("ao meio-dia", "12:00"),
            ("meio-dia e meia", "12:30"),
            ("meio dia e meio", "12:30"),
            ("meio-dia e quinze", "12:15"),
            ("meia-noite", "00:00"),
            ("meia-noite e meia", "00:30"),
            ("pode ser às 10", "10:00"),
            ("pode ser 10h?", "10:00"),
            ("14:30 em ponto", "14:30"),
            ("3 da tarde em ponto", "15:00"),
            ("umas 10h", "10:00"),
            ("por volta das 10", "10:00"),
            ("lá pelas 10", "10:00"),
            ("mais ou menos 10h", "10:00"),
            ("tipo 10h", "10:00"),
            ("às 10 mais ou menos", "10:00"),
            ("10 horas", "10:00"),
            ("15 pra as 4", "03:45"),
            ("15 pras 4", "03:45"),
            ("quinze para as quatro", "03:45"),
            ("quinze para as quatro da tarde", "15:45"),
            ("faltam 10 para as 4", "03:50"),
            ("10 para o meio-dia", "11:50"),
            ("15 para a 1", "12:45"),
            ("amanhã às 10", "10:00"),
            ("sexta às 14h", "14:00"),
            ("dia 5 às 10", "10:00"),
            ("Boa tarde! Às 10, por favor", "10:00"),
            ("às 10 e", "10:00"),
            ("00:00", "00:00"),
            ("0h", "00:00"),
            ("às treze e trinta", "13:30"),
            ("hoje à noite às 8", "20:00"),
            ("esta noite às 8", "20:00"),
            ("às 3 nesta tarde", "15:00"),
            ("amanhã cedo, às 8", "08:00"),
            ("doze e meia", "12:30"),
            ("meio-dia (12h)", "12:00"),
            ("15h pode?", "15:00"),
            ("2:30 da tarde", "14:30"),
            ("2h30 da tarde", "14:30"),
            ("quinta-feira às 14 hs", "14:00"),
            ("05/12 às 15:00 horas", "15:00"),
            ("23:59", "23:59"),
        ],
        &[
            "",
            "25:00",
            "24:00",
            "14:60",
            "14:3",
            "930",
            "às 10 ou 11",
            "10 ou 11",
            "10 e 11",
            "10h e 11h",
            "10h às 11h",
            "das 10 às 11",
            "entre 10 e 11",
            "depois das 10",
            "a partir das 10",
            "antes das 10",
            "até as 10",
            "10-11",
            "9 e 5",
            "13 da manhã",
            "12 da manhã",
            "2 da noite",
            "10 da tarde",
            "vinte e cinco",
            "de manhã",
            "à tarde",
            "amanhã",
            "amanhã 10",
            "dia 10",
            "10/12",
            "não às 10",
            "às 10 não",
            "qualquer hora",
            "agora",
            "14h ou 15h",
            "14h, 15h",
            "14h/15h",
            "entre 14h e 15h",
            "14h às 15h",
            "14h não",
            "não pode ser 14h",
            "menos às 14h",
            "9 e pouco",
            "9h9",
            "10 10",
            "às 14h não dá",
            "sexta às 10, sábado às 11",
            "quando der",
            "10 minutos",
            "em 2 horas",
            "boa noite",
            "10 para 4",
            "e meia",
            "-",
        ],
    );
}

#[test]
fn times_are_read_as_spanish_speakers_write_them() {
    check(
        Es,
        &[
            ("14:30", "14:30"),
            ("14:30 h", "14:30"),
            ("14.30", "14:30"),
            ("14h30", "14:30"),
            ("14 hs", "14:00"),
            ("1430", "14:30"),
            ("14 y 30", "14:30"),
            ("3 p. m.", "15:00"),
            ("3 p.m.", "15:00"),
            ("3 p.m", "15:00"),
            ("3 pm", "15:00"),
            ("3pm", "15:00"),
            ("3:00 p. m.", "15:00"),
            ("03:00 p. m.", "15:00"),
            ("3:00 p.\u{a0}m.", "15:00"),
            ("3:00\u{202f}p.\u{202f}m.", "15:00"),
            ("10:30 a. m.", "10:30"),
            ("10:30 A.M.", "10:30"),
            ("12 p. m.", "12:00"),
            ("12 a. m.", "00:00"),
            ("a las 3 p. m.", "15:00"),
            ("a las 3", "03:00"),
            ("a la 1", "01:00"),
            ("a la una", "01:00"),
            ("a la una y media de la tarde", "13:30"),
            ("3 de la tarde", "15:00"),
            ("a las 3 de la tarde", "15:00"),
            ("las tres de la tarde", "15:00"),
            ("8 de la tarde", "20:00"),
            ("9 de la noche", "21:00"),
            ("9 y media de la mañana", "09:30"),
            ("10 de la mañana", "10:00"),
            ("10 por la mañana", "10:00"),
            ("2 de la madrugada", "02:00"),
            ("12 del mediodía", "12:00"),
            ("12 del día", "12:00"),
            ("tres y media", "03:30"),
            ("tres y cuarto", "03:15"),
            ("3 y cuarto", "03:15"),
            ("tres menos cuarto", "02:45"),
            ("las 4 menos 10", "03:50"),
            ("4 menos diez de la tarde", "15:50"),
            ("cuarto para las 3", "02:45"),
            ("un cuarto para las 3", "02:45"),
            ("15 para las 3", "02:45"),
            ("diez para las cuatro de la tarde", "15:50"),
            ("faltan 10 para las 3", "02:50"),
            ("diez y media", "10:30"),
            ("veintidós", "22:00"),
            ("mediodía", "12:00"),
            ("al mediodía", "12:00"),
            ("mediodía y media", "12:30"),
            ("medianoche", "00:00"),
            ("a las 10 en punto", "10:00"),
            ("como a las 10", "10:00"),
            ("a eso de las 10", "10:00"),
            ("sobre las 10", "10:00"),
            ("puede ser a las 10", "10:00"),
            ("mañana a las 10", "10:00"),
            ("el viernes a las 10 de la mañana", "10:00"),
            ("a las 10, por favor", "10:00"),
            ("a las tres y media de la tarde", "15:30"),
            ("3 y media pm", "15:30"),
            ("esta noche a las 8", "20:00"),
            ("esta tarde a las 3", "15:00"),
            ("esta mañana a las 10", "10:00"),
            ("mañana por la mañana a las 10", "10:00"),
            ("a las 3:00 PM", "15:00"),
            ("15 hs.", "15:00"),
            ("Hola, a las 10", "10:00"),
            ("10 horas", "10:00"),
            ("0:00", "00:00"),
        ],
        &[
            "",
            "25:00",
            "14:60",
            "a las 10 o 11",
            "10 o 11",
            "10 y 11",
            "entre las 10 y las 11",
            "de 10 a 11",
            "después de las 10",
            "antes de las 10",
            "hasta las 10",
            "a partir de las 10",
            "13 de la mañana",
            "12 de la mañana",
            "11 de la tarde",
            "por la mañana",
            "mañana",
            "el 10",
            "10/12",
            "no a las 10",
            "a las 10 no",
            "cualquier hora",
            "3 y pico",
            "a las 3 no puedo",
            "a las 3 o a las 4",
            "de 3 a 5 de la tarde",
            "10 minutos",
            "buenas tardes",
            "10-11",
        ],
    );
}

#[test]
fn times_are_read_as_english_speakers_write_them() {
    check(
        En,
        &[
            ("14:30", "14:30"),
            ("2:30pm", "14:30"),
            ("2:30 pm", "14:30"),
            ("2:30 PM", "14:30"),
            ("2:30 p.m.", "14:30"),
            ("2:30 p. m.", "14:30"),
            ("2.30 pm", "14:30"),
            ("2pm", "14:00"),
            ("2 p.m", "14:00"),
            ("at 2pm", "14:00"),
            ("12 am", "00:00"),
            ("12pm", "12:00"),
            ("12:30 am", "00:30"),
            ("14:30 pm", "14:30"),
            ("0930", "09:30"),
            ("1430", "14:30"),
            ("9", "09:00"),
            ("at 9", "09:00"),
            ("9 o'clock", "09:00"),
            ("5 o’clock", "05:00"),
            ("9 oclock", "09:00"),
            ("nine", "09:00"),
            ("nine thirty", "09:30"),
            ("three thirty pm", "15:30"),
            ("three fifteen", "03:15"),
            ("three forty-five pm", "15:45"),
            ("three oh five pm", "15:05"),
            ("ten fifteen am", "10:15"),
            ("half past 3", "03:30"),
            ("half past three pm", "15:30"),
            ("quarter past 3", "03:15"),
            ("a quarter past 3", "03:15"),
            ("10 past 4", "04:10"),
            ("quarter to 4", "03:45"),
            ("a quarter to four pm", "15:45"),
            ("quarter of 4", "03:45"),
            ("20 to 4", "03:40"),
            ("ten minutes to 4", "03:50"),
            ("quarter to 1", "12:45"),
            ("3 in the afternoon", "15:00"),
            ("3 in the morning", "03:00"),
            ("9 in the evening", "21:00"),
            ("9 at night", "21:00"),
            ("in the afternoon, at 3", "15:00"),
            ("noon", "12:00"),
            ("at noon", "12:00"),
            ("12 noon", "12:00"),
            ("midday", "12:00"),
            ("midnight", "00:00"),
            ("around 10", "10:00"),
            ("about 10 am", "10:00"),
            ("10ish", "10:00"),
            ("10 am sharp", "10:00"),
            ("10 am please", "10:00"),
            ("how about 10?", "10:00"),
            ("10 works for me", "10:00"),
            ("I'd like to come at 10", "10:00"),
            ("tomorrow at 10", "10:00"),
            ("Friday at 3pm", "15:00"),
            ("Good morning, 10 please", "10:00"),
            ("0:00", "00:00"),
            ("12:00 noon", "12:00"),
            ("tonight at 8", "20:00"),
            ("8 tonight", "20:00"),
            ("3 this afternoon", "15:00"),
            ("tomorrow night at 9", "21:00"),
            ("@ 3pm", "15:00"),
            ("3 o'clock in the afternoon", "15:00"),
        ],
        &[
            "",
            "24:00",
            "25:00",
            "14:60",
            "14:3",
            "930",
            "soon",
            "9 or 10",
            "at 10 or 11",
            "9 to 5",
            "10 to 4",
            "9-5",
            "between 10 and 11",
            "after 10",
            "before 10",
            "from 10",
            "until 10",
            "by 10",
            "not at 10",
            "13 am",
            "0pm",
            "12 in the morning",
            "in the morning",
            "tomorrow",
            "tomorrow 10",
            "the 10th",
            "10/12",
            "any time",
            "10 minutes",
            "in 2 hours",
            "half 3",
            "10 hours",
            "2-3pm",
            "2 or 3pm",
            "2pm or 3pm",
            "not 3pm",
            "any time but 3pm",
            "3pm doesn't work",
            "good morning",
        ],
    );
}

fn limits(open: Option<&[(i64, i64)]>, min: Option<&str>, max: Option<&str>) -> TimeLimits {
    let limit = |text: &str| crate::flow::answer::calendar::limits::read_time_limit(text).unwrap();
    TimeLimits {
        min: min.map(limit),
        max: max.map(limit),
        open: open.map(|open| open.iter().map(|(from, to)| (from * 60, to * 60)).collect()),
    }
}

#[test]
fn three_is_in_the_half_of_the_day_that_the_limits_allow() {
    let shop: Option<&[(i64, i64)]> = Some(&[(9, 12), (13, 18)]);
    let bar: Option<&[(i64, i64)]> = Some(&[(18, 26)]);
    let always: Option<&[(i64, i64)]> = Some(&[(0, 24)]);
    let time = |text: &str, open, min, max| match time(text, PtBr, &limits(open, min, max)) {
        TimeMeaning::Time(time) => saved(time),
        TimeMeaning::Either(time) => format!("either {}", saved(time)),
        TimeMeaning::OutOfRange => "out of range".to_owned(),
        TimeMeaning::Nothing => "nothing".to_owned(),
    };
    for (text, open, min, max, meaning) in [
        ("3", None, None, None, "03:00"),
        ("3", shop, None, None, "15:00"),
        ("3h", shop, None, None, "15:00"),
        ("3 e meia", shop, None, None, "15:30"),
        ("3:30", shop, None, None, "15:30"),
        ("6", shop, None, None, "18:00"),
        ("9", shop, None, None, "09:00"),
        ("10", shop, None, None, "10:00"),
        ("12", shop, None, None, "12:00"),
        ("15", shop, None, None, "15:00"),
        ("7", shop, None, None, "either 07:00"),
        ("7 da manhã", shop, None, None, "07:00"),
        ("03:00", shop, None, None, "03:00"),
        ("1", bar, None, None, "01:00"),
        ("8", bar, None, None, "20:00"),
        ("12", bar, None, None, "00:00"),
        ("3", always, None, None, "either 03:00"),
        ("3h", always, None, None, "either 03:00"),
        ("3 da tarde", always, None, None, "15:00"),
        ("12", always, None, None, "12:00"),
        ("3", None, Some("09:00"), Some("18:00"), "15:00"),
        ("10", None, Some("09:00"), Some("18:00"), "10:00"),
        ("8", None, Some("8:00"), Some("22:00"), "either 08:00"),
        ("8", always, Some("9:00"), None, "20:00"),
        ("8", shop, Some("8:00"), Some("22:00"), "either 08:00"),
        ("19:00", None, Some("09:00"), Some("18:00"), "out of range"),
        ("8 da manhã", None, Some("09:00"), None, "out of range"),
        ("8", None, Some("09:00"), Some("18:00"), "out of range"),
        ("18:00", None, Some("09:00"), Some("18:00"), "18:00"),
        ("hein?", shop, Some("09:00"), None, "nothing"),
    ] {
        assert_eq!(
            time(text, open, min, max),
            meaning,
            "{text} {open:?} {min:?} {max:?}"
        );
    }
}

#[test]
fn one_of_two_times_is_chosen_by_the_part_of_the_day_or_by_its_place() {
    for (locale, text, is_later) in [
        (PtBr, "da tarde", Some(true)),
        (PtBr, "tarde", Some(true)),
        (PtBr, "à tarde", Some(true)),
        (PtBr, "de manhã", Some(false)),
        (PtBr, "manhã", Some(false)),
        (PtBr, "da noite, por favor", Some(true)),
        (PtBr, "madrugada", Some(false)),
        (PtBr, "pm", Some(true)),
        (PtBr, "1", Some(false)),
        (PtBr, "2", Some(true)),
        (PtBr, "a primeira", Some(false)),
        (PtBr, "a segunda", Some(true)),
        (PtBr, "3 da tarde", None),
        (PtBr, "2 da tarde", None),
        (PtBr, "15h", None),
        (PtBr, "3", None),
        (PtBr, "manhã ou tarde", None),
        (PtBr, "não", None),
        (PtBr, "", None),
        (Es, "de la tarde", Some(true)),
        (Es, "mañana", Some(false)),
        (Es, "de la mañana", Some(false)),
        (Es, "la segunda", Some(true)),
        (En, "afternoon", Some(true)),
        (En, "in the morning", Some(false)),
        (En, "p.m.", Some(true)),
        (En, "the second one", Some(true)),
        (En, "evening please", Some(true)),
    ] {
        assert_eq!(is_later_half(text, locale), is_later, "{locale} {text}");
    }
}

/// A time in every usual way to write it in a language.
fn written(hour: i8, minute: i8, locale: Locale) -> Vec<String> {
    let half = match hour {
        0..12 => "a. m.",
        _ => "p. m.",
    };
    let twelve = match hour % 12 {
        0 => 12,
        hour => hour,
    };
    let mut ways = vec![
        format!("{hour:02}:{minute:02}"),
        format!("{hour}:{minute:02}"),
        format!("{hour:02}{minute:02}"),
        format!("{hour}.{minute:02}"),
        format!("{hour}:{minute:02} h"),
        format!("{twelve}:{minute:02} {half}"),
        format!("{twelve}:{minute:02}{}", half.replace([' ', '.'], "")),
    ];
    match locale {
        Locale::En => ways.push(format!("at {hour}:{minute:02}")),
        Locale::PtBr => ways.extend([
            format!("{hour}h{minute:02}"),
            format!("às {hour}h{minute:02}min"),
            format!("{hour}h {minute:02}"),
            format!("{hour}h{minute:02} em ponto"),
        ]),
        Locale::Es => ways.extend([
            format!("a las {hour}:{minute:02}"),
            format!("{hour}h{minute:02}"),
        ]),
    }
    if minute == 0 {
        ways.push(format!("{hour} h"));
    }
    if minute == 30 && locale == Locale::PtBr {
        ways.push(format!("{hour} e meia"));
    }
    if minute == 30 && locale == Locale::Es {
        ways.push(format!("{hour} y media"));
    }
    if minute % 5 == 0 && minute > 9 && locale == Locale::PtBr {
        ways.push(format!("{hour} e {minute:02}"));
    }
    ways
}

#[test]
fn every_time_is_read_in_every_usual_way() {
    for hour in 0..24 {
        for minute in 0..60 {
            for locale in Locale::ALL {
                for text in written(hour, minute, locale) {
                    let time = Some(format!("{hour:02}:{minute:02}"));
                    assert_eq!(read(&text, locale), time, "{locale} {text}");
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn what_is_kept_is_kept_again(text in "(às |at |a las )?[0-9]{1,4}[:h. e-]{0,3}[0-9]{0,2}( pm| da tarde)?") {
        for locale in Locale::ALL {
            if let Some(kept) = read(&text, locale) {
                prop_assert_eq!(read(&kept, locale), Some(kept));
            }
        }
    }

    #[test]
    fn no_words_make_it_panic(
        text in "((às|1|2|14|30|0930|h|:|[.]|e|y|and|meia|media|half|past|to|quarter|cuarto|para|as|las|menos|da|de|la|tarde|p|m|noon|meio|dia|uma|vinte)[ ]?){0,8}",
    ) {
        for locale in Locale::ALL {
            read(&text, locale);
            is_later_half(&text, locale);
        }
    }
}
