//! Whether a process lives inside a guarded session.
//!
//! A guarded session must not answer its own requests. Its processes are found by their ancestry: a guard is
//! a child subreaper, so what it started keeps it as an ancestor however often it forks away. Everything
//! unreadable or odd on the way is an error, and the caller treats an error as "inside". Orphans of a guard
//! that has ended are not seen.

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{getsockopt, sockopt};
use nix::unistd::{Pid, Uid};
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The nearest guard among a process and its ancestors.
///
/// A guard is a running guardsh that is not one of its tools ([`TOOLS`]). The process itself may be such a
/// tool, or the caller, who knows what it is; an ancestor that is any guardsh counts as a guard, because no
/// tool starts a shell for others.
pub fn guarded_ancestor(pid: Pid) -> io::Result<Option<Pid>> {
    ancestor_running(pid, FileId::of(Path::new("/proc/self/exe"))?)
}

fn ancestor_running(pid: Pid, own_file: FileId) -> io::Result<Option<Pid>> {
    let mut last = odd("no attempt");
    for _ in 0..ATTEMPTS {
        match walk(pid, own_file) {
            Ok(found) => return Ok(found),
            // A process on the way has ended or was replaced meanwhile: its child has another parent now.
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The process at the other end of a Unix socket, as it was when it connected.
#[derive(Debug)]
pub struct Peer {
    uid: Uid,
    /// 0: a process of a namespace that cannot be seen from here.
    pid: Pid,
    /// 0: it had ended already.
    started: u64,
    pidfd: Option<OwnedFd>,
}

impl Peer {
    /// Reads who connected. Take it right after `accept`, before the process can have ended.
    pub fn of(socket: &impl AsFd) -> io::Result<Self> {
        let credentials = getsockopt(socket, sockopt::PeerCredentials)?;
        // Linux before 6.5 has no such option; the start time is compared in any case.
        let pidfd = getsockopt(socket, sockopt::PeerPidfd).ok();
        let pid = Pid::from_raw(credentials.pid());
        Ok(Self {
            uid: Uid::from_raw(credentials.uid()),
            pid,
            started: Stat::of(pid).map(|stat| stat.started).unwrap_or(0),
            pidfd,
        })
    }

    /// The user it ran as when it connected.
    pub fn uid(&self) -> Uid {
        self.uid
    }

    /// Its process id.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// The guard whose session it lives in. An error means that it cannot be told, which is no better.
    pub fn guard(&self) -> io::Result<Option<Pid>> {
        if self.pid.as_raw() <= 0 {
            return Err(odd("it is in another process namespace"));
        }
        let found = guarded_ancestor(self.pid)?;
        // After the walk, so that it was this process and not a later one of the same number.
        if self.has_ended()? {
            return Err(odd("the process has ended"));
        }
        Ok(found)
    }

    fn has_ended(&self) -> io::Result<bool> {
        if let Some(pidfd) = &self.pidfd {
            let mut ends = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
            if poll(&mut ends, PollTimeout::ZERO)? > 0 {
                return Ok(true);
            }
        }
        Ok(self.started == 0 || Stat::of(self.pid)?.started != self.started)
    }
}

/// The words that make a guardsh a tool, which guards nothing: its first argument, or the first after
/// `--config FILE`.
///
/// Whoever reads the arguments of guardsh goes by this list; everything else may be a guard.
pub const TOOLS: [&str; 14] = [
    "approve", "audit", "cancel", "check", "deny", "help", "lift", "pending", "policy", "request",
    "serve", "show", "token", "trust",
];

fn walk(first: Pid, own_file: FileId) -> io::Result<Option<Pid>> {
    let mut pid = first;
    let mut child_started = u64::MAX;
    for _ in 0..MAX_GENERATIONS {
        let stat = Stat::of(pid)?;
        if stat.started > child_started {
            return Err(odd("a parent is younger than its child"));
        }
        let known = pid == first && (pid == Pid::this() || is_tool(pid)?);
        if !known && is_guardsh(pid, own_file)? {
            return Ok(Some(pid));
        }
        if stat.parent.as_raw() <= 0 {
            return Ok(None);
        }
        child_started = stat.started;
        pid = stat.parent;
    }
    Err(odd("too many generations"))
}

fn is_guardsh(pid: Pid, own_file: FileId) -> io::Result<bool> {
    let folder = folder_of(pid);
    let link = folder.join("exe");
    match fs::read_link(&link) {
        Ok(path) => {
            let name = path.file_name().map(|name| name.as_bytes()).unwrap_or(b"");
            if name == b"guardsh" || name == b"guardsh (deleted)" {
                return Ok(true);
            }
            // A process that has just ended has no file any more; the walk begins anew.
            Ok(FileId::of(&link)? == own_file)
        }
        // A kernel thread, or a process that has ended: it has no program.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Stat::of(pid)?;
            Ok(false)
        }
        // Not ours to look at: a program of another user (sshd, sudo), one with more capabilities (init,
        // the user's systemd), or one that has changed its group (ssh-agent, a sealed guard). The kernel
        // names it after its file, and only the program itself could change that.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let command = fs::read(folder.join("comm"))?;
            let arguments = fs::read(folder.join("cmdline"))?;
            let called = arguments.split(|byte| *byte == 0).next().unwrap_or(b"");
            let called = called.rsplit(|byte| *byte == b'/').next().unwrap_or(b"");
            Ok(command.starts_with(b"guardsh") || called == b"guardsh" || called == b"-guardsh")
        }
        Err(error) => Err(error),
    }
}

fn is_tool(pid: Pid) -> io::Result<bool> {
    let arguments = fs::read(folder_of(pid).join("cmdline"))?;
    let mut arguments = arguments.split(|byte| *byte == 0);
    let login = arguments
        .next()
        .is_none_or(|called| called.starts_with(b"-"));
    let first = match arguments.next() {
        Some(b"--config") => arguments.nth(1),
        first => first,
    };
    Ok(!login && TOOLS.iter().any(|tool| Some(tool.as_bytes()) == first))
}

/// What `/proc/PID/stat` says.
struct Stat {
    parent: Pid,
    started: u64,
}

impl Stat {
    fn of(pid: Pid) -> io::Result<Self> {
        let text = fs::read(folder_of(pid).join("stat"))?;
        // The second field is the name in parentheses, which may hold anything, parentheses too.
        let end = text
            .iter()
            .rposition(|byte| *byte == b')')
            .ok_or_else(|| odd("a stat without a name"))?;
        let rest = text.get(end + 1..).unwrap_or(b"");
        let rest = std::str::from_utf8(rest).map_err(|_| odd("a stat that is not text"))?;
        let mut fields = rest.split_whitespace();
        let parent = fields.nth(1).and_then(|field| field.parse().ok());
        let started = fields.nth(17).and_then(|field| field.parse().ok());
        match (parent, started) {
            (Some(parent), Some(started)) => Ok(Self {
                parent: Pid::from_raw(parent),
                started,
            }),
            (_, _) => Err(odd("a stat that is too short")),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    fn of(path: &Path) -> io::Result<Self> {
        let facts = fs::metadata(path)?;
        Ok(Self {
            device: facts.dev(),
            inode: facts.ino(),
        })
    }
}

fn folder_of(pid: Pid) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}"))
}

fn odd(what: &str) -> io::Error {
    io::Error::other(format!("cannot tell whether a session is guarded: {what}"))
}

/// Processes may end while their ancestry is read; more bad luck than this is made on purpose.
const ATTEMPTS: usize = 5;
/// Deeper trees are made on purpose.
const MAX_GENERATIONS: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;
    use std::process::{Child, Command, Stdio};

    /// As if this program were another file than the one whose tests run: that one starts everything here.
    fn guard_of(pid: Pid) -> io::Result<Option<Pid>> {
        let nothing = FileId {
            device: 0,
            inode: 0,
        };
        ancestor_running(pid, nothing)
    }

    /// The same once the process has become its own program: until then it is a fork of the shell.
    fn started_guard_of(pid: Pid) -> Option<Pid> {
        for _ in 0..10_000 {
            let found = guard_of(pid).unwrap();
            if found != Some(pid) {
                return found;
            }
            std::thread::yield_now();
        }
        panic!("{pid} does not start");
    }

    /// A copy of `sh` under a name, that runs a text and stays.
    fn shell_named(folder: &Path, name: &str, arguments: &[&str]) -> (Child, Vec<Pid>) {
        let program = folder.join(name);
        fs::copy("/bin/sh", &program).unwrap();
        let mut child = loop {
            let started = Command::new(&program)
                .args(arguments)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn();
            match started {
                // Another test forked while the copy was open for writing.
                Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {}
                other => break other.unwrap(),
            }
        };
        let mut line = String::new();
        let mut out = io::BufReader::new(child.stdout.take().unwrap());
        io::BufRead::read_line(&mut out, &mut line).unwrap();
        let pids = line
            .split_whitespace()
            .map(|pid| Pid::from_raw(pid.parse().unwrap()))
            .collect();
        (child, pids)
    }

    fn end(mut child: Child) {
        drop(child.stdin.take());
        child.wait().unwrap();
    }

    #[test]
    fn a_process_below_a_guard_is_inside() {
        let folder = tempfile::tempdir().unwrap();
        let text = "exec 3<&0; cat <&3 >/dev/null & echo $$ $!; wait";
        let (child, pids) = shell_named(folder.path(), "guardsh", &["-c", text]);
        let guard = Pid::from_raw(child.id().try_into().unwrap());
        assert_eq!(pids[0], guard);
        assert_eq!(started_guard_of(pids[1]), Some(guard));
        assert_eq!(guard_of(guard).unwrap(), Some(guard));
        end(child);
    }

    #[test]
    fn a_process_that_no_guard_started_is_outside() {
        let folder = tempfile::tempdir().unwrap();
        let (child, pids) = shell_named(folder.path(), "plain", &["-c", "echo $$; read x"]);
        assert_eq!(guard_of(pids[0]).unwrap(), None);
        end(child);
    }

    #[test]
    fn a_tool_is_no_guard_but_whatever_it_starts_is_inside() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join("approve"),
            "exec 3<&0; cat <&3 >/dev/null & echo $$ $!; wait",
        )
        .unwrap();
        let program = folder.path().join("guardsh");
        fs::copy("/bin/sh", &program).unwrap();
        let mut child = loop {
            let started = Command::new(&program)
                .arg("approve")
                .current_dir(folder.path())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn();
            match started {
                Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {}
                other => break other.unwrap(),
            }
        };
        let tool = Pid::from_raw(child.id().try_into().unwrap());
        let mut line = String::new();
        let mut out = io::BufReader::new(child.stdout.take().unwrap());
        io::BufRead::read_line(&mut out, &mut line).unwrap();
        let started: i32 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        assert_eq!(guard_of(tool).unwrap(), None);
        assert_eq!(started_guard_of(Pid::from_raw(started)), Some(tool));
        end(child);
    }

    #[test]
    fn a_peer_that_has_ended_is_not_vouched_for() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let peer = Peer::of(&ours).unwrap();
        drop(theirs);
        assert_eq!(peer.pid(), Pid::this());
        assert_eq!(
            peer.guard().unwrap(),
            guarded_ancestor(Pid::this()).unwrap()
        );
        let late = Peer {
            started: peer.started + 1,
            pidfd: None,
            ..peer
        };
        assert!(late.guard().is_err());
    }

    #[test]
    fn a_peer_of_a_namespace_that_cannot_be_seen_is_not_vouched_for() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let peer = Peer {
            pid: Pid::from_raw(0),
            ..Peer::of(&ours).unwrap()
        };
        assert!(peer.guard().is_err());
    }

    #[test]
    fn a_process_that_does_not_exist_is_an_error() {
        assert!(guarded_ancestor(Pid::from_raw(i32::MAX - 1)).is_err());
    }
}
