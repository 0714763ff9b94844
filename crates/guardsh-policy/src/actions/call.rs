//! Simple commands: what a name leads to, and what follows from it.

use super::alias::Aliases;
use super::assign::Scope;
use super::redirect::Input;
use super::state::{Base, Exported, Func, Value, Var};
use super::{Change, Outcome, Walker, dynamic, resolved, shown};
use crate::action::{ActionWord, Count, FileFacts, Folder, Program, Run, Standing, WordState};
use crate::programs::{self, BASH_BUILTINS, CALLED_BY_ITSELF, DASH_BUILTINS, RESERVED};
use crate::world::Known;
use guardsh_syntax::{
    AssignValue, Assignment, Command, Dialect, ParamOp, Simple, Span, Word, WordPart, WordPartKind,
};
use std::rc::Rc;

/// Where a command name is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    /// Functions, builtins, files.
    Shell,
    /// `command`: builtins, files.
    NoFunctions,
    /// `builtin`.
    Builtins,
    /// A program starts it: files only.
    Files,
}

/// A command about to be called.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// Its words; not empty.
    pub(super) argv: Vec<ActionWord>,
    pub(super) lookup: Lookup,
    pub(super) span: Span,
    /// What a redirection makes of its standard input.
    pub(super) input: Input,
    /// An assignment before it changes where it is looked for.
    pub(super) elsewhere: bool,
    /// Its operands were expanded as assignments, because the shell saw a declaring builtin.
    pub(super) declares: bool,
    /// It runs where this machine's files and names mean nothing: a container, another root.
    pub(super) foreign: bool,
}

/// What a name leads to.
pub(super) enum Found {
    Function(Rc<super::state::Definition>),
    LiveFunction(Vec<u8>),
    Builtin,
    File(FileFacts),
    Missing,
    /// A file, or nothing; which is not known.
    SomeFile,
    /// Anything: a function, a builtin, a file.
    Unknown,
}

impl Walker<'_> {
    /// Walks a simple command.
    pub(super) fn simple(&mut self, simple: &Simple) -> Outcome {
        if let Some(outcome) = self.replace_alias(simple) {
            return outcome;
        }
        let declares = self.is_declaration(simple);
        let mut argv = Vec::new();
        for (index, word) in simple.words.iter().enumerate() {
            if !self.step(1) {
                return self.same();
            }
            if declares && index > 0 && is_assignment_word(word) {
                argv.push(self.declared_word(word));
            } else {
                self.fields(word, &mut argv);
            }
        }
        let descriptors = self.state.descriptors;
        let outputs = self.state.outputs;
        let keeps_descriptors = argv
            .first()
            .and_then(ActionWord::value)
            .is_some_and(|name| name == b"exec");
        let mut input = Input::Same;
        let unredirected = self.state.clone();
        for redirect in &simple.redirects {
            match self.redirect(redirect) {
                Input::Same => {}
                other @ (Input::Text(_) | Input::Other) => input = other,
            }
        }
        self.perhaps_here(unredirected);
        let unopened = self.state.clone();
        if argv.is_empty() {
            for assignment in &simple.assignments {
                self.assignment(assignment, Scope::Shell);
            }
            self.state.descriptors = descriptors;
            self.state.outputs &= outputs;
            let mut outcome = self.same();
            if !simple.redirects.is_empty() {
                outcome.fail = self.join(outcome.fail, Some(unopened));
            }
            return outcome;
        }
        let before = self.state.clone();
        let mut elsewhere = false;
        let mark = self.journal.len();
        for assignment in &simple.assignments {
            let name = assignment.name.as_slice();
            elsewhere |= programs::variable_kind(name) != programs::VariableKind::Plain;
            // Whether a value sees the assignments before it differs between shells.
            let scope = if simple.assignments.len() > 1 {
                Scope::OneOfMany
            } else {
                Scope::Command
            };
            self.assignment(assignment, scope);
        }
        let first_may_vanish = argv.first().is_some_and(|word| word.count == Count::Any);
        let name = argv.first().and_then(ActionWord::value).map(<[u8]>::to_vec);
        let stays = match &name {
            None => true,
            Some(name) if self.bash() => {
                programs::holds(programs::SPECIAL_BUILTINS, name) && !self.surely_off("posix")
            }
            Some(name) => {
                // dash makes `local` one of them.
                programs::holds(programs::SPECIAL_BUILTINS, name)
                    || name == b"local"
                    || self.state.func(name).is_some()
                    || self.world.function(name) != Known::Yes(None)
            }
        };
        if stays && !self.bash() {
            // Whether programs that it starts see the value differs.
            for assignment in &simple.assignments {
                self.forget_var(&assignment.name);
            }
        }
        let call = Call {
            argv,
            lookup: Lookup::Shell,
            span: simple.span,
            input,
            elsewhere,
            declares,
            foreign: false,
        };
        let mut outcome = self.call(call);
        if !simple.assignments.is_empty() {
            let stays = first_may_vanish || stays;
            let changed: Vec<Change> = self.journal.get(mark..).unwrap_or_default().to_vec();
            for state in [&mut outcome.ok, &mut outcome.fail].into_iter().flatten() {
                for assignment in &simple.assignments {
                    let name = &assignment.name;
                    let old = before.var(name).cloned();
                    let touched = state.var(name).cloned();
                    // What ran may have unset it and set the one behind it.
                    let given = simple
                        .assignments
                        .iter()
                        .filter(|assignment| assignment.name == *name)
                        .count();
                    let changes = changed
                        .iter()
                        .filter(
                            |change| matches!(change, Change::Var(changed, _) if changed == name),
                        )
                        .count();
                    let touches = changes > given || changed.contains(&Change::Everything);
                    let var = match (stays || touches, old, touched) {
                        (false, Some(old), _) => old,
                        // Back to what it was before the text.
                        (false, None, _) => super::base_var(self.world, before.base, name),
                        (true, _, Some(now)) => Var {
                            value: Value::Unknown,
                            exported: now.exported.join(Exported::Perhaps),
                            ..now
                        },
                        (true, _, None) => Var::unknown(),
                    };
                    if state.base == Base::Lost {
                        continue;
                    }
                    state.set_var(name, var);
                }
                // A change of lookups before one command ends with it.
                if !stays {
                    state.files_changed = before.files_changed || state.files_changed && !elsewhere;
                }
            }
        }
        if !simple.redirects.is_empty() {
            // One that fails keeps the command from running.
            outcome.fail = self.join(outcome.fail, Some(unopened));
        }
        if !keeps_descriptors {
            for state in [&mut outcome.ok, &mut outcome.fail].into_iter().flatten() {
                state.descriptors &= descriptors;
                state.outputs &= outputs;
            }
        }
        outcome
    }

    /// Whether the shell reads the operands as assignments: the name of a declaring builtin is written
    /// out.
    fn is_declaration(&self, simple: &Simple) -> bool {
        let Some(Word { parts, .. }) = simple.words.first() else {
            return false;
        };
        let [
            WordPart {
                kind: WordPartKind::Literal(name),
                ..
            },
        ] = parts.as_slice()
        else {
            return false;
        };
        match name.as_slice() {
            b"export" | b"readonly" | b"local" => true,
            b"declare" | b"typeset" => self.bash(),
            _ => false,
        }
    }

    fn declared_word(&mut self, word: &Word) -> ActionWord {
        let mut expanded = self.single(word);
        if self.bash() {
            if super::braces::has_braces(&word.parts) {
                // `export x={a,b}` is `export x=a x=b`.
                expanded.state = WordState::Dynamic(vec![
                    crate::action::Piece::Known(declared_name(&expanded.source)),
                    crate::action::Piece::Unknown,
                ]);
            }
            return expanded;
        }
        // Versions of dash differ in whether they split here, and whether they expand a tilde.
        let tilde = expanded.source.contains(&b'~');
        match expanded.values() {
            Some(values)
                if !tilde
                    && values
                        .iter()
                        .all(|value| !value.iter().any(|byte| b" \t\n*?[\\".contains(byte))) =>
            {
                expanded
            }
            Some(_) if !tilde && matches!(expanded.state, WordState::Literal(_)) => expanded,
            Some(_) | None => ActionWord {
                state: WordState::Dynamic(vec![
                    crate::action::Piece::Known(declared_name(&expanded.source)),
                    crate::action::Piece::Unknown,
                ]),
                source: expanded.source,
                count: Count::One,
            },
        }
    }

    /// One assignment: its value, its effect, its action.
    pub(super) fn assignment(&mut self, assignment: &Assignment, scope: Scope) {
        let name = &assignment.name;
        if let Some(subscript) = &assignment.subscript {
            self.may_fault();
            self.subscript(subscript);
            if let AssignValue::Scalar(word) = &assignment.value {
                self.single(word);
            }
            let word = dynamic(self.source(assignment.span), Count::One);
            self.assign_value(name, Value::Unknown, Some(word), assignment.span, scope);
            return;
        }
        match &assignment.value {
            AssignValue::Scalar(word) => {
                let (expanded, value) = self.assigned_word(word);
                let (expanded, value) = match (scope, &expanded.state) {
                    (Scope::OneOfMany, WordState::Resolved(_) | WordState::Pattern(_)) => {
                        (dynamic(expanded.source, Count::One), Value::Unknown)
                    }
                    _ => (expanded, value),
                };
                let (expanded, value) = if assignment.append {
                    self.appended(name, expanded, value)
                } else {
                    (expanded, value)
                };
                self.assign_value(name, value, Some(expanded), assignment.span, scope);
            }
            AssignValue::Array(elements) => {
                let elements = self.elements(elements);
                let list = match elements {
                    Some(words) if !assignment.append => list_of(&words),
                    Some(_) | None => Value::Unknown,
                };
                self.assign_list(name, list, assignment.span, scope);
            }
        }
    }

    /// The word and the value that an assignment stores.
    pub(super) fn assigned_word(&mut self, word: &Word) -> (ActionWord, Value) {
        if let [part] = word.parts.as_slice() {
            if let WordPartKind::DoubleQuoted(parts) = &part.kind
                && let [
                    inner @ WordPart {
                        kind: WordPartKind::Arith(_) | WordPartKind::Param(_),
                        ..
                    },
                ] = parts.as_slice()
            {
                return self.assigned_word(&Word {
                    parts: vec![inner.clone()],
                    span: word.span,
                });
            }
            let followed = if let WordPartKind::Param(param) = &part.kind {
                param.subscript.is_none()
                    && (param.op == ParamOp::Length
                        || param.op == ParamOp::Value
                            && !matches!(param.name.as_slice(), b"@" | b"*"))
            } else {
                matches!(part.kind, WordPartKind::Arith(_))
            };
            if followed {
                let value = self.part_value(part);
                let source = self.source(word.span);
                let (state, value) = match value {
                    Value::Values(values) => {
                        (WordState::Resolved(values.clone()), Value::Values(values))
                    }
                    Value::Unset => (
                        WordState::Resolved(vec![Vec::new()]),
                        Value::one(Vec::new()),
                    ),
                    Value::Number => (
                        WordState::Dynamic(vec![crate::action::Piece::Unknown]),
                        Value::Number,
                    ),
                    Value::List(_) | Value::Unknown => (
                        WordState::Dynamic(vec![crate::action::Piece::Unknown]),
                        Value::Unknown,
                    ),
                };
                return (
                    ActionWord {
                        source,
                        state,
                        count: Count::One,
                    },
                    value,
                );
            }
        }
        let expanded = self.single(word);
        let value = super::expand::value_from(&expanded);
        (expanded, value)
    }

    /// `x+=value`
    fn appended(&mut self, name: &[u8], word: ActionWord, value: Value) -> (ActionWord, Value) {
        let old = self.var(name);
        let joined = match (&old.value, &value) {
            (Value::Unset, Value::Values(values)) => Value::Values(values.clone()),
            (Value::Values(left), Value::Values(right))
                if left.len().saturating_mul(right.len()) <= super::state::MAX_VALUES =>
            {
                let mut all: Vec<Vec<u8>> = left
                    .iter()
                    .flat_map(|left| {
                        right
                            .iter()
                            .map(move |right| [left.as_slice(), right].concat())
                    })
                    .collect();
                all.sort();
                all.dedup();
                let size: usize = all.iter().map(Vec::len).sum();
                if size > 64 * 1024 {
                    Value::Unknown
                } else {
                    Value::Values(all)
                }
            }
            _ => Value::Unknown,
        };
        let state = match &joined {
            Value::Values(values) => WordState::Resolved(values.clone()),
            Value::Unset | Value::List(_) | Value::Number | Value::Unknown => {
                WordState::Dynamic(vec![crate::action::Piece::Unknown])
            }
        };
        (
            ActionWord {
                source: word.source,
                state,
                count: Count::One,
            },
            joined,
        )
    }

    /// Calls a command: finds what its name leads to and walks what follows.
    pub(super) fn call(&mut self, call: Call) -> Outcome {
        if !self.step(1 + call.argv.len()) {
            return self.same();
        }
        let Some(first) = call.argv.first() else {
            return self.same();
        };
        let values = match (first.values(), first.count) {
            (Some(values), Count::One) => values.to_vec(),
            (Some(_) | None, Count::One | Count::Any) => {
                let run = Run {
                    argv: call.argv.clone(),
                    program: Program::Unknown,
                    standing: Standing::Judged,
                    reads_below: Vec::new(),
                };
                self.run(run, call.span);
                self.ran();
                if call.lookup != Lookup::Files {
                    // It may be `eval`, `cd`, `alias`, or an assignment alone.
                    self.forget_all();
                }
                return self.same();
            }
        };
        if let [only] = values.as_slice() {
            return self.call_named(only, &call);
        }
        let before = self.state.clone();
        let mut ok = None;
        let mut fail = None;
        for value in &values {
            self.state = before.clone();
            let mut one = call.clone();
            if let Some(first) = one.argv.first_mut() {
                first.state = WordState::Resolved(vec![value.clone()]);
            }
            let outcome = self.call_named(value, &one);
            ok = self.join(ok, outcome.ok);
            fail = self.join(fail, outcome.fail);
        }
        Outcome { ok, fail }
    }

    fn call_named(&mut self, name: &[u8], call: &Call) -> Outcome {
        let found = self.find(name, call);
        match found {
            Found::Function(definition) => {
                self.call_function(name, call, &definition);
                self.same()
            }
            Found::LiveFunction(text) => {
                self.call_live_function(name, call, &text);
                self.same()
            }
            Found::Builtin => self.builtin(name, call, Program::Builtin),
            Found::File(facts) => self.external(name, call, Program::File(facts)),
            Found::Missing | Found::SomeFile => {
                let program = if matches!(found, Found::Missing) {
                    Program::Missing
                } else {
                    Program::Unknown
                };
                let outcome = self.external(name, call, program);
                if call.lookup == Lookup::Shell && self.bash() && !self.surely_off("autocd") {
                    // A folder's name alone goes there.
                    self.settle(outcome);
                    self.change_folder(Folder::Unknown);
                    return self.same();
                }
                outcome
            }
            Found::Unknown => {
                // What it most likely is, beside that nobody knows.
                let outcome = if call.lookup != Lookup::Files && self.is_builtin_name(name) {
                    self.builtin(name, call, Program::Unknown)
                } else {
                    self.external(name, call, Program::Unknown)
                };
                if call.lookup != Lookup::Files {
                    self.settle(outcome);
                    self.forget_all();
                    return self.same();
                }
                outcome
            }
        }
    }

    /// Whether the shell at hand has a builtin of that name.
    pub(super) fn is_builtin_name(&self, name: &[u8]) -> bool {
        programs::holds(
            match self.shell.dialect {
                Dialect::Bash => BASH_BUILTINS,
                Dialect::Posix => DASH_BUILTINS,
            },
            name,
        )
    }

    /// What a name leads to at this point.
    pub(super) fn find(&mut self, name: &[u8], call: &Call) -> Found {
        let unknown = match call.lookup {
            Lookup::Shell | Lookup::NoFunctions | Lookup::Builtins => self.state.names_changed,
            Lookup::Files => false,
        };
        if unknown {
            return Found::Unknown;
        }
        if call.lookup == Lookup::Shell {
            match self.state.func(name) {
                Some(Func::Defined(definition)) => return Found::Function(Rc::clone(definition)),
                Some(Func::Unsure) => return Found::Unknown,
                Some(Func::Unset) => {}
                None => {
                    if self.shell.live {
                        match self.world.function(name) {
                            Known::Yes(Some(text)) => return Found::LiveFunction(text),
                            Known::Yes(None) => {}
                            Known::Unknown => return Found::Unknown,
                        }
                    } else if self.world.function(name) != Known::Yes(None) {
                        // It may have been exported.
                        return Found::Unknown;
                    }
                }
            }
        }
        match call.lookup {
            Lookup::Shell | Lookup::NoFunctions | Lookup::Builtins => {
                let builtin = if self.shell.live {
                    match self.world.is_builtin(name) {
                        Known::Yes(builtin) => builtin,
                        Known::Unknown => return Found::Unknown,
                    }
                } else {
                    self.is_builtin_name(name)
                };
                if builtin {
                    return Found::Builtin;
                }
                if call.lookup == Lookup::Builtins {
                    return Found::Missing;
                }
            }
            Lookup::Files => {}
        }
        if call.foreign {
            return Found::SomeFile;
        }
        if !name.contains(&b'/') && (call.elsewhere || self.state.files_changed) {
            return Found::SomeFile;
        }
        let folder = self.state.folder.clone();
        match self.world.program(name, &folder) {
            Known::Yes(Some(facts)) => Found::File(facts),
            Known::Yes(None) => Found::Missing,
            Known::Unknown => Found::SomeFile,
        }
    }

    fn call_function(
        &mut self,
        name: &[u8],
        call: &Call,
        definition: &Rc<super::state::Definition>,
    ) {
        self.run(
            Run {
                argv: call.argv.clone(),
                program: Program::Function,
                standing: Standing::Transparent,
                reads_below: Vec::new(),
            },
            call.span,
        );
        let text = Rc::clone(&definition.text);
        let aliases = definition.aliases;
        self.in_function(name, call, text, aliases, |walker| {
            walker.body(&definition.function.body);
        });
    }

    fn call_live_function(&mut self, name: &[u8], call: &Call, text: &[u8]) {
        self.run(
            Run {
                argv: call.argv.clone(),
                program: Program::Function,
                standing: Standing::Transparent,
                reads_below: Vec::new(),
            },
            call.span,
        );
        self.step(text.len() / 8);
        let script = match guardsh_syntax::read(text, self.shell.dialect, self.shell.options) {
            Ok(script) => script,
            Err(_) => {
                self.opaque(
                    call.span,
                    format!("the function `{}`, which cannot be read", shown(name)),
                );
                self.forget_all();
                return;
            }
        };
        let mut functions = script.statements.iter().filter_map(|statement| {
            match statement.list.first.stages.as_slice() {
                [stage] => match &stage.command {
                    Command::Function(function) => Some(function),
                    Command::Simple(_) | Command::Compound(_) | Command::Coproc(_) => None,
                },
                _ => None,
            }
        });
        match (functions.next(), functions.next(), script.statements.len()) {
            (Some(function), None, 1) => {
                // Aliases were replaced when it was defined.
                self.in_function(name, call, Rc::from(text), Aliases::Off, |walker| {
                    walker.body(&function.body);
                });
            }
            _ => {
                self.opaque(
                    call.span,
                    format!("the function `{}`, which cannot be read", shown(name)),
                );
                self.forget_all();
            }
        }
    }

    /// Walks a function's body with the call's arguments.
    fn in_function(
        &mut self,
        name: &[u8],
        call: &Call,
        text: Rc<[u8]>,
        aliases: Aliases,
        body: impl FnOnce(&mut Self),
    ) {
        if self.calls.iter().any(|inner| inner == name) {
            self.opaque(
                call.span,
                format!("the function `{}` calls itself", shown(name)),
            );
            self.forget_all();
            return;
        }
        self.calls.push(name.to_vec());
        let mark = self.journal.len();
        let arguments: Vec<ActionWord> = call.argv.iter().skip(1).cloned().collect();
        let positional = self.state.positional.replace(Rc::new(arguments));
        let outer_text = std::mem::replace(&mut self.text, text);
        let outer = self.outer.replace(self.outer.unwrap_or(call.span));
        let outer_aliases = std::mem::replace(&mut self.shell.aliases, aliases);
        let locals = std::mem::take(&mut self.locals);
        let entry = self.state.clone();
        self.via(format!("function {}", shown(name)), |walker| {
            walker.deeper(body);
        });
        let locals = std::mem::replace(&mut self.locals, locals);
        self.shell.aliases = outer_aliases;
        self.outer = outer;
        self.text = outer_text;
        if self
            .journal
            .get(mark..)
            .unwrap_or_default()
            .contains(&super::Change::Return)
        {
            // It may have been left anywhere.
            self.state = entry;
            self.blur(mark);
        }
        // `local` names are again what they were; a `local` that was not reached left them changed.
        for (name, outer) in locals.into_iter().rev() {
            if self.state.base != Base::Lost {
                let joined = outer.join(&self.var(&name));
                self.state.set_var(&name, joined);
            }
        }
        self.state.positional = positional;
        self.calls.pop();
    }

    /// Something ran that may have made files.
    pub(super) fn ran(&mut self) {
        self.files_made = true;
    }

    /// Why a function or an alias may not have this name, if so.
    pub(super) fn name_is_taken(&mut self, name: &[u8]) -> Option<&'static str> {
        if programs::holds(BASH_BUILTINS, name) || programs::holds(DASH_BUILTINS, name) {
            return Some("which is a builtin");
        }
        if programs::holds(RESERVED, name) {
            return Some("which is a reserved word");
        }
        if programs::wrappers::find(name).is_some() || programs::wrappers::is_shell(name) {
            return Some("which starts other programs");
        }
        if name.starts_with(b"__gs_") {
            return Some("which is the guard's own");
        }
        if programs::holds(CALLED_BY_ITSELF, name) {
            return Some("which the shell calls by itself");
        }
        if name.contains(&b'/') {
            return Some("which looks like a path");
        }
        if self.shell.live && self.world.is_builtin(name) != Known::Yes(false) {
            return Some("which is a builtin");
        }
        None
    }

    /// Moves to a folder that is named relative to the one at hand.
    pub(super) fn folder_from(&self, path: &[u8]) -> Folder {
        use std::os::unix::ffi::OsStrExt;
        let path = std::path::Path::new(std::ffi::OsStr::from_bytes(path));
        let joined = if path.is_absolute() {
            path.to_path_buf()
        } else {
            match &self.state.folder {
                Folder::Known(folder) => folder.join(path),
                Folder::Unknown => return Folder::Unknown,
            }
        };
        // As the shell does: `..` takes back the component before it.
        let mut clean = std::path::PathBuf::new();
        for component in joined.components() {
            match component {
                std::path::Component::ParentDir => {
                    clean.pop();
                }
                std::path::Component::CurDir => {}
                std::path::Component::Prefix(_)
                | std::path::Component::RootDir
                | std::path::Component::Normal(_) => clean.push(component),
            }
        }
        Folder::Known(clean)
    }
}

/// The `name=` that a word begins with.
fn declared_name(source: &[u8]) -> Vec<u8> {
    let mut name: Vec<u8> = source
        .iter()
        .copied()
        .take_while(|byte| *byte != b'=')
        .collect();
    name.push(b'=');
    name
}

/// `name=…` as a word.
fn is_assignment_word(word: &Word) -> bool {
    match word.parts.first().map(|part| &part.kind) {
        Some(WordPartKind::Literal(bytes)) => {
            let name: Vec<u8> = bytes
                .iter()
                .copied()
                .take_while(|byte| *byte != b'=' && *byte != b'+')
                .collect();
            let rest = bytes.get(name.len()..).unwrap_or_default();
            super::expand::is_name(&name) && (rest.starts_with(b"=") || rest.starts_with(b"+="))
        }
        Some(_) | None => false,
    }
}

/// The elements of an array where each is known.
pub(super) fn list_of(words: &[ActionWord]) -> Value {
    let mut list = Vec::new();
    let mut size = 0;
    for word in words {
        match (word.value(), word.count) {
            (Some(value), Count::One) => {
                size += value.len() + 16;
                list.push(value.to_vec());
            }
            (Some(_) | None, Count::One | Count::Any) => return Value::Unknown,
        }
    }
    if size > 64 * 1024 {
        return Value::Unknown;
    }
    Value::List(Rc::new(list))
}

/// The words as known text, where every one is.
pub(super) fn texts(words: &[ActionWord]) -> Option<Vec<Vec<u8>>> {
    words
        .iter()
        .map(|word| match word.count {
            Count::One => word.value().map(<[u8]>::to_vec),
            Count::Any => None,
        })
        .collect()
}

/// A word of an inner command that is known.
pub(super) fn known(value: &[u8]) -> ActionWord {
    resolved(vec![value.to_vec()])
}
