//! What a submission would do: the actions that rules are matched against.
//!
//! Made by [`crate::actions`] from a syntax tree, judged by [`crate::judge`].

use guardsh_syntax::Span;
use std::path::PathBuf;

/// One thing that a submission would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// What it is.
    pub kind: ActionKind,
    /// The bytes of the submission that say so.
    pub span: Span,
    /// The folder it would happen in.
    pub folder: Folder,
    /// The wrappers and constructs around it, outermost first, in words: `sudo`, `xargs`, `function f`.
    pub via: Vec<String>,
}

/// The folder that an action happens in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Folder {
    /// Absolute, as the shell has it.
    Known(PathBuf),
    /// After a `cd` to a place that only execution knows.
    Unknown,
}

/// The kinds of actions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionKind {
    /// A program, builtin or function is called.
    Run(Run),
    /// A path is opened for writing, created, truncated, removed or changed.
    Write(PathUse),
    /// A path is read by redirection, by `source`, or by an operand known to be read.
    Read(PathUse),
    /// A variable is set.
    Set(Set),
    /// Text goes to a running program as its input.
    Input(Input),
    /// Something that cannot be seen, or that no rule may allow.
    Opaque(Opaque),
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The words after expansion, the command name first. Never empty. A word whose [`ActionWord::count`]
    /// is [`Count::Any`] stands for any number of words, none included.
    pub argv: Vec<ActionWord>,
    /// What the name leads to.
    pub program: Program,
    /// Whether the call needs a rule of its own.
    pub standing: Standing,
    /// Operands (as words of `argv`) whose contents are read with everything below them.
    pub reads_below: Vec<ActionWord>,
}

/// Whether a call needs a rule of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// As usual: deny, ask, allow, default.
    Judged,
    /// Only deny and ask rules are looked at: a wrapper that only runs what it names, or a function whose
    /// body is judged in its place.
    Transparent,
}

/// What a command name leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// The shell's own.
    Builtin,
    /// A function. Its body's actions stand beside this one.
    Function,
    /// A file.
    File(FileFacts),
    /// Found nowhere.
    Missing,
    /// Only execution knows (a dynamic name, or after a change of PATH, aliases, functions ...).
    Unknown,
}

/// What is known of a file that would run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// Where the name led: the path as found (PATH folder and name, or as typed made absolute).
    pub found: PathBuf,
    /// The same with every link resolved.
    pub real: PathBuf,
    /// Device of the real file.
    pub device: u64,
    /// Inode of the real file.
    pub inode: u64,
    /// When its contents, owner or mode last changed, in nanoseconds; told only of a file that others than root
    /// could change: an approval is for the file as it was.
    pub changed: Option<i128>,
    /// Whether found in `trusted_path` and out of reach of everyone but root (contract 1).
    pub trust: Trust,
}

/// Whether a program file can be trusted by a bare name in an allow rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// In `trusted_path`, root's, not writable by others, nor is any parent.
    Trusted,
    /// Why not, in words.
    Untrusted(String),
}

/// A use of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathUse {
    /// The path as a word.
    pub path: ActionWord,
    /// How, in words: "redirection", "operand of tee", "source".
    pub how: String,
    /// Everything below is used too.
    pub below: bool,
}

/// An assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// The variable's name; dynamic when computed.
    pub name: ActionWord,
    /// The value; dynamic for arrays with dynamic elements. `None`: unset, or only attributes.
    pub value: Option<ActionWord>,
    /// Where it holds.
    pub scope: SetScope,
}

/// Where an assignment holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetScope {
    /// `x=1`, and x is not exported: the shell itself only.
    Shell,
    /// Exported: every program from then on.
    Exported,
    /// `x=1 cmd`, `env x=1 cmd`: that command only.
    Command,
}

/// A line for a running program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Which program reads it.
    pub program: Vec<u8>,
    /// The whole line, without its newline.
    pub line: Vec<u8>,
}

/// What no rule can allow: it follows `unparsable`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opaque {
    /// In words, fit for a reviewer: "code from standard input of `sh`", "defines a function named `eval`".
    pub what: String,
    /// What to do instead, if that is known.
    pub suggest: Option<String>,
}

/// A word as far as it is known before it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionWord {
    /// As written in the submission.
    pub source: Vec<u8>,
    /// What it will be.
    pub state: WordState,
    /// Exactly one word, or any number.
    pub count: Count,
}

/// How well a word is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WordState {
    /// Written so; nothing expands.
    Literal(Vec<u8>),
    /// The values it may have, at least one: a plain expansion that was resolved, a constant of the text, a
    /// loop over constants. For a rule to allow, all must match.
    Resolved(Vec<Vec<u8>>),
    /// A glob that is left to the shell: may become any number of words, may begin with `-`.
    Pattern(Vec<Piece>),
    /// Anything else. The pieces are what is known of it; no pieces, or one [`Piece::Unknown`]: nothing.
    Dynamic(Vec<Piece>),
}

/// A piece of a word that is not wholly known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// These bytes.
    Known(Vec<u8>),
    /// Unquoted `*`.
    Star,
    /// Unquoted `?`.
    Question,
    /// Unquoted `[…]`: the text between.
    Bracket(Vec<u8>),
    /// Any bytes at all, none included.
    Unknown,
}

/// How many words a word becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Exactly one.
    One,
    /// Any number, none included.
    Any,
}

impl ActionWord {
    /// A word that is written as it is.
    pub fn literal(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self {
            source: bytes.clone(),
            state: WordState::Literal(bytes),
            count: Count::One,
        }
    }

    /// The word's values where every one is known.
    pub fn values(&self) -> Option<&[Vec<u8>]> {
        match &self.state {
            WordState::Literal(value) => Some(std::slice::from_ref(value)),
            WordState::Resolved(values) => Some(values),
            WordState::Pattern(_) | WordState::Dynamic(_) => None,
        }
    }

    /// The word's value where it is known and there is just one.
    pub fn value(&self) -> Option<&[u8]> {
        match self.values() {
            Some([only]) => Some(only),
            Some(_) | None => None,
        }
    }

    /// The name that `check --json` gives the state.
    pub fn state_name(&self) -> &'static str {
        match self.state {
            WordState::Literal(_) => "literal",
            WordState::Resolved(_) => "resolved",
            WordState::Pattern(_) => "pattern",
            WordState::Dynamic(_) => "dynamic",
        }
    }
}
