//! Judged actions in the shape in which they cross wires and disks.

use crate::action::{Action, ActionKind, ActionWord, Folder, Program};
use crate::show::text;
use crate::verdict::JudgedAction;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use guardsh_protocol::{ActionRecord, ProgramRecord};
use std::os::unix::ffi::OsStrExt;

/// The record of a judged action (contract of `check --json`, requests and the audit log).
pub fn record(judged: &JudgedAction) -> ActionRecord {
    let action = &judged.action;
    let mut record = ActionRecord {
        span: [action.span.start, action.span.end],
        cwd: match &action.folder {
            Folder::Known(folder) => Some(text(folder.as_os_str().as_bytes())),
            Folder::Unknown => None,
        },
        via: action.via.clone(),
        verdict: judged.verdict.name().to_owned(),
        rule: judged.rule.clone(),
        source: judged.source.clone(),
        reason: judged.reason.clone(),
        suggest: judged.suggest.clone(),
        ..ActionRecord::default()
    };
    describe(action, &mut record);
    record
}

fn describe(action: &Action, record: &mut ActionRecord) {
    match &action.kind {
        ActionKind::Run(run) => {
            record.kind = "run".to_owned();
            record.argv = Some(run.argv.iter().map(|word| text(known(word))).collect());
            if run.argv.iter().any(|word| not_text(known(word))) {
                let words = run.argv.iter().map(|word| BASE64.encode(known(word)));
                record.argv_base64 = Some(words.collect());
            }
            record.words = run.argv.iter().map(state).collect();
            record.program = Some(program(&run.program));
        }
        ActionKind::Write(path) => {
            record.kind = "write".to_owned();
            path_of(&path.path, record);
        }
        ActionKind::Read(path) => {
            record.kind = "read".to_owned();
            path_of(&path.path, record);
        }
        ActionKind::Set(set) => {
            record.kind = "set".to_owned();
            record.name = Some(text(known(&set.name)));
            record.value = set.value.as_ref().map(|value| text(known(value)));
            record.words = std::iter::once(&set.name)
                .chain(&set.value)
                .map(state)
                .collect();
        }
        ActionKind::Input(input) => {
            record.kind = "input".to_owned();
            record.program = Some(ProgramRecord {
                kind: "unknown".to_owned(),
                path: Some(text(&input.program)),
                ..ProgramRecord::default()
            });
            record.line = Some(text(&input.line));
        }
        ActionKind::Opaque(opaque) => {
            record.kind = "opaque".to_owned();
            record.what = Some(opaque.what.clone());
        }
    }
}

fn path_of(path: &ActionWord, record: &mut ActionRecord) {
    let bytes = known(path);
    record.path = Some(text(bytes));
    if not_text(bytes) {
        record.path_base64 = Some(BASE64.encode(bytes));
    }
    record.words = vec![state(path)];
}

/// The word's one value, or how it is written.
fn known(word: &ActionWord) -> &[u8] {
    word.value().unwrap_or(&word.source)
}

fn not_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err()
}

fn state(word: &ActionWord) -> String {
    word.state_name().to_owned()
}

fn program(program: &Program) -> ProgramRecord {
    let of_kind = |kind: &str| ProgramRecord {
        kind: kind.to_owned(),
        ..ProgramRecord::default()
    };
    match program {
        Program::Builtin => of_kind("builtin"),
        Program::Function => of_kind("function"),
        Program::Missing => of_kind("missing"),
        Program::Unknown => of_kind("unknown"),
        Program::File(file) => ProgramRecord {
            kind: "file".to_owned(),
            path: Some(text(file.real.as_os_str().as_bytes())),
            device: Some(file.device.to_string()),
            inode: Some(file.inode.to_string()),
            changed: file.changed.map(|changed| changed.to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::judge::{Policy, Surroundings, judge};
    use crate::testing::{actions, world};

    fn records(line: &str) -> Vec<ActionRecord> {
        let policy = Policy::new(&Config::default(), &Surroundings::default());
        let mut world = world();
        let actions = actions(line, &mut world);
        judge(&policy, &actions, &mut world)
            .actions
            .iter()
            .map(record)
            .collect()
    }

    #[test]
    fn a_call_is_recorded_as_it_was_judged() {
        let [record] = records("ls -la $1").try_into().unwrap();
        assert_eq!(record.kind, "run");
        assert_eq!(record.argv.unwrap(), ["ls", "-la", "$1"]);
        assert_eq!(record.argv_base64, None);
        assert_eq!(record.words, ["literal", "literal", "dynamic"]);
        assert_eq!(record.verdict, "allow");
        assert_eq!(
            (record.rule.as_str(), record.source.as_str()),
            ("pack.readonly.list", "builtin")
        );
        let program = record.program.unwrap();
        assert_eq!(
            (program.kind.as_str(), program.path.as_deref()),
            ("file", Some("/usr/bin/ls"))
        );
    }

    #[test]
    fn bytes_that_are_no_text_stand_beside_as_base64() {
        let [record] = records("ls $'a\\xff'").try_into().unwrap();
        assert_eq!(record.argv.unwrap(), ["ls", "a\u{fffd}"]);
        assert_eq!(record.argv_base64.unwrap(), ["bHM=", "Yf8="]);
    }

    #[test]
    fn paths_and_variables_are_recorded() {
        let all = records("FOO=a ls > out");
        let of = |kind: &str| all.iter().find(|record| record.kind == kind).unwrap();
        assert_eq!(of("write").path.as_deref(), Some("out"));
        assert_eq!(of("set").name.as_deref(), Some("FOO"));
        assert_eq!(of("set").value.as_deref(), Some("a"));
    }
}
