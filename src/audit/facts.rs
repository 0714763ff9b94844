//! Facts that several kinds of records have in common.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use guardsh_protocol::{Newlines, redact, shown_with};
use serde_json::{Map, Value};

/// A line as facts: `line`, and where it is not UTF-8 `line_base64` beside the text that can be read.
///
/// Secrets are taken out of the bytes, so neither form holds them.
pub(crate) fn line_facts(line: &[u8]) -> Map<String, Value> {
    let line = redact(line);
    let mut facts = Map::new();
    let text = match std::str::from_utf8(&line) {
        Ok(text) => text.to_owned(),
        Err(_) => {
            let encoded = Value::String(STANDARD.encode(&line));
            facts.insert("line_base64".to_owned(), encoded);
            shown_with(&line, Newlines::Kept).into_string()
        }
    };
    facts.insert("line".to_owned(), Value::String(text));
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_of_text_is_kept_as_it_is() {
        let facts = Value::Object(line_facts("printf '\\x1b'\n\u{1b} é".as_bytes()));
        assert_eq!(facts, json!({"line": "printf '\\x1b'\n\u{1b} é"}));
    }

    #[test]
    fn a_line_that_is_no_text_can_be_read_and_had_back() {
        let facts = Value::Object(line_facts(b"PASSWORD=hunter2 \xff\n"));
        assert_eq!(
            facts,
            json!({
                "line": "PASSWORD=[redacted:password] \\xff\n",
                "line_base64": STANDARD.encode(b"PASSWORD=[redacted:password] \xff\n")
            })
        );
    }
}
