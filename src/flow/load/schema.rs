//! The form of flow files as a JSON Schema, so that editors complete and check a flow while its author types.
//!
//! It checks only the form. Whether a step leads to a step that exists is for [`Script::load`](crate::flow::Script::load) to
//! check. A test compares its keys with those that the loader knows.

mod hours;
mod one_or_more;

use serde_json::{Map, Value, json};

use crate::flow::answer::kind::{AnswerKind, MEDIA_KINDS};
use crate::flow::load::handoff::PRIORITIES;
use crate::flow::load::schema::hours::{hours, team_hours};
use crate::flow::load::schema::one_or_more::one_or_more;
use crate::flow::script::built_in_texts::TextKey;
use crate::flow::script::reply::MediaKind;
use crate::flow::words::locale::Locale;

/// A key, its form and what it is for.
type SchemaKey = (&'static str, Form, &'static str);

/// The form of a value.
#[derive(Clone, Copy)]
enum Form {
    Text,
    /// A text that is not empty.
    Words,
    Texts,
    /// A text or a table of media, or a list of them.
    Messages,
    Count,
    /// A whole number; 0 means no limit.
    Limit,
    /// A number, a day or a time of day.
    Bound,
    Time,
    Locale,
    Kind,
    Variable,
    /// A country of two letters.
    Country,
    /// Some kinds of media.
    Media,
    /// A table from answers to steps, or to tables with a label.
    Options,
    /// A table from variables to what they are set to.
    Values,
    /// The paths of a `when`.
    Cases,
    /// An address of http or https.
    Address,
    /// Names of variables.
    Variables,
    /// How urgent a handoff is.
    Priority,
    /// A table from words to steps.
    GoWords,
}

/// The name of a variable.
const VARIABLE: &str = "^[A-Za-z_][A-Za-z0-9_]*$";

/// The name of a team.
const TEAM_NAME: &str = "^[A-Za-z0-9_-]{1,32}$";

/// As in [`time_span`](crate::time_span): "90s", "1h30m", "15 minutes". The loader also accepts rarer forms, like "PT5M".
const TIME: &str = "^([0-9]{1,11}([.][0-9]{1,3})? *(ms|msecs?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?)[ ,]*)+$";

/// As `answer::calendar::limits` reads it: "today", "+60d", "2026-12-01", "09:00".
const BOUND: &str = "^ *(today|[+-] *[0-9]{1,4} *(d|days?|w|weeks?|months?|y|years?)|[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}:[0-9]{2}) *$";

const FILE: &[SchemaKey] = &[
    ("name", Form::Text, "The flow's own name."),
    ("locale", Form::Locale, "Language of the built-in texts."),
    (
        "timezone",
        Form::Words,
        "The time zone of the customers, like \"America/Sao_Paulo\". Default: UTC.",
    ),
    ("start", Form::Words, "The first step."),
];

const COMMANDS: &[SchemaKey] = &[
    (
        "leave",
        Form::Texts,
        "Words to leave with, in the line and at every step.",
    ),
    (
        "position",
        Form::Texts,
        "Words that ask for the place in line.",
    ),
    (
        "phone_end",
        Form::Texts,
        "Words that you write in a chat, from your own phone, to hand it back to the bot. Default: #fim.",
    ),
    (
        "go",
        Form::GoWords,
        "Words that lead to a step from every question, like menu = \"menu\". The step \"back\" is the question before.",
    ),
];

const TIMEOUTS: &[SchemaKey] = &[
    (
        "burst",
        Form::Time,
        "Several messages in a row are one answer, once the customer has been quiet for this time. With \"0s\" each message is an answer. Default: 1500ms.",
    ),
    (
        "remind_after",
        Form::Time,
        "The customer gets a reminder if they don't answer a question for this time. Default: 5m.",
    ),
    (
        "close_after",
        Form::Time,
        "The conversation closes if the customer doesn't answer a question for this time. Default: 15m.",
    ),
    (
        "resume_within",
        Form::Time,
        "A customer who writes again within this time after such a close continues at the same step. Default: 24h.",
    ),
    (
        "phone_quiet",
        Form::Time,
        "After you answered in a chat from your own phone, the bot answers there again once nobody has written for this time. \
         With \"0s\" it never steps aside. Default: 30m.",
    ),
    (
        "agent_quiet",
        Form::Time,
        "A customer whom an agent leaves unanswered for this time returns to the line. If nobody waits for an answer, the \
         conversation closes. Default: 30m.",
    ),
    (
        "agent_gone",
        Form::Time,
        "A customer who waits for the answer of an agent who has been away for this time returns to the line. Default: 5m.",
    ),
];

const NOTICES: &[SchemaKey] = &[
    (
        "first_after",
        Form::Time,
        "A customer who is served within this time gets no notice. Default: 2s.",
    ),
    (
        "at_most_every",
        Form::Time,
        "The shortest time between two notices. Default: 1m.",
    ),
    (
        "reassure_after",
        Form::Time,
        "After this time without a notice: \"we haven't forgotten you\". Default: 10m.",
    ),
    (
        "per_minute",
        Form::Count,
        "How many notices a session sends within a minute at most, to all customers together. Default: 20.",
    ),
];

const LIMITS: &[SchemaKey] = &[
    (
        "conversations_per_hour",
        Form::Limit,
        "The conversations that a chat may open in an hour. With 0 there is no limit. Default: 30.",
    ),
    (
        "replies_per_hour",
        Form::Limit,
        "The replies that a chat gets in an hour; messages that are sent at once count as one. With 0 there is no limit. \
         Default: 100.",
    ),
    (
        "machine_answers",
        Form::Limit,
        "The answers in a row that may look as if a machine wrote them. With 0 there is no limit. Default: 6.",
    ),
    (
        "leave_alone_for",
        Form::Time,
        "How long the bot leaves a chat alone that reached a limit. Default: 1h.",
    ),
];

/// The keys of a team, besides its hours.
const TEAM: &[SchemaKey] = &[(
    "notify",
    Form::Words,
    "The chat that gets the notices about this team's customers, in place of NOTIFY_CHAT.",
)];

const NEXT: SchemaKey = ("next", Form::Words, "The step that follows.");
const END: SchemaKey = (
    "end",
    Form::Words,
    "Closes the conversation with this outcome.",
);

/// The keys of one path of a `when`.
const CASE: &[SchemaKey] = &[
    (
        "if",
        Form::Words,
        "An expression, like \"age >= 18\". The flow takes the first path whose expression holds.",
    ),
    NEXT,
    END,
];

/// The keys of an option that is a table.
const OPTION: &[SchemaKey] = &[
    NEXT,
    END,
    (
        "label",
        Form::Words,
        "What is saved if the customer chooses it, like \"Unimed\". It is also an answer that chooses it.",
    ),
];

/// The keys of a message with media.
const MEDIA: &[SchemaKey] = &[
    (
        "image",
        Form::Words,
        "A picture: an address (https://...), or a path from the flow file.",
    ),
    (
        "file",
        Form::Words,
        "A document: an address, or a path from the flow file.",
    ),
    (
        "voice",
        Form::Words,
        "A voice message: an address, or a path from the flow file.",
    ),
    (
        "video",
        Form::Words,
        "A video: an address, or a path from the flow file.",
    ),
    (
        "caption",
        Form::Words,
        "The text under it; a voice message has none.",
    ),
    (
        "filename",
        Form::Words,
        "The name of the file when the customer saves it.",
    ),
];

/// The kinds of steps: the key that makes one, and all its keys.
const STEPS: &[(&str, &[SchemaKey])] = &[
    (
        "say",
        &[
            (
                "say",
                Form::Messages,
                "A text, a table like { image = \"https://shop.example/menu.jpg\" }, or a list of them: one message each.",
            ),
            NEXT,
            END,
        ],
    ),
    (
        "ask",
        &[
            (
                "ask",
                Form::Text,
                "The question. \"\" asks nothing and takes what the customer already wrote.",
            ),
            (
                "options",
                Form::Options,
                "Answers, and the step that each leads to.",
            ),
            ("expect", Form::Kind, "The kind of answer."),
            (
                "min",
                Form::Bound,
                "The smallest number, the shortest text in characters, the first day (\"today\", \"+1d\", \"2026-12-01\") or the earliest time (\"09:00\").",
            ),
            (
                "max",
                Form::Bound,
                "The largest number, the longest text in characters, the last day (\"+60d\", \"2026-12-31\") or the latest time (\"18:00\").",
            ),
            (
                "country",
                Form::Country,
                "The country of phone numbers without a country code, like \"BR\".",
            ),
            (
                "kinds",
                Form::Media,
                "The kinds of media that are accepted. Default: all.",
            ),
            (
                "pattern",
                Form::Words,
                "A regular expression that the whole answer must match.",
            ),
            ("save", Form::Variable, "Saves the answer under this name."),
            (
                "remember",
                Form::Variables,
                "The variables that are kept for the customer's later conversations, as {{ known.plan }}.",
            ),
            (
                "invalid",
                Form::Words,
                "What to say after an answer that is not valid.",
            ),
            (
                "attempts",
                Form::Count,
                "The number of invalid answers after which the flow gives up. Default: 3.",
            ),
            (
                "otherwise",
                Form::Words,
                "The step after the last invalid answer.",
            ),
            NEXT,
            END,
        ],
    ),
    (
        "set",
        &[
            (
                "set",
                Form::Values,
                "Variables and their new values: expressions, or texts with {{ }}.",
            ),
            (
                "remember",
                Form::Variables,
                "The variables that are kept for the customer's later conversations, as {{ known.plan }}.",
            ),
            NEXT,
            END,
        ],
    ),
    (
        "when",
        &[
            (
                "when",
                Form::Cases,
                "Paths with a condition. The flow takes the first one that holds.",
            ),
            ("otherwise", Form::Words, "The step if no condition holds."),
        ],
    ),
    (
        "handoff",
        &[
            (
                "handoff",
                Form::Texts,
                "What to say to a customer who now waits for a person: a text, or a list of texts.",
            ),
            (
                "team",
                Form::Words,
                "The team whose line the customer joins: the name of a table like [team.sales]. Default: the line of all.",
            ),
            (
                "priority",
                Form::Priority,
                "An urgent customer stands before all in this line who are not. Default: normal.",
            ),
            (
                "note",
                Form::Words,
                "What the person should know: a text with {{ }}. Default: what the flow has saved.",
            ),
            (
                "notify",
                Form::Words,
                "The chat that gets the notice of this step, in place of the team's chat and NOTIFY_CHAT: a number with its country code, a group (...@g.us), or shop/5511999990000.",
            ),
            (
                "within",
                Form::Time,
                "How long to wait for a person, like \"2h\". Default: for as long as it takes.",
            ),
            (
                "otherwise",
                Form::Words,
                "The step if nobody comes within that time.",
            ),
        ],
    ),
    (
        "rating",
        &[
            (
                "rating",
                Form::Words,
                "Asks for a rating from 1 to 5, and closes the conversation.",
            ),
            (
                "thanks",
                Form::Words,
                "What to say to a customer who rated: a text, with {{ rating }} if you like. Default: a built-in text.",
            ),
            (
                "end",
                Form::Words,
                "The outcome with which the conversation closes. Default: done.",
            ),
        ],
    ),
    (
        "wait",
        &[
            (
                "wait",
                Form::Time,
                "A pause, like \"10s\"; an hour at most.",
            ),
            NEXT,
            END,
        ],
    ),
    (
        "call",
        &[
            (
                "call",
                Form::Address,
                "The address of the shop's own system, like \"http://localhost:9000/price\".",
            ),
            (
                "timeout",
                Form::Time,
                "How long one try may take, a minute at most. Default: 10s.",
            ),
            (
                "attempts",
                Form::Count,
                "The number of tries in all, 10 at most. Default: 3.",
            ),
            (
                "may",
                Form::Texts,
                "The steps that the answer may choose besides `next`. Default: any.",
            ),
            (
                "save",
                Form::Variables,
                "The variables that the answer may set. Default: any.",
            ),
            (
                "remember",
                Form::Variables,
                "The variables that are kept for the customer's later conversations, as {{ known.plan }}.",
            ),
            (
                "otherwise",
                Form::Words,
                "The step after a call that failed.",
            ),
            NEXT,
            END,
        ],
    ),
];

/// The schema of flow files, JSON Schema draft 7.
pub fn schema() -> Value {
    let steps: Vec<Value> = STEPS
        .iter()
        .map(|(kind, keys)| {
            let mut step = table(keys);
            step["title"] = json!(kind);
            step["required"] = json!([kind]);
            demand(kind, &mut step);
            step
        })
        .collect();
    let texts = TextKey::ALL
        .into_iter()
        .map(|key| (key.name().to_owned(), Form::Words.schema()));
    let mut file = table(FILE);
    file["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    file["title"] = json!("A flow of waha-sm");
    file["required"] = json!(["start", "step"]);
    file["properties"]["texts"] = json!({
        "type": "object",
        "description": "Built-in texts, replaced.",
        "additionalProperties": false,
        "properties": texts.collect::<Map<_, _>>(),
    });
    for (name, keys, what) in [
        (
            "commands",
            COMMANDS,
            "Words that work at every step and in the line.",
        ),
        (
            "timeouts",
            TIMEOUTS,
            "Timeouts, most of them for customers who don't write.",
        ),
        ("notices", NOTICES, "When waiting customers get a notice."),
        (
            "limits",
            LIMITS,
            "When the bot leaves a chat alone, because another bot seems to write there.",
        ),
    ] {
        file["properties"][name] = table(keys);
        file["properties"][name]["description"] = json!(what);
    }
    file["properties"]["hours"] = hours();
    let mut team = table(TEAM);
    team["properties"]["hours"] = team_hours();
    file["properties"]["team"] = json!({
        "type": "object",
        "description": "Teams: people with a line of their own, whom a `handoff` names.",
        "propertyNames": { "pattern": TEAM_NAME },
        "additionalProperties": team,
    });
    file["properties"]["step"] = json!({
        "type": "object",
        "description": "The steps.",
        "minProperties": 1,
        "additionalProperties": { "oneOf": steps },
    });
    file
}

/// Further rules for one kind of step.
fn demand(kind: &str, step: &mut Value) {
    match kind {
        "ask" => step["not"] = json!({ "required": ["next", "end"] }),
        "handoff" => {
            step["dependencies"] = json!({ "within": ["otherwise"], "otherwise": ["within"] });
        }
        "when" => step["required"] = json!([kind, "otherwise"]),
        "rating" => {}
        _ => step["oneOf"] = json!([{ "required": ["next"] }, { "required": ["end"] }]),
    }
    if kind == "call" {
        step["required"] = json!([kind, "otherwise"]);
        step["properties"]["attempts"]["maximum"] = json!(10);
    }
}

fn table(keys: &[SchemaKey]) -> Value {
    let properties = keys.iter().map(|(name, form, what)| {
        let mut schema = form.schema();
        schema["description"] = json!(what);
        ((*name).to_owned(), schema)
    });
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties.collect::<Map<_, _>>(),
    })
}

impl Form {
    fn schema(self) -> Value {
        match self {
            Form::Text => json!({ "type": "string" }),
            Form::Words => json!({ "type": "string", "minLength": 1 }),
            Form::Texts => one_or_more(&json!({ "type": "string", "minLength": 1 })),
            Form::Messages => {
                let mut media = table(MEDIA);
                let kinds = MediaKind::ALL.map(|kind| json!({ "required": [kind.name()] }));
                media["oneOf"] = json!(kinds);
                one_or_more(&json!({ "anyOf": [Form::Words.schema(), media] }))
            }
            Form::Bound => json!({
                "anyOf": [{ "type": "number" }, { "type": "string", "pattern": BOUND }],
            }),
            Form::Count => json!({ "type": "integer", "minimum": 1 }),
            Form::Limit => json!({ "type": "integer", "minimum": 0 }),
            Form::Time => json!({ "type": "string", "pattern": TIME }),
            Form::Locale => json!({ "enum": Locale::ALL.map(Locale::as_str) }),
            Form::Kind => json!({ "enum": AnswerKind::NAMES }),
            Form::Variable => json!({ "type": "string", "pattern": VARIABLE }),
            Form::Address => json!({ "type": "string", "pattern": "^https?://" }),
            Form::Variables => one_or_more(&json!({ "type": "string", "pattern": VARIABLE })),
            Form::GoWords => json!({
                "type": "object",
                "additionalProperties": Form::Words.schema(),
            }),
            Form::Priority => json!({ "enum": PRIORITIES }),
            Form::Country => json!({ "type": "string", "pattern": "^[A-Za-z]{2}$" }),
            Form::Media => one_or_more(&json!({ "enum": MEDIA_KINDS.map(|(name, _)| name) })),
            Form::Options => {
                let mut option = table(OPTION);
                option["oneOf"] = json!([{ "required": ["next"] }, { "required": ["end"] }]);
                json!({
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": { "anyOf": [Form::Words.schema(), option] },
                })
            }
            Form::Values => json!({
                "type": "object",
                "minProperties": 1,
                "propertyNames": { "pattern": VARIABLE },
                "additionalProperties": { "type": "string", "minLength": 1 },
            }),
            Form::Cases => {
                let mut case = table(CASE);
                case["required"] = json!(["if"]);
                json!({ "type": "array", "minItems": 1, "items": case })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::flow::Script;
    use crate::time_span;

    /// The keys that the loader lists when it meets one that it does not know.
    fn known(source: &str) -> BTreeSet<String> {
        let mistakes = Script::load(source, Locale::En).unwrap_err();
        let message = mistakes
            .iter()
            .find_map(|one| {
                one.message
                    .split_once("`zebra`")?
                    .1
                    .split_once("known here: ")
            })
            .unwrap_or_else(|| panic!("{source}: {mistakes:?}"));
        message.1.split(", ").map(str::to_owned).collect()
    }

    fn keys(of: &Value) -> BTreeSet<String> {
        of["properties"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    }

    #[test]
    fn the_schema_has_every_key_that_the_loader_knows_and_no_other() {
        let schema = schema();
        assert_eq!(keys(&schema), known("zebra = 1"));
        for section in ["texts", "commands", "timeouts", "notices", "limits"] {
            assert_eq!(
                keys(&schema["properties"][section]),
                known(&format!("[{section}]\nzebra = 1")),
                "{section}"
            );
        }
        let kinds = schema["properties"]["step"]["additionalProperties"]["oneOf"].as_array();
        for kind in kinds.unwrap() {
            let name = kind["title"].as_str().unwrap();
            let step = format!("[step.a]\n{name} = 'x'\nzebra = 1");
            assert_eq!(keys(kind), known(&step), "{name}");
        }
        assert_eq!(
            MEDIA
                .iter()
                .map(|(key, ..)| (*key).to_owned())
                .collect::<BTreeSet<_>>(),
            known("[step.a]\nsay = { zebra = 1 }")
        );
        assert_eq!(
            keys(&schema["properties"]["team"]["additionalProperties"]),
            known("[team.a]\nzebra = 1")
        );
        let case = Form::Cases.schema();
        assert_eq!(
            keys(&case["items"]),
            known("[step.a]\nwhen = [{ zebra = 1 }]")
        );
    }

    #[test]
    fn the_schema_has_every_kind_of_step_that_the_loader_knows() {
        // Its message for a step without a kind names all kinds.
        let mistakes = Script::load("start = 'a'\n[step.a]\nend = 'x'", Locale::En).unwrap_err();
        let named = mistakes[0].message.split_once("does nothing").unwrap().1;
        let named: BTreeSet<&str> = named.split('`').skip(1).step_by(2).collect();
        let kinds: BTreeSet<&str> = STEPS.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, named);
    }

    fn validator() -> jsonschema::Validator {
        jsonschema::draft7::new(&schema()).unwrap()
    }

    #[test]
    fn the_schema_is_valid_in_draft_7() {
        assert!(jsonschema::draft7::meta::is_valid(&schema()));
    }

    proptest! {
        #[test]
        fn every_time_that_the_schema_accepts_can_be_read(text in TIME.trim_matches(['^', '$'])) {
            prop_assert!(time_span::parse(&text).is_some(), "{}", text);
        }
    }

    #[test]
    fn flows_that_load_fit_the_schema_and_slips_do_not() {
        let validator = validator();
        let fits = |source: &str| validator.is_valid(&toml::from_str::<Value>(source).unwrap());
        let clinic = include_str!("../../../examples/flows/clinic.toml");
        let visit = include_str!("../../../examples/flows/visit.toml");
        let tickets = include_str!("../../../examples/flows/tickets.toml");
        let menu = include_str!("../../../examples/flows/menu.toml");
        let bot = include_str!("../../../examples/flows/bot.toml");
        let bakery = include_str!("../../../examples/flows/bakery.toml");
        let reception = include_str!("../../../examples/flows/reception.toml");
        let delivery = include_str!("../../../examples/flows/delivery.toml");
        let internet = include_str!("../../../examples/flows/internet.toml");
        for good in [
            internet,
            delivery,
            clinic,
            bakery,
            reception,
            include_str!("../../../examples/flows/shop.toml"),
            include_str!("../../../examples/flows/echo.toml"),
            visit,
            tickets,
            menu,
            bot,
            include_str!("built_in_flows/en.toml"),
            include_str!("built_in_flows/pt-br.toml"),
            include_str!("built_in_flows/es.toml"),
        ] {
            assert!(fits(good), "{good}");
        }
        for days in [
            "Seg-Sex",
            "lun-vie",
            r#""terça - SEX""#,
            "MON",
            "Wednesday-fri",
        ] {
            let bakery = bakery.replacen("seg-sex", days, 1);
            assert!(Script::load(&bakery, Locale::En).is_ok(), "{days}");
            assert!(fits(&bakery), "{days}");
        }
        for (flow, right, wrong) in [
            (visit, "max       = 500", "max       = \"500\""),
            (visit, "max       = \"+60d\"", "max       = \"60 days\""),
            (visit, "max       = \"18:00\"", "max       = \"18h\""),
            (visit, "min       = \"today\"", "min       = \"tomorrow\""),
            (visit, "country   = \"BR\"", "country   = 55"),
            (visit, "\"video\"]", "\"film\"]"),
            (tickets, "total =", "\"the total\" ="),
            (tickets, "\"quantity * 12\"", "12"),
            (
                tickets,
                "{ if = \"quantity == 1\"",
                "{ fi = \"quantity == 1\"",
            ),
            (tickets, "{ if = \"quantity == 1\", ", "{ "),
            (menu, "{ image =", "{ imagem ="),
            (menu, "{ image =", "{ voice = \"a.ogg\", image ="),
            (menu, "caption = \"O", "filename = 1, caption = \"O"),
            (tickets, "\"3s\"", "3"),
            (bot, "\"http://", "\"ftp://"),
            (bot, "\"10s\"", "10"),
            (bot, "otherwise =", "othewise ="),
            (bot, "may       = []", "may       = [1]"),
            (tickets, "wait = ", "wiat = "),
            (bot, "otherwise =", "# otherwise ="),
            (bot, "timeout   = ", "attempts = 11\ntimeout   = "),
            (bot, "next      =", "end = 'x'\nnext      ="),
            (bakery, "seg-sex =", "seg-sexx ="),
            (bakery, "seg-sex =", "\"segunda a sexta\" ="),
            (bakery, "\"13:00-19:00\"", "\"13-19\""),
            (bakery, "closed  =", "# closed  ="),
            (bakery, "\"12-25\"", "\"Christmas\""),
            (bakery, "\"2s\"", "2"),
            (bakery, "burst =", "brust ="),
            (reception, "otherwise = \"nobody\"", ""),
            (reception, "within ", "# within "),
            (delivery, "label = \"envelope\"", "lable = \"envelope\""),
            (delivery, "{ next = \"done\", label", "{ label"),
            (delivery, "3 = \"person\"", "3 = 4"),
            (internet, "[team.sales]", "[team.\"sales \"]"),
            (internet, "[team.sales.hours]", "[team.sales.hour]"),
            (internet, "seg-sex =", "closed = \"menu\"\nseg-sex ="),
            (internet, "\"urgent\"", "\"high\""),
            (internet, "team     = \"support\"", "team = 1"),
            (internet, "voltar =", "'voltar' = \"\"\n#"),
            (internet, "[\"name\", \"plan\"]", "[\"my name\"]"),
            (internet, "thanks =", "thank ="),
            (internet, "end    = \"changed\"", "next = \"menu\""),
        ] {
            assert!(flow.contains(right), "{right}");
            let slip = flow.replacen(right, wrong, 1);
            assert!(!fits(&slip), "{wrong}");
            assert!(Script::load(&slip, Locale::En).is_err(), "{wrong}");
        }
        for (right, wrong) in [
            ("start ", "strat "),
            ("\"pt-BR\"", "\"fr\""),
            ("position =", "positoin ="),
            ("\"15m\"", "15"),
            ("\"15m\"", "\"a while\""),
            ("\"15m\"", "\"15 minuts\""),
            ("[timeouts]", "[timeout]"),
            ("ask  ", "aks  "),
            ("ask  ", "say = 'x'\nask  "),
            ("\"cpf\"     ", "\"cfp\"     "),
            ("attempts  = 3", "attempts  = 0"),
            ("save      = \"cpf\"", "save      = \"o cpf\""),
            ("end = \"booked\"", "end = 1"),
        ] {
            assert!(clinic.contains(right), "{right}");
            let slip = clinic.replacen(right, wrong, 1);
            assert!(!fits(&slip), "{wrong}");
            assert!(Script::load(&slip, Locale::En).is_err(), "{wrong}");
        }
    }
}
