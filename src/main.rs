//! Which program am I: login shell, `-c`, wrapper, subcommand.
#![forbid(unsafe_code)]

#[cfg_attr(
    not(test),
    expect(dead_code, unused_imports, reason = "used once lines are asked about")
)]
mod approval;
#[expect(dead_code, reason = "`request` is used once lines are judged")]
mod cli;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(
    name = "guardsh",
    version,
    about = "A shell that judges each command before it runs"
)]
struct Arguments {
    #[command(subcommand)]
    tool: Tool,
}

#[derive(Subcommand)]
enum Tool {
    Approve(cli::approve::Approve),
    Cancel(cli::cancel::Cancel),
    Deny(cli::deny::Deny),
    Lift(cli::lift::Lift),
    Pending(cli::pending::Pending),
    Serve(cli::serve::Serve),
    Show(cli::show::Show),
    Token(cli::token::Token),
}

fn main() -> anyhow::Result<ExitCode> {
    match Arguments::parse().tool {
        Tool::Approve(args) => cli::approve::run(&args),
        Tool::Cancel(args) => cli::cancel::run(&args),
        Tool::Deny(args) => cli::deny::run(&args),
        Tool::Lift(args) => cli::lift::run(&args),
        Tool::Pending(args) => cli::pending::run(&args),
        Tool::Serve(args) => cli::serve::run(&args, guardsh_server::Rules::default()),
        Tool::Show(args) => cli::show::run(&args),
        Tool::Token(args) => cli::token::run(&args),
    }
}
