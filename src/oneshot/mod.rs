//! `-c`, scripts and standard input: judged texts without a terminal of their own.

mod command;
mod env;
mod ready;
mod standard;
pub(crate) mod startup;
mod tell;
mod wait;

pub(crate) use command::{run_file, run_text, wants_more};
pub(crate) use ready::{Ready, ready};
pub(crate) use standard::run_standard;
pub(crate) use tell::{Teller, fault};
