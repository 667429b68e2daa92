//! The thread on which the history is written.

use std::io;
use std::sync::mpsc;
use std::thread;

use tokio::sync::oneshot;

type Operation = Box<dyn FnOnce() + Send>;

/// Runs one operation after another on a thread of its own.
///
/// A batch of the history can take megabytes of memory, and glibc keeps them for the thread that used them. On the blocking
/// threads of the runtime, which change from batch to batch, every one of them would come to keep as much.
#[derive(Debug, Default)]
pub(super) struct ArchiveThread {
    /// `None` before the first operation, and after an operation panicked.
    operations: Option<mpsc::Sender<Operation>>,
}

impl ArchiveThread {
    /// Runs `operation` when the earlier ones are done, even if nobody waits for the result any more.
    ///
    /// # Errors
    /// If the operating system refuses a thread, or the operation panicked.
    pub(super) async fn run<T: Send + 'static>(
        &mut self,
        operation: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<T> {
        let (done, result) = oneshot::channel();
        let operation = Box::new(move || {
            // Nobody waits for it when the daemon stops.
            let _ = done.send(operation());
        });
        let operations = match &mut self.operations {
            Some(operations) => operations,
            none => none.insert(start()?),
        };
        // It fails only if the thread panicked. Then there is no result either.
        let _ = operations.send(operation);
        let result = result.await;
        result.map_err(|_| {
            self.operations = None;
            io::Error::other("it panicked")
        })
    }
}

/// The thread ends when the sender is dropped.
fn start() -> io::Result<mpsc::Sender<Operation>> {
    let (sender, operations) = mpsc::channel::<Operation>();
    thread::Builder::new()
        .name("archive".into())
        .spawn(move || operations.into_iter().for_each(|operation| operation()))?;
    Ok(sender)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn operations_run_one_after_the_other_on_one_thread_also_if_nobody_waits_for_them() {
        let mut archive_thread = ArchiveThread::default();
        let (begin, may_begin) = mpsc::channel::<()>();
        let (done, is_done) = mpsc::channel();
        let first = archive_thread.run(move || {
            may_begin.recv().unwrap();
            done.send(thread::current().id()).unwrap();
        });
        tokio::select! {
            biased;
            _ = first => panic!("it has to wait"),
            () = std::future::ready(()) => {}
        }
        begin.send(()).unwrap();
        // Not `recv`: the first operation has run when the second does.
        let second = archive_thread.run(move || (is_done.try_recv(), thread::current().id()));
        let (first, second) = second.await.unwrap();
        assert_eq!(first, Ok(second));
        assert_ne!(second, thread::current().id());
    }

    #[tokio::test]
    async fn after_an_operation_panicked_the_next_one_runs() {
        let mut archive_thread = ArchiveThread::default();
        let panicked: io::Result<()> = archive_thread.run(|| panic!("on purpose")).await;
        assert_eq!(panicked.unwrap_err().to_string(), "it panicked");
        assert_eq!(archive_thread.run(|| 7).await.unwrap(), 7);
    }
}
