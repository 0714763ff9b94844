//! Canonical JSON (RFC 8785) and the digests over it.
//!
//! Everything that guardsh digests is made of objects, arrays, text, booleans, null and whole numbers, so
//! the one hard part of RFC 8785, the text of floating point numbers, is left out: a number with a fraction
//! or an exponent is an error. Whole numbers beyond 2^53, which inode numbers can be, are written in full.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// Writes a value in the one form that RFC 8785 gives it.
pub fn canonical(value: &Value) -> Result<String, CanonicalError> {
    let mut out = String::new();
    write_value(value, MAX_DEPTH, &mut out)?;
    Ok(out)
}

/// The SHA-256 of a value's canonical form, in lower case hexadecimal.
pub fn canonical_digest(value: &Value) -> Result<String, CanonicalError> {
    Ok(sha256_hex(canonical(value)?.as_bytes()))
}

/// SHA-256 in lower case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Why a value has no canonical form here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// A number with a fraction or an exponent.
    #[error("a number that is not whole")]
    NotWhole,
    /// More arrays and objects inside each other than anything of ours has.
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
}

fn write_value(value: &Value, depth: usize, out: &mut String) -> Result<(), CanonicalError> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => {
            if number.is_f64() {
                return Err(CanonicalError::NotWhole);
            }
            out.push_str(&number.to_string());
        }
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            let depth = depth.checked_sub(1).ok_or(CanonicalError::TooDeep)?;
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_value(item, depth, out)?;
            }
            out.push(']');
        }
        Value::Object(members) => {
            let depth = depth.checked_sub(1).ok_or(CanonicalError::TooDeep)?;
            write_object(members, depth, out)?;
        }
    }
    Ok(())
}

fn write_object(
    members: &Map<String, Value>,
    depth: usize,
    out: &mut String,
) -> Result<(), CanonicalError> {
    let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
    // RFC 8785 orders names by UTF-16 code units, which differs from the order of bytes above U+FFFF.
    sorted.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    out.push('{');
    for (index, (name, value)) in sorted.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_text(name, out);
        out.push(':');
        write_value(value, depth, out)?;
    }
    out.push('}');
    Ok(())
}

fn write_text(text: &str, out: &mut String) {
    use std::fmt::Write as _;
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            control if control < ' ' => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// serde_json reads no deeper than this, so nothing that arrives can be deeper.
const MAX_DEPTH: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_are_ordered_by_utf_16_code_units_as_in_the_rfc() {
        // The example of RFC 8785, section 3.2.3.
        let value = json!({
            "\u{20ac}": "Euro Sign",
            "\r": "Carriage Return",
            "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
            "1": "One",
            "\u{1f600}": "Emoji: Grinning Face",
            "\u{80}": "Control",
            "\u{f6}": "Latin Small Letter O With Diaeresis",
        });
        let text = canonical(&value).unwrap();
        let order: Vec<usize> = [
            "Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew",
        ]
        .iter()
        .map(|word| text.find(word).unwrap())
        .collect();
        assert!(order.is_sorted(), "{text}");
    }

    #[test]
    fn text_is_escaped_as_in_the_rfc() {
        // RFC 8785, section 3.2.2, without its numbers.
        let value = json!({
            "string": "\u{20ac}$\u{f}\nA'\u{42}\u{22}\u{5c}\\\"/",
            "literals": [null, true, false],
            "numbers": [0, -1, 9007199254740993u64],
        });
        assert_eq!(
            canonical(&value).unwrap(),
            "{\"literals\":[null,true,false],\"numbers\":[0,-1,9007199254740993],\
             \"string\":\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
        );
        assert_eq!(
            canonical(&json!("\u{8}\t\u{c}\r\u{7f}\u{1b}")).unwrap(),
            "\"\\b\\t\\f\\r\u{7f}\\u001b\""
        );
    }

    #[test]
    fn a_number_with_a_fraction_has_no_digest() {
        assert_eq!(canonical(&json!([1.5])), Err(CanonicalError::NotWhole));
        let negative_zero: Value = serde_json::from_str("-0.0").unwrap();
        assert_eq!(canonical(&negative_zero), Err(CanonicalError::NotWhole));
    }

    #[test]
    fn nesting_without_end_is_an_error_and_not_an_overflow() {
        let mut value = json!(null);
        for _ in 0..500 {
            value = json!([value]);
        }
        assert_eq!(canonical(&value), Err(CanonicalError::TooDeep));
        // serde_json drops deep values by recursion too; 500 levels are fine.
    }

    #[test]
    fn the_digest_is_the_one_that_sha256sum_prints() {
        // printf '{"a":[1,true],"b":"x"}' | sha256sum
        assert_eq!(
            canonical_digest(&json!({"b": "x", "a": [1, true]})).unwrap(),
            sha256_hex(br#"{"a":[1,true],"b":"x"}"#)
        );
        assert_eq!(
            sha256_hex(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
