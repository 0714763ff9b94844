//! The tools, one file each, and which form of guardsh was called.

pub(crate) mod approve;
pub(crate) mod audit;
pub(crate) mod cancel;
pub(crate) mod check;
pub(crate) mod deny;
pub(crate) mod inside;
pub(crate) mod invocation;
pub(crate) mod lift;
pub(crate) mod output;
pub(crate) mod pending;
pub(crate) mod policy;
pub(crate) mod request;
pub(crate) mod serve;
pub(crate) mod service;
pub(crate) mod show;
pub(crate) mod token;
pub(crate) mod trust;
