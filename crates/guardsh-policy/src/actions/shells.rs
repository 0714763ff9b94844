//! Shells started by a line: the text of `-c` is read as that shell reads it; what else they would run
//! cannot be seen.

use super::alias::Aliases;
use super::call::Call;
use super::redirect::Input;
use super::state::{Base, Exported, State, Value, Var};
use super::wrappers::is_information;
use super::{Shell, Walker, shown};
use crate::action::{ActionWord, Count, Program, Run, Standing};
use crate::world::{Known, Variable};
use guardsh_syntax::{Dialect, Options};
use std::rc::Rc;

/// What a shell's own words say.
enum Asked {
    /// `-c TEXT`: where the text stands.
    Text(usize),
    /// A script file.
    Script(usize),
    /// Commands from standard input.
    Input,
    /// Not to be told.
    Unclear,
}

impl Walker<'_> {
    /// A call of a shell.
    pub(super) fn shell_call(&mut self, base: &[u8], real: &[u8], call: &Call, program: Program) {
        let dialect = dialect_of(base, real);
        let mut starts_files = false;
        let mut traces = false;
        let asked = self.shell_words(&call.argv, dialect, &mut starts_files, &mut traces);
        let text = match &asked {
            Asked::Text(at) => call
                .argv
                .get(*at)
                .and_then(ActionWord::value)
                .map(<[u8]>::to_vec),
            Asked::Script(_) | Asked::Input | Asked::Unclear => None,
        };
        let name = shown(base);
        self.run(
            Run {
                argv: call.argv.clone(),
                program,
                standing: if text.is_some() && dialect.is_some() {
                    Standing::Transparent
                } else {
                    Standing::Judged
                },
                reads_below: Vec::new(),
            },
            call.span,
        );
        if is_information(&call.argv) {
            return;
        }
        if self.startup_variable(dialect) {
            self.opaque(
                call.span,
                format!("`{name}` runs the file that an environment variable names"),
            );
        }
        match asked {
            Asked::Text(at) => {
                let (Some(text), Some(dialect)) = (text, dialect) else {
                    self.opaque(call.span, format!("text for `{name}` that is not known"));
                    return;
                };
                if traces {
                    self.opaque(
                        call.span,
                        format!("`{name}` with tracing, which expands PS4"),
                    );
                }
                // The first is `$0`. If that may be none, each of the others may be it.
                let positional = match call.argv.get(at + 1).map(|word| word.count) {
                    Some(Count::Any) => None,
                    Some(Count::One) | None => Some(
                        call.argv
                            .iter()
                            .skip(at + 2)
                            .cloned()
                            .collect::<Vec<ActionWord>>(),
                    ),
                };
                let (elsewhere, foreign) = (call.elsewhere, call.foreign);
                self.deeper(|walker| {
                    walker.isolated(|walker| {
                        walker.new_shell(positional);
                        walker.state.files_changed |= elsewhere;
                        if starts_files || foreign {
                            // Its start-up files may define anything.
                            walker.state.lose_all();
                        }
                        walker.via(name, |walker| {
                            walker.in_other_shell(Some(dialect), |walker| {
                                walker.text_again(&text, call.span);
                            });
                        });
                    });
                });
            }
            Asked::Script(at) => {
                let script = call.argv.get(at).and_then(ActionWord::value).map_or_else(
                    || "a script that is not known".to_owned(),
                    |script| format!("the script `{}`", shown(script)),
                );
                self.opaque(call.span, format!("`{name}` runs {script}"));
            }
            Asked::Input => match (&call.input, dialect) {
                (Input::Text(text), Some(dialect))
                    if is_one_line(text)
                        && !starts_files
                        && !traces
                        && !call.elsewhere
                        && !call.foreign =>
                {
                    let text = text.clone();
                    self.deeper(|walker| {
                        walker.isolated(|walker| {
                            walker.new_shell(None);
                            walker.via(name, |walker| {
                                walker.in_other_shell(Some(dialect), |walker| {
                                    walker.text_again(&text, call.span);
                                });
                            });
                        });
                    });
                }
                (Input::Text(_) | Input::Same | Input::Other, _) => {
                    self.opaque(call.span, format!("code from standard input of `{name}`"));
                }
            },
            Asked::Unclear => {
                self.opaque(call.span, format!("`{name}` with words that are not known"));
            }
        }
    }

    /// Reads a shell's own words.
    fn shell_words(
        &self,
        argv: &[ActionWord],
        dialect: Option<Dialect>,
        starts_files: &mut bool,
        traces: &mut bool,
    ) -> Asked {
        let Some(dialect) = dialect else {
            return Asked::Unclear;
        };
        let bash = dialect == Dialect::Bash;
        let mut at = 1;
        let mut text = false;
        let mut input = false;
        while let Some(word) = argv.get(at) {
            let Some(value) = word.value().filter(|_| word.count == Count::One) else {
                return Asked::Unclear;
            };
            if value == b"--" || value == b"-" {
                at += 1;
                break;
            }
            if let Some(long) = value.strip_prefix(b"--").filter(|_| bash) {
                match long {
                    b"norc" | b"noprofile" | b"posix" | b"noediting" => {}
                    b"login" => *starts_files = true,
                    _ => return Asked::Unclear,
                }
                at += 1;
                continue;
            }
            let flags = match value {
                [b'-' | b'+', flags @ ..] if !flags.is_empty() => flags,
                _ => break,
            };
            at += 1;
            for flag in flags {
                match flag {
                    b'c' if value.starts_with(b"-") => text = true,
                    b's' => input = true,
                    b'e' | b'u' | b'f' | b'C' | b'm' | b'b' | b'h' | b'n' => {}
                    b'a' => {}
                    b'x' | b'v' => *traces |= *flag == b'x',
                    b'l' => *starts_files = true,
                    b'i' => *starts_files = true,
                    b'o' => {
                        match argv.get(at).and_then(ActionWord::value) {
                            Some(
                                b"errexit" | b"nounset" | b"pipefail" | b"noclobber" | b"noglob"
                                | b"monitor",
                            ) => {}
                            Some(b"xtrace") => *traces = true,
                            Some(_) | None => return Asked::Unclear,
                        }
                        at += 1;
                    }
                    _ => return Asked::Unclear,
                }
            }
        }
        if text {
            return match argv.get(at) {
                Some(word) if word.count == Count::One => Asked::Text(at),
                Some(_) => Asked::Unclear,
                None => Asked::Unclear,
            };
        }
        if input || at >= argv.len() {
            return Asked::Input;
        }
        match argv.get(at).and_then(ActionWord::value) {
            Some(script)
                if script == b"/dev/stdin"
                    || script == b"/proc/self/fd/0"
                    || script == b"/dev/fd/0" =>
            {
                Asked::Input
            }
            Some(_) | None => Asked::Script(at),
        }
    }

    /// Whether the environment makes that shell run a file first.
    fn startup_variable(&mut self, dialect: Option<Dialect>) -> bool {
        let names: &[&[u8]] = match dialect {
            Some(Dialect::Bash) => &[b"BASH_ENV", b"SHELLOPTS", b"BASHOPTS"],
            Some(Dialect::Posix) => &[b"ENV"],
            None => &[b"ENV", b"BASH_ENV", b"ZDOTDIR"],
        };
        names.iter().any(|name| match self.state.var(name) {
            Some(var) => var.exported.may() && var.value != Value::Unset,
            None => match self.world.variable(name) {
                Known::Yes(Variable::Unset) => false,
                Known::Yes(Variable::Scalar {
                    value, exported, ..
                }) => exported && !value.is_empty(),
                Known::Yes(Variable::Special { exported }) => exported,
                Known::Unknown => self.state.base == Base::World,
            },
        })
    }

    /// The state of a shell that starts: what is exported, and nothing else.
    fn new_shell(&mut self, positional: Option<Vec<ActionWord>>) {
        let base = match self.state.base {
            Base::World | Base::Environment => Base::Environment,
            Base::Inherited | Base::Forgotten | Base::Lost => Base::Inherited,
        };
        let mut state = State::new(base, self.state.folder.clone());
        for (name, var) in self.state.vars() {
            if super::is_volatile(name) {
                continue;
            }
            let value = match (var.exported, &var.value) {
                (Exported::Yes, Value::Values(_) | Value::Number | Value::Unset) => {
                    var.value.clone()
                }
                (Exported::No, _) | (Exported::Perhaps, Value::Unset) => Value::Unset,
                (Exported::Yes | Exported::Perhaps, _) => Value::Unknown,
            };
            let inherited = Var {
                value,
                exported: var.exported,
                plain: true,
            };
            if super::is_remade(name)
                || matches!(
                    name.as_slice(),
                    b"IFS" | b"OPTIND" | b"PS1" | b"PS2" | b"PS4"
                )
            {
                continue;
            }
            state.set_var(name, inherited);
        }
        state.files_changed = self.state.files_changed;
        state.descriptors = self.state.descriptors;
        state.outputs = self.state.outputs;
        state.positional = positional.map(Rc::new);
        self.state = state;
    }

    /// Walks a text that another shell runs.
    pub(super) fn in_other_shell(
        &mut self,
        dialect: Option<Dialect>,
        inner: impl FnOnce(&mut Self),
    ) {
        let shell = self.shell;
        let calls = std::mem::take(&mut self.calls);
        let locals = std::mem::take(&mut self.locals);
        self.shell = Shell {
            dialect: dialect.unwrap_or(Dialect::Posix),
            options: Options {
                extglob: false,
                here_doc_at_end: true,
                backslash_at_end: true,
                comments: true,
            },
            live: false,
            aliases: Aliases::Off,
        };
        inner(self);
        self.shell = shell;
        self.calls = calls;
        self.locals = locals;
    }
}

/// How that shell reads text, where it is one that is known.
fn dialect_of(base: &[u8], real: &[u8]) -> Option<Dialect> {
    let by = |name: &[u8]| match name {
        b"bash" | b"rbash" => Some(Dialect::Bash),
        b"dash" | b"sh" => Some(Dialect::Posix),
        _ => None,
    };
    if real.is_empty() {
        return by(base);
    }
    by(real)
}

/// Whether the shell has read all of it before the first command runs, so that no command can take or
/// move what the shell reads next.
fn is_one_line(text: &[u8]) -> bool {
    let line = text.strip_suffix(b"\n").unwrap_or(text);
    !line.contains(&b'\n') && line.len() < 4096
}
