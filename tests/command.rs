//! `guardsh -c TEXT`: where everything is allowed it is the plain shell, to the byte.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{EVERYTHING, Ended, GUARDSH, Home, Running, until};
use nix::sys::signal::Signal;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Stdio;

/// A program that anybody can change runs only where its path is spelled out.
const BY_PATH: &str = r#"
[[rule]]
id = "prog"
decision = "allow"
run = ["./prog **"]
"#;

/// A home whose working folder holds a few files to play with.
fn home() -> Home {
    let home = Home::new(&format!("{EVERYTHING}{BY_PATH}"));
    refresh(&home);
    home
}

fn refresh(home: &Home) {
    let _ = fs::remove_dir_all(home.work());
    fs::create_dir(home.work()).unwrap();
    home.file("a.txt", "one\ntwo\n");
    home.file("b.txt", "three");
    home.file("lib.sh", "lib_said=loaded\nlib() { echo lib \"$1\"; }\n");
    home.program("prog", "#!/bin/sh\necho prog \"$@\"\n");
    home.file("not-executable", "echo no\n");
}

/// Words for guardsh that name the shell, unless it is the configured one.
fn words_for(shell: &str, words: &[OsString]) -> Vec<OsString> {
    let named: &[&str] = if shell == "bash" { &[] } else { &["--", shell] };
    named
        .iter()
        .map(OsString::from)
        .chain(words.iter().cloned())
        .collect()
}

/// Both, one after the other in the same folder.
fn both(home: &Home, shell: &str, words: &[OsString], input: &[u8]) -> (Ended, Ended) {
    refresh(home);
    let plain = Running::fed(home.plain(shell, words), input).end();
    refresh(home);
    let guarded = Running::fed(home.guardsh(&words_for(shell, words)), input).end();
    (plain, guarded)
}

fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

fn assert_same(shell: &str, cases: &[(&[&str], &str)]) {
    let home = home();
    let mut wrong = Vec::new();
    for (case, input) in cases {
        let (plain, guarded) = both(&home, shell, &words(case), input.as_bytes());
        if plain != guarded {
            wrong.push(format!(
                "{shell} {case:?}\n plain {plain:?}\n guarded {guarded:?}"
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} differ:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

/// What both shells understand.
const BOTH: &[(&[&str], &str)] = &[
    (&["-c", "echo hello; echo oops >&2; exit 3"], ""),
    (
        &[
            "-c",
            "echo \"$0\" \"$1\" \"$#\"",
            "name",
            "one",
            "two words",
        ],
        "",
    ),
    (
        &["-c", "printf '%s\\n' \"$@\"", "n", "", "a b", "*", "-x"],
        "",
    ),
    (&["-c", "echo $0"], ""),
    (&["-ec", "false; echo never"], ""),
    (
        &[
            "-e",
            "-c",
            "true; false || echo caught; (exit 4); echo never",
        ],
        "",
    ),
    (&["-uc", "echo $not_set; echo never"], ""),
    (&["-xc", "a=1; echo $a; true && echo b"], ""),
    (&["-exuc", "x=2; echo $x; false; echo never"], ""),
    (&["+e", "-c", "false; echo on"], ""),
    (&["-c", "--", "echo after dashes"], ""),
    (&["-fc", "echo *"], ""),
    (&["-Cc", "echo x > a.txt; echo $?"], ""),
    (&["-vc", "echo verbose\necho two"], ""),
    (&["-nc", "echo never"], ""),
    (&["-c", "cat; echo end"], "from standard input\n"),
    (
        &["-c", "read a; echo \"got $a\"; cat"],
        "first\nsecond\nthird",
    ),
    (
        &["-c", "while read -r l; do echo \"[$l]\"; done"],
        "a b\nc\\d\n",
    ),
    (
        &["-c", "cat <<X\nhello $0\nX\ncat <<'Y'\nraw $0\nY\n", "me"],
        "",
    ),
    (&["-c", "cat <<-X\n\ttabbed\n\tX\n"], ""),
    (&["-c", "cat <<X\nno end here"], ""),
    (&["-c", "./prog a 'b c'"], ""),
    (&["-c", "."], ""),
    (&["-c", ""], ""),
    (&["-c", "  \n\t\n"], ""),
    (&["-c", "# only a comment"], ""),
    (&["-c", "# one\n\n  # two\n"], ""),
    (&["-c", "echo one \\"], ""),
    (&["-c", "echo 'a\\\nb' a\\\nb"], ""),
    (&["-c", "if true; then echo unfinished"], ""),
    (&["-c", "echo 'open quote"], ""),
    (&["-c", "echo )"], ""),
    (&["-c", "for i in 1 2 3; do echo $i; done; echo ${i}x"], ""),
    (
        &["-c", "f() { echo in f \"$1\"; return 5; }; f arg; echo $?"],
        "",
    ),
    (
        &[
            "-c",
            "case $1 in a*) echo A;; *) echo other;; esac",
            "n",
            "abc",
        ],
        "",
    ),
    (&["-c", "x=$(cat a.txt | wc -l); echo \"lines: $x\""], ""),
    (
        &[
            "-c",
            "echo x > new; cat new; echo y >> new; wc -l < new; ls",
        ],
        "",
    ),
    (&["-c", "cd /; pwd; cd - >/dev/null; pwd; cd nowhere"], ""),
    (&["-c", "trap 'echo bye' EXIT; echo hi; exit 6"], ""),
    (&["-c", "(exit 3); echo $?; { exit 4; }; echo never"], ""),
    (&["-c", "exec ./prog replaced"], ""),
    (&["-c", "exec 5>five; echo x >&5; exec 5>&-; cat five"], ""),
    (&["-c", "set -- p q; echo $2; shift; echo $1"], ""),
    (
        &[
            "-c",
            "echo a | tr a b | { read x; echo \"<$x>\"; }; false | true; echo $?",
        ],
        "",
    ),
    (
        &["-c", "sleep 0 & wait; echo waited; wait 99999; echo $?"],
        "",
    ),
    (&["-c", "exit 256"], ""),
    (&["-c", "exit 255"], ""),
    (&["-c", "return 7; echo after"], ""),
    (&["-c", "kill -TERM $$; echo never"], ""),
    (
        &["-c", "{ sh -c 'kill -KILL $$'; } 2>/dev/null; echo $?"],
        "",
    ),
    (&["-c", "yes | head -n 1; echo ${1-unset}"], ""),
    (&["-c", "eval 'echo evaluated $((1 + 2))'"], ""),
    (
        &[
            "-c",
            "umask 077; umask; ulimit -n >/dev/null; export Q=1; env | grep '^Q='",
        ],
        "",
    ),
    (&["-c", "unset HOME; cd; echo $?"], ""),
    (&["-c", "echo ümläut 日本; printf '\\377\\n'"], ""),
];

const BASH: &[(&[&str], &str)] = &[
    (&["-o", "pipefail", "-c", "false | true; echo $?"], ""),
    (&["-eo", "pipefail", "-c", "false | true; echo never"], ""),
    (
        &["-euo", "pipefail", "-c", "echo ok; x=$(false); echo never"],
        "",
    ),
    (&["-O", "extglob", "-c", "echo !(b*)"], ""),
    (&["+O", "extglob", "-c", "echo !(b*)"], ""),
    (&["--norc", "-c", "echo no rc"], ""),
    (&["--noprofile", "--norc", "-c", "echo neither"], ""),
    (
        &[
            "--noprofile",
            "-lc",
            "echo login; shopt -q login_shell && echo yes",
        ],
        "",
    ),
    (&["--posix", "-c", "echo posix"], ""),
    (&["-Bc", "echo {a,b}"], ""),
    (&["+B", "-c", "echo {a,b}"], ""),
    (&["-c", "a=(1 '2 3' 4); echo \"${a[1]}\" ${#a[@]}"], ""),
    (&["-c", "[[ abc == a* && -f a.txt ]] && echo matches"], ""),
    (&["-c", "(( x = 3 * 4 )); echo $x; (( 0 )); echo $?"], ""),
    (&["-c", "cat <<<\"here string $0\"", "z"], ""),
    (&["-c", "diff <(echo a) <(echo a) && echo same"], ""),
    (&["-c", "echo $'tab\\there' ${BASH_VERSION%%.*}"], ""),
    (
        &["-c", "printf '%q\\n' 'a b'; echo ${1@Q}", "n", "it's"],
        "",
    ),
    (&["-c", "for i in {1..3}; do echo $(( i * 2 )); done"], ""),
    (&["-c", "echo a |& cat; ls nowhere |& wc -l"], ""),
    (&["-c", "mapfile -t l; echo ${#l[@]} ${l[1]}"], "x\ny\n"),
    (
        &["-c", "set -o errtrace; trap 'echo ERR' ERR; false; echo on"],
        "",
    ),
    (
        &[
            "-c",
            "echo ${BASH_SOURCE-none} $BASH_SUBSHELL; ( echo $BASH_SUBSHELL )",
        ],
        "",
    ),
    (&["-c", "echo a; echo )\necho b"], ""),
    (&["-c", "echo $-; shopt -p expand_aliases"], ""),
    (&["-c", "echo $BASH_EXECUTION_STRING"], ""),
    (&["-c", "echo $SHLVL ${PS4-none}; env | grep -c SHLVL"], ""),
];

const DASH: &[(&[&str], &str)] = &[
    (&["-c", "echo 'a\\tb'; echo $-"], ""),
    (&["-c", "set -o; alias"], ""),
    (&["-c", "echo ${x:-default} ${x#y} $((7 % 4))"], ""),
    (&["-c", "local x=1; echo $x"], ""),
    (&["-c", "echo a; echo )\necho b"], ""),
    (&["-c", "read -r x y; echo \"$y $x\""], "1 2 3\n"),
];

#[test]
fn text_runs_in_bash_as_in_the_plain_shell() {
    assert_same("bash", BOTH);
}

#[test]
fn text_runs_in_dash_as_in_the_plain_shell() {
    assert_same("dash", BOTH);
}

#[test]
fn what_only_bash_knows_runs_as_in_the_plain_shell() {
    assert_same("bash", BASH);
}

#[test]
fn what_only_dash_does_runs_as_in_the_plain_shell() {
    assert_same("dash", DASH);
}

#[test]
fn bytes_that_are_no_text_arrive_as_they_are() {
    let home = home();
    for shell in ["bash", "dash"] {
        let text = OsStr::from_bytes(b"printf '%s\\n' \xff\xfe \"$1\" # \xc3").to_owned();
        let argument = OsStr::from_bytes(b"arg\x80\xf0").to_owned();
        let case = ["-c".into(), text, "name".into(), argument];
        let (plain, guarded) = both(&home, shell, &case, b"");
        assert_eq!(guarded, plain);
        assert_eq!(guarded.stdout, b"\xff\xfe\narg\x80\xf0\n");
    }
}

#[test]
fn a_long_text_runs_and_a_too_long_one_is_the_callers_own_error() {
    let home = home();
    let long = format!("echo {} | wc -c", "x".repeat(100_000));
    let (plain, guarded) = both(&home, "bash", &words(&["-c", &long]), b"");
    assert_eq!(guarded, plain);
    assert_eq!(guarded.out(), "100001\n");
    let beyond = format!("echo {}", "x".repeat(128 << 10));
    let error = home.guardsh(&["-c", &beyond]).spawn().unwrap_err();
    assert_eq!(error.raw_os_error(), Some(nix::libc::E2BIG));
}

#[test]
fn nothing_of_a_text_with_an_error_runs() {
    let home = home();
    for shell in ["bash", "dash"] {
        let (plain, guarded) = both(
            &home,
            shell,
            &words(&["-c", "echo first\nif; then\necho never"]),
            b"",
        );
        // The plain shell runs what stands before the error.
        assert_eq!(plain.out(), "first\n");
        assert_eq!(
            (guarded.out(), guarded.code(), guarded.err()),
            ("", Some(2), plain.err()),
            "{shell}"
        );
    }
}

#[test]
fn descriptors_of_the_caller_reach_the_shell() {
    let home = home();
    for shell in ["bash", "dash"] {
        let line = "exec 3<a.txt 7>seven; exec \"$@\"";
        let run = |program: &str, named: &[&str]| {
            let mut command = home.command("/bin/bash");
            command
                .args(["-c", line, "x", program])
                .args(named)
                .args(["-c", "cat /dev/fd/3; ls -l /dev/fd/7 | grep -c seven"]);
            Running::start(command).end()
        };
        let named: &[&str] = if shell == "bash" {
            &[]
        } else {
            &["--", "dash"]
        };
        let guarded = run(common::GUARDSH, named);
        assert_eq!(guarded, run(shell, &[]), "{shell}");
        assert_eq!(guarded.out(), "one\ntwo\n1\n");
    }
}

/// The same words at both, and status 125 only where it is guardsh that refuses.
#[test]
fn an_option_that_is_not_guarded_is_a_fault_that_names_it() {
    let home = home();
    for (case, named) in [
        (&["-q", "-c", "true"][..], "-q"),
        (&["--no-such", "-c", "true"], "--no-such"),
        (&["--rcfile", "x", "-c", "true"], "--rcfile"),
        (&["-rc", "true"], "-r"),
        (&["-o", "onecmd", "-c", "true"], "onecmd"),
        (&["-O"], "-O"),
        (&["-c"], "-c"),
        (&["--", "zsh", "-c", "true"], "zsh"),
        (&["--", "python3", "-c", "1"], "python3"),
    ] {
        let ended = home.run(case);
        assert_eq!(
            (ended.code(), ended.out()),
            (Some(125), ""),
            "{case:?}: {ended:?}"
        );
        assert!(
            ended.err().starts_with("guardsh: ") && ended.err().contains(named),
            "{case:?}: {ended:?}"
        );
    }
}

#[test]
fn a_mistake_in_the_configuration_is_told_once_and_nothing_runs() {
    let home = Home::new("version = 1\n[policy]\nwrite = [\"./**\"]\n");
    let ended = Running::fed(home.guardsh(&["-c".to_owned(), "echo a".to_owned()]), b"").end();
    assert_eq!((ended.code(), ended.out()), (Some(125), ""), "{ended:?}");
    let told = ended
        .err()
        .matches("unknown key `write` in [policy]")
        .count();
    assert_eq!(told, 1, "{ended:?}");
    assert!(ended.err().contains(":3:1:"), "{ended:?}");
}

/// What only runs what is judged by itself is known by its name; another file of that name is another program.
#[test]
fn a_file_that_bears_a_wrappers_name_needs_a_rule() {
    let home = Home::new("version = 1\n[policy]\npacks = [\"readonly\"]\n");
    for name in [
        "env", "nice", "timeout", "nohup", "bash", "sh", "xargs", "time",
    ] {
        home.program(name, "#!/bin/sh\ntouch made\n");
        let text = match name {
            "bash" | "sh" => format!("./{name} -c ls"),
            "timeout" => "./timeout 1 ls".to_owned(),
            _ => format!("./{name} ls"),
        };
        for line in [
            text.clone(),
            format!("cd . && {text}"),
            format!("exec {text}"),
        ] {
            let ended = home.run(&["-c", &line]);
            assert_eq!(ended.code(), Some(126), "{line}: {ended:?}");
            assert!(!home.has("made"), "{line}");
        }
        let line = text.trim_start_matches("./");
        if !["time"].contains(&name) {
            let ended = home.run(&["-c", line]);
            assert_eq!(ended.code(), Some(0), "{line}: {ended:?}");
        }
    }
}

#[test]
fn a_guarded_shell_inside_a_line_is_judged_by_its_text() {
    let home = home();
    home.file("a.txt", "");
    let nested = |text: &str| home.run(&["-c", &format!("{GUARDSH} -c {text}")]);
    let ended = nested("'echo inside $0 \"$1\"' a b");
    assert_eq!(
        (ended.code(), ended.out()),
        (Some(0), "inside a b\n"),
        "{ended:?}"
    );
    let home = Home::new("version = 1\n[policy]\npacks = [\"readonly\"]\n");
    for (text, status) in [("ls", 0), ("'touch made'", 126), ("\"$(touch made)\"", 126)] {
        let ended = home.run(&["-c", &format!("{GUARDSH} -c {text}")]);
        assert_eq!(ended.code(), Some(status), "{text}: {ended:?}");
        assert!(!home.has("made"));
    }
}

#[test]
fn a_command_sees_nothing_of_the_guard() {
    let home = home();
    let look = "ls -l /proc/self/fd | awk '{print $9, $10}' | cut -c1-3; env | sort | cut -d= -f1; cat /proc/self/status | grep -E '^(Sig[A-P]|NoNewPrivs|Seccomp)'";
    for shell in ["bash", "dash"] {
        let (plain, guarded) = both(&home, shell, &words(&["-c", look]), b"");
        assert_eq!(guarded, plain);
        assert!(!guarded.out().contains("GUARDSH"), "{guarded:?}");
    }
}

#[test]
fn what_the_environment_would_run_first_does_not_run() {
    let home = home();
    let trap = home.file("trap.sh", "echo TRAPPED >> trapped\n");
    let text = "ls >/dev/null; true; echo \"$-\"";
    let set = [
        ("BASH_ENV", trap.to_str().unwrap()),
        ("ENV", trap.to_str().unwrap()),
        ("BASH_FUNC_ls%%", "() { echo TRAPPED >> trapped; }"),
        ("SHELLOPTS", "xtrace"),
        ("BASHOPTS", "extdebug"),
        ("PS4", "$(echo TRAPPED >> trapped)"),
        ("PROMPT_COMMAND", "echo TRAPPED >> trapped"),
        ("LD_PRELOAD", "/nonexistent.so"),
        ("BASH_XTRACEFD", "1"),
    ];
    for words in [
        &["-c", text][..],
        &["-xc", text],
        &["--", "dash", "-c", text],
        &["--", "dash", "-xc", text],
    ] {
        let mut command = home.guardsh(words);
        command.envs(set);
        let ended = Running::start(command).end();
        assert_eq!(ended.code(), Some(0), "{words:?}: {ended:?}");
        assert!(
            !home.has("trapped") && !ended.out().contains('\n'.to_string().repeat(2).as_str()),
            "{ended:?}"
        );
        // The loader itself complains of LD_PRELOAD when the guard starts; the shell and what it runs do not.
        assert!(
            ended.err().matches("nonexistent.so").count() <= 1,
            "{words:?}: {ended:?}"
        );
        assert!(!ended.err().contains("TRAPPED"), "{words:?}: {ended:?}");
    }
    let first = &home.log()[0];
    let dropped = first["environment_dropped"].to_string();
    for (name, _) in set {
        assert!(dropped.contains(name), "{name} in {dropped}");
    }
}

#[test]
fn a_signal_that_ends_the_shell_ends_the_guard() {
    let home = home();
    for (name, signal) in [
        ("KILL", Signal::SIGKILL),
        ("TERM", Signal::SIGTERM),
        ("SEGV", Signal::SIGSEGV),
    ] {
        for shell in ["bash", "dash"] {
            let text = format!("kill -{name} $$; while :; do sleep 0.05; done");
            let (plain, guarded) = both(&home, shell, &words(&["-c", &text]), b"");
            assert_eq!(plain.signal(), Some(signal as i32));
            assert_eq!(
                guarded.signal(),
                plain.signal(),
                "{shell} {name}: {guarded:?}"
            );
        }
    }
}

#[test]
fn signals_sent_to_the_guard_reach_the_shell() {
    let home = home();
    for (name, signal) in [
        ("TERM", Signal::SIGTERM),
        ("HUP", Signal::SIGHUP),
        ("INT", Signal::SIGINT),
        ("QUIT", Signal::SIGQUIT),
        ("USR1", Signal::SIGUSR1),
    ] {
        // The shell's own trap tells, so the signal went to the shell and not past it.
        let text = format!(
            "trap 'echo got {name}; exit 9' {name}; echo ready; while :; do sleep 0.05; done"
        );
        let running = Running::start(home.guardsh(&["-c", &text]));
        running.wait_said("ready\n");
        running.signal(signal);
        let ended = running.end();
        assert_eq!(
            (ended.code(), ended.out()),
            (Some(9), format!("ready\ngot {name}\n").as_str()),
            "{ended:?}"
        );
        // Without a trap the end is the signal's.
        if name != "INT" && name != "QUIT" {
            let running =
                Running::start(home.guardsh(&["-c", "echo ready; while :; do sleep 0.05; done"]));
            running.wait_said("ready\n");
            running.signal(signal);
            let ended = running.end();
            assert_eq!(ended.signal(), Some(signal as i32), "{name}: {ended:?}");
        }
    }
}

#[test]
fn a_stopped_shell_stops_the_guard_and_both_go_on() {
    let home = home();
    let running =
        Running::start(home.guardsh(&["-c", "echo ready; kill -STOP $$; echo went on; exit 4"]));
    running.wait_said("ready\n");
    until("the guard stops", || {
        matches!(common::process(running.pid()), Some(('T', _))).then_some(())
    });
    running.signal(Signal::SIGCONT);
    let ended = running.end();
    assert_eq!((ended.code(), ended.out()), (Some(4), "ready\nwent on\n"));
}

#[test]
fn the_shell_does_not_outlive_a_guard_that_is_killed() {
    let home = home();
    let running = Running::start(home.guardsh(&["-c", "echo $$; while :; do sleep 0.05; done"]));
    running.wait_said("\n");
    let shell: i32 = std::str::from_utf8(&running.said())
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    running.signal(Signal::SIGKILL);
    until("the shell is gone", || {
        common::process(nix::unistd::Pid::from_raw(shell))
            .is_none_or(|(state, _)| state == 'Z')
            .then_some(())
    });
}

#[test]
fn closed_descriptors_are_closed_for_the_shell_and_nothing_of_the_guards_takes_their_place() {
    let home = home();
    let text = "echo out; echo err >&2; cat; ls /proc/self/fd | wc -l";
    for closing in [
        "<&-",
        ">&-",
        "2>&-",
        "<&- >&-",
        "<&- 2>&-",
        ">&- 2>&-",
        "<&- >&- 2>&-",
    ] {
        let run = |program: &str, name: &str| {
            refresh(&home);
            let line = format!("exec -a {name} {program} -c \"$T\" {closing}");
            let mut command = home.command("/bin/bash");
            command.args(["-c", &line]).env("T", text);
            let ended = Running::fed(command, b"input\n").end();
            (ended, fs::read_dir(home.work()).unwrap().count())
        };
        let (plain, files) = run("/bin/bash", "bash");
        let (guarded, files_guarded) = run(common::GUARDSH, "bash");
        assert_eq!((&guarded, files_guarded), (&plain, files), "{closing}");
        home.verify_log();
    }
    let last = home.log().pop().unwrap();
    assert_eq!(last["kind"], "exit", "{last}");
}

#[test]
fn output_and_input_of_many_megabytes_pass_unchanged() {
    let home = home();
    let input: Vec<u8> = (0_u32..2_000_000).flat_map(u32::to_le_bytes).collect();
    let ended = Running::fed(home.guardsh(&["-c", "cat; echo end >&2"]), &input).end();
    assert!(ended.stdout == input && ended.stderr == b"end\n" && ended.code() == Some(0));
}

/// A home with a `.bashrc` and a profile of its own.
fn home_with_startup() -> Home {
    let home = home();
    fs::write(
        home.at(".bashrc"),
        "rc=yes\nalias ll='echo alias ll'\nhello() { echo function hello; }\n",
    )
    .unwrap();
    fs::write(
        home.at(".profile"),
        "profile=yes\n[ -n \"$BASH\" ] && . \"$HOME/.bashrc\"\n",
    )
    .unwrap();
    home
}

#[test]
fn accepted_start_up_files_run_first_as_in_the_plain_shell() {
    let home = home_with_startup();
    for case in [
        &["-lc", "echo $profile $rc; hello"][..],
        &["-ic", "echo $rc; ll x; hello"],
        &["-lic", "echo $profile; ll"],
    ] {
        let number = |ended: &Ended| {
            let text = String::from_utf8(ended.stderr.clone()).unwrap();
            text.split(['(', ')'])
                .map(|part| {
                    if part.parse::<i32>().is_ok() {
                        "N"
                    } else {
                        part
                    }
                })
                .collect::<String>()
        };
        // Away from any terminal, which an interactive shell would take.
        let away = |mut command: std::process::Command| {
            let program = command.get_program().to_owned();
            let words: Vec<OsString> = command.get_args().map(OsStr::to_owned).collect();
            command = home.command("/usr/bin/setsid");
            command.arg(program).args(words);
            Running::start(command).end()
        };
        let plain = away(home.plain("bash", case));
        let guarded = away(home.guardsh(case));
        assert_eq!(
            (guarded.out(), guarded.code()),
            (plain.out(), plain.code()),
            "{case:?}\n{plain:?}\n{guarded:?}"
        );
        assert_eq!(
            number(&guarded).replace("/bin/bash:", "bash:"),
            number(&plain).replace("/bin/bash:", "bash:"),
            "{case:?}"
        );
    }
}

#[test]
fn a_changed_start_up_file_makes_lines_ask() {
    let home = home_with_startup();
    assert_eq!(home.run(&["-lc", "true"]).code(), Some(0));
    fs::write(home.at(".bashrc"), "true() { touch pwned; }\n").unwrap();
    for case in [&["-lc", "true"][..], &["-ic", "true"]] {
        let ended = home.run(case);
        assert_eq!(
            (ended.code(), home.has("pwned")),
            (Some(126), false),
            "{case:?}: {ended:?}"
        );
        assert!(
            ended.err().contains(".bashrc"),
            "the reason names the file: {ended:?}"
        );
    }
    // Where it does not run, it changes nothing.
    assert_eq!(home.run(&["-c", "true"]).code(), Some(0));
    assert_eq!(home.run(&["--norc", "-ic", "echo ok"]).out(), "ok\n");
    home.review(&["trust", "--all"]);
    assert_eq!(home.run(&["-lc", "echo ok"]).out(), "ok\n");
}

#[test]
fn bash_on_a_socket_or_under_ssh_reads_its_start_up_file_and_the_guard_knows() {
    let home = home_with_startup();
    // The first start accepts what is there.
    assert_eq!(home.run(&["-ic", "true"]).code(), Some(0));
    let under_ssh = |text: &str| {
        let mut command = home.guardsh(&["-c", text]);
        command.env("SSH_CLIENT", "127.0.0.1 1 22");
        Running::start(command).end()
    };
    let on_socket = |text: &str| {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        let mut command = home.guardsh(&["-c", text]);
        command.stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)));
        let ended = Running::start(command).end();
        drop(ours);
        ended
    };
    let mut plain = home.plain("bash", &["-c", "hello; echo $rc"]);
    plain.env("SSH_CLIENT", "127.0.0.1 1 22");
    let plain = Running::start(plain).end();
    assert_eq!(
        plain.out(),
        "function hello\nyes\n",
        "this bash does not read it"
    );
    assert_eq!(under_ssh("hello; echo $rc"), plain);
    assert_eq!(on_socket("hello; echo $rc"), plain);
    fs::write(home.at(".bashrc"), "ls() { touch pwned; }\n").unwrap();
    for ended in [under_ssh("ls"), on_socket("ls")] {
        assert_eq!(
            (ended.code(), home.has("pwned")),
            (Some(126), false),
            "{ended:?}"
        );
        assert!(ended.err().contains(".bashrc"), "{ended:?}");
    }
    assert_eq!(home.run(&["-c", "ls >/dev/null"]).code(), Some(0));
}

#[test]
fn each_run_is_in_the_log_before_its_end_and_the_chain_is_whole() {
    let home = home();
    assert_eq!(home.run(&["-c", "echo logged; exit 3"]).code(), Some(3));
    assert_eq!(home.kinds(), ["session_start", "verdict", "run", "exit"]);
    assert_eq!(home.log()[3]["status"], 3);
    home.verify_log();
}
