//! What the live shell says of itself.

use super::*;

#[test]
fn bash_tells_its_names_and_variables() {
    let mut driven = Driven::ready(BASH);
    driven.output_of("alias hi='echo hi'; f() { echo \"$1\"; }; export E=$'a\\nb\\xff'; declare -i I=3; A=(1 2); declare -n R=E; readonly O=1; hash -p /bin/true remembered");
    assert_eq!(
        driven.asked("alias hi"),
        r#"Yes(Some([101, 99, 104, 111, 32, 104, 105]))"#
    );
    assert_eq!(driven.asked("alias f"), "Yes(None)");
    assert!(driven.asked("function f").starts_with("Yes(Some(["));
    assert_eq!(driven.asked("function hi"), "Yes(None)");
    assert_eq!(driven.asked("builtin cd"), "Yes(true)");
    assert_eq!(driven.asked("builtin ls"), "Yes(false)");
    assert_eq!(driven.asked("program ls"), "/usr/bin/ls");
    assert_eq!(driven.asked("program remembered"), "/bin/true");
    assert_eq!(driven.asked("program nonexistent"), "Yes(None)");
    assert_eq!(
        driven.asked("variable E"),
        "a\\nb\\xff exported=true plain=true"
    );
    assert_eq!(driven.asked("variable I"), "3 exported=false plain=false");
    assert_eq!(driven.asked("variable O"), "1 exported=false plain=false");
    assert_eq!(
        driven.asked("variable A"),
        "Yes(Special { exported: false })"
    );
    assert_eq!(
        driven.asked("variable R"),
        "Yes(Special { exported: false })"
    );
    assert_eq!(
        driven.asked("variable RANDOM"),
        "Yes(Special { exported: false })"
    );
    assert_eq!(driven.asked("variable NONE"), "Yes(Unset)");
    assert_eq!(driven.asked("option expand_aliases"), "Yes(true)");
    assert_eq!(driven.asked("option extglob"), "Yes(false)");
    assert_eq!(driven.asked("git"), "Harmless");
    driven.output_of("enable -n cd; shopt -u expand_aliases; set -- 'a b' c");
    assert_eq!(driven.asked("builtin cd"), "Yes(false)");
    assert_eq!(driven.asked("alias hi"), "Yes(None)");
    assert_eq!(driven.asked("positional"), "Yes([[97, 32, 98], [99]])");
}

#[test]
fn dash_tells_its_names_and_variables() {
    let mut driven = Driven::ready(DASH);
    driven.output_of("alias hi='echo hi'; f() { echo; }; export E='a b'; readonly O=1; P=plain");
    assert_eq!(
        driven.asked("alias hi"),
        r#"Yes(Some([101, 99, 104, 111, 32, 104, 105]))"#
    );
    assert_eq!(driven.asked("function f"), "Unknown");
    assert_eq!(driven.asked("function ls"), "Yes(None)");
    assert_eq!(driven.asked("builtin cd"), "Yes(true)");
    assert_eq!(driven.asked("builtin export"), "Yes(true)");
    assert_eq!(driven.asked("builtin ls"), "Yes(false)");
    assert_eq!(driven.asked("program ls"), "/usr/bin/ls");
    assert_eq!(driven.asked("program nonexistent"), "Yes(None)");
    assert_eq!(driven.asked("variable E"), "a b exported=true plain=true");
    assert_eq!(driven.asked("variable O"), "1 exported=false plain=false");
    assert_eq!(
        driven.asked("variable P"),
        "plain exported=false plain=true"
    );
    assert_eq!(driven.asked("variable NONE"), "Yes(Unset)");
    assert_eq!(driven.asked("positional"), "Yes([])");
    driven.output_of("set -- 'a b'");
    assert_eq!(driven.asked("positional"), "Yes([[97, 32, 98]])");
    assert_eq!(driven.asked("git"), "Harmless");
}

#[test]
fn a_pattern_is_expanded_where_the_shell_is() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        driven.output_of("mkdir d; cd d; >a1; >a2; >'b c'");
        assert_eq!(driven.asked("glob a*"), r#"Some(["a1", "a2"])"#);
        assert_eq!(driven.asked("glob b*"), r#"Some(["b c"])"#);
        assert_eq!(
            driven.asked("glob $(touch${IFS}x)*"),
            r#"Some(["$(touch${IFS}x)*"])"#
        );
        assert_eq!(driven.output_of("printf '%s|' *"), "a1|a2|b c|");
    }
}

#[test]
fn the_folder_is_the_one_the_process_is_in() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        driven.output_of("mkdir real; ln -s real link; cd link");
        let link = format!("Known({:?})", driven.path("link"));
        assert_eq!(driven.asked("folder"), link);
        driven.output_of("PWD=/etc");
        assert_eq!(
            driven.asked("folder"),
            format!("Known({:?})", driven.path("real"))
        );
    }
}

#[test]
fn asking_changes_nothing_in_the_shell() {
    for kind in [BASH, DASH] {
        let mut driven = Driven::ready(kind);
        driven.output_of("(exit 4)");
        // Every name in a line is asked for before it runs.
        let home = driven.folder.path().display().to_string();
        assert_eq!(
            driven.output_of("echo $? $HOME $(true)"),
            format!("4 {home}\n")
        );
        assert_eq!(driven.output_of("echo $_"), format!("{home}\n"));
    }
}

#[test]
fn an_alias_is_told_with_every_quote_it_has() {
    let mut driven = Driven::ready(BASH);
    driven.output_of("alias q=\"a 'b' \\\"c\\\" \\\\\\\\ \\$(d)\" e=");
    assert_eq!(
        driven.asked("alias q"),
        format!("{:?}", Known::Yes(Some(b"a 'b' \"c\" \\\\ $(d)".to_vec())))
    );
    assert_eq!(driven.asked("alias e"), "Yes(Some([]))");
}

#[test]
fn asking_runs_nothing_of_what_is_asked_about() {
    let mut driven = Driven::ready(BASH);
    driven.output_of(
        "unset BASH_ALIASES BASH_CMDS; BASH_ALIASES=(1); BASH_CMDS=(1); x='a[$(touch victim)]'",
    );
    for word in [
        "x",
        "a[$(touch${IFS}victim)]",
        "$(touch victim)",
        "`touch victim`",
        "-x",
        "--",
        "@",
        "*",
        "x=y",
        "'",
        "a\\",
    ] {
        for what in [
            "alias", "function", "builtin", "program", "variable", "glob",
        ] {
            driven.asked(&format!("{what} {word}"));
        }
    }
    assert!(!driven.path("victim").exists());
}
