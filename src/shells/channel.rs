//! The private way to a live shell: one constant line a submission, questions, and one verdict.
//!
//! [`Channel::run`] is the only door for text, and what it takes only the gate can make. Every message carries
//! the nonce of its submission, its own length and an end mark. The shell drops what does not fit and leaves
//! when the channel ends. Whatever the shell says that was not asked for, is malformed, too long or too late
//! is a [`Fault`], after which nothing more is sent.

use super::{Answer, Query, Shell};
use crate::gate::Approved;
use guardsh_sys::io::{Got, Want};
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How much one batch of answers may hold: the text of a large function fits many times.
const LONGEST_ANSWER: usize = 4 << 20;
/// Ends a line to the shell.
const END_MARK: u8 = b'\n';
/// How long a message that nobody asked for may be.
const LONGEST_REPORT: usize = 4096;
/// How long the shell may take for an answer, or to take in a text, on a machine under load.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why the channel is not to be trusted any more.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The shell's end is closed.
    #[error("the shell has closed its channel")]
    Closed,
    /// No answer, or no room for the text, within the time given.
    #[error("the shell did not answer in time")]
    Late,
    /// Something else came.
    #[error("the shell reported what it was not asked for: {0}")]
    Unasked(String),
    /// It was asked for, and it is not what it should be.
    #[error("the shell's answer is malformed: {0}")]
    Malformed(&'static str),
    /// Text that would reach beyond its place.
    #[error("the text cannot be sent: {0}")]
    Unsendable(&'static str),
    /// The step does not fit what the channel is doing.
    #[error("the channel is not ready for that")]
    NotNow,
    /// The system refused.
    #[error("the channel cannot be used")]
    Io(#[from] io::Error),
}

/// What the shell is doing, as far as the channel knows.
#[derive(Debug)]
enum Phase {
    /// Start-up files, the text of a submission, or an empty line.
    Busy,
    /// At its prompt, or about to print it.
    Prompt,
    /// Inside the constant line, waiting for a verdict.
    Waits(Nonce),
    /// Not trusted any more.
    Broken,
}

/// What came from the shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    /// A prompt comes; this was the status before it.
    Prompt {
        /// `$?`.
        status: u8,
    },
    /// A signal ended the wait for a verdict: the submission is void and will not run.
    WaitEnded,
}

/// 128 random bits in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Nonce(String);

impl Nonce {
    fn fresh() -> io::Result<Self> {
        let mut bytes = [0; 16];
        guardsh_sys::io::random(&mut bytes)?;
        Ok(Self(
            bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        ))
    }
}

/// The guard's end of the three descriptors.
#[derive(Debug)]
pub(crate) struct Channel {
    shell: &'static dyn Shell,
    commands: OwnedFd,
    reports: OwnedFd,
    verdicts: OwnedFd,
    terminal: PathBuf,
    commands_inode: u64,
    verdicts_inode: u64,
    phase: Phase,
    /// Bytes of a message that is not whole yet.
    partial: Vec<u8>,
    messages: VecDeque<Vec<u8>>,
    /// The nonce of the prompt that is being reported.
    prompt: Option<Nonce>,
    ended: bool,
}

impl Channel {
    pub(super) fn new(
        shell: &'static dyn Shell,
        commands: OwnedFd,
        reports: OwnedFd,
        verdicts: OwnedFd,
        terminal: PathBuf,
        (commands_inode, verdicts_inode): (u64, u64),
    ) -> io::Result<Self> {
        guardsh_sys::io::set_nonblocking(reports.as_fd())?;
        Ok(Self {
            shell,
            commands,
            reports,
            verdicts,
            terminal,
            commands_inode,
            verdicts_inode,
            phase: Phase::Busy,
            partial: Vec::new(),
            messages: VecDeque::new(),
            prompt: None,
            ended: false,
        })
    }

    /// Readable when the shell has said something: see [`Self::reports`].
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.reports.as_fd()
    }

    /// Whether a prompt is only complete with a report.
    pub(crate) fn reports_each_prompt(&self) -> bool {
        self.shell.reports_each_prompt()
    }

    /// Whether the shell waits for a verdict.
    pub(crate) fn waits(&self) -> bool {
        matches!(self.phase, Phase::Waits(_))
    }

    /// What `/proc/PID/fd/0` of the shell leads to while it reads its commands.
    pub(crate) fn commands_link(&self) -> PathBuf {
        PathBuf::from(format!("socket:[{}]", self.commands_inode))
    }

    /// What `/proc/PID/fd/9` of the shell leads to.
    pub(crate) fn verdicts_link(&self) -> PathBuf {
        PathBuf::from(format!("socket:[{}]", self.verdicts_inode))
    }

    /// Whether the shell has taken in every verdict and answer that was sent, and none is owed.
    pub(crate) fn owes_nothing(&self) -> io::Result<bool> {
        Ok(!self.waits() && guardsh_sys::io::unread_by_peer(self.verdicts.as_fd())? == 0)
    }

    /// Whether the shell has taken in every command line that was sent.
    pub(crate) fn is_taken_in(&self) -> io::Result<bool> {
        Ok(guardsh_sys::io::unread_by_peer(self.commands.as_fd())? == 0)
    }

    /// The shell reads its next command: the caller has seen so from outside (its process waits to read
    /// descriptor 0). For shells that do not report each prompt.
    pub(crate) fn seen_at_prompt(&mut self) {
        match self.phase {
            Phase::Busy | Phase::Prompt => self.phase = Phase::Prompt,
            Phase::Waits(_) => self.phase = Phase::Prompt,
            Phase::Broken => {}
        }
    }

    /// Opens a submission: the shell enters its wait. To be called at the prompt.
    pub(crate) fn open(&mut self) -> Result<(), Fault> {
        match self.phase {
            Phase::Prompt => {}
            Phase::Busy | Phase::Waits(_) | Phase::Broken => return Err(Fault::NotNow),
        }
        let nonce = Nonce::fresh()?;
        let line = self.shell.constant_line(&nonce.0, &self.terminal);
        self.send(Way::Commands, &line)?;
        self.phase = Phase::Waits(nonce);
        Ok(())
    }

    /// An empty line: the shell prints its prompt again and changes nothing.
    pub(crate) fn blank(&mut self) -> Result<(), Fault> {
        match self.phase {
            Phase::Prompt => {}
            Phase::Busy | Phase::Waits(_) | Phase::Broken => return Err(Fault::NotNow),
        }
        self.phase = Phase::Busy;
        self.send(Way::Commands, b"\n")
    }

    /// Asks the waiting shell. Answers come in the order of the questions; a fault leaves the channel broken.
    pub(crate) fn ask(&mut self, queries: &[Query]) -> Result<Vec<Answer>, Fault> {
        let answers = self.ask_or_fault(queries);
        if let Err(fault) = &answers
            && !matches!(fault, Fault::NotNow)
        {
            self.phase = Phase::Broken;
        }
        answers
    }

    fn ask_or_fault(&mut self, queries: &[Query]) -> Result<Vec<Answer>, Fault> {
        let Phase::Waits(nonce) = &self.phase else {
            return Err(Fault::NotNow);
        };
        let nonce = nonce.clone();
        // One for the answers alone: what the shell prints could hold the submission's.
        let separator = Nonce::fresh()?;
        let code = self.shell.questions(&separator.0, queries);
        self.message(&nonce, b'q', &code)?;

        let deadline = Instant::now() + PATIENCE;
        let mut begun = false;
        let mut answers = Vec::with_capacity(queries.len());
        let mut fields = Vec::new();
        while answers.len() < queries.len() {
            let field = self.next_message(deadline, LONGEST_ANSWER)?;
            if !begun {
                if field != separator.0.as_bytes() {
                    return Err(unasked(&field));
                }
                begun = true;
            } else if field == separator.0.as_bytes() {
                let Some(query) = queries.get(answers.len()) else {
                    return Err(Fault::Malformed("more answers than questions"));
                };
                answers.push(self.shell.answer(query, &fields)?);
                fields.clear();
            } else {
                fields.push(field);
            }
        }
        Ok(answers)
    }

    /// Lets the waiting shell run this, and nothing else. Once the text is sent it cannot be taken back.
    pub(crate) fn run(&mut self, approved: Approved) -> Result<(), Fault> {
        let line = approved.into_line();
        check_text(&line)?;
        self.verdict(b'r', &line)
    }

    /// Ends the wait without running anything, and without errexit or an ERR trap; `$?` becomes `status`.
    pub(crate) fn refuse(&mut self, status: u8) -> Result<(), Fault> {
        self.verdict(b'd', status.to_string().as_bytes())
    }

    /// Leaves the shell although jobs are stopped: the second `exit` in a row, which bash would take for a
    /// first one, because our own words came in between.
    pub(crate) fn leave(&mut self, approved: Approved) -> Result<(), Fault> {
        let line = approved.into_line();
        check_text(&line)?;
        let twice = [b"{ exit; } 2>/dev/null\n".as_slice(), &line].concat();
        self.verdict(b'r', &twice)
    }

    fn verdict(&mut self, kind: u8, text: &[u8]) -> Result<(), Fault> {
        let Phase::Waits(nonce) = std::mem::replace(&mut self.phase, Phase::Busy) else {
            self.phase = Phase::Broken;
            return Err(Fault::NotNow);
        };
        let payload = if kind == b'r' {
            self.shell.payload(text)
        } else {
            text.to_vec()
        };
        let sent = self.message(&nonce, kind, &payload);
        if sent.is_err() {
            self.phase = Phase::Broken;
        }
        sent
    }

    /// Takes what the shell has said. A fault leaves the channel broken.
    pub(crate) fn reports(&mut self) -> Result<Vec<Report>, Fault> {
        let reports = self.reports_or_fault();
        if reports.is_err() {
            self.phase = Phase::Broken;
        }
        reports
    }

    fn reports_or_fault(&mut self) -> Result<Vec<Report>, Fault> {
        let mut reports = Vec::new();
        self.take_in(LONGEST_REPORT)?;
        while let Some(message) = self.messages.pop_front() {
            if let Some(report) = self.on_message(&message)? {
                reports.push(report);
            }
        }
        if self.ended && reports.is_empty() {
            return Err(Fault::Closed);
        }
        Ok(reports)
    }

    fn on_message(&mut self, message: &[u8]) -> Result<Option<Report>, Fault> {
        let text = std::str::from_utf8(message).map_err(|_| unasked(message))?;
        let words: Vec<&str> = text.split(' ').collect();
        match words.as_slice() {
            ["P", number] if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => {
                let nonce = Nonce::fresh()?;
                let mut answer = format!("p {number} {}", nonce.0).into_bytes();
                answer.push(END_MARK);
                self.send(Way::Verdicts, &answer)?;
                self.prompt = Some(nonce);
                // The prompt hook runs although a verdict is owed: the wait was ended by a signal.
                let was_waiting = self.waits();
                self.phase = Phase::Busy;
                Ok(was_waiting.then_some(Report::WaitEnded))
            }
            ["R", nonce, status, _flags] => {
                let asked = self.prompt.take();
                if asked.is_none_or(|asked| asked.0 != *nonce) {
                    return Err(unasked(message));
                }
                let status = status
                    .parse::<u16>()
                    .ok()
                    .and_then(|status| u8::try_from(status & 0xff).ok())
                    .ok_or(Fault::Malformed("a status that is no number"))?;
                match self.phase {
                    Phase::Busy | Phase::Prompt => self.phase = Phase::Prompt,
                    Phase::Waits(_) | Phase::Broken => return Err(unasked(message)),
                }
                Ok(Some(Report::Prompt { status }))
            }
            _ => Err(unasked(message)),
        }
    }

    /// Sends what prepares a shell that reads no file of its own: before any submission, once.
    pub(super) fn first_line(&mut self, line: &[u8]) -> io::Result<()> {
        self.send(Way::Commands, line).map_err(io::Error::other)
    }

    /// Ends the commands: the shell leaves as at the end of its input.
    pub(crate) fn close(&mut self) {
        self.phase = Phase::Broken;
        let _ = guardsh_sys::io::end_writing(self.commands.as_fd());
    }

    /// Breaks the channel off: nothing is sent from now on.
    pub(crate) fn distrust(&mut self) {
        self.phase = Phase::Broken;
    }

    fn next_message(&mut self, deadline: Instant, limit: usize) -> Result<Vec<u8>, Fault> {
        loop {
            if let Some(message) = self.messages.pop_front() {
                return Ok(message);
            }
            if self.ended {
                return Err(Fault::Closed);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Fault::Late);
            }
            guardsh_sys::io::wait_ready(&[(self.reports.as_fd(), Want::Read)], Some(left))?;
            self.take_in(limit)?;
        }
    }

    fn take_in(&mut self, limit: usize) -> Result<(), Fault> {
        let mut chunk = [0; 16384];
        let mut total = 0;
        loop {
            match guardsh_sys::io::read_some(self.reports.as_fd(), &mut chunk)? {
                Got::Bytes(count) => {
                    total += count;
                    self.partial
                        .extend_from_slice(chunk.get(..count).unwrap_or_default());
                }
                Got::Nothing => break,
                Got::End => {
                    self.ended = true;
                    break;
                }
            }
            if total > limit {
                break;
            }
        }
        let mut rest = self.partial.as_slice();
        while let Some(end) = rest.iter().position(|byte| *byte == 0) {
            let (message, after) = rest.split_at(end);
            self.messages.push_back(message.to_vec());
            rest = after.get(1..).unwrap_or_default();
        }
        self.partial = rest.to_vec();
        let held: usize = self.messages.iter().map(Vec::len).sum();
        if self.partial.len() + held > limit {
            return Err(Fault::Malformed("too long"));
        }
        Ok(())
    }

    /// NONCE KIND LENGTH PAYLOAD NONCE and the end mark; to a shell that reads by length the mark stands behind the
    /// length, which is that of all that follows.
    fn message(&mut self, nonce: &Nonce, kind: u8, payload: &[u8]) -> Result<(), Fault> {
        let by_length = self.shell.reads_by_length();
        if payload.contains(&END_MARK) {
            return Err(Fault::Unsendable("it holds the end mark"));
        }
        // Lengths are counted in characters: those of ASCII are bytes in every locale.
        if by_length && !payload.is_ascii() {
            return Err(Fault::Unsendable("it holds bytes that are not ASCII"));
        }
        let length = if by_length {
            payload.len() + 1 + nonce.0.len()
        } else {
            payload.len()
        };
        let mut message = Vec::with_capacity(payload.len() + 96);
        message.extend_from_slice(nonce.0.as_bytes());
        message.extend_from_slice(&[b' ', kind, b' ']);
        message.extend_from_slice(length.to_string().as_bytes());
        message.push(if by_length { END_MARK } else { b' ' });
        message.extend_from_slice(payload);
        message.push(b' ');
        message.extend_from_slice(nonce.0.as_bytes());
        if !by_length {
            message.push(END_MARK);
        }
        self.send(Way::Verdicts, &message)
    }

    fn send(&mut self, way: Way, bytes: &[u8]) -> Result<(), Fault> {
        let fd = match way {
            Way::Commands => self.commands.as_fd(),
            Way::Verdicts => self.verdicts.as_fd(),
        };
        let mut rest = bytes;
        let mut deadline = Instant::now() + PATIENCE;
        while !rest.is_empty() {
            let count = match guardsh_sys::io::send_some(fd, rest) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                    return Err(Fault::Closed);
                }
                Err(error) => return Err(error.into()),
            };
            rest = rest.get(count..).unwrap_or_default();
            if count > 0 {
                deadline = Instant::now() + PATIENCE;
                continue;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Fault::Late);
            }
            guardsh_sys::io::wait_ready(&[(fd, Want::Write)], Some(left))?;
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Way {
    Commands,
    Verdicts,
}

/// Text that could not stand where the wrapper puts it. The reader refuses these before: here is the last wall.
fn check_text(text: &[u8]) -> Result<(), Fault> {
    if text.contains(&0) {
        return Err(Fault::Unsendable("it holds a NUL byte"));
    }
    let backslashes = text.iter().rev().take_while(|byte| **byte == b'\\').count();
    if backslashes % 2 == 1 {
        return Err(Fault::Unsendable("it ends in a backslash"));
    }
    Ok(())
}

fn unasked(message: &[u8]) -> Fault {
    let shown: String = message
        .iter()
        .take(80)
        .flat_map(|byte| std::ascii::escape_default(*byte))
        .map(char::from)
        .collect();
    Fault::Unasked(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shells::{Start, StartUp, Started, start};
    use crate::world::ShellKind;
    use guardsh_sys::process::{Ended, WaitsFor, wait_for, waits_for};
    use guardsh_sys::pty::Pty;
    use guardsh_sys::tty::Size;

    struct Alone {
        started: Started,
        pty: Pty,
        folder: tempfile::TempDir,
    }

    impl Alone {
        /// A shell at its prompt that has run a line before.
        fn new(kind: ShellKind) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let pty = Pty::open(Size::FALLBACK, None).unwrap();
            let environment = [
                ("PATH", "/usr/bin:/bin"),
                ("HOME", folder.path().to_str().unwrap()),
            ];
            let started = start(
                &Start {
                    kind,
                    program: PathBuf::from(format!("/bin/{}", kind.name())),
                    login: false,
                    startup: StartUp::Usual,
                    options: Vec::new(),
                    environment: environment
                        .map(|(name, value)| (name.into(), value.into()))
                        .to_vec(),
                    folder: folder.path().to_owned(),
                },
                &pty,
            )
            .unwrap();
            let mut alone = Self {
                started,
                pty,
                folder,
            };
            alone.prompt();
            alone.started.channel.open().unwrap();
            alone
                .started
                .channel
                .run(Approved::for_tests(b"echo run >>previous"))
                .unwrap();
            alone.prompt();
            assert_eq!(alone.runs(), 1);
            alone
        }

        fn runs(&self) -> usize {
            std::fs::read(self.folder.path().join("previous"))
                .unwrap_or_default()
                .len()
                / 4
        }

        fn prompt(&mut self) {
            let deadline = Instant::now() + Duration::from_secs(30);
            let mut reported = false;
            loop {
                assert!(Instant::now() < deadline, "no prompt");
                let channel = &mut self.started.channel;
                reported |= !channel.reports().unwrap().is_empty();
                let idle = waits_for(self.started.pid) == WaitsFor::Read(0)
                    && std::fs::read_link(format!("/proc/{}/fd/0", self.started.pid)).unwrap()
                        == channel.commands_link();
                if channel.is_taken_in().unwrap()
                    && idle
                    && (reported || !channel.reports_each_prompt())
                {
                    channel.reports().unwrap();
                    channel.seen_at_prompt();
                    return;
                }
                let mut chunk = [0; 4096];
                let _ = guardsh_sys::io::read_some(self.pty.master(), &mut chunk);
                std::thread::sleep(Duration::from_millis(1));
            }
        }

        /// The message that would run this.
        fn whole(&self, text: &[u8]) -> Vec<u8> {
            let Phase::Waits(nonce) = &self.started.channel.phase else {
                panic!()
            };
            let payload = self.started.channel.shell.payload(text);
            let head = format!("{} r {} ", nonce.0, payload.len());
            [head.as_bytes(), &payload, b" ", nonce.0.as_bytes(), b"\n"].concat()
        }
    }

    #[test]
    fn a_guard_that_dies_at_any_byte_of_a_verdict_lets_nothing_run() {
        for kind in [ShellKind::Bash, ShellKind::Dash] {
            let length = {
                let mut alone = Alone::new(kind);
                alone.started.channel.open().unwrap();
                alone.whole(b"touch victim").len()
            };
            for cut in [0, 1, 33, 40, length / 2, length - 34, length - 1] {
                let mut alone = Alone::new(kind);
                alone.started.channel.open().unwrap();
                let message = alone.whole(b"touch victim");
                alone
                    .started
                    .channel
                    .send(Way::Verdicts, &message[..cut])
                    .unwrap();
                let Alone {
                    started,
                    pty,
                    folder,
                } = alone;
                drop(started.channel);
                assert_eq!(
                    wait_for(started.pid).unwrap(),
                    Ended::Exited(125),
                    "{kind:?} {cut}"
                );
                drop(pty);
                assert!(!folder.path().join("victim").exists(), "{kind:?} {cut}");
                let runs = std::fs::read(folder.path().join("previous")).unwrap();
                assert_eq!(runs, b"run\n", "{kind:?} {cut}");
            }
        }
    }

    #[test]
    fn messages_that_do_not_fit_are_dropped() {
        for kind in [ShellKind::Bash, ShellKind::Dash] {
            let mut alone = Alone::new(kind);
            alone.started.channel.open().unwrap();
            let message = alone.whole(b"touch victim");
            let other = Nonce::fresh().unwrap().0;
            let own = match &alone.started.channel.phase {
                Phase::Waits(nonce) => nonce.0.clone(),
                Phase::Busy | Phase::Prompt | Phase::Broken => panic!(),
            };
            let text = String::from_utf8(message.clone()).unwrap();
            let damaged = [
                text.replace(&own, &other),
                text.replacen(&own, &other, 1),
                text.replace("victim", "victi"),
                text.replace(" r ", " x "),
                text.replace(" r ", " "),
                text.to_uppercase(),
                "\n\n \n".to_owned(),
                format!("p 1 {own}\n"),
            ];
            for message in damaged {
                alone
                    .started
                    .channel
                    .send(Way::Verdicts, message.as_bytes())
                    .unwrap();
            }
            alone
                .started
                .channel
                .run(Approved::for_tests(b"echo run >>previous"))
                .unwrap();
            alone.prompt();
            assert_eq!(alone.runs(), 2);
            assert!(!alone.folder.path().join("victim").exists());
        }
    }

    #[test]
    fn text_is_sent_only_into_a_wait() {
        for kind in [ShellKind::Bash, ShellKind::Dash] {
            let mut alone = Alone::new(kind);
            let fault = alone
                .started
                .channel
                .run(Approved::for_tests(b"touch victim"))
                .unwrap_err();
            assert!(matches!(fault, Fault::NotNow));
            // And from then on nothing is sent at all.
            assert!(alone.started.channel.open().is_err());
        }
    }
}
