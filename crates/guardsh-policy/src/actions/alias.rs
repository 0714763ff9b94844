//! Aliases: the text is read again with the alias in the place of its name, where that is exactly what
//! the shell does; everything else about them is opaque.

use super::{Outcome, Walker, shown};
use crate::programs::RESERVED;
use crate::world::Known;
use guardsh_syntax::{Command, RedirectOp, Script, Simple, Span, Word, WordPartKind};
use std::rc::Rc;

/// Whether aliases are replaced in the text at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aliases {
    /// The shell replaces none: a shell started by the text, a function's body.
    Off,
    /// The text at hand is exactly what the shell reads.
    Replaced,
    /// The shell replaces them, but the text at hand is not exactly what it reads.
    Refused,
}

impl Walker<'_> {
    /// Walks the command with its alias replaced, if its name is one.
    pub(super) fn replace_alias(&mut self, simple: &Simple) -> Option<Outcome> {
        if self.shell.aliases == Aliases::Off || self.state.names_changed {
            return None;
        }
        let word = simple.words.first()?;
        let name = self.alias_name(word)?;
        if self.aliased.contains(&name) {
            return None;
        }
        let value = match self.world.alias(&name) {
            Known::Yes(None) => return None,
            Known::Yes(Some(value)) => value,
            Known::Unknown => {
                self.change_names();
                return None;
            }
        };
        let Some((text, script)) = self.replaced(simple, word, &value) else {
            self.opaque_suggesting(
                simple.span,
                format!(
                    "the alias `{}`, whose text is more than one plain command",
                    shown(&name)
                ),
                Some("write the command out"),
            );
            self.forget_all();
            return Some(self.same());
        };
        let mut outcome = None;
        let outer_text = std::mem::replace(&mut self.text, text);
        let outer = self.outer.replace(self.outer.unwrap_or(simple.span));
        self.aliased.push(name.clone());
        self.deeper(|walker| {
            outcome = Some(walker.via(format!("alias {}", shown(&name)), |walker| {
                walker.script_outcome(&script)
            }));
        });
        self.aliased.pop();
        self.outer = outer;
        self.text = outer_text;
        Some(outcome.unwrap_or_else(|| self.same()))
    }

    /// An alias named like a reserved word changes how text is read.
    pub(super) fn aliased_reserved_words(&mut self, span: Span) {
        if self.shell.aliases == Aliases::Off {
            return;
        }
        let text = Rc::clone(&self.text);
        let mut used: Vec<&[u8]> = text
            .split(|byte| b" \t\n;&|()<>".contains(byte))
            .filter(|token| token.len() <= 8 && crate::programs::holds(RESERVED, token))
            .collect();
        used.sort_unstable();
        used.dedup();
        for word in used {
            if self.world.alias(word) != Known::Yes(None) {
                self.opaque(span, format!("an alias named `{}`", shown(word)));
                self.change_names();
            }
        }
    }

    /// The word as the shell looks it up among the aliases: unquoted as a whole.
    fn alias_name(&self, word: &Word) -> Option<Vec<u8>> {
        let unquoted = word.parts.iter().all(|part| {
            matches!(
                part.kind,
                WordPartKind::Literal(_)
                    | WordPartKind::Star
                    | WordPartKind::Question
                    | WordPartKind::Bracket(_)
                    | WordPartKind::ExtGlob(..)
                    | WordPartKind::BraceList(_)
                    | WordPartKind::BraceRange(_)
                    | WordPartKind::Tilde(_)
            )
        });
        if !unquoted {
            return None;
        }
        if let [part] = word.parts.as_slice()
            && let WordPartKind::Literal(bytes) = &part.kind
        {
            return Some(bytes.clone());
        }
        let mut name = Vec::new();
        let source = self.source(word.span);
        let mut rest = source.as_slice();
        while let Some((first, after)) = rest.split_first() {
            rest = match after.split_first() {
                Some((b'\n', behind)) if *first == b'\\' => behind,
                _ => {
                    name.push(*first);
                    after
                }
            };
        }
        Some(name)
    }

    /// The command's text with the alias put in, read again.
    fn replaced(
        &mut self,
        simple: &Simple,
        word: &Word,
        value: &[u8],
    ) -> Option<(Rc<[u8]>, Script)> {
        if self.shell.aliases == Aliases::Refused {
            return None;
        }
        let here = simple.redirects.iter().any(|redirect| match redirect.op {
            RedirectOp::HereDoc | RedirectOp::HereDocTabs => true,
            RedirectOp::Read
            | RedirectOp::Write
            | RedirectOp::Append
            | RedirectOp::Clobber
            | RedirectOp::ReadWrite
            | RedirectOp::DupIn
            | RedirectOp::DupOut
            | RedirectOp::WriteBoth
            | RedirectOp::AppendBoth
            | RedirectOp::HereString => false,
        });
        if here || value.contains(&b'#') || value.ends_with(b"\\") {
            return None;
        }
        self.step(value.len() / 4);
        let alone = guardsh_syntax::read(value, self.shell.dialect, self.shell.options).ok()?;
        if !is_one_pipeline(&alone) || value.trim_ascii_end().ends_with(b";") {
            return None;
        }
        if value.ends_with(b" ") || value.ends_with(b"\t") {
            // The next word is looked up as well.
            if let Some(next) = simple.words.get(1)
                && let Some(next) = self.alias_name(next)
                && self.world.alias(&next) != Known::Yes(None)
            {
                return None;
            }
        }
        let before = self.text.get(simple.span.start..word.span.start)?;
        let after = self.text.get(word.span.end..simple.span.end)?;
        if !after.first().is_none_or(|byte| b" \t".contains(byte)) {
            return None;
        }
        let text = [before, value, b" ", after].concat();
        self.step(text.len() / 4);
        let script = guardsh_syntax::read(&text, self.shell.dialect, self.shell.options).ok()?;
        is_one_pipeline(&script).then(|| (Rc::from(text), script))
    }
}

/// One pipeline of simple commands that all have words.
fn is_one_pipeline(script: &Script) -> bool {
    let [statement] = script.statements.as_slice() else {
        return false;
    };
    statement.end == guardsh_syntax::StatementEnd::End
        && statement.list.rest.is_empty()
        && statement.list.first.bangs == 0
        && statement.list.first.timed.is_none()
        && !statement.list.first.stages.is_empty()
        && statement.list.first.stages.iter().all(
            |stage| matches!(&stage.command, Command::Simple(simple) if !simple.words.is_empty()),
        )
}
