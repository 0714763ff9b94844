//! Lists, pipelines, compound commands: what runs, in which order, and in which copy of the shell.

use super::alias::Aliases;
use super::state::{Func, State, Value, Var};
use super::{Change, Outcome, Walker, resolved, shown};
use crate::action::Folder;
use crate::world::Known;
use guardsh_syntax::{
    AndOr, AndOrOp, Arith, CaseArm, CaseEnd, Command, Compound, CompoundKind, ForLoop, Function,
    Pipeline, Script, Stage, Statement, StatementEnd, Word,
};
use std::rc::Rc;

/// Loops inside loops deeper than this are walked once, with everything forgotten, so that the work stays
/// linear.
const MAX_PRECISE_LOOPS: usize = 2;

impl Walker<'_> {
    /// Walks statements in order; the state after them is the walker's.
    pub(super) fn script(&mut self, script: &Script) {
        let outcome = self.script_outcome(script);
        self.settle(outcome);
    }

    /// Walks a whole text: what is left of a line when an expansion fails is not run, the next line is.
    pub(super) fn lines(&mut self, script: &Script) {
        let faults = self.faults.take();
        for statement in &script.statements {
            let outcome = self.statement(statement);
            self.settle(outcome);
            match statement.end {
                StatementEnd::Newline | StatementEnd::End => {
                    if let Some(fault) = self.faults.take() {
                        let here = self.state.clone();
                        if let Some(state) = self.join(Some(here), Some(fault)) {
                            self.state = state;
                        }
                    }
                }
                StatementEnd::Semicolon | StatementEnd::Background => {}
            }
        }
        if let Some(fault) = self.faults.take() {
            let here = self.state.clone();
            if let Some(state) = self.join(Some(here), Some(fault)) {
                self.state = state;
            }
        }
        self.faults = faults;
    }

    fn statement(&mut self, statement: &Statement) -> Outcome {
        if !self.step(1) {
            return self.same();
        }
        match statement.end {
            StatementEnd::Background => {
                self.files_made = true;
                self.isolated(|walker| {
                    let outcome = walker.and_or(&statement.list);
                    walker.settle(outcome);
                });
                self.same()
            }
            StatementEnd::Semicolon | StatementEnd::Newline | StatementEnd::End => {
                self.and_or(&statement.list)
            }
        }
    }

    /// Makes the state after an outcome the walker's, whichever way it went.
    pub(super) fn settle(&mut self, outcome: Outcome) {
        // Text that is never reached is still judged, from the state where it was left.
        if let Some(state) = self.join(outcome.ok, outcome.fail) {
            self.state = state;
        }
    }

    pub(super) fn script_outcome(&mut self, script: &Script) -> Outcome {
        let mut last = None;
        for statement in &script.statements {
            if let Some(outcome) = last.take() {
                self.settle(outcome);
            }
            last = Some(self.statement(statement));
        }
        last.unwrap_or_else(|| self.same())
    }

    /// The outcome of something that may end either way in the state at hand.
    pub(super) fn same(&self) -> Outcome {
        Outcome {
            ok: Some(self.state.clone()),
            fail: Some(self.state.clone()),
        }
    }

    fn and_or(&mut self, list: &AndOr) -> Outcome {
        let mut outcome = self.pipeline(&list.first);
        for (op, pipeline) in &list.rest {
            let Outcome { ok, fail } = outcome;
            let (entered, skipped) = match op {
                AndOrOp::And => (ok, fail),
                AndOrOp::Or => (fail, ok),
            };
            let reached = entered.is_some();
            if let Some(state) = entered {
                self.state = state;
            }
            let next = self.pipeline(pipeline);
            let next = if reached {
                next
            } else {
                Outcome {
                    ok: None,
                    fail: None,
                }
            };
            outcome = match op {
                AndOrOp::And => Outcome {
                    ok: next.ok,
                    fail: self.join(skipped, next.fail),
                },
                AndOrOp::Or => Outcome {
                    ok: self.join(skipped, next.ok),
                    fail: next.fail,
                },
            };
        }
        outcome
    }

    fn pipeline(&mut self, pipeline: &Pipeline) -> Outcome {
        let outcome = match pipeline.stages.as_slice() {
            [] => self.same(),
            [only] => self.command(&only.command),
            stages => {
                self.concurrent += 1;
                self.stages(stages);
                self.concurrent -= 1;
                self.same()
            }
        };
        if pipeline.bangs % 2 == 1 {
            Outcome {
                ok: outcome.fail,
                fail: outcome.ok,
            }
        } else {
            outcome
        }
    }

    fn stages(&mut self, stages: &[Stage]) {
        let last = stages.len().saturating_sub(1);
        for (index, stage) in stages.iter().enumerate() {
            let mark = self.journal.len();
            self.isolated(|walker| {
                let outcome = walker.command(&stage.command);
                walker.settle(outcome);
            });
            // `shopt -s lastpipe` runs the last stage in the shell itself.
            if index == last && self.bash() && !self.surely_off("lastpipe") {
                self.blur(mark);
            }
        }
    }

    pub(super) fn command(&mut self, command: &Command) -> Outcome {
        if !self.step(1) {
            return self.same();
        }
        let mut outcome = None;
        self.deeper(|walker| {
            outcome = Some(match command {
                Command::Simple(simple) => walker.simple(simple),
                Command::Compound(compound) => walker.compound(compound),
                Command::Function(function) => {
                    walker.define(function);
                    walker.same()
                }
                Command::Coproc(coproc) => {
                    let name = coproc.name.clone().unwrap_or_else(|| b"COPROC".to_vec());
                    walker.opaque(coproc.span, "`coproc`");
                    walker.concurrent += 1;
                    walker.isolated(|walker| {
                        let outcome = walker.command(&coproc.body);
                        walker.settle(outcome);
                    });
                    walker.concurrent -= 1;
                    walker.assigned(&name, Value::Unknown, coproc.span);
                    let mut pid = name;
                    pid.extend_from_slice(b"_PID");
                    walker.assigned(&pid, Value::Number, coproc.span);
                    walker.same()
                }
            });
        });
        outcome.unwrap_or_else(|| self.same())
    }

    pub(super) fn compound(&mut self, compound: &Compound) -> Outcome {
        let descriptors = self.state.descriptors;
        let outputs = self.state.outputs;
        let before = self.state.clone();
        for redirect in &compound.redirects {
            self.redirect(redirect);
        }
        self.perhaps_here(before);
        let unopened = self.state.clone();
        let mut outcome = match &compound.kind {
            CompoundKind::Group(script) => self.script_outcome(script),
            CompoundKind::Subshell(script) => {
                self.isolated(|walker| walker.script(script));
                self.same()
            }
            CompoundKind::If {
                branches,
                otherwise,
            } => self.if_command(branches, otherwise.as_ref()),
            CompoundKind::Loop {
                kind: _,
                condition,
                body,
            } => {
                self.looped(|walker| {
                    walker.script(condition);
                    walker.script(body);
                });
                self.same()
            }
            CompoundKind::For(for_loop) => {
                let value = self.for_value(for_loop);
                self.for_body(for_loop, value);
                self.same()
            }
            CompoundKind::Select(for_loop) => {
                self.for_value(for_loop);
                self.assigned(b"REPLY", Value::Unknown, compound.span);
                self.for_body(for_loop, Value::Unknown);
                self.same()
            }
            CompoundKind::ArithFor { header, body } => self.arith_for(header, body),
            CompoundKind::Case { subject, arms } => self.case(subject, arms),
            CompoundKind::Test(test) => {
                self.test(test);
                self.same()
            }
            CompoundKind::Arith(arith) => {
                self.arith(arith);
                self.same()
            }
        };
        if !compound.redirects.is_empty() {
            // One that fails keeps the command from running at all.
            outcome.fail = self.join(outcome.fail, Some(unopened));
            // They are undone after the command; what was opened before stays.
            for state in [&mut outcome.ok, &mut outcome.fail].into_iter().flatten() {
                state.descriptors &= descriptors;
                state.outputs &= outputs;
            }
            self.state.descriptors = descriptors;
            self.state.outputs &= outputs;
        }
        outcome
    }

    /// What was expanded since `before` may have been expanded in a copy of the shell.
    pub(super) fn perhaps_here(&mut self, before: State) {
        let after = self.state.clone();
        let descriptors = after.descriptors;
        let outputs = after.outputs;
        if let Some(state) = self.join(Some(before), Some(after)) {
            self.state = state;
            self.state.descriptors = descriptors;
            self.state.outputs = outputs;
        }
    }

    fn if_command(&mut self, branches: &[(Script, Script)], otherwise: Option<&Script>) -> Outcome {
        let mut ok = None;
        let mut fail = None;
        let mut falls = Some(self.state.clone());
        for (condition, body) in branches {
            if let Some(state) = falls.take() {
                self.state = state;
            }
            let tested = self.script_outcome(condition);
            falls = tested.fail;
            if let Some(state) = tested.ok {
                self.state = state;
            }
            let done = self.script_outcome(body);
            ok = self.join(ok, done.ok);
            fail = self.join(fail, done.fail);
        }
        if let Some(body) = otherwise {
            if let Some(state) = falls {
                self.state = state;
            }
            let done = self.script_outcome(body);
            ok = self.join(ok, done.ok);
            fail = self.join(fail, done.fail);
        } else {
            // No branch taken: the status is 0.
            ok = self.join(ok, falls);
        }
        Outcome { ok, fail }
    }

    /// Walks the inside of a loop in every state it may be entered in, and leaves it in every state it
    /// may be left in.
    pub(super) fn looped(&mut self, mut body: impl FnMut(&mut Self)) {
        let mark = self.journal.len();
        if self.loops >= MAX_PRECISE_LOOPS {
            self.journal.push(Change::Everything);
            self.state.lose_all();
            body(self);
            self.state.lose_all();
            return;
        }
        self.loops += 1;
        let mut head = self.state.clone();
        // What the body does is not known before it was walked: walk it without keeping its actions until
        // it does nothing new to the state it is entered in.
        let mut steady = false;
        for round in 0..4 {
            let kept = self.out.len();
            let stopped = self.stopped;
            body(self);
            if self.stopped && !stopped {
                break;
            }
            self.out.truncate(kept);
            let mut widened = head.clone();
            std::mem::swap(&mut self.state, &mut widened);
            self.blur(mark);
            if same_state(&self.state, &head) {
                steady = true;
                break;
            }
            self.widen(mark, round);
            head = self.state.clone();
        }
        if !steady && !self.stopped {
            self.forget_all();
            head = self.state.clone();
        }
        self.state = head.clone();
        body(self);
        // A `break`, a `continue` or a condition may have left it anywhere, also before the first round.
        self.state = head;
        self.blur(mark);
        self.loops -= 1;
    }

    /// Forgets the values of what changed since `mark`, so that a loop that counts comes to rest.
    fn widen(&mut self, mark: usize, round: usize) {
        if round == 0 {
            return;
        }
        let changes: Vec<Change> = self.journal.get(mark..).unwrap_or_default().to_vec();
        for change in changes {
            if let Change::Var(name, _) = change {
                let var = self.var(&name);
                let value = if var.value.is_integer() {
                    Value::Number
                } else if round == 1 {
                    // A loop over constants gives several values and needs no more rounds for it.
                    var.value.clone()
                } else {
                    Value::Unknown
                };
                self.state.set_var(&name, Var { value, ..var });
            }
        }
    }

    /// What the variable of a `for` may be.
    fn for_value(&mut self, for_loop: &ForLoop) -> Value {
        let fields = match &for_loop.words {
            Some(words) => self.words(words),
            None => match &self.state.positional {
                Some(words) => words.to_vec(),
                None => return Value::Unknown,
            },
        };
        let mut values: Vec<Vec<u8>> = Vec::new();
        for field in &fields {
            let Some(known) = field.values() else {
                return Value::Unknown;
            };
            values.extend(known.iter().cloned());
        }
        values.sort();
        values.dedup();
        let size: usize = values.iter().map(Vec::len).sum();
        if values.is_empty() || values.len() > super::state::MAX_VALUES || size > 64 * 1024 {
            return Value::Unknown;
        }
        Value::Values(values)
    }

    fn for_body(&mut self, for_loop: &ForLoop, value: Value) {
        self.looped(|walker| {
            walker.assigned(&for_loop.name, value.clone(), for_loop.name_span);
            walker.script(&for_loop.body);
        });
    }

    fn arith_for(&mut self, header: &[Arith; 3], body: &Script) -> Outcome {
        let [first, condition, step] = header;
        self.arith(first);
        self.looped(|walker| {
            walker.arith(condition);
            walker.script(body);
            walker.arith(step);
        });
        self.same()
    }

    fn case(&mut self, subject: &Word, arms: &[CaseArm]) -> Outcome {
        self.single(subject);
        let mut done = None;
        let mut falls: Option<State> = None;
        for arm in arms {
            for pattern in &arm.patterns {
                let before = self.state.clone();
                self.single(pattern);
                // Later patterns are only expanded where earlier ones did not match.
                let after = std::mem::replace(&mut self.state, before);
                self.settle(Outcome {
                    ok: Some(after),
                    fail: Some(self.state.clone()),
                });
            }
            let unmatched = self.state.clone();
            let entry = self.join(Some(unmatched.clone()), falls.take());
            if let Some(state) = entry {
                self.state = state;
            }
            self.script(&arm.body);
            let end = self.state.clone();
            self.state = unmatched;
            match arm.end {
                CaseEnd::Break | CaseEnd::Esac => done = self.join(done, Some(end)),
                CaseEnd::FallThrough => {
                    falls = Some(end.clone());
                    done = self.join(done, Some(end));
                }
                CaseEnd::TestNext => {
                    let state = self.state.clone();
                    self.settle(Outcome {
                        ok: Some(state),
                        fail: Some(end),
                    });
                }
            }
        }
        let state = self.state.clone();
        if let Some(state) = self.join(done, Some(state)) {
            self.state = state;
        }
        self.same()
    }

    /// A function definition. Calls are judged by the body; what is judged here is a name that the shell,
    /// its hooks or the guard call by themselves.
    fn define(&mut self, function: &Function) {
        let name = &function.name;
        self.step(function.span.end.saturating_sub(function.span.start) / 16);
        if !function.keyword && self.shell.aliases != Aliases::Off {
            match self.world.alias(name) {
                Known::Yes(None) => {}
                Known::Yes(Some(_)) | Known::Unknown => {
                    self.opaque(
                        function.span,
                        format!("defines a function named by the alias `{}`", shown(name)),
                    );
                    self.change_names();
                }
            }
        }
        if let Some(why) = self.name_is_taken(name) {
            self.opaque(
                function.span,
                format!("defines a function named `{}`, {why}", shown(name)),
            );
            self.change_names();
        }
        let definition = Rc::new(super::state::Definition {
            function: function.clone(),
            text: Rc::clone(&self.text),
            aliases: self.shell.aliases,
        });
        // A name that exists may be called by hooks and traps that no line of this text shows.
        if self.shell.live
            && self.world.interactive() != Known::Yes(false)
            && self.name_is_used(name)
        {
            let name = shown(name);
            let definition = Rc::clone(&definition);
            self.isolated(|walker| {
                walker.state.lose_vars();
                walker.state.folder = Folder::Unknown;
                walker.state.positional = None;
                walker.via(format!("function {name}"), |walker| {
                    walker.body(&definition.function.body);
                });
            });
        }
        if self.shell.live {
            let text = self.source(function.span);
            self.world.may_define(name, &text);
        }
        self.journal.push(Change::Func(name.clone()));
        self.state.set_func(name, Func::Defined(definition));
    }

    /// Walks a function's body in the state at hand.
    pub(super) fn body(&mut self, body: &Compound) {
        self.deeper(|walker| {
            let outcome = walker.compound(body);
            walker.settle(outcome);
        });
    }

    /// The values of a loop variable or another plain assignment by the shell itself, with its action.
    pub(super) fn assigned(&mut self, name: &[u8], value: Value, span: guardsh_syntax::Span) {
        let word = match &value {
            Value::Values(values) => Some(resolved(values.clone())),
            Value::Unset | Value::List(_) | Value::Number | Value::Unknown => {
                Some(super::dynamic(name.to_vec(), crate::action::Count::One))
            }
        };
        self.assign_value(name, value, word, span, super::assign::Scope::Shell);
    }
}

/// Whether nothing new is known or forgotten.
fn same_state(left: &State, right: &State) -> bool {
    left.same_as(right)
}
