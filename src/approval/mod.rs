//! Asking people: filing a request, waiting for the answer, checking it, and using it once.
//!
//! [`Asker`] does it for the guard, from a poll loop or blocking; [`Service`] is the other side, for the tools
//! with which a person answers. Nothing here is made before something has to be asked. Every fault is an
//! outcome that does not run: an answer counts only if it carries the digest of what was asked.
//!
//! Left to the caller: to resolve everything again after the wait and compare its material, and to run the
//! line only after the claim.

mod asker;
mod blocking;
mod places;
mod reach;
mod service;
mod transport;

#[cfg(test)]
mod tests;

pub(crate) use asker::{
    Accepted, Approval, AskEvent, AskSettings, Asker, ClaimLoss, Denial, Limited, News,
};
#[cfg(test)]
pub(crate) use blocking::claim_and_wait;
pub(crate) use blocking::{Outcome, ask_and_wait};
pub(crate) use places::Places;
pub(crate) use reach::{Reach, ReachError, Token};
pub(crate) use service::{Seen, Service, ServiceError};
