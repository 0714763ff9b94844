//! The system calls of guardsh: pty, termios, process groups, descriptors. The only place for `unsafe`.

pub mod ancestry;
