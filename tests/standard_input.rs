//! Commands on standard input: judged one by one, in a live shell, with the caller's input left to them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{BOUND, EVERYTHING, Ended, Home, Running, until};
use nix::sys::signal::Signal;
use std::fs::{self, File};
use std::io::Write as _;
use std::process::Stdio;
use std::time::Instant;

/// Everything runs but `rm` and what nobody knows.
const NO_RM: &str = r#"
version = 1
[policy]
packs = ["readonly"]
[[rule]]
id = "no-rm"
decision = "deny"
run = ["rm **"]
reason = "nothing is removed here"
[[rule]]
id = "everything"
decision = "allow"
run = ["**"]
env = ["*"]
write = ["/**"]
dynamic = true
"#;

const SHELLS: [&str; 2] = ["bash", "dash"];

fn words(shell: &str, options: &[&str]) -> Vec<String> {
    let named: &[&str] = if shell == "bash" { &[] } else { &["--", shell] };
    named
        .iter()
        .chain(options)
        .map(|word| (*word).to_owned())
        .collect()
}

fn fed(home: &Home, shell: &str, options: &[&str], input: &[u8]) -> Ended {
    Running::fed(home.guardsh(&words(shell, options)), input).end()
}

/// From a file, which can be wound back.
fn from_file(home: &Home, shell: &str, options: &[&str], input: &[u8]) -> Ended {
    let script = home.at("input");
    fs::write(&script, input).unwrap();
    let mut command = home.guardsh(&words(shell, options));
    command.stdin(Stdio::from(File::open(script).unwrap()));
    Running::start(command).end()
}

fn refresh(home: &Home) {
    let _ = fs::remove_dir_all(home.work());
    fs::create_dir(home.work()).unwrap();
    home.file("a.txt", "one\ntwo\n");
}

/// Scripts that must do the same as in the plain shell, with these options.
const SAME: &[(&[&str], &str)] = &[
    (&[], "echo one\necho two >&2\nexit 3\n"),
    (&[], "echo no newline at the end"),
    (&[], ""),
    (&[], "\n\n# nothing\n   \n"),
    (
        &["-s", "a b", "c"],
        "echo $# \"$1\" $2 \"$0\"\nset -- x\necho $1\n",
    ),
    (&["-e"], "echo a\nfalse\necho never\n"),
    (&["-es"], "false || echo caught\n(exit 5)\necho never\n"),
    (&[], "head -n 1 >/dev/null; echo x\n"),
    (&[], "cat <<X\nhere $((1+1))\nX\necho after\n"),
    (&[], "cat <<-'X' | wc -l\n\ta\n\tb\n\tX\necho after\n"),
    (&[], "cat <<A; cat <<B\na\nA\nb\nB\n"),
    (&[], "if true\nthen\n  echo yes\nelse\n  echo no\nfi\n"),
    (
        &[],
        "for i in 1 2\ndo echo $i\ndone\ncase x in\n  x) echo X ;;\nesac\n",
    ),
    (&[], "f() {\n  echo f \"$1\"\n}\nunset -f f; echo $?\n"),
    (
        &[],
        "x=1\nexport y=2\necho $x$y\nsh -c 'echo \"<$x><$y>\"'\n",
    ),
    (&[], "cd /\npwd\ncd - > /dev/null\nls\n"),
    (&[], "echo a \\\n  b\necho 'open\nquote'\n"),
    (&[], "false\necho $?\ntrue\necho $?\n"),
    (&[], "trap 'echo bye' EXIT\necho hi\nexit 4\n"),
    (&[], "trap 'echo got it' USR1\nkill -USR1 $$\necho on\n"),
    (&[], "exec sh -c 'echo replaced; exit 6'\necho never\n"),
    (
        &[],
        "exec > out.txt\necho into file\nexec >&2\ncat out.txt\n",
    ),
    (&[], "(exit 7)\n"),
    (&[], "kill -TERM $$\necho never\n"),
    (&[], "set -e\ntrue\nfalse\necho never\n"),
    (&[], "sleep 0 &\nwait\necho waited\n"),
    (&[], "echo a; echo b\necho c | tr c d && echo e\n"),
    (&[], "x=`echo sub`; echo $x $(echo dollar)\n"),
    (&[], "umask 022\numask\nset -f; echo *\nset +f; echo *\n"),
    (&[], "echo \"${0##*/}\"\n"),
    (&[], "printf '%s\\n' ümläut\n"),
    (&[], "eval 'echo x\necho y'\n"),
    (
        &[],
        "# a comment has no continuation \\\necho on\necho x # nor here \\\necho on\n",
    ),
    (&[], "echo a && \\\n\\\necho b\n"),
];

/// Commands that read what stands behind them. dash reads far ahead for itself, so that there they get nothing;
/// under guardsh they get their lines in dash, too.
const READING: &[(&[&str], &str, &str)] = &[
    (
        &[],
        "read x\nthis is for read\necho \"got $x\"\n",
        "got this is for read\n",
    ),
    (
        &[],
        "read a b\none two three\nread c\nfour\necho \"$b-$c\"\n",
        "two three-four\n",
    ),
    (
        &[],
        "cat\nall the rest\ngoes to cat",
        "all the rest\ngoes to cat",
    ),
    (
        &[],
        "while read l; do echo \"[$l]\"; done\n1\n2\n3\n",
        "[1]\n[2]\n[3]\n",
    ),
    (
        &[],
        "if read x; then\n echo \"<$x>\"\nfi\nread by the if\n",
        "<read by the if>\n",
    ),
];

const SAME_BASH: &[(&[&str], &str)] = &[
    (
        &[],
        "false | true\necho ${PIPESTATUS[@]}\nfalse | cat | true\necho \"$? ${PIPESTATUS[*]}\"\ntrue | false\necho $? ${PIPESTATUS[1]}\n",
    ),
    (
        &["-e"],
        "trap 'echo ERR' ERR\nfalse | true\necho ${PIPESTATUS[@]}\nfalse | false || true\necho end\n",
    ),
    (&["-O", "extglob"], "echo !(b*)\necho @(a|\nb).txt\n"),
    (&[], "f() {\n  echo f \"$1\"\n}\nf 1; f 2\n"),
    (&["-o", "pipefail"], "false | true\necho $?\n"),
    (
        &[],
        "a=(1 2\n3)\necho ${#a[@]}\n[[ x == x\n]] && echo same\n",
    ),
    (&[], "trap 'echo ERR $?' ERR\n(exit 3)\necho on\n"),
    (&[], "cat <<<here\nread -r x <<<'a b'\necho $x\n"),
    (&[], "echo $BASH_SUBSHELL $-\n"),
    (&[], "select_me=1\nfor i in {1..2}\ndo echo $i\ndone\n"),
];

const SAME_DASH: &[(&[&str], &str)] = &[
    (&[], "alias hi='echo hi'\nhi there\nunalias hi\n"),
    (&[], "echo $-\n"),
];

fn assert_same(shell: &str, cases: &[(&[&str], &str)]) {
    let home = Home::new(EVERYTHING);
    let mut wrong = Vec::new();
    let mut count = 0;
    for (options, script) in cases {
        for seekable in [false, true] {
            count += 1;
            let prepare = || {
                refresh(&home);
                home.file("lib.sh", "lib=loaded\n");
            };
            prepare();
            let plain = if seekable {
                let file = home.at("input");
                fs::write(&file, script).unwrap();
                let mut command = home.plain(shell, options);
                command.stdin(Stdio::from(File::open(file).unwrap()));
                Running::start(command).end()
            } else {
                Running::fed(home.plain(shell, options), script.as_bytes()).end()
            };
            prepare();
            let run = if seekable { from_file } else { fed };
            let guarded = run(&home, shell, options, script.as_bytes());
            if guarded != plain {
                let how = if seekable { "a file" } else { "a pipe" };
                wrong.push(format!(
                    "{shell} {options:?} < {how} {script:?}\n plain {plain:?}\n guarded {guarded:?}"
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {count} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn commands_do_in_bash_what_they_do_in_the_plain_shell() {
    assert_same("bash", SAME);
}

#[test]
fn commands_do_in_dash_what_they_do_in_the_plain_shell() {
    assert_same("dash", SAME);
}

#[test]
fn what_only_one_of_the_shells_does_is_the_same_too() {
    assert_same("bash", SAME_BASH);
    assert_same("dash", SAME_DASH);
}

#[test]
fn a_command_gets_the_lines_behind_it() {
    let home = Home::new(EVERYTHING);
    for shell in SHELLS {
        for (options, script, said) in READING {
            for run in [fed, from_file] {
                let ended = run(&home, shell, options, script.as_bytes());
                assert_eq!(
                    (ended.out(), ended.err(), ended.code()),
                    (*said, "", Some(0)),
                    "{shell} {script:?}"
                );
            }
            if shell == "bash" {
                let plain = Running::fed(home.plain(shell, options), script.as_bytes()).end();
                assert_eq!(plain.out(), *said);
            }
        }
    }
}

#[test]
fn nounset_ends_the_shell_in_its_own_words() {
    let home = Home::new(EVERYTHING);
    for (shell, status, said) in [
        ("bash", 1, "unbound variable"),
        ("dash", 2, "parameter not set"),
    ] {
        for (options, script) in [
            (&["-u"][..], "echo $unset_here\necho never\n"),
            (&[], "set -u\necho $unset_here\necho never\n"),
        ] {
            let mut command = home.guardsh(&words(shell, options));
            command.env("_", "as from any shell");
            let ended = Running::fed(command, script.as_bytes()).end();
            assert_eq!(
                (ended.out(), ended.code()),
                ("", Some(status)),
                "{shell} {options:?}: {ended:?}"
            );
            assert!(
                ended.err().contains("unset_here") && ended.err().contains(said),
                "{shell} {options:?}: {ended:?}"
            );
        }
    }
}

#[test]
fn what_is_refused_has_status_126_and_the_next_command_goes_on() {
    let home = Home::new(NO_RM);
    for shell in SHELLS {
        refresh(&home);
        let ended = fed(
            &home,
            shell,
            &[],
            b"echo one\nrm a.txt\necho \"status $?\"\nrm a.txt || echo never\nexit 5\n",
        );
        assert_eq!(
            (ended.out(), ended.code()),
            ("one\nstatus 126\n", Some(5)),
            "{shell}: {ended:?}"
        );
        assert_eq!(
            ended.err().matches("not run: rm a.txt").count(),
            2,
            "{shell}: {ended:?}"
        );
        assert!(
            ended.err().contains("no-rm") && ended.err().contains("nothing is removed here"),
            "{ended:?}"
        );
        assert!(home.has("a.txt"));
    }
}

/// dash cannot print its functions: what they do is known from the text that defined them.
#[test]
fn functions_of_earlier_lines_run_in_both_shells_and_are_judged_by_their_bodies() {
    for shell in SHELLS {
        let home = Home::new(NO_RM);
        home.file("a.txt", "");
        for (input, status, output) in [
            ("f() { echo \"f $1\"; }\nf x\nf y\n", 0, "f x\nf y\n"),
            ("f() { echo 1; }\nf() { echo 2; }\nf\n", 0, "2\n"),
            (
                "f() {\n  g \"$@\"\n}\ng() { echo \"$2\"; }\nf a b\n",
                0,
                "b\n",
            ),
            ("f() { rm a.txt; }\nf\n", 126, ""),
            ("f() { echo a; }\nf() { rm a.txt; }\nf\n", 126, ""),
            (
                "f() { echo a; }\nif true; then f() { rm a.txt; }; fi\nf\n",
                126,
                "",
            ),
            ("f() { \"$@\"; }\nf rm a.txt\n", 126, ""),
            ("alias g='rm a.txt'\nf() { g; }\nunalias g\nf\n", 126, ""),
            ("f() { echo a; }\nunset -f f\nf\n", 126, ""),
        ] {
            let ended = fed(&home, shell, &[], input.as_bytes());
            assert_eq!(ended.code(), Some(status), "{shell}: {input}\n{ended:?}");
            assert_eq!(ended.stdout, output.as_bytes(), "{shell}: {input}");
            assert!(home.work().join("a.txt").exists(), "{shell}: {input}");
        }
    }
}

/// Where a command that is not read ends, the shell itself is asked.
#[test]
fn a_command_of_several_lines_that_is_not_read_is_refused_whole() {
    let home = Home::new(NO_RM);
    for (shell, text) in [
        ("bash", "case $x in\n*) echo \"${x-'a b'}\" ;;\nesac\n"),
        ("bash", "for i in \"${x-'a'}\"\ndo\n  echo $i\ndone\n"),
        ("bash", "f() {\n  echo \"${x-'a'}\"\n}\n"),
        ("dash", "case $x in\n*) echo \"${x-'a b'}\" ;;\nesac\n"),
        (
            "bash",
            "(\n  echo \"${x-'a'}\"\n) 2>&1 \\\n| cat \\\n  -n\n",
        ),
    ] {
        let ended = fed(&home, shell, &[], format!("{text}echo after\n").as_bytes());
        assert_eq!(ended.out(), "after\n", "{shell}: {text}: {ended:?}");
        assert_eq!(ended.err().matches("not run:").count(), 1, "{ended:?}");
    }
}

/// bash gives up on the whole line then, the report of it included.
#[test]
fn an_element_that_cannot_be_evaluated_ends_its_line_only() {
    let home = Home::new(NO_RM);
    for text in [
        "a[1/0]=3; echo never\necho \"next $?\"\n",
        "if true; then\n  a[1/0]=3\n  echo never\nfi\necho \"next $?\"\n",
    ] {
        let ended = fed(&home, "bash", &[], text.as_bytes());
        assert_eq!(
            (ended.out(), ended.code()),
            ("next 1\n", Some(0)),
            "{text}: {ended:?}"
        );
    }
}

#[test]
fn a_document_that_the_end_of_the_input_ends_is_only_what_was_there() {
    let home = Home::new(NO_RM);
    for shell in SHELLS {
        for (text, output) in [
            ("cat <<E\nbody", "body\n"),
            ("cat <<E\nbody\n", "body\n"),
            ("cat <<A; cat <<-'B'\na\nA\n\tb $x", "a\nb $x\n"),
        ] {
            let ended = fed(&home, shell, &[], text.as_bytes());
            assert_eq!(
                (ended.out(), ended.code()),
                (output, Some(0)),
                "{shell}: {text}: {ended:?}"
            );
        }
    }
}

#[test]
fn what_is_refused_last_is_the_status_of_all() {
    let home = Home::new(NO_RM);
    for shell in SHELLS {
        let ended = fed(&home, shell, &[], b"echo one\nrm x\n");
        assert_eq!(
            (ended.out(), ended.code()),
            ("one\n", Some(126)),
            "{shell}: {ended:?}"
        );
    }
}

#[test]
fn errexit_acts_on_a_refusal() {
    let home = Home::new(NO_RM);
    for shell in SHELLS {
        for (options, script) in [
            (&["-e"][..], "echo one\nrm x\necho never\n"),
            (&[], "set -e\necho one\nrm x\necho never\n"),
        ] {
            let ended = fed(&home, shell, options, script.as_bytes());
            assert_eq!(
                (ended.out(), ended.code()),
                ("one\n", Some(126)),
                "{shell} {options:?}: {ended:?}"
            );
        }
    }
}

#[test]
fn a_refused_read_line_is_not_given_to_the_next_command_as_text() {
    let home = Home::new(NO_RM);
    for shell in SHELLS {
        // What follows a refused command is judged as a command of its own.
        let ended = fed(&home, shell, &[], b"rm x; read y\necho data\necho end\n");
        assert_eq!(
            (ended.out(), ended.code()),
            ("data\nend\n", Some(0)),
            "{shell}: {ended:?}"
        );
    }
}

#[test]
fn a_syntax_error_ends_the_input_with_status_2_in_the_shells_words() {
    let home = Home::new(NO_RM);
    for shell in SHELLS {
        for script in [
            "echo one\necho )\necho never\n",
            "echo one\nif true; then\n",
            "echo one\necho 'open\n",
            "echo one\nfi\n",
        ] {
            let ended = fed(&home, shell, &[], script.as_bytes());
            assert_eq!(
                (ended.out(), ended.code()),
                ("one\n", Some(2)),
                "{shell} {script:?}: {ended:?}"
            );
            let said = ended.err().to_ascii_lowercase();
            assert!(
                said.contains("syntax error") || said.contains("unexpected"),
                "{shell} {script:?}: {ended:?}"
            );
            assert!(!said.contains("guardsh"), "{shell} {script:?}: {ended:?}");
        }
    }
}

#[test]
fn a_command_that_reads_takes_exactly_what_follows() {
    let home = Home::new(EVERYTHING);
    let script = b"head -c 5\n12345read x\nX line\necho \"<$x>\"\ncat > rest\nrest one\nrest two\n";
    for shell in SHELLS {
        // head reads no further than told only where it can wind back, so this is for the file.
        refresh(&home);
        let ended = from_file(&home, shell, &[], script);
        assert_eq!(
            (ended.out(), ended.code()),
            ("12345<X line>\n", Some(0)),
            "{shell}: {ended:?}"
        );
        assert_eq!(
            fs::read_to_string(home.work().join("rest")).unwrap(),
            "rest one\nrest two\n"
        );
        refresh(&home);
        let ended = fed(
            &home,
            shell,
            &[],
            b"read x\nX line\necho \"<$x>\"\ncat > rest\nrest one\nrest two\n",
        );
        assert_eq!(
            (ended.out(), ended.code()),
            ("<X line>\n", Some(0)),
            "{shell}: {ended:?}"
        );
        assert_eq!(
            fs::read_to_string(home.work().join("rest")).unwrap(),
            "rest one\nrest two\n"
        );
    }
}

#[test]
fn each_command_runs_before_the_next_one_is_written() {
    let home = Home::new(EVERYTHING);
    for shell in SHELLS {
        let mut command = home.guardsh(&words(shell, &[]));
        command.stdin(Stdio::piped());
        let mut running = Running::start(command);
        let mut stdin = running.stdin();
        for (line, said) in [
            ("echo first\n", "first\n"),
            ("x=5\necho $x\n", "5\n"),
            ("cat <<X\nfour\nX\n", "four\n"),
        ] {
            stdin.write_all(line.as_bytes()).unwrap();
            running.wait_said(said);
        }
        drop(stdin);
        assert_eq!(running.end().code(), Some(0));
    }
}

#[test]
fn a_megabyte_of_commands_is_read_in_seconds() {
    let home = Home::new(EVERYTHING);
    // One text of a megabyte, and many lines.
    let long = format!(
        "cat > long <<'X'\n{}X\nwc -c < long\n",
        format!("{}\n", "x".repeat(99)).repeat(10_000)
    );
    for shell in SHELLS {
        refresh(&home);
        let began = Instant::now();
        let ended = fed(&home, shell, &[], long.as_bytes());
        assert_eq!(
            (ended.out().trim(), ended.code()),
            ("1000000", Some(0)),
            "{shell}: {ended:?}"
        );
        let comments = format!(
            "{}echo end\n",
            "# a comment that nobody reads, of some length\n".repeat(20_000)
        );
        let ended = fed(&home, shell, &[], comments.as_bytes());
        assert_eq!(
            (ended.out(), ended.code()),
            ("end\n", Some(0)),
            "{shell}: {ended:?}"
        );
        assert!(
            began.elapsed() < BOUND,
            "{shell} took {:?}",
            began.elapsed()
        );
    }
}

#[test]
fn bytes_that_are_no_text_pass() {
    let home = Home::new(EVERYTHING);
    for shell in SHELLS {
        let ended = fed(
            &home,
            shell,
            &[],
            b"printf '%s' \xff\xfe\nread x\n\x80\xf1\nprintf '%s' \"$x\"\n",
        );
        assert_eq!(
            (ended.stdout.as_slice(), ended.code()),
            (b"\xff\xfe\x80\xf1".as_slice(), Some(0)),
            "{shell}: {ended:?}"
        );
    }
}

#[test]
fn a_command_sees_nothing_of_the_guard() {
    let home = Home::new(EVERYTHING);
    let script = b"env | cut -d= -f1 | sort\nls /proc/self/fd\n";
    for shell in SHELLS {
        let plain = Running::fed(home.alone(&home.plain(shell, &[] as &[&str])), script).end();
        let guarded = Running::fed(home.alone(&home.guardsh(&words(shell, &[]))), script).end();
        assert_eq!(guarded, plain, "{shell}");
    }
}

#[test]
fn the_channel_cannot_be_reached_by_a_command() {
    let home = Home::new(EVERYTHING);
    // Whatever of these is refused or fails: nothing is forged, nothing is swallowed, and the end is reached.
    let script: String = (3..20)
        .map(|fd| format!("{{ printf 'echo FORGED\\n' >/proc/$$/fd/{fd}; }} 2>/dev/null\n{{ read -t 0 x </dev/fd/{fd}; }} 2>/dev/null\n"))
        .chain(["echo end\n".to_owned()])
        .collect();
    for shell in SHELLS {
        let ended = fed(&home, shell, &[], script.as_bytes());
        assert!(
            ended.out().ends_with("end\n") && !ended.out().contains("FORGED"),
            "{shell}: {ended:?}"
        );
        assert_eq!(ended.code(), Some(0), "{shell}: {ended:?}");
    }
}

#[test]
fn a_guard_that_is_killed_takes_its_shell_with_it() {
    let home = Home::new(EVERYTHING);
    for shell in SHELLS {
        let mut command = home.guardsh(&words(shell, &[]));
        command.stdin(Stdio::piped());
        let mut running = Running::start(command);
        let mut stdin = running.stdin();
        stdin
            .write_all(b"echo $$\nwhile :; do sleep 0.05; done\n")
            .unwrap();
        running.wait_said("\n");
        let pid: i32 = std::str::from_utf8(&running.said())
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        running.signal(Signal::SIGKILL);
        until("the shell is gone", || {
            common::process(nix::unistd::Pid::from_raw(pid))
                .is_none_or(|(state, _)| state == 'Z')
                .then_some(())
        });
    }
}

#[test]
fn signals_reach_the_shell() {
    let home = Home::new(EVERYTHING);
    for shell in SHELLS {
        let mut command = home.guardsh(&words(shell, &[]));
        command.stdin(Stdio::piped());
        let mut running = Running::start(command);
        let mut stdin = running.stdin();
        stdin
            .write_all(
                b"trap 'echo got TERM; exit 8' TERM\necho ready; while :; do sleep 0.05; done\n",
            )
            .unwrap();
        running.wait_said("ready\n");
        running.signal(Signal::SIGTERM);
        let ended = running.end();
        assert_eq!(
            (ended.code(), ended.out()),
            (Some(8), "ready\ngot TERM\n"),
            "{shell}: {ended:?}"
        );
    }
}

#[test]
fn a_signal_while_the_guard_reads_ends_both() {
    let home = Home::new(EVERYTHING);
    for shell in SHELLS {
        let mut command = home.guardsh(&words(shell, &[]));
        command.stdin(Stdio::piped());
        let mut running = Running::start(command);
        let mut stdin = running.stdin();
        stdin.write_all(b"echo ready\n").unwrap();
        running.wait_said("ready\n");
        running.signal(Signal::SIGTERM);
        let ended = running.end();
        assert_eq!(
            ended.signal(),
            Some(Signal::SIGTERM as i32),
            "{shell}: {ended:?}"
        );
    }
}

#[test]
fn every_command_is_in_the_log() {
    let home = Home::new(NO_RM);
    let ended = fed(&home, "bash", &[], b"echo one\nrm x\nexit 3\n");
    assert_eq!(ended.code(), Some(3));
    let lines: Vec<String> = home
        .log()
        .iter()
        .filter(|record| record["kind"] == "verdict")
        .map(|record| record["line"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(lines, ["echo one", "rm x", "exit 3"]);
    home.verify_log();
}
