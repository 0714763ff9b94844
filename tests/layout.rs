//! Holds the folders of `src/` to the table of `docs/architecture.md`.

#![expect(clippy::unwrap_used, reason = "a test that cannot read the tree fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const CRATES: [&str; 5] = ["policy", "protocol", "server", "sys", "syntax"];

/// Folder of `src/` to what it may use, from the table.
fn table() -> BTreeMap<String, Option<BTreeSet<String>>> {
    let text = fs::read_to_string("docs/architecture.md").unwrap();
    let mut rows: BTreeMap<String, Option<BTreeSet<String>>> = BTreeMap::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, place, _, uses, _] = cells.as_slice() else {
            continue;
        };
        let Some(folder) = place
            .strip_prefix("`src/")
            .and_then(|rest| rest.strip_suffix('`'))
        else {
            continue;
        };
        if folder.ends_with(".rs") {
            continue;
        }
        let uses = match *uses {
            "all" => None,
            list => Some(list.split(',').map(|name| name.trim().to_owned()).collect()),
        };
        rows.insert(folder.to_owned(), uses);
    }
    rows
}

fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.file_name().is_some_and(|name| name == "tests.rs") {
            // Tests of a whole folder may reach further, too.
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_folder_of_src_has_a_row_and_every_row_a_folder() {
    let rows: BTreeSet<String> = table().into_keys().collect();
    let folders: BTreeSet<String> = fs::read_dir("src")
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    assert_eq!(folders, rows);
}

#[test]
fn no_crate_depends_on_what_its_row_does_not_name() {
    let text = fs::read_to_string("docs/architecture.md").unwrap();
    for name in CRATES {
        let row = text
            .lines()
            .find(|line| line.starts_with(&format!("| `crates/guardsh-{name}` |")));
        let row = row.unwrap_or_else(|| panic!("guardsh-{name} has no row"));
        let uses = row.trim_end_matches('|').rsplit('|').next().unwrap().trim();
        let named: BTreeSet<&str> = uses.split(", ").filter(|name| *name != "-").collect();
        let manifest = fs::read_to_string(format!("crates/guardsh-{name}/Cargo.toml")).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        let used: BTreeSet<&str> = manifest["dependencies"]
            .as_table()
            .unwrap()
            .keys()
            .filter_map(|name| name.strip_prefix("guardsh-"))
            .collect();
        assert_eq!(used, named, "guardsh-{name}");
    }
}

#[test]
fn no_folder_uses_what_its_row_does_not_name() {
    let rows = table();
    let mut wrong = Vec::new();
    for (folder, allowed) in &rows {
        let Some(allowed) = allowed else { continue };
        let mut files = Vec::new();
        sources(&Path::new("src").join(folder), &mut files);
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            // Test modules may reach further: they end their file.
            let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            for other in rows.keys().filter(|other| *other != folder) {
                if text.contains(&format!("crate::{other}::")) && !allowed.contains(other) {
                    wrong.push(format!("{} uses crate::{other}", file.display()));
                }
            }
            for name in CRATES {
                if text.contains(&format!("guardsh_{name}::")) && !allowed.contains(name) {
                    wrong.push(format!("{} uses guardsh-{name}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_pure_parts_read_no_clock_file_or_environment() {
    let impure = [
        "std::fs",
        "std::env",
        "std::net",
        "std::process",
        "SystemTime::now",
        "Instant::now",
        "Timestamp::now",
    ];
    let mut files = Vec::new();
    for folder in [
        "crates/guardsh-syntax/src",
        "crates/guardsh-policy/src",
        "src/gate",
    ] {
        sources(Path::new(folder), &mut files);
    }
    let mut wrong = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        for word in impure {
            if text.contains(word) {
                wrong.push(format!("{} names {word}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_light_crates_do_not_depend_on_the_server_s_weight() {
    for name in ["syntax", "protocol", "policy", "sys"] {
        let output = std::process::Command::new(env!("CARGO"))
            .args([
                "tree",
                "--offline",
                "--locked",
                "-e",
                "normal",
                "-p",
                &format!("guardsh-{name}"),
            ])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8(output.stderr).unwrap()
        );
        let tree = String::from_utf8(output.stdout).unwrap();
        for heavy in ["axum", "sqlx", "tokio", "reqwest", "hyper"] {
            assert!(
                !tree.contains(&format!(" {heavy} v")),
                "guardsh-{name} depends on {heavy}"
            );
        }
    }
}
