//! The state machine of a session: events in, effects out.
//!
//! Pure: no I/O, no clock, no shell. A driver carries the effects out *in order* and stops at the first
//! that fails; a record stands before the run it is about, so a line whose record cannot be written does
//! not run. [`Approved`] is made here and nowhere else, and is the only thing a shell can be given.

use guardsh_policy::{Judgement, Verdict};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Proof that the gate let exactly these bytes through.
///
/// Only [`Gate::step`] makes one, and running it consumes it: one approval, one run.
#[must_use = "an approved line that is dropped leaves the agent waiting"]
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Approved {
    line: Vec<u8>,
    by: Grant,
}

impl Approved {
    /// The bytes, given up to the shell.
    pub(crate) fn into_line(self) -> Vec<u8> {
        self.line
    }

    /// Approves anything: for tests of what comes after the gate.
    #[cfg(test)]
    pub(crate) fn for_tests(line: &[u8]) -> Self {
        Self {
            line: line.to_vec(),
            by: Grant::Rule,
        }
    }
}

/// Who let a line through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    /// A rule allows every action of it.
    Rule,
    /// A person approved this request, and the approval was claimed for this run.
    Person {
        /// The request.
        request: String,
        /// Who decided.
        reviewer: String,
    },
    /// A person approved the same material for the whole session.
    PersonForSession {
        /// The request that was approved.
        request: String,
        /// Who decided.
        reviewer: String,
    },
}

/// A submission and what was judged of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    /// The exact bytes.
    pub(crate) line: Vec<u8>,
    /// The verdict on them.
    pub(crate) judgement: Judgement,
    /// What the verdict is about: the digest of everything that decides what would run (contract 3).
    pub(crate) material: String,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// A line was submitted and judged.
    Submitted(Judged),
    /// The held line was judged again, as [`Effect::JudgeAgain`] wanted.
    JudgedAgain(Judged),
    /// The service took the request.
    Accepted {
        /// Its id.
        request: String,
    },
    /// The asking came to an end.
    Answered(Answer),
    /// The service gave the claim.
    Claimed,
    /// The claim failed or its answer was lost: it counts as used.
    ClaimLost {
        /// Why, in words.
        why: String,
    },
    /// Ctrl-C at the wait.
    Interrupted,
}

/// How asking ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A person said yes, to the very digest that was asked about.
    Approved {
        /// The request.
        request: String,
        /// Who.
        reviewer: String,
        /// For this run, or for the session.
        scope: Scope,
    },
    /// A person said no, now or earlier.
    Denied {
        /// The request, where one was filed.
        request: Option<String>,
        /// Who.
        reviewer: String,
        /// Why.
        reason: String,
        /// What instead.
        suggest: Option<String>,
        /// Said of an earlier submission, and kept.
        sticky: bool,
    },
    /// Nobody answered in time.
    Expired {
        /// The request.
        request: String,
    },
    /// Nobody answered within the hold; the request stays open.
    Pending {
        /// The request.
        request: String,
    },
    /// The service could not be asked, or could not be believed.
    Unreachable {
        /// Why, in words.
        why: String,
    },
    /// A limit on asking was reached.
    Limited {
        /// Which, in words.
        why: String,
        /// When asking again makes sense.
        retry_after: Option<Duration>,
    },
    /// The request was taken back.
    Cancelled {
        /// The request.
        request: Option<String>,
    },
}

/// How far an approval reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// One run.
    Once,
    /// The same material until the session ends.
    Session,
}

/// What the driver has to do.
#[derive(Debug, PartialEq)]
pub(crate) enum Effect {
    /// Write this record; if that fails, carry out nothing that follows and say [`NotRun::Fault`].
    Record {
        /// The record's kind.
        kind: &'static str,
        /// Its facts.
        facts: Map<String, Value>,
        /// Whether it must be on the disk before the next effect.
        durable: Durable,
    },
    /// Ask people about the held line.
    Ask,
    /// Resolve and judge the held line again: time has passed.
    JudgeAgain,
    /// Claim the approval of this request.
    Claim {
        /// The request.
        request: String,
    },
    /// Take the request back.
    Cancel {
        /// The request; `None` while it is not accepted yet.
        request: Option<String>,
    },
    /// Give the line to the shell.
    Run(Approved),
    /// Tell the agent that nothing ran, and why.
    Refuse(Box<NotRun>),
}

/// Whether a record must be on the disk before what it is about happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durable {
    /// Before the next effect.
    Now,
    /// Within a second.
    Soon,
}

/// Why a line was not run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum NotRun {
    /// A rule denies it.
    DeniedByRule(Judged),
    /// A person denied it.
    DeniedByPerson {
        /// What was asked.
        judged: Judged,
        /// The answer.
        answer: Answer,
    },
    /// It was asked, and the answer is no run: expired, pending, unreachable, limited, cancelled.
    NoAnswer {
        /// What was asked.
        judged: Judged,
        /// How asking ended.
        answer: Answer,
    },
    /// The approval could not be used.
    ClaimLost {
        /// What was approved.
        judged: Judged,
        /// The request.
        request: String,
        /// Why.
        why: String,
    },
    /// guardsh itself failed; in words.
    Fault {
        /// What failed, and what holds meanwhile.
        why: String,
    },
}

/// How many denials lock an interactive session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RefusalLimit {
    /// This many ...
    pub(crate) count: usize,
    /// ... within this time.
    pub(crate) within: Duration,
}

/// The gate of one session.
#[derive(Debug)]
pub(crate) struct Gate {
    state: State,
    session_grants: Vec<SessionGrant>,
    /// When each recent denial was, by the driver's monotonic clock.
    denials: Vec<Duration>,
    limit: Option<RefusalLimit>,
    locked: bool,
    sync_always: bool,
}

#[derive(Debug)]
struct SessionGrant {
    material: String,
    request: String,
    reviewer: String,
}

#[derive(Debug)]
enum State {
    Idle,
    Asking {
        judged: Judged,
        request: Option<String>,
    },
    JudgingAgain {
        judged: Judged,
        request: String,
        reviewer: String,
        scope: Scope,
    },
    Claiming {
        judged: Judged,
        request: String,
        reviewer: String,
        scope: Scope,
    },
}

impl Gate {
    /// A gate that has let nothing through yet. `limit` locks interactive sessions only.
    pub(crate) fn new(limit: Option<RefusalLimit>, sync_always: bool) -> Self {
        Self {
            state: State::Idle,
            session_grants: Vec::new(),
            denials: Vec::new(),
            limit,
            locked: false,
            sync_always,
        }
    }

    /// Whether too many denials have locked the session: every line asks until a person approves one.
    pub(crate) fn is_locked(&self) -> bool {
        self.locked
    }

    /// The line that is being asked about.
    pub(crate) fn held(&self) -> Option<&Judged> {
        match &self.state {
            State::Idle => None,
            State::Asking { judged, .. }
            | State::JudgingAgain { judged, .. }
            | State::Claiming { judged, .. } => Some(judged),
        }
    }

    /// Lets go of the held line: a record of it could not be written, or the driver leaves. Nothing runs.
    pub(crate) fn forget(&mut self) {
        self.state = State::Idle;
    }

    /// Takes one event and says what to do about it. `now` is monotonic, since any fixed moment.
    pub(crate) fn step(&mut self, event: Event, now: Duration) -> Vec<Effect> {
        match event {
            Event::Submitted(judged) => self.on_submitted(judged, now),
            Event::Accepted { request } => self.on_accepted(request),
            Event::Answered(answer) => self.on_answer(answer, now),
            Event::JudgedAgain(judged) => self.on_judged_again(judged, now),
            Event::Claimed => self.on_claimed(),
            Event::ClaimLost { why } => self.on_claim_lost(why),
            Event::Interrupted => self.on_interrupt(),
        }
    }

    fn on_submitted(&mut self, judged: Judged, now: Duration) -> Vec<Effect> {
        // A driver that submits while a line is held has lost track; nothing of either may run.
        if self.held().is_some() {
            self.state = State::Idle;
            return vec![Effect::Refuse(Box::new(NotRun::Fault {
                why: "a second line arrived while one was being decided; neither was run"
                    .to_owned(),
            }))];
        }
        let mut effects = vec![self.record(
            "verdict",
            verdict_facts(&judged, self.locked),
            Durable::Soon,
        )];
        match judged.judgement.verdict {
            Verdict::Deny => {
                self.count_denial(now, &mut effects);
                effects.push(Effect::Refuse(Box::new(NotRun::DeniedByRule(judged))));
            }
            Verdict::Allow if !self.locked => {
                self.run(judged, Grant::Rule, Durable::Soon, &mut effects)
            }
            Verdict::Allow | Verdict::Ask => {
                let grant = self
                    .session_grants
                    .iter()
                    .find(|grant| !judged.material.is_empty() && grant.material == judged.material);
                match grant {
                    Some(SessionGrant {
                        request, reviewer, ..
                    }) if !self.locked => {
                        let by = Grant::PersonForSession {
                            request: request.clone(),
                            reviewer: reviewer.clone(),
                        };
                        self.run(judged, by, Durable::Now, &mut effects);
                    }
                    Some(_) | None => {
                        self.state = State::Asking {
                            judged,
                            request: None,
                        };
                        effects.push(Effect::Ask);
                    }
                }
            }
        }
        effects
    }

    fn on_accepted(&mut self, accepted: String) -> Vec<Effect> {
        match &mut self.state {
            State::Asking { request, judged } if request.as_ref() != Some(&accepted) => {
                *request = Some(accepted.clone());
                let facts = object([
                    ("request", json!(accepted)),
                    ("material", json!(judged.material)),
                ]);
                vec![self.record("request", facts, Durable::Soon)]
            }
            State::Asking { .. }
            | State::Idle
            | State::JudgingAgain { .. }
            | State::Claiming { .. } => Vec::new(),
        }
    }

    fn on_answer(&mut self, answer: Answer, now: Duration) -> Vec<Effect> {
        let State::Asking { judged, .. } = std::mem::replace(&mut self.state, State::Idle) else {
            // An answer that nobody waits for changes nothing. What was held stays unrun.
            return Vec::new();
        };
        let mut effects = vec![self.record(
            "decision",
            answer_facts(&answer, &judged.material),
            Durable::Soon,
        )];
        match answer {
            Answer::Approved {
                request,
                reviewer,
                scope,
            } => {
                // The world may have moved while people thought: what runs is what is judged now.
                self.state = State::JudgingAgain {
                    judged,
                    request,
                    reviewer,
                    scope,
                };
                effects.push(Effect::JudgeAgain);
            }
            Answer::Denied { .. } => {
                self.count_denial(now, &mut effects);
                effects.push(Effect::Refuse(Box::new(NotRun::DeniedByPerson {
                    judged,
                    answer,
                })));
            }
            Answer::Expired { .. }
            | Answer::Pending { .. }
            | Answer::Unreachable { .. }
            | Answer::Limited { .. }
            | Answer::Cancelled { .. } => {
                effects.push(Effect::Refuse(Box::new(NotRun::NoAnswer {
                    judged,
                    answer,
                })));
            }
        }
        effects
    }

    fn on_judged_again(&mut self, again: Judged, now: Duration) -> Vec<Effect> {
        let State::JudgingAgain {
            judged,
            request,
            reviewer,
            scope,
        } = std::mem::replace(&mut self.state, State::Idle)
        else {
            return Vec::new();
        };
        if again.line == judged.line
            && again.material == judged.material
            && again.judgement.verdict != Verdict::Deny
        {
            let claim = Effect::Claim {
                request: request.clone(),
            };
            self.state = State::Claiming {
                judged: again,
                request,
                reviewer,
                scope,
            };
            return vec![claim];
        }
        // Another material was never approved. It starts over, with the verdict it has now.
        let facts = object([
            ("request", json!(request)),
            ("approved_material", json!(judged.material)),
            ("material", json!(again.material)),
        ]);
        let mut effects = vec![self.record("changed", facts, Durable::Soon)];
        if again.line == judged.line {
            effects.extend(self.on_submitted(again, now));
        } else {
            effects.push(Effect::Refuse(Box::new(NotRun::Fault {
                why: "the line changed between the question and the run".to_owned(),
            })));
        }
        effects
    }

    fn on_claimed(&mut self) -> Vec<Effect> {
        let State::Claiming {
            judged,
            request,
            reviewer,
            scope,
        } = std::mem::replace(&mut self.state, State::Idle)
        else {
            return Vec::new();
        };
        let mut effects = Vec::new();
        if self.locked {
            self.locked = false;
            self.denials.clear();
            let facts = object([("request", json!(request)), ("reviewer", json!(reviewer))]);
            effects.push(self.record("unlock", facts, Durable::Soon));
        }
        if scope == Scope::Session {
            self.session_grants.push(SessionGrant {
                material: judged.material.clone(),
                request: request.clone(),
                reviewer: reviewer.clone(),
            });
        }
        self.run(
            judged,
            Grant::Person { request, reviewer },
            Durable::Now,
            &mut effects,
        );
        effects
    }

    fn on_claim_lost(&mut self, why: String) -> Vec<Effect> {
        let State::Claiming {
            judged, request, ..
        } = std::mem::replace(&mut self.state, State::Idle)
        else {
            return Vec::new();
        };
        let facts = object([("request", json!(request)), ("why", json!(why))]);
        vec![
            self.record("claim_lost", facts, Durable::Soon),
            Effect::Refuse(Box::new(NotRun::ClaimLost {
                judged,
                request,
                why,
            })),
        ]
    }

    fn on_interrupt(&mut self) -> Vec<Effect> {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Idle => Vec::new(),
            State::Asking { judged, request } => {
                let answer = Answer::Cancelled {
                    request: request.clone(),
                };
                vec![
                    Effect::Cancel { request },
                    self.record(
                        "decision",
                        answer_facts(&answer, &judged.material),
                        Durable::Soon,
                    ),
                    Effect::Refuse(Box::new(NotRun::NoAnswer { judged, answer })),
                ]
            }
            State::JudgingAgain {
                judged, request, ..
            }
            | State::Claiming {
                judged, request, ..
            } => {
                // Already approved: it may be claimed or not, so nobody runs it.
                let why = "interrupted while the approval was being used".to_owned();
                vec![Effect::Refuse(Box::new(NotRun::ClaimLost {
                    judged,
                    request,
                    why,
                }))]
            }
        }
    }

    fn run(&self, judged: Judged, by: Grant, durable: Durable, effects: &mut Vec<Effect>) {
        let durable = if self.sync_always {
            Durable::Now
        } else {
            durable
        };
        effects.push(Effect::Record {
            kind: "run",
            facts: run_facts(&by, &judged.material),
            durable,
        });
        effects.push(Effect::Run(Approved {
            line: judged.line,
            by,
        }));
    }

    fn record(&self, kind: &'static str, facts: Map<String, Value>, durable: Durable) -> Effect {
        Effect::Record {
            kind,
            facts,
            durable,
        }
    }

    fn count_denial(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        let Some(limit) = self.limit else { return };
        self.denials.push(now);
        self.denials
            .retain(|at| now.saturating_sub(*at) <= limit.within);
        if self.denials.len() >= limit.count && !self.locked {
            self.locked = true;
            let facts = object([
                ("denials", json!(self.denials.len())),
                ("within_s", json!(limit.within.as_secs())),
            ]);
            effects.push(self.record("lock", facts, Durable::Soon));
        }
    }
}

fn verdict_facts(judged: &Judged, locked: bool) -> Map<String, Value> {
    let judgement = &judged.judgement;
    let mut facts = crate::audit::line_facts(&judged.line);
    facts.insert("verdict".to_owned(), json!(judgement.verdict.name()));
    if !judged.material.is_empty() {
        facts.insert("material".to_owned(), json!(judged.material));
    }
    facts.insert("risk".to_owned(), json!(judgement.risk.score));
    if locked {
        facts.insert("locked".to_owned(), json!(true));
    }
    let actions: Vec<Value> = judgement
        .actions
        .iter()
        .map(|judged| {
            serde_json::to_value(guardsh_policy::record(judged))
                .unwrap_or_else(|_| json!({"kind": "unwritable"}))
        })
        .collect();
    facts.insert("actions".to_owned(), Value::Array(actions));
    facts
}

fn run_facts(by: &Grant, material: &str) -> Map<String, Value> {
    let mut facts = Map::new();
    if !material.is_empty() {
        facts.insert("material".to_owned(), json!(material));
    }
    match by {
        Grant::Rule => {
            facts.insert("by".to_owned(), json!("rule"));
        }
        Grant::Person { request, reviewer } | Grant::PersonForSession { request, reviewer } => {
            facts.insert("by".to_owned(), json!("person"));
            facts.insert("request".to_owned(), json!(request));
            facts.insert("reviewer".to_owned(), json!(reviewer));
            let scope = if matches!(by, Grant::PersonForSession { .. }) {
                "session"
            } else {
                "once"
            };
            facts.insert("scope".to_owned(), json!(scope));
        }
    }
    facts
}

fn answer_facts(answer: &Answer, material: &str) -> Map<String, Value> {
    let mut facts = object([("material", json!(material))]);
    let mut put = |key: &str, value: Value| {
        facts.insert(key.to_owned(), value);
    };
    match answer {
        Answer::Approved {
            request,
            reviewer,
            scope,
        } => {
            put("outcome", json!("approved"));
            put("request", json!(request));
            put("reviewer", json!(reviewer));
            put(
                "scope",
                json!(if *scope == Scope::Session {
                    "session"
                } else {
                    "once"
                }),
            );
        }
        Answer::Denied {
            request,
            reviewer,
            reason,
            suggest,
            sticky,
        } => {
            put("outcome", json!("denied"));
            put("request", json!(request));
            put("reviewer", json!(reviewer));
            put("reason", json!(reason));
            put("suggest", json!(suggest));
            put("sticky", json!(sticky));
        }
        Answer::Expired { request } => {
            put("outcome", json!("expired"));
            put("request", json!(request));
        }
        Answer::Pending { request } => {
            put("outcome", json!("pending"));
            put("request", json!(request));
        }
        Answer::Unreachable { why } => {
            put("outcome", json!("unreachable"));
            put("why", json!(why));
        }
        Answer::Limited { why, .. } => {
            put("outcome", json!("limited"));
            put("why", json!(why));
        }
        Answer::Cancelled { request } => {
            put("outcome", json!("cancelled"));
            put("request", json!(request));
        }
    }
    facts
}

fn object<const N: usize>(entries: [(&str, Value); N]) -> Map<String, Value> {
    entries
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use guardsh_policy::Risk;

    fn judged(line: &str, verdict: Verdict) -> Judged {
        judged_as(line, verdict, &format!("material of {line}"))
    }

    fn judged_as(line: &str, verdict: Verdict, material: &str) -> Judged {
        Judged {
            line: line.as_bytes().to_vec(),
            judgement: Judgement {
                verdict,
                actions: Vec::new(),
                risk: Risk::default(),
            },
            material: material.to_owned(),
        }
    }

    fn approved(scope: Scope) -> Event {
        Event::Answered(Answer::Approved {
            request: "r1".into(),
            reviewer: "ann".into(),
            scope,
        })
    }

    /// The effects without their records, as short words.
    fn words(effects: &[Effect]) -> Vec<String> {
        effects
            .iter()
            .map(|effect| match effect {
                Effect::Record { kind, .. } => format!("record {kind}"),
                Effect::Ask => "ask".to_owned(),
                Effect::JudgeAgain => "judge again".to_owned(),
                Effect::Claim { request } => format!("claim {request}"),
                Effect::Cancel { request } => format!("cancel {request:?}"),
                Effect::Run(approved) => {
                    format!("run {}", String::from_utf8(approved.line.clone()).unwrap())
                }
                Effect::Refuse(not_run) => match **not_run {
                    NotRun::DeniedByRule(_) => "refuse: rule".to_owned(),
                    NotRun::DeniedByPerson { .. } => "refuse: person".to_owned(),
                    NotRun::NoAnswer { .. } => "refuse: no answer".to_owned(),
                    NotRun::ClaimLost { .. } => "refuse: claim".to_owned(),
                    NotRun::Fault { .. } => "refuse: fault".to_owned(),
                },
            })
            .collect()
    }

    const T0: Duration = Duration::ZERO;

    fn gate() -> Gate {
        Gate::new(
            Some(RefusalLimit {
                count: 3,
                within: Duration::from_secs(600),
            }),
            false,
        )
    }

    #[test]
    fn an_allowed_line_is_recorded_before_it_runs() {
        let effects = gate().step(Event::Submitted(judged("ls", Verdict::Allow)), T0);
        assert_eq!(words(&effects), ["record verdict", "record run", "run ls"]);
    }

    #[test]
    fn a_denied_line_never_runs() {
        let effects = gate().step(Event::Submitted(judged("rm x", Verdict::Deny)), T0);
        assert_eq!(words(&effects), ["record verdict", "refuse: rule"]);
    }

    #[test]
    fn an_asked_line_runs_only_after_approval_second_judgement_and_claim() {
        let mut gate = gate();
        let line = judged("touch x", Verdict::Ask);
        assert_eq!(
            words(&gate.step(Event::Submitted(line.clone()), T0)),
            ["record verdict", "ask"]
        );
        assert_eq!(
            words(&gate.step(
                Event::Accepted {
                    request: "r1".into()
                },
                T0
            )),
            ["record request"]
        );
        assert_eq!(
            words(&gate.step(approved(Scope::Once), T0)),
            ["record decision", "judge again"]
        );
        assert_eq!(
            words(&gate.step(Event::JudgedAgain(line.clone()), T0)),
            ["claim r1"]
        );
        assert_eq!(
            words(&gate.step(Event::Claimed, T0)),
            ["record run", "run touch x"]
        );
        // One approval, one run.
        assert_eq!(words(&gate.step(Event::Claimed, T0)), [""; 0]);
        assert_eq!(
            words(&gate.step(Event::Submitted(line), T0)),
            ["record verdict", "ask"]
        );
    }

    #[test]
    fn what_changed_while_people_thought_is_asked_anew() {
        let mut gate = gate();
        gate.step(Event::Submitted(judged("touch x", Verdict::Ask)), T0);
        gate.step(approved(Scope::Once), T0);
        let moved = judged_as("touch x", Verdict::Ask, "another");
        assert_eq!(
            words(&gate.step(Event::JudgedAgain(moved), T0)),
            ["record changed", "record verdict", "ask"]
        );
    }

    #[test]
    fn a_rule_that_now_denies_outweighs_the_approval() {
        let mut gate = gate();
        gate.step(Event::Submitted(judged("touch x", Verdict::Ask)), T0);
        gate.step(approved(Scope::Once), T0);
        let denied = judged("touch x", Verdict::Deny);
        assert_eq!(
            words(&gate.step(Event::JudgedAgain(denied), T0)),
            ["record changed", "record verdict", "refuse: rule"]
        );
    }

    #[test]
    fn a_lost_claim_runs_nothing() {
        let mut gate = gate();
        let line = judged("touch x", Verdict::Ask);
        gate.step(Event::Submitted(line.clone()), T0);
        gate.step(approved(Scope::Once), T0);
        gate.step(Event::JudgedAgain(line), T0);
        let effects = gate.step(
            Event::ClaimLost {
                why: "no answer".into(),
            },
            T0,
        );
        assert_eq!(words(&effects), ["record claim_lost", "refuse: claim"]);
        assert_eq!(words(&gate.step(Event::Claimed, T0)), [""; 0]);
    }

    #[test]
    fn an_approval_for_the_session_covers_the_same_material_only() {
        let mut gate = gate();
        let line = judged("touch x", Verdict::Ask);
        gate.step(Event::Submitted(line.clone()), T0);
        gate.step(approved(Scope::Session), T0);
        gate.step(Event::JudgedAgain(line.clone()), T0);
        gate.step(Event::Claimed, T0);
        assert_eq!(
            words(&gate.step(Event::Submitted(line), T0)),
            ["record verdict", "record run", "run touch x"]
        );
        let elsewhere = judged_as("touch x", Verdict::Ask, "in another folder");
        assert_eq!(
            words(&gate.step(Event::Submitted(elsewhere), T0)),
            ["record verdict", "ask"]
        );
    }

    #[test]
    fn silence_and_faults_run_nothing() {
        for answer in [
            Answer::Expired {
                request: "r1".into(),
            },
            Answer::Pending {
                request: "r1".into(),
            },
            Answer::Unreachable {
                why: "refused".into(),
            },
            Answer::Limited {
                why: "three open".into(),
                retry_after: None,
            },
        ] {
            let mut gate = gate();
            gate.step(Event::Submitted(judged("touch x", Verdict::Ask)), T0);
            let effects = gate.step(Event::Answered(answer), T0);
            assert_eq!(words(&effects), ["record decision", "refuse: no answer"]);
        }
    }

    #[test]
    fn an_unasked_answer_changes_nothing() {
        let mut gate = gate();
        assert_eq!(words(&gate.step(approved(Scope::Once), T0)), [""; 0]);
        assert_eq!(
            words(&gate.step(Event::JudgedAgain(judged("x", Verdict::Allow)), T0)),
            [""; 0]
        );
    }

    #[test]
    fn ctrl_c_at_the_wait_takes_the_request_back() {
        let mut gate = gate();
        gate.step(Event::Submitted(judged("touch x", Verdict::Ask)), T0);
        gate.step(
            Event::Accepted {
                request: "r1".into(),
            },
            T0,
        );
        let effects = gate.step(Event::Interrupted, T0);
        assert_eq!(
            words(&effects),
            [
                "cancel Some(\"r1\")",
                "record decision",
                "refuse: no answer"
            ]
        );
        assert_eq!(words(&gate.step(approved(Scope::Once), T0)), [""; 0]);
    }

    #[test]
    fn too_many_denials_lock_the_session_until_a_person_approves_a_line() {
        let mut gate = gate();
        for second in 0..3 {
            gate.step(
                Event::Submitted(judged("rm x", Verdict::Deny)),
                Duration::from_secs(second),
            );
        }
        assert!(gate.is_locked());
        let line = judged("ls", Verdict::Allow);
        assert_eq!(
            words(&gate.step(Event::Submitted(line.clone()), T0)),
            ["record verdict", "ask"]
        );
        gate.step(approved(Scope::Once), T0);
        gate.step(Event::JudgedAgain(line.clone()), T0);
        assert_eq!(
            words(&gate.step(Event::Claimed, T0)),
            ["record unlock", "record run", "run ls"]
        );
        assert!(!gate.is_locked());
    }

    #[test]
    fn old_denials_do_not_count() {
        let mut gate = gate();
        for minute in [0, 11, 22, 33] {
            gate.step(
                Event::Submitted(judged("rm x", Verdict::Deny)),
                Duration::from_secs(minute * 60),
            );
        }
        assert!(!gate.is_locked());
    }

    #[test]
    fn a_second_line_while_one_is_held_runs_neither() {
        let mut gate = gate();
        gate.step(Event::Submitted(judged("touch x", Verdict::Ask)), T0);
        assert_eq!(
            words(&gate.step(Event::Submitted(judged("ls", Verdict::Allow)), T0)),
            ["refuse: fault"]
        );
        assert_eq!(words(&gate.step(approved(Scope::Once), T0)), [""; 0]);
    }
}
