//! All that a search finds, as a file. It is read and sent page by page: a slow browser holds neither memory nor the history.

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::CONTENT_DISPOSITION;
use jiff::Timestamp;
use tokio::sync::mpsc;

use super::asked::{AskedSearch, SearchKind};
use super::reported::AskedReport;
use crate::console::answer::{self, Answer, Broken, file_parts, set_header};
use crate::console::console::ConsoleState;
use crate::console::readers::{NoHistory, Readers};
use crate::history::{
    Conversation, CsvReader, CsvTable, Cursor, History, Report, ReportRow, StoredMessage,
};

/// How many rows are read at once.
const ROWS: u32 = 500;
/// How many pages wait for the browser.
const PAGES: usize = 2;
/// It says that the file is UTF-8. Without it, spreadsheets show other letters in place of those with accents.
const MARK: &str = "\u{feff}";

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::console) enum FileForm {
    /// A table of conversations, for spreadsheets.
    Csv,
    /// Everything that is known of each, for programs.
    Jsonl(SearchKind),
}

impl FileForm {
    /// The form of a file with this name.
    pub(in crate::console) fn of(name: &str) -> Option<Self> {
        match name {
            "conversations.csv" => Some(FileForm::Csv),
            "conversations.jsonl" => Some(FileForm::Jsonl(SearchKind::Conversations)),
            "messages.jsonl" => Some(FileForm::Jsonl(SearchKind::Messages)),
            _ => None,
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            FileForm::Csv => "text/csv; charset=utf-8",
            FileForm::Jsonl(_) => "application/x-ndjson",
        }
    }
}

/// Answers with the file `name`.
///
/// # Errors
/// If the history can't be read. If that happens later, the connection is cut off, so that nobody takes the file for complete.
pub(in crate::console) async fn file(
    state: &ConsoleState,
    asked: AskedSearch,
    form: FileForm,
    name: &str,
) -> Result<Answer, NoHistory> {
    let (sender, parts) = mpsc::channel(PAGES);
    let readers = state.readers.clone();
    let stopping = state.stopping.clone();
    let mut asked = asked;
    let (first, mut next) = page(&readers, &asked, form).await?;
    tokio::spawn(async move {
        let send = async {
            let mut part = first;
            // The browser may be gone.
            while sender.send(Ok(part)).await.is_ok() {
                let Some(from) = next else { return Ok(()) };
                asked.from = Some(from);
                (part, next) = page(&readers, &asked, form).await.map_err(|_| Broken)?;
            }
            Ok(())
        };
        let sent = tokio::select! {
            sent = send => sent,
            () = stopping.cancelled() => Err(Broken),
        };
        if sent.is_err() {
            let _ = sender.send(Err(Broken)).await;
        }
    });
    let mut answer = file_parts(StatusCode::OK, form.content_type(), parts);
    attach(&mut answer, name);
    Ok(answer)
}

/// Makes the browser save an answer, under a name with today's date.
fn attach(answer: &mut Answer, name: &str) {
    let today = Timestamp::now().strftime("%Y-%m-%d").to_string();
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, "txt"));
    let value = format!("attachment; filename=\"{stem}-{today}.{ending}\"");
    set_header(answer, CONTENT_DISPOSITION, &value);
}

/// The next rows, and where those after them begin.
async fn page(
    readers: &Readers,
    asked: &AskedSearch,
    form: FileForm,
) -> Result<(Bytes, Option<Cursor>), NoHistory> {
    let asked = asked.clone();
    let read = move |history: &History| {
        let (query, from) = (&asked.query, asked.from.as_ref());
        Ok(match form {
            FileForm::Jsonl(SearchKind::Messages) => {
                let page = history.found(query, from, ROWS)?;
                let write = |message: &StoredMessage, out: &mut Vec<u8>| message.write_jsonl(out);
                (lines(&page.hits, write), page.next)
            }
            FileForm::Jsonl(SearchKind::Conversations) => {
                let page = history.conversation_page(query, from, ROWS)?;
                let write = |one: &Conversation, out: &mut Vec<u8>| one.write_jsonl(out);
                (lines(&page.conversations, write), page.next)
            }
            FileForm::Csv => {
                let page = history.conversation_page(query, from, ROWS)?;
                (table(&asked, &page.conversations), page.next)
            }
        })
    };
    readers.read(read).await
}

fn lines<T>(all: &[T], write: impl Fn(&T, &mut Vec<u8>) -> std::io::Result<()>) -> Bytes {
    let mut out = Vec::new();
    for one in all {
        // Writing to memory does not fail.
        let _ = write(one, &mut out);
    }
    out.into()
}

/// Rows of the table of conversations. The first page has the names of the columns.
fn table(asked: &AskedSearch, conversations: &[Conversation]) -> Bytes {
    let zone = asked.zone.clone();
    // Writing to memory does not fail.
    let written = match asked.from {
        None => CsvTable::new::<Conversation>(MARK.as_bytes().to_vec(), zone, CsvReader::Program),
        Some(_) => Ok(CsvTable::continued(Vec::new(), zone, CsvReader::Program)),
    };
    let written = written.and_then(|mut table| {
        conversations.iter().try_for_each(|one| table.write(one))?;
        table.finish()
    });
    written.unwrap_or_default().into()
}

/// The table of a report, which is small.
pub(super) fn report(report: &Report, asked: &AskedReport) -> Answer {
    let begun = MARK.as_bytes().to_vec();
    // Writing to memory does not fail.
    let table = CsvTable::new::<ReportRow>(begun, asked.zone.clone(), CsvReader::Program);
    let written = table.and_then(|mut table| {
        report.rows().try_for_each(|row| table.write(row))?;
        table.finish()
    });
    let out = written.unwrap_or_default();
    let mut answer = answer::answer(StatusCode::OK, FileForm::Csv.content_type(), out);
    attach(&mut answer, "report.csv");
    answer
}
