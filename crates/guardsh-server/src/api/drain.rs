//! Reading what a refused client still sends.
//!
//! A server that answers early and closes with bytes unread resets the connection: the client then learns of
//! a broken pipe in place of the answer, and takes a plain "no" for a service that is gone.

use super::LARGEST_BODY;
use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

/// The body of a request, in two hands: the endpoint's, and that of whoever drains the rest.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Body>>);

impl Shared {
    pub(super) fn new(body: Body) -> Self {
        Self(Arc::new(Mutex::new(body)))
    }

    /// Reads and drops what is left, as far as a body may go and a patient server waits.
    pub(super) async fn drain(mut self) {
        let _ = tokio::time::timeout(PATIENCE, async {
            let mut read = 0;
            while read <= LARGEST_BODY {
                match poll_fn(|cx| Pin::new(&mut self).poll_frame(cx)).await {
                    Some(Ok(frame)) => read += frame.data_ref().map_or(0, Bytes::len),
                    Some(Err(_)) | None => break,
                }
            }
        })
        .await;
    }

    fn with<T>(&self, look: impl FnOnce(Pin<&mut Body>) -> T) -> T {
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        look(Pin::new(&mut *body))
    }
}

impl HttpBody for Shared {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.with(|body| body.poll_frame(cx))
    }

    fn is_end_stream(&self) -> bool {
        self.with(|body| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.with(|body| body.size_hint())
    }
}

const PATIENCE: Duration = Duration::from_secs(5);
