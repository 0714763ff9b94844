//! HTTP to the service: over its socket, or over TCP with a token.
//!
//! No proxy, no redirect, no kept connection, and no root certificate but those of the configuration or the
//! system's own bundle: the environment of the guarded plays no part. Answers are bounded.

use super::reach::{Place, Reach, ReachError};
use guardsh_protocol::PublicError;
use reqwest::{Certificate, Client, Method, Url, header, redirect};
use serde::Deserialize as _;
use serde_json::Value;
use std::error::Error as _;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

/// A way to one service.
#[derive(Clone, Debug)]
pub(super) struct Transport {
    client: Client,
    base: Url,
    token: Option<String>,
}

/// What the service answered.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// 200 or 201, with JSON.
    Done {
        /// 201.
        created: bool,
        body: Value,
    },
    /// Any other status.
    Refused {
        status: u16,
        /// The code of the error, if it came with one.
        code: Option<String>,
        /// In words.
        message: String,
        retry_after: Option<Duration>,
    },
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CallError {
    /// It may work later: no connection, broken off, too slow.
    Unreached(String),
    /// It answered, and the answer cannot be right.
    Malformed(String),
}

impl Transport {
    pub(super) fn new(reach: &Reach) -> Result<Self, ReachError> {
        // With `rustls-no-provider` building a client would panic without this. An error only says that it
        // was done before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .http1_only()
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT_WITHIN)
            .user_agent(concat!("guardsh/", env!("CARGO_PKG_VERSION")));
        let (builder, base) = match &reach.place {
            Place::Socket(path) => (
                builder
                    .unix_socket(path.as_path())
                    .tls_certs_only(Vec::new()),
                // The host's name is for the header alone.
                Url::parse("http://guardsh/").map_err(|_| ReachError::NoService)?,
            ),
            Place::Url(url) if url.scheme() == "https" => (
                builder.tls_certs_only(authorities(reach.ca_file.as_deref())?),
                url.clone(),
            ),
            Place::Url(url) => (builder.tls_certs_only(Vec::new()), url.clone()),
        };
        Ok(Self {
            client: builder.build().map_err(ReachError::Client)?,
            base,
            token: reach.token.clone(),
        })
    }

    /// One call. Ends after `within`, whatever the service does.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        within: Duration,
    ) -> Result<Reply, CallError> {
        match tokio::time::timeout(within, self.exchange(method, path, body)).await {
            Ok(reply) => reply,
            Err(_) => Err(CallError::Unreached(format!(
                "no answer within {:.1} s",
                within.as_secs_f32()
            ))),
        }
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Reply, CallError> {
        let mut request = self.client.request(method, self.at(path));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request
                .header(header::CONTENT_TYPE, "application/json")
                .body(body.to_string());
        }
        let mut response = request.send().await.map_err(unreached)?;
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get(header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .map(Duration::from_secs);
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreached)? {
            if bytes.len() + chunk.len() > LARGEST_ANSWER {
                return Err(CallError::Malformed("the answer is too large".to_owned()));
            }
            bytes.extend_from_slice(&chunk);
        }
        let body: Result<Value, _> = serde_json::from_slice(&bytes);
        match (status, body) {
            (200 | 201, Ok(body)) => Ok(Reply::Done {
                created: status == 201,
                body,
            }),
            (200..=299, _) => Err(CallError::Malformed(format!(
                "status {status} with an answer that is not what belongs there"
            ))),
            (_, body) => {
                let error = body
                    .ok()
                    .and_then(|body| PublicError::deserialize(body).ok());
                Ok(Reply::Refused {
                    status,
                    message: match &error {
                        Some(error) => error.message.clone(),
                        None => format!("status {status}"),
                    },
                    code: error.map(|error| error.code),
                    retry_after,
                })
            }
        }
    }

    fn at(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        let (path, query) = match path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path, None),
        };
        let below = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{below}{path}"));
        url.set_query(query);
        url
    }
}

fn unreached(error: reqwest::Error) -> CallError {
    // The outer error only says "error sending request": what people need is at the bottom.
    let error = error.without_url();
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = error.to_string();
        cause = error.source();
    }
    CallError::Unreached(words)
}

/// The certificates to trust: those of the file, or of the first bundle that the system has.
fn authorities(file: Option<&Path>) -> Result<Vec<Certificate>, ReachError> {
    let read = |path: &Path| {
        let failed = |source: io::Error| ReachError::Authorities {
            path: path.to_owned(),
            source,
        };
        let bytes = fs::read(path).map_err(failed)?;
        Certificate::from_pem_bundle(&bytes).map_err(|error| failed(io::Error::other(error)))
    };
    match file {
        Some(path) => read(path),
        None => {
            for path in SYSTEM_BUNDLES.map(Path::new) {
                if path.exists() {
                    return read(path);
                }
            }
            Err(ReachError::Authorities {
                path: SYSTEM_BUNDLES.map(Path::new)[0].to_owned(),
                source: io::ErrorKind::NotFound.into(),
            })
        }
    }
}

/// Debian and Arch, Fedora and its kin, SUSE, Alpine and the BSDs. Read by name, because the usual way to
/// find them follows `SSL_CERT_FILE`, which the guarded can set.
const SYSTEM_BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// A request can be 4 MiB, and its answer adds little.
const LARGEST_ANSWER: usize = 8 * 1024 * 1024;
