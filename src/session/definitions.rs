//! What a shell that cannot print its functions was given to define.
//!
//! dash says that a name is a function and not which. Every definition it has came in a text that was judged, or
//! from something that nobody could read: so what was judged is remembered, and forgotten once something ran that
//! may have defined names unseen.

use guardsh_syntax::{Command, Dialect, Options, StatementEnd, read};
use std::collections::HashMap;

/// More functions than this are not remembered.
const MOST_FUNCTIONS: usize = 1024;

/// The functions of one shell, as far as its texts tell.
#[derive(Debug, Default)]
pub(crate) struct Definitions {
    /// `None`: one of several.
    functions: HashMap<Vec<u8>, Option<Vec<u8>>>,
    /// Functions may have come unseen.
    lost: bool,
}

/// What one text may define, in the order in which it was judged.
#[derive(Debug, Default)]
pub(crate) struct MayDefine {
    functions: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    lost: bool,
}

impl MayDefine {
    /// A function, as this text; `None`: as one that cannot be told.
    pub(crate) fn function(&mut self, name: &[u8], definition: Option<&[u8]>) {
        let known =
            |(one, text): &(Vec<u8>, Option<Vec<u8>>)| one == name && text.as_deref() == definition;
        if self.functions.len() > MOST_FUNCTIONS {
            self.lost = true;
        } else if !self.functions.iter().any(known) {
            let definition = definition.map(<[u8]>::to_vec);
            self.functions.push((name.to_vec(), definition));
        }
    }

    /// Anything, unseen.
    pub(crate) fn unseen(&mut self) {
        self.lost = true;
    }
}

impl Definitions {
    /// The one definition that the function can have.
    pub(crate) fn of(&self, name: &[u8]) -> Option<&[u8]> {
        self.functions.get(name)?.as_deref()
    }

    /// Takes in what a text may define that is about to run.
    pub(crate) fn runs(&mut self, text: &[u8], defines: MayDefine) {
        self.lost |= defines.lost || self.functions.len() > MOST_FUNCTIONS;
        if self.lost {
            self.functions.clear();
            return;
        }
        // Nothing but a definition: it happens, and what was there before is gone.
        let surely = defines.functions.len() == 1 && is_one_definition(text);
        for (name, definition) in defines.functions {
            self.functions
                .entry(name)
                .and_modify(|known| {
                    if surely {
                        known.clone_from(&definition);
                    } else if *known != definition {
                        *known = None;
                    }
                })
                .or_insert_with(|| definition.clone());
        }
    }
}

fn is_one_definition(text: &[u8]) -> bool {
    let options = Options {
        extglob: false,
        here_doc_at_end: false,
        backslash_at_end: false,
        comments: true,
    };
    let Ok(script) = read(text, Dialect::Posix, options) else {
        return false;
    };
    let [statement] = script.statements.as_slice() else {
        return false;
    };
    let pipeline = &statement.list.first;
    matches!(
        pipeline.stages.as_slice(),
        [stage] if matches!(stage.command, Command::Function(_))
    ) && statement.list.rest.is_empty()
        && pipeline.bangs == 0
        && pipeline.timed.is_none()
        && statement.end != StatementEnd::Background
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(definitions: &mut Definitions, text: &str, functions: &[(&str, &str)]) {
        let mut defines = MayDefine::default();
        for (name, definition) in functions {
            defines.function(name.as_bytes(), Some(definition.as_bytes()));
        }
        definitions.runs(text.as_bytes(), defines);
    }

    #[test]
    fn a_definition_alone_replaces_what_was_there() {
        let mut definitions = Definitions::default();
        run(&mut definitions, "f() { a; }", &[("f", "f() { a; }")]);
        run(&mut definitions, "f() { b; }", &[("f", "f() { b; }")]);
        assert_eq!(definitions.of(b"f"), Some(&b"f() { b; }"[..]));
    }

    #[test]
    fn of_two_that_may_be_neither_is_known() {
        for text in [
            "false && f() { b; }",
            "f() { b; } &",
            "! f() { b; }",
            "{ f() { b; }; }",
        ] {
            let mut definitions = Definitions::default();
            run(&mut definitions, "f() { a; }", &[("f", "f() { a; }")]);
            run(&mut definitions, text, &[("f", "f() { b; }")]);
            assert_eq!(definitions.of(b"f"), None, "{text}");
        }
    }

    #[test]
    fn what_may_define_unseen_makes_all_unknown() {
        let mut definitions = Definitions::default();
        run(&mut definitions, "f() { a; }", &[("f", "f() { a; }")]);
        let mut unseen = MayDefine::default();
        unseen.unseen();
        definitions.runs(b". ./lib", unseen);
        assert_eq!(definitions.of(b"f"), None);
        run(&mut definitions, "f() { a; }", &[("f", "f() { a; }")]);
        assert_eq!(definitions.of(b"f"), None);
    }
}
