//! Tilde and parameter expansion.

use super::expand::{is_name, is_settled, single_index, value_from};
use super::fields::{Build, MAX_FIELDS, Mode, Way};
use super::state::Value;
use super::{Walker, shown};
use crate::action::{ActionWord, Count, WordState};
use crate::world::Known;
use guardsh_syntax::{Colon, Param, ParamOp, Span, Word, WordPartKind};
use std::path::PathBuf;

impl Walker<'_> {
    pub(super) fn tilde(&mut self, user: &[u8], build: &mut Build) {
        let value = match user {
            b"" => match self.var(b"HOME").value {
                Value::Values(values) => Some(values),
                Value::Unset if self.state.var(b"HOME").is_none() => {
                    Some(vec![path_bytes(self.world.home())])
                }
                Value::Unset | Value::List(_) | Value::Number | Value::Unknown => None,
            },
            b"+" | b"-" => None,
            name => self.world.home_of(name).map(|home| vec![path_bytes(home)]),
        };
        match value {
            Some(values) => {
                let mode = std::mem::replace(&mut build.mode, Mode::Quoted);
                build.values(&values, true);
                build.mode = mode;
            }
            None => build.each(|way| way.unknown(false)),
        }
    }

    /// `$x` and everything that braces can do with it.
    pub(super) fn param(&mut self, param: &Param, span: Span, build: &mut Build) {
        if let Some(subscript) = &param.subscript {
            self.subscript(subscript);
            self.operands(param, span);
            match (
                &param.op,
                self.var(&param.name).value,
                single_index(subscript),
            ) {
                (ParamOp::Value, Value::List(list), Some(index)) => match list.get(index) {
                    Some(value) => {
                        let value = vec![value.clone()];
                        let plain = self.ifs_is_plain();
                        build.values(&value, plain);
                    }
                    None => build.unknown(),
                },
                (ParamOp::Length, _, _) if self.ifs_is_plain() => {
                    build.each(|way| way.unknown(false));
                }
                _ => build.unknown(),
            }
            return;
        }
        let name = param.name.as_slice();
        if matches!(name, b"@" | b"*") {
            self.operands(param, span);
            self.all_positional(param, build);
            return;
        }
        let value = self.value_of(name);
        if self.bash() && !is_settled(&value) && !self.surely_off("nounset") {
            self.may_fault();
        }
        match &param.op {
            ParamOp::Value => self.put(&value, build),
            ParamOp::Length => {
                let length = match &value {
                    Value::Values(values) if values.iter().all(|value| value.is_ascii()) => {
                        Value::Values(
                            values
                                .iter()
                                .map(|value| value.len().to_string().into_bytes())
                                .collect(),
                        )
                    }
                    Value::Unset => Value::one(*b"0"),
                    Value::Values(_) | Value::List(_) | Value::Number | Value::Unknown => {
                        Value::Number
                    }
                };
                self.put(&length, build);
            }
            ParamOp::Default(colon, word) => {
                self.either(&value, *colon, word, Which::Default, name, span, build);
            }
            ParamOp::Assign(colon, word) => {
                self.either(&value, *colon, word, Which::Assign, name, span, build);
            }
            ParamOp::Alternative(colon, word) => {
                self.either(&value, *colon, word, Which::Alternative, name, span, build);
            }
            ParamOp::Error(_, _) => {
                self.operands(param, span);
                // Where it is unset nothing after this runs; the value is what counts.
                self.put(&value, build);
            }
            ParamOp::Strip(op, pattern) => {
                let pattern = self.single(pattern);
                match strip(&value, op, &pattern) {
                    Some(stripped) => self.put(&stripped, build),
                    None => build.unknown(),
                }
            }
            ParamOp::Indirect(_)
            | ParamOp::Names
            | ParamOp::Replace(..)
            | ParamOp::Slice(..)
            | ParamOp::Case(..)
            | ParamOp::Transform(_) => {
                self.operands(param, span);
                build.unknown();
            }
        }
    }

    /// Puts a value in as an expansion.
    fn put(&mut self, value: &Value, build: &mut Build) {
        let plain = self.ifs_is_plain();
        match value {
            Value::Unset => {
                let empty = vec![Vec::new()];
                build.values(&empty, true);
            }
            Value::Values(values) => build.values(values, plain),
            Value::List(list) => match list.first() {
                Some(first) => {
                    let first = vec![first.clone()];
                    build.values(&first, plain);
                }
                None => build.values(&[Vec::new()], true),
            },
            Value::Number if plain => build.each(|way| way.unknown(false)),
            Value::Number | Value::Unknown => build.unknown(),
        }
    }

    /// `${x:-w}` and its kin: which of the two, or either.
    #[expect(clippy::too_many_arguments, reason = "the parts of one expansion")]
    fn either(
        &mut self,
        value: &Value,
        colon: Colon,
        word: &Word,
        which: Which,
        name: &[u8],
        span: Span,
        build: &mut Build,
    ) {
        // Whether the value counts as set.
        let set = match (value, colon) {
            (Value::Unset, Colon::With | Colon::Without) => Some(false),
            (Value::Values(_) | Value::Number, Colon::Without) | (Value::Number, Colon::With) => {
                Some(true)
            }
            (Value::Values(values), Colon::With) => {
                if values.iter().all(|value| !value.is_empty()) {
                    Some(true)
                } else if values.iter().all(Vec::is_empty) {
                    Some(false)
                } else {
                    None
                }
            }
            (Value::List(_) | Value::Unknown, Colon::With | Colon::Without) => None,
        };
        let operand = match (which, set) {
            (Which::Default | Which::Assign, Some(true)) | (Which::Alternative, Some(false)) => {
                false
            }
            (Which::Default | Which::Assign, Some(false) | None)
            | (Which::Alternative, Some(true) | None) => true,
        };
        if !operand {
            match which {
                Which::Default | Which::Assign => self.put(value, build),
                Which::Alternative => self.put(&Value::Unset, build),
            }
            return;
        }
        if set.is_none() {
            // Either: what runs in the operand is judged, what comes out is not known.
            let before = self.state.clone();
            let expanded = self.single(word);
            if which == Which::Assign {
                let value = value_from(&expanded);
                self.assigned(name, value, span);
            }
            let after = self.state.clone();
            if let Some(state) = self.join(Some(before), Some(after)) {
                self.state = state;
            }
            build.unknown();
            return;
        }
        match which {
            Which::Assign => {
                if !is_name(name) {
                    self.may_fault();
                }
                let expanded = self.single(word);
                let value = value_from(&expanded);
                self.assigned(name, value.clone(), span);
                self.put(&value, build);
            }
            Which::Default | Which::Alternative => {
                self.operand(word, build);
            }
        }
    }

    /// An operand word in the place of the expansion.
    fn operand(&mut self, word: &Word, build: &mut Build) {
        match build.mode {
            Mode::Quoted | Mode::Single => self.parts(&word.parts, build),
            Mode::Fields => {
                // Unquoted text of the operand is split as well, and `"$@"` may stand in it.
                let mut inner = Build::new(Mode::Fields);
                self.parts(&word.parts, &mut inner);
                let simple = word.parts.iter().all(|part| {
                    matches!(
                        part.kind,
                        WordPartKind::SingleQuoted(_)
                            | WordPartKind::DoubleQuoted(_)
                            | WordPartKind::Escaped(_)
                            | WordPartKind::AnsiC(_)
                            | WordPartKind::Param(_)
                            | WordPartKind::Command(_)
                            | WordPartKind::Backquoted(_)
                            | WordPartKind::Arith(_)
                    ) || matches!(&part.kind, WordPartKind::Literal(bytes)
                        if !bytes.iter().any(|byte| b" \t\n*?[]()~\\".contains(byte)))
                });
                let plain = self.ifs_is_plain();
                match inner.ways.as_slice() {
                    [way] if simple && plain && self.bash_or_unsplit(way) => {
                        let way = way.clone();
                        build.each(|target| {
                            let mut fields = way.done.iter().chain(&way.open).peekable();
                            while let Some(field) = fields.next() {
                                let joined = target.field();
                                joined.bits.extend(field.bits.iter().cloned());
                                joined.any |= field.any;
                                joined.expanded = true;
                                if fields.peek().is_some() {
                                    target.close();
                                }
                            }
                        });
                    }
                    _ => {
                        if let Some(words) = self.split_literal(word) {
                            let plain = self.ifs_is_plain();
                            build.values(&[words], plain);
                        } else {
                            build.unknown();
                        }
                    }
                }
            }
        }
    }

    fn bash_or_unsplit(&self, way: &Way) -> bool {
        way.done.is_empty()
    }

    /// An unquoted operand of plain text only: it is split like a value.
    fn split_literal(&self, word: &Word) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        for part in &word.parts {
            if let WordPartKind::Literal(bytes) = &part.kind {
                text.extend_from_slice(bytes);
            } else {
                return None;
            }
        }
        (!text.iter().any(|byte| b"*?[]()~\\".contains(byte))).then_some(text)
    }

    /// `$@`, `$*` and what braces do with them.
    fn all_positional(&mut self, param: &Param, build: &mut Build) {
        if param.op != ParamOp::Value {
            if param.op == ParamOp::Length && self.ifs_is_plain() {
                build.each(|way| way.unknown(false));
            } else {
                build.unknown();
            }
            return;
        }
        let plain = self.ifs_is_plain();
        let Some(words) = self.state.positional.clone() else {
            build.unknown();
            return;
        };
        // In one word the blank beside operands is only there if they are.
        let joined = match build.mode {
            Mode::Fields => false,
            Mode::Single | Mode::Quoted => words.iter().any(|word| word.count == Count::Any),
        };
        if !plain || joined || words.len() > MAX_FIELDS {
            build.unknown();
            return;
        }
        let mut first = true;
        for word in words.iter() {
            if !first {
                match build.mode {
                    Mode::Fields => build.each(Way::close),
                    Mode::Single | Mode::Quoted => build.text(b" ", true),
                }
            }
            first = false;
            match (word.values(), word.count) {
                (Some(values), Count::One) => build.values(values, true),
                (Some(_) | None, Count::One | Count::Any) => build.unknown(),
            }
        }
    }

    /// What a name that is not `@` or `*` holds.
    pub(super) fn value_of(&mut self, name: &[u8]) -> Value {
        match name {
            b"?" | b"#" | b"$" => Value::Number,
            b"!" | b"-" | b"0" => Value::Unknown,
            digits if digits.iter().all(u8::is_ascii_digit) => self.positional(digits),
            name => self.var(name).value,
        }
    }

    fn positional(&self, digits: &[u8]) -> Value {
        let Some(words) = &self.state.positional else {
            return Value::Unknown;
        };
        let Some(index) = std::str::from_utf8(digits)
            .ok()
            .and_then(|digits| digits.parse::<usize>().ok())
            .and_then(|number| number.checked_sub(1))
        else {
            return Value::Unknown;
        };
        let before = words.get(..index.min(words.len())).unwrap_or_default();
        if before.iter().any(|word| word.count == Count::Any) {
            return Value::Unknown;
        }
        match words.get(index) {
            None => Value::Unset,
            Some(word) if word.count == Count::Any => Value::Unknown,
            Some(word) => value_from(word),
        }
    }

    /// A subscript outside of an assignment: the shell evaluates it as arithmetic or takes it as a key.
    pub(super) fn subscript(&mut self, subscript: &Word) {
        let word = self.single(subscript);
        if !self.is_harmless_subscript(&word) {
            self.opaque(subscript.span, "a subscript that is evaluated again");
        }
    }

    fn is_harmless_subscript(&mut self, word: &ActionWord) -> bool {
        let Some(values) = word.values() else {
            return false;
        };
        let values = values.to_vec();
        values.iter().all(|value| {
            matches!(value.as_slice(), b"@" | b"*") || self.is_harmless_expression(value)
        })
    }

    /// What runs in the operands of an expansion whose value is not followed.
    fn operands(&mut self, param: &Param, span: Span) {
        match &param.op {
            ParamOp::Value | ParamOp::Length | ParamOp::Names => {}
            ParamOp::Default(..)
            | ParamOp::Alternative(..)
            | ParamOp::Strip(..)
            | ParamOp::Replace(..)
            | ParamOp::Case(..) => {}
            ParamOp::Indirect(_)
            | ParamOp::Assign(..)
            | ParamOp::Error(..)
            | ParamOp::Slice(..)
            | ParamOp::Transform(_) => self.may_fault(),
        }
        match &param.op {
            ParamOp::Value | ParamOp::Length | ParamOp::Names => {}
            ParamOp::Indirect(inner) => {
                let inner = Param {
                    name: param.name.clone(),
                    subscript: None,
                    op: (**inner).clone(),
                    braced: true,
                };
                let value = self.value_of(&param.name);
                let harmless = param.subscript.is_none()
                    && match &value {
                        Value::Values(values) => values.iter().all(|value| is_name(value)),
                        Value::Unset | Value::Number => true,
                        Value::List(_) | Value::Unknown => false,
                    };
                if !harmless {
                    self.opaque(
                        span,
                        format!("`${{!{}}}` evaluates a name again", shown(&param.name)),
                    );
                }
                self.deeper(|walker| walker.operands(&inner, span));
            }
            ParamOp::Default(_, word)
            | ParamOp::Error(_, word)
            | ParamOp::Alternative(_, word)
            | ParamOp::Strip(_, word)
            | ParamOp::Case(_, word) => self.maybe_expanded(word),
            ParamOp::Assign(_, word) => {
                self.maybe_expanded(word);
                // The target may be computed (`${!x:=v}`) or an element.
                if param.subscript.is_some() || matches!(param.name.as_slice(), b"@" | b"*") {
                    self.opaque(span, "an expansion that assigns to an element");
                    self.forget_all();
                } else {
                    self.opaque(span, "an expansion that assigns to a computed name");
                    self.forget_all();
                }
            }
            ParamOp::Replace(_, pattern, replacement) => {
                self.maybe_expanded(pattern);
                if let Some(replacement) = replacement {
                    self.maybe_expanded(replacement);
                }
            }
            ParamOp::Slice(offset, length) => {
                self.arith(offset);
                if let Some(length) = length {
                    self.arith(length);
                }
            }
            ParamOp::Transform(letter) => {
                if *letter == b'P' {
                    self.opaque(
                        span,
                        "`@P` expands a value as a prompt, which may run commands",
                    );
                    self.forget_all();
                }
            }
        }
    }

    /// A word that is expanded or not.
    fn maybe_expanded(&mut self, word: &Word) {
        let before = self.state.clone();
        self.deeper(|walker| {
            walker.single(word);
        });
        let after = self.state.clone();
        if let Some(state) = self.join(Some(before), Some(after)) {
            self.state = state;
        }
    }

    /// The value of a variable from outside this module.
    pub(super) fn known_var(&mut self, name: &[u8]) -> Option<Vec<u8>> {
        match self.var(name).value {
            Value::Values(values) => match values.as_slice() {
                [only] => Some(only.clone()),
                [] | [_, ..] => None,
            },
            Value::Unset | Value::List(_) | Value::Number | Value::Unknown => None,
        }
    }

    /// Whether the name is used already: a function, a program or an alias that something may call.
    pub(super) fn name_is_used(&mut self, name: &[u8]) -> bool {
        let folder = self.state.folder.clone();
        self.state.names_changed
            || self.world.function(name) != Known::Yes(None)
            || self.world.alias(name) != Known::Yes(None)
            || self.world.program(name, &folder) != Known::Yes(None)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Default,
    Assign,
    Alternative,
}

/// `${x#p}`, `${x##p}`, `${x%p}`, `${x%%p}` where everything is known and plain.
fn strip(value: &Value, op: &str, pattern: &ActionWord) -> Option<Value> {
    let Value::Values(values) = value else {
        return matches!(value, Value::Unset).then(|| Value::one(Vec::new()));
    };
    let WordState::Literal(pattern) = &pattern.state else {
        return None;
    };
    // Quotes in the pattern are gone by now, so a star may have been a quoted one: only patterns
    // without anything special are followed.
    if !pattern.is_ascii() || pattern.iter().any(|byte| b"*?[]\\()!+@|".contains(byte)) {
        return None;
    }
    let stripped = values
        .iter()
        .map(|value| {
            match op {
                "#" | "##" => value.strip_prefix(pattern.as_slice()),
                _ => value.strip_suffix(pattern.as_slice()),
            }
            .unwrap_or(value)
            .to_vec()
        })
        .collect();
    Some(Value::Values(stripped))
}

pub(super) fn path_bytes(path: PathBuf) -> Vec<u8> {
    use std::os::unix::ffi::OsStringExt;
    path.into_os_string().into_vec()
}
