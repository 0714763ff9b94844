//! Verdicts, and what a judgement says beside them.

use crate::action::Action;

/// What is to be done, from the mildest to the strictest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Runs.
    Allow,
    /// A person decides.
    Ask,
    /// Does not run.
    Deny,
}

impl Verdict {
    /// `allow`, `ask`, `deny`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}

/// The verdict on one action, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedAction {
    /// What would be done.
    pub action: Action,
    /// What is to be done about it.
    pub verdict: Verdict,
    /// The rule's id: the user's, `pack.NAME.RULE`, or `builtin.…`.
    pub rule: String,
    /// `FILE:LINE`, or `builtin`.
    pub source: String,
    /// Why, for people and agents.
    pub reason: String,
    /// What to do instead.
    pub suggest: Option<String>,
    /// The rule runs the project's own code.
    pub runs_project_code: bool,
}

/// The verdict on a submission: the strictest of its actions'.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The strictest.
    pub verdict: Verdict,
    /// In the order of the text.
    pub actions: Vec<JudgedAction>,
    /// How much is at stake.
    pub risk: Risk,
}

impl Judgement {
    /// The first action that has the submission's verdict: what a refusal names.
    pub fn deciding(&self) -> Option<&JudgedAction> {
        self.actions
            .iter()
            .find(|judged| judged.verdict == self.verdict)
    }
}

/// How much is at stake, always explained.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Risk {
    /// 0 to 100.
    pub score: u8,
    /// What adds to it.
    pub factors: Vec<RiskFactor>,
}

/// A named part of a risk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RiskFactor {
    /// Stable name: `destructive`, `privilege`, `network`, `unresolved`, …
    pub name: &'static str,
    /// How much it adds.
    pub points: u8,
    /// On what, in words.
    pub detail: String,
}

/// The bands that choose timeouts and quorum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Band {
    /// Under 25.
    Low,
    /// Under 50.
    Medium,
    /// Under 75.
    High,
    /// From 75.
    Critical,
}

impl Risk {
    /// The band of the score.
    pub fn band(&self) -> Band {
        match self.score {
            0..25 => Band::Low,
            25..50 => Band::Medium,
            50..75 => Band::High,
            75.. => Band::Critical,
        }
    }
}

impl Band {
    /// `low`, `medium`, `high`, `critical`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}
