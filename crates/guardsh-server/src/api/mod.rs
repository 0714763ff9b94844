//! The HTTP interface, version 1: one file for each endpoint.

mod cancel;
mod claim;
mod decide;
mod drain;
mod error;
mod file;
mod health;
mod lift;
mod list;
mod records;
mod show;

pub(crate) use error::Refusal;

use crate::store::{Row, Store, StoreError};
use crate::wake::Wakeups;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Path};
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::{get, post};
use guardsh_protocol::{RequestId, Standing};
use jiff::Timestamp;
use nix::unistd::Uid;
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::watch;

/// What all endpoints share.
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) wakeups: Wakeups,
    pub(crate) own_uid: Uid,
    /// True once the service is to end.
    pub(crate) ending: watch::Receiver<bool>,
    /// For the operator.
    pub(crate) log: Arc<dyn Fn(&str) + Send + Sync>,
}

/// All endpoints.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/requests", post(file::file).get(list::list))
        .route("/v1/requests/{id}", get(show::show))
        .route("/v1/requests/{id}/claim", post(claim::claim))
        .route("/v1/requests/{id}/cancel", post(cancel::cancel))
        .route("/v1/requests/{id}/decisions", post(decide::decide))
        .route("/v1/requests/{id}/lift", post(lift::lift))
        .route("/v1/records", post(records::add))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&shared),
            error::with_request_id,
        ))
        .with_state(shared)
}

/// A request and how it stands, as it goes over the wire.
pub(crate) async fn wire(store: &Store, row: &Row, now: Timestamp) -> Result<Value, Refusal> {
    let mut body: Value = serde_json::from_str(&row.body).map_err(StoreError::Json)?;
    let denials = store.denials_lately(row, now).await?;
    let rules = store.rules();
    let mut flags = Vec::new();
    if denials >= i64::from(rules.refusals) {
        flags.push(format!(
            "{denials} denials in the last {} minutes",
            rules.refusals_within.as_secs() / 60
        ));
    }
    let waited_ms = now.as_millisecond().saturating_sub(row.filed_ms);
    let standing = Standing {
        state: row.state_at(now),
        url: None,
        digest: row.digest.clone(),
        short: row.id.short(),
        waited_s: u64::try_from(waited_ms / 1000).unwrap_or(0),
        expires_in_s: row.remaining_at(now).as_secs(),
        asker: row.asker.clone(),
        flags,
        decisions: row.decisions.clone(),
    };
    let standing = serde_json::to_value(standing).map_err(StoreError::Json)?;
    if let (Value::Object(body), Value::Object(standing)) = (&mut body, standing) {
        body.extend(standing);
    }
    Ok(body)
}

/// The id in a path.
pub(crate) fn id_in(Path(text): &Path<String>) -> Result<RequestId, Refusal> {
    text.parse().map_err(|_| {
        Refusal::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "there is no such request",
        )
    })
}

/// Reads JSON, bounded by [`LARGEST_BODY`]; the content type plays no part.
pub(crate) fn json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(bytes).map_err(|error| {
        Refusal::new(
            StatusCode::BAD_REQUEST,
            "malformed",
            format!("the body is not what belongs here: {error}"),
        )
    })
}

/// A request holds a line, its script and previews; a page of text is some kilobytes.
const LARGEST_BODY: usize = 4 * 1024 * 1024;
