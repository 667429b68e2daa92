//! The words for one customer's data as a whole.

use super::texts;

texts! {
    /// See the file.
    PersonTexts {
        title: ["Personal data", "Dados pessoais", "Datos personales"],
        export: ["Export", "Exportar", "Exportar"],
        erase: ["Erase", "Apagar", "Borrar"],
        erase_confirm: [
            "This erases everything that we keep of this customer, in all sessions, and can't be undone. WAHA and the phones keep their own copies. Type the number to confirm: {}",
            "Isto apaga tudo o que guardamos deste cliente, em todas as sessões, e não pode ser desfeito. O WAHA e os celulares mantêm suas próprias cópias. Digite o número para confirmar: {}",
            "Esto borra todo lo que guardamos de este cliente, en todas las sesiones, y no se puede deshacer. WAHA y los teléfonos conservan sus propias copias. Escribe el número para confirmar: {}"
        ],
        other_number: [
            "This is not the number of this chat. Nothing was erased.",
            "Este não é o número desta conversa. Nada foi apagado.",
            "Este no es el número de este chat. No se borró nada."
        ],
        erased: ["Everything that we kept is erased.", "Tudo o que guardávamos foi apagado.", "Todo lo que guardábamos fue borrado."],
        erased_soon: [
            "It is erased from Redis. The history is erased as soon as it can be written.",
            "Foi apagado do Redis. O histórico será apagado assim que puder ser gravado.",
            "Se borró de Redis. El historial se borrará en cuanto se pueda escribir."
        ],
        unknown: ["Nothing is known of this person.", "Nada se sabe desta pessoa.", "No se sabe nada de esta persona."],
        sending: [
            "A message to this customer is just being sent. Nothing is erased yet: try again in a minute.",
            "Uma mensagem para este cliente está sendo enviada. Nada foi apagado ainda: tente de novo em um minuto.",
            "Se está enviando un mensaje a este cliente. Aún no se borró nada: inténtalo en un minuto."
        ],
        copies: [
            "WAHA and the phones keep their own copies.",
            "O WAHA e os celulares mantêm suas próprias cópias.",
            "WAHA y los teléfonos conservan sus propias copias."
        ],
    }
}
