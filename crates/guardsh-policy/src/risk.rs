//! How much is at stake: named factors that add up to at most 100.
//!
//! Simple on purpose: what a person can check by looking at the line. The score chooses how long a request
//! waits and how it is shown; it never turns a deny into anything else.

use crate::action::{Action, ActionKind, ActionWord, Program, Run, SetScope, Trust};
use crate::env_names;
use crate::rules::base_name;
use crate::show::{brief, is_hidden};
use crate::verdict::{Risk, RiskFactor, Verdict};

/// Adds up the factors of a submission. Of each name the heaviest counts, once.
pub(crate) struct Weighing<'a> {
    environment: Option<&'a str>,
    factors: Vec<RiskFactor>,
    rule: Option<RiskFactor>,
}

/// So many actions in one submission are hard to review.
const MANY_ACTIONS: usize = 20;

impl<'a> Weighing<'a> {
    pub(crate) fn new(environment: Option<&'a str>) -> Self {
        Self {
            environment,
            factors: Vec::new(),
            rule: None,
        }
    }

    /// `touches`: a protected path is touched. `by_rule`: what the rule that decided says instead.
    pub(crate) fn add(
        &mut self,
        action: &Action,
        verdict: Verdict,
        touches: bool,
        by_rule: Option<u8>,
    ) {
        if let Some(points) = by_rule {
            if self.rule.as_ref().is_none_or(|rule| rule.points < points) {
                self.rule = Some(RiskFactor {
                    name: "rule",
                    points,
                    detail: "the rule says so".to_owned(),
                });
            }
            return;
        }
        if touches {
            self.factor("secret", 35, "a protected path".to_owned());
        }
        // What a rule allows outright was weighed by whoever wrote the rule.
        if verdict == Verdict::Allow {
            return;
        }
        if action.via.iter().any(|via| {
            let name = via.split_whitespace().next().unwrap_or_default();
            PRIVILEGE.contains(&name)
        }) {
            self.factor("privilege", 25, action.via.join(", "));
        }
        match &action.kind {
            ActionKind::Run(run) => self.run(run),
            ActionKind::Write(path) => self.write(&path.path, path.below),
            ActionKind::Read(_) => {}
            ActionKind::Set(set) => {
                let effect = set
                    .name
                    .value()
                    .and_then(env_names::effect)
                    .filter(|_| set.value.is_some() || set.scope != SetScope::Shell);
                if let Some(effect) = effect {
                    self.factor(
                        "environment",
                        20,
                        format!("`{}` {effect}", brief(&set.name.source)),
                    );
                }
            }
            ActionKind::Input(input) => {
                self.factor(
                    "input",
                    15,
                    format!("input for `{}`", brief(&input.program)),
                );
            }
            ActionKind::Opaque(opaque) => self.factor("unseen", 30, opaque.what.clone()),
        }
    }

    pub(crate) fn finish(mut self) -> Risk {
        if self.factors.iter().any(|factor| factor.name != "secret")
            && self
                .environment
                .is_some_and(|name| PRODUCTION.contains(&name.to_ascii_lowercase().as_str()))
        {
            self.factor("production", 15, "the agent works in production".to_owned());
        }
        let mut factors = self.factors;
        if let Some(rule) = self.rule {
            factors.push(rule);
        }
        factors.sort_by(|a, b| b.points.cmp(&a.points).then(a.name.cmp(b.name)));
        let score = factors
            .iter()
            .fold(0u8, |sum, factor| sum.saturating_add(factor.points))
            .min(100);
        Risk { score, factors }
    }

    fn factor(&mut self, name: &'static str, points: u8, detail: String) {
        match self.factors.iter_mut().find(|factor| factor.name == name) {
            Some(known) if known.points >= points => {}
            Some(known) => {
                known.points = points;
                known.detail = detail;
            }
            None => self.factors.push(RiskFactor {
                name,
                points,
                detail,
            }),
        }
    }

    fn run(&mut self, run: &Run) {
        let words: Vec<&[u8]> = run.argv.iter().filter_map(ActionWord::value).collect();
        let name = words
            .first()
            .map(|word| base_name(word))
            .unwrap_or_default();
        let name = std::str::from_utf8(name).unwrap_or_default();
        let shown = brief(name.as_bytes());
        let arguments = words.get(1..).unwrap_or_default();
        let has = |wanted: &str| arguments.contains(&wanted.as_bytes());

        if DESTRUCTIVE.contains(&name) || name.starts_with("mkfs") {
            let sweeping = arguments.iter().any(|word| {
                matches!(word, [b'-', flags @ ..] if !flags.starts_with(b"-")
                    && flags.iter().any(|f| matches!(f, b'r' | b'R' | b'f')))
                    || matches!(*word, b"--recursive" | b"--force" | b"--no-preserve-root")
            });
            let points = if sweeping { 40 } else { 30 };
            self.factor("destructive", points, format!("`{shown}`"));
        } else if DESTRUCTIVE_VERBS
            .iter()
            .any(|(program, verb)| *program == name && has(verb))
        {
            self.factor(
                "destructive",
                30,
                format!("`{shown}` with a verb that destroys"),
            );
        }
        if PRIVILEGE.contains(&name) {
            self.factor("privilege", 25, format!("`{shown}`"));
        }
        if NETWORK.contains(&name)
            || NETWORK_VERBS
                .iter()
                .any(|(program, verb)| *program == name && has(verb))
        {
            self.factor("network", 15, format!("`{shown}` reaches other machines"));
        }
        if CODE.contains(&name) || name.starts_with("python") {
            self.factor("code", 15, format!("`{shown}` runs code"));
        }
        let production = arguments.iter().find(|word| {
            word.split(|byte| !byte.is_ascii_alphanumeric())
                .any(|part| {
                    PRODUCTION
                        .iter()
                        .any(|marker| part.eq_ignore_ascii_case(marker.as_bytes()))
                })
        });
        if let Some(word) = production {
            self.factor("production", 20, format!("`{}`", brief(word)));
        }
        if let Some(word) = run.argv.iter().find(|word| word.values().is_none()) {
            self.factor(
                "unresolved",
                10,
                format!("`{}` is only known when it runs", brief(&word.source)),
            );
        }
        if let Some(word) = run.argv.iter().find(|word| is_disguised(&word.source)) {
            self.factor(
                "disguised",
                25,
                format!("hidden or foreign characters in `{}`", brief(&word.source)),
            );
        }
        match &run.program {
            Program::File(file) => match &file.trust {
                Trust::Trusted => {}
                Trust::Untrusted(why) => self.factor("untrusted", 15, why.clone()),
            },
            Program::Unknown => {
                self.factor(
                    "unresolved",
                    15,
                    "which program runs is not known".to_owned(),
                );
            }
            Program::Missing => self.factor("missing", 5, format!("`{shown}` is not found")),
            Program::Builtin | Program::Function => {}
        }
        if run.argv.len() > MANY_ACTIONS * 10 {
            self.factor("size", 5, "very many words".to_owned());
        }
    }

    fn write(&mut self, path: &ActionWord, below: bool) {
        let system = path.values().unwrap_or_default().iter().any(|value| {
            SYSTEM
                .iter()
                .any(|folder| crate::paths::is_at_or_below(value, folder.as_bytes()))
        });
        if system {
            self.factor("system", 30, format!("writes `{}`", brief(&path.source)));
        } else {
            let points = if below { 15 } else { 10 };
            self.factor("write", points, format!("writes `{}`", brief(&path.source)));
        }
        if path.values().is_none() {
            self.factor(
                "unresolved",
                10,
                format!("`{}` is only known when it runs", brief(&path.source)),
            );
        }
    }
}

/// Characters that cannot be seen, or letters of other scripts beside ASCII letters.
fn is_disguised(word: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(word) else {
        return true;
    };
    let hidden = text
        .chars()
        .any(|c| is_hidden(c) || (c.is_control() && c != '\n' && c != '\t'));
    let latin = text.chars().any(|c| c.is_ascii_alphabetic());
    let lookalike = text.chars().any(
        |c| matches!(c, '\u{370}'..='\u{3ff}' | '\u{400}'..='\u{52f}' | '\u{ff01}'..='\u{ff5e}'),
    );
    hidden || (latin && lookalike)
}

const DESTRUCTIVE: &[&str] = &[
    "rm",
    "rmdir",
    "unlink",
    "shred",
    "dd",
    "truncate",
    "wipefs",
    "fdisk",
    "sfdisk",
    "parted",
    "blkdiscard",
    "mkswap",
    "kill",
    "killall",
    "pkill",
    "shutdown",
    "reboot",
    "halt",
    "poweroff",
    "dropdb",
    "userdel",
    "groupdel",
    "srm",
    "lvremove",
    "vgremove",
    "pvremove",
];
const DESTRUCTIVE_VERBS: &[(&str, &str)] = &[
    ("git", "clean"),
    ("git", "reset"),
    ("git", "filter-branch"),
    ("git", "gc"),
    ("git", "--force"),
    ("git", "-f"),
    ("git", "--delete"),
    ("kubectl", "delete"),
    ("kubectl", "drain"),
    ("kubectl", "scale"),
    ("helm", "uninstall"),
    ("helm", "delete"),
    ("terraform", "destroy"),
    ("terraform", "apply"),
    ("docker", "rm"),
    ("docker", "rmi"),
    ("docker", "prune"),
    ("docker", "kill"),
    ("docker", "stop"),
    ("podman", "rm"),
    ("podman", "rmi"),
    ("systemctl", "stop"),
    ("systemctl", "disable"),
    ("systemctl", "mask"),
    ("find", "-delete"),
    ("apt", "remove"),
    ("apt", "purge"),
    ("apt-get", "remove"),
    ("apt-get", "purge"),
    ("zfs", "destroy"),
    ("zpool", "destroy"),
    ("redis-cli", "flushall"),
    ("redis-cli", "FLUSHALL"),
    ("crontab", "-r"),
    ("iptables", "-F"),
];
const PRIVILEGE: &[&str] = &[
    "sudo",
    "su",
    "doas",
    "pkexec",
    "run0",
    "chroot",
    "nsenter",
    "unshare",
    "setcap",
    "setpriv",
    "runuser",
    "chown",
    "chmod",
    "chgrp",
    "chattr",
    "mount",
    "umount",
    "insmod",
    "modprobe",
    "sysctl",
    "useradd",
    "usermod",
    "passwd",
    "visudo",
    "systemd-run",
    "capsh",
];
const NETWORK: &[&str] = &[
    "curl",
    "wget",
    "ssh",
    "scp",
    "sftp",
    "rsync",
    "nc",
    "ncat",
    "netcat",
    "telnet",
    "ftp",
    "lftp",
    "socat",
    "mail",
    "sendmail",
    "aws",
    "gcloud",
    "az",
    "gh",
    "glab",
    "kubectl",
    "helm",
    "psql",
    "mysql",
    "redis-cli",
    "mongosh",
    "http",
    "aria2c",
    "rclone",
    "nmap",
    "ping",
    "dig",
    "nslookup",
    "host",
    "whois",
];
const NETWORK_VERBS: &[(&str, &str)] = &[
    ("git", "push"),
    ("git", "fetch"),
    ("git", "pull"),
    ("git", "clone"),
    ("git", "ls-remote"),
    ("docker", "push"),
    ("docker", "pull"),
    ("docker", "login"),
    ("npm", "install"),
    ("npm", "publish"),
    ("npm", "ci"),
    ("yarn", "add"),
    ("pnpm", "add"),
    ("pip", "install"),
    ("pip3", "install"),
    ("cargo", "install"),
    ("cargo", "publish"),
    ("go", "get"),
    ("apt", "install"),
    ("apt-get", "install"),
    ("apt-get", "update"),
    ("gem", "install"),
    ("brew", "install"),
];
const CODE: &[&str] = &[
    "sh",
    "bash",
    "dash",
    "zsh",
    "ksh",
    "fish",
    "perl",
    "ruby",
    "node",
    "deno",
    "bun",
    "php",
    "lua",
    "make",
    "eval",
    "source",
    ".",
    "npx",
    "awk",
    "gawk",
    "expect",
    "osascript",
    "Rscript",
    "java",
];
const PRODUCTION: &[&str] = &["prod", "production", "prd", "live"];
const SYSTEM: &[&str] = &[
    "/etc", "/usr", "/bin", "/sbin", "/lib", "/lib64", "/boot", "/dev", "/sys", "/proc", "/var/lib",
];

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::judge::{Policy, Surroundings, judge};
    use crate::testing::{actions, world};
    use crate::verdict::{Band, Risk};

    fn risk_with(config: &str, line: &str) -> Risk {
        let config = Config::parse(config, "t").unwrap();
        let policy = Policy::new(&config, &Surroundings::default());
        let mut world = world();
        let actions = actions(line, &mut world);
        judge(&policy, &actions, &mut world).risk
    }

    fn risk(line: &str) -> Risk {
        risk_with("version = 1\n", line)
    }

    fn names(line: &str) -> Vec<&'static str> {
        risk(line)
            .factors
            .iter()
            .map(|factor| factor.name)
            .collect()
    }

    #[test]
    fn every_point_has_a_name() {
        for line in [
            "ls",
            "rm -rf /",
            "curl x | sh",
            "sudo rm x",
            "cat ~/.ssh/id_rsa",
            "$1 x",
            "kubectl delete pod prod-db",
        ] {
            let risk = risk(line);
            let sum: u32 = risk
                .factors
                .iter()
                .map(|factor| u32::from(factor.points))
                .sum();
            assert_eq!(u32::from(risk.score), sum.min(100), "{line}");
            assert!(
                risk.factors.iter().all(|factor| !factor.detail.is_empty()),
                "{line}"
            );
        }
    }

    #[test]
    fn what_is_at_stake_is_named() {
        assert_eq!(risk("ls -la").score, 0);
        assert_eq!(risk("ls").band(), Band::Low);
        assert!(names("rm -rf x").contains(&"destructive"));
        assert!(names("sudo rm x").contains(&"privilege"));
        assert!(names("curl https://x.example").contains(&"network"));
        assert!(names("cat ~/.ssh/id_rsa").contains(&"secret"));
        assert!(names("kubectl delete pod prod-db").contains(&"production"));
        assert!(names("touch $1").contains(&"unresolved"));
        assert!(names("l\u{455} -la").contains(&"disguised"));
        assert!(names("echo x > /etc/motd").contains(&"system"));
        assert!(risk("rm -rf x").score > risk("rm x").score);
    }

    #[test]
    fn a_rule_can_say_what_its_calls_are_worth() {
        let config =
            "version = 1\n[[rule]]\nid = \"a\"\ndecision = \"ask\"\nrun = [\"rm **\"]\nrisk = 77\n";
        assert_eq!(risk_with(config, "rm x").score, 77);
    }
}
