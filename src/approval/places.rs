//! Where the service of a user keeps its socket and its store.

use std::path::{Path, PathBuf};

/// Folders of one user.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    runtime: Option<PathBuf>,
    state: PathBuf,
    data: PathBuf,
}

impl Places {
    /// By XDG. `None`: there is no home.
    pub(crate) fn of_user() -> Option<Self> {
        let base = directories::BaseDirs::new()?;
        Some(Self {
            runtime: base.runtime_dir().map(Path::to_owned),
            state: base.state_dir()?.to_owned(),
            data: base.data_local_dir().to_owned(),
        })
    }

    /// Where a service may listen, the first choice first. It listens at all of them, because programs that
    /// cron or sshd starts often do not know the runtime folder.
    pub(crate) fn sockets(&self) -> Vec<PathBuf> {
        self.runtime
            .iter()
            .chain([&self.state])
            .map(|folder| folder.join("guardsh/serve.sock"))
            .collect()
    }

    /// The SQLite file of a service without options.
    pub(crate) fn store(&self) -> PathBuf {
        self.data.join("guardsh/serve.sqlite")
    }

    #[cfg(test)]
    pub(crate) fn below(folder: &Path) -> Self {
        Self {
            runtime: None,
            state: folder.join("state"),
            data: folder.join("data"),
        }
    }
}
