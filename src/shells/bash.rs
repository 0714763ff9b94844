//! bash 5, driven as `bash --noediting --rcfile HOOK -i`.

use super::channel::Fault;
use super::quote;
use super::{Answer, Prepared, Query, Shell, Start, StartUp, State, WordMeaning};
use guardsh_policy::Variable;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

const HOOK: &[u8] = include_bytes!("../../shell-hooks/guardsh.bash");

#[derive(Debug)]
pub(super) struct Bash;

impl Shell for Bash {
    fn prepare(&self, start: &Start, terminal: &Path) -> Prepared {
        let mut files = Vec::new();
        match &start.startup {
            StartUp::Usual => {
                let home = start
                    .environment
                    .iter()
                    .find(|(name, _)| name == "HOME")
                    .map(|(_, home)| Path::new(home));
                if start.login {
                    files.push(PathBuf::from("/etc/profile"));
                    let own = [".bash_profile", ".bash_login", ".profile"];
                    files.extend(home.and_then(|home| {
                        own.into_iter()
                            .map(|name| home.join(name))
                            .find(|file| std::fs::File::open(file).is_ok())
                    }));
                } else {
                    files.extend(home.map(|home| home.join(".bashrc")));
                }
            }
            StartUp::System | StartUp::Without => {}
        }
        let given = start
            .environment
            .iter()
            .find(|(name, _)| name == "PROMPT_COMMAND")
            .map(|(_, value)| value);
        let mut hook = b"__gs_tty=".to_vec();
        hook.extend(quote::ansi_c(terminal.as_os_str().as_bytes()));
        hook.extend_from_slice(b" __gs_rc=(");
        for file in &files {
            hook.push(b' ');
            hook.extend(quote::ansi_c(file.as_os_str().as_bytes()));
        }
        hook.extend_from_slice(b" )");
        // bash reads the machine's file before any that it is told.
        let by_prompt = start.login || start.startup == StartUp::Without;
        if by_prompt {
            hook.extend_from_slice(b" __gs_login=y; \\builtin unset PROMPT_COMMAND");
            if let Some(given) = given {
                hook.extend_from_slice(b"; export PROMPT_COMMAND=");
                hook.extend(quote::ansi_c(given.as_bytes()));
            }
        } else {
            hook.extend_from_slice(b" __gs_login=");
        }
        hook.push(b'\n');
        hook.extend_from_slice(HOOK);
        let mut environment = start.environment.clone();
        let mut arguments = vec![OsString::from("--noediting")];
        if by_prompt {
            // A login shell reads no file that it could be told, nor does one that is to read none: the hook comes
            // as the first prompt's command, and reads the profiles itself, with the terminal as they expect it.
            arguments.extend(["--noprofile".into(), "--norc".into()]);
            environment.retain(|(name, _)| name != "PROMPT_COMMAND");
            environment.push(("PROMPT_COMMAND".into(), ". /dev/fd/7".into()));
        } else {
            arguments.extend(["--rcfile".into(), "/dev/fd/7".into()]);
        }
        arguments.extend(start.options.iter().cloned());
        arguments.push("-i".into());
        Prepared {
            name: if start.login { "-bash" } else { "bash" }.into(),
            arguments,
            environment,
            hook,
        }
    }

    // In braces, and each of our own words behind a backslash: a program that inherited descriptor 0 from a
    // prompt hook could read a part of the line, and what is left of it must be a syntax error.
    fn constant_line(&self, nonce: &str, terminal: &Path) -> Vec<u8> {
        let mut line =
            format!("{{ \\__gs_l {nonce} \"$?\" \"$_\" \"$@\"; \\eval \"$__gs_x\" <").into_bytes();
        line.extend(quote::ansi_c(terminal.as_os_str().as_bytes()));
        line.extend_from_slice(
            b" 8>&- 9<&-; __gs_q=$?; \\__gs_e \"$__gs_u\" && \\__gs_e \"$__gs_u\"; }\n",
        );
        line
    }

    fn payload(&self, text: &[u8]) -> Vec<u8> {
        quote::ansi_c_body(text)
    }

    fn reads_by_length(&self) -> bool {
        true
    }

    fn questions(&self, separator: &str, queries: &[Query]) -> Vec<u8> {
        // What is sent is parsed anew each time, so the questions are functions of the hook.
        let mut code = format!("__gs_b={separator}; __gs_1; ").into_bytes();
        for query in queries {
            code.extend(question(query));
        }
        code
    }

    fn answer(&self, query: &Query, fields: &[Vec<u8>]) -> Result<Answer, Fault> {
        match (query, fields) {
            (Query::Word(word), [types, alias, remembered]) => {
                let has = |kind: &[u8]| types.split(|byte| *byte == b'\n').any(|line| line == kind);
                let remembered = remembered.strip_suffix(b"\n").unwrap_or(remembered);
                Ok(Answer::Word(WordMeaning {
                    alias: aliased(word, alias)?,
                    function: has(b"function"),
                    builtin: has(b"builtin"),
                    remembered: (!remembered.is_empty())
                        .then(|| PathBuf::from(OsString::from_vec(remembered.to_vec()))),
                }))
            }
            (Query::Function(_), [text]) => {
                Ok(Answer::Function((!text.is_empty()).then(|| text.clone())))
            }
            (Query::Variable(name), [text]) => Ok(Answer::Variable(declared(name, text)?)),
            (Query::Glob(_), names) => Ok(Answer::Glob(
                names
                    .iter()
                    .filter(|name| !name.is_empty())
                    .cloned()
                    .collect(),
            )),
            (Query::State, [folder, set, shopt, positional @ ..]) => {
                let options = [set, shopt]
                    .into_iter()
                    .flat_map(|list| list.split(|byte| *byte == b':'))
                    .filter_map(|name| std::str::from_utf8(name).ok())
                    .filter(|name| !name.is_empty())
                    .map(str::to_owned)
                    .collect();
                Ok(Answer::State(State {
                    folder: folder.clone(),
                    options,
                    positional: positional.to_vec(),
                    exported: None,
                    read_only: None,
                }))
            }
            (Query::Environment, [text]) => Ok(Answer::Environment(
                quote::read_declarations(text)
                    .ok_or(Fault::Malformed("declarations that cannot be read"))?,
            )),
            (
                Query::Word(_)
                | Query::Function(_)
                | Query::Variable(_)
                | Query::State
                | Query::Environment,
                _,
            ) => Err(Fault::Malformed("wrong number of fields")),
        }
    }

    fn reports_each_prompt(&self) -> bool {
        true
    }
}

/// Code that prints the answer's fields and the separator, each ended by NUL.
fn question(query: &Query) -> Vec<u8> {
    let about = |function: &str, name: &[u8]| {
        [function.as_bytes(), b" ", &quote::ansi_c(name), b"; "].concat()
    };
    match query {
        Query::Word(word) => about("__gs_2", word),
        Query::Function(name) => about("__gs_3", name),
        Query::Variable(name) => about("__gs_4", name.as_bytes()),
        Query::Glob(pattern) => [
            b"\\builtin printf '%s\\0' ".as_slice(),
            &escaped_for_ascii(pattern),
            b"; __gs_1; ",
        ]
        .concat(),
        Query::State => {
            b"\\builtin printf '%s\\0' \"${PWD-}\" \"$SHELLOPTS\" \"$BASHOPTS\" \"${@:4}\"; __gs_1; ".to_vec()
        }
        Query::Environment => b"\\builtin declare -px; \\builtin printf '\\0'; __gs_1; ".to_vec(),
    }
}

/// A pattern's bytes above ASCII, so that the length of the message is the same in every locale.
fn escaped_for_ascii(pattern: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(pattern.len());
    for byte in pattern {
        if byte.is_ascii() {
            out.push(*byte);
        } else {
            out.extend(quote::ansi_c(&[*byte]));
        }
    }
    out
}

/// Reads what `alias NAME` prints: nothing, or `alias NAME='…'`.
fn aliased(name: &[u8], text: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    let malformed = || Fault::Malformed("an alias that cannot be read");
    let rest = text.strip_prefix(b"alias ").ok_or_else(malformed)?;
    // A name that begins with a dash is printed behind `--`.
    let rest = rest.strip_prefix(b"-- ").unwrap_or(rest);
    let value = rest
        .strip_prefix(name)
        .and_then(|rest| rest.strip_prefix(b"="))
        .ok_or_else(malformed)?;
    let value = value.strip_suffix(b"\n").unwrap_or(value);
    quote::read_single(value).map(Some).ok_or_else(malformed)
}

/// Reads what `declare -p NAME` prints.
/// What `declare -p PROMPT_COMMAND` prints behind the name when only the hook's own element is there.
const OWN_HOOK: &[u8] = br#"=([99]="__gs_p \"\$?\"")"#;

fn declared(name: &str, text: &[u8]) -> Result<Variable, Fault> {
    if text.is_empty() {
        return Ok(Variable::Unset);
    }
    let malformed = || Fault::Malformed("a declaration that cannot be read");
    let rest = text.strip_prefix(b"declare -").ok_or_else(malformed)?;
    let space = rest
        .iter()
        .position(|byte| *byte == b' ')
        .ok_or_else(malformed)?;
    let flags = rest.get(..space).ok_or_else(malformed)?;
    let rest = rest.get(space + 1..).ok_or_else(malformed)?;
    let rest = rest.strip_prefix(name.as_bytes()).ok_or_else(malformed)?;
    let rest = rest.strip_suffix(b"\n").unwrap_or(rest);
    let exported = flags.contains(&b'x');
    // Our own hook beside nothing else: to the text, and to whoever assigns to it, the variable is not set.
    if name == "PROMPT_COMMAND" && flags == b"a" && rest == OWN_HOOK {
        return Ok(Variable::Unset);
    }
    if flags.iter().any(|flag| b"aAn".contains(flag)) {
        return Ok(Variable::Special { exported });
    }
    let plain = !flags.iter().any(|flag| b"irluct".contains(flag));
    match rest.strip_prefix(b"=") {
        // Declared and never assigned: for expansions that is unset, but its attributes are there.
        None if rest.is_empty() && plain && !exported => Ok(Variable::Unset),
        None if rest.is_empty() => Ok(Variable::Special { exported }),
        None => Err(malformed()),
        Some(value) => Ok(Variable::Scalar {
            value: quote::read_declared(value).ok_or_else(malformed)?,
            exported,
            plain,
        }),
    }
}
