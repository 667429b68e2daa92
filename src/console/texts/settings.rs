//! The words of the settings: agents, saved replies, API tokens, and the log of what owners did.

use super::texts;

texts! {
    /// See the file.
    SettingsTexts {
        parts: ["Parts of the settings", "Partes dos ajustes", "Partes de los ajustes"],
        agents: ["Agents", "Atendentes", "Agentes"],
        replies: ["Saved replies", "Respostas salvas", "Respuestas guardadas"],
        tokens: ["API tokens", "Tokens de API", "Tokens de API"],
        health: ["Health", "Saúde", "Estado"],
        log: ["Log", "Registro", "Registro"],
        add_agent: ["Add an agent", "Adicionar atendente", "Añadir agente"],
        name: ["Name", "Nome", "Nombre"],
        name_hint: ["small letters, digits, - _ .", "letras minúsculas, números, - _ .", "minúsculas, números, - _ ."],
        role: ["Role", "Função", "Función"],
        owner: ["owner", "dono", "dueño"],
        attendant: ["attendant", "atendente", "atención"],
        owner_about: [
            "Owners may do everything. Attendants see the line, the chats and the history.",
            "Donos podem fazer tudo. Atendentes veem a fila, as conversas e o histórico.",
            "Los dueños pueden hacer todo. Atención ve la fila, los chats y el historial."
        ],
        teams: ["Takes from", "Atende as filas", "Atiende las filas"],
        sessions: ["Sessions", "Sessões", "Sesiones"],
        none_is_all: ["None chosen: all of them.", "Nenhuma escolhida: todas.", "Ninguna elegida: todas."],
        all_lines: ["all lines", "todas as filas", "todas las filas"],
        all_sessions: ["all sessions", "todas as sessões", "todas las sesiones"],
        max_chats: ["Conversations at once, at most", "Conversas ao mesmo tempo, no máximo", "Conversaciones a la vez, como máximo"],
        at_most: ["at most {}", "no máximo {}", "como máximo {}"],
        holds: ["has {} now", "tem {} agora", "tiene {} ahora"],
        is_online: ["online", "on-line", "en línea"],
        last_seen: ["last seen", "visto há", "visto hace"],
        never_seen: ["never here yet", "ainda não entrou", "aún no ha entrado"],
        is_off: ["off", "desativado", "desactivado"],
        no_password: ["no password yet", "ainda sem senha", "aún sin contraseña"],
        add: ["Add", "Adicionar", "Añadir"],
        new_link: ["New link", "Novo link", "Enlace nuevo"],
        new_link_confirm: [
            "{} gets a new link to set a password. The old password stops working, and {} is logged out everywhere.",
            "{} recebe um novo link para definir a senha. A senha antiga deixa de valer, e {} sai de todos os lugares.",
            "{} recibe un enlace nuevo para definir la contraseña. La anterior deja de valer, y {} sale de todas partes."
        ],
        link_once: [
            "Give this link to {}. It works once, within 24 hours, and is shown only now.",
            "Dê este link a {}. Ele funciona uma vez, em até 24 horas, e só aparece agora.",
            "Da este enlace a {}. Funciona una vez, dentro de 24 horas, y solo se muestra ahora."
        ],
        switch_off: ["Switch off", "Desativar", "Desactivar"],
        switch_off_confirm: [
            "{} is logged out at once, and their API tokens end. Their customers go back to the line.",
            "{} sai na hora, e seus tokens de API terminam. Seus clientes voltam para a fila.",
            "{} sale enseguida, y sus tokens de API terminan. Sus clientes vuelven a la fila."
        ],
        switch_on: ["Back in service", "Reativar", "Reactivar"],
        added: ["{} was added.", "{} foi adicionado.", "{} fue añadido."],
        back: ["{} is back in service.", "{} foi reativado.", "{} fue reactivado."],
        off_now: ["{} is off.", "{} foi desativado.", "{} fue desactivado."],
        changed: ["{} was changed.", "{} foi alterado.", "{} fue cambiado."],
        same: ["Nothing was different.", "Nada mudou.", "Nada cambió."],
        agent_name_wrong: [
            "A name has 1 to 32 small letters without accents, digits, - _ or .",
            "Um nome tem de 1 a 32 letras minúsculas sem acento, números, - _ ou .",
            "Un nombre tiene de 1 a 32 minúsculas sin acento, números, - _ o ."
        ],
        owner_stays: [
            "This agent is always an owner, so that somebody can steer the line.",
            "Este atendente é sempre dono, para que alguém possa cuidar da fila.",
            "Este agente es siempre dueño, para que alguien pueda dirigir la fila."
        ],
        oneself: [
            "You would lock yourself out. Another owner can do this.",
            "Você ficaria de fora. Outro dono pode fazer isso.",
            "Te quedarías fuera. Otro dueño puede hacerlo."
        ],
        team_wrong: ["This is no name of a team.", "Isto não é um nome de equipe.", "Esto no es un nombre de equipo."],
        max_chats_wrong: ["Write a number from 1 to 1000.", "Escreva um número de 1 a 1000.", "Escribe un número del 1 al 1000."],
        replies_about: [
            "Everybody finds these in a chat with a slash and the beginning of the name.",
            "Todos as encontram na conversa com uma barra e o começo do nome.",
            "Todos las encuentran en el chat con una barra y el comienzo del nombre."
        ],
        no_replies: ["There are no saved replies yet.", "Ainda não há respostas salvas.", "Aún no hay respuestas guardadas."],
        add_reply: ["Add a reply", "Adicionar resposta", "Añadir respuesta"],
        reply_text: ["Text", "Texto", "Texto"],
        delete_reply_confirm: ["Delete the reply {}?", "Excluir a resposta {}?", "¿Eliminar la respuesta {}?"],
        reply_name_wrong: [
            "A name has 1 to 40 characters in one line and no slash in front.",
            "Um nome tem de 1 a 40 caracteres em uma linha e não começa com barra.",
            "Un nombre tiene de 1 a 40 caracteres en una línea y no empieza con barra."
        ],
        reply_text_wrong: ["A text has 1 to 4096 characters.", "Um texto tem de 1 a 4096 caracteres.", "Un texto tiene de 1 a 4096 caracteres."],
        replies_many: ["There are 200 replies already: delete some first.", "Já há 200 respostas: exclua algumas antes.", "Ya hay 200 respuestas: elimina algunas antes."],
        reply_missing: ["There is no reply with this name.", "Não há resposta com este nome.", "No hay respuesta con este nombre."],
        reply_taken: ["There is another reply with this name.", "Já existe outra resposta com este nome.", "Ya existe otra respuesta con este nombre."],
        of_agent: ["Agent", "Atendente", "Agente"],
        saved: ["Saved.", "Salvo.", "Guardado."],
        deleted: ["Deleted.", "Excluído.", "Eliminado."],
    }
}
