//! A shell that reads commands from no terminal: the same channel, without prompts, history and job control.
//!
//! It is not interactive, so nothing but our own lines is run around a submission, and each constant line ends
//! with its report. The caller's standard input lies at a descriptor of its own and is that of each command.

use super::channel::{Channel, Fault};
use super::{Answer, Prepared, Query, Shell, Start, StartUp, Started, bash, dash, inode};
use crate::world::ShellKind;
use guardsh_sys::spawn::Spawn;
use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

/// What a shell for standard input is started with.
#[derive(Clone, Debug)]
pub(crate) struct StandardStart {
    /// Which it is.
    pub(crate) kind: ShellKind,
    /// Its file.
    pub(crate) program: PathBuf,
    /// As a login shell, whose profiles were all accepted.
    pub(crate) login: bool,
    /// Options, as typed.
    pub(crate) options: Vec<OsString>,
    /// `$1` and what follows.
    pub(crate) arguments: Vec<OsString>,
    /// The whole environment.
    pub(crate) environment: Vec<(OsString, OsString)>,
}

/// Stands for the caller's standard input where the constant line names a terminal.
const PLACE: &str = "/guardsh-standard-input";

/// The first line of the hook that only an interactive shell is to run.
const INTERACTIVE: &[u8] = b"\\builtin shopt -s expand_aliases\n";

#[derive(Debug)]
struct StandardBash;

#[derive(Debug)]
struct StandardDash;

/// Where bash finds the caller's standard input: above what it uses itself, out of reach of any judged line.
const BASH_INPUT: i32 = 15;
/// Where dash finds it: it cannot name a number of two digits.
const DASH_INPUT: i32 = 6;

impl Shell for StandardBash {
    fn prepare(&self, start: &Start, _terminal: &Path) -> Prepared {
        let mut prepared = bash::Bash.prepare(start, Path::new("/dev/null"));
        // What is behind this line in the hook is for interactive shells.
        let hook = &prepared.hook;
        let cut = hook
            .windows(INTERACTIVE.len())
            .rposition(|window| window == INTERACTIVE);
        let mut hook = hook
            .get(..cut.unwrap_or(hook.len()))
            .unwrap_or_default()
            .to_vec();
        hook.extend_from_slice(
            b"for __gs_t in \"${__gs_rc[@]}\"; do if [[ -r $__gs_t ]]; then . \"$__gs_t\" <\"$__gs_tty\" 8>&- 9<&-; fi; done\n\\builtin unset __gs_rc __gs_tty __gs_i __gs_t __gs_login BASH_ENV\n\\__gs_p 0\n",
        );
        prepared.hook = hook;
        prepared.arguments = start.options.clone();
        prepared.environment.retain(|(name, _)| name != "BASH_ENV");
        // A shell that is not interactive reads this first, if it is no login shell.
        prepared
            .environment
            .push(("BASH_ENV".into(), "/dev/fd/7".into()));
        prepared
    }

    fn constant_line(&self, nonce: &str, _terminal: &Path) -> Vec<u8> {
        let line = bash::Bash.constant_line(nonce, Path::new(PLACE));
        let from = [b"<".as_slice(), &super::quote::ansi_c(PLACE.as_bytes())].concat();
        let line = replaced(
            &line,
            &from,
            format!("<&{BASH_INPUT} {BASH_INPUT}<&-").as_bytes(),
        );
        // A refusal is a command that failed: errexit and ERR act on it. For text that ran they have acted already.
        let report = b"; __gs_z=$?; case $__gs_t in '') \\__gs_p \"$__gs_z\"; \\__gs_e \"$__gs_u\" ;; *) \\__gs_p \"$__gs_z\"; \\__gs_e \"$__gs_u\" && \\__gs_e \"$__gs_u\" ;; esac; }\n";
        let line = line.strip_suffix(b"; }\n").unwrap_or(&line);
        [line, report].concat()
    }

    fn payload(&self, text: &[u8]) -> Vec<u8> {
        bash::Bash.payload(text)
    }

    fn reads_by_length(&self) -> bool {
        bash::Bash.reads_by_length()
    }

    fn questions(&self, separator: &str, queries: &[Query]) -> Vec<u8> {
        bash::Bash.questions(separator, queries)
    }

    fn answer(&self, query: &Query, fields: &[Vec<u8>]) -> Result<Answer, Fault> {
        bash::Bash.answer(query, fields)
    }

    fn reports_each_prompt(&self) -> bool {
        true
    }
}

impl Shell for StandardDash {
    fn prepare(&self, start: &Start, _terminal: &Path) -> Prepared {
        let mut prepared = dash::Dash.prepare(start, Path::new("/dev/null"));
        prepared.arguments = start.options.clone();
        prepared.environment.retain(|(name, _)| name != "ENV");
        prepared
    }

    fn constant_line(&self, nonce: &str, _terminal: &Path) -> Vec<u8> {
        let line = dash::Dash.constant_line(nonce, Path::new(PLACE));
        let from = [b"<".as_slice(), &super::quote::single(PLACE.as_bytes())].concat();
        let line = replaced(&line, &from, b"<&7 7<&-");
        let end = b"\\__gs_r \"$__gs_s\" \"$__gs_u\" && \\__gs_v \"$__gs_u\"; }\n".as_slice();
        let both = b"case $__gs_t in '') \\__gs_r \"$__gs_s\" \"$__gs_u\" ;; *) \\__gs_r \"$__gs_s\" \"$__gs_u\" && \\__gs_v \"$__gs_u\" ;; esac; }\n";
        let line = line.strip_suffix(end).unwrap_or(&line);
        [line, both].concat()
    }

    fn payload(&self, text: &[u8]) -> Vec<u8> {
        dash::Dash.payload(text)
    }

    fn reads_by_length(&self) -> bool {
        dash::Dash.reads_by_length()
    }

    fn questions(&self, separator: &str, queries: &[Query]) -> Vec<u8> {
        dash::Dash.questions(separator, queries)
    }

    fn answer(&self, query: &Query, fields: &[Vec<u8>]) -> Result<Answer, Fault> {
        dash::Dash.answer(query, fields)
    }

    fn reports_each_prompt(&self) -> bool {
        true
    }
}

/// Starts a shell that will read its commands from us, with the caller's descriptors 1 and 2.
pub(crate) fn start_standard(start: &StandardStart) -> io::Result<Started> {
    let (shell, input): (&'static dyn Shell, i32) = match start.kind {
        ShellKind::Bash => (&StandardBash, BASH_INPUT),
        ShellKind::Dash => (&StandardDash, DASH_INPUT),
    };
    let session = Start {
        kind: start.kind,
        program: start.program.clone(),
        login: start.login,
        startup: if start.login {
            StartUp::Usual
        } else {
            StartUp::Without
        },
        options: start.options.clone(),
        environment: start.environment.clone(),
        folder: std::env::current_dir()?,
    };
    let prepared = shell.prepare(&session, Path::new(PLACE));
    let commands = guardsh_sys::io::one_way()?;
    let reports = guardsh_sys::io::one_way()?;
    let verdicts = guardsh_sys::io::one_way()?;
    let hook = guardsh_sys::io::sealed_file(c"guardsh-hook", &prepared.hook)?;
    let mut spawn = Spawn::new(&start.program, &prepared.name);
    for argument in &prepared.arguments {
        spawn.argument(argument);
    }
    spawn.argument("-s");
    if !start.arguments.is_empty() {
        spawn.argument("--");
    }
    for argument in &start.arguments {
        spawn.argument(argument);
    }
    let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
    spawn
        .environment(prepared.environment)
        .folder(&session.folder)
        .descriptor(0, commands.to.as_fd())
        .descriptor(1, stdout.as_fd())
        .descriptor(2, stderr.as_fd())
        .descriptor(7, hook.as_fd())
        .descriptor(8, reports.from.as_fd())
        .descriptor(9, verdicts.to.as_fd())
        .descriptor(input, stdin.as_fd());
    let pid = spawn.start()?;
    let mut channel = Channel::new(
        shell,
        commands.from,
        reports.to,
        verdicts.from,
        PathBuf::from(PLACE),
        (inode(commands.to)?, inode(verdicts.to)?),
    )?;
    if start.kind == ShellKind::Dash {
        // dash reads no file before its standard input.
        channel.first_line(b". /dev/fd/7; exec 7<&6 6<&-; __gs_r 0 ''\n")?;
    }
    Ok(Started { pid, channel })
}

fn replaced(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    match text.windows(from.len()).position(|window| window == from) {
        Some(at) => {
            let (before, rest) = text.split_at(at);
            [before, to, rest.get(from.len()..).unwrap_or_default()].concat()
        }
        None => text.to_vec(),
    }
}
