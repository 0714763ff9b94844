//! Judges the lines of `tests/cases/*.toml`: what is harmless must run, what is not must never be allowed.
//!
//! A file has a `config`, and lines that it must `allow` (as bash reads them), lines that neither bash nor
//! dash may run unasked (`not_allow`; `not_allow_bash` where dash does nothing of the kind), and single lines of which the exact outcome matters (`case`). They
//! are judged in a made-up world: home `/home/user`, folder `/work`, every bare name a trusted program, no
//! variable set but HOME, PATH, PWD, USER, IFS and PS4, and parameters (`$1` …) of which nothing is known.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use guardsh_policy::{
    Config, Judgement, Policy, ProvingWorld, Surroundings, Verdict, analyse, judge,
};
use guardsh_syntax::{Dialect, Options};
use serde::Deserialize;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    config: String,
    #[serde(default)]
    allow: Vec<String>,
    #[serde(default)]
    not_allow: Vec<String>,
    #[serde(default)]
    not_allow_bash: Vec<String>,
    #[serde(default)]
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    line: String,
    want: Want,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Want {
    verdict: String,
    rule: Option<String>,
}

/// What is made of a line; `None` where it cannot be read, and so is not allowed.
fn judged(policy: &Policy, line: &str, dialect: Dialect) -> Option<Judgement> {
    let options = Options {
        extglob: false,
        here_doc_at_end: true,
        backslash_at_end: true,
        comments: true,
    };
    let mut world = ProvingWorld::new(dialect);
    let actions = analyse(line.as_bytes(), dialect, options, &mut world).ok()?;
    Some(judge(policy, &actions, &mut world))
}

fn why(judgement: Option<&Judgement>) -> String {
    match judgement {
        None => "it is not read".to_owned(),
        Some(judgement) => judgement.deciding().map_or_else(
            || "nothing in it asks".to_owned(),
            |action| format!("{}: {}", action.rule, action.reason),
        ),
    }
}

fn wrong(path: &Path, count: &mut usize) -> String {
    let name = path.file_name().unwrap().to_string_lossy();
    let cases: Cases = toml::from_str(&std::fs::read_to_string(path).unwrap())
        .unwrap_or_else(|e| panic!("{name}: {e}"));
    let config = Config::parse(&cases.config, &name).unwrap_or_else(|e| panic!("{name}: {e}"));
    let surroundings = Surroundings {
        start_folder: Some(PathBuf::from("/work")),
        ..Surroundings::default()
    };
    let policy = Policy::new(&config, &surroundings);
    let mut wrong = String::new();
    for line in &cases.allow {
        let judgement = judged(&policy, line, Dialect::Bash);
        if judgement
            .as_ref()
            .is_none_or(|judgement| judgement.verdict != Verdict::Allow)
        {
            writeln!(
                wrong,
                "{name}: not allowed: {line:?}: {}",
                why(judgement.as_ref())
            )
            .unwrap();
        }
    }
    let in_both = cases
        .not_allow
        .iter()
        .flat_map(|line| [(line, Dialect::Bash), (line, Dialect::Posix)]);
    for (line, dialect) in in_both.chain(
        cases
            .not_allow_bash
            .iter()
            .map(|line| (line, Dialect::Bash)),
    ) {
        if judged(&policy, line, dialect)
            .is_some_and(|judgement| judgement.verdict == Verdict::Allow)
        {
            writeln!(wrong, "{name}: allowed ({dialect:?}): {line:?}").unwrap();
        }
    }
    for case in &cases.case {
        let judgement = judged(&policy, &case.line, Dialect::Bash);
        let verdict = judgement
            .as_ref()
            .map_or("unread", |judgement| judgement.verdict.name());
        let rule = judgement
            .as_ref()
            .and_then(Judgement::deciding)
            .map(|action| action.rule.as_str());
        if verdict != case.want.verdict
            || case.want.rule.is_some() && case.want.rule.as_deref() != rule
        {
            writeln!(
                wrong,
                "{name}: {}: {verdict} by {}",
                case.name,
                why(judgement.as_ref())
            )
            .unwrap();
        }
    }
    *count +=
        cases.allow.len() + cases.not_allow.len() + cases.not_allow_bash.len() + cases.case.len();
    wrong
}

#[test]
fn harmless_lines_run_and_bypasses_do_not() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut all = String::new();
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            all.push_str(&wrong(&path, &mut count));
        }
    }
    assert!(all.is_empty(), "{all}");
    assert!(count > 500, "only {count} lines");
}
