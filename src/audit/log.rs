//! Appending to the audit log.

use super::read::{archives, folder_of, next_archive};
use guardsh_protocol::chain::{
    ChainError, Entry, Head, RecordError, hex_sha256, read_record, seal,
};
use guardsh_protocol::redact::redact_value;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use serde_json::{Map, Value, json};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use thiserror::Error;

/// No record may be longer: a line of the largest size a shell takes, escaped, fits several times.
pub(super) const RECORD_MAX: usize = 4 << 20;
/// From this size on a new file is begun.
const ROTATE_AT: u64 = 64 << 20;
/// How long another session may hold the lock. It holds it for microseconds; longer means that something
/// is wrong, and a guard that waits for ever would not say so.
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// How late a record that was not urgent may reach the disk.
const SYNC_WITHIN: Duration = Duration::from_secs(1);

/// Why the audit log cannot be written. Nothing may run then.
#[derive(Debug, Error)]
pub(crate) enum AuditError {
    /// The folder of the log cannot be made.
    #[error("cannot make the audit folder {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The log cannot be opened or created.
    #[error("cannot open the audit log {}", path.display())]
    Open {
        /// The log.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The log is not a file of ours.
    #[error("will not write the audit log {}: {what}", path.display())]
    Unfit {
        /// The log.
        path: PathBuf,
        /// What is wrong with it, in words.
        what: String,
    },
    /// Another process holds the lock.
    #[error("the audit log {} is kept locked by another process", path.display())]
    Busy {
        /// The log.
        path: PathBuf,
    },
    /// The log cannot be read.
    #[error("cannot read the audit log {}", path.display())]
    Read {
        /// The log.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The record is not in the log: disk full, or read-only, or broken.
    #[error("cannot write the audit log {}", path.display())]
    Write {
        /// The log.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The record may not survive the next power cut. The log stays closed, because a second try would
    /// report success for data that the kernel has already given up.
    #[error("cannot bring the audit log {} to the disk", path.display())]
    Sync {
        /// The log.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Somebody else than guardsh changed the log. It stays closed.
    #[error("the audit log {} was changed: {what}; see `guardsh audit verify`, then move it aside", path.display())]
    Changed {
        /// The log.
        path: PathBuf,
        /// What does not fit, in words.
        what: String,
    },
    /// An earlier error closed the log for this session.
    #[error("the audit log {} was closed in this session: {why}", path.display())]
    Closed {
        /// The log.
        path: PathBuf,
        /// The earlier error.
        why: String,
    },
    /// The record is too large.
    #[error("an audit record of {bytes} bytes is larger than {RECORD_MAX}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The facts cannot be written as a record.
    #[error("cannot write an audit record")]
    Record(#[source] ChainError),
}

/// When a record must be on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durable {
    /// Before `append` returns.
    Now,
    /// Within a second, see [`AuditLog::sync_due`].
    Soon,
}

/// Who writes.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    /// The session's id, in each record.
    pub(crate) session: String,
    /// The host's name, in the first record of the session and of each file.
    pub(crate) host: String,
    /// The user's name, likewise.
    pub(crate) user: String,
    /// The user's number, likewise.
    pub(crate) uid: u32,
}

/// An audit log open for appending.
#[derive(Debug)]
pub(crate) struct AuditLog {
    path: PathBuf,
    file: File,
    /// Device and inode of `file`.
    identity: (u64, u64),
    writer: Writer,
    /// The last record this session knows of, which ends at `end`.
    head: Head,
    end: u64,
    unsynced_since: Option<Instant>,
    /// Why nothing more is written in this session.
    closed: Option<String>,
    rotate_at: u64,
    lock_wait: Duration,
}

impl AuditLog {
    /// Opens the log, or begins it. Its folder is made with mode 0700, the log with 0600.
    ///
    /// A log that is a symbolic link, not a file, writable by others or somebody else's is refused, and so
    /// is one whose last record is not whole. (A torn last line is not an error: the next append ends it.)
    pub(crate) fn open(path: &Path, writer: Writer) -> Result<Self, AuditError> {
        if let Some(folder) = path.parent() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .map_err(|source| AuditError::Folder {
                    path: folder.to_owned(),
                    source,
                })?;
        }
        let file = open_file(path, true)?;
        let identity = identity_of(path, &file)?;
        let mut log = Self {
            path: path.to_owned(),
            file,
            identity,
            writer,
            head: Head::default(),
            end: 0,
            unsynced_since: None,
            closed: None,
            rotate_at: ROTATE_AT,
            lock_wait: LOCK_WAIT,
        };
        log.lock_file()?;
        // It may have been rotated between opening and locking.
        while !log.is_current()? {
            log.file = open_file(path, true)?;
            log.identity = identity_of(path, &log.file)?;
            log.lock_file()?;
        }
        let read = log.read_end();
        log.unlock();
        read?;
        Ok(log)
    }

    /// Another size at which a new file is begun.
    #[cfg(test)]
    pub(crate) fn rotate_at(mut self, bytes: u64) -> Self {
        self.rotate_at = bytes;
        self
    }

    /// Writes a record. Secrets in the facts are redacted first.
    ///
    /// An error means that the record is not in the log, or (for [`Durable::Now`]) not on the disk.
    pub(crate) fn append(
        &mut self,
        kind: &str,
        facts: Map<String, Value>,
        durable: Durable,
    ) -> Result<Head, AuditError> {
        self.stay_closed()?;
        let mut facts = facts;
        facts
            .iter_mut()
            .for_each(|(name, value)| redact_value(name, value));
        if kind == "session_start" {
            self.name_writer(&mut facts);
        }
        let appended = self.lock().and_then(|()| self.append_locked(kind, facts));
        self.unlock();
        if let Err(error @ (AuditError::Changed { .. } | AuditError::Sync { .. })) = &appended {
            self.closed = Some(error.to_string());
        }
        let head = appended?;
        let now = Instant::now();
        self.unsynced_since.get_or_insert(now);
        match durable {
            Durable::Now => self.sync()?,
            // A driver that is late must not make it later still.
            Durable::Soon => self.sync_if_due(now)?,
        }
        Ok(head)
    }

    /// When [`AuditLog::sync_if_due`] must be called at the latest. `None`: all is on the disk.
    pub(crate) fn sync_due(&self) -> Option<Instant> {
        self.unsynced_since?.checked_add(SYNC_WITHIN)
    }

    /// Brings what was written to the disk if it is time.
    pub(crate) fn sync_if_due(&mut self, now: Instant) -> Result<(), AuditError> {
        match self.sync_due() {
            Some(due) if due <= now => self.sync(),
            Some(_) | None => Ok(()),
        }
    }

    /// Brings what was written to the disk.
    pub(crate) fn sync(&mut self) -> Result<(), AuditError> {
        self.stay_closed()?;
        match self.file.sync_data() {
            Ok(()) => {
                self.unsynced_since = None;
                Ok(())
            }
            Err(source) => {
                let error = AuditError::Sync {
                    path: self.path.clone(),
                    source,
                };
                self.closed = Some(error.to_string());
                Err(error)
            }
        }
    }

    fn stay_closed(&self) -> Result<(), AuditError> {
        match &self.closed {
            None => Ok(()),
            Some(why) => Err(AuditError::Closed {
                path: self.path.clone(),
                why: why.clone(),
            }),
        }
    }

    fn append_locked(&mut self, kind: &str, facts: Map<String, Value>) -> Result<Head, AuditError> {
        let torn = self.catch_up()?;
        if !torn.is_empty() {
            self.recover(&torn)?;
        }
        if self.end >= self.rotate_at {
            self.rotate()?;
        }
        self.write_record(kind, facts)
    }

    /// Adds one record at the file's end with one write, which counts only if all of it was written.
    fn write_record(&mut self, kind: &str, facts: Map<String, Value>) -> Result<Head, AuditError> {
        let (line, head) = self.sealed(kind, facts)?;
        self.end = self.write_whole(self.end, &line)?;
        self.head = head.clone();
        Ok(head)
    }

    fn sealed(&self, kind: &str, facts: Map<String, Value>) -> Result<(Vec<u8>, Head), AuditError> {
        let time = now();
        let entry = Entry {
            time: &time,
            session: &self.writer.session,
            kind,
            facts,
        };
        let (line, head) = seal(&self.head, entry).map_err(AuditError::Record)?;
        if line.len() > RECORD_MAX {
            return Err(AuditError::TooLarge { bytes: line.len() });
        }
        Ok((line, head))
    }

    /// Writes at the end of a file of `size` bytes, all or nothing, and returns its new size.
    fn write_whole(&mut self, size: u64, bytes: &[u8]) -> Result<u64, AuditError> {
        let written = loop {
            match self.file.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let source = match written {
            Ok(count) if count == bytes.len() => return Ok(size.saturating_add(length(bytes))),
            // What was written is half a record: the disk is full.
            Ok(_) => io::Error::from(io::ErrorKind::StorageFull),
            Err(error) => error,
        };
        // If this fails too, the half record is a torn line that the next append ends.
        let _ = self.file.set_len(size);
        Err(AuditError::Write {
            path: self.path.clone(),
            source,
        })
    }

    /// Takes the lock of the file that the log's name stands for, following rotations.
    fn lock(&mut self) -> Result<(), AuditError> {
        self.lock_file()?;
        while !self.is_current()? {
            // Others rotated it. Nobody writes the old file any more: its end is final.
            if !self.catch_up()?.is_empty() {
                return Err(
                    self.changed("a file that was rotated does not end with a whole record")
                );
            }
            let file = self.next_file()?;
            self.identity = identity_of(&self.path, &file)?;
            // Closing the old file ends the lock on it.
            self.file = file;
            self.end = 0;
            self.lock_file()?;
        }
        Ok(())
    }

    fn lock_file(&self) -> Result<(), AuditError> {
        let begun = Instant::now();
        let mut pause = Duration::from_micros(20);
        loop {
            match self.file.try_lock() {
                Ok(()) => return Ok(()),
                Err(TryLockError::WouldBlock) if begun.elapsed() < self.lock_wait => {
                    std::thread::sleep(pause);
                    pause = pause.saturating_mul(2).min(Duration::from_millis(2));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(AuditError::Busy {
                        path: self.path.clone(),
                    });
                }
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(TryLockError::Error(source)) => {
                    return Err(AuditError::Open {
                        path: self.path.clone(),
                        source,
                    });
                }
            }
        }
    }

    fn unlock(&self) {
        // Cannot fail on an open file; if it did, closing the file would end the lock.
        let _ = self.file.unlock();
    }

    /// Whether the log's name still stands for the open file.
    fn is_current(&self) -> Result<bool, AuditError> {
        match fs::symlink_metadata(&self.path) {
            Ok(found) => Ok((found.dev(), found.ino()) == self.identity),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(self.changed("it was removed"))
            }
            Err(source) => Err(AuditError::Read {
                path: self.path.clone(),
                source,
            }),
        }
    }

    /// The file that followed the open one, which was rotated away.
    fn next_file(&self) -> Result<File, AuditError> {
        loop {
            let archives = self.archives()?;
            let mut later = archives
                .iter()
                .skip_while(|archive| !self.is_open_file(archive));
            if later.next().is_none() {
                return Err(self.changed("another file stands in its place"));
            }
            if let Some(archive) = later.next() {
                return open_file(archive, false);
            }
            let file = open_file(&self.path, false)?;
            // Had it been rotated again just before it was opened, a file would have been passed over.
            if self.archives()?.len() == archives.len() {
                return Ok(file);
            }
        }
    }

    fn archives(&self) -> Result<Vec<PathBuf>, AuditError> {
        archives(&self.path).map_err(|source| AuditError::Read {
            path: self.path.clone(),
            source,
        })
    }

    fn is_open_file(&self, path: &Path) -> bool {
        fs::symlink_metadata(path).is_ok_and(|found| (found.dev(), found.ino()) == self.identity)
    }

    /// Finds the end of the chain in a file that this session did not write.
    fn read_end(&mut self) -> Result<(), AuditError> {
        let size = self.size()?;
        if size == 0 {
            // Rotation never leaves an empty file: the records since were removed.
            if !self.archives()?.is_empty() {
                return Err(self.changed("it is empty, though earlier files of it exist"));
            }
            // Without this a power cut could take the new file away, with records that were synced.
            return self.sync_folder();
        }
        // Two records and a torn one at most: the last whole record lies within.
        let reach = u64::try_from(RECORD_MAX.saturating_mul(2)).unwrap_or(u64::MAX);
        let start = size.saturating_sub(reach);
        // Records are mostly short: try a short reach first.
        for start in [size.saturating_sub(8 << 10), start] {
            let bytes = self.read_range(start, size)?;
            let Some(last_newline) = bytes.iter().rposition(|byte| *byte == b'\n') else {
                if start == 0 {
                    // Nothing but a torn first line.
                    return Ok(());
                }
                continue;
            };
            let whole = bytes.get(..last_newline).unwrap_or_default();
            let line = match whole.iter().rposition(|byte| *byte == b'\n') {
                Some(newline) => whole.get(newline.saturating_add(1)..).unwrap_or_default(),
                None if start == 0 => whole,
                None => continue,
            };
            let record =
                read_record(line).map_err(|error| self.not_a_record("the last record", &error))?;
            self.head = record.head();
            self.end = start.saturating_add(length(whole)).saturating_add(1);
            return Ok(());
        }
        Err(self.changed("its last line is longer than any record"))
    }

    /// Reads what others wrote since, and returns the line without an end, if there is one.
    fn catch_up(&mut self) -> Result<Vec<u8>, AuditError> {
        let size = self.size()?;
        if size < self.end {
            return Err(self.changed("it was cut short"));
        }
        self.last_record_stands()?;
        let mut line = Vec::new();
        let mut at = self.end;
        while at < size {
            let bytes = self.read_range(at, size.min(at.saturating_add(256 << 10)))?;
            if bytes.is_empty() {
                return Err(self.changed("it was cut short while it was read"));
            }
            at = at.saturating_add(length(&bytes));
            for part in bytes.split_inclusive(|byte| *byte == b'\n') {
                line.extend_from_slice(part);
                if line.len() > RECORD_MAX {
                    return Err(self.changed("a line is longer than any record"));
                }
                if let Some(text) = line.strip_suffix(b"\n") {
                    self.follow(text)?;
                    line.clear();
                }
            }
        }
        Ok(line)
    }

    /// Takes a whole record that another session wrote as the new head.
    fn follow(&mut self, text: &[u8]) -> Result<(), AuditError> {
        let seq = self.head.seq.saturating_add(1);
        let record = read_record(text)
            .map_err(|error| self.not_a_record(&format!("record {seq}"), &error))?;
        if !record.follows(&self.head) {
            return Err(self.changed(&format!(
                "where record {seq} should be there is one numbered {} that does not continue the chain",
                record.seq
            )));
        }
        self.head = record.head();
        self.end = self.end.saturating_add(length(text)).saturating_add(1);
        Ok(())
    }

    /// Whether the last record this session knows of is still where it was.
    fn last_record_stands(&self) -> Result<(), AuditError> {
        if self.end == 0 {
            return Ok(());
        }
        let record_end = format!("\"hash\":\"{}\"}}\n", self.head.hash);
        let start = self.end.saturating_sub(length(record_end.as_bytes()));
        if self.read_range(start, self.end)? == record_end.as_bytes() {
            Ok(())
        } else {
            Err(self.changed(&format!("record {} is another one now", self.head.seq)))
        }
    }

    /// Ends a torn line and says so.
    fn recover(&mut self, torn: &[u8]) -> Result<(), AuditError> {
        let mut facts = Map::new();
        self.name_writer(&mut facts);
        let size = self.size()?;
        if read_record(torn).is_ok_and(|record| record.follows(&self.head)) {
            // The record is whole, only its newline was lost.
            facts.insert("torn_bytes".to_owned(), json!(0));
            self.write_whole(size, b"\n")?;
            self.follow(torn)?;
            self.write_record("recovered", facts)?;
        } else {
            // The digest lets `verify` tell a torn line from one that was changed later.
            facts.insert("torn_bytes".to_owned(), json!(torn.len()));
            facts.insert("torn_sha256".to_owned(), json!(hex_sha256(torn)));
            let (line, head) = self.sealed("recovered", facts)?;
            self.end = self.write_whole(size, &[b"\n", line.as_slice()].concat())?;
            self.head = head;
        }
        Ok(())
    }

    /// Begins a new file, whose first record continues the chain. The old one keeps its records under
    /// another name for good.
    ///
    /// Where no new file can be made (a sealed log's folder is not the user's), the old one goes on.
    fn rotate(&mut self) -> Result<(), AuditError> {
        match self.begin_file() {
            Ok((file, head, length)) => {
                self.identity = identity_of(&self.path, &file)?;
                self.file = file;
                self.head = head;
                self.end = length;
                self.unsynced_since = None;
                self.sync_folder()
            }
            Err(_) => {
                self.rotate_at = self.end.saturating_add((self.rotate_at / 16).max(1));
                Ok(())
            }
        }
    }

    fn begin_file(&mut self) -> Result<(File, Head, u64), AuditError> {
        let write_error = |source| AuditError::Write {
            path: self.path.clone(),
            source,
        };
        let archives = self.archives()?;
        // A rotation that was cut off between its two last steps left the name of the archive behind.
        let begun = archives.last().filter(|last| self.is_open_file(last));
        let archive = match begun {
            Some(archive) => archive.clone(),
            None => next_archive(&self.path, archives.last()),
        };
        let staged = with_suffix(&self.path, "new");
        match fs::remove_file(&staged) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(write_error(error));
            }
            Ok(()) | Err(_) => {}
        }
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(&staged)
            .map_err(write_error)?;
        // Locked before anybody can find it, so that nobody writes before this session does.
        file.try_lock().map_err(|error| write_error(error.into()))?;
        let mut facts = Map::new();
        facts.insert(
            "previous".to_owned(),
            json!(archive.file_name().map(|name| name.display().to_string())),
        );
        self.name_writer(&mut facts);
        let (line, head) = self.sealed("rotated", facts)?;
        let begun_already = begun.is_some();
        let made = file
            .write_all(&line)
            .and_then(|()| file.sync_data())
            .and_then(|()| self.file.sync_data())
            // The log's name stands for one of the two files at any moment.
            .and_then(|()| match begun_already {
                true => Ok(()),
                false => fs::hard_link(&self.path, &archive),
            })
            .and_then(|()| fs::rename(&staged, &self.path));
        made.map_err(|source| {
            let _ = fs::remove_file(&staged);
            write_error(source)
        })?;
        Ok((file, head, length(&line)))
    }

    fn sync_folder(&self) -> Result<(), AuditError> {
        File::open(folder_of(&self.path))
            .and_then(|folder| folder.sync_all())
            .map_err(|source| AuditError::Sync {
                path: self.path.clone(),
                source,
            })
    }

    fn name_writer(&self, facts: &mut Map<String, Value>) {
        for (name, value) in [
            ("host", json!(self.writer.host)),
            ("user", json!(self.writer.user)),
            ("uid", json!(self.writer.uid)),
        ] {
            facts.insert(name.to_owned(), value);
        }
    }

    fn size(&self) -> Result<u64, AuditError> {
        match self.file.metadata() {
            Ok(found) => Ok(found.len()),
            Err(source) => Err(AuditError::Read {
                path: self.path.clone(),
                source,
            }),
        }
    }

    fn read_range(&self, start: u64, end: u64) -> Result<Vec<u8>, AuditError> {
        read_range(&self.file, start, end).map_err(|source| AuditError::Read {
            path: self.path.clone(),
            source,
        })
    }

    fn changed(&self, what: &str) -> AuditError {
        AuditError::Changed {
            path: self.path.clone(),
            what: what.to_owned(),
        }
    }

    fn not_a_record(&self, which: &str, error: &RecordError) -> AuditError {
        self.changed(&format!("{which} cannot stand, {error}"))
    }
}

impl Drop for AuditLog {
    /// Within a second also where the session ends sooner.
    fn drop(&mut self) {
        if self.unsynced_since.is_some() {
            let _ = self.sync();
        }
    }
}

/// Reads up to `end`, or to the end of the file if that comes first.
pub(super) fn read_range(file: &File, start: u64, end: u64) -> io::Result<Vec<u8>> {
    let length = usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX);
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        let at = start.saturating_add(u64::try_from(filled).unwrap_or(u64::MAX));
        match file.read_at(rest, at) {
            Ok(0) => break,
            Ok(count) => filled = filled.saturating_add(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// `FILE.suffix`.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

fn open_file(path: &Path, create: bool) -> Result<File, AuditError> {
    let failed = |source: io::Error| AuditError::Open {
        path: path.to_owned(),
        source,
    };
    let unfit = |what: String| AuditError::Unfit {
        path: path.to_owned(),
        what,
    };
    // A pipe or a terminal in its place must not block the guard or become its terminal.
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(create)
        .mode(0o600)
        .custom_flags(flags.bits())
        .open(path)
        .map_err(|source| match source.raw_os_error().map(Errno::from_raw) {
            Some(Errno::ELOOP) => unfit("it is a symbolic link".to_owned()),
            Some(_) | None => failed(source),
        })?;
    let found = file.metadata().map_err(failed)?;
    let me = nix::unistd::geteuid().as_raw();
    let owner = found.uid();
    let mode = found.mode() & 0o7777;
    if !found.is_file() {
        Err(unfit("it is not a file".to_owned()))
    } else if owner != 0 && owner != me {
        Err(unfit(format!("it belongs to user {owner}")))
    // A sealed log is root's, and its group is guardsh's own.
    } else if mode & 0o002 != 0 || (owner != 0 && mode & 0o020 != 0) {
        Err(unfit(format!("its mode {mode:04o} lets others write it")))
    } else {
        Ok(file)
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn identity_of(path: &Path, file: &File) -> Result<(u64, u64), AuditError> {
    match file.metadata() {
        Ok(found) => Ok((found.dev(), found.ino())),
        Err(source) => Err(AuditError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

/// The wall clock, RFC 3339, UTC, milliseconds.
fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

#[cfg(test)]
mod tests {
    use super::super::read::{Finding, verify};
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    fn writer(session: &str) -> Writer {
        Writer {
            session: session.to_owned(),
            host: "h".to_owned(),
            user: "u".to_owned(),
            uid: 7,
        }
    }

    fn open(path: &Path) -> AuditLog {
        AuditLog::open(path, writer("s")).unwrap()
    }

    fn facts(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn add(log: &mut AuditLog, line: &str) -> Head {
        log.append("submission", facts(json!({"line": line})), Durable::Soon)
            .unwrap()
    }

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/guardsh/audit.jsonl");
        (folder, path)
    }

    /// Puts other bytes in place of the file's own, in the same file.
    fn edit(path: &Path, change: impl FnOnce(Vec<u8>) -> Vec<u8>) {
        let bytes = change(fs::read(path).unwrap());
        fs::write(path, bytes).unwrap();
    }

    fn whole(path: &Path) -> u64 {
        let report = verify(path).unwrap();
        assert_eq!(report.finding, Finding::Whole);
        report.records
    }

    #[test]
    fn records_are_in_the_file_when_append_returns() {
        let (_folder, path) = folder();
        let mut log = open(&path);
        log.append(
            "session_start",
            facts(json!({"shell": "/bin/bash"})),
            Durable::Now,
        )
        .unwrap();
        let head = add(&mut log, "ls");
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text
            .lines()
            .map(|line| read_record(line.as_bytes()).unwrap())
            .collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(
            lines[0].facts,
            facts(json!({"shell": "/bin/bash", "host": "h", "user": "u", "uid": 7}))
        );
        assert_eq!(
            (lines[1].kind.as_str(), lines[1].session.as_str()),
            ("submission", "s")
        );
        assert_eq!(lines[1].head(), head);
        assert!(
            lines[1].time.ends_with('Z') && lines[1].time.len() == 24,
            "{}",
            lines[1].time
        );
        assert_eq!(whole(&path), 2);
    }

    #[test]
    fn the_log_is_for_its_owner_alone() {
        let (_folder, path) = folder();
        drop(open(&path));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o602)).unwrap();
        let error = AuditLog::open(&path, writer("s")).unwrap_err();
        assert!(error.to_string().contains("mode 0602"), "{error}");
    }

    #[test]
    fn what_is_not_a_file_of_ours_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let target = folder.path().join("target");
        fs::write(&target, "").unwrap();
        symlink(&target, &path).unwrap();
        let error = AuditLog::open(&path, writer("s")).unwrap_err();
        assert!(
            error.to_string().ends_with("it is a symbolic link"),
            "{error}"
        );
        for other in ["/dev/null", "/"] {
            assert!(
                AuditLog::open(Path::new(other), writer("s")).is_err(),
                "{other}"
            );
        }
    }

    #[test]
    fn sessions_that_share_a_log_write_one_chain() {
        let (_folder, path) = folder();
        let threads: Vec<_> = (0..4)
            .map(|number| {
                let path = path.clone();
                std::thread::spawn(move || {
                    let mut log = AuditLog::open(&path, writer(&format!("s{number}"))).unwrap();
                    for line in 0..250 {
                        add(&mut log, &format!("echo {line}"));
                    }
                })
            })
            .collect();
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        assert_eq!(whole(&path), 1_000);
    }

    #[test]
    fn a_torn_line_is_ended_and_told_apart_from_a_broken_one() {
        let (_folder, path) = folder();
        let mut log = open(&path);
        add(&mut log, "one");
        add(&mut log, "two");
        drop(log);
        // The last record lost its second half.
        edit(&path, |bytes| bytes[..bytes.len() - 100].to_vec());
        let report = verify(&path).unwrap();
        assert_eq!(
            (report.finding, report.records, report.torn.len()),
            (Finding::Whole, 1, 1)
        );

        let mut log = open(&path);
        let head = add(&mut log, "three");
        assert_eq!(head.seq, 3);
        let report = verify(&path).unwrap();
        assert_eq!((report.finding, report.records), (Finding::Whole, 3));
        assert_eq!(
            report
                .torn
                .iter()
                .map(|place| place.line)
                .collect::<Vec<_>>(),
            [2]
        );

        // The same line changed afterwards is no torn line any more.
        edit(&path, |bytes| {
            String::from_utf8(bytes)
                .unwrap()
                .replace("two", "2wo")
                .into_bytes()
        });
        let Finding::Broken { place, seq, .. } = verify(&path).unwrap().finding else {
            panic!("broken");
        };
        assert_eq!((place.line, seq), (2, 2));
    }

    #[test]
    fn a_line_torn_by_another_session_is_ended_by_this_one() {
        let (_folder, path) = folder();
        let mut log = open(&path);
        add(&mut log, "one");
        edit(&path, |bytes| [bytes, b"{\"kind\":\"sub".to_vec()].concat());
        add(&mut log, "two");
        let report = verify(&path).unwrap();
        assert_eq!(
            (report.finding, report.records, report.torn.len()),
            (Finding::Whole, 3, 1)
        );
    }

    #[test]
    fn a_record_that_only_lost_its_newline_counts() {
        let (_folder, path) = folder();
        let mut log = open(&path);
        add(&mut log, "one");
        add(&mut log, "two");
        drop(log);
        edit(&path, |bytes| bytes[..bytes.len() - 1].to_vec());
        assert_eq!(whole(&path), 2);
        let mut log = open(&path);
        assert_eq!(add(&mut log, "three").seq, 4);
        assert_eq!(whole(&path), 4);
    }

    #[test]
    fn a_torn_first_line_begins_the_chain_after_it() {
        let (_folder, path) = folder();
        drop(open(&path));
        edit(&path, |_| vec![0; 5_000]);
        let mut log = open(&path);
        assert_eq!(add(&mut log, "one").seq, 2);
        let report = verify(&path).unwrap();
        assert_eq!(
            (report.finding, report.records, report.torn.len()),
            (Finding::Whole, 2, 1)
        );
    }

    #[test]
    fn a_log_that_is_changed_under_a_session_closes_for_it() {
        type Change = fn(Vec<u8>) -> Vec<u8>;
        let changes: [(&str, Change); 5] = [
            ("cut short", |bytes| bytes[..bytes.len() / 2].to_vec()),
            ("emptied", |_| Vec::new()),
            ("its last record edited", |bytes| {
                let at = bytes.len() - 20;
                [&bytes[..at], b"0000", &bytes[at + 4..]].concat()
            }),
            ("a line of somebody else's added", |bytes| {
                [bytes, b"{}\n".to_vec()].concat()
            }),
            ("its last record repeated", |bytes| {
                let text = String::from_utf8(bytes).unwrap();
                let last = text.lines().last().unwrap();
                format!("{text}{last}\n").into_bytes()
            }),
        ];
        for (name, change) in changes {
            let (_folder, path) = folder();
            let mut log = open(&path);
            add(&mut log, "one");
            add(&mut log, "two");
            edit(&path, change);
            let before = fs::read(&path).unwrap();
            let append = |log: &mut AuditLog| log.append("x", Map::new(), Durable::Soon);
            let error = append(&mut log).unwrap_err();
            assert!(
                matches!(error, AuditError::Changed { .. }),
                "{name}: {error}"
            );
            let error = append(&mut log).unwrap_err();
            assert!(
                matches!(error, AuditError::Closed { .. }),
                "{name}: {error}"
            );
            assert_eq!(fs::read(&path).unwrap(), before, "{name}");
        }
    }

    #[test]
    fn a_log_that_is_removed_or_replaced_closes_for_its_sessions() {
        let (_folder, path) = folder();
        let mut log = open(&path);
        add(&mut log, "one");
        let aside = path.with_extension("aside");
        fs::rename(&path, &aside).unwrap();
        let error = log.append("x", Map::new(), Durable::Soon).unwrap_err();
        assert!(error.to_string().contains("it was removed"), "{error}");

        let mut log = open(&aside);
        fs::copy(&aside, &path).unwrap();
        fs::rename(&path, &aside).unwrap();
        let error = log.append("x", Map::new(), Durable::Soon).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("another file stands in its place"),
            "{error}"
        );
    }

    #[test]
    fn a_log_whose_last_record_is_broken_is_not_opened() {
        let (_folder, path) = folder();
        let mut log = open(&path);
        add(&mut log, "one");
        drop(log);
        edit(&path, |bytes| {
            String::from_utf8(bytes)
                .unwrap()
                .replace("one", "two")
                .into_bytes()
        });
        let error = AuditLog::open(&path, writer("s")).unwrap_err();
        assert!(matches!(error, AuditError::Changed { .. }), "{error}");
    }

    #[test]
    fn rotation_keeps_the_chain_for_every_session() {
        let (_folder, path) = folder();
        let mut logs: Vec<_> = (0..3).map(|_| open(&path).rotate_at(4_000)).collect();
        for round in 0..60 {
            // The third session sleeps through several rotations at a time.
            let awake = if round % 29 == 0 { 3 } else { 2 };
            for log in &mut logs[..awake] {
                add(log, &format!("echo {round}"));
            }
        }
        let report = verify(&path).unwrap();
        assert_eq!(report.finding, Finding::Whole);
        assert!(report.files.len() > 4, "{:?}", report.files);
        let rotations = u64::try_from(report.files.len()).unwrap() - 1;
        assert_eq!(report.records, 60 * 2 + 3 + rotations);

        // Older files may lie elsewhere; a gap is a gap.
        fs::remove_file(&report.files[0]).unwrap();
        let late = verify(&path).unwrap();
        assert_eq!(late.finding, Finding::Whole);
        assert!(late.first > 1);
        fs::remove_file(&report.files[2]).unwrap();
        let Finding::Broken { place, why, .. } = verify(&path).unwrap().finding else {
            panic!("broken");
        };
        assert_eq!((&place.file, place.line), (&report.files[3], 1));
        assert!(why.contains("are missing before it"), "{why}");
    }

    #[test]
    fn a_rotation_cut_off_before_its_last_step_is_finished_by_the_next() {
        let (_folder, path) = folder();
        let mut log = open(&path).rotate_at(500);
        add(&mut log, &"x".repeat(600));
        fs::hard_link(&path, with_suffix(&path, "1")).unwrap();
        fs::write(with_suffix(&path, "new"), "half").unwrap();
        assert_eq!(whole(&path), 1);
        add(&mut log, "two");
        let report = verify(&path).unwrap();
        assert_eq!(
            (report.finding, report.records, report.files.len()),
            (Finding::Whole, 3, 2)
        );
    }

    #[test]
    fn a_log_that_cannot_be_rotated_goes_on() {
        let (_folder, path) = folder();
        let mut log = open(&path).rotate_at(500);
        // Nothing but a file can be removed here, so the staged file cannot be made.
        fs::create_dir(with_suffix(&path, "new")).unwrap();
        for _ in 0..10 {
            add(&mut log, &"x".repeat(200));
        }
        assert_eq!(whole(&path), 10);
    }

    #[test]
    fn an_emptied_log_with_older_files_is_not_begun_anew() {
        let (_folder, path) = folder();
        let mut log = open(&path).rotate_at(500);
        add(&mut log, &"x".repeat(600));
        add(&mut log, "two");
        drop(log);
        fs::remove_file(&path).unwrap();
        assert!(matches!(
            AuditLog::open(&path, writer("s")).unwrap_err(),
            AuditError::Changed { .. }
        ));
    }

    #[test]
    fn a_lock_that_is_never_given_back_is_an_error() {
        let (_folder, path) = folder();
        let mut log = open(&path);
        log.lock_wait = Duration::from_millis(30);
        let other = File::open(&path).unwrap();
        other.lock().unwrap();
        let error = log.append("x", Map::new(), Durable::Soon).unwrap_err();
        assert!(matches!(error, AuditError::Busy { .. }), "{error}");
        // It is no reason to stay closed.
        other.unlock().unwrap();
        add(&mut log, "one");
    }

    #[test]
    fn a_record_too_large_is_refused_and_nothing_of_it_written() {
        let (_folder, path) = folder();
        let mut log = open(&path);
        let large = facts(json!({"line": " ".repeat(RECORD_MAX)}));
        let error = log.append("x", large, Durable::Soon).unwrap_err();
        assert!(matches!(error, AuditError::TooLarge { .. }), "{error}");
        assert_eq!(fs::metadata(&path).unwrap().len(), 0);
        add(&mut log, "one");
    }

    #[test]
    fn a_record_that_was_not_urgent_is_due_within_a_second() {
        let (_folder, path) = folder();
        let mut log = open(&path);
        assert_eq!(log.sync_due(), None);
        let before = Instant::now();
        add(&mut log, "one");
        let due = log.sync_due().unwrap();
        assert!(due >= before + SYNC_WITHIN && due <= Instant::now() + SYNC_WITHIN);
        log.sync_if_due(before).unwrap();
        assert_eq!(log.sync_due(), Some(due));
        log.sync_if_due(due).unwrap();
        assert_eq!(log.sync_due(), None);
        log.append("x", Map::new(), Durable::Now).unwrap();
        assert_eq!(log.sync_due(), None);
    }

    // ---- other processes: this test program plays their part

    #[test]
    #[ignore = "the part of another process, started by the tests that need one"]
    fn plays_a_part() {
        let (Ok(part), Ok(path)) = (std::env::var("PART"), std::env::var("LOG")) else {
            return;
        };
        let path = Path::new(&path);
        let small = if part.contains("rotates") {
            5_000
        } else {
            ROTATE_AT
        };
        let mut log = match AuditLog::open(path, writer(&part)) {
            Ok(log) => log.rotate_at(small),
            Err(error) => {
                println!("not opened: {error:?}");
                return;
            }
        };
        match part.as_str() {
            "appends 1,000" | "appends 1,000 and rotates" => (0..1_000).for_each(|line| {
                add(&mut log, &format!("echo {line}"));
            }),
            "appends until killed" => loop {
                add(&mut log, &"x".repeat(3_000));
            },
            "fills the disk" => {
                let mut written = 0;
                let error = loop {
                    let more = facts(json!({"line": "x".repeat(1_000)}));
                    match log.append("submission", more, Durable::Soon) {
                        Ok(_) => written += 1,
                        Err(error) => break error,
                    }
                };
                assert!(matches!(error, AuditError::Write { .. }), "{error:?}");
                let report = verify(path).unwrap();
                assert_eq!(
                    (report.finding, report.records, report.torn),
                    (Finding::Whole, written, vec![])
                );
                // It goes on once there is room.
                if fs::remove_file(path.with_file_name("ballast")).is_ok() {
                    add(&mut log, "there is room again");
                    assert_eq!(whole(path), written + 1);
                    println!("went on");
                }
                println!("refused after {written}");
            }
            _ => panic!("no such part: {part}"),
        }
    }

    /// A command that plays a part in this program; `shell` prepares for it and ends with `"$@"`.
    fn part(shell: &str, part: &str, path: &Path) -> std::process::Command {
        let mut command = std::process::Command::new("sh");
        command
            .args(["-c", shell, "sh"])
            .arg(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "audit::log::tests::plays_a_part",
                "--ignored",
                "--nocapture",
            ])
            .env("PART", part)
            .env("LOG", path);
        command
    }

    /// `unshare` as far as it is needed for mounts that nobody else sees, or why it cannot be had.
    fn own_mounts() -> Result<&'static str, String> {
        for prefix in ["unshare --mount", "unshare --map-root-user --mount"] {
            let words = format!("{prefix} mount -t tmpfs none /tmp");
            let tried = std::process::Command::new("sh")
                .args(["-c", &words])
                .output();
            if tried.is_ok_and(|output| output.status.success()) {
                return Ok(prefix);
            }
        }
        Err("skipped: no mount namespace can be had here".to_owned())
    }

    #[test]
    fn two_processes_write_one_chain() {
        let (_folder, path) = folder();
        let mut children =
            ["exec \"$@\""; 2].map(|shell| part(shell, "appends 1,000", &path).spawn().unwrap());
        for child in &mut children {
            assert!(child.wait().unwrap().success());
        }
        assert_eq!(whole(&path), 2_000);
    }

    #[test]
    fn processes_that_rotate_at_the_same_time_keep_the_chain() {
        let (_folder, path) = folder();
        let start = || {
            part("exec \"$@\"", "appends 1,000 and rotates", &path)
                .spawn()
                .unwrap()
        };
        for mut child in [start(), start(), start()] {
            assert!(child.wait().unwrap().success());
        }
        let report = verify(&path).unwrap();
        let rotations = u64::try_from(report.files.len()).unwrap() - 1;
        assert_eq!(
            (report.finding, report.records),
            (Finding::Whole, 3_000 + rotations)
        );
        assert!(rotations > 50, "{rotations}");
    }

    #[test]
    fn a_writer_killed_at_any_moment_leaves_a_chain_that_goes_on() {
        let (_folder, path) = folder();
        for round in 1..=5_u64 {
            let mut child = part("exec \"$@\"", "appends until killed", &path)
                .spawn()
                .unwrap();
            let size = || fs::metadata(&path).map_or(0, |found| found.len());
            let begun = Instant::now();
            let goal = size() + 50_000 * round;
            while size() < goal && begun.elapsed() < Duration::from_secs(60) {
                std::thread::yield_now();
            }
            child.kill().unwrap();
            child.wait().unwrap();
            assert!(size() >= goal);
            let before = verify(&path).unwrap();
            assert_eq!(before.finding, Finding::Whole);
            let head = add(&mut open(&path), "after the kill");
            assert!(head.seq > before.head.seq);
            assert_eq!(verify(&path).unwrap().finding, Finding::Whole);
        }
    }

    #[test]
    fn a_record_that_only_half_fits_is_taken_back() {
        let (_folder, path) = folder();
        // A limit on the size of files cuts a write short just as a full disk does.
        let shell = "trap '' XFSZ; ulimit -f 40; exec \"$@\"";
        let output = part(shell, "fills the disk", &path).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success() && text.contains("refused after "),
            "{text}"
        );
        assert!(whole(&path) > 5);
    }

    #[test]
    fn a_full_disk_is_an_error_until_there_is_room() {
        let mounts = match own_mounts() {
            Ok(mounts) => mounts,
            Err(why) => return println!("{why}"),
        };
        let folder = tempfile::tempdir().unwrap();
        let shell = format!(
            "exec {mounts} sh -c 'cd \"$DISK\" && mount -t tmpfs -o size=200k none . && cd \"$DISK\" && \
             dd if=/dev/zero of=ballast bs=1k count=100 2>/dev/null; exec \"$@\"' sh \"$@\""
        );
        let output = part(&shell, "fills the disk", &folder.path().join("audit.jsonl"))
            .env("DISK", folder.path())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success() && text.contains("refused after "),
            "{text}"
        );
    }

    #[test]
    fn a_log_that_cannot_be_written_is_not_opened() {
        let mounts = match own_mounts() {
            Ok(mounts) => mounts,
            Err(why) => return println!("{why}"),
        };
        let folder = tempfile::tempdir().unwrap();
        let shell = format!(
            "exec {mounts} sh -c 'mount -t tmpfs -o ro none \"$DISK\"; exec \"$@\"' sh \"$@\""
        );
        for name in ["audit.jsonl", "state/audit.jsonl"] {
            let output = part(&shell, "appends 1,000", &folder.path().join(name))
                .env("DISK", folder.path())
                .output()
                .unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(
                text.contains("not opened: ") && text.contains("ReadOnlyFilesystem"),
                "{text}"
            );
        }
    }
}
