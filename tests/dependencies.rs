//! Holds the table of `docs/dependencies.md` to the direct dependencies of every crate.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

fn manifests() -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from("Cargo.toml")];
    for entry in fs::read_dir("crates").unwrap() {
        found.push(entry.unwrap().path().join("Cargo.toml"));
    }
    found
}

/// What all crates depend on directly, for building, running and testing; our own crates left out.
fn dependencies() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for path in manifests() {
        let manifest: toml::Table = fs::read_to_string(path).unwrap().parse().unwrap();
        let mut tables = vec![&manifest];
        let targets = manifest.get("target").and_then(toml::Value::as_table);
        tables.extend(
            targets
                .into_iter()
                .flat_map(|targets| targets.values())
                .filter_map(toml::Value::as_table),
        );
        for table in tables {
            for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
                let names = table.get(kind).and_then(toml::Value::as_table);
                found.extend(names.into_iter().flat_map(|names| names.keys().cloned()));
            }
        }
    }
    found.retain(|name| !name.starts_with("guardsh-"));
    found
}

/// The first column of the table whose head begins with `crate`, up to the next heading.
fn documented() -> BTreeSet<String> {
    let text = fs::read_to_string("docs/dependencies.md").unwrap();
    let first = text.split("\n## ").next().unwrap();
    let mut found = BTreeSet::new();
    for row in first.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 6, "{row}");
        assert!(
            cells.iter().skip(1).take(4).all(|cell| !cell.is_empty()),
            "an empty cell: {row}"
        );
        found.insert(cells[1].trim_matches('`').to_owned());
    }
    found
}

#[test]
fn every_direct_dependency_is_explained_and_nothing_else() {
    let used = dependencies();
    assert!(
        used.contains("nix") && used.contains("tempfile"),
        "{used:?}"
    );
    assert_eq!(used, documented());
}
