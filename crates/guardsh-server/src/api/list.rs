//! `GET /v1/requests?state=pending`: what a reviewer has to answer.

use super::{Refusal, Shared, wire};
use crate::identity::Reviewer;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use guardsh_protocol::{RequestName, State as Standing};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// Which requests.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    state: Option<String>,
    /// A short id.
    short: Option<String>,
}

/// An array of requests with how each stands, oldest first.
pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    _: Reviewer,
    Query(which): Query<Which>,
) -> Result<Json<Vec<Value>>, Refusal> {
    let now = Timestamp::now();
    let state = match which.state.as_deref() {
        None => None,
        Some(name) => Some(Standing::from_name(name).ok_or_else(|| {
            Refusal::new(
                StatusCode::BAD_REQUEST,
                "malformed",
                "not a state: pending, approved, denied, expired, cancelled, claimed",
            )
        })?),
    };
    let rows = match which.short {
        Some(short) => match short.parse() {
            Ok(RequestName::Short(short)) => {
                let mut rows = shared.store.rows_named(&short).await?;
                rows.retain(|row| state.is_none_or(|state| row.state_at(now) == state));
                rows
            }
            Ok(RequestName::Whole(_)) | Err(_) => Vec::new(),
        },
        None => shared.store.list(state, now).await?,
    };
    let mut shown = Vec::with_capacity(rows.len());
    for row in &rows {
        shown.push(wire(&shared.store, row, now).await?);
    }
    Ok(Json(shown))
}
