//! Follows the words under `[commands.go]`, which lead to a step from every question.

use crate::flow::answer::said::Said;
use crate::flow::script::commands::GoTo;
use crate::flow::script::step::{Question, Step};
use crate::flow::turn::flow_turn::FlowTurn;

impl<'s> FlowTurn<'s> {
    /// Where a message leads from this question. If the question itself has an option with this word, the customer means that.
    pub(crate) fn goes(&self, question: &Question, said: &Said) -> Option<&'s GoTo> {
        let script = self.script;
        let go = script.commands.go(said)?;
        let is_own = || question.offers(&said.text, &self.asked(question), script.locale);
        (question.options.is_empty() || !is_own()).then_some(go)
    }

    /// The step to which a word leads from this question.
    pub(crate) fn led_by(&mut self, go: &'s GoTo, question: &'s str) -> &'s str {
        let script = self.script;
        match go {
            GoTo::Step(step) => step,
            GoTo::Back => {
                // A step that asks nothing would leave the customer without a word.
                let asks = |step: &str| matches!(script.steps.get(step), Some(Step::Ask(question)) if question.text.is_some());
                let before = self.state.question_before(question, asks);
                let before = before.and_then(|step| script.steps.get_key_value(&step));
                before.map_or(question, |(name, _)| name)
            }
        }
    }
}
