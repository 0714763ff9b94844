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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Unknowns;

    fn errors(text: &str) -> Vec<String> {
        match Config::parse(text, "/etc/guardsh/guardsh.toml") {
            Ok(_) => Vec::new(),
            Err(errors) => errors
                .iter()
                .map(|error| format!("{}:{}: {}", error.line, error.column, error.message))
                .collect(),
        }
    }

    #[track_caller]
    fn assert_error(text: &str, wanted: &str) {
        let found = errors(&format!("version = 1\n{text}"));
        assert!(
            found.iter().any(|error| error.contains(wanted)),
            "{text}\n{found:?} does not hold {wanted:?}"
        );
    }

    #[test]
    fn everything_that_the_reference_names_is_read() {
        let text = r#"
version = 1
mode = "enforce"
[shell]
program = "/bin/bash"
env = { TMPDIR = "/tmp", A_1 = "" }
[agent]
name = "deploy-bot"
environment = "production"
[policy]
default = "deny"
unparsable = "deny"
packs = ["git-read"]
accept_project_code = true
trusted_path = ["/usr/bin"]
protect = ["**/*.pem", "~/notes/**"]
unprotect = ["./.env"]
[[rule]]
id = "k8s-read"
decision = "allow"
run = ["kubectl get **"]
exact = ["make 'all targets'"]
regex = ['cargo \w+']
read = ["~/x"]
write = ["./target/**"]
env = ["FOO", "BAR=b*"]
except = ["kubectl ** --raw **"]
reason = "read-only"
suggest = "kubectl get x"
risk = 40
matches = ["kubectl get pods"]
spares = ["kubectl delete pod x"]
dynamic = true
[approval]
url = "https://approve.example:8443"
token_file = "/etc/guardsh/host.token"
ca_file = "/etc/guardsh/ca.pem"
timeout = { low = "1m", critical = "1h30m" }
hold = "100s"
use_within = "10m"
denial_sticks = "30m"
[limits]
refusals = "7 in 20m"
asks_open = 2
asks_per_hour = 6
[audit]
path = "/var/log/guardsh/audit.jsonl"
sync = "always"
[feedback]
format = "json"
[startup]
accepted = ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
"#;
        let config = Config::parse(text, "f.toml").unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(config.shell.program, Some(PathBuf::from("/bin/bash")));
        assert_eq!(config.shell.env.len(), 2);
        assert_eq!(config.agent.environment.as_deref(), Some("production"));
        assert_eq!(config.policy.default, Verdict::Deny);
        assert_eq!(config.policy.unparsable, Verdict::Deny);
        assert_eq!(config.policy.packs, ["git-read"]);
        assert!(config.policy.accept_project_code);
        assert_eq!(config.policy.protect.len(), 2);
        assert_eq!(config.policy.unprotect.len(), 1);
        assert_eq!(config.approval.timeout.low, Duration::from_secs(60));
        assert_eq!(config.approval.timeout.medium, Duration::from_secs(300));
        assert_eq!(
            config.approval.timeout.of(Band::Critical),
            Duration::from_secs(5400)
        );
        assert_eq!(
            config.limits,
            LimitsConfig {
                refusals: Rate {
                    count: 7,
                    within: Duration::from_secs(1200)
                },
                asks_open: 2,
                asks_per_hour: 6,
            }
        );
        assert_eq!(config.audit.sync, AuditSync::Always);
        assert_eq!(config.feedback.format, Some(FeedbackFormat::Json));
        assert_eq!(config.startup.accepted[0], "a".repeat(64));
        let rule = &config.rules[0];
        assert_eq!(
            (rule.id.as_str(), rule.source.as_str()),
            ("k8s-read", "f.toml:18")
        );
        assert_eq!((rule.risk, rule.unknowns), (Some(40), Unknowns::All));
        assert_eq!(config.files[0].sha256.len(), 64);
    }

    #[test]
    fn an_unknown_key_is_named_with_its_place_and_the_nearest() {
        let text = "version = 1\n[policy]\ndefault = \"ask\"\n\nalow = 3\n";
        let errors = Config::parse(text, "/x/guardsh.toml").unwrap_err();
        assert_eq!(
            errors.to_string(),
            "/x/guardsh.toml:5:1: unknown key `alow` in [policy]; did you mean `allow`? A decision stands in a rule: \
             [[rule]] with decision = \"allow\"\n  5 | alow = 3\n    | ^^^^"
        );
        assert_error("[policy]\npack = []\n", "did you mean `packs`?");
        assert_error("[policy]\nhold = \"1s\"\n", "it belongs in [approval]");
        assert_error("[rules]\n", "did you mean `rule`?");
        assert_error(
            "[approval]\nquorum = 1\n",
            "`quorum` is not available in this version",
        );
        assert_error("mode = \"observe\"\n", "not available in this version");
        assert_error(
            "[[rule]]\nid = \"a\"\ndecision = \"ask\"\nrun = [\"x\"]\nonly = {}\n",
            "`only` is not available",
        );
        assert_error(
            "[[rule]]\nid = \"a\"\ndecision = \"allow\"\nrun = [\"x\"]\nneeds = []\n",
            "unknown key `needs`",
        );
        assert_error("\"a\\u001bb\" = 1\n", "unknown key `a\\u{1b}b`");
    }

    #[test]
    fn mistakes_in_rules_are_errors() {
        let rule = |more: &str| format!("[[rule]]\nid = \"a\"\ndecision = \"allow\"\n{more}\n");
        assert_error(&rule("run = [\"x 'y\"]"), "unclosed quote");
        assert_error(&rule("run = [\"\"]"), "the pattern is empty");
        assert_error(&rule("run = \"x\""), "`run` is a list of texts");
        assert_error(&rule("run = [1]"), "`run` is text in quotes, not a number");
        assert_error(&rule("regex = [\"(\"]"), "the expression does not compile");
        assert_error(&rule("write = [\"target/**\"]"), "perhaps `**/target/**`");
        assert_error(&rule("write = [\"~bob/x\"]"), "another user's home");
        assert_error(&rule("write = [\"/a/../b\"]"), "`..` never matches");
        assert_error(&rule("risk = 101\nrun = [\"x\"]"), "from 0 to 100");
        assert_error(
            &rule("dynamic = 1\nrun = [\"x\"]"),
            "`dynamic` is true, false or \"globs\"",
        );
        assert_error(&rule(""), "the rule matches nothing");
        assert_error(
            "[[rule]]\nid = \"a\"\ndecision = \"deny\"\nrun = [\"x\"]\n",
            "needs a `reason`",
        );
        assert_error(
            "[[rule]]\ndecision = \"ask\"\nrun = [\"x\"]\n",
            "has no `id`",
        );
        assert_error("[[rule]]\nid = \"a\"\nrun = [\"x\"]\n", "has no `decision`");
        assert_error(
            "[[rule]]\nid = \"pack.a\"\ndecision = \"ask\"\nrun = [\"x\"]\n",
            "guardsh's own",
        );
        assert_error(
            "[[rule]]\nid = \"a b\"\ndecision = \"ask\"\nrun = [\"x\"]\n",
            "letters, digits",
        );
        assert_error("[rule]\nid = \"a\"\n", "[[rule]], with two brackets");
        assert_error(
            &format!("{}{}", rule("run = [\"x\"]"), rule("run = [\"y\"]")),
            "is taken by the rule at /etc/guardsh/guardsh.toml:2",
        );
        let twin = rule("run = [\"x **\"]").replace("\"a\"", "\"b\"");
        assert_error(
            &format!("{}{twin}", rule("run = [\"x **\"]")),
            "stands in the rule `a` already",
        );
    }

    #[test]
    fn mistakes_in_settings_are_errors() {
        assert_eq!(
            errors("[policy]\n")[0],
            "1:1: `version = 1` is missing; it says which form of configuration this is"
        );
        assert_eq!(
            errors("version = 2\n")[0],
            "1:11: this guardsh reads `version = 1` only"
        );
        assert_error(
            "[policy]\ndefault = \"allow\"\n",
            "`default` is \"ask\" or \"deny\"",
        );
        assert_error(
            "[policy]\npacks = [\"readonli\"]\n",
            "unknown pack `readonli`; did you mean `readonly`?",
        );
        assert_error(
            "[policy]\npacks = [\"readonly\", \"readonly\"]\n",
            "named twice",
        );
        assert_error("[policy]\ntrusted_path = [\"bin\"]\n", "begins with `/`");
        assert_error("[approval]\nhold = \"soon\"\n", "no length of time");
        assert_error(
            "[approval]\nurl = \"http://approve.example\"\n",
            "begins with https://",
        );
        assert_error(
            "[approval]\nurl = \"http://localhost.evil.example\"\n",
            "begins with https://",
        );
        assert_error("[limits]\nrefusals = \"5\"\n", "like \"5 in 10m\"");
        assert_error(
            "[shell]\nenv = { \"A B\" = \"x\" }\n",
            "no name of a variable",
        );
        assert_error("[startup]\naccepted = [\"x\"]\n", "64 hexadecimal digits");
        assert_error("policy = 1\n", "`policy` is a table");
        assert_error("[policy\n", "");
    }

    #[test]
    fn several_mistakes_are_told_at_once() {
        let found =
            errors("version = 1\nfoo = 1\n[policy]\ndefault = 2\n[audit]\nsync = \"never\"\n");
        assert_eq!(found.len(), 3, "{found:?}");
        let broken = errors("version = 1\na = \nb = ]\n");
        assert!(broken.len() >= 2, "{broken:?}");
    }

    #[test]
    fn a_users_file_may_only_tighten() {
        let system = || {
            Config::parse("version = 1\n[limits]\nasks_open = 2\n[[rule]]\nid = \"s\"\ndecision = \"allow\"\nrun = [\"x\"]\n", "sys").unwrap()
        };
        let user = |text: &str| Config::parse(&format!("version = 1\n{text}"), "user").unwrap();
        let good = system()
            .tightened_by(user("[policy]\ndefault = \"deny\"\nprotect = [\"**/x\"]\n[limits]\nasks_open = 1\n[[rule]]\nid = \"u\"\ndecision = \"ask\"\nrun = [\"x\"]\n"))
            .unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(good.policy.default, Verdict::Deny);
        assert_eq!(good.limits.asks_open, 1);
        assert_eq!(good.rules.len(), 2);
        assert_eq!(good.files.len(), 2);
        for (text, wanted) in [
            (
                "[policy]\nunprotect = [\"**/x\"]\n",
                "user:3:1: `policy.unprotect` may only stand",
            ),
            ("[policy]\npacks = []\n", "`policy.packs` may only stand"),
            ("[shell]\nprogram = \"/bin/sh\"\n", "`shell` may only stand"),
            (
                "[approval]\nurl = \"https://x\"\n",
                "`approval` may only stand",
            ),
            ("[limits]\nasks_open = 3\n", "`limits.asks_open` is weaker"),
            (
                "[limits]\nrefusals = \"5 in 1m\"\n",
                "`limits.refusals` is weaker",
            ),
            (
                "[[rule]]\nid = \"u\"\ndecision = \"allow\"\nrun = [\"x\"]\n",
                "user:3:6: the rule `u` allows",
            ),
            (
                "[[rule]]\nid = \"s\"\ndecision = \"ask\"\nrun = [\"x\"]\n",
                "has a rule `s` already",
            ),
        ] {
            let errors = system().tightened_by(user(text)).unwrap_err().to_string();
            assert!(errors.contains(wanted), "{text}: {errors}");
        }
        let strict = Config::parse("version = 1\n[policy]\ndefault = \"deny\"\n", "sys").unwrap();
        let errors = strict
            .tightened_by(user("[policy]\ndefault = \"ask\"\n"))
            .unwrap_err();
        assert!(errors.to_string().contains("`policy.default` is weaker"));
    }
}
