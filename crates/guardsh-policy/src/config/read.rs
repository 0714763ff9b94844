//! The walk through the TOML of a configuration or a pack.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the types of TOML values are another crate's, and each that is not wanted is the same mistake"
)]

use super::error::{ConfigError, ConfigErrors, Places, nearest};
use super::{AuditSync, Config, ConfigFile, FeedbackFormat, Rate, Timeouts, parse_duration};
use crate::options::{GrammarText, OptionGrammar};
use crate::packs;
use crate::paths::PathPattern;
use crate::pattern::{RunPattern, Unknowns};
use crate::rules::{EnvPattern, Except, Needs, RegexPattern, Rule};
use crate::verdict::Verdict;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Keys that are planned, so that the answer is better than "unknown".
const LATER: &[&str] = &[
    "observe_until",
    "opa",
    "input",
    "exec",
    "quorum",
    "allowed_signers",
    "auto_approve_below",
    "record",
    "only",
    "when",
];

const TOP: &[&str] = &[
    "version", "mode", "shell", "agent", "policy", "rule", "approval", "limits", "audit",
    "feedback", "startup",
];
const SHELL: &[&str] = &["program", "env"];
const AGENT: &[&str] = &["name", "environment"];
const POLICY: &[&str] = &[
    "default",
    "unparsable",
    "packs",
    "accept_project_code",
    "trusted_path",
    "protect",
    "unprotect",
];
const RULE: &[&str] = &[
    "id", "decision", "run", "exact", "regex", "read", "write", "env", "except", "reason",
    "suggest", "risk", "matches", "spares", "dynamic",
];
/// What only packs may say.
const PACK_RULE: &[&str] = &[
    "programs",
    "call",
    "globals",
    "options",
    "operands",
    "at_most",
    "needs",
    "runs_project_code",
];
const APPROVAL: &[&str] = &[
    "url",
    "token_file",
    "ca_file",
    "timeout",
    "hold",
    "use_within",
    "denial_sticks",
];
const TIMEOUT: &[&str] = &["low", "medium", "high", "critical"];
const LIMITS: &[&str] = &["refusals", "asks_open", "asks_per_hour"];
const AUDIT: &[&str] = &["path", "sync"];
const FEEDBACK: &[&str] = &["format"];
const STARTUP: &[&str] = &["accepted"];
/// Where a key would belong that stands in the wrong table.
const TABLES: &[(&str, &[&str])] = &[
    ("shell", SHELL),
    ("agent", AGENT),
    ("policy", POLICY),
    ("rule", RULE),
    ("approval", APPROVAL),
    ("limits", LIMITS),
    ("audit", AUDIT),
    ("feedback", FEEDBACK),
    ("startup", STARTUP),
];

/// Whose rules are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    User,
    Pack,
}

struct Reader<'a> {
    places: Places<'a>,
    errors: Vec<ConfigError>,
    given: BTreeMap<String, ConfigError>,
    from: From,
}

type Value<'i> = Spanned<DeValue<'i>>;

pub(super) fn parse(text: &str, file: &str) -> Result<Config, ConfigErrors> {
    let mut reader = Reader::new(text, file, From::User);
    let mut config = Config::default();
    config.files.push(ConfigFile {
        name: file.to_owned(),
        sha256: hexadecimal(&Sha256::digest(text.as_bytes())),
    });
    if let Some(table) = reader.document() {
        reader.config(&table, &mut config);
    }
    match ConfigErrors::new(reader.errors) {
        Some(errors) => Err(errors),
        None => {
            config.given = reader.given;
            Ok(config)
        }
    }
}

/// Reads the rules of a pack, or of a part of one.
pub(crate) fn read_rules(text: &str, file: &str) -> Result<Vec<Rule>, ConfigErrors> {
    let mut reader = Reader::new(text, file, From::Pack);
    let mut rules = Vec::new();
    if let Some(table) = reader.document() {
        reader.known_keys(&table, "", &["rule"]);
        if let Some(value) = table.get("rule") {
            rules = reader.rules(value);
        }
    }
    match ConfigErrors::new(reader.errors) {
        Some(errors) => Err(errors),
        None => Ok(rules),
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, file: &'a str, from: From) -> Self {
        Self {
            places: Places::new(text, file),
            errors: Vec::new(),
            given: BTreeMap::new(),
            from,
        }
    }

    fn document(&mut self) -> Option<DeTable<'a>> {
        let (table, errors) = DeTable::parse_recoverable(self.places.text);
        if errors.is_empty() {
            return Some(table.into_inner());
        }
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            self.error(span, error.message().to_owned());
        }
        None
    }

    fn error(&mut self, span: Range<usize>, message: impl Into<String>) {
        let error = self.places.error(span, message.into());
        self.errors.push(error);
    }

    /// Reports keys that are not known, and remembers where those stand that are.
    fn known_keys(&mut self, table: &DeTable<'_>, path: &str, known: &[&str]) {
        for (key, _) in table {
            let name: &str = key.get_ref();
            let span = key.span();
            if known.contains(&name) {
                // Each rule is remembered by its id.
                if self.from == From::User && path != "rule" {
                    let place = self.places.error(span, String::new());
                    self.given.entry(dotted(path, name)).or_insert(place);
                }
                continue;
            }
            let place = match path {
                "" => String::new(),
                "rule" => " in a [[rule]]".to_owned(),
                other => format!(" in [{other}]"),
            };
            let shown = shown_key(name);
            let message = if LATER.contains(&name) {
                format!("`{shown}` is not available in this version of guardsh")
            } else if let Some(table) = TABLES
                .iter()
                .find(|(table, keys)| *table != path && keys.contains(&name))
                .map(|(table, _)| *table)
                && nearest(name, known.iter().copied()).is_none()
            {
                format!("unknown key `{shown}`{place}; it belongs in [{table}]")
            } else if let Some(near) = nearest(name, known.iter().copied()) {
                format!("unknown key `{shown}`{place}; did you mean `{near}`?")
            } else {
                // Someone who writes a decision as a key means a rule.
                let verdict = nearest(name, ["allow", "ask", "deny"].into_iter());
                match verdict {
                    Some(verdict) => format!(
                        "unknown key `{shown}`{place}; did you mean `{verdict}`? \
                         A decision stands in a rule: [[rule]] with decision = \"{verdict}\""
                    ),
                    None => format!("unknown key `{shown}`{place}"),
                }
            };
            self.error(span, message);
        }
    }

    fn config(&mut self, table: &DeTable<'_>, config: &mut Config) {
        self.known_keys(table, "", TOP);
        match table.get("version") {
            None => self.error(
                0..0,
                "`version = 1` is missing; it says which form of configuration this is",
            ),
            Some(value) => {
                if let Some(version) = self.integer(value, "version", 0, i64::MAX)
                    && version != 1
                {
                    self.error(value.span(), "this guardsh reads `version = 1` only");
                }
            }
        }
        if let Some(value) = table.get("mode")
            && let Some(mode) = self.string(value, "mode")
        {
            match mode.as_str() {
                "enforce" => {}
                "observe" => self.error(
                    value.span(),
                    "`mode = \"observe\"` is not available in this version of guardsh; \
                     the only mode is \"enforce\"",
                ),
                _ => self.error(value.span(), "`mode` is \"enforce\""),
            }
        }
        if let Some(shell) = self.table(table, "shell", SHELL) {
            if let Some(value) = shell.get("program") {
                config.shell.program = self.absolute(value, "program");
            }
            if let Some(value) = shell.get("env") {
                self.environment(value, &mut config.shell.env);
            }
        }
        if let Some(agent) = self.table(table, "agent", AGENT) {
            config.agent.name = agent.get("name").and_then(|v| self.string(v, "name"));
            config.agent.environment = agent
                .get("environment")
                .and_then(|v| self.string(v, "environment"));
        }
        if let Some(policy) = self.table(table, "policy", POLICY) {
            self.policy(policy, config);
        }
        if let Some(approval) = self.table(table, "approval", APPROVAL) {
            self.approval(approval, config);
        }
        if let Some(limits) = self.table(table, "limits", LIMITS) {
            if let Some(value) = limits.get("refusals")
                && let Some(rate) = self.rate(value)
            {
                config.limits.refusals = rate;
            }
            if let Some(value) = limits.get("asks_open")
                && let Some(number) = self.count(value, "asks_open")
            {
                config.limits.asks_open = number;
            }
            if let Some(value) = limits.get("asks_per_hour")
                && let Some(number) = self.count(value, "asks_per_hour")
            {
                config.limits.asks_per_hour = number;
            }
        }
        if let Some(audit) = self.table(table, "audit", AUDIT) {
            if let Some(value) = audit.get("path") {
                config.audit.path = self.absolute(value, "path");
            }
            if let Some(value) = audit.get("sync")
                && let Some(sync) = self.choice(
                    value,
                    "sync",
                    &[
                        ("approved", AuditSync::Approved),
                        ("always", AuditSync::Always),
                    ],
                )
            {
                config.audit.sync = sync;
            }
        }
        if let Some(feedback) = self.table(table, "feedback", FEEDBACK)
            && let Some(value) = feedback.get("format")
        {
            config.feedback.format = self.choice(
                value,
                "format",
                &[
                    ("text", FeedbackFormat::Text),
                    ("json", FeedbackFormat::Json),
                ],
            );
        }
        if let Some(startup) = self.table(table, "startup", STARTUP)
            && let Some(value) = startup.get("accepted")
        {
            for (digest, span) in self.strings(value, "accepted") {
                let good = digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit());
                if good {
                    config.startup.accepted.push(digest.to_ascii_lowercase());
                } else {
                    self.error(
                        span,
                        "`accepted` holds sha256 digests: 64 hexadecimal digits",
                    );
                }
            }
        }
        if let Some(value) = table.get("rule") {
            config.rules = self.rules(value);
        }
    }

    fn policy(&mut self, policy: &DeTable<'_>, config: &mut Config) {
        const STRICT: &[(&str, Verdict)] = &[("ask", Verdict::Ask), ("deny", Verdict::Deny)];
        if let Some(value) = policy.get("default")
            && let Some(verdict) = self.choice(value, "default", STRICT)
        {
            config.policy.default = verdict;
        }
        if let Some(value) = policy.get("unparsable")
            && let Some(verdict) = self.choice(value, "unparsable", STRICT)
        {
            config.policy.unparsable = verdict;
        }
        if let Some(value) = policy.get("accept_project_code")
            && let Some(accept) = self.boolean(value, "accept_project_code")
        {
            config.policy.accept_project_code = accept;
        }
        if let Some(value) = policy.get("packs") {
            config.policy.packs.clear();
            for (name, span) in self.strings(value, "packs") {
                if !packs::names().any(|known| known == name) {
                    let shown = shown_key(&name);
                    let message = match nearest(&name, packs::names()) {
                        Some(near) => format!("unknown pack `{shown}`; did you mean `{near}`?"),
                        None => format!(
                            "unknown pack `{shown}`; there are: {}",
                            packs::names().collect::<Vec<_>>().join(", ")
                        ),
                    };
                    self.error(span, message);
                } else if config.policy.packs.contains(&name) {
                    self.error(span, format!("the pack `{name}` is named twice"));
                } else {
                    config.policy.packs.push(name);
                }
            }
        }
        if let Some(value) = policy.get("trusted_path") {
            config.policy.trusted_path.clear();
            for (path, span) in self.strings(value, "trusted_path") {
                if path.starts_with('/') {
                    config.policy.trusted_path.push(PathBuf::from(path));
                } else {
                    self.error(span, "a folder of `trusted_path` begins with `/`");
                }
            }
        }
        if let Some(value) = policy.get("protect") {
            config.policy.protect = self.paths(value, "protect");
        }
        if let Some(value) = policy.get("unprotect") {
            config.policy.unprotect = self.paths(value, "unprotect");
        }
    }

    fn approval(&mut self, approval: &DeTable<'_>, config: &mut Config) {
        if let Some(value) = approval.get("url")
            && let Some(url) = self.string(value, "url")
        {
            if url.starts_with("https://") || is_loopback(&url) {
                config.approval.url = Some(url);
            } else {
                self.error(
                    value.span(),
                    "`url` begins with https:// (http:// only for 127.0.0.1, [::1] and localhost)",
                );
            }
        }
        if let Some(value) = approval.get("token_file") {
            config.approval.token_file = self.absolute(value, "token_file");
        }
        if let Some(value) = approval.get("ca_file") {
            config.approval.ca_file = self.absolute(value, "ca_file");
        }
        if let Some(value) = approval.get("timeout") {
            self.timeouts(value, &mut config.approval.timeout);
        }
        for (name, slot) in [
            ("hold", &mut config.approval.hold),
            ("use_within", &mut config.approval.use_within),
            ("denial_sticks", &mut config.approval.denial_sticks),
        ] {
            if let Some(value) = approval.get(name)
                && let Some(duration) = self.duration(value, name)
            {
                *slot = duration;
            }
        }
    }

    fn timeouts(&mut self, value: &Value<'_>, timeouts: &mut Timeouts) {
        match value.get_ref() {
            DeValue::String(_) => {
                if let Some(duration) = self.duration(value, "timeout") {
                    *timeouts = Timeouts::all(duration);
                }
            }
            DeValue::Table(table) => {
                self.known_keys(table, "approval.timeout", TIMEOUT);
                for (name, slot) in [
                    ("low", &mut timeouts.low),
                    ("medium", &mut timeouts.medium),
                    ("high", &mut timeouts.high),
                    ("critical", &mut timeouts.critical),
                ] {
                    if let Some(value) = table.get(name)
                        && let Some(duration) = self.duration(value, name)
                    {
                        *slot = duration;
                    }
                }
            }
            other => {
                let message = format!(
                    "`timeout` is a length of time such as \"5m\", or one for each band: \
                     {{ low = \"1m\", high = \"10m\" }}, not {}",
                    kind(other)
                );
                self.error(value.span(), message);
            }
        }
    }

    fn rules(&mut self, value: &Value<'_>) -> Vec<Rule> {
        let DeValue::Array(array) = value.get_ref() else {
            self.error(
                value.span(),
                "a rule is written [[rule]], with two brackets",
            );
            return Vec::new();
        };
        let mut rules: Vec<Rule> = Vec::new();
        let mut lines: HashMap<String, String> = HashMap::new();
        let mut patterns: HashMap<String, String> = HashMap::new();
        for entry in array.iter() {
            let DeValue::Table(table) = entry.get_ref() else {
                self.error(entry.span(), "a rule is a table: [[rule]]");
                continue;
            };
            let Some(rule) = self.rule(table, entry.span()) else {
                continue;
            };
            let id_span = table.get("id").map_or(entry.span(), Spanned::span);
            if let Some(first) = lines.get(&rule.id) {
                let message = format!("the id `{}` is taken by the rule at {first}", rule.id);
                self.error(id_span.clone(), message);
            } else {
                lines.insert(rule.id.clone(), rule.source.clone());
            }
            if self.from == From::User {
                let place = self.places.error(id_span, String::new());
                self.given.insert(format!("rule.{}", rule.id), place);
            }
            // The same pattern twice decides nothing new and hides which rule counts.
            let written = |list: &[RunPattern]| {
                list.iter()
                    .map(|pattern| pattern.text().to_owned())
                    .collect::<Vec<_>>()
            };
            if self.from == From::User && rule.except.is_empty() {
                for pattern in written(&rule.run) {
                    let key = format!("{} {pattern} {:?}", rule.decision.name(), rule.unknowns);
                    if let Some(first) = patterns.insert(key, rule.id.clone()) {
                        let span = table.get("run").map_or(entry.span(), Spanned::span);
                        let message = format!(
                            "the pattern `{pattern}` stands in the rule `{first}` already, \
                             with the same decision"
                        );
                        self.error(span, message);
                    }
                }
            }
            rules.push(rule);
        }
        rules
    }

    fn rule(&mut self, table: &DeTable<'_>, span: Range<usize>) -> Option<Rule> {
        let errors_before = self.errors.len();
        match self.from {
            From::User => self.known_keys(table, "rule", RULE),
            From::Pack => self.known_keys(table, "rule", &[RULE, PACK_RULE].concat()),
        }
        let header = self.header(&span);
        let id = match table.get("id") {
            Some(value) => self.rule_id(value),
            None => {
                self.error(header.clone(), "the rule has no `id`");
                None
            }
        };
        let decision = match table.get("decision") {
            Some(value) => self.choice(
                value,
                "decision",
                &[
                    ("allow", Verdict::Allow),
                    ("ask", Verdict::Ask),
                    ("deny", Verdict::Deny),
                ],
            ),
            None => {
                self.error(
                    header.clone(),
                    "the rule has no `decision`: \"allow\", \"ask\" or \"deny\"",
                );
                None
            }
        };
        let mut rule = Rule {
            id: id.unwrap_or_default(),
            decision: decision.unwrap_or(Verdict::Ask),
            run: Vec::new(),
            exact: Vec::new(),
            regex: Vec::new(),
            read: Vec::new(),
            write: Vec::new(),
            env: Vec::new(),
            except: Vec::new(),
            reason: None,
            suggest: None,
            risk: None,
            matches: Vec::new(),
            spares: Vec::new(),
            unknowns: Unknowns::Ask,
            source: match self.from {
                From::User => {
                    let (line, _) = self.places.place(header.start);
                    format!("{}:{line}", self.places.file)
                }
                From::Pack => "builtin".to_owned(),
            },
            needs: Needs::default(),
            grammars: Vec::new(),
            runs_project_code: false,
        };
        self.patterns(table, &mut rule);
        rule.reason = table.get("reason").and_then(|v| self.string(v, "reason"));
        if rule.decision == Verdict::Deny && rule.reason.is_none() && !table.contains_key("reason")
        {
            self.error(
                header.clone(),
                "a rule that denies needs a `reason`: the agent is told it",
            );
        }
        rule.suggest = table.get("suggest").and_then(|v| self.string(v, "suggest"));
        if let Some(value) = table.get("risk") {
            rule.risk = self
                .integer(value, "risk", 0, 100)
                .and_then(|number| u8::try_from(number).ok());
        }
        if let Some(value) = table.get("matches") {
            rule.matches = self.plain_strings(value, "matches");
        }
        if let Some(value) = table.get("spares") {
            rule.spares = self.plain_strings(value, "spares");
        }
        if let Some(value) = table.get("dynamic") {
            rule.unknowns = self.unknowns(value);
        }
        if self.from == From::Pack {
            self.pack_keys(table, &mut rule);
        }
        let about_nothing = !rule.is_about_calls()
            && rule.read.is_empty()
            && rule.write.is_empty()
            && rule.env.is_empty();
        if about_nothing && self.errors.len() == errors_before {
            self.error(
                header,
                "the rule matches nothing: give it `run`, `exact`, `regex`, `read`, `write` or `env`",
            );
        }
        (self.errors.len() == errors_before).then_some(rule)
    }

    /// The place of `[[rule]]`; the span of a table may begin there or at its first key.
    fn header(&self, span: &Range<usize>) -> Range<usize> {
        let text = self.places.text;
        let begin = text
            .get(..span.start)
            .and_then(|before| before.rfind('\n'))
            .map_or(0, |at| at + 1);
        let line_end = |from: usize| {
            text.get(from..)
                .and_then(|rest| rest.find('\n'))
                .map_or(text.len(), |at| from + at)
        };
        begin..line_end(begin)
    }

    fn rule_id(&mut self, value: &Value<'_>) -> Option<String> {
        let id = self.string(value, "id")?;
        let good = !id.is_empty()
            && id.len() <= 80
            && id
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        if !good {
            self.error(
                value.span(),
                "an id holds letters, digits, `.`, `_` and `-`, at most 80 of them",
            );
            return None;
        }
        if self.from == From::User && (id.starts_with("builtin.") || id.starts_with("pack.")) {
            self.error(
                value.span(),
                "ids that begin with `builtin.` and `pack.` are guardsh's own",
            );
            return None;
        }
        Some(id)
    }

    fn patterns(&mut self, table: &DeTable<'_>, rule: &mut Rule) {
        if let Some(value) = table.get("run") {
            for (text, span) in self.strings(value, "run") {
                match RunPattern::parse(&text) {
                    Ok(pattern) => rule.run.push(pattern),
                    Err(error) => self.error(span, error.to_string()),
                }
            }
        }
        if let Some(value) = table.get("exact") {
            for (text, span) in self.strings(value, "exact") {
                let words = shell_words::split(&text);
                let pattern = words
                    .map_err(|error| error.to_string())
                    .and_then(|words| RunPattern::of_literals(&words).map_err(|e| e.to_string()));
                match pattern {
                    Ok(pattern) => rule.exact.push(pattern),
                    Err(message) => self.error(span, message),
                }
            }
        }
        if let Some(value) = table.get("regex") {
            for (text, span) in self.strings(value, "regex") {
                match RegexPattern::parse(&text) {
                    Ok(pattern) => rule.regex.push(pattern),
                    Err(error) => {
                        let text = error.to_string();
                        let last = text.lines().next_back().unwrap_or_default();
                        self.error(span, format!("the expression does not compile: {last}"));
                    }
                }
            }
        }
        if let Some(value) = table.get("read") {
            rule.read = self.paths(value, "read");
        }
        if let Some(value) = table.get("write") {
            rule.write = self.paths(value, "write");
        }
        if let Some(value) = table.get("env") {
            for (text, span) in self.strings(value, "env") {
                match EnvPattern::parse(&text) {
                    Ok(pattern) => rule.env.push(pattern),
                    Err(error) => self.error(span, error.to_string()),
                }
            }
        }
        if let Some(value) = table.get("except") {
            let about_calls = self.from == From::Pack
                || ["run", "exact", "regex"]
                    .iter()
                    .any(|key| table.contains_key(*key));
            let about_paths = table.contains_key("read") || table.contains_key("write");
            for (text, span) in self.strings(value, "except") {
                // A rule about calls and paths takes either.
                let path = about_paths.then(|| PathPattern::parse(&text));
                let run = about_calls.then(|| RunPattern::parse(&text));
                match (run, path) {
                    (None, Some(Ok(path))) => rule.except.push(Except {
                        run: None,
                        path: Some(path),
                    }),
                    (Some(Ok(run)), path) => rule.except.push(Except {
                        run: Some(run),
                        path: path.and_then(Result::ok),
                    }),
                    (Some(Err(_)), Some(Ok(path))) => rule.except.push(Except {
                        run: None,
                        path: Some(path),
                    }),
                    (Some(Err(error)), _) => self.error(span, error.to_string()),
                    (None, Some(Err(error))) => self.error(span, error.to_string()),
                    (None, None) => self.error(
                        span,
                        "only rules about calls, `read` and `write` have exceptions",
                    ),
                }
            }
        }
    }

    fn unknowns(&mut self, value: &Value<'_>) -> Unknowns {
        match value.get_ref() {
            DeValue::Boolean(true) => Unknowns::All,
            DeValue::Boolean(false) => Unknowns::Ask,
            DeValue::String(text) if text == "globs" => Unknowns::Globs,
            other => {
                let message = format!("`dynamic` is true, false or \"globs\", not {}", kind(other));
                self.error(value.span(), message);
                Unknowns::Ask
            }
        }
    }

    fn pack_keys(&mut self, table: &DeTable<'_>, rule: &mut Rule) {
        rule.runs_project_code = table
            .get("runs_project_code")
            .and_then(|v| self.boolean(v, "runs_project_code"))
            .unwrap_or(false);
        if let Some(value) = table.get("needs") {
            for (need, span) in self.strings(value, "needs") {
                match need.as_str() {
                    "harmless-git" => rule.needs.harmless_git = true,
                    "secure-pager" => rule.needs.secure_pager = true,
                    _ => self.error(span, "unknown need"),
                }
            }
        }
        let Some(call) = table.get("call") else {
            return;
        };
        let text = |reader: &mut Self, key: &str| {
            table
                .get(key)
                .and_then(|value| reader.string(value, key))
                .unwrap_or_default()
        };
        let globals = text(self, "globals");
        let options = text(self, "options");
        let operands = match table.get("operands") {
            Some(value) => self.plain_strings(value, "operands"),
            None => vec!["*".to_owned()],
        };
        let at_most = table
            .get("at_most")
            .and_then(|value| self.integer(value, "at_most", 0, 100))
            .and_then(|number| usize::try_from(number).ok());
        for (command, span) in self.strings(call, "call") {
            let grammar = OptionGrammar::parse(&GrammarText {
                command: &command,
                globals: &globals,
                options: &options,
                operands: &operands,
                at_most,
            });
            match grammar {
                Ok(grammar) => rule.grammars.push(grammar),
                Err(error) => self.error(span, error.to_string()),
            }
        }
    }

    fn environment(&mut self, value: &Value<'_>, env: &mut BTreeMap<String, String>) {
        let DeValue::Table(table) = value.get_ref() else {
            self.error(value.span(), "`env` is a table: { NAME = \"value\" }");
            return;
        };
        for (key, value) in table {
            let name: &str = key.get_ref();
            let mut bytes = name.bytes();
            let good = bytes
                .next()
                .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
                && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_');
            if !good {
                self.error(key.span(), "this is no name of a variable");
            } else if let Some(text) = self.string(value, name) {
                env.insert(name.to_owned(), text);
            }
        }
    }

    fn rate(&mut self, value: &Value<'_>) -> Option<Rate> {
        let text = self.string(value, "refusals")?;
        let rate = text.split_once(" in ").and_then(|(count, within)| {
            Some(Rate {
                count: count.trim().parse().ok().filter(|count| *count > 0)?,
                within: parse_duration(within.trim()).ok()?,
            })
        });
        if rate.is_none() {
            self.error(value.span(), "`refusals` is written like \"5 in 10m\"");
        }
        rate
    }

    fn duration(&mut self, value: &Value<'_>, name: &str) -> Option<Duration> {
        let text = self.string(value, name)?;
        match parse_duration(&text) {
            Ok(duration) => Some(duration),
            Err(error) => {
                self.error(value.span(), format!("`{name}`: {error}"));
                None
            }
        }
    }

    fn paths(&mut self, value: &Value<'_>, name: &str) -> Vec<PathPattern> {
        let mut patterns = Vec::new();
        for (text, span) in self.strings(value, name) {
            match PathPattern::parse(&text) {
                Ok(pattern) => patterns.push(pattern),
                Err(error) => self.error(span, error.to_string()),
            }
        }
        patterns
    }

    fn absolute(&mut self, value: &Value<'_>, name: &str) -> Option<PathBuf> {
        let text = self.string(value, name)?;
        if text.starts_with('/') {
            return Some(PathBuf::from(text));
        }
        self.error(value.span(), format!("`{name}` is an absolute path"));
        None
    }

    fn choice<T: Copy>(
        &mut self,
        value: &Value<'_>,
        name: &str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let text = self.string(value, name)?;
        let found = choices.iter().find(|(known, _)| *known == text);
        if let Some((_, choice)) = found {
            return Some(*choice);
        }
        let known: Vec<String> = choices
            .iter()
            .map(|(known, _)| format!("\"{known}\""))
            .collect();
        let message = format!("`{name}` is {}", known.join(" or "));
        self.error(value.span(), message);
        None
    }

    fn table<'t, 'i>(
        &mut self,
        table: &'t DeTable<'i>,
        name: &str,
        known: &[&str],
    ) -> Option<&'t DeTable<'i>> {
        let value = table.get(name)?;
        match value.get_ref() {
            DeValue::Table(inner) => {
                self.known_keys(inner, name, known);
                Some(inner)
            }
            other => {
                let message = format!("`{name}` is a table: [{name}], not {}", kind(other));
                self.error(value.span(), message);
                None
            }
        }
    }

    fn string(&mut self, value: &Value<'_>, name: &str) -> Option<String> {
        match value.get_ref() {
            DeValue::String(text) if text.contains('\0') => {
                self.error(value.span(), format!("`{name}` holds a NUL"));
                None
            }
            DeValue::String(text) => Some(text.to_string()),
            other => {
                let message = format!("`{name}` is text in quotes, not {}", kind(other));
                self.error(value.span(), message);
                None
            }
        }
    }

    fn boolean(&mut self, value: &Value<'_>, name: &str) -> Option<bool> {
        match value.get_ref() {
            DeValue::Boolean(value) => Some(*value),
            other => {
                let message = format!("`{name}` is true or false, not {}", kind(other));
                self.error(value.span(), message);
                None
            }
        }
    }

    fn integer(&mut self, value: &Value<'_>, name: &str, least: i64, most: i64) -> Option<i64> {
        let number = match value.get_ref() {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
            other => {
                let message = format!("`{name}` is a whole number, not {}", kind(other));
                self.error(value.span(), message);
                return None;
            }
        };
        let number = number.filter(|number| (least..=most).contains(number));
        if number.is_none() {
            let message = if most == i64::MAX {
                format!("`{name}` is a number from {least}")
            } else {
                format!("`{name}` is a number from {least} to {most}")
            };
            self.error(value.span(), message);
        }
        number
    }

    fn count(&mut self, value: &Value<'_>, name: &str) -> Option<u32> {
        self.integer(value, name, 0, i64::from(u32::MAX))
            .and_then(|number| u32::try_from(number).ok())
    }

    fn strings(&mut self, value: &Value<'_>, name: &str) -> Vec<(String, Range<usize>)> {
        let DeValue::Array(array) = value.get_ref() else {
            let message = format!(
                "`{name}` is a list of texts: [\"…\"], not {}",
                kind(value.get_ref())
            );
            self.error(value.span(), message);
            return Vec::new();
        };
        array
            .iter()
            .filter_map(|entry| Some((self.string(entry, name)?, entry.span())))
            .collect()
    }

    fn plain_strings(&mut self, value: &Value<'_>, name: &str) -> Vec<String> {
        self.strings(value, name)
            .into_iter()
            .map(|(text, _)| text)
            .collect()
    }
}

fn dotted(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// Keys can hold anything when quoted.
fn shown_key(name: &str) -> String {
    name.chars()
        .take(60)
        .flat_map(|c| {
            if c.is_control() {
                c.escape_default().collect::<Vec<_>>()
            } else {
                vec![c]
            }
        })
        .collect()
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// Plain HTTP is for this machine only.
fn is_loopback(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else {
        return false;
    };
    let host = rest.split('/').next().unwrap_or_default();
    ["127.0.0.1", "[::1]", "localhost"].iter().any(|name| {
        host.strip_prefix(name).is_some_and(|port| {
            port.is_empty()
                || port
                    .strip_prefix(':')
                    .is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()))
        })
    })
}
