//! Reads the words of a message from the engine's own object: what the customer wrote or chose, and what an order, a payment or an
//! invitation is about.

use super::lenient::Raw;

/// A path of keys to a text.
type Path = &'static [&'static str];

/// Where the words of a kind of content are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Words {
    /// There are none.
    None,
    /// The object itself is the text.
    Itself,
    /// The first text at one of these places.
    At(&'static [Path]),
    /// All texts at these places, one per line.
    Together(&'static [Path]),
    /// The button that was pressed: its text, or else its id.
    Button,
    /// The row of a list that was chosen: its title, or else its id.
    ListRow,
    /// The title and the text of an interactive message.
    InteractiveMenu,
    /// Whose Pix key it is, and the key.
    Pix,
    /// The answer to an interactive message: its text, or else what its parameters say.
    Interactive,
    /// A shop's ready-made text.
    Template,
    /// How many items, of whom, for how much, and the customer's note.
    Order,
    /// What is for sale, and for how much.
    Product,
    /// What happened to a payment, how much, and the note.
    Payment(&'static str),
    /// To which group, channel or event, and the words beside it.
    Invitation,
    /// The name of an event, and its description.
    Event,
}

impl Words {
    pub(super) const CAPTION: Self = Self::At(&[&["caption"]]);

    /// Whether they are written by us from the content's fields, and better than WAHA's `body`.
    pub(super) fn are_a_description(self) -> bool {
        matches!(
            self,
            Self::Order | Self::Product | Self::Payment(_) | Self::Invitation | Self::Event
        )
    }

    /// The words of the content that `object` describes; empty if there are none.
    pub(super) fn read(self, object: Raw<'_>) -> String {
        let first = |paths: &[Path]| {
            paths
                .iter()
                .find_map(|path| text(object.at(path)))
                .unwrap_or_default()
        };
        let together = |paths: &[Path], between: &str| {
            let texts: Vec<_> = paths
                .iter()
                .filter_map(|path| text(object.at(path)))
                .collect();
            texts.join(between)
        };
        match self {
            Self::None => String::new(),
            Self::Itself => text(object).unwrap_or_default(),
            Self::At(paths) => first(paths),
            Self::Together(paths) => together(paths, "\n"),
            Self::Button => first(&[
                &["selectedDisplayText"],
                &["response", "selectedDisplayText"],
                &["selectedButtonId"],
                &["selectedId"],
            ]),
            Self::ListRow => first(&[
                &["title"],
                &["listResponse", "title"],
                &["singleSelectReply", "selectedRowId"],
                &["listResponse", "singleSelectReply", "selectedRowId"],
            ]),
            Self::InteractiveMenu => together(&[&["header", "title"], &["body", "text"]], "\n"),
            Self::Pix => beside(
                pix_key(object),
                ": ",
                together(&[&["header", "title"], &["body", "text"]], "\n"),
            ),
            Self::Interactive => interactive(object),
            Self::Template => template(object),
            Self::Order => order(object),
            Self::Product => named_price(
                first(&[&["product", "title"], &["title"], &["catalog", "title"]]),
                money(
                    object,
                    &["product", "priceAmount1000"],
                    &["product", "currencyCode"],
                )
                .or_else(|| money(object, &["priceAmount1000"], &["currencyCode"])),
            ),
            Self::Payment(what) => payment(object, what),
            Self::Invitation => {
                let to = first(&[
                    &["groupName"],
                    &["newsletterName"],
                    &["inviteGrpName"],
                    &["eventTitle"],
                    &["name"],
                ]);
                beside(to, ": ", first(&[&["caption"], &["comment"]]))
            }
            Self::Event => beside(
                first(&[&["name"], &["eventName"]]),
                ": ",
                first(&[&["description"], &["eventDescription"]]),
            ),
        }
    }
}

/// The buttons of an interactive message.
pub(super) fn buttons(object: Raw<'_>) -> Vec<Raw<'_>> {
    [
        &["nativeFlowMessage", "buttons"][..],
        &["interactiveMessage", "nativeFlowMessage", "buttons"],
    ]
    .into_iter()
    .map(|path| object.at(path).elements())
    .find(|buttons| !buttons.is_empty())
    .unwrap_or_default()
}

/// "Pix Ana Souza ana@example.com", from the parameters of a button, which are JSON in a string.
fn pix_key(object: Raw<'_>) -> String {
    let keys = buttons(object).into_iter().find_map(|button| {
        let parameters = text(button.at(&["buttonParamsJson"]))?;
        let parameters: Raw<'_> = serde_json::from_str(&parameters).ok()?;
        let settings = parameters.at(&["payment_settings"]).elements();
        settings.into_iter().find_map(|setting| {
            let code = setting.at(&["pix_static_code"]);
            let name = text(code.at(&["merchant_name"])).unwrap_or_default();
            Some(beside(name, " ", text(code.at(&["key"]))?))
        })
    });
    keys.map_or_else(String::new, |key| format!("Pix {key}"))
}

fn text(raw: Raw<'_>) -> Option<String> {
    Some(raw.text()?.into_owned()).filter(|text| !text.trim().is_empty())
}

fn interactive(object: Raw<'_>) -> String {
    let written = [&["body", "text"][..], &["interactiveBody"]];
    if let Some(text) = written.iter().find_map(|path| text(object.at(path))) {
        return text;
    }
    let parameters = [
        &["nativeFlowResponseMessage", "paramsJson"][..],
        &[
            "interactiveResponseMessage",
            "nativeFlowResponseMessage",
            "paramsJson",
        ],
    ];
    let Some(parameters) = parameters.iter().find_map(|path| text(object.at(path))) else {
        return String::new();
    };
    // It is JSON in a string.
    let chosen: Raw<'_> = serde_json::from_str(&parameters).unwrap_or_default();
    ["title", "display_text", "description", "id"]
        .iter()
        .find_map(|name| text(chosen.at(&[name])))
        .unwrap_or_default()
}

fn template(object: Raw<'_>) -> String {
    let hydrated = [
        &["hydratedTemplate"][..],
        &["hydratedFourRowTemplate"],
        &["format", "hydratedFourRowTemplate"],
        &["hydratedHsm", "hydratedTemplate"],
    ];
    let template = |path: &&[&str]| {
        let template = object.at(path);
        let title = template.at(&["hydratedTitleText"]);
        let title = text(title).or_else(|| text(template.at(&["title", "hydratedTitleText"])));
        let words = beside(
            title.unwrap_or_default(),
            "\n",
            text(template.at(&["hydratedContentText"])).unwrap_or_default(),
        );
        Some(words).filter(|words| !words.is_empty())
    };
    let of_interactive = || text(object.at(&["interactiveMessageTemplate", "body", "text"]));
    let words = hydrated.iter().find_map(template);
    words.or_else(of_interactive).unwrap_or_default()
}

/// "3 items: Loja Exemplo, BRL 45.00: without onions".
fn order(object: Raw<'_>) -> String {
    let count = object
        .at(&["itemCount"])
        .number()
        .filter(|count| *count >= 1.0);
    let items = match count {
        Some(count) if (count - 1.0).abs() < f64::EPSILON => "1 item".to_owned(),
        Some(count) => format!("{count:.0} items"),
        None => String::new(),
    };
    let total = money(object, &["totalAmount1000"], &["totalCurrencyCode"]);
    let title = text(object.at(&["orderTitle"])).unwrap_or_default();
    let order = beside(items, ": ", named_price(title, total));
    beside(
        order,
        ": ",
        text(object.at(&["message"])).unwrap_or_default(),
    )
}

fn payment(object: Raw<'_>, what: &str) -> String {
    let amount = [
        (&["amount1000"][..], &["currencyCodeIso4217"][..]),
        (&["paymentAmount1000"], &["paymentCurrency"]),
    ]
    .into_iter()
    .find_map(|(amount, currency)| money(object, amount, currency));
    let note = [
        &["noteMessage", "extendedTextMessage", "text"][..],
        &["noteMessage", "conversation"],
        &["paymentNoteMsg", "body"],
        &["note"],
    ];
    let note = note.iter().find_map(|path| text(object.at(path)));
    let note = note.unwrap_or_default();
    beside(
        beside(what.to_owned(), " ", amount.unwrap_or_default()),
        ": ",
        note,
    )
}

fn named_price(name: String, price: Option<String>) -> String {
    beside(name, ", ", price.unwrap_or_default())
}

/// Both texts with `between` between them, or the one that is not empty.
fn beside(first: String, between: &str, second: String) -> String {
    match (first.is_empty(), second.is_empty()) {
        (false, false) => format!("{first}{between}{second}"),
        (true, _) => second,
        (_, true) => first,
    }
}

/// An amount in thousandths of a currency: "BRL 45.00".
fn money(object: Raw<'_>, amount: &[&str], currency: &[&str]) -> Option<String> {
    let amount = whole(object.at(amount)).filter(|amount| *amount > 0.0)? / 1000.0;
    let currency = text(object.at(currency)).unwrap_or_default();
    Some(beside(currency, " ", format!("{amount:.2}")))
}

/// A large number: Baileys may write it as its two halves.
fn whole(raw: Raw<'_>) -> Option<f64> {
    const HALF: f64 = 4_294_967_296.0;
    raw.number().or_else(|| {
        let (low, high) = (raw.at(&["low"]).number()?, raw.at(&["high"]).number()?);
        // Each half is signed.
        Some(high * HALF + if low < 0.0 { low + HALF } else { low })
    })
}
