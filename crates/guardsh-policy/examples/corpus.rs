//! What becomes of a file of command lines under the built-in defaults: `corpus FILE.jsonl …`, one
//! `{"line": …}` a line.
//!
//! Prints one JSON object per file: how many lines there are, how many the reader reads, and how many are
//! allowed, asked and denied. What is not grammar that guardsh knows asks. The world is the ideal one: each
//! program is where it should be, and no file, alias or variable of a real machine plays a part. Nothing of
//! the lines runs. With `WHY=1` the rules that asked most often follow on standard error, with `SHOW=RULE` the
//! lines that this rule decided.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it prints what it counted"
)]

use guardsh_policy::{Config, IdealWorld, Policy, Surroundings, Verdict, analyse, judge};
use guardsh_syntax::{Dialect, NotRead, Options};
use std::collections::BTreeMap;

const OPTIONS: Options = Options {
    extglob: false,
    here_doc_at_end: true,
    backslash_at_end: true,
    comments: true,
};

#[derive(Default)]
struct Counts {
    lines: usize,
    read: usize,
    invalid: usize,
    allow: usize,
    ask: usize,
    deny: usize,
    rules: BTreeMap<String, usize>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let policy = Policy::new(&Config::default(), &Surroundings::default());
    for file in std::env::args().skip(1) {
        let mut counts = Counts::default();
        for row in std::fs::read_to_string(&file)?.lines() {
            let row: serde_json::Value = serde_json::from_str(row)?;
            if let Some(line) = row.get("line").and_then(serde_json::Value::as_str) {
                count(line, &policy, &mut counts);
            }
        }
        let Counts {
            lines,
            read,
            invalid,
            allow,
            ask,
            deny,
            rules,
        } = counts;
        println!(
            "{}",
            serde_json::json!({
                "file": file, "lines": lines, "read": read, "invalid": invalid,
                "allow": allow, "ask": ask, "deny": deny,
            })
        );
        if std::env::var_os("WHY").is_some() {
            let mut rules: Vec<_> = rules.into_iter().collect();
            rules.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            for (rule, count) in rules.iter().take(25) {
                eprintln!("  {count:6} {rule}");
            }
        }
    }
    Ok(())
}

fn count(line: &str, policy: &Policy, counts: &mut Counts) {
    counts.lines += 1;
    let mut world = IdealWorld::new(Dialect::Bash);
    let actions = match analyse(line.as_bytes(), Dialect::Bash, OPTIONS, &mut world) {
        Ok(actions) => actions,
        Err(NotRead::Unsupported(place)) => {
            counts.ask += 1;
            *counts
                .rules
                .entry(format!("unsupported: {}", place.what))
                .or_default() += 1;
            return;
        }
        // The shell would not run it either.
        Err(NotRead::Invalid(_) | NotRead::Incomplete(_)) => {
            counts.invalid += 1;
            return;
        }
    };
    counts.read += 1;
    let judgement = judge(policy, &actions, &mut world);
    match judgement.verdict {
        Verdict::Allow => counts.allow += 1,
        Verdict::Ask => counts.ask += 1,
        Verdict::Deny => counts.deny += 1,
    }
    if judgement.verdict != Verdict::Allow
        && let Some(action) = judgement.deciding()
    {
        if std::env::var("SHOW").is_ok_and(|rule| rule == action.rule) {
            eprintln!("{line}");
        }
        *counts.rules.entry(action.rule.clone()).or_default() += 1;
    }
}
