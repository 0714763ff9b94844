//! bash as judge: it reads a text and prints what it understood, in its own normal form, and runs nothing.
//!
//! `--pretty-print` reads command by command and prints each as `declare -f` would print it in a function.
//! Nothing is executed, so that a line that closes a wrapper early does no harm here.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

const MARK: &str = "GUARDSH_END_OF_TEXT";

/// Texts that go to one process.
const BATCH: usize = 256;

static FILES: AtomicUsize = AtomicUsize::new(0);

/// What bash makes of each text: its own form of it, or `None` where it says syntax error or wants more.
pub(crate) fn understood(texts: &[Vec<u8>], extglob: bool) -> Vec<Option<Vec<u8>>> {
    let mut answers = Vec::with_capacity(texts.len());
    for batch in texts.chunks(BATCH) {
        let mut left = batch;
        // bash stops at the first error: what stands before it has been answered, the text at the error is
        // asked alone, and the rest goes on in the next process.
        while !left.is_empty() {
            let mut known = together(left, extglob);
            if known.len() < left.len() {
                known.push(alone(&left[known.len()], extglob));
            }
            left = &left[known.len()..];
            answers.extend(known);
        }
    }
    answers
}

/// The text as the body of a function: there bash prints its own ends of statements.
pub(crate) fn as_function(text: &[u8]) -> Vec<u8> {
    [b"f() {\n", text, b"\n}"].concat()
}

fn mark(number: usize) -> String {
    format!(": {MARK} {number}\n")
}

/// The answers up to the first text that bash stumbled over.
fn together(texts: &[Vec<u8>], extglob: bool) -> Vec<Option<Vec<u8>>> {
    let mut all = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        all.extend_from_slice(text);
        all.push(b'\n');
        all.extend_from_slice(mark(number).as_bytes());
    }
    let (out, _) = run(&all, extglob);
    let mut answers = Vec::new();
    let mut rest = out.as_slice();
    for number in 0..texts.len() {
        // Each mark stands on a line of its own, in order; where one does not, bash read something else.
        let Some((text, after)) = up_to_line(rest, mark(number).as_bytes()) else {
            break;
        };
        if contains(text, MARK.as_bytes()) {
            break;
        }
        answers.push(Some(text.to_vec()));
        rest = after;
    }
    answers
}

fn alone(text: &[u8], extglob: bool) -> Option<Vec<u8>> {
    let mut all = text.to_vec();
    all.push(b'\n');
    all.extend_from_slice(mark(0).as_bytes());
    let (out, fine) = run(&all, extglob);
    let (text, after) = up_to_line(&out, mark(0).as_bytes())?;
    let blank = after.iter().all(|byte| *byte == b'\n');
    (fine && blank && !contains(text, MARK.as_bytes())).then(|| text.to_vec())
}

fn run(text: &[u8], extglob: bool) -> (Vec<u8>, bool) {
    let number = FILES.fetch_add(1, Ordering::Relaxed);
    let name = std::env::temp_dir().join(format!("guardsh-{}-{number}", std::process::id()));
    std::fs::write(&name, text).unwrap();
    let out = Command::new("/bin/bash")
        .args(["--norc", "--noprofile", "--pretty-print"])
        .args([if extglob { "-O" } else { "+O" }, "extglob"])
        .arg(&name)
        .env_clear()
        .env("PATH", "/nonexistent")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    std::fs::remove_file(&name).unwrap();
    (out.stdout, out.status.success() && out.stderr.is_empty())
}

fn up_to_line<'t>(text: &'t [u8], line: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let mut from = 0;
    loop {
        let at = from
            + text
                .get(from..)?
                .windows(line.len())
                .position(|w| w == line)?;
        if at == 0 || text[at - 1] == b'\n' {
            return Some((&text[..at], &text[at + line.len()..]));
        }
        from = at + 1;
    }
}

fn contains(text: &[u8], piece: &[u8]) -> bool {
    text.windows(piece.len()).any(|window| window == piece)
}

/// A text as it is shown in a failure.
pub(crate) fn shown(text: &[u8]) -> String {
    let mut out = Vec::new();
    write!(out, "{}", String::from_utf8_lossy(text)).unwrap();
    String::from_utf8(out).unwrap()
}
