//! What crosses a wire or a disk: requests, decisions, records, digests, and text fit to be shown.
#![forbid(unsafe_code)]

pub mod canonical;
mod record;

pub use canonical::{CanonicalError, canonical};
pub use record::*;
