//! Answers to every kind of question, in every language: what is saved has the form that was promised, and means the same when it
//! is read again.

use waha_sm::clock::Millis;
use waha_sm::flow::{Locale, Rehearsal, RehearsalEvent, Said, Script};

use crate::corpus;
use crate::run::{Depth, Taken, Target};

const WORDS: &[&str] = &[
    " in ",
    " within ",
    " days",
    " weeks",
    " months",
    " years",
    " ago",
    " from now",
    "next ",
    "last ",
    "friday",
    " em ",
    " daqui a ",
    " dias",
    " semanas",
    " meses",
    " anos",
    " há ",
    " faz ",
    " atrás",
    "amanhã",
    "sexta-feira",
    "2ª feira",
    " às ",
    " da tarde",
    " e meia",
    "meia-noite",
    " para as ",
    " dentro de ",
    " en ",
    " hace ",
    " días",
    "mañana",
    " de la tarde",
    "mediodía",
    " o'clock",
    " pm",
    "am",
    "half past ",
    "quarter to ",
    " between ",
    " and ",
    "entre ",
    " e ",
    " y ",
    "vinte e um",
    "twenty-first",
    "veintiuno",
    " mil ",
    " thousand",
    " hundred",
    "meia dúzia",
    "a dozen",
    "R$ ",
    "US$",
    "+55 ",
    "(11) ",
    "wa.me/",
    "whatsapp phone=",
    "%2B",
    "0xx",
    "@example.com",
    ".com.br",
    "cpf ",
    "cnpj ",
    "www.",
    "não",
    "no",
    "talvez",
    "dezembro",
    " de ",
    "/12/",
    "31/12",
    "2026-12-25",
    "25122026",
    "jan",
    "sáb.",
    "1º",
    "1ro",
    "12th",
    "opção ",
    "the second",
];

/// Answers that people gave, and bad ones.
const SEEDS: &[&str] = &[
    "in 9999999 days",
    "daqui a 9999999 dias",
    "em 99999999999999999999 semanas",
    "dentro de 7304485 días",
    "en 239977 meses",
    "há 9223372036854775807 dias",
    "9999999 years ago",
    "amanhã às 14h30",
    "next friday at 3 pm",
    "sexta dia 5",
    "31/12/26",
    "29 de fevereiro",
    "dia 31",
    "quarter to 4",
    "meia-noite e meia",
    "entre 2 e 4h",
    "1.234,56",
    "R$ -5,00",
    "vinte e um mil",
    "half a dozen",
    "(11) 98765-4321",
    "+1 415 555 2671",
    "https://wa.me/5511999990000",
    "529.982.247-25",
    "11.222.333/0001-81",
    "Ana <ana@example.com>",
    "sim, por favor",
    "a segunda opção",
    "0xx11 3333-4444",
];

/// Each kind of question: what follows its `ask`, and whether a saved answer is read as the same answer again.
const QUESTIONS: &[(&str, bool)] = &[
    ("expect = 'text'\nmin = 2\nmax = 40", true),
    ("expect = 'number'", false),
    ("expect = 'number'\nmin = 1\nmax = 1000", false),
    ("expect = 'email'", true),
    ("expect = 'phone'", false),
    ("expect = 'phone'\ncountry = 'BR'", true),
    ("expect = 'date'", true),
    ("expect = 'date'\nmin = 'today'\nmax = '+60d'", true),
    ("expect = 'date'\nmax = 'today'", true),
    ("expect = 'time'", true),
    ("expect = 'time'\nmin = '09:00'\nmax = '18:00'", true),
    ("expect = 'cpf'", true),
    ("expect = 'cnpj'", true),
    ("pattern = '[0-9]{3,9}[a-z]?'", true),
];

fn script(locale: Locale, question: &str) -> Script {
    let flow = format!(
        "locale = '{locale}'\nstart = 'ask'\n[timeouts]\nburst = '0s'\n[step.ask]\nask = '?'\nsave = 'kept'\nattempts = 1\n\
         otherwise = 'no'\nnext = 'yes'\n{question}\n[step.yes]\nsay = '{{{{ kept | date }}}} {{{{ kept | time }}}}'\n\
         end = 'yes'\n[step.no]\nsay = 'no'\nend = 'no'\n"
    );
    Script::load(&flow, Locale::En).unwrap_or_else(|mistakes| panic!("{flow}: {mistakes:?}"))
}

/// A question with options: answers are compared with labels and their places.
fn menu(locale: Locale) -> Script {
    let flow = format!(
        "locale = '{locale}'\nstart = 'ask'\n[timeouts]\nburst = '0s'\n[step.ask]\nask = \"1 - Preços\\n2 - Person\\n3 - Mañana\"\n\
         attempts = 1\notherwise = 'no'\n[step.ask.options]\n1 = {{ next = 'no', label = 'Preços' }}\n\
         2 = {{ end = 'person', label = 'Person' }}\n3 = 'no'\n\"👍\" = 'no'\nsim = 'no'\n[step.no]\nsay = 'no'\nend = 'no'\n"
    );
    Script::load(&flow, Locale::En).unwrap_or_else(|mistakes| panic!("{flow}: {mistakes:?}"))
}

/// Usual days, and the first and last ones of calendars.
const NOW: &[i64] = &[
    1_796_000_000_000,
    1_835_395_200_000,
    0,
    -62_135_596_800_000,
    253_402_207_200_000,
    i64::MAX,
    i64::MIN,
];

/// How many of the questions get an input that is new.
const ASKED: usize = 6;

/// The moments at which customers write.
const USUAL: std::ops::Range<Millis> =
    Millis::new(1_700_000_000_000)..Millis::new(1_900_000_000_000);

/// What is saved after this answer, if it was accepted.
fn saved(script: &Script, now: Millis, answer: &str) -> Option<String> {
    let mut rehearsal = Rehearsal::new(script, Some("Ana"), now);
    rehearsal.say([Said::text("oi")]);
    let events = rehearsal.say([Said::text(answer)]);
    let fault = events
        .iter()
        .find(|event| matches!(event, RehearsalEvent::Fault(_)));
    assert_eq!(fault, None, "{answer:?}");
    rehearsal.variables().get("kept").cloned()
}

fn has_its_form(question: &str, saved: &str) -> bool {
    match question.split('\'').nth(1) {
        Some("date") => saved
            .parse::<jiff::civil::Date>()
            .is_ok_and(|day| day.to_string() == saved),
        Some("time") => saved.len() == 5 && saved.parse::<jiff::civil::Time>().is_ok(),
        Some("number") => saved.parse::<f64>().is_ok_and(f64::is_finite),
        Some("cpf") => saved.len() == 11 && saved.bytes().all(|b| b.is_ascii_digit()),
        Some("cnpj") => saved.len() == 14 && saved.bytes().all(|b| b.is_ascii_alphanumeric()),
        Some("phone") => {
            let digits = saved.strip_prefix('+').unwrap_or(saved);
            (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
        }
        Some("email") => saved.contains('@') && !saved.contains(char::is_whitespace),
        _ => !saved.is_empty(),
    }
}

#[test]
fn no_answer_breaks_a_question() {
    let mut questions = Vec::new();
    for locale in Locale::ALL {
        for (question, again) in QUESTIONS {
            questions.push((script(locale, question), *question, *again));
        }
        questions.push((menu(locale), "menu", false));
    }
    let dialogues = corpus::files(&["tests/fixtures/answers"], ".test.toml");
    let said = dialogues.iter().flat_map(|dialogue| {
        let text = String::from_utf8_lossy(dialogue).into_owned();
        let texts: Vec<Vec<u8>> = text
            .split('"')
            .skip(1)
            .step_by(2)
            .filter(|text| !text.is_empty())
            .map(|text| text.as_bytes().to_vec())
            .collect();
        texts
    });
    let seeds = SEEDS.iter().map(|seed| seed.as_bytes().to_vec());
    let target = Target {
        name: "answers",
        seeds: seeds.chain(said).collect(),
        words: WORDS,
    };
    target.run(|bytes, depth| {
        let text: String = String::from_utf8_lossy(bytes).chars().take(4_096).collect();
        // The same input always has the same moment.
        let moment = bytes
            .iter()
            .fold(0_usize, |sum, byte| sum + usize::from(*byte));
        let now = Millis::new(NOW[moment % (2 * NOW.len()) % NOW.len()]);
        let mut taken = Taken::Refused;
        let asked = match depth {
            Depth::Whole => questions.len(),
            Depth::Part => ASKED,
        };
        let asked = questions.iter().cycle().skip(moment).take(asked);
        for (script, question, again) in asked {
            let Some(kept) = saved(script, now, &text) else {
                continue;
            };
            taken = Taken::Accepted;
            assert!(
                has_its_form(question, &kept),
                "{question}: {text:?} is saved as {kept:?}"
            );
            // A day of another age is no day that people write.
            if *again && USUAL.contains(&now) {
                let read = saved(script, now, &kept);
                assert_eq!(
                    read.as_ref(),
                    Some(&kept),
                    "{question} in {}: {text:?}",
                    script.locale()
                );
            }
        }
        taken
    });
}
