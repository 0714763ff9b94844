//! What the targets share: the properties that hold for every text.

use guardsh_syntax::{
    Dialect, Options, Script, StatementEnd, first_command, print, read, scripts_in,
};

/// Options from one byte.
pub fn options(bits: u8) -> Options {
    Options {
        extglob: bits & 1 != 0,
        here_doc_at_end: bits & 2 != 0,
        backslash_at_end: bits & 4 != 0,
        comments: bits & 8 == 0,
    }
}

/// The first byte picks the options, the rest is the text.
///
/// Reading does not panic; what is printed reads to the same tree; places lie in the text; the first command is
/// a beginning of the whole.
pub fn reads_well(data: &[u8], dialect: Dialect) {
    let Some((bits, text)) = data.split_first() else {
        return;
    };
    let options = options(*bits);
    let first = first_command(text, dialect, options);
    let Ok(script) = read(text, dialect, options) else {
        return;
    };
    for inner in scripts_in(&script) {
        assert!(inner.span.start <= inner.span.end && inner.span.end <= text.len());
    }
    let printed = print(&script);
    match read(&printed, dialect, options) {
        Ok(again) => assert_eq!(shape(&script), shape(&again), "printed: {printed:?}"),
        Err(error) => panic!("{error}; printed: {printed:?}"),
    }
    let (command, taken) = first.expect("the whole was read, and so is its beginning");
    assert!(taken <= text.len() && (taken > 0 || text.is_empty()));
    assert!(command.statements.len() <= script.statements.len());
}

/// The tree without places, and without how the very last statement ends.
fn shape(script: &Script) -> String {
    let mut script = script.clone();
    if let Some(last) = script.statements.last_mut()
        && matches!(last.end, StatementEnd::Newline | StatementEnd::Semicolon)
    {
        last.end = StatementEnd::End;
    }
    let text = format!("{script:?}");
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("Span {") {
        out.push_str(&rest[..at]);
        rest = rest[at..].split_once('}').map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out.replace("unterminated: true", "unterminated: false")
}
