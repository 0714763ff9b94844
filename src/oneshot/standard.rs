//! Commands on standard input: one by one, in a live shell, with the caller's standard input left to them.

use super::ready::Ready;
use super::tell::fault;
use crate::cli::invocation::ShellCall;
use std::ffi::OsString;
use std::process::ExitCode;

/// `guardsh -s`, `guardsh < script`
pub(crate) fn run_standard(ready: Ready, call: &ShellCall, arguments: &[OsString]) -> ExitCode {
    use std::io::Read;
    let mut text = Vec::new();
    if let Err(error) = std::io::stdin().read_to_end(&mut text) {
        fault(&format!("standard input cannot be read: {error}"));
        return ExitCode::from(crate::feedback::EXIT_FAULT);
    }
    let _ = arguments;
    super::command::run_text(ready, call, &text, &[])
}
