//! What the owner of a shop reads about it: built in, in every locale.

use jiff::civil::DateTime;

use crate::flow::words::locale::Locale;
use crate::ids::SessionName;

/// Something that the owner must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerText<'a> {
    /// A session can neither send nor hear.
    Stopped {
        /// The session.
        session: &'a SessionName,
        /// WAHA's word for its state.
        status: &'a str,
    },
    /// WhatsApp forbids new chats.
    Timelock {
        /// The session.
        session: &'a SessionName,
        /// Until when, where that is known.
        until: Option<DateTime>,
    },
    /// The quota of new chats is nearly used up, or is.
    Capping {
        /// The session.
        session: &'a SessionName,
        /// WAHA's word for how far.
        level: &'a str,
        /// When it begins anew, where that is known.
        until: Option<DateTime>,
    },
}

impl OwnerText<'_> {
    /// The text in words.
    pub fn words(&self, locale: Locale) -> String {
        let [en, pt_br, es] = match *self {
            OwnerText::Stopped { session, status } => stopped(session, status),
            OwnerText::Timelock { session, until } => {
                let [en, pt_br, es] = dates(until, ["until", "até", "hasta el"]);
                [
                    format!(
                        "WhatsApp forbids the session {session} to begin new chats{en}. Customers who write are answered as usual."
                    ),
                    format!(
                        "O WhatsApp proibiu a sessão {session} de iniciar conversas novas{pt_br}. Quem escreve continua sendo respondido."
                    ),
                    format!(
                        "WhatsApp prohíbe a la sesión {session} iniciar chats nuevos{es}. A quien escribe se le sigue respondiendo."
                    ),
                ]
            }
            OwnerText::Capping {
                session,
                level,
                until,
            } => {
                let [en, pt_br, es] = dates(
                    until,
                    [
                        "; it begins anew on",
                        "; recomeça em",
                        "; empieza de nuevo el",
                    ],
                );
                [
                    format!(
                        "The session {session} has nearly used up WhatsApp's quota of new chats, or has ({level}){en}. Customers who write are answered as usual."
                    ),
                    format!(
                        "A sessão {session} esgotou, ou quase, a cota de conversas novas do WhatsApp ({level}){pt_br}. Quem escreve continua sendo respondido."
                    ),
                    format!(
                        "La sesión {session} ha agotado, o casi, el cupo de chats nuevos de WhatsApp ({level}){es}. A quien escribe se le sigue respondiendo."
                    ),
                ]
            }
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
            "Pair the phone anew in WAHA's dashboard.",
            "Conecte o celular de novo no painel do WAHA.",
            "Vincula de nuevo el teléfono en el panel de WAHA.",
        ],
        "FAILED" => [
            "Restart it in WAHA's dashboard; if that does not help, log out there and pair the phone anew.",
            "Reinicie-a no painel do WAHA; se não resolver, saia (logout) e conecte o celular de novo.",
            "Reiníciala en el panel de WAHA; si no basta, cierra la sesión (logout) y vincula de nuevo el teléfono.",
        ],
        "STOPPED" => [
            "Start it in WAHA's dashboard.",
            "Inicie-a no painel do WAHA.",
            "Iníciala en el panel de WAHA.",
        ],
        _ => [
            "Look at it in WAHA's dashboard: it may have to be restarted.",
            "Veja no painel do WAHA: talvez seja preciso reiniciá-la.",
            "Mírala en el panel de WAHA: quizá haya que reiniciarla.",
        ],
    };
    [
        format!(
            "The session {session} has stopped ({status}): customers are not answered. {en} All goes on by itself afterwards."
        ),
        format!(
            "A sessão {session} parou ({status}): os clientes não estão sendo atendidos. {pt_br} Depois tudo continua sozinho."
        ),
        format!(
            "La sesión {session} se ha detenido ({status}): no se atiende a los clientes. {es} Después todo sigue solo."
        ),
    ]
}

/// The date with a word before it, in each locale; nothing where it is not known.
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
    fn the_owner_reads_what_happened_and_what_to_do_in_every_locale() {
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
        let timelock = OwnerText::Timelock {
            session: &SessionName::stored("loja"),
            until,
        };
        assert_eq!(
            timelock.words(Locale::PtBr),
            "O WhatsApp proibiu a sessão loja de iniciar conversas novas até 24/11/2026 09:05. Quem escreve continua \
             sendo respondido."
        );
    }
}
