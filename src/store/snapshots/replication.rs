//! What a replica says to get a snapshot (<https://redis.io/docs/latest/operate/oss_and_stack/management/replication/>): the server
//! forks, so it goes on serving, and its child sends what it held at that moment.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::time::timeout;

use crate::store::connection::server_door::{DoorStream, ServerDoor};
use crate::store::snapshots::error::SnapshotError;

/// The server says something at least every ten seconds, even while it waits for another child.
const SILENT_MAX: Duration = Duration::from_secs(60);

/// The beginnings of errors that end by themselves: ask later.
const NOT_NOW: [&str; 4] = ["-LOADING", "-MASTERDOWN", "-NOMASTERLINK", "-BUSY"];

/// The length of the mark that ends a snapshot whose size the server did not know.
const MARK: usize = 40;

/// The shortest line that we read is one byte, and the longest is an error.
const LINE_MAX: u64 = 4_096;

/// Fetches a snapshot, and passes it to `write` in pieces. Returns its size.
///
/// # Errors
/// As [`SnapshotError`] says.
pub(crate) async fn fetch(
    door: &ServerDoor,
    write: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> Result<u64, SnapshotError> {
    let stream = door.open().await.map_err(|error| broken(&error))?;
    let mut replica = Replica {
        stream: BufReader::with_capacity(1 << 16, stream),
    };
    if let Some(password) = door.password() {
        let answer = replica.ask(&password).await?;
        if answer.starts_with('-') {
            return Err(SnapshotError::Refused(refusal(&answer)));
        }
    }
    // It may send a snapshot before it knows its size; then it needs no file. Old servers know less of this.
    replica.ask(&["REPLCONF", "capa", "eof"]).await?;
    // It need not keep what is written meanwhile.
    replica.ask(&["REPLCONF", "rdb-only", "1"]).await?;
    replica.say(&["SYNC"]).await?;
    let announced = loop {
        let line = replica.line().await?;
        // It says nothing for as long as it waits.
        if !line.is_empty() {
            break line;
        }
    };
    if let Some(mark) = announced.strip_prefix("$EOF:") {
        return replica.until(mark.as_bytes(), write).await;
    }
    match announced.strip_prefix('$').map(str::parse) {
        Some(Ok(size)) => replica.exactly(size, write).await,
        // Each provider of Redis refuses it in words of its own.
        _ if announced.starts_with('-')
            && !NOT_NOW.iter().any(|one| announced.starts_with(one)) =>
        {
            Err(SnapshotError::Refused(refusal(&announced)))
        }
        _ => Err(SnapshotError::Broken(refusal(&announced))),
    }
}

struct Replica {
    stream: BufReader<Box<dyn DoorStream>>,
}

impl Replica {
    async fn say(&mut self, words: &[&str]) -> Result<(), SnapshotError> {
        let mut command = format!("*{}\r\n", words.len());
        for word in words {
            command.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        let said = self.stream.write_all(command.as_bytes());
        in_time(said).await
    }

    async fn line(&mut self) -> Result<String, SnapshotError> {
        let mut line = Vec::new();
        let mut limited = (&mut self.stream).take(LINE_MAX);
        in_time(limited.read_until(b'\n', &mut line)).await?;
        if line.last() != Some(&b'\n') {
            return Err(SnapshotError::Broken("the server hung up".to_owned()));
        }
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    async fn ask(&mut self, words: &[&str]) -> Result<String, SnapshotError> {
        self.say(words).await?;
        self.line().await
    }

    /// Waits for the next bytes.
    async fn more(&mut self) -> Result<&[u8], SnapshotError> {
        let some = in_time(self.stream.fill_buf()).await?;
        if some.is_empty() {
            return Err(SnapshotError::Broken("the server hung up".to_owned()));
        }
        Ok(some)
    }

    async fn exactly(
        &mut self,
        size: u64,
        write: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<u64, SnapshotError> {
        let mut left = size;
        while left > 0 {
            let some = self.more().await?;
            let some = &some[..some.len().min(usize::try_from(left).unwrap_or(usize::MAX))];
            let read = some.len();
            write(some).map_err(SnapshotError::Write)?;
            self.stream.consume(read);
            left -= read as u64;
        }
        Ok(size)
    }

    async fn until(
        &mut self,
        mark: &[u8],
        write: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<u64, SnapshotError> {
        if mark.len() != MARK {
            return Err(SnapshotError::Broken(
                "the server announced an end that is none".to_owned(),
            ));
        }
        let (mut size, mut held) = (0, Vec::new());
        loop {
            let some = self.more().await?;
            let read = some.len();
            held.extend_from_slice(some);
            self.stream.consume(read);
            let is_whole = held.ends_with(mark);
            // The end may be the mark, or the first part of it.
            let known = held.len().saturating_sub(MARK);
            write(&held[..known]).map_err(SnapshotError::Write)?;
            held.drain(..known);
            size += known as u64;
            if is_whole {
                return Ok(size);
            }
        }
    }
}

async fn in_time<T>(work: impl Future<Output = io::Result<T>>) -> Result<T, SnapshotError> {
    match timeout(SILENT_MAX, work).await {
        Ok(done) => done.map_err(|error| broken(&error)),
        Err(_) => Err(SnapshotError::Broken(format!(
            "the server was silent for {} s",
            SILENT_MAX.as_secs()
        ))),
    }
}

fn broken(error: &io::Error) -> SnapshotError {
    SnapshotError::Broken(error.to_string())
}

/// An error as the server says it.
fn refusal(answer: &str) -> String {
    answer.trim_start_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::duplex;

    /// What is written if the server sends these pieces.
    async fn written(pieces: &[&[u8]], mark: &str) -> Result<Vec<u8>, SnapshotError> {
        let (ours, mut theirs) = duplex(1 << 16);
        for piece in pieces {
            theirs.write_all(piece).await.unwrap();
        }
        drop(theirs);
        let mut replica = Replica {
            stream: BufReader::with_capacity(7, Box::new(ours)),
        };
        let mut all = Vec::new();
        let size = replica
            .until(mark.as_bytes(), &mut |some| {
                all.extend_from_slice(some);
                Ok(())
            })
            .await?;
        assert_eq!(size, all.len() as u64);
        Ok(all)
    }

    #[tokio::test]
    async fn a_snapshot_of_unknown_size_ends_with_its_mark_and_one_without_is_cut_off() {
        let mark = "0123456789abcdef0123456789abcdef01234567";
        let body = b"REDIS0011 some 0123456789abcdef of it";
        let all = written(&[body, &mark.as_bytes()[..9], &mark.as_bytes()[9..]], mark).await;
        assert_eq!(all.unwrap(), body);
        assert_eq!(written(&[mark.as_bytes()], mark).await.unwrap(), b"");
        let cut = written(&[body, &mark.as_bytes()[..39]], mark).await;
        assert!(matches!(cut, Err(SnapshotError::Broken(_))), "{cut:?}");
    }
}
