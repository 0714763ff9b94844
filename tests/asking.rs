//! Asking people, through the built program: services that fail in every way, answers, holds, twins.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use common::{Call, Ended, Fake, Home, Running, answer, until};
use guardsh_protocol::body_digest;
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Mutex;

/// `touch` asks, `ls` runs, `rm` does not.
fn config(approval: &str) -> String {
    format!(
        r#"
version = 1
[policy]
packs = ["readonly"]
[[rule]]
id = "no-rm"
decision = "deny"
run = ["rm **"]
reason = "nothing is removed here"
suggest = "mv it away"
[approval]
{approval}
"#
    )
}

fn home(approval: &str) -> Home {
    Home::new(&config(approval))
}

/// A home with a service that runs.
fn served(approval: &str) -> Home {
    let mut home = home(approval);
    home.serve();
    home
}

/// A home whose service is the fake.
fn faked(fake: &Fake, hold: &str) -> Home {
    let home = home("");
    let token = home.at("token");
    fs::write(&token, "a-token-for-the-fake\n").unwrap();
    fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
    let url = &fake.url;
    home.configure(&config(&format!(
        "url = \"{url}\"\ntoken_file = \"{}\"\nhold = \"{hold}\"",
        token.display()
    )));
    home
}

fn asking(home: &Home, line: &str) -> Running {
    Running::start(home.guardsh(&["-c", line]))
}

/// The same twice: told in words, and told as JSON.
fn told_both_ways(home: &Home, line: &str) -> (Ended, Value) {
    let mut json = home.guardsh(&["-c", line]);
    json.env("GUARDSH_FEEDBACK", "json");
    let (text, json) = (asking(home, line), Running::start(json));
    let (text, json) = (text.end(), json.end());
    assert_eq!((text.out(), json.out()), ("", ""));
    assert_eq!(
        (text.code(), json.code()),
        (Some(126), Some(126)),
        "{text:?}\n{json:?}"
    );
    (text, json.refusal())
}

fn assert_unreachable(home: &Home) {
    let (text, json) = told_both_ways(home, "touch made");
    assert!(
        text.err().contains("not run: touch made") && text.err().contains("unreachable"),
        "{text:?}"
    );
    assert_eq!(
        (&json["outcome"], &json["exit"], &json["retry"]),
        (&json!("unreachable"), &json!(126), &json!("later"))
    );
    assert!(!home.has("made"));
    // What a local rule allows runs all the same, and what one denies is denied.
    assert_eq!(home.run(&["-c", "ls -d ."]).out(), ".\n");
    assert!(home.run(&["-c", "rm x"]).err().contains("no-rm"));
    home.verify_log();
}

/// A whole answer about this request.
fn standing(body: &Value, state: &str) -> Value {
    let mut whole = body.clone();
    let members = whole.as_object_mut().unwrap();
    members.insert("state".to_owned(), json!(state));
    members.insert("digest".to_owned(), json!(body_digest(body).unwrap()));
    members.insert("short".to_owned(), json!("000000"));
    members.insert("waited_s".to_owned(), json!(0));
    members.insert("expires_in_s".to_owned(), json!(300));
    members.insert("decisions".to_owned(), json!([]));
    whole
}

fn approved(body: &Value) -> Value {
    let mut whole = standing(body, "approved");
    whole["decisions"] = json!([{
        "decision": "approve", "scope": "once", "digest": body_digest(body).unwrap(),
        "reviewer": "fake", "decided_at": "2026-01-01T00:00:00Z",
    }]);
    whole
}

/// A fake that takes requests as it should, and answers what comes later as told.
fn takes_then(later: impl Fn(&Value, &Call, &mut TcpStream) + Send + 'static) -> Fake {
    let filed = Mutex::new(Value::Null);
    Fake::start(move |call, stream| {
        if call.path == "/v1/requests" {
            *filed.lock().unwrap() = call.body.clone();
            answer(
                stream,
                "201 Created",
                &standing(&call.body, "pending").to_string(),
            );
        } else {
            later(&filed.lock().unwrap(), call, stream);
        }
    })
}

#[test]
fn without_a_service_nothing_that_asks_runs() {
    assert_unreachable(&home(""));
}

#[test]
fn a_service_that_was_killed_is_unreachable() {
    let mut home = served("");
    home.kill_service();
    assert_unreachable(&home);
}

#[test]
fn a_service_that_fails_is_unreachable() {
    let fake = Fake::start(|_, stream| answer(stream, "500 Internal Server Error", "{}"));
    assert_unreachable(&faked(&fake, "20s"));
    assert!(fake.calls().len() > 2, "it is tried again");
}

#[test]
fn a_service_that_refuses_is_unreachable() {
    let body = r#"{"code":"unauthorized","message":"no such token","request_id":"x"}"#;
    let fake = Fake::start(move |_, stream| answer(stream, "401 Unauthorized", body));
    let home = faked(&fake, "20s");
    assert_unreachable(&home);
    assert!(
        asking(&home, "touch made")
            .end()
            .err()
            .contains("no such token")
    );
}

#[test]
fn answers_that_are_no_answers_are_unreachable() {
    for body in [
        "",
        "null",
        "[]",
        "{}",
        "{\"state\":\"approved\"}",
        "not JSON",
        "{\"state\":",
        "<html>login</html>",
    ] {
        let fake = Fake::start(move |_, stream| answer(stream, "200 OK", body));
        assert_unreachable(&faked(&fake, "20s"));
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Fake::start(|call, stream| {
        answer(stream, "201 Created", &approved(&call.body).to_string())
    });
    for status in [
        "302 Found",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let to = elsewhere.url.clone();
        let fake = Fake::start(move |_, stream| {
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\nlocation: {to}/v1/requests\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
        });
        assert_unreachable(&faked(&fake, "20s"));
    }
    assert_eq!(elsewhere.calls().len(), 0);
}

#[test]
fn a_service_that_never_answers_is_unreachable_within_seconds() {
    let fake = Fake::start(|_, _| {});
    let began = std::time::Instant::now();
    assert_unreachable(&faked(&fake, "60s"));
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}

#[test]
fn a_service_that_hangs_up_is_unreachable() {
    let fake = Fake::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"state\"");
        let _ = stream.shutdown(std::net::Shutdown::Both);
    });
    assert_unreachable(&faked(&fake, "20s"));
}

#[test]
fn an_answer_without_end_is_unreachable() {
    let fake = Fake::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        let chunk = [b"10000\r\n".as_slice(), &vec![b' '; 0x10000], b"\r\n"].concat();
        while stream.write_all(&chunk).is_ok() {}
    });
    assert_unreachable(&faked(&fake, "20s"));
}

#[test]
fn a_lie_about_what_was_filed_is_unreachable() {
    type Lie = fn(&Value) -> Value;
    let lies: [(&str, Lie); 6] = [
        ("another digest", |body| {
            let mut lie = approved(body);
            lie["digest"] = json!("0".repeat(64));
            lie
        }),
        ("another line", |body| {
            let mut other = body.clone();
            other["line"] = json!("ls");
            approved(&other)
        }),
        ("another user", |body| {
            let mut other = body.clone();
            other["user"] = json!("somebody");
            approved(&other)
        }),
        ("approved by nobody", |body| standing(body, "approved")),
        ("approved about something else", |body| {
            let mut lie = approved(body);
            lie["decisions"][0]["digest"] = json!("1".repeat(64));
            lie
        }),
        ("approved and denied", |body| {
            let mut lie = approved(body);
            let mut second = lie["decisions"][0].clone();
            second["decision"] = json!("deny");
            second["reason"] = json!("no");
            lie["decisions"].as_array_mut().unwrap().push(second);
            lie
        }),
    ];
    for (name, lie) in lies {
        let fake = Fake::start(move |call, stream| {
            answer(stream, "201 Created", &lie(&call.body).to_string())
        });
        println!("{name}");
        assert_unreachable(&faked(&fake, "20s"));
        assert!(
            fake.calls().iter().all(|call| !call.path.contains("claim")),
            "{name}"
        );
    }
}

#[test]
fn a_lie_while_waiting_is_unreachable() {
    let fake = takes_then(|filed, _, stream| {
        let mut lie = approved(filed);
        lie["digest"] = json!("0".repeat(64));
        answer(stream, "200 OK", &lie.to_string());
    });
    assert_unreachable(&faked(&fake, "20s"));
}

#[test]
fn a_service_that_fails_after_it_took_the_request_leaves_it_pending() {
    let fake = takes_then(|_, _, stream| answer(stream, "500 Internal Server Error", "{}"));
    let home = faked(&fake, "1s");
    let (text, json) = told_both_ways(&home, "touch made");
    assert!(text.err().contains("pending"), "{text:?}");
    assert_eq!(
        (&json["outcome"], &json["retry"]),
        (&json!("pending"), &json!("same"))
    );
    assert!(!home.has("made"));
}

#[test]
fn a_claim_that_is_not_granted_does_not_run() {
    type Answer = fn(&Value, &Call) -> (&'static str, String);
    let answers: [Answer; 4] = [
        |_, _| ("200 OK", "{}".to_owned()),
        |filed, _| {
            let digest = body_digest(filed).unwrap();
            (
                "200 OK",
                json!({"state": "claimed", "claim_id": "another-claim-of-this", "digest": digest})
                    .to_string(),
            )
        },
        |_, call| {
            ("200 OK", json!({"state": "claimed", "claim_id": call.body["claim_id"], "digest": "0".repeat(64)}).to_string())
        },
        |_, _| {
            (
                "403 Forbidden",
                r#"{"code":"forbidden","message":"not yours","request_id":"x"}"#.to_owned(),
            )
        },
    ];
    for claim in answers {
        let fake = takes_then(move |filed, call, stream| {
            if call.path.ends_with("/claim") {
                let (status, body) = claim(filed, call);
                answer(stream, status, &body);
            } else {
                answer(stream, "200 OK", &approved(filed).to_string());
            }
        });
        let home = faked(&fake, "20s");
        let ended = asking(&home, "touch made").end();
        assert_eq!(
            (ended.code(), home.has("made")),
            (Some(126), false),
            "{ended:?}"
        );
        assert!(
            ended
                .err()
                .contains("approved, and the approval could not be used"),
            "{ended:?}"
        );
        assert!(home.kinds().contains(&"claim_lost".to_owned()));
        assert!(!home.kinds().contains(&"run".to_owned()));
    }
}

#[test]
fn an_approved_line_runs_once() {
    let home = served("");
    let running = asking(&home, "touch made; no-such-command-anywhere");
    let short = home.wait_pending("touch made; no-such-command-anywhere");
    assert!(!home.has("made"));
    home.review(&["approve", &short]);
    let ended = running.end();
    assert_eq!(
        (ended.code(), ended.out(), home.has("made")),
        (Some(127), "", true),
        "{ended:?}"
    );
    assert!(
        ended
            .err()
            .ends_with("bash: line 1: no-such-command-anywhere: command not found\n"),
        "{ended:?}"
    );
    assert!(
        ended.err().contains(&format!("guardsh approve {short}")),
        "the wait says how: {ended:?}"
    );
    assert_eq!(
        home.kinds(),
        [
            "session_start",
            "verdict",
            "request",
            "decision",
            "run",
            "exit"
        ]
    );
    let log = home.log();
    assert_eq!(
        (&log[3]["outcome"], &log[4]["by"], &log[5]["status"]),
        (&json!("approved"), &json!("person"), &json!(127))
    );
    home.verify_log();
    // The same again is asked anew.
    let again = asking(&home, "touch made; no-such-command-anywhere");
    assert_ne!(
        home.wait_pending("touch made; no-such-command-anywhere"),
        short
    );
    again.signal(Signal::SIGINT);
    assert_eq!(again.end().code(), Some(130));
}

#[test]
fn a_denial_is_told_with_reason_and_suggestion_and_sticks_everywhere() {
    let home = served("");
    let running = asking(&home, "touch made");
    let short = home.wait_pending("touch made");
    home.review(&["deny", &short, "--reason", "not today", "--suggest", "ls"]);
    let ended = running.end();
    assert_eq!((ended.code(), ended.out()), (Some(126), ""));
    assert!(
        ended.err().contains("denied by") && ended.err().contains("not today"),
        "{ended:?}"
    );
    assert!(ended.err().contains("  next  ls\n"), "{ended:?}");
    // At once, in another folder, in a longer line, through another door, in JSON.
    fs::create_dir(home.work().join("sub")).unwrap();
    let mut elsewhere = home.guardsh(&["-c", "ls; touch made"]);
    elsewhere
        .current_dir(home.work().join("sub"))
        .env("PWD", home.work().join("sub"))
        .env("GUARDSH_FEEDBACK", "json");
    let refusal = Running::start(elsewhere).end().refusal();
    assert_eq!(
        (&refusal["outcome"], &refusal["by"], &refusal["retry"]),
        (&json!("denied"), &json!("person"), &json!("after_change"))
    );
    assert!(
        refusal["reason"].as_str().unwrap().contains("not today"),
        "{refusal}"
    );
    let by_input = Running::fed(home.guardsh(&[] as &[&str]), b"touch made\n").end();
    assert!(
        by_input.code() == Some(126) && by_input.err().contains("not today"),
        "{by_input:?}"
    );
    assert!(home.pending().is_empty());
    // Another file is another thing; the denied one can be lifted.
    let other = asking(&home, "touch other");
    home.review(&["approve", &home.wait_pending("touch other")]);
    assert_eq!(other.end().code(), Some(0));
    home.review(&["lift", &short]);
    let again = asking(&home, "touch made");
    home.review(&["approve", &home.wait_pending("touch made")]);
    assert_eq!((again.end().code(), home.has("made")), (Some(0), true));
}

#[test]
fn what_is_held_survives_guard_and_service_and_runs_once() {
    let mut home = served("hold = \"1s\"");
    let (text, json) = told_both_ways(&home, "touch made && echo ran");
    assert!(
        text.err().contains("pending, no answer yet")
            && text.err().contains("submit the same line again"),
        "{text:?}"
    );
    assert_eq!(json["outcome"], "pending");
    let [waiting] = home.pending().try_into().unwrap();
    assert_eq!(
        json["short"], waiting["short"],
        "both waited for the same request"
    );
    home.kill_service();
    home.serve();
    home.review(&["approve", waiting["short"].as_str().unwrap()]);
    home.kill_service();
    home.serve();
    let ended = asking(&home, "touch made && echo ran").end();
    assert_eq!(
        (ended.code(), ended.out(), home.has("made")),
        (Some(0), "ran\n", true),
        "{ended:?}"
    );
    // Used: the next one asks anew.
    let ended = asking(&home, "touch made && echo ran").end();
    assert!(
        ended.code() == Some(126) && ended.out().is_empty() && ended.err().contains("pending"),
        "{ended:?}"
    );
    home.verify_log();
}

#[test]
fn a_service_that_comes_back_while_a_line_waits_is_found_again() {
    let mut home = served("hold = \"30s\"");
    let running = asking(&home, "touch made");
    let short = home.wait_pending("touch made");
    home.kill_service();
    home.serve();
    home.review(&["approve", &short]);
    let ended = running.end();
    assert_eq!(
        (ended.code(), home.has("made")),
        (Some(0), true),
        "{ended:?}"
    );
}

#[test]
fn of_twins_one_runs_and_the_other_asks_anew() {
    let home = served("");
    let line = "echo ran | tee -a made";
    let twins = [asking(&home, line), asking(&home, line)];
    let short = home.wait_pending(line);
    until("both wait for it", || {
        twins
            .iter()
            .all(|twin| common::contains(&twin.complained(), short.as_bytes()))
            .then_some(())
    });
    assert_eq!(home.pending().len(), 1);
    home.review(&["approve", &short]);
    let second = until("the other asks anew", || {
        home.pending()
            .iter()
            .find(|other| other["short"] != json!(short))
            .map(|other| other["short"].as_str().unwrap().to_owned())
    });
    home.review(&["deny", &second, "--reason", "once is enough"]);
    let mut codes = twins.map(|twin| twin.end().code());
    codes.sort_unstable();
    assert_eq!(codes, [Some(0), Some(126)]);
    assert_eq!(
        fs::read_to_string(home.work().join("made")).unwrap(),
        "ran\n"
    );
    home.verify_log();
}

#[test]
fn a_request_that_nobody_answers_expires() {
    let home = served("timeout = \"1s\"\nhold = \"30s\"");
    let (text, json) = told_both_ways(&home, "touch made");
    assert!(text.err().contains("expired, nobody answered"), "{text:?}");
    assert_eq!(
        (&json["outcome"], &json["retry"]),
        (&json!("expired"), &json!("same"))
    );
    assert!(!home.has("made") && home.pending().is_empty());
}

#[test]
fn an_interrupt_takes_the_request_back_and_a_termination_leaves_it() {
    let home = served("");
    let running = asking(&home, "touch made");
    let short = home.wait_pending("touch made");
    running.signal(Signal::SIGTERM);
    let ended = running.end();
    assert_eq!(
        (ended.signal(), ended.out()),
        (Some(Signal::SIGTERM as i32), ""),
        "{ended:?}"
    );
    assert_eq!(home.wait_pending("touch made"), short);
    let running = asking(&home, "touch made");
    until("it waits", || {
        common::contains(&running.complained(), short.as_bytes()).then_some(())
    });
    running.signal(Signal::SIGINT);
    let ended = running.end();
    assert_eq!(ended.code(), Some(130), "{ended:?}");
    until("the request is gone", || {
        home.pending().is_empty().then_some(())
    });
    assert!(!home.has("made"));
    home.verify_log();
}

#[test]
fn a_line_can_be_asked_for_ahead() {
    let home = served("");
    let asked = Running::start(home.guardsh(&[
        "request",
        "--reason",
        "the build needs it",
        "--",
        "touch made",
    ]));
    let short = home.wait_pending("touch made");
    assert_eq!(home.pending()[0]["justification"], "the build needs it");
    home.review(&["approve", &short]);
    let ended = asked.end();
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    assert!(!home.has("made"));
    let ended = asking(&home, "touch made").end();
    assert_eq!(
        (ended.code(), home.has("made")),
        (Some(0), true),
        "{ended:?}"
    );
}

#[test]
fn an_appeal_is_asked_although_a_denial_sticks() {
    let home = served("");
    let running = asking(&home, "touch made");
    home.review(&["deny", &home.wait_pending("touch made"), "--reason", "why?"]);
    assert_eq!(running.end().code(), Some(126));
    let appeal =
        Running::start(home.guardsh(&["request", "--reason", "because", "--", "touch made"]));
    home.review(&["approve", &home.wait_pending("touch made")]);
    assert_eq!(appeal.end().code(), Some(0));
    let ended = asking(&home, "touch made").end();
    assert_eq!(
        (ended.code(), home.has("made")),
        (Some(0), true),
        "{ended:?}"
    );
}

#[test]
fn what_a_session_runs_cannot_answer_for_it() {
    let mut home = Home::new(&format!(
        "{}\n[approval]\nhold = \"1s\"\n",
        common::EVERYTHING
            .replace("\"**\"", "\"ls **\", \"GUARD **\"")
            .replace("GUARD", common::GUARDSH)
    ));
    home.serve();
    assert_eq!(asking(&home, "touch made").end().code(), Some(126));
    let short = home.wait_pending("touch made");
    let guardsh = common::GUARDSH;
    for line in [
        format!("{guardsh} approve {short}"),
        format!("exec {guardsh} approve {short}"),
        format!("( {guardsh} approve {short} ) & wait"),
        format!("nohup {guardsh} approve {short}"),
        format!("{guardsh} deny {short} --reason x"),
        format!("{guardsh} cancel {short}"),
        format!("{guardsh} trust --all"),
        format!("{guardsh} -c '{guardsh} approve {short}'"),
    ] {
        let ended = home.run(&["-c", &line]);
        assert_ne!(ended.code(), Some(0), "{line}: {ended:?}");
        assert_eq!(ended.out(), "", "{line}");
    }
    assert_eq!(
        home.pending()
            .iter()
            .filter(|request| request["short"] == json!(short))
            .count(),
        1
    );
    home.review(&["approve", &short]);
}

#[test]
fn what_changes_before_the_run_is_asked_anew() {
    let home = served("hold = \"30s\"");
    let tool = home.program("tool", "#!/bin/sh\necho tool one\n");
    let running = asking(&home, "./tool");
    let first = home.wait_pending("./tool");
    // Another file under the same name, while the person reads.
    home.program("other", "#!/bin/sh\necho tool two\n");
    fs::rename(home.work().join("other"), &tool).unwrap();
    home.review(&["approve", &first]);
    let second = until("it asks anew", || {
        home.pending()
            .iter()
            .find(|other| other["short"] != json!(first))
            .map(|other| other["short"].as_str().unwrap().to_owned())
    });
    assert_eq!(running.said(), b"");
    home.review(&["approve", &second]);
    let ended = running.end();
    assert_eq!(
        (ended.code(), ended.out()),
        (Some(0), "tool two\n"),
        "{ended:?}"
    );
    assert!(
        home.kinds().contains(&"changed".to_owned()),
        "{:?}",
        home.kinds()
    );
    home.verify_log();
}

#[test]
fn an_approval_is_for_one_policy_one_folder_one_path() {
    let home = served("hold = \"1s\"");
    let approve = |line: &str| {
        assert_eq!(asking(&home, line).end().code(), Some(126));
        home.review(&["approve", &home.wait_pending(line)]);
    };
    let is_asked = |ended: Ended| {
        assert!(
            ended.code() == Some(126) && ended.err().contains("pending"),
            "{ended:?}"
        );
    };
    // A folder.
    approve("touch made");
    fs::create_dir(home.work().join("sub")).unwrap();
    let mut elsewhere = home.guardsh(&["-c", "touch made"]);
    elsewhere
        .current_dir(home.work().join("sub"))
        .env("PWD", home.work().join("sub"));
    is_asked(Running::start(elsewhere).end());
    // A door.
    is_asked(Running::fed(home.guardsh(&[] as &[&str]), b"touch made\n").end());
    // A policy.
    home.configure(
        &config("hold = \"1s\"").replace("nothing is removed", "nothing is ever removed"),
    );
    home.review(&["cancel", home.pending()[0]["short"].as_str().unwrap()]);
    is_asked(asking(&home, "touch made").end());
    assert!(!home.has("made"));
    home.configure(&config("hold = \"1s\""));
    assert_eq!(asking(&home, "touch made").end().code(), Some(0));
    // What the words lead to.
    for request in home.pending() {
        home.review(&["cancel", request["short"].as_str().unwrap()]);
    }
    let with_path = || {
        let mut command = home.guardsh(&["-c", "mytool"]);
        command.env(
            "PATH",
            format!("{}:/usr/bin:/bin", home.work().join("bin").display()),
        );
        Running::start(command).end()
    };
    fs::create_dir(home.work().join("bin")).unwrap();
    home.program("bin/mytool", "#!/bin/sh\necho mine\n");
    is_asked(with_path());
    home.review(&["approve", &home.wait_pending("mytool")]);
    fs::rename(home.work().join("bin/mytool"), home.work().join("bin/old")).unwrap();
    home.program("bin/mytool", "#!/bin/sh\necho evil\n");
    is_asked(with_path());
    // Put back it is a file that was touched since, and whether only moved cannot be told.
    fs::rename(home.work().join("bin/old"), home.work().join("bin/mytool")).unwrap();
    is_asked(with_path());
}

#[test]
fn too_many_open_requests_are_a_limit_and_not_a_person() {
    let home = served("hold = \"1s\"");
    for name in ["a", "b", "c"] {
        assert_eq!(
            asking(&home, &format!("touch {name}")).end().code(),
            Some(126)
        );
    }
    let mut fourth = home.guardsh(&["-c", "touch d"]);
    fourth.env("GUARDSH_FEEDBACK", "json");
    let refusal = Running::start(fourth).end().refusal();
    assert_eq!(
        (&refusal["outcome"], &refusal["by"], &refusal["retry"]),
        (&json!("denied"), &json!("limit"), &json!("later")),
        "{refusal}"
    );
    assert_eq!(home.pending().len(), 3);
}

#[test]
fn tools_without_a_service_say_so() {
    let home = home("");
    for words in [
        &["pending"][..],
        &["approve", "000000"],
        &["show", "000000"],
    ] {
        let ended = home.run(words);
        assert_eq!(
            (ended.code(), ended.out()),
            (Some(1), ""),
            "{words:?}: {ended:?}"
        );
        assert!(ended.err().contains("no approval service"), "{ended:?}");
    }
}

#[test]
fn an_approved_program_that_was_rewritten_in_place_is_asked_about_anew() {
    let mut home = Home::new("version = 1\n");
    home.serve();
    home.program("tool", "#!/bin/sh\necho first > made\n");
    let first = Running::start(home.guardsh(&["-c", "./tool"]));
    let id = home.wait_pending("./tool");
    // The same inode, other contents.
    home.file("tool", "#!/bin/sh\necho second > made\n");
    home.review(&["approve", &id]);
    let again = common::until("another request", || {
        let pending = home.pending();
        let other = pending
            .iter()
            .find(|request| request["line"] == "./tool" && request["id"] != id.as_str());
        other.map(|request| request["id"].as_str().unwrap().to_owned())
    });
    assert!(!home.has("made"));
    home.review(&["deny", &again, "--reason", "it changed"]);
    let ended = first.end();
    assert_eq!(ended.code(), Some(126), "{}", ended.err());
    assert!(!home.has("made"));
}
