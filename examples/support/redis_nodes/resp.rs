//! One question to a Redis server, in its own protocol.

use std::io::{BufRead as _, BufReader, Error, ErrorKind, Read as _, Result, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// A node that does not answer within this time is frozen.
const PATIENCE: Duration = Duration::from_secs(5);

/// The answer to one command, as JSON; an error answer of Redis is an error.
pub(crate) fn ask<W: AsRef<str>>(port: u16, command: &[W]) -> Result<Value> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let mut request = format!("*{}\r\n", command.len());
    for word in command {
        let word = word.as_ref();
        request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    stream.write_all(request.as_bytes())?;
    read(&mut BufReader::new(stream))
}

/// One answer.
fn read(from: &mut BufReader<TcpStream>) -> Result<Value> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    let (kind, rest) = line.trim_end().split_at_checked(1).unwrap_or_default();
    let number = || {
        rest.parse::<i64>()
            .map_err(|_| Error::from(ErrorKind::InvalidData))
    };
    Ok(match kind {
        "+" => rest.into(),
        ":" => number()?.into(),
        "$" => match usize::try_from(number()?) {
            Err(_) => Value::Null,
            Ok(length) => {
                let mut text = vec![0; length + 2];
                from.read_exact(&mut text)?;
                String::from_utf8_lossy(&text[..length]).into_owned().into()
            }
        },
        "*" => {
            let parts = (0..number()?).map(|_| read(from));
            Value::Array(parts.collect::<Result<_>>()?)
        }
        _ => return Err(Error::other(rest)),
    })
}
