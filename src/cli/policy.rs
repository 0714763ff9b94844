//! `guardsh policy test` and `guardsh policy packs`.

use super::{configuration, output};
use guardsh_policy::{Policy, Surroundings, packs, prove};
use guardsh_syntax::Dialect;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

/// Prove a policy's own examples, show the packs
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct PolicyArgs {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum PolicyCommand {
    /// Try the `matches` and `spares` of every rule and pack in use; exit 1 if one does not hold
    Test,
    /// List the packs, or the rules of one
    Packs {
        /// Only this pack, with its rules
        name: Option<String>,
    },
}

/// Runs the subcommand.
pub(crate) fn run(args: &PolicyArgs, config: Option<&Path>) -> anyhow::Result<ExitCode> {
    match &args.command {
        PolicyCommand::Test => test(config),
        PolicyCommand::Packs { name } => show_packs(name.as_deref()),
    }
}

fn test(config: Option<&Path>) -> anyhow::Result<ExitCode> {
    let (loaded, _) = configuration(config)?;
    let policy = Policy::new(&loaded.config, &Surroundings::default());
    let proof = prove(&policy, Dialect::Bash);
    let mut text = String::new();
    for finding in &proof.findings {
        let _ = writeln!(text, "{finding}");
    }
    let verdict = if proof.holds() {
        "hold"
    } else {
        "do not all hold"
    };
    let _ = writeln!(
        text,
        "{}: {} lines of matches and spares {verdict}",
        loaded.origin.shown(),
        proof.lines
    );
    output::print(&text)?;
    Ok(ExitCode::from(u8::from(!proof.holds())))
}

fn show_packs(name: Option<&str>) -> anyhow::Result<ExitCode> {
    let mut text = String::new();
    match name {
        None => {
            for pack in packs() {
                let _ = writeln!(text, "{:<12} {}", pack.name, pack.summary);
            }
        }
        Some(name) => {
            let Some(pack) = packs().iter().find(|pack| pack.name == name) else {
                anyhow::bail!("there is no pack `{name}`\n  next  guardsh policy packs");
            };
            for rule in pack.rules() {
                let _ = writeln!(
                    text,
                    "{}  {}",
                    rule.id,
                    rule.reason.as_deref().unwrap_or_default()
                );
                for pattern in &rule.run {
                    let _ = writeln!(text, "    {}", pattern.text());
                }
                for pattern in &rule.regex {
                    let _ = writeln!(text, "    regex {}", pattern.text());
                }
            }
        }
    }
    output::print(&text)?;
    Ok(ExitCode::SUCCESS)
}
