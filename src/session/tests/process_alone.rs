//! A session that has a process of its own: signals, stops, death.

use super::*;
use guardsh_sys::Pid;
use guardsh_sys::spawn::Spawn;
use std::path::Path;

/// Not a test: what the others start, as a program on its own terminal.
#[test]
#[ignore = "the other tests of this file run it as a process of its own"]
fn as_a_process() {
    let taken = [
        Signal::SIGWINCH,
        Signal::SIGCHLD,
        Signal::SIGHUP,
        Signal::SIGTERM,
        Signal::SIGTSTP,
    ];
    let signals = guardsh_sys::signals::Signals::take(&taken).unwrap();
    process::become_subreaper().unwrap();
    let home = PathBuf::from(std::env::var_os("HOME").unwrap());
    let mut judge = ByFirstWord::default();
    let mut editor = PlainLine::default();
    run(Parts {
        input: std::io::stdin().as_fd().try_clone_to_owned().unwrap(),
        output: std::io::stdout().as_fd().try_clone_to_owned().unwrap(),
        start: Start {
            kind: BASH,
            program: "/bin/bash".into(),
            login: false,
            startup: crate::shells::StartUp::Usual,
            options: Vec::new(),
            environment: std::env::vars_os().collect(),
            folder: home.clone(),
        },
        home,
        trusted_path: Vec::new(),
        raw: Vec::new(),
        judge: &mut judge,
        editor: &mut editor,
        signals: Some(signals),
    })
    .unwrap();
}

/// An outer shell on a terminal, in which the session is a job.
struct Outer {
    pty: Pty,
    shell: Pid,
    seen: Vec<u8>,
    folder: tempfile::TempDir,
}

impl Outer {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".bashrc"), "PS1='@> '\n").unwrap();
        let pty = Pty::open(
            Size {
                rows: 24,
                columns: 80,
            },
            None,
        )
        .unwrap();
        let mut spawn = Spawn::new(Path::new("/bin/bash"), "bash".as_ref());
        for argument in ["--norc", "--noprofile", "--noediting", "-i"] {
            spawn.argument(argument);
        }
        let exe = std::env::current_exe().unwrap();
        spawn
            .environment(
                [
                    ("PATH", "/usr/bin:/bin"),
                    ("HOME", folder.path().to_str().unwrap()),
                    ("PS1", "OUTER> "),
                    ("EXE", exe.to_str().unwrap()),
                ]
                .map(|(name, value)| (name.into(), value.into())),
            )
            .folder(folder.path())
            .terminal(pty.terminal())
            .descriptor(0, pty.terminal())
            .descriptor(1, pty.terminal())
            .descriptor(2, pty.terminal());
        let shell = spawn.start().unwrap();
        let mut outer = Self {
            pty,
            shell,
            seen: Vec::new(),
            folder,
        };
        outer.until("OUTER> ");
        // Tests run beside the main thread, which would take the signals before they can be read.
        outer.send("env --block-signal=WINCH,CHLD,HUP,TERM,TSTP $EXE session::tests::process_alone::as_a_process --ignored --exact --nocapture --test-threads=1\n");
        outer.until("@> ");
        outer
    }

    fn send(&self, text: &str) {
        assert_eq!(
            write_some(self.pty.master(), text.as_bytes()).unwrap(),
            text.len()
        );
    }

    fn until(&mut self, want: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self
                .seen
                .windows(want.len())
                .position(|part| part == want.as_bytes())
            {
                self.seen.drain(..at + want.len());
                return;
            }
            assert!(
                Instant::now() < deadline,
                "never saw {want:?}, but {:?}",
                self.seen.escape_ascii().to_string()
            );
            wait_ready(
                &[(self.pty.master(), Want::Read)],
                Some(Duration::from_millis(50)),
            )
            .unwrap();
            let mut chunk = [0; 65536];
            if let Got::Bytes(count) = read_some(self.pty.master(), &mut chunk).unwrap() {
                self.seen.extend_from_slice(&chunk[..count]);
            }
        }
    }

    /// The process that the outer shell's child is: the session, or the test program that holds it.
    fn session(&self) -> Pid {
        tty::foreground(self.pty.master()).unwrap()
    }
}

impl Drop for Outer {
    fn drop(&mut self) {
        let _ = process::signal(self.shell, Signal::SIGKILL);
        let _ = process::wait_for(self.shell);
    }
}

#[test]
fn a_suspended_shell_suspends_the_session_and_both_come_back() {
    let mut outer = Outer::start();
    outer.send("kill -STOP $$\r");
    outer.until("Stopped");
    outer.until("OUTER> ");
    assert!(Mode::of(outer.pty.terminal()).unwrap().is_by_line());
    outer.send("fg\n");
    outer.until("as_a_process");
    outer.send("echo ba''ck\r");
    outer.until("back\r\n");
    outer.until("@> ");
    assert!(!Mode::of(outer.pty.terminal()).unwrap().is_by_line());
    outer.send("exit\r");
    outer.until("OUTER> ");
    assert!(Mode::of(outer.pty.terminal()).unwrap().is_by_line());
}

#[test]
fn a_new_size_reaches_what_runs() {
    let mut outer = Outer::start();
    tty::set_size(
        outer.pty.terminal(),
        Size {
            rows: 33,
            columns: 101,
        },
    )
    .unwrap();
    outer.send("until [ \"$(stty size)\" = '33 101' ]; do sleep 0.01; done; echo si''zed\r");
    outer.until("sized");
}

#[test]
fn orphans_are_buried() {
    let mut outer = Outer::start();
    outer.send("(sleep 0.1 & echo $! >orphan); sleep 0.5; echo slept''.\r");
    outer.until("slept.");
    let orphan = std::fs::read_to_string(outer.folder.path().join("orphan")).unwrap();
    let deadline = Instant::now() + PATIENCE;
    while Path::new(&format!("/proc/{}", orphan.trim())).exists() {
        assert!(Instant::now() < deadline, "the orphan stays a zombie");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn the_shell_dies_with_a_killed_guard() {
    let mut outer = Outer::start();
    outer.send("echo $$ >pid; trap '' HUP TERM; sleep 1; touch victim\r");
    let pid = outer.folder.path().join("pid");
    let deadline = Instant::now() + PATIENCE;
    while std::fs::read_to_string(&pid).unwrap_or_default().is_empty() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(10));
    }
    process::signal(outer.session(), Signal::SIGKILL).unwrap();
    outer.until("OUTER> ");
    let shell = std::fs::read_to_string(pid).unwrap();
    while Path::new(&format!("/proc/{}/exe", shell.trim())).exists()
        && std::fs::read_link(format!("/proc/{}/exe", shell.trim())).is_ok()
    {
        assert!(Instant::now() < deadline, "the shell outlives its guard");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(!outer.folder.path().join("victim").exists());
}
