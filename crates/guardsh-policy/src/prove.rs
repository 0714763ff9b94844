//! Proof that rules do what they say: their `matches` and `spares`, and rules that never decide.

use crate::action::{Action, FileFacts, Folder, Trust};
use crate::judge::{Policy, judge};
use crate::pattern::{Match, Taking, Unknowns};
use crate::rules::{Rule, base_name};
use crate::verdict::Verdict;
use crate::world::{GitFacts, Known, Variable, World};
use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
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
/// [`ProvingWorld`]. `analyse` makes the actions of a line in such a world; `None`: the line cannot be read.
pub fn prove(policy: &Policy, analyse: &dyn Fn(&str) -> Option<Vec<Action>>) -> Proof {
    let mut proof = Proof::default();
    for rule in policy.rules() {
        prove_rule(policy, rule, analyse, &mut proof);
    }
    for pack in policy.packs() {
        for rule in pack.rules() {
            prove_rule(policy, rule, analyse, &mut proof);
        }
    }
    shadows(policy.rules(), &mut proof);
    proof
}

fn prove_rule(
    policy: &Policy,
    rule: &Rule,
    analyse: &dyn Fn(&str) -> Option<Vec<Action>>,
    proof: &mut Proof,
) {
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
        let Some(actions) = analyse(line) else {
            found(Problem::Unreadable { line: line.clone() });
            continue;
        };
        let judgement = judge(policy, &actions, &mut ProvingWorld::default());
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

/// A world for proofs: every bare name is a trusted file or a builtin, nothing is set, git is harmless.
#[derive(Clone, Debug)]
pub struct ProvingWorld {
    /// The home of the user.
    pub home: PathBuf,
    /// The folder of the session.
    pub folder: PathBuf,
}

impl Default for ProvingWorld {
    fn default() -> Self {
        Self {
            home: PathBuf::from("/home/agent"),
            folder: PathBuf::from("/home/agent/work"),
        }
    }
}

/// What bash has of its own.
const BUILTINS: &[&[u8]] = &[
    b".",
    b":",
    b"[",
    b"alias",
    b"bg",
    b"bind",
    b"break",
    b"builtin",
    b"caller",
    b"cd",
    b"command",
    b"compgen",
    b"complete",
    b"compopt",
    b"continue",
    b"declare",
    b"dirs",
    b"disown",
    b"echo",
    b"enable",
    b"eval",
    b"exec",
    b"exit",
    b"export",
    b"false",
    b"fc",
    b"fg",
    b"getopts",
    b"hash",
    b"help",
    b"history",
    b"jobs",
    b"kill",
    b"let",
    b"local",
    b"logout",
    b"mapfile",
    b"popd",
    b"printf",
    b"pushd",
    b"pwd",
    b"read",
    b"readarray",
    b"readonly",
    b"return",
    b"set",
    b"shift",
    b"shopt",
    b"source",
    b"suspend",
    b"test",
    b"times",
    b"trap",
    b"true",
    b"type",
    b"typeset",
    b"ulimit",
    b"umask",
    b"unalias",
    b"unset",
    b"wait",
];

impl World for ProvingWorld {
    fn alias(&mut self, _name: &[u8]) -> Known<Option<Vec<u8>>> {
        Known::Yes(None)
    }

    fn function(&mut self, _name: &[u8]) -> Known<Option<Vec<u8>>> {
        Known::Yes(None)
    }

    fn is_builtin(&mut self, name: &[u8]) -> Known<bool> {
        Known::Yes(BUILTINS.contains(&name))
    }

    fn program(&mut self, name: &[u8], folder: &Folder) -> Known<Option<FileFacts>> {
        let (found, trust) = if name.contains(&b'/') {
            let path = Path::new(OsStr::from_bytes(name));
            let found = match folder {
                Folder::Known(folder) => folder.join(path),
                Folder::Unknown if path.is_absolute() => path.to_path_buf(),
                Folder::Unknown => return Known::Unknown,
            };
            let parent = found.parent().map(Path::to_path_buf);
            let trust = match parent.as_deref().and_then(Path::to_str) {
                Some("/usr/bin" | "/bin" | "/usr/local/bin") => Trust::Trusted,
                Some(_) | None => Trust::Untrusted("it is not in `trusted_path`".to_owned()),
            };
            (found, trust)
        } else if name.is_empty() {
            return Known::Yes(None);
        } else {
            let path = Path::new("/usr/bin").join(OsStr::from_bytes(name));
            (path, Trust::Trusted)
        };
        let bytes = base_name(found.as_os_str().as_bytes());
        // Different names are different files.
        let inode = bytes.iter().fold(1u64, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u64::from(*byte))
        });
        Known::Yes(Some(FileFacts {
            real: found.clone(),
            found,
            device: 1,
            inode,
            trust,
        }))
    }

    fn variable(&mut self, name: &[u8]) -> Known<Variable> {
        if name == b"HOME" {
            return Known::Yes(Variable::Scalar {
                value: self.home.as_os_str().as_bytes().to_vec(),
                exported: true,
                plain: true,
            });
        }
        Known::Yes(Variable::Unset)
    }

    fn positional(&mut self) -> Known<Vec<Vec<u8>>> {
        Known::Yes(Vec::new())
    }

    fn glob(&mut self, _pattern: &[u8], _folder: &Folder) -> Option<Vec<Vec<u8>>> {
        None
    }

    fn option(&mut self, _name: &str) -> Known<bool> {
        Known::Yes(false)
    }

    fn folder(&mut self) -> Folder {
        Folder::Known(self.folder.clone())
    }

    fn home(&mut self) -> PathBuf {
        self.home.clone()
    }

    fn home_of(&mut self, _user: &[u8]) -> Option<PathBuf> {
        None
    }

    fn real_path(&mut self, path: &Path) -> Option<PathBuf> {
        let bytes = crate::paths::normalized(path.as_os_str().as_bytes());
        Some(PathBuf::from(OsStr::from_bytes(&bytes)))
    }

    fn read_file(&mut self, _path: &Path, _limit: usize) -> Option<Vec<u8>> {
        None
    }

    fn git(&mut self, folder: &Folder) -> GitFacts {
        match folder {
            Folder::Known(_) => GitFacts::Harmless,
            Folder::Unknown => GitFacts::Unknown,
        }
    }

    fn pager_is_secure(&mut self) -> bool {
        true
    }
}
