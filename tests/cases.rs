//! Judges the lines of `tests/cases/*.toml`: what is harmless must run, what is not must never be allowed.

use guardsh_policy::{Config, Policy, Verdict};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    config: String,
    #[serde(default)]
    allow: Vec<String>,
    #[serde(default)]
    not_allow: Vec<String>,
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
