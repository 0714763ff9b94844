//! Tools that a guarded session must not use.

use guardsh_sys::ancestry::guarded_ancestor;
use nix::unistd::Pid;

/// Refuses a tool inside a guarded session, in words; `None`: this is outside.
///
/// Only a first hurdle, for the words: the service looks for itself.
pub(crate) fn refusal(tool: &str) -> Option<String> {
    match guarded_ancestor(Pid::this()) {
        Ok(None) => None,
        Ok(Some(_)) => Some(format!(
            "`guardsh {tool}` is not for use inside a guarded session; another terminal of a person is the place"
        )),
        Err(error) => Some(format!("`guardsh {tool}` is not run: {error}")),
    }
}

/// Refused: as a line that is not run.
pub(crate) const REFUSED: u8 = 126;
