//! Texts made to break a reader: deep, long, cut off, odd. It answers, and soon.
#![expect(clippy::print_stderr, reason = "the times are what one wants to see")]

use std::time::{Duration, Instant};

use guardsh_syntax::{Dialect, NotRead, Options, Script, first_command, print, read, scripts_in};

fn options() -> Options {
    Options {
        extglob: true,
        here_doc_at_end: false,
        backslash_at_end: false,
        comments: true,
    }
}

/// Reads in each way there is, within a bound that only a bad algorithm misses.
fn read_soon(what: &str, text: &[u8]) -> Result<Script, NotRead> {
    let mut result = Ok(Script::default());
    for dialect in [Dialect::Posix, Dialect::Bash] {
        let begin = Instant::now();
        result = read(text, dialect, options());
        let took = begin.elapsed();
        eprintln!("{what}: {} bytes, {took:?}", text.len());
        assert!(took < Duration::from_secs(5), "{what} took {took:?}");
        let _ = first_command(text, dialect, options());
    }
    if let Ok(script) = &result {
        print(script);
        scripts_in(script);
    }
    result
}

/// Bytes, about, of each long text: what is quadratic takes many seconds at this length.
const MANY: usize = 100_000;

const OPENERS: &[&str] = &[
    "(",
    "((",
    "{ ",
    "{",
    "$(",
    "$((",
    "${",
    "${x:-",
    "${x[",
    "`",
    "\"",
    "'",
    "[",
    "[[ ",
    "[[ ( ",
    "[[ ! ",
    "<(",
    ">(",
    "@(",
    "a=(",
    "a[",
    "if ",
    "if a; then ",
    "while ",
    "while a; do ",
    "for a in ",
    "for a in b; do ",
    "for ((",
    "case a in ",
    "case a in a) ",
    "f() ",
    "f() { ",
    "function f ",
    "coproc ",
    "! ",
    "time ",
    "<<E ",
    "<<<",
    "$'",
    "$\"",
    "{a,",
    "\"$(",
    "\"${x:-",
    "$((a[",
    "a && ",
    "a | ",
    "select a in ",
    "\\",
    "\\\n",
    "[[:alpha:]",
    "[a[:",
    "~",
    "#",
    "$",
    "x=~:",
    "[\"",
    "[$",
    "<<\"",
    "<<$(",
    "${x/",
    "${x:",
    "${!",
    "${x:1?",
    "&",
    "1",
    "{1..",
    "{x}",
    "[[ a =~ (",
    "declare a=(",
    "a=([",
];

#[test]
fn ten_thousand_openers_of_each_kind_are_answered() {
    for opener in OPENERS {
        let _ = read_soon(opener, opener.repeat(10_000).as_bytes());
    }
}

#[test]
fn much_of_each_opener_is_answered() {
    for opener in OPENERS {
        let _ = read_soon(opener, opener.repeat(MANY / opener.len()).as_bytes());
    }
}

#[test]
fn much_of_anything_is_answered_in_linear_time() {
    let texts: &[(&str, String)] = &[
        ("one word", "a".repeat(MANY)),
        ("digits", "1".repeat(MANY)),
        ("digits and dollars", "1$".repeat(MANY / 2)),
        ("words", "a ".repeat(MANY / 2)),
        ("commands", "a;".repeat(MANY / 2)),
        ("lines", "a\n".repeat(MANY / 2)),
        ("pipes", "a|".repeat(MANY / 2)),
        ("conditions", "a&&".repeat(MANY / 3)),
        ("redirections", ">a ".repeat(MANY / 3)),
        ("assignments", "a=b ".repeat(MANY / 4)),
        ("continuations", "\\\n".repeat(MANY / 2)),
        ("words and continuations", "a\\\n".repeat(MANY / 3)),
        ("continuations between blanks", " \\\n".repeat(MANY / 3)),
        (
            "a long continuation in a word",
            format!("a{}b", "\\\n".repeat(MANY / 2)),
        ),
        (
            "continuations in digits",
            format!("{}>a", "1\\\n".repeat(MANY / 3)),
        ),
        (
            "continuations in a reserved word",
            format!("i{}f", "\\\n".repeat(MANY / 2)),
        ),
        ("substitutions side by side", "$(a)".repeat(MANY / 4)),
        ("backquotes side by side", "`a`".repeat(MANY / 3)),
        ("parameters side by side", "${a}".repeat(MANY / 4)),
        ("quotes side by side", "\"a\"'b'".repeat(MANY / 6)),
        ("brackets side by side", "[a]".repeat(MANY / 3)),
        ("brackets that do not close", "[a".repeat(MANY / 2)),
        ("brackets with quotes", "[\"a\"".repeat(MANY / 5)),
        ("brackets with dollars", "[$a".repeat(MANY / 3)),
        ("bracket classes", "[[:a".repeat(MANY / 4)),
        ("braces side by side", "{a,b}".repeat(MANY / 5)),
        (
            "braces with many alternatives",
            format!("{{{}}}", "a,".repeat(MANY / 2)),
        ),
        ("a brace range of dots", format!("{{{}}}", ".".repeat(MANY))),
        (
            "braces that do not close",
            format!("{}..", "{a".repeat(MANY / 2)),
        ),
        ("braces with quotes", "{\"a\",b}".repeat(MANY / 7)),
        ("tildes", format!("a={}", "~:".repeat(MANY / 2))),
        ("descriptor names", "{a}".repeat(MANY / 3)),
        (
            "a long descriptor name",
            format!("{{{}}}>x", "a".repeat(MANY)),
        ),
        (
            "arithmetic names",
            format!("$(({}))", "a+".repeat(MANY / 2)),
        ),
        ("different arithmetic names", {
            let names: Vec<String> = (0..MANY / 6).map(|number| format!("a{number}")).collect();
            format!("$(({}))", names.join("+"))
        }),
        (
            "arithmetic subscripts",
            format!("(({}1{}))", "a[".repeat(MANY / 3), "]".repeat(MANY / 3)),
        ),
        (
            "blanks in arithmetic",
            format!("(({}))", "a ".repeat(MANY / 2)),
        ),
        (
            "quotes in a pattern",
            format!("${{x//{}}}", "'a'".repeat(MANY / 3)),
        ),
        ("array elements", format!("a=({})", "b ".repeat(MANY / 2))),
        (
            "keyed array elements",
            format!("a=({})", "[b]=c ".repeat(MANY / 6)),
        ),
        ("comments", "#a\n".repeat(MANY / 3)),
        ("one comment", format!("#{}", "a".repeat(MANY))),
        ("blanks", " ".repeat(MANY)),
        ("newlines", "\n".repeat(MANY)),
        ("functions", "f() { a; }\n".repeat(MANY / 11)),
        (
            "case arms",
            format!("case a in {} esac", "a) b;; ".repeat(MANY / 7)),
        ),
        (
            "case patterns",
            format!("case a in {}b) c;; esac", "a|".repeat(MANY / 2)),
        ),
        (
            "test terms",
            format!("[[ {} a ]]", "a && ".repeat(MANY / 5)),
        ),
        (
            "many documents pending",
            format!("{}\n", "<<E ".repeat(MANY / 4)),
        ),
        ("documents one by one", "a <<E\nb\nE\n".repeat(MANY / 10)),
        (
            "documents on one line",
            format!(
                "a {}\n{}",
                "<<E ".repeat(MANY / 10),
                "b\nE\n".repeat(MANY / 10)
            ),
        ),
        (
            "a long document",
            format!("a <<E\n{}E\n", "b $c\n".repeat(MANY / 5)),
        ),
        (
            "a long document of continuations",
            format!("a <<E\n{}\nE\n", "\\\n".repeat(MANY / 2)),
        ),
        (
            "a long document of tabs",
            format!("a <<-E\n{}\nE\n", "\t".repeat(MANY)),
        ),
        (
            "a document of short lines",
            format!("a <<'E'\n{}E\n", "\n".repeat(MANY)),
        ),
        (
            "documents in substitutions",
            "$(a <<E\nb\nE\n)".repeat(MANY / 14),
        ),
        (
            "commands in backquotes",
            format!("`{}`", "a;".repeat(MANY / 2)),
        ),
        (
            "backquotes in documents",
            format!("a <<E\n{}\nE\n", "`a` ".repeat(MANY / 4)),
        ),
        (
            "expanding words of letters",
            format!("a_{}=1", "a".repeat(MANY)),
        ),
        ("patterns", "*?".repeat(MANY / 2)),
        ("extended globs", "@(a|b)".repeat(MANY / 6)),
        ("alternatives", format!("@({}b)", "a|".repeat(MANY / 2))),
        ("ansi quotes", "$'\\x41'".repeat(MANY / 7)),
    ];
    for (what, text) in texts {
        let _ = read_soon(what, text.as_bytes());
    }
}

/// Lines that bash refuses or takes for something else than they look like; each was read once, and must not be.
#[test]
fn what_looks_like_something_else_is_not_read() {
    let lines = [
        "in a",
        "]]",
        "declare >f x=(a)",
        "declare <(b) x=(a)",
        "x=(a)b",
        "a $(time x=(b))",
        "a $(P=(\\;))",
        "<{d}>x",
        ">2>x",
        "{ a; } <b }",
        "done<a done",
        "coproc a }",
        "coproc x=1 if a; then b; fi",
        "[[ # ]]",
        "[[ a == #b ]]",
        "[[ a\n&& b ]]",
        "[[ ]]\\\n|| a ]]",
        "a[>(]=",
        ">((2))",
        "<&-n -",
        "for((;;$(case a in a) b;; esac))); do c; done",
        "a `b) c`",
        "cat <<E\n`echo \\\"a\\\"`\nE\n",
        "a $(cat <<E\nE)\nb; (\nE\n)",
        "a <(cat <<'E'\nE b)\nb; (\nE\n)",
        "for \\x do a; done",
        "$*(a)",
        "coproc { x=(if); }",
        "select i in>(); do a; done",
        "[[ !<b ]]",
        "x=()>(a)",
        "a[$(<<E\nE\n)]=b",
        "\"${x+<(a}\"",
        "${x#?(})}",
        "$'\\\u{1}'",
    ];
    for line in lines {
        let read = read(line.as_bytes(), Dialect::Bash, options());
        assert!(read.is_err(), "{line}: {read:?}");
    }
}

#[test]
fn a_backslash_at_the_end_of_a_comment_does_not_ask_for_more() {
    for line in ["# a \\\n", "a # b \\\n"] {
        assert!(
            read(line.as_bytes(), Dialect::Bash, options()).is_ok(),
            "{line}"
        );
    }
    for line in ["a \\\n", "a\\\n"] {
        let read = read(line.as_bytes(), Dialect::Bash, options());
        assert!(
            matches!(read, Err(NotRead::Incomplete(_))),
            "{line}: {read:?}"
        );
    }
}

/// They match files; taken for plain text they would hide which.
#[test]
fn bracket_patterns_with_quotes_or_expansions_are_unsupported() {
    for word in [
        "[\"a b\"]",
        "['a b']",
        "[\"a\nb\"]",
        "[a\\ ]",
        "[$x]",
        "[${x:-a b}]",
        "[$(a b)]",
        "[`a b`]",
        "[a'\n'b]",
        "[!\"a b\"c]",
        "x[\"a b\"]",
        "[$'a b']",
        "[\"$(a b)\"]",
        "[$\\\n]",
        "[\"a]\"\" b\"]",
    ] {
        for dialect in [Dialect::Bash, Dialect::Posix] {
            let line = format!("a {word}");
            let read = read(line.as_bytes(), dialect, options());
            assert!(
                matches!(read, Err(NotRead::Unsupported(_))),
                "{line}: {read:?}"
            );
        }
    }
    for line in [
        "[ \"a b\" = c ]",
        "a [\"b\" c]",
        "a [$b",
        "[ -f \"$a\" ] && b [c]",
        "a ['b' c",
    ] {
        let read = read(line.as_bytes(), Dialect::Bash, options());
        assert!(read.is_ok(), "{line}: {read:?}");
    }
}

#[test]
fn a_text_of_very_many_commands_is_unsupported() {
    let read = read("a;".repeat(200_000).as_bytes(), Dialect::Bash, options());
    assert!(matches!(read, Err(NotRead::Unsupported(_))));
}

#[test]
fn nul_and_carriage_return_are_unsupported() {
    for line in ["a\0b", "a\r\nb"] {
        for dialect in [Dialect::Bash, Dialect::Posix] {
            let read = read(line.as_bytes(), dialect, options());
            assert!(matches!(read, Err(NotRead::Unsupported(_))), "{read:?}");
        }
    }
}

#[test]
fn what_is_cut_off_is_incomplete() {
    let cut = [
        "a 'b",
        "a \"b",
        "a $(b",
        "a `b",
        "a ${b",
        "a $((1",
        "( a",
        "{ a;",
        "if a; then b",
        "while a; do",
        "for a in b; do",
        "case a in",
        "case a in b) c",
        "f() {",
        "a |",
        "a &&",
        "a ||",
        "a \\",
        "[[ a",
        "[[ a &&",
        "((1",
        "a <<E\nb\n",
        "a=(b",
        "a <(b",
        "a >",
        "for a",
        "function f",
        "a |&",
        "! ",
        "$'a",
        "coproc",
    ];
    for line in cut {
        let read = read(line.as_bytes(), Dialect::Bash, options());
        assert!(
            matches!(read, Err(NotRead::Incomplete(_))),
            "{line}: {read:?}"
        );
    }
}

#[test]
fn where_comments_are_off_a_hash_is_a_command_behind_a_bang() {
    let options = Options {
        comments: false,
        ..options()
    };
    for line in ["!>a #", "! # >a", "time #"] {
        let script = read(line.as_bytes(), Dialect::Bash, options);
        let printed = script.as_ref().map(print);
        assert!(
            printed.is_ok_and(|text| read(&text, Dialect::Bash, options).is_ok()),
            "{line}: {script:?}"
        );
    }
}
