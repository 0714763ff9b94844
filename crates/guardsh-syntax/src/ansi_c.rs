//! `$'…'` as bash 5.2 decodes it.

use crate::reader::{Read, Reader};

impl Reader<'_> {
    /// Reads from behind `$'` to the closing quote and decodes. A NUL ends the string, as in bash; what
    /// depends on the locale (`\u`, `\U` beyond ASCII) is not supported.
    pub(crate) fn ansi_c(&mut self) -> Read<Vec<u8>> {
        let start = self.pos;
        let mut value = Vec::new();
        let mut ended = false;
        loop {
            let Some(byte) = self.raw() else {
                return self.incomplete_until(
                    start,
                    "unclosed $' quote",
                    crate::Until::Byte(b'\''),
                );
            };
            self.pos += 1;
            let decoded = match byte {
                b'\'' => return Ok(value),
                b'\\' => self.ansi_c_escape()?,
                other => Some(vec![other]),
            };
            match decoded {
                Some(bytes) if !ended => value.extend(bytes),
                Some(_) => {}
                None => ended = true,
            }
        }
    }

    /// One escape, from behind its backslash. `None` is a NUL.
    fn ansi_c_escape(&mut self) -> Read<Option<Vec<u8>>> {
        let at = self.pos;
        let Some(byte) = self.raw() else {
            return self.incomplete_until(at, "unclosed $' quote", crate::Until::Byte(b'\''));
        };
        self.pos += 1;
        let one = |byte: u8| Ok(if byte == 0 { None } else { Some(vec![byte]) });
        match byte {
            b'a' => one(7),
            b'b' => one(8),
            b'e' | b'E' => one(27),
            b'f' => one(12),
            b'n' => one(10),
            b'r' => one(13),
            b't' => one(9),
            b'v' => one(11),
            b'\\' | b'\'' | b'"' | b'?' => one(byte),
            b'0'..=b'7' => {
                self.pos -= 1;
                let value = self.digits(3, 8);
                one(u8::try_from(value & 0xff).unwrap_or(0))
            }
            b'x' => {
                if self.raw() == Some(b'{') {
                    return self.unsupported(at, "`\\x{` in a $' quote");
                }
                if !self.raw().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                    return Ok(Some(b"\\x".to_vec()));
                }
                let value = self.digits(2, 16);
                one(u8::try_from(value & 0xff).unwrap_or(0))
            }
            b'u' | b'U' => {
                if !self.raw().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                    return Ok(Some(vec![b'\\', byte]));
                }
                let value = self.digits(if byte == b'u' { 4 } else { 8 }, 16);
                match u8::try_from(value) {
                    Ok(ascii) if ascii < 0x80 => one(ascii),
                    // What it becomes depends on the locale of the shell.
                    Ok(_) | Err(_) => {
                        self.unsupported(at, "a character beyond ASCII by number in a $' quote")
                    }
                }
            }
            b'c' => {
                let Some(control) = self.raw() else {
                    return self.incomplete_until(
                        at,
                        "unclosed $' quote",
                        crate::Until::Byte(b'\''),
                    );
                };
                if !control.is_ascii_alphabetic() {
                    return self.unsupported(at, "an unusual `\\c` in a $' quote");
                }
                self.pos += 1;
                one(control & 0x1f)
            }
            // bash marks bytes with these two inside, and does not always take the marks off again.
            1 | 127 => self.unsupported(at, "a control byte behind a backslash in a $' quote"),
            other => Ok(Some(vec![b'\\', other])),
        }
    }

    fn digits(&mut self, most: usize, radix: u32) -> u32 {
        let mut value: u32 = 0;
        for _ in 0..most {
            let Some(digit) = self.raw().and_then(|byte| char::from(byte).to_digit(radix)) else {
                break;
            };
            value = value.wrapping_mul(radix).wrapping_add(digit);
            self.pos += 1;
        }
        value
    }
}
