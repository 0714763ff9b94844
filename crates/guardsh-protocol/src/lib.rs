//! What crosses a wire or a disk: requests, decisions, records, digests, and text fit to be shown.
#![forbid(unsafe_code)]

pub mod canonical;
pub mod chain;
mod decision;
mod record;
pub mod redact;
mod request;
pub mod shown;

pub use canonical::{CanonicalError, canonical, canonical_digest, sha256_hex};
pub use decision::*;
pub use record::*;
pub use redact::{redact, redact_text, redact_value, redact_words};
pub use request::*;
pub use shown::{Newlines, Shown, shown, shown_with, shown_within};
