//! `guardsh cancel ID`: takes a request back.

use super::service::{WhichService, find, say, with_service};
use std::process::ExitCode;

/// End a request that nobody has answered
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Cancel {
    /// The request: its id, or the six characters of its short one
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) service: WhichService,
}

/// Ends it, and says how it stands now.
pub(crate) fn run(args: &Cancel) -> anyhow::Result<ExitCode> {
    with_service("cancel", &args.service, |service| {
        let seen = find(service, &args.id)?;
        let ended = service.cancel(seen.request.id)?;
        say(&format!(
            "{} is {}",
            ended.request.id.short(),
            ended.standing.state.name()
        ))?;
        Ok(ExitCode::SUCCESS)
    })
}
