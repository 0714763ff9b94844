//! From what the gate says to what the agent is told.

use crate::feedback::{By, Outcome, Refusal, Retry};
use crate::gate::{Answer, Judged, NotRun};
use guardsh_policy::Verdict;
use guardsh_protocol::RequestId;

/// The status of what was given up with Ctrl-C at the wait.
const EXIT_INTERRUPTED: u8 = 130;

/// The refusal that an agent is told.
pub(crate) fn refusal(not_run: &NotRun) -> Refusal {
    match not_run {
        NotRun::DeniedByRule(judged) => {
            let mut refusal = of_line(Outcome::Denied, judged, Verdict::Deny);
            refusal.by = Some(By::Rule);
            if refusal.rule.as_deref() == Some("builtin.nested") {
                // No other wording and no waiting makes a guarded session its own judge.
                refusal.retry = Retry::Never;
            }
            refusal
        }
        NotRun::DeniedByPerson { judged, answer } => by_person(judged, answer),
        NotRun::NoAnswer { judged, answer } => no_answer(judged, answer),
        NotRun::ClaimLost {
            judged,
            request,
            why,
        } => {
            let mut refusal = of_line(Outcome::Expired, judged, Verdict::Ask);
            refusal.reason = format!("it was approved, and the approval could not be used: {why}");
            name_request(&mut refusal, Some(request));
            refusal
        }
        NotRun::Fault { why } => Refusal::new(Outcome::Fault, Vec::new(), why.clone()),
    }
}

fn by_person(judged: &Judged, answer: &Answer) -> Refusal {
    let mut refusal = of_line(Outcome::Denied, judged, Verdict::Ask);
    if let Answer::Denied {
        request,
        reviewer,
        reason,
        suggest,
        sticky,
    } = answer
    {
        refusal.by = Some(By::Person(reviewer.clone()));
        refusal.reason = if *sticky {
            format!("{reason} (said before, and it still holds)")
        } else {
            reason.clone()
        };
        refusal.suggest = suggest.clone();
        name_request(&mut refusal, request.as_ref());
    }
    refusal
}

fn no_answer(judged: &Judged, answer: &Answer) -> Refusal {
    let (outcome, request) = match answer {
        Answer::Expired { request } => (Outcome::Expired, Some(request)),
        Answer::Pending { request } => (Outcome::Pending, Some(request)),
        Answer::Unreachable { .. } => (Outcome::Unreachable, None),
        Answer::Limited { .. } | Answer::Denied { .. } | Answer::Approved { .. } => {
            (Outcome::Denied, None)
        }
        Answer::Cancelled { request } => (Outcome::Expired, request.as_ref()),
    };
    let mut refusal = of_line(outcome, judged, Verdict::Ask);
    name_request(&mut refusal, request);
    match answer {
        Answer::Unreachable { why } => refusal.reason = format!("{}; {why}", refusal.reason),
        Answer::Limited { why, retry_after } => {
            refusal.by = Some(By::Limit);
            refusal.reason = why.clone();
            refusal.retry = Retry::Later;
            refusal.retry_after_s = retry_after.map(|after| after.as_secs());
        }
        Answer::Cancelled { .. } => {
            refusal.reason = "the request was taken back".to_owned();
            refusal.exit = EXIT_INTERRUPTED;
        }
        Answer::Expired { .. }
        | Answer::Pending { .. }
        | Answer::Denied { .. }
        | Answer::Approved { .. } => {}
    }
    refusal
}

/// A refusal that names the action which decided.
fn of_line(outcome: Outcome, judged: &Judged, verdict: Verdict) -> Refusal {
    let deciding = judged
        .judgement
        .actions
        .iter()
        .find(|action| action.verdict == verdict);
    let deciding = deciding.or_else(|| judged.judgement.deciding());
    let reason = deciding.map_or_else(
        || "a person has to decide".to_owned(),
        |action| action.reason.clone(),
    );
    let mut refusal = Refusal::new(outcome, judged.line.clone(), reason);
    if let Some(action) = deciding {
        refusal.rule = Some(action.rule.clone());
        refusal.source = Some(action.source.clone());
        refusal.suggest = action.suggest.clone();
    }
    refusal
}

fn name_request(refusal: &mut Refusal, request: Option<&String>) {
    let Some(request) = request else { return };
    refusal.short = request.parse::<RequestId>().ok().map(|id| id.short());
    refusal.request = Some(request.clone());
}
