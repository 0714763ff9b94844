//! A tree as shell text again: what is printed reads back to the same tree, places apart.

use crate::ast::{
    AndOrOp, Arith, ArrayElement, AssignValue, Assignment, CaseEnd, Colon, Command, Compound,
    CompoundKind, ForLoop, HereDoc, LoopKind, Param, ParamOp, Pipe, Pipeline, ProcessDirection,
    Redirect, RedirectFd, RedirectOp, Script, Simple, StatementEnd, TestExpr, Timed, Word,
    WordPart, WordPartKind,
};

/// The text of a tree.
pub fn print(script: &Script) -> Vec<u8> {
    let mut printer = Printer::default();
    printer.script(script);
    // A here-document that the end of the text cut off before its first line needs no line here either.
    if printer
        .bodies
        .iter()
        .any(|body| !body.unterminated || !body.body.parts.is_empty())
    {
        printer.newline();
    }
    printer.out
}

#[derive(Default)]
struct Printer {
    out: Vec<u8>,
    /// Bodies that go behind the next newline.
    bodies: Vec<HereDoc>,
}

impl Printer {
    fn put(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    fn newline(&mut self) {
        self.put("\n");
        for body in std::mem::take(&mut self.bodies) {
            self.parts(&body.body.parts, false);
            // What the end of the text cuts off is the last thing in it.
            if !body.unterminated {
                self.bytes(&body.delimiter);
                self.put("\n");
            }
        }
    }

    /// Bodies go where the line may end first, and in any case before the end and a closing parenthesis.
    fn flush_bodies(&mut self) {
        // What the end of the text cuts off would swallow what follows.
        if !self.bodies.is_empty() && self.bodies.iter().all(|body| !body.unterminated) {
            self.newline();
        }
    }

    fn script(&mut self, script: &Script) {
        for statement in &script.statements {
            self.pipeline(&statement.list.first);
            for (op, pipeline) in &statement.list.rest {
                self.put(match op {
                    AndOrOp::And => " && ",
                    AndOrOp::Or => " || ",
                });
                self.flush_bodies();
                self.pipeline(pipeline);
            }
            match statement.end {
                StatementEnd::Semicolon => {
                    self.put("; ");
                    self.flush_bodies();
                }
                StatementEnd::Background => {
                    self.put(" & ");
                    self.flush_bodies();
                }
                StatementEnd::Newline => self.newline(),
                StatementEnd::End => self.put(" "),
            }
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline) {
        match pipeline.timed {
            Some(Timed::Plain) => self.put("time "),
            Some(Timed::Posix) => self.put("time -p "),
            None => {}
        }
        for _ in 0..pipeline.bangs {
            self.put("! ");
        }
        for stage in &pipeline.stages {
            self.command(&stage.command);
            match stage.pipe {
                Some(Pipe::Output) => self.put(" | "),
                Some(Pipe::OutputAndError) => self.put(" |& "),
                None => continue,
            }
            self.flush_bodies();
        }
    }

    fn command(&mut self, command: &Command) {
        match command {
            Command::Simple(simple) => self.simple(simple),
            Command::Compound(compound) => self.compound(compound),
            Command::Function(function) => {
                if function.keyword {
                    self.put("function ");
                }
                self.bytes(&function.name);
                self.put(if function.keyword { " " } else { " () " });
                self.compound(&function.body);
            }
            Command::Coproc(coproc) => {
                self.put("coproc ");
                if let Some(name) = &coproc.name {
                    self.bytes(name);
                    self.put(" ");
                }
                self.command(&coproc.body);
            }
        }
    }

    fn simple(&mut self, simple: &Simple) {
        for assignment in &simple.assignments {
            self.assignment(assignment);
            self.put(" ");
        }
        for word in &simple.words {
            self.word(word);
            self.put(" ");
        }
        self.redirects(&simple.redirects);
    }

    fn assignment(&mut self, assignment: &Assignment) {
        self.bytes(&assignment.name);
        self.subscript(assignment.subscript.as_ref());
        self.put(if assignment.append { "+=" } else { "=" });
        match &assignment.value {
            AssignValue::Scalar(word) => self.word(word),
            AssignValue::Array(elements) => self.array(elements),
        }
    }

    fn subscript(&mut self, subscript: Option<&Word>) {
        if let Some(word) = subscript {
            self.put("[");
            self.word(word);
            self.put("]");
        }
    }

    fn array(&mut self, elements: &[ArrayElement]) {
        self.put("(");
        for (index, element) in elements.iter().enumerate() {
            if index > 0 {
                self.put(" ");
            }
            if element.subscript.is_some() {
                self.subscript(element.subscript.as_ref());
                self.put(if element.append { "+=" } else { "=" });
            }
            self.word(&element.value);
        }
        self.put(")");
    }

    fn redirects(&mut self, redirects: &[Redirect]) {
        for redirect in redirects {
            match &redirect.fd {
                Some(RedirectFd::Number(number)) => self.put(&number.to_string()),
                Some(RedirectFd::Variable(name)) => {
                    self.put("{");
                    self.bytes(name);
                    self.put("}");
                }
                None => {}
            }
            self.put(match redirect.op {
                RedirectOp::Read => "< ",
                RedirectOp::Write => "> ",
                RedirectOp::Append => ">> ",
                RedirectOp::Clobber => ">| ",
                RedirectOp::ReadWrite => "<> ",
                RedirectOp::DupIn => "<& ",
                RedirectOp::DupOut => ">& ",
                RedirectOp::WriteBoth => "&> ",
                RedirectOp::AppendBoth => "&>> ",
                RedirectOp::HereDoc => "<< ",
                RedirectOp::HereDocTabs => "<<- ",
                RedirectOp::HereString => "<<< ",
            });
            self.word(&redirect.target);
            self.put(" ");
            self.bodies.extend(redirect.here_doc.clone());
        }
    }

    fn compound(&mut self, compound: &Compound) {
        match &compound.kind {
            CompoundKind::Group(script) => {
                self.put("{ ");
                self.script(script);
                self.put("}");
            }
            CompoundKind::Subshell(script) => {
                // A space, or two of them would read as arithmetic.
                self.put("( ");
                self.script(script);
                self.put(")");
            }
            CompoundKind::If {
                branches,
                otherwise,
            } => {
                for (index, (condition, body)) in branches.iter().enumerate() {
                    self.put(if index == 0 { "if " } else { "elif " });
                    self.script(condition);
                    self.put("then ");
                    self.script(body);
                }
                if let Some(otherwise) = otherwise {
                    self.put("else ");
                    self.script(otherwise);
                }
                self.put("fi");
            }
            CompoundKind::Loop {
                kind,
                condition,
                body,
            } => {
                self.put(match kind {
                    LoopKind::While => "while ",
                    LoopKind::Until => "until ",
                });
                self.script(condition);
                self.do_group(body);
            }
            CompoundKind::For(each) => self.for_loop("for ", each),
            CompoundKind::Select(each) => self.for_loop("select ", each),
            CompoundKind::ArithFor {
                header: [first, second, third],
                body,
            } => {
                self.put("for ((");
                self.arith(first);
                self.put(";");
                self.arith(second);
                self.put(";");
                self.arith(third);
                self.put(")); ");
                self.do_group(body);
            }
            CompoundKind::Case { subject, arms } => {
                self.put("case ");
                self.word(subject);
                self.put(" in ");
                for arm in arms {
                    self.put("(");
                    for (index, pattern) in arm.patterns.iter().enumerate() {
                        if index > 0 {
                            self.put(" | ");
                        }
                        self.word(pattern);
                    }
                    self.put(") ");
                    self.script(&arm.body);
                    self.put(match arm.end {
                        CaseEnd::Break => ";; ",
                        CaseEnd::FallThrough => ";& ",
                        CaseEnd::TestNext => ";;& ",
                        CaseEnd::Esac => "",
                    });
                }
                self.put("esac");
            }
            CompoundKind::Test(expression) => {
                self.put("[[ ");
                self.test(expression);
                self.put(" ]]");
            }
            CompoundKind::Arith(arith) => {
                self.put("((");
                self.arith(arith);
                self.put("))");
            }
        }
        self.put(" ");
        self.redirects(&compound.redirects);
    }

    fn do_group(&mut self, body: &Script) {
        self.put("do ");
        self.script(body);
        self.put("done");
    }

    fn for_loop(&mut self, word: &str, each: &ForLoop) {
        self.put(word);
        self.bytes(&each.name);
        if let Some(words) = &each.words {
            self.put(" in");
            for word in words {
                self.put(" ");
                self.word(word);
            }
        }
        self.put("; ");
        self.do_group(&each.body);
    }

    fn test(&mut self, expression: &TestExpr) {
        match expression {
            TestExpr::Word(word) => self.word(word),
            TestExpr::Unary(operator, word) => {
                self.bytes(operator);
                self.put(" ");
                self.word(word);
            }
            TestExpr::Binary(left, operator, right) => {
                self.word(left);
                self.put(" ");
                self.bytes(operator);
                self.put(" ");
                self.word(right);
            }
            TestExpr::Not(inner) => {
                self.put("! ");
                self.test(inner);
            }
            TestExpr::And(left, right) => {
                self.test(left);
                self.put(" && ");
                self.test(right);
            }
            TestExpr::Or(left, right) => {
                self.test(left);
                self.put(" || ");
                self.test(right);
            }
            TestExpr::Paren(inner) => {
                self.put("( ");
                self.test(inner);
                self.put(" )");
            }
        }
    }

    fn arith(&mut self, arith: &Arith) {
        self.parts(&arith.parts, true);
    }

    fn word(&mut self, word: &Word) {
        self.parts(&word.parts, false);
    }

    fn parts(&mut self, parts: &[WordPart], in_double: bool) {
        for part in parts {
            self.part(&part.kind, in_double);
        }
    }

    fn part(&mut self, kind: &WordPartKind, in_double: bool) {
        match kind {
            WordPartKind::Literal(bytes) => self.bytes(bytes),
            WordPartKind::Escaped(byte) => self.bytes(&[b'\\', *byte]),
            WordPartKind::SingleQuoted(bytes) => {
                self.put("'");
                self.bytes(bytes);
                self.put("'");
            }
            WordPartKind::DoubleQuoted(inner) => {
                self.put("\"");
                self.parts(inner, true);
                self.put("\"");
            }
            WordPartKind::AnsiC(bytes) => {
                self.put("$'");
                for byte in bytes {
                    if byte.is_ascii_alphanumeric() || *byte == b' ' {
                        self.bytes(&[*byte]);
                    } else {
                        self.put(&format!("\\{byte:03o}"));
                    }
                }
                self.put("'");
            }
            WordPartKind::Localized(inner) => {
                self.put("$\"");
                self.parts(inner, true);
                self.put("\"");
            }
            WordPartKind::Param(param) => self.param(param, in_double),
            WordPartKind::Command(script) => self.substitution("$(", script),
            WordPartKind::Backquoted(script) => {
                self.put("`");
                for byte in print(script) {
                    match byte {
                        b'\\' | b'`' => self.bytes(&[b'\\', byte]),
                        b'"' if in_double => self.put("\\\""),
                        other => self.bytes(&[other]),
                    }
                }
                self.put("`");
            }
            WordPartKind::Arith(arith) => {
                self.put("$((");
                self.arith(arith);
                self.put("))");
            }
            WordPartKind::Process(ProcessDirection::Read, script) => {
                self.substitution("<(", script)
            }
            WordPartKind::Process(ProcessDirection::Write, script) => {
                self.substitution(">(", script)
            }
            WordPartKind::Star => self.put("*"),
            WordPartKind::Question => self.put("?"),
            WordPartKind::Bracket(inside) => {
                self.put("[");
                self.bytes(inside);
                self.put("]");
            }
            WordPartKind::ExtGlob(operator, alternatives) => {
                self.bytes(&[*operator, b'(']);
                self.joined(alternatives, "|");
                self.put(")");
            }
            WordPartKind::BraceList(alternatives) => {
                self.put("{");
                self.joined(alternatives, ",");
                self.put("}");
            }
            WordPartKind::BraceRange(text) => {
                self.put("{");
                self.bytes(text);
                self.put("}");
            }
            WordPartKind::Tilde(user) => {
                self.put("~");
                self.bytes(user);
            }
            WordPartKind::ArrayLiteral(elements) => self.array(elements),
        }
    }

    fn joined(&mut self, words: &[Word], between: &str) {
        for (index, word) in words.iter().enumerate() {
            if index > 0 {
                self.put(between);
            }
            self.word(word);
        }
    }

    fn substitution(&mut self, open: &str, script: &Script) {
        self.put(open);
        // `$( (` and not `$((`.
        self.put(" ");
        let outer = std::mem::take(&mut self.bodies);
        self.script(script);
        self.flush_bodies();
        self.bodies = outer;
        self.put(")");
    }

    fn param(&mut self, param: &Param, in_double: bool) {
        if !param.braced {
            self.put("$");
            self.bytes(&param.name);
            return;
        }
        self.put("${");
        let mut op = &param.op;
        if *op == ParamOp::Length {
            self.put("#");
        } else if *op == ParamOp::Names {
            self.put("!");
        } else if let ParamOp::Indirect(inner) = op {
            self.put("!");
            op = inner;
        }
        self.bytes(&param.name);
        self.subscript(param.subscript.as_ref());
        self.operation(op, param.subscript.is_none(), in_double);
        self.put("}");
    }

    fn operation(&mut self, op: &ParamOp, bare: bool, in_double: bool) {
        let mut with = |operator: &str, colon: Colon, word: &Word| {
            self.put(match colon {
                Colon::With => ":",
                Colon::Without => "",
            });
            self.put(operator);
            self.parts(&word.parts, in_double);
        };
        match op {
            ParamOp::Value | ParamOp::Length | ParamOp::Indirect(_) => {}
            ParamOp::Names => {
                if bare {
                    self.put("@");
                }
            }
            ParamOp::Default(colon, word) => with("-", *colon, word),
            ParamOp::Assign(colon, word) => with("=", *colon, word),
            ParamOp::Error(colon, word) => with("?", *colon, word),
            ParamOp::Alternative(colon, word) => with("+", *colon, word),
            ParamOp::Strip(operator, word) | ParamOp::Case(operator, word) => {
                with(operator, Colon::Without, word)
            }
            ParamOp::Replace(operator, pattern, replacement) => {
                with(operator, Colon::Without, pattern);
                if let Some(replacement) = replacement {
                    with("/", Colon::Without, replacement);
                }
            }
            ParamOp::Slice(offset, length) => {
                self.put(":");
                self.arith(offset);
                if let Some(length) = length {
                    self.put(":");
                    self.arith(length);
                }
            }
            ParamOp::Transform(letter) => self.bytes(&[b'@', *letter]),
        }
    }
}
