//! Where each byte of the line stands on the terminal.
//!
//! Rows and columns count from the column 0 of the prompt's first row. A column equal to the width
//! is a place too: a terminal that has just filled a row stays on it until the next character.

use super::cells::{Reader, Shown, reader_at};

/// A place on the terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) row: usize,
    pub(super) column: usize,
}

/// The first place of each row, for one text, one prompt and one width.
///
/// It is kept up to date by [`Layout::truncate`] and [`Layout::extend`], so that typing at the end
/// of a long line costs no more than typing at the end of a short one.
#[derive(Debug, Default)]
pub(super) struct Layout {
    width: usize,
    /// The column that a line after the first begins at, behind its continuation prompt.
    indent: usize,
    start: Position,
    /// Of the rows after the one the text begins on.
    rows: Vec<RowStart>,
    len: usize,
    end: Position,
    reader: Reader,
}

/// What a row begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RowStart {
    pub(super) offset: usize,
    /// How many columns of the stand-in at `offset` are on the rows above.
    pub(super) skip: usize,
    pub(super) column: usize,
}

impl Layout {
    /// The layout of no text yet.
    pub(super) fn new(width: usize, indent: usize, start: Position) -> Layout {
        Layout {
            width: width.max(1),
            indent,
            start,
            rows: Vec::new(),
            len: 0,
            end: start,
            reader: Reader::default(),
        }
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn start(&self) -> Position {
        self.start
    }

    /// How many bytes are laid out.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Where the text ends.
    pub(super) fn end(&self) -> Position {
        self.end
    }

    /// What `row` begins with; for the rows of the prompt, the text itself.
    pub(super) fn row(&self, row: usize) -> RowStart {
        row.checked_sub(self.start.row.saturating_add(1))
            .and_then(|at| self.rows.get(at).copied())
            .unwrap_or(RowStart {
                offset: 0,
                skip: 0,
                column: self.start.column,
            })
    }

    /// Lays out what `text` has beyond the bytes already laid out.
    pub(super) fn extend(&mut self, text: &[u8]) {
        while let Some(cell) = self
            .reader
            .next(text.get(self.len..).unwrap_or_default(), self.width)
        {
            let (offset, mut rows) = (self.len, std::mem::take(&mut self.rows));
            self.len = self.len.saturating_add(cell.len);
            self.end = self.after(self.end, cell.shown, 0, |skip| {
                let start = match cell.shown {
                    Shown::Newline => RowStart {
                        offset: offset.saturating_add(1),
                        skip: 0,
                        column: self.indent,
                    },
                    Shown::Printable(..)
                    | Shown::Mark(_)
                    | Shown::Control(_)
                    | Shown::Byte(_)
                    | Shown::Invisible(_) => RowStart {
                        offset,
                        skip,
                        column: 0,
                    },
                };
                rows.push(start);
            });
            self.rows = rows;
        }
    }

    /// Forgets what is laid out from `offset` on, `text` being the same before it.
    pub(super) fn truncate(&mut self, text: &[u8], offset: usize) {
        if offset >= self.len {
            return;
        }
        self.end = self.natural(text, offset);
        self.reader = reader_at(text, offset);
        self.rows
            .truncate(self.end.row.saturating_sub(self.start.row));
        self.len = offset;
    }

    /// Where the cell before `offset` leaves the terminal's cursor.
    pub(super) fn natural(&self, text: &[u8], offset: usize) -> Position {
        if offset >= self.len {
            return self.end;
        }
        let above = self.rows.partition_point(|row| row.offset < offset);
        let row = self.start.row.saturating_add(above);
        let from = self.row(row);
        let mut at = Position {
            row,
            column: from.column,
        };
        let mut skip = from.skip;
        let mut reader = reader_at(text, from.offset);
        let mut here = from.offset;
        while here < offset {
            let Some(cell) = reader.next(text.get(here..).unwrap_or_default(), self.width) else {
                break;
            };
            at = self.after(at, cell.shown, skip, |_| {});
            skip = 0;
            here = here.saturating_add(cell.len);
        }
        at
    }

    /// Where the cell at `offset` is drawn; at the end of the text, where the next one would be.
    pub(super) fn position(&self, text: &[u8], offset: usize) -> Position {
        let at = self.natural(text, offset);
        let mut reader = reader_at(text, offset);
        match reader.next(text.get(offset..).unwrap_or_default(), self.width) {
            Some(cell) if !self.fits(at, cell.shown) => Position {
                row: at.row + 1,
                column: 0,
            },
            Some(_) | None => at,
        }
    }

    /// Whether the cell's first column still goes onto the row of `at`.
    pub(super) fn fits(&self, at: Position, shown: Shown) -> bool {
        let room = self.width.saturating_sub(at.column);
        match shown {
            Shown::Newline | Shown::Mark(_) => true,
            Shown::Printable(_, width) => width <= room,
            Shown::Control(_) | Shown::Byte(_) | Shown::Invisible(_) => room > 0,
        }
    }

    /// Where the cursor stands once the cell is drawn at `at`, without its first `skip` columns.
    ///
    /// Calls `new_row` for each row that begins, with the columns of the cell drawn above it.
    pub(super) fn after(
        &self,
        at: Position,
        shown: Shown,
        skip: usize,
        mut new_row: impl FnMut(usize),
    ) -> Position {
        let mut at = at;
        match shown {
            Shown::Newline => {
                new_row(0);
                at = Position {
                    row: at.row.saturating_add(1),
                    column: self.indent,
                };
            }
            Shown::Mark(_) => {}
            Shown::Printable(_, width) => {
                if !self.fits(at, shown) {
                    new_row(0);
                    at = Position {
                        row: at.row.saturating_add(1),
                        column: 0,
                    };
                }
                at.column = at.column.saturating_add(width);
            }
            Shown::Control(_) | Shown::Byte(_) | Shown::Invisible(_) => {
                let width = shown.width();
                let mut drawn = skip;
                loop {
                    let room = self.width.saturating_sub(at.column);
                    let left = width.saturating_sub(drawn);
                    if left <= room {
                        at.column = at.column.saturating_add(left);
                        break;
                    }
                    drawn = drawn.saturating_add(room);
                    new_row(drawn);
                    at = Position {
                        row: at.row.saturating_add(1),
                        column: 0,
                    };
                }
            }
        }
        at
    }
}

/// Where a prompt leaves the cursor that began at column 0.
///
/// Understands what prompts are made of: colours and titles take no room, wide characters two
/// columns; tabs, returns, backspaces and sideways moves go where a terminal goes.
pub(super) fn after_prompt(prompt: &[u8], width: usize) -> Position {
    let width = width.max(1);
    let mut at = Position::default();
    let mut rest = prompt;
    while let Some((&byte, tail)) = rest.split_first() {
        match byte {
            0x1b => {
                rest = after_escape(tail, &mut at, width);
                continue;
            }
            b'\r' => at.column = 0,
            b'\n' => {
                at = Position {
                    row: at.row.saturating_add(1),
                    column: 0,
                }
            }
            0x08 => at.column = at.column.min(width.saturating_sub(1)).saturating_sub(1),
            b'\t' => {
                let last = width.saturating_sub(1);
                at.column = at
                    .column
                    .saturating_add(8 - at.column % 8)
                    .min(last.max(at.column));
            }
            0..=0x1f | 0x7f => {}
            0x20..=0x7e => at = printed(at, 1, width),
            0x80..=0xff => {
                let c = super::cells::first_char(rest);
                let columns = c.map_or(1, |c| {
                    unicode_width::UnicodeWidthChar::width(c).unwrap_or(0)
                });
                at = printed(at, columns, width);
                rest = rest.get(c.map_or(1, char::len_utf8)..).unwrap_or_default();
                continue;
            }
        }
        rest = tail;
    }
    at
}

fn printed(at: Position, columns: usize, width: usize) -> Position {
    if columns == 0 || columns > width {
        return at;
    }
    if at.column.saturating_add(columns) > width {
        Position {
            row: at.row.saturating_add(1),
            column: columns,
        }
    } else {
        Position {
            row: at.row,
            column: at.column.saturating_add(columns),
        }
    }
}

/// What follows the escape sequence whose ESC came just before `rest`.
fn after_escape<'a>(rest: &'a [u8], at: &mut Position, width: usize) -> &'a [u8] {
    let Some((&kind, body)) = rest.split_first() else {
        return rest;
    };
    match kind {
        b'[' => {
            let Some(end) = body.iter().position(|b| matches!(b, 0x40..=0x7e)) else {
                return &[];
            };
            let number = body
                .get(..end)
                .and_then(|digits| std::str::from_utf8(digits).ok())
                .and_then(|digits| digits.parse::<usize>().ok())
                .unwrap_or(1)
                .max(1);
            let last = width.saturating_sub(1);
            match body.get(end) {
                Some(b'C') => at.column = at.column.saturating_add(number).min(last),
                Some(b'D') => at.column = at.column.min(last).saturating_sub(number),
                Some(b'G') => at.column = number.saturating_sub(1).min(last),
                Some(_) | None => {}
            }
            body.get(end.saturating_add(1)..).unwrap_or_default()
        }
        b']' | b'P' | b'X' | b'^' | b'_' => {
            let Some(end) = body.iter().position(|b| matches!(b, 0x07 | 0x1b)) else {
                return &[];
            };
            let ends_in_two = body.get(end) == Some(&0x1b);
            body.get(end.saturating_add(1 + usize::from(ends_in_two))..)
                .unwrap_or_default()
        }
        0x20..=0x2f => {
            let end = body
                .iter()
                .position(|b| !matches!(b, 0x20..=0x2f))
                .unwrap_or(body.len());
            body.get(end.saturating_add(1)..).unwrap_or_default()
        }
        _ => body,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(row: usize, column: usize) -> Position {
        Position { row, column }
    }

    #[test]
    fn a_prompt_is_as_wide_as_it_looks() {
        for (prompt, column) in [
            (&b"$ "[..], 2),
            (b"\x1b[1;32muser@host\x1b[0m:~$ ", 13),
            (b"\x1b]0;a title\x07$ ", 2),
            (b"\x1b]0;a title\x1b\\$ ", 2),
            ("漢 ❯ ".as_bytes(), 5),
            (b"\x01\x1b[31m\x02x\x1b(B ", 2),
            (b"abc\rX", 1),
            (b"a\tb", 9),
            (b"", 0),
        ] {
            assert_eq!(
                after_prompt(prompt, 80),
                at(0, column),
                "{}",
                prompt.escape_ascii()
            );
        }
        assert_eq!(after_prompt(&[b'x'; 80], 80), at(0, 80));
        assert_eq!(after_prompt(&[b'x'; 81], 80), at(1, 1));
    }

    #[test]
    fn a_full_row_keeps_the_cursor_until_the_next_character() {
        let mut layout = Layout::new(10, 2, at(0, 4));
        layout.extend(b"abcdef");
        assert_eq!(layout.end(), at(0, 10));
        layout.extend(b"abcdef\nx");
        assert_eq!(layout.end(), at(1, 3));
        assert_eq!(layout.position(b"abcdef\nx", 6), at(0, 10));
        assert_eq!(layout.position(b"abcdef\nx", 7), at(1, 2));
        layout.truncate(b"abcdefgh", 6);
        layout.extend(b"abcdefgh");
        assert_eq!(layout.end(), at(1, 2));
        assert_eq!(layout.position(b"abcdefgh", 6), at(1, 0));
        assert_eq!(
            layout.row(1),
            RowStart {
                offset: 6,
                skip: 0,
                column: 0
            }
        );
    }

    #[test]
    fn a_wide_character_does_not_straddle_rows_but_a_stand_in_does() {
        let mut layout = Layout::new(5, 0, at(0, 2));
        let text = "ab漢".as_bytes();
        layout.extend(text);
        assert_eq!(layout.position(text, 2), at(1, 0));
        assert_eq!(layout.natural(text, 2), at(0, 4));
        let mut layout = Layout::new(5, 0, at(0, 2));
        let text = "ab\u{200b}c".as_bytes();
        layout.extend(text);
        assert_eq!(
            layout.row(1),
            RowStart {
                offset: 2,
                skip: 1,
                column: 0
            }
        );
        assert_eq!(
            layout.row(2),
            RowStart {
                offset: 2,
                skip: 6,
                column: 0
            }
        );
        assert_eq!(layout.position(text, 2), at(0, 4));
        assert_eq!(layout.position(text, 5), at(2, 2));
    }

    proptest! {
        #[test]
        fn laying_out_again_from_the_middle_is_laying_out_from_the_start(
            text in prop::collection::vec(prop_oneof![
                Just("a"), Just("\n"), Just("漢"), Just("\u{301}"), Just("\u{200b}"), Just("\t"),
                Just("\u{10fffd}"),
            ], 0..40),
            width in 1usize..12,
            indent in 0usize..3,
            cut in 0usize..41,
        ) {
            let indent = if indent < width { indent } else { 0 };
            let cut: usize = text.iter().take(cut).map(|part| part.len()).sum();
            let text = text.concat();
            let mut whole = Layout::new(width, indent, at(0, 0));
            whole.extend(text.as_bytes());
            let mut again = Layout::new(width, indent, at(0, 0));
            again.extend(text.as_bytes());
            again.truncate(text.as_bytes(), cut);
            again.extend(text.as_bytes());
            prop_assert_eq!(format!("{whole:?}"), format!("{again:?}"));
        }
    }
}
