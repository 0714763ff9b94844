//! Real shells on real terminals, driven by bytes and conditions.

mod attacks;
mod like_plain;
mod process_alone;
mod screen;
mod state;
mod typed;

use super::*;
use crate::world::ShellKind;
use std::ffi::OsString;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

const PATIENCE: Duration = Duration::from_secs(40);

/// Lets everything run but what begins with a word for something else.
#[derive(Default)]
struct ByFirstWord {
    log: Arc<Mutex<Vec<String>>>,
    wake: Option<OwnedFd>,
}

impl ByFirstWord {
    fn note(&self, what: String) {
        self.log.lock().unwrap().push(what);
    }
}

impl Judge for ByFirstWord {
    fn judge(&mut self, line: &[u8], world: &mut dyn World) -> Decision {
        let shown = line.escape_ascii().to_string();
        self.note(format!("judge {shown}"));
        let text = String::from_utf8_lossy_for_tests(line);
        if let Some(question) = text.strip_prefix("#? ") {
            let answer = ask(world, question);
            return Decision::Refuse {
                words: format!("answer<{answer}>\n").into_bytes(),
            };
        }
        match text.split_whitespace().next() {
            Some("deny") => Decision::Refuse {
                words: b"refused by test\n".to_vec(),
            },
            Some("invalid") => Decision::Invalid {
                words: b"invalid by test\n".to_vec(),
            },
            Some("ask") => Decision::Ask,
            _ if text.ends_with("do")
                || text.ends_with("<<E")
                || text.matches('\'').count() % 2 == 1 =>
            {
                Decision::Incomplete
            }
            _ => Decision::Run(Approved::for_tests(line)),
        }
    }
    fn resume(&mut self, line: &[u8], _world: &mut dyn World) -> Decision {
        self.note("resume".to_owned());
        Decision::Run(Approved::for_tests(line.strip_prefix(b"ask ").unwrap()))
    }
    fn wake_fd(&self) -> Option<BorrowedFd<'_>> {
        self.wake.as_ref().map(AsFd::as_fd)
    }
    fn poll_events(&mut self) -> News {
        let mut one = [0; 1];
        let _ = read_some(self.wake.as_ref().unwrap().as_fd(), &mut one);
        News::Resume
    }
    fn waiting_line(&self) -> String {
        "waiting for people".to_owned()
    }
    fn waiting_changes(&self) -> Option<Duration> {
        None
    }
    fn cancel(&mut self) -> Vec<u8> {
        self.note("cancel".to_owned());
        b"cancelled by test\n".to_vec()
    }
    fn ended(&mut self, status: Option<u8>) {
        self.note(format!("ended {status:?}"));
    }
    fn input(&mut self, input: &InputLine<'_>) -> io::Result<()> {
        let line = input.line.map(|line| line.escape_ascii().to_string());
        self.note(format!("input {} {line:?}", input.program.escape_ascii()));
        Ok(())
    }
    fn fault(&mut self, why: &str) {
        self.note(format!("fault {why}"));
    }
}

trait LossyForTests {
    fn from_utf8_lossy_for_tests(bytes: &[u8]) -> String;
}

impl LossyForTests for String {
    fn from_utf8_lossy_for_tests(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| char::from(*byte)).collect()
    }
}

fn ask(world: &mut dyn World, question: &str) -> String {
    let (what, name) = question.split_once(' ').unwrap_or((question, ""));
    let folder = world.folder();
    match what {
        "alias" => format!("{:?}", world.alias(name.as_bytes())),
        "function" => format!("{:?}", world.function(name.as_bytes())),
        "builtin" => format!("{:?}", world.is_builtin(name.as_bytes())),
        "program" => match world.program(name.as_bytes(), &folder) {
            Known::Yes(Some(facts)) => facts.found.display().to_string(),
            other @ (Known::Yes(None) | Known::Unknown) => format!("{other:?}"),
        },
        "variable" => match world.variable(name.as_bytes()) {
            Known::Yes(Variable::Scalar {
                value,
                exported,
                plain,
            }) => {
                format!("{} exported={exported} plain={plain}", value.escape_ascii())
            }
            other @ (Known::Yes(Variable::Unset | Variable::Special { .. }) | Known::Unknown) => {
                format!("{other:?}")
            }
        },
        "glob" => format!(
            "{:?}",
            world.glob(name.as_bytes(), &folder).map(|names| {
                names
                    .into_iter()
                    .map(|name| name.escape_ascii().to_string())
                    .collect::<Vec<_>>()
            })
        ),
        "option" => format!("{:?}", world.option(name)),
        "folder" => format!("{folder:?}"),
        "positional" => format!("{:?}", world.positional()),
        "git" => format!("{:?}", world.git(&folder)),
        _ => "?".to_owned(),
    }
}

/// Keeps a line, echoes it, knows Enter, Ctrl-C and Ctrl-D.
#[derive(Default)]
struct PlainLine {
    text: Vec<u8>,
    prompt: Vec<u8>,
}

impl LineEditor for PlainLine {
    fn begin(&mut self, prompt_line: &[u8]) -> Vec<u8> {
        self.prompt = prompt_line.to_vec();
        self.text.clone()
    }
    fn feed(&mut self, bytes: &[u8]) -> Edited {
        let mut output = Vec::new();
        for (index, byte) in bytes.iter().enumerate() {
            let event = match byte {
                b'\r' | b'\n' => Some(Entered::Line(std::mem::take(&mut self.text))),
                3 => {
                    self.text.clear();
                    output.extend_from_slice(b"^C");
                    Some(Entered::Interrupt)
                }
                4 if self.text.is_empty() => Some(Entered::EndOfInput),
                _ => None,
            };
            if event.is_some() {
                output.extend_from_slice(b"\r\n");
                return Edited {
                    consumed: index + 1,
                    event,
                    output,
                };
            }
            self.text.push(*byte);
            output.push(*byte);
        }
        Edited {
            consumed: bytes.len(),
            event: None,
            output,
        }
    }
    fn awaits_more(&self) -> bool {
        false
    }
    fn flush_escape(&mut self) -> Vec<u8> {
        Vec::new()
    }
    fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
    fn hide(&mut self) -> Vec<u8> {
        b"\r\x1b[K".to_vec()
    }
    fn show(&mut self) -> Vec<u8> {
        [self.prompt.clone(), self.text.clone()].concat()
    }
    fn resize(&mut self, _size: Size) -> Vec<u8> {
        Vec::new()
    }
    fn set_echo(&mut self, _on: bool) -> Vec<u8> {
        Vec::new()
    }
    fn push_history(&mut self, _line: &[u8]) {}
}

impl LineEditor for editor::Editor {
    fn begin(&mut self, prompt_line: &[u8]) -> Vec<u8> {
        Self::begin(self, prompt_line)
    }

    fn feed(&mut self, bytes: &[u8]) -> Edited {
        let editor::Fed {
            consumed,
            event,
            output,
        } = Self::feed(self, bytes);
        Edited {
            consumed,
            event: event.map(|event| match event {
                editor::EditorEvent::Submit(line) => Entered::Line(line),
                editor::EditorEvent::Interrupt => Entered::Interrupt,
                editor::EditorEvent::EndOfInput => Entered::EndOfInput,
                editor::EditorEvent::TooLong => Entered::TooLong,
            }),
            output,
        }
    }

    fn awaits_more(&self) -> bool {
        Self::awaits_more(self)
    }

    fn flush_escape(&mut self) -> Vec<u8> {
        Self::flush_escape(self)
    }

    fn is_empty(&self) -> bool {
        self.text().is_empty()
    }

    fn hide(&mut self) -> Vec<u8> {
        Self::hide(self)
    }

    fn show(&mut self) -> Vec<u8> {
        Self::show(self)
    }

    fn resize(&mut self, size: Size) -> Vec<u8> {
        Self::resize(self, size.columns, size.rows)
    }

    fn set_echo(&mut self, on: bool) -> Vec<u8> {
        Self::set_echo(
            self,
            if on {
                editor::Echo::On
            } else {
                editor::Echo::Off
            },
        )
    }

    fn push_history(&mut self, line: &[u8]) {
        Self::push_history(self, line);
    }
}

/// A session in a thread, and the terminal it believes to have.
struct Driven {
    outer: Pty,
    thread: Option<JoinHandle<Result<u8, SessionError>>>,
    log: Arc<Mutex<Vec<String>>>,
    seen: Vec<u8>,
    folder: tempfile::TempDir,
    wake: OwnedFd,
}

struct Setting {
    kind: ShellKind,
    rc: String,
    environment: Vec<(&'static str, String)>,
    login: bool,
    profile: String,
    history: String,
    editor: Editing,
}

/// Which editor a session has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Editing {
    /// One that leaves what is seen easy to compare.
    Plain,
    /// The real one.
    Real,
}

impl Setting {
    fn of(kind: ShellKind) -> Self {
        Self {
            kind,
            rc: "PS1='@> '\n".to_owned(),
            environment: Vec::new(),
            login: false,
            profile: String::new(),
            history: String::new(),
            editor: Editing::Plain,
        }
    }
}

const BASH: ShellKind = ShellKind::Bash;
const DASH: ShellKind = ShellKind::Dash;

fn session(kind: ShellKind) -> Driven {
    Driven::start(Setting::of(kind))
}

impl Driven {
    fn start(setting: Setting) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_owned();
        std::fs::write(home.join(".bashrc"), &setting.rc).unwrap();
        std::fs::write(home.join(".dashrc"), &setting.rc).unwrap();
        std::fs::write(home.join(".profile"), &setting.profile).unwrap();
        std::fs::write(home.join("hist"), &setting.history).unwrap();
        std::fs::write(home.join("other"), "from before\n").unwrap();
        let outer = Pty::open(
            Size {
                rows: 24,
                columns: 80,
            },
            None,
        )
        .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let wake = guardsh_sys::io::one_way().unwrap();
        let mut judge = ByFirstWord {
            log: Arc::clone(&log),
            wake: Some(wake.to),
        };
        let mut environment: Vec<(OsString, OsString)> = [
            ("HOME", home.to_str().unwrap()),
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("LANG", "C.UTF-8"),
            ("TERM", "xterm"),
            ("HISTFILE", home.join("hist").to_str().unwrap()),
        ]
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
        if setting.kind == DASH {
            environment.push(("ENV".into(), home.join(".dashrc").into()));
        }
        for (name, value) in &setting.environment {
            environment.push((name.into(), value.into()));
        }
        let start = Start {
            kind: setting.kind,
            program: PathBuf::from(format!("/bin/{}", setting.kind.name())),
            login: setting.login,
            startup: crate::shells::StartUp::Usual,
            options: Vec::new(),
            environment,
            folder: home.clone(),
        };
        let input = outer.terminal().try_clone_to_owned().unwrap();
        let output = outer.terminal().try_clone_to_owned().unwrap();
        let thread = std::thread::spawn(move || {
            let mut plain = PlainLine::default();
            let mut real = editor::Editor::new(editor::EditorOptions {
                terminal: editor::Terminal::Ansi,
                colour: editor::Colour::Off,
                columns: 80,
                rows: 24,
                history: Vec::new(),
                completeness: Box::new(|text| {
                    if text.ends_with(b"\\") || text.ends_with(b"do") {
                        editor::Completeness::Incomplete
                    } else {
                        editor::Completeness::Complete
                    }
                }),
                colouring: None,
                completer: None,
            });
            let editor: &mut dyn LineEditor = match setting.editor {
                Editing::Plain => &mut plain,
                Editing::Real => &mut real,
            };
            run(Parts {
                input,
                output,
                start,
                home: home.clone(),
                trusted_path: vec!["/usr/bin".into(), "/bin".into()],
                raw: Vec::new(),
                judge: &mut judge,
                editor,
                signals: None,
            })
        });
        Self {
            outer,
            thread: Some(thread),
            log,
            seen: Vec::new(),
            folder,
            wake: wake.from,
        }
    }

    /// One that has shown its first prompt.
    fn ready(kind: ShellKind) -> Self {
        let mut driven = session(kind);
        driven.until("@> ");
        driven
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let deadline = Instant::now() + PATIENCE;
        let mut rest = bytes.as_ref();
        while !rest.is_empty() {
            let count = write_some(self.outer.master(), rest).unwrap();
            rest = &rest[count..];
            if count == 0 {
                // The session waits for its echo to be read.
                assert!(self.more(deadline), "the session takes no input");
            }
        }
    }

    fn line(&mut self, text: &str) {
        self.send(format!("{text}\r"));
    }

    /// Everything up to and with this; panics with what came instead.
    fn until(&mut self, want: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self
                .seen
                .windows(want.len())
                .position(|part| part == want.as_bytes())
            {
                let rest = self.seen.split_off(at + want.len());
                let seen = std::mem::replace(&mut self.seen, rest);
                return String::from_utf8_lossy_for_tests(&seen);
            }
            if !self.more(deadline) {
                panic!(
                    "never saw {want:?}, but {:?}; log {:?}",
                    self.seen.escape_ascii().to_string(),
                    self.log.lock().unwrap()
                );
            }
        }
    }

    fn more(&mut self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        wait_ready(
            &[(self.outer.master(), Want::Read)],
            Some(left.min(Duration::from_millis(50))),
        )
        .unwrap();
        let mut chunk = [0; 65536];
        match read_some(self.outer.master(), &mut chunk).unwrap() {
            Got::Bytes(count) => self.seen.extend_from_slice(&chunk[..count]),
            Got::Nothing | Got::End => {}
        }
        true
    }

    /// Runs a line and gives what it printed, up to the next prompt.
    fn output_of(&mut self, text: &str) -> String {
        self.line(text);
        self.until("\r\n");
        let seen = self.until("@> ");
        seen.strip_suffix("@> ").unwrap().replace("\r\n", "\n")
    }

    /// What a question to the live world gives.
    fn asked(&mut self, question: &str) -> String {
        let seen = self.output_of(&format!("#? {question}"));
        seen.split_once("answer<")
            .and_then(|(_, rest)| rest.rsplit_once('>'))
            .map(|(answer, _)| answer.to_owned())
            .unwrap_or_else(|| panic!("no answer in {seen:?}"))
    }

    fn status(&mut self) -> u8 {
        let deadline = Instant::now() + PATIENCE;
        while !self.thread.as_ref().unwrap().is_finished() {
            assert!(
                self.more(deadline),
                "still running; saw {:?}",
                self.seen.escape_ascii().to_string()
            );
        }
        self.thread.take().unwrap().join().unwrap().unwrap()
    }

    fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    fn wait_until(&mut self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds(self) {
            assert!(
                self.more(deadline),
                "never: {what}; saw {:?}",
                self.seen.escape_ascii().to_string()
            );
        }
    }
}
