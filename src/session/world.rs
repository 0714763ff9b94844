//! The world as a live shell has it: asked of the shell itself, in the very state in which the text will run.
//!
//! The shell waits inside the constant line of the submission while it is asked. Answers hold for that
//! submission only. After a fault of the channel every answer is "unknown", and the driver ends the session.

use super::definitions::{Definitions, MayDefine};
use crate::shells::channel::{Channel, Fault};
use crate::shells::{Answer, Query, State, WordMeaning, quote};
use crate::world::{
    Found, ShellKind, file_facts, find_program, git_facts, home_of, is_fixed, is_folder, is_guard,
    read_file, real_path,
};
use guardsh_policy::{FileFacts, Folder, GitFacts, Known, Variable, World};
use std::collections::{BTreeSet, HashMap};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Names that one look at the text may ask for before it is read: more is asked one by one.
const PREFETCHED: usize = 48;

/// A function of more words than this is not remembered.
const MOST_WORDS: usize = 512;

/// Variables whose reading changes them, or that mean another thing inside our own words.
const NEVER_ASKED: &str = "BASHPID BASH_ARGC BASH_ARGV BASH_COMMAND BASH_LINENO BASH_SOURCE BASH_SUBSHELL COMP_CWORD COMP_LINE \
     COMP_POINT COMP_WORDS DIRSTACK EPOCHREALTIME EPOCHSECONDS FUNCNAME GROUPS HISTCMD LINENO PIPESTATUS RANDOM REPLY SECONDS \
     SRANDOM _";

/// What stays the same for a whole session.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    /// Which shell.
    pub(crate) shell: ShellKind,
    /// Its process.
    pub(crate) pid: guardsh_sys::Pid,
    /// Home by the user database.
    pub(crate) home: PathBuf,
    /// `policy.trusted_path`.
    pub(crate) trusted_path: Vec<PathBuf>,
    /// Whether the shell is interactive.
    pub(crate) interactive: bool,
}

/// Answers for one submission.
pub(crate) struct LiveWorld<'a> {
    channel: &'a mut Channel,
    around: &'a Surroundings,
    definitions: &'a Definitions,
    defines: MayDefine,
    words: HashMap<Vec<u8>, WordMeaning>,
    functions: HashMap<Vec<u8>, Option<Vec<u8>>>,
    variables: HashMap<String, Variable>,
    state: Option<State>,
    environment: Option<HashMap<OsString, OsString>>,
    fault: Option<Fault>,
}

impl<'a> LiveWorld<'a> {
    /// For the submission that the shell waits in.
    pub(crate) fn new(
        channel: &'a mut Channel,
        around: &'a Surroundings,
        definitions: &'a Definitions,
    ) -> Self {
        Self {
            channel,
            around,
            definitions,
            defines: MayDefine::default(),
            words: HashMap::new(),
            functions: HashMap::new(),
            variables: HashMap::new(),
            state: None,
            environment: None,
            fault: None,
        }
    }

    /// What went wrong with the shell, if anything did: then nothing of the submission may run.
    pub(crate) fn into_fault(self) -> Option<Fault> {
        self.fault
    }

    /// The same, and what the texts that were judged may define.
    pub(crate) fn into_outcome(self) -> (Option<Fault>, MayDefine) {
        (self.fault, self.defines)
    }

    /// Asks in one go for the names that the text seems to use. A guess: what it misses is asked later.
    pub(crate) fn prefetch(&mut self, text: &[u8]) {
        let mut queries = vec![Query::State, Query::Variable("PATH".to_owned())];
        let take = |queries: &mut Vec<Query>, query: Query| {
            if queries.len() < PREFETCHED && !queries.contains(&query) {
                queries.push(query);
            }
        };
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.+".contains(&byte);
        let mut at_word = true;
        let mut rest = text;
        while let Some((byte, after)) = rest.split_first() {
            if queries.len() >= PREFETCHED {
                break;
            }
            let length = rest.iter().take_while(|byte| is_name(**byte)).count();
            if *byte == b'$' {
                let name = after.strip_prefix(b"{").unwrap_or(after);
                let length = name
                    .iter()
                    .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
                    .count();
                if let Some(name) = name.get(..length).and_then(variable_name) {
                    take(&mut queries, Query::Variable(name));
                }
                rest = after;
                at_word = false;
            } else if length > 0 {
                if let Some(word) = rest.get(..length)
                    && at_word
                    && askable(word)
                {
                    take(&mut queries, Query::Word(word.to_vec()));
                }
                rest = rest.get(length..).unwrap_or_default();
                at_word = false;
            } else {
                // Only where a command could begin: the first word, and what follows an operator.
                at_word = match byte {
                    b';' | b'|' | b'&' | b'(' | b'{' | b'\n' | b'!' | b'`' => true,
                    b' ' | b'\t' => at_word,
                    _ => false,
                };
                rest = after;
            }
        }
        let _ = self.fetch(&queries);
    }

    fn fetch(&mut self, queries: &[Query]) -> Option<()> {
        if self.fault.is_some() {
            return None;
        }
        match self.channel.ask(queries) {
            Ok(answers) => {
                for (query, answer) in queries.iter().zip(answers) {
                    self.keep(query, answer);
                }
                Some(())
            }
            Err(fault) => {
                self.fault = Some(fault);
                None
            }
        }
    }

    fn keep(&mut self, query: &Query, answer: Answer) {
        match (query, answer) {
            (Query::Word(word), Answer::Word(meaning)) => {
                self.words.insert(word.clone(), meaning);
            }
            (Query::Function(name), Answer::Function(text)) => {
                self.functions.insert(name.clone(), text);
            }
            (Query::Variable(name), Answer::Variable(variable)) => {
                self.variables.insert(name.clone(), variable);
            }
            (Query::State, Answer::State(state)) => self.state = Some(state),
            (Query::Environment, Answer::Environment(all)) => {
                self.environment = Some(
                    all.into_iter()
                        .map(|(name, value)| (OsString::from_vec(name), OsString::from_vec(value)))
                        .collect(),
                );
            }
            // The channel answers each question in kind.
            (
                Query::Word(_)
                | Query::Function(_)
                | Query::Variable(_)
                | Query::Glob(_)
                | Query::State
                | Query::Environment,
                _,
            ) => {}
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<WordMeaning> {
        if !askable(word) {
            return None;
        }
        if !self.words.contains_key(word) {
            self.fetch(&[Query::Word(word.to_vec())])?;
        }
        self.words.get(word).cloned()
    }

    fn state(&mut self) -> Option<&State> {
        if self.state.is_none() {
            self.fetch(&[Query::State])?;
        }
        self.state.as_ref()
    }

    fn scalar(&mut self, name: &str) -> Option<Vec<u8>> {
        match self.variable(name.as_bytes()) {
            Known::Yes(Variable::Scalar { value, .. }) => Some(value),
            Known::Yes(Variable::Unset | Variable::Special { .. }) | Known::Unknown => None,
        }
    }

    fn has_option(&mut self, name: &str) -> Option<bool> {
        self.state()
            .map(|state| state.options.iter().any(|on| on == name))
    }
}

/// A word that can be asked about: not one that our own question would read as something else.
fn askable(word: &[u8]) -> bool {
    !word.is_empty()
        && word.len() <= 4096
        && !word.contains(&0)
        && ![b"@".as_slice(), b"*"].contains(&word)
}

/// The words of a text that an alias could stand for: what is quoted is none.
fn whole_words(text: &[u8]) -> BTreeSet<&[u8]> {
    text.split(|byte| b" \t\n;&|()<>".contains(byte))
        .filter(|word| !word.is_empty() && !word.iter().any(|byte| b"'\"\\$`".contains(byte)))
        .take(MOST_WORDS + 1)
        .collect()
}

fn variable_name(name: &[u8]) -> Option<String> {
    let first = name.first()?;
    let plain = (first.is_ascii_alphabetic() || *first == b'_')
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        && name.len() <= 256;
    let name = std::str::from_utf8(name).ok()?;
    let changes = NEVER_ASKED
        .split_ascii_whitespace()
        .any(|never| never == name)
        || name.starts_with("__gs_");
    (plain && !changes).then(|| name.to_owned())
}

impl World for LiveWorld<'_> {
    fn alias(&mut self, name: &[u8]) -> Known<Option<Vec<u8>>> {
        match (self.has_option("expand_aliases"), self.word(name)) {
            (Some(true), Some(meaning)) => Known::Yes(meaning.alias),
            (Some(false), Some(_)) => Known::Yes(None),
            (None, _) | (_, None) => Known::Unknown,
        }
    }

    fn function(&mut self, name: &[u8]) -> Known<Option<Vec<u8>>> {
        let Some(meaning) = self.word(name) else {
            return Known::Unknown;
        };
        // dash names an alias before a function of the same name, and `\name` calls the function.
        let hidden = self.around.shell == ShellKind::Dash && meaning.alias.is_some();
        if !meaning.function {
            return if hidden {
                Known::Unknown
            } else {
                Known::Yes(None)
            };
        }
        if !self.functions.contains_key(name)
            && self.fetch(&[Query::Function(name.to_vec())]).is_none()
        {
            return Known::Unknown;
        }
        match self.functions.get(name) {
            Some(Some(text)) => Known::Yes(Some(text.clone())),
            // There is one, and the shell cannot say what it does.
            Some(None) | None => match self.definitions.of(name) {
                Some(text) => Known::Yes(Some(text.to_vec())),
                None => Known::Unknown,
            },
        }
    }

    fn may_define(&mut self, name: &[u8], definition: &[u8]) {
        if self.around.shell != ShellKind::Dash {
            return;
        }
        // What stands there as an alias becomes a part of the function as what it is now.
        let words = whole_words(definition);
        let asked: Vec<Query> = words
            .iter()
            .filter(|word| askable(word) && !self.words.contains_key(**word))
            .map(|word| Query::Word(word.to_vec()))
            .collect();
        let plain = words.len() <= MOST_WORDS
            && (asked.is_empty() || self.fetch(&asked).is_some())
            && words.iter().all(|word| {
                self.words
                    .get(*word)
                    .is_some_and(|meaning| meaning.alias.is_none())
            });
        self.defines.function(name, plain.then_some(definition));
    }

    fn may_rename(&mut self) {
        self.defines.unseen();
    }

    fn is_builtin(&mut self, name: &[u8]) -> Known<bool> {
        match self.word(name) {
            // An alias or a function of that name does not keep `\name` or `builtin name` from it.
            Some(meaning) if self.around.shell == ShellKind::Dash => {
                Known::Yes(meaning.builtin || self.around.shell.has_builtin(name))
            }
            Some(meaning) => Known::Yes(meaning.builtin),
            None => Known::Unknown,
        }
    }

    fn program(&mut self, name: &[u8], folder: &Folder) -> Known<Option<FileFacts>> {
        let folder = match folder {
            Folder::Known(folder) => Some(folder.clone()),
            Folder::Unknown => None,
        };
        let mut found = None;
        let mut path = Vec::new();
        if !name.contains(&b'/') {
            let Some(meaning) = self.word(name) else {
                return Known::Unknown;
            };
            match (meaning.remembered, &folder) {
                (Some(remembered), _) if remembered.is_absolute() => {
                    found = Some(Found::File(remembered));
                }
                (Some(remembered), Some(folder)) => {
                    found = Some(Found::File(folder.join(remembered)));
                }
                (Some(_), None) => return Known::Unknown,
                (None, _) => {}
            }
            if found.is_none() {
                match self.scalar("PATH") {
                    Some(value) => path = value,
                    None => return Known::Unknown,
                }
            }
        }
        let found = found.unwrap_or_else(|| find_program(name, &path, folder.as_deref()));
        match found {
            Found::Nowhere => Known::Yes(None),
            Found::Unknown => Known::Unknown,
            Found::File(found) => match file_facts(&found, &self.around.trusted_path) {
                Ok(facts) => Known::Yes(Some(facts)),
                // Remembered and gone: bash then says so and runs nothing, or looks again (checkhash).
                Err(_) => Known::Unknown,
            },
        }
    }

    fn variable(&mut self, name: &[u8]) -> Known<Variable> {
        let Some(name) = variable_name(name) else {
            return Known::Yes(Variable::Special { exported: false });
        };
        if !self.variables.contains_key(&name)
            && self.fetch(&[Query::Variable(name.clone())]).is_none()
        {
            return Known::Unknown;
        }
        let Some(variable) = self.variables.get(&name).cloned() else {
            return Known::Unknown;
        };
        // dash tells exported and read-only names only all at once.
        let Variable::Scalar {
            value,
            exported,
            plain,
        } = variable
        else {
            return Known::Yes(variable);
        };
        let Some(state) = self.state() else {
            return Known::Unknown;
        };
        let listed = |list: &Option<Vec<Vec<u8>>>| {
            list.as_ref()
                .is_some_and(|names| names.iter().any(|listed| listed == name.as_bytes()))
        };
        Known::Yes(Variable::Scalar {
            value,
            exported: exported || listed(&state.exported),
            plain: plain && !listed(&state.read_only),
        })
    }

    fn positional(&mut self) -> Known<Vec<Vec<u8>>> {
        match self.state() {
            Some(state) => Known::Yes(state.positional.clone()),
            None => Known::Unknown,
        }
    }

    fn glob(&mut self, pattern: &[u8], folder: &Folder) -> Option<Vec<Vec<u8>>> {
        // The shell can only look from where it is, or by an absolute pattern.
        if !pattern.starts_with(b"/") && self.folder() != *folder {
            return None;
        }
        // A pattern that matches nothing may be an error that ends our question too.
        if self.has_option("failglob")? || self.has_option("noglob")? {
            return None;
        }
        let word = quote::pattern(pattern)?;
        if self.fault.is_some() {
            return None;
        }
        match self.channel.ask(&[Query::Glob(word)]) {
            Ok(answers) => match answers.into_iter().next() {
                Some(Answer::Glob(names)) => Some(names),
                Some(
                    Answer::Word(_)
                    | Answer::Function(_)
                    | Answer::Variable(_)
                    | Answer::State(_)
                    | Answer::Environment(_),
                )
                | None => None,
            },
            Err(fault) => {
                self.fault = Some(fault);
                None
            }
        }
    }

    fn option(&mut self, name: &str) -> Known<bool> {
        match self.has_option(name) {
            Some(on) => Known::Yes(on),
            None => Known::Unknown,
        }
    }

    fn folder(&mut self) -> Folder {
        let real = guardsh_sys::process::folder_of(self.around.pid);
        let told = match self.state() {
            Some(state) => PathBuf::from(OsString::from_vec(state.folder.clone())),
            None => return Folder::Unknown,
        };
        // `$PWD` is a variable that anyone can set: believed only where it is the folder the process is in.
        let same =
            |one: &Path, other: &Path| match (std::fs::metadata(one), std::fs::metadata(other)) {
                (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
                (Err(_), _) | (_, Err(_)) => false,
            };
        match real {
            Some(real) if told.is_absolute() && same(&real, &told) => Folder::Known(told),
            Some(real) if std::fs::metadata(&real).is_ok() => Folder::Known(real),
            Some(_) | None => Folder::Unknown,
        }
    }

    fn home(&mut self) -> PathBuf {
        self.around.home.clone()
    }

    fn home_of(&mut self, user: &[u8]) -> Option<PathBuf> {
        home_of(user)
    }

    fn real_path(&mut self, path: &Path) -> Option<PathBuf> {
        real_path(path)
    }

    fn read_file(&mut self, path: &Path, limit: usize) -> Option<Vec<u8>> {
        read_file(path, limit)
    }

    fn git(&mut self, folder: &Folder) -> GitFacts {
        let Folder::Known(folder) = folder else {
            return GitFacts::Unknown;
        };
        if self.environment.is_none() && self.fetch(&[Query::Environment]).is_none() {
            return GitFacts::Unknown;
        }
        match &self.environment {
            Some(environment) => git_facts(folder, environment),
            None => GitFacts::Unknown,
        }
    }

    fn interactive(&mut self) -> Known<bool> {
        Known::Yes(self.around.interactive)
    }

    fn is_folder(&mut self, path: &Path) -> Known<bool> {
        Known::Yes(is_folder(path))
    }

    fn is_fixed(&mut self, path: &Path) -> bool {
        is_fixed(path)
    }

    fn is_guard(&mut self, program: &FileFacts) -> bool {
        is_guard(program)
    }

    fn pager_is_secure(&mut self) -> bool {
        match self.variable(b"LESSSECURE") {
            Known::Yes(Variable::Scalar {
                value, exported, ..
            }) => exported && value == b"1",
            Known::Yes(Variable::Unset | Variable::Special { .. }) | Known::Unknown => false,
        }
    }
}
