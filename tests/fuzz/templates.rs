//! Templates with values: a template that loads is rendered or fails within its limits, and its fault names no value.

use waha_sm::clock::Millis;
use waha_sm::flow::{Locale, Next, Said, Script, State};

use crate::run::{Taken, Target};

const WORDS: &[&str] = &[
    "{{ opening }}",
    "{{ n | int }}",
    " | int",
    " | float",
    " * ",
    " ** ",
    " // ",
    " % ",
    " - ",
    " ~ ",
    " + 1",
    " | length",
    " | date",
    " | time",
    " | date('short')",
    " | date('%Y')",
    " | round(",
    " | join(",
    " | replace(",
    " | split(",
    " | batch(",
    " | slice(",
    " | indent(",
    " | truncate(",
    " | title",
    " | upper",
    " | reverse",
    " | sort",
    " | unique",
    " | default(",
    " | first",
    " | last",
    " | abs",
    " | min",
    " | max",
    " | sum",
    " | list",
    " | items",
    " | dictsort",
    " | map(",
    " | select(",
    " | tojson",
    " | string",
    "{% for a in range(9999) %}",
    "{% endfor %}",
    "{% if ",
    "{% endif %}",
    "{% set a = ",
    "{% macro m(a) %}",
    "{% endmacro %}",
    "{{ m(1) }}",
    "loop.index",
    "range(",
    "namespace(",
    "dict(",
    "[::",
    "[0:",
    "[-1]",
    "is divisibleby(",
    "is number",
    "{% raw %}",
    "{% endraw %}",
    "{% filter upper %}",
    "{% endfilter %}",
    "{% include 'x' %}",
    "{% set a %}",
    "{% endset %}",
    " in ",
    " not ",
];

/// A template, a line with three dots, and the value that its customer wrote.
const SEEDS: &[&str] = &[
    "{{ opening }}\n...\nolá",
    "{{ (opening | int) + 5 }}\n...\n12345678901",
    "{{ (opening | int) ** 50 }}\n...\n12345678901",
    "{{ 1 / (opening | int) }}\n...\n0",
    "{{ opening * (opening | int) }}\n...\n99999999",
    "{{ range(opening | int) | join(',') }}\n...\n2000000000",
    "{{ opening | indent(opening | int) }}\n...\n9000000000000000000",
    "{{ opening | round(opening | int) }}\n...\n400",
    "{{ opening | list | batch(0) }}\n...\n99",
    "{{ opening[::-1] }}{{ opening[1:99999999999] }}\n...\na\u{301}b",
    "{% for c in opening %}{{ loop.index }}{{ c | upper }}{% endfor %}\n...\nabc",
    "{% set a = opening %}{% for n in range(60) %}{% set a = a ~ a %}{% endfor %}{{ a }}\n...\nabc",
    "{{ opening | date }} {{ opening | time }} {{ opening | date('dd/mm/yy') }}\n...\n2026-12-25 14:30",
    "{% if opening | length > 3 %}a{% elif opening is number %}b{% else %}c{% endif %}\n...\nabcd",
    "{{ {'a': opening}.a }}{{ [opening, 1] | sort }}\n...\nx",
    "{{ opening | replace('', opening) }}\n...\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

#[test]
fn no_template_breaks_a_flow() {
    let target = Target {
        name: "templates",
        seeds: SEEDS.iter().map(|seed| seed.as_bytes().to_vec()).collect(),
        words: WORDS,
    };
    target.run(|bytes, _| {
        let input = String::from_utf8_lossy(bytes);
        let (template, value) = input.split_once("\n...\n").unwrap_or((&input, "12345678901"));
        let value: String = value.chars().take(4_096).collect();
        let text = toml::Value::String(template.to_owned());
        let formula = toml::Value::String(template.replace("{{", "(").replace("}}", ")"));
        let mut taken = Taken::Refused;
        for flow in [
            format!("start = 'a'\n[step.a]\nsay = {text}\nend = 'x'\n"),
            format!("start = 'a'\n[step.a]\nset = {{ n = {text} }}\nnext = 'b'\n[step.b]\nsay = '{{{{ n }}}}'\nend = 'x'\n"),
            format!("start = 'a'\n[step.a]\nset = {{ n = {formula} }}\nnext = 'b'\n[step.b]\nsay = '{{{{ n }}}}'\nend = 'x'\n"),
        ] {
            let Ok(script) = Script::load(&flow, Locale::En) else {
                continue;
            };
            taken = Taken::Accepted;
            let now = Millis::new(1_796_000_000_000);
            let advance = script.advance(State::new(Some("Ana")), &[Said::text(&value)], now);
            assert!(matches!(advance.next, Next::Close { .. }), "{advance:?}");
            for reply in &advance.replies {
                assert!(reply.text.chars().count() <= 4_096);
            }
            let fault = advance.fault.unwrap_or_default();
            let is_telling = value.len() > 7 && !template.contains(&value) && fault.contains(&value);
            assert!(!is_telling, "the log would have {value:?}: {fault}");
        }
        taken
    });
}
