//! Files that run: wrappers are unwrapped, so that what they start is an action of its own.

use super::call::{Call, Lookup};
use super::{Outcome, Walker, dynamic, shown};
use crate::action::{
    ActionWord, Count, Folder, Piece, Program, Run, SetScope, Standing, WordState,
};
use crate::programs::wrappers::{Kind, READS_BELOW, Wrapper, find, interpreter, is_shell};
use crate::programs::{self, VariableKind};

/// What came of reading a wrapper's own words.
enum Opened {
    /// The command begins at this word.
    At(usize),
    /// There is none.
    Bare,
    /// The words cannot be told apart.
    Unclear(String),
}

/// What a wrapper's options said.
#[derive(Default)]
struct Seen {
    /// Options in order: the letter or long name, and its argument.
    options: Vec<(Vec<u8>, Option<ActionWord>)>,
}

impl Seen {
    fn has(&self, name: &[u8]) -> bool {
        self.options.iter().any(|(seen, _)| seen == name)
    }

    fn argument(&self, names: &[&[u8]]) -> Option<&ActionWord> {
        self.options
            .iter()
            .rev()
            .find(|(seen, _)| names.contains(&seen.as_slice()))
            .and_then(|(_, argument)| argument.as_ref())
    }
}

impl Walker<'_> {
    /// A call that leads to a file, or to nothing known.
    pub(super) fn external(&mut self, name: &[u8], call: &Call, program: Program) -> Outcome {
        let base = base_name(name).to_vec();
        let real = match &program {
            Program::File(facts) => facts
                .real
                .file_name()
                .map(|name| {
                    use std::os::unix::ffi::OsStrExt;
                    name.as_bytes().to_vec()
                })
                .unwrap_or_default(),
            Program::Builtin | Program::Function | Program::Missing | Program::Unknown => {
                Vec::new()
            }
        };
        let shell = if is_shell(&base) {
            Some(base.clone())
        } else if is_shell(&real) {
            Some(real.clone())
        } else {
            None
        };
        // `guardsh -c TEXT` reads its text as bash does, and judges it once more.
        let guard = matches!(&program, Program::File(facts) if self.world.is_guard(facts))
            && call.argv.get(1).and_then(ActionWord::value) == Some(b"-c");
        if guard {
            self.shell_call(&base, b"bash", call, program);
            self.ran();
            return self.same();
        }
        if shell.is_some() {
            self.shell_call(&base, &real, call, program);
            self.ran();
            return self.same();
        }
        let wrapper = find(&base).or_else(|| find(&real));
        let at = self.out.len();
        let reads_below = reads_below(&base, &call.argv);
        self.run(
            Run {
                argv: call.argv.clone(),
                program,
                standing: match wrapper {
                    Some(wrapper) if wrapper.pure => Standing::Transparent,
                    Some(_) | None => Standing::Judged,
                },
                reads_below,
            },
            call.span,
        );
        if let Some(wrapper) = wrapper {
            self.unwrap(&wrapper, call, at);
        } else if let Some(interpreter) = interpreter(&base).or_else(|| interpreter(&real)) {
            self.interpreter_call(&base, &interpreter, call);
        }
        self.ran();
        self.same()
    }

    /// Makes a wrapper that was emitted at `at` need a rule of its own after all.
    fn judged(&mut self, at: usize) {
        if let Some(action) = self.out.get_mut(at)
            && let crate::action::ActionKind::Run(run) = &mut action.kind
        {
            run.standing = Standing::Judged;
        }
    }

    fn unwrap(&mut self, wrapper: &Wrapper, call: &Call, at: usize) {
        match wrapper.kind {
            Kind::Plain | Kind::Env | Kind::Sudo | Kind::Xargs => {}
            Kind::Find => return self.find_call(call),
            Kind::Ssh => return self.ssh(wrapper, call),
            Kind::Container => return self.container(wrapper, call),
            Kind::Su => return self.su(call),
            Kind::Opaque => {
                if let [_] = call.argv.as_slice() {
                    // Even bare, most of them read commands.
                }
                if is_information(&call.argv) {
                    return;
                }
                return self.opaque(
                    call.span,
                    format!(
                        "`{}` starts programs in ways that are not followed",
                        wrapper.name
                    ),
                );
            }
        }
        let mut seen = Seen::default();
        match self.options(wrapper, &call.argv, &mut seen) {
            Opened::At(start) => self.wrapped(wrapper, call, start, &seen),
            Opened::Bare => match wrapper.kind {
                Kind::Xargs => {
                    // Without a command it is `echo`.
                    let argv = vec![
                        ActionWord::literal(*b"echo"),
                        dynamic(*b"(input of xargs)", Count::Any),
                    ];
                    self.wrapped_call(wrapper, call, argv, Lookup::Files, call.elsewhere);
                }
                Kind::Sudo => {
                    if seen.has(b"i") || seen.has(b"s") {
                        self.opaque(
                            call.span,
                            format!("an interactive shell by `{}`", wrapper.name),
                        );
                    }
                }
                Kind::Env => {
                    // It prints the environment.
                    self.judged(at);
                }
                Kind::Plain
                | Kind::Find
                | Kind::Ssh
                | Kind::Container
                | Kind::Su
                | Kind::Opaque => {
                    self.judged(at);
                    if matches!(wrapper.name, "unshare" | "chroot") {
                        self.opaque(
                            call.span,
                            format!("an interactive shell by `{}`", wrapper.name),
                        );
                    }
                }
            },
            Opened::Unclear(why) => {
                self.judged(at);
                if !is_information(&call.argv) {
                    self.opaque(call.span, why);
                }
            }
        }
    }

    /// Finds where a wrapper's command begins.
    fn options(&mut self, wrapper: &Wrapper, argv: &[ActionWord], seen: &mut Seen) -> Opened {
        let unclear = |what: &str| Opened::Unclear(format!("`{}` with {what}", wrapper.name));
        let mut at = 1;
        while let Some(word) = argv.get(at) {
            let Some(value) = word.value().filter(|_| word.count == Count::One) else {
                return unclear("words before its command that are not known");
            };
            if value == b"--" {
                at += 1;
                break;
            }
            if value == b"-" && wrapper.kind == Kind::Env {
                seen.options.push((b"i".to_vec(), None));
                at += 1;
                continue;
            }
            if let Some(long) = value.strip_prefix(b"--") {
                let (name, attached) = match long.iter().position(|byte| *byte == b'=') {
                    Some(equals) => {
                        let (name, rest) = long.split_at(equals);
                        (name, Some(rest.get(1..).unwrap_or_default().to_vec()))
                    }
                    None => (long, None),
                };
                if programs::holds(wrapper.long, name) {
                    seen.options.push((
                        name.to_vec(),
                        attached.map(|value| super::call::known(&value)),
                    ));
                    at += 1;
                    continue;
                }
                if programs::holds(wrapper.long_valued, name) {
                    let argument = match attached {
                        Some(value) => super::call::known(&value),
                        None => {
                            at += 1;
                            match argv.get(at) {
                                Some(word) if word.count == Count::One => word.clone(),
                                Some(_) | None => return unclear("options that are not known"),
                            }
                        }
                    };
                    seen.options.push((name.to_vec(), Some(argument)));
                    at += 1;
                    continue;
                }
                return unclear("options that are not known");
            }
            let Some(cluster) = value.strip_prefix(b"-").filter(|rest| !rest.is_empty()) else {
                break;
            };
            if wrapper.name == "nice" && super::state::is_plain_integer(cluster) {
                at += 1;
                continue;
            }
            let mut letters = cluster.iter();
            while let Some(letter) = letters.next() {
                if wrapper.flags.as_bytes().contains(letter) {
                    seen.options.push((vec![*letter], None));
                } else if wrapper.optional.as_bytes().contains(letter) {
                    let attached: Vec<u8> = letters.by_ref().copied().collect();
                    let argument = (!attached.is_empty()).then(|| super::call::known(&attached));
                    seen.options.push((vec![*letter], argument));
                } else if wrapper.valued.as_bytes().contains(letter) {
                    let attached: Vec<u8> = letters.by_ref().copied().collect();
                    let argument = if attached.is_empty() {
                        at += 1;
                        match argv.get(at) {
                            Some(word) if word.count == Count::One => word.clone(),
                            Some(_) | None => return unclear("options that are not known"),
                        }
                    } else {
                        super::call::known(&attached)
                    };
                    seen.options.push((vec![*letter], Some(argument)));
                } else {
                    return unclear("options that are not known");
                }
            }
            at += 1;
        }
        for _ in 0..wrapper.operands {
            match argv.get(at) {
                Some(word) if word.count == Count::One && word.value().is_some() => at += 1,
                Some(_) => return unclear("words before its command that are not known"),
                None => return Opened::Bare,
            }
        }
        if at >= argv.len() {
            Opened::Bare
        } else {
            Opened::At(at)
        }
    }

    /// Walks the command inside a wrapper whose own words were understood.
    fn wrapped(&mut self, wrapper: &Wrapper, call: &Call, start: usize, seen: &Seen) {
        let mut start = start;
        let mut elsewhere = call.elsewhere || wrapper.elsewhere;
        let folder = self.state.folder.clone();
        match wrapper.kind {
            Kind::Env => {
                elsewhere |= seen.has(b"i") || seen.has(b"ignore-environment");
                for (name, argument) in &seen.options {
                    if matches!(name.as_slice(), b"u" | b"unset") {
                        match argument.as_ref().and_then(ActionWord::value) {
                            Some(name) => {
                                elsewhere |= programs::variable_kind(name) != VariableKind::Plain;
                            }
                            None => elsewhere = true,
                        }
                    }
                }
                if let Some(argument) = seen.argument(&[b"C", b"chdir"]) {
                    self.state.folder = match argument.value() {
                        Some(path) => self.folder_from(path),
                        None => Folder::Unknown,
                    };
                }
            }
            Kind::Sudo => {
                if seen.has(b"i") || seen.has(b"s") || seen.has(b"e") || seen.has(b"R") {
                    self.opaque(
                        call.span,
                        format!("a shell or an editor by `{}`", wrapper.name),
                    );
                }
                if seen.has(b"D") {
                    self.state.folder = Folder::Unknown;
                }
            }
            Kind::Xargs => {
                self.xargs(wrapper, call, start, seen);
                return;
            }
            Kind::Plain | Kind::Find | Kind::Ssh | Kind::Container | Kind::Su | Kind::Opaque => {}
        }
        if wrapper.assignments {
            while let Some(word) = call.argv.get(start) {
                match assignment(word) {
                    Some((name, value)) => {
                        elsewhere |= name.value().is_none_or(|name| {
                            programs::variable_kind(name) != VariableKind::Plain
                        });
                        self.set(name, Some(value), SetScope::Command, call.span);
                        start += 1;
                    }
                    None => {
                        let unclear = word.count == Count::Any
                            || word.values().is_none_or(|values| {
                                values.iter().any(|value| value.contains(&b'='))
                            });
                        if unclear {
                            self.opaque(
                                call.span,
                                format!(
                                    "`{}` with words before its command that are not known",
                                    wrapper.name
                                ),
                            );
                        }
                        break;
                    }
                }
            }
        }
        let argv: Vec<ActionWord> = call.argv.get(start..).unwrap_or_default().to_vec();
        if argv.is_empty() {
            // Assignments alone: `env x=1` prints.
            self.state.folder = folder;
            return;
        }
        self.wrapped_call(wrapper, call, argv, Lookup::Files, elsewhere);
        self.state.folder = folder;
    }

    fn wrapped_call(
        &mut self,
        wrapper: &Wrapper,
        call: &Call,
        argv: Vec<ActionWord>,
        lookup: Lookup,
        elsewhere: bool,
    ) {
        let foreign = call.foreign || wrapper.elsewhere;
        let inner = Call {
            argv,
            lookup,
            span: call.span,
            input: match wrapper.kind {
                // Its own input is not the command's.
                Kind::Xargs => super::redirect::Input::Other,
                Kind::Plain
                | Kind::Env
                | Kind::Sudo
                | Kind::Find
                | Kind::Ssh
                | Kind::Container
                | Kind::Su
                | Kind::Opaque => call.input.clone(),
            },
            elsewhere,
            declares: false,
            foreign,
        };
        let via = wrapper.name;
        // What a program does to itself stays there.
        self.deeper(|walker| {
            walker.isolated(|walker| {
                walker.via(via, |walker| {
                    walker.call(inner);
                });
            });
        });
    }

    fn xargs(&mut self, wrapper: &Wrapper, call: &Call, start: usize, seen: &Seen) {
        let words = call.argv.get(start..).unwrap_or_default();
        let replaces = seen.has(b"I") || seen.has(b"i") || seen.has(b"replace");
        let argv: Vec<ActionWord> = if replaces {
            let mark = seen
                .argument(&[b"I", b"i", b"replace"])
                .map_or(Some(b"{}".to_vec()), |word| {
                    word.value().map(<[u8]>::to_vec)
                });
            words
                .iter()
                .map(|word| match &mark {
                    Some(mark) => with_hole(word, mark),
                    None => dynamic(word.source.clone(), Count::One),
                })
                .collect()
        } else {
            words
                .iter()
                .cloned()
                .chain([dynamic(*b"(input of xargs)", Count::Any)])
                .collect()
        };
        self.wrapped_call(wrapper, call, argv, Lookup::Files, call.elsewhere);
    }

    /// `find`: each `-exec` is a command; what it deletes and writes by itself needs a rule.
    fn find_call(&mut self, call: &Call) {
        let argv = call.argv.get(1..).unwrap_or_default();
        let mut at = 0;
        let mut starts: Vec<ActionWord> = Vec::new();
        let mut in_starts = true;
        while let Some(word) = argv.get(at) {
            at += 1;
            let Some(value) = word.value().map(<[u8]>::to_vec) else {
                if in_starts {
                    starts.push(word.clone());
                }
                continue;
            };
            if value.starts_with(b"-") && value.len() > 1
                || matches!(value.as_slice(), b"(" | b"!" | b",")
            {
                if !matches!(value.as_slice(), b"-H" | b"-L" | b"-P" | b"-D")
                    && !value.starts_with(b"-O")
                {
                    in_starts = false;
                }
            } else if in_starts {
                starts.push(word.clone());
            }
            match value.as_slice() {
                b"-exec" | b"-execdir" | b"-ok" | b"-okdir" => {
                    let rest = argv.get(at..).unwrap_or_default();
                    let end = rest.iter().enumerate().position(|(index, word)| {
                        word.value() == Some(b";")
                            || word.value() == Some(b"+")
                                && index > 0
                                && rest.get(index - 1).and_then(ActionWord::value) == Some(b"{}")
                    });
                    let words = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
                    let plus = end
                        .and_then(|end| rest.get(end))
                        .and_then(ActionWord::value)
                        == Some(b"+");
                    let inner: Vec<ActionWord> = words
                        .iter()
                        .map(|word| {
                            let mut word = with_hole(word, b"{}");
                            if plus && word.values().is_none() && word.source == b"{}" {
                                word.count = Count::Any;
                            }
                            word
                        })
                        .collect();
                    at += end.map_or(rest.len(), |end| end + 1);
                    let folder = self.state.folder.clone();
                    if value.ends_with(b"dir") {
                        self.state.folder = Folder::Unknown;
                    }
                    if let Some(wrapper) = find(b"find") {
                        self.wrapped_call(&wrapper, call, inner, Lookup::Files, call.elsewhere);
                    }
                    self.state.folder = folder;
                }
                b"-delete" => {
                    let places = if starts.is_empty() {
                        vec![ActionWord::literal(*b".")]
                    } else {
                        starts.clone()
                    };
                    for place in places {
                        self.path_use(true, place, "find -delete", true, call.span);
                    }
                }
                b"-fprint" | b"-fprint0" | b"-fls" | b"-fprintf" => {
                    let place = argv
                        .get(at)
                        .cloned()
                        .unwrap_or_else(|| dynamic(*b"", Count::One));
                    at += 1;
                    self.path_use(true, place, "operand of find", false, call.span);
                }
                b"-files0-from" => {
                    at += 1;
                }
                // Tests with an argument, so that the argument is not taken for an action.
                b"-name" | b"-iname" | b"-path" | b"-ipath" | b"-wholename" | b"-iwholename"
                | b"-regex" | b"-iregex" | b"-type" | b"-xtype" | b"-maxdepth" | b"-mindepth"
                | b"-mtime" | b"-mmin" | b"-atime" | b"-amin" | b"-ctime" | b"-cmin" | b"-size"
                | b"-user" | b"-group" | b"-perm" | b"-newer" | b"-printf" | b"-lname"
                | b"-ilname" | b"-links" | b"-inum" | b"-samefile" | b"-fstype" | b"-regextype"
                | b"-uid" | b"-gid" | b"-used" | b"-anewer" | b"-cnewer"
                    if argv.get(at).is_some_and(|word| word.count == Count::One) =>
                {
                    at += 1;
                }
                _ => {}
            }
        }
    }

    fn ssh(&mut self, wrapper: &Wrapper, call: &Call) {
        let mut seen = Seen::default();
        let start = match self.options(wrapper, &call.argv, &mut seen) {
            Opened::At(start) => start,
            Opened::Bare => {
                if !seen.has(b"V") && !seen.has(b"Q") {
                    self.opaque(call.span, "`ssh` without a host");
                }
                return;
            }
            Opened::Unclear(why) => {
                self.opaque(call.span, why);
                return;
            }
        };
        for (name, argument) in &seen.options {
            let runs = match name.as_slice() {
                b"F" | b"I" | b"J" | b"S" | b"O" => name == b"F" || name == b"I",
                b"o" => argument
                    .as_ref()
                    .and_then(ActionWord::value)
                    .is_none_or(|value| {
                        let lower = value.to_ascii_lowercase();
                        [&b"command"[..], b"include", b"provider", b"match", b"xauth"]
                            .iter()
                            .any(|word| lower.windows(word.len()).any(|window| window == *word))
                    }),
                _ => false,
            };
            if runs {
                self.opaque(call.span, "`ssh` with an option that may run commands here");
            }
        }
        // Options may also follow the host.
        let rest = call.argv.get(start + 1..).unwrap_or_default();
        if rest
            .first()
            .is_some_and(|word| word.value().is_none_or(|value| value.starts_with(b"-")))
        {
            self.opaque(call.span, "`ssh` with options behind the host");
            return;
        }
        if rest.is_empty() {
            if !seen.has(b"N") && !seen.has(b"G") {
                self.opaque(call.span, "an interactive shell by `ssh`");
            }
            return;
        }
        self.remote_text(rest, "ssh", call);
    }

    fn container(&mut self, wrapper: &Wrapper, call: &Call) {
        let words = call.argv.get(1..).unwrap_or_default();
        let position = match words {
            [first, ..] if first.value() == Some(b"exec") => 1,
            [first, second, ..]
                if matches!(first.value(), Some(b"container" | b"compose"))
                    && second.value() == Some(b"exec") =>
            {
                2
            }
            _ => return,
        };
        let inner = Wrapper {
            flags: "ditT",
            valued: "euw",
            long: &["detach", "interactive", "tty", "privileged", "no-TTY"],
            long_valued: &["env", "env-file", "user", "workdir", "detach-keys", "index"],
            operands: 1,
            ..*wrapper
        };
        let argv: Vec<ActionWord> = call.argv.get(position..).unwrap_or_default().to_vec();
        let mut seen = Seen::default();
        match self.options(&inner, &argv, &mut seen) {
            Opened::At(start) => {
                let words = argv.get(start..).unwrap_or_default().to_vec();
                let folder = std::mem::replace(&mut self.state.folder, Folder::Unknown);
                self.wrapped_call(&inner, call, words, Lookup::Files, true);
                self.state.folder = folder;
            }
            Opened::Bare => {}
            Opened::Unclear(why) => self.opaque(call.span, why),
        }
    }

    fn su(&mut self, call: &Call) {
        // The shell is the other user's, and so is what it reads first.
        self.opaque(call.span, "a shell of another user");
        let mut words = call.argv.iter().skip(1);
        while let Some(word) = words.next() {
            let Some(value) = word.value() else {
                continue;
            };
            if matches!(value, b"-c" | b"--command") {
                if let Some(text) = words.next() {
                    self.remote_text(std::slice::from_ref(text), "su", call);
                }
                return;
            }
            if let Some(text) = value.strip_prefix(b"--command=") {
                let text = super::call::known(text);
                self.remote_text(&[text], "su", call);
                return;
            }
        }
    }

    /// Text for a shell of which nothing is known but that it is one.
    fn remote_text(&mut self, words: &[ActionWord], via: &str, call: &Call) {
        match super::call::texts(words) {
            Some(texts) => {
                let text = texts.join(&b' ');
                self.deeper(|walker| {
                    walker.isolated(|walker| {
                        walker.state.lose_all();
                        walker.via(via, |walker| {
                            walker.in_other_shell(None, |walker| {
                                walker.text_again(&text, call.span);
                            });
                        });
                    });
                });
            }
            None => self.opaque(
                call.span,
                format!("text for a shell by `{via}` that is not known"),
            ),
        }
    }

    /// An interpreter whose code may come from standard input.
    fn interpreter_call(
        &mut self,
        name: &[u8],
        interpreter: &crate::programs::wrappers::Interpreter,
        call: &Call,
    ) {
        if is_information(&call.argv)
            || matches!(call.argv.as_slice(), [_, only] if only.value() == Some(b"-V"))
        {
            return;
        }
        let mut operands = 0_usize;
        let mut words = call.argv.iter().skip(1);
        while let Some(word) = words.next() {
            let Some(value) = word.value() else {
                // Not known: the rule has to stand it; it may as well be `-`.
                if word.count == Count::Any || word.values().is_none() {
                    operands += 1;
                }
                continue;
            };
            if value == b"-"
                || value == b"/dev/stdin"
                || value.starts_with(b"/dev/fd/")
                || value == b"/proc/self/fd/0"
            {
                self.opaque(
                    call.span,
                    format!("code from standard input of `{}`", shown(name)),
                );
                return;
            }
            if programs::holds(interpreter.code, value)
                || interpreter.code.iter().any(|code| {
                    if code.len() == 2 {
                        // `-c'code'`, and clusters such as `perl -ne`.
                        value.starts_with(b"-")
                            && !value.starts_with(b"--")
                            && code
                                .as_bytes()
                                .get(1)
                                .is_some_and(|letter| value.contains(letter))
                    } else {
                        value.starts_with(code.as_bytes()) && value.get(code.len()) == Some(&b'=')
                    }
                })
            {
                return;
            }
            if programs::holds(interpreter.valued, value) {
                words.next();
                continue;
            }
            if !value.starts_with(b"-") {
                operands += 1;
            }
        }
        if interpreter.operands == 0 || operands < interpreter.operands {
            self.opaque(
                call.span,
                format!("code from standard input of `{}`", shown(name)),
            );
        }
    }
}

/// The last component of a path.
pub(super) fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

/// `--version` or `--help` and nothing else. (`-h` and `-V` mean other things to some.)
pub(super) fn is_information(argv: &[ActionWord]) -> bool {
    match argv {
        [_, only] => matches!(only.value(), Some(b"--version" | b"--help")),
        _ => false,
    }
}

/// A word in which `mark` is replaced by something unknown.
fn with_hole(word: &ActionWord, mark: &[u8]) -> ActionWord {
    let Some(values) = word.values() else {
        return word.clone();
    };
    if mark.is_empty() {
        return dynamic(word.source.clone(), Count::One);
    }
    if !values
        .iter()
        .any(|value| value.windows(mark.len()).any(|window| window == mark))
    {
        return word.clone();
    }
    let [value] = values else {
        return dynamic(word.source.clone(), Count::One);
    };
    let mut pieces = Vec::new();
    let mut rest = value.as_slice();
    while let Some(at) = rest.windows(mark.len()).position(|window| window == mark) {
        let (before, after) = rest.split_at(at);
        if !before.is_empty() {
            pieces.push(Piece::Known(before.to_vec()));
        }
        pieces.push(Piece::Unknown);
        rest = after.get(mark.len()..).unwrap_or_default();
    }
    if !rest.is_empty() {
        pieces.push(Piece::Known(rest.to_vec()));
    }
    ActionWord {
        source: word.source.clone(),
        state: WordState::Dynamic(pieces),
        count: Count::One,
    }
}

/// `NAME=value` among a wrapper's words.
fn assignment(word: &ActionWord) -> Option<(ActionWord, ActionWord)> {
    if word.count != Count::One {
        return None;
    }
    match &word.state {
        WordState::Literal(value) => {
            let at = value.iter().position(|byte| *byte == b'=')?;
            let (name, value) = value.split_at(at);
            Some((
                ActionWord::literal(name),
                ActionWord::literal(value.get(1..).unwrap_or_default()),
            ))
        }
        WordState::Resolved(values) => {
            let [value] = values.as_slice() else {
                return None;
            };
            let at = value.iter().position(|byte| *byte == b'=')?;
            let (name, value) = value.split_at(at);
            Some((
                ActionWord::literal(name),
                super::call::known(value.get(1..).unwrap_or_default()),
            ))
        }
        WordState::Dynamic(pieces) => {
            let Some(Piece::Known(known)) = pieces.first() else {
                return None;
            };
            let at = known.iter().position(|byte| *byte == b'=')?;
            let (name, _) = known.split_at(at);
            Some((
                ActionWord::literal(name),
                dynamic(word.source.clone(), Count::One),
            ))
        }
        WordState::Pattern(_) => None,
    }
}

/// Operands whose contents are read with everything below.
fn reads_below(base: &[u8], argv: &[ActionWord]) -> Vec<ActionWord> {
    let Some((_, options)) = READS_BELOW.iter().find(|(name, _)| name.as_bytes() == base) else {
        return Vec::new();
    };
    let operands: Vec<&ActionWord> = argv
        .iter()
        .skip(1)
        .filter(|word| {
            word.value()
                .is_none_or(|value| !value.starts_with(b"-") || value == b"-")
        })
        .collect();
    let recursive = options.is_empty()
        || argv.iter().skip(1).enumerate().any(|(index, word)| {
            match word.value() {
                None => true,
                Some(value) if value.starts_with(b"--") => {
                    let long = value.get(2..).unwrap_or_default();
                    [
                        &b"recursive"[..],
                        b"dereference-recursive",
                        b"archive",
                        b"create",
                        b"append",
                        b"update",
                    ]
                    .iter()
                    .any(|name| !long.is_empty() && name.starts_with(long))
                        // `--directories`, with its value and shortened.
                        || base.ends_with(b"grep") && long.starts_with(b"di")
                }
                Some(value) => {
                    let letters = match value.strip_prefix(b"-") {
                        Some(letters) => letters,
                        // `tar cf`: the first word needs no dash.
                        None if index == 0 && base == b"tar" => value,
                        None => return false,
                    };
                    options
                        .iter()
                        .any(|letter| letters.contains(letter.as_bytes().first().unwrap_or(&0)))
                        || base.ends_with(b"grep") && letters.contains(&b'd')
                }
            }
        });
    if !recursive {
        return Vec::new();
    }
    let mut below: Vec<ActionWord> = operands.into_iter().cloned().collect();
    if searches_the_folder_at_hand(base, argv) {
        below.push(ActionWord::literal(*b"."));
    }
    below
}

/// Whether a searching program gets a pattern at most, and so searches the folder that it is in.
fn searches_the_folder_at_hand(base: &[u8], argv: &[ActionWord]) -> bool {
    // Short options that take the next word where nothing is attached.
    let with_value: &[u8] = match base {
        b"grep" | b"egrep" | b"fgrep" | b"rgrep" => b"ABCDdefm",
        b"rg" => b"ABCEMTdefgjmrt",
        b"ag" | b"ack" => b"ABCGgmp",
        _ => return false,
    };
    let mut operands = 0;
    let mut pattern_given = false;
    let mut words = argv.iter().skip(1);
    while let Some(word) = words.next() {
        let Some(value) = word.value() else {
            // It may be an option, a value, or nothing (`nullglob`).
            continue;
        };
        if value == b"--" {
            operands += words.by_ref().count();
            break;
        }
        if let Some(long) = value.strip_prefix(b"--") {
            pattern_given |= long.starts_with(b"reg") || long.starts_with(b"file=");
            // Which of the long ones take a value in the next word is not told apart.
            let flag = [
                &b"recursive"[..],
                b"dereference-recursive",
                b"line-number",
                b"ignore-case",
                b"files-with-matches",
                b"hidden",
                b"no-ignore",
                b"color",
            ]
            .contains(&long);
            if !long.contains(&b'=') && !flag {
                words.next();
            }
            continue;
        }
        match value
            .strip_prefix(b"-")
            .filter(|letters| !letters.is_empty())
        {
            Some(letters) => {
                let valued = letters
                    .iter()
                    .position(|letter| with_value.contains(letter));
                if let Some(at) = valued {
                    pattern_given |= matches!(letters.get(at), Some(b'e' | b'f'));
                    if at + 1 == letters.len() {
                        words.next();
                    }
                }
            }
            None => operands += 1,
        }
    }
    operands <= usize::from(!pattern_given)
}
