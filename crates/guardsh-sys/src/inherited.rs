//! Which descriptors this process was started with.
//!
//! Looked up before `main`, because the runtime puts `/dev/null` in the place of a closed standard descriptor
//! before the first line of ours runs, and because everything that is opened later is not the caller's.

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicU64, Ordering};

/// Descriptors from this number on are not looked at and count as not the caller's.
pub const LOOKED_AT: RawFd = 256;

static OPEN: [AtomicU64; 4] = [const { AtomicU64::new(0) }; 4];

/// Whether the caller left this descriptor open.
pub fn was_open(number: RawFd) -> bool {
    let Ok(number) = usize::try_from(number) else {
        return false;
    };
    OPEN.get(number / 64)
        .is_some_and(|bits| bits.load(Ordering::Relaxed) >> (number % 64) & 1 == 1)
}

/// One poll tells of all: a descriptor that is not open is answered with POLLNVAL.
extern "C" fn look() {
    const NONE: libc::pollfd = libc::pollfd {
        fd: 0,
        events: 0,
        revents: 0,
    };
    let mut all = [NONE; 256];
    for (number, one) in (0..LOOKED_AT).zip(all.iter_mut()) {
        one.fd = number;
    }
    // SAFETY: the array lives on this frame, its length is the one given, and a timeout of 0 never waits.
    let answered = unsafe { libc::poll(all.as_mut_ptr(), 256, 0) };
    if answered < 0 {
        // Not known (a limit below 256 descriptors): the three that every program has.
        if let Some(bits) = OPEN.first() {
            bits.store(7, Ordering::Relaxed);
        }
        return;
    }
    for (number, one) in all.iter().enumerate() {
        if one.revents & libc::POLLNVAL == 0
            && let Some(bits) = OPEN.get(number / 64)
        {
            bits.fetch_or(1 << (number % 64), Ordering::Relaxed);
        }
    }
}

// The C library calls what stands in this section before `main`, with nothing set up but itself: `look` uses
// one system call and static memory.
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_open_before_main_is_known_and_what_came_later_is_not() {
        use std::os::fd::AsRawFd;
        assert!(was_open(1) && was_open(2));
        let later = std::fs::File::open("/dev/null").unwrap();
        assert!(!was_open(later.as_raw_fd()));
        assert!(!was_open(-1) && !was_open(5000));
    }
}
