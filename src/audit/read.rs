//! Reading the audit log: is the chain whole, and what does it say?

use super::log::{RECORD_MAX, with_suffix};
use guardsh_protocol::chain::{FIRST_PREV, Head, Record, RecordError, hex_sha256, read_record};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a log cannot be read.
#[derive(Debug, Error)]
pub(crate) enum ReadError {
    /// The file or its folder.
    #[error("cannot read the audit log {}", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The file.
    pub(crate) file: PathBuf,
    /// The line, from 1.
    pub(crate) line: u64,
}

/// What [`verify`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    /// The files of the log, the oldest first.
    pub(crate) files: Vec<PathBuf>,
    /// How many records are whole and in their place.
    pub(crate) records: u64,
    /// The number of the first one: more than 1 where older files are not here.
    pub(crate) first: u64,
    /// The last one.
    pub(crate) head: Head,
    /// Lines that were cut off in the middle of writing; no record is missing there.
    pub(crate) torn: Vec<Place>,
    /// Whether the chain is whole.
    pub(crate) finding: Finding,
}

/// Whether the chain is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// It is.
    Whole,
    /// Not from here on; what comes before is.
    Broken {
        /// Where.
        place: Place,
        /// The number that the record there has or should have.
        seq: u64,
        /// In words.
        why: String,
    },
}

/// Checks every record of a log, those of its rotated files included.
pub(crate) fn verify(path: &Path) -> Result<Report, ReadError> {
    let mut report = Report {
        files: Vec::new(),
        records: 0,
        first: 1,
        head: Head::default(),
        torn: Vec::new(),
        finding: Finding::Whole,
    };
    let mut lines = Lines::open(path)?;
    report.files = lines.names();
    // A line that is no record: torn if a `recovered` record with its digest comes next.
    let mut suspect: Option<(Line, RecordError)> = None;
    while let Some(line) = lines.next_line()? {
        let broken = |place: Place, seq: u64, why: String| Finding::Broken { place, seq, why };
        let next = report.head.seq.saturating_add(1);
        match (read_record(&line.bytes), suspect.take()) {
            (Ok(record), torn) => {
                if let Some((torn, error)) = torn {
                    if !ends_torn_line(&record, &torn) {
                        report.finding = broken(torn.place, next, error.to_string());
                        return Ok(report);
                    }
                    report.torn.push(torn.place);
                }
                if report.records == 0 && record.kind == "rotated" && record.seq > 1 {
                    // The oldest file that is here; the ones before may lie elsewhere.
                    report.first = record.seq;
                } else if !record.follows(&report.head) {
                    let why = misplaced(&record, &report.head);
                    report.finding = broken(line.place, record.seq, why);
                    return Ok(report);
                }
                report.records = report.records.saturating_add(1);
                report.head = record.head();
                if line.end == LineEnd::File {
                    report.torn.push(line.place);
                }
            }
            (Err(_), None) if line.end == LineEnd::File => report.torn.push(line.place),
            (Err(error), None) => suspect = Some((line, error)),
            (Err(_), Some((first, error))) => {
                report.finding = broken(first.place, next, error.to_string());
                return Ok(report);
            }
        }
    }
    if let Some((line, error)) = suspect {
        report.finding = Finding::Broken {
            place: line.place,
            seq: report.head.seq.saturating_add(1),
            why: error.to_string(),
        };
    }
    Ok(report)
}

fn ends_torn_line(record: &Record, torn: &Line) -> bool {
    record.kind == "recovered"
        && record.facts.get("torn_sha256").and_then(Value::as_str)
            == Some(hex_sha256(&torn.bytes).as_str())
}

fn misplaced(record: &Record, head: &Head) -> String {
    let next = head.seq.saturating_add(1);
    if record.seq > next {
        format!(
            "records {next} to {} are missing before it",
            record.seq.saturating_sub(1)
        )
    } else if record.seq < next {
        format!("it stands after record {}", head.seq)
    } else if head.hash == FIRST_PREV {
        "it is the first one and yet names one before it".to_owned()
    } else {
        format!(
            "it continues another record {} than the one before it",
            head.seq
        )
    }
}

/// Which records are wanted. The default: all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// The session's id, or the end of it.
    pub(crate) session: Option<String>,
    /// Not before.
    pub(crate) since: Option<Timestamp>,
    /// The kind.
    pub(crate) kind: Option<String>,
    /// The fact `verdict`, `outcome` or `decision`.
    pub(crate) verdict: Option<String>,
    /// A text in any of the facts.
    pub(crate) grep: Option<String>,
}

impl Filter {
    /// Whether the record is wanted.
    pub(crate) fn takes(&self, record: &Record) -> bool {
        let asked = |wanted: &Option<String>, matches: &dyn Fn(&str) -> bool| {
            wanted.as_deref().is_none_or(matches)
        };
        asked(&self.session, &|session| record.session.ends_with(session))
            && asked(&self.kind, &|kind| record.kind == kind)
            && asked(&self.verdict, &|verdict| {
                verdict_of(record).is_some_and(|found| found == verdict)
            })
            && self.since.is_none_or(|since| {
                // A time that cannot be read hides nothing.
                record
                    .time
                    .parse::<Timestamp>()
                    .map_or(true, |time| time >= since)
            })
            && asked(&self.grep, &|text| {
                record.facts.values().any(|value| contains(value, text))
            })
    }
}

/// What was decided, if the record says so.
pub(crate) fn verdict_of(record: &Record) -> Option<&str> {
    ["verdict", "outcome", "decision"]
        .iter()
        .find_map(|name| record.facts.get(*name)?.as_str())
}

fn contains(value: &Value, text: &str) -> bool {
    match value {
        Value::String(found) => found.contains(text),
        Value::Array(items) => items.iter().any(|item| contains(item, text)),
        Value::Object(members) => members.values().any(|member| contains(member, text)),
        Value::Number(number) => number.to_string() == text,
        Value::Null | Value::Bool(_) => false,
    }
}

/// The wanted records of a log, the oldest first; a line that is no record comes as its place and why.
pub(crate) fn records(path: &Path, filter: Filter) -> Result<Records, ReadError> {
    Ok(Records {
        lines: Lines::open(path)?,
        filter,
    })
}

/// See [`records`].
#[derive(Debug)]
pub(crate) struct Records {
    lines: Lines,
    filter: Filter,
}

/// A record as it stands in the log, or a line that is none.
#[derive(Debug)]
pub(crate) enum Entry {
    /// A record and its line.
    Record(Box<Record>, Vec<u8>),
    /// Not a record.
    Unreadable(Place, RecordError),
}

impl Iterator for Records {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = match self.lines.next_line() {
                Ok(line) => line?,
                Err(error) => return Some(Err(error)),
            };
            match read_record(&line.bytes) {
                Ok(record) if !self.filter.takes(&record) => {}
                Ok(record) => return Some(Ok(Entry::Record(Box::new(record), line.bytes))),
                Err(error) => return Some(Ok(Entry::Unreadable(line.place, error))),
            }
        }
    }
}

/// The rotated files of a log, the oldest first: `FILE.1`, `FILE.2`, …
pub(super) fn archives(path: &Path) -> io::Result<Vec<PathBuf>> {
    let Some(name) = path.file_name() else {
        return Ok(Vec::new());
    };
    let mut found: Vec<(u64, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder_of(path))? {
        let entry_name = entry?.file_name();
        let number = entry_name
            .as_encoded_bytes()
            .strip_prefix(name.as_encoded_bytes())
            .and_then(|rest| rest.strip_prefix(b"."))
            .and_then(number);
        if let Some(number) = number {
            found.push((number, path.with_file_name(&entry_name)));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// The name of the file that is rotated next.
pub(super) fn next_archive(path: &Path, last: Option<&PathBuf>) -> PathBuf {
    let last = last
        .and_then(|last| last.extension())
        .and_then(|digits| number(digits.as_encoded_bytes()))
        .unwrap_or(0);
    with_suffix(path, &last.saturating_add(1).to_string())
}

fn number(digits: &[u8]) -> Option<u64> {
    let plain = digits.iter().all(u8::is_ascii_digit) && digits.first() != Some(&b'0');
    std::str::from_utf8(digits)
        .ok()
        .filter(|_| plain)?
        .parse()
        .ok()
}

/// The folder that a file lies in.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    }
}

/// A line without its newline.
#[derive(Debug)]
struct Line {
    place: Place,
    bytes: Vec<u8>,
    end: LineEnd,
}

/// What ended a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineEnd {
    Newline,
    /// The end of the log's last file: it was torn, or is being written.
    File,
}

/// The lines of a log's files, each file as far as it went when it was opened.
#[derive(Debug)]
struct Lines {
    files: VecDeque<(PathBuf, File, u64)>,
    open: Option<(PathBuf, BufReader<io::Take<File>>, u64)>,
}

impl Lines {
    fn open(path: &Path) -> Result<Self, ReadError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| ReadError::Read { path, source }
        };
        // The log itself first: should it be rotated now, it is found again among the archives.
        let (live, size, live_id) = open_for_reading(path).map_err(failed(path))?;
        let mut files = VecDeque::new();
        for archive in archives(path).map_err(failed(path))? {
            let (file, size, id) = open_for_reading(&archive).map_err(failed(&archive))?;
            if id == live_id {
                break;
            }
            files.push_back((archive, file, size));
        }
        files.push_back((path.to_owned(), live, size));
        Ok(Self { files, open: None })
    }

    fn names(&self) -> Vec<PathBuf> {
        self.files.iter().map(|(path, _, _)| path.clone()).collect()
    }

    fn next_line(&mut self) -> Result<Option<Line>, ReadError> {
        loop {
            if self.open.is_none() {
                let Some((path, file, size)) = self.files.pop_front() else {
                    return Ok(None);
                };
                self.open = Some((path, BufReader::new(file.take(size)), 0));
            }
            let Some((path, reader, number)) = &mut self.open else {
                return Ok(None);
            };
            let bytes = read_line(reader).map_err(|source| ReadError::Read {
                path: path.clone(),
                source,
            })?;
            let Some((bytes, ended)) = bytes else {
                self.open = None;
                continue;
            };
            *number = number.saturating_add(1);
            let last_file = self.files.is_empty();
            return Ok(Some(Line {
                place: Place {
                    file: path.clone(),
                    line: *number,
                },
                bytes,
                end: if ended || !last_file {
                    LineEnd::Newline
                } else {
                    LineEnd::File
                },
            }));
        }
    }
}

fn open_for_reading(path: &Path) -> io::Result<(File, u64, (u64, u64))> {
    let file = File::open(path)?;
    let found = file.metadata()?;
    Ok((file, found.len(), (found.dev(), found.ino())))
}

/// A line, and whether a newline ended it. One longer than any record comes empty, which is no record.
fn read_line(reader: &mut BufReader<io::Take<File>>) -> io::Result<Option<(Vec<u8>, bool)>> {
    let mut line = Vec::new();
    let mut begun = false;
    let mut overlong = false;
    loop {
        let bytes = reader.fill_buf()?;
        let ended = bytes.iter().position(|byte| *byte == b'\n');
        let part = bytes
            .get(..ended.unwrap_or(bytes.len()))
            .unwrap_or_default();
        overlong |= line.len().saturating_add(part.len()) > RECORD_MAX;
        if overlong {
            line.clear();
        } else {
            line.extend_from_slice(part);
        }
        if bytes.is_empty() {
            return Ok(begun.then_some((line, false)));
        }
        begun = true;
        let used = part.len().saturating_add(usize::from(ended.is_some()));
        reader.consume(used);
        if ended.is_some() {
            return Ok(Some((line, true)));
        }
    }
}
