//! Which program am I: login shell, `-c`, wrapper, subcommand.
#![forbid(unsafe_code)]

mod approval;
mod audit;
mod cli;
mod config;
mod desk;
mod feedback;
mod gate;
mod invocation;
mod oneshot;
mod session;
mod shells;
mod world;

use clap::{CommandFactory, Parser, Subcommand};
use feedback::EXIT_FAULT;
use guardsh_protocol::Door;
use invocation::{Input, Invocation, ShellCall};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

/// What the statuses mean, and where to go on.
const AFTER_HELP: &str =
    "Exit status: the command's own; 126 refused, 125 a fault of guardsh or its configuration.
Configuration: ~/.config/guardsh.toml. Refusals as JSON: GUARDSH_FEEDBACK=json.";

/// Judges each command before it runs, and asks people about the rest.
///
/// Without a tool guardsh is a shell: `guardsh`, `guardsh -l` and `guardsh -- bash` open a session, `guardsh -c 'text'`,
/// `guardsh script` and `guardsh < script` run what is judged. It takes the options of the shell it drives, bash or dash.
#[derive(Debug, Parser)]
#[command(name = "guardsh", version, disable_help_subcommand = true, after_help = AFTER_HELP)]
struct Arguments {
    /// Read this configuration instead of the user's
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    tool: Option<Tool>,
}

#[derive(Debug, Subcommand)]
enum Tool {
    Approve(cli::approve::Approve),
    Audit(cli::audit::AuditArgs),
    Cancel(cli::cancel::Cancel),
    Check(cli::check::Check),
    Deny(cli::deny::Deny),
    Lift(cli::lift::Lift),
    Pending(cli::pending::Pending),
    Policy(cli::policy::PolicyArgs),
    Request(cli::request::Ask),
    Serve(cli::serve::Serve),
    Show(cli::show::Show),
    Token(cli::token::Token),
    Trust(cli::trust::Trust),
}

fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    match Invocation::read(&words) {
        Ok(Invocation::Shell(call)) => shell(call),
        Ok(Invocation::Tool) => tool(words),
        Err(error) => {
            oneshot::fault(&error.to_string());
            ExitCode::from(EXIT_FAULT)
        }
    }
}

/// A shell in one of its forms.
fn shell(call: ShellCall) -> ExitCode {
    use std::io::IsTerminal;
    let (door, input) = match call.input.clone() {
        Input::Terminal if call.interactive || std::io::stdin().is_terminal() => {
            (Door::Session, Input::Terminal)
        }
        Input::Terminal => (
            Door::Stdin,
            Input::Standard {
                arguments: Vec::new(),
            },
        ),
        input @ Input::Text { .. } => (Door::Command, input),
        input @ Input::File { .. } => (Door::Script, input),
        input @ Input::Standard { .. } => (Door::Stdin, input),
    };
    let ready = match oneshot::ready(&call, door) {
        Ok(ready) => ready,
        Err(error) => {
            oneshot::fault(&feedback::with_causes(&error));
            return ExitCode::from(EXIT_FAULT);
        }
    };
    match input {
        Input::Text { text, arguments } => oneshot::run_text(ready, &call, &text, &arguments),
        Input::File { path, arguments } => oneshot::run_file(ready, &call, &path, &arguments),
        Input::Standard { arguments } => oneshot::run_standard(ready, &call, &arguments),
        Input::Terminal => session::start(ready, &call),
    }
}

fn tool(words: Vec<OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(words) {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { EXIT_FAULT } else { 0 });
        }
    };
    let config = arguments.config.as_deref();
    let Some(tool) = arguments.tool else {
        let _ = cli::output::print(&Arguments::command().render_help().to_string());
        return ExitCode::from(EXIT_FAULT);
    };
    let done = match tool {
        Tool::Approve(args) => cli::approve::run(&args),
        Tool::Audit(args) => cli::audit_log(&args, config),
        Tool::Cancel(args) => cli::cancel::run(&args),
        Tool::Check(args) => cli::check::run(&args, config),
        Tool::Deny(args) => cli::deny::run(&args),
        Tool::Lift(args) => cli::lift::run(&args),
        Tool::Pending(args) => cli::pending::run(&args),
        Tool::Policy(args) => cli::policy::run(&args, config),
        Tool::Request(args) => cli::appeal(&args, config),
        Tool::Serve(args) => cli::service(&args, config),
        Tool::Show(args) => cli::show::run(&args),
        Tool::Token(args) => cli::token::run(&args),
        Tool::Trust(args) => cli::trust::run(&args, config),
    };
    match done {
        Ok(status) => status,
        Err(error) => {
            oneshot::fault(&format!("{error:#}"));
            ExitCode::from(EXIT_FAULT)
        }
    }
}
