//! Which program am I: login shell, `-c`, wrapper, subcommand.
#![forbid(unsafe_code)]

#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the session that drives the editor comes next")
)]
mod session;

fn main() {}
