//! What is wrong with a configuration, and where.

use std::fmt;

/// One thing that is wrong, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file, as it is shown.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What is wrong, in words.
    pub message: String,
    /// The line of the file.
    pub excerpt: String,
    /// How many characters of it are meant.
    pub width: usize,
}

/// Everything that is wrong with a configuration; at least one error, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    /// `None` where there are none.
    pub(crate) fn new(mut errors: Vec<ConfigError>) -> Option<Self> {
        errors.sort_by_key(|error| (error.line, error.column));
        (!errors.is_empty()).then_some(Self(errors))
    }

    /// The errors.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.0.iter()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            column,
            message,
            ..
        } = self;
        write!(f, "{file}:{line}:{column}: {message}")?;
        if !self.excerpt.trim().is_empty() {
            let number = line.to_string();
            let margin = " ".repeat(number.len());
            let before = " ".repeat(column.saturating_sub(1));
            let mark = "^".repeat(self.width.max(1));
            write!(f, "\n  {number} | {}", self.excerpt)?;
            write!(f, "\n  {margin} | {before}{mark}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// Makes errors for one text.
pub(crate) struct Places<'a> {
    pub(crate) text: &'a str,
    pub(crate) file: &'a str,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl<'a> Places<'a> {
    pub(crate) fn new(text: &'a str, file: &'a str) -> Self {
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0)
            .chain(newlines.map(|(at, _)| at + 1))
            .collect();
        Self { text, file, lines }
    }

    pub(crate) fn error(&self, span: std::ops::Range<usize>, message: String) -> ConfigError {
        let (line, column) = self.place(span.start);
        let begin = self.lines.get(line - 1).copied().unwrap_or_default();
        let excerpt = self
            .text
            .get(begin..)
            .and_then(|text| text.lines().next())
            .unwrap_or_default();
        let width = self
            .text
            .get(span.clone())
            .and_then(|text| text.lines().next())
            .map_or(1, |text| text.chars().count());
        ConfigError {
            file: self.file.to_owned(),
            line,
            column,
            message,
            excerpt: printable(excerpt),
            width,
        }
    }

    /// Line and column, both from 1.
    pub(crate) fn place(&self, offset: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|begin| *begin <= offset).max(1);
        let begin = self.lines.get(line - 1).copied().unwrap_or_default();
        let column = self
            .text
            .get(begin..offset)
            .map_or(0, |text| text.chars().count())
            + 1;
        (line, column)
    }
}

/// One character stays one character, so that the mark below still points at it.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' => ' ',
            c if c.is_control() => '\u{fffd}',
            // What reorders or hides text.
            '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}' => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// The known name that is most like this one, if one is like it.
pub(crate) fn nearest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    // A word may be off by a third of its letters.
    let allowed = (name.chars().count() / 3).clamp(1, 3);
    known
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Letters to insert, remove, replace or swap.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(64).collect();
    let b: Vec<char> = b.chars().take(64).collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let at =
                |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX / 2);
            let mut best = (at(&last, j + 1) + 1)
                .min(at(&row, j) + 1)
                .min(at(&last, j) + usize::from(from != to));
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(to) && b.get(j - 1) == Some(from);
            if swapped {
                best = best.min(at(&before_last, j - 1) + 1);
            }
            row.push(best);
        }
        before_last = last;
        last = row;
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_nothing_is_invented() {
        let known = ["allow", "default", "packs"];
        assert_eq!(nearest("alow", known.into_iter()), Some("allow"));
        assert_eq!(nearest("pakcs", known.into_iter()), Some("packs"));
        assert_eq!(nearest("zebra", known.into_iter()), None);
    }
}
