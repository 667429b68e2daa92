//! Days in the ways people write them, and what must be asked again.

use super::*;
use Locale::{En, Es, PtBr};
use proptest::prelude::*;

/// A Thursday.
const TODAY: Date = jiff::civil::date(2026, 11, 26);

/// A Tuesday.
const MARCH: Date = jiff::civil::date(2026, 3, 10);

fn read(text: &str, locale: Locale, today: Date) -> Option<String> {
    date(text, locale, today, SideOfToday::Ahead).map(|date| date.to_string())
}

fn check(locale: Locale, today: Date, answers: &[(&str, &str)]) {
    let wrong: Vec<String> = answers
        .iter()
        .filter_map(|(text, day)| {
            let got = read(text, locale, today).unwrap_or_default();
            (got != *day).then(|| format!("{text:?}: {got:?} instead of {day:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{locale}:\n{}", wrong.join("\n"));
}

/// Answers that must be asked again.
fn unclear(locale: Locale, answers: &[&str]) {
    let read: Vec<String> = answers
        .iter()
        .filter_map(|text| Some(format!("{text:?}: {}", read(text, locale, TODAY)?)))
        .collect();
    assert!(read.is_empty(), "{locale}:\n{}", read.join("\n"));
}

#[test]
fn days_are_read_as_brazilians_write_them() {
    check(
        PtBr,
        TODAY,
        &[
            ("05/12", "2026-12-05"),
            ("5/12", "2026-12-05"),
            ("26/11", "2026-11-26"),
            ("25/11", "2027-11-25"),
            ("5-12", "2026-12-05"),
            ("5.12", "2026-12-05"),
            ("05/12/2026", "2026-12-05"),
            ("5/12/26", "2026-12-05"),
            ("05-12-26", "2026-12-05"),
            ("25.12.26", "2026-12-25"),
            ("25.12.2026.", "2026-12-25"),
            ("25 12 2026", "2026-12-25"),
            ("25122026", "2026-12-25"),
            ("251226", "2026-12-25"),
            ("2026-12-25", "2026-12-25"),
            ("2026/12/25", "2026-12-25"),
            ("20261225", "2026-12-25"),
            ("30/11/2025", "2025-11-30"),
            ("05/dez", "2026-12-05"),
            ("5/dez/26", "2026-12-05"),
            ("5-dez", "2026-12-05"),
            ("5-dez-2026", "2026-12-05"),
            ("5.dez", "2026-12-05"),
            ("5dez", "2026-12-05"),
            ("5 dez", "2026-12-05"),
            ("5 dez.", "2026-12-05"),
            ("5 dez 26", "2026-12-05"),
            ("5 de dez", "2026-12-05"),
            ("5 de dezembro", "2026-12-05"),
            ("5 de dezembro de 2026", "2026-12-05"),
            ("5 de Dezembro, 2026", "2026-12-05"),
            ("dia 5 de dezembro do ano que vem", "2027-12-05"),
            ("1º de dezembro", "2026-12-01"),
            ("1° de dezembro", "2026-12-01"),
            ("1o de dezembro", "2026-12-01"),
            ("primeiro de dezembro", "2026-12-01"),
            ("dia primeiro", "2026-12-01"),
            ("dia 1º", "2026-12-01"),
            ("dois de janeiro", "2027-01-02"),
            ("vinte de março", "2027-03-20"),
            ("vinte e um de março", "2027-03-21"),
            ("trinta e um de dezembro", "2026-12-31"),
            ("dez de dezembro", "2026-12-10"),
            ("dez de dez", "2026-12-10"),
            ("dia dez", "2026-12-10"),
            ("dia vinte e oito", "2026-11-28"),
            ("dia 5", "2026-12-05"),
            ("dia 26", "2026-11-26"),
            ("no dia 31", "2026-12-31"),
            ("pro dia 12", "2026-12-12"),
            ("p/ dia 12", "2026-12-12"),
            ("pode ser dia 12?", "2026-12-12"),
            ("dia 5 do 12", "2026-12-05"),
            ("5 do 12", "2026-12-05"),
            ("cinco do doze", "2026-12-05"),
            ("12 do nove", "2027-09-12"),
            ("sexta q vem", "2026-11-27"),
            ("próx. sexta", "2026-11-27"),
            ("próxima 2ª feira", "2026-11-30"),
            ("2ª que vem", "2026-11-30"),
            ("segunda pela manhã", "2026-11-30"),
            ("Dia 05/12/2026 às 15:00 horas", "2026-12-05"),
            ("quinta-feira dia 03/12/2026 as 14 hs", "2026-12-03"),
            ("05 de dezembro (sábado)", "2026-12-05"),
            ("amanhã se der", "2026-11-27"),
            ("dps de amanhã", "2026-11-28"),
            ("31 dez", "2026-12-31"),
            ("1 jan", "2027-01-01"),
            ("amanhã tá bom?", "2026-11-27"),
            ("dia cinco", "2026-12-05"),
            ("5 do 12 de 2026", "2026-12-05"),
            ("dia 5 do mês 12", "2026-12-05"),
            ("5 do mês que vem", "2026-12-05"),
            ("dia 5 do próximo mês", "2026-12-05"),
            ("dia 28 deste mês", "2026-11-28"),
            ("hoje", "2026-11-26"),
            ("hj", "2026-11-26"),
            ("hoje mesmo", "2026-11-26"),
            ("hoje, quinta", "2026-11-26"),
            ("amanhã", "2026-11-27"),
            ("amanha!!", "2026-11-27"),
            ("amanhã sem falta", "2026-11-27"),
            ("depois de amanhã", "2026-11-28"),
            ("ontem", "2026-11-25"),
            ("anteontem", "2026-11-24"),
            ("segunda", "2026-11-30"),
            ("segunda-feira", "2026-11-30"),
            ("segunda feira", "2026-11-30"),
            ("seg", "2026-11-30"),
            ("seg.", "2026-11-30"),
            ("terça", "2026-12-01"),
            ("quinta", "2026-12-03"),
            ("sáb", "2026-11-28"),
            ("2ª feira", "2026-11-30"),
            ("2ª-feira", "2026-11-30"),
            ("2.ª feira", "2026-11-30"),
            ("2a feira", "2026-11-30"),
            ("2° feira", "2026-11-30"),
            ("2 feira", "2026-11-30"),
            ("2ªf", "2026-11-30"),
            ("2af", "2026-11-30"),
            ("4ª", "2026-12-02"),
            ("4a", "2026-12-02"),
            ("na 6ª", "2026-11-27"),
            ("essa sexta", "2026-11-27"),
            ("esta sexta", "2026-11-27"),
            ("nesta sexta", "2026-11-27"),
            ("nesse sábado", "2026-11-28"),
            ("este domingo", "2026-11-29"),
            ("sábado agora", "2026-11-28"),
            ("sexta que vem", "2026-11-27"),
            ("próxima sexta", "2026-11-27"),
            ("na próxima sexta-feira", "2026-11-27"),
            ("sexta da semana que vem", "2026-12-04"),
            ("sexta-feira da semana que vem", "2026-12-04"),
            ("sexta da próxima semana", "2026-12-04"),
            ("semana que vem na terça", "2026-12-01"),
            ("sexta desta semana", "2026-11-27"),
            ("sexta, dia 4", "2026-12-04"),
            ("sexta dia 4", "2026-12-04"),
            ("sexta 27", "2026-11-27"),
            ("sexta 27/11", "2026-11-27"),
            ("sexta (27/11)", "2026-11-27"),
            ("27/11, sexta", "2026-11-27"),
            ("amanhã, sexta-feira", "2026-11-27"),
            ("acho que sexta", "2026-11-27"),
            ("eu prefiro na sexta", "2026-11-27"),
            ("Bom dia! Pode ser na sexta?", "2026-11-27"),
            ("oi\nsexta", "2026-11-27"),
            ("sexta 😊", "2026-11-27"),
            ("sexta, por favor", "2026-11-27"),
            ("sexta às 3 da tarde em ponto", "2026-11-27"),
            ("dia 5 deste mês", "2026-11-05"),
            ("daqui a 3 dias", "2026-11-29"),
            ("daqui 3 dias", "2026-11-29"),
            ("em 3 dias", "2026-11-29"),
            ("daqui a três dias", "2026-11-29"),
            ("daqui a uma semana", "2026-12-03"),
            ("em duas semanas", "2026-12-10"),
            ("daqui a um mês", "2026-12-26"),
            ("há 2 dias", "2026-11-24"),
            ("amanhã de manhã", "2026-11-27"),
            ("amanhã cedo", "2026-11-27"),
            ("amanhã bem cedo", "2026-11-27"),
            ("depois de amanhã à tarde", "2026-11-28"),
            ("hoje à tarde", "2026-11-26"),
            ("hoje à noite", "2026-11-26"),
            ("hoje mais tarde", "2026-11-26"),
            ("sexta à noite", "2026-11-27"),
            ("sexta de manhã ou à tarde", "2026-11-27"),
            ("na manhã de sexta", "2026-11-27"),
            ("sexta no período da tarde", "2026-11-27"),
            ("dia 5/12 à tarde", "2026-12-05"),
            ("dia 5 de manhã", "2026-12-05"),
            ("05/12 às 14h", "2026-12-05"),
            ("05/12 14:30", "2026-12-05"),
            ("05/12 às 2 e meia da tarde", "2026-12-05"),
            ("05/12, 14h30", "2026-12-05"),
            ("às 14h de sexta", "2026-11-27"),
            ("às 10 do dia 5", "2026-12-05"),
            ("sexta às 10", "2026-11-27"),
            ("sexta ao meio-dia", "2026-11-27"),
            ("sexta depois das 14h", "2026-11-27"),
            ("sexta a partir das 14", "2026-11-27"),
            ("sexta entre 10h e 11h", "2026-11-27"),
            ("sexta das 10 às 11h", "2026-11-27"),
            ("sexta às 10 ou às 11", "2026-11-27"),
            ("sexta qualquer horário", "2026-11-27"),
            ("sexta o dia todo", "2026-11-27"),
            ("sexta depois do almoço", "2026-11-27"),
            ("nasci em 12/03/1985", "1985-03-12"),
            ("12/3/85", "1985-03-12"),
            ("o dia é 5/12", "2026-12-05"),
            ("data: 05/12/2026", "2026-12-05"),
            ("dezembro, dia 5", "2026-12-05"),
            ("dezembro 5", "2026-12-05"),
            ("29/02", "2028-02-29"),
        ],
    );
    unclear(
        PtBr,
        &[
            "",
            "12",
            "dia",
            "dia 32",
            "dia 12 de",
            "semana que vem",
            "mês que vem",
            "dezembro",
            "qualquer dia",
            "tanto faz",
            "12 ou 13",
            "dia 12 ou 13",
            "entre 12 e 15",
            "de 12 a 15",
            "12-15",
            "5 - 7",
            "dia 5 e 6",
            "sexta ou sábado",
            "sexta e sábado",
            "sexta 28/11",
            "sábado, dia 4",
            "sexta 10",
            "hoje 27/11",
            "31/02",
            "31/04/2026",
            "12/13",
            "0/3",
            "32/12",
            "12/3/0202",
            "12/3/2200",
            "5/12/026",
            "5/12/2026/1",
            "dez/26",
            "dezembro 26",
            "dezembro de 2026",
            "12/2026",
            "202612",
            "25/12h",
            "não na sexta",
            "sexta não",
            "menos sexta",
            "depois de sexta",
            "antes do dia 5",
            "até sexta",
            "a partir de sexta",
            "sextas",
            "aos sábados",
            "sexta passada",
            "sexta-feira santa",
            "esta quinta",
            "domingo da semana que vem",
            "quarta desta semana",
            "3 dias",
            "amanhã ou depois",
            "final de semana",
            "o quanto antes",
            "sexta ou segunda às 10",
            "dia 5 ou sexta",
            "nem sexta nem sábado",
            "sexta nem pensar",
            "sexta não posso",
            "só não pode sexta",
            "hoje não, amanhã",
            "que dia é sexta, 28?",
            "dia 5, 6 ou 7",
            "5, 6",
            "5/12 ou 6/12",
            "5/12 a 8/12",
            "entre 5/12 e 8/12",
            "de 5/12 a 8/12",
            "desde sexta",
            "fevereiro",
            "29/02/2027",
            "10 de fevereiro ou março",
            "amanhã não",
            "de manhã",
            "boa tarde",
            "às 14h",
            "14:30",
            "1430",
            "próxima",
            "tomorrow",
            "12 de smarço",
            "1º",
            "2º",
            "segunda opção",
            "5~7",
            "às 10 ou 11",
            "sexta às 10 ou sábado às 11",
        ],
    );
}

#[test]
fn days_are_read_as_spanish_speakers_write_them() {
    check(
        Es,
        TODAY,
        &[
            ("05/12", "2026-12-05"),
            ("5-12-26", "2026-12-05"),
            ("25.12.2026", "2026-12-25"),
            ("25122026", "2026-12-25"),
            ("2026-12-25", "2026-12-25"),
            ("05/dic", "2026-12-05"),
            ("5-dic-26", "2026-12-05"),
            ("el 5", "2026-12-05"),
            ("el día 5", "2026-12-05"),
            ("día 5", "2026-12-05"),
            ("el 5/12", "2026-12-05"),
            ("el próximo 5", "2026-12-05"),
            ("el 5 de diciembre", "2026-12-05"),
            ("5 de diciembre del 2026", "2026-12-05"),
            ("5 de diciembre de 2027", "2027-12-05"),
            ("5 de diciembre del próximo año", "2027-12-05"),
            ("5 diciembre", "2026-12-05"),
            ("diciembre 5", "2026-12-05"),
            ("5 dic", "2026-12-05"),
            ("5 de setiembre", "2027-09-05"),
            ("5 de septiembre", "2027-09-05"),
            ("5 de set", "2027-09-05"),
            ("5 de sept", "2027-09-05"),
            ("1ro de diciembre", "2026-12-01"),
            ("1.º de diciembre", "2026-12-01"),
            ("1º de diciembre", "2026-12-01"),
            ("1° de diciembre", "2026-12-01"),
            ("1er de diciembre", "2026-12-01"),
            ("primero de diciembre", "2026-12-01"),
            ("el primero", "2026-12-01"),
            ("uno de diciembre", "2026-12-01"),
            ("veintiuno de marzo", "2027-03-21"),
            ("treinta y uno de enero", "2027-01-31"),
            ("el 5 del 12", "2026-12-05"),
            ("5 del próximo mes", "2026-12-05"),
            ("el 5 del mes que viene", "2026-12-05"),
            ("el 28 de este mes", "2026-11-28"),
            ("hoy", "2026-11-26"),
            ("hoy mismo", "2026-11-26"),
            ("mañana", "2026-11-27"),
            ("mañana mismo", "2026-11-27"),
            ("pasado mañana", "2026-11-28"),
            ("ayer", "2026-11-25"),
            ("anteayer", "2026-11-24"),
            ("lunes", "2026-11-30"),
            ("el lunes", "2026-11-30"),
            ("el próximo lunes", "2026-11-30"),
            ("lunes próximo", "2026-11-30"),
            ("lunes que viene", "2026-11-30"),
            ("el lunes que viene, por favor", "2026-11-30"),
            ("este lunes", "2026-11-30"),
            ("este viernes", "2026-11-27"),
            ("mar", "2026-12-01"),
            ("miércoles", "2026-12-02"),
            ("mié", "2026-12-02"),
            ("sábado", "2026-11-28"),
            ("domingo", "2026-11-29"),
            ("viernes de la semana que viene", "2026-12-04"),
            ("el viernes de la próxima semana", "2026-12-04"),
            ("la próxima semana el viernes", "2026-12-04"),
            ("viernes de esta semana", "2026-11-27"),
            ("viernes 4", "2026-12-04"),
            ("el viernes 4 de diciembre", "2026-12-04"),
            ("viernes 27/11", "2026-11-27"),
            ("viernes, el 4", "2026-12-04"),
            ("mañana viernes", "2026-11-27"),
            ("dentro de 3 días", "2026-11-29"),
            ("dentro de dos días", "2026-11-28"),
            ("en 15 días", "2026-12-11"),
            ("en quince días", "2026-12-11"),
            ("en una semana", "2026-12-03"),
            ("dentro de un mes", "2026-12-26"),
            ("hace 3 días", "2026-11-23"),
            ("mañana por la mañana", "2026-11-27"),
            ("mañana a la mañana", "2026-11-27"),
            ("mañana en la tarde", "2026-11-27"),
            ("mañana temprano", "2026-11-27"),
            ("mañana a primera hora", "2026-11-27"),
            ("esta noche", "2026-11-26"),
            ("esta tarde", "2026-11-26"),
            ("hoy por la tarde", "2026-11-26"),
            ("pasado mañana por la tarde", "2026-11-28"),
            ("el viernes por la noche", "2026-11-27"),
            ("el viernes a las 3 p. m.", "2026-11-27"),
            ("el viernes a las 3 de la tarde", "2026-11-27"),
            ("viernes 3 de la tarde", "2026-11-27"),
            ("el 5 a las 10", "2026-12-05"),
            ("el viernes 4 a las 10", "2026-12-04"),
            ("el sábado 28 por la mañana", "2026-11-28"),
            ("hoy día", "2026-11-26"),
            ("el 1 de enero", "2027-01-01"),
            ("el martes 1ro", "2026-12-01"),
            ("lunes 30 nov", "2026-11-30"),
            ("el viernes entrante", "2026-11-27"),
            ("5 de dic.", "2026-12-05"),
            ("el 5 por la tarde", "2026-12-05"),
            ("05/12 14:30", "2026-12-05"),
            ("a las 10 del día 5", "2026-12-05"),
            ("el viernes después de las 14", "2026-11-27"),
            ("el viernes entre las 3 y las 5", "2026-11-27"),
            ("el viernes a cualquier hora", "2026-11-27"),
            ("el viernes todo el día", "2026-11-27"),
            ("creo que el viernes", "2026-11-27"),
            ("puede ser el 12?", "2026-12-12"),
            ("Hola, buenos días, el viernes", "2026-11-27"),
            ("¿el viernes?", "2026-11-27"),
            ("me queda bien el viernes", "2026-11-27"),
            ("nací el 12/03/1985", "1985-03-12"),
        ],
    );
    unclear(
        Es,
        &[
            "",
            "12",
            "el",
            "el 32",
            "la semana que viene",
            "el mes que viene",
            "diciembre",
            "cualquier día",
            "12 o 13",
            "el 12 o el 13",
            "entre el 12 y el 15",
            "del 12 al 15",
            "mar 5",
            "viernes 5",
            "viernes 28/11",
            "viernes mañana por pasado",
            "lunes o martes",
            "lunes y martes",
            "los lunes",
            "no el viernes",
            "el viernes no",
            "ni mañana",
            "después del viernes",
            "antes del 5",
            "hasta el viernes",
            "a partir del viernes",
            "el viernes pasado",
            "este fin de semana",
            "cuanto antes",
            "hoy no, mañana",
            "el viernes no puedo",
            "del 5/12 al 8/12",
            "entre el 5/12 y el 8/12",
            "5/12 o 6/12",
            "tampoco el viernes",
            "cualquier viernes",
            "el 5, el 6",
            "viernes santo",
            "este jueves",
            "por la mañana",
            "a la mañana",
            "buenas tardes",
            "31/02",
            "dic/26",
            "dentro de poco",
            "3 días",
            "amanhã",
            "el 5 o 6 de diciembre",
        ],
    );
}

#[test]
fn days_are_read_as_english_speakers_write_them() {
    check(
        En,
        TODAY,
        &[
            ("2026-12-05", "2026-12-05"),
            ("2026/12/25", "2026-12-25"),
            ("12/25", "2026-12-25"),
            ("25/12", "2026-12-25"),
            ("12/25/26", "2026-12-25"),
            ("25.12.26", "2026-12-25"),
            ("25 12 2026", "2026-12-25"),
            ("12252026", "2026-12-25"),
            ("25122026", "2026-12-25"),
            ("5/5", "2027-05-05"),
            ("Friday 12/4", "2026-12-04"),
            ("December 5", "2026-12-05"),
            ("Dec 5", "2026-12-05"),
            ("Dec. 5", "2026-12-05"),
            ("Dec 5, 2026", "2026-12-05"),
            ("Dec 26", "2026-12-26"),
            ("December 1st", "2026-12-01"),
            ("December the 1st", "2026-12-01"),
            ("1st of December", "2026-12-01"),
            ("the 1st of December, 2026", "2026-12-01"),
            ("first of December", "2026-12-01"),
            ("twenty-first of March", "2027-03-21"),
            ("March twenty first", "2027-03-21"),
            ("5 December", "2026-12-05"),
            ("5-Dec", "2026-12-05"),
            ("5-Dec-26", "2026-12-05"),
            ("5 Dec '26", "2026-12-05"),
            ("5 May", "2027-05-05"),
            ("Sept 3", "2027-09-03"),
            ("the 5th", "2026-12-05"),
            ("5th", "2026-12-05"),
            ("the 5", "2026-12-05"),
            ("the fifth", "2026-12-05"),
            ("on the 31st", "2026-12-31"),
            ("the 5th of next month", "2026-12-05"),
            ("28th of this month", "2026-11-28"),
            ("today", "2026-11-26"),
            ("tonight", "2026-11-26"),
            ("this afternoon", "2026-11-26"),
            ("tomorrow", "2026-11-27"),
            ("tmrw", "2026-11-27"),
            ("the day after tomorrow", "2026-11-28"),
            ("yesterday", "2026-11-25"),
            ("the day before yesterday", "2026-11-24"),
            ("Friday", "2026-11-27"),
            ("Fri", "2026-11-27"),
            ("Fri.", "2026-11-27"),
            ("on Friday", "2026-11-27"),
            ("next Friday", "2026-11-27"),
            ("this Friday", "2026-11-27"),
            ("this coming Friday", "2026-11-27"),
            ("Thursday", "2026-12-03"),
            ("Tues", "2026-12-01"),
            ("Friday next week", "2026-12-04"),
            ("Friday of next week", "2026-12-04"),
            ("next week on Friday", "2026-12-04"),
            ("Friday this week", "2026-11-27"),
            ("Friday the 4th", "2026-12-04"),
            ("Friday 4th", "2026-12-04"),
            ("Friday, December 4", "2026-12-04"),
            ("Friday 27", "2026-11-27"),
            ("tomorrow (Friday)", "2026-11-27"),
            ("in 3 days", "2026-11-29"),
            ("in three days", "2026-11-29"),
            ("3 days from now", "2026-11-29"),
            ("in a week", "2026-12-03"),
            ("a week from today", "2026-12-03"),
            ("in two weeks", "2026-12-10"),
            ("in a month", "2026-12-26"),
            ("3 days ago", "2026-11-23"),
            ("tomorrow morning", "2026-11-27"),
            ("tomorrow in the morning", "2026-11-27"),
            ("tomorrow early", "2026-11-27"),
            ("Friday night", "2026-11-27"),
            ("Friday at 3", "2026-11-27"),
            ("Friday 3pm", "2026-11-27"),
            ("3 pm on Friday", "2026-11-27"),
            ("Friday at noon", "2026-11-27"),
            ("Friday @ 10", "2026-11-27"),
            ("Friday three thirty", "2026-11-27"),
            ("Friday after 2", "2026-11-27"),
            ("Friday between 2 and 4 pm", "2026-11-27"),
            ("Friday morning or afternoon", "2026-11-27"),
            ("December 5 at 10:30", "2026-12-05"),
            ("12/25 at 3", "2026-12-25"),
            ("12/25/2026 3:00 PM", "2026-12-25"),
            ("Sat, Dec 5", "2026-12-05"),
            ("Dec 5th at 3pm", "2026-12-05"),
            ("Dec 5, 10am", "2026-12-05"),
            ("5 Dec 10am", "2026-12-05"),
            ("5 Dec 2026 10:00", "2026-12-05"),
            ("Monday the 30th", "2026-11-30"),
            ("the first of next month", "2026-12-01"),
            ("Saturday morning works", "2026-11-28"),
            ("next Monday at 10", "2026-11-30"),
            ("Friday any time", "2026-11-27"),
            ("Friday after work", "2026-11-27"),
            ("I think Friday", "2026-11-27"),
            ("maybe it could be Friday", "2026-11-27"),
            ("How about Friday?", "2026-11-27"),
            ("Friday works for me, thanks", "2026-11-27"),
            ("Good morning, Friday please", "2026-11-27"),
            ("let's do Friday", "2026-11-27"),
            ("I was born on March 12, 1985", "1985-03-12"),
        ],
    );
    unclear(
        En,
        &[
            "",
            "12",
            "the",
            "the 32nd",
            "3/4",
            "3/4/2026",
            "03.04.26",
            "next week",
            "next month",
            "December",
            "Dec/26",
            "any day",
            "whenever",
            "12 or 13",
            "the 12th or 13th",
            "the 12th or the 13th",
            "between the 12th and the 15th",
            "Monday or Tuesday",
            "Monday to Friday",
            "Friday 11/28",
            "Friday the 5th",
            "Friday 10",
            "not Friday",
            "can't Friday",
            "Friday doesn't work",
            "except Friday",
            "after Friday",
            "before the 5th",
            "until Friday",
            "by Friday",
            "Fridays",
            "every Friday",
            "last Friday",
            "this weekend",
            "asap",
            "not today, tomorrow",
            "I can't do Friday",
            "any day but Friday",
            "from Dec 5 to Dec 8",
            "Dec 5-8",
            "Dec 5 or 6",
            "Friday or so",
            "Friday week",
            "Good Friday",
            "Black Friday",
            "this Thursday",
            "Sunday next week",
            "02/31",
            "13/13",
            "at 3",
            "3 pm",
            "good morning",
            "tomorrow or Friday",
            "soon",
            "3 days",
            "first",
            "amanhã",
        ],
    );
}

#[test]
fn days_are_read_as_before() {
    for (locale, answers) in [
        (
            PtBr,
            &[
                ("12/03", "2026-03-12"),
                ("10/03", "2026-03-10"),
                ("09/03", "2027-03-09"),
                ("12 / 3 / 1985", "1985-03-12"),
                ("12/3/46", "2046-03-12"),
                ("12/3/47", "1947-03-12"),
                ("dia 12 de MARCO de 2027", "2027-03-12"),
                ("1º de mar", "2027-03-01"),
                ("terça", "2026-03-17"),
                ("dia 9", "2026-04-09"),
                ("segunda que vem, por favor", "2026-03-16"),
                ("em 1 dia", "2026-03-11"),
            ][..],
        ),
        (
            Es,
            &[
                ("12 de marzo del 2026", "2026-03-12"),
                ("mar", "2026-03-17"),
                ("el día 15", "2026-03-15"),
            ],
        ),
        (
            En,
            &[
                ("12th of March, 2026", "2026-03-12"),
                ("the 1st of may", "2026-05-01"),
                ("the 9", "2026-04-09"),
            ],
        ),
    ] {
        check(locale, MARCH, answers);
    }
}

#[test]
fn on_the_day_itself_this_weekday_is_asked_again() {
    let friday = jiff::civil::date(2026, 11, 27);
    for (locale, weekday, this) in [
        (PtBr, "sexta", "essa sexta"),
        (PtBr, "sexta", "sexta agora"),
        (Es, "viernes", "este viernes"),
        (En, "Friday", "this Friday"),
    ] {
        let in_a_week = Some("2026-12-04".to_owned());
        assert_eq!(read(weekday, locale, friday), in_a_week);
        assert_eq!(read(this, locale, friday), None);
    }
}

#[test]
fn where_only_the_past_fits_a_day_without_a_year_was_the_last_one() {
    for (locale, text, day) in [
        (PtBr, "05/12", "2025-12-05"),
        (PtBr, "26/11", "2026-11-26"),
        (PtBr, "dia 30", "2026-10-30"),
        (PtBr, "sexta", "2026-11-20"),
        (PtBr, "ontem", "2026-11-25"),
        (Es, "29/02", "2024-02-29"),
        (En, "December 5, 2026", "2026-12-05"),
    ] {
        let read = date(text, locale, TODAY, SideOfToday::Back);
        assert_eq!(
            read.map(|date| date.to_string()).as_deref(),
            Some(day),
            "{text}"
        );
    }
}

/// A day in every usual way to write it in a language.
fn written(day: Date, locale: Locale) -> Vec<String> {
    use crate::flow::words::calendar_names::{MONTHS, WEEKDAYS};
    let (d, m, y) = (day.day(), day.month(), day.year());
    let month = MONTHS[locale as usize][usize::from(m.unsigned_abs()) - 1];
    let short: String = month.chars().take(3).collect();
    let weekday = day.weekday().to_monday_zero_offset().unsigned_abs();
    let weekday = WEEKDAYS[locale as usize][usize::from(weekday)];
    let mut ways = vec![
        format!("{y}-{m:02}-{d:02}"),
        format!("{y}/{m:02}/{d:02}"),
        format!("{d} {month} {y}"),
        format!("{d}-{short}"),
        format!("{d:02}/{short}"),
        format!("{d} {short}"),
        format!("{d} {month}"),
        format!("{weekday}, {d} {month}"),
    ];
    match locale {
        Locale::En => {
            let ending = match d {
                1 | 21 | 31 => "st",
                2 | 22 => "nd",
                3 | 23 => "rd",
                _ => "th",
            };
            ways.extend([
                format!("{month} {d}"),
                format!("{month} {d}{ending}"),
                format!("{short} {d}, {y}"),
                format!("the {d}{ending} of {month}"),
                format!("{weekday}, {month} {d}, {y}"),
                format!("on {month} {d} at 3 pm"),
                format!("{month} {d}, in the morning"),
            ]);
        }
        Locale::PtBr | Locale::Es => {
            let yy = y % 100;
            ways.extend([
                format!("{d}/{m}"),
                format!("{d:02}/{m:02}"),
                format!("{d}/{m}/{y}"),
                format!("{d:02}/{m:02}/{yy:02}"),
                format!("{d}-{m}"),
                format!("{d}-{m}-{y}"),
                format!("{d}.{m}.{y}"),
                format!("{d:02}{m:02}{y}"),
                format!("{d} {m} {y}"),
                format!("{d}/{short}/{y}"),
                format!("{d} de {month}"),
                format!("{d} de {month} de {y}"),
                format!("dia {d}/{m}"),
                format!("{weekday} {d}/{m}"),
                format!("{weekday}, {d} de {month}"),
                format!("{d}/{m} 14:30"),
                format!("{d} de {month} 14h"),
            ]);
        }
    }
    ways
}

#[test]
fn every_day_of_the_next_year_is_read_in_every_usual_way() {
    for days in 0..365 {
        let day = TODAY.checked_add(days.days()).unwrap();
        for locale in Locale::ALL {
            for text in written(day, locale) {
                assert_eq!(
                    read(&text, locale, TODAY),
                    Some(day.to_string()),
                    "{locale} {text}"
                );
            }
        }
    }
}

proptest! {
    #[test]
    fn what_is_kept_is_kept_again(
        text in "(hoje |dia |sexta |on |el )?[0-9]{1,4}[/:h. -]{0,2}[0-9]{0,2}[/ ]?[0-9]{0,4}( de mar| pm)?",
        days in 0i64..50_000,
    ) {
        let today = jiff::civil::date(1990, 1, 1).checked_add(days.days()).unwrap();
        for locale in Locale::ALL {
            if let Some(kept) = read(&text, locale, today) {
                prop_assert_eq!(read(&kept, locale, today), Some(kept));
            }
        }
    }

    #[test]
    fn a_day_without_a_year_lies_ahead_and_no_further_than_it_must(days in 0i64..50_000, ahead in 0i64..365) {
        let today = jiff::civil::date(1990, 1, 1).checked_add(days.days()).unwrap();
        let meant = today.checked_add(ahead.days()).unwrap();
        prop_assume!((meant.month(), meant.day()) != (2, 29));
        let text = format!("{}/{}", meant.day(), meant.month());
        prop_assert_eq!(read(&text, PtBr, today), Some(meant.to_string()));
    }

    #[test]
    fn no_words_make_it_panic(
        text in "((sexta|dia|5|05|12|/|-|[.]|º|ª|dez|mar|de|próxima|que vem|semana|às|14h|e|meia|a|em|3 dias|the|first|of|el|mañana|la|2026|99)[ ]?){0,8}",
    ) {
        for locale in Locale::ALL {
            for side in [SideOfToday::Ahead, SideOfToday::Back] {
                for today in [TODAY, Date::MIN, Date::MAX] {
                    date(&text, locale, today, side);
                }
            }
        }
    }
}
