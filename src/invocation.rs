//! Which of its forms guardsh was called in: a shell, or one of its tools.
//!
//! Decided before anything else, and without clap, so that the forms that sshd, cron, make and agents use
//! start fast. What a shell would take as an option is understood or is an error that names it; no word of
//! the caller is ever judged as one thing and run as another.

use guardsh_sys::ancestry::TOOLS;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// How guardsh was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Invocation {
    /// A tool: `check`, `serve`, … The words go to clap.
    Tool,
    /// A shell.
    Shell(ShellCall),
}

/// A call as a shell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ShellCall {
    /// `--config FILE`, which must come first.
    pub(crate) config: Option<PathBuf>,
    /// The shell named after `--`; else the configured one.
    pub(crate) program: Option<OsString>,
    /// What the shell is to read.
    pub(crate) input: Input,
    /// `-l`, `--login`, or a name that begins with `-`.
    pub(crate) login: bool,
    /// `-i`
    pub(crate) interactive: bool,
    /// Options that are passed on to the real shell as they are.
    pub(crate) passed: Vec<OsString>,
    /// `-O name` and `+O name` among them, which change how text is read.
    pub(crate) shopts: Vec<(bool, String)>,
    /// `-o name`, `-e` and so on among them.
    pub(crate) options: Vec<(bool, String)>,
    /// `--norc`
    pub(crate) no_rc: bool,
    /// `--noprofile`
    pub(crate) no_profile: bool,
}

/// What a shell reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Input {
    /// A terminal: an interactive session. Decided by the caller when standard input is none.
    #[default]
    Terminal,
    /// `-c TEXT [NAME ARGS]`
    Text {
        /// The text.
        text: Vec<u8>,
        /// `$0` and what follows.
        arguments: Vec<OsString>,
    },
    /// `FILE [ARGS]`
    File {
        /// The script.
        path: PathBuf,
        /// `$1` and what follows.
        arguments: Vec<OsString>,
    },
    /// `-s [ARGS]`
    Standard {
        /// `$1` and what follows.
        arguments: Vec<OsString>,
    },
}

/// A call that is understood as nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallError {
    /// An option of another program, or one that cannot be guarded.
    #[error("{option}: {why}\n  next  guardsh --help")]
    Option {
        /// As given.
        option: String,
        /// Why it cannot be taken.
        why: String,
    },
}

impl Invocation {
    /// Reads the words of the call, the program's own name first.
    pub(crate) fn read(words: &[OsString]) -> Result<Self, CallError> {
        let mut words = words.iter();
        let name = words.next().map(OsString::as_os_str).unwrap_or_default();
        let login = name.as_bytes().starts_with(b"-");
        let mut rest: Vec<OsString> = words.cloned().collect();
        let mut call = ShellCall {
            login,
            ..ShellCall::default()
        };
        let mut tool_words = rest.as_slice();
        if let [option, file, after @ ..] = rest.as_slice()
            && option == "--config"
        {
            call.config = Some(PathBuf::from(file));
            tool_words = after;
        }
        if !login && let Some(first) = tool_words.first() {
            let is_tool = first.to_str().is_some_and(|word| TOOLS.contains(&word));
            if is_tool
                || first == "--help"
                || first == "-h"
                || first == "--version"
                || first == "-V"
            {
                return Ok(Self::Tool);
            }
        }
        let rest = rest.split_off(rest.len() - tool_words.len());
        call.read(rest)?;
        Ok(Self::Shell(call))
    }
}

impl ShellCall {
    /// Reads a shell's options and operands. `-- bash …` names the shell and starts over with its words.
    fn read(&mut self, words: Vec<OsString>) -> Result<(), CallError> {
        let mut words = words.into_iter();
        let mut text_wanted = false;
        let mut standard = false;
        let mut operands: Vec<OsString> = Vec::new();
        while let Some(word) = words.next() {
            let bytes = word.as_bytes();
            match bytes {
                b"--" if self.program.is_none() && !text_wanted && !standard => {
                    let Some(program) = words.next() else { break };
                    self.name_program(program)?;
                    return self.read(words.collect());
                }
                b"--" | b"-" => {
                    operands.extend(words);
                    break;
                }
                [b'-', b'-', ..] => self.long_option(&word, &mut words)?,
                [sign @ (b'-' | b'+'), letters @ ..] if !letters.is_empty() => {
                    for letter in letters {
                        match letter {
                            b'c' if *sign == b'-' => text_wanted = true,
                            b's' if *sign == b'-' => standard = true,
                            b'i' if *sign == b'-' => self.interactive = true,
                            b'l' if *sign == b'-' => self.login = true,
                            b'o' | b'O' => self.named_option(*sign, *letter, &mut words)?,
                            _ => self.letter_option(*sign, *letter)?,
                        }
                    }
                }
                _ => {
                    operands.push(word);
                    operands.extend(words);
                    break;
                }
            }
        }
        self.input = if text_wanted {
            let mut operands = operands.into_iter();
            let Some(text) = operands.next() else {
                return Err(refused("-c", "option requires an argument"));
            };
            Input::Text {
                text: text.into_vec(),
                arguments: operands.collect(),
            }
        } else if standard {
            Input::Standard {
                arguments: operands,
            }
        } else {
            let mut operands = operands.into_iter();
            match operands.next() {
                Some(path) => Input::File {
                    path: PathBuf::from(path),
                    arguments: operands.collect(),
                },
                None => Input::Terminal,
            }
        };
        Ok(())
    }

    fn name_program(&mut self, program: OsString) -> Result<(), CallError> {
        let base = Path::new(&program).file_name().unwrap_or_default();
        if base == "bash" || base == "dash" || base == "sh" {
            self.program = Some(program);
            return Ok(());
        }
        Err(refused(
            &shown(&program),
            "guardsh drives bash and dash; what another shell or program would read cannot be judged yet",
        ))
    }

    fn long_option(
        &mut self,
        word: &OsStr,
        words: &mut std::vec::IntoIter<OsString>,
    ) -> Result<(), CallError> {
        match word.as_bytes() {
            b"--login" => self.login = true,
            b"--norc" => {
                self.no_rc = true;
                self.passed.push(word.to_owned());
            }
            b"--noprofile" => {
                self.no_profile = true;
                self.passed.push(word.to_owned());
            }
            b"--posix" => {
                self.options.push((true, "posix".to_owned()));
                self.passed.push(word.to_owned());
            }
            b"--noediting" | b"--verbose" | b"--restricted" => self.passed.push(word.to_owned()),
            b"--rcfile" | b"--init-file" => {
                let _ = words.next();
                return Err(refused(
                    &shown(word),
                    "a start-up file named by the caller would run unjudged",
                ));
            }
            b"--config" => {
                return Err(refused(
                    "--config",
                    "must come first, before the shell's own options",
                ));
            }
            _ => return Err(refused(&shown(word), "unknown option")),
        }
        Ok(())
    }

    fn named_option(
        &mut self,
        sign: u8,
        letter: u8,
        words: &mut std::vec::IntoIter<OsString>,
    ) -> Result<(), CallError> {
        let option = format!("{}{}", char::from(sign), char::from(letter));
        let Some(name) = words.next() else {
            return Err(refused(&option, "needs the name of an option"));
        };
        let Some(text) = name.to_str().map(str::to_owned) else {
            return Err(refused(&option, "the option's name is not UTF-8"));
        };
        // These change what is read or run in ways that only the shell would know of.
        if matches!(text.as_str(), "keyword" | "extdebug" | "onecmd") {
            return Err(refused(
                &format!("{option} {text}"),
                "changes how a line runs in a way guardsh does not judge",
            ));
        }
        let list = if letter == b'O' {
            &mut self.shopts
        } else {
            &mut self.options
        };
        list.push((sign == b'-', text));
        self.passed.push(option.into());
        self.passed.push(name);
        Ok(())
    }

    fn letter_option(&mut self, sign: u8, letter: u8) -> Result<(), CallError> {
        let option = format!("{}{}", char::from(sign), char::from(letter));
        let name = match letter {
            b'a' => "allexport",
            b'b' => "notify",
            b'e' => "errexit",
            b'f' => "noglob",
            b'h' => "hashall",
            b'm' => "monitor",
            b'n' => "noexec",
            b'u' => "nounset",
            b'v' => "verbose",
            b'x' => "xtrace",
            b'B' => "braceexpand",
            b'C' => "noclobber",
            b'E' => "errtrace",
            b'H' => "histexpand",
            b'P' => "physical",
            b'T' => "functrace",
            b'p' => "privileged",
            b'k' | b't' | b'r' | b'D' => {
                return Err(refused(
                    &option,
                    "changes how a line runs in a way guardsh does not judge",
                ));
            }
            _ => return Err(refused(&option, "unknown option")),
        };
        self.options.push((sign == b'-', name.to_owned()));
        self.passed.push(option.into());
        Ok(())
    }
}

fn refused(option: &str, why: &str) -> CallError {
    CallError::Option {
        option: option.to_owned(),
        why: why.to_owned(),
    }
}

fn shown(word: &OsStr) -> String {
    guardsh_protocol::shown(word.as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(words: &[&str]) -> ShellCall {
        match read(words) {
            Ok(Invocation::Shell(call)) => call,
            other => panic!("{words:?} gave {other:?}"),
        }
    }

    fn read(words: &[&str]) -> Result<Invocation, CallError> {
        Invocation::read(&words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    fn text(text: &str, arguments: &[&str]) -> Input {
        Input::Text {
            text: text.into(),
            arguments: arguments.iter().map(OsString::from).collect(),
        }
    }

    #[test]
    fn the_forms_that_callers_use_are_told_apart() {
        assert_eq!(shell(&["guardsh"]).input, Input::Terminal);
        assert!(shell(&["-guardsh"]).login);
        assert!(shell(&["guardsh", "-l"]).login);
        assert_eq!(shell(&["-guardsh", "-c", "id"]).input, text("id", &[]));
        assert_eq!(
            shell(&["guardsh", "-c", "echo $1", "name", "one"]).input,
            text("echo $1", &["name", "one"])
        );
        let call = shell(&["guardsh", "-lc", "id"]);
        assert!(call.login);
        assert_eq!(call.input, text("id", &[]));
        let call = shell(&["guardsh", "-ec", "id"]);
        assert_eq!(
            (call.input, call.passed),
            (text("id", &[]), vec!["-e".into()])
        );
        assert!(shell(&["guardsh", "-ic", "id"]).interactive);
        let call = shell(&["guardsh", "-o", "pipefail", "-c", "id"]);
        assert_eq!(call.passed, ["-o", "pipefail"]);
        let call = shell(&["guardsh", "-eo", "pipefail", "-c", "id"]);
        assert_eq!(call.passed, ["-e", "-o", "pipefail"]);
        assert_eq!(shell(&["guardsh", "--norc", "-c", "id"]).passed, ["--norc"]);
        assert_eq!(
            shell(&["guardsh", "-O", "extglob", "-c", "id"]).shopts,
            [(true, "extglob".to_owned())]
        );
        let script = Input::File {
            path: "script.sh".into(),
            arguments: vec!["-c".into(), "x".into()],
        };
        assert_eq!(shell(&["guardsh", "script.sh", "-c", "x"]).input, script);
        assert_eq!(
            shell(&["guardsh", "-s", "a"]).input,
            Input::Standard {
                arguments: vec!["a".into()]
            }
        );
        assert_eq!(shell(&["guardsh", "-c", "--", "-x"]).input, text("-x", &[]));
    }

    #[test]
    fn a_shell_may_be_named_behind_two_dashes() {
        let call = shell(&["guardsh", "--", "dash", "-l"]);
        assert_eq!((call.program, call.login), (Some("dash".into()), true));
        let call = shell(&["guardsh", "--", "bash", "-c", "id"]);
        assert_eq!(
            (call.program, call.input),
            (Some("bash".into()), text("id", &[]))
        );
        assert!(read(&["guardsh", "--", "psql", "prod"]).is_err());
        assert!(read(&["guardsh", "--", "zsh"]).is_err());
    }

    #[test]
    fn tools_are_known_by_their_first_word_only() {
        assert_eq!(read(&["guardsh", "check", "ls"]), Ok(Invocation::Tool));
        assert_eq!(
            read(&["guardsh", "--config", "f", "check", "ls"]),
            Ok(Invocation::Tool)
        );
        assert_eq!(read(&["guardsh", "--version"]), Ok(Invocation::Tool));
        assert!(matches!(
            read(&["guardsh", "./check"]),
            Ok(Invocation::Shell(_))
        ));
        // A login shell has no tools: `-guardsh check` is what a login with a script would be.
        assert!(matches!(
            read(&["-guardsh", "check"]),
            Ok(Invocation::Shell(_))
        ));
    }

    #[test]
    fn options_that_would_run_or_hide_something_are_refused_by_name() {
        for words in [
            &["guardsh", "--rcfile", "x", "-i"][..],
            &["guardsh", "-k", "-c", "x"],
            &["guardsh", "--debugger", "-c", "x"],
            &["guardsh", "-Z"],
            &["guardsh", "-c"],
            &["guardsh", "-o"],
        ] {
            assert!(read(words).is_err(), "{words:?}");
        }
    }
}
