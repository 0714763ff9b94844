//! `POST /v1/requests/{id}/claim`: the asker uses an approval, once.

use super::{Refusal, Shared, id_in, json};
use crate::identity::Asker;
use crate::store::Claiming;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use guardsh_protocol::{Claim, Claimed, State as Standing};
use jiff::Timestamp;
use std::sync::Arc;

/// 200 to the first claim id and its repeats, 409 to every other.
pub(super) async fn claim(
    State(shared): State<Arc<Shared>>,
    asker: Asker,
    path: Path<String>,
    body: Bytes,
) -> Result<Json<Claimed>, Refusal> {
    let id = id_in(&path)?;
    let Claim { claim_id } = json(&body)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if claim_id.len() < 16 || claim_id.len() > 64 || !claim_id.bytes().all(plain) {
        return Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "malformed",
            "a claim id has 16 to 64 letters, digits or `-`",
        ));
    }
    let now = Timestamp::now();
    let owned = shared.store.row(id).await?;
    if !owned.is_some_and(|row| asker.owns(&row.asker, row.uid)) {
        return Err(Refusal::not_found());
    }
    match shared.store.claim(id, &claim_id, now).await? {
        Claiming::Granted(row) => {
            shared.wakeups.ring(id);
            Ok(Json(Claimed {
                state: Standing::Claimed,
                claim_id,
                digest: row.digest,
            }))
        }
        Claiming::Refused(row) => {
            let (code, message) = match row.state_at(now) {
                Standing::Claimed => ("claimed", "the approval has been used"),
                Standing::Pending => ("pending", "nobody has approved it"),
                Standing::Denied => ("denied", "it was denied"),
                Standing::Expired => ("expired", "the time to use the approval is over"),
                Standing::Cancelled => ("cancelled", "it was cancelled"),
                Standing::Approved => ("claimed", "somebody else uses the approval"),
            };
            Err(Refusal::new(StatusCode::CONFLICT, code, message))
        }
        Claiming::Unknown => Err(Refusal::not_found()),
    }
}
