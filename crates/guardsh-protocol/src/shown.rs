//! Text fit to be shown: the one escaper for terminal, log, page and chat.
//!
//! What a person reads before saying yes was written by whom they guard against. So whatever would hide,
//! move or imitate text is made visible as `\x1b` (a byte) or `\u{202e}` (a character), and different
//! bytes never look the same: a backslash that could be taken for the start of such an escape is doubled.
//! What is left out is counted, and the end of a long text is shown as well as its beginning, for that is
//! where `| sh` stands.

use std::fmt;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Text that is safe to print and says all that the bytes it was made from do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shown(String);

/// What becomes of newlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newlines {
    /// They stay, and so do tabs: for places where many lines can stand.
    Kept,
    /// Each is `⏎`: for one line of text.
    Signed,
    /// Each is `\n`: where only ASCII may stand.
    Escaped,
}

/// The bytes as one line of text, newlines as `⏎`.
pub fn shown(bytes: &[u8]) -> Shown {
    shown_with(bytes, Newlines::Signed)
}

/// The bytes as text, newlines as asked.
pub fn shown_with(bytes: &[u8], newlines: Newlines) -> Shown {
    Shown(render(bytes, newlines).text)
}

/// The bytes as one line of at most `columns` columns.
///
/// What does not fit is taken out of the middle and counted: `… (+120 bytes) …`. The count needs some 24
/// columns, and is written even where there are fewer.
pub fn shown_within(bytes: &[u8], columns: usize) -> Shown {
    let Rendered { text, units } = render(bytes, Newlines::Signed);
    if text.width() <= columns {
        return Shown(text);
    }
    let note = |left_out: usize| format!("… (+{left_out} bytes) …");
    let room = columns.saturating_sub(note(bytes.len()).width());
    let end_room = room / 3;

    let widths: Vec<usize> = (0..units.len())
        .map(|index| units.text_of(&text, index).width())
        .collect();
    let fitting = |widths: &mut dyn Iterator<Item = &usize>, room: usize| {
        let mut used = 0_usize;
        widths
            .take_while(|width| {
                used = used.saturating_add(**width);
                used <= room
            })
            .count()
    };
    let head = fitting(&mut widths.iter(), room.saturating_sub(end_room));
    let tail = fitting(&mut widths.iter().rev(), end_room).min(units.len().saturating_sub(head));
    let tail_start = units.len().saturating_sub(tail);

    let left_out = (head..tail_start).map(|index| units.bytes_of(index)).sum();
    let mut out = String::with_capacity(columns);
    (0..head).for_each(|index| out.push_str(units.text_of(&text, index)));
    out.push_str(&note(left_out));
    (tail_start..units.len()).for_each(|index| out.push_str(units.text_of(&text, index)));
    Shown(out)
}

impl Shown {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How many columns it takes on a terminal.
    pub fn width(&self) -> usize {
        self.0.width()
    }

    /// The text, to be put into something larger.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for Shown {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// A character, or a byte that is part of none.
#[derive(Clone, Copy)]
enum Unit {
    Char(char),
    Byte(u8),
}

struct Rendered {
    text: String,
    units: Units,
}

/// Where each unit's text ends, and how many bytes it had.
struct Units(Vec<(usize, usize)>);

impl Units {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn bytes_of(&self, index: usize) -> usize {
        self.0.get(index).map_or(0, |(_, bytes)| *bytes)
    }

    fn text_of<'text>(&self, text: &'text str, index: usize) -> &'text str {
        let start = index
            .checked_sub(1)
            .and_then(|before| self.0.get(before))
            .map_or(0, |(end, _)| *end);
        let end = self.0.get(index).map_or(start, |(end, _)| *end);
        text.get(start..end).unwrap_or_default()
    }
}

fn render(bytes: &[u8], newlines: Newlines) -> Rendered {
    let units = read_units(bytes);
    let plain = plain_units(&units, newlines);
    let mut text = String::with_capacity(bytes.len());
    let mut ends = Vec::with_capacity(units.len());
    let doubled = doubled_backslashes(&units, &plain, newlines);
    for ((unit, plain), doubled) in units.iter().zip(&plain).zip(&doubled) {
        let length = match unit {
            Unit::Char('\n') if newlines == Newlines::Signed => {
                text.push('⏎');
                1
            }
            Unit::Char('\n') if newlines == Newlines::Escaped => {
                text.push_str("\\n");
                1
            }
            Unit::Char(c) if *plain => {
                text.push(*c);
                if *doubled {
                    text.push(*c);
                }
                c.len_utf8()
            }
            Unit::Char(c) if c.is_ascii() => {
                text.push_str(&format!("\\x{:02x}", u32::from(*c)));
                1
            }
            Unit::Char(c) => {
                text.push_str(&format!("\\u{{{:x}}}", u32::from(*c)));
                c.len_utf8()
            }
            Unit::Byte(byte) => {
                text.push_str(&format!("\\x{byte:02x}"));
                1
            }
        };
        ends.push((text.len(), length));
    }
    Rendered {
        text,
        units: Units(ends),
    }
}

fn read_units(bytes: &[u8]) -> Vec<Unit> {
    let mut units = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        units.extend(chunk.valid().chars().map(Unit::Char));
        units.extend(chunk.invalid().iter().copied().map(Unit::Byte));
    }
    units
}

/// Which units are shown as they are.
fn plain_units(units: &[Unit], newlines: Newlines) -> Vec<bool> {
    let mut plain = vec![false; units.len()];
    let imitating = imitating_letters(units);
    let mut before: Option<char> = None;
    // Marks (accents, vowel signs) that already stand on the letter before.
    let mut marks = 0_usize;
    let mut rest = units;
    for (plain, imitating) in plain.iter_mut().zip(imitating) {
        let Some((unit, after)) = rest.split_first() else {
            break;
        };
        rest = after;
        let Unit::Char(c) = *unit else {
            before = None;
            continue;
        };
        let next = match after.first() {
            Some(Unit::Char(next)) => Some(*next),
            Some(Unit::Byte(_)) | None => None,
        };
        let is_mark = !c.is_ascii() && c.width() == Some(0);
        marks = if is_mark { marks.saturating_add(1) } else { 0 };
        *plain = match c {
            ' '..='~' => true,
            '\n' => true,
            '\t' => newlines == Newlines::Kept,
            // What only this module may write.
            '⏎' | '…' => false,
            _ if never_plain(c) || imitating => false,
            _ if is_mark => {
                marks <= 2
                    && before.is_some_and(|letter| {
                        letter.is_alphabetic() || (marks == 2 && letter.width() == Some(0))
                    })
            }
            _ if imitates_punctuation(c) => {
                let touches = |other: Option<char>| other.is_some_and(|c| c.is_ascii_graphic());
                !touches(before) && !touches(next)
            }
            _ => true,
        };
        before = Some(c);
    }
    plain
}

/// Which backslashes must be doubled because what follows would read as an escape, or is one.
fn doubled_backslashes(units: &[Unit], plain: &[bool], newlines: Newlines) -> Vec<bool> {
    let mut doubled = vec![false; units.len()];
    // From the end: a backslash before a doubled backslash is doubled too.
    let mut following_doubled = false;
    for index in (0..units.len()).rev() {
        let after = index.saturating_add(1);
        let is_backslash = matches!(units.get(index), Some(Unit::Char('\\')));
        let double = is_backslash
            && match units.get(after) {
                None => false,
                Some(Unit::Byte(_)) => true,
                Some(Unit::Char('\\')) => following_doubled,
                Some(Unit::Char('\n')) => newlines == Newlines::Escaped,
                Some(Unit::Char('n')) => newlines == Newlines::Escaped,
                Some(Unit::Char('x')) => {
                    is_hex(units.get(after.saturating_add(1)))
                        && is_hex(units.get(after.saturating_add(2)))
                }
                Some(Unit::Char('u')) => {
                    matches!(units.get(after.saturating_add(1)), Some(Unit::Char('{')))
                }
                Some(Unit::Char(_)) => !plain.get(after).copied().unwrap_or(false),
            };
        if let Some(place) = doubled.get_mut(index) {
            *place = double;
        }
        following_doubled = double;
    }
    doubled
}

fn is_hex(unit: Option<&Unit>) -> bool {
    matches!(unit, Some(Unit::Char(c)) if c.is_ascii_hexdigit())
}

/// Letters that imitate ASCII ones: those of a look-alike script within a word that has ASCII letters, and
/// whole words in which every letter has an ASCII twin.
fn imitating_letters(units: &[Unit]) -> Vec<bool> {
    let mut imitating = vec![false; units.len()];
    let mut start = 0;
    while start < units.len() {
        let word = units
            .iter()
            .skip(start)
            .take_while(|unit| matches!(unit, Unit::Char(c) if is_word(*c)))
            .count();
        let end = start.saturating_add(word);
        let letters = || {
            units
                .iter()
                .take(end)
                .skip(start)
                .filter_map(|unit| match unit {
                    Unit::Char(c) if !c.is_ascii() || c.is_ascii_alphabetic() => Some(*c),
                    Unit::Char(_) | Unit::Byte(_) => None,
                })
        };
        let mixed = letters().any(|c| c.is_ascii());
        let all_twins = word > 0 && letters().all(has_ascii_twin);
        if mixed || all_twins {
            let marks = imitating.iter_mut().take(end).skip(start);
            for (mark, unit) in marks.zip(units.iter().skip(start)) {
                *mark = matches!(unit, Unit::Char(c) if !c.is_ascii() && (all_twins || of_lookalike_script(*c)));
            }
        }
        start = end.max(start.saturating_add(1));
    }
    imitating
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric() || (!c.is_ascii() && c.width() == Some(0))
}

/// Characters that are never shown as they are, whatever stands beside them.
fn never_plain(c: char) -> bool {
    matches!(c,
        // Controls.
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        // Spaces that the shell does not take for one, and things that look like nothing.
        | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
        | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}'
        | '\u{2400}'..='\u{2426}' | '\u{fffc}'
        // Format characters: soft hyphen, zero-width, bidi, invisible operators, tags, annotations.
        | '\u{ad}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
        | '\u{13430}'..='\u{1345f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        // Variation selectors, tags, and all else of that plane.
        | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{effff}'
        // Marks that strike through or enclose what they stand on.
        | '\u{334}'..='\u{338}' | '\u{488}' | '\u{489}' | '\u{20d0}'..='\u{20ff}'
        // Letters written from right to left: they turn the order of words around them without any bidi
        // control.
        | '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}'
        // Private use: any font may draw anything.
        | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}'
    ) || u32::from(c) & 0xfffe == 0xfffe
}

/// Scripts and blocks whose letters pass for Latin ones.
fn of_lookalike_script(c: char) -> bool {
    matches!(c,
        // Latin letters that pass for plainer ones: dotless i, long s, IPA, small capitals, modifiers.
        '\u{131}' | '\u{138}' | '\u{17f}' | '\u{184}'..='\u{185}' | '\u{196}' | '\u{1a6}'..='\u{1a8}'
        | '\u{1bc}'..='\u{1bd}' | '\u{1c0}'..='\u{1c3}' | '\u{237}' | '\u{250}'..='\u{2ff}'
        | '\u{1d00}'..='\u{1dbf}' | '\u{2c60}'..='\u{2c7f}' | '\u{a720}'..='\u{a7ff}' | '\u{ab30}'..='\u{ab6f}'
        // Greek, Coptic, Cyrillic, Armenian, Cherokee, Canadian syllabics, Runic, Lisu, Vai.
        | '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' | '\u{2c80}'..='\u{2cff}' | '\u{400}'..='\u{52f}'
        | '\u{1c80}'..='\u{1c8f}' | '\u{2de0}'..='\u{2dff}' | '\u{a640}'..='\u{a69f}' | '\u{530}'..='\u{58f}'
        | '\u{13a0}'..='\u{13ff}' | '\u{ab70}'..='\u{abbf}' | '\u{1400}'..='\u{167f}' | '\u{16a0}'..='\u{16ff}'
        | '\u{a4d0}'..='\u{a63f}'
        // Letter-like signs, Roman numerals, enclosed and fullwidth letters, mathematical alphabets.
        | '\u{2100}'..='\u{218f}' | '\u{2460}'..='\u{24ff}' | '\u{ff00}'..='\u{ffef}'
        | '\u{1d400}'..='\u{1d7ff}' | '\u{1f100}'..='\u{1f1ff}'
        // Georgian, and old scripts of Latin shape.
        | '\u{10a0}'..='\u{10ff}' | '\u{10280}'..='\u{1044f}' | '\u{118a0}'..='\u{118ff}'
    )
}

/// Letters that look like an ASCII letter or digit even alone.
fn has_ascii_twin(c: char) -> bool {
    c.is_ascii()
        || matches!(c,
            'а' | 'с' | 'е' | 'о' | 'р' | 'х' | 'у' | 'і' | 'ј' | 'ѕ' | 'ԁ' | 'һ' | 'ӏ' | 'ԛ' | 'ԝ' | 'ѵ' | 'г' | 'п' | 'т' | 'ь' | 'З'
            | 'А' | 'В' | 'С' | 'Е' | 'Н' | 'І' | 'Ј' | 'К' | 'М' | 'О' | 'Р' | 'Ѕ' | 'Т' | 'Х' | 'У' | 'Ү' | 'к' | 'м' | 'в' | 'н'
            | 'ο' | 'ν' | 'α' | 'ρ' | 'υ' | 'ι' | 'κ' | 'ϲ' | 'ϳ' | 'τ' | 'η'
            | 'Α' | 'Β' | 'Ε' | 'Ζ' | 'Η' | 'Ι' | 'Κ' | 'Μ' | 'Ν' | 'Ο' | 'Ρ' | 'Τ' | 'Υ' | 'Χ'
            | 'օ' | 'ո' | 'ս' | 'հ' | 'ց' | 'զ'
            | '\u{131}' | '\u{237}' | '\u{251}' | '\u{261}' | '\u{269}' | '\u{26a}' | '\u{280}'
            | '\u{1d00}'..='\u{1d2b}' | '\u{2100}'..='\u{218f}' | '\u{2460}'..='\u{24ff}'
            | '\u{a4d0}'..='\u{a4f7}' | '\u{13a0}'..='\u{13ff}' | '\u{ab70}'..='\u{abbf}'
            | '\u{ff10}'..='\u{ff19}' | '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}'
            | '\u{1d400}'..='\u{1d7ff}' | '\u{1f100}'..='\u{1f1ff}')
}

/// Signs that pass for one the shell knows, such as a quote, a dash, a slash, `;` or `|`.
fn imitates_punctuation(c: char) -> bool {
    matches!(c,
        '\u{b4}' | '\u{b7}' | '\u{1c0}'..='\u{1c3}' | '\u{2b9}'..='\u{2df}' | '\u{37e}' | '\u{387}' | '\u{55d}'
        | '\u{589}' | '\u{2010}'..='\u{201f}' | '\u{2022}' | '\u{2024}'..='\u{2027}' | '\u{2032}'..='\u{203a}'
        | '\u{2041}'..='\u{2044}' | '\u{204e}'..='\u{2053}' | '\u{2212}'..='\u{2219}' | '\u{2223}' | '\u{2225}'
        | '\u{2236}' | '\u{223c}' | '\u{2500}'..='\u{2503}' | '\u{2571}'..='\u{2572}' | '\u{2758}'..='\u{275e}'
        | '\u{2768}'..='\u{2775}' | '\u{2795}'..='\u{2797}' | '\u{27cb}' | '\u{27cd}' | '\u{29f5}'..='\u{29f9}'
        | '\u{3008}'..='\u{301f}' | '\u{30fb}' | '\u{30fc}' | '\u{4e00}' | '\u{4e28}' | '\u{4e36}' | '\u{4e3f}'
        | '\u{a4f8}'..='\u{a4ff}' | '\u{a60e}' | '\u{a788}'..='\u{a78c}' | '\u{fe10}'..='\u{fe19}'
        | '\u{fe30}'..='\u{fe6f}' | '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' | '\u{ff3b}'..='\u{ff40}'
        | '\u{ff5b}'..='\u{ff65}' | '\u{ffe8}' | '\u{16f51}' | '\u{1d100}'..='\u{1d11f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn one_line(bytes: impl AsRef<[u8]>) -> String {
        shown(bytes.as_ref()).into_string()
    }

    #[test]
    fn ordinary_lines_stay_as_they_are() {
        for line in [
            r"grep -E 'a\.b\\c' ./src | awk '{print $1}' && printf 'x\ty\n' > \x",
            "git commit -m 'Größe geändert – naïve café' ",
            "cat файл.txt /home/ünï/日本語.txt ελληνικά test测试",
            "echo 🦀 नमस्ते ภาษาไทย cafe\u{301}",
        ] {
            assert_eq!(one_line(line), line);
        }
    }

    #[test]
    fn control_bytes_are_visible() {
        assert_eq!(
            one_line(b"a\x1b[2Kb\rc\x07\x00\x7f\td"),
            r"a\x1b[2Kb\x0dc\x07\x00\x7f\x09d"
        );
        assert_eq!(one_line("csi \u{9b}31m"), r"csi \u{9b}31m");
        assert_eq!(one_line(b"csi \x9b31m \xff\xc3"), r"csi \x9b31m \xff\xc3");
    }

    #[test]
    fn newlines_are_kept_or_shown_as_asked() {
        let text = b"a\n\tb\\n";
        assert_eq!(shown_with(text, Newlines::Kept).as_str(), "a\n\tb\\n");
        assert_eq!(shown_with(text, Newlines::Signed).as_str(), "a⏎\\x09b\\n");
        assert_eq!(
            shown_with(text, Newlines::Escaped).as_str(),
            "a\\n\\x09b\\\\n"
        );
        assert_eq!(one_line("a⏎b"), r"a\u{23ce}b");
    }

    #[test]
    fn what_hides_or_turns_text_is_visible() {
        for (hidden, code) in [
            ('\u{202e}', "202e"),
            ('\u{2066}', "2066"),
            ('\u{200b}', "200b"),
            ('\u{200d}', "200d"),
            ('\u{feff}', "feff"),
            ('\u{fe0f}', "fe0f"),
            ('\u{e0101}', "e0101"),
            ('\u{e0041}', "e0041"),
            ('\u{a0}', "a0"),
            ('\u{3000}', "3000"),
            ('\u{3164}', "3164"),
            ('\u{ad}', "ad"),
            ('\u{2028}', "2028"),
            ('\u{2800}', "2800"),
            ('\u{f8ff}', "f8ff"),
            ('\u{5d0}', "5d0"),
            ('\u{336}', "336"),
            ('\u{ffff}', "ffff"),
        ] {
            assert_eq!(
                one_line(format!("rm {hidden}x")),
                format!("rm \\u{{{code}}}x")
            );
        }
    }

    #[test]
    fn letters_that_imitate_ascii_are_visible() {
        // Cyrillic o, Greek omicron, fullwidth s, mathematical m, dotless i.
        assert_eq!(one_line("sud\u{43e} x"), r"sud\u{43e} x");
        assert_eq!(one_line("sud\u{3bf}"), r"sud\u{3bf}");
        assert_eq!(one_line("\u{ff53}udo"), r"\u{ff53}udo");
        assert_eq!(one_line("r\u{1d5c6}"), r"r\u{1d5c6}");
        assert_eq!(one_line("g\u{131}t"), r"g\u{131}t");
        // Words that are imitations from end to end.
        assert_eq!(one_line("\u{441}\u{440} a b"), r"\u{441}\u{440} a b");
        assert_eq!(one_line("\u{ff52}\u{ff4d} a"), r"\u{ff52}\u{ff4d} a");
    }

    #[test]
    fn signs_that_imitate_shell_syntax_are_visible_beside_ascii() {
        assert_eq!(one_line("rm \u{2013}rf"), r"rm \u{2013}rf");
        assert_eq!(
            one_line("echo \u{2019}; rm x; \u{2019}"),
            r"echo \u{2019}; rm x; ’"
        );
        assert_eq!(one_line("a\u{ff1b}b \u{37e}c"), r"a\u{ff1b}b \u{37e}c");
        assert_eq!(one_line("你好，世界"), "你好，世界");
    }

    #[test]
    fn marks_cannot_be_piled_up() {
        assert_eq!(
            one_line("e\u{301}\u{302}\u{303}"),
            "e\u{301}\u{302}\\u{303}"
        );
        assert_eq!(one_line("; \u{301}"), r"; \u{301}");
    }

    // Escapes that could be typed would let a line pose as another one.
    #[test]
    fn different_bytes_are_never_shown_alike() {
        let pieces: [&[u8]; 12] = [
            b"\\",
            b"\\\\",
            b"x1b",
            b"\x1b",
            b"\\x1b",
            b"u{430}",
            "\u{430}".as_bytes(),
            b"n",
            b"\n",
            "⏎".as_bytes(),
            b"\x9b",
            "\u{9b}".as_bytes(),
        ];
        for newlines in [Newlines::Kept, Newlines::Signed, Newlines::Escaped] {
            let mut seen: HashMap<String, Vec<u8>> = HashMap::new();
            let parts = || pieces.iter().copied();
            for (a, b, c, d) in parts().flat_map(|a| {
                parts().flat_map(move |b| {
                    parts().flat_map(move |c| parts().map(move |d| (a, b, c, d)))
                })
            }) {
                let bytes = [a, b, c, d].concat();
                let text = shown_with(&bytes, newlines).into_string();
                if let Some(other) = seen.insert(text.clone(), bytes.clone()) {
                    assert_eq!(other, bytes, "both are shown as {text}");
                }
            }
        }
    }

    #[test]
    fn what_is_left_out_is_counted_and_the_end_is_shown() {
        let line = format!("curl {} | sh", "a".repeat(500));
        let cut = shown_within(line.as_bytes(), 60);
        assert_eq!(
            cut.as_str(),
            format!(
                "curl {}… (+466 bytes) …{} | sh",
                "a".repeat(25),
                "a".repeat(9)
            )
        );
        assert!(cut.width() <= 60, "{cut}");
        assert_eq!(shown_within(b"short", 60).as_str(), "short");
        assert_eq!(shown_within(b"0123456789", 3).as_str(), "… (+10 bytes) …");
        // The words of the count cannot be typed.
        assert_eq!(one_line("… (+3 bytes)"), r"\u{2026} (+3 bytes)");
    }

    #[test]
    fn wide_and_escaped_text_stays_within_its_columns() {
        for line in [
            "漢".repeat(200),
            "\u{1b}".repeat(200),
            "e\u{301}".repeat(200),
        ] {
            for columns in [30, 31, 79, 80] {
                let cut = shown_within(line.as_bytes(), columns);
                assert!(cut.width() <= columns, "{columns}: {cut}");
            }
        }
    }
}
