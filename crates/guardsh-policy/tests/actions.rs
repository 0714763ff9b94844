//! Lines and the actions they come to: `cases/*.toml`.
//!
//! An action is written as one line: what the name leads to (`run` for a file), its words quoted for a
//! shell. `<a|b>` is a word of several values, `<?>` one that is not known, `<?*>` any number of such words,
//! `<x?>` one of which a part is known, `<glob>` a pattern. `~` marks a call that needs no rule.

#![expect(clippy::indexing_slicing, reason = "a helper of a test")]

use guardsh_policy::{
    Action, ActionKind, ActionWord, Count, Folder, IdealWorld, Piece, Program, SetScope, Standing,
    WordState, analyse,
};
use guardsh_syntax::{Dialect, Options};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    line: String,
    /// bash and dash unless one is named.
    shell: Option<String>,
    /// All actions, in order.
    want: Option<Vec<String>>,
    /// Actions that must be among them.
    #[serde(default)]
    has: Vec<String>,
    /// What no action's line may contain.
    #[serde(default)]
    lacks: Vec<String>,
    /// Something in it must keep it from running unasked.
    #[serde(default)]
    asks: bool,
    #[serde(default)]
    aliases: BTreeMap<String, String>,
    #[serde(default)]
    functions: BTreeMap<String, String>,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    #[serde(default)]
    options: Vec<String>,
    #[serde(default)]
    folders: Vec<String>,
}

#[test]
fn lines_come_to_the_actions_that_the_cases_name() {
    let mut failures = Vec::new();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.starts_with("actions") {
            continue;
        }
        let cases: Cases = toml::from_str(&std::fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for case in &cases.case {
            count += 1;
            check(case, &mut failures);
        }
    }
    assert!(count > 50);
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

fn check(case: &Case, failures: &mut Vec<String>) {
    for (shell, dialect) in [("bash", Dialect::Bash), ("dash", Dialect::Posix)] {
        if case.shell.as_deref().is_some_and(|only| only != shell) {
            continue;
        }
        let got = match actions_of(case, dialect) {
            Ok(actions) => actions,
            Err(error) => {
                failures.push(format!("{} [{shell}] {:?}: {error}", case.name, case.line));
                continue;
            }
        };
        let lines: Vec<String> = got.iter().map(line_of).collect();
        let mut wrong = Vec::new();
        if let Some(want) = &case.want
            && *want != lines
        {
            wrong.push(format!("want {want:#?}"));
        }
        for has in &case.has {
            if !lines.contains(has) {
                wrong.push(format!("lacks {has:?}"));
            }
        }
        for lacks in &case.lacks {
            if lines.iter().any(|line| line.contains(lacks.as_str())) {
                wrong.push(format!("has {lacks:?}"));
            }
        }
        if case.asks && !got.iter().any(is_asked) {
            wrong.push("nothing in it asks".to_owned());
        }
        if !wrong.is_empty() {
            failures.push(format!(
                "{} [{shell}] {:?}\n  {}\n  got {lines:#?}",
                case.name,
                case.line,
                wrong.join("\n  ")
            ));
        }
    }
}

fn actions_of(case: &Case, dialect: Dialect) -> Result<Vec<Action>, String> {
    let bytes = |map: &BTreeMap<String, String>| -> BTreeMap<Vec<u8>, Vec<u8>> {
        map.iter()
            .map(|(name, value)| (name.clone().into_bytes(), value.clone().into_bytes()))
            .collect()
    };
    let mut world = IdealWorld::new(dialect);
    world.aliases = bytes(&case.aliases);
    world.functions = bytes(&case.functions);
    world.variables.extend(bytes(&case.variables));
    world.options.extend(case.options.iter().cloned());
    world.folders = case.folders.iter().map(Into::into).collect();
    let options = Options {
        extglob: false,
        here_doc_at_end: true,
        backslash_at_end: true,
        comments: true,
    };
    analyse(case.line.as_bytes(), dialect, options, &mut world).map_err(|error| error.to_string())
}

/// Whether an action by itself keeps its line from running unasked, whatever rules there are short of
/// `dynamic = true`.
fn is_asked(action: &Action) -> bool {
    match &action.kind {
        ActionKind::Opaque(_) => true,
        ActionKind::Run(run) => run.program == Program::Unknown || run.argv[0].values().is_none(),
        ActionKind::Set(set) => set.scope == SetScope::Command || set.name.values().is_none(),
        ActionKind::Write(_) | ActionKind::Read(_) | ActionKind::Input(_) => false,
    }
}

fn line_of(action: &Action) -> String {
    let text = match &action.kind {
        ActionKind::Run(run) => {
            let kind = match run.program {
                Program::Builtin => "builtin",
                Program::Function => "function",
                Program::File(_) => "run",
                Program::Missing => "missing",
                Program::Unknown => "unknown",
            };
            let words: Vec<String> = run.argv.iter().map(word).collect();
            let standing = match run.standing {
                Standing::Judged => "",
                Standing::Transparent => "~",
            };
            format!("{kind}{standing} {}", words.join(" "))
        }
        ActionKind::Write(used) => format!(
            "write {}{}",
            word(&used.path),
            if used.below { "/**" } else { "" }
        ),
        ActionKind::Read(used) => format!("read {}", word(&used.path)),
        ActionKind::Set(set) => format!(
            "{} {}={}",
            match set.scope {
                SetScope::Shell => "set",
                SetScope::Exported => "export",
                SetScope::Command => "prefix",
            },
            word(&set.name),
            set.value.as_ref().map_or("<none>".to_owned(), word)
        ),
        ActionKind::Input(input) => format!("input {}", input.line.escape_ascii()),
        ActionKind::Opaque(opaque) => format!("opaque {}", opaque.what),
    };
    match &action.folder {
        Folder::Known(folder) if folder == std::path::Path::new("/work") => text,
        Folder::Known(folder) => format!("{text} @{}", folder.display()),
        Folder::Unknown => format!("{text} @?"),
    }
}

fn word(word: &ActionWord) -> String {
    let many = match word.count {
        Count::One => "",
        Count::Any => "*",
    };
    match &word.state {
        WordState::Literal(value) => quoted(value),
        WordState::Resolved(values) => match values.as_slice() {
            [only] => quoted(only),
            all => {
                let all: Vec<String> = all.iter().map(|value| quoted(value)).collect();
                format!("<{}>", all.join("|"))
            }
        },
        WordState::Pattern(_) => "<glob>".to_owned(),
        WordState::Dynamic(pieces) => {
            let known: Vec<String> = pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Known(known) => known.escape_ascii().to_string(),
                    Piece::Star => "*".to_owned(),
                    Piece::Question => ".".to_owned(),
                    Piece::Bracket(_) => "[]".to_owned(),
                    Piece::Unknown => "?".to_owned(),
                })
                .collect();
            format!("<{}{many}>", known.concat())
        }
    }
}

fn quoted(value: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_@%+=:,./{}-^".contains(byte);
    match std::str::from_utf8(value) {
        Ok(text) if !text.is_empty() && value.iter().all(plain) => text.to_owned(),
        Ok(text) => shell_words::quote(text).into_owned(),
        Err(_) => value.escape_ascii().to_string(),
    }
}

/// The last action of a line, in bash.
fn last_of(line: &str) -> Option<String> {
    let mut world = IdealWorld::new(Dialect::Bash);
    let options = Options {
        extglob: false,
        here_doc_at_end: true,
        backslash_at_end: true,
        comments: true,
    };
    let actions = analyse(line.as_bytes(), Dialect::Bash, options, &mut world).ok()?;
    actions.last().map(line_of)
}

#[test]
fn what_outgrows_a_limit_is_opaque() {
    let mut doubling = String::from("f0() { ls; }; ");
    for index in 1..40 {
        let before = index - 1;
        doubling.push_str(&format!("f{index}() {{ f{before}; f{before}; }}; "));
    }
    doubling.push_str("f39");
    let shapes = [
        "ls a; ".repeat(20_000),
        doubling,
        format!("x='{}'; ls {}", "a ".repeat(900), "$x ".repeat(20_000)),
        format!("ls {}", "{1..900} ".repeat(20_000)),
    ];
    for shape in shapes {
        let last = last_of(&shape).unwrap_or_default();
        assert!(
            last.starts_with("opaque "),
            "{}: {last}",
            shape.get(..40).unwrap_or(&shape)
        );
    }
}
