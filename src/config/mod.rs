//! Finding, reading, trusting and stamping configuration (contract 1).
//!
//! Read once per session. A file that others could have written is refused, a file that cannot be read or
//! understood stops everything: no line runs until the policy loads.

mod places;
pub(crate) mod startup;
mod trust;

pub(crate) use places::{Places, this_user};
pub(crate) use trust::{Owner, untrusted};

use guardsh_policy::{Config, ConfigErrors};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The system's configuration, which seals the installation.
const SYSTEM_FILE: &str = "/etc/guardsh/guardsh.toml";

/// A larger file is surely not a policy; reading it would only cost memory.
const MAX_CONFIG_BYTES: u64 = 4 << 20;

/// A configuration that holds.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// What it says.
    pub(crate) config: Config,
    /// Where it came from.
    pub(crate) origin: Origin,
}

/// Where a configuration came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// No file: the built-in defaults.
    BuiltIn,
    /// This file.
    File(PathBuf),
}

impl Origin {
    /// For a line on the screen.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::BuiltIn => "built-in defaults".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

/// Why no configuration holds. Its text is whole: what, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigFault {
    /// The file is not there or cannot be read.
    #[error("cannot read the configuration {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody else could have written it.
    #[error("{}: not trusted: {why}\n  next  {mend}", path.display())]
    Untrusted {
        /// Which.
        path: PathBuf,
        /// Why not.
        why: String,
        /// What to do about it.
        mend: String,
    },
    /// It is not UTF-8, or far too large.
    #[error("{}: {why}", path.display())]
    NotText {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// It does not say what a configuration can say.
    #[error("{0}")]
    Wrong(ConfigErrors),
    /// A sealed installation and this binary do not belong together.
    #[error(
        "{SYSTEM_FILE} exists, but {} is not set-group-id to the group of a sealed installation\n  \
         next  install guardsh for the system, or remove {SYSTEM_FILE}",
        binary.display()
    )]
    Unsealed {
        /// The binary that runs.
        binary: PathBuf,
    },
}

/// Finds, trusts and reads the configuration.
///
/// `named` is `--config FILE`: it must exist. Without it the user's file is taken if there is one, else
/// the built-in defaults.
pub(crate) fn load(named: Option<&Path>, places: &Places) -> Result<Loaded, ConfigFault> {
    // A sealed installation has a binary with the group's right to the system's files; this build has no
    // such installation, and a system file beside a plain binary must never be passed over in silence.
    if Path::new(SYSTEM_FILE).exists() {
        let binary = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("guardsh"));
        return Err(ConfigFault::Unsealed { binary });
    }
    let user_file = places.config_file();
    let path = match (named, &user_file) {
        (Some(named), _) => named,
        (None, Some(file)) if fs::symlink_metadata(file).is_ok() => file,
        (None, _) => {
            return Ok(Loaded {
                config: Config::default(),
                origin: Origin::BuiltIn,
            });
        }
    };
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let text = read_trusted(&path)?;
    let config = Config::parse(&text, &path.display().to_string()).map_err(ConfigFault::Wrong)?;
    Ok(Loaded {
        config,
        origin: Origin::File(path),
    })
}

fn read_trusted(path: &Path) -> Result<String, ConfigFault> {
    let unreadable = |source| ConfigFault::Read {
        path: path.to_owned(),
        source,
    };
    // Trust is asked of the real file: a link's own owner says nothing of what it leads to.
    let real = fs::canonicalize(path).map_err(unreadable)?;
    if let Some(why) = untrusted(&real, Owner::RootOrUser).map_err(unreadable)? {
        let mend = format!(
            "chmod go-w {0}; chown \"$USER\" {0}",
            shell_words::quote(&real.display().to_string())
        );
        return Err(ConfigFault::Untrusted {
            path: path.to_owned(),
            why,
            mend,
        });
    }
    let length = fs::metadata(&real).map_err(unreadable)?.len();
    if length > MAX_CONFIG_BYTES {
        let why =
            format!("{length} bytes are more than the {MAX_CONFIG_BYTES} a configuration may have");
        return Err(ConfigFault::NotText {
            path: path.to_owned(),
            why,
        });
    }
    let bytes = fs::read(&real).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|error| {
        let why = format!("byte {} is not UTF-8", error.utf8_error().valid_up_to());
        ConfigFault::NotText {
            path: path.to_owned(),
            why,
        }
    })
}
