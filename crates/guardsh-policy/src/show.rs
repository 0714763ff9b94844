//! Bytes as text, for reasons and records.

/// Words longer than this are shortened in reasons; records hold all of them.
const LONGEST: usize = 120;

/// The text of bytes; what is no text becomes U+FFFD.
pub(crate) fn text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push('\u{fffd}');
        }
    }
    text
}

/// Bytes for a reason: one line, nothing hidden, not too long.
pub(crate) fn brief(bytes: &[u8]) -> String {
    let mut shown = String::new();
    let mut cut = false;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if shown.len() > LONGEST {
                cut = true;
                break;
            }
            if c.is_control() || is_hidden(c) {
                shown.extend(c.escape_default());
            } else {
                shown.push(c);
            }
        }
        for byte in chunk.invalid() {
            if shown.len() > LONGEST {
                cut = true;
                break;
            }
            shown.push_str(&format!("\\x{byte:02x}"));
        }
        if cut {
            break;
        }
    }
    if cut {
        shown.push('…');
    }
    shown
}

/// What reorders or hides text, and what looks like a blank.
pub(crate) fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{00a0}' | '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}'
        | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}'
        | '\u{205f}'..='\u{206f}' | '\u{3000}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_hidden_in_what_is_shown() {
        assert_eq!(brief(b"a\nb\x1b[31m"), "a\\nb\\u{1b}[31m");
        assert_eq!(brief(b"a\xffb"), "a\\xffb");
        assert_eq!(brief("ls\u{200b}".as_bytes()), "ls\\u{200b}");
        assert!(brief(&[b'x'; 1000]).ends_with('…'));
        assert_eq!(text(b"a\xffb"), "a\u{fffd}b");
    }
}
