//! From a syntax tree and a [`World`] to the actions that are judged.
//!
//! The promise: whatever the real shell would run, write, source or set is among the actions, or one of
//! them is an [`Opaque`] or holds a dynamic word, which can only ask. Constants, folders, functions and
//! lookups are followed through the text in the order in which it runs; where that order or an effect is
//! not certain they are forgotten. All work is bounded: what outgrows [`MAX_ACTIONS`] or [`MAX_STEPS`] ends
//! in one opaque action for the whole text.
//!
//! It leaves to its caller what to do with text that cannot be read, and to the judge what each action
//! is worth.

mod alias;
mod arith;
mod assign;
mod braces;
mod builtins;
mod call;
mod conditions;
mod declare;
mod expand;
mod fields;
mod params;
mod redirect;
mod shells;
mod state;
mod walk;
mod wrappers;

use crate::action::{
    Action, ActionKind, ActionWord, Count, Folder, Opaque, PathUse, Piece, Run, Set, SetScope,
    WordState,
};
use crate::world::{Known, Variable, World};
use alias::Aliases;
use guardsh_syntax::{Dialect, NotRead, Options, Script, Span};
use state::{Base, Change, Exported, State, Value, Var};
use std::rc::Rc;

/// More actions than this in one submission are not told apart.
pub const MAX_ACTIONS: usize = 10_000;
/// More steps than this are not taken for one submission; 1 MB of ordinary text takes about as many as it
/// has words.
pub const MAX_STEPS: usize = 8_000_000;
/// Texts in texts (functions, `eval`, `sh -c`, aliases) and brackets in brackets.
const MAX_DEPTH: usize = 64;

/// The actions of a submission, in the order of the text.
///
/// `text` is what `script` was read from.
pub fn actions(
    script: &Script,
    text: &[u8],
    dialect: Dialect,
    options: Options,
    world: &mut dyn World,
) -> Vec<Action> {
    let mut walker = Walker::new(text, dialect, options, world);
    walker.whole(script);
    walker.out
}

/// Reads a submission and gives its actions.
pub fn analyse(
    text: &[u8],
    dialect: Dialect,
    options: Options,
    world: &mut dyn World,
) -> Result<Vec<Action>, NotRead> {
    let script = guardsh_syntax::read(text, dialect, options)?;
    Ok(actions(&script, text, dialect, options, world))
}

/// Walks a tree in the order in which the shell would run it and collects the actions.
struct Walker<'w> {
    world: &'w mut dyn World,
    out: Vec<Action>,
    state: State,
    /// The shell that runs the text at hand.
    shell: Shell,
    /// The text at hand, which spans of the tree point into.
    text: Rc<[u8]>,
    /// Where in the submission the text at hand stands, when it is not the submission itself.
    outer: Option<Span>,
    via: Vec<String>,
    depth: usize,
    loops: usize,
    steps: usize,
    /// Reached a limit: nothing more is looked at, and an opaque action says so.
    stopped: bool,
    journal: Vec<Change>,
    /// Where bash may have given up on the line at hand because an expansion failed: it goes on with the next
    /// line of the text in that state.
    faults: Option<State>,
    /// Functions and aliases that are being looked into, so that one that calls itself is seen.
    calls: Vec<Vec<u8>>,
    /// Aliases that are being replaced and so are not replaced again.
    aliased: Vec<Vec<u8>>,
    /// Names that the function at hand declared `local`, and what they were.
    locals: Vec<(Vec<u8>, Var)>,
    /// How often expansion has to be left out of account: inside pipelines.
    concurrent: usize,
    /// Something ran that may have made files, so what a glob matches now is not what it will match.
    files_made: bool,
    /// A trap was set whose text was judged with the names of that moment.
    trap_set: bool,
}

/// The shell that runs a text.
#[derive(Clone, Copy, Debug)]
struct Shell {
    dialect: Dialect,
    options: Options,
    /// It is the live one (or the one at the door), whose aliases and functions the world knows.
    live: bool,
    /// Whether aliases are replaced in this text.
    aliases: Aliases,
}

/// What a stretch of text leads to: the state where it succeeded and where it failed; `None` where it
/// does not get there.
struct Outcome {
    ok: Option<State>,
    fail: Option<State>,
}

impl<'w> Walker<'w> {
    fn new(text: &[u8], dialect: Dialect, options: Options, world: &'w mut dyn World) -> Self {
        let folder = world.folder();
        let mut state = State::new(Base::World, folder);
        state.positional = match world.positional() {
            Known::Yes(values) => Some(Rc::new(
                values
                    .into_iter()
                    .map(|value| resolved(vec![value]))
                    .collect(),
            )),
            Known::Unknown => None,
        };
        Self {
            world,
            out: Vec::new(),
            state,
            shell: Shell {
                dialect,
                options,
                live: true,
                aliases: Aliases::Replaced,
            },
            text: Rc::from(text),
            outer: None,
            via: Vec::new(),
            depth: 0,
            loops: 0,
            steps: 0,
            stopped: false,
            journal: Vec::new(),
            faults: None,
            calls: Vec::new(),
            aliased: Vec::new(),
            locals: Vec::new(),
            concurrent: 0,
            files_made: false,
            trap_set: false,
        }
    }

    fn whole(&mut self, script: &Script) {
        self.aliased_reserved_words(script.span);
        self.lines(script);
        if self.trap_set && (self.state.names_changed || self.state.files_changed) {
            self.opaque(
                script.span,
                "a trap, and a change of what command names mean",
            );
        }
    }

    fn bash(&self) -> bool {
        match self.shell.dialect {
            Dialect::Bash => true,
            Dialect::Posix => false,
        }
    }

    /// Counts work; `false` once there was too much of it.
    fn step(&mut self, cost: usize) -> bool {
        self.steps = self.steps.saturating_add(cost);
        if self.steps > MAX_STEPS {
            self.stop("the text is too much work to judge");
        }
        !self.stopped
    }

    fn stop(&mut self, what: &str) {
        if self.stopped {
            return;
        }
        self.stopped = true;
        self.names_lost();
        self.state.lose_all();
        let span = self.outer.unwrap_or(Span {
            start: 0,
            end: self.text.len(),
        });
        self.out.push(Action {
            kind: ActionKind::Opaque(Opaque {
                what: what.to_owned(),
                suggest: Some("submit it in smaller parts".to_owned()),
            }),
            span,
            folder: Folder::Unknown,
            via: Vec::new(),
        });
    }

    /// Goes one level deeper, or says that it is too deep.
    fn deeper(&mut self, inner: impl FnOnce(&mut Self)) {
        if self.depth >= MAX_DEPTH {
            self.stop("nested too deep to judge");
            return;
        }
        self.depth += 1;
        inner(self);
        self.depth -= 1;
    }

    fn emit(&mut self, kind: ActionKind, span: Span) {
        if self.stopped {
            return;
        }
        if self.out.len() >= MAX_ACTIONS {
            self.stop("more actions than can be judged");
            return;
        }
        let span = self.outer.unwrap_or(span);
        self.out.push(Action {
            kind,
            span,
            folder: self.state.folder.clone(),
            via: self.via.clone(),
        });
    }

    fn opaque(&mut self, span: Span, what: impl Into<String>) {
        self.opaque_suggesting(span, what, None);
    }

    fn opaque_suggesting(&mut self, span: Span, what: impl Into<String>, suggest: Option<&str>) {
        self.emit(
            ActionKind::Opaque(Opaque {
                what: what.into(),
                suggest: suggest.map(str::to_owned),
            }),
            span,
        );
    }

    fn run(&mut self, run: Run, span: Span) {
        // Words are what fills memory.
        let bytes: usize = run.argv.iter().map(|word| word.source.len()).sum();
        if !self.step(run.argv.len().saturating_mul(16).saturating_add(bytes / 8)) {
            return;
        }
        self.emit(ActionKind::Run(run), span);
    }

    fn path_use(&mut self, write: bool, path: ActionWord, how: &str, below: bool, span: Span) {
        let used = PathUse {
            path,
            how: how.to_owned(),
            below,
        };
        self.emit(
            if write {
                ActionKind::Write(used)
            } else {
                ActionKind::Read(used)
            },
            span,
        );
    }

    fn set(&mut self, name: ActionWord, value: Option<ActionWord>, scope: SetScope, span: Span) {
        self.emit(ActionKind::Set(Set { name, value, scope }), span);
    }

    /// The bytes that a span of the text at hand names; empty where it names none.
    fn source(&self, span: Span) -> Vec<u8> {
        self.text
            .get(span.start..span.end)
            .unwrap_or_default()
            .to_vec()
    }

    // What is known of the shell.

    /// Runs `inner` as the shell would in a copy of itself: what it changes is forgotten after.
    fn isolated<T>(&mut self, inner: impl FnOnce(&mut Self) -> T) -> T {
        let kept = self.state.clone();
        // A failed expansion ends the copy.
        let faults = self.faults.take();
        let result = inner(self);
        self.faults = faults;
        // What a copy of the shell changes, a loop around it need not take into account, but nobody
        // counts on that: the journal keeps it, which only forgets more.
        self.state = kept;
        result
    }

    fn via<T>(&mut self, what: impl Into<String>, inner: impl FnOnce(&mut Self) -> T) -> T {
        self.via.push(what.into());
        let result = inner(self);
        self.via.pop();
        result
    }

    fn join(&mut self, left: Option<State>, right: Option<State>) -> Option<State> {
        match (left, right) {
            (Some(left), Some(right)) => {
                self.step(1 + left.weight() + right.weight());
                let world = &mut *self.world;
                Some(left.join(&right, &mut |base, name| base_var(world, base, name)))
            }
            (Some(one), None) | (None, Some(one)) => Some(one),
            (None, None) => None,
        }
    }

    /// An expansion at this point may fail, and bash then goes on with the next line.
    fn may_fault(&mut self) {
        if self.bash() {
            let earlier = self.faults.take();
            let here = self.state.clone();
            self.faults = self.join(earlier, Some(here));
        }
    }

    /// The variable at this point.
    fn var(&mut self, name: &[u8]) -> Var {
        if is_volatile(name) {
            return Var {
                value: volatile_value(name),
                exported: Exported::No,
                // Integers: what is assigned to them is evaluated.
                plain: !crate::programs::holds(crate::programs::INTEGERS, name)
                    && self.state.var(name).is_none_or(|var| var.plain),
            };
        }
        match self.state.var(name) {
            Some(var) => var.clone(),
            None => base_var(self.world, self.state.base, name),
        }
    }

    fn change_var(&mut self, name: &[u8], var: Var) {
        self.journal.push(Change::Var(name.to_vec(), var.clone()));
        self.state.set_var(name, var);
    }

    /// Forgets what a variable holds.
    fn forget_var(&mut self, name: &[u8]) {
        let var = Var {
            value: Value::Unknown,
            ..self.var(name)
        };
        self.change_var(name, var);
    }

    /// Forgets everything: what ran cannot be seen.
    fn forget_all(&mut self) {
        self.journal.push(Change::Everything);
        self.names_lost();
        self.state.lose_all();
    }

    /// Tells the world, which may remember what names mean.
    fn names_lost(&mut self) {
        if self.shell.live {
            self.world.may_rename();
        }
    }

    fn change_names(&mut self) {
        self.names_lost();
        self.journal.push(Change::Names);
        self.state.names_changed = true;
    }

    fn change_files(&mut self) {
        self.journal.push(Change::Files);
        self.state.files_changed = true;
    }

    fn change_options(&mut self) {
        self.journal.push(Change::Options);
        self.state.options_changed = true;
    }

    fn change_folder(&mut self, folder: Folder) {
        self.journal.push(Change::Folder);
        self.state.old_folder = std::mem::replace(&mut self.state.folder, folder);
        for name in [&b"PWD"[..], b"OLDPWD"] {
            self.forget_var(name);
        }
    }

    /// Whether an option of the shell is surely off, or surely on.
    fn option(&mut self, name: &str) -> Known<bool> {
        if self.state.options_changed {
            return Known::Unknown;
        }
        if !self.shell.live {
            // A shell started by the text has the defaults; what turns others on (SHELLOPTS, BASHOPTS,
            // options of its call) is looked at where it is started.
            return Known::Yes(matches!(
                name,
                "braceexpand" | "interactive_comments" | "promptvars"
            ));
        }
        self.world.option(name)
    }

    fn surely_off(&mut self, name: &str) -> bool {
        self.option(name) == Known::Yes(false)
    }

    /// Takes everything that was done since `mark` into account, as something that may have happened.
    fn blur(&mut self, mark: usize) {
        let changes: Vec<Change> = self.journal.get(mark..).unwrap_or_default().to_vec();
        self.step(changes.len());
        for change in changes {
            match change {
                Change::Var(name, var) => {
                    let old = match self.state.var(&name) {
                        Some(old) => old.clone(),
                        None => base_var(self.world, self.state.base, &name),
                    };
                    let joined = Var {
                        value: old.value.join(&var.value),
                        exported: old.exported.join(var.exported),
                        plain: old.plain && var.plain,
                    };
                    if joined != old {
                        self.state.set_var(&name, joined);
                    }
                }
                Change::Func(name) => self.state.set_func(&name, state::Func::Unsure),
                Change::Folder => {
                    self.state.folder = Folder::Unknown;
                    self.state.old_folder = Folder::Unknown;
                }
                Change::Positional => self.state.positional = None,
                Change::Files => self.state.files_changed = true,
                Change::Names => self.state.names_changed = true,
                Change::Options => self.state.options_changed = true,
                Change::Everything => self.state.lose_all(),
                Change::Return => {}
            }
        }
    }
}

/// A variable that the text has not touched.
fn base_var(world: &mut dyn World, base: Base, name: &[u8]) -> Var {
    match base {
        Base::Lost => Var::unknown(),
        Base::Inherited => Var {
            plain: true,
            ..base_var(world, Base::Lost, name)
        },
        Base::Forgotten => Var {
            value: Value::Unknown,
            ..base_var(world, Base::World, name)
        },
        Base::World => match world.variable(name) {
            Known::Yes(Variable::Unset) => Var {
                value: Value::Unset,
                exported: Exported::No,
                plain: true,
            },
            Known::Yes(Variable::Scalar {
                value,
                exported,
                plain,
            }) => Var {
                value: Value::one(value),
                exported: Exported::known(exported),
                plain,
            },
            Known::Yes(Variable::Special { exported }) => Var {
                value: Value::Unknown,
                exported: Exported::known(exported),
                plain: false,
            },
            Known::Unknown => Var::unknown(),
        },
        Base::Environment => {
            if matches!(name, b"IFS" | b"OPTIND" | b"PS1" | b"PS2" | b"PS4") {
                // Every shell sets these anew when it starts.
                return Var {
                    value: if name == b"IFS" {
                        Value::one(*b" \t\n")
                    } else {
                        Value::Unknown
                    },
                    exported: Exported::No,
                    plain: true,
                };
            }
            match world.variable(name) {
                Known::Yes(Variable::Scalar {
                    value,
                    exported: true,
                    ..
                }) => Var {
                    value: if is_remade(name) {
                        Value::Unknown
                    } else {
                        Value::one(value)
                    },
                    exported: Exported::Yes,
                    plain: true,
                },
                Known::Yes(
                    Variable::Unset
                    | Variable::Scalar {
                        exported: false, ..
                    }
                    | Variable::Special { exported: false },
                ) => Var {
                    value: if is_remade(name) || !name.iter().any(u8::is_ascii_lowercase) {
                        // Upper-case names may be the new shell's own.
                        Value::Unknown
                    } else {
                        Value::Unset
                    },
                    exported: Exported::No,
                    plain: true,
                },
                Known::Yes(Variable::Special { exported: true }) | Known::Unknown => Var {
                    value: Value::Unknown,
                    exported: Exported::Perhaps,
                    plain: true,
                },
            }
        }
    }
}

/// Variables that a shell sets itself when it starts.
fn is_remade(name: &[u8]) -> bool {
    matches!(
        name,
        b"PWD"
            | b"OLDPWD"
            | b"SHLVL"
            | b"_"
            | b"SHELLOPTS"
            | b"BASHOPTS"
            | b"PPID"
            | b"UID"
            | b"EUID"
    )
}

/// Variables that change by themselves: what was assigned to them says nothing.
fn is_volatile(name: &[u8]) -> bool {
    crate::programs::VOLATILE
        .iter()
        .any(|volatile| volatile.as_bytes() == name)
}

fn volatile_value(_name: &[u8]) -> Value {
    // Not even `Number`: `unset RANDOM` makes it an ordinary variable.
    Value::Unknown
}

/// A word whose values are all known.
fn resolved(values: Vec<Vec<u8>>) -> ActionWord {
    let source = values.first().cloned().unwrap_or_default();
    ActionWord {
        source,
        state: WordState::Resolved(values),
        count: Count::One,
    }
}

/// A word of which nothing is known.
fn dynamic(source: impl Into<Vec<u8>>, count: Count) -> ActionWord {
    ActionWord {
        source: source.into(),
        state: WordState::Dynamic(vec![Piece::Unknown]),
        count,
    }
}

/// Bytes as they may be shown in words.
fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
