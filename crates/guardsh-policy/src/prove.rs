//! Proof that rules do what they say: their `matches` and `spares`, and rules that never decide.

use crate::action::{FileFacts, Folder};
use crate::actions::analyse;
use crate::config::Config;
use crate::ideal::IdealWorld;
use crate::judge::{Policy, Surroundings, judge};
use crate::pattern::{Match, Taking, Unknowns};
use crate::rules::Rule;
use crate::verdict::Verdict;
use crate::world::{GitFacts, Known, Variable, World};
use guardsh_syntax::{Dialect, Options};
use std::fmt;
use std::path::{Path, PathBuf};

/// Something about a rule that is not as it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id.
    pub rule: String,
    /// `FILE:LINE`, or `builtin`.
    pub source: String,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A line of `matches` that the rule does not decide.
    Missed {
        /// The line.
        line: String,
        /// What decided instead: rule and verdict.
        decided: Vec<(String, Verdict)>,
    },
    /// A line of `spares` that the rule decides.
    Caught {
        /// The line.
        line: String,
    },
    /// A line that the shell would not take, or that is not judged.
    Unreadable {
        /// The line.
        line: String,
    },
    /// A pattern that can never decide, because a rule before it, or a stricter one, matches no less.
    Shadowed {
        /// The pattern.
        pattern: String,
        /// The other rule.
        by: String,
    },
}

impl Problem {
    /// Whether the rule is wrong, rather than useless.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Missed { .. } | Self::Caught { .. } | Self::Unreadable { .. } => true,
            Self::Shadowed { .. } => false,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): ", self.rule, self.source)?;
        match &self.problem {
            Problem::Missed { line, decided } => {
                write!(f, "does not match `{line}`")?;
                for (rule, verdict) in decided {
                    write!(f, "; {} by {rule}", verdict.name())?;
                }
                Ok(())
            }
            Problem::Caught { line } => write!(f, "matches `{line}`, which it should spare"),
            Problem::Unreadable { line } => write!(f, "`{line}` cannot be read"),
            Problem::Shadowed { pattern, by } => {
                write!(
                    f,
                    "`{pattern}` never decides: the rule {by} matches no less"
                )
            }
        }
    }
}

/// What a proof found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// How many lines were tried.
    pub lines: usize,
    /// What is wrong, in the order of the rules.
    pub findings: Vec<Finding>,
}

impl Proof {
    /// Whether every rule does what it says.
    pub fn holds(&self) -> bool {
        !self
            .findings
            .iter()
            .any(|finding| finding.problem.is_failure())
    }
}

/// Tries the `matches` and `spares` of every rule of the configuration and of the packs in use, in a
/// [`ProvingWorld`] of that dialect.
///
/// The packs are tried by themselves: what the configuration forbids or protects beyond them is its choice, and
/// no fault of theirs.
pub fn prove(policy: &Policy, dialect: Dialect) -> Proof {
    let mut proof = Proof::default();
    for rule in policy.rules() {
        prove_rule(policy, rule, dialect, &mut proof);
    }
    let packs = packs_alone(policy);
    for pack in packs.packs() {
        for rule in pack.rules() {
            prove_rule(&packs, rule, dialect, &mut proof);
        }
    }
    shadows(policy.rules(), &mut proof);
    proof
}

/// The packs of a policy and nothing else of it.
fn packs_alone(policy: &Policy) -> Policy {
    let mut config = Config::default();
    config.policy.packs = policy
        .packs()
        .iter()
        .map(|pack| pack.name.to_owned())
        .collect();
    config.policy.accept_project_code = true;
    Policy::new(&config, &Surroundings::default())
}

fn prove_rule(policy: &Policy, rule: &Rule, dialect: Dialect, proof: &mut Proof) {
    let mut found = |problem| {
        proof.findings.push(Finding {
            rule: rule.id.clone(),
            source: rule.source.clone(),
            problem,
        });
    };
    let lines = rule.matches.iter().map(|line| (line, true));
    for (line, wanted) in lines.chain(rule.spares.iter().map(|line| (line, false))) {
        proof.lines += 1;
        let mut world = ProvingWorld::new(dialect);
        let Ok(actions) = analyse(line.as_bytes(), dialect, OPTIONS, &mut world) else {
            found(Problem::Unreadable { line: line.clone() });
            continue;
        };
        let judgement = judge(policy, &actions, &mut world);
        // A rule that denies or asks where it may match has not matched.
        let decided = judgement
            .actions
            .iter()
            .any(|judged| judged.rule == rule.id && judged.verdict >= rule.decision);
        match (wanted, decided) {
            (true, true) | (false, false) => {}
            (true, false) => found(Problem::Missed {
                line: line.clone(),
                decided: judgement
                    .actions
                    .iter()
                    .map(|judged| (judged.rule.clone(), judged.verdict))
                    .collect(),
            }),
            (false, true) => found(Problem::Caught { line: line.clone() }),
        }
    }
}

/// How the lines of `matches` and `spares` are read: as `-c` reads its text.
const OPTIONS: Options = Options {
    extglob: false,
    here_doc_at_end: true,
    backslash_at_end: true,
    comments: true,
};

/// Patterns of calls that another rule always decides first.
fn shadows(rules: &[Rule], proof: &mut Proof) {
    for (index, rule) in rules.iter().enumerate() {
        for pattern in &rule.run {
            let words = pattern.as_words();
            let Some((program, arguments)) = words.split_first() else {
                continue;
            };
            let by = rules.iter().enumerate().find(|(other_index, other)| {
                let first = match other.decision.cmp(&rule.decision) {
                    std::cmp::Ordering::Greater => true,
                    std::cmp::Ordering::Equal => *other_index < index,
                    std::cmp::Ordering::Less => false,
                };
                // An earlier rule with exceptions leaves something over; one that takes fewer unknown
                // words does too.
                first
                    && other.except.is_empty()
                    && other.unknowns >= rule.unknowns
                    && other.run.iter().any(|candidate| {
                        candidate.program.path == pattern.program.path
                            && candidate.program.word.compare(program, Unknowns::All) == Match::Yes
                            && candidate.arguments(arguments, Taking::only(Unknowns::All))
                                == Match::Yes
                    })
            });
            if let Some((_, other)) = by {
                proof.findings.push(Finding {
                    rule: rule.id.clone(),
                    source: rule.source.clone(),
                    problem: Problem::Shadowed {
                        pattern: pattern.text().to_owned(),
                        by: other.id.clone(),
                    },
                });
            }
        }
    }
}

/// A world for proofs: every bare name is a trusted file or a builtin, git is harmless, and what `$1` and its
/// like hold is not known.
#[derive(Clone, Debug)]
pub struct ProvingWorld(IdealWorld);

impl ProvingWorld {
    /// For lines of that dialect.
    pub fn new(dialect: Dialect) -> Self {
        Self(IdealWorld::new(dialect))
    }
}

impl World for ProvingWorld {
    fn alias(&mut self, name: &[u8]) -> Known<Option<Vec<u8>>> {
        self.0.alias(name)
    }

    fn function(&mut self, name: &[u8]) -> Known<Option<Vec<u8>>> {
        self.0.function(name)
    }

    fn is_builtin(&mut self, name: &[u8]) -> Known<bool> {
        self.0.is_builtin(name)
    }

    fn program(&mut self, name: &[u8], folder: &Folder) -> Known<Option<FileFacts>> {
        self.0.program(name, folder)
    }

    fn variable(&mut self, name: &[u8]) -> Known<Variable> {
        self.0.variable(name)
    }

    fn positional(&mut self) -> Known<Vec<Vec<u8>>> {
        Known::Unknown
    }

    fn glob(&mut self, pattern: &[u8], folder: &Folder) -> Option<Vec<Vec<u8>>> {
        self.0.glob(pattern, folder)
    }

    fn option(&mut self, name: &str) -> Known<bool> {
        self.0.option(name)
    }

    fn folder(&mut self) -> Folder {
        self.0.folder()
    }

    fn home(&mut self) -> PathBuf {
        self.0.home()
    }

    fn home_of(&mut self, user: &[u8]) -> Option<PathBuf> {
        self.0.home_of(user)
    }

    fn real_path(&mut self, path: &Path) -> Option<PathBuf> {
        self.0.real_path(path)
    }

    fn read_file(&mut self, path: &Path, limit: usize) -> Option<Vec<u8>> {
        self.0.read_file(path, limit)
    }

    fn is_folder(&mut self, path: &Path) -> Known<bool> {
        self.0.is_folder(path)
    }

    fn is_fixed(&mut self, path: &Path) -> bool {
        self.0.is_fixed(path)
    }

    fn git(&mut self, folder: &Folder) -> GitFacts {
        match folder {
            Folder::Known(_) => self.0.git(folder),
            Folder::Unknown => GitFacts::Unknown,
        }
    }

    fn pager_is_secure(&mut self) -> bool {
        self.0.pager_is_secure()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_configuration_forbids_is_no_fault_of_a_pack() {
        let text = "version = 1\n\
            [policy]\nprotect = [\"**/credentials*\"]\n\
            [[rule]]\nid = \"no-ls\"\ndecision = \"deny\"\nrun = [\"ls **\"]\nreason = \"not here\"\n";
        let config = Config::parse(text, "f.toml").unwrap();
        let proof = prove(
            &Policy::new(&config, &Surroundings::default()),
            Dialect::Bash,
        );
        assert!(proof.holds(), "{:#?}", proof.findings);
        assert!(proof.lines > 300, "only {} lines", proof.lines);
    }

    #[test]
    fn a_rule_that_does_not_do_what_it_says_is_found() {
        let text = "version = 1\n[[rule]]\nid = \"r\"\ndecision = \"allow\"\nrun = [\"make **\"]\n\
            matches = [\"rm x\"]\nspares = [\"make x\"]\n";
        let config = Config::parse(text, "f.toml").unwrap();
        let proof = prove(
            &Policy::new(&config, &Surroundings::default()),
            Dialect::Bash,
        );
        let problems: Vec<&Problem> = proof.findings.iter().map(|found| &found.problem).collect();
        assert!(
            matches!(problems.as_slice(), [Problem::Missed { line, .. }, Problem::Caught { line: caught }] if line == "rm x" && caught == "make x"),
            "{problems:?}"
        );
    }
}
