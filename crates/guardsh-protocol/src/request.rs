//! A request: everything a person is shown before answering, and everything a verdict depends on.
//!
//! Two digests name it. `material` is what would run and where; it is the same however often the same thing
//! is asked. `digest` is this one request, `material` in it; decisions carry it.

use crate::{ActionRecord, CanonicalError, ProgramRecord, canonical_digest, sha256_hex};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Value, json};
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use uuid::Uuid;

/// A request as it is filed, kept and shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Made by the asker, so that filing can be repeated.
    pub id: RequestId,
    /// The asking session.
    pub session: String,
    /// The host's name, as the host says.
    pub host: String,
    /// The user that the line would run as.
    pub uid: u32,
    /// That user's name.
    pub user: String,
    /// How the line came in.
    pub door: Door,
    /// Who asks, as configured and as it says.
    pub agent: Agent,
    /// Path of the real shell.
    pub shell: String,
    /// The real working folder; what is not UTF-8 is escaped as `\xNN`.
    pub cwd: String,
    /// The working folder's bytes, where they are not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd_base64: Option<String>,
    /// The line as text; what is not UTF-8 is escaped as `\xNN`.
    pub line: String,
    /// The line's bytes: these are what runs.
    pub line_base64: String,
    /// What it would do, with each verdict.
    pub actions: Vec<ActionRecord>,
    /// How much is at stake.
    pub risk: RiskRecord,
    /// What ran before.
    #[serde(default)]
    pub recent: Vec<RecentLine>,
    /// Texts that belong to it: scripts, output of a preview.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// Why the asker wants it; set by an appeal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<String>,
    /// Digest of the policy that was asked.
    pub policy_digest: String,
    /// What would run and where, as a digest.
    pub material: String,
    /// When it was filed, by the host's clock.
    pub created_at: Timestamp,
    /// Until when it can be answered. The service holds to the time between the two by its own clock.
    pub expires_at: Timestamp,
}

/// What a [`Request`] is made of.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The asking session.
    pub session: String,
    /// The host's name.
    pub host: String,
    /// The user that the line would run as.
    pub uid: u32,
    /// That user's name.
    pub user: String,
    /// How the line came in.
    pub door: Door,
    /// Who asks.
    pub agent: Agent,
    /// The real shell.
    pub shell: PathBuf,
    /// The real working folder, links resolved.
    pub cwd: PathBuf,
    /// The line's bytes.
    pub line: Vec<u8>,
    /// What it would do.
    pub actions: Vec<ActionRecord>,
    /// How much is at stake.
    pub risk: RiskRecord,
    /// What ran before.
    pub recent: Vec<RecentLine>,
    /// Texts that belong to it.
    pub attachments: Vec<Attachment>,
    /// Why the asker wants it: makes it an appeal.
    pub justification: Option<String>,
    /// Digest of the policy.
    pub policy_digest: String,
}

impl Draft {
    /// Makes a request of it, with a new id and its material.
    pub fn file(self, now: Timestamp, timeout: Duration) -> Result<Request, RequestError> {
        // The wire has milliseconds, so that every reader sees the same instants.
        let now = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
        let expires_at = SignedDuration::try_from(timeout)
            .ok()
            .and_then(|timeout| now.checked_add(timeout).ok())
            .ok_or(RequestError::Timeout)?;
        let cwd = self.cwd.as_os_str().as_bytes();
        let mut request = Request {
            id: RequestId::new(),
            session: self.session,
            host: self.host,
            uid: self.uid,
            user: self.user,
            door: self.door,
            agent: self.agent,
            shell: text_of(self.shell.as_os_str().as_bytes()),
            cwd: text_of(cwd),
            cwd_base64: std::str::from_utf8(cwd)
                .is_err()
                .then(|| BASE64.encode(cwd)),
            line: text_of(&self.line),
            line_base64: BASE64.encode(&self.line),
            actions: self.actions,
            risk: self.risk,
            recent: self.recent,
            attachments: self.attachments,
            justification: self.justification,
            policy_digest: self.policy_digest,
            material: String::new(),
            created_at: now,
            expires_at,
        };
        request.material = material(&request)?;
        Ok(request)
    }
}

impl Request {
    /// Reads a request out of what a peer sent, and checks that it is consistent with itself.
    ///
    /// Members that only a newer version knows are no error here: they are part of the digest, which goes
    /// by the body as it was sent ([`body_digest`]).
    pub fn from_body(body: &Value) -> Result<Self, RequestError> {
        let request = Self::deserialize(body).map_err(RequestError::Shape)?;
        request.check()?;
        Ok(request)
    }

    /// This one request as a digest: decisions carry it.
    pub fn digest(&self) -> Result<String, RequestError> {
        body_digest(&self.body()?)
    }

    /// The request as JSON, as it is filed.
    pub fn body(&self) -> Result<Value, RequestError> {
        serde_json::to_value(self).map_err(RequestError::Shape)
    }

    /// The bytes that would run.
    pub fn line_bytes(&self) -> Result<Vec<u8>, RequestError> {
        BASE64
            .decode(&self.line_base64)
            .map_err(|_| RequestError::Base64("line_base64"))
    }

    /// How long it may stay open.
    pub fn timeout(&self) -> Duration {
        Duration::try_from(self.expires_at.duration_since(self.created_at))
            .unwrap_or(Duration::ZERO)
    }

    /// The keys by which a denial of this request sticks: one for each action that asked, in their own order.
    pub fn asking_keys(&self) -> Result<Vec<String>, RequestError> {
        let asking = self.actions.iter().filter(|action| action.verdict == "ask");
        let mut keys = asking.map(denial_key).collect::<Result<Vec<_>, _>>()?;
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }

    fn check(&self) -> Result<(), RequestError> {
        if self.actions.len() > MOST_ACTIONS {
            return Err(RequestError::TooManyActions);
        }
        // A reader sees `line`, the shell gets `line_base64`: they must be the same thing.
        if self.line != text_of(&self.line_bytes()?) {
            return Err(RequestError::Mismatch("line"));
        }
        if let Some(encoded) = &self.cwd_base64 {
            let bytes = BASE64
                .decode(encoded)
                .map_err(|_| RequestError::Base64("cwd_base64"))?;
            if self.cwd != text_of(&bytes) {
                return Err(RequestError::Mismatch("cwd"));
            }
        }
        for attachment in &self.attachments {
            attachment.check()?;
        }
        if self.expires_at <= self.created_at {
            return Err(RequestError::Timeout);
        }
        if self.material != material(self)? {
            return Err(RequestError::Mismatch("material"));
        }
        Ok(())
    }
}

/// The digest of a request as it was sent: all its members but those that a service adds ([`RESERVED`]).
pub fn body_digest(body: &Value) -> Result<String, RequestError> {
    Ok(canonical_digest(&body_of(body)?)?)
}

/// A request as it was sent, without what a service adds to it ([`RESERVED`]).
pub fn body_of(answer: &Value) -> Result<Value, RequestError> {
    let Value::Object(members) = answer else {
        return Err(RequestError::NotAnObject);
    };
    Ok(Value::Object(
        members
            .iter()
            .filter(|(name, _)| !RESERVED.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    ))
}

/// What would run and where, as a digest: the same for the same thing, however often it is asked.
///
/// Everything that a verdict depends on is in it; ids, times, session, task, risk and recent lines are not.
pub fn material(request: &Request) -> Result<String, RequestError> {
    let actions = request
        .actions
        .iter()
        .map(action_material)
        .collect::<Result<Vec<_>, _>>()?;
    let attachments: Vec<Value> = request
        .attachments
        .iter()
        .map(|attachment| json!(attachment.sha256))
        .collect();
    let cwd = match &request.cwd_base64 {
        Some(encoded) => encoded.clone(),
        None => BASE64.encode(&request.cwd),
    };
    Ok(canonical_digest(&json!({
        "v": 1,
        "host": request.host,
        "uid": request.uid,
        "door": request.door,
        "shell": request.shell,
        "cwd_base64": cwd,
        "line_base64": request.line_base64,
        "actions": actions,
        "attachments": attachments,
        "agent": { "name": request.agent.name, "environment": request.agent.environment },
        "policy_digest": request.policy_digest,
    }))?)
}

/// The key by which the denial of an action sticks: its kind, the real path of its program, its resolved
/// argv or path. Neither the folder nor the session nor the inode plays a part.
pub fn denial_key(action: &ActionRecord) -> Result<String, RequestError> {
    Ok(canonical_digest(&json!({
        "kind": action.kind,
        "program": action.program.as_ref().map(|program| json!({
            "kind": program.kind,
            "path": program.path,
        })),
        "what": action_words(action),
    }))?)
}

fn action_material(action: &ActionRecord) -> Result<Value, RequestError> {
    Ok(json!({
        "kind": action.kind,
        "program": action.program.as_ref().map(program_material),
        "what": action_words(action),
        "words": action.words,
        "cwd": action.cwd,
    }))
}

fn program_material(program: &ProgramRecord) -> Value {
    let mut material = json!({
        "kind": program.kind,
        "path": program.path,
        "device": program.device,
        "inode": program.inode,
    });
    // A file that others than root could have changed since is another one if it did change.
    if let (Some(changed), Some(members)) = (&program.changed, material.as_object_mut()) {
        members.insert("changed".to_owned(), json!(changed));
    }
    material
}

/// The words of an action, each as base64 of its bytes.
fn action_words(action: &ActionRecord) -> Value {
    let argv = action.argv_base64.clone().or_else(|| {
        action
            .argv
            .as_ref()
            .map(|words| words.iter().map(|word| BASE64.encode(word)).collect())
    });
    let path = action
        .path_base64
        .clone()
        .or_else(|| action.path.as_ref().map(|path| BASE64.encode(path)));
    json!({
        "argv": argv,
        "path": path,
        "name": action.name,
        "value": action.value,
        "line": action.line,
        "what": action.what,
    })
}

/// How a line came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Door {
    /// Typed or pasted in an interactive session.
    Session,
    /// `-c`.
    Command,
    /// A script file.
    Script,
    /// Commands on standard input.
    Stdin,
}

impl Door {
    /// `session`, `command`, `script`, `stdin`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Command => "command",
            Self::Script => "script",
            Self::Stdin => "stdin",
        }
    }
}

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// As configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// As configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// As the agent says; proves nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// As the agent says; proves nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// How much is at stake.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskRecord {
    /// 0 to 100.
    pub score: u8,
    /// `low`, `medium`, `high`, `critical`.
    pub band: String,
    /// What adds to it.
    #[serde(default)]
    pub factors: Vec<RiskFactorRecord>,
}

/// A named part of a risk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskFactorRecord {
    /// Stable name.
    pub name: String,
    /// How much it adds.
    pub points: u8,
    /// On what, in words.
    pub detail: String,
}

/// A line of the same session before this one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentLine {
    /// As text; what is not UTF-8 is escaped.
    pub line: String,
    /// `allow`, `ask`, `deny`.
    pub verdict: String,
    /// Its exit status, if it ran and has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<i32>,
}

/// A text that belongs to a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// What it is: a path, "output of terraform plan".
    pub name: String,
    /// Of its bytes.
    pub sha256: String,
    /// The text, if it is UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The bytes, if they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
}

impl Attachment {
    /// Attaches these bytes.
    pub fn new(name: impl Into<String>, bytes: &[u8]) -> Self {
        let text = std::str::from_utf8(bytes).ok().map(str::to_owned);
        Self {
            name: name.into(),
            sha256: sha256_hex(bytes),
            base64: text.is_none().then(|| BASE64.encode(bytes)),
            text,
        }
    }

    /// The bytes, where they came along.
    pub fn bytes(&self) -> Result<Option<Vec<u8>>, RequestError> {
        match (&self.text, &self.base64) {
            (Some(text), None) => Ok(Some(text.clone().into_bytes())),
            (None, Some(encoded)) => BASE64
                .decode(encoded)
                .map(Some)
                .map_err(|_| RequestError::Base64("attachment")),
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(RequestError::Mismatch("attachment")),
        }
    }

    fn check(&self) -> Result<(), RequestError> {
        match self.bytes()? {
            Some(bytes) if sha256_hex(&bytes) != self.sha256 => {
                Err(RequestError::Mismatch("attachment"))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// The id of a request: a UUIDv7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(Uuid);

impl RequestId {
    /// A new one.
    #[expect(
        clippy::new_without_default,
        reason = "a new id is not a default value"
    )]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// The last six characters in Crockford's base 32: for people, accepted wherever it is unique.
    pub fn short(&self) -> String {
        let low = self.0.as_u128();
        (0..SHORT_LENGTH)
            .rev()
            .filter_map(|place| {
                let five = usize::try_from((low >> (5 * place)) & 31).ok()?;
                CROCKFORD.get(five).copied().map(char::from)
            })
            .collect()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for RequestId {
    type Err = RequestError;

    /// Reads the hyphenated form of a version 7 UUID and nothing else.
    fn from_str(text: &str) -> Result<Self, RequestError> {
        let uuid = Uuid::try_parse(text).map_err(|_| RequestError::Id)?;
        if uuid.get_version_num() != 7 || text.len() != 36 {
            return Err(RequestError::Id);
        }
        Ok(Self(uuid))
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// How a person may name a request: by its whole id or by the short one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestName {
    /// The whole id.
    Whole(RequestId),
    /// Six characters, in capitals.
    Short(String),
}

impl FromStr for RequestName {
    type Err = RequestError;

    fn from_str(text: &str) -> Result<Self, RequestError> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Whole(id));
        }
        let short: Option<String> = text.chars().map(crockford_digit).collect();
        match short {
            Some(short) if short.len() == SHORT_LENGTH => Ok(Self::Short(short)),
            Some(_) | None => Err(RequestError::Name),
        }
    }
}

/// The digit that a person meant: case plays no part, `I` and `L` are 1, `O` is 0.
fn crockford_digit(character: char) -> Option<char> {
    let meant = match character.to_ascii_uppercase() {
        'I' | 'L' => '1',
        'O' => '0',
        other => other,
    };
    CROCKFORD
        .iter()
        .any(|digit| char::from(*digit) == meant)
        .then_some(meant)
}

/// Why something is not a request.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// A member is missing or of another type.
    #[error("not a request: {0}")]
    Shape(#[source] serde_json::Error),
    /// Not JSON in braces.
    #[error("not a request: not an object")]
    NotAnObject,
    /// Two members that say the same thing say different things.
    #[error("`{0}` does not fit the rest of the request")]
    Mismatch(&'static str),
    /// Not base64.
    #[error("`{0}` is not base64")]
    Base64(&'static str),
    /// It has no canonical form.
    #[error("the request has no digest")]
    Canonical(#[from] CanonicalError),
    /// It ends before it begins, or never.
    #[error("the time to answer is not a positive duration")]
    Timeout,
    /// Nobody could read them all.
    #[error("more than {MOST_ACTIONS} actions: nobody could read them all")]
    TooManyActions,
    /// Not a UUID of version 7.
    #[error("not a request id (a UUID of version 7)")]
    Id,
    /// Neither an id nor a short id.
    #[error("not a request id: give the whole id or its six characters")]
    Name,
}

/// Bytes as text: UTF-8 as it is, every other byte as `\xNN`.
///
/// Not fit to be shown (control characters stay) and not reversible: the bytes go beside it as base64.
pub fn text_of(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// Members that a service adds to a request when it shows it: no part of the digest, refused in what is filed.
pub const RESERVED: [&str; 9] = [
    "state",
    "url",
    "digest",
    "short",
    "waited_s",
    "expires_in_s",
    "asker",
    "flags",
    "decisions",
];

/// More than a person reads before saying yes.
const MOST_ACTIONS: usize = 5000;
const SHORT_LENGTH: usize = 6;
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ProgramRecord;

    fn draft() -> Draft {
        Draft {
            session: "s".to_owned(),
            host: "web-1".to_owned(),
            uid: 1000,
            user: "deploy".to_owned(),
            door: Door::Session,
            agent: Agent {
                name: Some("deploy-bot".to_owned()),
                environment: Some("production".to_owned()),
                task: Some("T-1".to_owned()),
                model: None,
            },
            shell: "/bin/bash".into(),
            cwd: "/srv".into(),
            line: b"touch \xff".to_vec(),
            actions: vec![ActionRecord {
                kind: "run".to_owned(),
                span: [0, 7],
                argv: Some(vec!["touch".to_owned(), "\\xff".to_owned()]),
                argv_base64: Some(vec!["dG91Y2g=".to_owned(), "/w==".to_owned()]),
                program: Some(ProgramRecord {
                    kind: "file".to_owned(),
                    path: Some("/usr/bin/touch".to_owned()),
                    device: Some("1".to_owned()),
                    inode: Some(u64::MAX.to_string()),
                    changed: None,
                }),
                cwd: Some("/srv".to_owned()),
                words: vec!["literal".to_owned(), "literal".to_owned()],
                verdict: "ask".to_owned(),
                rule: "builtin.default".to_owned(),
                source: "builtin".to_owned(),
                reason: "no rule allows it".to_owned(),
                ..ActionRecord::default()
            }],
            risk: RiskRecord::default(),
            recent: Vec::new(),
            attachments: vec![Attachment::new("script", b"echo hi\n")],
            justification: None,
            policy_digest: "p".to_owned(),
        }
    }

    fn filed(draft: Draft) -> Request {
        let now = "2026-11-21T12:00:00.123456Z".parse().unwrap();
        draft.file(now, Duration::from_secs(300)).unwrap()
    }

    fn changed(change: impl FnOnce(&mut Draft)) -> String {
        let mut draft = draft();
        change(&mut draft);
        filed(draft).material
    }

    #[test]
    fn the_same_thing_has_the_same_material_whoever_looks_and_whenever() {
        let material = filed(draft()).material;
        assert_eq!(changed(|_| {}), material);
        assert_eq!(
            changed(|draft| draft.session = "other".to_owned()),
            material
        );
        assert_eq!(changed(|draft| draft.agent.task = None), material);
        assert_eq!(
            changed(|draft| draft.agent.model = Some("m".to_owned())),
            material
        );
        assert_eq!(changed(|draft| draft.risk.score = 90), material);
        assert_eq!(
            changed(|draft| draft.recent.push(RecentLine::default())),
            material
        );
        assert_eq!(
            changed(|draft| draft.justification = Some("j".to_owned())),
            material
        );
        assert_eq!(changed(|draft| draft.user = "d".to_owned()), material);
        let later = draft()
            .file(Timestamp::now(), Duration::from_secs(1))
            .unwrap();
        assert_eq!(later.material, material);
        assert_ne!(later.digest().unwrap(), filed(draft()).digest().unwrap());
    }

    #[test]
    fn whatever_a_verdict_depends_on_changes_the_material() {
        let mut seen = vec![filed(draft()).material];
        let mut differs = |change: &dyn Fn(&mut Draft)| {
            let material = changed(change);
            assert!(!seen.contains(&material), "after {} others", seen.len());
            seen.push(material);
        };
        differs(&|draft| draft.host = "web-2".to_owned());
        differs(&|draft| draft.uid = 1001);
        differs(&|draft| draft.door = Door::Command);
        differs(&|draft| draft.shell = "/bin/dash".into());
        differs(&|draft| draft.cwd = "/srv2".into());
        differs(&|draft| draft.cwd = std::ffi::OsStr::from_bytes(b"/srv\xff").into());
        differs(&|draft| draft.cwd = "/srv\\xff".into());
        differs(&|draft| draft.line = b"touch \xfe".to_vec());
        differs(&|draft| draft.agent.name = None);
        differs(&|draft| draft.agent.environment = None);
        differs(&|draft| draft.policy_digest = "q".to_owned());
        differs(&|draft| draft.attachments = vec![Attachment::new("script", b"echo ho\n")]);
        differs(&|draft| draft.attachments.clear());
        differs(&|draft| draft.actions.clear());
        fn action(draft: &mut Draft) -> &mut ActionRecord {
            &mut draft.actions[0]
        }
        fn program(draft: &mut Draft) -> &mut ProgramRecord {
            draft.actions[0].program.as_mut().unwrap()
        }
        differs(&|draft| action(draft).kind = "read".to_owned());
        differs(&|draft| action(draft).argv_base64 = None);
        differs(&|draft| action(draft).words[1] = "dynamic".to_owned());
        differs(&|draft| action(draft).cwd = None);
        differs(&|draft| action(draft).path = Some("/x".to_owned()));
        differs(&|draft| action(draft).name = Some("x".to_owned()));
        differs(&|draft| action(draft).value = Some("x".to_owned()));
        differs(&|draft| action(draft).what = Some("x".to_owned()));
        differs(&|draft| action(draft).line = Some("x".to_owned()));
        differs(&|draft| program(draft).path = Some("/tmp/touch".to_owned()));
        differs(&|draft| program(draft).inode = Some("2".to_owned()));
        differs(&|draft| program(draft).device = Some("2".to_owned()));
        differs(&|draft| program(draft).kind = "function".to_owned());
    }

    #[test]
    fn what_is_read_back_is_what_was_filed() {
        let request = filed(draft());
        assert_eq!(request.line, "touch \\xff");
        assert_eq!(request.line_bytes().unwrap(), b"touch \xff");
        assert_eq!(request.timeout(), Duration::from_secs(300));
        let text = request.body().unwrap().to_string();
        let body: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(Request::from_body(&body).unwrap(), request);
        assert_eq!(body_digest(&body).unwrap(), request.digest().unwrap());
    }

    #[test]
    fn a_request_that_contradicts_itself_is_none() {
        let refused = |name: &str, value: Value| {
            let mut body = filed(draft()).body().unwrap();
            body[name] = value;
            Request::from_body(&body).is_err()
        };
        assert!(!refused("session", json!("other")));
        assert!(refused("line", json!("ls")));
        assert!(refused("line_base64", json!("bHM=")));
        assert!(refused("line_base64", json!("!")));
        assert!(refused("cwd", json!("/")));
        assert!(refused("cwd_base64", json!("Lw==")));
        assert!(refused("material", json!("0")));
        assert!(refused("uid", json!(0)));
        assert!(refused("id", json!("x")));
        assert!(refused("expires_at", json!("2026-11-21T11:00:00Z")));
        let attached = json!([{ "name": "script", "sha256": "0", "text": "echo hi\n" }]);
        assert!(refused("attachments", attached));
        assert!(Request::from_body(&json!([])).is_err());
    }

    #[test]
    fn more_actions_than_anybody_reads_are_refused() {
        let with = |count: usize| {
            let mut draft = draft();
            draft.actions = vec![draft.actions[0].clone(); count];
            Request::from_body(&filed(draft).body().unwrap())
        };
        assert!(with(MOST_ACTIONS).is_ok());
        assert!(matches!(
            with(MOST_ACTIONS + 1),
            Err(RequestError::TooManyActions)
        ));
    }

    #[test]
    fn a_member_of_a_newer_version_is_part_of_the_digest_and_a_reserved_one_is_not() {
        let request = filed(draft());
        let mut body = request.body().unwrap();
        for name in RESERVED {
            body[name] = json!("x");
        }
        assert_eq!(body_digest(&body).unwrap(), request.digest().unwrap());
        body["more"] = json!("x");
        assert_ne!(body_digest(&body).unwrap(), request.digest().unwrap());
        assert!(Request::from_body(&body).is_ok());
    }

    #[test]
    fn what_a_service_adds_has_reserved_names() {
        let standing = crate::Standing {
            state: crate::State::Pending,
            url: Some(String::new()),
            digest: String::new(),
            short: String::new(),
            waited_s: 0,
            expires_in_s: 0,
            asker: String::new(),
            flags: vec![String::new()],
            decisions: Vec::new(),
        };
        let added = serde_json::to_value(standing).unwrap();
        for name in added.as_object().unwrap().keys() {
            assert!(RESERVED.contains(&name.as_str()), "{name}");
        }
    }

    #[test]
    fn a_denial_sticks_to_what_would_be_done_and_not_to_where() {
        let action = &draft().actions[0];
        let key = denial_key(action).unwrap();
        let mut elsewhere = action.clone();
        elsewhere.cwd = Some("/tmp".to_owned());
        elsewhere.span = [5, 9];
        elsewhere.rule = "other".to_owned();
        elsewhere.program.as_mut().unwrap().inode = Some("3".to_owned());
        assert_eq!(denial_key(&elsewhere).unwrap(), key);
        let mut other = action.clone();
        other.argv_base64.as_mut().unwrap()[1] = "/g==".to_owned();
        assert_ne!(denial_key(&other).unwrap(), key);
        let mut other = action.clone();
        other.program.as_mut().unwrap().path = Some("/tmp/touch".to_owned());
        assert_ne!(denial_key(&other).unwrap(), key);
    }

    #[test]
    fn only_asking_actions_stick() {
        let mut request = filed(draft());
        let mut allowed = request.actions[0].clone();
        allowed.verdict = "allow".to_owned();
        allowed.argv_base64 = None;
        request.actions.push(allowed);
        request.actions.push(request.actions[0].clone());
        assert_eq!(
            request.asking_keys().unwrap(),
            [denial_key(&request.actions[0]).unwrap()]
        );
    }

    #[test]
    fn a_short_id_is_the_last_thirty_bits_as_people_may_type_them() {
        let id: RequestId = "0199d3c2-0000-7000-8000-0000000000ff".parse().unwrap();
        assert_eq!(id.short(), "00007Z");
        assert_eq!(
            "oO0o7z".parse::<RequestName>().unwrap(),
            RequestName::Short("00007Z".to_owned())
        );
        assert_eq!(
            "il1234".parse::<RequestName>().unwrap(),
            RequestName::Short("111234".to_owned())
        );
        let whole = id.to_string();
        assert_eq!(
            whole.parse::<RequestName>().unwrap(),
            RequestName::Whole(id)
        );
        for bad in [
            "",
            "00007",
            "00007ZZ",
            "00007U",
            "0000é",
            "0199d3c2-0000-4000-8000-0000000000ff",
        ] {
            assert!(bad.parse::<RequestName>().is_err(), "{bad}");
        }
        let low = id.0.as_u128() & 0x3fff_ffff;
        assert_eq!(low, 255);
    }

    #[test]
    fn the_digests_are_those_that_others_compute() {
        // The example of docs/reference/protocol.md, whose digests were computed with Python's json and
        // hashlib.
        let text = include_str!("../../../docs/reference/protocol-example.json");
        let body: Value = serde_json::from_str(text).unwrap();
        let request = Request::from_body(&body).unwrap();
        assert_eq!(
            request.material,
            "e3f56f6197cb416678beb47bbfd9f1b0add26d5b9165961d82e8681a2bde4f54"
        );
        assert_eq!(
            body_digest(&body).unwrap(),
            "8629022287ba34abeddc81fc0cb2b74c543402c9b506720dbf89e7487bd6d358"
        );
        assert_eq!(request.digest().unwrap(), body_digest(&body).unwrap());
    }
}
