//! The tools, one file each, and which form of guardsh was called.

pub(crate) mod audit;
pub(crate) mod invocation;
