//! The reviewer's side: see what waits, and answer it. Blocking, for the tools.

use super::asker::in_full;
use super::reach::{Reach, ReachError};
use super::transport::{CallError, Reply, Transport};
use guardsh_protocol::{
    NewDecision, Request, RequestError, RequestId, RequestName, Standing, body_digest,
};
use reqwest::Method;
use serde::Deserialize as _;
use serde_json::Value;
use std::io;
use std::time::Duration;
use tokio::runtime::Runtime;

/// A service to talk to.
pub(crate) struct Service {
    name: String,
    runtime: Runtime,
    transport: Transport,
}

/// A request as a reviewer sees it, with its digest checked.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// What is asked.
    pub(crate) request: Request,
    /// How it stands.
    pub(crate) standing: Standing,
    /// The whole answer, as it came.
    pub(crate) json: Value,
}

impl Service {
    /// Connects to nothing yet.
    pub(crate) fn new(reach: &Reach) -> Result<Self, ServiceError> {
        Ok(Self {
            name: reach.name(),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(ServiceError::Runtime)?,
            transport: Transport::new(reach)?,
        })
    }

    /// What waits for an answer, oldest first.
    pub(crate) fn pending(&self) -> Result<Vec<Seen>, ServiceError> {
        self.list("/v1/requests?state=pending")
    }

    /// A request by its id or short id.
    pub(crate) fn find(&self, name: &RequestName) -> Result<Seen, ServiceError> {
        match name {
            RequestName::Whole(id) => {
                Seen::read(self.call(Method::GET, &format!("/v1/requests/{id}"), None)?)
            }
            RequestName::Short(short) => {
                let mut found = self.list(&format!("/v1/requests?short={short}"))?;
                match (found.pop(), found.is_empty()) {
                    (Some(only), true) => Ok(only),
                    (Some(_), false) => Err(ServiceError::Ambiguous(short.clone())),
                    (None, _) => Err(ServiceError::NotFound),
                }
            }
        }
    }

    /// Answers a request.
    pub(crate) fn decide(
        &self,
        id: RequestId,
        decision: &NewDecision,
    ) -> Result<Seen, ServiceError> {
        let body = serde_json::to_value(decision).map_err(ServiceError::Json)?;
        Seen::read(self.call(
            Method::POST,
            &format!("/v1/requests/{id}/decisions"),
            Some(&body),
        )?)
    }

    /// Ends a request that nobody has answered.
    pub(crate) fn cancel(&self, id: RequestId) -> Result<Seen, ServiceError> {
        Seen::read(self.call(Method::POST, &format!("/v1/requests/{id}/cancel"), None)?)
    }

    /// Takes back what a denial left behind. Says how many actions are asked again.
    pub(crate) fn lift(&self, id: RequestId) -> Result<u64, ServiceError> {
        let answer = self.call(Method::POST, &format!("/v1/requests/{id}/lift"), None)?;
        answer
            .get("lifted")
            .and_then(Value::as_u64)
            .ok_or_else(|| ServiceError::Malformed("no number of lifted denials".to_owned()))
    }

    fn list(&self, path: &str) -> Result<Vec<Seen>, ServiceError> {
        match self.call(Method::GET, path, None)? {
            Value::Array(requests) => requests.into_iter().map(Seen::read).collect(),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_) => Err(ServiceError::Malformed("not a list".to_owned())),
        }
    }

    fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, ServiceError> {
        let reply = self
            .runtime
            .block_on(self.transport.call(method, path, body, ANSWER_WITHIN));
        match reply {
            Ok(Reply::Done { body, .. }) => Ok(body),
            Ok(Reply::Refused { status: 404, .. }) => Err(ServiceError::NotFound),
            Ok(Reply::Refused { message, .. }) => Err(ServiceError::Refused(message)),
            Err(CallError::Unreached(why)) => Err(ServiceError::Unreached {
                service: self.name.clone(),
                why,
            }),
            Err(CallError::Malformed(why)) => Err(ServiceError::Malformed(why)),
        }
    }
}

impl Seen {
    fn read(json: Value) -> Result<Self, ServiceError> {
        let standing = Standing::deserialize(&json).map_err(ServiceError::Json)?;
        let request = Request::from_body(&json)?;
        // A person answers what is shown here: the digest is that of these bytes.
        if body_digest(&json)? != standing.digest {
            return Err(ServiceError::WrongDigest(request.id.short()));
        }
        Ok(Self {
            request,
            standing,
            json,
        })
    }
}

/// Why the service gives no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServiceError {
    /// There is no way to it.
    #[error(transparent)]
    Reach(#[from] ReachError),
    /// It does not answer.
    #[error("no answer from {service}: {why}")]
    Unreached {
        /// Which.
        service: String,
        /// In words.
        why: String,
    },
    /// It says no.
    #[error("{0}")]
    Refused(String),
    /// There is no such request.
    #[error("there is no such request")]
    NotFound,
    /// The short id stands for several.
    #[error("`{0}` stands for several requests: give the whole id")]
    Ambiguous(String),
    /// Its answer is not one.
    #[error("the service's answer is not what belongs there: {0}")]
    Malformed(String),
    /// Its answer is not JSON of the right shape.
    #[error("the service's answer is not what belongs there: {0}")]
    Json(#[source] serde_json::Error),
    /// Its answer holds something that is not a request.
    #[error("the service's answer is not what belongs there: {0}")]
    Request(#[from] RequestError),
    /// Its digest is not that of the request.
    #[error("{0}: the service's digest is not that of the request")]
    WrongDigest(String),
    /// The runtime cannot be made.
    #[error("cannot make a client")]
    Runtime(#[source] io::Error),
}

impl ServiceError {
    /// With causes, in one line.
    pub(crate) fn words(&self) -> String {
        match self {
            // These say their cause themselves.
            Self::Json(_) | Self::Request(_) => self.to_string(),
            Self::Reach(error) => in_full(error),
            Self::Unreached { .. }
            | Self::Refused(_)
            | Self::NotFound
            | Self::Ambiguous(_)
            | Self::Malformed(_)
            | Self::WrongDigest(_)
            | Self::Runtime(_) => in_full(self),
        }
    }
}

const ANSWER_WITHIN: Duration = Duration::from_secs(10);
