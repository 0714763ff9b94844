//! Facts about files: what a name leads to, who could have written it, where a path really is.

use crate::config::{Owner, untrusted};
use guardsh_policy::{FileFacts, Trust};
use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;

/// As many links in a path as Linux follows.
const MAX_LINKS: usize = 40;

/// What looking a program up gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// This file.
    File(PathBuf),
    /// Nothing.
    Nowhere,
    /// PATH has an entry whose meaning only the shell knows.
    Unknown,
}

/// Looks a command name up as a shell does: with a slash as a path, else along `path` (the value of PATH).
pub(crate) fn find_program(name: &[u8], path: &[u8], folder: Option<&Path>) -> Found {
    let name = OsStr::from_bytes(name);
    if name.is_empty() {
        return Found::Nowhere;
    }
    if name.as_bytes().contains(&b'/') {
        return match (Path::new(name).is_absolute(), folder) {
            (true, _) => runnable(PathBuf::from(name)),
            (false, Some(folder)) => runnable(folder.join(name)),
            (false, None) => Found::Unknown,
        };
    }
    for entry in path.split(|byte| *byte == b':') {
        // bash expands a literal tilde in PATH; other shells do not.
        if entry.starts_with(b"~") {
            return Found::Unknown;
        }
        let entry = Path::new(OsStr::from_bytes(entry));
        let candidate = match (entry.is_absolute(), folder) {
            (true, _) => entry.join(name),
            (false, Some(folder)) => folder.join(entry).join(name),
            (false, None) => return Found::Unknown,
        };
        if let Found::File(file) = runnable(candidate) {
            return Found::File(file);
        }
    }
    Found::Nowhere
}

fn runnable(candidate: PathBuf) -> Found {
    let is_file = fs::metadata(&candidate).is_ok_and(|facts| facts.is_file());
    if is_file && nix::unistd::access(&candidate, nix::unistd::AccessFlags::X_OK).is_ok() {
        Found::File(candidate)
    } else {
        Found::Nowhere
    }
}

/// Whether this file is the program that runs here.
pub(crate) fn is_guard(program: &FileFacts) -> bool {
    static OWN: OnceLock<Option<(u64, u64)>> = OnceLock::new();
    let own = OWN.get_or_init(|| {
        let facts = std::fs::metadata("/proc/self/exe").ok()?;
        Some((facts.dev(), facts.ino()))
    });
    *own == Some((program.device, program.inode))
}

/// What is known of a program file that was found.
pub(crate) fn file_facts(found: &Path, trusted_path: &[PathBuf]) -> io::Result<FileFacts> {
    let real = fs::canonicalize(found)?;
    let facts = fs::metadata(&real)?;
    let folder = found.parent().unwrap_or(found);
    let trust = if !trusted_path.iter().any(|trusted| trusted == folder) {
        Trust::Untrusted(format!(
            "{} is not a trusted folder (policy.trusted_path)",
            folder.display()
        ))
    } else {
        match untrusted(&real, Owner::Root) {
            Ok(None) => match untrusted_links(found) {
                Ok(None) => Trust::Trusted,
                Ok(Some(why)) => Trust::Untrusted(why),
                Err(error) => Trust::Untrusted(format!("{}: {error}", found.display())),
            },
            Ok(Some(why)) => Trust::Untrusted(why),
            Err(error) => Trust::Untrusted(format!("{}: {error}", real.display())),
        }
    };
    let changed = match trust {
        Trust::Trusted => None,
        Trust::Untrusted(_) => {
            Some(i128::from(facts.ctime()) * 1_000_000_000 + i128::from(facts.ctime_nsec()))
        }
    };
    Ok(FileFacts {
        found: found.to_owned(),
        real,
        device: facts.dev(),
        inode: facts.ino(),
        changed,
        trust,
    })
}

/// The folder a link lies in must be root's too, or the link could be turned elsewhere.
fn untrusted_links(found: &Path) -> io::Result<Option<String>> {
    let mut at = found.to_owned();
    for _ in 0..MAX_LINKS {
        let folder = at.parent().unwrap_or(Path::new("/"));
        if let Some(why) = untrusted(&fs::canonicalize(folder)?, Owner::Root)? {
            return Ok(Some(why));
        }
        match fs::read_link(&at) {
            Ok(target) => at = folder.join(target),
            Err(_) => return Ok(None),
        }
    }
    Ok(Some(format!("{} has too many links", found.display())))
}

/// An absolute path with every link in its existing part followed, also a link whose target is missing.
///
/// What does not exist is appended as it stands; a `..` behind it has no meaning and gives `None`.
pub(crate) fn real_path(path: &Path) -> Option<PathBuf> {
    if !path.is_absolute() {
        return None;
    }
    let mut todo: VecDeque<OsString> = parts(path);
    let mut real = PathBuf::from("/");
    let mut links = 0;
    let mut missing = false;
    while let Some(part) = todo.pop_front() {
        if part == ".." {
            if missing {
                return None;
            }
            real.pop();
            continue;
        }
        real.push(&part);
        if missing {
            continue;
        }
        match fs::symlink_metadata(&real) {
            Ok(facts) if facts.file_type().is_symlink() => {
                links += 1;
                if links > MAX_LINKS {
                    return None;
                }
                let target = fs::read_link(&real).ok()?;
                real.pop();
                if target.is_absolute() {
                    real = PathBuf::from("/");
                }
                for part in parts(&target).into_iter().rev() {
                    todo.push_front(part);
                }
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing = true,
            // A file where a folder should be: the open will fail as well.
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => missing = true,
            Err(_) => return None,
        }
    }
    Some(real)
}

fn parts(path: &Path) -> VecDeque<OsString> {
    path.components()
        .filter_map(|component| match component {
            Component::Normal(part) => Some(part.to_owned()),
            Component::ParentDir => Some(OsString::from("..")),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        })
        .collect()
}

/// Whether a folder is there and this user can enter it.
pub(crate) fn is_folder(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|facts| facts.is_dir())
        && nix::unistd::access(path, nix::unistd::AccessFlags::X_OK).is_ok()
}

/// Whether nobody but root could change what is found under this path. Root itself can.
pub(crate) fn is_fixed(path: &Path) -> bool {
    if nix::unistd::getuid().is_root() {
        return false;
    }
    match fs::canonicalize(path) {
        Ok(real) => {
            matches!(untrusted(&real, Owner::Root), Ok(None))
                && matches!(untrusted_links(path), Ok(None))
        }
        Err(_) => false,
    }
}

/// At most `limit` bytes plus one of a regular file; `None` for anything else.
pub(crate) fn read_file(path: &Path, limit: usize) -> Option<Vec<u8>> {
    // A FIFO would block the guard for ever.
    let file = fs::OpenOptions::new()
        .read(true)
        .custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits())
        .open(path)
        .ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(u64::try_from(limit).ok()?.saturating_add(1))
        .read_to_end(&mut bytes)
        .ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        (folder, path)
    }

    #[test]
    fn a_name_is_found_along_path_in_its_order() {
        let (_keep, folder) = folder();
        for name in ["a", "b"] {
            fs::create_dir(folder.join(name)).unwrap();
            fs::write(folder.join(name).join("tool"), "").unwrap();
        }
        fs::set_permissions(folder.join("b/tool"), fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{0}/a:{0}/b", folder.display());
        // The first is no program: a shell passes it over.
        assert_eq!(
            find_program(b"tool", path.as_bytes(), None),
            Found::File(folder.join("b/tool"))
        );
        assert_eq!(
            find_program(b"nothing", path.as_bytes(), None),
            Found::Nowhere
        );
        assert_eq!(
            find_program(b"./b/tool", b"", Some(&folder)),
            Found::File(folder.join("./b/tool"))
        );
        assert_eq!(
            find_program(b"tool", b"~/bin", Some(&folder)),
            Found::Unknown
        );
    }

    #[test]
    fn a_program_in_a_folder_of_another_is_not_trusted() {
        let facts = file_facts(Path::new("/bin/sh"), &[PathBuf::from("/bin")]).unwrap();
        assert_eq!(facts.trust, Trust::Trusted);
        let (_keep, folder) = folder();
        symlink("/bin/sh", folder.join("sh")).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
        let facts = file_facts(&folder.join("sh"), std::slice::from_ref(&folder)).unwrap();
        assert!(matches!(facts.trust, Trust::Untrusted(why) if why.contains("0777")));
        let facts = file_facts(&folder.join("sh"), &[PathBuf::from("/bin")]).unwrap();
        assert!(
            matches!(facts.trust, Trust::Untrusted(why) if why.contains("not a trusted folder"))
        );
    }

    #[test]
    fn links_are_followed_also_where_nothing_is_yet() {
        let (_keep, folder) = folder();
        fs::create_dir(folder.join("real")).unwrap();
        symlink("real", folder.join("link")).unwrap();
        symlink("/nowhere/secret", folder.join("dangling")).unwrap();
        symlink("loop", folder.join("loop")).unwrap();
        assert_eq!(
            real_path(&folder.join("link/new/file")),
            Some(folder.join("real/new/file"))
        );
        assert_eq!(
            real_path(&folder.join("dangling")),
            Some(PathBuf::from("/nowhere/secret"))
        );
        assert_eq!(real_path(&folder.join("link/../x")), Some(folder.join("x")));
        assert_eq!(real_path(&folder.join("new/../x")), None);
        assert_eq!(real_path(&folder.join("loop")), None);
        assert_eq!(real_path(Path::new("relative")), None);
    }

    #[test]
    fn only_regular_files_are_read_and_no_more_than_wanted() {
        let (_keep, folder) = folder();
        fs::write(folder.join("f"), "0123456789").unwrap();
        assert_eq!(read_file(&folder.join("f"), 4).unwrap(), b"01234");
        assert_eq!(read_file(&folder, 4), None);
        nix::unistd::mkfifo(&folder.join("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(read_file(&folder.join("fifo"), 4), None);
    }
}
