//! The basics as a user who is in no database. Only root can become one; others skip this file.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{EVERYTHING, Ended, Home, Running};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::Command;

const NOBODY: u32 = 12345;

fn give(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path());
        }
    }
}

/// A home of that user; `None`: we are not root.
fn home(config: &str) -> Option<Home> {
    if !nix::unistd::getuid().is_root() {
        return None;
    }
    let home = Home::new(config);
    // The program must be within that user's reach, wherever it was built.
    fs::copy(common::GUARDSH, home.at("guardsh")).unwrap();
    give(&home.at(""));
    chown(home.at("guardsh"), Some(0), Some(0)).unwrap();
    Some(home)
}

fn command(home: &Home, words: &[&str]) -> Command {
    let mut command = home.command("/usr/bin/setpriv");
    let (uid, gid) = (format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"));
    command
        .args([&uid, &gid, "--clear-groups", "--"])
        .arg(home.at("guardsh"))
        .args(words);
    command
}

fn run(home: &Home, words: &[&str]) -> Ended {
    loop {
        let ended = Running::start(command(home, words)).end();
        // Another test forked while the copy of the program was open for writing.
        if !ended.err().contains("Text file busy") {
            return ended;
        }
    }
}

#[test]
fn every_door_opens_for_a_user_without_a_name() {
    let Some(home) = home(EVERYTHING) else { return };
    for shell in ["bash", "dash"] {
        let ended = run(
            &home,
            &[
                "--",
                shell,
                "-c",
                "id -u; echo \"$HOME\"; touch made; exit 3",
            ],
        );
        assert_eq!(ended.code(), Some(3), "{ended:?}");
        assert!(
            ended.out().starts_with("12345\n") && home.has("made"),
            "{ended:?}"
        );
        let ended = Running::fed(
            command(&home, &["--", shell]),
            b"read x\nline\necho \"<$x>\"\n",
        )
        .end();
        assert_eq!(
            (ended.out(), ended.code()),
            ("<line>\n", Some(0)),
            "{shell}: {ended:?}"
        );
        home.file("s.sh", "echo script \"$0\" $1\n");
        fs::set_permissions(home.work().join("s.sh"), fs::Permissions::from_mode(0o644)).unwrap();
        // Root's file in a folder of the user: the user can replace it, so the judged copy runs.
        let ended = run(&home, &["--", shell, "s.sh", "a"]);
        assert_eq!(
            (ended.out(), ended.code()),
            ("script s.sh a\n", Some(0)),
            "{shell}: {ended:?}"
        );
    }
    assert_eq!(run(&home, &["audit", "verify"]).code(), Some(0));
    let mode = fs::metadata(home.log_path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_log_folder_that_the_user_cannot_write_keeps_lines_from_running() {
    let Some(home) = home(EVERYTHING) else { return };
    let state = home.at("state");
    fs::create_dir(&state).unwrap();
    let ended = run(&home, &["-c", "touch made"]);
    assert_eq!(
        (ended.code(), ended.out(), home.has("made")),
        (Some(125), "", false),
        "{ended:?}"
    );
    assert!(ended.err().contains("audit"), "{ended:?}");
    let ended = Running::fed(command(&home, &[]), b"touch made\n").end();
    assert_eq!(
        (ended.code(), home.has("made")),
        (Some(125), false),
        "{ended:?}"
    );
}

#[test]
fn a_configuration_of_somebody_else_is_refused() {
    let Some(home) = home(EVERYTHING) else { return };
    chown(home.at("config/guardsh.toml"), Some(NOBODY + 1), None).unwrap();
    let ended = run(&home, &["-c", "touch made"]);
    assert_eq!(
        (ended.code(), home.has("made")),
        (Some(125), false),
        "{ended:?}"
    );
    assert!(ended.err().contains("not trusted"), "{ended:?}");
    // Root's is as good as the user's own.
    chown(home.at("config/guardsh.toml"), Some(0), Some(0)).unwrap();
    assert_eq!(run(&home, &["-c", "echo ok"]).out(), "ok\n");
}

#[test]
fn the_service_of_one_user_answers_that_user_alone() {
    let Some(home) =
        home("version = 1\n[policy]\npacks = [\"readonly\"]\n[approval]\nhold = \"20s\"\n")
    else {
        return;
    };
    let service = Running::start(command(&home, &["serve", "--listen", "none"]));
    service.wait_said("serve.sock");
    let asking = Running::start(command(&home, &["-c", "touch made"]));
    let short = common::until("it waits", || {
        let listed = run(&home, &["pending", "--json"]);
        let waiting: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
        waiting
            .as_array()?
            .first()?
            .get("short")?
            .as_str()
            .map(str::to_owned)
    });
    assert_eq!(run(&home, &["approve", &short]).code(), Some(0));
    let ended = asking.end();
    assert_eq!(
        (ended.code(), home.has("made")),
        (Some(0), true),
        "{ended:?}"
    );
}
