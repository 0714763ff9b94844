//! The packs: curated rules that come with guardsh.
//!
//! Their text is TOML, compiled in. A pack is read piece by piece: only when a line names a program are the
//! rules for that program read, so that starting costs nothing. Tests read all of them and prove their
//! `matches` and `spares`.

use crate::config::read_rules;
use crate::rules::Rule;
use std::collections::HashMap;
use std::sync::OnceLock;

/// A pack.
#[derive(Debug)]
pub struct Pack {
    /// The name by which a configuration names it.
    pub name: &'static str,
    /// What it allows, in a sentence.
    pub summary: &'static str,
    text: &'static str,
    pieces: OnceLock<Pieces>,
}

#[derive(Debug)]
struct Pieces {
    all: Vec<Piece>,
    /// The pieces that a program's name leads to.
    by_program: HashMap<&'static str, Vec<usize>>,
    /// Those about variables.
    env: Vec<usize>,
}

/// One `[[rule]]`.
#[derive(Debug)]
struct Piece {
    text: &'static str,
    /// The subcommands that it is about; empty: it may be about any call. Found when a call may be meant.
    words: OnceLock<Vec<&'static str>>,
    rules: OnceLock<Vec<Rule>>,
}

static PACKS: [Pack; 2] = [
    Pack {
        name: "readonly",
        summary: "looking around: programs that no argument they are allowed makes run, write or send",
        text: include_str!("readonly.toml"),
        pieces: OnceLock::new(),
    },
    Pack {
        name: "git-read",
        summary: "git subcommands that only read, where no configuration makes git run something",
        text: include_str!("git-read.toml"),
        pieces: OnceLock::new(),
    },
];

/// The names of all packs.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    PACKS.iter().map(|pack| pack.name)
}

/// All packs.
pub fn packs() -> &'static [Pack] {
    &PACKS
}

/// The pack of that name.
pub(crate) fn by_name(name: &str) -> Option<&'static Pack> {
    PACKS.iter().find(|pack| pack.name == name)
}

impl Pack {
    /// The rules that could be about a program of this name.
    /// `has_word` says whether a word may be among the call's; rules for other subcommands are not read.
    pub(crate) fn rules_for(
        &'static self,
        program: &[u8],
        has_word: &dyn Fn(&str) -> bool,
    ) -> impl Iterator<Item = &'static Rule> {
        let pieces = self.pieces();
        std::str::from_utf8(program)
            .ok()
            .and_then(|name| pieces.by_program.get(name))
            .into_iter()
            .flatten()
            .filter_map(|index| pieces.all.get(*index))
            .filter(|piece| {
                let words = piece.words.get_or_init(|| subcommands(piece.text));
                words.is_empty() || words.iter().any(|word| has_word(word))
            })
            .flat_map(|piece| piece.rules(self.name))
    }

    /// The rules about variables.
    pub(crate) fn env_rules(&'static self) -> impl Iterator<Item = &'static Rule> {
        let pieces = self.pieces();
        pieces
            .env
            .iter()
            .filter_map(|index| pieces.all.get(*index))
            .flat_map(|piece| piece.rules(self.name))
    }

    /// All rules, in the order of the text.
    pub fn rules(&'static self) -> impl Iterator<Item = &'static Rule> {
        self.pieces()
            .all
            .iter()
            .flat_map(|piece| piece.rules(self.name))
    }

    /// The text as it is compiled in.
    pub fn text(&self) -> &'static str {
        self.text
    }

    fn pieces(&'static self) -> &'static Pieces {
        self.pieces.get_or_init(|| {
            let mut all = Vec::new();
            let mut by_program: HashMap<&'static str, Vec<usize>> = HashMap::new();
            let mut env = Vec::new();
            for text in self.text.split("\n[[rule]]\n").skip(1) {
                let programs = programs(text);
                if programs.is_empty() {
                    env.push(all.len());
                }
                for program in programs {
                    by_program.entry(program).or_default().push(all.len());
                }
                all.push(Piece {
                    text,
                    words: OnceLock::new(),
                    rules: OnceLock::new(),
                });
            }
            Pieces {
                all,
                by_program,
                env,
            }
        })
    }
}

impl Piece {
    fn rules(&'static self, pack: &'static str) -> &'static [Rule] {
        self.rules.get_or_init(|| {
            let text = format!("[[rule]]\n{}", self.text);
            // A test reads every piece, so this does not fail; if it did, the piece would allow nothing.
            let mut rules = read_rules(&text, pack).unwrap_or_default();
            for rule in &mut rules {
                rule.id = format!("pack.{pack}.{}", rule.id);
            }
            rules
        })
    }
}

/// The second words of `call = […]`, where every call has one and nothing else matches.
fn subcommands(text: &'static str) -> Vec<&'static str> {
    let begins = |key: &str| text.lines().any(|line| line.starts_with(key));
    if begins("run = ") || begins("regex = ") || begins("exact = ") {
        return Vec::new();
    }
    text.lines()
        .find_map(|line| line.strip_prefix("call = ["))
        .and_then(|list| {
            list.split('"')
                .skip(1)
                .step_by(2)
                .map(|call| call.split(' ').nth(1))
                .collect::<Option<Vec<_>>>()
        })
        .unwrap_or_default()
}

/// The names on the line `programs = […]`.
fn programs(text: &'static str) -> Vec<&'static str> {
    text.lines()
        .find_map(|line| line.strip_prefix("programs = ["))
        .map(|list| list.split('"').skip(1).step_by(2).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::base_name;
    use crate::verdict::Verdict;

    #[test]
    fn every_piece_of_every_pack_reads() {
        for pack in packs() {
            for piece in &pack.pieces().all {
                let text = format!("[[rule]]\n{}", piece.text);
                let rules = read_rules(&text, pack.name).unwrap_or_else(|e| panic!("{e}"));
                assert_eq!(rules.len(), 1, "{}", piece.text);
                let rule = &rules[0];
                assert_eq!(rule.decision, Verdict::Allow, "{}", rule.id);
                assert!(rule.reason.is_some(), "{} has no reason", rule.id);
                assert!(!rule.matches.is_empty(), "{} has no `matches`", rule.id);
                assert!(!rule.spares.is_empty(), "{} has no `spares`", rule.id);
            }
        }
    }

    #[test]
    fn the_programs_line_names_the_programs_of_the_rule() {
        for pack in packs() {
            for piece in &pack.pieces().all {
                let rule = &piece.rules(pack.name)[0];
                let mut said: Vec<String> = programs(piece.text)
                    .iter()
                    .map(|p| (*p).to_owned())
                    .collect();
                let mut meant: Vec<String> = Vec::new();
                let programs = rule.run.iter().map(|pattern| &pattern.program);
                for program in programs.chain(rule.grammars.iter().map(|grammar| grammar.program()))
                {
                    for name in program.word.literals().expect("a pack names its programs") {
                        meant.push(String::from_utf8(base_name(&name).to_vec()).unwrap());
                    }
                }
                said.sort();
                said.dedup();
                meant.sort();
                meant.dedup();
                if rule.regex.is_empty() {
                    assert_eq!(said, meant, "{}", rule.id);
                } else {
                    assert!(meant.iter().all(|name| said.contains(name)), "{}", rule.id);
                }
            }
        }
    }

    #[test]
    fn ids_are_unique() {
        let mut ids: Vec<&str> = packs()
            .iter()
            .flat_map(|pack| pack.rules())
            .map(|rule| rule.id.as_str())
            .collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }
}
