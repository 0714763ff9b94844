//! What goes wrong, for two audiences: a code and words for the client, the detail for the operator's log.

use super::{Shared, drain};
use crate::store::StoreError;
use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use guardsh_protocol::PublicError;
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// A refusal on its way to the client.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    detail: Option<String>,
    retry_after: Option<Duration>,
}

impl Refusal {
    /// With a stable code and words.
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            detail: None,
            retry_after: None,
        }
    }

    /// There is no such request, or not for this asker.
    pub(crate) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "there is no such request",
        )
    }

    /// What the operator should know; the client never sees it.
    pub(crate) fn detail(self, detail: String) -> Self {
        Self {
            detail: Some(detail),
            ..self
        }
    }

    /// When it may work.
    pub(crate) fn retry_after(self, after: Duration) -> Self {
        Self {
            retry_after: Some(after),
            ..self
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let mut detail = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            detail.push_str(": ");
            detail.push_str(&error.to_string());
            cause = error.source();
        }
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "store_failed",
            "the service cannot reach its store",
        )
        .detail(detail)
    }
}

impl IntoResponse for Refusal {
    /// Only marks the response; [`with_request_id`] writes it.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Gives each call an id, bounds its time, and writes whatever was refused.
pub(super) async fn with_request_id(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let id = Uuid::now_v7().hyphenated().to_string();
    let what = format!("{} {}", request.method(), request.uri().path());
    let (parts, body) = request.into_parts();
    let body = drain::Shared::new(body);
    let request = Request::from_parts(parts, Body::new(body.clone()));
    let mut response = match tokio::time::timeout(LONGEST_CALL, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Refusal::new(
            StatusCode::REQUEST_TIMEOUT,
            "too_slow",
            "the call took too long",
        )
        .into_response(),
    };
    if response.status().is_client_error() || response.status().is_server_error() {
        body.drain().await;
        let refusal = response
            .extensions_mut()
            .remove::<Refusal>()
            .unwrap_or_else(|| unmarked(response.status()));
        if let Some(detail) = &refusal.detail {
            (shared.log)(&format!("{what}: {}: {detail} ({id})", refusal.code));
        }
        response = (
            refusal.status,
            Json(PublicError {
                code: refusal.code.to_owned(),
                message: refusal.message,
                request_id: id.clone(),
            }),
        )
            .into_response();
        if let Some(after) = refusal.retry_after {
            let seconds = after.as_secs().max(1);
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert("x-request-id", value);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

/// The HTTP layer refused it before it came to an endpoint.
fn unmarked(status: StatusCode) -> Refusal {
    let code = match status {
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
        StatusCode::PAYLOAD_TOO_LARGE => "too_large",
        _ => "malformed",
    };
    Refusal::new(status, code, status.canonical_reason().unwrap_or("refused"))
}

/// Longer than the longest poll; shorter than a slow sender's patience.
const LONGEST_CALL: Duration = Duration::from_secs(90);
