//! A pair of terminals: the outer side is ours, the inner side is the shell's.

use crate::tty::{Mode, Size, set_size};
use nix::fcntl::OFlag;
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::path::{Path, PathBuf};

/// A new pty. Both descriptors are closed on exec; the master does not block.
#[derive(Debug)]
pub struct Pty {
    master: OwnedFd,
    terminal: OwnedFd,
    path: PathBuf,
}

impl Pty {
    /// Opens one of this size and mode. It becomes nobody's controlling terminal.
    pub fn open(size: Size, mode: Option<&Mode>) -> io::Result<Self> {
        let master = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let path = PathBuf::from(ptsname_r(&master)?);
        // By the master and not by path: what lies at the path may be another pty in another namespace.
        // SAFETY: `master` stays open for the call, and TIOCGPTPEER takes its flags by value.
        let raw = unsafe {
            libc::ioctl(
                master.as_raw_fd(),
                libc::TIOCGPTPEER,
                libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC,
            )
        };
        if raw < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel has just made `raw` for us and nobody else knows of it.
        let terminal = unsafe { OwnedFd::from_raw_fd(raw) };
        if let Some(mode) = mode {
            mode.set(terminal.as_fd())?;
        }
        set_size(terminal.as_fd(), size)?;
        let master: OwnedFd = master.into();
        crate::io::set_nonblocking(master.as_fd())?;
        Ok(Self {
            master,
            terminal,
            path,
        })
    }

    /// Our side: what programs print is read here, what is typed for them is written here.
    pub fn master(&self) -> std::os::fd::BorrowedFd<'_> {
        self.master.as_fd()
    }

    /// The programs' side.
    pub fn terminal(&self) -> std::os::fd::BorrowedFd<'_> {
        self.terminal.as_fd()
    }

    /// The path of the programs' side: `/dev/pts/N`.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{Got, Want, read_some, wait_ready, write_some};
    use crate::tty::take_back;

    #[test]
    fn what_nobody_read_is_taken_back_with_the_line_that_is_not_ended() {
        let pty = Pty::open(Size::FALLBACK, None).unwrap();
        write_some(pty.master(), b"one\ntwo").unwrap();
        // The line discipline works on its own; the echo shows that it has.
        let mut echoed = Vec::new();
        while !echoed.ends_with(b"two") {
            wait_ready(&[(pty.master(), Want::Read)], None).unwrap();
            let mut chunk = [0; 64];
            if let Got::Bytes(count) = read_some(pty.master(), &mut chunk).unwrap() {
                echoed.extend_from_slice(&chunk[..count]);
            }
        }
        assert_eq!(take_back(pty.terminal()).unwrap(), b"one\ntwo");
        assert_eq!(take_back(pty.terminal()).unwrap(), b"");
        assert!(Mode::of(pty.terminal()).unwrap().is_by_line());
    }
}
