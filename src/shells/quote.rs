//! Bytes as words of a shell: nothing put through here can be anything but one word.

use std::io::Write as _;

/// `'…'`: one word for every shell, whatever the bytes are (NUL excepted, which no shell can hold).
pub(crate) fn single(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 2);
    out.push(b'\'');
    for byte in bytes {
        match byte {
            b'\'' => out.extend_from_slice(b"'\\''"),
            other => out.push(*other),
        }
    }
    out.push(b'\'');
    out
}

/// The inside of bash's `$'…'`, in printable ASCII without the closing quote: its length is the same in
/// every locale, and no byte of it means anything to `read` or to the terminal.
pub(crate) fn ansi_c_body(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 8);
    for byte in bytes {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\'' => out.extend_from_slice(b"\\'"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b' '..=b'~' => out.push(*byte),
            other => {
                // Writing to memory does not fail. Three digits always: what follows may be a digit.
                let _ = write!(out, "\\{other:03o}");
            }
        }
    }
    out
}

/// bash's `$'…'`.
pub(crate) fn ansi_c(bytes: &[u8]) -> Vec<u8> {
    let mut out = b"$'".to_vec();
    out.extend(ansi_c_body(bytes));
    out.push(b'\'');
    out
}

/// One word for a shell without `$'…'` on a line of its own: `newline` names a variable that holds one.
pub(crate) fn on_one_line(bytes: &[u8], newline: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 2);
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if index > 0 {
            out.extend_from_slice(b"\"$");
            out.extend_from_slice(newline.as_bytes());
            out.push(b'"');
        }
        out.extend(single(line));
    }
    out
}

/// A pattern as the unquoted word of a shell in which only `*`, `?` and `[…]` have a meaning.
///
/// In `pattern` a backslash quotes the next byte. `None` where the result could mean more than a pattern
/// (control bytes, extended patterns).
pub(crate) fn pattern(pattern: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(pattern.len());
    let mut bytes = pattern.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                let quoted = bytes.next()?;
                match quoted {
                    0x20..=0x7e => out.extend_from_slice(&[b'\\', *quoted]),
                    0x80.. => out.push(*quoted),
                    0..=0x1f | 0x7f => return None,
                }
            }
            b'*' | b'?' | b'[' | b']' => out.push(*byte),
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'/'
            | b'.'
            | b'_'
            | b'-'
            | b'+'
            | b':'
            | b','
            | b'^'
            | b'!'
            | b'%'
            | b'@' => out.push(*byte),
            0x80.. => out.push(*byte),
            b' ' | b'"'..=b'~' => out.extend_from_slice(&[b'\\', *byte]),
            0..=0x1f | 0x7f => return None,
        }
    }
    Some(out)
}

/// Reads what bash prints as `'…'`, with `\''` between for a quote. `None` where it is anything else.
pub(crate) fn read_single(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(b"\\'") {
            out.push(b'\'');
            rest = after;
            continue;
        }
        rest = rest.strip_prefix(b"'")?;
        let end = rest.iter().position(|byte| *byte == b'\'')?;
        out.extend_from_slice(rest.get(..end)?);
        rest = rest.get(end + 1..)?;
    }
    Some(out)
}

/// Reads what `declare -p` prints after `NAME=`: `"…"` or `$'…'`. `None` where it is neither, or goes on after it.
pub(crate) fn read_declared(text: &[u8]) -> Option<Vec<u8>> {
    if let Some(inner) = text
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""))
    {
        return read_double(inner);
    }
    let inner = text.strip_prefix(b"$'")?.strip_suffix(b"'")?;
    read_ansi_c(inner)
}

/// Reads what `declare -p` without a name prints: the names that have a plain value, with it.
pub(crate) fn read_declarations(text: &[u8]) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        rest = rest.strip_prefix(b"declare -")?;
        let space = rest.iter().position(|byte| *byte == b' ')?;
        rest = rest.get(space + 1..)?;
        let end = rest
            .iter()
            .position(|byte| *byte == b'=' || *byte == b'\n')?;
        let name = rest.get(..end)?.to_vec();
        rest = rest.get(end..)?;
        if let Some(after) = rest.strip_prefix(b"\n") {
            rest = after;
            continue;
        }
        rest = rest.get(1..)?;
        let length = quoted_length(rest);
        match length {
            Some(length) => {
                found.push((name, read_declared(rest.get(..length)?)?));
                rest = rest.get(length..)?.strip_prefix(b"\n")?;
            }
            // An array: no program sees it. Its quoted elements may hold newlines, so its end is where the
            // next declaration can begin.
            None => {
                let end = rest.windows(10).position(|part| part == b"\ndeclare -");
                rest = end.map_or(b"".as_slice(), |end| {
                    rest.get(end + 1..).unwrap_or_default()
                });
            }
        }
    }
    Some(found)
}

/// How long the `"…"` or `$'…'` at the beginning is.
fn quoted_length(text: &[u8]) -> Option<usize> {
    let (start, quote) = if text.starts_with(b"$'") {
        (2, b'\'')
    } else if text.starts_with(b"\"") {
        (1, b'"')
    } else {
        return None;
    };
    let mut escaped = false;
    for (index, byte) in text.iter().enumerate().skip(start) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            byte if *byte == quote => return Some(index + 1),
            _ => {}
        }
    }
    None
}

fn read_double(inner: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => match bytes.next()? {
                quoted @ (b'\\' | b'"' | b'$' | b'`') => out.push(*quoted),
                b'\n' => {}
                other => out.extend_from_slice(&[b'\\', *other]),
            },
            b'"' => return None,
            other => out.push(*other),
        }
    }
    Some(out)
}

fn read_ansi_c(inner: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'\'' => return None,
            b'\\' => {
                let (kind, after) = rest.split_first()?;
                rest = after;
                match kind {
                    b'a' => out.push(7),
                    b'b' => out.push(8),
                    b'e' | b'E' => out.push(27),
                    b'f' => out.push(12),
                    b'n' => out.push(b'\n'),
                    b'r' => out.push(b'\r'),
                    b't' => out.push(b'\t'),
                    b'v' => out.push(11),
                    b'\\' | b'\'' | b'"' | b'?' => out.push(*kind),
                    b'0'..=b'7' => {
                        let digits = [*kind]
                            .into_iter()
                            .chain(rest.iter().copied())
                            .take(3)
                            .take_while(|digit| (b'0'..=b'7').contains(digit));
                        let (mut value, mut count) = (0_u32, 0);
                        for digit in digits {
                            value = value * 8 + u32::from(digit - b'0');
                            count += 1;
                        }
                        rest = rest.get(count - 1..)?;
                        out.push(u8::try_from(value & 0xff).ok()?);
                    }
                    // bash prints no other form.
                    _ => return None,
                }
            }
            other => out.push(*other),
        }
    }
    Some(out)
}

/// Reads one word that dash printed (`export -p`, `alias`): pieces of `'…'`, `"…"` and plain bytes.
/// Gives the word and what follows its newline.
pub(crate) fn read_dash_word(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut out = Vec::new();
    let mut rest = text;
    loop {
        let Some((byte, after)) = rest.split_first() else {
            return Some((out, rest));
        };
        rest = after;
        match byte {
            b'\n' => return Some((out, rest)),
            quote @ (b'\'' | b'"') => {
                let end = rest.iter().position(|byte| byte == quote)?;
                out.extend_from_slice(rest.get(..end)?);
                rest = rest.get(end + 1..)?;
            }
            other => out.push(*other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt;
    use std::process::Command;

    fn every_byte_but_nul() -> Vec<u8> {
        let mut all: Vec<u8> = (1..=255).collect();
        all.extend_from_slice(b"''\\'\\\\'\n\n'\\012 7\\n'$(touch x)`y`\"");
        all
    }

    fn shell(program: &str, script: &[u8]) -> Vec<u8> {
        Command::new(program)
            .arg("-c")
            .arg(std::ffi::OsStr::from_bytes(script))
            .output()
            .unwrap()
            .stdout
    }

    #[test]
    fn every_byte_comes_back_from_bash_as_it_was() {
        let all = every_byte_but_nul();
        for quoted in [single(&all), ansi_c(&all)] {
            assert_eq!(
                shell("bash", &[b"printf %s ".to_vec(), quoted].concat()),
                all
            );
        }
        assert!(
            ansi_c_body(&all)
                .iter()
                .all(|byte| (b' '..=b'~').contains(byte))
        );
    }

    #[test]
    fn every_byte_comes_back_from_dash_as_it_was() {
        let all = every_byte_but_nul();
        let script = [b"n='\n'; printf %s ".to_vec(), on_one_line(&all, "n")].concat();
        assert_eq!(shell("dash", &script), all);
    }

    #[test]
    fn what_bash_declares_is_read_back() {
        for value in [
            every_byte_but_nul(),
            b"plain".to_vec(),
            b"a\"b$c`d\\e".to_vec(),
            b"two\nlines".to_vec(),
        ] {
            let script = [b"x=".to_vec(), ansi_c(&value), b"; declare -p x".to_vec()].concat();
            let printed = shell("bash", &script);
            let text = printed
                .strip_prefix(b"declare -- x=")
                .unwrap()
                .strip_suffix(b"\n")
                .unwrap();
            assert_eq!(read_declared(text).unwrap(), value);
        }
    }

    #[test]
    fn a_pattern_runs_nothing() {
        let word = pattern(b"$(touch x);*`y` &|<>#~{a,b}'\"").unwrap();
        assert_eq!(
            shell("bash", &[b"printf %s ".to_vec(), word].concat()),
            b"$(touch x);*`y` &|<>#~{a,b}'\""
        );
    }
}
