//! Brace expansion, found among the unquoted bytes of a word as bash finds it.

use crate::ast::{Span, Word, WordPart, WordPartKind};
use crate::reader::{Read, Reader};

/// One unquoted byte that matters, or anything else.
#[expect(clippy::large_enum_variant, reason = "lives for one word")]
enum Token {
    Open(Span),
    Close,
    Comma(Span),
    Part(WordPart),
}

impl Reader<'_> {
    /// Splits literals at braces and commas and puts groups together.
    pub(crate) fn braces(&mut self, parts: Vec<WordPart>, is_target: bool) -> Read<Vec<WordPart>> {
        if !self.is_bash() || !has_open_brace(&parts) {
            return Ok(parts);
        }
        let at = parts
            .first()
            .map_or(self.pos, |part| part.span.start.saturating_sub(self.base));
        let expands = might_expand(&parts);
        if !expands {
            return Ok(parts);
        }
        if is_target {
            return self.unsupported(at, "a brace expansion as the target of a redirection");
        }
        let mut tokens = tokens(parts).into_iter().peekable();
        let mut depth = 0_usize;
        let group = self.brace_sequence(&mut tokens, &mut depth, at)?;
        let Group {
            mut alternatives,
            closed,
        } = group;
        if closed || alternatives.len() != 1 {
            return self.unsupported(at, "unbalanced braces");
        }
        Ok(merge(alternatives.pop().unwrap_or_default()))
    }

    /// Reads tokens up to the close of the group at hand, or to the end of the word at depth 0.
    fn brace_sequence(
        &mut self,
        tokens: &mut std::iter::Peekable<std::vec::IntoIter<Token>>,
        depth: &mut usize,
        at: usize,
    ) -> Read<Group> {
        self.enter()?;
        let mut alternatives = vec![Vec::new()];
        let mut closed = false;
        while let Some(token) = tokens.next() {
            let Some(last) = alternatives.last_mut() else {
                break;
            };
            match token {
                Token::Part(part) => last.push(part),
                Token::Comma(span) if *depth == 0 => last.push(literal(b",", span)),
                Token::Comma(_) => {
                    self.count()?;
                    alternatives.push(Vec::new());
                }
                Token::Close if *depth == 0 => return self.unsupported(at, "unbalanced braces"),
                Token::Close => {
                    closed = true;
                    break;
                }
                Token::Open(open) => {
                    *depth += 1;
                    let group = self.brace_sequence(tokens, depth, at)?;
                    *depth -= 1;
                    if !group.closed {
                        return self.unsupported(at, "unbalanced braces");
                    }
                    let span = group_span(open, &group.alternatives);
                    if group.alternatives.len() > 1 {
                        let words = group
                            .alternatives
                            .into_iter()
                            .map(|parts| {
                                let parts = merge(parts);
                                let span = parts_span(&parts, span);
                                Word { parts, span }
                            })
                            .collect();
                        last.push(WordPart {
                            kind: WordPartKind::BraceList(words),
                            span,
                        });
                    } else {
                        let inside = group.alternatives.into_iter().next().unwrap_or_default();
                        match range(&merge(inside.clone())) {
                            Some(Ok(text)) => last.push(WordPart {
                                kind: WordPartKind::BraceRange(text),
                                span,
                            }),
                            Some(Err(())) => return self.unsupported(at, "an unusual brace range"),
                            None => {
                                last.push(literal(b"{", open));
                                last.extend(inside);
                                last.push(literal(
                                    b"}",
                                    Span {
                                        start: span.end,
                                        end: span.end,
                                    },
                                ));
                            }
                        }
                    }
                }
            }
        }
        self.leave();
        Ok(Group {
            alternatives,
            closed,
        })
    }
}

struct Group {
    alternatives: Vec<Vec<WordPart>>,
    closed: bool,
}

fn literal(bytes: &[u8], span: Span) -> WordPart {
    WordPart {
        kind: WordPartKind::Literal(bytes.to_vec()),
        span,
    }
}

fn has_open_brace(parts: &[WordPart]) -> bool {
    literals(parts).any(|bytes| bytes.contains(&b'{'))
}

/// The unquoted stretches of a word.
fn literals(parts: &[WordPart]) -> impl Iterator<Item = &[u8]> {
    parts.iter().filter_map(|part| {
        if let WordPartKind::Literal(bytes) = &part.kind {
            Some(bytes.as_slice())
        } else {
            None
        }
    })
}

fn has_dots(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| pair == b"..")
}

/// Whether anything that makes a brace expand stands in the word: a comma or `..` among unquoted bytes.
fn might_expand(parts: &[WordPart]) -> bool {
    literals(parts).any(|bytes| bytes.contains(&b',') || has_dots(bytes)) || dots_apart(parts)
}

/// A `.` at the end of one literal and something else behind it may still form a range; never mind which.
fn dots_apart(parts: &[WordPart]) -> bool {
    parts.len() > 1
        && literals(parts).any(|bytes| bytes.first() == Some(&b'.') || bytes.last() == Some(&b'.'))
        && literals(parts).any(|bytes| bytes.contains(&b'}'))
}

fn tokens(parts: Vec<WordPart>) -> Vec<Token> {
    let mut tokens = Vec::new();
    for part in parts {
        let WordPartKind::Literal(bytes) = &part.kind else {
            tokens.push(Token::Part(part));
            continue;
        };
        let mut run: Vec<u8> = Vec::new();
        let mut run_start = part.span.start;
        for (index, byte) in bytes.iter().enumerate() {
            let start = (part.span.start + index).min(part.span.end);
            let span = Span {
                start,
                end: (start + 1).min(part.span.end),
            };
            let token = match byte {
                b'{' => Token::Open(span),
                b'}' => Token::Close,
                b',' => Token::Comma(span),
                other => {
                    if run.is_empty() {
                        run_start = start;
                    }
                    run.push(*other);
                    continue;
                }
            };
            if !run.is_empty() {
                tokens.push(Token::Part(literal(
                    &std::mem::take(&mut run),
                    Span {
                        start: run_start,
                        end: start,
                    },
                )));
            }
            tokens.push(token);
        }
        if !run.is_empty() {
            tokens.push(Token::Part(literal(
                &run,
                Span {
                    start: run_start,
                    end: part.span.end,
                },
            )));
        }
    }
    tokens
}

/// Literals side by side become one.
fn merge(parts: Vec<WordPart>) -> Vec<WordPart> {
    let mut out: Vec<WordPart> = Vec::with_capacity(parts.len());
    for part in parts {
        if let WordPartKind::Literal(more) = &part.kind
            && let Some(WordPart {
                kind: WordPartKind::Literal(bytes),
                span,
            }) = out.last_mut()
        {
            bytes.extend_from_slice(more);
            span.end = part.span.end.max(span.end);
            continue;
        }
        out.push(part);
    }
    out
}

/// `1..9`, `a..e..2`: the text; an error for what looks like a range and may be none.
fn range(parts: &[WordPart]) -> Option<Result<Vec<u8>, ()>> {
    let has_dots = literals(parts).any(has_dots);
    let [
        WordPart {
            kind: WordPartKind::Literal(bytes),
            ..
        },
    ] = parts
    else {
        return has_dots.then_some(Err(()));
    };
    if !has_dots {
        return None;
    }
    let text = bytes.as_slice();
    let pieces: Vec<&[u8]> = split_dots(text);
    let is_number = |piece: &[u8]| {
        let digits = piece.strip_prefix(b"-").unwrap_or(piece);
        !digits.is_empty() && digits.len() <= 9 && digits.iter().all(u8::is_ascii_digit)
    };
    let is_letter = |piece: &[u8]| matches!(piece, [letter] if letter.is_ascii_alphabetic());
    let good = match pieces.as_slice() {
        [from, to] => (is_number(from) && is_number(to)) || (is_letter(from) && is_letter(to)),
        [from, to, step] => {
            is_number(step)
                && ((is_number(from) && is_number(to)) || (is_letter(from) && is_letter(to)))
        }
        _ => false,
    };
    // `{..}`, `{a..}`, `{../x}`: bash leaves them alone; whether in every form is not certain.
    let surely_not = text.contains(&b'/') || text.starts_with(b"..") || text.ends_with(b"..");
    if good {
        Some(Ok(text.to_vec()))
    } else if surely_not {
        None
    } else {
        Some(Err(()))
    }
}

fn split_dots(text: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.windows(2).position(|pair| pair == b"..") {
        pieces.push(rest.get(..at).unwrap_or_default());
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    pieces.push(rest);
    pieces
}

fn group_span(open: Span, alternatives: &[Vec<WordPart>]) -> Span {
    let end = alternatives
        .iter()
        .flatten()
        .map(|part| part.span.end)
        .max()
        .unwrap_or(open.end + alternatives.len().saturating_sub(1));
    Span {
        start: open.start,
        end: end + 1,
    }
}

fn parts_span(parts: &[WordPart], around: Span) -> Span {
    match (parts.first(), parts.last()) {
        (Some(first), Some(last)) => Span {
            start: first.span.start,
            end: last.span.end,
        },
        _ => Span {
            start: around.start,
            end: around.start,
        },
    }
}
