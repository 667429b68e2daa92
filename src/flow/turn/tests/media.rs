//! Media that a step sends: a customer can choose neither its host nor its path.

use crate::flow::turn::tests::*;

#[test]
fn a_step_sends_texts_and_media_in_order() {
    check(
        &load(MENU),
        r#"
        > oi
        < Olá, Ana! Este é o nosso cardápio:
        < [image https://shop.example/menu.jpg "O prato de hoje é moqueca."]
        < [file files/cardapio.pdf]
        < De qual prato você quer ver uma foto?
        > moqueca
        < [image https://shop.example/pratos/moqueca.jpg "Moqueca"]
        < Quer ouvir as promoções da semana? (sim / não)
        > Sim
        < [voice https://shop.example/promocoes.ogg]
        = promotions
        "#,
    );
}

/// What a step with this `say` sends to a customer with this name.
fn says(say: &str, name: &str) -> Option<FlowReply> {
    let script = load(&format!("start = 'a'\n[step.a]\nsay = {say}\nend = 'x'"));
    let script = script.placed(std::path::Path::new("/flows"));
    let turn = script.advance(State::new(Some(name)), &[Said::text("oi")], Millis::new(1));
    assert_eq!(turn.fault, None);
    turn.replies.into_iter().next()
}

#[test]
fn a_customer_s_words_choose_neither_the_host_nor_the_path_of_media() {
    let url = |name: &str, template: &str| {
        let reply = says(&format!("{{ image = '{template}' }}"), name).unwrap();
        match reply.media.unwrap().source {
            MediaSource::Url(url) => url,
            MediaSource::Path(path) => panic!("{path}"),
        }
    };
    for (name, template, wanted) in [
        (
            "Ana",
            "https://x.example/{{ name }}.jpg",
            "https://x.example/Ana.jpg",
        ),
        (
            "@evil.example/",
            "https://x.example/{{ name }}",
            "https://x.example/%40evil.example%2F",
        ),
        (
            "../..",
            "https://x.example/{{ name }}",
            "https://x.example/..%2F..",
        ),
        (
            "..",
            "https://x.example/a/{{ name }}/b",
            "https://x.example/a//b",
        ),
        (
            "a&b=c#d é",
            "https://x.example/?n={{ name }}",
            "https://x.example/?n=a%26b%3Dc%23d%20%C3%A9",
        ),
        (
            "/x",
            "https://x.example/{{ name | safe }}",
            "https://x.example/%2Fx",
        ),
        (
            "/x",
            "https://x.example/{% autoescape false %}{{ name }}{% endautoescape %}",
            "https://x.example/%2Fx",
        ),
        (
            "/x",
            "https://x.example/{{ \"a\" ~ name }}",
            "https://x.example/a%2Fx",
        ),
    ] {
        assert_eq!(url(name, template), wanted, "{name} in {template}");
    }
}

#[test]
fn a_file_beside_the_flow_is_sent_with_its_full_path_and_a_safe_name() {
    let file = says(
        "{ file = 'docs/a.pdf', filename = '{{ name }}' }",
        "../Ana/x",
    )
    .unwrap();
    let media = file.media.unwrap();
    assert_eq!(media.source, MediaSource::Path("/flows/docs/a.pdf".into()));
    assert_eq!(media.filename.as_deref(), Some(".._Ana_x"));
    assert_eq!(media.mimetype, "application/pdf");
    let plain = says(
        "{ file = 'docs/a.pdf', caption = ' {{ opening[:0] }} ' }",
        "Ana",
    )
    .unwrap();
    assert_eq!(plain.text, "");
    assert_eq!(plain.media.unwrap().filename.as_deref(), Some("a.pdf"));
    assert_eq!(says("['{{ opening[:0] }}']", "Ana"), None);
}
