//! Arithmetic: bash evaluates the *values* of names again, and subscripts as shell words, so an expression
//! is harmless only where every value in it is a plain integer.

use super::expand::{is_name, value_from};
use super::state::{MAX_VALUES, Value, is_plain_integer};
use super::{Walker, shown};
use guardsh_syntax::{Arith, ParamOp, WordPart, WordPartKind};

impl Walker<'_> {
    /// Walks an expression; what it comes to as far as that is known.
    pub(super) fn arith(&mut self, arith: &Arith) -> Value {
        let mut text: Option<Vec<u8>> = Some(Vec::new());
        let mut injected = false;
        for part in &arith.parts {
            if !self.step(1) {
                return Value::Unknown;
            }
            if let WordPartKind::Literal(bytes) = &part.kind {
                if let Some(text) = &mut text {
                    text.extend_from_slice(bytes);
                }
                continue;
            }
            let value = self.part_value(part);
            match (&value, &mut text) {
                (Value::Values(values), Some(known)) if values.len() == 1 => {
                    known.extend(values.iter().flatten());
                }
                (Value::Unset, Some(_)) => {}
                _ => text = None,
            }
            // An operator that is written as one (`*`, `?`) is no expansion.
            let harmless = matches!(part.kind, WordPartKind::Star | WordPartKind::Question)
                || matches!(value, Value::Unset)
                || value.is_integer();
            if !harmless {
                injected = true;
            }
        }
        if self.bash() {
            if injected {
                self.opaque(
                    arith.span,
                    "arithmetic on a value that is not surely a number (bash evaluates it again)",
                );
                self.forget_all();
            }
            if arith.subscripts {
                self.opaque(arith.span, "arithmetic on an array element");
                self.forget_all();
            }
            for name in &arith.names {
                if !self.is_harmless_name(name) {
                    self.opaque(
                        arith.span,
                        format!(
                            "arithmetic on `{}`, whose value is not surely a number (bash evaluates it again)",
                            shown(name)
                        ),
                    );
                    break;
                }
            }
        }
        let value = match text {
            Some(text) if arith.assigned.is_empty() && !injected && !arith.subscripts => {
                self.evaluate(&text)
            }
            Some(_) | None => Value::Number,
        };
        for name in &arith.assigned {
            // Some assignments may be skipped (`a && (b=1)`).
            let old = self.value_of(name);
            let new = if old.is_integer() || matches!(old, Value::Unset) {
                Value::Number
            } else {
                Value::Unknown
            };
            self.assigned(name, new, arith.span);
        }
        value
    }

    /// What one part of a word expands to inside an expression.
    pub(super) fn part_value(&mut self, part: &WordPart) -> Value {
        if let WordPartKind::Arith(inner) = &part.kind {
            let mut value = Value::Unknown;
            self.deeper(|walker| value = walker.arith(inner));
            return value;
        }
        if let WordPartKind::Param(param) = &part.kind {
            if param.op == ParamOp::Length {
                if let Some(subscript) = &param.subscript {
                    self.subscript(subscript);
                }
                return Value::Number;
            }
            let plain = param.op == ParamOp::Value && param.subscript.is_none();
            if plain && !matches!(param.name.as_slice(), b"@" | b"*") {
                return self.value_of(&param.name);
            }
        }
        if let WordPartKind::DoubleQuoted(parts) = &part.kind
            && let [only] = parts.as_slice()
        {
            let mut value = Value::Unknown;
            self.deeper(|walker| value = walker.part_value(only));
            return value;
        }
        let word = self.single_parts(std::slice::from_ref(part), b"");
        value_from(&word)
    }

    /// Whether evaluating a name's value can do nothing.
    fn is_harmless_name(&mut self, name: &[u8]) -> bool {
        if super::is_volatile(name) {
            return false;
        }
        match self.value_of(name) {
            Value::Unset | Value::Number => true,
            Value::Values(values) => values
                .iter()
                .all(|value| value.is_empty() || is_plain_integer(value)),
            Value::List(_) | Value::Unknown => false,
        }
    }

    /// Whether this text, evaluated as arithmetic, can run nothing and assign nothing.
    pub(super) fn is_harmless_expression(&mut self, text: &[u8]) -> bool {
        if !self.bash() || is_plain_integer(text) {
            return true;
        }
        if text.iter().any(|byte| b"[$`\\\"'={}~".contains(byte))
            || text.windows(2).any(|pair| matches!(pair, b"++" | b"--"))
            || !text.is_ascii()
            || text.len() > 4096
        {
            return false;
        }
        text.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')
            .filter(|token| is_name(token))
            .all(|name| self.is_harmless_name(name))
    }

    /// The value of an expression of plain numbers and names; just a number where it is more than that.
    fn evaluate(&mut self, text: &[u8]) -> Value {
        if text.len() > 1024 {
            return Value::Number;
        }
        let Some(tokens) = tokens(text) else {
            return Value::Number;
        };
        let mut numbers = Vec::new();
        for token in tokens {
            numbers.push(match token {
                Token::Name(name) => match self.value_of(name) {
                    Value::Unset => Token::Number(0),
                    Value::Values(values) if values.len() < MAX_VALUES => match values.as_slice() {
                        [value] if value.is_empty() => Token::Number(0),
                        [value] => match parse(value) {
                            Some(number) => Token::Number(number),
                            None => return Value::Number,
                        },
                        [] | [_, ..] => return Value::Number,
                    },
                    Value::Values(_) | Value::List(_) | Value::Number | Value::Unknown => {
                        return Value::Number;
                    }
                },
                other @ (Token::Number(_) | Token::Op(_)) => other,
            });
        }
        let mut rest = numbers.as_slice();
        match sum(&mut rest, 0) {
            Some(number) if rest.is_empty() => Value::one(number.to_string().into_bytes()),
            Some(_) | None => Value::Number,
        }
    }
}

#[derive(Clone, Copy)]
enum Token<'t> {
    Number(i64),
    Name(&'t [u8]),
    Op(u8),
}

fn parse(bytes: &[u8]) -> Option<i64> {
    if !is_plain_integer(bytes) {
        return None;
    }
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

fn tokens(text: &[u8]) -> Option<Vec<Token<'_>>> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.first() {
        if matches!(first, b' ' | b'\t' | b'\n') {
            rest = rest.get(1..)?;
        } else if first.is_ascii_alphanumeric() || *first == b'_' {
            let end = rest
                .iter()
                .position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')
                .unwrap_or(rest.len());
            let (token, after) = rest.split_at(end);
            all.push(if first.is_ascii_digit() {
                Token::Number(parse(token)?)
            } else {
                Token::Name(token)
            });
            rest = after;
        } else if b"+-*/%()".contains(first) {
            // `**`, `++`, `+=` are more than this knows.
            let next = rest.get(1);
            if next.is_some_and(|next| next == first && !b"()".contains(next))
                || next == Some(&b'=')
            {
                return None;
            }
            all.push(Token::Op(*first));
            rest = rest.get(1..)?;
        } else {
            return None;
        }
    }
    Some(all)
}

fn sum(rest: &mut &[Token<'_>], depth: usize) -> Option<i64> {
    let mut value = product(rest, depth)?;
    while let Some((Token::Op(op @ (b'+' | b'-')), after)) = rest.split_first() {
        *rest = after;
        let right = product(rest, depth)?;
        value = if *op == b'+' {
            value.checked_add(right)?
        } else {
            value.checked_sub(right)?
        };
    }
    Some(value)
}

fn product(rest: &mut &[Token<'_>], depth: usize) -> Option<i64> {
    let mut value = unary(rest, depth)?;
    while let Some((Token::Op(op @ (b'*' | b'/' | b'%')), after)) = rest.split_first() {
        *rest = after;
        let right = unary(rest, depth)?;
        value = match op {
            b'*' => value.checked_mul(right)?,
            b'/' => value.checked_div(right)?,
            _ => value.checked_rem(right)?,
        };
    }
    Some(value)
}

fn unary(rest: &mut &[Token<'_>], depth: usize) -> Option<i64> {
    if depth > 32 {
        return None;
    }
    let (first, after) = rest.split_first()?;
    *rest = after;
    match first {
        Token::Number(number) => Some(*number),
        Token::Op(b'-') => unary(rest, depth + 1)?.checked_neg(),
        Token::Op(b'+') => unary(rest, depth + 1),
        Token::Op(b'(') => {
            let value = sum(rest, depth + 1)?;
            match rest.split_first()? {
                (Token::Op(b')'), after) => {
                    *rest = after;
                    Some(value)
                }
                _ => None,
            }
        }
        Token::Op(_) | Token::Name(_) => None,
    }
}
