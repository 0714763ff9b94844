//! `POST /v1/records`: a host hands its audit records in.

use super::{Refusal, Shared, json};
use crate::identity::Asker;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    records: Vec<Value>,
}

/// Keeps a batch, all of it or nothing. `stored`: how many.
pub(super) async fn add(
    State(shared): State<Arc<Shared>>,
    asker: Asker,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let batch: Batch = json(&body)?;
    shared
        .store
        .add_records(&asker.name, asker.uid, &batch.records, Timestamp::now())
        .await?;
    Ok(Json(serde_json::json!({ "stored": batch.records.len() })))
}
