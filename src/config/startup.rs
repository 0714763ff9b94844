//! Start-up files: which a shell would run, whose they are, and whether somebody accepted them.
//!
//! What stands in a start-up file runs before any line is judged. Root's own files are trusted. A user's
//! run as they are only while their digest is one that was accepted: by the configuration
//! (`[startup] accepted`), by `guardsh trust`, or by being there at the very first start.

use super::{Owner, Places, places::make_private, untrusted};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A start-up file is small; a larger one is not accepted.
const MAX_BYTES: u64 = 4 << 20;

/// A start-up file that a shell would run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StartUpFile {
    /// As the shell names it.
    pub(crate) path: PathBuf,
    /// SHA-256 of its bytes, in hexadecimal.
    pub(crate) sha256: String,
    /// How it stands.
    pub(crate) standing: Standing,
}

impl StartUpFile {
    /// Whether it stands where only the machine's files do.
    pub(crate) fn is_of_machine(&self) -> bool {
        !is_home_file(&self.path)
    }
}

/// Whether a start-up file may run before judged lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Root's, and nobody else could have written it.
    System,
    /// The user's, with a digest that was accepted.
    Accepted,
    /// The user's, with another digest than any that was accepted.
    NotAccepted,
}

/// The digests that were accepted, kept in the state folder.
#[derive(Debug)]
pub(crate) struct Accepted {
    file: PathBuf,
    configured: Vec<String>,
    kept: BTreeMap<String, String>,
    first: bool,
}

impl Accepted {
    /// Reads what was accepted so far; a file that cannot be read accepts nothing.
    pub(crate) fn load(places: &Places, configured: &[String]) -> Self {
        let file = places.state().join("startup.json");
        let (kept, first) = match fs::read(&file) {
            Ok(bytes) => (serde_json::from_slice(&bytes).unwrap_or_default(), false),
            Err(error) => (BTreeMap::new(), error.kind() == io::ErrorKind::NotFound),
        };
        Self {
            file,
            configured: configured.to_vec(),
            kept,
            first,
        }
    }

    /// Whether no start has been seen yet.
    pub(crate) fn is_first(&self) -> bool {
        self.first
    }

    /// Accepts these files as they are now.
    pub(crate) fn accept(&mut self, files: &[StartUpFile]) -> io::Result<()> {
        for file in files {
            self.kept
                .insert(file.path.display().to_string(), file.sha256.clone());
        }
        self.first = false;
        if let Some(folder) = self.file.parent() {
            make_private(folder)?;
        }
        let new = self
            .file
            .with_extension(format!("new-{}", std::process::id()));
        let mut text = serde_json::to_vec_pretty(&self.kept)?;
        text.push(b'\n');
        let mut handle = fs::File::create(&new)?;
        handle.write_all(&text)?;
        handle.sync_data()?;
        fs::rename(&new, &self.file)
    }

    fn holds(&self, path: &Path, sha256: &str) -> bool {
        self.configured
            .iter()
            .any(|known| known.eq_ignore_ascii_case(sha256))
            || self
                .kept
                .get(&path.display().to_string())
                .is_some_and(|known| known == sha256)
    }

    /// Looks at one file; `None` if it is not there.
    pub(crate) fn look(&self, path: &Path) -> io::Result<Option<StartUpFile>> {
        let bytes = match read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let sha256 = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>();
        let real = fs::canonicalize(path)?;
        let standing = if untrusted(&real, Owner::Root)?.is_none() && !is_home_file(path) {
            Standing::System
        } else if self.holds(path, &sha256) {
            Standing::Accepted
        } else {
            Standing::NotAccepted
        };
        Ok(Some(StartUpFile {
            path: path.to_owned(),
            sha256,
            standing,
        }))
    }
}

/// Root's own `~/.bashrc` belongs to root and is a user's start-up file all the same.
fn is_home_file(path: &Path) -> bool {
    !path.starts_with("/etc")
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let facts = fs::metadata(path)?;
    if !facts.is_file() || facts.len() > MAX_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "not a regular file of moderate size",
        ));
    }
    fs::read(path)
}

/// The files that a shell reads before anything else, in order, as far as their names are fixed.
pub(crate) fn names(shell: &str, home: &Path, login: bool, interactive: bool) -> Vec<PathBuf> {
    let below = |name: &str| home.join(name);
    let mut names = Vec::new();
    match (shell, login) {
        ("bash", true) => {
            names.push(PathBuf::from("/etc/profile"));
            // bash reads the first of the three that it can.
            names.extend(
                [".bash_profile", ".bash_login", ".profile"]
                    .map(below)
                    .into_iter()
                    .find(|file| file.exists()),
            );
        }
        ("bash", false) if interactive => {
            names.extend([PathBuf::from("/etc/bash.bashrc"), below(".bashrc")]);
        }
        ("dash", true) => names.extend([PathBuf::from("/etc/profile"), below(".profile")]),
        _ => {}
    }
    // A profile sources this as a rule; where it does not, its digest does no harm.
    if shell == "bash" && login {
        names.push(below(".bashrc"));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(folder: &Path, configured: &[String]) -> Accepted {
        let file = folder.join("state/startup.json");
        let kept = fs::read(&file)
            .map(|bytes| serde_json::from_slice(&bytes).unwrap())
            .unwrap_or_default();
        Accepted {
            file,
            configured: configured.to_vec(),
            kept,
            first: false,
        }
    }

    #[test]
    fn a_changed_start_up_file_is_no_longer_accepted() {
        let folder = tempfile::tempdir().unwrap();
        let rc = folder.path().join(".bashrc");
        fs::write(&rc, "alias ll='ls -l'\n").unwrap();
        let mut known = accepted(folder.path(), &[]);
        let file = known.look(&rc).unwrap().unwrap();
        assert_eq!(file.standing, Standing::NotAccepted);
        known.accept(&[file]).unwrap();
        let again = accepted(folder.path(), &[]);
        assert_eq!(
            again.look(&rc).unwrap().unwrap().standing,
            Standing::Accepted
        );
        fs::write(&rc, "alias ls=rm\n").unwrap();
        let changed = again.look(&rc).unwrap().unwrap();
        assert_eq!(changed.standing, Standing::NotAccepted);
        let named = accepted(folder.path(), &[changed.sha256]);
        assert_eq!(
            named.look(&rc).unwrap().unwrap().standing,
            Standing::Accepted
        );
    }

    #[test]
    fn a_file_that_is_not_there_is_nothing_to_accept() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(
            accepted(folder.path(), &[])
                .look(&folder.path().join("none"))
                .unwrap(),
            None
        );
    }

    #[test]
    fn root_s_system_files_are_trusted() {
        let known = Accepted {
            file: PathBuf::from("/nonexistent"),
            configured: vec![],
            kept: BTreeMap::new(),
            first: false,
        };
        let file = known.look(Path::new("/etc/profile")).unwrap().unwrap();
        assert_eq!(file.standing, Standing::System);
    }
}
