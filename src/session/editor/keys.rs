//! From the bytes a terminal sends to what the person meant.
//!
//! This module finds where text, pasted text, control bytes and escape sequences begin and end;
//! `termina` says which key a finished sequence is. Framing is ours because a sequence that
//! `termina` does not know leaves its tail behind as typed text, and because text has to come
//! through byte for byte, which a parser to characters cannot promise.
//!
//! Promised: no byte of an answer a terminal gives (device attributes, cursor position, colours,
//! focus, mouse) becomes text, however it is split; Enter, Ctrl-C and Ctrl-D are never swallowed by
//! a sequence that does not end; nothing grows with the length of a sequence.

use termina::event::{KeyCode, KeyEvent, KeyEventKind, Modifiers};
use termina::{Event, Parser};

use super::cells::unfinished_suffix;

/// The longest sequence that can be a key; longer ones are swallowed without being kept.
const LONGEST_KEY: usize = 32;
/// A sequence that has not ended after so many bytes is given up.
const LONGEST_SEQUENCE: usize = 64 << 10;

const ESCAPE: u8 = 0x1b;
const DELETE: u8 = 0x7f;
const PASTE_BEGINS: &[u8] = b"\x1b[200~";
const PASTE_ENDS: &[u8] = b"\x1b[201~";

/// Cuts the bytes of a terminal into inputs, keeping what is not finished.
#[derive(Debug, Default)]
pub(super) struct Keys {
    state: State,
    /// Bytes of the character or sequence that is not finished, as far as they can be a key.
    held: Vec<u8>,
    /// How many bytes the unfinished sequence has.
    length: usize,
    /// The next byte is meant literally.
    quoting: bool,
}

/// One thing the person did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// Typed text; never holds a newline or a NUL, and control bytes only where they were quoted.
    Typed(Vec<u8>),
    /// Part of a paste, its line ends made `\n`; everything else is as it came, NUL apart.
    Pasted(Vec<u8>),
    Command(Command),
}

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Accept,
    Interrupt,
    DeleteOrEnd,
    Backspace,
    Delete,
    Left,
    Right,
    WordLeft,
    WordRight,
    LineStart,
    LineEnd,
    Up,
    Down,
    FirstEntry,
    LastEntry,
    SearchBack,
    SearchForward,
    Cancel,
    KillLineEnd,
    KillLineStart,
    KillBlankWordLeft,
    KillWordLeft,
    KillWordRight,
    Yank,
    YankOlder,
    Transpose,
    UpperCase,
    LowerCase,
    Capitalize,
    Undo,
    ClearScreen,
    LastArgument,
    Complete,
    /// The Escape key alone.
    Escape,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    /// Bytes that begin a character are held.
    Character,
    Escape,
    /// `ESC [` and whatever parameters follow.
    Csi,
    /// `ESC O`.
    Ss3,
    /// `ESC [ [`: the function keys of the Linux console.
    Console,
    /// So many bytes of an old mouse report are to come.
    Mouse(u8),
    /// A string that BEL (of an OSC), `ESC \` or any other control byte ends.
    String,
    /// A string, after an ESC.
    StringEscape,
    /// Inside a bracketed paste: so many bytes of the end mark have matched.
    Paste {
        matched: usize,
        after_return: bool,
    },
}

/// What control bytes and `Alt` with a character mean.
const CHARACTERS: &[(char, Modifiers, Command)] = &[
    ('a', Modifiers::CONTROL, Command::LineStart),
    ('b', Modifiers::CONTROL, Command::Left),
    ('c', Modifiers::CONTROL, Command::Interrupt),
    ('d', Modifiers::CONTROL, Command::DeleteOrEnd),
    ('e', Modifiers::CONTROL, Command::LineEnd),
    ('f', Modifiers::CONTROL, Command::Right),
    ('g', Modifiers::CONTROL, Command::Cancel),
    ('h', Modifiers::CONTROL, Command::Backspace),
    ('j', Modifiers::CONTROL, Command::Accept),
    ('k', Modifiers::CONTROL, Command::KillLineEnd),
    ('l', Modifiers::CONTROL, Command::ClearScreen),
    ('n', Modifiers::CONTROL, Command::Down),
    ('p', Modifiers::CONTROL, Command::Up),
    ('r', Modifiers::CONTROL, Command::SearchBack),
    ('s', Modifiers::CONTROL, Command::SearchForward),
    ('t', Modifiers::CONTROL, Command::Transpose),
    ('u', Modifiers::CONTROL, Command::KillLineStart),
    ('w', Modifiers::CONTROL, Command::KillBlankWordLeft),
    ('y', Modifiers::CONTROL, Command::Yank),
    // Ctrl-_ as `termina` names it.
    ('7', Modifiers::CONTROL, Command::Undo),
    ('b', Modifiers::ALT, Command::WordLeft),
    ('c', Modifiers::ALT, Command::Capitalize),
    ('d', Modifiers::ALT, Command::KillWordRight),
    ('f', Modifiers::ALT, Command::WordRight),
    ('l', Modifiers::ALT, Command::LowerCase),
    ('u', Modifiers::ALT, Command::UpperCase),
    ('y', Modifiers::ALT, Command::YankOlder),
    ('.', Modifiers::ALT, Command::LastArgument),
    ('_', Modifiers::ALT, Command::LastArgument),
    ('<', Modifiers::ALT, Command::FirstEntry),
    ('>', Modifiers::ALT, Command::LastEntry),
];

/// What keys with a name mean, alone and with Ctrl or Alt.
const NAMED: &[(KeyCode, Command, Option<Command>)] = &[
    (KeyCode::Enter, Command::Accept, Some(Command::Accept)),
    (KeyCode::Tab, Command::Complete, None),
    (
        KeyCode::Backspace,
        Command::Backspace,
        Some(Command::KillWordLeft),
    ),
    (
        KeyCode::Delete,
        Command::Delete,
        Some(Command::KillWordRight),
    ),
    (KeyCode::Left, Command::Left, Some(Command::WordLeft)),
    (KeyCode::Right, Command::Right, Some(Command::WordRight)),
    (KeyCode::Up, Command::Up, Some(Command::Up)),
    (KeyCode::Down, Command::Down, Some(Command::Down)),
    (KeyCode::Home, Command::LineStart, Some(Command::LineStart)),
    (KeyCode::End, Command::LineEnd, Some(Command::LineEnd)),
    (KeyCode::PageUp, Command::FirstEntry, None),
    (KeyCode::PageDown, Command::LastEntry, None),
    (KeyCode::Escape, Command::Escape, Some(Command::Escape)),
];

impl Keys {
    /// Reads one input off the front of `bytes`; says how many bytes that took.
    ///
    /// Without an input all of `bytes` was taken. With one, what follows is the caller's still.
    pub(super) fn next(&mut self, bytes: &[u8]) -> (usize, Option<Input>) {
        let mut used = 0;
        while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            let (taken, input) = self.step(rest);
            used += taken;
            if input.is_some() {
                return (used, input);
            }
        }
        (used, None)
    }

    /// Decides that no more bytes belong to what is held: a lone ESC was the Escape key, and an
    /// introducer was a key pressed with Alt.
    ///
    /// An unfinished character stays: nobody types half of one, so the rest is on its way. So does
    /// an answer of the terminal that has begun, and a paste.
    pub(super) fn settle(&mut self) -> Option<Input> {
        match self.state {
            State::Escape => {
                self.reset();
                Some(Input::Command(Command::Escape))
            }
            State::Csi | State::Ss3 | State::String if self.length <= 2 => {
                self.reset();
                None
            }
            State::Console | State::Mouse(_) => {
                self.reset();
                None
            }
            State::Ground
            | State::Character
            | State::Csi
            | State::Ss3
            | State::String
            | State::StringEscape
            | State::Paste { .. } => None,
        }
    }

    /// Whether [`Keys::settle`] would change anything: the caller should wait a little, then call.
    pub(super) fn unsettled(&self) -> bool {
        match self.state {
            State::Escape | State::Console | State::Mouse(_) => true,
            State::Csi | State::Ss3 | State::String => self.length <= 2,
            State::Ground | State::Character | State::StringEscape | State::Paste { .. } => false,
        }
    }

    /// Gives back the bytes of a key or character that is not finished, and forgets them. A paste
    /// goes on.
    #[cfg(test)]
    pub(super) fn take_held(&mut self) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        if !matches!(self.state, State::Paste { .. }) {
            self.reset();
        }
        held
    }

    fn reset(&mut self) {
        self.state = State::Ground;
        self.held.clear();
        self.length = 0;
    }

    fn step(&mut self, rest: &[u8]) -> (usize, Option<Input>) {
        let Some(&byte) = rest.first() else {
            return (0, None);
        };
        match self.state {
            State::Ground if self.quoting => self.quoted(byte),
            State::Ground | State::Character => self.ground(rest, byte),
            State::Paste {
                matched,
                after_return,
            } => self.paste(rest, matched, after_return),
            // A control byte ends whatever has not ended: so Enter and Ctrl-C always arrive.
            State::Escape | State::Csi | State::Ss3 | State::Console | State::Mouse(_)
                if byte < 0x20 =>
            {
                let alt_backspace = self.state == State::Escape && byte == 0x08;
                self.reset();
                match (byte, alt_backspace) {
                    (_, true) => (1, Some(Input::Command(Command::KillWordLeft))),
                    (ESCAPE, false) => (1, self.introduce()),
                    (_, false) => (0, None),
                }
            }
            State::String if byte < 0x20 && byte != ESCAPE => {
                self.reset();
                (usize::from(byte == 0x07), None)
            }
            // Alt with a character beyond ASCII: only the character counts.
            State::Escape if byte >= 0x80 => {
                self.reset();
                (0, None)
            }
            State::Escape => (1, self.escape(byte)),
            State::Csi => (1, self.csi(byte)),
            State::Ss3 => (1, self.ss3(byte)),
            State::Console => {
                self.hold(byte);
                (1, self.decode())
            }
            State::Mouse(left) => {
                match left.checked_sub(1) {
                    Some(left) if left > 0 => self.state = State::Mouse(left),
                    Some(_) | None => self.reset(),
                }
                (1, None)
            }
            State::String => (self.string(rest), None),
            State::StringEscape if byte == b'\\' => {
                self.reset();
                (1, None)
            }
            // The string was cut off, and another sequence has begun.
            State::StringEscape => {
                self.reset();
                self.introduce();
                (0, None)
            }
        }
    }

    fn quoted(&mut self, byte: u8) -> (usize, Option<Input>) {
        match byte {
            0 => {
                self.quoting = false;
                (1, None)
            }
            0x01..=0x1f | DELETE => {
                self.quoting = false;
                (1, Some(Input::Typed(vec![byte])))
            }
            0x20..=0x7e | 0x80..=0xff => {
                self.quoting = false;
                (0, None)
            }
        }
    }

    fn ground(&mut self, rest: &[u8], byte: u8) -> (usize, Option<Input>) {
        let text = |b: &u8| *b >= 0x20 && *b != DELETE;
        let run = rest.iter().position(|b| !text(b)).unwrap_or(rest.len());
        if run > 0 || !self.held.is_empty() {
            self.held
                .extend_from_slice(rest.get(..run).unwrap_or_default());
            // Only at the end of what came can the rest of a character be still to come.
            let unfinished = if run == rest.len() {
                unfinished_suffix(&self.held)
            } else {
                0
            };
            let finished = self.held.len().saturating_sub(unfinished);
            let held = self.held.split_off(finished);
            let typed = std::mem::replace(&mut self.held, held);
            self.state = if unfinished > 0 {
                State::Character
            } else {
                State::Ground
            };
            return (
                run,
                Some(typed)
                    .filter(|text| !text.is_empty())
                    .map(Input::Typed),
            );
        }
        match byte {
            0 => (1, None),
            ESCAPE => (1, self.introduce()),
            // Quoted insert, Ctrl-V, is handled here because only here bytes are still bytes.
            0x16 => {
                self.quoting = true;
                (1, None)
            }
            _ => {
                self.hold(byte);
                (1, self.decode())
            }
        }
    }

    fn introduce(&mut self) -> Option<Input> {
        self.state = State::Escape;
        self.hold(ESCAPE);
        None
    }

    fn escape(&mut self, byte: u8) -> Option<Input> {
        self.state = match byte {
            b'[' => State::Csi,
            b'O' => State::Ss3,
            b']' | b'P' | b'X' | b'^' | b'_' => State::String,
            0x20..=0x7f => {
                self.hold(byte);
                return self.decode();
            }
            0..=0x1f | 0x80..=0xff => {
                self.reset();
                return None;
            }
        };
        self.hold(byte);
        None
    }

    fn csi(&mut self, byte: u8) -> Option<Input> {
        match byte {
            b'[' if self.length == 2 => {
                self.hold(byte);
                self.state = State::Console;
                None
            }
            b'M' if self.length == 2 => {
                self.state = State::Mouse(3);
                None
            }
            0x20..=0x3f => {
                self.hold(byte);
                None
            }
            0x40..=0x7e => {
                self.hold(byte);
                if self.held == PASTE_BEGINS {
                    self.reset();
                    self.state = State::Paste {
                        matched: 0,
                        after_return: false,
                    };
                    return None;
                }
                self.decode()
            }
            0..=0x1f | DELETE..=0xff => {
                self.reset();
                None
            }
        }
    }

    fn ss3(&mut self, byte: u8) -> Option<Input> {
        self.hold(byte);
        if matches!(byte, b'0'..=b'9' | b';') {
            return None;
        }
        match byte {
            // The keypad's own codes, if a program left it in that mode.
            b'M' => {
                self.reset();
                Some(Input::Command(Command::Accept))
            }
            b'j'..=b'y' => {
                self.reset();
                Some(Input::Typed(vec![byte.saturating_sub(0x40)]))
            }
            _ => {
                if self.length > 3
                    && let Some(second) = self.held.get_mut(1)
                {
                    *second = b'[';
                }
                self.decode()
            }
        }
    }

    /// Takes what belongs to the string from the front of `rest`.
    fn string(&mut self, rest: &[u8]) -> usize {
        let taken = rest.iter().position(|b| *b < 0x20).unwrap_or(rest.len());
        self.length = self.length.saturating_add(taken);
        if self.length > LONGEST_SEQUENCE {
            let over = self.length.saturating_sub(LONGEST_SEQUENCE);
            self.reset();
            return taken.saturating_sub(over);
        }
        if rest.get(taken) == Some(&ESCAPE) {
            self.state = State::StringEscape;
            return taken.saturating_add(1);
        }
        taken
    }

    fn paste(
        &mut self,
        rest: &[u8],
        mut matched: usize,
        mut after_return: bool,
    ) -> (usize, Option<Input>) {
        let mut pasted = Vec::with_capacity(rest.len());
        let mut used = 0;
        for &byte in rest {
            used += 1;
            if PASTE_ENDS.get(matched) == Some(&byte) {
                matched += 1;
                if matched == PASTE_ENDS.len() {
                    self.reset();
                    return (used, Some(Input::Pasted(pasted)));
                }
                continue;
            }
            // What looked like the end mark was text. ESC stands only at the mark's beginning, so
            // no later byte of it can begin the mark.
            if matched > 0 {
                pasted.extend_from_slice(PASTE_ENDS.get(..matched).unwrap_or_default());
                after_return = false;
            }
            matched = usize::from(byte == ESCAPE);
            match byte {
                ESCAPE | 0 => {}
                b'\r' => pasted.push(b'\n'),
                b'\n' if after_return => {}
                _ => pasted.push(byte),
            }
            after_return = byte == b'\r';
        }
        self.state = State::Paste {
            matched,
            after_return,
        };
        (
            used,
            Some(pasted)
                .filter(|text| !text.is_empty())
                .map(Input::Pasted),
        )
    }

    fn hold(&mut self, byte: u8) {
        self.length = self.length.saturating_add(1);
        if self.length > LONGEST_SEQUENCE {
            self.reset();
        } else if self.held.len() < LONGEST_KEY {
            self.held.push(byte);
        }
    }

    /// Says what the finished sequence means, if it is a key that means anything.
    fn decode(&mut self) -> Option<Input> {
        let whole = self.length == self.held.len();
        let sequence = std::mem::take(&mut self.held);
        self.reset();
        if !whole {
            return None;
        }
        let key = rxvt_key(&sequence).or_else(|| terminal_key(&sequence))?;
        command_for(key).map(Input::Command)
    }
}

/// The one key that all of `sequence` is.
fn terminal_key(sequence: &[u8]) -> Option<KeyEvent> {
    let mut parser = Parser::default();
    let (last, before) = sequence.split_last()?;
    for byte in before {
        parser.parse(&[*byte], true);
        if parser.pop().is_some() {
            // A key before the end: `termina` cuts this sequence elsewhere, so it is none.
            return None;
        }
    }
    parser.parse(&[*last], false);
    if let Event::Key(key) = parser.pop()? {
        Some(key)
    } else {
        None
    }
}

/// Ctrl and Shift with keys as rxvt sends them, which `termina` does not know.
fn rxvt_key(sequence: &[u8]) -> Option<KeyEvent> {
    let (last, before) = sequence.split_last()?;
    let arrow = |last: u8| match last {
        b'a' => Some(KeyCode::Up),
        b'b' => Some(KeyCode::Down),
        b'c' => Some(KeyCode::Right),
        b'd' => Some(KeyCode::Left),
        _ => None,
    };
    match before {
        b"\x1bO" => Some(KeyEvent::new(arrow(*last)?, Modifiers::CONTROL)),
        b"\x1b[" => Some(KeyEvent::new(arrow(*last)?, Modifiers::SHIFT)),
        _ if matches!(last, b'^' | b'@') => {
            let mut plain = before.to_vec();
            plain.push(b'~');
            Some(KeyEvent::new(
                terminal_key(&plain)?.code,
                Modifiers::CONTROL,
            ))
        }
        _ => None,
    }
}

fn command_for(key: KeyEvent) -> Option<Command> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let modifiers = key.modifiers & (Modifiers::CONTROL | Modifiers::ALT | Modifiers::META);
    let modifiers = if modifiers == Modifiers::META {
        Modifiers::ALT
    } else {
        modifiers
    };
    if let KeyCode::Char(c) = key.code {
        let c = c.to_ascii_lowercase();
        return CHARACTERS
            .iter()
            .find(|(char, with, _)| *char == c && *with == modifiers)
            .map(|(_, _, command)| *command);
    }
    let (_, alone, modified) = NAMED.iter().find(|(code, _, _)| *code == key.code)?;
    if modifiers.is_empty() {
        Some(*alone)
    } else {
        *modified
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What comes of `bytes` given in pieces of `size`, texts in a row joined.
    fn inputs(bytes: &[u8], size: usize) -> Vec<Input> {
        let mut keys = Keys::default();
        let mut all: Vec<Input> = Vec::new();
        for piece in bytes.chunks(size.max(1)) {
            let mut rest = piece;
            while !rest.is_empty() {
                let (used, input) = keys.next(rest);
                rest = &rest[used..];
                match (all.last_mut(), input) {
                    (Some(Input::Typed(before)), Some(Input::Typed(text)))
                    | (Some(Input::Pasted(before)), Some(Input::Pasted(text))) => {
                        before.extend(text);
                    }
                    (_, Some(Input::Pasted(text))) if text.is_empty() => {}
                    (_, Some(input)) => all.push(input),
                    (_, None) => assert!(rest.is_empty()),
                }
            }
        }
        all
    }

    fn commands(bytes: &[u8]) -> Vec<Command> {
        inputs(bytes, usize::MAX)
            .into_iter()
            .map(|input| {
                let Input::Command(command) = input else {
                    panic!("{input:?}")
                };
                command
            })
            .collect()
    }

    fn typed(text: &[u8]) -> Input {
        Input::Typed(text.to_vec())
    }

    #[test]
    fn keys_are_known_in_all_their_usual_encodings() {
        use Command::*;
        for (bytes, command) in [
            (&b"\x1b[A\x1bOA\x1b[1;5A\x10"[..], Up),
            (b"\x1b[B\x1bOB\x0e", Down),
            (b"\x1b[C\x1bOC\x06", Right),
            (b"\x1b[D\x1bOD\x02", Left),
            (
                b"\x1b[1;5C\x1b[5C\x1bOc\x1b[1;3C\x1bf\x1bF\x1bO5C\x1b[1;5:1C",
                WordRight,
            ),
            (b"\x1b[1;5D\x1b[5D\x1bOd\x1b[1;3D\x1bb", WordLeft),
            (b"\x1b[H\x1bOH\x1b[1~\x1b[7~\x01", LineStart),
            (b"\x1b[F\x1bOF\x1b[4~\x1b[8~\x05", LineEnd),
            (b"\x1b[3~", Delete),
            (b"\x1b[3;5~\x1b[3^\x1bd", KillWordRight),
            (b"\x7f\x08", Backspace),
            (b"\x1b\x7f\x1b\x08", KillWordLeft),
            (b"\r\n\x1b\r\x1bOM\x1b[13u\x1b[13;5u", Accept),
            (b"\x1f", Undo),
            (b"\x1b.\x1b_", LastArgument),
            (b"\x1by", YankOlder),
        ] {
            for got in commands(bytes) {
                assert_eq!(got, command, "{}", bytes.escape_ascii());
            }
            assert!(!commands(bytes).is_empty());
        }
    }

    #[test]
    fn answers_of_a_terminal_never_become_text_however_split() {
        let answers: [&[u8]; 17] = [
            b"\x1b[?1;2c",
            b"\x1b[>41;354;0c",
            b"\x1b[12;40R",
            b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\",
            b"\x1b]10;rgb:0/0/0\x07",
            b"\x1bP>|XTerm(354)\x1b\\",
            b"\x1bP1$r0m\x1b\\",
            b"\x1b_Gi=1;OK\x1b\\",
            b"\x1b[I\x1b[O",
            b"\x1b[<0;12;3M\x1b[<0;12;3m",
            b"\x1b[M !!",
            b"\x1b[?2026;2$y",
            b"\x1b[?1u",
            b"\x1b[=1;2;3z",
            b"\x1b[8;24;80t",
            b"\x1b]lsome title\x1b\\",
            b"\x1b[201~",
        ];
        for answer in answers {
            for size in [1, 2, 3, 5, usize::MAX] {
                let mut bytes = b"ab".to_vec();
                bytes.extend(answer);
                bytes.extend(b"cd");
                assert_eq!(
                    inputs(&bytes, size),
                    [typed(b"abcd")],
                    "{}",
                    answer.escape_ascii()
                );
            }
        }
    }

    #[test]
    fn a_sequence_that_does_not_end_swallows_no_enter_and_no_interrupt() {
        for start in [
            &b"\x1b]0;"[..],
            b"\x1bP",
            b"\x1b[1",
            b"\x1b[",
            b"\x1bO",
            b"\x1b[M!",
            b"\x1b",
        ] {
            for (end, command) in [(b'\r', Command::Accept), (0x03, Command::Interrupt)] {
                let mut bytes = start.to_vec();
                bytes.push(end);
                assert_eq!(commands(&bytes), [command], "{}", start.escape_ascii());
            }
        }
    }

    #[test]
    fn an_endless_sequence_is_given_up_and_not_kept() {
        for start in [&b"\x1b]52;"[..], b"\x1b["] {
            let mut keys = Keys::default();
            keys.next(start);
            let mut swallowed = start.len();
            let mut text = Vec::new();
            while text.is_empty() {
                let (used, input) = keys.next(&[b'1'; 1000]);
                assert!(keys.held.len() <= LONGEST_KEY);
                match input {
                    Some(Input::Typed(typed)) => text = typed,
                    None => swallowed += used,
                    Some(other) => panic!("{other:?}"),
                }
            }
            assert!(swallowed.abs_diff(LONGEST_SEQUENCE) <= 1000, "{swallowed}");
        }
    }

    #[test]
    fn a_lone_escape_waits_to_be_settled() {
        let mut keys = Keys::default();
        assert_eq!(keys.next(b"\x1b"), (1, None));
        assert!(keys.unsettled());
        assert_eq!(keys.settle(), Some(Input::Command(Command::Escape)));
        assert_eq!(keys.next(b"[A"), (2, Some(typed(b"[A"))));
        // Alt-] alone is a key, not the start of a string that swallows what is typed next.
        keys.next(b"\x1b]");
        assert_eq!(keys.settle(), None);
        assert_eq!(keys.next(b"ls"), (2, Some(typed(b"ls"))));
        // But an answer that is on its way is waited for.
        keys.next(b"\x1b]11;rgb:");
        assert!(!keys.unsettled());
        assert_eq!(keys.settle(), None);
        assert_eq!(keys.next(b"ff\x07x"), (4, Some(typed(b"x"))));
    }

    #[test]
    fn bytes_that_are_no_character_come_through_as_they_are() {
        let bytes = b"a\xff\xe2\x82b\xf0\x9f\x98\x80\xc3";
        for size in 1..=bytes.len() {
            let mut with_enter = bytes.to_vec();
            with_enter.push(b'\r');
            let want = [typed(bytes), Input::Command(Command::Accept)];
            assert_eq!(inputs(&with_enter, size), want);
        }
    }

    #[test]
    fn a_character_comes_whole_when_its_bytes_come_apart() {
        let mut keys = Keys::default();
        assert_eq!(keys.next(b"a\xe2"), (2, Some(typed(b"a"))));
        assert_eq!(keys.next(b"\x82"), (1, None));
        assert_eq!(keys.settle(), None);
        assert_eq!(keys.next(b"\xac"), (1, Some(typed("€".as_bytes()))));
    }

    #[test]
    fn a_quoted_key_is_its_byte() {
        assert_eq!(
            inputs(b"\x16\x03\x16\t\x16\x1b[A\x16\x16\x16a", 1),
            [typed(b"\x03\t\x1b[A\x16a")]
        );
    }

    #[test]
    fn a_paste_is_text_whatever_it_holds() {
        let paste = b"\x1b[200~a\r\nb\rc\n\x03\x1b[A\x1b[20\x1b[200~\x00\t\x1b[201~";
        for size in [1, 2, 3, 7, usize::MAX] {
            assert_eq!(
                inputs(paste, size),
                [Input::Pasted(
                    b"a\nb\nc\n\x03\x1b[A\x1b[20\x1b[200~\t".to_vec()
                )]
            );
        }
        let ended = b"\x1b[200~x\x1b[201~\r\x1b[201~\r";
        assert_eq!(
            inputs(ended, 1),
            [
                Input::Pasted(b"x".to_vec()),
                Input::Command(Command::Accept),
                Input::Command(Command::Accept),
            ]
        );
    }

    #[test]
    fn what_is_held_can_be_taken_back() {
        let mut keys = Keys::default();
        keys.next(b"x\xe2\x82");
        assert_eq!(keys.take_held(), b"\xe2\x82");
        keys.next(b"\x1b[1;");
        assert_eq!(keys.take_held(), b"\x1b[1;");
        assert_eq!(keys.next(b"A"), (1, Some(typed(b"A"))));
    }

    proptest! {
            #[test]
            fn any_bytes_in_any_pieces_mean_the_same(
                bytes in prop::collection::vec(prop_oneof![
                    any::<u8>(),
                    prop::sample::select(&b"\x1b\x1b\x1b[]OP\\;0123456789~MRu\r\n\x07\xe2\x82\xac"[..]),
                ], 0..200),
                size in 1usize..20,
            ) {
                prop_assert_eq!(inputs(&bytes, size), inputs(&bytes, usize::MAX));
            }

            #[test]
            fn a_paste_gives_exactly_what_was_pasted(
                text in prop::collection::vec(
                    any::<u8>().prop_filter("changed on purpose", |b| *b != 0 && *b != b'\r'), 0..200),
                size in 1usize..20,
            ) {
                prop_assume!(!text.windows(6).any(|w| w == PASTE_ENDS));
                    let mut bytes = PASTE_BEGINS.to_vec();
                bytes.extend(&text);
                bytes.extend(PASTE_ENDS);
                let got: Vec<u8> = inputs(&bytes, size).into_iter().flat_map(|input| {
     let Input::Pasted(text) = input else { panic!("{input:?}") };
     text
    }).collect();
                prop_assert_eq!(got, text);
            }
        }
}
