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
use std::iter::Peekable;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::str::Chars;

/// A configuration is small; a larger one is not read and so not trusted.
const MAX_BYTES: usize = 1 << 20;
/// As deep as includes are followed.
const MAX_INCLUDES: usize = 10;
/// As many submodules as are looked at.
const MAX_MODULES: usize = 200;
/// A larger index is not read at each line.
const MAX_INDEX: u64 = 64 << 20;

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
    for (tree, git) in git_folders(folder)? {
        look_at_repository(&git)?;
        look_at_links(&tree, &git)?;
    }
    Ok(())
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
            return runs(format!(
                "{} in the environment",
                String::from_utf8(name.to_vec()).unwrap_or_default()
            ));
        }
        let harmless = pager || HARMLESS.iter().any(|known| known.as_bytes() == name);
        if name.starts_with(b"GIT_") && !harmless {
            return runs(format!(
                "{} in the environment",
                String::from_utf8(name.to_vec()).unwrap_or_default()
            ));
        }
    }
    Ok(())
}

/// The pagers that `LESSSECURE` keeps from starting a shell, or that start none.
fn plain_pager(value: &[u8]) -> bool {
    matches!(
        value,
        b"" | b"less"
            | b"cat"
            | b"less -R"
            | b"less -F"
            | b"less -FRX"
            | b"less -FRSX"
            | b"/usr/bin/less"
            | b"/bin/cat"
    )
}

/// The work trees around `folder` and their git folders. git takes the innermost that is a valid one; which ones
/// it finds valid is its own affair, so all are looked at.
fn git_folders(folder: &Path) -> Result<Vec<(PathBuf, PathBuf)>, Why> {
    let mut folders = Vec::new();
    for place in folder.ancestors() {
        folders.extend(git_folder_of(place)?.map(|git| (place.to_owned(), git)));
        // git takes a folder that looks like a bare repository for one, wherever it came from. Half of one could be
        // made whole before it looks.
        if place.join("HEAD").exists()
            && (place.join("objects").is_dir() || place.join("refs").is_dir())
            || place.join("objects").is_dir() && place.join("refs").is_dir()
        {
            if place.file_name() == Some(OsStr::new(".git")) {
                folders.push((place.parent().unwrap_or(place).to_owned(), place.to_owned()));
            } else {
                return runs(format!("{} is like a bare repository", place.display()));
            }
        }
    }
    Ok(folders)
}

/// What `.git` in this folder is or names.
fn git_folder_of(place: &Path) -> Result<Option<PathBuf>, Why> {
    let dot_git = place.join(".git");
    match fs::metadata(&dot_git) {
        Ok(facts) if facts.is_dir() => Ok(Some(dot_git)),
        Ok(facts) if facts.is_file() => {
            let text = read_file(&dot_git, 4096).ok_or(Why::Unknown)?;
            let target = text
                .strip_prefix(b"gitdir:")
                .ok_or(Why::Unknown)?
                .trim_ascii();
            let git = place.join(OsStr::from_bytes(target));
            // Work trees and submodules keep theirs in the main one's; anywhere else any line may write to it.
            let within = super::files::real_path(&git)
                .is_some_and(|real| real.components().any(|part| part.as_os_str() == ".git"));
            if !within {
                return runs(format!(
                    "{} names {}, which any line may change",
                    dot_git.display(),
                    git.display()
                ));
            }
            Ok(Some(git))
        }
        Ok(_) | Err(_) => Ok(None),
    }
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

/// Repositories in the work tree that the index names as submodules although `.git/modules` knows nothing of them.
fn look_at_links(tree: &Path, git: &Path) -> Result<(), Why> {
    let index = git.join("index");
    match fs::metadata(&index) {
        Ok(facts) if facts.len() > MAX_INDEX => return Err(Why::Unknown),
        Ok(_) => {}
        Err(_) => return Ok(()),
    }
    let bytes = fs::read(&index).map_err(|_| Why::Unknown)?;
    for path in links(&bytes).ok_or(Why::Unknown)? {
        if let Some(inner) = git_folder_of(&tree.join(OsStr::from_bytes(&path)))? {
            look_at_repository(&inner)?;
        }
    }
    Ok(())
}

/// The paths of the entries of an index that are commits of another repository. `None` where it is not
/// understood and may hold some.
fn links(index: &[u8]) -> Option<Vec<Vec<u8>>> {
    let number = |at: usize| -> Option<usize> {
        let bytes: [u8; 4] = index.get(at..at.checked_add(4)?)?.try_into().ok()?;
        usize::try_from(u32::from_be_bytes(bytes)).ok()
    };
    if index.get(..4)? != b"DIRC" {
        return None;
    }
    let version = number(4)?;
    let count = number(8)?;
    if !matches!(version, 2 | 3) {
        // Names are shortened against the one before: only the mode can be looked for.
        let mode = 0o160_000_u32.to_be_bytes();
        let any = index
            .windows(4)
            .any(|bytes| bytes == mode || bytes == b"link");
        return if any { None } else { Some(Vec::new()) };
    }
    let mut found = Vec::new();
    let mut at = 12_usize;
    for _ in 0..count {
        let mode = number(at.checked_add(24)?)?;
        let flags = number(at.checked_add(58)?)? & 0xffff;
        let extended = flags & 0x4000 != 0;
        let name_at = at.checked_add(if extended { 64 } else { 62 })?;
        let name: &[u8] = index.get(name_at..)?.split(|byte| *byte == 0).next()?;
        if mode == 0o160_000 {
            found.push(name.to_vec());
        }
        // Padded with one to eight NULs to a multiple of eight.
        let length = name_at.checked_add(name.len())?.checked_sub(at)?;
        at = at.checked_add(length.checked_div(8)?.checked_add(1)?.checked_mul(8)?)?;
    }
    // Extensions follow, then a digest: one of them keeps the entries in another file.
    while let Some(size) = number(at.checked_add(4)?) {
        if index.len().saturating_sub(at) <= 20 {
            break;
        }
        if index.get(at..at.checked_add(4)?)? == b"link" {
            return None;
        }
        at = at.checked_add(8)?.checked_add(size)?;
    }
    Some(found)
}

/// `git status` and `git diff` go into submodules, with the submodule's configuration.
fn look_at_modules(modules: &Path) -> Result<(), Why> {
    let mut todo = vec![modules.to_owned()];
    let mut seen = 0;
    while let Some(folder) = todo.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
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

/// Reads git's configuration format as git does, byte by byte; what is not plainly understood gives `Unknown`.
///
/// A comment goes to the end of its line whatever stands there, a value goes on behind a backslash: told
/// wrongly, one of the two hides a line.
fn entries(text: &str) -> Result<Vec<Entry>, Why> {
    let text = text
        .strip_prefix('\u{feff}')
        .unwrap_or(text)
        .replace("\r\n", "\n");
    let mut rest = text.chars().peekable();
    let mut entries = Vec::new();
    let mut section: Option<String> = None;
    while let Some(next) = rest.next() {
        match next {
            ' ' | '\t' | '\n' => {}
            '#' | ';' => {
                rest.by_ref().find(|c| *c == '\n');
            }
            '[' => section = Some(section_name(&mut rest)?),
            letter if letter.is_ascii_alphabetic() => {
                let mut key = letter.to_ascii_lowercase().to_string();
                while let Some(c) = rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '-') {
                    key.push(c.to_ascii_lowercase());
                }
                while rest.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
                let value = match rest.next() {
                    Some('=') => value(&mut rest)?,
                    Some('\n') | None => "true".to_owned(),
                    Some(_) => return Err(Why::Unknown),
                };
                let section = section.clone().ok_or(Why::Unknown)?;
                entries.push(Entry {
                    section,
                    key,
                    value,
                });
            }
            _ => return Err(Why::Unknown),
        }
    }
    Ok(entries)
}

/// What stands behind `[`, up to and with `]`: the section without its subsection.
fn section_name(rest: &mut Peekable<Chars<'_>>) -> Result<String, Why> {
    let mut name = String::new();
    loop {
        match rest.next() {
            Some(']') => break,
            Some(c) if c.is_ascii_alphanumeric() || matches!(c, '-' | '.') => {
                name.push(c.to_ascii_lowercase())
            }
            Some(' ' | '\t') => {
                while rest.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
                if rest.next() != Some('"') {
                    return Err(Why::Unknown);
                }
                loop {
                    match rest.next() {
                        Some('"') => break,
                        Some('\\') => {
                            if matches!(rest.next(), None | Some('\n')) {
                                return Err(Why::Unknown);
                            }
                        }
                        Some('\n') | None => return Err(Why::Unknown),
                        Some(_) => {}
                    }
                }
                if rest.next() != Some(']') {
                    return Err(Why::Unknown);
                }
                break;
            }
            Some(_) | None => return Err(Why::Unknown),
        }
    }
    // `[remote.origin]`, as it was written once.
    Ok(name.split('.').next().unwrap_or_default().to_owned())
}

/// What stands behind `=`, with its quotes taken away.
fn value(rest: &mut Peekable<Chars<'_>>) -> Result<String, Why> {
    let mut value = String::new();
    let mut quoted = false;
    // Spaces at the end are no part of it unless they are quoted.
    let mut kept = 0;
    loop {
        match rest.next() {
            None | Some('\n') if !quoted => break,
            None | Some('\n') => return Err(Why::Unknown),
            Some('#' | ';') if !quoted => {
                rest.by_ref().find(|c| *c == '\n');
                break;
            }
            Some('"') => {
                quoted = !quoted;
                kept = value.len();
            }
            Some('\\') => match rest.next() {
                Some('\n') => {}
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some('b') => value.push('\u{8}'),
                Some(c @ ('"' | '\\')) => {
                    value.push(c);
                    kept = value.len();
                }
                Some(_) | None => return Err(Why::Unknown),
            },
            Some(c @ (' ' | '\t')) if !quoted => {
                if !value.is_empty() {
                    value.push(c);
                }
            }
            Some(c) => {
                value.push(c);
                kept = value.len();
            }
        }
    }
    value.truncate(kept);
    Ok(value)
}

/// Whether lines cannot change a configuration without being asked: it lies in a git folder, with the machine's
/// own, or among the user's protected ones.
fn is_out_of_reach(path: &Path) -> bool {
    let Some(path) = super::files::real_path(path) else {
        return false;
    };
    let named = |name: &str| path.components().any(|part| part.as_os_str() == name);
    named(".git")
        || path.starts_with("/etc")
        || path.starts_with("/usr")
        || path.to_string_lossy().contains("/.config/git/")
        || path
            .file_name()
            .is_some_and(|name| name.as_bytes().starts_with(b".gitconfig"))
}

fn look_at_entry(entry: &Entry, path: &Path, depth: usize) -> Result<(), Why> {
    let Entry {
        section,
        key,
        value,
    } = entry;
    let is_switch = matches!(
        value.as_str(),
        "" | "true" | "false" | "yes" | "no" | "on" | "off" | "0" | "1"
    );
    let is_off = matches!(value.as_str(), "" | "false" | "no" | "off" | "0");
    let named = || format!("{section}.{key} in {}", path.display());
    match (section.as_str(), key.as_str()) {
        ("include" | "includeif", "path") => {
            let target = match value.strip_prefix("~/") {
                Some(below) => match std::env::home_dir() {
                    Some(home) => home.join(below),
                    None => return Err(Why::Unknown),
                },
                None if value.starts_with(['~', '%', ':']) => return Err(Why::Unknown),
                None => path.parent().unwrap_or(Path::new("/")).join(value),
            };
            if !is_out_of_reach(&target) {
                return runs(format!(
                    "{} includes {}, which any line may change",
                    path.display(),
                    target.display()
                ));
            }
            look_at_config(&target, depth + 1)
        }
        ("core", "fsmonitor") if is_off => Ok(()),
        ("core", "pager") | ("pager", _) if is_switch || plain_pager(value.as_bytes()) => Ok(()),
        (
            "core",
            "pager"
            | "fsmonitor"
            | "hookspath"
            | "attributesfile"
            | "worktree"
            | "alternaterefscommand",
        )
        | ("pager" | "extensions", _)
            if section != "extensions" || key == "partialclone" =>
        {
            runs(named())
        }
        // Its index is laid out otherwise.
        ("extensions", "objectformat") if value != "sha1" => Err(Why::Unknown),
        ("remote", "promisor") if !is_off => runs(named()),
        ("log", "showsignature") if !is_off => runs(named()),
        // What the large-file extension installs runs only its own fixed program.
        ("filter", _)
            if matches!(
                value.as_str(),
                "git-lfs clean -- %f" | "git-lfs smudge -- %f" | "git-lfs filter-process"
            ) =>
        {
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
        assert_eq!(
            facts("[core]\n pager = less\n fsmonitor = false\n"),
            GitFacts::Harmless
        );
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
    fn nothing_hides_a_key() {
        for config in [
            "[core]\n # x \\\n fsmonitor = ./evil\n",
            "[core]\n editor = x # y \\\n fsmonitor = ./evil\n",
            "[core]\n editor = x\\\\\n fsmonitor = ./evil\n",
            "[core]\n editor = x \\\n[user]\n fsmonitor = ./evil\n",
            "[filter \"a]\"] clean = ./evil\n",
            "[filter \"a\\\"]\"]\n clean = ./evil\n",
            "[diff.x] textconv = ./evil\n",
            "[core] ; x\n\tfsmonitor=\"./evil\"\r\n",
            "[include]\n path = \"../evil\"\n",
            "[include]\n path = ~root/x\n",
            "[core\nfsmonitor = ./evil\n",
        ] {
            assert!(facts(config) != GitFacts::Harmless, "{config}");
        }
        for config in [
            "[alias]\n a = \"!f() { \\\n  x; \\\n }; f\"\n",
            "[core]\n # a comment \\\n editor = vim\n[branch \"a]b\"]\n merge = refs/heads/x\n",
            "[user]\n name = \"A # B\" ; c\n bare\n",
            "[include]\n path = more\n",
        ] {
            assert_eq!(facts(config), GitFacts::Harmless, "{config}");
        }
    }

    #[test]
    fn no_other_repository_is_found_than_the_ones_that_were_looked_at() {
        let top = tempfile::tempdir().unwrap();
        let evil = "[core]\n fsmonitor = ./evil\n";
        // An empty `.git` is no repository to git, which goes on upwards.
        fs::create_dir_all(top.path().join(".git/objects")).unwrap();
        fs::write(top.path().join(".git/config"), evil).unwrap();
        fs::create_dir_all(top.path().join("sub/.git")).unwrap();
        assert!(matches!(
            git_facts(&top.path().join("sub"), &HashMap::new()),
            GitFacts::Runs(_)
        ));
        // A folder that any line can write into is no place for a configuration.
        let other = tempfile::tempdir().unwrap();
        fs::write(other.path().join(".git"), "gitdir: ./plain\n").unwrap();
        fs::create_dir(other.path().join("plain")).unwrap();
        assert!(matches!(
            git_facts(other.path(), &HashMap::new()),
            GitFacts::Runs(_)
        ));
    }

    #[test]
    fn repositories_that_only_the_index_names_are_looked_at() {
        let top = tempfile::tempdir().unwrap();
        let git = |folder: &Path, arguments: &[&str]| {
            let status = std::process::Command::new("git")
                .current_dir(folder)
                .args([
                    "-c",
                    "user.name=a",
                    "-c",
                    "user.email=a@b",
                    "-c",
                    "init.defaultBranch=main",
                ])
                .args(arguments)
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .status()
                .unwrap();
            assert!(status.success(), "git {arguments:?}");
        };
        git(top.path(), &["init", "-q"]);
        for name in ["a", "longer-name-and-symlink", "sub/deep"] {
            let inner = top.path().join(name);
            fs::create_dir_all(&inner).unwrap();
            git(&inner, &["init", "-q"]);
            git(&inner, &["commit", "-q", "--allow-empty", "-m", "x"]);
        }
        fs::write(top.path().join("file"), "x").unwrap();
        git(top.path(), &["add", "."]);
        let seen = links(&fs::read(top.path().join(".git/index")).unwrap()).unwrap();
        assert_eq!(
            seen,
            [
                b"a".to_vec(),
                b"longer-name-and-symlink".to_vec(),
                b"sub/deep".to_vec()
            ]
        );
        assert_eq!(git_facts(top.path(), &HashMap::new()), GitFacts::Harmless);
        git(
            &top.path().join("sub/deep"),
            &["config", "core.fsmonitor", "./evil"],
        );
        assert!(matches!(
            git_facts(top.path(), &HashMap::new()),
            GitFacts::Runs(_)
        ));
    }

    #[test]
    fn variables_hooks_and_bare_repositories_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let env = |name: &str, value: &str| {
            HashMap::from([(OsString::from(name), OsString::from(value))])
        };
        assert_eq!(
            git_facts(folder.path(), &env("PAGER", "less")),
            GitFacts::Harmless
        );
        assert!(matches!(
            git_facts(folder.path(), &env("PAGER", "sh")),
            GitFacts::Runs(_)
        ));
        assert!(matches!(
            git_facts(folder.path(), &env("GIT_EXTERNAL_DIFF", "x")),
            GitFacts::Runs(_)
        ));
        assert_eq!(
            git_facts(folder.path(), &env("GIT_AUTHOR_NAME", "A")),
            GitFacts::Harmless
        );
        fs::create_dir_all(folder.path().join(".git/hooks")).unwrap();
        fs::write(folder.path().join(".git/hooks/post-index-change"), "").unwrap();
        assert!(matches!(
            git_facts(folder.path(), &HashMap::new()),
            GitFacts::Runs(_)
        ));
        let bare = tempfile::tempdir().unwrap();
        fs::write(bare.path().join("HEAD"), "").unwrap();
        fs::create_dir(bare.path().join("objects")).unwrap();
        fs::create_dir(bare.path().join("refs")).unwrap();
        assert!(matches!(
            git_facts(bare.path(), &HashMap::new()),
            GitFacts::Runs(_)
        ));
    }
}
