//! `POST /v1/requests`: a host asks.

use super::{Refusal, Shared, json, wire};
use crate::identity::Asker;
use crate::store::{Filed, Limit, NewRequest};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use guardsh_protocol::{RESERVED, Request, canonical, sha256_hex};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;

/// 201 for a new request, 200 with the kept body where one stands for it already.
pub(super) async fn file(
    State(shared): State<Arc<Shared>>,
    asker: Asker,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let body: Value = json(&body)?;
    let malformed = |message: String| Refusal::new(StatusCode::BAD_REQUEST, "malformed", message);
    if let Some(name) = RESERVED.iter().find(|name| body.get(**name).is_some()) {
        return Err(malformed(format!("`{name}` is the service's to add")));
    }
    let request = Request::from_body(&body).map_err(|error| malformed(error.to_string()))?;
    if asker.uid.is_some_and(|uid| uid != request.uid) {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "another_user",
            "the request names another user than the one who files it",
        ));
    }
    let text = canonical(&body).map_err(|error| malformed(error.to_string()))?;
    let digest = sha256_hex(&text);
    let text = String::from_utf8(text).map_err(|error| malformed(error.to_string()))?;
    let new = NewRequest {
        asker: asker.name,
        request,
        digest,
        body: text,
    };
    let now = Timestamp::now();
    let (status, row) = match shared.store.file(&new, now).await? {
        Filed::New(row) => (StatusCode::CREATED, row),
        Filed::Found(row) => (StatusCode::OK, row),
        Filed::IdTaken => {
            return Err(Refusal::new(
                StatusCode::CONFLICT,
                "id_taken",
                "another request has this id",
            ));
        }
        Filed::Limited(limit) => return Err(limited(limit)),
    };
    Ok((status, Json(wire(&shared.store, &row, now).await?)))
}

fn limited(limit: Limit) -> Refusal {
    match limit {
        Limit::Open { limit, retry_after } => Refusal::new(
            StatusCode::TOO_MANY_REQUESTS,
            "asks_open",
            format!("{limit} requests are open already: wait for their answers"),
        )
        .retry_after(retry_after),
        Limit::PerHour { limit, retry_after } => Refusal::new(
            StatusCode::TOO_MANY_REQUESTS,
            "asks_per_hour",
            format!("{limit} requests in an hour are the most"),
        )
        .retry_after(retry_after),
    }
}
