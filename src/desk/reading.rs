//! From bytes to actions, and the ways in which that can fail.

use guardsh_policy::{Action, ActionKind, Opaque, World, analyse};
use guardsh_syntax::{Dialect, NotRead, Options, Place, Span};

/// What reading a text gave.
#[derive(Debug)]
pub(crate) enum Reading {
    /// What it would do. Nothing at all for blank lines and comments.
    Actions(Vec<Action>),
    /// Grammar that is not judged here: one opaque action stands for the whole text.
    Unsupported(Vec<Action>, Place),
    /// More text may make it whole.
    Incomplete(Place),
    /// The shell would say syntax error.
    Invalid(Place),
}

/// Reads a text and finds its actions.
pub(crate) fn read(
    text: &[u8],
    dialect: Dialect,
    options: Options,
    world: &mut dyn World,
) -> Reading {
    match analyse(text, dialect, options, world) {
        Ok(actions) => Reading::Actions(actions),
        Err(NotRead::Incomplete(place)) => Reading::Incomplete(place),
        Err(NotRead::Invalid(place)) => Reading::Invalid(place),
        Err(NotRead::Unsupported(place)) => {
            let actions = vec![opaque(
                text,
                format!("text that guardsh does not read: {}", place.what),
                world,
            )];
            Reading::Unsupported(actions, place)
        }
    }
}

/// The one action of a text that cannot be seen into.
pub(crate) fn opaque(text: &[u8], what: String, world: &mut dyn World) -> Action {
    Action {
        kind: ActionKind::Opaque(Opaque {
            what,
            suggest: None,
        }),
        span: Span {
            start: 0,
            end: text.len(),
        },
        folder: world.folder(),
        via: Vec::new(),
    }
}
