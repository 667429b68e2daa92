//! What a backup or a restore says while it works.

/// Tells somebody how far the work is.
pub type ToldNews<'a> = &'a mut dyn FnMut(BackupNews<'_>);

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupNews<'a> {
    /// A step is so far.
    At {
        /// The step, such as `history`.
        step: &'a str,
        /// How much of it is done.
        done: u64,
        /// How much there is; 0: nobody knows.
        all: u64,
        /// Whether these are bytes. Otherwise they are keys.
        bytes: bool,
    },
    /// A step is done; the text says what it did.
    Done(&'a str),
    /// Something that the user should know.
    Warning(&'a str),
}
