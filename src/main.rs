//! Which program am I: login shell, `-c`, wrapper, subcommand.
#![forbid(unsafe_code)]

#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the session and the subcommands call it")
)]
mod audit;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the subcommands are called from here")
)]
mod cli;
#[cfg_attr(not(test), expect(dead_code, reason = "the session and `-c` call it"))]
mod feedback;

fn main() {}
