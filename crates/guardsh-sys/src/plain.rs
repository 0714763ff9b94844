//! Running the real shell without a terminal between: same descriptors, same process group, same signals.

use crate::inherited;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, sigaction, sigprocmask,
};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// A program and everything it is started with.
#[derive(Debug)]
pub struct Plain {
    /// The file to run.
    pub program: CString,
    /// Its words, the name first.
    pub argv: Vec<CString>,
    /// Its whole environment, as `NAME=value`.
    pub env: Vec<CString>,
    /// Descriptors that the child keeps beside 0, 1 and 2, each under the number given.
    pub keep: Vec<(OwnedFd, RawFd)>,
}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It left with this status.
    Exited(i32),
    /// This signal ended it.
    Killed(i32),
}

/// Starts the program as a child of the calling thread, in the caller's process group.
///
/// The child gets the caller's signal dispositions and `mask`, dies when the calling thread ends, and has no
/// descriptor but those this process was started with and those of `keep`: what the caller closed is closed. Other
/// threads may exist: between clone and exec nothing is allocated and no lock is taken.
pub fn spawn(plain: &Plain, mask: &SigSet) -> io::Result<Pid> {
    let birth = Birth {
        plain,
        argv: pointers(&plain.argv),
        env: pointers(&plain.env),
        mask,
        parent: Pid::this(),
    };
    let mut stack = vec![0_u128; CHILD_STACK / size_of::<u128>()];
    let top = stack.as_mut_ptr_range().end;
    // The child shares this process's memory, of which a copy would cost more than all else here, and this
    // thread sleeps until it has become another program.
    // SAFETY: the child has a stack of its own, calls only async-signal-safe functions, changes nothing of the
    // parent's but its stack, and leaves through `execve` or `_exit`; `birth` and `stack` outlive it in here.
    let pid = unsafe {
        libc::clone(
            be_born,
            top.cast(),
            libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD,
            (&raw const birth).cast_mut().cast(),
        )
    };
    if pid < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Pid::from_raw(pid))
}

/// Bytes of stack for the part between clone and exec.
const CHILD_STACK: usize = 64 * 1024;

/// What the child needs, all of it made before there is a child.
struct Birth<'a> {
    plain: &'a Plain,
    argv: Vec<*const libc::c_char>,
    env: Vec<*const libc::c_char>,
    mask: &'a SigSet,
    parent: Pid,
}

extern "C" fn be_born(birth: *mut libc::c_void) -> libc::c_int {
    // SAFETY: `spawn` passes a pointer to its own `Birth`, which it keeps until this child has left.
    let birth = unsafe { &*birth.cast_const().cast::<Birth<'_>>() };
    let errno = become_program(
        birth.plain,
        &birth.argv,
        &birth.env,
        birth.mask,
        birth.parent,
    );
    // The words go where the shell's own would: the caller sees why nothing ran.
    let _ = nix::unistd::write(io::stderr(), b"guardsh: cannot run the shell: ");
    let _ = nix::unistd::write(io::stderr(), errno.desc().as_bytes());
    let _ = nix::unistd::write(io::stderr(), b"\n");
    // SAFETY: ends the child at once, running no destructors of the parent's state.
    unsafe { libc::_exit(125) }
}

/// The array of pointers that `execve` wants.
fn pointers(words: &[CString]) -> Vec<*const libc::c_char> {
    words
        .iter()
        .map(|word| word.as_ptr())
        .chain(std::iter::once(std::ptr::null()))
        .collect()
}

/// The part between clone and exec: allocates nothing, locks nothing, panics nowhere.
fn become_program(
    plain: &Plain,
    argv: &[*const libc::c_char],
    env: &[*const libc::c_char],
    mask: &SigSet,
    parent: Pid,
) -> Errno {
    if let Err(errno) = nix::sys::prctl::set_pdeathsig(Signal::SIGKILL) {
        return errno;
    }
    // The parent may have died before that took effect.
    if nix::unistd::getppid() != parent {
        return Errno::ESRCH;
    }
    // std ignores SIGPIPE in every Rust program; the shell must not inherit that.
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: installs no handler.
    if let Err(errno) = unsafe { sigaction(Signal::SIGPIPE, &default) } {
        return errno;
    }
    for (fd, number) in &plain.keep {
        if fd.as_raw_fd() == *number {
            // SAFETY: clears close-on-exec of a descriptor we own.
            let cleared = unsafe { libc::fcntl(*number, libc::F_SETFD, 0) };
            if cleared < 0 {
                return Errno::last();
            }
        } else {
            // SAFETY: both are plain numbers; the target is given up to the kept descriptor.
            let copied = unsafe { libc::dup2(fd.as_raw_fd(), *number) };
            if copied < 0 {
                return Errno::last();
            }
        }
    }
    // The runtime puts /dev/null in the place of a standard descriptor that was closed.
    for number in (0..3).filter(|number| !inherited::was_open(*number)) {
        // SAFETY: a plain number, and this process is about to be another program.
        unsafe { libc::close(number) };
    }
    if let Err(errno) = close_others(&plain.keep) {
        return errno;
    }
    if let Err(errno) = sigprocmask(SigmaskHow::SIG_SETMASK, Some(mask), None) {
        return errno;
    }
    // SAFETY: the three point to NUL-ended strings and NULL-ended arrays that `plain` keeps alive.
    unsafe { libc::execve(plain.program.as_ptr(), argv.as_ptr(), env.as_ptr()) };
    Errno::last()
}

/// Marks every descriptor above 2 that is neither kept nor the caller's own to be closed by exec.
fn close_others(keep: &[(OwnedFd, RawFd)]) -> Result<(), Errno> {
    const CLOSE_RANGE_CLOEXEC: libc::c_int = 4;
    let stays =
        |number: RawFd| inherited::was_open(number) || keep.iter().any(|(_, kept)| *kept == number);
    let mut from: RawFd = 3;
    while from < inherited::LOOKED_AT {
        if stays(from) {
            from += 1;
            continue;
        }
        let next = (from..inherited::LOOKED_AT)
            .find(|number| stays(*number))
            .unwrap_or(inherited::LOOKED_AT);
        close_range(from, next - 1, CLOSE_RANGE_CLOEXEC)?;
        from = next;
    }
    close_range(from, -1, CLOSE_RANGE_CLOEXEC)
}

/// `last` -1: all that follow.
fn close_range(first: RawFd, last: RawFd, flags: libc::c_int) -> Result<(), Errno> {
    // SAFETY: only sets flags. As unsigned numbers, which is what the kernel takes, -1 is the largest.
    let status = unsafe { libc::close_range(first.cast_unsigned(), last.cast_unsigned(), flags) };
    if status < 0 {
        Err(Errno::last())
    } else {
        Ok(())
    }
}

/// The signals that a waiting guard takes care of itself.
const CARED_FOR: [Signal; 10] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGTSTP,
    Signal::SIGCONT,
    Signal::SIGCHLD,
    Signal::SIGALRM,
];

/// Signals that arrive while the guard waits, read from a descriptor.
#[derive(Debug)]
pub struct Signals {
    fd: SignalFd,
    before: SigSet,
}

/// A signal that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// Which.
    pub signal: Signal,
    /// Whether the kernel sent it (a key at the terminal, a hang-up): the whole process group has it then.
    pub by_kernel: bool,
}

impl Signals {
    /// Blocks the signals that matter to a waiting guard, for this and all later threads.
    pub fn take() -> io::Result<Self> {
        let mut set = SigSet::empty();
        for signal in CARED_FOR {
            set.add(signal);
        }
        let mut before = SigSet::empty();
        sigprocmask(SigmaskHow::SIG_BLOCK, Some(&set), Some(&mut before))?;
        let fd = SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
        Ok(Self { fd, before })
    }

    /// The mask of before, which a child must get.
    pub fn mask_before(&self) -> &SigSet {
        &self.before
    }

    /// The next signal, if one has arrived.
    pub fn arrived(&mut self) -> io::Result<Option<Arrived>> {
        let Some(info) = self.fd.read_signal()? else {
            return Ok(None);
        };
        let number = i32::try_from(info.ssi_signo).unwrap_or(0);
        let signal = Signal::try_from(number)?;
        Ok(Some(Arrived {
            signal,
            by_kernel: info.ssi_code == libc::SI_KERNEL,
        }))
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Waits for the child to end, passing on signals and following its stops.
pub fn wait_beside(child: Pid, signals: &mut Signals) -> io::Result<Change> {
    loop {
        while let Some(arrived) = signals.arrived()? {
            // The caller's `fg` continues the whole group; one SIGCONT more does no harm, none would hang.
            let wanted = arrived.signal == Signal::SIGCONT || !arrived.by_kernel;
            if wanted && arrived.signal != Signal::SIGCHLD {
                let _ = nix::sys::signal::kill(child, arrived.signal);
            }
        }
        match waitpid(child, Some(WaitPidFlag::WUNTRACED | WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(_, status)) => return Ok(Change::Exited(status)),
            Ok(WaitStatus::Signaled(_, signal, _)) => return Ok(Change::Killed(signal as i32)),
            // Whoever waits for the guard must see the stop that it would see of the shell.
            Ok(WaitStatus::Stopped(..)) => nix::sys::signal::raise(Signal::SIGSTOP)?,
            Ok(_) => poll_one(signals.as_fd())?,
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

fn poll_one(fd: BorrowedFd<'_>) -> io::Result<()> {
    match poll(&mut [PollFd::new(fd, PollFlags::POLLIN)], PollTimeout::NONE) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// Ends this process as the child ended: by the same signal, so that every caller sees the same status.
pub fn die_like(signal: i32) -> io::Result<()> {
    let signal = Signal::try_from(signal)?;
    let _ = nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_CORE, 0, 0);
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: installs no handler.
    let reset = unsafe { sigaction(signal, &default) };
    // KILL and STOP cannot be set, and need not be.
    match reset {
        Ok(_) | Err(Errno::EINVAL) => {}
        Err(errno) => return Err(errno.into()),
    }
    let mut set = SigSet::empty();
    set.add(signal);
    sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&set), None)?;
    nix::sys::signal::raise(signal)?;
    Ok(())
}
