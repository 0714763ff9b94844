//! `guardsh check -- 'line'`: what would happen to a line, and why. Nothing runs, nothing is asked or recorded.

use super::output;
use crate::desk::{Reading, read};
use crate::feedback::{EXIT_FAULT, Ink, Inks, with_causes};
use crate::invocation::ShellCall;
use crate::oneshot::{Ready, fault, ready};
use guardsh_policy::{Judgement, Policy, Surroundings, Verdict, judge, record};
use guardsh_protocol::{ActionRecord, Door, shown};
use guardsh_syntax::Place;
use serde_json::{Value, json};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Statuses by contract.
const EXIT_INVALID: u8 = 2;
const EXIT_ASK: u8 = 3;
const EXIT_DENY: u8 = 4;

/// Tell what would happen to a line, and why; exit 0 allow, 3 ask, 4 deny, 2 invalid
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Check {
    /// Print one JSON object: verdict, reading, actions, risk
    #[arg(long)]
    json: bool,
    /// As this shell would read it: bash or dash [default: the configured one]
    #[arg(long, value_name = "SHELL")]
    shell: Option<OsString>,
    /// As if submitted in this folder
    #[arg(long, value_name = "FOLDER")]
    cwd: Option<PathBuf>,
    /// The line, as one word: guardsh check -- 'ls; rm x'
    #[arg(value_name = "LINE", last = false, allow_hyphen_values = true)]
    line: OsString,
}

/// Judges the line as `-c` would.
pub(crate) fn run(args: &Check, config: Option<&Path>) -> anyhow::Result<ExitCode> {
    let call = ShellCall {
        config: config.map(Path::to_owned),
        program: args.shell.clone(),
        ..ShellCall::default()
    };
    if let Some(folder) = &args.cwd {
        std::env::set_current_dir(folder)
            .map_err(|error| anyhow::anyhow!("{}: {error}", folder.display()))?;
    }
    let ready = match ready(&call, Door::Command) {
        Ok(ready) => ready,
        Err(error) => {
            fault(&with_causes(&error));
            return Ok(ExitCode::from(EXIT_FAULT));
        }
    };
    let line = args.line.as_bytes();
    let surroundings = Surroundings {
        own_files: ready.setup.places.own(),
        own_program: crate::desk::own_program(),
        start_folder: std::env::current_dir().ok(),
    };
    let policy = Policy::new(&ready.setup.loaded.config, &surroundings);
    let reading = ready.reading();
    let mut ready = ready;
    let read = read(line, ready.shell.dialect(), reading, &mut ready.world);
    let (state, place, actions) = match read {
        Reading::Actions(actions) => ("ok", None, Some(actions)),
        Reading::Unsupported(actions, place) => ("unsupported", Some(place), Some(actions)),
        Reading::Incomplete(place) => ("incomplete", Some(place), None),
        Reading::Invalid(place) => ("invalid", Some(place), None),
    };
    let judgement = actions.map(|actions| judge(&policy, &actions, &mut ready.world));
    let exit = match judgement.as_ref().map(|judgement| judgement.verdict) {
        Some(Verdict::Allow) => 0,
        Some(Verdict::Ask) => EXIT_ASK,
        Some(Verdict::Deny) => EXIT_DENY,
        None => EXIT_INVALID,
    };
    let text = if args.json {
        let mut text = as_json(
            &ready,
            &policy,
            judgement.as_ref(),
            state,
            place.as_ref(),
            exit,
        )
        .to_string();
        text.push('\n');
        text
    } else {
        as_words(
            judgement.as_ref(),
            state,
            place.as_ref(),
            Inks::of(&std::io::stdout()),
        )
    };
    output::print(&text)?;
    Ok(ExitCode::from(exit))
}

fn as_json(
    ready: &Ready,
    policy: &Policy,
    judgement: Option<&Judgement>,
    state: &str,
    place: Option<&Place>,
    exit: u8,
) -> Value {
    let actions: Vec<ActionRecord> = judgement
        .map(|judgement| judgement.actions.iter().map(record).collect())
        .unwrap_or_default();
    let risk = judgement.map(|judgement| &judgement.risk);
    let factors: Vec<Value> = risk
        .map(|risk| {
            let factor = |factor: &guardsh_policy::RiskFactor| {
                json!({"name": factor.name, "points": factor.points, "detail": factor.detail})
            };
            risk.factors.iter().map(factor).collect()
        })
        .unwrap_or_default();
    json!({
        "v": 1,
        "verdict": judgement.map(|judgement| judgement.verdict.name()),
        "shell": ready.shell.name(),
        "cwd": ready.world.folder.as_ref().map(|folder| folder.display().to_string()),
        "exit": exit,
        "reading": {
            "state": state,
            "at": place.map(|place| place.at),
            "what": place.map(|place| place.what.clone()),
        },
        "actions": actions,
        "risk": {
            "score": risk.map(|risk| risk.score),
            "band": risk.map(|risk| risk.band().name()),
            "factors": factors,
        },
        "policy_digest": policy.digest(),
    })
}

fn as_words(
    judgement: Option<&Judgement>,
    state: &str,
    place: Option<&Place>,
    inks: Inks,
) -> String {
    let mut text = String::new();
    let Some(judgement) = judgement else {
        let (at, what) = place.map_or((0, ""), |place| (place.at, place.what.as_str()));
        let state = inks.paint(Ink::Refused, format_args!("{state}:"));
        return format!(
            "{state} {} (byte {at}): the shell would not run it\n",
            shown(what.as_bytes())
        );
    };
    let _ = writeln!(
        text,
        "{}",
        inks.paint(ink(judgement.verdict), judgement.verdict.name())
    );
    if let Some(place) = place {
        let _ = writeln!(
            text,
            "  {state}: {} (byte {})",
            shown(place.what.as_bytes()),
            place.at
        );
    }
    for judged in &judgement.actions {
        let record = record(judged);
        // Padded first: the codes of a colour take no column.
        let verdict = inks.paint(
            ink(judged.verdict),
            format_args!("{:<5}", judged.verdict.name()),
        );
        let _ = writeln!(
            text,
            "  {verdict} {} {}",
            record.kind,
            shown(said(&record).as_bytes())
        );
        let _ = writeln!(
            text,
            "        {} ({}): {}",
            shown(judged.rule.as_bytes()),
            shown(judged.source.as_bytes()),
            shown(judged.reason.as_bytes())
        );
        if let Some(suggest) = &judged.suggest {
            let _ = writeln!(text, "        next: {}", shown(suggest.as_bytes()));
        }
        if judged.runs_project_code {
            let _ = writeln!(text, "        runs-project-code");
        }
    }
    let risk = &judgement.risk;
    if risk.score > 0 {
        let factors: Vec<String> = risk
            .factors
            .iter()
            .map(|factor| {
                format!(
                    "{} +{} ({})",
                    factor.name,
                    factor.points,
                    shown(factor.detail.as_bytes())
                )
            })
            .collect();
        let _ = writeln!(
            text,
            "  risk {} {}: {}",
            risk.score,
            risk.band().name(),
            factors.join(", ")
        );
    }
    text
}

fn ink(verdict: Verdict) -> Ink {
    match verdict {
        Verdict::Allow => Ink::Runs,
        Verdict::Ask => Ink::Asks,
        Verdict::Deny => Ink::Refused,
    }
}

/// What an action is about, in a few words.
pub(crate) fn said(record: &ActionRecord) -> String {
    if let Some(argv) = &record.argv {
        return argv.join(" ");
    }
    match (&record.path, &record.name, &record.what, &record.line) {
        (Some(path), _, _, _) => path.clone(),
        (_, Some(name), _, _) => match &record.value {
            Some(value) => format!("{name}={value}"),
            None => name.clone(),
        },
        (_, _, Some(what), _) => what.clone(),
        (_, _, _, line) => line.clone().unwrap_or_default(),
    }
}
