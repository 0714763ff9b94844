//! Waiting for people where there is no session: a line on standard error, and signals.

use super::tell::Teller;
use crate::desk::{Desk, Step};
use guardsh_policy::World;
use guardsh_sys::plain::{Signals, die_like};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::time::Duration;

/// The step behind a wait, where there is one; any other step as it is.
pub(super) fn waited(
    step: Step,
    desk: &mut Desk,
    world: &mut dyn World,
    signals: &mut Signals,
    teller: Teller,
) -> Step {
    match step {
        Step::Wait => wait(desk, world, signals, teller),
        Step::Run(_) | Step::Refuse(_) => step,
    }
}

/// Waits for people, or for a signal that ends the wait.
fn wait(desk: &mut Desk, world: &mut dyn World, signals: &mut Signals, teller: Teller) -> Step {
    let mut shown = Shown::new(teller);
    loop {
        if let Some(step) = desk.progress(world) {
            shown.clear();
            return step;
        }
        if let Ok(Some(arrived)) = signals.arrived() {
            if arrived.signal == Signal::SIGINT {
                shown.clear();
                let step = desk.interrupt();
                desk.settle();
                return step;
            }
            // The caller is gone or wants us gone: the request stays open and can be resumed.
            if matches!(
                arrived.signal,
                Signal::SIGHUP | Signal::SIGTERM | Signal::SIGQUIT
            ) {
                shown.clear();
                desk.give_up();
                let _ = die_like(arrived.signal as i32);
            }
            if arrived.signal == Signal::SIGTSTP {
                let _ = nix::sys::signal::raise(Signal::SIGSTOP);
            }
        }
        shown.show(desk);
        let _ = desk.sync_if_due();
        let Some(wake) = desk.wake_fd() else { continue };
        let mut fds = [
            PollFd::new(wake, PollFlags::POLLIN),
            PollFd::new(signals.as_fd(), PollFlags::POLLIN),
        ];
        let timeout =
            PollTimeout::try_from(Duration::from_millis(500)).unwrap_or(PollTimeout::ZERO);
        match poll(&mut fds, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

/// The waiting line on a terminal; elsewhere one line when the request has an id.
struct Shown {
    terminal: bool,
    silent: bool,
    told: Option<String>,
    drawn: bool,
}

impl Shown {
    fn new(teller: Teller) -> Self {
        Self {
            terminal: io::stderr().is_terminal(),
            silent: teller.is_json(),
            told: None,
            drawn: false,
        }
    }

    fn show(&mut self, desk: &Desk) {
        if self.silent {
            return;
        }
        let Some(waiting) = desk.waiting() else {
            return;
        };
        let words = crate::desk::waiting_words(&waiting);
        if self.terminal {
            let _ = write!(io::stderr(), "\r\x1b[2K{words}");
            self.drawn = true;
        } else if let Some(short) = waiting.short
            && self.told.as_deref() != Some(&short)
        {
            let _ = writeln!(io::stderr(), "{words}");
            self.told = Some(short);
        }
    }

    fn clear(&mut self) {
        if self.drawn {
            let _ = write!(io::stderr(), "\r\x1b[2K");
            self.drawn = false;
        }
    }
}
