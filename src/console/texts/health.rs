//! The words of the checkup: what was found, and what to do about it.

use super::texts;

texts! {
    /// See the file.
    HealthTexts {
        good: ["works", "funciona", "funciona"],
        notice: ["look at this", "veja isto", "mira esto"],
        problem: ["does not work", "não funciona", "no funciona"],
        all_good: ["Everything works.", "Tudo funciona.", "Todo funciona."],
        version: ["Version {}", "Versão {}", "Versión {}"],
        redis: ["Redis", "Redis", "Redis"],
        redis_works: ["It takes writes.", "Aceita gravações.", "Acepta escrituras."],
        redis_fails: [
            "Nobody can be served until it is back. Is it running, has its machine memory and disk left, and is REDIS_URL right?",
            "Ninguém é atendido até ele voltar. Ele está rodando, a máquina tem memória e disco livres, e REDIS_URL está certo?",
            "No se atiende a nadie hasta que vuelva. ¿Está en marcha, le queda memoria y disco a la máquina, y REDIS_URL es correcto?"
        ],
        workers: ["The bot", "O robô", "El bot"],
        workers_work: [
            "Processes: {}. Customers at once: {}.",
            "Processos: {}. Clientes ao mesmo tempo: {}.",
            "Procesos: {}. Clientes a la vez: {}."
        ],
        no_workers: [
            "No process attends customers: start `waha-sm all` or `waha-sm work`. People can still take customers here.",
            "Nenhum processo atende clientes: inicie `waha-sm all` ou `waha-sm work`. Pessoas ainda podem atender por aqui.",
            "Ningún proceso atiende clientes: inicia `waha-sm all` o `waha-sm work`. Las personas aún pueden atender aquí."
        ],
        waha: ["WAHA", "WAHA", "WAHA"],
        waha_works: ["It answers and accepts our key.", "Responde e aceita a nossa chave.", "Responde y acepta nuestra clave."],
        waha_unknown: [
            "No process that sends has reported yet. Wait half a minute.",
            "Nenhum processo que envia informou ainda. Espere meio minuto.",
            "Ningún proceso que envía ha informado aún. Espera medio minuto."
        ],
        waha_fails: [
            "Nothing is sent, and nothing is lost: replies wait. Is WAHA running, and are WAHA_URL and WAHA_API_KEY the same as there?",
            "Nada é enviado e nada se perde: as respostas esperam. O WAHA está rodando, e WAHA_URL e WAHA_API_KEY são os mesmos de lá?",
            "No se envía nada y nada se pierde: las respuestas esperan. ¿WAHA está en marcha, y WAHA_URL y WAHA_API_KEY son los mismos que allí?"
        ],
        session: ["Session {}", "Sessão {}", "Sesión {}"],
        session_works: ["It can send and receive.", "Pode enviar e receber.", "Puede enviar y recibir."],
        session_down: [
            "It can't send or receive. Look at it on the page of the sessions: perhaps its phone must be paired again.",
            "Não pode enviar nem receber. Veja a página das sessões: talvez seja preciso parear o celular de novo.",
            "No puede enviar ni recibir. Míralo en la página de las sesiones: quizá hay que vincular el teléfono de nuevo."
        ],
        session_says: ["WAHA says {} since {}.", "O WAHA diz {} desde {}.", "WAHA dice {} desde {}."],
        line: ["Line of {}", "Fila de {}", "Fila de {}"],
        line_of_team: ["Line of {}, team {}", "Fila de {}, equipe {}", "Fila de {}, equipo {}"],
        line_paused: [
            "{} paused it at {}. Nobody new is called until somebody resumes it on the page of the line.",
            "{} pausou às {}. Ninguém novo é chamado até alguém retomar na página da fila.",
            "{} la pausó a las {}. No se llama a nadie nuevo hasta que alguien la reanude en la página de la fila."
        ],
        history: ["History", "Histórico", "Historial"],
        history_works: ["It is written.", "Está sendo gravado.", "Se está escribiendo."],
        history_fails: [
            "Nothing is lost yet: it waits in Redis. Is there space on the disk, and may we write in DATA_DIR?",
            "Nada se perdeu ainda: espera no Redis. Há espaço no disco, e podemos gravar em DATA_DIR?",
            "Aún no se pierde nada: espera en Redis. ¿Hay espacio en el disco, y se puede escribir en DATA_DIR?"
        ],
        flows: ["Flows", "Fluxos", "Flujos"],
        flows_work: ["The files have no mistakes.", "Os arquivos não têm erros.", "Los archivos no tienen errores."],
        flows_mistakes: [
            "The flows loaded before stay in use. Correct the files, then `waha-sm flow reload`.",
            "Os fluxos carregados antes continuam em uso. Corrija os arquivos e use `waha-sm flow reload`.",
            "Los flujos cargados antes siguen en uso. Corrige los archivos y usa `waha-sm flow reload`."
        ],
        dead: ["Unsent messages", "Mensagens não enviadas", "Mensajes no enviados"],
        no_dead: ["There are none.", "Não há nenhuma.", "No hay ninguno."],
        some_dead: [
            "{} wait for a decision: send them again or delete them.",
            "{} esperam uma decisão: envie de novo ou exclua.",
            "{} esperan una decisión: envíalos de nuevo o elimínalos."
        ],
    }
}
