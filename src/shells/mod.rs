//! The real shells: how each is started, spoken to and quoted for.
//!
//! A shell gets its commands by a private channel and never from the terminal: see [`channel`]. What it
//! reports is a hint, which may fill in a word or make a verdict stricter; a report that is missing, malformed
//! or unasked ends the session's trust in it.

mod bash;
pub(crate) mod channel;
mod dash;
pub(crate) mod quote;
mod standard;

pub(crate) use standard::{StandardStart, start_standard};

use crate::world::ShellKind;
use channel::{Channel, Fault};
use guardsh_sys::Pid;
use guardsh_sys::pty::Pty;
use guardsh_sys::spawn::Spawn;
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

fn shell_of(kind: ShellKind) -> &'static dyn Shell {
    match kind {
        ShellKind::Bash => &bash::Bash,
        ShellKind::Dash => &dash::Dash,
    }
}

/// What a shell is started with.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    /// Which it is.
    pub(crate) kind: ShellKind,
    /// Its file.
    pub(crate) program: PathBuf,
    /// As a login shell.
    pub(crate) login: bool,
    /// Its own start-up file.
    pub(crate) startup: StartUp,
    /// Options for the shell itself (`-O extglob`, `-e`), as typed.
    pub(crate) options: Vec<OsString>,
    /// The whole environment.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// Where it starts.
    pub(crate) folder: PathBuf,
}

/// The files an interactive shell reads at its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StartUp {
    /// The shell's usual ones: the machine's, then `~/.bashrc` or `$ENV`.
    Usual,
    /// The machine's (`/etc/bash.bashrc`) and none of the user's.
    System,
    /// None (`--norc`).
    Without,
}

/// A shell that runs.
#[derive(Debug)]
pub(crate) struct Started {
    /// The shell's process.
    pub(crate) pid: Pid,
    /// The way to it.
    pub(crate) channel: Channel,
}

/// One shell's ways. Values in, bytes out; no I/O but in [`Shell::prepare`].
trait Shell: std::fmt::Debug + Sync {
    /// The text of the start-up hook and the arguments and environment that make the shell read it from
    /// descriptor 7.
    fn prepare(&self, start: &Start, terminal: &Path) -> Prepared;
    /// The line on descriptor 0 for each submission: the same every time but for the nonce.
    fn constant_line(&self, nonce: &str, terminal: &Path) -> Vec<u8>;
    /// An approved text as the payload of a message.
    fn payload(&self, text: &[u8]) -> Vec<u8>;
    /// Whether it can read so many bytes of descriptor 9 at once, and not only up to a newline, byte by byte.
    fn reads_by_length(&self) -> bool;
    /// Code that prints this word, then for each question its answer's fields and the word again, each ended
    /// by NUL.
    fn questions(&self, separator: &str, queries: &[Query]) -> Vec<u8>;
    /// What the fields mean.
    fn answer(&self, query: &Query, fields: &[Vec<u8>]) -> Result<Answer, Fault>;
    /// Whether each prompt comes with a report.
    fn reports_each_prompt(&self) -> bool;
}

/// What [`Shell::prepare`] gives.
struct Prepared {
    name: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    hook: Vec<u8>,
}

/// What can be asked of a live shell that waits for a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Query {
    /// What a bare command word means. No NUL in it, and not empty.
    Word(Vec<u8>),
    /// The text of a function.
    Function(Vec<u8>),
    /// A variable. A plain identifier, never one that changes when it is read.
    Variable(String),
    /// What a pattern matches in the shell's folder; made by [`quote::pattern`].
    Glob(Vec<u8>),
    /// Folder, options, positional parameters.
    State,
    /// What programs would find in their environment.
    Environment,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// To [`Query::Word`].
    Word(WordMeaning),
    /// To [`Query::Function`]: its text; `None` where the shell cannot print it.
    Function(Option<Vec<u8>>),
    /// To [`Query::Variable`].
    Variable(guardsh_policy::Variable),
    /// To [`Query::Glob`].
    Glob(Vec<Vec<u8>>),
    /// To [`Query::State`].
    State(State),
    /// To [`Query::Environment`].
    Environment(Vec<(Vec<u8>, Vec<u8>)>),
}

/// What a bare command word means to the shell now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WordMeaning {
    /// The replacement if it is an alias.
    pub(crate) alias: Option<Vec<u8>>,
    /// It is a function.
    pub(crate) function: bool,
    /// It is a builtin that is enabled.
    pub(crate) builtin: bool,
    /// Where the shell remembers (or finds) the program.
    pub(crate) remembered: Option<PathBuf>,
}

/// The shell's state at the start of a submission.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// `$PWD`.
    pub(crate) folder: Vec<u8>,
    /// Names of the options that are on, of `set -o` and `shopt`.
    pub(crate) options: Vec<String>,
    /// `$1` and on.
    pub(crate) positional: Vec<Vec<u8>>,
    /// Exported names, where the shell tells them only all at once.
    pub(crate) exported: Option<Vec<Vec<u8>>>,
    /// Read-only names, likewise.
    pub(crate) read_only: Option<Vec<Vec<u8>>>,
}

/// Starts a shell on the inner terminal. It has descriptors 0 (commands), 1 and 2 (the terminal), 7 (the hook,
/// until read), 8 (reports) and 9 (questions and verdicts).
pub(crate) fn start(start: &Start, pty: &Pty) -> io::Result<Started> {
    let shell = shell_of(start.kind);
    let prepared = shell.prepare(start, pty.path());
    let commands = guardsh_sys::io::one_way()?;
    let reports = guardsh_sys::io::one_way()?;
    let verdicts = guardsh_sys::io::one_way()?;
    let hook = guardsh_sys::io::sealed_file(c"guardsh-hook", &prepared.hook)?;
    let mut spawn = Spawn::new(&start.program, &prepared.name);
    for argument in &prepared.arguments {
        spawn.argument(argument);
    }
    spawn
        .environment(prepared.environment)
        .folder(&start.folder)
        .terminal(pty.terminal())
        .descriptor(0, commands.to.as_fd())
        .descriptor(1, pty.terminal())
        .descriptor(2, pty.terminal())
        .descriptor(7, hook.as_fd())
        .descriptor(8, reports.from.as_fd())
        .descriptor(9, verdicts.to.as_fd());
    let pid = spawn.start()?;
    // The shell's ends are closed here by going out of scope: when the shell ends, its reports end.
    Ok(Started {
        pid,
        channel: Channel::new(
            shell,
            commands.from,
            reports.to,
            verdicts.from,
            pty.path().to_owned(),
            (inode(commands.to)?, inode(verdicts.to)?),
        )?,
    })
}

fn inode(fd: OwnedFd) -> io::Result<u64> {
    Ok(std::fs::File::from(fd).metadata()?.ino())
}
