//! One judging place for every door: reading, policy, gate, log and asking joined.
//!
//! A door hands a text in with the world in which it would run, and gets back what to do: run exactly this,
//! tell that, or wait. The desk carries out the gate's effects in their order and stops at the first that
//! fails, so that what is not recorded does not run.

mod reading;
mod requests;
mod words;

pub(crate) use reading::{Reading, read};
pub(crate) use requests::Who;

use crate::approval::{AskEvent, Asker};
use crate::audit::{AuditLog, line_facts};
use crate::config::{Loaded, Places};
use crate::feedback::Refusal;
use crate::gate::{Answer, Approved, Durable, Effect, Event, Gate, Judged, NotRun, RefusalLimit, Scope};
use guardsh_policy::{Action, Judgement, Policy, Verdict, World};
use guardsh_protocol::{Door, RecentLine, Request, RequestId};
use serde_json::{Map, Value, json};
use std::collections::VecDeque;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How many lines of the past a reviewer is shown.
const RECENT_LINES: usize = 10;

/// What a door has to do next.
#[derive(Debug)]
pub(crate) enum Step {
    /// Give this to the shell.
    Run(Approved),
    /// Tell the agent; nothing of the line has reached the shell.
    Refuse(Box<Refusal>),
    /// People are being asked: call [`Desk::progress`] when [`Desk::wake_fd`] is readable.
    Wait,
}

/// What waiting looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// The request's short id, once the service has it.
    pub(crate) short: Option<String>,
    /// How long this door still waits.
    pub(crate) hold_left: Duration,
    /// Where a person can answer.
    pub(crate) url: Option<String>,
}

/// Why a desk cannot be set up or has to close.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeskFault {
    /// The log cannot be written.
    #[error("the audit log cannot be written")]
    Audit(#[source] crate::audit::AuditError),
}

/// The judging place of one session.
#[derive(Debug)]
pub(crate) struct Desk {
    who: Who,
    policy: Policy,
    loaded: Loaded,
    places: Places,
    gate: Gate,
    log: AuditLog,
    asker: Option<Asker>,
    asking: Option<Asking>,
    /// What the held line was judged to do, for the request.
    recent: VecDeque<RecentLine>,
    began: Instant,
    justification: Option<String>,
}

#[derive(Debug)]
struct Asking {
    request: Request,
    accepted: bool,
    url: Option<String>,
    until: Instant,
}

/// What a session is.
#[derive(Debug)]
pub(crate) struct Setup {
    /// The configuration.
    pub(crate) loaded: Loaded,
    /// The guard's folders.
    pub(crate) places: Places,
    /// Who asks, from where, through which door.
    pub(crate) who: Who,
    /// Facts of the first record: names dropped from the environment, start-up files, …
    pub(crate) facts: Map<String, Value>,
}
