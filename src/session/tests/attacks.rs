//! What an agent could try against the channel (docs/attacks.md names these tests).

use super::*;

/// The channel's own words stay out of reach, or their misuse ends the session: never does the victim go.
fn nothing_unjudged_runs(driven: &mut Driven) {
    assert!(!driven.path("victim").exists());
}

#[test]
fn a_signal_during_the_wait_shifts_no_verdict() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        driven.output_of("(sleep 0.6; kill -INT $$) & ");
        driven.line("ask touch victim");
        driven.until("waiting for people");
        driven.wait_until("the wait is over", |driven| {
            driven.log().contains(&"cancel".to_owned())
        });
        driven.until("cancelled by test\r\n");
        driven.until("@> ");
        // Each later line is the one that was judged.
        for (line, output) in [
            ("echo one", "one\n"),
            ("deny two", "refused by test\n"),
            ("echo three", "three\n"),
        ] {
            let seen = driven.output_of(line);
            assert!(seen.starts_with(output), "{seen:?}");
        }
        nothing_unjudged_runs(&mut driven);
    }
}

#[test]
fn a_caught_signal_during_the_wait_changes_nothing() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        driven.output_of("trap 'echo caught' USR1; (sleep 0.6; kill -USR1 $$) &");
        driven.line("ask echo appro''ved");
        driven.until("caught");
        guardsh_sys::io::send_some(driven.wake.as_fd(), b"x").unwrap();
        driven.until("approved\r\n");
        driven.until("@> ");
        assert_eq!(driven.output_of("echo next"), "next\n");
    }
}

#[test]
fn tmout_does_not_end_the_wait() {
    let mut driven = Driven::ready(BASH);
    driven.output_of("readonly TMOUT=1");
    driven.line("ask echo appro''ved");
    driven.until("waiting for people");
    std::thread::sleep(Duration::from_millis(1500));
    guardsh_sys::io::send_some(driven.wake.as_fd(), b"x").unwrap();
    driven.until("approved\r\n");
}

#[test]
fn redefined_words_run_nothing_unjudged() {
    let tricks = [
        "eval() { touch victim; }",
        "eval() { touch victim; }; readonly -f eval",
        "builtin() { touch victim; }",
        "printf() { touch victim; }",
        "enable -n printf",
        "enable -n eval",
        "enable -n builtin",
        "alias __gs_l='touch victim;' eval='touch victim;' builtin='touch victim;'",
        "__gs_x='touch victim'; readonly __gs_x",
        "__gs_t='touch victim'; readonly __gs_t",
        "readonly __gs_k",
        "readonly __gs_r=0",
        "declare -n __gs_m=PATH",
        "unset -f __gs_l __gs_p",
        "__gs_l() { touch victim; }",
        "readonly PROMPT_COMMAND=true",
        "set -o posix; set() { touch victim; }",
    ];
    // Many of them end in a lock, which takes its time: all at once.
    std::thread::scope(|scope| {
        for trick in tricks {
            scope.spawn(move || after_trick(trick));
        }
    });
}

/// What a function of the agent's own does when our words call it is the agent's approved text; what must not be is
/// that a refused line runs, or another text than the approved one.
fn after_trick(trick: &str) {
    let mut driven = Driven::ready(BASH);
    driven.line(trick);
    driven.line("deny ; touch refused-ran");
    driven.line("echo fi''rst; touch ran-first");
    driven.wait_until("the line was judged, or the session ended", |driven| {
        driven.thread.as_ref().unwrap().is_finished()
            || driven.log().iter().any(|line| line.contains("ran-first"))
    });
    driven.more(Instant::now() + Duration::from_millis(300));
    assert!(!driven.path("refused-ran").exists(), "{trick}");
}

#[test]
fn a_forged_report_ends_the_session() {
    for line in [
        "echo FORGED >&11; sleep 0.2",
        "printf 'R 0 0 x\\0' >&11; sleep 0.2",
        "head -c 100000 /dev/zero >&11",
    ] {
        let mut driven = Driven::ready(BASH);
        driven.line(line);
        driven.line("echo af''ter");
        let status = driven.status();
        let log = driven.log();
        // Either the descriptor was another one, or the session is locked.
        if status == 125 {
            assert!(log.iter().any(|line| line.starts_with("fault")), "{log:?}");
            assert!(!log.iter().any(|line| line.contains("after")), "{log:?}");
        }
    }
}

#[test]
fn a_stolen_line_of_the_channel_ends_the_session() {
    let mut driven = Driven::ready(BASH);
    driven.line("read -r -u 10 x");
    // Nothing is on the channel while a line runs, so it waits; Ctrl-C ends it.
    std::thread::sleep(Duration::from_millis(300));
    driven.send("\x03");
    driven.until("@> ");
    assert_eq!(driven.output_of("echo fine"), "fine\n");
}

#[test]
fn the_channel_cannot_be_opened_through_proc() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        let seen = driven.output_of(
            "for f in /proc/$$/fd/*; do (echo 'touch victim' >$f) 2>/dev/null; done; true",
        );
        assert!(!seen.contains("Permission"), "{seen}");
        assert_eq!(driven.output_of("echo fine"), "fine\n");
        nothing_unjudged_runs(&mut driven);
    }
}

#[test]
fn prompt_hooks_inherit_no_channel_to_answer_by() {
    let mut driven = Driven::ready(BASH);
    driven.output_of("PROMPT_COMMAND='ls /proc/self/fd >fds'");
    driven.output_of("true");
    let fds = std::fs::read_to_string(driven.path("fds")).unwrap();
    assert!(!fds.lines().any(|fd| fd == "8" || fd == "9"), "{fds}");
    driven.output_of("deny this");
    driven.output_of("echo $HOME");
    let fds = std::fs::read_to_string(driven.path("fds")).unwrap();
    assert!(!fds.lines().any(|fd| fd == "8" || fd == "9"), "{fds}");
}

#[test]
fn a_prompt_hook_that_writes_to_8_ends_the_session() {
    let mut driven = Driven::ready(BASH);
    driven.line("PROMPT_COMMAND='echo FORGED >&8'");
    driven.line("touch victim");
    assert_eq!(driven.status(), 125);
    nothing_unjudged_runs(&mut driven);
}

#[test]
fn a_trap_that_reads_9_runs_nothing() {
    let mut driven = Driven::ready(BASH);
    driven.output_of("trap 'read -r -t 0.2 -N 40 -u 9 stolen' USR1; (sleep 0.5; kill -USR1 $$) &");
    driven.line("ask touch victim-approved");
    driven.until("waiting for people");
    std::thread::sleep(Duration::from_millis(900));
    driven.send("\x03");
    driven.until("cancelled");
    // bash forgets what it was reading with when a trap reads too: its wait never ends, and so the session does.
    assert_eq!(driven.status(), 125);
    assert!(!driven.path("victim-approved").exists());
}

#[test]
fn text_that_reaches_beyond_its_place_is_not_sent() {
    for text in [b"echo x\\".as_slice(), b"echo \0 x"] {
        let mut driven = Driven::ready(BASH);
        driven.send([text, b"\r"].concat());
        assert_eq!(driven.status(), 125);
    }
}

#[test]
fn our_own_variables_hold_nothing_that_runs() {
    let tricks = [
        (BASH, "__gs_k='a[$(touch victim)]'"),
        (
            BASH,
            "__gs_i='a[$(touch victim)]'; __gs_n='a[$(touch victim)]'; __gs_s='a[$(touch victim)]'",
        ),
        (BASH, "__gs_ps=(0 '0); touch victim; (:'); : ${unset?}"),
        (
            BASH,
            "__gs_x='touch victim'; __gs_t='touch victim'; __gs_o='x; touch victim'; : ${unset?}",
        ),
        (
            BASH,
            "__gs_q='a[$(touch victim)]'; __gs_r='a[$(touch victim)]'; __gs_f='x$(touch victim)'; : ${unset?}",
        ),
        (DASH, "__gs_k='1+$(touch victim)'"),
        (DASH, "__gs_x='touch victim;'; : ${unset?}"),
        (DASH, "__gs_nl='; touch victim; '; : ${unset?}"),
        (
            DASH,
            "__gs_t='touch victim'; __gs_s='0; touch victim'; __gs_u='$(touch victim)'; : ${unset?}",
        ),
    ];
    std::thread::scope(|scope| {
        for (kind, trick) in tricks {
            scope.spawn(move || {
                let mut driven = Driven::ready(kind);
                driven.line(trick);
                driven.line("echo ${PIPESTATUS[@]-} >/dev/null; echo 'two");
                driven.line("li''nes' over");
                driven.wait_until("the line was judged, or the session ended", |driven| {
                    driven.thread.as_ref().unwrap().is_finished()
                        || driven
                            .log()
                            .iter()
                            .filter(|line| line.starts_with("ended"))
                            .count()
                            > 1
                });
                assert!(!driven.path("victim").exists(), "{trick}");
            });
        }
    });
}
