//! What an agent sees is what it sees in the plain shell.

use super::*;

#[test]
fn a_line_runs_and_its_status_is_told() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        assert_eq!(driven.output_of("echo re''ady"), "ready\n");
        assert_eq!(driven.output_of("(exit 3)"), "");
        assert_eq!(driven.output_of("echo $?"), "3\n");
        driven.line("exit 7");
        assert_eq!(driven.status(), 7);
        assert_eq!(
            driven.log(),
            [
                "judge echo re\\'\\'ady",
                "ended Some(0)",
                "judge (exit 3)",
                "ended Some(3)",
                "judge echo $?",
                "ended Some(0)",
                "judge exit 7",
                "ended Some(7)"
            ]
        );
    }
}

#[test]
fn what_a_dying_shell_printed_is_shown() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        driven.output_of("set -e");
        driven.line("nonexistent-program");
        assert_eq!(driven.status(), 127);
        driven.until("not found");
    }
}

#[test]
fn a_refused_line_leaves_126_and_runs_nothing() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        driven.output_of("set -e");
        assert_eq!(driven.output_of("deny ; touch victim"), "refused by test\n");
        assert_eq!(driven.output_of("echo $?"), "126\n");
        assert_eq!(driven.output_of("invalid )"), "invalid by test\n");
        assert_eq!(driven.output_of("echo $?"), "2\n");
        assert!(!driven.path("victim").exists());
    }
}

#[test]
fn status_underscore_and_pipestatus_are_kept() {
    let mut driven = Driven::ready(BASH);
    driven.output_of("echo one two");
    assert_eq!(driven.output_of("echo $_"), "two\n");
    driven.output_of("true | (exit 1) | (exit 3)");
    assert_eq!(driven.output_of("echo ${PIPESTATUS[@]}"), "0 1 3\n");
    driven.output_of("false | true");
    assert_eq!(driven.output_of("echo $? ${PIPESTATUS[@]}"), "0 1 0\n");
    driven.output_of("false");
    assert_eq!(driven.output_of("echo $?"), "1\n");
    let mut driven = Driven::ready(DASH);
    driven.output_of("false");
    assert_eq!(driven.output_of("echo $?"), "1\n");
    driven.output_of("echo one two");
    assert_eq!(driven.output_of("echo $_"), "two\n");
}

#[test]
fn what_a_line_changes_stays() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        for line in [
            "x=kept",
            "cd /usr",
            "alias hi='echo aliased'",
            "f() { echo in f: $1; }",
            "set -- a b",
        ] {
            driven.output_of(line);
        }
        assert_eq!(
            driven.output_of("echo $x $PWD; hi; f 1; echo $# $2"),
            "kept /usr\naliased\nin f: 1\n2 b\n"
        );
        driven.output_of("exec 5</etc/hostname; export E=exported");
        assert_eq!(
            driven.output_of("read h <&5; echo $(sh -c 'echo $E')"),
            "exported\n"
        );
    }
}

#[test]
fn the_prompt_that_a_program_sets_shows_once() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        driven.line("PS1='P''Q> '");
        driven.until("PQ> ");
        driven.line("echo on''ce");
        let seen = driven.until("once") + &driven.until("PQ> ");
        assert_eq!(seen.matches("PQ> ").count(), 1, "{seen:?}");
        // What virtualenv does.
        driven.line("PS1=\"(env) $PS1\"");
        let seen = driven.until("(env) PQ> ");
        assert_eq!(seen.matches("PQ> ").count(), 1, "{seen:?}");
        driven.line("");
        let seen = driven.until("(env) PQ> ");
        assert_eq!(seen, "\r\n(env) PQ> ");
    }
}

#[test]
fn errexit_and_err_traps_see_the_text_only() {
    let mut driven = Driven::ready(BASH);
    driven.output_of("trap 'echo ERR' ERR; set -eE");
    assert_eq!(driven.output_of("! true"), "");
    assert_eq!(driven.output_of("deny this"), "refused by test\n");
    assert_eq!(driven.asked("builtin nonexistent"), "Yes(false)");
    assert_eq!(driven.output_of("true"), "");
    driven.line("false");
    driven.until("ERR");
    assert_eq!(driven.status(), 1);
}

#[test]
fn tracing_shows_the_text_only() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        driven.output_of("set -x");
        let seen = driven.output_of("echo traced");
        assert!(!seen.contains("__gs"), "{seen:?}");
        assert!(seen.ends_with("+ echo traced\ntraced\n"), "{seen:?}");
        let seen = driven.output_of("set +x");
        assert!(!seen.contains("__gs"), "{seen:?}");
        assert_eq!(driven.output_of("echo quiet"), "quiet\n");
    }
}

#[test]
fn history_holds_what_was_submitted_and_nothing_else() {
    let mut setting = Setting::of(BASH);
    setting.history = "old\n".to_owned();
    let mut driven = Driven::start(setting);
    driven.until("@> ");
    driven.output_of("echo one");
    driven.output_of("deny two");
    driven.output_of("echo 'th''ree'\t#x");
    let seen = driven.output_of("history");
    let lines: Vec<&str> = seen.lines().map(str::trim).collect();
    assert_eq!(
        lines,
        [
            "1  old",
            "2  echo one",
            "3  echo 'th''ree'\t#x",
            "4  history"
        ]
    );
    driven.line("exit");
    assert_eq!(driven.status(), 0);
    let kept = std::fs::read_to_string(driven.path("hist")).unwrap();
    assert_eq!(kept, "old\necho one\necho 'th''ree'\t#x\nhistory\nexit\n");
}

#[test]
fn prompt_hooks_run_once_a_prompt() {
    let mut driven = Driven::ready(BASH);
    driven.output_of("n=0; PROMPT_COMMAND='n=$((n+1))'");
    let first: u32 = driven.output_of("echo $n").trim().parse().unwrap();
    let second: u32 = driven.output_of("echo $n").trim().parse().unwrap();
    assert_eq!(second, first + 1);
    driven.output_of("unset PROMPT_COMMAND");
    driven.output_of("PROMPT_COMMAND=(true true)");
    assert_eq!(driven.output_of("echo still"), "still\n");
}

#[test]
fn ctrl_c_gives_130_and_the_session_goes_on() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        for line in [
            "sleep 100",
            "while :; do :; done",
            "sleep 100 | cat",
            "(sleep 100)",
            "f() { sleep 100; }; f",
        ] {
            driven.line(&format!("echo started; {line}"));
            driven.until("started\r\n");
            // Until it really runs: the shell has handed the terminal on, or loops itself.
            std::thread::sleep(Duration::from_millis(150));
            driven.send("\x03");
            driven.until("@> ");
            assert_eq!(driven.output_of("echo $?"), "130\n", "{kind:?} {line}");
        }
        // At the prompt, with half a line typed.
        driven.send("half");
        driven.until("half");
        driven.send("\x03");
        driven.until("@> ");
        assert_eq!(driven.output_of("echo $?"), "130\n");
    }
}

#[test]
fn a_stopped_job_is_listed_and_comes_back() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        driven.line("echo started; sleep 1.5; echo over");
        driven.until("started\r\n");
        std::thread::sleep(Duration::from_millis(200));
        driven.send("\x1a");
        driven.until("@> ");
        let seen = driven.output_of("jobs");
        assert!(seen.contains("Stopped"), "{seen:?}");
        let seen = driven.output_of("fg");
        assert!(seen.contains("sleep 1.5"), "{seen:?}");
        assert_eq!(driven.output_of("jobs"), "");
    }
}

#[test]
fn exit_with_stopped_jobs_warns_once() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        driven.line("echo started; sleep 100");
        driven.until("started\r\n");
        std::thread::sleep(Duration::from_millis(200));
        driven.send("\x1a");
        driven.until("@> ");
        let seen = driven.output_of("exit");
        assert!(seen.contains("stopped jobs"), "{seen:?}");
        driven.line("exit 5");
        assert_eq!(driven.status(), 5, "{kind:?}");
    }
}

#[test]
fn ctrl_d_leaves_unless_ignoreeof_is_set() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        driven.output_of("(exit 9)");
        driven.send("\x04");
        assert_eq!(driven.status(), 9);
    }
    let mut driven = Driven::ready(BASH);
    driven.output_of("IGNOREEOF=1");
    driven.send("\x04");
    driven.until("Use \"exit\"");
    driven.until("@> ");
    driven.send("\x04");
    assert_eq!(driven.status(), 0);
}

#[test]
fn long_and_odd_texts_run_as_they_are() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        let long = "x".repeat(100_000);
        driven.line(&format!("v={long}; echo ${{#v}}"));
        driven.until("\r\n");
        assert_eq!(driven.until("@> "), "100000\r\n@> ");
        driven.send(b"printf '%s' 'a\xff\xc3(b' >bytes\r");
        driven.until("\r\n");
        driven.until("@> ");
        assert_eq!(std::fs::read(driven.path("bytes")).unwrap(), b"a\xff\xc3(b");
        assert_eq!(
            driven.output_of("echo \"it's\" 'a' \"$((1+1))\" # it's"),
            "it's a 2\n"
        );
    }
}

#[test]
fn a_text_of_several_lines_is_one_submission() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        driven.line("echo 'one");
        driven.until("> ");
        driven.line("two'");
        driven.until("\r\n");
        assert_eq!(driven.until("@> "), "one\r\ntwo\r\n@> ");
        driven.line("cat <<E");
        driven.until("> ");
        driven.line("body $HOME/x\r\nE\r\n");
        let _ = driven.until("\r\n");
    }
}

#[test]
fn programs_have_the_terminal_and_none_of_the_channel() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        let seen = driven.output_of("tty; ls -1 /proc/self/fd; test -t 0 && echo terminal");
        let mut lines = seen.lines();
        assert!(lines.next().unwrap().starts_with("/dev/pts/"));
        assert_eq!(lines.collect::<Vec<_>>(), ["0", "1", "2", "3", "terminal"]);
        let seen = driven.output_of("env");
        assert!(
            !seen.contains("__gs") && !seen.contains("ENV=/dev"),
            "{seen}"
        );
    }
}

#[test]
fn startup_files_have_the_terminal_and_their_words_stay() {
    let mut setting = Setting::of(BASH);
    setting.rc = "test -t 0 && echo rc has a terminal\nalias eval=false printf=false builtin=false\nls -1 /proc/self/fd\nPS1='@> '\n".to_owned();
    let mut driven = Driven::start(setting);
    let seen = driven.until("@> ");
    assert_eq!(seen, "rc has a terminal\r\n0\r\n1\r\n2\r\n3\r\n@> ");
    assert_eq!(driven.output_of("echo fine"), "fine\n");
}

#[test]
fn the_end_of_the_terminal_ends_the_shell() {
    let mut driven = Driven::ready(BASH);
    driven.output_of("trap 'echo bye >said' EXIT");
    let said = driven.path("said");
    let thread = driven.thread.take().unwrap();
    let Driven { outer, folder, .. } = driven;
    drop(outer);
    let deadline = Instant::now() + PATIENCE;
    while !thread.is_finished() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(std::fs::read_to_string(said).unwrap(), "bye\n");
    drop(folder);
}

#[test]
fn a_login_shell_reads_its_profile_with_the_terminal() {
    for kind in [BASH, DASH] {
        let mut setting = Setting::of(kind);
        setting.login = true;
        setting.rc = String::new();
        setting.profile = "test -t 0 && echo profile has a terminal\nls -1 /proc/self/fd\nHISTFILE=~/other\nexport FROM_PROFILE=yes\nPS1='@> '\n".to_owned();
        let mut driven = Driven::start(setting);
        let seen = driven.until("@> ");
        assert!(
            seen.ends_with("profile has a terminal\r\n0\r\n1\r\n2\r\n3\r\n@> "),
            "{seen:?}"
        );
        assert_eq!(
            driven.output_of("sh -c 'echo $FROM_PROFILE'; env | grep -c __gs"),
            "yes\n0\n"
        );
        assert_eq!(driven.output_of("echo \"$PROMPT_COMMAND\""), "\n");
        if kind == BASH {
            assert_eq!(
                driven.output_of("shopt login_shell; echo $0"),
                "login_shell    \ton\n-bash\n"
            );
            let seen = driven.output_of("history");
            assert!(
                seen.starts_with("    1  from before\n    2  sh -c"),
                "{seen}"
            );
            driven.line("logout");
            assert_eq!(driven.status(), 0);
        }
    }
}

#[test]
fn a_debug_trap_leaves_the_session_whole() {
    let mut driven = Driven::ready(BASH);
    driven.output_of("trap 'n=$((n+1))' DEBUG");
    assert_eq!(driven.output_of("echo one"), "one\n");
    assert_eq!(driven.output_of("deny this"), "refused by test\n");
    assert_eq!(driven.output_of("trap - DEBUG; echo two"), "two\n");
}

#[test]
fn options_and_exec_behave_as_in_the_plain_shell() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        driven.output_of("set -u");
        let seen = driven.output_of("echo $nothing_set");
        assert!(seen.contains("nothing_set"), "{seen:?}");
        let status = if kind == BASH { "1\n" } else { "2\n" };
        assert_eq!(driven.output_of("echo $?"), status);
        driven.output_of("set +u; set -a; a=exported; set +a");
        assert_eq!(driven.output_of("env | grep ^a="), "a=exported\n");
        driven.output_of("trap 'echo bye' EXIT");
        driven.line("exec echo replaced");
        driven.until("replaced");
        assert_eq!(driven.status(), 0);
    }
}

#[test]
fn what_the_shell_has_become_gets_what_any_program_of_its_kind_gets() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        driven.line("exec cat");
        driven.line("typed");
        driven.until("typed\r\ntyped\r\n");
        driven.send("\x04");
        assert_eq!(driven.status(), 0);
    }
}

#[test]
fn another_shell_in_place_of_the_shell_gets_nothing() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        driven.line("exec bash --norc");
        driven.line("touch victim");
        driven.until("not passed on");
        driven.send("\x04");
        assert_eq!(driven.status(), 0);
        assert!(!driven.path("victim").exists());
    }
}
