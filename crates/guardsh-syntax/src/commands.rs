//! Lists, pipelines, simple commands.

use crate::ast::{
    AndOr, AndOrOp, ArrayElement, AssignValue, Assignment, Command, Pipe, Pipeline, Script, Simple,
    Stage, Statement, StatementEnd, Timed, Word, WordPart, WordPartKind,
};
use crate::reader::{Read, Reader, ends_word, is_name_byte, is_name_start};
use crate::words::{Quoting, Role};
use crate::{NotRead, Until, is_name};

/// Words that end a list where a command could begin.
const CLOSING: &[&str] = &["then", "else", "elif", "fi", "do", "done", "esac", "}"];

/// Words that mean something where a command could begin; some only to bash.
pub(crate) const RESERVED: &[&str] = &[
    "if", "then", "else", "elif", "fi", "do", "done", "case", "esac", "while", "until", "for",
    "in", "{", "}", "!", "[[", "]]", "time", "select", "function", "coproc",
];

impl Reader<'_> {
    /// NUL ends strings inside shells, CR looks like a line end and is none.
    pub(crate) fn refuse_bytes(&self) -> Read<()> {
        match self.text.iter().position(|byte| matches!(byte, 0 | b'\r')) {
            Some(at) if self.text.get(at) == Some(&0) => self.unsupported(at, "a NUL byte"),
            Some(at) => self.unsupported(at, "a carriage return"),
            None => Ok(()),
        }
    }

    /// Everything up to the end of the text.
    pub(crate) fn whole_script(&mut self) -> Read<Script> {
        let mut script = self.script()?;
        if self.peek().is_some() {
            return self.unexpected();
        }
        if !self.pending.is_empty() {
            self.here_doc_bodies()?;
        }
        self.place_bodies(&mut script);
        Ok(script)
    }

    /// One line's commands, its newline and here-documents.
    pub(crate) fn one_line(&mut self) -> Read<Script> {
        let start = self.here();
        let mut statements = Vec::new();
        loop {
            self.blanks_and_comment();
            match self.peek() {
                None => break,
                Some(b'\n') => {
                    self.newline()?;
                    break;
                }
                Some(_) => {}
            }
            let mut statement = self.statement()?;
            statement.end = self.separator()?;
            let done = statement.end == StatementEnd::End && self.peek().is_some();
            statements.push(statement);
            if done {
                return self.unexpected();
            }
        }
        if !self.pending.is_empty() {
            self.here_doc_bodies()?;
        }
        let mut script = Script {
            statements,
            span: self.span(start),
        };
        self.place_bodies(&mut script);
        Ok(script)
    }

    /// Statements up to the end of the text or to something that closes a list; that is left to the caller.
    pub(crate) fn script(&mut self) -> Read<Script> {
        self.enter()?;
        self.newlines()?;
        let start = self.here();
        let mut end = start;
        let mut statements = Vec::new();
        while !self.at_end_of_list() {
            let mut statement = self.statement()?;
            end = statement.span.end.saturating_sub(self.base);
            statement.end = self.separator()?;
            match statement.end {
                StatementEnd::Newline => self.newlines()?,
                StatementEnd::Semicolon | StatementEnd::Background => self.newlines()?,
                StatementEnd::End => {
                    statements.push(statement);
                    break;
                }
            }
            statements.push(statement);
        }
        self.leave();
        let span = crate::Span {
            start: self.base + start,
            end: self.base + end,
        };
        Ok(Script { statements, span })
    }

    /// The same where at least one statement must stand.
    pub(crate) fn list(&mut self) -> Read<Script> {
        let script = self.script()?;
        if script.statements.is_empty() {
            self.unexpected()
        } else {
            Ok(script)
        }
    }

    fn at_end_of_list(&mut self) -> bool {
        match self.peek() {
            None | Some(b')') => true,
            Some(b';') => matches!(self.peek_second(), Some(b';' | b'&')),
            Some(_) => self.reserved().is_some_and(|word| CLOSING.contains(&word)),
        }
    }

    /// Takes what stands behind a statement. A newline is left where it is.
    fn separator(&mut self) -> Read<StatementEnd> {
        self.blanks_and_comment();
        match self.peek() {
            None | Some(b')') => Ok(StatementEnd::End),
            Some(b'\n') => Ok(StatementEnd::Newline),
            Some(b';') => {
                if matches!(self.peek_second(), Some(b';' | b'&')) {
                    return Ok(StatementEnd::End);
                }
                self.bump();
                Ok(StatementEnd::Semicolon)
            }
            Some(b'&') => {
                self.bump();
                Ok(StatementEnd::Background)
            }
            Some(_) if self.reserved().is_some_and(|word| CLOSING.contains(&word)) => {
                Ok(StatementEnd::End)
            }
            Some(_) => self.unexpected(),
        }
    }

    fn statement(&mut self) -> Read<Statement> {
        let start = self.here();
        let first = self.pipeline()?;
        let mut end = first.span.end;
        let mut rest = Vec::new();
        loop {
            self.blanks();
            let op = match (self.peek(), self.peek_second()) {
                (Some(b'&'), Some(b'&')) => AndOrOp::And,
                (Some(b'|'), Some(b'|')) => AndOrOp::Or,
                _ => break,
            };
            self.bump();
            self.bump();
            self.newlines()?;
            let next = self.pipeline()?;
            end = next.span.end;
            rest.push((op, next));
        }
        let span = crate::Span {
            start: self.base + start,
            end,
        };
        Ok(Statement {
            list: AndOr { first, rest },
            end: StatementEnd::End,
            span,
        })
    }

    fn pipeline(&mut self) -> Read<Pipeline> {
        let start = self.here();
        let mut timed = None;
        let mut bangs = 0;
        loop {
            self.blanks();
            match self.reserved() {
                Some("!") => {
                    if self.peek_second() == Some(b'(') || (bangs > 0 && !self.is_bash()) {
                        return self.unsupported(self.pos, "an unusual `!`");
                    }
                    self.bump();
                    bangs += 1;
                }
                Some("time") => {
                    if timed.is_some() {
                        return self.unsupported(self.pos, "`time` twice");
                    }
                    if self.substitutions > 0 {
                        // bash reads what follows with other eyes there: `$(time x=(a))` is an error to it.
                        return self.unsupported(self.pos, "`time` in a substitution");
                    }
                    self.skip_reserved("time");
                    timed = Some(self.time_option()?);
                }
                Some(_) | None => break,
            }
        }
        let nothing = match self.peek() {
            None | Some(b'\n' | b';' | b'&' | b'|' | b')') => true,
            Some(b'#') => self.options.comments,
            Some(_) => false,
        };
        if nothing && (timed.is_some() || bangs > 0) {
            return match self.peek() {
                None => self.incomplete(self.pos, "the command is not finished"),
                Some(_) => self.unsupported(self.pos, "`!` or `time` without a command"),
            };
        }
        let mut stages = Vec::with_capacity(1);
        loop {
            let command = self.command()?;
            if timed.is_some()
                && stages.is_empty()
                && let Command::Simple(simple) = &command
                && let Some(first) = simple.words.first()
                && self.source(first.span).starts_with(b"-")
            {
                // Behind a redirection it is the command's name, which printed behind `time` would be an option.
                return self.unsupported(start, "an option of `time`");
            }
            self.blanks();
            let pipe = match (self.peek(), self.peek_second()) {
                (Some(b'|'), Some(b'|')) => None,
                (Some(b'|'), Some(b'&')) if self.is_bash() => Some(Pipe::OutputAndError),
                (Some(b'|'), _) => Some(Pipe::Output),
                _ => None,
            };
            let last_end = self.pos;
            stages.push(Stage { command, pipe });
            let Some(pipe) = pipe else {
                let end = stages
                    .last()
                    .map_or(self.base + last_end, |stage| stage.command.span().end);
                return Ok(Pipeline {
                    timed,
                    bangs,
                    stages,
                    span: crate::Span {
                        start: self.base + start,
                        end,
                    },
                });
            };
            self.bump();
            if pipe == Pipe::OutputAndError {
                self.bump();
            }
            self.newlines()?;
            if matches!(self.reserved(), Some("!" | "time")) {
                return self.unsupported(self.pos, "`!` or `time` behind a pipe");
            }
        }
    }

    fn time_option(&mut self) -> Read<Timed> {
        self.blanks();
        if self.peek() != Some(b'-') {
            return Ok(Timed::Plain);
        }
        if !self.at_word(b"-p") {
            return self.unsupported(self.pos, "an option of `time`");
        }
        self.bump();
        self.bump();
        Ok(Timed::Posix)
    }

    /// Whether this text stands here as a whole word.
    pub(crate) fn at_word(&mut self, word: &[u8]) -> bool {
        let start = self.here();
        starts_as_word(self.text.get(start..).unwrap_or_default(), word)
    }

    /// The reserved word that stands here as a whole word, if one does.
    pub(crate) fn reserved(&mut self) -> Option<&'static str> {
        // Asked before every command and word: most are told by their first byte.
        let candidates: &[&'static str] = match self.peek()? {
            b'i' => &["if", "in"],
            b't' => &["then", "time"],
            b'e' => &["else", "elif", "esac"],
            b'f' => &["fi", "for", "function"],
            b'd' => &["do", "done"],
            b'c' => &["case", "coproc"],
            b'w' => &["while"],
            b'u' => &["until"],
            b's' => &["select"],
            b'{' => &["{"],
            b'}' => &["}"],
            b'!' => &["!"],
            b'[' => &["[["],
            b']' => &["]]"],
            _ => return None,
        };
        let rest = self.text.get(self.pos..)?;
        let word = candidates
            .iter()
            .copied()
            .find(|word| starts_as_word(rest, word.as_bytes()))?;
        let bash_only = ["[[", "]]", "time", "select", "function", "coproc"];
        if bash_only.contains(&word) && !self.is_bash() {
            return None;
        }
        // With extended globs `!(` begins a pattern.
        if word == "!" && self.is_bash() && self.options.extglob && self.peek_second() == Some(b'(')
        {
            return None;
        }
        Some(word)
    }

    /// Steps over a reserved word that [`Reader::reserved`] has seen here.
    pub(crate) fn skip_reserved(&mut self, word: &str) {
        for _ in 0..word.len() {
            self.bump();
        }
    }

    /// Assignments, words and redirections, or a function definition `name ()`.
    pub(crate) fn simple_or_function(&mut self) -> Read<Command> {
        let start = self.here();
        let mut simple = Simple::default();
        let mut end = start;
        loop {
            self.blanks();
            match self.peek() {
                None | Some(b'\n' | b';' | b'|' | b')') => break,
                Some(b'&') if !(self.is_bash() && self.peek_second() == Some(b'>')) => break,
                Some(b'#') if self.options.comments => break,
                Some(b'(') => {
                    let [name] = simple.words.as_slice() else {
                        return self.misplaced_parenthesis(&simple);
                    };
                    if !simple.assignments.is_empty() || !simple.redirects.is_empty() {
                        return self.misplaced_parenthesis(&simple);
                    }
                    let name = name.clone();
                    return self.function_behind(name, start);
                }
                Some(_) => {}
            }
            if let Some(redirect) = self.redirect()? {
                end = redirect.span.end.saturating_sub(self.base);
                simple.redirects.push(redirect);
                continue;
            }
            if simple.words.is_empty() && self.at_assignment() {
                let at = self.pos;
                let assignment = self.assignment()?;
                let of_array = matches!(assignment.value, AssignValue::Array(_))
                    || assignment.subscript.is_some();
                let text = self.text.get(at..self.pos).unwrap_or_default();
                let brackets = assignment.subscript.is_none() && text.contains(&b'[');
                if of_array
                    && !simple.redirects.is_empty()
                    && (brackets || !simple.assignments.is_empty())
                {
                    // Behind a redirection bash sees no array and no element any more if something was assigned
                    // before, and looks for the end of each bracket in an array.
                    return self.unsupported(at, "an array behind a redirection");
                }
                simple.assignments.push(assignment);
            } else {
                let at_start = simple.words.is_empty();
                if at_start && !simple.redirects.is_empty() && self.reserved().is_some() {
                    return self.unsupported(self.pos, "a reserved word behind a redirection");
                }
                let word = self.command_word(&simple)?;
                simple.words.push(word);
            }
            end = self.pos;
        }
        if simple.words.is_empty() && simple.assignments.is_empty() && simple.redirects.is_empty() {
            return self.unexpected();
        }
        simple.span = crate::Span {
            start: self.base + start,
            end: self.base + end,
        };
        Ok(Command::Simple(simple))
    }

    fn misplaced_parenthesis(&mut self, simple: &Simple) -> Read<Command> {
        let assigns = simple
            .words
            .last()
            .and_then(|word| word.parts.last())
            .is_some_and(
                |part| matches!(&part.kind, WordPartKind::Literal(bytes) if bytes.ends_with(b"=")),
            );
        if assigns && self.is_bash() {
            return self.unsupported(
                self.pos,
                "an array behind a command that is not `declare` or its kin",
            );
        }
        self.unexpected()
    }

    /// A word of a simple command; behind `declare` and its kin it may hold an array.
    fn command_word(&mut self, simple: &Simple) -> Read<Word> {
        let mut word = self.word(Role::Argument)?;
        if self.peek() != Some(b'(') || !self.is_bash() {
            return Ok(word);
        }
        let declares = simple
            .words
            .first()
            .and_then(Word::literal_value)
            .is_some_and(|name| {
                matches!(
                    name.as_slice(),
                    b"declare" | b"typeset" | b"local" | b"export" | b"readonly"
                )
            });
        let plain_name = simple.words.first().is_some_and(|name| {
            matches!(
                name.parts.as_slice(),
                [WordPart {
                    kind: WordPartKind::Literal(_),
                    ..
                }]
            )
        });
        let assigns = match word.parts.as_slice() {
            [
                WordPart {
                    kind: WordPartKind::Literal(bytes),
                    ..
                },
            ] => {
                bytes.ends_with(b"=")
                    && crate::is_assignment_word(bytes)
                    && bytes.iter().filter(|byte| **byte == b'=').count() == 1
            }
            _ => false,
        };
        if declares && plain_name && assigns {
            // bash forgets that it reads `declare` at a redirection or a substitution.
            let forgotten = !simple.redirects.is_empty()
                || simple.words.iter().any(|word| {
                    !word
                        .parts
                        .iter()
                        .all(|part| matches!(part.kind, WordPartKind::Literal(_)))
                });
            let start = self.pos;
            if forgotten {
                return self.unsupported(start, "an array behind unusual operands of `declare`");
            }
            let elements = self.array()?;
            word.parts.push(WordPart {
                kind: WordPartKind::ArrayLiteral(elements),
                span: self.span(start),
            });
            word.span.end = self.base + self.pos;
            let process =
                matches!(self.peek(), Some(b'<' | b'>')) && self.peek_second() == Some(b'(');
            if process || self.peek().is_some_and(|byte| !ends_word(byte)) {
                return self.unsupported(self.pos, "something directly behind an array");
            }
        }
        Ok(word)
    }

    /// Whether `NAME=`, `NAME+=` or `NAME[` stands here.
    fn at_assignment(&mut self) -> bool {
        let mut at = self.here();
        let next = |at: &mut usize| {
            while self.text.get(*at) == Some(&b'\\') && self.text.get(*at + 1) == Some(&b'\n') {
                *at += 2;
            }
            self.text.get(*at).copied()
        };
        match next(&mut at) {
            Some(byte) if is_name_start(byte) => at += 1,
            Some(_) | None => return false,
        }
        while let Some(byte) = next(&mut at) {
            match byte {
                b'=' => return true,
                b'[' => return self.is_bash(),
                b'+' => {
                    at += 1;
                    return self.is_bash() && next(&mut at) == Some(b'=');
                }
                _ if is_name_byte(byte) => at += 1,
                _ => return false,
            }
        }
        false
    }

    fn assignment(&mut self) -> Read<Assignment> {
        let start = self.here();
        let mut name = Vec::new();
        while let Some(byte) = self.peek().filter(|byte| is_name_byte(*byte)) {
            name.push(byte);
            self.bump();
        }
        let subscript = self.subscript(start)?;
        let append = self.eat(b'+');
        if !self.eat(b'=') {
            return match self.peek() {
                None => self.incomplete(start, "the command is not finished"),
                Some(_) => self.unsupported(start, "a word that begins like an array element"),
            };
        }
        let value = if self.peek() == Some(b'(') {
            if !self.is_bash() {
                return self.unexpected();
            }
            if subscript.is_some() {
                return self.unsupported(start, "an array as an element of an array");
            }
            AssignValue::Array(self.array()?)
        } else {
            AssignValue::Scalar(self.word(Role::Value)?)
        };
        match (&value, self.peek()) {
            (AssignValue::Scalar(_), Some(b'(')) => return self.unexpected(),
            (AssignValue::Array(_), Some(byte))
                if !ends_word(byte)
                    || (matches!(byte, b'<' | b'>') && self.peek_second() == Some(b'(')) =>
            {
                return self.unsupported(self.pos, "something directly behind an array");
            }
            _ => {}
        }
        Ok(Assignment {
            name,
            subscript,
            append,
            value,
            span: self.span(start),
        })
    }

    /// `( … )` behind `NAME=`, both parentheses included.
    fn array(&mut self) -> Read<Vec<ArrayElement>> {
        // bash looks for its end only, and for its elements when it runs.
        self.array_elements().map_err(NotRead::into_unsupported)
    }

    fn array_elements(&mut self) -> Read<Vec<ArrayElement>> {
        self.enter()?;
        let start = self.pos;
        self.bump();
        let mut elements = Vec::new();
        loop {
            self.blanks_and_comment();
            if self.peek() == Some(b'\n') && !self.pending.is_empty() {
                return self.unsupported(start, "a newline in an array behind a here-document");
            }
            self.newlines()?;
            match self.peek() {
                None => return self.incomplete_until(start, "unclosed array", Until::Byte(b')')),
                Some(b')') => {
                    self.bump();
                    break;
                }
                Some(b'[') => elements.push(self.keyed_element()?),
                Some(b'<' | b'>') if self.peek_second() == Some(b'(') => {
                    elements.push(ArrayElement {
                        subscript: None,
                        append: false,
                        value: self.word(Role::Argument)?,
                    });
                }
                Some(byte) if ends_word(byte) => return self.unexpected(),
                Some(_) => {
                    if self.reserved().is_some() {
                        // Behind `coproc {` bash takes it for one.
                        return self.unsupported(self.pos, "a reserved word in an array");
                    }
                    let value = self.word(Role::Argument)?;
                    if self.peek() == Some(b'(') {
                        return self.unexpected();
                    }
                    elements.push(ArrayElement {
                        subscript: None,
                        append: false,
                        value,
                    });
                }
            }
        }
        // bash puts the text of the array together again there, and loses the backslash before an operator.
        let text = self.text.get(start..self.pos).unwrap_or_default();
        if text.contains(&b'\\') && self.substitutions > 0 {
            return self.unsupported(start, "a backslash in an array in a substitution");
        }
        self.leave();
        Ok(elements)
    }

    fn keyed_element(&mut self) -> Read<ArrayElement> {
        let start = self.here();
        self.bump();
        let at = self.here();
        let parts = self.parts(Quoting::Subscript)?;
        let subscript = Word {
            parts,
            span: self.span(at),
        };
        self.bump();
        let append = self.eat(b'+');
        if !self.eat(b'=') {
            return self.unsupported(start, "a pattern as the first thing of an array element");
        }
        if self.peek() == Some(b'(') {
            return self.unexpected();
        }
        let value = self.word(Role::Value)?;
        Ok(ArrayElement {
            subscript: Some(subscript),
            append,
            value,
        })
    }

    /// The name of a function as its definition has it.
    pub(crate) fn function_name(&self, word: &Word) -> Read<Vec<u8>> {
        let at = word.span.start.saturating_sub(self.base);
        let [
            WordPart {
                kind: WordPartKind::Literal(name),
                ..
            },
        ] = word.parts.as_slice()
        else {
            return self.unsupported(at, "an unusual function name");
        };
        let usual = name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.:+/@,%".contains(byte));
        if is_name(name) || (self.is_bash() && usual && !name.iter().all(u8::is_ascii_digit)) {
            return Ok(name.clone());
        }
        self.unsupported(at, "an unusual function name")
    }
}

/// Whether `word` stands at the beginning, with something behind it that ends a word.
fn starts_as_word(rest: &[u8], word: &[u8]) -> bool {
    let mut rest = rest;
    for byte in word {
        rest = without_continuations(rest);
        match rest {
            [first, after @ ..] if first == byte => rest = after,
            _ => return false,
        }
    }
    match without_continuations(rest) {
        // A process substitution is part of the word.
        [b'<' | b'>', after @ ..] => !without_continuations(after).starts_with(b"("),
        [byte, ..] => ends_word(*byte),
        [] => true,
    }
}

fn without_continuations(mut text: &[u8]) -> &[u8] {
    while let [b'\\', b'\n', after @ ..] = text {
        text = after;
    }
    text
}

impl Command {
    /// Where it stands.
    pub fn span(&self) -> crate::Span {
        match self {
            Self::Simple(simple) => simple.span,
            Self::Compound(compound) => compound.span,
            Self::Function(function) => function.span,
            Self::Coproc(coproc) => coproc.span,
        }
    }
}
