//! `export`, `declare`, `local`, `readonly` and `unset`.

use super::assign::Scope;
use super::call::Call;
use super::expand::is_name;
use super::state::{Exported, Func, Value, Var};
use super::{Change, Walker, dynamic, shown};
use crate::action::{ActionWord, Count, Piece, SetScope, WordState};
use guardsh_syntax::Span;

impl Walker<'_> {
    pub(super) fn declare(&mut self, name: &[u8], call: &Call, operands: &[ActionWord]) {
        let span = call.span;
        let mut exports = name == b"export";
        let mut attributes = name == b"readonly";
        let mut functions = false;
        let mut prints = false;
        let mut array = false;
        let mut rest = operands;
        while let Some((word, after)) = rest.split_first() {
            let Some(value) = word.value() else {
                break;
            };
            if value == b"--" {
                rest = after;
                break;
            }
            let minus = match value {
                [b'-', _, ..] => true,
                [b'+', _, ..] => false,
                _ => break,
            };
            for flag in value.get(1..).unwrap_or_default() {
                match flag {
                    b'x' => exports |= minus,
                    b't' => {}
                    // The global one, whatever `local` there is: neither is followed any more.
                    b'g' => attributes = true,
                    b'p' => prints = true,
                    b'r' => attributes = true,
                    b'a' => array = true,
                    b'n' if name == b"export" => {}
                    b'i' | b'n' | b'l' | b'u' | b'A' | b'c' => attributes = true,
                    b'f' | b'F' => functions = true,
                    b'I' => attributes = true,
                    _ => {
                        self.opaque(
                            span,
                            format!("`{}` with options that are not known", shown(name)),
                        );
                        self.forget_all();
                        return;
                    }
                }
            }
            rest = after;
        }
        if functions {
            if exports || attributes {
                self.opaque(span, "gives a function to other shells, or attributes");
                self.forget_all();
            }
            return;
        }
        if prints && rest.is_empty() {
            return;
        }
        let local = name == b"local"
            || (!self.calls.is_empty() && name != b"export" && name != b"readonly");
        for operand in rest {
            self.declare_one(operand, call, exports, attributes, array, local, prints);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the options of one declaration")]
    fn declare_one(
        &mut self,
        operand: &ActionWord,
        call: &Call,
        exports: bool,
        attributes: bool,
        array: bool,
        local: bool,
        prints: bool,
    ) {
        let span = call.span;
        // The name is what stands before the first `=`.
        let (name, value, word) = match (&operand.state, operand.count) {
            (WordState::Literal(_) | WordState::Resolved(_), Count::One) => {
                let Some(whole) = operand.value().map(<[u8]>::to_vec) else {
                    self.computed(span);
                    return;
                };
                match whole.iter().position(|byte| *byte == b'=') {
                    Some(at) => {
                        let (name, value) = whole.split_at(at);
                        let value = value.get(1..).unwrap_or_default().to_vec();
                        let compound = value.starts_with(b"(") && self.bash();
                        if compound && !call.declares {
                            // Read again as an array.
                            self.opaque(span, "declares an array from text");
                            self.forget_all();
                            return;
                        }
                        let word = ActionWord {
                            source: operand.source.clone(),
                            state: match operand.state {
                                WordState::Literal(_) => WordState::Literal(value.clone()),
                                WordState::Resolved(_)
                                | WordState::Pattern(_)
                                | WordState::Dynamic(_) => WordState::Resolved(vec![value.clone()]),
                            },
                            count: Count::One,
                        };
                        (name.to_vec(), Some(Value::one(value)), Some(word))
                    }
                    None => (whole, None, None),
                }
            }
            (WordState::Dynamic(pieces), Count::One) => {
                let Some(Piece::Known(known)) = pieces.first() else {
                    self.computed(span);
                    return;
                };
                let Some(at) = known.iter().position(|byte| *byte == b'=') else {
                    self.computed(span);
                    return;
                };
                if !call.declares && self.bash() {
                    // A value that looks like `(…)` would be read again.
                    let after = known.get(at + 1..).unwrap_or_default();
                    if after.is_empty() || after.starts_with(b"(") {
                        self.opaque(span, "declares from text that is not known");
                        self.forget_all();
                    }
                }
                let (name, _) = known.split_at(at);
                (
                    name.to_vec(),
                    Some(Value::Unknown),
                    Some(dynamic(operand.source.clone(), Count::One)),
                )
            }
            (
                WordState::Literal(_)
                | WordState::Resolved(_)
                | WordState::Pattern(_)
                | WordState::Dynamic(_),
                Count::One | Count::Any,
            ) => {
                self.computed(span);
                return;
            }
        };
        let (name, append) = match name.strip_suffix(b"+") {
            Some(stripped) => (stripped.to_vec(), true),
            None => (name, false),
        };
        if prints && value.is_none() {
            return;
        }
        if !is_name(&name) {
            self.opaque(span, "declares a name with a subscript, or a computed one");
            self.forget_all();
            return;
        }
        if local {
            let outer = self.var(&name);
            self.locals.push((name.clone(), outer));
            if value.is_none() {
                // Unset, or with the outer value (`localvar_inherit`).
                let old = self.var(&name);
                self.change_var(
                    &name,
                    Var {
                        value: Value::Unknown,
                        ..old
                    },
                );
            }
        }
        if (attributes || array) && super::is_volatile(&name) && !self.only_reads(call) {
            // The shell itself stores words in it, which an attribute would have it evaluate: `_`, OPTARG.
            self.opaque(
                span,
                format!(
                    "gives attributes to `{}`, which the shell sets by itself",
                    shown(&name)
                ),
            );
            self.forget_all();
        }
        if attributes || array {
            // From here on an assignment to it is no plain one; this one may be evaluated as well.
            let harmless = match &value {
                None => true,
                Some(Value::Values(values)) => {
                    let values = values.clone();
                    values
                        .iter()
                        .all(|value| self.is_harmless_expression(value))
                }
                Some(_) => false,
            };
            if !harmless && !self.only_reads(call) {
                self.opaque(
                    span,
                    format!("gives `{}` attributes and a value", shown(&name)),
                );
                self.forget_all();
            }
        }
        let value = match (value, append) {
            (Some(_), true) => Some(Value::Unknown),
            (value, _) => value,
        };
        if exports {
            let old = self.var(&name);
            self.change_var(
                &name,
                Var {
                    exported: Exported::Yes,
                    ..old
                },
            );
        }
        match value {
            Some(value) => self.assign_value(&name, value, word, span, Scope::Shell),
            None if exports => {
                let known = value_word(&self.var(&name).value, &operand.source);
                self.set(
                    ActionWord::literal(name.clone()),
                    Some(known),
                    SetScope::Exported,
                    span,
                );
            }
            None => {
                if attributes {
                    self.set(
                        ActionWord::literal(name.clone()),
                        None,
                        SetScope::Shell,
                        span,
                    );
                }
            }
        }
        if attributes || array {
            let old = self.var(&name);
            self.change_var(
                &name,
                Var {
                    plain: false,
                    ..old
                },
            );
            if attributes && !self.only_reads(call) {
                // A nameref makes one name another.
                let nameref = call.argv.iter().any(|word| {
                    word.value()
                        .is_some_and(|value| value.starts_with(b"-") && value.contains(&b'n'))
                });
                if nameref {
                    self.opaque(
                        span,
                        format!("`{}` becomes a name for another variable", shown(&name)),
                    );
                    self.forget_all();
                }
            }
        }
    }

    /// Whether a declaration makes names read-only and nothing more.
    fn only_reads(&self, call: &Call) -> bool {
        let name = call.argv.first().and_then(ActionWord::value);
        name == Some(b"readonly")
            && call.argv.iter().skip(1).all(|word| {
                word.value()
                    .is_some_and(|value| !value.starts_with(b"-") || value == b"-r")
                    || matches!(word.state, WordState::Dynamic(_))
            })
            || call
                .argv
                .iter()
                .skip(1)
                .any(|word| word.value() == Some(b"-r"))
                && call.argv.iter().skip(1).all(|word| {
                    word.value().is_none_or(|value| {
                        !value.starts_with(b"-") || matches!(value, b"-r" | b"-x" | b"-g")
                    })
                })
    }

    /// A name that is computed: anything may have been set.
    pub(super) fn computed(&mut self, span: Span) {
        self.set(
            dynamic(self.source(span), Count::One),
            None,
            SetScope::Exported,
            span,
        );
        self.opaque(span, "sets a variable whose name is computed");
        self.forget_all();
    }

    pub(super) fn unset(&mut self, operands: &[ActionWord], span: Span) {
        let mut functions = false;
        let mut variables = false;
        let mut rest = operands;
        while let Some((word, after)) = rest.split_first() {
            match word.value() {
                Some(b"-f") => functions = true,
                Some(b"-v") => variables = true,
                Some(b"--") => {
                    rest = after;
                    break;
                }
                Some(value) if value.starts_with(b"-") => {
                    self.opaque(span, "`unset` with options that are not known");
                    self.forget_all();
                    return;
                }
                Some(_) | None => break,
            }
            rest = after;
        }
        for word in rest {
            let Some(name) = word.value().map(<[u8]>::to_vec) else {
                self.computed(span);
                return;
            };
            if functions {
                self.journal.push(Change::Func(name.clone()));
                self.state.set_func(&name, Func::Unset);
                if name.starts_with(b"__gs_") {
                    self.opaque(span, "unsets a function of the guard");
                }
                continue;
            }
            if !is_name(&name) {
                self.opaque(
                    span,
                    "unsets an element, whose subscript is evaluated again",
                );
                self.forget_all();
                return;
            }
            self.set(
                ActionWord::literal(name.clone()),
                None,
                SetScope::Shell,
                span,
            );
            self.special_variable(&name, None, span);
            let old = self.var(&name);
            let surely = old.plain && self.calls.is_empty();
            if !old.plain {
                // A nameref unsets what it names; a read-only one stays.
                self.opaque(
                    span,
                    format!("unsets `{}`, which may have attributes", shown(&name)),
                );
                self.forget_all();
            }
            self.change_var(
                &name,
                Var {
                    value: if surely { Value::Unset } else { Value::Unknown },
                    exported: if surely {
                        Exported::No
                    } else {
                        Exported::Perhaps
                    },
                    plain: old.plain,
                },
            );
            if !variables
                && self.bash()
                && (self.state.func(&name).is_some() || old.value == Value::Unset)
            {
                // No such variable: a function of that name is unset.
                if self.state.func(&name).is_some() {
                    self.journal.push(Change::Func(name.clone()));
                    self.state.set_func(&name, Func::Unsure);
                }
            }
        }
    }
}

/// A variable's value as a word.
fn value_word(value: &Value, source: &[u8]) -> ActionWord {
    match value {
        Value::Values(values) => ActionWord {
            source: source.to_vec(),
            state: WordState::Resolved(values.clone()),
            count: Count::One,
        },
        Value::Unset | Value::List(_) | Value::Number | Value::Unknown => {
            dynamic(source, Count::One)
        }
    }
}
