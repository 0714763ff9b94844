//! The lines submitted before, and the way through them.

use std::collections::VecDeque;

/// The most entries kept; the oldest go first.
const ENTRIES: usize = 10_000;
/// The most bytes all entries hold together.
const BYTES: usize = 8 << 20;

/// Lines submitted before, oldest first.
#[derive(Debug, Default)]
pub(super) struct History {
    entries: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Where the person has gone to, and the line that was being typed then.
    visiting: Option<(usize, Vec<u8>)>,
}

impl History {
    pub(super) fn new(entries: Vec<Vec<u8>>) -> History {
        let mut history = History::default();
        for entry in entries {
            history.keep(entry);
        }
        history
    }

    /// Keeps `line`, as bash does with `HISTCONTROL=ignoreboth`: not when it begins with a blank,
    /// and not again right after itself.
    ///
    /// Returns whether it was kept, so that the caller can write the same to its file.
    pub(super) fn push(&mut self, line: &[u8]) -> bool {
        let line = line.trim_ascii_end();
        let ignored = line.is_empty()
            || line.first().is_some_and(|b| matches!(b, b' ' | b'\t'))
            || self.entries.back().is_some_and(|last| last == line);
        if !ignored {
            self.keep(line.to_vec());
        }
        !ignored
    }

    fn keep(&mut self, entry: Vec<u8>) {
        // A longer one could be recalled, but not submitted.
        if entry.is_empty() || entry.len() > super::LONGEST_LINE {
            return;
        }
        self.bytes = self.bytes.saturating_add(entry.len());
        self.entries.push_back(entry);
        while self.entries.len() > ENTRIES || self.bytes > BYTES {
            let dropped = self.entries.pop_front().map_or(0, |entry| entry.len());
            self.bytes = self.bytes.saturating_sub(dropped);
        }
    }

    /// The person is at a new line again.
    pub(super) fn leave(&mut self) {
        self.visiting = None;
    }

    /// The entry before the one visited, `line` being what is in the editor now.
    pub(super) fn older(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        let at = self
            .visiting
            .as_ref()
            .map_or(self.entries.len(), |(at, _)| *at);
        self.visit(at.checked_sub(1)?, line)
    }

    /// The entry after the one visited; after the newest, the line that was being typed.
    pub(super) fn newer(&mut self) -> Option<Vec<u8>> {
        let (at, _) = self.visiting.as_ref()?;
        match self.entries.get(at.checked_add(1)?).cloned() {
            Some(entry) => {
                if let Some((at, _)) = self.visiting.as_mut() {
                    *at = at.saturating_add(1);
                }
                Some(entry)
            }
            None => self.visiting.take().map(|(_, line)| line),
        }
    }

    /// The oldest entry.
    pub(super) fn oldest(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        self.visit(0, line)
    }

    /// The line that was being typed, if an entry is visited.
    pub(super) fn newest(&mut self) -> Option<Vec<u8>> {
        self.visiting.take().map(|(_, line)| line)
    }

    /// Goes to the entry at `at`.
    pub(super) fn visit(&mut self, at: usize, line: &[u8]) -> Option<Vec<u8>> {
        let entry = self.entries.get(at)?.clone();
        match self.visiting.as_mut() {
            Some((visited, _)) => *visited = at,
            None => self.visiting = Some((at, line.to_vec())),
        }
        Some(entry)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn entry(&self, at: usize) -> Option<&[u8]> {
        self.entries.get(at).map(Vec::as_slice)
    }

    /// The newest entry before `before` that holds `query`, and where in it.
    pub(super) fn search_back(&self, query: &[u8], before: usize) -> Option<(usize, usize)> {
        (0..before.min(self.entries.len()))
            .rev()
            .find_map(|at| self.holds(at, query))
    }

    /// The oldest entry from `from` on that holds `query`, and where in it.
    pub(super) fn search_forward(&self, query: &[u8], from: usize) -> Option<(usize, usize)> {
        (from..self.entries.len()).find_map(|at| self.holds(at, query))
    }

    fn holds(&self, at: usize, query: &[u8]) -> Option<(usize, usize)> {
        let entry = self.entries.get(at)?;
        if query.is_empty() {
            return None;
        }
        let found = entry
            .windows(query.len())
            .rposition(|window| window == query)?;
        Some((at, found))
    }

    /// The last word of the entry that is `back` before the end, 0 being the newest.
    pub(super) fn last_word(&self, back: usize) -> Option<&[u8]> {
        let at = self.entries.len().checked_sub(back)?.checked_sub(1)?;
        Some(last_word(self.entries.get(at)?))
    }
}

/// The last word of a line as it was typed, quotes included.
fn last_word(line: &[u8]) -> &[u8] {
    let line = line.trim_ascii_end();
    let mut start = 0;
    let mut quote = None;
    let mut escaped = false;
    for (at, &byte) in line.iter().enumerate() {
        if escaped {
            escaped = false;
        } else {
            match (quote, byte) {
                (None | Some(b'"'), b'\\') => escaped = true,
                (None, b'\'' | b'"') => quote = Some(byte),
                (Some(open), close) if open == close => quote = None,
                (None, b' ' | b'\t' | b'\n') => start = at.saturating_add(1),
                (None | Some(_), _) => {}
            }
        }
    }
    line.get(start..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(entries: &[&str]) -> History {
        History::new(
            entries
                .iter()
                .map(|entry| entry.as_bytes().to_vec())
                .collect(),
        )
    }

    #[test]
    fn blank_first_repeated_and_empty_lines_are_not_kept() {
        let mut history = history(&[]);
        assert!(history.push(b"one"));
        assert!(!history.push(b"one"));
        assert!(!history.push(b" secret"));
        assert!(!history.push(b""));
        assert!(history.push(b"two\nlines\n"));
        assert_eq!(history.entries, [b"one".to_vec(), b"two\nlines".to_vec()]);
    }

    #[test]
    fn the_line_being_typed_comes_back_after_the_newest_entry() {
        let mut history = history(&["one", "two"]);
        assert_eq!(history.newer(), None);
        assert_eq!(history.older(b"draft").unwrap(), b"two");
        assert_eq!(history.older(b"two").unwrap(), b"one");
        assert_eq!(history.older(b"one"), None);
        assert_eq!(history.newer().unwrap(), b"two");
        assert_eq!(history.newer().unwrap(), b"draft");
        assert_eq!(history.newer(), None);
    }

    #[test]
    fn history_is_bounded_in_entries_and_bytes() {
        let mut history = history(&[]);
        for n in 0..ENTRIES + 50 {
            history.push(n.to_string().as_bytes());
        }
        assert_eq!(history.len(), ENTRIES);
        for n in 0..20 {
            history.push(&vec![b'a' + n; 1 << 20]);
        }
        assert!(history.bytes <= BYTES);
        assert_eq!(
            history.bytes,
            history.entries.iter().map(Vec::len).sum::<usize>()
        );
    }

    #[test]
    fn a_search_finds_the_nearest_entry_in_its_direction() {
        let history = history(&["make a", "ls", "make b"]);
        assert_eq!(history.search_back(b"make", 3), Some((2, 0)));
        assert_eq!(history.search_back(b"make", 2), Some((0, 0)));
        assert_eq!(history.search_back(b"make", 0), None);
        assert_eq!(history.search_forward(b"make", 1), Some((2, 0)));
        assert_eq!(history.search_back(b"", 3), None);
    }

    #[test]
    fn the_last_word_keeps_its_quotes() {
        assert_eq!(last_word(b"cp a 'b c' "), b"'b c'");
        assert_eq!(last_word(br"cp a b\ c"), br"b\ c");
        assert_eq!(last_word(b"ls"), b"ls");
        assert_eq!(last_word(b""), b"");
        assert_eq!(history(&["a b", "c d"]).last_word(1), Some(&b"b"[..]));
    }
}
