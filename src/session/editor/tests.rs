//! The editor driven from outside, its output given to a terminal.

use std::num::NonZeroU16;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

const PROMPT: &[u8] = b"\x1b[1muser\x1b[0m$ ";

fn options(columns: u16, rows: u16) -> EditorOptions {
    EditorOptions {
        terminal: Terminal::Ansi,
        colour: Colour::Off,
        columns,
        rows,
        history: Vec::new(),
        completeness: Box::new(|text| {
            if text.ends_with(b"\\") {
                Completeness::Incomplete
            } else {
                Completeness::Complete
            }
        }),
        colouring: None,
        completer: None,
    }
}

/// An editor with a line begun, what beginning wrote taken away.
fn begun(options: EditorOptions) -> Editor {
    let mut editor = Editor::new(options);
    editor.set_continuation_prompt(b"> ");
    editor.begin(PROMPT);
    editor
}

fn plain() -> Editor {
    begun(options(80, 24))
}

/// What typing `bytes` writes, without an event.
fn typing(editor: &mut Editor, bytes: &[u8]) -> String {
    let fed = editor.feed(bytes);
    assert_eq!((fed.consumed, fed.event), (bytes.len(), None));
    String::from_utf8(fed.output).unwrap()
}

fn submitted(editor: &mut Editor, bytes: &[u8]) -> Vec<u8> {
    match editor.feed(bytes).event {
        Some(EditorEvent::Submit(line)) => line,
        other => panic!("{other:?}"),
    }
}

fn within(limit: Duration, what: impl FnOnce()) {
    let start = Instant::now();
    what();
    assert!(start.elapsed() < limit, "took {:?}", start.elapsed());
}

mod echo {
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
}

mod submissions {
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
        editor.feed(&vec![b'a'; LONGEST_LINE + 1]);
        editor.feed(b"b\x15");
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
}

mod editing {
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
}

/// What a terminal shows, compared with what it shows of the same text printed plainly.
mod screen {
    use super::*;

    /// A terminal that an editor paints on.
    struct Screen {
        prompt: Vec<u8>,
        terminal: vt100::Parser,
        editor: Editor,
        columns: u16,
        rows: u16,
    }

    fn size(size: u16) -> NonZeroU16 {
        NonZeroU16::new(size).unwrap()
    }

    fn terminal(columns: u16, rows: u16) -> vt100::Parser {
        vt100::Parser::new(size(rows), size(columns), 0)
    }

    /// Prints `text` as the line would be, with nothing that a painter is needed for.
    fn print(terminal: &mut vt100::Parser, text: &[u8], columns: u16) {
        let mut reader = cells::Reader::default();
        let mut rest = text;
        while let Some(cell) = reader.next(rest, usize::from(columns)) {
            let bytes = match (cell.shown, cell.shown.stand_in()) {
                (cells::Shown::Newline, _) => b"\r\n> ".to_vec(),
                (_, Some(stand_in)) => stand_in.into_bytes(),
                (_, None) => rest[..cell.len].to_vec(),
            };
            terminal.process(&bytes);
            rest = &rest[cell.len..];
        }
    }

    fn cursor(terminal: &vt100::Parser) -> (u16, u16) {
        terminal.screen().cursor_position()
    }

    fn rows_of(terminal: &vt100::Parser, columns: u16) -> Vec<String> {
        terminal
            .screen()
            .rows(0, columns)
            .map(|row| row.trim_end().to_owned())
            .collect()
    }

    impl Screen {
        fn new(options: EditorOptions, above: usize) -> Screen {
            Screen::with_prompt(options, above, PROMPT)
        }

        fn with_prompt(options: EditorOptions, above: usize, prompt: &[u8]) -> Screen {
            let (columns, rows) = (options.columns, options.rows);
            let mut terminal = terminal(columns, rows);
            for _ in 0..above {
                terminal.process(b"#\r\n");
            }
            terminal.process(prompt);
            let mut editor = Editor::new(options);
            editor.set_continuation_prompt(b"> ");
            terminal.process(&editor.begin(prompt));
            Screen {
                prompt: prompt.to_vec(),
                terminal,
                editor,
                columns,
                rows,
            }
        }

        fn write(&mut self, output: &[u8]) {
            self.terminal.process(output);
        }

        fn resize(&mut self, columns: u16, rows: u16) {
            self.terminal
                .screen_mut()
                .set_size(size(rows), size(columns));
            let output = self.editor.resize(columns, rows);
            self.write(&output);
            (self.columns, self.rows) = (columns, rows);
        }

        /// Panics unless prompt, text and cursor are where they belong.
        fn check(&self) {
            let (text, at) = view(&self.editor.buffer, &self.editor.search);
            let prompt = self.editor.painter.prompt();
            let high = self.editor.painter.layout.end().row + 3;
            let high = u16::try_from(high).unwrap();
            let mut whole = terminal(self.columns, high);
            whole.process(prompt);
            print(&mut whole, text, self.columns);
            let mut before = terminal(self.columns, high);
            before.process(prompt);
            print(&mut before, &text[..at], self.columns);
            let (row, column) = cursor(&before);
            // A character that does not fit the row is on the next one, and so is the cursor on it.
            let rest = text.get(at..).unwrap_or_default();
            let cell = cells::reader_at(text, at).next(rest, usize::from(self.columns));
            let shown = cell.map(|cell| cell.shown);
            let stays = matches!(shown, Some(cells::Shown::Newline | cells::Shown::Mark(_)));
            let width = match shown {
                Some(cells::Shown::Printable(_, width)) => width,
                _ => 1,
            };
            let wraps = usize::from(column) + width > usize::from(self.columns);
            let expected = match (wraps, stays) {
                (true, true) => vec![(row, self.columns - 1), (row, self.columns)],
                (true, false) if at == text.len() => {
                    vec![(row, self.columns), (row, self.columns - 1), (row + 1, 0)]
                }
                (true, false) => vec![(row + 1, 0)],
                (false, _) => vec![(row, column)],
            };
            let (screen_row, screen_column) = cursor(&self.terminal);
            let shown = rows_of(&self.terminal, self.columns);
            let wanted = rows_of(&whole, self.columns);
            let context = || {
                format!(
                    "text {:?} at {at}\nwanted {expected:?}, cursor {:?}\nwanted {:#?}\nshown {:#?}\n{:?}",
                    cells::shown(text),
                    cursor(&self.terminal),
                    &wanted[..usize::from(cursor(&whole).0) + 1],
                    shown,
                    self.editor.painter,
                )
            };
            let Some((wanted_row, _)) = expected
                .iter()
                .copied()
                .find(|(_, column)| *column == screen_column)
            else {
                panic!("the cursor is in the wrong column: {}", context());
            };
            // Rows of the line that have left the screen are not compared.
            let gone = usize::from(wanted_row.saturating_sub(screen_row));
            let top = usize::from(screen_row.saturating_sub(wanted_row));
            let high = usize::from(cursor(&whole).0.max(wanted_row)) + 1;
            let visible = shown.len() - top;
            for (y, row) in shown.iter().enumerate().skip(top) {
                let line = gone + (y - top);
                let want = wanted.get(line).map_or("", String::as_str);
                assert_eq!(
                    row,
                    want,
                    "row {y} of the screen, {line} of the line: {}",
                    context()
                );
            }
            if high > visible {
                assert_eq!(
                    top,
                    0,
                    "a line higher than the screen has all of it: {}",
                    context()
                );
            } else {
                assert_eq!(gone, 0, "a line that fits is all there: {}", context());
            }
        }
    }

    fn options_with_all(columns: u16, rows: u16, colour: Colour) -> EditorOptions {
        let names = ["main.rs", "make.rs", "漢字"];
        struct Names([&'static str; 3]);
        impl Completer for Names {
            fn complete(&mut self, _: &[u8], cursor: usize) -> Completions {
                let candidate = |name: &&str| Candidate {
                    text: name.as_bytes().to_vec(),
                    shown: name.as_bytes().to_vec(),
                };
                Completions {
                    from: cursor,
                    candidates: self.0.iter().map(candidate).collect(),
                }
            }
        }
        EditorOptions {
            colour,
            history: vec![
                b"short".to_vec(),
                "a line that is 漢字 long\nand has another"
                    .as_bytes()
                    .to_vec(),
                b"\x1b[31m\xff\xfe".to_vec(),
            ],
            colouring: Some(Box::new(|text| {
                let style = [Style::Runs, Style::Asks, Style::Refused][text.len() % 3];
                let word = text.iter().position(|b| *b == b' ').unwrap_or(text.len());
                vec![(0..word, style), (word + 1..text.len() + 5, Style::Plain)]
            })),
            completer: Some(Box::new(Names(names))),
            ..options(columns, rows)
        }
    }

    #[derive(Clone, Debug)]
    enum Act {
        Keys(Vec<u8>),
        Resize(u16, u16),
        Background,
        Settle,
    }

    fn keys() -> impl Strategy<Value = Vec<u8>> {
        let text = prop::collection::vec(
            prop_oneof![
                6 => "[a-z ]{1,8}",
                1 => Just("漢字".to_owned()),
                1 => Just("e\u{301}".to_owned()),
                1 => Just("\u{301}".to_owned()),
                1 => Just("\u{200b}".to_owned()),
                1 => Just("😀".to_owned()),
            ],
            1..6,
        )
        .prop_map(|parts| parts.concat().into_bytes());
        let command = prop::sample::select(vec![
            &b"\x01"[..],
            b"\x05",
            b"\x02",
            b"\x02",
            b"\x02\x02\x02",
            b"\x06",
            b"\x7f",
            b"\x7f",
            b"\x7f\x7f\x7f",
            b"\x04",
            b"\x17",
            b"\x0b",
            b"\x15",
            b"\x19",
            b"\x1by",
            b"\x1bb",
            b"\x1bf",
            b"\x1bd",
            b"\x14",
            b"\x1f",
            b"\x1f",
            b"\x0c",
            b"\x10",
            b"\x0e",
            b"\x1b.",
            b"\x12",
            b"\x13",
            b"\x07",
            b"\x1bu",
            b"\x1bc",
            b"\\\r",
            b"\\\r",
            b"\r",
            b"\x03",
            b"\t",
            b"\t\t",
            b"\x16\t",
            b"\x16\x1b",
            b"\xff",
            b"\xe2\x82",
            b"\xac",
            b"\xcc",
            b"\x81",
            b"\x1b[200~ab\ncd\x1b[201~",
            b"\x1b[200~\n\n\x1b[201~",
            b"\x1b[A",
            b"\x1b[B",
        ])
        .prop_map(<[u8]>::to_vec);
        prop_oneof![text, command]
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let act = prop_oneof![
            30 => keys().prop_map(Act::Keys),
            1 => (10u16..40, 3u16..12).prop_map(|(columns, rows)| Act::Resize(columns, rows)),
            1 => Just(Act::Background),
            1 => Just(Act::Settle),
        ];
        prop::collection::vec(act, 1..40)
    }

    fn play(screen: &mut Screen, acts: Vec<Act>) {
        for act in acts {
            match act {
                Act::Keys(bytes) => {
                    let mut rest = &bytes[..];
                    while !rest.is_empty() {
                        let fed = screen.editor.feed(rest);
                        screen.write(&fed.output);
                        rest = &rest[fed.consumed..];
                        if fed.event == Some(EditorEvent::EndOfInput) {
                            screen.write(b"exit\r\n");
                        }
                        if fed.event.is_some() {
                            let prompt = screen.prompt.clone();
                            screen.write(&prompt);
                            let output = screen.editor.begin(&prompt);
                            screen.write(&output);
                        }
                    }
                }
                Act::Resize(columns, rows) => screen.resize(columns, rows),
                Act::Background => {
                    let output = screen.editor.hide();
                    screen.write(&output);
                    screen.write(b"[1]+  Done\r\n");
                    let output = screen.editor.show();
                    screen.write(&output);
                }
                Act::Settle => {
                    let output = screen.editor.flush_escape();
                    screen.write(&output);
                }
            }
            screen.check();
        }
    }

    /// Plays `keys` on a terminal of that size, the screen checked after each.
    fn played(columns: u16, rows: u16, keys: &[&[u8]]) -> Screen {
        let mut screen = Screen::new(options_with_all(columns, rows, Colour::Off), 0);
        play(
            &mut screen,
            keys.iter().map(|keys| Act::Keys(keys.to_vec())).collect(),
        );
        screen
    }

    #[test]
    fn a_line_that_was_higher_than_the_screen_gets_its_prompt_back_when_it_fits() {
        let screen = played(10, 3, &[&[b'x'; 60], b"\x15", b"ls"]);
        assert_eq!(screen.terminal.screen().contents(), "user$ ls");
    }

    #[test]
    fn a_column_that_a_wide_character_leaves_free_shows_nothing_old() {
        played(
            11,
            3,
            &[
                "abcd漢字漢字漢字漢字".as_bytes(),
                b"\x01",
                b"x",
                b"y",
                b"z",
                b"\x04",
            ],
        );
    }

    #[test]
    fn bytes_that_become_a_character_with_what_follows_are_drawn_anew() {
        let screen = played(20, 3, &[b"\xac", b"\x02", b"\xe2\x82", b"\x06", b"!"]);
        assert_eq!(screen.terminal.screen().contents(), "user$ €!");
        assert_eq!(screen.editor.text(), "€!".as_bytes());
    }

    #[test]
    fn a_mark_on_a_character_that_fills_its_row_stays_with_it() {
        played(
            10,
            3,
            &[
                b"abcd",
                "\u{301}".as_bytes(),
                b"\x01",
                b"\x05",
                "\u{300}".as_bytes(),
                b"z",
            ],
        );
    }

    #[test]
    fn background_output_stands_above_prompt_and_line() {
        let mut screen = Screen::new(options(20, 6), 1);
        let act = [
            Act::Keys(b"ls -l /a/long/way/away".to_vec()),
            Act::Background,
        ];
        play(&mut screen, act.to_vec());
        assert_eq!(
            screen.terminal.screen().contents(),
            "#\n[1]+  Done\nuser$ ls -l /a/long/way/away"
        );
    }

    #[test]
    fn a_resize_draws_prompt_and_line_for_the_new_width() {
        let mut screen = Screen::new(options(40, 6), 1);
        let keys = Act::Keys(b"0123456789012345678901234567890123456789".to_vec());
        play(
            &mut screen,
            vec![keys, Act::Resize(20, 6), Act::Resize(60, 6)],
        );
        assert_eq!(screen.editor.resize(60, 6), b"");
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 400,
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn the_screen_shows_prompt_and_text_with_the_cursor_in_its_place(
            columns in 10u16..40,
            rows in 3u16..12,
            above in 0usize..14,
            colour in prop::sample::select(vec![Colour::On, Colour::Off]),
            prompt in prop::sample::select(vec![
                &b"$ "[..],
                PROMPT,
                b"",
                "漢字 ❯ ".as_bytes(),
                b"\x1b]0;title\x07ten wide: ",
                b"a prompt that is wider than some screens are$ ",
            ]),
            acts in acts(),
        ) {
            let options = options_with_all(columns, rows, colour);
            let mut screen = Screen::with_prompt(options, above, prompt);
            screen.check();
            play(&mut screen, acts);
        }
    }
}

mod robustness {
    use super::*;

    proptest! {
        #[test]
        fn no_bytes_at_any_size_make_it_panic(
            bytes in prop::collection::vec(prop_oneof![
                any::<u8>(),
                prop::sample::select(&b"\x1b\x1b[]OP;0123~MRABCD\r\n\x01\x02\x05\x12\x10\x0e\x7f\t \xe2\x82\xac"[..]),
            ], 0..400),
            pieces in prop::collection::vec(1usize..40, 1..20),
            sizes in prop::collection::vec(
                (prop::sample::select(vec![0u16, 1, 2, 3, 10, 80, 65535]),
                 prop::sample::select(vec![0u16, 1, 2, 24, 65535])), 1..5),
            dumb in any::<bool>(),
            prompt in prop::collection::vec(any::<u8>(), 0..30),
        ) {
            let terminal = if dumb { Terminal::Dumb } else { Terminal::Ansi };
            let mut editor = Editor::new(EditorOptions {
                terminal,
                colour: Colour::On,
                colouring: Some(Box::new(|text| vec![
                    (text.len() / 2..text.len() + 9, Style::Runs),
                    (0..3, Style::Refused),
                    (Range { start: 7, end: 2 }, Style::Asks),
                ])),
                history: vec![b"a\nb".to_vec(), vec![0xff; 50]],
                ..options(sizes[0].0, sizes[0].1)
            });
            editor.set_continuation_prompt(&prompt);
            editor.begin(&prompt);
            let mut rest = &bytes[..];
            let mut turn = 0;
            while !rest.is_empty() {
                let piece = &rest[..pieces[turn % pieces.len()].min(rest.len())];
                let fed = editor.feed(piece);
                prop_assert!(fed.consumed > 0);
                prop_assert!(fed.event.is_some() || fed.consumed == piece.len());
                rest = &rest[fed.consumed..];
                if fed.event.is_some() {
                    editor.begin(&prompt);
                }
                turn += 1;
                match turn % 7 {
                    0 => { editor.hide(); editor.show(); }
                    1 => { editor.flush_escape(); }
                    2 => { editor.set_echo(Echo::Off); }
                    3 => { editor.set_echo(Echo::On); }
                    _ => {
                        let (columns, rows) = sizes[turn % sizes.len()];
                        editor.resize(columns, rows);
                    }
                }
            }
        }

        #[test]
        fn what_is_typed_is_submitted_to_the_byte(
            line in prop::collection::vec(
                prop_oneof![0x20u8..0x7f, 0x80u8..=0xff], 1..200)
                .prop_filter("incomplete on purpose", |line| !line.ends_with(b"\\")),
            size in 1usize..20,
        ) {
            let mut editor = plain();
            for piece in line.chunks(size) {
                prop_assert_eq!(editor.feed(piece).event, None);
            }
            prop_assert_eq!(submitted(&mut editor, b"\r"), line);
        }
    }

    #[test]
    fn a_paste_of_a_megabyte_is_fast_and_painted_once() {
        let mut editor = plain();
        let line = b"some words in a line of a long text\n".repeat(30_000);
        let mut bytes = b"\x1b[200~".to_vec();
        bytes.extend(&line);
        bytes.extend(b"\x1b[201~");
        within(Duration::from_secs(10), || {
            let mut written = 0;
            for piece in bytes.chunks(4096) {
                written += editor.feed(piece).output.len();
            }
            assert!(written < 2 * bytes.len(), "{written}");
            assert_eq!(submitted(&mut editor, b"\r"), line);
        });
    }

    #[test]
    fn a_long_line_is_fast_in_one_write_and_byte_by_byte() {
        for size in [usize::MAX, 4096, 1] {
            for terminal in [Terminal::Ansi, Terminal::Dumb] {
                let mut editor = begun(EditorOptions {
                    terminal,
                    colour: Colour::On,
                    colouring: Some(Box::new(|text| {
                        assert!(text.len() <= COLOURED_BYTES);
                        vec![(0..text.len(), Style::Asks)]
                    })),
                    ..options(80, 24)
                });
                let line = b"word ".repeat(20_000);
                within(Duration::from_secs(10), || {
                    let mut written = 0;
                    for piece in line.chunks(size) {
                        written += editor.feed(piece).output.len();
                    }
                    assert!(written < line.len() + 100, "{written}");
                });
                assert_eq!(submitted(&mut editor, b"\r"), line);
            }
        }
    }

    #[test]
    fn going_through_a_text_higher_than_the_screen_paints_a_screen_at_a_time() {
        let mut editor = plain();
        let mut bytes = b"\x1b[200~".to_vec();
        bytes.extend(b"0123456789\n".repeat(5_000));
        bytes.extend(b"\x1b[201~");
        editor.feed(&bytes);
        for _ in 0..100 {
            let written = editor.feed(b"\x1b[A").output.len();
            assert!(written < 24 * 20, "{written}");
        }
    }
}
