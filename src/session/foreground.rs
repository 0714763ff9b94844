//! Which program would get what is typed now, and what it may be given.
//!
//! Bytes that are typed while something runs can only reach the program that reads them, so they are handed out
//! by which program that is: full-screen programs get keys, programs that read data get lines, what reads
//! commands (shells, interpreters, remote shells) gets nothing here, and what nobody reads is kept for the
//! prompt, where it is judged.

use guardsh_sys::Pid;
use guardsh_sys::process::{WaitsFor, is_on_terminal, members_of, program_of, stat_of, waits_for};
use guardsh_sys::tty::Mode;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Programs that take single keys and cannot be told to run text by whole lines.
const RAW: &str = "alsamixer btop dialog fzf htop info joe less lynx man mc more most nano ncdu nvim pg pico ranger rnano \
     rview rvim sensible-editor tig top vi view vim vimdiff vim.basic vim.gtk3 vim.nox vim.tiny watch whiptail";

/// Programs that read commands or carry them elsewhere. A version may follow the name (`python3.11`).
const COMMANDS: &str = "ash awk bash bc busybox chroot clisp csh dash dc docker ed elvish emacs erl ex expect fish gawk gdb ghci \
     gnuplot groovysh guile iex irb jdb jshell julia kubectl ksh ksh93 lftp lldb lua luajit m4 mariadb mawk mksh mongo mongosh \
     mysql nc ncat netcat node nodejs nsenter nu ocaml octave perl php podman posh psql pwsh python pypy R racket rbash redis-cli \
     rlwrap rsh ruby runuser sash scala screen script scsh sftp sh socat sqlite sqlite3 sqlplus ssh su sudo swipl tcsh tclsh \
     telnet tmux unshare utop wish xargs yash zsh";

/// Programs whose hidden input is a password.
const PASSWORDS: &str = "cryptsetup doas git-credential-cache gpg gpg-agent gpg2 kinit login mount.cifs passwd pinentry \
     pinentry-curses pinentry-tty runuser scp sftp ssh ssh-add ssh-askpass ssh-keygen su sudo systemd-ask-password systemd-tty-ask-password-agent";

/// Who would get the next byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// A program that takes keys.
    Keys(Vec<u8>),
    /// A program (or `read` of the shell itself) that reads lines of data.
    Lines(Vec<u8>, Pid),
    /// One that reads a password.
    Password(Vec<u8>, Pid),
    /// One that reads commands: it gets nothing.
    Commands(Vec<u8>),
    /// Nobody reads.
    Nobody,
}

/// The shell whose children are looked at.
#[derive(Clone, Debug)]
pub(crate) struct Home<'a> {
    /// Its process.
    pub(crate) shell: Pid,
    /// Where its image lies: a fork of it that is no other program has the same.
    pub(crate) image: Option<(u64, u64)>,
    /// The inner terminal.
    pub(crate) terminal: &'a Path,
    /// Programs that the configuration adds to those that take keys.
    pub(crate) raw: &'a [String],
}

/// Looks at the foreground group once.
pub(crate) fn reader(home: &Home<'_>, group: Pid, mode: &Mode) -> Reader {
    let shell_group = stat_of(home.shell).map(|stat| stat.group);
    let members = if shell_group == Some(group) {
        // Children that share the shell's own group run in the middle of its own work.
        let mut members = members_of(group);
        if !members.contains(&home.shell) {
            members.push(home.shell);
        }
        members
    } else {
        members_of(group)
    };
    let seen: Vec<Member> = members
        .into_iter()
        .filter_map(|pid| Member::of(home, pid))
        .collect();

    // Strictest first: where a shell and `cat` share a group, whoever reads decides.
    if let Some(member) = seen
        .iter()
        .find(|member| member.reads && member.kind == Kind::Commands)
    {
        return if !mode.echoes() && mode.is_by_line() && is_listed(PASSWORDS, &member.name) {
            Reader::Password(member.name.clone(), member.pid)
        } else {
            Reader::Commands(member.name.clone())
        };
    }
    if let Some(member) = seen.iter().find(|member| member.reads) {
        let name = member.name.clone();
        return match member.kind {
            Kind::Keys => Reader::Keys(name),
            Kind::Other if !mode.echoes() && mode.is_by_line() && is_listed(PASSWORDS, &name) => {
                Reader::Password(name, member.pid)
            }
            Kind::Other | Kind::Shell | Kind::Commands => Reader::Lines(name, member.pid),
        };
    }
    // What waits for several things at once cannot be seen to read. A full-screen program does nothing else.
    if let Some(member) = seen.iter().find(|member| {
        member.several
            && match member.kind {
                Kind::Keys | Kind::Commands => true,
                Kind::Shell => member.on_terminal,
                Kind::Other => !mode.is_by_line(),
            }
    }) {
        let name = member.name.clone();
        return match member.kind {
            Kind::Keys => Reader::Keys(name),
            Kind::Commands => Reader::Commands(name),
            Kind::Other | Kind::Shell => Reader::Lines(name, member.pid),
        };
    }
    Reader::Nobody
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Keys,
    Commands,
    /// Our own shell, or a fork of it.
    Shell,
    Other,
}

#[derive(Debug)]
struct Member {
    pid: Pid,
    name: Vec<u8>,
    kind: Kind,
    reads: bool,
    several: bool,
    on_terminal: bool,
}

impl Member {
    fn of(home: &Home<'_>, pid: Pid) -> Option<Self> {
        let stat = stat_of(pid)?;
        if stat.state == b'Z' {
            return None;
        }
        let program = program_of(pid);
        // A program of another user (sudo, su) hides its file; its name is what it says it is.
        let name = match &program {
            Some(path) => path
                .file_name()
                .unwrap_or(OsStr::new("?"))
                .as_bytes()
                .to_vec(),
            None => stat.name.clone(),
        };
        let is_shell = home.image.is_some() && stat.image == home.image;
        let kind = if is_shell {
            Kind::Shell
        } else if program
            .as_deref()
            .is_some_and(|path| takes_keys(home, path))
        {
            Kind::Keys
        } else if is_listed(COMMANDS, &name) {
            Kind::Commands
        } else {
            Kind::Other
        };
        let on = |fd| is_on_terminal(pid, fd, home.terminal).unwrap_or(false);
        let (reads, several) = match waits_for(pid) {
            WaitsFor::Read(fd) => (on(fd), false),
            WaitsFor::Several => (false, true),
            WaitsFor::Other => (false, false),
            // We may not look, so it is another user's: taken to read while it sleeps with hidden input.
            WaitsFor::Hidden => (stat.state == b'S' && is_listed(PASSWORDS, &name), false),
        };
        Some(Self {
            pid,
            name,
            kind,
            reads,
            several,
            on_terminal: several && on(0),
        })
    }
}

/// A name on the list counts only for a file that root alone can change: `cp bash vim` is no editor.
fn takes_keys(home: &Home<'_>, program: &Path) -> bool {
    let Some(name) = program.file_name().map(OsStrExt::as_bytes) else {
        return false;
    };
    let listed = RAW
        .split_ascii_whitespace()
        .any(|raw| raw.as_bytes() == name)
        || home.raw.iter().any(|raw| raw.as_bytes() == name);
    listed && roots_alone(program)
}

fn roots_alone(program: &Path) -> bool {
    std::fs::metadata(PathBuf::from(program))
        .is_ok_and(|facts| facts.uid() == 0 && facts.mode() & 0o022 == 0)
}

fn is_listed(list: &str, name: &[u8]) -> bool {
    let bare: &[u8] = {
        let digits = name
            .iter()
            .rev()
            .take_while(|byte| byte.is_ascii_digit() || **byte == b'.' || **byte == b'-')
            .count();
        name.get(..name.len() - digits).unwrap_or(name)
    };
    list.split_ascii_whitespace()
        .any(|listed| listed.as_bytes() == name || (!bare.is_empty() && listed.as_bytes() == bare))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_behind_an_interpreters_name_hides_nothing() {
        for name in [
            "python3.11",
            "python",
            "lua5.4",
            "bash",
            "ksh93",
            "php8.2",
            "pypy3",
        ] {
            assert!(is_listed(COMMANDS, name.as_bytes()), "{name}");
        }
        assert!(!is_listed(COMMANDS, b"cat"));
        assert!(!is_listed(COMMANDS, b"2"));
    }
}
