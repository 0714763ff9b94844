//! What the reader accepts as POSIX shell text, dash accepts: `dash -n` is the judge, on many lines.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test that cannot go on fails, and says what it counted"
)]

mod support;

use guardsh_syntax::{Dialect, NotRead, read};
use support::bash::shown;
use support::dash::{accepted, accepted_as_all};
use support::{Chance, extent, material, options};

#[test]
fn dash_accepts_what_is_read() {
    let (count, seed) = extent(4000);
    let mut chance = Chance::new(seed.wrapping_add(3));
    let lines: Vec<Vec<u8>> = material(count, &mut chance)
        .into_iter()
        .filter(|line| read(line, Dialect::Posix, options(false)).is_ok())
        .collect();
    let refused: Vec<&Vec<u8>> = lines
        .iter()
        .zip(accepted(&lines))
        .filter(|(_, accepted)| !accepted)
        .map(|(line, _)| line)
        .collect();
    for line in refused.iter().take(40) {
        eprintln!("---- dash refuses\n{}", shown(&shortest(line)));
    }
    eprintln!("seed {seed}: {} lines taken", lines.len());
    assert!(refused.is_empty(), "{} lines are refused", refused.len());
}

#[test]
fn what_dash_accepts_is_never_called_a_syntax_error() {
    let (count, seed) = extent(1500);
    let mut chance = Chance::new(seed.wrapping_add(5));
    let lines: Vec<Vec<u8>> = material(count, &mut chance)
        .into_iter()
        .filter(|line| {
            let read = read(line, Dialect::Posix, options(false));
            matches!(read, Err(NotRead::Invalid(_)))
        })
        .collect();
    let wrong: Vec<&Vec<u8>> = lines
        .iter()
        .filter(|line| accepted(std::slice::from_ref(*line)) == [true] && accepted_as_all(line))
        .collect();
    for line in wrong.iter().take(40) {
        let said = read(line, Dialect::Posix, options(false)).unwrap_err();
        eprintln!("---- {said}\n{}", shown(line));
    }
    assert!(wrong.is_empty(), "{} lines are accepted", wrong.len());
}

fn shortest(line: &[u8]) -> Vec<u8> {
    let mut line = line.to_vec();
    let mut piece = line.len() / 2;
    while piece > 0 {
        let mut at = 0;
        while at < line.len() {
            let mut shorter = line.clone();
            shorter.drain(at..(at + piece).min(line.len()));
            let same = read(&shorter, Dialect::Posix, options(false)).is_ok()
                && accepted(std::slice::from_ref(&shorter)) == [false];
            if same {
                line = shorter;
            } else {
                at += piece;
            }
        }
        piece /= 2;
    }
    line
}
