//! The built-in messages to the owner about a session, in each language.

use jiff::civil::DateTime;

use crate::flow::words::locale::Locale;
use crate::ids::SessionName;

/// A message to the owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerText<'a> {
    /// A session can neither send nor receive.
    Stopped {
        /// The session.
        session: &'a SessionName,
        /// Its status, as WAHA names it.
        status: &'a str,
    },
    /// WhatsApp does not let the session start new chats.
    Timelock {
        /// The session.
        session: &'a SessionName,
        /// Until when, if known.
        until: Option<DateTime>,
    },
    /// The session is at or near WhatsApp's limit for new chats.
    Capping {
        /// The session.
        session: &'a SessionName,
        /// How near, as WAHA names it.
        level: &'a str,
        /// When the limit resets, if known.
        until: Option<DateTime>,
    },
    /// The bot leaves a chat alone.
    LeftAlone {
        /// The customer's name and number.
        customer: &'a str,
        /// The limit that the chat reached, as `[limits]` in a flow names it.
        limit: &'a str,
        /// That limit.
        count: u64,
        /// Until when, if known.
        until: Option<DateTime>,
        /// The word with which the owner gives the chat back to the bot, if there is one.
        phone_end: Option<&'a str>,
    },
}

impl OwnerText<'_> {
    /// The text in this language.
    pub fn words(&self, locale: Locale) -> String {
        let [en, pt_br, es] = match *self {
            OwnerText::Stopped { session, status } => stopped(session, status),
            OwnerText::Timelock { session, until } => {
                let [en, pt_br, es] = dates(until, ["until", "até", "hasta el"]);
                [
                    format!(
                        "WhatsApp does not let the session {session} start new chats{en}. Customers who write still get answers."
                    ),
                    format!(
                        "O WhatsApp não permite que a sessão {session} inicie novas conversas{pt_br}. Quem escrever continua sendo atendido normalmente."
                    ),
                    format!(
                        "WhatsApp no permite que la sesión {session} inicie chats nuevos{es}. Los clientes que escriban reciben respuesta como siempre."
                    ),
                ]
            }
            OwnerText::Capping {
                session,
                level,
                until,
            } => {
                let [en, pt_br, es] =
                    dates(until, ["; it resets on", "; renova em", "; se renueva el"]);
                [
                    format!(
                        "The session {session} is at or near WhatsApp's limit for new chats ({level}){en}. Customers who write still get answers."
                    ),
                    format!(
                        "A sessão {session} atingiu, ou está quase atingindo, o limite de novas conversas do WhatsApp ({level}){pt_br}. Quem escrever continua sendo atendido normalmente."
                    ),
                    format!(
                        "La sesión {session} alcanzó, o está por alcanzar, el límite de chats nuevos de WhatsApp ({level}){es}. Los clientes que escriban reciben respuesta como siempre."
                    ),
                ]
            }
            OwnerText::LeftAlone {
                customer,
                limit,
                count,
                until,
                phone_end,
            } => left_alone(customer, limit, count, until, phone_end),
        };
        match locale {
            Locale::En => en,
            Locale::PtBr => pt_br,
            Locale::Es => es,
        }
    }
}

fn stopped(session: &SessionName, status: &str) -> [String; 3] {
    let [en, pt_br, es] = match status {
        "SCAN_QR_CODE" | "PASSKEY_REQUIRED" | "PASSKEY_CONFIRMATION_REQUIRED" => [
            "Pair the phone again in WAHA's dashboard.",
            "Conecte o celular de novo no painel do WAHA.",
            "Vuelva a vincular el teléfono en el panel de WAHA.",
        ],
        "FAILED" => [
            "Restart it in WAHA's dashboard. If that doesn't help, log out there and pair the phone again.",
            "Reinicie a sessão no painel do WAHA. Se não resolver, faça logout por lá e conecte o celular de novo.",
            "Reiníciela en el panel de WAHA. Si no se soluciona, cierre la sesión (logout) y vuelva a vincular el teléfono.",
        ],
        "STOPPED" => [
            "Start it in WAHA's dashboard.",
            "Inicie a sessão no painel do WAHA.",
            "Iníciela en el panel de WAHA.",
        ],
        "NOT_FOUND" => [
            "WAHA doesn't have it any more: create it in WAHA's dashboard, with the same name, and pair the phone.",
            "Ela não existe mais no WAHA: crie a sessão no painel do WAHA, com o mesmo nome, e conecte o celular.",
            "Ya no existe en WAHA: créela en el panel de WAHA, con el mismo nombre, y vincule el teléfono.",
        ],
        _ => [
            "Check it in WAHA's dashboard: it may need a restart.",
            "Verifique no painel do WAHA: talvez seja preciso reiniciar a sessão.",
            "Revísela en el panel de WAHA: quizás haya que reiniciarla.",
        ],
    };
    [
        format!(
            "The session {session} has stopped ({status}), so customers get no answers. {en} Everything then resumes automatically."
        ),
        format!(
            "A sessão {session} parou ({status}) e os clientes não estão sendo atendidos. {pt_br} Depois disso, tudo volta a funcionar sozinho."
        ),
        format!(
            "La sesión {session} se detuvo ({status}) y los clientes no reciben respuesta. {es} Después, todo se reanuda automáticamente."
        ),
    ]
}

fn left_alone(
    customer: &str,
    limit: &str,
    count: u64,
    until: Option<DateTime>,
    phone_end: Option<&str>,
) -> [String; 3] {
    let [en, pt_br, es] = match limit {
        "conversations_per_hour" => [
            format!("{customer} has opened {count} conversations within an hour."),
            format!("{customer} abriu {count} atendimentos em uma hora."),
            format!("{customer} abrió {count} conversaciones en una hora."),
        ],
        "replies_per_hour" => [
            format!("{customer} has got {count} replies within an hour."),
            format!("{customer} recebeu {count} respostas em uma hora."),
            format!("{customer} recibió {count} respuestas en una hora."),
        ],
        _ => [
            format!("{customer} answers like another bot."),
            format!("{customer} responde como se fosse outro robô."),
            format!("{customer} responde como si fuera otro bot."),
        ],
    };
    let [en_until, pt_br_until, es_until] = dates(until, ["until", "até", "hasta el"]);
    let [en_word, pt_br_word, es_word] = phone_end.map_or_else(<[String; 3]>::default, |word| {
        [
            format!(", or write {word} there and the bot answers again"),
            format!(", ou escreva {word} nela para o robô voltar a responder"),
            format!(", o escriba {word} en él para que el bot vuelva a responder"),
        ]
    });
    [
        format!(
            "{en} The bot does not answer in this chat{en_until}. If it's a person, reply in their chat, from your phone{en_word}. If it's another company's bot, block it on your phone."
        ),
        format!(
            "{pt_br} O robô não responde nessa conversa{pt_br_until}. Se for uma pessoa, responda na conversa, pelo seu celular{pt_br_word}. Se for o robô de outra empresa, bloqueie o contato no celular."
        ),
        format!(
            "{es} El bot no responde en ese chat{es_until}. Si es una persona, responda en el chat, desde su teléfono{es_word}. Si es el bot de otra empresa, bloquee el contacto en su teléfono."
        ),
    ]
}

/// The date with these words before it, in each language; empty if there is no date.
fn dates(until: Option<DateTime>, words: [&str; 3]) -> [String; 3] {
    let formats = ["%Y-%m-%d %H:%M", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M"];
    let mut place = 0;
    words.map(|word| {
        let format = formats[place];
        place += 1;
        let Some(until) = until else {
            return String::new();
        };
        let space = if word.starts_with(';') { "" } else { " " };
        format!("{space}{word} {}", until.strftime(format))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_reads_what_happened_and_what_to_do_in_each_language() {
        let until = Some(jiff::civil::date(2026, 11, 24).at(9, 5, 0, 0));
        let shop = SessionName::stored("shop");
        for locale in Locale::ALL {
            for status in ["FAILED", "STOPPED", "SCAN_QR_CODE", "STARTING", "NEW"] {
                let text = OwnerText::Stopped {
                    session: &shop,
                    status,
                };
                let words = text.words(locale);
                assert!(words.contains("shop") && words.contains(status), "{words}");
            }
            let timelock = OwnerText::Timelock {
                session: &shop,
                until,
            };
            assert!(timelock.words(locale).contains("09:05"));
            let capping = OwnerText::Capping {
                session: &shop,
                level: "CAPPED",
                until: None,
            };
            assert!(capping.words(locale).contains("(CAPPED)."));
        }
        for (limit, part) in [
            ("machine_answers", "answers like another bot"),
            ("conversations_per_hour", "20 conversations within an hour"),
            ("replies_per_hour", "20 replies within an hour"),
        ] {
            let text = OwnerText::LeftAlone {
                customer: "Ana (+5511999990000)",
                limit,
                count: 20,
                until,
                phone_end: Some("#fim"),
            };
            let words = text.words(Locale::En);
            assert!(words.contains(part), "{words}");
            for locale in Locale::ALL {
                let words = text.words(locale);
                for part in ["Ana (+5511999990000)", "09:05", "#fim"] {
                    assert!(words.contains(part), "{words}");
                }
            }
        }
        let left_alone = OwnerText::LeftAlone {
            customer: "Ana (+5511999990000)",
            limit: "machine_answers",
            count: 6,
            until,
            phone_end: None,
        };
        assert_eq!(
            left_alone.words(Locale::PtBr),
            "Ana (+5511999990000) responde como se fosse outro robô. O robô não responde nessa conversa até 24/11/2026 \
             09:05. Se for uma pessoa, responda na conversa, pelo seu celular. Se for o robô de outra empresa, bloqueie o \
             contato no celular."
        );
        let timelock = OwnerText::Timelock {
            session: &SessionName::stored("loja"),
            until,
        };
        assert_eq!(
            timelock.words(Locale::PtBr),
            "O WhatsApp não permite que a sessão loja inicie novas conversas até 24/11/2026 09:05. Quem escrever continua \
             sendo atendido normalmente."
        );
    }
}
