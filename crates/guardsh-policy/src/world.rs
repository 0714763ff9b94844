//! What judging needs to know of the world, asked through one trait.
//!
//! The crate itself reads no file, clock or environment. A live session answers from its shell, `-c` and
//! scripts from the environment at the door, `policy test` from a world in which every bare name is a
//! trusted file. An answer may make a verdict stricter or fill in a word; where nothing is known the
//! answer is "unknown", which leads to *ask*.

use crate::action::{FileFacts, Folder};
use std::path::{Path, PathBuf};

/// Answers about the shell that will run the text and the machine it runs on.
pub trait World {
    /// The replacement text if the shell would expand this word as an alias in command position.
    fn alias(&mut self, name: &[u8]) -> Known<Option<Vec<u8>>>;
    /// The text of a function, as a definition that can be read again (`name () { … }`).
    fn function(&mut self, name: &[u8]) -> Known<Option<Vec<u8>>>;
    /// Whether the name is a builtin that is enabled.
    fn is_builtin(&mut self, name: &[u8]) -> Known<bool>;
    /// The file that running `name` from `folder` would start: a bare name by PATH (and the shell's hash
    /// table), one with a slash as a path.
    fn program(&mut self, name: &[u8], folder: &Folder) -> Known<Option<FileFacts>>;
    /// A shell variable.
    fn variable(&mut self, name: &[u8]) -> Known<Variable>;
    /// Positional parameters `$1` …; unknown inside sourced files and functions of the live shell.
    fn positional(&mut self) -> Known<Vec<Vec<u8>>>;
    /// What a glob (shell pattern syntax, quotes removed by backslashes) matches from `folder`, if a live
    /// shell can say so. `None`: leave it a pattern.
    fn glob(&mut self, pattern: &[u8], folder: &Folder) -> Option<Vec<Vec<u8>>>;
    /// Whether a shell option is on: `extglob`, `expand_aliases`, `posix`, `keyword` (set -k), `nullglob`, …
    fn option(&mut self, name: &str) -> Known<bool>;
    /// The folder at the start of the submission.
    fn folder(&mut self) -> Folder;
    /// The home of the user by the user database.
    fn home(&mut self) -> PathBuf;
    /// The home of another user by the user database.
    fn home_of(&mut self, user: &[u8]) -> Option<PathBuf>;
    /// An absolute path with the links of its deepest existing parent (and of itself, if it exists)
    /// resolved, `.` and `..` taken out. `None` where that cannot be told.
    fn real_path(&mut self, path: &Path) -> Option<PathBuf>;
    /// The first part of a regular file (at most `limit` bytes plus one), to judge what would be sourced.
    fn read_file(&mut self, path: &Path, limit: usize) -> Option<Vec<u8>>;
    /// Whether git, run from this folder, would run anything that a configuration names.
    fn git(&mut self, folder: &Folder) -> GitFacts;
    /// Whether the shell is interactive: it stays where `exit` finds stopped jobs, hooks and traps call its
    /// functions, and descriptors 3 to 7 can only have been opened by lines that were judged.
    fn interactive(&mut self) -> Known<bool> {
        Known::Unknown
    }
    /// Whether a folder is there and can be entered. Only a live answer helps; "unknown" keeps the place
    /// behind a `cd` that may fail unknown.
    fn is_folder(&mut self, _path: &Path) -> Known<bool> {
        Known::Unknown
    }
    /// Whether nobody but root can change this file between now and the run.
    fn is_fixed(&mut self, _path: &Path) -> bool {
        false
    }
    /// The text may define a function, as this text. For a world whose shell cannot print functions.
    fn may_define(&mut self, _name: &[u8], _definition: &[u8]) {}
    /// What names mean may change in the shell in a way that the text does not show.
    fn may_rename(&mut self) {}
    /// Whether this is the guard's own program, whose `-c` judges its text by itself.
    fn is_guard(&mut self, _program: &FileFacts) -> bool {
        false
    }
    /// Whether the session's pager cannot start a shell (`LESSSECURE=1` is set and will reach the program).
    fn pager_is_secure(&mut self) -> bool;
}

/// An answer, or that there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known<T> {
    /// So it is.
    Yes(T),
    /// Cannot be told.
    Unknown,
}

/// A shell variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Variable {
    /// Not set.
    Unset,
    /// A plain string.
    Scalar {
        /// Its value.
        value: Vec<u8>,
        /// Whether programs see it.
        exported: bool,
        /// Whether assignments to it are plain: no integer, nameref, case or readonly attribute.
        plain: bool,
    },
    /// An array, a nameref, or a variable whose reading changes it (RANDOM, SECONDS …).
    Special {
        /// Whether programs see it.
        exported: bool,
    },
}

/// What git would find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GitFacts {
    /// No git folder is found, or none of the configurations sets a key that runs something.
    Harmless,
    /// Why not, in words: "core.fsmonitor in .git/config".
    Runs(String),
    /// Cannot be told.
    Unknown,
}
