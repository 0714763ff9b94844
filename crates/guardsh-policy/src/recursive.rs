//! The few programs that read the contents of everything below a folder, as far as packs allow them.

use crate::action::{ActionWord, Count, WordState};
use crate::rules::{Call, base_name};

/// The words below which contents are read: the operands, or the folder itself where there is none.
pub(crate) fn operands(call: &Call<'_>) -> Vec<ActionWord> {
    let is_called = |names: &[&[u8]]| {
        call.names
            .iter()
            .any(|name| names.contains(&base_name(name)))
    };
    let always = is_called(&[b"rg", b"ag", b"ack", b"ugrep"]);
    let sometimes = is_called(&[b"grep", b"egrep", b"fgrep", b"diff"]);
    if !always && !(sometimes && call.arguments.iter().any(is_recursive)) {
        return Vec::new();
    }
    let mut operands: Vec<ActionWord> = Vec::new();
    // The first operand is the pattern, unless an option gives it.
    let mut pattern_is_next = !is_called(&[b"diff"]) && !call.arguments.iter().any(gives_pattern);
    let mut ended = false;
    for word in call.arguments {
        if !ended && word.value() == Some(b"--") {
            ended = true;
        } else if ended || !begins_with_dash(word) {
            if pattern_is_next && word.count == Count::One {
                pattern_is_next = false;
            } else {
                operands.push(word.clone());
            }
        }
    }
    if operands.is_empty() {
        operands.push(ActionWord::literal("."));
    }
    operands
}

fn begins_with_dash(word: &ActionWord) -> bool {
    matches!(&word.state, WordState::Literal(value) if value.first() == Some(&b'-') && value.len() > 1)
}

/// `-r`, also in a cluster, and its long forms, also cut short.
fn is_recursive(word: &ActionWord) -> bool {
    word.values()
        .unwrap_or_default()
        .iter()
        .any(|value| match value.as_slice() {
            [b'-', b'-', long @ ..] => {
                long.starts_with(b"rec") || long.starts_with(b"der") || long.starts_with(b"dir")
            }
            [b'-', cluster @ ..] => cluster
                .iter()
                .any(|letter| matches!(letter, b'r' | b'R' | b'd')),
            _ => false,
        })
}

/// `-e`, `-f`, also in a cluster, and their long forms.
fn gives_pattern(word: &ActionWord) -> bool {
    word.values()
        .unwrap_or_default()
        .iter()
        .any(|value| match value.as_slice() {
            [b'-', b'-', long @ ..] => long.starts_with(b"reg") || long.starts_with(b"fil"),
            [b'-', cluster @ ..] => cluster.iter().any(|letter| matches!(letter, b'e' | b'f')),
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{Folder, Program};

    fn found(line: &str) -> Vec<String> {
        let argv: Vec<ActionWord> = line.split(' ').map(ActionWord::literal).collect();
        let call = Call::new(&argv, &Program::Unknown, &Folder::Unknown).unwrap();
        operands(&call)
            .iter()
            .map(|word| String::from_utf8(word.source.clone()).unwrap())
            .collect()
    }

    #[test]
    fn recursive_readers_read_below_their_operands() {
        assert_eq!(found("grep -rn x src"), ["src"]);
        assert_eq!(found("grep -r x"), ["."]);
        assert_eq!(found("grep -rex /a /b"), ["/a", "/b"]);
        assert_eq!(found("rg x /a"), ["/a"]);
        assert_eq!(found("rg x"), ["."]);
        assert_eq!(found("/usr/bin/rg --files /a"), ["/a"]);
        assert_eq!(found("diff -r a b"), ["a", "b"]);
        assert!(found("grep x /a").is_empty());
        assert!(found("cat /").is_empty());
    }
}
