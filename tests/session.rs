//! The whole program on a terminal: what is typed, what is shown, what runs.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use common::{GUARDSH, Home, Running, until};
use std::io::Write as _;
use std::process::{ChildStdin, Stdio};

/// Looking around runs, `rm` does not, everything else asks.
const POLICY: &str = r#"
version = 1
[policy]
packs = ["readonly"]
[[rule]]
id = "no-rm"
decision = "deny"
run = ["rm **"]
reason = "nothing is removed here"
suggest = "mv it to trash/"
"#;

/// A session on a terminal of its own.
struct Typed {
    running: Running,
    keys: ChildStdin,
    seen: usize,
}

impl Typed {
    fn start(home: &Home, shell: &str) -> Self {
        let mut command = home.command("script");
        command
            .args(["-q", "-e", "-f", "-c"])
            .arg(format!("{GUARDSH} -- {shell}"))
            .arg("/dev/null")
            .env("TERM", "dumb")
            .env("PS1", "ready> ")
            .env("SHELL", "/bin/sh")
            .stdin(Stdio::piped());
        let mut running = Running::start(command);
        let keys = running.stdin();
        let mut session = Self {
            running,
            keys,
            seen: 0,
        };
        session.wait("ready> ");
        session
    }

    /// Waits until this has been shown behind what was waited for before.
    fn wait(&mut self, text: &str) -> String {
        let (shown, end) = until(&format!("{text:?} is shown"), || {
            let said = self.running.said();
            let new = &said[self.seen..];
            let at = new
                .windows(text.len())
                .position(|window| window == text.as_bytes())?;
            let shown = new[..at + text.len()].to_vec();
            Some((
                String::from_utf8(shown).unwrap(),
                self.seen + at + text.len(),
            ))
        });
        self.seen = end;
        shown
    }

    fn keys(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Types a line, gives what is shown up to the next prompt.
    fn line(&mut self, line: &str) -> String {
        self.keys(&format!("{line}\r"));
        self.wait("ready> ")
    }

    fn end(mut self) -> Option<i32> {
        self.keys("exit\r");
        let Self { running, keys, .. } = self;
        let ended = running.end();
        drop(keys);
        ended.code()
    }
}

const SHELLS: [&str; 2] = ["bash --norc", "dash"];

#[test]
fn what_is_allowed_runs_what_is_denied_does_not_and_the_rest_waits_for_a_person() {
    for shell in SHELLS {
        let mut home = Home::new(POLICY);
        home.serve();
        home.file("a.txt", "one\n");
        let mut session = Typed::start(&home, shell);
        assert!(session.line("cat a.txt").contains("one"), "{shell}");

        let refused = session.line("rm a.txt");
        for part in [
            "not run: rm a.txt",
            "no-rm",
            "nothing is removed here",
            "mv it to trash/",
        ] {
            assert!(refused.contains(part), "{shell}: {part}: {refused}");
        }
        assert!(home.has("a.txt"), "{shell}");
        assert!(
            session.line("echo \"status $?\"").contains("status 126"),
            "{shell}"
        );

        session.keys("touch made\r");
        let request = home.wait_pending("touch made");
        assert!(!home.has("made"), "{shell}");
        home.review(&["approve", &request]);
        session.wait("ready> ");
        assert!(home.has("made"), "{shell}");

        assert_eq!(session.end(), Some(0), "{shell}");
        home.verify_log();
    }
}

#[test]
fn many_denials_lock_the_session_in_words_until_a_person_approves_a_line() {
    let mut home = Home::new(&format!("{POLICY}[limits]\nrefusals = \"2 in 10m\"\n"));
    home.serve();
    let mut session = Typed::start(&home, "bash --norc");
    assert!(!session.line("rm a").contains("locked"));
    let second = session.line("rm b");
    assert!(
        second.contains("2 refusals in 10m have locked the session"),
        "{second}"
    );
    session.keys("echo held\r");
    let request = home.wait_pending("echo held");
    let shown = home.run(&["show", &request]);
    assert!(shown.out().contains("locked the session"), "{shown:?}");
    home.review(&["approve", &request]);
    session.wait("ready> ");
    let free = session.line("echo free");
    assert!(
        free.contains("\nfree") && !free.contains("guardsh:"),
        "{free}"
    );
    assert_eq!(session.end(), Some(0));
    let kinds = home.kinds();
    assert!(kinds.contains(&"lock".to_owned()) && kinds.contains(&"unlock".to_owned()));
}
