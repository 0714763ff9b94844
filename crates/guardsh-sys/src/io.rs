//! Descriptors: waiting, socket pairs, sealed files, what is left in a queue.

use nix::fcntl::{FcntlArg, FdFlag, OFlag, SealFlag, fcntl};
use nix::poll::{PollFd, PollFlags};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::socket::{AddressFamily, Shutdown, SockFlag, SockType, shutdown, socketpair};
use nix::sys::time::TimeSpec;
use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

/// What a descriptor is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Bytes to read, or its end.
    Read,
    /// Room to write, or its end.
    Write,
}

/// Waits until one of the descriptors is ready or the time is over; which ones are, in the order given.
///
/// A signal that arrives ends the wait with none ready: the caller looks at its clock and waits again.
pub fn wait_ready(
    fds: &[(BorrowedFd<'_>, Want)],
    timeout: Option<Duration>,
) -> io::Result<Vec<bool>> {
    let mut polled: Vec<PollFd<'_>> = fds
        .iter()
        .map(|(fd, want)| {
            PollFd::new(
                *fd,
                match want {
                    Want::Read => PollFlags::POLLIN,
                    Want::Write => PollFlags::POLLOUT,
                },
            )
        })
        .collect();
    match nix::poll::ppoll(&mut polled, timeout.map(TimeSpec::from_duration), None) {
        Ok(_) => {}
        Err(nix::errno::Errno::EINTR) => return Ok(vec![false; fds.len()]),
        Err(error) => return Err(error.into()),
    }
    Ok(polled.iter().map(|one| one.any().unwrap_or(true)).collect())
}

/// The same where some places are empty: those are never ready.
pub fn wait_any(
    fds: &[Option<(BorrowedFd<'_>, Want)>],
    timeout: Option<Duration>,
) -> io::Result<Vec<bool>> {
    let present: Vec<(BorrowedFd<'_>, Want)> = fds.iter().copied().flatten().collect();
    let mut ready = wait_ready(&present, timeout)?.into_iter();
    Ok(fds
        .iter()
        .map(|place| place.is_some() && ready.next().unwrap_or(false))
        .collect())
}

/// A one-way stream between two processes: bytes written to `from` are read at `to`.
///
/// A Unix socket shut down in the direction that is not needed, and never a pipe: a pipe can be opened for
/// writing through `/proc/PID/fd` by any program of the same user, a socket cannot be opened at all.
#[derive(Debug)]
pub struct OneWay {
    /// Where bytes go in.
    pub from: OwnedFd,
    /// Where they come out.
    pub to: OwnedFd,
}

/// Makes a [`OneWay`], both ends closed on exec.
pub fn one_way() -> io::Result<OneWay> {
    let (from, to) = socketpair(
        AddressFamily::Unix,
        SockType::Stream,
        None,
        SockFlag::SOCK_CLOEXEC,
    )?;
    shutdown(to.as_raw_fd(), Shutdown::Write)?;
    shutdown(from.as_raw_fd(), Shutdown::Read)?;
    Ok(OneWay { from, to })
}

/// A file in memory that nobody can change any more, the one who holds it included.
pub fn sealed_file(name: &CStr, content: &[u8]) -> io::Result<OwnedFd> {
    let fd = memfd_create(name, MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)?;
    let mut file = std::fs::File::from(fd);
    io::Write::write_all(&mut file, content)?;
    fcntl(
        &file,
        FcntlArg::F_ADD_SEALS(
            SealFlag::F_SEAL_WRITE
                | SealFlag::F_SEAL_SHRINK
                | SealFlag::F_SEAL_GROW
                | SealFlag::F_SEAL_SEAL,
        ),
    )?;
    io::Seek::rewind(&mut file)?;
    Ok(file.into())
}

/// Makes reads and writes return at once instead of waiting.
pub fn set_nonblocking(fd: BorrowedFd<'_>) -> io::Result<()> {
    let flags = OFlag::from_bits_truncate(fcntl(fd, FcntlArg::F_GETFL)?);
    fcntl(fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    Ok(())
}

/// A second descriptor for the same thing, numbered `least` or higher, closed on exec.
pub fn duplicate_from(fd: BorrowedFd<'_>, least: i32) -> io::Result<OwnedFd> {
    let raw = fcntl(fd, FcntlArg::F_DUPFD_CLOEXEC(least))?;
    // SAFETY: the kernel has just made `raw` for us and nobody else knows of it.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}

/// Whether a descriptor is closed on exec.
pub fn closes_on_exec(fd: BorrowedFd<'_>) -> io::Result<bool> {
    let flags = FdFlag::from_bits_truncate(fcntl(fd, FcntlArg::F_GETFD)?);
    Ok(flags.contains(FdFlag::FD_CLOEXEC))
}

/// What one read gave.
#[derive(Debug, PartialEq, Eq)]
pub enum Got {
    /// So many bytes, at least one.
    Bytes(usize),
    /// Nothing now.
    Nothing,
    /// Never anything again.
    End,
}

/// Reads once. A pty whose other side is closed says EIO; that is its end.
pub fn read_some(fd: BorrowedFd<'_>, into: &mut [u8]) -> io::Result<Got> {
    match nix::unistd::read(fd, into) {
        Ok(0) | Err(nix::errno::Errno::EIO) => Ok(Got::End),
        Ok(count) => Ok(Got::Bytes(count)),
        Err(nix::errno::Errno::EAGAIN | nix::errno::Errno::EINTR) => Ok(Got::Nothing),
        Err(error) => Err(error.into()),
    }
}

/// Writes once; how many bytes went out. None where the other side has no room now.
pub fn write_some(fd: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    match nix::unistd::write(fd, bytes) {
        Ok(count) => Ok(count),
        Err(nix::errno::Errno::EAGAIN | nix::errno::Errno::EINTR) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

/// Sends once on a socket without raising SIGPIPE; how many bytes went out.
pub fn send_some(fd: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    use nix::sys::socket::{MsgFlags, send};
    match send(
        fd.as_raw_fd(),
        bytes,
        MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT,
    ) {
        Ok(count) => Ok(count),
        Err(nix::errno::Errno::EAGAIN | nix::errno::Errno::EINTR) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

/// How many bytes sent on a stream socket the peer has not read yet.
pub fn unread_by_peer(fd: BorrowedFd<'_>) -> io::Result<usize> {
    let mut count: libc::c_int = 0;
    // SAFETY: SIOCOUTQ (the same number as TIOCOUTQ) writes one int, which lives on this stack frame.
    let failed = unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCOUTQ, &raw mut count) };
    if failed < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Fills with bytes from the kernel's random source.
pub fn random(into: &mut [u8]) -> io::Result<()> {
    let mut done = 0;
    while let Some(rest) = into.get_mut(done..).filter(|rest| !rest.is_empty()) {
        // SAFETY: pointer and length are those of `rest`, which is borrowed mutably for the call.
        let got = unsafe { libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), 0) };
        match usize::try_from(got) {
            Ok(count) => done += count,
            Err(_) => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
    Ok(())
}

/// Tells the peer of a socket that nothing more comes.
pub fn end_writing(fd: BorrowedFd<'_>) -> io::Result<()> {
    nix::sys::socket::shutdown(
        std::os::fd::AsRawFd::as_raw_fd(&fd),
        nix::sys::socket::Shutdown::Write,
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::fd::AsFd;

    #[test]
    fn bytes_go_one_way_only() {
        let pair = one_way().unwrap();
        let mut from = std::fs::File::from(pair.from);
        let mut to = std::fs::File::from(pair.to);
        from.write_all(b"abc").unwrap();
        assert!(unread_by_peer(from.as_fd()).unwrap() > 0);
        let mut got = [0; 3];
        to.read_exact(&mut got).unwrap();
        assert_eq!(&got, b"abc");
        assert_eq!(unread_by_peer(from.as_fd()).unwrap(), 0);
        assert!(send_some(to.as_fd(), b"x").is_err());
    }

    #[test]
    fn a_channel_cannot_be_opened_through_proc() {
        let pair = one_way().unwrap();
        let path = format!("/proc/self/fd/{}", pair.to.as_raw_fd());
        let error = std::fs::OpenOptions::new()
            .write(true)
            .open(path)
            .unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENXIO));
    }

    #[test]
    fn a_sealed_file_cannot_be_written_through_proc() {
        let fd = sealed_file(c"x", b"text").unwrap();
        let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
        let mut opened = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        let error = opened.write_all(b"evil").unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EPERM));
        assert_eq!(std::fs::read(path).unwrap(), b"text");
    }

    #[test]
    fn random_bytes_differ() {
        let (mut a, mut b) = ([0; 16], [0; 16]);
        random(&mut a).unwrap();
        random(&mut b).unwrap();
        assert_ne!(a, b);
    }
}
