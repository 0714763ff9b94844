//! The asker against the real service on a real database and real sockets, and against services that lie,
//! hang, break and vanish.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "any other news fails the test, and is shown"
)]

use super::*;
use guardsh_protocol::{
    ActionRecord, Agent, Choice, Door, Draft, NewDecision, ProgramRecord, Request, RequestId,
    RequestName, RiskRecord, Scope, State,
};
use guardsh_server::{Role, Rules, Running, ServeOptions, StoreUrl};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// A real service in a folder of its own.
struct House {
    folder: tempfile::TempDir,
    runtime: Runtime,
    running: Option<Running>,
    rules: Rules,
}

impl House {
    fn open() -> Self {
        Self::with(Rules::default())
    }

    fn with(rules: Rules) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let mut house = Self {
            folder: tempfile::tempdir().unwrap(),
            runtime,
            running: None,
            rules,
        };
        house.start();
        house
    }

    fn start(&mut self) {
        let options = ServeOptions {
            listen: Some("127.0.0.1:0".parse().unwrap()),
            sockets: vec![self.socket()],
            store: StoreUrl::Sqlite(self.folder.path().join("serve.sqlite")),
            rules: self.rules.clone(),
            log: Arc::new(|line| println!("service: {line}")),
        };
        self.running = Some(
            self.runtime
                .block_on(guardsh_server::start(options))
                .unwrap(),
        );
    }

    fn stop(&mut self) {
        let running = self.running.take().unwrap();
        self.runtime.block_on(running.stop());
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("serve.sock")
    }

    fn token(&self, role: Role, name: &str) -> Token {
        let store = self.running.as_ref().unwrap().store();
        let made = guardsh_server::create_token(store, role, name, Timestamp::now());
        Token::Read(self.runtime.block_on(made).unwrap())
    }

    fn url(&self) -> String {
        let address = self.running.as_ref().unwrap().address().unwrap();
        format!("http://{address}")
    }

    fn settings(&self) -> AskSettings {
        AskSettings {
            socket: Some(self.socket()),
            ..settings()
        }
    }

    fn asker(&self) -> Asker {
        Asker::start(self.settings()).unwrap()
    }

    fn reviewer(&self) -> Service {
        Service::new(&Reach::socket(&self.socket()).unwrap()).unwrap()
    }
}

fn settings() -> AskSettings {
    AskSettings {
        url: None,
        token: None,
        ca_file: None,
        socket: None,
        places: None,
        hold: Duration::from_secs(30),
        denial_sticks: Duration::from_secs(60),
    }
}

fn draft(line: &str) -> Draft {
    Draft {
        session: "0199-session".to_owned(),
        host: "web-1".to_owned(),
        uid: nix::unistd::Uid::current().as_raw(),
        user: "deploy".to_owned(),
        door: Door::Session,
        agent: Agent {
            name: Some("deploy-bot".to_owned()),
            ..Agent::default()
        },
        shell: "/bin/bash".into(),
        cwd: "/srv".into(),
        line: line.as_bytes().to_vec(),
        actions: vec![ActionRecord {
            kind: "run".to_owned(),
            span: [0, line.len()],
            argv: Some(line.split(' ').map(str::to_owned).collect()),
            program: Some(ProgramRecord {
                kind: "file".to_owned(),
                path: Some("/usr/bin/touch".to_owned()),
                device: Some("1".to_owned()),
                inode: Some(u64::MAX.to_string()),
                changed: None,
            }),
            words: vec!["literal".to_owned()],
            cwd: Some("/srv".to_owned()),
            verdict: "ask".to_owned(),
            rule: "builtin.default".to_owned(),
            source: "builtin".to_owned(),
            reason: "no rule allows it".to_owned(),
            ..ActionRecord::default()
        }],
        risk: RiskRecord {
            score: 10,
            band: "low".to_owned(),
            factors: Vec::new(),
        },
        recent: Vec::new(),
        attachments: Vec::new(),
        justification: None,
        policy_digest: "0".repeat(64),
    }
}

fn request(line: &str) -> Request {
    draft(line)
        .file(Timestamp::now(), Duration::from_secs(300))
        .unwrap()
}

/// The next piece of news of an ask that is not about trouble on the way.
fn next(asker: &Asker) -> News {
    let until = Instant::now() + Duration::from_secs(40);
    while Instant::now() < until {
        match asker.wait(Duration::from_millis(200)) {
            Some(AskEvent {
                news: News::Retrying { .. },
                ..
            })
            | None => {}
            Some(event) => return event.news,
        }
    }
    panic!("no news");
}

fn accepted(asker: &Asker) -> Accepted {
    match next(asker) {
        News::Accepted(accepted) => accepted,
        other => panic!("not accepted: {other:?}"),
    }
}

fn approve(service: &Service, id: RequestId) -> Result<State, ServiceError> {
    let seen = service.find(&RequestName::Whole(id))?;
    let decision = decision(Choice::Approve, &seen);
    Ok(service.decide(id, &decision)?.standing.state)
}

fn decision(choice: Choice, seen: &Seen) -> NewDecision {
    NewDecision {
        decision: choice,
        scope: Scope::Once,
        reason: Some("not today".to_owned()),
        suggestion: Some("ls -l".to_owned()),
        digest: seen.standing.digest.clone(),
        signature: None,
    }
}

fn deny(service: &Service, id: RequestId) {
    let seen = service.find(&RequestName::Whole(id)).unwrap();
    service.decide(id, &decision(Choice::Deny, &seen)).unwrap();
}

#[test]
fn an_approved_line_is_claimed_once() {
    let house = House::open();
    let asker = house.asker();
    let request = request("touch made");
    let (ask, material, digest) = (
        request.id,
        request.material.clone(),
        request.digest().unwrap(),
    );
    asker.ask(request);
    let accepted = accepted(&asker);
    assert_eq!(accepted.request, ask);
    assert!(!accepted.resumed);
    let reviewer = house.reviewer();
    let waiting = reviewer.pending().unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].request.line, "touch made");
    let short = accepted.short.to_lowercase().parse().unwrap();
    assert_eq!(reviewer.find(&short).unwrap().request.id, ask);
    assert_eq!(approve(&reviewer, ask).unwrap(), State::Approved);
    match next(&asker) {
        News::Approved(approval) => {
            assert_eq!(approval.material, material);
            assert_eq!(approval.digest, digest);
            assert_eq!(approval.scope, Scope::Once);
            assert!(approval.reviewer.ends_with("(local)"), "{approval:?}");
        }
        other => panic!("{other:?}"),
    }
    asker.claim(ask);
    assert_eq!(next(&asker), News::Claimed);
    asker.claim(ask);
    assert!(matches!(next(&asker), News::ClaimLost(_)));
    // The same line asks anew.
    let again = draft("touch made")
        .file(Timestamp::now(), Duration::from_secs(300))
        .unwrap();
    assert_eq!(again.material, material);
    asker.ask(again);
    assert!(!self::accepted(&asker).resumed);
}

#[test]
fn the_bell_is_readable_exactly_while_there_is_news() {
    let house = House::open();
    let asker = house.asker();
    assert!(!rings(&asker, Duration::ZERO));
    asker.ask(request("touch a"));
    assert!(rings(&asker, Duration::from_secs(5)));
    let news = asker.try_events();
    assert!(matches!(news[0].news, News::Accepted(_)), "{news:?}");
    assert!(!rings(&asker, Duration::ZERO));
    assert_eq!(asker.try_events(), Vec::new());
}

fn rings(asker: &Asker, within: Duration) -> bool {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    let mut bell = [PollFd::new(asker.wake_fd(), PollFlags::POLLIN)];
    poll(&mut bell, PollTimeout::try_from(within).unwrap()).unwrap() > 0
}

#[test]
fn a_denial_says_why_and_what_instead() {
    let house = House::open();
    let asker = house.asker();
    let request = request("touch a");
    let ask = request.id;
    asker.ask(request);
    accepted(&asker);
    deny(&house.reviewer(), ask);
    match next(&asker) {
        News::Denied(denial) => {
            assert_eq!(denial.reason, "not today");
            assert_eq!(denial.suggestion.as_deref(), Some("ls -l"));
            assert_eq!(denial.request, ask);
            assert!(!denial.sticky);
        }
        other => panic!("{other:?}"),
    }
    asker.claim(ask);
    assert!(matches!(
        next(&asker),
        News::ClaimLost(ClaimLoss::Refused { .. })
    ));
}

#[test]
fn a_denial_sticks_to_the_action_until_it_is_lifted() {
    let house = House::open();
    let asker = house.asker();
    let first = request("touch a");
    let denied = first.id;
    asker.ask(first);
    accepted(&asker);
    deny(&house.reviewer(), denied);
    assert!(matches!(next(&asker), News::Denied(_)));

    // Another session, another folder, another line with the same action in it.
    let elsewhere = || Draft {
        session: "0199-other".to_owned(),
        cwd: "/tmp".into(),
        line: b"true; touch a".to_vec(),
        ..draft("touch a")
    };
    let file = |draft: Draft| {
        draft
            .file(Timestamp::now(), Duration::from_secs(300))
            .unwrap()
    };
    let other = house.asker();
    for _ in 0..3 {
        other.ask(file(elsewhere()));
        accepted(&other);
        match next(&other) {
            News::Denied(denial) => {
                assert!(denial.sticky);
                assert_eq!(
                    (denial.request, denial.reason.as_str()),
                    (denied, "not today")
                );
            }
            other => panic!("{other:?}"),
        }
    }

    // An appeal is asked; what it asks for can then be submitted as usual.
    let appeal = file(Draft {
        justification: Some("the release needs it".to_owned()),
        ..elsewhere()
    });
    let appealed = appeal.id;
    other.ask(appeal);
    accepted(&other);
    approve(&house.reviewer(), appealed).unwrap();
    assert!(matches!(next(&other), News::Approved(_)));
    let line = file(elsewhere());
    let ask = line.id;
    other.ask(line);
    assert!(accepted(&other).resumed);
    assert!(matches!(next(&other), News::Approved(_)));
    other.claim(ask);
    assert_eq!(next(&other), News::Claimed);

    // One approval is no amnesty; lifting is.
    other.ask(file(elsewhere()));
    accepted(&other);
    assert!(matches!(
        next(&other),
        News::Denied(Denial { sticky: true, .. })
    ));
    assert_eq!(house.reviewer().lift(denied).unwrap(), 1);
    assert_eq!(house.reviewer().lift(denied).unwrap(), 0);
    other.ask(file(elsewhere()));
    accepted(&other);
    assert_eq!(house.reviewer().pending().unwrap().len(), 1);
}

#[test]
fn a_denial_holds_where_the_service_is_gone() {
    let mut house = House::open();
    let asker = house.asker();
    let first = request("touch a");
    let denied = first.id;
    asker.ask(first);
    accepted(&asker);
    deny(&house.reviewer(), denied);
    assert!(matches!(next(&asker), News::Denied(_)));
    house.stop();
    asker.ask(request("touch a"));
    assert!(matches!(
        next(&asker),
        News::Denied(Denial { sticky: true, .. })
    ));
    asker.ask(request("touch b"));
    assert!(matches!(next(&asker), News::Unreachable { .. }));
}

#[test]
fn a_request_outlives_guard_and_service_and_is_resumed() {
    let mut house = House::open();
    let held = Asker::start(AskSettings {
        hold: Duration::from_millis(300),
        ..house.settings()
    })
    .unwrap();
    let first = request("touch made");
    let ask = first.id;
    held.ask(first);
    assert!(!accepted(&held).resumed);
    assert_eq!(next(&held), News::Pending);
    drop(held);
    house.stop();
    house.start();
    assert_eq!(house.reviewer().pending().unwrap().len(), 1);
    let asker = house.asker();
    let again = request("touch made");
    let ask_again = again.id;
    asker.ask(again);
    let found = accepted(&asker);
    assert_eq!((found.request, found.resumed), (ask, true));
    approve(&house.reviewer(), ask).unwrap();
    match next(&asker) {
        News::Approved(approval) => assert_eq!(approval.request, ask),
        other => panic!("{other:?}"),
    }
    asker.claim(ask_again);
    assert_eq!(next(&asker), News::Claimed);
}

#[test]
fn an_approval_given_while_nobody_waited_is_found_by_the_next_submission() {
    let mut house = House::open();
    let held = Asker::start(AskSettings {
        hold: Duration::from_millis(200),
        ..house.settings()
    })
    .unwrap();
    let first = request("touch made");
    let ask = first.id;
    held.ask(first);
    accepted(&held);
    assert_eq!(next(&held), News::Pending);
    approve(&house.reviewer(), ask).unwrap();
    house.stop();
    house.start();
    let asker = house.asker();
    asker.ask(request("touch made"));
    assert!(accepted(&asker).resumed);
    assert!(matches!(next(&asker), News::Approved(_)));
}

#[test]
fn a_service_that_restarts_during_the_wait_is_found_again() {
    let mut house = House::open();
    let asker = house.asker();
    let request = request("touch made");
    let ask = request.id;
    asker.ask(request);
    accepted(&asker);
    house.stop();
    // Told once, and not with every attempt.
    let told = asker.wait(Duration::from_secs(10)).unwrap();
    assert!(matches!(told.news, News::Retrying { .. }), "{told:?}");
    house.start();
    approve(&house.reviewer(), ask).unwrap();
    assert!(matches!(next(&asker), News::Approved(_)));
    asker.claim(ask);
    assert_eq!(next(&asker), News::Claimed);
}

#[test]
fn a_service_that_has_lost_its_store_is_asked_again() {
    let mut house = House::open();
    let asker = house.asker();
    let request = request("touch made");
    let ask = request.id;
    asker.ask(request);
    accepted(&asker);
    house.stop();
    for file in ["serve.sqlite", "serve.sqlite-wal", "serve.sqlite-shm"] {
        let _ = std::fs::remove_file(house.folder.path().join(file));
    }
    house.start();
    assert!(!accepted(&asker).resumed);
    approve(&house.reviewer(), ask).unwrap();
    assert!(matches!(next(&asker), News::Approved(_)));
}

#[test]
fn a_service_that_dies_during_the_wait_leaves_the_request_pending() {
    let mut house = House::open();
    let asker = Asker::start(AskSettings {
        hold: Duration::from_secs(2),
        ..house.settings()
    })
    .unwrap();
    asker.ask(request("touch made"));
    accepted(&asker);
    house.stop();
    let began = Instant::now();
    assert_eq!(next(&asker), News::Pending);
    assert!(began.elapsed() < Duration::from_secs(8));
}

#[test]
fn of_racing_reviewers_one_wins() {
    let house = House::open();
    let asker = house.asker();
    let request = request("touch made");
    let ask = request.id;
    asker.ask(request);
    accepted(&asker);
    let seen = house.reviewer().find(&RequestName::Whole(ask)).unwrap();
    let won: usize = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..8)
            .map(|number| {
                let (house, seen) = (&house, &seen);
                scope.spawn(move || {
                    let choice = if number % 2 == 0 {
                        Choice::Approve
                    } else {
                        Choice::Deny
                    };
                    let decision = NewDecision {
                        reason: Some(format!("racer {number}")),
                        ..decision(choice, seen)
                    };
                    match house.reviewer().decide(ask, &decision) {
                        // A repeat of the winner's own answer is no error; then it was not recorded.
                        Ok(seen) => seen.standing.decisions[0].reason == decision.reason,
                        Err(ServiceError::Refused(_)) => false,
                        Err(error) => panic!("{}", error.words()),
                    }
                })
            })
            .collect();
        racers
            .into_iter()
            .filter_map(|racer| racer.join().unwrap().then_some(()))
            .count()
    });
    assert_eq!(won, 1);
    let seen = house.reviewer().find(&RequestName::Whole(ask)).unwrap();
    assert_eq!(seen.standing.decisions.len(), 1);
}

#[test]
fn of_twins_that_wait_for_one_request_one_runs() {
    let house = House::open();
    let askers = [house.asker(), house.asker()];
    let requests = [request("touch made"), request("touch made")];
    let asks = [requests[0].id, requests[1].id];
    let mut known = Vec::new();
    for (asker, request) in askers.iter().zip(requests) {
        asker.ask(request);
        known.push(accepted(asker).request);
    }
    assert_eq!(known, [asks[0], asks[0]]);
    approve(&house.reviewer(), asks[0]).unwrap();
    for asker in &askers {
        assert!(matches!(next(asker), News::Approved(_)));
    }
    for (asker, ask) in askers.iter().zip(asks) {
        asker.claim(ask);
    }
    let mut ends = [next(&askers[0]), next(&askers[1])];
    ends.sort_by_key(|news| *news != News::Claimed);
    assert_eq!(ends, [News::Claimed, News::ClaimLost(ClaimLoss::Taken)]);
}

#[test]
fn a_request_that_nobody_answers_expires_and_is_filed_anew() {
    let house = House::open();
    let asker = house.asker();
    let brief = || {
        draft("touch made")
            .file(Timestamp::now(), Duration::from_millis(400))
            .unwrap()
    };
    let request = brief();
    let ask = request.id;
    asker.ask(request);
    accepted(&asker);
    assert_eq!(next(&asker), News::Expired);
    let error = approve(&house.reviewer(), ask).unwrap_err();
    assert!(error.words().contains("expired"), "{}", error.words());
    asker.ask(brief());
    assert!(!accepted(&asker).resumed);
}

#[test]
fn an_approval_that_is_not_used_in_time_lapses() {
    let house = House::with(Rules {
        use_within: Duration::from_millis(300),
        ..Rules::default()
    });
    let asker = house.asker();
    let request = request("touch made");
    let ask = request.id;
    asker.ask(request);
    accepted(&asker);
    approve(&house.reviewer(), ask).unwrap();
    assert!(matches!(next(&asker), News::Approved(_)));
    let reviewer = house.reviewer();
    let name = RequestName::Whole(ask);
    while reviewer.find(&name).unwrap().standing.state != State::Expired {
        std::thread::sleep(Duration::from_millis(20));
    }
    asker.claim(ask);
    assert_eq!(next(&asker), News::ClaimLost(ClaimLoss::Lapsed));
}

#[test]
fn what_is_given_up_cannot_be_approved_any_more() {
    let house = House::open();
    let asker = house.asker();
    let request = request("touch made");
    let ask = request.id;
    asker.ask(request);
    accepted(&asker);
    asker.cancel(ask);
    assert_eq!(next(&asker), News::Cancelled);
    let seen = house.reviewer().find(&RequestName::Whole(ask)).unwrap();
    assert_eq!(seen.standing.state, State::Cancelled);
    assert!(approve(&house.reviewer(), ask).is_err());
}

#[test]
fn an_approval_that_is_given_up_cannot_be_used_by_the_next_submission() {
    let house = House::open();
    let asker = house.asker();
    let first = request("touch made");
    let ask = first.id;
    asker.ask(first);
    accepted(&asker);
    approve(&house.reviewer(), ask).unwrap();
    assert!(matches!(next(&asker), News::Approved(_)));
    asker.cancel(ask);
    assert_eq!(next(&asker), News::Cancelled);
    asker.ask(request("touch made"));
    assert!(!accepted(&asker).resumed);
}

#[test]
fn a_flood_of_asks_is_stopped() {
    let house = House::open();
    let asker = house.asker();
    for name in ["a", "b", "c"] {
        asker.ask(request(&format!("touch {name}")));
        accepted(&asker);
    }
    asker.ask(request("touch d"));
    match next(&asker) {
        News::Limited(limited) => {
            assert_eq!(limited.limit, "asks_open");
            assert!(limited.retry_after.unwrap() > Duration::from_secs(200));
        }
        other => panic!("{other:?}"),
    }
    // What is open already is not a new ask.
    let twin = house.asker();
    twin.ask(request("touch a"));
    assert!(accepted(&twin).resumed);

    let house = House::with(Rules {
        asks_per_hour: 1,
        ..Rules::default()
    });
    let asker = house.asker();
    asker.ask(request("touch a"));
    accepted(&asker);
    asker.ask(request("touch b"));
    assert!(matches!(next(&asker), News::Limited(limited) if limited.limit == "asks_per_hour"));
}

#[test]
fn an_asker_with_many_denials_is_flagged() {
    let house = House::with(Rules {
        refusals: 2,
        ..Rules::default()
    });
    let asker = house.asker();
    for name in ["a", "b"] {
        let request = request(&format!("touch {name}"));
        let ask = request.id;
        asker.ask(request);
        accepted(&asker);
        deny(&house.reviewer(), ask);
        assert!(matches!(next(&asker), News::Denied(_)));
    }
    asker.ask(request("touch c"));
    accepted(&asker);
    let waiting = house.reviewer().pending().unwrap();
    assert_eq!(
        waiting[0].standing.flags,
        ["2 denials in the last 10 minutes"]
    );
}

#[test]
fn a_session_is_approved_only_for_a_line_of_a_session() {
    let house = House::open();
    let asker = house.asker();
    let command = Draft {
        door: Door::Command,
        ..draft("touch made")
    }
    .file(Timestamp::now(), Duration::from_secs(300))
    .unwrap();
    let line = request("touch made");
    let asks = [command.id, line.id];
    asker.ask(command);
    accepted(&asker);
    asker.ask(line);
    accepted(&asker);
    let reviewer = house.reviewer();
    let [refused, done] = asks.map(|ask| {
        let seen = reviewer.find(&RequestName::Whole(ask)).unwrap();
        reviewer.decide(
            ask,
            &NewDecision {
                scope: Scope::Session,
                ..decision(Choice::Approve, &seen)
            },
        )
    });
    assert!(matches!(refused, Err(ServiceError::Refused(_))));
    done.unwrap();
    assert!(matches!(
        next(&asker),
        News::Approved(Approval {
            scope: Scope::Session,
            ..
        })
    ));
}

#[test]
fn a_decision_about_other_bytes_is_refused() {
    let house = House::open();
    let asker = house.asker();
    let request = request("touch made");
    let ask = request.id;
    asker.ask(request);
    accepted(&asker);
    let reviewer = house.reviewer();
    let seen = reviewer.find(&RequestName::Whole(ask)).unwrap();
    let wrong = NewDecision {
        digest: "0".repeat(64),
        ..decision(Choice::Approve, &seen)
    };
    assert!(matches!(
        reviewer.decide(ask, &wrong),
        Err(ServiceError::Refused(_))
    ));
    assert_eq!(reviewer.pending().unwrap().len(), 1);
}

#[test]
fn over_tcp_each_token_opens_its_own_doors_alone() {
    let house = House::open();
    let host = house.token(Role::Host, "web-1");
    let other_host = house.token(Role::Host, "web-2");
    let reviewer = house.token(Role::Reviewer, "alice");
    let over_tcp = |token: &Token| AskSettings {
        url: Some(house.url()),
        token: Some(token.clone()),
        ..settings()
    };
    let service = |token: &Token| {
        Service::new(&Reach::url(&house.url(), Some(token), None).unwrap()).unwrap()
    };
    let asker = Asker::start(over_tcp(&host)).unwrap();
    let request = request("touch made");
    let ask = request.id;
    asker.ask(request.clone());
    accepted(&asker);
    // The host can look, but not answer; another host cannot even look.
    let seen = service(&host).find(&RequestName::Whole(ask)).unwrap();
    let decision = decision(Choice::Approve, &seen);
    assert!(matches!(
        service(&host).decide(ask, &decision),
        Err(ServiceError::Refused(_))
    ));
    assert!(matches!(
        service(&other_host).find(&RequestName::Whole(ask)),
        Err(ServiceError::NotFound)
    ));
    assert!(matches!(
        service(&other_host).cancel(ask),
        Err(ServiceError::NotFound)
    ));
    assert!(service(&Token::Read("guess".to_owned())).pending().is_err());
    service(&reviewer).decide(ask, &decision).unwrap();
    match next(&asker) {
        News::Approved(approval) => assert_eq!(approval.reviewer, "alice"),
        other => panic!("{other:?}"),
    }
    asker.claim(ask);
    assert_eq!(next(&asker), News::Claimed);
    // A reviewer's token asks nothing.
    let asker = Asker::start(over_tcp(&reviewer)).unwrap();
    asker.ask(request);
    assert!(matches!(next(&asker), News::Unreachable { .. }));
}

#[test]
fn one_user_cannot_ask_in_the_name_of_another() {
    let house = House::open();
    let asker = house.asker();
    let request = Draft {
        uid: draft("").uid + 1,
        ..draft("touch made")
    };
    asker.ask(
        request
            .file(Timestamp::now(), Duration::from_secs(9))
            .unwrap(),
    );
    assert!(matches!(next(&asker), News::Unreachable { why } if why.contains("another user")));
}

#[test]
fn without_a_service_the_ask_ends_at_once_and_says_how_to_start_one() {
    let folder = tempfile::tempdir().unwrap();
    let asker = Asker::start(AskSettings {
        places: Some(Places::below(folder.path())),
        ..settings()
    })
    .unwrap();
    let began = Instant::now();
    asker.ask(request("touch made"));
    assert!(matches!(next(&asker), News::Unreachable { why } if why.contains("guardsh serve")));
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_socket_without_a_service_is_unreachable_after_three_seconds() {
    let mut house = House::open();
    house.stop();
    // As a service leaves it that was killed.
    drop(std::os::unix::net::UnixListener::bind(house.socket()).unwrap());
    let asker = house.asker();
    let began = Instant::now();
    asker.ask(request("touch made"));
    assert!(matches!(next(&asker), News::Unreachable { why } if why.contains("refused")));
    assert!(began.elapsed() < Duration::from_secs(6));
}

#[test]
fn a_token_never_crosses_a_network_in_the_clear_and_never_lies_open() {
    let token = Token::Read("x".to_owned());
    for url in [
        "http://approve.example",
        "http://10.0.0.1:80/",
        "ftp://localhost",
        "x",
        "https://u:p@h",
    ] {
        assert!(Reach::url(url, Some(&token), None).is_err(), "{url}");
    }
    for url in [
        "http://127.0.0.1:1",
        "http://[::1]:1",
        "https://approve.example",
    ] {
        assert!(Reach::url(url, Some(&token), None).is_ok(), "{url}");
        assert!(Reach::url(url, None, None).is_err(), "{url}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "secret\n").unwrap();
    for (mode, fine) in [(0o600, true), (0o640, true), (0o644, false), (0o660, false)] {
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(&file, permissions).unwrap();
        let reach = Reach::url("https://h", Some(&Token::File(file.clone())), None);
        assert_eq!(reach.is_ok(), fine, "{mode:o}");
    }
}

/// A service that misbehaves: says for each call what it answers, or nothing at all.
struct Fake {
    url: String,
}

type Answer = Option<(u16, String)>;

impl Fake {
    /// Over HTTPS, with a certificate for 127.0.0.1 that is its own authority; gives its PEM.
    fn with_tls(answer: impl Fn(&str, &Value) -> Answer + Send + Sync + 'static) -> (Self, String) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        let key = made.signing_key.serialize_der().try_into().unwrap();
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let tls = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = rustls::StreamOwned::new(tls, stream.unwrap());
                // A client that does not trust the certificate leaves during the handshake.
                if stream.conn.complete_io(&mut stream.sock).is_ok() {
                    serve_one(stream, &answer);
                }
            }
        });
        (Self { url }, made.cert.pem())
    }

    fn new(answer: impl Fn(&str, &Value) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let answer = Arc::clone(&answer);
                std::thread::spawn(move || serve_one(stream.unwrap(), &*answer));
            }
        });
        Self { url }
    }

    fn asker(&self, hold: Duration) -> Asker {
        Asker::start(AskSettings {
            url: Some(self.url.clone()),
            token: Some(Token::Read("x".to_owned())),
            hold,
            ..settings()
        })
        .unwrap()
    }
}

fn serve_one(stream: impl std::io::Read + std::io::Write, answer: &dyn Fn(&str, &Value) -> Answer) {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).unwrap();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let mut stream = reader.into_inner();
    let what = first.rsplit_once(' ').unwrap().0;
    match answer(what, &body) {
        Some((status, text)) => {
            let length = text.len();
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            );
            let _ = stream.write_all(format!("{head}{text}").as_bytes());
        }
        // Holds the connection until the client leaves.
        None => drop(stream.read(&mut [0])),
    }
}

/// What an honest service would answer, with some members put over it.
fn honest(body: &Value, over: Value) -> String {
    let mut body = body.clone();
    let digest = guardsh_protocol::body_digest(&body).unwrap();
    let members = body.as_object_mut().unwrap();
    members.insert("state".to_owned(), json!("pending"));
    members.insert("digest".to_owned(), json!(digest));
    members.extend(over.as_object().unwrap().clone());
    body.to_string()
}

fn end_with(fake: &Fake, hold: Duration) -> (Vec<News>, Duration) {
    let asker = fake.asker(hold);
    let began = Instant::now();
    asker.ask(request("touch made"));
    let mut all = vec![next(&asker)];
    while matches!(all.last(), Some(News::Accepted(_))) {
        all.push(next(&asker));
    }
    (all, began.elapsed())
}

#[test]
fn a_service_that_fails_or_hangs_is_unreachable_after_three_seconds() {
    let failing = Fake::new(|_, _| Some((500, "{}".to_owned())));
    let hanging = Fake::new(|_, _| None);
    for fake in [failing, hanging] {
        let (news, took) = end_with(&fake, Duration::from_secs(30));
        assert!(
            matches!(news.as_slice(), [News::Unreachable { .. }]),
            "{news:?}"
        );
        assert!(
            took > Duration::from_secs(2) && took < Duration::from_secs(6),
            "{took:?}"
        );
    }
}

#[test]
fn a_service_that_lies_or_babbles_is_unreachable_at_once() {
    let wrong_digest =
        |_: &str, body: &Value| Some((201, honest(body, json!({ "digest": "0".repeat(64) }))));
    let babble = |_: &str, _: &Value| Some((201, "<html>fine</html>".to_owned()));
    let empty = |_: &str, _: &Value| Some((200, "{}".to_owned()));
    let redirect = |_: &str, _: &Value| Some((302, String::new()));
    // Another line in place of ours, consistent in itself.
    let swapped =
        |_: &str, _: &Value| Some((200, honest(&request("rm -rf /").body().unwrap(), json!({}))));
    // Our line with another id is an earlier request of ours; with 201 it is a lie.
    let changed = |_: &str, _: &Value| {
        Some((
            201,
            honest(&request("touch made").body().unwrap(), json!({})),
        ))
    };
    let unfounded =
        |_: &str, body: &Value| Some((201, honest(body, json!({ "state": "approved" }))));
    let other_decision = |_: &str, body: &Value| {
        let decision = json!({
            "decision": "approve", "scope": "once", "digest": "0".repeat(64),
            "reviewer": "mallory", "decided_at": "2026-01-01T00:00:00Z",
        });
        let over = json!({ "state": "approved", "decisions": [decision] });
        Some((201, honest(body, over)))
    };
    type Liar = Box<dyn Fn(&str, &Value) -> Answer + Send + Sync>;
    let liars: [(&str, Liar); 8] = [
        ("wrong digest", Box::new(wrong_digest)),
        ("babble", Box::new(babble)),
        ("empty", Box::new(empty)),
        ("redirect", Box::new(redirect)),
        ("swapped", Box::new(swapped)),
        ("changed", Box::new(changed)),
        ("unfounded", Box::new(unfounded)),
        ("other decision", Box::new(other_decision)),
    ];
    for (name, liar) in liars {
        let (news, took) = end_with(&Fake::new(liar), Duration::from_secs(30));
        assert!(
            matches!(news.last(), Some(News::Unreachable { .. })),
            "{name}: {news:?}"
        );
        assert!(took < Duration::from_secs(2), "{name}: {took:?}");
    }
}

#[test]
fn once_accepted_a_fault_leaves_the_request_pending_and_a_lie_does_not() {
    type Poll = fn() -> Answer;
    let cases: [(&str, Poll, bool); 4] = [
        ("failing", || Some((503, String::new())), true),
        ("hanging", || None, true),
        ("babbling", || Some((200, "fine".to_owned())), false),
        (
            "lying",
            || {
                Some((
                    200,
                    honest(
                        &request("rm x").body().unwrap(),
                        json!({"state": "approved"}),
                    ),
                ))
            },
            false,
        ),
    ];
    for (name, poll, stays) in cases {
        let fake = Fake::new(
            move |what, body| match what.starts_with("POST /v1/requests") {
                true => Some((201, honest(body, json!({})))),
                false => poll(),
            },
        );
        let (news, took) = end_with(&fake, Duration::from_secs(2));
        match stays {
            true => assert_eq!(news.last(), Some(&News::Pending), "{name}"),
            false => assert!(
                matches!(news.last(), Some(News::Unreachable { .. })),
                "{name}: {news:?}"
            ),
        }
        assert!(took < Duration::from_secs(4), "{name}: {took:?}");
    }
}

#[test]
fn a_claim_without_an_answer_counts_as_used() {
    type Claiming = fn() -> Answer;
    let cases: [(&str, Claiming); 3] = [
        ("hanging", || None),
        ("failing", || Some((500, String::new()))),
        ("granting another claim", || {
            Some((
                200,
                json!({"state": "claimed", "claim_id": "x", "digest": "y"}).to_string(),
            ))
        }),
    ];
    for (name, claiming) in cases {
        let fake = Fake::new(move |what, body| match what {
            "POST /v1/requests" => {
                let digest = guardsh_protocol::body_digest(body).unwrap();
                let decision = json!({
                    "decision": "approve", "scope": "once", "digest": digest,
                    "reviewer": "alice", "decided_at": "2026-01-01T00:00:00Z",
                });
                let over = json!({ "state": "approved", "decisions": [decision] });
                Some((201, honest(body, over)))
            }
            _ => claiming(),
        });
        let asker = fake.asker(Duration::from_secs(30));
        let request = request("touch made");
        let ask = request.id;
        asker.ask(request);
        accepted(&asker);
        assert!(matches!(next(&asker), News::Approved(_)));
        let lost = claim_and_wait(&asker, ask);
        assert!(
            matches!(lost, Err(ClaimLoss::Unknown { .. })),
            "{name}: {lost:?}"
        );
    }
}

#[test]
fn blocking_and_interrupting() {
    let house = House::open();
    let asker = house.asker();
    let line = request("touch made");
    let ask = line.id;
    let reviewer = house.reviewer();
    let outcome = ask_and_wait(
        &asker,
        line,
        &mut |news| {
            if let News::Accepted(accepted) = news {
                approve(&reviewer, accepted.request).unwrap();
            }
        },
        &|| false,
    );
    assert!(matches!(outcome, Outcome::Approved(_)), "{outcome:?}");
    assert_eq!(claim_and_wait(&asker, ask), Ok(()));

    let interrupted = std::cell::Cell::new(false);
    let outcome = ask_and_wait(
        &asker,
        request("touch other"),
        &mut |_| interrupted.set(true),
        &|| interrupted.get(),
    );
    assert_eq!(outcome, Outcome::Cancelled);
    assert_eq!(reviewer.pending().unwrap().len(), 0);
}

#[test]
fn https_is_trusted_by_the_configured_certificates_alone() {
    let pending = |what: &str, body: &Value| match what {
        "POST /v1/requests" => Some((201, honest(body, json!({})))),
        _ => None,
    };
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    let (fake, pem) = Fake::with_tls(pending);
    std::fs::write(&ca_file, pem).unwrap();
    let ask = |ca_file: Option<PathBuf>| {
        let asker = Asker::start(AskSettings {
            url: Some(fake.url.clone()),
            token: Some(Token::Read("x".to_owned())),
            ca_file,
            ..settings()
        })
        .unwrap();
        asker.ask(request("touch made"));
        next(&asker)
    };
    assert!(matches!(ask(Some(ca_file.clone())), News::Accepted(_)));
    assert!(matches!(ask(None), News::Unreachable { .. }));
    let (_, other) = Fake::with_tls(pending);
    std::fs::write(&ca_file, other).unwrap();
    assert!(matches!(ask(Some(ca_file)), News::Unreachable { .. }));
}
