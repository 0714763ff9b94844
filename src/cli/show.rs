//! `guardsh show ID`: the whole request, for the person who answers it.

use super::pending::age;
use super::service::{ToolError, WhichService, find, with_service};
use crate::approval::Seen;
use guardsh_protocol::{ActionRecord, Decision, Shown, shown};
use std::io::{self, Write};
use std::process::ExitCode;

/// Show a whole request
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Show {
    /// The request: its id, or the six characters of its short one
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Print it as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) service: WhichService,
}

/// Prints it.
pub(crate) fn run(args: &Show) -> anyhow::Result<ExitCode> {
    with_service("show", &args.service, |service| {
        let seen = find(service, &args.id)?;
        let mut out = io::stdout().lock();
        if args.json {
            serde_json::to_writer_pretty(&mut out, &seen.json)?;
            writeln!(out)?;
        } else {
            print(&mut out, &seen)?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn print(out: &mut impl Write, seen: &Seen) -> Result<(), ToolError> {
    let request = &seen.request;
    let standing = &seen.standing;
    let line = request
        .line_bytes()
        .unwrap_or_else(|_| request.line.clone().into_bytes());
    writeln!(out, "request  {}  ({})", request.id.short(), request.id)?;
    let left = match standing.expires_in_s {
        0 => String::new(),
        left => format!(", {} left", age(left)),
    };
    writeln!(
        out,
        "state    {}, waited {}{left}",
        standing.state.name(),
        age(standing.waited_s)
    )?;
    // Every byte of every line, so that nothing hides in what runs.
    for (index, text) in shown_lines(&line).iter().enumerate() {
        let name = if index == 0 { "line" } else { "" };
        writeln!(out, "{name:<8} {text}")?;
    }
    if std::str::from_utf8(&line).is_err() {
        writeln!(out, "         (not UTF-8: bytes are shown as \\xNN)")?;
    }
    let field = |out: &mut dyn Write, name: &str, text: &str| {
        writeln!(out, "{name:<8} {}", shown(text.as_bytes()))
    };
    field(out, "folder", &request.cwd)?;
    field(out, "host", &request.host)?;
    field(out, "user", &format!("{} ({})", request.user, request.uid))?;
    field(
        out,
        "shell",
        &format!("{}, door {}", request.shell, request.door.name()),
    )?;
    let agent = &request.agent;
    if let Some(name) = &agent.name {
        field(out, "agent", name)?;
    }
    if let Some(environment) = &agent.environment {
        field(out, "where", environment)?;
    }
    if let Some(task) = &agent.task {
        field(out, "task", &format!("{task} (the agent says)"))?;
    }
    if let Some(model) = &agent.model {
        field(out, "model", &format!("{model} (the agent says)"))?;
    }
    if let Some(why) = &request.justification {
        field(out, "appeal", &format!("{why} (the agent says)"))?;
    }
    field(
        out,
        "risk",
        &format!("{} {}", request.risk.score, request.risk.band),
    )?;
    for factor in &request.risk.factors {
        let text = format!("+{} {}: {}", factor.points, factor.name, factor.detail);
        field(out, "", &text)?;
    }
    for flag in &standing.flags {
        field(out, "flag", flag)?;
    }
    for action in &request.actions {
        print_action(out, action)?;
    }
    for attachment in &request.attachments {
        writeln!(out)?;
        field(out, "attached", &attachment.name)?;
        field(out, "sha256", &attachment.sha256)?;
        if let Ok(Some(bytes)) = attachment.bytes() {
            for text in shown_lines(&bytes) {
                writeln!(out, "    {text}")?;
            }
        }
    }
    if !request.recent.is_empty() {
        writeln!(out, "\nbefore")?;
    }
    for recent in &request.recent {
        let status = match recent.status {
            Some(status) => status.to_string(),
            None => "-".to_owned(),
        };
        let text = format!("{:<5} {status:>3}  {}", recent.verdict, recent.line);
        field(out, "", &text)?;
    }
    for decision in &standing.decisions {
        print_decision(out, decision)?;
    }
    writeln!(out)?;
    field(out, "asker", &standing.asker)?;
    field(out, "session", &request.session)?;
    field(out, "policy", &request.policy_digest)?;
    field(out, "material", &request.material)?;
    field(out, "digest", &standing.digest)?;
    Ok(())
}

/// Text of several lines, each safe to print.
fn shown_lines(bytes: &[u8]) -> Vec<Shown> {
    let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    text.split(|byte| *byte == b'\n').map(shown).collect()
}

fn print_action(out: &mut impl Write, action: &ActionRecord) -> Result<(), ToolError> {
    let what = match action.kind.as_str() {
        "run" => action.argv.as_deref().unwrap_or_default().join(" "),
        "write" | "read" => action.path.clone().unwrap_or_default(),
        "set" => format!(
            "{}={}",
            action.name.as_deref().unwrap_or("?"),
            action.value.as_deref().unwrap_or("")
        ),
        "input" => action.line.clone().unwrap_or_default(),
        _ => action.what.clone().unwrap_or_default(),
    };
    let put =
        |out: &mut dyn Write, text: String| writeln!(out, "         {}", shown(text.as_bytes()));
    writeln!(out)?;
    writeln!(
        out,
        "{:<8} {} {}",
        shown(action.verdict.as_bytes()),
        shown(action.kind.as_bytes()),
        shown(what.as_bytes())
    )?;
    if let Some(program) = &action.program {
        let path = program.path.as_deref().unwrap_or("-");
        put(out, format!("program {} {path}", program.kind))?;
    }
    if !action.via.is_empty() {
        put(out, format!("via {}", action.via.join(", ")))?;
    }
    if let Some(cwd) = &action.cwd {
        put(out, format!("in {cwd}"))?;
    }
    put(out, format!("rule {} ({})", action.rule, action.source))?;
    put(out, format!("why {}", action.reason))?;
    if let Some(suggest) = &action.suggest {
        put(out, format!("instead {suggest}"))?;
    }
    Ok(())
}

fn print_decision(out: &mut impl Write, decision: &Decision) -> Result<(), ToolError> {
    writeln!(out)?;
    let mut text = format!(
        "{} by {} at {}, {}",
        decision.decision.name(),
        decision.reviewer,
        decision.decided_at,
        decision.scope.name()
    );
    if let Some(of) = &decision.sticks_from {
        text.push_str(&format!(", said to {}", of.short()));
    }
    writeln!(out, "answer   {}", shown(text.as_bytes()))?;
    for (name, words) in [
        ("reason", &decision.reason),
        ("instead", &decision.suggestion),
    ] {
        if let Some(words) = words {
            writeln!(out, "{name:<8} {}", shown(words.as_bytes()))?;
        }
    }
    Ok(())
}
