//! What stands on the screen with the real editor.

use super::*;

fn real(kind: ShellKind) -> Driven {
    let mut setting = Setting::of(kind);
    setting.editor = Editing::Real;
    Driven::start(setting)
}

impl Driven {
    /// Waits until the screen shows exactly this, blank rows at its end aside.
    fn shows(&mut self, screen: &mut vt100::Parser, want: &[&str]) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            screen.process(&std::mem::take(&mut self.seen));
            let text = screen.screen().contents();
            let rows: Vec<&str> = text.lines().map(str::trim_end).collect();
            if rows == want {
                return;
            }
            if !self.more(deadline) {
                panic!(
                    "the screen never showed {want:?}, but {rows:?}; log {:?}",
                    self.log()
                );
            }
        }
    }
}

fn screen() -> vt100::Parser {
    vt100::Parser::new(24.try_into().unwrap(), 80.try_into().unwrap(), 0)
}

#[test]
fn lines_prompts_and_output_stand_where_a_shell_puts_them() {
    for kind in [BASH, DASH] {
        let mut driven = real(kind);
        let mut screen = screen();
        driven.shows(&mut screen, &["@>"]);
        driven.line("echo one");
        driven.shows(&mut screen, &["@> echo one", "one", "@>"]);
        driven.line("deny this");
        driven.shows(
            &mut screen,
            &[
                "@> echo one",
                "one",
                "@> deny this",
                "refused by test",
                "@>",
            ],
        );
        driven.send("half a line\x03");
        driven.line("printf unended");
        driven.wait_until("it ran", |driven| {
            driven
                .log()
                .iter()
                .filter(|line| line.starts_with("ended"))
                .count()
                == 2
        });
        driven.send("\x1b[A\x1b[A");
        driven.line("; echo two");
        driven.wait_until("the last line ran", |driven| {
            driven
                .log()
                .contains(&"judge deny this; echo two".to_owned())
        });
    }
}

#[test]
fn output_in_the_background_leaves_the_typed_line_whole() {
    let mut driven = real(BASH);
    let mut screen = screen();
    driven.shows(&mut screen, &["@>"]);
    driven.line("set +m; (sleep 0.7; echo beh''ind) &");
    driven.wait_until("it runs", |driven| {
        driven.log().iter().any(|line| line.starts_with("ended"))
    });
    driven.send("echo typed");
    driven.wait_until("it printed", |driven| {
        driven.seen.windows(6).any(|part| part == b"behind")
    });
    driven.send("\r");
    driven.wait_until("it ran", |driven| {
        driven.log().contains(&"judge echo typed".to_owned())
    });
    driven.line("clear; echo clean");
    driven.shows(&mut screen, &["clean", "@>"]);
}

#[test]
fn a_line_of_several_rows_and_a_paste_are_one_submission_each() {
    for kind in [BASH, DASH] {
        let mut driven = real(kind);
        let mut screen = screen();
        driven.shows(&mut screen, &["@>"]);
        driven.send("\x1b[200~echo one\necho two\necho three\x1b[201~");
        driven.send("\r");
        driven.wait_until("the paste ran", |driven| {
            driven
                .log()
                .contains(&"judge echo one\\necho two\\necho three".to_owned())
        });
        driven.line("clear");
        driven.shows(&mut screen, &["@>"]);
        driven.send("for i in a b; do\recho $i\rdone\r");
        driven.wait_until("the loop was judged", |driven| {
            driven
                .log()
                .last()
                .is_some_and(|line| line.starts_with("ended"))
        });
    }
}

#[test]
fn the_new_size_of_the_terminal_reaches_the_shell() {
    let mut driven = Driven::ready(BASH);
    assert_eq!(driven.output_of("stty size"), "24 80\n");
}
