//! Which program am I: login shell, `-c`, wrapper, subcommand.
#![forbid(unsafe_code)]

#[allow(dead_code, unused_imports, reason = "the session will write to it")]
mod audit;
#[allow(dead_code, reason = "the subcommands will be called from here")]
mod cli;
#[allow(dead_code, reason = "the session and `-c` will call it")]
mod feedback;

fn main() {}
