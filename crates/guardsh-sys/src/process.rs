//! Other processes: how they ended, which program they are, what they wait for.

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this status.
    Exited(u8),
    /// By this signal.
    Killed(i32),
}

impl Ended {
    /// The status as a shell tells it: 128 and the signal.
    pub fn status(self) -> u8 {
        match self {
            Self::Exited(status) => status,
            Self::Killed(signal) => u8::try_from(signal & 0x7f).unwrap_or(0) | 0x80,
        }
    }
}

/// Becomes the parent of every descendant whose own parent ends.
pub fn become_subreaper() -> io::Result<()> {
    // SAFETY: the arguments are plain numbers.
    let failed = unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) };
    if failed == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Keeps programs of the same user from reading our memory and descriptors and from tracing us.
pub fn hide_from_others() -> io::Result<()> {
    // SAFETY: the arguments are plain numbers.
    let failed = unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) };
    if failed == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// What a child did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is no more.
    Ended(Pid, Ended),
    /// A signal stopped it.
    Stopped(Pid),
    /// It goes on.
    Continued(Pid),
}

/// The next thing that happened to any child (or adopted orphan), without waiting.
pub fn next_change() -> io::Result<Option<Change>> {
    let flags = WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED | WaitPidFlag::WCONTINUED;
    match waitpid(None, Some(flags)) {
        Ok(status) => Ok(change(status)),
        Err(Errno::ECHILD) => Ok(None),
        Err(Errno::EINTR) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn change(status: WaitStatus) -> Option<Change> {
    match status {
        WaitStatus::Exited(pid, status) => Some(Change::Ended(
            pid,
            Ended::Exited(u8::try_from(status & 0xff).unwrap_or(u8::MAX)),
        )),
        WaitStatus::Signaled(pid, signal, _) => {
            Some(Change::Ended(pid, Ended::Killed(signal as i32)))
        }
        WaitStatus::Stopped(pid, _) => Some(Change::Stopped(pid)),
        WaitStatus::Continued(pid) => Some(Change::Continued(pid)),
        WaitStatus::PtraceEvent(..) | WaitStatus::PtraceSyscall(_) | WaitStatus::StillAlive => None,
    }
}

/// A descriptor that is readable once the process has ended.
pub fn end_of(pid: Pid) -> io::Result<OwnedFd> {
    // SAFETY: the arguments are plain numbers.
    let raw = unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) };
    let raw = i32::try_from(raw).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    if raw < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made `raw` for us and nobody else knows of it. It is closed on exec.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}

/// What happened to this child since the last time, without waiting.
pub fn change_of(child: Pid) -> io::Result<Option<Change>> {
    let flags = WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED | WaitPidFlag::WCONTINUED;
    match waitpid(child, Some(flags)) {
        Ok(status) => Ok(change(status)),
        Err(Errno::ECHILD | Errno::EINTR) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Waits until this child has ended.
pub fn wait_for(child: Pid) -> io::Result<Ended> {
    loop {
        match waitpid(child, None) {
            Ok(status) => {
                if let Some(Change::Ended(_, ended)) = change(status) {
                    return Ok(ended);
                }
            }
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Sends a signal to a process. One that is gone already is no error.
pub fn signal(pid: Pid, signal: Signal) -> io::Result<()> {
    gone_is_fine(kill(pid, signal))
}

/// Sends a signal to a process group. One that is gone already is no error.
pub fn signal_group(group: Pid, signal: Signal) -> io::Result<()> {
    gone_is_fine(killpg(group, signal))
}

/// Stops this very process until somebody continues it.
pub fn stop_self() -> io::Result<()> {
    Ok(nix::sys::signal::raise(Signal::SIGSTOP)?)
}

fn gone_is_fine(result: nix::Result<()>) -> io::Result<()> {
    match result {
        Ok(()) | Err(Errno::ESRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The file a process runs, as the kernel knows it; `None` where we may not know.
pub fn program_of(pid: Pid) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/{pid}/exe")).ok()
}

/// The folder a process is in.
pub fn folder_of(pid: Pid) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/{pid}/cwd")).ok()
}

/// The words a process was started with (which it may have changed since).
pub fn words_of(pid: Pid) -> Vec<Vec<u8>> {
    let Ok(all) = std::fs::read(format!("/proc/{pid}/cmdline")) else {
        return Vec::new();
    };
    all.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect()
}

/// The user a process acts as.
pub fn user_of(pid: Pid) -> Option<u32> {
    std::fs::metadata(format!("/proc/{pid}"))
        .ok()
        .map(|facts| facts.uid())
}

/// What `/proc/PID/stat` says of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// The first 15 bytes of the program's name (which it may have changed since).
    pub name: Vec<u8>,
    /// `R`, `S`, `T`, `Z` …
    pub state: u8,
    /// Its parent.
    pub parent: Pid,
    /// Its process group.
    pub group: Pid,
    /// Its session.
    pub session: Pid,
    /// Where its image and its first stack lie. The copies that `fork` makes have the same, a new program
    /// has others. `None` where we may not know.
    pub image: Option<(u64, u64)>,
}

/// Reads [`Stat`].
pub fn stat_of(pid: Pid) -> Option<Stat> {
    let text = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold anything, parentheses and spaces too: it ends at the last one.
    let open = text.iter().position(|byte| *byte == b'(')?;
    let close = text.iter().rposition(|byte| *byte == b')')?;
    let name = text.get(open + 1..close)?.to_vec();
    let rest = std::str::from_utf8(text.get(close + 1..)?).ok()?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |index: usize| {
        fields
            .get(index)
            .and_then(|field| field.parse::<u64>().ok())
    };
    let pid_at = |index: usize| {
        fields
            .get(index)
            .and_then(|field| field.parse::<i32>().ok())
            .map(Pid::from_raw)
    };
    // Fields are counted from the state, which is the third of the file.
    let image = match (number(23), number(25)) {
        (Some(code), Some(stack)) if code > 1 && stack > 1 => Some((code, stack)),
        (Some(_) | None, Some(_) | None) => None,
    };
    Some(Stat {
        name,
        state: fields.first()?.bytes().next()?,
        parent: pid_at(1)?,
        group: pid_at(2)?,
        session: pid_at(3)?,
        image,
    })
}

/// What a process waits for inside the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitsFor {
    /// It reads this descriptor.
    Read(i32),
    /// It waits for one of several descriptors (poll, select, epoll).
    Several,
    /// Something else, or it runs.
    Other,
    /// We may not know.
    Hidden,
}

/// Reads [`WaitsFor`] of the process's first thread.
pub fn waits_for(pid: Pid) -> WaitsFor {
    match std::fs::read_to_string(format!("/proc/{pid}/syscall")) {
        Ok(text) => waits_for_from(&text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => WaitsFor::Other,
        Err(_) => WaitsFor::Hidden,
    }
}

/// How often a process has waited so far: while the number is the same it has not gone on.
pub fn waits_counted(pid: Pid) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    text.lines()
        .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?
        .trim()
        .parse()
        .ok()
}

fn waits_for_from(text: &str) -> WaitsFor {
    let mut fields = text.split_ascii_whitespace();
    let Some(number) = fields.next().and_then(|field| field.parse::<i64>().ok()) else {
        return WaitsFor::Other;
    };
    let first = fields
        .next()
        .and_then(|field| field.strip_prefix("0x"))
        .and_then(|field| u64::from_str_radix(field, 16).ok());
    if [libc::SYS_read, libc::SYS_readv].contains(&number) {
        return match first.and_then(|fd| i32::try_from(fd & 0xffff_ffff).ok()) {
            Some(fd) => WaitsFor::Read(fd),
            None => WaitsFor::Other,
        };
    }
    #[cfg(target_arch = "x86_64")]
    let several = [
        libc::SYS_poll,
        libc::SYS_ppoll,
        libc::SYS_select,
        libc::SYS_pselect6,
        libc::SYS_epoll_wait,
        libc::SYS_epoll_pwait,
        libc::SYS_epoll_pwait2,
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let several = [
        libc::SYS_ppoll,
        libc::SYS_pselect6,
        libc::SYS_epoll_pwait,
        libc::SYS_epoll_pwait2,
    ];
    if several.contains(&number) {
        WaitsFor::Several
    } else {
        WaitsFor::Other
    }
}

/// Whether descriptor `fd` of a process is this terminal (or `/dev/tty`). `None` where we may not know.
pub fn is_on_terminal(pid: Pid, fd: i32, terminal: &Path) -> Option<bool> {
    let target = std::fs::read_link(format!("/proc/{pid}/fd/{fd}")).ok()?;
    Some(target == terminal || target == Path::new("/dev/tty"))
}

/// The processes of a group among this process and its descendants (orphans that it adopted too).
pub fn members_of(group: Pid) -> Vec<Pid> {
    let in_group = |pid: &Pid| stat_of(*pid).is_some_and(|stat| stat.group == group);
    let root = nix::unistd::getpid();
    if children_of(root).is_none() {
        // A kernel that does not tell children (CONFIG_PROC_CHILDREN).
        return processes().filter(in_group).collect();
    }
    let mut found = Vec::new();
    let mut left = vec![root];
    while let Some(pid) = left.pop() {
        left.extend(children_of(pid).unwrap_or_default());
        if in_group(&pid) {
            found.push(pid);
        }
    }
    found
}

fn children_of(pid: Pid) -> Option<Vec<Pid>> {
    let mut children = Vec::new();
    for task in std::fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        let list = std::fs::read_to_string(task.ok()?.path().join("children")).ok()?;
        children.extend(
            list.split_ascii_whitespace()
                .filter_map(|pid| pid.parse().ok())
                .map(Pid::from_raw),
        );
    }
    Some(children)
}

/// All processes we can see.
pub fn processes() -> impl Iterator<Item = Pid> {
    std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter_map(|entry| {
            String::from_utf8(entry.file_name().into_vec())
                .ok()?
                .parse::<i32>()
                .ok()
                .map(Pid::from_raw)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_is_told_from_one_that_waits_for_several() {
        let read = format!("{} 0x0 0x55 0x1000 0x0 0x0 0x0 0x7ff 0x7f", libc::SYS_read);
        assert_eq!(waits_for_from(&read), WaitsFor::Read(0));
        let poll = format!("{} 0x7ff 0x1", libc::SYS_ppoll);
        assert_eq!(waits_for_from(&poll), WaitsFor::Several);
        assert_eq!(waits_for_from("running\n"), WaitsFor::Other);
        assert_eq!(waits_for_from("-1 0x7ff 0x7f"), WaitsFor::Other);
    }

    #[test]
    fn our_own_stat_is_read_whole() {
        let stat = stat_of(nix::unistd::getpid()).unwrap();
        assert_eq!(stat.parent, nix::unistd::getppid());
        assert_eq!(stat.group, nix::unistd::getpgrp());
        assert!(stat.image.is_some());
    }
}
