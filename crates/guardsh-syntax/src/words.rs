//! Words: quotes, escapes, globs, and where expansions begin.

use crate::ast::{ProcessDirection, Script, Span, Word, WordPart, WordPartKind};
use crate::reader::{Read, Reader, ends_word, is_name_byte, is_name_start};
use crate::{Dialect, NotRead, Until};

/// What surrounds the parts that are read, and so what is special and what ends them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Quoting {
    /// An unquoted word, up to a blank or an operator.
    Plain,
    /// The same where extended globs are read whatever the option says (`[[ x == p ]]`).
    TestPattern,
    /// Inside `"…"`.
    Double,
    /// The body of a here-document, up to the end of the text.
    HereDoc,
    /// The operand of `${x-…}`, up to `}`.
    Operand { in_double: bool },
    /// The operand of `${x#…}` and its kin: a pattern, up to `}` (and `/` where that splits).
    Pattern { in_double: bool, until_slash: bool },
    /// An alternative of an extended glob, up to `|` or `)`.
    Alternative,
    /// `[…]` of an array, up to `]`.
    Subscript,
}

/// What a word is, which decides about tildes and braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A command word, an element of a list: everything expands.
    Argument,
    /// The right side of an assignment: no braces; tildes also behind `:`.
    Value,
    /// A redirection's target.
    Target,
    /// A `case` subject or pattern, a word of `[[ ]]`: no braces.
    Single,
}

impl Quoting {
    fn in_double(self) -> bool {
        match self {
            Self::Double | Self::HereDoc => true,
            Self::Operand { in_double } | Self::Pattern { in_double, .. } => in_double,
            Self::Plain | Self::TestPattern | Self::Alternative | Self::Subscript => false,
        }
    }

    /// Whether single quotes and `$'…'` quote here.
    fn quotes(self) -> bool {
        match self {
            Self::Plain | Self::TestPattern | Self::Alternative | Self::Subscript => true,
            Self::Operand { in_double } => !in_double,
            Self::Pattern { .. } => true,
            Self::Double | Self::HereDoc => false,
        }
    }

    fn globs(self) -> bool {
        match self {
            Self::Plain | Self::TestPattern | Self::Alternative | Self::Pattern { .. } => true,
            Self::Operand { in_double } => !in_double,
            Self::Double | Self::HereDoc | Self::Subscript => false,
        }
    }

    fn ends(self, byte: u8) -> bool {
        match self {
            Self::Plain | Self::TestPattern => ends_word(byte),
            Self::Double => byte == b'"',
            Self::HereDoc => false,
            Self::Operand { .. } => byte == b'}',
            Self::Pattern { until_slash, .. } => byte == b'}' || (until_slash && byte == b'/'),
            Self::Alternative => byte == b'|' || byte == b')',
            Self::Subscript => byte == b']',
        }
    }
}

/// Parts as they come in, with unquoted bytes gathered into literals.
#[derive(Default)]
pub(crate) struct Parts {
    parts: Vec<WordPart>,
    literal: Vec<u8>,
    literal_span: Option<Span>,
}

impl Parts {
    pub(crate) fn byte(&mut self, byte: u8, span: Span) {
        self.literal.push(byte);
        self.literal_span = Some(match self.literal_span {
            Some(before) => Span {
                start: before.start,
                end: span.end,
            },
            None => span,
        });
    }

    pub(crate) fn part(&mut self, kind: WordPartKind, span: Span) {
        self.flush();
        self.parts.push(WordPart { kind, span });
    }

    fn flush(&mut self) {
        if let Some(span) = self.literal_span.take() {
            let bytes = std::mem::take(&mut self.literal);
            self.parts.push(WordPart {
                kind: WordPartKind::Literal(bytes),
                span,
            });
        }
    }

    pub(crate) fn finish(mut self) -> Vec<WordPart> {
        self.flush();
        // Most words have one part: room for four in each would be most of a tree's memory.
        self.parts.shrink_to_fit();
        self.parts
    }
}

impl Reader<'_> {
    /// Reads a word; the reader stands at its first byte.
    pub(crate) fn word(&mut self, role: Role) -> Read<Word> {
        let start = self.here();
        if self.options.comments
            && self.peek() == Some(b'#')
            && matches!(role, Role::Argument | Role::Single)
        {
            return self.unsupported(start, "a comment where a word is wanted");
        }
        let parts = self.parts(Quoting::Plain)?;
        let word = Word {
            parts,
            span: self.span(start),
        };
        if role != Role::Target && role != Role::Value {
            self.refuse_descriptor(&word)?;
        }
        self.shape(word, role)
    }

    /// A number or `{name}` directly in front of `<` or `>` is a descriptor to the shell, wherever it stands.
    pub(crate) fn refuse_descriptor(&mut self, word: &Word) -> Read<()> {
        let descriptor = match word.parts.first().map(|part| &part.kind) {
            Some(WordPartKind::Literal(text)) => {
                text.iter().all(u8::is_ascii_digit)
                    || (text.first() == Some(&b'{') && text.last() == Some(&b'}'))
            }
            Some(_) | None => false,
        };
        let operator = match word.parts.get(1).map(|part| &part.kind) {
            Some(WordPartKind::Process(..)) => true,
            Some(_) => false,
            None => matches!(self.peek(), Some(b'<' | b'>')),
        };
        if descriptor && operator {
            let at = word.span.start.saturating_sub(self.base);
            return self.unsupported(at, "a descriptor where a word is wanted");
        }
        Ok(())
    }

    /// Finds tildes and braces among the literal bytes.
    pub(crate) fn shape(&mut self, mut word: Word, role: Role) -> Read<Word> {
        if role == Role::Argument || role == Role::Target {
            word.parts = self.braces(word.parts, role == Role::Target)?;
        }
        word.parts = self.tildes(word.parts, role);
        Ok(word)
    }

    /// Reads parts up to what ends them; that byte is left to the caller.
    pub(crate) fn parts(&mut self, quoting: Quoting) -> Read<Vec<WordPart>> {
        self.enter()?;
        let mut parts = Parts::default();
        let opened = self.pos;
        let mut brackets = 0_usize;
        while let Some(byte) = self.peek() {
            if quoting == Quoting::Subscript {
                match byte {
                    b'[' => brackets += 1,
                    b']' if brackets > 0 => {
                        brackets -= 1;
                        let at = self.pos;
                        self.bump();
                        parts.byte(byte, self.span(at));
                        continue;
                    }
                    _ => {}
                }
            }
            let process = matches!(byte, b'<' | b'>') && self.is_process(quoting);
            if quoting.ends(byte) && !process {
                self.leave();
                return Ok(parts.finish());
            }
            self.one_part(byte, quoting, process, &mut parts)?;
        }
        self.leave();
        match quoting {
            Quoting::Plain | Quoting::TestPattern | Quoting::HereDoc => Ok(parts.finish()),
            Quoting::Double => {
                self.incomplete_until(opened, "unclosed double quote", Until::Byte(b'"'))
            }
            Quoting::Operand { .. } | Quoting::Pattern { .. } => {
                self.incomplete_until(opened, "unclosed ${", Until::Byte(b'}'))
            }
            Quoting::Alternative => {
                self.incomplete_until(opened, "unclosed pattern", Until::Byte(b')'))
            }
            Quoting::Subscript => self.incomplete_until(opened, "unclosed [", Until::Byte(b']')),
        }
    }

    /// Whether `<(` or `>(` begins here, where it counts.
    fn is_process(&mut self, quoting: Quoting) -> bool {
        let counts = match quoting {
            Quoting::Plain
            | Quoting::TestPattern
            | Quoting::Operand { .. }
            | Quoting::Pattern { .. } => true,
            Quoting::Double | Quoting::HereDoc | Quoting::Alternative | Quoting::Subscript => false,
        };
        counts && self.is_bash() && self.peek_second() == Some(b'(')
    }

    fn one_part(
        &mut self,
        byte: u8,
        quoting: Quoting,
        process: bool,
        parts: &mut Parts,
    ) -> Read<()> {
        let start = self.pos;
        if process {
            let direction = if byte == b'<' {
                ProcessDirection::Read
            } else {
                ProcessDirection::Write
            };
            self.bump();
            self.bump();
            if matches!(quoting, Quoting::Operand { .. } | Quoting::Pattern { .. }) {
                return self.unsupported(start, "a process substitution in a ${...}");
            }
            if self.peek() == Some(b'(') {
                return self.unsupported(start, "two parentheses in a process substitution");
            }
            let script = self.substitution(start)?;
            parts.part(WordPartKind::Process(direction, script), self.span(start));
            return Ok(());
        }
        if matches!(byte, b'\\' | b'`' | b'"' | b'\'' | b'*' | b'?' | b'[') {
            self.count()?;
        }
        match byte {
            b'\\' => return self.backslash(quoting, parts),
            b'$' => return self.dollar(quoting, parts),
            b'`' => {
                let script = self.backquoted(quoting)?;
                parts.part(WordPartKind::Backquoted(script), self.span(start));
                return Ok(());
            }
            b'"' if quoting != Quoting::HereDoc => {
                if let Quoting::Operand { in_double: true }
                | Quoting::Pattern {
                    in_double: true, ..
                } = quoting
                {
                    return self
                        .unsupported(start, "double quotes in a ${...} inside double quotes");
                }
                self.bump();
                let inner = self.parts(Quoting::Double)?;
                self.bump();
                parts.part(WordPartKind::DoubleQuoted(inner), self.span(start));
                return Ok(());
            }
            b'\'' if quoting.quotes() => {
                if quoting.in_double() {
                    return self
                        .unsupported(start, "single quotes in a ${...} inside double quotes");
                }
                let text = self.single_quoted()?;
                parts.part(WordPartKind::SingleQuoted(text), self.span(start));
                return Ok(());
            }
            b'\'' if quoting == (Quoting::Operand { in_double: true }) => {
                return self.unsupported(start, "single quotes in a ${...} inside double quotes");
            }
            b'{' if matches!(quoting, Quoting::Operand { .. } | Quoting::Pattern { .. }) => {
                return self.unsupported(start, "an open brace in a ${...}");
            }
            b'*' | b'?' | b'[' | b'@' | b'+' | b'!' if quoting.globs() => {
                if self.is_ext_glob(quoting) {
                    return self.ext_glob(byte, parts);
                }
                match byte {
                    b'*' => {
                        self.bump();
                        parts.part(WordPartKind::Star, self.span(start));
                        return Ok(());
                    }
                    b'?' => {
                        self.bump();
                        parts.part(WordPartKind::Question, self.span(start));
                        return Ok(());
                    }
                    b'[' => {
                        if let Some(inside) = self.bracket(quoting)? {
                            parts.part(WordPartKind::Bracket(inside), self.span(start));
                            return Ok(());
                        }
                    }
                    _ => {}
                }
            }
            b'<' | b'>' if quoting == Quoting::Subscript && self.peek_second() == Some(b'(') => {
                return self.unsupported(start, "a process substitution in a subscript");
            }
            b'}' if quoting == Quoting::Alternative && self.params > 0 => {
                return self.unsupported(start, "a brace in an extended glob in a ${...}");
            }
            // The first `}` ends it to bash, whatever brackets are open.
            b'}' if quoting == Quoting::Subscript && self.params > 0 => {
                return self.unsupported(start, "a brace in a subscript in a ${...}");
            }
            // bash marks what is quoted with these bytes, and loses sight of what is around them.
            0x01 | 0x7f if self.params > 0 => {
                return self.unsupported(start, "a control character in a ${...}");
            }
            b'(' if quoting == Quoting::Alternative => {
                return self.unsupported(start, "a parenthesis in an extended glob");
            }
            _ => {}
        }
        self.bump();
        parts.byte(byte, self.span(start));
        Ok(())
    }

    fn backslash(&mut self, quoting: Quoting, parts: &mut Parts) -> Read<()> {
        let start = self.pos;
        let Some(next) = self.raw_at(1) else {
            if quoting == Quoting::HereDoc {
                self.pos += 1;
                parts.byte(b'\\', self.span(start));
                return Ok(());
            }
            if self.options.backslash_at_end && quoting == Quoting::Plain {
                // It stands for itself, as an escaped one does anywhere.
                self.pos += 1;
                parts.part(WordPartKind::Escaped(b'\\'), self.span(start));
                return Ok(());
            }
            self.pos = self.text.len();
            return self.incomplete(start, "a backslash at the end");
        };
        let special = match quoting {
            Quoting::Plain | Quoting::TestPattern | Quoting::Alternative | Quoting::Subscript => {
                true
            }
            Quoting::Double => matches!(next, b'$' | b'`' | b'"' | b'\\'),
            Quoting::HereDoc => matches!(next, b'$' | b'`' | b'\\'),
            Quoting::Operand { in_double: false }
            | Quoting::Pattern {
                in_double: false, ..
            } => true,
            Quoting::Operand { in_double: true } => {
                matches!(next, b'$' | b'`' | b'"' | b'\\' | b'}')
            }
            Quoting::Pattern {
                in_double: true, ..
            } => true,
        };
        self.pos += 1;
        if special {
            self.pos += 1;
            parts.part(WordPartKind::Escaped(next), self.span(start));
        } else {
            parts.byte(b'\\', self.span(start));
        }
        Ok(())
    }

    pub(crate) fn single_quoted(&mut self) -> Read<Vec<u8>> {
        let start = self.pos;
        self.bump();
        let rest = self.text.get(self.pos..).unwrap_or_default();
        match rest.iter().position(|byte| *byte == b'\'') {
            Some(length) => {
                self.pos += length + 1;
                Ok(rest.get(..length).unwrap_or_default().to_vec())
            }
            None => {
                self.pos = self.text.len();
                self.incomplete_until(start, "unclosed single quote", Until::Byte(b'\''))
            }
        }
    }

    /// `$` and what it begins; alone it means itself.
    pub(crate) fn dollar(&mut self, quoting: Quoting, parts: &mut Parts) -> Read<()> {
        self.count()?;
        let start = self.pos;
        let next = self.peek_second();
        if matches!(next, Some(0x01 | 0x7f)) {
            // bash marks what is quoted with these bytes, and takes what follows for what the `$` begins.
            return self.unsupported(start, "a control character behind `$`");
        }
        let kind = match next {
            Some(b'(') => {
                self.bump();
                self.bump();
                if self.peek() == Some(b'(') {
                    self.bump();
                    WordPartKind::Arith(self.arith_expansion(start)?)
                } else {
                    let script = self.substitution(start)?;
                    let text = self.text.get(start..self.pos).unwrap_or_default();
                    if quoting == Quoting::Subscript && text.windows(2).any(|pair| pair == b"<<") {
                        return self.unsupported(start, "a here-document in a subscript");
                    }
                    WordPartKind::Command(script)
                }
            }
            Some(b'{') => {
                self.bump();
                self.bump();
                WordPartKind::Param(self.braced_param(start, quoting.in_double())?)
            }
            Some(byte) if is_name_start(byte) => {
                self.bump();
                let mut name = Vec::new();
                while let Some(byte) = self.peek() {
                    if !is_name_byte(byte) {
                        break;
                    }
                    name.push(byte);
                    self.bump();
                }
                WordPartKind::Param(crate::param::plain(name))
            }
            Some(byte @ (b'0'..=b'9' | b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!')) => {
                self.bump();
                self.bump();
                if quoting.globs()
                    && self.is_bash()
                    && matches!(byte, b'@' | b'*' | b'?' | b'!')
                    && self.peek() == Some(b'(')
                {
                    return self.unsupported(start, "a parenthesis behind a parameter");
                }
                WordPartKind::Param(crate::param::plain(vec![byte]))
            }
            Some(b'\'') if quoting.quotes() && !quoting.in_double() => {
                if self.dialect == Dialect::Posix {
                    return self.unsupported(start, "a $' quote");
                }
                self.bump();
                self.bump();
                WordPartKind::AnsiC(self.ansi_c()?)
            }
            Some(b'"') if quoting != Quoting::HereDoc && !quoting.in_double() => {
                if self.dialect == Dialect::Posix {
                    return self.unsupported(start, "a $\" quote");
                }
                self.bump();
                self.bump();
                let inner = self.parts(Quoting::Double)?;
                self.bump();
                WordPartKind::Localized(inner)
            }
            Some(b'[') => return self.unsupported(start, "`$[`"),
            Some(_) | None => {
                self.bump();
                parts.byte(b'$', self.span(start));
                return Ok(());
            }
        };
        parts.part(kind, self.span(start));
        Ok(())
    }

    /// The inside of `$(…)`, `<(…)`: up to and including its parenthesis.
    pub(crate) fn substitution(&mut self, start: usize) -> Read<Script> {
        self.enter()?;
        let outer = (
            std::mem::take(&mut self.pending),
            std::mem::take(&mut self.bodies),
            std::mem::take(&mut self.announced),
        );
        self.substitutions += 1;
        let mut script = self.script()?;
        self.substitutions -= 1;
        if self.peek().is_none() {
            return self.incomplete(start, "unclosed parenthesis of a substitution");
        }
        if !self.pending.is_empty() {
            return self.unsupported(
                start,
                "a here-document whose body is not inside its substitution",
            );
        }
        if !self.eat(b')') {
            return self.unexpected();
        }
        self.place_bodies(&mut script);
        (self.pending, self.bodies, self.announced) = outer;
        self.leave();
        Ok(script)
    }

    /// `` `…` ``: its text with one level of backslashes removed is read on its own.
    fn backquoted(&mut self, quoting: Quoting) -> Read<Script> {
        self.enter()?;
        let start = self.pos;
        self.pos += 1;
        let mut inner = Vec::new();
        loop {
            let Some(byte) = self.raw() else {
                return self.incomplete_until(start, "unclosed backquote", Until::Byte(b'`'));
            };
            self.pos += 1;
            match byte {
                b'`' => break,
                b'\\' => match self.raw() {
                    Some(next @ (b'$' | b'`' | b'\\')) => {
                        self.pos += 1;
                        inner.push(next);
                    }
                    Some(b'"') if quoting == Quoting::HereDoc => {
                        return self
                            .unsupported(self.pos, "`\\\"` in backquotes in a here-document");
                    }
                    Some(b'"') if quoting.in_double() => {
                        self.pos += 1;
                        inner.push(b'"');
                    }
                    Some(_) | None => inner.push(b'\\'),
                },
                other => inner.push(other),
            }
        }
        let mut reader = self.inside(&inner, self.base + start);
        // The shell looks inside only when it runs it, and not always at all of it.
        let script = reader.whole_script().map_err(|error| match error {
            NotRead::Incomplete(mut place) | NotRead::Invalid(mut place) => {
                place.what = format!("{} in backquotes", place.what);
                place.until = None;
                NotRead::Unsupported(place)
            }
            other @ NotRead::Unsupported(_) => other,
        })?;
        self.counted_in(&reader);
        self.leave();
        Ok(script)
    }

    /// Whether an extended glob begins at the operator byte at hand.
    fn is_ext_glob(&mut self, quoting: Quoting) -> bool {
        let on = self.is_bash()
            && (self.options.extglob
                || quoting == Quoting::TestPattern
                || quoting == Quoting::Alternative);
        on && self.raw() != Some(b'[') && self.peek_second() == Some(b'(')
    }

    fn ext_glob(&mut self, operator: u8, parts: &mut Parts) -> Read<()> {
        let start = self.pos;
        self.bump();
        self.bump();
        self.enter()?;
        let mut alternatives = Vec::new();
        loop {
            let at = self.here();
            // bash only looks for the end of a substitution there: what is wrong inside is no error yet.
            let inner = self
                .parts(Quoting::Alternative)
                .map_err(|error| match error {
                    NotRead::Invalid(place) => NotRead::Unsupported(place),
                    NotRead::Incomplete(_) | NotRead::Unsupported(_) => error,
                })?;
            alternatives.push(Word {
                parts: inner,
                span: self.span(at),
            });
            let more = self.peek() == Some(b'|');
            self.bump();
            if !more {
                break;
            }
        }
        let text = self.text.get(start..self.pos).unwrap_or_default();
        let substitutes = text.contains(&b'`') || text.windows(2).any(|pair| pair == b"$(");
        if substitutes && text.contains(&b'#') {
            // There bash takes a quote or a parenthesis in a comment for one.
            return self.unsupported(start, "a substitution and `#` in an extended glob");
        }
        self.leave();
        parts.part(
            WordPartKind::ExtGlob(operator, alternatives),
            self.span(start),
        );
        Ok(())
    }

    /// A bracket expression; `None` where the `[` means itself. The reader has moved only on `Some`.
    fn bracket(&mut self, quoting: Quoting) -> Read<Option<Vec<u8>>> {
        let start = self.pos;
        let mut at = start + 1;
        if start < self.no_bracket_before {
            return Ok(None);
        }
        let mut inside = Vec::new();
        let mut first = true;
        let text = self.text;
        let byte_at = |at: usize| text.get(at).copied();
        if let Some(negation @ (b'!' | b'^')) = byte_at(at) {
            inside.push(negation);
            at += 1;
        }
        loop {
            let Some(byte) = byte_at(at) else {
                self.no_bracket_before = at;
                return Ok(None);
            };
            match byte {
                b'\\' if byte_at(at + 1) == Some(b'\n') => {
                    return self.unsupported(start, "a line continuation in a bracket pattern");
                }
                b']' if !first => {
                    if self.params > 0 && inside.contains(&b'}') {
                        return self.unsupported(start, "a brace in a bracket pattern in a ${...}");
                    }
                    self.pos = at + 1;
                    return Ok(Some(inside));
                }
                b'\\' | b'\'' | b'"' | b'$' | b'`' => {
                    // Quotes and expansions inside: only harmless if no bracket closes in this word.
                    if self.closes_later(at, quoting) {
                        return self
                            .unsupported(start, "quotes or expansions in a bracket pattern");
                    }
                    self.no_bracket_before = at;
                    return Ok(None);
                }
                b'[' if matches!(byte_at(at + 1), Some(b':' | b'.' | b'=')) => {
                    let kind = byte_at(at + 1).unwrap_or_default();
                    let mut end = at + 2;
                    while let Some(byte) = byte_at(end) {
                        let closes = byte == kind && byte_at(end + 1) == Some(b']');
                        if closes
                            || quoting.ends(byte)
                            || !(byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
                        {
                            break;
                        }
                        end += 1;
                    }
                    if byte_at(end) != Some(kind) || byte_at(end + 1) != Some(b']') {
                        return self.unsupported(start, "an unusual bracket pattern");
                    }
                    inside.extend_from_slice(self.text.get(at..end + 2).unwrap_or_default());
                    at = end + 2;
                    first = false;
                    continue;
                }
                _ if quoting.ends(byte) || ends_word(byte) => {
                    self.no_bracket_before = at;
                    return Ok(None);
                }
                _ => inside.push(byte),
            }
            first = false;
            at += 1;
        }
    }

    /// Whether an unquoted `]` stands between here and the end of the word, or where that end is not plain to see.
    fn closes_later(&mut self, at: usize, quoting: Quoting) -> bool {
        // A search that found none need not be made again up to where it ended.
        let known = self.no_close_before.get(&quoting).copied().unwrap_or(0);
        if at < known {
            return false;
        }
        let rest = self.text.get(at..).unwrap_or_default();
        match close_in_word(rest, quoting) {
            Search::Closes | Search::Unclear => true,
            Search::EndsAt(ahead) => {
                self.no_close_before.insert(quoting, at + ahead);
                false
            }
        }
    }

    /// Turns unquoted tildes into parts of their own where they expand.
    fn tildes(&self, parts: Vec<WordPart>, role: Role) -> Vec<WordPart> {
        let assignment_like =
            role == Role::Argument && self.is_bash() && starts_like_assignment(&parts);
        if role != Role::Value && !assignment_like {
            return tilde_at_start(parts);
        }
        let mut out = Vec::with_capacity(parts.len());
        let count = parts.len();
        let mut after_equals = role == Role::Value;
        for (index, part) in parts.into_iter().enumerate() {
            let last = index + 1 == count;
            match part.kind {
                WordPartKind::Literal(bytes) => {
                    split_tildes(
                        &bytes,
                        part.span,
                        &mut after_equals,
                        index == 0,
                        last,
                        &mut out,
                    );
                }
                WordPartKind::Escaped(_)
                | WordPartKind::SingleQuoted(_)
                | WordPartKind::DoubleQuoted(_)
                | WordPartKind::AnsiC(_)
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
                | WordPartKind::ArrayLiteral(_) => {
                    after_equals = false;
                    out.push(part);
                }
            }
        }
        out
    }
}

/// What a search for `]` has come to.
enum Search {
    Closes,
    EndsAt(usize),
    /// Something that has words of its own stands in between.
    Unclear,
}

fn close_in_word(text: &[u8], quoting: Quoting) -> Search {
    let mut at = 0;
    let mut in_double = false;
    while let Some(byte) = text.get(at) {
        match byte {
            b'\\' => at += 1,
            b'"' => in_double = !in_double,
            b'`' => return Search::Unclear,
            b'$' if matches!(text.get(at + 1), Some(b'(' | b'{' | b'\'' | b'\\')) => {
                return Search::Unclear;
            }
            b'\'' if !in_double => {
                let rest = text.get(at + 1..).unwrap_or_default();
                match rest.iter().position(|byte| *byte == b'\'') {
                    Some(length) => at += length + 1,
                    None => return Search::EndsAt(text.len()),
                }
            }
            _ if in_double => {}
            b']' => return Search::Closes,
            _ if quoting.ends(*byte) || ends_word(*byte) => return Search::EndsAt(at),
            _ => {}
        }
        at += 1;
    }
    Search::EndsAt(text.len())
}

/// `NAME=` or `NAME+=` at the start, all in the first literal: bash then expands tildes as in an assignment.
fn starts_like_assignment(parts: &[WordPart]) -> bool {
    match parts.first().map(|part| &part.kind) {
        Some(WordPartKind::Literal(bytes)) => crate::is_assignment_word(bytes),
        Some(_) | None => false,
    }
}

fn tilde_at_start(mut parts: Vec<WordPart>) -> Vec<WordPart> {
    let alone = parts.len() == 1;
    let Some(first) = parts.first_mut() else {
        return parts;
    };
    let WordPartKind::Literal(bytes) = &first.kind else {
        return parts;
    };
    let [b'~', rest @ ..] = bytes.as_slice() else {
        return parts;
    };
    let end = rest.iter().position(|byte| *byte == b'/');
    let (user, after) = match end {
        Some(end) => (
            rest.get(..end).unwrap_or_default(),
            rest.get(end..).unwrap_or_default(),
        ),
        None if alone => (rest, &[][..]),
        // The name goes on in something quoted or expanded: no tilde expansion.
        None => return parts,
    };
    let split = first.span.start + 1 + user.len();
    let tilde = WordPart {
        kind: WordPartKind::Tilde(user.to_vec()),
        span: Span {
            start: first.span.start,
            end: split.min(first.span.end),
        },
    };
    if after.is_empty() {
        *first = tilde;
    } else {
        let after = WordPart {
            kind: WordPartKind::Literal(after.to_vec()),
            span: Span {
                start: split.min(first.span.end),
                end: first.span.end,
            },
        };
        *first = after;
        parts.insert(0, tilde);
    }
    parts
}

/// Splits one literal of a value at the tildes behind its beginning, `=` and `:`.
fn split_tildes(
    bytes: &[u8],
    span: Span,
    expands: &mut bool,
    first_part: bool,
    last_part: bool,
    out: &mut Vec<WordPart>,
) {
    let mut literal = Vec::new();
    let mut literal_start = span.start;
    let mut seen_equals = !first_part || *expands;
    let mut at = 0;
    while let Some(byte) = bytes.get(at).copied() {
        if byte == b'~' && *expands {
            let rest = bytes.get(at + 1..).unwrap_or_default();
            let end = rest.iter().position(|byte| matches!(byte, b'/' | b':'));
            let length = match end {
                Some(end) => Some(end),
                None if last_part => Some(rest.len()),
                None => None,
            };
            if let Some(length) = length {
                let start = (span.start + at).min(span.end);
                if !literal.is_empty() {
                    let kind = WordPartKind::Literal(std::mem::take(&mut literal));
                    out.push(WordPart {
                        kind,
                        span: Span {
                            start: literal_start,
                            end: start,
                        },
                    });
                }
                let end = (start + 1 + length).min(span.end);
                let user = rest.get(..length).unwrap_or_default().to_vec();
                out.push(WordPart {
                    kind: WordPartKind::Tilde(user),
                    span: Span { start, end },
                });
                literal_start = end;
                at += 1 + length;
                *expands = false;
                continue;
            }
        }
        *expands = byte == b':' && seen_equals || (byte == b'=' && !seen_equals);
        seen_equals |= byte == b'=';
        literal.push(byte);
        at += 1;
    }
    if !literal.is_empty() {
        out.push(WordPart {
            kind: WordPartKind::Literal(literal),
            span: Span {
                start: literal_start,
                end: span.end,
            },
        });
    }
}
