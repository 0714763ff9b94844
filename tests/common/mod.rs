//! What the tests of the whole program share: a home of its own, running with a bound, waiting for a condition,
//! an approval service, and a server that answers what it is told to.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "each test file uses a part of it, and a test that cannot go on fails"
)]

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The program under test.
pub const GUARDSH: &str = env!("CARGO_BIN_EXE_guardsh");

/// Nothing that is waited for here takes longer, on however busy a machine.
pub const BOUND: Duration = Duration::from_secs(30);

/// A rule set under which everything runs that can be judged at all.
pub const EVERYTHING: &str = r#"
version = 1
[policy]
packs = ["readonly"]
[[rule]]
id = "everything"
decision = "allow"
run = ["**"]
env = ["*"]
write = ["/**"]
dynamic = true
"#;

/// A home folder with a configuration, and a folder to work in.
#[derive(Debug)]
pub struct Home {
    folder: tempfile::TempDir,
    service: Option<Child>,
}

impl Home {
    /// With this configuration.
    pub fn new(config: &str) -> Self {
        let home = Self {
            folder: tempfile::tempdir().unwrap(),
            service: None,
        };
        fs::create_dir(home.work()).unwrap();
        home.configure(config);
        home
    }

    /// Replaces the configuration.
    pub fn configure(&self, config: &str) {
        let folder = self.at("config");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("guardsh.toml"), config).unwrap();
    }

    /// A path below the home.
    pub fn at(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder in which commands start.
    pub fn work(&self) -> PathBuf {
        self.at("work")
    }

    /// Writes a file below the working folder.
    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.work().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// Writes a program below the working folder.
    pub fn program(&self, name: &str, text: &str) -> PathBuf {
        let path = self.file(name, text);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// Whether a file below the working folder is there.
    pub fn has(&self, name: &str) -> bool {
        self.work().join(name).exists()
    }

    /// A command in this home, with nothing of the tester's environment.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.folder.path())
            .env("XDG_CONFIG_HOME", self.at("config"))
            .env("XDG_STATE_HOME", self.at("state"))
            .env("XDG_DATA_HOME", self.at("data"))
            .env("LESSSECURE", "1")
            .env("PWD", self.work())
            .current_dir(self.work())
            .stdin(Stdio::null());
        command
    }

    /// guardsh with these words.
    pub fn guardsh<S: AsRef<OsStr>>(&self, words: &[S]) -> Command {
        let mut command = self.command(GUARDSH);
        command.args(words);
        command
    }

    /// The same command without the descriptors that whoever started the tests left open.
    pub fn alone(&self, command: &Command) -> Command {
        const CLOSE: &str = "for n in /proc/self/fd/*; do n=${n##*/}; [ $n -gt 2 ] && eval \"exec $n>&-\"; done; name=$1; shift; exec -a \"$name\" \"$@\"";
        let program = command.get_program();
        let name = Path::new(program).file_name().unwrap();
        let mut alone = self.command("/bin/bash");
        alone
            .args(["-c", CLOSE, "alone"])
            .arg(name)
            .arg(program)
            .args(command.get_args())
            .env_remove("PWD")
            .env("PWD", self.work());
        alone
    }

    /// Runs guardsh with these words to its end.
    pub fn run<S: AsRef<OsStr>>(&self, words: &[S]) -> Ended {
        Running::start(self.guardsh(words)).end()
    }

    /// A plain shell, started under its own bare name.
    pub fn plain<S: AsRef<OsStr>>(&self, shell: &str, words: &[S]) -> Command {
        let mut command = self.command(format!("/bin/{shell}"));
        command.arg0(shell).args(words);
        command
    }

    /// The audit log, one record a line.
    pub fn log(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.log_path()).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The kinds of the records.
    pub fn kinds(&self) -> Vec<String> {
        self.log()
            .iter()
            .map(|record| record["kind"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Where the audit log is.
    pub fn log_path(&self) -> PathBuf {
        self.at("state/guardsh/audit.jsonl")
    }

    /// Fails unless the log's chain is whole.
    pub fn verify_log(&self) {
        let verified = self.run(&["audit", "verify"]);
        assert_eq!(verified.code(), Some(0), "{verified:?}");
    }

    /// Starts the approval service.
    pub fn serve(&mut self) {
        let mut service = self
            .guardsh(&["serve", "--listen", "none"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(service.stdout.take().unwrap())
            .read_line(&mut first)
            .unwrap();
        assert!(first.contains("serve.sock"), "{first}");
        self.service = Some(service);
    }

    /// Ends the approval service as a crash would.
    pub fn kill_service(&mut self) {
        let mut service = self.service.take().unwrap();
        service.kill().unwrap();
        service.wait().unwrap();
    }

    /// The approval service, as a process.
    pub fn service_pid(&self) -> Pid {
        pid_of(self.service.as_ref().unwrap())
    }

    /// What waits for an answer.
    pub fn pending(&self) -> Vec<Value> {
        let listed = self.run(&["pending", "--json"]);
        assert_eq!(listed.code(), Some(0), "{listed:?}");
        serde_json::from_slice(&listed.stdout).unwrap()
    }

    /// Waits until this line, and nothing else, waits for an answer; gives its short id.
    pub fn wait_pending(&self, line: &str) -> String {
        until(&format!("{line} waits for an answer"), || {
            let waiting = self.pending();
            waiting
                .iter()
                .find(|request| request["line"] == line)
                .map(|request| request["short"].as_str().unwrap().to_owned())
        })
    }

    /// A reviewer's tool, which must succeed.
    pub fn review(&self, words: &[&str]) {
        let done = self.run(words);
        assert_eq!(done.code(), Some(0), "{words:?}: {done:?}");
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Some(mut service) = self.service.take() {
            let _ = service.kill();
            let _ = service.wait();
        }
    }
}

/// How a program ended and what it said.
#[derive(Clone, PartialEq, Eq)]
pub struct Ended {
    /// On standard output.
    pub stdout: Vec<u8>,
    /// On standard error.
    pub stderr: Vec<u8>,
    /// Exit status, or the signal.
    pub status: ExitStatus,
}

impl std::fmt::Debug for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let cut = |bytes: &[u8]| bytes[..bytes.len().min(2000)].escape_ascii().to_string();
        write!(
            f,
            "{}\n  out: {}\n  err: {}",
            self.status,
            cut(&self.stdout),
            cut(&self.stderr)
        )
    }
}

impl Ended {
    /// The exit status; `None` if a signal ended it.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The signal that ended it.
    pub fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    /// Standard output as text.
    pub fn out(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    /// Standard error as text.
    pub fn err(&self) -> &str {
        std::str::from_utf8(&self.stderr).unwrap()
    }

    /// The one refusal that was told in JSON.
    pub fn refusal(&self) -> Value {
        let told: Vec<Value> = self
            .err()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let [refusal] = told.as_slice() else {
            panic!("not one refusal: {self:?}")
        };
        refusal.clone()
    }
}

/// A program that runs, whose output is collected.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdout: Option<Collected>,
    stderr: Option<Collected>,
}

impl Running {
    /// Starts it with whatever standard input the command has. Output goes to pipes.
    pub fn start(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::as_is(command)
    }

    /// Starts it as it is.
    pub fn as_is(mut command: Command) -> Self {
        let mut child = loop {
            match command.spawn() {
                // Another test forked while a program was open for writing.
                Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => {}
                spawned => break spawned.unwrap(),
            }
        };
        let stdout = child.stdout.take().map(Collected::from);
        let stderr = child.stderr.take().map(Collected::from);
        Self {
            child,
            stdout,
            stderr,
        }
    }

    /// Starts it with these bytes on a pipe as standard input.
    pub fn fed(mut command: Command, input: &[u8]) -> Self {
        command.stdin(Stdio::piped());
        let mut running = Self::start(command);
        let mut stdin = running.child.stdin.take().unwrap();
        let input = input.to_vec();
        // Whoever does not read to the end breaks the pipe; that is for the test to see in what it says.
        std::thread::spawn(move || {
            let _ = stdin.write_all(&input);
        });
        running
    }

    /// Its process.
    pub fn pid(&self) -> Pid {
        pid_of(&self.child)
    }

    /// Its standard input, where it was a pipe.
    pub fn stdin(&mut self) -> std::process::ChildStdin {
        self.child.stdin.take().unwrap()
    }

    /// Sends a signal to it alone.
    pub fn signal(&self, signal: Signal) {
        nix::sys::signal::kill(self.pid(), signal).unwrap();
    }

    /// What it has said on standard output so far.
    pub fn said(&self) -> Vec<u8> {
        self.stdout.as_ref().unwrap().so_far()
    }

    /// What it has said on standard error so far.
    pub fn complained(&self) -> Vec<u8> {
        self.stderr.as_ref().unwrap().so_far()
    }

    /// Waits until it has said this on standard output.
    pub fn wait_said(&self, text: &str) {
        until(&format!("{text:?} is said"), || {
            contains(&self.said(), text.as_bytes()).then_some(())
        });
    }

    /// Whether it still runs.
    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end, which must come within the bound.
    pub fn end(mut self) -> Ended {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if began.elapsed() > BOUND {
                let _ = self.child.kill();
                let _ = self.child.wait();
                let said = self.said().escape_ascii().to_string();
                let complained = self.complained().escape_ascii().to_string();
                panic!("it does not end; out: {said}; err: {complained}");
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let all = |collected: &Option<Collected>| {
            collected.as_ref().map(Collected::all).unwrap_or_default()
        };
        Ended {
            stdout: all(&self.stdout),
            stderr: all(&self.stderr),
            status,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pid_of(child: &Child) -> Pid {
    Pid::from_raw(child.id().try_into().unwrap())
}

/// Reads a pipe to its end beside the test.
#[derive(Debug)]
struct Collected {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Collected {
    fn from(mut pipe: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&bytes);
        let reader = std::thread::spawn(move || {
            let mut piece = [0; 65536];
            while let Ok(count @ 1..) = pipe.read(&mut piece) {
                into.lock().unwrap().extend_from_slice(&piece[..count]);
            }
        });
        Self { bytes, reader }
    }

    fn so_far(&self) -> Vec<u8> {
        self.bytes.lock().unwrap().clone()
    }

    /// Everything, as soon as nobody holds the other end any more.
    fn all(&self) -> Vec<u8> {
        until("the output ends", || {
            self.reader.is_finished().then_some(())
        });
        self.so_far()
    }
}

/// Waits until there is something.
pub fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(began.elapsed() < BOUND, "waited too long: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether these bytes are somewhere in those.
pub fn contains(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

/// One line of `/proc/PID/stat`: the state of a process and its parent, or `None` if it is gone.
pub fn process(pid: Pid) -> Option<(char, i32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

/// A server on loopback that answers each call with what it is told to.
pub struct Fake {
    /// Its address.
    pub url: String,
    /// How many calls have come in.
    calls: Arc<Mutex<Vec<Call>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// A call that came in.
#[derive(Clone, Debug)]
pub struct Call {
    /// `POST`, `GET`
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The body, if it is JSON.
    pub body: Value,
}

impl Fake {
    /// Starts one; `answer` is called with the connection after a whole call was read from it.
    pub fn start(answer: impl Fn(&Call, &mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (seen, stopped) = (Arc::clone(&calls), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            // Connections that were not answered stay open until the end.
            let mut open = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                let Ok((mut stream, _)) = listener.accept() else {
                    std::thread::sleep(Duration::from_millis(2));
                    continue;
                };
                stream.set_nonblocking(false).unwrap();
                stream.set_read_timeout(Some(BOUND)).unwrap();
                stream
                    .set_write_timeout(Some(Duration::from_secs(1)))
                    .unwrap();
                let Some(call) = read_call(&stream) else {
                    continue;
                };
                seen.lock().unwrap().push(call.clone());
                answer(&call, &mut stream);
                open.push(stream);
            }
        });
        Self {
            url,
            calls,
            stop,
            thread: Some(thread),
        }
    }

    /// The calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn read_call(stream: &TcpStream) -> Option<Call> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut words = first.split(' ');
    Some(Call {
        method: words.next()?.to_owned(),
        path: words.next()?.to_owned(),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    })
}

/// Answers with a status and a body.
pub fn answer(stream: &mut TcpStream, status: &str, body: &str) {
    let length = body.len();
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    let _ = stream.shutdown(std::net::Shutdown::Write);
}
