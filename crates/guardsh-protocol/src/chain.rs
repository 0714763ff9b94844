//! The shape of an audit record, and the chain that binds each one to the one before.
//!
//! A record is one line: the canonical JSON (RFC 8785) of all its members but `hash`, and `hash` put in
//! before the closing brace. `hash` is the SHA-256 of the line without it, so that `sed` and `sha256sum`
//! are enough to check one. `prev` is the `hash` of the record before, [`FIRST_PREV`] for the first.

pub use crate::canonical::sha256_hex as hex_sha256;
use crate::canonical::{CanonicalError, canonical, is_exact};
use serde_json::{Map, Number, Value};
use thiserror::Error;

/// `prev` of the first record of a log.
pub const FIRST_PREV: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Members that every record has, and that are never facts.
pub const RESERVED: [&str; 6] = ["seq", "time", "session", "kind", "prev", "hash"];

/// What stands between the canonical text and the hash.
const HASH_MEMBER: &[u8] = b",\"hash\":\"";
const HASH_END: &[u8] = b"\"}";

/// The end of a chain: the next record's number and `prev` follow from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of the last record; 0 before the first.
    pub seq: u64,
    /// Its `hash`.
    pub hash: String,
}

impl Default for Head {
    fn default() -> Self {
        Self {
            seq: 0,
            hash: FIRST_PREV.to_owned(),
        }
    }
}

/// A record read from a log: its hash is right and its form is the one it was written in.
///
/// Whether it follows the one before it is for the reader to ask: [`Record::follows`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Number in its log, from 1.
    pub seq: u64,
    /// RFC 3339, UTC, milliseconds.
    pub time: String,
    /// The session that wrote it.
    pub session: String,
    /// `session_start`, `submission`, `verdict`, …
    pub kind: String,
    /// All other members but `prev` and `hash`.
    pub facts: Map<String, Value>,
    /// The hash of the record before.
    pub prev: String,
    /// SHA-256 of the line without `hash`, in lower-case hexadecimal.
    pub hash: String,
}

/// What is written in one record beside the chain's own members.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// RFC 3339, UTC, milliseconds.
    pub time: &'a str,
    /// The session that writes.
    pub session: &'a str,
    /// `session_start`, `submission`, `verdict`, …
    pub kind: &'a str,
    /// The facts; none may have a reserved name.
    pub facts: Map<String, Value>,
}

/// Why a record cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChainError {
    /// A fact would hide one of the record's own members.
    #[error("a fact of an audit record cannot be named `{0}`")]
    Reserved(&'static str),
    /// A fact has no canonical form.
    #[error("an audit record has no canonical form")]
    Canonical(#[source] CanonicalError),
    /// The log has as many records as can be numbered.
    #[error("the audit log cannot number another record")]
    Full,
}

/// Why a line is not a record.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RecordError {
    /// Not one JSON object that ends with a hash.
    #[error("it is not an audit record")]
    Form,
    /// A member that each record has is missing or of another type.
    #[error("its `{0}` is missing or of another type")]
    Member(&'static str),
    /// Not the canonical form: the hash would not tell this text from another.
    #[error("it is not written in canonical form")]
    NotCanonical,
    /// The hash is that of another text.
    #[error("its hash is not that of its text: it was changed after it was written")]
    Hash,
}

/// Writes the record that comes after `head`: its line, newline and all, and the new head.
///
/// Numbers that JSON readers disagree on are written as strings: a log must not refuse a line over the
/// inode of a file.
pub fn seal(head: &Head, entry: Entry<'_>) -> Result<(Vec<u8>, Head), ChainError> {
    let seq = head.seq.checked_add(1).ok_or(ChainError::Full)?;
    let mut members = entry.facts;
    for name in RESERVED {
        if members.contains_key(name) {
            return Err(ChainError::Reserved(name));
        }
    }
    members
        .values_mut()
        .for_each(|value| keep_numbers_exact(value, 128));
    members.insert("seq".to_owned(), Value::Number(Number::from(seq)));
    for (name, text) in [
        ("time", entry.time),
        ("session", entry.session),
        ("kind", entry.kind),
        ("prev", &head.hash),
    ] {
        members.insert(name.to_owned(), Value::String(text.to_owned()));
    }
    let mut line = canonical(&Value::Object(members)).map_err(ChainError::Canonical)?;
    let hash = hex_sha256(&line);
    line.pop();
    line.extend_from_slice(HASH_MEMBER);
    line.extend_from_slice(hash.as_bytes());
    line.extend_from_slice(HASH_END);
    line.push(b'\n');
    Ok((line, Head { seq, hash }))
}

/// Reads one line, without its newline, and checks its hash and its form.
pub fn read_record(line: &[u8]) -> Result<Record, RecordError> {
    let opened = line.strip_suffix(HASH_END).ok_or(RecordError::Form)?;
    let (text, hash) = opened
        .split_at_checked(opened.len().saturating_sub(64))
        .ok_or(RecordError::Form)?;
    let mut text = text
        .strip_suffix(HASH_MEMBER)
        .ok_or(RecordError::Form)?
        .to_vec();
    text.push(b'}');
    let hash = std::str::from_utf8(hash).map_err(|_| RecordError::Form)?;

    let value: Value = serde_json::from_slice(&text).map_err(|_| RecordError::Form)?;
    // Canonical form rules out keys that stand twice, of which readers may take either.
    if canonical(&value).ok().as_deref() != Some(text.as_slice()) {
        return Err(RecordError::NotCanonical);
    }
    if hex_sha256(&text) != hash {
        return Err(RecordError::Hash);
    }
    let Value::Object(mut members) = value else {
        return Err(RecordError::Form);
    };
    let seq = members
        .remove("seq")
        .and_then(|seq| seq.as_u64())
        .ok_or(RecordError::Member("seq"))?;
    let mut text_of = |name: &'static str| match members.remove(name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) | None => Err(RecordError::Member(name)),
    };
    let time = text_of("time")?;
    let session = text_of("session")?;
    let kind = text_of("kind")?;
    let prev = text_of("prev")?;
    Ok(Record {
        seq,
        time,
        session,
        kind,
        facts: members,
        prev,
        hash: hash.to_owned(),
    })
}

impl Record {
    /// Whether it is the one after `head`.
    pub fn follows(&self, head: &Head) -> bool {
        head.seq.checked_add(1) == Some(self.seq) && self.prev == head.hash
    }

    /// The chain's end if this is its last record.
    pub fn head(&self) -> Head {
        Head {
            seq: self.seq,
            hash: self.hash.clone(),
        }
    }
}

/// What lies deeper than `levels` is left for [`canonical`] to refuse.
fn keep_numbers_exact(value: &mut Value, levels: usize) {
    let Some(levels) = levels.checked_sub(1) else {
        return;
    };
    match value {
        Value::Number(number) if !is_exact(number) => *value = Value::String(number.to_string()),
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| keep_numbers_exact(item, levels)),
        Value::Object(members) => members
            .values_mut()
            .for_each(|member| keep_numbers_exact(member, levels)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(facts: Value) -> Entry<'static> {
        let Value::Object(facts) = facts else {
            panic!("facts are an object");
        };
        Entry {
            time: "2026-11-21T15:27:52.123Z",
            session: "s1",
            kind: "verdict",
            facts,
        }
    }

    fn sealed(facts: Value) -> String {
        let (line, _) = seal(&Head::default(), entry(facts)).unwrap();
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn a_record_is_canonical_json_and_its_hash_comes_last() {
        let line = sealed(json!({"verdict": "allow", "line": "ls"}));
        let text = format!(
            r#"{{"kind":"verdict","line":"ls","prev":"{FIRST_PREV}","seq":1,"session":"s1","time":"2026-11-21T15:27:52.123Z","verdict":"allow"}}"#
        );
        let hash = hex_sha256(text.as_bytes());
        assert_eq!(
            line,
            format!("{},\"hash\":\"{hash}\"}}\n", text.trim_end_matches('}'))
        );
    }

    #[test]
    fn a_record_reads_back_as_it_was_written() {
        let line = sealed(json!({"line": "printf '\u{0}\u{1b}é'", "risk": {"score": 3}}));
        let record = read_record(line.trim_end().as_bytes()).unwrap();
        assert_eq!(
            record.facts,
            *json!({"line": "printf '\u{0}\u{1b}é'", "risk": {"score": 3}})
                .as_object()
                .unwrap()
        );
        assert!(record.follows(&Head::default()));
        let (next, head) = seal(&record.head(), entry(json!({}))).unwrap();
        assert!(
            read_record(next.trim_ascii_end())
                .unwrap()
                .follows(&record.head())
        );
        assert_eq!(head.seq, 2);
    }

    #[test]
    fn no_byte_of_a_record_can_be_changed() {
        let line = sealed(json!({"line": "rm -rf x", "list": [1, "a"]}));
        let line = line.trim_end().as_bytes();
        for place in 0..line.len() {
            for other in [line[place] ^ 1, line[place] ^ 0x20, b' '] {
                let mut changed = line.to_vec();
                changed[place] = other;
                if changed != line {
                    let read = read_record(&changed);
                    assert!(read.is_err(), "{}", String::from_utf8(changed).unwrap());
                }
            }
        }
    }

    #[test]
    fn another_spelling_of_the_same_record_is_refused() {
        let text =
            format!(r#"{{"kind": "k","prev":"{FIRST_PREV}","seq":1,"session":"s","time":"t"}}"#);
        let hash = hex_sha256(text.as_bytes());
        let line = format!("{},\"hash\":\"{hash}\"}}", text.trim_end_matches('}'));
        assert_eq!(read_record(line.as_bytes()), Err(RecordError::NotCanonical));
    }

    #[test]
    fn facts_cannot_pose_as_members_of_the_record() {
        for name in RESERVED {
            let facts = json!({ name: 7 });
            assert_eq!(
                seal(&Head::default(), entry(facts)),
                Err(ChainError::Reserved(name))
            );
        }
    }

    #[test]
    fn a_number_no_reader_keeps_is_written_as_text() {
        let line = sealed(json!({"inode": u64::MAX, "share": [0.5]}));
        assert!(line.contains(r#""inode":"18446744073709551615""#), "{line}");
        assert!(line.contains(r#""share":["0.5"]"#), "{line}");
    }

    #[test]
    fn lines_that_are_no_records_are_refused() {
        for line in [
            "",
            "{}",
            "\"}",
            "[1]",
            "null",
            &"x".repeat(300),
            &format!(",\"hash\":\"{FIRST_PREV}\"}}"),
        ] {
            assert!(read_record(line.as_bytes()).is_err(), "{line}");
        }
    }
}
