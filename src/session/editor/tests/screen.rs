//! What a terminal shows, compared with what it shows of the same text printed plainly.

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
fn a_line_that_fills_the_screen_is_all_there_when_the_cursor_leaves_its_end() {
    let screen = played(10, 3, &[&[b'x'; 24], b"\x01", b"\x05", b"\x02"]);
    assert_eq!(
        screen.terminal.screen().contents(),
        "user$ xxxxxxxxxxxxxxxxxxxxxxxx"
    );
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
