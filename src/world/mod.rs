//! The world as the shell will find it: answers for [`guardsh_policy::World`].
//!
//! [`DoorWorld`] answers for a shell that has not started yet, from the environment at the door. What a live
//! shell answers for itself is the session's.

mod door;
mod files;
mod git;

pub(crate) use door::{DoorWorld, ShellKind, Snapshot, Started, home_of};
pub(crate) use files::{
    Found, file_facts, find_program, is_fixed, is_folder, is_guard, read_file, real_path,
};
pub(crate) use git::git_facts;
