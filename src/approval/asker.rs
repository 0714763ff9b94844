//! The guard's side: file, wait, check, claim.
//!
//! All of it happens on a thread of its own that is started by the first ask. Commands go in by a channel,
//! news come out by another, with a descriptor that becomes readable: fit for a poll loop. Deadlines are
//! monotonic; the wall clock decides nothing here.

use super::Places;
use super::reach::{Reach, Token};
use super::transport::{CallError, Reply, Transport};
use guardsh_protocol::{
    Choice, Claim, Claimed, Decision, Door, Request, RequestId, Scope, Standing, State, body_digest,
};
use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize as _;
use serde_json::Value;
use std::collections::HashMap;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// Whom to ask and how long to wait.
#[derive(Clone, Debug)]
pub(crate) struct AskSettings {
    /// `approval.url`.
    pub(crate) url: Option<String>,
    /// `approval.token_file`.
    pub(crate) token: Option<Token>,
    /// `approval.ca_file`.
    pub(crate) ca_file: Option<PathBuf>,
    /// A socket to use instead of the user's own service.
    pub(crate) socket: Option<PathBuf>,
    /// Where the user's own service would be.
    pub(crate) places: Option<Places>,
    /// How long a submission blocks.
    pub(crate) hold: Duration,
    /// How long a denial is remembered here; the service's memory counts where it can be asked.
    pub(crate) denial_sticks: Duration,
}

/// Asks people. Cheap until the first [`Asker::ask`].
#[derive(Debug)]
pub(crate) struct Asker {
    settings: AskSettings,
    orders: Mutex<Option<mpsc::UnboundedSender<Order>>>,
    news: Mutex<Receiver<AskEvent>>,
    outbox: Outbox,
    bell: UnixStream,
}

/// What became of one ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AskEvent {
    /// The request as it was handed to [`Asker::ask`]; the service may know it by the id of an earlier one.
    pub(crate) ask: RequestId,
    /// What is new.
    pub(crate) news: News,
}

/// What is new. After all but the first two the ask is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// The service has it; people can answer.
    Accepted(Accepted),
    /// The service cannot be reached for now; it is tried again until the hold ends.
    Retrying {
        /// In words.
        why: String,
    },
    /// A person said yes. It runs after a claim and not before.
    Approved(Approval),
    /// A person said no, now or before.
    Denied(Denial),
    /// Nobody answered in time.
    Expired,
    /// The hold is over; the request stays open and the same submission resumes it.
    Pending,
    /// Nobody could be asked, or what came back cannot be trusted.
    Unreachable {
        /// In words.
        why: String,
    },
    /// It was given up.
    Cancelled,
    /// Too many asks.
    Limited(Limited),
    /// The claim was granted: the line may run, once.
    Claimed,
    /// The line must not run.
    ClaimLost(ClaimLoss),
}

/// A request that the service has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// The id it is known by.
    pub(crate) request: RequestId,
    /// Its short form, for people.
    pub(crate) short: String,
    /// Where to answer, if there is a page.
    pub(crate) url: Option<String>,
    /// How long it can be answered.
    pub(crate) expires_in: Duration,
    /// It was filed earlier, by this guard or another one.
    pub(crate) resumed: bool,
}

/// A yes whose digest was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Approval {
    /// The request it is about.
    pub(crate) request: RequestId,
    /// What was approved: everything is resolved again and compared with this before the claim.
    pub(crate) material: String,
    /// Digest of the request.
    pub(crate) digest: String,
    /// How far it reaches; `session` only for a line of an interactive session.
    pub(crate) scope: Scope,
    /// Who.
    pub(crate) reviewer: String,
    /// Why.
    pub(crate) reason: Option<String>,
    /// When, by the service's clock.
    pub(crate) decided_at: Timestamp,
}

/// A no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Denial {
    /// The request it was said about.
    pub(crate) request: RequestId,
    /// Why.
    pub(crate) reason: String,
    /// What to do instead.
    pub(crate) suggestion: Option<String>,
    /// Who.
    pub(crate) reviewer: String,
    /// Said to an earlier submission, and still holding.
    pub(crate) sticky: bool,
}

/// A limit of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Limited {
    /// `asks_open`, `asks_per_hour`.
    pub(crate) limit: String,
    /// In words.
    pub(crate) why: String,
    /// When to try again.
    pub(crate) retry_after: Option<Duration>,
}

/// Why an approval cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClaimLoss {
    /// Another submission of the same line has used it: this one may ask anew.
    Taken,
    /// The time to use it is over: ask anew.
    Lapsed,
    /// The service said no.
    Refused {
        /// In words.
        why: String,
    },
    /// No answer came: it may have been granted, so it counts as used.
    Unknown {
        /// In words.
        why: String,
    },
}

impl Asker {
    /// Makes one. Nothing is read or connected yet.
    pub(crate) fn start(settings: AskSettings) -> io::Result<Self> {
        let (bell, ringer) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        ringer.set_nonblocking(true)?;
        let (sender, news) = channel();
        Ok(Self {
            settings,
            orders: Mutex::new(None),
            news: Mutex::new(news),
            outbox: Outbox {
                sender,
                ringer: Arc::new(ringer),
            },
            bell,
        })
    }

    /// Files a request and waits for the answer, up to the hold.
    pub(crate) fn ask(&self, request: Request) {
        let ask = request.id;
        if !self.order(Order::Ask(Box::new(request))) {
            self.outbox.tell(
                ask,
                News::Unreachable {
                    why: "no thread to ask with".to_owned(),
                },
            );
        }
    }

    /// Uses the approval of an ask: news are `Claimed` or `ClaimLost`.
    pub(crate) fn claim(&self, ask: RequestId) {
        if !self.order(Order::Claim(ask)) {
            self.outbox.tell(
                ask,
                News::ClaimLost(ClaimLoss::Refused {
                    why: "no thread to ask with".to_owned(),
                }),
            );
        }
    }

    /// Gives an ask up, and tells the service: Ctrl-C at the wait. News is `Cancelled`, in two seconds at the
    /// latest.
    pub(crate) fn cancel(&self, ask: RequestId) {
        if !self.order(Order::Cancel(ask)) {
            self.outbox.tell(ask, News::Cancelled);
        }
    }

    /// Readable when there is news.
    pub(crate) fn wake_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }

    /// All that is new. Never blocks.
    pub(crate) fn try_events(&self) -> Vec<AskEvent> {
        // Silence the bell first: what comes later rings again.
        while matches!((&self.bell).read(&mut [0; 64]), Ok(1..)) {}
        let news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        news.try_iter().collect()
    }

    /// The next piece of news, if it comes in time.
    pub(crate) fn wait(&self, timeout: Duration) -> Option<AskEvent> {
        let news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        let event = news.recv_timeout(timeout).ok()?;
        // Its own stroke; one that comes later only wakes for nothing.
        let _ = (&self.bell).read(&mut [0; 1]);
        Some(event)
    }

    fn order(&self, order: Order) -> bool {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        if orders.is_none() {
            let (sender, receiver) = mpsc::unbounded_channel();
            let settings = self.settings.clone();
            let outbox = self.outbox.clone();
            let started = std::thread::Builder::new()
                .name("asker".to_owned())
                .spawn(move || run(settings, receiver, outbox));
            if started.is_err() {
                return false;
            }
            *orders = Some(sender);
        }
        orders
            .as_ref()
            .is_some_and(|orders| orders.send(order).is_ok())
    }
}

enum Order {
    Ask(Box<Request>),
    Claim(RequestId),
    Cancel(RequestId),
}

#[derive(Clone, Debug)]
struct Outbox {
    sender: Sender<AskEvent>,
    ringer: Arc<UnixStream>,
}

impl Outbox {
    fn tell(&self, ask: RequestId, news: News) {
        // Nobody listens any more: the session has ended.
        let _ = self.sender.send(AskEvent { ask, news });
        // A full bell is readable anyway.
        let _ = (&*self.ringer).write(&[1]);
    }
}

/// The thread.
fn run(settings: AskSettings, orders: mpsc::UnboundedReceiver<Order>, outbox: Outbox) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(Desk::new(settings, outbox).serve(orders)),
        Err(error) => {
            // Every order is answered, so that nobody waits for nothing.
            let why = format!("cannot ask: {error}");
            let mut orders = orders;
            while let Some(order) = orders.blocking_recv() {
                match order {
                    Order::Ask(request) => {
                        outbox.tell(request.id, News::Unreachable { why: why.clone() });
                    }
                    Order::Claim(ask) => {
                        let why = why.clone();
                        outbox.tell(ask, News::ClaimLost(ClaimLoss::Refused { why }));
                    }
                    Order::Cancel(ask) => outbox.tell(ask, News::Cancelled),
                }
            }
        }
    }
}

/// What goes on.
struct Desk {
    settings: Arc<AskSettings>,
    outbox: Outbox,
    transport: Option<Transport>,
    asks: HashMap<RequestId, Open>,
    refused: Arc<Mutex<Vec<Refused>>>,
}

/// An ask that is under way, or approved and not yet used.
struct Open {
    give_up: Option<oneshot::Sender<()>>,
    known_as: Arc<Mutex<KnownAs>>,
}

/// What the service calls it.
#[derive(Clone)]
struct KnownAs {
    request: RequestId,
    digest: String,
}

/// A denial, remembered for when the service cannot be asked.
struct Refused {
    keys: Vec<String>,
    denial: Denial,
    until: Instant,
}

impl Desk {
    fn new(settings: AskSettings, outbox: Outbox) -> Self {
        Self {
            settings: Arc::new(settings),
            outbox,
            transport: None,
            asks: HashMap::new(),
            refused: Arc::default(),
        }
    }

    async fn serve(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        while let Some(order) = orders.recv().await {
            match order {
                Order::Ask(request) => self.ask(*request),
                Order::Claim(ask) => self.claim(ask),
                Order::Cancel(ask) => self.cancel(ask),
            }
        }
    }

    fn ask(&mut self, request: Request) {
        let ask = request.id;
        let ready = request
            .body()
            .and_then(|body| Ok((body_digest(&body)?, body)))
            .map_err(|error| error.to_string())
            .and_then(|ready| Ok((ready, self.transport()?)));
        let ((digest, body), transport) = match ready {
            Ok(ready) => ready,
            Err(why) => {
                let news = News::Unreachable { why };
                let news = remembered(&self.refused, &request, news);
                return self.outbox.tell(ask, news);
            }
        };
        let known_as = Arc::new(Mutex::new(KnownAs {
            request: ask,
            digest: digest.clone(),
        }));
        let (give_up, given_up) = oneshot::channel();
        self.asks.insert(
            ask,
            Open {
                give_up: Some(give_up),
                known_as: Arc::clone(&known_as),
            },
        );
        let errand = Errand {
            outbox: self.outbox.clone(),
            transport,
            hold_ends: Instant::now() + self.settings.hold,
            request,
            body,
            digest,
            known_as,
        };
        let refused = Arc::clone(&self.refused);
        let sticks = self.settings.denial_sticks;
        tokio::spawn(async move {
            tokio::select! {
                news = errand.answer() => {
                    remember(&refused, &errand.request, &news, sticks);
                    let news = remembered(&refused, &errand.request, news);
                    errand.outbox.tell(errand.request.id, news);
                }
                Ok(()) = given_up => errand.give_up().await,
            }
        });
    }

    fn claim(&mut self, ask: RequestId) {
        let lost = |why: &str| {
            News::ClaimLost(ClaimLoss::Refused {
                why: why.to_owned(),
            })
        };
        let (Some(open), Some(transport)) = (self.asks.remove(&ask), self.transport.clone()) else {
            return self.outbox.tell(ask, lost("nothing was approved"));
        };
        let known_as = snapshot(&open.known_as);
        let outbox = self.outbox.clone();
        tokio::spawn(async move {
            let news = match claim(&transport, &known_as).await {
                Ok(()) => News::Claimed,
                Err(loss) => News::ClaimLost(loss),
            };
            outbox.tell(ask, news);
        });
    }

    fn cancel(&mut self, ask: RequestId) {
        let Some(mut open) = self.asks.remove(&ask) else {
            return self.outbox.tell(ask, News::Cancelled);
        };
        if open
            .give_up
            .take()
            .is_some_and(|give_up| give_up.send(()).is_ok())
        {
            return;
        }
        // It was answered meanwhile: an approval that nobody will use is taken back.
        let Some(transport) = self.transport.clone() else {
            return self.outbox.tell(ask, News::Cancelled);
        };
        let request = snapshot(&open.known_as).request;
        let outbox = self.outbox.clone();
        tokio::spawn(async move {
            cancel(&transport, request).await;
            outbox.tell(ask, News::Cancelled);
        });
    }

    /// The way to the service, made once it is needed and kept once it could be made.
    fn transport(&mut self) -> Result<Transport, String> {
        if let (Some(transport), true) = (&self.transport, self.settings.is_fixed()) {
            return Ok(transport.clone());
        }
        let made = self
            .settings
            .reach()
            .and_then(|reach| Transport::new(&reach))
            .map_err(|error| in_full(&error))?;
        self.transport = Some(made.clone());
        Ok(made)
    }
}

impl AskSettings {
    /// The service that the settings lead to.
    pub(crate) fn reach(&self) -> Result<Reach, super::ReachError> {
        match (&self.url, &self.socket) {
            (Some(url), _) => Reach::url(url, self.token.as_ref(), self.ca_file.as_deref()),
            (None, Some(socket)) => Reach::socket(socket),
            (None, None) => Reach::local(self.places.as_ref()),
        }
    }

    /// Whether the next ask goes the same way as the last. The user's own service may have been started, or
    /// started elsewhere, in between.
    fn is_fixed(&self) -> bool {
        self.url.is_some()
    }
}

/// One ask on its way.
struct Errand {
    outbox: Outbox,
    transport: Transport,
    hold_ends: Instant,
    request: Request,
    body: Value,
    digest: String,
    known_as: Arc<Mutex<KnownAs>>,
}

impl Errand {
    /// How it ends.
    async fn answer(&self) -> News {
        match self.file().await {
            Ok((known_as, standing)) => match self.ending(&known_as, &standing) {
                Some(news) => news,
                None => self.follow(known_as).await,
            },
            Err(news) => *news,
        }
    }

    /// Files it, again and again for a few seconds.
    async fn file(&self) -> Result<(KnownAs, Standing), Box<News>> {
        let give_up = Instant::now() + FILE_WITHIN;
        let mut pause = FIRST_PAUSE;
        loop {
            let left = give_up.saturating_duration_since(Instant::now());
            let reply = self
                .transport
                .call(Method::POST, "/v1/requests", Some(&self.body), left)
                .await;
            let why = match reply {
                Ok(Reply::Done { created, body }) => return self.accept(created, &body),
                Ok(Reply::Refused {
                    status: 429,
                    code,
                    message,
                    retry_after,
                }) => {
                    return Err(Box::new(News::Limited(Limited {
                        limit: code.unwrap_or_else(|| "asks".to_owned()),
                        why: message,
                        retry_after,
                    })));
                }
                Ok(Reply::Refused {
                    status, message, ..
                }) if status < 500 => {
                    return Err(Box::new(unreachable_because(format!(
                        "the service does not take the request: {message}"
                    ))));
                }
                Ok(Reply::Refused { message, .. }) => format!("the service failed: {message}"),
                Err(CallError::Unreached(why)) => format!("the service cannot be reached: {why}"),
                Err(CallError::Malformed(why)) => return Err(Box::new(unreachable_because(why))),
            };
            if Instant::now() + pause >= give_up {
                return Err(Box::new(unreachable_because(why)));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(SHORT_PAUSE);
        }
    }

    /// Checks what the service says it has: our request, or an earlier one of the same material.
    fn accept(&self, created: bool, body: &Value) -> Result<(KnownAs, Standing), Box<News>> {
        let standing =
            Standing::deserialize(body).map_err(|_| distrusted("its answer says no state"))?;
        let stored = Request::from_body(body).map_err(|error| distrusted(&error.to_string()))?;
        let digest = body_digest(body).map_err(|error| distrusted(&error.to_string()))?;
        if standing.digest != digest {
            return Err(distrusted("the digest is not that of its request"));
        }
        if stored.material != self.request.material {
            return Err(distrusted("it answers about something else"));
        }
        let ours = stored.id == self.request.id;
        if (created || ours) && !(ours && digest == self.digest) {
            return Err(distrusted("it has changed the request"));
        }
        let known_as = KnownAs {
            request: stored.id,
            digest,
        };
        *self.known_as.lock().unwrap_or_else(PoisonError::into_inner) = known_as.clone();
        self.outbox.tell(
            self.request.id,
            News::Accepted(Accepted {
                request: stored.id,
                short: stored.id.short(),
                url: standing.url.clone(),
                expires_in: Duration::from_secs(standing.expires_in_s),
                resumed: !created,
            }),
        );
        Ok((known_as, standing))
    }

    /// Polls until somebody has answered or the hold is over.
    async fn follow(&self, mut known_as: KnownAs) -> News {
        let mut pause = FIRST_PAUSE;
        let mut troubled = false;
        loop {
            let left = self.hold_ends.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return News::Pending;
            }
            let wait = left.min(LONGEST_POLL).as_secs();
            let path = format!("/v1/requests/{}?wait={wait}", known_as.request);
            let within = left.min(Duration::from_secs(wait) + ANSWER_WITHIN);
            let asked = Instant::now();
            let why = match self.transport.call(Method::GET, &path, None, within).await {
                Ok(Reply::Done { body, .. }) => {
                    troubled = false;
                    pause = FIRST_PAUSE;
                    match self.check(&known_as, &body) {
                        Ok(standing) => {
                            if let Some(news) = self.ending(&known_as, &standing) {
                                return news;
                            }
                        }
                        Err(news) => return *news,
                    }
                    // A service that does not wait must not make us spin.
                    if asked.elapsed() < QUICKEST_POLL {
                        tokio::time::sleep(left.min(QUICKEST_POLL)).await;
                    }
                    continue;
                }
                // Its store is another one now: the same request again.
                Ok(Reply::Refused { status: 404, .. }) => match self.file().await {
                    Ok((again, standing)) => {
                        known_as = again;
                        if let Some(news) = self.ending(&known_as, &standing) {
                            return news;
                        }
                        "the service had forgotten the request".to_owned()
                    }
                    Err(news) => {
                        let News::Unreachable { why } = *news else {
                            return *news;
                        };
                        why
                    }
                },
                Ok(Reply::Refused { message, .. }) => format!("the service failed: {message}"),
                Err(CallError::Unreached(why)) => format!("the service cannot be reached: {why}"),
                Err(CallError::Malformed(why)) => return unreachable_because(why),
            };
            if !troubled {
                troubled = true;
                self.outbox.tell(self.request.id, News::Retrying { why });
            }
            let left = self.hold_ends.saturating_duration_since(Instant::now());
            tokio::time::sleep(left.min(pause)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Checks that an answer is about what was accepted.
    fn check(&self, known_as: &KnownAs, body: &Value) -> Result<Standing, Box<News>> {
        let standing =
            Standing::deserialize(body).map_err(|_| distrusted("its answer says no state"))?;
        let digest = body_digest(body).map_err(|error| distrusted(&error.to_string()))?;
        if standing.digest != known_as.digest || digest != known_as.digest {
            return Err(distrusted("the digest is not that of the request"));
        }
        Ok(standing)
    }

    /// The news that a state makes, unless it is still pending.
    fn ending(&self, known_as: &KnownAs, standing: &Standing) -> Option<News> {
        let said = |choice: Choice| -> Option<&Decision> {
            standing
                .decisions
                .iter()
                .find(|decision| decision.decision == choice && decision.digest == known_as.digest)
        };
        let unsaid = || {
            unreachable_because(format!(
                "the service is not to be trusted: it says {} without a decision about this request",
                standing.state.name()
            ))
        };
        Some(match standing.state {
            State::Pending => return None,
            State::Approved => match said(Choice::Approve) {
                Some(decision) if said(Choice::Deny).is_none() => News::Approved(Approval {
                    request: known_as.request,
                    material: self.request.material.clone(),
                    digest: known_as.digest.clone(),
                    scope: match (decision.scope, self.request.door) {
                        (Scope::Session, Door::Session) => Scope::Session,
                        (Scope::Session | Scope::Once, _) => Scope::Once,
                    },
                    reviewer: decision.reviewer.clone(),
                    reason: decision.reason.clone(),
                    decided_at: decision.decided_at,
                }),
                Some(_) | None => unsaid(),
            },
            State::Denied => match said(Choice::Deny) {
                Some(decision) => News::Denied(Denial {
                    request: decision.sticks_from.unwrap_or(known_as.request),
                    reason: decision.reason.clone().unwrap_or_default(),
                    suggestion: decision.suggestion.clone(),
                    reviewer: decision.reviewer.clone(),
                    sticky: decision.sticks_from.is_some(),
                }),
                None => unsaid(),
            },
            State::Expired => News::Expired,
            State::Cancelled => News::Cancelled,
            State::Claimed => News::ClaimLost(ClaimLoss::Taken),
        })
    }

    /// Tells the service that nobody waits any more.
    async fn give_up(&self) {
        cancel(&self.transport, snapshot(&self.known_as).request).await;
        self.outbox.tell(self.request.id, News::Cancelled);
    }
}

/// Uses an approval. The same claim id is repeated until an answer comes or the patience ends.
async fn claim(transport: &Transport, known_as: &KnownAs) -> Result<(), ClaimLoss> {
    let claim = Claim {
        claim_id: uuid::Uuid::now_v7().hyphenated().to_string(),
    };
    let path = format!("/v1/requests/{}/claim", known_as.request);
    let body = serde_json::to_value(&claim).map_err(|error| ClaimLoss::Refused {
        why: error.to_string(),
    })?;
    let give_up = Instant::now() + CLAIM_WITHIN;
    let mut pause = FIRST_PAUSE;
    loop {
        let left = give_up.saturating_duration_since(Instant::now());
        let why = match transport.call(Method::POST, &path, Some(&body), left).await {
            Ok(Reply::Done { body, .. }) => {
                return match Claimed::deserialize(&body) {
                    Ok(claimed)
                        if claimed.state == State::Claimed
                            && claimed.claim_id == claim.claim_id
                            && claimed.digest == known_as.digest =>
                    {
                        Ok(())
                    }
                    Ok(_) | Err(_) => Err(ClaimLoss::Unknown {
                        why: "the answer to the claim is not one".to_owned(),
                    }),
                };
            }
            Ok(Reply::Refused {
                status,
                code,
                message,
                ..
            }) if status < 500 => {
                return Err(match code.as_deref() {
                    Some("claimed") => ClaimLoss::Taken,
                    Some("expired") => ClaimLoss::Lapsed,
                    Some(_) | None => ClaimLoss::Refused { why: message },
                });
            }
            Ok(Reply::Refused { message, .. }) => message,
            Err(CallError::Unreached(why)) => why,
            Err(CallError::Malformed(why)) => return Err(ClaimLoss::Unknown { why }),
        };
        if Instant::now() + pause >= give_up {
            return Err(ClaimLoss::Unknown { why });
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(SHORT_PAUSE);
    }
}

/// Best effort: what is not cancelled expires.
async fn cancel(transport: &Transport, request: RequestId) {
    let path = format!("/v1/requests/{request}/cancel");
    let _ = transport
        .call(Method::POST, &path, None, CANCEL_WITHIN)
        .await;
}

fn remember(refused: &Mutex<Vec<Refused>>, request: &Request, news: &News, sticks: Duration) {
    let (News::Denied(denial), Ok(keys)) = (news, request.asking_keys()) else {
        return;
    };
    let mut refused = refused.lock().unwrap_or_else(PoisonError::into_inner);
    let now = Instant::now();
    refused.retain(|earlier| earlier.until > now);
    if refused.len() >= MOST_REMEMBERED {
        refused.remove(0);
    }
    refused.push(Refused {
        keys,
        denial: denial.clone(),
        until: now + sticks,
    });
}

/// Where the service cannot be asked, a denial that it has told us still holds. It can only refuse.
fn remembered(refused: &Mutex<Vec<Refused>>, request: &Request, news: News) -> News {
    let News::Unreachable { .. } = &news else {
        return news;
    };
    let (None, Ok(keys)) = (&request.justification, request.asking_keys()) else {
        return news;
    };
    let refused = refused.lock().unwrap_or_else(PoisonError::into_inner);
    let now = Instant::now();
    refused
        .iter()
        .find(|earlier| earlier.until > now && earlier.keys.iter().any(|key| keys.contains(key)))
        .map(|earlier| {
            News::Denied(Denial {
                sticky: true,
                ..earlier.denial.clone()
            })
        })
        .unwrap_or(news)
}

fn snapshot(known_as: &Mutex<KnownAs>) -> KnownAs {
    known_as
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

fn distrusted(why: &str) -> Box<News> {
    Box::new(unreachable_because(format!(
        "the service is not to be trusted: {why}"
    )))
}

fn unreachable_because(why: impl Into<String>) -> News {
    News::Unreachable { why: why.into() }
}

/// An error with its causes, in one line.
pub(super) fn in_full(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(": ");
        words.push_str(&error.to_string());
        cause = error.source();
    }
    words
}

/// Nothing accepted by then: unreachable.
const FILE_WITHIN: Duration = Duration::from_secs(3);
/// No answer to a claim by then: it counts as used.
const CLAIM_WITHIN: Duration = Duration::from_secs(5);
/// Ctrl-C must not feel stuck.
const CANCEL_WITHIN: Duration = Duration::from_secs(2);
/// Proxies forget silent connections after a minute, some after thirty seconds.
const LONGEST_POLL: Duration = Duration::from_secs(25);
/// Beyond the time that a poll was asked to wait.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Between two polls that are answered at once.
const QUICKEST_POLL: Duration = Duration::from_millis(200);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Between attempts that have a few seconds in all.
const SHORT_PAUSE: Duration = Duration::from_millis(400);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// The limits of the service stop anybody long before.
const MOST_REMEMBERED: usize = 256;
