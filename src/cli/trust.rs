//! `guardsh trust`: accepts the start-up files as they are now.

use super::{configuration, inside, output, service};
use crate::config::startup::{Accepted, Standing, names};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Show which start-up files run before judged lines, and accept them as they are now
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Trust {
    /// Accept all of them
    #[arg(long)]
    all: bool,
    /// Accept these
    #[arg(value_name = "FILE", conflicts_with = "all")]
    files: Vec<PathBuf>,
}

/// Lists every start-up file of bash and dash with its standing; accepts those that are named.
pub(crate) fn run(args: &Trust, config: Option<&Path>) -> anyhow::Result<ExitCode> {
    if let Some(words) = inside::refusal("trust") {
        service::complain(&words)?;
        return Ok(ExitCode::from(inside::REFUSED));
    }
    let (loaded, places) = configuration(config)?;
    let home = std::env::var_os("HOME").map_or_else(|| places.home.clone(), PathBuf::from);
    let mut accepted = Accepted::load(&places, &loaded.config.startup.accepted);
    let mut paths = BTreeSet::new();
    for shell in ["bash", "dash"] {
        for login in [false, true] {
            paths.extend(names(shell, &home, login, true));
        }
    }
    let mut known = Vec::new();
    for path in paths {
        known.extend(accepted.look(&path)?);
    }
    for file in &args.files {
        let named = std::path::absolute(file)?;
        if !known.iter().any(|known| known.path == named) {
            anyhow::bail!(
                "{} is no start-up file that is there\n  next  guardsh trust",
                file.display()
            );
        }
    }
    let chosen: Vec<_> = known
        .iter()
        .filter(|file| {
            let named = args
                .files
                .iter()
                .any(|named| std::path::absolute(named).is_ok_and(|named| named == file.path));
            args.all || named
        })
        .cloned()
        .collect();
    let accepts = args.all || !chosen.is_empty();
    if accepts {
        accepted.accept(&chosen)?;
    }
    let mut text = String::new();
    for file in known {
        let Some(now) = accepted.look(&file.path)? else {
            continue;
        };
        let standing = match now.standing {
            Standing::System => "root's, trusted",
            Standing::Accepted => "accepted",
            Standing::NotAccepted => "NOT accepted: does not run in sessions",
        };
        text.push_str(&format!(
            "{:<40} {standing}\n",
            guardsh_protocol::shown(os_bytes(&now.path))
        ));
    }
    if text.is_empty() {
        text.push_str("no start-up files\n");
    }
    output::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn os_bytes(path: &Path) -> &[u8] {
    std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str())
}
