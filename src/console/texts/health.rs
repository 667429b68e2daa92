//! The words of the checkup: what was found, and what to do about it.

use super::texts;

texts! {
    /// See the file.
    HealthTexts {
        good: ["works", "funciona", "funciona"],
        hint: ["good to know", "bom saber", "bueno saber"],
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
        session_heard: [
            "The last message of a customer came at {}.",
            "A última mensagem de um cliente chegou em {}.",
            "El último mensaje de un cliente llegó el {}."
        ],
        session_down: [
            "It can't send or receive. Look at it on the page of the sessions: perhaps its phone must be paired again.",
            "Não pode enviar nem receber. Veja a página das sessões: talvez seja preciso parear o celular de novo.",
            "No puede enviar ni recibir. Míralo en la página de las sesiones: quizá hay que vincular el teléfono de nuevo."
        ],
        session_is: ["WAHA says {}.", "O WAHA diz {}.", "WAHA dice {}."],
        session_says: ["WAHA says {} since {}.", "O WAHA diz {} desde {}.", "WAHA dice {} desde {}."],
        line: ["Line of {}", "Fila de {}", "Fila de {}"],
        line_of_team: ["Line of {}, team {}", "Fila de {}, equipe {}", "Fila de {}, equipo {}"],
        line_paused: [
            "{} paused it at {}. Nobody new is called until somebody resumes it on the page of the line.",
            "{} pausou às {}. Ninguém novo é chamado até alguém retomar na página da fila.",
            "{} la pausó a las {}. No se llama a nadie nuevo hasta que alguien la reanude en la página de la fila."
        ],
        history: ["History", "Histórico", "Historial"],
        history_works: ["It can be read and written.", "Pode ser lido e gravado.", "Se puede leer y escribir."],
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
        settings: ["Settings", "Configurações", "Ajustes"],
        settings_work: ["They can be used.", "Podem ser usadas.", "Se pueden usar."],
        setting_wrong: [
            "waha-sm does not start like this. Correct this setting, and start it again:",
            "O waha-sm não inicia assim. Corrija esta configuração e inicie de novo:",
            "waha-sm no arranca así. Corrige este ajuste y vuelve a iniciarlo:"
        ],
        setting_risky: [
            "This works, but it is dangerous:",
            "Funciona, mas é perigoso:",
            "Funciona, pero es peligroso:"
        ],
        memory: ["Memory", "Memória", "Memoria"],
        memory_any: ["any amount", "qualquer quantidade", "cualquier cantidad"],
        private_redis_too_large: [
            "The private Redis may take {} of this machine's {}, and twice as much for a moment. Then the system kills it. Set PRIVATE_REDIS_MAXMEMORY to half of the memory or less.",
            "O Redis privado pode ocupar {} dos {} desta máquina, e o dobro por um momento. Aí o sistema o mata. Defina PRIVATE_REDIS_MAXMEMORY com metade da memória ou menos.",
            "El Redis privado puede ocupar {} de los {} de esta máquina, y el doble por un momento. Entonces el sistema lo mata. Pon PRIVATE_REDIS_MAXMEMORY a la mitad de la memoria o menos."
        ],
        time_zones: ["Time zones", "Fusos horários", "Zonas horarias"],
        time_zones_of_system: ["The system's data is used.", "Os dados do sistema são usados.", "Se usan los datos del sistema."],
        time_zones_of_ours: [
            "The system has no data, so waha-sm uses its own.",
            "O sistema não tem dados; o waha-sm usa os próprios.",
            "El sistema no tiene datos; waha-sm usa los suyos."
        ],
        redis_rests: [
            "The private Redis runs only while the daemon does. Start waha-sm to check what is in it.",
            "O Redis privado só roda com o daemon. Inicie o waha-sm para verificar o que há nele.",
            "El Redis privado solo funciona con el demonio. Inicia waha-sm para comprobar lo que contiene."
        ],
        redis_not_known: [
            "It can't be checked before its setting (REDIS_URL) is right.",
            "Não dá para verificar antes de REDIS_URL estar certo.",
            "No se puede comprobar hasta que REDIS_URL sea correcto."
        ],
        redis_risky: [
            "A setting of Redis can lose messages. Change it in redis.conf, or with CONFIG SET:",
            "Uma configuração do Redis pode perder mensagens. Mude no redis.conf ou com CONFIG SET:",
            "Un ajuste de Redis puede perder mensajes. Cámbialo en redis.conf o con CONFIG SET:"
        ],
        redis_cant_save: [
            "Redis can't write its files: a restart loses what came since. Is its disk full, and may it write in its directory (CONFIG GET dir)?",
            "O Redis não consegue gravar seus arquivos: reiniciar perde o que veio depois. O disco dele está cheio, e ele pode gravar na pasta dele (CONFIG GET dir)?",
            "Redis no puede escribir sus archivos: un reinicio pierde lo que llegó después. ¿Su disco está lleno, y puede escribir en su carpeta (CONFIG GET dir)?"
        ],
        redis_memory: [
            "{} % of the memory that Redis may take ({}) is used. When it is full, webhooks are refused. Give it more: PRIVATE_REDIS_MAXMEMORY for the private Redis, maxmemory for your own.",
            "{} % da memória que o Redis pode usar ({}) está ocupada. Cheia, os webhooks são recusados. Dê mais: PRIVATE_REDIS_MAXMEMORY para o Redis privado, maxmemory para o seu.",
            "Está usado el {} % de la memoria que Redis puede tomar ({}). Cuando se llena, se rechazan los webhooks. Dale más: PRIVATE_REDIS_MAXMEMORY para el Redis privado, maxmemory para el tuyo."
        ],
        neighbours: ["Others on this Redis", "Outros neste Redis", "Otros en este Redis"],
        others: [
            "Other installations of waha-sm listen on the same Redis, under these values of REDIS_PREFIX: {}. If you don't know them, find out whose they are.",
            "Outras instalações do waha-sm escutam no mesmo Redis, com estes REDIS_PREFIX: {}. Se você não as conhece, descubra de quem são.",
            "Otras instalaciones de waha-sm escuchan en el mismo Redis, con estos REDIS_PREFIX: {}. Si no las conoces, averigua de quién son."
        ],
        clocks: ["Clocks", "Relógios", "Relojes"],
        clocks_agree: ["They agree.", "Estão iguais.", "Coinciden."],
        clock_ahead: [
            "The clock of {} is {} ahead of ours. Messages look old or new that are not. Set the time on both machines (timedatectl set-ntp true).",
            "O relógio de {} está {} adiantado em relação ao nosso. Mensagens parecem velhas ou novas sem ser. Acerte a hora nas duas máquinas (timedatectl set-ntp true).",
            "El reloj de {} va {} por delante del nuestro. Hay mensajes que parecen viejos o nuevos sin serlo. Ajusta la hora en ambas máquinas (timedatectl set-ntp true)."
        ],
        clock_behind: [
            "The clock of {} is {} behind ours. Messages look old or new that are not. Set the time on both machines (timedatectl set-ntp true).",
            "O relógio de {} está {} atrasado em relação ao nosso. Mensagens parecem velhas ou novas sem ser. Acerte a hora nas duas máquinas (timedatectl set-ntp true).",
            "El reloj de {} va {} por detrás del nuestro. Hay mensajes que parecen viejos o nuevos sin serlo. Ajusta la hora en ambas máquinas (timedatectl set-ntp true)."
        ],
        line_waits: [
            "{} customers wait for the bot, the first since {}. Set more WORKERS, and look at `waha-sm line`.",
            "{} clientes esperam o robô, o primeiro desde {}. Defina mais WORKERS e veja `waha-sm line`.",
            "{} clientes esperan al bot, el primero desde {}. Pon más WORKERS y mira `waha-sm line`."
        ],
        replies: ["Replies of {}", "Respostas de {}", "Respuestas de {}"],
        replies_wait: [
            "In {} chats, replies have waited since {}. The log says why WAHA does not take them. If no process sends, start `waha-sm all` or `waha-sm work`.",
            "Em {} conversas, há respostas esperando desde {}. O log diz por que o WAHA não as aceita. Se nenhum processo envia, inicie `waha-sm all` ou `waha-sm work`.",
            "En {} chats hay respuestas que esperan desde {}. El registro dice por qué WAHA no las acepta. Si ningún proceso envía, inicia `waha-sm all` o `waha-sm work`."
        ],
        daemon: ["The daemon", "O daemon", "El demonio"],
        daemon_works: [
            "It takes a webhook that is signed with WEBHOOK_HMAC_SECRET.",
            "Aceita um webhook assinado com WEBHOOK_HMAC_SECRET.",
            "Acepta un webhook firmado con WEBHOOK_HMAC_SECRET."
        ],
        daemon_elsewhere: [
            "Only `waha-sm work` runs here. Run `waha-sm doctor` also where `waha-sm serve` runs: that takes the webhooks.",
            "Aqui roda só `waha-sm work`. Rode `waha-sm doctor` também onde roda `waha-sm serve`: ele recebe os webhooks.",
            "Aquí solo funciona `waha-sm work`. Ejecuta `waha-sm doctor` también donde funciona `waha-sm serve`: ese recibe los webhooks."
        ],
        daemon_silent: [
            "Nothing answers at {}, so no message comes in. Start waha-sm. If it runs, set LISTEN here to the same address as there.",
            "Nada responde em {}; nenhuma mensagem entra. Inicie o waha-sm. Se ele roda, defina LISTEN aqui com o mesmo endereço de lá.",
            "Nada responde en {}; no entra ningún mensaje. Inicia waha-sm. Si funciona, pon LISTEN aquí con la misma dirección que allí."
        ],
        daemon_other_secret: [
            "The daemon at {} refuses a webhook that is signed with WEBHOOK_HMAC_SECRET: it runs with another secret. Give both the same one, and restart it.",
            "O daemon em {} recusa um webhook assinado com WEBHOOK_HMAC_SECRET: ele roda com outro segredo. Dê o mesmo aos dois e reinicie.",
            "El demonio en {} rechaza un webhook firmado con WEBHOOK_HMAC_SECRET: funciona con otro secreto. Da el mismo a ambos y reinícialo."
        ],
        daemon_not_ready: [
            "The daemon runs, but it takes no webhooks now. WAHA repeats them. Its log says why; mostly Redis does not answer.",
            "O daemon roda, mas não aceita webhooks agora. O WAHA repete. O log diz por quê; quase sempre o Redis não responde.",
            "El demonio funciona, pero ahora no acepta webhooks. WAHA los repite. El registro dice por qué; casi siempre Redis no responde."
        ],
        daemon_is_another: [
            "Another program answers at {}, not waha-sm. Give one of them another port: LISTEN here, and WHATSAPP_HOOK_URL in WAHA.",
            "Outro programa responde em {}, não o waha-sm. Dê outra porta a um deles: LISTEN aqui e WHATSAPP_HOOK_URL no WAHA.",
            "En {} responde otro programa, no waha-sm. Da otro puerto a uno de ellos: LISTEN aquí y WHATSAPP_HOOK_URL en WAHA."
        ],
        open_files: ["Open files", "Arquivos abertos", "Archivos abiertos"],
        open_files_few: [
            "The daemon may open {} files, and needs {} when many webhooks come at once. Raise the limit: ulimit -Hn, LimitNOFILE= in systemd, --ulimit nofile= in Docker.",
            "O daemon pode abrir {} arquivos e precisa de {} quando vêm muitos webhooks juntos. Aumente o limite: ulimit -Hn, LimitNOFILE= no systemd, --ulimit nofile= no Docker.",
            "El demonio puede abrir {} archivos y necesita {} cuando llegan muchos webhooks a la vez. Sube el límite: ulimit -Hn, LimitNOFILE= en systemd, --ulimit nofile= en Docker."
        ],
        waha_runs: [
            "It answers and accepts our key. {}",
            "Responde e aceita a nossa chave. {}",
            "Responde y acepta nuestra clave. {}"
        ],
        waha_unreachable: [
            "WAHA does not answer. Nothing is sent, and nothing is lost: replies wait. Is it running, and is WAHA_URL its address as seen from here?",
            "O WAHA não responde. Nada é enviado e nada se perde: as respostas esperam. Ele está rodando, e WAHA_URL é o endereço dele visto daqui?",
            "WAHA no responde. No se envía nada y nada se pierde: las respuestas esperan. ¿Está en marcha, y WAHA_URL es su dirección vista desde aquí?"
        ],
        waha_key_wrong: [
            "WAHA refuses our key. Set WAHA_API_KEY here to the same key as in WAHA, in plain text even if WAHA has its hash.",
            "O WAHA recusa a nossa chave. Defina WAHA_API_KEY aqui com a mesma chave do WAHA, em texto puro mesmo que o WAHA tenha o hash.",
            "WAHA rechaza nuestra clave. Pon WAHA_API_KEY aquí con la misma clave que en WAHA, en texto plano aunque WAHA tenga el hash."
        ],
        waha_key_missing: [
            "WAHA wants a key, and we have none. Set WAHA_API_KEY to the key of WAHA.",
            "O WAHA exige uma chave e não temos nenhuma. Defina WAHA_API_KEY com a chave do WAHA.",
            "WAHA exige una clave y no tenemos ninguna. Pon WAHA_API_KEY con la clave de WAHA."
        ],
        waha_odd: [
            "What answers at WAHA_URL is not WAHA, or WAHA fails. Set WAHA_URL to the address of WAHA, or look at its log.",
            "O que responde em WAHA_URL não é o WAHA, ou o WAHA falha. Defina WAHA_URL com o endereço do WAHA ou veja o log dele.",
            "Lo que responde en WAHA_URL no es WAHA, o WAHA falla. Pon WAHA_URL con la dirección de WAHA o mira su registro."
        ],
        waha_too_old: [
            "This is WAHA {}. Before 2025.3 it can't sign webhooks by WHATSAPP_HOOK_HMAC_KEY, and waha-sm takes no others. Update WAHA.",
            "Este é o WAHA {}. Antes da 2025.3 ele não assina webhooks com WHATSAPP_HOOK_HMAC_KEY, e o waha-sm não aceita outros. Atualize o WAHA.",
            "Este es WAHA {}. Antes de la 2025.3 no firma webhooks con WHATSAPP_HOOK_HMAC_KEY, y waha-sm no acepta otros. Actualiza WAHA."
        ],
        waha_known_bad: [
            "This is WAHA {}, which mixes up the chats of your own messages. Update WAHA to 2026.8.3 or later.",
            "Este é o WAHA {}, que confunde as conversas das suas próprias mensagens. Atualize o WAHA para 2026.8.3 ou mais nova.",
            "Este es WAHA {}, que confunde los chats de tus propios mensajes. Actualiza WAHA a 2026.8.3 o posterior."
        ],
        waha_config_hidden: [
            "WAHA does not tell its settings, so its webhooks can't be checked. Is WAHA_API_KEY a key for one session only?",
            "O WAHA não informa as configurações dele; não dá para verificar os webhooks. WAHA_API_KEY é uma chave de uma sessão só?",
            "WAHA no informa sus ajustes; no se pueden comprobar los webhooks. ¿WAHA_API_KEY es una clave de una sola sesión?"
        ],
        hooks: ["Webhooks", "Webhooks", "Webhooks"],
        hook_of_environment: ["in WAHA's environment", "no ambiente do WAHA", "en el entorno de WAHA"],
        hook_of_session: ["of the session {}", "da sessão {}", "de la sesión {}"],
        hooks_work: [
            "WAHA posts all that we need to us, signed, once, and for long enough.",
            "O WAHA nos envia tudo o que precisamos, assinado, uma vez e por tempo suficiente.",
            "WAHA nos envía todo lo que necesitamos, firmado, una vez y durante tiempo suficiente."
        ],
        no_hook: [
            "WAHA posts nothing, so no message comes in. In WAHA, set WHATSAPP_HOOK_URL to the address of waha-sm with /webhook at its end, WHATSAPP_HOOK_EVENTS and WHATSAPP_HOOK_HMAC_KEY, and restart WAHA.",
            "O WAHA não envia nada; nenhuma mensagem entra. No WAHA, defina WHATSAPP_HOOK_URL com o endereço do waha-sm terminado em /webhook, WHATSAPP_HOOK_EVENTS e WHATSAPP_HOOK_HMAC_KEY, e reinicie o WAHA.",
            "WAHA no envía nada; no entra ningún mensaje. En WAHA, pon WHATSAPP_HOOK_URL con la dirección de waha-sm acabada en /webhook, WHATSAPP_HOOK_EVENTS y WHATSAPP_HOOK_HMAC_KEY, y reinicia WAHA."
        ],
        no_hook_of: [
            "The session {} has no webhook to us, so nothing comes from it. Set WHATSAPP_HOOK_URL in WAHA for all sessions, or add a webhook to this one.",
            "A sessão {} não tem webhook para nós; nada vem dela. Defina WHATSAPP_HOOK_URL no WAHA para todas as sessões ou adicione um webhook a esta.",
            "La sesión {} no tiene webhook hacia nosotros; no llega nada de ella. Pon WHATSAPP_HOOK_URL en WAHA para todas las sesiones o añade un webhook a esta."
        ],
        hooks_elsewhere: [
            "WAHA posts to other addresses only, so no message comes in. WHATSAPP_HOOK_URL must end in /webhook, without a slash after it. WAHA posts to:",
            "O WAHA só envia para outros endereços; nenhuma mensagem entra. WHATSAPP_HOOK_URL precisa terminar em /webhook, sem barra depois. O WAHA envia para:",
            "WAHA solo envía a otras direcciones; no entra ningún mensaje. WHATSAPP_HOOK_URL debe acabar en /webhook, sin barra después. WAHA envía a:"
        ],
        hook_port: [
            "The webhook {} goes to port {}, and waha-sm listens on {}. Make WHATSAPP_HOOK_URL in WAHA (or the session's webhook) and LISTEN here the same.",
            "O webhook {} vai para a porta {}, e o waha-sm escuta na {}. Deixe iguais WHATSAPP_HOOK_URL no WAHA (ou o webhook da sessão) e LISTEN aqui.",
            "El webhook {} va al puerto {}, y waha-sm escucha en el {}. Haz que coincidan WHATSAPP_HOOK_URL en WAHA (o el webhook de la sesión) y LISTEN aquí."
        ],
        hook_to_itself: [
            "The webhook {} goes to {}, which is WAHA's own machine or container, and waha-sm is not there. Set WHATSAPP_HOOK_URL (in a session: webhooks.url) to the address of waha-sm as WAHA sees it, like http://waha-sm:8080/webhook between containers.",
            "O webhook {} vai para {}, que é a máquina ou o contêiner do próprio WAHA, e o waha-sm não está lá. Defina WHATSAPP_HOOK_URL (em uma sessão: webhooks.url) com o endereço do waha-sm visto pelo WAHA, como http://waha-sm:8080/webhook entre contêineres.",
            "El webhook {} va a {}, que es la máquina o el contenedor del propio WAHA, y waha-sm no está allí. Pon en WHATSAPP_HOOK_URL (en una sesión: webhooks.url) la dirección de waha-sm vista por WAHA, como http://waha-sm:8080/webhook entre contenedores."
        ],
        hook_to_localhost: [
            "The webhook {} goes to localhost. If WAHA runs in a container, that is the container itself: then set WHATSAPP_HOOK_URL (in a session: webhooks.url) to http://host.docker.internal:{}/webhook.",
            "O webhook {} vai para localhost. Se o WAHA roda em um contêiner, isso é o próprio contêiner: então defina WHATSAPP_HOOK_URL (em uma sessão: webhooks.url) como http://host.docker.internal:{}/webhook.",
            "El webhook {} va a localhost. Si WAHA funciona en un contenedor, eso es el propio contenedor: entonces pon en WHATSAPP_HOOK_URL (en una sesión: webhooks.url) http://host.docker.internal:{}/webhook."
        ],
        hook_path: [
            "The webhook {} goes to waha-sm, but to another path, so it takes nothing (404). WHATSAPP_HOOK_URL (in a session: webhooks.url) must end in /webhook, without a slash after it.",
            "O webhook {} vai para o waha-sm, mas para outro caminho; nada é aceito (404). WHATSAPP_HOOK_URL (em uma sessão: webhooks.url) precisa terminar em /webhook, sem barra depois.",
            "El webhook {} va a waha-sm, pero a otra ruta; no se acepta nada (404). WHATSAPP_HOOK_URL (en una sesión: webhooks.url) debe acabar en /webhook, sin barra después."
        ],
        hook_elsewhere: [
            "The webhook {} goes to {}, and from here that does not lead to waha-sm. If no messages come in, correct WHATSAPP_HOOK_URL in WAHA (in a session: webhooks.url), or the proxy. What happened:",
            "O webhook {} vai para {}, e daqui isso não leva ao waha-sm. Se não entram mensagens, corrija WHATSAPP_HOOK_URL no WAHA (em uma sessão: webhooks.url) ou o proxy. O que aconteceu:",
            "El webhook {} va a {}, y desde aquí eso no lleva a waha-sm. Si no entran mensajes, corrige WHATSAPP_HOOK_URL en WAHA (en una sesión: webhooks.url) o el proxy. Qué pasó:"
        ],
        hook_no_events: [
            "The webhook {} names no events, so WAHA posts nothing. Set WHATSAPP_HOOK_EVENTS={} (in a session: webhooks.events).",
            "O webhook {} não nomeia eventos; o WAHA não envia nada. Defina WHATSAPP_HOOK_EVENTS={} (em uma sessão: webhooks.events).",
            "El webhook {} no nombra eventos; WAHA no envía nada. Pon WHATSAPP_HOOK_EVENTS={} (en una sesión: webhooks.events)."
        ],
        hook_lacks_events: [
            "The webhook {} lacks these events: {}. Add them to WHATSAPP_HOOK_EVENTS (in a session: webhooks.events), or waha-sm does not learn what they tell.",
            "Faltam estes eventos no webhook {}: {}. Adicione a WHATSAPP_HOOK_EVENTS (em uma sessão: webhooks.events), ou o waha-sm não fica sabendo.",
            "Al webhook {} le faltan estos eventos: {}. Añádelos a WHATSAPP_HOOK_EVENTS (en una sesión: webhooks.events), o waha-sm no se entera."
        ],
        hook_events_twice: [
            "The webhook {} has the events {}, so each message comes twice. That only costs time. Name the events that are needed in WHATSAPP_HOOK_EVENTS: {}",
            "O webhook {} tem os eventos {}; cada mensagem vem duas vezes. Só custa tempo. Nomeie os eventos necessários em WHATSAPP_HOOK_EVENTS: {}",
            "El webhook {} tiene los eventos {}; cada mensaje llega dos veces. Solo cuesta tiempo. Nombra los eventos necesarios en WHATSAPP_HOOK_EVENTS: {}"
        ],
        hook_unsigned: [
            "The webhook {} has no key, so waha-sm refuses what it posts (403). Set WHATSAPP_HOOK_HMAC_KEY (in a session: webhooks.hmac.key) to WEBHOOK_HMAC_SECRET.",
            "O webhook {} não tem chave; o waha-sm recusa o que ele envia (403). Defina WHATSAPP_HOOK_HMAC_KEY (em uma sessão: webhooks.hmac.key) igual a WEBHOOK_HMAC_SECRET.",
            "El webhook {} no tiene clave; waha-sm rechaza lo que envía (403). Pon WHATSAPP_HOOK_HMAC_KEY (en una sesión: webhooks.hmac.key) igual a WEBHOOK_HMAC_SECRET."
        ],
        hook_key_differs: [
            "The webhook {} has another key than ours, so waha-sm refuses what it posts (403). WHATSAPP_HOOK_HMAC_KEY in WAHA (in a session: webhooks.hmac.key) and WEBHOOK_HMAC_SECRET here must be the same.",
            "O webhook {} tem outra chave; o waha-sm recusa o que ele envia (403). WHATSAPP_HOOK_HMAC_KEY no WAHA (em uma sessão: webhooks.hmac.key) e WEBHOOK_HMAC_SECRET aqui precisam ser iguais.",
            "El webhook {} tiene otra clave; waha-sm rechaza lo que envía (403). WHATSAPP_HOOK_HMAC_KEY en WAHA (en una sesión: webhooks.hmac.key) y WEBHOOK_HMAC_SECRET aquí deben ser iguales."
        ],
        hook_key_old: [
            "The webhook {} still has the old key. Set WHATSAPP_HOOK_HMAC_KEY in WAHA (in a session: webhooks.hmac.key) to WEBHOOK_HMAC_SECRET, then remove WEBHOOK_HMAC_SECRET_PREVIOUS.",
            "O webhook {} ainda tem a chave antiga. Defina WHATSAPP_HOOK_HMAC_KEY no WAHA (em uma sessão: webhooks.hmac.key) igual a WEBHOOK_HMAC_SECRET e remova WEBHOOK_HMAC_SECRET_PREVIOUS.",
            "El webhook {} aún tiene la clave antigua. Pon WHATSAPP_HOOK_HMAC_KEY en WAHA (en una sesión: webhooks.hmac.key) igual a WEBHOOK_HMAC_SECRET y quita WEBHOOK_HMAC_SECRET_PREVIOUS."
        ],
        hook_gives_up: [
            "The webhook {} gives up {} after an event was not taken, and the message is late or lost. Set WHATSAPP_HOOK_RETRIES_POLICY=exponential, WHATSAPP_HOOK_RETRIES_DELAY_SECONDS=2 and WHATSAPP_HOOK_RETRIES_ATTEMPTS=12 (in a session: webhooks.retries).",
            "O webhook {} desiste {} depois de um evento não aceito, e a mensagem atrasa ou se perde. Defina WHATSAPP_HOOK_RETRIES_POLICY=exponential, WHATSAPP_HOOK_RETRIES_DELAY_SECONDS=2 e WHATSAPP_HOOK_RETRIES_ATTEMPTS=12 (em uma sessão: webhooks.retries).",
            "El webhook {} se rinde {} después de un evento no aceptado, y el mensaje llega tarde o se pierde. Pon WHATSAPP_HOOK_RETRIES_POLICY=exponential, WHATSAPP_HOOK_RETRIES_DELAY_SECONDS=2 y WHATSAPP_HOOK_RETRIES_ATTEMPTS=12 (en una sesión: webhooks.retries)."
        ],
        hooks_twice: [
            "WAHA posts each event of the session {} to us twice: WHATSAPP_HOOK_URL and the session's own webhooks both do. That only costs time. Keep WHATSAPP_HOOK_URL, and remove the session's.",
            "O WAHA nos envia cada evento da sessão {} duas vezes: por WHATSAPP_HOOK_URL e pelos webhooks da sessão. Só custa tempo. Mantenha WHATSAPP_HOOK_URL e remova os da sessão.",
            "WAHA nos envía cada evento de la sesión {} dos veces: por WHATSAPP_HOOK_URL y por los webhooks de la sesión. Solo cuesta tiempo. Deja WHATSAPP_HOOK_URL y quita los de la sesión."
        ],
        files: ["Media files", "Arquivos de mídia", "Archivos multimedia"],
        files_last: [
            "WAHA keeps them for {}; then their links in the history end. WHATSAPP_FILES_LIFETIME in WAHA changes that.",
            "O WAHA os guarda por {}; depois os links no histórico não funcionam mais. WHATSAPP_FILES_LIFETIME no WAHA muda isso.",
            "WAHA los guarda durante {}; después sus enlaces en el historial dejan de funcionar. WHATSAPP_FILES_LIFETIME en WAHA lo cambia."
        ],
        files_die_early: [
            "WAHA deletes them after {}, before anybody can look at them. Set WHATSAPP_FILES_LIFETIME in WAHA to 180 or more.",
            "O WAHA os apaga depois de {}, antes que alguém possa ver. Defina WHATSAPP_FILES_LIFETIME no WAHA com 180 ou mais.",
            "WAHA los borra tras {}, antes de que alguien pueda verlos. Pon WHATSAPP_FILES_LIFETIME en WAHA a 180 o más."
        ],
        files_forever: [
            "WAHA keeps them for ever, until its disk is full. Set WHATSAPP_FILES_LIFETIME in WAHA to seconds: 604800 is a week.",
            "O WAHA os guarda para sempre, até o disco encher. Defina WHATSAPP_FILES_LIFETIME no WAHA em segundos: 604800 é uma semana.",
            "WAHA los guarda para siempre, hasta llenar su disco. Pon WHATSAPP_FILES_LIFETIME en WAHA en segundos: 604800 es una semana."
        ],
        files_last_strangely: [
            "WHATSAPP_FILES_LIFETIME in WAHA is {}. Write a number of seconds, like 180.",
            "WHATSAPP_FILES_LIFETIME no WAHA é {}. Escreva um número de segundos, como 180.",
            "WHATSAPP_FILES_LIFETIME en WAHA es {}. Escribe un número de segundos, como 180."
        ],
        sessions: ["Sessions", "Sessões", "Sesiones"],
        no_session: [
            "WAHA has no session, so there is no WhatsApp account. Set WHATSAPP_START_SESSION=default in WAHA, restart it, and pair the phone.",
            "O WAHA não tem sessão; não há conta do WhatsApp. Defina WHATSAPP_START_SESSION=default no WAHA, reinicie e pareie o celular.",
            "WAHA no tiene sesión; no hay cuenta de WhatsApp. Pon WHATSAPP_START_SESSION=default en WAHA, reinícialo y vincula el teléfono."
        ],
        noweb_store_off: [
            "NOWEB keeps no messages for it, so lost webhooks and lost answers can't be found again. Set noweb.store.enabled to true in the session's configuration.",
            "O NOWEB não guarda as mensagens dela; webhooks e respostas perdidos não podem ser recuperados. Defina noweb.store.enabled como true na configuração da sessão.",
            "NOWEB no guarda sus mensajes; no se pueden recuperar webhooks ni respuestas perdidos. Pon noweb.store.enabled a true en la configuración de la sesión."
        ],
        session_deaf: [
            "It is connected, but WAHA did not post a customer's message of {}. The last one that it posted came at {}. Look at WHATSAPP_HOOK_URL and at WAHA's log; then restart the session.",
            "Está conectada, mas o WAHA não enviou uma mensagem de cliente de {}. A última que ele enviou chegou em {}. Veja WHATSAPP_HOOK_URL e o log do WAHA; depois reinicie a sessão.",
            "Está conectada, pero WAHA no envió un mensaje de un cliente de {}. El último que envió llegó el {}. Mira WHATSAPP_HOOK_URL y el registro de WAHA; luego reinicia la sesión."
        ],
        session_never_heard: [
            "It is connected, but WAHA has never posted a customer's message, although it has one of {}. Write to it from another phone. If nothing comes, look at WHATSAPP_HOOK_URL and at WAHA's log.",
            "Está conectada, mas o WAHA nunca enviou uma mensagem de cliente, embora tenha uma de {}. Escreva para ela de outro celular. Se nada chegar, veja WHATSAPP_HOOK_URL e o log do WAHA.",
            "Está conectada, pero WAHA nunca envió un mensaje de un cliente, aunque tiene uno de {}. Escríbele desde otro teléfono. Si no llega nada, mira WHATSAPP_HOOK_URL y el registro de WAHA."
        ],
        session_caught_up: [
            "It is connected, but a customer's message of {} came without a webhook: waha-sm found it when it asked WAHA, so customers wait for minutes. Look at WHATSAPP_HOOK_URL and at WAHA's log; then restart the session.",
            "Está conectada, mas uma mensagem de cliente de {} veio sem webhook: o waha-sm a encontrou ao perguntar ao WAHA; os clientes esperam minutos. Veja WHATSAPP_HOOK_URL e o log do WAHA; depois reinicie a sessão.",
            "Está conectada, pero un mensaje de un cliente de {} llegó sin webhook: waha-sm lo encontró al preguntar a WAHA; los clientes esperan minutos. Mira WHATSAPP_HOOK_URL y el registro de WAHA; luego reinicia la sesión."
        ],
        session_quiet: [
            "It is connected, but no customer's message has come since {}. Write to it from another phone. If nothing comes, look at WHATSAPP_HOOK_URL and at WAHA's log.",
            "Está conectada, mas nenhuma mensagem de cliente chega desde {}. Escreva para ela de outro celular. Se nada chegar, veja WHATSAPP_HOOK_URL e o log do WAHA.",
            "Está conectada, pero no llega ningún mensaje de clientes desde {}. Escríbele desde otro teléfono. Si no llega nada, mira WHATSAPP_HOOK_URL y el registro de WAHA."
        ],
        history_not_there: [
            "There is none yet. The daemon makes it in DATA_DIR when it starts.",
            "Ainda não há. O daemon o cria em DATA_DIR quando inicia.",
            "Aún no hay. El demonio lo crea en DATA_DIR al arrancar."
        ],
        history_newer: [
            "A newer waha-sm wrote it, and this one can't. Install the newer version again, or restore a backup from before.",
            "Um waha-sm mais novo o gravou, e este não consegue. Instale de novo a versão mais nova ou restaure um backup anterior.",
            "Lo escribió un waha-sm más nuevo, y este no puede. Vuelve a instalar la versión más nueva o restaura una copia anterior."
        ],
        history_lags: [
            "{} entries wait in Redis since {}. Does the process that keeps the history run, and has its disk (DATA_DIR) space?",
            "{} registros esperam no Redis desde {}. O processo que guarda o histórico está rodando, e o disco dele (DATA_DIR) tem espaço?",
            "{} entradas esperan en Redis desde {}. ¿Funciona el proceso que guarda el historial, y su disco (DATA_DIR) tiene espacio?"
        ],
        history_elsewhere: [
            "The history of this Redis is in another file, kept by the process below. Use its DATA_DIR here. If this process shall only listen, set HISTORY=off; if the other file is lost, HISTORY=here.",
            "O histórico deste Redis está em outro arquivo, do processo abaixo. Use o DATA_DIR dele aqui. Se este processo só deve escutar, defina HISTORY=off; se o outro arquivo se perdeu, HISTORY=here.",
            "El historial de este Redis está en otro archivo, del proceso de abajo. Usa aquí su DATA_DIR. Si este proceso solo debe escuchar, pon HISTORY=off; si el otro archivo se perdió, HISTORY=here."
        ],
        disk: ["Disk", "Disco", "Disco"],
        disk_free: ["{} are free.", "{} livres.", "{} libres."],
        disk_free_days: [
            "{} are free, enough for about {} days.",
            "{} livres, suficientes para cerca de {} dias.",
            "{} libres, suficientes para unos {} días."
        ],
        disk_fills_up: [
            "Make space on the disk of DATA_DIR, or keep the history for a shorter time (HISTORY_KEEP).",
            "Libere espaço no disco de DATA_DIR ou guarde o histórico por menos tempo (HISTORY_KEEP).",
            "Libera espacio en el disco de DATA_DIR o guarda el historial menos tiempo (HISTORY_KEEP)."
        ],
        disk_full: [
            "Soon neither the history nor the private Redis can be written. Make space on the disk of DATA_DIR now.",
            "Logo nem o histórico nem o Redis privado podem ser gravados. Libere espaço no disco de DATA_DIR agora.",
            "Pronto no se podrá escribir ni el historial ni el Redis privado. Libera espacio en el disco de DATA_DIR ahora."
        ],
        wal_grows: [
            "The log of the history (history.sqlite-wal in DATA_DIR) has {}: a program keeps the file open for reading. End it, for example a forgotten `waha-sm history --follow` or sqlite3.",
            "O log do histórico (history.sqlite-wal em DATA_DIR) tem {}: algum programa mantém o arquivo aberto para leitura. Encerre-o, por exemplo um `waha-sm history --follow` ou sqlite3 esquecido.",
            "El registro del historial (history.sqlite-wal en DATA_DIR) tiene {}: un programa mantiene el archivo abierto para leer. Ciérralo, por ejemplo un `waha-sm history --follow` o sqlite3 olvidado."
        ],
        data_dir: ["Data directory", "Pasta de dados", "Carpeta de datos"],
        data_dir_open: [
            "Others on this machine can read what customers write: the mode of DATA_DIR is {}. Run chmod 700 on it; the daemon does that when it starts.",
            "Outros nesta máquina podem ler o que os clientes escrevem: o modo de DATA_DIR é {}. Rode chmod 700 nela; o daemon faz isso quando inicia.",
            "Otros en esta máquina pueden leer lo que escriben los clientes: el modo de DATA_DIR es {}. Ejecuta chmod 700 en ella; el demonio lo hace al arrancar."
        ],
        data_dir_unusable: [
            "It can't be used. Set DATA_DIR to the daemon's directory, and run this as the daemon's user.",
            "Não pode ser usada. Defina DATA_DIR com a pasta do daemon e rode isto com o usuário do daemon.",
            "No se puede usar. Pon DATA_DIR con la carpeta del demonio y ejecuta esto con el usuario del demonio."
        ],
        data_dir_network: [
            "DATA_DIR is on {}, where SQLite's locks don't work: the history can be damaged. Move it to a disk of this machine.",
            "DATA_DIR está em {}, onde as travas do SQLite não funcionam: o histórico pode ser danificado. Mova para um disco desta máquina.",
            "DATA_DIR está en {}, donde los bloqueos de SQLite no funcionan: el historial puede dañarse. Muévelo a un disco de esta máquina."
        ],
        flows_warnings: [
            "This is allowed in FLOW_FILE, but probably a mistake:",
            "Isto é permitido em FLOW_FILE, mas provavelmente é um erro:",
            "Esto se permite en FLOW_FILE, pero probablemente es un error:"
        ],
    }
}
