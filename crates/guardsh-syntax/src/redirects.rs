//! Redirections.

use crate::ast::{Redirect, RedirectFd, RedirectOp, Word, WordPart, WordPartKind};
use crate::reader::{Read, Reader, ends_word, is_name_byte, is_name_start};
use crate::words::Role;

impl Reader<'_> {
    /// Reads a redirection if one begins here, descriptor included.
    pub(crate) fn redirect(&mut self) -> Read<Option<Redirect>> {
        let start = self.here();
        let Some(byte) = self.peek() else {
            return Ok(None);
        };
        let fd = match byte {
            b'<' | b'>' => None,
            b'&' if self.is_bash() && self.peek_second() == Some(b'>') => None,
            b'0'..=b'9' => match self.number_before_operator() {
                Some((number, length)) => {
                    if length > 9 || (!self.is_bash() && length > 1) {
                        return self.unsupported(start, "a large descriptor number");
                    }
                    for _ in 0..length {
                        self.bump();
                    }
                    Some(RedirectFd::Number(number))
                }
                None => return Ok(None),
            },
            b'{' if self.is_bash() => match self.name_before_operator() {
                Some(name) => {
                    for _ in 0..name.len() + 2 {
                        self.bump();
                    }
                    Some(RedirectFd::Variable(name))
                }
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        // `<(` and `>(` begin a word in bash.
        if matches!(self.peek(), Some(b'<' | b'>'))
            && self.peek_second() == Some(b'(')
            && self.is_bash()
        {
            if fd.is_some() {
                return self.unsupported(start, "a process substitution directly behind a number");
            }
            return Ok(None);
        }
        let op = self.redirect_operator(start)?;
        self.blanks();
        let mut redirect = self.redirect_target(op, start)?;
        redirect.fd = fd;
        Ok(Some(redirect))
    }

    /// Digits directly in front of `<` or `>`: their value and count.
    fn number_before_operator(&mut self) -> Option<(u32, usize)> {
        let mut at = self.here();
        let mut value: u32 = 0;
        let mut length = 0;
        loop {
            while self.text.get(at) == Some(&b'\\') && self.text.get(at + 1) == Some(&b'\n') {
                at += 2;
            }
            match self.text.get(at) {
                Some(digit) if digit.is_ascii_digit() => {
                    value = value
                        .saturating_mul(10)
                        .saturating_add(u32::from(digit - b'0'));
                    length += 1;
                    at += 1;
                }
                Some(b'<' | b'>') => return Some((value, length)),
                Some(_) | None => return None,
            }
        }
    }

    /// `{name}` directly in front of `<` or `>`.
    fn name_before_operator(&mut self) -> Option<Vec<u8>> {
        let start = self.here();
        let rest = self.text.get(start + 1..)?;
        let length = rest.iter().take_while(|byte| is_name_byte(**byte)).count();
        let name = rest.get(..length)?;
        if !is_name_start(*name.first()?) || rest.get(length) != Some(&b'}') {
            return None;
        }
        matches!(rest.get(length + 1), Some(b'<' | b'>')).then(|| name.to_vec())
    }

    fn redirect_operator(&mut self, start: usize) -> Read<RedirectOp> {
        let Some(first) = self.peek() else {
            return self.unexpected();
        };
        self.bump();
        let bash = self.is_bash();
        let op = match (first, self.peek()) {
            (b'&', _) => {
                self.bump();
                if self.eat(b'>') {
                    RedirectOp::AppendBoth
                } else {
                    RedirectOp::WriteBoth
                }
            }
            (b'<', Some(b'<')) => {
                self.bump();
                match self.peek() {
                    Some(b'<') if bash => {
                        self.bump();
                        RedirectOp::HereString
                    }
                    Some(b'<') => return self.unsupported(start, "`<<<`"),
                    Some(b'-') => {
                        self.bump();
                        RedirectOp::HereDocTabs
                    }
                    Some(_) | None => RedirectOp::HereDoc,
                }
            }
            (b'<', Some(b'&')) => {
                self.bump();
                RedirectOp::DupIn
            }
            (b'<', Some(b'>')) => {
                self.bump();
                RedirectOp::ReadWrite
            }
            (b'<', _) => RedirectOp::Read,
            (_, Some(b'>')) => {
                self.bump();
                RedirectOp::Append
            }
            (_, Some(b'&')) => {
                self.bump();
                RedirectOp::DupOut
            }
            (_, Some(b'|')) => {
                self.bump();
                RedirectOp::Clobber
            }
            (_, _) => RedirectOp::Write,
        };
        Ok(op)
    }

    fn redirect_target(&mut self, op: RedirectOp, start: usize) -> Read<Redirect> {
        match self.peek() {
            None => return self.incomplete(self.pos, "a redirection without a target"),
            Some(b'<' | b'>') if self.is_bash() && self.peek_second() == Some(b'(') => {}
            Some(byte) if ends_word(byte) => return self.unexpected(),
            Some(b'#') if self.options.comments => {
                return self.unsupported(start, "a comment for a target");
            }
            Some(_) => {}
        }
        match op {
            RedirectOp::HereDoc | RedirectOp::HereDocTabs => {
                let at = self.here();
                let parts = self.parts(crate::words::Quoting::Plain)?;
                let target = Word {
                    parts,
                    span: self.span(at),
                };
                self.refuse_descriptor(&target)?;
                let (delimiter, quoted) = self.delimiter(&target)?;
                let here_doc = self.announce(delimiter, quoted, op == RedirectOp::HereDocTabs);
                Ok(Redirect {
                    fd: None,
                    op,
                    target,
                    here_doc: Some(here_doc),
                    span: self.span(start),
                })
            }
            RedirectOp::Read
            | RedirectOp::Write
            | RedirectOp::Append
            | RedirectOp::Clobber
            | RedirectOp::ReadWrite
            | RedirectOp::DupIn
            | RedirectOp::DupOut
            | RedirectOp::WriteBoth
            | RedirectOp::AppendBoth
            | RedirectOp::HereString => {
                let target = self.word(Role::Target)?;
                let duplicates = matches!(op, RedirectOp::DupIn | RedirectOp::DupOut);
                let number = matches!(target.parts.as_slice(), [WordPart { kind: WordPartKind::Literal(text), .. }]
                    if text.iter().all(u8::is_ascii_digit));
                if !(duplicates && number && self.is_bash()) {
                    self.refuse_descriptor(&target)?;
                }
                // `<&-n` is `<&-` and a word behind it.
                let closes_and_more = matches!(target.parts.first(), Some(WordPart { kind: WordPartKind::Literal(text), .. })
                    if text.starts_with(b"-") && (text.len() > 1 || target.parts.len() > 1));
                if duplicates && closes_and_more {
                    return self.unsupported(start, "something directly behind `&-`");
                }
                Ok(Redirect {
                    fd: None,
                    op,
                    target,
                    here_doc: None,
                    span: self.span(start),
                })
            }
        }
    }

    /// A here-document's delimiter after quote removal, and whether any of it was quoted.
    fn delimiter(&mut self, word: &Word) -> Read<(Vec<u8>, bool)> {
        let unusual = "an unusual here-document delimiter";
        let at = word.span.start.saturating_sub(self.base);
        let quoted = word
            .parts
            .iter()
            .any(|part| !matches!(part.kind, WordPartKind::Literal(_)));
        let plain = word.parts.iter().all(|part| match &part.kind {
            WordPartKind::Literal(_) | WordPartKind::SingleQuoted(_) | WordPartKind::Escaped(_) => {
                true
            }
            WordPartKind::DoubleQuoted(inner) => inner
                .iter()
                .all(|part| matches!(part.kind, WordPartKind::Literal(_))),
            WordPartKind::AnsiC(_)
            | WordPartKind::Localized(_)
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
            | WordPartKind::ArrayLiteral(_) => false,
        });
        let Some(delimiter) = word.literal_value().filter(|_| plain) else {
            return self.unsupported(at, unusual);
        };
        if delimiter.is_empty() || delimiter.contains(&b'\n') {
            return self.unsupported(at, unusual);
        }
        Ok((delimiter, quoted))
    }
}
