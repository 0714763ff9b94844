//! Subcommands, one file each, and the words for people.

pub(crate) mod approve;
pub(crate) mod cancel;
pub(crate) mod deny;
pub(crate) mod inside;
pub(crate) mod lift;
pub(crate) mod pending;
pub(crate) mod request;
pub(crate) mod serve;
pub(crate) mod service;
pub(crate) mod show;
pub(crate) mod shown;
pub(crate) mod token;
