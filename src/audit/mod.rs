//! The audit log: what was submitted, judged, answered and run, one chained record a line.
//!
//! [`AuditLog`] appends. A record is in the file before [`AuditLog::append`] returns, so that a killed
//! guard loses nothing, and on the disk where [`Durable::Now`] asks for it. Whatever keeps a record from
//! being written is an error, and the caller must then let nothing run. Sessions of one host and user
//! share a log: each append takes the file's lock, reads what others wrote since and checks that it
//! continues the chain.
//!
//! [`verify`] and [`records`] read.

mod facts;
mod log;
mod read;

pub(crate) use facts::line_facts;
pub(crate) use log::{AuditError, AuditLog, Durable, Writer};
pub(crate) use read::{
    Entry, Filter, Finding, Place, ReadError, Report, records, verdict_of, verify,
};
