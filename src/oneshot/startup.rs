//! What start-up files leave behind, asked of a shell that runs only them.
//!
//! `guardsh -lc ls` runs the profile before the text: it may change PATH, define aliases and functions, set
//! variables. The files themselves are trusted or accepted; what they did is asked of a shell started in
//! the same way, with nothing but a constant text to run, and becomes the world in which the line is judged.

use crate::config::startup::{Accepted, Standing, StartUpFile, names};
use crate::world::{ShellKind, Snapshot, Started};
use guardsh_policy::Variable;
use guardsh_syntax::{AssignValue, Command, Dialect, Options, Script, Simple, read};
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read as _};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

/// A profile that takes longer, or says more, is not asked any further: its state counts as unknown.
const PROBE_TIME: Duration = Duration::from_secs(10);
const PROBE_BYTES: usize = 8 << 20;

/// Between the parts of the answer. Start-up files may print whatever they like before the first.
const MARK: &[u8] = b"\n\0guardsh\0\n";

const BASH_PROBE: &str = "\\builtin printf '\\n\\0guardsh\\0\\n'; \\builtin declare -p; \\builtin printf '\\n\\0guardsh\\0\\n'; \
     \\builtin declare -f; \\builtin printf '\\n\\0guardsh\\0\\n'; \\builtin alias -p; \\builtin printf '\\n\\0guardsh\\0\\n'; \
     \\builtin shopt -p; \\builtin printf '\\n\\0guardsh\\0\\n'; \\builtin shopt -po; \\builtin printf '\\n\\0guardsh\\0\\n'";

const DASH_PROBE: &str = "printf '\\n\\0guardsh\\0\\n'; set; printf '\\n\\0guardsh\\0\\n'; export -p; \
     printf '\\n\\0guardsh\\0\\n'; alias; printf '\\n\\0guardsh\\0\\n'";

/// How a shell is about to be started.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    /// Which.
    pub(crate) shell: ShellKind,
    /// Its file.
    pub(crate) program: &'a Path,
    /// A login shell.
    pub(crate) login: bool,
    /// `-i`
    pub(crate) interactive: bool,
    /// Its environment.
    pub(crate) env: &'a [(OsString, OsString)],
    /// Home by the user database or HOME: where its start-up files are.
    pub(crate) home: &'a Path,
    /// `--norc`
    pub(crate) no_rc: bool,
    /// `--noprofile`
    pub(crate) no_profile: bool,
}

/// The start-up files that would run, and whether bash would read `~/.bashrc` although it is not interactive.
pub(crate) fn files(start: &Start<'_>, accepted: &Accepted) -> io::Result<Vec<StartUpFile>> {
    let mut paths = Vec::new();
    if start.login && !start.no_profile {
        paths.extend(names(
            start.shell.name(),
            start.home,
            true,
            start.interactive,
        ));
    }
    if !start.login && !start.no_rc && (start.interactive || reads_rc_for_network(start)) {
        paths.extend(names(start.shell.name(), start.home, false, true));
    }
    let mut files = Vec::new();
    for path in paths {
        files.extend(accepted.look(&path)?);
    }
    Ok(files)
}

/// bash that believes it was started by a remote shell daemon reads `~/.bashrc` for `-c` as well: when its
/// standard input is a socket or `SSH_CLIENT` is set, and it is not inside another shell.
pub(crate) fn reads_rc_for_network(start: &Start<'_>) -> bool {
    if start.shell != ShellKind::Bash || start.no_rc {
        return false;
    }
    let value = |name: &str| {
        start
            .env
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_os_str())
    };
    let level = value("SHLVL")
        .and_then(OsStr::to_str)
        .and_then(|text| text.trim().parse::<i64>().ok())
        .unwrap_or(0);
    let by_ssh = value("SSH_CLIENT").is_some() || value("SSH2_CLIENT").is_some();
    level < 1 && (by_ssh || stdin_is_socket())
}

fn stdin_is_socket() -> bool {
    let Ok(facts) = nix::sys::stat::fstat(io::stdin().as_fd()) else {
        return false;
    };
    facts.st_mode & nix::libc::S_IFMT == nix::libc::S_IFSOCK
}

/// What the shell knows once these files have run.
pub(crate) fn started(start: &Start<'_>, files: &[StartUpFile]) -> Started {
    if files.is_empty() {
        return Started::Plain;
    }
    if files
        .iter()
        .any(|file| file.standing == Standing::NotAccepted)
    {
        return Started::Unknown;
    }
    let Ok(answer) = ask(start) else {
        return Started::Unknown;
    };
    let snapshot = match start.shell {
        ShellKind::Bash => bash_snapshot(&answer),
        ShellKind::Dash => dash_snapshot(&answer),
    };
    snapshot.map_or(Started::Unknown, |snapshot| {
        Started::With(Box::new(snapshot))
    })
}

fn ask(start: &Start<'_>) -> io::Result<Vec<u8>> {
    let probe = match start.shell {
        ShellKind::Bash => BASH_PROBE,
        ShellKind::Dash => DASH_PROBE,
    };
    let mut command = std::process::Command::new(start.program);
    command
        .env_clear()
        .envs(start.env.iter().map(|(name, value)| (name, value)));
    if start.login {
        command.arg("-l");
    }
    if start.interactive {
        command.arg("-i");
    }
    if start.no_rc {
        command.arg("--norc");
    }
    if start.no_profile {
        command.arg("--noprofile");
    }
    if reads_rc_for_network(start) {
        // The same files must run, whatever this shell's standard input is.
        command.env(
            "SSH_CLIENT",
            start
                .env
                .iter()
                .find(|(name, _)| name == "SSH_CLIENT")
                .map_or("guardsh".as_ref(), |(_, value)| value.as_os_str()),
        );
    }
    command
        .args(["-c", probe])
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null());
    let mut child = command.spawn()?;
    let answer = read_within(&mut child);
    // A start-up file may have left something that keeps the pipe open; nobody waits for that.
    let _ = child.kill();
    child.wait()?;
    answer
}

fn read_within(child: &mut std::process::Child) -> io::Result<Vec<u8>> {
    let Some(mut output) = child.stdout.take() else {
        return Err(io::ErrorKind::BrokenPipe.into());
    };
    let until = Instant::now() + PROBE_TIME;
    let mut bytes = Vec::new();
    let mut buffer = [0; 65536];
    let marks = 4;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let timeout =
            nix::poll::PollTimeout::try_from(left).unwrap_or(nix::poll::PollTimeout::ZERO);
        let mut wanted = [nix::poll::PollFd::new(
            output.as_fd(),
            nix::poll::PollFlags::POLLIN,
        )];
        if nix::poll::poll(&mut wanted, timeout)? == 0 {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let count = output.read(&mut buffer)?;
        bytes.extend_from_slice(buffer.get(..count).unwrap_or_default());
        if bytes.len() > PROBE_BYTES {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if count == 0 {
            let complete = parts(&bytes).len() >= marks;
            return if complete {
                Ok(bytes)
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            };
        }
    }
}

/// What stands between the marks.
fn parts(answer: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut rest = answer;
    while let Some(at) = rest.windows(MARK.len()).position(|window| window == MARK) {
        let (part, after) = rest.split_at(at);
        parts.push(part);
        rest = after.get(MARK.len()..).unwrap_or_default();
    }
    // The first is whatever the start-up files printed.
    if !parts.is_empty() {
        parts.remove(0);
    }
    parts
}

const READ: Options = Options {
    extglob: true,
    here_doc_at_end: true,
    backslash_at_end: true,
    comments: true,
};

fn bash_snapshot(answer: &[u8]) -> Option<Snapshot> {
    let [variables, functions, aliases, shopts, options] = parts(answer).try_into().ok()?;
    let mut snapshot = Snapshot::default();
    for simple in simples(&read(variables, Dialect::Bash, READ).ok()?)? {
        let [_, flags, ..] = simple.words.as_slice() else {
            return None;
        };
        declared(
            &flags.literal_value()?,
            simple.words.get(2)?,
            &mut snapshot.variables,
        )?;
    }
    let read_functions = read(functions, Dialect::Bash, READ).ok()?;
    for statement in &read_functions.statements {
        let [stage] = statement.list.first.stages.as_slice() else {
            return None;
        };
        match &stage.command {
            Command::Function(function) => {
                let text = functions.get(function.span.start..function.span.end)?;
                snapshot
                    .functions
                    .insert(function.name.clone(), text.to_vec());
            }
            // `declare -fx name` follows an exported function.
            Command::Simple(_) => {}
            Command::Compound(_) | Command::Coproc(_) => return None,
        }
    }
    named_values(aliases, Dialect::Bash, &mut snapshot.aliases)?;
    for simple in simples(&read(shopts, Dialect::Bash, READ).ok()?)? {
        let words: Option<Vec<Vec<u8>>> = simple
            .words
            .iter()
            .map(|word| word.literal_value())
            .collect();
        if let [_, flag, name] = words?.as_slice() {
            snapshot
                .options
                .insert(String::from_utf8(name.clone()).ok()?, flag == b"-s");
        }
    }
    for simple in simples(&read(options, Dialect::Bash, READ).ok()?)? {
        let words: Option<Vec<Vec<u8>>> = simple
            .words
            .iter()
            .map(|word| word.literal_value())
            .collect();
        if let [_, flag, name] = words?.as_slice() {
            snapshot
                .options
                .insert(String::from_utf8(name.clone()).ok()?, flag == b"-o");
        }
    }
    Some(snapshot)
}

/// One line of `declare -p`: flags, and `NAME` or `NAME=value`.
fn declared(
    flags: &[u8],
    word: &guardsh_syntax::Word,
    into: &mut HashMap<Vec<u8>, Variable>,
) -> Option<()> {
    let exported = flags.contains(&b'x');
    let plain = !flags
        .iter()
        .any(|flag| matches!(flag, b'i' | b'n' | b'r' | b'l' | b'u' | b'c'));
    let is_array = flags.iter().any(|flag| matches!(flag, b'a' | b'A' | b'n'));
    match word.literal_value() {
        Some(text) if !is_array => {
            let (name, value) = match text.iter().position(|byte| *byte == b'=') {
                Some(at) => (text.get(..at)?.to_vec(), text.get(at + 1..)?.to_vec()),
                None => {
                    into.insert(text, Variable::Unset);
                    return Some(());
                }
            };
            let variable = if changes_by_itself(&name) {
                Variable::Special { exported }
            } else {
                Variable::Scalar {
                    value,
                    exported,
                    plain,
                }
            };
            into.insert(name, variable);
        }
        Some(_) | None => {
            let name = first_name(word)?;
            into.insert(name, Variable::Special { exported });
        }
    }
    Some(())
}

fn first_name(word: &guardsh_syntax::Word) -> Option<Vec<u8>> {
    let guardsh_syntax::WordPartKind::Literal(text) = &word.parts.first()?.kind else {
        return None;
    };
    Some(text.split(|byte| *byte == b'=').next()?.to_vec())
}

/// Variables whose value another shell, or a later moment, has otherwise.
fn changes_by_itself(name: &[u8]) -> bool {
    name.starts_with(b"BASH") && name != b"BASH_VERSION"
        || matches!(
            name,
            b"RANDOM"
                | b"SRANDOM"
                | b"SECONDS"
                | b"LINENO"
                | b"EPOCHSECONDS"
                | b"EPOCHREALTIME"
                | b"PPID"
                | b"_"
                | b"HISTCMD"
                | b"SHLVL"
                | b"PIPESTATUS"
                | b"OPTIND"
                | b"OPTARG"
        )
}

fn dash_snapshot(answer: &[u8]) -> Option<Snapshot> {
    let [set, exports, aliases] = parts(answer).try_into().ok()?;
    let mut snapshot = Snapshot::default();
    let mut values = HashMap::new();
    named_values(set, Dialect::Posix, &mut values)?;
    let mut exported = Vec::new();
    for simple in simples(&read(exports, Dialect::Posix, READ).ok()?)? {
        let text = simple.words.get(1)?.literal_value()?;
        exported.push(text.split(|byte| *byte == b'=').next()?.to_vec());
    }
    for (name, value) in values {
        let exported = exported.contains(&name);
        let variable = if changes_by_itself(&name) {
            Variable::Special { exported }
        } else {
            Variable::Scalar {
                value,
                exported,
                plain: true,
            }
        };
        snapshot.variables.insert(name, variable);
    }
    named_values(aliases, Dialect::Posix, &mut snapshot.aliases)?;
    Some(snapshot)
}

/// Reads `name='value'` or `alias name='value'`, one statement each.
fn named_values(text: &[u8], dialect: Dialect, into: &mut HashMap<Vec<u8>, Vec<u8>>) -> Option<()> {
    for simple in simples(&read(text, dialect, READ).ok()?)? {
        match (simple.assignments.as_slice(), simple.words.as_slice()) {
            ([assignment], []) => {
                let AssignValue::Scalar(value) = &assignment.value else {
                    return None;
                };
                into.insert(assignment.name.clone(), value.literal_value()?);
            }
            ([], [words @ .., last]) if words.len() <= 2 => {
                let text = last.literal_value()?;
                let at = text.iter().position(|byte| *byte == b'=')?;
                into.insert(text.get(..at)?.to_vec(), text.get(at + 1..)?.to_vec());
            }
            _ => return None,
        }
    }
    Some(())
}

fn simples(script: &Script) -> Option<Vec<&Simple>> {
    script
        .statements
        .iter()
        .map(|statement| match statement.list.first.stages.as_slice() {
            [stage] if statement.list.rest.is_empty() => match &stage.command {
                Command::Simple(simple) => Some(simple),
                Command::Compound(_) | Command::Function(_) | Command::Coproc(_) => None,
            },
            _ => None,
        })
        .collect()
}
