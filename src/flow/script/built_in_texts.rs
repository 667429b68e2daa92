//! The built-in texts of every flow, in each language.

use crate::flow::words::locale::Locale;

/// What a text can use that answers a rating: the conversation is over.
pub(crate) const RATING_VARIABLES: &[&str] = &["rating"];

/// A built-in text. A flow can replace it under `[texts]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextKey {
    Position,
    Next,
    StillWaiting,
    PersonPosition,
    PersonNext,
    PersonStillWaiting,
    PersonClosed,
    Paused,
    Left,
    Invalid,
    WhichTime,
    DayRange,
    TimeRange,
    Reminder,
    Silence,
    RatingThanks,
    GaveUp,
    NotInLine,
    Trouble,
}

impl TextKey {
    pub(crate) const ALL: [TextKey; 19] = [
        TextKey::Position,
        TextKey::Next,
        TextKey::StillWaiting,
        TextKey::PersonPosition,
        TextKey::PersonNext,
        TextKey::PersonStillWaiting,
        TextKey::PersonClosed,
        TextKey::Paused,
        TextKey::Left,
        TextKey::Invalid,
        TextKey::WhichTime,
        TextKey::DayRange,
        TextKey::TimeRange,
        TextKey::Reminder,
        TextKey::Silence,
        TextKey::RatingThanks,
        TextKey::GaveUp,
        TextKey::NotInLine,
        TextKey::Trouble,
    ];

    /// The key under `[texts]`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            TextKey::Position => "position",
            TextKey::Next => "next",
            TextKey::StillWaiting => "still_waiting",
            TextKey::PersonPosition => "person_position",
            TextKey::PersonNext => "person_next",
            TextKey::PersonStillWaiting => "person_still_waiting",
            TextKey::PersonClosed => "person_closed",
            TextKey::Paused => "paused",
            TextKey::Left => "left",
            TextKey::Invalid => "invalid",
            TextKey::WhichTime => "which_time",
            TextKey::DayRange => "day_range",
            TextKey::TimeRange => "time_range",
            TextKey::Reminder => "reminder",
            TextKey::Silence => "silence",
            TextKey::RatingThanks => "rating_thanks",
            TextKey::GaveUp => "gave_up",
            TextKey::NotInLine => "attending",
            TextKey::Trouble => "trouble",
        }
    }

    /// The variables that this text can use; `None`: those of the steps.
    pub(crate) fn queue_variables(self) -> Option<&'static [&'static str]> {
        match self {
            TextKey::Position | TextKey::Next | TextKey::StillWaiting => {
                Some(&["name", "position", "wait"])
            }
            TextKey::PersonPosition | TextKey::PersonNext | TextKey::PersonStillWaiting => {
                Some(&["name", "position", "wait", "opens"])
            }
            TextKey::PersonClosed => Some(&["name", "opens"]),
            TextKey::Paused => Some(&["name", "paused"]),
            // Sent both in line and at a step, so only variables that both have.
            TextKey::Left => Some(&["name"]),
            TextKey::WhichTime => Some(&["name", "early", "late"]),
            TextKey::DayRange | TextKey::TimeRange => Some(&["name", "min", "max"]),
            TextKey::RatingThanks => Some(RATING_VARIABLES),
            _ => None,
        }
    }

    /// The template in this language.
    pub(crate) fn source(self, locale: Locale) -> &'static str {
        let [en, pt_br, es] = match self {
            TextKey::Position => [
                "You're number {{ position }} in line.{% if wait %} Estimated wait: {{ wait }}.{% endif %}",
                "Você está em {{ position }}º lugar na fila.{% if wait %} Tempo estimado de espera: {{ wait }}.{% endif %}",
                "Usted es el número {{ position }} en la fila.{% if wait %} Tiempo estimado de espera: {{ wait }}.{% endif %}",
            ],
            TextKey::Next => [
                "You're next! It won't be long.",
                "O próximo atendimento é o seu! Falta pouco.",
                "¡El siguiente turno es el suyo! Falta poco.",
            ],
            TextKey::StillWaiting => [
                "Thanks for waiting! We haven't forgotten you: you're number {{ position }} in line.",
                "Obrigado por aguardar! Não esquecemos de você: você está em {{ position }}º lugar na fila.",
                "¡Gracias por esperar! No nos olvidamos de usted: es el número {{ position }} en la fila.",
            ],
            // Nobody knows when a person will answer, so these promise nothing but an estimate, which there is only while somebody is at
            // work. While it is closed, only `PersonPosition` is sent, to those who ask.
            TextKey::PersonPosition => [
                "{% if opens %}We're closed now and will be back {{ opens }}. {% endif %}You're number {{ position }} in line to talk to a person.{% if wait %} Estimated wait: {{ wait }}.{% endif %}",
                "{% if opens %}Estamos fechados agora; voltamos {{ opens }}. {% endif %}Você está em {{ position }}º lugar na fila para falar com a nossa equipe.{% if wait %} Tempo estimado de espera: {{ wait }}.{% endif %}",
                "{% if opens %}Ahora estamos cerrados; volvemos {{ opens }}. {% endif %}Usted es el número {{ position }} en la fila para hablar con una persona.{% if wait %} Tiempo estimado de espera: {{ wait }}.{% endif %}",
            ],
            TextKey::PersonNext => [
                "You're first in line to talk to a person.{% if wait %} Estimated wait: {{ wait }}.{% endif %} We'll write to you here as soon as somebody can.",
                "Você está em 1º lugar na fila para falar com a nossa equipe.{% if wait %} Tempo estimado de espera: {{ wait }}.{% endif %} Vamos escrever para você por aqui assim que alguém puder.",
                "Usted es el número 1 en la fila para hablar con una persona.{% if wait %} Tiempo estimado de espera: {{ wait }}.{% endif %} Le escribiremos por aquí en cuanto alguien pueda.",
            ],
            TextKey::PersonStillWaiting => [
                "Thanks for waiting! We haven't forgotten you: you're number {{ position }} in line to talk to a person.",
                "Obrigado por aguardar! Não esquecemos de você: você está em {{ position }}º lugar na fila para falar com a nossa equipe.",
                "¡Gracias por esperar! No nos olvidamos de usted: es el número {{ position }} en la fila para hablar con una persona.",
            ],
            TextKey::PersonClosed => [
                "We're closed now. We'll be back {{ opens }} and write to you here.",
                "Estamos fechados agora. Voltamos {{ opens }} e respondemos por aqui.",
                "Ahora estamos cerrados. Volvemos {{ opens }} y le respondemos por aquí.",
            ],
            // In brackets, the owner's words need no capital letter and may end with any mark.
            TextKey::Paused => [
                "We're taking a short break{% if paused %} ({{ paused }}){% endif %}. You keep your place in line, and we'll write to you here.",
                "Estamos em uma pequena pausa{% if paused %} ({{ paused }}){% endif %}. O seu lugar na fila está guardado, e já respondemos por aqui.",
                "Estamos en una breve pausa{% if paused %} ({{ paused }}){% endif %}. Usted conserva su lugar en la fila y le escribiremos por aquí.",
            ],
            TextKey::Left => [
                "All right, we've closed this chat. Nothing else was cancelled. Write to us again any time.",
                "Tudo bem, encerramos este atendimento. Nada mais foi cancelado. Quando quiser, é só escrever de novo.",
                "Está bien, cerramos esta conversación. No se canceló nada más. Escríbanos de nuevo cuando quiera.",
            ],
            TextKey::Invalid => [
                "Sorry, I didn't understand that. Could you answer again, please?",
                "Desculpe, não entendi. Pode responder de novo, por favor?",
                "Disculpe, no entendí. ¿Puede responder de nuevo, por favor?",
            ],
            TextKey::WhichTime => [
                "Do you mean {{ early }} or {{ late }}?",
                "Seria {{ early }} ou {{ late }}?",
                "¿Sería {{ early }} o {{ late }}?",
            ],
            TextKey::DayRange => [
                "Please choose a day{% if min and max %} between {{ min }} and {{ max }}{% elif min %} no earlier than {{ min }}\
                 {% elif max %} no later than {{ max }}{% endif %}.",
                "Por favor, escolha um dia{% if min and max %} entre {{ min }} e {{ max }}{% elif min %} a partir de {{ min }}\
                 {% elif max %} até {{ max }}{% endif %}.",
                "Por favor, elija un día{% if min and max %} entre el {{ min }} y el {{ max }}{% elif min %} a partir del {{ min }}\
                 {% elif max %} hasta el {{ max }}{% endif %}.",
            ],
            TextKey::TimeRange => [
                "Please choose a time{% if min and max %} between {{ min }} and {{ max }}{% elif min %} no earlier than {{ min }}\
                 {% elif max %} no later than {{ max }}{% endif %}.",
                "Por favor, escolha um horário{% if min and max %} entre {{ min }} e {{ max }}{% elif min %}: o primeiro é {{ min }}\
                 {% elif max %}: o último é {{ max }}{% endif %}.",
                "Por favor, elija un horario{% if min and max %} entre {{ min }} y {{ max }}{% elif min %}: el primero es {{ min }}\
                 {% elif max %}: el último es {{ max }}{% endif %}.",
            ],
            TextKey::Reminder => [
                "Are you still there? I'm waiting for your answer.",
                "Você ainda está aí? Estou aguardando a sua resposta.",
                "¿Sigue ahí? Estoy esperando su respuesta.",
            ],
            TextKey::Silence => [
                "I haven't heard from you, so I'll close this chat for now. Write any time and we'll continue where we stopped.",
                "Como não tive resposta, vou encerrar por aqui. Quando quiser, é só escrever e continuamos de onde paramos.",
                "Como no recibí respuesta, cierro la conversación por ahora. Escriba cuando quiera y seguimos donde quedamos.",
            ],
            TextKey::RatingThanks => [
                "Thank you for your rating!",
                "Obrigado pela sua avaliação!",
                "¡Gracias por su calificación!",
            ],
            TextKey::GaveUp => [
                "Sorry, I couldn't understand your answers. Please write again later and we'll start over.",
                "Desculpe, não consegui entender as suas respostas. Escreva mais tarde e começamos de novo.",
                "Disculpe, no logré entender sus respuestas. Escriba más tarde y empezamos de nuevo.",
            ],
            TextKey::NotInLine => [
                "It's already your turn! I'm waiting for your answer.",
                "Já é a sua vez! Estou aguardando a sua resposta.",
                "¡Ya es su turno! Estoy esperando su respuesta.",
            ],
            TextKey::Trouble => [
                "Sorry, something went wrong on our side. Please write again in a few minutes.",
                "Desculpe, tivemos um problema por aqui. Por favor, escreva de novo daqui a pouco.",
                "Disculpe, tuvimos un problema. Por favor, escriba de nuevo en unos minutos.",
            ],
        };
        match locale {
            Locale::En => en,
            Locale::PtBr => pt_br,
            Locale::Es => es,
        }
    }
}
