//! The line editor at the guarded prompt: bytes of the terminal in, submissions and bytes to paint
//! out.
//!
//! It touches no terminal, reads no clock and asks the terminal nothing. Its driver reads the
//! terminal, calls [`Editor::feed`], writes what that returns, and acts on the event.
//!
//! Promised:
//! - a submission is, byte for byte, what was typed or pasted (NUL apart, which no shell takes);
//!   what does not fit is refused whole, never cut;
//! - what follows an event stays with the caller: type-ahead is neither read nor painted;
//! - the prompt, which the real shell has printed, is not painted again while typing, and typing
//!   at the end of the line writes only what was typed;
//! - memory is bounded, and no input at any size of terminal makes it panic.
//!
//! Left to the driver: raw mode, time (a lone ESC is decided by [`Editor::flush_escape`]), echo
//! ([`Editor::set_echo`]) and the history file ([`Editor::push_history`] says what to keep).
//!
//! Editing is our own and not `reedline`'s: its text is a `String`, which cannot hold what is not
//! UTF-8; its undo keeps a copy of the text per word, without bound (40,000 typed bytes took 180
//! MB); and it has no kill ring. `termina` reads the keys.

mod buffer;
mod cells;
mod completion;
mod history;
mod keys;
mod layout;
mod painter;
#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;

use self::buffer::{Buffer, Case, Direction};
use self::history::History;
use self::keys::{Command, Input, Keys};
use self::painter::{COLOURED_BYTES, Painter, Span};

/// The longest line that can be submitted. The reader of lines is linear to well above 1 MB, and
/// nobody can review more.
pub(crate) const LONGEST_LINE: usize = 4 << 20;

/// The longest text that history is searched for.
const LONGEST_QUERY: usize = 1 << 10;

/// A line editor.
pub(crate) struct Editor {
    keys: Keys,
    buffer: Buffer,
    painter: Painter,
    history: History,
    search: Option<Search>,
    previous: Previous,
    fit: Fit,
    completeness: Box<CompletenessOf>,
    colouring: Option<Box<Colouring>>,
    completer: Option<Box<dyn Completer>>,
}

/// How an editor is to behave.
pub(crate) struct EditorOptions {
    /// What the terminal can do.
    pub(crate) terminal: Terminal,
    /// Whether to colour the line.
    pub(crate) colour: Colour,
    /// The size of the terminal; 0 stands for unknown.
    pub(crate) columns: u16,
    /// The size of the terminal; 0 stands for unknown.
    pub(crate) rows: u16,
    /// Lines submitted earlier, oldest first.
    pub(crate) history: Vec<Vec<u8>>,
    /// Says whether a text can be submitted or Enter begins another line of it.
    pub(crate) completeness: Box<CompletenessOf>,
    /// Says what will become of the line as it is typed.
    pub(crate) colouring: Option<Box<Colouring>>,
    /// Says what Tab can put at the cursor.
    pub(crate) completer: Option<Box<dyn Completer>>,
}

/// Says whether a text is a whole submission. It is called on Enter, with a text that is not empty.
pub(crate) type CompletenessOf = dyn Fn(&[u8]) -> Completeness;

/// Tells the colours of stretches of a text; what it leaves out is plain.
///
/// It is called on each key, so it must be quick, and never for a text above a few kilobytes.
pub(crate) type Colouring = dyn FnMut(&[u8]) -> Vec<(Range<usize>, Style)>;

/// What a terminal can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Terminal {
    /// Cursor movement, erasing, bracketed paste.
    Ansi,
    /// Printing and backspace: `TERM=dumb`, or none.
    Dumb,
}

/// Whether the line is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    /// As the colouring says.
    On,
    /// Not at all: `NO_COLOR`, or a terminal without colours.
    Off,
}

/// Whether what is typed is painted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Echo {
    /// It is.
    On,
    /// Nothing is: `stty -echo`.
    Off,
}

/// What would become of a part of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Nothing to say about it.
    Plain,
    /// It would run.
    Runs,
    /// A person would be asked.
    Asks,
    /// It would be refused.
    Refused,
}

/// Whether a text is a whole submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Completeness {
    /// Enter submits it.
    Complete,
    /// Enter begins another line of it.
    Incomplete,
}

/// Finds what could stand at the cursor.
pub(crate) trait Completer {
    /// What could take the place of the bytes from some place up to `cursor`.
    fn complete(&mut self, text: &[u8], cursor: usize) -> Completions;
}

/// What could take the place of the bytes from `from` up to the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Completions {
    /// Where the bytes to be replaced begin.
    pub(crate) from: usize,
    /// What could replace them, in the order it is to be listed.
    pub(crate) candidates: Vec<Candidate>,
}

/// One way to complete a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// What is put into the line, quoted as the shell needs it, with a space or slash behind it if
    /// one belongs there.
    pub(crate) text: Vec<u8>,
    /// What is listed.
    pub(crate) shown: Vec<u8>,
}

/// What came of feeding bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fed {
    /// How many of the bytes were taken. The rest is the caller's: after an event it belongs to
    /// whatever comes next, else there is none.
    pub(crate) consumed: usize,
    /// What the person asked for, if it concerns the caller.
    pub(crate) event: Option<EditorEvent>,
    /// What to write to the terminal before anything else.
    pub(crate) output: Vec<u8>,
}

/// What a person asked for. The editor is idle after each until [`Editor::begin`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EditorEvent {
    /// Judge these bytes. The cursor is below the line.
    Submit(Vec<u8>),
    /// Ctrl-C: the line was dropped. The cursor is below it.
    Interrupt,
    /// Ctrl-D on an empty line. The cursor is behind the prompt, where shells print `exit`.
    EndOfInput,
    /// The line was longer than [`LONGEST_LINE`] and was dropped whole. The cursor is below it.
    TooLong,
}

/// A search through history that is under way.
struct Search {
    direction: SearchDirection,
    query: Vec<u8>,
    /// The entry that holds the query, and where; as long as one was found.
    found: Option<(usize, usize)>,
    outcome: Outcome,
    /// What the terminal shows behind the search's prompt.
    text: Vec<u8>,
    cursor: usize,
    /// The user's own prompt.
    prompt: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SearchDirection {
    Back,
    Forward,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Found,
    Failed,
}

/// What the last command was, where the next depends on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Previous {
    #[default]
    Other,
    /// Tab, and there was nothing all candidates agree on.
    Undecided,
    /// A last argument was put at this place, from the entry so far back.
    LastArgument(Range<usize>, usize),
}

/// Whether all that was typed fits the line. Once it does not, nothing typed or deleted makes it
/// whole again: the line then lacks bytes that the person knows of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    Whole,
    Cut,
}

impl fmt::Debug for Editor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Editor")
            .field("text", &cells::shown(self.text()))
            .finish_non_exhaustive()
    }
}

impl Editor {
    /// An editor that is idle until [`Editor::begin`].
    pub(crate) fn new(options: EditorOptions) -> Editor {
        let EditorOptions {
            terminal,
            colour,
            columns,
            rows,
            history,
            ..
        } = options;
        Editor {
            keys: Keys::default(),
            buffer: Buffer::default(),
            painter: Painter::new(terminal, colour, columns, rows),
            history: History::new(history),
            search: None,
            previous: Previous::Other,
            fit: Fit::Whole,
            completeness: options.completeness,
            colouring: options.colouring,
            completer: options.completer,
        }
    }

    /// Begins a line. The shell has printed its prompt; `prompt_line` is the last line of it.
    ///
    /// Where the line was not submitted (the shell printed its prompt again), it is painted again.
    pub(crate) fn begin(&mut self, prompt_line: &[u8]) -> Vec<u8> {
        self.end_search();
        self.painter.begin(prompt_line);
        self.previous = Previous::Other;
        self.buffer.take_changed();
        if !self.buffer.text().is_empty() {
            self.sync_from(Some(0));
        }
        self.painter.take_output()
    }

    /// Takes bytes from the terminal, up to and with the first that makes an event.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Fed {
        let mut consumed = 0;
        let mut event = None;
        while event.is_none() {
            let rest = bytes.get(consumed..).unwrap_or_default();
            let (used, input) = self.keys.next(rest);
            consumed = consumed.saturating_add(used);
            match input {
                Some(input) => event = self.take_input(input),
                None => break,
            }
        }
        if event.is_none() {
            self.sync();
        }
        Fed {
            consumed,
            event,
            output: self.painter.take_output(),
        }
    }

    /// Whether bytes are held that [`Editor::flush_escape`] would decide on. The caller waits some
    /// 50 ms for more before it calls that.
    pub(crate) fn awaits_more(&self) -> bool {
        self.keys.unsettled()
    }

    /// Decides that an ESC that nothing followed was the Escape key.
    pub(crate) fn flush_escape(&mut self) -> Vec<u8> {
        if let Some(input) = self.keys.settle() {
            self.take_input(input);
            self.sync();
        }
        self.painter.take_output()
    }

    /// Takes back the bytes of a key or character that has not come whole.
    #[cfg(test)]
    pub(crate) fn take_pending(&mut self) -> Vec<u8> {
        self.keys.take_held()
    }

    /// What has been typed and not submitted.
    pub(crate) fn text(&self) -> &[u8] {
        self.buffer.text()
    }

    /// Takes what has been typed and not submitted, without painting.
    #[cfg(test)]
    pub(crate) fn take_text(&mut self) -> Vec<u8> {
        self.end_search();
        self.fit = Fit::Whole;
        self.history.leave();
        self.buffer.take()
    }

    /// Sets the prompt of the lines after the first: the shell's PS2.
    pub(crate) fn set_continuation_prompt(&mut self, prompt: &[u8]) {
        self.painter.set_continuation(prompt);
    }

    /// Takes prompt line and input off the terminal, so that something else can be written.
    pub(crate) fn hide(&mut self) -> Vec<u8> {
        self.painter.hide();
        self.painter.take_output()
    }

    /// Paints them again. The cursor must be at the beginning of a row.
    pub(crate) fn show(&mut self) -> Vec<u8> {
        let spans = self.spans(Wanted::Always);
        let (text, cursor) = view(&self.buffer, &self.search);
        self.painter.show(text, cursor, spans);
        self.buffer.take_changed();
        self.painter.take_output()
    }

    /// Takes note of the terminal's size.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) -> Vec<u8> {
        let spans = self.spans(Wanted::IfShown);
        let (text, cursor) = view(&self.buffer, &self.search);
        self.painter.resize(columns, rows, text, cursor, spans);
        self.painter.take_output()
    }

    /// Takes note of whether the terminal echoes.
    pub(crate) fn set_echo(&mut self, echo: Echo) -> Vec<u8> {
        let spans = self.spans(Wanted::Always);
        let (text, cursor) = view(&self.buffer, &self.search);
        self.painter.set_echo(echo, text, cursor, spans);
        self.painter.take_output()
    }

    /// Keeps a line in history, unless it begins with a blank or repeats the one before.
    ///
    /// Returns whether it was kept, so that the caller can do the same with its file.
    pub(crate) fn push_history(&mut self, line: &[u8]) -> bool {
        self.history.push(line)
    }

    fn take_input(&mut self, input: Input) -> Option<EditorEvent> {
        let previous = std::mem::take(&mut self.previous);
        match input {
            Input::Typed(text) if self.search.is_some() => {
                self.extend_query(&text);
                None
            }
            Input::Typed(text) | Input::Pasted(text) => {
                self.end_search();
                self.insert(&text);
                None
            }
            Input::Command(command) => match self.run_in_search(command) {
                Some(command) => self.run(command, previous),
                None => None,
            },
        }
    }

    fn insert(&mut self, text: &[u8]) {
        if self.buffer.text().len().saturating_add(text.len()) > LONGEST_LINE {
            self.fit = Fit::Cut;
        }
        if self.fit == Fit::Whole && !text.is_empty() {
            self.buffer.insert(text);
        }
    }

    fn run(&mut self, command: Command, previous: Previous) -> Option<EditorEvent> {
        let cursor = self.buffer.cursor();
        match command {
            Command::Accept => return self.accept(),
            Command::Interrupt => {
                self.finish(b"^C");
                return Some(EditorEvent::Interrupt);
            }
            Command::DeleteOrEnd if self.buffer.text().is_empty() && self.fit == Fit::Whole => {
                self.sync();
                self.painter.leave();
                self.history.leave();
                return Some(EditorEvent::EndOfInput);
            }
            Command::DeleteOrEnd | Command::Delete => {
                let end = self.buffer.right();
                if end > cursor {
                    self.buffer.replace(cursor..end, b"");
                }
            }
            Command::Backspace => {
                let start = self.buffer.left();
                if start < cursor {
                    self.buffer.replace(start..cursor, b"");
                }
            }
            Command::Left => self.buffer.go(self.buffer.left()),
            Command::Right => self.buffer.go(self.buffer.right()),
            Command::WordLeft => self.buffer.go(self.buffer.word_left()),
            Command::WordRight => self.buffer.go(self.buffer.word_right()),
            Command::LineStart => self.buffer.go(self.buffer.line_start()),
            Command::LineEnd => self.buffer.go(self.buffer.line_end()),
            Command::Up => match self.buffer.line_above() {
                Some(above) => self.buffer.go(above),
                None => {
                    let entry = self.history.older(self.buffer.text());
                    self.recall(entry);
                }
            },
            Command::Down => match self.buffer.line_below() {
                Some(below) => self.buffer.go(below),
                None => {
                    let entry = self.history.newer();
                    self.recall(entry);
                }
            },
            Command::FirstEntry => {
                let entry = self.history.oldest(self.buffer.text());
                self.recall(entry);
            }
            Command::LastEntry => {
                let entry = self.history.newest();
                self.recall(entry);
            }
            Command::SearchBack => self.begin_search(),
            Command::KillLineEnd => {
                // At the end of a line, the line break.
                let end = match self.buffer.line_end() {
                    end if end == cursor => self.buffer.right(),
                    end => end,
                };
                self.buffer.kill(cursor..end, Direction::Forward);
            }
            Command::KillLineStart => {
                let start = match self.buffer.line_start() {
                    start if start == cursor => self.buffer.left(),
                    start => start,
                };
                self.buffer.kill(start..cursor, Direction::Backward);
            }
            Command::KillBlankWordLeft => {
                self.buffer
                    .kill(self.buffer.blank_word_left()..cursor, Direction::Backward);
            }
            Command::KillWordLeft => {
                self.buffer
                    .kill(self.buffer.word_left()..cursor, Direction::Backward);
            }
            Command::KillWordRight => {
                self.buffer
                    .kill(cursor..self.buffer.word_right(), Direction::Forward);
            }
            Command::Yank => self.within_limit(Buffer::yank),
            Command::YankOlder => self.within_limit(Buffer::yank_older),
            Command::Transpose => self.buffer.transpose(),
            Command::UpperCase => self.within_limit(|buffer| buffer.change_case(Case::Upper)),
            Command::LowerCase => self.within_limit(|buffer| buffer.change_case(Case::Lower)),
            Command::Capitalize => self.within_limit(|buffer| buffer.change_case(Case::Capital)),
            Command::Undo => self.buffer.undo(),
            Command::ClearScreen => {
                let spans = self.spans(Wanted::IfShown);
                self.buffer.take_changed();
                self.painter
                    .clear_screen(self.buffer.text(), self.buffer.cursor(), spans);
            }
            Command::LastArgument => self.last_argument(previous),
            Command::Complete => self.complete(previous),
            // Ctrl-S stops the output of a terminal that is not raw: whoever sends it out of that
            // habit does not expect a search to take what follows.
            Command::SearchForward | Command::Cancel | Command::Escape => {}
        }
        None
    }

    fn accept(&mut self) -> Option<EditorEvent> {
        let text = self.buffer.text();
        let whole = self.fit == Fit::Cut
            || text.is_empty()
            || (self.completeness)(text) == Completeness::Complete;
        if !whole && text.len() < LONGEST_LINE {
            self.buffer.go(self.buffer.text().len());
            self.buffer.insert(b"\n");
            self.painter.continue_unseen();
            return None;
        }
        let fit = self.fit;
        let line = self.finish(b"");
        match (fit, whole) {
            (Fit::Whole, true) => Some(EditorEvent::Submit(line)),
            (Fit::Cut, _) | (Fit::Whole, false) => Some(EditorEvent::TooLong),
        }
    }

    /// Leaves the line: the cursor goes below it, the text is taken.
    fn finish(&mut self, mark: &[u8]) -> Vec<u8> {
        self.buffer.go(self.buffer.text().len());
        self.sync();
        self.painter.end(self.buffer.text(), mark);
        self.history.leave();
        self.fit = Fit::Whole;
        self.buffer.take()
    }

    fn recall(&mut self, entry: Option<Vec<u8>>) {
        if let Some(entry) = entry {
            self.buffer.set(entry);
        }
    }

    fn within_limit(&mut self, edit: impl FnOnce(&mut Buffer)) {
        edit(&mut self.buffer);
        if self.buffer.text().len() > LONGEST_LINE {
            self.buffer.undo();
        }
    }

    fn last_argument(&mut self, previous: Previous) {
        let (range, back) = match previous {
            Previous::LastArgument(range, back) => (range, back.saturating_add(1)),
            Previous::Other | Previous::Undecided => {
                (self.buffer.cursor()..self.buffer.cursor(), 0)
            }
        };
        let Some(word) = self.history.last_word(back).map(<[u8]>::to_vec) else {
            return;
        };
        let start = range.start;
        self.within_limit(|buffer| buffer.replace(range, &word));
        let end = start.saturating_add(word.len());
        self.previous = Previous::LastArgument(start..end, back);
    }

    fn complete(&mut self, previous: Previous) {
        let cursor = self.buffer.cursor();
        let Some(completer) = self.completer.as_mut() else {
            return;
        };
        let Completions { from, candidates } = completer.complete(self.buffer.text(), cursor);
        let from = from.min(cursor);
        let agreed = match candidates.as_slice() {
            [] => return,
            [only] => only.text.as_slice(),
            _ => completion::common_prefix(&candidates),
        };
        let typed = self.buffer.text().get(from..cursor).unwrap_or_default();
        if agreed != typed && (candidates.len() == 1 || agreed.len() >= typed.len()) {
            // What is typed already stays, so that only the rest is painted.
            let (range, put) = match agreed.strip_prefix(typed) {
                Some(rest) => (cursor..cursor, rest.to_vec()),
                None => (from..cursor, agreed.to_vec()),
            };
            self.within_limit(|buffer| buffer.replace(range, &put));
        } else if candidates.len() > 1 {
            if previous == Previous::Undecided {
                self.sync();
                let lines = completion::listing(&candidates, self.painter.columns());
                let spans = self.spans(Wanted::IfShown);
                self.painter.list(&lines, self.buffer.text(), cursor, spans);
            }
            self.previous = Previous::Undecided;
        }
    }

    fn begin_search(&mut self) {
        self.sync();
        self.search = Some(Search {
            direction: SearchDirection::Back,
            query: Vec::new(),
            found: None,
            outcome: Outcome::Found,
            text: self.buffer.text().to_vec(),
            cursor: self.buffer.cursor(),
            prompt: self.painter.prompt().to_vec(),
        });
        self.paint_search();
    }

    fn extend_query(&mut self, text: &[u8]) {
        if let Some(search) = self.search.as_mut()
            && search.query.len().saturating_add(text.len()) <= LONGEST_QUERY
        {
            search.query.extend_from_slice(text);
            let from = search.found.map(|(at, _)| at);
            self.search_on(from, Step::Stay);
        }
    }

    /// Does what `command` does in a search. What ends the search first is given back.
    fn run_in_search(&mut self, command: Command) -> Option<Command> {
        let Some(search) = self.search.as_mut() else {
            return Some(command);
        };
        let from = search.found.map(|(at, _)| at);
        match command {
            Command::SearchBack => {
                search.direction = SearchDirection::Back;
                self.search_on(from, Step::Past);
                None
            }
            Command::SearchForward => {
                search.direction = SearchDirection::Forward;
                self.search_on(from, Step::Past);
                None
            }
            Command::Backspace => {
                let end = cells::previous_char(&search.query, search.query.len());
                search.query.truncate(end);
                search.found = None;
                self.search_on(None, Step::Stay);
                None
            }
            Command::Cancel => {
                search.found = None;
                self.end_search();
                None
            }
            Command::Interrupt => {
                search.found = None;
                self.end_search();
                Some(command)
            }
            Command::Escape => {
                self.end_search();
                None
            }
            Command::Accept
            | Command::DeleteOrEnd
            | Command::Delete
            | Command::Left
            | Command::Right
            | Command::WordLeft
            | Command::WordRight
            | Command::LineStart
            | Command::LineEnd
            | Command::Up
            | Command::Down
            | Command::FirstEntry
            | Command::LastEntry
            | Command::KillLineEnd
            | Command::KillLineStart
            | Command::KillBlankWordLeft
            | Command::KillWordLeft
            | Command::KillWordRight
            | Command::Yank
            | Command::YankOlder
            | Command::Transpose
            | Command::UpperCase
            | Command::LowerCase
            | Command::Capitalize
            | Command::Undo
            | Command::ClearScreen
            | Command::LastArgument
            | Command::Complete => {
                self.end_search();
                Some(command)
            }
        }
    }

    /// Looks for the query from the entry `from` on, or from the end of history.
    fn search_on(&mut self, from: Option<usize>, step: Step) {
        let Some(search) = self.search.as_mut() else {
            return;
        };
        let past = usize::from(step == Step::Past);
        let found = match (search.direction, from) {
            (SearchDirection::Back, Some(at)) => {
                let before = at.saturating_add(1).saturating_sub(past);
                self.history.search_back(&search.query, before)
            }
            (SearchDirection::Back, None) => {
                self.history.search_back(&search.query, self.history.len())
            }
            (SearchDirection::Forward, Some(at)) => self
                .history
                .search_forward(&search.query, at.saturating_add(past)),
            (SearchDirection::Forward, None) => None,
        };
        search.outcome = match found {
            None if !search.query.is_empty() => Outcome::Failed,
            None | Some(_) => Outcome::Found,
        };
        if let Some((at, place)) = found {
            search.found = found;
            search.text = self.history.entry(at).unwrap_or_default().to_vec();
            search.cursor = place;
        }
        self.paint_search();
    }

    fn paint_search(&mut self) {
        let Some(search) = self.search.as_ref() else {
            return;
        };
        let prompt = format!(
            "({}{}i-search)`{}': ",
            match search.outcome {
                Outcome::Found => "",
                Outcome::Failed => "failed ",
            },
            match search.direction {
                SearchDirection::Back => "reverse-",
                SearchDirection::Forward => "",
            },
            cells::shown(&search.query),
        );
        let spans = self.spans(Wanted::IfShown);
        let (text, cursor) = view(&self.buffer, &self.search);
        self.painter
            .change_prompt(prompt.as_bytes(), text, cursor, spans);
    }

    /// Puts the user's prompt back, and what was found into the line.
    fn end_search(&mut self) {
        let Some(search) = self.search.take() else {
            return;
        };
        if let Some((at, place)) = search.found {
            let entry = self.history.visit(at, self.buffer.text());
            self.recall(entry);
            self.buffer.go(place);
        }
        self.buffer.take_changed();
        let spans = self.spans(Wanted::IfShown);
        let (text, cursor) = (self.buffer.text(), self.buffer.cursor());
        self.painter
            .change_prompt(&search.prompt, text, cursor, spans);
    }

    /// Makes the terminal show the line as it is now.
    fn sync(&mut self) {
        if self.search.is_none() {
            let changed = self.buffer.take_changed();
            self.sync_from(changed);
        }
    }

    fn sync_from(&mut self, changed: Option<usize>) {
        let spans = self.spans(Wanted::IfShown);
        self.painter
            .sync(self.buffer.text(), self.buffer.cursor(), changed, spans);
    }

    fn spans(&mut self, wanted: Wanted) -> Vec<Span> {
        let (text, _) = view(&self.buffer, &self.search);
        let wanted = wanted == Wanted::Always || self.painter.colours();
        match self.colouring.as_mut() {
            Some(colouring) if wanted && text.len() <= COLOURED_BYTES => colouring(text),
            Some(_) | None => Vec::new(),
        }
    }
}

/// When the colours of a line are worth asking for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Always,
    /// If the line is on the terminal, and in colour.
    IfShown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The entry that was found may be found again.
    Stay,
    /// The next one is wanted.
    Past,
}

/// The text on the terminal, and the cursor in it.
fn view<'a>(buffer: &'a Buffer, search: &'a Option<Search>) -> (&'a [u8], usize) {
    match search {
        Some(search) => (&search.text, search.cursor),
        None => (buffer.text(), buffer.cursor()),
    }
}
