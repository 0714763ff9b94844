//! Secrets taken out of text before it is written down, each leaving its name: `[redacted:github-token]`.
//!
//! Three ways find them: tokens by their shape, values by what introduces them (`PASSWORD=`, `--token X`,
//! `Authorization:`, `mysql -pX`), and at last long runs that look random. What is told by a digest (git
//! hashes, uuids, checksums), paths and references such as `$TOKEN` stay: a log must still say what ran.
//! It cannot know every secret; it is there so that a log is not a list of them. Time is linear in the
//! text, which need not be UTF-8.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use memchr::memmem;
use regex::bytes::{Regex, RegexBuilder};
use serde_json::Value;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

/// What every mark begins with.
const MARK: &str = "[redacted:";
/// Names are read back so far from their `=`; longer ones are no names.
const NAME_MAX: usize = 100;
/// Shorter runs are not judged by their looks alone.
const RANDOM_MIN: usize = 32;

/// The text without its secrets.
pub fn redact(text: &[u8]) -> Cow<'_, [u8]> {
    let secrets = secrets_in(text);
    if secrets.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    for secret in &secrets {
        out.extend_from_slice(text.get(at..secret.range.start).unwrap_or_default());
        out.extend_from_slice(mark(secret.name).as_bytes());
        at = secret.range.end;
    }
    out.extend_from_slice(text.get(at..).unwrap_or_default());
    Cow::Owned(out)
}

/// [`redact`] for text that is UTF-8, and stays it.
pub fn redact_text(text: &str) -> Cow<'_, str> {
    match redact(text.as_bytes()) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        // Secrets end where characters end, so this always is text.
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8(bytes).unwrap_or_else(|_| mark("text"))),
    }
}

/// Takes the secrets out of the words of a command, also those that an earlier word introduces.
pub fn redact_words(words: &mut [String]) {
    let mut command = Command::default();
    for word in words {
        match command.take(word.as_bytes()) {
            Some(Hit { name, keep }) => {
                let kept = word.get(..keep).unwrap_or_default();
                *word = format!("{kept}{}", mark(name));
            }
            None => replace(word),
        }
    }
}

/// Takes the secrets out of a fact of a record, in all its depth. `name` is the fact's own.
///
/// Lists of strings are taken for the words of a command. A text under a name ending in `_base64` is
/// decoded, redacted and encoded again.
pub fn redact_value(name: &str, value: &mut Value) {
    redact_at(name, value, 128);
}

fn redact_at(name: &str, value: &mut Value, levels: usize) {
    let Some(levels) = levels.checked_sub(1) else {
        // Too deep to be written down at all.
        *value = Value::String(mark("depth"));
        return;
    };
    let encoded = name.ends_with("_base64");
    match value {
        Value::String(text) if encoded => replace_base64(text),
        Value::String(text) => match secret_name(name.as_bytes()) {
            Some(kind) if is_secret(kind, text.as_bytes()) => *text = mark(kind.name()),
            Some(_) | None => replace(text),
        },
        Value::Array(items) if encoded => {
            items
                .iter_mut()
                .for_each(|item| redact_at(name, item, levels));
        }
        Value::Array(items) => {
            let mut command = Command::default();
            for item in items {
                let hit = match item {
                    Value::String(word) => command.take(word.as_bytes()).map(|hit| (word, hit)),
                    Value::Null | Value::Bool(_) | Value::Number(_) => None,
                    Value::Array(_) | Value::Object(_) => None,
                };
                match hit {
                    Some((word, Hit { name, keep })) => {
                        let kept = word.get(..keep).unwrap_or_default();
                        *word = format!("{kept}{}", mark(name));
                    }
                    None => redact_at("", item, levels),
                }
            }
        }
        Value::Object(members) => {
            // A variable that is set: its name stands beside its value.
            let variable = match members.get("name") {
                Some(Value::String(name)) => Some(name.clone()),
                Some(_) | None => None,
            };
            for (member, value) in members.iter_mut() {
                let name = match (&variable, member.as_str()) {
                    (Some(variable), "value") => variable,
                    (Some(_) | None, _) => member,
                };
                redact_at(name, value, levels);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn replace(text: &mut String) {
    if let Cow::Owned(redacted) = redact_text(text) {
        *text = redacted;
    }
}

fn replace_base64(text: &mut String) {
    match STANDARD.decode(text.as_bytes()) {
        Ok(bytes) => {
            if let Cow::Owned(redacted) = redact(&bytes) {
                *text = STANDARD.encode(redacted);
            }
        }
        Err(_) => replace(text),
    }
}

fn mark(name: &str) -> String {
    format!("{MARK}{name}]")
}

struct Secret {
    range: Range<usize>,
    name: &'static str,
}

/// All secrets, in order, none overlapping another.
fn secrets_in(text: &[u8]) -> Vec<Secret> {
    let mut found = Vec::new();
    // Shapes first: where two find the same, the name that says more is kept.
    shapes(text, &mut found);
    assignments(text, &mut found);
    words(text, 0, Split::Shell, &mut found);
    random_runs(text, &mut found);
    if found.is_empty() {
        return found;
    }
    found.sort_by_key(|secret| secret.range.start);
    let mut merged: Vec<Secret> = Vec::with_capacity(found.len());
    for mut secret in found {
        // Never in the middle of a character.
        while is_continuation(text.get(secret.range.end)) {
            secret.range.end = secret.range.end.saturating_add(1);
        }
        match merged.last_mut() {
            Some(last) if secret.range.start < last.range.end => {
                last.range.end = last.range.end.max(secret.range.end);
            }
            Some(_) | None => merged.push(secret),
        }
    }
    merged
}

fn is_continuation(byte: Option<&u8>) -> bool {
    byte.is_some_and(|byte| byte & 0xc0 == 0x80)
}

// ---- tokens by their shape

/// A shape, looked for only where its needle is.
struct Shape {
    name: &'static str,
    /// What the text must hold, in lower case.
    needle: &'static [u8],
    /// The secret is group 1, or the whole match.
    pattern: &'static str,
    looks: Looks,
    compiled: OnceLock<Option<Regex>>,
}

/// What the secret must look like beside its pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looks {
    /// The pattern says enough.
    Any,
    /// No reference to a variable.
    Literal,
    /// Letters and digits as no name has them.
    Mixed,
}

impl Shape {
    const fn new(
        name: &'static str,
        needle: &'static str,
        pattern: &'static str,
        looks: Looks,
    ) -> Self {
        Self {
            name,
            needle: needle.as_bytes(),
            pattern,
            looks,
            compiled: OnceLock::new(),
        }
    }

    fn regex(&self) -> Option<&Regex> {
        self.compiled
            .get_or_init(|| {
                RegexBuilder::new(self.pattern)
                    .unicode(false)
                    .size_limit(1 << 20)
                    .build()
                    .ok()
            })
            .as_ref()
    }
}

static SHAPES: [Shape; 37] = [
    Shape::new(
        "private-key",
        "private key",
        r"(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)",
        Looks::Any,
    ),
    Shape::new("aws-key", "akia", r"\bAKIA[A-Z2-7]{16}\b", Looks::Any),
    Shape::new("aws-key", "asia", r"\bASIA[A-Z2-7]{16}\b", Looks::Any),
    Shape::new(
        "github-token",
        "gh",
        r"\bgh[pousr]_[0-9A-Za-z]{30,}",
        Looks::Any,
    ),
    Shape::new(
        "github-token",
        "github_pat_",
        r"\bgithub_pat_[0-9A-Za-z_]{20,}",
        Looks::Any,
    ),
    Shape::new(
        "gitlab-token",
        "gl",
        r"\bgl(?:pat|rt|dt|cbt|ptt|ft|soat|agent|imt|oas|ffct)-[0-9A-Za-z_.-]{20,}",
        Looks::Any,
    ),
    Shape::new(
        "slack-token",
        "xox",
        r"\bxox[abeoprsc](?:\.xox[bp])?-[0-9A-Za-z-]{10,}",
        Looks::Any,
    ),
    Shape::new(
        "slack-token",
        "xapp-",
        r"\bxapp-[0-9A-Za-z-]{10,}",
        Looks::Any,
    ),
    Shape::new(
        "slack-webhook",
        "hooks.slack.com",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/([0-9A-Za-z/+_-]{20,})",
        Looks::Any,
    ),
    Shape::new(
        "discord-webhook",
        "/api/webhooks/",
        r"discord(?:app)?\.com/api/webhooks/([0-9]+/[0-9A-Za-z_-]{20,})",
        Looks::Any,
    ),
    Shape::new(
        "google-api-key",
        "aiza",
        r"\bAIza[0-9A-Za-z_-]{30,}",
        Looks::Any,
    ),
    Shape::new(
        "google-token",
        "ya29.",
        r"\bya29\.[0-9A-Za-z_-]{20,}",
        Looks::Any,
    ),
    Shape::new(
        "google-secret",
        "gocspx-",
        r"\bGOCSPX-[0-9A-Za-z_-]{20,}",
        Looks::Any,
    ),
    Shape::new("api-key", "sk-", r"\bsk-[0-9A-Za-z_-]{20,}", Looks::Mixed),
    Shape::new(
        "stripe-key",
        "_live_",
        r"\b[srp]k_live_[0-9A-Za-z]{16,}",
        Looks::Any,
    ),
    Shape::new(
        "stripe-key",
        "_test_",
        r"\b[srp]k_test_[0-9A-Za-z]{16,}",
        Looks::Any,
    ),
    Shape::new(
        "stripe-key",
        "whsec_",
        r"\bwhsec_[0-9A-Za-z]{16,}",
        Looks::Any,
    ),
    Shape::new("npm-token", "npm_", r"\bnpm_[0-9A-Za-z]{36}\b", Looks::Any),
    Shape::new(
        "pypi-token",
        "pypi-",
        r"\bpypi-[0-9A-Za-z_-]{50,}",
        Looks::Any,
    ),
    Shape::new(
        "docker-token",
        "dckr_",
        r"\bdckr_[a-z]{3}_[0-9A-Za-z_-]{20,}",
        Looks::Any,
    ),
    Shape::new(
        "huggingface-token",
        "hf_",
        r"\bhf_[0-9A-Za-z]{30,}",
        Looks::Any,
    ),
    Shape::new(
        "digitalocean-token",
        "_v1_",
        r"\bdo[opr]_v1_[0-9a-f]{64}\b",
        Looks::Any,
    ),
    Shape::new(
        "sendgrid-key",
        "sg.",
        r"\bSG\.[0-9A-Za-z_-]{16,}\.[0-9A-Za-z_-]{16,}",
        Looks::Any,
    ),
    Shape::new(
        "vault-token",
        "hv",
        r"\bhv[sbr]\.[0-9A-Za-z_-]{20,}",
        Looks::Any,
    ),
    Shape::new(
        "databricks-token",
        "dapi",
        r"\bdapi[0-9a-f]{32}\b",
        Looks::Any,
    ),
    Shape::new(
        "shopify-token",
        "shp",
        r"\bshp(?:at|ss|ca|pa)_[0-9A-Fa-f]{32}\b",
        Looks::Any,
    ),
    Shape::new(
        "telegram-token",
        ":aa",
        r"\b[0-9]{8,10}:AA[0-9A-Za-z_-]{32,33}\b",
        Looks::Any,
    ),
    Shape::new(
        "terraform-token",
        ".atlasv1.",
        r"\b[0-9A-Za-z]{14}\.atlasv1\.[0-9A-Za-z_=-]{40,}",
        Looks::Any,
    ),
    Shape::new(
        "age-key",
        "age-secret-key-",
        r"(?i)\bAGE-SECRET-KEY-1[0-9A-Z]{50,}",
        Looks::Any,
    ),
    Shape::new(
        "tailscale-key",
        "tskey-",
        r"\btskey-[0-9A-Za-z-]{20,}",
        Looks::Any,
    ),
    Shape::new(
        "jwt",
        "eyj",
        r"\beyJ[0-9A-Za-z_-]{8,}\.eyJ[0-9A-Za-z_-]{8,}(?:\.[0-9A-Za-z_-]*)?",
        Looks::Any,
    ),
    Shape::new(
        "authorization",
        "authorization",
        r#"(?i)\bauthorization["']?\s*[:=]\s*["']?(?:(?:bearer|basic|token|digest|negotiate|apikey|key|bot)\\?\s+)?([^\s"'\\;|&<>()`]{3,})"#,
        Looks::Literal,
    ),
    Shape::new(
        "bearer",
        "bearer",
        r"(?i)\bbearer\s+([0-9A-Za-z._~+/=-]{16,})",
        Looks::Any,
    ),
    Shape::new(
        "header",
        "-token:",
        r#"(?i)\b(?:[a-z0-9-]+-token):\s*([^\s"'\\]{3,})"#,
        Looks::Literal,
    ),
    Shape::new(
        "header",
        "-key:",
        r#"(?i)\b(?:[a-z0-9-]*api-?key|[a-z0-9-]+-key):\s*([^\s"'\\]{6,})"#,
        Looks::Literal,
    ),
    Shape::new(
        "cookie",
        "cookie:",
        r#"(?i)\b(?:set-)?cookie:\s*([^\r\n"']{3,})"#,
        Looks::Literal,
    ),
    Shape::new(
        "url-password",
        "://",
        r#"://[^\s/?#@:'"]*:([^\s/@'"]+)@"#,
        Looks::Literal,
    ),
];

fn shapes(text: &[u8], found: &mut Vec<Secret>) {
    let lower = text.to_ascii_lowercase();
    for shape in &SHAPES {
        if memmem::find(&lower, shape.needle).is_none() {
            continue;
        }
        let Some(regex) = shape.regex() else {
            // A test proves that every pattern compiles; if one did not, nothing may slip by.
            found.push(Secret {
                range: 0..text.len(),
                name: shape.name,
            });
            continue;
        };
        for captures in regex.captures_iter(text) {
            let Some(secret) = captures.iter().flatten().last() else {
                continue;
            };
            let fits = !secret.as_bytes().starts_with(MARK.as_bytes())
                && match shape.looks {
                    Looks::Any => true,
                    Looks::Literal => !is_reference(secret.as_bytes()),
                    Looks::Mixed => Classes::of(secret.as_bytes()).digits > 0,
                };
            if fits {
                found.push(Secret {
                    range: secret.range(),
                    name: shape.name,
                });
            }
        }
    }
}

// ---- values by the name before them

/// How much a name says about its value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Password,
    Secret,
    Token,
    /// May as well be the name of a key, or a number: the value must look like a secret.
    Key,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Secret => "secret",
            Self::Token => "token",
            Self::Key => "key",
        }
    }
}

/// What a variable, key or option of this name holds, if it may be a secret.
fn secret_name(name: &[u8]) -> Option<Kind> {
    let mut lower = name.to_ascii_lowercase();
    lower.retain(|byte| byte.is_ascii_alphanumeric());
    while lower.last().is_some_and(u8::is_ascii_digit) {
        lower.pop();
    }
    let ends = |endings: &[&str]| endings.iter().any(|end| lower.ends_with(end.as_bytes()));
    if ends(&[
        "password",
        "passwd",
        "passphrase",
        "passwort",
        "userpass",
        "dbpass",
        "pgpass",
        "sshpass",
    ]) || lower == b"pass"
    {
        Some(Kind::Password)
    } else if ends(&["secret", "secretkey", "secretaccesskey", "secretkeybase"]) {
        Some(Kind::Secret)
    } else if ends(&[
        "token",
        "apikey",
        "accesskey",
        "privatekey",
        "authkey",
        "signingkey",
        "encryptionkey",
    ]) {
        Some(Kind::Token)
    } else if ends(&[
        "key",
        "auth",
        "credential",
        "credentials",
        "pat",
        "pwd",
        "signature",
        "sig",
        "cookie",
    ]) {
        Some(Kind::Key)
    } else {
        None
    }
}

fn is_secret(kind: Kind, value: &[u8]) -> bool {
    let plain_word = || {
        [
            &b"true"[..],
            b"false",
            b"null",
            b"none",
            b"yes",
            b"no",
            b"on",
            b"off",
        ]
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word))
    };
    let is_path = || value.starts_with(b"/") || value.starts_with(b"~") || value.starts_with(b"./");
    if value.is_empty() || value.starts_with(MARK.as_bytes()) || is_reference(value) {
        return false;
    }
    match kind {
        Kind::Password => !plain_word(),
        Kind::Secret | Kind::Token => value.len() >= 4 && !plain_word() && !is_path(),
        Kind::Key => {
            let classes = Classes::of(value);
            value.len() >= 12
                && classes.digits > 0
                && classes.letters() > 0
                && !is_path()
                && !is_digest(value)
        }
    }
}

/// `$NAME`, `${NAME…}`, `$(…)`, `` `…` ``, `%NAME%`, `<placeholder>`, `***`: where a secret is, not what it is.
fn is_reference(value: &[u8]) -> bool {
    let value = match value {
        [b'"' | b'\'', inner @ ..] => inner,
        other => other,
    };
    match value {
        [b'$', b'(' | b'{', ..] | [b'`', ..] => true,
        [b'$', name @ ..] => name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'"')),
        [b'<', .., b'>'] | [b'%', .., b'%'] => true,
        other => other
            .iter()
            .all(|byte| matches!(byte, b'*' | b'.' | b'x' | b'X')),
    }
}

/// `NAME=value`, `name: value`, `"name": "value"`.
fn assignments(text: &[u8], found: &mut Vec<Secret>) {
    let mut at = 0;
    while let Some(sign) = text
        .get(at..)
        .and_then(|rest| memchr::memchr2(b'=', b':', rest))
        .and_then(|offset| at.checked_add(offset))
    {
        at = sign.saturating_add(1);
        let before = text.get(..sign).unwrap_or_default();
        let before = before.strip_suffix(b":").unwrap_or(before);
        let before = before
            .strip_suffix(b"\"")
            .or_else(|| before.strip_suffix(b"'"))
            .unwrap_or(before);
        let name_length = before
            .iter()
            .rev()
            .take(NAME_MAX)
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
            .count();
        let name = before
            .get(before.len().saturating_sub(name_length)..)
            .unwrap_or_default();
        let Some(kind) = secret_name(name) else {
            continue;
        };
        let spaces = text
            .get(at..)
            .unwrap_or_default()
            .iter()
            .take(8)
            .take_while(|byte| **byte == b' ')
            .count();
        let is_colon = text.get(sign) == Some(&b':');
        let start = at.saturating_add(spaces);
        let quoted = matches!(text.get(start), Some(b'"' | b'\''));
        // `a=b c` ends at the space, and `host:port` is no assignment.
        if (is_colon && spaces == 0 && !quoted) || (!is_colon && spaces > 0) {
            continue;
        }
        let range = value_at(text, start);
        if is_secret(kind, text.get(range.clone()).unwrap_or_default()) {
            at = range.end.max(at);
            found.push(Secret {
                range,
                name: kind.name(),
            });
        }
    }
}

/// The value that begins here, without its quotes.
fn value_at(text: &[u8], start: usize) -> Range<usize> {
    let rest = text.get(start..).unwrap_or_default();
    let (offset, length) = match rest {
        [b'\'', inner @ ..] => (1, memchr::memchr(b'\'', inner).unwrap_or(inner.len())),
        [b'"', inner @ ..] => (1, end_of_double_quotes(inner)),
        // A value may itself be part of a quoted text, as in `-e "PASSWORD=x"`.
        other => (0, end_of_bare_value(other)),
    };
    let begin = start.saturating_add(offset);
    begin..begin.saturating_add(length)
}

fn end_of_double_quotes(inner: &[u8]) -> usize {
    let mut escaped = false;
    inner
        .iter()
        .position(|byte| {
            let ends = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            ends
        })
        .unwrap_or(inner.len())
}

fn end_of_bare_value(text: &[u8]) -> usize {
    let mut escaped = false;
    text.iter()
        .position(|byte| {
            let ends = !escaped
                && (byte.is_ascii_whitespace()
                    || matches!(
                        byte,
                        b'"' | b'\'' | b';' | b'|' | b'&' | b'<' | b'>' | b')' | b',' | b'}'
                    ));
            escaped = *byte == b'\\' && !escaped;
            ends
        })
        .unwrap_or(text.len())
}

// ---- values by the word before them

/// A word that is a secret, but for its first `keep` bytes.
struct Hit {
    name: &'static str,
    keep: usize,
}

/// The words of one command so far.
#[derive(Default)]
struct Command {
    /// Programs named so far that take secrets in short options.
    programs: Vec<Program>,
    /// What the next word is.
    next: Option<Next>,
}

#[derive(Clone, Copy)]
enum Next {
    Secret(Kind),
    /// `user:password`.
    Login,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Program {
    /// `-pX`, but `-p` asks.
    Mysql,
    /// `-p X`.
    WithP,
    /// The same, after `login` only: elsewhere `-p` is a port.
    Registry,
    /// `-pX`.
    Archiver,
    /// `-P X`.
    WithUpperP,
    /// `-a X`.
    Redis,
    /// `-w X`.
    Ldap,
    /// `-u user:X`.
    Curl,
}

impl Program {
    fn named(word: &[u8]) -> Option<Self> {
        let name = word.rsplit(|byte| *byte == b'/').next().unwrap_or(word);
        Some(match name {
            b"mysql" | b"mysqldump" | b"mysqladmin" | b"mysqlimport" | b"mysqlshow"
            | b"mysqlcheck" | b"mysqlpump" | b"mysqlslap" | b"mycli" | b"mariadb"
            | b"mariadb-dump" | b"mariadb-admin" => Self::Mysql,
            b"sshpass" | b"mongo" | b"mongosh" | b"mongodump" | b"mongorestore"
            | b"mongoexport" | b"mongoimport" => Self::WithP,
            b"docker" | b"podman" | b"buildah" | b"skopeo" | b"crane" | b"helm" | b"oc" | b"az" => {
                Self::Registry
            }
            b"7z" | b"7za" | b"7zz" | b"rar" | b"unrar" => Self::Archiver,
            b"zip" | b"unzip" | b"sqlcmd" | b"bcp" => Self::WithUpperP,
            b"redis-cli" => Self::Redis,
            b"ldapsearch" | b"ldapadd" | b"ldapmodify" | b"ldapdelete" | b"ldappasswd"
            | b"ldapwhoami" => Self::Ldap,
            b"curl" | b"http" | b"https" | b"httpie" | b"xh" => Self::Curl,
            _ => return None,
        })
    }
}

impl Command {
    /// Takes the next word, without its quotes, and says whether it is a secret.
    fn take(&mut self, word: &[u8]) -> Option<Hit> {
        if let Some(next) = self.next.take()
            && !word.starts_with(b"-")
        {
            return match next {
                Next::Secret(kind) => is_secret(kind, word).then_some(Hit {
                    name: kind.name(),
                    keep: 0,
                }),
                Next::Login => login(word),
            };
        }
        if let Some(program) = Program::named(word) {
            self.named(program);
            return None;
        }
        if word == b"login" && self.programs.contains(&Program::Registry) {
            self.named(Program::WithP);
        }
        let is = |program: Program| self.programs.contains(&program);
        let option = word.strip_prefix(b"-")?;
        let long = option.strip_prefix(b"-").unwrap_or(option);
        match word {
            // With others before it: `-su`.
            [b'-', flags @ .., b'u' | b'U']
                if is(Program::Curl) && flags.iter().all(u8::is_ascii_alphanumeric) =>
            {
                self.next = Some(Next::Login);
            }
            b"--user" | b"--proxy-user" if is(Program::Curl) => {
                self.next = Some(Next::Login);
            }
            b"-p" if is(Program::WithP) => self.next = Some(Next::Secret(Kind::Password)),
            b"-P" if is(Program::WithUpperP) => self.next = Some(Next::Secret(Kind::Password)),
            b"-a" | b"--pass" if is(Program::Redis) => {
                self.next = Some(Next::Secret(Kind::Password))
            }
            b"-w" if is(Program::Ldap) => self.next = Some(Next::Secret(Kind::Password)),
            [b'-', b'p', value @ ..]
                if is(Program::Mysql) || is(Program::Archiver) || is(Program::WithP) =>
            {
                return is_secret(Kind::Password, value).then_some(Hit {
                    name: "password",
                    keep: 2,
                });
            }
            [b'-', b'u', value @ ..] if is(Program::Curl) => {
                return login(value).map(|Hit { name, keep }| Hit {
                    name,
                    keep: keep.saturating_add(2),
                });
            }
            _ if long.len() > 3 => return self.take_long(word, long),
            _ => {}
        }
        None
    }
}

impl Command {
    fn named(&mut self, program: Program) {
        // Once each, so that their number is bounded.
        if !self.programs.contains(&program) {
            self.programs.push(program);
        }
    }

    /// `--token X`, or `--token=X` with all that belongs to the word.
    fn take_long(&mut self, word: &[u8], long: &[u8]) -> Option<Hit> {
        let equals = memchr::memchr(b'=', long);
        let kind = secret_name(long.get(..equals.unwrap_or(long.len()))?)?;
        let Some(equals) = equals else {
            self.next = (kind != Kind::Key).then_some(Next::Secret(kind));
            return None;
        };
        let value = long.get(equals.saturating_add(1)..)?;
        // Inside a quoted value only: the quotes are for `assignments` to keep.
        let bare = !matches!(value.first(), Some(b'"' | b'\''));
        (bare && is_secret(kind, value)).then_some(Hit {
            name: kind.name(),
            keep: word.len().saturating_sub(value.len()),
        })
    }
}

/// The password of `user:password`.
fn login(word: &[u8]) -> Option<Hit> {
    let colon = memchr::memchr(b':', word)?;
    let keep = colon.saturating_add(1);
    is_secret(Kind::Password, word.get(keep..)?).then_some(Hit {
        name: "password",
        keep,
    })
}

/// How text is split into words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Split {
    /// Near enough as a shell does, so that a quoted value is taken whole.
    Shell,
    /// At quotes too: what is quoted may be a command itself, and an apostrophe may be no quote at all.
    AtQuotes,
}

fn words(text: &[u8], start: usize, split: Split, found: &mut Vec<Secret>) {
    let mut command = Command::default();
    let mut at = 0;
    while let Some(first) = text.get(at) {
        let separates = first.is_ascii_whitespace()
            || matches!(first, b'<' | b'>')
            || (split == Split::AtQuotes && matches!(first, b'"' | b'\''));
        if matches!(first, b';' | b'|' | b'&' | b'\n' | b'(' | b')' | b'`') {
            command = Command::default();
            at = at.saturating_add(1);
            continue;
        }
        if separates {
            at = at.saturating_add(1);
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        let end = at.saturating_add(match split {
            Split::Shell => word_length(rest),
            Split::AtQuotes => bare_length(rest),
        });
        let word = text.get(at..end).unwrap_or_default();
        let begin = start.saturating_add(at);
        let (inner, quote) = unquoted(word);
        match command.take(inner) {
            Some(Hit { name, keep }) => found.push(Secret {
                range: begin.saturating_add(quote).saturating_add(keep)
                    ..start.saturating_add(end).saturating_sub(quote),
                name,
            }),
            None if split == Split::Shell && word.iter().any(u8::is_ascii_whitespace) => {
                words(word, begin, Split::AtQuotes, found);
            }
            None => {}
        }
        at = end;
    }
}

fn bare_length(text: &[u8]) -> usize {
    text.iter()
        .position(|byte| byte.is_ascii_whitespace() || b"\"';|&()<>`".contains(byte))
        .unwrap_or(text.len())
        .max(1)
}

fn word_length(text: &[u8]) -> usize {
    let mut quote = None;
    let mut escaped = false;
    text.iter()
        .position(|byte| match (quote, byte) {
            _ if escaped => {
                escaped = false;
                false
            }
            (None | Some(b'"'), b'\\') => {
                escaped = true;
                false
            }
            (None, b'"' | b'\'') => {
                quote = Some(*byte);
                false
            }
            (Some(open), _) => {
                if open == *byte {
                    quote = None;
                }
                false
            }
            (None, byte) => {
                byte.is_ascii_whitespace()
                    || matches!(byte, b';' | b'|' | b'&' | b'(' | b')' | b'<' | b'>' | b'`')
            }
        })
        .unwrap_or(text.len())
        .max(1)
}

/// A word without the quotes around it, and how many bytes those are on each side.
fn unquoted(word: &[u8]) -> (&[u8], usize) {
    match word {
        [b'\'', inner @ .., b'\''] | [b'"', inner @ .., b'"'] => (inner, 1),
        other => (other, 0),
    }
}

// ---- runs that look random

struct Classes {
    upper: usize,
    lower: usize,
    digits: usize,
    /// How often a byte is of another class than the one before.
    changes: usize,
}

impl Classes {
    fn of(text: &[u8]) -> Self {
        let mut classes = Self {
            upper: 0,
            lower: 0,
            digits: 0,
            changes: 0,
        };
        let mut before = None;
        for byte in text {
            let count = match byte {
                b'A'..=b'Z' => &mut classes.upper,
                b'a'..=b'z' => &mut classes.lower,
                b'0'..=b'9' => &mut classes.digits,
                _ => continue,
            };
            *count = count.saturating_add(1);
            let class = (byte.is_ascii_digit(), byte.is_ascii_uppercase());
            if before.is_some_and(|before| before != class) {
                classes.changes = classes.changes.saturating_add(1);
            }
            before = Some(class);
        }
        classes
    }

    fn letters(&self) -> usize {
        self.upper.saturating_add(self.lower)
    }
}

/// Hexadecimal of any length, with dashes or not: a hash, a checksum, a uuid.
fn is_digest(text: &[u8]) -> bool {
    text.iter()
        .all(|byte| byte.is_ascii_hexdigit() || *byte == b'-')
}

fn random_runs(text: &[u8], found: &mut Vec<Secret>) {
    let mut at = 0;
    while at < text.len() {
        let run = text
            .get(at..)
            .unwrap_or_default()
            .iter()
            .take_while(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'_' | b'-' | b'=')
            })
            .count();
        let end = at.saturating_add(run);
        let before = text.get(..at).unwrap_or_default();
        if run >= RANDOM_MIN
            && looks_random(text.get(at..end).unwrap_or_default())
            && !before.ends_with(b"SHA256:")
        {
            found.push(Secret {
                range: at..end,
                name: "random",
            });
        }
        at = end.max(at.saturating_add(1));
    }
}

/// Whether so many changes between capitals, small letters and digits are no name and no path.
fn looks_random(run: &[u8]) -> bool {
    // Public keys and checksums of packages are written in base64 too.
    let public = [
        &b"AAAAB3Nza"[..],
        b"AAAAC3Nza",
        b"AAAAE2Vj",
        b"sha256-",
        b"sha384-",
        b"sha512-",
    ];
    if public.iter().any(|start| run.starts_with(start)) || is_digest(run) {
        return false;
    }
    // A hash as a part of a path says nothing about its other parts.
    let rest: Vec<u8> = run
        .split(|byte| *byte == b'/')
        .filter(|part| part.len() < 8 || !is_digest(part))
        .flatten()
        .copied()
        .collect();
    if rest.len() < RANDOM_MIN.saturating_sub(4) {
        return false;
    }
    let classes = Classes::of(&rest);
    // In random base64 more than half of the neighbours differ in class; in CamelCase names, paths with
    // versions and dates a quarter do.
    classes.digits >= 3
        && classes.upper >= 3
        && classes.lower >= 3
        && classes.changes.saturating_mul(5) >= rest.len().saturating_mul(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(line: &str) -> String {
        redact_text(line).into_owned()
    }

    #[test]
    fn every_pattern_compiles() {
        for shape in &SHAPES {
            assert!(shape.regex().is_some(), "{}", shape.pattern);
            assert_eq!(
                shape.needle,
                shape.needle.to_ascii_lowercase(),
                "{}",
                shape.pattern
            );
        }
    }

    // Put together here, so that no scanner takes this file for a leak.
    fn token(prefix: &str, length: usize) -> String {
        let tail = "aB3dE5gH7jK9mN1pQ2sT4vW6yZ8";
        prefix
            .chars()
            .chain(tail.chars().cycle().take(length))
            .collect()
    }

    #[test]
    fn tokens_are_known_by_their_shape() {
        for (name, secret) in [
            ("aws-key", "AKIA".to_owned() + "IOSFODNN7EXAMPLE"),
            ("github-token", token("ghp_", 36)),
            ("github-token", token("github_pat_", 60)),
            ("gitlab-token", token("glpat-", 20)),
            ("slack-token", "xoxb-".to_owned() + "1234567890-abcdefghij"),
            ("google-api-key", token("AIza", 35)),
            ("api-key", token("sk-", 48)),
            ("api-key", token("sk-ant-api03-", 48)),
            ("api-key", token("sk-proj-", 48)),
            ("stripe-key", token("sk_live_", 24)),
            ("npm-token", token("npm_", 36)),
            ("vault-token", token("hvs.", 24)),
            (
                "jwt",
                format!(
                    "{}.{}.{}",
                    token("eyJ", 20),
                    token("eyJ", 20),
                    token("", 43)
                ),
            ),
        ] {
            assert_eq!(
                text(&format!("use {secret} now")),
                format!("use [redacted:{name}] now"),
                "{secret}"
            );
        }
    }

    #[test]
    fn values_are_known_by_what_introduces_them() {
        for (line, want) in [
            (
                "curl -H 'Authorization: Bearer abc.def' x",
                "curl -H 'Authorization: Bearer [redacted:authorization]' x",
            ),
            (
                "curl -H \"PRIVATE-TOKEN: abc123\" x",
                "curl -H \"PRIVATE-TOKEN: [redacted:header]\" x",
            ),
            (
                "DB_PASSWORD=hunter2 run",
                "DB_PASSWORD=[redacted:password] run",
            ),
            (
                "export API_TOKEN='a b c d' X=1",
                "export API_TOKEN='[redacted:token]' X=1",
            ),
            (
                "CLIENT_SECRET=\"a\\\"bcd\"; ls",
                "CLIENT_SECRET=\"[redacted:secret]\"; ls",
            ),
            (
                "AWS_SECRET_ACCESS_KEY=abcd/efgh+1 aws s3 ls",
                "AWS_SECRET_ACCESS_KEY=[redacted:secret] aws s3 ls",
            ),
            (
                "x --password=hunter2 y",
                "x --password=[redacted:password] y",
            ),
            (
                "x --password hunter2 y",
                "x --password [redacted:password] y",
            ),
            (
                "# don't\nmysql -phunter2",
                "# don't\nmysql -p[redacted:password]",
            ),
            (
                "x --password 'two words' y",
                "x --password '[redacted:password]' y",
            ),
            ("gh --token abcd1234 pr", "gh --token [redacted:token] pr"),
            (
                "echo {\"password\": \"hunter2\"}",
                "echo {\"password\": \"[redacted:password]\"}",
            ),
            ("password: hunter2", "password: [redacted:password]"),
            (
                "mysql -u root -phunter2 db",
                "mysql -u root -p[redacted:password] db",
            ),
            (
                "sshpass -p hunter2 ssh h",
                "sshpass -p [redacted:password] ssh h",
            ),
            ("curl -u bob:hunter2 x", "curl -u bob:[redacted:password] x"),
            (
                "redis-cli -a hunter2 get x",
                "redis-cli -a [redacted:password] get x",
            ),
            (
                "docker login -u a -p hunter2 r.io",
                "docker login -u a -p [redacted:password] r.io",
            ),
            (
                "git clone https://bob:hunter2@h/x.git",
                "git clone https://bob:[redacted:url-password]@h/x.git",
            ),
            (
                "psql postgres://u:p@h/db",
                "psql postgres://u:[redacted:url-password]@h/db",
            ),
            (
                "curl 'https://h/x?token=abcdef&a=1'",
                "curl 'https://h/x?token=[redacted:token]&a=1'",
            ),
            (
                "echo -----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY----- x",
                "echo -----BEGIN RSA PRIVATE KEY-----[redacted:private-key]-----END RSA PRIVATE KEY----- x",
            ),
            (
                "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blb",
                "-----BEGIN OPENSSH PRIVATE KEY-----[redacted:private-key]",
            ),
        ] {
            assert_eq!(text(line), want);
        }
    }

    #[test]
    fn what_looks_random_is_taken_out() {
        let secret = token("", 40);
        assert_eq!(text(&format!("run {secret}")), "run [redacted:random]");
        assert_eq!(
            text("run kJ8xQ2mZ7pL4vB9n/R3tY6wC1+dF5gH0sA2uXeWq"),
            "run [redacted:random]"
        );
    }

    #[test]
    fn what_is_no_secret_stays() {
        for line in [
            "git show 4b333bc0f8a9d1e2c3b4a5968778695a4b3c2d1e",
            "sha256sum -c e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "kubectl logs 01997f9e-7c3a-7000-8000-000000000001 -c web-7d4b9c6f5d-x2x9z",
            "/nix/store/x1y2z3a4b5c6d7e8f9g0h1i2j3k4l5m6-bash-5.2/bin/bash",
            "ls /usr/lib/x86_64-linux-gnu/libQt5Core.so.5.15.8 target/debug/deps/guardsh-3ba819d5e9cc4d80",
            "cat results/BAAI__bge-small-en-v1.5/5c38ec7c405ec4b44b94cc5a9bb96e735b38267a/STS12.json",
            "mvn -Dtest=AbstractSingletonProxyFactoryBeanIntegrationTest2 test",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8xQ2mZ7pL4vB9nR3tY6wC1dF5gH0sA2uXeWqRt bob@h",
            "SHA256:kJ8xQ2mZ7pL4vB9nR3tY6wC1dF5gH0sA2uXeWqRtYu8",
            "curl -H \"Authorization: Bearer $TOKEN\" -u \"$USER:$PASS\" x",
            "PASSWORD=$(pass show x) API_KEY=${KEY:?} TOKEN=$OTHER run",
            "mysql -p -u root db; mkdir -p passwords/token; cp -pr a b",
            "docker run -p 8080:80 -p8081:81 --user 1000:1000 nginx",
            "sort --key=2 -t: /etc/passwd; ssh -p 22 h; PWD=/home/x; max_tokens=4096",
            "secretName: db-creds\ntokens=5\nkeyword: x\nmonkey=banana",
            "http://host:8080/x@y https://git@github.com/a/b",
            "--token-file /run/secrets/t --password-stdin < f",
            "cargo test --test 2026-11-21T15-27-52Z_UPPER_lower_release_build_1",
        ] {
            assert_eq!(text(line), line);
        }
    }

    #[test]
    fn redacting_again_changes_nothing() {
        for line in [
            "DB_PASSWORD=hunter2 x",
            "curl -u a:b https://u:p@h",
            "mysql -phunter2",
            "x --token abcdef",
        ] {
            let once = text(line);
            assert_ne!(once, line);
            assert_eq!(text(&once), once);
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_redacted_and_kept() {
        let line = b"echo \xff\xfe PASSWORD=hun\xffter2 \x80";
        assert_eq!(
            redact(line).as_ref(),
            b"echo \xff\xfe PASSWORD=[redacted:password] \x80"
        );
        assert_eq!(text("ö PASSWORD=ü€x ä"), "ö PASSWORD=[redacted:password] ä");
    }

    #[test]
    fn words_of_a_command_introduce_each_other() {
        let mut words = [
            "mysql",
            "-phunter2",
            "--password",
            "x y",
            "--password=x y",
            "-h",
            "db",
        ]
        .map(String::from);
        redact_words(&mut words);
        assert_eq!(
            words,
            [
                "mysql",
                "-p[redacted:password]",
                "--password",
                "[redacted:password]",
                "--password=[redacted:password]",
                "-h",
                "db"
            ]
        );
    }

    #[test]
    fn facts_are_redacted_in_all_their_depth() {
        let mut value = json!({
            "line": "PASSWORD=hunter2 x",
            "line_base64": STANDARD.encode(b"PASSWORD=hunter2 \xff"),
            "actions": [
                {"kind": "run", "argv": ["curl", "-u", "a:b"], "argv_base64": [STANDARD.encode("TOKEN=abcdef")]},
                {"kind": "set", "name": "DB_PASSWORD", "value": "hunter2"},
                {"kind": "set", "name": "LANG", "value": "C"}
            ],
            "env": {"API_TOKEN": "abcdef", "HOME": "/root"},
            "policy_digest": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        });
        redact_value("", &mut value);
        assert_eq!(
            value,
            json!({
                "line": "PASSWORD=[redacted:password] x",
                "line_base64": STANDARD.encode(b"PASSWORD=[redacted:password] \xff"),
                "actions": [
                    {"kind": "run", "argv": ["curl", "-u", "a:[redacted:password]"], "argv_base64": [STANDARD.encode("TOKEN=[redacted:token]")]},
                    {"kind": "set", "name": "DB_PASSWORD", "value": "[redacted:password]"},
                    {"kind": "set", "name": "LANG", "value": "C"}
                ],
                "env": {"API_TOKEN": "[redacted:token]", "HOME": "/root"},
                "policy_digest": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            })
        );
    }

    // Linear, so that doubling the text doubles the time; a quadratic search would not end within minutes.
    #[test]
    fn a_megabyte_of_anything_is_done_in_time() {
        for piece in [
            "a",
            "=",
            "password=",
            "password='",
            "--token ",
            "://a:",
            "eyJ",
            "-----BEGIN PRIVATE KEY-----",
            "ghp_",
            "'",
            "\\",
            "a:b@",
            "Authorization: ",
            "bearer ",
            "aB3",
            "cookie:",
            "x-token:",
            "sk-1",
        ] {
            let line = piece.repeat((1 << 20) / piece.len());
            let _ = redact(line.as_bytes());
        }
    }

    /// Pieces put together at random, the same on each run.
    fn mixtures() -> impl Iterator<Item = Vec<u8>> {
        let pieces: [&[u8]; 30] = [
            b"PASSWORD=",
            b"--token ",
            b"mysql ",
            b"-p",
            b"curl ",
            b"-u ",
            b"a:",
            b"://",
            b"@",
            b"Bearer ",
            b"Authorization: ",
            b"-----BEGIN PRIVATE KEY-----",
            b"eyJ",
            b"sk-",
            b"'",
            b"\"",
            b"\\",
            b" ",
            b"\n",
            b";",
            b"$(",
            b"aB3dE5gH7jK9mN1pQ2sT4vW6yZ8",
            b"key",
            b": ",
            b"=",
            b"\xff",
            b"\xe2\x82",
            "€".as_bytes(),
            b"[redacted:",
            b"]",
        ];
        let mut state = 1_u64;
        std::iter::from_fn(move || {
            let mut line = Vec::new();
            for _ in 0..12 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                line.extend_from_slice(
                    pieces[usize::try_from(state >> 33).unwrap() % pieces.len()],
                );
            }
            Some(line)
        })
        .take(20_000)
    }

    #[test]
    fn text_stays_text_and_what_is_kept_stays_in_order() {
        for line in mixtures() {
            let redacted = redact(&line);
            // Each byte that is kept stands in the same order as before.
            let mut rest = line.iter();
            for part in redacted.split(|byte| *byte == b']') {
                let kept = part
                    .windows(MARK.len())
                    .position(|at| at == MARK.as_bytes());
                let kept = part.get(..kept.unwrap_or(part.len())).unwrap();
                assert!(
                    kept.iter().all(|byte| rest.any(|other| other == byte)),
                    "{}",
                    line.escape_ascii()
                );
            }
            if let Ok(text) = std::str::from_utf8(&line) {
                assert_ne!(redact_text(text), mark("text"), "{}", line.escape_ascii());
            }
        }
    }

    #[test]
    fn a_secret_is_found_wherever_its_command_stands() {
        let secret = "Zq7hunter2";
        let introduced = [
            ("PASSWORD=", ""),
            ("export PGPASSWORD=", ""),
            ("x --password ", ""),
            ("x --password=", ""),
            ("mysql -u root -p", " db"),
            ("/usr/bin/mysqldump -p", ""),
            ("sshpass -p ", " ssh h"),
            ("curl -su bob:", " h"),
            ("curl -s -u bob:", " h"),
            ("curl https://bob:", "@h/x"),
            ("redis-cli -h x -a ", " get y"),
            ("curl -H Authorization:Bearer\\ ", ""),
            ("docker login r.io -u a -p ", ""),
            ("API_TOKEN=", " run"),
        ];
        let around = [
            ("", ""),
            ("cd x && ", "; ls"),
            ("sudo -E ", " | sh"),
            ("env A=1 ", " >f"),
            ("(", ")"),
            ("x=$(", ")"),
            ("if true; then ", "; fi"),
            ("echo '", "'"),
            ("sh -c '", "'"),
            ("ssh h \"", "\""),
            ("ssh h \"sh -c '", "'\""),
            ("a\n", "\nb"),
        ];
        let mut leaked = Vec::new();
        for (before, after) in introduced {
            for (start, end) in around {
                let line = format!("{start}{before}{secret}{after}{end}");
                let redacted = text(&line);
                if redacted.contains(secret) || !redacted.ends_with(&format!("{after}{end}")) {
                    leaked.push(format!("{line}  ->  {redacted}"));
                }
            }
        }
        assert!(leaked.is_empty(), "{}", leaked.join("\n"));
    }
}
