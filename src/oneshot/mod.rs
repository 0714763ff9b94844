//! `-c`, scripts and standard input: judged texts without a terminal of their own.

mod command;
mod env;
mod ready;
mod standard;
pub(crate) mod startup;
mod tell;

pub(crate) use command::{run_file, run_text};
pub(crate) use env::{DoorEnv, at_the_door};
pub(crate) use ready::{Ready, ready};
pub(crate) use standard::run_standard;
pub(crate) use tell::{Teller, fault};
