//! The system calls of guardsh: pty, termios, process groups, descriptors. The only place for `unsafe`.
//!
//! What each function promises is about the kernel alone; what it is used for is the caller's. Nothing here
//! reads the configuration, the environment or the clock.
#![expect(unsafe_code, reason = "this crate is where the system is called")]

pub mod ancestry;
pub mod inherited;
pub mod io;
pub mod plain;
pub mod process;
pub mod pty;
pub mod signals;
pub mod spawn;
pub mod tty;

pub use nix::errno::Errno;
pub use nix::sys::signal::Signal;
pub use nix::unistd::Pid;
