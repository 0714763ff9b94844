//! The few facts about programs, builtins and variables without which judging leaks.

pub(crate) mod wrappers;

/// Variables that change by themselves or whose reading changes them.
pub(crate) const VOLATILE: &[&str] = &[
    "_",
    "BASHPID",
    "BASH_ARGC",
    "BASH_ARGV",
    "BASH_ARGV0",
    "BASH_COMMAND",
    "BASH_EXECUTION_STRING",
    "BASH_LINENO",
    "BASH_MONOSECONDS",
    "BASH_REMATCH",
    "BASH_SOURCE",
    "BASH_SUBSHELL",
    "BASH_TRAPSIG",
    "COLUMNS",
    "COMP_CWORD",
    "COMP_LINE",
    "COMP_POINT",
    "COMP_WORDS",
    "COMPREPLY",
    "COPROC",
    "DIRSTACK",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "FUNCNAME",
    "GROUPS",
    "HISTCMD",
    "LINENO",
    "LINES",
    "MAPFILE",
    "OPTARG",
    "OPTIND",
    "PIPESTATUS",
    "RANDOM",
    "READLINE_LINE",
    "READLINE_POINT",
    "REPLY",
    "SECONDS",
    "SHELLOPTS",
    "BASHOPTS",
    "SRANDOM",
];

/// Variables that bash lets nobody assign to: an attempt ends the line.
pub(crate) const READ_ONLY: &[&str] = &[
    "BASHOPTS",
    "BASH_VERSINFO",
    "EUID",
    "PPID",
    "SHELLOPTS",
    "UID",
];

/// Variables of bash that are integers from the start: what is assigned to them is evaluated, subscripts and
/// the substitutions in them too.
pub(crate) const INTEGERS: &[&str] = &[
    "BASHPID",
    "BASH_MONOSECONDS",
    "BASH_SUBSHELL",
    "BASH_TRAPSIG",
    "COMP_CWORD",
    "COMP_POINT",
    "EPOCHSECONDS",
    "HISTCMD",
    "LINENO",
    "OPTIND",
    "RANDOM",
    "READLINE_POINT",
    "SECONDS",
    "SRANDOM",
];

/// What assigning to a variable does beside storing the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VariableKind {
    /// Nothing.
    Plain,
    /// Changes which files bare command names lead to.
    Lookup,
    /// Changes what names mean, or how text is read; nothing after it can be judged.
    Names,
    /// Is expanded and shown as a prompt or a message, so that substitutions in it run.
    Prompt,
    /// Is run as commands.
    Command,
    /// Belongs to the guard, or aims the shell's own output at a descriptor.
    Forbidden,
}

/// What assigning to this variable does.
pub(crate) fn variable_kind(name: &[u8]) -> VariableKind {
    match name {
        b"PATH" | b"EXECIGNORE" | b"BASH_CMDS" => VariableKind::Lookup,
        b"BASH_ALIASES"
        | b"POSIXLY_CORRECT"
        | b"SHELLOPTS"
        | b"BASHOPTS"
        | b"BASH_COMPAT"
        | b"BASH_LOADABLES_PATH" => VariableKind::Names,
        b"PS0" | b"PS1" | b"PS2" | b"PS3" | b"PS4" | b"MAILPATH" | b"RPS1" | b"PROMPT" => {
            VariableKind::Prompt
        }
        b"PROMPT_COMMAND" => VariableKind::Command,
        b"BASH_XTRACEFD" | b"TMOUT" => VariableKind::Forbidden,
        name if name.starts_with(b"__gs_") => VariableKind::Forbidden,
        _ => VariableKind::Plain,
    }
}

/// Reserved words of either shell.
pub(crate) const RESERVED: &[&str] = &[
    "!", "[[", "]]", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for",
    "function", "if", "in", "select", "then", "time", "until", "while", "{", "}",
];

/// Builtins of bash 5.
pub(crate) const BASH_BUILTINS: &[&str] = &[
    ".",
    ":",
    "[",
    "alias",
    "bg",
    "bind",
    "break",
    "builtin",
    "caller",
    "cd",
    "command",
    "compgen",
    "complete",
    "compopt",
    "continue",
    "declare",
    "dirs",
    "disown",
    "echo",
    "enable",
    "eval",
    "exec",
    "exit",
    "export",
    "false",
    "fc",
    "fg",
    "getopts",
    "hash",
    "help",
    "history",
    "jobs",
    "kill",
    "let",
    "local",
    "logout",
    "mapfile",
    "popd",
    "printf",
    "pushd",
    "pwd",
    "read",
    "readarray",
    "readonly",
    "return",
    "set",
    "shift",
    "shopt",
    "source",
    "suspend",
    "test",
    "times",
    "trap",
    "true",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "wait",
];

/// Builtins of dash.
pub(crate) const DASH_BUILTINS: &[&str] = &[
    ".", ":", "[", "alias", "bg", "break", "cd", "chdir", "command", "continue", "echo", "eval",
    "exec", "exit", "export", "false", "fg", "getopts", "hash", "jobs", "kill", "local", "printf",
    "pwd", "read", "readonly", "return", "set", "shift", "test", "times", "trap", "true", "type",
    "ulimit", "umask", "unalias", "unset", "wait",
];

/// Builtins before which an assignment stays in plain POSIX shells.
pub(crate) const SPECIAL_BUILTINS: &[&str] = &[
    ".", ":", "break", "continue", "eval", "exec", "exit", "export", "readonly", "return", "set",
    "shift", "times", "trap", "unset",
];

/// Functions that bash calls by itself.
pub(crate) const CALLED_BY_ITSELF: &[&str] = &["command_not_found_handle"];

/// Whether a table holds a name.
pub(crate) fn holds(table: &[&str], name: &[u8]) -> bool {
    table.iter().any(|entry| entry.as_bytes() == name)
}
