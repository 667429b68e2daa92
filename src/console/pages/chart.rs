//! A bar chart as SVG. Its colours are in the style, so it is light or dark like the page; every bar says its numbers.
//!
//! A bar has a whole and a part of it, such as all conversations and those that were lost, or the time within which nine of ten
//! and half of them were served.

use std::time::Duration;

use maud::{Markup, html};

use super::lengths::short;

/// The size of the drawing. Charts stand beside each other, each about this wide, so that letters keep their size.
const WIDTH: f64 = 400.0;
const HEIGHT: f64 = 190.0;
/// Where the bars are.
const LEFT: f64 = 64.0;
const RIGHT: f64 = 394.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 160.0;
/// How many bars have their name below.
const NAMES_MAX: usize = 8;
/// How many lines there are above the lowest one, at most.
const LINES_MAX: f64 = 4.0;
/// How far apart lines may be, in seconds.
const SECONDS: [f64; 20] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0,
    10_800.0, 21_600.0, 43_200.0, 86_400.0, 172_800.0, 432_000.0,
];

/// See the file.
pub(super) struct Chart<'a> {
    /// Unique on the page.
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    /// For those who can't see it.
    pub(super) about: &'a str,
    pub(super) unit: ChartUnit,
    pub(super) bars: &'a [ChartBar],
}

/// What the numbers of a chart are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChartUnit {
    Count,
    Seconds,
}

/// One bar.
pub(super) struct ChartBar {
    /// Below it, if there is space.
    pub(super) name: String,
    /// Its numbers in words.
    pub(super) about: String,
    pub(super) whole: f64,
    pub(super) part: f64,
}

impl ChartUnit {
    fn text(self, value: f64) -> String {
        match self {
            ChartUnit::Count => format!("{value:.0}"),
            ChartUnit::Seconds => short(Duration::from_secs_f64(value.max(0.0))),
        }
    }

    /// How far apart the lines are, so that there are few, at round numbers.
    fn step(self, highest: f64) -> f64 {
        let least = highest / LINES_MAX;
        let round = |least: f64| {
            let power = 10_f64.powf(least.log10().floor());
            let steps = [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * power);
            steps
                .into_iter()
                .find(|step| *step >= least)
                .unwrap_or(least)
        };
        match self {
            _ if least <= 1.0 => 1.0,
            ChartUnit::Count => round(least),
            ChartUnit::Seconds => {
                let known = SECONDS.into_iter().find(|step| *step >= least);
                known.unwrap_or_else(|| round(least / 86_400.0) * 86_400.0)
            }
        }
    }
}

impl Chart<'_> {
    pub(super) fn svg(&self) -> Markup {
        let highest = self.bars.iter().map(|bar| bar.whole).fold(1.0, f64::max);
        let step = self.unit.step(highest);
        let lines = (highest / step).ceil() as u32;
        let top = step * f64::from(lines);
        let height = |value: f64| (BOTTOM - TOP) * value / top;
        let place = (RIGHT - LEFT) / self.bars.len().max(1) as f64;
        let width = (place * 0.7).min(28.0);
        let middle = |number: usize| LEFT + place * (number as f64 + 0.5);
        let every = self.bars.len().div_ceil(NAMES_MAX).max(1);
        html! {
            svg.chart viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-labelledby={ (self.id) "-t " (self.id) "-d" } {
                title id={ (self.id) "-t" } { (self.title) }
                desc id={ (self.id) "-d" } { (self.about) }
                @for line in 0..=lines {
                    @let y = BOTTOM - height(step * f64::from(line));
                    line x1=(LEFT) x2=(RIGHT) y1=(round(y)) y2=(round(y)) {}
                    text.y x=(LEFT - 6.0) y=(round(y + 4.0)) { (self.unit.text(step * f64::from(line))) }
                }
                @for (number, bar) in self.bars.iter().enumerate() {
                    g {
                        title { (bar.about) }
                        // The whole height, so that a pointer finds a low bar too.
                        rect.touch x=(round(middle(number) - place / 2.0)) y=(TOP) width=(round(place)) height=(BOTTOM - TOP) {}
                        @for (class, value) in [("whole", bar.whole), ("part", bar.part)] {
                            @if value > 0.0 {
                                // What is there is seen, however little it is.
                                @let tall = height(value).max(1.0);
                                rect class=(class) x=(round(middle(number) - width / 2.0)) y=(round(BOTTOM - tall))
                                    width=(round(width)) height=(round(tall)) {}
                            }
                        }
                    }
                    @if number % every == 0 {
                        text.x x=(round(middle(number))) y=(BOTTOM + 18.0) { (bar.name) }
                    }
                }
            }
        }
    }
}

/// A tenth is exact enough, and short.
fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(whole: f64, part: f64) -> ChartBar {
        ChartBar {
            name: "<1>".to_owned(),
            about: "<2>".to_owned(),
            whole,
            part,
        }
    }

    fn svg(unit: ChartUnit, bars: &[ChartBar]) -> String {
        let chart = Chart {
            id: "one",
            title: "A & B",
            about: "more",
            unit,
            bars,
        };
        chart.svg().into_string()
    }

    #[test]
    fn lines_are_few_and_at_round_numbers() {
        for (unit, highest, step) in [
            (ChartUnit::Count, 1.0, 1.0),
            (ChartUnit::Count, 7.0, 2.0),
            (ChartUnit::Count, 90.0, 50.0),
            (ChartUnit::Count, 1_234.0, 500.0),
            (ChartUnit::Seconds, 3.0, 1.0),
            (ChartUnit::Seconds, 200.0, 60.0),
            (ChartUnit::Seconds, 50_000.0, 21_600.0),
            (ChartUnit::Seconds, 40_000_000.0, 17_280_000.0),
        ] {
            assert!(
                (unit.step(highest) - step).abs() < 0.001,
                "{highest}: {}",
                unit.step(highest)
            );
            assert!(highest / unit.step(highest) <= LINES_MAX);
        }
    }

    #[test]
    fn no_number_breaks_a_chart_and_every_text_is_escaped() {
        let huge = [bar(0.0, 0.0), bar(1e15, 3.0), bar(0.001, 0.0)];
        for unit in [ChartUnit::Count, ChartUnit::Seconds] {
            for bars in [&huge[..], &huge[..1], &[]] {
                let svg = svg(unit, bars);
                assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
                assert!(svg.contains("A &amp; B") && !svg.contains("<2>"), "{svg}");
                assert!(!svg.contains("style="), "{svg}");
            }
        }
        assert_eq!(
            svg(ChartUnit::Count, &huge)
                .matches("class=\"whole\"")
                .count(),
            2
        );
    }

    #[test]
    fn of_many_bars_a_few_have_names() {
        let bars: Vec<ChartBar> = (0..90).map(|_| bar(1.0, 0.0)).collect();
        let svg = svg(ChartUnit::Count, &bars);
        assert_eq!(svg.matches("class=\"x\"").count(), 8);
        assert_eq!(svg.matches("class=\"whole\"").count(), 90);
    }
}
