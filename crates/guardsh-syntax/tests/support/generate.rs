//! Lines from a grammar of what the reader knows, nested, oddly spaced, with comments, newlines and here-documents.

use super::Chance;

struct Maker<'c> {
    chance: &'c mut Chance,
    out: Vec<u8>,
    depth: usize,
    /// Delimiters of here-documents that wait for their line's end, and whether bodies expand.
    waiting: Vec<(String, bool)>,
    documents: usize,
}

/// One text, of one or several lines.
pub(crate) fn line(chance: &mut Chance) -> Vec<u8> {
    let mut maker = Maker {
        chance,
        out: Vec::new(),
        depth: 0,
        waiting: Vec::new(),
        documents: 0,
    };
    let count = 1 + maker.chance.below(3);
    maker.statements(count);
    maker.end_documents();
    maker.out
}

const NAMES: &[&str] = &[
    "a", "x", "ls", "foo", "echo", "PATH", "_b1", "declare", "test",
];
const LITERALS: &[&str] = &[
    "a",
    "b-c",
    "--x=y",
    "/etc/passwd",
    "~",
    "~root/x",
    "a:~",
    "x=~/b",
    "-n",
    "1",
    "{}",
    "a{",
    "}b",
    "a=b",
    "%d",
    "+",
    "a,b",
    "..",
    "@",
    "!",
    "if",
    "fi",
    "in",
    "do",
    "[",
    "]",
    "[[",
    "]]",
    "time",
    "a#b",
    "^x",
    "é",
    "a\\ b",
    "\\;",
    "\\'",
    "\\$x",
    "{a,b}",
    "{1..3}",
    "x{a,b{c,d}}y",
    "{a,}",
    "{a}",
    "$",
    "a$",
    "5",
    "b=",
    "x[1]",
    "=",
    ":",
];

impl Maker<'_> {
    fn put(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.chance.one_in(times)
    }

    /// At least one blank, sometimes an odd one.
    fn gap(&mut self) {
        let gap = self.chance.below(40);
        self.put(match gap {
            0 => "  ",
            1 => "\t",
            2 => " \\\n ",
            3 => "\\\n ",
            _ => " ",
        });
    }

    /// A blank or none.
    fn maybe(&mut self) {
        match self.chance.below(12) {
            0..6 => self.put(" "),
            6 => self.put("\\\n"),
            _ => {}
        }
    }

    fn newline(&mut self) {
        if self.one_in(6) {
            self.put(" # it's \"a\" comment $( ` {");
        }
        self.put("\n");
        self.bodies();
        if self.one_in(6) {
            self.put("\n\t# more\n");
        }
    }

    /// Something that may be a newline where the shell allows one.
    fn may_break(&mut self) {
        if self.one_in(4) {
            self.newline();
        } else {
            self.maybe();
        }
    }

    fn bodies(&mut self) {
        for (delimiter, expands) in std::mem::take(&mut self.waiting) {
            let lines = self.chance.below(3);
            for _ in 0..lines {
                self.put("text ' it");
                if expands && self.depth < 3 {
                    self.put(" \\$x \\a ");
                    self.expansion(true);
                } else if !expands {
                    self.put(" $( ` \" ${");
                }
                self.put("\n");
            }
            self.put(&delimiter);
            self.put("\n");
        }
    }

    fn end_documents(&mut self) {
        if !self.waiting.is_empty() {
            self.newline();
        }
    }

    fn statements(&mut self, count: usize) {
        for number in 0..count {
            self.and_or();
            if number + 1 < count {
                match self.chance.below(4) {
                    0 => self.put("; "),
                    1 => self.put(" & "),
                    2 => self.put(";"),
                    _ => self.newline(),
                }
            }
        }
    }

    /// Statements and what ends the last one in front of a reserved word.
    fn body(&mut self) {
        let before = self.waiting.len();
        let count = 1 + self.chance.below(2);
        self.statements(count);
        if self.waiting.len() > before || self.one_in(3) {
            self.newline();
        } else if self.one_in(5) {
            self.put(" & ");
        } else {
            self.put("; ");
        }
    }

    fn and_or(&mut self) {
        self.pipeline();
        while self.one_in(4) {
            self.maybe();
            let operator = ["&&", "||"][self.chance.below(2)];
            self.put(operator);
            self.may_break();
            self.pipeline();
        }
    }

    fn pipeline(&mut self) {
        match self.chance.below(20) {
            0 => self.put("time "),
            1 => self.put("time -p "),
            2 => self.put("! "),
            _ => {}
        }
        self.command();
        while self.one_in(5) {
            self.maybe();
            let operator = ["|", "|&", "|"][self.chance.below(3)];
            self.put(operator);
            self.may_break();
            self.command();
        }
    }

    fn command(&mut self) {
        self.depth += 1;
        let kind = if self.depth > 3 {
            0
        } else {
            self.chance.below(26)
        };
        let kind = if kind < 13 || self.depth == 1 || self.one_in(2) {
            kind
        } else {
            0
        };
        match kind {
            0..13 => self.simple(),
            kind => {
                self.compound(kind);
                if self.one_in(4) {
                    self.put(" ");
                    self.redirect();
                }
            }
        }
        self.depth -= 1;
    }

    fn simple(&mut self) {
        let assignments = if self.one_in(4) {
            1 + self.chance.below(2)
        } else {
            0
        };
        for _ in 0..assignments {
            self.assignment();
            self.gap();
        }
        if assignments == 0 || self.one_in(2) {
            let name = self.chance.pick(NAMES);
            self.put(name);
            for _ in 0..self.chance.below(4) {
                self.gap();
                if self.one_in(8) {
                    self.redirect();
                } else {
                    self.word();
                }
            }
            if name == "declare" && self.one_in(2) {
                self.put(" -a x=(");
                self.words(3);
                self.put(")");
            }
        }
    }

    fn assignment(&mut self) {
        let name = ["x", "PATH", "_y2"][self.chance.below(3)];
        self.put(name);
        match self.chance.below(8) {
            0 => {
                self.put("[");
                self.arithmetic();
                self.put("]=");
                self.word();
            }
            1 => {
                self.put("=(");
                self.words(3);
                if self.one_in(3) {
                    self.put(" [1]=a [k]+=b");
                    self.newline();
                }
                self.put(")");
            }
            2 => {
                self.put("+=");
                self.word();
            }
            3 => self.put("="),
            _ => {
                self.put("=");
                self.word();
            }
        }
    }

    fn words(&mut self, most: usize) {
        for number in 0..self.chance.below(most + 1) {
            if number > 0 {
                self.gap();
            }
            self.word();
        }
    }

    fn word(&mut self) {
        self.piece();
        while self.one_in(3) {
            self.piece();
        }
    }

    fn piece(&mut self) {
        match self.chance.below(24) {
            0..9 => {
                let literal = self.chance.pick(LITERALS);
                self.put(literal);
            }
            9 => self.put("'it $x `\\ \"'"),
            10 | 11 => {
                self.put("\"");
                self.quoted();
                self.put("\"");
            }
            12 => {
                let text = self.chance.pick(&[
                    "*",
                    "?",
                    "[a-z]",
                    "[!a]*",
                    "*.txt",
                    "[[:digit:]]",
                    "[]a]",
                    "a?b",
                ]);
                self.put(text);
            }
            13 => self.put("$'a\\n\\x41\\'b\\001'"),
            14 => {
                let process = ["<(", ">("][self.chance.below(2)];
                self.script_in(process, ")");
            }
            15 => self.put("\\\n"),
            16 => {
                let text = self
                    .chance
                    .pick(&["@(a|b)", "!(x*)", "+([0-9])", "?(a|$x)", "*(\"q\")"]);
                self.put(text);
            }
            17 => self.put("$\"loc $x\""),
            _ => self.expansion(false),
        }
    }

    fn quoted(&mut self) {
        for _ in 0..self.chance.below(3) {
            match self.chance.below(4) {
                0 => self.put(" a'b # ; "),
                1 => self.put("\\\"\\$\\a\\\\"),
                2 => self.put("\n"),
                _ => self.expansion(true),
            }
        }
    }

    fn expansion(&mut self, quoted: bool) {
        let kind = if self.depth > 3 {
            self.chance.below(3)
        } else {
            self.chance.below(12)
        };
        match kind {
            0 | 1 => {
                let text = self.chance.pick(&[
                    "$x", "$1", "$@", "$?", "$$", "${x}", "${#x}", "${!x}", "$x_y", "${10}", "${#}",
                ]);
                self.put(text);
            }
            2 => {
                let text = self.chance.pick(&[
                    "${x[1]}",
                    "${x[@]}",
                    "${!x[@]}",
                    "${!p*}",
                    "${x:1:2}",
                    "${x: -1}",
                    "${x@Q}",
                    "${x^^}",
                    "${x,,[a]}",
                    "${x//a/b}",
                    "${x/#a}",
                    "${x/%\\/b/c}",
                    "${x##*/}",
                    "${x%.*}",
                    "${#x[@]}",
                    "${x[$i]}",
                    "${x[i+1]}",
                ]);
                self.put(text);
            }
            3 | 4 => {
                let operator = self
                    .chance
                    .pick(&[":-", "-", ":=", "=", ":?", "?", ":+", "+", "#", "%%", "/"]);
                self.put("${x");
                self.put(operator);
                if quoted {
                    self.put("a b");
                    if self.one_in(2) {
                        self.depth += 1;
                        self.expansion(true);
                        self.depth -= 1;
                    }
                } else {
                    self.depth += 1;
                    self.word();
                    self.depth -= 1;
                }
                self.put("}");
            }
            5..8 => self.script_in("$(", ")"),
            8 => {
                let text =
                    self.chance
                        .pick(&["`ls`", "`a | b`", "`echo \\$x \\`b\\``", "`a 'b'`", "` `"]);
                self.put(text);
            }
            _ => {
                self.put("$((");
                self.arithmetic();
                self.put("))");
            }
        }
    }

    fn script_in(&mut self, open: &str, close: &str) {
        self.depth += 1;
        let waiting = std::mem::take(&mut self.waiting);
        self.put(open);
        self.maybe();
        self.statements(1);
        if self.waiting.is_empty() {
            self.maybe();
        } else {
            self.newline();
        }
        self.put(close);
        self.waiting = waiting;
        self.depth -= 1;
    }

    fn arithmetic(&mut self) {
        for number in 0..=self.chance.below(2) {
            if number > 0 {
                let operator = self
                    .chance
                    .pick(&["+", " - ", "*", " < ", "<<", " && ", ",", "=", " ** ", "%"]);
                self.put(operator);
            }
            match self.chance.below(8) {
                0 => self.put("x"),
                1 => self.put("a[1]"),
                2 => self.put("(b + 1)"),
                3 => self.put("$x"),
                4 => self.put("c++"),
                5 if self.depth < 3 => self.script_in("$(", ")"),
                6 => self.put("d ? 1 : 2"),
                _ => self.put("16#ff"),
            }
        }
    }

    fn redirect(&mut self) {
        let number = ["", "2", "10", "{fd}"][self.chance.below(4)];
        if self.one_in(3) {
            self.put(number);
        }
        match self.chance.below(12) {
            0 => {
                self.put("<<");
                self.document();
            }
            1 => {
                self.put("<<-");
                self.document();
            }
            2 => {
                self.put("<<<");
                self.maybe();
                self.word();
            }
            3 => self.put(">&2"),
            4 => self.put("<&-"),
            _ => {
                let operator = self.chance.pick(&["<", ">", ">>", ">|", "<>", ">&", "<&"]);
                self.put(operator);
                self.maybe();
                let target =
                    self.chance
                        .pick(&["f", "/dev/null", "\"$x\"", "$x", "1", "'a b'", "~/x"]);
                self.put(target);
            }
        }
    }

    fn document(&mut self) {
        self.documents += 1;
        let name = format!("E{}", self.documents);
        let expands = self.one_in(2);
        if expands {
            self.put(&name);
        } else {
            let quoted = [
                format!("'{name}'"),
                format!("\\{name}"),
                format!("\"{name}\""),
            ];
            let which = self.chance.below(3);
            self.put(&quoted[which]);
        }
        self.waiting.push((name, expands));
    }

    fn do_group(&mut self) {
        self.put("do ");
        self.body();
        self.put("done");
    }

    fn compound(&mut self, kind: usize) {
        match kind {
            13 => {
                self.put("{ ");
                self.body();
                self.put("}");
            }
            14 => self.subshell(),
            15 => {
                self.put("if ");
                self.body();
                self.put("then ");
                self.body();
                if self.one_in(3) {
                    self.put("elif ");
                    self.body();
                    self.put("then ");
                    self.body();
                }
                if self.one_in(2) {
                    self.put("else ");
                    self.body();
                }
                self.put("fi");
            }
            16 => {
                let word = ["while ", "until "][self.chance.below(2)];
                self.put(word);
                self.body();
                self.do_group();
            }
            17 | 18 => {
                let word = ["for ", "select ", "for "][self.chance.below(3)];
                self.put(word);
                self.put("i");
                if self.one_in(4) {
                    self.newline();
                } else {
                    self.put(" in ");
                    self.words(3);
                    if self.one_in(3) {
                        self.newline();
                    } else {
                        self.put("; ");
                    }
                }
                self.do_group();
            }
            19 => {
                self.put("for ((");
                for end in [";", ";", ")) ; "] {
                    if self.one_in(2) {
                        self.arithmetic();
                    }
                    self.put(end);
                }
                self.do_group();
            }
            20 => self.case(),
            21 | 22 => {
                self.put("[[ ");
                self.test(0);
                self.put(" ]]");
            }
            23 => {
                self.put("((");
                self.arithmetic();
                self.put("))");
            }
            24 => {
                let head = ["f() ", "f ()\n", "function f ", "function f() "][self.chance.below(4)];
                if !self.waiting.is_empty() {
                    self.put("f() ");
                } else {
                    self.put(head);
                }
                self.put("{ ");
                self.body();
                self.put("}");
            }
            _ => {
                self.put("coproc ");
                if self.one_in(2) {
                    self.put("ls -l");
                } else {
                    self.put("{ ");
                    self.body();
                    self.put("}");
                }
            }
        }
    }

    fn subshell(&mut self) {
        self.script_in("( ", ")");
    }

    fn case(&mut self) {
        self.put("case ");
        self.word();
        self.put(" in");
        self.may_break();
        self.put(" ");
        for _ in 0..self.chance.below(3) {
            if self.one_in(2) {
                self.put("(");
            }
            let pattern = self.chance.pick(&[
                "a", "*", "[a-z]*", "a | b", "\"$x\"", "$(ls)", "x\\ y", "--*|-h", "''",
            ]);
            self.put(pattern);
            self.put(")");
            self.maybe();
            if self.one_in(5) {
                self.newline();
            } else {
                let count = 1 + self.chance.below(2);
                self.statements(count);
            }
            if !self.waiting.is_empty() {
                self.newline();
            }
            let end = self.chance.pick(&[";;", ";&", ";;&", ";;", ";; ", ";;\n"]);
            self.put(" ");
            if self.waiting.is_empty() {
                self.put(end);
            } else {
                self.put(";;");
            }
            self.may_break();
        }
        self.put(" esac");
    }

    fn test(&mut self, level: usize) {
        match self.chance.below(10) {
            0 if level < 3 => {
                self.put("! ");
                self.test(level + 1);
            }
            1 if level < 3 => {
                self.put("( ");
                self.test(level + 1);
                self.put(" )");
            }
            2 | 3 if level < 3 => {
                self.test(level + 1);
                let operator = [" && ", " || ", "&&", " ||\n"][self.chance.below(4)];
                self.put(operator);
                self.test(level + 1);
            }
            4 => {
                let operator = self.chance.pick(&["-f ", "-v ", "-n ", "-z ", "-d "]);
                self.put(operator);
                self.word();
            }
            5 => {
                let pattern =
                    self.chance
                        .pick(&["a == b*", "$x != @(a|b)", "a = [a-z]", "\"$x\" == \"y\""]);
                self.put(pattern);
            }
            6 => {
                let pattern = self.chance.pick(&[
                    "a =~ ^b+$",
                    "$x =~ (a|b)c",
                    "x =~ $re",
                    "a =~ [0-9]{2}",
                    "a =~ a\\ b",
                    "x =~ 'a b'",
                ]);
                self.put(pattern);
            }
            7 => self.put("a -lt 1"),
            8 => self.put("a < b"),
            _ => {
                self.put("\"");
                self.quoted();
                self.put("\"");
            }
        }
    }
}
