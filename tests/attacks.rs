//! Holds `docs/attacks.md`: each row names a test that exists, or a line of `tests/cases/` word for word.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

/// A row of the table: its place, the attack, and what stands in code marks in its last column.
struct Row {
    line: usize,
    attack: String,
    tests: Vec<String>,
}

fn rows() -> Vec<Row> {
    let text = fs::read_to_string("docs/attacks.md").unwrap();
    let mut rows = Vec::new();
    for (index, line) in text.lines().enumerate() {
        // A bar inside a cell is written `\|`.
        let line = line.replace("\\|", "\u{0}");
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, attack, _, tests, _] = cells.as_slice() else {
            continue;
        };
        if *attack == "attack" || attack.starts_with("---") {
            continue;
        }
        let tests = tests
            .split("`, `")
            .map(|test| test.trim_matches('`').replace('\u{0}', "|"));
        rows.push(Row {
            line: index + 1,
            attack: (*attack).to_owned(),
            tests: tests.collect(),
        });
    }
    rows
}

/// The test functions of a file.
fn functions(path: &str) -> HashSet<String> {
    let Ok(text) = fs::read_to_string(path) else {
        return HashSet::new();
    };
    let mut found = HashSet::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if let Some(rest) = line
            .strip_prefix("async ")
            .unwrap_or(line)
            .strip_prefix("fn ")
        {
            if is_test {
                found.insert(rest.split('(').next().unwrap().to_owned());
            }
            is_test = false;
        }
    }
    found
}

/// The lines of a file of cases that must not run, and the cases by line and by name.
fn lines(path: &str) -> HashSet<String> {
    let Ok(text) = fs::read_to_string(path) else {
        return HashSet::new();
    };
    let cases: toml::Table = text.parse().unwrap();
    let list = |key: &str| {
        let list = cases.get(key).and_then(toml::Value::as_array);
        list.cloned().unwrap_or_default()
    };
    let mut found = Vec::new();
    found.extend(list("not_allow"));
    found.extend(list("not_allow_bash"));
    for case in list("case") {
        found.extend(["name", "line"].map(|key| case[key].clone()));
    }
    let written = |line: &toml::Value| as_written(line.as_str().unwrap());
    found.iter().map(written).collect()
}

/// A line as it is written in a file of cases, quotes excepted, so that a row can show it on one line.
fn as_written(line: &str) -> String {
    let mut written = String::new();
    for c in line.chars() {
        match c {
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\t' => written.push_str("\\t"),
            ' '..='~' => written.push(c),
            other => written.push_str(&format!("\\u{:04x}", u32::from(other))),
        }
    }
    written
}

/// What is wrong with a name of a test; `None` if it is there.
fn missing(test: &str, known: &mut HashMap<String, HashSet<String>>) -> Option<String> {
    if let Some((path, line)) = test.split_once(": ") {
        let lines = known.entry(path.to_owned()).or_insert_with(|| lines(path));
        return (!lines.contains(line)).then(|| format!("{path} has no line {line:?}"));
    }
    let Some((path, name)) = test.split_once("::") else {
        return Some(format!("`{test}` names no test"));
    };
    let functions = known
        .entry(path.to_owned())
        .or_insert_with(|| functions(path));
    (!functions.contains(name)).then(|| format!("{path} has no test {name}"))
}

#[test]
fn every_attack_names_a_test_that_tries_it() {
    let rows = rows();
    let mut known = HashMap::new();
    let mut wrong = Vec::new();
    for row in &rows {
        for test in &row.tests {
            if let Some(words) = missing(test, &mut known) {
                wrong.push(format!(
                    "docs/attacks.md:{}: {}: {words}",
                    row.line, row.attack
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(rows.len() > 60, "only {} rows were found", rows.len());
}

#[test]
fn a_row_without_a_test_would_be_found() {
    let mut known = HashMap::new();
    for test in [
        "",
        "tests/attacks.rs",
        "tests/attacks.rs::no_such_test",
        "tests/attacks.rs::functions",
        "no/such/file.rs::x",
    ] {
        assert!(missing(test, &mut known).is_some(), "{test:?}");
    }
    assert!(missing("tests/cases/bypasses.toml: echo harmless", &mut known).is_some());
    assert_eq!(
        missing(
            "tests/attacks.rs::a_row_without_a_test_would_be_found",
            &mut known
        ),
        None
    );
}

#[test]
fn the_files_of_cases_that_are_named_are_judged() {
    // `tests/cases.rs` judges every file of that folder; a file elsewhere would be judged by nobody.
    for row in rows() {
        for test in row.tests.iter().filter(|test| test.contains(": ")) {
            let path = Path::new(test.split(": ").next().unwrap());
            assert_eq!(path.parent(), Some(Path::new("tests/cases")), "{test}");
        }
    }
}
