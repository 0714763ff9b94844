//! dash as judge: it reads a text with `-n` and says whether it could.

use std::io::Write;
use std::process::{Command, Stdio};

const BATCH: usize = 128;

/// Behind each text: what fails to read if the text left a quote, a backquote or a word open.
const FENCE: &[u8] = b"\n: ')(' \")(\" `: ')(' ; :`\n";

/// Whether dash takes each text for whole commands.
pub(crate) fn accepted(texts: &[Vec<u8>]) -> Vec<bool> {
    let mut answers = Vec::with_capacity(texts.len());
    for batch in texts.chunks(BATCH) {
        if batch.len() > 1 && ends_where_it_should(&batch.concat_with_fences()) {
            answers.extend(batch.iter().map(|_| true));
        } else {
            answers.extend(batch.iter().map(|text| {
                let one = std::slice::from_ref(text);
                ends_where_it_should(&one.concat_with_fences())
            }));
        }
    }
    answers
}

/// Whether dash finds nothing wrong with the text as all there is.
pub(crate) fn accepted_as_all(text: &[u8]) -> bool {
    said(text.to_vec()).is_empty()
}

trait Fenced {
    fn concat_with_fences(&self) -> Vec<u8>;
}

impl Fenced for [Vec<u8>] {
    fn concat_with_fences(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for text in self {
            all.extend_from_slice(text);
            all.extend_from_slice(FENCE);
        }
        all
    }
}

/// A parenthesis behind the text is the first thing that dash complains about: nothing was left open.
fn ends_where_it_should(text: &[u8]) -> bool {
    let mut all = text.to_vec();
    all.extend_from_slice(b")\n");
    let line = all.iter().filter(|byte| **byte == b'\n').count();
    said(all).trim_end() == format!("/bin/dash: {line}: Syntax error: \")\" unexpected")
}

fn said(all: Vec<u8>) -> String {
    let mut child = Command::new("/bin/dash")
        .args(["-n", "-s"])
        .env_clear()
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        // dash leaves at the first error, perhaps before it has read all.
        let _ = input.write_all(&all);
    });
    let out = child.wait_with_output().unwrap();
    writer.join().unwrap();
    String::from_utf8_lossy(&out.stderr).into_owned()
}
