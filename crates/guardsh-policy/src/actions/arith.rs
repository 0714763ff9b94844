//! Arithmetic: bash evaluates the *values* of names again, and subscripts as shell words, so an expression
//! is harmless only where every value in it is a plain integer.

use super::expand::{is_name, value_from};
use super::state::{Value, is_plain_integer};
use super::{Walker, shown};
use guardsh_syntax::{Arith, ParamOp, WordPart, WordPartKind};

/// Stands in an expression's text for a number that is not known. The reader accepts no NUL.
const PLACEHOLDER: u8 = 0;

impl Walker<'_> {
    /// Walks an expression; what it comes to as far as that is known.
    pub(super) fn arith(&mut self, arith: &Arith) -> Value {
        if let Some(value) = self.plain_assignment(arith) {
            return value;
        }
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
                (Value::Number, Some(known)) => known.push(PLACEHOLDER),
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
        let assigned = assigned(arith, text.as_deref());
        let value = match text {
            Some(text) if assigned.is_empty() && !injected && !arith.subscripts => {
                self.evaluate(&text)
            }
            Some(_) | None => None,
        };
        if value.is_none() {
            // A syntax error or a division by zero: bash gives up on the line.
            self.may_fault();
        }
        for name in &assigned {
            // Some assignments may be skipped (`a && (b=1)`), or not be reached.
            let new = if self.value_of(name).is_integer() {
                Value::Number
            } else {
                Value::Unknown
            };
            self.assigned(name, new, arith.span);
        }
        value.unwrap_or(Value::Number)
    }

    /// `i=0`, `i = n + 1`: surely assigns, and the name's old value is not looked at. `None` where it is more.
    fn plain_assignment(&mut self, arith: &Arith) -> Option<Value> {
        let ([name], [only], false) = (
            arith.assigned.as_slice(),
            arith.parts.as_slice(),
            arith.subscripts,
        ) else {
            return None;
        };
        let WordPartKind::Literal(text) = &only.kind else {
            return None;
        };
        let expression = text
            .trim_ascii()
            .strip_prefix(name.as_slice())?
            .trim_ascii_start()
            .strip_prefix(b"=")
            .filter(|rest| !rest.starts_with(b"="))?;
        let reads_only_numbers = arith
            .names
            .iter()
            .filter(|read| {
                *read != name
                    || expression
                        .windows(name.len())
                        .any(|at| at == name.as_slice())
            })
            .all(|read| self.is_harmless_name(read));
        if !reads_only_numbers {
            return None;
        }
        let value = self.evaluate(expression)?;
        self.assigned(name, value.clone(), arith.span);
        Some(value)
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

    /// The value of an expression of plain numbers and names; `None` where it is more than that, or may
    /// fail.
    fn evaluate(&mut self, text: &[u8]) -> Option<Value> {
        if text.len() > 1024 {
            return None;
        }
        let mut numbers = Vec::new();
        for token in tokens(text)? {
            numbers.push(match token {
                Token::Name(name) => match self.value_of(name) {
                    Value::Unset => Token::Number(Some(0)),
                    Value::Number => Token::Number(None),
                    Value::Values(values) => {
                        let known: Option<Vec<i64>> = values
                            .iter()
                            .map(|value| {
                                if value.is_empty() {
                                    Some(0)
                                } else {
                                    parse(value)
                                }
                            })
                            .collect();
                        match known?.as_slice() {
                            [only] => Token::Number(Some(*only)),
                            [] | [_, ..] => Token::Number(None),
                        }
                    }
                    Value::List(_) | Value::Unknown => return None,
                },
                other @ (Token::Number(_) | Token::Op(_)) => other,
            });
        }
        let mut rest = numbers.as_slice();
        let value = sum(&mut rest, 0)?;
        rest.is_empty().then(|| {
            value.map_or(Value::Number, |number| {
                Value::one(number.to_string().into_bytes())
            })
        })
    }
}

/// The names that the expression may assign to once it is expanded: `x+$y+1` is `x++1` where `y` is empty, and
/// `x-$n` is `x--1` where `n` is negative.
fn assigned(arith: &Arith, text: Option<&[u8]>) -> Vec<Vec<u8>> {
    let literal = |part: &WordPart| matches!(part.kind, WordPartKind::Literal(_));
    if arith.names.is_empty() || arith.parts.iter().all(literal) {
        return arith.assigned.clone();
    }
    let Some(text) = text else {
        return arith.names.clone();
    };
    let mut expanded = Vec::with_capacity(text.len());
    for byte in text {
        if *byte == PLACEHOLDER {
            expanded.extend_from_slice(b"-1");
        } else {
            expanded.push(*byte);
        }
    }
    let mut all = arith.assigned.clone();
    for name in guardsh_syntax::assigned_in(&expanded) {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

#[derive(Clone, Copy)]
enum Token<'t> {
    /// `None`: some number.
    Number(Option<i64>),
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
        } else if *first == PLACEHOLDER {
            // A number that is not known, joined to nothing.
            let joined = rest.get(1).is_some_and(|next| {
                next.is_ascii_alphanumeric() || *next == b'_' || *next == PLACEHOLDER
            });
            let joins = all
                .last()
                .is_some_and(|token| !matches!(token, Token::Op(_)));
            if joined || joins {
                return None;
            }
            all.push(Token::Number(None));
            rest = rest.get(1..)?;
        } else if first.is_ascii_alphanumeric() || *first == b'_' {
            let end = rest
                .iter()
                .position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')
                .unwrap_or(rest.len());
            let (token, after) = rest.split_at(end);
            all.push(if first.is_ascii_digit() {
                Token::Number(Some(parse(token)?))
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

/// `None`: not a valid expression, or one that may fail. `Some(None)`: a number that is not known.
fn sum(rest: &mut &[Token<'_>], depth: usize) -> Option<Option<i64>> {
    let mut value = product(rest, depth)?;
    while let Some((Token::Op(op @ (b'+' | b'-')), after)) = rest.split_first() {
        *rest = after;
        let right = product(rest, depth)?;
        value = match (value, right) {
            (Some(left), Some(right)) if *op == b'+' => left.checked_add(right),
            (Some(left), Some(right)) => left.checked_sub(right),
            (Some(_) | None, Some(_) | None) => None,
        };
    }
    Some(value)
}

fn product(rest: &mut &[Token<'_>], depth: usize) -> Option<Option<i64>> {
    let mut value = unary(rest, depth)?;
    while let Some((Token::Op(op @ (b'*' | b'/' | b'%')), after)) = rest.split_first() {
        *rest = after;
        let right = unary(rest, depth)?;
        if *op != b'*' && right.is_none_or(|right| right == 0 || right == -1) {
            return None;
        }
        value = match (value, right, op) {
            (Some(left), Some(right), b'*') => left.checked_mul(right),
            (Some(left), Some(right), b'/') => left.checked_div(right),
            (Some(left), Some(right), _) => left.checked_rem(right),
            (Some(_) | None, Some(_) | None, _) => None,
        };
    }
    Some(value)
}

fn unary(rest: &mut &[Token<'_>], depth: usize) -> Option<Option<i64>> {
    if depth > 32 {
        return None;
    }
    let (first, after) = rest.split_first()?;
    *rest = after;
    match first {
        Token::Number(number) => Some(*number),
        Token::Op(b'-') => Some(unary(rest, depth + 1)?.and_then(i64::checked_neg)),
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
