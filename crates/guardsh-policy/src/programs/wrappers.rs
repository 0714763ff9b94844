//! Programs that run what their words name, and how their own words end.

/// How a wrapper's words are read. Options that are not listed make the call opaque.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wrapper {
    pub(crate) name: &'static str,
    /// It only runs what it names and needs no rule of its own.
    pub(crate) pure: bool,
    /// One-letter options without an argument.
    pub(crate) flags: &'static str,
    /// One-letter options with an argument, attached or in the next word.
    pub(crate) valued: &'static str,
    /// One-letter options with an attached argument or none.
    pub(crate) optional: &'static str,
    /// Long options without an argument, or with one behind `=` that does no harm.
    pub(crate) long: &'static [&'static str],
    /// Long options with an argument behind `=` or in the next word.
    pub(crate) long_valued: &'static [&'static str],
    /// Words between the options and the command.
    pub(crate) operands: usize,
    /// `NAME=value` words stand before the command.
    pub(crate) assignments: bool,
    /// Where the command runs: this machine's files as this shell sees them, or elsewhere.
    pub(crate) elsewhere: bool,
    /// What is particular about it.
    pub(crate) kind: Kind,
}

/// What is particular about a wrapper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing.
    Plain,
    /// `env`: `-i`, `-u`, `-C`.
    Env,
    /// `sudo`: modes without a command.
    Sudo,
    /// `xargs`: words are added.
    Xargs,
    /// `find`: commands in the middle.
    Find,
    /// `ssh`: text for a shell elsewhere.
    Ssh,
    /// `docker exec`, `podman exec`.
    Container,
    /// `su -c TEXT`.
    Su,
    /// Starts other programs in ways that are not followed.
    Opaque,
}

const NONE: Wrapper = Wrapper {
    name: "",
    pure: true,
    flags: "",
    valued: "",
    optional: "",
    long: &[],
    long_valued: &[],
    operands: 0,
    assignments: false,
    elsewhere: false,
    kind: Kind::Plain,
};

const WRAPPERS: &[Wrapper] = &[
    Wrapper {
        name: "nohup",
        ..NONE
    },
    Wrapper {
        name: "nice",
        valued: "n",
        long_valued: &["adjustment"],
        ..NONE
    },
    Wrapper {
        name: "ionice",
        flags: "t",
        valued: "cn",
        long: &["ignore"],
        long_valued: &["class", "classdata"],
        ..NONE
    },
    Wrapper {
        name: "setsid",
        flags: "cfw",
        long: &["ctty", "fork", "wait"],
        ..NONE
    },
    Wrapper {
        name: "stdbuf",
        valued: "ioe",
        long_valued: &["input", "output", "error"],
        ..NONE
    },
    Wrapper {
        name: "time",
        flags: "pvq",
        long: &["portability", "verbose", "quiet"],
        valued: "f",
        long_valued: &["format"],
        ..NONE
    },
    Wrapper {
        name: "timeout",
        flags: "v",
        valued: "ks",
        long: &["foreground", "preserve-status", "verbose"],
        long_valued: &["kill-after", "signal"],
        operands: 1,
        ..NONE
    },
    Wrapper {
        name: "env",
        flags: "iv0",
        valued: "uC",
        long: &["ignore-environment", "null", "debug"],
        long_valued: &["unset", "chdir"],
        assignments: true,
        kind: Kind::Env,
        ..NONE
    },
    Wrapper {
        name: "xargs",
        flags: "0rtpxo",
        valued: "aIdEnLPs",
        optional: "eil",
        long: &[
            "null",
            "no-run-if-empty",
            "verbose",
            "interactive",
            "exit",
            "open-tty",
            "replace",
            "max-lines",
            "eof",
        ],
        long_valued: &[
            "arg-file",
            "delimiter",
            "max-args",
            "max-procs",
            "max-chars",
        ],
        kind: Kind::Xargs,
        ..NONE
    },
    Wrapper {
        name: "find",
        pure: false,
        kind: Kind::Find,
        ..NONE
    },
    Wrapper {
        name: "sudo",
        pure: false,
        flags: "AbBEHnPSkKlvVise",
        valued: "CDghpRrTtuU",
        long: &[
            "askpass",
            "background",
            "bell",
            "preserve-env",
            "set-home",
            "non-interactive",
            "preserve-groups",
            "stdin",
            "reset-timestamp",
        ],
        long_valued: &[
            "close-from",
            "group",
            "prompt",
            "user",
            "role",
            "type",
            "command-timeout",
        ],
        assignments: true,
        kind: Kind::Sudo,
        ..NONE
    },
    Wrapper {
        name: "doas",
        pure: false,
        flags: "nLs",
        valued: "uCa",
        kind: Kind::Sudo,
        ..NONE
    },
    Wrapper {
        name: "chroot",
        pure: false,
        long: &["skip-chdir"],
        long_valued: &["userspec", "groups"],
        operands: 1,
        elsewhere: true,
        ..NONE
    },
    Wrapper {
        name: "unshare",
        pure: false,
        flags: "muinpUCTfrc",
        long: &[
            "mount",
            "uts",
            "ipc",
            "net",
            "pid",
            "user",
            "cgroup",
            "time",
            "fork",
            "map-root-user",
            "map-current-user",
            "mount-proc",
            "kill-child",
        ],
        ..NONE
    },
    Wrapper {
        name: "strace",
        pure: false,
        flags: "cCdfFhiqrtTvVwxyzYZk",
        valued: "abeOpsSuUXI",
        ..NONE
    },
    Wrapper {
        name: "ssh",
        pure: false,
        flags: "46AaCfGgKkMNnqsTtVvXxYy",
        valued: "BbcDEeFIiJLlmOopQRSWw",
        elsewhere: true,
        kind: Kind::Ssh,
        ..NONE
    },
    Wrapper {
        name: "docker",
        pure: false,
        elsewhere: true,
        kind: Kind::Container,
        ..NONE
    },
    Wrapper {
        name: "podman",
        pure: false,
        elsewhere: true,
        kind: Kind::Container,
        ..NONE
    },
    Wrapper {
        name: "su",
        pure: false,
        kind: Kind::Su,
        ..NONE
    },
    Wrapper {
        name: "runuser",
        pure: false,
        kind: Kind::Su,
        ..NONE
    },
];

/// Programs that start others in ways that are not followed here.
const OPAQUE: &[&str] = &[
    "at",
    "batch",
    "bwrap",
    "busybox",
    "toybox",
    "capsh",
    "chrt",
    "choom",
    "cpulimit",
    "daemonize",
    "dbus-launch",
    "dbus-run-session",
    "dtach",
    "entr",
    "expect",
    "fakeroot",
    "faketime",
    "firejail",
    "flock",
    "gdb",
    "ltrace",
    "machinectl",
    "mosh",
    "newgrp",
    "nsenter",
    "numactl",
    "parallel",
    "perf",
    "pkexec",
    "prlimit",
    "proot",
    "run-parts",
    "runcon",
    "script",
    "screen",
    "setarch",
    "setpriv",
    "sem",
    "sg",
    "socat",
    "start-stop-daemon",
    "systemd-run",
    "taskset",
    "tmux",
    "torsocks",
    "proxychains",
    "proxychains4",
    "unbuffer",
    "uv-run",
    "valgrind",
    "watch",
    "xterm",
    "xvfb-run",
    "zellij",
    "ld.so",
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
    "linux32",
    "linux64",
    "i386",
    "x86_64",
    "sudoedit",
    "visudo",
    "crontab",
    "exec",
    "rlwrap",
    "pty",
    "cgexec",
    "dumb-init",
    "tini",
    "gosu",
    "su-exec",
    "s6-setuidgid",
    "chpst",
    "softlimit",
    "setuidgid",
    "envdir",
    "direnv",
];

/// The wrapper of that name.
pub(crate) fn find(name: &[u8]) -> Option<Wrapper> {
    WRAPPERS
        .iter()
        .copied()
        .find(|wrapper| wrapper.name.as_bytes() == name)
        .or_else(|| {
            OPAQUE
                .iter()
                .find(|opaque| opaque.as_bytes() == name)
                .map(|opaque| Wrapper {
                    name: opaque,
                    pure: false,
                    kind: Kind::Opaque,
                    ..NONE
                })
        })
}

/// Shells, by base name.
const SHELLS: &[&str] = &[
    "sh", "bash", "rbash", "dash", "zsh", "ksh", "ksh93", "mksh", "lksh", "oksh", "loksh", "pdksh",
    "ash", "yash", "fish", "csh", "tcsh", "posh", "nu", "elvish", "xonsh", "pwsh", "oil", "osh",
    "ysh", "rksh", "rzsh",
];

/// Whether a base name is a shell's.
pub(crate) fn is_shell(name: &[u8]) -> bool {
    super::holds(SHELLS, name)
}

/// A program that reads code or commands from standard input unless its words say otherwise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interpreter {
    /// Base names, or their beginning when followed by a version.
    pub(crate) names: &'static [&'static str],
    /// Options with whose argument the code is given; what follows them is the code's.
    pub(crate) code: &'static [&'static str],
    /// Options with an argument of no interest.
    pub(crate) valued: &'static [&'static str],
    /// How many operands there must be for it not to read commands; 0: only `code` options count.
    pub(crate) operands: usize,
}

const INTERPRETERS: &[Interpreter] = &[
    Interpreter {
        names: &["python", "pypy"],
        code: &["-c", "-m"],
        valued: &["-W", "-X", "-Q", "--check-hash-based-pycs"],
        operands: 1,
    },
    Interpreter {
        names: &["perl"],
        code: &["-e", "-E"],
        valued: &[],
        operands: 1,
    },
    Interpreter {
        names: &["ruby"],
        code: &["-e"],
        valued: &["-r", "-I", "-C", "-E"],
        operands: 1,
    },
    Interpreter {
        names: &["node", "nodejs", "deno", "bun"],
        code: &["-e", "-p", "-pe", "--eval", "--print", "--test"],
        valued: &[
            "-r",
            "--require",
            "--import",
            "--loader",
            "-C",
            "--conditions",
        ],
        operands: 1,
    },
    Interpreter {
        names: &["php"],
        code: &["-r", "-f", "-S", "-l"],
        valued: &["-d", "-c", "-z"],
        operands: 1,
    },
    Interpreter {
        names: &["lua", "luajit"],
        code: &["-e"],
        valued: &["-l"],
        operands: 1,
    },
    Interpreter {
        names: &[
            "tclsh", "wish", "guile", "Rscript", "jshell", "groovy", "scala", "julia", "racket",
            "sbcl", "clisp", "ghci", "irb", "erl", "iex", "octave", "gnuplot", "swipl",
        ],
        code: &["-e", "-c", "--eval", "-E"],
        valued: &[],
        operands: 1,
    },
    Interpreter {
        names: &["R"],
        code: &["-e", "-f", "CMD"],
        valued: &[],
        operands: 0,
    },
    Interpreter {
        names: &["psql"],
        code: &["-c", "-f", "-l", "--command", "--file", "--list"],
        valued: &[
            "-h", "-p", "-U", "-d", "-v", "-o", "-L", "-P", "-F", "-R", "-T",
        ],
        operands: 0,
    },
    Interpreter {
        names: &["mysql", "mariadb"],
        code: &["-e", "--execute"],
        valued: &["-h", "-P", "-u", "-D", "-S"],
        operands: 0,
    },
    Interpreter {
        names: &["sqlite3"],
        code: &[],
        valued: &["-cmd", "-init", "-separator", "-nullvalue"],
        operands: 2,
    },
    Interpreter {
        names: &["mongo", "mongosh"],
        code: &["--eval"],
        valued: &[],
        operands: 0,
    },
    Interpreter {
        names: &["redis-cli"],
        code: &[],
        valued: &["-h", "-p", "-a", "-n", "-u", "-s"],
        operands: 1,
    },
    Interpreter {
        names: &["dc"],
        code: &["-e", "-f"],
        valued: &[],
        operands: 1,
    },
    Interpreter {
        names: &["ed", "red", "sftp", "ftp", "lftp", "telnet", "gdb"],
        code: &[],
        valued: &[],
        operands: usize::MAX,
    },
];

/// The interpreter of that base name.
pub(crate) fn interpreter(name: &[u8]) -> Option<Interpreter> {
    let bare: &[u8] = match name
        .iter()
        .rposition(|byte| !byte.is_ascii_digit() && *byte != b'.')
    {
        Some(last) => name.get(..=last).unwrap_or(name),
        None => name,
    };
    INTERPRETERS.iter().copied().find(|interpreter| {
        interpreter
            .names
            .iter()
            .any(|known| known.as_bytes() == name || known.as_bytes() == bare)
    })
}

/// Programs whose named operands are read with all that lies below them, when one of these options (or
/// sub-commands) is there; none: always.
pub(crate) const READS_BELOW: &[(&str, &[&str])] = &[
    ("grep", &["r", "R"]),
    ("egrep", &["r", "R"]),
    ("fgrep", &["r", "R"]),
    ("rgrep", &[]),
    ("rg", &[]),
    ("ag", &[]),
    ("ack", &[]),
    ("tar", &["c", "r", "u"]),
    ("cp", &["r", "R", "a"]),
    ("rsync", &[]),
    ("scp", &["r"]),
    ("zip", &["r"]),
    ("7z", &[]),
    // Without -r too it compares the files of two folders, or a file with its namesake in a folder.
    ("diff", &[]),
    ("git-grep", &[]),
];
