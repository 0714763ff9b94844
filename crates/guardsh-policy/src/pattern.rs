//! Word patterns: what a `run` pattern says about an argv, three-valued.
//!
//! A pattern is compared with words that may not be wholly known, so that the answer is one of *yes*
//! (whatever the words become, they match), *no* (whatever they become, they do not) and *maybe*. Matching
//! takes time proportional to pattern times text, never more.

use crate::action::{ActionWord, Count, Piece, WordState};
use std::ops::Not;

/// How a pattern compares with what is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Match {
    /// It does not match.
    No,
    /// Only execution knows.
    Maybe,
    /// It matches.
    Yes,
}

impl From<bool> for Match {
    fn from(matches: bool) -> Self {
        if matches { Self::Yes } else { Self::No }
    }
}

/// Which words that are not known a rule's wildcards match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unknowns {
    /// None: such a word makes the rule *maybe*.
    #[default]
    Ask,
    /// Globs that are left to the shell (`dynamic = "globs"`).
    Globs,
    /// Globs and dynamic words (`dynamic = true`).
    All,
}

/// What a pattern's wildcards take of words that are not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taking {
    /// Those for one word.
    pub(crate) one: Unknowns,
    /// `**`.
    pub(crate) any: Unknowns,
}

impl Taking {
    /// For rules that allow.
    pub(crate) fn only(unknowns: Unknowns) -> Self {
        Self {
            one: unknowns,
            any: unknowns,
        }
    }

    /// For rules that forbid: whatever words come, `**` stands for them.
    pub(crate) fn forbidding(unknowns: Unknowns) -> Self {
        Self {
            one: unknowns,
            any: Unknowns::All,
        }
    }
}

/// A pattern for a whole call: the program and its words.
#[derive(Clone, Debug)]
pub struct RunPattern {
    text: String,
    /// What the first word says about the program.
    pub(crate) program: ProgramPattern,
    rest: Vec<PatternWord>,
}

/// The first word of a pattern.
#[derive(Clone, Debug)]
pub(crate) struct ProgramPattern {
    /// A name without a slash means programs of that name; with one it spells out a path.
    pub(crate) word: WordPattern,
    /// Whether the pattern has a slash.
    pub(crate) path: bool,
}

#[derive(Clone, Debug)]
enum PatternWord {
    /// `**`: any number of words.
    Any,
    /// One word.
    One(WordPattern),
}

/// A pattern for one word.
#[derive(Clone, Debug)]
pub(crate) struct WordPattern {
    alternatives: Vec<Glob>,
}

/// What is wrong with a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// No word in it.
    #[error("the pattern is empty")]
    Empty,
    /// A quote that does not end, a backslash at the end.
    #[error("the pattern has an unclosed quote or ends in a backslash")]
    Quote,
    /// More words than [`MAX_WORDS`].
    #[error("the pattern has more than {MAX_WORDS} words")]
    TooManyWords,
    /// More than [`MAX_ALTERNATIVES`] alternatives in braces.
    #[error("the braces of `{0}` stand for more than {MAX_ALTERNATIVES} words")]
    TooManyAlternatives(String),
    /// `a**b`.
    #[error("`**` stands alone for any number of words; inside the word `{0}` write `*`")]
    DoubleStarInWord(String),
    /// `[]`, `[z-a]`.
    #[error("the brackets of `{0}` hold nothing that can match")]
    Class(String),
}

/// A pattern's words fit into one machine word of states.
pub(crate) const MAX_WORDS: usize = 60;
/// Braces multiply: `{a,b}{c,d}` are four.
pub(crate) const MAX_ALTERNATIVES: usize = 64;
/// Longer words that are partly known are not compared closely, but taken for *maybe*.
const MAX_PARTLY_KNOWN: usize = 4096;

impl RunPattern {
    /// Reads a pattern. What is quoted or escaped in it means itself.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let words = split(text)?;
        if words.len() > MAX_WORDS {
            return Err(PatternError::TooManyWords);
        }
        let mut words = words.iter();
        let first = words.next().ok_or(PatternError::Empty)?;
        let mut rest = Vec::new();
        let program = if is_double_star(first) {
            rest.push(PatternWord::Any);
            WordPattern {
                alternatives: vec![Glob::new(vec![Token::Star])],
            }
        } else {
            WordPattern::from_chars(first)?
        };
        let path = first.iter().any(|c| c.char == '/');
        for word in words {
            if is_double_star(word) {
                // Two in a row say no more than one.
                if !matches!(rest.last(), Some(PatternWord::Any)) {
                    rest.push(PatternWord::Any);
                }
            } else {
                rest.push(PatternWord::One(WordPattern::from_chars(word)?));
            }
        }
        Ok(Self {
            text: text.to_owned(),
            program: ProgramPattern {
                word: program,
                path,
            },
            rest,
        })
    }

    /// A pattern of these very words, without wildcards.
    pub(crate) fn of_literals(words: &[String]) -> Result<Self, PatternError> {
        let (first, rest) = words.split_first().ok_or(PatternError::Empty)?;
        if words.len() > MAX_WORDS {
            return Err(PatternError::TooManyWords);
        }
        Ok(Self {
            text: shell_words::join(words),
            program: ProgramPattern {
                word: WordPattern::of_literal(first.as_bytes()),
                path: first.contains('/'),
            },
            rest: rest
                .iter()
                .map(|word| PatternWord::One(WordPattern::of_literal(word.as_bytes())))
                .collect(),
        })
    }

    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The pattern as the widest call it matches: what another pattern must match to match no less.
    pub(crate) fn as_words(&self) -> Vec<ActionWord> {
        let open = |count| ActionWord {
            source: self.text.clone().into_bytes(),
            state: WordState::Dynamic(vec![Piece::Unknown]),
            count,
        };
        let one = |pattern: &WordPattern| match pattern.literals() {
            Some(values) => ActionWord {
                source: self.text.clone().into_bytes(),
                state: WordState::Resolved(values),
                count: Count::One,
            },
            None => open(Count::One),
        };
        std::iter::once(one(&self.program.word))
            .chain(self.rest.iter().map(|word| match word {
                PatternWord::Any => open(Count::Any),
                PatternWord::One(pattern) => one(pattern),
            }))
            .collect()
    }

    /// Compares the words after the program.
    pub(crate) fn arguments(&self, words: &[ActionWord], taking: Taking) -> Match {
        // State `i`: the first `i` words of the pattern are used up. `sure` holds the states that every
        // expansion reaches, `possible` those that some expansion may reach.
        let mut sure = self.skip_any(1);
        let mut possible = sure;
        for word in words {
            let (next_sure, next_possible) = self.step(sure, possible, word, taking);
            sure = next_sure;
            possible = next_possible;
            if possible == 0 {
                return Match::No;
            }
        }
        let end = 1u64.checked_shl(u32::try_from(self.rest.len()).unwrap_or(63));
        let end = end.unwrap_or(0);
        if sure & end != 0 {
            Match::Yes
        } else if possible & end != 0 {
            Match::Maybe
        } else {
            Match::No
        }
    }

    fn step(&self, sure: u64, possible: u64, word: &ActionWord, taking: Taking) -> (u64, u64) {
        let many = word.count == Count::Any;
        let mut next_sure = 0;
        // A word that may be no word at all leaves every state as it may be.
        let mut next_possible = if many { possible } else { 0 };
        let mut bit = 1u64;
        for pattern in &self.rest {
            let reached = possible | if many { next_possible } else { 0 };
            match pattern {
                PatternWord::Any => {
                    if sure & bit != 0 && is_accepted_by_any(word, taking.any) {
                        next_sure |= bit | (bit << 1);
                    }
                    if reached & bit != 0 {
                        next_possible |= bit | (bit << 1);
                    }
                }
                PatternWord::One(one) if reached & bit != 0 => {
                    match one.compare(word, taking.one) {
                        Match::Yes => {
                            if sure & bit != 0 && !many {
                                next_sure |= bit << 1;
                            }
                            next_possible |= bit << 1;
                        }
                        Match::Maybe => next_possible |= bit << 1,
                        Match::No => {}
                    }
                }
                PatternWord::One(_) => {}
            }
            bit <<= 1;
        }
        (self.skip_any(next_sure), self.skip_any(next_possible))
    }

    /// Adds the states that `**` reaches by standing for nothing.
    fn skip_any(&self, mut states: u64) -> u64 {
        let mut bit = 1u64;
        for pattern in &self.rest {
            if states & bit != 0 && matches!(pattern, PatternWord::Any) {
                states |= bit << 1;
            }
            bit <<= 1;
        }
        states
    }
}

/// Whether `**` takes this word without a doubt, however many words it becomes.
fn is_accepted_by_any(word: &ActionWord, unknowns: Unknowns) -> bool {
    match word.state {
        WordState::Literal(_) | WordState::Resolved(_) => true,
        WordState::Pattern(_) => unknowns >= Unknowns::Globs,
        WordState::Dynamic(_) => unknowns >= Unknowns::All,
    }
}

impl WordPattern {
    /// Reads a pattern for one word.
    pub(crate) fn parse(text: &str) -> Result<Self, PatternError> {
        let words = split(text)?;
        match words.as_slice() {
            [] => Ok(Self::of_literal(b"")),
            [one] => Self::from_chars(one),
            [..] => Err(PatternError::TooManyWords),
        }
    }

    /// A pattern that is this text.
    pub(crate) fn of_literal(text: &[u8]) -> Self {
        Self {
            alternatives: vec![Glob::new(text.iter().copied().map(Token::Byte).collect())],
        }
    }

    fn from_chars(chars: &[PatternChar]) -> Result<Self, PatternError> {
        let mut expanded = Vec::new();
        expand_braces(chars, &mut expanded)?;
        let mut alternatives = Vec::with_capacity(expanded.len());
        for chars in expanded {
            alternatives.push(Glob::from_chars(&chars)?);
        }
        Ok(Self { alternatives })
    }

    /// The texts, if nothing else matches.
    pub(crate) fn literals(&self) -> Option<Vec<Vec<u8>>> {
        self.alternatives.iter().map(Glob::literal).collect()
    }

    /// Compares with bytes that are known.
    pub(crate) fn compare_bytes(&self, bytes: &[u8]) -> Match {
        self.alternatives
            .iter()
            .map(|glob| glob.compare_bytes(bytes))
            .max()
            .unwrap_or(Match::No)
    }

    /// Compares with a word. For a word that may become several, each of them is meant.
    pub(crate) fn compare(&self, word: &ActionWord, unknowns: Unknowns) -> Match {
        match &word.state {
            WordState::Literal(value) => self.compare_bytes(value),
            WordState::Resolved(values) => self.compare_all(values),
            WordState::Pattern(pieces) => {
                self.compare_pieces(pieces, word.count, unknowns >= Unknowns::Globs)
            }
            WordState::Dynamic(pieces) => {
                if word.count == Count::Any {
                    // Split into words, the pieces no longer say how each of them begins.
                    return Match::Maybe;
                }
                self.compare_pieces(pieces, word.count, unknowns >= Unknowns::All)
            }
        }
    }

    /// All yes: yes. All no: no. Anything else is not known.
    pub(crate) fn compare_all(&self, values: &[Vec<u8>]) -> Match {
        let mut found: Option<Match> = None;
        for value in values {
            let this = self.compare_bytes(value);
            match found {
                None => found = Some(this),
                Some(before) if before == this => {}
                Some(_) => return Match::Maybe,
            }
        }
        found.unwrap_or(Match::Maybe)
    }

    fn compare_pieces(&self, pieces: &[Piece], count: Count, accepted: bool) -> Match {
        let symbols = symbols(pieces);
        if symbols.len() > MAX_PARTLY_KNOWN {
            return Match::Maybe;
        }
        if accepted
            && count == Count::One
            && self.alternatives.iter().any(|glob| glob.covers(&symbols))
        {
            return Match::Yes;
        }
        // A glob that matches no file stays as it is written, so its own text is possible too; the
        // wildcard symbols stand for that as well.
        if self
            .alternatives
            .iter()
            .any(|glob| glob.could_match(&symbols))
        {
            Match::Maybe
        } else {
            Match::No
        }
    }
}

/// One alternative of a word pattern.
#[derive(Clone, Debug)]
struct Glob {
    tokens: Vec<Token>,
    /// Whether a `?` or `[…]`, which stand for a character, is in it.
    needs_text: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Token {
    Byte(u8),
    Question,
    Star,
    Class(Class),
}

/// `[…]`.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    negated: bool,
    ranges: Vec<(char, char)>,
}

impl Class {
    pub(crate) fn holds(&self, c: char) -> bool {
        self.ranges
            .iter()
            .any(|(from, to)| (*from..=*to).contains(&c))
            != self.negated
    }
}

/// A symbol of a word that is not wholly known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Symbol {
    /// This byte.
    Byte(u8),
    /// One character that is no slash.
    Character,
    /// One character that is neither a slash nor a dot: how a name that a glob matches begins.
    Visible,
    /// Nothing, or one character as of [`Symbol::Visible`]. A [`Symbol::Segment`] follows, which is then
    /// nothing too.
    VisibleOrNothing,
    /// Any characters that are no slashes.
    Segment,
    /// Any bytes.
    Unknown,
}

/// The pieces of a word as symbols.
pub(crate) fn symbols(pieces: &[Piece]) -> Vec<Symbol> {
    let mut symbols = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Known(bytes) => symbols.extend(bytes.iter().copied().map(Symbol::Byte)),
            // Brackets that match no file stay as they are written, which is more than one character.
            Piece::Star | Piece::Bracket(_) => symbols.push(Symbol::Segment),
            Piece::Question => symbols.push(Symbol::Character),
            Piece::Unknown => symbols.push(Symbol::Unknown),
        }
    }
    if pieces.is_empty() {
        symbols.push(Symbol::Unknown);
    }
    symbols
}

impl Glob {
    fn new(tokens: Vec<Token>) -> Self {
        let needs_text = tokens
            .iter()
            .any(|token| matches!(token, Token::Question | Token::Class(_)));
        Self { tokens, needs_text }
    }

    fn from_chars(chars: &[PatternChar]) -> Result<Self, PatternError> {
        let mut tokens = Vec::new();
        let mut rest = chars;
        while let Some((first, after)) = rest.split_first() {
            rest = after;
            match first.char {
                '*' if first.special => {
                    if matches!(tokens.last(), Some(Token::Star)) {
                        return Err(PatternError::DoubleStarInWord(written(chars)));
                    }
                    tokens.push(Token::Star);
                }
                '?' if first.special => tokens.push(Token::Question),
                '[' if first.special => match read_class(after) {
                    Some((class, after_class)) => {
                        if class.ranges.is_empty() && !class.negated {
                            return Err(PatternError::Class(written(chars)));
                        }
                        tokens.push(Token::Class(class));
                        rest = after_class;
                    }
                    // As in the shell, a bracket that nothing closes means itself.
                    None => tokens.push(Token::Byte(b'[')),
                },
                plain => {
                    let mut buffer = [0; 4];
                    tokens.extend(plain.encode_utf8(&mut buffer).bytes().map(Token::Byte));
                }
            }
        }
        Ok(Self::new(tokens))
    }

    fn literal(&self) -> Option<Vec<u8>> {
        self.tokens
            .iter()
            .map(|token| match token {
                Token::Byte(byte) => Some(*byte),
                Token::Question | Token::Star | Token::Class(_) => None,
            })
            .collect()
    }

    /// Whether the pattern begins with a wildcard, which never stands for a leading dash.
    fn begins_open(&self) -> bool {
        matches!(
            self.tokens.first(),
            Some(Token::Star | Token::Question | Token::Class(_))
        )
    }

    fn compare_bytes(&self, bytes: &[u8]) -> Match {
        if bytes.first() == Some(&b'-') && self.begins_open() {
            return Match::No;
        }
        if self.needs_text && std::str::from_utf8(bytes).is_err() {
            let symbols: Vec<Symbol> = bytes.iter().copied().map(Symbol::Byte).collect();
            if symbols.len() > MAX_PARTLY_KNOWN || self.could_match(&symbols) {
                return Match::Maybe;
            }
            return Match::No;
        }
        Match::from(wildcard_match(&self.tokens, bytes))
    }

    /// Whether every word that the symbols stand for matches.
    fn covers(&self, symbols: &[Symbol]) -> bool {
        if symbols.first() == Some(&Symbol::Byte(b'-')) && self.begins_open() {
            return false;
        }
        // A star takes any symbol; everything else only takes what is known.
        let mut tokens = self.tokens.as_slice();
        let mut rest = symbols;
        let mut retry: Option<(&[Token], &[Symbol])> = None;
        loop {
            let advanced = match (tokens.split_first(), rest.split_first()) {
                (None, None) => return true,
                (Some((Token::Star, after)), _) => {
                    tokens = after;
                    retry = Some((after, rest));
                    true
                }
                (Some((Token::Byte(wanted), after)), Some((Symbol::Byte(byte), next)))
                    if wanted == byte =>
                {
                    tokens = after;
                    rest = next;
                    true
                }
                (Some((Token::Question, after)), Some((Symbol::Character, next))) => {
                    tokens = after;
                    rest = next;
                    true
                }
                (Some((Token::Question, after)), Some((Symbol::Byte(byte), next)))
                    if byte.is_ascii() =>
                {
                    tokens = after;
                    rest = next;
                    true
                }
                (Some((Token::Class(class), after)), Some((Symbol::Byte(byte), next)))
                    if byte.is_ascii() && class.holds(char::from(*byte)) =>
                {
                    tokens = after;
                    rest = next;
                    true
                }
                (Some(_), _) | (None, Some(_)) => false,
            };
            if advanced {
                continue;
            }
            match retry {
                Some((after_star, [_, next @ ..])) => {
                    tokens = after_star;
                    rest = next;
                    retry = Some((after_star, next));
                }
                Some((_, [])) | None => return false,
            }
        }
    }

    /// Whether some word that the symbols stand for matches. Errs on the side of yes.
    fn could_match(&self, symbols: &[Symbol]) -> bool {
        if symbols.first() == Some(&Symbol::Byte(b'-')) && self.begins_open() {
            return false;
        }
        // reachable[i]: the first i symbols can be used up by the tokens so far.
        let mut reachable = vec![false; symbols.len() + 1];
        if let Some(start) = reachable.first_mut() {
            *start = true;
        }
        spread_open_symbols(&mut reachable, symbols);
        for token in &self.tokens {
            let mut next = vec![false; symbols.len() + 1];
            let open = match token {
                Token::Byte(_) => false,
                Token::Question | Token::Star | Token::Class(_) => true,
            };
            let mut carried = false;
            for (index, was) in reachable.iter().enumerate() {
                if open {
                    carried |= *was;
                    if let Some(slot) = next.get_mut(index) {
                        *slot = carried;
                    }
                    continue;
                }
                if !*was {
                    continue;
                }
                match (token, symbols.get(index)) {
                    (Token::Byte(wanted), Some(Symbol::Byte(byte))) if wanted == byte => {
                        if let Some(slot) = next.get_mut(index + 1) {
                            *slot = true;
                        }
                    }
                    (
                        _,
                        Some(
                            Symbol::Character
                            | Symbol::Visible
                            | Symbol::VisibleOrNothing
                            | Symbol::Segment
                            | Symbol::Unknown,
                        ),
                    ) => {
                        // The wildcard gives this byte and may give more.
                        if let Some(slot) = next.get_mut(index) {
                            *slot = true;
                        }
                    }
                    (_, Some(Symbol::Byte(_)) | None) => {}
                }
            }
            spread_open_symbols(&mut next, symbols);
            reachable = next;
        }
        reachable.last().copied().unwrap_or(false)
    }
}

/// An open symbol may stand for nothing (more), so what comes after it is reachable too.
fn spread_open_symbols(reachable: &mut [bool], symbols: &[Symbol]) {
    let mut carried = false;
    for (index, slot) in reachable.iter_mut().enumerate() {
        *slot |= carried;
        carried = *slot
            && matches!(
                symbols.get(index),
                Some(
                    Symbol::Character
                        | Symbol::Visible
                        | Symbol::VisibleOrNothing
                        | Symbol::Segment
                        | Symbol::Unknown
                )
            );
    }
}

/// The usual wildcard match that goes back only to the last star: pattern times text at worst.
fn wildcard_match(tokens: &[Token], bytes: &[u8]) -> bool {
    let mut tokens = tokens;
    let mut rest = bytes;
    let mut retry: Option<(&[Token], &[u8])> = None;
    loop {
        let advanced = match tokens.split_first() {
            None => rest.is_empty(),
            Some((Token::Star, after)) => {
                if after.is_empty() {
                    return true;
                }
                tokens = after;
                retry = Some((after, rest));
                continue;
            }
            Some((Token::Byte(wanted), after)) => match rest.split_first() {
                Some((byte, next)) if byte == wanted => {
                    tokens = after;
                    rest = next;
                    continue;
                }
                Some(_) | None => false,
            },
            Some((Token::Question, after)) => match first_char(rest) {
                Some((_, next)) => {
                    tokens = after;
                    rest = next;
                    continue;
                }
                None => false,
            },
            Some((Token::Class(class), after)) => match first_char(rest) {
                Some((c, next)) if class.holds(c) => {
                    tokens = after;
                    rest = next;
                    continue;
                }
                Some(_) | None => false,
            },
        };
        if advanced {
            return true;
        }
        match retry {
            Some((after_star, [_, next @ ..])) => {
                tokens = after_star;
                rest = next;
                retry = Some((after_star, next));
            }
            Some((_, [])) | None => return false,
        }
    }
}

/// The first character and what follows it. Between the bytes of a character there is none.
pub(crate) fn first_char(bytes: &[u8]) -> Option<(char, &[u8])> {
    let head = bytes.get(..4.min(bytes.len()))?;
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(head.get(..error.valid_up_to())?).ok()?,
    };
    let c = text.chars().next()?;
    Some((c, bytes.get(c.len_utf8()..)?))
}

/// A character of a pattern, and whether quotes or a backslash took its meaning away.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PatternChar {
    pub(crate) char: char,
    pub(crate) special: bool,
}

fn is_double_star(word: &[PatternChar]) -> bool {
    matches!(word, [a, b] if a.special && b.special && a.char == '*' && b.char == '*')
}

/// The pattern again, for messages.
fn written(chars: &[PatternChar]) -> String {
    chars.iter().map(|c| c.char).collect()
}

/// Splits into words at blanks that are not quoted.
pub(crate) fn split(text: &str) -> Result<Vec<Vec<PatternChar>>, PatternError> {
    #[derive(Clone, Copy, PartialEq)]
    enum Quote {
        None,
        Single,
        Double,
    }
    let mut words = Vec::new();
    let mut word: Option<Vec<PatternChar>> = None;
    let mut quote = Quote::None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let (char, special) = match (quote, c) {
            (Quote::None, ' ' | '\t' | '\n') => {
                words.extend(word.take());
                continue;
            }
            (Quote::None, '\'') => {
                quote = Quote::Single;
                word.get_or_insert_default();
                continue;
            }
            (Quote::None, '"') => {
                quote = Quote::Double;
                word.get_or_insert_default();
                continue;
            }
            (Quote::Single, '\'') | (Quote::Double, '"') => {
                quote = Quote::None;
                continue;
            }
            (Quote::None, '\\') => (chars.next().ok_or(PatternError::Quote)?, false),
            (Quote::Double, '\\') => match chars.next().ok_or(PatternError::Quote)? {
                escaped @ ('"' | '\\' | '$' | '`') => (escaped, false),
                other => {
                    word.get_or_insert_default().push(PatternChar {
                        char: '\\',
                        special: false,
                    });
                    (other, false)
                }
            },
            (Quote::None, other) => (other, true),
            (Quote::Single | Quote::Double, other) => (other, false),
        };
        word.get_or_insert_default()
            .push(PatternChar { char, special });
    }
    if quote != Quote::None {
        return Err(PatternError::Quote);
    }
    words.extend(word);
    Ok(words)
}

/// `{a,b}` as alternatives. Braces without a comma, or that nothing closes, mean themselves.
pub(crate) fn expand_braces(
    chars: &[PatternChar],
    out: &mut Vec<Vec<PatternChar>>,
) -> Result<(), PatternError> {
    let mut pending = vec![chars.to_vec()];
    let mut done = Vec::new();
    while let Some(word) = pending.pop() {
        if done.len() + pending.len() >= MAX_ALTERNATIVES {
            return Err(PatternError::TooManyAlternatives(written(chars)));
        }
        match first_brace(&word) {
            None => done.push(word),
            Some((start, commas, end)) => {
                let before = word.get(..start).unwrap_or_default();
                let after = word.get(end + 1..).unwrap_or_default();
                let mut from = start + 1;
                let mut alternatives = Vec::new();
                for to in commas.into_iter().chain([end]) {
                    let middle = word.get(from..to).unwrap_or_default();
                    alternatives.push([before, middle, after].concat());
                    from = to + 1;
                }
                pending.extend(alternatives.into_iter().rev());
                if pending.len() > MAX_ALTERNATIVES {
                    return Err(PatternError::TooManyAlternatives(written(chars)));
                }
            }
        }
    }
    out.append(&mut done);
    Ok(())
}

/// The first pair of braces with a comma at its own level: start, commas, end.
fn first_brace(word: &[PatternChar]) -> Option<(usize, Vec<usize>, usize)> {
    let mut open: Vec<(usize, Vec<usize>)> = Vec::new();
    let mut best: Option<(usize, Vec<usize>, usize)> = None;
    for (index, c) in word.iter().enumerate() {
        if !c.special {
            continue;
        }
        match c.char {
            '{' => open.push((index, Vec::new())),
            ',' => {
                if let Some((_, commas)) = open.last_mut() {
                    commas.push(index);
                }
            }
            '}' => {
                if let Some((start, commas)) = open.pop()
                    && !commas.is_empty()
                    && best.as_ref().is_none_or(|(first, _, _)| start < *first)
                {
                    best = Some((start, commas, index));
                }
            }
            _ => {}
        }
    }
    best
}

/// Reads `…]` behind a `[`.
pub(crate) fn read_class(chars: &[PatternChar]) -> Option<(Class, &[PatternChar])> {
    let mut rest = chars;
    let negated = matches!(rest.first(), Some(c) if c.special && (c.char == '!' || c.char == '^'));
    if negated {
        rest = rest.get(1..)?;
    }
    let mut ranges = Vec::new();
    let mut first = true;
    loop {
        let (c, after) = rest.split_first()?;
        if c.special && c.char == ']' && first.not() {
            return Some((Class { negated, ranges }, after));
        }
        first = false;
        match after {
            [dash, to, beyond @ ..]
                if dash.special && dash.char == '-' && !(to.special && to.char == ']') =>
            {
                if c.char <= to.char {
                    ranges.push((c.char, to.char));
                }
                rest = beyond;
            }
            _ => {
                ranges.push((c.char, c.char));
                rest = after;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal_words(words: &[&str]) -> Vec<ActionWord> {
        words
            .iter()
            .map(|word| ActionWord::literal(word.as_bytes()))
            .collect()
    }

    fn compare(pattern: &str, words: &[&str]) -> Match {
        RunPattern::parse(pattern)
            .unwrap()
            .arguments(&literal_words(words), Taking::only(Unknowns::Ask))
    }

    fn word(state: WordState, count: Count) -> ActionWord {
        ActionWord {
            source: b"?".to_vec(),
            state,
            count,
        }
    }

    fn dynamic(count: Count) -> ActionWord {
        word(WordState::Dynamic(vec![]), count)
    }

    #[test]
    fn double_star_stands_for_any_number_of_words() {
        assert_eq!(compare("ls **", &[]), Match::Yes);
        assert_eq!(compare("ls **", &["-la", "x"]), Match::Yes);
        assert_eq!(
            compare("git ** --force **", &["push", "--force"]),
            Match::Yes
        );
        assert_eq!(compare("git ** --force **", &["push", "-f"]), Match::No);
        assert_eq!(compare("ls", &["x"]), Match::No);
    }

    #[test]
    fn star_never_stands_for_an_option() {
        assert_eq!(compare("cat *", &["x/y"]), Match::Yes);
        assert_eq!(compare("cat *", &["-n"]), Match::No);
        assert_eq!(compare("cat -*", &["-n"]), Match::Yes);
        assert_eq!(compare("cat ?n", &["-n"]), Match::No);
        assert_eq!(compare("cat [-a]n", &["-n"]), Match::No);
        assert_eq!(compare("cat *", &["x", "y"]), Match::No);
    }

    #[test]
    fn braces_brackets_and_question_marks_match_as_in_the_shell() {
        assert_eq!(compare("kubectl {get,logs} **", &["logs", "x"]), Match::Yes);
        assert_eq!(compare("kubectl {get,logs} **", &["exec"]), Match::No);
        assert_eq!(compare("x a{b,c{d,e}}f", &["acef"]), Match::Yes);
        assert_eq!(compare("x [a-c]?", &["bé"]), Match::Yes);
        assert_eq!(compare("x [!a-c]", &["b"]), Match::No);
        assert_eq!(
            compare("find . -exec x {} +", &[".", "-exec", "x", "{}", "+"]),
            Match::Yes
        );
        assert_eq!(compare("x []a]", &["]"]), Match::Yes);
    }

    #[test]
    fn quoted_wildcards_mean_themselves() {
        assert_eq!(compare("find -name '*.rs'", &["-name", "*.rs"]), Match::Yes);
        assert_eq!(compare("find -name '*.rs'", &["-name", "a.rs"]), Match::No);
        assert_eq!(compare(r"x \*\*", &["**"]), Match::Yes);
        assert_eq!(compare(r#"x "a b""#, &["a b"]), Match::Yes);
    }

    #[test]
    fn a_dynamic_word_is_maybe_unless_the_rule_takes_it() {
        let pattern = RunPattern::parse("echo **").unwrap();
        let words = [dynamic(Count::One)];
        assert_eq!(
            pattern.arguments(&words, Taking::only(Unknowns::Ask)),
            Match::Maybe
        );
        assert_eq!(
            pattern.arguments(&words, Taking::only(Unknowns::Globs)),
            Match::Maybe
        );
        assert_eq!(
            pattern.arguments(&words, Taking::only(Unknowns::All)),
            Match::Yes
        );
        let one = RunPattern::parse("echo *").unwrap();
        assert_eq!(
            one.arguments(&words, Taking::only(Unknowns::All)),
            Match::Yes
        );
        assert_eq!(
            one.arguments(&[dynamic(Count::Any)], Taking::only(Unknowns::All)),
            Match::Maybe
        );
        let fixed = RunPattern::parse("echo -n x").unwrap();
        assert_eq!(
            fixed.arguments(&[dynamic(Count::One)], Taking::only(Unknowns::All)),
            Match::No
        );
        assert_eq!(
            fixed.arguments(&[dynamic(Count::Any)], Taking::only(Unknowns::All)),
            Match::Maybe
        );
    }

    #[test]
    fn known_pieces_rule_a_pattern_out() {
        let pattern = RunPattern::parse("x --config=*").unwrap();
        let partly = |known: &str| {
            word(
                WordState::Dynamic(vec![Piece::Known(known.into()), Piece::Unknown]),
                Count::One,
            )
        };
        assert_eq!(
            pattern.arguments(&[partly("--con")], Taking::only(Unknowns::Ask)),
            Match::Maybe
        );
        assert_eq!(
            pattern.arguments(&[partly("--col")], Taking::only(Unknowns::Ask)),
            Match::No
        );
        assert_eq!(
            pattern.arguments(&[partly("--config=a")], Taking::only(Unknowns::All)),
            Match::Yes
        );
        assert_eq!(
            pattern.arguments(&[partly("--config")], Taking::only(Unknowns::All)),
            Match::Maybe
        );
    }

    #[test]
    fn of_several_values_all_must_match() {
        let pattern = RunPattern::parse("x a*").unwrap();
        let values = |values: &[&str]| {
            word(
                WordState::Resolved(values.iter().map(|v| v.as_bytes().to_vec()).collect()),
                Count::One,
            )
        };
        assert_eq!(
            pattern.arguments(&[values(&["a", "ab"])], Taking::only(Unknowns::Ask)),
            Match::Yes
        );
        assert_eq!(
            pattern.arguments(&[values(&["a", "b"])], Taking::only(Unknowns::Ask)),
            Match::Maybe
        );
        assert_eq!(
            pattern.arguments(&[values(&["b", "c"])], Taking::only(Unknowns::Ask)),
            Match::No
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_maybe_where_a_character_is_wanted() {
        let word = [ActionWord::literal(vec![b'a', 0xff])];
        let question = RunPattern::parse("x a?").unwrap();
        assert_eq!(
            question.arguments(&word, Taking::only(Unknowns::Ask)),
            Match::Maybe
        );
        let star = RunPattern::parse("x a*").unwrap();
        assert_eq!(
            star.arguments(&word, Taking::only(Unknowns::Ask)),
            Match::Yes
        );
    }

    #[test]
    fn a_hostile_pattern_and_a_long_line_stay_quick() {
        let pattern = RunPattern::parse(&format!("x {}", "** a*a*a*b ".repeat(20))).unwrap();
        let words = vec![ActionWord::literal("a".repeat(200)); 2000];
        let begin = std::time::SystemTime::now();
        assert_eq!(
            pattern.arguments(&words, Taking::only(Unknowns::Ask)),
            Match::No
        );
        assert!(begin.elapsed().unwrap().as_secs() < 20);
    }

    #[test]
    fn patterns_that_cannot_be_meant_are_refused() {
        assert_eq!(RunPattern::parse(" ").unwrap_err(), PatternError::Empty);
        assert_eq!(RunPattern::parse("x 'y").unwrap_err(), PatternError::Quote);
        assert!(matches!(
            RunPattern::parse("x a**b").unwrap_err(),
            PatternError::DoubleStarInWord(_)
        ));
        assert!(matches!(
            RunPattern::parse("x {a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}").unwrap_err(),
            PatternError::TooManyAlternatives(_)
        ));
    }
}
