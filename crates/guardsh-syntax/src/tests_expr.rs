//! `[[ … ]]`

use crate::ast::{TestExpr, Word};
use crate::reader::{Read, Reader, ends_word};
use crate::words::{Parts, Quoting, Role};

/// Conditions joined in one `[[ ]]`; the tree leans to one side, so this bounds its depth.
const MAX_TERMS: usize = 64;

impl Reader<'_> {
    /// Reads from behind `[[` up to and including `]]`.
    pub(crate) fn test_expression(&mut self, start: usize) -> Read<TestExpr> {
        let mut terms = 0;
        let expression = self.test_or(start, &mut terms)?;
        self.test_blanks(start)?;
        if !self.at_close() {
            return self.unexpected();
        }
        self.bump();
        self.bump();
        Ok(expression)
    }

    /// Blanks inside a term and behind a lone word, where bash takes no newline.
    fn test_gap(&mut self, start: usize) -> Read<()> {
        self.blanks();
        match self.peek() {
            None => self.incomplete(start, "unclosed [["),
            Some(b'\n') => self.unexpected(),
            Some(_) => Ok(()),
        }
    }

    /// Blanks and newlines behind a whole term.
    fn test_blanks(&mut self, start: usize) -> Read<()> {
        self.blanks();
        match self.peek() {
            None => self.incomplete(start, "unclosed [["),
            Some(b'\n') => self.test_newlines(start),
            Some(_) => Ok(()),
        }
    }

    fn test_newlines(&mut self, start: usize) -> Read<()> {
        while let Some(byte @ (b' ' | b'\t' | b'\n')) = self.peek() {
            if byte == b'\n' && !self.pending.is_empty() {
                return self.unsupported(start, "a newline in [[ ]] behind a here-document");
            }
            self.bump();
        }
        if self.peek().is_none() {
            self.incomplete(start, "unclosed [[")
        } else {
            Ok(())
        }
    }

    fn at_close(&mut self) -> bool {
        self.at_word(b"]]")
    }

    fn test_or(&mut self, start: usize, terms: &mut usize) -> Read<TestExpr> {
        self.enter()?;
        let mut left = self.test_and(start, terms)?;
        loop {
            self.test_blanks(start)?;
            if self.peek() != Some(b'|') || self.peek_second() != Some(b'|') {
                self.leave();
                return Ok(left);
            }
            self.bump();
            self.bump();
            self.test_newlines(start)?;
            let right = self.test_and(start, terms)?;
            left = TestExpr::Or(Box::new(left), Box::new(right));
        }
    }

    fn test_and(&mut self, start: usize, terms: &mut usize) -> Read<TestExpr> {
        let mut left = self.test_not(start, terms)?;
        loop {
            self.test_blanks(start)?;
            if self.peek() != Some(b'&') || self.peek_second() != Some(b'&') {
                return Ok(left);
            }
            self.bump();
            self.bump();
            self.test_newlines(start)?;
            let right = self.test_not(start, terms)?;
            left = TestExpr::And(Box::new(left), Box::new(right));
        }
    }

    fn test_not(&mut self, start: usize, terms: &mut usize) -> Read<TestExpr> {
        self.enter()?;
        *terms += 1;
        if *terms > MAX_TERMS {
            return self.unsupported(start, "a very long [[ ]]");
        }
        self.test_blanks(start)?;
        if self.peek() == Some(b'!')
            && self
                .peek_second()
                .is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\n'))
        {
            self.bump();
            let inner = self.test_not(start, terms)?;
            self.leave();
            return Ok(TestExpr::Not(Box::new(inner)));
        }
        if self.peek() == Some(b'(') {
            self.bump();
            self.test_newlines(start)?;
            let inner = self.test_or(start, terms)?;
            self.test_blanks(start)?;
            if !self.eat(b')') {
                return self.unexpected();
            }
            self.leave();
            return Ok(TestExpr::Paren(Box::new(inner)));
        }
        let expression = self.test_term(start)?;
        self.leave();
        Ok(expression)
    }

    fn test_term(&mut self, start: usize) -> Read<TestExpr> {
        let at = self.here();
        let first = self.test_word(start)?;
        if let Some(operator) = plain_literal(&first).filter(|text| is_unary(text)) {
            self.test_gap(start)?;
            // `[[ -f ]]` is a test of the word itself; bash takes what follows as the operand otherwise.
            if self.at_close() || matches!(self.peek(), Some(b'&' | b'|' | b')')) {
                return self.unsupported(at, "a test operator without its operand");
            }
            let operand = self.test_word(start)?;
            let next_is_binary = self.next_is_binary(start)?;
            if next_is_binary {
                return self.unsupported(at, "an unusual [[ ]]");
            }
            return Ok(TestExpr::Unary(operator, operand));
        }
        if plain_literal(&first).is_some_and(|text| text == b"!") {
            return self.unsupported(at, "an unusual `!` in [[ ]]");
        }
        self.test_gap(start)?;
        if matches!(self.peek(), Some(b'<' | b'>')) && self.peek_second() != Some(b'(') {
            let operator = self.peek().map_or_else(Vec::new, |byte| vec![byte]);
            self.bump();
            self.test_gap(start)?;
            let right = self.test_word(start)?;
            return Ok(TestExpr::Binary(first, operator, right));
        }
        if self.at_close() || matches!(self.peek(), Some(b'&' | b'|' | b')')) {
            return Ok(TestExpr::Word(first));
        }
        let operator_at = self.here();
        let operator = self.test_word(start)?;
        let Some(operator) = plain_literal(&operator).filter(|text| is_binary(text)) else {
            return self.invalid(operator_at, "an unknown operator in [[ ]]");
        };
        self.test_gap(start)?;
        let right = match operator.as_slice() {
            b"=" | b"==" | b"!=" => self.pattern_word(start)?,
            b"=~" => self.regex_word(start)?,
            _ => self.test_word(start)?,
        };
        Ok(TestExpr::Binary(first, operator, right))
    }

    fn next_is_binary(&mut self, start: usize) -> Read<bool> {
        self.test_blanks(start)?;
        Ok(!(self.at_close() || matches!(self.peek(), Some(b'&' | b'|' | b')'))))
    }

    fn test_word(&mut self, start: usize) -> Read<Word> {
        match self.peek() {
            None => return self.incomplete(start, "unclosed [["),
            Some(b'<' | b'>') if self.peek_second() == Some(b'(') => {}
            Some(byte) if ends_word(byte) => return self.unexpected(),
            Some(_) if self.at_close() => return self.unexpected(),
            Some(_) => {}
        }
        self.word(Role::Single)
    }

    fn pattern_word(&mut self, start: usize) -> Read<Word> {
        if self.options.comments && self.peek() == Some(b'#') {
            return self.unsupported(self.pos, "a comment where a word is wanted");
        }
        match self.peek() {
            None => return self.incomplete(start, "unclosed [["),
            Some(byte) if ends_word(byte) => return self.unexpected(),
            Some(_) if self.at_close() => return self.unexpected(),
            Some(_) => {}
        }
        let at = self.here();
        let parts = self.parts(Quoting::TestPattern)?;
        let word = Word {
            parts,
            span: self.span(at),
        };
        self.shape(word, Role::Single)
    }

    /// The right side of `=~`: parentheses and bars belong to it.
    fn regex_word(&mut self, start: usize) -> Read<Word> {
        if self.options.comments && self.peek() == Some(b'#') {
            return self.unsupported(self.pos, "a comment where a word is wanted");
        }
        let at = self.here();
        let mut parts = Parts::default();
        let mut depth = 0_usize;
        loop {
            let Some(byte) = self.peek() else {
                return self.incomplete(start, "unclosed [[");
            };
            let here = self.pos;
            match byte {
                b' ' | b'\t' | b'\n' if depth == 0 => break,
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'<' | b'>' => {
                    return self.unsupported(here, "an unusual regular expression in [[ ]]");
                }
                b'(' => depth += 1,
                b')' if depth == 0 => {
                    return self.unsupported(here, "an unusual regular expression in [[ ]]");
                }
                b')' => depth -= 1,
                b'$' => {
                    self.dollar(Quoting::TestPattern, &mut parts)?;
                    continue;
                }
                b'\\' | b'\'' | b'"' | b'`' => {
                    // One quoted stretch, read as in any word; what it means in the expression is the shell's.
                    self.quoted_stretch(byte, &mut parts)?;
                    continue;
                }
                _ => {}
            }
            self.bump();
            parts.byte(byte, self.span(here));
        }
        if depth > 0 {
            return self.unsupported(at, "an unusual regular expression in [[ ]]");
        }
        let parts = parts.finish();
        if parts.is_empty() {
            return self.unexpected();
        }
        Ok(Word {
            parts,
            span: self.span(at),
        })
    }

    fn quoted_stretch(&mut self, byte: u8, parts: &mut Parts) -> Read<()> {
        let start = self.pos;
        match byte {
            b'\'' => {
                let text = self.single_quoted()?;
                parts.part(crate::WordPartKind::SingleQuoted(text), self.span(start));
            }
            b'"' => {
                self.bump();
                let inner = self.parts(Quoting::Double)?;
                self.bump();
                parts.part(crate::WordPartKind::DoubleQuoted(inner), self.span(start));
            }
            b'\\' => {
                let Some(next) = self.raw_at(1) else {
                    return self.incomplete(start, "a backslash at the end");
                };
                self.pos += 2;
                parts.part(crate::WordPartKind::Escaped(next), self.span(start));
            }
            _ => return self.unsupported(start, "backquotes in a regular expression"),
        }
        Ok(())
    }
}

/// The text of a word in which nothing is quoted and nothing expands.
fn plain_literal(word: &Word) -> Option<Vec<u8>> {
    let [only] = word.parts.as_slice() else {
        return None;
    };
    if let crate::WordPartKind::Literal(text) = &only.kind {
        Some(text.clone())
    } else {
        None
    }
}

fn is_unary(text: &[u8]) -> bool {
    matches!(text, [b'-', letter] if b"abcdefghknoprstuvwxzGLNORS".contains(letter))
}

fn is_binary(text: &[u8]) -> bool {
    matches!(
        text,
        b"=" | b"=="
            | b"!="
            | b"=~"
            | b"-eq"
            | b"-ne"
            | b"-lt"
            | b"-le"
            | b"-gt"
            | b"-ge"
            | b"-nt"
            | b"-ot"
            | b"-ef"
    )
}
