//! Lines made up from the shell's grammar, weighted to what is hard to follow. The same seed gives the same
//! line. No line can do harm: only stubs can run, files have fixed harmless names, functions call none.

use guardsh_syntax::Dialect;

/// Makes one line.
pub(crate) struct Generator {
    state: u64,
    bash: bool,
    depth: usize,
    in_function: bool,
    functions: usize,
    quiet: bool,
}

impl Generator {
    pub(crate) fn new(seed: u64, dialect: Dialect) -> Self {
        Self {
            state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
            bash: dialect == Dialect::Bash,
            depth: 0,
            in_function: false,
            functions: 0,
            quiet: false,
        }
    }

    fn next(&mut self) -> u64 {
        // xorshift64*
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick(&mut self, from: &[&str]) -> String {
        from[self.below(from.len())].to_owned()
    }

    pub(crate) fn line(&mut self) -> String {
        // Half of the lines avoid what always asks, so that they are compared.
        self.quiet = self.chance(75);
        let mut text = String::new();
        for _ in 0..=self.below(4) {
            if !text.is_empty() {
                text.push_str(match self.below(3) {
                    0 => "; ",
                    _ => "\n",
                });
            }
            let statement = self.list();
            let ends = statement.ends_with('\n');
            text.push_str(&statement);
            if ends {
                // A here-document's end stands alone on its line.
                text.push_str("ls after");
            }
        }
        text
    }

    fn list(&mut self) -> String {
        let mut text = self.pipeline();
        while self.chance(20) && !text.ends_with('\n') {
            let op = self.pick(&[" && ", " || "]);
            text = format!("{text}{op}{}", self.pipeline());
        }
        if self.chance(4) && !text.ends_with('\n') {
            text.push_str(" & wait");
        }
        text
    }

    fn pipeline(&mut self) -> String {
        let mut text = self.command();
        if self.chance(4) {
            text = format!("! {text}");
        }
        while self.chance(10) && !text.ends_with('\n') {
            text = format!("{text} | {}", self.command());
        }
        text
    }

    fn command(&mut self) -> String {
        self.depth += 1;
        let text = if self.depth > 5 || self.chance(60) {
            self.simple()
        } else {
            self.compound()
        };
        self.depth -= 1;
        text
    }

    fn body(&mut self) -> String {
        let mut text = self.list();
        while self.chance(30) && !text.ends_with('\n') {
            text = format!("{text}; {}", self.list());
        }
        if text.ends_with('\n') {
            text.push_str("ls behind");
        }
        text
    }

    fn compound(&mut self) -> String {
        match self.below(22) {
            16 if self.bash => format!(
                "[[ {} =~ {} ]] || {}",
                self.word_plain(),
                self.pick(&["^l", "(a|b)", "x y", "'q r'", "[a-z]+"])
                    .replace("x y", "x\\ y"),
                self.simple()
            ),
            17 if self.bash => format!("time {}", self.pipeline()),
            18 if self.bash && !self.in_function => {
                self.in_function = true;
                let body = self.body();
                self.in_function = false;
                self.functions += 1;
                format!("function g {{ {body}; }}; g{}", self.words(2))
            }
            19 => format!(
                "{{ {} & {}; wait; }}",
                self.simple_line(),
                self.simple_line()
            ),
            20 if self.bash => format!("{} |& {}", self.simple_line(), self.simple()),
            21 => format!(
                "case {} in (a|{}) {};; esac",
                self.word(),
                self.pattern(),
                self.body()
            ),
            0 => format!("{{ {}; }}{}", self.body(), self.redirect()),
            1 => format!("( {} ){}", self.body(), self.redirect()),
            2 => format!("if {}; then {}; fi", self.body(), self.body()),
            3 => format!(
                "if {}; then {}; else {}; fi",
                self.body(),
                self.body(),
                self.body()
            ),
            4 | 5 => {
                let name = self.name();
                let words = self.words(3);
                format!("for {name} in{words}; do {}; done", self.body())
            }
            6 => format!("for {} do {}; done", self.name(), self.body()),
            7 => format!("while {}; do {}; break; done", self.body(), self.body()),
            8 => format!("until {}; do {}; break; done", self.body(), self.body()),
            9 => {
                let end = if self.bash {
                    self.pick(&[";;", ";&", ";;&"])
                } else {
                    ";;".to_owned()
                };
                format!(
                    "case {} in {}) {} {end} {}|x) {} ;; *) {};; esac",
                    self.word(),
                    self.pattern(),
                    self.body_for_case(),
                    self.pattern(),
                    self.body_for_case(),
                    self.body_for_case(),
                )
            }
            10 | 11 if !self.in_function => {
                self.in_function = true;
                let name = self.pick(&["f", "g"]);
                let body = self.body();
                self.in_function = false;
                self.functions += 1;
                let words = self.words(2);
                format!("{name}() {{ {body}; }}; {name}{words}")
            }
            12 if self.bash => format!(
                "[[ {} == {} ]] && {}",
                self.word_plain(),
                self.pattern(),
                self.simple()
            ),
            13 if self.bash => {
                let arith = self.arith();
                format!("(( {arith} )); {}", self.simple())
            }
            14 if self.bash && !self.quiet => {
                format!("for ((i=0; i<2; i++)); do {}; done", self.body())
            }
            _ => self.simple(),
        }
    }

    fn simple_line(&mut self) -> String {
        let text = self.simple();
        if text.ends_with('\n') {
            "ls line".to_owned()
        } else {
            text
        }
    }

    fn body_for_case(&mut self) -> String {
        self.body()
    }

    fn name(&mut self) -> String {
        self.pick(&["x", "y", "z", "i", "x"])
    }

    fn pattern(&mut self) -> String {
        match self.below(5) {
            0 => "*".to_owned(),
            1 => "l*".to_owned(),
            2 => "'ls'".to_owned(),
            _ => self.word_plain(),
        }
    }

    fn words(&mut self, most: usize) -> String {
        let mut text = String::new();
        for _ in 0..self.below(most + 1) {
            text.push(' ');
            text.push_str(&self.word());
        }
        text
    }

    fn redirect(&mut self) -> String {
        if self.chance(80) {
            return String::new();
        }
        let file = match self.below(5) {
            0 => "$x".to_owned(),
            1 => "\"$y\"".to_owned(),
            2 => "d1/f1".to_owned(),
            _ => "f2".to_owned(),
        };
        match self.below(8) {
            0 => format!(" >{file}"),
            1 => format!(" >>{file}"),
            2 => " 2>&1".to_owned(),
            3 => " >/dev/null".to_owned(),
            4 => format!(" <{file}"),
            5 if self.bash => format!(" &>{file}"),
            6 if self.bash => format!(" <<<{}", self.word()),
            _ => format!(" 2>{file}"),
        }
    }

    fn assignment(&mut self) -> String {
        let name = self.name();
        match self.below(12) {
            0 if self.bash => format!("{name}+={}", self.word()),
            1 if self.bash && !self.quiet => format!("arr=({})", self.words(3)),
            2 => format!("{name}="),
            3 => format!("{name}=ls"),
            4 => format!("{name}=m"),
            5 => format!("{name}=2"),
            6 => format!("{name}='a b'"),
            7 => format!("{name}=$(({}))", self.arith()),
            _ => format!("{name}={}", self.word()),
        }
    }

    fn arith(&mut self) -> String {
        let mut text = self.pick(&["1", "2", "x", "y", "$x", "i", "${#x}", "3"]);
        while self.chance(40) {
            let op = self.pick(&["+", "-", "*", " + ", "%"]);
            text = format!("{text}{op}{}", self.pick(&["1", "2", "x", "$y", "5"]));
        }
        if self.chance(10) {
            text = format!("{}={text}", self.name());
        }
        text
    }

    fn simple(&mut self) -> String {
        let mut text = String::new();
        if self.chance(20) {
            text = self.assignment();
            if self.chance(70) {
                return text;
            }
            text.push(' ');
        }
        let rest = match self.below(40) {
            0..=13 => {
                let name = self.program();
                let words = self.words(3);
                format!("{name}{words}{}", self.redirect())
            }
            14 => format!(
                "{}{}",
                self.pick(&["$x", "\"$y\"", "${x:-ls}", "$x$y", "${z-m}"]),
                self.words(2)
            ),
            15 => format!("eval {}", self.quoted_text()),
            16 => format!("eval{} {}", self.words(1), self.program()),
            17 => format!("command {}{}", self.program(), self.words(2)),
            18 => format!("sh -c {} {}", self.quoted_text(), self.words(2)),
            19 => format!("bash -c {} {}", self.quoted_text(), self.words(2)),
            20 => format!("env {}=1 {}{}", self.name(), self.program(), self.words(2)),
            21 => format!(
                "{} {}{}",
                self.pick(&[
                    "nice",
                    "nice -n 5",
                    "timeout 5",
                    "nohup",
                    "env",
                    "timeout -k 1 5"
                ]),
                self.program(),
                self.words(2)
            ),
            22 => format!(
                "echo{} | xargs {}{}",
                self.words(2),
                self.program(),
                self.words(1)
            ),
            23 => format!(
                "cd {}",
                self.pick(&[
                    "d1",
                    "d2",
                    "$x",
                    "-",
                    "\"$y\"",
                    ".",
                    "d1/..",
                    "",
                    "~",
                    "d1 && ls in"
                ])
            ),
            24 => format!("unset {}", self.name()),
            25 => format!(
                "export {}{}",
                self.name(),
                if self.chance(60) {
                    format!("={}", self.word())
                } else {
                    String::new()
                }
            ),
            26 => format!("set -- {}", self.words(3)),
            27 => "shift".to_owned(),
            28 => {
                let source = if self.bash {
                    format!("<<<{}", self.word())
                } else {
                    "</dev/null".to_owned()
                };
                format!("read {} {} {source}", self.name(), self.name())
            }
            29 if self.in_function => format!("local {}={}", self.name(), self.word()),
            30 if self.in_function => self.pick(&["return", "return 1"]),
            31 => format!("trap {} EXIT", self.quoted_text()),
            32 => format!("printf '%s\\n'{}", self.words(2)),
            33 if self.bash => format!("printf -v {} %s {}", self.name(), self.word()),
            34 => self.pick(&[
                "true",
                "false",
                ":",
                "break",
                "continue",
                "true && ls t",
                "false || ls f",
                "wait",
            ]),
            35 => format!(
                "{} <<E\n{} {}\nE\n",
                self.program(),
                self.word_plain(),
                self.word_plain()
            ),
            36 => format!("exec {}{}", self.program(), self.words(2)),
            37 if self.functions > 0 && !self.in_function => {
                format!("{}{}", self.pick(&["f", "g"]), self.words(2))
            }
            38 if self.bash && !self.quiet => self.pick(&[
                "set -f",
                "IFS=,",
                "IFS=b",
                "shopt -s nullglob",
                "readonly x",
                "declare -i y",
                "IFS=",
                "set -u",
                "set -e",
            ]),
            39 => format!(
                "find . -maxdepth 0 -exec {} {} {{}} \\;",
                self.program(),
                self.word()
            ),
            _ => format!("{}{}", self.program(), self.words(2)),
        };
        text.push_str(&rest);
        text
    }

    fn program(&mut self) -> String {
        match self.below(12) {
            0 => "\\ls".to_owned(),
            1 => "'r'm".to_owned(),
            2 => "\"ls\"".to_owned(),
            3 if self.bash => "$'\\x72m'".to_owned(),
            4 => "l\\s".to_owned(),
            5 if self.bash => "{m,n}".to_owned(),
            _ => self.pick(&["ls", "rm", "cat", "grep", "foo", "m", "n", "a"]),
        }
    }

    fn quoted_text(&mut self) -> String {
        self.depth += 2;
        let text = if self.depth > 6 {
            "ls deep".to_owned()
        } else {
            self.list()
        };
        self.depth -= 2;
        if self.chance(15) {
            return format!(
                "\"{}\"",
                text.replace('\\', "\\\\")
                    .replace('"', "\\\"")
                    .replace('`', "\\`")
            );
        }
        format!("'{}'", text.replace('\'', "'\\''"))
    }

    fn word_plain(&mut self) -> String {
        self.pick(&[
            "a", "b", "ls", "x", "-rf", "\"$x\"", "$x", "$y", "'q r'", "\"\"", "2", "${y}z",
        ])
    }

    fn substitution(&mut self) -> String {
        self.depth += 2;
        let text = if self.depth > 6 {
            "ls sub".to_owned()
        } else {
            self.pipeline()
        };
        self.depth -= 2;
        if text.ends_with('\n') {
            "ls sub".to_owned()
        } else {
            text
        }
    }

    fn word(&mut self) -> String {
        match self.below(46) {
            0..=9 => self.word_plain(),
            10 => "$x".to_owned(),
            11 => "\"$x\"".to_owned(),
            12 => "a$x".to_owned(),
            13 => "$x$y".to_owned(),
            14 => "\"$x $y\"".to_owned(),
            15 => format!("${{x:-{}}}", self.word_plain()),
            16 => format!("${{{}-{}}}", self.name(), self.word_plain()),
            17 => format!(
                "${{{}:={}}}",
                self.name(),
                self.pick(&["v", "ls", "a b", "'c d'"])
            ),
            18 => format!("${{{}:+{}}}", self.name(), self.word_plain()),
            19 => "${#x}".to_owned(),
            20 => self.pick(&["${x#l}", "${x%s}", "${x##*}", "${x%%b*}", "\"${x#a}\""]),
            21 => format!("$({})", self.substitution()),
            22 => format!("\"$({})\"", self.substitution()),
            23 => {
                let text = self.pick(&["ls back", "m", "foo \"$x\""]);
                format!("`{text}`")
            }
            24 => self.pick(&["*", "d*", "d?", "[d]1", "\"d\"*", "\\*"]),
            25 if self.bash => self.pick(&[
                "{a,b}",
                "x{1,2}y",
                "{1..3}",
                "{a,$x}",
                "{$x,b}c",
                "{a,{b,c}}",
                "{a..c}",
            ]),
            26 => self.pick(&["~", "~/x", "'~'", "x~"]),
            27 => format!("$(({}))", self.arith()),
            28 if self.bash => "$'a\\tb'".to_owned(),
            29 => self.pick(&[
                "\"$@\"", "$@", "$*", "\"$*\"", "\"a$@b\"", "$1", "\"$2\"", "${3}", "${1:-d}",
            ]),
            30 => self.pick(&["$#", "$?", "\"$?\""]),
            31 => "$E".to_owned(),
            32 => "\"$E\"".to_owned(),
            33 => "a\\ b".to_owned(),
            34 if self.bash && !self.quiet => self.pick(&[
                "\"${arr[@]}\"",
                "${arr[0]}",
                "${arr[*]}",
                "${#arr[@]}",
                "$arr",
                "\"${arr[1]}\"",
            ]),
            35 if self.bash => format!("<({})", self.substitution()),
            36 => format!("\"${{x:-{}}}\"", self.word_plain().replace('"', "")),
            37 => "'single'\"double\"un".to_owned(),
            38 => "$HOME/x".to_owned(),
            39 => "${x:-$(ls dflt)}".to_owned(),
            40 if self.bash && !self.quiet => self.pick(&[
                "${x/a/b}", "${x:0:1}", "${x^^}", "${x@Q}", "${!x}", "${x//s}",
            ]),
            41 => "a=b".to_owned(),
            42 => "x=$x".to_owned(),
            43 => "\"${x}\"'y'$z".to_owned(),
            44 if self.bash => "${x:+\"$@\"}".to_owned(),
            _ => self.word_plain(),
        }
    }
}
