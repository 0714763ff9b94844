//! Who could have written a file.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Whose a file may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// Root's alone: programs, system files.
    Root,
    /// Root's or the calling user's: an advisory configuration.
    RootOrUser,
}

/// Why a file or one of its parents is open to others, or `None` where it is not.
///
/// `path` must be real (no links in it). Each part must belong to an allowed owner and not be writable by
/// group or others; a root-owned sticky folder such as `/tmp` may be.
pub(crate) fn untrusted(path: &Path, owner: Owner) -> io::Result<Option<String>> {
    let user = nix::unistd::getuid().as_raw();
    for part in path.ancestors() {
        let facts = fs::symlink_metadata(part)?;
        let owned = facts.uid() == 0 || (owner == Owner::RootOrUser && facts.uid() == user);
        if !owned {
            return Ok(Some(format!(
                "{} belongs to user {}",
                part.display(),
                facts.uid()
            )));
        }
        let writable = facts.mode() & 0o022 != 0;
        let sticky = facts.is_dir() && facts.uid() == 0 && facts.mode() & 0o1000 != 0;
        if writable && !(sticky && part != path) {
            return Ok(Some(format!(
                "{} can be written by others (mode {:04o})",
                part.display(),
                facts.mode() & 0o7777
            )));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_that_others_may_write_is_not_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().canonicalize().unwrap().join("guardsh.toml");
        fs::write(&file, "").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(untrusted(&file, Owner::RootOrUser).unwrap(), None);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o620)).unwrap();
        assert!(
            untrusted(&file, Owner::RootOrUser)
                .unwrap()
                .unwrap()
                .contains("0620")
        );
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(untrusted(&file, Owner::RootOrUser).unwrap().is_some());
    }

    #[test]
    fn a_system_program_is_root_s_alone() {
        let shell = Path::new("/bin/sh").canonicalize().unwrap();
        assert_eq!(untrusted(&shell, Owner::Root).unwrap(), None);
    }
}
