//! Trees compared without their places, and places checked, on the `Debug` form of a tree: whatever the tree
//! will be made of, nothing is left out.

use guardsh_syntax::{Script, StatementEnd};

/// The tree without spans.
pub(crate) fn shape(script: &Script) -> String {
    let mut script = script.clone();
    // How the very last statement ends depends on what stands behind the text, not on the text.
    if let Some(last) = script.statements.last_mut()
        && matches!(last.end, StatementEnd::Newline | StatementEnd::Semicolon)
    {
        last.end = StatementEnd::End;
    }
    let text = format!("{script:?}");
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("Span {") {
        out.push_str(&rest[..at]);
        let close = rest[at..].find('}').unwrap();
        rest = &rest[at + close + 1..];
    }
    out.push_str(rest);
    out
}

/// Checks that every place lies in the text and inside what surrounds it; gives the first that does not.
pub(crate) fn misplaced(script: &Script, length: usize) -> Option<String> {
    walk(script, length, &mut Vec::new())
}

/// A substitution of a tree: its place, brackets included, whether it is written with backquotes, and
/// whether double quotes stand around it.
pub(crate) struct Substitution {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) backquoted: bool,
    pub(crate) in_double: bool,
    /// In a here-document or an extended glob, whose text bash keeps as written.
    pub(crate) kept: bool,
}

/// The substitutions of a tree, those inside backquotes left out: their places are in another text.
pub(crate) fn substitutions(script: &Script) -> Vec<Substitution> {
    let mut found = Vec::new();
    walk(script, usize::MAX, &mut found);
    found
}

fn walk(script: &Script, length: usize, substitutions: &mut Vec<Substitution>) -> Option<String> {
    let text = format!("{script:?}");
    let bytes = text.as_bytes();
    let mut fault = None;
    let mut open: Vec<Node> = Vec::new();
    let mut found: Vec<Found> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if let Some(after) = text[at..].strip_prefix("Span { start: ") {
            let (start, after) = number(after);
            let (end, _) = number(after.strip_prefix(", end: ").unwrap());
            if start > end || end > length {
                return Some(format!("{start}..{end} is not in a text of {length}"));
            }
            found.push(Found {
                depth: open.len() + usize::from(text[..at].ends_with("name_span: ")),
                start,
                end,
                loose: open.last().is_some_and(|node| node.loose),
            });
            at += text[at..].find('}').unwrap() + 1;
            continue;
        }
        match bytes[at] {
            b'{' | b'(' | b'[' => {
                // A here-document's body lies behind the command it belongs to, and the text of backquotes
                // is another one.
                let before = &text[..at];
                let after = &text[at..];
                let substitution = if !before.ends_with("WordPart ") {
                    None
                } else if after.starts_with("{ kind: Backquoted(") {
                    Some(true)
                } else if after.starts_with("{ kind: Command(")
                    || after.starts_with("{ kind: Process(")
                {
                    Some(false)
                } else {
                    None
                };
                let quotes = before.ends_with("DoubleQuoted") || before.ends_with("Localized");
                open.push(Node {
                    found: found.len(),
                    substitution,
                    in_double: substitution.is_none()
                        && (quotes || open.last().is_some_and(|node| node.in_double)),
                    kept: substitution.is_none()
                        && (before.ends_with("HereDoc ")
                            || before.ends_with("ExtGlob")
                            || open.last().is_some_and(|node| node.kept)),
                    backquoted: before.ends_with("Backquoted")
                        || open.last().is_some_and(|node| node.backquoted),
                    loose: open.last().is_some_and(|node| node.loose)
                        || before.ends_with("HereDoc ")
                        || before.ends_with("Backquoted"),
                });
            }
            b'}' | b')' | b']' => {
                let depth = open.len();
                let node = open.pop().unwrap();
                let inside = &found[node.found..];
                // The span of a node is its last field.
                if let Some(own) = inside.iter().rfind(|it| it.depth == depth) {
                    if let Some(backquoted) = node.substitution.filter(|_| !node.backquoted) {
                        substitutions.push(Substitution {
                            start: own.start,
                            end: own.end,
                            backquoted,
                            in_double: open.last().is_some_and(|node| node.in_double),
                            kept: open.last().is_some_and(|node| node.kept),
                        });
                    }
                    for it in inside.iter().filter(|it| it.depth > depth && !it.loose) {
                        if fault.is_none() && (it.start < own.start || it.end > own.end) {
                            fault = Some(format!(
                                "{}..{} is not inside {}..{}",
                                it.start, it.end, own.start, own.end
                            ));
                        }
                    }
                }
            }
            _ => {}
        }
        at += 1;
    }
    fault
}

struct Node {
    found: usize,
    substitution: Option<bool>,
    in_double: bool,
    kept: bool,
    backquoted: bool,
    loose: bool,
}

struct Found {
    depth: usize,
    start: usize,
    end: usize,
    loose: bool,
}

fn number(text: &str) -> (usize, &str) {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    (text[..digits].parse().unwrap(), &text[digits..])
}
