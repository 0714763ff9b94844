//! What the tools for reviewers have in common: finding the service, naming a request, words.

use super::inside;
use crate::approval::{Places, Reach, ReachError, Seen, Service, ServiceError, Token};
use guardsh_protocol::{RequestError, RequestName, shown};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

/// Which service; without options the one that this user runs.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct WhichService {
    /// Address of the service, such as https://approve.example:8443
    #[arg(long, value_name = "URL", requires = "token_file")]
    pub(crate) url: Option<String>,
    /// File with a token for it
    #[arg(long, value_name = "FILE", requires = "url")]
    pub(crate) token_file: Option<PathBuf>,
    /// File with the certificates to trust instead of the system's
    #[arg(long, value_name = "FILE", requires = "url")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Socket of the service
    #[arg(long, value_name = "PATH", conflicts_with = "url")]
    pub(crate) socket: Option<PathBuf>,
}

impl WhichService {
    /// The way to it.
    pub(crate) fn reach(&self) -> Result<Reach, ReachError> {
        match (&self.url, &self.socket) {
            (Some(url), _) => Reach::url(
                url,
                self.token_file.clone().map(Token::File).as_ref(),
                self.ca_file.as_deref(),
            ),
            (None, Some(socket)) => Reach::socket(socket),
            (None, None) => Reach::local(Places::of_user().as_ref()),
        }
    }

    fn connect(&self) -> Result<Service, ServiceError> {
        Service::new(&self.reach()?)
    }
}

/// Runs a tool for reviewers: never inside a guarded session; words and status 1 where it fails.
pub(crate) fn with_service(
    tool: &str,
    which: &WhichService,
    use_it: impl FnOnce(&Service) -> Result<ExitCode, ToolError>,
) -> anyhow::Result<ExitCode> {
    if let Some(words) = inside::refusal(tool) {
        complain(&words)?;
        return Ok(ExitCode::from(inside::REFUSED));
    }
    let done = which
        .connect()
        .map_err(ToolError::Service)
        .and_then(|service| use_it(&service));
    match done {
        Ok(status) => Ok(status),
        Err(ToolError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            complain(&error.words())?;
            Ok(ExitCode::FAILURE)
        }
    }
}

/// The request of that name.
pub(crate) fn find(service: &Service, name: &str) -> Result<Seen, ToolError> {
    let name: RequestName = name.parse().map_err(ToolError::Name)?;
    Ok(service.find(&name)?)
}

/// Words on standard error.
pub(crate) fn complain(words: &str) -> io::Result<()> {
    writeln!(io::stderr().lock(), "guardsh: {}", shown(words.as_bytes()))
}

/// Ends a tool that failed with words and status 125: a fault, not an answer.
pub(crate) fn or_fault(done: anyhow::Result<ExitCode>) -> anyhow::Result<ExitCode> {
    match done {
        Ok(status) => Ok(status),
        Err(error) => {
            complain(&format!("{error:#}"))?;
            Ok(ExitCode::from(FAULT))
        }
    }
}

/// A fault of guardsh, its configuration or its options.
const FAULT: u8 = 125;

/// Words on standard output.
pub(crate) fn say(words: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{words}")
}

/// Why a tool fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ToolError {
    /// The service.
    #[error("{}", .0.words())]
    Service(#[from] ServiceError),
    /// The name of the request.
    #[error(transparent)]
    Name(RequestError),
    /// JSON cannot be written.
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The output cannot be written.
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
}

impl ToolError {
    fn words(&self) -> String {
        self.to_string()
    }
}
