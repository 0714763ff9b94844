//! The shape in which actions appear in `check --json`, in requests and in audit records.

use serde::{Deserialize, Serialize};

/// One judged action as JSON (contract 5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionRecord {
    /// `run`, `write`, `read`, `set`, `input`, `opaque`.
    pub kind: String,
    /// Byte range in the line.
    pub span: [usize; 2],
    /// Of `run`: the words; a word that is not known as it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argv: Option<Vec<String>>,
    /// Of `run` where a word is not UTF-8: every word in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argv_base64: Option<Vec<String>>,
    /// Of `write` and `read`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Of `write` and `read` where the path is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_base64: Option<String>,
    /// Of `set`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Of `set`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Of `run` and `input`: the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<ProgramRecord>,
    /// Of `input`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// Of `opaque`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// The folder it happens in; absent when only execution knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Of each word: `literal`, `resolved`, `pattern`, `dynamic`.
    #[serde(default)]
    pub words: Vec<String>,
    /// Wrappers and constructs around it, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<String>,
    /// `allow`, `ask`, `deny`.
    pub verdict: String,
    /// Id of the rule that decided.
    pub rule: String,
    /// `FILE:LINE` or `builtin`.
    pub source: String,
    /// Why.
    pub reason: String,
    /// What to do instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggest: Option<String>,
}

/// The program of a `run`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramRecord {
    /// `builtin`, `function`, `file`, `missing`, `unknown`.
    pub kind: String,
    /// The real path of a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Its device, in decimal digits: JSON readers do not keep large numbers exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Its inode, in decimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inode: Option<String>,
    /// When it last changed, in nanoseconds as decimal digits, if others than root could change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<String>,
}
