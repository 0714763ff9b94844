//! Words in the making: the fields that a word becomes, in every way it may turn out.

use super::state::MAX_VALUES;
use crate::action::Piece;

/// More words than this from one word are not told apart.
pub(super) const MAX_FIELDS: usize = 1_000;
/// A longer word's braces are not expanded.
pub(super) const MAX_BRACED: usize = 4 * 1024;
/// More bytes than this in one word's fields are not kept.
pub(super) const MAX_BYTES: usize = 64 * 1024;

/// How the surroundings treat a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// A command's word: split, globbed.
    Fields,
    /// One word whatever is in it: assignments, `case`, `[[ ]]`, here-strings.
    Single,
    /// Inside double quotes or a here-document.
    Quoted,
}

/// A stretch of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bit {
    Text { bytes: Vec<u8>, quoted: bool },
    Star,
    Question,
    Bracket(Vec<u8>),
    Unknown,
}

/// One word in the making.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) bits: Vec<Bit>,
    /// May become any number of words.
    pub(super) any: bool,
    /// Something expanded in it.
    pub(super) expanded: bool,
}

/// One way a word may turn out.
#[derive(Clone, Debug, Default)]
pub(super) struct Way {
    pub(super) done: Vec<Field>,
    pub(super) open: Option<Field>,
}

impl Way {
    pub(super) fn field(&mut self) -> &mut Field {
        self.open.get_or_insert_default()
    }

    pub(super) fn close(&mut self) {
        if let Some(field) = self.open.take() {
            self.done.push(field);
        }
    }

    pub(super) fn text(&mut self, bytes: &[u8], quoted: bool) {
        let field = self.field();
        if let Some(Bit::Text {
            bytes: last,
            quoted: was,
        }) = field.bits.last_mut()
            && *was == quoted
        {
            last.extend_from_slice(bytes);
            return;
        }
        field.bits.push(Bit::Text {
            bytes: bytes.to_vec(),
            quoted,
        });
    }

    pub(super) fn bit(&mut self, bit: Bit) {
        self.field().bits.push(bit);
    }

    pub(super) fn unknown(&mut self, any: bool) {
        let field = self.field();
        if field.bits.last() != Some(&Bit::Unknown) {
            field.bits.push(Bit::Unknown);
        }
        field.any |= any;
        field.expanded = true;
    }

    /// A value of an unquoted expansion: split at blanks, its glob characters live.
    pub(super) fn split(&mut self, value: &[u8]) {
        for (index, piece) in value
            .split(|byte| matches!(byte, b' ' | b'\t' | b'\n'))
            .enumerate()
        {
            if index > 0 {
                self.close();
            }
            if piece.is_empty() {
                continue;
            }
            if piece.contains(&b'\\') && piece.iter().any(|byte| b"*?[(".contains(byte)) {
                // Whether a backslash from an expansion quotes differs between shells and versions.
                self.unknown(true);
                continue;
            }
            let mut rest = piece;
            while let Some(at) = rest.iter().position(|byte| b"*?(".contains(byte)) {
                let (before, after) = rest.split_at(at);
                if !before.is_empty() {
                    self.text(before, false);
                }
                match after.first() {
                    Some(b'*') => self.bit(Bit::Star),
                    Some(b'?') => self.bit(Bit::Question),
                    // With extglob `@(…)` in a value is a pattern.
                    Some(_) | None => {
                        if before.last().is_some_and(|byte| b"@+!".contains(byte)) {
                            self.field().any = true;
                            self.bit(Bit::Unknown);
                        } else {
                            self.text(b"(", false);
                        }
                    }
                }
                rest = after.get(1..).unwrap_or_default();
            }
            if !rest.is_empty() {
                self.text(rest, false);
            }
            self.field().expanded = true;
        }
    }

    pub(super) fn size(&self) -> usize {
        self.done
            .iter()
            .chain(&self.open)
            .flat_map(|field| &field.bits)
            .map(|bit| match bit {
                Bit::Text { bytes, .. } | Bit::Bracket(bytes) => bytes.len() + 1,
                Bit::Star | Bit::Question | Bit::Unknown => 1,
            })
            .sum()
    }
}

/// A word in the making, in every way it may turn out.
pub(super) struct Build {
    pub(super) ways: Vec<Way>,
    pub(super) mode: Mode,
    pub(super) bytes: usize,
    /// The word as a whole is split, wherever in it we are.
    pub(super) splits: bool,
    /// Nothing is known of the word any more; what runs in it is walked all the same.
    pub(super) lost: bool,
}

impl Build {
    pub(super) fn new(mode: Mode) -> Self {
        Self {
            ways: vec![Way::default()],
            mode,
            bytes: 0,
            splits: mode == Mode::Fields,
            lost: false,
        }
    }

    pub(super) fn quoted(&self) -> bool {
        match self.mode {
            Mode::Fields => false,
            Mode::Single | Mode::Quoted => true,
        }
    }

    pub(super) fn each(&mut self, mut put: impl FnMut(&mut Way)) {
        if self.lost {
            return;
        }
        for way in &mut self.ways {
            put(way);
        }
    }

    /// Gives up on telling the ways apart.
    pub(super) fn give_up(&mut self) {
        if self.lost {
            return;
        }
        self.lost = true;
        let any = self.splits;
        let mut way = Way::default();
        way.unknown(any);
        self.ways = vec![way];
    }

    pub(super) fn text(&mut self, bytes: &[u8], quoted: bool) {
        self.bytes = self.bytes.saturating_add(bytes.len());
        self.each(|way| way.text(bytes, quoted));
    }

    pub(super) fn unknown(&mut self) {
        let any = !self.quoted();
        self.each(|way| way.unknown(any));
    }

    /// The values that an expansion may have.
    pub(super) fn values(&mut self, values: &[Vec<u8>], defaults: bool) {
        if self.lost {
            return;
        }
        if !defaults && !self.quoted() {
            self.unknown();
            return;
        }
        if self.ways.len().saturating_mul(values.len()) > MAX_VALUES {
            self.give_up();
            return;
        }
        let quoted = self.quoted();
        self.bytes = self
            .bytes
            .saturating_add(values.iter().map(Vec::len).sum::<usize>());
        let mut ways = Vec::new();
        for way in &self.ways {
            for value in values {
                let mut way = way.clone();
                if quoted {
                    way.text(value, true);
                    way.field().expanded = true;
                } else {
                    way.split(value);
                }
                ways.push(way);
            }
        }
        self.ways = ways;
        self.check();
    }

    pub(super) fn check(&mut self) {
        let fields: usize = self.ways.iter().map(|way| way.done.len()).sum();
        let size: usize = if self.bytes > MAX_BYTES / 4 {
            self.ways.iter().map(Way::size).sum()
        } else {
            0
        };
        if fields > MAX_FIELDS || (size > MAX_BYTES && self.ways.len() > 1) || size > 16 * MAX_BYTES
        {
            self.give_up();
        }
    }
}

pub(super) fn pieces(bits: &[Bit]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for bit in bits {
        match bit {
            Bit::Text { bytes, .. } if bytes.is_empty() => {}
            Bit::Text { bytes, .. } => {
                if let Some(Piece::Known(last)) = pieces.last_mut() {
                    last.extend_from_slice(bytes);
                } else {
                    pieces.push(Piece::Known(bytes.clone()));
                }
            }
            Bit::Star => pieces.push(Piece::Star),
            Bit::Question => pieces.push(Piece::Question),
            Bit::Bracket(bytes) => pieces.push(Piece::Bracket(bytes.clone())),
            Bit::Unknown => {
                if pieces.last() != Some(&Piece::Unknown) {
                    pieces.push(Piece::Unknown);
                }
            }
        }
    }
    pieces
}
