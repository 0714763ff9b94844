//! What people answer, and how a request stands.

use crate::RequestId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nobody has answered yet.
    Pending,
    /// A person said yes; nobody has used it yet.
    Approved,
    /// A person said no, now or to the same actions before.
    Denied,
    /// Nobody answered in time, or nobody used the approval in time.
    Expired,
    /// The asker gave up.
    Cancelled,
    /// The approval has been used.
    Claimed,
}

impl State {
    /// `pending`, `approved`, `denied`, `expired`, `cancelled`, `claimed`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Claimed => "claimed",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "pending" => Some(Self::Pending),
            "approved" => Some(Self::Approved),
            "denied" => Some(Self::Denied),
            "expired" => Some(Self::Expired),
            "cancelled" => Some(Self::Cancelled),
            "claimed" => Some(Self::Claimed),
            _ => None,
        }
    }
}

/// What a reviewer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// It may run.
    Approve,
    /// It must not.
    Deny,
}

impl Choice {
    /// `approve`, `deny`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
        }
    }
}

/// How far an approval reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// One run.
    #[default]
    Once,
    /// The same material again, until the asking session ends; interactive sessions only.
    Session,
}

impl Scope {
    /// `once`, `session`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Session => "session",
        }
    }
}

/// What a reviewer sends: the body of `POST /v1/requests/{id}/decisions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewDecision {
    /// Yes or no.
    pub decision: Choice,
    /// How far a yes reaches.
    #[serde(default)]
    pub scope: Scope,
    /// Why. A denial has one: the agent is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What to do instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
    /// The digest of the request that was read: the decision is about nothing else.
    pub digest: String,
    /// SSHSIG over the decision, where the host asks for signatures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// A decision as it is kept and handed to the asker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Yes or no.
    pub decision: Choice,
    /// How far a yes reaches.
    pub scope: Scope,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What to do instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
    /// The digest of the request that it is about.
    pub digest: String,
    /// Who: the name of a reviewer's token, or of the user at the local socket.
    pub reviewer: String,
    /// When, by the service's clock.
    pub decided_at: Timestamp,
    /// The request whose denial still holds; absent where a person answered this very request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sticks_from: Option<RequestId>,
    /// SSHSIG over the decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// What the service adds to a request when it shows it.
///
/// The names of these members are [`crate::RESERVED`]: they take no part in the request's digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// How it stands.
    pub state: State,
    /// Where a person can answer, if there is such a page or command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Digest of the request, `material` in it.
    pub digest: String,
    /// The short form of its id.
    #[serde(default)]
    pub short: String,
    /// Seconds since it was filed.
    #[serde(default)]
    pub waited_s: u64,
    /// Seconds until it expires, or until an approval can no longer be used.
    #[serde(default)]
    pub expires_in_s: u64,
    /// Who filed it, as the service knows it: the name of a host's token, or the user at the local socket.
    #[serde(default)]
    pub asker: String,
    /// What a reviewer should know of the asker: "5 denials in the last 10 minutes".
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// The answers so far.
    #[serde(default)]
    pub decisions: Vec<Decision>,
}

/// The body of `POST /v1/requests/{id}/claim`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Made by the claimer, so that a claim whose answer was lost can be repeated and is not used twice.
    pub claim_id: String,
}

/// The answer to a claim that was granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claimed {
    /// Always `claimed`.
    pub state: State,
    /// The claim that has it.
    pub claim_id: String,
    /// The digest of the request.
    pub digest: String,
}

/// What the service says to a client about an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicError {
    /// A stable name: `not_found`, `already_decided`, …
    pub code: String,
    /// For people.
    pub message: String,
    /// Finds the error in the service's log.
    pub request_id: String,
}
