//! Whether git, asked only to read, would run something that a configuration names.
//!
//! `git status` runs `core.fsmonitor`, clean filters and the `post-index-change` hook; `git log` and
//! `git diff` run pagers, text converters and external diffs; a partial clone fetches what is missing. So
//! "read-only" holds only where no configuration that git would read sets such a key.

use super::files::read_file;
use guardsh_policy::GitFacts;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A configuration is small; a larger one is not read and so not trusted.
const MAX_BYTES: usize = 1 << 20;
/// As deep as includes are followed.
const MAX_INCLUDES: usize = 10;
/// As many submodules as are looked at.
const MAX_MODULES: usize = 200;

/// Looks at everything git would read when started in `folder` with this environment.
pub(crate) fn git_facts(folder: &Path, env: &HashMap<OsString, OsString>) -> GitFacts {
    match look(folder, env) {
        Ok(()) => GitFacts::Harmless,
        Err(Why::Runs(what)) => GitFacts::Runs(what),
        Err(Why::Unknown) => GitFacts::Unknown,
    }
}

enum Why {
    Runs(String),
    Unknown,
}

fn runs<T>(what: String) -> Result<T, Why> {
    Err(Why::Runs(what))
}

fn look(folder: &Path, env: &HashMap<OsString, OsString>) -> Result<(), Why> {
    look_at_environment(env)?;
    look_at_config(Path::new("/etc/gitconfig"), 0)?;
    let home = env.get(OsStr::new("HOME")).map(PathBuf::from);
    if let Some(home) = &home {
        look_at_config(&home.join(".gitconfig"), 0)?;
    }
    let xdg = env.get(OsStr::new("XDG_CONFIG_HOME")).map(PathBuf::from);
    if let Some(config) = xdg.or_else(|| home.map(|home| home.join(".config"))) {
        look_at_config(&config.join("git/config"), 0)?;
    }
    let Some(git) = git_folder(folder)? else { return Ok(()) };
    look_at_repository(&git)
}

/// Variables that make git run something or look elsewhere.
fn look_at_environment(env: &HashMap<OsString, OsString>) -> Result<(), Why> {
    const HARMLESS: &[&str] = &[
        "GIT_AUTHOR_DATE",
        "GIT_AUTHOR_EMAIL",
        "GIT_AUTHOR_NAME",
        "GIT_COMMITTER_DATE",
        "GIT_COMMITTER_EMAIL",
        "GIT_COMMITTER_NAME",
        "GIT_DISCOVERY_ACROSS_FILESYSTEM",
        "GIT_MERGE_AUTOEDIT",
        "GIT_OPTIONAL_LOCKS",
        "GIT_SSL_CAINFO",
        "GIT_SSL_CAPATH",
        "GIT_TERMINAL_PROMPT",
    ];
    for (name, value) in env {
        let name = name.as_bytes();
        let pager = name == b"PAGER" || name == b"GIT_PAGER";
        if pager && !plain_pager(value.as_bytes()) {
            return runs(format!("{} in the environment", String::from_utf8(name.to_vec()).unwrap_or_default()));
        }
        let harmless = pager || HARMLESS.iter().any(|known| known.as_bytes() == name);
        if name.starts_with(b"GIT_") && !harmless {
            return runs(format!("{} in the environment", String::from_utf8(name.to_vec()).unwrap_or_default()));
        }
    }
    Ok(())
}

/// The pagers that `LESSSECURE` keeps from starting a shell, or that start none.
fn plain_pager(value: &[u8]) -> bool {
    matches!(value, b"" | b"less" | b"cat" | b"less -R" | b"less -F" | b"less -FRX" | b"less -FRSX" | b"/usr/bin/less" | b"/bin/cat")
}

/// The git folder of the work tree around `folder`, as git finds it.
fn git_folder(folder: &Path) -> Result<Option<PathBuf>, Why> {
    for place in folder.ancestors() {
        let dot_git = place.join(".git");
        match fs::metadata(&dot_git) {
            Ok(facts) if facts.is_dir() => return Ok(Some(dot_git)),
            Ok(facts) if facts.is_file() => {
                let text = read_file(&dot_git, 4096).ok_or(Why::Unknown)?;
                let target = text.strip_prefix(b"gitdir:").ok_or(Why::Unknown)?.trim_ascii();
                return Ok(Some(place.join(OsStr::from_bytes(target))));
            }
            Ok(_) | Err(_) => {}
        }
        // git takes a folder that looks like a bare repository for one, wherever it came from.
        if place.join("HEAD").exists() && place.join("objects").is_dir() && place.join("refs").is_dir() {
            return runs(format!("{} is a bare repository", place.display()));
        }
    }
    Ok(None)
}

fn look_at_repository(git: &Path) -> Result<(), Why> {
    // A work tree of its own shares everything with the main one but a few files.
    let common = match read_file(&git.join("commondir"), 4096) {
        Some(text) => git.join(OsStr::from_bytes(text.trim_ascii())),
        None => git.to_owned(),
    };
    for folder in [git, &common] {
        look_at_config(&folder.join("config"), 0)?;
        look_at_config(&folder.join("config.worktree"), 0)?;
        let hook = folder.join("hooks/post-index-change");
        if fs::metadata(&hook).is_ok() {
            return runs(format!("the hook {}", hook.display()));
        }
    }
    look_at_modules(&common.join("modules"))
}

/// `git status` and `git diff` go into submodules, with the submodule's configuration.
fn look_at_modules(modules: &Path) -> Result<(), Why> {
    let mut todo = vec![modules.to_owned()];
    let mut seen = 0;
    while let Some(folder) = todo.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            seen += 1;
            if seen > MAX_MODULES {
                return Err(Why::Unknown);
            }
            let path = entry.path();
            if path.join("HEAD").exists() {
                look_at_repository(&path)?;
            } else {
                todo.push(path);
            }
        }
    }
    Ok(())
}

fn look_at_config(path: &Path, depth: usize) -> Result<(), Why> {
    match fs::metadata(path) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => return Ok(()),
        Err(_) => return Err(Why::Unknown),
    }
    if depth > MAX_INCLUDES {
        return Err(Why::Unknown);
    }
    let text = read_file(path, MAX_BYTES).ok_or(Why::Unknown)?;
    if text.len() > MAX_BYTES {
        return Err(Why::Unknown);
    }
    let text = String::from_utf8(text).map_err(|_| Why::Unknown)?;
    for entry in entries(&text)? {
        look_at_entry(&entry, path, depth)?;
    }
    Ok(())
}

/// `section`, `subsection`, `key` (both in lower case) and the value.
struct Entry {
    section: String,
    key: String,
    value: String,
}

/// Reads git's configuration format; what is not plainly understood gives `Unknown`.
fn entries(text: &str) -> Result<Vec<Entry>, Why> {
    let mut entries = Vec::new();
    let mut section = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let mut line = line.trim().to_owned();
        while line.ends_with('\\') {
            line.pop();
            let Some(next) = lines.next() else { return Err(Why::Unknown) };
            line.push_str(next.trim_end());
        }
        let mut rest = line.trim_start_matches('\u{feff}').trim();
        if let Some(after) = rest.strip_prefix('[') {
            let Some(end) = after.find(']') else { return Err(Why::Unknown) };
            let Some((head, tail)) = after.split_at_checked(end) else { return Err(Why::Unknown) };
            let name = head.split(['"', ' ', '\t', '.']).next().unwrap_or_default();
            section = name.to_ascii_lowercase();
            rest = tail.strip_prefix(']').unwrap_or_default().trim();
        }
        if rest.is_empty() || rest.starts_with('#') || rest.starts_with(';') {
            continue;
        }
        let (key, value) = rest.split_once('=').unwrap_or((rest, "true"));
        // Inside quotes `;` and `#` begin no comment; a quoted or escaped value is kept as it is written, and so
        // equals none of the harmless ones.
        let plain = !value.contains(['"', '\\']);
        let value = if plain { value.split([';', '#']).next().unwrap_or_default() } else { value };
        entries.push(Entry {
            section: section.clone(),
            key: key.trim().to_ascii_lowercase(),
            value: value.trim().to_owned(),
        });
    }
    Ok(entries)
}

fn look_at_entry(entry: &Entry, path: &Path, depth: usize) -> Result<(), Why> {
    let Entry { section, key, value } = entry;
    let is_switch = matches!(value.as_str(), "" | "true" | "false" | "yes" | "no" | "on" | "off" | "0" | "1");
    let is_off = matches!(value.as_str(), "" | "false" | "no" | "off" | "0");
    let named = || format!("{section}.{key} in {}", path.display());
    match (section.as_str(), key.as_str()) {
        ("include" | "includeif", "path") => {
            let target = match value.strip_prefix("~/") {
                Some(below) => match std::env::home_dir() {
                    Some(home) => home.join(below),
                    None => return Err(Why::Unknown),
                },
                None => path.parent().unwrap_or(Path::new("/")).join(value),
            };
            look_at_config(&target, depth + 1)
        }
        ("core", "fsmonitor") if is_off => Ok(()),
        ("core", "pager") | ("pager", _) if is_switch || plain_pager(value.as_bytes()) => Ok(()),
        ("core", "pager" | "fsmonitor" | "hookspath" | "attributesfile" | "worktree" | "alternaterefscommand")
        | ("pager" | "extensions", _)
            if section != "extensions" || key == "partialclone" =>
        {
            runs(named())
        }
        ("remote", "promisor") if !is_off => runs(named()),
        // What the large-file extension installs runs only its own fixed program.
        ("filter", _) if matches!(value.as_str(), "git-lfs clean -- %f" | "git-lfs smudge -- %f" | "git-lfs filter-process") => {
            Ok(())
        }
        ("filter", "clean" | "smudge" | "process") => runs(named()),
        ("diff", "external" | "command" | "textconv" | "trustexitcode") => runs(named()),
        ("interactive", "difffilter") => runs(named()),
        ("gpg", _) if key.contains("program") || key.contains("command") => runs(named()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(config: &str) -> GitFacts {
        let folder = tempfile::tempdir().unwrap();
        let git = folder.path().join(".git");
        fs::create_dir_all(git.join("objects")).unwrap();
        fs::write(git.join("config"), config).unwrap();
        fs::create_dir_all(folder.path().join("src/deep")).unwrap();
        git_facts(&folder.path().join("src/deep"), &HashMap::new())
    }

    #[test]
    fn an_ordinary_repository_is_harmless() {
        let config = "[core]\n\trepositoryformatversion = 0\n\tbare = false\n[remote \"origin\"]\n\turl = x\n[user]\n name = A\n";
        assert_eq!(facts(config), GitFacts::Harmless);
        let lfs = "[filter \"lfs\"]\n clean = git-lfs clean -- %f\n process = git-lfs filter-process\n required = true\n";
        assert_eq!(facts(lfs), GitFacts::Harmless);
        assert_eq!(facts("[core]\n pager = less\n fsmonitor = false\n"), GitFacts::Harmless);
    }

    #[test]
    fn every_key_that_runs_something_while_reading_is_found() {
        for config in [
            "[core]\n fsmonitor = ./evil\n",
            "[core] fsmonitor = ./evil",
            "[CORE]\n\tFSMonitor=/tmp/x",
            "[core]\n pager = sh -c id\n",
            "[pager]\n log = ./evil\n",
            "[diff]\n external = ./evil\n",
            "[diff \"x\"]\n textconv = ./evil\n",
            "[filter \"x\"]\n clean = ./evil\n",
            "[core]\n hooksPath = /tmp/h\n",
            "[remote \"o\"]\n promisor = true\n",
            "[gpg]\n program = ./evil\n",
            "[core]\n pager = \"less;id\"\n",
        ] {
            assert!(matches!(facts(config), GitFacts::Runs(_)), "{config}");
        }
    }

    #[test]
    fn variables_hooks_and_bare_repositories_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let env = |name: &str, value: &str| HashMap::from([(OsString::from(name), OsString::from(value))]);
        assert_eq!(git_facts(folder.path(), &env("PAGER", "less")), GitFacts::Harmless);
        assert!(matches!(git_facts(folder.path(), &env("PAGER", "sh")), GitFacts::Runs(_)));
        assert!(matches!(git_facts(folder.path(), &env("GIT_EXTERNAL_DIFF", "x")), GitFacts::Runs(_)));
        assert_eq!(git_facts(folder.path(), &env("GIT_AUTHOR_NAME", "A")), GitFacts::Harmless);
        fs::create_dir_all(folder.path().join(".git/hooks")).unwrap();
        fs::write(folder.path().join(".git/hooks/post-index-change"), "").unwrap();
        assert!(matches!(git_facts(folder.path(), &HashMap::new()), GitFacts::Runs(_)));
        let bare = tempfile::tempdir().unwrap();
        fs::write(bare.path().join("HEAD"), "").unwrap();
        fs::create_dir(bare.path().join("objects")).unwrap();
        fs::create_dir(bare.path().join("refs")).unwrap();
        assert!(matches!(git_facts(bare.path(), &HashMap::new()), GitFacts::Runs(_)));
    }
}
