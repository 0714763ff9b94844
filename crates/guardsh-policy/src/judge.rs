//! From actions to a verdict.
//!
//! Each action: a deny rule that matches denies. An ask rule that matches or may match, a deny rule that
//! may match, a protected path: ask. An allow rule that matches allows. An allow rule that may match asks,
//! and the default decides what is left. The submission takes the strictest.

use crate::action::{
    Action, ActionKind, ActionWord, Count, Folder, Opaque, PathUse, Program, Run, Set, SetScope,
    Standing, Trust,
};
use crate::config::Config;
use crate::env_names;
use crate::packs::{self, Pack};
use crate::paths::{Ground, Place, places};
use crate::pattern::{Match, Unknowns};
use crate::protect::{Protected, Touch, TouchKind, changes_a_process, is_own_descriptor};
use crate::risk;
use crate::rules::{Allowing, Call, Rule, RuleIndex, base_name, git_folder};
use crate::show::brief;
use crate::verdict::{JudgedAction, Judgement, Verdict};
use crate::world::{GitFacts, World};
use sha2::{Digest, Sha256};
use std::path::PathBuf;

/// Everything that decides, ready to judge with.
#[derive(Clone, Debug)]
pub struct Policy {
    default: Verdict,
    unparsable: Verdict,
    accept_project_code: bool,
    rules: Vec<Rule>,
    index: RuleIndex,
    packs: Vec<&'static Pack>,
    protected: Protected,
    own_program: Option<OwnProgram>,
    start_folder: Option<PathBuf>,
    environment: Option<String>,
    digest: String,
}

/// What the policy has to know of the guard that uses it.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// guardsh's own files and folders: configuration, state, token, audit log, socket. With links resolved
    /// beside as named, where that differs.
    pub own_files: Vec<PathBuf>,
    /// guardsh's own program.
    pub own_program: Option<OwnProgram>,
    /// The folder that `./` means in path rules: where the session began. `None`: where the submission
    /// begins, which a `cd` of the agent moves.
    pub start_folder: Option<PathBuf>,
}

/// guardsh's own program, to know it under any name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnProgram {
    /// Its path, with links resolved.
    pub path: PathBuf,
    /// Its device.
    pub device: u64,
    /// Its inode.
    pub inode: u64,
}

/// The verdict on one action, before it is joined with the action.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ruling {
    verdict: Verdict,
    rule: String,
    source: String,
    reason: String,
    suggest: Option<String>,
    runs_project_code: bool,
    risk: Option<u8>,
    /// What the risk is made of, beside what the action itself says.
    touches: bool,
}

impl Policy {
    /// Makes a policy of a configuration.
    pub fn new(config: &Config, surroundings: &Surroundings) -> Self {
        let packs: Vec<&'static Pack> = config
            .policy
            .packs
            .iter()
            .filter_map(|name| packs::by_name(name))
            .collect();
        Self {
            default: config.policy.default,
            unparsable: config.policy.unparsable,
            accept_project_code: config.policy.accept_project_code,
            index: RuleIndex::new(&config.rules),
            rules: config.rules.clone(),
            protected: Protected::new(
                &config.policy.protect,
                &config.policy.unprotect,
                &surroundings.own_files,
            ),
            own_program: surroundings.own_program.clone(),
            start_folder: surroundings.start_folder.clone(),
            environment: config.agent.environment.clone(),
            digest: digest(config, &packs),
            packs,
        }
    }

    /// sha256, in hexadecimal, over everything that decides: the files' bytes, the packs in use, the
    /// version of guardsh.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The rules of the configuration, in file order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The packs in use.
    pub fn packs(&self) -> &[&'static Pack] {
        &self.packs
    }

    /// The rule of that id: the configuration's or a pack's.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        let from_packs = || {
            let mut rules = self.packs.iter().flat_map(|pack| pack.rules());
            rules.find(|rule| rule.id == id)
        };
        self.rules
            .iter()
            .find(|rule| rule.id == id)
            .or_else(from_packs)
    }
}

fn digest(config: &Config, packs: &[&'static Pack]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"guardsh policy 1\0");
    hash.update(env!("CARGO_PKG_VERSION").as_bytes());
    for file in &config.files {
        hash.update(b"\0file ");
        hash.update(file.sha256.as_bytes());
    }
    for pack in packs {
        hash.update(b"\0pack ");
        hash.update(pack.name.as_bytes());
        hash.update(b" ");
        hash.update(Sha256::digest(pack.text().as_bytes()));
    }
    crate::config::hexadecimal(&hash.finalize())
}

/// Judges what a submission would do.
pub fn judge(policy: &Policy, actions: &[Action], world: &mut dyn World) -> Judgement {
    let mut judge = Judge {
        policy,
        ground: Ground::new(policy.start_folder.clone()),
        world,
        git_may_change: false,
    };
    let mut risks = risk::Weighing::new(policy.environment.as_deref());
    let judged: Vec<JudgedAction> = actions
        .iter()
        .enumerate()
        .map(|(index, action)| {
            let ruling = match splits_what_is_read(action, actions.get(index + 1..)) {
                true => builtin(
                    Verdict::Allow,
                    "builtin.env",
                    "`IFS` here only says where `read` splits what it reads".to_owned(),
                ),
                false => judge.action(action),
            };
            judge.git_may_change |= changes_what_git_finds(action, &ruling);
            risks.add(action, ruling.verdict, ruling.touches, ruling.risk);
            JudgedAction {
                action: action.clone(),
                verdict: ruling.verdict,
                rule: ruling.rule,
                source: ruling.source,
                reason: ruling.reason,
                suggest: ruling.suggest,
                runs_project_code: ruling.runs_project_code,
            }
        })
        .collect();
    Judgement {
        // Nothing to do, nothing to forbid: an empty line, a comment.
        verdict: judged
            .iter()
            .map(|action| action.verdict)
            .max()
            .unwrap_or(Verdict::Allow),
        actions: judged,
        risk: risks.finish(),
    }
}

/// Whether an action may make a repository, or name another one or another configuration for it. A name that
/// is like one of git's own files is enough: what git finds was looked at before the submission runs.
fn changes_what_git_finds(action: &Action, ruling: &Ruling) -> bool {
    let is_gits = |word: &ActionWord| match word.values() {
        Some(values) => values.iter().any(|value| {
            let trimmed = value.strip_suffix(b"/").unwrap_or(value);
            matches!(
                base_name(trimmed),
                b".git"
                    | b"HEAD"
                    | b"objects"
                    | b"refs"
                    | b"commondir"
                    | b"config"
                    | b"config.worktree"
            ) || value.windows(5).any(|part| part == b".git/")
        }),
        None => true,
    };
    match &action.kind {
        ActionKind::Write(path) => is_gits(&path.path),
        // What the packs allow writes nothing.
        ActionKind::Run(run) => match &run.program {
            Program::File(_) | Program::Missing | Program::Unknown => {
                ruling.verdict == Verdict::Allow
                    && !ruling.rule.starts_with("pack.")
                    && ruling.rule != "builtin.transparent"
                    && run.argv.iter().skip(1).any(is_gits)
            }
            Program::Builtin | Program::Function => false,
        },
        ActionKind::Read(_) | ActionKind::Set(_) | ActionKind::Input(_) | ActionKind::Opaque(_) => {
            false
        }
    }
}

/// `IFS=, read a b`: a prefix of the builtin `read` changes how that one line is split, and nothing else.
fn splits_what_is_read(action: &Action, rest: Option<&[Action]>) -> bool {
    let ActionKind::Set(set) = &action.kind else {
        return false;
    };
    if set.scope != SetScope::Command
        || set.name.value() != Some(b"IFS")
        || set
            .value
            .as_ref()
            .is_none_or(|value| value.value().is_none())
    {
        return false;
    }
    // The command whose prefix it is: the next call, with nothing but its own assignments and
    // redirections between.
    let next = rest
        .unwrap_or_default()
        .iter()
        .find_map(|action| match &action.kind {
            ActionKind::Run(run) => Some(run),
            ActionKind::Set(_)
            | ActionKind::Read(_)
            | ActionKind::Write(_)
            | ActionKind::Input(_)
            | ActionKind::Opaque(_) => None,
        });
    next.is_some_and(|run| {
        run.program == Program::Builtin
            && run.argv.first().and_then(ActionWord::value) == Some(b"read")
    })
}

struct Judge<'a> {
    policy: &'a Policy,
    ground: Ground,
    world: &'a mut dyn World,
    /// Something earlier in the submission may have changed which repository git finds, or its configuration.
    git_may_change: bool,
}

impl Judge<'_> {
    fn action(&mut self, action: &Action) -> Ruling {
        match &action.kind {
            ActionKind::Run(run) => self.run(run, &action.folder),
            ActionKind::Write(path) => self.write(path, &action.folder),
            ActionKind::Read(path) => self.read(path, &action.folder),
            ActionKind::Set(set) => self.set(set),
            ActionKind::Input(input) => builtin(
                self.policy.default.max(Verdict::Ask),
                "builtin.default",
                format!("no rule is about input for `{}`", brief(&input.program)),
            ),
            ActionKind::Opaque(opaque) => self.opaque(opaque),
        }
    }

    fn opaque(&self, opaque: &Opaque) -> Ruling {
        Ruling {
            suggest: opaque.suggest.clone(),
            ..builtin(
                self.policy.unparsable.max(Verdict::Ask),
                "builtin.opaque",
                format!("cannot be judged beforehand: {}", opaque.what),
            )
        }
    }

    // Calls.

    fn run(&mut self, run: &Run, folder: &Folder) -> Ruling {
        let Some(call) = Call::new(&run.argv, &run.program, folder) else {
            // No words: the reader never makes such a call.
            return builtin(
                Verdict::Ask,
                "builtin.default",
                "a call without a name".to_owned(),
            );
        };
        let nested = self.nested(&call);
        if let Some(ruling) = &nested
            && ruling.verdict == Verdict::Deny
        {
            return ruling.clone();
        }
        let candidates = self.policy.index.for_call(&call);
        let forbidden = self.forbidden_call(&call, &candidates);
        if let Some(ruling) = &forbidden
            && ruling.verdict == Verdict::Deny
        {
            return ruling.clone();
        }
        if let Some(ruling) = nested.or(forbidden) {
            return ruling;
        }
        if self.is_own_question(&call) {
            // A refusal names these as the next step; they run nothing and answer nothing.
            return builtin(
                Verdict::Allow,
                "builtin.question",
                "asks guardsh about a line, and runs nothing".to_owned(),
            );
        }
        if let Some(ruling) = self.protected_in_call(run, folder, &call) {
            return ruling;
        }
        match run.standing {
            // Another file of that name does what it likes.
            Standing::Transparent if !self.is_the_real_one(&run.program) => {
                self.allowed_call(&call, &candidates)
            }
            Standing::Transparent => builtin(
                Verdict::Allow,
                "builtin.transparent",
                format!(
                    "`{}` only runs what is judged by itself",
                    brief(
                        &run.argv
                            .first()
                            .map(|w| w.source.clone())
                            .unwrap_or_default()
                    )
                ),
            ),
            Standing::Judged => self.allowed_call(&call, &candidates),
        }
    }

    /// Deny and ask rules.
    fn forbidden_call(&mut self, call: &Call<'_>, candidates: &[usize]) -> Option<Ruling> {
        let mut ask: Option<Ruling> = None;
        let policy = self.policy;
        for rule in candidates
            .iter()
            .filter_map(|index| policy.rules.get(*index))
        {
            if rule.decision == Verdict::Allow {
                continue;
            }
            let matches = rule.forbids_call(call, &mut self.ground, self.world);
            match (rule.decision, matches) {
                (_, Match::No) | (Verdict::Allow, _) => {}
                (Verdict::Deny, Match::Yes) => return Some(of_rule(rule, Verdict::Deny)),
                (Verdict::Ask, Match::Yes) => {
                    ask.get_or_insert_with(|| of_rule(rule, Verdict::Ask));
                }
                (Verdict::Deny | Verdict::Ask, Match::Maybe) => {
                    ask.get_or_insert_with(|| maybe(rule, open_word(call.word, call.arguments)));
                }
            }
        }
        ask
    }

    /// Allow rules, and the default.
    fn allowed_call(&mut self, call: &Call<'_>, candidates: &[usize]) -> Ruling {
        let policy = self.policy;
        if matches!(call.program, Program::Missing) {
            return builtin(
                policy.default.max(Verdict::Ask),
                "builtin.missing",
                format!(
                    "no program, builtin or function `{}` is found",
                    brief(&call.word.source)
                ),
            );
        }
        let mut nearest: Option<(Allowing, &Rule)> = None;
        let from_packs = call
            .trusted_name()
            .map(<[u8]>::to_vec)
            .into_iter()
            .chain(call.names.iter().cloned())
            .collect::<Vec<_>>();
        let has_word = |wanted: &str| {
            call.arguments.iter().any(|word| match word.value() {
                Some(value) => value == wanted.as_bytes(),
                None => true,
            })
        };
        let mut seen: Vec<&str> = Vec::new();
        let mut rules: Vec<&Rule> = candidates
            .iter()
            .filter_map(|index| policy.rules.get(*index))
            .filter(|rule| rule.decision == Verdict::Allow)
            .collect();
        for pack in &policy.packs {
            for name in &from_packs {
                for rule in pack.rules_for(name, &has_word) {
                    rules.push(rule);
                }
            }
        }
        for rule in rules {
            if seen.contains(&rule.id.as_str()) {
                continue;
            }
            seen.push(&rule.id);
            let mut allowing = rule.allows_call(call, &mut self.ground, self.world);
            if allowing == Allowing::Yes && reads_from_nowhere(rule, call) {
                allowing = Allowing::Condition(
                    "which folder the command is in is only known when it runs".to_owned(),
                );
            }
            if allowing == Allowing::Yes {
                if let Some(why) = self.unmet(rule, call) {
                    allowing = Allowing::Condition(why);
                } else {
                    return of_rule(rule, Verdict::Allow);
                }
            }
            let better = match (&allowing, &nearest) {
                (Allowing::No, _) => false,
                (_, None) => true,
                // What is closest to allowing tells the agent most.
                (Allowing::Condition(_), Some((Allowing::Condition(_), _))) => false,
                (Allowing::Condition(_), Some(_)) => true,
                (Allowing::Maybe, Some((Allowing::Untrusted(_), _))) => true,
                (Allowing::Maybe | Allowing::Untrusted(_) | Allowing::Yes, Some(_)) => false,
            };
            if better {
                nearest = Some((allowing, rule));
            }
        }
        self.not_allowed(call, nearest)
    }

    fn not_allowed(&self, call: &Call<'_>, nearest: Option<(Allowing, &Rule)>) -> Ruling {
        let name = brief(&call.word.source);
        let default = self.policy.default.max(Verdict::Ask);
        match nearest {
            Some((Allowing::Maybe, rule)) => {
                let (reason, suggest) = match open_word(call.word, call.arguments) {
                    Some(word) => (
                        format!(
                            "the rule `{}` would allow it, but what `{}` becomes is only known when it runs",
                            rule.id,
                            brief(&word.source)
                        ),
                        Some("write the words out, as they will be".to_owned()),
                    ),
                    None if matches!(call.program, Program::Unknown) => (
                        format!(
                            "the rule `{}` would allow it, but which program `{name}` leads to is only known \
                             when it runs",
                            rule.id
                        ),
                        Some("submit it as a line of its own".to_owned()),
                    ),
                    None => (
                        format!("the rule `{}` would allow it, but not surely", rule.id),
                        None,
                    ),
                };
                Ruling {
                    suggest,
                    ..builtin(Verdict::Ask, "builtin.default", reason)
                }
            }
            Some((Allowing::Untrusted(why), rule)) => builtin(
                default,
                "builtin.default",
                format!(
                    "the rule `{}` allows a trusted `{name}` only: {why}",
                    rule.id
                ),
            ),
            Some((Allowing::Condition(why), rule)) => builtin(
                default,
                "builtin.default",
                format!("the rule `{}` does not hold here: {why}", rule.id),
            ),
            Some((Allowing::No | Allowing::Yes, _)) | None => {
                let reason = match call.program {
                    Program::Unknown if call.word.value().is_none() => {
                        format!("which program `{name}` is, is only known when it runs")
                    }
                    Program::File(file) => match &file.trust {
                        Trust::Untrusted(why) if !call.word.source.contains(&b'/') => {
                            format!(
                                "no rule allows this call of `{name}`, which is not trusted: {why}"
                            )
                        }
                        Trust::Untrusted(_) | Trust::Trusted => {
                            format!("no rule allows this call of `{name}`")
                        }
                    },
                    Program::Builtin | Program::Function | Program::Missing | Program::Unknown => {
                        format!("no rule allows this call of `{name}`")
                    }
                };
                builtin(default, "builtin.default", reason)
            }
        }
    }

    /// The condition of a pack rule that does not hold.
    fn unmet(&mut self, rule: &Rule, call: &Call<'_>) -> Option<String> {
        if rule.runs_project_code && !self.policy.accept_project_code {
            return Some(
                "it runs the project's own code, which `accept_project_code = true` accepts"
                    .to_owned(),
            );
        }
        if rule.needs.harmless_git && self.git_may_change {
            return Some("the same submission changes what git finds before it runs".to_owned());
        }
        if rule.needs.harmless_git {
            match self.world.git(&git_folder(call)) {
                GitFacts::Harmless => {}
                GitFacts::Runs(what) => return Some(format!("git would run something: {what}")),
                GitFacts::Unknown => {
                    return Some("which git folder it finds cannot be told".to_owned());
                }
            }
        }
        if rule.needs.secure_pager && !self.world.pager_is_secure() {
            return Some(
                "it may start a pager from which a shell can be started (LESSSECURE is not set)"
                    .to_owned(),
            );
        }
        None
    }

    /// guardsh itself, called from within.
    fn nested(&self, call: &Call<'_>) -> Option<Ruling> {
        if !self.is_guardsh(call) {
            return None;
        }
        let first = call.arguments.first()?;
        let verdict = match first.values() {
            Some(values) if first.count == Count::One => {
                let tools = values.iter().filter(|value| is_refused_tool(value)).count();
                match tools {
                    0 => return None,
                    all if all == values.len() => Verdict::Deny,
                    _ => Verdict::Ask,
                }
            }
            Some(_) | None => Verdict::Ask,
        };
        Some(builtin(
            verdict,
            "builtin.nested",
            "inside a guarded session only `guardsh check`, `guardsh request` and a guarded shell \
             (`guardsh -c TEXT`) may be called"
                .to_owned(),
        ))
    }

    /// Whether a wrapper's name leads to the program that is known by it.
    fn is_the_real_one(&self, program: &Program) -> bool {
        match program {
            // What a function does is judged where it is called.
            Program::Builtin | Program::Function => true,
            Program::File(file) => file.trust == Trust::Trusted || self.is_own(program),
            Program::Missing | Program::Unknown => false,
        }
    }

    /// Whether it is the very file that runs this.
    fn is_own(&self, program: &Program) -> bool {
        match (&self.policy.own_program, program) {
            (Some(own), Program::File(file)) => {
                file.device == own.device && file.inode == own.inode
            }
            (None, _)
            | (
                Some(_),
                Program::Builtin | Program::Function | Program::Missing | Program::Unknown,
            ) => false,
        }
    }

    /// `guardsh check LINE` and `guardsh request --reason WHY LINE` of this very program, in their plain forms: no
    /// option that names a file or a folder.
    fn is_own_question(&self, call: &Call<'_>) -> bool {
        let own = self.is_own(call.program);
        let words: Option<Vec<&[u8]>> = call.arguments.iter().map(ActionWord::value).collect();
        let Some(words) = words.filter(|_| own) else {
            return false;
        };
        let is_line = |line: &[u8]| !line.starts_with(b"-");
        let line_is_plain = |rest: &[&[u8]]| match rest {
            [b"--", _] => true,
            [line] => is_line(line),
            _ => false,
        };
        match words.as_slice() {
            [b"check", b"--json", rest @ ..] | [b"check", rest @ ..] => line_is_plain(rest),
            [b"request", b"--reason", _, rest @ ..] => line_is_plain(rest),
            [b"request", reason, rest @ ..] => {
                reason.starts_with(b"--reason=") && line_is_plain(rest)
            }
            _ => false,
        }
    }

    fn is_guardsh(&self, call: &Call<'_>) -> bool {
        let by_name = call.names.iter().any(|name| {
            let name = base_name(name);
            name == b"guardsh" || name == b"-guardsh"
        });
        let by_file = match (&self.policy.own_program, call.program) {
            (Some(own), Program::File(file)) => file.real == own.path || self.is_own(call.program),
            (
                _,
                Program::Builtin
                | Program::Function
                | Program::File(_)
                | Program::Missing
                | Program::Unknown,
            ) => false,
        };
        by_name || by_file
    }

    /// Protected paths among the words, and below what is read recursively.
    fn protected_in_call(&mut self, run: &Run, folder: &Folder, call: &Call<'_>) -> Option<Ruling> {
        let policy = self.policy;
        // A path as command name runs the file; what it may do then is the rules' matter, but a protected
        // one is touched all the same.
        let words: &[ActionWord] = match call.program {
            Program::Builtin if speaks_only(call.word) => &[],
            Program::Builtin
            | Program::Function
            | Program::File(_)
            | Program::Missing
            | Program::Unknown => {
                if call.word.source.contains(&b'/') {
                    &run.argv
                } else {
                    call.arguments
                }
            }
        };
        let touch = policy
            .protected
            .in_call(words, folder, &mut self.ground, self.world)
            .or_else(|| {
                run.reads_below.iter().find_map(|operand| {
                    policy
                        .protected
                        .below_operand(operand, folder, &mut self.ground, self.world)
                })
            })
            .or_else(|| self.globs_said_aloud(call, folder))?;
        Some(protected(&touch))
    }

    /// `echo ~/.ssh/*` tells names although echo opens nothing: globs are looked at for every program.
    fn globs_said_aloud(&mut self, call: &Call<'_>, folder: &Folder) -> Option<Touch> {
        let globs: Vec<ActionWord> = call
            .arguments
            .iter()
            .filter(|word| word.state_name() == "pattern")
            .cloned()
            .collect();
        self.policy
            .protected
            .in_call(&globs, folder, &mut self.ground, self.world)
    }

    // Paths.

    fn write(&mut self, path: &PathUse, folder: &Folder) -> Ruling {
        let places = places(&path.path, folder, &mut self.ground, self.world);
        if places.iter().any(|place| match place {
            Place::Path(known) => known
                .forms()
                .any(|form| changes_a_process(path.path.value().unwrap_or(form), form)),
            Place::Partly(_) => false,
        }) && !is_free_descriptor(&path.path)
        {
            return Ruling {
                touches: true,
                ..builtin(
                    Verdict::Deny,
                    "builtin.protect",
                    format!(
                        "`{}` writes into a running process",
                        brief(&path.path.source)
                    ),
                )
            };
        }
        let policy = self.policy;
        if let Some(ruling) =
            self.forbidden_path(path, &places, policy.index.write(), |rule| &rule.write)
        {
            return ruling;
        }
        if let Some(ruling) = self.protected_path(path, folder) {
            return ruling;
        }
        if names_a_repository(&path.path) {
            return builtin(
                Verdict::Ask,
                "builtin.protect",
                format!(
                    "`{}` would tell git where a repository and its configuration are",
                    brief(&path.path.source)
                ),
            );
        }
        if is_free_to_write(&path.path) {
            return builtin(
                Verdict::Allow,
                "builtin.write",
                "writing there changes nothing".to_owned(),
            );
        }
        if is_operand(path) {
            return covered(path);
        }
        let mut may: Option<&Rule> = None;
        for rule in policy
            .index
            .write()
            .iter()
            .filter_map(|index| policy.rules.get(*index))
            .filter(|rule| rule.decision == Verdict::Allow)
        {
            let matches = rule.allows_path(
                &rule.write,
                &places,
                path.below,
                &mut self.ground,
                self.world,
            );
            match matches {
                Match::Yes => return of_rule(rule, Verdict::Allow),
                Match::Maybe => {
                    may.get_or_insert(rule);
                }
                Match::No => {}
            }
        }
        let name = brief(&path.path.source);
        match may {
            Some(rule) => builtin(
                Verdict::Ask,
                "builtin.default",
                format!(
                    "the rule `{}` would allow writing `{name}`, but where it leads is only known when it runs",
                    rule.id
                ),
            ),
            None => builtin(
                policy.default.max(Verdict::Ask),
                "builtin.default",
                format!("no rule allows writing `{name}`"),
            ),
        }
    }

    fn read(&mut self, path: &PathUse, folder: &Folder) -> Ruling {
        let places = places(&path.path, folder, &mut self.ground, self.world);
        let policy = self.policy;
        if let Some(ruling) =
            self.forbidden_path(path, &places, policy.index.read(), |rule| &rule.read)
        {
            return ruling;
        }
        if let Some(ruling) = self.protected_path(path, folder) {
            return ruling;
        }
        // A path of which nothing is known may be any, a protected one too; an allow rule can vouch for it
        // no more than for a call that reads it.
        let nothing_known = places.iter().any(|place| match place {
            Place::Path(_) => false,
            Place::Partly(symbols) => symbols.first() != Some(&crate::pattern::Symbol::Byte(b'/')),
        });
        if nothing_known && !is_operand(path) && !is_descriptor_word(&path.path) {
            return builtin(
                policy.default.max(Verdict::Ask),
                "builtin.default",
                format!(
                    "which file `{}` is, is only known when it is read",
                    brief(&path.path.source)
                ),
            );
        }
        for rule in policy
            .index
            .read()
            .iter()
            .filter_map(|index| policy.rules.get(*index))
            .filter(|rule| rule.decision == Verdict::Allow)
        {
            let matches = rule.allows_path(
                &rule.read,
                &places,
                path.below,
                &mut self.ground,
                self.world,
            );
            if matches == Match::Yes {
                return of_rule(rule, Verdict::Allow);
            }
        }
        if is_operand(path) {
            return covered(path);
        }
        builtin(
            Verdict::Allow,
            "builtin.read",
            "reading what is not protected needs no rule".to_owned(),
        )
    }

    fn forbidden_path(
        &mut self,
        path: &PathUse,
        places: &[Place],
        candidates: &[usize],
        patterns: impl Fn(&Rule) -> &[crate::paths::PathPattern],
    ) -> Option<Ruling> {
        let mut ask: Option<Ruling> = None;
        let policy = self.policy;
        for rule in candidates
            .iter()
            .filter_map(|index| policy.rules.get(*index))
        {
            if rule.decision == Verdict::Allow {
                continue;
            }
            let matches = rule.forbids_path(
                patterns(rule),
                places,
                path.below,
                &mut self.ground,
                self.world,
            );
            match (rule.decision, matches) {
                (_, Match::No) | (Verdict::Allow, _) => {}
                (Verdict::Deny, Match::Yes) => return Some(of_rule(rule, Verdict::Deny)),
                (Verdict::Ask, Match::Yes) => {
                    ask.get_or_insert_with(|| of_rule(rule, Verdict::Ask));
                }
                (Verdict::Deny | Verdict::Ask, Match::Maybe) => {
                    ask.get_or_insert_with(|| maybe(rule, Some(&path.path)));
                }
            }
        }
        ask
    }

    fn protected_path(&mut self, path: &PathUse, folder: &Folder) -> Option<Ruling> {
        let policy = self.policy;
        policy
            .protected
            .in_path(&path.path, path.below, folder, &mut self.ground, self.world)
            .map(|touch| protected(&touch))
    }

    // Variables.

    fn set(&mut self, set: &Set) -> Ruling {
        let policy = self.policy;
        let mut ask: Option<Ruling> = None;
        let mut allowed: Option<Ruling> = None;
        let mut rules: Vec<&Rule> = policy
            .index
            .env()
            .iter()
            .filter_map(|index| policy.rules.get(*index))
            .collect();
        for pack in &policy.packs {
            for rule in pack.env_rules() {
                rules.push(rule);
            }
        }
        for rule in rules {
            let matches = rule.compare_env(&set.name, set.value.as_ref());
            match (rule.decision, matches) {
                (_, Match::No) | (Verdict::Allow, Match::Maybe) => {}
                (Verdict::Deny, Match::Yes) => return of_rule(rule, Verdict::Deny),
                (Verdict::Allow, Match::Yes) => {
                    allowed.get_or_insert_with(|| of_rule(rule, Verdict::Allow));
                }
                (Verdict::Ask, Match::Yes) => {
                    ask.get_or_insert_with(|| of_rule(rule, Verdict::Ask));
                }
                (Verdict::Deny | Verdict::Ask, Match::Maybe) => {
                    ask.get_or_insert_with(|| maybe(rule, Some(&set.name)));
                }
            }
        }
        if let Some(ruling) = ask.or(allowed) {
            return ruling;
        }
        let name = brief(set.name.value().unwrap_or(&set.name.source));
        let default = policy.default.max(Verdict::Ask);
        let Some(names) = set.name.values() else {
            return builtin(
                default,
                "builtin.default",
                format!("which variable `{name}` is, is only known when it runs"),
            );
        };
        if let Some(effect) = names.iter().find_map(|name| env_names::effect(name)) {
            return Ruling {
                suggest: Some(format!(
                    "leave `{name}` as it is, or ask for a rule: env = [\"{name}=VALUE\"]"
                )),
                ..builtin(
                    default,
                    "builtin.env",
                    format!("the variable `{name}` {effect}"),
                )
            };
        }
        match set.scope {
            SetScope::Shell => builtin(
                Verdict::Allow,
                "builtin.env",
                format!("`{name}` is a plain variable of the shell"),
            ),
            SetScope::Exported | SetScope::Command => builtin(
                default,
                "builtin.env",
                format!(
                    "programs see the variable `{name}`, and no rule is about it: env = [\"{name}\"]"
                ),
            ),
        }
    }
}

/// Whether a rule would let contents be read from a folder that is not known: the same words may then name
/// protected files.
fn reads_from_nowhere(rule: &Rule, call: &Call<'_>) -> bool {
    let opens = match rule.source == "builtin" {
        true => rule.unknowns != Unknowns::All,
        // A rule of the user's says which words are good, not which folder: where the words are files that
        // are shown or copied, a protected one may be among them.
        false => call.names.iter().any(|name| {
            OPENS_WHAT_IT_NAMES
                .iter()
                .any(|known| known.as_bytes() == name)
        }),
    };
    let relative = call.arguments.iter().any(|word| {
        word.values()
            .unwrap_or_default()
            .iter()
            .any(|value| !value.starts_with(b"-") && !value.starts_with(b"/"))
    });
    *call.folder == Folder::Unknown && opens && relative
}

/// Programs that show, copy or send the files that their words name.
const OPENS_WHAT_IT_NAMES: &[&str] = &[
    "awk", "base32", "base64", "bat", "batcat", "cat", "cmp", "column", "comm", "cp", "curl",
    "cut", "dd", "diff", "egrep", "expand", "fgrep", "fmt", "fold", "gawk", "grep", "gzip", "head",
    "hexdump", "iconv", "install", "join", "jq", "less", "ln", "mawk", "more", "mv", "nl", "od",
    "openssl", "paste", "pr", "rev", "rg", "rsync", "scp", "sed", "sort", "split", "strings",
    "tac", "tail", "tar", "tee", "tr", "unexpand", "uniq", "vi", "vim", "xxd", "yq", "zip",
];

/// Builtins that only write their words out, and open none of them.
fn speaks_only(word: &ActionWord) -> bool {
    matches!(
        word.value(),
        Some(
            b"echo"
                | b"printf"
                | b"true"
                | b"false"
                | b":"
                | b"exit"
                | b"return"
                | b"break"
                | b"continue"
                | b"shift"
                | b"set"
                | b"export"
                | b"local"
                | b"declare"
                | b"typeset"
                | b"readonly"
                | b"unset"
                | b"let"
                | b"wait"
                | b"jobs"
                | b"umask"
                | b"ulimit"
                | b"trap"
                | b"alias"
                | b"eval"
        )
    )
}

/// The tools of guardsh that a guarded session may not call: every one but `check` and `request`.
/// Options of a shell and scripts given by a path are shells, whose text is judged.
fn is_refused_tool(word: &[u8]) -> bool {
    match word {
        b"check" | b"request" | b"" => false,
        // `--config other` would judge by another policy.
        [b'-', b'-', rest @ ..] => !matches!(
            rest,
            b"" | b"login" | b"help" | b"version" | b"norc" | b"noprofile" | b"posix"
        ),
        [b'-', ..] => false,
        tool => !tool.contains(&b'/') && !tool.contains(&b'.'),
    }
}

/// The first word that is not known.
fn open_word<'w>(first: &'w ActionWord, rest: &'w [ActionWord]) -> Option<&'w ActionWord> {
    std::iter::once(first)
        .chain(rest)
        .find(|word| word.values().is_none())
        .or_else(|| {
            std::iter::once(first)
                .chain(rest)
                .find(|word| word.values().is_some_and(|values| values.len() > 1))
        })
}

/// Paths that a call's words name: the rule that allows the call covers them.
fn is_operand(path: &PathUse) -> bool {
    path.how.starts_with("operand")
}

fn covered(path: &PathUse) -> Ruling {
    builtin(
        Verdict::Allow,
        "builtin.operand",
        format!("{}: the rule for the call covers it", path.how),
    )
}

/// A file called `.git`: it names a folder whose configuration git obeys.
fn names_a_repository(path: &ActionWord) -> bool {
    path.values()
        .is_some_and(|values| values.iter().any(|value| base_name(value) == b".git"))
}

/// `/dev/null` and the command's own descriptors.
fn is_free_to_write(path: &ActionWord) -> bool {
    path.values().is_some_and(|values| {
        values
            .iter()
            .all(|value| value == b"/dev/null" || is_own_descriptor(value, value))
    })
}

fn is_free_descriptor(path: &ActionWord) -> bool {
    path.values()
        .is_some_and(|values| values.iter().all(|value| is_own_descriptor(value, value)))
}

/// `<(…)`, whose commands are judged.
fn is_descriptor_word(path: &ActionWord) -> bool {
    path.source.starts_with(b"<(") || path.source.starts_with(b">(")
}

fn of_rule(rule: &Rule, verdict: Verdict) -> Ruling {
    Ruling {
        verdict,
        rule: rule.id.clone(),
        source: rule.source.clone(),
        reason: rule.reason.clone().unwrap_or_else(|| match verdict {
            Verdict::Allow => format!("the rule `{}` allows it", rule.id),
            Verdict::Ask => format!("the rule `{}` asks", rule.id),
            Verdict::Deny => format!("the rule `{}` denies it", rule.id),
        }),
        suggest: rule.suggest.clone(),
        runs_project_code: rule.runs_project_code,
        risk: rule.risk,
        touches: false,
    }
}

/// A rule that may match asks.
fn maybe(rule: &Rule, word: Option<&ActionWord>) -> Ruling {
    let what = match word {
        Some(word) => format!(
            "what `{}` becomes is only known when it runs, and the rule may be about it",
            brief(&word.source)
        ),
        None => "the rule may be about it".to_owned(),
    };
    let reason = match &rule.reason {
        Some(reason) => format!("{what}: {reason}"),
        None => what,
    };
    Ruling {
        reason,
        ..of_rule(rule, Verdict::Ask)
    }
}

fn protected(touch: &Touch) -> Ruling {
    let word = brief(&touch.word);
    let pattern = &touch.pattern;
    let reason = match touch.kind {
        TouchKind::Is => {
            format!("`{word}` is protected (`{pattern}`): secrets and start-up files need a person")
        }
        TouchKind::May => format!("`{word}` may become a protected path (`{pattern}`)"),
        TouchKind::Below => {
            format!("reads everything below `{word}`, where protected paths lie (`{pattern}`)")
        }
        TouchKind::Own => format!("`{word}` belongs to guardsh (`{pattern}`)"),
    };
    let suggest = match touch.kind {
        TouchKind::Is | TouchKind::Own => None,
        TouchKind::May => Some("name the files one by one".to_owned()),
        TouchKind::Below => Some("name a narrower folder".to_owned()),
    };
    Ruling {
        suggest,
        touches: true,
        ..builtin(Verdict::Ask, "builtin.protect", reason)
    }
}

fn builtin(verdict: Verdict, rule: &str, reason: String) -> Ruling {
    Ruling {
        verdict,
        rule: rule.to_owned(),
        source: "builtin".to_owned(),
        reason,
        suggest: None,
        runs_project_code: false,
        risk: None,
        touches: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prove::ProvingWorld;
    use crate::testing::{actions, world};

    fn policy(text: &str) -> Policy {
        let config = Config::parse(&format!("version = 1\n{text}"), "test.toml")
            .unwrap_or_else(|errors| panic!("{errors}"));
        let surroundings = Surroundings {
            own_files: vec![PathBuf::from("/home/user/.local/state/guardsh")],
            own_program: Some(OwnProgram {
                path: PathBuf::from("/opt/guardsh/bin/guardsh"),
                device: 9,
                inode: 9,
            }),
            start_folder: None,
        };
        Policy::new(&config, &surroundings)
    }

    fn judged(policy: &Policy, line: &str) -> Judgement {
        let mut world = world();
        let actions = actions(line, &mut world);
        judge(policy, &actions, &mut world)
    }

    fn verdict(policy: &Policy, line: &str) -> (Verdict, String) {
        let judgement = judged(policy, line);
        let rule = judgement
            .deciding()
            .map_or(String::new(), |judged| judged.rule.clone());
        (judgement.verdict, rule)
    }

    #[track_caller]
    fn assert_verdict(policy: &Policy, line: &str, wanted: Verdict, rule: &str) {
        let judgement = judged(policy, line);
        assert_eq!(
            verdict(policy, line),
            (wanted, rule.to_owned()),
            "{line}: {:?}",
            judgement.deciding().map(|judged| &judged.reason)
        );
    }

    const RULES: &str = r#"
        [[rule]]
        id = "no-rm"
        decision = "deny"
        run = ["rm **"]
        except = ["rm -i *"]
        reason = "deleting needs a person"
        suggest = "mv FILE trash/"
        [[rule]]
        id = "careful"
        decision = "ask"
        run = ["kubectl ** --context prod **"]
        [[rule]]
        id = "k8s"
        decision = "allow"
        run = ["kubectl {get,logs} **"]
        except = ["kubectl ** --raw **"]
        [[rule]]
        id = "tool"
        decision = "allow"
        run = ["./tool *", "/opt/x/run"]
        [[rule]]
        id = "once"
        decision = "allow"
        exact = ["make 'all targets'"]
        regex = ['cargo (test|check)( --quiet)?']
        [[rule]]
        id = "out"
        decision = "allow"
        write = ["./target/**", "/tmp/**"]
        except = ["/tmp/keep/**"]
        [[rule]]
        id = "no-etc"
        decision = "deny"
        write = ["/etc/**"]
        reason = "the machine is managed"
        [[rule]]
        id = "vars"
        decision = "allow"
        env = ["PS1", "FOO=bar*"]
    "#;

    #[test]
    fn deny_comes_before_ask_before_allow_before_the_default() {
        let policy = policy(RULES);
        assert_verdict(&policy, "rm -rf x", Verdict::Deny, "no-rm");
        assert_verdict(&policy, "kubectl get pods", Verdict::Allow, "k8s");
        assert_verdict(
            &policy,
            "kubectl get pods --context prod",
            Verdict::Ask,
            "careful",
        );
        assert_verdict(
            &policy,
            "kubectl delete pod x",
            Verdict::Ask,
            "builtin.default",
        );
        assert_verdict(&policy, "kubectl get x; rm y", Verdict::Deny, "no-rm");
        assert_verdict(&policy, "", Verdict::Allow, "");
    }

    #[test]
    fn deny_catches_a_program_under_each_of_its_names() {
        let policy = policy(RULES);
        for line in ["/bin/rm x", "./rm x", r"\rm x", "../a/rm x", "'r'm x"] {
            assert_verdict(&policy, line, Verdict::Deny, "no-rm");
        }
    }

    #[test]
    fn exceptions_work_towards_the_strict_side() {
        let policy = policy(RULES);
        assert_verdict(&policy, "rm -i x", Verdict::Ask, "builtin.default");
        assert_verdict(&policy, "rm -i $1", Verdict::Deny, "no-rm");
        // Only a trusted rm is what the exception means.
        assert_verdict(&policy, "./rm -i x", Verdict::Deny, "no-rm");
        assert_verdict(
            &policy,
            "kubectl get --raw /x",
            Verdict::Ask,
            "builtin.default",
        );
        assert_verdict(&policy, "kubectl get $1", Verdict::Ask, "careful");
    }

    #[test]
    fn what_is_only_known_when_it_runs_asks() {
        let policy = policy(RULES);
        // Whatever the words become, they are words of `rm`.
        assert_verdict(&policy, "rm $1", Verdict::Deny, "no-rm");
        assert_verdict(
            &policy,
            "kubectl logs \"$1\"",
            Verdict::Ask,
            "builtin.default",
        );
        assert_verdict(&policy, "$1 -rf y", Verdict::Ask, "no-rm");
        let judgement = judged(&policy, "kubectl logs \"$1\"");
        assert!(
            judgement
                .deciding()
                .unwrap()
                .reason
                .contains("only known when it runs")
        );
    }

    #[test]
    fn an_allowed_program_is_trusted_or_spelled_out() {
        let policy = policy(RULES);
        assert_verdict(&policy, "/usr/bin/kubectl get x", Verdict::Allow, "k8s");
        assert_verdict(&policy, "./kubectl get x", Verdict::Ask, "builtin.default");
        let why = judged(&policy, "/tmp/kubectl get x");
        assert!(why.deciding().unwrap().reason.contains("trusted path"));
        assert_verdict(&policy, "./tool x", Verdict::Allow, "tool");
        assert_verdict(&policy, "tool x", Verdict::Ask, "builtin.default");
        assert_verdict(&policy, "/opt/x/run", Verdict::Allow, "tool");
        assert_verdict(&policy, "/opt/y/run", Verdict::Ask, "builtin.default");
    }

    #[test]
    fn exact_and_regex_see_the_canonical_rendering() {
        let policy = policy(RULES);
        assert_verdict(&policy, r#"make  "all targets""#, Verdict::Allow, "once");
        assert_verdict(&policy, "make all targets", Verdict::Ask, "builtin.default");
        assert_verdict(&policy, "cargo test --quiet", Verdict::Allow, "once");
        assert_verdict(
            &policy,
            "cargo test --quiet x",
            Verdict::Ask,
            "builtin.default",
        );
        assert_verdict(&policy, "./cargo test --x", Verdict::Ask, "builtin.default");
        assert_verdict(&policy, "cargo $1", Verdict::Ask, "builtin.default");
    }

    #[test]
    fn writing_needs_a_rule_and_reading_does_not() {
        let policy = policy(RULES);
        assert_verdict(&policy, "echo x >target/a", Verdict::Allow, "out");
        for path in [
            "/tmp/a/b",
            "./target/x",
            "/dev/null",
            "/dev/stderr",
            "/tmp/../tmp/a",
        ] {
            assert_eq!(
                verdict(&policy, &format!("echo x >{path}")).0,
                Verdict::Allow,
                "{path}"
            );
        }
        for path in [
            "a",
            "/tmp/keep/a",
            "/tmp/../home/user/a",
            "target",
            "$1",
            "/tmp/$1",
            "/tmp",
        ] {
            assert_eq!(
                verdict(&policy, &format!("echo x >{path}")).0,
                Verdict::Ask,
                "{path}"
            );
        }
        assert_verdict(&policy, "echo x >/etc/motd", Verdict::Deny, "no-etc");
        assert_verdict(&policy, "echo x >/etc/*", Verdict::Ask, "no-etc");
        assert_verdict(&policy, "echo x >/e*/a", Verdict::Ask, "no-etc");
        assert_eq!(verdict(&policy, "echo x <a").0, Verdict::Allow);
        assert_eq!(verdict(&policy, "echo x <$1").0, Verdict::Ask);
    }

    /// A world in which `./target` leads away.
    struct Linked(ProvingWorld);
    impl World for Linked {
        fn alias(&mut self, name: &[u8]) -> crate::Known<Option<Vec<u8>>> {
            self.0.alias(name)
        }
        fn function(&mut self, name: &[u8]) -> crate::Known<Option<Vec<u8>>> {
            self.0.function(name)
        }
        fn is_builtin(&mut self, name: &[u8]) -> crate::Known<bool> {
            self.0.is_builtin(name)
        }
        fn program(
            &mut self,
            name: &[u8],
            folder: &Folder,
        ) -> crate::Known<Option<crate::FileFacts>> {
            if name == b"nowhere" {
                return crate::Known::Yes(None);
            }
            let mut facts = self.0.program(name, folder);
            if let crate::Known::Yes(Some(facts)) = &mut facts
                && name == b"./x"
            {
                facts.real = PathBuf::from("/usr/bin/rm");
            }
            if let crate::Known::Yes(Some(facts)) = &mut facts
                && name == b"/tmp/g"
            {
                facts.device = 9;
                facts.inode = 9;
            }
            facts
        }
        fn variable(&mut self, name: &[u8]) -> crate::Known<crate::Variable> {
            self.0.variable(name)
        }
        fn positional(&mut self) -> crate::Known<Vec<Vec<u8>>> {
            self.0.positional()
        }
        fn glob(&mut self, pattern: &[u8], folder: &Folder) -> Option<Vec<Vec<u8>>> {
            self.0.glob(pattern, folder)
        }
        fn option(&mut self, name: &str) -> crate::Known<bool> {
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
        fn real_path(&mut self, path: &std::path::Path) -> Option<PathBuf> {
            let path = self.0.real_path(path)?;
            if let Ok(rest) = path.strip_prefix("/work/target") {
                return Some(PathBuf::from("/etc").join(rest));
            }
            if path == std::path::Path::new("/work/notes") {
                return Some(PathBuf::from("/home/user/.ssh/id_ed25519"));
            }
            Some(path)
        }
        fn read_file(&mut self, path: &std::path::Path, limit: usize) -> Option<Vec<u8>> {
            self.0.read_file(path, limit)
        }
        fn git(&mut self, _folder: &Folder) -> GitFacts {
            GitFacts::Runs("core.fsmonitor in .git/config".to_owned())
        }
        fn pager_is_secure(&mut self) -> bool {
            false
        }
    }

    #[test]
    fn links_are_followed_before_anything_is_allowed() {
        let policy = policy(RULES);
        let mut world = Linked(world());
        let mut verdict = |line: &str| {
            let actions = actions(line, &mut world);
            let judgement = judge(&policy, &actions, &mut world);
            (
                judgement.verdict,
                judgement.deciding().unwrap().rule.clone(),
            )
        };
        assert_eq!(
            verdict("echo x >target/passwd"),
            (Verdict::Deny, "no-etc".to_owned())
        );
        assert_eq!(
            verdict("kubectl logs notes"),
            (Verdict::Ask, "builtin.protect".to_owned())
        );
        assert_eq!(verdict("./x a"), (Verdict::Deny, "no-rm".to_owned()));
        assert_eq!(
            verdict("nowhere"),
            (Verdict::Ask, "builtin.missing".to_owned())
        );
        assert_eq!(
            verdict("git status"),
            (Verdict::Ask, "builtin.default".to_owned())
        );
        assert_eq!(
            verdict("/tmp/g approve x"),
            (Verdict::Deny, "builtin.nested".to_owned())
        );
    }

    #[test]
    fn variables_that_programs_see_need_a_rule() {
        let policy = policy(RULES);
        assert_eq!(verdict(&policy, "x=1").0, Verdict::Allow);
        assert_eq!(verdict(&policy, "x=$1").0, Verdict::Allow);
        assert_verdict(&policy, "PATH=/tmp", Verdict::Ask, "builtin.env");
        assert_verdict(&policy, "x=1 echo a", Verdict::Ask, "builtin.env");
        assert_eq!(verdict(&policy, "FOO=bart echo a").0, Verdict::Allow);
        assert_eq!(verdict(&policy, "FOO=x echo a").0, Verdict::Ask);
        assert_eq!(verdict(&policy, "FOO=$1 echo a").0, Verdict::Ask);
        assert_eq!(verdict(&policy, "PS1=x").0, Verdict::Allow);
    }

    /// Found by fuzzing: such a line took many seconds.
    #[test]
    fn many_partly_known_words_ask_instead_of_taking_long() {
        let policy = policy("[policy]\npacks = [\"readonly\"]\n");
        assert_eq!(
            verdict(&policy, "ls {0..3}{0..3}=a=b=x[1]=c").0,
            Verdict::Allow
        );
        let line = format!("ls {}", "{0..3}=======x[1]==".repeat(4));
        let began = std::time::Instant::now();
        assert_verdict(&policy, &line, Verdict::Ask, "builtin.protect");
        assert!(began.elapsed() < std::time::Duration::from_secs(5));
    }

    #[test]
    fn guardsh_inside_of_guardsh_cannot_answer_for_itself() {
        let policy = policy(
            "[[rule]]\nid = \"all\"\ndecision = \"allow\"\nrun = [\"/x/guardsh **\", \"guardsh **\"]\n",
        );
        for line in [
            "guardsh approve 1",
            "/x/guardsh deny 1",
            "/x/guardsh serve",
            "/x/guardsh --config y -c z",
        ] {
            assert_verdict(&policy, line, Verdict::Deny, "builtin.nested");
        }
        assert_verdict(&policy, "/x/guardsh $1 1", Verdict::Ask, "builtin.nested");
        for line in [
            "guardsh check -- ls",
            "/x/guardsh -c 'echo hi'",
            "guardsh -- bash",
            "guardsh ./s.sh",
            "guardsh",
        ] {
            assert_verdict(&policy, line, Verdict::Allow, "all");
        }
    }

    #[test]
    fn protected_paths_ask_whatever_rules_say() {
        let policy = policy(
            "[[rule]]\nid = \"cat\"\ndecision = \"allow\"\nrun = [\"cat **\", \"ls **\", \"grep **\", \"tool **\"]\ndynamic = true\n[[rule]]\nid = \"w\"\ndecision = \"allow\"\nwrite = [\"/**\"]\n[policy]\nprotect = [\"**/secret.txt\"]\nunprotect = [\"**/.npmrc\"]\n",
        );
        for line in [
            "cat ~/.ssh/id_rsa",
            "cat ~/.ss*",
            "cat ~/.ssh/$1",
            "ls -la ~/.ssh",
            "cat .env",
            "cat ../x/.env",
            "cat /etc/shadow",
            "tool --file=/etc/shadow",
            "tool -f/etc/shadow",
            "tool -xf.env",
            "tool @.env",
            "tool a:.env:b",
            "cat '~/.aws/credentials'",
            "cat a/secret.txt",
            "cat /home/user/.local/state/guardsh/audit.jsonl",
            "cat /proc/1/environ",
            "cat /proc/*/environ",
            "cat /proc/self/fd/3/x",
            "cat .e*",
            "cat .env.production",
            "cat \"$1/.env\"",
            "cat id_*",
            "grep -r x ~",
            "grep -r x /",
            "grep -r x /etc",
            "cat .git/config",
            "cat /home/user/../agent/.netrc",
            "echo x >~/.bashrc",
            "echo x >.git/hooks/pre-commit",
            "cat < ~/.netrc",
            "echo x >/home/user/.local/state/guardsh/x",
        ] {
            assert_verdict(&policy, line, Verdict::Ask, "builtin.protect");
        }
        for line in [
            "cat README.md",
            "cat *.md",
            "ls",
            "ls -la /home/user",
            "cat .env.example",
            "grep -r x .",
            "ls -l /proc/self/fd",
            "cat /dev/fd/3",
            "cat .npmrc",
            "cat $1",
            "cat *",
            "cat env",
            "tool a=b:c,d",
            "cat /proc/cpuinfo",
            "cat .gitignore",
            "echo .env",
            "cat my.env.txt",
            "cat \"$1.md\"",
        ] {
            assert_eq!(
                verdict(&policy, line).0,
                Verdict::Allow,
                "{line}: {:?}",
                judged(&policy, line).deciding()
            );
        }
        assert_verdict(
            &policy,
            "echo x >/proc/1/mem",
            Verdict::Deny,
            "builtin.protect",
        );
        assert_verdict(
            &policy,
            "echo x >/proc/1/fd/3",
            Verdict::Deny,
            "builtin.protect",
        );
    }

    #[test]
    fn the_digest_follows_everything_that_decides() {
        let one = policy("");
        assert_eq!(one.digest(), policy("").digest());
        assert_ne!(one.digest(), policy("# other").digest());
        assert_eq!(one.digest().len(), 64);
    }

    #[test]
    fn packs_do_what_they_say() {
        let proof = crate::prove::prove(&policy(""), guardsh_syntax::Dialect::Bash);
        let wrong: Vec<String> = proof.findings.iter().map(ToString::to_string).collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(proof.lines > 3);
    }
}
