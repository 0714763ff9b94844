//! Asking where nothing else goes on: `-c`, scripts.

#[cfg(test)]
use super::ClaimLoss;
use super::{Accepted, Approval, Asker, Denial, Limited, News};
use guardsh_protocol::Request;
#[cfg(test)]
use guardsh_protocol::RequestId;
use std::time::{Duration, Instant};

/// How an ask ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A person said yes: resolve again, compare the material, claim, run.
    Approved(Approval),
    /// A person said no.
    Denied(Denial),
    /// Nobody answered in time.
    Expired,
    /// The hold is over; the same submission resumes it.
    Pending(Option<Accepted>),
    /// Nobody could be asked.
    Unreachable {
        /// In words.
        why: String,
    },
    /// It was given up.
    Cancelled,
    /// Too many asks.
    Limited(Limited),
    /// A twin of this submission has used the approval: ask anew.
    Taken,
}

/// Files a request and waits for its end. `on_news` is told everything on the way; `interrupted` is looked at
/// several times a second, and a yes gives the ask up.
pub(crate) fn ask_and_wait(
    asker: &Asker,
    request: Request,
    on_news: &mut dyn FnMut(&News),
    interrupted: &dyn Fn() -> bool,
) -> Outcome {
    let ask = request.id;
    let mut accepted = None;
    let mut given_up: Option<Instant> = None;
    asker.ask(request);
    loop {
        if given_up.is_none() && interrupted() {
            given_up = Some(Instant::now());
            asker.cancel(ask);
        }
        if given_up.is_some_and(|since| since.elapsed() > CANCEL_PATIENCE) {
            return Outcome::Cancelled;
        }
        let Some(event) = asker.wait(LOOK_UP_EVERY) else {
            continue;
        };
        if event.ask != ask {
            continue;
        }
        on_news(&event.news);
        // Who has given up gets nothing run, whatever was on its way.
        let outcome = match event.news {
            News::Accepted(as_what) => {
                accepted = Some(as_what);
                continue;
            }
            News::Retrying { .. } | News::Claimed => continue,
            News::Cancelled => Outcome::Cancelled,
            _ if given_up.is_some() => continue,
            News::Approved(approval) => Outcome::Approved(approval),
            News::Denied(denial) => Outcome::Denied(denial),
            News::Expired => Outcome::Expired,
            News::Pending => Outcome::Pending(accepted),
            News::Unreachable { why } => Outcome::Unreachable { why },
            News::Limited(limited) => Outcome::Limited(limited),
            News::ClaimLost(_) => Outcome::Taken,
        };
        return outcome;
    }
}

/// Uses the approval of an ask. The line runs after `Ok` and never else.
#[cfg(test)]
pub(crate) fn claim_and_wait(asker: &Asker, ask: RequestId) -> Result<(), ClaimLoss> {
    asker.claim(ask);
    let until = Instant::now() + CLAIM_PATIENCE;
    while Instant::now() < until {
        let Some(event) = asker.wait(LOOK_UP_EVERY) else {
            continue;
        };
        match (event.ask == ask, event.news) {
            (true, News::Claimed) => return Ok(()),
            (true, News::ClaimLost(loss)) => return Err(loss),
            (_, _) => {}
        }
    }
    Err(ClaimLoss::Unknown {
        why: "no answer to the claim".to_owned(),
    })
}

/// How soon an interrupt is seen.
const LOOK_UP_EVERY: Duration = Duration::from_millis(50);
/// Longer than the asker takes to tell the service.
const CANCEL_PATIENCE: Duration = Duration::from_secs(3);
/// Longer than the asker takes to give a claim up.
#[cfg(test)]
const CLAIM_PATIENCE: Duration = Duration::from_secs(8);
