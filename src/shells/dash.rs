//! dash, driven as `dash -i` with the hook as its `$ENV`.

use super::channel::Fault;
use super::quote;
use super::{Answer, Prepared, Query, Shell, Start, StartUp, State, WordMeaning};
use guardsh_policy::Variable;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

const HOOK: &[u8] = include_bytes!("../../shell-hooks/guardsh.sh");

#[derive(Debug)]
pub(super) struct Dash;

impl Shell for Dash {
    fn prepare(&self, start: &Start, terminal: &Path) -> Prepared {
        let given = start
            .environment
            .iter()
            .find(|(name, _)| name == "ENV")
            .map(|(_, value)| value.clone());
        let rc = match &start.startup {
            StartUp::Usual => given.clone().unwrap_or_default(),
            StartUp::System | StartUp::Without => OsString::new(),
        };
        let mut hook = b"__gs_tty=".to_vec();
        hook.extend(quote::single(terminal.as_os_str().as_bytes()));
        hook.extend_from_slice(b" __gs_login=");
        if start.login && start.startup == StartUp::Usual {
            hook.push(b'y');
        }
        hook.extend_from_slice(b" __gs_env=");
        hook.extend(quote::single(rc.as_bytes()));
        match &given {
            Some(value) => {
                hook.extend_from_slice(b" ENV=");
                hook.extend(quote::single(value.as_bytes()));
            }
            None => hook.extend_from_slice(b"; unset ENV"),
        }
        hook.push(b'\n');
        hook.extend_from_slice(HOOK);
        let mut environment: Vec<(OsString, OsString)> = start
            .environment
            .iter()
            .filter(|(name, _)| name != "ENV")
            .cloned()
            .collect();
        environment.push(("ENV".into(), "/dev/fd/7".into()));
        let mut arguments = start.options.clone();
        arguments.push("-i".into());
        Prepared {
            // Never `-dash`: it would read the profiles itself, with the channel as their input.
            name: "dash".into(),
            arguments,
            environment,
            hook,
        }
    }

    // The text is evaluated with tracing and status as they were; the report is made on the same line.
    fn constant_line(&self, nonce: &str, terminal: &Path) -> Vec<u8> {
        let mut line = format!(
            "{{ {{ \\__gs_l {nonce} \"$?\" \"${{_-}}\" \"$@\"; }} 2>/dev/null; \\eval \"{{ $__gs_x __gs_y \\\"\\$__gs_u\\\" && __gs_v \\\"\\$__gs_u\\\"; }} 2>/dev/null; $__gs_t${{__gs_nl}}{{ __gs_s=\\$? __gs_u=\\$_; case \\$- in *x*) __gs_x='set -x;';; *) __gs_x=;; esac; set +x; }} 2>/dev/null\" <"
        )
        .into_bytes();
        line.extend(quote::single(terminal.as_os_str().as_bytes()));
        line.extend_from_slice(
            b" 8>&- 9<&-; \\__gs_r \"$__gs_s\" \"$__gs_u\" && \\__gs_v \"$__gs_u\"; }\n",
        );
        line
    }

    fn payload(&self, text: &[u8]) -> Vec<u8> {
        quote::on_one_line(text, "__gs_nl")
    }

    fn reads_by_length(&self) -> bool {
        false
    }

    fn questions(&self, separator: &str, queries: &[Query]) -> Vec<u8> {
        let mark = format!("printf '%s\\0' {separator}; ").into_bytes();
        let mut code = mark.clone();
        for query in queries {
            code.extend(question(query));
            code.extend_from_slice(&mark);
        }
        code
    }

    fn answer(&self, query: &Query, fields: &[Vec<u8>]) -> Result<Answer, Fault> {
        match (query, fields) {
            (Query::Word(word), [text]) => Ok(Answer::Word(meaning(word, text)?)),
            // dash cannot print a function.
            (Query::Function(_), [_]) => Ok(Answer::Function(None)),
            (Query::Variable(_), [set, value]) => Ok(Answer::Variable(if set == b"y" {
                Variable::Scalar {
                    value: value.clone(),
                    exported: false,
                    plain: true,
                }
            } else {
                Variable::Unset
            })),
            (Query::Glob(_), names) => Ok(Answer::Glob(
                names
                    .iter()
                    .filter(|name| !name.is_empty())
                    .cloned()
                    .collect(),
            )),
            (Query::State, [exported, read_only, folder, flags, count, positional @ ..]) => {
                Ok(Answer::State(State {
                    folder: folder.clone(),
                    options: options(flags),
                    positional: if count == b"0" {
                        Vec::new()
                    } else {
                        positional.to_vec()
                    },
                    exported: Some(names(b"export ", exported)?),
                    read_only: Some(names(b"readonly ", read_only)?),
                }))
            }
            (Query::Environment, [text]) => Ok(Answer::Environment(
                named(b"export ", text)?
                    .into_iter()
                    .filter_map(|(name, value)| Some((name, value?)))
                    .collect(),
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
        false
    }
}

/// Code that prints the answer's fields, each ended by NUL.
fn question(query: &Query) -> Vec<u8> {
    match query {
            Query::Word(word) | Query::Function(word) => [
                b"type ".as_slice(),
                &quote::on_one_line(word, "__gs_nl"),
                b"; printf '\\0'; ",
            ]
            .concat(),
            Query::Variable(name) => {
                format!("printf '%s\\0%s\\0' \"${{{name}+y}}\" \"${{{name}-}}\"; ").into_bytes()
            }
            Query::Glob(pattern) => [b"printf '%s\\0' ".as_slice(), pattern, b"; "].concat(),
            Query::Environment => b"export -p; printf '\\0'; ".to_vec(),
            Query::State => {
                b"export -p; printf '\\0'; readonly -p; printf '\\0%s\\0%s\\0%s\\0' \"${PWD-}\" \"$-\" \"$#\"; printf '%s\\0' \"$@\"; ".to_vec()
            }
        }
}

/// Reads what `type WORD` prints.
fn meaning(word: &[u8], text: &[u8]) -> Result<WordMeaning, Fault> {
    let malformed = || Fault::Malformed("a meaning that cannot be read");
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    // Not found is said on standard error.
    if text.is_empty() {
        return Ok(WordMeaning::default());
    }
    let text = text.strip_prefix(word).ok_or_else(malformed)?;
    if text == b": not found" {
        return Ok(WordMeaning::default());
    }
    if let Some(alias) = text.strip_prefix(b" is an alias for ") {
        return Ok(WordMeaning {
            alias: Some(alias.to_vec()),
            ..WordMeaning::default()
        });
    }
    match text {
        b" is a shell function" => {
            return Ok(WordMeaning {
                function: true,
                ..WordMeaning::default()
            });
        }
        b" is a shell builtin" | b" is a special shell builtin" => {
            return Ok(WordMeaning {
                builtin: true,
                ..WordMeaning::default()
            });
        }
        b" is a shell keyword" => return Ok(WordMeaning::default()),
        _ => {}
    }
    let path = text
        .strip_prefix(b" is a tracked alias for ")
        .or_else(|| text.strip_prefix(b" is "))
        .ok_or_else(malformed)?;
    Ok(WordMeaning {
        remembered: Some(PathBuf::from(OsString::from_vec(path.to_vec()))),
        ..WordMeaning::default()
    })
}

/// The names of the options in `$-`. Aliases are always expanded.
fn options(flags: &[u8]) -> Vec<String> {
    let mut names = vec![
        "expand_aliases".to_owned(),
        "interactive_comments".to_owned(),
    ];
    for flag in flags {
        let name = match flag {
            b'a' => "allexport",
            b'C' => "noclobber",
            b'e' => "errexit",
            b'f' => "noglob",
            b'm' => "monitor",
            b'n' => "noexec",
            b'u' => "nounset",
            b'v' => "verbose",
            b'x' => "xtrace",
            _ => continue,
        };
        names.push(name.to_owned());
    }
    names
}

/// The names that `export -p` or `readonly -p` prints.
fn names(keyword: &[u8], text: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
    Ok(named(keyword, text)?
        .into_iter()
        .map(|(name, _)| name)
        .collect())
}

type Named = (Vec<u8>, Option<Vec<u8>>);

/// The same with their values; none where the name is marked and not set.
fn named(keyword: &[u8], text: &[u8]) -> Result<Vec<Named>, Fault> {
    let malformed = || Fault::Malformed("a list of names that cannot be read");
    let mut names = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        rest = rest.strip_prefix(keyword).ok_or_else(malformed)?;
        let end = rest
            .iter()
            .position(|byte| *byte == b'=' || *byte == b'\n')
            .ok_or_else(malformed)?;
        let name = rest.get(..end).ok_or_else(malformed)?.to_vec();
        let after = rest.get(end..).ok_or_else(malformed)?;
        let set = after.strip_prefix(b"=");
        let (value, following) =
            quote::read_dash_word(set.unwrap_or(after)).ok_or_else(malformed)?;
        rest = following;
        names.push((name, set.map(|_| value)));
    }
    Ok(names)
}
