//! Finds a time zone by its IANA name. For anything else that people write ("GMT-3", "BRT", "Brasília"), it says which name to
//! write, and never proposes another clock only because its name looks alike.

use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::flow::words::fold::fold;

/// The time zone with this name, from the time zones inside the program, so that a flow means the same on every machine.
pub(crate) fn named(text: &str) -> Option<TimeZone> {
    let zone = TimeZoneDatabase::bundled().get(text).ok()?;
    // A name that stands for "not known".
    (!zone.is_unknown()).then_some(zone)
}

/// What to write in place of a text that is no name of a time zone.
pub fn time_zone_hint(text: &str) -> String {
    let text = text.trim().replace(['−', '–', '—', '‐', '‑'], "-");
    if let Some(minutes) = offset(&text) {
        return offset_hint(minutes);
    }
    let parts: Vec<&str> = text
        .split(['/', '\\', ',', ';', '|', '(', ')'])
        .filter(|part| !key(part).is_empty())
        .collect();
    let abbreviation = abbreviation(&text);
    if let Some(names) = found_in(ABBREVIATIONS, &abbreviation.to_uppercase()) {
        return match names {
            [name] => meant(name),
            names => format!(
                "`{abbreviation}` stands for several clocks; write the IANA name of your place, like {}",
                listed(names)
            ),
        };
    }
    // The last part is the most exact one: "America/Sao Paulo".
    let city = || parts.iter().rev().find_map(|part| city(&key(part)));
    let place = || {
        let found = |part: &&str| found_in(CITIES, &key(part));
        let names = found_in(CITIES, &key(&text)).or_else(|| parts.iter().rev().find_map(found));
        let name = *names?.first()?;
        // "America/Valencia" is not the Valencia in Europe.
        let area = AREAS.iter().find(|area| key(area) == key(parts[0]));
        area.is_none_or(|area| name.starts_with(area))
            .then(|| name.to_owned())
    };
    if let Some(name) = city().or_else(place) {
        return meant(&name);
    }
    let country = |part: &&str| found_in(COUNTRIES, &key(part));
    if let Some(names) =
        found_in(COUNTRIES, &key(&text)).or_else(|| parts.iter().rev().find_map(country))
    {
        return match names {
            [name] => meant(name),
            names => format!(
                "there are several clocks; write the IANA name of your place, like {}",
                listed(names)
            ),
        };
    }
    if let Some(minutes) = parts.iter().find_map(|part| offset(part)) {
        return offset_hint(minutes);
    }
    if let Some(minutes) = posix_offset(&text) {
        return offset_hint(minutes);
    }
    match misspelt(&parts) {
        Some(name) => meant(&name),
        None => "write its IANA name, like \"America/Sao_Paulo\" or \"UTC\"".to_owned(),
    }
}

/// What is misleading about a time zone that exists.
pub(crate) fn misleading(text: &str) -> Option<String> {
    let text = text.trim();
    if let Some(other_way) = other_way_round(text, "Etc/GMT", "in these names") {
        return Some(other_way);
    }
    let (clock, place) = match text.to_uppercase().as_str() {
        "EST" => ("UTC-5", "America/New_York"),
        "MST" => ("UTC-7", "America/Denver"),
        "HST" => ("UTC-10", "America/Adak"),
        _ => return None,
    };
    Some(format!(
        "`{text}` is {clock} all year; where the clock changes in summer, write the name of the place, like \"{place}\""
    ))
}

/// What is misleading about a TZ rule like `GMT-3`, which programs read with the sign the other way round.
pub fn misleading_rule(text: &str) -> Option<String> {
    if let Some(misleading) = misleading(text) {
        return Some(misleading);
    }
    ["GMT", "UTC"]
        .into_iter()
        .find_map(|start| other_way_round(text, start, "in TZ"))
}

/// The warning about `start` with a sign and hours after it.
fn other_way_round(text: &str, start: &str, place: &str) -> Option<String> {
    let (found, rest) = text.split_at_checked(start.len())?;
    let minutes =
        signed(rest).filter(|minutes| *minutes != 0 && found.eq_ignore_ascii_case(start))?;
    Some(format!(
        "`{text}` is {}: {place} the sign is the other way round; if you mean {}, {}",
        utc(-minutes),
        utc(minutes),
        offset_hint(minutes)
    ))
}

/// The minutes of "GMT-3", "UTC -03:00", "-0300" or "+1", as people mean them: west of Greenwich is minus.
fn offset(text: &str) -> Option<i32> {
    let text = text
        .trim()
        .trim_start_matches(['(', '['])
        .trim_end_matches([')', ']'])
        .trim();
    let upper = text.to_uppercase();
    let rest = ["ETC/GMT", "ETC/UTC", "GMT", "UTC", "Z"]
        .iter()
        .find_map(|start| upper.strip_prefix(start))
        .unwrap_or(&upper);
    signed(rest)
}

/// "-3", "+05:30", "-0300", "- 3h".
fn signed(text: &str) -> Option<i32> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+')?),
    };
    let digits = digits
        .trim()
        .trim_end_matches(['h', 'H', 's', 'S'])
        .trim_end();
    let (hours, minutes) = match digits.split_once([':', 'h', 'H']) {
        Some(parts) => parts,
        None if digits.len() >= 3 => digits.split_at_checked(digits.len() - 2)?,
        None => (digits, "0"),
    };
    let number = |text: &str| -> Option<i32> {
        let plain = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| text.parse().ok()).flatten()
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// The offset in a POSIX rule with an abbreviation that we don't know: "XYT3" is UTC-3.
fn posix_offset(text: &str) -> Option<i32> {
    let rest = match text.strip_prefix('<') {
        Some(rest) => rest.split_once('>')?.1,
        None => {
            let rest = text.trim_start_matches(|c: char| c.is_ascii_alphabetic());
            let letters = text.len() - rest.len();
            let known = ["UTC", "GMT"]
                .iter()
                .any(|one| text.to_uppercase().starts_with(one));
            (letters >= 3 && !known).then_some(rest)?
        }
    };
    let end = rest
        .find(|c: char| c.is_ascii_alphabetic() || c == '<')
        .unwrap_or(rest.len());
    let rest = rest[..end].trim();
    let west = match rest.starts_with(['+', '-']) {
        true => signed(rest),
        false => signed(&format!("+{rest}")),
    };
    Some(-west?)
}

/// The letters of an abbreviation, also of one at the start of a POSIX rule ("BRT3").
fn abbreviation(text: &str) -> &str {
    let letters = text.trim_end_matches(|c: char| c.is_ascii_digit() || "+-:".contains(c));
    let plain = letters.chars().all(|c| c.is_ascii_alphabetic());
    if plain { letters } else { text }
}

/// Places at this distance from UTC.
fn offset_hint(minutes: i32) -> String {
    let row = OFFSETS.iter().find(|(offset, ..)| *offset == minutes);
    let (all_year, changing): (&[&str], &[&str]) = match row {
        Some((_, all_year, changing)) => (all_year, changing),
        None => (&[], &[]),
    };
    let mut like = match (all_year, changing) {
        ([], []) => "like \"America/Sao_Paulo\" or \"UTC\"".to_owned(),
        (all_year, []) => format!("like {} ({})", listed(all_year), utc(minutes)),
        ([], changing) => format!(
            "like {} ({}, with summer time)",
            listed(changing),
            utc(minutes)
        ),
        (all_year, changing) => format!(
            "like {} ({}), or {} with summer time",
            listed(all_year),
            utc(minutes),
            listed(changing)
        ),
    };
    if minutes != 0 && minutes % 60 == 0 && (-14..=12).contains(&-(minutes / 60)) {
        let hours = -minutes / 60;
        like.push_str(&format!(
            "; without a place, {} is \"Etc/GMT{hours:+}\"",
            utc(minutes)
        ));
    }
    format!("write the IANA name of your place, {like}")
}

/// "UTC-3", "UTC+5:30".
fn utc(minutes: i32) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
    match (hours, rest) {
        (0, 0) => "UTC".to_owned(),
        (_, 0) => format!("UTC{sign}{hours}"),
        _ => format!("UTC{sign}{hours}:{rest:02}"),
    }
}

/// The words that name a place, without accents, spaces, and words like "Standard Time".
fn key(text: &str) -> String {
    const NOISE: &[&str] = &[
        "horario", "hora", "horaria", "fuso", "huso", "zona", "oficial", "padrao", "estandar",
        "de", "do", "da", "del", "la", "time", "zone", "timezone", "standard", "daylight",
        "summer",
    ];
    let folded = fold(text);
    let words = folded.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !NOISE.contains(word)).collect()
}

/// The areas of names like `America/Sao_Paulo`. In others ("US/Central"), the second part is no city.
const AREAS: [&str; 9] = [
    "Africa",
    "America",
    "Antarctica",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
];

/// All names like `America/Sao_Paulo`, with the key of their city.
fn cities() -> Vec<(String, String)> {
    let all = TimeZoneDatabase::bundled();
    let names = all.available().filter_map(|name| {
        let name = name.to_string();
        let (area, _) = name.split_once('/')?;
        let (_, city) = name.rsplit_once('/')?;
        let vague = ["North", "South", "West", "Central", "Eastern"].contains(&city);
        (AREAS.contains(&area) && !vague).then(|| (key(city), name.clone()))
    });
    names.collect()
}

fn city(wanted: &str) -> Option<String> {
    let (_, name) = cities().into_iter().find(|(city, _)| city == wanted)?;
    Some(name)
}

/// The name that a misspelt one means. Only for a small slip, and within the area that is named: a name that only looks
/// alike is another place with another clock.
fn misspelt(parts: &[&str]) -> Option<String> {
    let wanted = key(parts.last()?);
    let area = (parts.len() > 1).then(|| key(parts.first().unwrap_or(&"")));
    let limit = match wanted.chars().count() {
        0..4 => return None,
        4..9 => 1,
        _ => 2,
    };
    let near = cities().into_iter().filter_map(|(city, name)| {
        let own_area = key(name.split('/').next().unwrap_or_default());
        let same_area = area
            .as_ref()
            .is_none_or(|area| strsim::osa_distance(area, &own_area) <= 1);
        let distance = strsim::osa_distance(&wanted, &city);
        let same_start = city.chars().next() == wanted.chars().next();
        (same_area && same_start && distance <= limit).then_some((distance, name))
    });
    near.min().map(|(_, name)| name)
}

/// The names beside a key of one of the tables below.
fn found_in(
    table: &'static [(&'static str, &'static [&'static str])],
    wanted: &str,
) -> Option<&'static [&'static str]> {
    let mut rows = table.iter();
    rows.find(|(keys, _)| keys.split(' ').any(|one| one == wanted))
        .map(|(_, names)| *names)
}

fn meant(name: &str) -> String {
    format!("did you mean \"{name}\"?")
}

/// `"a", "b" or "c"`.
fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// By distance from UTC in minutes: places that have it all year, and places that have it in winter.
const OFFSETS: &[(i32, &[&str], &[&str])] = &[
    (-660, &["Pacific/Pago_Pago"], &[]),
    (-600, &["Pacific/Honolulu"], &[]),
    (-540, &[], &["America/Anchorage"]),
    (-480, &[], &["America/Tijuana", "America/Los_Angeles"]),
    (
        -420,
        &["America/Hermosillo", "America/Phoenix"],
        &["America/Denver"],
    ),
    (
        -360,
        &["America/Mexico_City", "America/Guatemala"],
        &["America/Chicago"],
    ),
    (
        -300,
        &["America/Bogota", "America/Lima", "America/Rio_Branco"],
        &["America/New_York"],
    ),
    (
        -240,
        &["America/Manaus", "America/Caracas", "America/La_Paz"],
        &["America/Santiago"],
    ),
    (-210, &[], &["America/St_Johns"]),
    (
        -180,
        &[
            "America/Sao_Paulo",
            "America/Argentina/Buenos_Aires",
            "America/Montevideo",
        ],
        &[],
    ),
    (-120, &["America/Noronha"], &[]),
    (-60, &["Atlantic/Cape_Verde"], &["Atlantic/Azores"]),
    (
        0,
        &["UTC", "Africa/Abidjan"],
        &["Europe/Lisbon", "Europe/London"],
    ),
    (
        60,
        &["Africa/Luanda", "Africa/Lagos"],
        &["Europe/Madrid", "Europe/Berlin"],
    ),
    (
        120,
        &["Africa/Maputo", "Africa/Johannesburg"],
        &["Europe/Athens"],
    ),
    (180, &["Europe/Moscow", "Africa/Nairobi"], &[]),
    (240, &["Asia/Dubai"], &[]),
    (300, &["Asia/Karachi"], &[]),
    (330, &["Asia/Kolkata"], &[]),
    (360, &["Asia/Dhaka"], &[]),
    (420, &["Asia/Jakarta", "Asia/Bangkok"], &[]),
    (480, &["Asia/Singapore", "Asia/Shanghai"], &[]),
    (540, &["Asia/Tokyo", "Asia/Seoul"], &[]),
    (570, &["Australia/Darwin"], &["Australia/Adelaide"]),
    (600, &["Australia/Brisbane"], &["Australia/Sydney"]),
    (660, &["Pacific/Noumea"], &[]),
    (720, &["Pacific/Fiji"], &["Pacific/Auckland"]),
];

/// Abbreviations of clocks, with places that have that clock.
const ABBREVIATIONS: &[(&str, &[&str])] = &[
    ("BRT BRST", &["America/Sao_Paulo"]),
    ("FNT", &["America/Noronha"]),
    ("AMT", &["America/Manaus", "America/Cuiaba"]),
    ("ACT", &["America/Rio_Branco", "Australia/Adelaide"]),
    ("ART ARST", &["America/Argentina/Buenos_Aires"]),
    ("CLT CLST", &["America/Santiago"]),
    ("UYT UYST", &["America/Montevideo"]),
    ("PYT PYST", &["America/Asuncion"]),
    ("BOT", &["America/La_Paz"]),
    ("PET", &["America/Lima"]),
    ("COT", &["America/Bogota"]),
    ("ECT", &["America/Guayaquil", "Europe/Paris"]),
    ("VET", &["America/Caracas"]),
    ("GYT", &["America/Guyana"]),
    ("GFT", &["America/Cayenne"]),
    (
        "CST",
        &[
            "America/Mexico_City",
            "America/Chicago",
            "America/Havana",
            "Asia/Shanghai",
        ],
    ),
    ("CDT", &["America/Chicago", "America/Havana"]),
    ("EDT ET", &["America/New_York", "America/Toronto"]),
    ("CT", &["America/Chicago", "America/Mexico_City"]),
    ("MDT MT", &["America/Denver", "America/Edmonton"]),
    ("PST PDT PT", &["America/Tijuana", "America/Los_Angeles"]),
    ("AKST AKDT", &["America/Anchorage"]),
    (
        "AST",
        &[
            "America/Puerto_Rico",
            "America/Santo_Domingo",
            "Asia/Riyadh",
        ],
    ),
    ("ADT", &["America/Halifax"]),
    ("NST NDT", &["America/St_Johns"]),
    ("AZOT AZOST", &["Atlantic/Azores"]),
    ("CVT", &["Atlantic/Cape_Verde"]),
    ("WEST", &["Europe/Lisbon", "Atlantic/Canary"]),
    ("BST", &["Europe/London", "Asia/Dhaka"]),
    ("CEST", &["Europe/Madrid", "Europe/Berlin", "Europe/Paris"]),
    ("EEST", &["Europe/Athens", "Europe/Bucharest"]),
    ("MSK", &["Europe/Moscow"]),
    ("WAT", &["Africa/Luanda", "Africa/Lagos"]),
    ("CAT", &["Africa/Maputo"]),
    ("SAST", &["Africa/Johannesburg"]),
    ("EAT", &["Africa/Nairobi"]),
    ("IST", &["Asia/Kolkata", "Europe/Dublin", "Asia/Jerusalem"]),
    ("GST", &["Asia/Dubai"]),
    ("PKT", &["Asia/Karachi"]),
    ("WIB", &["Asia/Jakarta"]),
    ("SGT", &["Asia/Singapore"]),
    ("PHT", &["Asia/Manila"]),
    ("JST", &["Asia/Tokyo"]),
    ("KST", &["Asia/Seoul"]),
    ("AEST AEDT", &["Australia/Sydney", "Australia/Brisbane"]),
    ("ACST ACDT", &["Australia/Adelaide", "Australia/Darwin"]),
    ("AWST", &["Australia/Perth"]),
    ("NZST NZDT", &["Pacific/Auckland"]),
];

/// Cities and regions that have no time zone of their own name, as [`key`] writes them.
const CITIES: &[(&str, &[&str])] = &[
    (
        "brasilia riojaneiro rio belohorizonte vitoria curitiba florianopolis portoalegre goiania palmasto campinas santos \
         niteroi londrina joinville uberlandia ribeiraopreto esouthamerica sampa brazileast sudeste brasiliadf df",
        &["America/Sao_Paulo"],
    ),
    (
        "salvador feiradesantana feirasantana salvadorba",
        &["America/Bahia"],
    ),
    (
        "natal joaopessoa teresina saoluis campinagrande",
        &["America/Fortaleza"],
    ),
    ("aracaju", &["America/Maceio"]),
    ("macapa", &["America/Belem"]),
    ("palmas", &["America/Araguaina"]),
    ("acre cruzeirosul", &["America/Rio_Branco"]),
    ("amazonas", &["America/Manaus"]),
    ("rondonia", &["America/Porto_Velho"]),
    ("roraima", &["America/Boa_Vista"]),
    ("matogrosso", &["America/Cuiaba"]),
    ("matogrossosul", &["America/Campo_Grande"]),
    ("fernandonoronha", &["America/Noronha"]),
    (
        "ciudadmexico cdmx mexicodf guadalajara puebla leon queretaro toluca veracruz oaxaca acapulco centralmexico centro \
         mexicocity centralstandardmexico",
        &["America/Mexico_City"],
    ),
    ("nuevoleon", &["America/Monterrey"]),
    ("mexicali bajacalifornia", &["America/Tijuana"]),
    ("sonora", &["America/Hermosillo"]),
    ("yucatan", &["America/Merida"]),
    ("quintanaroo playacarmen chetumal", &["America/Cancun"]),
    ("rosario mardelplata", &["America/Argentina/Buenos_Aires"]),
    ("medellin cali barranquilla cartagena", &["America/Bogota"]),
    ("arequipa trujillo cusco", &["America/Lima"]),
    ("quito", &["America/Guayaquil"]),
    ("santacruz santacruzsierra cochabamba", &["America/La_Paz"]),
    ("maracaibo valenciavenezuela", &["America/Caracas"]),
    ("valparaiso concepcion", &["America/Santiago"]),
    ("islapascua", &["Pacific/Easter"]),
    ("sanjose", &["America/Costa_Rica"]),
    ("sansalvador", &["America/El_Salvador"]),
    ("sanjuan", &["America/Puerto_Rico"]),
    ("habana", &["America/Havana"]),
    (
        "miami orlando boston atlanta washington eastern",
        &["America/New_York"],
    ),
    ("houston dallas austin texas", &["America/Chicago"]),
    (
        "sanfrancisco seattle losangeles lasvegas sandiego california",
        &["America/Los_Angeles"],
    ),
    ("lisboa porto", &["Europe/Lisbon"]),
    ("barcelona valencia sevilla romance", &["Europe/Madrid"]),
    ("canarias laspalmas", &["Atlantic/Canary"]),
    ("acores azores", &["Atlantic/Azores"]),
    ("londres", &["Europe/London"]),
    (
        "berlim munich munchen frankfurt hamburg",
        &["Europe/Berlin"],
    ),
    ("praia", &["Atlantic/Cape_Verde"]),
    ("mumbai delhi newdelhi bangalore", &["Asia/Kolkata"]),
    ("beijing pequim pekin", &["Asia/Shanghai"]),
];

/// Countries, as [`key`] writes them. One with several clocks has several names.
const COUNTRIES: &[(&str, &[&str])] = &[
    (
        "brasil brazil br",
        &[
            "America/Sao_Paulo",
            "America/Manaus",
            "America/Cuiaba",
            "America/Rio_Branco",
        ],
    ),
    (
        "mexico mx",
        &[
            "America/Mexico_City",
            "America/Tijuana",
            "America/Hermosillo",
            "America/Cancun",
        ],
    ),
    ("argentina ar", &["America/Argentina/Buenos_Aires"]),
    ("chile cl", &["America/Santiago"]),
    ("colombia co", &["America/Bogota"]),
    ("peru pe", &["America/Lima"]),
    ("uruguay uruguai uy", &["America/Montevideo"]),
    ("paraguay paraguai py", &["America/Asuncion"]),
    ("bolivia bo", &["America/La_Paz"]),
    ("venezuela ve", &["America/Caracas"]),
    (
        "ecuador equador ec",
        &["America/Guayaquil", "Pacific/Galapagos"],
    ),
    ("honduras", &["America/Tegucigalpa"]),
    ("nicaragua", &["America/Managua"]),
    ("elsalvador", &["America/El_Salvador"]),
    (
        "republicadominicana dominicanrepublic",
        &["America/Santo_Domingo"],
    ),
    (
        "eua usa us estadosunidos unitedstates eeuu",
        &[
            "America/New_York",
            "America/Chicago",
            "America/Denver",
            "America/Los_Angeles",
        ],
    ),
    (
        "canada",
        &[
            "America/Toronto",
            "America/Winnipeg",
            "America/Edmonton",
            "America/Vancouver",
        ],
    ),
    ("portugal pt", &["Europe/Lisbon", "Atlantic/Azores"]),
    (
        "espana espanha spain es",
        &["Europe/Madrid", "Atlantic/Canary"],
    ),
    ("angola", &["Africa/Luanda"]),
    ("mocambique mozambique", &["Africa/Maputo"]),
    ("caboverde capeverde", &["Atlantic/Cape_Verde"]),
    (
        "england inglaterra uk unitedkingdom reinounido greatbritain",
        &["Europe/London"],
    ),
    ("germany alemanha alemania deutschland", &["Europe/Berlin"]),
    ("france franca francia", &["Europe/Paris"]),
    ("italy italia", &["Europe/Rome"]),
    ("ireland irlanda", &["Europe/Dublin"]),
    ("india", &["Asia/Kolkata"]),
    ("china", &["Asia/Shanghai"]),
    ("japan japao japon", &["Asia/Tokyo"]),
    ("southafrica africasul", &["Africa/Johannesburg"]),
    ("nigeria", &["Africa/Lagos"]),
    (
        "indonesia",
        &["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"],
    ),
    (
        "australia",
        &[
            "Australia/Sydney",
            "Australia/Brisbane",
            "Australia/Adelaide",
            "Australia/Perth",
        ],
    ),
    (
        "russia",
        &[
            "Europe/Moscow",
            "Asia/Yekaterinburg",
            "Asia/Novosibirsk",
            "Asia/Vladivostok",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_leads_to_the_right_clock() {
        for (written, has) in [
            ("GMT-3", "\"America/Sao_Paulo\""),
            ("GMT-3", "UTC-3 is \"Etc/GMT+3\""),
            ("UTC-3", "\"America/Sao_Paulo\""),
            ("UTC−03:00", "\"America/Sao_Paulo\""),
            ("utc -3h", "\"America/Sao_Paulo\""),
            ("GMT-0300", "\"America/Sao_Paulo\""),
            ("-03:00", "\"America/Sao_Paulo\""),
            ("-3", "\"America/Sao_Paulo\""),
            ("(UTC-03:00)", "\"America/Sao_Paulo\""),
            ("Etc/UTC-3", "\"America/Sao_Paulo\""),
            ("GMT+1", "\"Etc/GMT-1\""),
            (
                "GMT+1",
                "\"Europe/Madrid\" or \"Europe/Berlin\" with summer time",
            ),
            ("GMT-5", "\"America/Bogota\", \"America/Lima\""),
            ("UTC-6", "\"America/Mexico_City\""),
            ("UTC+5:30", "\"Asia/Kolkata\""),
            ("GMT-3 (Brasília)", "did you mean \"America/Sao_Paulo\"?"),
            ("(UTC-03:00) Salvador", "did you mean \"America/Bahia\"?"),
            ("BRT", "did you mean \"America/Sao_Paulo\"?"),
            ("BRT3", "did you mean \"America/Sao_Paulo\"?"),
            ("BRT+3", "did you mean \"America/Sao_Paulo\"?"),
            ("brt", "did you mean \"America/Sao_Paulo\"?"),
            ("<-03>3", "\"America/Sao_Paulo\""),
            ("XYT3XYST", "\"America/Sao_Paulo\""),
            ("CST", "\"America/Mexico_City\", \"America/Chicago\""),
            ("PST", "\"America/Tijuana\""),
            ("ART", "did you mean \"America/Argentina/Buenos_Aires\"?"),
            ("America/Brasilia", "did you mean \"America/Sao_Paulo\"?"),
            ("America/Brasília", "did you mean \"America/Sao_Paulo\"?"),
            ("Horário de Brasília", "did you mean \"America/Sao_Paulo\"?"),
            (
                "E. South America Standard Time",
                "did you mean \"America/Sao_Paulo\"?",
            ),
            (
                "America/Rio_de_Janeiro",
                "did you mean \"America/Sao_Paulo\"?",
            ),
            ("Brasil/Salvador", "did you mean \"America/Bahia\"?"),
            ("America/Mexico", "\"America/Mexico_City\""),
            ("Ciudad de México", "did you mean \"America/Mexico_City\"?"),
            (
                "America/Guadalajara",
                "did you mean \"America/Mexico_City\"?",
            ),
            ("Brasil", "\"America/Sao_Paulo\", \"America/Manaus\""),
            (
                "America/Argentina",
                "did you mean \"America/Argentina/Buenos_Aires\"?",
            ),
            ("america/sao paulo", "did you mean \"America/Sao_Paulo\"?"),
            ("America/São_Paulo", "did you mean \"America/Sao_Paulo\"?"),
            ("America/SaoPaulo", "did you mean \"America/Sao_Paulo\"?"),
            ("Sao Paulo", "did you mean \"America/Sao_Paulo\"?"),
            ("São Paulo, Brasil", "did you mean \"America/Sao_Paulo\"?"),
            ("Buenos Aires", "Buenos_Aires\""),
            ("America/Sao_Paolo", "did you mean \"America/Sao_Paulo\"?"),
            ("Amercia/Sao_Paulo", "did you mean \"America/Sao_Paulo\"?"),
            ("Europe/Lisboa", "did you mean \"Europe/Lisbon\"?"),
            ("Mars/Olympus", "its IANA name, like \"America/Sao_Paulo\""),
            ("", "its IANA name"),
        ] {
            let hint = time_zone_hint(written);
            assert!(hint.contains(has), "{written}: {hint}");
        }
    }

    #[test]
    fn no_other_clock_is_proposed_because_its_name_looks_alike() {
        for (written, never) in [
            ("GMT-3", "Etc/GMT-3"),
            ("GMT+1", "Etc/GMT+1"),
            ("CST", "CET"),
            ("America/Brasilia", "Bahia"),
            ("America/Mexico", "Merida"),
            ("America/Porto", "Europe"),
            ("America/Valencia", "Madrid"),
            ("America/Leon", "Lima"),
            ("Europe/Sao_Paolo", "did you mean"),
            ("UTC3", "Etc"),
        ] {
            let hint = time_zone_hint(written);
            assert!(!hint.contains(never), "{written}: {hint}");
        }
    }

    #[test]
    fn names_that_mislead_get_a_warning() {
        for (name, has) in [
            ("Etc/GMT-3", "`Etc/GMT-3` is UTC+3"),
            ("Etc/GMT-3", "\"America/Sao_Paulo\""),
            ("etc/gmt+5", "is UTC-5"),
            ("EST", "UTC-5 all year"),
        ] {
            let warning = misleading(name).unwrap();
            assert!(
                named(name).is_some() && warning.contains(has),
                "{name}: {warning}"
            );
        }
        for name in [
            "Etc/GMT",
            "Etc/GMT+0",
            "Etc/UTC",
            "UTC",
            "America/Sao_Paulo",
            "EST5EDT",
            "ação",
        ] {
            assert_eq!(misleading(name), None, "{name}");
        }
        assert!(misleading_rule("GMT-3").unwrap().contains("is UTC+3"));
        assert_eq!(misleading_rule("<-03>3"), None);
        assert_eq!(misleading_rule("BRT3"), None);
        assert!(named("Etc/Unknown").is_none());
    }

    #[test]
    fn the_tables_name_time_zones_with_the_clocks_that_they_promise() {
        let offset_on = |name: &str, day: &str| {
            let at: jiff::civil::Date = day.parse().unwrap();
            let zone = named(name).unwrap_or_else(|| panic!("{name}"));
            at.to_zoned(zone).unwrap().offset().seconds() / 60
        };
        for (minutes, all_year, changing) in OFFSETS {
            for name in *all_year {
                for day in ["2026-01-15", "2026-07-15"] {
                    assert_eq!(offset_on(name, day), *minutes, "{name} {day}");
                }
            }
            for name in *changing {
                let both = ["2026-01-15", "2026-07-15"].map(|day| offset_on(name, day));
                assert_eq!(both.iter().min(), Some(minutes), "{name}");
                assert_ne!(both[0], both[1], "{name}");
            }
        }
        for (keys, names) in [ABBREVIATIONS, CITIES, COUNTRIES].concat() {
            assert!(names.iter().all(|name| named(name).is_some()), "{names:?}");
            assert!(!keys.contains('_') && keys.is_ascii(), "{keys}");
        }
    }
}
