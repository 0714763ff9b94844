//! Bytes as text that is safe to print.

/// Bytes as one line of text: what is not UTF-8, control characters, and characters that reorder or hide
/// text are escaped.
pub(crate) fn shown(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\n' => text.push_str("\\n"),
                '\t' => text.push_str("\\t"),
                '\r' => text.push_str("\\r"),
                '\u{1b}' => text.push_str("\\e"),
                hidden if is_hidden(hidden) => {
                    // Writing to a String cannot fail.
                    let _ = write!(text, "\\u{{{:x}}}", u32::from(hidden));
                }
                plain => text.push(plain),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// Text of several lines, each line safe to print.
pub(crate) fn shown_lines(bytes: &[u8]) -> Vec<String> {
    let mut lines: Vec<String> = bytes.split(|byte| *byte == b'\n').map(shown).collect();
    if lines.len() > 1 && lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}' | '\u{e000}'..='\u{f8ff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_or_reorders_text_is_visible() {
        assert_eq!(
            shown(b"rm \x1b[2K\r\xff \xe2\x80\xae\xe2\x80\x8b\x07"),
            "rm \\e[2K\\r\\xff \\u{202e}\\u{200b}\\u{7}"
        );
        assert_eq!(shown("grün 日本".as_bytes()), "grün 日本");
    }
}
