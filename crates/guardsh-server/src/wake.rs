//! Wakes those who wait for a request to change.
//!
//! Only a hint: who is woken looks into the store. A waiter that is never woken looks anyway when its time
//! is over.

use guardsh_protocol::RequestId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// One bell for each request that somebody waits for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wakeups {
    bells: Arc<Mutex<HashMap<RequestId, watch::Sender<()>>>>,
}

impl Wakeups {
    /// Listens for changes from now on.
    pub(crate) fn listen(&self, id: RequestId) -> watch::Receiver<()> {
        let mut bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
        bells
            .entry(id)
            .or_insert_with(|| watch::channel(()).0)
            .subscribe()
    }

    /// Says that a request has changed, and forgets bells that nobody listens to.
    pub(crate) fn ring(&self, id: RequestId) {
        let mut bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bell) = bells.remove(&id) {
            bell.send_replace(());
        }
        if bells.len() > SWEEP_FROM {
            bells.retain(|_, bell| bell.receiver_count() > 0);
        }
    }

    /// Takes a bell away once its last listener has gone.
    pub(crate) fn leave(&self, id: RequestId, listener: watch::Receiver<()>) {
        drop(listener);
        let mut bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
        if bells
            .get(&id)
            .is_some_and(|bell| bell.receiver_count() == 0)
        {
            bells.remove(&id);
        }
    }
}

/// Bells of waiters whose connection broke stay until a sweep.
const SWEEP_FROM: usize = 1024;
