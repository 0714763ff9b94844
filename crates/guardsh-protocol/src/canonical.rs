//! The one way to write a JSON value as bytes (RFC 8785), so that digests agree.
//!
//! Two programs that hash the same value must hash the same bytes. Numbers are where JSON readers
//! differ, so only integers that every reader keeps exactly are taken: no fractions, nothing beyond
//! 2^53 - 1. Whoever has a larger number (an inode can be one) writes it as a string.

use serde_json::{Number, Value};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// The largest integer that every JSON reader keeps exactly (2^53 - 1).
pub const LARGEST_EXACT: u64 = 9_007_199_254_740_991;

/// How deep arrays and objects may lie within each other: as deep as `serde_json` reads them back.
const DEEPEST: usize = 127;

/// Why a value has no canonical form.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CanonicalError {
    /// Not an integer from -(2^53 - 1) to 2^53 - 1.
    #[error("the number {0} is not read alike by all JSON readers")]
    Number(String),
    /// Nested too deeply to be read back.
    #[error("JSON nested deeper than {DEEPEST}")]
    Depth,
}

/// The bytes of a value by RFC 8785: no spaces, keys sorted by UTF-16 code units.
pub fn canonical(value: &Value) -> Result<Vec<u8>, CanonicalError> {
    let mut out = Vec::with_capacity(256);
    write_value(&mut out, value, DEEPEST)?;
    Ok(out)
}

/// The SHA-256 of a value's canonical form, in lower-case hexadecimal.
pub fn canonical_digest(value: &Value) -> Result<String, CanonicalError> {
    Ok(sha256_hex(&canonical(value)?))
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Whether every JSON reader keeps the number exactly.
pub fn is_exact(number: &Number) -> bool {
    match (number.as_u64(), number.as_i64()) {
        (Some(positive), _) => positive <= LARGEST_EXACT,
        (None, Some(negative)) => negative.unsigned_abs() <= LARGEST_EXACT,
        (None, None) => false,
    }
}

fn write_value(out: &mut Vec<u8>, value: &Value, levels: usize) -> Result<(), CanonicalError> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) if is_exact(number) => {
            out.extend_from_slice(number.to_string().as_bytes());
        }
        Value::Number(number) => return Err(CanonicalError::Number(number.to_string())),
        Value::String(text) => write_string(out, text),
        Value::Array(items) => {
            let levels = levels.checked_sub(1).ok_or(CanonicalError::Depth)?;
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_value(out, item, levels)?;
            }
            out.push(b']');
        }
        Value::Object(members) => {
            let levels = levels.checked_sub(1).ok_or(CanonicalError::Depth)?;
            let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
            // Bytes of UTF-8 sort differently from UTF-16 where surrogates meet U+E000 to U+FFFF.
            sorted.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push(b'{');
            for (index, (key, member)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_string(out, key);
                out.push(b':');
                write_value(out, member, levels)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

fn write_string(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0x00..=0x1f => {
                out.extend_from_slice(b"\\u00");
                for digit in [byte >> 4, byte & 0x0f] {
                    out.extend(HEX.get(usize::from(digit)));
                }
            }
            0x20.. => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(value: &Value) -> String {
        String::from_utf8(canonical(value).unwrap()).unwrap()
    }

    #[test]
    fn keys_are_sorted_and_nothing_is_added() {
        let value = json!({"b": [1, -2, true, null], "a": {"z": "x", "y": {}}, "": []});
        assert_eq!(
            text(&value),
            r#"{"":[],"a":{"y":{},"z":"x"},"b":[1,-2,true,null]}"#
        );
    }

    // The example of RFC 8785, section 3.2.3.
    #[test]
    fn keys_are_sorted_by_utf16_code_units() {
        let value = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control",
            "\u{f6}": "Latin Small Letter O With Diaeresis"
        });
        let written = text(&value);
        let order = [
            "Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew",
        ];
        let places: Vec<_> = order
            .iter()
            .map(|name| written.find(name).unwrap())
            .collect();
        assert!(places.is_sorted(), "{written}");
    }

    // The string of RFC 8785, section 3.2.2.
    #[test]
    fn strings_are_escaped_no_more_than_needed() {
        let value = json!("\u{20ac}$\u{f}\nA'B\"\\\\\"/\u{7f}\u{8}\u{c}\t\r\0");
        assert_eq!(
            text(&value),
            "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\u{7f}\\b\\f\\t\\r\\u0000\""
        );
    }

    #[test]
    fn numbers_that_readers_disagree_on_are_refused() {
        assert_eq!(text(&json!(LARGEST_EXACT)), "9007199254740991");
        assert_eq!(
            text(&json!(-9_007_199_254_740_991_i64)),
            "-9007199254740991"
        );
        for value in [
            json!(1.5),
            json!(1.0),
            json!(LARGEST_EXACT + 1),
            json!(i64::MIN),
        ] {
            assert!(
                matches!(canonical(&json!([value])), Err(CanonicalError::Number(_))),
                "{value}"
            );
        }
    }

    #[test]
    fn depth_is_bounded_and_what_is_written_can_be_read() {
        let nested = |levels| (0..levels).fold(json!(1), |inner, _| json!([inner]));
        let deepest = canonical(&nested(DEEPEST)).unwrap();
        assert_eq!(
            serde_json::from_slice::<Value>(&deepest).unwrap(),
            nested(DEEPEST)
        );
        assert_eq!(canonical(&nested(DEEPEST + 1)), Err(CanonicalError::Depth));
    }
}
