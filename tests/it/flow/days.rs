//! Days and times in a running daemon: limits, a time that is asked back, and texts with days that people can read.

use crate::harness::{Redis, TestSetup, chat};

const APPOINTMENT: &str = r#"
locale = "pt-BR"
timezone = "America/Sao_Paulo"
start = "day"

[hours]
seg-dom = "00:00-24:00"
closed = "day"

[step.day]
ask = "Que dia?"
expect = "date"
min = "today"
max = "+60d"
save = "day"
next = "time"

[step.time]
ask = "A que horas?"
expect = "time"
attempts = 2
save = "time"
next = "soon"

[step.soon]
when = [{ if = "day > today and now >= today", next = "done" }]
otherwise = "wrong"

[step.wrong]
say = "{{ day }} <= {{ today }}"
end = "wrong"

[step.done]
say = "{{ day | date('weekday') }}, {{ day | date('%d/%m') }}, às {{ time | time }}"
end = "done"
"#;

#[test]
fn a_day_outside_the_limits_and_a_time_that_fits_twice_are_asked_again() {
    let (test, redis) = (TestSetup::new(), Redis::start());
    let flow = test.flow(APPOINTMENT);
    let daemon = test.all(&redis).set("FLOW_FILE", flow).start();
    let chat = chat(1);
    let mut heard = 0;
    let mut hear = |says: &str| {
        daemon.customer_writes(&chat, says);
        heard += 1;
        test.texts(&chat, heard).pop().unwrap()
    };
    assert_eq!(hear("oi"), "Que dia?");
    let range = hear("31/12/2099");
    assert!(
        range.starts_with("Por favor, escolha um dia entre ") && range.matches("/20").count() == 2,
        "{range}"
    );
    assert!(hear("não sei").starts_with("Desculpe, não entendi"));
    assert_eq!(hear("amanhã de manhã"), "A que horas?");
    let which = "Seria às 3h da manhã ou às 3h da tarde?";
    assert_eq!(hear("às 3"), which);
    assert_eq!(hear("hein?"), which);
    let booked = hear("da tarde");
    let weekday = booked.split(',').next().unwrap();
    assert!(
        weekday.ends_with("-feira") || ["sábado", "domingo"].contains(&weekday),
        "{booked}"
    );
    assert!(booked.ends_with(", às 15h"), "{booked}");
}
