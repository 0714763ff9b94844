//! Words: what the shell makes of them before a command sees them.
//!
//! A word becomes fields as the shell makes them: braces, tilde, parameters, substitutions, splitting,
//! quote removal. Where a part may have several values each is followed, up to a bound; where one is not
//! known the field is dynamic. What runs while a word expands is walked on the way.

use super::alias::Aliases;
use super::braces::{Braces, braces, has_braces};
use super::fields::{Bit, Build, Field, MAX_BRACED, MAX_BYTES, MAX_FIELDS, Mode, Way, pieces};
use super::state::{MAX_VALUES, Value};
use super::{Walker, dynamic};
use crate::action::{ActionWord, Count, Folder, Piece, WordState};
use crate::world::Known;
use guardsh_syntax::{
    ArrayElement, Command, Param, ParamOp, ProcessDirection, Redirect, Script, Span, StatementEnd,
    Word, WordPart, WordPartKind,
};

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

    pub(super) fn parts(&mut self, parts: &[WordPart], build: &mut Build) {
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
                // A catalogue may translate it into anything, and bash expands what it says.
                if self.var(b"TEXTDOMAIN").value != Value::Unset {
                    self.opaque(part.span, "a `$\"` quote, which a catalogue may translate");
                }
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

/// Whether a value is surely there.
pub(super) fn is_settled(value: &Value) -> bool {
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
        None => Value::Unknown,
    }
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
pub(super) fn is_list(param: &Param) -> bool {
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

pub(super) fn single_index(subscript: &Word) -> Option<usize> {
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
