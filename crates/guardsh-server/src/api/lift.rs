//! `POST /v1/requests/{id}/lift`: a reviewer takes back what a denial left behind.

use super::{Refusal, Shared, id_in};
use crate::identity::Reviewer;
use axum::Json;
use axum::extract::{Path, State};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

/// The actions of that denied request are asked again. `lifted`: how many no longer stick.
pub(super) async fn lift(
    State(shared): State<Arc<Shared>>,
    reviewer: Reviewer,
    path: Path<String>,
) -> Result<Json<Value>, Refusal> {
    let id = id_in(&path)?;
    let row = shared.store.row(id).await?.ok_or_else(Refusal::not_found)?;
    // A request that was refused by an earlier denial leads to that one.
    let of = row
        .decisions
        .iter()
        .find_map(|decision| decision.sticks_from)
        .unwrap_or(id);
    let lifted = shared
        .store
        .lift(of, &reviewer.name, Timestamp::now())
        .await?;
    Ok(Json(json!({ "lifted": lifted })))
}
