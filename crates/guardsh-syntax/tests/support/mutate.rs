//! Damage to a line: what people mistype and what an attacker tries.

use super::Chance;

const PIECES: &[&str] = &[
    "'",
    "\"",
    "`",
    "\\",
    "$",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "\n",
    ";",
    "&",
    "|",
    "<",
    ">",
    "#",
    "!",
    "~",
    "*",
    "?",
    "=",
    " ",
    "\t",
    "&&",
    "||",
    ";;",
    ";&",
    ";;&",
    "|&",
    "&>",
    "&>>",
    "<<",
    "<<-",
    "<<<",
    "<(",
    ">(",
    ">|",
    "<>",
    ">&",
    "<&",
    "$(",
    "$((",
    "((",
    "))",
    "${",
    "$'",
    "$\"",
    "[[",
    "]]",
    "\\\n",
    " # c\n",
    "{fd}>",
    "2>",
    "1<",
    "<<E\nb\nE\n",
    "<<'E'\n$x\nE\n",
    "do",
    "done",
    "if",
    "then",
    "fi",
    "else",
    "case",
    "esac",
    "in",
    "for",
    "while",
    "function",
    "coproc",
    "time",
    "!",
    " ! ",
    "select",
    "@(a|b)",
    "!(x)",
    "{a,b}",
    "{1..3}",
    "a=(1 2)",
    "x[1]=",
    "+=",
    "()",
    "f()",
    "0",
    "-",
    ":",
    "%",
    "/",
    "^",
    ",",
    "@",
    "\u{e9}",
    "\x01",
    "$[",
    "\\\"",
    "\\`",
    "${x-",
    "#}",
    "x",
    "E\n",
    "\"\"",
    "''",
];

/// The line with one to four changes.
pub(crate) fn mutated(line: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut line = line.to_vec();
    for _ in 0..=chance.below(4) {
        change(&mut line, chance);
    }
    line
}

fn change(line: &mut Vec<u8>, chance: &mut Chance) {
    let at = chance.below(line.len() + 1);
    match chance.below(8) {
        0 | 1 => {
            let piece = chance.pick(PIECES).as_bytes().to_vec();
            line.splice(at..at, piece);
        }
        2 if at < line.len() => {
            line.remove(at);
        }
        3 if at < line.len() => {
            let byte = line[at];
            line.insert(at, byte);
        }
        4 => {
            let end = (at + chance.below(12)).min(line.len());
            line.drain(at..end);
        }
        5 => {
            // A piece of the line once more, elsewhere.
            let end = (at + chance.below(16)).min(line.len());
            let piece = line[at..end].to_vec();
            let to = chance.below(line.len() + 1);
            line.splice(to..to, piece);
        }
        6 => {
            // Another special byte where one stands.
            let special = b"'\"`\\$(){}[];&|<>#!\n ";
            let places: Vec<usize> = (0..line.len())
                .filter(|at| special.contains(&line[*at]))
                .collect();
            if !places.is_empty() {
                let place = places[chance.below(places.len())];
                line[place] = special[chance.below(special.len())];
            }
        }
        _ => {
            let piece = chance.pick(PIECES).as_bytes().to_vec();
            let end = (at + 1).min(line.len());
            line.splice(at..end, piece);
        }
    }
}
