//! `guardsh approve ID`: a person says yes.

use super::service::{WhichService, find, say, with_service};
use guardsh_protocol::{Choice, NewDecision, Scope, shown};
use std::process::ExitCode;

/// Approve a request: what it asks may run, once
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Approve {
    /// The request: its id, or the six characters of its short one
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// One run, or the same again until the session ends
    #[arg(long, value_enum, default_value = "once")]
    pub(crate) scope: Reach,
    /// Why; kept with the answer
    #[arg(long, value_name = "WORDS")]
    pub(crate) reason: Option<String>,
    #[command(flatten)]
    pub(crate) service: WhichService,
}

/// How far an approval reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Reach {
    /// One run.
    Once,
    /// The same again until the session ends.
    Session,
}

/// Approves what the service has under that id, by its digest.
pub(crate) fn run(args: &Approve) -> anyhow::Result<ExitCode> {
    with_service("approve", &args.service, |service| {
        let seen = find(service, &args.id)?;
        let decision = NewDecision {
            decision: Choice::Approve,
            scope: match args.scope {
                Reach::Once => Scope::Once,
                Reach::Session => Scope::Session,
            },
            reason: args.reason.clone(),
            suggestion: None,
            digest: seen.standing.digest.clone(),
            signature: None,
        };
        service.decide(seen.request.id, &decision)?;
        say(&format!(
            "approved {}: {}",
            seen.request.id.short(),
            shown(seen.request.line.as_bytes())
        ))?;
        Ok(ExitCode::SUCCESS)
    })
}
