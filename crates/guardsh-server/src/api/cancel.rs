//! `POST /v1/requests/{id}/cancel`: the asker gives up.

use super::{Refusal, Shared, id_in, wire};
use crate::identity::Reader;
use crate::store::Cancelling;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;

/// 200 where it has ended, cancelled or not; 409 where it was denied or used before.
pub(super) async fn cancel(
    State(shared): State<Arc<Shared>>,
    reader: Reader,
    path: Path<String>,
) -> Result<Json<Value>, Refusal> {
    let id = id_in(&path)?;
    let now = Timestamp::now();
    let row = shared.store.row(id).await?.ok_or_else(Refusal::not_found)?;
    let may = match &reader {
        Reader::Reviewer => true,
        Reader::Asker(asker) => asker.owns(&row.asker, row.uid),
    };
    if !may {
        return Err(Refusal::not_found());
    }
    match shared.store.cancel(id, now).await? {
        Cancelling::Done(row) => {
            shared.wakeups.ring(id);
            Ok(Json(wire(&shared.store, &row, now).await?))
        }
        Cancelling::Refused(row) => Err(Refusal::new(
            StatusCode::CONFLICT,
            row.state_at(now).name(),
            format!("it is {} already", row.state_at(now).name()),
        )),
        Cancelling::Unknown => Err(Refusal::not_found()),
    }
}
