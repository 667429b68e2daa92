//! `waha-sm flow chat`: tries a flow in the terminal, with the user as the customer.

use std::io::{self, BufRead, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;

use crate::cli::exit::{EXIT_USAGE, exit, print_error};
use crate::cli::flow::source::{FlowOptions, open};
use crate::clock::{self, Millis};
use crate::flow::{Rehearsal, RehearsalEvent, Said, SaidKind, Script};
use crate::terminal::{line, paragraph};
use crate::time_span;

/// The commands, for `--help` and for `/help`.
macro_rules! commands {
    () => {
        "\
/and TEXT        sends TEXT right before the next message: together they are one answer (`burst`)
/wait 10m        lets time pass: a pause ends, a reminder comes, the chat closes
/time 2026-12-25 10:00   moves the clock to that time, in the flow's time zone (see `hours`)
/image CAPTION   sends a picture; the caption may be left out
/video CAPTION   sends a video
/voice           sends a voice message
/file CAPTION    sends a document
/location        sends a place in São Paulo, or the place after it: LATITUDE,LONGITUDE
/contact         sends a contact card
/order TEXT      sends an order from the catalogue, like /order 3 items: Example Shop, BRL 45.00
/product TEXT    sends a product from the catalogue
/answer JSON     answers a call in place of the shop's system, like /answer {\"say\": \"Hello\"}
/fail            makes a call fail
/phone TEXT      the owner writes in the chat, from their own phone
/state           shows the step and the saved values
/new             starts again as a new customer
/quit            ends
//...            sends a message that begins with a slash"
    };
}

const COMMANDS: &str = commands!();

const AFTER_HELP: &str = concat!(
    "What you type is what the customer writes. Time passes only with /wait and /time. Commands:\n\n",
    commands!(),
    "\n\nExamples:\n  waha-sm flow chat examples/flows/shop.toml --name Ann\n",
    "  printf '%s\\n' hello 1 cake 2 no yes | waha-sm flow chat examples/flows/shop.toml",
);

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ChatArgs {
    /// The flow file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The customer's WhatsApp name: {{ name }} in the texts
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    common: FlowOptions,
}

pub(super) fn main(arguments: &ChatArgs) -> ExitCode {
    if arguments.file == Path::new("-") {
        print_error(
            "`flow chat` reads your messages from standard input, so it can't read the flow there: name a file",
        );
        return ExitCode::from(EXIT_USAGE);
    }
    let script = match open(&arguments.file, arguments.common.locale) {
        Ok(script) => script,
        Err(exit) => return exit,
    };
    // If the dialogue comes from a pipe, prompts would only disturb.
    let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    let input = match is_terminal.then(DefaultEditor::new) {
        Some(Ok(editor)) => ChatInput::Terminal(Box::new(editor)),
        // A terminal that can't be edited on still works as a pipe.
        _ => ChatInput::Pipe(io::stdin().lock()),
    };
    let mut chat = ChatTool {
        input,
        out: io::stdout(),
        is_terminal,
        script: &script,
        name: arguments.name.as_deref(),
    };
    exit(chat.run(), true)
}

/// Where the customer's lines come from.
enum ChatInput {
    /// Lines can be edited, and earlier ones come back with the arrow keys.
    Terminal(Box<DefaultEditor>),
    Pipe(io::StdinLock<'static>),
}

impl ChatInput {
    /// The next line; `None` at the end.
    fn line(&mut self) -> io::Result<Option<String>> {
        match self {
            ChatInput::Terminal(editor) => match editor.readline("> ") {
                Ok(line) => {
                    if !line.trim().is_empty() {
                        // The memory of earlier lines is a convenience.
                        let _ = editor.add_history_entry(line.as_str());
                    }
                    Ok(Some(line))
                }
                Err(ReadlineError::Eof | ReadlineError::Interrupted) => Ok(None),
                Err(error) => Err(io::Error::other(error)),
            },
            ChatInput::Pipe(input) => {
                let mut bytes = Vec::new();
                let read = input.read_until(b'\n', &mut bytes)?;
                Ok((read > 0).then(|| String::from_utf8_lossy(&bytes).into_owned()))
            }
        }
    }
}

struct ChatTool<'s, O> {
    input: ChatInput,
    out: O,
    is_terminal: bool,
    script: &'s Script,
    name: Option<&'s str>,
}

/// The meaning of a line.
enum TypedLine {
    Says(Said),
    /// Forms one answer with the next message.
    SaysFirst(Said),
    Waits(Duration),
    /// The shop's system answers; with `None` the call fails.
    Answers(Option<String>),
    Phone(String),
    /// Moves the clock to this day and time.
    GoesTo(String),
    State,
    New,
    Help,
    Quit,
    /// A command with a mistake; the text says what to write.
    Wrong(String),
}

impl<'s, O: Write> ChatTool<'s, O> {
    fn run(&mut self) -> io::Result<()> {
        if self.is_terminal {
            let name = match self.script.name() {
                "" => "the flow".to_owned(),
                name => format!("the flow \"{}\"", line(name)),
            };
            writeln!(
                self.out,
                "You are the customer, and {name} answers. /help lists the commands."
            )?;
        }
        let mut rehearsal = self.begin();
        let mut row: Vec<Said> = Vec::new();
        while let Some(typed) = self.read()? {
            let events = match typed {
                TypedLine::Says(said) => {
                    row.push(said);
                    rehearsal.say(row.drain(..))
                }
                TypedLine::SaysFirst(said) => {
                    row.push(said);
                    continue;
                }
                TypedLine::GoesTo(time) => match self.script.typed_moment(&time) {
                    Some(time) => rehearsal.go_to(time),
                    None => {
                        writeln!(
                            self.out,
                            "-- write a date and a time, like /time 2026-12-25 10:00"
                        )?;
                        continue;
                    }
                },
                TypedLine::Waits(time) => {
                    let mut events = match row.is_empty() {
                        true => Vec::new(),
                        false => rehearsal.say(row.drain(..)),
                    };
                    events.extend(rehearsal.wait(time));
                    events
                }
                TypedLine::Answers(_) if !rehearsal.is_calling() => {
                    writeln!(self.out, "-- no call is waiting for an answer")?;
                    continue;
                }
                TypedLine::Answers(answer) => {
                    let (events, read) = rehearsal.answer(answer.as_deref().map(str::as_bytes));
                    if let Err(mistake) = read {
                        writeln!(self.out, "-- the call failed: {}", line(&mistake))?;
                    }
                    events
                }
                TypedLine::Phone(text) => rehearsal.phone(&text),
                TypedLine::State => {
                    self.show_state(&rehearsal)?;
                    continue;
                }
                TypedLine::New => {
                    rehearsal = self.begin();
                    continue;
                }
                TypedLine::Help => {
                    writeln!(self.out, "{COMMANDS}")?;
                    continue;
                }
                TypedLine::Quit => break,
                TypedLine::Wrong(what) => {
                    writeln!(self.out, "-- {what}")?;
                    continue;
                }
            };
            for event in &events {
                self.show(event)?;
            }
            if let Some(time) = rehearsal.pauses_for() {
                let time = time_span::shown(time);
                writeln!(self.out, "-- the flow pauses; continue with /wait {time}")?;
            }
        }
        self.out.flush()
    }

    fn begin(&self) -> Rehearsal<'s> {
        Rehearsal::new(self.script, self.name, Millis::now())
    }

    /// The next line that is not empty; `None` at the end of the input.
    fn read(&mut self) -> io::Result<Option<TypedLine>> {
        loop {
            self.out.flush()?;
            let Some(text) = self.input.line()? else {
                return Ok(None);
            };
            match text.trim() {
                "" => {}
                text => return Ok(Some(read(text))),
            }
        }
    }

    fn show(&mut self, event: &RehearsalEvent) -> io::Result<()> {
        match event {
            RehearsalEvent::HandedOff { team, urgent } => {
                let person = person(team, *urgent);
                writeln!(
                    self.out,
                    "-- waits for {person}; /phone TEXT answers as that person"
                )
            }
            RehearsalEvent::Phone => writeln!(
                self.out,
                "-- the owner answers; the flow stays silent until they write the closing word or nobody writes for a while"
            ),
            RehearsalEvent::Rated(rating) => {
                writeln!(self.out, "-- rated: {rating}; no conversation opens")
            }
            RehearsalEvent::Reply(text) => writeln!(self.out, "  < {}", paragraph(text)),
            RehearsalEvent::Closed { outcome, resumable } => {
                let on = match resumable {
                    true => "the next message continues at the same step, if it comes in time",
                    false => "the next message opens a new conversation",
                };
                writeln!(self.out, "-- closed: {}; {on}", line(outcome))
            }
            RehearsalEvent::Called { step, url, body } => writeln!(
                self.out,
                "-- [step.{}] calls {} with {}\n-- /answer {{\"say\": \"Hello\"}} answers, /answer alone continues without an answer text, /fail fails",
                line(step),
                line(url),
                line(body),
            ),
            RehearsalEvent::Fault(fault) => {
                writeln!(self.out, "-- the flow failed: {}", line(fault))
            }
        }
    }

    fn show_state(&mut self, rehearsal: &Rehearsal<'_>) -> io::Result<()> {
        match rehearsal.step() {
            None if rehearsal.is_with_phone() => writeln!(self.out, "-- the owner answers")?,
            Some(step) if rehearsal.waits_for_person() => {
                let team = rehearsal.team().unwrap_or_default();
                let person = person(team, rehearsal.is_urgent());
                writeln!(self.out, "-- step: {}, waits for {person}", line(step))?;
                for note in rehearsal.note().unwrap_or_default().lines() {
                    writeln!(self.out, "-- note: {}", line(note))?;
                }
            }
            Some(step) => writeln!(self.out, "-- step: {}", line(step))?,
            None => writeln!(self.out, "-- no conversation is open")?,
        }
        for (name, value) in rehearsal.variables() {
            writeln!(self.out, "-- {} = {}", line(name), line(value))?;
        }
        for (name, value) in rehearsal.known() {
            writeln!(self.out, "-- known.{} = {}", line(&name), line(&value))?;
        }
        match rehearsal.wakes_in() {
            Some(time) => {
                let time = clock::brief(time);
                writeln!(self.out, "-- without an answer it continues in {time}")
            }
            None => Ok(()),
        }
    }
}

/// For whom a customer waits.
fn person(team: &str, urgent: bool) -> String {
    let whose = match team {
        "" => String::new(),
        team => format!(" of the team {}", line(team)),
    };
    let how = if urgent { ", urgent" } else { "" };
    format!("a person{whose}{how}")
}

/// The meaning of a line that is not empty.
fn read(text: &str) -> TypedLine {
    let Some(command) = text.strip_prefix('/') else {
        return TypedLine::Says(Said::text(text));
    };
    if command.starts_with('/') {
        return TypedLine::Says(Said::text(command));
    }
    let (word, rest) = command
        .split_once(char::is_whitespace)
        .unwrap_or((command, ""));
    let message = |kind| {
        TypedLine::Says(Said {
            text: rest.trim().to_owned(),
            kind,
        })
    };
    match word {
        "wait" => match time_span::parse(rest) {
            Some(time) => TypedLine::Waits(time),
            None => {
                TypedLine::Wrong("write how long, like /wait 90s, /wait 10m or /wait 24h".into())
            }
        },
        "time" => TypedLine::GoesTo(rest.trim().to_owned()),
        "and" if rest.trim().is_empty() => {
            TypedLine::Wrong("write the first message, like /and good morning".into())
        }
        "and" => TypedLine::SaysFirst(Said::text(rest.trim())),
        "image" => message(SaidKind::Image),
        "video" => message(SaidKind::Video),
        "voice" => message(SaidKind::Voice),
        "file" => message(SaidKind::File),
        "location" => TypedLine::Says(Said {
            text: if rest.trim().is_empty() {
                "-23.561414,-46.655881".to_owned()
            } else {
                rest.trim().to_owned()
            },
            kind: SaidKind::Location,
        }),
        "contact" => message(SaidKind::Contact),
        "order" => message(SaidKind::Order),
        "product" => message(SaidKind::Product),
        "answer" => TypedLine::Answers(Some(rest.trim().to_owned())),
        "fail" => TypedLine::Answers(None),
        "phone" if rest.trim().is_empty() => {
            TypedLine::Wrong("write the owner's message, like /phone Hello!".into())
        }
        "phone" => TypedLine::Phone(rest.trim().to_owned()),
        "state" => TypedLine::State,
        "new" => TypedLine::New,
        "help" => TypedLine::Help,
        "quit" => TypedLine::Quit,
        _ => TypedLine::Wrong(format!(
            "there is no command /{}; /help lists the commands; begin with // to send a message that begins with a slash",
            line(word)
        )),
    }
}
