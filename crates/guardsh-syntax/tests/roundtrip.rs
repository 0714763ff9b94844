//! What the reader accepts, bash understands alike: its own parser is the judge, on many lines.
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
#![expect(
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

mod support;

use guardsh_syntax::{Dialect, NotRead, Script, first_command, print, read};
use support::bash::{as_function, shown, understood};
use support::shape::{misplaced, shape};
use support::{Chance, extent, material, options};

/// What went wrong with one line.
struct Fault {
    what: &'static str,
    line: Vec<u8>,
    more: String,
}

fn fail_on(faults: &[Fault]) {
    for fault in faults.iter().take(25) {
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
    let lines: Vec<Vec<u8>> = taken.iter().map(|(line, _)| line.clone()).collect();
    let scripts: Vec<Script> = taken.into_iter().map(|(_, script)| script).collect();
    let mut faults = Vec::new();
    for (line, what) in lines.iter().zip(differences(&lines, &scripts, extglob)) {
        let Some(what) = what else {
            continue;
        };
        // bash's parser itself is sometimes upset by what it read before: a line counts that goes wrong alone.
        let alone = |line: &[u8], what| {
            read(line, Dialect::Bash, options(extglob)).is_ok_and(|script| {
                differences(&[line.to_vec()], &[script], extglob) == [Some(what)]
            })
        };
        if !alone(line, what) {
            eprintln!("only among others: {what}: {}", shown(line));
            continue;
        }
        let short = if faults.len() < 20 {
            shortest(line, |shorter| alone(shorter, what))
        } else {
            line.clone()
        };
        let more = match read(&short, Dialect::Bash, options(extglob)) {
            Ok(script) => told(&short, &script, extglob),
            Err(error) => error.to_string(),
        };
        faults.push(Fault {
            what,
            line: short,
            more,
        });
    }
    eprintln!("seed {seed}: {all} lines, {} taken", lines.len());
    fail_on(&faults);
}

/// What is wrong with each line, if anything.
fn differences(lines: &[Vec<u8>], scripts: &[Script], extglob: bool) -> Vec<Option<&'static str>> {
    let originals: Vec<Vec<u8>> = lines
        .iter()
        .zip(scripts)
        .map(|(line, script)| comparable(line, script))
        .collect();
    let printed: Vec<Vec<u8>> = scripts.iter().map(print).collect();
    let whole = understood(lines, extglob);
    let of_lines = in_functions(&originals, extglob);
    let of_printed = in_functions(&printed, extglob);
    (0..lines.len())
        .map(|at| match (&whole[at], &of_lines[at], &of_printed[at]) {
            (None, _, _) => Some("bash refuses the line"),
            (_, None, _) => Some("bash refuses the line in a function"),
            (_, _, None) => Some("bash refuses what was printed"),
            (_, Some(expected), Some(got)) if normal(expected) != normal(got) => {
                Some("bash understands the line and what was printed differently")
            }
            (Some(_), Some(_), Some(_)) => None,
        })
        .collect()
}

fn told(line: &[u8], script: &Script, extglob: bool) -> String {
    let texts = [comparable(line, script), print(script)];
    in_functions(&texts, extglob)
        .iter()
        .map(|text| shown(text.as_deref().unwrap_or(b"refused")))
        .collect::<Vec<_>>()
        .join("---- and printed\n")
}

/// A shorter line with the same fault: pieces are taken out as long as it stays.
fn shortest(line: &[u8], still: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut line = line.to_vec();
    let mut piece = line.len() / 2;
    while piece > 0 {
        let mut at = 0;
        while at < line.len() {
            let mut shorter = line.clone();
            shorter.drain(at..(at + piece).min(line.len()));
            if still(&shorter) {
                line = shorter;
            } else {
                at += piece;
            }
        }
        piece /= 2;
    }
    line
}

/// What bash makes of the texts in functions, blank ones left alone.
fn in_functions(texts: &[Vec<u8>], extglob: bool) -> Vec<Option<Vec<u8>>> {
    let wrapped: Vec<Vec<u8>> = texts
        .iter()
        .map(|text| as_function(&[b":\n", text.as_slice()].concat()))
        .collect();
    understood(&wrapped, extglob)
}

/// The line with each substitution in backquotes or here-documents as we print it: bash keeps the text of these
/// as written, so that what is printed could not compare. Their insides are compared on their own.
fn comparable(line: &[u8], script: &Script) -> Vec<u8> {
    let mut out = Vec::new();
    let mut from = 0;
    let mut raw = support::shape::substitutions(script);
    raw.retain(|it| it.backquoted || it.kept);
    raw.sort_by_key(|it| it.start);
    for it in raw {
        if it.start < from {
            continue;
        }
        out.extend_from_slice(&line[from..it.start]);
        let part = &line[it.start..it.end];
        let quote: &[u8] = if it.in_double { b"\"" } else { b"" };
        let alone = [quote, part, quote].concat();
        let printed = print(&read(&alone, Dialect::Bash, options(true)).unwrap());
        let printed = printed.trim_ascii_end();
        out.extend_from_slice(&printed[quote.len()..printed.len() - quote.len()]);
        from = it.end;
    }
    out.extend_from_slice(&line[from..]);
    out
}

/// `${!x*}` and `${!x@}` are one to the tree, and bash prints an empty line for each empty one.
fn normal(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text.trim_ascii() {
        if *byte != b'\n' || out.last() != Some(&b'\n') {
            out.push(*byte);
        }
    }
    let mut at = 0;
    while at + 2 < out.len() {
        if out[at..].starts_with(b"${!") {
            let name = out[at + 3..]
                .iter()
                .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
                .count();
            if out[at + 3 + name..].starts_with(b"*}") {
                out[at + 3 + name] = b'@';
            }
        }
        at += 1;
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
                Ok(script) => texts.push((comparable(&inside, &script), print(&script))),
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
    let of_texts = in_functions(&originals, true);
    let of_printed = in_functions(&printed, true);
    for (at, text) in originals.iter().enumerate() {
        let same = match (&of_texts[at], &of_printed[at]) {
            (Some(one), Some(other)) => normal(one) == normal(other),
            (None, _) | (_, None) => false,
        };
        if !same {
            faults.push(Fault {
                what: "bash understands the inside of a substitution differently",
                line: text.clone(),
                more: format!(
                    "printed: {}\n{}\n{}",
                    shown(&printed[at]),
                    shown(of_texts[at].as_deref().unwrap_or(b"refused")),
                    shown(of_printed[at].as_deref().unwrap_or(b"refused")),
                ),
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

/// A line that the shell would run must never be told to be a syntax error: at worst it is unsupported.
#[test]
fn what_bash_accepts_is_never_called_a_syntax_error() {
    let (count, seed) = extent(1500);
    let mut chance = Chance::new(seed.wrapping_add(13));
    let lines: Vec<Vec<u8>> = material(count, &mut chance)
        .into_iter()
        .filter(|line| {
            let read = read(line, Dialect::Bash, options(true));
            matches!(read, Err(NotRead::Invalid(_)))
        })
        .collect();
    let called_invalid = |line: &[u8]| {
        matches!(
            read(line, Dialect::Bash, options(true)),
            Err(NotRead::Invalid(_))
        )
    };
    let faults: Vec<Fault> = lines
        .iter()
        .zip(understood(&lines, true))
        // What it takes only behind other lines is the doing of these.
        .filter(|(line, answer)| {
            answer.is_some() && understood(&[line.to_vec()], true)[0].is_some()
        })
        .map(|(line, _)| {
            let line = shortest(line, |shorter| {
                called_invalid(shorter) && understood(&[shorter.to_vec()], true)[0].is_some()
            });
            Fault {
                what: "bash accepts what is called invalid",
                more: format!("{:?}", read(&line, Dialect::Bash, options(true))),
                line,
            }
        })
        .collect();
    fail_on(&faults);
}
