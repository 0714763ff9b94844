//! The tools, one file each, and which form of guardsh was called.

pub(crate) mod approve;
pub(crate) mod audit;
pub(crate) mod cancel;
pub(crate) mod check;
pub(crate) mod deny;
pub(crate) mod inside;
pub(crate) mod lift;
pub(crate) mod output;
pub(crate) mod pending;
pub(crate) mod policy;
pub(crate) mod request;
pub(crate) mod serve;
pub(crate) mod service;
pub(crate) mod show;
pub(crate) mod token;
pub(crate) mod trust;

use crate::config::{self, Loaded, Places};
use crate::feedback::EXIT_FAULT;
use crate::invocation::ShellCall;
use guardsh_protocol::Door;
use std::path::Path;
use std::process::ExitCode;

/// `guardsh audit …` on the configured log.
pub(crate) fn audit_log(
    args: &audit::AuditArgs,
    config: Option<&Path>,
) -> anyhow::Result<ExitCode> {
    use std::io::IsTerminal;
    if let Some(words) = inside::refusal("audit") {
        service::complain(&words)?;
        return Ok(ExitCode::from(inside::REFUSED));
    }
    let (loaded, places) = configuration(config)?;
    let log = loaded
        .config
        .audit
        .path
        .clone()
        .unwrap_or_else(|| places.audit_log());
    // Not `terminal::size`: where there is no terminal that one runs the `tput` which PATH finds.
    let columns = std::io::stdout()
        .is_terminal()
        .then(|| crossterm::terminal::window_size().ok())
        .flatten()
        .map(|size| usize::from(size.columns))
        .filter(|columns| *columns > 0);
    let (mut out, mut err) = (std::io::stdout().lock(), std::io::stderr().lock());
    let mut to = audit::Output {
        out: &mut out,
        err: &mut err,
        columns,
    };
    Ok(ExitCode::from(audit::run(
        args,
        &log,
        jiff::Timestamp::now(),
        &mut to,
    )))
}

/// `guardsh serve` with the limits of the configuration.
pub(crate) fn service(args: &serve::Serve, config: Option<&Path>) -> anyhow::Result<ExitCode> {
    let (loaded, _) = configuration(config)?;
    let (approval, limits) = (&loaded.config.approval, &loaded.config.limits);
    let rules = guardsh_server::Rules {
        use_within: approval.use_within,
        denial_sticks: approval.denial_sticks,
        asks_open: limits.asks_open,
        asks_per_hour: limits.asks_per_hour,
        refusals: limits.refusals.count,
        refusals_within: limits.refusals.within,
        ..guardsh_server::Rules::default()
    };
    serve::run(args, rules)
}

/// `guardsh request`: judges the line as the guard around it would, and files what it asks.
pub(crate) fn appeal(args: &request::Ask, config: Option<&Path>) -> anyhow::Result<ExitCode> {
    let (mut call, door) = around();
    if let Some(config) = config {
        call.config = Some(config.to_owned());
    }
    let mut ready = match crate::oneshot::ready(&call, door) {
        Ok(ready) => ready,
        Err(error) => {
            crate::oneshot::fault(&crate::feedback::with_causes(&error));
            return Ok(ExitCode::from(EXIT_FAULT));
        }
    };
    let reading = ready.reading();
    let settings = crate::desk::ask_settings(&ready.setup.loaded);
    let line = args.line.as_bytes();
    let request = crate::desk::appeal(&ready.setup, line, reading, &args.reason, &mut ready.world)
        .map_err(anyhow::Error::msg)?;
    request::run(request, settings, &|| false)
}

/// How the guard around this process was called, and through which door its lines come: an approval is for that
/// door. Outside of one, `-c`.
fn around() -> (ShellCall, Door) {
    use crate::invocation::{Input, Invocation};
    use std::os::unix::ffi::OsStringExt;
    let guard = guardsh_sys::ancestry::guarded_ancestor(guardsh_sys::Pid::this())
        .ok()
        .flatten();
    let words = guard
        .map(guardsh_sys::process::words_of)
        .unwrap_or_default();
    let words: Vec<std::ffi::OsString> = words
        .into_iter()
        .map(std::ffi::OsString::from_vec)
        .collect();
    match Invocation::read(&words) {
        Ok(Invocation::Shell(call)) if !words.is_empty() => {
            let door = match call.input {
                Input::Terminal => Door::Session,
                Input::Text { .. } => Door::Command,
                Input::File { .. } => Door::Script,
                Input::Standard { .. } => Door::Stdin,
            };
            (call, door)
        }
        Ok(Invocation::Shell(_) | Invocation::Tool) | Err(_) => {
            (ShellCall::default(), Door::Command)
        }
    }
}

/// The configuration that a tool goes by.
pub(crate) fn configuration(named: Option<&Path>) -> anyhow::Result<(Loaded, Places)> {
    let places = Places::find();
    let loaded = config::load(named, &places)?;
    Ok((loaded, places))
}
