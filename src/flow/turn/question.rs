//! Finds the answer to a question in what a customer wrote.

use crate::flow::answer::context::AnswerContext;
use crate::flow::answer::kind::AnswerKind;
use crate::flow::answer::said::{Said, SaidKind};
use crate::flow::script::step::{Choice, Question, Then};
use crate::flow::script::variables::cut;
use crate::flow::words::choose;
use crate::flow::words::fold::fold;
use crate::flow::words::locale::Locale;

/// In longer bursts we do not look for a single message that is an answer by itself.
const PIECES_MAX: usize = 20;

impl Question {
    /// The answer in the form that is saved, and where it leads; `None` if it is not valid.
    ///
    /// First an option's exact word counts, then any other answer that the question expects, and only then an option
    /// among other words: a free answer may contain the word of an option by chance.
    pub(crate) fn answer(
        &self,
        said: &Said,
        context: AnswerContext<'_>,
    ) -> Option<(String, &Then)> {
        if let Some(choice) = self.options.get(&fold(&said.text)) {
            return Some((choice.written.clone(), &choice.then));
        }
        if let Some(other) = &self.other_answers {
            let answer = match &other.expect {
                Some(kind) => kind.read(said, context),
                None => Some(said.text_or_kind()),
            };
            if let Some(answer) = answer {
                return Some((answer, &other.then));
            }
        }
        let choice = self.named_option(said, context.locale)?;
        Some((choice.written.clone(), &choice.then))
    }

    /// Whether an accepted answer is a number to calculate with, rather than a word or a string of digits.
    pub(crate) fn is_number(&self, answer: &str) -> bool {
        let kind = self
            .other_answers
            .as_ref()
            .and_then(|other| other.expect.as_ref());
        matches!(kind, Some(AnswerKind::Number(_))) && answer.parse().is_ok_and(f64::is_finite)
    }

    /// The only option that a message names. Options that lead to the same step count as one, unless the word is saved.
    fn named_option(&self, said: &Said, locale: Locale) -> Option<&Choice> {
        if said.kind != SaidKind::Text {
            return None;
        }
        let options = self.options.keys().map(String::as_str);
        let named = choose::named(&said.text, options, locale);
        let mut choices = named.into_iter().filter_map(|word| self.options.get(word));
        let first = choices.next()?;
        let is_same = |other: &Choice| other.then == first.then && self.save.is_none();
        choices.all(is_same).then_some(first)
    }

    /// As [`Question::answer`], for all messages of a burst. First all texts together count, then each photo, place or other
    /// piece, and then a single message, if it is the only one that is valid by itself.
    pub(crate) fn answer_of(
        &self,
        said: &[Said],
        context: AnswerContext<'_>,
    ) -> Option<(String, &Then)> {
        if let [said] = said {
            return self.answer(said, context);
        }
        let words = words(said);
        let any = self
            .other_answers
            .as_ref()
            .filter(|other| other.expect.is_none());
        if let Some(other) = any
            && !self.options.contains_key(&fold(&words))
        {
            return Some((whole(said), &other.then));
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
            .find_map(|said| self.answer(said, context))
            .or_else(|| self.only_answer(said, context))
    }

    /// The answer of the only message that is valid by itself: a "hello" before it was not meant as the answer.
    fn only_answer(&self, said: &[Said], context: AnswerContext<'_>) -> Option<(String, &Then)> {
        let few = if said.len() > PIECES_MAX { &[] } else { said };
        let mut answers = few.iter().filter_map(|said| self.answer(said, context));
        let only = answers.next()?;
        answers.next().is_none().then_some(only)
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
