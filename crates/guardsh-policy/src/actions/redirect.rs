//! Redirections: what is opened, and which descriptors are named.

use super::state::Value;
use super::{Walker, dynamic, shown};
use crate::action::{ActionWord, Count, Folder};
use crate::world::Known;
use guardsh_syntax::{Redirect, RedirectFd, RedirectOp, WordPart, WordPartKind};

/// The highest descriptor that lines may use. The session keeps its own above.
const LAST_FREE: u32 = 7;

impl Walker<'_> {
    /// Walks one redirection; the text of a here-document or here-string that becomes standard input.
    pub(super) fn redirect(&mut self, redirect: &Redirect) -> Input {
        self.step(1);
        let reads = match redirect.op {
            RedirectOp::Read
            | RedirectOp::ReadWrite
            | RedirectOp::DupIn
            | RedirectOp::HereDoc
            | RedirectOp::HereDocTabs
            | RedirectOp::HereString => true,
            RedirectOp::Write
            | RedirectOp::Append
            | RedirectOp::Clobber
            | RedirectOp::DupOut
            | RedirectOp::WriteBoth
            | RedirectOp::AppendBoth => false,
        };
        let descriptor = match &redirect.fd {
            None => u32::from(!reads),
            Some(RedirectFd::Number(number)) => *number,
            Some(RedirectFd::Variable(name)) => {
                self.opaque(redirect.span, "a descriptor number kept in a variable");
                let name = name.clone();
                self.assigned(&name, Value::Number, redirect.span);
                LAST_FREE
            }
        };
        if descriptor > LAST_FREE {
            self.opaque(
                redirect.span,
                format!("uses descriptor {descriptor}; only 0 to {LAST_FREE} are free to use"),
            );
        }
        let input = match redirect.op {
            RedirectOp::Read => {
                self.opened(redirect, false);
                Input::Other
            }
            RedirectOp::ReadWrite => {
                self.opened(redirect, true);
                Input::Other
            }
            RedirectOp::Write
            | RedirectOp::Append
            | RedirectOp::Clobber
            | RedirectOp::WriteBoth
            | RedirectOp::AppendBoth => {
                self.opened(redirect, true);
                Input::Same
            }
            RedirectOp::DupIn | RedirectOp::DupOut => {
                self.copied(redirect);
                if descriptor == 0 {
                    Input::Other
                } else {
                    Input::Same
                }
            }
            RedirectOp::HereDoc | RedirectOp::HereDocTabs => match &redirect.here_doc {
                Some(here_doc) => {
                    let body = self.quoted(&here_doc.body);
                    Input::text(&body, b"")
                }
                None => Input::Other,
            },
            RedirectOp::HereString => {
                let word = self.single(&redirect.target);
                Input::text(&word, b"\n")
            }
        };
        if (3..=LAST_FREE).contains(&descriptor) {
            self.state.descriptors |= 1 << descriptor;
        }
        self.note_outputs(redirect, descriptor);
        if descriptor == 0 { input } else { Input::Same }
    }

    /// A file is opened.
    fn opened(&mut self, redirect: &Redirect, writes: bool) {
        let path = self.target(redirect);
        if let [
            WordPart {
                kind: WordPartKind::Process(..),
                ..
            },
        ] = redirect.target.parts.as_slice()
        {
            // A pipe to a command that is judged.
            return;
        }
        self.named_path(&path, redirect, writes);
        if writes {
            self.files_made = true;
            self.path_use(true, path.clone(), "redirection", false, redirect.span);
        }
        match redirect.op {
            RedirectOp::Read | RedirectOp::ReadWrite => {
                self.path_use(false, path, "redirection", false, redirect.span);
            }
            RedirectOp::Write
            | RedirectOp::Append
            | RedirectOp::Clobber
            | RedirectOp::WriteBoth
            | RedirectOp::AppendBoth
            | RedirectOp::DupIn
            | RedirectOp::DupOut
            | RedirectOp::HereDoc
            | RedirectOp::HereDocTabs
            | RedirectOp::HereString => {}
        }
    }

    /// Keeps which descriptors were opened for writing.
    fn note_outputs(&mut self, redirect: &Redirect, descriptor: u32) {
        let bit = |number: u32| 1u8.checked_shl(number).unwrap_or(0);
        let own = bit(descriptor);
        match redirect.op {
            RedirectOp::Write
            | RedirectOp::Append
            | RedirectOp::Clobber
            | RedirectOp::ReadWrite => self.state.outputs |= own,
            RedirectOp::WriteBoth | RedirectOp::AppendBoth => self.state.outputs |= bit(1) | bit(2),
            RedirectOp::Read
            | RedirectOp::HereDoc
            | RedirectOp::HereDocTabs
            | RedirectOp::HereString => self.state.outputs &= !own,
            RedirectOp::DupIn | RedirectOp::DupOut => {
                let source = match redirect.target.parts.as_slice() {
                    [
                        WordPart {
                            kind: WordPartKind::Literal(text),
                            ..
                        },
                    ] => text.as_slice(),
                    _ => b"",
                };
                let (number, moved) = match source {
                    [digit @ b'0'..=b'7'] => (Some(u32::from(digit - b'0')), false),
                    [digit @ b'0'..=b'7', b'-'] => (Some(u32::from(digit - b'0')), true),
                    _ => (None, false),
                };
                let writes = number.is_some_and(|number| self.state.outputs & bit(number) != 0);
                if moved && let Some(number) = number {
                    self.state.outputs &= !bit(number);
                }
                if writes {
                    self.state.outputs |= own;
                } else {
                    self.state.outputs &= !own;
                }
            }
        }
    }

    /// Paths that are no files: the network in bash, descriptors by name.
    fn named_path(&mut self, path: &ActionWord, redirect: &Redirect, writes: bool) {
        let values = path.values().unwrap_or_default().to_vec();
        for value in values {
            if self.bash() && (value.starts_with(b"/dev/tcp/") || value.starts_with(b"/dev/udp/")) {
                self.opaque(
                    redirect.span,
                    format!("a network connection by `{}`", shown(&value)),
                );
            }
            let Some(number) = self.descriptor_at(&value) else {
                continue;
            };
            let free = matches!(number.as_slice(), [b'0'..=b'7']);
            let output = match number.as_slice() {
                [digit @ b'0'..=b'7'] => self.state.outputs & (1 << (digit - b'0')) != 0,
                _ => false,
            };
            if !free {
                self.opaque(
                    redirect.span,
                    format!("uses descriptor {} by its path", shown(&number)),
                );
            } else if writes && !output {
                // The kernel opens the file anew, for writing, however the descriptor was opened.
                self.opaque(
                    redirect.span,
                    format!(
                        "opens what descriptor {} reads, for writing",
                        shown(&number)
                    ),
                );
            }
        }
    }

    /// What stands behind `/dev/fd/` and its like in a path, as the shell's folder makes it.
    fn descriptor_at(&self, value: &[u8]) -> Option<Vec<u8>> {
        use std::os::unix::ffi::OsStrExt;
        let Folder::Known(path) = self.folder_from(value) else {
            return None;
        };
        let path = path.as_os_str().as_bytes();
        match path {
            b"/dev/stdin" => return Some(b"0".to_vec()),
            b"/dev/stdout" => return Some(b"1".to_vec()),
            b"/dev/stderr" => return Some(b"2".to_vec()),
            _ => {}
        }
        [
            &b"/dev/fd/"[..],
            b"/proc/self/fd/",
            b"/proc/thread-self/fd/",
        ]
        .iter()
        .find_map(|folder| path.strip_prefix(*folder))
        .map(<[u8]>::to_vec)
    }

    /// The one path that a target names.
    fn target(&mut self, redirect: &Redirect) -> ActionWord {
        if !self.bash() {
            return self.single(&redirect.target);
        }
        let mut fields = Vec::new();
        self.fields(&redirect.target, &mut fields);
        match fields.as_slice() {
            [only] if only.count == Count::One => only.clone(),
            // More than one is an error, none too; a glob is unless it matches one file.
            _ => dynamic(self.source(redirect.target.span), Count::One),
        }
    }

    /// `>&n`, `<&n`, `>&-`, `>&word`.
    fn copied(&mut self, redirect: &Redirect) {
        let word = self.single(&redirect.target);
        let Some(values) = word.values().map(<[_]>::to_vec) else {
            self.opaque(
                redirect.span,
                "copies a descriptor whose number is computed",
            );
            return;
        };
        for value in values {
            if value == b"-" {
                continue;
            }
            let digits = value.strip_suffix(b"-").unwrap_or(&value);
            if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) {
                let number = match digits {
                    [digit] => u32::from(digit - b'0'),
                    _ => u32::MAX,
                };
                if !self.is_free(number) {
                    self.opaque(
                        redirect.span,
                        format!("copies descriptor {}, which no line opened", shown(digits)),
                    );
                }
                continue;
            }
            if self.bash() && redirect.op == RedirectOp::DupOut && !value.is_empty() {
                let target = self.target(redirect);
                self.named_path(&target, redirect, true);
                self.files_made = true;
                self.path_use(true, target, "redirection", false, redirect.span);
            } else {
                self.opaque(
                    redirect.span,
                    "copies a descriptor that is not named by a number",
                );
            }
        }
    }

    /// Whether a descriptor is standard, or was opened by this text, or can only have been opened by
    /// lines that were judged.
    pub(super) fn is_free(&mut self, number: u32) -> bool {
        match number {
            0..=2 => true,
            3..=LAST_FREE => {
                self.state.descriptors & (1 << number) != 0
                    || (self.shell.live && self.world.interactive() == Known::Yes(true))
            }
            _ => false,
        }
    }
}

/// What a redirection makes of standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// As it was.
    Same,
    /// This text.
    Text(Vec<u8>),
    /// Something that cannot be seen.
    Other,
}

impl Input {
    fn text(word: &ActionWord, end: &[u8]) -> Self {
        match word.value() {
            Some(value) => Self::Text([value, end].concat()),
            None => Self::Other,
        }
    }
}
