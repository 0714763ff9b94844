//! The tools, one file each, and which form of guardsh was called.

pub(crate) mod invocation;
