//! Any bytes, any size, and large texts.

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
