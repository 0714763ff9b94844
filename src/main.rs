//! Which program am I: login shell, `-c`, wrapper, subcommand.
#![forbid(unsafe_code)]

#[expect(dead_code, unused_imports, reason = "used once lines are asked about")]
mod approval;

fn main() {}
