//! An interactive session on the caller's terminal: the driver joined with the desk and the editor.

use super::editor::{
    Colour, Completeness, Echo, Editor, EditorEvent, EditorOptions, Style, Terminal,
};
use super::{Decision, Edited, Entered, InputLine, Judge, LineEditor, News, Parts};
use crate::config::startup::{Standing, StartUpFile};
use crate::desk::{Desk, Reading, Step, Submitted, own_program, read, waiting_words};
use crate::feedback::{EXIT_FAULT, with_causes};
use crate::invocation::ShellCall;
use crate::oneshot::{Ready, Teller, fault, wants_more};
use crate::shells::{Start, StartUp};
use crate::world::{DoorWorld, ShellKind};
use guardsh_policy::{Folder, Known, Policy, Surroundings, Variable, Verdict, World, judge};
use guardsh_syntax::{NotRead, Options};
use guardsh_sys::Signal;
use guardsh_sys::signals::Signals;
use guardsh_sys::tty::Size;
use serde_json::{Map, json};
use std::cell::RefCell;
use std::ffi::OsStr;
use std::io::{self, IsTerminal, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::rc::Rc;
use std::time::Duration;

/// Longer texts are not coloured as they are typed.
const COLOURED: usize = 4096;
/// How many lines of history are kept.
const HISTORY: usize = 2000;

/// Opens a session and holds it to its end.
pub(crate) fn start(ready: Ready, call: &ShellCall) -> ExitCode {
    match session(ready, call) {
        Ok(status) => ExitCode::from(status),
        Err(words) => {
            fault(&words);
            ExitCode::from(EXIT_FAULT)
        }
    }
}

fn session(ready: Ready, call: &ShellCall) -> Result<u8, String> {
    let Ready {
        setup,
        world,
        env,
        program,
        shell,
        startup,
    } = ready;
    if !io::stdin().is_terminal() {
        return Err(
            "an interactive session needs a terminal; use -c, a script or standard input"
                .to_owned(),
        );
    }
    // Taken before any thread is made: whoever asks people must not get them.
    let signals =
        Signals::take(&TAKEN).map_err(|error| format!("signals cannot be taken over: {error}"))?;
    let _ = guardsh_sys::process::become_subreaper();
    let _ = guardsh_sys::process::hide_from_others();
    let teller = Teller::new(setup.loaded.config.feedback);
    let origin = setup.loaded.origin.shown();
    let home = setup.places.home.clone();
    let trusted_path = setup.loaded.config.policy.trusted_path.clone();
    let history_file = setup.places.state().join("history");
    let surroundings = Surroundings {
        own_files: setup.places.own(),
        own_program: own_program(),
        start_folder: std::env::current_dir().ok(),
    };
    let hint = Rc::new(RefCell::new(Hint {
        policy: Policy::new(&setup.loaded.config, &surroundings),
        world,
        known: (Vec::new(), Vec::new()),
        continuation: b"> ".to_vec(),
    }));
    let desk = Desk::open(setup).map_err(|error| with_causes(&error))?;
    let unaccepted: Vec<&StartUpFile> = startup
        .iter()
        .filter(|file| file.standing == Standing::NotAccepted)
        .collect();
    greet(shell, &origin, &unaccepted);
    let folder =
        std::env::current_dir().map_err(|error| format!("the folder cannot be told: {error}"))?;
    let none = if call.login {
        call.no_profile
    } else {
        call.no_rc
    };
    let start = Start {
        kind: shell,
        program: program.clone(),
        // A start-up file that nobody accepted does not run at all.
        login: call.login && unaccepted.is_empty(),
        startup: if none || unaccepted.iter().any(|file| file.is_of_machine()) {
            StartUp::Without
        } else if unaccepted.is_empty() {
            StartUp::Usual
        } else {
            StartUp::System
        },
        options: session_options(call),
        environment: env.variables,
        folder,
    };
    let mut judge = DeskJudge {
        desk,
        teller,
        shell,
        program,
        hint: Rc::clone(&hint),
        cancelled: false,
    };
    let history = load_history(&history_file);
    let editor = Editor::new(editor_options(shell, &hint, history));
    let mut editor = TheEditor {
        editor,
        new: Vec::new(),
        hint: Rc::clone(&hint),
    };
    let stdin = io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .map_err(|error| format!("the terminal: {error}"))?;
    let stdout = io::stdout()
        .as_fd()
        .try_clone_to_owned()
        .map_err(|error| format!("the terminal: {error}"))?;
    let parts = Parts {
        input: stdin,
        output: stdout,
        start,
        home,
        trusted_path,
        raw: Vec::new(),
        judge: &mut judge,
        editor: &mut editor,
        signals: Some(signals),
    };
    let ended = super::run(parts);
    save_history(&history_file, &editor.new);
    if judge.cancelled {
        judge.desk.settle();
    }
    let mut facts = Map::new();
    facts.insert("status".to_owned(), json!(ended.as_ref().ok()));
    let _ = judge.desk.note("session_end", facts);
    ended.map_err(|error| with_causes(&error))
}

/// `-i` and `-l` are the session's own business; the rest is the shell's.
fn session_options(call: &ShellCall) -> Vec<std::ffi::OsString> {
    let own = ["--norc", "--noprofile", "--noediting"];
    call.passed
        .iter()
        .filter(|option| !own.iter().any(|own| *option == own))
        .cloned()
        .collect()
}

/// The session's first lines: what guards it, how far that can be trusted, and what did not run.
fn greet(shell: ShellKind, origin: &str, unaccepted: &[&StartUpFile]) {
    let mut words = format!(
        "guardsh: guarded {}, advisory (the guard and the guarded are one user); policy: {}\r\n",
        shell.name(),
        guardsh_protocol::shown(origin.as_bytes())
    );
    for file in unaccepted {
        words.push_str(&format!(
            "guardsh: not run: {}: it is not the file that was accepted; look at it, then: guardsh trust\r\n",
            guardsh_protocol::shown(file.path.as_os_str().as_bytes())
        ));
    }
    let _ = io::stdout().lock().write_all(words.as_bytes());
    let _ = io::stdout().lock().flush();
}

/// The desk as the driver's judge.
struct DeskJudge {
    desk: Desk,
    teller: Teller,
    shell: ShellKind,
    program: PathBuf,
    hint: Rc<RefCell<Hint>>,
    /// A request was taken back; the service may not have heard of it yet.
    cancelled: bool,
}

impl DeskJudge {
    fn decide(&mut self, step: Step) -> Decision {
        match step {
            Step::Run(approved) => Decision::Run(approved),
            Step::Refuse(refusal) => Decision::Refuse {
                words: self.teller.words(&refusal).into_bytes(),
            },
            Step::Wait => Decision::Ask,
        }
    }

    fn options(world: &mut dyn World) -> Options {
        let on = |world: &mut dyn World, name: &str| world.option(name) == Known::Yes(true);
        Options {
            extglob: on(world, "extglob"),
            ..SESSION
        }
    }

    /// What the shell itself says of text that does not parse; `None` if it would take it.
    fn shells_words(&self, line: &[u8], extglob: bool) -> Option<Vec<u8>> {
        let mut command = Command::new(&self.program);
        command.env_clear().env("PATH", "/usr/bin:/bin").arg("-n");
        if self.shell == ShellKind::Bash && extglob {
            command.args(["-O", "extglob"]);
        }
        // `-n` reads and never runs.
        command
            .arg("-c")
            .arg(OsStr::from_bytes(line))
            .arg(self.shell.name());
        let output = command.stdin(Stdio::null()).output().ok()?;
        (!output.status.success()).then_some(output.stderr)
    }
}

const SESSION: Options = Options {
    extglob: false,
    here_doc_at_end: false,
    backslash_at_end: false,
    comments: true,
};

impl Judge for DeskJudge {
    fn judge(&mut self, line: &[u8], world: &mut dyn World) -> Decision {
        let options = Self::options(world);
        if matches!(
            guardsh_syntax::read(line, self.shell.dialect(), options),
            Err(NotRead::Unsupported(_))
        ) && wants_more(&self.program, self.shell, line, options.extglob)
        {
            return Decision::Incomplete;
        }
        let submitted = self.desk.submit(line, options, world);
        self.hint.borrow_mut().look(world);
        match submitted {
            Submitted::Judged(step) => self.decide(step),
            Submitted::Nothing => {
                // Blanks and comments: the shell does nothing, in its own way.
                let step = self.desk.submit_actions(line, options, Vec::new(), world);
                self.decide(step)
            }
            Submitted::Incomplete(_) => Decision::Incomplete,
            Submitted::Invalid(place) => match self.shells_words(line, options.extglob) {
                Some(words) => {
                    if let Err(error) = self.desk.invalid(line, &place.what) {
                        let words =
                            crate::feedback::fault(&with_causes(&error), "nothing was run", false);
                        return Decision::Refuse {
                            words: words.into_bytes(),
                        };
                    }
                    Decision::Invalid { words }
                }
                None => {
                    let what = format!("text that guardsh does not read: {}", place.what);
                    let action = crate::desk::opaque(line, what, world);
                    let step = self.desk.submit_actions(line, options, vec![action], world);
                    self.decide(step)
                }
            },
        }
    }

    fn resume(&mut self, _line: &[u8], world: &mut dyn World) -> Decision {
        let step = self.desk.progress(world).unwrap_or(Step::Wait);
        self.decide(step)
    }

    fn wake_fd(&self) -> Option<BorrowedFd<'_>> {
        self.desk.wake_fd()
    }

    fn poll_events(&mut self) -> News {
        let _ = self.desk.sync_if_due();
        if self.desk.collect() {
            News::Resume
        } else {
            News::Waiting
        }
    }

    fn waiting_line(&self) -> String {
        self.desk
            .waiting()
            .as_ref()
            .map(waiting_words)
            .unwrap_or_default()
    }

    fn waiting_changes(&self) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }

    fn cancel(&mut self) -> Vec<u8> {
        match self.desk.interrupt() {
            Step::Refuse(refusal) => {
                self.cancelled = true;
                self.teller.words(&refusal).into_bytes()
            }
            Step::Run(_) | Step::Wait => {
                self.desk.give_up();
                Vec::new()
            }
        }
    }

    fn ended(&mut self, status: Option<u8>) {
        let _ = self.desk.ended(status.map_or(-1, i32::from));
    }

    fn input(&mut self, input: &InputLine<'_>) -> io::Result<()> {
        let mut facts = match input.line {
            Some(line) => crate::audit::line_facts(line),
            None => Map::new(),
        };
        facts.insert(
            "program".to_owned(),
            json!(guardsh_protocol::shown(input.program).to_string()),
        );
        if input.line.is_none() {
            facts.insert("hidden".to_owned(), json!(true));
        }
        self.desk
            .note("input", facts)
            .map_err(|error| io::Error::other(with_causes(&error)))
    }

    fn due(&self) -> Option<Duration> {
        self.desk
            .sync_due()
            .map(|due| due.saturating_duration_since(std::time::Instant::now()))
    }

    fn tick(&mut self) {
        // Should it fail, the log stays closed and the next line is refused with words that say so.
        let _ = self.desk.sync_if_due();
    }

    fn fault(&mut self, why: &str) {
        let mut facts = Map::new();
        facts.insert("why".to_owned(), json!(why));
        let _ = self.desk.note("fault", facts);
    }
}

/// What a line that is being typed would come to, by what was last known of the shell. Only a hint: the
/// verdict asks the shell itself.
struct Hint {
    policy: Policy,
    world: DoorWorld,
    /// Folder and PATH that `world` was last given.
    known: (Vec<u8>, Vec<u8>),
    /// The shell's PS2, as far as it is plain text.
    continuation: Vec<u8>,
}

impl Hint {
    fn look(&mut self, world: &mut dyn World) {
        let folder = match world.folder() {
            Folder::Known(folder) => folder.into_os_string().into_vec(),
            Folder::Unknown => Vec::new(),
        };
        let path = match world.variable(b"PATH") {
            Known::Yes(Variable::Scalar { value, .. }) => value,
            Known::Yes(Variable::Unset | Variable::Special { .. }) | Known::Unknown => Vec::new(),
        };
        if let Known::Yes(Variable::Scalar { value, .. }) = world.variable(b"PS2")
            && !value.iter().any(|byte| matches!(byte, b'$' | b'`' | b'\\'))
        {
            self.continuation = value;
        }
        if self.known == (folder.clone(), path.clone()) {
            return;
        }
        self.world.folder = (!folder.is_empty()).then(|| PathBuf::from(OsStr::from_bytes(&folder)));
        self.world
            .env
            .insert("PATH".into(), OsStr::from_bytes(&path).to_owned());
        self.world
            .env
            .insert("PWD".into(), OsStr::from_bytes(&folder).to_owned());
        self.known = (folder, path);
    }

    fn style(&mut self, text: &[u8]) -> Style {
        if text.len() > COLOURED || text.trim_ascii().is_empty() {
            return Style::Plain;
        }
        let options = Options {
            here_doc_at_end: true,
            backslash_at_end: true,
            ..SESSION
        };
        let dialect = self.world.shell.dialect();
        match read(text, dialect, options, &mut self.world) {
            Reading::Actions(actions) | Reading::Unsupported(actions, _) => {
                match judge(&self.policy, &actions, &mut self.world).verdict {
                    Verdict::Allow => Style::Runs,
                    Verdict::Ask => Style::Asks,
                    Verdict::Deny => Style::Refused,
                }
            }
            Reading::Incomplete(_) | Reading::Invalid(_) => Style::Plain,
        }
    }
}

fn editor_options(
    shell: ShellKind,
    hint: &Rc<RefCell<Hint>>,
    history: Vec<Vec<u8>>,
) -> EditorOptions {
    let term = std::env::var("TERM").unwrap_or_default();
    let dumb = term.is_empty() || term == "dumb";
    let dialect = shell.dialect();
    let hint = Rc::clone(hint);
    EditorOptions {
        terminal: if dumb { Terminal::Dumb } else { Terminal::Ansi },
        colour: if dumb || std::env::var_os("NO_COLOR").is_some() {
            Colour::Off
        } else {
            Colour::On
        },
        columns: 80,
        rows: 24,
        history,
        completeness: Box::new(move |text: &[u8]| {
            match guardsh_syntax::read(text, dialect, SESSION) {
                Err(NotRead::Incomplete(_)) => Completeness::Incomplete,
                Ok(_) | Err(NotRead::Invalid(_) | NotRead::Unsupported(_)) => {
                    Completeness::Complete
                }
            }
        }),
        colouring: Some(Box::new(move |text: &[u8]| {
            let style = match hint.try_borrow_mut() {
                Ok(mut hint) => hint.style(text),
                Err(_) => Style::Plain,
            };
            vec![(0..text.len(), style)]
        })),
        completer: None,
    }
}

/// The editor as the driver wants it.
struct TheEditor {
    editor: Editor,
    new: Vec<Vec<u8>>,
    hint: Rc<RefCell<Hint>>,
}

impl LineEditor for TheEditor {
    fn begin(&mut self, prompt_line: &[u8]) -> Vec<u8> {
        if let Ok(hint) = self.hint.try_borrow() {
            self.editor.set_continuation_prompt(&hint.continuation);
        }
        self.editor.begin(prompt_line)
    }

    fn feed(&mut self, bytes: &[u8]) -> Edited {
        let fed = self.editor.feed(bytes);
        let event = fed.event.map(|event| match event {
            EditorEvent::Submit(line) => Entered::Line(line),
            EditorEvent::Interrupt => Entered::Interrupt,
            EditorEvent::EndOfInput => Entered::EndOfInput,
            EditorEvent::TooLong => Entered::TooLong,
        });
        Edited {
            consumed: fed.consumed,
            event,
            output: fed.output,
        }
    }

    fn awaits_more(&self) -> bool {
        self.editor.awaits_more()
    }

    fn flush_escape(&mut self) -> Vec<u8> {
        self.editor.flush_escape()
    }

    fn is_empty(&self) -> bool {
        self.editor.text().is_empty()
    }

    fn hide(&mut self) -> Vec<u8> {
        self.editor.hide()
    }

    fn show(&mut self) -> Vec<u8> {
        self.editor.show()
    }

    fn resize(&mut self, size: Size) -> Vec<u8> {
        self.editor.resize(size.columns, size.rows)
    }

    fn set_echo(&mut self, on: bool) -> Vec<u8> {
        self.editor.set_echo(if on { Echo::On } else { Echo::Off })
    }

    fn push_history(&mut self, line: &[u8]) {
        if self.editor.push_history(line) {
            self.new.push(line.to_vec());
        }
    }
}

/// Entries are ended by NUL, because a line may hold newlines.
fn load_history(file: &Path) -> Vec<Vec<u8>> {
    let text = std::fs::read(file).unwrap_or_default();
    let entries: Vec<Vec<u8>> = text
        .split(|byte| *byte == 0)
        .filter(|entry| !entry.is_empty())
        .map(<[u8]>::to_vec)
        .collect();
    let surplus = entries.len().saturating_sub(HISTORY);
    entries.into_iter().skip(surplus).collect()
}

/// Adds to what is there now, which another session may have added to as well. A loss is no fault.
fn save_history(file: &Path, new: &[Vec<u8>]) {
    if new.is_empty() {
        return;
    }
    let mut entries = load_history(file);
    // What was typed may hold a secret.
    entries.extend(
        new.iter()
            .map(|line| guardsh_protocol::redact::redact(line).into_owned()),
    );
    let surplus = entries.len().saturating_sub(HISTORY);
    let mut text = Vec::new();
    for entry in entries.iter().skip(surplus) {
        text.extend_from_slice(entry);
        text.push(0);
    }
    let fresh = file.with_extension(format!("new-{}", std::process::id()));
    let written = write_private(&fresh, &text).and_then(|()| std::fs::rename(&fresh, file));
    if written.is_err() {
        let _ = std::fs::remove_file(&fresh);
    }
}

fn write_private(file: &Path, text: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut handle = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file)?;
    handle.write_all(text)
}

/// The signals that a session takes over.
const TAKEN: [Signal; 8] = [
    Signal::SIGWINCH,
    Signal::SIGCHLD,
    Signal::SIGHUP,
    Signal::SIGTERM,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGCONT,
    Signal::SIGTSTP,
];
