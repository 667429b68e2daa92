//! The socket at which a process of ours says on its own machine whether it is ready. It needs no port, no file and no setting.
//!
//! It is an abstract Unix socket. Containers may share the network that its name is in (`--network host`), and each has a process 1: so the
//! name has the namespace of the process ids, too. And who asks hears from the kernel which process answers.

use std::io::{self, Read as _};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with, sockopt};

/// An answer is shorter; more is not read.
const ANSWER_MAX: u64 = 64 << 10;

/// Opens this process' socket.
///
/// # Errors
/// The operating system's.
pub(crate) fn bind() -> io::Result<UnixListener> {
    let listener =
        UnixListener::bind_addr(&SocketAddr::from_abstract_name(name(std::process::id())?)?)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// The whole answer of the process `process`.
///
/// # Errors
/// Nobody answers there within this time, or it is another process.
pub(crate) fn ask(process: u32, within: Duration) -> io::Result<String> {
    let until = Instant::now() + within;
    // If a process accepts nothing, a connection that waited for it would wait for ever.
    let socket = socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        None,
    )?;
    let address = rustix::net::SocketAddrUnix::new_abstract_name(name(process)?.as_bytes())?;
    connect(&socket, &address)?;
    let answering = sockopt::socket_peercred(&socket)?.pid;
    if answering.as_raw_nonzero().get().cast_unsigned() != process {
        return Err(io::Error::other("another process has its socket"));
    }
    let mut socket = UnixStream::from(socket);
    socket.set_nonblocking(false)?;
    let mut answer = Vec::new();
    let mut piece = [0; 4_096];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        // A timeout of zero would be none.
        socket.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        match socket.read(&mut piece)? {
            0 => break,
            length => answer.extend(piece.iter().take(length)),
        }
        if answer.len() as u64 > ANSWER_MAX {
            break;
        }
    }
    String::from_utf8(answer).map_err(io::Error::other)
}

/// The name of the socket of `process`, a process id as we see it.
fn name(process: u32) -> io::Result<String> {
    let namespace = std::fs::metadata("/proc/self/ns/pid")?.ino();
    Ok(format!("waha-sm/health/{namespace}/{process}"))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn who_asks_gets_the_answer_of_that_process_and_of_no_other() {
        let mine = std::process::id();
        let within = Duration::from_secs(5);
        assert!(ask(mine, within).is_err(), "nobody answers yet");
        let listener = bind().unwrap();
        listener.set_nonblocking(false).unwrap();
        let answers = std::thread::spawn(move || {
            listener.accept().unwrap().0.write_all(b"as I am").unwrap();
            listener
        });
        assert_eq!(ask(mine, within).unwrap(), "as I am");
        let listener = answers.join().unwrap();

        // It accepts, and says nothing.
        let began = Instant::now();
        assert!(ask(mine, Duration::from_millis(50)).is_err());
        assert!(began.elapsed() < within);
        // It accepts nothing.
        let full = (0..1_000).find_map(|_| ask(mine, Duration::ZERO).err().filter(is_full));
        assert!(full.is_some());
        drop(listener);

        // Another process has the name of this one.
        let other = std::process::id() + 1_000_000;
        let name = SocketAddr::from_abstract_name(name(other).unwrap()).unwrap();
        let _listener = UnixListener::bind_addr(&name).unwrap();
        let refused = ask(other, within).unwrap_err().to_string();
        assert!(refused.contains("another process"), "{refused}");
    }

    fn is_full(error: &io::Error) -> bool {
        error.raw_os_error() == Some(rustix::io::Errno::AGAIN.raw_os_error())
            && error.kind() == io::ErrorKind::WouldBlock
    }
}
