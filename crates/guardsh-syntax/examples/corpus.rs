//! How much of a file of command lines is read: `corpus FILE.jsonl …`, one `{"line": …}` a line.
//!
//! Prints, per file, how many lines are read, incomplete, invalid and unsupported; with `WHY=1` the most
//! frequent reasons, with `SHOW=word` the lines whose reason has that word.

use guardsh_syntax::{Dialect, NotRead, Options, read};
use std::collections::BTreeMap;

#[expect(clippy::print_stdout, reason = "an example that prints")]
fn main() {
    let options = Options {
        extglob: false,
        here_doc_at_end: true,
        backslash_at_end: true,
        comments: true,
    };
    for file in std::env::args().skip(1) {
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
        for row in text.lines() {
            let Ok(row) = serde_json::from_str::<serde_json::Value>(row) else {
                continue;
            };
            let Some(line) = row.get("line").and_then(serde_json::Value::as_str) else {
                continue;
            };
            let good = row
                .get("bash")
                .and_then(serde_json::Value::as_bool)
                .unwrap_or(true);
            let (kind, what) = match read(line.as_bytes(), Dialect::Bash, options) {
                Ok(_) => ("read", String::new()),
                Err(NotRead::Incomplete(place)) => ("incomplete", place.what),
                Err(NotRead::Invalid(place)) => ("invalid", place.what),
                Err(NotRead::Unsupported(place)) => ("unsupported", place.what),
            };
            *counts
                .entry(format!(
                    "{kind}{}",
                    if good { "" } else { ", bash refuses" }
                ))
                .or_default() += 1;
            if !what.is_empty() && good {
                if std::env::var("SHOW").is_ok_and(|show| what.contains(&show)) {
                    println!("{what}: {line}");
                }
                *reasons.entry(format!("{kind}: {what}")).or_default() += 1;
            }
            if kind == "read" && !good && std::env::var("SHOW").is_ok_and(|show| show == "false") {
                println!("accepted, bash refuses: {line}");
            }
        }
        println!("{file}: {counts:?}");
        if std::env::var_os("WHY").is_some() {
            let mut reasons: Vec<_> = reasons.into_iter().collect();
            reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            for (reason, count) in reasons.iter().take(25) {
                println!("  {count:5} {reason}");
            }
        }
    }
}
