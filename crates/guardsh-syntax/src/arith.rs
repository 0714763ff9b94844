//! Arithmetic: the text, what expands in it, and the names that the shell will evaluate.

use std::collections::{BTreeMap, BTreeSet};

use crate::ast::{Arith, ParamOp, WordPart, WordPartKind};
use crate::reader::{Read, Reader, is_name_byte, is_name_start};
use crate::words::{Parts, Quoting};
use crate::{Dialect, Until};

/// Where an arithmetic text ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// `)`, which must be the first of two.
    Parentheses,
    /// `;` or `)` of a `for ((…))` header.
    Header,
    /// `:` or `}` of a `${x:…}`.
    Slice,
}

impl Reader<'_> {
    /// Reads from behind `$((` up to and including `))`.
    pub(crate) fn arith_expansion(&mut self, start: usize) -> Read<Arith> {
        let arith = self.arith_text(start, End::Parentheses)?;
        self.two_parentheses(start)?;
        Ok(arith)
    }

    /// Reads from behind `((` up to and including `))`.
    pub(crate) fn arith_command(&mut self, start: usize) -> Read<Arith> {
        let arith = self.arith_text(start, End::Parentheses)?;
        self.two_parentheses(start)?;
        Ok(arith)
    }

    /// Reads the three texts of `for ((…))`, from behind `((` up to and including `))`.
    pub(crate) fn arith_header(&mut self, start: usize) -> Read<[Arith; 3]> {
        let first = self.arith_text(start, End::Header)?;
        if !self.eat(b';') {
            return self.unsupported(start, "an unusual for ((…))");
        }
        let second = self.arith_text(start, End::Header)?;
        if !self.eat(b';') {
            return self.unsupported(start, "an unusual for ((…))");
        }
        let third = self.arith_text(start, End::Parentheses)?;
        self.two_parentheses(start)?;
        let header = [first, second, third];
        for part in header.iter().flat_map(|arith| &arith.parts) {
            if !self.is_plain_in_header(part) {
                let at = part.span.start.saturating_sub(self.base);
                return self.unsupported(at, "an unusual expansion in for ((…))");
            }
        }
        Ok(header)
    }

    /// bash finds the ends of the three texts with a lesser reader, which quotes, redirections and unbalanced
    /// parentheses inside an expansion mislead.
    fn is_plain_in_header(&self, part: &WordPart) -> bool {
        if matches!(part.kind, WordPartKind::Literal(_)) {
            return true;
        }
        let text = self.source(part.span);
        let plain = |byte: &u8| !b";&<>'\"\\`\n".contains(byte);
        text.iter().all(plain) && balanced(text) && !text.windows(2).any(|pair| pair == b" #")
    }

    /// Reads from behind the `:` of `${x:a:b}` up to `}`.
    pub(crate) fn slice(&mut self, start: usize) -> Read<ParamOp> {
        let offset = self.arith_text(start, End::Slice)?;
        let length = if self.eat(b':') {
            Some(self.arith_text(start, End::Slice)?)
        } else {
            None
        };
        Ok(ParamOp::Slice(offset, length))
    }

    fn two_parentheses(&mut self, start: usize) -> Read<()> {
        self.bump();
        // To bash the two stand directly behind each other, or are two ends.
        match self.raw() {
            Some(b')') => {
                self.bump();
                Ok(())
            }
            // The shell would take the whole for a subshell in a substitution or a group.
            Some(_) => self.unsupported(start, "`((` that does not end in `))`"),
            None => self.incomplete_until(start, "unclosed ((", Until::Byte(b')')),
        }
    }

    fn arith_text(&mut self, start: usize, end: End) -> Read<Arith> {
        self.enter()?;
        let at = self.here();
        let mut parts = Parts::default();
        let mut parentheses = 0_usize;
        let mut brackets = 0_usize;
        let mut questions = 0_usize;
        loop {
            let Some(byte) = self.peek() else {
                return self.incomplete_until(
                    start,
                    "unclosed arithmetic",
                    Until::Byte(if end == End::Slice { b'}' } else { b')' }),
                );
            };
            let outside = parentheses == 0 && brackets == 0;
            let ends = match (byte, end) {
                (b')', End::Parentheses | End::Header) => parentheses == 0,
                (b';', End::Header) => outside,
                (b'}', End::Slice) => true,
                (b':', End::Slice) => outside && questions == 0,
                _ => false,
            };
            if ends {
                if !outside && byte != b')' {
                    return self.unsupported(self.pos, "unbalanced brackets in arithmetic");
                }
                break;
            }
            match byte {
                b'(' => parentheses += 1,
                b')' if parentheses == 0 => {
                    return self.unsupported(self.pos, "unbalanced brackets in arithmetic");
                }
                b')' => parentheses -= 1,
                b'[' => brackets += 1,
                b']' if brackets == 0 => {
                    return self.unsupported(self.pos, "unbalanced brackets in arithmetic");
                }
                b']' => brackets -= 1,
                b'?' => questions += 1,
                b':' => questions = questions.saturating_sub(1),
                b'$' => {
                    let before = self.pos;
                    self.dollar(Quoting::Double, &mut parts)?;
                    let text = self.text.get(before..self.pos).unwrap_or_default();
                    if !balanced(text) {
                        // bash counts them all when it looks for the end.
                        return self.unsupported(before, "unbalanced parentheses in arithmetic");
                    }
                    continue;
                }
                b'`' => return self.unsupported(self.pos, "backquotes in arithmetic"),
                b'"' | b'\'' | b'\\' | b'{' | b'}' | b';' => {
                    return self.unsupported(self.pos, "quotes or braces in arithmetic");
                }
                _ => {}
            }
            let before = self.pos;
            self.bump();
            parts.byte(byte, self.span(before));
        }
        if brackets > 0 {
            return self.unsupported(self.pos, "unbalanced brackets in arithmetic");
        }
        let span = self.span(at);
        self.leave();
        let mut arith = Arith {
            parts: parts.finish(),
            span,
            ..Arith::default()
        };
        if self.dialect == Dialect::Posix && end != End::Parentheses {
            return self.unsupported(start, "arithmetic that is not POSIX");
        }
        find_names(&mut arith);
        Ok(arith)
    }
}

/// The names that an arithmetic text without expansions assigns to, in order, once each.
pub fn assigned_in(text: &[u8]) -> Vec<Vec<u8>> {
    let mut names = Names::default();
    names_of(text, &mut names);
    names.assigned
}

/// Whether each parenthesis has its other one, quotes left out of account.
fn balanced(text: &[u8]) -> bool {
    let mut open = 0_usize;
    for byte in text {
        match byte {
            b'(' => open += 1,
            b')' if open == 0 => return false,
            b')' => open -= 1,
            _ => {}
        }
    }
    open == 0
}

/// Lists the identifiers of the literal text, and those that are assigned to.
fn find_names(arith: &mut Arith) {
    let mut names = Names::default();
    for part in &arith.parts {
        let WordPartKind::Literal(text) = &part.kind else {
            continue;
        };
        names_of(text, &mut names);
    }
    // A name put together from text and an expansion is written down nowhere: its pieces stand for it, and
    // the expansion beside them makes the whole unknown anyway.
    let touching = arith.parts.windows(2).any(touches);
    arith.subscripts = names.subscripts || touching;
    arith.names = names.all;
    arith.assigned = names.assigned;
}

/// An expansion directly beside a name byte: `a$x`, `${x}b`.
fn touches(pair: &[WordPart]) -> bool {
    match pair {
        [one, other] => match (&one.kind, &other.kind) {
            (WordPartKind::Literal(text), _) => text.last().is_some_and(|byte| is_name_byte(*byte)),
            (_, WordPartKind::Literal(text)) => {
                text.first().is_some_and(|byte| is_name_byte(*byte))
            }
            _ => true,
        },
        _ => false,
    }
}

/// What the literal texts of one expression name.
#[derive(Default)]
struct Names {
    /// In order, once each.
    all: Vec<Vec<u8>>,
    known: BTreeSet<Vec<u8>>,
    assigned: Vec<Vec<u8>>,
    known_assigned: BTreeSet<Vec<u8>>,
    subscripts: bool,
}

fn names_of(text: &[u8], names: &mut Names) {
    let mut at = 0;
    let byte_at = |at: usize| text.get(at).copied();
    let behind = behind_brackets(text);
    while let Some(byte) = byte_at(at) {
        if byte.is_ascii_digit() {
            // 16#ff, 0x1F: digits and letters of one number.
            while byte_at(at).is_some_and(|byte| is_name_byte(byte) || byte == b'#' || byte == b'@')
            {
                at += 1;
            }
            continue;
        }
        if !is_name_start(byte) {
            at += 1;
            continue;
        }
        let start = at;
        while byte_at(at).is_some_and(is_name_byte) {
            at += 1;
        }
        let name = text.get(start..at).unwrap_or_default();
        names.subscripts |= byte_at(at) == Some(b'[');
        let end = behind.get(&at).copied().unwrap_or(at);
        if is_assigned(text, start, end) && names.known_assigned.insert(name.to_vec()) {
            names.assigned.push(name.to_vec());
        }
        if names.known.insert(name.to_vec()) {
            names.all.push(name.to_vec());
        }
    }
}

/// For each opening bracket the place behind its closing one, or the end of the text.
fn behind_brackets(text: &[u8]) -> BTreeMap<usize, usize> {
    let mut behind = BTreeMap::new();
    let mut open = Vec::new();
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'[' => open.push(at),
            b']' => {
                if let Some(opened) = open.pop() {
                    behind.insert(opened, at + 1);
                }
            }
            _ => {}
        }
    }
    behind.extend(open.into_iter().map(|opened| (opened, text.len())));
    behind
}

/// Whether what stands before `start` or behind `end` assigns the name between them, its subscript included.
fn is_assigned(text: &[u8], start: usize, end: usize) -> bool {
    let skip = |mut at: usize| {
        while matches!(text.get(at), Some(b' ' | b'\t' | b'\n')) {
            at += 1;
        }
        at
    };
    let after = skip(end);
    let rest = text.get(after..).unwrap_or_default();
    let before = text.get(..start).unwrap_or_default().trim_ascii_end();
    let stepped = rest.starts_with(b"++")
        || rest.starts_with(b"--")
        || before.ends_with(b"++")
        || before.ends_with(b"--");
    let plain = rest.starts_with(b"=") && !rest.starts_with(b"==");
    let with_operator = [
        &b"+="[..],
        b"-=",
        b"*=",
        b"/=",
        b"%=",
        b"<<=",
        b">>=",
        b"&=",
        b"^=",
        b"|=",
    ]
    .iter()
    .any(|operator| rest.starts_with(operator));
    stepped || plain || with_operator
}
