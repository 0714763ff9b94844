//! What typing writes to the terminal.

use super::*;

#[test]
fn typing_at_the_end_writes_what_was_typed_and_nothing_else() {
    let mut editor = plain();
    for c in "echo 'héllo 漢字' | wc -c".chars() {
        assert_eq!(typing(&mut editor, c.to_string().as_bytes()), c.to_string());
    }
    assert_eq!(typing(&mut editor, b" # more"), " # more");
}

#[test]
fn typing_over_the_edge_of_the_screen_writes_what_was_typed() {
    let mut editor = begun(options(10, 4));
    let line = "0123456789".repeat(20);
    let written: String = line
        .chars()
        .map(|c| typing(&mut editor, &[c as u8]))
        .collect();
    assert_eq!(written, line);
}

#[test]
fn beginning_and_submitting_switch_bracketed_paste() {
    let mut editor = Editor::new(options(80, 24));
    assert_eq!(editor.begin(PROMPT), b"\x1b[?2004h");
    let fed = editor.feed(b"ls\rrest");
    assert_eq!(
        fed,
        Fed {
            consumed: 3,
            event: Some(EditorEvent::Submit(b"ls".to_vec())),
            output: b"ls\r\n\x1b[?2004l".to_vec(),
        }
    );
}

#[test]
fn backspace_at_the_end_takes_one_character_off() {
    let mut editor = plain();
    typing(&mut editor, "a漢".as_bytes());
    assert_eq!(typing(&mut editor, b"\x7f"), "\x08\x08\x1b[K");
    assert_eq!(typing(&mut editor, b"\x08"), "\x08\x1b[K");
    assert_eq!(typing(&mut editor, b"\x08"), "");
}

#[test]
fn a_change_in_the_middle_writes_from_there_on() {
    let mut editor = plain();
    typing(&mut editor, b"ls tmp");
    assert_eq!(typing(&mut editor, b"\x02\x02\x02"), "\x08\x08\x08");
    assert_eq!(typing(&mut editor, b"/"), "/tmp\x08\x08\x08");
    assert_eq!(typing(&mut editor, b"\x05"), "\x1b[3C");
}

#[test]
fn a_dumb_terminal_gets_characters_and_backspaces_only() {
    let mut editor = begun(EditorOptions {
        terminal: Terminal::Dumb,
        colour: Colour::On,
        colouring: Some(Box::new(|text| vec![(0..text.len(), Style::Asks)])),
        ..options(20, 24)
    });
    assert_eq!(editor.begin(b"$ "), b"");
    assert_eq!(
        typing(&mut editor, b"abcdefghijklmnopqrstuvwxyz"),
        "abcdefghijklmnopqrstuvwxyz"
    );
    assert_eq!(typing(&mut editor, b"\x7f"), "\x08 \x08");
    assert_eq!(typing(&mut editor, b"\x02\x02"), "\x08\x08");
    assert_eq!(typing(&mut editor, b"\x04"), "y \x08\x08");
    assert_eq!(typing(&mut editor, b"\x06"), "y");
    assert_eq!(
        typing(&mut editor, b"\x15"),
        format!("{0}{1}{0}", "\x08".repeat(24), " ".repeat(24))
    );
    let fed = editor.feed(b"ls\n");
    assert_eq!(fed.event, Some(EditorEvent::Submit(b"ls".to_vec())));
    assert_eq!(fed.output, b"ls\r\n");
    assert!(editor.hide().is_empty() && editor.show().is_empty());
}

#[test]
fn a_dumb_terminal_shows_an_earlier_line_below() {
    let mut editor = begun(EditorOptions {
        terminal: Terminal::Dumb,
        ..options(80, 24)
    });
    editor.begin(b"$ ");
    assert_eq!(typing(&mut editor, b"a\\\r"), "a\\\r\n> ");
    assert_eq!(typing(&mut editor, b"bc"), "bc");
    assert_eq!(typing(&mut editor, b"\x1b[A"), "\r\n$ a\\");
    assert_eq!(typing(&mut editor, b"\x7fx"), "\r\n$ ax");
    let fed = editor.feed(b"\r");
    assert_eq!(fed.event, Some(EditorEvent::Submit(b"ax\nbc".to_vec())));
    assert_eq!(fed.output, b"\r\n> bc\r\n");
}

#[test]
fn nothing_is_painted_while_echo_is_off() {
    let mut editor = Editor::new(options(80, 24));
    assert!(editor.set_echo(Echo::Off).is_empty());
    assert!(editor.begin(PROMPT).is_empty());
    let fed = editor.feed(b"secret\x7f\x02x\x1b[A\x12q\x07\t\x0c\r");
    assert_eq!(fed.event, Some(EditorEvent::Submit(b"secrxe".to_vec())));
    assert!(fed.output.is_empty());
    editor.begin(PROMPT);
    typing(&mut editor, b"ab");
    assert_eq!(editor.set_echo(Echo::On), b"\x1b[?2004hab");
}

#[test]
fn colours_are_written_only_where_they_change() {
    let mut editor = begun(EditorOptions {
        colour: Colour::On,
        colouring: Some(Box::new(|text| {
            let word = text.iter().position(|b| *b == b' ').unwrap_or(text.len());
            let style = if text.starts_with(b"ls") {
                Style::Runs
            } else {
                Style::Asks
            };
            vec![(0..word, style)]
        })),
        ..options(80, 24)
    });
    assert_eq!(typing(&mut editor, b"l"), "\x1b[33ml");
    assert_eq!(typing(&mut editor, b"s"), "\x08\x1b[32mls");
    assert_eq!(typing(&mut editor, b"x"), "x");
    assert_eq!(typing(&mut editor, b" "), "\x1b[39m ");
    assert_eq!(typing(&mut editor, b"-"), "-");
    let fed = editor.feed(b"\x01\x04\r");
    assert_eq!(
        String::from_utf8(fed.output).unwrap(),
        "\x1b[5D\x1b[33msx\x1b[39m -\x1b[K\r\n\x1b[?2004l"
    );
}

#[test]
fn no_colour_writes_no_colour() {
    let mut editor = begun(EditorOptions {
        colouring: Some(Box::new(|text| vec![(0..text.len(), Style::Runs)])),
        ..options(80, 24)
    });
    assert_eq!(typing(&mut editor, b"ls"), "ls");
}

#[test]
fn the_terminal_is_never_asked_anything() {
    let mut editor = begun(EditorOptions {
        history: vec![b"old".to_vec()],
        ..options(20, 5)
    });
    let mut all = editor.begin(PROMPT);
    for bytes in [
        &b"abc"[..],
        b"\x1b[A",
        b"\x12o",
        b"\x07",
        b"\x0c",
        b"\t\t",
        &[b'x'; 300],
    ] {
        all.extend(editor.feed(bytes).output);
    }
    all.extend(editor.hide());
    all.extend(editor.show());
    all.extend(editor.resize(10, 3));
    let text = String::from_utf8(all).unwrap();
    let letters: Vec<char> = text
        .split("\x1b[")
        .skip(1)
        .filter_map(|rest| rest.chars().find(|c| c.is_ascii_alphabetic()))
        .collect();
    assert!(
        letters.iter().all(|c| "ABCDHJKmh".contains(*c)),
        "{letters:?}"
    );
}

#[test]
fn the_prompt_of_another_line_is_printed_even_where_nothing_typed_is() {
    let mut editor = plain();
    editor.set_continuation_prompt(b"more> ");
    editor.set_echo(Echo::Off);
    let fed = editor.feed(b"echo \\\r");
    assert_eq!(fed.event, None);
    assert!(
        fed.output.ends_with(b"more> "),
        "{:?}",
        fed.output.escape_ascii().to_string()
    );
}
