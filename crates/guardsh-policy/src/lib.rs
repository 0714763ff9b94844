//! From a syntax tree to a verdict: actions, rules, packs, reasons.
//!
//! Pure: no file, clock or environment is read here; what the world is like comes through [`World`].
#![forbid(unsafe_code)]

mod action;
mod paths;
mod pattern;
mod protect;
mod verdict;
mod world;

pub use action::*;
pub use paths::{PathPattern, PathPatternError};
pub use pattern::{Match, PatternError, RunPattern, Unknowns};
pub use protect::builtin_protected;
pub use verdict::*;
pub use world::*;
