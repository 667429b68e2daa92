//! Asks for a rating as a conversation closes, and reads the answer, which belongs to no conversation.

use std::collections::BTreeMap;

use crate::clock::Millis;
use crate::flow::answer::rating::rating;
use crate::flow::answer::said::Said;
use crate::flow::script::built_in_texts::TextKey;
use crate::flow::script::checked_flow::Script;
use crate::flow::script::step::RatingQuestion;
use crate::flow::turn::advance::Next;
use crate::flow::turn::flow_turn::{At, BrokenStep, FlowTurn};
use crate::flow::turn::state::{FlowStage, State};

impl<'s> FlowTurn<'s> {
    /// Asks for a rating, and closes.
    pub(crate) fn ask_rating(
        &mut self,
        name: &str,
        question: &RatingQuestion,
    ) -> Result<At<'s>, BrokenStep> {
        let before = self.replies.len();
        self.say(name, &question.text)?;
        self.state.stage = FlowStage::Closed {
            step: name.to_owned(),
        };
        Ok(At::Done(Next::Close {
            outcome: question.outcome.clone(),
            resumable: false,
            // A text that renders to nothing asks nothing.
            asks_rating: self.replies.len() > before,
        }))
    }
}

impl Script {
    /// Whether the flow asks for ratings.
    pub fn asks_for_ratings(&self) -> bool {
        self.rating_step().is_some()
    }

    /// What to ask a customer whose conversation a person closes; `None` if the flow asks for no rating.
    pub fn rating_question(&self, state: &State, now: Millis) -> Option<String> {
        let (_, question) = self.rating_step()?;
        let text = self
            .templates
            .render(&question.text, self.words(state, now));
        // The person's close matters more than a text that fails.
        text.ok().filter(|text| !text.trim().is_empty())
    }

    /// The rating, 1 to 5, if the message is one and nothing else.
    pub fn read_rating(&self, said: &Said) -> Option<u8> {
        rating(said, self.locale)
    }

    /// What to say to a customer who rated; `None` if the flow says nothing.
    pub fn rating_thanks(&self, rating: u8) -> Option<String> {
        let words = BTreeMap::from([("rating", rating)]);
        let own = self.rating_step().and_then(|(_, question)| {
            let thanks = question.thanks.as_ref()?;
            self.templates.render(thanks, words.clone().into()).ok()
        });
        let text = own.unwrap_or_else(|| {
            self.templates
                .built_in(TextKey::RatingThanks, words.into())
                .0
        });
        Some(text).filter(|text| !text.trim().is_empty())
    }
}
