//! Signals as bytes to be read: nothing of ours runs inside a handler.

use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// Signals that are blocked and read from a descriptor instead.
///
/// Made before any thread is: a thread started earlier would get them in the old way. When dropped the
/// former mask is back.
#[derive(Debug)]
pub struct Signals {
    fd: SignalFd,
    former: SigSet,
}

impl Signals {
    /// Takes these signals over.
    pub fn take(which: &[Signal]) -> io::Result<Self> {
        let mut set = SigSet::empty();
        for signal in which {
            set.add(*signal);
        }
        let mut former = SigSet::empty();
        sigprocmask(SigmaskHow::SIG_BLOCK, Some(&set), Some(&mut former))?;
        let fd = SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        Ok(Self { fd, former })
    }

    /// What to wait on.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// The next one that arrived, if any.
    pub fn arrived(&mut self) -> io::Result<Option<Signal>> {
        match self.fd.read_signal()? {
            Some(info) => Ok(i32::try_from(info.ssi_signo)
                .ok()
                .and_then(|number| Signal::try_from(number).ok())),
            None => Ok(None),
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.former), None);
    }
}
