//! How long a verdict takes, with 10 and with 1,000 rules, and how long it takes to load them.
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use guardsh_policy::{Config, IdealWorld, Policy, Surroundings, analyse, judge};
use guardsh_syntax::{Dialect, Options};
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

const LINES: &[&str] = &[
    "echo hello",
    "ls -la src",
    "grep -rn TODO src | head -20",
    "git log --oneline -5",
    "find . -name '*.rs'",
    "kubectl get pods -A -o wide",
    "prog7 a b c",
];
const ROUNDS: u32 = 2_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for rules in [10, 1_000] {
        let mut text = String::from("version = 1\n");
        for number in 0..rules {
            write!(
                text,
                "[[rule]]\nid = \"r{number}\"\ndecision = \"allow\"\nrun = [\"prog{number} get **\", \"prog{number} logs **\"]\n"
            )?;
        }
        let begin = SystemTime::now();
        let config = Config::parse(&text, "rules.toml")?;
        let policy = Policy::new(&config, &Surroundings::default());
        println!("{rules} rules: loaded in {:?}", begin.elapsed()?);
        for line in LINES {
            let options = Options {
                extglob: false,
                here_doc_at_end: true,
                backslash_at_end: true,
                comments: true,
            };
            let mut world = IdealWorld::new(Dialect::Bash);
            let actions = analyse(line.as_bytes(), Dialect::Bash, options, &mut world)?;
            let begin = SystemTime::now();
            judge(&policy, &actions, &mut world);
            let first = begin.elapsed()?;
            let mut best = Duration::MAX;
            for _ in 0..5 {
                let begin = SystemTime::now();
                for _ in 0..ROUNDS {
                    judge(&policy, &actions, &mut world);
                }
                best = best.min(begin.elapsed()? / ROUNDS);
            }
            println!("  {line:32} first {first:?}, then {best:?}");
        }
    }
    Ok(())
}
