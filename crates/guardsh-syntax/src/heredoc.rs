//! Here-documents: announced by a redirection, read behind the next newline.

use crate::ast::{
    Command, Compound, CompoundKind, HereDoc, Redirect, Script, Span, Word, WordPart, WordPartKind,
};
use crate::reader::{PendingHereDoc, Read, Reader};
use crate::words::Quoting;
use crate::{NotRead, Until};

/// A line of a body, and whether a continuation was joined in it.
struct Line {
    start: usize,
    end: usize,
    next: usize,
    joined: bool,
}

impl<'t> Reader<'t> {
    /// Notes a here-document whose body stands behind the next newline, and gives its place holder.
    pub(crate) fn announce(&mut self, delimiter: Vec<u8>, quoted: bool, tabs: bool) -> HereDoc {
        let number = self.announced;
        self.announced += 1;
        self.pending.push(PendingHereDoc {
            delimiter: delimiter.clone(),
            quoted,
            tabs,
        });
        let span = Span {
            start: number,
            end: number,
        };
        HereDoc {
            delimiter,
            quoted,
            body: Word {
                parts: Vec::new(),
                span,
            },
            unterminated: false,
        }
    }

    /// Reads the bodies of all here-documents announced so far; the reader stands at the line behind.
    pub(crate) fn here_doc_bodies(&mut self) -> Read<()> {
        for pending in std::mem::take(&mut self.pending) {
            let body = self.here_doc_body(&pending)?;
            self.bodies.push(body);
        }
        Ok(())
    }

    fn here_doc_body(&mut self, pending: &PendingHereDoc) -> Read<HereDoc> {
        let start = self.pos;
        let mut at = start;
        let (end, next, unterminated) = loop {
            if at >= self.text.len() {
                if !self.options.here_doc_at_end {
                    let until = Until::Line(pending.delimiter.clone());
                    return self.incomplete_until(start, "a here-document without its end", until);
                }
                break (self.text.len(), self.text.len(), true);
            }
            let line = self.here_doc_line(at, pending.quoted);
            let mut text = self.text.get(line.start..line.end).unwrap_or_default();
            if pending.tabs {
                while let [b'\t', rest @ ..] = text {
                    text = rest;
                }
            }
            // Inside `$(…)` bash ends the document at a line that begins with the delimiter and has a `)`
            // anywhere behind it, and the substitution at that `)`.
            if self.substitutions > 0
                && text != pending.delimiter
                && without_continuations(text)
                    .strip_prefix(pending.delimiter.as_slice())
                    .is_some_and(|rest| rest.contains(&b')'))
            {
                return self.unsupported(at, "a here-document's end with more behind it");
            }
            if line.joined {
                // A delimiter put together from two lines: shells differ.
                let put_together = without_continuations(text);
                if put_together == pending.delimiter {
                    return self
                        .unsupported(at, "a here-document's end with a line continuation in it");
                }
            } else if text == pending.delimiter {
                break (line.start, line.next, false);
            }
            at = line.next;
        };
        let body = if pending.quoted {
            let text = self.text.get(start..end).unwrap_or_default();
            let text = if pending.tabs {
                without_tabs(text)
            } else {
                text.to_vec()
            };
            let span = Span {
                start: self.base + start,
                end: self.base + end,
            };
            let parts = if text.is_empty() {
                vec![]
            } else {
                vec![WordPart {
                    kind: WordPartKind::Literal(text),
                    span,
                }]
            };
            Word { parts, span }
        } else {
            self.here_doc_expansions(start, end, pending.tabs)?
        };
        self.pos = next;
        Ok(HereDoc {
            delimiter: pending.delimiter.clone(),
            quoted: pending.quoted,
            body,
            unterminated,
        })
    }

    /// The line that begins at `at`: where a backslash is special, an escaped newline does not end it.
    fn here_doc_line(&self, at: usize, quoted: bool) -> Line {
        let mut end = at;
        let mut joined = false;
        loop {
            match self.text.get(end) {
                None => {
                    return Line {
                        start: at,
                        end,
                        next: end,
                        joined,
                    };
                }
                Some(b'\n') => {
                    return Line {
                        start: at,
                        end,
                        next: end + 1,
                        joined,
                    };
                }
                Some(b'\\') if !quoted => {
                    joined |= self.text.get(end + 1) == Some(&b'\n');
                    end = (end + 2).min(self.text.len());
                }
                Some(_) => end += 1,
            }
        }
    }

    fn here_doc_expansions(&mut self, start: usize, end: usize, tabs: bool) -> Read<Word> {
        let text = self.text;
        let mut inner = self.inside(text.get(..end).unwrap_or_default(), self.base);
        inner.pos = start;
        let parts = inner.parts(Quoting::HereDoc).map_err(|error| match error {
            // The shell finds the end of the body first and this only when it expands.
            NotRead::Incomplete(mut place) | NotRead::Invalid(mut place) => {
                place.what = format!("{} in a here-document", place.what);
                place.until = None;
                NotRead::Unsupported(place)
            }
            other @ NotRead::Unsupported(_) => other,
        })?;
        self.counted_in(&inner);
        let span = Span {
            start: self.base + start,
            end: self.base + end,
        };
        let mut word = Word { parts, span };
        if tabs {
            for part in &mut word.parts {
                let bytes = text
                    .get(part.span.start - self.base..part.span.end - self.base)
                    .unwrap_or_default();
                {
                    if let WordPartKind::Literal(literal) = &mut part.kind {
                        let at_line_start = part.span.start == self.base + start
                            || text.get(part.span.start - self.base - 1) == Some(&b'\n');
                        let mut stripped = without_tabs(literal);
                        if !at_line_start {
                            // The first stretch of this part is in the middle of a line: it keeps its tabs.
                            let kept = literal.iter().take_while(|byte| **byte == b'\t').count();
                            stripped.splice(0..0, std::iter::repeat_n(b'\t', kept));
                        }
                        *literal = stripped;
                    } else if bytes.contains(&b'\n') {
                        return self.unsupported(
                            start,
                            "an expansion over several lines in a <<- here-document",
                        );
                    }
                }
            }
            word.parts
                .retain(|part| part.kind != WordPartKind::Literal(Vec::new()));
        }
        Ok(word)
    }

    /// Puts the bodies into the tree of the script they belong to.
    pub(crate) fn place_bodies(&mut self, script: &mut Script) {
        let mut bodies: Vec<Option<HereDoc>> = std::mem::take(&mut self.bodies)
            .into_iter()
            .map(Some)
            .collect();
        if !bodies.is_empty() {
            fill_script(script, &mut bodies);
        }
        self.announced = 0;
    }
}

fn without_continuations(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = text.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte == b'\\' && bytes.peek() == Some(&b'\n') {
            bytes.next();
        } else {
            out.push(byte);
        }
    }
    out
}

fn without_tabs(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at_start = true;
    for byte in text {
        if at_start && *byte == b'\t' {
            continue;
        }
        at_start = *byte == b'\n';
        out.push(*byte);
    }
    out
}

type Bodies = [Option<HereDoc>];

fn fill_script(script: &mut Script, bodies: &mut Bodies) {
    for statement in &mut script.statements {
        let pipelines = std::iter::once(&mut statement.list.first)
            .chain(statement.list.rest.iter_mut().map(|(_, next)| next));
        for pipeline in pipelines {
            for stage in &mut pipeline.stages {
                fill_command(&mut stage.command, bodies);
            }
        }
    }
}

fn fill_command(command: &mut Command, bodies: &mut Bodies) {
    match command {
        Command::Simple(simple) => fill_redirects(&mut simple.redirects, bodies),
        Command::Compound(compound) => fill_compound(compound, bodies),
        Command::Function(function) => fill_compound(&mut function.body, bodies),
        Command::Coproc(coproc) => fill_command(&mut coproc.body, bodies),
    }
}

fn fill_compound(compound: &mut Compound, bodies: &mut Bodies) {
    match &mut compound.kind {
        CompoundKind::Group(script) | CompoundKind::Subshell(script) => fill_script(script, bodies),
        CompoundKind::If {
            branches,
            otherwise,
        } => {
            for (condition, body) in branches {
                fill_script(condition, bodies);
                fill_script(body, bodies);
            }
            if let Some(otherwise) = otherwise {
                fill_script(otherwise, bodies);
            }
        }
        CompoundKind::Loop {
            condition, body, ..
        } => {
            fill_script(condition, bodies);
            fill_script(body, bodies);
        }
        CompoundKind::For(each) | CompoundKind::Select(each) => fill_script(&mut each.body, bodies),
        CompoundKind::ArithFor { body, .. } => fill_script(body, bodies),
        CompoundKind::Case { arms, .. } => {
            for arm in arms {
                fill_script(&mut arm.body, bodies);
            }
        }
        CompoundKind::Test(_) | CompoundKind::Arith(_) => {}
    }
    fill_redirects(&mut compound.redirects, bodies);
}

fn fill_redirects(redirects: &mut [Redirect], bodies: &mut Bodies) {
    for redirect in redirects {
        if let Some(here_doc) = &mut redirect.here_doc
            && let Some(body) = bodies
                .get_mut(here_doc.body.span.start)
                .and_then(Option::take)
        {
            *here_doc = body;
        }
    }
}
