//! The words of every page: the navigation, the state of the system, and what came of an action.

use super::texts;

texts! {
    /// See the file.
    CommonTexts {
        line: ["Line", "Fila", "Fila"],
        chats: ["Chats", "Conversas", "Chats"],
        history: ["History", "Histórico", "Historial"],
        dead: ["Unsent", "Não enviadas", "No enviados"],
        sessions: ["Sessions", "Sessões", "Sesiones"],
        reports: ["Reports", "Relatórios", "Informes"],
        settings: ["Settings", "Ajustes", "Ajustes"],
        log_out: ["Log out", "Sair", "Salir"],
        skip: ["Skip to the content", "Pular para o conteúdo", "Saltar al contenido"],
        pages: ["Pages", "Páginas", "Páginas"],
        sound_on: ["Sound is on", "Som ligado", "Sonido activado"],
        sound_off: ["Turn sound on", "Ligar o som", "Activar el sonido"],
        sound_blocked: ["The browser blocks the sound: click here", "O navegador bloqueia o som: clique aqui", "El navegador bloquea el sonido: haz clic aquí"],
        theme: ["Light or dark", "Claro ou escuro", "Claro u oscuro"],
        online: ["Online: {}", "On-line: {}", "En línea: {}"],
        nobody_online: ["Nobody is online", "Ninguém on-line", "Nadie en línea"],
        needs_count: ["{} need a person", "{} precisam de uma pessoa", "{} necesitan una persona"],
        waiting_count: ["{} in line", "{} na fila", "{} en la fila"],
        oldest_wait: ["longest wait", "maior espera", "mayor espera"],
        workers: ["{} of {} bot seats in use", "{} de {} vagas do robô em uso", "{} de {} puestos del bot en uso"],
        redis_away: [
            "Redis does not answer. Nothing can be done until it is back; the history works.",
            "O Redis não responde. Nada pode ser feito até ele voltar; o histórico funciona.",
            "Redis no responde. No se puede hacer nada hasta que vuelva; el historial funciona."
        ],
        history_away: [
            "The history can't be written now. New messages are safe in Redis and appear here later.",
            "O histórico não pode ser gravado agora. As mensagens novas estão seguras no Redis e aparecem aqui depois.",
            "El historial no se puede escribir ahora. Los mensajes nuevos están a salvo en Redis y aparecerán aquí después."
        ],
        session_down: [
            "{} is not connected to WhatsApp. Nothing is sent or received there.",
            "{} não está conectado ao WhatsApp. Nada é enviado nem recebido ali.",
            "{} no está conectado a WhatsApp. Allí no se envía ni se recibe nada."
        ],
        line_paused: ["The line is paused by {}", "A fila foi pausada por {}", "La fila fue pausada por {}"],
        offline: ["No connection. Trying again…", "Sem conexão. Tentando de novo…", "Sin conexión. Reintentando…"],
        not_found: ["There is nothing here.", "Não há nada aqui.", "Aquí no hay nada."],
        owners_only: ["Only an owner may do this.", "Só um dono pode fazer isso.", "Solo un dueño puede hacer esto."],
        try_again: ["That did not work. Try again.", "Não funcionou. Tente de novo.", "No funcionó. Inténtalo de nuevo."],
        done: ["Done.", "Feito.", "Hecho."],
        cancel: ["Cancel", "Cancelar", "Cancelar"],
        yes: ["Yes", "Sim", "Sí"],
        save: ["Save", "Salvar", "Guardar"],
        delete: ["Delete", "Excluir", "Eliminar"],
        search: ["Search", "Buscar", "Buscar"],
        more: ["Show more", "Mostrar mais", "Mostrar más"],
        all_sessions: ["All sessions", "Todas as sessões", "Todas las sesiones"],
        all_teams: ["All teams", "Todas as equipes", "Todos los equipos"],
        team: ["Team", "Equipe", "Equipo"],
        session: ["Session", "Sessão", "Sesión"],
        bot: ["bot", "robô", "bot"],
        phone: ["phone", "celular", "teléfono"],
        held_by: ["{} has {} since {}", "{} está com {} desde {}", "{} tiene a {} desde las {}"],
        held_by_bot: ["The bot is attending {}.", "O robô está atendendo {}.", "El bot está atendiendo a {}."],
        held_by_phone: ["The owner is answering {} from the phone.", "O dono está respondendo {} pelo celular.", "El dueño está respondiendo a {} desde el teléfono."],
        held_by_nobody: ["{} waits in line: take the conversation first.", "{} está na fila: assuma a conversa primeiro.", "{} está en la fila: toma primero la conversación."],
        changed: ["The conversation has gone on. Look at it, then try again.", "A conversa mudou. Olhe e tente de novo.", "La conversación cambió. Mírala e inténtalo de nuevo."],
        ended: ["This conversation has ended.", "Esta conversa terminou.", "Esta conversación terminó."],
        nobody_waits: ["Nobody waits in your lines.", "Ninguém espera nas suas filas.", "Nadie espera en tus filas."],
        too_many: ["Too many conversations are held already.", "Já há conversas demais em atendimento.", "Ya hay demasiadas conversaciones en atención."],
        paused: ["The line is paused by {}.", "A fila foi pausada por {}.", "La fila fue pausada por {}."],
        agent_gone: ["{} is not at work now.", "{} não está trabalhando agora.", "{} no está trabajando ahora."],
        agent_off: ["{} was switched off.", "{} foi desativado.", "{} fue desactivado."],
        no_agent: ["There is no agent {}.", "Não existe o atendente {}.", "No existe el agente {}."],
        other_session: ["{} does not serve this session.", "{} não atende esta sessão.", "{} no atiende esta sesión."],
        unknown_step: ["The flow has no step {}.", "O fluxo não tem a etapa {}.", "El flujo no tiene el paso {}."],
        unknown_team: ["There is no team {}.", "Não existe a equipe {}.", "No existe el equipo {}."],
        no_words: ["There are no words to send.", "Não há texto para enviar.", "No hay texto para enviar."],
        slow: ["Too many tries. Wait {} s.", "Tentativas demais. Espere {} s.", "Demasiados intentos. Espera {} s."],
    }
}
