//! The texts that a flow has without its author writing them, in every locale.

use crate::flow::words::locale::Locale;

/// One of these texts; its author may replace it under `[texts]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextKey {
    Position,
    Next,
    StillWaiting,
    Left,
    Invalid,
    Reminder,
    Silence,
    GaveUp,
    Attending,
    Trouble,
}

impl TextKey {
    pub(crate) const ALL: [TextKey; 10] = [
        TextKey::Position,
        TextKey::Next,
        TextKey::StillWaiting,
        TextKey::Left,
        TextKey::Invalid,
        TextKey::Reminder,
        TextKey::Silence,
        TextKey::GaveUp,
        TextKey::Attending,
        TextKey::Trouble,
    ];

    /// The key under `[texts]`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            TextKey::Position => "position",
            TextKey::Next => "next",
            TextKey::StillWaiting => "still_waiting",
            TextKey::Left => "left",
            TextKey::Invalid => "invalid",
            TextKey::Reminder => "reminder",
            TextKey::Silence => "silence",
            TextKey::GaveUp => "gave_up",
            TextKey::Attending => "attending",
            TextKey::Trouble => "trouble",
        }
    }

    /// The variables there are when this text is said; none stands for those of the steps.
    pub(crate) fn queue_variables(self) -> Option<&'static [&'static str]> {
        match self {
            TextKey::Position | TextKey::Next | TextKey::StillWaiting => {
                Some(&["name", "position", "wait"])
            }
            // Said in the line and at a step: only what both know.
            TextKey::Left => Some(&["name"]),
            _ => None,
        }
    }

    /// The text itself, a template.
    pub(crate) fn source(self, locale: Locale) -> &'static str {
        let [en, pt_br, es] = match self {
            TextKey::Position => [
                "You are number {{ position }} in line.{% if wait %} Estimated wait: {{ wait }}.{% endif %}",
                "Você é o nº {{ position }} da fila.{% if wait %} Espera estimada: {{ wait }}.{% endif %}",
                "Eres el nº {{ position }} de la fila.{% if wait %} Espera estimada: {{ wait }}.{% endif %}",
            ],
            TextKey::Next => [
                "You are next. It will not be long.",
                "Você é o próximo. Falta pouco.",
                "Eres el siguiente. Falta poco.",
            ],
            TextKey::StillWaiting => [
                "Thank you for waiting: you are not forgotten, and you are number {{ position }} in line.",
                "Obrigado por esperar: não esquecemos de você. Você é o nº {{ position }} da fila.",
                "Gracias por esperar: no te hemos olvidado. Eres el nº {{ position }} de la fila.",
            ],
            TextKey::Left => [
                "All right, we stop here. Write again whenever you like.",
                "Tudo bem, paramos por aqui. Escreva de novo quando quiser.",
                "De acuerdo, lo dejamos aquí. Escribe de nuevo cuando quieras.",
            ],
            TextKey::Invalid => [
                "Sorry, I did not understand that. Could you answer once more?",
                "Desculpe, não entendi. Pode responder de novo?",
                "Perdona, no lo he entendido. ¿Puedes responder otra vez?",
            ],
            TextKey::Reminder => [
                "Are you still there? I am waiting for your answer.",
                "Você ainda está aí? Estou esperando a sua resposta.",
                "¿Sigues ahí? Estoy esperando tu respuesta.",
            ],
            TextKey::Silence => [
                "As I have not heard from you, I close here for now. Just write, and we go on where we stopped.",
                "Como não tive resposta, encerro por aqui. É só escrever, e continuamos de onde paramos.",
                "Como no he tenido respuesta, lo cierro por ahora. Escribe y seguimos donde lo dejamos.",
            ],
            TextKey::GaveUp => [
                "I am sorry, we do not understand each other today. Please write again later, and we start afresh.",
                "Desculpe, não estamos nos entendendo. Escreva mais tarde, e começamos de novo.",
                "Perdona, hoy no nos entendemos. Escribe más tarde y empezamos de nuevo.",
            ],
            TextKey::Attending => [
                "You are not waiting any more: you are being attended now. I am waiting for your answer.",
                "Você já saiu da fila: está sendo atendido agora. Estou esperando a sua resposta.",
                "Ya no estás en la fila: te estamos atendiendo ahora. Estoy esperando tu respuesta.",
            ],
            TextKey::Trouble => [
                "I am sorry, something went wrong on our side. Please write again in a while.",
                "Desculpe, algo deu errado do nosso lado. Por favor, escreva de novo daqui a pouco.",
                "Lo siento, algo ha fallado por nuestra parte. Por favor, escribe de nuevo en un rato.",
            ],
        };
        match locale {
            Locale::En => en,
            Locale::PtBr => pt_br,
            Locale::Es => es,
        }
    }
}
