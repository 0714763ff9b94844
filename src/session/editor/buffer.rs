//! The text being edited: bytes, a cursor, undo and the kill ring.
//!
//! The text is bytes because what is typed need not be UTF-8 and must be submitted exactly. Undo
//! keeps changes, not copies of the text, and both it and the kill ring are bounded, so that a
//! long line typed byte by byte costs memory in proportion to its length.

use std::collections::VecDeque;
use std::ops::Range;

use super::cells::{
    character_end, first_char, next_stop, previous_char, previous_stop, stop_at_or_before,
};

/// The most bytes that changes kept for undo may hold.
const UNDO_BYTES: usize = 4 << 20;
/// The most changes kept for undo.
const UNDO_CHANGES: usize = 10_000;
/// The most bytes the kill ring holds, its newest entry apart.
const KILL_BYTES: usize = 4 << 20;
/// The most entries of the kill ring, as in readline.
const KILLS: usize = 60;

/// A line under edit.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    text: Vec<u8>,
    cursor: usize,
    /// The first byte changed since [`Buffer::take_changed`] was last called.
    changed: Option<usize>,
    undo: VecDeque<Change>,
    undo_bytes: usize,
    kills: VecDeque<Vec<u8>>,
    last: Last,
}

/// Which way bytes are killed, and so on which side of the newest kill they go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Backward,
    Forward,
}

/// What is to become of the letters of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Upper,
    Lower,
    Capital,
}

/// What `inserted` bytes at `at` took the place of.
#[derive(Debug)]
struct Change {
    at: usize,
    inserted: usize,
    removed: Vec<u8>,
    cursor: usize,
}

/// What the last command was, where the next one depends on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Other,
    /// Text was typed: more of it joins the same change.
    Typed,
    Killed,
    Yanked(Range<usize>),
}

impl Buffer {
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    pub(super) fn cursor(&self) -> usize {
        self.cursor
    }

    /// The first byte changed since this was last called.
    pub(super) fn take_changed(&mut self) -> Option<usize> {
        self.changed.take()
    }

    /// Takes the text away, and with it all undo. The kill ring stays.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let text = std::mem::take(&mut self.text);
        self.set(Vec::new());
        text
    }

    /// Begins again with `text`, the cursor at its end, nothing to undo.
    pub(super) fn set(&mut self, text: Vec<u8>) {
        self.text = text;
        self.cursor = self.text.len();
        self.changed = Some(0);
        self.undo.clear();
        self.undo_bytes = 0;
        self.last = Last::Other;
    }

    /// Puts `text` in place of everything; undo brings the old text back.
    #[cfg(test)]
    pub(super) fn replace_all(&mut self, text: &[u8]) {
        self.replace(0..self.text.len(), text);
        self.last = Last::Other;
    }

    /// Puts `with` in place of `range`, the cursor behind it.
    pub(super) fn replace(&mut self, range: Range<usize>, with: &[u8]) {
        let cursor = self.cursor;
        let (at, removed) = self.splice(range, with);
        self.remember(Change {
            at,
            inserted: with.len(),
            removed,
            cursor,
        });
        // What was typed may have joined with what follows to a character.
        self.cursor = character_end(&self.text, at.saturating_add(with.len()));
        self.last = Last::Other;
    }

    /// Types `text` at the cursor.
    pub(super) fn insert(&mut self, text: &[u8]) {
        let at = self.cursor;
        let typed = self.last == Last::Typed;
        if let (true, Some(change)) = (typed, self.undo.back_mut())
            && change.at.saturating_add(change.inserted) == at
            && change.removed.is_empty()
        {
            change.inserted = change.inserted.saturating_add(text.len());
            self.splice(at..at, text);
            self.cursor = character_end(&self.text, at.saturating_add(text.len()));
        } else {
            self.replace(at..at, text);
        }
        // Undo goes back by words.
        self.last = match text.last() {
            Some(byte) if !byte.is_ascii_whitespace() => Last::Typed,
            Some(_) | None => Last::Other,
        };
    }

    /// Takes the last change back.
    pub(super) fn undo(&mut self) {
        self.last = Last::Other;
        let Some(change) = self.undo.pop_back() else {
            return;
        };
        self.undo_bytes = self.undo_bytes.saturating_sub(change.removed.len());
        let end = change.at.saturating_add(change.inserted);
        self.splice(change.at..end, &change.removed);
        self.cursor = character_end(&self.text, change.cursor);
    }

    /// Moves the cursor.
    pub(super) fn go(&mut self, offset: usize) {
        self.cursor = character_end(&self.text, offset);
        self.last = Last::Other;
    }

    /// Removes `range` and keeps it for a yank; kills in a row become one.
    pub(super) fn kill(&mut self, range: Range<usize>, direction: Direction) {
        let again = self.last == Last::Killed;
        let bytes = self.text.get(range.clone()).unwrap_or_default().to_vec();
        if bytes.is_empty() {
            return;
        }
        self.replace(range, b"");
        self.last = Last::Killed;
        match (self.kills.back_mut(), direction) {
            (Some(kill), Direction::Forward) if again => kill.extend_from_slice(&bytes),
            (Some(kill), Direction::Backward) if again => {
                kill.splice(0..0, bytes);
            }
            (Some(_) | None, Direction::Forward | Direction::Backward) => {
                self.kills.push_back(bytes);
            }
        }
        let mut held: usize = self.kills.iter().map(Vec::len).sum();
        while self.kills.len() > KILLS || (held > KILL_BYTES && self.kills.len() > 1) {
            held = held.saturating_sub(self.kills.pop_front().map_or(0, |kill| kill.len()));
        }
    }

    /// Puts the newest kill at the cursor.
    pub(super) fn yank(&mut self) {
        if let Some(kill) = self.kills.back().cloned() {
            let at = self.cursor;
            self.replace(at..at, &kill);
            self.last = Last::Yanked(at..at.saturating_add(kill.len()));
        }
    }

    /// Right after a yank, puts the kill before it in its place.
    pub(super) fn yank_older(&mut self) {
        let Last::Yanked(range) = self.last.clone() else {
            return;
        };
        self.kills.rotate_right(1.min(self.kills.len()));
        if let Some(kill) = self.kills.back().cloned() {
            let at = range.start;
            self.replace(range, &kill);
            self.last = Last::Yanked(at..at.saturating_add(kill.len()));
        }
    }

    /// Swaps the two characters around the cursor; at the end, the two before it.
    pub(super) fn transpose(&mut self) {
        let second = if self.cursor == self.line_end() {
            previous_stop(&self.text, self.cursor)
        } else {
            self.cursor
        };
        let first = previous_stop(&self.text, second);
        let end = next_stop(&self.text, second);
        if first < self.line_start() || first == second || second == end {
            return;
        }
        let mut swapped = self.text.get(second..end).unwrap_or_default().to_vec();
        swapped.extend_from_slice(self.text.get(first..second).unwrap_or_default());
        self.replace(first..end, &swapped);
    }

    /// Changes the letters from the cursor to the end of the word.
    pub(super) fn change_case(&mut self, case: Case) {
        let range = self.cursor..self.word_right();
        let mut changed = Vec::with_capacity(range.len());
        let mut at = range.start;
        let mut first = true;
        while at < range.end {
            let rest = self.text.get(at..range.end).unwrap_or_default();
            let Some(c) = first_char(rest) else {
                changed.extend(rest.first());
                at += 1;
                continue;
            };
            at += c.len_utf8();
            let upper = match case {
                Case::Upper => true,
                Case::Lower => false,
                Case::Capital => first,
            };
            first &= !c.is_alphanumeric();
            let mut utf8 = [0; 4];
            let mut push = |c: char| changed.extend_from_slice(c.encode_utf8(&mut utf8).as_bytes());
            if upper {
                c.to_uppercase().for_each(&mut push);
            } else {
                c.to_lowercase().for_each(&mut push);
            }
        }
        if !range.is_empty() {
            self.replace(range, &changed);
        }
    }

    /// Where the cursor's line begins.
    pub(super) fn line_start(&self) -> usize {
        let before = self.text.get(..self.cursor).unwrap_or_default();
        before
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at + 1)
    }

    /// Where the cursor's line ends, before its newline.
    pub(super) fn line_end(&self) -> usize {
        let after = self.text.get(self.cursor..).unwrap_or_default();
        let len = after
            .iter()
            .position(|b| *b == b'\n')
            .unwrap_or(after.len());
        self.cursor.saturating_add(len)
    }

    pub(super) fn left(&self) -> usize {
        previous_stop(&self.text, self.cursor)
    }

    pub(super) fn right(&self) -> usize {
        next_stop(&self.text, self.cursor)
    }

    /// The start of the word of letters and digits before the cursor.
    pub(super) fn word_left(&self) -> usize {
        let at = self.back_while(self.cursor, |c| !is_word(c));
        self.back_while(at, is_word)
    }

    /// The end of the word of letters and digits behind the cursor.
    pub(super) fn word_right(&self) -> usize {
        let at = self.forward_while(self.cursor, |c| !is_word(c));
        self.forward_while(at, is_word)
    }

    /// The start of the word before the cursor, words being what blanks separate.
    pub(super) fn blank_word_left(&self) -> usize {
        let blank = |c: Option<char>| c.is_some_and(char::is_whitespace);
        let at = self.back_while(self.cursor, blank);
        self.back_while(at, |c| !blank(c))
    }

    /// The same column in the line above, if there is one.
    pub(super) fn line_above(&self) -> Option<usize> {
        let start = self.line_start();
        let column = self.stops_between(start, self.cursor);
        let end = start.checked_sub(1)?;
        let above = self.text.get(..end).unwrap_or_default();
        let above = above
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at + 1);
        Some(self.advance(above, column, end))
    }

    /// The same column in the line below, if there is one.
    pub(super) fn line_below(&self) -> Option<usize> {
        let column = self.stops_between(self.line_start(), self.cursor);
        let end = self.line_end();
        let below = end.checked_add(1).filter(|at| *at <= self.text.len())?;
        let rest = self.text.get(below..).unwrap_or_default();
        let len = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
        Some(self.advance(below, column, below.saturating_add(len)))
    }

    fn stops_between(&self, from: usize, to: usize) -> usize {
        let mut at = from;
        let mut stops = 0;
        while at < to {
            at = next_stop(&self.text, at);
            stops += 1;
        }
        stops
    }

    fn advance(&self, from: usize, stops: usize, end: usize) -> usize {
        let mut at = from;
        for _ in 0..stops {
            if at >= end {
                break;
            }
            at = next_stop(&self.text, at);
        }
        at.min(end)
    }

    fn back_while(&self, from: usize, wanted: impl Fn(Option<char>) -> bool) -> usize {
        let mut at = from;
        while at > 0 {
            let start = previous_char(&self.text, at);
            if !wanted(first_char(self.text.get(start..at).unwrap_or_default())) {
                break;
            }
            at = start;
        }
        at
    }

    fn forward_while(&self, from: usize, wanted: impl Fn(Option<char>) -> bool) -> usize {
        let mut at = from;
        while at < self.text.len() {
            let c = first_char(self.text.get(at..).unwrap_or_default());
            if !wanted(c) {
                break;
            }
            at += c.map_or(1, char::len_utf8);
        }
        at
    }

    /// Returns where it happened and what was there.
    fn splice(&mut self, range: Range<usize>, with: &[u8]) -> (usize, Vec<u8>) {
        let end = range.end.min(self.text.len());
        let start = range.start.min(end);
        // A mark that follows belongs to a character before: both look different afterwards.
        let looks = stop_at_or_before(&self.text, start);
        let removed = self.text.splice(start..end, with.iter().copied()).collect();
        self.changed = Some(self.changed.map_or(looks, |at| at.min(looks)));
        (start, removed)
    }

    fn remember(&mut self, change: Change) {
        self.undo_bytes = self.undo_bytes.saturating_add(change.removed.len());
        self.undo.push_back(change);
        while self.undo.len() > UNDO_CHANGES
            || (self.undo_bytes > UNDO_BYTES && self.undo.len() > 1)
        {
            let dropped = self
                .undo
                .pop_front()
                .map_or(0, |change| change.removed.len());
            self.undo_bytes = self.undo_bytes.saturating_sub(dropped);
        }
    }
}

fn is_word(c: Option<char>) -> bool {
    c.is_some_and(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Buffer {
        let mut buffer = Buffer::default();
        for c in text.chars() {
            buffer.insert(c.to_string().as_bytes());
        }
        buffer
    }

    #[test]
    fn undo_goes_back_by_words_to_nothing() {
        let mut buffer = typed("ls -l /tmp");
        let mut seen = Vec::new();
        while !buffer.text().is_empty() {
            buffer.undo();
            seen.push(String::from_utf8(buffer.text().to_vec()).unwrap());
        }
        assert_eq!(seen, ["ls -l ", "ls ", ""]);
        buffer.undo();
        assert_eq!(buffer.text(), b"");
    }

    #[test]
    fn undo_brings_back_what_was_killed_and_replaced() {
        let mut buffer = typed("one two");
        buffer.kill(0..4, Direction::Backward);
        buffer.replace_all(b"three");
        buffer.undo();
        assert_eq!(buffer.text(), b"two");
        buffer.undo();
        assert_eq!((buffer.text(), buffer.cursor()), (&b"one two"[..], 7));
    }

    #[test]
    fn kills_in_a_row_are_one_and_a_yank_can_be_exchanged() {
        let mut buffer = typed("first second third");
        buffer.kill(13..18, Direction::Backward);
        buffer.kill(6..13, Direction::Backward);
        buffer.go(0);
        buffer.kill(0..6, Direction::Forward);
        buffer.yank();
        assert_eq!(buffer.text(), b"first ");
        buffer.yank_older();
        assert_eq!(buffer.text(), b"second third");
        buffer.yank_older();
        assert_eq!(buffer.text(), b"first ");
        buffer.go(0);
        buffer.yank_older();
        assert_eq!(buffer.text(), b"first ");
    }

    #[test]
    fn a_long_line_typed_byte_by_byte_is_one_change_per_word_at_most() {
        let mut buffer = Buffer::default();
        for _ in 0..200_000 {
            buffer.insert(b"a");
        }
        assert_eq!(buffer.undo.len(), 1);
        for _ in 0..50_000 {
            buffer.insert(b" ");
        }
        assert!(buffer.undo.len() <= UNDO_CHANGES);
    }

    #[test]
    fn kept_kills_and_changes_are_bounded() {
        let mut buffer = Buffer::default();
        for _ in 0..20 {
            buffer.insert(&vec![b'x'; 1 << 20]);
            buffer.go(buffer.cursor());
            buffer.kill(0..1 << 20, Direction::Backward);
            buffer.go(0);
        }
        assert!(buffer.kills.iter().map(Vec::len).sum::<usize>() <= KILL_BYTES);
        assert!(buffer.undo_bytes <= UNDO_BYTES);
    }

    #[test]
    fn words_end_where_letters_and_digits_end() {
        let mut buffer = typed("cat /etc/héllo-x 漢字");
        assert_eq!(buffer.word_left(), 18);
        assert_eq!(buffer.blank_word_left(), 18);
        buffer.go(17);
        assert_eq!(buffer.word_left(), 16);
        assert_eq!(buffer.blank_word_left(), 4);
        buffer.go(3);
        assert_eq!(buffer.word_right(), 8);
    }

    #[test]
    fn transposing_and_case_keep_bytes_that_are_no_text() {
        let mut buffer = Buffer::default();
        buffer.insert(b"a\xff");
        buffer.transpose();
        assert_eq!(buffer.text(), b"\xffa");
        buffer.set("éa\u{301}".into());
        buffer.transpose();
        assert_eq!(buffer.text(), "a\u{301}é".as_bytes());
        buffer.set(b"straSSe x".to_vec());
        buffer.go(0);
        buffer.change_case(Case::Capital);
        assert_eq!(buffer.text(), b"Strasse x");
        buffer.change_case(Case::Upper);
        assert_eq!(buffer.text(), b"Strasse X");
    }

    #[test]
    fn lines_above_and_below_keep_the_column() {
        let mut buffer = Buffer::default();
        buffer.insert("abc\n漢x\n\nlast".as_bytes());
        assert_eq!(buffer.line_above(), Some(9));
        buffer.go(3);
        assert_eq!(buffer.line_above(), None);
        assert_eq!(buffer.line_below(), Some(8));
        buffer.go(1);
        assert_eq!(buffer.line_below(), Some(7));
        buffer.go(10);
        assert_eq!(buffer.line_below(), None);
    }
}
