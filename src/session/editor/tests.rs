//! The editor driven from outside, its output given to a terminal.

mod device;
mod echo;
mod editing;
mod robustness;
mod screen;
mod submissions;

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
