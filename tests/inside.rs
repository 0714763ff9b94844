//! Inside a guarded session the two questions to guardsh itself need no rule, and nothing else of it runs.

mod common;

use common::Home;

const DEFAULTS: &str = "version = 1\n";

fn binary() -> String {
    shell_words::quote(env!("CARGO_BIN_EXE_guardsh")).into_owned()
}

#[test]
fn a_guarded_agent_may_ask_what_would_become_of_a_line() {
    let home = Home::new(DEFAULTS);
    let asked = home.run(&["-c", &format!("{} check --json -- 'touch x'", binary())]);
    assert_eq!(asked.code(), Some(3), "{}", asked.err());
    assert!(
        asked.out().contains("\"verdict\":\"ask\""),
        "{}",
        asked.out()
    );
}

#[test]
fn what_a_guarded_agent_asks_for_with_a_reason_is_the_line_it_will_submit() {
    let mut home = Home::new(DEFAULTS);
    home.serve();
    let line = format!(
        "{} request --reason 'the build needs it' -- 'touch made'",
        binary()
    );
    let asking = common::Running::start(home.guardsh(&["-c", &line]));
    let id = home.wait_pending("touch made");
    home.review(&["approve", &id]);
    let asked = asking.end();
    assert_eq!(asked.code(), Some(0), "{}", asked.err());
    assert!(!home.has("made"));
    // The approval waits for the line itself, and is good for one run.
    let ran = home.run(&["-c", "touch made"]);
    assert_eq!(ran.code(), Some(0), "{}", ran.err());
    assert!(home.work().join("made").exists());
}

#[test]
fn a_question_that_names_a_file_or_hides_a_word_is_no_plain_question() {
    let home = Home::new(DEFAULTS);
    for line in [
        format!("{} --config secret check ls", binary()),
        format!("{} check --cwd / ls", binary()),
        format!("{} check $(echo ls)", binary()),
        format!("{} approve X", binary()),
        format!("{} trust --all", binary()),
    ] {
        let ended = home.run(&["-c", &line]);
        assert_eq!(ended.code(), Some(126), "{line}: {}", ended.err());
    }
    assert!(std::fs::read_dir(home.work()).unwrap().next().is_none());
}
