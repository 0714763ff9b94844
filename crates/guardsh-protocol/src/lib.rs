//! What crosses a wire or a disk: requests, decisions, records, digests, and text fit to be shown.
#![forbid(unsafe_code)]

mod record;

pub use record::*;
