//! Finds the answer to a question in what a customer wrote.

use crate::flow::answer::calendar::time::chosen_time;
use crate::flow::answer::context::AnswerContext;
use crate::flow::answer::kind::{AnswerKind, Doubt};
use crate::flow::answer::said::{Said, SaidKind};
use crate::flow::script::step::{Choice, Question, Then};
use crate::flow::script::variables::cut;
use crate::flow::words::choose::Options;
use crate::flow::words::locale::Locale;
use crate::flow::words::marks::plain_marks;
use crate::flow::words::own_words::{own_lines, pieces};

/// In longer bursts we do not look for a single message that is an answer by itself.
const PIECES_MAX: usize = 20;

/// A valid answer, and where it leads.
#[derive(Debug, PartialEq)]
pub(crate) struct ValidAnswer<'q> {
    /// In the form that is saved.
    pub(crate) text: String,
    pub(crate) then: &'q Then,
    /// The option that was chosen.
    option: Option<&'q str>,
}

impl Question {
    /// The answer in all messages of a burst; `None` if it is not valid. `asked` is the question as the customer saw it.
    ///
    /// First all texts together count, then each photo, place or other piece, and then a single message, if it is the only
    /// one that is valid by itself.
    pub(crate) fn answer_of(
        &self,
        said: &[Said],
        asked: &str,
        context: AnswerContext<'_>,
    ) -> Option<ValidAnswer<'_>> {
        let options = self.offered(asked, context.locale);
        if let [said] = said {
            return self.answer(said, &options, context);
        }
        let words = words(said);
        let any = self
            .other_answers
            .as_ref()
            .filter(|other| other.expect.is_none());
        if let Some(other) = any
            && options.exact(&words, true).is_none()
        {
            return Some(other_answer(whole(said), &other.then));
        }
        let together = Said::text(words.as_str());
        let pieces = said.iter().filter(|said| said.kind != SaidKind::Text);
        let pieces = pieces.map(|piece| match piece.kind.is_media() {
            true => Said {
                text: words.clone(),
                ..piece.clone()
            },
            false => piece.clone(),
        });
        let pieces: Vec<Said> = pieces.take(PIECES_MAX).collect();
        std::iter::once(&together)
            .chain(&pieces)
            .find_map(|said| self.answer(said, &options, context))
            .or_else(|| self.only_answer(said, &options, context))
    }

    /// Whether this text, and nothing else, is the word of an option, as the customer saw the question.
    pub(crate) fn offers(&self, text: &str, asked: &str, locale: Locale) -> bool {
        let own = own_lines(text).join("\n");
        self.offered(asked, locale).exact(&own, true).is_some()
    }

    fn offered(&self, asked: &str, locale: Locale) -> Options<'_> {
        let labels = self
            .labels
            .iter()
            .map(|(label, option)| (label.as_str(), option.as_str()));
        let keys = self.options.keys().map(String::as_str);
        Options::new(keys, labels, asked, locale)
    }

    /// The answer in one message.
    ///
    /// First an option's exact word counts, then any other answer that the question expects, and only then an option
    /// among other words: a free answer may contain the word of an option by chance. Last, a line that is an answer by
    /// itself.
    fn answer<'q>(
        &'q self,
        said: &Said,
        options: &Options<'q>,
        context: AnswerContext<'_>,
    ) -> Option<ValidAnswer<'q>> {
        let own = Said {
            text: own_lines(&said.text).join("\n"),
            ..said.clone()
        };
        let exact = options.exact(&own.text, self.other_answers.is_some());
        if let Some(answer) = exact.and_then(|option| self.chosen(&[option])) {
            return Some(answer);
        }
        if let Some(other) = &self.other_answers {
            let text = match &other.expect {
                Some(kind) => kind
                    .read(said, context)
                    .or_else(|| kind.read(&own, context)),
                None => Some(said.text_or_kind()),
            };
            if let Some(text) = text {
                return Some(other_answer(text, &other.then));
            }
        }
        let named = match said.kind {
            SaidKind::Text => options.named(&own.text),
            _ => Vec::new(),
        };
        self.chosen(&named)
            .or_else(|| self.answer_in_a_line(&own.text, options, context))
    }

    /// The answer of the only line that is one by itself. Beside a line that refuses, no option is.
    fn answer_in_a_line<'q>(
        &'q self,
        text: &str,
        options: &Options<'q>,
        context: AnswerContext<'_>,
    ) -> Option<ValidAnswer<'q>> {
        let lines = pieces(text);
        let expected = self.other_answers.as_ref().and_then(|other| {
            let kind = other.expect.as_ref()?;
            let is_words = matches!(kind, AnswerKind::Text(_));
            (!is_words).then_some((kind, &other.then))
        });
        let mut chosen = Vec::new();
        let mut answers: Vec<ValidAnswer<'q>> = Vec::new();
        for line in &lines {
            let named = options.named_alone(line);
            let refused = || {
                lines
                    .iter()
                    .any(|other| other != line && options.refuses(other))
            };
            if named.iter().any(|option| !options.is_no(option)) && refused() {
                return None;
            }
            if !named.is_empty() {
                chosen.extend(named);
            } else if let Some((kind, then)) = expected
                && let Some(text) = kind.read(&Said::text(*line), context)
            {
                answers.push(other_answer(text, then));
            }
        }
        chosen.sort_unstable();
        chosen.dedup();
        if !chosen.is_empty() {
            answers.push(self.chosen(&chosen)?);
        }
        let only = answers.pop()?;
        answers.iter().all(|other| *other == only).then_some(only)
    }

    /// The choice of these options, if it is clear. Options that lead to the same step count as one, unless the word is
    /// saved.
    fn chosen<'q>(&'q self, options: &[&'q str]) -> Option<ValidAnswer<'q>> {
        let mut choices = options
            .iter()
            .filter_map(|option| self.options.get_key_value(*option));
        let (option, first) = choices.next()?;
        let is_same = |(_, other): (&String, &Choice)| {
            other.then == first.then && (self.save.is_none() || other.saved() == first.saved())
        };
        choices.all(is_same).then(|| ValidAnswer {
            text: first.saved().to_owned(),
            then: &first.then,
            option: Some(option),
        })
    }

    /// What is missing in an answer that was understood: in all messages together, or in the only one that says something.
    pub(crate) fn doubt(&self, said: &[Said], context: AnswerContext<'_>) -> Option<Doubt> {
        let kind = self.other_answers.as_ref()?.expect.as_ref()?;
        let doubt = |said: &Said| {
            let own = Said {
                text: own_lines(&said.text).join("\n"),
                ..said.clone()
            };
            kind.doubt(said, context)
                .or_else(|| kind.doubt(&own, context))
        };
        if let [said] = said {
            return doubt(said);
        }
        let few = if said.len() > PIECES_MAX { &[] } else { said };
        doubt(&Said::text(words(said))).or_else(|| {
            let mut doubts = few.iter().filter_map(doubt);
            let only = doubts.next()?;
            doubts.next().is_none().then_some(only)
        })
    }

    /// The answer to whether the customer means the time `early` or half a day later.
    pub(crate) fn chosen_time(
        &self,
        said: &[Said],
        early: &str,
        locale: Locale,
    ) -> Option<ValidAnswer<'_>> {
        let other = self.other_answers.as_ref()?;
        if !matches!(other.expect, Some(AnswerKind::Time(_))) {
            return None;
        }
        let own = own_lines(&words(said)).join("\n");
        let time = chosen_time(&plain_marks(&own), early, locale)?;
        Some(other_answer(time, &other.then))
    }

    /// Whether an accepted answer is a number to calculate with, rather than a word or a string of digits.
    pub(crate) fn is_number(&self, answer: &str) -> bool {
        let kind = self
            .other_answers
            .as_ref()
            .and_then(|other| other.expect.as_ref());
        matches!(kind, Some(AnswerKind::Number(_))) && answer.parse().is_ok_and(f64::is_finite)
    }

    /// The answer of the only message that is valid by itself: a "hello" before it was not meant as the answer. An option is
    /// not chosen if another message refuses.
    fn only_answer<'q>(
        &'q self,
        said: &[Said],
        options: &Options<'q>,
        context: AnswerContext<'_>,
    ) -> Option<ValidAnswer<'q>> {
        let few = if said.len() > PIECES_MAX { &[] } else { said };
        let valid = |said: &Said| self.answer(said, options, context);
        let mut answers = few
            .iter()
            .enumerate()
            .filter_map(|(at, said)| Some((at, valid(said)?)));
        let (place, only) = answers.next()?;
        let refused = few
            .iter()
            .enumerate()
            .any(|(at, other)| at != place && options.refuses(&other.text));
        let is_yes = only.option.is_some_and(|option| !options.is_no(option));
        (answers.next().is_none() && !(is_yes && refused)).then_some(only)
    }
}

fn other_answer(text: String, then: &Then) -> ValidAnswer<'_> {
    ValidAnswer {
        text,
        then,
        option: None,
    }
}

/// All texts of a burst, with a word in brackets for each message without text. It is cut: no answer needs a thousand messages.
pub(crate) fn whole(said: &[Said]) -> String {
    let texts: Vec<String> = said.iter().map(Said::text_or_kind).collect();
    cut(&texts.join("\n"))
}

/// The texts of a burst, with captions.
fn words(said: &[Said]) -> String {
    let written = |said: &&Said| said.kind == SaidKind::Text || said.kind.is_media();
    let texts = said.iter().filter(written).map(|said| said.text.trim());
    let texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
    cut(&texts.join("\n"))
}
