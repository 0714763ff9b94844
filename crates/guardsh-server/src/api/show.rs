//! `GET /v1/requests/{id}?wait=25`: how a request stands, as soon as somebody has answered.

use super::{Refusal, Shared, id_in, wire};
use crate::identity::Reader;
use axum::Json;
use axum::extract::{Path, Query, State};
use guardsh_protocol::State as Standing;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long to wait for an answer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wait {
    #[serde(default)]
    wait: u64,
}

/// Answers at once where the request is no longer pending, else when it changes or the wait is over.
pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    reader: Reader,
    path: Path<String>,
    Query(Wait { wait }): Query<Wait>,
) -> Result<Json<Value>, Refusal> {
    let id = id_in(&path)?;
    let until = Instant::now() + Duration::from_secs(wait.min(LONGEST_WAIT_S));
    let mut ending = shared.ending.clone();
    loop {
        // Listening begins before looking, so that no change falls between.
        let mut bell = shared.wakeups.listen(id);
        let row = shared.store.row(id).await?;
        let now = Timestamp::now();
        let row = row.filter(|row| match &reader {
            Reader::Reviewer => true,
            Reader::Asker(asker) => asker.owns(&row.asker, row.uid),
        });
        let Some(row) = row else {
            shared.wakeups.leave(id, bell);
            return Err(Refusal::not_found());
        };
        let over = Instant::now() >= until || *ending.borrow();
        if over || row.state_at(now) != Standing::Pending {
            shared.wakeups.leave(id, bell);
            return Ok(Json(wire(&shared.store, &row, now).await?));
        }
        // One millisecond later than the deadline it is certainly past.
        let expires = Instant::now() + row.remaining_at(now) + Duration::from_millis(1);
        tokio::select! {
            _ = bell.changed() => {}
            _ = ending.changed() => {}
            () = tokio::time::sleep_until(until.min(expires)) => {}
        }
        shared.wakeups.leave(id, bell);
    }
}

/// Proxies and routers forget connections that are silent for a minute.
const LONGEST_WAIT_S: u64 = 55;
