//! Words: what the shell makes of them before a command sees them.
//!
//! A word becomes fields as the shell makes them: braces, tilde, parameters, substitutions, splitting,
//! quote removal. Where a part may have several values each is followed, up to a bound; where one is not
//! known the field is dynamic. What runs while a word expands is walked on the way.

use super::alias::Aliases;
use super::state::{MAX_VALUES, Value};
use super::{Walker, dynamic, shown};
use crate::action::{ActionWord, Count, Folder, Piece, WordState};
use crate::world::Known;
use guardsh_syntax::{
    ArrayElement, Colon, Command, Param, ParamOp, ProcessDirection, Redirect, Script, Span,
    StatementEnd, Word, WordPart, WordPartKind,
};
use std::path::PathBuf;

/// More words than this from one word are not told apart.
const MAX_FIELDS: usize = 1_000;
/// A longer word's braces are not expanded.
const MAX_BRACED: usize = 4 * 1024;
/// More bytes than this in one word's fields are not kept.
const MAX_BYTES: usize = 64 * 1024;

/// How the surroundings treat a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// A command's word: split, globbed.
    Fields,
    /// One word whatever is in it: assignments, `case`, `[[ ]]`, here-strings.
    Single,
    /// Inside double quotes or a here-document.
    Quoted,
}

/// A stretch of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Bit {
    Text { bytes: Vec<u8>, quoted: bool },
    Star,
    Question,
    Bracket(Vec<u8>),
    Unknown,
}

/// One word in the making.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Field {
    bits: Vec<Bit>,
    /// May become any number of words.
    any: bool,
    /// Something expanded in it.
    expanded: bool,
}

/// One way a word may turn out.
#[derive(Clone, Debug, Default)]
struct Way {
    done: Vec<Field>,
    open: Option<Field>,
}

impl Way {
    fn field(&mut self) -> &mut Field {
        self.open.get_or_insert_default()
    }

    fn close(&mut self) {
        if let Some(field) = self.open.take() {
            self.done.push(field);
        }
    }

    fn text(&mut self, bytes: &[u8], quoted: bool) {
        let field = self.field();
        if let Some(Bit::Text {
            bytes: last,
            quoted: was,
        }) = field.bits.last_mut()
            && *was == quoted
        {
            last.extend_from_slice(bytes);
            return;
        }
        field.bits.push(Bit::Text {
            bytes: bytes.to_vec(),
            quoted,
        });
    }

    fn bit(&mut self, bit: Bit) {
        self.field().bits.push(bit);
    }

    fn unknown(&mut self, any: bool) {
        let field = self.field();
        if field.bits.last() != Some(&Bit::Unknown) {
            field.bits.push(Bit::Unknown);
        }
        field.any |= any;
        field.expanded = true;
    }

    /// A value of an unquoted expansion: split at blanks, its glob characters live.
    fn split(&mut self, value: &[u8]) {
        for (index, piece) in value
            .split(|byte| matches!(byte, b' ' | b'\t' | b'\n'))
            .enumerate()
        {
            if index > 0 {
                self.close();
            }
            if piece.is_empty() {
                continue;
            }
            if piece.contains(&b'\\') && piece.iter().any(|byte| b"*?[(".contains(byte)) {
                // Whether a backslash from an expansion quotes differs between shells and versions.
                self.unknown(true);
                continue;
            }
            let mut rest = piece;
            while let Some(at) = rest.iter().position(|byte| b"*?(".contains(byte)) {
                let (before, after) = rest.split_at(at);
                if !before.is_empty() {
                    self.text(before, false);
                }
                match after.first() {
                    Some(b'*') => self.bit(Bit::Star),
                    Some(b'?') => self.bit(Bit::Question),
                    // With extglob `@(…)` in a value is a pattern.
                    Some(_) | None => {
                        if before.last().is_some_and(|byte| b"@+!".contains(byte)) {
                            self.field().any = true;
                            self.bit(Bit::Unknown);
                        } else {
                            self.text(b"(", false);
                        }
                    }
                }
                rest = after.get(1..).unwrap_or_default();
            }
            if !rest.is_empty() {
                self.text(rest, false);
            }
            self.field().expanded = true;
        }
    }

    fn size(&self) -> usize {
        self.done
            .iter()
            .chain(&self.open)
            .flat_map(|field| &field.bits)
            .map(|bit| match bit {
                Bit::Text { bytes, .. } | Bit::Bracket(bytes) => bytes.len() + 1,
                Bit::Star | Bit::Question | Bit::Unknown => 1,
            })
            .sum()
    }
}

/// A word in the making, in every way it may turn out.
struct Build {
    ways: Vec<Way>,
    mode: Mode,
    bytes: usize,
    /// The word as a whole is split, wherever in it we are.
    splits: bool,
    /// Nothing is known of the word any more; what runs in it is walked all the same.
    lost: bool,
}

impl Build {
    fn new(mode: Mode) -> Self {
        Self {
            ways: vec![Way::default()],
            mode,
            bytes: 0,
            splits: mode == Mode::Fields,
            lost: false,
        }
    }

    fn quoted(&self) -> bool {
        match self.mode {
            Mode::Fields => false,
            Mode::Single | Mode::Quoted => true,
        }
    }

    fn each(&mut self, mut put: impl FnMut(&mut Way)) {
        if self.lost {
            return;
        }
        for way in &mut self.ways {
            put(way);
        }
    }

    /// Gives up on telling the ways apart.
    fn give_up(&mut self) {
        if self.lost {
            return;
        }
        self.lost = true;
        let any = self.splits;
        let mut way = Way::default();
        way.unknown(any);
        self.ways = vec![way];
    }

    fn text(&mut self, bytes: &[u8], quoted: bool) {
        self.bytes = self.bytes.saturating_add(bytes.len());
        self.each(|way| way.text(bytes, quoted));
    }

    fn unknown(&mut self) {
        let any = !self.quoted();
        self.each(|way| way.unknown(any));
    }

    /// The values that an expansion may have.
    fn values(&mut self, values: &[Vec<u8>], defaults: bool) {
        if self.lost {
            return;
        }
        if !defaults && !self.quoted() {
            self.unknown();
            return;
        }
        if self.ways.len().saturating_mul(values.len()) > MAX_VALUES {
            self.give_up();
            return;
        }
        let quoted = self.quoted();
        self.bytes = self
            .bytes
            .saturating_add(values.iter().map(Vec::len).sum::<usize>());
        let mut ways = Vec::new();
        for way in &self.ways {
            for value in values {
                let mut way = way.clone();
                if quoted {
                    way.text(value, true);
                    way.field().expanded = true;
                } else {
                    way.split(value);
                }
                ways.push(way);
            }
        }
        self.ways = ways;
        self.check();
    }

    fn check(&mut self) {
        let fields: usize = self.ways.iter().map(|way| way.done.len()).sum();
        let size: usize = if self.bytes > MAX_BYTES / 4 {
            self.ways.iter().map(Way::size).sum()
        } else {
            0
        };
        if fields > MAX_FIELDS || (size > MAX_BYTES && self.ways.len() > 1) || size > 16 * MAX_BYTES
        {
            self.give_up();
        }
    }
}

impl Walker<'_> {
    /// The fields that a command's words become.
    pub(super) fn words(&mut self, words: &[Word]) -> Vec<ActionWord> {
        let mut all = Vec::new();
        for word in words {
            if !self.step(1) {
                break;
            }
            self.fields(word, &mut all);
        }
        all
    }

    /// The fields that one word becomes.
    pub(super) fn fields(&mut self, word: &Word, all: &mut Vec<ActionWord>) {
        let source = self.source(word.span);
        if has_braces(&word.parts)
            && (source.len() > MAX_BRACED || self.option("braceexpand") != Known::Yes(true))
        {
            self.walk_parts(&word.parts);
            all.push(dynamic(source, Count::Any));
            return;
        }
        if !has_braces(&word.parts) {
            self.fields_of(&word.parts, &source, all);
            return;
        }
        let mut expanded = Vec::new();
        match braces(&word.parts, &mut expanded, 0) {
            Braces::Expanded if expanded.len() <= MAX_FIELDS => {
                // Shown as written, but not a thousand times in full.
                let source = source.get(..256).unwrap_or(&source);
                for parts in &expanded {
                    if !self.step(16 + parts.len()) {
                        return;
                    }
                    self.fields_of(parts, source, all);
                }
            }
            Braces::Expanded | Braces::Unsure => {
                // What runs in it is judged all the same.
                self.walk_parts(&word.parts);
                all.push(dynamic(source, Count::Any));
            }
            Braces::MakesExpansion => {
                self.opaque(word.span, "a brace list that makes a new `$` expansion");
                self.walk_parts(&word.parts);
                all.push(dynamic(source, Count::Any));
            }
        }
    }

    fn fields_of(&mut self, parts: &[WordPart], source: &[u8], all: &mut Vec<ActionWord>) {
        if let [
            WordPart {
                kind: WordPartKind::Literal(bytes),
                ..
            },
        ] = parts
            && !bytes.contains(&b'[')
        {
            // By far the most words.
            all.push(ActionWord {
                source: source.to_vec(),
                state: WordState::Literal(bytes.clone()),
                count: Count::One,
            });
            return;
        }
        let mut build = Build::new(Mode::Fields);
        self.parts(parts, &mut build);
        self.finish(build, source, all);
    }

    /// A word where nothing is split or globbed.
    pub(super) fn single(&mut self, word: &Word) -> ActionWord {
        let source = self.source(word.span);
        self.single_parts(&word.parts, &source)
    }

    /// The parts of a word where nothing is split or globbed.
    pub(super) fn single_parts(&mut self, parts: &[WordPart], source: &[u8]) -> ActionWord {
        self.step(1 + parts.len());
        let mut build = Build::new(Mode::Single);
        self.parts(parts, &mut build);
        self.one(build, source)
    }

    /// The body of a here-document.
    pub(super) fn quoted(&mut self, word: &Word) -> ActionWord {
        let source = self.source(word.span);
        let mut build = Build::new(Mode::Quoted);
        self.parts(&word.parts, &mut build);
        self.one(build, &source)
    }

    /// Walks what runs in the parts of a word whose value does not matter.
    fn walk_parts(&mut self, parts: &[WordPart]) {
        let mut build = Build::new(Mode::Fields);
        for part in parts {
            if let WordPartKind::BraceList(words) = &part.kind {
                for word in words {
                    self.deeper(|walker| walker.walk_parts(&word.parts));
                }
            } else {
                self.part(part, &mut build);
                if build.ways.len() > 1 {
                    build.give_up();
                }
            }
        }
    }

    fn one(&mut self, build: Build, source: &[u8]) -> ActionWord {
        let mut values = Vec::new();
        let mut expanded = false;
        for mut way in build.ways {
            way.close();
            // Nothing is split here, so there is one field or none.
            let field = match way.done.as_slice() {
                [] => Field::default(),
                [field] => field.clone(),
                [_, ..] => return dynamic(source, Count::One),
            };
            expanded |= field.expanded;
            let mut value = Vec::new();
            for bit in &field.bits {
                match bit {
                    Bit::Text { bytes, .. } => value.extend_from_slice(bytes),
                    Bit::Star => value.push(b'*'),
                    Bit::Question => value.push(b'?'),
                    Bit::Bracket(_) | Bit::Unknown => {
                        return ActionWord {
                            source: source.to_vec(),
                            state: WordState::Dynamic(pieces(&field.bits)),
                            count: Count::One,
                        };
                    }
                }
            }
            values.push(value);
        }
        values.sort();
        values.dedup();
        let state = match values.as_slice() {
            [value] if !expanded => WordState::Literal(value.clone()),
            [] => WordState::Literal(Vec::new()),
            [_, ..] => WordState::Resolved(values),
        };
        ActionWord {
            source: source.to_vec(),
            state,
            count: Count::One,
        }
    }

    fn finish(&mut self, build: Build, source: &[u8], all: &mut Vec<ActionWord>) {
        let mut ways: Vec<Vec<Field>> = Vec::new();
        for mut way in build.ways {
            way.close();
            if !ways.contains(&way.done) {
                ways.push(way.done);
            }
        }
        let count = ways.first().map_or(0, Vec::len);
        if ways.iter().any(|way| way.len() != count) {
            all.push(dynamic(source, Count::Any));
            return;
        }
        let source = if count > 1 {
            source.get(..256).unwrap_or(source)
        } else {
            source
        };
        if !self.step(count.saturating_mul(16)) {
            return;
        }
        for index in 0..count {
            let column: Vec<&Field> = ways.iter().filter_map(|way| way.get(index)).collect();
            let word = self.merge(&column, source);
            all.push(word);
        }
    }

    /// One word from what it may be.
    fn merge(&mut self, column: &[&Field], source: &[u8]) -> ActionWord {
        let words: Vec<ActionWord> = column
            .iter()
            .map(|field| self.word_of(field, source))
            .collect();
        if let [word] = words.as_slice() {
            return word.clone();
        }
        let mut values: Vec<Vec<u8>> = Vec::new();
        for word in &words {
            match word.values() {
                Some(known) if word.count == Count::One => values.extend(known.iter().cloned()),
                Some(_) | None => return dynamic(source, Count::Any),
            }
        }
        values.sort();
        values.dedup();
        ActionWord {
            source: source.to_vec(),
            state: WordState::Resolved(values),
            count: Count::One,
        }
    }

    fn word_of(&mut self, field: &Field, source: &[u8]) -> ActionWord {
        let source = source.to_vec();
        let mut globs = false;
        let mut unknown = false;
        let mut open = false;
        let mut hidden_bracket = false;
        for bit in &field.bits {
            match bit {
                Bit::Text { bytes, quoted } => {
                    for byte in bytes {
                        // A `]` may close a bracket whether or not it is quoted text that the reader saw
                        // as its own part; better a pattern too many.
                        if *byte == b'[' && !quoted {
                            open = true;
                        } else if *byte == b']' && open {
                            hidden_bracket = true;
                        }
                    }
                }
                Bit::Star | Bit::Question => globs = true,
                Bit::Bracket(_) => {
                    globs = true;
                    if open {
                        hidden_bracket = true;
                    }
                }
                Bit::Unknown => {
                    unknown = true;
                    if open {
                        hidden_bracket = true;
                    }
                }
            }
        }
        if field.any {
            return dynamic(source, Count::Any);
        }
        if unknown {
            let count = if globs || hidden_bracket {
                Count::Any
            } else {
                Count::One
            };
            return ActionWord {
                source,
                state: WordState::Dynamic(pieces(&field.bits)),
                count,
            };
        }
        if hidden_bracket {
            return ActionWord {
                source,
                state: WordState::Pattern(vec![Piece::Unknown]),
                count: Count::Any,
            };
        }
        if globs {
            return self.glob(field, source);
        }
        let mut value = Vec::new();
        for bit in &field.bits {
            if let Bit::Text { bytes, .. } = bit {
                value.extend_from_slice(bytes);
            }
        }
        ActionWord {
            source,
            state: if field.expanded {
                WordState::Resolved(vec![value])
            } else {
                WordState::Literal(value)
            },
            count: Count::One,
        }
    }

    /// A glob: what it matches now, where nothing can have changed that before it runs, else the pattern.
    fn glob(&mut self, field: &Field, source: Vec<u8>) -> ActionWord {
        let pattern = ActionWord {
            source: source.clone(),
            state: WordState::Pattern(pieces(&field.bits)),
            count: Count::Any,
        };
        if self.bash() && !self.surely_off("failglob") {
            self.may_fault();
        }
        let settled = self.shell.live
            && !self.files_made
            && !self.state.options_changed
            && self.concurrent == 0
            && self.loops == 0
            && self.calls.is_empty();
        let quiet = settled && self.state.var(b"GLOBIGNORE").is_none();
        let Folder::Known(_) = &self.state.folder else {
            return pattern;
        };
        if !quiet {
            return pattern;
        }
        let mut text = Vec::new();
        for bit in &field.bits {
            match bit {
                Bit::Text { bytes, .. } => {
                    for byte in bytes {
                        if !byte.is_ascii_alphanumeric()
                            && !b"/._-".contains(byte)
                            && byte.is_ascii()
                        {
                            text.push(b'\\');
                        }
                        text.push(*byte);
                    }
                }
                Bit::Star => text.push(b'*'),
                Bit::Question => text.push(b'?'),
                Bit::Bracket(_) | Bit::Unknown => return pattern,
            }
        }
        let folder = self.state.folder.clone();
        match self.world.glob(&text, &folder) {
            Some(values) if !values.is_empty() && values.len() <= MAX_FIELDS => ActionWord {
                source,
                state: WordState::Resolved(values),
                count: Count::Any,
            },
            Some(_) | None => pattern,
        }
    }

    fn parts(&mut self, parts: &[WordPart], build: &mut Build) {
        for part in parts {
            if !self.step(1) {
                build.give_up();
                return;
            }
            self.part(part, build);
        }
    }

    fn part(&mut self, part: &WordPart, build: &mut Build) {
        match &part.kind {
            WordPartKind::Literal(bytes) => build.text(bytes, build.quoted()),
            WordPartKind::Escaped(byte) => build.text(&[*byte], true),
            WordPartKind::SingleQuoted(bytes) | WordPartKind::AnsiC(bytes) => {
                build.text(bytes, true);
            }
            WordPartKind::DoubleQuoted(parts) => self.double_quoted(parts, build),
            WordPartKind::Localized(parts) => {
                // A catalogue may translate it into anything.
                self.double_quoted(parts, build);
                build.each(|way| way.unknown(false));
            }
            WordPartKind::Param(param) => self.deeper_part(build, |walker, build| {
                walker.param(param, part.span, build);
            }),
            WordPartKind::Command(script) => {
                self.substituted(script, part.span, false);
                build.unknown();
            }
            WordPartKind::Backquoted(script) => {
                self.substituted(script, part.span, true);
                build.unknown();
            }
            WordPartKind::Arith(arith) => match self.arith(arith) {
                Value::Values(values) => build.values(&values, self.ifs_is_plain()),
                Value::Number if self.ifs_is_plain() => build.each(|way| way.unknown(false)),
                Value::Number | Value::Unset | Value::List(_) | Value::Unknown => build.unknown(),
            },
            WordPartKind::Process(direction, script) => {
                self.process(*direction, script);
                build.each(|way| {
                    way.text(b"/dev/fd/63", true);
                    way.field().expanded = true;
                });
            }
            WordPartKind::Star => match build.mode {
                Mode::Fields => build.each(|way| way.bit(Bit::Star)),
                Mode::Single | Mode::Quoted => build.text(b"*", true),
            },
            WordPartKind::Question => match build.mode {
                Mode::Fields => build.each(|way| way.bit(Bit::Question)),
                Mode::Single | Mode::Quoted => build.text(b"?", true),
            },
            WordPartKind::Bracket(bytes) => match build.mode {
                Mode::Fields => build.each(|way| way.bit(Bit::Bracket(bytes.clone()))),
                Mode::Single | Mode::Quoted => {
                    build.text(b"[", true);
                    build.text(bytes, true);
                    build.text(b"]", true);
                }
            },
            WordPartKind::ExtGlob(_, words) => {
                for word in words {
                    self.single(word);
                }
                let any = build.mode == Mode::Fields;
                build.each(|way| way.unknown(any));
            }
            WordPartKind::BraceList(words) => {
                // Only where no braces expand (an assignment); the text it then means is not kept here.
                for word in words {
                    self.single(word);
                }
                build.unknown();
            }
            WordPartKind::BraceRange(bytes) => {
                if build.mode == Mode::Fields {
                    build.unknown();
                } else {
                    build.text(b"{", true);
                    build.text(bytes, true);
                    build.text(b"}", true);
                }
            }
            WordPartKind::Tilde(user) => self.tilde(user, build),
            WordPartKind::ArrayLiteral(elements) => {
                self.elements(elements);
                build.unknown();
            }
        }
    }

    fn deeper_part(&mut self, build: &mut Build, inner: impl FnOnce(&mut Self, &mut Build)) {
        let mut went = false;
        self.deeper(|walker| {
            inner(walker, build);
            went = true;
        });
        if !went {
            build.give_up();
        }
    }

    /// The elements of `( … )`, each on its own; `None` where their number is not known.
    pub(super) fn elements(&mut self, elements: &[ArrayElement]) -> Option<Vec<ActionWord>> {
        let mut all = Vec::new();
        let mut plain = true;
        for element in elements {
            if !self.step(1) {
                return None;
            }
            if let Some(subscript) = &element.subscript {
                plain = false;
                self.subscript(subscript);
                self.single(&element.value);
            } else {
                self.fields(&element.value, &mut all);
            }
        }
        plain.then_some(all)
    }

    fn double_quoted(&mut self, parts: &[WordPart], build: &mut Build) {
        if let (
            [
                WordPart {
                    kind: WordPartKind::Param(param),
                    ..
                },
            ],
            Mode::Fields,
        ) = (parts, build.mode)
            && self.each_quoted(param, build)
        {
            return;
        }
        let lists = parts
            .iter()
            .any(|part| matches!(&part.kind, WordPartKind::Param(param) if is_list(param)));
        // An empty `""` is a field.
        build.each(|way| way.text(b"", true));
        let mode = std::mem::replace(&mut build.mode, Mode::Quoted);
        self.parts(parts, build);
        build.mode = mode;
        if lists && mode == Mode::Fields {
            // `"a$@b"` becomes any number of words.
            build.each(|way| way.unknown(true));
        }
    }

    /// `"$@"` and `"${a[@]}"` alone in their quotes: each element a word of its own.
    fn each_quoted(&mut self, param: &Param, build: &mut Build) -> bool {
        if param.op != ParamOp::Value {
            return false;
        }
        if param.name == b"@" {
            let Some(words) = self.state.positional.clone() else {
                return false;
            };
            if words.len() > MAX_FIELDS {
                return false;
            }
            let last = words.len().saturating_sub(1);
            for (index, word) in words.iter().enumerate() {
                self.whole_word(word, build);
                if index < last {
                    build.each(Way::close);
                }
            }
            return true;
        }
        let at = param.subscript.as_ref().is_some_and(|subscript| {
            matches!(
                subscript.parts.as_slice(),
                [WordPart { kind: WordPartKind::Literal(bytes), .. }] if bytes == b"@"
            )
        });
        if !at {
            return false;
        }
        let Value::List(elements) = self.var(&param.name).value else {
            return false;
        };
        let last = elements.len().saturating_sub(1);
        for (index, element) in elements.iter().enumerate() {
            build.each(|way| {
                way.text(element, true);
                way.field().expanded = true;
                if index < last {
                    way.close();
                }
            });
        }
        build.check();
        true
    }

    /// A word that was expanded before, put in as it is.
    fn whole_word(&mut self, word: &ActionWord, build: &mut Build) {
        match (word.values(), word.count) {
            (Some(values), Count::One) => {
                let mode = std::mem::replace(&mut build.mode, Mode::Quoted);
                build.each(|way| way.text(b"", true));
                build.values(values, true);
                build.mode = mode;
            }
            (None, Count::One) => build.each(|way| way.unknown(false)),
            (Some(_) | None, Count::Any) => build.each(|way| way.unknown(true)),
        }
    }

    /// Command substitution: walked in a copy of the shell; its output is not known.
    fn substituted(&mut self, script: &Script, span: Span, backquoted: bool) {
        if self.bash() && !backquoted && reprinted_badly(script) {
            self.opaque_suggesting(
                span,
                "a here-document in a substitution with more behind it (bash 5.2 joins the commands that follow)",
                Some("let the here-document's command be the only one in the substitution"),
            );
        }
        self.deeper(|walker| {
            walker.isolated(|walker| {
                walker.concurrent += 1;
                let aliases = walker.shell.aliases;
                // The text inside backquotes lost a level of backslashes: spans do not fit the bytes.
                if backquoted && aliases == Aliases::Replaced {
                    walker.shell.aliases = Aliases::Refused;
                }
                walker.script(script);
                walker.shell.aliases = aliases;
                walker.concurrent -= 1;
            });
        });
    }

    fn process(&mut self, _direction: ProcessDirection, script: &Script) {
        self.substituted(script, script.span, false);
    }

    /// Whether splitting is at blanks and nothing else.
    pub(super) fn ifs_is_plain(&mut self) -> bool {
        match self.var(b"IFS").value {
            Value::Unset => true,
            Value::Values(values) => values.iter().all(|value| value == b" \t\n"),
            Value::List(_) | Value::Number | Value::Unknown => false,
        }
    }

    fn tilde(&mut self, user: &[u8], build: &mut Build) {
        let value = match user {
            b"" => match self.var(b"HOME").value {
                Value::Values(values) => Some(values),
                Value::Unset if self.state.var(b"HOME").is_none() => {
                    Some(vec![path_bytes(self.world.home())])
                }
                Value::Unset | Value::List(_) | Value::Number | Value::Unknown => None,
            },
            b"+" | b"-" => None,
            name => self.world.home_of(name).map(|home| vec![path_bytes(home)]),
        };
        match value {
            Some(values) => {
                let mode = std::mem::replace(&mut build.mode, Mode::Quoted);
                build.values(&values, true);
                build.mode = mode;
            }
            None => build.each(|way| way.unknown(false)),
        }
    }

    /// `$x` and everything that braces can do with it.
    fn param(&mut self, param: &Param, span: Span, build: &mut Build) {
        if let Some(subscript) = &param.subscript {
            self.subscript(subscript);
            self.operands(param, span);
            match (
                &param.op,
                self.var(&param.name).value,
                single_index(subscript),
            ) {
                (ParamOp::Value, Value::List(list), Some(index)) => match list.get(index) {
                    Some(value) => {
                        let value = vec![value.clone()];
                        let plain = self.ifs_is_plain();
                        build.values(&value, plain);
                    }
                    None => build.unknown(),
                },
                (ParamOp::Length, _, _) if self.ifs_is_plain() => {
                    build.each(|way| way.unknown(false));
                }
                _ => build.unknown(),
            }
            return;
        }
        let name = param.name.as_slice();
        if matches!(name, b"@" | b"*") {
            self.operands(param, span);
            self.all_positional(param, build);
            return;
        }
        let value = self.value_of(name);
        if self.bash() && !is_settled(&value) && !self.surely_off("nounset") {
            self.may_fault();
        }
        match &param.op {
            ParamOp::Value => self.put(&value, build),
            ParamOp::Length => {
                let length = match &value {
                    Value::Values(values) if values.iter().all(|value| value.is_ascii()) => {
                        Value::Values(
                            values
                                .iter()
                                .map(|value| value.len().to_string().into_bytes())
                                .collect(),
                        )
                    }
                    Value::Unset => Value::one(*b"0"),
                    Value::Values(_) | Value::List(_) | Value::Number | Value::Unknown => {
                        Value::Number
                    }
                };
                self.put(&length, build);
            }
            ParamOp::Default(colon, word) => {
                self.either(&value, *colon, word, Which::Default, name, span, build);
            }
            ParamOp::Assign(colon, word) => {
                self.either(&value, *colon, word, Which::Assign, name, span, build);
            }
            ParamOp::Alternative(colon, word) => {
                self.either(&value, *colon, word, Which::Alternative, name, span, build);
            }
            ParamOp::Error(_, _) => {
                self.operands(param, span);
                // Where it is unset nothing after this runs; the value is what counts.
                self.put(&value, build);
            }
            ParamOp::Strip(op, pattern) => {
                let pattern = self.single(pattern);
                match strip(&value, op, &pattern) {
                    Some(stripped) => self.put(&stripped, build),
                    None => build.unknown(),
                }
            }
            ParamOp::Indirect(_)
            | ParamOp::Names
            | ParamOp::Replace(..)
            | ParamOp::Slice(..)
            | ParamOp::Case(..)
            | ParamOp::Transform(_) => {
                self.operands(param, span);
                build.unknown();
            }
        }
    }

    /// Puts a value in as an expansion.
    fn put(&mut self, value: &Value, build: &mut Build) {
        let plain = self.ifs_is_plain();
        match value {
            Value::Unset => {
                let empty = vec![Vec::new()];
                build.values(&empty, true);
            }
            Value::Values(values) => build.values(values, plain),
            Value::List(list) => match list.first() {
                Some(first) => {
                    let first = vec![first.clone()];
                    build.values(&first, plain);
                }
                None => build.values(&[Vec::new()], true),
            },
            Value::Number if plain => build.each(|way| way.unknown(false)),
            Value::Number | Value::Unknown => build.unknown(),
        }
    }

    /// `${x:-w}` and its kin: which of the two, or either.
    #[expect(clippy::too_many_arguments, reason = "the parts of one expansion")]
    fn either(
        &mut self,
        value: &Value,
        colon: Colon,
        word: &Word,
        which: Which,
        name: &[u8],
        span: Span,
        build: &mut Build,
    ) {
        // Whether the value counts as set.
        let set = match (value, colon) {
            (Value::Unset, Colon::With | Colon::Without) => Some(false),
            (Value::Values(_) | Value::Number, Colon::Without) | (Value::Number, Colon::With) => {
                Some(true)
            }
            (Value::Values(values), Colon::With) => {
                if values.iter().all(|value| !value.is_empty()) {
                    Some(true)
                } else if values.iter().all(Vec::is_empty) {
                    Some(false)
                } else {
                    None
                }
            }
            (Value::List(_) | Value::Unknown, Colon::With | Colon::Without) => None,
        };
        let operand = match (which, set) {
            (Which::Default | Which::Assign, Some(true)) | (Which::Alternative, Some(false)) => {
                false
            }
            (Which::Default | Which::Assign, Some(false) | None)
            | (Which::Alternative, Some(true) | None) => true,
        };
        if !operand {
            match which {
                Which::Default | Which::Assign => self.put(value, build),
                Which::Alternative => self.put(&Value::Unset, build),
            }
            return;
        }
        if set.is_none() {
            // Either: what runs in the operand is judged, what comes out is not known.
            let before = self.state.clone();
            let expanded = self.single(word);
            if which == Which::Assign {
                let value = value_from(&expanded);
                self.assigned(name, value, span);
            }
            let after = self.state.clone();
            if let Some(state) = self.join(Some(before), Some(after)) {
                self.state = state;
            }
            build.unknown();
            return;
        }
        match which {
            Which::Assign => {
                if !is_name(name) {
                    self.may_fault();
                }
                let expanded = self.single(word);
                let value = value_from(&expanded);
                self.assigned(name, value.clone(), span);
                self.put(&value, build);
            }
            Which::Default | Which::Alternative => {
                self.operand(word, build);
            }
        }
    }

    /// An operand word in the place of the expansion.
    fn operand(&mut self, word: &Word, build: &mut Build) {
        match build.mode {
            Mode::Quoted | Mode::Single => self.parts(&word.parts, build),
            Mode::Fields => {
                // Unquoted text of the operand is split as well, and `"$@"` may stand in it.
                let mut inner = Build::new(Mode::Fields);
                self.parts(&word.parts, &mut inner);
                let simple = word.parts.iter().all(|part| {
                    matches!(
                        part.kind,
                        WordPartKind::SingleQuoted(_)
                            | WordPartKind::DoubleQuoted(_)
                            | WordPartKind::Escaped(_)
                            | WordPartKind::AnsiC(_)
                            | WordPartKind::Param(_)
                            | WordPartKind::Command(_)
                            | WordPartKind::Backquoted(_)
                            | WordPartKind::Arith(_)
                    ) || matches!(&part.kind, WordPartKind::Literal(bytes)
                        if !bytes.iter().any(|byte| b" \t\n*?[]()~\\".contains(byte)))
                });
                let plain = self.ifs_is_plain();
                match inner.ways.as_slice() {
                    [way] if simple && plain && self.bash_or_unsplit(way) => {
                        let way = way.clone();
                        build.each(|target| {
                            let mut fields = way.done.iter().chain(&way.open).peekable();
                            while let Some(field) = fields.next() {
                                let joined = target.field();
                                joined.bits.extend(field.bits.iter().cloned());
                                joined.any |= field.any;
                                joined.expanded = true;
                                if fields.peek().is_some() {
                                    target.close();
                                }
                            }
                        });
                    }
                    _ => {
                        if let Some(words) = self.split_literal(word) {
                            let plain = self.ifs_is_plain();
                            build.values(&[words], plain);
                        } else {
                            build.unknown();
                        }
                    }
                }
            }
        }
    }

    fn bash_or_unsplit(&self, way: &Way) -> bool {
        way.done.is_empty()
    }

    /// An unquoted operand of plain text only: it is split like a value.
    fn split_literal(&self, word: &Word) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        for part in &word.parts {
            if let WordPartKind::Literal(bytes) = &part.kind {
                text.extend_from_slice(bytes);
            } else {
                return None;
            }
        }
        (!text.iter().any(|byte| b"*?[]()~\\".contains(byte))).then_some(text)
    }

    /// `$@`, `$*` and what braces do with them.
    fn all_positional(&mut self, param: &Param, build: &mut Build) {
        if param.op != ParamOp::Value {
            if param.op == ParamOp::Length && self.ifs_is_plain() {
                build.each(|way| way.unknown(false));
            } else {
                build.unknown();
            }
            return;
        }
        let plain = self.ifs_is_plain();
        let Some(words) = self.state.positional.clone() else {
            build.unknown();
            return;
        };
        if !plain || words.len() > MAX_FIELDS {
            build.unknown();
            return;
        }
        let mut first = true;
        for word in words.iter() {
            if !first {
                match build.mode {
                    Mode::Fields => build.each(Way::close),
                    Mode::Single | Mode::Quoted => build.text(b" ", true),
                }
            }
            first = false;
            match (word.values(), word.count) {
                (Some(values), Count::One) => build.values(values, true),
                (Some(_) | None, Count::One | Count::Any) => build.unknown(),
            }
        }
    }

    /// What a name that is not `@` or `*` holds.
    pub(super) fn value_of(&mut self, name: &[u8]) -> Value {
        match name {
            b"?" | b"#" | b"$" => Value::Number,
            b"!" | b"-" | b"0" => Value::Unknown,
            digits if digits.iter().all(u8::is_ascii_digit) => self.positional(digits),
            name => self.var(name).value,
        }
    }

    fn positional(&self, digits: &[u8]) -> Value {
        let Some(words) = &self.state.positional else {
            return Value::Unknown;
        };
        let Some(index) = std::str::from_utf8(digits)
            .ok()
            .and_then(|digits| digits.parse::<usize>().ok())
            .and_then(|number| number.checked_sub(1))
        else {
            return Value::Unknown;
        };
        let before = words.get(..index.min(words.len())).unwrap_or_default();
        if before.iter().any(|word| word.count == Count::Any) {
            return Value::Unknown;
        }
        match words.get(index) {
            None => Value::Unset,
            Some(word) if word.count == Count::Any => Value::Unknown,
            Some(word) => value_from(word),
        }
    }

    /// A subscript outside of an assignment: the shell evaluates it as arithmetic or takes it as a key.
    pub(super) fn subscript(&mut self, subscript: &Word) {
        let word = self.single(subscript);
        if !self.is_harmless_subscript(&word) {
            self.opaque(subscript.span, "a subscript that is evaluated again");
        }
    }

    fn is_harmless_subscript(&mut self, word: &ActionWord) -> bool {
        let Some(values) = word.values() else {
            return is_number_shaped(word);
        };
        let values = values.to_vec();
        values.iter().all(|value| {
            matches!(value.as_slice(), b"@" | b"*") || self.is_harmless_expression(value)
        })
    }

    /// What runs in the operands of an expansion whose value is not followed.
    fn operands(&mut self, param: &Param, span: Span) {
        match &param.op {
            ParamOp::Value | ParamOp::Length | ParamOp::Names => {}
            ParamOp::Default(..)
            | ParamOp::Alternative(..)
            | ParamOp::Strip(..)
            | ParamOp::Replace(..)
            | ParamOp::Case(..) => {}
            ParamOp::Indirect(_)
            | ParamOp::Assign(..)
            | ParamOp::Error(..)
            | ParamOp::Slice(..)
            | ParamOp::Transform(_) => self.may_fault(),
        }
        match &param.op {
            ParamOp::Value | ParamOp::Length | ParamOp::Names => {}
            ParamOp::Indirect(inner) => {
                let inner = Param {
                    name: param.name.clone(),
                    subscript: None,
                    op: (**inner).clone(),
                    braced: true,
                };
                let value = self.value_of(&param.name);
                let harmless = param.subscript.is_none()
                    && match &value {
                        Value::Values(values) => values.iter().all(|value| is_name(value)),
                        Value::Unset | Value::Number => true,
                        Value::List(_) | Value::Unknown => false,
                    };
                if !harmless {
                    self.opaque(
                        span,
                        format!("`${{!{}}}` evaluates a name again", shown(&param.name)),
                    );
                }
                self.deeper(|walker| walker.operands(&inner, span));
            }
            ParamOp::Default(_, word)
            | ParamOp::Error(_, word)
            | ParamOp::Alternative(_, word)
            | ParamOp::Strip(_, word)
            | ParamOp::Case(_, word) => self.maybe_expanded(word),
            ParamOp::Assign(_, word) => {
                self.maybe_expanded(word);
                // The target may be computed (`${!x:=v}`) or an element.
                if param.subscript.is_some() || matches!(param.name.as_slice(), b"@" | b"*") {
                    self.opaque(span, "an expansion that assigns to an element");
                    self.forget_all();
                } else {
                    self.opaque(span, "an expansion that assigns to a computed name");
                    self.forget_all();
                }
            }
            ParamOp::Replace(_, pattern, replacement) => {
                self.maybe_expanded(pattern);
                if let Some(replacement) = replacement {
                    self.maybe_expanded(replacement);
                }
            }
            ParamOp::Slice(offset, length) => {
                self.arith(offset);
                if let Some(length) = length {
                    self.arith(length);
                }
            }
            ParamOp::Transform(letter) => {
                if *letter == b'P' {
                    self.opaque(
                        span,
                        "`@P` expands a value as a prompt, which may run commands",
                    );
                    self.forget_all();
                }
            }
        }
    }

    /// A word that is expanded or not.
    fn maybe_expanded(&mut self, word: &Word) {
        let before = self.state.clone();
        self.deeper(|walker| {
            walker.single(word);
        });
        let after = self.state.clone();
        if let Some(state) = self.join(Some(before), Some(after)) {
            self.state = state;
        }
    }

    /// The value of a variable from outside this module.
    pub(super) fn known_var(&mut self, name: &[u8]) -> Option<Vec<u8>> {
        match self.var(name).value {
            Value::Values(values) => match values.as_slice() {
                [only] => Some(only.clone()),
                [] | [_, ..] => None,
            },
            Value::Unset | Value::List(_) | Value::Number | Value::Unknown => None,
        }
    }

    /// Whether the name is used already: a function, a program or an alias that something may call.
    pub(super) fn name_is_used(&mut self, name: &[u8]) -> bool {
        let folder = self.state.folder.clone();
        self.state.names_changed
            || self.world.function(name) != Known::Yes(None)
            || self.world.alias(name) != Known::Yes(None)
            || self.world.program(name, &folder) != Known::Yes(None)
    }
}

/// Whether a substitution holds a here-document and more than one pipeline of simple commands.
///
/// bash 5.2 does not run a substitution's text but prints the tree that it read and reads that again, and
/// loses the `;` between the commands behind a here-document: `echo b; echo c` runs as `echo b echo c`.
fn reprinted_badly(script: &Script) -> bool {
    let here_doc =
        |redirects: &[Redirect]| redirects.iter().any(|redirect| redirect.here_doc.is_some());
    let any = guardsh_syntax::scripts_in(script).iter().any(|script| {
        script.statements.iter().any(|statement| {
            std::iter::once(&statement.list.first)
                .chain(statement.list.rest.iter().map(|(_, pipeline)| pipeline))
                .flat_map(|pipeline| &pipeline.stages)
                .any(|stage| match &stage.command {
                    Command::Simple(simple) => here_doc(&simple.redirects),
                    Command::Compound(compound) => here_doc(&compound.redirects),
                    Command::Function(function) => here_doc(&function.body.redirects),
                    Command::Coproc(_) => true,
                })
        })
    });
    if !any {
        return false;
    }
    let [statement] = script.statements.as_slice() else {
        return true;
    };
    statement.end == StatementEnd::Background
        || std::iter::once(&statement.list.first)
            .chain(statement.list.rest.iter().map(|(_, pipeline)| pipeline))
            .flat_map(|pipeline| &pipeline.stages)
            .any(|stage| !matches!(stage.command, Command::Simple(_)))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Default,
    Assign,
    Alternative,
}

/// Whether a value is surely there.
fn is_settled(value: &Value) -> bool {
    match value {
        Value::Values(_) | Value::Number => true,
        Value::Unset | Value::List(_) | Value::Unknown => false,
    }
}

/// What an assignment of this word stores.
pub(super) fn value_from(word: &ActionWord) -> Value {
    match word.values() {
        Some(values) if values.len() <= MAX_VALUES => {
            if values.iter().map(Vec::len).sum::<usize>() > MAX_BYTES {
                return Value::Unknown;
            }
            let mut values = values.to_vec();
            values.sort();
            values.dedup();
            Value::Values(values)
        }
        Some(_) => Value::Unknown,
        None if is_number_shaped(word) => Value::Number,
        None => Value::Unknown,
    }
}

/// Whether a dynamic word can only be a number. Pieces do not say so: never.
fn is_number_shaped(_word: &ActionWord) -> bool {
    false
}

/// `[A-Za-z_][A-Za-z0-9_]*`
pub(super) fn is_name(bytes: &[u8]) -> bool {
    bytes
        .first()
        .is_some_and(|first| first.is_ascii_alphabetic() || *first == b'_')
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// `$@`, `$*`, `${a[@]}`, `${a[*]}`, `${!x@}`, and whatever is not plainly one word.
fn is_list(param: &Param) -> bool {
    matches!(param.name.as_slice(), b"@")
        || param
            .subscript
            .as_ref()
            .is_some_and(|subscript| single_index(subscript).is_none())
        || matches!(
            param.op,
            ParamOp::Names
                | ParamOp::Indirect(_)
                | ParamOp::Default(..)
                | ParamOp::Alternative(..)
                | ParamOp::Assign(..)
        ) && operand_lists(param)
}

/// Whether an operand may hold `$@`, which splits even inside quotes.
fn operand_lists(param: &Param) -> bool {
    match &param.op {
        ParamOp::Default(_, word) | ParamOp::Alternative(_, word) | ParamOp::Assign(_, word) => {
            word_lists(word)
        }
        ParamOp::Names | ParamOp::Indirect(_) => true,
        ParamOp::Value
        | ParamOp::Length
        | ParamOp::Error(..)
        | ParamOp::Strip(..)
        | ParamOp::Replace(..)
        | ParamOp::Slice(..)
        | ParamOp::Case(..)
        | ParamOp::Transform(_) => false,
    }
}

fn word_lists(word: &Word) -> bool {
    word.parts.iter().any(|part| match &part.kind {
        WordPartKind::Param(param) => is_list(param),
        WordPartKind::DoubleQuoted(parts) | WordPartKind::Localized(parts) => parts
            .iter()
            .any(|part| matches!(&part.kind, WordPartKind::Param(param) if is_list(param))),
        WordPartKind::Literal(_)
        | WordPartKind::Escaped(_)
        | WordPartKind::SingleQuoted(_)
        | WordPartKind::AnsiC(_)
        | WordPartKind::Command(_)
        | WordPartKind::Backquoted(_)
        | WordPartKind::Arith(_)
        | WordPartKind::Process(..)
        | WordPartKind::Star
        | WordPartKind::Question
        | WordPartKind::Bracket(_)
        | WordPartKind::ExtGlob(..)
        | WordPartKind::BraceList(_)
        | WordPartKind::BraceRange(_)
        | WordPartKind::Tilde(_)
        | WordPartKind::ArrayLiteral(_) => false,
    })
}

fn single_index(subscript: &Word) -> Option<usize> {
    let [
        WordPart {
            kind: WordPartKind::Literal(bytes),
            ..
        },
    ] = subscript.parts.as_slice()
    else {
        return None;
    };
    if !super::state::is_plain_integer(bytes) {
        return None;
    }
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

fn pieces(bits: &[Bit]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for bit in bits {
        match bit {
            Bit::Text { bytes, .. } if bytes.is_empty() => {}
            Bit::Text { bytes, .. } => {
                if let Some(Piece::Known(last)) = pieces.last_mut() {
                    last.extend_from_slice(bytes);
                } else {
                    pieces.push(Piece::Known(bytes.clone()));
                }
            }
            Bit::Star => pieces.push(Piece::Star),
            Bit::Question => pieces.push(Piece::Question),
            Bit::Bracket(bytes) => pieces.push(Piece::Bracket(bytes.clone())),
            Bit::Unknown => {
                if pieces.last() != Some(&Piece::Unknown) {
                    pieces.push(Piece::Unknown);
                }
            }
        }
    }
    pieces
}

fn path_bytes(path: PathBuf) -> Vec<u8> {
    use std::os::unix::ffi::OsStringExt;
    path.into_os_string().into_vec()
}

/// `${x#p}`, `${x##p}`, `${x%p}`, `${x%%p}` where everything is known and plain.
fn strip(value: &Value, op: &str, pattern: &ActionWord) -> Option<Value> {
    let Value::Values(values) = value else {
        return matches!(value, Value::Unset).then(|| Value::one(Vec::new()));
    };
    let WordState::Literal(pattern) = &pattern.state else {
        return None;
    };
    // Quotes in the pattern are gone by now, so a star may have been a quoted one: only patterns
    // without anything special are followed.
    if !pattern.is_ascii() || pattern.iter().any(|byte| b"*?[]\\()!+@|".contains(byte)) {
        return None;
    }
    let stripped = values
        .iter()
        .map(|value| {
            match op {
                "#" | "##" => value.strip_prefix(pattern.as_slice()),
                _ => value.strip_suffix(pattern.as_slice()),
            }
            .unwrap_or(value)
            .to_vec()
        })
        .collect();
    Some(Value::Values(stripped))
}

/// What came of brace expansion.
enum Braces {
    Expanded,
    /// Not exactly known.
    Unsure,
    /// The text that comes out would be read as another expansion.
    MakesExpansion,
}

pub(super) fn has_braces(parts: &[WordPart]) -> bool {
    parts.iter().any(|part| {
        matches!(
            part.kind,
            WordPartKind::BraceList(_) | WordPartKind::BraceRange(_)
        )
    })
}

/// Replaces brace lists by the words they stand for, before anything else expands.
fn braces(parts: &[WordPart], all: &mut Vec<Vec<WordPart>>, depth: usize) -> Braces {
    let Some(at) = parts.iter().position(|part| {
        matches!(
            part.kind,
            WordPartKind::BraceList(_) | WordPartKind::BraceRange(_)
        )
    }) else {
        if all.len() >= MAX_FIELDS {
            return Braces::Unsure;
        }
        if let Some(trouble) = trouble(parts) {
            return trouble;
        }
        // An empty alternative alone is no word.
        if !parts.is_empty() {
            all.push(parts.to_vec());
        }
        return Braces::Expanded;
    };
    if depth > 16 {
        return Braces::Unsure;
    }
    let before = parts.get(..at).unwrap_or_default();
    let after = parts.get(at + 1..).unwrap_or_default();
    let choices: Vec<Vec<WordPart>> = match parts.get(at).map(|part| (&part.kind, part.span)) {
        Some((WordPartKind::BraceList(words), _)) => {
            words.iter().map(|word| word.parts.clone()).collect()
        }
        Some((WordPartKind::BraceRange(text), span)) => match range(text) {
            Some(values) => values
                .into_iter()
                .map(|value| {
                    vec![WordPart {
                        kind: WordPartKind::Literal(value),
                        span,
                    }]
                })
                .collect(),
            None => return Braces::Unsure,
        },
        Some(_) | None => return Braces::Unsure,
    };
    for choice in choices {
        let mut whole = before.to_vec();
        whole.extend(choice);
        whole.extend_from_slice(after);
        match braces(&whole, all, depth + 1) {
            Braces::Expanded => {}
            stop @ (Braces::Unsure | Braces::MakesExpansion) => return stop,
        }
    }
    Braces::Expanded
}

/// Parts that came together by brace expansion and would be read anew.
fn trouble(parts: &[WordPart]) -> Option<Braces> {
    let mut dollar = false;
    // `{$x,b}c` makes `$xc`.
    let mut open_name = false;
    for part in parts {
        if dollar {
            return Some(Braces::MakesExpansion);
        }
        if let WordPartKind::Literal(bytes) = &part.kind {
            dollar = bytes.ends_with(b"$");
            if bytes.starts_with(b"~")
                || open_name
                    && bytes
                        .first()
                        .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_[".contains(byte))
            {
                return Some(Braces::Unsure);
            }
            if bytes
                .windows(2)
                .any(|pair| matches!(pair, [b':' | b'=', b'~']))
            {
                return Some(Braces::Unsure);
            }
        }
        open_name = matches!(&part.kind, WordPartKind::Param(param) if !param.braced);
    }
    None
}

/// `1..9`, `1..9..2`, `a..e` as bash counts them; `None` where that is not sure.
fn range(text: &[u8]) -> Option<Vec<Vec<u8>>> {
    let text = std::str::from_utf8(text).ok()?;
    let mut ends = text.split("..");
    let (from, to, step) = (ends.next()?, ends.next()?, ends.next());
    if ends.next().is_some() {
        return None;
    }
    let step = match step {
        None => 1,
        Some(step) => step.parse::<i64>().ok().filter(|step| *step > 0)?,
    };
    let letters = |end: &str| match end.as_bytes() {
        [letter] if letter.is_ascii_alphabetic() => Some(i64::from(*letter)),
        _ => None,
    };
    if let (Some(first), Some(last)) = (letters(from), letters(to)) {
        // Between the cases lie characters that mean something.
        let same_case = from.as_bytes().first()?.is_ascii_lowercase()
            == to.as_bytes().first()?.is_ascii_lowercase();
        if !same_case {
            return None;
        }
        return Some(
            count(first, last, step)?
                .into_iter()
                .filter_map(|letter| u8::try_from(letter).ok().map(|letter| vec![letter]))
                .collect(),
        );
    }
    if !super::state::is_plain_integer(from.as_bytes())
        || !super::state::is_plain_integer(to.as_bytes())
        || from == "-0"
        || to == "-0"
    {
        // Leading zeros pad.
        return None;
    }
    Some(
        count(from.parse().ok()?, to.parse().ok()?, step)?
            .into_iter()
            .map(|number| number.to_string().into_bytes())
            .collect(),
    )
}

fn count(from: i64, to: i64, step: i64) -> Option<Vec<i64>> {
    let size = usize::try_from(from.abs_diff(to) / step.unsigned_abs()).ok()?;
    if size > MAX_FIELDS {
        return None;
    }
    let step = if from <= to { step } else { -step };
    let mut all = Vec::new();
    let mut next = from;
    for _ in 0..=size {
        all.push(next);
        next = next.checked_add(step)?;
    }
    Some(all)
}
