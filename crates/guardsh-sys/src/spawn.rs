//! Starting the shell: in a session of its own, on its own terminal, with the descriptors it is given and no other.

use nix::unistd::Pid;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What is started and what it gets.
#[derive(Debug)]
pub struct Spawn<'a> {
    program: PathBuf,
    name: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    folder: Option<PathBuf>,
    descriptors: Vec<(RawFd, BorrowedFd<'a>)>,
    terminal: Option<BorrowedFd<'a>>,
}

/// Descriptors for the child lie below this number; ours are moved out of the way of them.
const FIRST_FREE: RawFd = 20;

impl<'a> Spawn<'a> {
    /// That file, started as `name` (its `argv[0]`). Nothing of our environment is passed on by itself.
    pub fn new(program: &Path, name: &OsStr) -> Self {
        Self {
            program: program.to_owned(),
            name: name.to_owned(),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: None,
            descriptors: Vec::new(),
            terminal: None,
        }
    }

    /// One more argument.
    pub fn argument(&mut self, argument: impl Into<OsString>) -> &mut Self {
        self.arguments.push(argument.into());
        self
    }

    /// The whole environment.
    pub fn environment(
        &mut self,
        all: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> &mut Self {
        self.environment = all.into_iter().collect();
        self
    }

    /// Where it starts.
    pub fn folder(&mut self, folder: &Path) -> &mut Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// `fd` under the number `number` (below 20). Numbers not given, 0 to 2 included, are closed; 0 to 2
    /// that are not given are `/dev/null`.
    pub fn descriptor(&mut self, number: RawFd, fd: BorrowedFd<'a>) -> &mut Self {
        self.descriptors.push((number, fd));
        self
    }

    /// A session of its own with this controlling terminal.
    pub fn terminal(&mut self, terminal: BorrowedFd<'a>) -> &mut Self {
        self.terminal = Some(terminal);
        self
    }

    /// Starts it.
    ///
    /// No signal is blocked or ignored in the child, and it is killed when the thread that called this ends:
    /// call it from the thread that lives as long as the guard.
    pub fn start(&self) -> io::Result<Pid> {
        let mut moved: Vec<(RawFd, OwnedFd)> = Vec::new();
        for (number, fd) in &self.descriptors {
            if !(0..FIRST_FREE).contains(number) {
                return Err(io::Error::from(io::ErrorKind::InvalidInput));
            }
            moved.push((*number, crate::io::duplicate_from(*fd, FIRST_FREE)?));
        }
        let terminal = self
            .terminal
            .map(|fd| crate::io::duplicate_from(fd, FIRST_FREE))
            .transpose()?;
        // std reports a failed exec through a pipe of its own, which would take the lowest free numbers: they
        // are held until it has been made, so that no descriptor of the child's lands on it.
        let mut held = vec![crate::io::duplicate_from(
            std::fs::File::open("/dev/null")?.as_fd(),
            0,
        )?];
        while held.last().is_some_and(|fd| fd.as_raw_fd() < FIRST_FREE) {
            let Some(last) = held.last() else { break };
            held.push(last.try_clone()?);
        }

        let mut command = Command::new(&self.program);
        command
            .arg0(&self.name)
            .args(&self.arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        let plan = child::Plan {
            descriptors: moved
                .iter()
                .map(|(number, fd)| (*number, fd.as_raw_fd()))
                .collect(),
            terminal: terminal.as_ref().map(AsRawFd::as_raw_fd),
            parent: nix::unistd::getpid().as_raw(),
        };
        // SAFETY: `child::prepare` makes system calls only; it allocates nothing, takes no lock and cannot
        // panic, as its module promises.
        unsafe { command.pre_exec(move || child::prepare(&plan)) };
        let started = command.spawn()?;
        drop(held);
        Ok(Pid::from_raw(i32::try_from(started.id()).map_err(
            |_| io::Error::from(io::ErrorKind::InvalidData),
        )?))
    }
}

/// What runs between fork and exec. Not allowed in here: allocating, locking, panicking.
mod child {
    use std::io;
    use std::os::fd::RawFd;

    /// Made before the fork.
    pub(super) struct Plan {
        pub(super) descriptors: Vec<(RawFd, RawFd)>,
        pub(super) terminal: Option<RawFd>,
        pub(super) parent: libc::pid_t,
    }

    pub(super) fn prepare(plan: &Plan) -> io::Result<()> {
        die_with_the_guard(plan.parent)?;
        if let Some(terminal) = plan.terminal {
            // SAFETY: takes no arguments.
            checked(unsafe { libc::setsid() })?;
            // SAFETY: `terminal` is open, and the argument is taken by value.
            checked(unsafe { libc::ioctl(terminal, libc::TIOCSCTTY, 0) })?;
        }
        for (number, fd) in &plan.descriptors {
            // SAFETY: plain numbers. `fd` lies above every target, so that no target overwrites a source and
            // the copy never keeps close-on-exec.
            checked(unsafe { libc::dup2(*fd, *number) })?;
        }
        close_all_others(plan)?;
        default_signals()
    }

    fn die_with_the_guard(parent: libc::pid_t) -> io::Result<()> {
        // SAFETY: the arguments are plain numbers.
        checked(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) })?;
        // The guard may have died before the request was made.
        // SAFETY: takes no arguments.
        if unsafe { libc::getppid() } == parent {
            Ok(())
        } else {
            Err(io::Error::from_raw_os_error(libc::ESRCH))
        }
    }

    /// Marked and not closed: std still has to report a failing exec.
    fn close_all_others(plan: &Plan) -> io::Result<()> {
        let mut number = 3;
        while number < super::FIRST_FREE {
            if !plan.descriptors.iter().any(|(used, _)| *used == number) {
                // An error here means that the number is not open.
                // SAFETY: plain numbers.
                unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) };
            }
            number += 1;
        }
        // SAFETY: plain numbers.
        checked(unsafe {
            libc::syscall(
                libc::SYS_close_range,
                super::FIRST_FREE,
                libc::c_uint::MAX,
                libc::CLOSE_RANGE_CLOEXEC,
            )
        })
        .map(|_| ())
    }

    fn default_signals() -> io::Result<()> {
        for signal in 1..=libc::SIGRTMAX() {
            // An error here means that the signal cannot be ignored in the first place.
            // SAFETY: SIG_DFL installs no code of ours.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
        let mut none = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: writes one sigset_t, which lives on this frame.
        checked(unsafe { libc::sigemptyset(none.as_mut_ptr()) })?;
        // SAFETY: `none` was filled by the call above, and the former mask is not asked for.
        let failed =
            unsafe { libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut()) };
        checked(failed).map(|_| ())
    }

    fn checked<T: PartialEq + From<i8>>(returned: T) -> io::Result<T> {
        if returned == T::from(-1) {
            Err(io::Error::last_os_error())
        } else {
            Ok(returned)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::{Ended, wait_for};
    use std::io::Read;

    fn said(spawn: &mut Spawn<'_>, script: &str, extra: &[RawFd]) -> String {
        let pair = crate::io::one_way().unwrap();
        let other = crate::io::one_way().unwrap();
        let mut spawn = std::mem::replace(spawn, Spawn::new(Path::new("/bin/false"), "x".as_ref()));
        spawn.argument("-c").argument(script);
        let child = {
            let mut spawn = Spawn {
                descriptors: Vec::new(),
                ..spawn
            };
            spawn.descriptor(1, pair.from.as_fd());
            for number in extra {
                spawn.descriptor(*number, other.to.as_fd());
            }
            spawn.start().unwrap()
        };
        drop(pair.from);
        let mut text = String::new();
        std::fs::File::from(pair.to)
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(wait_for(child).unwrap(), Ended::Exited(0));
        text
    }

    #[test]
    fn the_child_has_only_the_descriptors_it_was_given() {
        let stray = std::fs::File::open("/dev/null").unwrap();
        // What std opens is closed on exec anyway; this one is not.
        let stray = nix::unistd::dup(&stray).unwrap();
        let text = said(
            &mut Spawn::new(Path::new("/bin/bash"), "bash".as_ref()),
            "cd /proc/self/fd; echo *",
            &[8, 9],
        );
        drop(stray);
        let mut numbers: Vec<&str> = text.split_whitespace().collect();
        // The glob opens the folder itself, under the lowest free number.
        numbers.retain(|number| *number != "3");
        assert_eq!(numbers, ["0", "1", "2", "8", "9"]);
    }

    #[test]
    fn the_child_ignores_and_blocks_no_signal() {
        let text = said(
            &mut Spawn::new(Path::new("/bin/dash"), "dash".as_ref()),
            "while read name value; do case $name in SigBlk:|SigIgn:) echo $value;; esac; done </proc/self/status",
            &[],
        );
        // The two signals that the C library keeps for its threads are not ours to set.
        let masks: Vec<u64> = text
            .lines()
            .map(|mask| u64::from_str_radix(mask, 16).unwrap() & !(3 << 31))
            .collect();
        assert_eq!(masks, [0, 0]);
    }

    #[test]
    fn a_program_that_cannot_be_executed_is_an_error_and_no_child() {
        let error = Spawn::new(Path::new("/nonexistent/shell"), "x".as_ref())
            .start()
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
