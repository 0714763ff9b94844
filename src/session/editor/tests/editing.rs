//! Keys, history, search and completion.

use super::*;

fn after(start: &str, keys: &[u8]) -> String {
    let mut editor = plain();
    typing(&mut editor, start.as_bytes());
    typing(&mut editor, keys);
    String::from_utf8(editor.text().to_vec()).unwrap()
}

#[test]
fn emacs_keys_edit_as_in_readline() {
    for (start, keys, want) in [
        ("abc", &b"\x01X\x05Y"[..], "XabcY"),
        ("one two-three", b"\x17", "one "),
        ("one two-three", b"\x1b\x7f", "one two-"),
        ("one two", b"\x01\x1bd\x05\x19", " twoone"),
        ("one two", b"\x1bb\x0b\x01\x19", "twoone "),
        ("one two", b"\x02\x15", "o"),
        ("one two", b"\x17\x17\x19", "one two"),
        ("one two", b"\x17\x02\x0b\x19\x1by", "onetwo"),
        ("ab", b"\x14", "ba"),
        ("abc", b"\x02\x02\x14", "bac"),
        ("one two", b"\x17\x1f", "one two"),
        ("one two", b"\x1f\x1f", ""),
        ("word", b"\x1bb\x1bc", "Word"),
        ("word", b"\x1bb\x1bu!", "WORD!"),
        ("a b", b"\x1b[1;5D\x1b[3~", "a "),
        ("a b", b"\x1b[H\x1b[C\x1b[3~", "ab"),
    ] {
        assert_eq!(after(start, keys), want, "{}", keys.escape_ascii());
    }
}

fn with_history() -> Editor {
    begun(EditorOptions {
        history: ["ls /tmp", "for x\ndo y\ndone", "git push 'a b'"]
            .map(|line| line.as_bytes().to_vec())
            .to_vec(),
        ..options(80, 24)
    })
}

#[test]
fn arrows_go_through_history_and_through_the_lines_of_an_entry() {
    let mut editor = with_history();
    typing(&mut editor, b"draft\x1b[A");
    assert_eq!(editor.text(), b"git push 'a b'");
    typing(&mut editor, b"\x10");
    assert_eq!(editor.text(), b"for x\ndo y\ndone");
    typing(&mut editor, b"\x1b[A\x1b[A\x1b[A");
    assert_eq!(editor.text(), b"ls /tmp");
    typing(&mut editor, b"\x1b>");
    assert_eq!(editor.text(), b"draft");
    typing(&mut editor, b"\x1b<");
    assert_eq!(editor.text(), b"ls /tmp");
    typing(&mut editor, b"\x0e\x0e\x0e\x0e");
    assert_eq!(editor.text(), b"draft");
}

#[test]
fn the_last_argument_comes_from_further_back_each_time() {
    let mut editor = with_history();
    typing(&mut editor, b"rm \x1b.");
    assert_eq!(editor.text(), b"rm 'a b'");
    typing(&mut editor, b"\x1b.\x1b.");
    assert_eq!(editor.text(), b"rm /tmp");
    typing(&mut editor, b" \x1b.");
    assert_eq!(editor.text(), b"rm /tmp 'a b'");
}

#[test]
fn a_search_runs_what_it_found_only_on_enter() {
    let mut editor = with_history();
    let shown = typing(&mut editor, b"\x12tm");
    assert!(
        shown.ends_with("(reverse-i-search)`tm': ls /tmp\x08\x08\x08"),
        "{shown:?}"
    );
    assert_eq!(submitted(&mut editor, b"\r"), b"ls /tmp");
    editor.begin(PROMPT);
    typing(&mut editor, b"draft\x12push\x07");
    assert_eq!(editor.text(), b"draft");
    let failed = typing(&mut editor, b"\x12nothing such");
    assert!(failed.contains("(failed reverse-i-search)`nothing such': "));
    let fed = editor.feed(b"\x03");
    assert_eq!(fed.event, Some(EditorEvent::Interrupt));
}

#[test]
fn a_search_goes_on_in_both_directions() {
    let mut editor = begun(EditorOptions {
        history: ["make a", "ls", "make b"]
            .map(|line| line.as_bytes().to_vec())
            .to_vec(),
        ..options(80, 24)
    });
    typing(&mut editor, b"\x12make\x12");
    typing(&mut editor, b"\x05");
    assert_eq!(editor.text(), b"make a");
    typing(&mut editor, b"\x12make\x12\x13\x05");
    assert_eq!(editor.text(), b"make b");
}

#[test]
fn history_keeps_lines_as_they_were_submitted() {
    let mut editor = plain();
    assert!(editor.push_history(b"a\nb"));
    assert!(!editor.push_history(b" secret"));
    typing(&mut editor, b"\x10");
    assert_eq!(editor.text(), b"a\nb");
}

struct Words(Vec<&'static str>);

impl Completer for Words {
    fn complete(&mut self, text: &[u8], cursor: usize) -> Completions {
        let from = text[..cursor]
            .iter()
            .rposition(|b| *b == b' ')
            .map_or(0, |at| at + 1);
        let candidates = self
            .0
            .iter()
            .map(|word| word.as_bytes())
            .filter(|word| word.starts_with(&text[from..cursor]))
            .map(|word| Candidate {
                text: word.to_vec(),
                shown: word.trim_ascii().to_vec(),
            })
            .collect();
        Completions { from, candidates }
    }
}

#[test]
fn tab_completes_as_far_as_candidates_agree_and_then_lists_them() {
    let words = Words(vec!["main.rs ", "make.rs ", "other "]);
    let mut editor = begun(EditorOptions {
        completer: Some(Box::new(words)),
        ..options(80, 24)
    });
    assert_eq!(typing(&mut editor, b"cat m\t"), "cat ma");
    assert_eq!(typing(&mut editor, b"\t"), "");
    let listed = typing(&mut editor, b"\t");
    assert_eq!(
        listed,
        format!(
            "\r\nmain.rs  make.rs\r\n{}cat ma",
            std::str::from_utf8(PROMPT).unwrap()
        )
    );
    assert_eq!(typing(&mut editor, b"k\t"), "ke.rs ");
    assert_eq!(typing(&mut editor, b"zzz\t\t"), "zzz");
    assert_eq!(editor.text(), b"cat make.rs zzz");
}
