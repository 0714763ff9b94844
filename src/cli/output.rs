//! Words to standard output and standard error. A reader that goes away is not an error of ours.

use std::io::{self, Write};

/// Writes to standard output; a closed pipe ends quietly.
pub(crate) fn print(text: &str) -> io::Result<()> {
    quiet(io::stdout().lock().write_all(text.as_bytes()))
}

fn quiet(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
