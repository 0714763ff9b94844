//! What is submitted, and what is not.

use super::*;

#[test]
fn each_enter_ends_one_submission_and_the_rest_stays_with_the_caller() {
    let mut editor = plain();
    let mut rest: &[u8] = b"one\ntwo\rthree";
    let mut lines = Vec::new();
    loop {
        let fed = editor.feed(rest);
        rest = &rest[fed.consumed..];
        match fed.event {
            Some(EditorEvent::Submit(line)) => lines.push(line),
            None => break,
            other => panic!("{other:?}"),
        }
        editor.begin(PROMPT);
    }
    assert_eq!(lines, [b"one".to_vec(), b"two".to_vec()]);
    assert_eq!(editor.text(), b"three");
    assert!(rest.is_empty());
}

#[test]
fn an_incomplete_text_goes_on_in_another_line() {
    let mut editor = plain();
    assert_eq!(typing(&mut editor, b"echo a \\\r"), "echo a \\\r\n> ");
    let fed = editor.feed(b"b\r");
    assert_eq!(
        fed.event,
        Some(EditorEvent::Submit(b"echo a \\\nb".to_vec()))
    );
    assert_eq!(fed.output, b"b\r\n\x1b[?2004l");
}

#[test]
fn bytes_that_are_not_utf8_are_submitted_as_typed() {
    let mut editor = plain();
    let line = b"echo \xff\xc3\xe2\x82 \xf0\x9f\x98\x80 \xed\xa0\x80";
    let fed = editor.feed(line);
    assert_eq!(
        String::from_utf8(fed.output).unwrap(),
        "echo \\xff\\xc3\\xe2\\x82 \u{1f600} \\xed\\xa0\\x80"
    );
    assert_eq!(submitted(&mut editor, b"\r"), line);
}

#[test]
fn a_paste_of_lines_is_one_submission() {
    let mut editor = plain();
    let fed = editor.feed(b"\x1b[200~for i in 1 2\r\ndo\r  echo $i\ndone\x1b[201~\r");
    assert_eq!(
        fed.event,
        Some(EditorEvent::Submit(
            b"for i in 1 2\ndo\n  echo $i\ndone".to_vec()
        ))
    );
}

#[test]
fn what_a_paste_holds_is_never_acted_on() {
    let mut editor = plain();
    let fed = editor.feed(b"\x1b[200~a\x03\x04\x1b[A\x15b\x1b[200~\x1b[201~\r");
    assert_eq!(
        fed.event,
        Some(EditorEvent::Submit(
            b"a\x03\x04\x1b[A\x15b\x1b[200~".to_vec()
        ))
    );
    // What follows the end mark is typed, and the mark alone is nothing.
    editor.begin(PROMPT);
    let fed = editor.feed(b"\x1b[200~x\x1b[201~\x1b[201~y\rz");
    assert_eq!(fed.event, Some(EditorEvent::Submit(b"xy".to_vec())));
}

#[test]
fn nul_is_dropped_and_quoted_bytes_are_kept() {
    let mut editor = plain();
    assert_eq!(
        submitted(&mut editor, b"a\x00b\x16\tc\x16\x03\x16\x00d\r"),
        b"ab\tc\x03d"
    );
}

#[test]
fn interrupt_drops_the_line_and_shows_it() {
    let mut editor = plain();
    let fed = editor.feed(b"rm -rf\x01\x03ls\r");
    assert_eq!(
        fed,
        Fed {
            consumed: 8,
            event: Some(EditorEvent::Interrupt),
            output: b"rm -rf^C\r\n\x1b[?2004l".to_vec(),
        }
    );
    editor.begin(PROMPT);
    assert_eq!(submitted(&mut editor, b"ls\r"), b"ls");
}

#[test]
fn end_of_input_needs_an_empty_line() {
    let mut editor = plain();
    typing(&mut editor, b"a\x04");
    assert_eq!(editor.text(), b"a");
    typing(&mut editor, b"\x01\x04");
    let fed = editor.feed(b"\x04\x04");
    assert_eq!(
        fed,
        Fed {
            consumed: 1,
            event: Some(EditorEvent::EndOfInput),
            output: b"\x1b[?2004l".to_vec(),
        }
    );
}

#[test]
fn suspend_and_unknown_keys_do_nothing() {
    let mut editor = plain();
    typing(
        &mut editor,
        b"a\x1a\x1c\x1d\x13\x11\x0f\x18\x1bq\x1b[24~\x1b[1;2P\x1b[Zb",
    );
    assert_eq!(submitted(&mut editor, b"c\r"), b"abc");
}

#[test]
fn a_line_that_is_too_long_is_refused_whole() {
    let mut editor = plain();
    let fed = editor.feed(&vec![b'a'; LONGEST_LINE + 1]);
    assert_eq!(fed.event, None);
    editor.feed(b"tail");
    assert_eq!(editor.feed(b"\r").event, Some(EditorEvent::TooLong));
    editor.begin(PROMPT);
    // Deleting and typing on does not make a line of the tail.
    editor.feed(&vec![b'a'; LONGEST_LINE + 1]);
    assert_eq!(
        editor.feed(b"\x02\x15rm x\x04\r").event,
        Some(EditorEvent::TooLong)
    );
    editor.begin(PROMPT);
    assert_eq!(submitted(&mut editor, b"ls\r"), b"ls");
}

#[test]
fn answers_of_the_terminal_leave_the_line_alone() {
    let mut editor = plain();
    for byte in b"l\x1b[?64;1;2c\x1b]11;rgb:0/0/0\x1b\\\x1b[3;4Rs\x1bP1+r\x1b\\\x1b[I" {
        editor.feed(&[*byte]);
    }
    assert_eq!(submitted(&mut editor, b"\r"), b"ls");
}

#[test]
fn what_was_not_submitted_can_be_taken_or_goes_on_behind_a_new_prompt() {
    let mut editor = plain();
    editor.feed(b"abc\xe2");
    assert_eq!(editor.take_pending(), b"\xe2");
    assert_eq!(editor.begin(PROMPT), b"abc");
    assert_eq!(editor.take_text(), b"abc");
    assert_eq!(editor.begin(PROMPT), b"");
    assert_eq!(submitted(&mut editor, b"x\r"), b"x");
}

#[test]
fn yanking_again_replaces_only_what_was_yanked() {
    let mut editor = plain();
    // The kill is the beginning of a character whose end stands behind the cursor.
    typing(&mut editor, b"one \x17\xe2\x82 \x01\x0b\x19");
    assert_eq!(editor.text(), b"\xe2\x82 ");
    typing(&mut editor, b"\x1by\x1by\x1by");
    assert_eq!(editor.text(), b"one ");
}

#[test]
fn a_lone_escape_does_not_swallow_what_is_typed_later() {
    let mut editor = plain();
    typing(&mut editor, b"a\x1b");
    assert!(editor.awaits_more());
    editor.flush_escape();
    assert!(!editor.awaits_more());
    assert_eq!(submitted(&mut editor, b"b\r"), b"ab");
}
