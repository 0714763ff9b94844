//! Where the guard's own files are, in an installation without a system configuration.

use nix::unistd::{User, getuid};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The user database's entry for who runs this process, looked up once: it may be a network away.
pub(crate) fn this_user() -> Option<&'static User> {
    static USER: OnceLock<Option<User>> = OnceLock::new();
    USER.get_or_init(|| User::from_uid(getuid()).ok().flatten())
        .as_ref()
}

/// The folders of the user who runs the guard, by XDG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    config: Option<PathBuf>,
    state: PathBuf,
    data: PathBuf,
    runtime: Option<PathBuf>,
    /// The home of the user database: what `~` means in an allow rule.
    pub(crate) home: PathBuf,
}

impl Places {
    /// Reads the user database and the XDG variables. Without any home, state goes below `/tmp` by user id,
    /// so that a guard without a home still has a log.
    pub(crate) fn find() -> Self {
        let home = this_user().map_or_else(|| PathBuf::from("/"), |user| user.dir.clone());
        let base = directories::BaseDirs::new();
        let fallback = || PathBuf::from(format!("/tmp/guardsh-{}", getuid()));
        let state = base
            .as_ref()
            .and_then(|base| base.state_dir().map(Path::to_owned))
            .unwrap_or_else(fallback);
        Self {
            config: base.as_ref().map(|base| base.config_dir().to_owned()),
            data: base
                .as_ref()
                .map_or_else(fallback, |base| base.data_dir().to_owned()),
            runtime: base
                .as_ref()
                .and_then(|base| base.runtime_dir().map(Path::to_owned)),
            state,
            home,
        }
    }

    /// `guardsh.toml` of the user.
    pub(crate) fn config_file(&self) -> Option<PathBuf> {
        self.config
            .as_ref()
            .map(|folder| folder.join("guardsh.toml"))
    }

    /// Where logs, history and accepted digests are kept.
    pub(crate) fn state(&self) -> PathBuf {
        self.state.join("guardsh")
    }

    /// Where the service keeps its store.
    pub(crate) fn data(&self) -> PathBuf {
        self.data.join("guardsh")
    }

    /// The audit log where the configuration names none.
    pub(crate) fn audit_log(&self) -> PathBuf {
        self.state().join("audit.jsonl")
    }

    /// Everything that belongs to the guard itself and is protected.
    pub(crate) fn own(&self) -> Vec<PathBuf> {
        let mut own = vec![
            self.state(),
            self.data(),
            PathBuf::from("/etc/guardsh"),
            PathBuf::from("/var/log/guardsh"),
        ];
        own.extend(self.config_file());
        own.extend(self.runtime.as_ref().map(|runtime| runtime.join("guardsh")));
        own
    }
}

/// Makes a folder of the guard's own, readable by nobody else.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}
