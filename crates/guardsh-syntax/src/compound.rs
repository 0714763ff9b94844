//! Compound commands and function definitions.

use crate::ast::{
    CaseArm, CaseEnd, Command, Compound, CompoundKind, Coproc, ForLoop, Function, LoopKind,
    Redirect, Word, WordPart, WordPartKind,
};
use crate::commands::RESERVED;
use crate::reader::{Read, Reader, ends_word};
use crate::words::Role;
use crate::{NotRead, Until, is_name};

impl Reader<'_> {
    /// One command: simple, compound, or a function definition.
    pub(crate) fn command(&mut self) -> Read<Command> {
        self.enter()?;
        self.blanks();
        let start = self.here();
        let command = match self.peek() {
            Some(b'(') => {
                let kind = if self.is_bash() && self.peek_second() == Some(b'(') {
                    self.bump();
                    self.bump();
                    CompoundKind::Arith(self.arith_command(start)?)
                } else {
                    self.bump();
                    let inner = self.list()?;
                    if self.peek().is_none() {
                        return self.incomplete_until(start, "unclosed (", Until::Byte(b')'));
                    }
                    if !self.eat(b')') {
                        return self.unexpected();
                    }
                    CompoundKind::Subshell(inner)
                };
                self.with_redirects(kind, start)?
            }
            _ => match self.reserved() {
                Some(word) => self.reserved_command(word, start)?,
                None => self.simple_or_function()?,
            },
        };
        self.leave();
        Ok(command)
    }

    fn reserved_command(&mut self, word: &'static str, start: usize) -> Read<Command> {
        let kind = match word {
            "{" => {
                if !matches!(self.peek_second(), Some(b' ' | b'\t' | b'\n')) {
                    return match self.peek_second() {
                        None => self.incomplete(start, "unclosed {"),
                        Some(_) => self.unsupported(start, "an unusual `{`"),
                    };
                }
                self.bump();
                let inner = self.list()?;
                self.expect("}", start, "unclosed {")?;
                CompoundKind::Group(inner)
            }
            "if" => self.if_command(start)?,
            "while" | "until" => {
                self.skip_reserved(word);
                let condition = self.list()?;
                let body = self.do_group(start)?;
                let kind = if word == "while" {
                    LoopKind::While
                } else {
                    LoopKind::Until
                };
                CompoundKind::Loop {
                    kind,
                    condition,
                    body,
                }
            }
            "for" | "select" => self.for_command(word, start)?,
            "case" => self.case_command(start)?,
            "[[" => {
                self.skip_reserved(word);
                CompoundKind::Test(self.test_expression(start)?)
            }
            "function" => return self.function_keyword(start),
            "coproc" => return self.coproc(start),
            _ => return self.invalid(start, format!("unexpected `{word}`")),
        };
        self.with_redirects(kind, start)
    }

    fn with_redirects(&mut self, kind: CompoundKind, start: usize) -> Read<Command> {
        let mut end = self.pos;
        let mut redirects: Vec<Redirect> = Vec::new();
        loop {
            self.blanks();
            let Some(redirect) = self.redirect()? else {
                break;
            };
            end = redirect.span.end.saturating_sub(self.base);
            redirects.push(redirect);
        }
        if !redirects.is_empty() && self.reserved().is_some() {
            // No reserved word to the shell there: `; ` must stand before it.
            return self.unsupported(self.pos, "a reserved word behind a redirection");
        }
        let span = crate::Span {
            start: self.base + start,
            end: self.base + end,
        };
        Ok(Command::Compound(Compound {
            kind,
            redirects,
            span,
        }))
    }

    /// Takes this reserved word or says what is the matter.
    fn expect(&mut self, word: &'static str, start: usize, unclosed: &str) -> Read<()> {
        self.blanks();
        match self.reserved() {
            Some(there) if there == word => {
                self.skip_reserved(word);
                Ok(())
            }
            Some(there) => self.invalid(self.pos, format!("unexpected `{there}`")),
            None if self.peek().is_none() => self.incomplete(start, unclosed),
            None => self.unexpected(),
        }
    }

    fn if_command(&mut self, start: usize) -> Read<CompoundKind> {
        self.skip_reserved("if");
        let mut branches = Vec::new();
        let mut otherwise = None;
        loop {
            let condition = self.list()?;
            self.expect("then", start, "unclosed if")?;
            let body = self.list()?;
            branches.push((condition, body));
            self.blanks();
            match self.reserved() {
                Some("elif") => self.skip_reserved("elif"),
                Some("else") => {
                    self.skip_reserved("else");
                    otherwise = Some(self.list()?);
                    break;
                }
                Some(_) | None => break,
            }
        }
        self.expect("fi", start, "unclosed if")?;
        Ok(CompoundKind::If {
            branches,
            otherwise,
        })
    }

    fn do_group(&mut self, start: usize) -> Read<crate::Script> {
        self.expect("do", start, "unclosed loop")?;
        let body = self.list()?;
        self.expect("done", start, "unclosed loop")?;
        Ok(body)
    }

    fn for_command(&mut self, word: &'static str, start: usize) -> Read<CompoundKind> {
        self.skip_reserved(word);
        self.blanks();
        if self.peek() == Some(b'(') {
            if word != "for" || !self.is_bash() || self.peek_second() != Some(b'(') {
                return self.unexpected();
            }
            self.bump();
            self.bump();
            let header = self.arith_header(start)?;
            self.blanks();
            self.eat(b';');
            self.newlines()?;
            self.refuse_loop_in_braces()?;
            let body = self.do_group(start)?;
            return Ok(CompoundKind::ArithFor { header, body });
        }
        let (name, name_span) = self.loop_name(start)?;
        self.blanks_and_comment();
        let mut words = None;
        if self.peek() == Some(b';') {
            self.bump();
            self.newlines()?;
        } else {
            let below = self.peek() == Some(b'\n');
            self.newlines()?;
            if self.reserved() == Some("in") {
                if below {
                    // Inside `case` bash takes it for a word.
                    return self.unsupported(self.pos, "`in` on a line of its own");
                }
                self.skip_reserved("in");
                words = Some(self.loop_words(start)?);
            }
        }
        self.newlines()?;
        self.refuse_loop_in_braces()?;
        let body = self.do_group(start)?;
        let each = ForLoop {
            name,
            name_span,
            words,
            body,
        };
        Ok(if word == "for" {
            CompoundKind::For(each)
        } else {
            CompoundKind::Select(each)
        })
    }

    fn refuse_loop_in_braces(&mut self) -> Read<()> {
        if self.reserved() == Some("{") {
            return self.unsupported(self.pos, "a loop with braces for `do` and `done`");
        }
        Ok(())
    }

    fn loop_name(&mut self, start: usize) -> Read<(Vec<u8>, crate::Span)> {
        if self.peek().is_none() {
            return self.incomplete(start, "unclosed loop");
        }
        let at = self.here();
        let word = self.word(Role::Single)?;
        let span = self.span(at);
        // A quote or a backslash is a part of the name to the shell, and the name then no name.
        match word.parts.as_slice() {
            [
                WordPart {
                    kind: WordPartKind::Literal(name),
                    ..
                },
            ] if is_name(name) => Ok((name.clone(), span)),
            _ => self.unsupported(at, "an unusual name of a loop variable"),
        }
    }

    fn loop_words(&mut self, start: usize) -> Read<Vec<Word>> {
        let mut words = Vec::new();
        loop {
            self.blanks_and_comment();
            match self.peek() {
                None => return self.incomplete(start, "unclosed loop"),
                Some(b'\n') => return Ok(words),
                Some(b';') => {
                    if matches!(self.peek_second(), Some(b';' | b'&')) {
                        return self.unexpected();
                    }
                    self.bump();
                    return Ok(words);
                }
                Some(b'<' | b'>') if self.is_bash() && self.peek_second() == Some(b'(') => {}
                Some(byte) if ends_word(byte) => return self.unexpected(),
                Some(_) => {}
            }
            words.push(self.word(Role::Argument)?);
        }
    }

    fn case_command(&mut self, start: usize) -> Read<CompoundKind> {
        self.skip_reserved("case");
        self.blanks();
        match self.peek() {
            None => return self.incomplete(start, "unclosed case"),
            Some(b'<' | b'>') if self.is_bash() && self.peek_second() == Some(b'(') => {}
            Some(byte) if ends_word(byte) => return self.unexpected(),
            Some(_) => {}
        }
        let subject = self.word(Role::Single)?;
        self.newlines()?;
        self.expect("in", start, "unclosed case")?;
        let mut arms = Vec::new();
        loop {
            self.newlines()?;
            if self.peek().is_none() {
                return self.incomplete(start, "unclosed case");
            }
            if self.reserved() == Some("esac") {
                self.skip_reserved("esac");
                return Ok(CompoundKind::Case { subject, arms });
            }
            let arm = self.case_arm(start)?;
            let last = arm.end == CaseEnd::Esac;
            arms.push(arm);
            if last {
                self.expect("esac", start, "unclosed case")?;
                return Ok(CompoundKind::Case { subject, arms });
            }
        }
    }

    fn case_arm(&mut self, start: usize) -> Read<CaseArm> {
        self.eat(b'(');
        let mut patterns = Vec::new();
        loop {
            self.blanks();
            match self.peek() {
                None => return self.incomplete(start, "unclosed case"),
                Some(b'<' | b'>') if self.is_bash() && self.peek_second() == Some(b'(') => {}
                Some(byte) if ends_word(byte) => return self.unexpected(),
                Some(_) => {}
            }
            patterns.push(self.word(Role::Single)?);
            self.blanks();
            match self.peek() {
                Some(b'|') => self.bump(),
                Some(b')') => {
                    self.bump();
                    break;
                }
                Some(_) | None => return self.unexpected(),
            }
        }
        let body = self.script()?;
        self.blanks();
        let end = match (self.peek(), self.peek_second()) {
            (Some(b';'), Some(b';')) => {
                self.bump();
                self.bump();
                if self.is_bash() && self.peek() == Some(b'&') {
                    self.bump();
                    CaseEnd::TestNext
                } else {
                    CaseEnd::Break
                }
            }
            (Some(b';'), Some(b'&')) => {
                if !self.is_bash() {
                    return self.unsupported(self.pos, "`;&`");
                }
                self.bump();
                self.bump();
                CaseEnd::FallThrough
            }
            (None, _) => return self.incomplete(start, "unclosed case"),
            _ if self.reserved() == Some("esac") => CaseEnd::Esac,
            _ => return self.unexpected(),
        };
        Ok(CaseArm {
            patterns,
            body,
            end,
        })
    }

    /// `name` has been read; behind it stands a parenthesis.
    pub(crate) fn function_behind(&mut self, word: Word, start: usize) -> Read<Command> {
        self.bump();
        self.blanks();
        if self.peek() != Some(b')') {
            return self.unexpected();
        }
        self.bump();
        let name = self.function_name(&word)?;
        let name_span = word.span;
        self.function_body(name, name_span, false, start)
    }

    fn function_keyword(&mut self, start: usize) -> Read<Command> {
        self.skip_reserved("function");
        self.blanks();
        match self.peek() {
            None => return self.incomplete(start, "an unfinished function"),
            Some(byte) if ends_word(byte) => return self.unexpected(),
            Some(_) => {}
        }
        let word = self.word(Role::Single)?;
        let name = self.function_name(&word)?;
        self.blanks();
        if self.peek() == Some(b'(') {
            if self.peek_second() == Some(b'(') {
                return self.unsupported(self.pos, "a function whose body is arithmetic");
            }
            self.bump();
            self.blanks();
            if !self.eat(b')') {
                // `function f ( list )`: the body is a subshell.
                return self.unsupported(self.pos, "a function whose body is a subshell");
            }
        }
        self.function_body(name, word.span, true, start)
    }

    fn function_body(
        &mut self,
        name: Vec<u8>,
        name_span: crate::Span,
        keyword: bool,
        start: usize,
    ) -> Read<Command> {
        self.newlines()?;
        if self.peek().is_none() {
            return self.incomplete(start, "an unfinished function");
        }
        if matches!(self.reserved(), Some("coproc" | "function")) {
            return self.unsupported(start, "a function whose body is no compound command");
        }
        match self.command()? {
            Command::Compound(body) => {
                let span = self.span(start);
                let span = crate::Span {
                    start: span.start,
                    end: body.span.end,
                };
                Ok(Command::Function(Function {
                    name,
                    name_span,
                    keyword,
                    body: Box::new(body),
                    span,
                }))
            }
            Command::Simple(_) | Command::Function(_) | Command::Coproc(_) => {
                self.unsupported(start, "a function whose body is no compound command")
            }
        }
    }

    fn coproc(&mut self, start: usize) -> Read<Command> {
        self.skip_reserved("coproc");
        self.blanks();
        if self.peek().is_none() {
            return self.incomplete(start, "an unfinished coproc");
        }
        if matches!(self.reserved(), Some("coproc" | "function")) {
            return self.unsupported(start, "an unusual coproc");
        }
        let at = self.pos;
        // `coproc NAME (…)` is one more form, which is not read.
        let body = self.command().map_err(NotRead::into_unsupported)?;
        match &body {
            Command::Simple(simple) => {
                // `coproc NAME { …; }` reads to us like a simple command with odd arguments.
                let odd = simple.words.iter().take(2).any(|word| {
                    let reserved = word.literal_value().is_some_and(|text| {
                        RESERVED.iter().any(|reserved| reserved.as_bytes() == text)
                    });
                    reserved || self.source(word.span).contains(&b'[')
                });
                if odd {
                    return self.unsupported(start, "a coproc with a name");
                }
            }
            Command::Compound(_) => {
                // bash looks for the end of a subscript in an array that is assigned there.
                let text = self.text.get(at..self.pos).unwrap_or_default();
                if text.windows(2).any(|pair| pair == b"=(") {
                    return self.unsupported(start, "an array in a coproc");
                }
            }
            Command::Function(_) | Command::Coproc(_) => {
                return self.unsupported(start, "an unusual coproc");
            }
        }
        let span = crate::Span {
            start: self.base + start,
            end: body.span().end,
        };
        Ok(Command::Coproc(Coproc {
            name: None,
            body: Box::new(body),
            span,
        }))
    }
}
