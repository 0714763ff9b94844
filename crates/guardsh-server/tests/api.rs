//! The service's API as any client sees it: by hand, over real sockets, on a real database.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use guardsh_protocol::{ActionRecord, Agent, Door, Draft, Request, RiskRecord};
use guardsh_server::{Role, Rules, Running, ServeOptions, StoreUrl};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

struct House {
    folder: tempfile::TempDir,
    runtime: Runtime,
    running: Option<Running>,
}

impl House {
    fn open() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let options = ServeOptions {
            listen: Some("127.0.0.1:0".parse().unwrap()),
            sockets: vec![folder.path().join("serve.sock")],
            // A name that would break an address made without care.
            store: StoreUrl::Sqlite(folder.path().join("a b?c#d%20.sqlite")),
            rules: Rules {
                asks_open: 1000,
                asks_per_hour: 1000,
                ..Rules::default()
            },
            log: Arc::new(|_| {}),
        };
        let running = runtime.block_on(guardsh_server::start(options)).unwrap();
        Self {
            folder,
            runtime,
            running: Some(running),
        }
    }

    fn local(&self, method: &str, target: &str, body: &str) -> (u16, Value) {
        let stream = UnixStream::connect(self.folder.path().join("serve.sock")).unwrap();
        call(stream, method, target, "", body)
    }

    fn network(&self, token: &str, method: &str, target: &str, body: &str) -> (u16, Value) {
        let address = self.running.as_ref().unwrap().address().unwrap();
        let stream = TcpStream::connect(address).unwrap();
        let header = format!("authorization: Bearer {token}\r\n");
        call(stream, method, target, &header, body)
    }

    fn token(&self, role: Role, name: &str) -> String {
        let store = self.running.as_ref().unwrap().store();
        self.runtime
            .block_on(guardsh_server::create_token(
                store,
                role,
                name,
                Timestamp::now(),
            ))
            .unwrap()
    }

    fn file(&self, line: &str) -> Request {
        let request = request(line);
        let (status, answer) = self.local("POST", "/v1/requests", &text(&request));
        assert_eq!(status, 201, "{answer}");
        request
    }

    fn approve(&self, request: &Request) {
        let target = format!("/v1/requests/{}/decisions", request.id);
        let decision = json!({ "decision": "approve", "digest": request.digest().unwrap() });
        let (status, answer) = self.local("POST", &target, &decision.to_string());
        assert_eq!(status, 200, "{answer}");
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop());
        }
    }
}

fn call(
    mut stream: impl Read + Write,
    method: &str,
    target: &str,
    headers: &str,
    body: &str,
) -> (u16, Value) {
    let length = body.len();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.to_lowercase().contains("x-request-id: "), "{head}");
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

fn request(line: &str) -> Request {
    draft(line)
        .file(Timestamp::now(), Duration::from_secs(300))
        .unwrap()
}

fn draft(line: &str) -> Draft {
    Draft {
        session: "s".to_owned(),
        host: "h".to_owned(),
        uid: nix::unistd::Uid::current().as_raw(),
        user: "u".to_owned(),
        door: Door::Command,
        agent: Agent::default(),
        shell: "/bin/sh".into(),
        cwd: "/".into(),
        line: line.as_bytes().to_vec(),
        actions: vec![ActionRecord {
            kind: "run".to_owned(),
            argv: Some(vec![line.to_owned()]),
            verdict: "ask".to_owned(),
            ..ActionRecord::default()
        }],
        risk: RiskRecord::default(),
        recent: Vec::new(),
        attachments: Vec::new(),
        justification: None,
        policy_digest: "p".to_owned(),
    }
}

fn text(request: &Request) -> String {
    request.body().unwrap().to_string()
}

/// Runs `count` clients at once and gives what each got.
fn race<T: Send>(count: usize, client: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let gate = std::sync::Barrier::new(count);
    let (gate, client) = (&gate, &client);
    std::thread::scope(|scope| {
        let runners: Vec<_> = (0..count)
            .map(|number| {
                scope.spawn(move || {
                    gate.wait();
                    client(number)
                })
            })
            .collect();
        runners
            .into_iter()
            .map(|runner| runner.join().unwrap())
            .collect()
    })
}

#[test]
fn every_error_has_a_code_a_message_and_an_id() {
    let house = House::open();
    let id = request("x").id;
    let cases = [
        ("GET", "/nothing", String::new(), 404, "not_found"),
        (
            "PUT",
            "/v1/requests",
            String::new(),
            405,
            "method_not_allowed",
        ),
        ("POST", "/v1/requests", "{".to_owned(), 400, "malformed"),
        ("POST", "/v1/requests", "{}".to_owned(), 400, "malformed"),
        (
            "POST",
            "/v1/requests",
            "[".repeat(100_000),
            400,
            "malformed",
        ),
        (
            "POST",
            "/v1/requests",
            " ".repeat(5 << 20),
            413,
            "too_large",
        ),
        (
            "GET",
            "/v1/requests?state=odd",
            String::new(),
            400,
            "malformed",
        ),
        ("GET", "/v1/requests?odd=1", String::new(), 400, "malformed"),
        ("GET", "/v1/requests/x", String::new(), 404, "not_found"),
        (
            "GET",
            &format!("/v1/requests/{id}"),
            String::new(),
            404,
            "not_found",
        ),
        (
            "POST",
            &format!("/v1/requests/{id}/cancel"),
            String::new(),
            404,
            "not_found",
        ),
        (
            "POST",
            &format!("/v1/requests/{id}/claim"),
            json!({ "claim_id": "x".repeat(16) }).to_string(),
            404,
            "not_found",
        ),
        (
            "POST",
            &format!("/v1/requests/{id}/decisions"),
            json!({ "decision": "approve", "digest": "x" }).to_string(),
            404,
            "not_found",
        ),
        (
            "POST",
            &format!("/v1/requests/{id}/decisions"),
            json!({ "decision": "deny", "digest": "x", "reason": " " }).to_string(),
            400,
            "no_reason",
        ),
        (
            "POST",
            &format!("/v1/requests/{id}/decisions"),
            json!({ "decision": "approve", "digest": "x", "odd": 1 }).to_string(),
            400,
            "malformed",
        ),
    ];
    for (method, target, body, status, code) in cases {
        let (got, error) = house.local(method, target, &body);
        assert_eq!(
            (got, &error["code"]),
            (status, &json!(code)),
            "{method} {target}: {error}"
        );
        assert!(!error["message"].as_str().unwrap().is_empty());
        assert!(!error["request_id"].as_str().unwrap().is_empty());
    }
}

#[test]
fn nothing_but_health_is_told_without_a_token() {
    let house = House::open();
    let request = house.file("touch made");
    let id = request.id;
    for (method, target) in [
        ("GET", "/v1/requests".to_owned()),
        ("POST", "/v1/requests".to_owned()),
        ("GET", format!("/v1/requests/{id}")),
        ("POST", format!("/v1/requests/{id}/claim")),
        ("POST", format!("/v1/requests/{id}/cancel")),
        ("POST", format!("/v1/requests/{id}/decisions")),
        ("POST", format!("/v1/requests/{id}/lift")),
        ("POST", "/v1/records".to_owned()),
    ] {
        let (status, _) = house.network("guess", method, &target, "{}");
        assert_eq!(status, 401, "{method} {target}");
    }
    for target in ["/healthz", "/readyz"] {
        assert_eq!(house.network("guess", "GET", target, "").0, 200, "{target}");
    }
}

#[test]
fn a_client_that_is_refused_early_gets_its_answer() {
    let house = House::open();
    let body = " ".repeat(3 << 20);
    for _ in 0..10 {
        assert_eq!(house.network("guess", "POST", "/v1/requests", &body).0, 401);
        assert_eq!(house.local("POST", "/v1/nothing", &body).0, 404);
    }
}

#[test]
fn a_token_that_is_taken_away_opens_nothing() {
    let house = House::open();
    let token = house.token(Role::Reviewer, "alice");
    assert_eq!(house.network(&token, "GET", "/v1/requests", "").0, 200);
    let store = house.running.as_ref().unwrap().store();
    let again = guardsh_server::create_token(store, Role::Host, "alice", Timestamp::now());
    assert!(house.runtime.block_on(again).is_err());
    let removed = guardsh_server::remove_token(store, "alice");
    house.runtime.block_on(removed).unwrap();
    assert_eq!(house.network(&token, "GET", "/v1/requests", "").0, 401);
}

#[test]
fn a_host_cannot_pretend_to_be_answered() {
    let house = House::open();
    let mut body = request("touch made").body().unwrap();
    body["state"] = json!("approved");
    let (status, error) = house.local("POST", "/v1/requests", &body.to_string());
    assert_eq!(status, 400, "{error}");
    let mut body = request("touch made").body().unwrap();
    body["line"] = json!("ls");
    let (status, error) = house.local("POST", "/v1/requests", &body.to_string());
    assert_eq!(status, 400, "{error}");
}

#[test]
fn a_request_can_be_filed_again_and_its_id_not_taken() {
    let house = House::open();
    let request = house.file("touch made");
    let (status, answer) = house.local("POST", "/v1/requests", &text(&request));
    assert_eq!((status, &answer["state"]), (200, &json!("pending")));
    let mut other = self::request("touch other").body().unwrap();
    other["id"] = json!(request.id);
    let (status, error) = house.local("POST", "/v1/requests", &other.to_string());
    assert_eq!((status, &error["code"]), (409, &json!("id_taken")));
    // Nor by another host, which must not learn of it either way.
    let host = house.token(Role::Host, "web-1");
    let (status, error) = house.network(&host, "POST", "/v1/requests", &text(&request));
    assert_eq!((status, &error["code"]), (409, &json!("id_taken")));
}

#[test]
fn a_member_of_a_newer_version_is_kept() {
    let house = House::open();
    let mut body = request("touch made").body().unwrap();
    body["newer"] = json!({ "b": [1, true], "a": null });
    let (status, answer) = house.local("POST", "/v1/requests", &body.to_string());
    assert_eq!(status, 201, "{answer}");
    assert_eq!(answer["newer"], body["newer"]);
    assert_eq!(
        answer["digest"],
        json!(guardsh_protocol::body_digest(&body).unwrap())
    );
}

#[test]
fn of_twins_filed_at_once_one_is_kept() {
    let house = House::open();
    let statuses = race(16, |_| {
        let (status, answer) = house.local("POST", "/v1/requests", &text(&request("touch made")));
        (status, answer["id"].as_str().unwrap().to_owned())
    });
    assert!(statuses.iter().all(|(_, id)| *id == statuses[0].1));
    assert_eq!(
        statuses.iter().filter(|(status, _)| *status == 201).count(),
        1
    );
    let (_, waiting) = house.local("GET", "/v1/requests?state=pending", "");
    assert_eq!(waiting.as_array().unwrap().len(), 1);
}

#[test]
fn of_racing_claims_one_wins_and_may_repeat_itself() {
    let house = House::open();
    let request = house.file("touch made");
    let target = format!("/v1/requests/{}/claim", request.id);
    let claim = |number: usize| {
        let claim = json!({ "claim_id": format!("claim-of-racer-{number:04}") });
        house.local("POST", &target, &claim.to_string())
    };
    assert_eq!(claim(0).1["code"], json!("pending"));
    house.approve(&request);
    let statuses: Vec<u16> = race(16, claim)
        .into_iter()
        .map(|(status, _)| status)
        .collect();
    let winner = statuses.iter().position(|status| *status == 200).unwrap();
    for (number, status) in statuses.iter().enumerate() {
        assert_eq!(*status, if number == winner { 200 } else { 409 });
        assert_eq!(claim(number).0, *status);
    }
}

#[test]
fn who_waits_is_answered_when_somebody_decides() {
    let house = House::open();
    let request = house.file("touch made");
    let target = format!("/v1/requests/{}?wait=50", request.id);
    let states = std::thread::scope(|scope| {
        let waiting: Vec<_> = (0..20)
            .map(|_| scope.spawn(|| house.local("GET", &target, "").1["state"].clone()))
            .collect();
        house.approve(&request);
        waiting
            .into_iter()
            .map(|waiter| waiter.join().unwrap())
            .collect::<Vec<_>>()
    });
    assert_eq!(states, vec![json!("approved"); 20]);
}

#[test]
fn words_with_a_nul_are_kept_as_they_are() {
    let house = House::open();
    let request = house.file("touch \0 made");
    let target = format!("/v1/requests/{}/decisions", request.id);
    let decision = json!({
        "decision": "deny", "digest": request.digest().unwrap(),
        "reason": "no\u{0}w", "suggestion": "\u{1b}[2J",
    });
    let (status, answer) = house.local("POST", &target, &decision.to_string());
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["decisions"][0]["reason"], decision["reason"]);
    assert_eq!(answer["decisions"][0]["suggestion"], decision["suggestion"]);
    assert_eq!(answer["line"], json!("touch \0 made"));
}

#[test]
fn thousands_of_actions_are_filed_and_denied_in_a_moment() {
    let house = House::open();
    let many = || {
        let actions = (0..5000).map(|number| ActionRecord {
            kind: "run".to_owned(),
            argv: Some(vec!["touch".to_owned(), number.to_string()]),
            verdict: "ask".to_owned(),
            ..ActionRecord::default()
        });
        Draft {
            actions: actions.collect(),
            ..draft("many")
        }
        .file(Timestamp::now(), Duration::from_secs(300))
        .unwrap()
    };
    let began = std::time::Instant::now();
    let request = many();
    assert_eq!(house.local("POST", "/v1/requests", &text(&request)).0, 201);
    let decision = json!({
        "decision": "deny", "digest": request.digest().unwrap(), "reason": "too many",
    });
    let target = format!("/v1/requests/{}/decisions", request.id);
    assert_eq!(house.local("POST", &target, &decision.to_string()).0, 200);
    let (_, answer) = house.local("POST", "/v1/requests", &text(&many()));
    assert_eq!(answer["state"], json!("denied"));
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn requests_are_listed_by_state() {
    let house = House::open();
    let [pending, approved, denied, cancelled, claimed] =
        ["a", "b", "c", "d", "e"].map(|line| house.file(line));
    house.approve(&approved);
    house.approve(&claimed);
    let of = |request: &Request, what: &str| format!("/v1/requests/{}/{what}", request.id);
    let claim = json!({ "claim_id": "0123456789abcdef" }).to_string();
    let deny = json!({
        "decision": "deny", "digest": denied.digest().unwrap(), "reason": "no",
    });
    for (target, body) in [
        (of(&claimed, "claim"), claim),
        (of(&denied, "decisions"), deny.to_string()),
        (of(&cancelled, "cancel"), String::new()),
    ] {
        let (status, answer) = house.local("POST", &target, &body);
        assert_eq!(status, 200, "{answer}");
    }
    let listed = |query: &str| -> Vec<Value> {
        let (status, answer) = house.local("GET", &format!("/v1/requests{query}"), "");
        assert_eq!(status, 200, "{answer}");
        answer
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["id"].clone())
            .collect()
    };
    assert_eq!(listed("?state=pending"), [json!(pending.id)]);
    assert_eq!(listed("?state=approved"), [json!(approved.id)]);
    assert_eq!(listed("?state=denied"), [json!(denied.id)]);
    assert_eq!(listed("?state=cancelled"), [json!(cancelled.id)]);
    assert_eq!(listed("?state=claimed"), [json!(claimed.id)]);
    assert_eq!(listed("?state=expired"), Vec::<Value>::new());
    assert_eq!(listed("").len(), 5);
    assert_eq!(
        listed(&format!("?short={}", denied.id.short().to_lowercase())),
        [json!(denied.id)]
    );
}

#[test]
fn records_are_kept_all_or_none() {
    let house = House::open();
    let host = house.token(Role::Host, "web-1");
    let batch = json!({ "records": [{ "seq": 1 }, { "seq": 2 }] }).to_string();
    let (status, answer) = house.network(&host, "POST", "/v1/records", &batch);
    assert_eq!((status, &answer["stored"]), (200, &json!(2)));
    assert_eq!(house.network(&host, "POST", "/v1/records", "{}").0, 400);
    let reviewer = house.token(Role::Reviewer, "alice");
    assert_eq!(
        house.network(&reviewer, "POST", "/v1/records", &batch).0,
        403
    );
}

#[test]
fn a_client_that_sends_its_head_slowly_holds_up_nobody() {
    let house = House::open();
    let mut slow: Vec<UnixStream> = (0..50)
        .map(|_| UnixStream::connect(house.folder.path().join("serve.sock")).unwrap())
        .collect();
    for stream in &mut slow {
        stream.write_all(b"GET /healthz HTTP/1.1\r\n").unwrap();
    }
    assert_eq!(house.local("GET", "/healthz", "").0, 200);
    // And it is sent away before long.
    let stream = slow.last_mut().unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
}
