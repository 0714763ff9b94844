//! Commands on standard input: one by one, in a live shell, with the caller's standard input left to them.
//!
//! The guard reads its descriptor 0 no further than the end of each command, so that `read x` in a script gets
//! the line behind it. What was read is judged with the shell's own state and handed over the channel; the
//! commands themselves find the caller's standard input where it was.

use super::command::{refuses, wants_more};
use super::ready::Ready;
use super::tell::{Teller, fault};
use super::wait::waited;
use crate::config::startup::Standing;
use crate::desk::{Desk, Step, Submitted};
use crate::feedback::{EXIT_FAULT, with_causes};
use crate::invocation::ShellCall;
use crate::session::{Definitions, LiveWorld, Surroundings};
use crate::shells::channel::{Channel, Fault, Report};
use crate::shells::{StandardStart, start_standard};
use crate::world::ShellKind;
use guardsh_syntax::{NotRead, Options, Place, Script, Until, first_command};
use guardsh_sys::plain::{Change, Signals, die_like, wait_beside};
use guardsh_sys::process::WaitsFor;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::ExitCode;
use std::time::Duration;

/// The status of text that the shell would not read.
const EXIT_INVALID: u8 = 2;
/// How soon, and how seldom, a shell that is silent is looked at.
const SHORTEST_LOOK: Duration = Duration::from_millis(20);
const LONGEST_LOOK: Duration = Duration::from_millis(500);
/// More here-documents than this are not ended for the input that did not end them.
const MOST_DOCUMENTS: usize = 100;
/// A command longer than this is not read to its end.
const LONGEST_COMMAND: usize = 16 << 20;

/// `guardsh -s`, `guardsh < script`
pub(crate) fn run_standard(ready: Ready, call: &ShellCall, arguments: &[OsString]) -> ExitCode {
    match Standard::start(ready, call, arguments).and_then(|mut standard| standard.drive()) {
        Ok(status) => ExitCode::from(status),
        Err(words) => {
            fault(&words);
            ExitCode::from(EXIT_FAULT)
        }
    }
}

struct Standard {
    desk: Desk,
    teller: Teller,
    signals: Signals,
    channel: Channel,
    around: Surroundings,
    definitions: Definitions,
    shell: ShellKind,
    program: std::path::PathBuf,
    input: Input,
}

/// What the loop goes on with.
enum Next {
    Go,
    End(u8),
}

impl Standard {
    fn start(ready: Ready, call: &ShellCall, arguments: &[OsString]) -> Result<Self, String> {
        let signals =
            Signals::take().map_err(|error| format!("signals cannot be taken over: {error}"))?;
        let _ = guardsh_sys::process::become_subreaper();
        let Ready {
            setup,
            world: _,
            env,
            program,
            shell,
            startup,
        } = ready;
        let teller = Teller::new(setup.loaded.config.feedback);
        let home = setup.places.home.clone();
        let trusted_path = setup.loaded.config.policy.trusted_path.clone();
        let desk = Desk::open(setup).map_err(|error| with_causes(&error))?;
        let start = StandardStart {
            kind: shell,
            program: program.clone(),
            login: call.login
                && startup
                    .iter()
                    .all(|file| file.standing != Standing::NotAccepted),
            options: call.passed.clone(),
            arguments: arguments.to_vec(),
            environment: env.variables,
        };
        let started = start_standard(&start)
            .map_err(|error| format!("{} cannot be started: {error}", program.display()))?;
        let around = Surroundings {
            shell,
            pid: started.pid,
            home,
            trusted_path,
            interactive: call.interactive,
        };
        Ok(Self {
            desk,
            teller,
            signals,
            channel: started.channel,
            around,
            definitions: Definitions::default(),
            shell,
            program,
            input: Input::new(),
        })
    }

    fn drive(&mut self) -> Result<u8, String> {
        // The shell reports once it is ready, and after each command.
        if let Next::End(status) = self.until_prompt()? {
            return Ok(status);
        }
        loop {
            let next = match self.next_command()? {
                Command::Text(text) => self.submit(&text)?,
                Command::Nothing => Next::Go,
                Command::Invalid(text, place) => return self.invalid(&text, &place),
                Command::ShellEnded => return self.ended(),
                Command::End => {
                    self.channel.close();
                    return self.ended();
                }
            };
            if let Next::End(status) = next {
                return Ok(status);
            }
            let _ = self.desk.sync_if_due();
        }
    }

    /// Reads one complete command of standard input, and not a byte more.
    fn next_command(&mut self) -> Result<Command, String> {
        let mut extglob = None;
        let mut text = Vec::new();
        let mut until: Option<Until> = None;
        loop {
            let before = text.len();
            let at_end = match self.line(&mut text)? {
                Line::Read => false,
                Line::End => true,
                Line::ShellEnded => return Ok(Command::ShellEnded),
            };
            if text.len() > LONGEST_COMMAND {
                return Err(format!(
                    "a command on standard input is longer than {LONGEST_COMMAND} bytes"
                ));
            }
            if at_end && text.is_empty() {
                return Ok(Command::End);
            }
            let line = text.get(before..).unwrap_or_default();
            if !at_end && !appears(until.as_ref(), line) {
                continue;
            }
            let mut read = self.first_of(&text, at_end, extglob.unwrap_or(false));
            if extglob.is_none()
                && may_be_extglob(&text)
                && matches!(read, Err(NotRead::Incomplete(_) | NotRead::Invalid(_)))
            {
                let on = self.has_extglob()?;
                extglob = Some(on);
                read = self.first_of(&text, at_end, on);
            }
            match read {
                Ok(script) if script.statements.is_empty() => return Ok(Command::Nothing),
                Ok(_) => {
                    if at_end {
                        self.end_documents(&mut text, extglob.unwrap_or(false));
                    }
                    return Ok(Command::Text(text));
                }
                Err(NotRead::Incomplete(place)) if !at_end => until = place.until,
                Err(NotRead::Incomplete(place) | NotRead::Invalid(place)) => {
                    return Ok(if refuses(&self.program, self.shell, &text) {
                        Command::Invalid(text, place)
                    } else {
                        // Text that the shell takes is a person's matter.
                        Command::Text(text)
                    });
                }
                Err(NotRead::Unsupported(_)) => {
                    let on = extglob.unwrap_or(false);
                    // dash does not say that a document misses its end: all that follows may belong to it.
                    let document =
                        self.shell == ShellKind::Dash && text.windows(2).any(|pair| pair == b"<<");
                    let more = document || wants_more(&self.program, self.shell, &text, on);
                    if at_end || !more {
                        return Ok(Command::Text(text));
                    }
                    until = None;
                }
            }
        }
    }

    /// Gives here-documents that the end of the input ended the line that ends them: what is put behind the text
    /// would be a part of them.
    fn end_documents(&self, text: &mut Vec<u8>, extglob: bool) {
        for _ in 0..MOST_DOCUMENTS {
            let Err(NotRead::Incomplete(Place {
                until: Some(Until::Line(delimiter)),
                ..
            })) = self.first_of(text, false, extglob)
            else {
                return;
            };
            if !text.ends_with(b"\n") {
                text.push(b'\n');
            }
            text.extend(delimiter);
            text.push(b'\n');
        }
    }

    fn first_of(&self, text: &[u8], at_end: bool, extglob: bool) -> Result<Script, NotRead> {
        // At the end the shell takes what a session would wait for.
        let reading = Options {
            extglob,
            here_doc_at_end: at_end,
            backslash_at_end: at_end,
            comments: true,
        };
        let (script, _) = first_command(text, self.shell.dialect(), reading)?;
        let backslashes = text
            .strip_suffix(b"\n")
            .unwrap_or_default()
            .iter()
            .rev()
            .take_while(|byte| **byte == b'\\')
            .count();
        if !at_end && backslashes % 2 == 1 {
            // A continuation takes the next line in, except in a comment. An open quote in its place tells which.
            let quoted = [
                text.get(..text.len().saturating_sub(2)).unwrap_or_default(),
                b"'\n",
            ]
            .concat();
            if let Err(NotRead::Incomplete(place)) =
                first_command(&quoted, self.shell.dialect(), reading)
            {
                return Err(NotRead::Incomplete(Place {
                    until: None,
                    ..place
                }));
            }
        }
        Ok(script)
    }

    /// Asks the shell, which enters a submission for that. A shell that is gone reads nothing any more.
    fn has_extglob(&mut self) -> Result<bool, String> {
        if self.shell != ShellKind::Bash || self.open().is_err() {
            return Ok(false);
        }
        let mut world = LiveWorld::new(&mut self.channel, &self.around, &self.definitions);
        let on = guardsh_policy::World::option(&mut world, "extglob")
            == guardsh_policy::Known::Yes(true);
        match world.into_fault() {
            None => Ok(on),
            Some(Fault::Closed) => Ok(false),
            Some(fault) => self.broken(&fault).map(|_| false),
        }
    }

    /// Opens a submission, unless one is open because the shell was asked how to read it.
    fn open(&mut self) -> Result<(), Fault> {
        if self.channel.waits() {
            Ok(())
        } else {
            self.channel.open()
        }
    }

    /// Adds the next line, newline and all. Signals and the end of the shell are seen while none comes.
    fn line(&mut self, into: &mut Vec<u8>) -> Result<Line, String> {
        loop {
            if self.input.ready() == 0 {
                let mut fds = [
                    PollFd::new(stdin(), PollFlags::POLLIN),
                    PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
                    PollFd::new(self.channel.fd(), PollFlags::POLLIN),
                ];
                match poll(&mut fds, PollTimeout::NONE) {
                    Ok(_) | Err(Errno::EINTR) => {}
                    Err(errno) => {
                        return Err(format!("standard input cannot be waited for: {errno}"));
                    }
                }
                let [input, signals, channel] = fds.map(|fd| fd.any().unwrap_or(true));
                if signals {
                    self.pass_on_signals()?;
                }
                if channel {
                    match self.channel.reports() {
                        Ok(_) => {}
                        Err(Fault::Closed) => return Ok(Line::ShellEnded),
                        Err(fault) => return self.broken(&fault).map(|_| Line::ShellEnded),
                    }
                }
                if !input {
                    continue;
                }
            }
            match self.input.read(into) {
                Ok(Piece::Line) => return Ok(Line::Read),
                Ok(Piece::End) => return Ok(Line::End),
                Ok(Piece::More) => {}
                Err(error) => return Err(format!("standard input cannot be read: {error}")),
            }
        }
    }

    fn submit(&mut self, text: &[u8]) -> Result<Next, String> {
        // A comment may end in a backslash; with its newline it is plain to see that nothing is continued.
        let text = match text.strip_suffix(b"\n") {
            Some(line) if !line.ends_with(b"\\") => line,
            Some(_) | None => text,
        };
        match self.open() {
            Ok(()) => {}
            // errexit: the shell has left after its last report.
            Err(Fault::Closed) => return self.ended().map(Next::End),
            Err(fault) => return self.broken(&fault),
        }
        let mut world = LiveWorld::new(&mut self.channel, &self.around, &self.definitions);
        world.prefetch(text);
        let extglob = guardsh_policy::World::option(&mut world, "extglob")
            == guardsh_policy::Known::Yes(true);
        let options = Options {
            extglob,
            here_doc_at_end: true,
            backslash_at_end: true,
            comments: true,
        };
        let step = match self.desk.submit(text, options, &mut world) {
            Submitted::Judged(step) => step,
            Submitted::Nothing => self
                .desk
                .submit_actions(text, options, Vec::new(), &mut world),
            Submitted::Incomplete(place) | Submitted::Invalid(place) => {
                let what = format!("text that guardsh does not read: {}", place.what);
                let action = crate::desk::opaque(text, what, &mut world);
                self.desk
                    .submit_actions(text, options, vec![action], &mut world)
            }
        };
        let step = waited(
            step,
            &mut self.desk,
            &mut world,
            &mut self.signals,
            self.teller,
        );
        let (fault, defines) = world.into_outcome();
        match fault {
            None => {}
            Some(Fault::Closed) => return self.ended().map(Next::End),
            Some(fault) => return self.broken(&fault),
        }
        if matches!(step, Step::Run(_)) {
            self.definitions.runs(text, defines);
        }
        match step {
            Step::Run(approved) => self.sent(|channel| channel.run(approved))?,
            Step::Refuse(refusal) => {
                self.teller.tell(&refusal);
                self.sent(|channel| channel.refuse(refusal.exit))?;
            }
            Step::Wait => return Err("the wait ended without an answer".to_owned()),
        }
        self.until_prompt()
    }

    /// A shell that left meanwhile is seen when its end is waited for.
    fn sent(&mut self, send: impl FnOnce(&mut Channel) -> Result<(), Fault>) -> Result<(), String> {
        match send(&mut self.channel) {
            Ok(()) | Err(Fault::Closed) => Ok(()),
            Err(fault) => self.broken(&fault).map(drop),
        }
    }

    /// Waits until the shell has done what it was given.
    fn until_prompt(&mut self) -> Result<Next, String> {
        let mut look = SHORTEST_LOOK;
        loop {
            match self.channel.reports() {
                Ok(reports) => {
                    for report in reports {
                        match report {
                            Report::Prompt { status } => {
                                let _ = self.desk.ended(i32::from(status));
                                return Ok(Next::Go);
                            }
                            Report::WaitEnded => {}
                        }
                    }
                }
                Err(Fault::Closed) => return self.ended().map(Next::End),
                Err(fault) => return self.broken(&fault),
            }
            self.pass_on_signals()?;
            let mut fds = [
                PollFd::new(self.channel.fd(), PollFlags::POLLIN),
                PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
            ];
            let timeout = PollTimeout::try_from(look).unwrap_or(PollTimeout::NONE);
            match poll(&mut fds, timeout) {
                Ok(0) => {
                    look = (look * 2).min(LONGEST_LOOK);
                    if self.left_its_line() && !self.has_said_something() {
                        // bash gives up on a whole line where an assignment cannot be evaluated, and goes on.
                        self.channel.seen_at_prompt();
                        let _ = self.desk.ended(1);
                        return Ok(Next::Go);
                    }
                }
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(format!("the shell cannot be waited for: {errno}")),
            }
        }
    }

    /// Whether the shell reads its next command although it has not reported the end of the last one.
    fn left_its_line(&self) -> bool {
        let pid = self.around.pid;
        guardsh_sys::process::waits_for(pid) == WaitsFor::Read(0)
            && std::fs::read_link(format!("/proc/{pid}/fd/0"))
                .is_ok_and(|link| link == self.channel.commands_link())
            && self.channel.is_taken_in().unwrap_or(false)
    }

    fn has_said_something(&self) -> bool {
        let mut fds = [PollFd::new(self.channel.fd(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::ZERO) != Ok(0)
    }

    fn pass_on_signals(&mut self) -> Result<(), String> {
        while let Some(arrived) = self.signals.arrived().map_err(|error| error.to_string())? {
            if !arrived.by_kernel && arrived.signal != Signal::SIGCHLD {
                let _ = guardsh_sys::process::signal(self.around.pid, arrived.signal);
            }
        }
        Ok(())
    }

    /// The shell said what it should not have: nothing more runs.
    fn broken(&mut self, why: &Fault) -> Result<Next, String> {
        self.channel.distrust();
        let _ = guardsh_sys::process::signal(self.around.pid, Signal::SIGKILL);
        let _ = wait_beside(self.around.pid, &mut self.signals);
        Err(format!(
            "the shell answered as no shell of ours does: {why}"
        ))
    }

    /// The shell is ending: its status is ours.
    fn ended(&mut self) -> Result<u8, String> {
        match wait_beside(self.around.pid, &mut self.signals) {
            Ok(Change::Exited(status)) => {
                let _ = self.desk.ended(status);
                Ok(u8::try_from(status & 0xff).unwrap_or(EXIT_FAULT))
            }
            Ok(Change::Killed(signal)) => {
                let _ = self.desk.ended(128 + signal);
                let _ = die_like(signal);
                Ok(u8::try_from(128 + signal).unwrap_or(EXIT_FAULT))
            }
            Err(error) => Err(format!("the shell cannot be waited for: {error}")),
        }
    }

    /// The shell's own words for text it would not run; it ends there, as a shell does.
    fn invalid(&mut self, text: &[u8], place: &Place) -> Result<u8, String> {
        self.desk
            .invalid(text, &place.what)
            .map_err(|error| with_causes(&error))?;
        let words = super::command::words_of_shell(&self.program, self.shell, text);
        let _ = io::stderr().write_all(&words);
        self.channel.close();
        let _ = guardsh_sys::process::signal(self.around.pid, Signal::SIGKILL);
        let _ = wait_beside(self.around.pid, &mut self.signals);
        Ok(EXIT_INVALID)
    }
}

/// What standard input gave.
enum Command {
    Text(Vec<u8>),
    Nothing,
    Invalid(Vec<u8>, Place),
    End,
    /// A signal or one of its own jobs ended the shell while it waited for a command.
    ShellEnded,
}

/// What waiting for a line came to.
enum Line {
    Read,
    /// The last line had no newline, or there was none.
    End,
    ShellEnded,
}

/// Whether a reader that knows extended patterns could see something else in it.
fn may_be_extglob(text: &[u8]) -> bool {
    text.windows(2)
        .any(|pair| matches!(pair, [b'?' | b'*' | b'+' | b'@' | b'!', b'(']))
}

/// Whether what must appear before reading again makes sense is in this line.
fn appears(until: Option<&Until>, line: &[u8]) -> bool {
    match until {
        None => true,
        Some(Until::Byte(byte)) => line.contains(byte),
        Some(Until::Line(wanted)) => {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let mut line = line;
            while let [b'\t', rest @ ..] = line {
                line = rest;
            }
            line == wanted.as_slice()
        }
    }
}

/// Descriptor 0, read line by line without reading ahead.
struct Input {
    /// Whether the file can be wound back, so that larger pieces may be read.
    seekable: bool,
    /// So many bytes can be read one by one without waiting.
    ready: usize,
}

/// What a read gave.
enum Piece {
    More,
    Line,
    End,
}

impl Input {
    fn new() -> Self {
        let seekable = nix::unistd::lseek(stdin(), 0, nix::unistd::Whence::SeekCur).is_ok();
        Self { seekable, ready: 0 }
    }

    /// How much there is that nobody has to wait for.
    fn ready(&mut self) -> usize {
        if self.seekable {
            return usize::MAX;
        }
        if self.ready == 0 {
            self.ready = guardsh_sys::tty::readable(stdin()).unwrap_or(0);
        }
        self.ready
    }

    /// Adds what comes next, up to the end of the line.
    fn read(&mut self, into: &mut Vec<u8>) -> io::Result<Piece> {
        let mut piece = [0_u8; 4096];
        let at_once = if self.seekable { piece.len() } else { 1 };
        let room = piece.get_mut(..at_once).unwrap_or_default();
        let count = match nix::unistd::read(stdin(), room) {
            Ok(0) => return Ok(Piece::End),
            Ok(count) => count,
            // Another reader of a shared pipe may have been faster.
            Err(Errno::EINTR | Errno::EAGAIN) => {
                self.ready = 0;
                return Ok(Piece::More);
            }
            Err(errno) => return Err(errno.into()),
        };
        self.ready = self.ready.saturating_sub(count);
        let got = piece.get(..count).unwrap_or_default();
        let Some(at) = got.iter().position(|byte| *byte == b'\n') else {
            into.extend_from_slice(got);
            return Ok(Piece::More);
        };
        into.extend_from_slice(got.get(..=at).unwrap_or_default());
        let surplus = i64::try_from(count - at - 1).unwrap_or(0);
        if surplus > 0 {
            nix::unistd::lseek(stdin(), -surplus, nix::unistd::Whence::SeekCur)?;
        }
        // What follows may be read by the command before the next line is looked for.
        self.ready = 0;
        Ok(Piece::Line)
    }
}

fn stdin() -> BorrowedFd<'static> {
    use std::sync::OnceLock;
    static STDIN: OnceLock<io::Stdin> = OnceLock::new();
    STDIN.get_or_init(io::stdin).as_fd()
}
