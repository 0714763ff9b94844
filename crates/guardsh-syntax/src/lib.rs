//! Reads shell text strictly: what it accepts, it has understood exactly as the shell will.
//!
//! [`read`] turns bytes into a [`Script`] or says which of three other ends was met: the text is
//! *incomplete* (go on typing), *invalid* (the shell would say syntax error) or *unsupported* (we do not
//! judge this: ask). There is no fourth. No I/O, no panic, no unbounded recursion, time linear in the text.
#![forbid(unsafe_code)]

mod ansi_c;
mod arith;
mod ast;
mod braces;
mod commands;
mod compound;
mod heredoc;
mod param;
mod print;
mod reader;
mod redirects;
mod tests_expr;
mod visit;
mod words;

pub use arith::assigned_in;
pub use ast::*;
pub use print::print;
pub use visit::scripts_in;

use reader::Reader;

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

impl NotRead {
    /// The same of a text that the shell takes for more than it looks like: wrong here need not be wrong there.
    fn into_unsupported(self) -> Self {
        match self {
            Self::Invalid(place) => Self::Unsupported(place),
            Self::Incomplete(_) | Self::Unsupported(_) => self,
        }
    }
}

/// Where reading ended, and at what construct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Byte offset.
    pub at: usize,
    /// In words, fit to be shown: "unclosed single quote", "`coproc`".
    pub what: String,
    /// Of incomplete text: reading again makes no sense before this has appeared in what follows, so that
    /// a driver that reads line by line need not try again at each line.
    pub until: Option<Until>,
}

/// What must appear in further text before an incomplete one can become whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Until {
    /// This byte, anywhere.
    Byte(u8),
    /// A line that is this, tabs at its beginning left out.
    Line(Vec<u8>),
}

/// Reads a whole text.
///
/// Blank text and comments give a script without statements.
pub fn read(text: &[u8], dialect: Dialect, options: Options) -> Result<Script, NotRead> {
    let mut reader = Reader::new(text, dialect, options);
    reader.refuse_bytes()?;
    let script = reader.whole_script()?;
    // A continuation as the last thing wants another line; `-c` text ends here all the same.
    if !options.backslash_at_end && reader.ends_in_continuation {
        return reader.incomplete(text.len(), "a line continuation at the end");
    }
    Ok(script)
}

/// Reads the first complete command line: up to and including its newline and the here-documents behind it.
///
/// Gives the tree and how many bytes it took; that is how a shell reads a script or its standard input.
/// Text that ends without a newline is complete too.
pub fn first_command(
    text: &[u8],
    dialect: Dialect,
    options: Options,
) -> Result<(Script, usize), NotRead> {
    let mut reader = Reader::new(text, dialect, options);
    let script = reader.one_line()?;
    let taken = reader.pos;
    Reader::new(text.get(..taken).unwrap_or(text), dialect, options).refuse_bytes()?;
    Ok((script, taken))
}

/// Whether the bytes are a variable's name.
pub fn is_name(bytes: &[u8]) -> bool {
    match bytes {
        [first, rest @ ..] => {
            reader::is_name_start(*first) && rest.iter().all(|byte| reader::is_name_byte(*byte))
        }
        [] => false,
    }
}

/// Whether the bytes are `NAME=…` or `NAME+=…`.
pub fn is_assignment_word(bytes: &[u8]) -> bool {
    match bytes.iter().position(|byte| *byte == b'=') {
        Some(at) => {
            let name = bytes.get(..at).unwrap_or_default();
            is_name(name.strip_suffix(b"+").unwrap_or(name))
        }
        None => false,
    }
}

impl Word {
    /// The word's value after quote removal, where nothing in it expands.
    pub fn literal_value(&self) -> Option<Vec<u8>> {
        let mut value = Vec::new();
        literal_parts(&self.parts, &mut value)?;
        Some(value)
    }
}

fn literal_parts(parts: &[WordPart], into: &mut Vec<u8>) -> Option<()> {
    for part in parts {
        match &part.kind {
            WordPartKind::Literal(bytes)
            | WordPartKind::SingleQuoted(bytes)
            | WordPartKind::AnsiC(bytes) => {
                into.extend_from_slice(bytes);
            }
            WordPartKind::Escaped(byte) => into.push(*byte),
            WordPartKind::DoubleQuoted(parts) => literal_parts(parts, into)?,
            WordPartKind::Localized(_)
            | WordPartKind::Param(_)
            | WordPartKind::Command(_)
            | WordPartKind::Backquoted(_)
            | WordPartKind::Arith(_)
            | WordPartKind::Process(..)
            | WordPartKind::Star
            | WordPartKind::Question
            | WordPartKind::Bracket(_)
            | WordPartKind::ExtGlob(..)
            | WordPartKind::BraceList(_)
            | WordPartKind::BraceRange(_)
            | WordPartKind::Tilde(_)
            | WordPartKind::ArrayLiteral(_) => return None,
        }
    }
    Some(())
}
