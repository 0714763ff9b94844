//! What builtins do to the shell.

use super::assign::prompt_is_plain;
use super::call::{Call, Lookup, texts};
use super::expand::is_name;
use super::redirect::Input;
use super::state::{Value, is_plain_integer};
use super::{Change, Outcome, Walker, shown};
use crate::action::{ActionWord, Count, Folder, Piece, Program, Run, Standing, WordState};
use crate::world::Known;
use guardsh_syntax::Span;
use std::rc::Rc;

impl Walker<'_> {
    /// A builtin: its action, and what it does to the shell.
    pub(super) fn builtin(&mut self, name: &[u8], call: &Call, program: Program) -> Outcome {
        let operands = call.argv.get(1..).unwrap_or_default();
        let standing = match name {
            b"eval" | b"command" | b"builtin" | b"exec" | b"export" | b"declare" | b"typeset"
            | b"local" | b"readonly" | b"unset" => Standing::Transparent,
            _ => Standing::Judged,
        };
        self.run(
            Run {
                argv: call.argv.clone(),
                program,
                standing,
                reads_below: Vec::new(),
            },
            call.span,
        );
        self.builtin_effect(name, call, operands)
    }

    fn builtin_effect(&mut self, name: &[u8], call: &Call, operands: &[ActionWord]) -> Outcome {
        let span = call.span;
        match name {
            b":" | b"true" | b"false" | b"echo" | b"pwd" | b"kill" | b"jobs" | b"bg" | b"fg"
            | b"times" | b"umask" | b"ulimit" | b"type" | b"help" | b"suspend" | b"caller"
            | b"disown" | b"break" | b"continue" | b"logout"
                if name != b"jobs" =>
            {
                match name {
                    // A job that goes on was judged when it was started.
                    b"kill" | b"fg" | b"bg" => self.ran(),
                    _ => {}
                }
                if name == b"logout" {
                    return self.leaves();
                }
            }
            b"exit" => return self.leaves(),
            b"return" => self.journal.push(Change::Return),
            b"jobs" => return self.jobs(call, operands),
            b"test" | b"[" => self.test_builtin(name, operands, span),
            b"eval" => return self.eval(call, operands),
            b"command" => return self.command_builtin(call),
            b"builtin" => return self.inner(call, 1, Lookup::Builtins, "builtin"),
            b"exec" => return self.exec(call, operands),
            b"source" | b"." => self.source_file(call, operands),
            b"cd" | b"chdir" => return self.cd(call, operands),
            b"pushd" => return self.pushd(operands),
            b"popd" => {
                self.change_folder(Folder::Unknown);
            }
            b"dirs" => {}
            b"export" | b"readonly" | b"declare" | b"typeset" | b"local" => {
                self.declare(name, call, operands);
            }
            b"unset" => self.unset(operands, span),
            b"read" => self.read_builtin(operands, span),
            b"mapfile" | b"readarray" => self.mapfile(operands, span),
            b"printf" => self.printf(operands, span),
            b"getopts" => self.getopts(operands, span),
            b"let" => self.let_builtin(operands, span),
            b"wait" => self.wait(operands, span),
            b"trap" => self.trap(operands, span),
            b"alias" => self.alias_builtin(operands, span),
            b"unalias" => self.change_names(),
            b"hash" => {
                if !operands.is_empty() {
                    self.change_files();
                }
            }
            b"enable" => {
                if !operands.is_empty() {
                    self.opaque(span, "`enable` changes which names are builtins");
                    self.change_names();
                }
            }
            b"set" => self.set_builtin(operands, span),
            b"shopt" => self.shopt(operands, span),
            b"shift" => {
                self.journal.push(Change::Positional);
                self.shift(operands);
            }
            b"history" => {
                if !operands.is_empty()
                    && texts(operands).is_none_or(|texts| {
                        texts
                            .iter()
                            .any(|text| !text.iter().all(u8::is_ascii_digit))
                    })
                {
                    self.opaque(span, "`history` with options changes or writes the history");
                }
            }
            b"fc" => {
                let lists = operands
                    .first()
                    .and_then(ActionWord::value)
                    .is_some_and(|option| option == b"-l");
                if !lists {
                    self.opaque(span, "`fc` runs commands from the history");
                    self.forget_all();
                }
            }
            b"bind" | b"complete" | b"compgen" | b"compopt" => {
                if !operands.is_empty() {
                    self.opaque(
                        span,
                        format!("`{}` may run commands by itself", shown(name)),
                    );
                    self.forget_all();
                }
            }
            _ => {
                self.opaque(
                    span,
                    format!("the builtin `{}`, which is not known", shown(name)),
                );
                self.forget_all();
            }
        }
        if name == b"true" || name == b":" {
            return Outcome {
                ok: Some(self.state.clone()),
                fail: None,
            };
        }
        if name == b"false" {
            return Outcome {
                ok: None,
                fail: Some(self.state.clone()),
            };
        }
        self.same()
    }

    /// `exit`: nothing after it is reached, except that an interactive shell with stopped jobs stays.
    fn leaves(&mut self) -> Outcome {
        if self.shell.live && self.world.interactive() != Known::Yes(false) {
            return self.same();
        }
        Outcome {
            ok: None,
            fail: None,
        }
    }

    fn jobs(&mut self, call: &Call, operands: &[ActionWord]) -> Outcome {
        match operands.first().map(|word| word.value()) {
            Some(Some(b"-x")) => self.inner(call, 2, Lookup::Files, "jobs"),
            Some(None) => {
                self.opaque(call.span, "`jobs` with words that are not known");
                self.same()
            }
            Some(Some(_)) | None => self.same(),
        }
    }

    fn eval(&mut self, call: &Call, operands: &[ActionWord]) -> Outcome {
        let mut operands = operands;
        if let Some((first, rest)) = operands.split_first()
            && first.value() == Some(b"--")
        {
            operands = rest;
        }
        match texts(operands) {
            Some(texts) => {
                let text = texts.join(&b' ');
                if text.starts_with(b"-") {
                    self.opaque(call.span, "`eval` with options");
                    self.forget_all();
                    return self.same();
                }
                self.via("eval", |walker| walker.text_again(&text, call.span));
            }
            None => {
                self.opaque(call.span, "`eval` of text that is not known");
                self.forget_all();
            }
        }
        self.same()
    }

    fn command_builtin(&mut self, call: &Call) -> Outcome {
        let mut at = 1;
        let mut shows = false;
        while let Some(word) = call.argv.get(at) {
            let Some(value) = word.value() else {
                break;
            };
            match value {
                b"--" => {
                    at += 1;
                    break;
                }
                b"-p" => {
                    // The default PATH: not the one that the world answers for.
                    let mut call = call.clone();
                    call.elsewhere = true;
                    return self.inner(&call, at + 1, Lookup::NoFunctions, "command");
                }
                b"-v" | b"-V" => {
                    shows = true;
                    at += 1;
                }
                option if option.starts_with(b"-") && option.len() > 1 => {
                    self.opaque(call.span, "`command` with options that are not known");
                    self.forget_all();
                    return self.same();
                }
                _ => break,
            }
        }
        if shows || at >= call.argv.len() {
            return self.same();
        }
        self.inner(call, at, Lookup::NoFunctions, "command")
    }

    /// The command in the words from `at` on.
    pub(super) fn inner(&mut self, call: &Call, at: usize, lookup: Lookup, via: &str) -> Outcome {
        let argv: Vec<ActionWord> = call.argv.get(at..).unwrap_or_default().to_vec();
        if argv.is_empty() {
            return self.same();
        }
        let inner = Call {
            argv,
            lookup,
            span: call.span,
            input: call.input.clone(),
            elsewhere: call.elsewhere,
            declares: false,
            foreign: call.foreign,
        };
        let mut outcome = None;
        self.deeper(|walker| {
            outcome = Some(walker.via(via, |walker| walker.call(inner)));
        });
        outcome.unwrap_or_else(|| self.same())
    }

    fn exec(&mut self, call: &Call, operands: &[ActionWord]) -> Outcome {
        let mut at = 1;
        let mut rest = operands;
        while let Some((word, after)) = rest.split_first() {
            match word.value() {
                Some(b"--") => {
                    at += 1;
                    break;
                }
                Some(b"-c" | b"-l" | b"-cl" | b"-lc") if self.bash() => {
                    at += 1;
                    rest = after;
                }
                Some(b"-a") if self.bash() => {
                    at += 2;
                    rest = after.get(1..).unwrap_or_default();
                }
                Some(value) if value.starts_with(b"-") && value.len() > 1 => {
                    self.opaque(call.span, "`exec` with options that are not known");
                    self.forget_all();
                    return self.same();
                }
                Some(_) | None => break,
            }
        }
        if at >= call.argv.len() {
            // Only redirections, which stay.
            if self.state.outputs & 0b110 != 0b110 {
                self.opaque(
                    call.span,
                    "`exec` leaves the shell an output that was not opened for writing",
                );
            }
            // Standard input may now be anything.
            if call.input != Input::Same
                && !(self.shell.live && self.world.interactive() == Known::Yes(true))
            {
                self.opaque(call.span, "`exec` gives the shell another standard input");
            }
            return self.same();
        }
        let outcome = self.inner(call, at, Lookup::Files, "exec");
        // Where it fails an interactive shell goes on.
        self.settle(outcome);
        self.same()
    }

    fn source_file(&mut self, call: &Call, operands: &[ActionWord]) {
        let operands = match operands.split_first() {
            Some((first, rest)) if first.value() == Some(b"--") => rest,
            Some(_) | None => operands,
        };
        let Some((file, arguments)) = operands.split_first() else {
            return;
        };
        self.path_use(false, file.clone(), "source", false, call.span);
        let path = file.value().map(<[u8]>::to_vec);
        if let Some(path) = path {
            if path.contains(&b'/') && self.source_walked(&path, arguments, call) {
                return;
            }
            self.opaque_suggesting(
                call.span,
                format!("sources `{}`, whose commands are not judged", shown(&path)),
                None,
            );
        } else {
            self.opaque(call.span, "sources a file that is not known");
        }
        self.forget_all();
    }

    /// Walks a sourced file that nobody but root can change between now and then.
    fn source_walked(&mut self, path: &[u8], arguments: &[ActionWord], call: &Call) -> bool {
        let Folder::Known(path) = self.folder_from(path) else {
            return false;
        };
        if !self.world.is_fixed(&path) {
            return false;
        }
        let limit = 256 * 1024;
        let Some(text) = self.world.read_file(&path, limit) else {
            return false;
        };
        if text.len() > limit
            || guardsh_syntax::read(&text, self.shell.dialect, self.shell.options).is_err()
        {
            return false;
        }
        let mark = self.journal.len();
        let positional = self.state.positional.clone();
        if !arguments.is_empty() {
            self.state.positional = Some(Rc::new(arguments.to_vec()));
        }
        let entry = self.state.clone();
        self.via(format!("source {}", path.display()), |walker| {
            walker.text_again(&text, call.span);
        });
        if !arguments.is_empty() {
            self.state.positional = positional;
        }
        // `return` may end it anywhere.
        if self
            .journal
            .get(mark..)
            .unwrap_or_default()
            .contains(&Change::Return)
        {
            self.state = entry;
            self.blur(mark);
        }
        true
    }

    fn cd(&mut self, call: &Call, operands: &[ActionWord]) -> Outcome {
        let failed = self.state.clone();
        let target = self.cd_target(operands);
        let sure = match &target {
            Folder::Known(path) => {
                !self.files_made && self.world.is_folder(path) == Known::Yes(true)
            }
            Folder::Unknown => false,
        };
        let _ = call;
        self.change_folder(target);
        Outcome {
            ok: Some(self.state.clone()),
            fail: (!sure).then_some(failed),
        }
    }

    fn cd_target(&mut self, operands: &[ActionWord]) -> Folder {
        for option in ["cdspell", "cdable_vars", "physical"] {
            if !self.surely_off(option) {
                return Folder::Unknown;
            }
        }
        let mut rest = operands;
        while let Some((word, after)) = rest.split_first() {
            match word.value() {
                Some(b"--") => {
                    rest = after;
                    break;
                }
                Some(b"-L") => rest = after,
                Some(b"-") => break,
                Some(value) if value.starts_with(b"-") => return Folder::Unknown,
                Some(_) | None => break,
            }
        }
        match rest {
            [] => match self.known_var(b"HOME") {
                Some(home) if home.starts_with(b"/") => self.folder_from(&home),
                Some(_) | None => Folder::Unknown,
            },
            [only] => match (only.value(), only.count) {
                (Some(b"-"), _) => self.state.old_folder.clone(),
                (Some(path), Count::One) => {
                    let path = path.to_vec();
                    if path.is_empty() {
                        return Folder::Unknown;
                    }
                    let anchored = path.starts_with(b"/")
                        || path.starts_with(b"./")
                        || path.starts_with(b"../")
                        || path == b"."
                        || path == b"..";
                    if !anchored {
                        match self.var(b"CDPATH").value {
                            Value::Unset => {}
                            Value::Values(values) if values.iter().all(Vec::is_empty) => {}
                            Value::Values(_) | Value::List(_) | Value::Number | Value::Unknown => {
                                return Folder::Unknown;
                            }
                        }
                    }
                    self.folder_from(&path)
                }
                (Some(_) | None, _) => Folder::Unknown,
            },
            [_, _, ..] => Folder::Unknown,
        }
    }

    fn pushd(&mut self, operands: &[ActionWord]) -> Outcome {
        let failed = self.state.clone();
        let target = match operands {
            [only]
                if only
                    .value()
                    .is_some_and(|value| !value.starts_with(b"-") && !value.starts_with(b"+")) =>
            {
                self.cd_target(operands)
            }
            _ => Folder::Unknown,
        };
        self.change_folder(target);
        Outcome {
            ok: Some(self.state.clone()),
            fail: Some(failed),
        }
    }

    /// Names that a builtin stores something in.
    fn stored(&mut self, word: &ActionWord, span: Span) {
        match word.value().map(<[u8]>::to_vec) {
            Some(name) if is_name(&name) => self.assigned(&name, Value::Unknown, span),
            Some(_) => {
                self.opaque(
                    span,
                    "stores into an element, whose subscript is evaluated again",
                );
                self.forget_all();
            }
            None => self.computed(span),
        }
    }

    fn read_builtin(&mut self, operands: &[ActionWord], span: Span) {
        let mut rest = operands;
        let mut names = 0;
        while let Some((word, after)) = rest.split_first() {
            let Some(value) = word.value() else {
                if word.count == Count::Any || self.may_be_option(word) {
                    self.computed(span);
                    return;
                }
                break;
            };
            if value == b"--" {
                rest = after;
                break;
            }
            let Some(flags) = value.strip_prefix(b"-").filter(|flags| !flags.is_empty()) else {
                break;
            };
            rest = after;
            let mut flags = flags.iter();
            while let Some(flag) = flags.next() {
                match flag {
                    b'r' | b's' | b'e' | b'E' => {}
                    b'a' | b'd' | b'i' | b'n' | b'N' | b'p' | b't' | b'u' => {
                        let attached: Vec<u8> = flags.by_ref().copied().collect();
                        let argument = if attached.is_empty() {
                            match rest.split_first() {
                                Some((argument, behind)) => {
                                    rest = behind;
                                    argument.clone()
                                }
                                None => return,
                            }
                        } else {
                            super::call::known(&attached)
                        };
                        match flag {
                            b'a' => {
                                names += 1;
                                self.stored(&argument, span);
                            }
                            b'u' => self.descriptor(&argument, span),
                            _ => {}
                        }
                    }
                    _ => {
                        self.opaque(span, "`read` with options that are not known");
                        self.forget_all();
                        return;
                    }
                }
            }
        }
        for word in rest {
            names += 1;
            self.stored(word, span);
        }
        if names == 0 {
            self.assigned(b"REPLY", Value::Unknown, span);
        }
    }

    /// A descriptor that a builtin reads.
    fn descriptor(&mut self, word: &ActionWord, span: Span) {
        let number = match word.value() {
            Some([digit @ b'0'..=b'7']) => u32::from(digit - b'0'),
            Some(_) | None => u32::MAX,
        };
        if !self.is_free(number) {
            self.opaque(span, "reads a descriptor that no line opened");
        }
    }

    /// Whether a word that is not known may begin with `-`.
    pub(super) fn may_be_option(&self, word: &ActionWord) -> bool {
        match &word.state {
            WordState::Literal(value) => value.starts_with(b"-"),
            WordState::Resolved(values) => values.iter().any(|value| value.starts_with(b"-")),
            WordState::Pattern(pieces) | WordState::Dynamic(pieces) => match pieces.first() {
                Some(Piece::Known(known)) => word.count == Count::Any || known.starts_with(b"-"),
                Some(Piece::Star | Piece::Question | Piece::Bracket(_) | Piece::Unknown) | None => {
                    true
                }
            },
        }
    }

    fn mapfile(&mut self, operands: &[ActionWord], span: Span) {
        let mut rest = operands;
        while let Some((word, after)) = rest.split_first() {
            let Some(value) = word.value() else {
                self.computed(span);
                return;
            };
            match value {
                b"-t" => rest = after,
                b"-d" | b"-n" | b"-O" | b"-s" => rest = after.get(1..).unwrap_or_default(),
                value if value.starts_with(b"-") => {
                    self.opaque(
                        span,
                        "`mapfile` with a callback, a descriptor or options that are not known",
                    );
                    self.forget_all();
                    return;
                }
                _ => break,
            }
        }
        let name = match rest {
            [] => b"MAPFILE".to_vec(),
            [word, ..] => match word.value() {
                Some(name) if is_name(name) => name.to_vec(),
                Some(_) | None => {
                    self.computed(span);
                    return;
                }
            },
        };
        self.assigned(&name, Value::Unknown, span);
    }

    fn printf(&mut self, operands: &[ActionWord], span: Span) {
        let Some((first, rest)) = operands.split_first() else {
            return;
        };
        if !self.bash() {
            return;
        }
        let mut format = operands;
        match first.value().map(<[u8]>::to_vec) {
            Some(value) if value == b"-v" => {
                if let Some(name) = rest.first() {
                    self.stored(&name.clone(), span)
                }
                format = rest.get(1..).unwrap_or_default();
            }
            Some(value) if value.starts_with(b"-v") => {
                let name = super::call::known(value.get(2..).unwrap_or_default());
                self.stored(&name, span);
                format = rest;
            }
            Some(_) => {}
            None => {
                if self.may_be_option(first) {
                    self.opaque(span, "`printf` whose first word may be `-v`");
                    self.forget_all();
                }
            }
        }
        if let [dashes, behind @ ..] = format
            && dashes.value() == Some(b"--")
        {
            format = behind;
        }
        if let [format, _, ..] = format {
            let counts = match &format.state {
                WordState::Literal(text) => counts_into_a_variable(text),
                WordState::Resolved(texts) => texts.iter().any(|text| counts_into_a_variable(text)),
                WordState::Pattern(_) | WordState::Dynamic(_) => true,
            };
            if counts || format.count == Count::Any {
                self.opaque(
                    span,
                    "`printf` whose format may hold `%n`, which sets a variable",
                );
                self.forget_all();
            }
        }
    }

    fn getopts(&mut self, operands: &[ActionWord], span: Span) {
        match operands.get(1) {
            Some(name) => self.stored(&name.clone(), span),
            None => return,
        }
        for name in [&b"OPTARG"[..], b"OPTIND"] {
            self.forget_var(name);
        }
    }

    fn let_builtin(&mut self, operands: &[ActionWord], span: Span) {
        for word in operands {
            let Some(text) = word.value().map(<[u8]>::to_vec) else {
                self.opaque(span, "`let` with an expression that is not known");
                self.forget_all();
                return;
            };
            // One assignment in front is the usual case.
            let (target, expression) = match text.iter().position(|byte| *byte == b'=') {
                Some(at) => {
                    let (target, rest) = text.split_at(at);
                    (
                        Some(target.to_vec()),
                        rest.get(1..).unwrap_or_default().to_vec(),
                    )
                }
                None => match text
                    .strip_suffix(b"++")
                    .or_else(|| text.strip_suffix(b"--"))
                {
                    Some(name) => (Some(name.to_vec()), name.to_vec()),
                    None => (None, text.clone()),
                },
            };
            let target = target.map(|target| {
                target
                    .trim_ascii()
                    .strip_suffix(b"+")
                    .or_else(|| target.trim_ascii().strip_suffix(b"-"))
                    .or_else(|| target.trim_ascii().strip_suffix(b"*"))
                    .unwrap_or(target.trim_ascii())
                    .to_vec()
            });
            let harmless = self.is_harmless_expression(&expression)
                && target
                    .as_ref()
                    .is_none_or(|name| is_name(name) && self.is_harmless_expression(name));
            if !harmless {
                self.opaque(
                    span,
                    "`let` with an expression that evaluates a value again",
                );
                self.forget_all();
                return;
            }
            if let Some(name) = target {
                self.assigned(&name, Value::Number, span);
            }
        }
    }

    fn wait(&mut self, operands: &[ActionWord], span: Span) {
        let mut rest = operands;
        while let Some((word, after)) = rest.split_first() {
            match word.value() {
                Some(b"-p") => {
                    if let Some(name) = after.first() {
                        self.stored(&name.clone(), span);
                    }
                    rest = after.get(1..).unwrap_or_default();
                    continue;
                }
                Some(value) if value.starts_with(b"-p") => {
                    self.stored(
                        &super::call::known(value.get(2..).unwrap_or_default()),
                        span,
                    );
                }
                Some(value)
                    if value.starts_with(b"-") && !matches!(value, b"-n" | b"-f" | b"--") =>
                {
                    self.opaque(span, "`wait` with options that are not known");
                }
                None if self.bash() && self.may_be_option(word) && !after.is_empty() => {
                    self.opaque(span, "`wait` with words that are not known");
                }
                Some(_) | None => {}
            }
            rest = after;
        }
    }

    fn trap(&mut self, operands: &[ActionWord], span: Span) {
        let mut operands = operands;
        if let Some((first, rest)) = operands.split_first()
            && first.value() == Some(b"--")
        {
            operands = rest;
        }
        let Some(texts) = texts(operands) else {
            self.opaque(span, "a trap whose text or signals are not known");
            self.forget_all();
            return;
        };
        let Some((text, signals)) = texts.split_first() else {
            return;
        };
        if matches!(text.as_slice(), b"-l" | b"-p" | b"-P") {
            return;
        }
        if signals.is_empty()
            || text == b"-"
            || text.is_empty()
            || text.iter().all(u8::is_ascii_digit)
        {
            // Reset or ignored.
            return;
        }
        self.trap_set = true;
        let at_exit = signals
            .iter()
            .all(|signal| matches!(signal.as_slice(), b"0" | b"EXIT" | b"exit"));
        if at_exit {
            self.isolated(|walker| {
                walker.state.lose_vars();
                walker.state.base = super::state::Base::Forgotten;
                walker.state.folder = Folder::Unknown;
                walker.state.positional = None;
                walker.via("trap EXIT", |walker| walker.text_again(text, span));
            });
            return;
        }
        let names: Vec<String> = signals.iter().map(|signal| shown(signal)).collect();
        self.later_text(&format!("trap {}", names.join(" ")), text, span);
    }

    fn alias_builtin(&mut self, operands: &[ActionWord], span: Span) {
        for word in operands {
            match word.value().map(<[u8]>::to_vec) {
                Some(value) => {
                    let Some(at) = value.iter().position(|byte| *byte == b'=') else {
                        continue;
                    };
                    let (name, _) = value.split_at(at);
                    if let Some(why) = self.name_is_taken(name) {
                        self.opaque(
                            span,
                            format!("defines an alias named `{}`, {why}", shown(name)),
                        );
                    }
                    self.change_names();
                }
                None => {
                    self.opaque(span, "defines an alias that is not known");
                    self.change_names();
                }
            }
        }
    }

    fn set_builtin(&mut self, operands: &[ActionWord], span: Span) {
        let mut rest = operands;
        while let Some((word, after)) = rest.split_first() {
            let Some(value) = word.value().map(<[u8]>::to_vec) else {
                if self.may_be_option(word) {
                    self.opaque(span, "`set` with options that are not known");
                    self.forget_all();
                    return;
                }
                break;
            };
            match value.as_slice() {
                b"--" | b"-" => {
                    self.journal.push(Change::Positional);
                    self.state.positional = Some(Rc::new(after.to_vec()));
                    return;
                }
                b"-o" | b"+o" => {
                    match after.first().map(|name| name.value().map(<[u8]>::to_vec)) {
                        None => return,
                        Some(Some(name)) => {
                            self.shell_option(&name, value.starts_with(b"-"), span);
                        }
                        Some(None) => {
                            self.opaque(span, "`set -o` with an option that is not known");
                            self.forget_all();
                            return;
                        }
                    }
                    rest = after.get(1..).unwrap_or_default();
                    continue;
                }
                [sign @ (b'-' | b'+'), flags @ ..] if !flags.is_empty() => {
                    let on = *sign == b'-';
                    if let Some((b'o', before)) = flags.split_last() {
                        for flag in before {
                            self.shell_flag(*flag, on, span);
                        }
                        match after.first().map(|name| name.value().map(<[u8]>::to_vec)) {
                            Some(Some(name)) => self.shell_option(&name, on, span),
                            Some(None) => {
                                self.opaque(span, "`set -o` with an option that is not known");
                                self.forget_all();
                                return;
                            }
                            None => {}
                        }
                        rest = after.get(1..).unwrap_or_default();
                        continue;
                    }
                    for flag in flags {
                        self.shell_flag(*flag, on, span);
                    }
                }
                _ => break,
            }
            rest = after;
        }
        if !rest.is_empty() {
            self.journal.push(Change::Positional);
            self.state.positional = Some(Rc::new(rest.to_vec()));
        }
    }

    fn shell_flag(&mut self, flag: u8, on: bool, span: Span) {
        let name: &[u8] = match flag {
            b'a' => b"allexport",
            b'b' => b"notify",
            b'e' => b"errexit",
            b'f' => b"noglob",
            b'h' => b"hashall",
            b'm' => b"monitor",
            b'n' => b"noexec",
            b'u' => b"nounset",
            b'v' => b"verbose",
            b'x' => b"xtrace",
            b'C' => b"noclobber",
            b'E' => b"errtrace",
            b'P' => b"physical",
            b'T' => b"functrace",
            b'I' => b"ignoreeof",
            b'V' => b"vi",
            _ => b"?",
        };
        self.shell_option(name, on, span);
    }

    /// An option of `set -o`.
    pub(super) fn shell_option(&mut self, name: &[u8], on: bool, span: Span) {
        match name {
            b"errexit" | b"nounset" | b"pipefail" | b"noclobber" | b"notify" | b"monitor"
            | b"verbose" | b"errtrace" | b"functrace" | b"ignoreeof" | b"hashall" | b"noexec" => {}
            b"xtrace" => {
                if on {
                    let harmless = match self.var(b"PS4").value {
                        Value::Unset => true,
                        Value::Values(values) => values.iter().all(|value| prompt_is_plain(value)),
                        Value::List(_) | Value::Number | Value::Unknown => false,
                    };
                    if !harmless {
                        self.opaque(span, "`set -x` expands PS4, which may run commands");
                    }
                }
            }
            b"allexport" | b"noglob" | b"physical" => self.change_options(),
            _ => {
                self.opaque(span, format!("`set` changes the option `{}`", shown(name)));
                self.change_options();
                self.change_names();
            }
        }
    }

    fn shopt(&mut self, operands: &[ActionWord], span: Span) {
        let Some(texts) = texts(operands) else {
            self.opaque(span, "`shopt` with words that are not known");
            self.forget_all();
            return;
        };
        let mut sets = false;
        let mut options = false;
        let mut on = false;
        for text in &texts {
            match text.as_slice() {
                b"-s" => {
                    sets = true;
                    on = true;
                }
                b"-u" => sets = true,
                b"-q" | b"-p" => {}
                b"-o" => options = true,
                flags if flags.starts_with(b"-") => {
                    self.opaque(span, "`shopt` with options that are not known");
                    self.forget_all();
                    return;
                }
                name if sets && options => self.shell_option(name, on, span),
                name if sets => match name {
                    b"globstar" | b"nullglob" | b"dotglob" | b"failglob" | b"nocaseglob"
                    | b"nocasematch" | b"checkwinsize" | b"histappend" | b"cmdhist"
                    | b"lithist" | b"checkjobs" | b"globasciiranges" | b"huponexit"
                    | b"mailwarn" | b"inherit_errexit" | b"lastpipe" | b"xpg_echo"
                    | b"globskipdots" => self.change_options(),
                    _ => {
                        self.opaque(span, format!("`shopt` changes `{}`", shown(name)));
                        self.change_options();
                        self.change_names();
                    }
                },
                _ => {}
            }
        }
    }

    fn shift(&mut self, operands: &[ActionWord]) {
        let by = match operands {
            [] => Some(1),
            [only] => only
                .value()
                .filter(|value| is_plain_integer(value))
                .and_then(|value| std::str::from_utf8(value).ok())
                .and_then(|value| value.parse::<usize>().ok()),
            [_, _, ..] => None,
        };
        self.state.positional = match (&self.state.positional, by) {
            (Some(words), Some(by)) => {
                let fixed = words
                    .get(..by)
                    .is_some_and(|gone| gone.iter().all(|word| word.count == Count::One));
                if fixed {
                    Some(Rc::new(words.get(by..).unwrap_or_default().to_vec()))
                } else if words.len() < by && words.iter().all(|word| word.count == Count::One) {
                    // Too many: nothing is shifted.
                    Some(Rc::clone(words))
                } else {
                    None
                }
            }
            (Some(_) | None, _) => None,
        };
    }
}

/// Whether a format of `printf` has a `%n`: bash stores how much was printed in the variable that its word names.
fn counts_into_a_variable(format: &[u8]) -> bool {
    let mut rest = format.iter();
    while let Some(byte) = rest.next() {
        if *byte != b'%' {
            continue;
        }
        let conversion = rest
            .by_ref()
            .find(|byte| !b"#0- +'123456789.*hlLjtz".contains(byte));
        match conversion {
            // A `\\` may spell any byte.
            Some(b'n' | b'\\') => return true,
            // `%(…)T`
            Some(b'(') => {
                let mut open = 1;
                while open > 0 {
                    match rest.next() {
                        Some(b'(') => open += 1,
                        Some(b')') => open -= 1,
                        Some(_) => {}
                        None => return false,
                    }
                }
                if rest.next() != Some(&b'T') {
                    return true;
                }
            }
            Some(_) | None => {}
        }
    }
    false
}
