//! The command words, which customers and the owner can write at any time.

use std::collections::{BTreeMap, HashSet};

use crate::flow::answer::said::{Said, SaidKind};
use crate::flow::words::fold::{fold, fold_with_marks};
use crate::flow::words::locale::Locale;

/// A command that works at any time, in line and at every step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// The customer wants to leave.
    Leave,
    /// The customer asks for their place in line.
    Position,
}

/// Where a word under `[commands.go]` leads from every question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GoTo {
    Step(String),
    /// To the question before.
    Back,
}

/// A word under `[commands.go]`.
#[derive(Debug)]
pub(crate) struct GoWord {
    /// As the author wrote it.
    pub(crate) written: String,
    pub(crate) to: GoTo,
}

/// The command words, folded.
#[derive(Debug)]
pub(crate) struct Commands {
    pub(crate) leave: HashSet<String>,
    pub(crate) position: HashSet<String>,
    /// Written by the owner on their phone. Marks count: "#fim" is not "fim".
    pub(crate) phone_end: HashSet<String>,
    /// Words that lead to a step from every question, by their folded form.
    pub(crate) go: BTreeMap<String, GoWord>,
}

impl Commands {
    /// "cancelar" and "stop" are none: a customer who writes them means an appointment or an order, and would believe it is
    /// cancelled.
    pub(crate) fn built_in(locale: Locale) -> Commands {
        let (leave, position): (&[&str], &[&str]) = match locale {
            Locale::En => (
                &["leave", "quit", "exit"],
                &["position", "queue", "place", "my place", "my position"],
            ),
            Locale::PtBr => (
                &["sair", "desistir"],
                &["fila", "posição", "minha posição", "lugar na fila"],
            ),
            Locale::Es => (
                &["salir", "abandonar"],
                &["fila", "turno", "posición", "mi turno", "mi posición"],
            ),
        };
        let folded = |words: &[&str]| words.iter().map(|word| fold(word)).collect();
        Commands {
            leave: folded(leave),
            position: folded(position),
            phone_end: HashSet::from(["#fim".to_owned()]),
            go: BTreeMap::new(),
        }
    }

    /// The command, if the message is a command word and nothing else.
    pub(crate) fn command(&self, said: &Said) -> Option<Command> {
        if said.kind != SaidKind::Text {
            return None;
        }
        let word = fold(&said.text);
        if self.leave.contains(&word) {
            Some(Command::Leave)
        } else if self.position.contains(&word) {
            Some(Command::Position)
        } else {
            None
        }
    }

    /// Where the message leads from a question, if it is a word under `[commands.go]` and nothing else.
    pub(crate) fn go(&self, said: &Said) -> Option<&GoTo> {
        if self.go.is_empty() || said.kind != SaidKind::Text {
            return None;
        }
        self.go.get(&fold(&said.text)).map(|word| &word.to)
    }

    /// Whether this message of the owner hands the chat back to the bot.
    pub(crate) fn is_phone_end(&self, text: &str) -> bool {
        self.phone_end.contains(&fold_with_marks(text))
    }
}
