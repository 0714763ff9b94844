//! Reads shell text strictly: what it accepts, it has understood exactly as the shell will.
//!
//! [`read`] turns bytes into a [`Script`] or says which of three other ends was met: the text is
//! *incomplete* (go on typing), *invalid* (the shell would say syntax error) or *unsupported* (we do not
//! judge this: ask). There is no fourth. No I/O, no panic, no unbounded recursion, time linear in the text.
#![forbid(unsafe_code)]

mod ast;

pub use ast::*;

/// Which shell will read the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// dash and other plain POSIX shells.
    Posix,
    /// bash 5.
    Bash,
}

/// What the shell's state changes about how text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// bash's `shopt -s extglob`.
    pub extglob: bool,
    /// Accept a here-document that the end of the text cuts off, as `-c` and scripts do.
    pub here_doc_at_end: bool,
    /// Accept a backslash as the very last byte (legal at the end of `-c`, incomplete in a session).
    pub backslash_at_end: bool,
    /// Comments are comments (`shopt interactive_comments`).
    pub comments: bool,
}

/// Why no tree came out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRead {
    /// More text may make it whole.
    #[error("incomplete: {}", .0.what)]
    Incomplete(Place),
    /// The shell would say syntax error.
    #[error("invalid: {}", .0.what)]
    Invalid(Place),
    /// Perhaps fine for the shell; not judged here.
    #[error("unsupported: {}", .0.what)]
    Unsupported(Place),
}

/// Where reading ended, and at what construct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Byte offset.
    pub at: usize,
    /// In words, fit to be shown: "unclosed single quote", "`coproc`".
    pub what: String,
}
