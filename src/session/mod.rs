//! The driver of an interactive session: outer terminal, inner pty, editor, command channel, foreground program.
//!
//! One thread, one poll loop. What is typed at the prompt goes to the editor; what it submits is judged while
//! the shell waits in the constant line of the submission; only what the judge hands back as approved is sent.
//! What is typed while something runs goes where [`foreground`] says. Whatever the shell reports that it should
//! not ends the session: nothing more runs. The terminal is as it was found on every way out.

mod definitions;
pub(crate) mod editor;
mod foreground;
mod start;
#[cfg(test)]
mod tests;
pub(crate) mod world;

pub(crate) use start::start;

use crate::gate::Approved;
use crate::shells::channel::{Channel, Fault, Report};
use crate::shells::{self, Start};
pub(crate) use definitions::Definitions;
use foreground::{Home, Reader};
use guardsh_policy::{Known, Variable, World};
use guardsh_sys::io::{Got, Want, read_some, wait_ready, write_some};
use guardsh_sys::process::{self, Change, Ended, WaitsFor};
use guardsh_sys::pty::Pty;
use guardsh_sys::signals::Signals;
use guardsh_sys::tty::{self, Control, Mode, RawMode, Size};
use guardsh_sys::{Pid, Signal};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::time::{Duration, Instant};
pub(crate) use world::{LiveWorld, Surroundings};

/// What typed bytes are held at most while nobody takes them; then the terminal itself holds the rest.
const MOST_HELD: usize = 1 << 20;
/// How much of an unended line of output is remembered as the prompt.
const LONGEST_PROMPT: usize = 8192;
/// After a prompt, what comes within this time and while nothing is typed still belongs to it.
const PROMPT_SETTLES: Duration = Duration::from_millis(100);
/// How long a lone ESC is waited on before it is the Escape key.
const ESCAPE_WAITS: Duration = Duration::from_millis(50);
/// A shell that reads its next command and has not reported its prompt by then is not ours any more.
const REPORT_OWED: Duration = Duration::from_secs(5);
/// Between two looks at a shell that works or at a program that does not read.
const SHORTEST_LOOK: Duration = Duration::from_micros(50);
const LONGEST_LOOK: Duration = Duration::from_millis(30);
/// When the looks at what works have become this far apart, who reads the terminal is looked at too.
const FIRST_READER_LOOK: Duration = Duration::from_millis(2);
/// Between two looks at a shell that waits for a verdict.
const WAIT_LOOK: Duration = Duration::from_millis(200);
/// The line discipline takes in what is written to it a moment later.
const LINE_SETTLES: Duration = Duration::from_millis(1);
/// How long a shell may take to end when the terminal is gone.
const HANGUP_WAITS: Duration = Duration::from_secs(3);

/// What becomes of a submission.
#[derive(Debug)]
pub(crate) enum Decision {
    /// It runs.
    Run(Approved),
    /// It does not, and this tells why; `$?` is 126.
    Refuse {
        /// Whole lines for the terminal.
        words: Vec<u8>,
    },
    /// The shell would say syntax error; `$?` is 2.
    Invalid {
        /// Whole lines for the terminal.
        words: Vec<u8>,
    },
    /// More text may make it whole.
    Incomplete,
    /// People are asked: [`Judge::wake_fd`] tells when there is news.
    Ask,
}

/// What came of asking so far.
#[derive(Debug)]
pub(crate) enum News {
    /// Nothing that ends the wait.
    Waiting,
    /// The wait is over: the driver has the line judged again ([`Judge::resume`]), in the state that holds now.
    Resume,
}

/// A line that a running program got.
#[derive(Debug)]
pub(crate) struct InputLine<'a> {
    /// Which program.
    pub(crate) program: &'a [u8],
    /// The line; `None` where it was hidden.
    pub(crate) line: Option<&'a [u8]>,
}

/// Decides about submissions. The driver asks it about every line and runs nothing else.
pub(crate) trait Judge {
    /// A line was submitted; the shell waits and answers through `world`.
    fn judge(&mut self, line: &[u8], world: &mut dyn World) -> Decision;
    /// After [`News::Resume`]: the same line once more.
    fn resume(&mut self, line: &[u8], world: &mut dyn World) -> Decision;
    /// Readable when asking has news.
    fn wake_fd(&self) -> Option<BorrowedFd<'_>>;
    /// Takes the news.
    fn poll_events(&mut self) -> News;
    /// One line that tells what is waited for, without control bytes or newline.
    fn waiting_line(&self) -> String;
    /// When the waiting line changes next.
    fn waiting_changes(&self) -> Option<Duration>;
    /// Ctrl-C at the wait, or a signal that ended it: takes the request back; gives the words for the agent.
    fn cancel(&mut self) -> Vec<u8>;
    /// The line that ran is over. `None`: the shell did not say with which status.
    fn ended(&mut self, status: Option<u8>);
    /// A running program was given this.
    fn input(&mut self, input: &InputLine<'_>) -> io::Result<()>;
    /// The driver ended the session because of this fault.
    fn fault(&mut self, why: &str);
    /// How soon [`Judge::tick`] has to be called, if it has to.
    fn due(&self) -> Option<Duration> {
        None
    }
    /// Does what was due: brings records to the disk.
    fn tick(&mut self) {}
}

/// Edits a line at the prompt. Bytes in; events and bytes to paint out.
pub(crate) trait LineEditor {
    /// Begins a line behind this prompt, which is on the terminal already.
    fn begin(&mut self, prompt_line: &[u8]) -> Vec<u8>;
    /// Takes bytes up to and with the first that makes an event.
    fn feed(&mut self, bytes: &[u8]) -> Edited;
    /// Whether an ESC waits for what follows it.
    fn awaits_more(&self) -> bool;
    /// Nothing followed.
    fn flush_escape(&mut self) -> Vec<u8>;
    /// Whether nothing is typed yet.
    fn is_empty(&self) -> bool;
    /// Takes prompt and line off the terminal.
    fn hide(&mut self) -> Vec<u8>;
    /// Paints them again, at the beginning of a row.
    fn show(&mut self) -> Vec<u8>;
    /// The terminal has a new size.
    fn resize(&mut self, size: Size) -> Vec<u8>;
    /// Whether what is typed is painted.
    fn set_echo(&mut self, on: bool) -> Vec<u8>;
    /// A line that was submitted.
    fn push_history(&mut self, line: &[u8]);
}

/// What came of feeding an editor.
#[derive(Debug)]
pub(crate) struct Edited {
    /// How many bytes were taken.
    pub(crate) consumed: usize,
    /// What was asked for.
    pub(crate) event: Option<Entered>,
    /// What to write first.
    pub(crate) output: Vec<u8>,
}

/// What a person asked for at the prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entered {
    /// This text.
    Line(Vec<u8>),
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D on an empty line.
    EndOfInput,
    /// A line too long to be taken.
    TooLong,
}

/// Everything a session is made of.
pub(crate) struct Parts<'a> {
    /// The terminal's input.
    pub(crate) input: OwnedFd,
    /// The terminal's output.
    pub(crate) output: OwnedFd,
    /// The shell.
    pub(crate) start: Start,
    /// Home by the user database.
    pub(crate) home: PathBuf,
    /// `policy.trusted_path`.
    pub(crate) trusted_path: Vec<PathBuf>,
    /// `input.raw`.
    pub(crate) raw: Vec<String>,
    /// Decides.
    pub(crate) judge: &'a mut dyn Judge,
    /// Edits.
    pub(crate) editor: &'a mut dyn LineEditor,
    /// The signals of this process; none where it is not ours alone (tests).
    pub(crate) signals: Option<Signals>,
}

/// Why a session could not be held.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    /// Before the first prompt.
    #[error("cannot start {}", program.display())]
    Start {
        /// The shell.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The system refused something later; the shell is dead.
    #[error("the session cannot go on")]
    Io(#[from] io::Error),
}

/// Holds a session from its start to its end; gives the status to end with.
pub(crate) fn run(parts: Parts<'_>) -> Result<u8, SessionError> {
    let mut session = Session::start(parts)?;
    let ended = session.drive();
    if ended.is_err() {
        // Whatever failed, no shell is left behind without its guard.
        let _ = process::signal(session.around.pid, Signal::SIGKILL);
    }
    session.restore();
    Ok(ended?)
}

/// What the session is doing.
#[derive(Debug)]
enum Doing {
    /// The shell works: start-up files, a submission, an empty line.
    Busy {
        /// A submission runs whose end is to be told.
        running: bool,
        /// The shell has said that its prompt comes, and the status.
        reported: Option<u8>,
        /// Since when the shell reads its next command although no report came.
        silent_since: Option<Instant>,
    },
    /// The editor has the keys.
    Prompt { since: Instant },
    /// The line is not whole yet; the shell waits in the constant line.
    Continues { so_far: Vec<u8> },
    /// People are asked; the shell waits in the constant line.
    Asking { line: Vec<u8>, shown: String },
    /// The shell ends, or has become another program.
    Replaced {
        /// The submission that did so is not over.
        running: bool,
    },
}

struct Session<'a> {
    input: OwnedFd,
    output: OwnedFd,
    raw_mode: Option<RawMode>,
    pty: Pty,
    channel: Channel,
    around: Surroundings,
    definitions: Definitions,
    end: OwnedFd,
    ended: Option<Ended>,
    image: Option<(u64, u64)>,
    raw: Vec<String>,
    judge: &'a mut dyn Judge,
    editor: &'a mut dyn LineEditor,
    signals: Option<Signals>,
    doing: Doing,
    /// Typed and not handed to anyone yet.
    held: Vec<u8>,
    /// Handed to the inner terminal, not known to be read.
    given: bool,
    /// Since the last end of line: what a running program was given.
    given_line: Vec<u8>,
    /// The last whole line that was handed over.
    last_line: Option<LastLine>,
    /// For the inner terminal, which had no room.
    unsent: Vec<u8>,
    input_ended: Option<Instant>,
    /// The line of output that is not ended: at a prompt, the prompt.
    tail: Vec<u8>,
    look: Duration,
    /// The reader that was told that it gets nothing.
    told: Option<Vec<u8>>,
    /// The last submission was `exit`, and the shell is still here.
    exit_tried: bool,
    ends_of_input: u32,
    echo: bool,
}

/// Who got a line, and how often that process had waited by then: until it has waited once more, it has not
/// read the line.
struct LastLine {
    pid: Pid,
    waits: Option<u64>,
    given: Instant,
}

/// What the loop goes on with.
enum Next {
    Go,
    End(u8),
}

impl<'a> Session<'a> {
    fn start(parts: Parts<'a>) -> Result<Self, SessionError> {
        let Parts {
            input,
            output,
            start,
            home,
            trusted_path,
            raw,
            judge,
            editor,
            signals,
        } = parts;
        let at_start = |source| SessionError::Start {
            program: start.program.clone(),
            source,
        };
        let outer = Mode::of(input.as_fd()).ok();
        let size = tty::size(output.as_fd())
            .ok()
            .filter(|size| size.rows > 0 && size.columns > 0)
            .unwrap_or(Size::FALLBACK);
        let pty = Pty::open(size, outer.map(Mode::sane).as_ref()).map_err(at_start)?;
        let started = shells::start(&start, &pty).map_err(at_start)?;
        let raw_mode = RawMode::enter(input.as_fd()).ok();
        editor.resize(size);
        Ok(Self {
            end: process::end_of(started.pid).map_err(at_start)?,
            ended: None,
            image: None,
            around: Surroundings {
                shell: start.kind,
                pid: started.pid,
                home,
                trusted_path,
                interactive: true,
            },
            definitions: Definitions::default(),
            channel: started.channel,
            input,
            output,
            raw_mode,
            pty,
            raw,
            judge,
            editor,
            signals,
            doing: busy(false),
            held: Vec::new(),
            given: false,
            given_line: Vec::new(),
            last_line: None,
            unsent: Vec::new(),
            input_ended: None,
            tail: Vec::new(),
            look: SHORTEST_LOOK,
            told: None,
            exit_tried: false,
            ends_of_input: 0,
            echo: true,
        })
    }

    fn restore(&mut self) {
        self.raw_mode = None;
    }

    fn drive(&mut self) -> io::Result<u8> {
        loop {
            match self.turn()? {
                Next::Go => {}
                Next::End(status) => return Ok(status),
            }
        }
    }

    /// One wait, and what it brought.
    fn turn(&mut self) -> io::Result<Next> {
        self.judge.tick();
        let timeout = self.timeout();
        let takes_input = self.input_ended.is_none() && self.held.len() < MOST_HELD;
        let asks = matches!(self.doing, Doing::Asking { .. });
        let hears = !matches!(self.doing, Doing::Replaced { .. });
        let ready = guardsh_sys::io::wait_any(
            &[
                Some((self.end.as_fd(), Want::Read)),
                Some((self.pty.master(), Want::Read)),
                hears.then(|| (self.channel.fd(), Want::Read)),
                takes_input.then(|| (self.input.as_fd(), Want::Read)),
                self.signals
                    .as_ref()
                    .map(|signals| (signals.fd(), Want::Read)),
                self.judge
                    .wake_fd()
                    .filter(|_| asks)
                    .map(|fd| (fd, Want::Read)),
                (!self.unsent.is_empty()).then(|| (self.pty.master(), Want::Write)),
            ],
            timeout,
        )?;
        let [ended, printed, said, typed, signalled, news, _room] = ready.as_slice() else {
            return Ok(Next::Go);
        };
        if *printed {
            self.forward_output()?;
        }
        if *signalled {
            self.on_signals()?;
        }
        if *said && let Some(next) = self.on_reports()? {
            return Ok(next);
        }
        if *typed {
            self.take_input()?;
        }
        if *ended {
            return self.on_end();
        }
        if *news && let Some(next) = self.on_news()? {
            return Ok(next);
        }
        self.send_unsent()?;
        if let Some(next) = self.look_at_shell()? {
            return Ok(next);
        }
        self.use_input()
    }

    fn timeout(&self) -> Option<Duration> {
        match (self.looks(), self.judge.due()) {
            (Some(looks), Some(due)) => Some(looks.min(due)),
            (looks, due) => looks.or(due),
        }
    }

    fn looks(&self) -> Option<Duration> {
        let looks = match &self.doing {
            Doing::Busy { .. } => Some(self.look),
            Doing::Replaced { .. } if !self.held.is_empty() => Some(self.look),
            Doing::Asking { .. } => Some(
                self.judge
                    .waiting_changes()
                    .map_or(WAIT_LOOK, |changes| changes.min(WAIT_LOOK)),
            ),
            Doing::Prompt { .. } | Doing::Continues { .. } if self.editor.awaits_more() => {
                Some(ESCAPE_WAITS)
            }
            Doing::Continues { .. } => Some(WAIT_LOOK),
            Doing::Prompt { .. } | Doing::Replaced { .. } => None,
        };
        if self.input_ended.is_some() {
            return Some(looks.map_or(LONGEST_LOOK, |looks| looks.min(LONGEST_LOOK)));
        }
        looks
    }

    // ---- the shell ---------------------------------------------------------------------------------

    fn on_reports(&mut self) -> io::Result<Option<Next>> {
        let reports = match self.channel.reports() {
            Ok(reports) => reports,
            // The shell has ended, or became another program: its process tells which.
            Err(Fault::Closed) => {
                self.replaced();
                return Ok(None);
            }
            Err(fault) => return self.distrust(&fault).map(Some),
        };
        self.look = SHORTEST_LOOK;
        for report in reports {
            match report {
                Report::Prompt { status } => match &mut self.doing {
                    Doing::Busy { reported, .. } => *reported = Some(status),
                    // A prompt that is printed again (after an interrupt, a caught signal).
                    Doing::Prompt { .. } => self.doing = busy_reported(status),
                    Doing::Continues { .. } | Doing::Asking { .. } | Doing::Replaced { .. } => {}
                },
                Report::WaitEnded => self.on_wait_ended()?,
            }
        }
        Ok(None)
    }

    /// The shell left the constant line by itself: nothing of this submission will run.
    fn on_wait_ended(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.doing, busy(false)) {
            Doing::Asking { shown, .. } => {
                let words = self.judge.cancel();
                if !shown.is_empty() {
                    self.write(b"\r\x1b[K")?;
                }
                self.write_words(&words)
            }
            Doing::Continues { .. } => self.write(b"\r\n"),
            Doing::Busy { .. } | Doing::Prompt { .. } | Doing::Replaced { .. } => Ok(()),
        }
    }

    /// Nothing that comes from this shell is believed any more: the session ends, and nothing more runs.
    fn distrust(&mut self, fault: &Fault) -> io::Result<Next> {
        self.channel.distrust();
        let why = match std::error::Error::source(fault) {
            Some(source) => format!("{fault}: {source}"),
            None => fault.to_string(),
        };
        self.judge.fault(&why);
        self.say(&format!(
            "guardsh: the session is locked and ends here: {why}\r\n  now   nothing more of this session runs; start another one\r\n"
        ))?;
        let _ = process::signal(self.around.pid, Signal::SIGHUP);
        let _ = process::signal(self.around.pid, Signal::SIGCONT);
        let _ = process::signal(self.around.pid, Signal::SIGKILL);
        let _ = process::wait_for(self.around.pid);
        Ok(Next::End(125))
    }

    /// Sees whether the shell has come to its prompt, by what its process waits for.
    fn look_at_shell(&mut self) -> io::Result<Option<Next>> {
        let silent_since = match &self.doing {
            Doing::Busy { silent_since, .. } => *silent_since,
            Doing::Asking { .. } | Doing::Continues { .. } => {
                // Not every shell says so when a signal has ended its wait.
                if self.channel.waits() && self.reads_commands()? {
                    self.forward_output()?;
                    let prompt = std::mem::take(&mut self.tail);
                    self.channel.seen_at_prompt();
                    self.on_wait_ended()?;
                    // It was printed above the words.
                    self.write(&prompt)?;
                    self.tail = prompt;
                }
                return Ok(None);
            }
            Doing::Prompt { .. } | Doing::Replaced { .. } => return Ok(None),
        };
        let at_prompt = self.reads_commands()?;
        if !at_prompt && self.reads_verdicts()? {
            // It waits for a verdict that it had, or that nobody owes: its words were turned against it.
            return self.overdue(silent_since);
        }
        if !at_prompt {
            if let Doing::Busy { silent_since, .. } = &mut self.doing {
                *silent_since = None;
            }
            self.look = (self.look * 2).min(LONGEST_LOOK);
            return Ok(None);
        }
        // What it said before it came to read may not be taken in yet.
        if let Some(next) = self.on_reports()? {
            return Ok(Some(next));
        }
        let Doing::Busy {
            reported, running, ..
        } = &self.doing
        else {
            return Ok(None);
        };
        let (reported, running) = (*reported, *running);
        let owed = self.channel.reports_each_prompt() && reported.is_none();
        if owed {
            return self.overdue(silent_since);
        }
        self.forward_output()?;
        if running {
            self.told_end(reported);
        }
        self.channel.seen_at_prompt();
        self.at_prompt()?;
        Ok(None)
    }

    /// Something is owed by the shell. After some time of that it is not trusted any more.
    fn overdue(&mut self, since: Option<Instant>) -> io::Result<Option<Next>> {
        match since {
            None => {
                if let Doing::Busy { silent_since, .. } = &mut self.doing {
                    *silent_since = Some(Instant::now());
                }
            }
            Some(from) if from.elapsed() > REPORT_OWED => {
                return self.distrust(&Fault::Late).map(Some);
            }
            Some(_) => {}
        }
        self.look = (self.look * 2).min(LONGEST_LOOK);
        Ok(None)
    }

    /// Whether it waits for a message: bash on descriptor 9 and with a time limit, so in select; dash on
    /// descriptor 0, which it makes a copy of 9 for the time.
    fn reads_verdicts(&self) -> io::Result<bool> {
        if !self.channel.owes_nothing()? {
            return Ok(false);
        }
        let (commands, verdicts) = (self.channel.commands_link(), self.channel.verdicts_link());
        Ok(self.waits_with(&[WaitsFor::Read(0)], &[(0, &verdicts)])
            || self.waits_with(
                &[WaitsFor::Read(9), WaitsFor::Several],
                &[(0, &commands), (9, &verdicts)],
            ))
    }

    /// Whether the shell's process waits for a command: it reads descriptor 0, which is our channel (and not
    /// the terminal, as inside a submission), and has taken in all that was sent.
    fn reads_commands(&self) -> io::Result<bool> {
        if !self.channel.is_taken_in()? {
            return Ok(false);
        }
        if process::waits_for(self.around.pid) == WaitsFor::Hidden {
            return Ok(self.seems_idle());
        }
        Ok(self.waits_with(&[WaitsFor::Read(0)], &[(0, &self.channel.commands_link())]))
    }

    /// Whether the shell's process is in one of these waits, and during that very wait its descriptors lead
    /// there: the looks are taken one after the other, and between two of them it may have gone on and waited
    /// for something else.
    fn waits_with(&self, waits: &[WaitsFor], links: &[(i32, &PathBuf)]) -> bool {
        let pid = self.around.pid;
        let counted = process::waits_counted(pid);
        counted.is_some()
            && waits.contains(&process::waits_for(pid))
            && links.iter().all(|(fd, want)| {
                std::fs::read_link(format!("/proc/{pid}/fd/{fd}")).is_ok_and(|link| link == **want)
            })
            && waits.contains(&process::waits_for(pid))
            && process::waits_counted(pid) == counted
    }

    fn replaced(&mut self) {
        let running = matches!(
            self.doing,
            Doing::Busy { running: true, .. } | Doing::Replaced { running: true }
        );
        self.doing = Doing::Replaced { running };
        self.look = LONGEST_LOOK;
    }

    /// On hosts where nobody may see what another process waits for: it has reported, or it has the terminal to
    /// itself and sleeps. Less certain; what is sent too early waits in the channel, and only for its own nonce.
    fn seems_idle(&self) -> bool {
        let Doing::Busy { reported, .. } = &self.doing else {
            return false;
        };
        if reported.is_some() {
            return true;
        }
        let Some(stat) = process::stat_of(self.around.pid) else {
            return false;
        };
        !self.channel.reports_each_prompt()
            && self.look >= LONGEST_LOOK
            && stat.state == b'S'
            && tty::foreground(self.pty.master()).is_ok_and(|group| group == stat.group)
    }

    fn told_end(&mut self, status: Option<u8>) {
        if let Doing::Busy { running, .. } | Doing::Replaced { running } = &mut self.doing
            && *running
        {
            *running = false;
            self.judge.ended(status);
        }
    }

    fn at_prompt(&mut self) -> io::Result<()> {
        if self.image.is_none() {
            self.image = process::stat_of(self.around.pid).and_then(|stat| stat.image);
        }
        self.told = None;
        self.last_line = None;
        self.take_back()?;
        self.doing = Doing::Prompt {
            since: Instant::now(),
        };
        let echo = Mode::of(self.pty.terminal()).is_ok_and(|mode| mode.echoes());
        if echo != self.echo {
            self.echo = echo;
            let painted = self.editor.set_echo(echo);
            self.write(&painted)?;
        }
        let painted = self.editor.begin(&self.tail);
        self.write(&painted)
    }

    /// What was handed to the terminal and read by nobody comes before what is still held.
    fn take_back(&mut self) -> io::Result<()> {
        if !self.given {
            return Ok(());
        }
        self.given = false;
        self.given_line.clear();
        let mut back = tty::take_back(self.pty.terminal())?;
        back.append(&mut self.unsent);
        back.append(&mut self.held);
        self.held = back;
        Ok(())
    }

    fn on_end(&mut self) -> io::Result<Next> {
        if self.ended.is_none()
            && let Some(Change::Ended(_, ended)) = process::change_of(self.around.pid)?
        {
            self.ended = Some(ended);
        }
        let Some(ended) = self.ended else {
            return Ok(Next::Go);
        };
        self.forward_output()?;
        self.told_end(Some(ended.status()));
        Ok(Next::End(ended.status()))
    }

    // ---- the terminal ------------------------------------------------------------------------------

    fn forward_output(&mut self) -> io::Result<()> {
        let mut chunk = [0; 65536];
        // A bound, so that an endless printer does not keep us from what is typed.
        for _ in 0..16 {
            let count = match read_some(self.pty.master(), &mut chunk)? {
                Got::Bytes(count) => count,
                Got::Nothing | Got::End => break,
            };
            let bytes = chunk.get(..count).unwrap_or_default();
            self.show_output(bytes)?;
        }
        Ok(())
    }

    fn show_output(&mut self, bytes: &[u8]) -> io::Result<()> {
        let late_prompt = match &self.doing {
            Doing::Prompt { since } => since.elapsed() < PROMPT_SETTLES && self.editor.is_empty(),
            Doing::Busy { .. }
            | Doing::Continues { .. }
            | Doing::Asking { .. }
            | Doing::Replaced { .. } => false,
        };
        let editing = matches!(self.doing, Doing::Prompt { .. } | Doing::Continues { .. });
        if editing && !late_prompt {
            let hidden = self.editor.hide();
            self.write(&hidden)?;
            self.write(bytes)?;
            if !bytes.ends_with(b"\n") {
                self.write(b"\r\n")?;
            }
            let shown = self.editor.show();
            return self.write(&shown);
        }
        let waiting = match &self.doing {
            Doing::Asking { shown, .. } => Some(shown.clone()),
            Doing::Busy { .. }
            | Doing::Prompt { .. }
            | Doing::Continues { .. }
            | Doing::Replaced { .. } => None,
        };
        if let Some(shown) = waiting {
            self.clear_waiting(&shown)?;
            self.write(bytes)?;
            self.remember_tail(bytes);
            if !bytes.ends_with(b"\n") {
                self.write(b"\r\n")?;
            }
            return self.show_waiting();
        }
        self.write(bytes)?;
        self.remember_tail(bytes);
        if late_prompt {
            let painted = self.editor.begin(&self.tail);
            self.write(&painted)?;
        }
        Ok(())
    }

    fn remember_tail(&mut self, bytes: &[u8]) {
        let from = match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => {
                self.tail.clear();
                end + 1
            }
            None => 0,
        };
        self.tail
            .extend_from_slice(bytes.get(from..).unwrap_or_default());
        if self.tail.len() > LONGEST_PROMPT {
            let surplus = self.tail.len() - LONGEST_PROMPT;
            self.tail.drain(..surplus);
        }
    }

    /// Writes to the outer terminal, all of it.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match write_some(self.output.as_fd(), rest) {
                Ok(0) => {
                    wait_ready(
                        &[(self.output.as_fd(), Want::Write)],
                        Some(Duration::from_secs(1)),
                    )?;
                }
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                // The terminal is gone. What is printed is lost as on any terminal; the hangup ends the session.
                Err(_) => {
                    self.hang_up()?;
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Words of guardsh itself, on a line of their own.
    fn say(&mut self, words: &str) -> io::Result<()> {
        if !self.tail.is_empty() {
            self.tail.clear();
            self.write(b"\r\n")?;
        }
        self.write(words.as_bytes())
    }

    /// Whole lines from the judge: in raw mode a newline alone does not return.
    fn write_words(&mut self, words: &[u8]) -> io::Result<()> {
        let mut out = Vec::with_capacity(words.len() + 16);
        for byte in words {
            if *byte == b'\n' && out.last() != Some(&b'\r') {
                out.push(b'\r');
            }
            out.push(*byte);
        }
        self.write(&out)
    }

    fn show_waiting(&mut self) -> io::Result<()> {
        let line = self.judge.waiting_line();
        let width = tty::size(self.output.as_fd()).map_or(80, |size| usize::from(size.columns));
        let fitting: String = line.chars().take(width.saturating_sub(1).max(20)).collect();
        if let Doing::Asking { shown, .. } = &mut self.doing {
            if *shown == fitting {
                return Ok(());
            }
            *shown = fitting.clone();
        }
        self.write(format!("\r\x1b[K{fitting}").as_bytes())
    }

    fn clear_waiting(&mut self, shown: &str) -> io::Result<()> {
        if let Doing::Asking { shown, .. } = &mut self.doing {
            shown.clear();
        }
        if shown.is_empty() {
            return Ok(());
        }
        self.write(b"\r\x1b[K")
    }

    fn on_signals(&mut self) -> io::Result<()> {
        let mut arrived = Vec::new();
        if let Some(signals) = &mut self.signals {
            while let Some(signal) = signals.arrived()? {
                arrived.push(signal);
            }
        }
        for signal in arrived {
            if signal == Signal::SIGWINCH {
                self.on_resize()?;
            } else if signal == Signal::SIGCHLD {
                self.on_children()?;
            } else if signal == Signal::SIGTSTP {
                self.stop()?;
            } else if signal == Signal::SIGHUP {
                self.hang_up()?;
            } else if signal == Signal::SIGTERM {
                process::signal(self.around.pid, Signal::SIGTERM)?;
            } else if signal == Signal::SIGINT || signal == Signal::SIGQUIT {
                let group = tty::foreground(self.pty.master())?;
                process::signal_group(group, signal)?;
            }
        }
        Ok(())
    }

    /// As a subreaper guardsh is the parent of what the shell leaves behind.
    fn on_children(&mut self) -> io::Result<()> {
        while let Some(change) = process::next_change()? {
            match change {
                Change::Ended(pid, ended) if pid == self.around.pid => self.ended = Some(ended),
                // The shell was suspended: so is the session, and the caller gets the terminal back.
                Change::Stopped(pid) if pid == self.around.pid => self.stop()?,
                Change::Ended(..) | Change::Stopped(_) | Change::Continued(_) => {}
            }
        }
        Ok(())
    }

    /// Stops this process as its caller expects it, and goes on when continued.
    fn stop(&mut self) -> io::Result<()> {
        if let Some(raw_mode) = &self.raw_mode {
            raw_mode.pause()?;
        }
        process::stop_self()?;
        if let Some(raw_mode) = &self.raw_mode {
            raw_mode.resume()?;
        }
        process::signal(self.around.pid, Signal::SIGCONT)?;
        self.on_resize()
    }

    fn on_resize(&mut self) -> io::Result<()> {
        let Ok(size) = tty::size(self.output.as_fd()) else {
            return Ok(());
        };
        tty::set_size(self.pty.terminal(), size)?;
        let painted = self.editor.resize(size);
        self.write(&painted)
    }

    fn hang_up(&mut self) -> io::Result<()> {
        if self.input_ended.is_none() {
            self.input_ended = Some(Instant::now());
            self.channel.distrust();
            process::signal(self.around.pid, Signal::SIGHUP)?;
            process::signal(self.around.pid, Signal::SIGCONT)?;
        }
        Ok(())
    }

    // ---- what is typed -----------------------------------------------------------------------------

    fn take_input(&mut self) -> io::Result<()> {
        let mut chunk = [0; 16384];
        match read_some(self.input.as_fd(), &mut chunk) {
            Ok(Got::Bytes(count)) => {
                self.held
                    .extend_from_slice(chunk.get(..count).unwrap_or_default());
                Ok(())
            }
            Ok(Got::Nothing) => Ok(()),
            Ok(Got::End) | Err(_) => self.hang_up(),
        }
    }

    fn use_input(&mut self) -> io::Result<Next> {
        if let Some(since) = self.input_ended {
            if since.elapsed() > HANGUP_WAITS {
                process::signal(self.around.pid, Signal::SIGKILL)?;
            }
            return Ok(Next::Go);
        }
        loop {
            let before = self.held.len();
            match &self.doing {
                Doing::Prompt { .. } | Doing::Continues { .. } => {
                    if let Some(next) = self.edit()? {
                        return Ok(next);
                    }
                }
                Doing::Asking { .. } => self.input_while_asking()?,
                Doing::Busy { .. } | Doing::Replaced { .. } => self.input_while_busy()?,
            }
            if self.held.is_empty() || self.held.len() == before {
                return Ok(Next::Go);
            }
        }
    }

    fn edit(&mut self) -> io::Result<Option<Next>> {
        if self.held.is_empty() {
            if self.editor.awaits_more() {
                let painted = self.editor.flush_escape();
                self.write(&painted)?;
            }
            return Ok(None);
        }
        let edited = self.editor.feed(&self.held);
        self.held.drain(..edited.consumed.min(self.held.len()));
        self.write(&edited.output)?;
        let Some(entered) = edited.event else {
            return Ok(None);
        };
        self.tail.clear();
        if entered != Entered::EndOfInput {
            self.ends_of_input = 0;
        }
        match entered {
            Entered::Line(line) => self.on_line(line),
            Entered::Interrupt => self.on_interrupt().map(|()| None),
            Entered::EndOfInput => self.on_end_of_input(),
            Entered::TooLong => {
                self.say("guardsh: not run: the line is too long to be judged\r\n")?;
                self.blank()
            }
        }
    }

    /// An empty line: the shell prints its prompt again.
    fn blank(&mut self) -> io::Result<Option<Next>> {
        self.doing = busy(false);
        self.look = SHORTEST_LOOK;
        self.checked(|session| session.channel.blank())
    }

    /// A step of the channel; its fault ends the session.
    fn checked(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<(), Fault>,
    ) -> io::Result<Option<Next>> {
        match step(self) {
            Ok(()) => Ok(None),
            // The shell ends: its process will tell with which status.
            Err(Fault::Closed) => {
                self.replaced();
                Ok(None)
            }
            Err(fault) => self.distrust(&fault).map(Some),
        }
    }

    /// Ctrl-C at the prompt, as the shell itself knows it: it prints a new prompt, and `$?` is 130.
    fn on_interrupt(&mut self) -> io::Result<()> {
        if let Doing::Continues { .. } = self.doing {
            self.doing = busy(false);
            self.look = SHORTEST_LOOK;
            return match self.checked(|session| session.channel.refuse(130))? {
                None | Some(_) => Ok(()),
            };
        }
        self.doing = busy(false);
        self.look = SHORTEST_LOOK;
        process::signal_group(tty::foreground(self.pty.master())?, Signal::SIGINT)
    }

    fn on_end_of_input(&mut self) -> io::Result<Option<Next>> {
        if let Doing::Continues { .. } = self.doing {
            // The shell would say that the text ended too early.
            self.on_interrupt()?;
            return Ok(None);
        }
        self.ends_of_input += 1;
        if let Some(next) = self.checked(|session| session.channel.open())? {
            return Ok(Some(next));
        }
        let (ignored, fault) = {
            let mut world = LiveWorld::new(&mut self.channel, &self.around, &self.definitions);
            let ignored = match world.variable(b"IGNOREEOF") {
                Known::Yes(Variable::Scalar { value, .. }) => std::str::from_utf8(&value)
                    .ok()
                    .and_then(|value| value.parse().ok())
                    .unwrap_or(10),
                Known::Yes(Variable::Unset | Variable::Special { .. }) | Known::Unknown => 0,
            };
            (ignored, world.into_fault())
        };
        if let Some(fault) = fault {
            return self.distrust(&fault).map(Some);
        }
        if self.ends_of_input <= ignored {
            self.write(b"\r\n")?;
            self.say("Use \"exit\" to leave the shell.\r\n")?;
            self.doing = busy(false);
            self.look = SHORTEST_LOOK;
            return self.checked(|session| session.channel.refuse(0));
        }
        self.judge_line(b"exit".to_vec(), false)
    }

    // ---- submissions -------------------------------------------------------------------------------

    fn on_line(&mut self, line: Vec<u8>) -> io::Result<Option<Next>> {
        let line = match std::mem::replace(&mut self.doing, busy(false)) {
            Doing::Continues { mut so_far } => {
                so_far.push(b'\n');
                so_far.extend(line);
                so_far
            }
            Doing::Busy { .. }
            | Doing::Prompt { .. }
            | Doing::Asking { .. }
            | Doing::Replaced { .. } => {
                if line.iter().all(|byte| b" \t".contains(byte)) {
                    return self.blank();
                }
                if let Some(next) = self.checked(|session| session.channel.open())? {
                    return Ok(Some(next));
                }
                line
            }
        };
        self.judge_line(line, false)
    }

    fn judge_line(&mut self, line: Vec<u8>, again: bool) -> io::Result<Option<Next>> {
        let (decision, (fault, defines)) = {
            let mut world = LiveWorld::new(&mut self.channel, &self.around, &self.definitions);
            world.prefetch(&line);
            let decision = if again {
                self.judge.resume(&line, &mut world)
            } else {
                self.judge.judge(&line, &mut world)
            };
            (decision, world.into_outcome())
        };
        // An approval that rests on a state the shell did not tell is none.
        match fault {
            None => {}
            Some(Fault::Closed) => {
                self.replaced();
                return Ok(None);
            }
            Some(fault) => return self.distrust(&fault).map(Some),
        }
        self.look = SHORTEST_LOOK;
        match decision {
            Decision::Run(approved) => {
                self.definitions.runs(&line, defines);
                self.editor.push_history(&line);
                self.doing = busy(true);
                let leaves = is_exit(&line);
                let again = leaves && std::mem::replace(&mut self.exit_tried, leaves);
                self.exit_tried = leaves;
                self.checked(|session| {
                    if again && session.channel.reports_each_prompt() {
                        session.channel.leave(approved)
                    } else {
                        session.channel.run(approved)
                    }
                })
            }
            Decision::Refuse { words } => {
                self.editor.push_history(&line);
                self.refuse(&words, 126)
            }
            Decision::Invalid { words } => {
                self.editor.push_history(&line);
                self.refuse(&words, 2)
            }
            Decision::Incomplete => {
                self.doing = Doing::Continues { so_far: line };
                self.write(b"> ")?;
                let painted = self.editor.begin(b"> ");
                self.write(&painted)?;
                Ok(None)
            }
            Decision::Ask => {
                self.doing = Doing::Asking {
                    line,
                    shown: String::new(),
                };
                self.show_waiting()?;
                Ok(None)
            }
        }
    }

    fn refuse(&mut self, words: &[u8], status: u8) -> io::Result<Option<Next>> {
        self.exit_tried = false;
        self.write_words(words)?;
        self.doing = busy(false);
        self.look = SHORTEST_LOOK;
        self.checked(|session| session.channel.refuse(status))
    }

    fn on_news(&mut self) -> io::Result<Option<Next>> {
        let Doing::Asking { line, shown } = &self.doing else {
            return Ok(None);
        };
        let (line, shown) = (line.clone(), shown.clone());
        match self.judge.poll_events() {
            News::Waiting => {
                self.show_waiting()?;
                Ok(None)
            }
            News::Resume => {
                self.clear_waiting(&shown)?;
                self.doing = busy(false);
                self.judge_line(line, true)
            }
        }
    }

    fn input_while_asking(&mut self) -> io::Result<()> {
        self.show_waiting()?;
        let interrupt = Mode::of(self.pty.terminal())
            .ok()
            .and_then(|mode| mode.control(Control::Interrupt))
            .unwrap_or(3);
        let Some(at) = self.held.iter().position(|byte| *byte == interrupt) else {
            return Ok(());
        };
        // As on any terminal, what was typed before it goes with it.
        self.held.drain(..=at);
        let Doing::Asking { shown, line } = &self.doing else {
            return Ok(());
        };
        let (shown, line) = (shown.clone(), line.clone());
        self.editor.push_history(&line);
        self.clear_waiting(&shown)?;
        let words = self.judge.cancel();
        self.refuse(&words, 126).map(|_| ())
    }

    // ---- input for what runs -----------------------------------------------------------------------

    fn input_while_busy(&mut self) -> io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let mode = Mode::of(self.pty.terminal())?;
        self.send_control(&mode)?;
        if self.held.is_empty() || !self.unsent.is_empty() {
            return Ok(());
        }
        // Most lines are over before it is worth a look at who reads.
        if matches!(self.doing, Doing::Busy { .. }) && self.look < FIRST_READER_LOOK {
            return Ok(());
        }
        let group = tty::foreground(self.pty.master())?;
        let home = Home {
            shell: self.around.pid,
            image: self.image,
            terminal: self.pty.path(),
            raw: &self.raw,
        };
        let began = Instant::now();
        match foreground::reader(&home, group, &mode) {
            Reader::Nobody => {
                // Among thousands of processes a look takes its time: it gets a tenth of it at most.
                let cost = began.elapsed() * 10;
                self.look = (self.look * 2).min(LONGEST_LOOK).max(cost);
                Ok(())
            }
            Reader::Keys(_) => {
                let all = std::mem::take(&mut self.held);
                self.give(&all)
            }
            Reader::Lines(program, pid) => self.give_line(&program, pid, &mode, mode.echoes()),
            Reader::Password(program, pid) => self.give_line(&program, pid, &mode, false),
            Reader::Commands(program) => self.refuse_input(&program, &mode),
        }
    }

    /// What makes a signal acts at once, whoever reads: nothing of it can be read as text.
    fn send_control(&mut self, mode: &Mode) -> io::Result<()> {
        if !mode.makes_signals() {
            return Ok(());
        }
        let controls: Vec<u8> = [Control::Interrupt, Control::Quit, Control::Suspend]
            .into_iter()
            .filter_map(|control| mode.control(control))
            .collect();
        while let Some(at) = self.held.iter().position(|byte| controls.contains(byte)) {
            let byte = self.held.get(at).copied().unwrap_or(3);
            if mode.keeps_input_on_signal() {
                self.held.remove(at);
            } else {
                self.held.drain(..=at);
                self.unsent.clear();
            }
            self.given_line.clear();
            self.unsent.push(byte);
            self.send_unsent()?;
        }
        Ok(())
    }

    /// One line at a time, so that what one reader leaves is never read by the next: the rest waits here
    /// until somebody is seen to read again.
    fn give_line(&mut self, program: &[u8], pid: Pid, mode: &Mode, shown: bool) -> io::Result<()> {
        let waits = process::waits_counted(pid);
        if mode.is_by_line()
            && let Some(last) = &self.last_line
            && ((last.pid == pid && last.waits == waits)
                || last.given.elapsed() < LINE_SETTLES
                || tty::readable(self.pty.terminal())? > 0)
        {
            self.look = LINE_SETTLES;
            return Ok(());
        }
        let ends = |byte: &u8| b"\r\n".contains(byte);
        let length = match self.held.iter().position(ends) {
            Some(end) if mode.is_by_line() => end + 1,
            Some(_) | None => self.held.len(),
        };
        let part: Vec<u8> = self.held.drain(..length).collect();
        self.given_line.extend_from_slice(&part);
        if part.last().is_some_and(ends) || !mode.is_by_line() {
            self.last_line = Some(LastLine {
                pid,
                waits,
                given: Instant::now(),
            });
            let line = std::mem::take(&mut self.given_line);
            self.judge.input(&InputLine {
                program,
                line: shown.then_some(line.as_slice()),
            })?;
        }
        self.give(&part)
    }

    fn refuse_input(&mut self, program: &[u8], mode: &Mode) -> io::Result<()> {
        // What an earlier reader left in the terminal is not for this one.
        self.take_back()?;
        let end = mode.control(Control::EndOfInput).unwrap_or(4);
        if let Some(at) = self.held.iter().position(|byte| *byte == end) {
            // The end of its input is no command. Nothing else was ever given to it.
            self.held.drain(..=at);
            return self.give(&[end]);
        }
        self.held.clear();
        if self.told.as_deref() != Some(program) {
            self.told = Some(program.to_vec());
            let name: String = program
                .iter()
                .flat_map(|byte| std::ascii::escape_default(*byte))
                .map(char::from)
                .collect();
            self.say(&format!(
                "\r\nguardsh: not passed on: {name} reads commands, and what it reads is not judged yet\r\n  next  leave it with Ctrl-D or Ctrl-C; give it its commands in the line that starts it\r\n"
            ))?;
        }
        Ok(())
    }

    fn give(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.given = true;
        self.unsent.extend_from_slice(bytes);
        self.send_unsent()
    }

    fn send_unsent(&mut self) -> io::Result<()> {
        while !self.unsent.is_empty() {
            let count = write_some(self.pty.master(), &self.unsent)?;
            if count == 0 {
                break;
            }
            self.unsent.drain(..count.min(self.unsent.len()));
        }
        Ok(())
    }
}

fn busy(running: bool) -> Doing {
    Doing::Busy {
        running,
        reported: None,
        silent_since: None,
    }
}

fn busy_reported(status: u8) -> Doing {
    Doing::Busy {
        running: false,
        reported: Some(status),
        silent_since: None,
    }
}

/// Whether a text only leaves the shell.
fn is_exit(line: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(line) else {
        return false;
    };
    let mut words = text.split_ascii_whitespace();
    matches!(words.next(), Some("exit" | "logout"))
        && words
            .next()
            .is_none_or(|status| status.bytes().all(|byte| byte.is_ascii_digit()))
        && words.next().is_none()
}
