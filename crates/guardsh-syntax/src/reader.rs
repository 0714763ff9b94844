//! The bytes under the reader: where it is, what it may not step over, and how each of the three ends is said.

use std::collections::BTreeMap;

use crate::ast::Span;
use crate::words::Quoting;
use crate::{Dialect, NotRead, Options, Place, Until};

/// Constructs inside each other; a substitution counts three (itself, its script, its words). Enough for people
/// and programs, few enough for any stack.
pub(crate) const MAX_DEPTH: usize = 100;

/// Commands, words and parts in one text, about: what people and programs submit has far fewer, and the memory
/// of a tree is bounded by it.
const MAX_CONSTRUCTS: usize = 100_000;

pub(crate) type Read<T> = Result<T, NotRead>;

/// A here-document whose body has not been reached yet.
pub(crate) struct PendingHereDoc {
    pub(crate) delimiter: Vec<u8>,
    pub(crate) quoted: bool,
    pub(crate) tabs: bool,
}

pub(crate) struct Reader<'t> {
    pub(crate) text: &'t [u8],
    pub(crate) pos: usize,
    pub(crate) dialect: Dialect,
    pub(crate) options: Options,
    /// Added to every place that is told: where the text at hand stands in the submission.
    pub(crate) base: usize,
    pub(crate) depth: usize,
    /// Nodes of the tree so far.
    constructs: usize,
    /// How many `${…}` stand around the place at hand.
    pub(crate) params: usize,
    /// How many `$(…)`, `<(…)` stand around the script at hand.
    pub(crate) substitutions: usize,
    /// Whether a backslash took the newline at the end of the text.
    pub(crate) ends_in_continuation: bool,
    /// Up to here a search for the end of a bracket expression has found none: it need not be made again.
    pub(crate) no_bracket_before: usize,
    /// The same of the search for any `]` behind a quote, by what surrounds it.
    pub(crate) no_close_before: BTreeMap<Quoting, usize>,
    /// Here-documents of the script at hand, in the order in which they were announced.
    pub(crate) pending: Vec<PendingHereDoc>,
    /// The bodies that were read, for the same script.
    pub(crate) bodies: Vec<crate::ast::HereDoc>,
    /// How many here-documents of this script were announced so far.
    pub(crate) announced: usize,
}

impl<'t> Reader<'t> {
    pub(crate) fn new(text: &'t [u8], dialect: Dialect, options: Options) -> Self {
        Self {
            text,
            pos: 0,
            dialect,
            options,
            base: 0,
            depth: 0,
            constructs: 0,
            params: 0,
            substitutions: 0,
            ends_in_continuation: false,
            no_bracket_before: 0,
            no_close_before: BTreeMap::new(),
            pending: Vec::new(),
            bodies: Vec::new(),
            announced: 0,
        }
    }

    /// A reader of a text inside this one's: as deep, and with what is left to count.
    pub(crate) fn inside<'i>(&self, text: &'i [u8], base: usize) -> Reader<'i> {
        Reader {
            base,
            depth: self.depth,
            constructs: self.constructs,
            ..Reader::new(text, self.dialect, self.options)
        }
    }

    /// Takes over what a reader of an inner text has counted.
    pub(crate) fn counted_in(&mut self, inner: &Reader<'_>) {
        self.constructs = inner.constructs;
    }

    pub(crate) fn is_bash(&self) -> bool {
        self.dialect == Dialect::Bash
    }

    /// What stands at a place of the tree.
    pub(crate) fn source(&self, span: Span) -> &'t [u8] {
        let start = span.start.saturating_sub(self.base);
        let end = span.end.saturating_sub(self.base);
        self.text.get(start..end).unwrap_or_default()
    }

    /// The byte at hand, raw: inside single quotes, comments and quoted here-documents.
    pub(crate) fn raw(&self) -> Option<u8> {
        self.text.get(self.pos).copied()
    }

    pub(crate) fn raw_at(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.pos.saturating_add(ahead)).copied()
    }

    /// The byte at hand with line continuations taken out, as the shell's own reader does it.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        while self.raw() == Some(b'\\') && self.raw_at(1) == Some(b'\n') {
            self.pos += 2;
            self.ends_in_continuation |= self.pos == self.text.len();
        }
        self.raw()
    }

    /// The byte behind the one at hand, continuations taken out.
    pub(crate) fn peek_second(&mut self) -> Option<u8> {
        self.peek()?;
        let mut at = self.pos + 1;
        while self.text.get(at) == Some(&b'\\') && self.text.get(at + 1) == Some(&b'\n') {
            at += 2;
        }
        self.text.get(at).copied()
    }

    /// Steps over the byte at hand.
    pub(crate) fn bump(&mut self) {
        self.peek();
        self.pos = (self.pos + 1).min(self.text.len());
    }

    /// Steps over this byte if it is the one at hand.
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        if there {
            self.bump();
        }
        there
    }

    /// A place just behind the last byte that was taken, continuations before the next one left out.
    pub(crate) fn here(&mut self) -> usize {
        self.peek();
        self.pos
    }

    pub(crate) fn span(&self, start: usize) -> Span {
        Span {
            start: self.base + start,
            end: self.base + self.pos.max(start),
        }
    }

    /// Goes one construct deeper; every call is matched by [`Reader::leave`].
    pub(crate) fn enter(&mut self) -> Read<()> {
        if self.depth >= MAX_DEPTH {
            return self.unsupported(self.pos, "too many constructs inside each other");
        }
        self.depth += 1;
        self.count()
    }

    /// Counts one more node of the tree.
    pub(crate) fn count(&mut self) -> Read<()> {
        self.constructs += 1;
        if self.constructs > MAX_CONSTRUCTS {
            return self.unsupported(self.pos, "a text of very many commands or words");
        }
        Ok(())
    }

    pub(crate) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    fn place(&self, at: usize, what: impl Into<String>) -> Place {
        Place {
            at: self.base + at,
            what: what.into(),
            until: None,
        }
    }

    pub(crate) fn incomplete<T>(&self, at: usize, what: &str) -> Read<T> {
        Err(NotRead::Incomplete(self.place(at, what)))
    }

    /// Incomplete, and reading again makes no sense before this has appeared.
    pub(crate) fn incomplete_until<T>(&self, at: usize, what: &str, until: Until) -> Read<T> {
        let place = Place {
            until: Some(until),
            ..self.place(at, what)
        };
        Err(NotRead::Incomplete(place))
    }

    pub(crate) fn invalid<T>(&self, at: usize, what: impl Into<String>) -> Read<T> {
        Err(NotRead::Invalid(self.place(at, what)))
    }

    pub(crate) fn unsupported<T>(&self, at: usize, what: impl Into<String>) -> Read<T> {
        Err(NotRead::Unsupported(self.place(at, what)))
    }

    /// The shell would say "syntax error near unexpected token", or wants more.
    pub(crate) fn unexpected<T>(&mut self) -> Read<T> {
        match self.peek() {
            None => self.incomplete(self.pos, "the command is not finished"),
            Some(b'\n') => self.invalid(self.pos, "unexpected end of line"),
            // In some of these places bash begins a comment.
            Some(b'#') => self.unsupported(self.pos, "a `#` where no comment is expected"),
            Some(byte) => self.invalid(
                self.pos,
                format!("unexpected `{}`", char::from(byte).escape_default()),
            ),
        }
    }

    /// Steps over spaces and tabs.
    pub(crate) fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.bump();
        }
    }

    /// Steps over spaces, tabs and a comment.
    pub(crate) fn blanks_and_comment(&mut self) {
        self.blanks();
        if self.options.comments && self.raw() == Some(b'#') {
            while self.raw().is_some_and(|byte| byte != b'\n') {
                self.pos += 1;
            }
        }
    }

    /// Steps over a newline and reads the bodies of the here-documents announced before it.
    pub(crate) fn newline(&mut self) -> Read<()> {
        self.bump();
        if self.pending.is_empty() {
            Ok(())
        } else {
            self.here_doc_bodies()
        }
    }

    /// Steps over blank lines and comments.
    pub(crate) fn newlines(&mut self) -> Read<()> {
        loop {
            self.blanks_and_comment();
            if self.peek() != Some(b'\n') {
                return Ok(());
            }
            self.newline()?;
        }
    }
}

/// Bytes that end an unquoted word.
pub(crate) fn ends_word(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')'
    )
}

pub(crate) fn is_name_start(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphabetic()
}

pub(crate) fn is_name_byte(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}
