//! The words of the log.

use super::texts;

texts! {
    /// See the file.
    LogTexts {
        about: [
            "Logins, erasures, exports, and changes of settings and sessions.",
            "Entradas, exclusões de dados, exportações e mudanças de ajustes e sessões.",
            "Entradas, borrados, exportaciones y cambios de ajustes y sesiones."
        ],
        none: ["Nothing has happened yet.", "Nada aconteceu ainda.", "Aún no ha pasado nada."],
        away: ["The history can't be read now.", "O histórico não pode ser lido agora.", "El historial no se puede leer ahora."],
        next: ["Earlier", "Anteriores", "Anteriores"],
        first: ["Newest", "Mais recentes", "Más recientes"],
        login: ["logged in", "entrou", "entró"],
        login_link: ["logged in with a link", "entrou com um link", "entró con un enlace"],
        login_failed: ["a wrong password was typed", "uma senha errada foi digitada", "se escribió una contraseña incorrecta"],
        erased: ["erased a customer's data", "apagou os dados de um cliente", "borró los datos de un cliente"],
        exported: ["exported data", "exportou dados", "exportó datos"],
        of_customer: ["of a customer", "de um cliente", "de un cliente"],
        conversations: ["conversations", "conversas", "conversaciones"],
        messages: ["messages", "mensagens", "mensajes"],
        printed: ["printed", "impresso", "impreso"],
        session: ["session {}: {}", "sessão {}: {}", "sesión {}: {}"],
        start: ["started", "iniciada", "iniciada"],
        restart: ["restarted", "reiniciada", "reiniciada"],
        stop: ["stopped", "parada", "detenida"],
        log_out: ["logged out", "desconectada", "desconectada"],
        code: ["code to pair a phone", "código para parear um celular", "código para vincular un teléfono"],
        agent: ["agent {}", "atendente {}", "agente {}"],
        token: ["API token of {}", "token de API de {}", "token de API de {}"],
        password: ["password of {}", "senha de {}", "contraseña de {}"],
        reply: ["saved reply {}", "resposta salva {}", "respuesta guardada {}"],
        unsent: ["unsent messages", "mensagens não enviadas", "mensajes no enviados"],
        added: ["added", "adicionado", "añadido"],
        back: ["back in service", "reativado", "reactivado"],
        changed: ["changed", "alterado", "cambiado"],
        off: ["switched off", "desativado", "desactivado"],
        link: ["new link", "novo link", "enlace nuevo"],
        made: ["made", "criado", "creado"],
        revoked: ["revoked", "revogado", "revocado"],
        saved: ["saved", "salvo", "guardado"],
        deleted: ["deleted", "excluído", "eliminado"],
        resent: ["sent again", "enviado de novo", "enviado de nuevo"],
    }
}
