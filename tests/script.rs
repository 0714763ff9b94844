//! `guardsh FILE`: judged whole, and the judged bytes are what runs.

mod common;

use common::{EVERYTHING, Ended, Home, Running};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

const SHELLS: [&str; 2] = ["bash", "dash"];

/// `rm` never, what nobody knows asks.
const NO_RM: &str = r#"
version = 1
[policy]
packs = ["readonly"]
[[rule]]
id = "no-rm"
decision = "deny"
run = ["rm **"]
reason = "nothing is removed here"
"#;

fn run(home: &Home, shell: &str, words: &[&str]) -> Ended {
    let named: &[&str] = if shell == "bash" { &[] } else { &["--", shell] };
    home.run(&[named, words].concat())
}

fn assert_same(home: &Home, shell: &str, words: &[&str]) -> Ended {
    let plain = Running::start(home.plain(shell, words)).end();
    let guarded = run(home, shell, words);
    assert_eq!(guarded, plain, "{shell} {words:?}");
    guarded
}

#[test]
fn a_script_runs_as_in_the_plain_shell() {
    let home = Home::new(EVERYTHING);
    home.file(
        "name with space.sh",
        "echo \"$#\" \"$1\" \"$2\"\ncat <<X\nhere $1\nX\nread line; echo \"[$line]\"\nexit 7\n",
    );
    home.file("no-newline.sh", "echo last");
    home.file("empty.sh", "");
    home.file(
        "shebang.sh",
        "#!/usr/bin/python3\necho \"the shell reads it: $0\"\n",
    );
    home.file("sub.sh", "f() { echo f \"$@\"; }\nf a; (exit 3); echo $?\ntrap 'echo bye' EXIT\nset -e\nfalse\necho never\n");
    home.file("bytes.sh", b"printf '%s' \xff\xfe\n");
    fs::create_dir(home.work().join("dir")).unwrap();
    home.file("dir/inner.sh", "echo \"$0\"; pwd\n");
    for shell in SHELLS {
        for words in [
            &["name with space.sh", "a b", "*"][..],
            &["./name with space.sh"],
            &["no-newline.sh"],
            &["empty.sh"],
            &["./shebang.sh"],
            &["sub.sh"],
            &["-x", "no-newline.sh"],
            &["-e", "sub.sh"],
            &["bytes.sh"],
            &["dir/inner.sh"],
            &["./dir/../dir/inner.sh", "--norc"],
        ] {
            assert_same(&home, shell, words);
        }
        let fed = Running::fed(
            home.guardsh(&["--", shell, "name with space.sh", "x"]),
            b"from input\nmore\n",
        )
        .end();
        assert_eq!(
            fed.out(),
            "1 x \nhere x\n[from input]\n",
            "{shell}: {fed:?}"
        );
    }
    home.verify_log();
}

#[test]
fn a_script_is_looked_for_along_path_as_bash_does() {
    let home = Home::new(EVERYTHING);
    fs::create_dir(home.work().join("bin")).unwrap();
    home.file("bin/along.sh", "echo along the path\n");
    let with_path = |mut command: std::process::Command| {
        command.env(
            "PATH",
            format!("{}:/usr/bin:/bin", home.work().join("bin").display()),
        );
        Running::start(command).end()
    };
    let plain = with_path(home.plain("bash", &["along.sh"]));
    assert_eq!(with_path(home.guardsh(&["along.sh"])), plain);
    assert_eq!(plain.out(), "along the path\n");
}

#[test]
fn a_script_that_is_not_there_has_the_shells_status() {
    let home = Home::new(EVERYTHING);
    fs::create_dir(home.work().join("folder")).unwrap();
    for (name, status) in [("nowhere.sh", 127), ("no/where.sh", 127), ("folder", 126)] {
        let plain = Running::start(home.plain("bash", &[name])).end();
        let guarded = run(&home, "bash", &[name]);
        assert_eq!(
            (guarded.code(), guarded.out()),
            (Some(status), ""),
            "{name}: {guarded:?}"
        );
        assert_eq!(plain.code(), Some(status), "{name}: {plain:?}");
        assert!(
            guarded.err().starts_with("bash: ") && guarded.err().contains(name),
            "{guarded:?}"
        );
    }
}

#[test]
fn one_command_that_is_refused_keeps_the_whole_script_from_running() {
    let home = Home::new(NO_RM);
    home.file(
        "s.sh",
        "echo before\nls -d .\nif false; then rm x; fi\necho after\n",
    );
    for shell in SHELLS {
        let ended = run(&home, shell, &["s.sh"]);
        assert_eq!(
            (ended.code(), ended.out()),
            (Some(126), ""),
            "{shell}: {ended:?}"
        );
        assert!(ended.err().contains("no-rm"), "{ended:?}");
    }
    home.file("s.sh", "echo before\nls -d .\n");
    assert_eq!(run(&home, "bash", &["s.sh"]).out(), "before\n.\n");
}

#[test]
fn a_syntax_error_is_told_in_the_shells_words_and_nothing_runs() {
    let home = Home::new(EVERYTHING);
    home.file("bad.sh", "echo one\nif true; then\necho two\n");
    for shell in SHELLS {
        let ended = run(&home, shell, &["bad.sh"]);
        assert_eq!(
            (ended.code(), ended.out()),
            (Some(2), ""),
            "{shell}: {ended:?}"
        );
        assert!(
            ended.err().starts_with("bad.sh: ") && !ended.err().contains("guardsh"),
            "{shell}: {ended:?}"
        );
    }
}

#[test]
fn a_script_that_is_replaced_before_it_runs_runs_as_it_was_judged() {
    let mut home = Home::new(NO_RM);
    home.serve();
    let script = home.file("s.sh", "touch judged\n");
    let running = Running::start(home.guardsh(&["s.sh"]));
    let short = home.wait_pending("touch judged\n");
    fs::write(&script, "touch other\n").unwrap();
    home.review(&["approve", &short]);
    let ended = running.end();
    assert_eq!(
        (ended.code(), home.has("judged"), home.has("other")),
        (Some(0), true, false),
        "{ended:?}"
    );
}

#[test]
fn a_script_that_changes_itself_while_it_runs_stays_what_was_judged() {
    let home = Home::new(EVERYTHING);
    let forged = "echo forged > s.sh; ".to_owned() + "cat s.sh\n";
    for shell in SHELLS {
        home.file(
            "s.sh",
            format!("{forged}echo 'echo never' >> s.sh\necho end\n"),
        );
        let ended = run(&home, shell, &["s.sh"]);
        assert_eq!(ended.out(), "forged\nend\n", "{shell}: {ended:?}");
    }
}

#[test]
fn a_script_longer_than_an_argument_runs_whole_with_name_and_arguments() {
    let home = Home::new(EVERYTHING);
    let long = format!("# {}\n", "x".repeat(98)).repeat(3000);
    home.file("long.sh", format!("{long}echo \"$0\" \"$#\" \"$2\"\nread line; echo \"[$line]\"\nls /proc/self/fd | wc -l\nexit 9\n"));
    for shell in SHELLS {
        let fed =
            |command: std::process::Command| Running::fed(home.alone(&command), b"data\n").end();
        let plain = fed(home.plain(shell, &["long.sh", "a", "b c"]));
        let guarded = fed(home.guardsh(&["--", shell, "long.sh", "a", "b c"]));
        assert!(
            plain.out().starts_with("long.sh 2 b c\n[data]\n"),
            "{plain:?}"
        );
        assert_eq!(guarded, plain, "{shell}");
    }
}

#[test]
fn a_script_that_may_not_be_read_is_not_run() {
    let home = Home::new(EVERYTHING);
    let script = home.file("s.sh", "echo ran\n");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&script).is_ok() {
        // Nothing is unreadable for root.
        return;
    }
    let ended = run(&home, "bash", &["s.sh"]);
    assert_eq!((ended.code(), ended.out()), (Some(126), ""), "{ended:?}");
}
