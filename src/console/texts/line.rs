//! The words of the line.

use super::texts;

texts! {
    /// See the file.
    LineTexts {
        title: ["Line", "Fila", "Fila"],
        needs_person: ["Needs a person", "Precisa de uma pessoa", "Necesita una persona"],
        mine: ["Mine", "Minhas", "Mías"],
        of_colleague: ["With {}", "Com {}", "Con {}"],
        in_line: ["In line for the bot", "Na fila do robô", "En la fila del bot"],
        attended: ["With the bot", "Com o robô", "Con el bot"],
        on_phone: ["On the owner's phone", "No celular do dono", "En el teléfono del dueño"],
        take_next: ["Take next", "Atender o próximo", "Tomar el siguiente"],
        take: ["Take", "Atender", "Tomar"],
        take_over: ["Take over", "Assumir", "Asumir"],
        urgent: ["urgent", "urgente", "urgente"],
        unanswered: ["unanswered", "sem resposta", "sin respuesta"],
        answered: ["answered", "respondida", "respondida"],
        step: ["step {}", "etapa {}", "paso {}"],
        told: ["told {}", "avisado {}", "avisado {}"],
        until: ["until {}", "até {}", "hasta {}"],
        spoke: ["last: {}", "por último: {}", "último: {}"],
        nobody: ["Nobody waits. Well done.", "Ninguém espera. Muito bem.", "Nadie espera. Muy bien."],
        nobody_long: ["New customers appear here by themselves.", "Novos clientes aparecem aqui sozinhos.", "Los nuevos clientes aparecen aquí solos."],
        resume: ["Resume", "Retomar", "Reanudar"],
        pause_line: ["Pause the line", "Pausar a fila", "Pausar la fila"],
        pause_words: ["What customers who write are told", "O que dizer aos clientes que escrevem", "Qué decir a los clientes que escriben"],
        pause_confirm: ["Nobody new is called until you resume. Everybody sees it.", "Ninguém novo é chamado até você retomar. Todos veem isso.", "No se llama a nadie nuevo hasta que reanudes. Todos lo ven."],
        more_rows: ["{} more", "mais {}", "{} más"],
        move_first: ["Move to the front", "Mover para a frente", "Mover al frente"],
        move_urgent: ["Make urgent", "Marcar como urgente", "Marcar como urgente"],
        move_last: ["Move to the end", "Mover para o fim", "Mover al final"],
        move_confirm: ["The history says that you did this.", "O histórico registra que foi você.", "El historial registra que fuiste tú."],
    }
}
