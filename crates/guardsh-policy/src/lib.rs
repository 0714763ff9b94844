//! From a syntax tree to a verdict: actions, rules, packs, reasons.
//!
//! Pure: no file, clock or environment is read here; what the world is like comes through [`World`].
#![forbid(unsafe_code)]

mod action;
mod actions;
mod config;
mod env_names;
mod ideal;
mod judge;
mod options;
mod packs;
mod paths;
mod pattern;
mod programs;
mod protect;
mod prove;
mod record;
mod risk;
mod rules;
mod show;
#[cfg(test)]
mod testing;
mod verdict;
mod world;

pub use action::*;
pub use actions::{MAX_ACTIONS, MAX_STEPS, actions, analyse};
pub use config::{
    AgentConfig, ApprovalConfig, AuditConfig, AuditSync, BadDuration, Config, ConfigError,
    ConfigErrors, ConfigFile, FeedbackConfig, FeedbackFormat, LimitsConfig, PolicyConfig, Rate,
    ShellConfig, StartupConfig, Timeouts, parse_duration,
};
pub use ideal::IdealWorld;
pub use judge::{OwnProgram, Policy, Surroundings, judge};
pub use packs::{Pack, packs};
pub use paths::{PathPattern, PathPatternError};
pub use pattern::{Match, PatternError, RunPattern, Unknowns};
pub use protect::builtin_protected;
pub use prove::{Finding, Problem, Proof, ProvingWorld, prove};
pub use record::record;
pub use rules::{EnvPattern, Except, RegexPattern, Rule};
pub use verdict::*;
pub use world::*;
