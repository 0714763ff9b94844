//! Every script inside a tree.

use crate::ast::{
    Arith, ArrayElement, AssignValue, Command, Compound, CompoundKind, Param, ParamOp, Redirect,
    Script, TestExpr, Word, WordPart, WordPartKind,
};

/// The script itself and every one inside it: bodies, substitutions, here-documents, subscripts.
pub fn scripts_in(script: &Script) -> Vec<&Script> {
    let mut found = vec![];
    in_script(script, &mut found);
    found
}

fn in_script<'t>(script: &'t Script, found: &mut Vec<&'t Script>) {
    found.push(script);
    for statement in &script.statements {
        let rest = statement.list.rest.iter().map(|(_, pipeline)| pipeline);
        for pipeline in std::iter::once(&statement.list.first).chain(rest) {
            for stage in &pipeline.stages {
                in_command(&stage.command, found);
            }
        }
    }
}

fn in_command<'t>(command: &'t Command, found: &mut Vec<&'t Script>) {
    match command {
        Command::Simple(simple) => {
            for assignment in &simple.assignments {
                in_subscript(assignment.subscript.as_ref(), found);
                match &assignment.value {
                    AssignValue::Scalar(word) => in_word(word, found),
                    AssignValue::Array(elements) => in_array(elements, found),
                }
            }
            in_words(&simple.words, found);
            in_redirects(&simple.redirects, found);
        }
        Command::Compound(compound) => in_compound(compound, found),
        Command::Function(function) => in_compound(&function.body, found),
        Command::Coproc(coproc) => in_command(&coproc.body, found),
    }
}

fn in_compound<'t>(compound: &'t Compound, found: &mut Vec<&'t Script>) {
    match &compound.kind {
        CompoundKind::Group(script) | CompoundKind::Subshell(script) => in_script(script, found),
        CompoundKind::If {
            branches,
            otherwise,
        } => {
            for (condition, body) in branches {
                in_script(condition, found);
                in_script(body, found);
            }
            if let Some(otherwise) = otherwise {
                in_script(otherwise, found);
            }
        }
        CompoundKind::Loop {
            condition, body, ..
        } => {
            in_script(condition, found);
            in_script(body, found);
        }
        CompoundKind::For(each) | CompoundKind::Select(each) => {
            in_words(each.words.as_deref().unwrap_or_default(), found);
            in_script(&each.body, found);
        }
        CompoundKind::ArithFor { header, body } => {
            header.iter().for_each(|arith| in_arith(arith, found));
            in_script(body, found);
        }
        CompoundKind::Case { subject, arms } => {
            in_word(subject, found);
            for arm in arms {
                in_words(&arm.patterns, found);
                in_script(&arm.body, found);
            }
        }
        CompoundKind::Test(expression) => in_test(expression, found),
        CompoundKind::Arith(arith) => in_arith(arith, found),
    }
    in_redirects(&compound.redirects, found);
}

fn in_test<'t>(expression: &'t TestExpr, found: &mut Vec<&'t Script>) {
    match expression {
        TestExpr::Word(word) | TestExpr::Unary(_, word) => in_word(word, found),
        TestExpr::Binary(left, _, right) => {
            in_word(left, found);
            in_word(right, found);
        }
        TestExpr::Not(inner) | TestExpr::Paren(inner) => in_test(inner, found),
        TestExpr::And(left, right) | TestExpr::Or(left, right) => {
            in_test(left, found);
            in_test(right, found);
        }
    }
}

fn in_redirects<'t>(redirects: &'t [Redirect], found: &mut Vec<&'t Script>) {
    for redirect in redirects {
        in_word(&redirect.target, found);
        if let Some(here_doc) = &redirect.here_doc {
            in_word(&here_doc.body, found);
        }
    }
}

fn in_array<'t>(elements: &'t [ArrayElement], found: &mut Vec<&'t Script>) {
    for element in elements {
        in_subscript(element.subscript.as_ref(), found);
        in_word(&element.value, found);
    }
}

fn in_subscript<'t>(subscript: Option<&'t Word>, found: &mut Vec<&'t Script>) {
    if let Some(word) = subscript {
        in_word(word, found);
    }
}

fn in_words<'t>(words: &'t [Word], found: &mut Vec<&'t Script>) {
    words.iter().for_each(|word| in_word(word, found));
}

fn in_word<'t>(word: &'t Word, found: &mut Vec<&'t Script>) {
    in_parts(&word.parts, found);
}

fn in_arith<'t>(arith: &'t Arith, found: &mut Vec<&'t Script>) {
    in_parts(&arith.parts, found);
}

fn in_parts<'t>(parts: &'t [WordPart], found: &mut Vec<&'t Script>) {
    for part in parts {
        match &part.kind {
            WordPartKind::DoubleQuoted(inner) | WordPartKind::Localized(inner) => {
                in_parts(inner, found)
            }
            WordPartKind::Param(param) => in_param(param, found),
            WordPartKind::Command(script)
            | WordPartKind::Backquoted(script)
            | WordPartKind::Process(_, script) => {
                in_script(script, found);
            }
            WordPartKind::Arith(arith) => in_arith(arith, found),
            WordPartKind::ExtGlob(_, words) | WordPartKind::BraceList(words) => {
                in_words(words, found)
            }
            WordPartKind::ArrayLiteral(elements) => in_array(elements, found),
            WordPartKind::Literal(_)
            | WordPartKind::Escaped(_)
            | WordPartKind::SingleQuoted(_)
            | WordPartKind::AnsiC(_)
            | WordPartKind::Star
            | WordPartKind::Question
            | WordPartKind::Bracket(_)
            | WordPartKind::BraceRange(_)
            | WordPartKind::Tilde(_) => {}
        }
    }
}

fn in_param<'t>(param: &'t Param, found: &mut Vec<&'t Script>) {
    in_subscript(param.subscript.as_ref(), found);
    in_op(&param.op, found);
}

fn in_op<'t>(op: &'t ParamOp, found: &mut Vec<&'t Script>) {
    match op {
        ParamOp::Value | ParamOp::Length | ParamOp::Names | ParamOp::Transform(_) => {}
        ParamOp::Indirect(inner) => in_op(inner, found),
        ParamOp::Default(_, word)
        | ParamOp::Assign(_, word)
        | ParamOp::Error(_, word)
        | ParamOp::Alternative(_, word)
        | ParamOp::Strip(_, word)
        | ParamOp::Case(_, word) => in_word(word, found),
        ParamOp::Replace(_, pattern, replacement) => {
            in_word(pattern, found);
            if let Some(replacement) = replacement {
                in_word(replacement, found);
            }
        }
        ParamOp::Slice(offset, length) => {
            in_arith(offset, found);
            if let Some(length) = length {
                in_arith(length, found);
            }
        }
    }
}
