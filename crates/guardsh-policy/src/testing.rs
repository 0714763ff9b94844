//! For tests: a small reader of single commands, enough to try rules without the real one.

use crate::action::*;
use crate::prove::ProvingWorld;
use crate::world::{Known, World};
use guardsh_syntax::Span;

/// The actions of `NAME=value … command words >file <file`, separated by `;` and `|`.
pub(crate) fn actions(line: &str, world: &mut dyn World) -> Option<Vec<Action>> {
    let mut found = Vec::new();
    let mut command: Vec<(ActionWord, bool)> = Vec::new();
    for token in tokens(line)? {
        match token {
            Token::End => finish(&mut command, &mut found, world),
            Token::Word(word, plain) => command.push((word, plain)),
        }
    }
    finish(&mut command, &mut found, world);
    Some(found)
}

/// In the world for proofs.
pub(crate) fn analyse(line: &str) -> Option<Vec<Action>> {
    actions(line, &mut ProvingWorld::default())
}

fn finish(command: &mut Vec<(ActionWord, bool)>, found: &mut Vec<Action>, world: &mut dyn World) {
    let folder = world.folder();
    let mut add = |kind| {
        found.push(Action {
            kind,
            span: Span::default(),
            folder: folder.clone(),
            via: Vec::new(),
        });
    };
    let mut argv: Vec<ActionWord> = Vec::new();
    let mut words = std::mem::take(command).into_iter();
    while let Some((word, plain)) = words.next() {
        let source = String::from_utf8(word.source.clone()).unwrap();
        if plain && (source == ">" || source == "<") {
            let (path, _) = words.next().unwrap();
            let path = PathUse {
                path,
                how: "redirection".to_owned(),
                below: false,
            };
            add(if source == ">" {
                ActionKind::Write(path)
            } else {
                ActionKind::Read(path)
            });
            continue;
        }
        let assignment = argv.is_empty()
            && source.split_once('=').is_some_and(|(name, _)| {
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            });
        if assignment {
            let (name, value) = source.split_once('=').unwrap();
            let value = match word.value() {
                Some(bytes) => ActionWord::literal(&bytes[name.len() + 1..]),
                None => ActionWord {
                    source: value.into(),
                    state: WordState::Dynamic(vec![]),
                    count: Count::One,
                },
            };
            let scope = if words.len() > 0 {
                SetScope::Command
            } else {
                SetScope::Shell
            };
            add(ActionKind::Set(Set {
                name: ActionWord::literal(name),
                value: Some(value),
                scope,
            }));
            continue;
        }
        argv.push(word);
    }
    let Some(first) = argv.first() else { return };
    let program = match first.value() {
        None => Program::Unknown,
        Some(name) if world.is_builtin(name) == Known::Yes(true) => Program::Builtin,
        Some(name) => match world.program(name, &folder) {
            Known::Yes(Some(facts)) => Program::File(facts),
            Known::Yes(None) => Program::Missing,
            Known::Unknown => Program::Unknown,
        },
    };
    // The little that the real analysis knows of recursive readers.
    let recursive = matches!(first.value(), Some(b"grep"))
        && argv
            .iter()
            .any(|word| matches!(word.value(), Some(b"-r" | b"-R" | b"-rn")));
    let reads_below = if recursive {
        argv.iter().skip(3).cloned().collect()
    } else {
        Vec::new()
    };
    add(ActionKind::Run(Run {
        argv,
        program,
        standing: Standing::Judged,
        reads_below,
    }));
}

enum Token {
    Word(ActionWord, bool),
    End,
}

fn tokens(line: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut chars = line.chars().peekable();
    loop {
        while chars.next_if(|c| *c == ' ').is_some() {}
        match chars.peek() {
            None => return Some(tokens),
            Some(';' | '|') => {
                chars.next();
                tokens.push(Token::End);
                continue;
            }
            Some('>' | '<') => {
                let c = chars.next()?;
                tokens.push(Token::Word(ActionWord::literal(c.to_string()), true));
                continue;
            }
            Some(_) => {}
        }
        let mut source = String::new();
        let mut pieces: Vec<Piece> = Vec::new();
        let (mut glob, mut split) = (false, false);
        let mut quote = None;
        let mut quoted_any = false;
        while let Some(&c) = chars.peek() {
            if quote.is_none() && matches!(c, ' ' | ';' | '|' | '>' | '<') {
                break;
            }
            chars.next();
            source.push(c);
            match (quote, c) {
                (None, '\'' | '"') => {
                    quote = Some(c);
                    quoted_any = true;
                }
                (Some(q), c) if q == c => quote = None,
                (None, '\\') => {
                    let c = chars.next()?;
                    source.push(c);
                    known(&mut pieces, c);
                }
                (None | Some('"'), '$') => {
                    while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                        source.push(c);
                    }
                    split |= quote.is_none();
                    pieces.push(Piece::Unknown);
                }
                (None, '*') => {
                    glob = true;
                    pieces.push(Piece::Star);
                }
                (None, '?') => {
                    glob = true;
                    pieces.push(Piece::Question);
                }
                (None, '~') if source.len() == 1 => {
                    "/home/agent".chars().for_each(|c| known(&mut pieces, c));
                }
                (_, c) => known(&mut pieces, c),
            }
        }
        if quote.is_some() {
            return None;
        }
        let unknown = pieces.contains(&Piece::Unknown);
        let state = match (unknown, glob) {
            (true, _) => WordState::Dynamic(pieces),
            (false, true) => WordState::Pattern(pieces),
            (false, false) => WordState::Literal(match pieces.pop() {
                Some(Piece::Known(bytes)) => bytes,
                _ => Vec::new(),
            }),
        };
        let count = if split || glob {
            Count::Any
        } else {
            Count::One
        };
        tokens.push(Token::Word(
            ActionWord {
                source: source.into(),
                state,
                count,
            },
            !quoted_any,
        ));
    }
}

fn known(pieces: &mut Vec<Piece>, c: char) {
    if !matches!(pieces.last(), Some(Piece::Known(_))) {
        pieces.push(Piece::Known(Vec::new()));
    }
    if let Some(Piece::Known(bytes)) = pieces.last_mut() {
        bytes.extend(c.to_string().bytes());
    }
}
