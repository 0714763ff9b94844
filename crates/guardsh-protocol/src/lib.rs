//! What crosses a wire or a disk: requests, decisions, records, digests, and text fit to be shown.
#![forbid(unsafe_code)]

mod canonical;
mod decision;
mod record;
mod request;

pub use canonical::*;
pub use decision::*;
pub use record::*;
pub use request::*;
