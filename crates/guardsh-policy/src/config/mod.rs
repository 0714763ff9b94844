//! Configuration: text to settings and rules.
//!
//! [`Config::parse`] reads one file; [`Config::tightened_by`] lays a user's file over the system's.
//! Everything that could be a mistake is an error with its place: unknown keys, wrong types, duplicate ids,
//! patterns that cannot match. Finding, reading and trusting files is the caller's.

mod duration;
mod error;
mod read;

pub use duration::{BadDuration, parse_duration};
pub use error::{ConfigError, ConfigErrors};
pub(crate) use read::{hexadecimal, read_rules};

use crate::paths::PathPattern;
use crate::rules::Rule;
use crate::verdict::{Band, Verdict};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Settings and rules, from the built-in defaults or from files.
#[derive(Clone, Debug)]
pub struct Config {
    /// `[shell]`
    pub shell: ShellConfig,
    /// `[agent]`
    pub agent: AgentConfig,
    /// `[policy]`
    pub policy: PolicyConfig,
    /// `[[rule]]`, in file order.
    pub rules: Vec<Rule>,
    /// `[approval]`
    pub approval: ApprovalConfig,
    /// `[limits]`
    pub limits: LimitsConfig,
    /// `[audit]`
    pub audit: AuditConfig,
    /// `[feedback]`
    pub feedback: FeedbackConfig,
    /// `[startup]`
    pub startup: StartupConfig,
    /// The files it was read from, as shown, with the sha256 of their bytes in hexadecimal.
    pub files: Vec<ConfigFile>,
    /// Where each key that was given stands, by its dotted name.
    given: BTreeMap<String, ConfigError>,
}

/// A file that a configuration was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFile {
    /// As it is shown.
    pub name: String,
    /// sha256 of its bytes, hexadecimal.
    pub sha256: String,
}

/// `[shell]`: the real shell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShellConfig {
    /// The shell to guard; `None`: the user database's.
    pub program: Option<PathBuf>,
    /// Set for the session.
    pub env: BTreeMap<String, String>,
}

/// `[agent]`: shown to reviewers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentConfig {
    /// A name.
    pub name: Option<String>,
    /// Such as `production`.
    pub environment: Option<String>,
}

/// `[policy]`: what decides beside the rules.
#[derive(Clone, Debug)]
pub struct PolicyConfig {
    /// What no rule covers: ask or deny.
    pub default: Verdict,
    /// What cannot be read: ask or deny.
    pub unparsable: Verdict,
    /// The packs in use.
    pub packs: Vec<String>,
    /// Whether packs may run the project's own code.
    pub accept_project_code: bool,
    /// Where a bare program name may live.
    pub trusted_path: Vec<PathBuf>,
    /// Added to the built-in list.
    pub protect: Vec<PathPattern>,
    /// Taken off that list.
    pub unprotect: Vec<PathPattern>,
}

/// `[approval]`: how people are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalConfig {
    /// The service; `None`: the local service's socket, if one runs.
    pub url: Option<String>,
    /// The host's token.
    pub token_file: Option<PathBuf>,
    /// Certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// How long a request may stay open, by risk.
    pub timeout: Timeouts,
    /// How long a submission blocks before its outcome is "pending".
    pub hold: Duration,
    /// How long an approval can be claimed.
    pub use_within: Duration,
    /// How long a denial is repeated without asking.
    pub denial_sticks: Duration,
}

/// One length of time for each band of risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Of [`Band::Low`].
    pub low: Duration,
    /// Of [`Band::Medium`].
    pub medium: Duration,
    /// Of [`Band::High`].
    pub high: Duration,
    /// Of [`Band::Critical`].
    pub critical: Duration,
}

impl Timeouts {
    /// The same for every band.
    pub fn all(duration: Duration) -> Self {
        Self {
            low: duration,
            medium: duration,
            high: duration,
            critical: duration,
        }
    }

    /// That of a band.
    pub fn of(&self, band: Band) -> Duration {
        match band {
            Band::Low => self.low,
            Band::Medium => self.medium,
            Band::High => self.high,
            Band::Critical => self.critical,
        }
    }
}

/// `[limits]`: against floods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitsConfig {
    /// So many denials in so long lock the session.
    pub refusals: Rate,
    /// Requests that may be open at once.
    pub asks_open: u32,
    /// Requests in an hour.
    pub asks_per_hour: u32,
}

/// `5 in 10m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// In how long.
    pub within: Duration,
}

/// `[audit]`: the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditConfig {
    /// Where; `None`: the user's state folder.
    pub path: Option<PathBuf>,
    /// Which records reach the disk before the run.
    pub sync: AuditSync,
}

/// Which records reach the disk before the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuditSync {
    /// Those that a person answered.
    #[default]
    Approved,
    /// All.
    Always,
}

/// `[feedback]`: how refusals are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeedbackConfig {
    /// Text or JSON; `None`: text, or what `GUARDSH_FEEDBACK` says.
    pub format: Option<FeedbackFormat>,
}

/// How refusals are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedbackFormat {
    /// For people.
    Text,
    /// One object a line.
    Json,
}

/// `[startup]`: which of the user's start-up files may run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StartupConfig {
    /// sha256 of each, hexadecimal.
    pub accepted: Vec<String>,
}

impl Default for Config {
    /// The built-in defaults: everything asks but what the packs `readonly` and `git-read` allow.
    fn default() -> Self {
        Self {
            shell: ShellConfig::default(),
            agent: AgentConfig::default(),
            policy: PolicyConfig {
                default: Verdict::Ask,
                unparsable: Verdict::Ask,
                packs: vec!["readonly".to_owned(), "git-read".to_owned()],
                accept_project_code: false,
                trusted_path: ["/usr/bin", "/bin", "/usr/local/bin"]
                    .into_iter()
                    .map(PathBuf::from)
                    .collect(),
                protect: Vec::new(),
                unprotect: Vec::new(),
            },
            rules: Vec::new(),
            approval: ApprovalConfig {
                url: None,
                token_file: None,
                ca_file: None,
                timeout: Timeouts::all(Duration::from_secs(5 * 60)),
                hold: Duration::from_secs(100),
                use_within: Duration::from_secs(10 * 60),
                denial_sticks: Duration::from_secs(30 * 60),
            },
            limits: LimitsConfig {
                refusals: Rate {
                    count: 5,
                    within: Duration::from_secs(10 * 60),
                },
                asks_open: 3,
                asks_per_hour: 60,
            },
            audit: AuditConfig::default(),
            feedback: FeedbackConfig::default(),
            startup: StartupConfig::default(),
            files: Vec::new(),
            given: BTreeMap::new(),
        }
    }
}

impl Config {
    /// Reads a configuration file. `file` is its name as it is shown in errors and as the source of rules.
    pub fn parse(text: &str, file: &str) -> Result<Self, ConfigErrors> {
        read::parse(text, file)
    }

    /// Lays a user's file over this one, the system's. It may only tighten: deny and ask rules, `protect`,
    /// a stricter `default` or `unparsable`, lower limits, and the form of feedback.
    pub fn tightened_by(mut self, user: Self) -> Result<Self, ConfigErrors> {
        let mut errors = Vec::new();
        let mut refuse = |place: &ConfigError, message: String| {
            errors.push(ConfigError {
                message,
                ..place.clone()
            });
        };
        for (key, place) in &user.given {
            let allowed = match key.as_str() {
                "version" | "mode" | "policy" | "policy.protect" | "limits" | "feedback"
                | "feedback.format" => true,
                "policy.default" => user.policy.default >= self.policy.default,
                "policy.unparsable" => user.policy.unparsable >= self.policy.unparsable,
                "limits.refusals" => {
                    user.limits.refusals.count <= self.limits.refusals.count
                        && user.limits.refusals.within >= self.limits.refusals.within
                }
                "limits.asks_open" => user.limits.asks_open <= self.limits.asks_open,
                "limits.asks_per_hour" => user.limits.asks_per_hour <= self.limits.asks_per_hour,
                // Each rule is looked at below.
                key if key == "rule" || key.starts_with("rule.") => true,
                _ => false,
            };
            if !allowed {
                let why = match key.as_str() {
                    "policy.default"
                    | "policy.unparsable"
                    | "limits.refusals"
                    | "limits.asks_open"
                    | "limits.asks_per_hour" => "is weaker than the system's",
                    _ => "may only stand in the system's configuration",
                };
                refuse(
                    place,
                    format!(
                        "`{key}` {why}: where /etc/guardsh/guardsh.toml exists, a user's file can only tighten"
                    ),
                );
            }
        }
        for rule in &user.rules {
            let place = user.given.get(&format!("rule.{}", rule.id));
            let Some(place) = place else { continue };
            if rule.decision == Verdict::Allow {
                refuse(
                    place,
                    format!(
                        "the rule `{}` allows: where /etc/guardsh/guardsh.toml exists, a user's file may only deny and ask",
                        rule.id
                    ),
                );
            }
            if self.rules.iter().any(|known| known.id == rule.id) {
                refuse(
                    place,
                    format!(
                        "the system's configuration has a rule `{}` already",
                        rule.id
                    ),
                );
            }
        }
        if let Some(errors) = ConfigErrors::new(errors) {
            return Err(errors);
        }
        if user.given.contains_key("policy.default") {
            self.policy.default = user.policy.default;
        }
        if user.given.contains_key("policy.unparsable") {
            self.policy.unparsable = user.policy.unparsable;
        }
        if user.given.contains_key("limits.refusals") {
            self.limits.refusals = user.limits.refusals;
        }
        if user.given.contains_key("limits.asks_open") {
            self.limits.asks_open = user.limits.asks_open;
        }
        if user.given.contains_key("limits.asks_per_hour") {
            self.limits.asks_per_hour = user.limits.asks_per_hour;
        }
        if user.feedback.format.is_some() {
            self.feedback = user.feedback;
        }
        self.policy.protect.extend(user.policy.protect);
        self.rules.extend(user.rules);
        self.files.extend(user.files);
        self.given.extend(user.given);
        Ok(self)
    }
}
