//! The words of the history.

use super::texts;

texts! {
    /// See the file.
    HistoryTexts {
        words: ["Words", "Palavras", "Palabras"],
        words_hint: ["Words of a message", "Palavras de uma mensagem", "Palabras de un mensaje"],
        what: ["Look for", "Procurar", "Buscar"],
        messages: ["Messages", "Mensagens", "Mensajes"],
        conversations: ["Conversations", "Conversas", "Conversaciones"],
        filters: ["Filters", "Filtros", "Filtros"],
        number: ["Number", "Número", "Número"],
        name: ["Name", "Nome", "Nombre"],
        since: ["From", "De", "Desde"],
        until: ["To", "Até", "Hasta"],
        outcome: ["Outcome", "Como terminou", "Cómo terminó"],
        author: ["Written by", "Escrita por", "Escrito por"],
        anybody: ["anybody", "qualquer pessoa", "cualquiera"],
        customer: ["customer", "cliente", "cliente"],
        any_agent: ["any agent", "qualquer atendente", "cualquier agente"],
        none_found: ["Nothing found.", "Nada encontrado.", "No se encontró nada."],
        none_yet: ["Nothing among the newest messages.", "Nada entre as mensagens mais recentes.", "Nada entre los mensajes más recientes."],
        look_back: ["Look further back", "Procurar mais atrás", "Buscar más atrás"],
        download: ["Download", "Baixar", "Descargar"],
        csv: ["Conversations as CSV", "Conversas em CSV", "Conversaciones en CSV"],
        jsonl: ["JSONL", "JSONL", "JSONL"],
        print: ["Print", "Imprimir", "Imprimir"],
        only_newest: [
            "These are the newest {}. To have all, search for less or download them.",
            "Estes são os {} mais recentes. Para ter todos, refine a busca ou baixe o arquivo.",
            "Estos son los {} más recientes. Para tener todos, afina la búsqueda o descárgalos."
        ],
        bad_number: [
            "{} is not a number. Write it with the country code, like +55 11 90000-0001.",
            "{} não é um número. Escreva com o código do país, como +55 11 90000-0001.",
            "{} no es un número. Escríbelo con el código del país, como +55 11 90000-0001."
        ],
        bad_time: [
            "{} is not a date. Write it like 2026-11-22.",
            "{} não é uma data. Escreva como 2026-11-22.",
            "{} no es una fecha. Escríbela como 2026-11-22."
        ],
        bad_place: [
            "The list can't be continued from here. Search again.",
            "A lista não pode continuar daqui. Busque de novo.",
            "La lista no puede continuar desde aquí. Busca de nuevo."
        ],
        time: ["Time", "Hora", "Hora"],
        of_customer: ["Customer", "Cliente", "Cliente"],
        message: ["Message", "Mensagem", "Mensaje"],
        waited: ["waited {}", "esperou {}", "esperó {}"],
        handled: ["took {}", "durou {}", "duró {}"],
        rated: ["rated {} of 5", "nota {} de 5", "calificada {} de 5"],
        open_now: ["open", "aberta", "abierta"],
        old_messages: ["These are older messages.", "Estas são mensagens antigas.", "Estos son mensajes antiguos."],
        newer: ["Newer messages", "Mensagens seguintes", "Mensajes siguientes"],
    }
}
