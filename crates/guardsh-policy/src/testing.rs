//! For tests: lines to actions, in a world for proofs.

use crate::action::Action;
use crate::prove::ProvingWorld;
use crate::world::World;
use guardsh_syntax::{Dialect, Options};

/// The actions of a line.
pub(crate) fn actions(line: &str, world: &mut dyn World) -> Vec<Action> {
    let options = Options {
        extglob: false,
        here_doc_at_end: true,
        backslash_at_end: true,
        comments: true,
    };
    crate::actions::analyse(line.as_bytes(), Dialect::Bash, options, world).unwrap()
}

/// A world for proofs.
pub(crate) fn world() -> ProvingWorld {
    ProvingWorld::new(Dialect::Bash)
}
