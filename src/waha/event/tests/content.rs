//! What the content of a message is, on every engine: something that a person sent, something that is not here yet, or nothing.

use serde_json::json;

use super::*;

/// What an inbound message means whose payload has `fields` and the engine's object `data`.
fn inbound(engine: &str, fields: &str, data: &str) -> Meaning {
    let payload = format!(
        r#"{{"id":"false_5511999990000@c.us_3A01","from":"5511999990000@c.us","fromMe":false,"timestamp":1789900801,{fields},"_data":{data}}}"#
    );
    event("message.any", engine, &payload).meaning
}

/// The same in one line: the kind and the text, or why it says nothing.
fn told(engine: &str, fields: &str, data: &str) -> String {
    match inbound(engine, fields, data) {
        Meaning::Inbound(message) => format!("{:?} {}", message.kind, message.text),
        Meaning::Contentless(message) => format!("contentless {:?} {}", message.kind, message.text),
        Meaning::Ignored(why) => why.to_owned(),
        other => panic!("{other:?}"),
    }
}

const NOTHING: &str = r#""body":null,"hasMedia":false,"media":null"#;

/// WhatsApp's own message, as NOWEB and as GOWS have it.
fn native(message: &str) -> [(&'static str, String); 2] {
    [
        (
            "NOWEB",
            format!(r#"{{"key":{{"id":"3A01"}},"pushName":"Ana","message":{message}}}"#),
        ),
        (
            "GOWS",
            format!(r#"{{"Info":{{"PushName":"Ana"}},"Message":{message},"IsViewOnce":false}}"#),
        ),
    ]
}

#[track_caller]
fn check_native(fields: &str, message: &str, wanted: &str) {
    for (engine, data) in native(message) {
        assert_eq!(
            told(engine, fields, &data).trim_end(),
            wanted,
            "{engine} {message}"
        );
    }
}

#[track_caller]
fn check_web(fields: &str, data: &str, wanted: &str) {
    for engine in ["WEBJS", "WPP"] {
        assert_eq!(
            told(engine, fields, data).trim_end(),
            wanted,
            "{engine} {data}"
        );
    }
}

#[test]
fn technical_messages_of_whatsapp_say_nothing() {
    for message in [
        r#"{"protocolMessage":{"type":"EPHEMERAL_SETTING","ephemeralExpiration":86400}}"#,
        r#"{"protocolMessage":{"type":3}}"#,
        r#"{"protocolMessage":{"type":"SHARE_PHONE_NUMBER"}}"#,
        r#"{"protocolMessage":{}}"#,
        r#"{"pinInChatMessage":{"key":{"ID":"3EB0"},"type":1}}"#,
        r#"{"keepInChatMessage":{"keepType":1}}"#,
        r#"{"albumMessage":{"expectedImageCount":2}}"#,
        r#"{"secretEncryptedMessage":{"secretEncType":2}}"#,
        r#"{"encReactionMessage":{}}"#,
        r#"{"reactionMessage":{"text":"👍"}}"#,
        r#"{"encCommentMessage":{}}"#,
        r#"{"commentMessage":{"message":{"conversation":"hi"}}}"#,
        r#"{"encEventResponseMessage":{}}"#,
        r#"{"pollCreationMessage":{"name":"Which?","options":[{"optionName":"a"}]}}"#,
        r#"{"pollCreationMessageV3":{"name":"Which?"}}"#,
        r#"{"pollCreationMessageV9":{"name":"Which?"}}"#,
        r#"{"pollUpdateMessage":{}}"#,
        r#"{"pollResultSnapshotMessage":{"name":"Which?"}}"#,
        r#"{"statusMentionMessage":{"message":{"protocolMessage":{"type":25}}}}"#,
        r#"{"groupStatusMentionMessage":{"message":{}}}"#,
        r#"{"senderKeyDistributionMessage":{"groupID":"1203@g.us"}}"#,
        r#"{"messageHistoryBundle":{"mimetype":"x"}}"#,
        r#"{"messageHistoryNotice":{}}"#,
        r#"{"stickerSyncRmrMessage":{}}"#,
        r#"{"requestPhoneNumberMessage":{}}"#,
        r#"{"limitSharingMessage":{"message":{}}}"#,
        r#"{"messageContextInfo":{"deviceListMetadataVersion":2},"pinInChatMessage":{"type":2}}"#,
        r#"{"ephemeralMessage":{"message":{"pinInChatMessage":{"type":1}}}}"#,
        r#"{"editedMessage":{"message":{"protocolMessage":{"type":14}}}}"#,
    ] {
        check_native(NOTHING, message, "technical message");
        // Even if WAHA puts a text into the body.
        check_native(r#""body":"3EB0""#, message, "technical message");
    }
    for message in [
        r#"{"call":{"callKey":"AAAA"}}"#,
        r#"{"callLogMesssage":{"isVideo":false,"callOutcome":1}}"#,
        r#"{"bcallMessage":{}}"#,
        r#"{"scheduledCallCreationMessage":{"title":"x"}}"#,
    ] {
        check_native(NOTHING, message, "call");
    }
}

#[test]
fn our_own_technical_messages_are_no_answer_of_the_owners() {
    for (engine, data) in native(r#"{"protocolMessage":{"type":"EPHEMERAL_SETTING"}}"#) {
        let payload = format!(
            r#"{{"id":"true_5511999990000@c.us_3A01","from":"5511999990000@c.us","fromMe":true,"source":"app",{NOTHING},"_data":{data}}}"#
        );
        assert_eq!(
            treated("message.any", engine, &payload),
            "ignored: technical message"
        );
    }
}

#[test]
fn notes_of_whatsapp_web_say_nothing() {
    for (kind, wanted) in [
        ("e2e_notification", "system note"),
        ("notification", "system note"),
        ("notification_template", "system note"),
        ("group_notification", "system note"),
        ("broadcast_notification", "system note"),
        ("newsletter_notification", "system note"),
        ("gp2", "system note"),
        ("revoked", "system note"),
        ("protocol", "technical message"),
        ("album", "technical message"),
        ("pinned_message", "technical message"),
        ("keep_in_chat", "technical message"),
        ("poll_creation", "technical message"),
        ("poll_update", "technical message"),
        ("reaction", "technical message"),
        ("reaction_enc", "technical message"),
        ("comment", "technical message"),
        ("event_response", "technical message"),
        ("message_history_bundle", "technical message"),
        ("call_log", "call"),
        ("scheduled_call_creation", "call"),
    ] {
        for body in ["", "150418378248211@lid", "5511999990000@c.us", "Which?"] {
            check_web(
                &format!(r#""body":"{body}""#),
                &format!(r#"{{"type":"{kind}","subtype":"identity"}}"#),
                wanted,
            );
        }
    }
    check_web(
        r#""body":"x""#,
        r#"{"type":"tomorrow","isNotification":true}"#,
        "system note",
    );
}

#[test]
fn notes_of_noweb_have_a_number_or_a_name() {
    for (stub, wanted) in [
        ("38", "system note"),
        (r#""E2E_IDENTITY_CHANGED""#, "system note"),
        ("42", "system note"),
        (r#""INDIVIDUAL_CHANGE_NUMBER""#, "system note"),
        ("72", "system note"),
        (r#""CHANGE_EPHEMERAL_SETTING""#, "system note"),
        ("143", "system note"),
        (r#""PINNED_MESSAGE_IN_CHAT""#, "system note"),
        ("40", "call"),
        ("41", "call"),
        (r#""CALL_MISSED_VOICE""#, "call"),
        (r#""SILENCED_UNKNOWN_CALLER_AUDIO""#, "call"),
        ("2", "contentless Empty"),
        (r#""CIPHERTEXT""#, "contentless Empty"),
        ("0", "contentless Empty"),
        (r#""UNKNOWN""#, "contentless Empty"),
        ("null", "contentless Empty"),
    ] {
        for message in ["null", "{}", r#"{"messageContextInfo":{}}"#] {
            let data = format!(r#"{{"messageStubType":{stub},"message":{message}}}"#);
            assert_eq!(told("NOWEB", NOTHING, &data).trim_end(), wanted, "{data}");
        }
        // The content came after all.
        let data = format!(r#"{{"messageStubType":{stub},"message":{{"conversation":"oi"}}}}"#);
        assert_eq!(told("NOWEB", r#""body":"oi""#, &data), "Text oi");
    }
    let number_changed =
        r#"{"messageStubType":42,"messageStubParameters":["5511988887777@s.whatsapp.net"]}"#;
    let with_an_id = r#""body":"5511988887777@s.whatsapp.net""#;
    assert_eq!(told("NOWEB", with_an_id, number_changed), "system note");
}

#[test]
fn content_that_is_not_here_is_contentless_until_it_comes() {
    for message in [
        r#"{"placeholderMessage":{"type":0}}"#,
        r#"{"messageContextInfo":{},"placeholderMessage":{"type":"MASK_LINKED_DEVICES"}}"#,
        r#"{"messageContextInfo":{}}"#,
        r#"{"tomorrowMessage":{"a":1}}"#,
        r#"{"conversation":""}"#,
        r#"{"ephemeralMessage":{"message":{"tomorrowMessage":{}}}}"#,
        "{}",
        "null",
        "[]",
        "7",
    ] {
        check_native(NOTHING, message, "contentless Empty");
    }
    check_native(
        r#""body":"oi""#,
        r#"{"tomorrowMessage":{"a":1}}"#,
        "Text oi",
    );
    check_native(
        r#""hasMedia":true"#,
        r#"{"tomorrowMessage":{"a":1}}"#,
        "Media",
    );
    for kind in [
        "ciphertext",
        "debug_placeholder",
        "biz_content_placeholder",
        "unknown",
        "tomorrow",
        "chat",
    ] {
        let data = format!(r#"{{"type":"{kind}"}}"#);
        check_web(r#""body":"""#, &data, "contentless Empty");
        check_web(r#""body":"oi""#, &data, "Text oi");
    }
}

#[test]
fn content_without_words_still_counts() {
    for (message, wanted) in [
        (r#"{"imageMessage":{}}"#, "Image"),
        (r#"{"videoMessage":{}}"#, "Video"),
        (r#"{"ptvMessage":{}}"#, "Video"),
        (r#"{"audioMessage":{"ptt":true}}"#, "Voice"),
        (r#"{"audioMessage":{"PTT":true}}"#, "Voice"),
        (r#"{"audioMessage":{"mimetype":"audio/mpeg"}}"#, "Audio"),
        (r#"{"documentMessage":{}}"#, "Document"),
        (r#"{"stickerMessage":{}}"#, "Sticker"),
        (r#"{"stickerPackMessage":{}}"#, "Sticker"),
        (
            r#"{"lottieStickerMessage":{"message":{"stickerMessage":{}}}}"#,
            "Sticker",
        ),
        (r#"{"contactMessage":{"vcard":"x"}}"#, "Contact"),
        (r#"{"contactsArrayMessage":{"contacts":[]}}"#, "Contact"),
        (
            r#"{"locationMessage":{"degreesLatitude":-23.5}}"#,
            "Location",
        ),
        (r#"{"liveLocationMessage":{}}"#, "Location"),
        (r#"{"orderMessage":{}}"#, "Order"),
        (r#"{"productMessage":{}}"#, "Product"),
        (r#"{"groupInviteMessage":{}}"#, "Invitation"),
        (r#"{"eventMessage":{}}"#, "Event"),
        (
            r#"{"viewOnceMessage":{"message":{"imageMessage":{}}}}"#,
            "Image",
        ),
        (
            r#"{"viewOnceMessageV2":{"message":{"videoMessage":{}}}}"#,
            "Video",
        ),
        (
            r#"{"viewOnceMessageV2Extension":{"message":{"audioMessage":{"ptt":true}}}}"#,
            "Voice",
        ),
        (r#"{"viewOnceMessageV2":{"message":{}}}"#, "ViewOnce"),
        // What stands beside it says nothing.
        (
            r#"{"messageContextInfo":{},"senderKeyDistributionMessage":{},"stickerMessage":{}}"#,
            "Sticker",
        ),
    ] {
        check_native(NOTHING, message, wanted);
    }
    let view_once = r#"{"key":{"id":"3A01","isViewOnce":true}}"#;
    assert_eq!(told("NOWEB", NOTHING, view_once), "ViewOnce ");
    let view_once = r#"{"Info":{},"Message":null,"IsViewOnce":true}"#;
    assert_eq!(told("GOWS", NOTHING, view_once), "ViewOnce ");
    for (kind, wanted) in [
        ("image", "Image"),
        ("ptt", "Voice"),
        ("sticker", "Sticker"),
        ("vcard", "Contact"),
        ("order", "Order"),
        ("product", "Product"),
        ("payment", "Payment"),
        ("groups_v4_invite", "Invitation"),
        ("event_creation", "Event"),
    ] {
        check_web(r#""body":"""#, &format!(r#"{{"type":"{kind}"}}"#), wanted);
    }
}

#[test]
fn wrapped_content_is_what_it_is_inside() {
    let file = |mimetype: &str| {
        format!(
            r#""body":null,"hasMedia":true,"media":{{"url":"http://waha:3000/a","mimetype":"{mimetype}","filename":null}}"#
        )
    };
    for wrapper in [
        "ephemeralMessage",
        "viewOnceMessage",
        "viewOnceMessageV2",
        "viewOnceMessageV2Extension",
        "documentWithCaptionMessage",
        "editedMessage",
        "deviceSentMessage",
        "associatedChildMessage",
        "groupMentionedMessage",
        "botInvokeMessage",
        "lottieStickerMessage",
        "spoilerMessage",
        "wrapperOfTomorrow",
    ] {
        for (mimetype, inside, wanted) in [
            (
                "image/webp",
                r#"{"stickerMessage":{"mimetype":"image/webp"}}"#,
                "Sticker",
            ),
            (
                "image/png",
                r#"{"documentMessage":{"fileName":"a.png"}}"#,
                "Document",
            ),
            ("image/jpeg", r#"{"imageMessage":{}}"#, "Image"),
            ("audio/mp4", r#"{"audioMessage":{"ptt":true}}"#, "Voice"),
            (
                "audio/ogg; codecs=opus",
                r#"{"audioMessage":{"ptt":false}}"#,
                "Audio",
            ),
            ("video/mp4", r#"{"documentMessage":{}}"#, "Document"),
        ] {
            let once = format!(r#"{{"{wrapper}":{{"message":{inside}}}}}"#);
            check_native(&file(mimetype), &once, wanted);
            let twice =
                format!(r#"{{"messageContextInfo":{{}},"ephemeralMessage":{{"message":{once}}}}}"#);
            check_native(&file(mimetype), &twice, wanted);
        }
        let text =
            format!(r#"{{"{wrapper}":{{"message":{{"extendedTextMessage":{{"text":"oi"}}}}}}}}"#);
        check_native(NOTHING, &text, "Text oi");
    }
    // Without end.
    let mut deep = r#"{"conversation":"oi"}"#.to_owned();
    for _ in 0..30 {
        deep = format!(r#"{{"ephemeralMessage":{{"message":{deep}}}}}"#);
    }
    check_native(NOTHING, &deep, "contentless Empty");
}

/// WhatsApp sends a photo again in high quality. It is one photo, not two answers.
#[test]
fn a_second_copy_of_a_photo_is_only_recorded() {
    for (association, wanted) in [
        (r#""HD_IMAGE_DUAL_UPLOAD""#, "contentless Image"),
        ("10", "contentless Image"),
        (r#""MOTION_PHOTO""#, "contentless Image"),
        (r#""MEDIA_ALBUM""#, "Image"),
        ("1", "Image"),
        ("null", "Image"),
    ] {
        check_native(
            r#""body":null,"hasMedia":true,"media":{"url":"http://waha:3000/a","mimetype":"image/jpeg"}"#,
            &format!(
                r#"{{"messageContextInfo":{{"messageAssociation":{{"associationType":{association}}}}},"associatedChildMessage":{{"message":{{"imageMessage":{{}}}}}}}}"#
            ),
            wanted,
        );
    }
}

#[test]
fn the_words_of_a_button_or_a_list_are_the_customers() {
    for (message, wanted) in [
        (
            r#"{"buttonsResponseMessage":{"selectedButtonId":"b1","selectedDisplayText":"Marcar"}}"#,
            "Text Marcar",
        ),
        (
            r#"{"buttonsResponseMessage":{"selectedButtonID":"b1","Response":{"SelectedDisplayText":"Marcar"}}}"#,
            "Text Marcar",
        ),
        (
            r#"{"buttonsResponseMessage":{"selectedButtonID":"b1"}}"#,
            "Text b1",
        ),
        (
            r#"{"templateButtonReplyMessage":{"selectedId":"2","selectedDisplayText":"Marcar"}}"#,
            "Text Marcar",
        ),
        (
            r#"{"templateButtonReplyMessage":{"selectedID":"2"}}"#,
            "Text 2",
        ),
        (
            r#"{"listResponseMessage":{"title":"Marcar","singleSelectReply":{"selectedRowId":"2"}}}"#,
            "Text Marcar",
        ),
        (
            r#"{"listResponseMessage":{"singleSelectReply":{"selectedRowID":"2"}}}"#,
            "Text 2",
        ),
        (
            r#"{"interactiveResponseMessage":{"body":{"text":"Marcar"},"nativeFlowResponseMessage":{"paramsJson":"{}"}}}"#,
            "Text Marcar",
        ),
        (
            r#"{"interactiveResponseMessage":{"nativeFlowResponseMessage":{"name":"menu_options","paramsJson":"{\"id\":\"2\",\"title\":\"Marcar\"}"}}}"#,
            "Text Marcar",
        ),
        (
            r#"{"interactiveResponseMessage":{"InteractiveResponseMessage":{"NativeFlowResponseMessage":{"paramsJSON":"{\"id\":\"2\"}"}}}}"#,
            "Text 2",
        ),
        (
            r#"{"interactiveResponseMessage":{"nativeFlowResponseMessage":{"paramsJson":"{broken"}}}"#,
            "contentless Empty",
        ),
        (
            r#"{"ephemeralMessage":{"message":{"buttonsResponseMessage":{"selectedDisplayText":"Marcar"}}}}"#,
            "Text Marcar",
        ),
        (
            r#"{"extendedTextMessage":{"text":"Marcar"}}"#,
            "Text Marcar",
        ),
        (
            r#"{"templateMessage":{"hydratedTemplate":{"hydratedContentText":"Olá"}}}"#,
            "Text Olá",
        ),
        (
            r#"{"interactiveMessage":{"header":{"title":"A"},"body":{"text":"B"}}}"#,
            "Text A\nB",
        ),
    ] {
        check_native(NOTHING, message, wanted);
        check_native(r#""body":"""#, message, wanted);
        if wanted.starts_with("Text") {
            check_native(r#""body":"from WAHA""#, message, "Text from WAHA");
        }
    }
    for (data, wanted) in [
        (
            r#"{"type":"list_response","listResponse":{"title":"Marcar","singleSelectReply":{"selectedRowId":"2"}}}"#,
            "Text Marcar",
        ),
        (
            r#"{"type":"list_response","listResponse":{"singleSelectReply":{"selectedRowId":"2"}}}"#,
            "Text 2",
        ),
        (
            r#"{"type":"buttons_response","selectedButtonId":"2"}"#,
            "Text 2",
        ),
        (
            r#"{"type":"template_button_reply","selectedDisplayText":"Marcar","selectedId":"2"}"#,
            "Text Marcar",
        ),
    ] {
        check_web(r#""body":"""#, data, wanted);
        check_web(r#""body":"from WAHA""#, data, "Text from WAHA");
    }
    check_native(
        r#""body":null,"hasMedia":true"#,
        r#"{"imageMessage":{"caption":"o comprovante"}}"#,
        "Image o comprovante",
    );
}

#[test]
fn orders_products_payments_and_invitations_say_what_they_are() {
    for (message, wanted) in [
        (
            r#"{"orderMessage":{"itemCount":3,"orderTitle":"Loja Exemplo","message":"sem cebola","totalAmount1000":"45000","totalCurrencyCode":"BRL"}}"#,
            "Order 3 items: Loja Exemplo, BRL 45.00: sem cebola",
        ),
        (
            r#"{"orderMessage":{"itemCount":1,"totalAmount1000":{"low":45500,"high":0,"unsigned":false},"totalCurrencyCode":"BRL"}}"#,
            "Order 1 item: BRL 45.50",
        ),
        (r#"{"orderMessage":{"itemCount":2}}"#, "Order 2 items"),
        (
            r#"{"productMessage":{"product":{"title":"Bolo","priceAmount1000":45000,"currencyCode":"BRL"}}}"#,
            "Product Bolo, BRL 45.00",
        ),
        (
            r#"{"productMessage":{"product":{"title":"Bolo"}}}"#,
            "Product Bolo",
        ),
        (
            r#"{"requestPaymentMessage":{"amount1000":"20000","currencyCodeIso4217":"BRL","noteMessage":{"extendedTextMessage":{"text":"almoço"}}}}"#,
            "Payment requested BRL 20.00: almoço",
        ),
        (
            r#"{"sendPaymentMessage":{"noteMessage":{"conversation":"almoço"}}}"#,
            "Payment sent: almoço",
        ),
        (
            r#"{"declinePaymentRequestMessage":{"key":{}}}"#,
            "Payment declined",
        ),
        (
            r#"{"cancelPaymentRequestMessage":{"key":{}}}"#,
            "Payment cancelled",
        ),
        (
            r#"{"paymentInviteMessage":{"serviceType":3}}"#,
            "Payment invitation",
        ),
        (
            r#"{"groupInviteMessage":{"groupName":"Condomínio","caption":"entra aí"}}"#,
            "Invitation Condomínio: entra aí",
        ),
        (
            r#"{"newsletterAdminInviteMessage":{"newsletterName":"Canal"}}"#,
            "Invitation Canal",
        ),
        (
            r#"{"newsletterFollowerInviteMessageV2":{"newsletterName":"Canal"}}"#,
            "Invitation Canal",
        ),
        (
            r#"{"eventMessage":{"name":"Festa","description":"no sábado"}}"#,
            "Event Festa: no sábado",
        ),
        (
            r#"{"listMessage":{"title":"Menu","description":"Escolha"}}"#,
            "List Menu\nEscolha",
        ),
    ] {
        check_native(NOTHING, message, wanted);
    }
    let pix = json!({"payment_settings": [{"type": "pix_static_code", "pix_static_code":
        {"merchant_name": "Ana Souza", "key": "ana@example.com", "key_type": "EMAIL"}}]});
    let pix = json!(pix.to_string());
    for message in [
        format!(
            r#"{{"interactiveMessage":{{"nativeFlowMessage":{{"buttons":[{{"name":"payment_info","buttonParamsJson":{pix}}}]}}}}}}"#
        ),
        format!(
            r#"{{"interactiveMessage":{{"InteractiveMessage":{{"NativeFlowMessage":{{"buttons":[{{"name":"payment_info","buttonParamsJSON":{pix}}}]}}}}}}}}"#
        ),
    ] {
        check_native(NOTHING, &message, "Payment Pix Ana Souza ana@example.com");
    }
    check_native(
        NOTHING,
        r#"{"interactiveMessage":{"nativeFlowMessage":{"buttons":[{"name":"review_and_pay"}]}}}"#,
        "Order",
    );
    for (body, data, wanted) in [
        (
            "",
            r#"{"type":"order","orderId":"1","itemCount":3,"orderTitle":"Loja Exemplo","message":"sem cebola","totalAmount1000":45000,"totalCurrencyCode":"BRL"}"#,
            "Order 3 items: Loja Exemplo, BRL 45.00: sem cebola",
        ),
        (
            "sem cebola",
            r#"{"type":"order","itemCount":3}"#,
            "Order 3 items: sem cebola",
        ),
        (
            "/9j/4AAQSkZJRg",
            r#"{"type":"product","title":"Bolo","priceAmount1000":45000,"currencyCode":"BRL"}"#,
            "Product Bolo, BRL 45.00",
        ),
        (
            "",
            r#"{"type":"payment","paymentCurrency":"BRL","paymentAmount1000":20000,"paymentNoteMsg":{"body":"almoço"}}"#,
            "Payment BRL 20.00: almoço",
        ),
        (
            "",
            r#"{"type":"groups_v4_invite","inviteGrpName":"Condomínio","comment":"entra aí"}"#,
            "Invitation Condomínio: entra aí",
        ),
        (
            "Festa",
            r#"{"type":"scheduled_event_creation","eventName":"Festa"}"#,
            "Event Festa",
        ),
    ] {
        check_web(&format!(r#""body":"{body}""#), data, wanted);
    }
}

#[test]
fn a_live_place_is_where_the_engine_says() {
    for (engine, data) in
        native(r#"{"liveLocationMessage":{"degreesLatitude":-23.5,"degreesLongitude":"-46.6"}}"#)
    {
        let Meaning::Inbound(message) = inbound(engine, NOTHING, &data) else {
            panic!("not inbound");
        };
        let place = message.location.unwrap();
        assert_eq!((place.latitude, place.longitude), (-23.5, -46.6));
    }
}

#[test]
fn the_reason_of_a_failed_download_is_its_first_line() {
    for (error, wanted) in [
        (
            r#"{"details":"Error: Failed to fetch stream from https://mmg.example/b\n    at a (b.js:1:1)"}"#,
            Some("Error: Failed to fetch stream from https://mmg.example/b"),
        ),
        (
            r#"{"message":"gone","details":"Error: gone\n    at a"}"#,
            Some("gone"),
        ),
        (
            r#"{"message":"","details":"\n  Error: gone\r\n    at a"}"#,
            Some("Error: gone"),
        ),
        (r#"{"message":null,"details":{}}"#, None),
        (r#""gone""#, Some("gone")),
        ("null", None),
    ] {
        let fields = format!(
            r#""body":null,"hasMedia":true,"media":{{"url":null,"mimetype":"image/jpeg","error":{error}}}"#
        );
        let Meaning::Inbound(message) = inbound("NOWEB", &fields, "{}") else {
            panic!("not inbound");
        };
        assert_eq!(message.kind, Kind::Image);
        assert_eq!(message.media.unwrap().error.as_deref(), wanted, "{error}");
    }
}

#[test]
fn an_edit_without_words_takes_them_from_the_engine_or_says_that_they_are_unknown() {
    let edited = |fields: &str, message: &str| {
        native(message).map(|(engine, data)| {
            let payload = format!(
                r#"{{"id":"false_1@c.us_B","fromMe":false,"editedMessageId":"A",{fields},"_data":{data}}}"#
            );
            let Meaning::Edited(edited) = event("message.edited", engine, &payload).meaning else {
                panic!("not an edit");
            };
            serde_json::to_string(&edited).unwrap()
        })
    };
    let wanted = |text: &str| {
        let json = format!(
            r#"{{"chat":"1@c.us","stanza":"A","direction":"inbound",{text}"at":1789900000123}}"#
        );
        [json.clone(), json]
    };
    let unread = r#"{"protocolMessage":{"type":14,"editedMessage":{"conversation":""}}}"#;
    for body in [r#""body":"""#, r#""body":null"#, r#""body":" ""#] {
        assert_eq!(edited(body, unread), wanted(""));
        assert_eq!(edited(body, r#"{"secretEncryptedMessage":{}}"#), wanted(""));
        for inside in [
            r#"{"conversation":"novo"}"#,
            r#"{"extendedTextMessage":{"text":"novo"}}"#,
            r#"{"imageMessage":{"caption":"novo"}}"#,
        ] {
            let message =
                format!(r#"{{"protocolMessage":{{"type":14,"editedMessage":{inside}}}}}"#);
            assert_eq!(edited(body, &message), wanted(r#""text":"novo","#));
            let wrapped = format!(r#"{{"editedMessage":{{"message":{message}}}}}"#);
            assert_eq!(edited(body, &wrapped), wanted(r#""text":"novo","#));
        }
    }
    assert_eq!(
        edited(r#""body":"novo""#, unread),
        wanted(r#""text":"novo","#)
    );
}

#[test]
fn metas_bots_are_no_customers() {
    for (chat, wanted) in [
        ("13135550002@c.us", "bot"),
        ("13135550002@s.whatsapp.net", "bot"),
        ("13135550002:3@s.whatsapp.net", "bot"),
        ("13135559999@c.us", "bot"),
        ("13165550012@c.us", "bot"),
        ("867051314767696@bot", "bot"),
        ("13135550002@bot", "bot"),
        ("1@meta.ai", "bot"),
        ("0@c.us", "system account"),
        ("0@s.whatsapp.net", "system account"),
        // Numbers near them.
        ("1313555000@c.us", ""),
        ("131355500022@c.us", ""),
        ("13135560002@c.us", ""),
        ("13165550112@c.us", ""),
        ("5513135550002@c.us", ""),
        ("13135550002@lid", ""),
    ] {
        for name in ["message", "message.any", "message.ack", "message.edited"] {
            let payload = format!(r#"{{"id":"false_{chat}_A","body":"Sure","ack":1}}"#);
            let treated = treated(name, "NOWEB", &payload);
            let why = treated.strip_prefix("ignored: ").unwrap_or_default();
            assert_eq!(why, wanted, "{name} {chat}");
        }
    }
    for other in [
        "13135550002@s.whatsapp.net",
        "867051314767696@bot",
        "13165550012@c.us",
    ] {
        for data in [
            format!(r#"{{"key":{{"remoteJidAlt":"{other}"}}}}"#),
            format!(r#"{{"Info":{{"SenderAlt":"{other}"}}}}"#),
        ] {
            let payload = format!(r#"{{"id":"false_123@lid_A","body":"Sure","_data":{data}}}"#);
            assert_eq!(
                treated("message", "GOWS", &payload),
                "ignored: bot",
                "{data}"
            );
        }
    }
}
