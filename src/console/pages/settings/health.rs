//! The checkup: what was found, the worst first, and what to do about it.

use maud::{Markup, html};

use crate::clock::Millis;
use crate::console::finding_words::finding_words;
use crate::console::pages::customer::day_time;
use crate::console::texts::{HealthTexts, SettingsTexts, fill};
use crate::flow::{Locale, Script};
use crate::service::checkup::finding::{Finding, Level};
use crate::version::VERSION;

pub(in crate::console) fn settings_health(
    language: Locale,
    findings: &[Finding],
    script: &Script,
) -> Markup {
    let texts = HealthTexts::of(language);
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.level()));
    let all_good = !(sorted.iter()).any(|finding| finding.level().needs_action());
    let time = |at: Millis| day_time(at, script, Millis::now());
    html! {
        div.bar {
            h1 { (SettingsTexts::of(language).health) }
            span.quiet { (fill(texts.version, &[VERSION])) }
        }
        @if all_good { p { (texts.all_good) } }
        ul.entries.sheet {
            @for finding in sorted {
                @let words = finding_words(language, finding, &time);
                li.finding data-level=(finding.level().name()) {
                    p.m { b { (words.title) } span.level { (level_word(texts, finding.level())) } }
                    @if !words.message.is_empty() { p { (words.message) } }
                    @for detail in &words.details { p.quiet.text { (detail) } }
                }
            }
        }
    }
}

fn level_word(texts: &HealthTexts, level: Level) -> &'static str {
    match level {
        Level::Good => texts.good,
        Level::Hint => texts.hint,
        Level::Notice => texts.notice,
        Level::Problem => texts.problem,
    }
}
