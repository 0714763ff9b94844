//! What is typed while something runs.

use super::*;

#[test]
fn what_nobody_reads_is_judged_at_the_prompt() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        driven.line("echo started; sleep 1");
        driven.until("started\r\n");
        driven.line("deny this");
        driven.line("echo af''ter");
        driven.until("refused by test");
        driven.until("after\r\n");
        let log = driven.log();
        assert!(log.contains(&"judge deny this".to_owned()), "{log:?}");
        assert!(
            log.contains(&"judge echo af\\'\\'ter".to_owned()),
            "{log:?}"
        );
    }
}

#[test]
fn read_and_cat_get_their_lines_one_by_one() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        driven.line("read x; echo got:$x; head -n 1; cat");
        driven.send("first\rsecond\rthird\r");
        driven.until("got:first");
        driven.until("second\r\n");
        driven.until("third\r\n");
        driven.until("third\r\n");
        driven.send("\x04");
        driven.until("@> ");
        let inputs: Vec<String> = driven
            .log()
            .into_iter()
            .filter(|line| line.starts_with("input"))
            .collect();
        assert_eq!(inputs.len(), 3, "{inputs:?}");
        assert!(
            inputs[1].starts_with("input head Some(\"second"),
            "{inputs:?}"
        );
    }
}

#[test]
fn a_line_that_a_reader_left_is_not_read_by_the_next() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        driven.line("head -n 1; bash --norc");
        driven.send("first\rtouch victim\r");
        driven.until("not passed on");
        driven.send("\x04");
        driven.until("@> ");
        assert!(!driven.path("victim").exists());
    }
}

#[test]
fn an_inner_shell_gets_nothing() {
    for inner in ["bash --norc", "dash", "python3 -q", "(bash)"] {
        let mut driven = Driven::ready(BASH);
        driven.line(inner);
        std::thread::sleep(Duration::from_millis(300));
        driven.line("open('victim', 'w')");
        driven.line("touch victim");
        driven.until("not passed on");
        driven.send("\x04");
        driven.wait_until("the inner program is gone", |driven| {
            driven.log().iter().any(|line| line.starts_with("ended"))
        });
        assert!(!driven.path("victim").exists(), "{inner}");
    }
}

#[test]
fn a_subshell_that_reads_gets_its_line() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        driven.line("( read x; echo sub:$x )");
        driven.line("typed");
        driven.until("sub:typed");
    }
}

#[test]
fn ctrl_c_at_the_wait_cancels() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        driven.line("ask touch victim");
        driven.until("waiting for people");
        driven.send("\x03");
        driven.until("cancelled by test");
        driven.until("@> ");
        assert_eq!(driven.output_of("echo $?"), "126\n");
        assert!(!driven.path("victim").exists());
    }
}

#[test]
fn an_approved_line_runs_after_the_wait() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        driven.line("ask echo appro''ved");
        driven.until("waiting for people");
        guardsh_sys::io::send_some(driven.wake.as_fd(), b"x").unwrap();
        driven.until("approved\r\n");
        driven.until("@> ");
        // Typed during the next wait: judged after it.
        driven.line("ask true");
        driven.until("waiting for people");
        driven.line("echo la''ter");
        guardsh_sys::io::send_some(driven.wake.as_fd(), b"x").unwrap();
        driven.until("later\r\n");
    }
}

#[test]
fn a_full_screen_program_gets_keys() {
    let mut driven = Driven::ready(BASH);
    driven.line("vim -u NONE -N new.txt");
    driven.until("\x1b[?25h");
    driven.send("iwritten in vim\x1b:wq\r");
    driven.until("@> ");
    assert_eq!(
        std::fs::read_to_string(driven.path("new.txt")).unwrap(),
        "written in vim\n"
    );
    driven.output_of("seq 1 200 >many");
    driven.line("less many");
    driven.until("many");
    driven.send("q");
    driven.until("@> ");
    assert_eq!(driven.output_of("echo fine"), "fine\n");
}

#[test]
fn a_hidden_line_is_not_recorded() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        driven.line("stty -echo; read x; stty echo; echo got:$x");
        std::thread::sleep(Duration::from_millis(300));
        driven.line("secret");
        driven.until("got:secret");
        let log = driven.log();
        assert!(
            !log.iter()
                .any(|line| line.starts_with("input") && line.contains("secret")),
            "{log:?}"
        );
    }
}

#[test]
fn a_program_named_like_an_editor_gets_no_keys() {
    let mut driven = Driven::ready(BASH);
    driven.output_of("cp /bin/cat vim; chown nobody vim || chmod g+w vim");
    driven.line("./vim");
    driven.line("typed");
    driven.until("typed\r\ntyped\r\n");
    assert!(
        driven
            .log()
            .iter()
            .any(|line| line.starts_with("input vim")),
        "{:?}",
        driven.log()
    );
}

#[test]
fn output_in_the_background_does_not_disturb_the_line() {
    let mut driven = Driven::ready(BASH);
    driven.line("(sleep 0.7; echo behind) &");
    driven.until("@> ");
    driven.send("echo ty''ped");
    driven.until("behind\r\n");
    driven.send("\r");
    driven.until("typed\r\n");
}

#[test]
fn many_lines_typed_ahead_run_in_their_order() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        let began = Instant::now();
        let lines: String = (0..300)
            .map(|number| format!("echo n{number}''x\r"))
            .collect();
        driven.send(lines);
        for number in 0..300 {
            driven.until(&format!("n{number}x"));
        }
        eprintln!("{kind:?} {:?}", began.elapsed());
    }
}
