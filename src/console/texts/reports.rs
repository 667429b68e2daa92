//! The words of the reports.

use super::texts;

texts! {
    /// See the file.
    ReportTexts {
        period: ["Period", "Período", "Período"],
        days: ["{} days", "{} dias", "{} días"],
        show: ["Show", "Mostrar", "Mostrar"],
        csv: ["Download as CSV", "Baixar em CSV", "Descargar en CSV"],
        conversations: ["Conversations", "Conversas", "Conversaciones"],
        abandoned: ["Lost", "Perdidas", "Perdidas"],
        abandoned_long: [
            "The customer left the line, or it was closed before anybody took it.",
            "O cliente saiu da fila, ou foi encerrada antes de alguém assumir.",
            "El cliente salió de la fila, o se cerró antes de que alguien la tomara."
        ],
        handed_off: ["To people", "Para pessoas", "A personas"],
        waiting: ["Wait in line", "Espera na fila", "Espera en la fila"],
        person_waiting: ["Wait for a person", "Espera por uma pessoa", "Espera por una persona"],
        by_bot: ["Attended by the bot", "Atendimento do robô", "Atención del bot"],
        by_people: ["Attended by people", "Atendimento de pessoas", "Atención de personas"],
        rating: ["Rating", "Nota", "Calificación"],
        ratings: ["{} ratings", "{} notas", "{} calificaciones"],
        outcomes: ["How they ended", "Como terminaram", "Cómo terminaron"],
        median: ["half within", "metade em até", "la mitad en hasta"],
        nine_of_ten: ["9 of 10 within", "9 de 10 em até", "9 de 10 en hasta"],
        up_to: ["9 of 10 within {}", "9 de 10 em até {}", "9 de 10 en hasta {}"],
        by_hour: ["By hour of the day", "Por hora do dia", "Por hora del día"],
        by_day: ["By day", "Por dia", "Por día"],
        hour: ["Hour", "Hora", "Hora"],
        day: ["Day", "Dia", "Día"],
        all: ["All", "Total", "Total"],
        chart: [
            "{} bars, from {} to {}. The table below has the same numbers.",
            "{} barras, de {} a {}. A tabela abaixo tem os mesmos números.",
            "{} barras, de {} a {}. La tabla de abajo tiene los mismos números."
        ],
        none: ["No conversation began in this period.", "Nenhuma conversa começou neste período.", "Ninguna conversación empezó en este período."],
        zone: ["Times are those of {}.", "Horários de {}.", "Las horas son las de {}."],
    }
}
