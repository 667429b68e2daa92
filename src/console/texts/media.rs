//! What is said instead of a file that can't be shown.

use super::texts;

texts! {
    /// See the file.
    MediaTexts {
        gone: [
            "WAHA has deleted this file. It keeps files for 180 seconds. To keep them, set WHATSAPP_FILES_LIFETIME=0 in WAHA.",
            "O WAHA já apagou este arquivo. Ele guarda os arquivos por 180 segundos. Para guardá-los, defina WHATSAPP_FILES_LIFETIME=0 no WAHA.",
            "WAHA ya borró este archivo. Guarda los archivos durante 180 segundos. Para conservarlos, define WHATSAPP_FILES_LIFETIME=0 en WAHA."
        ],
        not_downloaded: [
            "WAHA did not download this file from WhatsApp. Look at it on the phone.",
            "O WAHA não baixou este arquivo do WhatsApp. Veja no celular.",
            "WAHA no descargó este archivo de WhatsApp. Míralo en el teléfono."
        ],
        not_here: [
            "This file is not on WAHA. Look at it on the phone.",
            "Este arquivo não está no WAHA. Veja no celular.",
            "Este archivo no está en WAHA. Míralo en el teléfono."
        ],
        too_large: [
            "This file has more than 32 MB. Look at it on the phone.",
            "Este arquivo tem mais de 32 MB. Veja no celular.",
            "Este archivo tiene más de 32 MB. Míralo en el teléfono."
        ],
        waha_failed: [
            "WAHA did not give this file. Try again in a minute.",
            "O WAHA não entregou este arquivo. Tente de novo em um minuto.",
            "WAHA no entregó este archivo. Inténtalo de nuevo en un minuto."
        ],
        busy: [
            "Many files are being loaded. Try again in a few seconds.",
            "Muitos arquivos estão sendo carregados. Tente de novo em alguns segundos.",
            "Se están cargando muchos archivos. Inténtalo de nuevo en unos segundos."
        ],
    }
}
