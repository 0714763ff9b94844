//! `guardsh -c 'text'` and `guardsh FILE`: one text, judged whole, run by the real shell as a child beside us.

use super::ready::{Ready, shell_name};
use super::tell::{Teller, fault};
use super::wait::waited;
use crate::desk::{Desk, Step, Submitted};
use crate::feedback::{EXIT_FAULT, Outcome, Refusal, with_causes};
use crate::gate::Approved;
use crate::invocation::{Input, ShellCall};
use crate::world::ShellKind;
use guardsh_sys::plain::{Change, Plain, Signals, die_like, spawn, wait_beside};
use nix::errno::Errno;
use std::ffi::{CString, OsStr, OsString};
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

/// The status of text that the shell would not read.
const EXIT_INVALID: u8 = 2;
/// Longer texts cannot be an argument of a program; the kernel's limit is 128 KiB with its NUL.
const MAX_ARGUMENT: usize = 128 * 1024 - 1;
/// The number under which a sealed copy of a long script is handed to the shell.
const SCRIPT_FD: i32 = 9;

/// How the shell gets the text that was approved.
enum Hand {
    /// `-c TEXT NAME ARGS`
    Text(Vec<OsString>),
    /// The file itself, which its user cannot change.
    Path(OsString, Vec<OsString>),
    /// A script's bytes: as `-c` text where they fit, else as a sealed copy.
    Copy(OsString, Vec<OsString>),
}

/// `-c`
pub(crate) fn run_text(
    ready: Ready,
    call: &ShellCall,
    text: &[u8],
    arguments: &[OsString],
) -> ExitCode {
    let mut ready = ready;
    ready.world.positional = arguments
        .iter()
        .skip(1)
        .map(|word| word.as_bytes().to_vec())
        .collect();
    run(ready, call, text, &Hand::Text(arguments.to_vec()))
}

/// A script file.
pub(crate) fn run_file(
    ready: Ready,
    call: &ShellCall,
    path: &Path,
    arguments: &[OsString],
) -> ExitCode {
    let mut ready = ready;
    ready.world.positional = arguments
        .iter()
        .map(|word| word.as_bytes().to_vec())
        .collect();
    let found = script_path(path);
    let text = match std::fs::read(&found) {
        Ok(text) => text,
        Err(error) => {
            // In the words and with the status of the shell.
            let status = if error.kind() == io::ErrorKind::NotFound {
                127
            } else {
                126
            };
            let name = ready.shell.name();
            let why = io_words(&error);
            let _ = writeln!(
                io::stderr(),
                "{name}: {}: {why}",
                guardsh_protocol::shown(path.as_os_str().as_bytes())
            );
            return ExitCode::from(status);
        }
    };
    let real = std::fs::canonicalize(&found).unwrap_or_else(|_| found.clone());
    let fixed = matches!(
        crate::config::untrusted(&real, crate::config::Owner::Root),
        Ok(None)
    ) && nix::unistd::getuid().as_raw() != 0;
    let hand = if fixed {
        Hand::Path(found.into_os_string(), arguments.to_vec())
    } else {
        Hand::Copy(path.as_os_str().to_owned(), arguments.to_vec())
    };
    run(ready, call, &text, &hand)
}

/// A script without a slash that is not in the folder is looked for along PATH, as shells do.
fn script_path(path: &Path) -> std::path::PathBuf {
    if path.as_os_str().as_bytes().contains(&b'/') || path.exists() {
        return path.to_owned();
    }
    let along = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&along)
        .map(|folder| folder.join(path))
        .find(|file| file.is_file())
        .unwrap_or_else(|| path.to_owned())
}

fn io_words(error: &io::Error) -> String {
    error.raw_os_error().map_or_else(
        || error.to_string(),
        |number| Errno::from_raw(number).desc().to_owned(),
    )
}

fn run(ready: Ready, call: &ShellCall, text: &[u8], hand: &Hand) -> ExitCode {
    let mut signals = match Signals::take() {
        Ok(signals) => signals,
        Err(error) => return faulty(&format!("signals cannot be taken over: {error}")),
    };
    let reading = ready.reading();
    let Ready {
        setup,
        mut world,
        env,
        program,
        shell,
        startup: _,
    } = ready;
    let teller = Teller::new(setup.loaded.config.feedback);
    let mut desk = match Desk::open(setup) {
        Ok(desk) => desk,
        // Whoever reads JSON gets this as JSON, too.
        Err(error) if teller.is_json() => {
            teller.tell(&Refusal::new(Outcome::Fault, text, with_causes(&error)));
            return ExitCode::from(EXIT_FAULT);
        }
        Err(error) => return faulty(&with_causes(&error)),
    };
    let step = match desk.submit(text, reading, &mut world) {
        Submitted::Judged(step) => step,
        // Blanks and comments: the shell does nothing, in its own way.
        Submitted::Nothing => desk.submit_actions(text, reading, Vec::new(), &mut world),
        Submitted::Incomplete(place) | Submitted::Invalid(place) => {
            if let Some(words) = shells_words(&program, shell, call, text) {
                if let Err(error) = desk.invalid(text, &place.what) {
                    return faulty(&with_causes(&error));
                }
                let _ = io::stderr().write_all(&words);
                return ExitCode::from(EXIT_INVALID);
            }
            // The shell would have run it: then it is text that is not understood here.
            let what = format!("text that guardsh does not read: {}", place.what);
            let action = crate::desk::opaque(text, what, &mut world);
            desk.submit_actions(text, reading, vec![action], &mut world)
        }
    };
    let step = waited(step, &mut desk, &mut world, &mut signals, teller);
    let approved = match step {
        Step::Run(approved) => approved,
        Step::Refuse(refusal) => {
            teller.tell(&refusal);
            return ExitCode::from(refusal.exit);
        }
        Step::Wait => return faulty("the wait ended without an answer"),
    };
    let plain = match plain(approved, hand, call, &program, shell, &env.variables) {
        Ok(plain) => plain,
        Err(words) => return faulty(&words),
    };
    let _ = guardsh_sys::process::become_subreaper();
    let child = match spawn(&plain, signals.mask_before()) {
        Ok(child) => child,
        Err(error) => return faulty(&format!("{} cannot be started: {error}", program.display())),
    };
    drop(plain);
    match wait_beside(child, &mut signals) {
        Ok(Change::Exited(status)) => {
            let _ = desk.ended(status);
            ExitCode::from(u8::try_from(status & 0xff).unwrap_or(EXIT_FAULT))
        }
        Ok(Change::Killed(signal)) => {
            let _ = desk.ended(128 + signal);
            drop(desk);
            // Whoever waits for us must see the same end; if that fails, the status that a shell would tell.
            let _ = die_like(signal);
            ExitCode::from(u8::try_from(128 + signal).unwrap_or(EXIT_FAULT))
        }
        Err(error) => faulty(&format!("the shell cannot be waited for: {error}")),
    }
}

fn faulty(words: &str) -> ExitCode {
    fault(words);
    ExitCode::from(EXIT_FAULT)
}

/// What the shell itself says of text that does not parse; `None` if it would run it.
///
/// `-n` reads and never runs, so this is safe for any text.
fn shells_words(
    program: &Path,
    shell: ShellKind,
    call: &ShellCall,
    text: &[u8],
) -> Option<Vec<u8>> {
    let mut command = Command::new(program);
    // Under the name that the shell has when it runs, which stands in its words.
    command.arg0(shell_name(program, false));
    command.env_clear().env("PATH", "/usr/bin:/bin");
    if let Ok(language) = std::env::var("LANG") {
        command.env("LANG", language);
    }
    command.arg("-n");
    if shell == ShellKind::Bash {
        for (on, name) in &call.shopts {
            command.args([if *on { "-O" } else { "+O" }, name]);
        }
    }
    command.arg("-c").arg(OsStr::from_bytes(text));
    match &call.input {
        Input::Text { arguments, .. } => {
            command.args(arguments);
        }
        Input::File { path, .. } => {
            command.arg(path);
        }
        Input::Terminal | Input::Standard { .. } => {}
    }
    let output = command.stdin(Stdio::null()).output().ok()?;
    (!output.status.success()).then_some(output.stderr)
}

fn usual_call(shell: ShellKind) -> ShellCall {
    ShellCall {
        input: Input::Text {
            text: Vec::new(),
            arguments: vec![shell.name().into()],
        },
        ..ShellCall::default()
    }
}

/// Whether a shell in its usual state says that the text does not parse.
pub(super) fn refuses(program: &Path, shell: ShellKind, text: &[u8]) -> bool {
    shells_words(program, shell, &usual_call(shell), text).is_some()
}

/// What it says then, for text that is known not to parse.
pub(super) fn words_of_shell(program: &Path, shell: ShellKind, text: &[u8]) -> Vec<u8> {
    shells_words(program, shell, &usual_call(shell), text)
        .unwrap_or_else(|| format!("{}: syntax error\n", shell.name()).into_bytes())
}

/// Whether the shell itself would go on reading behind a text that the reader does not understand. It reads and runs
/// nothing.
pub(crate) fn wants_more(program: &Path, shell: ShellKind, text: &[u8], extglob: bool) -> bool {
    const SAYS: [&[u8]; 5] = [
        b"unexpected end of file",
        b"unexpected EOF while looking",
        b"delimited by end-of-file",
        b"end of file unexpected",
        b"Unterminated quoted string",
    ];
    // A line that goes on is whole to a shell whose input ends there.
    let line = text.strip_suffix(b"\n").unwrap_or(text);
    let backslashes = line.iter().rev().take_while(|byte| **byte == b'\\');
    if backslashes.count() % 2 == 1 {
        return true;
    }
    let mut command = std::process::Command::new(program);
    command.env_clear().arg("-n");
    if shell == ShellKind::Bash && extglob {
        command.args(["-O", "extglob"]);
    }
    let asked = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .and_then(|mut child| {
            if let Some(mut input) = child.stdin.take() {
                // A shell that gives up before the end has said why.
                let _ = input.write_all(text);
            }
            child.wait_with_output()
        });
    asked.is_ok_and(|said| {
        SAYS.iter()
            .any(|words| said.stderr.windows(words.len()).any(|at| at == *words))
    })
}

fn plain(
    approved: Approved,
    hand: &Hand,
    call: &ShellCall,
    program: &Path,
    shell: ShellKind,
    env: &[(OsString, OsString)],
) -> Result<Plain, String> {
    let dashed = call.login
        && std::env::args_os()
            .next()
            .is_some_and(|name| name.as_bytes().starts_with(b"-"));
    let mut argv = vec![shell_name(program, dashed)];
    if call.login && !dashed {
        argv.push("-l".into());
    }
    if call.interactive {
        argv.push("-i".into());
    }
    // bash takes its long options first.
    let (long, short): (Vec<_>, Vec<_>) = call
        .passed
        .iter()
        .cloned()
        .partition(|option| option.as_bytes().starts_with(b"--"));
    argv.splice(1..1, long);
    argv.extend(short);
    let text = approved.into_line();
    let mut keep = Vec::new();
    match hand {
        Hand::Text(arguments) => {
            argv.extend(["-c".into(), OsString::from_vec(text)]);
            argv.extend(arguments.iter().cloned());
        }
        Hand::Path(path, arguments) => {
            argv.push(path.clone());
            argv.extend(arguments.iter().cloned());
        }
        Hand::Copy(name, arguments) if text.len() <= MAX_ARGUMENT => {
            argv.extend(["-c".into(), OsString::from_vec(text), name.clone()]);
            argv.extend(arguments.iter().cloned());
        }
        Hand::Copy(name, arguments) => {
            // The commands of the script do not see the copy: its first words, which are ours, close it.
            let text = [format!("exec {SCRIPT_FD}<&-; ").as_bytes(), &text].concat();
            let copy: OwnedFd = guardsh_sys::io::sealed_file(c"script", &text)
                .map_err(|error| format!("a copy of the script cannot be made: {error}"))?;
            let number = copy.as_raw_fd();
            keep.push((copy, SCRIPT_FD));
            let source = match shell {
                ShellKind::Bash => format!(". /dev/fd/{SCRIPT_FD} \"$@\""),
                // dash hands a sourced file the caller's own parameters.
                ShellKind::Dash => format!(". /dev/fd/{SCRIPT_FD}"),
            };
            debug_assert!(number > 2);
            argv.extend(["-c".into(), source.into(), name.clone()]);
            argv.extend(arguments.iter().cloned());
        }
    }
    let text_of = |word: OsString| {
        CString::new(word.into_vec()).map_err(|_| "a word holds a NUL byte".to_owned())
    };
    Ok(Plain {
        program: text_of(program.as_os_str().to_owned())?,
        argv: argv.into_iter().map(text_of).collect::<Result<_, _>>()?,
        env: env
            .iter()
            .map(|(name, value)| {
                let mut pair = name.clone();
                pair.push("=");
                pair.push(value);
                text_of(pair)
            })
            .collect::<Result<_, _>>()?,
        keep,
    })
}
