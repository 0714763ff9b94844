//! From a syntax tree to a verdict: actions, rules, packs, reasons.
//!
//! Pure: no file, clock or environment is read here; what the world is like comes through [`World`].
#![forbid(unsafe_code)]

mod action;
mod config;
mod env_names;
mod judge;
mod options;
mod packs;
mod paths;
mod pattern;
mod protect;
mod prove;
mod record;
mod recursive;
mod risk;
mod rules;
mod show;
mod actions;
mod ideal;
mod programs;
#[cfg(test)]
mod testing;
mod verdict;
mod world;

pub use action::*;
pub use config::{
    AgentConfig, ApprovalConfig, AuditConfig, AuditSync, BadDuration, Config, ConfigError,
    ConfigErrors, ConfigFile, FeedbackConfig, FeedbackFormat, LimitsConfig, PolicyConfig, Rate,
    ShellConfig, StartupConfig, Timeouts, parse_duration,
};
pub use judge::{OwnProgram, Policy, Surroundings, judge};
pub use packs::{Pack, packs};
pub use paths::{PathPattern, PathPatternError};
pub use pattern::{Match, PatternError, RunPattern, Unknowns};
pub use protect::builtin_protected;
pub use prove::{Finding, Problem, Proof, ProvingWorld, prove};
pub use record::record;
pub use rules::{EnvPattern, Except, RegexPattern, Rule};
pub use actions::{MAX_ACTIONS, MAX_STEPS, actions, analyse};
pub use ideal::IdealWorld;
pub use verdict::*;
pub use world::*;
