//! The customers of the demo, what they write, and the replies that each of them must get.

use super::fake_waha::Sent;

/// A customer.
pub(crate) struct Customer {
    pub(crate) name: &'static str,
    pub(crate) chat: &'static str,
    pub(crate) opening: &'static str,
    pub(crate) full_name: &'static str,
    pub(crate) subject: &'static str,
}

pub(crate) const ANA: usize = 0;
pub(crate) const BRUNO: usize = 1;
pub(crate) const CARLA: usize = 2;
pub(crate) const DORA: usize = 3;
pub(crate) const EDU: usize = 4;
pub(crate) const FLORA: usize = 5;

pub(crate) const CUSTOMERS: [Customer; 6] = [
    customer(
        "Ana",
        "5511999990001@c.us",
        "Hi!",
        "Ana Lima",
        "My order is late",
    ),
    customer(
        "Bruno",
        "5511999990002@c.us",
        "Good morning",
        "Bruno Dias",
        "I want to pay by card",
    ),
    customer(
        "Carla",
        "5521999990003@c.us",
        "Hello?",
        "Carla Reis",
        "Do you open on Sunday?",
    ),
    customer(
        "Dora",
        "5531999990004@c.us",
        "Oi",
        "Dora Melo",
        "An invoice, please",
    ),
    customer(
        "Edu",
        "5541999990005@c.us",
        "Is anybody there?",
        "Edu Rocha",
        "Where are you?",
    ),
    customer(
        "Flora",
        "5571999990006@c.us",
        "Hi there",
        "Flora Luz",
        "A cake for Friday",
    ),
];

const fn customer(
    name: &'static str,
    chat: &'static str,
    opening: &'static str,
    full_name: &'static str,
    subject: &'static str,
) -> Customer {
    Customer {
        name,
        chat,
        opening,
        full_name,
        subject,
    }
}

/// The beginnings of the built-in texts; see src/flow.
pub(crate) const GREETING: &str = "Hello, ";
pub(crate) const ASKS_NAME: &str = "What's your name?";
pub(crate) const ASKS_SUBJECT: &str = "How can we help?";
pub(crate) const THANKS: &str = "Thank you, ";
pub(crate) const NEXT: &str = "You're next!";

/// The differences between the replies that WAHA took and the replies that the six customers must get.
pub(crate) fn differences(sent: &[Sent]) -> Vec<String> {
    let mut differences = Vec::new();
    let greeted: Vec<_> = sent
        .iter()
        .filter(|sent| sent.text.starts_with(GREETING))
        .map(|sent| sent.chat.as_str())
        .collect();
    if greeted != CUSTOMERS.map(|customer| customer.chat) {
        differences.push(format!("not served in order of arrival: {greeted:?}"));
    }
    for Customer {
        name,
        chat,
        full_name,
        ..
    } in &CUSTOMERS
    {
        let texts = sent
            .iter()
            .filter(|sent| sent.chat == *chat)
            .map(|sent| sent.text.as_str());
        let greeting = format!("{GREETING}{name}!");
        let thanks = format!("{THANKS}{full_name}.");
        let wanted = [&greeting, ASKS_NAME, ASKS_SUBJECT, &thanks];
        // From the greeting on. After it, there must be no notices about the line.
        let got: Vec<_> = texts
            .skip_while(|text| !text.starts_with(&greeting))
            .collect();
        let as_wanted = |(got, wanted): (&&str, &str)| got.starts_with(wanted);
        if got.len() != wanted.len() || !got.iter().zip(wanted).all(as_wanted) {
            differences.push(format!("{name} should get {wanted:?} and got {got:?}"));
        }
    }
    differences
}
