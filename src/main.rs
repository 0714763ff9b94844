//! Which program am I: login shell, `-c`, wrapper, subcommand.
#![forbid(unsafe_code)]

mod audit;
mod feedback;

fn main() {}
