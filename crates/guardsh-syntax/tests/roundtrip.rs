//! What the reader accepts, bash understands alike: its own parser is the judge, on many lines.

mod support;

use guardsh_syntax::{Dialect, NotRead, Script, first_command, print, read};
use support::bash::{shown, understood};
use support::shape::{misplaced, shape};
use support::{Chance, extent, material, options};

/// What went wrong with one line.
struct Fault {
    what: &'static str,
    line: Vec<u8>,
    more: String,
}

fn fail_on(faults: &[Fault]) {
    for fault in faults.iter().take(40) {
        eprintln!(
            "---- {}\n{}\n{}",
            fault.what,
            shown(&fault.line),
            fault.more
        );
    }
    assert!(faults.is_empty(), "{} lines went wrong", faults.len());
}

/// Lines that the reader takes, with what it makes of them.
fn taken(lines: Vec<Vec<u8>>, extglob: bool) -> Vec<(Vec<u8>, Script)> {
    lines
        .into_iter()
        .filter_map(|line| {
            let script = read(&line, Dialect::Bash, options(extglob)).ok()?;
            Some((line, script))
        })
        .collect()
}

fn bash_understands_alike(extglob: bool, usual: usize) {
    let (count, seed) = extent(usual);
    let mut chance = Chance::new(seed);
    let lines = material(count, &mut chance);
    let all = lines.len();
    let taken = taken(lines, extglob);
    let originals: Vec<Vec<u8>> = taken.iter().map(|(line, _)| line.clone()).collect();
    let printed: Vec<Vec<u8>> = taken.iter().map(|(_, script)| print(script)).collect();
    let of_lines = understood(&originals, extglob);
    let of_printed = understood(&printed, extglob);
    let mut faults = Vec::new();
    for (at, line) in originals.iter().enumerate() {
        let (Some(expected), Some(got)) = (&of_lines[at], &of_printed[at]) else {
            let what = match &of_lines[at] {
                None => "bash refuses the line",
                Some(_) => "bash refuses what was printed",
            };
            faults.push(Fault {
                what,
                line: line.clone(),
                more: format!("printed: {}", shown(&printed[at])),
            });
            continue;
        };
        if without_backquotes(expected) != without_backquotes(got) {
            faults.push(Fault {
                what: "bash understands the line and what was printed differently",
                line: line.clone(),
                more: format!("line: {}\nprinted: {}", shown(expected), shown(got)),
            });
        }
    }
    eprintln!("seed {seed}: {all} lines, {} taken", taken.len());
    fail_on(&faults);
}

/// bash keeps the text of backquotes as written, and so do we not: their insides are compared on their own.
fn without_backquotes(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut inside = false;
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                let next = bytes.next();
                if !inside {
                    out.push(byte);
                    out.extend(next);
                }
            }
            b'`' => {
                inside = !inside;
                out.push(byte);
            }
            _ if !inside => out.push(byte),
            _ => {}
        }
    }
    out
}

#[test]
fn bash_understands_what_is_read_without_extglob() {
    bash_understands_alike(false, 3000);
}

#[test]
fn bash_understands_what_is_read_with_extglob() {
    bash_understands_alike(true, 3000);
}

/// The insides of the substitutions of each line, as the shell reads them.
fn insides(line: &[u8], script: &Script) -> Vec<Vec<u8>> {
    let unescaped = |raw: &[u8], in_double: bool| {
        let mut out = Vec::new();
        let mut at = 0;
        while at < raw.len() {
            let escaped = raw[at] == b'\\'
                && raw.get(at + 1).is_some_and(|next| {
                    matches!(next, b'$' | b'`' | b'\\') || (in_double && *next == b'"')
                });
            at += usize::from(escaped);
            out.push(raw[at]);
            at += 1;
        }
        out
    };
    support::shape::substitutions(script)
        .into_iter()
        .map(|it| {
            if it.backquoted {
                unescaped(&line[it.start + 1..it.end - 1], it.in_double)
            } else {
                let text = &line[it.start..it.end];
                let inside = text.iter().position(|byte| *byte == b'(').unwrap() + 1;
                text[inside..text.len() - 1].to_vec()
            }
        })
        .collect()
}

#[test]
fn bash_understands_the_inside_of_each_substitution() {
    let (count, seed) = extent(2000);
    let mut chance = Chance::new(seed.wrapping_add(7));
    let lines = material(count, &mut chance);
    let mut texts = Vec::new();
    let mut faults = Vec::new();
    for (line, script) in taken(lines, true) {
        for inside in insides(&line, &script) {
            match read(&inside, Dialect::Bash, options(true)) {
                Ok(script) => texts.push((inside, print(&script))),
                Err(NotRead::Incomplete(place)) if place.what.contains("continuation") => {}
                Err(error) => faults.push(Fault {
                    what: "the inside of a substitution is not read on its own",
                    line: line.clone(),
                    more: format!("{}\n{error}", shown(&inside)),
                }),
            }
        }
    }
    let originals: Vec<Vec<u8>> = texts.iter().map(|(text, _)| text.clone()).collect();
    let printed: Vec<Vec<u8>> = texts.iter().map(|(_, text)| text.clone()).collect();
    let of_texts = understood(&originals, true);
    let of_printed = understood(&printed, true);
    for (at, text) in originals.iter().enumerate() {
        let same = match (&of_texts[at], &of_printed[at]) {
            (Some(one), Some(other)) => without_backquotes(one) == without_backquotes(other),
            _ => false,
        };
        if !same {
            faults.push(Fault {
                what: "bash understands the inside of a substitution differently",
                line: text.clone(),
                more: format!("printed: {}", shown(&printed[at])),
            });
        }
    }
    eprintln!("seed {seed}: {} insides", originals.len());
    fail_on(&faults);
}

#[test]
fn what_is_printed_reads_to_the_same_tree_and_places_are_in_order() {
    let (count, seed) = extent(4000);
    let mut chance = Chance::new(seed.wrapping_add(11));
    let mut faults = Vec::new();
    for (number, line) in material(count, &mut chance).into_iter().enumerate() {
        let extglob = number % 2 == 0;
        for dialect in [Dialect::Bash, Dialect::Posix] {
            let Ok(script) = read(&line, dialect, options(extglob)) else {
                continue;
            };
            if let Some(what) = misplaced(&script, line.len()) {
                faults.push(Fault {
                    what: "a place is wrong",
                    line: line.clone(),
                    more: what,
                });
            }
            let printed = print(&script);
            let again = read(&printed, dialect, options(extglob));
            if again.as_ref().map(shape) != Ok(shape(&script)) {
                faults.push(Fault {
                    what: "what is printed reads differently",
                    line: line.clone(),
                    more: format!("{dialect:?}: {}\n{again:?}\n{script:?}", shown(&printed)),
                });
            }
            if let Some(what) = differs_command_by_command(&line, dialect, extglob, &script) {
                faults.push(Fault {
                    what: "command by command it reads differently",
                    line: line.clone(),
                    more: what,
                });
            }
        }
    }
    eprintln!("seed {seed}");
    fail_on(&faults);
}

fn differs_command_by_command(
    line: &[u8],
    dialect: Dialect,
    extglob: bool,
    whole: &Script,
) -> Option<String> {
    let mut joined = Script::default();
    let mut at = 0;
    while at < line.len() {
        match first_command(&line[at..], dialect, options(extglob)) {
            Ok((_, 0)) => return Some(format!("nothing taken at {at}")),
            Ok((script, taken)) => {
                joined.statements.extend(script.statements);
                at += taken;
            }
            Err(error) => return Some(format!("at {at}: {error}")),
        }
    }
    let (one, other) = (shape(&joined), shape(whole));
    (one != other).then(|| format!("{one}\n{other}"))
}
