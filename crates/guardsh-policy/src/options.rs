//! Option grammars: calls of which every option is known to be harmless.
//!
//! A list of harmless options is safer than a list of dangerous ones: what is not on it does not match, be
//! it new, abbreviated (`--comp` for `--compress-program`) or hidden in a cluster (`-uo file`).
//!
//! The notation, words apart by blanks: `-n` a flag, which can stand in a cluster; `-n:` an option with a
//! value, attached or the next word; `-n?` one with a value that can only be attached; `-#` a number;
//! `--long`, `--long=` with a value, `--long?` with one that is optional; `-name`, `-name:` whole words
//! with one dash, as `find` has them. `p` behind `:`, `=` and `?` says that the value is a path.

use crate::action::{ActionWord, Count, Piece, WordState};
use crate::pattern::{Match, PatternError, ProgramPattern, Unknowns, WordPattern};
use std::collections::HashMap;

/// A call and the options it may have.
#[derive(Clone, Debug)]
pub(crate) struct OptionGrammar {
    program: ProgramPattern,
    /// The words behind the program: `log` of `git log`.
    words: Vec<Vec<u8>>,
    /// Options between the program and those words.
    globals: Options,
    options: Options,
    /// What the other words look like; empty: there are none.
    operands: Vec<WordPattern>,
    at_most: Option<usize>,
}

/// What a pack says about a call.
#[derive(Clone, Debug, Default)]
pub(crate) struct GrammarText<'a> {
    pub(crate) command: &'a str,
    pub(crate) globals: &'a str,
    pub(crate) options: &'a str,
    pub(crate) operands: &'a [String],
    pub(crate) at_most: Option<usize>,
}

#[derive(Clone, Debug, Default)]
struct Options {
    short: HashMap<u8, Value>,
    whole: HashMap<Vec<u8>, Value>,
    long: HashMap<Vec<u8>, Value>,
    numbers: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    None,
    Needed(Content),
    Optional(Content),
}

/// Whether a value could name a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Text,
    Path,
}

/// What an option word turned out to be.
enum Read {
    /// Not in the grammar.
    Refused,
    /// Complete in itself.
    Whole,
    /// Its value is the next word.
    WantsValue(Content),
}

impl OptionGrammar {
    pub(crate) fn parse(text: &GrammarText<'_>) -> Result<Self, PatternError> {
        let mut words = text.command.split_whitespace();
        let program = words.next().ok_or(PatternError::Empty)?;
        let operands = text
            .operands
            .iter()
            .map(|pattern| WordPattern::parse(pattern))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            program: ProgramPattern {
                word: WordPattern::parse(program)?,
                path: program.contains('/'),
            },
            words: words.map(|word| word.as_bytes().to_vec()).collect(),
            globals: Options::parse(text.globals),
            options: Options::parse(text.options),
            operands,
            at_most: text.at_most,
        })
    }

    pub(crate) fn program(&self) -> &ProgramPattern {
        &self.program
    }

    /// Compares the words after the program.
    pub(crate) fn compare(&self, arguments: &[ActionWord], unknowns: Unknowns) -> Match {
        let mut rest = arguments;
        let mut result = Match::Yes;
        for word in &self.words {
            // Options of the program itself come first.
            loop {
                let Some((next, after)) = rest.split_first() else {
                    return Match::No;
                };
                let Some(value) = next.value() else {
                    return Match::Maybe;
                };
                rest = after;
                if value == word.as_slice() {
                    break;
                }
                if value.first() != Some(&b'-') {
                    return Match::No;
                }
                match self.globals.read(value) {
                    Read::Refused => return Match::No,
                    Read::Whole => {}
                    Read::WantsValue(content) => match rest.split_first() {
                        None => return Match::No,
                        Some((value, after)) => {
                            result = result.min(value_fits(value, content, unknowns));
                            rest = after;
                        }
                    },
                }
            }
        }
        result.min(self.compare_rest(rest, unknowns))
    }

    fn compare_rest(&self, words: &[ActionWord], unknowns: Unknowns) -> Match {
        let mut result = Match::Yes;
        let mut operands = 0usize;
        let mut ended = false;
        let mut rest = words;
        while let Some((word, after)) = rest.split_first() {
            rest = after;
            let fits = match &word.state {
                WordState::Literal(value) if !ended && value == b"--" => {
                    // Where options are words of an expression, as in `find`, nothing ends them.
                    if !self.options.whole.is_empty() {
                        return Match::No;
                    }
                    ended = true;
                    Match::Yes
                }
                WordState::Literal(value) if !ended && is_option(value) => {
                    match self.options.read(value) {
                        Read::Refused => Match::No,
                        Read::Whole => Match::Yes,
                        Read::WantsValue(content) => match rest.split_first() {
                            // The program will complain.
                            None => Match::Yes,
                            Some((value, after)) => {
                                rest = after;
                                value_fits(value, content, unknowns)
                            }
                        },
                    }
                }
                WordState::Literal(value) => {
                    operands += 1;
                    self.operand_fits(value, ended)
                }
                WordState::Resolved(values) => {
                    operands += 1;
                    if word.count == Count::Any && self.at_most.is_some() {
                        Match::Maybe
                    } else if values.iter().all(|value| ended || !is_option(value)) {
                        values
                            .iter()
                            .map(|value| self.operand_fits(value, ended))
                            .min()
                            .unwrap_or(Match::Maybe)
                    } else if values.iter().all(|value| {
                        is_option(value) && matches!(self.options.read(value), Read::Whole)
                    }) {
                        Match::Yes
                    } else {
                        Match::Maybe
                    }
                }
                WordState::Pattern(pieces) | WordState::Dynamic(pieces) => {
                    let (fits, counts) = self.unknown_fits(word, pieces, ended, unknowns);
                    operands += counts;
                    fits
                }
            };
            result = result.min(fits);
            if result == Match::No {
                return Match::No;
            }
        }
        if self.at_most.is_some_and(|most| operands > most) {
            return Match::No;
        }
        result
    }

    fn operand_fits(&self, value: &[u8], ended: bool) -> Match {
        let open = value == b"-" || (ended && value.first() == Some(&b'-'));
        if open {
            return Match::from(
                self.operands
                    .iter()
                    .any(|p| p.compare_bytes(b"x") == Match::Yes),
            );
        }
        self.operands
            .iter()
            .map(|pattern| pattern.compare_bytes(value))
            .max()
            .unwrap_or(Match::No)
    }

    /// Of a word that is not wholly known: whether it fits, and how many operands it counts for.
    fn unknown_fits(
        &self,
        word: &ActionWord,
        pieces: &[Piece],
        ended: bool,
        unknowns: Unknowns,
    ) -> (Match, usize) {
        let known = match pieces.first() {
            Some(Piece::Known(bytes)) => bytes.as_slice(),
            Some(Piece::Star | Piece::Question | Piece::Bracket(_) | Piece::Unknown) | None => b"",
        };
        if !ended && known.first() == Some(&b'-') {
            // `-n$x`, `--lines=$x`: an option whose value is not known.
            let fits = word.count == Count::One && self.options.takes_text(known);
            return (if fits { Match::Yes } else { Match::Maybe }, 0);
        }
        let glob = matches!(word.state, WordState::Pattern(_));
        let is_operand = ended || !known.is_empty();
        let accepted = if glob {
            is_operand || unknowns >= Unknowns::Globs
        } else {
            unknowns >= Unknowns::All
        };
        if !accepted || (word.count == Count::Any && self.at_most.is_some()) {
            return (Match::Maybe, 1);
        }
        let fits = self.operands.iter().any(|pattern| {
            // Whatever it becomes is meant, so only a pattern for everything takes it.
            pattern.compare(
                &ActionWord {
                    source: Vec::new(),
                    state: WordState::Dynamic(vec![Piece::Unknown]),
                    count: Count::One,
                },
                Unknowns::All,
            ) == Match::Yes
        });
        (if fits { Match::Yes } else { Match::Maybe }, 1)
    }
}

fn is_option(value: &[u8]) -> bool {
    value.len() > 1 && value.first() == Some(&b'-')
}

fn value_fits(word: &ActionWord, content: Content, unknowns: Unknowns) -> Match {
    if word.count == Count::Any {
        return Match::Maybe;
    }
    let fits = match &word.state {
        WordState::Literal(_) | WordState::Resolved(_) => true,
        // One quoted word where a text is wanted can be nothing else.
        WordState::Pattern(_) => content == Content::Text || unknowns >= Unknowns::Globs,
        WordState::Dynamic(_) => content == Content::Text || unknowns >= Unknowns::All,
    };
    if fits { Match::Yes } else { Match::Maybe }
}

impl Options {
    fn parse(text: &str) -> Self {
        let mut options = Self::default();
        for word in text.split_whitespace() {
            if word == "-#" {
                options.numbers = true;
                continue;
            }
            let (rest, content) = match word.strip_suffix('p') {
                Some(rest) if rest.ends_with([':', '=', '?']) => (rest, Content::Path),
                Some(_) | None => (word, Content::Text),
            };
            let (name, value) = if let Some(name) = rest.strip_suffix([':', '=']) {
                (name, Value::Needed(content))
            } else if let Some(name) = rest.strip_suffix('?') {
                (name, Value::Optional(content))
            } else {
                (rest, Value::None)
            };
            match name.as_bytes() {
                [b'-', b'-', long @ ..] => {
                    options.long.insert(long.to_vec(), value);
                }
                [b'-', short] => {
                    options.short.insert(*short, value);
                }
                whole => {
                    options.whole.insert(whole.to_vec(), value);
                }
            }
        }
        options
    }

    fn read(&self, value: &[u8]) -> Read {
        if let Some(kind) = self.whole.get(value) {
            return match kind {
                Value::None | Value::Optional(_) => Read::Whole,
                Value::Needed(content) => Read::WantsValue(*content),
            };
        }
        if let Some(long) = value.strip_prefix(b"--") {
            let (name, attached) = match long.iter().position(|byte| *byte == b'=') {
                Some(at) => (long.get(..at).unwrap_or_default(), true),
                None => (long, false),
            };
            return match (self.long.get(name), attached) {
                (None, _) | (Some(Value::None), true) => Read::Refused,
                (Some(Value::None | Value::Optional(_)), false)
                | (Some(Value::Needed(_) | Value::Optional(_)), true) => Read::Whole,
                (Some(Value::Needed(content)), false) => Read::WantsValue(*content),
            };
        }
        let Some(cluster) = value.strip_prefix(b"-") else {
            return Read::Refused;
        };
        if self.numbers && !cluster.is_empty() && cluster.iter().all(u8::is_ascii_digit) {
            return Read::Whole;
        }
        let mut rest = cluster;
        while let Some((letter, after)) = rest.split_first() {
            match self.short.get(letter) {
                None => return Read::Refused,
                Some(Value::None) => rest = after,
                Some(Value::Optional(_)) => return Read::Whole,
                Some(Value::Needed(_)) if !after.is_empty() => return Read::Whole,
                Some(Value::Needed(content)) => return Read::WantsValue(*content),
            }
        }
        Read::Whole
    }

    /// Whether what follows these known bytes can only be the text value of an option.
    fn takes_text(&self, known: &[u8]) -> bool {
        let text = |value: &Value| {
            matches!(
                value,
                Value::Needed(Content::Text) | Value::Optional(Content::Text)
            )
        };
        if let Some(long) = known.strip_prefix(b"--") {
            return match long.iter().position(|byte| *byte == b'=') {
                Some(at) => self
                    .long
                    .get(long.get(..at).unwrap_or_default())
                    .is_some_and(text),
                None => false,
            };
        }
        let Some(mut rest) = known.strip_prefix(b"-") else {
            return false;
        };
        while let Some((letter, after)) = rest.split_first() {
            match self.short.get(letter) {
                None => return false,
                Some(Value::None) => rest = after,
                Some(value) => return text(value),
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grammar(command: &str, options: &str, at_most: Option<usize>) -> OptionGrammar {
        OptionGrammar::parse(&GrammarText {
            command,
            globals: "--no-pager -C:p",
            options,
            operands: &["*".to_owned()],
            at_most,
        })
        .unwrap()
    }

    fn compare(grammar: &OptionGrammar, words: &str) -> Match {
        let words: Vec<ActionWord> = words
            .split_whitespace()
            .map(|word| ActionWord::literal(word.as_bytes()))
            .collect();
        grammar.compare(&words, Unknowns::Ask)
    }

    #[test]
    fn only_listed_options_match_in_clusters_too() {
        let sort = grammar("sort", "-n -r -k: --key= --reverse", None);
        for line in [
            "",
            "-nr a b",
            "-nrk2 a",
            "-k 2,3 a",
            "--key=2 a",
            "--key 2 a",
            "a -n",
            "-- -o",
            "-",
        ] {
            assert_eq!(compare(&sort, line), Match::Yes, "{line}");
        }
        for line in [
            "-o x",
            "-no x",
            "--output=x",
            "--rev",
            "--reverse=x",
            "a -o x",
            "--key=2 --comp=sh",
        ] {
            assert_eq!(compare(&sort, line), Match::No, "{line}");
        }
    }

    #[test]
    fn operands_are_counted() {
        let uniq = grammar("uniq", "-c", Some(1));
        assert_eq!(compare(&uniq, "-c in"), Match::Yes);
        assert_eq!(compare(&uniq, "in out"), Match::No);
        assert_eq!(compare(&uniq, "-c -- in out"), Match::No);
    }

    #[test]
    fn subcommands_stand_behind_known_globals() {
        let log = grammar("git log", "--oneline -#", None);
        assert_eq!(compare(&log, "log --oneline -5"), Match::Yes);
        assert_eq!(compare(&log, "--no-pager -C x log"), Match::Yes);
        assert_eq!(compare(&log, "-c core.pager=x log"), Match::No);
        assert_eq!(compare(&log, "-C log show"), Match::No);
        assert_eq!(compare(&log, ""), Match::No);
    }

    #[test]
    fn what_is_not_known_is_maybe_unless_it_can_only_be_a_text() {
        let grep = grammar("grep", "-e: -n -f:p --max-count=", None);
        let dynamic = |pieces: Vec<Piece>| ActionWord {
            source: b"$x".to_vec(),
            state: WordState::Dynamic(pieces),
            count: Count::One,
        };
        let flag = |text: &str| ActionWord::literal(text.as_bytes());
        let open = || dynamic(vec![Piece::Unknown]);
        assert_eq!(grep.compare(&[open()], Unknowns::Ask), Match::Maybe);
        assert_eq!(
            grep.compare(&[flag("-e"), open()], Unknowns::Ask),
            Match::Yes
        );
        assert_eq!(
            grep.compare(&[flag("-f"), open()], Unknowns::Ask),
            Match::Maybe
        );
        let attached = dynamic(vec![Piece::Known(b"--max-count=".to_vec()), Piece::Unknown]);
        assert_eq!(grep.compare(&[attached], Unknowns::Ask), Match::Yes);
        let hidden = dynamic(vec![Piece::Known(b"-n".to_vec()), Piece::Unknown]);
        assert_eq!(grep.compare(&[hidden], Unknowns::Ask), Match::Maybe);
    }
}
