//! What each page must fulfil: names, contrast, width, targets that a thumb hits, and a focus that one sees.

use serde::Deserialize;
use serde_json::Value;

use super::Browser;

/// Roles of what people use, and of pictures: without a name, a screen reader has nothing to say.
const NEED_A_NAME: &[&str] = &[
    "button",
    "checkbox",
    "combobox",
    "dialog",
    "image",
    "img",
    "link",
    "listbox",
    "menuitem",
    "menuitemcheckbox",
    "menuitemradio",
    "option",
    "progressbar",
    "radio",
    "searchbox",
    "slider",
    "spinbutton",
    "switch",
    "tab",
    "textbox",
    "Date",
    "DateTime",
    "InputTime",
    "DisclosureTriangle",
    "PopUpButton",
];

/// The element that has the focus.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Focused {
    pub(crate) what: String,
    /// Whether it is visible, with an outline or a shadow.
    pub(crate) is_seen: bool,
}

impl Browser {
    /// Controls and pictures without a name, and a page without a title or a language.
    pub(crate) fn without_a_name(&self) -> Vec<String> {
        let mut found: Vec<String> = self
            .all_named()
            .into_iter()
            .filter(|one| NEED_A_NAME.contains(&one.role.as_str()) && one.name.trim().is_empty())
            .map(|one| {
                let html = self.html_of(&one).unwrap_or_default();
                format!("{}: {html}", one.role)
            })
            .collect();
        if self.title().trim().is_empty() {
            found.push("the page has no title".to_owned());
        }
        if self.eval("document.documentElement.lang") == "" {
            found.push("the page has no language".to_owned());
        }
        found
    }

    fn html_of(&self, one: &super::Named) -> Result<String, String> {
        let element = self.element(one)?;
        let html = self.done(element.html(false))?;
        Ok(html.chars().take(200).collect())
    }

    /// Texts with a contrast under 4.5:1, or under 3:1 if they are large (WCAG 2.2, AA).
    pub(crate) fn contrast_violations(&self) -> Vec<String> {
        self.check("checks.contrast()")
    }

    /// Whether the page is wider than the screen, and what is.
    pub(crate) fn horizontal_overflow(&self) -> Vec<String> {
        self.check("checks.overflow()")
    }

    /// What is clicked or touched and is smaller than 44 by 44 CSS pixels, except links in a text.
    pub(crate) fn small_targets(&self) -> Vec<String> {
        self.check("checks.targets()")
    }

    /// Presses Tab from the top of the page, at most `limit` times: what has the focus, in this order.
    pub(crate) fn focus_order(&self, limit: usize) -> Vec<Focused> {
        self.run("document.activeElement?.blur(); scrollTo(0, 0)", Vec::new());
        let mut order: Vec<Focused> = Vec::new();
        for _ in 0..limit {
            self.press("Tab");
            match self.focused() {
                Some(one) => order.push(one),
                // The end of the page: the browser's own buttons have the focus.
                None => break,
            }
        }
        order
    }

    /// What has the focus, if anything has.
    pub(crate) fn focused(&self) -> Option<Focused> {
        serde_json::from_value(self.with_checks("checks.focus()")).unwrap()
    }

    fn check(&self, call: &str) -> Vec<String> {
        serde_json::from_value(self.with_checks(call)).unwrap()
    }

    fn with_checks(&self, call: &str) -> Value {
        let checks = include_str!("checks.js");
        self.run(&format!("{checks}\nreturn {call};"), Vec::new())
    }
}
