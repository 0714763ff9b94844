//! Without a record nothing runs: a log that cannot be written, or that somebody changed.

mod common;

use common::{EVERYTHING, Ended, Home, Running};
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

/// Each door with a line that would leave a trace.
fn each_door(home: &Home) -> Vec<(&'static str, Ended)> {
    home.file("s.sh", "touch made\n");
    let mut ended = Vec::new();
    for shell in ["bash", "dash"] {
        ended.push(("-c", home.run(&["--", shell, "-c", "touch made"])));
        ended.push(("script", home.run(&["--", shell, "s.sh"])));
        ended.push((
            "input",
            Running::fed(home.guardsh(&["--", shell]), b"touch made\necho on\n").end(),
        ));
    }
    ended
}

fn assert_nothing_runs(home: &Home, words: &[&str]) {
    for (door, ended) in each_door(home) {
        assert_eq!(
            (ended.code(), ended.out(), home.has("made")),
            (Some(125), "", false),
            "{door}: {ended:?}"
        );
        for word in words {
            assert!(ended.err().contains(word), "{word:?} in {door}: {ended:?}");
        }
        assert!(ended.err().starts_with("guardsh: "), "{door}: {ended:?}");
    }
}

fn with_log(path: &str) -> Home {
    Home::new(&format!("{EVERYTHING}\n[audit]\npath = \"{path}\"\n"))
}

#[test]
fn a_log_that_is_no_file_keeps_every_line_from_running() {
    assert_nothing_runs(&with_log("/dev/full"), &["/dev/full", "now"]);
    assert_nothing_runs(&with_log("/dev/null"), &["/dev/null"]);
    assert_nothing_runs(&with_log("/dev/full/audit.jsonl"), &["/dev/full"]);
}

#[test]
fn a_log_that_others_can_write_or_that_is_a_link_is_not_written() {
    let home = Home::new(EVERYTHING);
    assert_eq!(home.run(&["-c", "true"]).code(), Some(0));
    let log = home.log_path();
    fs::set_permissions(&log, fs::Permissions::from_mode(0o666)).unwrap();
    assert_nothing_runs(&home, &["audit.jsonl"]);
    fs::set_permissions(&log, fs::Permissions::from_mode(0o600)).unwrap();
    let elsewhere = home.at("elsewhere");
    fs::rename(&log, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &log).unwrap();
    assert_nothing_runs(&home, &["audit.jsonl"]);
    fs::remove_file(&log).unwrap();
    fs::rename(&elsewhere, &log).unwrap();
    assert_eq!(home.run(&["-c", "echo again"]).out(), "again\n");
    home.verify_log();
}

#[test]
fn a_log_whose_end_was_changed_keeps_every_line_from_running() {
    let home = Home::new(EVERYTHING);
    assert_eq!(home.run(&["-c", "true"]).code(), Some(0));
    let good = fs::read_to_string(home.log_path()).unwrap();
    let without_last = good.trim_end().rsplit_once('\n').unwrap().0.to_owned() + "\n";
    for (name, bad) in [
        (
            "the last record changed",
            good.replace("\"status\":0", "\"status\":1"),
        ),
        ("a foreign line at the end", format!("{good}not a record\n")),
        (
            "a record that does not continue",
            format!("{without_last}{}\n", json!({"seq": 99, "hash": "x"})),
        ),
    ] {
        assert_ne!(good, bad);
        fs::write(home.log_path(), &bad).unwrap();
        println!("{name}");
        assert_nothing_runs(&home, &["audit"]);
        let verified = home.run(&["audit", "verify"]);
        assert_eq!(verified.code(), Some(1), "{name}: {verified:?}");
    }
    fs::write(home.log_path(), &good).unwrap();
    assert_eq!(home.run(&["-c", "true"]).code(), Some(0));
}

#[test]
fn a_change_in_the_middle_is_named_by_verify() {
    let home = Home::new(EVERYTHING);
    for _ in 0..3 {
        assert_eq!(home.run(&["-c", "echo one"]).code(), Some(0));
    }
    home.verify_log();
    let good = fs::read_to_string(home.log_path()).unwrap();
    fs::write(home.log_path(), good.replacen("echo one", "echo two", 1)).unwrap();
    let verified = home.run(&["audit", "verify", "--json"]);
    let said: serde_json::Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!(
        (verified.code(), &said["whole"]),
        (Some(1), &json!(false)),
        "{verified:?}"
    );
    assert!(said["broken"].to_string().contains('2'), "{said}");
}

#[test]
fn a_line_that_was_cut_off_is_ended_and_recorded() {
    let home = Home::new(EVERYTHING);
    assert_eq!(home.run(&["-c", "true"]).code(), Some(0));
    let mut log = fs::read(home.log_path()).unwrap();
    log.truncate(log.len() - 20);
    fs::write(home.log_path(), &log).unwrap();
    assert_eq!(home.run(&["-c", "echo on"]).out(), "on\n");
    let text = fs::read_to_string(home.log_path()).unwrap();
    assert!(text.contains("\"recovered\""), "{text}");
    home.verify_log();
}

#[test]
fn a_log_that_is_changed_while_a_session_runs_ends_it() {
    let home = Home::new(EVERYTHING);
    let mut command = home.guardsh(&[] as &[&str]);
    command.stdin(std::process::Stdio::piped());
    let mut running = Running::start(command);
    let mut stdin = running.stdin();
    std::io::Write::write_all(&mut stdin, b"echo first\n").unwrap();
    running.wait_said("first\n");
    fs::write(home.log_path(), "").unwrap();
    std::io::Write::write_all(&mut stdin, b"touch made\ntouch made\n").unwrap();
    drop(stdin);
    let ended = running.end();
    assert!(!home.has("made"), "{ended:?}");
    assert!(
        ended.err().contains("audit log") && ended.err().contains("was changed"),
        "{ended:?}"
    );
    assert_ne!(ended.code(), Some(0), "{ended:?}");
}

#[test]
fn a_command_that_removes_the_log_is_not_followed_by_another() {
    let home = Home::new(EVERYTHING);
    let log = home.log_path();
    let script = format!("echo first\n: > {}\ntouch made\n", log.display());
    let ended = Running::fed(home.guardsh(&[] as &[&str]), script.as_bytes()).end();
    // The log is guardsh's own and protected: touching it asks.
    assert!(
        ended.out() == "first\n" && ended.err().contains("not run: : >"),
        "{ended:?}"
    );
    assert!(home.has("made"));
    home.verify_log();
}

#[test]
fn a_faulty_log_is_told_in_json() {
    let home = with_log("/dev/full");
    let mut command = home.guardsh(&["-c", "touch made"]);
    command.env("GUARDSH_FEEDBACK", "json");
    let ended = Running::start(command).end();
    assert_eq!(
        (ended.code(), ended.out(), home.has("made")),
        (Some(125), "", false)
    );
    let refusal = ended.refusal();
    assert_eq!(
        (&refusal["outcome"], &refusal["exit"], &refusal["line"]),
        (&json!("fault"), &json!(125), &json!("touch made"))
    );
    assert!(
        refusal["reason"].to_string().contains("/dev/full"),
        "{refusal}"
    );
}
