//! Brace lists and ranges, as bash expands them before anything else.

use super::fields::MAX_FIELDS;
use guardsh_syntax::{WordPart, WordPartKind};

/// What came of brace expansion.
pub(super) enum Braces {
    Expanded,
    /// Not exactly known.
    Unsure,
    /// The text that comes out would be read as another expansion.
    MakesExpansion,
}

pub(super) fn has_braces(parts: &[WordPart]) -> bool {
    parts.iter().any(|part| {
        matches!(
            part.kind,
            WordPartKind::BraceList(_) | WordPartKind::BraceRange(_)
        )
    })
}

/// Replaces brace lists by the words they stand for, before anything else expands.
pub(super) fn braces(parts: &[WordPart], all: &mut Vec<Vec<WordPart>>, depth: usize) -> Braces {
    let Some(at) = parts.iter().position(|part| {
        matches!(
            part.kind,
            WordPartKind::BraceList(_) | WordPartKind::BraceRange(_)
        )
    }) else {
        if all.len() >= MAX_FIELDS {
            return Braces::Unsure;
        }
        if let Some(trouble) = trouble(parts) {
            return trouble;
        }
        // An empty alternative alone is no word.
        if !parts.is_empty() {
            all.push(parts.to_vec());
        }
        return Braces::Expanded;
    };
    if depth > 16 {
        return Braces::Unsure;
    }
    let before = parts.get(..at).unwrap_or_default();
    let after = parts.get(at + 1..).unwrap_or_default();
    let choices: Vec<Vec<WordPart>> = match parts.get(at).map(|part| (&part.kind, part.span)) {
        Some((WordPartKind::BraceList(words), _)) => {
            words.iter().map(|word| word.parts.clone()).collect()
        }
        Some((WordPartKind::BraceRange(text), span)) => match range(text) {
            Some(values) => values
                .into_iter()
                .map(|value| {
                    vec![WordPart {
                        kind: WordPartKind::Literal(value),
                        span,
                    }]
                })
                .collect(),
            None => return Braces::Unsure,
        },
        Some(_) | None => return Braces::Unsure,
    };
    for choice in choices {
        let mut whole = before.to_vec();
        whole.extend(choice);
        whole.extend_from_slice(after);
        match braces(&whole, all, depth + 1) {
            Braces::Expanded => {}
            stop @ (Braces::Unsure | Braces::MakesExpansion) => return stop,
        }
    }
    Braces::Expanded
}

/// Parts that came together by brace expansion and would be read anew.
pub(super) fn trouble(parts: &[WordPart]) -> Option<Braces> {
    let mut dollar = false;
    // `{$x,b}c` makes `$xc`.
    let mut open_name = false;
    for part in parts {
        if dollar {
            return Some(Braces::MakesExpansion);
        }
        if let WordPartKind::Literal(bytes) = &part.kind {
            dollar = bytes.ends_with(b"$");
            if bytes.starts_with(b"~")
                || open_name
                    && bytes
                        .first()
                        .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_[".contains(byte))
            {
                return Some(Braces::Unsure);
            }
            if bytes
                .windows(2)
                .any(|pair| matches!(pair, [b':' | b'=', b'~']))
            {
                return Some(Braces::Unsure);
            }
        }
        open_name = matches!(&part.kind, WordPartKind::Param(param) if !param.braced);
    }
    None
}

/// `1..9`, `1..9..2`, `a..e` as bash counts them; `None` where that is not sure.
pub(super) fn range(text: &[u8]) -> Option<Vec<Vec<u8>>> {
    let text = std::str::from_utf8(text).ok()?;
    let mut ends = text.split("..");
    let (from, to, step) = (ends.next()?, ends.next()?, ends.next());
    if ends.next().is_some() {
        return None;
    }
    let step = match step {
        None => 1,
        Some(step) => step.parse::<i64>().ok().filter(|step| *step > 0)?,
    };
    let letters = |end: &str| match end.as_bytes() {
        [letter] if letter.is_ascii_alphabetic() => Some(i64::from(*letter)),
        _ => None,
    };
    if let (Some(first), Some(last)) = (letters(from), letters(to)) {
        // Between the cases lie characters that mean something.
        let same_case = from.as_bytes().first()?.is_ascii_lowercase()
            == to.as_bytes().first()?.is_ascii_lowercase();
        if !same_case {
            return None;
        }
        return Some(
            count(first, last, step)?
                .into_iter()
                .filter_map(|letter| u8::try_from(letter).ok().map(|letter| vec![letter]))
                .collect(),
        );
    }
    if !super::state::is_plain_integer(from.as_bytes())
        || !super::state::is_plain_integer(to.as_bytes())
        || from == "-0"
        || to == "-0"
    {
        // Leading zeros pad.
        return None;
    }
    Some(
        count(from.parse().ok()?, to.parse().ok()?, step)?
            .into_iter()
            .map(|number| number.to_string().into_bytes())
            .collect(),
    )
}

pub(super) fn count(from: i64, to: i64, step: i64) -> Option<Vec<i64>> {
    let size = usize::try_from(from.abs_diff(to) / step.unsigned_abs()).ok()?;
    if size > MAX_FIELDS {
        return None;
    }
    let step = if from <= to { step } else { -step };
    let mut all = Vec::new();
    let mut next = from;
    for _ in 0..=size {
        all.push(next);
        next = next.checked_add(step)?;
    }
    Some(all)
}
