//! The form of `[hours]`.

use serde_json::{Value, json};

use crate::flow::load::schema::one_or_more::one_or_more;

/// As `load::hours` reads it: "09:00-12:30", "9h-12h30", "closed".
const OPENING: &str =
    "^ *(closed|[0-9]{1,2}(:[0-9]{1,2}|h[0-9]{0,2}) *- *[0-9]{1,2}(:[0-9]{1,2}|h[0-9]{0,2})) *$";

/// "2026-12-24", or of every year "12-24", "24 de dezembro", "24 dez", "December 24".
const DAY: &str = "^(([0-9]{4}-)?[0-9]{1,2}-[0-9]{1,2}|[0-9]{1,2}[º°]? +(de +)?[A-Za-zçÇ]{3,}|[A-Za-zçÇ]{3,} +[0-9]{1,2})$";

/// A day of the week in any language, short or in full, with or without accents. It is in lower case here; the schema accepts
/// any case.
const WEEKDAYS: &str = "mon(day)?|tue(sday)?|wed(nesday)?|thu(rsday)?|fri(day)?|sat(urday)?|sun(day)?|seg(unda)?|\
    ter([cçCÇ]a)?|qua(rta)?|qui(nta)?|sex(ta)?|s[aáAÁ]b(ado)?|dom(ingo)?|lun(es)?|mar(tes)?|mi[eéEÉ](rcoles)?|\
    jue(ves)?|vie(rnes)?";

/// The pattern with every letter outside of brackets in either case.
fn in_any_case(pattern: &str) -> String {
    let mut any = String::new();
    let mut in_brackets = false;
    for c in pattern.chars() {
        in_brackets = c == '[' || (in_brackets && c != ']');
        match c {
            'a'..='z' if !in_brackets => any.extend(['[', c, c.to_ascii_uppercase(), ']']),
            c => any.push(c),
        }
    }
    any
}

/// The opening hours of a team: those of a flow, without the step.
pub(crate) fn team_hours() -> Value {
    let mut hours = hours();
    hours["description"] =
        json!("When these people are there, written like [hours]. Default: as [hours] says.");
    if let Some(form) = hours.as_object_mut() {
        form.remove("required");
    }
    if let Some(keys) = hours["properties"].as_object_mut() {
        keys.remove("closed");
    }
    let names = json!({ "pattern": key_pattern("exceptions") });
    hours["propertyNames"] = names;
    hours
}

/// A day, a range of days, or one of these keys.
fn key_pattern(keys: &str) -> String {
    let day = in_any_case(WEEKDAYS);
    format!("^({keys}|({day})( *- *({day}))?)$")
}

/// The opening hours: days and ranges of days, by any of their names.
pub(crate) fn hours() -> Value {
    let times = one_or_more(&json!({ "type": "string", "pattern": OPENING }));
    json!({
        "type": "object",
        "description": "Opening hours, by days (mon, mon-fri) and times (\"09:00-12:00\", a list of them, or \"closed\"). Outside of them conversations begin at the step `closed`, and nobody waits in line.",
        "required": ["closed"],
        "properties": {
            "closed": { "type": "string", "minLength": 1, "description": "The step outside of the opening times." },
            "exceptions": {
                "type": "object",
                "description": "Days with other times: \"2026-12-24\", or for every year \"12-25\" (month and day) or \"25 de dezembro\".",
                "propertyNames": { "pattern": DAY },
                "additionalProperties": times.clone(),
            },
        },
        "propertyNames": { "pattern": key_pattern("closed|exceptions") },
        "additionalProperties": times,
    })
}
