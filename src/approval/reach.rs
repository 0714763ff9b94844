//! Which service, and how to prove who asks.
//!
//! All of it comes from the configuration or from options, nothing from the environment of the guarded.

use super::Places;
use nix::unistd::Uid;
use reqwest::Url;
use std::fs;
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// A service that can be reached.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    pub(super) place: Place,
    pub(super) token: Option<String>,
    pub(super) ca_file: Option<PathBuf>,
}

#[derive(Clone, Debug)]
pub(super) enum Place {
    Socket(PathBuf),
    Url(Url),
}

/// Where a token is.
#[derive(Clone)]
pub(crate) enum Token {
    /// In a file that nobody else can read.
    File(PathBuf),
    /// Read already: in a sealed install the guard opens it before it gives its group up.
    #[cfg_attr(
        not(test),
        expect(
            dead_code,
            reason = "a sealed install will read it before anything else"
        )
    )]
    Read(String),
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Read(_) => f.write_str("Read(…)"),
        }
    }
}

impl Reach {
    /// A service on a Unix socket. The socket and its folder must be ours or root's, and closed to others.
    pub(crate) fn socket(path: &Path) -> Result<Self, ReachError> {
        check_socket(path)?;
        Ok(Self {
            place: Place::Socket(path.to_owned()),
            token: None,
            ca_file: None,
        })
    }

    /// A service at an address: HTTPS, or HTTP on loopback.
    pub(crate) fn url(
        url: &str,
        token: Option<&Token>,
        ca_file: Option<&Path>,
    ) -> Result<Self, ReachError> {
        let bad = || ReachError::Url(url.to_owned());
        let parsed = Url::parse(url).map_err(|_| bad())?;
        let host = parsed.host_str().ok_or_else(bad)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let loopback = match host.parse::<IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => host == "localhost",
        };
        match parsed.scheme() {
            "https" => {}
            "http" if loopback => {}
            "http" => return Err(ReachError::InTheClear(url.to_owned())),
            _ => return Err(bad()),
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(bad());
        }
        let token = match token {
            None => return Err(ReachError::NoToken(url.to_owned())),
            Some(Token::Read(text)) => text.trim().to_owned(),
            Some(Token::File(path)) => read_token(path)?,
        };
        Ok(Self {
            place: Place::Url(parsed),
            token: Some(token),
            ca_file: ca_file.map(Path::to_owned),
        })
    }

    /// The service that the user runs, if one does.
    pub(crate) fn local(places: Option<&Places>) -> Result<Self, ReachError> {
        let sockets: Vec<PathBuf> = places
            .map(Places::sockets)
            .unwrap_or_default()
            .into_iter()
            .filter(|path| fs::symlink_metadata(path).is_ok())
            .collect();
        // A service that was killed leaves its socket; another one may listen at the other place.
        let living = match sockets.as_slice() {
            [] => return Err(ReachError::NoService),
            [only] => only,
            [first, ..] => sockets
                .iter()
                .find(|path| UnixStream::connect(path).is_ok())
                .unwrap_or(first),
        };
        Self::socket(living)
    }

    /// In words.
    pub(crate) fn name(&self) -> String {
        match &self.place {
            Place::Socket(path) => path.display().to_string(),
            Place::Url(url) => url.to_string(),
        }
    }
}

fn check_socket(path: &Path) -> Result<(), ReachError> {
    let facts = fs::symlink_metadata(path).map_err(|source| ReachError::Socket {
        path: path.to_owned(),
        source,
    })?;
    let ours = |uid: u32| uid == Uid::effective().as_raw() || uid == 0;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    let folder_facts = fs::metadata(folder).map_err(|source| ReachError::Socket {
        path: folder.to_owned(),
        source,
    })?;
    let closed = ours(folder_facts.uid()) && folder_facts.mode() & 0o022 == 0;
    if !facts.file_type().is_socket() || !ours(facts.uid()) || !closed {
        return Err(ReachError::Untrusted(path.to_owned()));
    }
    Ok(())
}

fn read_token(path: &Path) -> Result<String, ReachError> {
    let failed = |source: io::Error| ReachError::TokenFile {
        path: path.to_owned(),
        source,
    };
    let file = fs::File::open(path).map_err(failed)?;
    let facts = file.metadata().map_err(failed)?;
    let ours = facts.uid() == Uid::effective().as_raw() || facts.uid() == 0;
    // Others must neither read nor change it; a group may read it (0640).
    if !facts.is_file() || !ours || facts.mode() & 0o037 != 0 {
        return Err(ReachError::OpenToken(path.to_owned()));
    }
    let mut text = String::new();
    io::Read::read_to_string(&mut io::Read::take(file, LONGEST_TOKEN), &mut text)
        .map_err(failed)?;
    Ok(text.trim().to_owned())
}

/// Why no service can be reached.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReachError {
    /// Nothing configured, nothing running.
    #[error("no approval service is configured or running; start one: guardsh serve")]
    NoService,
    /// Not an address.
    #[error("`{0}` is not the address of a service (https://…)")]
    Url(String),
    /// A token would be sent in the clear.
    #[error("`{0}`: http is for loopback only; use https")]
    InTheClear(String),
    /// Over TCP a token is needed.
    #[error("`{0}` needs a token file (token_file, --token-file)")]
    NoToken(String),
    /// The socket is not there.
    #[error("no service at {}", path.display())]
    Socket {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody else may have put it there.
    #[error("{} is no socket of ours, or its folder is open to others", .0.display())]
    Untrusted(PathBuf),
    /// The token cannot be read.
    #[error("cannot read the token in {}", path.display())]
    TokenFile {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The token is open to others.
    #[error("{} is open to others or not ours; chmod 600 it", .0.display())]
    OpenToken(PathBuf),
    /// The authorities cannot be read.
    #[error("cannot read the certificates in {}", path.display())]
    Authorities {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The client cannot be made.
    #[error("cannot make a client")]
    Client(#[source] reqwest::Error),
}

const LONGEST_TOKEN: u64 = 4096;
