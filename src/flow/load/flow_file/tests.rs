//! Every mistake that a flow file can have, and its message.

use super::*;

/// Loads a file with mistakes; each expected one is its line and a part of its message.
fn check_mistakes(source: &str, expected: &[(usize, &str)]) {
    let found = load(source, Locale::En).err().unwrap_or_default();
    let lines: Vec<String> = found.iter().map(Mistake::to_string).collect();
    let shown = lines.join("\n");
    assert_eq!(found.len(), expected.len(), "{source}\n{shown}");
    for (mistake, (line, part)) in found.iter().zip(expected) {
        assert_eq!(mistake.line, *line, "{source}\n{shown}");
        assert!(mistake.message.contains(part), "no {part:?} in\n{shown}");
    }
}

#[test]
fn every_mistake_is_reported_with_its_line() {
    let ask = "[step.a]\nask = '?'\nend = 'x'";
    for (head, steps, expected) in [
        (
            "start = 'a'\nlocale = 'fr'",
            ask,
            (2, "write one of en, pt-BR, es"),
        ),
        (
            "start = 'b'",
            ask,
            (
                1,
                "`start` names `b`, and there is no such step; did you mean `a`?",
            ),
        ),
        ("name = 'x'", ask, (1, "`start` is missing")),
        (
            "start = 1",
            ask,
            (
                1,
                "`start` in the file must be a text in quotes, not an integer",
            ),
        ),
        (
            "start = 'a'\nstrat = 'a'",
            ask,
            (2, "unknown key `strat` in the file; did you mean `start`?"),
        ),
        (
            "start = 'a'\ntexts = 'x'",
            ask,
            (2, "`texts` must be a table: [texts]"),
        ),
        (
            "start = 'a'\n[texts]\nnexxt = 'x'",
            ask,
            (3, "did you mean `next`?"),
        ),
        (
            "start = 'a'\n[texts]\nzebra = 'x'",
            ask,
            (
                3,
                "known here: position, next, still_waiting, person_position,",
            ),
        ),
        (
            "start = 'a'\n[texts]\nleft = ' '",
            ask,
            (3, "`left` in [texts] is empty"),
        ),
        (
            "start = 'a'\n[texts]\nleft = '{{ position }}'",
            ask,
            (3, "nothing is saved as `position`"),
        ),
        (
            "start = 'a'\n[commands]\nleave = []",
            ask,
            (3, "at least one word"),
        ),
        (
            "start = 'a'\n[commands]\nleave = ['queue']",
            ask,
            (2, "`queue` is a word of both"),
        ),
        (
            "start = 'a'\n[timeouts]\nremind_after = 5",
            ask,
            (3, "write \"5s\" for seconds or \"5m\" for minutes"),
        ),
        (
            "start = 'a'\n[timeouts]\nremind_after = 'five minutes'",
            ask,
            (3, "is not a time"),
        ),
        (
            "start = 'a'\n[timeouts]\nremind_after = '15m'",
            ask,
            (
                3,
                "`close_after` (15m) must be longer than `remind_after` (15m)",
            ),
        ),
        (
            "start = 'a'\n[timeouts]\nremind_after = '0s'",
            ask,
            (3, "must be more than zero"),
        ),
        (
            "start = 'a'\n[timeouts]\nclose_after = '4000d'",
            ask,
            (3, "more than a year"),
        ),
        (
            "start = 'a'\n[limits]\nreplies = 5",
            ask,
            (3, "unknown key `replies` in [limits]"),
        ),
        (
            "start = 'a'\n[limits]\nreplies_per_hour = '5'",
            ask,
            (
                3,
                "`replies_per_hour` in [limits] must be a whole number like 3",
            ),
        ),
        (
            "start = 'a'\n[limits]\nmachine_answers = 2",
            ask,
            (3, "must be at least 3, or 0 for no limit"),
        ),
        (
            "start = 'a'\n[limits]\nleave_alone_for = '0s'",
            ask,
            (3, "to switch a limit off, set it to 0"),
        ),
        (
            "start = 'a'\n[limits]\nleave_alone_for = 60",
            ask,
            (3, "needs a unit"),
        ),
        (
            "start = 'a'\n[notices]\nfirst = '2s'",
            ask,
            (3, "unknown key `first` in [notices]"),
        ),
        (
            "start = 'a'\n[notices]\nper_minute = 0",
            ask,
            (3, "`per_minute` must be from 1 to 1000"),
        ),
        (
            "start = 'a'\n[notices]\nper_minute = 20.5",
            ask,
            (3, "whole number"),
        ),
        (
            "start = 'a'",
            "[step.a]\nend = 'x'",
            (2, "[step.a] does nothing"),
        ),
        (
            "start = 'a'",
            "[step.a]\nsay = 'x'\nask = 'x'\nend = 'x'",
            (2, "both `say` and `ask`"),
        ),
        (
            "start = 'a'",
            "[step.a]\nsay = 'x'",
            (2, "[step.a] leads nowhere"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nend = 'x'\nnext = 'a'",
            (4, "both `next` and `end`"),
        ),
        (
            "start = 'a'",
            "[step.a]\nsay = 'x'\nnext = 'zebra'",
            (4, "`next` in [step.a] leads to `zebra`"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\noptions = { 1 = 'zebra' }",
            (4, "option `1` in [step.a] leads to"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nexpect = 'cpf'\notherwise = 'zebra'\nend = 'x'",
            (5, "`otherwise`"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nend = 'x'\n[step.other]\nsay = 'x'\nend = 'x'",
            (5, "nothing leads to [step.other]"),
        ),
        (
            "start = 'a'",
            "[step.a]\nsay = 'x'\nnext = 'bee'\n[step.bee]\nsay = 'x'\nnext = 'a'",
            (2, "a -> bee -> a form an endless loop"),
        ),
        (
            "start = 'a'",
            "[step.a]\nsay = 'x'\nnext = 'a'",
            (2, "a -> a form an endless loop"),
        ),
        (
            "start = 'a'",
            "[step.a]\nsay = 'x'\nend = ''",
            (4, "`end` in [step.a] is empty"),
        ),
        (
            "start = 'a'",
            "[step.a]\nsay = []\nend = 'x'",
            (3, "`say` in [step.a] is empty"),
        ),
        (
            "start = 'a'",
            "[step.a]\nsay = ['x', ' ']\nend = 'x'",
            (3, "`say` in [step.a] is empty"),
        ),
        (
            "start = 'a'",
            "[step.a]\nsay = ['x', 1]\nend = 'x'",
            (
                3,
                "must be a text in quotes, a table like { image = \"menu.jpg\" }, or a list of them",
            ),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = ' '\nend = 'x'",
            (3, "`ask` in [step.a] is empty"),
        ),
        (
            "start = 'a'",
            "[step.a]\nsay = 'x'\nsave = 'y'\nend = 'x'",
            (
                4,
                "unknown key `save` in [step.a]; known here: say, next, end",
            ),
        ),
        (
            "start = 'a'",
            "[step.a]\nsay = '{{ name'\nend = 'x'",
            (3, "`say` in [step.a] is not a valid template"),
        ),
        (
            "start = 'a'",
            "[step.a]\nsay = '''\none\n{% if %}'''\nend = 'x'",
            (5, "is not a valid template"),
        ),
        (
            "start = 'a'",
            "[step.a]\nsay = 'one\\n{{ x y }}'\nend = 'x'",
            (3, "is not a valid template"),
        ),
        (
            "start = 'a'",
            "[step.a]\nsay = \"one\\n{{ x y }}\"\nend = 'x'",
            (3, "is not a valid template"),
        ),
        (
            "start = 'a'",
            "[step.a]\nsay = '{{ name | shout }}'\nend = 'x'",
            (3, "unknown filter"),
        ),
        (
            "start = 'a'",
            "[step.a]\nsay = '{{ nmae }}'\nend = 'x'",
            (3, "nothing is saved as `nmae`; did you mean `name`?"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\npattern = '('\nend = 'x'",
            (4, "is not a valid regular expression: unclosed group"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nexpect = 'numbr'\nend = 'x'",
            (4, "did you mean `number`?"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nexpect = 'zebra'\nend = 'x'",
            (4, "known: text, number"),
        ),
        (
            "start = 'a'\ntimezone = 'Sao Paulo'",
            "[step.a]\nask = '?'\nend = 'x'",
            (2, "did you mean \"America/Sao_Paulo\"?"),
        ),
        (
            "start = 'a'",
            "[step.a]\nhandoff = 'x'\nnotify = 'the dentist'",
            (
                4,
                "`notify` in [step.a] is `the dentist`, which is no chat; write a phone number with its country code",
            ),
        ),
        (
            "start = 'a'",
            "[step.a]\nhandoff = 'x'\nnote = '{{ plan }}'",
            (4, "nothing is saved as `plan`"),
        ),
        (
            "start = 'a'",
            "[[step.a]]\nask = '?'\nend = 'x'",
            (
                2,
                "`a` must be one table; write one bracket on each side: [step.a]",
            ),
        ),
        (
            "start = 'a'\ntimezone = 'Mars'",
            "[step.a]\nask = '?'\nend = 'x'",
            (2, "IANA name"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nexpect = 'cpf'\nmin = 3\nend = 'x'",
            (
                5,
                "`min` in [step.a] works only with expect = \"text\" or expect = \"number\" or expect = \"date\" or expect = \"time\"",
            ),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nexpect = 'date'\nmin = 'tomorrow'\nend = 'x'",
            (
                5,
                "`min` in [step.a] must be a day: \"today\", a time from today like \"+60d\" or \"-2 weeks\", or a date like \"2026-12-01\", not `tomorrow`",
            ),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nexpect = 'date'\nmin = 'today'\nmax = 3\nend = 'x'",
            (
                6,
                "`max` in [step.a] must be a text in quotes, not an integer",
            ),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nexpect = 'date'\nmin = '31/12/2026'\nend = 'x'",
            (5, "or a date like \"2026-12-01\", not `31/12/2026`"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nexpect = 'date'\nmin = '+2m'\nend = 'x'",
            (5, "must be a day"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nexpect = 'date'\nmin = '+2 weeks'\nmax = '+3d'\nend = 'x'",
            (5, "`min` in [step.a] is after `max`, so no answer fits"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nexpect = 'date'\nmin = '2026-12-31'\nmax = '2026-12-01'\nend = 'x'",
            (5, "`min` in [step.a] is after `max`"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nexpect = 'time'\nmin = '9h'\nend = 'x'",
            (
                5,
                "`min` in [step.a] must be a time of day like \"09:00\", not `9h`",
            ),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nexpect = 'time'\nmin = '24:00'\nend = 'x'",
            (5, "must be a time of day"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nexpect = 'time'\nmin = '18:00'\nmax = '09:00'\nend = 'x'",
            (5, "`min` in [step.a] is after `max`"),
        ),
        (
            "start = 'a'",
            "[step.a]\nsay = '{{ today | date(\"lnog\") }}'\nend = 'x'",
            (
                3,
                "`lnog` is no format of a date; write \"long\", \"short\", \"weekday\"",
            ),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nkinds = ['image']\nend = 'x'",
            (4, "works only with expect = \"media\""),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nexpect = 'number'\nmin = 3\nmax = 2.5\nend = 'x'",
            (5, "`min` (3) in [step.a] is more than `max` (2.5)"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nexpect = 'number'\nmin = '3'\nend = 'x'",
            (5, "a number like 3 or 2.5"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nexpect = 'number'\nmin = inf\nend = 'x'",
            (5, "a number like 3 or 2.5"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nexpect = 'text'\nmin = 2.5\nend = 'x'",
            (5, "a whole number like 3"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nexpect = 'text'\nmax = 5000\nend = 'x'",
            (5, "from 1 to 4096, not 5000"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nexpect = 'phone'\ncountry = 'Brazil'\nend = 'x'",
            (5, "write one of AO AR"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nexpect = 'media'\nkinds = ['imagem']\nend = 'x'",
            (5, "did you mean `image`?"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nexpect = 'media'\nkinds = []\nend = 'x'",
            (5, "`kinds` in [step.a] is empty"),
        ),
        (
            "start = 'a'",
            "[step.a]\nset = { x = '1 +' }\nend = 'x'",
            (3, "`x` in [step.a.set] is not a valid expression"),
        ),
        (
            "start = 'a'",
            "[step.a]\nset = { x = '1) %}(2' }\nend = 'x'",
            (3, "is not a valid expression"),
        ),
        (
            "start = 'a'",
            "[step.a]\nset = { x = 'premium' }\nend = 'x'",
            (3, "nothing is saved as `premium`"),
        ),
        (
            "start = 'a'",
            "[step.a]\nset = { x = '{{ nmae }}' }\nend = 'x'",
            (3, "did you mean `name`?"),
        ),
        (
            "start = 'a'",
            "[step.a]\nset = { x = \"name | shout\" }\nend = 'x'",
            (3, "unknown filter"),
        ),
        (
            "start = 'a'",
            "[step.a]\nset = { answer = '1' }\nend = 'x'",
            (3, "is set by the program"),
        ),
        (
            "start = 'a'",
            "[step.a]\nset = { 'a b' = '1' }\nend = 'x'",
            (3, "`set` in [step.a] must be a name of letters"),
        ),
        (
            "start = 'a'",
            "[step.a]\nset = { __result = '1' }\nend = 'x'",
            (3, "must be a name of letters"),
        ),
        (
            "start = 'a'",
            "[step.a]\nset = { x = 1 }\nend = 'x'",
            (
                3,
                "`x` in [step.a.set] must be a text in quotes, not an integer",
            ),
        ),
        (
            "start = 'a'",
            "[step.a]\nset = {}\nend = 'x'",
            (3, "`set` in [step.a] is empty"),
        ),
        (
            "start = 'a'",
            "[step.a]\nset = 'x'\nend = 'x'",
            (3, "`set` must be a table"),
        ),
        (
            "start = 'a'",
            "[step.a]\nset = { x = '1' }",
            (2, "[step.a] leads nowhere"),
        ),
        (
            "start = 'a'",
            "[step.a]\nset = { x = '1' }\nsay = 'x'\nend = 'x'",
            (2, "both `say` and `set`"),
        ),
        (
            "start = 'a'",
            "[step.a]\nwhen = [{ if = 'name', next = 'a' }]\notherwise = 'b'\n[step.b]\nask = 'x'\nend = 'x'",
            (2, "a -> a form an endless loop"),
        ),
        (
            "start = 'a'",
            "[step.a]\nwhen = [{ if = 'name', next = 'b' }]\n[step.b]\nask = 'x'\nend = 'x'",
            (2, "leads nowhere when no condition holds"),
        ),
        (
            "start = 'a'",
            "[step.a]\nwhen = [{ if = 'name', next = 'zebra' }]\notherwise = 'b'\n[step.b]\nask = 'x'\nend = 'x'",
            (3, "`next` in [step.a.when] leads to `zebra`"),
        ),
        (
            "start = 'a'",
            "[step.a]\nwhen = [{ if = 'name' }]\notherwise = 'b'\n[step.b]\nask = 'x'\nend = 'x'",
            (3, "[step.a.when] leads nowhere"),
        ),
        (
            "start = 'a'",
            "[step.a]\nwhen = [{ next = 'b' }]\notherwise = 'b'\n[step.b]\nask = 'x'\nend = 'x'",
            (3, "a condition in [step.a.when] is missing"),
        ),
        (
            "start = 'a'",
            "[step.a]\nwhen = [{ if = 'name ==', next = 'b' }]\notherwise = 'b'\n[step.b]\nask = 'x'\nend = 'x'",
            (3, "`if` in [step.a.when] is not a valid expression"),
        ),
        (
            "start = 'a'",
            "[step.a]\nwhen = [{ if = '', next = 'b' }]\notherwise = 'b'\n[step.b]\nask = 'x'\nend = 'x'",
            (3, "write an expression"),
        ),
        (
            "start = 'a'",
            "[step.a]\nwhen = [{ if = 'agee', next = 'b' }]\notherwise = 'b'\n[step.b]\nask = 'x'\nsave = 'age'\nend = 'x'",
            (3, "did you mean `age`?"),
        ),
        (
            "start = 'a'",
            "[step.a]\nhandoff = 'x'\nwithin = '2h'",
            (4, "`within` in [step.a] needs `otherwise`"),
        ),
        (
            "start = 'a'",
            "[step.a]\nhandoff = 'x'\notherwise = 'a'",
            (4, "`otherwise` in [step.a] needs `within`"),
        ),
        (
            "start = 'a'",
            "[step.a]\nhandoff = 'x'\nwithin = '0s'\notherwise = 'a'",
            (4, "`within` must be more than zero"),
        ),
        (
            "start = 'a'",
            "[step.a]\nhandoff = []",
            (3, "`handoff` in [step.a] is empty"),
        ),
        (
            "start = 'a'",
            "[step.a]\nhandoff = 'x'\nnext = 'a'",
            (4, "`next`"),
        ),
        (
            "start = 'a'",
            "[timeouts]\nphone_quiet = '0s'\n[step.a]\nhandoff = 'x'",
            (
                3,
                "a person answers from the phone and the bot must step aside",
            ),
        ),
        (
            "start = 'a'",
            "[timeouts]\nphone_quiet = '25h'\n[step.a]\nsay = 'x'\nend = 'x'",
            (3, "at most \"24h\""),
        ),
        (
            "start = 'a'",
            "[commands]\nphone_end = [' ']\n[step.a]\nsay = 'x'\nend = 'x'",
            (3, "a word of `phone_end` is empty"),
        ),
        (
            "start = 'a'",
            "[step.a]\nwhen = ['name']\notherwise = 'b'\n[step.b]\nask = 'x'\nend = 'x'",
            (3, "must be a list of tables"),
        ),
        (
            "start = 'a'",
            "[step.a]\nwhen = 'name'\notherwise = 'b'\n[step.b]\nask = 'x'\nend = 'x'",
            (3, "must be a list of tables"),
        ),
        (
            "start = 'a'",
            "[step.a]\nwhen = []\notherwise = 'b'\n[step.b]\nask = 'x'\nend = 'x'",
            (3, "`when` in [step.a] is empty"),
        ),
        (
            "start = 'a'",
            "[step.a]\nwhen = [{ if = 'name', next = 'b' }]\notherwise = 'b'\nnext = 'b'\n[step.b]\nask = 'x'\nend = 'x'",
            (5, "unknown key `next` in [step.a]"),
        ),
        (
            "start = 'a'",
            "[step.a]\nwait = 10\nend = 'x'",
            (3, "write \"10s\" for seconds"),
        ),
        (
            "start = 'a'",
            "[step.a]\nwait = '0s'\nend = 'x'",
            (3, "`wait` in [step.a] must be more than zero"),
        ),
        (
            "start = 'a'",
            "[step.a]\nwait = '2h'\nend = 'x'",
            (3, "at most an hour"),
        ),
        (
            "start = 'a'",
            "[step.a]\nwait = '2s'",
            (2, "[step.a] leads nowhere"),
        ),
        (
            "start = 'a'",
            "[step.a]\nwait = '2s'\nsay = 'x'\nend = 'x'",
            (2, "both `say` and `wait`"),
        ),
        (
            "start = 'a'",
            "[step.a]\nwait = '2s'\nsave = 'x'\nend = 'x'",
            (4, "known here: wait, next, end"),
        ),
        (
            "start = 'a'",
            "[step.a]\nwait = '2s'\nnext = 'b'\n[step.b]\nsay = 'x'\nnext = 'a'",
            (2, "a -> b -> a form an endless loop"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nexpect = 'cpf'\npattern = 'x'\nend = 'x'",
            (5, "both `expect` and `pattern`"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nexpect = 'cpf'\nattempts = 0\nend = 'x'",
            (5, "at least 1"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nexpect = 'cpf'\nattempts = '3'\nend = 'x'",
            (5, "a whole number like 3"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nattempts = 3\nend = 'x'",
            (4, "`attempts` in [step.a] is never used"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nsave = 'opening'\nend = 'x'",
            (4, "is set by the program"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nsave = '1st'\nend = 'x'",
            (4, "must be a name of letters"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\nsave = 'birth date'\nend = 'x'",
            (4, "must be a name of letters"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\noptions = {}",
            (4, "`options` in [step.a] is empty"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\noptions = { quit = 'a' }",
            (4, "can never be chosen"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\noptions = { 1 = 3 }",
            (
                4,
                "`1` in [step.a.options] must be a step in quotes, or a table like { next = \"a_step\", label = \"Words to save\" }, not an integer",
            ),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\noptions = { 1 = { label = 'One' } }",
            (4, "option `1` in [step.a] leads nowhere"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\noptions = { 1 = { next = 'a', end = 'x' } }",
            (4, "option `1` in [step.a] has both `next` and `end`"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\noptions = { 1 = { next = 'a', label = ' ' } }",
            (4, "`label` of option `1` in [step.a] is empty"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\noptions = { 1 = { next = 'zebra', label = 'x' } }",
            (4, "`next` in option `1` in [step.a] leads to `zebra`"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\noptions = { 1 = { next = 'a', lable = 'x' } }",
            (4, "did you mean `label`?"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\noptions = { '' = 'a' }",
            (4, "an option in [step.a] is empty"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\noptions = { 1 = 'a' }\nend = 'x'",
            (5, "`end` in [step.a] is never used"),
        ),
        (
            "start = 'a'",
            "[step.a]\nask = 'x'\noptions = { 1 = 'a', '1)' = 'bee' }\n[step.bee]\nsay = 'x'\nend = 'x'",
            (4, "the same word to a customer"),
        ),
        (
            "start = 'a'",
            "[step.a]\nend = 'x'\nsay = [{ caption = 'x' }]",
            (4, "sends nothing; write { image ="),
        ),
        (
            "start = 'a'",
            "[step.a]\nend = 'x'\nsay = { image = 'a.jpg', file = 'a.pdf' }",
            (4, "has both `image` and `file`; keep one"),
        ),
        (
            "start = 'a'",
            "[step.a]\nend = 'x'\nsay = ['x',\n{ voice = 'a.ogg', caption = 'x' }]",
            (5, "a voice message has no caption; remove `caption`"),
        ),
        (
            "start = 'a'",
            "[step.a]\nend = 'x'\nsay = { image = 'https://{{ name }}/a.jpg' }",
            (4, "has {{ }} in its host"),
        ),
        (
            "start = 'a'",
            "[step.a]\nend = 'x'\nsay = { image = 'https://x.example{{ name }}/a.jpg' }",
            (4, "has {{ }} in its host"),
        ),
        (
            "start = 'a'",
            "[step.a]\nend = 'x'\nsay = { image = 'https://x.example?{{ name }}' }",
            (4, "has {{ }} in its host"),
        ),
        (
            "start = 'a'",
            "[step.a]\nend = 'x'\nsay = { image = 'https://' }",
            (4, "has no valid host"),
        ),
        (
            "start = 'a'",
            "[step.a]\nend = 'x'\nsay = { image = 'https://you:secret@x.example/a.jpg' }",
            (4, "has no valid host"),
        ),
        (
            "start = 'a'",
            "[step.a]\nend = 'x'\nsay = { image = 'ftp://x.example/a.jpg' }",
            (4, "is not an address that WAHA can fetch"),
        ),
        (
            "start = 'a'",
            "[step.a]\nend = 'x'\nsay = { image = 'file:///etc/passwd' }",
            (4, "is not an address that WAHA can fetch"),
        ),
        (
            "start = 'a'",
            "[step.a]\nend = 'x'\nsay = { image = 'https://x.example/a b.jpg' }",
            (4, "has a space in it"),
        ),
        (
            "start = 'a'",
            "[step.a]\nend = 'x'\nsay = { file = '{{ name }}.pdf' }",
            (4, "is the path of a file, which can't have {{ }} in it"),
        ),
        (
            "start = 'a'",
            "[step.a]\nend = 'x'\nsay = { image = 'menu.pdf' }",
            (4, "can't be this file"),
        ),
        (
            "start = 'a'",
            "[step.a]\nend = 'x'\nsay = { image = 'menu.pdf' }",
            (4, "write file = \"menu.pdf\""),
        ),
        (
            "start = 'a'",
            "[step.a]\nend = 'x'\nsay = { image = '' }",
            (4, "`image` in [step.a.say] is empty"),
        ),
        (
            "start = 'a'",
            "[step.a]\nend = 'x'\nsay = { image = 'https://x.example/{{ nmae }}.jpg' }",
            (4, "did you mean `name`"),
        ),
        (
            "start = 'a'",
            "[step.a]\nend = 'x'\nsay = { image = 'https://x.example/a.jpg', caption = '{{ nmae }}' }",
            (4, "did you mean `name`"),
        ),
        (
            "start = 'a'",
            "[step.a]\nend = 'x'\nsay = { image = 'https://x.example/a.jpg', captoin = 'x' }",
            (4, "did you mean `caption`"),
        ),
        (
            "start = ''",
            "[step.'']\nask = 'x'\nend = 'x'",
            (2, "a step needs a name"),
        ),
        ("start = 'a'\nstep = 1", "", (2, "`step` must be a table")),
        ("start = 'a'\n[step]", "", (2, "there are no steps")),
    ] {
        check_mistakes(&format!("{head}\n{steps}"), &[expected]);
    }
}

#[test]
fn all_mistakes_are_reported_at_once_in_the_order_of_their_lines() {
    // The step that the author meant counts as reached: one slip is one mistake.
    check_mistakes(
        "start = 'helo'\n[step.hello]\nsay = 'x'\nnext = 'mneu'\n[step.menu]\nask = '?'\nend = 'x'",
        &[(1, "did you mean `hello`?"), (4, "did you mean `menu`?")],
    );
    check_mistakes(
        "strat = 'hello'\nlocale = 'fr'\n[timeout]\nx = 1\n[step.hello]\nsay = '{{ x'\nnext = 'mneu'\n[step.menu]\nask = 1\nnext = 'helo'\n",
        &[
            (1, "`start` is missing"),
            (1, "unknown key `strat`"),
            (2, "unknown locale `fr`"),
            (3, "did you mean `timeouts`?"),
            (6, "is not a valid template"),
            (7, "did you mean `menu`?"),
            (
                9,
                "`ask` in [step.menu] must be a text in quotes, not an integer",
            ),
            (10, "did you mean `hello`?"),
        ],
    );
    check_mistakes("", &[(1, "`start` is missing"), (1, "there are no steps")]);
    check_mistakes(
        "start = a
[step.a]
say = = 'x'
",
        &[
            (1, "write \"a\""),
            (3, "after a key comes =, not = =; write say = 'x'"),
        ],
    );
    check_mistakes(
        "start = 'a'\n[step.a]\nsay = 'x'\nsay = 'y'\nend = 'x'",
        &[(4, "`say` is here a second time (first on line 3)")],
    );
}
