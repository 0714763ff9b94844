//! Terminals: modes, sizes, foreground process groups, what is left unread.

use nix::sys::termios::{
    FlushArg, InputFlags, LocalFlags, SetArg, SpecialCharacterIndices, Termios, cfmakeraw, tcflush,
    tcgetattr, tcsetattr,
};
use nix::unistd::{Pid, tcgetpgrp};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// Rows and columns of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Lines of text.
    pub rows: u16,
    /// Cells in a line.
    pub columns: u16,
}

impl Size {
    /// What is taken where a terminal does not know its size.
    pub const FALLBACK: Self = Self {
        rows: 24,
        columns: 80,
    };
}

/// The size of a terminal.
pub fn size(fd: BorrowedFd<'_>) -> io::Result<Size> {
    let mut got = libc::winsize {
        ws_row: 0,
        ws_col: 0,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: `fd` stays open for the call, and TIOCGWINSZ writes one `winsize`, which lives on this frame.
    let failed = unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCGWINSZ, &raw mut got) };
    if failed < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Size {
        rows: got.ws_row,
        columns: got.ws_col,
    })
}

/// Sets the size of a terminal; its foreground process group hears of it (SIGWINCH).
pub fn set_size(fd: BorrowedFd<'_>, size: Size) -> io::Result<()> {
    let new = libc::winsize {
        ws_row: size.rows,
        ws_col: size.columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: `fd` stays open for the call, and TIOCSWINSZ only reads the `winsize` behind the pointer,
    // which lives on this stack frame until the call returns.
    let failed = unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCSWINSZ, &raw const new) };
    if failed < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Puts a terminal into raw mode and its former mode back when dropped.
#[derive(Debug)]
pub struct RawMode {
    fd: OwnedFd,
    former: Termios,
    raw: Termios,
}

impl RawMode {
    /// Every byte is passed as it is typed; output is left untouched.
    pub fn enter(fd: BorrowedFd<'_>) -> io::Result<Self> {
        let fd = crate::io::duplicate_from(fd, 10)?;
        let former = tcgetattr(&fd)?;
        let mut raw = former.clone();
        cfmakeraw(&mut raw);
        tcsetattr(&fd, SetArg::TCSADRAIN, &raw)?;
        Ok(Self { fd, former, raw })
    }

    /// The mode that was found.
    pub fn former(&self) -> Mode {
        Mode(self.former.clone())
    }

    /// Puts the former mode back until [`Self::resume`] is called: before guardsh itself stops.
    pub fn pause(&self) -> io::Result<()> {
        Ok(tcsetattr(&self.fd, SetArg::TCSADRAIN, &self.former)?)
    }

    /// Raw again.
    pub fn resume(&self) -> io::Result<()> {
        Ok(tcsetattr(&self.fd, SetArg::TCSADRAIN, &self.raw)?)
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // Nothing better can be done where the terminal is gone.
        let _ = tcsetattr(&self.fd, SetArg::TCSADRAIN, &self.former);
    }
}

/// The mode of a terminal at one moment.
#[derive(Clone, Debug)]
pub struct Mode(Termios);

impl Mode {
    /// As it is now.
    pub fn of(fd: BorrowedFd<'_>) -> io::Result<Self> {
        Ok(Self(tcgetattr(fd)?))
    }

    /// Sets it on a terminal at once.
    pub fn set(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        Ok(tcsetattr(fd, SetArg::TCSANOW, &self.0)?)
    }

    /// The same with whole lines and signals: what a shell expects to find.
    ///
    /// Echo stays as it is: a driver that switched it off before it started a shell reads no echo from a plain
    /// shell either.
    pub fn sane(mut self) -> Self {
        self.0.local_flags.insert(
            LocalFlags::ICANON
                | LocalFlags::ECHOE
                | LocalFlags::ECHOK
                | LocalFlags::ISIG
                | LocalFlags::IEXTEN,
        );
        self.0
            .input_flags
            .insert(InputFlags::ICRNL | InputFlags::IXON);
        self.0
            .input_flags
            .remove(InputFlags::INLCR | InputFlags::IGNCR);
        self.0
            .output_flags
            .insert(nix::sys::termios::OutputFlags::OPOST | nix::sys::termios::OutputFlags::ONLCR);
        self
    }

    /// The same with every byte passed as it is and none waited for.
    pub fn draining(mut self) -> Self {
        self.0
            .local_flags
            .remove(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ECHONL);
        if let Some(least) = self
            .0
            .control_chars
            .get_mut(SpecialCharacterIndices::VMIN as usize)
        {
            *least = 0;
        }
        if let Some(time) = self
            .0
            .control_chars
            .get_mut(SpecialCharacterIndices::VTIME as usize)
        {
            *time = 0;
        }
        self
    }

    /// Whether programs read whole lines.
    pub fn is_by_line(&self) -> bool {
        self.0.local_flags.contains(LocalFlags::ICANON)
    }

    /// Whether what is typed is shown.
    pub fn echoes(&self) -> bool {
        self.0.local_flags.contains(LocalFlags::ECHO)
    }

    /// Whether Ctrl-C and its kin become signals.
    pub fn makes_signals(&self) -> bool {
        self.0.local_flags.contains(LocalFlags::ISIG)
    }

    /// Whether such a signal leaves in place what was typed before it.
    pub fn keeps_input_on_signal(&self) -> bool {
        self.0.local_flags.contains(LocalFlags::NOFLSH)
    }

    /// The byte that has this effect, unless none has.
    pub fn control(&self, which: Control) -> Option<u8> {
        let index = match which {
            Control::Interrupt => SpecialCharacterIndices::VINTR,
            Control::Quit => SpecialCharacterIndices::VQUIT,
            Control::Suspend => SpecialCharacterIndices::VSUSP,
            Control::EndOfInput => SpecialCharacterIndices::VEOF,
        };
        self.0
            .control_chars
            .get(index as usize)
            .copied()
            .filter(|byte| *byte != 0)
    }
}

/// Bytes that a terminal gives a meaning to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Usually Ctrl-C.
    Interrupt,
    /// Usually Ctrl-\.
    Quit,
    /// Usually Ctrl-Z.
    Suspend,
    /// Usually Ctrl-D.
    EndOfInput,
}

/// The process group that has the terminal.
pub fn foreground(fd: BorrowedFd<'_>) -> io::Result<Pid> {
    Ok(tcgetpgrp(fd)?)
}

/// Takes back what was typed into a terminal and read by nobody, partial lines included.
///
/// `terminal` is the side that programs have. The mode is as before afterwards. What a program of the
/// session reads meanwhile is not given back.
pub fn take_back(terminal: BorrowedFd<'_>) -> io::Result<Vec<u8>> {
    let mode = Mode::of(terminal)?;
    mode.clone().draining().set(terminal)?;
    let mut kept = Vec::new();
    let mut chunk = [0; 4096];
    let outcome = loop {
        match crate::io::read_some(terminal, &mut chunk) {
            Ok(crate::io::Got::Bytes(count)) => {
                kept.extend_from_slice(chunk.get(..count).unwrap_or_default());
            }
            Ok(crate::io::Got::Nothing | crate::io::Got::End) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    mode.set(terminal)?;
    outcome?;
    Ok(kept)
}

/// How many bytes a program would get now; in the mode of whole lines, only those of lines that are ended.
pub fn readable(terminal: BorrowedFd<'_>) -> io::Result<usize> {
    let mut count: libc::c_int = 0;
    // SAFETY: FIONREAD writes one int, which lives on this stack frame.
    let failed = unsafe { libc::ioctl(terminal.as_raw_fd(), libc::FIONREAD, &raw mut count) };
    if failed < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Drops what was typed and not read.
pub fn drop_input(terminal: BorrowedFd<'_>) -> io::Result<()> {
    Ok(tcflush(terminal, FlushArg::TCIFLUSH)?)
}

/// Whether a descriptor is a terminal.
pub fn is_terminal(fd: BorrowedFd<'_>) -> bool {
    std::io::IsTerminal::is_terminal(&fd.as_fd())
}
