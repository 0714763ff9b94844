//! `POST /v1/requests/{id}/decisions`: a reviewer answers.

use super::{Refusal, Shared, id_in, json, wire};
use crate::identity::Reviewer;
use crate::store::Decided;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use guardsh_protocol::{Choice, NewDecision};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;

/// 200 to the first answer and its repeats; 409 to an answer that comes too late or is about other bytes.
pub(super) async fn decide(
    State(shared): State<Arc<Shared>>,
    reviewer: Reviewer,
    path: Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let id = id_in(&path)?;
    let decision: NewDecision = json(&body)?;
    let given = decision
        .reason
        .as_deref()
        .is_some_and(|reason| !reason.trim().is_empty());
    if decision.decision == Choice::Deny && !given {
        return Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "no_reason",
            "a denial needs a reason: the agent is told",
        ));
    }
    let now = Timestamp::now();
    let decided = shared
        .store
        .decide(id, &decision, &reviewer.name, now)
        .await?;
    match decided {
        Decided::Done(row) => {
            shared.wakeups.ring(id);
            Ok(Json(wire(&shared.store, &row, now).await?))
        }
        Decided::Late(row) => {
            let state = row.state_at(now);
            let by = row
                .decisions
                .last()
                .map(|decision| format!(" by {}", decision.reviewer))
                .unwrap_or_default();
            Err(Refusal::new(
                StatusCode::CONFLICT,
                "already_decided",
                format!("it is {}{by} already", state.name()),
            ))
        }
        Decided::WrongDigest => Err(Refusal::new(
            StatusCode::CONFLICT,
            "wrong_digest",
            "the decision is about something else than this request: read it again",
        )),
        Decided::NoSession => Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "no_session",
            "only a line of an interactive session can be approved for the session",
        )),
        Decided::Unknown => Err(Refusal::not_found()),
    }
}
