//! `guardsh pending`: what waits for an answer.

use super::service::{ToolError, WhichService, with_service};
use crate::approval::Seen;
use crate::feedback::{Ink, Inks};
use guardsh_protocol::shown;
use serde_json::Value;
use std::io::{self, Write as _};
use std::process::ExitCode;

/// List the requests that wait for an answer
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Pending {
    /// Print one JSON array of whole requests
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) service: WhichService,
}

/// Prints them, oldest first. Status 1 where there is no service.
pub(crate) fn run(args: &Pending) -> anyhow::Result<ExitCode> {
    with_service("pending", &args.service, |service| {
        let waiting = service.pending()?;
        if args.json {
            print_json(&waiting)?;
        } else {
            print_table(&waiting)?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn print_json(waiting: &[Seen]) -> Result<(), ToolError> {
    let all: Vec<&Value> = waiting.iter().map(|seen| &seen.json).collect();
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &all)?;
    writeln!(out)?;
    Ok(())
}

fn print_table(waiting: &[Seen]) -> Result<(), ToolError> {
    let mut out = io::stdout().lock();
    if waiting.is_empty() {
        writeln!(out, "nothing waits for an answer")?;
        return Ok(());
    }
    let inks = Inks::of(&io::stdout());
    let head = format!(
        "{:<6}  {:>4}  {:>4}  {:<24}  {:<12}  line",
        "id", "age", "left", "who", "risk"
    );
    writeln!(out, "{}", inks.paint(Ink::Label, head))?;
    for seen in waiting {
        let request = &seen.request;
        let line = request
            .line_bytes()
            .unwrap_or_else(|_| request.line.clone().into_bytes());
        writeln!(
            out,
            "{:<6}  {:>4}  {:>4}  {:<24}  {}  {}",
            request.id.short(),
            age(seen.standing.waited_s),
            age(seen.standing.expires_in_s),
            who(seen),
            risk(seen, inks),
            shown(&line),
        )?;
        for flag in &seen.standing.flags {
            let flag = format!("! {}", shown(flag.as_bytes()));
            writeln!(out, "        {}", inks.paint(Ink::Asks, flag))?;
        }
    }
    writeln!(
        out,
        "\nguardsh show ID, guardsh approve ID, guardsh deny ID --reason '…'"
    )?;
    Ok(())
}

fn who(seen: &Seen) -> String {
    let request = &seen.request;
    let user = match &request.agent.name {
        Some(agent) => format!("{} ({agent})", request.user),
        None => request.user.clone(),
    };
    shown(format!("{user}@{}", request.host).as_bytes()).to_string()
}

fn risk(seen: &Seen, inks: Inks) -> String {
    let risk = &seen.request.risk;
    // Padded first: the codes of a colour take no column.
    let words = format!(
        "{:<12}",
        shown(format!("{} {}", risk.score, risk.band).as_bytes())
    );
    match risk.band.as_str() {
        "low" => words,
        "medium" => inks.paint(Ink::Asks, words),
        // A band that only a newer asker knows is nothing to play down.
        _ => inks.paint(Ink::Refused, words),
    }
}

/// Seconds in at most four characters.
pub(super) fn age(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200.. => format!("{}h", seconds / 3600),
    }
}
