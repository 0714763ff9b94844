//! The environment at the door: what a caller's variables may make the shell do.
//!
//! Some variables make the *shell itself* run, load or trace something before or beside the text that was
//! judged. They never get past the door. Others make common programs run something (`PAGER`, `GIT_*`):
//! in an installation without a system configuration they are the caller's own and kept, and their names
//! stand in the session's first record.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// Never passed on: each makes the shell run, load or trace text that nobody judged, or is the guard's own.
const DROPPED: &[&str] = &[
    "BASHOPTS",
    "BASH_COMPAT",
    "BASH_ENV",
    "BASH_LOADABLES_PATH",
    "BASH_XTRACEFD",
    "ENV",
    "GCONV_PATH",
    "GLIBC_TUNABLES",
    "LD_AUDIT",
    "LD_PRELOAD",
    "LD_PROFILE",
    "MAILPATH",
    "MAIL",
    "POSIXLY_CORRECT",
    "PROMPT_COMMAND",
    "PS0",
    "PS4",
    "SHELLOPTS",
    "TEXTDOMAIN",
];

/// Recorded by name: each makes some common program run, load or send something.
const RECORDED: &[&str] = &[
    "ALL_PROXY",
    "BROWSER",
    "CC",
    "CDPATH",
    "CURL_HOME",
    "EDITOR",
    "FCEDIT",
    "GREP_OPTIONS",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "IFS",
    "JAVA_TOOL_OPTIONS",
    "LD_LIBRARY_PATH",
    "LESS",
    "LESSCLOSE",
    "LESSEDIT",
    "LESSOPEN",
    "MANOPT",
    "MANPAGER",
    "NODE_OPTIONS",
    "NODE_PATH",
    "PAGER",
    "PERL5DB",
    "PERL5LIB",
    "PERL5OPT",
    "PERLLIB",
    "PSQLRC",
    "PYTHONHOME",
    "PYTHONINSPECT",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "RIPGREP_CONFIG_PATH",
    "RUBYLIB",
    "RUBYOPT",
    "RUSTC",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
    "RUST_LOG",
    "SSH_ASKPASS",
    "SYSTEMD_PAGER",
    "TAR_OPTIONS",
    "VIMINIT",
    "EXINIT",
    "VISUAL",
    "WGETRC",
    "XDG_CONFIG_HOME",
    "ZDOTDIR",
];

/// The environment of a shell, and what was done to the caller's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DoorEnv {
    /// What the shell gets.
    pub(crate) variables: Vec<(OsString, OsString)>,
    /// Names that were taken out.
    pub(crate) dropped: Vec<String>,
    /// Names that were kept and can make a program run something.
    pub(crate) risky: Vec<String>,
}

/// Makes the shell's environment from the caller's and from what the configuration sets.
pub(crate) fn at_the_door(
    caller: impl Iterator<Item = (OsString, OsString)>,
    set: &[(String, String)],
) -> DoorEnv {
    let mut door = DoorEnv::default();
    for (name, value) in caller {
        let bytes = name.as_bytes();
        if drops(bytes) {
            door.dropped
                .push(guardsh_protocol::shown(bytes).to_string());
            continue;
        }
        if bytes.starts_with(b"GUARDSH_") || set.iter().any(|(own, _)| OsStr::new(own) == name) {
            continue;
        }
        if is_risky(bytes) {
            door.risky.push(guardsh_protocol::shown(bytes).to_string());
        }
        door.variables.push((name, value));
    }
    let less_is_named = set.iter().any(|(name, _)| name == "LESSSECURE");
    if !less_is_named {
        // A pager that can start a shell would be a door out of every program that pages.
        door.variables.retain(|(name, _)| name != "LESSSECURE");
        door.variables.push(("LESSSECURE".into(), "1".into()));
    }
    door.variables
        .extend(set.iter().map(|(name, value)| (name.into(), value.into())));
    door
}

fn drops(name: &[u8]) -> bool {
    name.starts_with(b"BASH_FUNC_")
        || name.starts_with(b"__gs_")
        || DROPPED.iter().any(|known| known.as_bytes() == name)
}

fn is_risky(name: &[u8]) -> bool {
    name.starts_with(b"GIT_") || RECORDED.iter().any(|known| known.as_bytes() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(variables: &[(&str, &str)], set: &[(&str, &str)]) -> DoorEnv {
        let caller = variables
            .iter()
            .map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let set: Vec<(String, String)> = set
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        at_the_door(caller, &set)
    }

    #[test]
    fn what_would_run_before_the_text_is_taken_out() {
        let made = door(
            &[
                ("BASH_ENV", "/tmp/x"),
                ("BASH_FUNC_ls%%", "() { id; }"),
                ("GUARDSH_TASK", "t"),
                ("HOME", "/h"),
                ("PAGER", "x"),
            ],
            &[],
        );
        assert_eq!(made.dropped, ["BASH_ENV", "BASH_FUNC_ls%%"]);
        assert_eq!(made.risky, ["PAGER"]);
        let names: Vec<_> = made
            .variables
            .iter()
            .map(|(name, _)| name.to_str().unwrap())
            .collect();
        assert_eq!(names, ["HOME", "PAGER", "LESSSECURE"]);
    }

    #[test]
    fn the_configuration_outweighs_the_caller() {
        let made = door(
            &[("TMPDIR", "/evil"), ("LESSSECURE", "0")],
            &[("TMPDIR", "/tmp")],
        );
        assert_eq!(
            made.variables,
            [
                ("LESSSECURE".into(), "1".into()),
                ("TMPDIR".into(), "/tmp".into())
            ]
        );
        assert_eq!(
            door(&[], &[("LESSSECURE", "0")]).variables,
            [("LESSSECURE".into(), "0".into())]
        );
    }
}
