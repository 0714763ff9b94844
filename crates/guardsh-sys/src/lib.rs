//! The system calls of guardsh: pty, termios, process groups, descriptors. The only place for `unsafe`.
#![expect(unsafe_code, reason = "this crate is where guardsh's system calls live")]

pub mod plain;

pub mod ancestry;
