//! What Tab does: as much as all candidates agree on, or a list of them.

use unicode_width::UnicodeWidthStr;

use super::Candidate;
use super::cells::shown;

/// The most candidates that are listed.
const LISTED: usize = 200;

/// What all candidates begin with.
pub(super) fn common_prefix(candidates: &[Candidate]) -> &[u8] {
    let Some((first, rest)) = candidates.split_first() else {
        return b"";
    };
    let mut len = first.text.len();
    for candidate in rest {
        let same = first
            .text
            .iter()
            .zip(&candidate.text)
            .take_while(|(a, b)| a == b)
            .count();
        len = len.min(same);
    }
    // Not half a character: its other half would be typed after it.
    let prefix = first.text.get(..len).unwrap_or_default();
    let whole = len.saturating_sub(super::cells::unfinished_suffix(prefix));
    prefix.get(..whole).unwrap_or_default()
}

/// The candidates in columns, downwards, as `ls` does it.
pub(super) fn listing(candidates: &[Candidate], columns: usize) -> Vec<String> {
    let names: Vec<String> = candidates
        .iter()
        .take(LISTED)
        .map(|candidate| shown(&candidate.shown))
        .collect();
    let widest = names
        .iter()
        .map(|name| name.width())
        .max()
        .unwrap_or(0)
        .saturating_add(2);
    let across = (columns / widest).max(1);
    let down = names.len().div_ceil(across);
    let mut lines = vec![String::new(); down];
    for (at, name) in names.iter().enumerate() {
        if let Some(line) = lines.get_mut(at % down) {
            line.push_str(name);
            // Never behind the last one: a full row would be followed by an empty one.
            if at.saturating_add(down) < names.len() {
                let fill = widest.saturating_sub(name.width());
                line.extend(std::iter::repeat_n(' ', fill));
            }
        }
    }
    let left = candidates.len().saturating_sub(names.len());
    if left > 0 {
        lines.push(format!("... and {left} more"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(names: &[&str]) -> Vec<Candidate> {
        names
            .iter()
            .map(|name| Candidate {
                text: name.as_bytes().to_vec(),
                shown: name.as_bytes().to_vec(),
            })
            .collect()
    }

    #[test]
    fn the_common_prefix_ends_between_characters() {
        assert_eq!(common_prefix(&candidates(&["make", "main", "mark"])), b"ma");
        assert_eq!(common_prefix(&candidates(&["a€", "a₭"])), b"a");
        assert_eq!(common_prefix(&candidates(&["one"])), b"one");
        assert_eq!(common_prefix(&[]), b"");
    }

    #[test]
    fn candidates_are_listed_downwards_and_harmless() {
        let lines = listing(&candidates(&["a", "b", "c\x1b[2J", "d", "e"]), 22);
        assert_eq!(lines, ["a       d", "b       e", "c^[[2J"]);
        let many: Vec<String> = (0..300).map(|n| n.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(
            listing(&candidates(&many), 80).last().unwrap(),
            "... and 100 more"
        );
        assert_eq!(listing(&candidates(&["wide name"]), 3), ["wide name"]);
    }
}
