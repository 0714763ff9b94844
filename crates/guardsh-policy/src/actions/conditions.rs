//! `test`, `[` and `[[ ]]`: operands that bash evaluates again.

use super::Walker;
use super::state::Value;
use crate::action::{ActionWord, Count};
use guardsh_syntax::{Span, TestExpr, Word, WordPartKind};

impl Walker<'_> {
    pub(super) fn test_builtin(&mut self, name: &[u8], operands: &[ActionWord], span: Span) {
        if !self.bash() {
            return;
        }
        let operands = if name == b"[" {
            operands.split_last().map_or(operands, |(_, before)| before)
        } else {
            operands
        };
        for (index, word) in operands.iter().enumerate() {
            let next = operands.get(index + 1);
            if word.count == Count::Any && word.values().is_none() {
                self.opaque_suggesting(
                    span,
                    "`test` with an unquoted word that is not known (it may be `-v`)",
                    Some("put the word in double quotes"),
                );
                return;
            }
            let may_be_v = match word.values() {
                Some(values) => values
                    .iter()
                    .any(|value| matches!(value.as_slice(), b"-v" | b"-R")),
                None => self.may_be_option(word),
            };
            let subscripted = next.is_some_and(|next| match next.values() {
                Some(values) => values.iter().any(|value| value.contains(&b'[')),
                None => true,
            });
            // A word that is not known is an operator only where it stands alone before its operand.
            if may_be_v && subscripted {
                self.opaque(span, "`test -v` evaluates a subscript again");
                return;
            }
        }
    }

    /// `[[ … ]]`
    pub(super) fn test(&mut self, test: &TestExpr) {
        if !self.step(1) {
            return;
        }
        match test {
            TestExpr::Word(word) => {
                self.single(word);
            }
            TestExpr::Unary(op, word) => {
                let expanded = self.single(word);
                if matches!(op.as_slice(), b"-v" | b"-R") {
                    let harmless = expanded
                        .values()
                        .is_some_and(|values| values.iter().all(|value| !value.contains(&b'[')));
                    if !harmless {
                        self.opaque(word.span, "`-v` evaluates a subscript again");
                    }
                }
            }
            TestExpr::Binary(left, op, right) => {
                let numeric = matches!(
                    op.as_slice(),
                    b"-eq" | b"-ne" | b"-lt" | b"-le" | b"-gt" | b"-ge"
                );
                for word in [left, right] {
                    if numeric {
                        self.number_operand(word);
                    } else {
                        self.single(word);
                    }
                }
            }
            TestExpr::Not(inner) | TestExpr::Paren(inner) => {
                self.deeper(|walker| walker.test(inner));
            }
            TestExpr::And(left, right) | TestExpr::Or(left, right) => {
                self.deeper(|walker| {
                    walker.test(left);
                    let before = walker.state.clone();
                    walker.test(right);
                    let after = walker.state.clone();
                    if let Some(state) = walker.join(Some(before), Some(after)) {
                        walker.state = state;
                    }
                });
            }
        }
    }

    /// An operand that bash evaluates as arithmetic.
    fn number_operand(&mut self, word: &Word) {
        if let [part] = word.parts.as_slice() {
            let value = self.part_value(part);
            if value.is_integer() || value == Value::Unset {
                return;
            }
            if let (Value::Values(values), WordPartKind::Literal(_)) = (&value, &part.kind) {
                let values = values.clone();
                if values
                    .iter()
                    .all(|value| self.is_harmless_expression(value))
                {
                    return;
                }
            }
        } else {
            let expanded = self.single(word);
            let values = expanded.values().map(<[_]>::to_vec);
            if values.is_some_and(|values| {
                values
                    .iter()
                    .all(|value| self.is_harmless_expression(value))
            }) {
                return;
            }
        }
        self.opaque_suggesting(
            word.span,
            "`[[ ]]` compares a value that is not surely a number (bash evaluates it again)",
            Some("use `[ … ]` with quotes"),
        );
        self.forget_all();
    }
}
