//! `guardsh deny ID`: a person says no, and why.

use super::service::{WhichService, find, say, with_service};
use guardsh_protocol::{Choice, NewDecision, Scope, shown};
use std::process::ExitCode;

/// Deny a request; the agent is told why, and what instead
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Deny {
    /// The request: its id, or the six characters of its short one
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Why; told to the agent
    #[arg(long, value_name = "WORDS")]
    pub(crate) reason: String,
    /// What to do instead
    #[arg(long, value_name = "WORDS")]
    pub(crate) suggest: Option<String>,
    #[command(flatten)]
    pub(crate) service: WhichService,
}

/// Denies what the service has under that id, by its digest.
pub(crate) fn run(args: &Deny) -> anyhow::Result<ExitCode> {
    with_service("deny", &args.service, |service| {
        let seen = find(service, &args.id)?;
        let decision = NewDecision {
            decision: Choice::Deny,
            scope: Scope::Once,
            reason: Some(args.reason.clone()),
            suggestion: args.suggest.clone(),
            digest: seen.standing.digest.clone(),
            signature: None,
        };
        service.decide(seen.request.id, &decision)?;
        say(&format!(
            "denied {}: {}\nthe same is refused for a while; to take that back: guardsh lift {}",
            seen.request.id.short(),
            shown(seen.request.line.as_bytes()),
            seen.request.id.short()
        ))?;
        Ok(ExitCode::SUCCESS)
    })
}
