//! The words of the pages before the login.

use super::texts;

texts! {
    /// See the file.
    LoginTexts {
        title: ["Log in", "Entrar", "Entrar"],
        name: ["Name", "Nome", "Nombre"],
        password: ["Password", "Senha", "Contraseña"],
        log_in: ["Log in", "Entrar", "Entrar"],
        wrong: ["Name or password is wrong.", "Nome ou senha incorretos.", "El nombre o la contraseña no es correcto."],
        no_password: [
            "First time, or forgot your password? The owner makes you a link: waha-sm agent passwd NAME",
            "Primeira vez ou esqueceu a senha? O dono cria um link: waha-sm agent passwd NOME",
            "¿Primera vez u olvidaste la contraseña? El dueño te crea un enlace: waha-sm agent passwd NOMBRE"
        ],
        welcome: ["Welcome, {}", "Boas-vindas, {}", "Te damos la bienvenida, {}"],
        choose: ["Choose a password", "Escolha uma senha", "Elige una contraseña"],
        length: ["At least {} characters. A short sentence is easy to remember.", "Pelo menos {} caracteres. Uma frase curta é fácil de lembrar.", "Al menos {} caracteres. Una frase corta es fácil de recordar."],
        too_short: ["The password needs at least {} characters.", "A senha precisa de pelo menos {} caracteres.", "La contraseña necesita al menos {} caracteres."],
        too_long: ["The password is too long.", "A senha é longa demais.", "La contraseña es demasiado larga."],
        guessable: [
            "This password is easy to guess. Take a few words that do not belong together.",
            "Esta senha é fácil de adivinhar. Use algumas palavras que não combinam.",
            "Esta contraseña es fácil de adivinar. Usa unas palabras que no tengan relación."
        ],
        link_over: [
            "This link was used already, or is older than a day. Ask the owner for a new one.",
            "Este link já foi usado ou tem mais de um dia. Peça um novo ao dono.",
            "Este enlace ya se usó o tiene más de un día. Pide uno nuevo al dueño."
        ],
        start: ["Save and start", "Salvar e começar", "Guardar y empezar"],
        foreign_host: [
            "This console answers only on this machine. To reach it under {}, set CONSOLE_URL to its address.",
            "Este console só responde nesta máquina. Para acessá-lo por {}, defina CONSOLE_URL com o endereço.",
            "Esta consola solo responde en esta máquina. Para acceder por {}, define CONSOLE_URL con su dirección."
        ],
        foreign_origin: [
            "This request came from {}, and the console is {}. If that is its right address, set CONSOLE_URL.",
            "Este pedido veio de {}, e o console é {}. Se esse é o endereço certo, defina CONSOLE_URL.",
            "Esta petición vino de {}, y la consola es {}. Si esa es su dirección correcta, define CONSOLE_URL."
        ],
    }
}
