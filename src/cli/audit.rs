//! `guardsh audit`: is the log whole, and what does it say?

use crate::audit::{Entry, Filter, Finding, Place, ReadError, Report, records, verdict_of, verify};
use crate::feedback::{EXIT_FAULT, fault, with_causes};
use clap::{Args, Subcommand};
use guardsh_protocol::chain::Record;
use guardsh_protocol::{shown, shown_within};
use jiff::{Span, SpanRelativeTo, Timestamp};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Exit status where the chain is broken.
const EXIT_BROKEN: u8 = 1;
/// Columns before the one that says what was done.
const FIXED_COLUMNS: usize = 52;
/// However narrow the terminal, so much of a record is shown.
const LEAST_COLUMNS: usize = 40;

/// Check and read the audit log
#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Check the chain of records; exit 0 if it is whole, 1 if it is broken
    Verify(VerifyArgs),
    /// Print records, the oldest first
    Show(ShowArgs),
}

#[derive(Debug, Args)]
struct VerifyArgs {
    /// The log; its rotated files FILE.1, FILE.2, ... are checked with it [default: the configured one]
    file: Option<PathBuf>,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct ShowArgs {
    /// The log [default: the configured one]
    file: Option<PathBuf>,
    /// Only this session; the end of its id is enough
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Only what is not older than this (1h, 2d, 90m) or this time (2026-11-21T15:00:00Z)
    #[arg(long, value_name = "AGE")]
    since: Option<String>,
    /// Only records with this verdict, outcome or decision: allow, ask, deny, approved, ...
    #[arg(long)]
    verdict: Option<String>,
    /// Only records of this kind: submission, verdict, run, exit, ...
    #[arg(long)]
    kind: Option<String>,
    /// Only records that hold this text
    #[arg(long, value_name = "TEXT")]
    grep: Option<String>,
    /// Only the last N
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Print the records as they are in the log, one line each
    #[arg(long)]
    json: bool,
}

/// Why a subcommand could not do its work.
#[derive(Debug, Error)]
enum AuditCommandError {
    #[error("the audit log cannot be used")]
    Log(#[source] ReadError),
    #[error("`--since {0}` is neither an age like 1h or 2d nor a time like 2026-11-21T15:00:00Z")]
    Since(String),
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
}

/// Where a subcommand writes.
pub(crate) struct Output<'a> {
    /// Standard output.
    pub(crate) out: &'a mut dyn Write,
    /// Standard error.
    pub(crate) err: &'a mut dyn Write,
    /// The width of the terminal that `out` is; `None` if it is none.
    pub(crate) columns: Option<usize>,
}

/// Runs the subcommand on the given log unless `args` name another one, and returns the exit status:
/// 0, 1 where something is broken, 125 for a fault.
pub(crate) fn run(args: &AuditArgs, configured: &Path, now: Timestamp, to: &mut Output<'_>) -> u8 {
    let done = match &args.command {
        AuditCommand::Verify(args) => run_verify(args, configured, to),
        AuditCommand::Show(args) => run_show(args, configured, now, to),
    };
    match done {
        Ok(exit) => exit,
        // Whoever read it has seen enough: `guardsh audit show | head`.
        Err(AuditCommandError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => 0,
        Err(error) => {
            let words = fault(&with_causes(&error), "nothing was changed", false);
            let _ = to.err.write_all(words.as_bytes());
            EXIT_FAULT
        }
    }
}

fn run_verify(
    args: &VerifyArgs,
    configured: &Path,
    to: &mut Output<'_>,
) -> Result<u8, AuditCommandError> {
    let file = args.file.as_deref().unwrap_or(configured);
    let report = verify(file).map_err(AuditCommandError::Log)?;
    let text = if args.json {
        format!("{}\n", report_json(&report))
    } else {
        report_text(file, &report)
    };
    to.out
        .write_all(text.as_bytes())
        .map_err(AuditCommandError::Output)?;
    Ok(match report.finding {
        Finding::Whole => 0,
        Finding::Broken { .. } => EXIT_BROKEN,
    })
}

fn report_text(file: &Path, report: &Report) -> String {
    let name = path_text(file);
    let mut rows = Vec::new();
    match &report.finding {
        Finding::Whole if report.records == 0 => rows.push(format!("{name}: no records")),
        Finding::Whole => {
            rows.push(format!(
                "{name}: whole, records {} to {}",
                report.first, report.head.seq
            ));
            rows.push(format!("  head  {}", report.head.hash));
        }
        Finding::Broken { place, seq, why } => {
            rows.push(format!("{name}: broken at record {seq}"));
            rows.push(format!("  at    {}", place_text(place)));
            rows.push(format!("  why   {}", shown(why.as_bytes())));
            rows.push(match report.records {
                0 => "  good  nothing before it".to_owned(),
                _ => format!("  good  records {} to {}", report.first, report.head.seq),
            });
        }
    }
    if report.first > 1 {
        let before = report.first.saturating_sub(1);
        rows.push(format!(
            "  note  records 1 to {before} are in older files that are not here"
        ));
    }
    for place in &report.torn {
        rows.push(format!(
            "  torn  {}: cut off while it was written, no record",
            place_text(place)
        ));
    }
    rows.push(String::new());
    rows.join("\n")
}

fn report_json(report: &Report) -> Value {
    let broken = match &report.finding {
        Finding::Whole => Value::Null,
        Finding::Broken { place, seq, why } => {
            json!({"file": place.file, "line": place.line, "seq": seq, "why": why})
        }
    };
    let torn: Vec<Value> = report
        .torn
        .iter()
        .map(|place| json!({"file": place.file, "line": place.line}))
        .collect();
    json!({
        "v": 1,
        "whole": broken.is_null(),
        "records": report.records,
        "first": report.first,
        "last": report.head.seq,
        "head": report.head.hash,
        "files": report.files,
        "torn": torn,
        "broken": broken,
    })
}

fn run_show(
    args: &ShowArgs,
    configured: &Path,
    now: Timestamp,
    to: &mut Output<'_>,
) -> Result<u8, AuditCommandError> {
    let since = match &args.since {
        Some(text) => Some(since(text, now).ok_or_else(|| AuditCommandError::Since(text.clone()))?),
        None => None,
    };
    let filter = Filter {
        session: args.session.clone(),
        since,
        kind: args.kind.clone(),
        verdict: args.verdict.clone(),
        grep: args.grep.clone(),
    };
    let file = args.file.as_deref().unwrap_or(configured);
    let mut printer = Printer {
        args,
        to,
        begun: false,
    };
    let mut unreadable = Vec::new();
    let mut last: VecDeque<(Box<Record>, Vec<u8>)> = VecDeque::new();
    for entry in records(file, filter).map_err(AuditCommandError::Log)? {
        match (entry.map_err(AuditCommandError::Log)?, args.limit) {
            (Entry::Record(record, line), None) => printer.print(&record, &line)?,
            (Entry::Record(record, line), Some(limit)) => {
                last.push_back((record, line));
                if last.len() > limit {
                    last.pop_front();
                }
            }
            (Entry::Unreadable(place, error), _) => {
                unreadable.push(format!("{}: not shown, {error}", place_text(&place)));
            }
        }
    }
    for (record, line) in &last {
        printer.print(record, line)?;
    }
    if unreadable.is_empty() {
        return Ok(0);
    }
    let now = "`guardsh audit verify` tells torn lines from broken ones";
    let words = fault(&unreadable.join("; "), now, false);
    let _ = to.err.write_all(words.as_bytes());
    Ok(EXIT_BROKEN)
}

/// The time that an age or a time of day stands for.
fn since(text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    let age: Span = text.parse().ok()?;
    let age = age.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    if age.is_negative() {
        return None;
    }
    now.checked_sub(age).ok()
}

struct Printer<'a, 'b> {
    args: &'a ShowArgs,
    to: &'a mut Output<'b>,
    begun: bool,
}

impl Printer<'_, '_> {
    fn print(&mut self, record: &Record, line: &[u8]) -> Result<(), AuditCommandError> {
        let mut text = Vec::new();
        if self.args.json {
            text.extend_from_slice(line);
            text.push(b'\n');
        } else {
            if !self.begun {
                text.extend_from_slice(
                    row("TIME (UTC)", "SESSION", "KIND", "VERDICT", "WHAT").as_bytes(),
                );
            }
            text.extend_from_slice(table_row(record, self.to.columns).as_bytes());
        }
        self.begun = true;
        self.to
            .out
            .write_all(&text)
            .map_err(AuditCommandError::Output)
    }
}

fn row(time: &str, session: &str, kind: &str, verdict: &str, what: &str) -> String {
    let row = format!("{time:<19}  {session:<6}  {kind:<13}  {verdict:<8}  {what}");
    format!("{}\n", row.trim_end())
}

fn table_row(record: &Record, columns: Option<usize>) -> String {
    // `2026-11-21T15:27:52.123Z` to the second.
    let time: String = record
        .time
        .chars()
        .take(19)
        .map(|c| if c == 'T' { ' ' } else { c })
        .collect();
    let session: String = {
        let skip = record.session.chars().count().saturating_sub(6);
        record.session.chars().skip(skip).collect()
    };
    let what = what(record);
    let what = match columns {
        None => shown(what.as_bytes()),
        Some(columns) => shown_within(
            what.as_bytes(),
            columns.saturating_sub(FIXED_COLUMNS).max(LEAST_COLUMNS),
        ),
    };
    row(
        shown(time.as_bytes()).as_str(),
        shown(session.as_bytes()).as_str(),
        shown(record.kind.as_bytes()).as_str(),
        shown(verdict_of(record).unwrap_or_default().as_bytes()).as_str(),
        what.as_str(),
    )
}

/// The record in one line: what was submitted first, then the other plain facts.
fn what(record: &Record) -> String {
    let mut parts = Vec::new();
    if let Some(Value::String(line)) = record.facts.get("line") {
        parts.push(line.clone());
    }
    for (name, value) in &record.facts {
        let shown_already = matches!(
            name.as_str(),
            "line" | "line_base64" | "verdict" | "outcome" | "decision"
        );
        let plain = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => continue,
        };
        if !shown_already {
            parts.push(format!("{name}={plain}"));
        }
    }
    parts.join("  ")
}

fn place_text(place: &Place) -> String {
    format!("{}:{}", path_text(&place.file), place.line)
}

fn path_text(path: &Path) -> String {
    shown(path.as_os_str().as_encoded_bytes()).into_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{AuditLog, Durable, Writer};
    use clap::{CommandFactory as _, Parser};
    use std::fs;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        audit: AuditArgs,
    }

    struct Ran {
        exit: u8,
        out: String,
        err: String,
    }

    fn run_on(path: &Path, words: &[&str], columns: Option<usize>) -> Ran {
        let cli = Cli::try_parse_from([&["audit"], words].concat()).unwrap();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut to = Output {
            out: &mut out,
            err: &mut err,
            columns,
        };
        let exit = run(&cli.audit, path, Timestamp::now(), &mut to);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran {
            exit,
            out: text(out),
            err: text(err),
        }
    }

    fn log() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        for session in [
            "01997f9e-7c3a-7000-8000-00000000000a",
            "01997f9e-7c3a-7000-8000-00000000000b",
        ] {
            let writer = Writer {
                session: session.into(),
                host: "h".into(),
                user: "u".into(),
                uid: 7,
            };
            let mut log = AuditLog::open(&path, writer).unwrap();
            for (kind, facts) in [
                ("session_start", json!({"shell": "/bin/bash"})),
                (
                    "verdict",
                    json!({"line": "ls\u{1b}[2J", "verdict": "allow", "rule": "r"}),
                ),
                (
                    "verdict",
                    json!({"line": "rm -rf /", "verdict": "deny", "rule": "no"}),
                ),
                ("exit", json!({"status": 0})),
            ] {
                let facts = facts.as_object().unwrap().clone();
                log.append(kind, facts, Durable::Soon).unwrap();
            }
        }
        (folder, path)
    }

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn show_prints_a_table_in_the_width_of_the_terminal() {
        let (_folder, path) = log();
        let ran = run_on(&path, &["show", "--session", "0b"], Some(100));
        let rows: Vec<_> = ran.out.lines().map(|row| row.split_at(21)).collect();
        assert_eq!(ran.exit, 0);
        assert_eq!(
            rows[0],
            (
                "TIME (UTC)           ",
                "SESSION  KIND           VERDICT   WHAT"
            )
        );
        let rest: Vec<_> = rows[1..].iter().map(|(_, rest)| *rest).collect();
        assert_eq!(
            rest,
            [
                "00000b  session_start            host=h  shell=/bin/bash  uid=7  user=u",
                "00000b  verdict        allow     ls\\x1b[2J  rule=r",
                "00000b  verdict        deny      rm -rf /  rule=no",
                "00000b  exit                     status=0",
            ]
        );
        assert_eq!(ran.out.lines().count(), 5);
    }

    #[test]
    fn show_takes_what_the_filters_ask_for() {
        let (_folder, path) = log();
        let count = |words: &[&str]| {
            let ran = run_on(&path, &[&["show", "--json"], words].concat(), None);
            assert_eq!(ran.exit, 0, "{}", ran.err);
            ran.out.lines().count()
        };
        assert_eq!(count(&[]), 8);
        assert_eq!(count(&["--verdict", "deny"]), 2);
        assert_eq!(count(&["--kind", "exit", "--session", "0a"]), 1);
        assert_eq!(count(&["--grep", "rm -rf"]), 2);
        assert_eq!(count(&["--since", "1h"]), 8);
        assert_eq!(count(&["--since", "2d12h"]), 8);
        assert_eq!(count(&["--since", "2999-01-01T00:00:00Z"]), 0);
        assert_eq!(count(&["--limit", "3"]), 3);
        let last = run_on(&path, &["show", "--json", "--limit", "1"], None).out;
        assert!(fs::read_to_string(&path).unwrap().ends_with(&last));
    }

    #[test]
    fn verify_says_whole_torn_or_broken_and_where() {
        let (_folder, path) = log();
        let name = path.display();
        let ran = run_on(&path, &["verify"], None);
        assert_eq!(ran.exit, 0);
        assert!(
            ran.out
                .starts_with(&format!("{name}: whole, records 1 to 8\n  head  ")),
            "{}",
            ran.out
        );

        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.strip_suffix("}\n").unwrap()).unwrap();
        let ran = run_on(&path, &["verify"], None);
        assert_eq!(ran.exit, 0);
        assert!(
            ran.out.ends_with(&format!(
                "torn  {name}:8: cut off while it was written, no record\n"
            )),
            "{}",
            ran.out
        );

        fs::write(&path, text.replacen("rm -rf /", "ls -la /", 1)).unwrap();
        let ran = run_on(&path, &["verify"], None);
        assert_eq!(
            (ran.exit, ran.out.as_str()),
            (
                1,
                format!(
                    "{name}: broken at record 3\n  at    {name}:3\n  \
             why   its hash is not that of its text: it was changed after it was written\n  \
             good  records 1 to 2\n"
                )
                .as_str()
            )
        );
        let ran = run_on(&path, &["verify", "--json"], None);
        let value: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(
            (&value["whole"], &value["broken"]["seq"], &value["records"]),
            (&json!(false), &json!(3), &json!(2))
        );

        // A record taken out whole.
        let without: Vec<_> = text
            .lines()
            .enumerate()
            .filter(|(index, _)| *index != 4)
            .map(|(_, line)| line)
            .collect();
        fs::write(&path, without.join("\n") + "\n").unwrap();
        let ran = run_on(&path, &["verify"], None);
        assert!(
            ran.out.contains("broken at record 6")
                && ran.out.contains("records 5 to 5 are missing"),
            "{}",
            ran.out
        );
    }

    #[test]
    fn a_fault_is_125_with_words() {
        let missing = Path::new("/nonexistent/audit.jsonl");
        for words in [
            &["verify"][..],
            &["show"],
            &["show", "--since", "yesterday"],
        ] {
            let ran = run_on(missing, words, None);
            assert_eq!((ran.exit, ran.out.as_str()), (125, ""));
            assert!(
                ran.err.starts_with("guardsh: ") && ran.err.contains("\n  now   "),
                "{}",
                ran.err
            );
        }
    }

    #[test]
    fn show_names_lines_it_cannot_read() {
        let (_folder, path) = log();
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replacen("rm -rf /", "ls", 1)).unwrap();
        let ran = run_on(&path, &["show"], None);
        assert_eq!((ran.exit, ran.out.lines().count()), (1, 8));
        assert!(ran.err.contains("audit.jsonl:3: not shown"), "{}", ran.err);
    }

    /// What the reference tells people to type is typed.
    #[test]
    fn a_log_can_be_checked_with_plain_tools_as_the_reference_says() {
        let (_folder, path) = log();
        let reference = include_str!("../../docs/reference/audit.md");
        let blocks: Vec<_> = reference
            .split("```sh\n")
            .skip(1)
            .map(|rest| rest.split("```").next().unwrap())
            .collect();
        let sh = |block: usize| {
            let output = std::process::Command::new("sh")
                .args(["-c", blocks[block]])
                .current_dir(path.parent().unwrap())
                .output()
                .unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        assert_eq!(sh(1), "");
        let one = sh(0);
        let hashes: Vec<_> = one
            .lines()
            .map(|line| line.trim_end_matches("  -"))
            .collect();
        match hashes[..] {
            [computed, written] => assert_eq!(computed, written),
            _ => println!("skipped the check of one record: jq is not installed"),
        }

        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replacen("rm -rf /", "ls -la /", 1)).unwrap();
        assert!(sh(1).starts_with("changed: {"), "{}", sh(1));
        let without: Vec<_> = text
            .lines()
            .enumerate()
            .filter(|(index, _)| *index != 4)
            .map(|(_, line)| line)
            .collect();
        fs::write(&path, without.join("\n") + "\n").unwrap();
        assert!(sh(1).starts_with("does not follow: {"), "{}", sh(1));
    }
}
