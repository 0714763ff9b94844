//! Worlds that are made up: for tests, and for proving policies.

use crate::action::{FileFacts, Folder, Trust};
use crate::programs::{BASH_BUILTINS, DASH_BUILTINS, holds};
use crate::world::{GitFacts, Known, Variable, World};
use guardsh_syntax::Dialect;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A world in which every bare name is a builtin or a trusted file in `/usr/bin`, nothing is aliased, and
/// no file is read. Packs and `policy test` are proved in it.
#[derive(Clone, Debug)]
pub struct IdealWorld {
    /// Which shell's builtins there are.
    pub dialect: Dialect,
    /// The folder at the start.
    pub folder: PathBuf,
    /// The user's home.
    pub home: PathBuf,
    /// Aliases, by name.
    pub aliases: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Functions' definitions, by name.
    pub functions: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Plain variables that are not exported, by name.
    pub variables: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Environment variables, by name.
    pub environment: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Names that are no file.
    pub missing: Vec<Vec<u8>>,
    /// Where bare names are found; what is not listed lies in `/usr/bin`.
    pub programs: BTreeMap<Vec<u8>, PathBuf>,
    /// Files that can be read and that nobody can change.
    pub files: BTreeMap<PathBuf, Vec<u8>>,
    /// Folders that are there.
    pub folders: Vec<PathBuf>,
    /// Options that are on.
    pub options: Vec<String>,
    /// Positional parameters.
    pub positional: Vec<Vec<u8>>,
}

impl IdealWorld {
    /// The world of a plain shell of that dialect in `/work`, home `/home/user`.
    pub fn new(dialect: Dialect) -> Self {
        let pair = |name: &str, value: &str| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
        Self {
            dialect,
            folder: PathBuf::from("/work"),
            home: PathBuf::from("/home/user"),
            aliases: BTreeMap::new(),
            functions: BTreeMap::new(),
            variables: [pair("IFS", " \t\n"), pair("PS4", "+ ")].into(),
            environment: [
                pair("HOME", "/home/user"),
                pair("PATH", "/usr/bin:/bin"),
                pair("PWD", "/work"),
                pair("USER", "user"),
            ]
            .into(),
            missing: Vec::new(),
            programs: BTreeMap::new(),
            files: BTreeMap::new(),
            folders: Vec::new(),
            options: ["braceexpand", "interactive_comments", "promptvars"]
                .map(str::to_owned)
                .to_vec(),
            positional: Vec::new(),
        }
    }
}

impl World for IdealWorld {
    fn alias(&mut self, name: &[u8]) -> Known<Option<Vec<u8>>> {
        Known::Yes(self.aliases.get(name).cloned())
    }

    fn function(&mut self, name: &[u8]) -> Known<Option<Vec<u8>>> {
        Known::Yes(self.functions.get(name).cloned())
    }

    fn is_builtin(&mut self, name: &[u8]) -> Known<bool> {
        Known::Yes(holds(
            match self.dialect {
                Dialect::Bash => BASH_BUILTINS,
                Dialect::Posix => DASH_BUILTINS,
            },
            name,
        ))
    }

    fn program(&mut self, name: &[u8], folder: &Folder) -> Known<Option<FileFacts>> {
        use std::os::unix::ffi::OsStrExt;
        let path = Path::new(std::ffi::OsStr::from_bytes(name));
        if name.is_empty() || self.missing.iter().any(|missing| missing == name) {
            return Known::Yes(None);
        }
        let (found, trust) = if name.contains(&b'/') {
            let folder = match folder {
                Folder::Known(folder) => folder.clone(),
                Folder::Unknown if path.is_absolute() => PathBuf::new(),
                Folder::Unknown => return Known::Unknown,
            };
            let found = folder.join(path);
            let trusted = found.parent().is_some_and(|parent| {
                parent == Path::new("/usr/bin") || parent == Path::new("/bin")
            });
            let trust = if trusted {
                Trust::Trusted
            } else {
                Trust::Untrusted("not in the trusted path".to_owned())
            };
            (found, trust)
        } else {
            let found = self
                .programs
                .get(name)
                .cloned()
                .unwrap_or_else(|| Path::new("/usr/bin").join(path));
            (found, Trust::Trusted)
        };
        Known::Yes(Some(FileFacts {
            real: found.clone(),
            found,
            device: 1,
            inode: 1,
            changed: None,
            trust,
        }))
    }

    fn variable(&mut self, name: &[u8]) -> Known<Variable> {
        if let Some(value) = self.variables.get(name) {
            return Known::Yes(Variable::Scalar {
                value: value.clone(),
                exported: false,
                plain: true,
            });
        }
        Known::Yes(match self.environment.get(name) {
            Some(value) => Variable::Scalar {
                value: value.clone(),
                exported: true,
                plain: true,
            },
            None => Variable::Unset,
        })
    }

    fn positional(&mut self) -> Known<Vec<Vec<u8>>> {
        Known::Yes(self.positional.clone())
    }

    fn glob(&mut self, _pattern: &[u8], _folder: &Folder) -> Option<Vec<Vec<u8>>> {
        None
    }

    fn option(&mut self, name: &str) -> Known<bool> {
        Known::Yes(self.options.iter().any(|option| option == name))
    }

    fn folder(&mut self) -> Folder {
        Folder::Known(self.folder.clone())
    }

    fn home(&mut self) -> PathBuf {
        self.home.clone()
    }

    fn home_of(&mut self, user: &[u8]) -> Option<PathBuf> {
        (user == b"root").then(|| PathBuf::from("/root"))
    }

    fn real_path(&mut self, path: &Path) -> Option<PathBuf> {
        let mut real = PathBuf::new();
        for component in path.components() {
            match component {
                std::path::Component::ParentDir => {
                    real.pop();
                }
                std::path::Component::CurDir => {}
                std::path::Component::Prefix(_)
                | std::path::Component::RootDir
                | std::path::Component::Normal(_) => real.push(component),
            }
        }
        Some(real)
    }

    fn read_file(&mut self, path: &Path, limit: usize) -> Option<Vec<u8>> {
        let text = self.files.get(path)?;
        Some(text.get(..=limit).unwrap_or(text).to_vec())
    }

    fn git(&mut self, _folder: &Folder) -> GitFacts {
        GitFacts::Harmless
    }

    fn interactive(&mut self) -> Known<bool> {
        Known::Yes(self.options.iter().any(|option| option == "interactive"))
    }

    fn is_folder(&mut self, path: &Path) -> Known<bool> {
        Known::Yes(self.folders.iter().any(|folder| folder == path))
    }

    fn is_fixed(&mut self, path: &Path) -> bool {
        self.files.contains_key(path)
    }

    fn pager_is_secure(&mut self) -> bool {
        true
    }
}
