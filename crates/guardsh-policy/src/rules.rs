//! Rules: what a configuration or a pack says about actions.

use crate::action::{ActionWord, Count, Folder, Program, Trust, WordState};
use crate::options::OptionGrammar;
use crate::paths::{Ground, PathPattern, Place, all_of, normalized};
use crate::pattern::{
    Match, PatternError, ProgramPattern, RunPattern, Taking, Unknowns, WordPattern,
};
use crate::verdict::Verdict;
use crate::world::World;
use std::os::unix::ffi::OsStrExt;
use std::sync::OnceLock;

/// One rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Unique and stable.
    pub id: String,
    /// What a match means.
    pub decision: Verdict,
    /// Calls, by words.
    pub run: Vec<RunPattern>,
    /// Calls, by the whole canonical rendering.
    pub exact: Vec<RunPattern>,
    /// Calls, by an expression over the canonical rendering.
    pub regex: Vec<RegexPattern>,
    /// Paths that are read.
    pub read: Vec<PathPattern>,
    /// Paths that are written.
    pub write: Vec<PathPattern>,
    /// Variables that are set.
    pub env: Vec<EnvPattern>,
    /// What the rule is not about.
    pub except: Vec<Except>,
    /// Why, for people and agents.
    pub reason: Option<String>,
    /// What to do instead.
    pub suggest: Option<String>,
    /// The risk of what it matches, 0 to 100.
    pub risk: Option<u8>,
    /// Lines that the rule must catch.
    pub matches: Vec<String>,
    /// Lines that it must not.
    pub spares: Vec<String>,
    /// Which unknown words its wildcards take.
    pub unknowns: Unknowns,
    /// `FILE:LINE`, or `builtin`.
    pub source: String,
    /// What must hold besides. Only packs have these.
    pub(crate) needs: Needs,
    /// Calls whose options are listed. Only packs have these.
    pub(crate) grammars: Vec<OptionGrammar>,
    /// Runs the project's own code.
    pub(crate) runs_project_code: bool,
}

/// Conditions of pack rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// Git would run nothing that a configuration names.
    pub(crate) harmless_git: bool,
    /// A pager that is started cannot start a shell.
    pub(crate) secure_pager: bool,
}

/// One entry of `except`: words for calls, a path for paths.
#[derive(Clone, Debug)]
pub struct Except {
    pub(crate) run: Option<RunPattern>,
    pub(crate) path: Option<PathPattern>,
}

/// `NAME` or `NAME=VALUE-pattern`.
#[derive(Clone, Debug)]
pub struct EnvPattern {
    text: String,
    name: WordPattern,
    value: Option<WordPattern>,
}

/// An expression over the canonical rendering of a call, compiled when it is first needed.
#[derive(Clone, Debug)]
pub struct RegexPattern {
    text: String,
    /// What every match begins with.
    head: String,
    compiled: OnceLock<Option<regex::Regex>>,
}

/// Larger programs of expressions are refused.
const REGEX_SIZE: usize = 1 << 20;
/// Deeper nesting is refused.
const REGEX_NEST: u32 = 50;
/// A call whose words have more values together is not rendered in all its forms.
const MAX_RENDERINGS: usize = 64;

impl EnvPattern {
    /// Reads `NAME` or `NAME=VALUE-pattern`; the name may have wildcards.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(WordPattern::parse(value)?)),
            None => (text, None),
        };
        if name.is_empty() {
            return Err(PatternError::Empty);
        }
        Ok(Self {
            text: text.to_owned(),
            name: WordPattern::parse(name)?,
            value,
        })
    }

    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn compare(&self, name: &ActionWord, value: Option<&ActionWord>) -> Match {
        let by_name = self.name.compare(name, Unknowns::Ask);
        let by_value = match (&self.value, value) {
            (None, _) => Match::Yes,
            (Some(pattern), Some(value)) => pattern.compare(value, Unknowns::Ask),
            // Unsetting, or only exporting: which value it is about is not said.
            (Some(_), None) => Match::Maybe,
        };
        by_name.min(by_value)
    }
}

impl RegexPattern {
    /// Reads an expression and checks that it compiles within bounds.
    pub fn parse(text: &str) -> Result<Self, regex::Error> {
        let pattern = Self::unchecked(text);
        compile(text)?;
        Ok(pattern)
    }

    /// For expressions that a test has checked.
    pub(crate) fn unchecked(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            head: literal_head(text),
            compiled: OnceLock::new(),
        }
    }

    /// The expression as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The name of the only program whose calls can match.
    pub(crate) fn program(&self) -> Option<&str> {
        self.head.split_once(' ').map(|(name, _)| name)
    }

    fn compare(&self, first: &[u8], arguments: &[ActionWord]) -> Match {
        let Some(renderings) = renderings(first, arguments) else {
            // Some word is not known: what is known before it can still rule the expression out.
            return match known_beginning(first, arguments) {
                Some(known) => {
                    let meets = known.starts_with(&self.head) || self.head.starts_with(&known);
                    if meets { Match::Maybe } else { Match::No }
                }
                None => Match::Maybe,
            };
        };
        if renderings.iter().all(|text| !text.starts_with(&self.head)) {
            return Match::No;
        }
        let compiled = self.compiled.get_or_init(|| compile(&self.text).ok());
        match compiled {
            Some(regex) => all_of(
                renderings
                    .iter()
                    .map(|text| Match::from(regex.is_match(text))),
            ),
            None => Match::Maybe,
        }
    }
}

fn compile(text: &str) -> Result<regex::Regex, regex::Error> {
    regex::RegexBuilder::new(&format!(r"\A(?:{text})\z"))
        .size_limit(REGEX_SIZE)
        .dfa_size_limit(REGEX_SIZE)
        .nest_limit(REGEX_NEST)
        .build()
}

/// The literal text that an expression begins with, as far as a plain look tells.
fn literal_head(text: &str) -> String {
    let mut head = String::new();
    let mut chars = text.chars().peekable();
    // An alternative outside of parentheses makes every beginning possible.
    let mut depth = 0usize;
    let mut escaped = false;
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '|' if depth == 0 => return head,
            _ => {}
        }
    }
    while let Some(c) = chars.next() {
        let plain = match c {
            '\\' => match chars.next() {
                Some(escaped) if escaped.is_ascii_punctuation() => escaped,
                Some(_) | None => break,
            },
            '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$' => break,
            plain => plain,
        };
        if matches!(chars.peek(), Some('*' | '+' | '?' | '{')) {
            break;
        }
        head.push(plain);
    }
    head
}

/// Every text that the call may be, or `None` where that is not known.
fn renderings(first: &[u8], arguments: &[ActionWord]) -> Option<Vec<String>> {
    let mut texts = vec![quoted(first)?];
    for word in arguments {
        if word.count == Count::Any {
            return None;
        }
        let values = word.values()?;
        if texts.len() * values.len() > MAX_RENDERINGS {
            return None;
        }
        let mut longer = Vec::with_capacity(texts.len() * values.len());
        for text in &texts {
            for value in values {
                longer.push(format!("{text} {}", quoted(value)?));
            }
        }
        texts = longer;
    }
    Some(texts)
}

/// The rendering up to the first word that is not known.
fn known_beginning(first: &[u8], arguments: &[ActionWord]) -> Option<String> {
    let mut text = quoted(first)?;
    for word in arguments {
        text.push(' ');
        match word.value() {
            Some(value) if word.count == Count::One => text.push_str(&quoted(value)?),
            Some(_) | None => {
                // A word that may be none leaves even the blank open.
                if word.count == Count::Any {
                    text.pop();
                }
                return Some(text);
            }
        }
    }
    Some(text)
}

fn quoted(word: &[u8]) -> Option<String> {
    std::str::from_utf8(word)
        .ok()
        .map(|text| shell_words::quote(text).into_owned())
}

/// A call, with what its name leads to.
pub(crate) struct Call<'a> {
    pub(crate) word: &'a ActionWord,
    pub(crate) arguments: &'a [ActionWord],
    pub(crate) program: &'a Program,
    pub(crate) folder: &'a Folder,
    /// What forbids looks at: the word as typed, its base name, the file and its base name.
    pub(crate) names: Vec<Vec<u8>>,
}

/// How a rule that allows compares with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Allowing {
    /// It does not match.
    No,
    /// Only execution knows.
    Maybe,
    /// It would match a trusted program of this name, but this one is not: why not.
    Untrusted(String),
    /// It would match if this condition held.
    Condition(String),
    /// It matches.
    Yes,
}

impl<'a> Call<'a> {
    pub(crate) fn new(
        argv: &'a [ActionWord],
        program: &'a Program,
        folder: &'a Folder,
    ) -> Option<Self> {
        let (word, arguments) = argv.split_first()?;
        let mut names: Vec<Vec<u8>> = Vec::new();
        let mut add = |name: &[u8]| {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_vec());
            }
        };
        for value in word.values().unwrap_or_default() {
            add(value);
            add(base_name(value));
        }
        if let Program::File(file) = program {
            for path in [&file.found, &file.real] {
                let bytes = path.as_os_str().as_bytes();
                add(bytes);
                add(base_name(bytes));
            }
        }
        Some(Self {
            word,
            arguments,
            program,
            folder,
            names,
        })
    }

    /// The name by which a bare word in an allow rule knows the program: of a builtin the word, of a file
    /// the base name under which it was found.
    pub(crate) fn trusted_name(&self) -> Option<&[u8]> {
        match self.program {
            Program::Builtin => self.word.value(),
            Program::File(file) => match file.trust {
                Trust::Trusted => Some(base_name(file.found.as_os_str().as_bytes())),
                Trust::Untrusted(_) => None,
            },
            Program::Function | Program::Missing | Program::Unknown => None,
        }
    }

    /// For deny and ask: any of the program's names.
    fn forbids_program(&self, pattern: &ProgramPattern) -> Match {
        match self.word.values() {
            Some([_]) => self
                .names
                .iter()
                .map(|name| pattern.word.compare_bytes(name))
                .max()
                .unwrap_or(Match::No),
            Some(values) => {
                let each = values.iter().map(|value| {
                    let typed = pattern.word.compare_bytes(value);
                    typed.max(pattern.word.compare_bytes(base_name(value)))
                });
                all_of(each)
            }
            // A name that is not known is no certainty.
            None => pattern
                .word
                .compare(self.word, Unknowns::Ask)
                .min(Match::Maybe),
        }
    }

    /// For allow: a builtin, a trusted file of that name, or the path that is spelled out.
    fn allows_program(
        &self,
        pattern: &ProgramPattern,
        ground: &mut Ground,
        world: &mut dyn World,
    ) -> Allowing {
        if self.word.count == Count::Any || self.word.value().is_none() {
            return match pattern.word.compare(self.word, Unknowns::Ask) {
                Match::No => Allowing::No,
                Match::Maybe | Match::Yes => Allowing::Maybe,
            };
        }
        let file = match self.program {
            Program::Builtin if pattern.path => return Allowing::No,
            Program::Builtin => {
                return match pattern.word.compare(self.word, Unknowns::Ask) {
                    Match::Yes => Allowing::Yes,
                    Match::Maybe => Allowing::Maybe,
                    Match::No => Allowing::No,
                };
            }
            Program::File(file) => file,
            Program::Unknown => {
                return match pattern.word.compare(self.word, Unknowns::Ask) {
                    Match::No => Allowing::No,
                    Match::Maybe | Match::Yes => Allowing::Maybe,
                };
            }
            Program::Function | Program::Missing => return Allowing::No,
        };
        let found = file.found.as_os_str().as_bytes();
        if pattern.path {
            return match spelled_out(&pattern.word, found, ground, world) {
                Match::Yes => Allowing::Yes,
                Match::Maybe => Allowing::Maybe,
                Match::No => Allowing::No,
            };
        }
        match (pattern.word.compare_bytes(base_name(found)), &file.trust) {
            (Match::Yes, Trust::Trusted) => Allowing::Yes,
            (Match::Maybe, Trust::Trusted) => Allowing::Maybe,
            (Match::Yes | Match::Maybe, Trust::Untrusted(why)) => Allowing::Untrusted(why.clone()),
            (Match::No, _) => Allowing::No,
        }
    }

    /// For `exact` and `regex` that allow: the name as typed has to be a builtin, a trusted file of that
    /// name, or an absolute path.
    fn allows_as_typed(&self, world: &mut dyn World) -> Allowing {
        let Some(typed) = self.word.value() else {
            return Allowing::Maybe;
        };
        match self.program {
            Program::Builtin => Allowing::Yes,
            Program::File(file) => {
                if typed.contains(&b'/') {
                    // A relative path means what it meant to whoever wrote the rule only from the
                    // session's folder.
                    let spelled = typed.first() == Some(&b'/') || *self.folder == world.folder();
                    return if spelled { Allowing::Yes } else { Allowing::No };
                }
                match &file.trust {
                    Trust::Trusted if base_name(file.found.as_os_str().as_bytes()) == typed => {
                        Allowing::Yes
                    }
                    Trust::Trusted => Allowing::No,
                    Trust::Untrusted(why) => Allowing::Untrusted(why.clone()),
                }
            }
            Program::Unknown => Allowing::Maybe,
            Program::Function | Program::Missing => Allowing::No,
        }
    }
}

/// Whether a pattern with a slash spells out this path.
fn spelled_out(
    pattern: &WordPattern,
    found: &[u8],
    ground: &mut Ground,
    world: &mut dyn World,
) -> Match {
    // Typed as `./run` the path still holds the dot. `..` is left, because behind a link it is not what
    // it looks like.
    let goes_up = found.split(|byte| *byte == b'/').any(|part| part == b"..");
    let found = if goes_up {
        found.to_vec()
    } else {
        normalized(found)
    };
    let found = found.as_slice();
    let direct = pattern.compare_bytes(found);
    if direct != Match::No {
        return direct;
    }
    // `./run` and `~/bin/run` are written from where they begin.
    let mut best = Match::No;
    for home in ground.home(world) {
        if let Some(rest) = behind_folder(found, home) {
            best = best.max(pattern.compare_bytes(&[b"~/", rest].concat()));
        }
    }
    for start in ground.start(world) {
        if let Some(rest) = behind_folder(found, start) {
            best = best.max(pattern.compare_bytes(&[b"./", rest].concat()));
            if rest.contains(&b'/') {
                best = best.max(pattern.compare_bytes(rest));
            }
        }
    }
    best
}

fn behind_folder<'p>(path: &'p [u8], folder: &[u8]) -> Option<&'p [u8]> {
    let folder = folder.strip_suffix(b"/").unwrap_or(folder);
    path.strip_prefix(folder)?.strip_prefix(b"/")
}

/// What stands behind the last slash.
pub(crate) fn base_name(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(at) => path.get(at + 1..).unwrap_or_default(),
        None => path,
    }
}

impl Rule {
    /// Whether the rule says anything about calls.
    pub(crate) fn is_about_calls(&self) -> bool {
        !self.run.is_empty()
            || !self.exact.is_empty()
            || !self.regex.is_empty()
            || !self.grammars.is_empty()
    }

    /// For deny and ask: compares with a call.
    pub(crate) fn forbids_call(
        &self,
        call: &Call<'_>,
        ground: &mut Ground,
        world: &mut dyn World,
    ) -> Match {
        let mut best = Match::No;
        for pattern in self.run.iter().chain(&self.exact) {
            let program = call.forbids_program(&pattern.program);
            if program == Match::No {
                continue;
            }
            best = best.max(
                program.min(pattern.arguments(call.arguments, Taking::forbidding(self.unknowns))),
            );
        }
        for regex in &self.regex {
            if call.names.is_empty() {
                best = best.max(Match::Maybe);
            }
            for name in &call.names {
                best = best.max(regex.compare(name, call.arguments));
            }
        }
        if best == Match::No {
            return best;
        }
        let excepted = self.except.iter().any(|except| {
            except.run.as_ref().is_some_and(|pattern| {
                call.allows_program(&pattern.program, ground, world) == Allowing::Yes
                    && pattern.arguments(call.arguments, Taking::only(Unknowns::Ask)) == Match::Yes
            })
        });
        if excepted { Match::No } else { best }
    }

    /// For allow: compares with a call.
    pub(crate) fn allows_call(
        &self,
        call: &Call<'_>,
        ground: &mut Ground,
        world: &mut dyn World,
    ) -> Allowing {
        let mut best = Allowing::No;
        for pattern in &self.run {
            let program = call.allows_program(&pattern.program, ground, world);
            if program == Allowing::No {
                continue;
            }
            let arguments = pattern.arguments(call.arguments, Taking::only(self.unknowns));
            best = better(best, program, arguments);
        }
        for pattern in &self.exact {
            let word = pattern.program.word.compare(call.word, Unknowns::Ask);
            if word == Match::No {
                continue;
            }
            let arguments =
                word.min(pattern.arguments(call.arguments, Taking::only(Unknowns::Ask)));
            best = better(best, call.allows_as_typed(world), arguments);
        }
        for regex in &self.regex {
            let Some(typed) = call.word.value() else {
                continue;
            };
            let matches = regex.compare(typed, call.arguments);
            if matches == Match::No {
                continue;
            }
            best = better(best, call.allows_as_typed(world), matches);
        }
        for grammar in &self.grammars {
            let program = call.allows_program(grammar.program(), ground, world);
            if program == Allowing::No {
                continue;
            }
            let arguments = grammar.compare(call.arguments, self.unknowns);
            best = better(best, program, arguments);
        }
        if best == Allowing::No {
            return best;
        }
        for except in &self.except {
            let Some(pattern) = &except.run else { continue };
            let program = call.forbids_program(&pattern.program);
            let taken =
                program.min(pattern.arguments(call.arguments, Taking::forbidding(Unknowns::Ask)));
            match taken {
                Match::Yes => return Allowing::No,
                Match::Maybe => best = Allowing::Maybe,
                Match::No => {}
            }
        }
        best
    }

    /// For deny and ask: compares with a path.
    pub(crate) fn forbids_path(
        &self,
        patterns: &[PathPattern],
        places: &[Place],
        below: bool,
        ground: &mut Ground,
        world: &mut dyn World,
    ) -> Match {
        let best = patterns
            .iter()
            .map(|pattern| pattern.forbids(places, below, ground, world))
            .max()
            .unwrap_or(Match::No);
        if best == Match::No {
            return best;
        }
        let excepted = self.except.iter().any(|except| {
            except
                .path
                .as_ref()
                .is_some_and(|pattern| pattern.allows(places, below, ground, world) == Match::Yes)
        });
        if excepted { Match::No } else { best }
    }

    /// For allow: compares with a path.
    pub(crate) fn allows_path(
        &self,
        patterns: &[PathPattern],
        places: &[Place],
        below: bool,
        ground: &mut Ground,
        world: &mut dyn World,
    ) -> Match {
        let best = patterns
            .iter()
            .map(|pattern| pattern.allows(places, below, ground, world))
            .max()
            .unwrap_or(Match::No);
        if best == Match::No {
            return best;
        }
        let taken = self
            .except
            .iter()
            .filter_map(|except| except.path.as_ref())
            .map(|pattern| pattern.forbids(places, below, ground, world))
            .max()
            .unwrap_or(Match::No);
        match taken {
            Match::Yes => Match::No,
            Match::Maybe => Match::Maybe,
            Match::No => best,
        }
    }

    /// Compares with an assignment.
    pub(crate) fn compare_env(&self, name: &ActionWord, value: Option<&ActionWord>) -> Match {
        self.env
            .iter()
            .map(|pattern| pattern.compare(name, value))
            .max()
            .unwrap_or(Match::No)
    }
}

fn better(best: Allowing, program: Allowing, arguments: Match) -> Allowing {
    let rank = |allowing: &Allowing| match allowing {
        Allowing::No => 0,
        Allowing::Maybe => 1,
        Allowing::Untrusted(_) => 2,
        Allowing::Condition(_) => 3,
        Allowing::Yes => 4,
    };
    let this = match (program, arguments) {
        (_, Match::No) => Allowing::No,
        (Allowing::Yes, Match::Maybe) => Allowing::Maybe,
        (program, Match::Maybe | Match::Yes) => program,
    };
    if rank(&this) > rank(&best) {
        this
    } else {
        best
    }
}

/// Which rules can be about a program, by its name.
#[derive(Clone, Debug, Default)]
pub(crate) struct RuleIndex {
    by_name: std::collections::HashMap<Vec<u8>, Vec<usize>>,
    others: Vec<usize>,
    read: Vec<usize>,
    write: Vec<usize>,
    env: Vec<usize>,
    calls: Vec<usize>,
}

impl RuleIndex {
    pub(crate) fn new(rules: &[Rule]) -> Self {
        let mut index = Self::default();
        for (number, rule) in rules.iter().enumerate() {
            if !rule.read.is_empty() {
                index.read.push(number);
            }
            if !rule.write.is_empty() {
                index.write.push(number);
            }
            if !rule.env.is_empty() {
                index.env.push(number);
            }
            if rule.is_about_calls() {
                index.calls.push(number);
            }
            let mut names: Vec<Vec<u8>> = Vec::new();
            let mut open = false;
            for pattern in rule.run.iter().chain(&rule.exact) {
                match pattern.program.word.literals() {
                    Some(literals) => {
                        names.extend(literals.iter().map(|name| base_name(name).to_vec()));
                    }
                    None => open = true,
                }
            }
            for regex in &rule.regex {
                match regex.program() {
                    Some(name) => names.push(base_name(name.as_bytes()).to_vec()),
                    None => open = true,
                }
            }
            if open {
                index.others.push(number);
                continue;
            }
            names.sort();
            names.dedup();
            for name in names {
                index.by_name.entry(name).or_default().push(number);
            }
        }
        index
    }

    /// In file order.
    pub(crate) fn for_call(&self, call: &Call<'_>) -> Vec<usize> {
        let known = matches!(
            call.word.state,
            WordState::Literal(_) | WordState::Resolved(_)
        );
        if !known {
            return self.calls.clone();
        }
        let mut found = self.others.clone();
        for name in &call.names {
            if let Some(rules) = self.by_name.get(name) {
                found.extend_from_slice(rules);
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    pub(crate) fn read(&self) -> &[usize] {
        &self.read
    }

    pub(crate) fn write(&self) -> &[usize] {
        &self.write
    }

    pub(crate) fn env(&self) -> &[usize] {
        &self.env
    }
}

/// The folder that `git` looks at: its own, moved by each leading `-C`.
pub(crate) fn git_folder(call: &Call<'_>) -> Folder {
    let mut folder = call.folder.clone();
    let mut words = call.arguments.iter();
    while let Some(word) = words.next() {
        match word.value() {
            Some(b"-C") => {
                let (Folder::Known(base), Some(to)) =
                    (&folder, words.next().and_then(|w| w.value()))
                else {
                    return Folder::Unknown;
                };
                let joined = [base.as_os_str().as_bytes(), b"/", to].concat();
                let path = if to.first() == Some(&b'/') {
                    to
                } else {
                    &joined
                };
                folder = Folder::Known(std::path::PathBuf::from(std::ffi::OsStr::from_bytes(path)));
            }
            Some(option) if option.first() == Some(&b'-') => {}
            Some(_) => return folder,
            None => return Folder::Unknown,
        }
    }
    folder
}
