//! Telling the caller that a line did not run, and why.

use crate::feedback::{self, Inks, Refusal};
use guardsh_policy::{FeedbackConfig, FeedbackFormat};
use std::io::Write;

/// How refusals are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Teller {
    format: FeedbackFormat,
    inks: Inks,
}

impl Teller {
    /// By the configuration; where that says nothing, by `GUARDSH_FEEDBACK`.
    pub(crate) fn new(config: FeedbackConfig) -> Self {
        let asked = std::env::var_os("GUARDSH_FEEDBACK").is_some_and(|format| format == "json");
        let format = config.format.unwrap_or(if asked {
            FeedbackFormat::Json
        } else {
            FeedbackFormat::Text
        });
        Self {
            format,
            inks: Inks::of(&std::io::stderr()),
        }
    }

    /// The words, whole lines.
    pub(crate) fn words(self, refusal: &Refusal) -> String {
        match self.format {
            FeedbackFormat::Text => refusal.text(self.inks),
            FeedbackFormat::Json => refusal.json(),
        }
    }

    /// On standard error.
    pub(crate) fn tell(self, refusal: &Refusal) {
        let _ = std::io::stderr()
            .lock()
            .write_all(self.words(refusal).as_bytes());
    }

    /// Whether refusals are JSON, and so nothing else may stand between them.
    pub(crate) fn is_json(self) -> bool {
        self.format == FeedbackFormat::Json
    }
}

/// A fault of guardsh itself, on standard error: what is wrong, and what holds meanwhile.
pub(crate) fn fault(words: &str) {
    let mut rows = words.lines();
    let first = rows.next().unwrap_or_default();
    let mut text = feedback::fault(
        first,
        "nothing was run",
        Inks::of(&std::io::stderr()).coloured(),
    );
    // Rows that are whole already (`  next  …`) keep their form.
    for row in rows {
        text.push_str(row);
        text.push('\n');
    }
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
