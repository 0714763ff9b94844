//! What to write to the terminal so that it shows the line.
//!
//! The prompt is on the terminal already: the real shell has printed it. So typing writes what
//! was typed and nothing more, a change in the middle writes from the change on, and the prompt is
//! written again only where the row it stood on was cleared. The terminal is never asked anything:
//! where the cursor is follows from what was written.

use std::ops::Range;

use super::cells::{Shown, next_stop, reader_at, stop_at_or_before, unfinished_suffix};
use super::layout::{Layout, Position, RowStart, after_prompt};
use super::{Colour, Echo, Style, Terminal};

/// A text longer than this is painted without colours.
pub(super) const COLOURED_BYTES: usize = 8 << 10;

/// What a terminal that says it has no size is taken for.
const DEFAULT_COLUMNS: usize = 80;
const DEFAULT_ROWS: usize = 24;
/// A dumb terminal has one row without an end: there is no way back from a wrapped row.
const ENDLESS: usize = usize::MAX / 4;

/// A painter of one line at a time.
#[derive(Debug)]
pub(super) struct Painter {
    out: Vec<u8>,
    terminal: Terminal,
    colour: Colour,
    echo: Echo,
    state: State,
    columns: usize,
    rows: usize,
    prompt: Vec<u8>,
    continuation: Vec<u8>,
    pub(super) layout: Layout,
    /// Where the terminal's cursor is.
    cursor: Position,
    /// The rows from `top` to `bottom` are on the terminal as they should be. They are all of the
    /// line unless it is higher than the screen.
    top: usize,
    bottom: usize,
    pen: Style,
    /// What the painted text is coloured with; in order, apart, never plain.
    spans: Vec<Span>,
}

/// A stretch of the text and its colour.
pub(super) type Span = (Range<usize>, Style);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No line is being edited.
    Idle,
    Shown,
    /// The line is off the terminal while something else writes to it.
    Hidden,
}

impl Painter {
    pub(super) fn new(terminal: Terminal, colour: Colour, columns: u16, rows: u16) -> Painter {
        let mut painter = Painter {
            out: Vec::new(),
            terminal,
            colour: match terminal {
                Terminal::Ansi => colour,
                Terminal::Dumb => Colour::Off,
            },
            echo: Echo::On,
            state: State::Idle,
            columns: 0,
            rows: 0,
            prompt: Vec::new(),
            continuation: Vec::new(),
            layout: Layout::default(),
            cursor: Position::default(),
            top: 0,
            bottom: 0,
            pen: Style::Plain,
            spans: Vec::new(),
        };
        painter.set_size(columns, rows);
        painter
    }

    /// What is to be written, once.
    pub(super) fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// Whether colours would be painted.
    pub(super) fn colours(&self) -> bool {
        self.colour == Colour::On && self.echo == Echo::On && self.state == State::Shown
    }

    pub(super) fn set_continuation(&mut self, prompt: &[u8]) {
        self.continuation = prompt.to_vec();
    }

    /// Begins a line behind `prompt`, which is on the terminal already.
    pub(super) fn begin(&mut self, prompt: &[u8]) {
        self.prompt = prompt.to_vec();
        self.spans.clear();
        self.pen = Style::Plain;
        self.lay_out(b"");
        self.settle_at_start();
        if self.state == State::Idle && self.can_paste() {
            self.out.extend_from_slice(b"\x1b[?2004h");
        }
        self.state = State::Shown;
    }

    /// Ends the line: the cursor goes below it, `mark` behind it first.
    pub(super) fn end(&mut self, text: &[u8], mark: &[u8]) {
        if self.state == State::Shown && self.echo == Echo::On {
            if self.layout.end().row > self.bottom || self.layout.end().row < self.reachable() {
                self.repaint(text, text.len());
            }
            self.go_to_offset(text, text.len());
            self.set_pen(Style::Plain);
            self.out.extend_from_slice(mark);
            self.out.extend_from_slice(b"\r\n");
        }
        self.leave();
    }

    /// Ends the line where the cursor is: what the shell prints next goes on from there.
    pub(super) fn leave(&mut self) {
        self.set_pen(Style::Plain);
        if self.state != State::Idle && self.can_paste() {
            self.out.extend_from_slice(b"\x1b[?2004l");
        }
        self.state = State::Idle;
    }

    /// Switches painting off, or on again from where the prompt ended.
    pub(super) fn set_echo(&mut self, echo: Echo, text: &[u8], cursor: usize, spans: Vec<Span>) {
        if self.echo == echo {
            return;
        }
        if self.state != State::Idle && self.terminal == Terminal::Ansi {
            let paste: &[u8] = match echo {
                Echo::On => b"\x1b[?2004h",
                Echo::Off => b"\x1b[?2004l",
            };
            self.out.extend_from_slice(paste);
        }
        match echo {
            Echo::Off => {
                self.set_pen(Style::Plain);
                self.echo = echo;
            }
            Echo::On => {
                self.echo = echo;
                if self.state != State::Shown {
                    return;
                }
                if self.layout.len() == 0 {
                    self.sync(text, cursor, Some(0), spans);
                } else {
                    self.clear();
                    self.paint_again(text, cursor, spans);
                }
            }
        }
    }

    /// Takes the line off the terminal; the cursor is at the beginning of a row of its own then.
    pub(super) fn hide(&mut self) {
        if self.state == State::Shown {
            self.clear();
            self.state = State::Hidden;
        }
    }

    /// Paints prompt and line again, from the beginning of the row the cursor is on.
    pub(super) fn show(&mut self, text: &[u8], cursor: usize, spans: Vec<Span>) {
        if self.state == State::Hidden {
            self.state = State::Shown;
            self.paint_again(text, cursor, spans);
        }
    }

    /// Clears the screen and paints prompt and line at its top.
    pub(super) fn clear_screen(&mut self, text: &[u8], cursor: usize, spans: Vec<Span>) {
        if self.state != State::Shown || self.echo == Echo::Off {
            return;
        }
        match self.terminal {
            Terminal::Ansi => {
                self.set_pen(Style::Plain);
                self.out.extend_from_slice(b"\x1b[H\x1b[2J");
            }
            Terminal::Dumb => self.clear(),
        }
        self.paint_again(text, cursor, spans);
    }

    /// Changes the prompt in front of the line, as a search does.
    pub(super) fn change_prompt(
        &mut self,
        prompt: &[u8],
        text: &[u8],
        cursor: usize,
        spans: Vec<Span>,
    ) {
        if self.state == State::Shown && self.echo == Echo::On {
            self.clear();
        }
        self.prompt = prompt.to_vec();
        if self.state == State::Shown && self.echo == Echo::On {
            self.paint_again(text, cursor, spans);
        }
    }

    pub(super) fn prompt(&self) -> &[u8] {
        &self.prompt
    }

    /// Writes `lines` below the line, and prompt and line again below them.
    pub(super) fn list(&mut self, lines: &[String], text: &[u8], cursor: usize, spans: Vec<Span>) {
        if self.state != State::Shown || self.echo == Echo::Off {
            return;
        }
        if self.layout.end().row > self.bottom {
            self.repaint(text, text.len());
        }
        self.go_to_offset(text, text.len());
        self.set_pen(Style::Plain);
        self.out.extend_from_slice(b"\r\n");
        for line in lines {
            self.out.extend_from_slice(line.as_bytes());
            self.out.extend_from_slice(b"\r\n");
        }
        self.paint_again(text, cursor, spans);
    }

    /// Takes note of the terminal's new size.
    ///
    /// Some terminals fold rows anew and some cut them off. Of the rows that the line may now be
    /// high above the cursor the fewer are cleared: what was printed before is not ours.
    pub(super) fn resize(
        &mut self,
        columns: u16,
        rows: u16,
        text: &[u8],
        cursor: usize,
        spans: Vec<Span>,
    ) {
        let above = self.cursor.row.saturating_sub(self.reachable());
        let folded = self.state == State::Shown;
        let (old_columns, old_rows) = (self.columns, self.rows);
        self.set_size(columns, rows);
        let same = (old_columns, old_rows) == (self.columns, self.rows);
        if !folded || same || self.terminal == Terminal::Dumb {
            return;
        }
        if self.echo == Echo::Off {
            self.lay_out(b"");
            self.settle_at_start();
            return;
        }
        self.set_pen(Style::Plain);
        self.lay_out(text);
        let now = self.layout.position(text, cursor).row;
        let up = above.min(now).min(self.rows.saturating_sub(1));
        self.out.push(b'\r');
        self.sequence(up, b'A');
        self.out.extend_from_slice(b"\x1b[J");
        self.paint_again(text, cursor, spans);
    }

    /// Another line of the text begins while nothing typed is painted: shells print the prompt for it all the
    /// same, and drivers that switched echo off wait for it.
    pub(super) fn continue_unseen(&mut self) {
        if self.state == State::Shown && self.echo == Echo::Off {
            self.out.extend_from_slice(&self.continuation);
        }
    }

    /// Makes the terminal show `text`, of which nothing before `changed` differs from what it
    /// shows, with the cursor at `cursor`.
    pub(super) fn sync(
        &mut self,
        text: &[u8],
        cursor: usize,
        changed: Option<usize>,
        spans: Vec<Span>,
    ) {
        if self.state != State::Shown || self.echo == Echo::Off {
            return;
        }
        let old_end = self.layout.end();
        let old_len = self.layout.len();
        let changed = changed.map(|at| self.repaint_from(text, at.min(text.len())));
        // Taken before the new text is laid out, because finding it again would read its row.
        let mut changed_at = old_end;
        if let Some(from) = changed {
            self.layout.truncate(text, from);
            changed_at = self.layout.end();
            self.layout.extend(text);
        }
        let spans = self.acceptable(spans, text.len(), changed.unwrap_or(text.len()));
        let recoloured = differing(&self.spans, &spans, changed.unwrap_or(text.len()));
        self.spans = spans;

        let target = self.cursor_position(text, cursor);
        // What was higher than the screen may fit now: then its first rows come back.
        // A cursor behind a line that fills the screen has a row of its own.
        let fits = self.layout.end().row.max(target.row) < self.rows;
        if target.row < self.reachable() || (fits && self.reachable() > 0) {
            self.repaint(text, cursor);
            return;
        }
        let (from, until) = match (changed, recoloured) {
            (None, None) => (text.len(), text.len()),
            (None, Some(colours)) => (
                stop_at_or_before(text, colours.start),
                next_stop(text, colours.end - 1),
            ),
            (Some(changed), None) => (changed, text.len()),
            (Some(changed), Some(colours)) => (
                stop_at_or_before(text, colours.start).min(changed),
                text.len(),
            ),
        };
        if changed.is_some() || from < until {
            let at = match changed {
                Some(changed) if changed == from => changed_at,
                Some(_) | None => self.layout.natural(text, from),
            };
            if at.row < self.reachable() || (at.row > self.bottom && target.row > self.bottom) {
                self.repaint(text, cursor);
                return;
            }
            if at.row <= self.bottom {
                let tail = changed.is_some() && old_len > from;
                self.paint_tail(text, from..until, at, target, tail.then_some(old_end));
            }
        }
        if target.row > self.bottom {
            self.repaint(text, cursor);
            return;
        }
        self.go_to_offset(text, cursor);
    }

    /// Paints `range` from `at` on; it goes to the end of the text or changes nothing but colours.
    ///
    /// `old_end` is where the text that is to be painted over ended.
    fn paint_tail(
        &mut self,
        text: &[u8],
        range: Range<usize>,
        at: Position,
        target: Position,
        old_end: Option<Position>,
    ) {
        let end = self.layout.end();
        let last = end.row.min(self.deepest(target));
        let lines = text.get(range.start..).unwrap_or_default().contains(&b'\n');
        // The rest of the row is cleared behind the new text if that is enough, else everything
        // below is cleared before it.
        let behind = old_end.filter(|old| old.row == at.row && !lines && *old > end);
        match old_end {
            Some(old) if old > at && behind.is_none() && (old.row > at.row || lines) => {
                if old.row > at.row && self.terminal == Terminal::Dumb {
                    self.repaint_at(text, target);
                    return;
                }
                let clear = Position {
                    row: at.row.saturating_add(1),
                    column: 0,
                };
                let clear = if at.column < self.layout.width() {
                    at
                } else {
                    clear
                };
                if clear.row <= self.bottom {
                    self.go_to(text, clear);
                    self.clear_behind(old);
                }
            }
            Some(_) | None => {}
        }
        let padded = old_end.is_some();
        self.paint(text, range, at, 0, last, padded);
        if let Some(old) = behind {
            self.go_to(text, end);
            self.clear_behind(old);
        }
    }

    /// Clears from the cursor to where the old text ended.
    fn clear_behind(&mut self, old_end: Position) {
        match self.terminal {
            Terminal::Ansi if old_end.row == self.cursor.row => {
                self.out.extend_from_slice(b"\x1b[K");
            }
            Terminal::Ansi => self.out.extend_from_slice(b"\x1b[J"),
            Terminal::Dumb => {
                let columns = old_end.column.saturating_sub(self.cursor.column);
                self.out.extend(std::iter::repeat_n(b' ', columns));
                self.out.extend(std::iter::repeat_n(b'\x08', columns));
            }
        }
    }

    /// Draws the cells of `range`, the first at `at` without its first `skip` columns, down to the
    /// row `last`.
    ///
    /// `padded` fills the column that a wide character leaves free at the end of a row, where
    /// something else may have stood.
    fn paint(
        &mut self,
        text: &[u8],
        range: Range<usize>,
        at: Position,
        skip: usize,
        last: usize,
        padded: bool,
    ) {
        let mut at = at;
        let mut skip = skip;
        let mut reader = reader_at(text, range.start);
        let mut offset = range.start;
        let mut span = self.spans.partition_point(|(span, _)| span.end <= offset);
        let mut placed = false;
        while offset < range.end {
            let rest = text.get(offset..).unwrap_or_default();
            let Some(cell) = reader.next(rest, self.layout.width()) else {
                break;
            };
            let fits = self.layout.fits(at, cell.shown);
            let below = !fits || cell.shown == Shown::Newline;
            if below && at.row >= last {
                let free = self.layout.width().saturating_sub(at.column);
                if padded && !fits && free > 0 {
                    self.go_to(text, at);
                    self.out.extend(std::iter::repeat_n(b' ', free));
                    self.cursor.column = self.layout.width();
                }
                break;
            }
            if !placed {
                placed = true;
                self.place(text, at, fits, cell.shown);
            }
            while self
                .spans
                .get(span)
                .is_some_and(|(span, _)| span.end <= offset)
            {
                span += 1;
            }
            let style = match self.spans.get(span) {
                Some((span, style)) if span.contains(&offset) => *style,
                Some(_) | None => Style::Plain,
            };
            let next = self.layout.after(at, cell.shown, skip, |_| {});
            match cell.shown {
                Shown::Newline => {
                    self.set_pen(Style::Plain);
                    self.out.extend_from_slice(b"\r\n");
                    self.paint_continuation();
                }
                Shown::Printable(c, _) | Shown::Mark(c) => {
                    self.set_pen(style);
                    if padded
                        && !fits
                        && self.cursor
                            != (Position {
                                row: at.row + 1,
                                column: 0,
                            })
                    {
                        let free = self.layout.width().saturating_sub(at.column);
                        self.out.extend(std::iter::repeat_n(b' ', free));
                    }
                    let mut utf8 = [0; 4];
                    self.out
                        .extend_from_slice(c.encode_utf8(&mut utf8).as_bytes());
                }
                Shown::Control(_) | Shown::Byte(_) | Shown::Invisible(_) => {
                    self.set_pen(style);
                    let stand_in = cell.shown.stand_in().unwrap_or_default();
                    let rows = last.saturating_add(1).saturating_sub(at.row);
                    let room = self
                        .layout
                        .width()
                        .saturating_mul(rows)
                        .saturating_sub(at.column);
                    let drawn = stand_in.as_bytes().get(skip..).unwrap_or_default();
                    self.out
                        .extend_from_slice(drawn.get(..room).unwrap_or(drawn));
                    if next.row > last {
                        at = Position {
                            row: last,
                            column: self.layout.width(),
                        };
                        self.cursor = at;
                        break;
                    }
                }
            }
            skip = 0;
            at = next;
            self.cursor = at;
            offset = offset.saturating_add(cell.len);
        }
        self.bottom = self.bottom.max(self.cursor.row);
    }

    /// Takes the cursor to where the first cell is drawn.
    fn place(&mut self, text: &[u8], at: Position, fits: bool, shown: Shown) {
        let width = self.layout.width();
        if self.cursor == at {
            return;
        }
        let below = Position {
            row: at.row.saturating_add(1),
            column: 0,
        };
        if shown == Shown::Newline && at.column >= width {
            // Its own row is full; the one below is another's, or will be.
            self.go_to(
                text,
                Position {
                    row: at.row,
                    column: width.saturating_sub(1),
                },
            );
        } else if fits || below.row > self.bottom {
            self.go_to(text, at);
        } else {
            self.go_to(text, below);
        }
    }

    /// The row that painting may go down to without pushing the cursor's row off the screen.
    fn deepest(&self, target: Position) -> usize {
        let screen = self.reachable().saturating_add(self.rows).saturating_sub(1);
        screen.max(target.row)
    }

    /// The highest row that is still on the screen.
    fn reachable(&self) -> usize {
        let height = self.bottom.saturating_add(1);
        self.top.max(height.saturating_sub(self.rows))
    }

    /// Where painting has to begin if the text has changed from `at` on.
    fn repaint_from(&self, text: &[u8], at: usize) -> usize {
        let before = text.get(..at).unwrap_or_default();
        let from = at.saturating_sub(unfinished_suffix(before));
        if from == self.layout.len() && self.cursor == self.layout.end() {
            // Typed at the end: a mark is drawn over the character the cursor stands behind.
            return from;
        }
        stop_at_or_before(text, from)
    }

    /// The colours to paint with: those asked for, unless the text is too large for colours.
    fn acceptable(&self, spans: Vec<Span>, len: usize, changed: usize) -> Vec<Span> {
        if self.colour == Colour::Off {
            return Vec::new();
        }
        if len <= COLOURED_BYTES && self.layout.end().row < self.rows {
            return in_order(spans, len);
        }
        let mut kept = self.spans.clone();
        kept.retain_mut(|(span, _)| {
            span.end = span.end.min(changed);
            span.start < span.end
        });
        kept
    }

    /// Clears what is on the screen of the line and paints prompt and line.
    fn paint_again(&mut self, text: &[u8], cursor: usize, spans: Vec<Span>) {
        self.lay_out(text);
        self.spans.clear();
        self.spans = self.acceptable(spans, text.len(), 0);
        self.pen = Style::Plain;
        if self.echo == Echo::On {
            let target = self.cursor_position(text, cursor);
            self.render(text, target);
            self.go_to_offset(text, cursor);
        } else {
            self.out.extend_from_slice(&self.prompt);
            self.settle_at_start();
        }
    }

    /// Paints what the screen can hold of the line again, around the cursor.
    fn repaint(&mut self, text: &[u8], cursor: usize) {
        let target = self.cursor_position(text, cursor);
        self.repaint_at(text, target);
        self.go_to_offset(text, cursor);
    }

    fn repaint_at(&mut self, text: &[u8], target: Position) {
        self.clear();
        self.render(text, target);
    }

    /// Leaves the cursor at the beginning of a row, the rows of the line that can be reached clear.
    fn clear(&mut self) {
        self.set_pen(Style::Plain);
        match self.terminal {
            Terminal::Ansi => {
                let top = Position {
                    row: self.reachable(),
                    column: 0,
                };
                self.go_to(b"", top);
                self.out.extend_from_slice(b"\x1b[J");
            }
            Terminal::Dumb => self.out.extend_from_slice(b"\r\n"),
        }
    }

    /// Paints prompt and text from the beginning of a clear row, as far as the screen reaches.
    fn render(&mut self, text: &[u8], target: Position) {
        let end = self.layout.end().row;
        let screen = self.rows.saturating_sub(1);
        let top = end
            .saturating_sub(screen)
            .min(target.row.saturating_sub(self.rows / 2));
        if top <= self.layout.start().row {
            self.out.extend_from_slice(&self.prompt);
            self.settle_at_start();
            let last = end.min(screen.max(target.row));
            self.paint(text, 0..text.len(), self.layout.start(), 0, last, false);
            return;
        }
        let RowStart {
            offset,
            skip,
            column,
        } = self.layout.row(top);
        self.top = top;
        self.bottom = top;
        if offset.checked_sub(1).and_then(|at| text.get(at)) == Some(&b'\n') && skip == 0 {
            self.paint_continuation();
        }
        self.cursor = Position { row: top, column };
        let last = end.min(top.saturating_add(screen).max(target.row));
        self.paint(text, offset..text.len(), self.cursor, skip, last, false);
    }

    fn paint_continuation(&mut self) {
        if self.indent() > 0 {
            self.out.extend_from_slice(&self.continuation);
        }
    }

    /// The width of the continuation prompt; one that leaves no room is not shown.
    fn indent(&self) -> usize {
        let end = after_prompt(&self.continuation, self.width());
        if end.row > 0 || end.column.saturating_add(1) >= self.width() {
            0
        } else {
            end.column
        }
    }

    fn width(&self) -> usize {
        match self.terminal {
            Terminal::Ansi => self.columns,
            Terminal::Dumb => ENDLESS,
        }
    }

    fn lay_out(&mut self, text: &[u8]) {
        let start = after_prompt(&self.prompt, self.width());
        self.layout = Layout::new(self.width(), self.indent(), start);
        self.layout.extend(text);
    }

    fn settle_at_start(&mut self) {
        self.cursor = self.layout.start();
        self.top = 0;
        self.bottom = self.cursor.row;
    }

    fn set_size(&mut self, columns: u16, rows: u16) {
        let or = |size: u16, default| {
            if size == 0 {
                default
            } else {
                usize::from(size)
            }
        };
        self.columns = or(columns, DEFAULT_COLUMNS);
        self.rows = match self.terminal {
            Terminal::Ansi => or(rows, DEFAULT_ROWS),
            Terminal::Dumb => 1,
        };
    }

    fn can_paste(&self) -> bool {
        self.terminal == Terminal::Ansi && self.echo == Echo::On
    }

    fn set_pen(&mut self, style: Style) {
        if self.pen == style || self.colour == Colour::Off {
            return;
        }
        self.pen = style;
        self.out.extend_from_slice(match style {
            Style::Plain => b"\x1b[39m",
            Style::Runs => b"\x1b[32m",
            Style::Asks => b"\x1b[33m",
            Style::Refused => b"\x1b[31m",
        });
    }

    /// Where the cursor is to be seen when it is at `offset` of the text.
    fn cursor_position(&self, text: &[u8], offset: usize) -> Position {
        let at = self.layout.position(text, offset);
        let last = self.layout.width().saturating_sub(1);
        if at.column > last && offset < text.len() {
            // Before a newline, on a row that is full: the row below is another line's.
            return Position {
                row: at.row,
                column: last,
            };
        }
        at
    }

    fn go_to_offset(&mut self, text: &[u8], offset: usize) {
        let target = self.cursor_position(text, offset);
        self.go_to(text, target);
    }

    /// Moves the cursor, beginning a row if `target` is behind the end of the lowest one.
    fn go_to(&mut self, text: &[u8], target: Position) {
        if self.cursor == target {
            return;
        }
        match self.terminal {
            Terminal::Ansi => self.go_to_place(target),
            Terminal::Dumb => self.go_along_row(text, target),
        }
    }

    fn go_to_place(&mut self, target: Position) {
        let width = self.layout.width();
        let target = if target.column >= width {
            Position {
                row: target.row.saturating_add(1),
                column: 0,
            }
        } else {
            target
        };
        if self.cursor.column >= width {
            // What a move means to a cursor behind a full row differs between terminals.
            self.out.push(b'\r');
            self.cursor.column = 0;
        }
        let known = target.row.min(self.bottom);
        self.sequence(self.cursor.row.saturating_sub(known), b'A');
        self.sequence(known.saturating_sub(self.cursor.row), b'B');
        for _ in known..target.row {
            self.out.extend_from_slice(b"\r\n");
            self.cursor.column = 0;
        }
        self.bottom = self.bottom.max(target.row);
        let left = self.cursor.column.saturating_sub(target.column);
        if target.column == 0 && left > 0 {
            self.out.push(b'\r');
        } else if left < 4 {
            self.out.extend(std::iter::repeat_n(b'\x08', left));
        } else {
            self.sequence(left, b'D');
        }
        self.sequence(target.column.saturating_sub(self.cursor.column), b'C');
        self.cursor = target;
    }

    /// On a dumb terminal the cursor goes back by backspaces and forward by what is written there.
    fn go_along_row(&mut self, text: &[u8], target: Position) {
        if target.row != self.cursor.row {
            return;
        }
        let left = self.cursor.column.saturating_sub(target.column);
        self.out.extend(std::iter::repeat_n(b'\x08', left));
        if left == 0 {
            let RowStart { offset, column, .. } = self.layout.row(target.row);
            let (mut at, mut offset) = (
                Position {
                    row: target.row,
                    column,
                },
                offset,
            );
            let mut reader = reader_at(text, offset);
            while at.column < target.column {
                let rest = text.get(offset..).unwrap_or_default();
                let Some(cell) = reader.next(rest, self.layout.width()) else {
                    break;
                };
                let next = self.layout.after(at, cell.shown, 0, |_| {});
                if at >= self.cursor {
                    match cell.shown.stand_in() {
                        Some(stand_in) => self.out.extend_from_slice(stand_in.as_bytes()),
                        None => self
                            .out
                            .extend_from_slice(rest.get(..cell.len).unwrap_or_default()),
                    }
                }
                at = next;
                offset = offset.saturating_add(cell.len);
            }
        }
        self.cursor = target;
    }

    /// `CSI count letter`, if there is anything to count.
    fn sequence(&mut self, count: usize, letter: u8) {
        match count {
            0 => {}
            1 => self.out.extend_from_slice(&[0x1b, b'[', letter]),
            _ => {
                self.out
                    .extend_from_slice(format!("\x1b[{count}").as_bytes());
                self.out.push(letter);
            }
        }
    }
}

/// The spans in order, apart and inside the text.
fn in_order(mut spans: Vec<Span>, len: usize) -> Vec<Span> {
    spans.sort_by_key(|(span, _)| span.start);
    let mut ordered: Vec<Span> = Vec::with_capacity(spans.len());
    for (span, style) in spans {
        let start = ordered
            .last()
            .map_or(0, |(last, _)| last.end)
            .max(span.start);
        let end = span.end.min(len);
        if start >= end || style == Style::Plain {
            continue;
        }
        match ordered.last_mut() {
            Some((last, same)) if *same == style && last.end == start => last.end = end,
            Some(_) | None => ordered.push((start..end, style)),
        }
    }
    ordered
}

/// The bytes before `limit` whose colour differs.
fn differing(old: &[Span], new: &[Span], limit: usize) -> Option<Range<usize>> {
    let mut edges: Vec<usize> = old
        .iter()
        .chain(new)
        .flat_map(|(span, _)| [span.start, span.end])
        .filter(|edge| *edge < limit)
        .collect();
    edges.push(0);
    edges.push(limit);
    edges.sort_unstable();
    edges.dedup();
    let style = |spans: &[Span], at: usize| {
        let span = spans.get(spans.partition_point(|(span, _)| span.end <= at));
        span.filter(|(span, _)| span.contains(&at))
            .map(|(_, style)| *style)
    };
    let mut differing: Option<Range<usize>> = None;
    for pair in edges.windows(2) {
        if let [start, end] = *pair
            && style(old, start) != style(new, start)
        {
            let from = differing.map_or(start, |range| range.start);
            differing = Some(from..end);
        }
    }
    differing
}
