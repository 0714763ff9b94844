//! The asker against the real service on a real database and real sockets, and against services that lie,
//! hang, break and vanish.

use super::*;
use guardsh_protocol::{
    ActionRecord, Agent, Choice, Door, Draft, NewDecision, ProgramRecord, Request, RequestId,
    RequestName, RiskRecord, Scope, State,
};
use guardsh_server::{Role, Rules, Running, ServeOptions, StoreUrl};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
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
                device: Some(1),
                inode: Some(u64::MAX),
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
