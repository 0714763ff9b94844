//! `${…}`

use crate::ast::{Colon, Param, ParamOp, Word};
use crate::reader::{Read, Reader, is_name_byte, is_name_start};
use crate::words::Quoting;
use crate::{Dialect, Until};

/// `$x`
pub(crate) fn plain(name: Vec<u8>) -> Param {
    Param {
        name,
        subscript: None,
        op: ParamOp::Value,
        braced: false,
    }
}

impl Reader<'_> {
    /// Reads from behind `${` up to and including `}`.
    pub(crate) fn braced_param(&mut self, start: usize, in_double: bool) -> Read<Param> {
        self.enter()?;
        self.params += 1;
        let param = self.param_inside(start, in_double)?;
        self.params -= 1;
        match self.peek() {
            Some(b'}') => self.bump(),
            Some(_) => return self.unsupported(self.pos, "an unusual ${...}"),
            None => return self.incomplete_until(start, "unclosed ${", Until::Byte(b'}')),
        }
        self.leave();
        Ok(param)
    }

    fn param_inside(&mut self, start: usize, in_double: bool) -> Read<Param> {
        let Some(first) = self.peek() else {
            return self.incomplete_until(start, "unclosed ${", Until::Byte(b'}'));
        };
        if first == b'#' && self.peek_second() != Some(b'}') {
            self.bump();
            let name = self.param_name(start)?;
            let subscript = self.subscript(start)?;
            if self.peek().is_some_and(|byte| byte != b'}') {
                return self.unsupported(start, "an unusual ${#...}");
            }
            return Ok(Param {
                name,
                subscript,
                op: ParamOp::Length,
                braced: true,
            });
        }
        if first == b'!' && self.peek_second() != Some(b'}') {
            return self.indirect(start, in_double);
        }
        let name = self.param_name(start)?;
        let subscript = self.subscript(start)?;
        let op = self.param_op(start, in_double)?;
        Ok(Param {
            name,
            subscript,
            op,
            braced: true,
        })
    }

    fn indirect(&mut self, start: usize, in_double: bool) -> Read<Param> {
        if self.dialect == Dialect::Posix {
            return self.unsupported(start, "`${!`");
        }
        self.bump();
        if !self
            .peek()
            .is_some_and(|byte| is_name_start(byte) || byte.is_ascii_digit())
        {
            return self.unsupported(start, "an unusual ${!...}");
        }
        let name = self.param_name(start)?;
        let prefix = matches!(self.peek(), Some(b'*' | b'@')) && self.peek_second() == Some(b'}');
        if prefix {
            self.bump();
            return Ok(Param {
                name,
                subscript: None,
                op: ParamOp::Names,
                braced: true,
            });
        }
        let subscript = self.subscript(start)?;
        if let Some(inside) = &subscript
            && matches!(inside.literal_value().as_deref(), Some(b"@" | b"*"))
        {
            return Ok(Param {
                name,
                subscript,
                op: ParamOp::Names,
                braced: true,
            });
        }
        let op = ParamOp::Indirect(Box::new(self.param_op(start, in_double)?));
        Ok(Param {
            name,
            subscript,
            op,
            braced: true,
        })
    }

    fn param_name(&mut self, start: usize) -> Read<Vec<u8>> {
        let mut name = Vec::new();
        match self.peek() {
            None => return self.incomplete_until(start, "unclosed ${", Until::Byte(b'}')),
            Some(byte) if is_name_start(byte) => {
                while let Some(byte) = self.peek() {
                    if !is_name_byte(byte) {
                        break;
                    }
                    name.push(byte);
                    self.bump();
                }
            }
            Some(byte) if byte.is_ascii_digit() => {
                while let Some(byte) = self.peek() {
                    if !byte.is_ascii_digit() {
                        break;
                    }
                    name.push(byte);
                    self.bump();
                }
            }
            Some(byte @ (b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!')) => {
                name.push(byte);
                self.bump();
            }
            // bash reads on and fails when it runs: a "bad substitution".
            Some(_) => return self.unsupported(start, "an unusual ${...}"),
        }
        Ok(name)
    }

    /// `[…]` behind a name.
    pub(crate) fn subscript(&mut self, start: usize) -> Read<Option<Word>> {
        if self.peek() != Some(b'[') {
            return Ok(None);
        }
        if self.dialect == Dialect::Posix {
            return self.unsupported(start, "an array subscript");
        }
        self.bump();
        let at = self.here();
        let parts = self.parts(Quoting::Subscript)?;
        let word = Word {
            parts,
            span: self.span(at),
        };
        self.bump();
        if word.parts.is_empty() {
            return self.unsupported(start, "an empty array subscript");
        }
        Ok(Some(word))
    }

    fn param_op(&mut self, start: usize, in_double: bool) -> Read<ParamOp> {
        let Some(byte) = self.peek() else {
            return self.incomplete_until(start, "unclosed ${", Until::Byte(b'}'));
        };
        let bash = self.is_bash();
        match byte {
            b'}' => Ok(ParamOp::Value),
            b'-' | b'=' | b'?' | b'+' => {
                self.bump();
                let word = self.operand(in_double)?;
                Ok(with_operator(byte, Colon::Without, word))
            }
            b':' => match self.peek_second() {
                Some(operator @ (b'-' | b'=' | b'?' | b'+')) => {
                    self.bump();
                    self.bump();
                    let word = self.operand(in_double)?;
                    Ok(with_operator(operator, Colon::With, word))
                }
                Some(_) if bash => {
                    self.bump();
                    self.slice(start)
                }
                Some(_) | None => self.unsupported(start, "an unusual ${...}"),
            },
            b'#' | b'%' => {
                self.bump();
                let twice = self.eat(byte);
                let word = self.pattern(in_double, false)?;
                let operator = match (byte, twice) {
                    (b'#', false) => "#",
                    (b'#', true) => "##",
                    (_, false) => "%",
                    (_, true) => "%%",
                };
                Ok(ParamOp::Strip(operator, word))
            }
            b'/' if bash => self.replace(in_double),
            b'^' | b',' if bash => {
                self.bump();
                let twice = self.eat(byte);
                let word = self.pattern(in_double, false)?;
                let operator = match (byte, twice) {
                    (b'^', false) => "^",
                    (b'^', true) => "^^",
                    (_, false) => ",",
                    (_, true) => ",,",
                };
                Ok(ParamOp::Case(operator, word))
            }
            b'@' if bash => {
                self.bump();
                match self.peek() {
                    Some(letter) if letter.is_ascii_alphabetic() => {
                        self.bump();
                        Ok(ParamOp::Transform(letter))
                    }
                    Some(_) => self.unsupported(start, "an unusual ${x@...}"),
                    None => self.incomplete_until(start, "unclosed ${", Until::Byte(b'}')),
                }
            }
            _ => self.unsupported(start, "an unusual ${...}"),
        }
    }

    fn replace(&mut self, in_double: bool) -> Read<ParamOp> {
        self.bump();
        let operator = match self.peek() {
            Some(b'/') => "//",
            Some(b'#') => "/#",
            Some(b'%') => "/%",
            Some(_) | None => "/",
        };
        if operator.len() == 2 {
            self.bump();
        }
        let pattern = self.pattern(in_double, true)?;
        let replacement = if self.eat(b'/') {
            Some(self.pattern(in_double, false)?)
        } else {
            None
        };
        Ok(ParamOp::Replace(operator, pattern, replacement))
    }

    fn operand(&mut self, in_double: bool) -> Read<Word> {
        let start = self.here();
        let parts = self.parts(Quoting::Operand { in_double })?;
        let word = Word {
            parts,
            span: self.span(start),
        };
        if in_double {
            Ok(word)
        } else {
            self.shape(word, crate::words::Role::Single)
        }
    }

    fn pattern(&mut self, in_double: bool, until_slash: bool) -> Read<Word> {
        let start = self.here();
        let parts = self.parts(Quoting::Pattern {
            in_double,
            until_slash,
        })?;
        let word = Word {
            parts,
            span: self.span(start),
        };
        self.shape(word, crate::words::Role::Single)
    }
}

fn with_operator(operator: u8, colon: Colon, word: Word) -> ParamOp {
    match operator {
        b'-' => ParamOp::Default(colon, word),
        b'=' => ParamOp::Assign(colon, word),
        b'?' => ParamOp::Error(colon, word),
        _ => ParamOp::Alternative(colon, word),
    }
}
