//! The words of an agent's own page.

use super::texts;

texts! {
    /// See the file.
    MeTexts {
        title: ["Your account", "Sua conta", "Tu cuenta"],
        owner: ["owner", "dono", "dueño"],
        attendant: ["attendant", "atendente", "atención"],
        language: ["Language", "Idioma", "Idioma"],
        as_browser: ["As the browser", "Como o navegador", "Como el navegador"],
        look: ["Light or dark", "Claro ou escuro", "Claro u oscuro"],
        look_about: ["For this browser only.", "Só para este navegador.", "Solo para este navegador."],
        as_system: ["As the device", "Como o aparelho", "Como el dispositivo"],
        light: ["Light", "Claro", "Claro"],
        dark: ["Dark", "Escuro", "Oscuro"],
        password: ["New password", "Nova senha", "Nueva contraseña"],
        password_about: [
            "All other browsers where you are logged in are logged out.",
            "Todos os outros navegadores em que você entrou serão desconectados.",
            "Se cierra tu sesión en todos los demás navegadores."
        ],
        old: ["Password until now", "Senha atual", "Contraseña actual"],
        new: ["New password", "Nova senha", "Nueva contraseña"],
        change: ["Change password", "Trocar a senha", "Cambiar la contraseña"],
        changed: ["The password is changed.", "A senha foi trocada.", "La contraseña se cambió."],
        wrong_old: ["The password until now is wrong.", "A senha atual está incorreta.", "La contraseña actual no es correcta."],
        saved: ["Saved.", "Salvo.", "Guardado."],
        tokens: ["API tokens", "Tokens de API", "Tokens de API"],
        tokens_about: [
            "With a token, a script can do everything that you can do here. Nobody sees it again after it was made.",
            "Com um token, um programa pode fazer tudo o que você faz aqui. Ninguém o vê de novo depois de criado.",
            "Con un token, un programa puede hacer todo lo que tú haces aquí. Nadie lo vuelve a ver después de crearlo."
        ],
        no_tokens: ["There are no tokens.", "Não há tokens.", "No hay tokens."],
        label: ["What it is for", "Para que serve", "Para qué sirve"],
        made: ["made", "criado", "creado"],
        ends_with: ["ends with", "termina em", "termina en"],
        new_token: ["New token", "Novo token", "Token nuevo"],
        token_once: [
            "Copy the token now. It is shown only this once.",
            "Copie o token agora. Ele só aparece desta vez.",
            "Copia el token ahora. Solo se muestra esta vez."
        ],
        revoke: ["Revoke", "Revogar", "Revocar"],
        revoke_confirm: [
            "Scripts with this token stop working at once. Revoke it?",
            "Programas com este token param de funcionar na hora. Revogar?",
            "Los programas con este token dejan de funcionar enseguida. ¿Revocarlo?"
        ],
        revoked: ["The token is revoked.", "O token foi revogado.", "El token fue revocado."],
        no_token: ["There is no such token.", "Esse token não existe.", "Ese token no existe."],
        label_wrong: ["Write 1 to 60 characters in one line.", "Escreva de 1 a 60 caracteres em uma linha.", "Escribe de 1 a 60 caracteres en una línea."],
        tokens_many: ["There are too many tokens: revoke some first.", "Há tokens demais: revogue alguns antes.", "Hay demasiados tokens: revoca algunos antes."],
        everywhere: ["Log out everywhere", "Sair de todos os lugares", "Cerrar sesión en todas partes"],
        everywhere_about: [
            "For a lost phone or a borrowed computer. This browser is logged out too; API tokens go on.",
            "Para um celular perdido ou um computador emprestado. Este navegador também sai; os tokens de API continuam.",
            "Para un teléfono perdido o un ordenador prestado. Este navegador también se cierra; los tokens de API siguen."
        ],
        everywhere_confirm: ["Log out in all browsers?", "Sair em todos os navegadores?", "¿Cerrar sesión en todos los navegadores?"],
    }
}
