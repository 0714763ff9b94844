//! What a byte of the line looks like on the terminal, and how many columns it takes.
//!
//! Every byte of the text is shown as something whose width all terminals agree on: printable
//! characters as themselves, and whatever is invisible, moves the cursor or is not UTF-8 as a
//! visible stand-in. So column arithmetic needs no answer from the terminal, and nothing that is
//! submitted is unseen.

use std::ops::Range;

use unicode_width::UnicodeWidthChar;

/// How many combining marks a character may carry before the rest are shown as stand-ins.
///
/// Terminals keep only a few per cell; a bound also lets [`Cell::at`] look back a fixed distance.
const MARKS_PER_CHARACTER: u8 = 4;

/// One piece of the text that the cursor steps over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    /// Bytes of the text it stands for, at least one.
    pub(super) len: usize,
    pub(super) shown: Shown,
}

/// How a [`Cell`] is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// The end of a line.
    Newline,
    /// A printable character, one or two columns wide.
    Printable(char, usize),
    /// A combining mark drawn over the character before it.
    Mark(char),
    /// A control byte, as `^X`.
    Control(u8),
    /// A byte that is not part of any UTF-8 character, as `\xNN`.
    Byte(u8),
    /// A character nobody would see, as `<U+200B>`.
    Invisible(char),
}

impl Shown {
    /// Columns it takes when it need not wrap.
    pub(super) fn width(self) -> usize {
        match self {
            Shown::Newline | Shown::Mark(_) => 0,
            Shown::Printable(_, width) => width,
            Shown::Control(_) => 2,
            Shown::Byte(_) => 4,
            Shown::Invisible(c) => {
                let digits = (1..=6).rev().find(|n| u32::from(c) >> (4 * (n - 1)) != 0);
                4 + digits.unwrap_or(0).max(4)
            }
        }
    }

    /// The stand-in, for what is not shown as itself.
    pub(super) fn stand_in(self) -> Option<String> {
        match self {
            Shown::Newline | Shown::Printable(..) | Shown::Mark(_) => None,
            Shown::Control(byte) => Some(format!("^{}", char::from(byte ^ 0x40))),
            Shown::Byte(byte) => Some(format!("\\x{byte:02x}")),
            Shown::Invisible(c) => Some(format!("<U+{:04X}>", u32::from(c))),
        }
    }
}

/// Reads cells one after another.
///
/// `marks` is all that the look of the next cell depends on, besides its bytes: how many more
/// combining marks the character before it can carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reader {
    marks: u8,
}

impl Reader {
    /// The cell that `rest` begins with, or `None` at the end.
    ///
    /// `widest` is the width of a row: a character that never fits is shown by a stand-in.
    pub(super) fn next(&mut self, rest: &[u8], widest: usize) -> Option<Cell> {
        let first = *rest.first()?;
        let (len, shown) = match first {
            b'\n' => (1, Shown::Newline),
            0x20..=0x7e => (1, Shown::Printable(char::from(first), 1)),
            0..=0x1f | 0x7f => (1, Shown::Control(first)),
            0x80..=0xff => match first_char(rest) {
                None => (1, Shown::Byte(first)),
                Some(c) => (c.len_utf8(), self.beyond_ascii(c, widest)),
            },
        };
        self.marks = match shown {
            Shown::Printable(..) => MARKS_PER_CHARACTER,
            Shown::Mark(_) => self.marks.saturating_sub(1),
            // A stand-in only because the row is narrow carries marks as the character would, so
            // that looking back needs to know nothing of the row.
            Shown::Invisible(c) if !is_invisible(c) && c.width() > Some(0) => MARKS_PER_CHARACTER,
            Shown::Newline | Shown::Control(_) | Shown::Byte(_) | Shown::Invisible(_) => 0,
        };
        Some(Cell { len, shown })
    }

    fn beyond_ascii(self, c: char, widest: usize) -> Shown {
        if is_invisible(c) {
            return Shown::Invisible(c);
        }
        match c.width() {
            Some(0) if self.marks > 0 => Shown::Mark(c),
            None | Some(0) => Shown::Invisible(c),
            Some(width) if width > widest => Shown::Invisible(c),
            Some(width) => Shown::Printable(c, width),
        }
    }
}

/// `bytes` as they look inside one line.
pub(super) fn shown(bytes: &[u8]) -> String {
    let mut reader = Reader::default();
    let mut shown = String::new();
    let mut at = 0;
    while let Some(cell) = reader.next(bytes.get(at..).unwrap_or_default(), usize::MAX) {
        at = at.saturating_add(cell.len);
        match (cell.shown, cell.shown.stand_in()) {
            (_, Some(stand_in)) => shown.push_str(&stand_in),
            (Shown::Printable(c, _) | Shown::Mark(c), None) => shown.push(c),
            (_, None) => shown.push_str("^J"),
        }
    }
    shown
}

/// Where the cell before `offset` begins; a character and its marks are stepped over as one.
pub(super) fn previous_stop(text: &[u8], offset: usize) -> usize {
    let mut at = previous_char(text, offset);
    let mut reader = reader_at(text, at);
    while at > 0 && is_mark(text, at, &mut reader) {
        at = previous_char(text, at);
        reader = reader_at(text, at);
    }
    at
}

/// Where the cell after the one at `offset` begins.
pub(super) fn next_stop(text: &[u8], offset: usize) -> usize {
    let mut reader = reader_at(text, offset);
    let mut at = offset;
    if let Some(cell) = reader.next(text.get(at..).unwrap_or_default(), usize::MAX) {
        at += cell.len;
    }
    while let Some(cell) = reader.next(text.get(at..).unwrap_or_default(), usize::MAX) {
        if !matches!(cell.shown, Shown::Mark(_)) {
            break;
        }
        at += cell.len;
    }
    at
}

/// The place at or before `offset` from which painting again gives the same picture: not inside a
/// character, and not at a mark, which would be drawn a second time over its character.
pub(super) fn stop_at_or_before(text: &[u8], offset: usize) -> usize {
    let at = character_around(text, offset).map_or(offset.min(text.len()), |range| range.start);
    let mut reader = reader_at(text, at);
    if is_mark(text, at, &mut reader) {
        return previous_stop(text, at);
    }
    at
}

/// The offset, or the end of the character that it is inside of.
pub(super) fn character_end(text: &[u8], offset: usize) -> usize {
    character_around(text, offset).map_or(offset.min(text.len()), |range| range.end)
}

/// The character that `offset` is inside of; its start lies at most three bytes back.
fn character_around(text: &[u8], offset: usize) -> Option<Range<usize>> {
    (1..=3).find_map(|back| {
        let start = offset.checked_sub(back)?;
        let len = first_char(text.get(start..)?)?.len_utf8();
        (len > back).then(|| start..start.saturating_add(len))
    })
}

/// What a [`Reader`] that had come to `offset` from the start would know.
pub(super) fn reader_at(text: &[u8], offset: usize) -> Reader {
    let mut starts = [offset; MARKS_PER_CHARACTER as usize + 1];
    let mut at = offset;
    for start in starts.iter_mut() {
        at = previous_char(text, at);
        *start = at;
    }
    // The furthest start needs no knowledge of its own: if it and all after it are marks, there
    // are more than one character carries, and the last one is shown by a stand-in either way.
    let mut reader = Reader::default();
    let from = starts
        .iter()
        .rev()
        .copied()
        .find(|start| !zero_width(text.get(*start..).unwrap_or_default()));
    let Some(mut at) = from else {
        return reader;
    };
    while at < offset {
        match reader.next(text.get(at..offset).unwrap_or_default(), usize::MAX) {
            Some(cell) => at += cell.len,
            None => break,
        }
    }
    reader
}

/// How many bytes at the end of `text` begin a character that following bytes may complete.
pub(super) fn unfinished_suffix(text: &[u8]) -> usize {
    for back in 1..=3 {
        let Some(start) = text.len().checked_sub(back) else {
            return 0;
        };
        let tail = text.get(start..).unwrap_or_default();
        match tail.first() {
            Some(0x80..=0xbf) => {}
            Some(0xc2..=0xf4) => {
                return match std::str::from_utf8(tail) {
                    Err(error) if error.valid_up_to() == 0 && error.error_len().is_none() => back,
                    Ok(_) | Err(_) => 0,
                };
            }
            Some(_) | None => return 0,
        }
    }
    0
}

/// The character that `rest` begins with, if it is UTF-8.
pub(super) fn first_char(rest: &[u8]) -> Option<char> {
    let head = rest.get(..4).unwrap_or(rest);
    let valid = head.utf8_chunks().next()?.valid();
    valid.chars().next()
}

/// Where the character or stray byte before `offset` begins, never beyond `text`.
pub(super) fn previous_char(text: &[u8], offset: usize) -> usize {
    let offset = offset.min(text.len());
    for back in 2..=4 {
        let Some(start) = offset.checked_sub(back) else {
            break;
        };
        let head = text.get(start..offset).unwrap_or_default();
        if first_char(head).is_some_and(|c| c.len_utf8() == back) {
            return start;
        }
    }
    offset.saturating_sub(1)
}

fn is_mark(text: &[u8], at: usize, reader: &mut Reader) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    let cell = reader.next(rest, usize::MAX);
    cell.is_some_and(|cell| matches!(cell.shown, Shown::Mark(_)))
}

fn zero_width(rest: &[u8]) -> bool {
    first_char(rest).is_some_and(|c| c.width() == Some(0) && !c.is_control())
}

/// Characters that have no look of their own, or change the look of others.
///
/// Unicode's Default_Ignorable_Code_Point and the other format characters: zero-width and
/// bidirectional controls, joiners, variation selectors, fillers, tags.
fn is_invisible(c: char) -> bool {
    matches!(u32::from(c),
        0x80..=0x9f
        | 0xad
        | 0x034f
        | 0x0600..=0x0605
        | 0x061c
        | 0x06dd
        | 0x070f
        | 0x0890..=0x0891
        | 0x08e2
        | 0x115f..=0x1160
        | 0x17b4..=0x17b5
        | 0x180b..=0x180f
        | 0x200b..=0x200f
        | 0x2028..=0x202e
        | 0x2060..=0x206f
        | 0x3164
        | 0xfe00..=0xfe0f
        | 0xfeff
        | 0xffa0
        | 0xfff0..=0xfffb
        | 0x110bd
        | 0x110cd
        | 0x13430..=0x1343f
        | 0x1bca0..=0x1bca3
        | 0x1d173..=0x1d17a
        | 0xe0000..=0xe0fff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_has_a_stand_in() {
        assert_eq!(shown(b"a\tb\x1b[m\x7f\n"), "a^Ib^[[m^?^J");
        assert_eq!(shown(b"\xff\xe2\x82x"), "\\xff\\xe2\\x82x");
        assert_eq!(
            shown("a\u{200b}\u{202e}b\u{85}".as_bytes()),
            "a<U+200B><U+202E>b<U+0085>"
        );
        assert_eq!(shown("\u{e0041}".as_bytes()), "<U+E0041>");
    }

    #[test]
    fn a_stand_in_is_as_wide_as_its_width_says() {
        for c in (0..=0x10ffff).step_by(7).filter_map(char::from_u32) {
            let mut bytes = [0; 4];
            let text = c.encode_utf8(&mut bytes);
            let cell = Reader::default().next(text.as_bytes(), 80).unwrap();
            if let Some(stand_in) = cell.shown.stand_in() {
                assert_eq!(stand_in.len(), cell.shown.width(), "{c:?}");
            }
        }
    }

    #[test]
    fn a_mark_needs_a_character_to_sit_on() {
        assert_eq!(shown("\u{301}".as_bytes()), "<U+0301>");
        assert_eq!(shown("e\u{301}".as_bytes()), "e\u{301}");
        let many = format!("e{}", "\u{301}".repeat(6));
        let want = format!("e{}<U+0301><U+0301>", "\u{301}".repeat(4));
        assert_eq!(shown(many.as_bytes()), want);
    }

    #[test]
    fn a_character_wider_than_the_row_has_a_stand_in() {
        let mut reader = Reader::default();
        let cell = reader.next("漢".as_bytes(), 1).unwrap();
        assert_eq!(cell.shown, Shown::Invisible('漢'));
    }

    #[test]
    fn looking_back_agrees_with_reading_forward() {
        let texts: [&[u8]; 6] = [
            "ae\u{301}\u{301}b\u{200d}\u{301}漢\u{301}".as_bytes(),
            format!("x{}y", "\u{300}".repeat(9)).leak().as_bytes(),
            b"\xe2\x82\xe2\x82\xac\x82\xff",
            "\u{301}\u{301}a\n\u{301}".as_bytes(),
            format!("x{}", "\u{200b}\u{301}".repeat(5))
                .leak()
                .as_bytes(),
            b"",
        ];
        for text in texts {
            let mut reader = Reader::default();
            let mut at = 0;
            loop {
                let mut here = reader_at(text, at);
                let mut forward = reader;
                assert_eq!(
                    here.next(&text[at..], 80),
                    forward.next(&text[at..], 80),
                    "{at}"
                );
                let Some(cell) = reader.next(&text[at..], 80) else {
                    break;
                };
                at += cell.len;
                assert_eq!(previous_char(text, at), at - cell.len, "{text:?} {at}");
            }
        }
    }

    #[test]
    fn stops_go_over_a_character_with_its_marks() {
        let text = "ae\u{301}\u{301}b".as_bytes();
        assert_eq!(next_stop(text, 1), 6);
        assert_eq!(previous_stop(text, 6), 1);
        assert_eq!(stop_at_or_before(text, 4), 1);
        assert_eq!(stop_at_or_before(text, 3), 1);
        assert_eq!(stop_at_or_before(text, 7), 7);
        assert_eq!(previous_stop(text, 0), 0);
        assert_eq!(next_stop(text, 7), 7);
    }

    #[test]
    fn only_bytes_that_may_still_become_a_character_are_unfinished() {
        assert_eq!(unfinished_suffix(b"a\xe2\x82"), 2);
        assert_eq!(unfinished_suffix(b"a\xf0\x9f\x98"), 3);
        assert_eq!(unfinished_suffix(b"a\xc3"), 1);
        assert_eq!(unfinished_suffix("€".as_bytes()), 0);
        assert_eq!(unfinished_suffix(b"\xe0\x80"), 0);
        assert_eq!(unfinished_suffix(b"\xff"), 0);
        assert_eq!(unfinished_suffix(b""), 0);
    }
}
