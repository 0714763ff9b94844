//! A shell that has not started: what it will know is what the environment at the door says.

use super::files::{
    Found, file_facts, find_program, is_fixed, is_folder, is_guard, read_file, real_path,
};
use super::git::git_facts;
use guardsh_policy::{FileFacts, Folder, GitFacts, Known, Variable, World};
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The shells that guardsh drives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShellKind {
    /// bash 5
    Bash,
    /// dash
    Dash,
}

impl ShellKind {
    /// By the name of the program file: `sh` is whatever the link leads to.
    pub(crate) fn of(program: &Path) -> Option<Self> {
        let real = std::fs::canonicalize(program).ok()?;
        match real.file_name()?.as_bytes() {
            b"bash" => Some(Self::Bash),
            b"dash" => Some(Self::Dash),
            _ => None,
        }
    }

    /// How its text is read.
    pub(crate) fn dialect(self) -> guardsh_syntax::Dialect {
        match self {
            Self::Bash => guardsh_syntax::Dialect::Bash,
            Self::Dash => guardsh_syntax::Dialect::Posix,
        }
    }

    /// The shell's own name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Dash => "dash",
        }
    }

    /// Whether the name is one of its builtins.
    pub(crate) fn has_builtin(self, name: &[u8]) -> bool {
        let list = match self {
            Self::Bash => BASH_BUILTINS,
            Self::Dash => DASH_BUILTINS,
        };
        list.split_ascii_whitespace()
            .any(|known| known.as_bytes() == name)
    }
}

/// `compgen -b` of bash 5.2.
const BASH_BUILTINS: &str = ". : [ alias bg bind break builtin caller cd command compgen complete compopt continue declare dirs \
     disown echo enable eval exec exit export false fc fg getopts hash help history jobs kill let local logout mapfile \
     popd printf pushd pwd read readarray readonly return set shift shopt source suspend test times trap true type typeset \
     ulimit umask unalias unset wait";

/// dash 0.5.12.
const DASH_BUILTINS: &str = ". : [ alias bg break cd chdir command continue echo eval exec exit export false fg getopts hash \
     jobs kill local printf pwd read readonly return set shift test times trap true type ulimit umask unalias unset wait";

/// Variables that a shell sets or changes by itself, so that the environment says nothing of them.
const SHELLS_OWN: &str = "BASH BASHOPTS BASHPID BASH_ALIASES BASH_ARGC BASH_ARGV BASH_ARGV0 BASH_CMDS BASH_COMMAND BASH_COMPAT \
     BASH_EXECUTION_STRING BASH_LINENO BASH_LOADABLES_PATH BASH_REMATCH BASH_SOURCE BASH_SUBSHELL BASH_VERSINFO BASH_VERSION \
     BASH_XTRACEFD COLUMNS COMP_CWORD COMP_KEY COMP_LINE COMP_POINT COMP_TYPE COMP_WORDBREAKS COMP_WORDS COPROC DIRSTACK \
     EPOCHREALTIME EPOCHSECONDS EUID FUNCNAME GROUPS HISTCMD HISTFILE HOSTNAME HOSTTYPE LINENO LINES MACHTYPE MAPFILE OLDPWD \
     OPTARG OPTERR OPTIND OSTYPE PIPESTATUS POSIXLY_CORRECT PPID PS1 PS2 PS4 RANDOM READLINE_LINE READLINE_POINT REPLY SECONDS \
     SHELL SHELLOPTS SHLVL SRANDOM TERM UID _";

/// bash options that are on in a shell that just started.
const BASH_ON: &str = "braceexpand hashall interactive-comments checkwinsize cmdhist complete_fullquote extquote force_fignore \
     globasciiranges globskipdots hostcomplete interactive_comments patsub_replacement progcomp promptvars sourcepath";

/// Everything that decides what a shell will know when it starts.
#[derive(Clone, Debug)]
pub(crate) struct DoorWorld {
    /// Which shell.
    pub(crate) shell: ShellKind,
    /// Its environment.
    pub(crate) env: HashMap<OsString, OsString>,
    /// The folder it starts in; `None` where that is gone.
    pub(crate) folder: Option<PathBuf>,
    /// Home by the user database.
    pub(crate) home: PathBuf,
    /// `policy.trusted_path`.
    pub(crate) trusted_path: Vec<PathBuf>,
    /// Options set by the call, by long name.
    pub(crate) options: HashMap<String, bool>,
    /// `$1` and what follows.
    pub(crate) positional: Vec<Vec<u8>>,
    /// `-i`
    pub(crate) interactive: bool,
    /// What start-up files left behind, where some run first.
    pub(crate) started: Started,
}

/// What is known of a shell's state after its start-up files.
#[derive(Clone, Debug, Default)]
pub(crate) enum Started {
    /// None run: the environment at the door is all there is.
    #[default]
    Plain,
    /// Some run, and this is what they leave.
    With(Box<Snapshot>),
    /// Some run that nobody accepted: nothing is known of names and variables.
    Unknown,
}

/// The state of a shell, as the shell itself told it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// Aliases and their text.
    pub(crate) aliases: HashMap<Vec<u8>, Vec<u8>>,
    /// Functions and their definitions.
    pub(crate) functions: HashMap<Vec<u8>, Vec<u8>>,
    /// Variables.
    pub(crate) variables: HashMap<Vec<u8>, Variable>,
    /// Options, by long name.
    pub(crate) options: HashMap<String, bool>,
}

impl DoorWorld {
    fn env(&self, name: &[u8]) -> Option<&OsStr> {
        self.env
            .get(OsStr::from_bytes(name))
            .map(OsString::as_os_str)
    }

    /// The value of `PWD` that the shell will have: the caller's if it names this very folder.
    fn logical_folder(&self) -> Option<PathBuf> {
        let real = self.folder.as_ref()?;
        if let Some(pwd) = self.env(b"PWD").map(Path::new)
            && pwd.is_absolute()
            && !pwd
                .components()
                .any(|part| matches!(part, std::path::Component::ParentDir))
            && let (Ok(one), Ok(other)) = (std::fs::metadata(pwd), std::fs::metadata(real))
            && (one.dev(), one.ino()) == (other.dev(), other.ino())
        {
            return Some(pwd.to_owned());
        }
        Some(real.clone())
    }
}

impl World for DoorWorld {
    fn alias(&mut self, name: &[u8]) -> Known<Option<Vec<u8>>> {
        match &self.started {
            Started::Plain => Known::Yes(None),
            Started::With(snapshot) => {
                let alias = snapshot.aliases.get(name).cloned();
                match (alias, self.option("expand_aliases")) {
                    (Some(alias), Known::Yes(true)) => Known::Yes(Some(alias)),
                    // Defined and not used: a bash that is not interactive.
                    (Some(_), Known::Yes(false)) | (None, _) => Known::Yes(None),
                    (Some(_), Known::Unknown) => Known::Unknown,
                }
            }
            Started::Unknown => Known::Unknown,
        }
    }

    fn function(&mut self, name: &[u8]) -> Known<Option<Vec<u8>>> {
        match &self.started {
            Started::Plain => Known::Yes(None),
            Started::With(snapshot) => Known::Yes(snapshot.functions.get(name).cloned()),
            Started::Unknown => Known::Unknown,
        }
    }

    fn is_builtin(&mut self, name: &[u8]) -> Known<bool> {
        match &self.started {
            Started::Plain | Started::With(_) => Known::Yes(self.shell.has_builtin(name)),
            Started::Unknown => Known::Unknown,
        }
    }

    fn program(&mut self, name: &[u8], folder: &Folder) -> Known<Option<FileFacts>> {
        let path = match self.variable(b"PATH") {
            Known::Yes(Variable::Scalar { value, .. }) => value,
            // Without PATH a shell uses one that was compiled in; a name with a slash does not need it.
            Known::Yes(Variable::Unset | Variable::Special { .. }) | Known::Unknown => {
                if !name.contains(&b'/') {
                    return Known::Unknown;
                }
                Vec::new()
            }
        };
        let folder = match folder {
            Folder::Known(folder) => Some(folder.as_path()),
            Folder::Unknown => None,
        };
        match find_program(name, &path, folder) {
            Found::Nowhere => Known::Yes(None),
            Found::Unknown => Known::Unknown,
            Found::File(found) => match file_facts(&found, &self.trusted_path) {
                Ok(facts) => Known::Yes(Some(facts)),
                Err(_) => Known::Unknown,
            },
        }
    }

    fn variable(&mut self, name: &[u8]) -> Known<Variable> {
        match &self.started {
            Started::Plain => {}
            Started::With(snapshot) => {
                return Known::Yes(
                    snapshot
                        .variables
                        .get(name)
                        .cloned()
                        .unwrap_or(Variable::Unset),
                );
            }
            Started::Unknown => return Known::Unknown,
        }
        let exported = self.env(name).is_some();
        let scalar = |value: Vec<u8>, exported| {
            Known::Yes(Variable::Scalar {
                value,
                exported,
                plain: true,
            })
        };
        match name {
            b"PWD" => match self.logical_folder() {
                Some(folder) => scalar(folder.into_os_string().into_vec(), true),
                None => Known::Unknown,
            },
            // Shells do not take IFS from the environment.
            b"IFS" => scalar(b" \t\n".to_vec(), false),
            // Without PATH or HOME each shell has its own idea.
            b"PATH" | b"HOME" if !exported => Known::Yes(Variable::Special { exported: false }),
            // Imported where the caller set them.
            b"TERM" | b"SHELL" | b"HOSTNAME" if exported => scalar(
                self.env(name)
                    .map(|value| value.as_bytes().to_vec())
                    .unwrap_or_default(),
                true,
            ),
            b"UID" | b"EUID" if self.shell == ShellKind::Bash => {
                let id = if name == b"UID" {
                    nix::unistd::getuid().as_raw()
                } else {
                    nix::unistd::geteuid().as_raw()
                };
                scalar(id.to_string().into_bytes(), false)
            }
            _ if SHELLS_OWN
                .split_ascii_whitespace()
                .any(|own| own.as_bytes() == name) =>
            {
                Known::Yes(Variable::Special { exported })
            }
            _ => match self.env(name) {
                Some(value) => scalar(value.as_bytes().to_vec(), true),
                None => Known::Yes(Variable::Unset),
            },
        }
    }

    fn positional(&mut self) -> Known<Vec<Vec<u8>>> {
        match &self.started {
            Started::Plain | Started::With(_) => Known::Yes(self.positional.clone()),
            Started::Unknown => Known::Unknown,
        }
    }

    fn glob(&mut self, _pattern: &[u8], _folder: &Folder) -> Option<Vec<Vec<u8>>> {
        None
    }

    fn option(&mut self, name: &str) -> Known<bool> {
        if let Some(on) = self.options.get(name) {
            return Known::Yes(*on);
        }
        match &self.started {
            Started::Plain => {
                let on = self.shell == ShellKind::Bash
                    && BASH_ON.split_ascii_whitespace().any(|on| on == name);
                // dash has no switch for aliases: they always expand.
                Known::Yes(on || (self.shell == ShellKind::Dash && name == "expand_aliases"))
            }
            Started::With(snapshot) => match snapshot.options.get(name) {
                Some(on) => Known::Yes(*on),
                None => Known::Yes(self.shell == ShellKind::Dash && name == "expand_aliases"),
            },
            Started::Unknown => Known::Unknown,
        }
    }

    fn folder(&mut self) -> Folder {
        match (&self.started, self.logical_folder()) {
            (Started::Unknown, _) | (_, None) => Folder::Unknown,
            (Started::Plain | Started::With(_), Some(folder)) => Folder::Known(folder),
        }
    }

    fn home(&mut self) -> PathBuf {
        self.home.clone()
    }

    fn home_of(&mut self, user: &[u8]) -> Option<PathBuf> {
        home_of(user)
    }

    fn real_path(&mut self, path: &Path) -> Option<PathBuf> {
        real_path(path)
    }

    fn read_file(&mut self, path: &Path, limit: usize) -> Option<Vec<u8>> {
        read_file(path, limit)
    }

    fn git(&mut self, folder: &Folder) -> GitFacts {
        match (folder, &self.started) {
            (Folder::Known(folder), Started::Plain | Started::With(_)) => {
                git_facts(folder, &self.env)
            }
            (Folder::Known(_), Started::Unknown) | (Folder::Unknown, _) => GitFacts::Unknown,
        }
    }

    fn interactive(&mut self) -> Known<bool> {
        Known::Yes(self.interactive)
    }

    fn is_folder(&mut self, path: &Path) -> Known<bool> {
        Known::Yes(is_folder(path))
    }

    fn is_fixed(&mut self, path: &Path) -> bool {
        is_fixed(path)
    }

    fn is_guard(&mut self, program: &FileFacts) -> bool {
        is_guard(program)
    }

    fn pager_is_secure(&mut self) -> bool {
        self.env(b"LESSSECURE").is_some_and(|value| value == "1")
    }
}

/// The home of a user by the user database.
pub(crate) fn home_of(user: &[u8]) -> Option<PathBuf> {
    let name = std::str::from_utf8(user).ok()?;
    nix::unistd::User::from_name(name)
        .ok()
        .flatten()
        .map(|user| user.dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world() -> DoorWorld {
        DoorWorld {
            shell: ShellKind::Bash,
            env: HashMap::from([
                ("PATH".into(), "/usr/bin:/bin".into()),
                ("X".into(), "one".into()),
            ]),
            folder: Some("/tmp".into()),
            home: "/root".into(),
            trusted_path: vec!["/usr/bin".into()],
            options: HashMap::new(),
            positional: Vec::new(),
            interactive: false,
            started: Started::Plain,
        }
    }

    #[test]
    fn the_environment_answers_for_variables_and_not_for_the_shell_s_own() {
        let scalar = |value: &str, exported| {
            Known::Yes(Variable::Scalar {
                value: value.into(),
                exported,
                plain: true,
            })
        };
        assert_eq!(world().variable(b"X"), scalar("one", true));
        assert_eq!(world().variable(b"PWD"), scalar("/tmp", true));
        assert_eq!(world().variable(b"IFS"), scalar(" \t\n", false));
        assert_eq!(world().variable(b"NONE"), Known::Yes(Variable::Unset));
        assert_eq!(
            world().variable(b"RANDOM"),
            Known::Yes(Variable::Special { exported: false })
        );
    }

    #[test]
    fn the_tables_of_builtins_are_what_the_shells_say() {
        let said = std::process::Command::new("bash")
            .args(["--norc", "-c", "compgen -b"])
            .output()
            .unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        let known: Vec<&str> = BASH_BUILTINS.split_ascii_whitespace().collect();
        assert_eq!(said.split_ascii_whitespace().collect::<Vec<_>>(), known);
        for name in DASH_BUILTINS.split_ascii_whitespace() {
            let said = std::process::Command::new("dash")
                .args(["-c", "type \"$1\"", "sh", name])
                .output()
                .unwrap();
            assert!(
                String::from_utf8(said.stdout).unwrap().contains("builtin"),
                "{name}"
            );
        }
    }

    #[test]
    fn an_alias_counts_only_where_the_shell_replaces_aliases() {
        let mut snapshot = Snapshot::default();
        snapshot.aliases.insert(b"ls".to_vec(), b"rm".to_vec());
        snapshot.options.insert("expand_aliases".to_owned(), false);
        let mut world = DoorWorld {
            started: Started::With(Box::new(snapshot)),
            ..world()
        };
        assert_eq!(world.alias(b"ls"), Known::Yes(None));
        world.options.insert("expand_aliases".to_owned(), true);
        assert_eq!(world.alias(b"ls"), Known::Yes(Some(b"rm".to_vec())));
    }

    #[test]
    fn after_unknown_start_up_files_nothing_is_known() {
        let mut world = DoorWorld {
            started: Started::Unknown,
            ..world()
        };
        assert_eq!(world.variable(b"X"), Known::Unknown);
        assert_eq!(world.alias(b"ls"), Known::Unknown);
        assert_eq!(world.is_builtin(b"cd"), Known::Unknown);
    }
}
