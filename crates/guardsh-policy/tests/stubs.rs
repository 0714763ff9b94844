//! The real shell is the judge: lines are made up, walked, and run with recording stubs as the only
//! programs; each program that ran must be among the actions, in the folder that the action names, and each
//! file that came to be must be among the writes.
//!
//! A line in which something is opaque, or a command name is not known, only counts as asked.
//! `GUARDSH_STUBS=100000` sets the number of lines, `GUARDSH_STUBS_SEED` the first seed.
//!
//! This program is its own stub: called by another name it appends its words to a log.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "a test program, which has to stop where something is wrong and to say so"
)]

#[path = "stubs/generate.rs"]
mod generate;

use generate::Generator;
use guardsh_policy::{
    Action, ActionKind, ActionWord, Count, Folder, IdealWorld, Piece, Program, WordState, analyse,
};
use guardsh_syntax::{Dialect, NotRead, Options};
use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// What a plain `cargo test` runs.
const USUAL: usize = 1_500;

/// Programs that only record that they ran.
const STUBS: &[&str] = &["ls", "rm", "cat", "grep", "foo", "m", "n", "a", "b"];
/// Real programs that start others.
const REAL: &[&str] = &[
    "env", "nice", "nohup", "timeout", "xargs", "bash", "dash", "sh", "find",
];

fn main() -> ExitCode {
    let called = std::env::args_os().next().unwrap_or_default();
    let name = Path::new(&called)
        .file_name()
        .unwrap_or_default()
        .to_owned();
    if STUBS.iter().any(|stub| name == *stub) {
        return record(&name);
    }
    let count = std::env::var("GUARDSH_STUBS")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(USUAL);
    let seed = std::env::var("GUARDSH_STUBS_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(1);
    let tally = Tally::default();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for worker in 0..2 {
            let (tally, next) = (&tally, &next);
            scope.spawn(move || {
                let place = Place::new(worker);
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        break;
                    }
                    one(seed + index as u64, &place, tally);
                }
            });
        }
    });
    println!(
        "{count} lines: {} not read, {} asked, {} compared; {} programs and {} files seen, {} amiss",
        tally.unread.load(Ordering::Relaxed),
        tally.asked.load(Ordering::Relaxed),
        tally.compared.load(Ordering::Relaxed),
        tally.programs.load(Ordering::Relaxed),
        tally.files.load(Ordering::Relaxed),
        tally.amiss.load(Ordering::Relaxed),
    );
    let enough = tally.compared.load(Ordering::Relaxed) * 5 >= count;
    if !enough {
        println!("too few lines were compared for this to mean anything");
    }
    if enough && tally.amiss.load(Ordering::Relaxed) == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[derive(Default)]
struct Tally {
    unread: AtomicUsize,
    asked: AtomicUsize,
    compared: AtomicUsize,
    programs: AtomicUsize,
    files: AtomicUsize,
    amiss: AtomicUsize,
}

/// The stub's part: one record, written at once, and output and status that depend on the words.
fn record(name: &std::ffi::OsStr) -> ExitCode {
    let words: Vec<Vec<u8>> = std::env::args_os()
        .skip(1)
        .map(OsStringExt::into_vec)
        .collect();
    let folder = std::env::current_dir().unwrap_or_default();
    let mut text = Vec::new();
    text.extend_from_slice(folder.as_os_str().as_bytes());
    text.push(0);
    text.extend_from_slice(words.len().to_string().as_bytes());
    text.push(0);
    text.extend_from_slice(name.as_bytes());
    text.push(0);
    let mut sum = name.len() as u64;
    for word in &words {
        text.extend_from_slice(word);
        text.push(0);
        for byte in word {
            sum = sum.wrapping_mul(31).wrapping_add(u64::from(*byte));
        }
        sum = sum.wrapping_mul(7).wrapping_add(1);
    }
    let log = std::env::var_os("GUARDSH_STUB_LOG").expect("the log is named");
    let mut log = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(log)
        .expect("the log opens");
    log.write_all(&text).expect("the log is written");
    let output = ["ls", "-rf x", "", "m n", "*", "eval rm", "2", "a\nb"][(sum % 8) as usize];
    // The reader may have gone.
    let _ = writeln!(std::io::stdout(), "{output}");
    ExitCode::from(u8::from(sum.is_multiple_of(3)))
}

/// Where the lines of one worker run.
struct Place {
    root: tempfile::TempDir,
    bin: PathBuf,
}

impl Place {
    fn new(worker: usize) -> Self {
        let root = tempfile::Builder::new()
            .prefix(&format!("stubs{worker}-"))
            .tempdir()
            .expect("a temporary folder");
        let bin = root.path().join("bin");
        std::fs::create_dir(&bin).expect("a folder for the stubs");
        let me = std::env::current_exe().expect("this program");
        for stub in STUBS {
            std::os::unix::fs::symlink(&me, bin.join(stub)).expect("a stub");
        }
        for real in REAL {
            let found = ["/usr/bin", "/bin"]
                .iter()
                .map(|folder| Path::new(folder).join(real))
                .find(|path| path.exists());
            if let Some(found) = found {
                std::os::unix::fs::symlink(found, bin.join(real)).expect("a link");
            }
        }
        Self { root, bin }
    }
}

/// A program that ran.
#[derive(Debug)]
struct Ran {
    folder: PathBuf,
    argv: Vec<Vec<u8>>,
}

fn one(seed: u64, place: &Place, tally: &Tally) {
    let dialect = if seed % 4 == 3 {
        Dialect::Posix
    } else {
        Dialect::Bash
    };
    let line = Generator::new(seed, dialect).line();
    // Deep, so that no `cd ..` leaves the place.
    let home = std::fs::canonicalize(place.root.path())
        .expect("the place")
        .join("h");
    let _ = std::fs::remove_dir_all(&home);
    for folder in ["d1", "d2", "d1/d2"] {
        std::fs::create_dir_all(home.join(folder)).expect("folders");
    }
    let mut world = IdealWorld::new(dialect);
    world.folder = home.clone();
    world.home = home.clone();
    world.environment = BTreeMap::from([
        (b"HOME".to_vec(), home.as_os_str().as_bytes().to_vec()),
        (b"PATH".to_vec(), place.bin.as_os_str().as_bytes().to_vec()),
        (b"PWD".to_vec(), home.as_os_str().as_bytes().to_vec()),
        (b"E".to_vec(), b"env val".to_vec()),
    ]);
    world
        .programs
        .insert(b"sh".to_vec(), PathBuf::from("/usr/bin/dash"));
    world.positional = vec![b"p1".to_vec(), b"p 2".to_vec()];
    let options = Options {
        extglob: false,
        here_doc_at_end: true,
        backslash_at_end: true,
        comments: true,
    };
    let actions = match analyse(line.as_bytes(), dialect, options, &mut world) {
        Ok(actions) => actions,
        Err(NotRead::Incomplete(_) | NotRead::Invalid(_) | NotRead::Unsupported(_)) => {
            tally.unread.fetch_add(1, Ordering::Relaxed);
            return;
        }
    };
    if actions.iter().any(is_asked) {
        tally.asked.fetch_add(1, Ordering::Relaxed);
        return;
    }
    tally.compared.fetch_add(1, Ordering::Relaxed);
    let Some(ran) = run(&line, seed, dialect, place, &home) else {
        return;
    };
    let mut amiss = Vec::new();
    for program in &ran {
        tally.programs.fetch_add(1, Ordering::Relaxed);
        if !actions.iter().any(|action| covers(action, program)) {
            amiss.push(format!("ran {}", shown(program)));
        }
    }
    for file in files_below(&home) {
        tally.files.fetch_add(1, Ordering::Relaxed);
        if !actions.iter().any(|action| writes(action, &file)) {
            amiss.push(format!("wrote {}", file.display()));
        }
    }
    if !amiss.is_empty() {
        tally.amiss.fetch_add(1, Ordering::Relaxed);
        println!("--- seed {seed} ({dialect:?})\n{line}");
        for line in amiss {
            println!("  {line}");
        }
        for action in &actions {
            println!("  judged {}", told(action));
        }
    }
}

fn shown(program: &Ran) -> String {
    let words: Vec<String> = program
        .argv
        .iter()
        .map(|word| format!("<{}>", word.escape_ascii()))
        .collect();
    format!("{} in {}", words.join(" "), program.folder.display())
}

/// An action in a line.
fn told(action: &Action) -> String {
    let word = |word: &ActionWord| match &word.state {
        WordState::Literal(value) => format!("<{}>", value.escape_ascii()),
        WordState::Resolved(values) => {
            let values: Vec<String> = values
                .iter()
                .map(|value| value.escape_ascii().to_string())
                .collect();
            format!("<{}>", values.join("|"))
        }
        WordState::Pattern(_) => "GLOB".to_owned(),
        WordState::Dynamic(_) => format!("{:?}?", word.count),
    };
    let text = match &action.kind {
        ActionKind::Run(run) => {
            let words: Vec<String> = run.argv.iter().map(word).collect();
            let kind = match run.program {
                Program::Builtin => "builtin",
                Program::Function => "function",
                Program::File(_) => "run",
                Program::Missing => "missing",
                Program::Unknown => "unknown",
            };
            format!("{kind} {}", words.join(" "))
        }
        ActionKind::Write(used) => format!("write {}", word(&used.path)),
        ActionKind::Read(used) => format!("read {}", word(&used.path)),
        ActionKind::Set(set) => format!(
            "set {} {}",
            word(&set.name),
            set.value.as_ref().map_or_else(String::new, word)
        ),
        ActionKind::Input(_) => "input".to_owned(),
        ActionKind::Opaque(opaque) => format!("opaque {}", opaque.what),
    };
    match &action.folder {
        Folder::Known(folder) => format!("{text} in {}", folder.display()),
        Folder::Unknown => format!("{text} somewhere"),
    }
}

/// Whether the action by itself keeps the line from running unasked.
fn is_asked(action: &Action) -> bool {
    match &action.kind {
        ActionKind::Opaque(_) => true,
        ActionKind::Run(run) => run.program == Program::Unknown || run.argv[0].values().is_none(),
        ActionKind::Write(_) | ActionKind::Read(_) | ActionKind::Set(_) | ActionKind::Input(_) => {
            false
        }
    }
}

fn covers(action: &Action, ran: &Ran) -> bool {
    let ActionKind::Run(run) = &action.kind else {
        return false;
    };
    match run.program {
        Program::File(_) | Program::Missing => {}
        Program::Builtin | Program::Function | Program::Unknown => return false,
    }
    let folder = match &action.folder {
        Folder::Known(folder) => *folder == ran.folder,
        Folder::Unknown => true,
    };
    folder && matches(&run.argv, &ran.argv)
}

fn matches(words: &[ActionWord], argv: &[Vec<u8>]) -> bool {
    let Some((word, rest)) = words.split_first() else {
        return argv.is_empty();
    };
    match word.count {
        Count::One => argv
            .split_first()
            .is_some_and(|(first, behind)| is_one(word, first) && matches(rest, behind)),
        Count::Any => (0..=argv.len()).any(|taken| matches(rest, &argv[taken..])),
    }
}

fn is_one(word: &ActionWord, value: &[u8]) -> bool {
    match &word.state {
        WordState::Literal(known) => known == value,
        WordState::Resolved(values) => values.iter().any(|known| {
            known == value || known.starts_with(b"/dev/fd/") && value.starts_with(b"/dev/fd/")
        }),
        WordState::Pattern(_) => true,
        WordState::Dynamic(pieces) => match (pieces.first(), pieces.last()) {
            (Some(Piece::Known(first)), _) if !value.starts_with(first) => false,
            (_, Some(Piece::Known(last))) if !value.ends_with(last) => false,
            _ => true,
        },
    }
}

fn writes(action: &Action, file: &Path) -> bool {
    let ActionKind::Write(used) = &action.kind else {
        return false;
    };
    match (used.path.values(), &action.folder) {
        (Some(values), Folder::Known(folder)) => values
            .iter()
            .any(|value| folder.join(std::ffi::OsStr::from_bytes(value)) == file),
        (Some(values), Folder::Unknown) => values
            .iter()
            .any(|value| file.ends_with(std::ffi::OsStr::from_bytes(value))),
        (None, _) => true,
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                all.push(path);
            }
        }
    }
    all
}

/// Runs a line in the real shell and gives what ran; `None` where it took too long.
fn run(line: &str, seed: u64, dialect: Dialect, place: &Place, home: &Path) -> Option<Vec<Ran>> {
    // A log for each line: what an earlier one left running writes elsewhere.
    let log = place.root.path().join(format!("log-{seed}"));
    let shell = match dialect {
        Dialect::Bash => "/bin/bash",
        Dialect::Posix => "/bin/dash",
    };
    let mut child = Command::new(shell)
        .args(["-c", line, "sh", "p1", "p 2"])
        .env_clear()
        .env("HOME", home)
        .env("PATH", &place.bin)
        .env("PWD", home)
        .env("E", "env val")
        .env("GUARDSH_STUB_LOG", &log)
        .current_dir(home)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("the shell starts");
    let group = format!("-{}", child.id());
    let mut waited = Duration::ZERO;
    let mut pause = Duration::from_micros(200);
    let finished = loop {
        if child.try_wait().expect("the shell is waited for").is_some() {
            break true;
        }
        if waited > Duration::from_secs(5) {
            break false;
        }
        std::thread::sleep(pause);
        waited += pause;
        pause = (pause * 2).min(Duration::from_millis(4));
    };
    if !finished || line.contains('&') || line.contains("<(") {
        // What it left in the background has a moment to say what it is.
        if finished {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = Command::new("/bin/kill")
            .args(["-KILL", "--", &group])
            .stderr(Stdio::null())
            .status();
        let _ = child.wait();
    }
    let text = std::fs::read(&log).unwrap_or_default();
    let _ = std::fs::remove_file(&log);
    let mut fields = text.split(|byte| *byte == 0);
    let mut all = Vec::new();
    while let (Some(folder), Some(count), Some(name)) =
        (fields.next(), fields.next(), fields.next())
    {
        let count: usize = std::str::from_utf8(count).ok()?.parse().ok()?;
        let mut argv = vec![name.to_vec()];
        for _ in 0..count {
            argv.push(fields.next()?.to_vec());
        }
        all.push(Ran {
            folder: PathBuf::from(std::ffi::OsString::from_vec(folder.to_vec())),
            argv,
        });
    }
    Some(all)
}
