//! `/healthz` and `/readyz`: for whoever keeps the service running. They need no token and tell nothing.

use super::{Refusal, Shared};
use axum::extract::State;
use std::sync::Arc;

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// The store answers.
pub(super) async fn ready(State(shared): State<Arc<Shared>>) -> Result<&'static str, Refusal> {
    shared.store.ready().await?;
    Ok("ready\n")
}
