//! `guardsh lift ID`: takes back what a denial left behind.

use super::service::{WhichService, find, say, with_service};
use std::process::ExitCode;

/// Let what a denial keeps refusing be asked again
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Lift {
    /// The denied request: its id, or the six characters of its short one
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) service: WhichService,
}

/// Lifts it, and says how much that was.
pub(crate) fn run(args: &Lift) -> anyhow::Result<ExitCode> {
    with_service("lift", &args.service, |service| {
        let seen = find(service, &args.id)?;
        let lifted = service.lift(seen.request.id)?;
        say(&match lifted {
            0 => "nothing of it was refused any more".to_owned(),
            1 => "1 action is asked again".to_owned(),
            more => format!("{more} actions are asked again"),
        })?;
        Ok(ExitCode::SUCCESS)
    })
}
