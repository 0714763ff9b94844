//! One judging place for every door: reading, policy, gate, log and asking joined.
//!
//! A door hands a text in with the world in which it would run, and gets back what to do: run exactly this,
//! tell that, or wait. The desk carries out the gate's effects in their order and stops at the first that
//! fails, so that what is not recorded does not run.

mod reading;
mod requests;
mod words;

pub(crate) use reading::{Reading, opaque, read};
pub(crate) use requests::Who;

use crate::approval::{AskEvent, AskSettings, Asker, ClaimLoss, News, Token};
use crate::audit::{AuditError, AuditLog, Durable as OnDisk, Writer, line_facts};
use crate::config::{Loaded, Places};
use crate::feedback::{Outcome, Refusal, with_causes};
use crate::gate::{Answer, Approved, Durable, Effect, Event, Gate, Judged, RefusalLimit, Scope};
use guardsh_policy::{
    Action, AuditSync, Judgement, OwnProgram, Policy, Surroundings, Verdict, World, judge,
};
use guardsh_protocol::{Door, RecentLine, Request, RequestId, text_of};
use guardsh_syntax::{Dialect, Options, Place};
use requests::{Around, request};
use serde_json::{Map, Value, json};
use std::collections::VecDeque;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How many lines of the past a reviewer is shown.
const RECENT_LINES: usize = 10;
/// A little longer than the asker takes to give an ask up.
const SETTLE_WITHIN: Duration = Duration::from_millis(2500);
/// As often as a line is asked anew because a twin of it took the approval.
const ASK_ANEW: u32 = 3;

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

/// What submitting a text led to.
#[derive(Debug)]
pub(crate) enum Submitted {
    /// It was judged.
    Judged(Step),
    /// Blank lines and comments: there is nothing to judge.
    Nothing,
    /// More text may make it whole.
    Incomplete(Place),
    /// The shell would say syntax error.
    Invalid(Place),
}

/// What waiting looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// The request's short id, once the service has it.
    pub(crate) short: Option<String>,
    /// How long this door still waits.
    pub(crate) left: Duration,
    /// Where a person can answer.
    pub(crate) url: Option<String>,
    /// What is the matter with the service, while it is tried again.
    pub(crate) trouble: Option<String>,
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
    /// How the shell reads text.
    pub(crate) dialect: Dialect,
    /// Facts of the first record: names dropped from the environment, start-up files, …
    pub(crate) facts: Map<String, Value>,
    /// Start-up files that run before the text although nobody accepted them.
    pub(crate) unaccepted: Vec<PathBuf>,
}

/// The judging place of one session.
#[derive(Debug)]
pub(crate) struct Desk {
    loaded: Loaded,
    who: Who,
    dialect: Dialect,
    policy: Policy,
    gate: Gate,
    log: AuditLog,
    asker: Option<Asker>,
    held: Option<Held>,
    news: VecDeque<AskEvent>,
    recent: VecDeque<RecentLine>,
    began: Instant,
    justification: Option<String>,
    unaccepted: Vec<PathBuf>,
}

/// What is known of the line that the gate holds.
#[derive(Debug)]
struct Held {
    line: Vec<u8>,
    options: Options,
    request: Option<Request>,
    accepted: Option<(RequestId, String, Option<String>)>,
    trouble: Option<String>,
    until: Instant,
    anew: u32,
}

impl Desk {
    /// Opens the log and writes the session's first record. Without that no line can run.
    pub(crate) fn open(setup: Setup) -> Result<Self, AuditError> {
        let Setup {
            loaded,
            places,
            who,
            dialect,
            facts,
            unaccepted,
        } = setup;
        let config = &loaded.config;
        let path = config
            .audit
            .path
            .clone()
            .unwrap_or_else(|| places.audit_log());
        let writer = Writer {
            session: who.session.clone(),
            host: who.host.clone(),
            user: who.user.clone(),
            uid: who.uid,
        };
        let mut log = AuditLog::open(&path, writer)?;
        let mut own_files = places.own();
        own_files.push(path);
        own_files.extend(config.approval.token_file.clone());
        let surroundings = Surroundings {
            own_files,
            own_program: own_program(),
            start_folder: std::env::current_dir().ok(),
        };
        let policy = Policy::new(config, &surroundings);
        let limit = match who.door {
            Door::Session => Some(RefusalLimit {
                count: usize::try_from(config.limits.refusals.count).unwrap_or(usize::MAX),
                within: config.limits.refusals.within,
            }),
            // The service counts for doors that last for one line only.
            Door::Command | Door::Script | Door::Stdin => None,
        };
        let gate = Gate::new(limit, config.audit.sync == AuditSync::Always);
        let mut first = facts;
        for (name, value) in [
            ("door", json!(who.door.name())),
            ("shell", json!(who.shell.display().to_string())),
            ("config", json!(loaded.origin.shown())),
            ("policy_digest", json!(policy.digest())),
            ("trust", json!("advisory")),
            ("agent", json!(who.agent)),
            ("version", json!(env!("CARGO_PKG_VERSION"))),
        ] {
            first.insert(name.to_owned(), value);
        }
        log.append("session_start", first, OnDisk::Soon)?;
        Ok(Self {
            loaded,
            who,
            dialect,
            policy,
            gate,
            log,
            asker: None,
            held: None,
            news: VecDeque::new(),
            recent: VecDeque::new(),
            began: Instant::now(),
            justification: None,
            unaccepted,
        })
    }

    /// Reads, judges and records a text; says what to do.
    pub(crate) fn submit(
        &mut self,
        line: &[u8],
        options: Options,
        world: &mut dyn World,
    ) -> Submitted {
        let actions = match read(line, self.dialect, options, world) {
            Reading::Actions(actions) if actions.is_empty() && is_blank(line) => {
                return Submitted::Nothing;
            }
            Reading::Actions(actions) | Reading::Unsupported(actions, _) => actions,
            Reading::Incomplete(place) => return Submitted::Incomplete(place),
            Reading::Invalid(place) => return Submitted::Invalid(place),
        };
        Submitted::Judged(self.submit_actions(line, options, actions, world))
    }

    /// Judges a text whose actions are already known.
    pub(crate) fn submit_actions(
        &mut self,
        line: &[u8],
        options: Options,
        actions: Vec<Action>,
        world: &mut dyn World,
    ) -> Step {
        self.held = Some(Held {
            line: line.to_vec(),
            options,
            request: None,
            accepted: None,
            trouble: None,
            until: Instant::now(),
            anew: 0,
        });
        self.submit_held(&actions, world)
    }

    fn submit_held(&mut self, actions: &[Action], world: &mut dyn World) -> Step {
        let mut judgement = judge(&self.policy, actions, world);
        self.name_startup(&mut judgement);
        let locked = self.gate.is_locked();
        if locked && judgement.verdict == Verdict::Allow {
            self.name_lock(&mut judgement);
        }
        let asks =
            judgement.verdict == Verdict::Ask || (judgement.verdict == Verdict::Allow && locked);
        match self.judged(judgement, asks, world) {
            Ok(judged) => {
                self.remember(&judged);
                let effects = self
                    .gate
                    .step(Event::Submitted(judged), self.began.elapsed());
                let mut step = self.carry_out(effects, Some(world));
                if let Step::Refuse(refusal) = &mut step
                    && !locked
                    && self.gate.is_locked()
                {
                    refusal.reason.push_str(&format!("; {}", self.lock_words()));
                }
                step
            }
            Err(refusal) => Step::Refuse(refusal),
        }
    }

    /// What a rule allows asks in a locked session: the reason says so.
    fn name_lock(&self, judgement: &mut Judgement) {
        let words = self.lock_words();
        if let Some(action) = judgement.actions.first_mut() {
            action.reason = format!("{words} ({})", action.reason);
        }
    }

    fn lock_words(&self) -> String {
        let refusals = &self.loaded.config.limits.refusals;
        format!(
            "{} refusals in {} have locked the session: every line asks until a person approves one",
            refusals.count,
            crate::feedback::duration(refusals.within.as_secs())
        )
    }

    /// A file that nobody accepted, and that runs first, is why words are not known: the reasons say so.
    fn name_startup(&self, judgement: &mut Judgement) {
        let Some(first) = self.unaccepted.first() else {
            return;
        };
        let asking = judgement
            .actions
            .iter_mut()
            .filter(|action| action.verdict == Verdict::Ask);
        for action in asking {
            action.reason.push_str(&format!(
                "; {} runs first and is new or was changed (guardsh trust)",
                first.display()
            ));
        }
    }

    /// Joins a judgement with its material, for which the request is made.
    fn judged(
        &mut self,
        judgement: Judgement,
        asks: bool,
        world: &mut dyn World,
    ) -> Result<Judged, Box<Refusal>> {
        let line = self
            .held
            .as_ref()
            .map(|held| held.line.clone())
            .unwrap_or_default();
        if !asks {
            return Ok(Judged {
                line,
                judgement,
                material: String::new(),
            });
        }
        let around = Around {
            policy_digest: self.policy.digest(),
            recent: self.recent.iter().cloned().collect(),
            justification: self.justification.clone(),
            timeout: self
                .loaded
                .config
                .approval
                .timeout
                .of(judgement.risk.band()),
        };
        match request(&self.who, &line, &judgement, around, world) {
            Ok(request) => {
                let material = request.material.clone();
                if let Some(held) = &mut self.held {
                    held.request = Some(request);
                }
                Ok(Judged {
                    line,
                    judgement,
                    material,
                })
            }
            Err(error) => Err(self.fault(&format!(
                "the request cannot be made: {}",
                with_causes(&error)
            ))),
        }
    }

    /// Takes what is new in when [`Desk::wake_fd`] was readable. `true`: [`Desk::progress`] has something to
    /// decide, for which it needs the world.
    pub(crate) fn collect(&mut self) -> bool {
        self.news.extend(
            self.asker
                .as_ref()
                .map(Asker::try_events)
                .unwrap_or_default(),
        );
        while let Some(event) = self.news.front() {
            let only_tells = matches!(event.news, News::Accepted(_) | News::Retrying { .. });
            if !only_tells {
                return true;
            }
            if let Some(event) = self.news.pop_front()
                && let Some(Step::Refuse(_)) = self.on_news(event, None)
            {
                // A record could not be written. The wait goes on to its end, and then that is told.
                return false;
            }
        }
        false
    }

    /// Goes on with what [`Desk::collect`] took in. `None`: still waiting, or nothing was held.
    pub(crate) fn progress(&mut self, world: &mut dyn World) -> Option<Step> {
        self.collect();
        while let Some(event) = self.news.pop_front() {
            match self.on_news(event, Some(world)) {
                Some(Step::Wait) | None => {}
                Some(step) => return Some(step),
            }
        }
        None
    }

    fn on_news(&mut self, event: AskEvent, world: Option<&mut dyn World>) -> Option<Step> {
        let held = self.held.as_mut()?;
        let ours = held
            .request
            .as_ref()
            .is_some_and(|request| request.id == event.ask);
        if !ours {
            return None;
        }
        let known = held
            .accepted
            .as_ref()
            .map_or(event.ask, |(id, _, _)| *id)
            .to_string();
        let event = match event.news {
            News::Accepted(accepted) => {
                held.trouble = None;
                held.accepted = Some((accepted.request, accepted.short, accepted.url));
                Event::Accepted {
                    request: accepted.request.to_string(),
                }
            }
            News::Retrying { why } => {
                held.trouble = Some(why);
                return None;
            }
            News::Approved(approval) => Event::Answered(Answer::Approved {
                request: approval.request.to_string(),
                reviewer: approval.reviewer,
                scope: match approval.scope {
                    guardsh_protocol::Scope::Once => Scope::Once,
                    guardsh_protocol::Scope::Session => Scope::Session,
                },
            }),
            News::Denied(denial) => Event::Answered(Answer::Denied {
                request: Some(denial.request.to_string()),
                reviewer: denial.reviewer,
                reason: denial.reason,
                suggest: denial.suggestion,
                sticky: denial.sticky,
            }),
            News::Expired => Event::Answered(Answer::Expired { request: known }),
            News::Pending => Event::Answered(Answer::Pending { request: known }),
            News::Unreachable { why } => Event::Answered(Answer::Unreachable { why }),
            News::Cancelled => Event::Answered(Answer::Cancelled {
                request: Some(known),
            }),
            News::Limited(limited) => Event::Answered(Answer::Limited {
                why: limited.why,
                retry_after: limited.retry_after,
            }),
            News::Claimed => Event::Claimed,
            News::ClaimLost(loss) => return world.map(|world| self.on_claim_lost(loss, world)),
        };
        let effects = self.gate.step(event, self.began.elapsed());
        Some(self.carry_out(effects, world))
    }

    fn on_claim_lost(&mut self, loss: ClaimLoss, world: &mut dyn World) -> Step {
        let (why, anew) = match loss {
            ClaimLoss::Taken => (
                "another submission of the same line has used it".to_owned(),
                true,
            ),
            ClaimLoss::Lapsed => ("the time to use it is over".to_owned(), true),
            ClaimLoss::Refused { why } => (why, false),
            ClaimLoss::Unknown { why } => (
                format!("no answer came, so it counts as used: {why}"),
                false,
            ),
        };
        let effects = self
            .gate
            .step(Event::ClaimLost { why }, self.began.elapsed());
        let step = self.carry_out(effects, Some(world));
        let again = self
            .held
            .as_mut()
            .filter(|held| anew && held.anew < ASK_ANEW)
            .map(|held| {
                held.anew += 1;
                held.accepted = None;
                held.request = None;
                (held.line.clone(), held.options)
            });
        match again {
            Some((line, options)) => match read(&line, self.dialect, options, world) {
                Reading::Actions(actions) | Reading::Unsupported(actions, _) => {
                    self.submit_held(&actions, world)
                }
                Reading::Incomplete(_) | Reading::Invalid(_) => step,
            },
            None => step,
        }
    }

    /// Ctrl-C at the wait.
    pub(crate) fn interrupt(&mut self) -> Step {
        let effects = self.gate.step(Event::Interrupted, self.began.elapsed());
        self.carry_out(effects, None)
    }

    /// Waits until the service knows that nobody waits any more, for a door that ends with its line: without
    /// this the request would stay open, and an approval of it could be claimed.
    pub(crate) fn settle(&self) {
        let Some(asker) = &self.asker else { return };
        let until = Instant::now() + SETTLE_WITHIN;
        while let Some(event) = asker.wait(until.saturating_duration_since(Instant::now())) {
            if event.news == News::Cancelled {
                return;
            }
        }
    }

    /// The driver leaves while a line is held: the request stays open, nothing runs.
    pub(crate) fn give_up(&mut self) {
        self.gate.forget();
        self.held = None;
    }

    /// Carries effects out in their order; the first that fails ends it.
    fn carry_out(&mut self, effects: Vec<Effect>, mut world: Option<&mut dyn World>) -> Step {
        let mut todo: VecDeque<Effect> = effects.into();
        while let Some(effect) = todo.pop_front() {
            match effect {
                Effect::Record {
                    kind,
                    facts,
                    durable,
                } => {
                    let durable = match durable {
                        Durable::Now => OnDisk::Now,
                        Durable::Soon => OnDisk::Soon,
                    };
                    if let Err(error) = self.log.append(kind, facts, durable) {
                        self.gate.forget();
                        let why =
                            format!("the audit log cannot be written: {}", with_causes(&error));
                        return Step::Refuse(self.fault(&why));
                    }
                }
                Effect::Ask => match self.ask() {
                    Ok(()) => return Step::Wait,
                    Err(refusal) => {
                        self.gate.forget();
                        return Step::Refuse(refusal);
                    }
                },
                Effect::JudgeAgain => {
                    let effects = match world.as_deref_mut() {
                        Some(world) => self.judge_again(world),
                        None => {
                            self.gate.forget();
                            return Step::Refuse(
                                self.fault("there was no shell to judge the line with again"),
                            );
                        }
                    };
                    for effect in effects.into_iter().rev() {
                        todo.push_front(effect);
                    }
                }
                Effect::Claim { .. } => {
                    // The asker knows an ask by the id it was handed, whatever the service calls it.
                    let ask = self
                        .held
                        .as_ref()
                        .and_then(|held| held.request.as_ref())
                        .map(|request| request.id);
                    if let (Some(asker), Some(ask)) = (&self.asker, ask) {
                        asker.claim(ask);
                        return Step::Wait;
                    }
                    self.gate.forget();
                    return Step::Refuse(
                        self.fault("the approval belongs to no request of this session"),
                    );
                }
                Effect::Cancel { .. } => {
                    let ask = self
                        .held
                        .as_ref()
                        .and_then(|held| held.request.as_ref())
                        .map(|request| request.id);
                    if let (Some(asker), Some(ask)) = (&self.asker, ask) {
                        asker.cancel(ask);
                    }
                }
                Effect::Run(approved) => {
                    self.held = None;
                    return Step::Run(approved);
                }
                Effect::Refuse(not_run) => {
                    let mut refusal = words::refusal(&not_run);
                    if refusal.line.is_empty() {
                        refusal.line = self
                            .held
                            .as_ref()
                            .map(|held| held.line.clone())
                            .unwrap_or_default();
                    }
                    return Step::Refuse(Box::new(refusal));
                }
            }
        }
        Step::Wait
    }

    /// Resolves and judges the held line again, as it stands now.
    fn judge_again(&mut self, world: &mut dyn World) -> Vec<Effect> {
        let Some(held) = &self.held else {
            return Vec::new();
        };
        let (line, options) = (held.line.clone(), held.options);
        let asked = held.request.clone();
        let again = match read(&line, self.dialect, options, world) {
            Reading::Actions(actions) | Reading::Unsupported(actions, _) => {
                let judgement = judge(&self.policy, &actions, world);
                self.judged(judgement, true, world)
            }
            Reading::Incomplete(_) | Reading::Invalid(_) => {
                Err(self.fault("the line does not read as it did when it was asked about"))
            }
        };
        match again {
            Ok(judged) => {
                // The claim is for what was asked, by its id; a new request is filed only if this differs.
                let same = asked
                    .as_ref()
                    .is_some_and(|asked| asked.material == judged.material);
                if same && let Some(held) = &mut self.held {
                    held.request = asked;
                }
                self.gate
                    .step(Event::JudgedAgain(judged), self.began.elapsed())
            }
            Err(refusal) => {
                self.gate.forget();
                vec![Effect::Refuse(Box::new(crate::gate::NotRun::Fault {
                    why: refusal.reason,
                }))]
            }
        }
    }

    fn ask(&mut self) -> Result<(), Box<Refusal>> {
        let Some(request) = self.held.as_ref().and_then(|held| held.request.clone()) else {
            return Err(self.fault("there is no request to file"));
        };
        if self.asker.is_none() {
            match Asker::start(ask_settings(&self.loaded)) {
                Ok(asker) => self.asker = Some(asker),
                Err(error) => return Err(self.fault(&format!("asking cannot begin: {error}"))),
            }
        }
        let hold = self.loaded.config.approval.hold;
        if let Some(held) = &mut self.held {
            held.until = Instant::now() + hold;
        }
        if let Some(asker) = &self.asker {
            asker.ask(request);
        }
        Ok(())
    }

    /// Readable when there is news of what is being asked.
    pub(crate) fn wake_fd(&self) -> Option<BorrowedFd<'_>> {
        self.asker.as_ref().map(Asker::wake_fd)
    }

    /// What waiting looks like, while a line is held.
    pub(crate) fn waiting(&self) -> Option<Waiting> {
        let held = self.held.as_ref().filter(|_| self.gate.held().is_some())?;
        let (short, url) = match &held.accepted {
            Some((_, short, url)) => (Some(short.clone()), url.clone()),
            None => (None, None),
        };
        let left = held.until.saturating_duration_since(Instant::now());
        Some(Waiting {
            short,
            left,
            url,
            trouble: held.trouble.clone(),
        })
    }

    /// Records how a line that ran has ended.
    pub(crate) fn ended(&mut self, status: i32) -> Result<(), AuditError> {
        if let Some(last) = self.recent.back_mut() {
            last.status = Some(status);
        }
        let mut facts = Map::new();
        facts.insert("status".to_owned(), json!(status));
        self.log.append("exit", facts, OnDisk::Soon).map(drop)
    }

    /// Writes a record of the driver's own.
    pub(crate) fn note(&mut self, kind: &str, facts: Map<String, Value>) -> Result<(), AuditError> {
        self.log.append(kind, facts, OnDisk::Soon).map(drop)
    }

    /// Records that a text was neither run nor asked, because the shell would not have run it either.
    pub(crate) fn invalid(&mut self, line: &[u8], what: &str) -> Result<(), AuditError> {
        let mut facts = line_facts(line);
        facts.insert("what".to_owned(), json!(what));
        self.log.append("invalid", facts, OnDisk::Soon).map(drop)
    }

    /// When [`Desk::sync_if_due`] has to be called.
    pub(crate) fn sync_due(&self) -> Option<Instant> {
        self.log.sync_due()
    }

    /// Brings the log to the disk when it is time.
    pub(crate) fn sync_if_due(&mut self) -> Result<(), AuditError> {
        self.log.sync_if_due(Instant::now())
    }

    fn remember(&mut self, judged: &Judged) {
        let line = text_of(&guardsh_protocol::redact::redact(&judged.line));
        let verdict = judged.judgement.verdict.name().to_owned();
        self.recent.push_back(RecentLine {
            line,
            verdict,
            status: None,
        });
        while self.recent.len() > RECENT_LINES {
            self.recent.pop_front();
        }
    }

    fn fault(&self, why: &str) -> Box<Refusal> {
        let line = self
            .held
            .as_ref()
            .map(|held| held.line.clone())
            .unwrap_or_default();
        Box::new(Refusal::new(Outcome::Fault, line, why))
    }
}

/// Whom to ask, by the configuration and the guard's folders; never by the environment of the agent.
pub(crate) fn ask_settings(loaded: &Loaded) -> AskSettings {
    let approval = &loaded.config.approval;
    AskSettings {
        url: approval.url.clone(),
        token: approval.token_file.clone().map(Token::File),
        ca_file: approval.ca_file.clone(),
        socket: None,
        places: crate::approval::Places::of_user(),
        hold: approval.hold,
        denial_sticks: approval.denial_sticks,
    }
}

/// Makes the request of an appeal: a line that is asked about ahead of running it.
pub(crate) fn appeal(
    setup: &Setup,
    line: &[u8],
    options: Options,
    reason: &str,
    world: &mut dyn World,
) -> Result<Request, String> {
    let surroundings = Surroundings {
        own_files: setup.places.own(),
        own_program: own_program(),
        start_folder: std::env::current_dir().ok(),
    };
    let policy = Policy::new(&setup.loaded.config, &surroundings);
    let actions = match read(line, setup.dialect, options, world) {
        Reading::Actions(actions) | Reading::Unsupported(actions, _) => actions,
        Reading::Incomplete(place) | Reading::Invalid(place) => {
            return Err(format!("the line is not whole: {}", place.what));
        }
    };
    let judgement = judge(&policy, &actions, world);
    let timeout = setup
        .loaded
        .config
        .approval
        .timeout
        .of(judgement.risk.band());
    let around = Around {
        policy_digest: policy.digest(),
        recent: Vec::new(),
        justification: Some(reason.to_owned()),
        timeout,
    };
    request(&setup.who, line, &judgement, around, world).map_err(|error| with_causes(&error))
}

/// guardsh's own program file, to know it under any name.
pub(crate) fn own_program() -> Option<OwnProgram> {
    let path: PathBuf = std::env::current_exe().ok()?.canonicalize().ok()?;
    let facts = std::fs::metadata(&path).ok()?;
    Some(OwnProgram {
        path,
        device: facts.dev(),
        inode: facts.ino(),
    })
}

/// The waiting line: for how long, where, and how to give up.
pub(crate) fn waiting_words(waiting: &Waiting) -> String {
    let left = waiting.left.as_secs();
    let clock = format!("{}:{:02}", left / 60, left % 60);
    let mut words = match &waiting.short {
        Some(short) => {
            format!("guardsh: waiting for a person ({clock} left): guardsh approve {short}")
        }
        None => format!("guardsh: asking a person ({clock} left)"),
    };
    if let Some(url) = &waiting.url {
        words.push_str(&format!(" or {}", guardsh_protocol::shown(url.as_bytes())));
    }
    if let Some(trouble) = &waiting.trouble {
        words.push_str(&format!(
            "; {}",
            guardsh_protocol::shown(trouble.as_bytes())
        ));
    }
    words.push_str("; Ctrl-C gives up");
    words
}

/// Only blanks, newlines and comments.
fn is_blank(line: &[u8]) -> bool {
    line.split(|byte| *byte == b'\n').all(|row| {
        let row = row.trim_ascii();
        row.is_empty() || row.starts_with(b"#")
    })
}
