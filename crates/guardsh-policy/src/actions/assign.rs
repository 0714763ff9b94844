//! Assignments: what they store, and what setting some names does beside.

use super::state::{Exported, Value, Var, is_plain_integer};
use super::{Change, Walker, dynamic, resolved, shown};
use crate::action::{ActionKind, ActionWord, Count, Folder, Program, SetScope};
use crate::programs::{self, VariableKind};
use crate::world::Known;
use guardsh_syntax::Span;
use std::rc::Rc;

/// Whose an assignment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The shell's.
    Shell,
    /// `x=1 cmd`: the command's.
    Command,
    /// `x=1 y=$x cmd`: one of several.
    OneOfMany,
}

impl Walker<'_> {
    /// Stores a value under a name, with all that follows from it, and says so as an action.
    pub(super) fn assign_value(
        &mut self,
        name: &[u8],
        value: Value,
        word: Option<ActionWord>,
        span: Span,
        scope: Scope,
    ) {
        let old = self.var(name);
        if crate::programs::holds(crate::programs::READ_ONLY, name) {
            self.may_fault();
        }
        let exported = match (old.exported, self.option("allexport")) {
            (Exported::Yes, _) | (_, Known::Yes(true)) => Exported::Yes,
            (exported, Known::Yes(false)) => exported,
            (Exported::No | Exported::Perhaps, Known::Unknown) => Exported::Perhaps,
        };
        self.set(
            ActionWord::literal(name),
            word.clone(),
            match scope {
                Scope::Command | Scope::OneOfMany => SetScope::Command,
                Scope::Shell if exported.may() => SetScope::Exported,
                Scope::Shell => SetScope::Shell,
            },
            span,
        );
        self.special_variable(name, word.as_ref(), span);
        if !old.plain && scope == Scope::Shell {
            // An integer's value is evaluated, a nameref leads elsewhere, a read-only one stays.
            let harmless = match &value {
                Value::Values(values) => values.iter().all(|value| is_plain_integer(value)),
                Value::Number => true,
                Value::Unset | Value::List(_) | Value::Unknown => false,
            };
            // A read-only one ends the line.
            self.may_fault();
            let integer = crate::programs::holds(crate::programs::INTEGERS, name);
            if !harmless || self.state.var(name).is_none() && !integer {
                self.opaque(
                    span,
                    format!("assigns to `{}`, which may have attributes", shown(name)),
                );
                self.journal.push(Change::Everything);
                self.state.lose_vars();
                self.state.files_changed = true;
            }
            self.change_var(
                name,
                Var {
                    value: Value::Unknown,
                    ..old
                },
            );
            return;
        }
        let value = if old.plain { value } else { Value::Unknown };
        let value = match (&old.value, value) {
            // `a=1` on an array sets one element.
            (Value::List(_), _) => Value::Unknown,
            (_, value) => value,
        };
        self.change_var(
            name,
            Var {
                value,
                exported: if scope == Scope::Shell {
                    exported
                } else {
                    Exported::Yes
                },
                plain: old.plain,
            },
        );
    }

    /// Stores an array.
    pub(super) fn assign_list(&mut self, name: &[u8], list: Value, span: Span, scope: Scope) {
        let word = match &list {
            Value::List(values) => resolved(vec![values.join(&b' ')]),
            Value::Unset | Value::Values(_) | Value::Number | Value::Unknown => {
                dynamic(self.source(span), Count::One)
            }
        };
        let old = self.var(name);
        self.assign_value(name, Value::Unknown, Some(word), span, scope);
        if old.plain {
            self.change_var(
                name,
                Var {
                    value: list,
                    exported: old.exported,
                    plain: true,
                },
            );
        }
    }

    /// What assigning to some names does beside.
    pub(super) fn special_variable(&mut self, name: &[u8], word: Option<&ActionWord>, span: Span) {
        match programs::variable_kind(name) {
            VariableKind::Plain => {}
            VariableKind::Lookup => self.change_files(),
            VariableKind::Names => {
                self.opaque(
                    span,
                    format!("`{}` changes how commands are read", shown(name)),
                );
                self.change_names();
                self.change_files();
                self.change_options();
            }
            VariableKind::Prompt => {
                let harmless = word.is_none_or(|word| {
                    word.values()
                        .is_some_and(|values| values.iter().all(|value| prompt_is_plain(value)))
                });
                if !harmless {
                    self.opaque(
                        span,
                        format!("`{}`, a prompt whose text may run commands", shown(name)),
                    );
                }
            }
            VariableKind::Command => match word {
                None => {}
                Some(word) => match word.value().map(<[u8]>::to_vec) {
                    Some(text) => self.later_text(&shown(name), &text, span),
                    None => self.opaque(
                        span,
                        format!("`{}`, commands that cannot be seen", shown(name)),
                    ),
                },
            },
            VariableKind::Forbidden => {
                self.opaque(
                    span,
                    format!("sets `{}`, which is not for lines to set", shown(name)),
                );
            }
        }
    }

    /// Text that the shell will run by itself later: judged, and held to running programs.
    pub(super) fn later_text(&mut self, what: &str, text: &[u8], span: Span) {
        let from = self.out.len();
        self.isolated(|walker| {
            walker.state.lose_vars();
            walker.state.folder = Folder::Unknown;
            walker.state.positional = None;
            walker.via(what, |walker| walker.text_again(text, span));
        });
        let more =
            self.out
                .get(from..)
                .unwrap_or_default()
                .iter()
                .any(|action| match &action.kind {
                    ActionKind::Run(run) => match run.program {
                        Program::File(_) | Program::Missing => false,
                        Program::Builtin => !run
                            .argv
                            .first()
                            .and_then(ActionWord::value)
                            .is_some_and(|name| {
                                matches!(
                                    name,
                                    b"echo" | b"printf" | b":" | b"true" | b"exit" | b"kill"
                                )
                            }),
                        Program::Function => false,
                        Program::Unknown => true,
                    },
                    ActionKind::Write(_)
                    | ActionKind::Read(_)
                    | ActionKind::Set(_)
                    | ActionKind::Input(_)
                    | ActionKind::Opaque(_) => true,
                });
        if more {
            self.opaque(
                span,
                format!("{what}: text that does more than run programs, at any time"),
            );
        }
    }

    /// Reads text and walks it in the state at hand, as `eval` does.
    pub(super) fn text_again(&mut self, text: &[u8], span: Span) {
        if !self.step(text.len() / 4 + 1) {
            return;
        }
        match guardsh_syntax::read(text, self.shell.dialect, self.shell.options) {
            Ok(script) => {
                let outer_text = std::mem::replace(&mut self.text, Rc::from(text));
                let outer = self.outer.replace(self.outer.unwrap_or(span));
                self.deeper(|walker| walker.lines(&script));
                self.outer = outer;
                self.text = outer_text;
            }
            Err(error) => {
                self.opaque(span, format!("text that cannot be read: {error}"));
                self.forget_all();
            }
        }
    }
}

/// Whether a prompt's text can run nothing: no substitution, no escape that may become one, no
/// subscript.
pub(super) fn prompt_is_plain(text: &[u8]) -> bool {
    if text.contains(&b'`') {
        return false;
    }
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'\\' => {
                // `\044` is a dollar sign by the time the prompt expands.
                if after.first().is_some_and(u8::is_ascii_digit) {
                    return false;
                }
                rest = match after.first() {
                    // `\$` is a prompt escape, not a quoted dollar.
                    Some(b'$') => after.get(1..).unwrap_or_default(),
                    _ => after,
                };
                if (rest.starts_with(b"(") || rest.starts_with(b"{") || rest.starts_with(b"["))
                    && after.first() == Some(&b'$')
                {
                    return false;
                }
            }
            b'$' if (after.starts_with(b"(")
                || after.starts_with(b"[")
                || after.starts_with(b"{")) =>
            {
                // `${x:+(…)}` and its kin are common; more than plain names in it is not followed.
                let Some(end) = after.iter().position(|byte| *byte == b'}') else {
                    return false;
                };
                let inside = after.get(1..end).unwrap_or_default();
                if !after.starts_with(b"{")
                    || inside.iter().any(|byte| b"[{@!`\\".contains(byte))
                    || inside.windows(2).any(|pair| pair == b"$(")
                {
                    return false;
                }
                rest = after.get(end + 1..).unwrap_or_default();
            }
            _ => {}
        }
    }
    true
}
