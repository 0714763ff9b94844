//! The approval service as it is installed: the program, its socket, its tools, and a session that tries to
//! answer for itself.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use guardsh_protocol::{ActionRecord, Agent, Door, Draft, Request, RiskRecord};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const GUARDSH: &str = env!("CARGO_BIN_EXE_guardsh");

/// A home with a service in it.
struct Home {
    folder: tempfile::TempDir,
    service: Option<Child>,
}

impl Home {
    fn new() -> Self {
        let mut home = Self {
            folder: tempfile::tempdir().unwrap(),
            service: None,
        };
        home.serve();
        home
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let folder = self.folder.path();
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", folder)
            .env("XDG_STATE_HOME", folder.join("state"))
            .env("XDG_DATA_HOME", folder.join("data"))
            .current_dir(folder)
            .stdin(Stdio::null());
        command
    }

    fn serve(&mut self) {
        self.serve_with(&["serve", "--listen", "127.0.0.1:0"]);
    }

    fn serve_with(&mut self, arguments: &[&str]) {
        let mut service = self
            .command(GUARDSH)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(service.stdout.take().unwrap())
            .read_line(&mut first)
            .unwrap();
        assert!(first.contains("serve.sock"), "{first}");
        self.service = Some(service);
    }

    fn kill(&mut self) {
        let mut service = self.service.take().unwrap();
        service.kill().unwrap();
        service.wait().unwrap();
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("state/guardsh/serve.sock")
    }

    fn tool(&self, arguments: &[&str]) -> Output {
        self.command(GUARDSH).args(arguments).output().unwrap()
    }

    fn file(&self, line: &str) -> Request {
        let request = request(line);
        let body = request.body().unwrap();
        let (status, answer) = call(&self.socket(), "POST", "/v1/requests", &body);
        assert_eq!(status, 201, "{answer}");
        request
    }

    fn state(&self, request: &Request) -> String {
        let target = format!("/v1/requests/{}", request.id);
        let (status, answer) = call(&self.socket(), "GET", &target, &Value::Null);
        assert_eq!(status, 200, "{answer}");
        answer["state"].as_str().unwrap().to_owned()
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

fn request(line: &str) -> Request {
    Draft {
        session: "a-session".to_owned(),
        host: "here".to_owned(),
        uid: nix::unistd::Uid::current().as_raw(),
        user: "deploy".to_owned(),
        door: Door::Command,
        agent: Agent::default(),
        shell: "/bin/bash".into(),
        cwd: "/srv".into(),
        line: line.as_bytes().to_vec(),
        actions: vec![ActionRecord {
            kind: "run".to_owned(),
            argv: Some(vec![line.to_owned()]),
            verdict: "ask".to_owned(),
            rule: "builtin.default".to_owned(),
            source: "builtin".to_owned(),
            reason: "no rule allows it".to_owned(),
            ..ActionRecord::default()
        }],
        risk: RiskRecord::default(),
        recent: Vec::new(),
        attachments: Vec::new(),
        justification: None,
        policy_digest: "p".to_owned(),
    }
    .file(Timestamp::now(), Duration::from_secs(300))
    .unwrap()
}

/// One call over the socket by this very process.
fn call(socket: &Path, method: &str, target: &str, body: &Value) -> (u16, Value) {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let mut stream = UnixStream::connect(socket).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn a_person_sees_what_waits_and_answers_it() {
    let home = Home::new();
    let first = home.file("touch made");
    let second = home.file("touch other");

    let listed = home.tool(&["pending", "--json"]);
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed[0]["id"], json!(first.id.to_string()));
    assert_eq!(listed[0]["line"], json!("touch made"));
    assert_eq!(listed[0]["short"], json!(first.id.short()));
    assert_eq!(listed[0]["state"], json!("pending"));
    assert!(listed[0]["waited_s"].is_u64());
    let table = home.tool(&["pending"]);
    assert!(text(&table.stdout).contains("touch other"));

    let shown = home.tool(&["show", &first.id.short()]);
    let shown = text(&shown.stdout);
    for part in ["touch made", "/srv", "builtin.default", "no rule allows it"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert!(shown.contains(&first.digest().unwrap()));

    assert!(
        home.tool(&["approve", &first.id.to_string()])
            .status
            .success()
    );
    assert_eq!(home.state(&first), "approved");
    // A denial without a reason is a fault of the call.
    assert_eq!(
        home.tool(&["deny", &second.id.short()]).status.code(),
        Some(125)
    );
    let denied = home.tool(&["deny", &second.id.short(), "--reason", "no"]);
    assert!(denied.status.success());
    assert_eq!(home.state(&second), "denied");
    let late = home.tool(&["approve", &second.id.short()]);
    assert_eq!(late.status.code(), Some(1));
    assert!(text(&late.stderr).contains("denied"));
}

#[test]
fn what_a_request_holds_cannot_move_the_cursor_or_reverse_text() {
    let home = Home::new();
    let request = home.file("echo \u{1b}[2J\u{202e}safe\r\n\u{200b}rm x");
    for arguments in [vec!["pending"], vec!["show", &request.id.short()]] {
        let shown = home.tool(&arguments);
        let shown = text(&shown.stdout);
        assert!(shown.contains("echo \\x1b[2J\\u{202e}safe\\x0d"), "{shown}");
        assert!(shown.contains("\\u{200b}rm x"), "{shown}");
        assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{200b}', '\r']));
    }
}

#[test]
fn a_request_survives_a_service_that_is_killed() {
    let mut home = Home::new();
    let request = home.file("touch made");
    home.kill();
    // The socket it left is in the way of nobody.
    assert!(home.socket().exists());
    assert_eq!(home.tool(&["pending"]).status.code(), Some(1));
    home.serve();
    assert_eq!(home.state(&request), "pending");
    assert!(
        home.tool(&["approve", &request.id.short()])
            .status
            .success()
    );
    home.kill();
    home.serve();
    assert_eq!(home.state(&request), "approved");
}

#[test]
fn a_second_service_says_that_the_first_is_running() {
    let home = Home::new();
    let second = home.tool(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(125));
    assert!(text(&second.stderr).contains("another service is running"));
    assert_eq!(home.tool(&["pending"]).status.code(), Some(0));
}

#[test]
fn services_of_two_users_do_not_get_into_each_others_way() {
    let start = |home: &mut Home| {
        home.kill();
        home.serve_with(&["serve"]);
        assert_eq!(home.tool(&["pending"]).status.code(), Some(0));
    };
    let (mut one, mut other) = (Home::new(), Home::new());
    start(&mut one);
    start(&mut other);
}

#[test]
fn an_address_beyond_loopback_is_refused() {
    let home = Home::new();
    let open = home.tool(&["serve", "--listen", "0.0.0.0:0", "--socket", "s"]);
    assert_eq!(open.status.code(), Some(125));
    assert!(text(&open.stderr).contains("loopback"));
}

#[test]
fn a_service_that_is_told_to_end_answers_who_waits() {
    let mut home = Home::new();
    let request = home.file("touch made");
    let target = format!("/v1/requests/{}?wait=50", request.id);
    let socket = home.socket();
    let waiting = std::thread::spawn(move || call(&socket, "GET", &target, &Value::Null));
    let mut service = home.service.take().unwrap();
    // The poll is under way once its request head has been read; a little early is fine, too: the call is
    // answered either way.
    std::thread::sleep(Duration::from_millis(200));
    let pid = nix::unistd::Pid::from_raw(service.id().try_into().unwrap());
    let began = Instant::now();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid.to_string()])
            .status()
            .unwrap()
            .success()
    );
    let (status, answer) = waiting.join().unwrap();
    assert_eq!((status, &answer["state"]), (200, &json!("pending")));
    assert!(service.wait().unwrap().success());
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(!home.socket().exists());
}

#[test]
fn a_guarded_session_cannot_answer_for_itself() {
    let home = Home::new();
    let request = home.file("touch made");
    // A shell that runs under the name of the guard is one, as far as its children are concerned.
    let guard = home.folder.path().join("guardsh");
    fs::copy("/bin/sh", &guard).unwrap();
    let answer = format!("\"{GUARDSH}\" approve {}; echo tool $?", request.id);
    let this = std::env::current_exe().unwrap();
    let this = this.to_str().unwrap();
    // By its own hands, without the tool: from a process that has forked away from its parents, too.
    let by_hand = format!(
        "\"{this}\" --exact plays_the_client --nocapture; (\"{this}\" --exact plays_the_client --nocapture)& wait"
    );
    let run = |program: &Path| {
        let text_of_both = format!("{answer}; {by_hand}; true");
        loop {
            let output = home
                .command(program)
                .args(["-c", &text_of_both])
                .env(SOCKET, home.socket())
                .env(DIGEST, request.digest().unwrap())
                .env(ID, request.id.to_string())
                .output();
            match output {
                // Another test forked while the copy was open for writing.
                Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => {}
                output => break output.unwrap(),
            }
        }
    };
    let inside = run(&guard);
    let said = text(&inside.stdout);
    assert!(said.contains("tool 126"), "{said}");
    assert_eq!(
        said.matches("answered 403 guarded_session").count(),
        2,
        "{said}"
    );
    assert_eq!(home.state(&request), "pending");
    // The same from outside does answer: what was refused was the place.
    let outside = run(Path::new("/bin/sh"));
    let said = text(&outside.stdout);
    assert!(said.contains("tool 0"), "{said}");
    assert_eq!(said.matches("answered 200").count(), 2, "{said}");
}

/// Not a test of its own: the client of the one above, which runs this program again under its guard.
#[test]
fn plays_the_client() {
    let Some(socket) = std::env::var_os(SOCKET) else {
        return;
    };
    let id = std::env::var(ID).unwrap();
    let decision = json!({ "decision": "approve", "digest": std::env::var(DIGEST).unwrap() });
    let target = format!("/v1/requests/{id}/decisions");
    let (status, answer) = call(Path::new(&socket), "POST", &target, &decision);
    println!(
        "answered {status} {}",
        answer["code"].as_str().unwrap_or("")
    );
}

const SOCKET: &str = "GUARDSH_TEST_SOCKET";
const DIGEST: &str = "GUARDSH_TEST_DIGEST";
const ID: &str = "GUARDSH_TEST_ID";
