//! The words of the page of the sessions.

use super::texts;

texts! {
    /// See the file.
    SessionTexts {
        title: ["Sessions", "Sessões", "Sesiones"],
        none: ["WAHA has no session yet. Create one in WAHA.", "O WAHA ainda não tem sessão. Crie uma no WAHA.", "WAHA todavía no tiene sesiones. Crea una en WAHA."],
        waha_failed: ["WAHA could not be asked: {}", "Não foi possível perguntar ao WAHA: {}", "No se pudo consultar a WAHA: {}"],
        since: ["since", "há", "desde hace"],
        account: ["Number", "Número", "Número"],
        last_heard: ["Last message from a customer", "Última mensagem de um cliente", "Último mensaje de un cliente"],
        nothing_heard: ["none in the last 7 days", "nenhuma nos últimos 7 dias", "ninguno en los últimos 7 días"],
        waha_says: ["WAHA's word for it", "Como o WAHA chama isso", "Cómo lo llama WAHA"],

        works: ["Connected", "Conectado", "Conectado"],
        quiet_do: [
            "No customer has written for a long time. If customers do write and nothing arrives here, restart the session.",
            "Nenhum cliente escreve há muito tempo. Se clientes escrevem e nada chega aqui, reinicie a sessão.",
            "Ningún cliente ha escrito desde hace mucho. Si los clientes escriben y aquí no llega nada, reinicia la sesión."
        ],
        connects: ["Connecting to WhatsApp", "Conectando ao WhatsApp", "Conectando a WhatsApp"],
        connects_do: ["This takes a minute at most.", "Isso leva no máximo um minuto.", "Tarda un minuto como máximo."],
        does_not_connect_do: [
            "This takes too long. Check that WAHA's computer is on the internet, then restart the session.",
            "Está demorando demais. Veja se o computador do WAHA está na internet e reinicie a sessão.",
            "Está tardando demasiado. Comprueba que el equipo de WAHA tenga internet y reinicia la sesión."
        ],
        stuck: ["Stuck after the scan", "Parado depois da leitura do código", "Atascado después de escanear"],
        stuck_do: [
            "The phone has scanned the code, but WhatsApp does not finish. Restart the session. If it happens again, remove old devices on the phone (Linked devices), log out here and pair again.",
            "O celular leu o código, mas o WhatsApp não terminou. Reinicie a sessão. Se acontecer de novo, remova aparelhos antigos no celular (Dispositivos conectados), saia aqui e conecte de novo.",
            "El teléfono escaneó el código, pero WhatsApp no termina. Reinicia la sesión. Si vuelve a pasar, elimina dispositivos antiguos en el teléfono (Dispositivos vinculados), cierra la sesión aquí y vincúlala de nuevo."
        ],
        waits: ["Waits for a phone", "Esperando um celular", "Espera un teléfono"],
        waits_do: [
            "Nothing is sent or received until a phone is paired. On this phone: use the code. On a computer: scan the QR code with the phone.",
            "Nada é enviado nem recebido até um celular ser conectado. Neste celular: use o código. No computador: leia o QR code com o celular.",
            "No se envía ni se recibe nada hasta vincular un teléfono. En este teléfono: usa el código. En un ordenador: escanea el código QR con el teléfono."
        ],
        passkey: ["WhatsApp asks for a passkey", "O WhatsApp pede uma chave de acesso", "WhatsApp pide una clave de acceso"],
        passkey_do: [
            "Finish this in WAHA's own dashboard.",
            "Conclua isso no painel do próprio WAHA.",
            "Termínalo en el panel del propio WAHA."
        ],
        failed: ["Logged out or broken", "Desconectado ou com falha", "Desconectado o averiado"],
        failed_do: [
            "The phone has logged this device out, nobody scanned the code in time, or WhatsApp has blocked the number. Restart the session. If it does not connect, log out and pair again.",
            "O celular desconectou este aparelho, ninguém leu o código a tempo ou o WhatsApp bloqueou o número. Reinicie a sessão. Se não conectar, saia e conecte de novo.",
            "El teléfono desconectó este dispositivo, nadie escaneó el código a tiempo o WhatsApp bloqueó el número. Reinicia la sesión. Si no conecta, cierra la sesión y vincúlala de nuevo."
        ],
        stopped: ["Stopped", "Parada", "Detenida"],
        stopped_do: [
            "Somebody stopped it. Nothing is sent or received. Start it to go on; the phone stays paired.",
            "Alguém parou a sessão. Nada é enviado nem recebido. Inicie para continuar; o celular continua conectado.",
            "Alguien la detuvo. No se envía ni se recibe nada. Iníciala para continuar; el teléfono sigue vinculado."
        ],
        missing: ["WAHA does not know it", "O WAHA não conhece", "WAHA no la conoce"],
        missing_do: [
            "This session was deleted in WAHA. Create it there again, with the same name, or ignore it.",
            "Esta sessão foi excluída no WAHA. Crie de novo lá, com o mesmo nome, ou ignore.",
            "Esta sesión se eliminó en WAHA. Créala allí de nuevo, con el mismo nombre, o ignórala."
        ],
        unknown: ["Unknown while WAHA does not answer", "Desconhecido enquanto o WAHA não responde", "Desconocido mientras WAHA no responde"],
        other: ["Not connected", "Não conectado", "No conectado"],
        other_do: [
            "This status is new to us. Look into WAHA's own dashboard.",
            "Este status é novo para nós. Veja no painel do próprio WAHA.",
            "Este estado es nuevo para nosotros. Míralo en el panel del propio WAHA."
        ],

        by_code: ["With a code", "Com um código", "Con un código"],
        code_1: [
            "Write the number of the shop's phone here, with its country.",
            "Escreva aqui o número do celular da loja, com o país.",
            "Escribe aquí el número del teléfono de la tienda, con el país."
        ],
        code_2: [
            "On that phone: WhatsApp, Linked devices, Link a device, Link with phone number.",
            "Nesse celular: WhatsApp, Dispositivos conectados, Conectar dispositivo, Conectar com número de telefone.",
            "En ese teléfono: WhatsApp, Dispositivos vinculados, Vincular dispositivo, Vincular con número de teléfono."
        ],
        code_3: ["Type the code there.", "Digite o código lá.", "Escribe allí el código."],
        phone: ["Phone number", "Número do celular", "Número de teléfono"],
        get_code: ["Get the code", "Gerar o código", "Obtener el código"],
        code: ["Code", "Código", "Código"],
        by_qr: ["With the QR code", "Com o QR code", "Con el código QR"],
        qr: ["QR code to scan with the phone", "QR code para ler com o celular", "Código QR para escanear con el teléfono"],
        qr_changes: ["It changes often; this page shows the new one by itself.", "Ele muda com frequência; esta página mostra o novo sozinha.", "Cambia a menudo; esta página muestra el nuevo por sí sola."],
        qr_comes: ["The next code comes in a moment.", "O próximo código chega em instantes.", "El próximo código llega en un momento."],

        start: ["Start", "Iniciar", "Iniciar"],
        restart: ["Restart", "Reiniciar", "Reiniciar"],
        stop: ["Stop", "Parar", "Detener"],
        logout: ["Log out of WhatsApp", "Sair do WhatsApp", "Cerrar la sesión de WhatsApp"],
        restart_confirm: [
            "Restart {}? Messages wait until it is connected again.",
            "Reiniciar {}? As mensagens esperam até conectar de novo.",
            "¿Reiniciar {}? Los mensajes esperan hasta que vuelva a conectarse."
        ],
        stop_confirm: [
            "Stop {}? No customer is answered until somebody starts it again.",
            "Parar {}? Nenhum cliente é respondido até alguém iniciar de novo.",
            "¿Detener {}? No se responde a ningún cliente hasta que alguien la inicie de nuevo."
        ],
        logout_confirm: [
            "Log {} out of WhatsApp? Somebody must pair it again with the phone. No customer is answered until then.",
            "Sair do WhatsApp em {}? Alguém precisa conectar de novo com o celular. Até lá nenhum cliente é respondido.",
            "¿Cerrar la sesión de WhatsApp de {}? Alguien tiene que vincularla de nuevo con el teléfono. Hasta entonces no se responde a ningún cliente."
        ],
        ordered: ["WAHA is doing it.", "O WAHA está fazendo isso.", "WAHA lo está haciendo."],
        not_a_number: [
            "This is not a phone number with its country: +55 11 90000-0000",
            "Isto não é um número de telefone com o país: +55 11 90000-0000",
            "Esto no es un número de teléfono con el país: +55 11 90000-0000"
        ],
        not_waiting: [
            "The session does not wait for a phone now.",
            "A sessão não está esperando um celular agora.",
            "La sesión no espera un teléfono ahora."
        ],
    }
}
