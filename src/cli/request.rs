//! `guardsh request --reason … -- 'line'`: asks ahead of running a line, or again after a denial.
//!
//! The one tool of the service that is meant for use inside a guarded session.

use super::inside::REFUSED;
use super::service::{complain, say};
use crate::approval::{AskSettings, Asker, Outcome, ask_and_wait};
use guardsh_protocol::{Request, shown};
use std::process::ExitCode;

/// Ask a person for a line ahead of running it, or again after it was refused; nothing runs
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Ask {
    /// Why it is needed; shown to the reviewer
    #[arg(long, value_name = "WORDS")]
    pub(crate) reason: String,
    /// The line, as one word: guardsh request --reason 'why' -- 'make deploy'
    #[arg(value_name = "LINE")]
    pub(crate) line: String,
}

/// Files a request that was made of the line, with its justification, and waits for the answer. Nothing runs:
/// after an approval the line is submitted as usual and finds it. Status 0 approved, 126 otherwise.
pub(crate) fn run(
    request: Request,
    settings: AskSettings,
    interrupted: &dyn Fn() -> bool,
) -> anyhow::Result<ExitCode> {
    let asker = Asker::start(settings)?;
    let short = request.id.short();
    let mut words = Ok(());
    let outcome = ask_and_wait(
        &asker,
        request,
        &mut |news| {
            if let crate::approval::News::Accepted(accepted) = news {
                words = say(&format!("asked: {}", accepted.short));
            }
        },
        interrupted,
    );
    words?;
    let refused = match outcome {
        Outcome::Approved(approval) => {
            say(&format!(
                "approved by {}: submit the line now; it runs once",
                shown(approval.reviewer.as_bytes())
            ))?;
            return Ok(ExitCode::SUCCESS);
        }
        Outcome::Denied(denial) => match denial.suggestion {
            Some(suggestion) => format!("denied: {}; instead: {suggestion}", denial.reason),
            None => format!("denied: {}", denial.reason),
        },
        Outcome::Expired => format!("expired: nobody answered {short}"),
        Outcome::Pending(accepted) => format!(
            "pending: {} is still open; submit the line to wait for it",
            accepted.map_or(short, |accepted| accepted.short)
        ),
        Outcome::Unreachable { why } => format!("unreachable: {why}"),
        Outcome::Cancelled => "cancelled".to_owned(),
        Outcome::Limited(limited) => format!("not asked: {}", limited.why),
        Outcome::Taken => "the approval has been used already: ask again".to_owned(),
    };
    complain(&refused)?;
    Ok(ExitCode::from(REFUSED))
}
