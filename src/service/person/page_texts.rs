//! The words of the page with a person's data, in the language of the shop.

use std::collections::BTreeMap;

use crate::flow::Locale;

/// Each text in English, Portuguese and Spanish.
const TEXTS: [(&str, [&str; 3]); 20] = [
    (
        "title",
        ["Personal data", "Dados pessoais", "Datos personales"],
    ),
    ("exported", ["Exported", "Exportado em", "Exportado el"]),
    (
        "remembered",
        [
            "What is remembered between conversations",
            "O que é lembrado entre as conversas",
            "Lo que se recuerda entre conversaciones",
        ],
    ),
    (
        "last_conversation",
        [
            "last conversation",
            "última conversa",
            "última conversación",
        ],
    ),
    (
        "unread",
        [
            "Messages not read yet",
            "Mensagens ainda não lidas",
            "Mensajes aún no leídos",
        ],
    ),
    (
        "unsent",
        [
            "Replies not sent yet",
            "Respostas ainda não enviadas",
            "Respuestas aún no enviadas",
        ],
    ),
    (
        "dead",
        [
            "Replies that could not be sent",
            "Respostas que não puderam ser enviadas",
            "Respuestas que no se pudieron enviar",
        ],
    ),
    (
        "conversations",
        ["Conversations", "Conversas", "Conversaciones"],
    ),
    ("messages", ["Messages", "Mensagens", "Mensajes"]),
    ("open", ["open", "aberta", "abierta"]),
    ("team", ["Team", "Equipe", "Equipo"]),
    ("agent", ["Agent", "Atendente", "Agente"]),
    ("rating", ["Rating", "Avaliação", "Valoración"]),
    ("note", ["note", "anotação", "nota"]),
    ("failed", ["not sent", "não enviada", "no enviado"]),
    (
        "withdrawn",
        [
            "deleted by the sender",
            "apagada por quem a enviou",
            "eliminado por quien lo envió",
        ],
    ),
    (
        "first",
        ["First version", "Primeira versão", "Primera versión"],
    ),
    ("customer", ["Customer", "Cliente", "Cliente"]),
    (
        "bot",
        [
            "Automatic reply",
            "Resposta automática",
            "Respuesta automática",
        ],
    ),
    (
        "phone",
        [
            "The shop, by phone",
            "A loja, pelo celular",
            "La tienda, por teléfono",
        ],
    ),
];

/// The words in one language.
pub(super) struct PageTexts {
    language: usize,
    pub(super) customer: &'static str,
    pub(super) agent: &'static str,
    pub(super) bot: &'static str,
    pub(super) phone: &'static str,
    pub(super) unread: &'static str,
    pub(super) unsent: &'static str,
    pub(super) dead: &'static str,
}

impl PageTexts {
    pub(super) fn of(locale: Locale) -> Self {
        let language = match locale {
            Locale::En => 0,
            Locale::PtBr => 1,
            Locale::Es => 2,
        };
        let text = |wanted: &str| {
            let found = TEXTS.iter().find(|(name, _)| *name == wanted);
            found
                .and_then(|(_, texts)| texts.get(language))
                .copied()
                .unwrap_or_default()
        };
        Self {
            language,
            customer: text("customer"),
            agent: text("agent"),
            bot: text("bot"),
            phone: text("phone"),
            unread: text("unread"),
            unsent: text("unsent"),
            dead: text("dead"),
        }
    }

    /// By name, for the template.
    pub(super) fn all(&self) -> BTreeMap<&'static str, &'static str> {
        let text =
            |texts: &[&'static str; 3]| texts.get(self.language).copied().unwrap_or_default();
        TEXTS
            .iter()
            .map(|(name, texts)| (*name, text(texts)))
            .collect()
    }
}
