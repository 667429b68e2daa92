//! The words of the page of replies that were given up.

use super::texts;

texts! {
    /// See the file.
    DeadTexts {
        title: ["Messages that were not sent", "Mensagens que não foram enviadas", "Mensajes que no se enviaron"],
        about: [
            "These stay here until somebody sends them again or deletes them.",
            "Ficam aqui até alguém enviar de novo ou excluir.",
            "Se quedan aquí hasta que alguien los envíe de nuevo o los elimine."
        ],
        none: ["Every message was sent.", "Todas as mensagens foram enviadas.", "Todos los mensajes se enviaron."],
        time: ["Given up", "Desistimos em", "Se desistió"],
        by: ["by {}", "de {}", "de {}"],
        file: ["with the file {}", "com o arquivo {}", "con el archivo {}"],
        exact: ["Exact reason", "Motivo exato", "Motivo exacto"],
        retry: ["Send again", "Enviar de novo", "Enviar de nuevo"],
        drop: ["Delete", "Excluir", "Eliminar"],
        drop_confirm: [
            "The customer never gets this message. The history keeps it. Delete it?",
            "O cliente nunca receberá esta mensagem. O histórico a guarda. Excluir?",
            "El cliente nunca recibirá este mensaje. El historial lo guarda. ¿Eliminarlo?"
        ],
        retry_all: ["Send all again", "Enviar todas de novo", "Enviar todos de nuevo"],
        retry_all_confirm: [
            "{} messages go out now, perhaps long after they were written. Send them?",
            "{} mensagens saem agora, talvez muito depois de escritas. Enviar?",
            "{} mensajes salen ahora, quizá mucho después de escritos. ¿Enviarlos?"
        ],
        drop_all: ["Delete all", "Excluir todas", "Eliminar todos"],
        drop_all_confirm: [
            "The customers never get these {} messages. The history keeps them. Delete them?",
            "Os clientes nunca receberão estas {} mensagens. O histórico as guarda. Excluir?",
            "Los clientes nunca recibirán estos {} mensajes. El historial los guarda. ¿Eliminarlos?"
        ],
        next: ["Next page", "Próxima página", "Página siguiente"],
        first: ["First page", "Primeira página", "Primera página"],
        count: ["{} in all", "{} no total", "{} en total"],
        retried: ["{} will be sent again.", "{} serão enviadas de novo.", "{} se enviarán de nuevo."],
        retried_some: [
            "{} will be sent again. {} can't be read by this version and stay.",
            "{} serão enviadas de novo. {} não podem ser lidas por esta versão e ficam.",
            "{} se enviarán de nuevo. {} no se pueden leer con esta versión y se quedan."
        ],
        dropped: ["{} deleted.", "{} excluídas.", "{} eliminados."],
        gone: ["It is not in the list any more.", "Já não está na lista.", "Ya no está en la lista."],
        refused: ["WhatsApp refused it. Is the number right?", "O WhatsApp recusou. O número está certo?", "WhatsApp lo rechazó. ¿El número es correcto?"],
        too_late: ["It could not be sent for a whole day.", "Não pôde ser enviada por um dia inteiro.", "No se pudo enviar durante un día entero."],
        perhaps_sent: [
            "Perhaps the customer has it: look at the chat on the phone first.",
            "Talvez o cliente já a tenha: olhe antes a conversa no celular.",
            "Quizá el cliente ya lo tiene: mira antes el chat en el teléfono."
        ],
        its_file: ["Its file is missing or can't be read.", "O arquivo não existe ou não pode ser lido.", "Falta su archivo o no se puede leer."],
        unreadable: ["This version can't read it.", "Esta versão não consegue ler.", "Esta versión no puede leerlo."],
        other: ["It could not be sent.", "Não pôde ser enviada.", "No se pudo enviar."],
    }
}
