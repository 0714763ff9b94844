//! From a syntax tree to a verdict: actions, rules, packs, reasons.
//!
//! Pure: no file, clock or environment is read here; what the world is like comes through [`World`].
#![forbid(unsafe_code)]

mod action;
mod actions;
mod programs;
mod testing;
mod verdict;
mod world;

pub use action::*;
pub use actions::{MAX_ACTIONS, MAX_STEPS, actions, analyse};
pub use testing::IdealWorld;
pub use verdict::*;
pub use world::*;
